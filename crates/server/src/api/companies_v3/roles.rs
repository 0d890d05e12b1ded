//! Roles, what groups give, and what people may: operations 8, 9 and 11 to 17.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::{CompanyId, GroupId, RoleId, UserId};
use guildhall_domain::role::AccessRole;
use guildhall_domain::{Error, Result};
use http::StatusCode;

use super::error::{ChangeRefusals, Failure, ReadRefusals};
use super::extract::{Body, Id, MaybeBody, Within};
use super::groups::names_of;
use super::wire::lists::PaginationResponse;
use super::wire::permissions::{PermissionCatalogue, RbacInfo};
use super::wire::roles::{GivenRole, GivenRoleList, GivenRoleSearch, Role, RoleInput, RoleList, RoleSearch};
use super::wire::scopes::{ApplicableScopes, ApplicableScopesRequest, RoleChange};
use super::wire::{Changed, EntityId};
use crate::app::App;
use crate::http::caller::Auth;

fn people<'r>(roles: impl Iterator<Item = &'r AccessRole>) -> BTreeSet<UserId> {
    roles.flat_map(|role| [role.created_by, role.updated_by]).flatten().collect()
}

/// Lists the roles that a user group gives
#[utoipa::path(
    post, path = "/v3/companies/{companyId}/user-groups/{groupId}/roles", operation_id = "listUserGroupRoles",
    tag = "Roles",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    request_body = Option<GivenRoleSearch>,
    responses((status = 200, description = "A page of roles, one for each scope", body = GivenRoleList), ReadRefusals)
)]
pub(super) async fn of_group(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
    MaybeBody(search): MaybeBody<GivenRoleSearch>,
) -> Result<Json<GivenRoleList>, Failure> {
    let slice = search.slice()?;
    let (roles, total) = slice.cut(app.engine().group_roles(&caller, group).await?);
    let names = names_of(&app, &caller, people(roles.iter().map(|(role, _)| role))).await?;
    let roles = roles.iter().map(|(role, scope)| GivenRole::of(role, scope, &names)).collect();
    Ok(Json(GivenRoleList { roles, pagination: PaginationResponse { total_num_results: total } }))
}

/// Gives roles to a user group and takes roles from it
///
/// All of it or nothing; what is deleted is deleted first. Giving what is given and taking what is not change nothing.
#[utoipa::path(
    patch, path = "/v3/companies/{companyId}/user-groups/{groupId}/roles", operation_id = "updateUserGroupRoles",
    tag = "Roles",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group")
    ),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The roles are so",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
    Body(change): Body<RoleChange>,
) -> Result<Changed, Failure> {
    let written = app.engine().change_roles(&caller, group, change.command()?).await?;
    Ok(Changed::empty(StatusCode::OK, written.revision))
}

/// Lists the roles that a company may give
#[utoipa::path(
    post, path = "/v3/companies/{companyId}/roles", operation_id = "listRoles", tag = "Roles",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    request_body = RoleSearch,
    responses((status = 200, description = "A page of roles", body = RoleList), ReadRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Within(caller): Within,
    Body(search): Body<RoleSearch>,
) -> Result<Json<RoleList>, Failure> {
    let (roles, total) = search.among(app.engine().roles(&caller).await?)?;
    let names = names_of(&app, &caller, people(roles.iter())).await?;
    let roles = roles.iter().map(|role| Role::of(role, &names)).collect();
    Ok(Json(RoleList { roles, pagination: PaginationResponse { total_num_results: total } }))
}

/// Reads a role
#[utoipa::path(
    get, path = "/v3/roles/{roleId}", operation_id = "getRole", tag = "Roles",
    params(
        ("roleId" = Uuid, Path, description = "The role"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The role", body = Role), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(role): Id<RoleId>,
) -> Result<Json<Role>, Failure> {
    let role = app.engine().role(&caller, role).await?;
    let names = names_of(&app, &caller, people(std::iter::once(&role))).await?;
    Ok(Json(Role::of(&role, &names)))
}

/// Creates a role
///
/// A platform role takes a platform key.
#[utoipa::path(
    post, path = "/v3/roles", operation_id = "createRole", tag = "Roles",
    request_body = RoleInput,
    responses(
        (status = 200, description = "The role is made", body = EntityId,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(role): Body<RoleInput>,
) -> Result<Changed, Failure> {
    let (new, company) = role.checked()?;
    if company == Some(CompanyId::PLATFORM) && !caller.is_platform() {
        return Err(Error::forbidden("a platform role takes a platform key").into());
    }
    let caller = app.engine().within(&caller, company.unwrap_or(caller.company)).await?;
    let written = app.engine().create_role(&caller, new).await?;
    // Published: 200, not 201.
    Ok(Changed { status: StatusCode::OK, revision: written.revision, made: Some(written.value.id.uuid()) })
}

/// Tells the permissions that there are
#[utoipa::path(
    get, path = "/v3/permissions", operation_id = "listPermissions", tag = "Roles",
    responses((status = 200, description = "The permissions", body = PermissionCatalogue), ReadRefusals)
)]
pub(super) async fn permissions(Auth(_caller): Auth) -> Json<PermissionCatalogue> {
    Json(PermissionCatalogue::of(false))
}

/// Tells the permissions that a company's own roles may hold
#[utoipa::path(
    get, path = "/v3/companies/{companyId}/permissions", operation_id = "listCompanyPermissions", tag = "Roles",
    params(("companyId" = Uuid, Path, description = "The company")),
    responses((status = 200, description = "The permissions", body = PermissionCatalogue), ReadRefusals)
)]
pub(super) async fn company_permissions(Within(caller): Within) -> Json<PermissionCatalogue> {
    Json(PermissionCatalogue::of(caller.company != CompanyId::PLATFORM))
}

/// Tells which types of predicates a scope may still take
#[utoipa::path(
    post, path = "/v3/companies/{companyId}/roles/applicable-scopes", operation_id = "listApplicableScopes",
    tag = "Roles",
    params(("companyId" = Uuid, Path, description = "The company")),
    request_body = Option<ApplicableScopesRequest>,
    responses((status = 200, description = "The types", body = ApplicableScopes), ReadRefusals)
)]
pub(super) async fn applicable_scopes(
    State(app): State<App>,
    Within(caller): Within,
    MaybeBody(ask): MaybeBody<ApplicableScopesRequest>,
) -> Result<Json<ApplicableScopes>, Failure> {
    let wanted = ask.roles();
    let known: BTreeSet<RoleId> = app.engine().roles(&caller).await?.iter().map(|role| role.id).collect();
    let missing: Vec<_> = wanted.difference(&known).map(|id| id.uuid()).collect();
    if !missing.is_empty() {
        return Err(Error::Unknown { field: "roleIds".into(), noun: RoleId::NOUN, ids: missing }.into());
    }
    let company = app.engine().company(&caller).await?;
    Ok(Json(ask.applicable(company.id, &company.name)))
}

/// Tells what a user may do, by all the groups they are in
#[utoipa::path(
    get, path = "/v3/users/{userId}/rbac-info", operation_id = "getRbacInfo", tag = "Roles",
    params(
        ("userId" = Uuid, Path, description = "The user"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "What they may", body = RbacInfo), ReadRefusals)
)]
pub(super) async fn rbac_info(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(user): Id<UserId>,
) -> Result<Json<RbacInfo>, Failure> {
    let sources = app.engine().roles_of(&caller, user).await?;
    Ok(Json(RbacInfo::from(&sources[..])))
}
