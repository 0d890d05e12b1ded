//! Reviews: somebody looks through accesses or memberships, and says of each whether it stays.

use crate::caller::words;
use crate::event::Fields;
use crate::ids::{LevelId, ReviewId, ReviewRowId, UserId};
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// What a review looks through.
    ReviewOf {
        /// Who has which app.
        Apps = "apps",
        /// Who is in which group directly.
        Groups = "groups",
    }
    /// In whose hands its rows are.
    Reviewers {
        /// The owners of the app.
        AppOwner = "appOwner",
        /// The owners of the group.
        GroupOwner = "groupOwner",
        /// The manager of the user.
        Manager = "manager",
        /// The owner of the review.
        Owner = "owner",
    }
    /// Where a review stands.
    ReviewStatus {
        /// Rows are decided.
        Open = "open",
        /// What was decided is done.
        Closed = "closed",
    }
    /// What a row's reviewer says.
    Verdict {
        /// It stays as it is.
        Keep = "keep",
        /// Another level of an app; another end of a membership.
        Change = "change",
        /// It ends.
        Remove = "remove",
    }
    /// How well a review goes.
    Light {
        /// Everything is decided, or there is time.
        Green = "green",
        /// Rows are undecided, and it is due within a week.
        Yellow = "yellow",
        /// It is overdue, or was closed with rows undecided.
        Red = "red",
    }
    /// What became of a row when its review was closed.
    RowOutcome {
        /// It stayed as it was.
        Kept = "kept",
        /// It was changed.
        Changed = "changed",
        /// It ended.
        Removed = "removed",
        /// Nobody decided it, so it stayed.
        Undecided = "undecided",
        /// It had ended before.
        Gone = "gone",
        /// What stood then did not let it be changed or ended.
        Blocked = "blocked",
    }
    /// Why a row takes no other decision than to keep.
    Block {
        /// The user owns the app.
        AppOwner = "appOwner",
        /// A request about this user and app is open.
        OpenRequest = "openRequest",
        /// A connection or a rule holds the membership.
        Held = "held",
        /// There is nothing left to decide about.
        Gone = "gone",
    }
}

/// Seconds before its end at which a review with undecided rows turns yellow.
const SOON: i64 = 7 * 86_400;
/// The most days between two reviews of a series.
const DAYS: u32 = 3_660;

/// How many rows stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nobody has decided them.
    pub undecided: u64,
    /// To be kept.
    pub keep: u64,
    /// To be changed.
    pub change: u64,
    /// To be ended.
    pub remove: u64,
}

impl Counts {
    /// All of them.
    pub fn rows(&self) -> u64 {
        self.undecided + self.keep + self.change + self.remove
    }
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The id.
    pub id: ReviewId,
    /// The name, unique in the company by its folded key.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// What it looks through.
    pub of: ReviewOf,
    /// In whose hands its rows are.
    pub reviewers: Reviewers,
    /// Whose review it is: it falls to them where a row has no other reviewer, and they close it.
    pub owner: UserId,
    /// The apps or groups that were named; empty for all there are.
    pub named: Vec<uuid::Uuid>,
    /// Where it stands.
    pub status: ReviewStatus,
    /// By when its rows are to be decided.
    pub due_at: Timestamp,
    /// After how many days the next one of the series begins, counted from the beginning of this one.
    pub interval_days: Option<u32>,
    /// When that is, once this one is closed.
    pub next_at: Option<Timestamp>,
    /// The name of the first of its series, where it is a later one.
    pub series: Option<String>,
    /// A note for people.
    pub note: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its record last changed.
    pub updated_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<UserId>,
    /// The revision that last changed its record.
    pub version: u64,
}

/// An edit of a review.
#[derive(Clone, Debug, Default)]
pub struct EditReview {
    /// The description.
    pub description: Patch<String>,
    /// By when its rows are to be decided; cannot be cleared.
    pub due_at: Patch<Timestamp>,
    /// Days from one to the next; cleared, this is the last of its series.
    pub interval_days: Patch<u32>,
    /// The note.
    pub note: Patch<String>,
}

/// Checks the days between two reviews of a series.
///
/// # Errors
/// [`Error::Invalid`] on `intervalDays`.
pub fn check_interval(days: Option<u32>) -> Result<Option<u32>> {
    match days {
        Some(days) if !(1..=DAYS).contains(&days) => {
            Err(Error::invalid("intervalDays", format!("must be 1 to {DAYS}")))
        }
        days => Ok(days),
    }
}

/// Checks an end against the present.
///
/// # Errors
/// [`Error::Invalid`] on `field` when it is not in the future.
pub fn check_due(field: &str, due: Timestamp, now: Timestamp) -> Result<Timestamp> {
    if due > now { Ok(due) } else { Err(Error::invalid(field, "must be in the future")) }
}

