//! A membership is a set of reasons.

use std::sync::Arc;

use crate::Timestamp;
use crate::caller::words;
use crate::ids::{GroupId, ReasonId, UserId};
use crate::person::Person;
use crate::time::Window;

words! {
    /// Why a user is in a group (`design.md` §2).
    ReasonKind {
        /// Somebody put them there by hand. At most one stands per group and user.
        Direct = "direct",
        /// A connection said so. One per connection.
        Synced = "synced",
        /// A rule said so. One per rule.
        Rule = "rule",
        /// A request was granted. One per request.
        Requested = "requested",
    }
}

impl ReasonKind {
    /// May a hand (a key without a connection) end such a reason?
    pub fn ends_by_hand(self) -> bool {
        matches!(self, Self::Direct | Self::Requested)
    }

    /// What holds a member that a hand cannot remove, in words for the refusal.
    pub fn holder(self) -> &'static str {
        match self {
            Self::Direct => "a direct membership",
            Self::Synced => "a connection",
            Self::Rule => "a rule",
            Self::Requested => "a granted request",
        }
    }
}

/// One reason why a user is in a group. Never edited: a new window closes it and opens another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The id.
    pub id: ReasonId,
    /// The group.
    pub group: GroupId,
    /// The user.
    pub user: UserId,
    /// The kind.
    pub kind: ReasonKind,
    /// The connection, rule or request it comes from; nil for a direct one.
    pub source: uuid::Uuid,
    /// Who gave it; none for the platform and the system. The giver does not own it.
    pub giver: Option<UserId>,
    /// When it counts.
    pub window: Window,
    /// A note for people.
    pub note: Option<String>,
    /// When the membership is shown to have begun.
    pub added_at: Timestamp,
}

/// A member as a list of members shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub person: Arc<Person>,
    /// Since when the user is a direct member: the earliest beginning among the reasons that stand now. None for one
    /// who is a member by nesting alone.
    pub added_at: Option<Timestamp>,
}

/// What was asked of one user in a bulk change of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The reason is new.
    Added,
    /// The reason was ended.
    Removed,
    /// It was so already.
    Unchanged,
}
