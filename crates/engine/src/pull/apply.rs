//! One step of a run, carried out for its connection in a use case of its own.

use guildhall_domain::connection::{Connection, Link, Noun};
use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::pull::{SaidGroup, SaidUser};
use guildhall_domain::user::{EditUser, NewUser, UserStatus};
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use super::plan::{Step, edit_group, edit_of, of_own_key};
use crate::groups::{self, Shown};
use crate::identity::{EditPerson, NewPerson, crews, people, said};
use crate::memberships::{self, CHANGES, Terms};
use crate::store::links;
use crate::store::nestings::Nesting;
use crate::writer::Tx;
use crate::{connections, nestings, users};

async fn object(tx: &mut Tx, connection: &Connection, noun: Noun, key: &str) -> Result<Option<Uuid>> {
    let company: CompanyId = tx.company();
    match of_own_key(key) {
        Some(id) => Ok(Some(id)),
        None => links::by_external_id(tx, company, connection.id, noun, key).await,
    }
}

/// Does it. What the source tells of others that could not be carried is passed over: it was told of where it failed.
pub(super) async fn step(tx: &mut Tx, connection: &Connection, step: Step) -> Result<()> {
    match step {
        Step::Person { key, said } => person(tx, connection, key, said).await,
        Step::Manager { key, manager } => {
            let Some(id) = object(tx, connection, Noun::User, &key).await? else { return Ok(()) };
            let manager = object(tx, connection, Noun::User, &manager).await?.filter(|manager| *manager != id);
            let company = tx.company();
            let user = users::get(tx, company, id.into()).await?;
            let manager = manager.map_or(Patch::Clear, |manager| Patch::Set(UserId::new(manager)));
            users::edit(tx, user, EditUser { manager, ..EditUser::default() }).await.map(drop)
        }
        Step::Crew { key, said } => crew(tx, connection, key, said).await,
        Step::Members { key, add, remove } => {
            let Some(group) = object(tx, connection, Noun::Group, &key).await? else { return Ok(()) };
            let company = tx.company();
            let group = groups::get(tx, company, group.into(), Shown::Live).await?;
            for some in remove.chunks(CHANGES) {
                for outcome in memberships::take(tx, group.id, some).await? {
                    outcome?;
                }
            }
            let mut joining = Vec::with_capacity(add.len());
            for key in add {
                if let Some(user) = object(tx, connection, Noun::User, &key).await? {
                    joining.push(UserId::new(user));
                }
            }
            for some in joining.chunks(CHANGES) {
                memberships::give(tx, &group, some, Terms::default()).await?;
            }
            Ok(())
        }
        Step::Extra { group, users } => {
            let before = tx.stand_for(None);
            for some in users.chunks(CHANGES) {
                for outcome in memberships::take(tx, group, some).await? {
                    outcome?;
                }
            }
            tx.stand_for(before);
            Ok(())
        }
        Step::Nest { parent, child } => {
            let parent = object(tx, connection, Noun::Group, &parent).await?;
            let child = object(tx, connection, Noun::Group, &child).await?;
            let Some((parent, child)) = parent.zip(child) else { return Ok(()) };
            nestings::nest(tx, Nesting { parent: parent.into(), child: child.into() }).await.map(drop)
        }
        Step::Unnest { parent, child } => nestings::unnest(tx, Nesting { parent, child }).await.map(drop),
        Step::Disband(group) => crews::delete(tx, group, None).await,
        Step::Leave(user) => people::delete(tx, user, None).await,
    }
}

async fn person(tx: &mut Tx, connection: &Connection, key: String, said: SaidUser) -> Result<()> {
    if let Some(id) = object(tx, connection, Noun::User, &key).await? {
        let person = people::again(tx, id.into()).await?;
        let record = edit_of(&person.user, &said)?;
        let counts = counts(&said);
        let ask = EditPerson { record, counts, external_id: Patch::Keep, manager: Patch::Keep };
        people::apply(tx, &person, ask).await?;
        return more(tx, id.into(), &said).await;
    }
    let beside = said.clone();
    let email = said.email.ok_or_else(|| Error::invalid("email", "is missing"))?;
    let record = NewUser {
        id: None,
        name: said.name,
        given_name: said.given_name,
        family_name: said.family_name,
        email,
        user_name: said.user_name,
        status: None,
        role: None,
        manager: None,
        external_id: None,
        attributes: said.attributes,
        created_at: None,
        groups: Vec::new(),
    };
    let counts = counts(&beside).unwrap_or(true);
    let id = people::create(tx, NewPerson { record, counts, external_id: Some(key), manager: None }).await?;
    more(tx, id, &beside).await
}

/// Does the person count, as far as the source says?
fn counts(said: &SaidUser) -> Option<bool> {
    said.status.map(|status| status != UserStatus::Inactive).or(said.active)
}

/// What only a server of our kind says: which status and role, and an id beside the one that the link holds.
async fn more(tx: &mut Tx, id: UserId, said: &SaidUser) -> Result<()> {
    if said.status.is_none() && said.role.is_none() && said.external_id.is_none() {
        return Ok(());
    }
    let company = tx.company();
    let user = users::get(tx, company, id).await?;
    let edit = EditUser {
        status: Patch::set_or_keep(said.status),
        role: Patch::set_or_keep(said.role),
        external_id: Patch::set_or_keep(said.external_id.clone()),
        ..EditUser::default()
    };
    users::edit(tx, user, edit).await.map(drop)
}

/// Unlike one that pushes, a source that is pulled may have two groups of one name.
async fn crew(tx: &mut Tx, connection: &Connection, key: String, said: SaidGroup) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let group = match object(tx, connection, Noun::Group, &key).await? {
        Some(id) if groups::get(tx, company, id.into(), Shown::Live).await.is_ok() => {
            groups::edit(tx, GroupId::new(id), edit_group(&said), None).await?
        }
        _ => {
            crews::make_way(tx, Some(&key)).await?;
            let found = if connection.adopt.groups() { crews::adoptable(tx, &said.name).await? } else { None };
            let (group, made) = match found {
                Some(id) => (groups::edit(tx, id, edit_group(&said), None).await?, false),
                None => {
                    let new = NewGroup {
                        name: said.name,
                        description: said.description,
                        icon: said.icon,
                        external_id: said.external_id.or_else(|| Some(key.clone())),
                        ..NewGroup::default()
                    };
                    (groups::create(tx, new).await?, true)
                }
            };
            let (noun, object, external_id) = (Noun::Group, group.id.uuid(), Some(key));
            let link = Link { connection: connection.id, noun, object, external_id, made, linked_at: now };
            connections::link(tx, link).await?;
            group
        }
    };
    said::keep_group(tx, connection.id, &group).await
}
