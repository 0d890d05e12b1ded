//! Use cases on the reasons of one membership: extend, end early, renew; and what begins and ends by itself.

use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::event::Event;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{GroupId, ReasonId, UserId};
use guildhall_domain::membership::{Reason, ReasonKind};
use guildhall_domain::patch::Patch;
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp, name};

use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::memberships::wake_for;
use crate::store::{self, reasons};
use crate::writer::Tx;
use crate::{Engine, Written, connections, grants, journal};

/// Reasons that one round of settling marks.
const ROUND: u32 = 1_000;

const GONE: Error = Error::NotFound { noun: ReasonId::NOUN };

/// An edit of a reason.
#[derive(Clone, Debug, Default)]
pub struct EditReason {
    /// The first instant at which it counts; cleared, it counts at once.
    pub starts_at: Patch<Timestamp>,
    /// The first instant at which it counts no more; cleared, the group's lifetime settles it.
    pub ends_at: Patch<Timestamp>,
    /// The note.
    pub note: Patch<String>,
}

/// A membership that ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The reason.
    pub reason: Reason,
    /// When it ends.
    pub at: Timestamp,
}

/// Behind which row a list of endings goes on: the instant, group, user and reason.
pub type EndingKey = (Timestamp, GroupId, UserId, ReasonId);

/// The open reason of a user in a live group, for a caller who may change the members of the group.
async fn find(tx: &mut Tx, group: GroupId, user: UserId, id: ReasonId) -> Result<(Group, Reason)> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    authz::may(tx, &caller, Action::ManageMembers(group), now).await?;
    let group = groups::get(tx, company, group, Shown::Live).await?;
    let open = reasons::open_of(tx, company, group.id, &[user]).await?.pop().unwrap_or_default();
    let over = |reason: &Reason| reason.window.ends.is_some_and(|end| end <= now);
    let reason = open.into_iter().find(|reason| reason.id == id && !over(reason)).ok_or(GONE)?;
    Ok((group, reason))
}

/// Refuses what only a connection or a rule may end or change.
fn by_hand(reason: &Reason) -> Result<()> {
    if reason.kind.ends_by_hand() {
        return Ok(());
    }
    Err(Error::HeldMembers { held: vec![(reason.user.uuid(), reason.kind.holder().to_owned())] })
}

/// Puts another window and note in place of a reason's.
pub(crate) async fn replace(
    tx: &mut Tx,
    group: &Group,
    old: Reason,
    window: Window,
    note: Option<String>,
) -> Result<Reason> {
    if (old.window, &old.note) == (window, &note) {
        return Ok(old);
    }
    let (company, now, revision, by) = (tx.company(), tx.now(), tx.revision(), tx.caller().user());
    // The giver is whoever set the terms that stand; since when the user is a member stays as it was.
    let new = Reason { id: tx.clock.id(), window, note: note.clone(), giver: by, ..old.clone() };
    reasons::close(tx, company, std::slice::from_ref(&old), now, revision, by).await?;
    reasons::open(tx, company, std::slice::from_ref(&new), now, revision).await?;
    store::groups::touch(tx, company, group.id, now).await?;
    wake_for(tx, window);
    let event = Event::MembersChanged { group: group.id, users: vec![old.user], kind: old.kind, window, note };
    journal::append(tx, &event).await?;
    if old.window.holds(now) != window.holds(now) {
        grants::turned(tx, group.id, &[old.user]).await?;
    }
    Ok(new)
}

impl Engine {
    /// Changes the window or the note of a direct or requested reason: extends it, ends it early, moves its start.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Closed`]; [`Error::HeldMembers`] for a reason of a
    /// connection or a rule; [`Error::Invalid`] on `startsAt`, `endsAt` or `note`.
    pub async fn edit_reason(
        &self,
        caller: &Caller,
        (group, user, id): (GroupId, UserId, ReasonId),
        edit: EditReason,
    ) -> Result<Written<Reason>> {
        self.write(caller, async move |tx| {
            let (group, old) = find(tx, group, user, id).await?;
            by_hand(&old)?;
            connections::open_to(tx, &group).await?;
            let (mut window, mut note) = (old.window, old.note.clone());
            edit.starts_at.apply(&mut window.starts);
            edit.ends_at.apply(&mut window.ends);
            edit.note.try_map(|raw| name::description("note", &raw))?.apply(&mut note);
            let mut window = Window::new(window.starts, window.ends)?;
            if window != old.window {
                window = group.lifetime.settle(window, tx.now())?;
            }
            replace(tx, &group, old, window, note).await
        })
        .await
    }

