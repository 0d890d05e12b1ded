//! Groups of the platform: it says what they give, each company who of its own people is in them.

use guildhall_testkit::{Who, on_both};

use super::*;

/// The platform's own path.
fn platform() -> String {
    format!("/v3/companies/{}/user-groups", Uuid::nil())
}

fn id(reply: &Reply) -> Uuid {
    reply.json()["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// A group of the platform's that gives `permission` on whatever `predicate` says: the ids of the group and of the role.
async fn found(app: &App, name: &str, permission: &str, predicate: Value) -> (Uuid, Uuid) {
    let key = app.bearer().by(Who::Platform);
    let role = json!({"name": name, "description": "", "isPlatformRole": true, "permissions": [{"permission": permission, "actions": ["ALL"]}]});
    let role = id(&key.post("/v3/roles", role).await.is(200));
    let group = id(&key.post(platform(), json!({"name": name, "description": "Made by the platform"})).await.is(200));
    let add = json!({"rolesToAdd": [{"roleId": role, "scope": {"audiences": [{"predicates": [predicate]}]}}]});
    key.patch(format!("{}/{group}/roles", platform()), add).await.is(200);
    (group, role)
}

fn everywhere() -> Value {
    json!({"type": "PLATFORM", "comparator": "IN", "values": ["ALL"]})
}

/// The company's own group of this name, as its list shows it.
async fn shown(app: &App, who: Who, company: &str, name: &str) -> Option<Value> {
    let path = format!("/v3/companies/{}/user-groups/list", app.id(company));
    let search = json!({"pagination": {}, "searchText": name});
    let listed = app.bearer().by(who).post(path, search).await.is(200).json();
    listed["userGroups"].as_array().and_then(|all| all.first().cloned())
}

async fn permissions(app: &App, user: &str) -> Value {
    let path = format!("/v3/users/{}/rbac-info", app.id(user));
    app.bearer().get(path).await.is(200).json()["permissions"].clone()
}

#[tokio::test]
async fn every_company_has_it_with_its_own_members() {
    on_both(async |app| {
        let key = app.bearer().by(Who::Platform);
        let (model, role) = found(&app, "Travel arrangers", "TRIP_MANAGEMENT", everywhere()).await;
        let told = key.get(format!("{}/{model}", platform())).await.is(200).json();
        assert_eq!((&told["name"], &told["companyId"]), (&json!("Travel arrangers"), &json!(Uuid::nil())));
        assert_eq!((&told["isUnmodifiable"], &told["createdBy"]["name"]), (&json!(true), &json!("Guildhall")));
        let own = shown(&app, Who::Admin, "northwind", "travel").await.expect("a group");
        assert_eq!((&own["isUnmodifiable"], &own["companyId"]), (&json!(true), &json!(app.id("northwind"))));
        let theirs = shown(&app, Who::Foreign, "contoso", "travel").await.expect("a group");
        assert_ne!(own["id"], theirs["id"]);
        let path = format!("{}/{}", groups(&app), own["id"].as_str().unwrap());
        // Roles and scopes are told, as they are to be copied.
        let given = app.bearer().post(format!("{path}/roles"), json!({})).await.is(200).json();
        assert_eq!(given["roles"][0]["id"], json!(role));
        assert_eq!(given["roles"][0]["scope"]["audiences"][0]["predicates"][0]["type"], "PLATFORM");
        // Members may change, all else is frozen.
        assert_eq!(permissions(&app, "gus").await, json!([]));
        app.bearer().patch(format!("{path}/members"), json!({"userIdsToAdd": [app.id("gus")]})).await.is(200);
        assert_eq!(permissions(&app, "gus").await, json!([{"permission": "TRIP_MANAGEMENT", "actions": ["ALL"]}]));
        app.bearer().put(&path, json!({"name": "Ours", "description": ""})).await.is(403);
        app.bearer().patch(format!("{path}/roles"), json!({"rolesToDelete": [role]})).await.is(403);
        app.bearer().delete(&path).await.is(403);
        // Another company's people are not in it, and its list is its own.
        let foreigner = json!({"userIdsToAdd": [app.id("carl")]});
        let refused = app.bearer().patch(format!("{path}/members"), foreigner).await.is(400);
        assert!(refused.body.contains(&app.id("carl").to_string()), "{refused}");
        let there =
            format!("/v3/companies/{}/user-groups/{}/members", app.id("contoso"), theirs["id"].as_str().unwrap());
        assert_eq!(app.bearer().by(Who::Foreign).post(there, all()).await.is(200).json()["members"], json!([]));
        // The platform sees nobody of a company's, and puts nobody in.
        let members = format!("{}/{model}/members", platform());
        assert_eq!(key.post(&members, all()).await.is(200).json()["members"], json!([]));
        told!(key.patch(&members, json!({"userIdsToAdd": [app.id("gus")]})).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"who is in a group of the platform, each company says of its own people"}]}"#);
        key.get(&path).await.is(403);
        app.bearer().get(format!("{}/{model}", platform())).await.is(404);
        app.bearer().get(group(&app, "eng").replace(&app.id("eng").to_string(), &model.to_string())).await.is(404);
    })
    .await;
}

