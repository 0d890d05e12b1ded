//! What an expression computes with: values that borrow from the user and from the expression.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

/// A value that stands in an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    List(Vec<Literal>),
}

/// A value at work.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    List(List<'a>),
    Map(&'a Map<String, Json>),
}

/// A list, wherever its items stand.
#[derive(Clone, Debug)]
pub(super) enum List<'a> {
    Literal(&'a [Literal]),
    Attribute(&'a [Json]),
    Made(Rc<[Value<'a>]>),
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Literal(items) => items.len(),
            Self::Attribute(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(super) fn get(&self, i: usize) -> Option<Value<'a>> {
        match self {
            Self::Literal(items) => items.get(i).map(Value::from),
            Self::Attribute(items) => items.get(i).map(Value::from),
            Self::Made(items) => items.get(i).cloned(),
        }
    }
}

impl<'a> From<&'a Literal> for Value<'a> {
    fn from(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(b) => Self::Bool(*b),
            Literal::Int(n) => Self::Int(*n),
            Literal::Double(n) => Self::Double(*n),
            Literal::Text(text) => Self::Text(Cow::Borrowed(text)),
            Literal::List(items) => Self::List(List::Literal(items)),
        }
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => n.as_i64().map_or_else(|| Self::Double(n.as_f64().unwrap_or(f64::NAN)), Self::Int),
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(items) => Self::List(List::Attribute(items)),
            Json::Object(map) => Self::Map(map),
        }
    }
}

impl Value<'_> {
    /// What kind of value it is, in words for an explanation.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Double(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// Work that looking at all of it costs.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len() / 32,
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            _ => 0,
        }
    }

    /// How two values compare, where they do: numbers with numbers, texts with texts, booleans with booleans.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            #[expect(clippy::cast_precision_loss, reason = "CEL compares numbers of both kinds by value")]
            (Self::Int(a), Self::Double(b)) => (*a as f64).partial_cmp(b),
            #[expect(clippy::cast_precision_loss, reason = "CEL compares numbers of both kinds by value")]
            (Self::Double(a), Self::Int(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            _ => None,
        }
    }
}
