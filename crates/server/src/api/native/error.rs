//! Domain errors, and HTTP's own refusals, as problem details (RFC 9457).

use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::RequestId;
use guildhall_engine::MemberRef;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::once::Answer;
use super::wire::Breach;
use crate::http::body::BodyRefusal;
use crate::http::caller::Cause;
use crate::http::layers::Refusal;

/// What every `type` begins with; the name behind it is listed in `docs/errors.md`.
const URN: &str = "urn:guildhall:error:";

/// One member of the request that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The member, parameter or header, such as `name`, `members[3].email` or `If-Match`.
    pub(super) field: String,
    /// What is wrong with it, as the end of a sentence that begins with the member.
    pub(super) detail: String,
    /// The line of the sheet it is on, where it is a sheet's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    /// The id that is not there, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Uuid>,
}

/// One member of a group who stays, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeldMember {
    /// The user.
    pub(super) user: Uuid,
    /// What holds them, in words.
    pub(super) held_by: String,
}

/// A refusal or failure (RFC 9457). `type` says which; `detail` says it to people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// `urn:guildhall:error:<name>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:guildhall:error:not-found")]
    pub(super) kind: String,
    /// What kind of problem it is, in a few words.
    pub(super) title: &'static str,
    /// The status of the answer.
    pub(super) status: u16,
    /// What went wrong this time.
    pub(super) detail: String,
    /// The request: `urn:uuid:` and the id that `X-Request-Id` and the server's log give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance: Option<String>,
    /// What is wrong in the request, member by member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) errors: Vec<FieldError>,
    /// The members who would stay, when they cannot be removed by hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) members: Vec<HeldMember>,
    /// The groups that a nesting would put into a circle, in order, from the parent back to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) cycle: Vec<Uuid>,
    /// Who would come to be in more groups of a conflict than one may: the first 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) breaches: Vec<Breach>,
    /// What `Guildhall-Confirmation` has to say for a removal that the brake held to be done all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confirmation: Option<String>,
}

/// The same problem for one item of a bulk call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ItemProblem {
    /// `urn:guildhall:error:<name>`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// What kind of problem it is, in a few words.
    pub(super) title: &'static str,
    /// What went wrong with this item.
    pub(super) detail: String,
}

