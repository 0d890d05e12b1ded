//! Use cases on users.

use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::connection::Noun;
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::ids::{ConnectionId, UserId};
use guildhall_domain::page::{Ask, Order, Page};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User, UserStatus};
use guildhall_domain::{Error, Result, name};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::store::{self, Conn, absences, events, groups, keys, links, owners, reasons};
use crate::writer::Tx;
use crate::{Engine, UserFilter, UserKey, UserSort, Written, journal, memberships};

/// The most bytes that a user's attributes may have.
const ATTRIBUTES: usize = 64 * 1024;

/// The answer to an id that names no user here.
pub(crate) const GONE: Error = Error::NotFound { noun: UserId::NOUN };

/// The members of a user's record by native name, for an event.
pub(crate) fn fields(user: &User, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", Some(user.name.clone())),
        ("givenName", user.given_name.clone()),
        ("familyName", user.family_name.clone()),
        ("email", Some(user.email.clone())),
        ("userName", Some(user.user_name.clone())),
        ("status", Some(user.status.word().into())),
        ("role", Some(user.role.word().into())),
        ("manager", user.manager.map(|id| id.to_string())),
        ("externalId", user.external_id.clone()),
        ("attributes", Some(user.attributes.clone())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

/// Refuses attributes that are not one JSON object of bounded size.
pub(crate) fn check_attributes(text: &str) -> Result<()> {
    if text.len() > ATTRIBUTES {
        return Err(Error::invalid("attributes", "may have at most 64 KiB"));
    }
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::invalid("attributes", "must be a JSON object")),
    }
}

/// Refuses an address or sign-in name that another user of the company has.
async fn check_unique(tx: &mut Tx, user: &User) -> Result<()> {
    let company = tx.company();
    let email = store::users::by_email(tx, company, &user.email).await?;
    let user_name = store::users::by_user_name(tx, company, &user.user_name).await?;
    for (field, holder) in [("email", email), ("userName", user_name)] {
        if holder.is_some_and(|holder| holder != user.id) {
            return Err(Error::Taken { field: field.into(), why: "belongs to another user".into() });
        }
    }
    Ok(())
}

async fn check_manager(tx: &mut Tx, user: &User) -> Result<()> {
    let company = tx.company();
    match user.manager {
        Some(manager) if store::users::get(tx, company, manager).await?.is_none() => {
            Err(Error::unknown("manager", UserId::NOUN, manager.uuid()))
        }
        _ => Ok(()),
    }
}

/// Refuses a change after which nobody could administer the company.
pub(crate) async fn keep_an_admin(tx: &mut Tx, before: &User, after: Option<&User>) -> Result<()> {
    let administers = |u: &User| u.role == Role::Admin && u.counts();
    let company = tx.company();
    if administers(before)
        && !after.is_some_and(administers)
        && !store::users::has_other_admin(tx, company, before.id).await?
    {
        return Err(Error::conflict(
            "this is the last administrator of the company, who stays; make another one first",
        ));
    }
    Ok(())
}

/// Makes a user in the transaction of a caller who may.
pub(crate) async fn create(tx: &mut Tx, new: NewUser) -> Result<User> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    if let Some(text) = &new.attributes {
        check_attributes(text)?;
    }
    let id = new.id.unwrap_or_else(|| tx.clock.id());
    let joins = new.groups.clone();
    let user = User::birth(id, new, now, version)?;
    check_unique(tx, &user).await?;
    check_manager(tx, &user).await?;
    if !store::users::insert(tx, company, &user).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    journal::append(tx, &Event::UserCreated { user: id, fields: fields(&user, None) }).await?;
    memberships::set_groups(tx, id, &joins, "groups").await?;
    Ok(user)
}

/// Carries an edit out in the transaction of a caller who may.
pub(crate) async fn edit(tx: &mut Tx, before: User, edit: EditUser) -> Result<User> {
    if let Patch::Set(text) = &edit.attributes {
        check_attributes(text)?;
    }
    let mut user = before.clone();
    let groups = edit.groups.clone();
    let changed = user.apply(edit)?;
    if !changed.is_empty() {
        user = save(tx, &before, user, changed).await?;
    }
    if let Some(groups) = groups {
        memberships::set_groups(tx, user.id, &groups, "groups").await?;
    }
    Ok(user)
}

