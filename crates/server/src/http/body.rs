//! Reading JSON bodies: size and depth first, then the shape, with words for what is wrong and where.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{intake, strict::Strict};
use crate::config::JSON_DEPTH;

/// Why a body, or a query string, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyRefusal {
    /// The content type is not JSON in UTF-8.
    MediaType,
    /// More bytes than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The bytes came too slowly, or took too long.
    TooSlow,
    /// Not JSON, or cut off.
    Malformed {
        /// What is wrong, for people.
        why: String,
    },
    /// JSON of the wrong shape.
    Field {
        /// Where: `userIds[3]`; empty for the whole.
        path: String,
        /// What is wrong there, for people.
        why: String,
    },
    /// Nested deeper than [`JSON_DEPTH`].
    TooDeep,
    /// Nothing was sent.
    Empty,
}

impl BodyRefusal {
    /// The status most dialects give it; one that differs maps the cases itself.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed { .. } | Self::Field { .. } | Self::TooDeep | Self::Empty => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for BodyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MediaType => f.write_str("the body must be JSON in UTF-8, with Content-Type: application/json"),
            Self::TooLarge { limit } => write!(f, "the body is larger than {limit} bytes"),
            Self::TooSlow => f.write_str("the body came too slowly"),
            Self::Malformed { why } => f.write_str(why),
            Self::Field { path, why } if path.is_empty() => f.write_str(why),
            Self::Field { path, why } => write!(f, "{path}: {why}"),
            Self::TooDeep => write!(f, "the body is nested deeper than {JSON_DEPTH} levels"),
            Self::Empty => f.write_str("the body is empty"),
        }
    }
}

impl std::error::Error for BodyRefusal {}

/// Reads a whole body of at most `limit` bytes.
///
/// The layers already hold each route to its own limit; this one is for a route that wants less.
pub async fn read(mut body: Body, limit: u64) -> Result<Bytes, BodyRefusal> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut seen: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| intake::refusal(&error))?.into_data() else { continue };
        seen += data.len() as u64;
        if seen > limit {
            return Err(BodyRefusal::TooLarge { limit });
        }
        // Nearly every body is one frame, which is then handed on without a copy.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Reads `T` out of the JSON body of a request, within the limit of its route; its default where nothing was sent.
///
/// # Errors
/// Whatever [`read`] and [`parse`] refuse.
pub async fn read_or_default<T: DeserializeOwned + Default>(request: Request<Body>) -> Result<T, BodyRefusal> {
    let (head, body) = request.into_parts();
    let bytes = read(body, u64::MAX).await?;
    if bytes.is_empty() { Ok(T::default()) } else { parse(&head.headers, &bytes) }
}

/// A JSON object read as `T`. A list in its place is refused, which serde alone would take for the fields in order.
#[derive(Clone, Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        from.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// Reads `T` out of a JSON body.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, BodyRefusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(BodyRefusal::Empty);
    }
    if !is_json(headers) {
        return Err(BodyRefusal::MediaType);
    }
    check_depth(bytes)?;
    let list = bytes.trim_ascii_start().first() == Some(&b'[');
    // Keeping track of the path costs as much again; only a body that is wrong pays it.
    if !list && let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Strict { json: &mut json, list }).map_err(|error| {
        let path = error.path().to_string();
        // What has the wrong shape is told before its end is read, where it may prove to be no JSON at all.
        match serde_json::from_slice::<IgnoredAny>(bytes) {
            Err(broken) if path == "." => explain(String::new(), &broken),
            _ => explain(path, error.inner()),
        }
    })?;
    json.end().map_err(|error| explain(String::new(), &error))?;
    Ok(value)
}

/// True for `application/json`, `application/…+json` and `text/json`, if in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let json = match kind.split_once('/') {
        Some(("application", sub)) => sub == "json" || sub.strip_suffix("+json").is_some_and(|name| !name.is_empty()),
        Some(("text", sub)) => sub == "json",
        _ => false,
    };
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        _ => true,
    });
    json && utf8
}

/// One pass over the bytes, before anything that recurses sees them.
fn check_depth(bytes: &[u8]) -> Result<(), BodyRefusal> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > JSON_DEPTH {
                    return Err(BodyRefusal::TooDeep);
                }
            }
            // A stray closing bracket is for the parser to report.
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn explain(path: String, error: &serde_json::Error) -> BodyRefusal {
    let whole = error.to_string();
    let at = format!(" at line {} column {}", error.line(), error.column());
    let why = whole.strip_suffix(&at).unwrap_or(&whole);
    if error.classify() == serde_json::error::Category::Data {
        return field(path, why);
    }
    BodyRefusal::Malformed {
        why: format!("the body is not JSON: {why}, line {}, column {}", error.line(), error.column()),
    }
}

