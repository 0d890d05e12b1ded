//! Which attributes an answer shows (RFC 7644 §3.9).

use serde_json::{Map, Value};

use super::path::{LONGEST, attribute, resolve};
use super::schema::{ENTERPRISE, Found, Type};
use super::value::Document;

/// What `attributes` and `excludedAttributes` ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Projection {
    only: Option<Vec<String>>,
    without: Vec<String>,
}

/// An attribute that is named, or the extension as a whole.
enum Named {
    Extension,
    Attr(Found, Option<&'static str>),
}

fn named(of: Type, raw: &str) -> Option<Named> {
    if of.is_extension(raw) {
        return Some(Named::Extension);
    }
    let (found, part) = resolve(of, &attribute(raw)?)?;
    Some(Named::Attr(found, part.map(|part| part.name)))
}

fn list(raw: &str) -> Vec<String> {
    let raw = raw.get(..LONGEST).unwrap_or(raw);
    raw.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

impl Projection {
    /// From the two parameters, each a list with commas.
    pub(super) fn read(attributes: Option<&str>, excluded: Option<&str>) -> Self {
        let only = attributes.map(list).filter(|names| !names.is_empty());
        Self { only, without: excluded.map(list).unwrap_or_default() }
    }

    /// Is all of a resource of this type to be shown?
    pub(super) fn is_whole(&self, of: Type) -> bool {
        self.only.is_none() && self.without.iter().all(|raw| named(of, raw).is_none())
    }

    /// Was this attribute asked for by name?
    pub(super) fn names(&self, of: Type, attribute: &str) -> bool {
        let is = |raw: &String| matches!(named(of, raw), Some(Named::Attr(found, _)) if found.attr.name == attribute);
        self.only.as_ref().is_some_and(|only| only.iter().any(is))
    }

    /// Was this part of an attribute asked for by name?
    pub(super) fn names_part(&self, of: Type, attribute: &str, part: &str) -> bool {
        let is = |raw: &String| matches!(named(of, raw), Some(Named::Attr(found, Some(named))) if found.attr.name == attribute && named == part);
        self.only.as_ref().is_some_and(|only| only.iter().any(is))
    }

    /// Is this attribute to be shown? What is not is not even read.
    pub(super) fn wants(&self, of: Type, attribute: &str) -> bool {
        let left_out =
            |raw: &String| matches!(named(of, raw), Some(Named::Attr(found, None)) if found.attr.name == attribute);
        (self.only.is_none() || self.names(of, attribute)) && !self.without.iter().any(left_out)
    }

    /// The document with what was asked for.
    pub(super) fn apply(&self, of: Type, document: Document) -> Document {
        let mut shown = match &self.only {
            None => document,
            Some(only) => chosen(of, only, &document),
        };
        for raw in &self.without {
            match named(of, raw) {
                Some(Named::Extension) => drop(shown.remove(ENTERPRISE)),
                Some(Named::Attr(found, part)) if !found.attr.always => leave_out(&mut shown, found, part),
                _ => {}
            }
        }
        shown
    }
}

fn chosen(of: Type, only: &[String], document: &Document) -> Document {
    let mut shown = Document::new();
    for name in of.kept() {
        if let Some(value) = document.get(name) {
            shown.insert(name.into(), value.clone());
        }
    }
    for raw in only {
        match named(of, raw) {
            Some(Named::Extension) => {
                if let Some(extension) = document.get(ENTERPRISE) {
                    shown.insert(ENTERPRISE.into(), extension.clone());
                }
            }
            Some(Named::Attr(found, part)) => {
                let Some(value) = super::value::get(document, found) else { continue };
                let value = match part {
                    None => value.clone(),
                    Some(part) => match parts_of(value, part, super::value::get(&shown, found)) {
                        Some(value) => value,
                        None => continue,
                    },
                };
                super::value::set(&mut shown, found, Some(value));
            }
            None => {}
        }
    }
    shown
}

/// One part of a value, or of each of several, beside those parts that are shown already.
fn parts_of(value: &Value, part: &str, shown: Option<&Value>) -> Option<Value> {
    match value {
        Value::Array(items) => {
            let had = shown.and_then(Value::as_array);
            let each = items.iter().enumerate().map(|(i, item)| {
                parts_of(item, part, had.and_then(|had| had.get(i))).unwrap_or_else(|| Map::new().into())
            });
            Some(each.collect())
        }
        Value::Object(parts) => {
            let mut kept = shown.and_then(Value::as_object).cloned().unwrap_or_default();
            if let Some(value) = parts.get(part) {
                kept.insert(part.into(), value.clone());
            }
            (!kept.is_empty()).then(|| kept.into())
        }
        _ => None,
    }
}

fn leave_out(shown: &mut Document, found: Found, part: Option<&str>) {
    let Some(part) = part else { return super::value::set(shown, found, None) };
    let Some(mut value) = super::value::get(shown, found).cloned() else { return };
    match &mut value {
        Value::Array(items) => {
            for item in items {
                if let Value::Object(parts) = item {
                    parts.remove(part);
                }
            }
        }
        Value::Object(parts) => drop(parts.remove(part)),
        _ => {}
    }
    super::value::set(shown, found, Some(value));
}
