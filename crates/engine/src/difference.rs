//! What became of a group or of a user's groups between two instants, and putting a group back to one.

use std::collections::BTreeMap;

use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::group::{EditGroup, Group, GroupState};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::groups::{self, GONE, Shown};
use crate::past::{self, passed};
use crate::store::nestings::{Nesting, Towards};
use crate::store::{self, Conn, past as rows};
use crate::writer::Tx;
use crate::{Engine, Written, connections, journal, nestings, users};

/// Who or what is new in the second of two lists, and who or what is in it no more; each by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<T> {
    /// In the second only.
    pub joined: Vec<T>,
    /// In the first only.
    pub left: Vec<T>,
}

impl<T: Ord + Copy> Change<T> {
    fn between<V, W>(first: &BTreeMap<T, V>, second: &BTreeMap<T, W>) -> Self {
        Self {
            joined: second.keys().filter(|id| !first.contains_key(id)).copied().collect(),
            left: first.keys().filter(|id| !second.contains_key(id)).copied().collect(),
        }
    }
}

/// What became of a group from one instant to another.
#[derive(Clone, Debug)]
pub struct GroupDifference {
    /// The record at the first instant; none when it was not there.
    pub before: Option<Group>,
    /// The record at the second instant; none when it was not there.
    pub after: Option<Group>,
    /// Direct members.
    pub direct: Change<UserId>,
    /// Effective members.
    pub effective: Change<UserId>,
    /// Groups inside it, one nesting away.
    pub children: Change<GroupId>,
}

/// What became of a user's groups from one instant to another.
#[derive(Clone, Debug)]
pub struct UserDifference {
    /// Groups they are directly in.
    pub direct: Change<GroupId>,
    /// Groups they are effectively in.
    pub effective: Change<GroupId>,
}

/// What of a group is put back.
#[derive(Clone, Copy, Debug)]
pub struct PutBack {
    /// The instant it is put back to.
    pub at: Timestamp,
    /// Its direct members?
    pub members: bool,
    /// The groups inside it?
    pub children: bool,
    /// Its name, description and icon?
    pub record: bool,
}

/// What a group was like at an instant.
struct State {
    record: Option<Group>,
    direct: BTreeMap<UserId, ()>,
    effective: BTreeMap<UserId, ()>,
    children: BTreeMap<GroupId, ()>,
}

async fn children(conn: &mut Conn, company: CompanyId, group: GroupId, t: Timestamp) -> Result<Vec<GroupId>> {
    let mut all = store::nestings::next_of_each(conn, company, &[group], Towards::Children, Some(t)).await?;
    Ok(all.pop().unwrap_or_default())
}

async fn state(conn: &mut Conn, company: CompanyId, group: GroupId, t: Timestamp) -> Result<State> {
    let record = past::group(conn, company, group, Some(t)).await?;
    let all = past::all_members(conn, company, group, t).await?;
    let children = children(conn, company, group, t).await?;
    Ok(State {
        record: record.filter(|group| group.state != GroupState::Purged),
        direct: all.iter().filter(|(_, added)| added.is_some()).map(|(user, _)| (*user, ())).collect(),
        effective: all.keys().map(|user| (*user, ())).collect(),
        children: children.into_iter().map(|group| (group, ())).collect(),
    })
}

fn span(from: Timestamp, to: Option<Timestamp>, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
    let (from, to) = (passed("from", from, now)?, passed("to", to.unwrap_or(now), now)?);
    if to < from { Err(Error::invalid("to", "must not be before from")) } else { Ok((from, to)) }
}

/// Puts the groups inside a group to those of an instant, as far as they are still there.
async fn put_children_back(tx: &mut Tx, parent: GroupId, at: Timestamp) -> Result<()> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    let mut present = store::nestings::next_of_each(tx, company, &[parent], Towards::Children, None).await?;
    let (present, wanted) = (present.pop().unwrap_or_default(), children(tx, company, parent, at).await?);
    for child in present.iter().copied().filter(|child| !wanted.contains(child)) {
        let revision = tx.revision();
        store::nestings::close(tx, company, Nesting { parent, child }, now, revision, by).await?;
        journal::append(tx, &Event::GroupUnnested { parent, child }).await?;
    }
    for child in wanted.into_iter().filter(|child| !present.contains(child)) {
        // One that is deleted since cannot come back by this.
        if groups::get(tx, company, child, Shown::Live).await.is_ok() {
            nestings::nest(tx, Nesting { parent, child }).await?;
        }
    }
    Ok(())
}

