//! Filters (RFC 7644 §3.4.2.2): read within bounds, checked against the schema, and asked of documents.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use guildhall_domain::Timestamp;
use guildhall_domain::name::fold;
use scim_v2::filter::{AttrExp, AttrPath, CompValue, CompareOp, Filter, ValFilter};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::{Failure, Kind};
use super::path::{DEEPEST, LONGEST, TERMS, brief, resolve};
use super::plain;
use super::schema::{Attr, Kind as Takes, Type};

/// Whom a comparison of `members` or `groups` holds for, by the value it compares with: neither list is read for it.
pub(super) type Related = HashMap<String, HashSet<Uuid>>;

fn wrong(why: impl Into<String>) -> Failure {
    Failure::bad(Kind::InvalidFilter, why.into())
}

/// Reads a filter on resources of these types; an attribute must be known to one of them.
///
/// # Errors
/// `invalidFilter` when it is malformed, beyond the bounds, names an unknown attribute, or compares what cannot be.
pub(super) fn read(of: &[Type], raw: &str) -> Result<Filter, Failure> {
    if raw.len() > LONGEST {
        return Err(wrong(format!("filter: may have at most {LONGEST} characters")));
    }
    let filter: Option<Filter> = plain::filter(raw).or_else(|| raw.parse().ok());
    let filter = filter.ok_or_else(|| wrong(format!("filter: `{}` cannot be read", brief(raw))))?;
    let mut terms = 0;
    walk(of, &filter, 1, &mut terms)?;
    Ok(filter)
}

fn bounded(depth: usize, terms: usize) -> Result<(), Failure> {
    if depth > DEEPEST {
        return Err(wrong(format!("filter: nests deeper than {DEEPEST}")));
    }
    if terms > TERMS {
        return Err(wrong(format!("filter: has more than {TERMS} comparisons")));
    }
    Ok(())
}

fn walk(of: &[Type], filter: &Filter, depth: usize, terms: &mut usize) -> Result<(), Failure> {
    bounded(depth, *terms)?;
    match filter {
        Filter::And(items) => items.iter().try_for_each(|item| walk(of, item, depth + 1, terms)),
        Filter::Or(items) => items.iter().try_for_each(|item| walk(of, item, depth + 1, terms)),
        Filter::Not(inner) => walk(of, inner, depth + 1, terms),
        Filter::Attr(expression) => {
            *terms += 1;
            bounded(depth, *terms)?;
            let path = path_of(expression);
            let found = of.iter().find_map(|of| resolve(*of, path));
            let (found, part) = found.ok_or_else(|| unknown(path))?;
            check(found.attr, part, expression)
        }
        Filter::ValuePath(path) => {
            let found = of.iter().find_map(|of| resolve(*of, &path.attr));
            let (found, part) = found.ok_or_else(|| unknown(&path.attr))?;
            if part.is_some() || found.attr.parts().is_empty() {
                return Err(wrong(format!("filter: `{}` has no parts to select by", path.attr)));
            }
            walk_values(found.attr, &path.filter, depth + 1, terms)
        }
    }
}

fn unknown(path: &AttrPath) -> Failure {
    wrong(format!("filter: `{path}` is not an attribute here"))
}

/// Checks a filter on the values of one attribute.
///
/// # Errors
/// `invalidFilter`.
pub(super) fn check_values(attr: &'static Attr, filter: &ValFilter) -> Result<(), Failure> {
    walk_values(attr, filter, 1, &mut 0)
}

fn walk_values(attr: &'static Attr, filter: &ValFilter, depth: usize, terms: &mut usize) -> Result<(), Failure> {
    bounded(depth, *terms)?;
    match filter {
        ValFilter::And(items) => items.iter().try_for_each(|item| walk_values(attr, item, depth + 1, terms)),
        ValFilter::Or(items) => items.iter().try_for_each(|item| walk_values(attr, item, depth + 1, terms)),
        ValFilter::Not(inner) => walk_values(attr, inner, depth + 1, terms),
        ValFilter::Attr(expression) => {
            *terms += 1;
            bounded(depth, *terms)?;
            let path = path_of(expression);
            let part = part_of(attr, path).ok_or_else(|| unknown(path))?;
            check(attr, Some(part), expression)
        }
    }
}

