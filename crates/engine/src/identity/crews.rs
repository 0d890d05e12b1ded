//! Groups in the sight of a connection or a hand.

use std::collections::HashSet;

use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Link, Noun};
use guildhall_domain::group::{EditGroup, Group, NewGroup};
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result, Timestamp, name};
use uuid::Uuid;

use super::{Crew, EditCrew, EditMembers, Listed, place, said, sight};
use crate::authz::{self, Action};
use crate::companies::matches;
use crate::groups::{self, Shown};
use crate::index::snapshot::{GroupNode, No, Snapshot};
use crate::memberships::{self, ChangeMembers, MemberRef};
use crate::store::links::{self, Known};
use crate::store::nestings::{self as rows, Nesting, Towards};
use crate::store::{self, Conn, identity, reasons};
use crate::writer::Tx;
use crate::{Engine, Written, connections, nestings};

const GONE: Error = Error::NotFound { noun: GroupId::NOUN };

/// The group, if it is in sight: of a connection one that comes from it, or from none.
async fn seen(conn: &mut Conn, caller: &Caller, id: GroupId) -> Result<(Crew, Known)> {
    let (company, sight) = (caller.company, sight(caller));
    let group = groups::get(conn, company, id, Shown::Live).await?;
    let known = match sight {
        ConnectionId::NIL => Known::No,
        _ => links::known(conn, company, sight, Noun::Group, id.uuid()).await?,
    };
    let external_id = match &known {
        Known::Ended(_) => return Err(GONE),
        Known::Linked(link) => link.external_id.clone(),
        Known::No if sight == ConnectionId::NIL => group.external_id.clone(),
        Known::No if store::connections::of_group(conn, company, id).await?.is_some() => return Err(GONE),
        Known::No => None,
    };
    let version = identity::versions(conn, company, &[id.uuid()]).await?.pop().unwrap_or(0);
    Ok((Crew { group, external_id, version }, known))
}

async fn again(tx: &mut Tx, id: GroupId) -> Result<Crew> {
    let caller = tx.caller().clone();
    Ok(seen(tx, &caller, id).await?.0)
}

/// Refuses a name that another group of the same connection has.
async fn own_name(tx: &mut Tx, name: &str, id: Option<GroupId>) -> Result<()> {
    let (company, sight) = place(tx);
    // Checked before it is looked for: no database takes whatever text there is.
    let name = &name::name("name", name)?;
    if sight == ConnectionId::NIL {
        return Ok(());
    }
    for group in identity::groups_named(tx, company, name).await? {
        let known = links::known(tx, company, sight, Noun::Group, group.uuid()).await?;
        if matches!(known, Known::Linked(_)) && Some(group) != id {
            return Err(Error::Taken {
                field: "name".into(),
                why: "belongs to another group of this connection".into(),
            });
        }
    }
    Ok(())
}

/// The one group of this name that no connection keeps.
pub(crate) async fn adoptable(tx: &mut Tx, name: &str) -> Result<Option<GroupId>> {
    let company = tx.company();
    let mut free = Vec::new();
    for group in identity::groups_named(tx, company, name).await? {
        if store::connections::of_group(tx, company, group).await?.is_none() {
            free.push(group);
        }
    }
    match free[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Error::conflict("several groups have this name; link the right one to the connection")),
    }
}

/// An archived group keeps its link, and makes way for a live one of the same external id.
pub(crate) async fn make_way(tx: &mut Tx, external_id: Option<&String>) -> Result<()> {
    let (company, sight) = place(tx);
    let now = tx.now();
    let Some(external_id) = external_id else { return Ok(()) };
    let external_id = &name::short("externalId", external_id)?;
    let holder = links::by_external_id(tx, company, sight, Noun::Group, external_id).await?;
    if let Some(holder) = holder
        && groups::get(tx, company, holder.into(), Shown::Live).await.is_err()
    {
        links::end(tx, company, sight, Noun::Group, holder, true, now).await?;
    }
    Ok(())
}

