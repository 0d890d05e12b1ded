//! The small parts of this dialect's JSON: ids, instants, words, numbers, and objects that are objects.

use std::fmt;

use guildhall_domain::ids::parse_uuid;
use guildhall_domain::{Error, Result, Timestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use crate::http::body::Object;

/// Reads a JSON string by `read`, which says what is wrong with it.
pub(super) struct Text<T>(pub(super) fn(&str) -> Result<T, String>, pub(super) &'static str);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// An id in a body: hyphenated, in either letter case, as in paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireId(pub(crate) Uuid);

impl<'de> Deserialize<'de> for WireId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |text: &str| parse_uuid(text).map(WireId).ok_or_else(|| "is not a UUID".to_owned());
        from.deserialize_str(Text(read, "a UUID"))
    }
}

/// `{"id": uuid}`, as the lists of people have it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) struct IdObject {
    #[schema(value_type = Uuid)]
    pub(crate) id: WireId,
}

/// A count or a place: a whole number that is not negative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole(pub(crate) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Whole, E> {
                Ok(Whole(n))
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Whole, E> {
                u64::try_from(n).map(Whole).map_err(|_| E::custom("must not be negative"))
            }
        }
        from.deserialize_u64(Number)
    }
}

/// An instant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DateTimeOffset {
    /// UTC to the second.
    #[schema(example = "2025-02-11T08:15:30Z")]
    iso8601: String,
}

impl From<Timestamp> for DateTimeOffset {
    /// C3-1: seconds and `Z`, never a fraction; what the row has beyond is cut.
    fn from(at: Timestamp) -> Self {
        Self { iso8601: at.rfc3339(0) }
    }
}

/// An instant as clients send it: minutes or seconds, `Z` or an offset.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) struct DateTimeOffsetInput {
    #[schema(value_type = String, example = "2025-02-11T08:15Z")]
    pub(crate) iso8601: Instant,
}

/// A local time, in UTC and without saying so, as the list of people has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DateTimeLocal {
    #[schema(example = "2025-02-11T08:15:30")]
    iso8601: String,
}

impl From<Timestamp> for DateTimeLocal {
    fn from(at: Timestamp) -> Self {
        let mut iso8601 = at.rfc3339(0);
        iso8601.truncate(iso8601.len() - 1);
        Self { iso8601 }
    }
}

/// What stands in `iso8601`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(|text| instant(text).map(Instant), "a time such as 2025-02-11T08:15Z"))
    }
}

/// `YYYY-MM-DDThh:mm`, maybe `:ss`, maybe a fraction (C3-1), then `Z` or `±hh:mm`.
fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong = || "is not a time such as 2025-02-11T08:15Z or 2025-02-11T09:15:30+01:00".to_owned();
    let shaped = |form: &str, part: &str| {
        form.len() == part.len()
            && form.bytes().zip(part.bytes()).all(|(f, p)| if f == b'0' { p.is_ascii_digit() } else { f == p })
    };
    if !text.is_ascii() || text.len() > 64 {
        return Err(wrong());
    }
    let (minutes, rest) = text.split_at_checked(16).ok_or_else(wrong)?;
    let zone_at = rest.find(['Z', '+', '-']).ok_or_else(wrong)?;
    let (seconds, zone) = rest.split_at(zone_at);
    let (whole, fraction) = seconds.split_once('.').map_or((seconds, None), |(whole, part)| (whole, Some(part)));
    let fraction_fits = fraction
        .is_none_or(|f| !whole.is_empty() && (1..=9).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()));
    let fits = shaped("0000-00-00T00:00", minutes)
        && (whole.is_empty() || shaped(":00", whole))
        && fraction_fits
        && (zone == "Z" || shaped("+00:00", zone) || shaped("-00:00", zone));
    if !fits {
        return Err(wrong());
    }
    let seconds = if whole.is_empty() { ":00" } else { seconds };
    Timestamp::parse("iso8601", &format!("{minutes}{seconds}{zone}")).map_err(|_| wrong())
}

/// A closed set of words on the wire.
macro_rules! wire_words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
        pub(crate) enum $name { $($(#[$vdoc])* #[schema(rename = $word)] $variant),+ }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let read = |text: &str| match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(concat!("must be one of", $(" `", $word, "`"),+).to_owned()),
                };
                from.deserialize_str($crate::api::companies_v3::wire::scalars::Text(read, concat!("one of", $(" `", $word, "`"),+)))
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(match self { $(Self::$variant => $word),+ })
            }
        }
    )+};
}
pub(super) use wire_words;

/// Something called by its bare id or by `{"id": …}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdEitherWay(pub(crate) Uuid);

impl<'de> Deserialize<'de> for IdEitherWay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = IdEitherWay;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a UUID")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<IdEitherWay, E> {
                parse_uuid(text).map(IdEitherWay).ok_or_else(|| E::custom("is not a UUID"))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<IdEitherWay, A::Error> {
                IdObject::deserialize(MapAccessDeserializer::new(map))
                    .map(|object| IdEitherWay(object.id.0))
                    .map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

/// A text to search for: short, and without what no name can hold.
///
/// # Errors
/// [`Error::Invalid`] on `searchText`.
pub(crate) fn search_text(raw: Option<String>) -> Result<Option<String>> {
    raw.map(|text| guildhall_domain::name::short("searchText", &text)).transpose()
}

/// What is required and was left out, or was null.
pub(crate) fn missing(field: &str) -> Error {
    Error::invalid(field, "is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_every_form_that_is_taken() {
        for (text, same) in [
            ("2025-02-11T08:15Z", "2025-02-11T08:15:00Z"),
            ("2025-02-11T09:15:30+01:00", "2025-02-11T08:15:30Z"),
            ("2025-02-10T23:15-09:30", "2025-02-11T08:45:00Z"),
            ("2025-02-11T08:15:30.250Z", "2025-02-11T08:15:30Z"),
        ] {
            assert_eq!(instant(text).unwrap().rfc3339(0), same, "{text}");
        }
        for wrong in [
            "",
            "2025-02-11",
            "2025-02-11T08:15",
            "2025-02-11 08:15Z",
            "2025-02-11T08:15Z[UTC]",
            "2025-02-30T08:15Z",
            "2025-02-11T24:15Z",
            "2025-02-11T08:15.5Z",
            "2025-02-11T08:15:30.Z",
            "2025-02-11T08:15:3Z",
            "2025-02-11T08:15+1:00",
            "2025-02-11T08:15+0100",
            "2025-02-11T08:15:30é",
            "+025-02-11T08:15Z",
        ] {
            assert!(instant(wrong).is_err(), "{wrong}");
        }
        let at = Timestamp::parse("at", "2025-02-11T08:15:30.999Z").unwrap();
        assert_eq!(DateTimeLocal::from(at).iso8601, "2025-02-11T08:15:30");
        assert_eq!(DateTimeOffset::from(at).iso8601, "2025-02-11T08:15:30Z");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = instant(&text);
        }
    }
}
