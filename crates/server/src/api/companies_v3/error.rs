//! Domain errors, and refusals by HTTP itself, as this dialect's error body (reference §7).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::{GroupId, RequestId};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::http::body::BodyRefusal;
use crate::http::caller::Cause;
use crate::http::layers::Refusal;

/// Published: the body, or anything else of the request, does not fit.
const INVALID: &str = "API_VALIDATION_FAILED";
/// Published: no token, or a bad one.
const UNAUTHENTICATED: &str = "USER_NOT_AUTHENTICATED";
/// Published: too many calls.
const TOO_MANY: &str = "TOO_MANY_REQUESTS";
// C3-3: the statuses of these are published, their codes are not.
const FORBIDDEN: &str = "FORBIDDEN";
const NOT_FOUND: &str = "NOT_FOUND";
const CONFLICT: &str = "CONFLICT";
const PRECONDITION: &str = "PRECONDITION_FAILED";
const UNAVAILABLE: &str = "SERVICE_UNAVAILABLE";
const INTERNAL: &str = "INTERNAL_ERROR";

const OURS: &str = "Something went wrong here; the log has more under this debugIdentifier";
/// The most ids that a refusal names one by one.
const NAMED: usize = 100;

/// What went wrong, and under which name the server's log knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorResponse {
    /// The request, as `X-Request-Id` and the server's log name it.
    #[schema(example = "4be0643f-1d98-473b-97cd-ca98a65347dd")]
    debug_identifier: String,
    /// What is wrong; one message a refusal.
    error_messages: Vec<ErrorMessage>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorMessage {
    /// The kind of refusal, for programs.
    #[schema(value_type = String, example = "API_VALIDATION_FAILED")]
    error_code: &'static str,
    /// What is wrong, for people.
    #[schema(example = "name must not be empty")]
    message: String,
    /// What the message speaks of: `field`, and ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    error_parameters: Vec<ErrorParameter>,
    /// More for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_detail: Option<String>,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorParameter {
    #[schema(value_type = String, example = "field")]
    name: &'static str,
    #[schema(example = "name")]
    value: String,
}

impl ErrorMessage {
    fn new(error_code: &'static str, message: impl Into<String>) -> Self {
        Self { error_code, message: message.into(), error_parameters: Vec::new(), error_detail: None }
    }

    fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.error_parameters.push(ErrorParameter { name, value: value.to_string() });
        self
    }

    fn with_each(self, name: &'static str, values: impl Iterator<Item = impl Display>) -> Self {
        values.take(NAMED).fold(self, |message, value| message.with(name, value))
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self { error_detail: Some(detail.into()), ..self }
    }

    /// The body, for the request of this name.
    pub(super) fn into_body(self, request: impl Display) -> Json<ErrorResponse> {
        Json(ErrorResponse { debug_identifier: request.to_string(), error_messages: vec![self] })
    }
}

/// In the extensions of a response: what its body is to say, once the request's name is known.
#[derive(Clone, Debug)]
pub(super) struct Unspoken(pub(super) ErrorMessage);

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
    /// The client's credentials at the token endpoint do not work.
    WrongClient,
    /// The token request is not a form.
    NotAForm,
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
            Self::Unread(refusal) => response(refusal.status(), of_body(&refusal), "invalid"),
            Self::WrongClient => {
                let message = ErrorMessage::new(FORBIDDEN, "the client_id is unknown or its client_secret is wrong");
                response(StatusCode::FORBIDDEN, message, "unauthenticated")
            }
            Self::NotAForm => {
                let words = "the body must be a form, with Content-Type: application/x-www-form-urlencoded";
                response(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorMessage::new(INVALID, words), "invalid")
            }
        }
    }
}

fn response(status: StatusCode, message: ErrorMessage, cause: &'static str) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Cause(cause));
    response.extensions_mut().insert(Unspoken(message));
    response
}

/// A domain error. Its body is written by [`super::speak`], through which every answer of this dialect goes.
pub fn answer(error: Error, _request: RequestId) -> Response {
    Failure::from(error).into_response()
}

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    let code = match refusal.status {
        StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
        StatusCode::FORBIDDEN => FORBIDDEN,
        StatusCode::NOT_FOUND => NOT_FOUND,
        StatusCode::TOO_MANY_REQUESTS => TOO_MANY,
        StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        status if status.is_server_error() => INTERNAL,
        _ => INVALID,
    };
    (refusal.status, ErrorMessage::new(code, refusal.detail).into_body(refusal.request_id)).into_response()
}

