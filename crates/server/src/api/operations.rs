//! Routes for those who run the server: is it alive, is it ready, what does it speak.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use guildhall_domain::ids::RequestId;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::native;
use crate::app::App;

/// `/`, `/health`, `/ready`, `/metrics` and `/openapi/{dialect}.json`; none asks for a credential.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(index))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi/{document}", get(openapi))
}

/// What there is to find here.
async fn index() -> Json<serde_json::Value> {
    let documents: BTreeMap<_, _> = super::documents().map(|name| (name, format!("/openapi/{name}.json"))).collect();
    Json(json!({"name": "Guildhall", "version": env!("CARGO_PKG_VERSION"), "openapi": documents}))
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

/// What was counted, for Prometheus.
async fn metrics(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics().render(app.engine()))
        .into_response()
}

/// A document as it is sent: its bytes and their tag.
struct Rendered {
    text: Bytes,
    tag: String,
}

/// Every document by its file's name, rendered when first asked for: they change only with the program.
static DOCUMENTS: LazyLock<BTreeMap<String, Rendered>> = LazyLock::new(|| {
    let render = |name: &'static str| {
        let text = super::document(name)?.to_json().ok()?;
        let sum = digest::digest(&digest::SHA256, text.as_bytes());
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(sum.as_ref()));
        Some((format!("{name}.json"), Rendered { text: text.into(), tag }))
    };
    super::documents().filter_map(render).collect()
});

/// The OpenAPI document of a dialect: `/openapi/native.json`.
async fn openapi(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(Rendered { text, tag }) = DOCUMENTS.get(&file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let shared = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim(), "*") || known.trim().ends_with(tag.as_str()))
    {
        return (StatusCode::NOT_MODIFIED, shared).into_response();
    }
    (shared, [(header::CONTENT_TYPE, "application/json")], text.clone()).into_response()
}
