//! Use cases on connections: identity sources, and which people and groups each of them knows.

use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Connection, EditConnection, Link, NewConnection, Noun};
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::group::Group;
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result, name};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::groups::{self, Shown};
use crate::memberships::{self, CHANGES};
use crate::store::links::{self, Known};
use crate::store::{self, Conn, connections, keys};
use crate::writer::Tx;
use crate::{Engine, Secrets, Written, journal, pull, users};

const GONE: Error = Error::NotFound { noun: ConnectionId::NOUN };

/// The members of a connection's record by native name, for an event.
fn fields(connection: &Connection, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", Some(connection.name.clone())),
        ("kind", Some(connection.kind.clone())),
        ("owner", connection.owner.map(|id| id.to_string())),
        ("oneWay", Some(connection.one_way.to_string())),
        ("adopt", Some(connection.adopt.word().into())),
        ("settings", Some(connection.settings.clone())),
        ("brakeMembers", connection.brake_members.map(|n| n.to_string())),
        ("brakePercent", connection.brake_percent.map(|n| n.to_string())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

/// Refuses a change of a group's members by a caller that its source does not let in (`design.md` §2, closed groups).
pub(crate) async fn open_to(tx: &mut Tx, group: &Group) -> Result<()> {
    let (company, stands_for) = (tx.company(), tx.caller().connection);
    match connections::of_group(tx, company, group.id).await? {
        Some(source) if stands_for == Some(source.id) => Ok(()),
        Some(source) if source.one_way || stands_for.is_some() => {
            Err(Error::Closed { by: format!("the connection {}", source.name) })
        }
        _ if stands_for.is_some() => Ok(()),
        _ => group.open_to_hands(),
    }
}

/// The connection, if the company has it.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: ConnectionId) -> Result<Connection> {
    connections::get(conn, company, id).await?.ok_or(GONE)
}

fn check_settings(text: &str) -> Result<()> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::invalid("settings", "must be a JSON object")),
    }
}

async fn check(tx: &mut Tx, connection: &Connection) -> Result<()> {
    let company = tx.company();
    check_settings(&connection.settings)?;
    if connections::named(tx, company, &connection.name).await?.is_some_and(|id| id != connection.id) {
        return Err(Error::Taken { field: "name".into(), why: "belongs to another connection".into() });
    }
    match connection.owner {
        Some(owner) if store::users::get(tx, company, owner).await?.is_none() => {
            Err(Error::unknown("owner", UserId::NOUN, owner.uuid()))
        }
        _ => Ok(()),
    }
}

/// Makes a connection in the transaction of a caller who may.
pub(crate) async fn create(tx: &mut Tx, secrets: Option<&Secrets>, mut new: NewConnection) -> Result<Connection> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    let id = new.id.unwrap_or_else(|| tx.clock.id());
    let secret = sealed(secrets, company, id, Patch::set_or_keep(new.secret.take()))?;
    let connection = Connection::birth(id, new, now, version)?;
    check(tx, &connection).await?;
    if id == ConnectionId::NIL || !connections::insert(tx, company, &connection).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    let event = Event::ConnectionCreated { connection: id, fields: fields(&connection, None) };
    journal::append(tx, &event).await?;
    pull::follow(tx, &connection, secret, false).await?;
    Ok(connection)
}

/// Seals a secret, where one is given. An import brings none.
fn sealed(
    secrets: Option<&Secrets>,
    company: CompanyId,
    id: ConnectionId,
    secret: Patch<String>,
) -> Result<Patch<Vec<u8>>> {
    secret.try_map(|plain| match secrets {
        Some(secrets) => pull::seal(secrets, company, id, &plain),
        None => Err(Error::internal("a secret without a key to seal it")),
    })
}

