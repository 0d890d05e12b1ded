//! As of an instant: what the server would have answered then. Rows recorded by it, windows as known then.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use guildhall_domain::caller::Caller;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{CompanyId, GroupId, RoleId, UserId};
use guildhall_domain::membership::{Member, Reason};
use guildhall_domain::name::fold;
use guildhall_domain::nesting::Reach;
use guildhall_domain::page::{Ask, From, Order, Page};
use guildhall_domain::person::Person;
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::groups::GONE;
use crate::store::db::Reader;
use crate::store::nestings::Towards;
use crate::store::{Conn, groups, past as rows, roles};
use crate::{Engine, GroupFilter, GroupKey, GroupSort, MemberCount, Question, Shown, nestings, users};

/// The instant, unless it is yet to come.
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub(crate) fn passed(field: &str, at: Timestamp, now: Timestamp) -> Result<Timestamp> {
    if at > now { Err(Error::invalid(field, "is in the future")) } else { Ok(at) }
}

/// The group as it is, or was at an instant, in whatever state.
pub(crate) async fn group(
    conn: &mut Conn,
    company: CompanyId,
    id: GroupId,
    then: Option<Timestamp>,
) -> Result<Option<Group>> {
    Ok(self::groups(conn, company, &[id], then).await?.pop())
}

/// Those of these groups that there are, or were at an instant, in whatever state; in no order.
pub(crate) async fn groups(
    conn: &mut Conn,
    company: CompanyId,
    ids: &[GroupId],
    then: Option<Timestamp>,
) -> Result<Vec<Group>> {
    match then {
        None => groups::get_each(conn, company, ids).await,
        Some(t) => rows::groups_then(conn, company, ids, t).await,
    }
}

/// The direct groups of a user at an instant, which may be archived ones only where rows are broken; by id.
pub(crate) async fn direct_groups(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    t: Timestamp,
) -> Result<BTreeSet<GroupId>> {
    Ok(rows::groups_of_each(conn, company, &[user], t).await?.pop().unwrap_or_default())
}

/// The effective groups of a user at an instant; for each, whether directly.
pub(crate) async fn all_groups(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    t: Timestamp,
) -> Result<BTreeMap<GroupId, bool>> {
    Ok(joined_by_each(conn, company, &[user], t).await?.pop().unwrap_or_default())
}

/// The effective groups of each of many users at an instant; for each group, whether directly.
async fn joined_by_each(
    conn: &mut Conn,
    company: CompanyId,
    users: &[UserId],
    t: Timestamp,
) -> Result<Vec<BTreeMap<GroupId, bool>>> {
    let direct = rows::groups_of_each(conn, company, users, t).await?;
    let from: BTreeSet<GroupId> = direct.iter().flatten().copied().collect();
    let from: Vec<GroupId> = from.into_iter().collect();
    let around = nestings::reach(conn, company, &from, Towards::Parents, Some(t)).await?;
    Ok(direct.into_iter().map(|direct| joined(direct, &around)).collect())
}

/// The effective groups that direct ones come to, with what is around them; for each group, whether directly.
pub(crate) fn joined(direct: impl IntoIterator<Item = GroupId>, around: &Reach) -> BTreeMap<GroupId, bool> {
    let mut all: BTreeMap<GroupId, bool> = direct.into_iter().map(|group| (group, true)).collect();
    let mut open: Vec<GroupId> = all.keys().copied().collect();
    while let Some(group) = open.pop() {
        for parent in around.next(group) {
            if let Entry::Vacant(place) = all.entry(*parent) {
                place.insert(false);
                open.push(*parent);
            }
        }
    }
    all
}

/// Everybody who was an effective member of a group at an instant; for each, since when directly.
pub(crate) async fn all_members(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    t: Timestamp,
) -> Result<BTreeMap<UserId, Option<Timestamp>>> {
    let below = nestings::reach(conn, company, &[group], Towards::Children, Some(t)).await?.groups();
    let lists = rows::all_members_of_each(conn, company, &below, t).await?;
    let mut all = BTreeMap::new();
    for (of, members) in below.into_iter().zip(lists) {
        for (user, added) in members {
            let entry = all.entry(user).or_insert(None);
            if of == group {
                *entry = Some(added);
            }
        }
    }
    Ok(all)
}

