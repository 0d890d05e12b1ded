//! Who is in too many groups of a conflict now, and by which ways.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use guildhall_domain::caller::Caller;
use guildhall_domain::conflict::Conflict;
use guildhall_domain::ids::{CompanyId, ConflictId, GroupId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::person::Person;
use guildhall_domain::{Result, Timestamp};
use roaring::RoaringBitmap;

use super::{CountedConflict, get};
use crate::Engine;
use crate::authz::{self, Action};
use crate::index::Snapshot;
use crate::index::snapshot::No;
use crate::store::Conn;

/// Somebody who is in more groups of a conflict than one may.
#[derive(Clone, Debug)]
pub struct Breaching {
    /// Who.
    pub person: Arc<Person>,
    /// The groups of it that they are in, by id.
    pub groups: Vec<HeldGroup>,
}

/// A group of a conflict that somebody is in.
#[derive(Clone, Debug)]
pub struct HeldGroup {
    /// The group.
    pub group: GroupId,
    /// The shortest way to it: from a group that they are a direct member of, through those around it, to this one;
    /// each with its name. Of a direct member it is this one alone.
    pub path: Vec<(GroupId, String)>,
}

/// The effective members of groups, as far as they were looked at.
type Known = HashMap<No, RoaringBitmap>;

/// The people who are in more groups of a conflict than one may.
fn breaching(of: &Snapshot, conflict: &Conflict, now: Timestamp, known: &mut Known) -> RoaringBitmap {
    // Who is in at least one group so far, in at least two, … and in more than one may.
    let mut least = vec![RoaringBitmap::new(); conflict.at_most as usize + 1];
    for no in conflict.groups.iter().filter_map(|id| of.group_no(*id)) {
        let Some(node) = of.group(no) else { continue };
        let members = known.entry(no).or_insert_with(|| of.effective_members(node, now));
        for n in (1..least.len()).rev() {
            let again = &least[n - 1] & &*members;
            least[n] |= again;
        }
        least[0] |= &*members;
    }
    least.pop().unwrap_or_default()
}

/// The shortest way from a group that the user is a direct member of to this one; none when there is no way.
fn path(of: &Snapshot, direct: &[No], to: No) -> Option<Vec<No>> {
    let leads = |no: &No| *no == to || of.group(*no).is_some_and(|node| node.above.contains(to));
    let mut came: HashMap<No, Option<No>> = direct.iter().filter(|no| leads(no)).map(|no| (*no, None)).collect();
    let mut open: VecDeque<No> = direct.iter().copied().filter(|no| leads(no)).collect();
    while let Some(no) = open.pop_front() {
        if no == to {
            let mut way: Vec<No> = std::iter::successors(Some(no), |no| came.get(no).copied().flatten()).collect();
            way.reverse();
            return Some(way);
        }
        for parent in of.group(no).into_iter().flat_map(|node| node.parents.iter().copied()).filter(&leads) {
            came.entry(parent).or_insert_with(|| {
                open.push_back(parent);
                Some(no)
            });
        }
    }
    None
}

fn told(of: &Snapshot, conflict: &Conflict, user: No, now: Timestamp) -> Option<Breaching> {
    let person = Arc::clone(&of.user(user)?.person);
    let direct = of.direct_groups(user, now);
    let named = |no: No| of.group(no).map(|node| (node.record.id, node.record.name.clone()));
    let held = |group: &GroupId| {
        let way = path(of, &direct, of.group_no(*group)?)?;
        Some(HeldGroup { group: *group, path: way.into_iter().filter_map(named).collect() })
    };
    Some(Breaching { person, groups: conflict.groups.iter().filter_map(held).collect() })
}

impl Engine {
    /// The company in memory; where it is not held, read for this call.
    async fn whole(&self, conn: &mut Conn, company: CompanyId) -> Result<Arc<Snapshot>> {
        match self.view(company).await {
            Some(view) => Ok(view),
            None => {
                conn.begin_snapshot().await?;
                let read = self.index().read(conn, company).await?.unwrap_or_default();
                conn.end_snapshot().await?;
                Ok(Arc::new(read))
            }
        }
    }

    /// Puts to each conflict how many people are in breach of it.
    pub(super) async fn count_breaches(
        &self,
        conn: &mut Conn,
        company: CompanyId,
        all: Vec<Conflict>,
    ) -> Result<Vec<CountedConflict>> {
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let (view, now, mut known) = (self.whole(conn, company).await?, self.clock().now(), Known::new());
        let one = |conflict: Conflict| CountedConflict {
            breaches: breaching(&view, &conflict, now, &mut known).len(),
            conflict,
        };
        Ok(all.into_iter().map(one).collect())
    }

    /// One page of the people who are in more groups of a conflict than one may, by id.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Forbidden`], [`guildhall_domain::Error::NotFound`].
    pub async fn breaches(
        &self,
        caller: &Caller,
        id: ConflictId,
        ask: &Ask<UserId>,
    ) -> Result<Page<Breaching, UserId>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let mut conn = self.db().reader().await?;
        let conflict = get(&mut conn, caller.company, id).await?;
        let (view, now) = (self.whole(&mut conn, caller.company).await?, self.clock().now());
        let found = breaching(&view, &conflict, now, &mut Known::new());
        let mut found: Vec<(UserId, No)> = found.iter().filter_map(|no| Some((view.user(no)?.person.id, no))).collect();
        found.sort_unstable();
        let total = ask.total.then_some(found.len() as u64);
        let skipped = match ask.from {
            From::Start => 0,
            From::After(after) => found.partition_point(|(user, _)| *user <= after),
            From::Offset(n) => usize::try_from(n).unwrap_or(usize::MAX),
        };
        let some = found.into_iter().skip(skipped).take(ask.limit as usize + 1).collect();
        let page = Page::cut(some, ask.limit, total, |(user, _)| *user);
        let items = page.items.into_iter().filter_map(|(_, no)| told(&view, &conflict, no, now)).collect();
        Ok(Page { items, next: page.next, total: page.total })
    }
}
