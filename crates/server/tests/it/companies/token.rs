//! The token endpoint, and what its tokens open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guildhall_domain::caller::Access;
use guildhall_engine::Secret;
use guildhall_server::config::Limits;
use guildhall_testkit::{Place, Who, on_both};

use super::*;

const PATH: &str = "/v2/auth/oauth2-token";
const FORM: &str = "application/x-www-form-urlencoded";

fn form(key: &Secret) -> String {
    format!("grant_type=client_credentials&client_id={}&client_secret={}", key.key.id, key.secret)
}

async fn ask(app: &App, form: impl Into<String>) -> Reply {
    app.bearer().by(Who::Nobody).send("POST", PATH, FORM, form.into().into_bytes()).await
}

async fn token(app: &App, key: &Secret) -> String {
    ask(app, form(key)).await.is(200).json()["access_token"].as_str().expect("a token").to_owned()
}

fn with<'a>(app: &'a App, token: &str) -> Client<'a> {
    app.bearer().by(Who::Nobody).with("authorization", format!("Bearer {token}"))
}

#[tokio::test]
async fn client_credentials_become_a_token_for_an_hour() {
    on_both(async |app| {
        let reply = ask(&app, format!("{}&audience=x&scope=&audience=y", form(app.key(Who::Admin)))).await.is(200);
        assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
        assert_eq!(reply.header("content-type"), "application/json");
        let answer = reply.json();
        let token = answer["access_token"].as_str().unwrap();
        assert!(token.starts_with(&format!("gh1.{}.", app.key(Who::Admin).key.id)));
        assert_eq!(answer, json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}));
        with(&app, token).get(group(&app, "eng")).await.is(200);
        at(&app, "2026-11-20T09:59:59Z");
        with(&app, token).get(group(&app, "eng")).await.is(200);
        at(&app, "2026-11-20T10:00:00Z");
        let late = with(&app, token).get(group(&app, "eng")).await;
        assert_eq!(late.header("www-authenticate"), "Bearer");
        told!(late, @r#"401 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"USER_NOT_AUTHENTICATED","message":"the token is invalid, expired or missing","errorDetail":"the key is missing, unknown, expired or revoked, or its secret is wrong"}]}"#);
    })
    .await;
}

#[tokio::test]
async fn a_token_has_the_rights_of_its_key_and_ends_with_it() {
    on_both(async |app| {
        let read = token(&app, app.key(Who::AdminReadOnly)).await;
        with(&app, &read).get(group(&app, "eng")).await.is(200);
        with(&app, &read).delete(group(&app, "eng")).await.is(403);
        let platform = token(&app, app.key(Who::Platform)).await;
        with(&app, &platform).get(format!("/v2/companies/{}", app.id("contoso"))).await.is(200);
        let key = app.new_key("ada", Access::Write).await;
        let short = token(&app, &key).await;
        with(&app, &short).get(group(&app, "eng")).await.is(200);
        app.engine.revoke_key(&operator(&app.engine, app.company()), key.key.id).await.unwrap();
        with(&app, &short).get(group(&app, "eng")).await.is(401);
        ask(&app, form(&key)).await.is(403);
        // Another key's signature opens nothing.
        let forged = short.replace(&key.key.id.to_string(), &app.key(Who::Admin).key.id.to_string());
        with(&app, &forged).get(group(&app, "eng")).await.is(401);
    })
    .await;
}

#[tokio::test]
async fn basic_authentication_is_as_good_as_the_form() {
    on_both(async |app| {
        let key = app.key(Who::Admin);
        let basic = |pair: String| {
            app.bearer().by(Who::Nobody).with("authorization", format!("Basic {}", STANDARD.encode(pair)))
        };
        let right = basic(format!("{}:{}", key.key.id, key.secret));
        let ask =
            async |client: &Client<'_>, form: &str| client.send("POST", PATH, FORM, form.as_bytes().to_vec()).await;
        ask(&right, "grant_type=client_credentials").await.is(200);
        ask(&right, &format!("grant_type=client_credentials&client_id={}", key.key.id)).await.is(200);
        told!(ask(&right, &form(key)).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"client_secret must be left out where Authorization holds it","errorParameters":[{"name":"field","value":"client_secret"}]}]}"#);
        told!(ask(&basic(format!("{}:no", key.key.id)), "grant_type=client_credentials").await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"the client_id is unknown or its client_secret is wrong"}]}"#);
        told!(ask(&app.bearer(), "grant_type=client_credentials").await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"Authorization must be left out, or hold Basic and the client's credentials in base64","errorParameters":[{"name":"field","value":"Authorization"}]}]}"#);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_token_request_is_refused() {
    on_both(async |app| {
        let client = app.bearer().by(Who::Nobody);
        told!(ask(&app, "grant_type=client_credentials&client_id=x&client_secret=y").await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"the client_id is unknown or its client_secret is wrong"}]}"#);
        assert_eq!(
            wire(&ask(&app, form(app.key(Who::Revoked))).await),
            wire(&ask(&app, form(app.key(Who::Revoked)).replace("secret=", "secret=x")).await)
        );
        told!(ask(&app, "grant_type=password&client_id=x&client_secret=y").await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"grant_type must be client_credentials","errorParameters":[{"name":"field","value":"grant_type"}]}]}"#);
        told!(ask(&app, "client_id=x&client_secret=y").await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"grant_type is missing","errorParameters":[{"name":"field","value":"grant_type"}]}]}"#);
        told!(ask(&app, "grant_type=client_credentials&client_id=x&client_id=x").await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"client_id is given twice","errorParameters":[{"name":"field","value":"client_id"}]}]}"#);
        told!(ask(&app, "grant_type=client_credentials&client_id=x&client_secret=").await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"client_secret is missing","errorParameters":[{"name":"field","value":"client_secret"}]}]}"#);
        told!(ask(&app, "grant_type=client_credentials&client_id=%00%ff%zz&client_secret=%00").await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"the client_id is unknown or its client_secret is wrong"}]}"#);
        told!(ask(&app, "x".repeat(20_000)).await, @r#"413 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body is larger than 16384 bytes"}]}"#);
        told!(client.post(PATH, json!({"grant_type": "client_credentials"})).await, @r#"415 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body must be a form, with Content-Type: application/x-www-form-urlencoded"}]}"#);
        client.send("POST", PATH, "", Vec::new()).await.is(415);
        client.send("POST", PATH, FORM, Vec::new()).await.is(400);
        let get = client.get(PATH).await;
        assert_eq!(get.header("allow"), "POST");
        told!(get, @r#"405 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"this path does not take GET"}]}"#);
    })
    .await;
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_owner_is_not() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, Limits { wrong_credentials: 2, ..Limits::default() }).await;
        let wrong = form(app.key(Who::Admin)).replace("secret=", "secret=x");
        for _ in 0..2 {
            ask(&app, wrong.clone()).await.is(403);
        }
        let reply = ask(&app, wrong).await.is(429);
        assert!((1..=60).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
        assert_eq!(reply.json()["errorMessages"][0]["errorCode"], "TOO_MANY_REQUESTS");
        ask(&app, form(app.key(Who::Admin))).await.is(200);
        // The door counts with it, and holds no right credential up either.
        with(&app, "gh1.x").get(group(&app, "eng")).await.is(429);
        // Who sends no credential guesses none: they hear what is missing, however often.
        app.bearer().by(Who::Nobody).get(group(&app, "eng")).await.is(401);
        app.cakewalk().by(Who::Nobody).get("/api/v1/Users").await.is(401);
        app.bearer().get(group(&app, "eng")).await.is(200);
    }
}
