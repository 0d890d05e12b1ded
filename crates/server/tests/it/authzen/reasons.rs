//! Decisions and searches as of an instant, and reasons in the context of a decision.

use guildhall_domain::Timestamp;
use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{action, evaluate, group, ids, nested, user};

/// Lets a minute go by, and tells the instant before.
fn pass(app: &App) -> Timestamp {
    let now = app.clock.now();
    app.clock.set(now.plus_seconds(60));
    now
}

fn asked(subject: Value, name: &str, resource: Value, context: Value) -> Value {
    json!({"subject": subject, "action": action(name), "resource": resource, "context": context})
}

/// A role that `ops` gives.
async fn role(app: &App) -> Value {
    let at = |path: &str| format!("/v1/companies/{}{path}", app.id("northwind"));
    let made = json!({"name": "Auditors", "permissions": [{"permission": "REPORT_MANAGEMENT", "actions": ["READ"]}]});
    let role = app.bearer().post(at("/roles"), made).await.is(201).json()["id"].clone();
    let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [app.id("northwind")]}]}]});
    let give = json!({"add": [{"role": role, "scope": scope}]});
    app.bearer().post(at(&format!("/groups/{}/roles", app.id("ops"))), give).await.is(204);
    json!({"type": "role", "id": role})
}

#[tokio::test]
async fn an_instant_in_the_context_is_answered_as_of() {
    on_both(async |app| {
        let (vera, eng, ops) = (app.id("vera"), app.id("eng"), app.id("ops"));
        let before = pass(&app);
        nested(&app).await;
        let role = role(&app).await;
        let within = pass(&app);
        let member = format!("/v1/companies/{}/groups/{eng}/members/{vera}", app.id("northwind"));
        app.bearer().delete(member).await.is(204);
        let now = app.clock.now();
        let told = |t: Timestamp| json!({"at": t.to_string()});
        let many = async |body: Value| {
            let reply = app.bearer().post("/access/v1/evaluations", body).await.is(200).json();
            let decisions = reply["evaluations"].as_array().cloned().expect("decisions");
            decisions.iter().map(|one| one["decision"].as_bool().expect("a decision")).collect::<Vec<_>>()
        };
        let search = async |what: &str, body: Value| app.bearer().post(format!("/access/v1/search/{what}"), body).await.is(200);
        for (t, inside, holds) in [(before, true, false), (within, true, true), (now, false, false)] {
            let one = async |name: &str, resource: Value| {
                evaluate(&app, asked(user(vera), name, resource, told(t))).await.is(200).json()["decision"].clone()
            };
            assert_eq!(one("direct_member", group(eng)).await, inside, "{t}");
            assert_eq!(one("member", group(ops)).await, holds, "{t}");
            assert_eq!(one("holder", role.clone()).await, holds, "{t}");
            // Each of many has an instant of its own, or the one at the top.
            let own = asked(user(vera), "member", group(ops), told(within));
            let body = json!({
                "subject": user(vera), "action": action("member"), "resource": group(ops), "context": told(t),
                "evaluations": [{}, own, {"context": {}}, {"context": {"ip": "::1"}}],
            });
            assert_eq!(many(body).await, [holds, true, false, false], "{t}");
            let who = asked(json!({"type": "user"}), "member", group(ops), told(t));
            assert_eq!(ids(&search("subject", who).await), if holds { vec![vera] } else { vec![] });
            let who = asked(json!({"type": "user"}), "holder", role.clone(), told(t));
            assert_eq!(ids(&search("subject", who).await), if holds { vec![vera] } else { vec![] });
            let what = asked(user(vera), "member", json!({"type": "group"}), told(t));
            let wanted: Vec<Uuid> = [eng, ops].into_iter().zip([inside, holds]).filter(|(_, in_it)| *in_it).map(|(id, _)| id).collect();
            assert_eq!(ids(&search("resource", what).await), wanted);
            let what = asked(user(vera), "holder", json!({"type": "role"}), told(t));
            assert_eq!(ids(&search("resource", what).await).len(), usize::from(holds));
            let how = json!({"subject": user(vera), "resource": group(eng), "context": told(t)});
            let names = if inside { json!([{"name": "member"}, {"name": "direct_member"}]) } else { json!([]) };
            assert_eq!(search("action", how).await.json()["results"], names);
            let how = json!({"subject": user(vera), "resource": role, "context": told(t)});
            assert_eq!(search("action", how).await.json()["results"].as_array().map(Vec::len), Some(usize::from(holds)));
        }
        // A page goes on at the instant it began with.
        let page = |t: Option<Timestamp>, page: Value| {
            let context = t.map_or(json!({}), told);
            json!({"subject": user(vera), "action": action("member"), "resource": {"type": "group"}, "context": context, "page": page})
        };
        let first = search("resource", page(Some(within), json!({"limit": 1}))).await;
        let token = first.json()["page"]["next_token"].clone();
        assert_eq!(ids(&first), [eng]);
        assert_eq!(ids(&search("resource", page(Some(within), json!({"token": token}))).await), [ops]);
        for other in [None, Some(before)] {
            let body = page(other, json!({"token": token}));
            let refused = app.bearer().post("/access/v1/search/resource", body).await;
            assert_eq!(refused.to_string(), "400 page.token: is not one that this search gave");
        }
    })
    .await;
}

