//! A new company: written in batches under the state `loading`, turned active at the end, or removed.

use std::collections::HashSet;

use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::company::{Company, CompanyState};
use guildhall_domain::connection::{Link, Noun};
use guildhall_domain::event::Event;
use guildhall_domain::group::{Group, GroupState, Owner};
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, RequestId, UserId};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result};

use super::checks::{owners_of, settings};
use super::held::{Held, Part, Place};
use super::lots::{self, Lot};
use super::{Blame, ConnectionRecord, Fault, GroupRecord, LinkRecord, Loaded, NestingRecord, UserRecord, giving};
use crate::store::nestings::Nesting;
use crate::store::{self, companies, events, groups, keys, owners, reasons, refusals};
use crate::writer::Tx;
use crate::{Engine, journal};

/// Users or groups that one use case writes: others get a turn between two.
const BATCH: usize = 2_000;
/// Seconds without a write after which a company that another node was loading is taken for left over.
const ABANDONED_SECONDS: i64 = 600;

/// Writes everything but the last step. The caller removes what stands when this fails.
pub(super) async fn write(
    engine: &Engine,
    caller: &Caller,
    files: &[String],
    mut part: Part,
    done: &mut u64,
    going: &(dyn Fn(u64) -> Result<(), Fault> + Send + Sync),
) -> Result<Loaded, Fault> {
    let settings = settings(&part)?;
    let Some(Held { at, record }) = part.company.take() else {
        return Err(Error::internal("a new company without a record").into());
    };
    let blame = Blame::default();
    let fault = |error| blame.fault(files, error);
    blame.on(at);
    let born = engine.write(caller, async move |tx| {
        tx.loading(true)?;
        crate::companies::bear(tx, &record.name, settings, CompanyState::Loading).await.map(drop)
    });
    born.await.map_err(fault)?;
    let mut count = Loaded { companies: 1, ..Loaded::default() };
    *done += 1;
    let is_user: HashSet<UserId> = part.users.iter().map(|u| u.record.id).collect();
    for some in chunks(&mut part.users) {
        let (n, theirs) = (some.len() as u64, blame.clone());
        engine.write(caller, async move |tx| users(tx, &some, &theirs).await).await.map_err(fault)?;
        (count.users, *done) = (count.users + n, *done + n);
        going(*done)?;
    }
    let is_group: HashSet<GroupId> = part.groups.iter().map(|g| g.record.id).collect();
    let mut with_members: HashSet<GroupId> = HashSet::new();
    with_members.extend(part.memberships().map(|slot| slot.group));
    for some in chunks(&mut part.groups) {
        let rows: Result<Vec<Row>> =
            some.into_iter().map(|held| row(held, &is_user, &is_group, &with_members)).collect();
        let (rows, theirs) = (rows?, blame.clone());
        let n = rows.len() as u64;
        engine.write(caller, async move |tx| write_groups(tx, rows, &theirs).await).await.map_err(fault)?;
        (count.groups, *done) = (count.groups + n, *done + n);
        going(*done)?;
    }
    drop((is_user, is_group, with_members));
    let connections: Vec<ConnectionId> = part.connections.iter().map(|c| c.record.id).collect();
    for some in chunks(&mut part.connections) {
        let (n, theirs) = (some.len() as u64, blame.clone());
        engine.write(caller, async move |tx| write_connections(tx, some, &theirs).await).await.map_err(fault)?;
        *done += n;
        going(*done)?;
    }
    for some in std::mem::take(&mut part.apps).batches(BATCH) {
        let (n, theirs) = (some.len(), blame.clone());
        engine
            .write(caller, async move |tx| {
                still_loading(tx)?;
                some.write(tx, &theirs).await
            })
            .await
            .map_err(fault)?;
        (count.more, *done) = (count.more + n, *done + n);
        going(*done)?;
    }
    blame.nobody();
    for some in chunks(&mut part.nestings) {
        let n = some.len() as u64;
        engine.write(caller, async move |tx| write_nestings(tx, &some).await).await.map_err(fault)?;
        (count.nestings, *done) = (count.nestings + n, *done + n);
        going(*done)?;
    }
    let (roles, given) = (std::mem::take(&mut part.roles), std::mem::take(&mut part.given));
    let (n, theirs) = ((roles.len() + given.len()) as u64, blame.clone());
    if n > 0 {
        let case = async move |tx: &mut Tx| {
            still_loading(tx)?;
            giving::write(tx, roles, given, &theirs).await
        };
        engine.write(caller, case).await.map_err(fault)?;
        *done += n;
        going(*done)?;
    }
    for batch in lots::batches(&part) {
        let n = batch.iter().map(|lot| lot.users.len()).sum::<usize>() as u64;
        engine.write(caller, async move |tx| members(tx, &batch).await).await.map_err(fault)?;
        (count.memberships, *done) = (count.memberships + n, *done + n);
        going(*done)?;
    }
    for some in chunks(&mut part.links) {
        let (n, theirs) = (some.len() as u64, blame.clone());
        let case = async move |tx: &mut Tx| {
            still_loading(tx)?;
            write_links(tx, some, &theirs).await.map(drop)
        };
        engine.write(caller, case).await.map_err(fault)?;
        *done += n;
        going(*done)?;
    }
    let conflicts = std::mem::take(&mut part.conflicts);
    if !conflicts.is_empty() {
        let (n, theirs) = (conflicts.len() as u64, blame.clone());
        let case = async move |tx: &mut Tx| {
            still_loading(tx)?;
            super::conflicts::write(tx, conflicts, &theirs).await
        };
        engine.write(caller, case).await.map_err(fault)?;
        (count.more, *done) = (count.more + n, *done + n);
        going(*done)?;
    }
    if !connections.is_empty() {
        engine.write(caller, async move |tx| learn(tx, &connections).await).await.map_err(fault)?;
    }
    Ok(count)
}

