//! Use cases that read groups and memberships: from memory where the company is held, else from the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use guildhall_domain::caller::Caller;
use guildhall_domain::group::GroupState;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::membership::{Member, Reason};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Order, Page};
use guildhall_domain::person::Person;
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::groups::{GONE, get};
use crate::index::snapshot::GroupNode;
use crate::rendered::SharedGroup;
use crate::store::nestings::Towards;
use crate::store::{self, Conn, groups, reasons};
use crate::{Added, Engine, GroupFilter, GroupKey, GroupSort, Shown, nestings, past, users};

/// The most groups that one call may name.
const GROUPS: usize = 10_000;
/// The most questions that one call may ask.
const QUESTIONS: usize = 1_000;

/// A question about membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The user.
    pub user: UserId,
    /// The group.
    pub group: GroupId,
    /// Does membership through nesting count?
    pub effective: bool,
}

impl Question {
    /// Refuses more questions than one call may ask.
    pub(crate) fn bounded(asked: usize) -> Result<()> {
        if asked > QUESTIONS {
            return Err(Error::TooMany { field: "checks".into(), limit: QUESTIONS as u64 });
        }
        Ok(())
    }
}

/// How many members a group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberCount {
    /// Direct ones.
    pub direct: u64,
    /// Direct ones and those by nesting, each once.
    pub effective: u64,
}

fn live(node: Option<&Arc<GroupNode>>) -> Result<&Arc<GroupNode>> {
    node.ok_or(GONE)
}

