//! Cakewalk Open API v1 (`reference/cakewalk-v1.md`): the route table and its path manners.

pub mod error;

use http::Uri;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every operation of this dialect, behind its door.
pub fn routes(_app: &App) -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

/// Paths match whatever their letter case and with or without a slash at the end.
pub fn manners(_uri: &Uri) -> Option<Uri> {
    None
}
