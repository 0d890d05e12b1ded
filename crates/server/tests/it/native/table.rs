//! Every route × every caller, and every route × every kind of bad request.

use std::fmt::Write;

use guildhall_server::config::Limits;
use guildhall_testkit::{App, Place, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::webhooks::planted;
use super::{at, client, problem};

/// A call of every route, in an order that leaves things as they were. `{…}` in a body is filled in by the caller.
fn calls(app: &App, who: Who, hook: (Uuid, Uuid)) -> Vec<(&'static str, String, Option<Value>)> {
    let key = |who| format!("/keys/{}", app.key(who).key.id);
    let gus = json!([{"id": app.id("gus")}]);
    let (hook, line) = (format!("/webhooks/{}", hook.0), format!("/webhooks/{}/deliveries/{}", hook.0, hook.1));
    let (ada, email) = (app.id("ada"), format!("{who:?}@new.example"));
    let list = [
        ("GET", "/v1/companies".to_owned(), None),
        ("POST", "/v1/companies".to_owned(), Some(json!({"name": "New"}))),
        ("GET", at(app, ""), None),
        ("PATCH", at(app, ""), Some(json!({}))),
        ("GET", at(app, "/users"), None),
        ("POST", at(app, "/users"), Some(json!({"email": email}))),
        ("GET", at(app, "/users/{gus}"), None),
        ("PATCH", at(app, "/users/{gus}"), Some(json!({"name": format!("Gus {who:?}")}))),
        ("POST", at(app, "/users/{gus}/deactivate"), None),
        ("POST", at(app, "/users/{gus}/reactivate"), None),
        ("DELETE", at(app, "/users/{ivan}"), None),
        ("DELETE", at(app, &format!("/users/{}?erase=true", uuid(9))), None),
        ("GET", at(app, "/users/{vera}/groups"), None),
        ("GET", at(app, "/groups"), None),
        ("POST", at(app, "/groups"), Some(json!({"name": format!("Of {who:?}")}))),
        ("GET", at(app, "/groups/{eng}"), None),
        ("PATCH", at(app, "/groups/{eng}"), Some(json!({"icon": format!("{who:?}")}))),
        ("DELETE", at(app, "/groups/{ops}"), None),
        ("POST", at(app, "/groups/{ops}/restore"), None),
        ("POST", at(app, "/groups/{ops}/archive"), None),
        ("POST", at(app, "/groups/{ops}/restore"), None),
        ("GET", at(app, "/groups/{eng}/members"), None),
        ("POST", at(app, "/groups/{eng}/members"), Some(json!({"members": gus}))),
        ("POST", at(app, "/groups/{eng}/members/remove"), Some(json!({"members": gus}))),
        ("PUT", at(app, "/groups/{eng}/members/{gus}"), None),
        ("GET", at(app, "/groups/{eng}/members/{vera}"), None),
        ("DELETE", at(app, "/groups/{eng}/members/{gus}"), None),
        ("POST", at(app, "/check"), Some(json!({"checks": [{"user": app.id("gus"), "group": app.id("eng")}]}))),
        ("GET", at(app, "/groups/{eng}/owners"), None),
        ("PUT", at(app, "/groups/{eng}/owners"), Some(json!({"owners": [app.id("edda")]}))),
        ("PUT", at(app, "/groups/{eng}/owners/{ops}"), None),
        ("DELETE", at(app, "/groups/{eng}/owners/{ops}"), None),
        ("GET", at(app, "/apps"), None),
        ("POST", at(app, "/apps"), Some(json!({"name": format!("Of {who:?}")}))),
        ("GET", at(app, "/apps/{ledger}"), None),
        ("PATCH", at(app, "/apps/{ledger}"), Some(json!({"tagLine": format!("{who:?}")}))),
        ("GET", at(app, "/apps/{ledger}/groups"), None),
        ("GET", at(app, "/apps/{ledger}/accesses"), None),
        ("PUT", at(app, "/apps/{ledger}/accesses/{gus}"), Some(json!({"permissionLevel": app.id("booker")}))),
        ("DELETE", at(app, "/apps/{ledger}/accesses/{gus}"), None),
        ("GET", at(app, "/users/{vera}/accesses"), None),
        ("PUT", at(app, "/groups/{eng}/apps/{ledger}"), Some(json!({"visibility": "hidden"}))),
        ("GET", at(app, "/groups/{eng}/apps"), None),
        ("DELETE", at(app, "/groups/{eng}/apps/{ledger}"), None),
        ("DELETE", at(app, &format!("/apps/{}", uuid(9))), None),
        ("GET", at(app, "/roles"), None),
        ("POST", at(app, "/roles"), Some(json!({"name": format!("Of {who:?}"), "permissions": []}))),
        ("GET", at(app, &format!("/roles/{}", uuid(7))), None),
        ("PATCH", at(app, &format!("/roles/{}", uuid(7))), Some(json!({}))),
        ("DELETE", at(app, &format!("/roles/{}", uuid(7))), None),
        ("GET", at(app, "/groups/{eng}/roles"), None),
        ("POST", at(app, "/groups/{eng}/roles"), Some(json!({}))),
        ("GET", at(app, "/users/{vera}/permissions"), None),
        ("GET", at(app, "/keys"), None),
        ("POST", at(app, "/keys"), Some(json!({"user": ada, "access": "read"}))),
        ("GET", at(app, &key(Who::Viewer)), None),
        ("POST", at(app, &format!("{}/rotate", key(Who::Viewer))), Some(json!({}))),
        ("DELETE", at(app, &key(Who::Revoked)), None),
        ("GET", at(app, "/connections"), None),
        ("POST", at(app, "/connections"), Some(json!({"name": format!("Of {who:?}"), "kind": "ldap"}))),
        ("GET", at(app, &format!("/connections/{}", uuid(8))), None),
        ("PATCH", at(app, &format!("/connections/{}", uuid(8))), Some(json!({"oneWay": true}))),
        ("DELETE", at(app, &format!("/connections/{}", uuid(8))), None),
        ("GET", at(app, &format!("/connections/{}/links", uuid(8))), None),
        ("PUT", at(app, &format!("/connections/{}/users/{{gus}}", uuid(8))), None),
        ("DELETE", at(app, &format!("/connections/{}/users/{{gus}}", uuid(8))), None),
        ("PUT", at(app, &format!("/connections/{}/groups/{{ops}}", uuid(8))), None),
        ("DELETE", at(app, &format!("/connections/{}/groups/{{ops}}", uuid(8))), None),
        ("GET", at(app, "/conflicts"), None),
        ("POST", at(app, "/conflicts"), Some(json!({"name": "X", "groups": [app.id("eng"), uuid(6)]}))),
        ("GET", at(app, &format!("/conflicts/{}", uuid(6))), None),
        ("PATCH", at(app, &format!("/conflicts/{}", uuid(6))), Some(json!({"atMost": 1}))),
        ("GET", at(app, &format!("/conflicts/{}/breaches", uuid(6))), None),
        ("DELETE", at(app, &format!("/conflicts/{}", uuid(6))), None),
        ("GET", at(app, "/webhooks"), None),
        ("POST", at(app, "/webhooks"), Some(json!({"url": "https://hooks.example", "events": ["*"]}))),
        ("GET", at(app, &hook), None),
        ("PATCH", at(app, &hook), Some(json!({"name": format!("{who:?}")}))),
        ("POST", at(app, &format!("{hook}/rotate")), Some(json!({}))),
        ("POST", at(app, &format!("{hook}/pause")), None),
        ("POST", at(app, &format!("{hook}/resume")), Some(json!({}))),
        ("POST", at(app, &format!("{hook}/test")), None),
        ("GET", at(app, &format!("{hook}/deliveries")), None),
        ("GET", at(app, &line), None),
        // It waits still: a conflict for who may.
        ("POST", at(app, &format!("{line}/redeliver")), None),
        ("GET", at(app, "/signing-keys"), None),
        ("POST", at(app, "/signing-keys/rotate"), Some(json!({}))),
        // Refused by the version, or it would be gone for the others.
        ("DELETE", at(app, &hook), None),
        ("GET", at(app, &format!("/users/{{vera}}/explain?group={}", app.id("eng"))), None),
        ("GET", at(app, "/users/{vera}/difference?from=2026-11-20T09:00:00Z"), None),
        ("GET", at(app, "/groups/{eng}/difference?from=2026-11-20T09:00:00Z"), None),
        ("GET", at(app, "/groups/{eng}/members/count"), None),
        ("POST", at(app, "/groups/{ops}/put-back"), Some(json!({"at": "2026-11-20T09:00:00Z"}))),
        ("GET", at(app, "/events"), None),
        // Refused by the version, or the platform's call would be the last.
        ("DELETE", at(app, ""), None),
    ];
    list.into()
}

fn uuid(n: u128) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

#[tokio::test]
async fn every_route_for_every_caller() {
    // Nobody's calls count as wrong credentials, of which an address has few.
    let limits = Limits { wrong_credentials: 10_000, ..Limits::default() };
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, limits.clone()).await;
        let hook = planted(&app).await;
        let calls_of_admin = calls(&app, Who::Admin, hook);
        let mut table = String::new();
        let mut columns = vec![Vec::new(); calls_of_admin.len()];
        for who in Who::ALL {
            for (row, (method, path, body)) in calls(&app, who, hook).into_iter().enumerate() {
                let mut caller = client(&app).by(who);
                let stays = path == at(&app, "") || path == at(&app, &format!("/webhooks/{}", hook.0));
                if method == "DELETE" && stays {
                    caller = caller.with("if-match", "\"999\"");
                }
                let reply = caller.call(method, &path, body).await;
                if reply.status >= 400 {
                    problem(&reply);
                }
                assert_eq!(reply.header("www-authenticate"), if reply.status == 401 { "Bearer" } else { "" });
                columns[row].push(reply.status);
            }
        }
        for ((method, path, _), statuses) in calls_of_admin.iter().zip(columns) {
            let path = path.replace(&at(&app, ""), "…");
            let path: Vec<&str> = path.split('/').map(|part| if part.len() >= 36 { "{id}" } else { part }).collect();
            let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
            writeln!(table, "{:<50}{}", format!("{method} {}", path.join("/")), statuses.join(" ")).unwrap();
        }
        let heads: Vec<String> = Who::ALL.iter().map(|who| format!("{who:?}").chars().take(3).collect()).collect();
        insta::assert_snapshot!("callers", format!("{:<50}{}\n{table}", "", heads.join(" ")));
        super::verify(&app).await;
    }
}

