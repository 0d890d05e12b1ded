//! AuthZEN as its clients call it.

mod apps;
mod evaluation;
mod reasons;
mod search;
mod transport;

use guildhall_testkit::{App, Reply};
use serde_json::{Value, json};
use uuid::Uuid;

fn user(id: impl ToString) -> Value {
    json!({"type": "user", "id": id.to_string()})
}

fn group(id: impl ToString) -> Value {
    json!({"type": "group", "id": id.to_string()})
}

fn action(name: &str) -> Value {
    json!({"name": name})
}

async fn evaluate(app: &App, body: Value) -> Reply {
    app.bearer().post("/access/v1/evaluation", body).await
}

/// May this user, by whatever names them, act so on this group?
async fn decision(app: &App, subject: impl ToString, name: &str, resource: impl ToString) -> bool {
    let ask = json!({"subject": user(subject), "action": action(name), "resource": group(resource)});
    let reply = evaluate(app, ask).await.is(200);
    assert_eq!(reply.json().as_object().map(serde_json::Map::len), Some(1), "{reply}");
    reply.json()["decision"].as_bool().expect("a decision")
}

/// `eng` inside `ops`: vera, in `eng` directly, is in `ops` by nesting.
async fn nested(app: &App) {
    let path = format!("/v1/companies/{}/groups/{}/children/{}", app.id("northwind"), app.id("ops"), app.id("eng"));
    app.bearer().call("PUT", path, None).await.is(201);
}

/// Every call: path and a body that it takes.
fn operations(app: &App) -> Vec<(&'static str, Value)> {
    let (subject, resource) = (user(app.id("vera")), group(app.id("eng")));
    let whole = json!({"subject": subject, "action": action("member"), "resource": resource});
    vec![
        ("/access/v1/evaluation", whole.clone()),
        ("/access/v1/evaluations", json!({"evaluations": [whole]})),
        (
            "/access/v1/search/subject",
            json!({"subject": {"type": "user"}, "action": action("member"), "resource": resource}),
        ),
        (
            "/access/v1/search/resource",
            json!({"subject": subject, "action": action("member"), "resource": {"type": "group"}}),
        ),
        ("/access/v1/search/action", json!({"subject": subject, "resource": resource})),
    ]
}

fn ids(reply: &Reply) -> Vec<Uuid> {
    let results = reply.json()["results"].as_array().cloned().expect("results");
    results.iter().map(|one| one["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")).collect()
}