/// Carries an edit out in the transaction of a caller who may.
pub(crate) async fn edit(
    tx: &mut Tx,
    secrets: Option<&Secrets>,
    mut connection: Connection,
    mut ask: EditConnection,
) -> Result<(Connection, bool)> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    let (before, secret) = (connection.settings.clone(), std::mem::take(&mut ask.secret));
    let secret = sealed(secrets, company, connection.id, secret)?;
    let changed = connection.apply(ask)?;
    if changed.is_empty() {
        if secret.is_keep() {
            return Ok((connection, false));
        }
        pull::follow(tx, &connection, secret, false).await?;
        return Ok((connection, true));
    }
    (connection.updated_at, connection.version) = (now, version);
    check(tx, &connection).await?;
    connections::update(tx, company, &connection).await?;
    let event = Event::ConnectionUpdated { connection: connection.id, fields: fields(&connection, Some(&changed)) };
    journal::append(tx, &event).await?;
    let moved = pull::moved(&before, &connection.settings);
    pull::follow(tx, &connection, secret, moved).await?;
    Ok((connection, true))
}

/// Ends everything that a connection keeps in a group; true when that was anything.
pub(crate) async fn let_go_of_group(tx: &mut Tx, connection: ConnectionId, group: GroupId) -> Result<bool> {
    let company = tx.company();
    let kept = links::users_kept(tx, company, connection, group).await?;
    let before = tx.stand_for(Some(connection));
    for some in kept.chunks(CHANGES) {
        for outcome in memberships::take(tx, group, some).await? {
            outcome?;
        }
    }
    tx.stand_for(before);
    Ok(!kept.is_empty())
}

/// Ends everything that a connection keeps of a user.
pub(crate) async fn let_go_of_user(tx: &mut Tx, connection: ConnectionId, user: UserId) -> Result<()> {
    let company = tx.company();
    let before = tx.stand_for(Some(connection));
    for group in links::groups_kept_of_user(tx, company, connection, user).await? {
        for outcome in memberships::take(tx, group, &[user]).await? {
            outcome?;
        }
    }
    tx.stand_for(before);
    Ok(())
}

/// Links a person or group, or gives the link there is another external id; true when anything changed.
pub(crate) async fn link(tx: &mut Tx, link: Link) -> Result<bool> {
    let company = tx.company();
    let Link { connection, noun, object, .. } = link;
    let external_id = link.external_id.as_deref().map(|raw| name::short("externalId", raw)).transpose()?;
    let external_id = external_id.filter(|id| !id.is_empty());
    let known = links::known(tx, company, connection, noun, object).await?;
    if let Known::Linked(present) = &known
        && present.external_id == external_id
    {
        return Ok(false);
    }
    if let Some(id) = &external_id
        && links::by_external_id(tx, company, connection, noun, id).await?.is_some_and(|holder| holder != object)
    {
        let why = format!("belongs to another {} of this connection", noun.word());
        return Err(Error::Taken { field: "externalId".into(), why });
    }
    if noun == Noun::Group
        && let Some(other) = connections::of_group(tx, company, object.into()).await?
        && other.id != connection
    {
        return Err(Error::conflict(format!("this group comes from the connection {} already", other.name)));
    }
    // Who was made by it stays so, through every parting.
    let made = match known {
        Known::No => link.made,
        Known::Linked(present) => present.made,
        Known::Ended(made) => made || link.made,
    };
    let link = Link { external_id: external_id.clone(), made, ..link };
    links::put(tx, company, &link).await?;
    journal::append(tx, &Event::Linked { connection, noun, object, external_id, made }).await?;
    Ok(true)
}

/// Ends a link and what the connection keeps by it; whether it had been made by the connection, none where there is
/// no such link.
pub(crate) async fn unlink(tx: &mut Tx, connection: ConnectionId, noun: Noun, object: Uuid) -> Result<Option<bool>> {
    let (company, now) = (tx.company(), tx.now());
    let Known::Linked(link) = links::known(tx, company, connection, noun, object).await? else { return Ok(None) };
    match noun {
        Noun::User => let_go_of_user(tx, connection, object.into()).await?,
        Noun::Group => drop(let_go_of_group(tx, connection, object.into()).await?),
    }
    links::end(tx, company, connection, noun, object, link.made, now).await?;
    journal::append(tx, &Event::Unlinked { connection, noun, object }).await?;
    Ok(Some(link.made))
}