impl Review {
    /// How well it goes.
    pub fn light(&self, counts: &Counts, now: Timestamp) -> Light {
        let undecided = counts.undecided > 0;
        match self.status {
            _ if !undecided => Light::Green,
            ReviewStatus::Closed => Light::Red,
            ReviewStatus::Open if self.due_at <= now => Light::Red,
            ReviewStatus::Open if self.due_at <= now.plus_seconds(SOON) => Light::Yellow,
            ReviewStatus::Open => Light::Green,
        }
    }

    /// Refuses what only an open review takes.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub fn is_open(&self) -> Result<()> {
        match self.status {
            ReviewStatus::Open => Ok(()),
            ReviewStatus::Closed => Err(Error::conflict("this review is closed")),
        }
    }

    /// Applies an edit; the native names of the members that changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn apply(&mut self, edit: EditReview, now: Timestamp) -> Result<Vec<&'static str>> {
        let before = self.clone();
        edit.description.try_map(|raw| name::description("description", &raw))?.apply(&mut self.description);
        edit.note.try_map(|raw| name::description("note", &raw))?.apply(&mut self.note);
        match edit.due_at {
            Patch::Keep => {}
            Patch::Clear => return Err(Error::invalid("dueAt", "cannot be null")),
            Patch::Set(due) if due == self.due_at => {}
            Patch::Set(due) => self.due_at = check_due("dueAt", due, now)?,
        }
        edit.interval_days.apply(&mut self.interval_days);
        check_interval(self.interval_days)?;
        let mut changed = Vec::new();
        for (name, differs) in [
            ("description", before.description != self.description),
            ("dueAt", before.due_at != self.due_at),
            ("intervalDays", before.interval_days != self.interval_days),
            ("note", before.note != self.note),
        ] {
            if differs {
                changed.push(name);
            }
        }
        Ok(changed)
    }

    /// When the next one of its series begins, once this one is closed at `now`.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.interval_days.map(|days| self.created_at.plus_seconds(i64::from(days) * 86_400).max(now))
    }
}

/// One access or membership under review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// The id.
    pub id: ReviewRowId,
    /// The app or the group.
    pub subject: uuid::Uuid,
    /// The user.
    pub user: UserId,
    /// The level that they had when the review began.
    pub level: Option<LevelId>,
    /// In whose hands it is; none where only administrators are left.
    pub reviewer: Option<UserId>,
    /// What was decided.
    pub verdict: Option<Verdict>,
    /// The level that they are to have.
    pub new_level: Option<LevelId>,
    /// When the membership is to end.
    pub new_end: Option<Timestamp>,
    /// What the reviewer said.
    pub comment: Option<String>,
    /// Who decided it.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What became of it.
    pub outcome: Option<RowOutcome>,
}

/// What happened to reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line above each variant tells its fields")]
pub enum ReviewEvent {
    /// A review began, with so many rows, in the hands of these.
    Opened { review: ReviewId, fields: Fields, rows: u64, reviewers: Vec<UserId> },
    /// Its record changed; the fields hold the new values.
    Updated { review: ReviewId, fields: Fields },
    /// Rows were decided, by the actor.
    Decided { review: ReviewId, verdict: Verdict, rows: Vec<ReviewRowId>, users: Vec<UserId> },
    /// Those who have rows to decide were reminded.
    Reminded { review: ReviewId, reviewers: Vec<UserId> },
    /// What was decided is done: how many rows came to what.
    Closed { review: ReviewId, outcomes: Vec<(RowOutcome, u64)> },
}

impl ReviewEvent {
    /// The id of the review.
    pub fn subject(&self) -> uuid::Uuid {
        match self {
            Self::Opened { review, .. }
            | Self::Updated { review, .. }
            | Self::Decided { review, .. }
            | Self::Reminded { review, .. }
            | Self::Closed { review, .. } => review.uuid(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_light_tells_how_it_goes() {
        let at = |days: i64| Timestamp::from_micros(0).plus_seconds(days * 86_400);
        let mut review = Review {
            id: ReviewId::NIL,
            name: "Q4".into(),
            description: None,
            of: ReviewOf::Apps,
            reviewers: Reviewers::Owner,
            owner: UserId::NIL,
            named: Vec::new(),
            status: ReviewStatus::Open,
            due_at: at(30),
            interval_days: Some(90),
            next_at: None,
            series: None,
            note: None,
            created_at: at(0),
            updated_at: at(0),
            closed_at: None,
            closed_by: None,
            version: 1,
        };
        let (none, some) = (Counts { keep: 2, ..Default::default() }, Counts { undecided: 1, ..Default::default() });
        for (day, light) in [(0, Light::Green), (22, Light::Green), (23, Light::Yellow), (30, Light::Red)] {
            assert_eq!(review.light(&some, at(day)), light, "day {day}");
            assert_eq!(review.light(&none, at(day)), Light::Green);
        }
        assert_eq!((review.next(at(31)), review.next(at(100))), (Some(at(90)), Some(at(100))));
        review.status = ReviewStatus::Closed;
        assert_eq!((review.light(&some, at(1)), review.light(&none, at(1))), (Light::Red, Light::Green));
        assert!(review.is_open().is_err());
    }
}
