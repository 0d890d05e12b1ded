//! An existing company: records upsert by id in one use case, all or nothing. What no record names stays.

use std::collections::{HashMap, HashSet};

use guildhall_domain::connection::EditConnection;
use guildhall_domain::event::Event;
use guildhall_domain::group::{Group, GroupState, Owner};
use guildhall_domain::ids::{ConnectionId, GroupId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::patch::Patch;
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result};

use super::fresh;
use super::held::{Held, Part, Place};
use super::lots::{self, Lot};
use super::{Blame, ConnectionRecord, GroupRecord, Loaded, NestingRecord, UserRecord};
use crate::nestings::Refused;
use crate::store::nestings::Nesting;
use crate::store::{self, companies, groups, reasons};
use crate::writer::Tx;
use crate::{companies as company_cases, journal};

/// Carries all records of one company out.
pub(super) async fn run(tx: &mut Tx, mut part: Part, blame: &Blame) -> Result<Loaded> {
    if let Some((_, second)) = part.twice() {
        blame.on(second);
        return Err(Error::Taken { field: "membership".into(), why: "is on another line already".into() });
    }
    let id = tx.company();
    let had_admin = store::users::has_other_admin(tx, id, UserId::NIL).await?;
    let mut count = Loaded::default();
    if let Some(Held { at, record }) = part.company.take() {
        blame.on(at);
        count.companies = u64::from(company(tx, record).await?);
    }
    let named: HashSet<UserId> = part.users.iter().map(|u| u.record.id).collect();
    count.users = users(tx, std::mem::take(&mut part.users), &named, blame).await?;
    let mut came = Came::default();
    count.groups = groups_of(tx, std::mem::take(&mut part.groups), &mut came, blame).await?;
    count.nestings = nestings(tx, std::mem::take(&mut part.nestings), blame).await?;
    super::giving::write(tx, std::mem::take(&mut part.roles), std::mem::take(&mut part.given), blame).await?;
    let changed = connections(tx, std::mem::take(&mut part.connections), blame).await?;
    let linked = fresh::write_links(tx, std::mem::take(&mut part.links), blame).await?;
    let joined = memberships(tx, &part, &came.born, blame).await?;
    count.memberships = joined.iter().map(|(_, users)| users.len() as u64).sum();
    part.apps.once().map_err(|(at, error)| {
        blame.on(at);
        error
    })?;
    count.more = linked + std::mem::take(&mut part.apps).write(tx, blame).await?;
    count.more += super::conflicts::write(tx, std::mem::take(&mut part.conflicts), blame).await?;
    blame.nobody();
    if had_admin && !store::users::has_other_admin(tx, id, UserId::NIL).await? {
        return Err(Error::conflict("after this import nobody would administer the company; keep an active admin"));
    }
    if count != Loaded::default() {
        let Loaded { users, groups, memberships, .. } = count;
        for connection in changed {
            let now = tx.now();
            store::links::learn(tx, id, connection, now).await?;
        }
        journal::append(tx, &Event::CompanyImported { company: id, users, groups, memberships }).await?;
    }
    // Last, as what the load says of apps and accesses leaves less to ask for.
    for (group, users) in joined {
        crate::grants::turned(tx, group, &users).await?;
    }
    for group in came.restored {
        crate::groups::ask_again(tx, group).await?;
    }
    Ok(count)
}

fn taken() -> Error {
    Error::Taken { field: "id".into(), why: "is not usable".into() }
}

async fn company(tx: &mut Tx, record: super::CompanyRecord) -> Result<bool> {
    let (id, now) = (tx.company(), tx.now());
    let found = companies::get(tx, id).await?;
    let mut company = found.ok_or(Error::NotFound { noun: guildhall_domain::ids::CompanyId::NOUN })?;
    let edit = guildhall_domain::company::EditCompany { name: Patch::Set(record.name), settings: record.settings };
    if !company.apply(edit)? {
        return Ok(false);
    }
    (company.version, company.updated_at) = (tx.revision(), now);
    companies::update(tx, &company).await?;
    tx.head_mut().settings = company.settings.clone();
    journal::append(tx, &Event::CompanyUpdated { company: id, fields: company_cases::fields(&company) }).await?;
    Ok(true)
}

