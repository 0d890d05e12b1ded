//! The files of the console, embedded in the binary: how they are chosen, packed and kept by browsers.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` made in `console/`. A build without it has nothing here, and says so.
#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Files;

/// Nothing but our own files, no script or style in a page itself, and nobody may frame us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// What `/console` says in a binary that was built without it.
const ABSENT: &str = include_str!("../../../assets/no-console.html");

/// Any page: the console finds out from the path which one.
pub(super) async fn page(headers: HeaderMap) -> Response {
    match Files::get("index.html") {
        Some(_) => answer("index.html", &headers, "no-cache"),
        None => guarded((StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], ABSENT)),
    }
}

/// A file below `/console`, or the page where there is none.
pub(super) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    if path.starts_with("assets/") {
        // Their names change with what is in them.
        return answer(&path, &headers, "public, max-age=31536000, immutable");
    }
    if !path.contains('/') && path.find('.').is_some_and(|dot| dot > 0) && path != "index.html" {
        return answer(&path, &headers, "public, max-age=3600");
    }
    page(headers).await
}

/// The file, in the smallest form that the browser takes.
fn answer(path: &str, headers: &HeaderMap, keep: &'static str) -> Response {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<&str> = accepted.flat_map(|value| value.split(',')).map(str::trim).collect();
    let takes = |name: &str| accepted.iter().any(|one| *one == name || one.starts_with(&format!("{name};q=0.")));
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().filter(|(name, _)| takes(name));
    let found = packed
        .filter_map(|(name, ending)| Some((Some(name), Files::get(&format!("{path}.{ending}"))?)))
        .next()
        .or_else(|| Files::get(path).map(|file| (None, file)));
    let Some((encoding, EmbeddedFile { data, metadata })) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let sum = metadata.sha256_hash();
    let tag = sum.iter().take(16).fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match data {
            std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
            std::borrow::Cow::Owned(data) => data.into(),
        };
        ([(header::CONTENT_TYPE, kind(path))], body).into_response()
    };
    let fields = response.headers_mut();
    if let (Some(encoding), false) = (encoding, known) {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    guarded(response)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}

/// The answer with what a browser is to be strict about.
fn guarded(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    fields.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    fields.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    fields.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}
