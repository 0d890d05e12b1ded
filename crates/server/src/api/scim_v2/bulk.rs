//! Several operations in one call (RFC 7644 §3.7): each is done or not by itself, in order.

use std::collections::HashMap;

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
struct Operation {
    method: Method,
    path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Map<String, Value>,
}

fn text(operation: &Map<String, Value>, name: &str) -> Option<String> {
    member(operation, name).and_then(Value::as_str).map(str::to_owned)
}

fn read(raw: &Value) -> Result<Operation, Failure> {
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

/// Puts the ids of what was made before in place of references to it; false where one was not made.
fn resolve(value: &mut Value, made: &HashMap<String, String>, depth: usize) -> bool {
    match value {
        Value::String(text) => match text.strip_prefix("bulkId:") {
            Some(id) => match made.get(id) {
                Some(id) => {
                    text.clone_from(id);
                    true
                }
                None => false,
            },
            None => {
                // A path may hold one in its brackets.
                for (bulk_id, id) in made {
                    let reference = format!("\"bulkId:{bulk_id}\"");
                    if text.contains(&reference) {
                        *text = text.replace(&reference, &format!("\"{id}\""));
                    }
                }
                true
            }
        },
        Value::Array(items) if depth < DEEPEST => items.iter_mut().all(|item| resolve(item, made, depth + 1)),
        Value::Object(parts) if depth < DEEPEST => parts.values_mut().all(|value| resolve(value, made, depth + 1)),
        _ => true,
    }
}

async fn carry_out(desk: &Desk<'_>, operation: Operation, made: &HashMap<String, String>) -> Result<Outcome, Failure> {
    let Operation { method, path, version, data, .. } = operation;
    let mut data = Value::Object(data);
    if !resolve(&mut data, made, 0) {
        let why = "a bulkId names nothing that was made before in this call".to_owned();
        return Err(Failure::bad(Kind::InvalidValue, why));
    }
    let Value::Object(data) = data else { return Err(missing("data")) };
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
    let (mut made, mut told, mut errors) = (HashMap::new(), Vec::with_capacity(listed.len()), 0);
    for raw in listed {
        let (operation, mut row) = match read(raw) {
            Ok(operation) => {
                let mut row = json!({"method": operation.method.as_str()});
                if let Some(id) = &operation.bulk_id {
                    row["bulkId"] = id.as_str().into();
                }
                (Ok(operation), row)
            }
            Err(refusal) => (Err(refusal), json!({})),
        };
        let bulk_id = operation.as_ref().ok().and_then(|operation| operation.bulk_id.clone());
        let location = operation.as_ref().ok().and_then(|operation| located(&desk, operation));
        let outcome = match operation {
            Ok(operation) => Box::pin(carry_out(&desk, operation, &made)).await,
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(outcome) => {
                row["status"] = outcome.status.as_str().into();
                if let Some((of, id)) = outcome.id {
                    row["location"] = asked.base.location(of, &id.to_string()).into();
                    if let (Some(bulk_id), StatusCode::CREATED) = (bulk_id, outcome.status) {
                        made.insert(bulk_id, id.to_string());
                    }
                } else if let Some(location) = location {
                    row["location"] = location.into();
                }
                if let Some(version) = outcome.version {
                    row["version"] = tag(version).into();
                }
            }
            Err(refusal) => {
                let (status, body) = refusal.told();
                errors += 1;
                row["status"] = status.as_str().into();
                row["response"] = body;
                if let Some(location) = location {
                    row["location"] = location.into();
                }
            }
        }
        told.push(row);
        if most_errors.is_some_and(|most| errors >= most) {
            break;
        }
    }
    Ok(spoken(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": told,
    })))
}

/// Where the resource is that an operation names by its id.
fn located(desk: &Desk<'_>, operation: &Operation) -> Option<String> {
    let path = operation.path.trim_matches('/');
    (operation.method != Method::POST).then(|| format!("{}/{path}", desk.base.0))
}
