//! What every answer of this dialect goes through on its way out.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use tracing::error;

use super::error::Fault;
use crate::http::layers::RequestId;

/// Logs a fault of ours under the name of its request, and says `text/json` to who asked for it.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let as_text = wants_text(request.headers());
    let mut response = next.run(request).await;
    if let Some(Fault(cause)) = response.extensions().get() {
        error!(request_id = id.map(tracing::field::display), cause = %cause, "request failed");
    }
    if as_text && response.headers().contains_key(header::CONTENT_TYPE) {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/json"));
    }
    response
}

/// CW-3: `text/json` is for who names it and takes nothing that `application/json` would be.
fn wants_text(headers: &HeaderMap) -> bool {
    let mut text = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let kind = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            match kind.as_str() {
                "application/json" | "application/*" | "*/*" => return false,
                "text/json" => text = true,
                _ => {}
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_for_who_takes_nothing_else() {
        let wants = |accept| wants_text(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]));
        assert!(wants("text/json") && wants("Text/JSON;q=0.9, text/html"));
        assert!(
            !wants("text/plain, application/json, text/json") && !wants("text/json, */*;q=0.1") && !wants("text/html")
        );
        assert!(!wants_text(&HeaderMap::new()));
    }
}
