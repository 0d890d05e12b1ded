//! What can go wrong: one enum inside, which each dialect matches without a wildcard.

use std::fmt;

use uuid::Uuid;

use crate::conflict::Breach;
use crate::ids::GroupId;
use crate::preview::Preview;

/// The outcome of whatever may be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call was refused or failed. Messages are for the caller and never tell our insides; the cause of
/// [`Error::Internal`] is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A member of the request is wrong: wrong form, too long, unknown reference in a body.
    #[error("{field}: {why}")]
    Invalid {
        /// The member, as `name` or `userIds[3]`.
        field: String,
        /// What is wrong with it, as the end of a sentence that begins with the member.
        why: String,
    },
    /// More items or bytes than one call may carry.
    #[error("{field}: more than {limit} in one call")]
    TooMany {
        /// The member that holds them.
        field: String,
        /// The most that is taken.
        limit: u64,
    },
    /// Rows of a sheet are wrong; nothing of it was carried out.
    #[error("{} rows are wrong; line {}", rows.len() + more, first_row(rows))]
    Rows {
        /// The line of each row in its file, and what is wrong with it.
        rows: Vec<(u64, Error)>,
        /// How many more are wrong, which are not listed.
        more: usize,
    },
    /// What the path names is not in the caller's company. A foreign id and an unknown one are the same.
    #[error("no {noun} has this id")]
    NotFound {
        /// What was looked for, in words.
        noun: &'static str,
    },
    /// A body names ids that are not in the caller's company.
    #[error("{field}: no {noun} has the id {}", first(ids))]
    Unknown {
        /// The member that names them.
        field: String,
        /// What was looked for, in words.
        noun: &'static str,
        /// Every id that was not found, in the order given.
        ids: Vec<Uuid>,
    },
    /// The present state does not allow it.
    #[error("{why}")]
    Conflict {
        /// Why not, as a whole sentence without its full stop.
        why: String,
    },
    /// A nesting would put a group inside itself.
    #[error("a group cannot be inside itself: {}", chain(groups))]
    Cycle {
        /// The parent of the refused nesting, its child, and the groups from there back to the parent, in order.
        groups: Vec<GroupId>,
    },
    /// Another record has this value already.
    #[error("{field}: {why}")]
    Taken {
        /// The member.
        field: String,
        /// Who has it, as the end of a sentence.
        why: String,
    },
    /// The group's members are kept by a connection or a rule; hands do not edit them (`design.md` §2).
    #[error("the members of this group are kept by {by}; change them there")]
    Closed {
        /// What keeps them.
        by: String,
    },
    /// Removing by hand would leave members in place, so nothing was removed (`design.md` §2).
    #[error("{} of these members are held by {}, which this call cannot end", held.len(), first_by(held))]
    HeldMembers {
        /// Each member that would stay, and what holds it.
        held: Vec<(Uuid, String)>,
    },
    /// The brake holds a whole list that would take too many members out of a group at once; nothing of it is kept.
    #[error(
        "this would remove {removals} of {members} members of the group; the brake holds it until an administrator releases it"
    )]
    Braked {
        /// How many would be removed.
        removals: usize,
        /// How many there are.
        members: usize,
        /// What a caller of the native API sends to have it done all the same.
        confirmation: String,
    },
    /// Somebody would come to be in more groups of a conflict than one may; nothing of the change is kept.
    #[error("{}{}", first_breach(breaches), more(*total))]
    Conflicting {
        /// The first of them, [`Breach::SHOWN`] at most.
        breaches: Vec<Breach>,
        /// How many there are in all.
        total: u64,
    },
    /// The group is marked unmodifiable: its name, description, roles and scopes are frozen.
    #[error("this group is unmodifiable; its name and description are frozen, only its members may change")]
    Unmodifiable,
    /// No credential, or one that is wrong, expired or revoked. The reason is not told apart.
    #[error("{why}")]
    Unauthenticated {
        /// What to do about it.
        why: &'static str,
    },
    /// The key may only read.
    #[error("this key may only read")]
    ReadOnlyKey,
    /// The acting user lacks the right.
    #[error("{why}")]
    Forbidden {
        /// Which right is missing.
        why: String,
    },
    /// The record has changed since the version that the caller named (`If-Match`).
    #[error("the record has changed since the version named by If-Match")]
    Stale,
    /// The caller asked for a revision that this company has not reached.
    #[error("this company is at revision {at}; revision {asked} does not exist yet")]
    Ahead {
        /// What was asked for.
        asked: u64,
        /// Where the company is.
        at: u64,
    },
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used with another request")]
    KeyReused,
    /// Not a failure: the idempotency key was used with this very request, and this was the answer.
    #[error("answered before")]
    Replay(Vec<u8>),
    /// Not a failure: the caller asked what the change would do, and nothing was done.
    #[error("a preview")]
    Preview(Box<Preview>),
    /// Too many calls in a minute.
    #[error("too many calls; try again in {retry_after} s")]
    TooFast {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// A fault that passes: the database is away, the disk is full, the queue is long.
    #[error("{why}")]
    Unavailable {
        /// What the caller may know of it.
        why: String,
        /// Seconds to wait.
        retry_after: u32,
    },
    /// A fault of ours. The text goes to the log and nowhere else.
    #[error("internal: {0}")]
    Internal(String),
}

fn first(ids: &[Uuid]) -> impl fmt::Display {
    ids.first().copied().unwrap_or_default()
}

fn first_row(rows: &[(u64, Error)]) -> String {
    rows.first().map(|(line, error)| format!("{line}: {error}")).unwrap_or_default()
}

fn chain(groups: &[GroupId]) -> String {
    groups.iter().map(GroupId::to_string).collect::<Vec<_>>().join(" > ")
}

fn first_by(held: &[(Uuid, String)]) -> &str {
    held.first().map_or("", |(_, by)| by.as_str())
}

fn first_breach(breaches: &[Breach]) -> String {
    breaches.first().map(Breach::to_string).unwrap_or_default()
}

fn more(total: u64) -> String {
    if total > 1 { format!("; {} more breaches like this", total - 1) } else { String::new() }
}

impl Error {
    /// A member is wrong.
    pub fn invalid(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), why: why.into() }
    }
    /// The present state does not allow it.
    pub fn conflict(why: impl Into<String>) -> Self {
        Self::Conflict { why: why.into() }
    }
    /// The acting user lacks the right.
    pub fn forbidden(why: impl Into<String>) -> Self {
        Self::Forbidden { why: why.into() }
    }
    /// A fault of ours.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
    /// A body names one id that is not there.
    pub fn unknown(field: impl Into<String>, noun: &'static str, id: Uuid) -> Self {
        Self::Unknown { field: field.into(), noun, ids: vec![id] }
    }
    /// The word by which refusals are counted in the audit chain and in metrics.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Invalid { .. } | Self::TooMany { .. } | Self::Rows { .. } | Self::Unknown { .. } => "invalid",
            Self::NotFound { .. } => "not_found",
            Self::Conflict { .. } | Self::Cycle { .. } | Self::Taken { .. } | Self::Stale | Self::Ahead { .. } => {
                "conflict"
            }
            Self::Closed { .. } | Self::HeldMembers { .. } | Self::Braked { .. } | Self::Unmodifiable => "protected",
            Self::Conflicting { .. } => "separation_of_duties",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::ReadOnlyKey => "read_only_key",
            Self::Forbidden { .. } => "forbidden",
            Self::KeyReused | Self::Replay(_) => "idempotency",
            Self::Preview(_) => "preview",
            Self::TooFast { .. } => "too_fast",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}
