//! Cakewalk v1 as its clients call it.

/// What goes over the wire, byte for byte; each story tells it twice, once a database.
macro_rules! told {
    ($told:expr, @$wire:literal) => {{
        let told = $told.to_string();
        insta::allow_duplicates! { insta::assert_snapshot!(told, @$wire) }
    }};
}

mod accesses;
mod apps;
mod groups;
mod members;
mod requests;
mod reviews;
mod transport;
mod users;

use base64::Engine as _;
use guildhall_domain::ids::UserId;
use guildhall_testkit::{App, Client, Reply, operator, seed::person};
use serde_json::{Value, json};
use uuid::Uuid;

/// Every operation: method, path with seeded ids, body.
fn operations(app: &App) -> Vec<(&'static str, String, Option<Value>)> {
    let (ada, gus) = (app.id("ada"), app.id("gus"));
    vec![
        ("GET", "/api/v1/Users".into(), None),
        ("GET", format!("/api/v1/Users/{gus}"), None),
        ("GET", "/api/v1/UsersGroups".into(), None),
        ("GET", group(app, "eng"), None),
        ("GET", members(app, "eng"), None),
        ("POST", members(app, "eng"), Some(json!({"userIds": [gus], "triggeredByUserId": ada}))),
        ("DELETE", format!("{}/{gus}", members(app, "eng")), None),
        ("GET", "/api/Keys".into(), None),
        ("GET", format!("{}/DefaultWorkApps", group(app, "eng")), None),
        ("GET", format!("{}/HiddenWorkApps", group(app, "eng")), None),
        ("GET", "/api/v1/WorkApps".into(), None),
        ("GET", ledger(app, ""), None),
        ("GET", ledger(app, "/Accesses"), None),
        ("GET", ledger(app, "/PermissionLevels"), None),
        ("POST", "/api/v1/WorkApps/Accesses".into(), Some(accesses(app, &["gus"], "reader"))),
        ("GET", ledger(app, "/CustomFields"), None),
        ("PATCH", ledger(app, "/CustomFields"), Some(json!({"customFields": [{"id": app.id("cost"), "value": "12"}]}))),
    ]
}

fn group(app: &App, name: &str) -> String {
    format!("/api/v1/UsersGroups/{}", app.id(name))
}

fn members(app: &App, name: &str) -> String {
    format!("{}/Users", group(app, name))
}

/// The body that adds these users in ada's name.
fn add(app: &App, users: &[&str]) -> Value {
    json!({"userIds": users.iter().map(|user| app.id(user)).collect::<Vec<_>>(), "triggeredByUserId": app.id("ada")})
}

/// A path of the app that is seeded.
fn ledger(app: &App, below: &str) -> String {
    format!("/api/v1/WorkApps/{}{below}", app.id("ledger"))
}

/// The body that records accesses of these users to it.
fn accesses(app: &App, users: &[&str], level: &str) -> Value {
    let one = |user: &&str| json!({"workAppId": app.id("ledger"), "userId": app.id(user), "permissionLevelId": app.id(level)});
    json!({"data": users.iter().map(one).collect::<Vec<_>>()})
}

/// The cursor that was seen in the wild.
fn numbered(page: u64, size: u64) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("pageNumber={page}&pageSize={size}"))
}

/// Makes a user of this name.
async fn hire(app: &App, name: &str) -> UserId {
    app.engine.create_user(&operator(&app.engine, app.company()), person(name, None)).await.expect("a user").value.id
}

/// The kinds of all events that this dialect has brought about.
async fn events(app: &App) -> Vec<String> {
    app.events().await.into_iter().filter(|event| event.dialect == "cakewalk").map(|event| event.kind).collect()
}

fn column(reply: &Reply, member: &str) -> Vec<String> {
    let data = reply.json()["data"].as_array().expect("a list").clone();
    data.iter().map(|row| row[member].as_str().expect("a text").to_owned()).collect()
}

/// Follows `links.next` from `path` to the end, doing `between` after each page; the ids in order.
async fn walk(client: &Client<'_>, path: &str, between: impl AsyncFn(usize)) -> Vec<String> {
    let (mut ids, mut path) = (Vec::new(), path.to_owned());
    for page in 0.. {
        let reply = client.get(&path).await.is(200);
        assert_eq!(reply.json()["links"]["self"], path.as_str());
        ids.extend(column(&reply, "id"));
        between(page).await;
        match reply.json()["links"]["next"].as_str() {
            Some(next) => {
                let place = path.split('?').next().unwrap_or_default();
                assert!(next.starts_with(&format!("{place}?cursor=")), "{next}");
                path = next.to_owned();
            }
            None => break,
        }
    }
    ids
}

#[track_caller]
fn assert_each_once(seen: &[String], wanted: &[Uuid]) {
    let mut once = seen.to_vec();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "a row came twice");
    assert!(wanted.iter().all(|id| once.binary_search(&id.to_string()).is_ok()), "a row was skipped");
}