async fn write_connections(tx: &mut Tx, some: Vec<Held<ConnectionRecord>>, blame: &Blame) -> Result<()> {
    still_loading(tx)?;
    for held in some {
        blame.on(held.at);
        crate::connections::create(tx, None, held.record.birth()).await?;
    }
    blame.nobody();
    Ok(())
}

/// Links connections to whom their records name; how many links are new.
pub(super) async fn write_links(tx: &mut Tx, some: Vec<Held<LinkRecord>>, blame: &Blame) -> Result<u64> {
    let (company, now, mut n) = (tx.company(), tx.now(), 0);
    for Held { at, record } in some {
        blame.on(at);
        let LinkRecord { connection, noun, object, external_id, made, .. } = record;
        if store::connections::get(tx, company, connection).await?.is_none() {
            return Err(Error::unknown("connection", ConnectionId::NOUN, connection.uuid()));
        }
        let there = match noun {
            Noun::User => store::users::get(tx, company, object.into()).await?.is_some(),
            Noun::Group => groups::get(tx, company, object.into()).await?.is_some_and(|g| g.state == GroupState::Live),
        };
        if !there {
            return Err(Error::unknown(noun.word(), noun.word(), object));
        }
        let link = Link { connection, noun, object, external_id, made, linked_at: now };
        n += u64::from(crate::connections::link(tx, link).await?);
    }
    blame.nobody();
    Ok(n)
}

/// Links connections to whom their synced memberships name: they know those people and keep those groups.
async fn learn(tx: &mut Tx, connections: &[ConnectionId]) -> Result<()> {
    still_loading(tx)?;
    let (company, now) = (tx.company(), tx.now());
    for id in connections {
        store::links::learn(tx, company, *id, now).await?;
    }
    Ok(())
}

fn chunks<T>(all: &mut Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rest = std::mem::take(all).into_iter();
    std::iter::from_fn(move || Some(rest.by_ref().take(BATCH).collect::<Vec<T>>()).filter(|some| !some.is_empty()))
}

/// Refuses to go on with a company that somebody has taken for left over and removed.
fn still_loading(tx: &Tx) -> Result<()> {
    if tx.born() && tx.head().state == CompanyState::Loading {
        return Ok(());
    }
    Err(Error::conflict("the import took too long between two steps and was removed; start it again"))
}

