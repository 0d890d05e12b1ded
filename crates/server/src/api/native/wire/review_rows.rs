//! Rows of reviews on the wire.

use guildhall_domain::ids::ReviewRowId;
use guildhall_domain::review::{self as domain, Verdict};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{DecideRows, DecidedRow, RowFilter, ShownRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::members::MemberUser;
use super::{Id, at};
use crate::api::native::error::{ItemProblem, Problem};

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListReviewRows {
    /// Only those decided so: `keep`, `change`, `remove`, or `undecided`.
    decision: Option<String>,
    /// Only those in the hands of this user.
    #[param(value_type = Option<Uuid>)]
    reviewer: Option<Id>,
    /// Only those about this user.
    #[param(value_type = Option<Uuid>)]
    user: Option<Id>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListReviewRows {
    /// The rows that are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<RowFilter> {
        let (undecided, verdict) = match self.decision.as_deref() {
            Some("undecided") => (true, None),
            Some(raw) => match Verdict::parse("decision", raw) {
                Ok(verdict) => (false, Some(verdict)),
                Err(_) => {
                    let words = "must be one of `keep`, `change`, `remove`, `undecided`";
                    return Err(Error::invalid("decision", words));
                }
            },
            None => (false, None),
        };
        Ok(RowFilter {
            verdict,
            undecided,
            reviewer: self.reviewer.map(|id| id.0.into()),
            user: self.user.map(|id| id.0.into()),
        })
    }
}

/// Something with a name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedThing {
    /// The id.
    pub(crate) id: Uuid,
    /// What it is called now.
    pub(crate) name: String,
}

/// One access or membership under review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewRow {
    /// The id.
    id: Uuid,
    /// The app or the group.
    about: NamedThing,
    /// The user's id.
    user_id: Uuid,
    /// The user; null when they were erased.
    user: Option<MemberUser>,
    /// The level that they had when the review began.
    permission_level: Option<NamedThing>,
    /// In whose hands it is; null for the administrators'.
    reviewer: Option<MemberUser>,
    /// `keep`, `change` or `remove`; null while undecided.
    decision: Option<&'static str>,
    /// The level that they are to have.
    new_permission_level: Option<NamedThing>,
    /// When the membership is to end.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// What the reviewer said.
    comment: Option<String>,
    /// Who decided it.
    decided_by: Option<MemberUser>,
    /// When.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// Why it takes no decision but `keep`: `appOwner`, `openRequest`, `held` (by a connection or a rule) or `gone`.
    blocked: Option<&'static str>,
    /// What became of it when the review was closed: `kept`, `changed`, `removed`, `undecided`, `gone` or `blocked`.
    outcome: Option<&'static str>,
}

fn person(user: User) -> MemberUser {
    MemberUser { id: user.id.uuid(), name: user.name, email: user.email, status: user.status.word() }
}

impl From<ShownRow> for ReviewRow {
    fn from(shown: ShownRow) -> Self {
        let ShownRow { row, user, reviewer, decided_by, subject_name, level_name, new_level_name, block } = shown;
        let level = |id: Option<guildhall_domain::ids::LevelId>, name: Option<String>| {
            id.map(|id| NamedThing { id: id.uuid(), name: name.unwrap_or_default() })
        };
        Self {
            id: row.id.uuid(),
            about: NamedThing { id: row.subject, name: subject_name },
            user_id: row.user.uuid(),
            user: user.map(person),
            permission_level: level(row.level, level_name),
            reviewer: reviewer.map(person),
            decision: row.verdict.map(Verdict::word),
            new_permission_level: level(row.new_level, new_level_name),
            ends_at: row.new_end.map(at),
            comment: row.comment,
            decided_by: decided_by.map(person),
            decided_at: row.decided_at.map(at),
            blocked: block.map(domain::Block::word),
            outcome: row.outcome.map(domain::RowOutcome::word),
        }
    }
}

