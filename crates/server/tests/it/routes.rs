//! Every route that any dialect documents × every kind of caller: who is let in, told by one table.
//!
//! The routes come from the OpenAPI documents, so that a new one is in the table by itself.

use std::fmt::Write as _;

use guildhall_server::config::Limits;
use guildhall_testkit::{App, Place, Who};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::native::webhooks::planted;

/// One documented operation.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) dialect: &'static str,
    pub(crate) method: String,
    pub(crate) path: String,
}

/// Every operation of every dialect, in the order of dialect, path and method.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for dialect in guildhall_server::api::documents() {
        let document = guildhall_server::api::document(dialect).expect("a document");
        let document = serde_json::to_value(document).expect("JSON");
        for (path, item) in document["paths"].as_object().expect("paths") {
            for method in ["get", "post", "put", "patch", "delete"] {
                if item.get(method).is_some() {
                    routes.push(Route { dialect, method: method.to_uppercase(), path: path.clone() });
                }
            }
        }
    }
    routes
}

/// The path with a seeded thing in each of its places.
fn target(app: &App, route: &Route, hook: (Uuid, Uuid)) -> String {
    let mut path = String::new();
    for segment in route.path.split('/').skip(1) {
        let id = |name: &str| app.id(name).to_string();
        let filled = match segment {
            "{company}" | "{companyId}" => id("northwind"),
            "{user}" | "{userId}" => id("vera"),
            "{group}" | "{groupId}" | "{usersGroupId}" => id("eng"),
            "{child}" => id("ops"),
            // A reason's id is made by the server, so that of no reason stands here.
            "{reason}" => id("eng"),
            "{owner}" | "{member}" => id("edda"),
            "{role}" | "{roleId}" => uuid::Uuid::from_u128(7).to_string(),
            "{connection}" | "{conflict}" => uuid::Uuid::from_u128(9).to_string(),
            "{webhook}" => hook.0.to_string(),
            "{delivery}" => hook.1.to_string(),
            "{level}" | "{permissionLevelId}" => id("booker"),
            "{run}" | "{team}" | "{review}" | "{row}" | "{request}" | "{task}" | "{taskId}" | "{policy}"
            | "{delegation}" => uuid::Uuid::from_u128(9).to_string(),
            "{requestType}" if route.path.contains("/groups/") => "JoinGroupRequest".to_owned(),
            "{requestType}" => "GrantAccessRequest".to_owned(),
            "{app}" | "{workAppId}" => id("ledger"),
            "{key}" => app.key(Who::Viewer).key.id.to_string(),
            "{id}" if route.path.contains("/group/") || route.path.contains("/Groups/") => id("eng"),
            "{name}" => "User".to_owned(),
            "{urn}" => "urn:ietf:params:scim:schemas:core:2.0:User".to_owned(),
            "{id}" => id("vera"),
            other => {
                assert!(!other.starts_with('{'), "{}: what stands at {other}?", route.path);
                other.to_owned()
            }
        };
        write!(path, "/{filled}").expect("a string grows");
    }
    match path.rsplit('/').next() {
        Some("explain") => path + &format!("?group={}", app.id("eng")),
        Some("difference") => path + &format!("?from={}", guildhall_testkit::START),
        _ => path,
    }
}

