//! Rules: an expression over a user's record and groups that keeps a group's members (`design.md` §2).
//!
//! An expression is [`scan`]ned within bounds, parsed and checked ([`compile`]), and evaluated with a budget
//! ([`eval`]). Expressions know no clock and answer the same on every node.

mod cases;
mod compile;
mod eval;
mod outcome;
mod prepare;
mod scan;
mod set;
mod settle;
mod value;

use std::collections::BTreeSet;
use std::ops::Range;

use guildhall_domain::ids::GroupId;
use guildhall_domain::{Error, Result};

pub use cases::{PreviewedRule, TriedRule};
use eval::{Node, Subject, Trouble, Work};
pub(crate) use outcome::{Sources, judge};
pub(crate) use prepare::Prepared;
pub(crate) use set::Shelf;
pub(crate) use settle::{Touched, settle};

/// Why and where an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    line: usize,
    column: usize,
    why: String,
}

impl Refused {
    /// At a byte of the text.
    fn at(text: &str, byte: usize, why: impl Into<String>) -> Self {
        let before = &text.as_bytes()[..byte.min(text.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        // Bytes that begin a character.
        let column = before[start..].iter().filter(|b| **b & 0xC0 != 0x80).count() + 1;
        Self { line, column, why: why.into() }
    }

    /// Where the parser says.
    fn told((line, column): (isize, isize), why: &str) -> Self {
        let place = |n: isize| usize::try_from(n).unwrap_or(1).max(1);
        Self { line: place(line), column: place(column), why: why.chars().take(200).collect() }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.why)
    }
}

/// How the clauses of an expression join.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Clause(usize),
    All(Vec<Shape>),
    Any(Vec<Shape>),
}

impl Shape {
    fn holds(&self, clause: &mut impl FnMut(usize) -> bool) -> bool {
        match self {
            Self::Clause(i) => clause(*i),
            Self::All(of) => of.iter().all(|one| one.holds(clause)),
            Self::Any(of) => of.iter().any(|one| one.holds(clause)),
        }
    }
}

/// A checked expression. A clause is what stands between its outermost `&&` and `||`; one that has no value for a
/// user, because something is missing or does not fit, is false.
#[derive(Debug)]
pub struct Rule {
    text: String,
    clauses: Vec<(Range<usize>, Node)>,
    shape: Shape,
    reads: BTreeSet<GroupId>,
}

/// What one clause of an expression says of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its text.
    pub text: String,
    /// Is it true?
    pub holds: bool,
    /// Why it has no value, and so is false.
    pub why: Option<String>,
}

impl Rule {
    /// Checks an expression; `field` is where the call has it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the place in the text and what is wrong there.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        Self::read(text).map_err(|refused| Error::invalid(field, format!("is refused at {refused}")))
    }

    fn read(text: &str) -> Result<Self, Refused> {
        let places = scan::clauses(text)?;
        let compile::Compiled { clauses, shape, reads } = compile::compile(text)?;
        if places.len() != clauses.len() {
            return Err(Refused::at(text, 0, "cannot be taken apart"));
        }
        let clauses = places.into_iter().zip(clauses).collect();
        Ok(Self { text: text.to_owned(), clauses, shape, reads })
    }

    /// The expression as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The groups whose effective members it asks for.
    pub fn reads(&self) -> &BTreeSet<GroupId> {
        &self.reads
    }

    fn clause(&self, i: usize, subject: &Subject<'_>) -> Result<bool, Trouble> {
        self.clauses.get(i).map_or(Ok(false), |(_, node)| Work::new(subject).truth(node))
    }

    /// Is it true of this user?
    fn holds(&self, subject: &Subject<'_>) -> bool {
        self.shape.holds(&mut |i| self.clause(i, subject).unwrap_or(false))
    }

    /// What each clause says of this user, in the order of the text.
    fn explain(&self, subject: &Subject<'_>) -> Vec<Clause> {
        let told = self.clauses.iter().enumerate().map(|(i, (at, _))| {
            let outcome = self.clause(i, subject);
            let text = self.text.get(at.clone()).unwrap_or_default().to_owned();
            Clause { text, holds: outcome == Ok(true), why: outcome.err().map(|trouble| trouble.to_string()) }
        });
        told.collect()
    }
}

/// Refuses an expression that is none.
///
/// # Errors
/// [`Error::Invalid`] on `rule`.
pub(crate) fn check(text: Option<&str>) -> Result<()> {
    text.map_or(Ok(()), |text| Rule::parse("rule", text).map(drop))
}

#[cfg(test)]
mod tests;
