//! Use cases on roles: what they are, which groups give them, and what that makes of a user.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{CompanyId, GroupId, RoleId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::role::{AccessRole, EditRole, Grant, NewRole, Permit, Power, Scope};
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::groups::{self, Shown};
use crate::store::{self, Conn, roles};
use crate::writer::Tx;
use crate::{Engine, Written, journal, nestings, users};

/// The most roles of a company, of the platform, and what a group gives at the most.
const MOST: u32 = 1000;

const GONE: Error = Error::NotFound { noun: RoleId::NOUN };

/// What to change in what a group gives. What is taken is taken first.
#[derive(Clone, Debug, Default)]
pub struct ChangeRoles {
    /// Roles to give, each within a scope.
    pub add: Vec<(RoleId, Scope)>,
    /// Roles to take: within this scope, or all of it.
    pub remove: Vec<(RoleId, Option<Scope>)>,
    /// What the dialect calls the two lists.
    pub called: (&'static str, &'static str),
}

/// One way in which a user comes by a role.
#[derive(Clone, Debug)]
pub struct Source {
    /// The group that gives it, of which the user is an effective member.
    pub group: GroupId,
    /// The role.
    pub role: RoleId,
    /// What it allows.
    pub permissions: Arc<[Permit]>,
    /// On what.
    pub scope: Arc<Scope>,
}

fn fields(role: &AccessRole, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", role.name.clone()),
        ("description", role.description.clone()),
        ("permissions", roles::permissions_text(&role.permissions)),
    ];
    let told = |name: &str| only.is_none_or(|only| only.contains(&name));
    all.into_iter().filter(|(name, _)| told(name)).map(|(name, value)| (name, Some(value))).collect()
}

/// A role that the company may give: its own, or one of the platform.
pub(crate) async fn find(conn: &mut Conn, company: CompanyId, id: RoleId) -> Result<Option<AccessRole>> {
    match roles::get(conn, company, id).await? {
        None if company != CompanyId::PLATFORM => roles::get(conn, CompanyId::PLATFORM, id).await,
        found => Ok(found),
    }
}

