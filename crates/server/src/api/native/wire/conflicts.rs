//! Conflicts and breaches on the wire.

use guildhall_domain::conflict as domain;
use guildhall_domain::ids::GroupId;
use guildhall_engine as engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::explain::Named;
use super::members::MemberUser;
use super::{Id, at, patch};
use crate::http::patch::Field;

/// Groups of which nobody may effectively be in more than so many.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conflict {
    /// The id, unique in the server.
    id: Uuid,
    /// The name, unique among the conflicts of the company.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The groups, by id.
    groups: Vec<Uuid>,
    /// In how many of them one may be.
    at_most: u32,
    /// How many people are in more of them now.
    breaches: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the record last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&engine::CountedConflict> for Conflict {
    fn from(counted: &engine::CountedConflict) -> Self {
        let conflict = &counted.conflict;
        Self {
            id: conflict.id.uuid(),
            name: conflict.name.clone(),
            description: conflict.description.clone(),
            groups: conflict.groups.iter().map(|group| group.uuid()).collect(),
            at_most: conflict.at_most,
            breaches: counted.breaches,
            created_at: at(conflict.created_at),
            updated_at: at(conflict.updated_at),
        }
    }
}

/// A conflict to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewConflict {
    /// The id, where the caller chooses it; one taken anywhere in the server is refused.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it is for.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// The groups, each once.
    #[schema(value_type = Vec<Uuid>, min_items = 2, max_items = 100)]
    groups: Vec<Id>,
    /// In how many of them one may be: fewer than there are.
    #[schema(minimum = 1, maximum = 99, default = 1)]
    at_most: Option<u32>,
}

fn ids(groups: Vec<Id>) -> Vec<GroupId> {
    groups.into_iter().map(|id| id.0.into()).collect()
}

impl NewConflict {
    /// The conflict that it asks for.
    pub(crate) fn command(self) -> domain::NewConflict {
        domain::NewConflict {
            id: self.id.map(|id| id.0.into()),
            name: self.name,
            description: self.description,
            groups: ids(self.groups),
            at_most: self.at_most,
        }
    }
}

/// An edit of a conflict: absent members stay, null empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditConflict {
    /// The name; cannot be emptied.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// The groups, in place of those before; cannot be emptied.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 2, max_items = 100)]
    groups: Field<Vec<Id>>,
    /// In how many of them one may be; null makes it 1.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 99)]
    at_most: Field<u32>,
}

impl EditConflict {
    /// The edit that it asks for.
    pub(crate) fn command(self) -> domain::EditConflict {
        domain::EditConflict {
            name: patch(self.name),
            description: patch(self.description),
            groups: patch(self.groups.map(ids)),
            at_most: patch(self.at_most),
        }
    }
}

/// A group of a conflict that somebody is in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldGroup {
    /// The group.
    group: Uuid,
    /// The shortest way to it: from a group that they are a direct member of, through those around it, to this one. Of
    /// a direct member it is this one alone.
    path: Vec<Named>,
}

/// Somebody who is in more groups of a conflict than one may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Breaching {
    /// Who.
    user: MemberUser,
    /// The groups of it that they are in.
    groups: Vec<HeldGroup>,
}

fn named((id, name): (GroupId, String)) -> Named {
    Named { id: id.uuid(), name: Some(name) }
}

impl From<engine::Breaching> for Breaching {
    fn from(told: engine::Breaching) -> Self {
        let held = |held: engine::HeldGroup| HeldGroup {
            group: held.group.uuid(),
            path: held.path.into_iter().map(named).collect(),
        };
        Self { user: MemberUser::from(&*told.person), groups: told.groups.into_iter().map(held).collect() }
    }
}

/// A conflict, named.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamedConflict {
    /// The id.
    pub(crate) id: Uuid,
    /// The name.
    pub(crate) name: String,
    /// In how many of its groups one may be.
    pub(crate) at_most: u32,
}

/// That somebody would come to be in more groups of a conflict than one may.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Breach {
    /// Who.
    user: Uuid,
    /// The conflict.
    conflict: NamedConflict,
    /// The groups of it that they would be in.
    groups: Vec<Named>,
    /// The group whose rule would put them there; null where none does.
    rule: Option<Uuid>,
    /// From when on; null for at once.
    #[schema(format = DateTime)]
    from: Option<String>,
}

impl From<domain::Breach> for Breach {
    fn from(breach: domain::Breach) -> Self {
        let domain::Breach { user, conflict, name, at_most, groups, rule, from } = breach;
        Self {
            user: user.uuid(),
            conflict: NamedConflict { id: conflict.uuid(), name, at_most },
            groups: groups.into_iter().map(named).collect(),
            rule: rule.map(GroupId::uuid),
            from: from.map(at),
        }
    }
}
