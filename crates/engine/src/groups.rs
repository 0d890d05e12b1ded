//! Use cases on groups and their owners.

use guildhall_domain::caller::Caller;
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::group::{EditGroup, Group, GroupState, NewGroup, Owner};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::membership::{Outcome, Reason};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::store::{self, Conn, groups, owners, reasons};
use crate::writer::Tx;
use crate::{Engine, Written, grants, hands, journal, memberships, nestings, rules};

/// Which groups a door shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Live ones: what every vendor dialect shows.
    Live,
    /// Archived ones as well, which can be restored.
    Restorable,
}

/// The answer to an id that names no group here.
pub(crate) const GONE: Error = Error::NotFound { noun: GroupId::NOUN };

/// The members of a group's record by native name, for an event.
pub(crate) fn fields(group: &Group, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", Some(group.name.clone())),
        ("description", group.description.clone()),
        ("icon", group.icon.clone()),
        ("externalId", group.external_id.clone()),
        ("source", group.source.clone()),
        ("rule", group.rule.clone()),
        ("unmodifiable", Some(group.unmodifiable.to_string())),
        ("defaultDays", group.lifetime.default_days.map(|days| days.to_string())),
        ("longestDays", group.lifetime.longest_days.map(|days| days.to_string())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

/// The group, if the company has it and it is `shown`.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: GroupId, shown: Shown) -> Result<Group> {
    let seen = |group: &Group| match group.state {
        GroupState::Live => true,
        GroupState::Archived => shown == Shown::Restorable,
        GroupState::Purged => false,
    };
    groups::get(conn, company, id).await?.filter(seen).ok_or(GONE)
}

/// Refuses a name that another group has, where the company wants names unique.
async fn check_unique(tx: &mut Tx, name: &str, id: GroupId) -> Result<()> {
    let company = tx.company();
    if tx.head().settings.unique_group_names && groups::named(tx, company, name, id).await?.is_some() {
        return Err(Error::Taken { field: "name".into(), why: "belongs to another group of this company".into() });
    }
    Ok(())
}

/// Refuses a rule that makes no sense, or of which nobody could come.
pub(crate) fn check_rule(company: CompanyId, group: &Group) -> Result<()> {
    if company == CompanyId::PLATFORM && group.rule.is_some() {
        return Err(Error::invalid("rule", "does not go with a group of the platform; each company says who is in it"));
    }
    rules::check(group.rule.as_deref())
}

/// Finds out whether each id is a user or a live group of the company.
pub(crate) async fn resolve_owners(tx: &mut Tx, field: &str, ids: &[uuid::Uuid]) -> Result<Vec<Owner>> {
    let company = tx.company();
    let as_users: Vec<UserId> = ids.iter().copied().map(UserId::new).collect();
    let statuses = store::users::statuses(tx, company, &as_users).await?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (id, status) in ids.iter().zip(statuses) {
        let owner = match status {
            Some(_) => Some(Owner::User(UserId::new(*id))),
            None => get(tx, company, GroupId::new(*id), Shown::Live).await.ok().map(|group| Owner::Group(group.id)),
        };
        match owner {
            Some(owner) if !found.contains(&owner) => found.push(owner),
            Some(_) => {}
            None => missing.push(*id),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(Error::Unknown { field: field.into(), noun: "user or group", ids: missing })
}

/// Puts the owners of a group to those of `wanted`; what changed.
pub(crate) async fn settle_owners(tx: &mut Tx, group: GroupId, wanted: &[Owner]) -> Result<()> {
    let company = tx.company();
    let present = owners::of_group(tx, company, group).await?;
    let added: Vec<Owner> = wanted.iter().copied().filter(|o| !present.contains(o)).collect();
    let removed: Vec<Owner> = present.into_iter().filter(|o| !wanted.contains(o)).collect();
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = added.iter().map(|owner| (group, *owner)).collect();
    owners::insert(tx, company, &rows).await?;
    owners::delete(tx, company, group, &removed).await?;
    journal::append(tx, &Event::OwnersChanged { group, added, removed }).await
}

/// Makes a group, if the caller may.
pub(crate) async fn create(tx: &mut Tx, new: NewGroup) -> Result<Group> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    authz::may(tx, &caller, Action::ManageGroups, now).await?;
    let (company, version, by) = (tx.company(), tx.revision(), caller.user());
    let id = new.id.unwrap_or_else(|| tx.clock.id());
    let (owner_ids, members) = (new.owners.clone(), new.members.clone());
    let mut group = Group::birth(id, new, by, now, version)?;
    check_unique(tx, &group.name, id).await?;
    check_rule(company, &group)?;
    let owners = resolve_owners(tx, "owners", &owner_ids).await?;
    if !groups::insert(tx, company, &group, now).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    journal::append(tx, &Event::GroupCreated { group: id, fields: fields(&group, None) }).await?;
    settle_owners(tx, id, &owners).await?;
    if memberships::set_members(tx, &group, &members).await? {
        group.members_changed_at = now;
    }
    Ok(group)
}

/// Carries an edit out; the rights of record and members are asked apart, so that an owner may change members.
pub(crate) async fn edit(tx: &mut Tx, id: GroupId, mut ask: EditGroup, version: Option<u64>) -> Result<Group> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    // Whoever may neither manage the directory nor these members is refused before anything is told.
    let least = if company == CompanyId::PLATFORM { Action::ManageGroups } else { Action::ManageMembers(id) };
    authz::may(tx, &caller, least, now).await?;
    let before = get(tx, company, id, Shown::Live).await?;
    matches(version, before.version)?;
    let members = ask.members.take();
    let mut group = before.clone();
    let changed = group.apply(ask)?;
    if !changed.is_empty() {
        authz::may(tx, &caller, Action::ManageGroups, now).await?;
        if changed.contains(&"name") {
            check_unique(tx, &group.name, group.id).await?;
        }
        if changed.contains(&"rule") {
            check_rule(company, &group)?;
        }
        (group.updated_at, group.updated_by, group.version) = (now, caller.user(), tx.revision());
        groups::update(tx, company, &group, now).await?;
        journal::append(tx, &Event::GroupUpdated { group: group.id, fields: fields(&group, Some(&changed)) }).await?;
    }
    if let Some(members) = members {
        authz::may(tx, &caller, Action::ManageMembers(group.id), now).await?;
        if memberships::set_members(tx, &group, &members).await? {
            group.members_changed_at = now;
        }
    }
    Ok(group)
}

impl Engine {
    /// The owners of a group.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn owners(&self, caller: &Caller, id: GroupId) -> Result<Vec<Owner>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadGroups, self.clock().now()).await?;
        get(&mut conn, caller.company, id, Shown::Restorable).await?;
        owners::of_group(&mut conn, caller.company, id).await
    }

    /// Makes a group, with its owners and first members.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `name` or `id`; [`Error::Unknown`] on `owners` or `users`;
    /// [`Error::Invalid`].
    pub async fn create_group(&self, caller: &Caller, new: NewGroup) -> Result<Written<Group>> {
        let prepared = self.prepare_rule(caller, None, new.rule.as_deref()).await?;
        self.write(caller, async move |tx| {
            tx.prepared = prepared;
            create(tx, new).await
        })
        .await
    }

    /// Edits a group's record and, where given, its whole list of direct members. `version` is what `If-Match` named.
    ///
    /// # Errors
    /// As [`Self::create_group`], and [`Error::NotFound`], [`Error::Stale`], [`Error::Unmodifiable`],
    /// [`Error::Closed`], [`Error::HeldMembers`].
    pub async fn edit_group(
        &self,
        caller: &Caller,
        id: GroupId,
        ask: EditGroup,
        version: Option<u64>,
    ) -> Result<Written<Group>> {
        let rule = if let Patch::Set(text) = &ask.rule { Some(text.as_str()) } else { None };
        let prepared = self.prepare_rule(caller, Some(id), rule).await?;
        self.write(caller, async move |tx| {
            tx.prepared = prepared;
            edit(tx, id, ask, version).await
        })
        .await
    }

    /// Archives a group: it gives nothing any more, and can be restored until its purge (`restoreDays`).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Unmodifiable`].
    pub async fn archive_group(&self, caller: &Caller, id: GroupId, version: Option<u64>) -> Result<Written<Group>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageGroups, now).await?;
            let group = get(tx, company, id, Shown::Live).await?;
            matches(version, group.version)?;
            archive(tx, group).await
        })
        .await
    }

    /// Restores an archived group with the members it had; a live one stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] once purged; [`Error::Forbidden`]; [`Error::Taken`] when its name was given away.
    pub async fn restore_group(&self, caller: &Caller, id: GroupId) -> Result<Written<Group>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageGroups, now).await?;
            let group = get(tx, company, id, Shown::Restorable).await?;
            if group.state == GroupState::Live {
                return Ok(group);
            }
            if group.purge_at.is_some_and(|purge| purge <= now) {
                return Err(GONE);
            }
            check_unique(tx, &group.name, id).await?;
            let group = revive(tx, group).await?;
            ask_again(tx, id).await?;
            Ok(group)
        })
        .await
    }

    /// Puts the owners of a group, users or groups by bare id, to just these.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Unknown`] on `owners`.
    pub async fn set_owners(
        &self,
        caller: &Caller,
        id: GroupId,
        wanted: Vec<uuid::Uuid>,
    ) -> Result<Written<Vec<Owner>>> {
        self.change_owners(caller, id, async move |tx, _| resolve_owners(tx, "owners", &wanted).await).await
    }

    /// Makes a user or group an owner; one who is stays so.
    ///
    /// # Errors
    /// As [`Self::set_owners`].
    pub async fn add_owner(
        &self,
        caller: &Caller,
        id: GroupId,
        owner: uuid::Uuid,
    ) -> Result<Written<(Vec<Owner>, Outcome)>> {
        let written = self.change_owners(caller, id, async move |tx, mut present| {
            for new in resolve_owners(tx, "owner", &[owner]).await? {
                if !present.contains(&new) {
                    present.push(new);
                }
            }
            Ok(present)
        });
        Ok(written.await?.map(|owners| (owners, Outcome::Added)))
    }

    /// Ends an ownership; false when there was none.
    ///
    /// # Errors
    /// As [`Self::set_owners`]; [`Error::NotFound`] when they do not own the group.
    pub async fn remove_owner(&self, caller: &Caller, id: GroupId, owner: uuid::Uuid) -> Result<Written<Vec<Owner>>> {
        self.change_owners(caller, id, async move |_, present: Vec<Owner>| {
            let is = |o: &Owner| {
                matches!(o, Owner::User(id) if id.uuid() == owner)
                    || matches!(o, Owner::Group(id) if id.uuid() == owner)
            };
            if !present.iter().any(is) {
                return Err(Error::NotFound { noun: "owner" });
            }
            Ok(present.into_iter().filter(|o| !is(o)).collect())
        })
        .await
    }

    async fn change_owners<F>(&self, caller: &Caller, id: GroupId, decide: F) -> Result<Written<Vec<Owner>>>
    where
        F: AsyncFnOnce(&mut Tx, Vec<Owner>) -> Result<Vec<Owner>> + Send + 'static,
    {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            get(tx, company, id, Shown::Live).await?;
            let present = owners::of_group(tx, company, id).await?;
            let wanted = decide(tx, present).await?;
            settle_owners(tx, id, &wanted).await?;
            Ok(wanted)
        })
        .await
    }
}

