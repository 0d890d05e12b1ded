//! Answers to changes, each rendered once: what goes out and what is kept for a repeat with the same
//! `Idempotency-Key` are the same bytes.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::{Caller, Once};
use guildhall_domain::{Error, Result};
use guildhall_engine::Written;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::error::Failure;
use crate::http::json;

/// The most characters of an `Idempotency-Key`.
const LONGEST: usize = 255;

/// An answer before it goes out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Answer {
    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status: status.as_u16(), headers: Vec::new(), body: None }
    }

    /// An answer with a JSON body.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => {
                Self { body: Some(body), ..Self::empty(status) }.with(&header::CONTENT_TYPE, "application/json")
            }
            Err(cause) => {
                tracing::error!(%cause, "an answer cannot be written");
                Self::empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// An answer with a body that is written already.
    pub(super) fn written(status: StatusCode, body: json::Text) -> Self {
        Self { body: Some(body.into_string()), ..Self::empty(status) }.with(&header::CONTENT_TYPE, "application/json")
    }

    /// The same answer with this header, in place of one of the same name.
    pub(super) fn with(self, name: &HeaderName, value: impl Into<String>) -> Self {
        self.with_text(name.as_str(), value)
    }

    /// The same answer with this header, named in lower case.
    pub(super) fn with_text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(had, _)| had != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same answer, naming the record's version.
    pub(super) fn tagged(self, tag: impl std::fmt::Display) -> Self {
        self.with(&header::ETAG, format!("\"{tag}\""))
    }

    /// The bytes that are kept.
    fn encode(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    /// The answer that was kept as these bytes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// Is this answer for the caller now, or is it the one that is kept? A kept one holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// It goes out.
    Now,
    /// It is kept.
    Repeats,
}

/// The `Idempotency-Key` of a request with the request's fingerprint.
#[derive(Clone, Debug)]
pub(super) struct Fingerprint {
    /// The key.
    pub(super) key: String,
    /// SHA-256 of method, path, query and body.
    pub(super) request: [u8; 32],
}

/// The `Idempotency-Key`, bare or as the quoted string of the IETF draft.
///
/// # Errors
/// [`Error::Invalid`] when it is empty, too long, not printable ASCII, badly quoted or given twice.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let wrong = |why| Error::invalid("Idempotency-Key", why);
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(wrong("is given twice"));
    }
    let form = "must be 1 to 255 printable ASCII characters, bare or as a quoted string";
    let text = value.as_bytes().trim_ascii();
    if !text.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Err(wrong(form));
    }
    let mut plain = String::with_capacity(text.len());
    if let [b'"', inner @ .., b'"'] = text {
        let mut bytes = inner.iter();
        while let Some(byte) = bytes.next() {
            plain.push(char::from(match byte {
                b'\\' => *bytes.next().filter(|next| matches!(next, b'"' | b'\\')).ok_or_else(|| wrong(form))?,
                b'"' => return Err(wrong(form)),
                other => *other,
            }));
        }
    } else if text.first() == Some(&b'"') {
        return Err(wrong(form));
    } else {
        plain.extend(text.iter().map(|byte| char::from(*byte)));
    }
    if plain.is_empty() || plain.len() > LONGEST {
        return Err(wrong(form));
    }
    Ok(Some(plain))
}

/// Carries a change out and answers it by `render`, which also makes the answer that is kept for repeats.
///
/// `T` is what the use case hands to the writer: the value that is kept is rendered from it, inside the transaction.
///
/// # Errors
/// What the use case refuses; [`Error::Replay`] with the kept answer when the request came before.
pub(super) async fn carry_out<T, R, F, Fut>(
    caller: Caller,
    once: Option<Fingerprint>,
    render: R,
    case: F,
) -> Result<Response, Failure>
where
    T: Any,
    R: Fn(&T, u64, For) -> Answer + Send + Sync + 'static,
    F: FnOnce(Caller) -> Fut,
    Fut: Future<Output = Result<Written<T>>>,
{
    let render = Arc::new(move |value: &T, revision: u64, goes: For| {
        render(value, revision, goes).with_text("guildhall-revision", revision.to_string())
    });
    let seal = Arc::clone(&render);
    let once = once.map(|Fingerprint { key, request }| Once {
        key,
        request,
        seal: Arc::new(move |value, revision| seal(value.downcast_ref::<T>()?, revision, For::Repeats).encode()),
    });
    let written = case(Caller { once, ..caller }).await?;
    Ok(render(&written.value, written.revision, For::Now).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&[u8]]) -> Result<Option<String>> {
        let value = |value: &&[u8]| ("idempotency-key".parse().unwrap(), HeaderValue::from_bytes(value).unwrap());
        key(&values.iter().map(value).collect::<HeaderMap>())
    }

    #[test]
    fn a_key_is_bare_or_quoted() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[b"abc 1"]).unwrap().as_deref(), Some("abc 1"));
        assert_eq!(read(&[br#""a\"b\\""#]).unwrap().as_deref(), Some(r#"a"b\"#));
        assert_eq!(read(&[&[b'a'; 255]]).unwrap().map(|key| key.len()), Some(255));
        for wrong in [&b""[..], b"\"\"", b"\"a", b"\"", br#""a"b""#, br#""a\n""#, b"\xc3\xa9", b"a\tb", &[b'a'; 256]] {
            assert!(read(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(read(&[b"a", b"a"]).is_err());
    }

    #[test]
    fn a_kept_answer_comes_back_whole() {
        let answer = Answer::json(StatusCode::CREATED, &"ü").tagged(7).tagged(8);
        let back = Answer::decode(&answer.encode().unwrap()).unwrap().into_response();
        assert_eq!(back.status(), StatusCode::CREATED);
        assert_eq!(back.headers()["etag"], "\"8\"");
        assert!(Answer::decode(b"x").is_none());
    }
}
