//! Domain errors, and refusals by HTTP itself, as the message strings that the specification asks for (§10.1.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::RequestId;
use http::{HeaderValue, StatusCode, header};
use utoipa::IntoResponses;

use crate::http::body::BodyRefusal;
use crate::http::caller::Cause;
use crate::http::layers::{self, Refusal, Spoken};

const OURS: &str = "something went wrong here; the log has more under this request";

/// In the extensions of a response: the cause of a fault of ours, for the log alone.
#[derive(Clone, Debug)]
struct Fault(Arc<str>);

/// Why a handler or an extractor refuses.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine refused, or failed.
    Domain(Error),
    /// The body cannot be read.
    Unread(BodyRefusal),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<BodyRefusal> for Failure {
    fn from(refusal: BodyRefusal) -> Self {
        Self::Unread(refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Domain(error) => of_domain(&error),
            Self::Unread(refusal) => {
                // The specification's own code for a body that is not JSON.
                let status = match refusal.status() {
                    StatusCode::UNSUPPORTED_MEDIA_TYPE => StatusCode::BAD_REQUEST,
                    other => other,
                };
                let mut response = message(status, refusal.to_string());
                response.extensions_mut().insert(Cause("invalid"));
                response
            }
        }
    }
}

/// The message is all there is: plain text, which the layers leave as it is.
fn message(status: StatusCode, text: String) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    response.extensions_mut().insert(Spoken);
    response
}

/// A domain error.
pub fn answer(error: Error, _request: RequestId) -> Response {
    of_domain(&error)
}

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    message(refusal.status, refusal.detail)
}

fn of_domain(error: &Error) -> Response {
    let (status, text) = told(error);
    let mut response = message(status, text);
    let headers = response.headers_mut();
    if let Error::TooFast { retry_after } | Error::Unavailable { retry_after, .. } = error {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    if let Error::Unauthenticated { .. } = error {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"guildhall\""));
    }
    if let Error::Internal(cause) = error {
        response.extensions_mut().insert(Fault(cause.as_str().into()));
    }
    response.extensions_mut().insert(Cause(error.cause()));
    response
}

/// Each domain error's status and words; no `_` arm, so that a new one stops the build here. This dialect changes
/// nothing and names its things in bodies, so most of them are never made.
fn told(error: &Error) -> (StatusCode, String) {
    let status = match error {
        Error::Invalid { .. }
        | Error::TooMany { .. }
        | Error::Rows { .. }
        | Error::NotFound { .. }
        | Error::Unknown { .. }
        | Error::Conflict { .. }
        | Error::Cycle { .. }
        | Error::Taken { .. }
        | Error::Closed { .. }
        | Error::Braked { .. }
        | Error::Conflicting { .. }
        | Error::HeldMembers { .. }
        | Error::Unmodifiable
        | Error::KeyReused => StatusCode::BAD_REQUEST,
        Error::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
        Error::ReadOnlyKey | Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::Stale | Error::Ahead { .. } => StatusCode::PRECONDITION_FAILED,
        Error::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Replay(_) | Error::Preview(_) | Error::Internal(_) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, OURS.to_owned());
        }
    };
    (status, error.to_string())
}

/// Logs a fault of ours under its request's name, on the way out.
pub(super) async fn log(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<layers::RequestId>().copied();
    let response = next.run(request).await;
    if let Some(Fault(cause)) = response.extensions().get() {
        tracing::error!(%cause, request_id = id.map(tracing::field::display), "a request failed");
    }
    response
}

/// What any call may be refused with, for the document.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::response::Response>> {
        use utoipa::openapi::{ContentBuilder, ObjectBuilder, ResponseBuilder, Type};
        let all = [
            (400, "The request is not valid; the message names the member"),
            (401, "No credential, or one that is wrong, expired or revoked"),
            (403, "The key's user may not ask that"),
            (408, "The body came too slowly"),
            (412, "The company has not reached the revision in Guildhall-Min-Revision"),
            (413, "The body is too large"),
            (429, "Too many calls; see Retry-After"),
            (500, "A fault of the server; its log has more"),
            (503, "Not available just now; see Retry-After"),
        ];
        let text =
            || ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String).build())).build();
        let response = |words: &str| ResponseBuilder::new().description(words).content("text/plain", text()).build();
        all.into_iter().map(|(status, words)| (status.to_string(), response(words).into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_insides_stay_inside() {
        assert!(!told(&Error::internal("table users is gone")).1.contains("table"));
        assert_eq!(
            told(&Error::invalid("subject.id", "is missing")),
            (StatusCode::BAD_REQUEST, "subject.id: is missing".into())
        );
        let busy = answer(Error::Unavailable { why: "busy".into(), retry_after: 7 }, RequestId::NIL);
        assert_eq!((busy.status().as_u16(), &busy.headers()[header::RETRY_AFTER]), (503, &HeaderValue::from(7)));
    }
}
