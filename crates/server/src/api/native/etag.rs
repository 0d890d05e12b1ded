//! Versions on the wire: `ETag`, `If-None-Match` and `If-Match` (RFC 9110 §13.1).

use guildhall_domain::{Error, Result};
use http::{HeaderMap, HeaderName, header};

/// What `If-Match` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Nothing: it was not sent.
    #[default]
    Absent,
    /// `*`: the record must exist.
    Any,
    /// One of these tags. A weak tag never matches and is not among them.
    Tags(Vec<String>),
}

/// No record has this version: named where none of the tags sent is the present one.
const NEVER: u64 = u64::MAX;

/// The tags of all fields of this name, each with whether it is weak; none for `*`.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Vec<(bool, String)>>> {
    let wrong = || Error::invalid(name.as_str(), "must be `*` or a list of entity tags in double quotes");
    let mut found = Vec::new();
    for value in headers.get_all(name) {
        let mut rest = value.to_str().map_err(|_| wrong())?.trim();
        if rest == "*" && headers.get_all(name).iter().count() == 1 {
            return Ok(None);
        }
        loop {
            let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
            let (tag, after) = quoted.strip_prefix('"').and_then(|inner| inner.split_once('"')).ok_or_else(wrong)?;
            if tag.chars().any(|c| c == ' ' || c.is_ascii_control()) {
                return Err(wrong());
            }
            found.push((weak, tag.to_owned()));
            let after = after.trim_start();
            if after.is_empty() {
                break;
            }
            rest = after.strip_prefix(',').ok_or_else(wrong)?.trim_start();
        }
    }
    Ok(Some(found))
}

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is malformed.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self> {
        if !headers.contains_key(header::IF_MATCH) {
            return Ok(Self::Absent);
        }
        Ok(tags(headers, &header::IF_MATCH)?.map_or(Self::Any, |tags| {
            Self::Tags(tags.into_iter().filter(|(weak, _)| !weak).map(|(_, tag)| tag).collect())
        }))
    }

    /// The version to name to the engine, which compares it inside the transaction. Of several tags `current` tells
    /// which one can match at all.
    pub(super) async fn version(self, current: impl Future<Output = Result<u64>>) -> Option<u64> {
        let Self::Tags(tags) = self else { return None };
        // The part behind the dot is the revision in a company's tag, which an edit is not held to.
        let number = |tag: &String| {
            let version = tag.split_once('.').map_or(tag.as_str(), |(version, _)| version);
            version.parse::<u64>().ok().filter(|number| number.to_string() == version && *number != NEVER)
        };
        let named: Vec<u64> = tags.iter().filter_map(number).collect();
        match named[..] {
            [] => Some(NEVER),
            [one] => Some(one),
            // Where the record is not there, the engine says so.
            _ => Some(current.await.ok().filter(|at| named.contains(at)).unwrap_or(NEVER)),
        }
    }

    /// Refuses tags on what has no version: none of them can be the present one.
    ///
    /// # Errors
    /// [`Error::Stale`].
    pub(super) fn none_here(&self) -> Result<()> {
        if matches!(self, Self::Tags(_)) { Err(Error::Stale) } else { Ok(()) }
    }
}

/// Does `If-None-Match` name this tag, so that the answer is 304? Compared weakly, as the RFC wants.
///
/// # Errors
/// [`Error::Invalid`] when it is malformed.
pub(super) fn not_modified(headers: &HeaderMap, tag: &str) -> Result<bool> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return Ok(false);
    }
    Ok(tags(headers, &header::IF_NONE_MATCH)?.is_none_or(|tags| tags.iter().any(|(_, named)| named == tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn if_match_names_one_version() {
        for (values, version) in [
            (&["\"12\""][..], Some(12)),
            (&["\"12.40\""], Some(12)),
            (&["*"], None),
            (&["W/\"12\""], Some(NEVER)),
            (&["\"x\""], Some(NEVER)),
            (&["\"012\""], Some(NEVER)),
            (&["\"11\", \"12\""], Some(12)),
            (&["\"11\"", "\"12\""], Some(12)),
            (&["\"10\",\"11\""], Some(NEVER)),
        ] {
            let read = IfMatch::read(&sent(&header::IF_MATCH, values)).unwrap();
            assert_eq!(read.version(async { Ok(12) }).await, version, "{values:?}");
        }
        for wrong in ["", "12", "\"12", "\"1\" \"2\"", "\"1\",", "*, \"1\"", "w/\"1\"", "\"a b\""] {
            assert!(IfMatch::read(&sent(&header::IF_MATCH, &[wrong])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn if_none_match_is_compared_weakly() {
        let ask = |value: &str| not_modified(&sent(&header::IF_NONE_MATCH, &[value]), "7").unwrap();
        assert!(ask("\"7\"") && ask("W/\"7\"") && ask("*") && ask("\"6\", \"7\"") && !ask("\"6\""));
        assert!(!not_modified(&HeaderMap::new(), "7").unwrap());
    }
}
