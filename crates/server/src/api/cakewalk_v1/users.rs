//! People: operations 1 and 2.

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::UserId;
use guildhall_domain::page::Order;
use guildhall_engine::{UserFilter, UserKey, UserSort};
use http::Uri;

use super::error::{Failure, ListRefusals, ReadRefusals};
use super::extract::{Id, Paged};
use super::wire::{List, Record, UserDetailed, UserSimplified};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists users
///
/// Everybody in the company, by name (CW-13), 100 a page.
#[utoipa::path(
    get, path = "/api/v1/Users", operation_id = "listUsers", tag = "Users",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of users", body = List<UserSimplified>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Paged(ask): Paged<UserKey>,
    uri: Uri,
) -> Result<Json<List<UserSimplified>>, Failure> {
    let page = app.engine().users(&caller, &UserFilter::default(), UserSort::Name, Order::Ascending, &ask).await?;
    Ok(Json(List::of(&uri, page)))
}

/// Reads a user
#[utoipa::path(
    get, path = "/api/v1/Users/{userId}", operation_id = "getUser", tag = "Users",
    params(
        ("userId" = Uuid, Path, description = "The user"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The user", body = Record<UserDetailed>), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(user): Id<UserId>,
    uri: Uri,
) -> Result<Json<Record<UserDetailed>>, Failure> {
    let user = app.engine().user(&caller, user).await?;
    Ok(Json(Record::of(&uri, user)))
}
