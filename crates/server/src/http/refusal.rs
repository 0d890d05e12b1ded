//! What is said when HTTP itself refuses a request; how it is said is the dialect's business.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use uuid::Uuid;

/// Names one request in its answer (`X-Request-Id`) and in the log. In the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is left of a request once its answer is being made.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The target as the client sent it.
    pub uri: Uri,
    /// The request's name.
    pub request_id: RequestId,
}

impl Asked {
    /// The path, which tells the dialect.
    pub fn path(&self) -> &str {
        self.uri.path()
    }
}

/// A refusal for a dialect to put into its own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status to answer with.
    pub status: StatusCode,
    /// One sentence for the client.
    pub detail: String,
    /// Seconds, sent as `Retry-After` by the layers.
    pub retry_after: Option<u32>,
    /// The methods that would be taken, sent as `Allow` by the layers.
    pub allow: Option<String>,
    /// The request's name, sent as `X-Request-Id` by the layers.
    pub request_id: RequestId,
}

/// Puts a refusal into the form of the dialect that the path belongs to.
pub type Refuse = fn(&Asked, Refusal) -> Response;

/// In the extensions of a response that says all it wants to, though its body is empty or plain text: left as it is.
#[derive(Debug, Clone, Copy)]
pub struct Spoken;

impl Refusal {
    /// A refusal in our own words.
    pub fn new(asked: &Asked, status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, allow: None, request_id: asked.request_id }
    }

    /// The refusal inside an answer that the framework made, if that is what it is.
    pub(super) fn of(asked: &Asked, response: &Response) -> Option<Self> {
        let status = response.status();
        let wrong = status.is_client_error() || status.is_server_error();
        let plain = match response.headers().get(header::CONTENT_TYPE) {
            None => true,
            Some(kind) => kind.as_bytes().starts_with(b"text/plain"),
        };
        if !wrong || !plain || response.extensions().get::<Spoken>().is_some() {
            return None;
        }
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        Some(Self {
            retry_after: text(header::RETRY_AFTER).and_then(|value| value.parse().ok()),
            allow: text(header::ALLOW).map(str::to_owned),
            ..Self::new(asked, status, words(status, &asked.method))
        })
    }

    /// The answer: the dialect's form, and the fields every dialect shares.
    pub(super) fn answer(self, asked: &Asked, refuse: Refuse) -> Response {
        let mut shared = HeaderMap::new();
        if let Some(seconds) = self.retry_after {
            shared.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(allow) = self.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            shared.insert(header::ALLOW, allow);
        }
        let mut response = refuse(asked, self);
        for (name, value) in shared.iter() {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        response
    }
}

/// Words for a status that came without any, or with the framework's, which speak of our types.
fn words(status: StatusCode, method: &Method) -> String {
    let words = match status {
        StatusCode::BAD_REQUEST => "the request cannot be read",
        StatusCode::UNAUTHORIZED => "credentials are missing or wrong",
        StatusCode::FORBIDDEN => "this caller may not do that",
        StatusCode::NOT_FOUND => "there is nothing at this path",
        StatusCode::METHOD_NOT_ALLOWED => return format!("this path does not take {method}"),
        StatusCode::REQUEST_TIMEOUT => "the request came too slowly",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is too large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "the body must be JSON, with Content-Type: application/json",
        StatusCode::UNPROCESSABLE_ENTITY => "the body does not have the shape this call takes",
        StatusCode::TOO_MANY_REQUESTS => "too many calls",
        StatusCode::SERVICE_UNAVAILABLE => "not available just now; try again",
        other if other.is_server_error() => "something went wrong here; the log has more under this request id",
        other => other.canonical_reason().unwrap_or("the request was refused"),
    };
    words.to_owned()
}