fn of_domain(error: &Error) -> Response {
    let (status, message) = told(error);
    let mut response = response(status, message, error.cause());
    let headers = response.headers_mut();
    if let Error::TooFast { retry_after } | Error::Unavailable { retry_after, .. } = error {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    if let Error::Unauthenticated { .. } = error {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Error::Internal(cause) = error {
        response.extensions_mut().insert(Fault(cause.as_str().into()));
    }
    response
}

/// Each domain error's status and words; no `_` arm, so that a new one stops the build here.
fn told(error: &Error) -> (StatusCode, ErrorMessage) {
    let plain = |status, code| (status, ErrorMessage::new(code, error.to_string()));
    match error {
        Error::Invalid { field, why } => (StatusCode::BAD_REQUEST, about(field, why)),
        Error::TooMany { field, limit } => {
            (StatusCode::BAD_REQUEST, about(field, &format!("holds more than {limit} in one call")))
        }
        // Sheets have no route here.
        Error::Rows { .. } => plain(StatusCode::BAD_REQUEST, INVALID),
        Error::NotFound { noun } => {
            (StatusCode::NOT_FOUND, ErrorMessage::new(NOT_FOUND, format!("no {} has this id", called(noun))))
        }
        Error::Unknown { field, noun, ids } => {
            let message = about(field, &format!("names a {} that is not in this company", called(noun)));
            let message = message.with_each("id", ids.iter());
            (StatusCode::BAD_REQUEST, message.detail(format!("{} of the ids given are unknown", ids.len())))
        }
        // C3-4: 409 is no status of this dialect, so what stands in the way is a bad request.
        Error::Taken { field, why } => (StatusCode::BAD_REQUEST, about(field, why)),
        Error::Conflict { .. } | Error::Braked { .. } | Error::Cycle { .. } | Error::Closed { .. } => {
            plain(StatusCode::BAD_REQUEST, INVALID)
        }
        Error::HeldMembers { held } => {
            let (status, message) = plain(StatusCode::BAD_REQUEST, INVALID);
            (status, message.with_each("userId", held.iter().map(|(id, _)| id)))
        }
        Error::Conflicting { breaches, .. } => {
            let (status, message) = plain(StatusCode::BAD_REQUEST, INVALID);
            (status, message.with_each("userId", breaches.iter().map(|breach| breach.user)))
        }
        Error::Unmodifiable => plain(StatusCode::FORBIDDEN, FORBIDDEN),
        Error::Unauthenticated { why } => {
            let message = ErrorMessage::new(UNAUTHENTICATED, "the token is invalid, expired or missing");
            (StatusCode::UNAUTHORIZED, message.detail(*why))
        }
        Error::ReadOnlyKey | Error::Forbidden { .. } => plain(StatusCode::FORBIDDEN, FORBIDDEN),
        Error::Stale | Error::Ahead { .. } => plain(StatusCode::PRECONDITION_FAILED, PRECONDITION),
        // This dialect takes no idempotency keys, so it keeps no answers either.
        Error::KeyReused => plain(StatusCode::CONFLICT, CONFLICT),
        Error::TooFast { .. } => plain(StatusCode::TOO_MANY_REQUESTS, TOO_MANY),
        Error::Unavailable { .. } => plain(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
        Error::Replay(_) | Error::Preview(_) | Error::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, ErrorMessage::new(INTERNAL, OURS))
        }
    }
}

/// What this dialect calls a thing.
fn called(noun: &'static str) -> &'static str {
    if noun == GroupId::NOUN { "user group" } else { noun }
}

/// A field and what is wrong with it. Where that goes on from the field's name, the two are one sentence.
fn about(field: &str, why: &str) -> ErrorMessage {
    let verb = why.split(' ').next().unwrap_or_default();
    let goes_on =
        matches!(verb, "is" | "must" | "may" | "cannot" | "holds" | "names" | "needs" | "belongs" | "does" | "has");
    let between = if goes_on { " " } else { ": " };
    ErrorMessage::new(INVALID, format!("{field}{between}{why}")).with("field", field)
}

fn of_body(refusal: &BodyRefusal) -> ErrorMessage {
    match refusal {
        BodyRefusal::Field { path, why } if !path.is_empty() => about(path, why),
        BodyRefusal::Field { .. }
        | BodyRefusal::Malformed { .. }
        | BodyRefusal::TooDeep
        | BodyRefusal::Empty
        | BodyRefusal::MediaType
        | BodyRefusal::TooLarge { .. }
        | BodyRefusal::TooSlow => ErrorMessage::new(INVALID, refusal.to_string()),
    }
}

/// What any read may be refused with, for the document.
pub(super) struct ReadRefusals;
/// What any change may be refused with.
pub(super) struct ChangeRefusals;
/// What the token endpoint may refuse with.
pub(super) struct TokenRefusals;

const BAD: (u16, &str) = (400, "Malformed or invalid input; `errorParameters` name the field");
const GONE: (u16, &str) = (404, "What the path names does not exist in this company");
const EVERY: [(u16, &str); 3] = [
    (429, "Too many calls; see Retry-After"),
    (500, "A fault of the server; its log has more under debugIdentifier"),
    (503, "Not available just now; see Retry-After"),
];
const DOOR: [(u16, &str); 2] = [
    (401, "The token is missing, wrong, expired or of a key that was revoked"),
    (403, "The right is missing, the key is read-only, or the group is unmodifiable"),
];
const BODY: [(u16, &str); 3] = [
    (408, "The body came too slowly"),
    (413, "The body is too large"),
    (415, "The body is not of the media type that this call takes"),
];
const AHEAD: (u16, &str) = (412, "The company has not reached the revision in Guildhall-Min-Revision");

type Responses = BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::response::Response>>;

fn documented(statuses: impl IntoIterator<Item = (u16, &'static str)>) -> Responses {
    use utoipa::openapi::{Content, Ref, ResponseBuilder};
    let schema = || Content::new(Some(Ref::from_schema_name("ErrorResponse")));
    let response = |what| ResponseBuilder::new().description(what).content("application/json", schema()).build();
    statuses.into_iter().map(|(status, what)| (status.to_string(), response(what).into())).collect()
}

impl IntoResponses for ReadRefusals {
    fn responses() -> Responses {
        documented([BAD, GONE, AHEAD].into_iter().chain(DOOR).chain(EVERY).chain(BODY))
    }
}
impl IntoResponses for ChangeRefusals {
    fn responses() -> Responses {
        documented([BAD, GONE].into_iter().chain(DOOR).chain(EVERY).chain(BODY))
    }
}
impl IntoResponses for TokenRefusals {
    fn responses() -> Responses {
        let wrong = (403, "The client_id is unknown, revoked or expired, or its client_secret is wrong");
        documented([BAD, wrong].into_iter().chain(EVERY).chain(BODY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(error: &Error) -> String {
        let (status, message) = told(error);
        format!("{} {}", status.as_u16(), serde_json::to_string(&message).unwrap())
    }

    #[test]
    fn every_kind_of_refusal_has_its_words() {
        insta::assert_snapshot!(wire(&Error::NotFound { noun: GroupId::NOUN }), @r#"404 {"errorCode":"NOT_FOUND","message":"no user group has this id"}"#);
        insta::assert_snapshot!(wire(&Error::invalid("name", "must not be empty")), @r#"400 {"errorCode":"API_VALIDATION_FAILED","message":"name must not be empty","errorParameters":[{"name":"field","value":"name"}]}"#);
        insta::assert_snapshot!(wire(&Error::ReadOnlyKey), @r#"403 {"errorCode":"FORBIDDEN","message":"this key may only read"}"#);
        let held = Error::HeldMembers { held: vec![(uuid::Uuid::nil(), "a rule".into())] };
        insta::assert_snapshot!(wire(&held), @r#"400 {"errorCode":"API_VALIDATION_FAILED","message":"1 of these members are held by a rule, which this call cannot end","errorParameters":[{"name":"userId","value":"00000000-0000-0000-0000-000000000000"}]}"#);
        let many = Error::Unknown { field: "userIdsToAdd".into(), noun: "user", ids: vec![uuid::Uuid::nil(); 500] };
        assert_eq!(told(&many).1.error_parameters.len(), 1 + NAMED);
    }

    #[test]
    fn our_insides_stay_inside_and_waiting_is_told() {
        assert!(!wire(&Error::internal("table users is gone")).contains("table"));
        let refused = answer(Error::internal("table users is gone"), RequestId::NIL);
        assert!(refused.extensions().get::<Fault>().is_some_and(|Fault(cause)| cause.contains("table")));
        let busy = answer(Error::Unavailable { why: "busy".into(), retry_after: 7 }, RequestId::NIL);
        assert_eq!(busy.headers()[header::RETRY_AFTER], "7");
        let fast = answer(Error::TooFast { retry_after: 3 }, RequestId::NIL);
        assert_eq!((fast.status().as_u16(), &fast.headers()[header::RETRY_AFTER]), (429, &HeaderValue::from(3)));
    }
}
