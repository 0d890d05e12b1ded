//! Use cases on membership: who is put into a group, and who is taken out.

use std::collections::HashSet;

use guildhall_domain::caller::{Actor, Caller, Role};
use guildhall_domain::event::Event;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::membership::{Outcome, Reason, ReasonKind};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, name};

use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::store::{self, reasons};
use crate::writer::Tx;
use crate::{Engine, Written, brake, connections, grants, journal};

/// The most members that one call may change.
pub(crate) const CHANGES: usize = 10_000;
/// The most ids that a whole list may hold.
const WHOLE_LIST: usize = 100_000;

/// How a call names a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberRef {
    /// By id.
    Id(UserId),
    /// By e-mail address, in any letter case.
    Email(String),
    /// By the id they have elsewhere; refused where two users have it.
    ExternalId(String),
}

/// A change of members that names whom to add and whom to remove.
#[derive(Clone, Debug)]
pub struct ChangeMembers {
    /// The group.
    pub group: GroupId,
    /// Whom to add; the same user twice counts once.
    pub add: Vec<MemberRef>,
    /// Whom to remove.
    pub remove: Vec<MemberRef>,
    /// When the reasons given are to count; the group's lifetime settles an absent end.
    pub window: Window,
    /// A note to the reasons given.
    pub note: Option<String>,
    /// The administrator in whose name it is done, where the call names one.
    pub in_name_of: Option<UserId>,
    /// Approve at once the requests that joining brings about? Only an administrator's key may say so.
    pub approve: bool,
    /// Carry out what can be and tell what could not, instead of refusing the whole call at the first failure.
    pub skip_failures: bool,
    /// The members of the request that hold the two lists, for errors.
    pub fields: (&'static str, &'static str),
}

impl ChangeMembers {
    /// A change of this group's members, empty so far.
    pub fn of(group: GroupId) -> Self {
        Self {
            group,
            add: Vec::new(),
            remove: Vec::new(),
            window: Window::OPEN,
            note: None,
            in_name_of: None,
            approve: false,
            skip_failures: false,
            fields: ("add", "remove"),
        }
    }
}

/// What became of one name in a change of members.
#[derive(Debug)]
pub struct ChangedMember {
    /// The name as the call gave it.
    pub named: MemberRef,
    /// The user, where there is one.
    pub user: Option<UserId>,
    /// What became of it; an error only where the call said to skip failures.
    pub outcome: Result<Outcome>,
}

/// On what terms reasons are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// When they are to count.
    pub window: Window,
    /// A note for people.
    pub note: Option<String>,
}

/// The reason that a caller gives: `direct` by hand, `synced` by a connection.
fn reason(tx: &Tx, group: GroupId, user: UserId, terms: &Terms) -> Reason {
    let (kind, source) = match tx.caller().connection {
        None => (ReasonKind::Direct, uuid::Uuid::nil()),
        Some(connection) => (ReasonKind::Synced, connection.uuid()),
    };
    Reason {
        id: tx.clock.id(),
        group,
        user,
        kind,
        source,
        giver: tx.caller().user(),
        window: terms.window,
        note: terms.note.clone(),
        added_at: tx.now(),
    }
}

