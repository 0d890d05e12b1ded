//! What every answer of this dialect goes through on its way out.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;
use tracing::error;

use super::error::{Fault, Unspoken};
use crate::http::layers::RequestId;

/// Writes the body of a refusal, which names its request, and logs a fault of ours under that name.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(Fault(cause)) = response.extensions().get() {
        error!(request_id = id, cause = %cause, "request failed");
    }
    let Some(Unspoken(message)) = response.extensions_mut().remove() else { return response };
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    let (body_head, body) = message.into_body(id).into_response().into_parts();
    head.headers.extend(body_head.headers);
    Response::from_parts(head, body)
}
