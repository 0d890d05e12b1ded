//! People in the sight of a connection or a hand.

use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Link, Noun};
use guildhall_domain::ids::{ConnectionId, UserId, parse_uuid};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User, UserStatus};
use guildhall_domain::{Error, Result, name};
use serde_json::{Map, Value};

use super::{EditPerson, NewPerson, Person, place, said, sight};
use crate::authz::{self, Action};
use crate::companies::matches;
use crate::store::links::{self, Known};
use crate::store::{self, Conn, identity};
use crate::writer::Tx;
use crate::{Engine, Written, connections, users};

const GONE: Error = Error::NotFound { noun: UserId::NOUN };

/// The person, if they are in sight.
async fn seen(conn: &mut Conn, caller: &Caller, id: UserId) -> Result<(Person, bool)> {
    let company = caller.company;
    let found = identity::person(conn, company, sight(caller), id).await?.ok_or(GONE)?;
    let version = identity::versions(conn, company, &[id.uuid()]).await?.pop().unwrap_or(0);
    let external_id = if caller.connection.is_some() { found.external_id } else { found.user.external_id.clone() };
    Ok((Person { user: found.user, external_id, version }, found.linked))
}

pub(crate) async fn again(tx: &mut Tx, id: UserId) -> Result<Person> {
    let caller = tx.caller().clone();
    Ok(seen(tx, &caller, id).await?.0)
}

/// Members of `more` over those of `kept`, which are two JSON objects.
pub(crate) fn merged(kept: &str, more: &str) -> Result<String> {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).map_err(Error::internal);
    let mut all = read(kept)?;
    all.extend(read(more)?);
    Ok(Value::Object(all).to_string())
}

/// What a new person's record says, as an edit of one who is there.
fn as_edit(new: NewUser, user: &User) -> Result<EditUser> {
    let set = |value: Option<String>| Patch::set_or_keep(value);
    Ok(EditUser {
        name: set(new.name),
        given_name: set(new.given_name),
        family_name: set(new.family_name),
        email: Patch::Set(new.email),
        user_name: set(new.user_name),
        status: Patch::Keep,
        role: Patch::Keep,
        manager: Patch::Keep,
        external_id: Patch::Keep,
        attributes: match new.attributes {
            Some(more) => Patch::Set(merged(&user.attributes, &more)?),
            None => Patch::Keep,
        },
        groups: None,
    })
}

/// Puts the record and the link of a person to what an edit says.
pub(crate) async fn apply(tx: &mut Tx, person: &Person, ask: EditPerson) -> Result<()> {
    let (company, sight) = place(tx);
    let (id, now) = (person.user.id, tx.now());
    let mut record = EditUser { external_id: Patch::Keep, groups: None, ..ask.record };
    record.manager = match ask.manager {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(raw) => manager(tx, &raw, id).await?.map_or(Patch::Clear, Patch::Set),
    };
    record.status = match ask.counts {
        Some(true) if !person.user.counts() => Patch::Set(UserStatus::Active),
        Some(false) => Patch::Set(UserStatus::Inactive),
        Some(true) | None => Patch::Keep,
    };
    if sight == ConnectionId::NIL {
        record.external_id = ask.external_id;
        users::edit(tx, person.user.clone(), record).await?;
        return Ok(());
    }
    let known = links::known(tx, company, sight, Noun::User, id.uuid()).await?;
    let external_id = match (ask.external_id, &known) {
        (Patch::Set(id), _) => Some(id),
        (Patch::Keep, Known::Linked(link)) => link.external_id.clone(),
        (Patch::Keep | Patch::Clear, _) => None,
    };
    let made = match &known {
        Known::Linked(link) => link.made,
        Known::Ended(made) => *made,
        Known::No => false,
    };
    if !matches!(known, Known::Linked(_)) {
        let nothing = person.user.clone().apply(record.clone())?.is_empty() && external_id.is_none();
        if nothing {
            return Ok(());
        }
        adopting(tx, sight).await?;
    }
    // The record names the id of whoever made it.
    if made {
        record.external_id = external_id.clone().map_or(Patch::Clear, Patch::Set);
    }
    let link = Link { connection: sight, noun: Noun::User, object: id.uuid(), external_id, made, linked_at: now };
    connections::link(tx, link).await?;
    let after = users::edit(tx, person.user.clone(), record.clone()).await?;
    said::keep_user(tx, sight, Some(&person.user), &after, &record).await
}

/// The manager that a text names: somebody else of the company.
async fn manager(tx: &mut Tx, raw: &str, of: UserId) -> Result<Option<UserId>> {
    let company = tx.company();
    let Some(id) = parse_uuid(raw).map(UserId::new) else { return Ok(None) };
    if id == of {
        return Err(Error::invalid("manager", "cannot be the user"));
    }
    Ok(store::users::get(tx, company, id).await?.map(|user| user.id))
}

/// Refuses to take over a person whom the connection neither made nor was told to adopt.
async fn adopting(tx: &mut Tx, id: ConnectionId) -> Result<()> {
    let company = tx.company();
    let connection = connections::get(tx, company, id).await?;
    if connection.adopt.users() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "this person does not come from the connection {}; link them to it, or let it adopt people",
        connection.name
    )))
}

/// The person who has the sign-in name or address of a new one.
pub(crate) async fn holder(tx: &mut Tx, new: &NewUser) -> Result<Option<UserId>> {
    let company = tx.company();
    // Checked before they are looked for: no database takes whatever text there is.
    let email = name::email("email", &new.email)?;
    let user_name = name::name("userName", new.user_name.as_deref().unwrap_or(&email))?;
    let by_name = store::users::by_user_name(tx, company, &user_name).await?;
    let by_email = store::users::by_email(tx, company, &email).await?;
    match (by_name, by_email) {
        (Some(one), Some(other)) if one != other => {
            Err(Error::Taken { field: "email".into(), why: "belongs to another user than the userName".into() })
        }
        (one, other) => Ok(one.or(other)),
    }
}

