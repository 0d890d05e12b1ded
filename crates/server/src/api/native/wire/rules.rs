//! Rules on the wire.

use guildhall_domain::ids::UserId;
use guildhall_domain::time::Window;
use guildhall_engine as engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Id, at};

/// The most users that a preview names.
const NAMED: usize = 1000;

/// An expression to be tried on one user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TryRule {
    /// The expression.
    #[schema(max_length = 2048)]
    pub(crate) rule: String,
    /// The user.
    #[schema(value_type = Uuid)]
    pub(crate) user: Id,
}

/// What an expression says of one user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriedRule {
    /// Is it true now?
    holds: bool,
    /// What stands between its outermost `&&` and `||`, in order.
    clauses: Vec<Clause>,
    /// When it is true, from now on, by the starts and ends of memberships that are known now.
    windows: Vec<Span>,
}

/// One clause of an expression.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Clause {
    /// Its text.
    text: String,
    /// Is it true now?
    holds: bool,
    /// Why it has no value for this user, and so is false; null when it has one.
    why: Option<String>,
}

impl From<engine::Clause> for Clause {
    fn from(engine::Clause { text, holds, why }: engine::Clause) -> Self {
        Self { text, holds, why }
    }
}

/// A span of time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RuleSpan)]
struct Span {
    /// Its start; null when that is past.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// Its end; null when none is known.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
}

impl From<&Window> for Span {
    fn from(window: &Window) -> Self {
        Self { starts_at: window.starts.map(at), ends_at: window.ends.map(at) }
    }
}

impl From<engine::TriedRule> for TriedRule {
    fn from(tried: engine::TriedRule) -> Self {
        Self {
            holds: tried.holds,
            clauses: tried.clauses.into_iter().map(Clause::from).collect(),
            windows: tried.windows.iter().map(Span::from).collect(),
        }
    }
}

/// An expression to be previewed on everyone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRule {
    /// The expression.
    #[schema(max_length = 2048)]
    pub(crate) rule: String,
    /// The group whose rule it would become; absent for a new group.
    #[schema(value_type = Option<Uuid>)]
    pub(crate) group: Option<Id>,
}

/// What saving an expression would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewedRule {
    /// The company's revision that this was found at.
    revision: u64,
    /// How many users it is true of now.
    members: u64,
    /// Users to whom it would give a membership, now or later.
    gains: Users,
    /// Users whose membership by the group's present rule would end.
    loses: Users,
}

/// Some users.
#[derive(Debug, Serialize, ToSchema)]
struct Users {
    /// How many they are.
    count: u64,
    /// Their ids, in order; the first 1,000 of more.
    #[schema(max_items = 1000)]
    users: Vec<Uuid>,
}

impl From<Vec<UserId>> for Users {
    fn from(ids: Vec<UserId>) -> Self {
        Self { count: ids.len() as u64, users: ids.into_iter().take(NAMED).map(UserId::uuid).collect() }
    }
}

impl From<engine::PreviewedRule> for PreviewedRule {
    fn from(found: engine::PreviewedRule) -> Self {
        let engine::PreviewedRule { revision, members, gains, loses } = found;
        Self { revision, members, gains: gains.into(), loses: loses.into() }
    }
}
