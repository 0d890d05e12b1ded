//! Roles, and which groups give them.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::role::AccessRole;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read};
use super::once::{Answer, carry_out};
use super::{Reply, shown, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(of_group, change))
        .routes(routes!(of_user))
}

fn answer(status: StatusCode, role: &AccessRole) -> Answer {
    Answer::json(status, &wire::AccessRole::from(role)).tagged(role.version)
}

/// Lists the roles that a company may give, its own and the platform's, by name.
#[utoipa::path(get, path = "/v1/companies/{company}/roles", operation_id = "listRoles", tag = "Roles",
    params(wire::OfCompany), responses((status = 200, description = "All roles.", body = wire::AccessRoles)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    let items = app.engine().roles(&read.caller).await?.iter().map(Into::into).collect();
    Ok(Answer::json(StatusCode::OK, &wire::AccessRoles { items, next: None }).into_response())
}

/// Makes a role.
#[utoipa::path(post, path = "/v1/companies/{company}/roles", operation_id = "createRole", tag = "Roles",
    params(wire::OfCompany), request_body = wire::NewRole, responses((status = 201, description = "The role.", body = wire::AccessRole)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewRole>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |role: &AccessRole, _: u64, _| {
        answer(StatusCode::CREATED, role).with(&header::LOCATION, format!("/v1/companies/{company}/roles/{}", role.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_role(&caller, new).await).await
}

/// Tells one role.
#[utoipa::path(get, path = "/v1/companies/{company}/roles/{role}", operation_id = "getRole", tag = "Roles",
    params(wire::OfRole), responses((status = 200, description = "The role.", body = wire::AccessRole)))]
async fn get(State(app): State<App>, read: Read<wire::OfRole>) -> Reply {
    let role = app.engine().role(&read.caller, read.path.role_id()).await?;
    shown(&read.headers, &role.version.to_string(), || answer(StatusCode::OK, &role))
}

/// Edits a role by a merge patch (RFC 7396). What it allows counts at once wherever it is given.
#[utoipa::path(patch, path = "/v1/companies/{company}/roles/{role}", operation_id = "editRole", tag = "Roles",
    params(wire::OfRole), request_body(content((wire::EditRole = "application/merge-patch+json"), (wire::EditRole = "application/json"))),
    responses((status = 200, description = "The role as it is now.", body = wire::AccessRole)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfRole, Json<wire::EditRole>>) -> Reply {
    let (id, edit) = (ask.path.role_id(), ask.body.0.command()?);
    let current = async { Ok(app.engine().role(&ask.caller, id).await?.version) };
    let version = ask.if_match.version(current).await;
    carry_out(
        ask.caller,
        ask.once,
        |role, _, _| answer(StatusCode::OK, role),
        async |caller| app.engine().edit_role(&caller, id, edit, version).await,
    )
    .await
}

/// Deletes a role of the company, and takes it from every group that gives it.
#[utoipa::path(delete, path = "/v1/companies/{company}/roles/{role}", operation_id = "deleteRole", tag = "Roles",
    params(wire::OfRole), responses((status = 204, description = "It is gone.")))]
async fn delete(State(app): State<App>, ask: Change<wire::OfRole, NoBody>) -> Reply {
    let id = ask.path.role_id();
    let current = async { Ok(app.engine().role(&ask.caller, id).await?.version) };
    let version = ask.if_match.version(current).await;
    carry_out(
        ask.caller,
        ask.once,
        |(), _, _| Answer::empty(StatusCode::NO_CONTENT),
        async |caller| app.engine().delete_role(&caller, id, version).await,
    )
    .await
}

/// Lists what a group gives, by the role's name.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/roles", operation_id = "listGroupRoles", tag = "Roles",
    params(wire::OfGroup), responses((status = 200, description = "All it gives.", body = wire::GroupRoles)))]
async fn of_group(State(app): State<App>, read: Read<wire::OfGroup>) -> Reply {
    let items = app.engine().group_roles(&read.caller, read.path.group_id()).await?.iter().map(Into::into).collect();
    Ok(Answer::json(StatusCode::OK, &wire::GroupRoles { items, next: None }).into_response())
}

/// Gives a group roles and takes others from it: its effective members have them at once.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/roles", operation_id = "changeGroupRoles", tag = "Roles",
    params(wire::OfGroup), request_body = wire::ChangeGroupRoles, responses((status = 204, description = "It gives just that.")))]
async fn change(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::ChangeGroupRoles>>) -> Reply {
    ask.if_match.none_here()?;
    let (group, change) = (ask.path.group_id(), ask.body.0.command()?);
    let render = |_: &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().change_roles(&caller, group, change).await)
        .await
}

/// Tells what a user may do, and by which groups and roles.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/permissions", operation_id = "getPermissions", tag = "Roles",
    params(wire::OfUser), responses((status = 200, description = "What they may, and why.", body = wire::Permissions)))]
async fn of_user(State(app): State<App>, read: Read<wire::OfUser>) -> Reply {
    let sources = app.engine().roles_of(&read.caller, read.path.user_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Permissions::from(&sources[..])).into_response())
}