/// The places of what is asked of the present, and of each instant.
fn by_instant<T>(asked: &[(T, Option<Timestamp>)]) -> BTreeMap<Option<Timestamp>, Vec<usize>> {
    let mut all: BTreeMap<Option<Timestamp>, Vec<usize>> = BTreeMap::new();
    for (place, (_, at)) in asked.iter().enumerate() {
        all.entry(*at).or_default().push(place);
    }
    all
}

/// The people of these members, in their order.
async fn as_members(
    conn: &mut Conn,
    company: CompanyId,
    found: Vec<(UserId, Option<Timestamp>)>,
) -> Result<Vec<Member>> {
    let ids: Vec<UserId> = found.iter().map(|(user, _)| *user).collect();
    let people = rows::people(conn, company, &ids).await?;
    let mut people: HashMap<UserId, Arc<Person>> = people.into_iter().map(|person| (person.id, person)).collect();
    let member = |(user, added_at)| people.remove(&user).map(|person| Member { person, added_at });
    Ok(found.into_iter().filter_map(member).collect())
}

/// What the server would have answered at an instant, from the rows; of people, what they are called now.
#[derive(Debug)]
pub struct Past<'e> {
    engine: &'e Engine,
    at: Timestamp,
}

impl Engine {
    /// The company as it was at an instant.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `at` when it is in the future.
    pub fn as_of(&self, at: Timestamp) -> Result<Past<'_>> {
        Ok(Past { engine: self, at: self.passed("at", at)? })
    }

    /// The instant, unless it is yet to come.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `field`.
    pub fn passed(&self, field: &str, at: Timestamp) -> Result<Timestamp> {
        passed(field, at, self.clock().now())
    }

    /// As [`Engine::check`], each question of the present or of an instant of its own.
    ///
    /// # Errors
    /// As [`Engine::check`] and [`Engine::as_of`].
    pub async fn check_each(&self, caller: &Caller, asked: &[(Question, Option<Timestamp>)]) -> Result<Vec<bool>> {
        Question::bounded(asked.len())?;
        let mut answers = vec![false; asked.len()];
        for (at, places) in by_instant(asked) {
            let questions: Vec<Question> = places.iter().map(|place| asked[*place].0).collect();
            let found = match at {
                None => self.check(caller, &questions).await?,
                Some(at) => self.as_of(at)?.check(caller, &questions).await?,
            };
            for (place, answer) in places.into_iter().zip(found) {
                answers[place] = answer;
            }
        }
        Ok(answers)
    }

    /// As [`Engine::hold`], each pair of the present or of an instant of its own.
    ///
    /// # Errors
    /// As [`Engine::hold`] and [`Engine::as_of`].
    pub async fn hold_each(
        &self,
        caller: &Caller,
        asked: &[((UserId, RoleId), Option<Timestamp>)],
    ) -> Result<Vec<bool>> {
        let mut answers = vec![false; asked.len()];
        for (at, places) in by_instant(asked) {
            let pairs: Vec<(UserId, RoleId)> = places.iter().map(|place| asked[*place].0).collect();
            let found = match at {
                None => self.hold(caller, &pairs).await?,
                Some(at) => {
                    let users: BTreeSet<UserId> = pairs.iter().map(|(user, _)| *user).collect();
                    let users: Vec<UserId> = users.into_iter().collect();
                    let held = self.as_of(at)?.roles_of_each(caller, &users).await?;
                    let held: HashMap<UserId, BTreeSet<RoleId>> = users.into_iter().zip(held).collect();
                    pairs.iter().map(|(user, role)| held[user].contains(role)).collect()
                }
            };
            for (place, answer) in places.into_iter().zip(found) {
                answers[place] = answer;
            }
        }
        Ok(answers)
    }
}