impl Engine {
    /// One group.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn group(&self, caller: &Caller, id: GroupId, shown: Shown) -> Result<SharedGroup> {
        authz::may_read(caller, Action::ReadGroups)?;
        if let Some(view) = self.view(caller.company).await {
            match view.group_by_id(id) {
                Some(node) => return Ok(Arc::clone(&node.record)),
                None if shown == Shown::Live => return Err(GONE),
                None => {}
            }
        }
        let found = get(&mut *self.db().reader().await?, caller.company, id, shown).await?;
        Ok(Arc::new(found.into()))
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
    ) -> Result<Page<SharedGroup, GroupKey>> {
        authz::may_read(caller, Action::ReadGroups)?;
        if filter.state.is_none_or(|state| state == GroupState::Live)
            && let Some(view) = self.view(caller.company).await
        {
            return view.list(filter, sort, order, ask);
        }
        let mut conn = self.db().reader().await?;
        Ok(groups::list(&mut conn, caller.company, filter, sort, order, ask).await?.map(|group| Arc::new(group.into())))
    }

    /// The live groups among `ids`, 10,000 at most, in their order; one that is not there is left out.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::TooMany`].
    pub async fn groups_by_id(&self, caller: &Caller, ids: &[GroupId]) -> Result<Vec<SharedGroup>> {
        if ids.len() > GROUPS {
            return Err(Error::TooMany { field: "userGroupIds".into(), limit: GROUPS as u64 });
        }
        authz::may_read(caller, Action::ReadGroups)?;
        if let Some(view) = self.view(caller.company).await {
            return Ok(ids.iter().filter_map(|id| Some(Arc::clone(&view.group_by_id(*id)?.record))).collect());
        }
        let mut found = groups::get_each(&mut *self.db().reader().await?, caller.company, ids).await?;
        found.retain(|group| group.state == GroupState::Live);
        Ok(found.into_iter().map(|group| Arc::new(group.into())).collect())
    }

    /// One page of the groups that a user is a direct or, with `effective`, also an indirect member of, by name; for
    /// each, whether directly. An inactive user is in none.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user; [`Error::Forbidden`].
    pub async fn groups_of(
        &self,
        caller: &Caller,
        user: UserId,
        effective: bool,
        ask: &Ask<GroupKey>,
    ) -> Result<Page<(SharedGroup, bool), GroupKey>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let user = view.user_no(user).ok_or(users::GONE)?;
            return view.groups_of(user, effective, now, ask);
        }
        let mut conn = self.db().reader().await?;
        users::get(&mut conn, caller.company, user).await?;
        if !effective {
            let page = groups::of_user(&mut conn, caller.company, user, now, ask).await?;
            return Ok(page.map(|group| (Arc::new(group.into()), true)));
        }
        effective_groups(&mut conn, caller.company, user, now, ask).await
    }

    /// All live groups that a user is directly in, by id. An inactive user is in none.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user; [`Error::Forbidden`].
    pub async fn all_groups_of(&self, caller: &Caller, user: UserId) -> Result<Vec<SharedGroup>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let user = view.user_no(user).ok_or(users::GONE)?;
            let joined = view.direct_groups(user, now).into_iter();
            let mut found: Vec<_> = joined.filter_map(|no| Some(Arc::clone(&view.group(no)?.record))).collect();
            found.sort_unstable_by_key(|group| group.id);
            return Ok(found);
        }
        let mut conn = self.db().reader().await?;
        users::get(&mut conn, caller.company, user).await?;
        let ids = groups::ids_of_each_user(&mut conn, caller.company, &[user], now).await?.pop().unwrap_or_default();
        Ok(groups::get_each(&mut conn, caller.company, &ids)
            .await?
            .into_iter()
            .map(|group| Arc::new(group.into()))
            .collect())
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
        authz::may_read(caller, Action::ReadGroups)?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            return Ok(view.members(live(view.group_by_id(group))?, effective, now, ask));
        }
        let mut conn = self.db().reader().await?;
        get(&mut conn, caller.company, group, Shown::Live).await?;
        if effective {
            return effective_members(&mut conn, caller.company, group, now, ask).await;
        }
        reasons::members(&mut conn, caller.company, group, now, ask).await
    }

    /// How many direct and effective members a group has.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn count_members(&self, caller: &Caller, group: GroupId) -> Result<MemberCount> {
        authz::may_read(caller, Action::ReadGroups)?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let node = live(view.group_by_id(group))?;
            let effective = if node.below.is_empty() {
                view.count_direct(node, now) as u64
            } else {
                view.effective_members(node, now).len()
            };
            return Ok(MemberCount { direct: view.count_direct(node, now) as u64, effective });
        }
        let mut conn = self.db().reader().await?;
        get(&mut conn, caller.company, group, Shown::Live).await?;
        let direct = reasons::count(&mut conn, caller.company, group, now).await?;
        let all = all_effective(&mut conn, caller.company, group, now).await?;
        Ok(MemberCount { direct, effective: all.len() as u64 })
    }

    /// As [`Self::reasons`], of each of these users in order.
    ///
    /// # Errors
    /// As there.
    pub async fn reasons_each(&self, caller: &Caller, group: GroupId, users: &[UserId]) -> Result<Vec<Vec<Reason>>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let mut conn = self.db().reader().await?;
        reasons::open_of(&mut conn, caller.company, group, users).await
    }

    /// As [`Self::count_members`], of each of these groups in order; none where there is no such group. From rows it
    /// counts a group at a time.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn count_each(&self, caller: &Caller, groups: &[GroupId]) -> Result<Vec<Option<MemberCount>>> {
        let mut counts = Vec::with_capacity(groups.len());
        for group in groups {
            counts.push(match self.count_members(caller, *group).await {
                Ok(count) => Some(count),
                Err(Error::NotFound { .. }) => None,
                Err(other) => return Err(other),
            });
        }
        Ok(counts)
    }

    /// One page of the direct members of a group that were added in a span, by the instant of their adding; with the
    /// number of all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn members_by_added(
        &self,
        caller: &Caller,
        group: GroupId,
        added: Added,
        order: Order,
        limit: u32,
        offset: u64,
    ) -> Result<(Vec<(UserId, Timestamp)>, u64)> {
        authz::may_read(caller, Action::ReadGroups)?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let node = live(view.group_by_id(group))?;
            return Ok(view.members_by_added(node, now, added, order, (limit, offset)));
        }
        let mut conn = self.db().reader().await?;
        get(&mut conn, caller.company, group, Shown::Live).await?;
        reasons::members_by_added(&mut conn, caller.company, group, now, added, order, (limit, offset)).await
    }

    /// All direct members of a group and when they were added, by that, then by user id; for filters that no
    /// statement can have.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn when_added(&self, caller: &Caller, group: GroupId) -> Result<Vec<(UserId, Timestamp)>> {
        authz::may_read(caller, Action::ReadGroups)?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let all = view.by_added(live(view.group_by_id(group))?, now);
            return Ok(all.iter().filter_map(|(user, at)| Some((view.user(*user)?.person.id, *at))).collect());
        }
        let mut conn = self.db().reader().await?;
        get(&mut conn, caller.company, group, Shown::Live).await?;
        reasons::when_added(&mut conn, caller.company, group, now).await
    }

    /// The ids of all direct members of each of several groups, by user id; none of a group that is not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn member_ids(&self, caller: &Caller, of: &[GroupId]) -> Result<Vec<Vec<UserId>>> {
        authz::may_read(caller, Action::ReadGroups)?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let ids = |node: &Arc<GroupNode>| {
                let members = view.members_after(node, None, now);
                members.filter_map(|(user, _)| Some(view.user(user)?.person.id)).collect()
            };
            return Ok(of.iter().map(|group| view.group_by_id(*group).map(ids).unwrap_or_default()).collect());
        }
        reasons::user_ids_of_each(&mut *self.db().reader().await?, caller.company, of, now).await
    }

    /// The ids of the live groups that each of several users is directly in, by group id.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller may not see one of them.
    pub async fn group_ids(&self, caller: &Caller, of: &[UserId]) -> Result<Vec<Vec<GroupId>>> {
        for user in of {
            authz::may_read(caller, Action::ReadUser(*user))?;
        }
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let of_user = |user: &UserId| {
                let joined = view.user_no(*user).map(|user| view.direct_groups(user, now)).unwrap_or_default();
                let mut ids: Vec<GroupId> = joined.iter().filter_map(|no| Some(view.group(*no)?.record.id)).collect();
                ids.sort_unstable();
                ids
            };
            return Ok(of.iter().map(of_user).collect());
        }
        groups::ids_of_each_user(&mut *self.db().reader().await?, caller.company, of, now).await
    }

    /// Those of several people who are there, for their names.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn people(&self, caller: &Caller, ids: &[UserId]) -> Result<Vec<Arc<Person>>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        if let Some(view) = self.view(caller.company).await {
            let found = ids.iter().filter_map(|id| view.user(view.user_no(*id)?));
            return Ok(found.map(|node| Arc::clone(&node.person)).collect());
        }
        let found = store::users::people_by_id(&mut *self.db().reader().await?, caller.company, ids).await?;
        Ok(found.into_iter().flatten().map(|(person, _)| Arc::new(person)).collect())
    }

    /// The user as a direct member of the group; none when they are not one now.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such group; [`Error::Forbidden`].
    pub async fn member(&self, caller: &Caller, group: GroupId, user: UserId) -> Result<Option<Member>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let group = view.group_no(group).filter(|no| view.group(*no).is_some()).ok_or(GONE)?;
            let found = view.user_no(user).and_then(|user| Some((view.user(user)?, view.since(user, group, now)?)));
            return Ok(found.map(|(node, at)| Member { person: Arc::clone(&node.person), added_at: Some(at) }));
        }
        let mut conn = self.db().reader().await?;
        get(&mut conn, caller.company, group, Shown::Live).await?;
        reasons::membership(&mut conn, caller.company, group, user, now).await
    }

    /// Answers up to 1,000 questions about membership, in their order. About a user or group that is not there the
    /// answer is no.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller may not see one of the users; [`Error::TooMany`].
    pub async fn check(&self, caller: &Caller, questions: &[Question]) -> Result<Vec<bool>> {
        Question::bounded(questions.len())?;
        for question in questions {
            authz::may_read(caller, Action::ReadUser(question.user))?;
        }
        let (view, now) = self.present(caller.company).await;
        if let Some(view) = view {
            let answer = |q: &Question| match (view.user_no(q.user), view.group_no(q.group)) {
                (Some(user), Some(group)) if q.effective => view.is_effective(user, group, now),
                (Some(user), Some(group)) => view.is_direct(user, group, now),
                _ => false,
            };
            return Ok(questions.iter().map(answer).collect());
        }
        // Each user once, and all that is around their groups together: a thousand questions are few statements.
        let users: BTreeSet<UserId> = questions.iter().map(|q| q.user).collect();
        let users: Vec<UserId> = users.into_iter().collect();
        let mut conn = self.db().reader().await?;
        let direct = groups::ids_of_each_user(&mut conn, caller.company, &users, now).await?;
        let from: BTreeSet<GroupId> = direct.iter().flatten().copied().collect();
        let from: Vec<GroupId> = from.into_iter().collect();
        let around = nestings::reach(&mut conn, caller.company, &from, Towards::Parents, None).await?;
        let all = direct.into_iter().map(|direct| past::joined(direct, &around));
        let joined: HashMap<UserId, BTreeMap<GroupId, bool>> = users.into_iter().zip(all).collect();
        let answer = |q: &Question| joined[&q.user].get(&q.group).is_some_and(|direct| *direct || q.effective);
        Ok(questions.iter().map(answer).collect())
    }

    /// The reasons of a user in a group that are not closed, standing or not.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such group; [`Error::Forbidden`].
    pub async fn reasons(&self, caller: &Caller, group: GroupId, user: UserId) -> Result<Vec<Reason>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let held = self.view(caller.company).await.is_some_and(|view| view.group_by_id(group).is_some());
        let mut conn = self.db().reader().await?;
        if !held {
            get(&mut conn, caller.company, group, Shown::Live).await?;
        }
        Ok(reasons::open_of(&mut conn, caller.company, group, &[user]).await?.pop().unwrap_or_default())
    }
}

