//! Groups and their owners on the wire.

use guildhall_domain::group::{self as domain, GroupState};
use guildhall_domain::ids::UserId;
use guildhall_domain::page::Order;
use guildhall_domain::{Error, Result};
use guildhall_engine::{GroupFilter, GroupSort, Rendered, Rendering, Rendition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Id, at, patch, searched, sorted};
use crate::http::json;
use crate::http::patch::Field;

/// The most owners of one group.
const OWNERS: usize = 1000;

/// A group of a company, without its members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    /// The id, unique in the server.
    pub(crate) id: Uuid,
    /// The name.
    pub(crate) name: String,
    /// The description; null when never set.
    pub(crate) description: Option<String>,
    /// Usually one emoji.
    pub(crate) icon: Option<String>,
    /// The id that the group has in the system it comes from.
    pub(crate) external_id: Option<String>,
    /// The system it comes from; closes the group to hand edits of its members.
    pub(crate) source: Option<String>,
    /// The expression that keeps its members; closes the group to hand edits of them. Null when there is none.
    pub(crate) rule: Option<String>,
    /// Are name and description frozen?
    pub(crate) unmodifiable: bool,
    /// Days that a membership lasts which is given without an end; null: for ever.
    pub(crate) default_days: Option<u32>,
    /// Days that a membership given by people may last at the most; null: no bound.
    pub(crate) longest_days: Option<u32>,
    /// Where it stands in its life.
    #[schema(value_type = super::State)]
    pub(crate) state: &'static str,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// By whom; null for the platform and the system.
    pub(crate) created_by: Option<Uuid>,
    /// When the record last changed. Members do not move it.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// By whom; null for the platform and the system.
    pub(crate) updated_by: Option<Uuid>,
    /// When it will be beyond restoring, once archived.
    #[schema(format = DateTime)]
    pub(crate) purge_at: Option<String>,
}

impl From<&domain::Group> for Group {
    fn from(group: &domain::Group) -> Self {
        Self {
            id: group.id.uuid(),
            name: group.name.clone(),
            description: group.description.clone(),
            icon: group.icon.clone(),
            external_id: group.external_id.clone(),
            source: group.source.clone(),
            rule: group.rule.clone(),
            unmodifiable: group.unmodifiable,
            default_days: group.lifetime.default_days,
            longest_days: group.lifetime.longest_days,
            state: group.state.word(),
            created_at: at(group.created_at),
            created_by: group.created_by.map(UserId::uuid),
            updated_at: at(group.updated_at),
            updated_by: group.updated_by.map(UserId::uuid),
            purge_at: group.purge_at.map(at),
        }
    }
}

/// A group as a listing tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedGroup {
    /// The group.
    #[serde(flatten)]
    pub(crate) group: Group,
    /// How many members it has, where `counts=true` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) members: Option<super::MemberCount>,
}

/// The group as it goes out, put into words once for as long as it stays as it is.
///
/// # Errors
/// [`Error::Internal`].
pub(crate) fn group(group: &Rendered<domain::Group>) -> Result<Rendering> {
    group.render(Rendition::Native, "", Group::from)
}

/// A group that a user is a member of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JoinedGroup {
    /// The group.
    #[serde(flatten)]
    pub(crate) group: Group,
    /// Is the user a member directly, not by nesting alone?
    pub(crate) direct: bool,
}

/// Writes a [`JoinedGroup`] out of the group's kept JSON, to which it adds a member.
pub(crate) fn write_joined(out: &mut json::Text, group: &Rendering, direct: bool) {
    let open = group.json().strip_suffix('}').unwrap_or_default();
    out.raw(open).raw(r#","direct":"#).value(&direct).raw("}");
}

/// A group to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewGroup {
    /// The id, where the caller chooses it; one taken anywhere in the server is refused.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The description.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// Usually one emoji.
    #[schema(max_length = 255)]
    icon: Option<String>,
    /// The id elsewhere.
    #[schema(max_length = 255)]
    external_id: Option<String>,
    /// The expression that is to keep its members.
    #[schema(max_length = 2048)]
    rule: Option<String>,
    /// Freeze name and description from birth?
    #[schema(default = false)]
    unmodifiable: Option<bool>,
    /// Days that a membership lasts which people give without an end.
    #[schema(minimum = 1, maximum = 3650)]
    default_days: Option<u32>,
    /// Days that a membership given by people may last at the most.
    #[schema(minimum = 1, maximum = 3650)]
    longest_days: Option<u32>,
    /// Its owners, users or groups, by id.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 1000)]
    owners: Option<Vec<Id>>,
}

impl NewGroup {
    /// The group that it asks for.
    ///
    /// # Errors
    /// [`Error::TooMany`] owners.
    pub(crate) fn command(self) -> Result<domain::NewGroup> {
        Ok(domain::NewGroup {
            id: self.id.map(|id| id.0.into()),
            name: self.name,
            description: self.description,
            icon: self.icon,
            external_id: self.external_id,
            rule: self.rule,
            unmodifiable: self.unmodifiable.unwrap_or(false),
            owners: owners(self.owners.unwrap_or_default())?,
            lifetime: domain::Lifetime { default_days: self.default_days, longest_days: self.longest_days },
            ..Default::default()
        })
    }
}