#[tokio::test]
async fn every_route_refuses_what_it_cannot_read() {
    on_both(async |app| {
        let hook = planted(&app).await;
        for (method, path, body) in calls(&app, Who::Admin, hook) {
            let admin = client(&app);
            let ask = async |path: String| problem(&admin.call(method, path, body.clone()).await);
            let what = format!("{method} {path}");
            let joined = |query: &str| format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' });
            assert_eq!(ask(joined("nonsense=1")).await, "400 invalid", "{what}");
            assert_eq!(ask(joined("nonsense=%ff")).await, "400 malformed", "{what}");
            if path != "/v1/companies" {
                let inside = path.strip_prefix(&at(&app, "")).unwrap();
                let foreign = format!("/v1/companies/{}{inside}", app.id("contoso"));
                let unknown = format!("/v1/companies/{}{inside}", uuid(1));
                let broken = format!("/v1/companies/{}{inside}", app.id("northwind").simple());
                assert_eq!(ask(foreign.clone()).await, "404 not-found", "{what}");
                assert_eq!(ask(unknown.clone()).await, "404 not-found", "{what}");
                let tell = async |path: String| {
                    let mut told = admin.call(method, path, body.clone()).await.json();
                    told["instance"] = Value::Null;
                    told
                };
                assert_eq!(tell(foreign).await, tell(unknown).await, "{what}");
                assert_eq!(ask(broken).await, "400 invalid", "{what}");
            }
            if method == "GET" {
                let ahead = client(&app).with("guildhall-min-revision", "999999").get(&path).await;
                assert_eq!(problem(&ahead), "412 ahead", "{what}");
                for wrong in ["x", "-1", "99999999999999999999", "9223372036854775808"] {
                    let reply = client(&app).with("guildhall-min-revision", wrong).get(&path).await;
                    assert_eq!(problem(&reply), "400 invalid", "{what} {wrong}");
                }
                continue;
            }
            let send = async |kind: &str, text: &str| {
                problem(&admin.send(method, &path, kind, text.as_bytes().to_vec()).await)
            };
            let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
            for wrong in ["{", "\u{0}", deep.as_str()] {
                assert_eq!(send("application/json", wrong).await, "400 malformed", "{what} {wrong}");
            }
            for wrong in [r#"{"nonsense":1}"#, "[]", "1", "\"x\"", "null"] {
                assert_eq!(send("application/json", wrong).await, "400 invalid", "{what} {wrong}");
            }
            assert_eq!(send("text/plain", "{}").await, "415 media-type", "{what}");
            assert_eq!(send("", "{}").await, "415 media-type", "{what}");
            let large = format!("{{\"nonsense\":\"{}\"}}", "x".repeat(3 << 20));
            assert_eq!(send("application/json", &large).await, "413 too-large", "{what}");
            if body.is_some()
                && !path.ends_with("/rotate")
                && !path.ends_with("/resume")
                && !path.contains("/accesses/")
            {
                assert_eq!(problem(&admin.call(method, &path, None).await), "400 malformed", "{what}");
            }
            if path.ends_with("/check") {
                continue; // a read: it knows nothing of the headers of changes
            }
            for (header, wrong) in [("idempotency-key", ""), ("idempotency-key", "\"a"), ("if-match", "x")] {
                let reply = client(&app).with(header, wrong).call(method, &path, body.clone()).await;
                assert_eq!(problem(&reply), "400 invalid", "{what} {header}: {wrong}");
            }
        }
        // Nothing of all that has left a trace.
        assert_eq!(app.events().await.len(), seeded(&app).await);
    })
    .await;
}

