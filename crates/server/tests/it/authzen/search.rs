//! Searches and their pages.

use guildhall_domain::group::NewGroup;
use guildhall_testkit::{App, on_both, operator, seed::person};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{action, group, ids, nested, user};

async fn search(app: &App, what: &str, body: Value) -> guildhall_testkit::Reply {
    app.bearer().post(format!("/access/v1/search/{what}"), body).await
}

fn subjects(resource: Uuid, name: &str, page: Value) -> Value {
    json!({"subject": {"type": "user", "id": "ignored"}, "action": action(name), "resource": group(resource), "page": page})
}

fn resources(subject: Uuid, name: &str, page: Value) -> Value {
    json!({"subject": user(subject), "action": action(name), "resource": {"type": "group"}, "page": page})
}

/// Twenty people, ten of them in `eng`, the others in `ops`; and twenty groups with vera in each.
async fn fill(app: &App) {
    let hand = operator(&app.engine, app.company());
    let (mut eng, mut ops) = (Vec::new(), Vec::new());
    for n in 0..20 {
        let made = app.engine.create_user(&hand, person(&format!("Person {n:02}"), None)).await.expect("a user").value;
        if n % 2 == 0 {
            eng.push(made.id.uuid())
        } else {
            ops.push(made.id.uuid())
        }
        let new =
            NewGroup { name: format!("Group {n:02}"), members: vec![app.id("vera").into()], ..Default::default() };
        app.engine.create_group(&hand, new).await.expect("a group");
    }
    for (group, members) in [("eng", eng), ("ops", ops)] {
        let path = format!("/v1/companies/{}/groups/{}/members", app.id("northwind"), app.id(group));
        let members: Vec<Value> = members.iter().map(|id| json!({"id": id})).collect();
        app.bearer().post(path, json!({"members": members})).await.is(200);
    }
}

/// All results of a search, page by page.
async fn walk(app: &App, what: &str, mut body: Value, limit: u64) -> Vec<Uuid> {
    let mut all = Vec::new();
    body["page"] = json!({"limit": limit});
    loop {
        let reply = search(app, what, body.clone()).await.is(200);
        let page = reply.json()["page"].clone();
        let found = ids(&reply);
        assert_eq!(page["count"], found.len(), "{reply}");
        assert!(found.len() as u64 <= limit);
        all.extend(found);
        match page["next_token"].as_str().expect("a token") {
            "" => return all,
            token => body["page"] = json!({"token": token}),
        }
    }
}

