//! Domain errors, and refusals by HTTP itself, in the form of the framework behind the vendor's API: `detail` for the
//! call as a whole, a list of texts per field for what is wrong in a body.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::RequestId;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

use super::fields::{Faults, words};
use crate::http::body::BodyRefusal;
use crate::http::caller::Cause;
use crate::http::layers;

const WHOLE: &str = "non_field_errors";
const OURS: &str = "A server error occurred.";

/// What is wrong with the call as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Detail {
    /// One sentence for people.
    #[schema(example = "Not found.")]
    detail: String,
}

impl Detail {
    fn of(words: &str) -> Told {
        Told::Detail(Self { detail: sentence(words) })
    }
}

/// What is wrong with a body: per field a list of texts; `non_field_errors` for the body as a whole.
#[derive(ToSchema)]
#[schema(value_type = BTreeMap<String, Vec<String>>, example = json!({"name": ["This field is required."]}))]
pub struct FieldErrors(#[allow(dead_code)] BTreeMap<String, Vec<String>>);

/// The body of a refusal.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Detail(Detail),
    Fields(Faults),
}

/// What the parts of a record that an error can name are called on this wire.
#[derive(Debug)]
pub(super) struct Names {
    noun: &'static str,
    /// The domain's names beside ours, where they differ.
    fields: &'static [(&'static str, &'static str)],
    /// The field that says who is in what.
    members: &'static str,
}

impl Names {
    /// Of a group.
    pub(super) const GROUP: Self = Self { noun: "group", fields: &[], members: "users" };
    /// Of a user.
    pub(super) const USER: Self = Self {
        noun: "user",
        fields: &[
            ("givenName", "first_name"),
            ("familyName", "last_name"),
            // Too long only when both parts together are.
            ("name", WHOLE),
            ("userName", "email"),
            ("groups", "user_groups"),
            ("users", "emails"),
        ],
        members: "user_groups",
    };
    /// Of a team.
    pub(super) const TEAM: Self = Self { noun: "team", fields: &[], members: "members" };
    /// Of users made by their addresses.
    pub(super) const USERS: Self =
        Self { noun: "user", fields: &[("userName", "email"), ("users", "emails")], members: "groups" };

    fn field<'a>(&self, name: &'a str) -> &'a str
    where
        Self: 'a,
    {
        self.fields.iter().find(|(domain, _)| *domain == name).map_or(name, |(_, wire)| wire)
    }
}

/// In the extensions of a response: the cause of a fault of ours, for the log alone.
#[derive(Clone, Debug)]
struct Fault(Arc<str>);

/// Why a handler or an extractor refuses.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine refused, or failed.
    Domain(Error, &'static Names),
    /// The body's members are wrong.
    Fields(Faults, &'static str),
    /// The body cannot be read.
    Body(BodyRefusal),
    /// The query cannot be read.
    Query(BodyRefusal),
    /// The body is of this media type.
    MediaType(String),
    /// The body is of this kind instead of an object.
    NoObject(&'static str),
    /// There is no such page.
    Page,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error, &Names::GROUP)
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Fields(faults, "invalid")
    }
}

impl Failure {
    /// The refusal of a call on a user.
    pub(super) fn of_user(error: Error) -> Self {
        Self::Domain(error, &Names::USER)
    }

    /// The refusal of a call on a team.
    pub(super) fn of_team(error: Error) -> Self {
        Self::Domain(error, &Names::TEAM)
    }

