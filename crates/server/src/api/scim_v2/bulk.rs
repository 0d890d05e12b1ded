//! Several operations in one call (RFC 7644 §3.7): each is done or not by itself, in order, but for those that refer to
//! what a later one makes: they come after it.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::response::Response;
use guildhall_domain::Error;
use guildhall_domain::ids::parse_uuid;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::act::{Desk, Outcome, missing};
use super::document::{Bulk, BulkAnswer, Refusals};
use super::error::{Failure, Kind};
use super::extract::{Asked, Body, Tags};
use super::patch::member;
use super::schema::Type;
use super::search::spoken;
use super::tag;
use crate::app::App;

/// The most operations in one call.
pub(super) const MOST: usize = 1000;
/// The deepest that values are looked through for references.
const DEEPEST: usize = 32;

/// One operation, read.
pub(super) struct Operation {
    method: Method,
    path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Map<String, Value>,
}

fn text(operation: &Map<String, Value>, name: &str) -> Option<String> {
    member(operation, name).and_then(Value::as_str).map(str::to_owned)
}

/// Reads one.
///
/// # Errors
/// `invalidSyntax`.
pub(super) fn read(raw: &Value) -> Result<Operation, Failure> {
    let syntax = |why: &str| Failure::bad(Kind::InvalidSyntax, why.to_owned());
    let raw = raw.as_object().ok_or_else(|| syntax("Operations: each must be an object"))?;
    let method = text(raw, "method").ok_or_else(|| missing("method"))?.to_ascii_uppercase();
    let method = match method.as_str() {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => return Err(syntax("method: must be one of POST, PUT, PATCH and DELETE")),
    };
    let bulk_id = text(raw, "bulkId").filter(|id| !id.is_empty());
    if method == Method::POST && bulk_id.is_none() {
        return Err(missing("bulkId"));
    }
    let data = match member(raw, "data") {
        Some(Value::Object(data)) => data.clone(),
        None | Some(Value::Null) if method == Method::DELETE => Map::new(),
        _ => return Err(syntax("data: must be an object")),
    };
    let path = text(raw, "path").ok_or_else(|| missing("path"))?;
    Ok(Operation { method, path, bulk_id, version: text(raw, "version"), data })
}

/// What a reference begins with; inside a path it stands in quotation marks.
const REFERENCE: &str = "bulkId:";

/// The text with ids of what was made before in place of references; none where one was not made.
fn resolved(text: &str, made: &HashMap<String, String>) -> Option<String> {
    if let Some(id) = text.strip_prefix(REFERENCE) {
        return made.get(id).cloned();
    }
    // A path may hold some in its brackets.
    let mut parts = text.split("\"bulkId:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_once('"').unwrap_or((part, ""));
        match made.get(id) {
            Some(id) => out.extend(["\"", id, "\"", rest]),
            None => out.extend(["\"", REFERENCE, part]),
        }
    }
    Some(out)
}

/// Does the text refer to any of these?
fn refers(text: &str, to: &HashSet<String>) -> bool {
    match text.strip_prefix(REFERENCE) {
        Some(id) => to.contains(id),
        None => text.split("\"bulkId:").skip(1).any(|part| part.split('"').next().is_some_and(|id| to.contains(id))),
    }
}

/// Shows every text in a value, until one is refused.
fn each_text(value: &mut Value, depth: usize, show: &mut impl FnMut(&mut String) -> bool) -> bool {
    match value {
        Value::String(text) if text.contains(REFERENCE) => show(text),
        Value::Array(items) if depth < DEEPEST => items.iter_mut().all(|item| each_text(item, depth + 1, show)),
        Value::Object(parts) if depth < DEEPEST => parts.values_mut().all(|part| each_text(part, depth + 1, show)),
        _ => true,
    }
}

impl Operation {
    /// Does it refer to any of these, which are not made yet?
    fn waits(&mut self, to: &HashSet<String>) -> bool {
        let path = self.path.trim_matches('/').split('/').nth(1).is_some_and(|id| refers(id, to));
        path || !self.data.values_mut().all(|part| each_text(part, 0, &mut |text| !refers(text, to)))
    }
}

async fn carry_out(desk: &Desk<'_>, operation: Operation, made: &HashMap<String, String>) -> Result<Outcome, Failure> {
    let Operation { method, path, version, mut data, .. } = operation;
    let mut put = |text: &mut String| match resolved(text, made) {
        Some(id) => {
            *text = id;
            true
        }
        None => false,
    };
    if !data.values_mut().all(|part| each_text(part, 0, &mut put)) {
        let why = "a bulkId names nothing that was made in this call".to_owned();
        return Err(Failure::bad(Kind::InvalidValue, why));
    }
    let mut segments = path.trim_matches('/').split('/');
    let of = match segments.next() {
        Some("Users") => Type::User,
        Some("Groups") => Type::Group,
        _ => return Err(Failure::bad(Kind::InvalidPath, "path: must begin with /Users or /Groups".to_owned())),
    };
    let raw = segments.next();
    if segments.next().is_some() {
        return Err(Failure::bad(Kind::InvalidPath, "path: must be /Users or /Groups, and an id".to_owned()));
    }
    let tags = Tags::of(version.as_deref());
    let id = match raw {
        None if method == Method::POST => return desk.create(of, &data).await,
        None | Some(_) if method == Method::POST => {
            return Err(Failure::bad(Kind::InvalidPath, "path: has an id, which POST gives".to_owned()));
        }
        None => return Err(Failure::bad(Kind::InvalidPath, "path: has no id".to_owned())),
        Some(raw) => match raw.strip_prefix("bulkId:") {
            Some(bulk_id) => made.get(bulk_id).map(String::as_str),
            None => Some(raw),
        },
    };
    let id = id.and_then(parse_uuid).ok_or(Error::NotFound { noun: "resource" })?;
    match method {
        Method::PUT => desk.replace(of, id, &data, &tags).await,
        Method::PATCH => desk.patch(of, id, &data, &tags).await,
        _ => desk.delete(of, id, &tags).await,
    }
}

