//! Signing in to the console, what its pages must know of their session, and signing out.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::ids::RequestId;
use guildhall_domain::session::Session;
use guildhall_domain::{Error, Result};
use guildhall_engine::{Presented, SignedIn};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::super::native::error;
use crate::app::App;
use crate::http::body;
use crate::http::caller::{Manner, cookie_name, own_page, presented, same_origin};
use crate::http::layers;
use crate::http::peer::Origin;
use crate::oidc::Provider;

/// The most bytes of a request to sign in.
const MOST: u64 = 4096;

/// What signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// A key: `<id>.<secret>`.
    key: String,
}

/// Where a request comes from, and what it is called.
pub(super) type From = (Extension<Origin>, Extension<layers::RequestId>);

pub(super) fn named(from: &From) -> RequestId {
    RequestId::new(from.1.0.0)
}

/// Whose session the request comes in.
async fn caller(app: &App, headers: &HeaderMap, request: RequestId) -> Result<Caller> {
    let session = presented(headers, Manner::Console).filter(|found| matches!(found, Presented::Session(_)));
    let none = Error::Unauthenticated { why: "nobody is signed in" };
    app.engine().authenticate(session.ok_or(none)?, Dialect::Native, request).await
}

/// What a page must know: whether somebody is signed in, and what proves its changes. Always 200, so that a page which
/// only wants to know need not take "nobody" for a failure.
pub(super) async fn tell(State(app): State<App>, from: From, headers: HeaderMap) -> Response {
    let found = async {
        let caller = caller(&app, &headers, named(&from)).await?;
        app.engine().session(&caller).await
    };
    match found.await {
        Ok(session) => axum::Json(told(&app, &session)).into_response(),
        Err(Error::Unauthenticated { .. }) => {
            let ways: Vec<_> = app.provider().into_iter().map(way).collect();
            axum::Json(json!({"signedIn": false, "ways": ways})).into_response()
        }
        Err(other) => error::answer(other, named(&from)),
    }
}

/// A way to sign in that is no key.
fn way(provider: &Provider) -> serde_json::Value {
    json!({"name": provider.name(), "url": "/console/oidc/start"})
}

fn told(app: &App, session: &Session) -> serde_json::Value {
    json!({
        "signedIn": true,
        "company": session.company.uuid(),
        "user": session.user.uuid(),
        "expiresAt": session.expires_at.to_string(),
        "proof": app.engine().session_proof(session.id),
    })
}

/// Signs in with a key. Every signing in makes a session of its own.
pub(super) async fn sign_in(State(app): State<App>, from: From, headers: HeaderMap, body: Body) -> Response {
    let outcome = async {
        if !same_origin(&headers, Some(&from.0.0)) {
            return Err(Error::forbidden("signing in is for pages of this console alone").into());
        }
        let bytes = body::read(body, MOST).await?;
        let SignIn { key } = body::parse(&headers, &bytes)?;
        match app.engine().sign_in(Presented::Bearer(key.trim()), named(&from)).await {
            Ok(signed_in) => Ok(signed_in),
            Err(error @ Error::Unauthenticated { .. }) => {
                app.metrics().refused_credential(Dialect::Native);
                match app.wrong().failed(from.0.0.client) {
                    Ok(()) => Err(error.into()),
                    Err(retry) => Err(Error::TooFast { retry_after: retry.0 }.into()),
                }
            }
            Err(other) => Err(error::Failure::from(other)),
        }
    };
    match outcome.await {
        Ok(signed_in) => begun(&app, &from.0.0, &signed_in),
        Err(failure) => error::settled(failure.into_response(), named(&from)),
    }
}

/// The answer that hands the browser its session.
fn begun(app: &App, origin: &Origin, signed_in: &SignedIn) -> Response {
    let mut response = (StatusCode::CREATED, axum::Json(told(app, &signed_in.session))).into_response();
    begin(&mut response, origin, signed_in);
    response
}

/// Hands the browser its session with this answer.
pub(super) fn begin(response: &mut Response, origin: &Origin, signed_in: &SignedIn) {
    set_cookie(response, origin, &signed_in.cookie, guildhall_domain::session::LONGEST_SECONDS);
}

/// Sets the cookie of a session, for pages of ours alone and out of the reach of scripts.
fn set_cookie(response: &mut Response, origin: &Origin, value: &str, seconds: i64) {
    let https = origin.scheme == "https";
    let (name, secure) = (cookie_name(https), if https { "; Secure" } else { "" });
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Signs out: the session ends here, not only in the browser.
pub(super) async fn sign_out(State(app): State<App>, from: From, headers: HeaderMap) -> Response {
    let outcome = async {
        let caller = caller(&app, &headers, named(&from)).await?;
        own_page(&app, &caller, &headers, Some(&from.0.0))?;
        app.engine().sign_out(&caller).await
    };
    match outcome.await {
        Ok(()) | Err(Error::Unauthenticated { .. }) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            set_cookie(&mut response, &from.0.0, "", 0);
            response
        }
        Err(other) => error::answer(other, named(&from)),
    }
}
