//! `guildhall import-from`: a company moves from one Guildhall to another through each dialect.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use guildhall_testkit::{App, Who, on_both};
use http::StatusCode;
use serde_json::{Value, json};

use crate::cli::Bench;

const HERE: &str = "c0000000-0000-4000-8000-0000000000aa";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("new.jsonl", format!("{{\"type\":\"company\",\"id\":\"{HERE}\",\"name\":\"New home\"}}\n"));
    bench.run(&["import", "new.jsonl"]).good();
    bench
}

fn native(app: &App, path: &str) -> String {
    format!("/v1/companies/{}{path}", app.id("northwind"))
}

/// What a company has, by names that survive a move: people, groups, memberships and nestings.
fn told(export: &str, with: impl Fn(&Value) -> Vec<String>) -> BTreeSet<String> {
    export
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .flat_map(|record| with(&record))
        .collect()
}

fn people_and_groups(export: &str, fields: &[&str]) -> BTreeSet<String> {
    let name_of = |id: &Value| {
        if id.is_null() {
            return String::new();
        }
        let found = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut found = found.filter(|record| record["id"] == *id);
        found
            .next()
            .map_or(String::new(), |record| record["email"].as_str().or(record["name"].as_str()).unwrap().into())
    };
    told(export, |record| match record["type"].as_str().unwrap() {
        "user" => {
            let mut line = format!("user {}", record["email"].as_str().unwrap());
            for field in fields {
                let value = match *field {
                    "manager" => json!(name_of(&record["manager"])),
                    field => record[field].clone(),
                };
                line += &format!(" {field}={value}");
            }
            vec![line]
        }
        "group" if record["state"] != "archived" => vec![format!("group {}", record["name"].as_str().unwrap())],
        "membership" => vec![format!("{} in {}", name_of(&record["user"]), name_of(&record["group"]))],
        "nesting" => vec![format!("{} inside {}", name_of(&record["child"]), name_of(&record["parent"]))],
        _ => Vec::new(),
    })
}

async fn exported(app: &App) -> String {
    let (to, mut pages) = tokio::sync::mpsc::channel(2);
    let (engine, company) = (app.engine.clone(), app.company());
    let told = tokio::spawn(async move { engine.export(Some(company), to).await });
    let mut text = Vec::new();
    while let Some(page) = pages.recv().await {
        for record in &page {
            guildhall_server::format::write(&mut text, record).expect("written");
        }
    }
    told.await.expect("told").expect("exported");
    String::from_utf8(text).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_moves_through_each_dialect() {
    on_both(async |app| {
        let ada = json!({"manager": app.id("ada"), "attributes": {"employeeId": "E-7", "department": "Core"}});
        app.bearer().patch(native(&app, "/users/") + &app.id("edda").to_string(), ada).await.is(200);
        let ops = json!({"members": [{"id": app.id("edda")}, {"id": app.id("gus")}]});
        app.bearer().post(native(&app, "/groups/") + &app.id("ops").to_string() + "/members", ops).await.is(200);
        let inside = format!("/groups/{}/children/{}", app.id("ops"), app.id("eng"));
        assert!(app.bearer().put(native(&app, &inside), json!({})).await.status < 300);
        let role = json!({"name": "Travel manager", "description": "", "isPlatformRole": false,
            "permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]});
        let role = app.bearer().post("/v3/roles", role).await.is(200).json()["id"].clone();
        let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "comparator": "IN", "values": [app.id("northwind")]}]}]});
        let given = format!("/v3/companies/{}/user-groups/{}/roles", app.id("northwind"), app.id("ops"));
        app.bearer().patch(given, json!({"rolesToAdd": [{"roleId": role, "scope": scope}]})).await.is(200);
        let key = app.key(Who::Admin);
        let (id, secret) = (key.key.id.to_string(), key.secret.clone());
        for (speaks, fields, nests) in [
            ("cakewalk", &["name", "status", "manager"][..], false),
            ("secoda", &["name", "status", "role"][..], false),
            ("companies-v3", &["name", "manager"][..], false),
            ("scim", &["name", "userName", "manager"][..], true),
        ] {
            let bench = bench();
            let ask = |more: &[&str]| {
                let mut all = vec!["import-from", speaks, "--url", &app.url, "--key", &id, "--secret", &secret];
                if speaks == "companies-v3" {
                    all.extend(["--from-company", "northwind"]);
                }
                let company = app.id("northwind").to_string();
                let all: Vec<&str> =
                    all.into_iter().map(|word| if word == "northwind" { company.as_str() } else { word }).collect();
                bench.run(&[&all[..], more].concat())
            };
            let before = bench.run(&["export"]).good();
            let trial = ask(&["--preview"]).good();
            assert!(trial.contains("would change: users +") && trial.contains("add group Engineering"), "{trial}");
            assert_eq!(bench.run(&["export"]).good(), before, "a trial changes nothing");
            let first = ask(&[]).good();
            let says = "gives the role Travel manager (ACCESS_MANAGEMENT READ) where COMPANY in ";
            assert_eq!(first.contains(says), speaks == "companies-v3", "{first}");
            assert!(first.contains(" and 2 groups; changed: users +"), "{speaks}: {first}");
            // Everything that the dialect can express has come.
            let strip = |export: &str| {
                let all = people_and_groups(export, fields);
                all.into_iter().filter(|line| nests || !line.contains(" inside ")).collect::<BTreeSet<_>>()
            };
            let (there, here) = (strip(&exported(&app).await), strip(&bench.run(&["export"]).good()));
            let active = |all: &BTreeSet<String>| {
                all.iter().filter(|line| !line.contains("ivan")).cloned().collect::<BTreeSet<_>>()
            };
            assert_eq!(active(&here), active(&there), "{speaks}");
            // Again: nothing is left to do.
            let again = ask(&[]).good();
            let nothing = "users +0 ~0 -0, groups +0 ~0 -0, memberships +0 -0, nestings +0 -0";
            assert!(again.contains(nothing), "{speaks}: {again}");
            // What changes there is brought over.
            let group = native(&app, "/groups/") + &app.id("ops").to_string();
            app.bearer().patch(&group, json!({"name": format!("Ops by {speaks}")})).await.is(200);
            app.bearer().delete(format!("{group}/members/{}", app.id("gus"))).await.is(204);
            let later = ask(&[]).good();
            assert!(later.contains("users +0 ~0 -0, groups +0 ~1 -0, memberships +0 -1"), "{speaks}: {later}");
            let there = strip(&exported(&app).await);
            assert_eq!(active(&strip(&bench.run(&["export"]).good())), active(&there), "{speaks}");
            bench.run(&["audit", "verify"]).good();
            app.bearer().put(format!("{group}/members/{}", app.id("gus")), json!({})).await;
        }
    })
    .await;
}

