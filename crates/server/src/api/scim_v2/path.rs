//! Attribute paths (RFC 7644 §3.5.2, §3.10) into what they lead to.

use scim_v2::filter::{AttrPath, PatchPath, ValFilter};

use super::error::{Failure, Kind};
use super::plain;
use super::schema::{Attr, Found, Type};

/// The longest path or filter that is looked at.
pub(super) const LONGEST: usize = 4096;
/// The deepest that filters may nest.
pub(super) const DEEPEST: usize = 20;
/// The most comparisons in one filter.
pub(super) const TERMS: usize = 100;

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The whole extension.
    Extension,
    /// An attribute, of several values those that fit, and of those a part.
    Attr {
        /// The attribute.
        found: Found,
        /// Which of its values.
        filter: Option<ValFilter>,
        /// Which part of them.
        part: Option<&'static Attr>,
    },
}

/// An attribute and, where it is named, its part; none where there is no such thing.
pub(super) fn resolve(of: Type, path: &AttrPath) -> Option<(Found, Option<&'static Attr>)> {
    let found = of.find(path.uri.as_deref(), &path.name)?;
    match &path.sub_attr {
        None => Some((found, None)),
        Some(sub) => Some((found, Some(found.attr.part(sub)?))),
    }
}

fn parse(raw: &str) -> Option<PatchPath> {
    plain::path(raw).or_else(|| raw.parse().ok())
}

/// The attribute that a text names, without a filter; none where it is no such name.
pub(super) fn attribute(raw: &str) -> Option<AttrPath> {
    match parse(raw)? {
        PatchPath::Attr(path) => Some(path),
        PatchPath::Value(_) => None,
    }
}

/// Reads a path. One that is well formed and leads nowhere is none: unknown attributes are ignored.
///
/// # Errors
/// `invalidPath` when it is malformed; `invalidFilter` when what stands in its brackets is.
pub(super) fn read(of: Type, raw: &str) -> Result<Option<Target>, Failure> {
    let raw = raw.trim();
    let wrong = |why: String| Failure::bad(Kind::InvalidPath, why);
    if raw.len() > LONGEST {
        return Err(wrong(format!("path: may have at most {LONGEST} characters")));
    }
    if of.is_extension(raw) {
        return Ok(Some(Target::Extension));
    }
    if raw.eq_ignore_ascii_case(of.urn()) {
        return Ok(None);
    }
    let parsed: PatchPath =
        parse(raw).ok_or_else(|| wrong(format!("path: `{}` is not an attribute path", brief(raw))))?;
    let (attr, filter, sub) = match parsed {
        PatchPath::Attr(attr) => (attr, None, None),
        PatchPath::Value(path) => (path.attr, Some(path.filter), path.sub_attr),
    };
    let Some((found, part)) = resolve(of, &attr) else { return Ok(None) };
    let part = match sub {
        None => part,
        Some(sub) => match found.attr.part(&sub) {
            Some(part) => Some(part),
            None => return Ok(None),
        },
    };
    if let Some(filter) = &filter {
        if !found.attr.many {
            return Err(wrong(format!("path: `{}` has one value, which no filter selects from", found.attr.name)));
        }
        super::filter::check_values(found.attr, filter)?;
    }
    Ok(Some(Target::Attr { found, filter, part }))
}

/// The text, cut where it is no longer a help.
pub(super) fn brief(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
