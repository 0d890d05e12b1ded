//! Roles, and what groups give of them (reference §5 and §6).

use guildhall_domain::ids::CompanyId;
use guildhall_domain::name::fold;
use guildhall_domain::page::Order;
use guildhall_domain::role::{AccessRole, NewRole, Scope};
use guildhall_domain::{Error, Result};
use guildhall_engine::scope_json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::groups::{Names, UserReference};
use super::lists::{PaginationRequest, PaginationResponse, Slice, SortOrder, few};
use super::permissions::PermissionItem;
use super::scalars::{DateTimeOffset, IdEitherWay, Object, WireId, missing, search_text, wire_words};
use super::scopes::ScopeItem;

/// A role.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    id: Uuid,
    #[schema(example = "Travel manager")]
    name: String,
    description: String,
    is_platform_role: bool,
    /// The company it belongs to; left out for a platform role.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<Uuid>,
    permissions: Vec<PermissionItem>,
    created_at: DateTimeOffset,
    updated_at: DateTimeOffset,
    created_by: UserReference,
    updated_by: UserReference,
}

impl Role {
    /// The role, with its people by name.
    pub(crate) fn of(role: &AccessRole, names: &Names) -> Self {
        Self {
            id: role.id.uuid(),
            name: role.name.clone(),
            description: role.description.clone(),
            is_platform_role: role.company.is_none(),
            company_id: role.company.map(CompanyId::uuid),
            permissions: role.permissions.iter().map(Into::into).collect(),
            created_at: role.created_at.into(),
            updated_at: role.updated_at.into(),
            created_by: names.tell(role.created_by),
            updated_by: names.tell(role.updated_by),
        }
    }
}

/// A page of roles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleList {
    pub(crate) roles: Vec<Role>,
    pub(crate) pagination: PaginationResponse,
}

/// A role that a group gives; one for each scope.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivenRole {
    #[serde(flatten)]
    role: Role,
    #[schema(value_type = ScopeItem)]
    scope: serde_json::Value,
}

impl GivenRole {
    /// The role within its scope.
    pub(crate) fn of(role: &AccessRole, scope: &Scope, names: &Names) -> Self {
        Self { role: Role::of(role, names), scope: scope_json(scope) }
    }
}

/// A page of what a group gives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivenRoleList {
    pub(crate) roles: Vec<GivenRole>,
    pub(crate) pagination: PaginationResponse,
}

/// Which page of what a group gives is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct GivenRoleSearch {
    #[serde(default)]
    #[schema(value_type = Option<PaginationRequest>)]
    pagination: Option<Object<PaginationRequest>>,
}

impl GivenRoleSearch {
    /// The page.
    ///
    /// # Errors
    /// [`Error::Invalid`] where its limit is out of range.
    pub(crate) fn slice(self) -> Result<Slice> {
        Slice::optional(self.pagination)
    }
}

wire_words! {
    /// By what roles are sorted.
    RoleSortBy {
        /// By folded name.
        Name = "NAME",
    }
    /// Whose roles.
    RoleProvidedBy {
        /// The platform's.
        Platform = "PLATFORM",
        /// The company's own.
        Company = "COMPANY",
    }
}

/// How roles are sorted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleSortParams {
    #[serde(rename = "sortBy")]
    _sort_by: RoleSortBy,
    sort_order: SortOrder,
}

/// Which roles are asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleFilter {
    /// These roles only; none named means all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    role_ids: Option<Vec<WireId>>,
    /// Roles of these only; none named means all.
    #[serde(default)]
    role_provided_by: Option<Vec<RoleProvidedBy>>,
}

impl RoleFilter {
    fn passes(&self, role: &AccessRole) -> bool {
        let named = |ids: &Vec<WireId>| ids.is_empty() || ids.iter().any(|id| id.0 == role.id.uuid());
        let whose = if role.company.is_none() { RoleProvidedBy::Platform } else { RoleProvidedBy::Company };
        let provided = |by: &Vec<RoleProvidedBy>| by.is_empty() || by.contains(&whose);
        self.role_ids.as_ref().is_none_or(named) && self.role_provided_by.as_ref().is_none_or(provided)
    }
}

/// A search for roles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleSearch {
    /// What the name must hold, in any letter case.
    #[serde(default)]
    search_text: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<PaginationRequest>)]
    pagination: Option<Object<PaginationRequest>>,
    /// Without it: by creation.
    #[serde(default)]
    #[schema(value_type = Option<RoleSortParams>)]
    sort_params: Option<Object<RoleSortParams>>,
    /// A role passes when any of these lets it pass; an empty list lets all pass. 100 at most, with 10,000 ids.
    #[serde(default)]
    #[schema(value_type = Option<Vec<RoleFilter>>)]
    filters: Option<Vec<Object<RoleFilter>>>,
}

impl RoleSearch {
    /// The page of this search among all roles by name, and how many there are.
    ///
    /// # Errors
    /// [`Error`] on the member that is wrong.
    pub(crate) fn among(self, mut roles: Vec<AccessRole>) -> Result<(Vec<AccessRole>, u64)> {
        let slice = Slice::required(self.pagination)?;
        let filters = self.filters.unwrap_or_default();
        few(filters.len(), filters.iter().filter_map(|filter| Some(filter.0.role_ids.as_ref()?.len())).sum())?;
        if !filters.is_empty() {
            roles.retain(|role| filters.iter().any(|filter| filter.0.passes(role)));
        }
        if let Some(text) = search_text(self.search_text)?.map(|text| fold(&text)) {
            roles.retain(|role| fold(&role.name).contains(&text));
        }
        match self.sort_params.map(|sort| Order::from(sort.0.sort_order)) {
            None => roles.sort_by_key(|role| (role.created_at, role.id)),
            Some(Order::Ascending) => {}
            Some(Order::Descending) => roles.reverse(),
        }
        Ok(slice.cut(roles))
    }
}

/// A role to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleInput {
    /// 1 to 255 characters.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Up to 1,000 characters.
    #[schema(value_type = String, max_length = 1000)]
    description: Option<String>,
    /// A role of the platform, which every company may give? Takes a platform key.
    #[schema(value_type = bool)]
    is_platform_role: Option<bool>,
    /// What it allows.
    #[schema(value_type = Vec<PermissionItem>)]
    permissions: Option<Vec<Object<PermissionItem>>>,
    /// The company it belongs to; the key's own where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    company_id: Option<IdEitherWay>,
}

impl RoleInput {
    /// The role to make, and the company it names; the platform's where it is a platform role.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a member is missing, or a platform role names a company.
    pub(crate) fn checked(self) -> Result<(NewRole, Option<CompanyId>)> {
        let name = self.name.ok_or_else(|| missing("name"))?;
        let description = self.description.ok_or_else(|| missing("description"))?;
        let platform = self.is_platform_role.ok_or_else(|| missing("isPlatformRole"))?;
        let permissions = self.permissions.ok_or_else(|| missing("permissions"))?;
        let company = self.company_id.map(|id| CompanyId::new(id.0));
        if platform && company.is_some() {
            return Err(Error::invalid("companyId", "does not go with a platform role"));
        }
        let permissions = permissions.into_iter().map(|item| item.0.into()).collect();
        let company = if platform { Some(CompanyId::PLATFORM) } else { company };
        Ok((NewRole { id: None, name, description, permissions }, company))
    }
}
