//! companies v3 as its clients call it.

/// What goes over the wire, byte for byte, the request's own name aside; each story tells it twice, once a database.
macro_rules! told {
    ($reply:expr, @$wire:literal) => {{
        let told = super::wire(&$reply);
        insta::allow_duplicates! { insta::assert_snapshot!(told, @$wire) }
    }};
}

mod groups;
mod members;
mod platform;
mod roles;
mod search;
mod tenants;
mod token;
mod transport;
mod users;

use guildhall_domain::Timestamp;
use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_testkit::{App, Client, Reply, operator, seed::person};
use serde_json::{Value, json};
use uuid::Uuid;

/// The reply with the name of its request, which every refusal must tell, put out of the way.
fn wire(reply: &Reply) -> String {
    let request = reply.header("x-request-id").to_owned();
    if reply.status >= 400 {
        assert_eq!(reply.header("content-type"), "application/json", "{reply}");
        assert_eq!(reply.json()["debugIdentifier"], request.as_str(), "{reply}");
    }
    let mut told = reply.clone();
    told.body = told.body.replace(&request, "<request>");
    told.to_string()
}

fn groups(app: &App) -> String {
    format!("/v3/companies/{}/user-groups", app.id("northwind"))
}

fn group(app: &App, name: &str) -> String {
    format!("{}/{}", groups(app), app.id(name))
}

fn members(app: &App, name: &str) -> String {
    format!("{}/members", group(app, name))
}

/// A search without any wishes.
fn all() -> Value {
    json!({"pagination": {}})
}

/// Every operation but the token endpoint: method, path with seeded ids, body, status of success, does it only read.
fn operations(app: &App) -> Vec<(&'static str, String, Option<Value>, u16, bool)> {
    let gus = app.id("gus");
    let northwind = app.id("northwind");
    let named = json!({"name": "Travel", "description": ""});
    let role = json!({"name": "R", "description": "", "isPlatformRole": false, "permissions": []});
    vec![
        ("POST", format!("{}/list", groups(app)), Some(all()), 200, true),
        ("POST", groups(app), Some(named.clone()), 200, false),
        ("GET", group(app, "eng"), None, 200, true),
        ("PUT", group(app, "eng"), Some(named.clone()), 200, false),
        ("PATCH", group(app, "eng"), Some(named), 200, false),
        ("POST", members(app, "eng"), Some(all()), 200, true),
        ("PATCH", members(app, "eng"), Some(json!({"userIdsToAdd": [gus]})), 200, false),
        ("DELETE", group(app, "ops"), None, 200, false),
        ("POST", format!("{}/roles", group(app, "eng")), Some(json!({})), 200, true),
        ("PATCH", format!("{}/roles", group(app, "eng")), Some(json!({})), 200, false),
        ("POST", format!("/v3/companies/{northwind}/roles"), Some(all()), 200, true),
        ("POST", "/v3/roles".into(), Some(role), 200, false),
        ("GET", "/v3/permissions".into(), None, 200, true),
        ("GET", format!("/v3/companies/{northwind}/permissions"), None, 200, true),
        ("POST", format!("/v3/companies/{northwind}/roles/applicable-scopes"), Some(json!({})), 200, true),
        ("GET", format!("/v3/users/{gus}/rbac-info"), None, 200, true),
        ("POST", format!("/v3/users/{gus}/user-groups"), Some(json!({})), 200, true),
        ("POST", "/v3/users/list".into(), Some(json!({"companyId": {"id": northwind}, "pagination": {}})), 200, true),
        ("GET", "/v2/users".into(), None, 200, true),
        ("POST", "/v2/users".into(), Some(json!({"name": "New Hand", "email": "new@northwind.example"})), 201, false),
        ("GET", format!("/v2/users/{gus}"), None, 200, true),
        ("PUT", format!("/v2/users/{gus}"), Some(json!({"externalId": "g-1"})), 200, false),
        ("DELETE", format!("/v2/users/{gus}"), None, 204, false),
        ("POST", format!("/v2/users/{gus}/activate"), None, 200, false),
        ("GET", "/v2/companies".into(), None, 200, true),
        ("POST", "/v2/companies".into(), Some(json!({"name": "Fabrikam"})), 201, false),
        ("GET", format!("/v2/companies/{northwind}"), None, 200, true),
        ("PUT", format!("/v2/companies/{northwind}"), Some(json!({"name": "Northwind"})), 204, false),
        ("DELETE", format!("/v2/companies/{northwind}"), None, 204, false),
    ]
}

/// Makes a group.
async fn found(app: &App, new: NewGroup) -> GroupId {
    app.engine.create_group(&operator(&app.engine, app.company()), new).await.expect("a group").value.id
}

/// Makes a group of this name.
async fn called(app: &App, name: &str) -> GroupId {
    found(app, NewGroup { name: name.into(), ..Default::default() }).await
}

/// Makes a user of this name.
async fn hire(app: &App, name: &str) -> UserId {
    app.engine.create_user(&operator(&app.engine, app.company()), person(name, None)).await.expect("a user").value.id
}

/// Moves the standing clock.
fn at(app: &App, time: &str) {
    app.clock.set(Timestamp::parse("time", time).expect("a time"));
}

/// The kinds of all events that this dialect has brought about.
async fn events(app: &App) -> Vec<String> {
    app.events().await.into_iter().filter(|event| event.dialect == "companies-v3").map(|event| event.kind).collect()
}

/// One member of each row of a list.
fn column(reply: &Reply, list: &str, member: &str) -> Vec<String> {
    let reply = reply.clone().is(200);
    let rows = reply.json()[list].as_array().expect("a list").clone();
    rows.iter().map(|row| row[member].as_str().expect("a text").to_owned()).collect()
}

/// How many rows a list says there are.
fn total(reply: &Reply) -> u64 {
    reply.json()["pagination"]["totalNumResults"].as_u64().expect("a number")
}

/// What a list of groups answers to a search: the names.
async fn names(client: &Client<'_>, path: &str, search: Value) -> Vec<String> {
    column(&client.post(path, search).await, "userGroups", "name")
}
