//! What a source says of people and groups, and the runs that hold it against what we have.

use crate::caller::{Role, words};
use crate::ids::{ConnectionId, RunId};
use crate::user::UserStatus;
use crate::{Error, Result, Timestamp};

words! {
    /// How much of a source a run reads.
    RunKind {
        /// All of it.
        Full = "full",
        /// Who there is, and of those the records that changed since the last run.
        Changes = "changes",
        /// All of it; and where its groups are one-way, whom the source does not have leaves them.
        Settle = "settle",
    }
    /// How far a run has come.
    RunState {
        /// It waits to be taken up.
        Queued = "queued",
        /// It is at work.
        Running = "running",
        /// It went well.
        Done = "done",
        /// The brake holds it: nothing was changed.
        Held = "held",
        /// It failed. What it had done stays, and the next run does the rest.
        Failed = "failed",
    }
}

/// What a source says of a person. What is absent the source does not say, and nothing is changed for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaidUser {
    /// The sign-in name.
    pub user_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// Does the person count at all?
    pub active: Option<bool>,
    /// The status, where the source tells more of it than that.
    pub status: Option<UserStatus>,
    /// The workspace role; no directory says it, only a server of our kind.
    pub role: Option<Role>,
    /// Yet another id, which the source keeps for somebody else.
    pub external_id: Option<String>,
    /// Attributes: the text of one JSON object, laid over those there are.
    pub attributes: Option<String>,
    /// The manager, by key.
    pub manager: Option<String>,
}

/// A person in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUser {
    /// The id there, for ever.
    pub key: String,
    /// What the source says of them; none where that is what it said last time.
    pub said: Option<SaidUser>,
}

/// What a source says of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaidGroup {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its icon.
    pub icon: Option<String>,
    /// Yet another id, which the source keeps for somebody else.
    pub external_id: Option<String>,
    /// All people in it, by key; none where the source does not say.
    pub members: Option<Vec<String>>,
    /// All groups inside it, by key; none where the source does not say.
    pub inside: Option<Vec<String>>,
}

/// A group in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGroup {
    /// The id there, for ever.
    pub key: String,
    /// What the source says of it; none where that is what it said last time.
    pub said: Option<SaidGroup>,
}

/// All people and groups of a source. Who is not in it is not in the source any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The people.
    pub users: Vec<SourceUser>,
    /// The groups.
    pub groups: Vec<SourceGroup>,
    /// What could not be carried, in words.
    pub problems: Vec<String>,
    /// From where to read changes the next time, in the source's own words.
    pub mark: Option<String>,
}

/// How many changes of each kind a run found, or made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People made or taken over.
    pub users_added: u64,
    /// People whose records changed.
    pub users_changed: u64,
    /// People who are not in the source any more.
    pub users_removed: u64,
    /// Groups made or taken over.
    pub groups_added: u64,
    /// Groups whose records changed.
    pub groups_changed: u64,
    /// Groups that are not in the source any more.
    pub groups_removed: u64,
    /// Memberships given.
    pub members_added: u64,
    /// Memberships ended.
    pub members_removed: u64,
    /// Groups put inside others.
    pub nested: u64,
    /// Groups taken out of others.
    pub unnested: u64,
}

impl Counts {
    /// Is there nothing to do?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a run found: how much, the first of it in words, and what could not be carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// People that the source told of.
    pub users: u64,
    /// Groups that the source told of.
    pub groups: u64,
    /// The changes.
    pub counts: Counts,
    /// The first changes, in words.
    pub changes: Vec<String>,
    /// What could not be carried, the first of it in words.
    pub problems: Vec<String>,
    /// How many problems there were.
    pub problems_total: u64,
}

impl Report {
    /// The most changes, and the most problems, that are kept in words.
    pub const TOLD: usize = 200;

    /// Notes a problem.
    pub fn problem(&mut self, words: impl Into<String>) {
        self.problems_total += 1;
        if self.problems.len() < Self::TOLD {
            self.problems.push(words.into());
        }
    }

    /// Notes a change in words.
    pub fn change(&mut self, words: impl FnOnce() -> String) {
        if self.changes.len() < Self::TOLD {
            self.changes.push(words());
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The id.
    pub id: RunId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// How much of the source it reads.
    pub kind: RunKind,
    /// Does it only tell what would change?
    pub trial: bool,
    /// How far it has come.
    pub state: RunState,
    /// Who asked for it: a user's id, `platform`, or `system` for the schedule.
    pub asked_by: String,
    /// What confirms it, once the brake has held it; or what it was confirmed with.
    pub confirmation: Option<String>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was taken up.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it found.
    pub report: Report,
    /// Why it failed.
    pub error: Option<String>,
}

/// When a connection is to be pulled, from its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Minutes between two runs; none without a schedule.
    pub every_minutes: Option<u32>,
    /// Hours after which a run is a full one; 24 when absent.
    pub full_every_hours: Option<u32>,
    /// Hours between two looks at drift; none without a schedule.
    pub drift_every_hours: Option<u32>,
}

impl Schedule {
    /// Refuses times that are out of range.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `settings`.
    pub fn check(self) -> Result<Self> {
        let within = |n: Option<u32>, most: u32| n.is_none_or(|n| (1..=most).contains(&n));
        if !within(self.every_minutes, 10_080) {
            return Err(Error::invalid("settings.everyMinutes", "must be 1 to 10,080"));
        }
        if !(within(self.full_every_hours, 720) && within(self.drift_every_hours, 720)) {
            return Err(Error::invalid("settings", "fullEveryHours and driftEveryHours must be 1 to 720"));
        }
        Ok(self)
    }
}