    /// Lets a direct or requested reason last anew for the group's default lifetime, or its longest where there is no
    /// default, from now on.
    ///
    /// # Errors
    /// As [`Self::edit_reason`]; [`Error::Conflict`] when the group has no lifetime.
    pub async fn renew_reason(
        &self,
        caller: &Caller,
        (group, user, id): (GroupId, UserId, ReasonId),
    ) -> Result<Written<Reason>> {
        self.write(caller, async move |tx| {
            let (group, old) = find(tx, group, user, id).await?;
            by_hand(&old)?;
            connections::open_to(tx, &group).await?;
            let now = tx.now();
            let begun = old.window.starts.is_none_or(|start| start <= now);
            let anew = Window { starts: old.window.starts, ends: None };
            let window = group.lifetime.settle(anew, now)?;
            if window.ends.is_none() || !begun {
                let why = if begun { "the group has no lifetime to renew for" } else { "the reason has not begun yet" };
                return Err(Error::conflict(why));
            }
            let note = old.note.clone();
            replace(tx, &group, old, window, note).await
        })
        .await
    }

    /// Ends one reason. A hand ends direct and requested ones; an administrator also detaches a synced one.
    ///
    /// # Errors
    /// As [`Self::edit_reason`].
    pub async fn end_reason(
        &self,
        caller: &Caller,
        (group, user, id): (GroupId, UserId, ReasonId),
    ) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (group, old) = find(tx, group, user, id).await?;
            let detaches = old.kind == ReasonKind::Synced && tx.caller().role == Some(Role::Admin);
            if !detaches {
                by_hand(&old)?;
                connections::open_to(tx, &group).await?;
            }
            let (company, now, revision, by) = (tx.company(), tx.now(), tx.revision(), tx.caller().user());
            reasons::close(tx, company, std::slice::from_ref(&old), now, revision, by).await?;
            store::groups::touch(tx, company, group.id, now).await?;
            journal::append(tx, &Event::MembersRemoved { group: group.id, users: vec![user] }).await?;
            // Where another reason holds them, nothing is asked back.
            grants::turned(tx, group.id, &[user]).await
        })
        .await
    }

    /// The `limit` open reasons that end before `before`, soonest first, of one group where given, behind a place.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such group; [`Error::Forbidden`].
    pub async fn ending(
        &self,
        caller: &Caller,
        group: Option<GroupId>,
        before: Timestamp,
        after: Option<EndingKey>,
        limit: u32,
    ) -> Result<(Vec<Ending>, Option<EndingKey>)> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        if let Some(group) = group {
            groups::get(&mut conn, caller.company, group, Shown::Live).await?;
        }
        let after = after.unwrap_or((now, GroupId::NIL, UserId::NIL, ReasonId::NIL));
        let found = reasons::ending(&mut conn, caller.company, group, after, before, limit + 1).await?;
        let mut all: Vec<Ending> =
            found.into_iter().filter_map(|reason| Some(Ending { at: reason.window.ends?, reason })).collect();
        let more = all.len() > limit as usize;
        all.truncate(limit as usize);
        let key = |e: &Ending| (e.at, e.reason.group, e.reason.user, e.reason.id);
        let next = all.last().filter(|_| more).map(key);
        Ok((all, next))
    }
}

/// Tells in the journal what began and ended by itself since: one event per group and instant, each once. Ends are
/// closed by it, starts are marked.
pub(crate) async fn settle(tx: &mut Tx) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let begun = reasons::begun(tx, company, now, ROUND).await?;
    let ended = reasons::ended(tx, company, now, ROUND).await?;
    let whole = begun.len() < ROUND as usize && ended.len() < ROUND as usize;
    let turn =
        |reason: &Reason, ends: bool| if ends { reason.window.ends } else { reason.window.starts }.unwrap_or(now);
    let mut all: Vec<(Timestamp, GroupId, bool, Reason)> = Vec::with_capacity(begun.len() + ended.len());
    all.extend(begun.into_iter().map(|reason| (turn(&reason, false), reason.group, false, reason)));
    all.extend(ended.into_iter().map(|reason| (turn(&reason, true), reason.group, true, reason)));
    all.sort_unstable_by_key(|(at, group, ends, reason)| (*at, *group, *ends, reason.user, reason.id));
    for same in all.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
        let (at, group, ends, _) = same[0];
        let revision = tx.revision();
        let of: Vec<Reason> = same.iter().map(|(.., reason)| reason.clone()).collect();
        let mut users: Vec<UserId> = of.iter().map(|reason| reason.user).collect();
        users.dedup();
        if ends {
            reasons::close(tx, company, &of, at, revision, None).await?;
        } else {
            reasons::mark_begun(tx, company, &of, revision).await?;
        }
        store::groups::touch(tx, company, group, now).await?;
        let turned = users.clone();
        let event =
            if ends { Event::MembersEnded { group, users, at } } else { Event::MembersStarted { group, users, at } };
        journal::append(tx, &event).await?;
        grants::turned(tx, group, &turned).await?;
    }
    let next = if whole { reasons::next_turn(tx, company).await? } else { Some(now) };
    if let Some(next) = next {
        tx.head_mut().wake_at(next);
    }
    Ok(())
}
