//! Reviews on the wire.

use guildhall_domain::ids::UserId;
use guildhall_domain::patch::Patch;
use guildhall_domain::review::{self as domain, ReviewOf, ReviewStatus, Reviewers};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{CloseReview, Closing, ReviewFilter, ReviewNames, ShownReview};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::review_rows::{NamedThing, ReviewRow};
use super::{Id, at, patch};
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
