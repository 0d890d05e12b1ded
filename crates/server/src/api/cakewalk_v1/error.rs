//! Domain errors, and refusals by HTTP itself, as Cakewalk's ProblemDetails.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::{AppId, GroupId, RequestId};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::http::body::BodyRefusal;
use crate::http::caller::Cause;
use crate::http::layers::Refusal;

const OURS: &str = "Something went wrong here; the log has more under this request id.";

/// What is wrong, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// A page about the status; not sent on a read-only key's 403.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://httpstatuses.io/404")]
    kind: Option<String>,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: Option<String>,
    /// The status.
    #[schema(value_type = Option<i32>, example = 404)]
    status: u16,
    /// What is wrong with this very request.
    #[schema(example = "No users group has this id.")]
    detail: Option<String>,
    /// Never sent: `X-Request-Id` names the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// On a 400: each wrong field and what is wrong with it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    errors: BTreeMap<String, Vec<String>>,
}

impl ProblemDetails {
    fn of(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: Some(format!("https://httpstatuses.io/{}", status.as_u16())),
            title: status.canonical_reason().map(str::to_owned),
            status: status.as_u16(),
            detail: Some(detail.into()),
            ..Self::default()
        }
    }

    fn about(self, field: &str, why: &str) -> Self {
        Self { errors: BTreeMap::from([(field.to_owned(), vec![why.to_owned()])]), ..self }
    }
}

impl IntoResponse for ProblemDetails {
    fn into_response(self) -> Response {
        // CW-4: application/json, as the vendor's answers have it, not application/problem+json.
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}

/// In the extensions of a response: the cause of a fault of ours, for the log alone.
#[derive(Clone, Debug)]
pub(super) struct Fault(pub(super) Arc<str>);

/// Why a handler or an extractor refuses.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine refused, or failed.
    Domain(Error),
    /// The body or the query cannot be read.
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
                let mut response = of_body(&refusal).into_response();
                response.extensions_mut().insert(Cause("invalid"));
                response
            }
        }
    }
}

/// A domain error. A fault of ours is logged by [`super::speak`], through which every answer of this dialect goes.
pub fn answer(error: Error, _request: RequestId) -> Response {
    Failure::from(error).into_response()
}

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    let Refusal { status, detail, .. } = refusal; // the layers send the rest as headers
    ProblemDetails::of(status, sentence(&detail)).into_response()
}

fn of_domain(error: &Error) -> Response {
    let mut response = problem(error).into_response();
    if let Error::TooFast { retry_after } | Error::Unavailable { retry_after, .. } = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    if let Error::Internal(cause) = error {
        response.extensions_mut().insert(Fault(cause.as_str().into()));
    }
    response.extensions_mut().insert(Cause(error.cause()));
    response
}

/// Each domain error's status and words; no `_` arm, so that a new one stops the build here.
fn problem(error: &Error) -> ProblemDetails {
    let plain = |status| ProblemDetails::of(status, sentence(&error.to_string()));
    match error {
        Error::Invalid { field, why } => plain(StatusCode::BAD_REQUEST).about(field, why),
        Error::TooMany { field, limit } => {
            plain(StatusCode::BAD_REQUEST).about(field, &format!("more than {limit} in one call"))
        }
        // Sheets have no route here.
        Error::Rows { .. } => plain(StatusCode::BAD_REQUEST),
        Error::NotFound { noun } => {
            let noun = match *noun {
                GroupId::NOUN => "users group",
                AppId::NOUN => "work app",
                noun => noun,
            };
            ProblemDetails::of(StatusCode::NOT_FOUND, format!("No {noun} has this id."))
        }
        Error::Unknown { .. } => plain(StatusCode::NOT_FOUND),
        Error::Conflict { .. } | Error::Conflicting { .. } | Error::Cycle { .. } | Error::Taken { .. } => {
            plain(StatusCode::CONFLICT)
        }
        // CW-5: what keeps a membership from changing is a bad request here, not a conflict.
        Error::Braked { .. } | Error::Closed { .. } | Error::HeldMembers { .. } | Error::Unmodifiable => {
            plain(StatusCode::BAD_REQUEST)
        }
        Error::Unauthenticated { .. } => plain(StatusCode::UNAUTHORIZED),
        Error::ReadOnlyKey => ProblemDetails {
            kind: None,
            title: Some("Forbidden operation".to_owned()),
            ..ProblemDetails::of(StatusCode::FORBIDDEN, "This API key is read-only; it may not change anything.")
        },
        Error::Forbidden { .. } => plain(StatusCode::FORBIDDEN),
        Error::Stale | Error::Ahead { .. } => plain(StatusCode::PRECONDITION_FAILED),
        Error::KeyReused => plain(StatusCode::CONFLICT),
        Error::TooFast { .. } => plain(StatusCode::TOO_MANY_REQUESTS),
        Error::Unavailable { .. } => plain(StatusCode::SERVICE_UNAVAILABLE),
        // This dialect takes no idempotency keys, so it keeps no answers either.
        Error::Replay(_) | Error::Preview(_) | Error::Internal(_) => {
            ProblemDetails::of(StatusCode::INTERNAL_SERVER_ERROR, OURS)
        }
    }
}