/// Gives each user the caller's kind of reason; for each, whether that is new. What a hand gives ends when the group's
/// lifetime says so.
pub(crate) async fn give(tx: &mut Tx, group: &Group, users: &[UserId], mut terms: Terms) -> Result<Vec<bool>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let (company, now, revision, by) = (tx.company(), tx.now(), tx.revision(), tx.caller().user());
    if tx.caller().connection.is_none() {
        terms.window = group.lifetime.settle(terms.window, now)?;
    }
    let group = group.id;
    let given: Vec<Reason> = users.iter().map(|user| reason(tx, group, *user, &terms)).collect();
    let mut new = reasons::open(tx, company, &given, now, revision).await?;
    // Where such a reason is open already it stays, unless its window does not hold now: then another takes its place.
    let held: Vec<usize> = (0..new.len()).filter(|i| !new[*i]).collect();
    let held_users: Vec<UserId> = held.iter().map(|i| users[*i]).collect();
    let (mut lapsed, mut again) = (Vec::new(), Vec::new());
    for (i, open) in held.into_iter().zip(reasons::open_of(tx, company, group, &held_users).await?) {
        let same = |r: &Reason| r.kind == given[i].kind && r.source == given[i].source && !r.window.holds(now);
        if let Some(old) = open.into_iter().find(|r| same(r) && r.window != terms.window) {
            lapsed.push(old);
            again.push(given[i].clone());
            new[i] = true;
        }
    }
    reasons::close(tx, company, &lapsed, now, revision, by).await?;
    reasons::open(tx, company, &again, now, revision).await?;
    let added: Vec<UserId> = users.iter().zip(&new).filter(|(_, new)| **new).map(|(user, _)| *user).collect();
    if let Some(kind) = given.first().map(|r| r.kind).filter(|_| !added.is_empty()) {
        store::groups::touch(tx, company, group, now).await?;
        wake_for(tx, terms.window);
        let Terms { window, note } = terms;
        journal::append(tx, &Event::MembersAdded { group, users: added.clone(), kind, window, note }).await?;
        if window.holds(now) {
            Box::pin(grants::joined(tx, group, &added)).await?;
        }
    }
    Ok(new)
}

/// Sees to it that somebody looks at the company when the window begins and when it ends.
pub(crate) fn wake_for(tx: &mut Tx, window: Window) {
    let now = tx.now();
    for turn in [window.starts, window.ends].into_iter().flatten().filter(|turn| *turn > now) {
        tx.head_mut().wake_at(turn);
    }
}