/// One user as it was and as it will be.
struct Change {
    at: Place,
    before: Option<User>,
    after: User,
    changed: Vec<&'static str>,
}

async fn users(tx: &mut Tx, records: Vec<Held<UserRecord>>, named: &HashSet<UserId>, blame: &Blame) -> Result<u64> {
    let (company, now) = (tx.company(), tx.now());
    let mut changes = Vec::with_capacity(records.len());
    for Held { at, record } in records {
        blame.on(at);
        let before = store::users::get(tx, company, record.id).await?;
        let (after, changed) = match &before {
            None => (User::birth(record.id, record.birth(), now, 0)?, Vec::new()),
            Some(before) => {
                let mut after = before.clone();
                let changed = after.apply(record.edit)?;
                (after, changed)
            }
        };
        if before.is_some() && changed.is_empty() {
            continue;
        }
        let manager = after.manager.filter(|id| before.as_ref().is_none_or(|b| b.manager != Some(*id)));
        if let Some(manager) = manager.filter(|id| !named.contains(id))
            && store::users::get(tx, company, manager).await?.is_none()
        {
            return Err(Error::unknown("manager", UserId::NOUN, manager.uuid()));
        }
        changes.push(Change { at, before, after, changed });
    }
    make_room(tx, &changes, blame).await?;
    let n = changes.len() as u64;
    for change in changes {
        blame.on(change.at);
        write_user(tx, change).await?;
    }
    Ok(n)
}

/// Refuses an address or sign-in name that another user keeps; takes it from one who gives it up in this very load.
async fn make_room(tx: &mut Tx, changes: &[Change], blame: &Blame) -> Result<()> {
    let company = tx.company();
    let by_id: HashMap<UserId, &Change> = changes.iter().map(|c| (c.after.id, c)).collect();
    let mut wanted: HashMap<(&str, String), Place> = HashMap::new();
    let mut parked = HashSet::new();
    for change in changes {
        blame.on(change.at);
        let user = &change.after;
        let holders = [
            ("email", fold(&user.email), store::users::by_email(tx, company, &user.email).await?),
            ("userName", fold(&user.user_name), store::users::by_user_name(tx, company, &user.user_name).await?),
        ];
        for (field, key, holder) in holders {
            let refused = || Error::Taken { field: field.into(), why: "belongs to another user".into() };
            let gives_up = |c: &&Change| match field {
                "email" => fold(&c.after.email) != key,
                _ => fold(&c.after.user_name) != key,
            };
            match holder.filter(|holder| *holder != user.id) {
                Some(holder) if by_id.get(&holder).is_some_and(gives_up) => drop(parked.insert(holder)),
                Some(_) => return Err(refused()),
                None => {}
            }
            if wanted.insert((field, key), change.at).is_some() {
                return Err(refused());
            }
        }
    }
    // Two who swap their addresses would stand in each other's way for a moment.
    for id in parked {
        if let Some(before) = by_id.get(&id).and_then(|c| c.before.as_ref()) {
            let nobody = User { email: id.to_string(), user_name: id.to_string(), ..before.clone() };
            store::users::update(tx, company, &nobody).await?;
        }
    }
    Ok(())
}

async fn write_user(tx: &mut Tx, change: Change) -> Result<()> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    let Change { before, mut after, mut changed, .. } = change;
    let user = after.id;
    after.version = version;
    let Some(before) = before else {
        if !store::users::insert(tx, company, &after).await? {
            return Err(taken());
        }
        return journal::append(tx, &Event::UserCreated { user, fields: crate::users::fields(&after, None) }).await;
    };
    after.updated_at = now;
    store::users::update(tx, company, &after).await?;
    if before.counts() != after.counts() {
        changed.retain(|field| *field != "status");
        crate::users::mark_absence(tx, &after).await?;
        let event = if after.counts() { Event::UserReactivated { user } } else { Event::UserDeactivated { user } };
        journal::append(tx, &event).await?;
        for group in reasons::groups_of(tx, company, user).await? {
            groups::touch(tx, company, group, now).await?;
        }
    }
    if !changed.is_empty() {
        let fields = crate::users::fields(&after, Some(&changed));
        journal::append(tx, &Event::UserUpdated { user, fields }).await?;
    }
    Ok(())
}