fn of_body(refusal: &BodyRefusal) -> ProblemDetails {
    let details = ProblemDetails::of(refusal.status(), sentence(&refusal.to_string()));
    match refusal {
        BodyRefusal::Field { path, why } if !path.is_empty() => details.about(path, why),
        BodyRefusal::Field { .. } | BodyRefusal::Malformed { .. } | BodyRefusal::TooDeep | BodyRefusal::Empty => {
            details.about("body", &refusal.to_string())
        }
        BodyRefusal::MediaType | BodyRefusal::TooLarge { .. } | BodyRefusal::TooSlow => details,
    }
}

/// The words as a sentence; the name of a field at its head stays as it is.
fn sentence(words: &str) -> String {
    let head = words.split(' ').next().unwrap_or_default();
    let mut letters = words.chars();
    match letters.next() {
        Some(first) if !head.ends_with(':') => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        _ => format!("{words}."),
    }
}

/// What any read of a list may be refused with, for the document.
pub(super) struct ListRefusals;
/// What any read of one thing may be refused with.
pub(super) struct ReadRefusals;
/// What any change may be refused with.
pub(super) struct ChangeRefusals;

const BAD: (u16, &str) = (400, "Malformed or invalid input; `errors` names the fields");
const EVERY: [(u16, &str); 4] = [
    (401, "The key or its secret is missing or wrong"),
    (429, "More than 1,000 calls of this key in a minute; see Retry-After"),
    (500, "A fault of the server; its log has more under X-Request-Id"),
    (503, "Not available just now; see Retry-After"),
];
const READ: [(u16, &str); 2] = [
    (403, "The person behind the key may not see this"),
    (412, "The company has not reached the revision in Guildhall-Min-Revision"),
];
const GONE: (u16, &str) = (404, "What the path or the body names does not exist");
const CHANGE: [(u16, &str); 4] = [
    (403, "The key is read-only, or the person behind it may not do this"),
    (408, "The body came too slowly"),
    (413, "The body is too large"),
    (415, "The body is not JSON in UTF-8"),
];

type Responses = BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::response::Response>>;

fn documented(statuses: impl IntoIterator<Item = (u16, &'static str)>) -> Responses {
    use utoipa::openapi::{Content, Ref, ResponseBuilder};
    let schema = || Content::new(Some(Ref::from_schema_name("ProblemDetails")));
    let response = |what| ResponseBuilder::new().description(what).content("application/json", schema()).build();
    statuses.into_iter().map(|(status, what)| (status.to_string(), response(what).into())).collect()
}

impl IntoResponses for ListRefusals {
    fn responses() -> Responses {
        documented([BAD].into_iter().chain(EVERY).chain(READ))
    }
}
impl IntoResponses for ReadRefusals {
    fn responses() -> Responses {
        documented([BAD, GONE].into_iter().chain(EVERY).chain(READ))
    }
}
impl IntoResponses for ChangeRefusals {
    fn responses() -> Responses {
        documented([BAD, GONE].into_iter().chain(EVERY).chain(CHANGE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &Error) -> String {
        serde_json::to_string(&problem(error)).unwrap()
    }

    #[test]
    fn every_kind_of_refusal_has_its_words() {
        insta::assert_snapshot!(told(&Error::NotFound { noun: GroupId::NOUN }), @r#"{"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No users group has this id."}"#);
        insta::assert_snapshot!(told(&Error::invalid("userIds[3]", "is not a UUID")), @r#"{"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds[3]: is not a UUID.","errors":{"userIds[3]":["is not a UUID"]}}"#);
        insta::assert_snapshot!(told(&Error::ReadOnlyKey), @r#"{"title":"Forbidden operation","status":403,"detail":"This API key is read-only; it may not change anything."}"#);
        let held = Error::HeldMembers { held: vec![(uuid::Uuid::nil(), "a rule".into())] };
        insta::assert_snapshot!(told(&held), @r#"{"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"1 of these members are held by a rule, which this call cannot end."}"#);
    }

    #[test]
    fn our_insides_stay_inside_and_waiting_is_told() {
        assert!(!told(&Error::internal("table users is gone")).contains("table"));
        let response = answer(Error::internal("table users is gone"), RequestId::NIL);
        assert_eq!(&*response.extensions().get::<Fault>().unwrap().0, "table users is gone");
        let response = answer(Error::TooFast { retry_after: 7 }, RequestId::NIL);
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &HeaderValue::from(7)));
        assert_eq!(response.extensions().get::<Cause>().unwrap().0, "too_fast");
    }
}
