//! What holds for every call: credentials, rights, forms of refusals, names of requests, freshness, metadata.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{action, group, operations, user};

#[tokio::test]
async fn who_may_ask() {
    on_both(async |app| {
        for (path, body) in operations(&app) {
            for (who, status) in [
                (Who::Nobody, 401),
                (Who::Revoked, 401),
                (Who::Guest, 403),
                (Who::Platform, 403),
                (Who::Foreign, 200),
                (Who::Viewer, 200),
                (Who::AdminReadOnly, 200),
            ] {
                let reply = app.bearer().by(who).post(path, body.clone()).await.is(status);
                let kind = if status == 200 { "application/json" } else { "text/plain; charset=utf-8" };
                assert_eq!(reply.header("content-type"), kind, "{path} {who:?}");
                let challenge = if status == 401 { "Bearer realm=\"guildhall\"" } else { "" };
                assert_eq!(reply.header("www-authenticate"), challenge);
            }
        }
        // A guest sees themselves, and nobody else by any name.
        let guest = app.bearer().by(Who::Guest);
        let ask = |subject: String| json!({"subject": user(subject), "action": action("member"), "resource": group(app.id("eng"))});
        let asked = async |subject: &str| guest.post("/access/v1/evaluation", ask(subject.to_owned())).await.status;
        assert_eq!(asked(&app.id("gus").to_string()).await, 200);
        assert_eq!(asked("gus.guest@northwind.example").await, 200);
        assert_eq!(asked("vera.viewer@northwind.example").await, 403);
        assert_eq!(asked("nobody@northwind.example").await, 403);
        let token = app.token("gh1.x.y.z").post("/access/v1/evaluation", ask("x".into())).await;
        assert_eq!(token.to_string(), "401 the key is missing, unknown, expired or revoked, or its secret is wrong");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_message() {
    on_both(async |app| {
        let admin = app.bearer();
        for (path, body) in operations(&app) {
            for (kind, text, wanted) in [
                ("application/json", "", "400 the body is empty"),
                ("application/json", "{", "400 the body is not JSON: EOF while parsing an object, line 1, column 1"),
                ("application/json", "[]", "400 expected an object, not a list"),
                ("text/plain", "{}", "400 the body must be JSON in UTF-8, with Content-Type: application/json"),
            ] {
                let reply = admin.send("POST", path, kind, text.as_bytes().to_vec()).await;
                assert_eq!(reply.to_string(), wanted, "{path}");
            }
            let large = format!("{{\"x\":\"{}\"}}", "x".repeat(3 << 20));
            admin.send("POST", path, "application/json", large.into_bytes()).await.is(413);
            let wrong = admin.get(path).await;
            assert_eq!(
                (wrong.to_string().as_str(), wrong.header("allow")),
                ("405 this path does not take GET", "POST")
            );
            let mut more = body.clone();
            more["unknown"] = json!([{"deep": {}}]);
            admin.post(path, more).await.is(200);
            let min = |revision: &str| admin.clone().with("guildhall-min-revision", revision);
            min("1").post(path, body.clone()).await.is(200);
            min("999999").post(path, body.clone()).await.is(412);
            for wrong in ["x", "-1", "99999999999999999999"] {
                let reply = min(wrong).post(path, body.clone()).await;
                assert_eq!(reply.to_string(), "400 Guildhall-Min-Revision: is not a whole number");
            }
        }
        assert_eq!(admin.get("/access").await.to_string(), "404 there is nothing at this path");
        assert_eq!(admin.post("/access/v1/nothing", json!({})).await.to_string(), "404 there is nothing at this path");
    })
    .await;
}

#[tokio::test]
async fn a_request_keeps_the_name_its_client_gave_it() {
    on_both(async |app| {
        let named = app.bearer().with("x-request-id", "bfe9eb29 or any text");
        for (path, body) in operations(&app) {
            let reply = named.post(path, body).await.is(200);
            assert_eq!(reply.header("x-request-id"), "bfe9eb29 or any text");
            assert_eq!(reply.header("guildhall-request-id").len(), 36);
            assert_eq!(
                named.clone().by(Who::Nobody).post(path, json!({})).await.is(401).header("x-request-id"),
                "bfe9eb29 or any text"
            );
        }
        let unnamed = app.bearer().post("/access/v1/evaluation", json!({})).await.is(400);
        assert_eq!((unnamed.header("x-request-id").len(), unnamed.header("guildhall-request-id")), (36, ""));
        // Other dialects name requests themselves.
        assert_eq!(named.get("/v1/companies").await.is(200).header("x-request-id").len(), 36);
    })
    .await;
}

#[tokio::test]
async fn the_metadata_say_where_everything_is() {
    on_both(async |app| {
        let nobody = app.bearer().by(Who::Nobody);
        let reply = nobody.get("/.well-known/authzen-configuration").await.is(200);
        assert_eq!(reply.header("cache-control"), "max-age=300");
        let at = |path: &str| format!("{}/access/v1/{path}", app.url);
        assert_eq!(
            reply.json(),
            json!({
                "policy_decision_point": app.url,
                "access_evaluation_endpoint": at("evaluation"),
                "access_evaluations_endpoint": at("evaluations"),
                "search_subject_endpoint": at("search/subject"),
                "search_resource_endpoint": at("search/resource"),
                "search_action_endpoint": at("search/action"),
            })
        );
        for (path, _) in operations(&app) {
            assert!(reply.body.contains(path), "{path}");
        }
        assert_eq!(
            nobody.get("/.well-known/authzen-configuration/x").await.to_string(),
            "404 there is nothing at this path"
        );
        let document = nobody.get("/openapi/authzen.json").await.is(200).json();
        assert_eq!(document["paths"].as_object().map(serde_json::Map::len), Some(6));
    })
    .await;
}
