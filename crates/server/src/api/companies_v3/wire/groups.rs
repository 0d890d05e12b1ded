//! User groups (reference §3).

use std::collections::{BTreeSet, HashMap};

use guildhall_domain::Result;
use guildhall_domain::group::{EditGroup, Group, NewGroup};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::Order;
use guildhall_domain::patch::Patch;
use guildhall_engine::{GroupSort, Rendered, Rendering, Rendition, SharedGroup};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::lists::{PaginationRequest, PaginationResponse, Slice, SortOrder, few};
use super::scalars::{DateTimeOffset, Object, WireId, missing, search_text, wire_words};

/// A person, by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct UserReference {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ada Example")]
    name: Option<String>,
}

/// What the people that groups speak of are called, as far as the caller may know.
pub(crate) enum Names {
    /// Of those who are there.
    Known(HashMap<UserId, String>),
    /// The caller may see no other people (C3-9).
    Withheld,
}

impl Names {
    /// C3-8: who is nobody any more, or never was a person, is called Guildhall and has the nil id.
    pub(crate) fn tell(&self, user: Option<UserId>) -> UserReference {
        match (self, user) {
            (Self::Withheld, Some(id)) => UserReference { id: id.uuid(), name: None },
            (Self::Known(names), Some(id)) if names.contains_key(&id) => {
                UserReference { id: id.uuid(), name: names.get(&id).cloned() }
            }
            _ => UserReference { id: Uuid::nil(), name: Some("Guildhall".into()) },
        }
    }

    /// All that [`Self::tell`] depends on besides the user's id, told apart from whatever else may follow it.
    fn known(&self, user: Option<UserId>) -> String {
        match (self, user) {
            (Self::Withheld, _) => "?".into(),
            (Self::Known(names), Some(id)) => names.get(&id).map_or("-".into(), |name| format!("={name}\n")),
            (Self::Known(_), None) => "-".into(),
        }
    }
}

/// A group of people.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserGroup {
    id: Uuid,
    #[schema(example = "Nordic Coordinators")]
    name: String,
    #[schema(example = "Plans travel for the Nordic offices.")]
    description: String,
    company_id: Uuid,
    created_at: DateTimeOffset,
    updated_at: DateTimeOffset,
    created_by: UserReference,
    updated_by: UserReference,
    is_unmodifiable: bool,
}

impl UserGroup {
    /// The group as it goes out, put into words once for as long as it and the names of its people stay as they are.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Internal`].
    pub(crate) fn told(group: &Rendered<Group>, company: CompanyId, names: &Names) -> Result<Rendering> {
        let given = [names.known(group.created_by), names.known(group.updated_by)].concat();
        group.render(Rendition::Companies, &given, |group| Self::of(group, company, names))
    }

    /// The group of this company, with its people by name.
    pub(crate) fn of(group: &Group, company: CompanyId, names: &Names) -> Self {
        Self {
            id: group.id.uuid(),
            name: group.name.clone(),
            // C3-6: this dialect has no groups without a description.
            description: group.description.clone().unwrap_or_default(),
            company_id: company.uuid(),
            created_at: group.created_at.into(),
            updated_at: group.updated_at.into(),
            created_by: names.tell(group.created_by),
            updated_by: names.tell(group.updated_by),
            // Published: so are those that the platform makes, to whom they are shown.
            is_unmodifiable: group.unmodifiable || company == CompanyId::PLATFORM,
        }
    }
}

/// A page of groups.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserGroupList {
    #[schema(value_type = Vec<UserGroup>)]
    pub(crate) user_groups: Vec<Rendering>,
    pub(crate) pagination: PaginationResponse,
}

/// What a new group is, or what a group is to become.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserGroupInput {
    /// 1 to 255 characters.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "Nordic Coordinators")]
    name: Option<String>,
    /// Up to 1,000 characters.
    #[schema(value_type = String, max_length = 1000, example = "Plans travel for the Nordic offices.")]
    description: Option<String>,
}

impl UserGroupInput {
    fn both(self) -> Result<(String, Option<String>)> {
        let name = self.name.ok_or_else(|| missing("name"))?;
        let description = self.description.ok_or_else(|| missing("description"))?;
        // C3-6: an empty one is none, so that a group sent back as it was read does not change.
        Ok((name, Some(description).filter(|text| !text.is_empty())))
    }

    /// The group to make.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] where a member is missing.
    pub(crate) fn into_new(self) -> Result<NewGroup> {
        let (name, description) = self.both()?;
        Ok(NewGroup { name, description, ..Default::default() })
    }