/// Groups that were not there before.
#[derive(Default)]
struct Came {
    /// New ones.
    born: HashSet<GroupId>,
    /// Ones that were archived.
    restored: Vec<GroupId>,
}

/// Groups and their owners; those that were not there before are noted in `came`.
async fn groups_of(tx: &mut Tx, records: Vec<Held<GroupRecord>>, came: &mut Came, blame: &Blame) -> Result<u64> {
    let now = tx.now();
    let company = tx.company();
    let (mut written, mut owned) = (Vec::new(), Vec::new());
    for Held { at, mut record } in records {
        blame.on(at);
        let owners = std::mem::take(&mut record.owners);
        let (id, before) = (record.id, tx.revision());
        match groups::get(tx, company, id).await? {
            None => {
                create_group(tx, &record).await?;
                came.born.insert(id);
            }
            Some(group) if group.state == GroupState::Purged || group.purge_at.is_some_and(|at| at <= now) => {
                return Err(taken());
            }
            Some(group) => {
                if edit_group(tx, group, record).await? {
                    came.restored.push(id);
                }
            }
        }
        written.push((at, id, tx.revision() != before));
        owned.push(owners);
    }
    let mut n = 0;
    // Owners last: they may be groups that stand further down.
    for ((at, id, mut changed), owners) in written.into_iter().zip(owned) {
        blame.on(at);
        let before = tx.revision();
        match owners {
            Patch::Keep => {}
            Patch::Clear => crate::groups::settle_owners(tx, id, &[]).await?,
            Patch::Set(ids) => {
                let owners = owners_of(tx, &ids).await?;
                crate::groups::settle_owners(tx, id, &owners).await?;
            }
        }
        changed |= tx.revision() != before;
        if changed {
            n += 1;
            check_name(tx, id).await?;
        }
    }
    Ok(n)
}

async fn check_name(tx: &mut Tx, id: GroupId) -> Result<()> {
    let company = tx.company();
    if tx.head().settings.unique_group_names
        && let Some(group) = groups::get(tx, company, id).await?
        && groups::named(tx, company, &group.name, id).await?.is_some()
    {
        return Err(Error::Taken { field: "name".into(), why: "belongs to another group of this company".into() });
    }
    Ok(())
}

async fn owners_of(tx: &mut Tx, ids: &[uuid::Uuid]) -> Result<Vec<Owner>> {
    let company = tx.company();
    let mut found = Vec::new();
    for id in ids {
        let (user, group) = (UserId::new(*id), GroupId::new(*id));
        let owner = if store::users::get(tx, company, user).await?.is_some() {
            Owner::User(user)
        } else if groups::get(tx, company, group).await?.is_some_and(|g| g.state != GroupState::Purged) {
            Owner::Group(group)
        } else {
            return Err(Error::unknown("owners", "user or group", *id));
        };
        if !found.contains(&owner) {
            found.push(owner);
        }
    }
    Ok(found)
}

async fn create_group(tx: &mut Tx, record: &GroupRecord) -> Result<()> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    let group = Group::birth(record.id, record.birth(), None, now, version)?;
    crate::groups::check_rule(company, &group)?;
    if !groups::insert(tx, company, &group, now).await? {
        return Err(taken());
    }
    journal::append(tx, &Event::GroupCreated { group: group.id, fields: crate::groups::fields(&group, None) }).await?;
    if record.archived() { crate::groups::archive(tx, group).await.map(drop) } else { Ok(()) }
}

