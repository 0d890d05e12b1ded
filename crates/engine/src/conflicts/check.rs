//! Holding a use case against the conflicts: whom did it bring into too many groups?
//!
//! It is asked once, at the end of every use case, of what its events told. A company without conflicts pays nothing;
//! else the groups around those that somebody came into are looked up, and only where a conflict names one of them
//! are people looked at, and of those only they who came. Rows tell both what is and what was before the use case,
//! since reasons and nestings are opened and closed and never overwritten.

use std::collections::{BTreeMap, BTreeSet};

use guildhall_domain::Error;
use guildhall_domain::Result;
use guildhall_domain::Timestamp;
use guildhall_domain::conflict::{Breach, Conflict, Stands};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, ConflictId, GroupId, UserId};
use guildhall_domain::time::Window;

use crate::nestings::reach;
use crate::rules::Sources;
use crate::store::nestings::Towards;
use crate::store::{Conn, conflicts, groups, rules};
use crate::writer::Tx;

/// Where a use case may have brought people so far.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    members: BTreeMap<GroupId, BTreeSet<UserId>>,
    /// Groups into which everyone in another came: by a nesting, or by its own return from the archive.
    whole: BTreeSet<(GroupId, GroupId)>,
    waived: bool,
}

impl Touched {
    /// Notes what an event of a company with conflicts tells.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::MembersAdded { group, users, .. } | Event::MembersChanged { group, users, .. } => {
                self.members.entry(*group).or_default().extend(users);
            }
            Event::GroupNested { parent, child } => drop(self.whole.insert((*parent, *child))),
            Event::GroupRestored { group } => drop(self.whole.insert((*group, *group))),
            _ => {}
        }
    }

    /// Holds this use case against no conflict: a new company is taken as it is told, and its breaches are listed.
    pub(crate) fn waive(&mut self) {
        self.waived = true;
    }

    fn groups(&self) -> BTreeSet<GroupId> {
        self.members.keys().copied().chain(self.whole.iter().map(|(group, _)| *group)).collect()
    }
}

/// Breaches that a use case would bring: the first, [`Breach::SHOWN`] at most, and how many in all.
pub(crate) type Arising = (Vec<Breach>, u64);

/// Refuses a use case that brings somebody into too many groups of a conflict.
///
/// # Errors
/// [`Error::Conflicting`], naming who, which groups, and by which rule.
pub(crate) async fn check(tx: &mut Tx) -> Result<()> {
    match arising(tx).await? {
        (_, 0) => Ok(()),
        (breaches, total) => Err(Error::Conflicting { breaches, total }),
    }
}

/// The breaches that the use case has brought so far.
pub(crate) async fn arising(tx: &mut Tx) -> Result<Arising> {
    let touched = std::mem::take(&mut tx.joined);
    let came = touched.groups();
    if came.is_empty() || touched.waived || tx.head().conflicts == 0 {
        return Ok((Vec::new(), 0));
    }
    let company = tx.company();
    let came: Vec<GroupId> = came.into_iter().collect();
    let above = reach(tx, company, &came, Towards::Parents, None).await?;
    let around = above.groups();
    let named: BTreeSet<ConflictId> =
        conflicts::of_each_group(tx, company, &around).await?.into_iter().flatten().collect();
    let named: Vec<ConflictId> = named.into_iter().collect();
    let mut all = (Vec::new(), 0);
    for conflict in conflicts::get_each(tx, company, &named).await? {
        let into = |group: &GroupId| !conflict.groups.is_disjoint(&above.all_from(*group));
        let mut users: BTreeSet<UserId> =
            touched.members.iter().filter(|(group, _)| into(group)).flat_map(|(_, users)| users).copied().collect();
        let from: Vec<GroupId> = touched.whole.iter().filter(|(group, _)| into(group)).map(|(_, from)| *from).collect();
        if !from.is_empty() {
            let inside = reach(tx, company, &from, Towards::Children, None).await?.groups();
            let standing = rules::in_groups(tx, company, &inside, Timestamp::MIN).await?;
            users.extend(standing.into_iter().map(|(user, ..)| user));
        }
        hold_against(tx, &conflict, users.into_iter().collect(), &mut all).await?;
    }
    Ok(all)
}

/// Adds whom of `users` the use case has brought into too many groups of one conflict.
async fn hold_against(tx: &mut Tx, conflict: &Conflict, users: Vec<UserId>, all: &mut Arising) -> Result<()> {
    let (company, now, revision) = (tx.company(), tx.now(), tx.began());
    let sources = Sources::of(tx, company, &conflict.groups).await?;
    let mut after = sources.stands(tx, company, Some(&users), now).await?;
    let suspects: Vec<UserId> = users
        .into_iter()
        .filter(|user| after.get(user).is_some_and(|stands| conflict.breach(&[], stands, now).is_some()))
        .collect();
    if suspects.is_empty() {
        return Ok(());
    }
    let mut before = conflicts::stood(tx, company, &suspects, revision, now).await?;
    for user in suspects {
        let (was, is) = (before.remove(&user).unwrap_or_default(), after.remove(&user).unwrap_or_default());
        let Some((from, held)) = conflict.breach(&was, &is, now) else { continue };
        all.1 += 1;
        if all.0.len() < Breach::SHOWN {
            let ruled = conflicts::ruled_since(tx, company, user, revision, now).await?;
            let rule = ruled.into_iter().find(|group| sources.has(*group));
            all.0.push(told(tx, company, conflict, user, held, rule, Some(from).filter(|from| *from > now)).await?);
        }
    }
    Ok(())
}

async fn told(
    conn: &mut Conn,
    company: CompanyId,
    conflict: &Conflict,
    user: UserId,
    held: BTreeSet<GroupId>,
    rule: Option<GroupId>,
    from: Option<Timestamp>,
) -> Result<Breach> {
    let held: Vec<GroupId> = held.into_iter().collect();
    let mut found = groups::get_each(conn, company, &held).await?;
    found.sort_by_key(|group| group.id);
    let groups = found.into_iter().map(|group| (group.id, group.name)).collect();
    let (name, at_most) = (conflict.name.clone(), conflict.at_most);
    Ok(Breach { user, conflict: conflict.id, name, at_most, groups, rule, from })
}

/// The groups of a conflict that somebody who stands so would be in too many of, were they to come into all of `joins`
/// for good.
pub(crate) fn would_breach(
    conflict: &Conflict,
    stands: Stands<'_>,
    joins: &BTreeSet<GroupId>,
    now: Timestamp,
) -> Option<BTreeSet<GroupId>> {
    let joined = joins.iter().map(|group| (*group, Window::OPEN));
    let after: Vec<(GroupId, Window)> = stands.iter().copied().chain(joined).collect();
    conflict.breach(stands, &after, now).map(|(_, held)| held)
}
