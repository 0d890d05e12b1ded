//! User groups: operations 1 to 5 and 10.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::page::{Ask, From};
use guildhall_domain::{Error, Result};
use guildhall_engine::{GroupFilter, Rendering, SharedGroup, Shown};
use http::StatusCode;

use super::error::{ChangeRefusals, Failure, ReadRefusals};
use super::extract::{Body, Id, MaybeBody, Within};
use super::wire::groups::{Names, UserGroup, UserGroupInput, UserGroupList, UserGroupSearch};
use super::wire::lists::PaginationResponse;
use super::wire::{Changed, EntityId};
use crate::app::App;
use crate::http::caller::Auth;

/// What the people are called of whom these groups speak, read in one batch.
async fn names(app: &App, caller: &Caller, groups: &[SharedGroup]) -> Result<Names> {
    names_of(app, caller, groups.iter().flat_map(|group| [group.created_by, group.updated_by]).flatten().collect())
        .await
}

/// What these people are called, read in one batch.
pub(super) async fn names_of(app: &App, caller: &Caller, ids: BTreeSet<UserId>) -> Result<Names> {
    let ids: Vec<UserId> = ids.into_iter().collect();
    match app.engine().people(caller, &ids).await {
        Ok(people) => {
            Ok(Names::Known(people.into_iter().map(|person| (person.id, person.name().to_owned())).collect()))
        }
        // Who may see no other people sees their own groups all the same.
        Err(Error::Forbidden { .. }) => Ok(Names::Withheld),
        Err(other) => Err(other),
    }
}

async fn told(app: &App, caller: &Caller, (groups, total): (Vec<SharedGroup>, u64)) -> Result<Json<UserGroupList>> {
    let names = names(app, caller, &groups).await?;
    let user_groups =
        groups.iter().map(|group| UserGroup::told(group, caller.company, &names)).collect::<Result<_>>()?;
    Ok(Json(UserGroupList { user_groups, pagination: PaginationResponse { total_num_results: total } }))
}

/// Lists the user groups of a company
#[utoipa::path(
    post, path = "/v3/companies/{companyId}/user-groups/list", operation_id = "listUserGroups", tag = "User groups",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    request_body = UserGroupSearch,
    responses((status = 200, description = "A page of groups", body = UserGroupList), ReadRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Within(caller): Within,
    Body(search): Body<UserGroupSearch>,
) -> Result<Json<UserGroupList>, Failure> {
    let search = search.required()?;
    if let Some(ids) = &search.ids {
        let ids: Vec<GroupId> = ids.iter().copied().collect();
        let groups = app.engine().groups_by_id(&caller, &ids).await?;
        return Ok(told(&app, &caller, search.among(groups)).await?);
    }
    let filter = GroupFilter { text: search.text, name_only: true, ..Default::default() };
    let ask = Ask { from: From::Offset(search.slice.offset), limit: search.slice.limit, total: true };
    let page = app.engine().groups(&caller, &filter, search.sort, search.order, &ask).await?;
    Ok(told(&app, &caller, (page.items, page.total.unwrap_or(0))).await?)
}

/// Creates a user group
#[utoipa::path(
    post, path = "/v3/companies/{companyId}/user-groups", operation_id = "createUserGroup", tag = "User groups",
    params(("companyId" = Uuid, Path, description = "The company")),
    request_body = UserGroupInput,
    responses(
        (status = 200, description = "The group is made", body = EntityId,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Within(caller): Within,
    Body(group): Body<UserGroupInput>,
) -> Result<Changed, Failure> {
    let written = app.engine().create_group(&caller, group.into_new()?).await?;
    // Published: 200, not 201.
    Ok(Changed { status: StatusCode::OK, revision: written.revision, made: Some(written.value.id.uuid()) })
}

/// Reads a user group
#[utoipa::path(
    get, path = "/v3/companies/{companyId}/user-groups/{groupId}", operation_id = "getUserGroup", tag = "User groups",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The group", body = UserGroup), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
) -> Result<Json<Rendering>, Failure> {
    let group = app.engine().group(&caller, group, Shown::Live).await?;
    let names = names(&app, &caller, std::slice::from_ref(&group)).await?;
    Ok(Json(UserGroup::told(&group, caller.company, &names)?))
}

/// Changes name and description of a user group
#[utoipa::path(
    put, path = "/v3/companies/{companyId}/user-groups/{groupId}", operation_id = "updateUserGroup",
    tag = "User groups",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group")
    ),
    request_body = UserGroupInput,
    responses(
        (status = 200, description = "The group is so",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn update(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
    Body(edit): Body<UserGroupInput>,
) -> Result<Changed, Failure> {
    let written = app.engine().edit_group(&caller, group, edit.into_edit()?, None).await?;
    Ok(Changed::empty(StatusCode::OK, written.revision))
}

/// Changes name and description of a user group, as PUT does
#[utoipa::path(
    patch, path = "/v3/companies/{companyId}/user-groups/{groupId}", operation_id = "patchUserGroup",
    tag = "User groups",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group")
    ),
    request_body = UserGroupInput,
    responses(
        (status = 200, description = "The group is so",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn patch(
    state: State<App>,
    within: Within,
    id: Id<GroupId>,
    body: Body<UserGroupInput>,
) -> Result<Changed, Failure> {
    update(state, within, id, body).await
}

/// Deletes a user group
#[utoipa::path(
    delete, path = "/v3/companies/{companyId}/user-groups/{groupId}", operation_id = "deleteUserGroup",
    tag = "User groups",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group")
    ),
    responses(
        (status = 200, description = "The group is gone, and what it gave with it",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
) -> Result<Changed, Failure> {
    let written = app.engine().archive_group(&caller, group, None).await?;
    Ok(Changed::empty(StatusCode::OK, written.revision))
}

/// Lists the user groups that a user is in
#[utoipa::path(
    post, path = "/v3/users/{userId}/user-groups", operation_id = "listUserGroupsOfUser", tag = "User groups",
    params(
        ("userId" = Uuid, Path, description = "The user"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    request_body = Option<UserGroupSearch>,
    responses((status = 200, description = "A page of groups", body = UserGroupList), ReadRefusals)
)]
pub(super) async fn of_user(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(user): Id<UserId>,
    MaybeBody(search): MaybeBody<UserGroupSearch>,
) -> Result<Json<UserGroupList>, Failure> {
    let search = search.optional()?;
    let groups = app.engine().all_groups_of(&caller, user).await?;
    Ok(told(&app, &caller, search.among(groups)).await?)
}
