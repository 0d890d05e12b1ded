//! Connections, their links, and what they keep.

use guildhall_domain::connection::Adopt;
use guildhall_testkit::{App, Who, on_both};
use serde_json::json;

use super::{at, client, problem, said, verify};

/// The kinds of the events behind revision `from`.
async fn kinds(app: &App, from: usize) -> Vec<String> {
    app.events().await.into_iter().skip(from).map(|event| event.kind).collect()
}

#[tokio::test]
async fn a_connection_lives_and_ends() {
    on_both(async |app| {
        let before = app.events().await.len();
        let body = json!({"name": "Entra", "kind": "scim", "owner": app.id("ada"), "settings": {"tenant": "x"}});
        let made = client(&app).post(at(&app, "/connections"), body).await.is(201);
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","name":"Entra","kind":"scim","owner":"<ada>","oneWay":false,"adopt":"none","settings":{"tenant":"x"},"brakeMembers":null,"brakePercent":null,"health":"new","lastRunAt":null,"lastOkAt":null,"lastError":null,"createdAt":"2026-11-20T09:00:00.000000Z","updatedAt":"2026-11-20T09:00:00.000000Z"}"#
        );
        let path = made.header("location").to_owned();
        let tag = client(&app).get(&path).await.is(200).header("etag").to_owned();
        let edited = client(&app).with("if-match", &tag).patch(&path, json!({"oneWay": true, "adopt": "all", "owner": null})).await;
        assert_eq!(edited.status, 200, "{edited}");
        assert_eq!((&edited.json()["oneWay"], &edited.json()["adopt"]), (&json!(true), &json!("all")));
        assert_eq!(problem(&client(&app).with("if-match", &tag).patch(&path, json!({"name": "X"})).await), "412 stale");
        // Nothing new is no event.
        client(&app).patch(&path, json!({"oneWay": true})).await.is(200);
        let id = made.json()["id"].clone();
        let key = json!({"user": app.id("ada"), "access": "write", "connection": id});
        let token = client(&app).post(at(&app, "/keys"), key).await.is(201).json()["token"].as_str().unwrap().to_owned();
        app.token(&token).get(at(&app, "/groups")).await.is(200);
        app.engine.housekeep().await.unwrap();
        let shown = client(&app).get(&path).await.json();
        assert_eq!((&shown["health"], &shown["lastRunAt"]), (&json!("ok"), &json!("2026-11-20T09:00:00.000000Z")));
        client(&app).delete(&path).await.is(204);
        app.token(&token).get(at(&app, "/groups")).await.is(401);
        assert_eq!(problem(&client(&app).get(&path).await), "404 not-found");
        assert_eq!(problem(&client(&app).delete(&path).await), "404 not-found");
        assert_eq!(
            kinds(&app, before).await,
            ["connection.created", "connection.updated", "key.created", "key.revoked", "connection.deleted"]
        );
        // Its name is free again.
        client(&app).post(at(&app, "/connections"), json!({"name": "ENTRA", "kind": "scim"})).await.is(201);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_refuses() {
    on_both(async |app| {
        let connections = at(&app, "/connections");
        client(&app).post(&connections, json!({"name": "Okta", "kind": "scim"})).await.is(201);
        let unknown = "00000000-0000-4000-8000-000000000007";
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"name": "X"}), "400 invalid"),
            (json!({"name": "", "kind": "scim"}), "400 invalid"),
            (json!({"name": "x".repeat(256), "kind": "scim"}), "400 invalid"),
            (json!({"name": "X", "kind": "S C I M"}), "400 invalid"),
            (json!({"name": "X", "kind": "scim", "oneWay": "yes"}), "400 invalid"),
            (json!({"name": "X", "kind": "scim", "adopt": "some"}), "400 invalid"),
            (json!({"name": "X", "kind": "scim", "settings": []}), "400 invalid"),
            (json!({"name": "X", "kind": "scim", "settings": {"x": "y".repeat(65_536)}}), "400 invalid"),
            (json!({"name": "X", "kind": "scim", "colour": "red"}), "400 invalid"),
            (json!({"name": "X", "kind": "scim", "owner": unknown}), "422 unknown-reference"),
            (json!({"name": "X", "kind": "scim", "owner": app.id("carl")}), "422 unknown-reference"),
            (json!({"name": "oKTA", "kind": "scim"}), "409 taken"),
            (json!({"id": uuid::Uuid::nil(), "name": "X", "kind": "scim"}), "409 taken"),
        ] {
            assert_eq!(problem(&client(&app).post(&connections, body.clone()).await), says, "{body}");
        }
        for connection in [unknown, &app.id("northwind").to_string()] {
            let key = json!({"user": app.id("ada"), "access": "read", "connection": connection});
            assert_eq!(problem(&client(&app).post(at(&app, "/keys"), key).await), "422 unknown-reference");
        }
        assert_eq!(problem(&client(&app).by(Who::Editor).get(&connections).await), "403 forbidden");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn links_say_who_comes_from_where() {
    on_both(async |app| {
        let (id, token) = app.connect("Entra", true, Adopt::None).await;
        let (other, _) = app.connect("Okta", false, Adopt::None).await;
        let link = |id, rest: &str| at(&app, &format!("/connections/{id}/{rest}"));
        let eng = link(id, "groups/{eng}");
        let linked = client(&app).put(&eng, json!({"externalId": "g-1"})).await.is(200);
        assert_eq!(
            said(&linked),
            r#"200 {"type":"group","id":"<eng>","externalId":"g-1","made":false,"linkedAt":"2026-11-20T09:00:00.000000Z"}"#
        );
        client(&app).call("PUT", &eng, None).await.is(200);
        client(&app).put(&eng, json!({"externalId": "g-1"})).await.is(200);
        // One connection or none; an id of its own once.
        assert_eq!(problem(&client(&app).call("PUT", link(other, "groups/{eng}"), None).await), "409 conflict");
        assert_eq!(problem(&client(&app).put(link(id, "groups/{ops}"), json!({"externalId": "g-1"})).await), "409 taken");
        // Several may know one person.
        client(&app).put(link(id, "users/{vera}"), json!({"externalId": "1"})).await.is(200);
        client(&app).put(link(other, "users/{vera}"), json!({"externalId": "1"})).await.is(200);
        assert_eq!(problem(&client(&app).put(link(id, "users/{gus}"), json!({"externalId": "1"})).await), "409 taken");
        let page = client(&app).get(link(id, "links?type=group")).await.is(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert_eq!(page["items"][0]["id"], app.id("eng").to_string());
        // A one-way group refuses hands, through every door; its connection may.
        let gus = json!({"members": [{"id": app.id("gus")}]});
        let members = at(&app, "/groups/{eng}/members");
        assert_eq!(problem(&client(&app).post(&members, gus.clone()).await), "409 closed-group");
        let cakewalk = format!("/api/v1/UsersGroups/{}/Users", app.id("eng"));
        let body = json!({"userIds": [app.id("gus")], "triggeredByUserId": app.id("ada")});
        app.cakewalk().post(&cakewalk, body).await.is(400);
        app.token(&token).post(&members, gus.clone()).await.is(200);
        let reasons = client(&app).get(at(&app, "/groups/{eng}/members/{gus}")).await.json();
        assert_eq!(reasons["reasons"][0]["kind"], "synced", "{reasons}");
        // Made two-way, hands may add; what the connection says they cannot end.
        client(&app).patch(at(&app, &format!("/connections/{id}")), json!({"oneWay": false})).await.is(200);
        client(&app).post(&members, gus.clone()).await.is(200);
        assert_eq!(
            problem(&client(&app).post(at(&app, "/groups/{eng}/members/remove"), gus).await),
            "409 held-members"
        );
        // Detached, what the connection said ends, and what hands said stays.
        client(&app).delete(&eng).await.is(204);
        assert_eq!(problem(&client(&app).delete(&eng).await), "404 not-found");
        let reasons = client(&app).get(at(&app, "/groups/{eng}/members/{gus}")).await.json();
        assert_eq!((reasons["reasons"].as_array().unwrap().len(), &reasons["reasons"][0]["kind"]), (1, &json!("direct")));
        for rest in ["users/{carl}", "groups/{secret}"] {
            assert_eq!(problem(&client(&app).call("PUT", link(id, rest), None).await), "404 not-found");
        }
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn taking_a_connection_away_ends_what_it_kept() {
    on_both(async |app| {
        let (id, token) = app.connect("Entra", true, Adopt::None).await;
        client(&app).call("PUT", at(&app, &format!("/connections/{id}/groups/{{ops}}")), None).await.is(200);
        let both = json!({"members": [{"id": app.id("gus")}, {"id": app.id("vera")}]});
        for group in ["ops", "eng"] {
            app.token(&token).post(at(&app, &format!("/groups/{{{group}}}/members")), both.clone()).await.is(200);
        }
        let members = async |group: &str| {
            let page = client(&app).get(at(&app, &format!("/groups/{{{group}}}/members"))).await.is(200).json();
            page["items"].as_array().unwrap().len()
        };
        assert_eq!((members("ops").await, members("eng").await), (2, 2));
        client(&app).delete(at(&app, &format!("/connections/{id}"))).await.is(204);
        // Vera is in Engineering by hand as well.
        assert_eq!((members("ops").await, members("eng").await), (0, 1));
        client(&app).post(at(&app, "/groups/{ops}/members"), both).await.is(200);
        verify(&app).await;
    })
    .await;
}
