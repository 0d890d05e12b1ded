//! Use cases on nesting: which group is inside which, and what that makes of membership.

use std::collections::{HashMap, HashSet};

use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::membership::Outcome;
use guildhall_domain::nesting::{DEPTH, Reach};
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::store::nestings::{self, Nesting, Towards};
use crate::store::{self, Conn};
use crate::writer::Tx;
use crate::{Engine, Written, connections, grants, journal};

/// The nestings reachable from `groups`, these included: now or, with an instant, then.
pub(crate) async fn reach(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    towards: Towards,
    then: Option<Timestamp>,
) -> Result<Reach> {
    let (mut reach, mut frontier) = (Reach::default(), groups.to_vec());
    while !frontier.is_empty() {
        let next = nestings::next_of_each(conn, company, &frontier, towards, then).await?;
        for (group, next) in frontier.iter().zip(&next) {
            reach.note(*group, next.clone());
        }
        let mut seen = HashSet::new();
        frontier = next.into_iter().flatten().filter(|group| !reach.knows(*group) && seen.insert(*group)).collect();
    }
    Ok(reach)
}

/// The ids of the groups that a user is an effective member of, by id: now or, with an instant, then.
pub(crate) async fn groups_of(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<GroupId>> {
    let direct = store::groups::ids_of_each_user(conn, company, &[user], now).await?.pop().unwrap_or_default();
    Ok(reach(conn, company, &direct, Towards::Parents, None).await?.groups())
}

/// The groups next to a group in one direction or, with `all`, all that nesting reaches; now or, with an instant, then.
pub(crate) async fn around(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    towards: Towards,
    all: bool,
    then: Option<Timestamp>,
) -> Result<Vec<GroupId>> {
    let mut ids = if all {
        reach(conn, company, &[group], towards, then).await?.groups()
    } else {
        nestings::next_of_each(conn, company, &[group], towards, then).await?.swap_remove(0)
    };
    ids.retain(|id| *id != group);
    Ok(ids)
}

/// Refuses a nesting that would close a cycle or reach too deep.
async fn check(tx: &mut Tx, nesting: Nesting) -> Result<()> {
    let company = tx.company();
    let below = reach(tx, company, &[nesting.child], Towards::Children, None).await?;
    if let Some(mut cycle) = below.path(nesting.child, nesting.parent) {
        cycle.insert(0, nesting.parent);
        return Err(Error::Cycle { groups: cycle });
    }
    let above = reach(tx, company, &[nesting.parent], Towards::Parents, None).await?;
    let depth = below.depth(nesting.child) + 1 + above.depth(nesting.parent);
    if depth > DEPTH {
        return Err(Error::conflict(format!("groups would be nested {depth} deep; {DEPTH} is the most")));
    }
    Ok(())
}

/// Puts one group into another, in the transaction of a caller who may; false when it is inside already.
pub(crate) async fn nest(tx: &mut Tx, nesting: Nesting) -> Result<bool> {
    let (company, now, revision, by) = (tx.company(), tx.now(), tx.revision(), tx.caller().user());
    if nestings::next_of_each(tx, company, &[nesting.parent], Towards::Children, None).await?[0]
        .contains(&nesting.child)
    {
        return Ok(false);
    }
    check(tx, nesting).await?;
    nestings::open(tx, company, &[nesting], now, revision, by).await?;
    let Nesting { parent, child } = nesting;
    journal::append(tx, &Event::GroupNested { parent, child }).await?;
    Ok(true)
}

/// Why some nestings of many are refused, and which.
pub(crate) struct Refused {
    pub error: Error,
    pub by: Vec<Nesting>,
}

/// Refuses nestings that would close a cycle or reach too deep, among themselves or with those `before` them.
pub(crate) fn check_all(before: impl IntoIterator<Item = Nesting>, new: &[Nesting]) -> Result<(), Refused> {
    let all: Vec<Nesting> = before.into_iter().chain(new.iter().copied()).collect();
    let down = Reach::of(all.iter().map(|n| (n.parent, n.child)));
    let those = |are: &mut dyn FnMut(&Nesting) -> bool| new.iter().copied().filter(|n| are(n)).collect();
    if let Some(groups) = down.cycle() {
        let by = those(&mut |n| groups.windows(2).any(|pair| pair == [n.parent, n.child]));
        return Err(Refused { error: Error::Cycle { groups }, by });
    }
    let up = Reach::of(all.iter().map(|n| (n.child, n.parent)));
    let (mut above, mut below) = (HashMap::new(), HashMap::new());
    let by: Vec<Nesting> =
        those(&mut |n| up.measure(n.parent, &mut above) + 1 + down.measure(n.child, &mut below) > DEPTH);
    if by.is_empty() {
        return Ok(());
    }
    Err(Refused { error: Error::conflict(format!("groups would be nested deeper than {DEPTH}")), by })
}

/// As [`nest`], for many: they are judged together, and each that is new is told. How many were new.
///
/// # Errors
/// [`Error::Unavailable`]; inside, what is wrong with them, and nothing is written then.
pub(crate) async fn nest_all(tx: &mut Tx, all: &[Nesting]) -> Result<Result<u64, Refused>> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    let (parents, children): (Vec<GroupId>, Vec<GroupId>) = all.iter().map(|n| (n.parent, n.child)).unzip();
    let inside = nestings::next_of_each(tx, company, &parents, Towards::Children, None).await?;
    let is_new = |(n, inside): &(&Nesting, Vec<GroupId>)| !inside.contains(&n.child);
    let mut new: Vec<Nesting> = all.iter().zip(inside).filter(is_new).map(|(n, _)| *n).collect();
    new.sort_unstable();
    new.dedup();
    let below = reach(tx, company, &children, Towards::Children, None).await?;
    let above = reach(tx, company, &parents, Towards::Parents, None).await?;
    let below = below.steps().map(|(parent, child)| Nesting { parent, child });
    let before = above.steps().map(|(child, parent)| Nesting { parent, child }).chain(below);
    if let Err(refused) = check_all(before, &new) {
        return Ok(Err(refused));
    }
    for nesting in &new {
        let (Nesting { parent, child }, revision) = (*nesting, tx.revision());
        nestings::open(tx, company, &[*nesting], now, revision, by).await?;
        journal::append(tx, &Event::GroupNested { parent, child }).await?;
    }
    Ok(Ok(new.len() as u64))
}

