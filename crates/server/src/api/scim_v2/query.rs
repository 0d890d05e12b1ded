//! What a listing or a search asks for: from the query of a target, or from a body.

use http::Uri;
use serde_json::{Map, Value};

use super::error::{Failure, Kind};
use super::patch::member;
use super::project::Projection;
use crate::http::body::BodyRefusal;
use crate::http::query;

/// How many a page holds unless `count` says so.
pub(super) const USUAL: u32 = 100;
/// The most that a page holds.
pub(super) const MOST: u32 = 1000;
/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Which.
    pub(super) filter: Option<String>,
    /// By what.
    pub(super) sort_by: Option<String>,
    /// Largest first?
    pub(super) descending: bool,
    /// The place of the first one, from 1.
    pub(super) start: u64,
    /// The most that are told.
    pub(super) count: u32,
    /// Where the page before ended; empty for the first one.
    pub(super) cursor: Option<String>,
    /// Which attributes are shown.
    pub(super) shown: Projection,
}

fn wrong(why: &str) -> Failure {
    Failure::bad(Kind::InvalidValue, why.to_owned())
}

/// Numbers below the least are the least: the RFC has it so.
fn number(name: &str, text: &str, least: i64) -> Result<u64, Failure> {
    let number: i64 = text.trim().parse().map_err(|_| wrong(&format!("{name}: must be a whole number")))?;
    Ok(number.max(least).unsigned_abs())
}

impl Query {
    /// From parameters by name.
    fn of(get: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let order = get("sortOrder").unwrap_or_default();
        let descending = order.eq_ignore_ascii_case("descending");
        if !(descending || order.is_empty() || order.eq_ignore_ascii_case("ascending")) {
            return Err(wrong("sortOrder: must be ascending or descending"));
        }
        let start = get("startIndex").map_or(Ok(1), |text| number("startIndex", &text, 1))?;
        let count = get("count").map_or(Ok(USUAL.into()), |text| number("count", &text, 0))?;
        Ok(Self {
            filter: get("filter").filter(|text| !text.trim().is_empty()),
            sort_by: get("sortBy").filter(|text| !text.trim().is_empty()),
            descending,
            start,
            count: u32::try_from(count).unwrap_or(MOST).min(MOST),
            cursor: get("cursor"),
            shown: Projection::read(get("attributes").as_deref(), get("excludedAttributes").as_deref()),
        })
    }

    /// From the query of a target.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidValue`.
    pub(super) fn from_uri(uri: &Uri) -> Result<Self, Failure> {
        let pairs = query::pairs(uri).map_err(Failure::Body)?;
        Self::of(|name| {
            let found = pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        })
    }

    /// From the body of a search.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidValue`.
    pub(super) fn from_body(body: &Map<String, Value>) -> Result<Self, Failure> {
        for name in ["filter", "sortBy", "sortOrder", "cursor"] {
            if !matches!(member(body, name), None | Some(Value::Null | Value::String(_))) {
                return Err(Failure::Body(BodyRefusal::Field { path: name.into(), why: "must be a text".into() }));
            }
        }
        Self::of(|name| match member(body, name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
            _ => None,
        })
    }

    /// The parameters of a read of one thing.
    ///
    /// # Errors
    /// `invalidSyntax`.
    pub(super) fn shown(uri: &Uri) -> Result<Projection, Failure> {
        let pairs = query::pairs(uri).map_err(Failure::Body)?;
        let get = |name: &str| pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        Ok(Projection::read(get("attributes"), get("excludedAttributes")))
    }
}
