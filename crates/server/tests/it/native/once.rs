//! `Idempotency-Key`: one effect and one answer.

use guildhall_testkit::{App, Client, Reply, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem, verify};

fn with<'a>(app: &'a App, key: &str) -> Client<'a> {
    client(app).with("idempotency-key", key)
}

/// What a repeat must have in common with the first answer.
fn answer(reply: &Reply) -> (u16, String, Vec<String>) {
    let kept = ["content-type", "etag", "location", "guildhall-revision"].map(|name| reply.header(name).to_owned());
    (reply.status, reply.body.clone(), kept.into())
}

#[tokio::test]
async fn a_repeat_is_answered_the_same() {
    on_both(async |app| {
        let gus = at(&app, "/groups/{ops}/members/{gus}");
        let calls = [
            ("POST", at(&app, "/users"), Some(json!({"email": "once@x.example"}))),
            ("PATCH", at(&app, "/users/{vera}"), Some(json!({"attributes": {"a": 1}}))),
            ("POST", at(&app, "/groups"), Some(json!({"name": "Once"}))),
            ("PATCH", at(&app, "/groups/{eng}"), Some(json!({"icon": "1"}))),
            ("PUT", gus.clone(), None),
            ("POST", at(&app, "/groups/{ops}/members/remove"), Some(json!({"members": [{"id": app.id("gus")}]}))),
            ("DELETE", gus, None),
            ("PUT", at(&app, "/groups/{ops}/owners/{vera}"), None),
            ("DELETE", at(&app, "/groups/{ops}/owners/{vera}"), None),
            ("PUT", at(&app, "/groups/{ops}/owners"), Some(json!({"owners": [app.id("ada")]}))),
            ("POST", at(&app, "/users/{gus}/deactivate"), None),
            ("POST", at(&app, "/users/{gus}/reactivate"), None),
            ("DELETE", at(&app, "/users/{edda}?erase=true"), None),
            ("DELETE", at(&app, "/groups/{ops}"), None),
            ("POST", at(&app, "/groups/{ops}/restore"), None),
            ("PATCH", at(&app, ""), Some(json!({"name": "N"}))),
            ("DELETE", at(&app, &format!("/keys/{}", app.key(Who::Viewer).key.id)), None),
        ];
        for (i, (method, path, body)) in calls.into_iter().enumerate() {
            let caller = with(&app, &format!("key-{i}"));
            let first = caller.call(method, &path, body.clone()).await;
            let not_there = i == 6;
            assert_eq!(first.status >= 400, not_there, "{method} {path}: {first}");
            let events = app.events().await.len();
            let again = caller.call(method, &path, body).await;
            assert_eq!(again.header("idempotency-replayed"), "true", "{method} {path}: {again}");
            assert_eq!(first.header("idempotency-replayed"), "");
            assert_eq!(answer(&first), answer(&again), "{method} {path}");
            assert_eq!(app.events().await.len(), events, "{method} {path}");
        }
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn another_request_is_refused_and_a_refusal_is_not_kept() {
    on_both(async |app| {
        let (users, groups) = (at(&app, "/users"), at(&app, "/groups"));
        let body = json!({"name": "A"});
        with(&app, "k").post(&groups, body.clone()).await.is(201);
        for reply in [
            with(&app, "k").post(&groups, json!({"name": "B"})).await,
            with(&app, "\"k\"").post(&users, json!({"email": "a@b"})).await,
            with(&app, "k").patch(at(&app, "/groups/{eng}"), body.clone()).await,
        ] {
            assert_eq!(problem(&reply), "422 idempotency-key-reused");
        }
        // Quoted and bare are the same key; another caller's is not.
        assert_eq!(with(&app, "\"k\"").post(&groups, body.clone()).await.header("idempotency-replayed"), "true");
        let other = app.new_key("ada", guildhall_domain::caller::Access::Write).await;
        let other = client(&app).by(Who::Nobody).with("authorization", format!("Bearer {}", other.token()));
        let fresh = other.with("idempotency-key", "k").post(&groups, body).await.is(201);
        assert_eq!(fresh.header("idempotency-replayed"), "");
        let taken = json!({"email": "vera.viewer@northwind.example"});
        assert_eq!(problem(&with(&app, "t").post(&users, taken.clone()).await), "409 taken");
        client(&app).patch(at(&app, "/users/{vera}"), json!({"email": "v@x"})).await.is(200);
        with(&app, "t").post(&users, taken).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn twins_in_flight_have_one_effect() {
    on_both(async |app| {
        let before = app.events().await.len();
        let caller = with(&app, "twins");
        let body = json!({"name": "Twins"});
        let path = at(&app, "/groups");
        let all = futures_util::future::join_all((0..8).map(|_| caller.post(&path, body.clone()))).await;
        for reply in &all {
            assert_eq!(answer(reply), answer(&all[0]));
            assert_eq!(reply.status, 201);
        }
        let replayed = all.iter().filter(|reply| reply.header("idempotency-replayed") == "true").count();
        assert_eq!((replayed, app.events().await.len()), (7, before + 1));
    })
    .await;
}

#[tokio::test]
async fn a_company_is_made_once() {
    on_both(async |app| {
        let platform = client(&app).by(Who::Platform).with("idempotency-key", "c");
        let body = json!({"name": "Once", "admin": {"email": "a@b"}});
        let all = futures_util::future::join_all((0..4).map(|_| platform.post("/v1/companies", body.clone()))).await;
        for reply in &all {
            assert_eq!(reply.status, 201, "{reply}");
            assert_eq!(answer(reply), answer(&all[0]));
        }
        assert_eq!(problem(&platform.post("/v1/companies", json!({"name": "x"})).await), "422 idempotency-key-reused");
        assert_eq!(super::names(&client(&app).by(Who::Platform).get("/v1/companies").await.json()).len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_shows_no_secret() {
    on_both(async |app| {
        let keys = at(&app, "/keys");
        let first = with(&app, "s").post(&keys, json!({"user": app.id("vera"), "access": "read"})).await.is(201).json();
        let again = with(&app, "s").post(&keys, json!({"user": app.id("vera"), "access": "read"})).await.is(201).json();
        assert!(first["secret"].is_string() && first["token"].is_string());
        assert_eq!((&again["secret"], &again["token"]), (&Value::Null, &Value::Null));
        assert_eq!(again["id"], first["id"]);
        let rotate = format!("{keys}/{}/rotate", first["id"].as_str().unwrap());
        let first = with(&app, "r").post(&rotate, json!({})).await.is(200).json();
        let again = with(&app, "r").post(&rotate, json!({})).await.is(200).json();
        assert!(first["secret"].is_string() && again["secret"].is_null() && again["token"].is_null());
    })
    .await;
}