fn owners(ids: Vec<Id>) -> Result<Vec<Uuid>> {
    if ids.len() > OWNERS {
        return Err(Error::TooMany { field: "owners".into(), limit: OWNERS as u64 });
    }
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// An edit of a group: a merge patch (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditGroup {
    /// The name; cannot be null.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// The description.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// Usually one emoji.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    icon: Field<String>,
    /// The id elsewhere.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    external_id: Field<String>,
    /// Days that a membership lasts which people give without an end; null: for ever.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    default_days: Field<u32>,
    /// Days that a membership given by people may last at the most; null: no bound.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    longest_days: Field<u32>,
    /// The expression that keeps its members; null ends what it gave.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    rule: Field<String>,
}

impl EditGroup {
    /// The edit that it asks for.
    pub(crate) fn command(self) -> domain::EditGroup {
        domain::EditGroup {
            name: patch(self.name),
            description: patch(self.description),
            icon: patch(self.icon),
            external_id: patch(self.external_id),
            default_days: patch(self.default_days),
            longest_days: patch(self.longest_days),
            rule: patch(self.rule),
            members: None,
        }
    }
}

/// Which groups, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListGroups {
    /// A text that name or description must hold, in any letter case.
    #[param(max_length = 255)]
    q: Option<String>,
    /// Only groups in this state; `live` when absent.
    #[param(value_type = Option<super::State>, inline)]
    state: Option<String>,
    /// The order; `name` when absent.
    #[param(value_type = Option<super::Sort>, inline)]
    sort: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(crate) total: Option<bool>,
    /// Count each group's members as well? Does not go with `at`.
    #[param(default = false)]
    pub(crate) counts: Option<bool>,
    /// Answer as of this instant instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    pub(crate) at: Option<String>,
}

impl ListGroups {
    /// The groups that are asked for, and their order.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<(GroupFilter, GroupSort, Order)> {
        let state = match self.state.as_deref() {
            None | Some("live") => GroupState::Live,
            Some("archived") => GroupState::Archived,
            Some(_) => return Err(Error::invalid("state", "must be one of `live`, `archived`")),
        };
        let (sort, order) = sorted(self.sort.as_deref(), GroupSort::Name, GroupSort::Created)?;
        Ok((GroupFilter { text: searched(self.q.as_deref())?, state: Some(state), ..Default::default() }, sort, order))
    }
}

/// Who owns a group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Owner {
    /// `user`, or `group`: its members own.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The user's or group's id.
    pub(crate) id: Uuid,
}

/// All owners of a group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Owners {
    /// The owners.
    pub(crate) items: Vec<Owner>,
    /// Always null: the list is whole.
    pub(crate) next: Option<String>,
}

impl From<&Vec<domain::Owner>> for Owners {
    fn from(owners: &Vec<domain::Owner>) -> Self {
        let one = |owner: &domain::Owner| match owner {
            domain::Owner::User(id) => Owner { kind: "user", id: id.uuid() },
            domain::Owner::Group(id) => Owner { kind: "group", id: id.uuid() },
        };
        Self { items: owners.iter().map(one).collect(), next: None }
    }
}

/// The whole list of owners that a group is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetOwners {
    /// Users or groups, by id.
    #[schema(value_type = Vec<Uuid>, max_items = 1000)]
    owners: Vec<Id>,
}

impl SetOwners {
    /// The ids.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub(crate) fn command(self) -> Result<Vec<Uuid>> {
        owners(self.owners)
    }
}

/// Which groups around or inside a group are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListNested {
    /// All that nesting reaches, at any depth, instead of those one nesting away?
    #[param(default = false)]
    pub(crate) all: Option<bool>,
    /// Answer as of this instant instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    pub(crate) at: Option<String>,
}

/// Groups around or inside a group; never cut.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nested {
    /// The groups, by id.
    pub(crate) groups: Vec<Group>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joined_group_is_written_as_serde_writes_it() {
        let at = guildhall_domain::Timestamp::from_micros(1_700_000_000_000_001);
        let record = domain::Group {
            id: guildhall_domain::ids::GroupId::NIL,
            name: "Ink".into(),
            description: Some("a \"b\" }".into()),
            icon: None,
            external_id: None,
            source: None,
            rule: None,
            unmodifiable: false,
            state: GroupState::Live,
            created_at: at,
            created_by: None,
            updated_at: at,
            updated_by: Some(UserId::NIL),
            members_changed_at: at,
            lifetime: domain::Lifetime::default(),
            purge_at: None,
            version: 1,
        };
        let mut out = json::Text::default();
        write_joined(&mut out, &group(&record.clone().into()).unwrap(), true);
        let said = JoinedGroup { group: Group::from(&record), direct: true };
        assert_eq!(out.into_string(), serde_json::to_string(&said).unwrap());
    }
}