/// Archives a live group in the transaction of a caller who may.
pub(crate) async fn archive(tx: &mut Tx, group: Group) -> Result<Group> {
    if group.unmodifiable {
        return Err(Error::Unmodifiable);
    }
    let purge_at = tx.now().plus_seconds(i64::from(tx.head().settings.restore_days) * 86_400);
    end(tx, group, purge_at).await
}

/// Ends a live group and what it gives, until somebody restores it before its purge.
pub(crate) async fn end(tx: &mut Tx, mut group: Group, purge_at: Timestamp) -> Result<Group> {
    let (caller, now, company, id) = (tx.caller().clone(), tx.now(), tx.company(), group.id);
    (group.state, group.purge_at) = (GroupState::Archived, Some(purge_at));
    (group.updated_at, group.updated_by, group.version) = (now, caller.user(), tx.revision());
    // Read before anything ends: those who lose what this group gives, and what the groups around it give them by it.
    let given = grants::given_by(tx, id).await?;
    let members = if given.is_empty() { Vec::new() } else { hands::members(tx, &[id]).await? };
    // Closed in the very revision that the group's version names: that is how a restore finds them.
    reasons::close_group(tx, company, id, now, group.version, caller.user()).await?;
    nestings::end_all(tx, id, group.version).await?;
    groups::update(tx, company, &group, now).await?;
    tx.head_mut().wake_at(purge_at);
    journal::append(tx, &Event::GroupArchived { group: id, purge_at }).await?;
    grants::ask_back(tx, given, &members).await?;
    Ok(group)
}

