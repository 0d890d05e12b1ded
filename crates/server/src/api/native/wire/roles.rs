//! Roles and what groups give on the wire.

use guildhall_domain::ids::{CompanyId, RoleId, UserId};

use guildhall_domain::role::{self as domain, Act, Permission, PredicateType, union};
use guildhall_domain::{Error, Result};
use guildhall_engine::{ChangeRoles, Source, scope_json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Id, at, patch};
use crate::http::patch::Field;

/// What a role allows with one permission.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Permit {
    /// What it speaks of, as companies v3 calls it: `ACCESS_MANAGEMENT` is Guildhall's own rights.
    #[schema(example = "ACCESS_MANAGEMENT")]
    permission: String,
    /// `ALL`, `CREATE`, `READ`, `WRITE`, `DELETE`, `PURGE`.
    #[schema(example = json!(["READ"]))]
    actions: Vec<String>,
}

impl From<&domain::Permit> for Permit {
    fn from(permit: &domain::Permit) -> Self {
        let actions = permit.actions.iter().map(|act| act.word().to_owned()).collect();
        Self { permission: permit.permission.word().to_owned(), actions }
    }
}

fn permits(items: Vec<Permit>) -> Result<Vec<domain::Permit>> {
    let one = |(i, item): (usize, Permit)| {
        let act = |(j, raw): (usize, &String)| Act::parse(&format!("permissions[{i}].actions[{j}]"), raw);
        Ok(domain::Permit {
            permission: Permission::parse(&format!("permissions[{i}].permission"), &item.permission)?,
            actions: item.actions.iter().enumerate().map(act).collect::<Result<_>>()?,
        })
    };
    items.into_iter().enumerate().map(one).collect()
}

/// A role of the company, or of the platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessRole {
    /// The id, unique in the server.
    id: Uuid,
    /// The company it belongs to; null for a role of the platform, which every company may give.
    company: Option<Uuid>,
    /// The name.
    name: String,
    /// What it is for.
    description: String,
    /// What it allows.
    permissions: Vec<Permit>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Who made it.
    created_by: Option<Uuid>,
    /// When the record last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Who changed it.
    updated_by: Option<Uuid>,
}

impl From<&domain::AccessRole> for AccessRole {
    fn from(role: &domain::AccessRole) -> Self {
        Self {
            id: role.id.uuid(),
            company: role.company.map(CompanyId::uuid),
            name: role.name.clone(),
            description: role.description.clone(),
            permissions: role.permissions.iter().map(Into::into).collect(),
            created_at: at(role.created_at),
            created_by: role.created_by.map(UserId::uuid),
            updated_at: at(role.updated_at),
            updated_by: role.updated_by.map(UserId::uuid),
        }
    }
}

/// All roles that the company may give, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessRoles {
    /// The roles.
    pub(crate) items: Vec<AccessRole>,
    /// Always null: the list is whole.
    pub(crate) next: Option<String>,
}

/// A role to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRole {
    /// The id, where the caller chooses it; one taken anywhere in the server is refused.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it is for.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What it allows.
    permissions: Vec<Permit>,
}

impl NewRole {
    /// The role that it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::NewRole> {
        Ok(domain::NewRole {
            id: self.id.map(|id| id.0.into()),
            name: self.name,
            description: self.description.unwrap_or_default(),
            permissions: permits(self.permissions)?,
        })
    }
}

/// An edit of a role: absent members stay, null empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditRole {
    /// The name; cannot be emptied.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// What it allows; replaces what it did. Fixed for a platform role.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Permit>>)]
    permissions: Field<Vec<Permit>>,
}

impl EditRole {
    /// The edit that it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::EditRole> {
        Ok(domain::EditRole {
            name: patch(self.name),
            description: patch(self.description),
            permissions: patch(self.permissions).try_map(permits)?,
        })
    }
}

/// One condition of an audience.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predicate {
    /// `PLATFORM`, `BOOKING_TMC`, `CONTRACTING_TMC`, `COMPANY`, `TRIP_TEMPLATE` or `STEALTH_TYPE`.
    #[serde(rename = "type")]
    #[schema(example = "COMPANY")]
    kind: String,
    /// `IN`, which it also is when left out.
    comparator: Option<String>,
    /// Any of these.
    #[schema(max_items = 1000)]
    values: Vec<String>,
}

/// Conditions of which all must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audience {
    /// The conditions.
    #[schema(max_items = 100)]
    predicates: Vec<Predicate>,
}

/// On what a role counts: on what any of the audiences takes in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scope {
    /// The audiences.
    #[schema(max_items = 100)]
    audiences: Vec<Audience>,
}

