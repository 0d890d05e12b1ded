//! Teams.

use guildhall_testkit::{Who, on_both};

use super::*;

const TEAMS: &str = "/api/v1/auth/teams";

async fn made(app: &App, body: Value) -> String {
    app.bearer().post(TEAMS, body).await.is(201).json()["id"].as_str().expect("an id").to_owned()
}

async fn names(app: &App, who: Who, query: &str) -> Vec<String> {
    column(&app.bearer().by(who).get(format!("{TEAMS}/{query}")).await.is(200), "name")
}

/// Puts a seeded user or group into a team, by the native door.
async fn join(app: &App, team: &str, member: &str) {
    let path = format!("/v1/companies/{}/teams/{team}/members/{}", app.id("northwind"), app.id(member));
    app.bearer().call("PUT", &path, None).await.is(204);
    app.bearer().call("PUT", path, None).await.is(204);
}

#[tokio::test]
async fn a_team_from_its_making_to_its_archiving() {
    on_both(async |app| {
        let reply = app.bearer().post(TEAMS, json!({"name": "Finance", "type": "OPEN", "workspace_id": UNKNOWN})).await.is(201);
        told!(reply, @r#"201 {"id":"<id 1>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","name":"Finance","icon":null,"type":"OPEN","description":null,"sidebar_settings":{},"workspace_id":"<northwind>","archived":false,"is_default_team":false,"onboarding_completed":false}"#);
        assert!(!reply.header("guildhall-revision").is_empty());
        let path = format!("{TEAMS}/{}/", reply.json()["id"].as_str().unwrap());
        let edit = json!({"icon": "📊", "type": "CLOSED", "sidebar_settings": {"order": ["a", {"b": 1}]}, "onboarding_completed": true});
        let edited = app.bearer().patch(&path, edit).await.is(200);
        assert_eq!(edited.json()["sidebar_settings"], json!({"order": ["a", {"b": 1}]}));
        assert_eq!(app.bearer().get(&path).await.is(200).json(), edited.json());
        assert_eq!(app.bearer().patch(&path, json!({})).await.is(200).body, edited.body);
        let cleared = app.bearer().patch(&path, json!({"icon": null, "sidebar_settings": null})).await.is(200).json();
        assert_eq!((&cleared["icon"], &cleared["sidebar_settings"]), (&Value::Null, &json!({})));
        // Deleted, it is archived: out of lists unless asked for, and an update brings it back.
        app.bearer().delete(&path).await.is(204);
        app.bearer().delete(&path).await.is(204);
        assert_eq!(app.bearer().get(&path).await.is(200).json()["archived"], true);
        assert_eq!(names(&app, Who::Admin, "").await, [""; 0]);
        assert_eq!(names(&app, Who::Admin, "?include_archived=true").await, ["Finance"]);
        app.bearer().patch(&path, json!({"archived": false})).await.is(200);
        assert_eq!(names(&app, Who::Admin, "?include_archived=false").await, ["Finance"]);
        // One default team at most, which cannot be archived.
        app.bearer().patch(&path, json!({"is_default_team": true})).await.is(200);
        told!(app.bearer().delete(&path).await, @r#"400 {"non_field_errors":["The default team cannot be archived; make another one the default first."]}"#);
        let other = made(&app, json!({"name": "All", "type": "OPEN", "is_default_team": true})).await;
        assert_eq!(app.bearer().get(&path).await.json()["is_default_team"], false);
        assert_eq!(app.bearer().get(format!("{TEAMS}/{other}")).await.json()["is_default_team"], true);
        assert_eq!(
            events(&app).await,
            ["team.created", "team.updated", "team.updated", "team.updated", "team.updated", "team.updated", "team.updated", "team.created"]
        );
        assert!(app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    })
    .await;
}

#[tokio::test]
async fn who_sees_which() {
    on_both(async |app| {
        let open = made(&app, json!({"name": "Open", "type": "OPEN"})).await;
        let closed = made(&app, json!({"name": "Closed", "type": "CLOSED"})).await;
        let by_group = made(&app, json!({"name": "By group", "type": "CLOSED"})).await;
        made(&app, json!({"name": "Everybody", "type": "OPEN", "is_default_team": true})).await;
        assert_eq!(names(&app, Who::Admin, "").await, ["Open", "Closed", "By group", "Everybody"]);
        assert_eq!(names(&app, Who::Viewer, "").await, ["Open", "Everybody"]);
        assert_eq!(names(&app, Who::Guest, "").await, [""; 0]);
        app.bearer().by(Who::Viewer).get(format!("{TEAMS}/{closed}")).await.is(404);
        join(&app, &closed, "gus").await;
        join(&app, &by_group, "eng").await; // vera is in it
        assert_eq!(names(&app, Who::Viewer, "").await, ["Open", "By group", "Everybody"]);
        assert_eq!(names(&app, Who::Viewer, "?only_joined=true").await, ["By group", "Everybody"]);
        assert_eq!(names(&app, Who::Viewer, "?only_write=1").await, [""; 0], "a viewer writes nothing");
        assert_eq!(names(&app, Who::Guest, "").await, ["Closed"], "and not the default team");
        assert_eq!(names(&app, Who::Editor, "?only_write=True").await, ["Everybody"]);
        assert_eq!(names(&app, Who::Admin, "?only_write=true").await.len(), 4);
        // Whoever is made with teams is in them, or nobody is made.
        let guest = json!({"email": "g@northwind.example", "role": "guest", "teams": [open, closed, open]});
        app.bearer().post(USERS, guest).await.is(201);
        let bad = json!({"email": "h@northwind.example", "teams": [open, UNKNOWN]});
        told!(app.bearer().post(USERS, bad).await, @r#"400 {"teams":["Invalid pk \"<id 1>\" - object does not exist."]}"#);
        let several = json!({"emails": ["i@northwind.example", "j@northwind.example"], "teams": [open]});
        app.bearer().post(USERS, several).await.is(201);
        let native = format!("/v1/companies/{}/teams/{open}/members", app.id("northwind"));
        assert_eq!(app.bearer().get(&native).await.is(200).json()["items"].as_array().unwrap().len(), 3);
        let path = format!("/v1/companies/{}/teams/{by_group}/members/{}", app.id("northwind"), app.id("eng"));
        app.bearer().delete(&path).await.is(204);
        app.bearer().delete(&path).await.is(404);
        assert_eq!(names(&app, Who::Viewer, "?only_joined=true").await, ["Everybody"]);
        // Pages as everywhere in this dialect.
        let page = app.bearer().get(format!("{TEAMS}?page=2&page_size=3")).await.is(200).json();
        assert_eq!((&page["count"], &page["total_pages"], &page["meta"]["next_page"]), (&json!(4), &json!(2), &Value::Null));
        app.bearer().get(format!("{TEAMS}?page=3&page_size=3")).await.is(404);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused() {
    on_both(async |app| {
        let id = made(&app, json!({"name": "Finance", "type": "OPEN"})).await;
        let path = format!("{TEAMS}/{id}");
        let before = events(&app).await.len();
        told!(app.bearer().post(TEAMS, json!({})).await, @r#"400 {"name":["This field is required."],"type":["This field is required."]}"#);
        told!(app.bearer().post(TEAMS, json!({"name": "", "type": "open"})).await, @r#"400 {"name":["This field may not be blank."],"type":["\"open\" is not a valid choice."]}"#);
        for (field, value) in [
            ("name", Value::Null),
            ("name", json!(7)),
            ("name", json!("x".repeat(256))),
            ("type", Value::Null),
            ("type", json!(["OPEN"])),
            ("icon", json!("x".repeat(256))),
            ("description", json!("x".repeat(1001))),
            ("sidebar_settings", json!([])),
            ("sidebar_settings", json!("x")),
            ("sidebar_settings", json!({"x": "x".repeat(17_000)})),
            ("archived", json!("true")),
            ("is_default_team", Value::Null),
            ("onboarding_completed", json!(1)),
        ] {
            let mut body = json!({"name": "N", "type": "OPEN"});
            body[field] = value.clone();
            let posted = app.bearer().post(TEAMS, body).await.is(400);
            assert!(posted.json()[field].is_array(), "{field}: {posted}");
            let patched = app.bearer().patch(&path, json!({ field: value })).await.is(400);
            assert!(patched.json()[field].is_array(), "{field}: {patched}");
        }
        for query in ["?only_joined=maybe", "?include_archived=2", "?only_write=x", "?only_write=true&only_write=true"] {
            app.bearer().get(format!("{TEAMS}{query}")).await.is(400);
        }
        for who in [Who::Editor, Who::Viewer, Who::Guest, Who::AdminReadOnly] {
            let client = app.bearer().by(who);
            assert_eq!(client.post(TEAMS, json!({})).await.status, 403, "{who:?}");
            assert_eq!(client.patch(&path, json!({"name": 7})).await.status, 403, "{who:?}");
            assert_eq!(client.delete(&path).await.status, 403, "{who:?}");
        }
        for unknown in [UNKNOWN.to_string(), "x".into()] {
            for method in ["GET", "PATCH", "DELETE"] {
                let body = (method == "PATCH").then(|| json!({"name": 7}));
                assert_eq!(app.bearer().call(method, format!("{TEAMS}/{unknown}"), body).await.status, 404, "{method}");
            }
        }
        app.bearer().by(Who::Foreign).get(&path).await.is(404);
        assert_eq!(app.bearer().put(&path, json!({})).await.header("allow"), "GET,HEAD,PATCH,DELETE");
        assert_eq!(events(&app).await.len(), before);
    })
    .await;
}
