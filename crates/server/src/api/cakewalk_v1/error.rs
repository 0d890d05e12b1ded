//! Domain errors as Cakewalk's ProblemDetails.

use axum::response::{IntoResponse, Response};

use crate::http::layers::Refusal;

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    refusal.status.into_response()
}
