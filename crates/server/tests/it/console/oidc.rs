//! Signing in with OpenID Connect, against a provider that lies. A real one stands in `browser.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guildhall_server::oidc::{Provider, Registration};
use guildhall_testkit::{App, Client, Place, Reply, Who, on_both, operator};
use serde_json::{Value, json};

/// What the provider signs with, and where it is.
struct Liar {
    url: String,
    key: EcdsaKeyPair,
    other: EcdsaKeyPair,
}

fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

impl Liar {
    fn jwks(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "alg": "ES256", "use": "sig", "x": part(&point[1..33]), "y": part(&point[33..])}]})
    }

    /// A token of these claims, signed as the case says.
    fn token(&self, case: &str, claims: &Value) -> String {
        let alg = match case {
            "unsigned" => "none",
            "shared" => "HS256",
            _ => "ES256",
        };
        let header = json!({"alg": alg, "kid": if case == "no such key" { "2" } else { "1" }, "typ": "JWT"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let body = format!("{}.{}", part(&header), part(claims));
        let signed = match case {
            "unsigned" => Vec::new(),
            // The key that everybody can read, taken for one that only two know.
            "shared" => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.key.public_key().as_ref()), body.as_bytes())
                .as_ref()
                .to_vec(),
            "another's key" => sign(&self.other, &body),
            _ => sign(&self.key, &body),
        };
        let body = if case == "changed" { body.replacen('.', ".e30", 1) } else { body };
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(signed))
    }
}

fn sign(key: &EcdsaKeyPair, body: &str) -> Vec<u8> {
    key.sign(&SystemRandom::new(), body.as_bytes()).expect("a signature").as_ref().to_vec()
}

async fn token(State(liar): State<Arc<Liar>>, body: String) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    // The code says what to answer, and the nonce that a right answer has.
    let (case, nonce) = form["code"].split_once('|').expect("a case and a nonce");
    assert_eq!(form["code_verifier"].len(), 43);
    let mut claims = json!({
        "iss": liar.url, "aud": "guildhall", "sub": "1", "exp": 1_900_000_000, "iat": 1_700_000_000, "nonce": nonce,
        "email": "ada.example@northwind.example", "email_verified": true,
    });
    match case {
        "another's issuer" => claims["iss"] = "https://elsewhere.example".into(),
        "another's token" => claims["aud"] = "payroll".into(),
        "another party" => {
            claims["aud"] = json!(["guildhall", "payroll"]);
            claims["azp"] = "payroll".into();
        }
        "expired" => claims["exp"] = 1_700_000_000.into(),
        "no expiry" => drop(claims.as_object_mut().expect("claims").remove("exp")),
        "another's nonce" => claims["nonce"] = "another".into(),
        "no nonce" => drop(claims.as_object_mut().expect("claims").remove("nonce")),
        "unverified" => claims["email_verified"] = false.into(),
        "no address" => drop(claims.as_object_mut().expect("claims").remove("email")),
        "refused" => return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
        "elsewhere" => return Redirect::temporary("http://127.0.0.1:9/").into_response(),
        "no JSON" => return "<html>".into_response(),
        "too long" => return "x".repeat(300 << 10).into_response(),
        _ => {}
    }
    Json(json!({"id_token": liar.token(case, &claims), "token_type": "Bearer"})).into_response()
}

/// A provider that answers as it is told to.
async fn liar() -> Arc<Liar> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let liar = Arc::new(Liar { url, key: pair(), other: pair() });
    let metadata = async |State(liar): State<Arc<Liar>>| {
        let at = |path: &str| format!("{}{path}", liar.url);
        Json(
            json!({"issuer": liar.url, "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"), "jwks_uri": at("/jwks")}),
        )
    };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/jwks", get(async |State(liar): State<Arc<Liar>>| Json(liar.jwks())))
        .route("/token", post(token))
        .with_state(Arc::clone(&liar));
    tokio::spawn(async move { axum::serve(listener, router).await });
    liar
}

fn trust(app: &App, issuer: &str) {
    let registration = Registration {
        issuer: issuer.into(),
        client_id: "guildhall".into(),
        client_secret: None,
        company: app.company(),
        name: "Liar".into(),
    };
    app.server().sign_in_with(Provider::new(registration).expect("a provider"));
}

fn browser(app: &App) -> Client<'_> {
    app.bearer().by(Who::Nobody)
}

