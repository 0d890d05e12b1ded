//! Signing in to the console with the company's own sign-in: going there, and coming back.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::ids::RequestId;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use super::session::{self, From};
use crate::app::App;
use crate::http::caller::cookie;
use crate::http::peer::Origin;
use crate::oidc::{Begun, Provider};

/// Seconds that somebody may take at the provider.
const SECONDS: u32 = 900;

/// The name of the cookie that keeps a sign-in which has begun.
fn name(origin: &Origin) -> &'static str {
    if origin.scheme == "https" { "__Host-guildhall-oidc" } else { "guildhall-oidc" }
}

/// Keeps a sign-in that has begun in the browser, or drops it. Lax: the provider's page leads back here.
fn keep(response: &mut Response, origin: &Origin, value: &str, seconds: u32) {
    let secure = if origin.scheme == "https" { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(origin));
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Where the provider sends people back to.
fn back(origin: &Origin) -> Option<String> {
    Some(format!("{}://{}/console/oidc/callback", origin.scheme, origin.host.as_deref()?))
}

/// Back to the sign-in page, which has words for each of these.
fn failed(what: &str) -> Response {
    Redirect::to(&format!("/console/?failed={what}")).into_response()
}

/// Sends the browser to the provider.
pub(super) async fn start(State(app): State<App>, from: From) -> Response {
    let origin = &from.0.0;
    let (Some(provider), Some(back)) = (app.provider(), back(origin)) else { return failed("off") };
    let begun = match Begun::new() {
        Ok(begun) => begun,
        Err(_) => return failed("provider"),
    };
    match provider.begin(&begun, &back).await {
        Ok(there) => {
            let mut response = Redirect::to(&there).into_response();
            keep(&mut response, origin, &begun.write(), SECONDS);
            response
        }
        Err(why) => {
            tracing::warn!(%why, "nobody can sign in with OpenID Connect");
            failed("provider")
        }
    }
}

/// What the provider sends people back with.
#[derive(Deserialize)]
pub(super) struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// Takes people in who come back from the provider.
pub(super) async fn callback(
    State(app): State<App>,
    from: From,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Response {
    let origin = &from.0.0;
    let (Some(provider), Some(back)) = (app.provider(), back(origin)) else { return failed("off") };
    let begun = cookie(&headers, name(origin)).and_then(Begun::read);
    let mut response = match (begun, answer) {
        (Some(begun), Answer { state: Some(state), code, error }) if state == begun.state => match (code, error) {
            (Some(code), None) => take_in(&app, provider, &begun, &code, &back, origin, session::named(&from)).await,
            _ => failed("refused"),
        },
        // Not what this browser began, or too long ago.
        _ => failed("stale"),
    };
    keep(&mut response, origin, "", 0);
    response
}

async fn take_in(
    app: &App,
    provider: &Provider,
    begun: &Begun,
    code: &str,
    back: &str,
    origin: &Origin,
    request: RequestId,
) -> Response {
    let engine = app.engine();
    let now = engine.clock().now().micros() / 1_000_000;
    let proved = match provider.finish(begun, code, back, now).await {
        Ok(proved) => proved,
        Err(why) => {
            tracing::warn!(%why, request_id = %request, "a sign-in with OpenID Connect was not believed");
            return failed("provider");
        }
    };
    let company = provider.company();
    let operator = Caller::operator(company, Dialect::Native, request);
    let found = async {
        let user = engine.users_by_email(&operator, &[&proved.email]).await?.pop().flatten();
        match user {
            Some(user) => engine.sign_in_as(company, user, request).await.map(Some),
            None => Ok(None),
        }
    };
    match found.await {
        Ok(Some(signed_in)) => {
            let mut response = Redirect::to("/console/").into_response();
            session::begin(&mut response, origin, &signed_in);
            response
        }
        Ok(None) | Err(guildhall_domain::Error::NotFound { .. }) => failed("unknown"),
        Err(error) => {
            tracing::error!(%error, request_id = %request, "a proved person could not be taken in");
            failed("provider")
        }
    }
}
