//! One company at one revision, in memory: who is in what, both ways, and what nesting makes of it.
//!
//! Users and groups are known inside by small numbers, given once and never given again. A snapshot never changes;
//! the next one shares all that stayed the same with it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use guildhall_domain::Timestamp;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::person::Person;
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::giving::Giving;
use super::having::Having;
use super::members::{Entry, Members, Standing, TIMED, entry};
use super::search::Trigrams;
use super::sorted::Sorted;
use super::table::Table;
use crate::rendered::SharedGroup;

/// A user's or group's number.
pub(crate) type No = u32;

/// A person and the groups they have reasons in.
#[derive(Clone, Debug)]
pub(crate) struct UserNode {
    pub person: Arc<Person>,
    /// As the person's status has it: most questions then need not look at the person.
    counts: bool,
    /// The groups in which a reason is open, by number.
    pub joined: Box<[Joined]>,
}

/// A group in which a user has open reasons. A plain one needs no look at the group's list, which for a large group
/// is far away in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Joined(u32);

impl Joined {
    /// The group, and whether its [`Entry`] of this user is timed.
    pub(super) fn new(group: No, timed: bool) -> Self {
        Self(group << 1 | u32::from(timed))
    }

    /// The group.
    pub(crate) fn group(self) -> No {
        self.0 >> 1
    }

    fn timed(self) -> bool {
        self.0 & 1 == 1
    }
}

impl UserNode {
    pub(super) fn new(person: Person, joined: Box<[Joined]>) -> Self {
        Self { counts: person.counts(), person: Arc::new(person), joined }
    }

    /// Puts what the person is called now; the groups stay.
    pub(super) fn set(&mut self, person: Person) {
        *self = Self::new(person, std::mem::take(&mut self.joined));
    }

    /// Is the user's membership of anything counted at all?
    pub(crate) fn counts(&self) -> bool {
        self.counts
    }

    fn joined(&self, group: No) -> Result<usize, usize> {
        self.joined.binary_search_by_key(&group, |joined| joined.group())
    }
}

/// A live group, who has reasons in it, and its place among the groups.
#[derive(Clone, Debug)]
pub(crate) struct GroupNode {
    pub record: SharedGroup,
    /// The folded name.
    pub name_key: Arc<str>,
    /// The folded name and description, which a search looks through.
    pub search_key: Arc<str>,
    /// By user id.
    pub members: Members,
    pub parents: Vec<No>,
    pub children: Vec<No>,
    /// Every group around this one, at any distance; shared and mostly empty.
    pub above: Arc<RoaringBitmap>,
    /// Every group inside this one, at any distance.
    pub below: Arc<RoaringBitmap>,
}

/// A group in the order of names.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub key: Arc<str>,
    pub id: GroupId,
    pub no: No,
}

/// A group in the order of creation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Born {
    pub at: Timestamp,
    pub id: GroupId,
    pub no: No,
}

/// One company at one revision.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    pub revision: u64,
    /// When that revision was recorded.
    pub recorded_at: Option<Timestamp>,
    pub users: Table<Arc<UserNode>>,
    pub groups: Table<Option<Arc<GroupNode>>>,
    pub user_numbers: Sorted<(UserId, No)>,
    pub group_numbers: Sorted<(GroupId, No)>,
    pub by_name: Sorted<Named>,
    pub by_birth: Sorted<Born>,
    pub trigrams: Trigrams,
    /// What the groups give.
    pub giving: Arc<Giving>,
    /// Who has which app.
    pub having: Having,
    /// Connections that synced reasons come from, by the number that entries name them by.
    pub sources: Arc<Vec<Uuid>>,
    /// An empty set, shared by all groups that nest nowhere.
    pub nowhere: Arc<RoaringBitmap>,
}

impl Snapshot {
    /// The present, of a clock that may have jumped back: never before what is shown was recorded.
    pub(crate) fn present(&self, now: Timestamp) -> Timestamp {
        self.recorded_at.map_or(now, |recorded| now.max(recorded))
    }