/// Takes one group out of another, in the transaction of a caller who may; false when it was not inside.
pub(crate) async fn unnest(tx: &mut Tx, nesting: Nesting) -> Result<bool> {
    let (company, now, revision, by) = (tx.company(), tx.now(), tx.revision(), tx.caller().user());
    if !nestings::close(tx, company, nesting, now, revision, by).await? {
        return Ok(false);
    }
    let Nesting { parent, child } = nesting;
    journal::append(tx, &Event::GroupUnnested { parent, child }).await?;
    Ok(true)
}

/// Ends every nesting of a group that is archived, in the event that archives it.
pub(crate) async fn end_all(tx: &mut Tx, group: GroupId, revision: u64) -> Result<()> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    nestings::close_group(tx, company, group, now, revision, by).await
}

/// Puts a restored group back to where archiving took it from, as far as that is possible still.
pub(crate) async fn reopen(tx: &mut Tx, group: &Group) -> Result<()> {
    let company = tx.company();
    for nesting in nestings::closed_at(tx, company, group.id, group.version).await? {
        let other = if nesting.parent == group.id { nesting.child } else { nesting.parent };
        if groups::get(tx, company, other, Shown::Live).await.is_err() {
            continue;
        }
        match nest(tx, nesting).await {
            Ok(_) | Err(Error::Cycle { .. } | Error::Conflict { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// The parent of a nesting that a hand is to change.
async fn open_parent(tx: &mut Tx, parent: GroupId) -> Result<Group> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    authz::may(tx, &caller, Action::ManageMembers(parent), now).await?;
    let group = groups::get(tx, company, parent, Shown::Live).await?;
    connections::open_to(tx, &group).await?;
    Ok(group)
}

impl Engine {
    /// Puts `child` into `parent`: its effective members become effective members of the parent.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the parent, [`Error::Unknown`] on `child`; [`Error::Forbidden`]; [`Error::Closed`];
    /// [`Error::Cycle`] with the groups in order; [`Error::Conflict`] beyond 50 nestings on one path.
    pub async fn nest(&self, caller: &Caller, parent: GroupId, child: GroupId) -> Result<Written<Outcome>> {
        self.write(caller, async move |tx| {
            open_parent(tx, parent).await?;
            let company = tx.company();
            groups::get(tx, company, child, Shown::Live).await.map_err(|error| match error {
                Error::NotFound { .. } => Error::unknown("child", GroupId::NOUN, child.uuid()),
                fault => fault,
            })?;
            if !nest(tx, Nesting { parent, child }).await? {
                return Ok(Outcome::Unchanged);
            }
            grants::nested(tx, parent, child).await?;
            Ok(Outcome::Added)
        })
        .await
    }

    /// Takes `child` out of `parent`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the parent, or when the child is not in it; [`Error::Forbidden`]; [`Error::Closed`].
    pub async fn unnest(&self, caller: &Caller, parent: GroupId, child: GroupId) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            open_parent(tx, parent).await?;
            if !unnest(tx, Nesting { parent, child }).await? {
                return Err(Error::NotFound { noun: "group in this group" });
            }
            grants::unnested(tx, parent, child).await
        })
        .await
    }

    /// The groups next to a group in one direction or, with `all`, all that nesting reaches, each once; by id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn nested(&self, caller: &Caller, group: GroupId, towards: Towards, all: bool) -> Result<Vec<Group>> {
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        groups::get(&mut conn, company, group, Shown::Live).await?;
        let ids = around(&mut conn, company, group, towards, all, None).await?;
        store::groups::get_each(&mut conn, company, &ids).await
    }
}
