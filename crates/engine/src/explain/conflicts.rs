//! Which conflicts a user breaks by being in a group, or would break.

use std::collections::BTreeSet;

use guildhall_domain::Result;
use guildhall_domain::conflict::Conflict;
use guildhall_domain::ids::{ConflictId, GroupId};
use guildhall_domain::time::Window;

use super::Question;
use crate::conflicts::would_breach;
use crate::nestings::reach;
use crate::store::nestings::Towards;
use crate::store::past::Given;
use crate::store::{Conn, conflicts};

/// A conflict that a user is in breach of by being in the group, or would be.
#[derive(Clone, Debug)]
pub struct Conflicting {
    /// The conflict.
    pub conflict: ConflictId,
    /// Its name.
    pub name: String,
    /// In how many of its groups one may be.
    pub at_most: u32,
    /// The groups of it that the user is in, or would be.
    pub groups: Vec<GroupId>,
}

/// The conflicts that a member breaks now, or that anybody else would break as a member for good. `given` are the user's
/// reasons.
pub(super) async fn find(conn: &mut Conn, q: &Question<'_>, member: bool, given: &[Given]) -> Result<Vec<Conflicting>> {
    // What the conflicts were is not kept, and which groups there are besides is nothing for guests.
    if q.then.is_some() || !q.directory {
        return Ok(Vec::new());
    }
    let joins = reach(conn, q.company, &[q.group], Towards::Parents, None).await?.groups();
    let named = conflicts::of_each_group(conn, q.company, &joins).await?;
    let named: Vec<ConflictId> = named.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let to_come =
        given.iter().map(|given| &given.reason).filter(|reason| reason.window.ends.is_none_or(|end| end > q.at));
    let to_come: Vec<(GroupId, Window)> = to_come.map(|reason| (reason.group, reason.window)).collect();
    let from: Vec<GroupId> = to_come.iter().map(|(group, _)| *group).collect::<BTreeSet<_>>().into_iter().collect();
    let above = reach(conn, q.company, &from, Towards::Parents, None).await?;
    let around = |(group, window): &(GroupId, Window)| {
        let (groups, window) = (above.all_from(*group), *window);
        groups.into_iter().map(move |group| (group, window))
    };
    let stands: Vec<(GroupId, Window)> = to_come.iter().flat_map(around).collect();
    let joins: BTreeSet<GroupId> = joins.into_iter().collect();
    let held = |conflict: &Conflict| {
        if member {
            let (turn, held) = conflict.breach(&[], &stands, q.at)?;
            (turn == q.at).then_some(held)
        } else {
            would_breach(conflict, &stands, &joins, q.at)
        }
    };
    let all = conflicts::get_each(conn, q.company, &named).await?;
    let told = all.into_iter().filter_map(|conflict| {
        let groups = held(&conflict)?.into_iter().collect();
        Some(Conflicting { conflict: conflict.id, name: conflict.name, at_most: conflict.at_most, groups })
    });
    Ok(told.collect())
}