fn taken() -> Error {
    Error::Taken { field: "id".into(), why: "is not usable".into() }
}

async fn users(tx: &mut Tx, some: &[Held<UserRecord>], blame: &Blame) -> Result<()> {
    still_loading(tx)?;
    let (company, now, first) = (tx.company(), tx.now(), tx.revision());
    let mut rows = Vec::with_capacity(some.len());
    for (version, held) in (first..).zip(some) {
        rows.push(User::birth(held.record.id, held.record.birth(), now, version)?);
    }
    let new = store::users::insert_all(tx, company, &rows).await?;
    if let Some(i) = new.iter().position(|new| !new) {
        blame.on(some[i].at);
        return Err(taken());
    }
    let created = |user: &User| Event::UserCreated { user: user.id, fields: crate::users::fields(user, None) };
    let events: Vec<Event> = rows.iter().map(created).collect();
    journal::append_all(tx, &events).await
}

/// A group as it will be written.
struct Row {
    at: Place,
    record: GroupRecord,
    owners: Vec<Owner>,
    has_members: bool,
}

fn row(
    held: Held<GroupRecord>,
    is_user: &HashSet<UserId>,
    is_group: &HashSet<GroupId>,
    with_members: &HashSet<GroupId>,
) -> Result<Row> {
    let owners = owners_of(&held.record, |id| is_user.contains(&id), |id| is_group.contains(&id))?;
    let has_members = with_members.contains(&held.record.id);
    Ok(Row { at: held.at, record: held.record, owners, has_members })
}

async fn write_groups(tx: &mut Tx, rows: Vec<Row>, blame: &Blame) -> Result<()> {
    still_loading(tx)?;
    let (company, now, mut version) = (tx.company(), tx.now(), tx.revision());
    let purge_at = now.plus_seconds(i64::from(tx.head().settings.restore_days) * 86_400);
    let mut made = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut group = Group::birth(row.record.id, row.record.birth(), None, now, version)?;
        version += 1 + u64::from(!row.owners.is_empty());
        if row.has_members {
            group.members_changed_at = now;
        }
        if row.record.archived() {
            // The version names the event that archived it: a restore looks there for the members it had.
            (group.state, group.purge_at, group.version) = (GroupState::Archived, Some(purge_at), version);
            version += 1;
        }
        made.push(group);
    }
    let new = groups::insert_all(tx, company, &made, now).await?;
    if let Some(i) = new.iter().position(|new| !new) {
        blame.on(rows[i].at);
        return Err(taken());
    }
    let all: Vec<(GroupId, Owner)> = rows.iter().flat_map(|r| r.owners.iter().map(|o| (r.record.id, *o))).collect();
    owners::insert(tx, company, &all).await?;
    let mut events = Vec::with_capacity(rows.len());
    for (row, group) in rows.into_iter().zip(&made) {
        events.push(Event::GroupCreated { group: group.id, fields: crate::groups::fields(group, None) });
        if !row.owners.is_empty() {
            events.push(Event::OwnersChanged { group: group.id, added: row.owners, removed: Vec::new() });
        }
        if group.state == GroupState::Archived {
            tx.head_mut().wake_at(purge_at);
            events.push(Event::GroupArchived { group: group.id, purge_at });
        }
    }
    journal::append_all(tx, &events).await
}

async fn write_nestings(tx: &mut Tx, some: &[Held<NestingRecord>]) -> Result<()> {
    still_loading(tx)?;
    let (company, now) = (tx.company(), tx.now());
    for held in some {
        let (nesting, revision) = (held.record.nesting, tx.revision());
        store::nestings::open(tx, company, &[nesting], now, revision, None).await?;
        let Nesting { parent, child } = nesting;
        journal::append(tx, &Event::GroupNested { parent, child }).await?;
    }
    Ok(())
}

