//! People over HTTP.

use axum::extract::State;
use axum::response::Response;

use super::act::Desk;
use super::document::{Listed, Patched, Refusals, User as Resource};
use super::error::Failure;
use super::extract::{Asked, Body, Id};
use super::list;
use super::query::Query;
use super::schema::Type;
use super::search::spoken;
use crate::app::App;

/// Lists users
///
/// By id, or in the order of `sortBy`; `filter` takes the whole grammar of RFC 7644.
#[utoipa::path(
    get, path = "/scim/v2/Users", operation_id = "listUsers", tag = "Users",
    params(super::document::Listing),
    responses((status = 200, description = "A page of users", body = Listed<Resource>, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let query = Query::from_uri(&asked.uri)?;
    Ok(spoken(list::answer(&app, &asked.caller, &asked.base, &[Type::User], &query).await?))
}

/// Creates a user
#[utoipa::path(
    post, path = "/scim/v2/Users", operation_id = "createUser", tag = "Users",
    params(super::document::Shown),
    request_body(content = Resource, content_type = "application/scim+json"),
    responses((status = 201, description = "The user", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn create(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.create(Type::User, &body.0).await?.answer(&asked.base))
}

/// Reads a user
#[utoipa::path(
    get, path = "/scim/v2/Users/{id}", operation_id = "getUser", tag = "Users",
    params(("id" = Uuid, Path, description = "The user"), super::document::Shown),
    responses((status = 200, description = "The user", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn get(State(app): State<App>, asked: Asked, id: Id) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.read(Type::User, id.0, &asked.if_none_match).await?.answer(&asked.base))
}

/// Replaces a user
///
/// What the body leaves out is emptied; `active` and the address stay.
#[utoipa::path(
    put, path = "/scim/v2/Users/{id}", operation_id = "replaceUser", tag = "Users",
    params(("id" = Uuid, Path, description = "The user"), super::document::Shown),
    request_body(content = Resource, content_type = "application/scim+json"),
    responses((status = 200, description = "The user", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn replace(State(app): State<App>, asked: Asked, id: Id, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.replace(Type::User, id.0, &body.0, &asked.if_match).await?.answer(&asked.base))
}

/// Edits a user by operations
///
/// All of them or none.
#[utoipa::path(
    patch, path = "/scim/v2/Users/{id}", operation_id = "editUser", tag = "Users",
    params(("id" = Uuid, Path, description = "The user"), super::document::Shown),
    request_body(content = Patched, content_type = "application/scim+json"),
    responses((status = 200, description = "The user", body = Resource, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn edit(State(app): State<App>, asked: Asked, id: Id, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.patch(Type::User, id.0, &body.0, &asked.if_match).await?.answer(&asked.base))
}

/// Deletes a user
#[utoipa::path(
    delete, path = "/scim/v2/Users/{id}", operation_id = "deleteUser", tag = "Users",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 204, description = "Gone from the caller's sight"), Refusals)
)]
pub(super) async fn delete(State(app): State<App>, asked: Asked, id: Id) -> Result<Response, Failure> {
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: None };
    Ok(desk.delete(Type::User, id.0, &asked.if_match).await?.answer(&asked.base))
}
