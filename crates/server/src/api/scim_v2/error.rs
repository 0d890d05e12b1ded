//! Domain errors, and refusals by HTTP itself, as SCIM errors (RFC 7644 §3.12).

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::RequestId;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::MEDIA_TYPE;
use crate::http::body::BodyRefusal;
use crate::http::caller::Cause;
use crate::http::layers::{self, Refusal};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What kind of mistake it is: `scimType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A filter cannot be read or answered.
    InvalidFilter,
    /// More than one call may carry.
    TooMany,
    /// Another record has this value.
    Uniqueness,
    /// The attribute can only be read, or not now.
    Mutability,
    /// The body does not have the shape that it should.
    InvalidSyntax,
    /// A path cannot be read.
    InvalidPath,
    /// A path leads to nothing.
    NoTarget,
    /// A value is wrong.
    InvalidValue,
    /// A cursor is not one that this listing gave (RFC 9865).
    InvalidCursor,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidCursor => "invalidCursor",
        }
    }
}

/// In the extensions of a response: the cause of a fault of ours, for the log alone.
#[derive(Clone, Debug)]
struct Fault(Arc<str>);

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine refused, or failed.
    Domain(Error),
    /// The request is wrong.
    Bad(Kind, String),
    /// The body cannot be read.
    Body(BodyRefusal),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl Failure {
    /// The request is wrong.
    pub(super) fn bad(kind: Kind, why: String) -> Self {
        Self::Bad(kind, why)
    }

    /// Its status, and its body.
    pub(super) fn told(&self) -> (StatusCode, Value) {
        let (status, kind, detail) = match self {
            Self::Domain(error) => domain(error),
            Self::Bad(kind, why) => (StatusCode::BAD_REQUEST, Some(*kind), why.clone()),
            Self::Body(refusal) => {
                let kind = (refusal.status() == StatusCode::BAD_REQUEST).then_some(Kind::InvalidSyntax);
                (refusal.status(), kind, refusal.to_string())
            }
        };
        (status, body(status, kind, &detail))
    }

    fn cause(&self) -> &'static str {
        match self {
            Self::Domain(error) => error.cause(),
            Self::Bad(..) | Self::Body(_) => "invalid",
        }
    }
}

fn body(status: StatusCode, kind: Option<Kind>, detail: &str) -> Value {
    let mut body = json!({"schemas": [SCHEMA], "status": status.as_str(), "detail": detail});
    if let Some(kind) = kind {
        body["scimType"] = kind.word().into();
    }
    body
}

/// Our names of members beside SCIM's, where they differ.
fn named(field: &str) -> &str {
    match field {
        "name" => "displayName",
        "email" => "emails",
        "users" => "members",
        other => other,
    }
}

/// Each domain error's status, kind and words; no `_` arm, so that a new one stops the build here.
fn domain(error: &Error) -> (StatusCode, Option<Kind>, String) {
    let told = error.to_string();
    let (status, kind) = match error {
        Error::Invalid { field, why } if field == "cursor" => {
            return (StatusCode::BAD_REQUEST, Some(Kind::InvalidCursor), format!("cursor: {why}"));
        }
        Error::Invalid { field, why } => {
            return (StatusCode::BAD_REQUEST, Some(Kind::InvalidValue), format!("{}: {why}", named(field)));
        }
        Error::Taken { field, why } => {
            return (StatusCode::CONFLICT, Some(Kind::Uniqueness), format!("{}: {why}", named(field)));
        }
        // Sheets have no route here.
        Error::Unknown { .. } | Error::Rows { .. } => (StatusCode::BAD_REQUEST, Some(Kind::InvalidValue)),
        Error::TooMany { .. } => (StatusCode::BAD_REQUEST, Some(Kind::TooMany)),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, None),
        Error::Unmodifiable => (StatusCode::BAD_REQUEST, Some(Kind::Mutability)),
        Error::Conflict { .. }
        | Error::Cycle { .. }
        | Error::Closed { .. }
        | Error::Braked { .. }
        | Error::Conflicting { .. }
        | Error::HeldMembers { .. }
        | Error::KeyReused => (StatusCode::CONFLICT, None),
        Error::Unauthenticated { .. } => (StatusCode::UNAUTHORIZED, None),
        Error::ReadOnlyKey | Error::Forbidden { .. } => (StatusCode::FORBIDDEN, None),
        Error::Stale | Error::Ahead { .. } => (StatusCode::PRECONDITION_FAILED, None),
        Error::TooFast { .. } => (StatusCode::TOO_MANY_REQUESTS, None),
        Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, None),
        // This dialect takes no idempotency keys, so it keeps no answers either.
        Error::Replay(_) | Error::Preview(_) | Error::Internal(_) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, None, "something went wrong here".into());
        }
    };
    (status, kind, told)
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, body) = self.told();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response();
        if let Self::Domain(error) = &self {
            match error {
                Error::TooFast { retry_after } | Error::Unavailable { retry_after, .. } => {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
                }
                Error::Unauthenticated { .. } => {
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                Error::Internal(cause) => drop(response.extensions_mut().insert(Fault(cause.as_str().into()))),
                _ => {}
            }
        }
        response.extensions_mut().insert(Cause(self.cause()));
        response
    }
}

/// A domain error as the door answers it.
pub fn answer(error: Error, _: RequestId) -> Response {
    Failure::Domain(error).into_response()
}

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    let kind = (refusal.status == StatusCode::BAD_REQUEST).then_some(Kind::InvalidSyntax);
    let body = body(refusal.status, kind, &refusal.detail);
    (refusal.status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

/// Logs a fault of ours under the name of its request.
pub(super) async fn log(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<layers::RequestId>().copied();
    let response = next.run(request).await;
    if let Some(Fault(cause)) = response.extensions().get() {
        tracing::error!(request_id = id.map(tracing::field::display), cause = %cause, "request failed");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_status_and_kind() {
        let told = |error: Error| Failure::from(error).told().1.to_string();
        insta::assert_snapshot!(told(Error::NotFound { noun: "user" }), @r#"{"detail":"no user has this id","schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#);
        insta::assert_snapshot!(told(Error::Taken { field: "name".into(), why: "belongs to another group".into() }), @r#"{"detail":"displayName: belongs to another group","schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"uniqueness","status":"409"}"#);
        assert!(!told(Error::internal("table users is gone")).contains("table"));
    }
}