/// A refusal of one field, in plain words instead of the parser's.
pub(super) fn field(path: String, why: &str) -> BodyRefusal {
    let path = if path == "." { String::new() } else { path };
    let inside = |name: &str| match path.as_str() {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    let quoted = |rest: &str| rest.split('`').nth(1).unwrap_or_default().to_owned();
    if why.starts_with("missing field ") {
        return BodyRefusal::Field { path: inside(&quoted(why)), why: "is missing".to_owned() };
    }
    if why.starts_with("duplicate field ") {
        return BodyRefusal::Field { path: inside(&quoted(why)), why: "is given twice".to_owned() };
    }
    if why.starts_with("unknown field ") {
        let name = quoted(why);
        // The parser has sometimes stepped onto the unknown member already.
        let last = path.rsplit('.').next().unwrap_or_default();
        let path = if last == name { path } else { inside(&name) };
        return BodyRefusal::Field { path: brief(&path), why: "is not known here".to_owned() };
    }
    let why = if why.starts_with("UUID parsing failed") {
        "not a UUID".to_owned()
    } else if let Some((got, wanted)) = why
        .strip_prefix("invalid type: ")
        .or_else(|| why.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    {
        format!("expected {}, not {}", brief(plain(wanted)), brief(plain(got)))
    } else {
        brief(why)
    };
    BodyRefusal::Field { path: brief(&path), why }
}

/// The parser's names for things, some of which are names of our types, as JSON's.
fn plain(name: &str) -> &str {
    match name {
        "a map" | "map" => "an object",
        "a sequence" | "sequence" => "a list",
        name if name.contains("UUID") => "a UUID",
        name if name.starts_with("struct ") => "an object",
        name => name,
    }
}

/// The text, cut where it is no longer a help: it may hold megabytes of what the client sent.
fn brief(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Ask {
        user_ids: Vec<uuid::Uuid>,
        #[serde(default)]
        inner: Option<Inner>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        n: u8,
    }

    fn typed(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(kind))])
    }
    fn words(text: &str) -> String {
        parse::<Ask>(&typed("application/json"), text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        assert_eq!(words(r#"{"userIds":["00000000-0000-0000-0000-000000000000","x"]}"#), "userIds[1]: not a UUID");
        assert_eq!(words(r#"{"userIds":[1]}"#), "userIds[0]: expected a UUID, not integer `1`");
        assert_eq!(words(r#"{}"#), "userIds: is missing");
        assert_eq!(words(r#"{"userIds":[],"inner":{}}"#), "inner.n: is missing");
        assert_eq!(words(r#"{"userIds":[],"inner":{"n":1,"m":2}}"#), "inner.m: is not known here");
        assert_eq!(words(r#"{"userIds":[],"x":1}"#), "x: is not known here");
        assert_eq!(words(r#"{"userIds":[],"userIds":[]}"#), "userIds: is given twice");
        assert_eq!(words("\"x\""), "expected an object, not string \"x\"");
        assert_eq!(words("[[]]"), "expected an object, not a list");
        assert_eq!(words(r#"{"userIds":{}}"#), "userIds: expected a list, not an object");
        assert!(words(r#"{"userIds":["#).starts_with("the body is not JSON: EOF"));
        assert!(words(r#"{"userIds":[]} x"#).starts_with("the body is not JSON: trailing characters"));
        assert!(words(&format!(r#"{{"userIds":["{}"]}}"#, "é".repeat(9999))).len() < 1000);
        assert_eq!(words(" \n"), "the body is empty");
    }

    #[test]
    fn depth_is_counted_before_parsing() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let read = |text: String| parse::<serde_json::Value>(&typed("application/json"), text.as_bytes());
        assert!(read(deep(32)).is_ok());
        assert_eq!(read(deep(33)), Err(BodyRefusal::TooDeep));
        assert_eq!(read("[".repeat(1 << 20)), Err(BodyRefusal::TooDeep));
        assert!(read(format!(r#"["{}\"{}"]"#, "[".repeat(99), "{".repeat(99))).is_ok());
    }

    #[test]
    fn only_json_in_utf8() {
        let read = |kind| parse::<Ask>(&typed(kind), b"\xef\xbb\xbf{\"userIds\":[]}").is_ok();
        assert!(read("application/json") && read("Application/SCIM+json; charset=\"UTF-8\"") && read("text/json"));
        assert!(!read("text/plain") && !read("application/json; charset=latin1") && !read("application/+json"));
        assert_eq!(parse::<Ask>(&HeaderMap::new(), b"{}"), Err(BodyRefusal::MediaType));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = parse::<serde_json::Value>(&typed("application/json"), &bytes);
            let _ = parse::<Ask>(&typed("application/json"), &bytes);
        }
    }
}