/// Makes an archived group live again, with the members and nestings it had. What it gives them is asked for by
/// [`ask_again`].
pub(crate) async fn revive(tx: &mut Tx, mut group: Group) -> Result<Group> {
    let (company, now, revision, archived) = (tx.company(), tx.now(), tx.revision(), group.clone());
    reopen(tx, &group, now, revision).await?;
    (group.state, group.purge_at) = (GroupState::Live, None);
    (group.updated_at, group.updated_by, group.version) = (now, tx.caller().user(), revision);
    group.members_changed_at = now;
    groups::update(tx, company, &group, now).await?;
    journal::append(tx, &Event::GroupRestored { group: group.id }).await?;
    nestings::reopen(tx, &archived).await?;
    Ok(group)
}

/// Asks for the apps that a revived group gives its members.
pub(crate) async fn ask_again(tx: &mut Tx, group: GroupId) -> Result<()> {
    let members = hands::members(tx, &[group]).await?;
    grants::joined(tx, group, &members).await
}

/// Opens again what archiving closed, unless its user is gone since.
async fn reopen(tx: &mut Tx, group: &Group, now: Timestamp, revision: u64) -> Result<()> {
    let company = tx.company();
    let closed = reasons::closed_at(tx, company, group.id, group.version).await?;
    let users: Vec<UserId> = closed.iter().map(|reason| reason.user).collect();
    let statuses = store::users::statuses(tx, company, &users).await?;
    let clock = tx.clock.clone();
    let again: Vec<Reason> = closed
        .into_iter()
        .zip(statuses)
        .filter(|(reason, status)| status.is_some() && reason.window.ends.is_none_or(|end| end > now))
        .map(|(reason, _)| Reason { id: clock.id(), ..reason })
        .collect();
    for reason in &again {
        memberships::wake_for(tx, reason.window);
    }
    reasons::open(tx, company, &again, now, revision).await.map(drop)
}