/// The columns of an export as CSV.
pub(crate) const COLUMNS: [&str; 18] = [
    "row",
    "about",
    "aboutName",
    "user",
    "userName",
    "userEmail",
    "permissionLevel",
    "reviewer",
    "reviewerEmail",
    "decision",
    "newPermissionLevel",
    "endsAt",
    "comment",
    "decidedBy",
    "decidedByEmail",
    "decidedAt",
    "blocked",
    "outcome",
];

impl ReviewRow {
    /// The row as the cells of a line of CSV.
    pub(crate) fn cells(self) -> [String; 18] {
        let text = |word: Option<&'static str>| word.unwrap_or_default().to_owned();
        let named = |thing: Option<NamedThing>| thing.map(|thing| thing.name).unwrap_or_default();
        let split = |person: Option<MemberUser>| person.map_or_else(Default::default, |p| (p.name, p.email));
        let (user_name, user_email) = split(self.user);
        let (reviewer, reviewer_email) = split(self.reviewer);
        let (decided_by, decided_by_email) = split(self.decided_by);
        [
            self.id.to_string(),
            self.about.id.to_string(),
            self.about.name,
            self.user_id.to_string(),
            user_name,
            user_email,
            named(self.permission_level),
            reviewer,
            reviewer_email,
            text(self.decision),
            named(self.new_permission_level),
            self.ends_at.unwrap_or_default(),
            self.comment.unwrap_or_default(),
            decided_by,
            decided_by_email,
            self.decided_at.unwrap_or_default(),
            text(self.blocked),
            text(self.outcome),
        ]
    }
}

/// A decision on one row.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DecideRow {
    /// `keep`, `change` or `remove`.
    decision: String,
    /// The level that they are to have: needed to change an access.
    #[schema(value_type = Option<Uuid>)]
    permission_level: Option<Id>,
    /// When it is to end: needed to change a membership.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// What the reviewer says.
    #[schema(max_length = 1000)]
    comment: Option<String>,
}

impl DecideRow {
    /// The decision.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word or time that is none.
    pub(crate) fn command(self, rows: Option<Vec<ReviewRowId>>) -> Result<DecideRows> {
        Ok(DecideRows {
            rows,
            verdict: Verdict::parse("decision", &self.decision)?,
            level: self.permission_level.map(|id| id.0.into()),
            ends_at: self.ends_at.as_deref().map(|raw| Timestamp::parse("endsAt", raw)).transpose()?,
            comment: self.comment,
        })
    }
}

/// The same decision on many rows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DecideManyRows {
    /// The rows, all of them or none. Absent: every undecided row that the caller may decide, 10,000 at a time.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 10000)]
    rows: Option<Vec<Id>>,
    /// `keep`, `change` or `remove`.
    decision: String,
    /// The level that they are to have: needed to change accesses.
    #[schema(value_type = Option<Uuid>)]
    permission_level: Option<Id>,
    /// When they are to end: needed to change memberships.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// What the reviewer says.
    #[schema(max_length = 1000)]
    comment: Option<String>,
}

impl DecideManyRows {
    /// The decision.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word or time that is none.
    pub(crate) fn command(self) -> Result<DecideRows> {
        let rows = self.rows.map(|rows| rows.into_iter().map(|id| id.0.into()).collect());
        let Self { decision, permission_level, ends_at, comment, .. } = self;
        DecideRow { decision, permission_level, ends_at, comment }.command(rows)
    }
}

/// What became of a row in a decision on many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecidedReviewRow {
    /// The row.
    row: Uuid,
    /// Why it was left out; null where it is decided.
    problem: Option<ItemProblem>,
}

/// What became of the rows of a decision on many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecidedReviewRows {
    /// Each row.
    items: Vec<DecidedReviewRow>,
}

impl From<&Vec<DecidedRow>> for DecidedReviewRows {
    fn from(all: &Vec<DecidedRow>) -> Self {
        let one = |decided: &DecidedRow| DecidedReviewRow {
            row: decided.row.uuid(),
            problem: decided.outcome.as_ref().err().map(Problem::of_item),
        };
        Self { items: all.iter().map(one).collect() }
    }
}
