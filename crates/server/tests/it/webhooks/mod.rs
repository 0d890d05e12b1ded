//! Webhooks: what is sent, to whom, and what happens when receivers are bad.

mod cakewalk;
mod delivery;
mod hostile;
mod nodes;
mod signatures;

use guildhall_server::http::stop::CancellationToken;
use guildhall_server::jobs::Dispatcher;
use guildhall_testkit::{App, Receiver, operator, seed::person};
use serde_json::{Value, json};

/// A path below the webhooks of Northwind.
fn at(app: &App, path: &str) -> String {
    format!("/v1/companies/{}/webhooks{path}", app.id("northwind"))
}

/// Makes a webhook for these events; the answer's body.
async fn hook(app: &App, url: &str, form: &str, events: &[&str]) -> Value {
    let body = json!({"url": url, "form": form, "events": events});
    app.bearer().post(at(app, ""), body).await.is(201).json()
}

fn id(hook: &Value) -> &str {
    hook["id"].as_str().expect("an id")
}

/// The webhook as it is now.
async fn now(app: &App, hook: &Value) -> Value {
    app.bearer().get(at(app, &format!("/{}", id(hook)))).await.is(200).json()
}

/// The log of a webhook, newest first: kind, state, tries, and the status or error of the last try.
async fn log(app: &App, hook: &Value) -> Vec<String> {
    let page = app.bearer().get(at(app, &format!("/{}/deliveries", id(hook)))).await.is(200).json();
    let line = |line: &Value| {
        let last = if line["error"].is_null() { line["status"].to_string() } else { line["error"].to_string() };
        format!("{} {} {} {last}", line["kind"].as_str().unwrap(), line["state"].as_str().unwrap(), line["tries"])
    };
    page["items"].as_array().expect("items").iter().map(line).collect()
}

/// A dispatcher of this node that works by rounds.
fn dispatcher(app: &App) -> Dispatcher {
    Dispatcher::new(app.server().clone(), CancellationToken::new())
}

/// Makes users of these names, an event each.
async fn hire(app: &App, names: &[&str]) {
    for name in names {
        app.engine.create_user(&operator(&app.engine, app.company()), person(name, None)).await.expect("a user");
    }
}

/// Moves the clock by so many seconds.
fn wait(app: &App, seconds: i64) {
    app.clock.set(app.clock.now().plus_seconds(seconds));
}

/// The names of the users that a receiver was told of.
fn names(receiver: &Receiver) -> Vec<String> {
    let name = |body: &Value| body["data"]["data"]["fields"]["name"].as_str().unwrap_or_default().to_owned();
    receiver.seen().iter().map(|got| name(&got.json())).collect()
}