impl Past<'_> {
    async fn read(&self, caller: &Caller, action: Action) -> Result<Reader<'_>> {
        authz::may_read(caller, action)?;
        let mut conn = self.engine.db().reader().await?;
        conn.begin_snapshot().await?;
        Ok(conn)
    }

    async fn live(&self, conn: &mut Conn, company: CompanyId, id: GroupId) -> Result<Group> {
        let found = group(conn, company, id, Some(self.at)).await?;
        found.filter(|group| group.state == GroupState::Live).ok_or(GONE)
    }

    /// One group.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was not there; [`Error::Forbidden`].
    pub async fn group(&self, caller: &Caller, id: GroupId, shown: Shown) -> Result<Group> {
        let mut conn = self.read(caller, Action::ReadDirectory).await?;
        let found = group(&mut conn, caller.company, id, Some(self.at)).await?;
        conn.end_snapshot().await?;
        let seen = |group: &Group| match group.state {
            GroupState::Live => true,
            GroupState::Archived => shown == Shown::Restorable,
            GroupState::Purged => false,
        };
        found.filter(seen).ok_or(GONE)
    }

    /// One page of groups.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] on a cursor of another order.
    pub async fn groups(
        &self,
        caller: &Caller,
        filter: &GroupFilter,
        sort: GroupSort,
        order: Order,
        ask: &Ask<GroupKey>,
    ) -> Result<Page<Group, GroupKey>> {
        let mut conn = self.read(caller, Action::ReadDirectory).await?;
        let mut found = rows::all_groups_then(&mut conn, caller.company, self.at).await?;
        conn.end_snapshot().await?;
        let (text, state) = (filter.text.as_deref().map(fold), filter.state.unwrap_or(GroupState::Live));
        found.retain(|group| {
            let holds = |text: &String| {
                let name = fold(&group.name);
                let described =
                    !filter.name_only && group.description.as_deref().is_some_and(|d| fold(d).contains(text));
                name.contains(text) || described
            };
            group.state == state && text.as_ref().is_none_or(holds)
        });
        page(found, sort, order, ask)
    }

    /// One page of the groups that a user was a direct or, with `effective`, also an indirect member of, by name; for
    /// each, whether directly.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there was no such user; [`Error::Forbidden`].
    pub async fn groups_of(
        &self,
        caller: &Caller,
        user: UserId,
        effective: bool,
        ask: &Ask<GroupKey>,
    ) -> Result<Page<(Group, bool), GroupKey>> {
        let (mut conn, company) = (self.read(caller, Action::ReadUser(user)).await?, caller.company);
        rows::person(&mut conn, company, user, Some(self.at)).await?.ok_or(users::GONE)?;
        let all = if effective {
            all_groups(&mut conn, company, user, self.at).await?
        } else {
            direct_groups(&mut conn, company, user, self.at).await?.into_iter().map(|group| (group, true)).collect()
        };
        let ids: Vec<GroupId> = all.keys().copied().collect();
        let mut found = rows::groups_then(&mut conn, company, &ids, self.at).await?;
        conn.end_snapshot().await?;
        found.retain(|group| group.state == GroupState::Live);
        let page = page(found, GroupSort::Name, Order::Ascending, ask)?;
        Ok(page.map(|group| {
            let direct = all.get(&group.id).copied().unwrap_or(false);
            (group, direct)
        }))
    }

    /// One page of the direct or, with `effective`, of all members of a group, by user id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn members(
        &self,
        caller: &Caller,
        group: GroupId,
        effective: bool,
        ask: &Ask<UserId>,
    ) -> Result<Page<Member, UserId>> {
        let (mut conn, company) = (self.read(caller, Action::ReadDirectory).await?, caller.company);
        self.live(&mut conn, company, group).await?;
        let (after, skipped) = match ask.from {
            From::Start => (None, 0),
            From::After(user) => (Some(user), 0),
            From::Offset(n) => (None, usize::try_from(n).unwrap_or(usize::MAX)),
        };
        let wanted = (ask.limit as usize + 1).saturating_add(skipped);
        let (found, mut total): (Vec<(UserId, Option<Timestamp>)>, _) = if effective {
            let all = all_members(&mut conn, company, group, self.at).await?;
            let total = all.len();
            (all.into_iter().filter(|(user, _)| after.is_none_or(|after| *user > after)).collect(), Some(total))
        } else {
            let after = after.unwrap_or(UserId::NIL);
            let some = rows::members_after(&mut conn, company, group, self.at, after, wanted).await?;
            (some.into_iter().map(|(user, added)| (user, Some(added))).collect(), None)
        };
        if ask.total && total.is_none() {
            total = rows::all_members_of_each(&mut conn, company, &[group], self.at).await?.first().map(BTreeMap::len);
        }
        let total = total.filter(|_| ask.total).map(|n| n as u64);
        let found: Vec<_> = found.into_iter().skip(skipped).take(ask.limit as usize + 1).collect();
        let page = Page::cut(found, ask.limit, total, |(user, _)| *user);
        let items = as_members(&mut conn, company, page.items).await?;
        conn.end_snapshot().await?;
        Ok(Page { items, next: page.next, total: page.total })
    }

    /// How many direct and effective members a group had.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn count_members(&self, caller: &Caller, group: GroupId) -> Result<MemberCount> {
        let (mut conn, company) = (self.read(caller, Action::ReadDirectory).await?, caller.company);
        self.live(&mut conn, company, group).await?;
        let all = all_members(&mut conn, company, group, self.at).await?;
        conn.end_snapshot().await?;
        let direct = all.values().filter(|added| added.is_some()).count() as u64;
        Ok(MemberCount { direct, effective: all.len() as u64 })
    }

    /// The user as a direct member of the group with all their reasons; none when they were not one.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there was no such group; [`Error::Forbidden`].
    pub async fn member(&self, caller: &Caller, group: GroupId, user: UserId) -> Result<Option<(Member, Vec<Reason>)>> {
        let (mut conn, company) = (self.read(caller, Action::ReadUser(user)).await?, caller.company);
        self.live(&mut conn, company, group).await?;
        let Some(person) = rows::person(&mut conn, company, user, Some(self.at)).await? else { return Ok(None) };
        if !direct_groups(&mut conn, company, user, self.at).await?.contains(&group) {
            return Ok(None);
        }
        let open = rows::reasons_of(&mut conn, company, user, Some(self.at)).await?;
        conn.end_snapshot().await?;
        let reasons: Vec<Reason> =
            open.into_iter().map(|given| given.reason).filter(|reason| reason.group == group).collect();
        let standing = reasons.iter().filter(|reason| reason.window.holds(self.at));
        let added_at = standing.map(|reason| reason.added_at).min();
        Ok(Some((Member { person, added_at }, reasons)))
    }

    /// The groups next to a group in one direction or, with `all`, all that nesting reached, each once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn nested(&self, caller: &Caller, group: GroupId, towards: Towards, all: bool) -> Result<Vec<Group>> {
        let (mut conn, company) = (self.read(caller, Action::ReadDirectory).await?, caller.company);
        self.live(&mut conn, company, group).await?;
        let ids = nestings::around(&mut conn, company, group, towards, all, Some(self.at)).await?;
        let mut found = rows::groups_then(&mut conn, company, &ids, self.at).await?;
        conn.end_snapshot().await?;
        found.sort_unstable_by_key(|group| group.id);
        Ok(found)
    }

    /// Answers questions about membership, in their order, as [`Engine::check`] would have.
    ///
    /// # Errors
    /// As [`Engine::check`].
    pub async fn check(&self, caller: &Caller, questions: &[Question]) -> Result<Vec<bool>> {
        Question::bounded(questions.len())?;
        let users: BTreeSet<UserId> = questions.iter().map(|question| question.user).collect();
        for user in &users {
            authz::may_read(caller, Action::ReadUser(*user))?;
        }
        let mut conn = self.engine.db().reader().await?;
        conn.begin_snapshot().await?;
        let users: Vec<UserId> = users.into_iter().collect();
        let joined = joined_by_each(&mut conn, caller.company, &users, self.at).await?;
        conn.end_snapshot().await?;
        let joined: HashMap<UserId, BTreeMap<GroupId, bool>> = users.into_iter().zip(joined).collect();
        let answer = |q: &Question| joined[&q.user].get(&q.group).is_some_and(|direct| *direct || q.effective);
        Ok(questions.iter().map(answer).collect())
    }

    /// The roles that each of these users held, by any group and within any scope; none of a user who was not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller may not see one of the users.
    pub async fn roles_of_each(&self, caller: &Caller, users: &[UserId]) -> Result<Vec<BTreeSet<RoleId>>> {
        for user in users {
            authz::may_read(caller, Action::ReadUser(*user))?;
        }
        let (mut conn, company) = (self.engine.db().reader().await?, caller.company);
        conn.begin_snapshot().await?;
        let joined = joined_by_each(&mut conn, company, users, self.at).await?;
        let groups: BTreeSet<GroupId> = joined.iter().flat_map(BTreeMap::keys).copied().collect();
        let groups: Vec<GroupId> = groups.into_iter().collect();
        let given = roles::given_then(&mut conn, company, &groups, self.at).await?;
        conn.end_snapshot().await?;
        let given: HashMap<GroupId, Vec<RoleId>> = groups.into_iter().zip(given).collect();
        Ok(joined.iter().map(|of| of.keys().flat_map(|group| &given[group]).copied().collect()).collect())
    }

    /// One page of the users who held a role, by id; nobody for a role that was not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn holders(&self, caller: &Caller, role: RoleId, ask: &Ask<UserId>) -> Result<Page<UserId, UserId>> {
        let (mut conn, company) = (self.read(caller, Action::ReadDirectory).await?, caller.company);
        let giving = roles::giving_then(&mut conn, company, role, self.at).await?;
        let below = nestings::reach(&mut conn, company, &giving, Towards::Children, Some(self.at)).await?.groups();
        let lists = rows::all_members_of_each(&mut conn, company, &below, self.at).await?;
        conn.end_snapshot().await?;
        let all: BTreeSet<UserId> = lists.into_iter().flat_map(BTreeMap::into_keys).collect();
        let total = ask.total.then_some(all.len() as u64);
        let behind = |user: &UserId| !matches!(ask.from, From::After(after) if *user <= after);
        let found = all.into_iter().filter(behind).take(ask.limit as usize + 1).collect();
        Ok(Page::cut(found, ask.limit, total, |user| *user))
    }
}