/// The groups a user is an effective member of, from the rows.
async fn effective_groups(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    now: Timestamp,
    ask: &Ask<GroupKey>,
) -> Result<Page<(SharedGroup, bool), GroupKey>> {
    let direct: HashSet<GroupId> =
        groups::ids_of_each_user(conn, company, &[user], now).await?.swap_remove(0).into_iter().collect();
    let all = nestings::groups_of(conn, company, user, now).await?;
    let mut found: Vec<(String, SharedGroup)> = groups::get_each(conn, company, &all)
        .await?
        .into_iter()
        .map(|group| (fold(&group.name), Arc::new(group.into())))
        .collect();
    let total = ask.total.then_some(found.len() as u64);
    found.sort_unstable_by(|(a, x), (b, y)| (a, x.id).cmp(&(b, y.id)));
    let skipped = match &ask.from {
        From::Start => 0,
        From::Offset(n) => usize::try_from(*n).unwrap_or(usize::MAX),
        From::After(GroupKey::Name(name, id)) => found.partition_point(|(key, group)| (key, &group.id) <= (name, id)),
        From::After(GroupKey::Created(..)) => {
            return Err(Error::invalid("cursor", "belongs to a listing in another order"));
        }
    };
    let rows = found.into_iter().skip(skipped).take(ask.limit as usize + 1).collect();
    let page = Page::cut(rows, ask.limit, total, |(key, group)| GroupKey::Name(key.clone(), group.id));
    Ok(page.map(|(_, group)| {
        let is_direct = direct.contains(&group.id);
        (group, is_direct)
    }))
}

