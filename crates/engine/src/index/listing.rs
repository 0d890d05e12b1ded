//! Pages of groups and members out of a snapshot, in the orders that listings have.

use std::cmp::Ordering;
use std::hint::black_box;
use std::sync::Arc;

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::membership::Member;
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Order, Page};
use guildhall_domain::{Error, Result, Timestamp};

use super::snapshot::{GroupNode, No, Snapshot, UserNode};
use crate::rendered::SharedGroup;
use crate::{Added, GroupFilter, GroupKey, GroupSort};

/// A page of rows that come in order, `from` a place that they begin at already unless it is an offset.
fn page<T, K, F>(
    rows: impl Iterator<Item = T>,
    ask: &Ask<F>,
    total: Option<u64>,
    key: impl FnOnce(&T) -> K,
) -> Page<T, K> {
    let skipped = if let From::Offset(n) = ask.from { usize::try_from(n).unwrap_or(usize::MAX) } else { 0 };
    let rows: Vec<T> = rows.skip(skipped).take(ask.limit as usize + 1).collect();
    Page::cut(rows, ask.limit, total, key)
}

fn key_of(sort: GroupSort) -> impl Fn(&&GroupNode) -> GroupKey {
    move |node| match sort {
        GroupSort::Name => GroupKey::Name(node.name_key.to_string(), node.record.id),
        GroupSort::Created => GroupKey::Created(node.record.created_at, node.record.id),
    }
}

fn records(page: Page<&GroupNode, GroupKey>) -> Page<SharedGroup, GroupKey> {
    page.map(|node| Arc::clone(&node.record))
}

/// The rows of a page of members. People lie all over the memory; each is looked at once before the first is used, in
/// loops so short that the processor waits for many of them at a time instead of for one after the other.
fn members(page: Page<(&Arc<UserNode>, Option<Timestamp>), UserId>) -> Page<Member, UserId> {
    for (node, _) in &page.items {
        black_box(node.person.status);
    }
    for (node, _) in &page.items {
        black_box(node.person.name().as_bytes().first());
    }
    page.map(|(node, added_at)| Member { person: Arc::clone(&node.person), added_at })
}