#[tokio::test]
async fn what_the_platform_changes_is_so_everywhere_at_once() {
    on_both(async |app| {
        let key = app.bearer().by(Who::Platform);
        let (model, role) = found(&app, "Reporters", "REPORT_MANAGEMENT", everywhere()).await;
        let own = shown(&app, Who::Admin, "northwind", "reporters").await.expect("a group");
        let path = format!("{}/{}", groups(&app), own["id"].as_str().unwrap());
        // A group of the company's inside it: its members have what it gives.
        let nested = format!(
            "/v1/companies/{}/groups/{}/children/{}",
            app.id("northwind"),
            own["id"].as_str().unwrap(),
            app.id("eng")
        );
        assert!(app.bearer().put(nested, json!({})).await.status < 300);
        let has = json!([{"permission": "REPORT_MANAGEMENT", "actions": ["ALL"]}]);
        assert_eq!(permissions(&app, "vera").await, has);
        let there = format!("{}/{model}", platform());
        key.put(&there, json!({"name": "Readers of reports", "description": ""})).await.is(200);
        let renamed = app.bearer().get(&path).await.is(200).json();
        assert_eq!((&renamed["name"], &renamed["description"]), (&json!("Readers of reports"), &json!("")));
        key.patch(format!("{there}/roles"), json!({"rolesToDelete": [role]})).await.is(200);
        assert_eq!(permissions(&app, "vera").await, json!([]));
        let add = json!({"rolesToAdd": [{"roleId": role, "scope": {"audiences": [{"predicates": [everywhere()]}]}}]});
        key.patch(format!("{there}/roles"), add).await.is(200);
        assert_eq!(permissions(&app, "vera").await, has);
        key.delete(&there).await.is(200);
        app.bearer().get(&path).await.is(404);
        assert_eq!(permissions(&app, "vera").await, json!([]));
        let restored = format!("/v1/companies/{}/groups/{model}/restore", Uuid::nil());
        assert_eq!(key.post(restored, json!({})).await.status, 200);
        app.bearer().get(&path).await.is(200);
        assert_eq!(permissions(&app, "vera").await, has);
        // A company that is made later has it from its first moment.
        let made = key
            .post(
                "/v2/companies",
                json!({"name": "Fabrikam", "administrator": {"name": "Fay Example", "email": "fay@fabrikam.example"}}),
            )
            .await
            .is(201);
        let events = app.engine.events(&operator(&app.engine, id(&made).into()), 0, None, 100).await.unwrap();
        let kinds: Vec<&str> = events.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["company.created", "group.created", "group.roles_changed", "user.created"]);
        // Each journal tells its own, and both name the platform.
        let told = app.events().await;
        let about: Vec<&str> = told
            .iter()
            .filter(|entry| entry.actor == "platform" && entry.dialect == "companies-v3")
            .map(|entry| entry.kind.as_str())
            .collect();
        assert_eq!(
            about,
            [
                "group.created",
                "group.roles_changed",
                "group.updated",
                "group.roles_changed",
                "group.roles_changed",
                "group.archived"
            ]
        );
        let journal = key.get(format!("/v1/companies/{}/events", Uuid::nil())).await.is(200).json();
        assert!(
            journal["items"].as_array().is_some_and(|all| all.iter().any(|entry| entry["kind"] == "group.archived")),
            "{journal}"
        );
        // Looking again changes nothing.
        let before = app.engine.revision(app.company()).await.unwrap();
        app.engine.housekeep().await.unwrap();
        assert_eq!(app.engine.revision(app.company()).await.unwrap(), before);
    })
    .await;
}

