//! Roles, what groups give, and what people may (reference §5 and §6).

use std::collections::BTreeSet;

use guildhall_domain::ids::{CompanyId, RoleId};
use guildhall_domain::name::fold;
use guildhall_domain::page::Order;
use guildhall_domain::role::{
    AccessRole, Act, NewRole, Permission, Permit, Predicate, PredicateType, STEALTH_TYPES, Scope, union,
};
use guildhall_domain::{Error, Result};
use guildhall_engine::{ChangeRoles, Source, scope_json};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::groups::{Names, UserReference};
use super::lists::{PaginationRequest, PaginationResponse, Slice, SortOrder, few};
use super::scalars::{DateTimeOffset, IdEitherWay, Object, Text, WireId, missing, search_text, wire_words};

/// A word of a closed set of the domain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<T>(T);

macro_rules! domain_words {
    ($($kind:ident = $expected:literal),+) => {$(
        impl<'de> Deserialize<'de> for Word<$kind> {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let read = |text: &str| match $kind::parse("", text) {
                    Ok(word) => Ok(Word(word)),
                    Err(Error::Invalid { why, .. }) => Err(why),
                    Err(other) => Err(other.to_string()),
                };
                from.deserialize_str(Text(read, $expected))
            }
        }
        impl Serialize for Word<$kind> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.0.word())
            }
        }
    )+};
}
domain_words!(Permission = "a permission", Act = "an action", PredicateType = "a type of predicate");

/// What a role allows with one permission.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct PermissionItem {
    #[schema(value_type = String, example = "ACCESS_MANAGEMENT")]
    permission: Word<Permission>,
    #[schema(value_type = Vec<String>, example = json!(["READ"]))]
    actions: Vec<Word<Act>>,
}

impl From<&Permit> for PermissionItem {
    fn from(permit: &Permit) -> Self {
        Self { permission: Word(permit.permission), actions: permit.actions.iter().map(|act| Word(*act)).collect() }
    }
}

impl From<PermissionItem> for Permit {
    fn from(item: PermissionItem) -> Self {
        Self { permission: item.permission.0, actions: item.actions.into_iter().map(|act| act.0).collect() }
    }
}

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
#[derive(Debug, Deserialize, ToSchema)]
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
    /// How the values of a predicate are compared.
    Comparator {
        /// Any of them.
        In = "IN",
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

/// One condition of an audience.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PredicateItem {
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "COMPANY")]
    kind: Word<PredicateType>,
    #[serde(rename = "comparator")]
    _comparator: Comparator,
    /// Any of these.
    #[schema(max_items = 1000)]
    values: Vec<String>,
}

/// Conditions of which all must hold.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AudienceItem {
    #[schema(value_type = Vec<PredicateItem>, max_items = 100)]
    predicates: Vec<Object<PredicateItem>>,
}

/// On what a role counts: on what any of the audiences takes in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ScopeItem {
    #[schema(value_type = Vec<AudienceItem>, max_items = 100)]
    audiences: Vec<Object<AudienceItem>>,
}

impl ScopeItem {
    fn scope(self, field: &str) -> Result<Scope> {
        let predicate = |item: Object<PredicateItem>| Predicate { kind: item.0.kind.0, values: item.0.values };
        let audience = |item: Object<AudienceItem>| item.0.predicates.into_iter().map(predicate).collect();
        Scope::new(field, self.audiences.into_iter().map(audience).collect())
    }
}

/// A role to give, within a scope.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleToAdd {
    #[schema(value_type = Uuid)]
    role_id: WireId,
    #[schema(value_type = ScopeItem)]
    scope: Object<ScopeItem>,
}

/// A role to take: within this scope, or all of it. A bare id is all of it too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleToDelete {
    #[schema(value_type = Uuid)]
    role_id: WireId,
    #[serde(default)]
    #[schema(value_type = Option<ScopeItem>)]
    scope: Option<Object<ScopeItem>>,
}

/// [`RoleToDelete`], or its bare id.
#[derive(Debug)]
struct EitherWay(RoleToDelete);

impl<'de> Deserialize<'de> for EitherWay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = EitherWay;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a UUID")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EitherWay, E> {
                let id = guildhall_domain::ids::parse_uuid(text).ok_or_else(|| E::custom("is not a UUID"))?;
                Ok(EitherWay(RoleToDelete { role_id: WireId(id), scope: None }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EitherWay, A::Error> {
                RoleToDelete::deserialize(MapAccessDeserializer::new(map)).map(EitherWay)
            }
        }
        from.deserialize_any(Either)
    }
}

/// What to change in what a group gives. What is deleted is deleted first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleChange {
    #[serde(default)]
    #[schema(value_type = Option<Vec<RoleToAdd>>, max_items = 1000)]
    roles_to_add: Option<Vec<Object<RoleToAdd>>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<RoleToDelete>>, max_items = 1000)]
    roles_to_delete: Option<Vec<EitherWay>>,
}

impl RoleChange {
    /// The change.
    ///
    /// # Errors
    /// [`Error`] on the part of a scope that is wrong.
    pub(crate) fn command(self) -> Result<ChangeRoles> {
        let add = self.roles_to_add.unwrap_or_default().into_iter().enumerate();
        let add = add.map(|(i, item)| {
            let scope = item.0.scope.0.scope(&format!("rolesToAdd[{i}].scope"))?;
            Ok((RoleId::new(item.0.role_id.0), scope))
        });
        let remove = self.roles_to_delete.unwrap_or_default().into_iter().enumerate();
        let remove = remove.map(|(i, EitherWay(item))| {
            let scope = item.scope.map(|scope| scope.0.scope(&format!("rolesToDelete[{i}].scope"))).transpose()?;
            Ok((RoleId::new(item.role_id.0), scope))
        });
        Ok(ChangeRoles {
            add: add.collect::<Result<_>>()?,
            remove: remove.collect::<Result<_>>()?,
            called: ("rolesToAdd", "rolesToDelete"),
        })
    }
}