/// The cookie of a sign-in that has begun, its state and its nonce.
async fn begin(app: &App) -> (String, String, String) {
    let reply = browser(app).get("/console/oidc/start").await.is(303);
    let there: http::Uri = reply.header("location").parse().expect("an address");
    let query: HashMap<String, String> =
        form_urlencoded::parse(there.query().expect("a query").as_bytes()).into_owned().collect();
    assert_eq!((query["response_type"].as_str(), query["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!(query["redirect_uri"], format!("{}/console/oidc/callback", app.url));
    let cookie = reply.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    (cookie.split(';').next().unwrap_or_default().to_owned(), query["state"].clone(), query["nonce"].clone())
}

async fn come_back(app: &App, cookie: &str, state: &str, code: &str) -> Reply {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("state", state).append_pair("code", code).finish();
    browser(app).with("cookie", cookie).get(format!("/console/oidc/callback?{query}")).await.is(303)
}

fn let_in(reply: &Reply) -> bool {
    reply.headers.iter().any(|(name, value)| name == "set-cookie" && value.starts_with("guildhall-session="))
}

#[tokio::test]
async fn only_what_the_provider_has_signed_for_us_and_now_lets_in() {
    on_both(async |app| {
        let liar = liar().await;
        trust(&app, &liar.url);
        let hand = operator(&app.engine, app.company());
        let ada = app.engine.user(&hand, app.id("ada").into()).await.expect("ada");
        assert_eq!(ada.email, "ada.example@northwind.example");
        let told = browser(&app).get("/console/session").await.is(200).json();
        assert_eq!(told["ways"], json!([{"name": "Liar", "url": "/console/oidc/start"}]));
        for case in [
            "unsigned",
            "shared",
            "another's key",
            "no such key",
            "changed",
            "another's issuer",
            "another's token",
            "another party",
            "expired",
            "no expiry",
            "another's nonce",
            "no nonce",
            "unverified",
            "no address",
            "refused",
            "elsewhere",
            "no JSON",
            "too long",
        ] {
            let (cookie, state, nonce) = begin(&app).await;
            let reply = come_back(&app, &cookie, &state, &format!("{case}|{nonce}")).await;
            assert_eq!(reply.header("location"), "/console/?failed=provider", "{case}");
            assert!(!let_in(&reply), "{case}");
        }
        let (cookie, state, nonce) = begin(&app).await;
        let reply = come_back(&app, &cookie, &state, &format!("right|{nonce}")).await;
        assert_eq!(reply.header("location"), "/console/");
        assert!(let_in(&reply), "{:?}", reply.headers);
        let started = app.events().await.into_iter().filter(|event| event.kind == "session.started").count();
        assert_eq!(started, 1);
        app.engine.deactivate_user(&hand, ada.id).await.expect_err("the last administrator stays");
    })
    .await;
}

#[tokio::test]
async fn only_the_browser_that_began_comes_back() {
    let app = App::start(Place::sqlite()).await;
    let nothing = browser(&app).get("/console/oidc/start").await.is(303);
    assert_eq!(nothing.header("location"), "/console/?failed=off");
    let liar = liar().await;
    trust(&app, &liar.url);
    let (cookie, state, nonce) = begin(&app).await;
    let (other, _, _) = begin(&app).await;
    let code = format!("right|{nonce}");
    for (cookie, state) in
        [("", state.as_str()), (&other, &state), (&cookie, "x"), (&cookie, ""), ("guildhall-oidc=x.y.z", "x")]
    {
        let reply = come_back(&app, cookie, state, &code).await;
        assert_eq!((reply.header("location"), let_in(&reply)), ("/console/?failed=stale", false), "{cookie} {state}");
    }
    let refused = browser(&app)
        .with("cookie", &cookie)
        .get(format!("/console/oidc/callback?state={state}&error=access_denied"))
        .await;
    assert_eq!(refused.is(303).header("location"), "/console/?failed=refused");
}

#[tokio::test]
async fn a_provider_that_is_away_or_another_is_told_so() {
    for place in ["http://127.0.0.1:9", "http://localhost:9/elsewhere"] {
        let app = App::start(Place::sqlite()).await;
        trust(&app, place);
        let reply = browser(&app).get("/console/oidc/start").await.is(303);
        assert_eq!((reply.header("location"), reply.header("set-cookie")), ("/console/?failed=provider", ""));
    }
    // It calls itself otherwise than it was told to us.
    let app = App::start(Place::sqlite()).await;
    let liar = liar().await;
    trust(&app, &format!("{}/", liar.url));
    let reply = browser(&app).get("/console/oidc/start").await.is(303);
    assert_eq!(reply.header("location"), "/console/?failed=provider");
}
