//! Who is in a user group: operations 6 and 7.

use axum::extract::State;
use guildhall_domain::ids::GroupId;
use http::StatusCode;

use super::error::{ChangeRefusals, Failure, ReadRefusals};
use super::extract::{Body, Id, Within};
use super::wire::Changed;
use super::wire::members::{MemberChange, MemberList, MemberSearch, Wanted, among};
use crate::app::App;
use crate::http::json;

/// Lists the members of a user group
#[utoipa::path(
    post, path = "/v3/companies/{companyId}/user-groups/{groupId}/members", operation_id = "listUserGroupMembers",
    tag = "Members",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    request_body = MemberSearch,
    responses((status = 200, description = "A page of members", body = MemberList), ReadRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
    Body(search): Body<MemberSearch>,
) -> Result<json::Text, Failure> {
    let (slice, order, wanted) = search.checked()?;
    let (members, total) = match wanted {
        Wanted::Span(span) => {
            let engine = app.engine();
            let (page, total) = engine.members_by_added(&caller, group, span, order, slice.limit, slice.offset).await?;
            (page, total)
        }
        Wanted::Any(filters) => among(&filters, app.engine().when_added(&caller, group).await?, order, slice),
    };
    Ok(MemberList::written(&members, total))
}

/// Adds and removes members of a user group
///
/// All of it or nothing. Adding a present member and removing an absent one change nothing.
#[utoipa::path(
    patch, path = "/v3/companies/{companyId}/user-groups/{groupId}/members",
    operation_id = "updateUserGroupMembers", tag = "Members",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("groupId" = Uuid, Path, description = "The group")
    ),
    request_body = MemberChange,
    responses(
        (status = 200, description = "The members are so",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    Within(caller): Within,
    Id(group): Id<GroupId>,
    Body(change): Body<MemberChange>,
) -> Result<Changed, Failure> {
    let written = app.engine().change_members(&caller, change.into_command(group)).await?;
    Ok(Changed::empty(StatusCode::OK, written.revision))
}