impl Problem {
    fn new(status: StatusCode, name: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{URN}{name}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            errors: Vec::new(),
            members: Vec::new(),
            cycle: Vec::new(),
            breaches: Vec::new(),
            confirmation: None,
        }
    }

    fn wrong(mut self, field: &str, detail: impl Into<String>, id: Option<Uuid>) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), detail: detail.into(), line: None, id });
        self
    }

    /// The problem that an error is. A replay is none and never comes here.
    pub(super) fn of(error: &Error) -> Self {
        let detail = error.to_string();
        let new = |status, name, title| Self::new(status, name, title, detail.clone());
        match error {
            Error::Invalid { field, why } => {
                new(StatusCode::BAD_REQUEST, "invalid", "The request is not valid").wrong(field, why, None)
            }
            Error::TooMany { field, limit } => new(StatusCode::BAD_REQUEST, "too-many", "Too many items in one call")
                .wrong(field, format!("may hold at most {limit}"), None),
            Error::Rows { rows, .. } => {
                let mut problem = new(StatusCode::BAD_REQUEST, "rows", "Rows of the sheet are wrong");
                problem.errors.extend(rows.iter().flat_map(|(line, error)| Self::of_row(*line, error)));
                problem
            }
            Error::NotFound { .. } => new(StatusCode::NOT_FOUND, "not-found", "Not found"),
            Error::Unknown { field, noun, ids } => {
                let problem = new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-reference", "A reference leads nowhere");
                let one = |p: Self, id: &Uuid| p.wrong(field, format!("no {noun} has this id"), Some(*id));
                ids.iter().fold(problem, one)
            }
            Error::Conflict { .. } => new(StatusCode::CONFLICT, "conflict", "The present state does not allow it"),
            Error::Cycle { groups } => {
                let cycle = groups.iter().map(|group| group.uuid()).collect();
                Self { cycle, ..new(StatusCode::CONFLICT, "cycle", "A group cannot be inside itself") }
            }
            Error::Taken { field, why } => {
                new(StatusCode::CONFLICT, "taken", "The value is taken").wrong(field, why, None)
            }
            Error::Closed { .. } => new(StatusCode::CONFLICT, "closed-group", "The members are kept elsewhere"),
            Error::HeldMembers { held } => {
                let members = held.iter().map(|(user, by)| HeldMember { user: *user, held_by: by.clone() }).collect();
                Self { members, ..new(StatusCode::CONFLICT, "held-members", "Members are held by something else") }
            }
            Error::Braked { confirmation, .. } => {
                let problem = new(StatusCode::CONFLICT, "braked", "Too many members would be removed at once");
                Self { confirmation: Some(confirmation.clone()), ..problem }
            }
            Error::Conflicting { breaches, .. } => {
                let breaches = breaches.iter().cloned().map(Breach::from).collect();
                let title = "Somebody would be in groups that are in conflict";
                Self { breaches, ..new(StatusCode::CONFLICT, "conflicting-groups", title) }
            }
            Error::Unmodifiable => new(StatusCode::CONFLICT, "unmodifiable", "The group is unmodifiable"),
            Error::Unauthenticated { .. } => {
                new(StatusCode::UNAUTHORIZED, "unauthenticated", "No valid credential was presented")
            }
            Error::ReadOnlyKey => new(StatusCode::FORBIDDEN, "read-only-key", "The key may only read"),
            Error::Forbidden { .. } => new(StatusCode::FORBIDDEN, "forbidden", "A right is missing"),
            Error::Stale => new(StatusCode::PRECONDITION_FAILED, "stale", "The record has changed"),
            Error::Ahead { .. } => new(StatusCode::PRECONDITION_FAILED, "ahead", "The revision does not exist yet"),
            Error::KeyReused => {
                new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The Idempotency-Key is in use")
            }
            Error::TooFast { .. } => new(StatusCode::TOO_MANY_REQUESTS, "too-fast", "Too many calls"),
            Error::Unavailable { .. } => new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available just now"),
            Error::Replay(_) | Error::Preview(_) | Error::Internal(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong here",
                "the server's log has more under this request id",
            ),
        }
    }

    /// What is wrong with a row, cell by cell where that is known.
    fn of_row(line: u64, error: &Error) -> Vec<FieldError> {
        let Self { detail, errors, .. } = Self::of(error);
        if errors.is_empty() {
            return vec![FieldError { field: "row".into(), detail, line: Some(line), id: None }];
        }
        errors.into_iter().map(|wrong| FieldError { line: Some(line), ..wrong }).collect()
    }

    /// The problem that a body or query which cannot be read is.
    fn of_body(refusal: &BodyRefusal) -> Self {
        let (name, title) = match refusal {
            BodyRefusal::MediaType => ("media-type", "The media type is not supported"),
            BodyRefusal::TooLarge { .. } => ("too-large", "The body is too large"),
            BodyRefusal::TooSlow => ("too-slow", "The request came too slowly"),
            BodyRefusal::Malformed { .. } | BodyRefusal::TooDeep | BodyRefusal::Empty => {
                ("malformed", "The request cannot be read")
            }
            BodyRefusal::Field { .. } => ("invalid", "The request is not valid"),
        };
        let problem = Self::new(refusal.status(), name, title, refusal.to_string());
        match refusal {
            BodyRefusal::Field { path, why } if !path.is_empty() => problem.wrong(path, why, None),
            _ => problem,
        }
    }

    /// The same problem for one item of a bulk call.
    pub(super) fn of_item(error: &Error) -> ItemProblem {
        let Self { kind, title, detail, .. } = Self::of(error);
        ItemProblem { kind, title, detail }
    }

    /// The problem as an answer to this request.
    pub(super) fn answer(mut self, request: RequestId) -> Answer {
        self.instance = Some(format!("urn:uuid:{request}"));
        Answer::json(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &self)
            .with(&header::CONTENT_TYPE, "application/problem+json")
    }
}

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    let Refusal { status, detail, request_id, .. } = refusal;
    let (name, title) = match status {
        StatusCode::BAD_REQUEST => ("malformed", "The request cannot be read"),
        StatusCode::UNAUTHORIZED => ("unauthenticated", "No valid credential was presented"),
        StatusCode::FORBIDDEN => ("forbidden", "A right is missing"),
        StatusCode::NOT_FOUND => ("not-found", "Not found"),
        StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "The method is not allowed here"),
        StatusCode::REQUEST_TIMEOUT => ("too-slow", "The request came too slowly"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "The body is too large"),
        StatusCode::URI_TOO_LONG => ("target-too-long", "The target is too long"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("media-type", "The media type is not supported"),
        StatusCode::MISDIRECTED_REQUEST => ("misdirected", "The host name is not ours"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ("head-too-large", "The head of the request is too large"),
        StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "Not available just now"),
        other if other.is_server_error() => ("internal", "Something went wrong here"),
        _ => ("malformed", "The request was refused"),
    };
    Problem::new(status, name, title, detail).answer(RequestId::new(request_id.0)).into_response()
}

