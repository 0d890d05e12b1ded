//! Documents: resources as JSON with canonical names, and values read leniently into them.

use guildhall_domain::Timestamp;
use serde_json::{Map, Value};

use super::error::{Failure, Kind};
use super::filter::flag;
use super::path::brief;
use super::schema::{Attr, ENTERPRISE, Found, Kind as Takes};

/// A resource as JSON with canonical names; what has no value is not in it.
pub(super) type Document = Map<String, Value>;

/// The most values of one attribute: each new one is held against all of them.
pub(super) const MOST: usize = 1000;

/// The value of an attribute.
pub(super) fn get(document: &Document, found: Found) -> Option<&Value> {
    let holder = if found.extension { document.get(ENTERPRISE)?.as_object()? } else { document };
    holder.get(found.attr.name)
}

/// Gives an attribute a value, or none.
pub(super) fn set(document: &mut Document, found: Found, value: Option<Value>) {
    let name = found.attr.name;
    if !found.extension {
        match value {
            Some(value) => drop(document.insert(name.into(), value)),
            None => drop(document.remove(name)),
        }
        return;
    }
    let mut parts = match document.remove(ENTERPRISE) {
        Some(Value::Object(parts)) => parts,
        _ => Map::new(),
    };
    match value {
        Some(value) => drop(parts.insert(name.into(), value)),
        None => drop(parts.remove(name)),
    }
    if !parts.is_empty() {
        document.insert(ENTERPRISE.into(), parts.into());
    }
}

/// Refuses more values than one attribute may have.
///
/// # Errors
/// `tooMany`.
pub(super) fn few(attr: &Attr, values: usize) -> Result<(), Failure> {
    if values > MOST {
        return Err(Failure::bad(Kind::TooMany, format!("{}: more than {MOST} values", attr.name)));
    }
    Ok(())
}

fn wrong(attr: &Attr, why: &str) -> Failure {
    Failure::bad(Kind::InvalidValue, format!("{}: {why}", attr.name))
}

/// A value as the attribute takes it, none where it says that there is none. Of several what is not there is left out.
///
/// # Errors
/// `invalidValue`, `tooMany`.
pub(super) fn read(attr: &'static Attr, value: &Value) -> Result<Option<Value>, Failure> {
    if !attr.many {
        // Some clients send a list of one.
        return match value {
            Value::Array(items) if items.len() == 1 && !attr.parts().is_empty() => one(attr, &items[0]),
            Value::Array(items) if items.is_empty() => Ok(None),
            other => one(attr, other),
        };
    }
    let items = match value {
        Value::Null => return Ok(None),
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    few(attr, items.len())?;
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        read.extend(one(attr, item)?);
    }
    keep_one_primary(&mut read, None);
    Ok((!read.is_empty()).then(|| read.into()))
}

/// One value of the attribute.
///
/// # Errors
/// `invalidValue`.
pub(super) fn one(attr: &'static Attr, value: &Value) -> Result<Option<Value>, Failure> {
    match (attr.kind, value) {
        (_, Value::Null) => Ok(None),
        (Takes::Complex(_), Value::Object(given)) => {
            let mut parts = Map::new();
            for (name, value) in given {
                if let Some(part) = attr.part(name)
                    && let Some(value) = read(part, value)?
                {
                    parts.insert(part.name.into(), value);
                }
            }
            Ok((!parts.is_empty()).then(|| parts.into()))
        }
        // The value alone stands for the whole.
        (Takes::Complex(_), Value::String(_)) => match attr.part("value") {
            Some(part) => Ok(one(part, value)?.map(|value| [(part.name.to_owned(), value)].into_iter().collect())),
            None => Err(wrong(attr, "must be an object")),
        },
        (Takes::Complex(_), _) => Err(wrong(attr, "must be an object")),
        (Takes::Flag, Value::Bool(_)) => Ok(Some(value.clone())),
        (Takes::Flag, Value::String(text)) => match flag(text) {
            Some(flag) => Ok(Some(flag.into())),
            None => Err(wrong(attr, "must be true or false")),
        },
        (Takes::Flag, _) => Err(wrong(attr, "must be true or false")),
        (Takes::Moment, Value::String(text)) => match Timestamp::parse(attr.name, text) {
            Ok(_) => Ok(Some(value.clone())),
            Err(_) => Err(wrong(attr, "must be a time, such as 2026-11-20T09:30:00Z")),
        },
        (Takes::Text | Takes::Reference(_) | Takes::Binary, Value::String(text)) => {
            Ok((!text.is_empty()).then(|| value.clone()))
        }
        (Takes::Text, Value::Number(number)) => Ok(Some(number.to_string().into())),
        _ => Err(wrong(attr, &format!("must be a text, not {}", brief(&value.to_string())))),
    }
}

/// Of several values that call themselves primary the one at `newest` stays so, else the first.
pub(super) fn keep_one_primary(items: &mut [Value], newest: Option<usize>) {
    let is = |item: &Value| item.get("primary") == Some(&Value::Bool(true));
    let Some(kept) = newest.filter(|i| items.get(*i).is_some_and(is)).or_else(|| items.iter().position(is)) else {
        return;
    };
    for (i, item) in items.iter_mut().enumerate() {
        if i != kept && is(item) {
            item["primary"] = false.into();
        }
    }
}