    /// The number of a user.
    pub(crate) fn user_no(&self, id: UserId) -> Option<No> {
        self.user_numbers.get(|(other, _)| other.cmp(&id)).map(|(_, no)| *no)
    }

    /// The number of a live group.
    pub(crate) fn group_no(&self, id: GroupId) -> Option<No> {
        self.group_numbers.get(|(other, _)| other.cmp(&id)).map(|(_, no)| *no)
    }

    /// A user by number.
    pub(crate) fn user(&self, no: No) -> Option<&Arc<UserNode>> {
        self.users.get(no)
    }

    /// A live group by number.
    pub(crate) fn group(&self, no: No) -> Option<&Arc<GroupNode>> {
        self.groups.get(no)?.as_ref()
    }

    /// A live group by id.
    pub(crate) fn group_by_id(&self, id: GroupId) -> Option<&Arc<GroupNode>> {
        self.group(self.group_no(id)?)
    }

    /// How the user of an entry stands to a user id, for the order of members.
    pub(super) fn order(&self, entry: &Entry, id: UserId) -> Ordering {
        self.user(entry.user).map_or(Ordering::Less, |user| user.person.id.cmp(&id))
    }

    /// Since when the user of an entry is a direct member, if they are one at `now`.
    pub(crate) fn standing(&self, group: &GroupNode, entry: &Entry, now: Timestamp) -> Option<Timestamp> {
        if !self.user(entry.user)?.counts() {
            return None;
        }
        if entry.tag != TIMED {
            return Some(Timestamp::from_micros(entry.added));
        }
        let standings = group.members.standings(entry.user).iter();
        standings.filter(|standing| standing.window.holds(now)).map(|standing| standing.added_at).min()
    }

    /// Does the connection hold the user in the group at `now`?
    pub(crate) fn is_kept_by(&self, group: &GroupNode, user: No, connection: Uuid, now: Timestamp) -> bool {
        let Some(entry) = self.user(user).and_then(|node| self.entry(group, node.person.id)) else { return false };
        if entry.tag != TIMED {
            let source = entry.tag.checked_sub(2).and_then(|source| self.sources.get(source as usize));
            return source == Some(&connection);
        }
        let mut standings = group.members.standings(user).iter();
        standings.any(|s| s.kind == ReasonKind::Synced && s.source == connection && s.window.holds(now))
    }

    /// The entry of a user in a group.
    pub(crate) fn entry<'s>(&'s self, group: &'s GroupNode, user: UserId) -> Option<&'s Entry> {
        group.members.entries.get(|entry| self.order(entry, user))
    }

    /// Since when the user is a direct member of the group, if they are one at `now`.
    pub(crate) fn since(&self, user: No, group: No, now: Timestamp) -> Option<Timestamp> {
        let node = self.user(user)?;
        // Most questions are answered no: the user's own list, which is short, tells that first.
        node.joined(group).ok()?;
        let group = self.group(group)?;
        self.standing(group, self.entry(group, node.person.id)?, now)
    }

    /// Does a reason of the user in a group of theirs stand at `now`?
    fn stands(&self, user: No, node: &UserNode, joined: Joined, now: Timestamp) -> bool {
        node.counts && (!joined.timed() || self.since(user, joined.group(), now).is_some())
    }

    /// Is the user a direct member of the group at `now`?
    pub(crate) fn is_direct(&self, user: No, group: No, now: Timestamp) -> bool {
        self.user(user)
            .is_some_and(|node| node.joined(group).is_ok_and(|at| self.stands(user, node, node.joined[at], now)))
    }

    /// Is the user an effective member of the group at `now`?
    pub(crate) fn is_effective(&self, user: No, group: No, now: Timestamp) -> bool {
        let Some(node) = self.user(user) else { return false };
        node.joined.iter().any(|joined| {
            let at = joined.group();
            let reaches = at == group || self.group(at).is_some_and(|node| node.above.contains(group));
            reaches && self.stands(user, node, *joined, now)
        })
    }