    /// The same refusal, told of one value in the list `field`; what is wrong with no field stays as it is.
    pub(super) fn of_value(self, field: &str, value: &str) -> Self {
        match self {
            Self::Domain(error, names) => match told(&error, names) {
                (_, Told::Fields(faults)) => Self::Fields(faults.of_value(field, value), error.cause()),
                (_, Told::Detail(_)) => Self::Domain(error, names),
            },
            other => other,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let bad = StatusCode::BAD_REQUEST;
        let ((status, told), cause) = match self {
            Self::Domain(error, names) => return of_domain(&error, names),
            Self::Fields(faults, cause) => ((bad, Told::Fields(faults)), cause),
            Self::Body(refusal) => (of_body(&refusal), "invalid"),
            Self::Query(refusal) => (of_query(&refusal), "invalid"),
            Self::MediaType(kind) => (
                (
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    Detail::of(&format!("Unsupported media type \"{kind}\" in request")),
                ),
                "invalid",
            ),
            Self::NoObject("NoneType") => ((bad, whole("No data provided")), "invalid"),
            Self::NoObject(kind) => {
                ((bad, whole(&format!("Invalid data. Expected a dictionary, but got {kind}"))), "invalid")
            }
            Self::Page => ((StatusCode::NOT_FOUND, Detail::of("Invalid page")), "not_found"),
        };
        let mut response = (status, Json(told)).into_response();
        response.extensions_mut().insert(Cause(cause));
        response
    }
}

/// A domain error that the door met. A fault of ours is logged by [`log`], through which every answer goes.
pub fn answer(error: Error, _request: RequestId) -> Response {
    Failure::from(error).into_response()
}

/// A refusal by HTTP itself.
pub fn refuse(method: &Method, refusal: layers::Refusal) -> Response {
    let told = match refusal.status {
        StatusCode::METHOD_NOT_ALLOWED => Detail::of(&format!("Method \"{method}\" not allowed")),
        StatusCode::NOT_FOUND => Detail::of("Not found"),
        StatusCode::INTERNAL_SERVER_ERROR => Detail::of(OURS),
        _ => Detail::of(&refusal.detail),
    };
    (refusal.status, Json(told)).into_response()
}

fn whole(words: &str) -> Told {
    Told::Fields(Faults::one(WHOLE, sentence(words)))
}

fn of_domain(error: &Error, names: &Names) -> Response {
    let (status, told) = told(error, names);
    let mut response = (status, Json(told)).into_response();
    match error {
        Error::TooFast { retry_after } | Error::Unavailable { retry_after, .. } => {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        Error::Unauthenticated { .. } => {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Error::Internal(cause) => {
            response.extensions_mut().insert(Fault(cause.as_str().into()));
        }
        _ => {}
    }
    response.extensions_mut().insert(Cause(error.cause()));
    response
}

fn no_such(ids: &[Uuid]) -> Vec<String> {
    ids.iter().map(|id| format!("Invalid pk \"{id}\" - object does not exist.")).collect()
}

/// Each domain error's status and words; no `_` arm, so that a new one stops the build here.
fn told(error: &Error, names: &Names) -> (StatusCode, Told) {
    let bad = |field: &str, texts: Vec<String>| (StatusCode::BAD_REQUEST, Told::Fields(Faults::all(field, texts)));
    let detail = |status, words: &str| (status, Detail::of(words));
    match error {
        Error::Invalid { field, why } => bad(names.field(field), vec![words(why)]),
        Error::TooMany { field, limit } => {
            bad(names.field(field), vec![format!("Ensure this field has no more than {limit} elements.")])
        }
        // Sheets have no route here.
        Error::Rows { .. } => detail(StatusCode::BAD_REQUEST, &error.to_string()),
        Error::NotFound { .. } => detail(StatusCode::NOT_FOUND, "Not found"),
        Error::Unknown { field, ids, .. } => bad(names.field(field), no_such(ids)),
        // SE-9: what the present state does not allow is a bad request here; the vendor declares no 409.
        Error::Conflict { .. }
        | Error::Braked { .. }
        | Error::Cycle { .. }
        | Error::Unmodifiable
        | Error::KeyReused => bad(WHOLE, vec![sentence(&error.to_string())]),
        Error::Taken { field, .. } => {
            let field = names.field(field);
            bad(field, vec![format!("A {} with this {field} already exists.", names.noun)])
        }
        Error::Closed { .. } => bad(names.members, vec![sentence(&error.to_string())]),
        Error::HeldMembers { held } => {
            let text = |(user, by): &(Uuid, String)| format!("\"{user}\" is held by {by}, which this call cannot end.");
            bad(names.members, held.iter().map(text).collect())
        }
        Error::Conflicting { breaches, .. } => {
            bad(names.members, breaches.iter().map(|breach| sentence(&breach.to_string())).collect())
        }
        Error::Unauthenticated { why } => detail(StatusCode::UNAUTHORIZED, why),
        Error::ReadOnlyKey => detail(StatusCode::FORBIDDEN, "this key may only read"),
        Error::Forbidden { why } => {
            detail(StatusCode::FORBIDDEN, &format!("You do not have permission to perform this action: {why}"))
        }
        Error::Stale | Error::Ahead { .. } => detail(StatusCode::PRECONDITION_FAILED, &error.to_string()),
        Error::TooFast { retry_after } => detail(
            StatusCode::TOO_MANY_REQUESTS,
            &format!("Request was throttled. Expected available in {retry_after} seconds"),
        ),
        Error::Unavailable { why, .. } => detail(StatusCode::SERVICE_UNAVAILABLE, why),
        // This dialect takes no idempotency keys, so it keeps no answers either.
        Error::Replay(_) | Error::Preview(_) | Error::Internal(_) => detail(StatusCode::INTERNAL_SERVER_ERROR, OURS),
    }
}

fn of_body(refusal: &BodyRefusal) -> (StatusCode, Told) {
    // As the framework has it, without a full stop.
    let parse = |why: &str| (refusal.status(), Told::Detail(Detail { detail: format!("JSON parse error - {why}") }));
    match refusal {
        BodyRefusal::Malformed { why } => parse(why.strip_prefix("the body is not JSON: ").unwrap_or(why)),
        BodyRefusal::TooDeep => parse(&refusal.to_string()),
        BodyRefusal::Empty => parse("Expecting value: line 1 column 1 (char 0)"),
        BodyRefusal::Field { path, why } => (refusal.status(), Told::Fields(Faults::one(path, words(why)))),
        BodyRefusal::MediaType | BodyRefusal::TooLarge { .. } | BodyRefusal::TooSlow => {
            (refusal.status(), Detail::of(&refusal.to_string()))
        }
    }
}

fn of_query(refusal: &BodyRefusal) -> (StatusCode, Told) {
    match refusal {
        BodyRefusal::Field { path, why } if !path.is_empty() => {
            (refusal.status(), Told::Fields(Faults::one(path, words(why))))
        }
        other => (other.status(), Detail::of(&other.to_string())),
    }
}

/// The words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let end = if words.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.collect::<String>(), letters.as_str())
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

/// What any listing may be refused with, for the document.
pub(super) struct ListRefusals;
/// What any read of one thing may be refused with.
pub(super) struct ReadRefusals;
/// What any creation may be refused with.
pub(super) struct CreateRefusals;
/// What any edit may be refused with.
pub(super) struct EditRefusals;
/// What any deletion may be refused with.
pub(super) struct DeleteRefusals;

type Row = (u16, &'static str);
const WRONG: Row = (400, "Malformed, or invalid: each wrong field and what is wrong with it");
const QUERY: Row = (400, "A query parameter is malformed or given twice");
const HEAD: Row = (400, "The path or a header field is malformed");
const GONE: Row = (404, "No such record in this workspace, or the id is not a UUID");
const PAGE: Row = (404, "No such page, or `page` is not a number");
const EVERY: [Row; 5] = [
    (401, "The key is missing, unknown or revoked"),
    (403, "The person behind the key may not do this, or the key may only read"),
    (429, "Too many calls; see Retry-After"),
    (500, "A fault of the server; its log has more under X-Request-Id"),
    (503, "Not available just now; see Retry-After"),
];
const FRESH: Row = (412, "The company has not reached the revision in Guildhall-Min-Revision");
const BODY: [Row; 3] = [
    (408, "The body came too slowly"),
    (413, "The body is larger than 16 MiB"),
    (415, "The body is not JSON in UTF-8"),
];

type Responses = BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::response::Response>>;

fn documented(rows: impl IntoIterator<Item = Row>) -> Responses {
    use utoipa::openapi::{Content, OneOf, Ref, ResponseBuilder, Schema};
    let response = |(status, what): Row| {
        let detail = Ref::from_schema_name("Detail");
        let content = match status {
            // What cannot be read as a whole is told as one text, what is wrong in it field by field.
            400 => {
                let either = OneOf::builder().item(detail).item(Ref::from_schema_name("FieldErrors")).build();
                Content::new(Some(Schema::OneOf(either)))
            }
            _ => Content::new(Some(detail)),
        };
        let response = ResponseBuilder::new().description(what).content("application/json", content).build();
        (status.to_string(), response.into())
    };
    rows.into_iter().chain(EVERY).map(response).collect()
}

impl IntoResponses for ListRefusals {
    fn responses() -> Responses {
        documented([QUERY, PAGE, FRESH])
    }
}
impl IntoResponses for ReadRefusals {
    fn responses() -> Responses {
        documented([HEAD, GONE, FRESH])
    }
}
impl IntoResponses for CreateRefusals {
    fn responses() -> Responses {
        documented([WRONG].into_iter().chain(BODY))
    }
}
impl IntoResponses for EditRefusals {
    fn responses() -> Responses {
        documented([WRONG, GONE].into_iter().chain(BODY))
    }
}
impl IntoResponses for DeleteRefusals {
    fn responses() -> Responses {
        documented([WRONG, GONE])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(error: Error, names: &Names) -> String {
        let (status, told) = told(&error, names);
        format!("{} {}", status.as_u16(), serde_json::to_string(&told).unwrap())
    }

    #[test]
    fn every_kind_of_refusal_has_its_words() {
        let group = |error| words_of(error, &Names::GROUP);
        let user = |error| words_of(error, &Names::USER);
        insta::assert_snapshot!(group(Error::NotFound { noun: "group" }), @r#"404 {"detail":"Not found."}"#);
        insta::assert_snapshot!(group(Error::Unmodifiable), @r#"400 {"non_field_errors":["This group is unmodifiable; its name and description are frozen, only its members may change."]}"#);
        insta::assert_snapshot!(group(Error::Closed { by: "its source, Okta".into() }), @r#"400 {"users":["The members of this group are kept by its source, Okta; change them there."]}"#);
        let held = || Error::HeldMembers { held: vec![(Uuid::nil(), "a rule".into())] };
        insta::assert_snapshot!(group(held()), @r#"400 {"users":["\"00000000-0000-0000-0000-000000000000\" is held by a rule, which this call cannot end."]}"#);
        assert!(user(held()).contains(r#"{"user_groups":["#));
        insta::assert_snapshot!(user(Error::invalid("givenName", "may have at most 255 characters")), @r#"400 {"first_name":["Ensure this field has no more than 255 characters."]}"#);
        insta::assert_snapshot!(user(Error::Taken { field: "userName".into(), why: "belongs to another user".into() }), @r#"400 {"email":["A user with this email already exists."]}"#);
        insta::assert_snapshot!(user(Error::TooMany { field: "groups".into(), limit: 10_000 }), @r#"400 {"user_groups":["Ensure this field has no more than 10000 elements."]}"#);
        insta::assert_snapshot!(group(Error::Unknown { field: "users".into(), noun: "user", ids: vec![Uuid::nil()] }), @r#"400 {"users":["Invalid pk \"00000000-0000-0000-0000-000000000000\" - object does not exist."]}"#);
        insta::assert_snapshot!(group(Error::TooFast { retry_after: 7 }), @r#"429 {"detail":"Request was throttled. Expected available in 7 seconds."}"#);
        insta::assert_snapshot!(group(Error::Ahead { asked: 9, at: 3 }), @r#"412 {"detail":"This company is at revision 3; revision 9 does not exist yet."}"#);
    }

    #[test]
    fn our_insides_stay_inside_and_waiting_is_told() {
        assert!(!words_of(Error::internal("table users is gone"), &Names::GROUP).contains("table"));
        let response = answer(Error::internal("table users is gone"), RequestId::NIL);
        assert_eq!(&*response.extensions().get::<Fault>().unwrap().0, "table users is gone");
        let response = answer(Error::TooFast { retry_after: 7 }, RequestId::NIL);
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &HeaderValue::from(7)));
        assert_eq!(response.extensions().get::<Cause>().unwrap().0, "too_fast");
    }
}
