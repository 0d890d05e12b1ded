//! Reviews on the wire.

use guildhall_domain::ids::{ReviewRowId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::review::{self as domain, ReviewOf, ReviewStatus, Reviewers, Verdict};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{
    CloseReview, Closing, DecideRows, DecidedRow, ReviewFilter, ReviewNames, RowFilter, ShownReview, ShownRow,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::members::MemberUser;
use super::{Id, at, patch};
use crate::api::native::error::{ItemProblem, Problem};
use crate::http::patch::Field;

/// How many rows of a review stand how.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewCounts {
    /// Nobody has decided them.
    undecided: u64,
    /// To be kept.
    keep: u64,
    /// To be changed.
    change: u64,
    /// To be ended.
    remove: u64,
}

/// A review of accesses or memberships.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Review {
    /// The id.
    id: Uuid,
    /// The name.
    name: String,
    /// The description.
    description: Option<String>,
    /// What it looks through: `apps` or `groups`.
    of: &'static str,
    /// In whose hands its rows are: `appOwner`, `groupOwner`, `manager` or `owner`.
    reviewers: &'static str,
    /// Whose review it is: rows without another reviewer fall to them, and they close it.
    owner: Uuid,
    /// The apps or groups that were named; empty for all there are.
    ids: Vec<Uuid>,
    /// `open` or `closed`.
    status: &'static str,
    /// How well it goes: `green`; `yellow` with rows undecided and a week or less to go; `red` when overdue, or closed
    /// with rows undecided.
    light: &'static str,
    /// How many rows it has.
    rows: u64,
    /// How they stand.
    counts: ReviewCounts,
    /// By when its rows are to be decided.
    #[schema(format = DateTime)]
    due_at: String,
    /// After how many days the next one of the series begins, counted from the beginning of this one.
    interval_days: Option<u32>,
    /// When the next one begins, once this one is closed.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// A note for people.
    note: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When its record last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it was closed.
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    /// Who closed it.
    closed_by: Option<Uuid>,
}

impl From<&ShownReview> for Review {
    fn from(shown: &ShownReview) -> Self {
        let ShownReview { review, counts, light } = shown;
        Self {
            id: review.id.uuid(),
            name: review.name.clone(),
            description: review.description.clone(),
            of: review.of.word(),
            reviewers: review.reviewers.word(),
            owner: review.owner.uuid(),
            ids: review.named.clone(),
            status: review.status.word(),
            light: light.word(),
            rows: counts.rows(),
            counts: ReviewCounts {
                undecided: counts.undecided,
                keep: counts.keep,
                change: counts.change,
                remove: counts.remove,
            },
            due_at: at(review.due_at),
            interval_days: review.interval_days,
            next_at: review.next_at.map(at),
            note: review.note.clone(),
            created_at: at(review.created_at),
            updated_at: at(review.updated_at),
            closed_at: review.closed_at.map(at),
            closed_by: review.closed_by.map(UserId::uuid),
        }
    }
}

/// A review to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewReview {
    /// The name, unique in the company.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The description.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What it looks through: `apps` or `groups`.
    of: String,
    /// In whose hands its rows are: `appOwner` (for apps), `groupOwner` (for groups), `manager` or `owner`.
    reviewers: String,
    /// Whose review it is; the caller when absent.
    #[schema(value_type = Option<Uuid>)]
    owner: Option<Id>,
    /// The apps or groups; absent or empty for all there are.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, required = false, max_items = 1000)]
    ids: Vec<Id>,
    /// By when its rows are to be decided.
    #[schema(format = DateTime)]
    due_at: String,
    /// After how many days the next one of the series begins, counted from the beginning of this one.
    #[schema(minimum = 1, maximum = 3660)]
    interval_days: Option<u32>,
    /// A note for people.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

impl NewReview {
    /// The review to begin.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word or time that is none.
    pub(crate) fn command(self) -> Result<guildhall_engine::NewReview> {
        Ok(guildhall_engine::NewReview {
            name: self.name,
            description: self.description,
            of: ReviewOf::parse("of", &self.of)?,
            reviewers: Reviewers::parse("reviewers", &self.reviewers)?,
            owner: self.owner.map(|id| id.0.into()),
            named: self.ids.into_iter().map(|id| id.0).collect(),
            due_at: Timestamp::parse("dueAt", &self.due_at)?,
            interval_days: self.interval_days,
            note: self.note,
            names: ReviewNames { owner: "owner", named: "ids", due_at: "dueAt" },
        })
    }
}