async fn create(tx: &mut Tx, new: NewGroup, members: &[Uuid], external_id: Option<String>) -> Result<GroupId> {
    let (company, sight) = place(tx);
    let now = tx.now();
    if sight == ConnectionId::NIL {
        let group = groups::create(tx, NewGroup { external_id, ..new }).await?;
        settle(tx, &group, EditMembers::Whole(members.to_vec())).await?;
        return Ok(group.id);
    }
    own_name(tx, &new.name, None).await?;
    make_way(tx, external_id.as_ref()).await?;
    let connection = connections::get(tx, company, sight).await?;
    let taken_over = if connection.adopt.groups() { adoptable(tx, &new.name).await? } else { None };
    let (group, made) = match taken_over {
        Some(id) => (groups::get(tx, company, id, Shown::Live).await?, false),
        None => (groups::create(tx, NewGroup { external_id: external_id.clone(), ..new }).await?, true),
    };
    let (noun, object) = (Noun::Group, group.id.uuid());
    connections::link(tx, Link { connection: sight, noun, object, external_id, made, linked_at: now }).await?;
    said::keep_group(tx, sight, &group).await?;
    settle(tx, &group, EditMembers::Whole(members.to_vec())).await?;
    Ok(group.id)
}

/// Those of `ids` that are users in sight, and those that are groups in sight; refuses what is neither.
async fn told_apart(tx: &mut Tx, ids: &[Uuid]) -> Result<(Vec<UserId>, Vec<GroupId>)> {
    let (company, sight) = place(tx);
    let caller = tx.caller().clone();
    let as_users: Vec<UserId> = ids.iter().copied().map(UserId::new).collect();
    let statuses = store::users::statuses(tx, company, &as_users).await?;
    let known = match sight {
        ConnectionId::NIL => vec![Known::No; ids.len()],
        _ => links::known_each(tx, company, sight, Noun::User, ids).await?,
    };
    let (mut users, mut inside, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for ((user, status), known) in as_users.into_iter().zip(statuses).zip(known) {
        match status {
            Some(_) if !matches!(known, Known::Ended(_)) => users.push(user),
            Some(_) => missing.push(user.uuid()),
            None if seen(tx, &caller, user.uuid().into()).await.is_ok() => inside.push(user.uuid().into()),
            None => missing.push(user.uuid()),
        }
    }
    if missing.is_empty() {
        return Ok((users, inside));
    }
    Err(Error::Unknown { field: "members".into(), noun: "user or group", ids: missing })
}

/// The groups directly inside a group.
async fn inside(conn: &mut Conn, company: CompanyId, group: GroupId) -> Result<Vec<GroupId>> {
    Ok(rows::next_of_each(conn, company, &[group], Towards::Children, None).await?.pop().unwrap_or_default())
}

/// Puts groups into a group, and takes others out of it.
async fn nest(tx: &mut Tx, parent: &Group, add: &[GroupId], remove: &[GroupId]) -> Result<()> {
    if add.is_empty() && remove.is_empty() {
        return Ok(());
    }
    connections::open_to(tx, parent).await?;
    for child in remove {
        nestings::unnest(tx, Nesting { parent: parent.id, child: *child }).await?;
    }
    for child in add {
        nestings::nest(tx, Nesting { parent: parent.id, child: *child }).await?;
    }
    Ok(())
}

/// Changes the members of a group as an edit says.
async fn settle(tx: &mut Tx, group: &Group, edit: EditMembers) -> Result<()> {
    let (company, sight) = place(tx);
    let now = tx.now();
    match edit {
        EditMembers::Keep => Ok(()),
        EditMembers::Change { add, remove } => {
            let (add, nested) = told_apart(tx, &add).await?;
            let leaving: Vec<UserId> = remove.into_iter().map(UserId::new).collect();
            let there = store::users::statuses(tx, company, &leaving).await?;
            let (remove, others): (Vec<_>, Vec<_>) =
                leaving.into_iter().zip(there).partition(|(_, status)| status.is_some());
            let others: Vec<GroupId> = others.into_iter().map(|(id, _)| id.uuid().into()).collect();
            nest(tx, group, &nested, &others).await?;
            let ask = ChangeMembers {
                add: add.into_iter().map(MemberRef::Id).collect(),
                remove: remove.into_iter().map(|(user, _)| MemberRef::Id(user)).collect(),
                fields: ("members", "members"),
                ..ChangeMembers::of(group.id)
            };
            memberships::change(tx, &ask).await.map(drop)
        }
        EditMembers::Whole(wanted) => {
            let shown: HashSet<UserId> = if sight == ConnectionId::NIL {
                reasons::user_ids(tx, company, group.id, now).await?.into_iter().collect()
            } else {
                let own = identity::own_members(tx, company, sight, group.id, now).await?;
                own.into_iter().map(|(user, _)| user).collect()
            };
            let children = inside(tx, company, group.id).await?;
            let here = |id: &Uuid| shown.contains(&UserId::new(*id)) || children.contains(&GroupId::new(*id));
            let newcomers: Vec<Uuid> = wanted.iter().copied().filter(|id| !here(id)).collect();
            let (_, nested) = told_apart(tx, &newcomers).await?;
            let leaving: Vec<GroupId> =
                children.iter().copied().filter(|child| !wanted.contains(&child.uuid())).collect();
            nest(tx, group, &nested, &leaving).await?;
            let is_group = |id: &Uuid| children.contains(&GroupId::new(*id)) || nested.contains(&GroupId::new(*id));
            let wanted: Vec<UserId> = wanted.into_iter().filter(|id| !is_group(id)).map(UserId::new).collect();
            memberships::settle_members(tx, group, &shown, &wanted).await.map(drop)
        }
    }
}

async fn edit(tx: &mut Tx, id: GroupId, ask: EditCrew, version: Option<u64>) -> Result<()> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    let (_, sight) = place(tx);
    authz::may(tx, &caller, Action::ManageMembers(id), now).await?;
    let (crew, known) = seen(tx, &caller, id).await?;
    matches(version, crew.version)?;
    if let Patch::Set(name) = &ask.name {
        own_name(tx, name, Some(id)).await?;
    }
    let mut record = EditGroup { name: ask.name, ..EditGroup::default() };
    let mut told = false;
    if sight == ConnectionId::NIL {
        record.external_id = ask.external_id;
    } else {
        let linked = if let Known::Linked(link) = known { Some(link) } else { None };
        let external_id = match ask.external_id {
            Patch::Set(id) => Some(id),
            Patch::Keep => crew.external_id.clone(),
            Patch::Clear => None,
        };
        let edits = !crew.group.clone().apply(record.clone())?.is_empty() || external_id != crew.external_id;
        if edits {
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            if linked.is_none() {
                adopting(tx, sight).await?;
            }
            make_way(tx, external_id.as_ref()).await?;
            let (noun, object, made) = (Noun::Group, id.uuid(), linked.is_some_and(|link| link.made));
            if made {
                record.external_id = external_id.clone().map_or(Patch::Clear, Patch::Set);
            }
            connections::link(tx, Link { connection: sight, noun, object, external_id, made, linked_at: now }).await?;
            told = true;
        }
    }
    let group = groups::edit(tx, id, record, None).await?;
    if told {
        said::keep_group(tx, sight, &group).await?;
    }
    settle(tx, &group, ask.members).await
}