/// One page of these groups, in this order.
fn page(all: Vec<Group>, sort: GroupSort, order: Order, ask: &Ask<GroupKey>) -> Result<Page<Group, GroupKey>> {
    let key = |group: &Group| match sort {
        GroupSort::Name => GroupKey::Name(fold(&group.name), group.id),
        GroupSort::Created => GroupKey::Created(group.created_at, group.id),
    };
    let mut keyed: Vec<(GroupKey, Group)> = all.into_iter().map(|group| (key(&group), group)).collect();
    keyed.sort_by(|(a, _), (b, _)| compare(a, b));
    if order == Order::Descending {
        keyed.reverse();
    }
    let total = ask.total.then_some(keyed.len() as u64);
    let skipped = match &ask.from {
        From::Start => 0,
        From::Offset(n) => usize::try_from(*n).unwrap_or(usize::MAX),
        From::After(after) => {
            let fits = matches!(
                (after, sort),
                (GroupKey::Name(..), GroupSort::Name) | (GroupKey::Created(..), GroupSort::Created)
            );
            if !fits {
                return Err(Error::invalid("cursor", "belongs to a listing in another order"));
            }
            keyed.partition_point(|(key, _)| {
                let towards = compare(key, after);
                (if order == Order::Ascending { towards } else { towards.reverse() }).is_le()
            })
        }
    };
    let rows = keyed.into_iter().skip(skipped).take(ask.limit as usize + 1).collect();
    Ok(Page::cut(rows, ask.limit, total, |(key, _): &(GroupKey, Group)| key.clone()).map(|(_, group)| group))
}

fn compare(a: &GroupKey, b: &GroupKey) -> std::cmp::Ordering {
    match (a, b) {
        (GroupKey::Name(a, x), GroupKey::Name(b, y)) => (a, x).cmp(&(b, y)),
        (GroupKey::Created(a, x), GroupKey::Created(b, y)) => (a, x).cmp(&(b, y)),
        // Keys of one listing are of one kind.
        (GroupKey::Name(..), GroupKey::Created(..)) => std::cmp::Ordering::Less,
        (GroupKey::Created(..), GroupKey::Name(..)) => std::cmp::Ordering::Greater,
    }
}
