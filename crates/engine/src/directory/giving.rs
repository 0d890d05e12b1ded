//! Roles and what groups give, in a new company and in an update alike: they are few, so one use case takes them all.

use guildhall_domain::ids::{CompanyId, GroupId, RoleId};
use guildhall_domain::patch::Patch;
use guildhall_domain::role::{EditRole, Grant, NewRole};
use guildhall_domain::{Error, Result};

use super::Blame;
use super::held::Held;
use crate::groups::{self, Shown};
use crate::roles::{self, ChangeRoles};
use crate::store;
use crate::writer::Tx;

/// A role as a record tells it.
#[derive(Clone, Debug)]
pub struct RoleRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: RoleId,
    /// Every other member; name and permissions are always set.
    pub edit: EditRole,
}

/// A role that a group gives, as a record tells it.
#[derive(Clone, Debug)]
pub struct GrantRecord {
    /// The company.
    pub company: CompanyId,
    /// The group, the role and the scope.
    pub grant: Grant,
}

impl RoleRecord {
    /// The record as a new role.
    pub(super) fn birth(&self) -> NewRole {
        let set = |text: &Patch<String>| if let Patch::Set(text) = text { text.clone() } else { String::new() };
        let permissions = if let Patch::Set(permits) = &self.edit.permissions { permits.clone() } else { Vec::new() };
        NewRole { id: Some(self.id), name: set(&self.edit.name), description: set(&self.edit.description), permissions }
    }
}

/// Makes or edits the roles, then gives what is not given yet; `given` comes by group.
pub(super) async fn write(
    tx: &mut Tx,
    roles: Vec<Held<RoleRecord>>,
    given: Vec<Held<GrantRecord>>,
    blame: &Blame,
) -> Result<()> {
    let company = tx.company();
    for Held { at, record } in roles {
        blame.on(at);
        match store::roles::get(tx, company, record.id).await? {
            Some(_) => drop(roles::edit(tx, record.id, record.edit, None).await?),
            None => drop(roles::create(tx, record.birth()).await?),
        }
    }
    for of_group in given.chunk_by(|a, b| a.record.grant.group == b.record.grant.group) {
        let Some(first) = of_group.first() else { continue };
        blame.on(first.at);
        let id = first.record.grant.group;
        let group = groups::get(tx, company, id, Shown::Live).await.map_err(|error| match error {
            Error::NotFound { .. } => Error::unknown("group", GroupId::NOUN, id.uuid()),
            other => other,
        })?;
        let add = of_group.iter().map(|held| (held.record.grant.role, held.record.grant.scope.clone())).collect();
        roles::settle(tx, group, ChangeRoles { add, remove: Vec::new(), called: ("role", "role") }).await?;
    }
    blame.nobody();
    Ok(())
}