/// Writes an edited user and tells of it.
async fn save(tx: &mut Tx, before: &User, mut user: User, mut changed: Vec<&'static str>) -> Result<User> {
    let (company, now) = (tx.company(), tx.now());
    check_unique(tx, &user).await?;
    if changed.contains(&"manager") {
        check_manager(tx, &user).await?;
    }
    keep_an_admin(tx, before, Some(&user)).await?;
    (user.updated_at, user.version) = (now, tx.revision());
    store::users::update(tx, company, &user).await?;
    if before.counts() != user.counts() {
        changed.retain(|field| *field != "status");
        mark_absence(tx, &user).await?;
        let id = user.id;
        let event =
            if user.counts() { Event::UserReactivated { user: id } } else { Event::UserDeactivated { user: id } };
        if user.counts() {
            links::unmark(tx, company, ConnectionId::NIL, Noun::User, id.uuid()).await?;
        }
        journal::append(tx, &event).await?;
        // What lists of members show has changed, though no reason has.
        for group in reasons::groups_of(tx, company, id).await? {
            groups::touch(tx, company, group, now).await?;
        }
    }
    if !changed.is_empty() {
        journal::append(tx, &Event::UserUpdated { user: user.id, fields: fields(&user, Some(&changed)) }).await?;
    }
    Ok(user)
}

/// Notes that a user counts for nothing from now on, or counts again.
pub(crate) async fn mark_absence(tx: &mut Tx, user: &User) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    if user.counts() {
        absences::end(tx, company, user.id, now).await
    } else {
        absences::begin(tx, company, &[user.id], now).await
    }
}

/// The user, if the company has them.
pub(crate) async fn get(conn: &mut Conn, company: guildhall_domain::ids::CompanyId, id: UserId) -> Result<User> {
    store::users::get(conn, company, id).await?.ok_or(GONE)
}

/// Which users are looked for; what is absent does not matter, and all that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct FindUsers {
    /// The e-mail address, in any letter case.
    pub email: Option<String>,
    /// The id elsewhere, exactly.
    pub external_id: Option<String>,
    /// A free attribute, by name, and the text or number it holds, exactly.
    pub attribute: Option<(&'static str, String)>,
    /// Inactive users as well?
    pub inactive: bool,
}

impl FindUsers {
    fn fits(&self, user: &User) -> bool {
        let holds =
            |(name, wanted): &(&'static str, String)| attribute(&user.attributes, name).as_ref() == Some(wanted);
        (self.inactive || user.counts())
            && self.email.as_ref().is_none_or(|email| name::fold(email) == name::fold(&user.email))
            && self.external_id.as_ref().is_none_or(|id| user.external_id.as_ref() == Some(id))
            && self.attribute.as_ref().is_none_or(holds)
    }
}

/// The text or number that a free attribute holds.
pub fn attribute(attributes: &str, name: &str) -> Option<String> {
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(attributes).ok()?;
    match all.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Engine {
    /// One user.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn user(&self, caller: &Caller, id: UserId) -> Result<User> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadUser(id), self.clock().now()).await?;
        get(&mut conn, caller.company, id).await
    }

    /// One page of users.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] on a cursor of another order.
    pub async fn users(
        &self,
        caller: &Caller,
        filter: &UserFilter,
        sort: UserSort,
        order: Order,
        ask: &Ask<UserKey>,
    ) -> Result<Page<User, UserKey>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        store::users::list(&mut conn, caller.company, filter, sort, order, ask).await
    }

