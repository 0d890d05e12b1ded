//! Connections of kind `ldap`, against a real OpenLDAP and what Active Directory does otherwise.

mod active_directory;
mod drift;
mod hostile;
mod killed;
mod openldap;
mod runs;

use guildhall_server::jobs::run_due;
use guildhall_testkit::{App, ldap::Directory};
use serde_json::{Value, json};

/// A path in Northwind.
fn at(app: &App, path: &str) -> String {
    format!("/v1/companies/{}{path}", app.id("northwind"))
}

/// The settings of a connection to a directory.
fn settings(directory: &Directory) -> Value {
    json!({
        "url": directory.url,
        "bindDn": "cn=reader,dc=example,dc=org",
        "users": {"base": "ou=people,dc=example,dc=org", "attributes": {"department": "departmentNumber"}},
        "groups": {"base": "ou=groups,dc=example,dc=org"},
        "pageSize": 2,
    })
}

/// Makes a connection; its path.
async fn connect(app: &App, settings: Value, secret: &str) -> String {
    let body = json!({"name": "Directory", "kind": "ldap", "oneWay": true, "adopt": "all", "settings": settings, "secret": secret});
    app.bearer().post(at(app, "/connections"), body).await.is(201).header("location").to_owned()
}

/// Asks for a run, has it done, and tells how it ended.
async fn run(app: &App, connection: &str, kind: &str, trial: bool) -> Value {
    let path = format!("{connection}/runs{}", if trial { "?preview=true" } else { "" });
    let asked = app.bearer().post(path, json!({"kind": kind})).await.is(202);
    assert_eq!(asked.json()["state"], "queued");
    run_due(app.server()).await.expect("runs");
    app.bearer().get(asked.header("location")).await.is(200).json()
}

/// The counts that are not nothing.
fn counts(run: &Value) -> Value {
    let mut counts = run["counts"].as_object().expect("counts").clone();
    counts.retain(|_, n| n != &json!(0));
    Value::Object(counts)
}

/// E-mail addresses of the direct members of the group of this name.
async fn members(app: &App, group: &str) -> Vec<String> {
    let found = app.bearer().get(at(app, &format!("/groups?q={group}"))).await.is(200).json();
    let items = found["items"].as_array().expect("items");
    let id = items.iter().find(|item| item["name"] == group).unwrap_or_else(|| panic!("no {group}"))["id"].clone();
    let page = app.bearer().get(at(app, &format!("/groups/{}/members", id.as_str().unwrap()))).await.is(200).json();
    let email = |member: &Value| member["user"]["email"].as_str().expect("an address").to_owned();
    let mut all: Vec<String> = page["items"].as_array().expect("items").iter().map(email).collect();
    all.sort_unstable();
    all
}

/// The user of an e-mail address.
async fn user(app: &App, email: &str) -> Value {
    app.bearer().get(at(app, &format!("/users?q={email}"))).await.is(200).json()["items"][0].clone()
}
