//! JSON written straight into text, for the lists that are asked for most: a member of a group costs a quarter of what
//! it does by way of a struct and serde. Who writes a row so has a test that serde writes the same of its struct.

use axum::response::{IntoResponse, Response};
use guildhall_domain::Timestamp;
use http::{HeaderValue, header};
use serde::Serialize;
use uuid::Uuid;

/// JSON as it grows.
#[derive(Debug, Default)]
pub struct Text(String);

impl Text {
    /// No text yet, with room for `rows` rows of a list.
    pub fn for_rows(rows: usize) -> Self {
        Self(String::with_capacity(256 + rows * 224))
    }

    /// Appends what is JSON already.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.0.push_str(json);
        self
    }

    /// Appends a string (RFC 8259 §7).
    pub fn string(&mut self, text: &str) -> &mut Self {
        let plain =
            !text.bytes().fold(false, |escapes, byte| escapes | (byte < 0x20) | (byte == b'"') | (byte == b'\\'));
        if plain {
            return self.raw("\"").raw(text).raw("\"");
        }
        self.value(text)
    }

    /// Appends an id.
    pub fn id(&mut self, id: Uuid) -> &mut Self {
        let mut room = [0; uuid::fmt::Hyphenated::LENGTH];
        self.raw("\"").raw(id.hyphenated().encode_lower(&mut room)).raw("\"")
    }

    /// Appends a time with so many fractional digits.
    pub fn time(&mut self, at: Timestamp, digits: u8) -> &mut Self {
        self.0.push('"');
        at.write_rfc3339(digits, &mut self.0);
        self.raw("\"")
    }

    /// Appends anything else.
    pub fn value(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        // Texts, numbers and flat records of ours: there is nothing in them that serde refuses.
        self.raw(&serde_json::to_string(value).unwrap_or_else(|_| "null".into()))
    }

    /// Appends an array, each of its elements as `write` writes it.
    pub fn array<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) -> &mut Self {
        self.0.push('[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            write(self, item);
        }
        self.raw("]")
    }

    /// What was written.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn strings_are_what_serde_makes_of_them(text in "\\PC*|[\u{0}-\u{7f}]*") {
            let mut out = Text::default();
            out.string(&text);
            proptest::prop_assert_eq!(out.into_string(), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn arrays_have_commas_between() {
        let mut out = Text::default();
        out.array(&[1, 2], |out, n| {
            out.value(n);
        })
        .array(&[0; 0], |_, _| ());
        assert_eq!(out.into_string(), "[1,2][]");
    }
}
