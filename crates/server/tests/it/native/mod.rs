//! Guildhall's own dialect over HTTP.

mod apps;
mod brake;
mod check;
mod companies;
mod conflicts;
mod connections;
mod events;
mod explain;
mod explain_things;
mod giving;
mod groups;
mod keys;
mod me;
mod members;
mod nestings;
mod once;
mod openapi;
mod past;
mod preview;
mod reasons;
mod requests;
mod reviews;
mod roles;
mod rules;
mod sheets;
mod table;
mod users;
mod versions;
pub(crate) mod webhooks;

use guildhall_testkit::{App, Client, Reply};
use serde_json::Value;

/// A path in Northwind, with the names of what is seeded in place of ids: `/groups/{eng}/members`.
fn at(app: &App, path: &str) -> String {
    let mut out = format!("/v1/companies/{}", app.id("northwind"));
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a closed brace");
        out.push_str(before);
        out.push_str(&app.id(name).to_string());
        rest = after;
    }
    out.push_str(rest);
    out
}

fn client(app: &App) -> Client<'_> {
    app.bearer()
}

/// Status and body without the name of the request.
fn said(reply: &Reply) -> String {
    let text = reply.to_string();
    match text.split_once(",\"instance\":\"urn:uuid:<") {
        Some((before, after)) => format!("{before}{}", after.split_once('"').map_or("", |(_, rest)| rest)),
        None => text,
    }
}

/// The problem's name, checked to have the form that every problem has.
#[track_caller]
fn problem(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{reply}");
    let json = reply.json();
    assert_eq!(json["status"], reply.status, "{reply}");
    assert_eq!(json["instance"], format!("urn:uuid:{}", reply.header("x-request-id")), "{reply}");
    assert!(json["title"].is_string() && json["detail"].is_string(), "{reply}");
    let name = json["type"].as_str().and_then(|kind| kind.strip_prefix("urn:guildhall:error:")).expect("our type");
    format!("{} {name}", reply.status)
}

/// The `name` of each item of a page.
fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().map(|item| item["name"].as_str().expect("a name")).collect()
}

/// The journal of every company is whole.
pub(crate) async fn verify(app: &App) {
    for company in app.engine.verify().await.expect("reads") {
        assert_eq!(company.broken, None, "{}", company.name);
    }
}
