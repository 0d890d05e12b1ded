//! Who is in a users group: operations 7, 8 and 9.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::membership::{Member, Outcome};
use http::{StatusCode, Uri};

use super::error::{ChangeRefusals, Failure, ReadRefusals};
use super::extract::{Body, Id, Paged};
use super::wire::{self, AddUsers, List, UserSimplified};
use crate::app::App;
use crate::http::caller::Auth;
use crate::http::json;

/// An answer to a change: no body, and the company's revision after it.
pub(super) struct Changed(pub(super) StatusCode, pub(super) u64);

impl IntoResponse for Changed {
    fn into_response(self) -> Response {
        (self.0, [("guildhall-revision", self.1.to_string())]).into_response()
    }
}

/// Lists the users of a users group
///
/// Its direct members who are not deactivated, by id (CW-13), 100 a page.
#[utoipa::path(
    get, path = "/api/v1/UsersGroups/{usersGroupId}/Users", operation_id = "listUsersGroupUsers", tag = "UsersGroups",
    params(
        ("usersGroupId" = Uuid, Path, description = "The group"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of users", body = List<UserSimplified>), ReadRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(group): Id<GroupId>,
    Paged(ask): Paged<UserId>,
    uri: Uri,
) -> Result<json::Text, Failure> {
    let page = app.engine().members(&caller, group, false, &ask).await?;
    let write = |out: &mut json::Text, member: &Member| UserSimplified::write(out, &member.person);
    Ok(List::<UserSimplified>::written(&uri, &page, write))
}

/// Adds users to a users group
///
/// All of them or none. One who is in the group already is no error.
#[utoipa::path(
    post, path = "/api/v1/UsersGroups/{usersGroupId}/Users", operation_id = "addUsersToUsersGroup", tag = "UsersGroups",
    params(("usersGroupId" = Uuid, Path, description = "The group")),
    request_body(content = AddUsers, content_type = "application/json"),
    responses(
        (status = 201, description = "All of them are in the group",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn add(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(group): Id<GroupId>,
    ask: Result<Body<AddUsers>, Failure>,
) -> Result<Changed, Failure> {
    let command = match ask.and_then(|Body(ask)| Ok(ask.into_command(group)?)) {
        Ok(command) => command,
        Err(wrong) => {
            // CW-15, 403 goes before 400: whoever may not do it at all is told so, whatever they sent.
            app.engine().may_change_members(&caller, group).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().change_members(&caller, command).await?;
    Ok(Changed(StatusCode::CREATED, written.revision))
}

/// Removes a user from a users group
#[utoipa::path(
    delete, path = "/api/v1/UsersGroups/{usersGroupId}/Users/{userId}", operation_id = "removeUserFromUsersGroup",
    tag = "UsersGroups",
    params(
        ("usersGroupId" = Uuid, Path, description = "The group"),
        ("userId" = Uuid, Path, description = "The user")
    ),
    responses(
        (status = 204, description = "The user is no longer in the group",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
#[deprecated]
pub(super) async fn remove(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(group): Id<GroupId>,
    Id(user): Id<UserId>,
) -> Result<Changed, Failure> {
    let written = app.engine().change_members(&caller, wire::removal(group, user)).await?;
    match written.value.into_iter().next().map(|row| row.outcome).transpose()? {
        Some(Outcome::Removed) => Ok(Changed(StatusCode::NO_CONTENT, written.revision)),
        _ => Err(Error::NotFound { noun: "member of this users group" }.into()),
    }
}