/// Edits a group; true when it was restored.
async fn edit_group(tx: &mut Tx, before: Group, record: GroupRecord) -> Result<bool> {
    let (company, now) = (tx.company(), tx.now());
    let mut group = before.clone();
    // A record that lifts the freeze may change what was frozen; one that sets it freezes what it says.
    let unfrozen = record.unmodifiable.clone().apply_or(&mut group.unmodifiable, false);
    let freeze = unfrozen && group.unmodifiable;
    group.unmodifiable &= !freeze;
    let mut changed = group.apply(record.edit)?;
    group.unmodifiable |= freeze;
    if unfrozen {
        changed.push("unmodifiable");
    }
    let source = record.source.try_map(|raw| guildhall_domain::name::name("source", &raw))?;
    if source.apply(&mut group.source) {
        changed.push("source");
    }
    let state = match record.state {
        Patch::Set(GroupState::Archived) => GroupState::Archived,
        Patch::Set(_) | Patch::Clear => GroupState::Live,
        Patch::Keep => group.state,
    };
    if changed.contains(&"rule") {
        crate::groups::check_rule(company, &group)?;
    }
    if !changed.is_empty() {
        // An archived group's version names the event that archived it, where a restore looks for its members.
        let version = if group.state == GroupState::Live { tx.revision() } else { group.version };
        (group.updated_at, group.updated_by, group.version) = (now, None, version);
        groups::update(tx, company, &group, now).await?;
        let fields = crate::groups::fields(&group, Some(&changed));
        journal::append(tx, &Event::GroupUpdated { group: group.id, fields }).await?;
    }
    match (before.state, state) {
        (GroupState::Live, GroupState::Archived) => crate::groups::archive(tx, group).await?,
        (GroupState::Archived, GroupState::Live) => crate::groups::revive(tx, group).await?,
        _ => return Ok(false),
    };
    Ok(state == GroupState::Live)
}

async fn nestings(tx: &mut Tx, records: Vec<Held<NestingRecord>>, blame: &Blame) -> Result<u64> {
    let company = tx.company();
    let mut ids: Vec<GroupId> =
        records.iter().flat_map(|held| [held.record.nesting.parent, held.record.nesting.child]).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = groups::get_each(tx, company, &ids).await?;
    let live: HashSet<GroupId> = found.iter().filter(|g| g.state == GroupState::Live).map(|g| g.id).collect();
    for Held { at, record } in &records {
        blame.on(*at);
        for (field, group) in [("parent", record.nesting.parent), ("child", record.nesting.child)] {
            if !live.contains(&group) {
                return Err(Error::unknown(field, GroupId::NOUN, group.uuid()));
            }
        }
    }
    let all: Vec<Nesting> = records.iter().map(|held| held.record.nesting).collect();
    crate::nestings::nest_all(tx, &all).await?.map_err(|Refused { error, by }| {
        if let Some(at) = records.iter().filter(|held| by.contains(&held.record.nesting)).map(|held| held.at).max() {
            blame.on(at);
        }
        error
    })
}

/// Connections; those that the file names.
async fn connections(tx: &mut Tx, records: Vec<Held<ConnectionRecord>>, blame: &Blame) -> Result<Vec<ConnectionId>> {
    let company = tx.company();
    let mut named = Vec::with_capacity(records.len());
    for Held { at, record } in records {
        blame.on(at);
        named.push(record.id);
        match store::connections::get(tx, company, record.id).await? {
            None => drop(crate::connections::create(tx, None, record.birth()).await?),
            Some(before) if before.kind != record.kind => {
                return Err(Error::invalid("kind", "of a connection that exists cannot be changed"));
            }
            Some(before) => {
                let edit = EditConnection {
                    name: Patch::Set(record.name),
                    one_way: record.one_way,
                    owner: record.owner,
                    adopt: record.adopt,
                    settings: record.settings,
                    secret: Patch::Keep,
                    brake_members: record.brake_members,
                    brake_percent: record.brake_percent,
                };
                crate::connections::edit(tx, None, before, edit).await?;
            }
        }
    }
    Ok(named)
}