/// Refuses to take over a group that the connection neither made nor was told to adopt.
async fn adopting(tx: &mut Tx, id: ConnectionId) -> Result<()> {
    let company = tx.company();
    let connection = connections::get(tx, company, id).await?;
    if connection.adopt.groups() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "this group does not come from the connection {}; link it, or let the connection adopt groups",
        connection.name
    )))
}

pub(crate) async fn delete(tx: &mut Tx, id: GroupId, version: Option<u64>) -> Result<()> {
    let caller = tx.caller().clone();
    let (crew, known) = seen(tx, &caller, id).await?;
    matches(version, crew.version)?;
    let (company, sight) = place(tx);
    let made = match known {
        _ if sight == ConnectionId::NIL => true,
        Known::Linked(link) => link.made,
        Known::No | Known::Ended(_) => {
            return Err(Error::conflict("this group does not come from this connection, which cannot delete it"));
        }
    };
    if crew.group.unmodifiable && made {
        return Err(Error::Unmodifiable);
    }
    if sight != ConnectionId::NIL {
        connections::unlink(tx, sight, Noun::Group, id.uuid()).await?;
    }
    if made {
        let group = groups::get(tx, company, id, Shown::Live).await?;
        groups::archive(tx, group).await?;
    }
    Ok(())
}