/// The part that a comparison inside brackets names; some clients repeat the attribute before it.
fn part_of(attr: &'static Attr, path: &AttrPath) -> Option<&'static Attr> {
    match &path.sub_attr {
        None => attr.part(&path.name),
        Some(sub) if path.name.eq_ignore_ascii_case(attr.name) => attr.part(sub),
        Some(_) => None,
    }
}

fn path_of(expression: &AttrExp) -> &AttrPath {
    match expression {
        AttrExp::Present(path) | AttrExp::Comparison(path, ..) => path,
    }
}

/// What is really compared: of a complex attribute without a part its value.
fn compared(attr: &'static Attr, part: Option<&'static Attr>) -> Option<&'static Attr> {
    match part {
        Some(part) => Some(part),
        None if attr.parts().is_empty() => Some(attr),
        None => attr.part("value"),
    }
}

fn check(attr: &'static Attr, part: Option<&'static Attr>, expression: &AttrExp) -> Result<(), Failure> {
    let AttrExp::Comparison(path, op, value) = expression else {
        // Whether anybody is in a group cannot be told without its list.
        return if is_related(attr) { Err(relation(path_of(expression))) } else { Ok(()) };
    };
    let by = compared(attr, part).ok_or_else(|| wrong(format!("filter: `{path}` has no value of its own")))?;
    if is_related(attr) && !(by.name == "value" && matches!((op, value), (CompareOp::Eq, CompValue::Str(_)))) {
        return Err(relation(path));
    }
    let ordered = matches!(op, CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le);
    let within = matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew);
    let fits = match (by.kind, value) {
        (_, CompValue::Null) => matches!(op, CompareOp::Eq | CompareOp::Ne),
        (Takes::Flag, CompValue::True | CompValue::False) => !ordered && !within,
        // Some clients put booleans in quotes.
        (Takes::Flag, CompValue::Str(text)) => !ordered && !within && flag(text).is_some(),
        (Takes::Binary, CompValue::Str(_)) => !ordered,
        (Takes::Moment, CompValue::Str(text)) => within || Timestamp::parse("filter", text).is_ok(),
        (Takes::Text | Takes::Reference(_), CompValue::Str(_)) => true,
        _ => false,
    };
    if fits { Ok(()) } else { Err(wrong(format!("filter: `{path}` cannot be compared like that"))) }
}

fn relation(path: &AttrPath) -> Failure {
    wrong(format!("filter: `{path}` can be compared with one id only, by `eq`"))
}

fn is_related(attr: &Attr) -> bool {
    matches!(attr.name, "members" | "groups")
}

/// A boolean as some clients write it.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The ids that comparisons of `members` or `groups` name.
pub(super) fn relations(filter: &Filter, into: &mut Vec<String>) {
    fn values(filter: &ValFilter, into: &mut Vec<String>) {
        match filter {
            ValFilter::And(items) | ValFilter::Or(items) => items.iter().for_each(|item| values(item, into)),
            ValFilter::Not(inner) => values(inner, into),
            ValFilter::Attr(AttrExp::Comparison(_, _, CompValue::Str(id))) => into.push(id.clone()),
            ValFilter::Attr(_) => {}
        }
    }
    match filter {
        Filter::And(items) | Filter::Or(items) => items.iter().for_each(|item| relations(item, into)),
        Filter::Not(inner) => relations(inner, into),
        Filter::ValuePath(path) => {
            if names_relation(&path.attr) {
                values(&path.filter, into);
            }
        }
        Filter::Attr(AttrExp::Comparison(path, _, CompValue::Str(id))) if names_relation(path) => into.push(id.clone()),
        Filter::Attr(_) => {}
    }
}

fn names_relation(path: &AttrPath) -> bool {
    path.name.eq_ignore_ascii_case("members") || path.name.eq_ignore_ascii_case("groups")
}

