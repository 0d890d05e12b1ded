//! What a change would do, told without doing it.

use crate::conflict::Breach;
use crate::ids::{AppId, GroupId, LevelId, RoleId, UserId};
use crate::policy::RequestKind;

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

/// One role that a user would come to have, or cease to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleEffect {
    /// The user.
    pub user: UserId,
    /// The role, by whatever group and within whatever scope.
    pub role: RoleId,
}

/// One access that a user would be given, or lose, without anybody deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppEffect {
    /// The user.
    pub user: UserId,
    /// The app.
    pub app: AppId,
    /// The level that they would be given.
    pub level: Option<LevelId>,
}

/// One request that would arise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arising {
    /// What it would ask for.
    pub kind: RequestKind,
    /// For whom.
    pub target: Option<UserId>,
    /// The app.
    pub app: Option<AppId>,
    /// The level.
    pub level: Option<LevelId>,
    /// The group that would raise it, or is to be joined.
    pub group: Option<uuid::Uuid>,
    /// Would it be carried out at once?
    pub done: bool,
}

/// What a change would do to effective memberships, roles and apps.
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
    /// Who would come to have which role; cut alike, as all that follow.
    pub roles_gained: Vec<RoleEffect>,
    /// Who would cease to have which role.
    pub roles_lost: Vec<RoleEffect>,
    /// How many in all.
    pub roles_gained_total: u64,
    /// How many in all.
    pub roles_lost_total: u64,
    /// Who would be given which app, or another level of it, at once.
    pub apps_gained: Vec<AppEffect>,
    /// Who would lose which app at once.
    pub apps_lost: Vec<AppEffect>,
    /// How many in all.
    pub apps_gained_total: u64,
    /// How many in all.
    pub apps_lost_total: u64,
    /// Which requests would arise.
    pub requests: Vec<Arising>,
    /// How many in all.
    pub requests_total: u64,
}

impl Preview {
    /// The most effects of each kind that are told one by one.
    pub const SHOWN: usize = 1_000;
}