    /// The edit to make.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] where a member is missing.
    pub(crate) fn into_edit(self) -> Result<EditGroup> {
        let (name, description) = self.both()?;
        let description = description.map_or(Patch::Clear, Patch::Set);
        Ok(EditGroup { name: Patch::Set(name), description, ..Default::default() })
    }
}

wire_words! {
    /// By what groups are sorted.
    GroupSortBy {
        /// By folded name.
        Name = "NAME",
        /// By creation.
        CreatedAt = "CREATED_AT",
    }
}

/// How groups are sorted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupSortParams {
    sort_by: GroupSortBy,
    sort_order: SortOrder,
}

/// Which groups are asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserGroupFilter {
    /// These groups only; none named means all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    user_group_ids: Option<Vec<WireId>>,
}

/// A search for groups.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserGroupSearch {
    /// What the name must hold, in any letter case.
    #[serde(default)]
    search_text: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<PaginationRequest>)]
    pagination: Option<Object<PaginationRequest>>,
    /// Without it: by creation.
    #[serde(default)]
    #[schema(value_type = Option<GroupSortParams>)]
    sort_params: Option<Object<GroupSortParams>>,
    /// A group passes when any of these lets it pass; an empty list lets all pass. 100 at most, with 10,000 ids.
    #[serde(default)]
    #[schema(value_type = Option<Vec<UserGroupFilter>>)]
    filters: Option<Vec<Object<UserGroupFilter>>>,
}

/// A checked search for groups.
#[derive(Debug)]
pub(crate) struct GroupSearch {
    pub(crate) text: Option<String>,
    /// Only these; all where absent.
    pub(crate) ids: Option<BTreeSet<GroupId>>,
    pub(crate) sort: GroupSort,
    pub(crate) order: Order,
    pub(crate) slice: Slice,
}

impl UserGroupSearch {
    /// The search, where `pagination` must be sent.
    ///
    /// # Errors
    /// [`guildhall_domain::Error`] on the member that is wrong.
    pub(crate) fn required(mut self) -> Result<GroupSearch> {
        let slice = Slice::required(self.pagination.take())?;
        self.checked(slice)
    }

    /// The search, where `pagination` may be left out.
    ///
    /// # Errors
    /// [`guildhall_domain::Error`] on the member that is wrong.
    pub(crate) fn optional(mut self) -> Result<GroupSearch> {
        let slice = Slice::optional(self.pagination.take())?;
        self.checked(slice)
    }

    fn checked(self, slice: Slice) -> Result<GroupSearch> {
        let (sort, order) = match self.sort_params {
            None => (GroupSort::Created, Order::Ascending),
            Some(Object(GroupSortParams { sort_by, sort_order })) => (
                match sort_by {
                    GroupSortBy::Name => GroupSort::Name,
                    GroupSortBy::CreatedAt => GroupSort::Created,
                },
                sort_order.into(),
            ),
        };
        Ok(GroupSearch { text: search_text(self.search_text)?, ids: only(self.filters)?, sort, order, slice })
    }
}

/// The ids that any of the filters names; none where one of them lets every group pass.
fn only(filters: Option<Vec<Object<UserGroupFilter>>>) -> Result<Option<BTreeSet<GroupId>>> {
    let filters = filters.unwrap_or_default();
    let named = |filter: &Object<UserGroupFilter>| filter.0.user_group_ids.as_ref().map_or(0, Vec::len);
    few(filters.len(), filters.iter().map(named).sum())?;
    if filters.is_empty() || filters.iter().any(|filter| named(filter) == 0) {
        return Ok(None);
    }
    let ids = filters.into_iter().flat_map(|filter| filter.0.user_group_ids.unwrap_or_default());
    Ok(Some(ids.map(|id| GroupId::new(id.0)).collect()))
}

impl GroupSearch {
    /// The page of this search among groups that were read whole, in the order that the database has for the same
    /// search, and how many there are.
    pub(crate) fn among(&self, mut groups: Vec<SharedGroup>) -> (Vec<SharedGroup>, u64) {
        if let Some(ids) = &self.ids {
            groups.retain(|group| ids.contains(&group.id));
        }
        if let Some(text) = &self.text {
            let wanted = fold(text);
            groups.retain(|group| fold(&group.name).contains(&wanted));
        }
        match self.sort {
            GroupSort::Name => groups.sort_by_cached_key(|group| (fold(&group.name), group.id)),
            GroupSort::Created => groups.sort_unstable_by_key(|group| (group.created_at, group.id)),
        }
        if self.order == Order::Descending {
            groups.reverse();
        }
        self.slice.cut(groups)
    }
}
