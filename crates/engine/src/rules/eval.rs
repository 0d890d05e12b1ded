//! Evaluates a checked expression for one user, with a budget: every step and every byte looked at is paid for.
//!
//! We evaluate ourselves, and leave only the parsing to the library: its interpreter has no budget, copies lists in
//! comprehensions, and compiles a pattern anew at each call.

use std::borrow::Cow;
use std::cmp::Ordering;

use guildhall_domain::ids::GroupId;
use guildhall_domain::user::User;
use regex::Regex;
use serde_json::{Map, Value as Json};

use super::value::{List, Literal, Value};

/// What one evaluation may cost: far above what a sensible rule needs on a user with sensible attributes.
const BUDGET: usize = 10_000;

/// A member of a user's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    GivenName,
    FamilyName,
    Email,
    UserName,
    Status,
    Role,
    Manager,
    ExternalId,
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A function of one or two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
    Size,
    Int,
    Double,
    Text,
}

/// What a comprehension makes of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

/// A checked expression.
#[derive(Debug)]
pub(super) enum Node {
    Literal(Literal),
    Field(Field),
    Attributes,
    /// The item that the comprehension around it is at.
    Item,
    MemberOf(GroupId),
    Select(Box<Node>, String),
    Has(Box<Node>),
    Index(Box<Node>, Box<Node>),
    List(Vec<Node>),
    Not(Box<Node>),
    Negative(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Function, Box<Node>, Option<Box<Node>>),
    Matches(Box<Node>, Regex),
    Fold(Fold, Box<Node>, Box<Node>),
}

/// Why an expression has no value for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The user lacks it.
    Missing(String),
    /// An operation does not fit the values it got.
    Kind(String),
    /// The budget is spent.
    Work,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the user has no `{name}`"),
            Self::Kind(why) => f.write_str(why),
            Self::Work => f.write_str("evaluating it for this user takes more work than a rule may"),
        }
    }
}

/// Whom an expression is evaluated for.
pub(super) struct Subject<'a> {
    /// The user.
    pub user: &'a User,
    /// The user's free attributes, read.
    pub attributes: &'a Map<String, Json>,
    /// Is the user effectively in this group at the instant that is asked about?
    pub member_of: &'a dyn Fn(GroupId) -> bool,
}

/// One evaluation.
pub(super) struct Work<'a> {
    subject: &'a Subject<'a>,
    item: Option<Value<'a>>,
    left: usize,
}

type Outcome<'a> = Result<Value<'a>, Trouble>;

fn misfit(what: &str, value: &Value<'_>) -> Trouble {
    Trouble::Kind(format!("{what} does not fit {}", value.kind()))
}

fn overflow() -> Trouble {
    Trouble::Kind("a number becomes too large, or a divisor is zero".into())
}

impl<'a> Work<'a> {
    pub(super) fn new(subject: &'a Subject<'a>) -> Self {
        Self { subject, item: None, left: BUDGET }
    }

    fn pay(&mut self, cost: usize) -> Result<(), Trouble> {
        self.left = self.left.checked_sub(cost).ok_or(Trouble::Work)?;
        Ok(())
    }

    /// True or false; anything else is trouble.
    pub(super) fn truth(&mut self, node: &'a Node) -> Result<bool, Trouble> {
        match self.value(node)? {
            Value::Bool(b) => Ok(b),
            other => Err(misfit("a condition", &other)),
        }
    }

