//! What a change would do, told without doing it.

use crate::conflict::Breach;
use crate::ids::{GroupId, UserId};

/// One membership that a change would bring or take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Effect {
    /// The group.
    pub group: GroupId,
    /// The user.
    pub user: UserId,
    /// Is the user a direct member where they would be one, or where they are one now?
    pub direct: bool,
}

/// What a change would do to effective memberships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The revision on which it would be done.
    pub revision: u64,
    /// Who would come to be a member of what, by group and user; cut at [`Self::SHOWN`].
    pub gained: Vec<Effect>,
    /// Who would cease to be one; cut alike.
    pub lost: Vec<Effect>,
    /// How many would be gained in all.
    pub gained_total: u64,
    /// How many would be lost in all.
    pub lost_total: u64,
    /// Who would come to be in more groups of a conflict than one may, for which the change would be refused; cut at
    /// [`Breach::SHOWN`].
    pub breaches: Vec<Breach>,
    /// How many such breaches there would be in all.
    pub breaches_total: u64,
}

impl Preview {
    /// The most effects of each kind that are told one by one.
    pub const SHOWN: usize = 1_000;
}