/// An edit of a review.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditReview {
    /// The description.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// By when its rows are to be decided.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Field<String>,
    /// Days from one to the next; null makes this the last of its series. Of a closed review only this can be edited.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3660)]
    interval_days: Field<u32>,
    /// The note.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    note: Field<String>,
}

impl EditReview {
    /// The edit.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a time that is none.
    pub(crate) fn command(self) -> Result<domain::EditReview> {
        let due_at: Patch<String> = patch(self.due_at);
        Ok(domain::EditReview {
            description: patch(self.description),
            due_at: due_at.try_map(|raw| Timestamp::parse("dueAt", &raw))?,
            interval_days: patch(self.interval_days),
            note: patch(self.note),
        })
    }
}

/// Which reviews.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListReviews {
    /// Only those in this status.
    status: Option<String>,
    /// Only those of `apps` or of `groups`.
    of: Option<String>,
    /// Only those with rows in the hands of this user.
    #[param(value_type = Option<Uuid>)]
    reviewer: Option<Id>,
    /// Only those with rows about this app or group.
    #[param(value_type = Option<Uuid>)]
    about: Option<Id>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListReviews {
    /// The reviews that are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<ReviewFilter> {
        if self.reviewer.is_some() && self.about.is_some() {
            return Err(Error::invalid("about", "does not go with `reviewer`"));
        }
        Ok(ReviewFilter {
            status: self.status.as_deref().map(|raw| ReviewStatus::parse("status", raw)).transpose()?,
            of: self.of.as_deref().map(|raw| ReviewOf::parse("of", raw)).transpose()?,
            reviewer: self.reviewer.map(|id| id.0.into()),
            subject: self.about.map(|id| id.0),
        })
    }
}

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
    id: Uuid,
    /// What it is called now.
    name: String,
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

/// How a review is closed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseReviewBody {
    /// What becomes of rows that nobody decided: `keep` (when absent) or `remove`.
    #[serde(default)]
    undecided: Option<String>,
}

impl CloseReviewBody {
    /// How it is closed.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(&self) -> Result<CloseReview> {
        match self.undecided.as_deref() {
            None | Some("keep") => Ok(CloseReview { remove_undecided: false }),
            Some("remove") => Ok(CloseReview { remove_undecided: true }),
            Some(_) => Err(Error::invalid("undecided", "must be one of `keep`, `remove`")),
        }
    }
}

/// A closed review.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosedReview {
    #[serde(flatten)]
    review: Review,
    /// How many rows came to what: `kept`, `changed`, `removed`, `undecided`, `gone`, `blocked`.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    outcomes: std::collections::BTreeMap<&'static str, u64>,
}

impl From<&Closing> for ClosedReview {
    fn from(closing: &Closing) -> Self {
        Self {
            review: Review::from(&closing.shown),
            outcomes: closing.outcomes.iter().map(|(outcome, n)| (outcome.word(), *n)).collect(),
        }
    }
}

/// Whom a reminder went to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reminded {
    /// Those who have rows to decide.
    pub(crate) reviewers: Vec<Uuid>,
}

/// How the evidence of a review is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceForm {
    /// `json` (when absent) or `csv`.
    format: Option<String>,
}

impl EvidenceForm {
    /// As CSV?
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn is_csv(&self) -> Result<bool> {
        match self.format.as_deref() {
            None | Some("json") => Ok(false),
            Some("csv") => Ok(true),
            Some(_) => Err(Error::invalid("format", "must be one of `json`, `csv`")),
        }
    }
}

/// The evidence of a review, as JSON.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evidence {
    /// The company.
    pub(crate) company: NamedThing,
    /// When it was exported.
    #[schema(format = DateTime)]
    pub(crate) exported_at: String,
    /// The revision of the journal by then.
    pub(crate) revision: u64,
    /// The hash of that revision: `guildhall audit verify` vouches for all that led to it.
    pub(crate) hash: String,
    /// The review.
    pub(crate) review: Review,
    /// Its rows.
    pub(crate) rows: Vec<ReviewRow>,
}

impl From<&guildhall_engine::Evidence> for Evidence {
    fn from(told: &guildhall_engine::Evidence) -> Self {
        Self {
            company: NamedThing { id: told.company.id.uuid(), name: told.company.name.clone() },
            exported_at: at(told.at),
            revision: told.revision,
            hash: told.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            review: Review::from(&told.shown),
            rows: Vec::new(),
        }
    }
}