pub(crate) async fn create(tx: &mut Tx, new: NewPerson) -> Result<UserId> {
    let (company, sight) = place(tx);
    let now = tx.now();
    let NewPerson { record: new, counts, external_id, manager: named } = new;
    let hand = sight == ConnectionId::NIL;
    let status = if counts { UserStatus::Active } else { UserStatus::Inactive };
    let Some(id) = holder(tx, &new).await? else {
        let id = new.id.unwrap_or_else(|| tx.clock.id());
        let manager = match &named {
            Some(raw) => manager(tx, raw, id).await?,
            None => None,
        };
        let new = NewUser { id: Some(id), external_id: external_id.clone(), status: Some(status), manager, ..new };
        let user = users::create(tx, new).await?;
        if !hand {
            let (noun, object) = (Noun::User, user.id.uuid());
            let link = Link { connection: sight, noun, object, external_id, made: true, linked_at: now };
            connections::link(tx, link).await?;
            said::keep_user(tx, sight, None, &user, &EditUser::default()).await?;
        }
        return Ok(user.id);
    };
    let user = users::get(tx, company, id).await?;
    let comes_back = match links::known(tx, company, sight, Noun::User, id.uuid()).await? {
        Known::Ended(_) => !hand || !user.counts(),
        Known::Linked(_) => false,
        Known::No => !hand && connections::get(tx, company, sight).await?.adopt.users(),
    };
    if !comes_back {
        let why = if hand { "belongs to another user" } else { "belongs to a user whom this connection may not adopt" };
        return Err(Error::Taken { field: "userName".into(), why: why.into() });
    }
    let record = as_edit(new, &user)?;
    if hand {
        links::unmark(tx, company, sight, Noun::User, id.uuid()).await?;
    } else {
        // Linked before the record is edited, which a connection may do to those it knows alone.
        let (noun, object, external_id) = (Noun::User, id.uuid(), external_id.clone());
        let link = Link { connection: sight, noun, object, external_id, made: false, linked_at: now };
        connections::link(tx, link).await?;
    }
    let person = again(tx, id).await?;
    let external_id = external_id.map_or(Patch::Clear, Patch::Set);
    let manager = Patch::set_or_keep(named);
    apply(tx, &person, EditPerson { record, counts: Some(counts), external_id, manager }).await?;
    Ok(id)
}

pub(crate) async fn delete(tx: &mut Tx, id: UserId, version: Option<u64>) -> Result<()> {
    let (company, sight) = place(tx);
    let (caller, now) = (tx.caller().clone(), tx.now());
    let (person, linked) = seen(tx, &caller, id).await?;
    matches(version, person.version)?;
    let inactive = EditUser { status: Patch::Set(UserStatus::Inactive), ..EditUser::default() };
    if sight == ConnectionId::NIL {
        users::edit(tx, person.user, inactive).await?;
        return links::end(tx, company, sight, Noun::User, id.uuid(), false, now).await;
    }
    if !linked {
        return Err(Error::conflict("this person does not come from this connection, which cannot delete them"));
    }
    let made = connections::unlink(tx, sight, Noun::User, id.uuid()).await?.unwrap_or(false);
    if made && links::of_object(tx, company, id.uuid()).await?.is_empty() {
        users::edit(tx, person.user, inactive).await?;
    }
    Ok(())
}

impl Engine {
    /// The person, as the caller sees them.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn person(&self, caller: &Caller, id: UserId) -> Result<Person> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadUser(id), self.clock().now()).await?;
        Ok(seen(&mut conn, caller, id).await?.0)
    }

    /// Makes a person. A connection takes over one who has the sign-in name or address where it may adopt people, and
    /// gets back whom it had deleted.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `userName`, `email` or `externalId`; [`Error::Unknown`] on `manager`;
    /// [`Error::Invalid`].
    pub async fn create_person(&self, caller: &Caller, new: NewPerson) -> Result<Written<Person>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let id = create(tx, new).await?;
            again(tx, id).await
        })
        .await
    }

    /// Edits a person as `decide` says, who is shown them in the transaction of the edit and may refuse in words of its
    /// own; `version` is what `If-Match` named.
    ///
    /// # Errors
    /// As [`Self::create_person`], and [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] for the last
    /// administrator and for a person whom the connection may not adopt.
    pub async fn edit_person<F: Send + 'static>(
        &self,
        caller: &Caller,
        id: UserId,
        version: Option<u64>,
        decide: impl FnOnce(&Person) -> Result<EditPerson, F> + Send + 'static,
    ) -> Result<Written<Result<Person, F>>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let (person, _) = seen(tx, &caller, id).await?;
            matches(version, person.version)?;
            match decide(&person) {
                Ok(ask) => apply(tx, &person, ask).await?,
                Err(refusal) => return Ok(Err(refusal)),
            }
            again(tx, id).await.map(Ok)
        })
        .await
    }

    /// Deletes a person from the caller's sight. A connection's reasons end with its link, and the person becomes
    /// inactive when it had made them and no other connection knows them; by hand they become inactive.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Conflict`] for the last administrator and
    /// for a person whom the connection does not know.
    pub async fn delete_person(&self, caller: &Caller, id: UserId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            delete(tx, id, version).await
        })
        .await
    }
}
