//! Secoda v1 as its clients call it.

/// What goes over the wire, byte for byte; each story tells it twice, once a database.
macro_rules! told {
    ($told:expr, @$wire:literal) => {{
        let told = $told.to_string();
        insta::allow_duplicates! { insta::assert_snapshot!(told, @$wire) }
    }};
}

mod groups;
mod members;
mod paging;
mod teams;
mod transport;
mod users;

use guildhall_domain::ids::UserId;
use guildhall_testkit::{App, Reply, operator, seed::person};
use serde_json::{Value, json};
use uuid::Uuid;

const GROUPS: &str = "/api/v1/auth/group";
const USERS: &str = "/api/v1/user";

/// An id that nobody has.
const UNKNOWN: Uuid = Uuid::from_u128(7);

/// Every operation behind the door: method, path with seeded ids, body.
fn operations(app: &App) -> Vec<(&'static str, String, Option<Value>)> {
    let gus = app.id("gus");
    vec![
        ("GET", GROUPS.into(), None),
        ("POST", GROUPS.into(), Some(json!({"name": "New", "icon": null, "description": "d", "users": [gus]}))),
        ("GET", group(app, "eng"), None),
        ("PATCH", group(app, "eng"), Some(json!({"users": [gus]}))),
        ("DELETE", group(app, "eng"), None),
        ("GET", USERS.into(), None),
        ("POST", USERS.into(), Some(json!({"email": "new@northwind.example"}))),
        ("GET", user(app, "gus"), None),
        ("PATCH", user(app, "gus"), Some(json!({"first_name": "Gustav"}))),
        ("DELETE", user(app, "gus"), None),
    ]
}

fn group(app: &App, name: &str) -> String {
    format!("{GROUPS}/{}", app.id(name))
}

fn user(app: &App, name: &str) -> String {
    format!("{USERS}/{}", app.id(name))
}

/// Makes a user of this name, by another door.
async fn hire(app: &App, name: &str) -> UserId {
    app.engine.create_user(&operator(&app.engine, app.company()), person(name, None)).await.expect("a user").value.id
}

/// The kinds of all events that this dialect has brought about.
async fn events(app: &App) -> Vec<String> {
    app.events().await.into_iter().filter(|event| event.dialect == "secoda").map(|event| event.kind).collect()
}

fn ids(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(|id| id.as_str().expect("a text").to_owned()).collect()
}

/// The ids in one member of the record at `path`.
async fn listed(app: &App, path: &str, member: &str) -> Vec<String> {
    ids(&app.bearer().get(path).await.is(200).json()[member])
}

fn column(reply: &Reply, member: &str) -> Vec<String> {
    let rows = reply.json()["results"].as_array().expect("a list").clone();
    rows.iter().map(|row| row[member].as_str().expect("a text").to_owned()).collect()
}

/// The two sides of every membership say the same.
async fn assert_both_sides_agree(app: &App) {
    let sides = async |path: &str, member: &str, turned: bool| {
        let rows = app.bearer().get(format!("{path}?page_size=100")).await.is(200).json();
        assert_eq!(rows["total_pages"], 1, "a test of one page");
        let mut pairs = Vec::new();
        for row in rows["results"].as_array().unwrap() {
            let own = row["id"].as_str().unwrap().to_owned();
            for other in ids(&row[member]) {
                pairs.push(if turned { (other, own.clone()) } else { (own.clone(), other) });
            }
        }
        pairs.sort();
        pairs
    };
    assert_eq!(sides(GROUPS, "users", false).await, sides(USERS, "user_groups", true).await);
}
