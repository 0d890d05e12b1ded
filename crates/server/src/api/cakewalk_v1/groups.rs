//! Users groups: operations 3 to 6.

use axum::Json;
use axum::extract::State;
use guildhall_domain::access::Visibility;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::GroupId;
use guildhall_domain::page::{Ask, Order};
use guildhall_engine::{AppKey, GroupFilter, GroupKey, GroupSort, Rendering, Shown};
use http::Uri;

use super::error::{Failure, ListRefusals, ReadRefusals};
use super::extract::{Id, Paged};
use super::wire::{List, Record, UsersGroup};
use super::wire_apps::WorkAppSimplified;
use crate::app::App;
use crate::http::caller::Auth;

/// Lists users groups
///
/// Every live group of the company, by name (CW-13), 100 a page.
#[utoipa::path(
    get, path = "/api/v1/UsersGroups", operation_id = "listUsersGroups", tag = "UsersGroups",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of groups", body = List<UsersGroup>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Paged(ask): Paged<GroupKey>,
    uri: Uri,
) -> Result<Json<List<Rendering>>, Failure> {
    let page = app.engine().groups(&caller, &GroupFilter::default(), GroupSort::Name, Order::Ascending, &ask).await?;
    Ok(Json(List::of(&uri, page.try_map(|group| UsersGroup::told(&group))?)))
}

/// Reads a users group
#[utoipa::path(
    get, path = "/api/v1/UsersGroups/{usersGroupId}", operation_id = "getUsersGroup", tag = "UsersGroups",
    params(
        ("usersGroupId" = Uuid, Path, description = "The group"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The group", body = Record<UsersGroup>), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(group): Id<GroupId>,
    uri: Uri,
) -> Result<Json<Record<Rendering>>, Failure> {
    let group = app.engine().group(&caller, group, Shown::Live).await?;
    Ok(Json(Record::of(&uri, UsersGroup::told(&group)?)))
}

/// Lists the default work apps of a users group
///
/// The apps that every member gets, by name (CW-13), 100 a page.
#[utoipa::path(
    get, path = "/api/v1/UsersGroups/{usersGroupId}/DefaultWorkApps", operation_id = "listUsersGroupDefaultWorkApps",
    tag = "UsersGroups",
    params(
        ("usersGroupId" = Uuid, Path, description = "The group"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of apps", body = List<WorkAppSimplified>), ReadRefusals)
)]
pub(super) async fn default_apps(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(group): Id<GroupId>,
    Paged(ask): Paged<AppKey>,
    uri: Uri,
) -> Result<Json<List<WorkAppSimplified>>, Failure> {
    held(&app, &caller, group, Visibility::Default, &ask, &uri).await
}

/// Lists the hidden work apps of a users group
///
/// The apps that members do not see, by name (CW-13), 100 a page.
#[utoipa::path(
    get, path = "/api/v1/UsersGroups/{usersGroupId}/HiddenWorkApps", operation_id = "listUsersGroupHiddenWorkApps",
    tag = "UsersGroups",
    params(
        ("usersGroupId" = Uuid, Path, description = "The group"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of apps", body = List<WorkAppSimplified>), ReadRefusals)
)]
pub(super) async fn hidden_apps(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(group): Id<GroupId>,
    Paged(ask): Paged<AppKey>,
    uri: Uri,
) -> Result<Json<List<WorkAppSimplified>>, Failure> {
    held(&app, &caller, group, Visibility::Hidden, &ask, &uri).await
}

async fn held(
    app: &App,
    caller: &Caller,
    group: GroupId,
    visibility: Visibility,
    ask: &Ask<AppKey>,
    uri: &Uri,
) -> Result<Json<List<WorkAppSimplified>>, Failure> {
    let page = app.engine().group_apps(caller, group, Some(visibility), ask).await?;
    Ok(Json(List::of(uri, page.map(|(_, shown)| shown))))
}
