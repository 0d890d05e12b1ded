//! `/Me` (RFC 7644 §3.11): the user that the key acts as.

use axum::extract::State;
use axum::response::Response;
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::UserId;
use uuid::Uuid;

use super::act::Desk;
use super::document::{Patched, Refusals, User};
use super::error::Failure;
use super::extract::{Asked, Body};
use super::query::Query;
use super::schema::Type;
use crate::app::App;

fn myself(caller: &Caller) -> Result<Uuid, Failure> {
    Ok(caller.user().map(UserId::uuid).ok_or(Error::NotFound { noun: UserId::NOUN })?)
}

/// Reads the user that the key acts as
#[utoipa::path(
    get, path = "/scim/v2/Me", operation_id = "getMe", tag = "Me",
    params(super::document::Shown),
    responses((status = 200, description = "The user", body = User, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn get(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.read(Type::User, myself(&asked.caller)?, &asked.if_none_match).await?.answer(&asked.base))
}

/// Replaces the user that the key acts as
#[utoipa::path(
    put, path = "/scim/v2/Me", operation_id = "replaceMe", tag = "Me",
    params(super::document::Shown),
    request_body(content = User, content_type = "application/scim+json"),
    responses((status = 200, description = "The user", body = User, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn replace(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.replace(Type::User, myself(&asked.caller)?, &body.0, &asked.if_match).await?.answer(&asked.base))
}

/// Edits the user that the key acts as
#[utoipa::path(
    patch, path = "/scim/v2/Me", operation_id = "editMe", tag = "Me",
    params(super::document::Shown),
    request_body(content = Patched, content_type = "application/scim+json"),
    responses((status = 200, description = "The user", body = User, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn edit(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let shown = Query::shown(&asked.uri)?;
    let desk = Desk { app: &app, caller: &asked.caller, base: &asked.base, shown: Some(&shown) };
    Ok(desk.patch(Type::User, myself(&asked.caller)?, &body.0, &asked.if_match).await?.answer(&asked.base))
}