/// A permission that there is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionEntry {
    #[schema(value_type = String)]
    name: Word<Permission>,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parent_name: Option<Word<Permission>>,
}

/// The permissions that there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionCatalogue {
    permissions: Vec<PermissionEntry>,
}

/// C3-19: descriptions and parents are not published.
fn described(permission: Permission) -> (&'static str, Option<Permission>) {
    use Permission as P;
    match permission {
        P::PlatformManagement => ("Everything that stands above all companies", None),
        P::TmcManagement => ("Travel management companies", Some(P::PlatformManagement)),
        P::CompanyManagement => ("A company and its settings", None),
        P::UserManagement => ("The people of a company", Some(P::CompanyManagement)),
        P::UserProfile => ("People's profiles", Some(P::UserManagement)),
        P::EventManagement => ("Events", Some(P::CompanyManagement)),
        P::ReportManagement => ("Reports", Some(P::CompanyManagement)),
        P::AccessManagement => ("Groups, their members and the roles they give", Some(P::CompanyManagement)),
        P::TripManagement => ("Trips of others", Some(P::CompanyManagement)),
        P::Agent => ("To work as an agent", None),
        P::DeveloperPlatformManagement => ("Keys and integrations", Some(P::CompanyManagement)),
        P::ThirdPartyNotificationManagement => ("Notices to third parties", Some(P::CompanyManagement)),
        P::AgentContactCenterManagement => ("Contact centers", Some(P::Agent)),
        P::AgentContactCenterSupportManagement => ("Support in contact centers", Some(P::AgentContactCenterManagement)),
        P::AgentContactCenterTeamManagement => ("Teams of contact centers", Some(P::AgentContactCenterManagement)),
        P::AgentContactCenterAnalyticsManagement => {
            ("Analytics of contact centers", Some(P::AgentContactCenterManagement))
        }
        P::AgentContactCenterSettingsManagement => {
            ("Settings of contact centers", Some(P::AgentContactCenterManagement))
        }
    }
}

impl PermissionCatalogue {
    /// All permissions; for a company those that its own roles may hold.
    pub(crate) fn of(company: bool) -> Self {
        let fits = |permission: &&Permission| !(company && permission.above_companies());
        let entry = |permission: &Permission| {
            let (description, parent) = described(*permission);
            PermissionEntry { name: Word(*permission), description, parent_name: parent.map(Word) }
        };
        Self { permissions: Permission::ALL.iter().filter(fits).map(entry).collect() }
    }
}

/// What has been chosen so far of a scope that is being put together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicableScopesRequest {
    /// For these roles.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 1000)]
    role_ids: Option<Vec<WireId>>,
    /// The audience so far.
    #[serde(default)]
    #[schema(value_type = Option<AudienceItem>)]
    selected_audience: Option<Object<AudienceItem>>,
}

impl ApplicableScopesRequest {
    /// The roles it names.
    pub(crate) fn roles(&self) -> BTreeSet<RoleId> {
        self.role_ids.iter().flatten().map(|id| RoleId::new(id.0)).collect()
    }

    /// The types that may still be chosen, in this company of this name (C3-20).
    pub(crate) fn applicable(&self, company: CompanyId, name: &str) -> ApplicableScopes {
        let value = |value: &str, label: Option<&str>| AllowedValue {
            value: value.to_owned(),
            label: label.map(str::to_owned),
        };
        let chosen = self.selected_audience.iter().flat_map(|audience| &audience.0.predicates);
        let chosen: Vec<PredicateType> = chosen.map(|predicate| predicate.0.kind.0).collect();
        // A company gives within itself: what reaches beyond it is the platform's.
        let all = PredicateType::ALL.iter().filter(|kind| **kind != PredicateType::Platform);
        let applicable_scopes = all.filter(|kind| !chosen.contains(kind)).map(|kind| ApplicableScope {
            predicate_type: Word(*kind),
            allowed_values: match kind {
                PredicateType::Company => Some(vec![value(&company.to_string(), Some(name))]),
                PredicateType::StealthType => Some(STEALTH_TYPES.iter().map(|one| value(one, None)).collect()),
                _ => None,
            },
        });
        ApplicableScopes { applicable_scopes: applicable_scopes.collect() }
    }
}

/// The types of predicates that may be chosen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicableScopes {
    applicable_scopes: Vec<ApplicableScope>,
}

/// One type of predicate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicableScope {
    #[schema(value_type = String)]
    predicate_type: Word<PredicateType>,
    /// The values there are; left out where they are not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_values: Option<Vec<AllowedValue>>,
}

/// A value of a predicate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllowedValue {
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// What a user may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RbacInfo {
    has_others_trip_access: bool,
    permissions: Vec<PermissionItem>,
}

impl From<&[Source]> for RbacInfo {
    /// C3-21: trips of others are whatever `TRIP_MANAGEMENT` allows.
    fn from(sources: &[Source]) -> Self {
        let all = union(sources.iter().flat_map(|source| source.permissions.iter()));
        Self {
            has_others_trip_access: all.iter().any(|permit| permit.permission == Permission::TripManagement),
            permissions: all.iter().map(Into::into).collect(),
        }
    }
}
