//! Edits of a document: PATCH operations (RFC 7644 §3.5.2), and whole bodies, which are read as operations without a path.

use scim_v2::filter::{AttrExp, CompValue, CompareOp, ValFilter};
use serde_json::{Map, Value};

use super::error::{Failure, Kind};
use super::filter::fits;
use super::path::{self, Target};
use super::schema::{Attr, ENTERPRISE, Type};
use super::value::{self, Document, keep_one_primary};

/// The most operations in one patch.
const MOST: usize = 1000;
/// The most values in one patch of a person.
const VALUES: usize = 5000;
/// The most characters of its paths and names together: a comparison takes eight at least.
const PATHS: usize = 128 << 10;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Adds to what is there.
    Add,
    /// Puts in place of what is there.
    Replace,
    /// Takes away.
    Remove,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// What it does.
    pub(super) does: Does,
    /// To what; to the resource as a whole where it is absent.
    pub(super) path: Option<String>,
    /// With what.
    pub(super) value: Option<Value>,
}

fn syntax(why: &str) -> Failure {
    Failure::bad(Kind::InvalidSyntax, why.to_owned())
}

/// A member by name, in any letter case.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Reads the operations of a patch.
///
/// # Errors
/// `invalidSyntax`; `tooMany`.
pub(super) fn operations(body: &Map<String, Value>) -> Result<Vec<Operation>, Failure> {
    let listed = match member(body, "Operations") {
        Some(Value::Array(listed)) if !listed.is_empty() => listed,
        Some(Value::Object(_)) | Some(Value::Array(_)) | None | Some(_) => {
            return Err(syntax("Operations: must be a list of at least one operation"));
        }
    };
    if listed.len() > MOST {
        return Err(Failure::bad(Kind::TooMany, format!("Operations: more than {MOST} in one call")));
    }
    listed.iter().map(operation).collect()
}

/// Refuses a patch of a person that would take long: it is carried out while others wait, and each value and comparison
/// is held against all values of an attribute.
///
/// # Errors
/// `tooMany`.
pub(super) fn bounded(operations: &[Operation]) -> Result<(), Failure> {
    fn weigh(value: &Value, values: &mut usize, paths: &mut usize) {
        match value {
            Value::Array(items) => {
                *values += items.len();
                items.iter().for_each(|item| weigh(item, values, paths));
            }
            Value::Object(parts) => {
                for (name, value) in parts {
                    *paths += name.len();
                    weigh(value, values, paths);
                }
            }
            _ => {}
        }
    }
    let (mut values, mut paths) = (0, 0);
    for Operation { path, value, .. } in operations {
        paths += path.as_deref().map_or(0, str::len);
        weigh(value.as_ref().unwrap_or(&Value::Null), &mut values, &mut paths);
    }
    if values > VALUES || paths > PATHS {
        let why = format!("Operations: more than {VALUES} values, or {PATHS} characters of paths, in one call");
        return Err(Failure::bad(Kind::TooMany, why));
    }
    Ok(())
}

fn operation(raw: &Value) -> Result<Operation, Failure> {
    let raw = raw.as_object().ok_or_else(|| syntax("Operations: each must be an object"))?;
    let op = member(raw, "op").and_then(Value::as_str).ok_or_else(|| syntax("op: is missing"))?;
    let does = match op.to_ascii_lowercase().as_str() {
        "add" => Does::Add,
        "replace" => Does::Replace,
        "remove" => Does::Remove,
        _ => return Err(syntax("op: must be one of add, remove and replace")),
    };
    let path = match member(raw, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.trim().is_empty() => None,
        Some(Value::String(path)) => Some(path.clone()),
        Some(_) => return Err(syntax("path: must be a text")),
    };
    let value = member(raw, "value").cloned();
    if value.is_none() && does != Does::Remove {
        return Err(Failure::bad(Kind::InvalidValue, format!("{}: has no value", op.to_ascii_lowercase())));
    }
    if path.is_none() && does == Does::Remove {
        return Err(Failure::bad(Kind::NoTarget, "remove: has no path".to_owned()));
    }
    Ok(Operation { does, path, value })
}

/// What one operation does to one place, once its path is read; a path-less one is several.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    /// What it does.
    pub(super) does: Does,
    /// To what.
    pub(super) target: Target,
    /// With what.
    pub(super) value: Option<&'a Value>,
    /// Was the path written out? Then what may only be read is refused, else passed over.
    pub(super) explicit: bool,
}

/// The steps that an operation is made of; what leads nowhere is none.
///
/// # Errors
/// `invalidPath`, `invalidSyntax`, `mutability`.
pub(super) fn steps(of: Type, operation: &Operation) -> Result<Vec<Step<'_>>, Failure> {
    let Operation { does, path, value } = operation;
    if let Some(raw) = path {
        let Some(target) = path::read(of, raw)? else { return Ok(Vec::new()) };
        return Ok(vec![Step { does: *does, target, value: value.as_ref(), explicit: true }]);
    }
    let parts = match value {
        Some(Value::Object(parts)) => parts,
        _ => return Err(syntax("value: must be an object where the operation has no path")),
    };
    whole(of, *does, parts)
}