/// Carries several operations out
///
/// In order, each by itself. What one makes can be referred to by a later one as `bulkId:` and its `bulkId`.
#[utoipa::path(
    post, path = "/scim/v2/Bulk", operation_id = "bulk", tag = "Bulk",
    request_body(content = Bulk, content_type = "application/scim+json"),
    responses((status = 200, description = "What came of each operation", body = BulkAnswer, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn run(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let listed = match member(&body.0, "Operations") {
        Some(Value::Array(listed)) => listed,
        _ => return Err(Failure::bad(Kind::InvalidSyntax, "Operations: must be a list".to_owned())),
    };
    if listed.len() > MOST {
        return Err(Failure::bad(Kind::TooMany, format!("Operations: more than {MOST} in one call")));
    }
    let most_errors = match member(&body.0, "failOnErrors") {
        None | Some(Value::Null) => None,
        Some(number) => match number.as_u64().filter(|number| *number > 0) {
            Some(number) => Some(number),
            None => return Err(Failure::bad(Kind::InvalidValue, "failOnErrors: must be at least 1".to_owned())),
        },
    };
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: None };
    let told = carry_out_all(&desk, listed, most_errors).await;
    Ok(spoken(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": told,
    })))
}

/// Carries operations out until so many have failed; what came of each, in the order they were sent in.
async fn carry_out_all(desk: &Desk<'_>, listed: &[Value], most_errors: Option<u64>) -> Vec<Value> {
    let mut read: Vec<Option<Result<Operation, Failure>>> = listed.iter().map(|raw| Some(read(raw))).collect();
    let posted = read.iter().flatten().flatten().filter(|operation| operation.method == Method::POST);
    let mut awaited: HashSet<String> = posted.filter_map(|operation| operation.bulk_id.clone()).collect();
    let (mut made, mut told, mut errors) = (HashMap::new(), vec![Value::Null; listed.len()], 0);
    let (mut left, mut stuck) = ((0..listed.len()).collect::<Vec<_>>(), false);
    'all: while !left.is_empty() {
        let (before, mut later) = (left.len(), Vec::new());
        for at in left {
            let Some(mut operation) = read[at].take() else { continue };
            let waits = operation.as_mut().is_ok_and(|operation| operation.waits(&awaited));
            if waits && !stuck {
                read[at] = Some(operation);
                later.push(at);
                continue;
            }
            if let (false, Ok(Operation { bulk_id: Some(id), .. })) = (stuck, &operation) {
                awaited.remove(id);
            }
            let (row, good) = one(desk, operation, waits, &mut made).await;
            told[at] = row;
            errors += u64::from(!good);
            if most_errors.is_some_and(|most| errors >= most) {
                break 'all;
            }
        }
        stuck = later.len() == before;
        left = later;
    }
    // Those that were not tried are not told of.
    told.retain(|row| !row.is_null());
    told
}

/// Carries one operation out; what came of it, and whether that is what was wanted. One that waits does so for itself.
async fn one(
    desk: &Desk<'_>,
    operation: Result<Operation, Failure>,
    waits: bool,
    made: &mut HashMap<String, String>,
) -> (Value, bool) {
    let mut row = json!({});
    let (mut bulk_id, mut location) = (None, None);
    if let Ok(operation) = &operation {
        row["method"] = operation.method.as_str().into();
        bulk_id.clone_from(&operation.bulk_id);
        location = located(desk, operation);
    }
    if let Some(id) = &bulk_id {
        row["bulkId"] = id.as_str().into();
    }
    let outcome = match operation {
        Ok(_) if waits => {
            Err(Error::conflict("operations refer to one another by bulkId in a circle, which is not resolved").into())
        }
        Ok(operation) => Box::pin(carry_out(desk, operation, made)).await,
        Err(refusal) => Err(refusal),
    };
    let good = outcome.is_ok();
    match outcome {
        Ok(outcome) => {
            row["status"] = outcome.status.as_str().into();
            if let Some((of, id)) = outcome.id {
                location = Some(desk.base.location(of, &id.to_string()));
                if let (Some(bulk_id), StatusCode::CREATED) = (bulk_id, outcome.status) {
                    made.insert(bulk_id, id.to_string());
                }
            }
            if let Some(version) = outcome.version {
                row["version"] = tag(version).into();
            }
        }
        Err(refusal) => {
            let (status, body) = refusal.told();
            row["status"] = status.as_str().into();
            row["response"] = body;
        }
    }
    if let Some(location) = location {
        row["location"] = location.into();
    }
    (row, good)
}

/// Where the resource is that an operation names by its id.
fn located(desk: &Desk<'_>, operation: &Operation) -> Option<String> {
    let path = operation.path.trim_matches('/');
    (operation.method != Method::POST).then(|| format!("{}/{path}", desk.base.0))
}