/// Ends what the caller may end of each user's reasons. By hand that is `direct` and `requested`, and a user whom
/// something else would still hold is refused; a connection ends its own and succeeds.
pub(crate) async fn take(tx: &mut Tx, group: GroupId, users: &[UserId]) -> Result<Vec<Result<Outcome>>> {
    let (company, now, revision, caller) = (tx.company(), tx.now(), tx.revision(), tx.caller().clone());
    let (mut ending, mut removed, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for (user, open) in users.iter().zip(reasons::open_of(tx, company, group, users).await?) {
        let ends = |r: &Reason| match caller.connection {
            None => r.kind.ends_by_hand(),
            Some(connection) => r.kind == ReasonKind::Synced && r.source == connection.uuid(),
        };
        let (mine, others): (Vec<Reason>, Vec<Reason>) = open.into_iter().partition(ends);
        let holder = others.iter().find(|r| r.window.holds(now)).filter(|_| caller.connection.is_none());
        if let Some(holder) = holder {
            let held = vec![(user.uuid(), holder.kind.holder().to_owned())];
            outcomes.push(Err(Error::HeldMembers { held }));
            continue;
        }
        // What ran out by itself counts nowhere, so ending it is no news.
        let mine: Vec<Reason> = mine.into_iter().filter(|r| r.window.ends.is_none_or(|end| end > now)).collect();
        outcomes.push(Ok(if mine.is_empty() { Outcome::Unchanged } else { Outcome::Removed }));
        if !mine.is_empty() {
            removed.push(*user);
            ending.extend(mine);
        }
    }
    reasons::close(tx, company, &ending, now, revision, caller.user()).await?;
    if !removed.is_empty() {
        store::groups::touch(tx, company, group, now).await?;
        journal::append(tx, &Event::MembersRemoved { group, users: removed.clone() }).await?;
        Box::pin(grants::left(tx, group, &removed)).await?;
    }
    Ok(outcomes)
}

/// One refusal for several held members, as a call that is refused whole tells it.
fn all_held(refused: Vec<Error>) -> Option<Error> {
    let mut all = Vec::new();
    for error in refused {
        match error {
            Error::HeldMembers { held } => all.extend(held),
            other => return Some(other),
        }
    }
    (!all.is_empty()).then_some(Error::HeldMembers { held: all })
}

/// Puts the whole list of direct members: a difference against what is shown (`design.md` §2). Members who are not
/// shown (inactive, scheduled) stay untouched. True when anything changed.
pub(crate) async fn set_members(tx: &mut Tx, group: &Group, wanted: &[UserId]) -> Result<bool> {
    let (company, now) = (tx.company(), tx.now());
    let shown = reasons::user_ids(tx, company, group.id, now).await?.into_iter().collect();
    settle_members(tx, group, &shown, wanted).await
}

/// As [`set_members`], where the caller is shown these members.
pub(crate) async fn settle_members(
    tx: &mut Tx,
    group: &Group,
    shown: &HashSet<UserId>,
    wanted: &[UserId],
) -> Result<bool> {
    if wanted.len() > WHOLE_LIST {
        return Err(Error::TooMany { field: "users".into(), limit: WHOLE_LIST as u64 });
    }
    let wanted_set: HashSet<UserId> = wanted.iter().copied().collect();
    let mut seen = HashSet::new();
    let newcomers: Vec<UserId> = wanted.iter().copied().filter(|u| !shown.contains(u) && seen.insert(*u)).collect();
    let mut leaving: Vec<UserId> = shown.difference(&wanted_set).copied().collect();
    leaving.sort_unstable();
    // A list equal to what stands is no edit of members: clients send it back when they rename a group.
    if newcomers.is_empty() && leaving.is_empty() {
        return Ok(false);
    }
    connections::open_to(tx, group).await?;
    let missing = unknown(tx, &newcomers).await?;
    if !missing.is_empty() {
        return Err(Error::Unknown { field: "users".into(), noun: UserId::NOUN, ids: missing });
    }
    brake::check(tx, group, &leaving, shown.len()).await?;
    let refused = take(tx, group.id, &leaving).await?.into_iter().filter_map(Result::err).collect();
    if let Some(held) = all_held(refused) {
        return Err(held);
    }
    give(tx, group, &newcomers, Terms::default()).await?;
    Ok(true)
}

/// Puts the whole list of groups that a user is directly in: a difference against what is shown. The caller must be
/// allowed to change the members of each group that the user joins or leaves.
pub(crate) async fn set_groups(tx: &mut Tx, user: UserId, wanted: &[GroupId], field: &'static str) -> Result<()> {
    if wanted.len() > CHANGES {
        return Err(Error::TooMany { field: field.into(), limit: CHANGES as u64 });
    }
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    let shown = store::groups::ids_of_each_user(tx, company, &[user], now).await?.pop().unwrap_or_default();
    let mut seen = HashSet::new();
    let joining: Vec<GroupId> =
        wanted.iter().copied().filter(|group| !shown.contains(group) && seen.insert(*group)).collect();
    let leaving: Vec<GroupId> = shown.into_iter().filter(|group| !wanted.contains(group)).collect();
    for (groups, joins) in [(&leaving, false), (&joining, true)] {
        for id in groups {
            authz::may(tx, &caller, Action::ManageMembers(*id), now).await?;
            let group = groups::get(tx, company, *id, Shown::Live).await.map_err(|error| match error {
                Error::NotFound { .. } => Error::unknown(field, GroupId::NOUN, id.uuid()),
                fault => fault,
            })?;
            connections::open_to(tx, &group).await?;
            if joins {
                give(tx, &group, &[user], Terms::default()).await?;
            } else if let Some(Err(held)) = take(tx, *id, &[user]).await?.pop() {
                return Err(held);
            }
        }
    }
    Ok(())
}

async fn unknown(tx: &mut Tx, users: &[UserId]) -> Result<Vec<uuid::Uuid>> {
    let company = tx.company();
    let statuses = store::users::statuses(tx, company, users).await?;
    Ok(users.iter().zip(statuses).filter(|(_, status)| status.is_none()).map(|(user, _)| user.uuid()).collect())
}

/// The user that a name leads to, of those found for it.
fn the_one(found: &[UserId], field: &str) -> Result<UserId> {
    match found {
        [one] => Ok(*one),
        [] => Err(Error::invalid(field, "names no user of this company")),
        _ => Err(Error::invalid(field, "names more than one user; use the id")),
    }
}

/// Resolves one list of names, checks that the users exist and drops repeats. For each name its user, or why not.
async fn resolve_all(tx: &mut Tx, names: &[MemberRef], field: &'static str) -> Result<Vec<Result<UserId>>> {
    let company = tx.company();
    let (mut emails, mut external) = (Vec::new(), Vec::new());
    for named in names {
        match named {
            MemberRef::Id(_) => {}
            MemberRef::Email(email) => emails.push(email.as_str()),
            MemberRef::ExternalId(id) => external.push(id.as_str()),
        }
    }
    let mut emails = store::users::by_emails(tx, company, &emails).await?.into_iter();
    let mut external = store::users::by_external_ids(tx, company, &external).await?.into_iter();
    let mut users = Vec::with_capacity(names.len());
    for (i, named) in names.iter().enumerate() {
        let found = match named {
            MemberRef::Id(id) => vec![*id],
            MemberRef::Email(_) => emails.next().flatten().into_iter().collect(),
            MemberRef::ExternalId(_) => external.next().unwrap_or_default(),
        };
        users.push(the_one(&found, &format!("{field}[{i}]")));
    }
    let known: Vec<UserId> = users.iter().filter_map(|user| user.as_ref().ok().copied()).collect();
    let missing: HashSet<uuid::Uuid> = unknown(tx, &known).await?.into_iter().collect();
    Ok(users
        .into_iter()
        .map(|user| match user {
            Ok(user) if missing.contains(&user.uuid()) => Err(Error::unknown(field, UserId::NOUN, user.uuid())),
            other => other,
        })
        .collect())
}

/// The one error for a list of which some names failed: all unknown ids together, else the first failure.
fn first_failure(users: &mut Vec<Result<UserId>>, field: &'static str) -> Result<()> {
    let missing: Vec<uuid::Uuid> = users
        .iter()
        .filter_map(|user| match user {
            Err(Error::Unknown { ids, .. }) => ids.first().copied(),
            _ => None,
        })
        .collect();
    let other = users.iter().position(|user| matches!(user, Err(error) if !matches!(error, Error::Unknown { .. })));
    match other {
        Some(i) => Err(users.swap_remove(i).err().unwrap_or_else(|| Error::internal("a failure vanished"))),
        None if missing.is_empty() => Ok(()),
        None => Err(Error::Unknown { field: field.into(), noun: UserId::NOUN, ids: missing }),
    }
}

/// Refuses a person in whose name something is to be done who does not administer the company.
async fn stand_in(tx: &mut Tx, person: UserId) -> Result<()> {
    let company = tx.company();
    let found = store::users::get(tx, company, person).await?;
    if !found.is_some_and(|user| user.role == Role::Admin && user.counts()) {
        return Err(Error::invalid("triggeredByUserId", "is not an administrator of this company"));
    }
    tx.act_as(Actor::User(person));
    Ok(())
}

pub(crate) async fn change(tx: &mut Tx, ask: &ChangeMembers) -> Result<Vec<ChangedMember>> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    authz::may(tx, &caller, Action::ManageMembers(ask.group), now).await?;
    let note = ask.note.as_deref().map(|raw| name::description("note", raw)).transpose()?;
    for (list, field) in [(&ask.add, ask.fields.0), (&ask.remove, ask.fields.1)] {
        if list.len() > CHANGES {
            return Err(Error::TooMany { field: field.into(), limit: CHANGES as u64 });
        }
    }
    let group = groups::get(tx, company, ask.group, Shown::Live).await?;
    if ask.approve {
        authz::may(tx, &caller, Action::ManageDirectory, now).await?;
        tx.approve_at_once();
    }
    if let Some(person) = ask.in_name_of {
        stand_in(tx, person).await?;
    }
    let mut adding = resolve_all(tx, &ask.add, ask.fields.0).await?;
    let mut removing = resolve_all(tx, &ask.remove, ask.fields.1).await?;
    if !ask.skip_failures {
        first_failure(&mut adding, ask.fields.0)?;
        first_failure(&mut removing, ask.fields.1)?;
    }
    let add: HashSet<UserId> = adding.iter().filter_map(|user| user.as_ref().ok().copied()).collect();
    if let Some(both) = removing.iter().flatten().find(|user| add.contains(user)) {
        return Err(Error::invalid(ask.fields.1, format!("{both} is in {} as well", ask.fields.0)));
    }
    if !(adding.is_empty() && removing.is_empty()) {
        connections::open_to(tx, &group).await?;
    }
    let removing_users = once(&removing);
    let taken = take(tx, ask.group, &removing_users).await?;
    if !ask.skip_failures {
        let mut refused = Vec::new();
        for outcome in &taken {
            if let Err(Error::HeldMembers { held }) = outcome {
                refused.push(Error::HeldMembers { held: held.clone() });
            }
        }
        if let Some(held) = all_held(refused) {
            return Err(held);
        }
    }
    let adding_users = once(&adding);
    let terms = Terms { window: Window::new(ask.window.starts, ask.window.ends)?, note };
    let given = give(tx, &group, &adding_users, terms).await?;
    let given = given.into_iter().map(|new| Ok(if new { Outcome::Added } else { Outcome::Unchanged })).collect();
    let mut rows = answer(&ask.add, adding, adding_users, given);
    rows.extend(answer(&ask.remove, removing, removing_users, taken));
    Ok(rows)
}

