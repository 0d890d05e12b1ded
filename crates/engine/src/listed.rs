//! Changes that answer with the lists a dialect shows beside the record: a group with the ids of its members, a user
//! with the ids of their groups. The list is read in the transaction of the change, so it is the one that the answer's
//! revision stands for, and no later call can fail after the change is done.

use std::collections::HashSet;

use guildhall_domain::caller::Caller;
use guildhall_domain::group::{EditGroup, Group, NewGroup};
use guildhall_domain::ids::{GroupId, TeamId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User, UserStatus};
use guildhall_domain::{Error, Result};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::groups::{self, Shown};
use crate::memberships::{self, CHANGES, Terms};
use crate::store::{self, reasons};
use crate::writer::Tx;
use crate::{Engine, Written, connections, teams, users};

/// The most users that one call may make.
const USERS: usize = 100;

/// A group and its direct members, by id.
pub type WithMembers = (Group, Vec<UserId>);
/// A user and the groups they are directly in, by id.
pub type WithGroups = (User, Vec<GroupId>);

async fn with_members(tx: &mut Tx, group: Group) -> Result<WithMembers> {
    let (company, now) = (tx.company(), tx.now());
    let members = reasons::user_ids(tx, company, group.id, now).await?;
    Ok((group, members))
}

async fn with_groups(tx: &mut Tx, users: Vec<User>) -> Result<Vec<WithGroups>> {
    let (company, now) = (tx.company(), tx.now());
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let groups = store::groups::ids_of_each_user(tx, company, &ids, now).await?;
    Ok(users.into_iter().zip(groups).collect())
}

/// Puts new users into groups: one event per group, however many join it.
async fn join(tx: &mut Tx, users: &[UserId], ids: &[GroupId]) -> Result<()> {
    if users.len().saturating_mul(ids.len()) > CHANGES {
        return Err(Error::TooMany { field: "groups".into(), limit: (CHANGES / users.len()) as u64 });
    }
    let (company, mut seen, mut missing, mut open) = (tx.company(), HashSet::new(), Vec::new(), Vec::new());
    for id in ids.iter().filter(|id| seen.insert(**id)) {
        match groups::get(tx, company, *id, Shown::Live).await {
            Ok(group) => open.push(group),
            Err(Error::NotFound { .. }) => missing.push(id.uuid()),
            Err(fault) => return Err(fault),
        }
    }
    if !missing.is_empty() {
        return Err(Error::Unknown { field: "groups".into(), noun: GroupId::NOUN, ids: missing });
    }
    for group in open {
        connections::open_to(tx, &group).await?;
        memberships::give(tx, &group, users, Terms::default()).await?;
    }
    Ok(())
}

/// The error, told of the user at this place among several.
fn at(place: usize, error: Error) -> Error {
    match error {
        Error::Invalid { field, why } => Error::Invalid { field: format!("[{place}].{field}"), why },
        Error::Taken { field, why } => Error::Taken { field: format!("[{place}].{field}"), why },
        other => other,
    }
}

impl Engine {
    /// May this caller make and edit users and groups? For doors that tell so before what is wrong with a body.
    ///
    /// # Errors
    /// [`Error::ReadOnlyKey`], [`Error::Forbidden`].
    pub async fn may_manage(&self, caller: &Caller) -> Result<()> {
        authz::may_write(caller)?;
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ManageDirectory, self.clock().now()).await
    }

    /// As [`Engine::create_group`], with the members.
    ///
    /// # Errors
    /// As there.
    pub async fn create_group_with_members(&self, caller: &Caller, new: NewGroup) -> Result<Written<WithMembers>> {
        self.write(caller, async move |tx| {
            let group = groups::create(tx, new).await?;
            with_members(tx, group).await
        })
        .await
    }

    /// As [`Engine::edit_group`], with the members.
    ///
    /// # Errors
    /// As there.
    pub async fn edit_group_with_members(
        &self,
        caller: &Caller,
        id: GroupId,
        ask: EditGroup,
        version: Option<u64>,
    ) -> Result<Written<WithMembers>> {
        self.write(caller, async move |tx| {
            let group = groups::edit(tx, id, ask, version).await?;
            with_members(tx, group).await
        })
        .await
    }

    /// Makes users, 100 at most, all of them or none, and puts every one of them into `groups` (and not into those
    /// that each names); each with the groups they are in.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] and [`Error::Invalid`] with the place before the member, as
    /// `[2].email`; [`Error::Unknown`] on `groups`; [`Error::Closed`]; [`Error::TooMany`].
    pub async fn create_users(
        &self,
        caller: &Caller,
        new: Vec<NewUser>,
        groups: Vec<GroupId>,
        teams: Vec<TeamId>,
    ) -> Result<Written<Vec<WithGroups>>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            if new.len() > USERS {
                return Err(Error::TooMany { field: "users".into(), limit: USERS as u64 });
            }
            let mut made = Vec::with_capacity(new.len());
            for (place, one) in new.into_iter().enumerate() {
                let one = NewUser { groups: Vec::new(), ..one };
                made.push(users::create(tx, one).await.map_err(|error| at(place, error))?);
            }
            let ids: Vec<UserId> = made.iter().map(|user| user.id).collect();
            join(tx, &ids, &groups).await?;
            teams::welcome(tx, &ids, &teams, "teams").await?;
            with_groups(tx, made).await
        })
        .await
    }

    /// As [`Engine::edit_user`], with the groups they are in. `counts` says whether the user is to count at all, for
    /// doors that know no more of a status: false deactivates, true makes an inactive user active and leaves any other
    /// status as it is.
    ///
    /// # Errors
    /// As there.
    pub async fn edit_user_with_groups(
        &self,
        caller: &Caller,
        id: UserId,
        mut ask: EditUser,
        counts: Option<bool>,
        version: Option<u64>,
    ) -> Result<Written<WithGroups>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = users::get(tx, company, id).await?;
            matches(version, before.version)?;
            match counts {
                Some(true) if !before.counts() => ask.status = Patch::Set(UserStatus::Active),
                Some(false) => ask.status = Patch::Set(UserStatus::Inactive),
                Some(true) | None => {}
            }
            let user = users::edit(tx, before, ask).await?;
            with_groups(tx, vec![user]).await?.pop().ok_or_else(|| Error::internal("an edited user vanished"))
        })
        .await
    }
}