    /// The groups that the user is a direct member of at `now`, by number.
    pub(crate) fn direct_groups(&self, user: No, now: Timestamp) -> Vec<No> {
        let Some(node) = self.user(user) else { return Vec::new() };
        let standing = node.joined.iter().filter(|joined| self.stands(user, node, **joined, now));
        standing.map(|joined| joined.group()).collect()
    }

    /// The groups that the user is an effective member of at `now`.
    pub(crate) fn effective_groups(&self, user: No, now: Timestamp) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for group in self.direct_groups(user, now) {
            all.insert(group);
            if let Some(node) = self.group(group) {
                all |= &*node.above;
            }
        }
        all
    }

    /// The direct members of a group at `now` behind a user id, by user id, with the instant of their adding.
    pub(crate) fn members_after<'s>(
        &'s self,
        group: &'s GroupNode,
        after: Option<UserId>,
        now: Timestamp,
    ) -> impl Iterator<Item = (No, Timestamp)> + use<'s> {
        let entries = match after {
            None => group.members.entries.iter(),
            // What compares equal comes last before what follows.
            Some(id) => group.members.entries.iter_from(|entry| match self.order(entry, id) {
                Ordering::Equal => Ordering::Less,
                other => other,
            }),
        };
        entries.filter_map(move |entry| Some((entry.user, self.standing(group, entry, now)?)))
    }

    /// The direct members of a group at `now` by the instant of their adding, then by user id.
    pub(crate) fn by_added<'s>(&self, group: &'s GroupNode, now: Timestamp) -> Cow<'s, [(No, Timestamp)]> {
        let members = &group.members;
        let ordered = members.by_added.get_or_init(|| {
            let all = members.entries.iter().map(|entry| (entry.user, Timestamp::from_micros(entry.added)));
            let mut all: Vec<(No, Timestamp)> = all.collect();
            // Stable: the entries come by user id.
            all.sort_by_key(|(_, added)| *added);
            all.into_boxed_slice()
        });
        if members.plain == ordered.len() {
            return Cow::Borrowed(ordered);
        }
        // Some do not count now, or since another instant than their earliest reason's.
        let id = |no: No| self.user(no).map(|user| user.person.id);
        let mut all: Vec<(No, Timestamp)> = self.members_after(group, None, now).collect();
        all.sort_by(|(a, a_at), (b, b_at)| a_at.cmp(b_at).then_with(|| id(*a).cmp(&id(*b))));
        Cow::Owned(all)
    }

    /// The number of direct members of a group at `now`.
    pub(crate) fn count_direct(&self, group: &GroupNode, now: Timestamp) -> usize {
        let timed = group.members.timed.iter().filter(|timed| {
            let counts = self.user(timed.user).is_some_and(|user| user.counts());
            counts && timed.standings.iter().any(|standing| standing.window.holds(now))
        });
        group.members.plain + timed.count()
    }

    /// The effective members of a group at `now`, by number.
    pub(crate) fn effective_members(&self, group: &GroupNode, now: Timestamp) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        let below = group.below.iter().filter_map(|no| self.group(no).map(|node| &**node));
        for group in std::iter::once(group).chain(below) {
            let members = group.members.entries.iter();
            all.extend(members.filter(|entry| self.standing(group, entry, now).is_some()).map(|entry| entry.user));
        }
        all
    }

    /// The effective members of a group at `now` behind a user id, by user id; for each, since when they are a direct
    /// one, if they are.
    pub(crate) fn effective_after<'s>(
        &'s self,
        group: &'s GroupNode,
        after: Option<UserId>,
        now: Timestamp,
    ) -> impl Iterator<Item = (No, Option<Timestamp>)> + use<'s> {
        let below = group.below.iter().filter_map(|no| self.group(no).map(|node| &**node));
        let mut lists: Vec<_> = std::iter::once(group)
            .chain(below)
            .filter(|group| group.members.entries.len() > 0)
            .map(|group| self.members_after(group, after, now).peekable())
            .collect();
        let owns_first = group.members.entries.len() > 0;
        let mut heads: std::collections::BinaryHeap<_> =
            lists.iter_mut().enumerate().filter_map(|(list, members)| self.head(members.peek()?.0, list)).collect();
        std::iter::from_fn(move || {
            let std::cmp::Reverse((id, _)) = *heads.peek()?;
            let mut found = None;
            let mut direct = None;
            while let Some(std::cmp::Reverse((same, list))) = heads.peek().copied().filter(|head| head.0.0 == id) {
                debug_assert_eq!(same, id);
                heads.pop();
                if let Some((user, added)) = lists[list].next() {
                    found = Some(user);
                    if list == 0 && owns_first {
                        direct = Some(added);
                    }
                }
                if let Some((next, _)) = lists[list].peek() {
                    heads.extend(self.head(*next, list));
                }
            }
            Some((found?, direct))
        })
    }

    fn head(&self, user: No, list: usize) -> Option<std::cmp::Reverse<(UserId, usize)>> {
        Some(std::cmp::Reverse((self.user(user)?.person.id, list)))
    }

    /// Puts what the open reasons of a user in a group come to, or takes it away.
    pub(super) fn put_entry(&mut self, group: No, user: No, open: &[Standing]) {
        let Some(id) = self.user(user).map(|node| node.person.id) else { return };
        let counts = self.user(user).is_some_and(|node| node.counts());
        let new = entry(user, open, &mut self.sources);
        let Some(mut node) = self.group(group).cloned() else { return };
        let members = &mut Arc::make_mut(&mut node).members;
        let users = &self.users;
        let order = |entry: &Entry| users.get(entry.user).map_or(Ordering::Less, |user| user.person.id.cmp(&id));
        let old = members.entries.get(order).copied();
        let plain = |entry: &Entry| entry.tag != TIMED;
        members.plain -= usize::from(counts && old.as_ref().is_some_and(plain));
        if old.is_some_and(|old| !plain(&old)) {
            members.timed.remove(|timed| timed.user.cmp(&user));
        }
        match &new {
            Some((entry, timed)) => {
                members.entries.put(*entry, order);
                members.plain += usize::from(counts && plain(entry));
                if let Some(timed) = timed {
                    members.timed.put(timed.clone(), |other| other.user.cmp(&user));
                }
            }
            None => drop(members.entries.remove(order)),
        }
        members.by_added = Arc::default();
        self.set_group(group, Some(node));
        let timed = |entry: &Entry| !plain(entry);
        let joins = new.as_ref().map(|(entry, _)| timed(entry));
        if old.as_ref().map(timed) != joins {
            self.join(user, group, joins);
        }
    }

    /// Notes at the user that they have an open reason in the group, and whether it is timed; or none any more.
    fn join(&mut self, user: No, group: No, joins: Option<bool>) {
        let Some(node) = self.users.get_mut(user) else { return };
        let node = Arc::make_mut(node);
        let place = node.joined(group);
        let mut joined = std::mem::take(&mut node.joined).into_vec();
        match (place, joins) {
            (Err(at), Some(timed)) => joined.insert(at, Joined::new(group, timed)),
            (Ok(at), Some(timed)) => joined[at] = Joined::new(group, timed),
            (Ok(at), None) => drop(joined.remove(at)),
            (Err(_), None) => {}
        }
        node.joined = joined.into_boxed_slice();
    }

    /// Notes at the user that the group is gone.
    pub(super) fn leave(&mut self, user: No, group: No) {
        self.join(user, group, None);
    }

    pub(super) fn set_group(&mut self, no: No, node: Option<Arc<GroupNode>>) {
        if let Some(place) = self.groups.get_mut(no) {
            *place = node;
        }
    }

    /// A user began or ceased to count: plain entries are counted anew by one in each group.
    pub(super) fn count_user(&mut self, user: No, counts: bool) {
        let Some(node) = self.user(user).cloned() else { return };
        for joined in node.joined.iter().filter(|joined| !joined.timed()) {
            let Some(mut group) = self.group(joined.group()).cloned() else { continue };
            let members = &mut Arc::make_mut(&mut group).members;
            if counts {
                members.plain += 1
            } else {
                members.plain -= 1
            }
            self.set_group(joined.group(), Some(group));
        }
    }
}
