//! Rows of people.

use guildhall_domain::ids::UserId;
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User};
use guildhall_domain::{Error, Result, name};
use serde_json::{Map, Value};

use super::{Imported, Line, UserRow, Wrong, named};
use crate::store;
use crate::users;
use crate::writer::Tx;

/// Makes and edits people; who manages whom comes last, since a manager may stand further down.
pub(super) async fn run(tx: &mut Tx, rows: Vec<Line<UserRow>>) -> Result<Imported> {
    let (mut wrong, mut done, mut managed) = (Wrong::default(), Imported::default(), Vec::new());
    for (line, row) in rows {
        let Some(row) = wrong.keep(line, row)? else { continue };
        let manager = row.manager.clone();
        let before = tx.revision();
        let outcome = one(tx, row).await;
        let Some((id, new)) = wrong.keep(line, outcome)? else { continue };
        let changed = tx.revision() != before;
        managed.push((line, id, manager, new, changed));
    }
    for (line, id, manager, new, mut changed) in managed {
        if let Some(manager) = manager {
            let before = tx.revision();
            let outcome = manage(tx, id, &manager).await;
            wrong.keep(line, outcome)?;
            changed |= tx.revision() != before;
        }
        done.count(new, changed);
    }
    wrong.end().map(|()| done)
}

async fn manage(tx: &mut Tx, id: UserId, manager: &str) -> Result<()> {
    let company = tx.company();
    let manager = named(tx, company, "manager", manager).await?;
    if manager == id {
        return Err(Error::invalid("manager", "cannot be the user"));
    }
    let user = users::get(tx, company, id).await?;
    users::edit(tx, user, EditUser { manager: Patch::Set(manager), ..EditUser::default() }).await.map(drop)
}

/// The person whom a row means: by the first of id, external id, sign-in name and address that leads to one.
async fn find(tx: &mut Tx, row: &UserRow) -> Result<Option<User>> {
    let company = tx.company();
    if let Some(id) = row.id {
        return store::users::get(tx, company, id).await;
    }
    let mut found = None;
    if let Some(external_id) = &row.external_id {
        let external_id = name::short("externalId", external_id)?;
        let all = store::users::by_external_ids(tx, company, &[&external_id]).await?.pop().unwrap_or_default();
        found = match all[..] {
            [] => None,
            [one] => Some(one),
            _ => return Err(Error::invalid("externalId", "names more than one user; use the id")),
        };
    }
    if let (None, Some(user_name)) = (found, &row.user_name) {
        let user_name = name::name("userName", user_name)?;
        found = store::users::by_user_name(tx, company, &user_name).await?;
    }
    if let (None, Some(email)) = (found, &row.email) {
        let email = name::email("email", email)?;
        found = store::users::by_email(tx, company, &email).await?;
    }
    match found {
        Some(id) => store::users::get(tx, company, id).await,
        None => Ok(None),
    }
}

async fn one(tx: &mut Tx, row: UserRow) -> Result<(UserId, bool)> {
    if let Some(user) = find(tx, &row).await? {
        let id = user.id;
        let attributes = attributes(&user.attributes, &row)?;
        let set = |value: Option<String>| Patch::set_or_keep(value);
        let edit = EditUser {
            name: set(row.name),
            given_name: set(row.given_name),
            family_name: set(row.family_name),
            email: set(row.email),
            user_name: set(row.user_name),
            status: Patch::set_or_keep(row.status),
            role: Patch::set_or_keep(row.role),
            manager: Patch::Keep,
            external_id: set(row.external_id),
            attributes: set(attributes),
            groups: None,
        };
        users::edit(tx, user, edit).await?;
        return Ok((id, false));
    }
    let attributes = attributes("{}", &row)?;
    let email =
        row.email.ok_or_else(|| Error::invalid("email", "is missing, and nobody is there whom the row names"))?;
    let new = NewUser {
        id: row.id,
        name: row.name,
        given_name: row.given_name,
        family_name: row.family_name,
        email,
        user_name: row.user_name,
        status: row.status,
        role: row.role,
        manager: None,
        external_id: row.external_id,
        attributes,
        created_at: None,
        groups: Vec::new(),
    };
    Ok((users::create(tx, new).await?.id, true))
}

/// The attributes after a row; none where it says nothing of them. A cell that tells a value as a sheet would tell it
/// leaves the value as it is, so that a number stays one.
fn attributes(before: &str, row: &UserRow) -> Result<Option<String>> {
    if row.attributes.is_none() && row.more.is_empty() {
        return Ok(None);
    }
    let mut all: Map<String, Value> = match &row.attributes {
        Some(all) => all.clone(),
        None => serde_json::from_str(before).map_err(Error::internal)?,
    };
    for (name, cell) in &row.more {
        let told = match all.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(value) => Some(value.to_string()),
            None => None,
        };
        if told.as_deref() != Some(cell) {
            all.insert(name.clone(), Value::String(cell.clone()));
        }
    }
    let same = serde_json::from_str::<Map<String, Value>>(before).is_ok_and(|kept| kept == all);
    Ok((!same).then(|| Value::Object(all).to_string()))
}