async fn delete(tx: &mut Tx, id: ConnectionId) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    for group in links::groups_kept(tx, company, id).await? {
        let_go_of_group(tx, id, group).await?;
    }
    links::end_all(tx, company, id, now).await?;
    pull::end(tx, id).await?;
    for key in keys::of_connection(tx, company, id).await? {
        if keys::revoke(tx, company, key, now).await? {
            journal::append(tx, &Event::KeyRevoked { key }).await?;
        }
    }
    let version = tx.revision();
    connections::delete(tx, company, id, now, version).await?;
    journal::append(tx, &Event::ConnectionDeleted { connection: id }).await
}

impl Engine {
    /// One connection.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn connection(&self, caller: &Caller, id: ConnectionId) -> Result<Connection> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        get(&mut conn, caller.company, id).await
    }

    /// Has a connection a secret? What it is nobody is told.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn has_secret(&self, caller: &Caller, id: ConnectionId) -> Result<bool> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        pull::has_secret(&mut conn, caller.company, id).await
    }

    /// One page of connections, by id.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn connections(
        &self,
        caller: &Caller,
        ask: &Ask<ConnectionId>,
    ) -> Result<Page<Connection, ConnectionId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        connections::list(&mut conn, caller.company, ask).await
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `name` or `id`; [`Error::Unknown`] on `owner`; [`Error::Invalid`].
    pub async fn create_connection(&self, caller: &Caller, new: NewConnection) -> Result<Written<Connection>> {
        let engine = self.clone();
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::Administer, now).await?;
            create(tx, Some(engine.secrets()), new).await
        })
        .await
    }

    /// Edits a connection; `version` is what `If-Match` named.
    ///
    /// # Errors
    /// As [`Self::create_connection`], and [`Error::NotFound`], [`Error::Stale`].
    pub async fn edit_connection(
        &self,
        caller: &Caller,
        id: ConnectionId,
        ask: EditConnection,
        version: Option<u64>,
    ) -> Result<Written<Connection>> {
        let engine = self.clone();
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            Ok(edit(tx, Some(engine.secrets()), before, ask).await?.0)
        })
        .await
    }

    /// Takes a connection away: its links, the reasons it gave and its keys end; people and groups stay.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
    pub async fn delete_connection(
        &self,
        caller: &Caller,
        id: ConnectionId,
        version: Option<u64>,
    ) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            delete(tx, id).await
        })
        .await
    }

    /// One page of what a connection knows, by id.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn links(
        &self,
        caller: &Caller,
        id: ConnectionId,
        noun: Noun,
        ask: &Ask<Uuid>,
    ) -> Result<Page<Link, Uuid>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        get(&mut conn, caller.company, id).await?;
        links::list(&mut conn, caller.company, id, noun, ask).await
    }

    /// Links a person or group that exists to a connection, or gives the link another external id.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NotFound`] for any of the three; [`Error::Taken`] on `externalId`;
    /// [`Error::Conflict`] when the group comes from another connection.
    pub async fn link(
        &self,
        caller: &Caller,
        id: ConnectionId,
        noun: Noun,
        object: Uuid,
        external_id: Option<String>,
    ) -> Result<Written<Link>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            get(tx, company, id).await?;
            match noun {
                Noun::User => drop(users::get(tx, company, object.into()).await?),
                Noun::Group => drop(groups::get(tx, company, object.into(), Shown::Live).await?),
            }
            link(tx, Link { connection: id, noun, object, external_id, made: false, linked_at: now }).await?;
            match links::known(tx, company, id, noun, object).await? {
                Known::Linked(link) => Ok(link),
                Known::No | Known::Ended(_) => Err(Error::internal("a link vanished")),
            }
        })
        .await
    }

    /// Detaches a person or group from a connection: the link and the reasons that the connection gave end; the person
    /// or group stays.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NotFound`] where there is no such link.
    pub async fn unlink(&self, caller: &Caller, id: ConnectionId, noun: Noun, object: Uuid) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            get(tx, company, id).await?;
            unlink(tx, id, noun, object).await?.ok_or(Error::NotFound { noun: "link" })?;
            // Detached by an administrator, not turned away by the connection, which may see them again.
            links::unmark(tx, company, id, noun, object).await
        })
        .await
    }
}
