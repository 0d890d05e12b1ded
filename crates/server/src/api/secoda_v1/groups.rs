//! Groups and, in them, who is a member.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::GroupId;
use guildhall_domain::page::Order;
use guildhall_engine::{GroupFilter, GroupKey, GroupSort, Shown};
use http::StatusCode;
use serde::Serialize;

use super::error::{CreateRefusals, DeleteRefusals, EditRefusals, Failure, ListRefusals, ReadRefusals};
use super::extract::{Body, Id};
use super::page::{Listed, Paged};
use super::wire::{CreateGroup, Group, UpdateGroup};
use crate::app::App;
use crate::http::caller::Auth;

/// An answer to a change, with the company's revision after it.
pub(super) struct Changed<T>(pub(super) StatusCode, pub(super) u64, pub(super) T);

impl<T: Serialize> IntoResponse for Changed<T> {
    fn into_response(self) -> Response {
        (self.0, [("guildhall-revision", self.1.to_string())], Json(self.2)).into_response()
    }
}

/// An answer to a deletion.
pub(super) struct Deleted(pub(super) u64);

impl IntoResponse for Deleted {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, [("guildhall-revision", self.0.to_string())]).into_response()
    }
}

/// Lists groups
///
/// Every live group of the workspace, by creation.
#[utoipa::path(
    get, path = "/api/v1/auth/group", operation_id = "listGroups", tag = "Groups",
    params(
        ("page" = Option<u32>, Query, description = "Which page; the first is 1", minimum = 1),
        ("page_size" = Option<u32>, Query, description = "Items per page, 1 to 100; 50 when absent, anything else is ignored"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of groups", body = Listed<Group>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    paged: Paged,
) -> Result<Json<Listed<Group>>, Failure> {
    let (filter, ask) = (GroupFilter::default(), paged.ask::<GroupKey>());
    let mut page = app.engine().groups(&caller, &filter, GroupSort::Created, Order::Ascending, &ask).await?;
    let groups = std::mem::take(&mut page.items);
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
    let members = app.engine().member_ids(&caller, &ids).await?;
    let groups = groups.iter().zip(members).map(|(group, members)| Group::of(caller.company, group, members)).collect();
    Ok(Json(Listed::of(&paged, &page, groups)?))
}

/// Creates a group
#[utoipa::path(
    post, path = "/api/v1/auth/group", operation_id = "createGroup", tag = "Groups",
    request_body(content = CreateGroup, content_type = "application/json"),
    responses(
        (status = 201, description = "The group", body = Group,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        CreateRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    ask: Result<Body<CreateGroup>, Failure>,
) -> Result<Changed<Group>, Failure> {
    let new = match ask.and_then(|Body(ask)| ask.into_command()) {
        Ok(new) => new,
        Err(wrong) => {
            // 403 goes before 400: whoever may not do it at all is told so, whatever they sent.
            app.engine().may_manage(&caller).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().create_group_with_members(&caller, new).await?;
    let (group, members) = written.value;
    Ok(Changed(StatusCode::CREATED, written.revision, Group::of(caller.company, &group, members)))
}

/// Reads a group
#[utoipa::path(
    get, path = "/api/v1/auth/group/{id}", operation_id = "getGroup", tag = "Groups",
    params(
        ("id" = Uuid, Path, description = "The group"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The group", body = Group), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<GroupId>,
) -> Result<Json<Group>, Failure> {
    let group = app.engine().group(&caller, id, Shown::Live).await?;
    let members = app.engine().member_ids(&caller, &[id]).await?.pop().unwrap_or_default();
    Ok(Json(Group::of(caller.company, &group, members)))
}

/// Updates a group
///
/// Changes what the body names. `users` is the whole list of members: who is not in it leaves.
#[utoipa::path(
    patch, path = "/api/v1/auth/group/{id}", operation_id = "updateGroup", tag = "Groups",
    params(("id" = Uuid, Path, description = "The group")),
    request_body(content = UpdateGroup, content_type = "application/json"),
    responses(
        (status = 200, description = "The group", body = Group,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        EditRefusals
    )
)]
pub(super) async fn edit(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<GroupId>,
    ask: Result<Body<UpdateGroup>, Failure>,
) -> Result<Changed<Group>, Failure> {
    let edit = match ask.and_then(|Body(ask)| ask.into_command()) {
        Ok(edit) => edit,
        Err(wrong) => return Err(first(&app, &caller, id, wrong).await),
    };
    let written = app.engine().edit_group_with_members(&caller, id, edit, None).await?;
    let (group, members) = written.value;
    Ok(Changed(StatusCode::OK, written.revision, Group::of(caller.company, &group, members)))
}

/// 403 and 404 go before what is wrong with the body.
async fn first(app: &App, caller: &Caller, id: GroupId, wrong: Failure) -> Failure {
    let asked = async {
        app.engine().may_change_members(caller, id).await?;
        app.engine().group(caller, id, Shown::Live).await
    };
    asked.await.map_or_else(Failure::from, |_| wrong)
}

/// Deletes a group
///
/// What it gave ends. Administrators can restore it for 30 days, in the native API.
#[utoipa::path(
    delete, path = "/api/v1/auth/group/{id}", operation_id = "deleteGroup", tag = "Groups",
    params(("id" = Uuid, Path, description = "The group")),
    responses(
        (status = 204, description = "The group is gone",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        DeleteRefusals
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<GroupId>,
) -> Result<Deleted, Failure> {
    Ok(Deleted(app.engine().archive_group(&caller, id, None).await?.revision))
}