/// Everybody who is an effective member of a group, from the rows; for each, since when directly.
async fn all_effective(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
) -> Result<BTreeMap<UserId, Option<Timestamp>>> {
    let below = nestings::reach(conn, company, &[group], Towards::Children, None).await?.groups();
    let lists = reasons::user_ids_of_each(conn, company, &below, now).await?;
    let mut all: BTreeMap<UserId, Option<Timestamp>> = lists.into_iter().flatten().map(|user| (user, None)).collect();
    for (user, at) in reasons::when_added(conn, company, group, now).await? {
        all.insert(user, Some(at));
    }
    Ok(all)
}

/// One page of them.
async fn effective_members(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
    ask: &Ask<UserId>,
) -> Result<Page<Member, UserId>> {
    let all = all_effective(conn, company, group, now).await?;
    let total = ask.total.then_some(all.len() as u64);
    let (after, skipped) = match ask.from {
        From::Start => (None, 0),
        From::After(id) => (Some(id), 0),
        From::Offset(n) => (None, usize::try_from(n).unwrap_or(usize::MAX)),
    };
    let rows = all.into_iter().filter(|(id, _)| after.is_none_or(|after| *id > after));
    let rows: Vec<_> = rows.skip(skipped).take(ask.limit as usize + 1).collect();
    let page = Page::cut(rows, ask.limit, total, |(id, _)| *id);
    let ids: Vec<UserId> = page.items.iter().map(|(id, _)| *id).collect();
    let mut people = store::users::people_by_id(conn, company, &ids).await?.into_iter();
    let members = page.items.into_iter().filter_map(|(_, added_at)| {
        let (person, _) = people.next()??;
        Some(Member { person: Arc::new(person), added_at })
    });
    Ok(Page { items: members.collect(), next: page.next, total: page.total })
}