/// Does the filter hold for a document?
pub(super) fn holds(of: Type, filter: &Filter, document: &Map<String, Value>, id: Uuid, related: &Related) -> bool {
    match filter {
        Filter::And(items) => items.iter().all(|item| holds(of, item, document, id, related)),
        Filter::Or(items) => items.iter().any(|item| holds(of, item, document, id, related)),
        Filter::Not(inner) => !holds(of, inner, document, id, related),
        Filter::Attr(expression) => {
            let Some((found, part)) = resolve(of, path_of(expression)) else { return absent(expression) };
            if let (true, AttrExp::Comparison(_, _, CompValue::Str(value))) = (is_related(found.attr), expression) {
                return related.get(value).is_some_and(|ids| ids.contains(&id));
            }
            let value = super::value::get(document, found);
            match (compared(found.attr, part), expression) {
                (_, AttrExp::Present(_)) if part.is_none() => value.is_some_and(present),
                (Some(by), _) => {
                    any(found.attr, value, by, part.is_some() || !found.attr.parts().is_empty(), expression)
                }
                (None, _) => false,
            }
        }
        Filter::ValuePath(path) => {
            let Some((found, _)) = resolve(of, &path.attr) else { return false };
            if is_related(found.attr) {
                return related_values(&path.filter, id, related);
            }
            match super::value::get(document, found) {
                Some(Value::Array(items)) => items.iter().any(|item| fits(found.attr, &path.filter, item)),
                Some(one) => fits(found.attr, &path.filter, one),
                None => false,
            }
        }
    }
}

/// As [`holds`], as far as the relations alone tell: what they refuse needs no document.
pub(super) fn told(of: Type, filter: &Filter, id: Uuid, related: &Related) -> Option<bool> {
    match filter {
        Filter::And(items) => together(items.iter().map(|item| told(of, item, id, related)), true),
        Filter::Or(items) => together(items.iter().map(|item| told(of, item, id, related)), false),
        Filter::Not(inner) => told(of, inner, id, related).map(|holds| !holds),
        Filter::Attr(expression) => {
            let AttrExp::Comparison(path, _, CompValue::Str(value)) = expression else { return None };
            resolve(of, path).filter(|(found, _)| is_related(found.attr))?;
            Some(related.get(value).is_some_and(|ids| ids.contains(&id)))
        }
        Filter::ValuePath(path) => {
            resolve(of, &path.attr).filter(|(found, _)| is_related(found.attr))?;
            Some(related_values(&path.filter, id, related))
        }
    }
}

