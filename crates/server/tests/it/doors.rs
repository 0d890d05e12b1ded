//! One action, five doors: the same rows and the same events whichever dialect asked, its name aside; and what one
//! door changed the others show at once.

use guildhall_testkit::{App, Reply, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

/// What an action left behind: the events it wrote, without what must differ (ids of new things, door, request).
async fn left_behind(app: &App, since: u64, group: Uuid) -> Vec<(String, String, Value)> {
    let events = app.events().await.into_iter().filter(|event| event.revision > since);
    let told = |text: &str| text.replace(&group.to_string(), "<group>");
    events.map(|e| (e.kind, e.actor, serde_json::from_str(&told(&e.data)).expect("JSON"))).collect()
}

async fn revision(app: &App) -> u64 {
    app.engine.revision(app.company()).await.expect("a revision")
}

/// The members of a group as each door shows them, which must agree.
async fn members(app: &App, group: Uuid) -> Vec<String> {
    let company = app.id("northwind");
    let ids = |reply: Reply, list: &str, id: fn(&Value) -> &Value| {
        let json = reply.is(200).json();
        let mut ids: Vec<String> =
            json[list].as_array().expect("a list").iter().map(|m| id(m).as_str().expect("an id").to_owned()).collect();
        ids.sort();
        ids
    };
    let cakewalk = app.cakewalk().get(format!("/api/v1/UsersGroups/{group}/Users")).await;
    let secoda = app.bearer().get(format!("/api/v1/auth/group/{group}")).await;
    let native = app.bearer().get(format!("/v1/companies/{company}/groups/{group}/members")).await;
    let path = format!("/v3/companies/{company}/user-groups/{group}/members");
    let companies = app.bearer().post(path, json!({"pagination": {}})).await;
    let scim = app.bearer().get(format!("/scim/v2/Groups/{group}")).await.is(200);
    let shown = ids(cakewalk, "data", |m| &m["id"]);
    if !shown.is_empty() || !scim.json()["members"].is_null() {
        assert_eq!(ids(scim, "members", |m| &m["value"]), shown, "SCIM");
    }
    assert_eq!(ids(secoda, "users", |m| m), shown, "Secoda");
    assert_eq!(ids(native, "items", |m| &m["user"]["id"]), shown, "native");
    assert_eq!(ids(companies, "members", |m| &m["userId"]), shown, "companies v3");
    shown
}

/// A new group made through each door that can: its id and what making it left behind.
async fn made_by_each(app: &App) -> Vec<(Uuid, Vec<(String, String, Value)>)> {
    let company = app.id("northwind");
    let body = json!({"name": "Doors", "description": "one of three"});
    let mut made = Vec::new();
    for path in [
        format!("/v1/companies/{company}/groups"),
        "/api/v1/auth/group".to_owned(),
        format!("/v3/companies/{company}/user-groups"),
    ] {
        let since = revision(app).await;
        let reply = app.bearer().post(&path, body.clone()).await;
        let id: Uuid = reply.json()["id"].as_str().unwrap_or_else(|| panic!("{path}: {reply}")).parse().expect("an id");
        made.push((id, left_behind(app, since, id).await));
    }
    made
}

#[tokio::test]
async fn each_action_leaves_the_same_whichever_door_it_came_through() {
    on_both(async |app| {
        let company = app.id("northwind");
        let (gus, edda) = (app.id("gus"), app.id("edda"));
        let groups = made_by_each(&app).await;
        let (native, secoda, companies) = (groups[0].0, groups[1].0, groups[2].0);
        assert_eq!(groups[1].1, groups[0].1, "making a group: Secoda");
        assert_eq!(groups[2].1, groups[0].1, "making a group: companies v3");

        // What a group is in SCIM has no description: it takes part in all that comes after.
        let body = json!({"name": "Doors", "description": "one of three"});
        let made = app.bearer().post(format!("/v1/companies/{company}/groups"), body).await.is(201);
        let scim: Uuid = made.json()["id"].as_str().expect("an id").parse().expect("an id");
        let operations = |operations: Value| json!({"Operations": operations});

        // Adding two people: five doors on three groups, and Cakewalk on the seeded, empty one.
        let ops = app.id("ops");
        let adding = [
            (
                native,
                "POST",
                format!("/v1/companies/{company}/groups/{native}/members"),
                json!({"members": [{"id": edda}, {"id": gus}]}),
            ),
            (secoda, "PATCH", format!("/api/v1/auth/group/{secoda}"), json!({"users": [edda, gus]})),
            (
                scim,
                "PATCH",
                format!("/scim/v2/Groups/{scim}"),
                operations(json!([{"op": "add", "path": "members", "value": [{"value": edda}, {"value": gus}]}])),
            ),
            (
                companies,
                "PATCH",
                format!("/v3/companies/{company}/user-groups/{companies}/members"),
                json!({"userIdsToAdd": [edda, gus]}),
            ),
            (
                ops,
                "POST",
                format!("/api/v1/UsersGroups/{ops}/Users"),
                json!({"userIds": [edda, gus], "triggeredByUserId": app.id("ada")}),
            ),
        ];
        let mut first = None;
        for (group, method, path, body) in adding {
            let since = revision(&app).await;
            let client = if group == ops { app.cakewalk() } else { app.bearer() };
            let reply = client.call(method, &path, Some(body)).await;
            assert!(matches!(reply.status, 200 | 201), "{path}: {reply}");
            let left = left_behind(&app, since, group).await;
            assert_eq!(*first.get_or_insert_with(|| left.clone()), left, "adding by {path}");
            assert_eq!(members(&app, group).await.len(), 2);
        }

        // Removing one of them.
        let removing = [
            (native, "DELETE", format!("/v1/companies/{company}/groups/{native}/members/{gus}"), None),
            (secoda, "PATCH", format!("/api/v1/auth/group/{secoda}"), Some(json!({"users": [edda]}))),
            (
                scim,
                "PATCH",
                format!("/scim/v2/Groups/{scim}"),
                Some(operations(json!([{"op": "remove", "path": format!("members[value eq \"{gus}\"]")}]))),
            ),
            (
                companies,
                "PATCH",
                format!("/v3/companies/{company}/user-groups/{companies}/members"),
                Some(json!({"userIdsToDelete": [gus]})),
            ),
            (ops, "DELETE", format!("/api/v1/UsersGroups/{ops}/Users/{gus}"), None),
        ];
        let mut first = None;
        for (group, method, path, body) in removing {
            let since = revision(&app).await;
            let client = if group == ops { app.cakewalk() } else { app.bearer() };
            let reply = client.call(method, &path, body).await;
            assert!(matches!(reply.status, 200 | 204), "{path}: {reply}");
            let left = left_behind(&app, since, group).await;
            assert_eq!(*first.get_or_insert_with(|| left.clone()), left, "removing by {path}");
            assert_eq!(members(&app, group).await, [edda.to_string()]);
        }

        // Renaming, then deleting.
        let renaming = [
            (native, "PATCH", format!("/v1/companies/{company}/groups/{native}"), json!({"name": "Renamed"})),
            (secoda, "PATCH", format!("/api/v1/auth/group/{secoda}"), json!({"name": "Renamed"})),
            (
                scim,
                "PATCH",
                format!("/scim/v2/Groups/{scim}"),
                operations(json!([{"op": "replace", "path": "displayName", "value": "Renamed"}])),
            ),
            (
                companies,
                "PUT",
                format!("/v3/companies/{company}/user-groups/{companies}"),
                json!({"name": "Renamed", "description": "one of three"}),
            ),
        ];
        let mut first = None;
        for (group, method, path, body) in renaming {
            let since = revision(&app).await;
            app.bearer().call(method, &path, Some(body)).await.is(200);
            let left = left_behind(&app, since, group).await;
            assert_eq!(*first.get_or_insert_with(|| left.clone()), left, "renaming by {path}");
        }
        let mut first = None;
        for (group, path) in [
            (native, format!("/v1/companies/{company}/groups/{native}")),
            (secoda, format!("/api/v1/auth/group/{secoda}")),
            (scim, format!("/scim/v2/Groups/{scim}")),
            (companies, format!("/v3/companies/{company}/user-groups/{companies}")),
        ] {
            let since = revision(&app).await;
            let reply = app.bearer().delete(&path).await;
            assert!(matches!(reply.status, 200 | 204), "{path}: {reply}");
            let left = left_behind(&app, since, group).await;
            assert_eq!(*first.get_or_insert_with(|| left.clone()), left, "deleting by {path}");
            // Gone through every vendor's door at once.
            app.cakewalk().get(format!("/api/v1/UsersGroups/{group}")).await.is(404);
            app.bearer().get(format!("/api/v1/auth/group/{group}")).await.is(404);
            app.bearer().get(format!("/scim/v2/Groups/{group}")).await.is(404);
            app.bearer().get(format!("/v3/companies/{company}/user-groups/{group}")).await.is(404);
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_deactivated_through_one_door_is_so_in_all() {
    on_both(async |app| {
        let (vera, company) = (app.id("vera"), app.id("northwind"));
        app.bearer().delete(format!("/api/v1/user/{vera}")).await.is(204);
        let cakewalk = app.cakewalk().get(format!("/api/v1/Users/{vera}")).await.is(200).json();
        assert_eq!(cakewalk["data"]["statusName"], "Deactivated");
        let native = app.bearer().get(format!("/v1/companies/{company}/users/{vera}")).await.is(200).json();
        assert_eq!(native["status"], "inactive");
        assert_eq!(members(&app, app.id("eng")).await, Vec::<String>::new());
        app.bearer().post(format!("/v2/users/{vera}/activate"), json!({})).await.is(200);
        assert_eq!(members(&app, app.id("eng")).await, [vera.to_string()]);
    })
    .await;
}