/// The direct members of a group in somebody's sight, users by id and then the groups inside it by id.
fn listed(view: &Snapshot, node: &GroupNode, sight: ConnectionId, now: Timestamp) -> Vec<Listed> {
    let seen = |user: No| sight == ConnectionId::NIL || view.is_kept_by(node, user, sight.uuid(), now);
    let users = view.members_after(node, None, now).filter(|(user, _)| seen(*user)).filter_map(|(user, _)| {
        let person = &view.user(user)?.person;
        Some(Listed { id: person.id.uuid(), name: person.name().to_owned(), group: false })
    });
    let mut children: Vec<Listed> = node
        .children
        .iter()
        .filter_map(|no| view.group(*no))
        .map(|child| Listed { id: child.record.id.uuid(), name: child.record.name.clone(), group: true })
        .collect();
    children.sort_unstable_by_key(|child| child.id);
    users.chain(children).collect()
}

impl Engine {
    /// The group, as the caller sees it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn crew(&self, caller: &Caller, id: GroupId) -> Result<Crew> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        if sight(caller) == ConnectionId::NIL {
            return self.crew_by_hand(&mut conn, caller.company, id).await;
        }
        Ok(seen(&mut conn, caller, id).await?.0)
    }

    /// The direct members of each of several groups as the caller is shown them: a connection its own.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn crew_members(&self, caller: &Caller, of: &[GroupId]) -> Result<Vec<Vec<Listed>>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let (company, sight, now) = (caller.company, sight(caller), self.clock().now());
        if let Some(view) = self.view(company).await {
            let of_one = |group: &GroupId| view.group_by_id(*group).map(|node| listed(&view, node, sight, now));
            return Ok(of.iter().map(|group| of_one(group).unwrap_or_default()).collect());
        }
        let mut conn = self.db().reader().await?;
        let mut all = Vec::with_capacity(of.len());
        for group in of {
            let users = match sight {
                ConnectionId::NIL => reasons::brief(&mut conn, company, *group, now).await?,
                _ => identity::own_members(&mut conn, company, sight, *group, now).await?,
            };
            let children = inside(&mut conn, company, *group).await?;
            let children = store::groups::get_each(&mut conn, company, &children).await?;
            let user = |(id, name): (UserId, String)| Listed { id: id.uuid(), name, group: false };
            let child = |child: Group| Listed { id: child.id.uuid(), name: child.name, group: true };
            all.push(users.into_iter().map(user).chain(children.into_iter().map(child)).collect());
        }
        Ok(all)
    }

    /// Has the group more than `n` members, or nearly? Told without counting them.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn has_more_members(&self, caller: &Caller, group: GroupId, n: u32) -> Result<bool> {
        let mut conn = self.db().reader().await?;
        identity::more_than(&mut conn, caller.company, group, n).await
    }

    /// Makes a group with its members. A connection takes over the one of the same name that comes from none, where it
    /// may adopt groups.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `name` or `externalId`; [`Error::Unknown`] on `members`;
    /// [`Error::Conflict`] where several could be adopted; [`Error::Invalid`].
    pub async fn create_crew(
        &self,
        caller: &Caller,
        new: NewGroup,
        members: Vec<Uuid>,
        external_id: Option<String>,
    ) -> Result<Written<Crew>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let id = create(tx, new, &members, external_id).await?;
            again(tx, id).await
        })
        .await
    }

    /// Edits a group and its members; `version` is what `If-Match` named.
    ///
    /// # Errors
    /// As [`Self::create_crew`], and [`Error::NotFound`], [`Error::Stale`], [`Error::Unmodifiable`],
    /// [`Error::Closed`], [`Error::HeldMembers`], [`Error::TooMany`].
    pub async fn edit_crew(
        &self,
        caller: &Caller,
        id: GroupId,
        ask: EditCrew,
        version: Option<u64>,
    ) -> Result<Written<Crew>> {
        self.write(caller, async move |tx| {
            edit(tx, id, ask, version).await?;
            again(tx, id).await
        })
        .await
    }

    /// Deletes a group from the caller's sight: one that the connection made, or any by hand, is archived; one that it
    /// had adopted loses what the connection kept in it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Unmodifiable`], [`Error::Conflict`] for a
    /// group that does not come from the connection.
    pub async fn delete_crew(&self, caller: &Caller, id: GroupId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            delete(tx, id, version).await
        })
        .await
    }
}