/// The steps that the members of an object are: names, dotted names, names with their schema, and paths.
///
/// # Errors
/// `invalidPath`.
pub(super) fn whole(of: Type, does: Does, parts: &Map<String, Value>) -> Result<Vec<Step<'_>>, Failure> {
    let mut steps = Vec::with_capacity(parts.len());
    for (name, value) in parts {
        // Nobody's attribute, and not a path either: a schema that is not ours has its name as a key.
        let target = match path::read(of, name) {
            Ok(Some(target)) => target,
            Ok(None) => continue,
            Err(_) if !name.contains('[') => continue,
            Err(refusal) => return Err(refusal),
        };
        steps.push(Step { does, target, value: Some(value), explicit: false });
    }
    Ok(steps)
}

/// Carries a step out on a document.
///
/// # Errors
/// `mutability`, `invalidValue`, `noTarget`.
pub(super) fn apply(of: Type, document: &mut Document, step: &Step<'_>) -> Result<(), Failure> {
    let Step { does, target, value, explicit } = step;
    match target {
        Target::Extension => match (does, value) {
            (Does::Remove, _) => {
                document.remove(ENTERPRISE);
                Ok(())
            }
            (_, Some(Value::Object(parts))) => {
                for (name, value) in parts {
                    let found = of.find(Some(ENTERPRISE), name);
                    let target = match found {
                        Some(found) => Target::Attr { found, filter: None, part: None },
                        None => match path::read(of, &format!("{ENTERPRISE}:{name}")) {
                            Ok(Some(target)) => target,
                            _ => continue,
                        },
                    };
                    apply(of, document, &Step { does: *does, target, value: Some(value), explicit: false })?;
                }
                Ok(())
            }
            (_, Some(Value::Null) | None) => Ok(()),
            _ => Err(syntax("the extension must be an object")),
        },
        Target::Attr { found, filter, part } => {
            if !found.attr.writable {
                return read_only(found.attr, *explicit);
            }
            if let Some(part) = part
                && !part.writable
            {
                return read_only(part, *explicit);
            }
            let present = value::get(document, *found).cloned();
            let next = if found.attr.many {
                let items = match present {
                    Some(Value::Array(items)) => items,
                    _ => Vec::new(),
                };
                let items = several(found.attr, items, *does, filter.as_ref(), *part, *value)?;
                value::few(found.attr, items.len())?;
                (!items.is_empty()).then(|| items.into())
            } else {
                single(found.attr, present, *does, *part, *value)?
            };
            value::set(document, *found, next);
            Ok(())
        }
    }
}

fn read_only(attr: &Attr, explicit: bool) -> Result<(), Failure> {
    if !explicit {
        return Ok(());
    }
    Err(Failure::bad(Kind::Mutability, format!("{}: can only be read", attr.name)))
}

fn single(
    attr: &'static Attr,
    present: Option<Value>,
    does: Does,
    part: Option<&'static Attr>,
    given: Option<&Value>,
) -> Result<Option<Value>, Failure> {
    let mut parts = match (&present, attr.parts()) {
        (_, []) => {
            return match (does, given) {
                (Does::Remove, _) | (_, None) => Ok(None),
                (_, Some(given)) => value::read(attr, given),
            };
        }
        (Some(Value::Object(parts)), _) => parts.clone(),
        _ => Map::new(),
    };
    match (does, part, given) {
        (Does::Remove, None, _) => return Ok(None),
        (Does::Remove, Some(part), _) => drop(parts.remove(part.name)),
        (_, Some(part), given) => match value::read(part, given.unwrap_or(&Value::Null))? {
            Some(value) => drop(parts.insert(part.name.into(), value)),
            None => drop(parts.remove(part.name)),
        },
        (_, None, None | Some(Value::Null)) => return Ok(None),
        (_, None, Some(given)) => {
            // A part that is named and empty is taken away, one that is not named stays.
            if let Value::Object(named) = given {
                for (name, value) in named {
                    if let Some(part) = attr.part(name)
                        && value::read(part, value)?.is_none()
                    {
                        parts.remove(part.name);
                    }
                }
            }
            if let Some(Value::Object(more)) = value::read(attr, given)? {
                parts.extend(more);
            }
        }
    }
    Ok((!parts.is_empty()).then(|| parts.into()))
}

