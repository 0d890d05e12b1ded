//! Reading query strings: strict about bytes and repeats, easy about parameters nobody asked for.

use http::Uri;
use serde::de::DeserializeOwned;

use super::body::{BodyRefusal, field};

/// Reads `T` out of the query string. Unknown parameters are ignored, unless `T` denies them.
pub fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, BodyRefusal> {
    let text = uri.query().unwrap_or_default();
    check(text)?;
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| field(error.path().to_string(), &error.inner().to_string()))
}

/// All parameters in order, for dialects in which one may come several times.
pub fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, BodyRefusal> {
    let text = uri.query().unwrap_or_default();
    check(text)?;
    Ok(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
}

/// The parser replaces what it cannot decode; a filter that silently changed would answer another question.
fn check(text: &str) -> Result<(), BodyRefusal> {
    match decoded(text) {
        Some(_) => Ok(()),
        None => Err(BodyRefusal::Malformed { why: "the query string is not percent-encoded UTF-8".to_owned() }),
    }
}

/// The text with its percent signs resolved; nothing when one is broken or the bytes are not UTF-8.
pub(super) fn decoded(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('%') {
        return Some(text.into());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Page {
        page: Option<u32>,
        q: Option<String>,
    }

    fn read(text: &str) -> Result<Page, String> {
        let uri = Uri::builder().path_and_query(format!("/x?{text}")).build().expect("a uri");
        query(&uri).map_err(|why| why.to_string())
    }

    #[test]
    fn reads_and_refuses() {
        let page = read("page=3&q=a%20b+%C3%A9&other=1&other=2").expect("reads");
        assert_eq!((page.page, page.q.as_deref()), (Some(3), Some("a b é")));
        assert_eq!(read("page=x").expect_err("number"), "page: invalid digit found in string");
        assert_eq!(read("page=1&page=2").expect_err("twice"), "page: is given twice");
        for broken in ["q=%ff", "q=%zz", "q=%2", "%"] {
            assert_eq!(read(broken).expect_err(broken), "the query string is not percent-encoded UTF-8");
        }
        assert!(read("").is_ok());
    }
}