#[tokio::test]
async fn rights_by_it_count_where_its_scope_says() {
    on_both(async |app| {
        let here = json!({"type": "COMPANY", "comparator": "IN", "values": [app.id("northwind")]});
        found(&app, "Stewards", "ACCESS_MANAGEMENT", here).await;
        let own = shown(&app, Who::Admin, "northwind", "stewards").await.expect("a group");
        let path = format!("{}/{}/members", groups(&app), own["id"].as_str().unwrap());
        let viewer = app.bearer().by(Who::Viewer);
        let named = json!({"name": "Theirs", "description": ""});
        viewer.post(groups(&app), named.clone()).await.is(403);
        // Nobody raises themselves by it.
        viewer.patch(&path, json!({"userIdsToAdd": [app.id("vera")]})).await.is(403);
        app.bearer().patch(&path, json!({"userIdsToAdd": [app.id("vera")]})).await.is(200);
        viewer.post(groups(&app), named).await.is(200);
        // Elsewhere it stands, and gives nothing of the kind.
        let theirs = shown(&app, Who::Foreign, "contoso", "stewards").await.expect("a group");
        assert_eq!(theirs["isUnmodifiable"], true);
    })
    .await;
}

#[tokio::test]
async fn the_platform_has_groups_and_roles_and_nothing_else() {
    on_both(async |app| {
        let key = app.bearer().by(Who::Platform);
        let native = |path: &str| format!("/v1/companies/{}{path}", Uuid::nil());
        for (path, body) in [
            ("/users", json!({"name": "X", "email": "x@northwind.example"})),
            ("/apps", json!({"name": "X"})),
            ("/connections", json!({"name": "X", "kind": "scim"})),
            ("/keys", json!({"user": app.id("ada"), "access": "read"})),
            ("/webhooks", json!({"url": "https://northwind.example/", "events": ["*"]})),
        ] {
            assert_eq!(key.post(native(path), body).await.status, 403, "{path}");
        }
        let ruled = key.post(native("/groups"), json!({"name": "X", "rule": "user.department == \"x\""})).await;
        assert_eq!(ruled.status, 400, "{ruled}");
        assert_eq!(ruled.json()["errors"][0]["field"], "rule");
        let made = id(&key.post(native("/groups"), json!({"name": "X"})).await.is(201));
        let other = id(&key.post(native("/groups"), json!({"name": "Y"})).await.is(201));
        key.put(native(&format!("/groups/{made}/children/{other}")), json!({})).await.is(403);
        key.put(native(&format!("/groups/{made}/members/{}", app.id("gus"))), json!({})).await.is(403);
        // A company's own role is no role of the platform's groups.
        let theirs = json!({"name": "R", "description": "", "isPlatformRole": false, "permissions": []});
        let theirs = id(&app.bearer().post("/v3/roles", theirs).await.is(200));
        let add = json!({"rolesToAdd": [{"roleId": theirs, "scope": {"audiences": [{"predicates": [everywhere()]}]}}]});
        key.patch(format!("{}/{made}/roles", platform()), add).await.is(400);
    })
    .await;
}
