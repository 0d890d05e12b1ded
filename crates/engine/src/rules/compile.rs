//! Turns the parser's tree into our own: only what rules may say gets through, each refusal with its place.

use std::collections::BTreeSet;

use cel::Env;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use guildhall_domain::ids::{GroupId, parse_uuid};
use regex::RegexBuilder;

use super::eval::{Field, Fold, Function, Node, Operator};
use super::value::Literal;
use super::{Refused, Shape};

/// The most bytes of a pattern.
const PATTERN: usize = 256;
/// The stack that parsing gets. The parser recurses a dozen calls a bracket.
const STACK: usize = 16 * 1024 * 1024;

const FIELDS: &str = "name, givenName, familyName, email, userName, status, role, manager, externalId and attributes";

/// A compiled expression: its clauses in their order, how they join, and the groups it asks about.
pub(super) struct Compiled {
    pub clauses: Vec<Node>,
    pub shape: Shape,
    pub reads: BTreeSet<GroupId>,
}

/// Parses and checks an expression whose bounds were checked before.
pub(super) fn compile(text: &str) -> Result<Compiled, Refused> {
    let owned = text.to_owned();
    let thread = std::thread::Builder::new().name("guildhall-rule".into()).stack_size(STACK);
    let parse = move || {
        // Without macros, so that the tree says what the text says, and without the syntax of optional values.
        let parser = Env::default().with_optional_support(false).parser();
        match parser.parse_with_source_info(&owned) {
            Ok((tree, places)) => {
                let mut reader = Reader { text: &owned, places: &places, item: None, reads: BTreeSet::new() };
                let mut clauses = Vec::new();
                let shape = reader.clauses(&tree, &mut clauses)?;
                Ok(Compiled { clauses, shape, reads: reader.reads })
            }
            Err(errors) => Err(errors.errors.into_iter().next().map_or_else(
                || Refused::at(&owned, 0, "is no expression"),
                |error| {
                    let why = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
                    Refused::told(error.pos, why.split(" expecting {").next().unwrap_or(why))
                },
            )),
        }
    };
    let broken = || Refused::at(text, 0, "cannot be read");
    thread.spawn(parse).map_err(|_| broken())?.join().unwrap_or_else(|_| Err(broken()))
}

/// What is known of a value before there is a user.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Bool,
    Other,
    Nothing,
}

fn known(node: &Node) -> Known {
    match node {
        Node::Literal(Literal::Bool(_))
        | Node::MemberOf(_)
        | Node::Has(_)
        | Node::Not(_)
        | Node::And(..)
        | Node::Or(..)
        | Node::Matches(..)
        | Node::Fold(Fold::All | Fold::Exists | Fold::ExistsOne, ..)
        | Node::Call(Function::StartsWith | Function::EndsWith | Function::Contains, ..) => Known::Bool,
        Node::Binary(operator, ..) => match operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                Known::Other
            }
            _ => Known::Bool,
        },
        Node::Select(..) | Node::Index(..) | Node::Item => Known::Nothing,
        Node::If(_, yes, no) if known(yes) == known(no) => known(yes),
        Node::If(..) => Known::Nothing,
        _ => Known::Other,
    }
}

struct Reader<'t> {
    text: &'t str,
    places: &'t SourceInfo,
    /// The name of the item, inside a comprehension.
    item: Option<String>,
    reads: BTreeSet<GroupId>,
}

type Read<T = Node> = Result<T, Refused>;

