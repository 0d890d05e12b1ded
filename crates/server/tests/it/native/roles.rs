//! Roles, what groups give, and what that makes of people.

use guildhall_testkit::{App, Reply, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, problem, said, verify};

fn scope(app: &App) -> Value {
    json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [app.id("northwind")]}]}]})
}

fn new(name: &str) -> Value {
    json!({"name": name, "permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]})
}

async fn role(app: &App, name: &str) -> Uuid {
    id(&client(app).post(at(app, "/roles"), new(name)).await.is(201))
}

fn id(reply: &Reply) -> Uuid {
    reply.json()["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

#[tokio::test]
async fn a_role_lives_and_dies() {
    on_both(async |app| {
        let admin = client(&app);
        let made = admin.post(at(&app, "/roles"), new("Readers")).await;
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","company":"<northwind>","name":"Readers","description":"","permissions":[{"permission":"ACCESS_MANAGEMENT","actions":["READ"]}],"createdAt":"2026-11-20T09:00:00.000000Z","createdBy":"<ada>","updatedAt":"2026-11-20T09:00:00.000000Z","updatedBy":"<ada>"}"#
        );
        let path = made.header("location").to_owned();
        let tag = made.header("etag").to_owned();
        assert_eq!(admin.get(&path).await.is(200).header("etag"), tag);
        assert_eq!(client(&app).with("if-none-match", &tag).get(&path).await.status, 304);
        let edited = client(&app).with("if-match", &tag).patch(&path, json!({"name": "Lookers", "description": "See all"})).await;
        assert_eq!((edited.status, edited.json()["name"].as_str()), (200, Some("Lookers")));
        assert_eq!(problem(&client(&app).with("if-match", &tag).patch(&path, json!({"name": "x"})).await), "412 stale");
        assert_eq!(problem(&client(&app).with("if-match", &tag).delete(&path).await), "412 stale");
        let listed = admin.by(Who::Viewer).get(at(&app, "/roles")).await.is(200).json();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
        let admin = client(&app);
        let (eng, role) = (at(&app, "/groups/{eng}/roles"), id(&made));
        let given = admin.post(&eng, json!({"add": [{"role": role, "scope": scope(&app)}]})).await.is(204);
        let again = admin.post(&eng, json!({"add": [{"role": role, "scope": scope(&app)}]})).await.is(204);
        assert_eq!(again.header("guildhall-revision"), given.header("guildhall-revision"));
        let shown = admin.get(&eng).await.is(200).json();
        assert_eq!(shown["items"][0]["role"]["name"], "Lookers");
        assert_eq!(shown["items"][0]["scope"]["audiences"][0]["predicates"][0]["comparator"], "IN");
        let may = said(&admin.get(at(&app, "/users/{vera}/permissions")).await);
        assert_eq!(
            may,
            r#"200 {"permissions":[{"permission":"ACCESS_MANAGEMENT","actions":["READ"]}],"sources":[{"group":"<eng>","role":"<id 1>","permissions":[{"permission":"ACCESS_MANAGEMENT","actions":["READ"]}],"scope":{"audiences":[{"predicates":[{"comparator":"IN","type":"COMPANY","values":["<northwind>"]}]}]}}]}"#
        );
        assert_eq!(admin.delete(&path).await.is(204).body, "");
        assert_eq!(problem(&admin.get(&path).await), "404 not-found");
        assert_eq!(problem(&admin.delete(&path).await), "404 not-found");
        assert_eq!(admin.get(&eng).await.is(200).json()["items"], json!([]));
        let kinds: Vec<String> = app.events().await.into_iter().rev().take(4).map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["role.deleted", "group.roles_changed", "group.roles_changed", "role.updated"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_platform_role_is_the_platform_s() {
    on_both(async |app| {
        let platform = client(&app).by(Who::Platform);
        let own = format!("/v1/companies/{}/roles", Uuid::nil());
        let made = platform.post(&own, json!({"name": "Auditors", "permissions": [{"permission": "PLATFORM_MANAGEMENT", "actions": ["READ"]}]})).await.is(201);
        assert_eq!(made.json()["company"], Value::Null);
        let here = at(&app, &format!("/roles/{}", id(&made)));
        let admin = client(&app);
        assert_eq!(admin.get(&here).await.is(200).json()["name"], "Auditors");
        assert_eq!(problem(&admin.patch(&here, json!({"name": "x"})).await), "403 forbidden");
        assert_eq!(problem(&admin.delete(&here).await), "403 forbidden");
        let there = format!("{own}/{}", id(&made));
        assert_eq!(platform.patch(&there, json!({"name": "Examiners"})).await.is(200).json()["name"], "Examiners");
        let fixed = platform.patch(&there, json!({"permissions": []})).await;
        assert_eq!(problem(&fixed), "409 conflict");
        assert_eq!(problem(&platform.delete(&there).await), "409 conflict");
        admin.post(at(&app, "/groups/{eng}/roles"), json!({"add": [{"role": id(&made), "scope": scope(&app)}]})).await.is(204);
        let may = admin.get(at(&app, "/users/{vera}/permissions")).await.is(200).json();
        assert_eq!(may["permissions"][0]["permission"], "PLATFORM_MANAGEMENT");
        // What its groups give does not make a company's user the platform's.
        assert_eq!(problem(&client(&app).by(Who::Viewer).get(&own).await), "404 not-found");
        assert_eq!(problem(&platform.get(at(&app, "/roles")).await), "403 forbidden");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    on_both(async |app| {
        let role = role(&app, "R").await;
        let (roles, eng) = (at(&app, "/roles"), at(&app, "/groups/{eng}/roles"));
        let ask = async |path: &str, body: Value| {
            let reply = client(&app).post(path, body).await;
            format!("{} {}", problem(&reply), reply.json()["errors"][0]["field"].as_str().unwrap_or_default())
        };
        let permits = |permission: &str, action: &str| json!({"name": "x", "permissions": [{"permission": permission, "actions": [action]}]});
        for (body, wanted) in [
            (json!({"name": "x"}), "400 invalid permissions"),
            (permits("x", "READ"), "400 invalid permissions[0].permission"),
            (permits("AGENT", "read"), "400 invalid permissions[0].actions[0]"),
            (permits("TMC_MANAGEMENT", "READ"), "400 invalid permissions[0].permission"),
            (json!({"name": "", "permissions": []}), "400 invalid name"),
            (json!({"name": "x", "permissions": [], "id": role}), "409 taken id"),
            (json!({"name": "x", "permissions": [], "x": 1}), "400 invalid x"),
        ] {
            assert_eq!(ask(&roles, body).await, wanted);
        }
        let give = |scope: Value| json!({"add": [{"role": role, "scope": scope}]});
        let predicate = |kind: &str, value: &str| json!({"audiences": [{"predicates": [{"type": kind, "values": [value]}]}]});
        for (body, wanted) in [
            (json!({"add": [{"role": role}]}), "400 invalid add[0].scope"),
            (json!({"add": [{"role": Uuid::max(), "scope": scope(&app)}]}), "422 unknown-reference add"),
            (json!({"remove": [{"role": Uuid::max()}]}), "422 unknown-reference remove"),
            (give(json!({"audiences": []})), "400 invalid add[0].scope.audiences"),
            (give(predicate("x", "y")), "400 invalid add[0].scope.audiences[0].predicates[0].type"),
            (give(predicate("COMPANY", "y")), "400 invalid add[0].scope.audiences[0].predicates[0].values[0]"),
            (json!({"add": vec![&json!({"role": role, "scope": scope(&app)}); 1001]}), "400 too-many add"),
        ] {
            assert_eq!(ask(&eng, body).await, wanted);
        }
        assert_eq!(problem(&client(&app).post(at(&app, "/groups/{secret}/roles"), json!({})).await), "404 not-found");
        assert_eq!(problem(&client(&app).get(at(&app, "/users/{carl}/permissions")).await), "404 not-found");
        assert_eq!(problem(&client(&app).by(Who::Guest).get(&roles).await), "403 forbidden");
        let two = json!({"add": [{"role": role, "scope": scope(&app)}]});
        let admin = client(&app);
        let (one, other) = tokio::join!(admin.post(&eng, two.clone()), admin.post(&eng, two.clone()));
        assert_eq!((one.status, other.status), (204, 204));
        assert_eq!(client(&app).get(&eng).await.json()["items"].as_array().map(Vec::len), Some(1));
    })
    .await;
}