impl Snapshot {
    fn nodes<'s>(&'s self, of: impl Iterator<Item = No> + 's) -> impl Iterator<Item = &'s GroupNode> + 's {
        of.filter_map(|no| self.group(no).map(|node| &**node))
    }

    /// One page of live groups; what `filter` says of their state is not asked.
    pub(crate) fn list(
        &self,
        filter: &GroupFilter,
        sort: GroupSort,
        order: Order,
        ask: &Ask<GroupKey>,
    ) -> Result<Page<SharedGroup, GroupKey>> {
        let after = match (&ask.from, sort) {
            (From::After(key @ GroupKey::Name(..)), GroupSort::Name)
            | (From::After(key @ GroupKey::Created(..)), GroupSort::Created) => Some(key),
            (From::After(_), _) => return Err(Error::invalid("cursor", "belongs to a listing in another order")),
            _ => None,
        };
        let text = filter.text.as_deref().map(fold).filter(|text| !text.is_empty());
        let Some(text) = text else {
            let total = ask.total.then_some(self.by_name.len() as u64);
            return Ok(records(page(self.in_order(sort, order, after), ask, total, key_of(sort))));
        };
        let holds = |node: &&GroupNode| {
            if filter.name_only { node.name_key.contains(&*text) } else { node.search_key.contains(&*text) }
        };
        let Some(candidates) = self.trigrams.candidates(&text) else {
            let total = ask.total.then(|| self.in_order(sort, order, None).filter(holds).count() as u64);
            return Ok(records(page(self.in_order(sort, order, after).filter(holds), ask, total, key_of(sort))));
        };
        let mut found: Vec<&GroupNode> = self.nodes(candidates.iter()).filter(holds).collect();
        let total = ask.total.then_some(found.len() as u64);
        let compare = |a: &GroupNode, b: &GroupNode| {
            let by_key = match sort {
                GroupSort::Name => a.name_key.cmp(&b.name_key),
                GroupSort::Created => a.record.created_at.cmp(&b.record.created_at),
            };
            let ascending = by_key.then_with(|| a.record.id.cmp(&b.record.id));
            if order == Order::Ascending { ascending } else { ascending.reverse() }
        };
        found.retain(|node| after.is_none_or(|key| beyond(node, key, order)));
        found.sort_unstable_by(|a, b| compare(a, b));
        Ok(records(page(found.into_iter(), ask, total, key_of(sort))))
    }

    /// The live groups of a name, in any letter case, by id.
    pub(crate) fn named(&self, name: &str) -> Vec<GroupId> {
        let key = fold(name);
        let from = self.by_name.iter_from(|named| (&*named.key, named.id).cmp(&(&*key, GroupId::NIL)));
        from.take_while(|named| *named.key == *key).map(|named| named.id).collect()
    }

    /// All live groups in an order, behind a key.
    fn in_order<'s>(
        &'s self,
        sort: GroupSort,
        order: Order,
        after: Option<&GroupKey>,
    ) -> Box<dyn Iterator<Item = &'s GroupNode> + 's> {
        // What compares equal to the key stands on the near side of where the listing goes on.
        let near = |ordering: Ordering| match (ordering, order) {
            (Ordering::Equal, Order::Ascending) => Ordering::Less,
            (Ordering::Equal, Order::Descending) => Ordering::Equal,
            (other, _) => other,
        };
        match (sort, after) {
            (GroupSort::Name, Some(GroupKey::Name(key, id))) => {
                let cmp = |named: &super::snapshot::Named| near((&*named.key, named.id).cmp(&(key.as_str(), *id)));
                match order {
                    Order::Ascending => Box::new(self.nodes(self.by_name.iter_from(cmp).map(|named| named.no))),
                    Order::Descending => Box::new(self.nodes(self.by_name.iter_back_from(cmp).map(|named| named.no))),
                }
            }
            (GroupSort::Created, Some(GroupKey::Created(at, id))) => {
                let cmp = |born: &super::snapshot::Born| near((born.at, born.id).cmp(&(*at, *id)));
                match order {
                    Order::Ascending => Box::new(self.nodes(self.by_birth.iter_from(cmp).map(|born| born.no))),
                    Order::Descending => Box::new(self.nodes(self.by_birth.iter_back_from(cmp).map(|born| born.no))),
                }
            }
            (GroupSort::Name, _) => match order {
                Order::Ascending => Box::new(self.nodes(self.by_name.iter().map(|named| named.no))),
                Order::Descending => Box::new(self.nodes(self.by_name.iter_back().map(|named| named.no))),
            },
            (GroupSort::Created, _) => match order {
                Order::Ascending => Box::new(self.nodes(self.by_birth.iter().map(|born| born.no))),
                Order::Descending => Box::new(self.nodes(self.by_birth.iter_back().map(|born| born.no))),
            },
        }
    }

    /// One page of the groups that a user is a member of at `now`, by name; for each, whether directly.
    pub(crate) fn groups_of(
        &self,
        user: No,
        effective: bool,
        now: Timestamp,
        ask: &Ask<GroupKey>,
    ) -> Result<Page<(SharedGroup, bool), GroupKey>> {
        let after = match &ask.from {
            From::After(key @ GroupKey::Name(..)) => Some(key),
            From::After(_) => return Err(Error::invalid("cursor", "belongs to a listing in another order")),
            _ => None,
        };
        let direct = self.direct_groups(user, now);
        let mut found: Vec<(&GroupNode, bool)> = if effective {
            let all = self.effective_groups(user, now);
            let told = |no: No| Some((&**self.group(no)?, direct.binary_search(&no).is_ok()));
            all.iter().filter_map(told).collect()
        } else {
            self.nodes(direct.into_iter()).map(|node| (node, true)).collect()
        };
        // As with people: the waits for groups that lie far apart overlap when each is looked at first.
        for (node, _) in &found {
            black_box((node.name_key.as_bytes().first(), node.record.id));
        }
        let total = ask.total.then_some(found.len() as u64);
        found.retain(|(node, _)| after.is_none_or(|key| beyond(node, key, Order::Ascending)));
        found.sort_unstable_by(|(a, _), (b, _)| (&a.name_key, a.record.id).cmp(&(&b.name_key, b.record.id)));
        let key = |(node, _): &(&GroupNode, bool)| key_of(GroupSort::Name)(node);
        Ok(page(found.into_iter(), ask, total, key).map(|(node, direct)| (Arc::clone(&node.record), direct)))
    }

    /// One page of the members of a group at `now`, by user id.
    pub(crate) fn members(
        &self,
        group: &GroupNode,
        effective: bool,
        now: Timestamp,
        ask: &Ask<UserId>,
    ) -> Page<Member, UserId> {
        let after = if let From::After(id) = ask.from { Some(id) } else { None };
        let key = |(node, _): &(&Arc<UserNode>, Option<Timestamp>)| node.person.id;
        if effective {
            let total = ask.total.then(|| self.effective_members(group, now).len());
            let all = self.effective_after(group, after, now);
            return members(page(all.filter_map(|(user, added)| Some((self.user(user)?, added))), ask, total, key));
        }
        let total = ask.total.then(|| self.count_direct(group, now) as u64);
        let all = self.members_after(group, after, now);
        members(page(all.filter_map(|(user, added)| Some((self.user(user)?, Some(added)))), ask, total, key))
    }

    /// One page of the direct members of a group at `now` that were added in a span, by the instant of their adding,
    /// then user id; with the number of all of them.
    pub(crate) fn members_by_added(
        &self,
        group: &GroupNode,
        now: Timestamp,
        added: Added,
        order: Order,
        (limit, offset): (u32, u64),
    ) -> (Vec<(UserId, Timestamp)>, u64) {
        let all = self.by_added(group, now);
        let from = all.partition_point(|(_, at)| *at < added.from);
        let to = all.partition_point(|(_, at)| *at < added.before).max(from);
        let (span, skipped) = (&all[from..to], usize::try_from(offset).unwrap_or(usize::MAX));
        let told = |(user, at): &(No, Timestamp)| Some((self.user(*user)?.person.id, *at));
        let members = match order {
            Order::Ascending => span.iter().skip(skipped).take(limit as usize).filter_map(told).collect(),
            Order::Descending => span.iter().rev().skip(skipped).take(limit as usize).filter_map(told).collect(),
        };
        (members, span.len() as u64)
    }
}

/// Does the group stand behind the key, in this order?
fn beyond(node: &GroupNode, key: &GroupKey, order: Order) -> bool {
    let ordering = match key {
        GroupKey::Name(name, id) => (&*node.name_key, node.record.id).cmp(&(name.as_str(), *id)),
        GroupKey::Created(at, id) => (node.record.created_at, node.record.id).cmp(&(*at, *id)),
    };
    ordering == if order == Order::Ascending { Ordering::Greater } else { Ordering::Less }
}