/// Gives the memberships; to whom, by group.
async fn memberships(
    tx: &mut Tx,
    part: &Part,
    born: &HashSet<GroupId>,
    blame: &Blame,
) -> Result<Vec<(GroupId, Vec<UserId>)>> {
    let mut seen: HashMap<GroupId, Group> = HashMap::new();
    let mut joined = Vec::new();
    for lot in lots::batches(part).flatten() {
        let group = lot.group;
        let users = give(tx, lot, &mut seen, born, blame).await?;
        if !users.is_empty() {
            joined.push((group, users));
        }
    }
    Ok(joined)
}

/// Opens the reasons of a lot that do not stand; whose.
async fn give(
    tx: &mut Tx,
    lot: Lot,
    seen: &mut HashMap<GroupId, Group>,
    born: &HashSet<GroupId>,
    blame: &Blame,
) -> Result<Vec<UserId>> {
    let (company, now, revision) = (tx.company(), tx.now(), tx.revision());
    if let Some((.., at)) = lot.users.first() {
        blame.on(*at);
    }
    if let std::collections::hash_map::Entry::Vacant(place) = seen.entry(lot.group) {
        let found = groups::get(tx, company, lot.group).await?.filter(|g| g.state != GroupState::Purged);
        place.insert(found.ok_or_else(|| Error::unknown("group", GroupId::NOUN, lot.group.uuid()))?);
    }
    let group = seen.get(&lot.group).filter(|group| group.state == GroupState::Live);
    let group = group.ok_or_else(|| Error::invalid("group", "is archived, so it has no members"))?;
    let ids: Vec<UserId> = lot.users.iter().map(|(user, ..)| *user).collect();
    let missing = store::users::statuses(tx, company, &ids).await?.iter().position(Option::is_none);
    if let Some(i) = missing {
        blame.on(lot.users[i].2);
        return Err(Error::unknown("user", UserId::NOUN, ids[i].uuid()));
    }
    let source = ConnectionId::new(lot.extra.source);
    if source != ConnectionId::NIL && store::connections::get(tx, company, source).await?.is_none() {
        return Err(Error::unknown("connection", ConnectionId::NOUN, source.uuid()));
    }
    let rows = lot.reasons(&tx.clock, now);
    let mut new = reasons::open(tx, company, &rows, now, revision).await?;
    // A reason that has run out makes way for one that has not; any other stays as it is.
    let held: Vec<usize> = (0..new.len()).filter(|i| !new[*i]).collect();
    let users: Vec<UserId> = held.iter().map(|i| ids[*i]).collect();
    let over = |w: &guildhall_domain::time::Window| w.ends.is_some_and(|end| end <= now);
    let (mut lapsed, mut again) = (Vec::new(), Vec::new());
    for (i, open) in held.into_iter().zip(reasons::open_of(tx, company, lot.group, &users).await?) {
        let same = |r: &guildhall_domain::membership::Reason| r.kind == lot.kind && r.source == lot.extra.source;
        if let Some(old) = open.into_iter().find(|r| same(r) && over(&r.window) && !over(&lot.extra.window)) {
            lapsed.push(old);
            again.push(rows[i].clone());
            new[i] = true;
        }
    }
    reasons::close(tx, company, &lapsed, now, revision, None).await?;
    reasons::open(tx, company, &again, now, revision).await?;
    let added: Vec<UserId> = ids.iter().zip(&new).filter(|(_, new)| **new).map(|(user, _)| *user).collect();
    if added.is_empty() {
        return Ok(added);
    }
    // What a source keeps is not for hands to change, an import's no more than another's; its own reasons are.
    if lot.kind.ends_by_hand() && !born.contains(&lot.group) {
        crate::connections::open_to(tx, group).await?;
    }
    let users = added.clone();
    groups::touch(tx, company, lot.group, now).await?;
    crate::memberships::wake_for(tx, lot.extra.window);
    let note = lot.extra.note.as_deref().map(str::to_owned);
    let event = Event::MembersAdded { group: lot.group, users: added, kind: lot.kind, window: lot.extra.window, note };
    journal::append(tx, &event).await?;
    Ok(users)
}