/// What parts tell together, of which each `needed` does not yet decide: all must hold, or none may.
fn together(parts: impl Iterator<Item = Option<bool>>, needed: bool) -> Option<bool> {
    let mut all = Some(needed);
    for part in parts {
        match part {
            Some(holds) if holds != needed => return Some(holds),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn related_values(filter: &ValFilter, id: Uuid, related: &Related) -> bool {
    match filter {
        ValFilter::And(items) => items.iter().all(|item| related_values(item, id, related)),
        ValFilter::Or(items) => items.iter().any(|item| related_values(item, id, related)),
        ValFilter::Not(inner) => !related_values(inner, id, related),
        ValFilter::Attr(AttrExp::Comparison(_, _, CompValue::Str(value))) => {
            related.get(value).is_some_and(|ids| ids.contains(&id))
        }
        ValFilter::Attr(_) => false,
    }
}

/// Does the filter hold for one value of a complex attribute?
pub(super) fn fits(attr: &'static Attr, filter: &ValFilter, value: &Value) -> bool {
    match filter {
        ValFilter::And(items) => items.iter().all(|item| fits(attr, item, value)),
        ValFilter::Or(items) => items.iter().any(|item| fits(attr, item, value)),
        ValFilter::Not(inner) => !fits(attr, inner, value),
        ValFilter::Attr(expression) => {
            let Some(part) = part_of(attr, path_of(expression)) else { return false };
            test(part, value.get(part.name), expression)
        }
    }
}

/// Does the comparison hold for the value, or for any of several?
fn any(attr: &Attr, value: Option<&Value>, by: &Attr, inside: bool, expression: &AttrExp) -> bool {
    let inner = |value: &Value| test(by, if inside { value.get(by.name) } else { Some(value) }, expression);
    match value {
        None => absent(expression),
        Some(Value::Array(items)) if attr.many && items.is_empty() => absent(expression),
        Some(Value::Array(items)) => items.iter().any(inner),
        Some(one) => inner(one),
    }
}

/// What holds for an attribute that has no value: that it is none, and that it is not another.
fn absent(expression: &AttrExp) -> bool {
    match expression {
        AttrExp::Present(_) => false,
        AttrExp::Comparison(_, CompareOp::Eq, value) => *value == CompValue::Null,
        AttrExp::Comparison(_, CompareOp::Ne, value) => *value != CompValue::Null,
        AttrExp::Comparison(..) => false,
    }
}

fn present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn test(by: &Attr, value: Option<&Value>, expression: &AttrExp) -> bool {
    let Some(value) = value.filter(|value| present(value)) else { return absent(expression) };
    let AttrExp::Comparison(_, op, other) = expression else { return true };
    match (value, other) {
        (_, CompValue::Null) => *op == CompareOp::Ne,
        (Value::Bool(is), CompValue::True) => (*op == CompareOp::Eq) == *is,
        (Value::Bool(is), CompValue::False) => (*op == CompareOp::Eq) != *is,
        (Value::Bool(is), CompValue::Str(text)) => (*op == CompareOp::Eq) == (flag(text) == Some(*is)),
        (Value::String(is), CompValue::Str(text)) => match by.kind {
            Takes::Moment => moments(is, op, text),
            _ if by.exact => texts(is, op, text),
            _ => texts(&fold(is), op, &fold(text)),
        },
        _ => false,
    }
}

fn texts(is: &str, op: &CompareOp, other: &str) -> bool {
    match op {
        CompareOp::Co => is.contains(other),
        CompareOp::Sw => is.starts_with(other),
        CompareOp::Ew => is.ends_with(other),
        _ => ordered(is.cmp(other), op),
    }
}

fn moments(is: &str, op: &CompareOp, other: &str) -> bool {
    if matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew) {
        return texts(is, op, other);
    }
    let read = |text| Timestamp::parse("filter", text).ok();
    read(is).zip(read(other)).is_some_and(|(is, other)| ordered(is.cmp(&other), op))
}

fn ordered(order: Ordering, op: &CompareOp) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

/// The texts that an attribute must equal for the filter to hold, one of them: what an index can look for. None where
/// that cannot be said.
pub(super) fn wanted<T>(filter: &Filter, probe: &impl Fn(&AttrPath, &str) -> Option<T>) -> Option<Vec<T>> {
    match filter {
        Filter::Attr(AttrExp::Comparison(path, CompareOp::Eq, CompValue::Str(value))) => {
            Some(vec![probe(path, value)?])
        }
        Filter::Attr(_) | Filter::Not(_) => None,
        // Whatever one of them finds holds all that fit.
        Filter::And(items) => items.iter().find_map(|item| wanted(item, probe)),
        Filter::Or(items) => {
            let each: Option<Vec<Vec<T>>> = items.iter().map(|item| wanted(item, probe)).collect();
            each.map(|each| each.into_iter().flatten().collect())
        }
        Filter::ValuePath(path) => wanted_value(&path.attr, &path.filter, probe),
    }
}

fn wanted_value<T>(
    attr: &AttrPath,
    filter: &ValFilter,
    probe: &impl Fn(&AttrPath, &str) -> Option<T>,
) -> Option<Vec<T>> {
    match filter {
        ValFilter::Attr(AttrExp::Comparison(path, CompareOp::Eq, CompValue::Str(value))) => {
            let part = path.sub_attr.as_ref().unwrap_or(&path.name);
            Some(vec![probe(&AttrPath { sub_attr: Some(part.clone()), ..attr.clone() }, value)?])
        }
        ValFilter::Attr(_) | ValFilter::Not(_) => None,
        ValFilter::And(items) => items.iter().find_map(|item| wanted_value(attr, item, probe)),
        ValFilter::Or(items) => {
            let each: Option<Vec<Vec<T>>> = items.iter().map(|item| wanted_value(attr, item, probe)).collect();
            each.map(|each| each.into_iter().flatten().collect())
        }
    }
}