#[tokio::test]
async fn bad_instants_are_refused() {
    on_both(async |app| {
        for (path, body) in super::operations(&app) {
            for (context, wanted) in [
                (json!({"at": "now"}), "context.at: is not an RFC 3339 time, such as 2026-11-20T09:30:00Z"),
                (json!({"at": ""}), "context.at: is not an RFC 3339 time, such as 2026-11-20T09:30:00Z"),
                (json!({"at": "2999-01-01T00:00:00Z"}), "context.at: is in the future"),
                (json!({"at": 5}), "context.at: expected a string, not integer `5`"),
                (json!({"reasons": "yes"}), "context.reasons: expected a boolean, not string \"yes\""),
            ] {
                let mut body = body.clone();
                body["context"] = context;
                let reply = app.bearer().post(path, body.clone()).await;
                if path.ends_with("evaluations") && reply.status == 200 {
                    let told = reply.json()["evaluations"][0].clone();
                    assert_eq!(told["context"]["error"]["message"], format!("evaluations[0].{wanted}"));
                } else {
                    assert_eq!(reply.to_string(), format!("400 {wanted}"), "{path} {body}");
                }
            }
            // What others put there says nothing here.
            let mut body = body.clone();
            body["context"] = json!({"at": null, "time": 5, "reasons": null, "ip": {"x": []}});
            app.bearer().post(path, body).await.is(200);
        }
    })
    .await;
}

