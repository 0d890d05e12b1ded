//! Rules of the model: what CEL would say, said in so few words that one can see it is right.

use std::fmt::Display;

/// A rule; groups are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// Is the user's level at least this?
    Level(u8),
    /// Is the user an effective member of this group?
    In(u8),
    /// Not so.
    Not(Box<Formula>),
    /// Both.
    And(Box<Formula>, Box<Formula>),
    /// One or both.
    Or(Box<Formula>, Box<Formula>),
}

impl Formula {
    /// The expression, with what groups are called.
    pub fn text<G: Display>(&self, group: &impl Fn(u8) -> G) -> String {
        match self {
            Self::Level(level) => format!("user.attributes.level >= {level}"),
            Self::In(of) => format!("user.memberOf('{}')", group(*of)),
            Self::Not(of) => format!("!({})", of.text(group)),
            Self::And(a, b) => format!("(({}) && ({}))", a.text(group), b.text(group)),
            Self::Or(a, b) => format!("({}) || ({})", a.text(group), b.text(group)),
        }
    }

    /// Tells each group whose members it asks for.
    pub fn reads(&self, take: &mut impl FnMut(u8)) {
        match self {
            Self::Level(_) => {}
            Self::In(group) => take(*group),
            Self::Not(of) => of.reads(take),
            Self::And(a, b) | Self::Or(a, b) => {
                a.reads(take);
                b.reads(take);
            }
        }
    }

    /// Is it true of one with this level and these groups? Clauses, the operands of the outermost `&&` and `||`, are
    /// false where the level is missing.
    pub fn holds(&self, level: Option<u8>, member: &dyn Fn(u8) -> bool) -> bool {
        match self {
            Self::And(a, b) => a.holds(level, member) && b.holds(level, member),
            Self::Or(a, b) => a.holds(level, member) || b.holds(level, member),
            clause => clause.value(level, member).unwrap_or(false),
        }
    }

    fn value(&self, level: Option<u8>, member: &dyn Fn(u8) -> bool) -> Option<bool> {
        match self {
            Self::Level(wanted) => level.map(|level| level >= *wanted),
            Self::In(group) => Some(member(*group)),
            Self::Not(of) => of.value(level, member).map(|truth| !truth),
            Self::And(a, b) => match (a.value(level, member), b.value(level, member)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (a, b) => a.and(b),
            },
            Self::Or(a, b) => match (a.value(level, member), b.value(level, member)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (a, b) => a.and(b),
            },
        }
    }
}