#[tokio::test]
async fn what_is_found_is_permitted() {
    on_both(async |app| {
        nested(&app).await;
        fill(&app).await;
        let (vera, eng, ops) = (app.id("vera"), app.id("eng"), app.id("ops"));
        for (resource, name, count) in [(eng, "member", 11), (ops, "direct_member", 10), (ops, "member", 21)] {
            for limit in [1, 7, 100] {
                let found = walk(&app, "subject", subjects(resource, name, json!({})), limit).await;
                assert_eq!(found.len(), count, "{name} {limit}");
                assert!(found.is_sorted() && found.iter().collect::<std::collections::BTreeSet<_>>().len() == count);
                for one in found.iter().take(3) {
                    assert!(super::decision(&app, one, name, resource).await);
                }
            }
        }
        for (name, count) in [("member", 22), ("direct_member", 21)] {
            for limit in [1, 7, 100] {
                let found = walk(&app, "resource", resources(vera, name, json!({})), limit).await;
                assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>().len(), count, "{name} {limit}");
                assert!(super::decision(&app, vera, name, found[count - 1]).await);
            }
        }
        let by_mail = json!({"subject": user("vera.viewer@northwind.example"), "action": action("member"), "resource": {"type": "group"}});
        assert_eq!(walk(&app, "resource", by_mail, 100).await.len(), 22);
        let may = async |subject: Uuid, resource: Uuid| {
            search(&app, "action", json!({"subject": user(subject), "resource": group(resource)})).await.to_string()
        };
        let page = |count: u8| format!(r#""page":{{"next_token":"","count":{count}}}"#);
        assert_eq!(may(vera, eng).await, format!(r#"200 {{{},"results":[{{"name":"member"}},{{"name":"direct_member"}}]}}"#, page(2)));
        assert_eq!(may(vera, ops).await, format!(r#"200 {{{},"results":[{{"name":"member"}}]}}"#, page(1)));
        assert_eq!(may(app.id("ada"), eng).await, format!(r#"200 {{{},"results":[]}}"#, page(0)));
        let first = json!({"subject": user(vera), "resource": group(eng), "page": {"limit": 1}});
        let first = search(&app, "action", first).await.is(200).json();
        assert_eq!(first["results"], json!([{"name": "member"}]));
        let next = json!({"subject": user(vera), "resource": group(eng), "page": {"token": first["page"]["next_token"]}});
        let next = search(&app, "action", next).await.is(200).json();
        assert_eq!((&next["results"], &next["page"]["next_token"]), (&json!([{"name": "direct_member"}]), &json!("")));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_found_nowhere() {
    on_both(async |app| {
        let none = r#"200 {"page":{"next_token":"","count":0},"results":[]}"#;
        let (vera, eng) = (app.id("vera"), app.id("eng"));
        for body in [
            subjects(Uuid::max(), "member", json!({})),
            subjects(app.id("secret"), "member", json!({})),
            subjects(eng, "owner", json!({})),
            json!({"subject": {"type": "robot"}, "action": action("member"), "resource": group(eng)}),
            json!({"subject": {"type": "user"}, "action": action("member"), "resource": {"type": "x", "id": eng}}),
        ] {
            assert_eq!(search(&app, "subject", body).await.to_string(), none);
        }
        for body in [
            resources(Uuid::max(), "member", json!({})),
            resources(app.id("carl"), "member", json!({})),
            resources(app.id("ivan"), "member", json!({})),
            resources(vera, "owner", json!({})),
            json!({"subject": user("nobody@x.example"), "action": action("member"), "resource": {"type": "group"}}),
            json!({"subject": user(vera), "action": action("member"), "resource": {"type": "x"}}),
        ] {
            assert_eq!(search(&app, "resource", body).await.to_string(), none);
        }
        for (subject, resource) in
            [(user(vera), group(app.id("secret"))), (user(app.id("carl")), group(eng)), (group(eng), group(eng))]
        {
            let body = json!({"subject": subject, "resource": resource});
            assert_eq!(search(&app, "action", body).await.to_string(), none);
        }
    })
    .await;
}

#[tokio::test]
async fn pages_are_asked_for_as_they_were_given() {
    on_both(async |app| {
        fill(&app).await;
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let ask = async |body: Value| search(&app, "subject", body).await;
        let first =
            ask(subjects(eng, "member", json!({"limit": 4, "properties": {"total": true}}))).await.is(200).json();
        assert_eq!((&first["page"]["count"], &first["page"]["total"]), (&json!(4), &json!(11)));
        let token = first["page"]["next_token"].clone();
        ask(subjects(eng, "member", json!({"token": token, "limit": 4}))).await.is(200);
        let wrong = "400 page.token: is not one that this search gave";
        for (body, wanted) in [
            (subjects(ops, "member", json!({"token": token})), wrong),
            (subjects(eng, "direct_member", json!({"token": token})), wrong),
            (subjects(eng, "member", json!({"token": "x"})), wrong),
            (subjects(eng, "member", json!({"token": "x".repeat(20_000)})), wrong),
            (
                subjects(eng, "member", json!({"token": token, "limit": 5})),
                "400 page.limit: must be what it was for the page before",
            ),
            (subjects(eng, "member", json!({"limit": -1})), "400 page.limit: expected u64, not integer `-1`"),
            (subjects(eng, "member", json!({"limit": "4"})), "400 page.limit: expected u64, not string \"4\""),
            (subjects(eng, "member", json!([])), "400 page: expected an object, not a list"),
            (json!({"subject": {"type": "user"}, "resource": group(eng)}), "400 action: is missing"),
            (
                json!({"subject": {}, "action": action("member"), "resource": group(eng)}),
                "400 subject.type: is missing",
            ),
            (
                json!({"subject": {"type": "user"}, "action": action("member"), "resource": {"type": "group"}}),
                "400 resource.id: is missing",
            ),
        ] {
            assert_eq!(ask(body).await.to_string(), wanted);
        }
        // More than a page may hold is as much as it may.
        let most = ask(subjects(eng, "member", json!({"limit": 1_000_000_000_000_u64}))).await.is(200).json();
        assert_eq!(most["page"]["count"], 11);
        let none = ask(subjects(eng, "member", json!({"limit": 0}))).await.is(200).json();
        assert_eq!((&none["results"], none["page"]["next_token"] != ""), (&json!([]), true));
        let foreign = app.bearer().by(guildhall_testkit::Who::Foreign);
        let body = subjects(eng, "member", json!({"token": token}));
        assert_eq!(ids(&foreign.post("/access/v1/search/subject", body).await.is(200)), Vec::<Uuid>::new());
    })
    .await;
}
