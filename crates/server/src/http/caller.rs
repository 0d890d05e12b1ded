//! From a request's credential to its caller, the same way in every dialect.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::ids::RequestId;
use guildhall_domain::{Error, Result};
use guildhall_engine::Presented;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use uuid::Uuid;

use super::layers::KeyId;
use super::peer::Origin;
use crate::app::App;

/// How a dialect's clients present their key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// `X-API-KEY` and `X-API-SECRET`; no `Authorization` takes part.
    TwoHeaders,
    /// `Authorization: Bearer …`.
    Bearer,
    /// Either of the two.
    Either,
    /// Either of the two, or the cookie of a session of the console.
    Console,
}

/// A dialect's door: who it lets in and how it refuses.
#[derive(Clone)]
pub struct Door {
    /// The state of the router.
    pub app: App,
    /// The dialect.
    pub dialect: Dialect,
    /// How keys are presented.
    pub manner: Manner,
    /// Puts an error into the dialect's form.
    pub refuse: fn(Error, RequestId) -> Response,
    /// Methods other than GET and HEAD that only read here, told by method and path.
    pub reads: fn(&Method, &str) -> bool,
}

/// In the extensions of a response: why it is a refusal, for the chain of refusals.
#[derive(Clone, Copy, Debug)]
pub struct Cause(pub &'static str);

/// The caller, in a handler's arguments. The door has put it into the request's extensions.
pub struct Auth(pub Caller);

impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = http::StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Only a route mounted without its door has no caller: a fault of ours, answered as one.
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The middleware of a door: identifies the caller, holds it to its rate, and refuses changes by a key that may only
/// read, all before the body is read.
pub async fn identify(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let id = request.extensions().get::<super::layers::RequestId>().map_or_else(Uuid::nil, |id| id.0);
    let request_id = RequestId::new(id);
    let address = request.extensions().get::<Origin>().map(|origin| origin.client);
    // Not the request itself: its body cannot be shared while the database is asked.
    let caller = match admit(&door, request.headers(), address, request_id).await {
        Ok(caller) => caller,
        Err(error) => return (door.refuse)(error, request_id),
    };
    let key = caller.key;
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if caller.session.is_some()
        && !safe
        && let Err(error) = own_page(&door.app, &caller, request.headers(), request.extensions().get())
    {
        return (door.refuse)(error, request_id);
    }
    let reads = safe || (door.reads)(request.method(), request.uri().path());
    let mut response = match door.app.engine().may_write(&caller) {
        Err(error) if !reads => (door.refuse)(error, request_id),
        _ => {
            request.extensions_mut().insert(caller.clone());
            next.run(request).await
        }
    };
    if let Some(Cause(cause)) = response.extensions().get() {
        door.app.engine().refused(&caller, cause);
    }
    if let Some(key) = key {
        response.extensions_mut().insert(KeyId(key.uuid()));
    }
    response
}

async fn admit(door: &Door, headers: &HeaderMap, address: Option<IpAddr>, request_id: RequestId) -> Result<Caller> {
    let Some(presented) = presented(headers, door.manner) else {
        door.app.metrics().refused_credential(door.dialect);
        // Who sends nothing guesses nothing, so this counts for no limit.
        return Err(Error::Unauthenticated { why: missing(door.manner) });
    };
    let caller = match door.app.engine().authenticate(presented, door.dialect, request_id).await {
        Err(Error::Unauthenticated { why }) => {
            door.app.metrics().refused_credential(door.dialect);
            // A right credential is never held up by wrong ones from the same address.
            return Err(match address.map(|address| door.app.wrong().failed(address)) {
                Some(Err(retry)) => Error::TooFast { retry_after: retry.0 },
                _ => Error::Unauthenticated { why },
            });
        }
        other => other?,
    };
    let rates = if door.dialect == Dialect::Cakewalk { door.app.cakewalk_calls() } else { door.app.calls() };
    if let Some(key) = caller.key {
        rates.check(key.uuid()).map_err(|retry| Error::TooFast { retry_after: retry.0 })?;
    }
    Ok(caller)
}

/// Refuses a change in a session that another site's page may have made: cookies come along by themselves.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn own_page(app: &App, caller: &Caller, headers: &HeaderMap, origin: Option<&Origin>) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let proof = text(PROOF).zip(caller.session);
    let proved = proof.is_some_and(|(proof, session)| app.engine().proves(session, proof));
    if proved && same_origin(headers, origin) {
        return Ok(());
    }
    Err(Error::forbidden("this change does not come from a page of this console; load the page again"))
}

/// Does the request come from one of our own pages, as far as the browser says?
pub fn same_origin(headers: &HeaderMap, origin: Option<&Origin>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("origin"), origin) {
        (Some(from), Some(Origin { scheme, host: Some(host), .. })) => {
            from.eq_ignore_ascii_case(&format!("{scheme}://{host}"))
        }
        (Some(_), _) => false,
        // Only old browsers, and programs, say neither.
        (None, _) => text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none")),
    }
}

/// What the pages of the console prove themselves by.
const PROOF: &str = "guildhall-proof";

/// The name of the cookie of a session; over HTTPS one that no other host and no unencrypted page can set.
pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-guildhall-session" } else { "guildhall-session" }
}

fn missing(manner: Manner) -> &'static str {
    match manner {
        Manner::TwoHeaders => "send the key in X-API-KEY and its secret in X-API-SECRET",
        Manner::Bearer | Manner::Either | Manner::Console => "send the key as Authorization: Bearer <key id>.<secret>",
    }
}

/// The credential that these headers carry, not yet believed; for streams, which ask again while they last.
pub fn presented(headers: &HeaderMap, manner: Manner) -> Option<Presented<'_>> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let pair = || Some(Presented::Pair { id: text("x-api-key")?, secret: text("x-api-secret")? });
    let bearer = || {
        let (scheme, token) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Presented::Bearer(token.trim()))
    };
    match manner {
        Manner::TwoHeaders => pair(),
        Manner::Bearer => bearer(),
        Manner::Either => bearer().or_else(pair),
        Manner::Console => bearer().or_else(pair).or_else(|| session_cookie(headers).map(Presented::Session)),
    }
}

/// The session that the cookies of a request carry.
fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, cookie_name(true)).or_else(|| cookie(headers, cookie_name(false)))
}

/// The value of a cookie of this name.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}
