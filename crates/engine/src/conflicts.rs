//! Use cases on conflicts: groups of which nobody may effectively be in more than so many (separation of duties).
//!
//! Every change is held against them at its end ([`check`]), whatever door and use case it came by; who is in too
//! many all the same, by what was there before the conflict, is listed ([`breaches`]).

mod breaches;
mod check;

use guildhall_domain::caller::Caller;
use guildhall_domain::conflict::{CONFLICTS, Conflict, EditConflict, NewConflict, Stands};
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::group::GroupState;
use guildhall_domain::ids::{CompanyId, ConflictId, GroupId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::user::UserStatus;
use guildhall_domain::{Error, Result};

pub use breaches::{Breaching, HeldGroup};
pub(crate) use check::{Touched, arising, check, would_breach};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::rules::Sources;
use crate::store::{self, Conn, conflicts, groups};
use crate::writer::Tx;
use crate::{Engine, Written, journal};

const GONE: Error = Error::NotFound { noun: ConflictId::NOUN };

/// A conflict, and how many people are in too many of its groups now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedConflict {
    /// The conflict.
    pub conflict: Conflict,
    /// How many people.
    pub breaches: u64,
}

/// The members of a conflict's record by native name, for an event.
fn fields(conflict: &Conflict, only: Option<&[&'static str]>) -> Fields {
    let groups: Vec<String> = conflict.groups.iter().map(GroupId::to_string).collect();
    let all = [
        ("name", Some(conflict.name.clone())),
        ("description", conflict.description.clone()),
        ("groups", Some(groups.join(" "))),
        ("atMost", Some(conflict.at_most.to_string())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

async fn get(conn: &mut Conn, company: CompanyId, id: ConflictId) -> Result<Conflict> {
    conflicts::get_each(conn, company, &[id]).await?.pop().ok_or(GONE)
}

/// Refuses a name that another has, and groups that are not there.
async fn checked(tx: &mut Tx, conflict: &Conflict) -> Result<()> {
    let company = tx.company();
    if conflicts::named(tx, company, &conflict.name).await?.is_some_and(|id| id != conflict.id) {
        return Err(Error::Taken { field: "name".into(), why: "belongs to another conflict".into() });
    }
    let ids: Vec<GroupId> = conflict.groups.iter().copied().collect();
    let found = groups::get_each(tx, company, &ids).await?;
    let there = |id: &GroupId| found.iter().any(|group| group.id == *id && group.state != GroupState::Purged);
    let missing: Vec<_> = ids.iter().filter(|id| !there(id)).map(|id| id.uuid()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Unknown { field: "groups".into(), noun: GroupId::NOUN, ids: missing })
}

/// Makes a conflict in the transaction of a caller who may.
pub(crate) async fn create(tx: &mut Tx, new: NewConflict) -> Result<Conflict> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    let id = new.id.unwrap_or_else(|| tx.clock.id());
    let conflict = Conflict::birth(id, new, now, version)?;
    if tx.head().conflicts >= CONFLICTS {
        return Err(Error::conflict(format!("a company may have at most {CONFLICTS} conflicts")));
    }
    checked(tx, &conflict).await?;
    if id == ConflictId::NIL || !conflicts::insert(tx, company, &conflict).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    tx.head_mut().conflicts += 1;
    journal::append(tx, &Event::ConflictCreated { conflict: id, fields: fields(&conflict, None) }).await?;
    Ok(conflict)
}

/// Carries an edit out in the transaction of a caller who may.
pub(crate) async fn edit(tx: &mut Tx, mut conflict: Conflict, ask: EditConflict) -> Result<Conflict> {
    let changed = conflict.apply(ask)?;
    if changed.is_empty() {
        return Ok(conflict);
    }
    checked(tx, &conflict).await?;
    write(tx, &mut conflict, &changed).await?;
    Ok(conflict)
}

async fn write(tx: &mut Tx, conflict: &mut Conflict, changed: &[&'static str]) -> Result<()> {
    let company = tx.company();
    (conflict.updated_at, conflict.version) = (tx.now(), tx.revision());
    conflicts::update(tx, company, conflict).await?;
    let fields = fields(conflict, Some(changed));
    journal::append(tx, &Event::ConflictUpdated { conflict: conflict.id, fields }).await
}

async fn delete(tx: &mut Tx, id: ConflictId) -> Result<()> {
    let company = tx.company();
    conflicts::delete(tx, company, id).await?;
    tx.head_mut().conflicts = tx.head().conflicts.saturating_sub(1);
    journal::append(tx, &Event::ConflictDeleted { conflict: id }).await
}

/// Takes a group that is gone for good out of the conflicts that name it; those of fewer than two groups end.
pub(crate) async fn lose_group(tx: &mut Tx, group: GroupId) -> Result<()> {
    if tx.head().conflicts == 0 {
        return Ok(());
    }
    let company = tx.company();
    let ids = conflicts::of_each_group(tx, company, &[group]).await?.pop().unwrap_or_default();
    for mut conflict in conflicts::get_each(tx, company, &ids).await? {
        if conflict.lose(group) {
            write(tx, &mut conflict, &["groups", "atMost"]).await?;
        } else {
            delete(tx, conflict.id).await?;
        }
    }
    Ok(())
}

/// Puts to a conflict that this use case has written how many are in breach of it now, as the rows have it.
async fn counted(tx: &mut Tx, conflict: Conflict) -> Result<CountedConflict> {
    let (company, now) = (tx.company(), tx.now());
    let sources = Sources::of(tx, company, &conflict.groups).await?;
    let stands = sources.stands(tx, company, None, now).await?;
    let many = |stands: Stands<'_>| conflict.breach(&[], stands, now).is_some_and(|(from, _)| from == now);
    let users: Vec<UserId> = stands.iter().filter(|(_, stands)| many(stands)).map(|(user, _)| *user).collect();
    let statuses = store::users::statuses(tx, company, &users).await?;
    let breaches = statuses.into_iter().flatten().filter(|status| *status != UserStatus::Inactive).count() as u64;
    Ok(CountedConflict { conflict, breaches })
}

impl Engine {
    /// One conflict.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn conflict(&self, caller: &Caller, id: ConflictId) -> Result<CountedConflict> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let mut conn = self.db().reader().await?;
        let conflict = get(&mut conn, caller.company, id).await?;
        let mut counted = self.count_breaches(&mut conn, caller.company, vec![conflict]).await?;
        counted.pop().ok_or(GONE)
    }

    /// One page of conflicts, by id.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn conflicts(&self, caller: &Caller, ask: &Ask<ConflictId>) -> Result<Page<CountedConflict, ConflictId>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let mut conn = self.db().reader().await?;
        let page = store::conflicts::list(&mut conn, caller.company, ask).await?;
        let items = self.count_breaches(&mut conn, caller.company, page.items).await?;
        Ok(Page { items, next: page.next, total: page.total })
    }

    /// Makes a conflict. Who is in too many of its groups already stays so, and is counted.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `name` or `id`; [`Error::Unknown`] and [`Error::TooMany`] on `groups`;
    /// [`Error::Invalid`]; [`Error::Conflict`] when the company has 1,000 of them.
    pub async fn create_conflict(&self, caller: &Caller, new: NewConflict) -> Result<Written<CountedConflict>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let conflict = create(tx, new).await?;
            counted(tx, conflict).await
        })
        .await
    }

    /// Edits a conflict; `version` is what `If-Match` named. Who is in too many groups by that stays so, and is counted.
    ///
    /// # Errors
    /// As [`Self::create_conflict`], and [`Error::NotFound`], [`Error::Stale`].
    pub async fn edit_conflict(
        &self,
        caller: &Caller,
        id: ConflictId,
        ask: EditConflict,
        version: Option<u64>,
    ) -> Result<Written<CountedConflict>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            let conflict = edit(tx, before, ask).await?;
            counted(tx, conflict).await
        })
        .await
    }

    /// Deletes a conflict: nothing stands in the way of its groups any more.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
    pub async fn delete_conflict(&self, caller: &Caller, id: ConflictId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            delete(tx, id).await
        })
        .await
    }
}