/// What a user may do in Guildhall: their workspace role, raised by what their groups give.
pub(crate) async fn raised(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> Result<Role> {
    if role == Role::Admin {
        return Ok(role);
    }
    let powers = roles::powers(conn, company).await?;
    if powers.is_empty() {
        return Ok(role);
    }
    let of_user: BTreeSet<GroupId> = nestings::groups_of(conn, company, user, now).await?.into_iter().collect();
    let held = powers.into_iter().filter(|(group, _)| of_user.contains(group)).map(|(_, power)| power);
    Ok(held.max().unwrap_or_default().raises(role))
}

fn right(company: CompanyId) -> Action {
    if company == CompanyId::PLATFORM { Action::ManagePlatform } else { Action::ManageDirectory }
}

fn reading(company: CompanyId) -> Action {
    if company == CompanyId::PLATFORM { Action::ManagePlatform } else { Action::ReadDirectory }
}

/// The role of this company itself, to change it.
async fn own(tx: &mut Tx, id: RoleId) -> Result<AccessRole> {
    let company = tx.company();
    match roles::get(tx, company, id).await? {
        Some(role) => Ok(role),
        None if roles::get(tx, CompanyId::PLATFORM, id).await?.is_some() => {
            Err(Error::forbidden("a platform role is the platform's to change"))
        }
        None => Err(GONE),
    }
}

async fn change(tx: &mut Tx, group: GroupId, ask: ChangeRoles) -> Result<()> {
    let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
    authz::may(tx, &caller, Action::ManageGroups, now).await?;
    let record = groups::get(tx, company, group, Shown::Live).await?;
    if record.unmodifiable {
        return Err(Error::Unmodifiable);
    }
    settle(tx, record, ask).await
}

/// Changes what a live group gives, for a caller who may, also where the group is unmodifiable to others.
pub(crate) async fn settle(tx: &mut Tx, mut record: Group, ask: ChangeRoles) -> Result<()> {
    let (caller, now, company, group) = (tx.caller().clone(), tx.now(), tx.company(), record.id);
    let (add_called, remove_called) = ask.called;
    for (n, field) in [(ask.add.len(), add_called), (ask.remove.len(), remove_called)] {
        if n > MOST as usize {
            return Err(Error::TooMany { field: field.into(), limit: MOST.into() });
        }
    }
    let mut known: BTreeMap<RoleId, AccessRole> = BTreeMap::new();
    let named = ask.add.iter().map(|(id, _)| (*id, add_called));
    let mut missing: BTreeMap<&'static str, Vec<uuid::Uuid>> = BTreeMap::new();
    for (id, field) in named.chain(ask.remove.iter().map(|(id, _)| (*id, remove_called))) {
        if known.contains_key(&id) {
            continue;
        }
        match find(tx, company, id).await? {
            Some(role) => drop(known.insert(id, role)),
            None => missing.entry(field).or_default().push(id.uuid()),
        }
    }
    if let Some((field, ids)) = missing.into_iter().next() {
        return Err(Error::Unknown { field: field.into(), noun: RoleId::NOUN, ids });
    }
    let mark = (now, tx.revision(), caller.user());
    let standing = roles::of_group(tx, company, group).await?;
    let taken = |grant: &Grant| {
        let fits = |(role, scope): &(RoleId, Option<Scope>)| {
            *role == grant.role && scope.as_ref().is_none_or(|scope| *scope == grant.scope)
        };
        ask.remove.iter().any(fits)
    };
    let wanted: Vec<Grant> =
        ask.add.iter().map(|(role, scope)| Grant { group, role: *role, scope: scope.clone() }).collect();
    // What is taken and given in one call stays as it was.
    let removed: Vec<Grant> =
        standing.iter().filter(|grant| taken(grant) && !wanted.contains(grant)).cloned().collect();
    let mut added: Vec<Grant> = Vec::new();
    for grant in wanted {
        if !standing.contains(&grant) && !added.contains(&grant) {
            added.push(grant);
        }
    }
    if standing.len() - removed.len() + added.len() > MOST as usize {
        return Err(Error::TooMany { field: add_called.into(), limit: MOST.into() });
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    for grant in &removed {
        roles::close(tx, company, grant, mark).await?;
    }
    for grant in &added {
        let power = known.get(&grant.role).map(|role| role.power(&grant.scope, company)).unwrap_or_default();
        roles::open(tx, company, grant, power, mark).await?;
    }
    (record.updated_at, record.updated_by, record.version) = (now, caller.user(), mark.1);
    store::groups::update(tx, company, &record, now).await?;
    told(tx, group, added, removed).await
}

/// Makes a role of the company at work, if the caller may.
pub(crate) async fn create(tx: &mut Tx, new: NewRole) -> Result<AccessRole> {
    let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
    authz::may(tx, &caller, right(company), now).await?;
    if roles::all_of(tx, company, RoleId::NIL, MOST).await?.len() == MOST as usize {
        return Err(Error::conflict("there are 1,000 roles, which is the most"));
    }
    let (id, version) = (new.id.unwrap_or_else(|| tx.clock.id()), tx.revision());
    let of = (company != CompanyId::PLATFORM).then_some(company);
    let role = AccessRole::birth(id, of, new, caller.user(), now, version)?;
    if !roles::insert(tx, company, &role).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    journal::append(tx, &Event::RoleCreated { role: id, fields: fields(&role, None) }).await?;
    Ok(role)
}

async fn told(tx: &mut Tx, group: GroupId, added: Vec<Grant>, removed: Vec<Grant>) -> Result<()> {
    let pairs = |grants: Vec<Grant>| grants.into_iter().map(|grant| (grant.role, grant.scope)).collect();
    journal::append(tx, &Event::RolesChanged { group, added: pairs(added), removed: pairs(removed) }).await
}

pub(crate) async fn edit(tx: &mut Tx, id: RoleId, ask: EditRole, version: Option<u64>) -> Result<AccessRole> {
    let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
    authz::may(tx, &caller, right(company), now).await?;
    let mut role = own(tx, id).await?;
    matches(version, role.version)?;
    let changed = role.apply(ask)?;
    if changed.is_empty() {
        return Ok(role);
    }
    (role.updated_at, role.updated_by, role.version) = (now, caller.user(), tx.revision());
    roles::update(tx, company, &role).await?;
    if changed.contains(&"permissions") {
        for grant in roles::of_role(tx, company, id).await? {
            let power = role.power(&grant.scope, company);
            roles::empower(tx, company, &grant, power).await?;
        }
    }
    journal::append(tx, &Event::RoleUpdated { role: id, fields: fields(&role, Some(&changed)) }).await?;
    Ok(role)
}

async fn delete(tx: &mut Tx, id: RoleId, version: Option<u64>) -> Result<()> {
    let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
    authz::may(tx, &caller, right(company), now).await?;
    matches(version, own(tx, id).await?.version)?;
    if company == CompanyId::PLATFORM {
        return Err(Error::conflict("a platform role stays: companies may have given it"));
    }
    let grants = roles::of_role(tx, company, id).await?;
    for of_group in grants.chunk_by(|a, b| a.group == b.group) {
        let mark = (now, tx.revision(), caller.user());
        for grant in of_group {
            roles::close(tx, company, grant, mark).await?;
        }
        told(tx, of_group[0].group, Vec::new(), of_group.to_vec()).await?;
    }
    let version = tx.revision();
    roles::delete(tx, company, id, now, version).await?;
    journal::append(tx, &Event::RoleDeleted { role: id }).await
}

impl Engine {
    /// All roles that the company may give, its own and the platform's, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn roles(&self, caller: &Caller) -> Result<Vec<AccessRole>> {
        authz::may_read(caller, reading(caller.company))?;
        let mut conn = self.db().reader().await?;
        let mut all = roles::all_of(&mut conn, CompanyId::PLATFORM, RoleId::NIL, MOST).await?;
        if caller.company != CompanyId::PLATFORM {
            all.extend(roles::all_of(&mut conn, caller.company, RoleId::NIL, MOST).await?);
        }
        all.sort_by_cached_key(|role| (fold(&role.name), role.id));
        Ok(all)
    }

    /// One role that the company may give.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn role(&self, caller: &Caller, id: RoleId) -> Result<AccessRole> {
        authz::may_read(caller, reading(caller.company))?;
        find(&mut *self.db().reader().await?, caller.company, id).await?.ok_or(GONE)
    }

    /// Makes a role of the caller's company; for a platform key, of the platform.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`]; [`Error::Taken`] on `id`; [`Error::Conflict`] when there are 1,000.
    pub async fn create_role(&self, caller: &Caller, new: NewRole) -> Result<Written<AccessRole>> {
        self.write(caller, async move |tx| create(tx, new).await).await
    }

    /// Edits a role; `version` is what `If-Match` named. What a role allows counts at once wherever it is given.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`], also for a company that would edit a platform role;
    /// [`Error::Invalid`]; [`Error::Stale`]; [`Error::Conflict`] when what a platform role allows would change.
    pub async fn edit_role(
        &self,
        caller: &Caller,
        id: RoleId,
        ask: EditRole,
        version: Option<u64>,
    ) -> Result<Written<AccessRole>> {
        self.write(caller, async move |tx| edit(tx, id, ask, version).await).await
    }

    /// Deletes a role, and takes it from every group that gives it; `version` is what `If-Match` named.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`]; [`Error::Conflict`] for a platform role.
    pub async fn delete_role(&self, caller: &Caller, id: RoleId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| delete(tx, id, version).await).await
    }

    /// What a group gives, by the role's name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn group_roles(&self, caller: &Caller, group: GroupId) -> Result<Vec<(AccessRole, Scope)>> {
        authz::may_read(caller, Action::ReadGroups)?;
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        groups::get(&mut conn, company, group, Shown::Live).await?;
        let mut all = Vec::new();
        for grant in roles::of_group(&mut conn, company, group).await? {
            if let Some(role) = find(&mut conn, company, grant.role).await? {
                all.push((role, grant.scope));
            }
        }
        all.sort_by_cached_key(|(role, _)| (fold(&role.name), role.id));
        Ok(all)
    }

    /// Gives a group roles and takes others from it, all of it or nothing; its effective members have them at once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Unmodifiable`], [`Error::Unknown`], [`Error::TooMany`].
    pub async fn change_roles(&self, caller: &Caller, group: GroupId, ask: ChangeRoles) -> Result<Written<()>> {
        self.write(caller, async move |tx| change(tx, group, ask).await).await
    }

    /// By which ways a user comes by which roles now, by group and role.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user; [`Error::Forbidden`].
    pub async fn roles_of(&self, caller: &Caller, user: UserId) -> Result<Vec<Source>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let company = caller.company;
        let (view, now) = self.present(company).await;
        if let Some(view) = view {
            return Ok(view.roles_of(view.user_no(user).ok_or(users::GONE)?, now));
        }
        let mut conn = self.db().reader().await?;
        users::get(&mut conn, company, user).await?;
        let groups = nestings::groups_of(&mut conn, company, user, now).await?;
        let mut known: BTreeMap<RoleId, Option<Arc<[Permit]>>> = BTreeMap::new();
        let mut all = Vec::new();
        for grant in roles::of_groups(&mut conn, company, &groups).await?.into_iter().flatten() {
            let permissions = match known.entry(grant.role) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => {
                    let found = find(&mut conn, company, grant.role).await?;
                    place.insert(found.map(|role| role.permissions.into()))
                }
            };
            if let Some(permissions) = permissions {
                let (permissions, scope) = (Arc::clone(permissions), Arc::new(grant.scope));
                all.push(Source { group: grant.group, role: grant.role, permissions, scope });
            }
        }
        all.sort_by_key(|source| (source.group, source.role, Arc::clone(&source.scope)));
        Ok(all)
    }

    /// Does each of these users hold each of these roles, by any group and within any scope? One answer a pair, in
    /// their order; no for a user or role that is not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller may not see one of the users.
    pub async fn hold(&self, caller: &Caller, pairs: &[(UserId, RoleId)]) -> Result<Vec<bool>> {
        let (mut known, mut answers) = (BTreeMap::<UserId, BTreeSet<RoleId>>::new(), Vec::with_capacity(pairs.len()));
        for (user, role) in pairs {
            let held = match known.entry(*user) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => {
                    let sources = match self.roles_of(caller, *user).await {
                        Err(Error::NotFound { .. }) => Vec::new(),
                        other => other?,
                    };
                    place.insert(sources.iter().map(|source| source.role).collect())
                }
            };
            answers.push(held.contains(role));
        }
        Ok(answers)
    }

    /// One page of the users who hold a role, by id; nobody for a role that is not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn holders(&self, caller: &Caller, role: RoleId, ask: &Ask<UserId>) -> Result<Page<UserId, UserId>> {
        let mut all = BTreeSet::new();
        for group in self.groups_with_role(caller, role).await? {
            // Of each group as many as the page may need: what lies behind them lies behind the page.
            let page = Ask { from: ask.from.clone(), limit: ask.limit + 1, total: false };
            match self.members(caller, group, true, &page).await {
                Err(Error::NotFound { .. }) => {}
                found => all.extend(found?.items.iter().map(|member| member.person.id)),
            }
        }
        let rows = all.into_iter().take(ask.limit as usize + 1).collect();
        Ok(Page::cut(rows, ask.limit, None, |id| *id))
    }

    /// The live groups that give a role, each once, by id; none for a role that is not there.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    async fn groups_with_role(&self, caller: &Caller, role: RoleId) -> Result<Vec<GroupId>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        let mut groups: Vec<GroupId> =
            roles::of_role(&mut conn, company, role).await?.into_iter().map(|grant| grant.group).collect();
        groups.dedup();
        let live = store::groups::get_each(&mut conn, company, &groups).await?.into_iter();
        Ok(live.filter(|group| group.state == GroupState::Live).map(|group| group.id).collect())
    }

    /// The workspace role that counts for this user now: what [`raised`] tells, from memory where it is held.
    pub(crate) async fn role_now(&self, company: CompanyId, user: UserId, role: Role, now: Timestamp) -> Result<Role> {
        if role == Role::Admin {
            return Ok(role);
        }
        match self.held(company, now) {
            Some(view) => {
                let now = view.present(now);
                Ok(view.user_no(user).map_or(Power::None, |no| view.power_of(no, now)).raises(role))
            }
            None => raised(&mut *self.db().reader().await?, company, user, role, now).await,
        }
    }
}