impl Scope {
    fn command(self, field: &str) -> Result<domain::Scope> {
        let predicate = |(i, j, item): (usize, usize, Predicate)| {
            let field = format!("{field}.audiences[{i}].predicates[{j}]");
            if item.comparator.is_some_and(|comparator| comparator != "IN") {
                return Err(Error::invalid(format!("{field}.comparator"), "must be `IN`"));
            }
            Ok(domain::Predicate {
                kind: PredicateType::parse(&format!("{field}.type"), &item.kind)?,
                values: item.values,
            })
        };
        let audience = |(i, item): (usize, Audience)| {
            item.predicates.into_iter().enumerate().map(|(j, item)| predicate((i, j, item))).collect()
        };
        let audiences = self.audiences.into_iter().enumerate().map(audience).collect::<Result<_>>()?;
        domain::Scope::new(field, audiences)
    }
}

/// A role to give, within a scope.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Give {
    /// The role.
    #[schema(value_type = Uuid)]
    role: Id,
    /// On what it counts.
    scope: Scope,
}

/// A role to take: within this scope, or all of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Take {
    /// The role.
    #[schema(value_type = Uuid)]
    role: Id,
    /// Within this scope only.
    scope: Option<Scope>,
}

/// What to change in what a group gives. What is removed is removed first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeGroupRoles {
    /// Roles to give.
    #[serde(default)]
    #[schema(max_items = 1000)]
    add: Vec<Give>,
    /// Roles to take.
    #[serde(default)]
    #[schema(max_items = 1000)]
    remove: Vec<Take>,
}

impl ChangeGroupRoles {
    /// The change that it asks for.
    ///
    /// # Errors
    /// [`Error`] on the part of a scope that is wrong.
    pub(crate) fn command(self) -> Result<ChangeRoles> {
        let add = self.add.into_iter().enumerate();
        let add = add.map(|(i, item)| Ok((RoleId::new(item.role.0), item.scope.command(&format!("add[{i}].scope"))?)));
        let remove = self.remove.into_iter().enumerate();
        let remove = remove.map(|(i, item)| {
            let scope = item.scope.map(|scope| scope.command(&format!("remove[{i}].scope"))).transpose()?;
            Ok((RoleId::new(item.role.0), scope))
        });
        let (add, remove) = (add.collect::<Result<_>>()?, remove.collect::<Result<_>>()?);
        Ok(ChangeRoles { add, remove, called: ("add", "remove") })
    }
}

/// A role that a group gives, within a scope.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupRole {
    /// The role.
    role: AccessRole,
    /// On what it counts.
    #[schema(value_type = Scope)]
    scope: serde_json::Value,
}

impl From<&(domain::AccessRole, domain::Scope)> for GroupRole {
    fn from((role, scope): &(domain::AccessRole, domain::Scope)) -> Self {
        Self { role: role.into(), scope: scope_json(scope) }
    }
}

/// All that a group gives, by the role's name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupRoles {
    /// The roles, one for each scope.
    pub(crate) items: Vec<GroupRole>,
    /// Always null: the list is whole.
    pub(crate) next: Option<String>,
}

/// One way in which a user comes by permissions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionSource {
    /// The group that gives the role, of which the user is an effective member.
    group: Uuid,
    /// The role.
    role: Uuid,
    /// What it allows.
    permissions: Vec<Permit>,
    /// On what.
    #[schema(value_type = Scope)]
    scope: serde_json::Value,
}

/// What a user may do, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Permissions {
    /// What the roles together allow, scopes aside.
    permissions: Vec<Permit>,
    /// Every way in which they come by it, by group and role.
    sources: Vec<PermissionSource>,
}

impl From<&[Source]> for Permissions {
    fn from(sources: &[Source]) -> Self {
        let one = |source: &Source| PermissionSource {
            group: source.group.uuid(),
            role: source.role.uuid(),
            permissions: source.permissions.iter().map(Into::into).collect(),
            scope: scope_json(&source.scope),
        };
        Self {
            permissions: union(sources.iter().flat_map(|s| s.permissions.iter())).iter().map(Into::into).collect(),
            sources: sources.iter().map(one).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_where_they_are_wrong() {
        let new = |permission: &str, action: &str| NewRole {
            id: None,
            name: "R".into(),
            description: None,
            permissions: vec![Permit { permission: permission.into(), actions: vec![action.into()] }],
        };
        let wrong = |role: NewRole| match role.command() {
            Err(Error::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(new("x", "READ")), "permissions[0].permission");
        assert_eq!(wrong(new("ACCESS_MANAGEMENT", "read")), "permissions[0].actions[0]");
    }
}
