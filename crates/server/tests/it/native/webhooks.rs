//! Webhooks as records: made, edited, rotated and refused. What they send is in `webhooks/`.

use guildhall_testkit::{App, Who, on_both, operator};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, problem, said, verify};

const URL: &str = "https://hooks.example/in?token=t0ken";

#[tokio::test]
async fn a_webhook_lives_and_ends() {
    on_both(async |app| {
        let body = json!({"name": "Sync", "url": URL, "events": ["group.*", "user.created", "group.*"]});
        let made = client(&app).post(at(&app, "/webhooks"), body).await.is(201);
        let secret = made.json()["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        let revision = made.json()["deliveredRevision"].to_string();
        assert_eq!(
            said(&made).replace(&secret, "S").replace(&format!(":{revision},"), ":R,"),
            r#"201 {"id":"<id 1>","name":"Sync","url":"https://hooks.example/in?token=t0ken","form":"standard","events":["group.*","user.created"],"state":"active","owner":"<ada>","publicKey":null,"previousUntil":null,"deliveredRevision":R,"tries":0,"failingSince":null,"nextTryAt":null,"disabledWhy":null,"createdAt":"2026-11-20T09:00:00.000000Z","updatedAt":"2026-11-20T09:00:00.000000Z","secret":"S"}"#
        );
        let path = made.header("location").to_owned();
        for shown in [client(&app).get(&path).await.body, client(&app).get(at(&app, "/webhooks")).await.body] {
            assert!(!shown.contains("secret") && !shown.contains("whsec_") && shown.contains(URL));
        }
        let tag = made.header("etag").to_owned();
        let edited = client(&app).with("if-match", &tag).patch(&path, json!({"name": null, "events": ["*"]})).await.is(200);
        assert_eq!((&edited.json()["name"], &edited.json()["events"]), (&Value::Null, &json!(["*"])));
        let stale = client(&app).with("if-match", &tag).patch(&path, json!({"name": "x"})).await;
        assert_eq!(problem(&stale), "412 stale");
        let now = client(&app).get(&path).await.is(200);
        let seen = client(&app).with("if-none-match", now.header("etag")).get(&path).await;
        assert_eq!(seen.status, 304);
        let fresh = client(&app).with("if-match", now.header("etag")).patch(&path, json!({"name": "Again"})).await.is(200);
        let before = app.events().await.len();
        client(&app).patch(&path, json!({"name": "Again"})).await.is(200);
        assert_eq!(app.events().await.len(), before, "an edit that changes nothing is no news");
        assert_eq!(problem(&client(&app).with("if-match", &tag).delete(&path).await), "412 stale");
        client(&app).with("if-match", fresh.header("etag")).delete(&path).await.is(204);
        assert_eq!(problem(&client(&app).get(&path).await), "404 not-found");
        assert_eq!(problem(&client(&app).delete(&path).await), "404 not-found");
        let events = app.events().await;
        let told: Vec<&str> = events.iter().filter(|e| e.kind.starts_with("webhook.")).map(|e| &*e.kind).collect();
        assert_eq!(told, ["webhook.created", "webhook.updated", "webhook.updated", "webhook.deleted"]);
        assert!(events.iter().all(|e| !e.data.contains("t0ken") && !e.data.contains("whsec_")), "secrets stay out");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_shown_once_and_given_by_who_has_one() {
    on_both(async |app| {
        let given = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let once = client(&app).with("idempotency-key", "k");
        let body = json!({"url": URL, "events": ["*"], "secret": given});
        let made = once.post(at(&app, "/webhooks"), body.clone()).await.is(201).json();
        assert_eq!(made["secret"], given);
        let repeat = once.post(at(&app, "/webhooks"), body).await.is(201).json();
        assert_eq!((&repeat["secret"], &repeat["id"]), (&Value::Null, &made["id"]));
        let path = at(&app, &format!("/webhooks/{}/rotate", made["id"].as_str().unwrap()));
        let rotated = client(&app).call("POST", &path, None).await.is(200).json();
        assert!(rotated["secret"] != json!(given) && rotated["previousUntil"] == "2026-11-21T09:00:00.000000Z");
        let back = client(&app).post(&path, json!({"secret": given, "overlapSeconds": 0})).await.is(200).json();
        assert_eq!((&back["secret"], &back["previousUntil"]), (&json!(given), &json!("2026-11-20T09:00:00.000000Z")));
        for wrong in [
            json!({"overlapSeconds": 2_592_001}),
            json!({"overlapSeconds": -1}),
            json!({"secret": "x"}),
            json!({"secret": "whsec_AAAA"}),
        ] {
            assert_eq!(problem(&client(&app).post(&path, wrong).await), "400 invalid");
        }
    })
    .await;
}

#[tokio::test]
async fn a_webhook_refuses() {
    on_both(async |app| {
        let hooks = at(&app, "/webhooks");
        let many: Vec<String> = (0..101).map(|_| "*".to_owned()).collect();
        for (body, field) in [
            (json!({}), "url"),
            (json!({"url": URL}), "events"),
            (json!({"events": ["*"]}), "url"),
            (json!({"url": URL, "events": []}), "events"),
            (json!({"url": URL, "events": "group.*"}), "events"),
            (json!({"url": URL, "events": ["group.renamed"]}), "events[0]"),
            (json!({"url": URL, "events": ["*", 1]}), "events[1]"),
            (json!({"url": URL, "events": many}), "events"),
            (json!({"url": URL, "events": ["*"], "form": "xml"}), "form"),
            (json!({"url": URL, "events": ["*"], "name": ""}), "name"),
            (json!({"url": URL, "events": ["*"], "name": "x".repeat(256)}), "name"),
            (json!({"url": URL, "events": ["*"], "state": "paused"}), "state"),
            (json!({"url": URL, "events": ["*"], "secret": "x"}), "secret"),
            (json!({"url": URL, "events": ["*"], "form": "standard-ed25519", "secret": "x"}), "secret"),
            (json!({"url": format!("https://x/{}", "x".repeat(2000)), "events": ["*"]}), "url"),
            (json!({"url": "ftp://hooks.example", "events": ["*"]}), "url"),
            (json!({"url": "https://u:p@hooks.example", "events": ["*"]}), "url"),
            (json!({"url": "https://10.0.0.1", "events": ["*"]}), "url"),
        ] {
            let reply = client(&app).post(&hooks, body).await;
            assert!(matches!(&*problem(&reply), "400 invalid" | "400 too-many"), "{reply}");
            assert_eq!(reply.json()["errors"][0]["field"], field, "{reply}");
        }
        let (hook, line) = planted(&app).await;
        for body in [json!({"url": null}), json!({"events": null}), json!({"form": "cakewalk"}), json!({"url": "x"})] {
            let reply = client(&app).patch(format!("{hooks}/{hook}"), body).await;
            assert_eq!(problem(&reply), "400 invalid", "{reply}");
        }
        let mut foreign = operator(&app.engine, app.company());
        foreign.company = app.id("contoso").into();
        let theirs = app.engine.create_webhook(&foreign, new()).await.unwrap().value.webhook.id.uuid();
        for unknown in [Uuid::from_u128(7), theirs] {
            for (method, tail) in [
                ("GET", String::new()),
                ("PATCH", String::new()),
                ("DELETE", String::new()),
                ("POST", "/rotate".into()),
                ("POST", "/pause".into()),
                ("POST", "/resume".into()),
                ("POST", "/test".into()),
                ("GET", "/deliveries".into()),
                ("GET", format!("/deliveries/{line}")),
                ("POST", format!("/deliveries/{line}/redeliver")),
            ] {
                let body = (method == "PATCH").then(|| json!({}));
                let reply = client(&app).call(method, format!("{hooks}/{unknown}{tail}"), body).await;
                assert_eq!(problem(&reply), "404 not-found", "{method} {tail}");
            }
        }
        let reply = client(&app).get(format!("{hooks}/{hook}/deliveries/{hook}")).await;
        assert_eq!(problem(&reply), "404 not-found");
        // What waits is bounded, and so is the number of webhooks.
        for _ in 0..99 {
            client(&app).call("POST", format!("{hooks}/{hook}/test"), None).await.is(202);
        }
        assert_eq!(problem(&client(&app).call("POST", format!("{hooks}/{hook}/test"), None).await), "409 conflict");
        for _ in 0..99 {
            client(&app).post(&hooks, json!({"url": URL, "events": ["*"]})).await.is(201);
        }
        let body = json!({"url": URL, "events": ["*"]});
        assert_eq!(problem(&client(&app).post(&hooks, body.clone()).await), "409 conflict");
        client(&app).delete(format!("{hooks}/{hook}")).await.is(204);
        client(&app).post(&hooks, body).await.is(201);
        assert_eq!(client(&app).by(Who::Foreign).get(format!("{hooks}/{theirs}")).await.status, 404);
    })
    .await;
}

fn new() -> guildhall_domain::webhook::NewWebhook {
    guildhall_domain::webhook::NewWebhook {
        name: None,
        url: URL.into(),
        form: guildhall_domain::webhook::Form::Standard,
        events: vec!["*".into()],
        secret: None,
    }
}

/// A webhook of Northwind with one line in its log, made by the server's own hand.
pub(crate) async fn planted(app: &App) -> (Uuid, Uuid) {
    let hand = operator(&app.engine, app.company());
    let hook = app.engine.create_webhook(&hand, new()).await.expect("a webhook").value.webhook.id;
    let line = app.engine.test_webhook(&hand, hook).await.expect("a delivery").value.id;
    (hook.uuid(), line.uuid())
}
