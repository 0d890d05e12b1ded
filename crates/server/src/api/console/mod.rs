//! The console: its files as they are built from `console/`, and the sessions that its pages work in.

mod assets;
mod oidc;
mod session;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// `/console` and what is below it.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/console", get(assets::page))
        .route("/console/", get(assets::page))
        .route("/console/{*path}", get(assets::file))
        .route("/console/oidc/start", get(oidc::start))
        .route("/console/oidc/callback", get(oidc::callback))
        .route("/console/session", get(session::tell).post(session::sign_in).delete(session::sign_out))
}