impl Reader<'_> {
    fn refuse<T>(&self, at: &IdedExpr, why: impl Into<String>) -> Read<T> {
        let place = self.places.offset_for(at.id).map_or(0, |(start, _)| start);
        // The parser counts characters.
        let byte = self.text.char_indices().nth(place as usize).map_or(self.text.len(), |(byte, _)| byte);
        // It places a field at its dot.
        let dot = usize::from(self.text[byte..].starts_with('.'));
        Err(Refused::at(self.text, byte + dot, why))
    }

    /// Takes the outermost `&&` and `||` apart.
    fn clauses(&mut self, e: &IdedExpr, found: &mut Vec<Node>) -> Read<Shape> {
        if let Expr::Call(CallExpr { func_name, target: None, args }) = &e.expr
            && let [a, b] = &args[..]
            && (func_name == op::LOGICAL_AND || func_name == op::LOGICAL_OR)
        {
            let both = vec![self.clauses(a, found)?, self.clauses(b, found)?];
            return Ok(if func_name == op::LOGICAL_AND { Shape::All(both) } else { Shape::Any(both) });
        }
        let node = self.condition(e)?;
        found.push(node);
        Ok(Shape::Clause(found.len() - 1))
    }

    /// A node that can be true or false.
    fn condition(&mut self, e: &IdedExpr) -> Read {
        let node = self.node(e)?;
        if known(&node) == Known::Other {
            return self.refuse(e, "must be true or false, and this can be neither");
        }
        Ok(node)
    }

    fn boxed(&mut self, e: &IdedExpr) -> Read<Box<Node>> {
        self.node(e).map(Box::new)
    }

    fn node(&mut self, e: &IdedExpr) -> Read {
        match &e.expr {
            Expr::Literal(literal) => self.literal(e, literal).map(Node::Literal),
            Expr::Ident(name) => match &self.item {
                Some(item) if item == name => Ok(Node::Item),
                _ if name == "user" => self.refuse(e, format!("say what of the user: {FIELDS}, or memberOf")),
                _ => self.refuse(e, format!("there is no `{name}`; everything begins with `user`")),
            },
            Expr::Select(select) if select.test => self.refuse(e, "is no expression"),
            Expr::Select(select) if is_user(&select.operand) => self.field(e, &select.field),
            Expr::Select(select) => Ok(Node::Select(self.boxed(&select.operand)?, select.field.clone())),
            Expr::List(list) => {
                let items: Result<Vec<Node>, _> = list.elements.iter().map(|item| self.node(item)).collect();
                Ok(constant(items?))
            }
            Expr::Call(call) => match &call.target {
                Some(target) => self.method(e, target, call),
                None => self.function(e, call),
            },
            Expr::Map(_) | Expr::Struct(_) => self.refuse(e, "an object cannot be made in a rule"),
            Expr::Comprehension(_) | Expr::Unspecified => self.refuse(e, "is no expression"),
        }
    }

    fn literal(&self, e: &IdedExpr, literal: &LiteralValue) -> Read<Literal> {
        Ok(match literal {
            LiteralValue::Null => Literal::Null,
            LiteralValue::Boolean(b) => Literal::Bool(*b.inner()),
            LiteralValue::Int(n) => Literal::Int(*n.inner()),
            LiteralValue::Double(n) => Literal::Double(*n.inner()),
            LiteralValue::String(text) => Literal::Text(text.inner().to_owned()),
            LiteralValue::UInt(_) => return self.refuse(e, "write the number without `u`"),
            LiteralValue::Bytes(_) => return self.refuse(e, "bytes have no meaning in a rule"),
        })
    }

    fn field(&self, e: &IdedExpr, name: &str) -> Read {
        Ok(Node::Field(match name {
            "name" => Field::Name,
            "givenName" => Field::GivenName,
            "familyName" => Field::FamilyName,
            "email" => Field::Email,
            "userName" => Field::UserName,
            "status" => Field::Status,
            "role" => Field::Role,
            "manager" => Field::Manager,
            "externalId" => Field::ExternalId,
            "attributes" => return Ok(Node::Attributes),
            "memberOf" => return self.refuse(e, "name the group: user.memberOf(\"<group id>\")"),
            _ => return self.refuse(e, format!("a user has no `{name}`, only {FIELDS}")),
        }))
    }

    fn function(&mut self, e: &IdedExpr, call: &CallExpr) -> Read {
        let name = call.func_name.as_str();
        match &call.args[..] {
            [path] if name == op::HAS => match self.node(path)? {
                node @ (Node::Select(..) | Node::Field(_)) => Ok(Node::Has(Box::new(node))),
                _ => self.refuse(e, "`has` takes a field, as in has(user.attributes.level)"),
            },
            [of] if name == op::LOGICAL_NOT => self.condition(of).map(|of| Node::Not(Box::new(of))),
            [of] if name == op::NEGATE => Ok(Node::Negative(self.boxed(of)?)),
            [a, b] if name == op::LOGICAL_AND => {
                Ok(Node::And(Box::new(self.condition(a)?), Box::new(self.condition(b)?)))
            }
            [a, b] if name == op::LOGICAL_OR => {
                Ok(Node::Or(Box::new(self.condition(a)?), Box::new(self.condition(b)?)))
            }
            [a, b] if name == op::INDEX => Ok(Node::Index(self.boxed(a)?, self.boxed(b)?)),
            [a, b, c] if name == op::CONDITIONAL => {
                Ok(Node::If(Box::new(self.condition(a)?), self.boxed(b)?, self.boxed(c)?))
            }
            [a, b] if let Some(operator) = operator(name) => Ok(Node::Binary(operator, self.boxed(a)?, self.boxed(b)?)),
            [of] if let Some(function) = conversion(name) => Ok(Node::Call(function, self.boxed(of)?, None)),
            _ => self.unknown(e, name, call.args.len()),
        }
    }

    fn method(&mut self, e: &IdedExpr, target: &IdedExpr, call: &CallExpr) -> Read {
        let name = call.func_name.as_str();
        if is_user(target) {
            return match (name, &call.args[..]) {
                ("memberOf", [IdedExpr { expr: Expr::Literal(LiteralValue::String(id)), .. }]) => {
                    match parse_uuid(id.inner()) {
                        Some(id) => {
                            self.reads.insert(GroupId::new(id));
                            Ok(Node::MemberOf(GroupId::new(id)))
                        }
                        None => self.refuse(e, "`memberOf` takes the id of a group, a UUID"),
                    }
                }
                ("memberOf", _) => self.refuse(e, "`memberOf` takes the id of one group as it is, in quotes"),
                _ => self.unknown(e, name, call.args.len()),
            };
        }
        let function = match name {
            "startsWith" => Some(Function::StartsWith),
            "endsWith" => Some(Function::EndsWith),
            "contains" => Some(Function::Contains),
            _ => None,
        };
        let fold = match name {
            "all" => Some(Fold::All),
            "exists" => Some(Fold::Exists),
            "exists_one" | "existsOne" => Some(Fold::ExistsOne),
            "filter" => Some(Fold::Filter),
            "map" => Some(Fold::Map),
            _ => None,
        };
        match (&call.args[..], function, fold) {
            ([with], Some(function), _) => {
                let on = self.boxed(target)?;
                Ok(Node::Call(function, on, Some(self.boxed(with)?)))
            }
            ([], ..) if name == "size" => Ok(Node::Call(Function::Size, self.boxed(target)?, None)),
            ([], ..) if name == "lowerAscii" => Ok(Node::Call(Function::LowerAscii, self.boxed(target)?, None)),
            ([pattern], ..) if name == "matches" => self.matches(target, pattern),
            ([item, body], _, Some(fold)) => self.fold(e, fold, target, item, body),
            _ => self.unknown(e, name, call.args.len()),
        }
    }

    fn fold(&mut self, e: &IdedExpr, fold: Fold, over: &IdedExpr, item: &IdedExpr, body: &IdedExpr) -> Read {
        if self.item.is_some() {
            return self.refuse(e, "a loop inside a loop is more than a rule may do");
        }
        let over = self.boxed(over)?;
        match &item.expr {
            Expr::Ident(name) if name != "user" => self.item = Some(name.clone()),
            _ => return self.refuse(item, "a loop needs a name for its item, other than `user`"),
        }
        let body = if fold == Fold::Map { self.node(body) } else { self.condition(body) };
        self.item = None;
        Ok(Node::Fold(fold, over, Box::new(body?)))
    }

    fn matches(&mut self, on: &IdedExpr, pattern: &IdedExpr) -> Read {
        let Expr::Literal(LiteralValue::String(text)) = &pattern.expr else {
            return self.refuse(pattern, "`matches` takes a pattern as it is, in quotes");
        };
        if text.inner().len() > PATTERN {
            return self.refuse(pattern, format!("a pattern may have at most {PATTERN} bytes"));
        }
        let built =
            RegexBuilder::new(text.inner()).size_limit(256 * 1024).dfa_size_limit(256 * 1024).nest_limit(16).build();
        match built {
            Ok(pattern) => Ok(Node::Matches(self.boxed(on)?, pattern)),
            Err(regex::Error::CompiledTooBig(_)) => self.refuse(pattern, "this pattern is too costly"),
            Err(error) => {
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                self.refuse(pattern, format!("this is no pattern: {why}"))
            }
        }
    }

    fn unknown<T>(&self, e: &IdedExpr, name: &str, args: usize) -> Read<T> {
        self.refuse(e, format!("there is no function `{name}` with {args} arguments here"))
    }
}