/// A domain error, or the answer that was given before.
pub fn answer(error: Error, request: RequestId) -> Response {
    let retry_after = match &error {
        Error::TooFast { retry_after } | Error::Unavailable { retry_after, .. } => Some(*retry_after),
        _ => None,
    };
    let (error, cause) = match error {
        Error::Preview(told) => {
            return Answer::json(StatusCode::OK, &super::wire::Preview::from(*told)).into_response();
        }
        Error::Replay(bytes) => match Answer::decode(&bytes) {
            Some(answer) => return answer.with_text("idempotency-replayed", "true").into_response(),
            None => (Error::internal("a kept answer cannot be read"), "internal"),
        },
        other => {
            let cause = other.cause();
            (other, cause)
        }
    };
    if let Error::Internal(cause) = &error {
        tracing::error!(%cause, request_id = %request, "a request failed");
    }
    let mut response = Problem::of(&error).answer(request).into_response();
    if matches!(error, Error::Unauthenticated { .. }) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(Cause(cause));
    response
}

/// Why a handler or extractor did not get through, on its way to [`settle`].
#[derive(Debug)]
pub(in crate::api) struct Failure(Why);

#[derive(Debug)]
enum Why {
    Domain(Error),
    Body(BodyRefusal),
    /// Unknown ids, and where in the request each of them stands.
    Unknown {
        error: Error,
        places: Vec<String>,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(Why::Domain(error))
    }
}

impl From<BodyRefusal> for Failure {
    fn from(refusal: BodyRefusal) -> Self {
        Self(Why::Body(refusal))
    }
}

impl Failure {
    /// The same failure, its unknown ids told by their places in the list `field` of the request.
    pub(super) fn in_list(self, field: &'static str, named: &[MemberRef]) -> Self {
        match self.0 {
            Why::Domain(Error::Unknown { field: of, noun, ids }) if of == field => {
                let place = |id: &Uuid| {
                    let found = named.iter().position(|one| matches!(one, MemberRef::Id(user) if user.uuid() == *id));
                    found.map_or_else(|| field.to_owned(), |i| format!("{field}[{i}].id"))
                };
                let places = ids.iter().map(place).collect();
                Self(Why::Unknown { error: Error::Unknown { field: of, noun, ids }, places })
            }
            why => Self(why),
        }
    }
}

/// In the extensions of a response that [`settle`] has yet to make.
#[derive(Clone)]
struct Unsettled(std::sync::Arc<std::sync::Mutex<Option<Why>>>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Unsettled(std::sync::Arc::new(std::sync::Mutex::new(Some(self.0)))));
        response
    }
}

/// Makes the answer of a failure: only here is the request's name at hand.
pub(super) async fn settle(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let id = request.extensions().get::<crate::http::layers::RequestId>().map_or_else(Uuid::nil, |id| id.0);
    settled(next.run(request).await, RequestId::new(id))
}

