//! Signing in, what a session may, and how it ends.

use guildhall_domain::caller::Access;
use guildhall_testkit::{App, Client, Reply, Who, on_both, operator};
use serde_json::json;

/// A browser that is signed in.
struct Browser {
    cookie: String,
    proof: String,
}

impl Browser {
    /// The same browser's calls, those of its own pages.
    fn client<'a>(&self, app: &'a App) -> Client<'a> {
        let client = app.bearer().by(Who::Nobody).with("cookie", &self.cookie);
        client.with("guildhall-proof", &self.proof).with("origin", &app.url)
    }
}

async fn try_in(app: &App, token: &str) -> Reply {
    app.bearer().by(Who::Nobody).with("origin", &app.url).post("/console/session", json!({"key": token})).await
}

async fn sign_in(app: &App, token: &str) -> Browser {
    let reply = try_in(app, token).await.is(201);
    let cookie = reply.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    Browser { cookie, proof: reply.json()["proof"].as_str().expect("a proof").to_owned() }
}

fn later(app: &App, seconds: i64) {
    app.clock.set(app.clock.now().plus_seconds(seconds));
}

fn groups(app: &App) -> String {
    format!("/v1/companies/{}/groups", app.company())
}

#[tokio::test]
async fn signing_in_hands_out_a_strict_cookie_and_nothing_else() {
    on_both(async |app| {
        let token = app.key(Who::Admin).token();
        let reply = try_in(&app, &token).await.is(201);
        let cookie = reply.header("set-cookie");
        assert!(cookie.starts_with("guildhall-session="), "{cookie}");
        for part in ["; Path=/;", "; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let told = reply.json();
        assert_eq!(
            (told["signedIn"].as_bool(), told["user"].as_str()),
            (Some(true), Some(&*app.id("ada").to_string()))
        );
        let secret = cookie.split(';').next().and_then(|pair| pair.rsplit('.').next()).expect("a secret");
        assert!(!reply.body.contains(secret) && !reply.body.contains(&app.key(Who::Admin).secret), "{}", reply.body);
        // Each signing in is a session of its own.
        let again = try_in(&app, &token).await.is(201);
        assert_ne!(again.header("set-cookie"), cookie);
        let browser = sign_in(&app, &token).await;
        let me = browser.client(&app).get("/v1/me").await.is(200).json();
        assert_eq!(
            (me["user"]["id"].as_str(), me["role"].as_str(), me["session"].as_bool()),
            (Some(&*app.id("ada").to_string()), Some("admin"), Some(true))
        );
        let told = browser.client(&app).get("/console/session").await.is(200).json();
        assert_eq!(told["proof"], browser.proof);
        let started: Vec<_> = app.events().await.into_iter().filter(|event| event.kind == "session.started").collect();
        assert_eq!(started.len(), 3);
        assert!(started.iter().all(|event| event.actor == app.id("ada").to_string()));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_key_signs_nobody_in() {
    on_both(async |app| {
        let good = app.key(Who::Admin).token();
        for token in ["", "x", "x.y", &format!("{good}x"), &good[..good.len() - 1], &format!("gh1.{good}")] {
            let reply = try_in(&app, token).await;
            assert_eq!((reply.status, reply.header("set-cookie")), (401, ""), "{token}: {reply}");
        }
        assert_eq!(try_in(&app, &app.key(Who::Platform).token()).await.status, 403);
        let (_, connection) = app.connect("okta", true, guildhall_domain::connection::Adopt::None).await;
        assert_eq!(try_in(&app, &connection).await.status, 403);
        let client = app.bearer().by(Who::Nobody).with("origin", &app.url);
        for body in
            [json!({}), json!({"key": 1}), json!({"key": good, "more": 1}), json!([]), json!({"key": "x".repeat(5000)})]
        {
            let reply = client.post("/console/session", body).await;
            assert!(matches!(reply.status, 400 | 413), "{reply}");
        }
        assert_eq!(client.send("POST", "/console/session", "text/plain", b"{}".to_vec()).await.status, 415);
        let elsewhere = app.bearer().by(Who::Nobody).with("origin", "https://evil.example");
        assert_eq!(elsewhere.post("/console/session", json!({"key": good})).await.status, 403);
        assert_eq!(client.get("/console/session").await.is(200).body, r#"{"signedIn":false,"ways":[]}"#);
    })
    .await;
}

#[tokio::test]
async fn another_page_cannot_change_anything_in_a_session() {
    on_both(async |app| {
        let browser = sign_in(&app, &app.key(Who::Admin).token()).await;
        let other = sign_in(&app, &app.key(Who::Admin).token()).await;
        let bare = app.bearer().by(Who::Nobody).with("cookie", &browser.cookie);
        let body = json!({"name": "From afar"});
        for client in [
            bare.clone(),
            bare.clone().with("origin", &app.url),
            bare.clone().with("guildhall-proof", &browser.proof).with("origin", "https://evil.example"),
            bare.clone().with("guildhall-proof", &browser.proof).with("origin", "null"),
            bare.clone().with("guildhall-proof", &browser.proof).with("sec-fetch-site", "cross-site"),
            bare.clone().with("guildhall-proof", &other.proof).with("origin", &app.url),
            bare.clone().with("guildhall-proof", "x").with("origin", &app.url),
        ] {
            let reply = client.post(groups(&app), body.clone()).await;
            assert_eq!(reply.status, 403, "{reply}");
            assert_eq!(client.delete("/console/session").await.status, 403);
        }
        bare.get(groups(&app)).await.is(200);
        browser.client(&app).post(groups(&app), body).await.is(201);
        // The cookie opens the native interface alone.
        let cookie = || app.bearer().by(Who::Nobody).with("cookie", &browser.cookie);
        for path in ["/api/v1/UsersGroups", "/scim/v2/Groups", "/api/v1/auth/group", "/v3/users"] {
            assert!(matches!(cookie().get(path).await.status, 401 | 403 | 404 | 405), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_may_what_its_key_may_as_long_as_that_works() {
    on_both(async |app| {
        let reader = app.new_key("ada", Access::Read).await;
        let browser = sign_in(&app, &reader.token()).await;
        browser.client(&app).get(groups(&app)).await.is(200);
        assert_eq!(browser.client(&app).post(groups(&app), json!({"name": "No"})).await.status, 403);
        let hand = operator(&app.engine, app.company());
        app.engine.revoke_key(&hand, reader.key.id).await.expect("revoked");
        assert_eq!(browser.client(&app).get(groups(&app)).await.status, 401);
        // A new secret for a key ends what the old one had opened.
        let key = app.new_key("ada", Access::Write).await;
        let browser = sign_in(&app, &key.token()).await;
        app.engine.rotate_key(&hand, key.key.id, 3600).await.expect("rotated");
        assert_eq!(browser.client(&app).get(groups(&app)).await.status, 401);
        // Nobody acts in the session of a person who is gone.
        let key = app.new_key("vera", Access::Write).await;
        let browser = sign_in(&app, &key.token()).await;
        browser.client(&app).get(groups(&app)).await.is(200);
        app.engine.deactivate_user(&hand, app.id("vera").into()).await.expect("deactivated");
        assert_eq!(browser.client(&app).get("/v1/me").await.status, 401);
        assert_eq!(try_in(&app, &key.token()).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_rest_and_by_age() {
    on_both(async |app| {
        let token = app.key(Who::Admin).token();
        let browser = sign_in(&app, &token).await;
        let out = browser.client(&app).delete("/console/session").await.is(204);
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
        assert_eq!(browser.client(&app).get(groups(&app)).await.status, 401);
        browser.client(&app).delete("/console/session").await.is(204);
        assert_eq!(app.events().await.iter().filter(|event| event.kind == "session.ended").count(), 1);
        // Twelve hours without a call.
        let browser = sign_in(&app, &token).await;
        later(&app, 12 * 3600 - 1);
        browser.client(&app).get(groups(&app)).await.is(200);
        app.engine.housekeep().await.expect("a round");
        later(&app, 12 * 3600 - 1);
        browser.client(&app).get(groups(&app)).await.is(200);
        app.engine.housekeep().await.expect("a round");
        later(&app, 12 * 3600 + 1);
        assert_eq!(browser.client(&app).get(groups(&app)).await.status, 401);
        // Seven days however much it is used.
        let browser = sign_in(&app, &token).await;
        for _ in 0..14 {
            later(&app, 11 * 3600);
            browser.client(&app).get(groups(&app)).await.is(200);
            app.engine.housekeep().await.expect("a round");
        }
        later(&app, 15 * 3600);
        assert_eq!(browser.client(&app).get(groups(&app)).await.status, 401);
        app.engine.prune().await.expect("pruned");
        sign_in(&app, &token).await.client(&app).get(groups(&app)).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_session_without_a_key_is_the_persons_own() {
    on_both(async |app| {
        let request = guildhall_domain::ids::RequestId::NIL;
        let signed_in = app.engine.sign_in_as(app.company(), app.id("ada").into(), request).await.expect("a session");
        let cookie = format!("guildhall-session={}", signed_in.cookie);
        let proof = app.engine.session_proof(signed_in.session.id);
        let browser = Browser { cookie, proof };
        browser.client(&app).post(groups(&app), json!({"name": "By hand"})).await.is(201);
        let made = app.events().await.pop().expect("an event");
        assert_eq!((made.kind.as_str(), made.actor), ("group.created", app.id("ada").to_string()));
        assert_eq!(made.key.map(|key| key.uuid()), Some(signed_in.session.id.uuid()));
        let hand = operator(&app.engine, app.company());
        app.engine.deactivate_user(&hand, app.id("vera").into()).await.expect("deactivated");
        assert!(app.engine.sign_in_as(app.company(), app.id("vera").into(), request).await.is_err());
        assert!(app.engine.sign_in_as(app.company(), uuid::Uuid::nil().into(), request).await.is_err());
        let broken = Browser { cookie: browser.cookie.replace('.', "-"), proof: browser.proof.clone() };
        assert_eq!(broken.client(&app).get(groups(&app)).await.status, 401);
    })
    .await;
}
