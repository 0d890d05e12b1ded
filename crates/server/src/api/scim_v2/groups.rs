//! Groups over HTTP.

use axum::extract::State;
use axum::response::Response;

use super::act::Desk;
use super::document::{Group as Resource, Listed, Patched, Refusals};
use super::error::Failure;
use super::extract::{Asked, Body, Id};
use super::list;
use super::query::Query;
use super::schema::Type;
use super::search::spoken;
use crate::app::App;

/// Lists groups
///
/// By id, or in the order of `sortBy`; `filter` takes the whole grammar of RFC 7644.
#[utoipa::path(
    get, path = "/scim/v2/Groups", operation_id = "listGroups", tag = "Groups",
    params(super::document::Listing),
    responses((status = 200, description = "A page of groups", body = Listed<Resource>, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let query = Query::from_uri(&asked.uri)?;
    Ok(spoken(list::answer(&app, &asked.caller, &asked.base, &[Type::Group], &query).await?))
}

/// Creates a group
#[utoipa::path(
    post, path = "/scim/v2/Groups", operation_id = "createGroup", tag = "Groups",
    params(super::document::Shown),
    request_body(content = Resource, content_type = "application/scim+json"),
    responses((status = 201, description = "The group", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn create(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.create(Type::Group, &body.0).await?.answer(&asked.base))
}

/// Reads a group
#[utoipa::path(
    get, path = "/scim/v2/Groups/{id}", operation_id = "getGroup", tag = "Groups",
    params(("id" = Uuid, Path, description = "The group"), super::document::Shown),
    responses((status = 200, description = "The group", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn get(State(app): State<App>, asked: Asked, id: Id) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.read(Type::Group, id.0, &asked.if_none_match).await?.answer(&asked.base))
}

/// Replaces a group
///
/// Without `members` the members stay; `[]` removes all that the caller is shown.
#[utoipa::path(
    put, path = "/scim/v2/Groups/{id}", operation_id = "replaceGroup", tag = "Groups",
    params(("id" = Uuid, Path, description = "The group"), super::document::Shown),
    request_body(content = Resource, content_type = "application/scim+json"),
    responses((status = 200, description = "The group", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn replace(State(app): State<App>, asked: Asked, id: Id, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.replace(Type::Group, id.0, &body.0, &asked.if_match).await?.answer(&asked.base))
}

/// Edits a group by operations
///
/// All of them or none. Members are added and removed without a look at the others; with more than 100 the answer leaves them out.
#[utoipa::path(
    patch, path = "/scim/v2/Groups/{id}", operation_id = "editGroup", tag = "Groups",
    params(("id" = Uuid, Path, description = "The group"), super::document::Shown),
    request_body(content = Patched, content_type = "application/scim+json"),
    responses((status = 200, description = "The group", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn edit(State(app): State<App>, asked: Asked, id: Id, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.patch(Type::Group, id.0, &body.0, &asked.if_match).await?.answer(&asked.base))
}

/// Deletes a group
#[utoipa::path(
    delete, path = "/scim/v2/Groups/{id}", operation_id = "deleteGroup", tag = "Groups",
    params(("id" = Uuid, Path, description = "The group")),
    responses((status = 204, description = "Gone from the caller's sight"), Refusals)
)]
pub(super) async fn delete(State(app): State<App>, asked: Asked, id: Id) -> Result<Response, Failure> {
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: None };
    Ok(desk.delete(Type::Group, id.0, &asked.if_match).await?.answer(&asked.base))
}