    fn value(&mut self, node: &'a Node) -> Outcome<'a> {
        self.pay(1)?;
        match node {
            Node::Literal(literal) => Ok(literal.into()),
            Node::Field(field) => self.field(*field),
            Node::Attributes => Ok(Value::Map(self.subject.attributes)),
            Node::Item => self.item.clone().ok_or_else(|| Trouble::Missing("item".into())),
            Node::MemberOf(group) => Ok(Value::Bool((self.subject.member_of)(*group))),
            Node::Select(from, name) => match self.value(from)? {
                Value::Map(map) => map.get(name).map(Value::from).ok_or_else(|| Trouble::Missing(name.clone())),
                other => Err(misfit(&format!("`.{name}`"), &other)),
            },
            Node::Has(path) => match self.value(path) {
                Ok(_) => Ok(Value::Bool(true)),
                Err(Trouble::Missing(_)) => Ok(Value::Bool(false)),
                Err(other) => Err(other),
            },
            Node::Index(from, index) => {
                let (from, index) = (self.value(from)?, self.value(index)?);
                self.index(from, &index)
            }
            Node::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.value(item)).collect();
                Ok(Value::List(List::Made(items?.into())))
            }
            Node::Not(of) => Ok(Value::Bool(!self.truth(of)?)),
            Node::Negative(of) => match self.value(of)? {
                Value::Int(n) => n.checked_neg().map(Value::Int).ok_or_else(overflow),
                Value::Double(n) => Ok(Value::Double(-n)),
                other => Err(misfit("`-`", &other)),
            },
            Node::And(a, b) => self.logical(a, b, false),
            Node::Or(a, b) => self.logical(a, b, true),
            Node::If(condition, yes, no) => {
                if self.truth(condition)? {
                    self.value(yes)
                } else {
                    self.value(no)
                }
            }
            Node::Binary(operator, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.binary(*operator, a, b)
            }
            Node::Call(function, on, with) => {
                let on = self.value(on)?;
                let with = with.as_ref().map(|with| self.value(with)).transpose()?;
                self.call(*function, on, with)
            }
            Node::Matches(on, pattern) => match self.value(on)? {
                Value::Text(text) => {
                    self.pay(text.len())?;
                    Ok(Value::Bool(pattern.is_match(&text)))
                }
                other => Err(misfit("`matches`", &other)),
            },
            Node::Fold(fold, over, body) => self.fold(*fold, over, body),
        }
    }

    fn field(&self, field: Field) -> Outcome<'a> {
        let user = self.subject.user;
        let text = |text: &'a str| Ok(Value::Text(Cow::Borrowed(text)));
        let given = |name: &str, value: Option<&'a str>| match value.filter(|s| !s.is_empty()) {
            Some(value) => Ok(Value::Text(Cow::Borrowed(value))),
            None => Err(Trouble::Missing(name.into())),
        };
        match field {
            Field::Name => text(&user.name),
            Field::GivenName => given("givenName", Some(user.parts().0)),
            Field::FamilyName => given("familyName", Some(user.parts().1)),
            Field::Email => text(&user.email),
            Field::UserName => text(&user.user_name),
            Field::Status => text(user.status.word()),
            Field::Role => text(user.role.word()),
            Field::Manager => match user.manager {
                Some(id) => Ok(Value::Text(Cow::Owned(id.to_string()))),
                None => Err(Trouble::Missing("manager".into())),
            },
            Field::ExternalId => given("externalId", user.external_id.as_deref()),
        }
    }

    /// `&&` and `||` as CEL has them: a side that decides does so whatever trouble the other is in.
    fn logical(&mut self, a: &'a Node, b: &'a Node, decides: bool) -> Outcome<'a> {
        match self.truth(a) {
            Ok(truth) if truth == decides => Ok(Value::Bool(decides)),
            Err(Trouble::Work) => Err(Trouble::Work),
            first => match (first, self.truth(b)?) {
                (_, truth) if truth == decides => Ok(Value::Bool(decides)),
                (first, truth) => first.map(|_| Value::Bool(truth)),
            },
        }
    }

    fn index(&mut self, from: Value<'a>, index: &Value<'a>) -> Outcome<'a> {
        match (&from, index) {
            (Value::Map(map), Value::Text(name)) => {
                map.get(name.as_ref()).map(Value::from).ok_or_else(|| Trouble::Missing(name.clone().into_owned()))
            }
            (Value::List(list), Value::Int(n)) => usize::try_from(*n)
                .ok()
                .and_then(|n| list.get(n))
                .ok_or_else(|| Trouble::Kind(format!("there is no item {n} in a list of {}", list.len()))),
            (Value::Map(_) | Value::List(_), other) => Err(misfit("`[ ]`", other)),
            (other, _) => Err(misfit("`[ ]`", other)),
        }
    }

    fn equal(&mut self, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Trouble> {
        self.pay(1 + a.weight().min(b.weight()))?;
        match (a, b) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for i in 0..a.len() {
                    let (Some(a), Some(b)) = (a.get(i), b.get(i)) else { return Ok(false) };
                    if !self.equal(&a, &b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Map(a), Value::Map(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (name, a) in *a {
                    let Some(b) = b.get(name) else { return Ok(false) };
                    if !self.equal(&a.into(), &b.into())? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(a.order(b) == Some(Ordering::Equal)),
        }
    }

    fn binary(&mut self, operator: Operator, a: Value<'a>, b: Value<'a>) -> Outcome<'a> {
        use Operator::{Add, AtLeast, AtMost, Divide, Equal, In, Less, More, Multiply, Remainder, Subtract, Unequal};
        match operator {
            Equal => self.equal(&a, &b).map(Value::Bool),
            Unequal => self.equal(&a, &b).map(|same| Value::Bool(!same)),
            Less | AtMost | More | AtLeast => {
                self.pay(a.weight().min(b.weight()))?;
                let order = a
                    .order(&b)
                    .ok_or_else(|| Trouble::Kind(format!("{} and {} do not compare", a.kind(), b.kind())))?;
                Ok(Value::Bool(match operator {
                    Less => order.is_lt(),
                    AtMost => order.is_le(),
                    More => order.is_gt(),
                    _ => order.is_ge(),
                }))
            }
            In => match &b {
                Value::List(list) => {
                    for i in 0..list.len() {
                        if let Some(item) = list.get(i)
                            && self.equal(&a, &item)?
                        {
                            return Ok(Value::Bool(true));
                        }
                    }
                    Ok(Value::Bool(false))
                }
                Value::Map(map) => match &a {
                    Value::Text(name) => Ok(Value::Bool(map.contains_key(name.as_ref()))),
                    other => Err(misfit("a name to look for", other)),
                },
                other => Err(misfit("`in`", other)),
            },
            Add | Subtract | Multiply | Divide | Remainder => self.arithmetic(operator, a, b),
        }
    }

    fn arithmetic(&mut self, operator: Operator, a: Value<'a>, b: Value<'a>) -> Outcome<'a> {
        match (a, b) {
            (Value::Int(a), Value::Int(b)) => match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                Operator::Divide => a.checked_div(b),
                _ => a.checked_rem(b),
            }
            .map(Value::Int)
            .ok_or_else(overflow),
            (Value::Double(a), Value::Double(b)) => match operator {
                Operator::Add => Ok(Value::Double(a + b)),
                Operator::Subtract => Ok(Value::Double(a - b)),
                Operator::Multiply => Ok(Value::Double(a * b)),
                Operator::Divide => Ok(Value::Double(a / b)),
                _ => Err(misfit("`%`", &Value::Double(a))),
            },
            #[expect(clippy::cast_precision_loss, reason = "attributes say 3 and 3.0 for one number")]
            (Value::Int(a), b @ Value::Double(_)) => self.arithmetic(operator, Value::Double(a as f64), b),
            #[expect(clippy::cast_precision_loss, reason = "attributes say 3 and 3.0 for one number")]
            (a @ Value::Double(_), Value::Int(b)) => self.arithmetic(operator, a, Value::Double(b as f64)),
            (Value::Text(a), Value::Text(b)) if operator == Operator::Add => {
                self.pay((a.len() + b.len()) / 32)?;
                Ok(Value::Text(Cow::Owned(a.into_owned() + &b)))
            }
            (Value::Int(_) | Value::Double(_), other) | (other, _) => Err(misfit("arithmetic", &other)),
        }
    }

    fn call(&mut self, function: Function, on: Value<'a>, with: Option<Value<'a>>) -> Outcome<'a> {
        self.pay(on.weight())?;
        match (function, on, with) {
            (Function::StartsWith, Value::Text(on), Some(Value::Text(with))) => {
                Ok(Value::Bool(on.starts_with(with.as_ref())))
            }
            (Function::EndsWith, Value::Text(on), Some(Value::Text(with))) => {
                Ok(Value::Bool(on.ends_with(with.as_ref())))
            }
            (Function::Contains, Value::Text(on), Some(Value::Text(with))) => {
                self.pay(on.len() / 8)?;
                Ok(Value::Bool(on.contains(with.as_ref())))
            }
            (Function::LowerAscii, Value::Text(on), None) => {
                Ok(Value::Text(Cow::Owned(on.into_owned().to_ascii_lowercase())))
            }
            (Function::Size, Value::Text(on), None) => Ok(count(on.chars().count())),
            (Function::Size, Value::List(on), None) => Ok(count(on.len())),
            (Function::Size, Value::Map(on), None) => Ok(count(on.len())),
            (Function::Int, Value::Int(n), None) => Ok(Value::Int(n)),
            (Function::Int, Value::Double(n), None) if n.abs() < 9.2e18 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "its size was just checked; CEL cuts the fraction")]
                Ok(Value::Int(n as i64))
            }
            (Function::Int, Value::Text(on), None) => {
                on.parse().map(Value::Int).map_err(|_| Trouble::Kind("a text is no whole number".into()))
            }
            #[expect(clippy::cast_precision_loss, reason = "asked for")]
            (Function::Double, Value::Int(n), None) => Ok(Value::Double(n as f64)),
            (Function::Double, Value::Double(n), None) => Ok(Value::Double(n)),
            (Function::Double, Value::Text(on), None) => {
                on.parse().map(Value::Double).map_err(|_| Trouble::Kind("a text is no number".into()))
            }
            (Function::Text, Value::Text(on), None) => Ok(Value::Text(on)),
            (Function::Text, Value::Int(n), None) => Ok(Value::Text(Cow::Owned(n.to_string()))),
            (Function::Text, Value::Double(n), None) => Ok(Value::Text(Cow::Owned(n.to_string()))),
            (Function::Text, Value::Bool(b), None) => Ok(Value::Text(Cow::Owned(b.to_string()))),
            (_, Value::Text(_), Some(with)) => Err(misfit("a function of texts", &with)),
            (_, on, _) => Err(misfit("a function", &on)),
        }
    }

    fn fold(&mut self, fold: Fold, over: &'a Node, body: &'a Node) -> Outcome<'a> {
        let items = match self.value(over)? {
            Value::List(list) => list,
            other => return Err(misfit("a loop", &other)),
        };
        let (mut kept, mut hits, mut trouble) = (Vec::new(), 0_usize, None);
        for i in 0..items.len() {
            let Some(item) = items.get(i) else { break };
            self.item = Some(item.clone());
            if fold == Fold::Map {
                kept.push(self.value(body)?);
                continue;
            }
            match (self.truth(body), fold) {
                (Ok(true), Fold::Exists) => {
                    self.item = None;
                    return Ok(Value::Bool(true));
                }
                (Ok(false), Fold::All) => {
                    self.item = None;
                    return Ok(Value::Bool(false));
                }
                (Ok(true), Fold::Filter) => kept.push(item),
                (Ok(truth), _) => hits += usize::from(truth),
                // As in CEL, a later item may still decide.
                (Err(why), Fold::Exists | Fold::All) if why != Trouble::Work => trouble = Some(why),
                (Err(why), _) => return Err(why),
            }
        }
        self.item = None;
        match (trouble, fold) {
            (Some(why), _) => Err(why),
            (None, Fold::Exists) => Ok(Value::Bool(false)),
            (None, Fold::All) => Ok(Value::Bool(true)),
            (None, Fold::ExistsOne) => Ok(Value::Bool(hits == 1)),
            (None, Fold::Filter | Fold::Map) => Ok(Value::List(List::Made(kept.into()))),
        }
    }
}

fn count<'a>(n: usize) -> Value<'a> {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