#[derive(Default)]
struct Script {
    asked: Vec<String>,
    refuses: bool,
    busy: bool,
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let mut script = script.lock().unwrap();
    let asked = request.uri().path_and_query().unwrap().to_string();
    script.asked.push(asked.clone());
    if std::mem::take(&mut script.busy) {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], "").into_response();
    }
    let page = |n: u32, next: Option<&str>| {
        let user =
            json!({"id": format!("u-{n}"), "email": format!("p{n}@old.example"), "first_name": "P", "role": "viewer"});
        axum::Json(json!({"results": [user], "links": {"next": next}, "meta": {"next_page": next.map(|_| 2)}}))
            .into_response()
    };
    match asked.as_str() {
        "/api/v1/user?page=1&page_size=100" => page(1, Some("x")),
        "/api/v1/user?page=2&page_size=100" if script.refuses => StatusCode::FORBIDDEN.into_response(),
        "/api/v1/user?page=2&page_size=100" => page(2, None),
        "/api/v1/auth/group?page=1&page_size=100" => {
            let group = json!({"id": "g-1", "name": "All", "users": ["u-1", "u-2", "u-9"]});
            axum::Json(json!({"results": [group], "links": {"next": null}})).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_waits_when_it_is_told_to_and_goes_on_where_it_was() {
    let script = Arc::new(Mutex::new(Script { refuses: true, busy: true, ..Script::default() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Router::new().fallback(answer).with_state(Arc::clone(&script));
    tokio::spawn(async move { axum::serve(listener, service).await });
    let bench = bench();
    let ask = || bench.run(&["import-from", "secoda", "--url", &url, "--secret", "t", "--resume", "read.jsonl"]);
    let refused = ask();
    assert!(refused.took >= std::time::Duration::from_secs(1), "it waits as long as it is told");
    assert_eq!(
        refused.refused(),
        "/api/v1/user?page=2&page_size=100: the server refuses the key, or its right to read this; the same command goes on where this one ended"
    );
    let first = std::mem::take(&mut script.lock().unwrap().asked);
    assert_eq!(first.iter().filter(|path| path.contains("page=1&")).count(), 2, "once it was too early: {first:?}");
    script.lock().unwrap().refuses = false;
    let told = ask().good();
    assert!(told.contains("read 2 people and 1 groups; changed: users +2"), "{told}");
    assert!(told.contains("1 members of groups are neither users nor groups of this source"), "{told}");
    let second = script.lock().unwrap().asked.clone();
    assert!(!second.iter().any(|path| path.contains("user?page=1&")), "what was read is not asked again: {second:?}");
    assert!(!bench.path("read.jsonl").exists(), "what it held is old by now");
    let refused = bench.run(&["import-from", "secoda", "--url", "ftp://x", "--secret", "t"]).refused();
    assert_eq!(refused, "--url must be http://… or https://…");
}
