//! SCIM 2.0 as its clients call it.

mod bulk;
mod connections;
mod discovery;
mod filters;
mod groups;
mod paging;
mod providers;
mod python;
mod transport;
mod users;

use guildhall_testkit::{App, Client, Reply};
use serde_json::{Value, json};

const USERS: &str = "/scim/v2/Users";
const GROUPS: &str = "/scim/v2/Groups";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// An id that nobody has.
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000007";

fn user(app: &App, name: &str) -> String {
    format!("{USERS}/{}", app.id(name))
}

fn group(app: &App, name: &str) -> String {
    format!("{GROUPS}/{}", app.id(name))
}

/// Status and `scimType`, checked to have the form that every SCIM error has.
#[track_caller]
fn error(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), "application/scim+json", "{reply}");
    let body = reply.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{reply}");
    assert_eq!(body["status"], reply.status.to_string(), "{reply}");
    assert!(body["detail"].is_string(), "{reply}");
    match body["scimType"].as_str() {
        Some(kind) => format!("{} {kind}", reply.status),
        None => reply.status.to_string(),
    }
}

fn patch(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

fn id(reply: &Reply) -> String {
    reply.json()["id"].as_str().expect("an id").to_owned()
}

/// Makes a user of this sign-in name.
async fn hire(client: &Client<'_>, user_name: &str) -> String {
    id(&client.post(USERS, json!({"userName": user_name})).await.is(201))
}

/// Makes a group of this name with these members.
async fn found(client: &Client<'_>, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    id(&client.post(GROUPS, json!({"displayName": name, "members": members})).await.is(201))
}

/// The ids of the members that the client is shown, sorted.
async fn members(client: &Client<'_>, group: &str) -> Vec<String> {
    let body = client.get(format!("{GROUPS}/{group}")).await.is(200).json();
    let mut ids: Vec<String> = body["members"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|member| member["value"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids
}

/// The resources' members of this name.
fn column(reply: &Reply, name: &str) -> Vec<String> {
    let body = reply.json();
    let rows = body["Resources"].as_array().expect("resources");
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The journal of every company is whole.
async fn verify(app: &App) {
    for company in app.engine.verify().await.expect("reads") {
        assert_eq!(company.broken, None, "{}", company.name);
    }
}