async fn put_back(tx: &mut Tx, id: GroupId, ask: PutBack) -> Result<Group> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    authz::may(tx, &caller, Action::ManageMembers(id), now).await?;
    let at = passed("at", ask.at, now)?;
    let group = groups::get(tx, company, id, Shown::Live).await?;
    let then = past::group(tx, company, id, Some(at)).await?.filter(|then| then.state == GroupState::Live);
    let then = then.ok_or_else(|| Error::invalid("at", "the group was not in use at that instant"))?;
    if ask.members || ask.children {
        connections::open_to(tx, &group).await?;
    }
    let mut edit = EditGroup::default();
    if ask.record {
        edit.name = Patch::Set(then.name);
        edit.description = then.description.map_or(Patch::Clear, Patch::Set);
        edit.icon = then.icon.map_or(Patch::Clear, Patch::Set);
    }
    if ask.members {
        let members = rows::all_members_of_each(tx, company, &[id], at).await?.pop().unwrap_or_default();
        let ids: Vec<UserId> = members.into_keys().collect();
        let there = store::users::statuses(tx, company, &ids).await?;
        // Who is erased since does not come back.
        edit.members = Some(ids.into_iter().zip(there).filter_map(|(id, status)| status.map(|_| id)).collect());
    }
    let group = groups::edit(tx, id, edit, None).await?;
    if ask.children {
        put_children_back(tx, id, at).await?;
    }
    Ok(group)
}

impl Engine {
    /// What became of a group from one instant to another, or to now.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was there at neither; [`Error::Forbidden`]; [`Error::Invalid`] on `from` or `to`
    /// when it is in the future, or they are in the wrong order.
    pub async fn group_difference(
        &self,
        caller: &Caller,
        group: GroupId,
        from: Timestamp,
        to: Option<Timestamp>,
    ) -> Result<GroupDifference> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let (from, to) = span(from, to, self.clock().now())?;
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        conn.begin_snapshot().await?;
        let first = state(&mut conn, company, group, from).await?;
        let second = state(&mut conn, company, group, to).await?;
        conn.end_snapshot().await?;
        if first.record.is_none() && second.record.is_none() {
            return Err(GONE);
        }
        Ok(GroupDifference {
            direct: Change::between(&first.direct, &second.direct),
            effective: Change::between(&first.effective, &second.effective),
            children: Change::between(&first.children, &second.children),
            before: first.record,
            after: second.record,
        })
    }

    /// What became of a user's groups from one instant to another, or to now.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the user was there at neither; otherwise as [`Self::group_difference`].
    pub async fn user_difference(
        &self,
        caller: &Caller,
        user: UserId,
        from: Timestamp,
        to: Option<Timestamp>,
    ) -> Result<UserDifference> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let (from, to) = span(from, to, self.clock().now())?;
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        conn.begin_snapshot().await?;
        let mut there = false;
        let mut all: Vec<BTreeMap<GroupId, bool>> = Vec::new();
        for t in [from, to] {
            there |= rows::person(&mut conn, company, user, Some(t)).await?.is_some();
            all.push(past::all_groups(&mut conn, company, user, t).await?);
        }
        conn.end_snapshot().await?;
        if !there {
            return Err(users::GONE);
        }
        let direct = |all: &BTreeMap<GroupId, bool>| -> BTreeMap<GroupId, bool> {
            all.iter().filter(|(_, direct)| **direct).map(|(group, direct)| (*group, *direct)).collect()
        };
        Ok(UserDifference {
            direct: Change::between(&direct(&all[0]), &direct(&all[1])),
            effective: Change::between(&all[0], &all[1]),
        })
    }

    /// Puts a group back to what it was at an instant, as a change of now: its direct members as a whole list, the
    /// groups inside it, its record. Who or what is gone since does not come back.
    ///
    /// # Errors
    /// As [`Self::edit_group`] and [`Self::nest`]; [`Error::Closed`] for a group that a connection keeps;
    /// [`Error::Invalid`] on `at` when it is in the future or the group was not in use then.
    pub async fn put_group_back(&self, caller: &Caller, group: GroupId, ask: PutBack) -> Result<Written<Group>> {
        self.write(caller, async move |tx| put_back(tx, group, ask).await).await
    }
}
