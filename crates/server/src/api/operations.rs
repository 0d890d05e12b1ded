//! Routes for those who run the server: is it alive, is it ready, what does it speak.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use guildhall_domain::ids::RequestId;
use http::StatusCode;
use serde_json::json;

use super::native;
use crate::app::App;

/// `/health`, `/ready` and `/openapi/{dialect}.json`; none asks for a credential.
pub(super) fn routes(_app: &App) -> Router<App> {
    Router::new().route("/health", get(health)).route("/ready", get(ready)).route("/openapi/{document}", get(openapi))
}

/// 200 as long as the process serves.
async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// 200 when calls would be answered, else 503 with the reason.
async fn ready(State(app): State<App>) -> Response {
    match app.engine().ready().await {
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => native::error::answer(error, RequestId::NIL),
    }
}

/// The OpenAPI document of a dialect: `/openapi/native.json`.
async fn openapi(State(app): State<App>, Path(file): Path<String>) -> Response {
    let document = file.strip_suffix(".json").and_then(|name| super::document(&app, name));
    match document {
        Some(document) => Json(document).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
