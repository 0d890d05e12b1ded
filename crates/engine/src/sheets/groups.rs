//! Rows of groups.

use guildhall_domain::group::{EditGroup, Group, NewGroup, Owner};
use guildhall_domain::ids::{GroupId, parse_uuid};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result, name};

use super::{GroupRef, GroupRow, Imported, Line, Wrong, named};
use crate::groups::{self, Shown};
use crate::store::{self, identity};
use crate::writer::Tx;

pub(super) async fn run(tx: &mut Tx, rows: Vec<Line<GroupRow>>) -> Result<Imported> {
    let (mut wrong, mut done, mut owned) = (Wrong::default(), Imported::default(), Vec::new());
    for (line, row) in rows {
        let Some(row) = wrong.keep(line, row)? else { continue };
        let owners = row.owners.clone();
        let before = tx.revision();
        let outcome = one(tx, row).await;
        let Some((id, new)) = wrong.keep(line, outcome)? else { continue };
        let changed = tx.revision() != before;
        owned.push((line, id, owners, new, changed));
    }
    // Owners last: they may be groups that stand further down.
    for (line, id, owners, new, mut changed) in owned {
        if let Some(owners) = owners {
            let before = tx.revision();
            let outcome = own(tx, id, &owners).await;
            wrong.keep(line, outcome)?;
            changed |= tx.revision() != before;
        }
        done.count(new, changed);
    }
    wrong.end().map(|()| done)
}

async fn own(tx: &mut Tx, group: GroupId, owners: &[String]) -> Result<()> {
    let company = tx.company();
    let mut found = Vec::with_capacity(owners.len());
    for text in owners {
        let as_group = match parse_uuid(text) {
            Some(id) => groups::get(tx, company, id.into(), Shown::Live).await.ok(),
            None => None,
        };
        let owner = match as_group {
            Some(group) => Owner::Group(group.id),
            None => Owner::User(named(tx, company, "owners", text).await?),
        };
        if !found.contains(&owner) {
            found.push(owner);
        }
    }
    groups::settle_owners(tx, group, &found).await
}

/// The live group that a row means.
pub(super) async fn find(tx: &mut Tx, group: &GroupRef) -> Result<Option<Group>> {
    let company = tx.company();
    let (field, found) = match group {
        GroupRef::Id(id) => {
            return match groups::get(tx, company, *id, Shown::Live).await {
                Ok(group) => Ok(Some(group)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(other) => Err(other),
            };
        }
        GroupRef::ExternalId(id) => {
            let id = name::short("externalId", id)?;
            ("externalId", identity::groups_by_external_id(tx, company, &id).await?)
        }
        GroupRef::Name(text) => {
            let text = name::name("name", text)?;
            ("name", identity::groups_named(tx, company, &text).await?)
        }
    };
    match found[..] {
        [] => Ok(None),
        [id] => store::groups::get(tx, company, id).await,
        _ => Err(Error::invalid(field, "names more than one group; use the id")),
    }
}

async fn one(tx: &mut Tx, row: GroupRow) -> Result<(GroupId, bool)> {
    let company = tx.company();
    let mut found = None;
    if let Some(id) = row.id {
        found = find(tx, &GroupRef::Id(id)).await?;
    } else {
        if let Some(id) = &row.external_id {
            found = find(tx, &GroupRef::ExternalId(id.clone())).await?;
        }
        if let (None, Some(name)) = (&found, &row.name) {
            found = find(tx, &GroupRef::Name(name.clone())).await?;
        }
    }
    let set = |value: Option<String>| Patch::set_or_keep(value);
    if let Some(group) = found {
        let edit = EditGroup {
            name: set(row.name),
            description: set(row.description),
            icon: set(row.icon),
            external_id: set(row.external_id),
            ..EditGroup::default()
        };
        // The name alone found it, in whatever letter case: that is no wish to write it otherwise.
        let same =
            |edit: &EditGroup| matches!(&edit.name, Patch::Set(name) if name::fold(name) == name::fold(&group.name));
        let edit = if row.id.is_none() && same(&edit) { EditGroup { name: Patch::Keep, ..edit } } else { edit };
        groups::edit(tx, group.id, edit, None).await?;
        return Ok((group.id, false));
    }
    if let Some(id) = row.id
        && store::groups::get(tx, company, id).await?.is_some()
    {
        return Err(Error::invalid("id", "is an archived group's; restore it first"));
    }
    let name =
        row.name.ok_or_else(|| Error::invalid("name", "is missing, and no group is there that the row names"))?;
    let new = NewGroup {
        id: row.id,
        name,
        description: row.description,
        icon: row.icon,
        external_id: row.external_id,
        ..NewGroup::default()
    };
    Ok((groups::create(tx, new).await?.id, true))
}