async fn members(tx: &mut Tx, batch: &[Lot]) -> Result<()> {
    still_loading(tx)?;
    let (company, now) = (tx.company(), tx.now());
    for lot in batch {
        let (revision, rows) = (tx.revision(), lot.reasons(&tx.clock, now));
        if reasons::open(tx, company, &rows, now, revision).await?.contains(&false) {
            return Err(Error::internal("a membership was written twice"));
        }
        let event = Event::MembersAdded {
            group: lot.group,
            users: lot.users.iter().map(|(user, ..)| *user).collect(),
            kind: lot.kind,
            window: lot.extra.window,
            note: lot.extra.note.as_deref().map(str::to_owned),
        };
        crate::memberships::wake_for(tx, lot.extra.window);
        journal::append(tx, &event).await?;
    }
    Ok(())
}

/// The last step: the company is complete, and every door shows it.
pub(super) async fn activate(tx: &mut Tx, count: Loaded) -> Result<()> {
    still_loading(tx)?;
    tx.loading(false)?;
    tx.joined.waive();
    let (id, now, version) = (tx.company(), tx.now(), tx.revision());
    let company = companies::get(tx, id).await?.ok_or(Error::NotFound { noun: CompanyId::NOUN })?;
    let company = Company { state: CompanyState::Active, version, updated_at: now, ..company };
    companies::update(tx, &company).await?;
    tx.head_mut().state = CompanyState::Active;
    let Loaded { users, groups, memberships, .. } = count;
    journal::append(tx, &Event::CompanyImported { company: id, users, groups, memberships }).await
}

impl Engine {
    /// Removes what a load that was cut off has left: companies still `loading` that nobody loads. Safe at any time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub async fn remove_unfinished(&self) -> Result<u64> {
        let every = {
            let mut conn = self.db().reader().await?;
            companies::every(&mut conn).await?
        };
        let mut removed = 0;
        for (id, _, state) in every {
            if state != CompanyState::Loading || self.loads().has(id) {
                continue;
            }
            // One process has the SQLite file, so it is ours or nobody's. Another node of PostgreSQL may be loading.
            let alone = self.db().is_sqlite();
            let caller = Caller::operator(id, Dialect::System, self.clock().id());
            let abandoned = self.write(&caller, async move |tx| {
                let silent = tx.head().recorded_at.plus_seconds(ABANDONED_SECONDS) < tx.now();
                Ok(tx.born() && tx.head().state == CompanyState::Loading && (alone || silent))
            });
            if abandoned.await?.value {
                self.forget(id, caller.request).await?;
                tracing::info!(company = %id, "removed what an import that was cut off had left");
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes a company that is still `loading`, in bounded steps.
    pub(super) async fn forget(&self, id: CompanyId, request: RequestId) -> Result<()> {
        let caller = Caller::operator(id, Dialect::System, request);
        loop {
            let step = self.write(&caller, async |tx| {
                let company = tx.company();
                if !tx.born() || tx.head().state != CompanyState::Loading {
                    return Ok(false);
                }
                // Each removes a bounded number of rows; the company's row goes last, so that a step cut off is
                // found again.
                if reasons::forget(tx, company).await? + events::forget(tx, company).await? > 0 {
                    return Ok(true);
                }
                if super::apps::forget(tx, company).await? > 0 {
                    return Ok(true);
                }
                if owners::forget(tx, company).await? + groups::forget(tx, company).await? > 0 {
                    return Ok(true);
                }
                if store::nestings::forget(tx, company).await? + store::absences::forget(tx, company).await? > 0 {
                    return Ok(true);
                }
                if store::users::forget(tx, company).await? > 0 {
                    return Ok(true);
                }
                if store::links::forget(tx, company).await? + store::roles::forget(tx, company).await? > 0 {
                    return Ok(true);
                }
                store::runs::forget(tx, company).await?;
                store::connections::forget(tx, company).await?;
                store::conflicts::forget(tx, company).await?;
                keys::forget(tx, company).await?;
                refusals::forget(tx, company).await?;
                companies::forget(tx, company).await?;
                tx.loading(false)?;
                Ok(false)
            });
            if !step.await?.value {
                return Ok(());
            }
        }
    }
}