fn is_user(e: &IdedExpr) -> bool {
    matches!(&e.expr, Expr::Ident(name) if name == "user")
}

/// A list whose items are all known is made once, not at each evaluation.
fn constant(items: Vec<Node>) -> Node {
    if !items.iter().all(|item| matches!(item, Node::Literal(_))) {
        return Node::List(items);
    }
    let literals = items.into_iter().filter_map(|item| match item {
        Node::Literal(literal) => Some(literal),
        _ => None,
    });
    Node::Literal(Literal::List(literals.collect()))
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        op::EQUALS => Operator::Equal,
        op::NOT_EQUALS => Operator::Unequal,
        op::LESS => Operator::Less,
        op::LESS_EQUALS => Operator::AtMost,
        op::GREATER => Operator::More,
        op::GREATER_EQUALS => Operator::AtLeast,
        op::IN => Operator::In,
        op::ADD => Operator::Add,
        op::SUBSTRACT => Operator::Subtract,
        op::MULTIPLY => Operator::Multiply,
        op::DIVIDE => Operator::Divide,
        op::MODULO => Operator::Remainder,
        _ => return None,
    })
}

fn conversion(name: &str) -> Option<Function> {
    Some(match name {
        "size" => Function::Size,
        "int" => Function::Int,
        "double" => Function::Double,
        "string" => Function::Text,
        _ => return None,
    })
}