/// Events of Northwind before a test has done anything.
async fn seeded(app: &App) -> usize {
    let seeded = app.events().await;
    seeded.iter().filter(|entry| entry.dialect == "cli").count()
}

#[tokio::test]
async fn pages_and_their_limits() {
    on_both(async |app| {
        for path in [
            "/users",
            "/groups",
            "/groups/{eng}/members",
            "/users/{vera}/groups",
            "/keys",
            "/events",
            "/webhooks",
            "/apps",
            "/apps/{ledger}/accesses",
            "/users/{vera}/accesses",
            "/groups/{eng}/apps",
        ] {
            let path = at(&app, path);
            for wrong in ["limit=0", "limit=1001", "limit=x", "limit=-1", "cursor=", "cursor=x", "limit=1&limit=1"] {
                let reply = client(&app).get(format!("{path}?{wrong}")).await;
                assert_eq!(problem(&reply), "400 invalid", "{path} {wrong}");
            }
            assert_eq!(client(&app).get(format!("{path}?limit=1000")).await.status, 200);
            // Page by page it is the same as at once.
            let whole = client(&app).get(&path).await.is(200).json();
            let (mut items, mut next) = (Vec::new(), format!("{path}?limit=1"));
            loop {
                let reply = client(&app).get(&next).await.is(200);
                let page = reply.json();
                items.extend(page["items"].as_array().unwrap().iter().cloned());
                let link = reply.header("link");
                assert_eq!(link.is_empty(), page["next"].is_null());
                let Some(link) = link.strip_prefix('<').and_then(|l| l.strip_suffix(">; rel=\"next\"")) else { break };
                assert!(link.contains(page["next"].as_str().unwrap()));
                next = link.to_owned();
            }
            assert_eq!(json!(items), whole["items"], "{path}");
            assert_eq!(whole["total"], Value::Null);
        }
        for (path, total) in [
            ("/users", 5),
            ("/groups", 2),
            ("/groups/{eng}/members", 1),
            ("/users/{vera}/groups", 1),
            ("/apps", 1),
            ("/apps/{ledger}/accesses", 1),
            ("/users/{vera}/accesses", 1),
            ("/groups/{eng}/apps", 0),
        ] {
            let page = client(&app).get(at(&app, &format!("{path}?total=true&limit=1"))).await.is(200).json();
            assert_eq!(page["total"], total, "{path}");
        }
    })
    .await;
}