/// A body that says enough for a caller who may; each caller's is another one, so that none is a repeat.
fn body(app: &App, route: &Route, who: Who) -> Value {
    let last = route.path.rsplit('/').next().unwrap_or_default();
    match (route.dialect, last) {
        ("native", "{app}") if route.path.contains("/groups/") => json!({"visibility": "default"}),
        ("native", "{requestType}") => json!({"policy": uuid::Uuid::from_u128(9)}),
        ("native", "policies") => {
            json!({"name": format!("Made by {who:?}"), "requestType": "GrantAccessRequest", "steps": []})
        }
        ("native", "teams") | ("secoda", "teams") => json!({"name": format!("Made by {who:?}"), "type": "OPEN"}),
        ("native", "reviews") => {
            json!({"name": format!("Made by {who:?}"), "of": "apps", "reviewers": "owner", "dueAt": "2027-01-01T00:00:00Z"})
        }
        ("native", "decide") => json!({"decision": "keep"}),
        ("cakewalk", "AccessReviews") => {
            json!({"name": format!("Made by {who:?}"), "accessReviewType": "Manager", "dueDate": "2027-01-01T00:00:00Z",
                   "workAppIds": [], "createdByUserId": app.id("ada")})
        }
        ("native", "requests") => json!({"type": "JoinGroupRequest", "group": app.id("ops"), "purpose": "to help"}),
        ("native", "delegations") => json!({"to": app.id("ada")}),
        ("cakewalk", "{requestType}") => json!({"policyId": uuid::Uuid::from_u128(9)}),
        ("cakewalk", "GrantAccess" | "ChangePermission" | "RemoveAccess") => {
            let (by, level) = (app.id("ada"), app.id("booker"));
            json!({"createdByUserId": by, "targetUserId": app.id("vera"), "workAppId": app.id("ledger"), "permissionLevelId": level,
                   "grantAccessPurpose": "p", "changePermissionPurpose": "p", "removeAccessPurpose": "p"})
        }
        ("native", "apps") => json!({"name": format!("Made by {who:?}")}),
        ("native", "{user}") if route.path.contains("/accesses/") => json!({"permissionLevel": app.id("booker")}),
        ("cakewalk", "Accesses") => {
            json!({"data": [{"workAppId": app.id("ledger"), "userId": app.id("gus"), "permissionLevelId": app.id("reader")}]})
        }
        ("cakewalk", "CustomFields") => json!({"customFields": [{"id": app.id("cost"), "value": format!("{who:?}")}]}),
        ("native", "companies" | "groups") => json!({"name": format!("Made by {who:?}")}),
        ("native", "users") => json!({"name": "New", "email": format!("{who:?}@new.example")}),
        ("native", "members" | "remove") => json!({"members": [{"id": app.id("gus")}]}),
        ("native", "roles") if !route.path.contains("/groups/") => {
            json!({"name": format!("Made by {who:?}"), "permissions": []})
        }
        ("native", "put-back") => json!({"at": guildhall_testkit::START}),
        ("native", "owners") => json!({"owners": [app.id("edda")]}),
        // One that is made would stand in the way of others.
        ("native", "conflicts") => json!({"name": "X", "groups": [app.id("eng"), uuid::Uuid::from_u128(9)]}),
        ("native", "connections") => json!({"name": format!("Made by {who:?}"), "kind": "scim"}),
        ("native", "{user}" | "{group}") if route.method == "PUT" => json!({}),
        ("native", "webhooks") => json!({"url": "https://hooks.example", "events": ["*"]}),
        ("native", "try") => json!({"rule": "user.status == 'active'", "user": app.id("vera")}),
        ("native", "preview") => json!({"rule": "user.status == 'active'"}),
        ("native", "keys") => json!({"user": app.id("vera"), "access": "read"}),
        ("native", "check") => json!({"checks": [{"user": app.id("vera"), "group": app.id("eng")}]}),
        ("authzen", _) => json!({
            "subject": {"type": "user", "id": app.id("vera")},
            "action": {"name": "member"},
            "resource": {"type": "group", "id": app.id("eng")},
        }),
        ("scim", "Bulk") => json!({"Operations": []}),
        ("scim", "Users") => json!({"userName": format!("{who:?}@new.example")}),
        ("scim", "Groups") => json!({"displayName": format!("Made by {who:?}")}),
        ("scim", "{id}" | "Me") if route.method == "PUT" => {
            json!({"userName": "vera", "displayName": format!("{who:?}")})
        }
        ("scim", "{id}" | "Me") => {
            json!({"Operations": [{"op": "replace", "path": "displayName", "value": format!("{who:?}")}]})
        }
        ("secoda", "group") => json!({"name": format!("Made by {who:?}")}),
        ("secoda", "user") => json!({"email": format!("{who:?}@new.example")}),
        ("cakewalk", "Users") => json!({"userIds": [app.id("gus")], "triggeredByUserId": app.id("ada")}),
        ("companies-v3", "user-groups" | "{groupId}") => json!({"name": format!("Made by {who:?}"), "description": ""}),
        ("companies-v3", "companies" | "{companyId}") => json!({"name": format!("Made by {who:?}")}),
        ("companies-v3", "users") => json!({"name": "New", "email": format!("{who:?}@new.example")}),
        ("companies-v3", "list") => json!({"companyId": {"id": app.id("northwind")}, "pagination": {}}),
        ("companies-v3", "roles") => {
            json!({"name": "R", "description": "", "isPlatformRole": false, "permissions": [], "pagination": {}})
        }
        ("companies-v3", "members") => json!({"pagination": {}, "userIdsToAdd": [app.id("gus")]}),
        _ => json!({}),
    }
}

async fn row(app: &App, route: &Route, table: &mut String) {
    write!(table, "{:12} {:6} {:64}", route.dialect, route.method, route.path).expect("a string grows");
    // The least first: what an administrator does would change what the others find.
    let callers = Who::ALL.into_iter().rev();
    // A company has room for a hundred of them, and there are more routes.
    let hook = if route.path.contains("{webhook}") { planted(app).await } else { Default::default() };
    for who in callers {
        let client = if route.dialect == "cakewalk" { app.cakewalk() } else { app.bearer() }.by(who);
        let body = (route.method != "GET" && route.method != "DELETE").then(|| body(app, route, who));
        let status = client.call(&route.method, target(app, route, hook), body).await.status;
        write!(table, " {status}").expect("a string grows");
    }
    table.push('\n');
}

async fn table(on: impl AsyncFn() -> App) -> String {
    let names: Vec<String> = Who::ALL.into_iter().rev().map(|who| format!("{who:?}")).collect();
    let mut table = format!("callers: {}\n", names.join(" "));
    let reading = on().await;
    for route in routes() {
        if route.method == "GET" {
            row(&reading, &route, &mut table).await;
        } else {
            row(&on().await, &route, &mut table).await;
        }
    }
    table
}

/// Nobody's calls count as wrong credentials, of which an address has few.
fn limits() -> Limits {
    Limits { wrong_credentials: 10_000, ..Limits::default() }
}

#[tokio::test]
async fn who_is_let_in_where() {
    let table = table(async || App::with(Place::sqlite(), limits()).await).await;
    insta::assert_snapshot!("who_is_let_in_where", table);
}

#[tokio::test]
async fn the_same_are_let_in_on_postgres() {
    let table = table(async || App::with(Place::postgres().await, limits()).await).await;
    insta::assert_snapshot!("who_is_let_in_where", table);
}