/// The answer itself, where a failure stands in for it.
pub(in crate::api) fn settled(mut response: Response, request_id: RequestId) -> Response {
    let Some(Unsettled(why)) = response.extensions_mut().remove::<Unsettled>() else { return response };
    let why = why.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    match why {
        Some(Why::Domain(error)) => answer(error, request_id),
        Some(Why::Body(refusal)) => {
            let mut response = Problem::of_body(&refusal).answer(request_id).into_response();
            response.extensions_mut().insert(Cause("invalid"));
            response
        }
        Some(Why::Unknown { error, places }) => {
            let mut problem = Problem::of(&error);
            for (wrong, place) in problem.errors.iter_mut().zip(places) {
                wrong.field = place;
            }
            let mut response = problem.answer(request_id).into_response();
            response.extensions_mut().insert(Cause(error.cause()));
            response
        }
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &Error) -> String {
        let Problem { kind, status, detail, errors, members, .. } = Problem::of(error);
        let name = kind.strip_prefix(URN).unwrap_or_default();
        let fields: Vec<&str> = errors.iter().map(|wrong| wrong.field.as_str()).collect();
        format!("{status} {name} {fields:?} {}: {detail}", members.len())
    }

    #[test]
    fn every_error_has_its_problem() {
        let all = [
            Error::invalid("name", "is wrong"),
            Error::TooMany { field: "members".into(), limit: 5 },
            Error::NotFound { noun: "group" },
            Error::Unknown { field: "owners".into(), noun: "user", ids: vec![Uuid::nil(), Uuid::max()] },
            Error::conflict("it is so"),
            Error::Cycle { groups: vec![guildhall_domain::ids::GroupId::NIL; 2] },
            Error::Taken { field: "email".into(), why: "belongs to another user".into() },
            Error::Closed { by: "hr".into() },
            Error::HeldMembers { held: vec![(Uuid::nil(), "a rule".into())] },
            Error::Braked { removals: 60, members: 100, confirmation: "c".into() },
            Error::Conflicting {
                breaches: vec![guildhall_domain::conflict::Breach {
                    user: guildhall_domain::ids::UserId::NIL,
                    conflict: guildhall_domain::ids::ConflictId::NIL,
                    name: "Pay".into(),
                    at_most: 1,
                    groups: vec![
                        (guildhall_domain::ids::GroupId::NIL, "Orders".into()),
                        (guildhall_domain::ids::GroupId::NIL, "Payments".into()),
                    ],
                    rule: None,
                    from: None,
                }],
                total: 3,
            },
            Error::Unmodifiable,
            Error::Unauthenticated { why: "no" },
            Error::ReadOnlyKey,
            Error::forbidden("no right"),
            Error::Stale,
            Error::Ahead { asked: 9, at: 3 },
            Error::KeyReused,
            Error::TooFast { retry_after: 7 },
            Error::Unavailable { why: "the database is away".into(), retry_after: 2 },
            Error::internal("table users is gone"),
        ];
        insta::assert_snapshot!(all.each_ref().map(told).join("\n"), @r#"
        400 invalid ["name"] 0: name: is wrong
        400 too-many ["members"] 0: members: more than 5 in one call
        404 not-found [] 0: no group has this id
        422 unknown-reference ["owners", "owners"] 0: owners: no user has the id 00000000-0000-0000-0000-000000000000
        409 conflict [] 0: it is so
        409 cycle [] 0: a group cannot be inside itself: 00000000-0000-0000-0000-000000000000 > 00000000-0000-0000-0000-000000000000
        409 taken ["email"] 0: email: belongs to another user
        409 closed-group [] 0: the members of this group are kept by hr; change them there
        409 held-members [] 1: 1 of these members are held by a rule, which this call cannot end
        409 braked [] 0: this would remove 60 of 100 members of the group; the brake holds it until an administrator releases it
        409 conflicting-groups [] 0: the user 00000000-0000-0000-0000-000000000000 would be in Orders, Payments, and the conflict Pay allows 1 of them; 2 more breaches like this
        409 unmodifiable [] 0: this group is unmodifiable; its name and description are frozen, only its members may change
        401 unauthenticated [] 0: no
        403 read-only-key [] 0: this key may only read
        403 forbidden [] 0: no right
        412 stale [] 0: the record has changed since the version named by If-Match
        412 ahead [] 0: this company is at revision 3; revision 9 does not exist yet
        422 idempotency-key-reused [] 0: this Idempotency-Key was used with another request
        429 too-fast [] 0: too many calls; try again in 7 s
        503 unavailable [] 0: the database is away
        500 internal [] 0: the server's log has more under this request id
        "#);
    }

    #[test]
    fn waiting_and_credentials_are_told_in_headers() {
        let response = answer(Error::TooFast { retry_after: 7 }, RequestId::NIL);
        assert_eq!(response.headers()["retry-after"], "7");
        assert_eq!(response.extensions().get::<Cause>().map(|cause| cause.0), Some("too_fast"));
        let response = answer(Error::Unauthenticated { why: "no" }, RequestId::NIL);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        let response = answer(Error::Replay(b"x".to_vec()), RequestId::NIL);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