/// Each user of a list once, in the order of their first naming.
fn once(users: &[Result<UserId>]) -> Vec<UserId> {
    let mut seen = HashSet::new();
    users.iter().flatten().copied().filter(|user| seen.insert(*user)).collect()
}

/// A row for each name: the first naming of a user tells what became of them, a repeat that nothing more did.
fn answer(
    names: &[MemberRef],
    users: Vec<Result<UserId>>,
    done: Vec<UserId>,
    outcomes: Vec<Result<Outcome>>,
) -> Vec<ChangedMember> {
    let mut outcomes: std::collections::HashMap<UserId, Result<Outcome>> = done.into_iter().zip(outcomes).collect();
    let row = |(named, user): (&MemberRef, Result<UserId>)| {
        let (user, outcome) = match user {
            Ok(user) => (Some(user), outcomes.remove(&user).unwrap_or(Ok(Outcome::Unchanged))),
            Err(error) => (None, Err(error)),
        };
        ChangedMember { named: named.clone(), user, outcome }
    };
    names.iter().zip(users).map(row).collect()
}

impl Engine {
    /// Adds and removes members by name, all or nothing unless the call says to skip failures. A row a name, first
    /// those to add, then those to remove, each in the order given.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the group; [`Error::Forbidden`]; [`Error::Unknown`] with every id that is not there;
    /// [`Error::Closed`]; [`Error::HeldMembers`]; [`Error::TooMany`] beyond 10,000; [`Error::Invalid`].
    pub async fn change_members(&self, caller: &Caller, ask: ChangeMembers) -> Result<Written<Vec<ChangedMember>>> {
        self.write(caller, async move |tx| change(tx, &ask).await).await
    }

    /// May this caller change the members of this group? For doors that tell so before what is wrong with a body.
    ///
    /// # Errors
    /// [`Error::ReadOnlyKey`], [`Error::Forbidden`].
    pub async fn may_change_members(&self, caller: &Caller, group: GroupId) -> Result<()> {
        authz::may_write(caller)?;
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ManageMembers(group), self.clock().now()).await
    }
}