    /// Several users by id, in the order of `ids`; none in place of one who is not there (unknown or erased).
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn users_by_id(&self, caller: &Caller, ids: &[UserId]) -> Result<Vec<Option<User>>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        store::users::get_each(&mut conn, caller.company, ids).await
    }

    /// The users with these e-mail addresses, in their order; none for an address that nobody has.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the caller may not see one of them, or whether there is one.
    pub async fn users_by_email(&self, caller: &Caller, emails: &[&str]) -> Result<Vec<Option<UserId>>> {
        let (mut conn, mut found) = (self.db().reader().await?, Vec::with_capacity(emails.len()));
        for email in emails {
            let user = store::users::by_email(&mut conn, caller.company, email).await?;
            authz::may_read(caller, user.map_or(Action::ReadDirectory, Action::ReadUser))?;
            found.push(user);
        }
        Ok(found)
    }

    /// The users that fit everything `find` names, by creation, with the number of all of them; `limit` at most.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn find_users(&self, caller: &Caller, find: &FindUsers, limit: u32) -> Result<(Vec<User>, u64)> {
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let mut found = if let Some(email) = &find.email {
            let id = store::users::by_email(&mut conn, company, email).await?;
            let ids: Vec<UserId> = id.into_iter().collect();
            store::users::get_each(&mut conn, company, &ids).await?.into_iter().flatten().collect()
        } else if let Some(id) = &find.external_id {
            // Of one external id there is one user, or a few; a bound keeps that true of what is read.
            store::users::all_by_external_id(&mut conn, company, id, limit.saturating_mul(10)).await?
        } else if let Some((name, _)) = &find.attribute {
            let (mut found, mut after) = (Vec::new(), UserId::NIL);
            loop {
                let chunk = store::users::with_attribute(&mut conn, company, name, after, 1000).await?;
                let Some(last) = chunk.last() else { break found };
                after = last.id;
                found.extend(chunk.into_iter().filter(|user| find.fits(user)));
            }
        } else {
            let filter = UserFilter { counting: !find.inactive, ..Default::default() };
            let ask = Ask { total: true, ..Ask::first(limit) };
            let page =
                store::users::list(&mut conn, company, &filter, UserSort::Created, Order::Ascending, &ask).await?;
            return Ok((page.items, page.total.unwrap_or(0)));
        };
        found.retain(|user| find.fits(user));
        found.sort_unstable_by_key(|user| (user.created_at, user.id));
        let total = found.len() as u64;
        found.truncate(limit as usize);
        Ok((found, total))
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `email`, `userName` or `id`; [`Error::Unknown`] on `manager`;
    /// [`Error::Invalid`].
    pub async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<Written<User>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            create(tx, new).await
        })
        .await
    }

    /// Edits a user; `version` is what `If-Match` named.
    ///
    /// # Errors
    /// As [`Self::create_user`], and [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] for the last
    /// administrator.
    pub async fn edit_user(
        &self,
        caller: &Caller,
        id: UserId,
        ask: EditUser,
        version: Option<u64>,
    ) -> Result<Written<User>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            edit(tx, before, ask).await
        })
        .await
    }

    /// Deactivates a user: the reasons stay and count for nothing, their keys stop working.
    ///
    /// # Errors
    /// As [`Self::edit_user`].
    pub async fn deactivate_user(&self, caller: &Caller, id: UserId) -> Result<Written<User>> {
        self.edit_user(caller, id, EditUser { status: Patch::Set(UserStatus::Inactive), ..Default::default() }, None)
            .await
    }

    /// Reactivates a user; one who is not inactive stays as they are.
    ///
    /// # Errors
    /// As [`Self::edit_user`].
    pub async fn reactivate_user(&self, caller: &Caller, id: UserId) -> Result<Written<User>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = get(tx, company, id).await?;
            if before.counts() {
                return Ok(before);
            }
            edit(tx, before, EditUser { status: Patch::Set(UserStatus::Active), ..Default::default() }).await
        })
        .await
    }

    /// Erases a person: memberships, ownerships and keys end, and name, addresses and attributes are gone from the
    /// rows and the journal, whose chain stays whole. Cannot be undone.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Conflict`] for the last administrator.
    pub async fn erase_user(&self, caller: &Caller, id: UserId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            keep_an_admin(tx, &before, None).await?;
            let revision = tx.revision();
            for group in reasons::groups_of(tx, company, id).await? {
                groups::touch(tx, company, group, now).await?;
            }
            reasons::close_user(tx, company, id, now, revision, caller.user()).await?;
            owners::drop_owner(tx, company, id.uuid()).await?;
            let pen = crate::apps::pen(tx);
            store::accesses::close_user(tx, pen, id).await?;
            crate::apps::forget_person(tx, id).await?;
            keys::revoke_user(tx, company, id, now).await?;
            absences::begin(tx, company, &[id], now).await?;
            links::drop_object(tx, company, Noun::User, id.uuid()).await?;
            store::users::erase(tx, company, id, now, revision).await?;
            events::erase(tx, company, id).await?;
            journal::append(tx, &Event::UserErased { user: id }).await
        })
        .await
    }
}