fn several(
    attr: &'static Attr,
    mut items: Vec<Value>,
    does: Does,
    filter: Option<&ValFilter>,
    part: Option<&'static Attr>,
    given: Option<&Value>,
) -> Result<Vec<Value>, Failure> {
    let hit = |item: &Value| filter.is_none_or(|filter| fits(attr, filter, item));
    match (does, part) {
        (Does::Remove, None) => {
            let values = match (filter, given) {
                // Some clients name what to take away by its value, as if it were to be added.
                (None, Some(given)) => value::read(attr, given)?,
                _ => None,
            };
            match values {
                Some(Value::Array(values)) => items.retain(|item| !values.iter().any(|value| same(value, item))),
                _ => items.retain(|item| !hit(item)),
            }
        }
        (Does::Remove, Some(part)) => {
            for item in items.iter_mut().filter(|item| hit(item)) {
                if let Value::Object(parts) = item {
                    parts.remove(part.name);
                }
            }
            items.retain(|item| item.as_object().is_none_or(has_content));
        }
        (_, Some(part)) => {
            let Some(value) = value::read(part, given.unwrap_or(&Value::Null))? else {
                return several(attr, items, Does::Remove, filter, Some(part), None);
            };
            let (mut newest, mut any) = (None, false);
            for (i, item) in items.iter_mut().enumerate().filter(|(_, item)| hit(item)) {
                any = true;
                if let Value::Object(parts) = item {
                    parts.insert(part.name.into(), value.clone());
                    newest = (part.name == "primary").then_some(i);
                }
            }
            if !any {
                let mut made = made(does, filter)?;
                made.insert(part.name.into(), value);
                items.push(made.into());
                newest = Some(items.len() - 1);
            }
            keep_one_primary(&mut items, newest);
        }
        (does, None) if filter.is_some() => {
            let Some(value) = value::one(attr, given.unwrap_or(&Value::Null))? else {
                items.retain(|item| !hit(item));
                return Ok(items);
            };
            let (mut newest, mut any) = (None, false);
            for (i, item) in items.iter_mut().enumerate() {
                if !hit(item) {
                    continue;
                }
                any = true;
                newest = Some(i);
                match (does, item, &value) {
                    (Does::Add, Value::Object(parts), Value::Object(more)) => parts.extend(more.clone()),
                    (_, item, value) => *item = value.clone(),
                }
            }
            if !any {
                let mut made = made(does, filter)?;
                if let Value::Object(more) = value {
                    made.extend(more);
                }
                items.push(made.into());
                newest = Some(items.len() - 1);
            }
            keep_one_primary(&mut items, newest);
        }
        (Does::Replace, None) => {
            return Ok(match value::read(attr, given.unwrap_or(&Value::Null))? {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            });
        }
        (_, None) => {
            let Some(Value::Array(more)) = value::read(attr, given.unwrap_or(&Value::Null))? else { return Ok(items) };
            for value in more {
                match items.iter().position(|item| same(&value, item)) {
                    Some(i) => {
                        if let (Value::Object(parts), Value::Object(more)) = (&mut items[i], value) {
                            parts.extend(more);
                        }
                        keep_one_primary(&mut items, Some(i));
                    }
                    None => {
                        items.push(value);
                        let last = items.len() - 1;
                        keep_one_primary(&mut items, Some(last));
                    }
                }
            }
        }
    }
    Ok(items)
}

/// Is it the same value, though other parts of it may differ? Told by `value` and, where both have one, `type`.
fn same(named: &Value, item: &Value) -> bool {
    match (named.get("value"), item.get("value")) {
        (Some(one), Some(other)) => {
            one == other && (named.get("type").is_none() || named.get("type") == item.get("type"))
        }
        (None, _) => named
            .as_object()
            .is_some_and(|parts| parts.iter().all(|(name, value)| name == "primary" || item.get(name) == Some(value))),
        (Some(_), None) => false,
    }
}

/// Is there more in it than what it is for?
fn has_content(parts: &Map<String, Value>) -> bool {
    parts.keys().any(|name| !matches!(name.as_str(), "type" | "primary" | "display"))
}

/// The value that an `add` makes where its filter finds none: what the filter says it would be.
fn made(does: Does, filter: Option<&ValFilter>) -> Result<Map<String, Value>, Failure> {
    fn told(filter: &ValFilter, into: &mut Map<String, Value>) {
        match filter {
            ValFilter::And(items) => items.iter().for_each(|item| told(item, into)),
            ValFilter::Attr(AttrExp::Comparison(path, CompareOp::Eq, value)) => {
                let name = path.sub_attr.clone().unwrap_or_else(|| path.name.clone());
                let value = match value {
                    CompValue::Str(text) => text.as_str().into(),
                    CompValue::True => true.into(),
                    CompValue::False => false.into(),
                    CompValue::Number(_) | CompValue::Null => return,
                };
                into.insert(name, value);
            }
            _ => {}
        }
    }
    let mut parts = Map::new();
    if let Some(filter) = filter {
        if does == Does::Replace {
            return Err(Failure::bad(Kind::NoTarget, "the path matches no value".to_owned()));
        }
        told(filter, &mut parts);
    }
    Ok(parts)
}

/// The document that a whole body is, read leniently.
///
/// # Errors
/// `invalidValue`, `invalidPath`.
pub(super) fn document(of: Type, body: &Map<String, Value>) -> Result<Document, Failure> {
    let mut document = Document::new();
    for step in whole(of, Does::Replace, body)? {
        apply(of, &mut document, &step)?;
    }
    Ok(document)
}
