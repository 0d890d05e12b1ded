//! Guildhall's own dialect, `/v1`: everything the server can do.

pub mod error;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every operation of this dialect, behind its door.
pub fn routes(_app: &App) -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
