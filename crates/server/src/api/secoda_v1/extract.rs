//! Reading a request in this dialect: ids in paths, bodies, and how fresh an answer must be.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::parse_uuid;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::Failure;
use super::fields::brief;
use crate::app::App;
use crate::http::body::{self, BodyRefusal};
use crate::http::query;

/// The id in the path. One that is not a UUID names nothing, as one that nobody has.
pub(super) struct Id<T>(pub(super) T);

impl<T: From<Uuid>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let gone = || Failure::from(Error::NotFound { noun: "record" });
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(|_| gone())?;
        let raw = all.iter().find(|(name, _)| *name == "id").map(|(_, raw)| raw);
        raw.and_then(parse_uuid).map(|id| Self(id.into())).ok_or_else(gone)
    }
}

/// A query.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        query::query(&parts.uri).map(Self).map_err(Failure::Query)
    }
}

/// A JSON object.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        // The layers meter the body against the limit of its route.
        let bytes = body::read(body, u64::MAX).await.map_err(Failure::Body)?;
        body::parse(&head.headers, &bytes).map(Self).map_err(|refusal| match refusal {
            BodyRefusal::MediaType => {
                let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                Failure::MediaType(brief(kind))
            }
            BodyRefusal::Field { path, .. } if path.is_empty() => Failure::NoObject(kind(&bytes)),
            other => Failure::Body(other),
        })
    }
}

/// What a body of JSON is, in the words of the framework behind the vendor's API.
fn kind(bytes: &[u8]) -> &'static str {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match bytes.first() {
        Some(b'[') => "list",
        Some(b'"') => "str",
        Some(b't' | b'f') => "bool",
        Some(b'n') => "NoneType",
        Some(_) if bytes.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) => "float",
        _ => "int",
    }
}

/// A read that names a revision in `Guildhall-Min-Revision` is answered only once the company has reached it.
pub(super) async fn fresh(State(app): State<App>, request: Request, next: Next) -> Response {
    const HEADER: &str = "Guildhall-Min-Revision";
    if !request.method().is_safe() {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>();
    if let (Some(value), Some(caller)) = (request.headers().get(HEADER), caller) {
        let asked = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok());
        let outcome = match asked {
            Some(asked) => app.engine().at_least(caller.company, asked).await.map_err(Failure::from),
            None => Err(Failure::Query(BodyRefusal::Malformed { why: format!("{HEADER} is not a whole number") })),
        };
        if let Err(failure) = outcome {
            return failure.into_response();
        }
    }
    next.run(request).await
}
