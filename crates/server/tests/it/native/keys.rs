//! Keys.

use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem, said, verify};

async fn works(app: &App, token: &Value) -> bool {
    let token = format!("Bearer {}", token.as_str().expect("a token"));
    let reply = client(app).by(Who::Nobody).with("authorization", token).get(at(app, "/groups")).await;
    assert!(matches!(reply.status, 200 | 401 | 404), "{reply}");
    reply.status == 200
}

#[tokio::test]
async fn a_key_lives_and_ends() {
    on_both(async |app| {
        let body = json!({"user": app.id("vera"), "name": "CI", "access": "read", "expiresAt": "2026-11-21T10:00:00+01:00"});
        let made = client(&app).post(at(&app, "/keys"), body).await.is(201);
        let (secret, token) = (made.json()["secret"].clone(), made.json()["token"].clone());
        assert_eq!(
            said(&made).replace(secret.as_str().unwrap(), "S"),
            r#"201 {"id":"<id 1>","user":"<vera>","name":"CI","access":"read","connection":null,"createdAt":"2026-11-20T09:00:00.000000Z","expiresAt":"2026-11-21T09:00:00.000000Z","lastUsedAt":null,"previousUntil":null,"revokedAt":null,"secret":"S","token":"<id 1>.S"}"#
        );
        assert!(works(&app, &token).await);
        let path = made.header("location").to_owned();
        for shown in [client(&app).get(&path).await.body, client(&app).get(at(&app, "/keys")).await.body] {
            assert!(!shown.contains("secret") && !shown.contains(secret.as_str().unwrap()));
        }
        let rotated = client(&app).call("POST", format!("{path}/rotate"), None).await.is(200).json();
        assert_eq!(rotated["previousUntil"], "2026-11-21T09:00:00.000000Z");
        assert!(works(&app, &token).await && works(&app, &rotated["token"]).await);
        let at_once = client(&app).post(format!("{path}/rotate"), json!({"overlapSeconds": 0})).await.is(200).json();
        assert!(!works(&app, &rotated["token"]).await && works(&app, &at_once["token"]).await);
        client(&app).delete(&path).await.is(204);
        assert!(!works(&app, &at_once["token"]).await);
        let before = app.events().await.len();
        client(&app).delete(&path).await.is(204);
        assert_eq!(app.events().await.len(), before);
        assert_eq!(client(&app).get(&path).await.json()["revokedAt"], "2026-11-20T09:00:00.000000Z");
        assert_eq!(problem(&client(&app).post(format!("{path}/rotate"), json!({})).await), "409 conflict");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_key_refuses() {
    on_both(async |app| {
        let keys = at(&app, "/keys");
        let vera = app.id("vera");
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"user": vera}), "400 invalid"),
            (json!({"user": "x", "access": "read"}), "400 invalid"),
            (json!({"user": null, "access": "read"}), "400 invalid"),
            (json!({"user": vera, "access": "all"}), "400 invalid"),
            (json!({"user": vera, "access": "read", "name": "x".repeat(256)}), "400 invalid"),
            (json!({"user": vera, "access": "read", "expiresAt": "tomorrow"}), "400 invalid"),
            (json!({"user": vera, "access": "read", "expiresAt": "2026-11-20T09:00:00Z"}), "400 invalid"),
            (json!({"user": vera, "access": "read", "connection": vera}), "422 unknown-reference"),
            (json!({"user": app.id("carl"), "access": "read"}), "422 unknown-reference"),
        ] {
            let reply = client(&app).post(&keys, body).await;
            assert_eq!(problem(&reply), says, "{reply}");
        }
        let foreign = app.key(Who::Foreign).key.id;
        for id in ["00000000-0000-4000-8000-000000000001".to_owned(), foreign.to_string()] {
            let path = format!("{keys}/{id}");
            for reply in [
                client(&app).get(&path).await,
                client(&app).delete(&path).await,
                client(&app).call("POST", format!("{path}/rotate"), None).await,
            ] {
                assert_eq!(problem(&reply), "404 not-found");
            }
        }
        let own = format!("{keys}/{}", app.key(Who::Admin).key.id);
        for overlap in [json!(2_592_001), json!(-1), json!("1"), json!(1e10)] {
            let reply = client(&app).post(format!("{own}/rotate"), json!({"overlapSeconds": overlap})).await;
            assert_eq!(problem(&reply), "400 invalid", "{reply}");
        }
        assert!(!works(&app, &json!(app.key(Who::Foreign).token())).await, "a foreign key sees nothing here");
    })
    .await;
}
