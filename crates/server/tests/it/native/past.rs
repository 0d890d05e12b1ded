//! As of an instant, differences between two, and putting a group back to one.

use guildhall_domain::Timestamp;
use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, names, problem};

/// Lets the clock go on, and tells the instant before.
fn pass(app: &App, seconds: i64) -> Timestamp {
    let now = app.clock.now();
    app.clock.set(now.plus_seconds(seconds));
    now
}

async fn get(app: &App, path: &str) -> Value {
    client(app).get(at(app, path)).await.is(200).json()
}

fn users(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["user"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_read_tells_what_it_told_then() {
    on_both(async |app| {
        let admin = client(&app);
        let start = pass(&app, 60);
        admin.put(at(&app, "/groups/{eng}/members/{gus}"), json!({})).await.is(201);
        admin.call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        admin.patch(at(&app, "/groups/{eng}"), json!({"name": "Builders", "description": "Build"})).await.is(200);
        let changed = pass(&app, 60);
        admin.delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        admin.call("DELETE", at(&app, "/users/{gus}?erase=true"), None).await.is(204);
        admin.delete(at(&app, "/groups/{ops}")).await.is(200);
        let then = |t: Timestamp, path: &str| format!("{path}{}at={t}", if path.contains('?') { '&' } else { '?' });
        let asked = async |t: Timestamp, path: &str| get(&app, &then(t, path)).await;
        assert_eq!(names(&asked(start, "/groups").await), ["Engineering", "Operations"]);
        assert_eq!(names(&asked(changed, "/groups").await), ["Builders", "Operations"]);
        assert_eq!(names(&asked(changed, "/groups?sort=-name&q=BUILD").await), ["Builders"]);
        assert_eq!(names(&get(&app, "/groups").await), ["Builders"]);
        let record = asked(start, "/groups/{eng}").await;
        assert_eq!((&record["name"], &record["description"]), (&json!("Engineering"), &Value::Null));
        assert_eq!(asked(changed, "/groups/{ops}").await["state"], "live");
        assert_eq!(users(&asked(start, "/groups/{eng}/members").await), ["Vera Viewer"]);
        // Of who is erased since only the id is left.
        assert_eq!(users(&asked(changed, "/groups/{eng}/members").await), ["Vera Viewer", "Erased"]);
        assert_eq!(users(&get(&app, "/groups/{eng}/members").await), Vec::<&str>::new());
        assert_eq!(users(&asked(changed, "/groups/{ops}/members").await), Vec::<&str>::new());
        assert_eq!(users(&asked(changed, "/groups/{ops}/members?effective=true").await), ["Vera Viewer", "Erased"]);
        assert_eq!(asked(changed, "/groups/{ops}/members/count").await, json!({"direct": 0, "effective": 2}));
        assert_eq!(asked(start, "/groups/{ops}/members/count").await, json!({"direct": 0, "effective": 0}));
        let nested = async |t: Timestamp, path: &str| {
            let told = asked(t, path).await["groups"].as_array().unwrap().clone();
            told.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for path in ["/groups/{ops}/children", "/groups/{ops}/children?all=true"] {
            assert_eq!(nested(changed, path).await, ["Builders"]);
            assert_eq!(nested(start, path).await, Vec::<String>::new());
        }
        assert_eq!(nested(changed, "/groups/{eng}/parents?all=true").await, ["Operations"]);
        assert_eq!(nested(app.clock.now(), "/groups/{eng}/parents").await, Vec::<String>::new());
        assert_eq!(names(&asked(changed, "/users/{vera}/groups").await), ["Builders"]);
        assert_eq!(names(&asked(changed, "/users/{vera}/groups?effective=true").await), ["Builders", "Operations"]);
        assert_eq!(names(&get(&app, "/users/{vera}/groups").await), Vec::<&str>::new());
        let member = asked(changed, "/groups/{eng}/members/{vera}").await;
        assert_eq!((&member["direct"], &member["reasons"][0]["kind"]), (&json!(true), &json!("direct")));
        // Page by page it is the same.
        let page = asked(changed, "/groups/{eng}/members?limit=1&total=true").await;
        assert_eq!((users(&page), &page["total"]), (vec!["Vera Viewer"], &json!(2)));
        let next = format!("/groups/{{eng}}/members?limit=1&cursor={}", page["next"].as_str().unwrap());
        assert_eq!(users(&asked(changed, &next).await), ["Erased"]);
        let gone = client(&app).get(at(&app, &then(app.clock.now(), "/groups/{eng}/members/{vera}"))).await;
        assert_eq!(problem(&gone), "404 not-found");
        let gone = client(&app).get(at(&app, &then(app.clock.now(), "/groups/{ops}/members"))).await;
        assert_eq!(problem(&gone), "404 not-found");
    })
    .await;
}

#[tokio::test]
async fn bad_instants_are_refused_everywhere() {
    on_both(async |app| {
        for path in [
            "/groups",
            "/groups/{eng}",
            "/groups/{eng}/members",
            "/groups/{eng}/members?effective=true",
            "/groups/{eng}/members/count",
            "/groups/{eng}/members/{vera}",
            "/groups/{eng}/children",
            "/groups/{eng}/parents?all=true",
            "/users/{vera}/explain?group={eng}",
            "/users/{vera}/groups",
            "/users/{vera}/groups?effective=true",
        ] {
            let ask = async |query: &str| {
                let path = format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' });
                client(&app).get(at(&app, &path)).await
            };
            for wrong in ["at=", "at=x", "at=2026", "at=2026-11-20T09:00:00.000001Z", "at=2999-01-01T00:00:00Z"] {
                assert_eq!(problem(&ask(wrong).await), "400 invalid", "{path} {wrong}");
            }
            let twice = ask("at=2026-11-20T09:00:00Z&at=2026-11-20T09:00:00Z").await;
            assert_eq!(problem(&twice), "400 invalid", "{path}");
            ask("at=2026-11-20T10:00:00%2B01:00").await.is(200);
            let before = ask("at=2020-01-01T00:00:00Z").await;
            if path == "/groups" {
                assert_eq!(before.is(200).json()["items"], json!([]));
            } else {
                assert_eq!(problem(&before), "404 not-found", "{path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn differences_tell_who_came_and_went() {
    on_both(async |app| {
        let admin = client(&app);
        let start = pass(&app, 60);
        admin.put(at(&app, "/groups/{ops}/members/{gus}"), json!({})).await.is(201);
        admin.call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        admin.patch(at(&app, "/groups/{ops}"), json!({"name": "Ops"})).await.is(200);
        let told = get(&app, &format!("/groups/{{ops}}/difference?from={start}")).await;
        assert_eq!((&told["before"]["name"], &told["after"]["name"]), (&json!("Operations"), &json!("Ops")));
        assert_eq!(told["direct"], json!({"joined": [app.id("gus")], "left": []}));
        assert_eq!(told["effective"], json!({"joined": [app.id("vera"), app.id("gus")], "left": []}));
        assert_eq!(told["children"], json!({"joined": [app.id("eng")], "left": []}));
        let user = get(&app, &format!("/users/{{vera}}/difference?from={start}")).await;
        assert_eq!(user["direct"], json!({"joined": [], "left": []}));
        assert_eq!(user["effective"], json!({"joined": [app.id("ops")], "left": []}));
        let now = app.clock.now();
        let same = get(&app, &format!("/groups/{{ops}}/difference?from={now}&to={now}")).await;
        assert_eq!(same["effective"], json!({"joined": [], "left": []}));
        for (path, name) in [
            ("/groups/{ops}/difference".to_owned(), "400 invalid"),
            ("/groups/{ops}/difference?from=x".to_owned(), "400 invalid"),
            (format!("/groups/{{ops}}/difference?from={now}&to={start}"), "400 invalid"),
            (format!("/groups/{{ops}}/difference?from={start}&to=2999-01-01T00:00:00Z"), "400 invalid"),
            (format!("/groups/{{secret}}/difference?from={start}"), "404 not-found"),
            (format!("/users/{{carl}}/difference?from={start}"), "404 not-found"),
            ("/users/{vera}/difference?from=2999-01-01T00:00:00Z".to_owned(), "400 invalid"),
        ] {
            assert_eq!(problem(&client(&app).get(at(&app, &path)).await), name, "{path}");
        }
        let guest = client(&app).by(Who::Guest);
        let path = at(&app, &format!("/groups/{{ops}}/difference?from={start}"));
        assert_eq!(problem(&guest.get(path).await), "403 forbidden");
        guest.get(at(&app, &format!("/users/{{gus}}/difference?from={start}"))).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_group_is_put_back_as_a_change_of_now() {
    on_both(async |app| {
        let admin = client(&app);
        let back = at(&app, "/groups/{ops}/put-back");
        admin.put(at(&app, "/groups/{ops}/members/{vera}"), json!({})).await.is(201);
        admin.put(at(&app, "/groups/{ops}/members/{gus}"), json!({})).await.is(201);
        admin.call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        let full = pass(&app, 60);
        admin.delete(at(&app, "/groups/{ops}/members/{vera}")).await.is(204);
        admin.call("DELETE", at(&app, "/users/{gus}?erase=true"), None).await.is(204);
        admin.put(at(&app, "/groups/{ops}/members/{edda}"), json!({})).await.is(201);
        admin.call("DELETE", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(204);
        admin.patch(at(&app, "/groups/{ops}"), json!({"name": "Ops", "description": "New"})).await.is(200);
        pass(&app, 60);
        let ask = json!({"at": full.to_string()});
        let preview = admin.post(format!("{back}?preview=true"), ask.clone()).await.is(200).json();
        assert_eq!((&preview["gainedTotal"], &preview["lostTotal"]), (&json!(1), &json!(1)));
        let done = admin.post(&back, ask.clone()).await.is(200);
        assert_eq!(done.json()["name"], "Ops", "the record only when asked for");
        assert_eq!(users(&get(&app, "/groups/{ops}/members").await), ["Vera Viewer"]);
        let children = get(&app, "/groups/{ops}/children").await;
        assert_eq!(children["groups"][0]["name"], "Engineering");
        let kinds: Vec<String> = app.events().await.into_iter().rev().take(3).map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["group.nested", "group.members_added", "group.members_removed"]);
        let again = admin.post(&back, ask).await.is(200);
        assert_eq!(again.header("guildhall-revision"), done.header("guildhall-revision"), "a repeat is no news");
        let record = json!({"at": full.to_string(), "members": false, "children": false, "record": true});
        let record = admin.post(&back, record).await.is(200).json();
        assert_eq!((&record["name"], &record["description"]), (&json!("Operations"), &Value::Null));
        super::verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn putting_back_is_refused_where_the_change_would_be() {
    on_both(async |app| {
        let start = pass(&app, 60);
        let back = at(&app, "/groups/{eng}/put-back");
        let ask = json!({"at": start.to_string()});
        let send = async |body: Value| problem(&client(&app).post(&back, body).await);
        for wrong in [
            json!({}),
            json!({"at": 1}),
            json!({"at": "x"}),
            json!({"at": "2999-01-01T00:00:00Z"}),
            json!({"at": "2020-01-01T00:00:00Z"}),
            json!({"at": start.to_string(), "members": false, "children": false}),
            json!({"at": start.to_string(), "members": "yes"}),
            json!({"at": start.to_string(), "other": 1}),
        ] {
            assert_eq!(send(wrong.clone()).await, "400 invalid", "{wrong}");
        }
        for (who, name) in
            [(Who::AdminReadOnly, "403 read-only-key"), (Who::Viewer, "403 forbidden"), (Who::Guest, "403 forbidden")]
        {
            assert_eq!(problem(&client(&app).by(who).post(&back, ask.clone()).await), name, "{who:?}");
        }
        client(&app).by(Who::Editor).post(&back, ask.clone()).await.is(200);
        let foreign = client(&app).post(at(&app, "/groups/{secret}/put-back"), ask.clone()).await;
        assert_eq!(problem(&foreign), "404 not-found");
        let closed = app.connect("Entra", true, guildhall_domain::connection::Adopt::None).await;
        let path = format!("/connections/{}/groups/{{eng}}", closed.0);
        client(&app).call("PUT", at(&app, &path), None).await;
        let refused = client(&app).post(&back, ask).await;
        assert_eq!(problem(&refused), "409 closed-group");
    })
    .await;
}