#[tokio::test]
async fn reasons_are_told_when_asked_for() {
    on_both(async |app| {
        nested(&app).await;
        let role = role(&app).await;
        let (vera, eng, ops) = (app.id("vera"), app.id("eng"), app.id("ops"));
        let ask = async |who: Who, subject: Value, name: &str, resource: Value| {
            let body = asked(subject, name, resource, json!({"reasons": true}));
            app.bearer().by(who).post("/access/v1/evaluation", body).await.is(200).json()
        };
        let by_nesting = ask(Who::Viewer, user(vera), "member", group(ops)).await;
        assert_eq!(by_nesting["decision"], true);
        let context = &by_nesting["context"];
        assert_eq!(context["reason_admin"]["en"], "direct in Engineering, inside Operations");
        assert_eq!((&context["total"], &context["missing"]), (&json!("1"), &Value::Null));
        let reason = &context["reasons"][0];
        assert_eq!((&reason["kind"], &reason["group"]), (&json!("direct"), &json!({"id": eng, "name": "Engineering"})));
        assert_eq!(reason["through"][0]["group"], json!({"id": ops, "name": "Operations"}));
        assert_eq!(reason["through"][0]["by"]["name"], "Ada Example");
        assert_eq!((&reason["since"], &reason["until"]), (&json!("2026-11-20T09:00:00.000000Z"), &Value::Null));
        // Two ways, the shortest first.
        let path = format!("/v1/companies/{}/groups/{ops}/members/{vera}", app.id("northwind"));
        app.bearer().put(&path, json!({"note": "On call"})).await.is(201);
        let both = ask(Who::Viewer, user(vera), "member", group(ops)).await["context"].clone();
        assert_eq!(both["reason_admin"]["en"], "direct in Operations; and 1 more way");
        assert_eq!((&both["reasons"][0]["note"], &both["reasons"][0]["through"]), (&json!("On call"), &json!([])));
        assert_eq!(both["reasons"].as_array().map(Vec::len), Some(2));
        let direct = ask(Who::Viewer, user(vera), "direct_member", group(ops)).await;
        assert_eq!((&direct["decision"], &direct["context"]["total"]), (&json!(true), &json!("1")));
        let holds = ask(Who::Viewer, user(vera), "holder", role.clone()).await;
        assert_eq!((&holds["decision"], &holds["context"]["total"]), (&json!(true), &json!("2")));
        // Denials tell what is missing, and what there was.
        app.clock.set(app.clock.now().plus_seconds(60));
        app.bearer().delete(&path).await.is(204);
        let nesting = ask(Who::Viewer, user(vera), "direct_member", group(ops)).await;
        assert_eq!((&nesting["decision"], &nesting["context"]["reasons"]), (&json!(false), &json!([])));
        assert_eq!(nesting["context"]["reason_admin"]["en"], "a member by nesting alone");
        app.bearer().delete(format!("/v1/companies/{}/groups/{eng}/members/{vera}", app.id("northwind"))).await.is(204);
        let now = app.clock.now();
        for (name, resource, words) in [
            ("member", group(ops), format!("not a member since {now}")),
            ("holder", role.clone(), format!("in no group that gives it since {now}")),
        ] {
            let denied = ask(Who::Viewer, user(vera), name, resource).await;
            assert_eq!((&denied["decision"], &denied["context"]["reason_admin"]["en"]), (&json!(false), &json!(words)));
            let missing = &denied["context"]["missing"];
            assert_eq!(missing["last"], json!(["2026-11-20T09:00:00.000000Z", now.to_string()]));
            let over = &missing["ended"][0];
            assert_eq!(
                (&over["what"], &over["by"]["name"], &over["event"]),
                (&json!("reason"), &json!("Ada Example"), &json!("group.members_removed"))
            );
            assert_eq!(missing["groups"][0], json!({"id": ops, "name": "Operations"}));
        }
        let idle = ask(Who::Viewer, user(app.id("ivan")), "member", group(eng)).await["context"].clone();
        assert!(
            idle["reason_admin"]["en"].as_str().is_some_and(|words| words.starts_with("inactive since ")),
            "{idle}"
        );
        assert_eq!(
            ask(Who::Viewer, user(app.id("ada")), "member", group(eng)).await["context"]["reason_admin"]["en"],
            "never a member"
        );
        for (subject, name, resource, words) in [
            (user(Uuid::max()), "member", group(eng), "there is no such user"),
            (user(vera), "member", group(app.id("secret")), "there is no such group"),
            (user(app.id("carl")), "member", group(eng), "there is no such user"),
            (user(vera), "owner", group(eng), "nothing here gives that"),
            (user("nobody@x.example"), "member", group(eng), "nothing here gives that"),
            (user(vera), "holder", json!({"type": "role", "id": Uuid::max()}), "no group gives this role"),
        ] {
            let never = ask(Who::Viewer, subject, name, resource).await;
            assert_eq!((&never["decision"], &never["context"]["reason_admin"]["en"]), (&json!(false), &json!(words)));
        }
        // As of before, it was so.
        let then = json!({"reasons": true, "at": "2026-11-20T09:00:00Z"});
        let then = evaluate(&app, asked(user(vera), "member", group(ops), then)).await.is(200).json();
        assert_eq!((&then["decision"], &then["context"]["at"]), (&json!(true), &json!("2026-11-20T09:00:00.000000Z")));
        assert_eq!(then["context"]["total"], "2");
        // A guest sees no names of people, and nothing of groups they never had to do with.
        let gus = app.id("gus");
        app.bearer()
            .put(format!("/v1/companies/{}/groups/{ops}/members/{gus}", app.id("northwind")), json!({}))
            .await
            .is(201);
        let own = ask(Who::Guest, user(gus), "member", group(ops)).await["context"].clone();
        assert_eq!(own["reasons"][0]["given_by"], json!({"id": app.id("ada"), "name": null}));
        assert_eq!(ask(Who::Guest, user(gus), "holder", role).await["context"]["total"], "1");
        let other = ask(Who::Guest, user(gus), "member", group(eng)).await;
        assert_eq!(other["context"]["reason_admin"]["en"], "there is no such group");
    })
    .await;
}

#[tokio::test]
async fn of_many_only_what_is_answered_is_explained() {
    on_both(async |app| {
        let reasons = json!({"reasons": true});
        let one = asked(user(app.id("vera")), "member", group(app.id("eng")), reasons.clone());
        let other = asked(user(app.id("vera")), "member", group(app.id("ops")), json!({}));
        let body = json!({"evaluations": [one, other], "context": reasons, "options": {"evaluations_semantic": "permit_on_first_permit"}});
        let told = app.bearer().post("/access/v1/evaluations", body).await.is(200).json()["evaluations"].clone();
        assert_eq!(told.as_array().map(Vec::len), Some(1));
        assert_eq!(told[0]["context"]["total"], "1");
        let body = json!({"evaluations": [other, one]});
        let told = app.bearer().post("/access/v1/evaluations", body).await.is(200).json()["evaluations"].clone();
        assert_eq!((&told[0], &told[1]["decision"]), (&json!({"decision": false}), &json!(true)));
        assert_eq!(told[1]["context"]["reasons"].as_array().map(Vec::len), Some(1));
        app.bearer().post("/access/v1/evaluations", json!({"evaluations": vec![&one; 100]})).await.is(200);
        let refused = app.bearer().post("/access/v1/evaluations", json!({"evaluations": vec![&one; 101]})).await;
        assert_eq!(refused.to_string(), "400 evaluations: at most 100 of a call may ask for reasons");
    })
    .await;
}
