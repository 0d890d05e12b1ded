//! Domain errors as problem details (RFC 9457).

use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::RequestId;
use http::StatusCode;

use crate::http::layers::Refusal;

/// A refusal by HTTP itself.
pub fn refuse(refusal: Refusal) -> Response {
    refusal.status.into_response()
}

/// A domain error.
pub fn answer(_error: Error, _request: RequestId) -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
