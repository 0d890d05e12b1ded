//! Searches by POST (RFC 7644 §3.4.3): what a query says, in a body.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::Value;

use super::MEDIA_TYPE;
use super::document::{Discovered, Listed, Refusals, Search};
use super::error::Failure;
use super::extract::{Asked, Body};
use super::list;
use super::query::Query;
use super::schema::Type;
use crate::app::App;

/// A document as an answer.
pub(super) fn spoken(document: Value) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], document.to_string()).into_response()
}

async fn search(app: App, asked: Asked, body: Body, of: &[Type]) -> Result<Response, Failure> {
    let query = Query::from_body(&body.0)?;
    Ok(spoken(list::answer(&app, &asked.caller, &asked.base, of, &query).await?))
}

/// Searches users and groups together
#[utoipa::path(
    post, path = "/scim/v2/.search", operation_id = "search", tag = "Search",
    request_body(content = Search, content_type = "application/scim+json"),
    responses((status = 200, description = "A page of users and groups", body = Discovered, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn all(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    search(app, asked, body, &[Type::User, Type::Group]).await
}

/// Searches users
#[utoipa::path(
    post, path = "/scim/v2/Users/.search", operation_id = "searchUsers", tag = "Search",
    request_body(content = Search, content_type = "application/scim+json"),
    responses((status = 200, description = "A page of users", body = Listed<super::document::User>, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn users(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    search(app, asked, body, &[Type::User]).await
}

/// Searches groups
#[utoipa::path(
    post, path = "/scim/v2/Groups/.search", operation_id = "searchGroups", tag = "Search",
    request_body(content = Search, content_type = "application/scim+json"),
    responses((status = 200, description = "A page of groups", body = Listed<super::document::Group>, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn groups(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    search(app, asked, body, &[Type::Group]).await
}
