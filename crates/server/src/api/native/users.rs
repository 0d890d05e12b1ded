//! Users.

use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::UserId;
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, User, UserStatus};
use guildhall_domain::{Error, Result};
use guildhall_engine::Written;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, list_written, shown, wire};
use crate::app::App;

/// How often a merge is tried when others edit the same user meanwhile; at each try one of them gets through.
const TRIES: u32 = 50;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(deactivate))
        .routes(routes!(reactivate))
        .routes(routes!(groups))
}

fn answer(status: StatusCode, user: &User) -> Answer {
    Answer::json(status, &wire::User::from(user)).tagged(user.version)
}

/// Lists users.
#[utoipa::path(get, path = "/v1/companies/{company}/users", operation_id = "listUsers", tag = "Users",
    params(wire::OfCompany, wire::ListUsers), responses((status = 200, description = "One page of users.", body = wire::List<wire::User>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListUsers>) -> Reply {
    let (filter, sort, order) = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().users(&read.caller, &filter, sort, order, &ask).await?;
    list(&read.uri, page.map(|user| wire::User::from(&user)))
}

/// Makes a user.
#[utoipa::path(post, path = "/v1/companies/{company}/users", operation_id = "createUser", tag = "Users",
    params(wire::OfCompany), request_body = wire::NewUser, responses((status = 201, description = "The user.", body = wire::User)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewUser>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |user: &User, _: u64, _| {
        answer(StatusCode::CREATED, user).with(&header::LOCATION, format!("/v1/companies/{company}/users/{}", user.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_user(&caller, new).await).await
}

/// Tells one user.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}", operation_id = "getUser", tag = "Users",
    params(wire::OfUser), responses((status = 200, description = "The user.", body = wire::User)))]
async fn get(State(app): State<App>, read: Read<wire::OfUser>) -> Reply {
    let user = app.engine().user(&read.caller, read.path.user_id()).await?;
    shown(&read.headers, &user.version.to_string(), || answer(StatusCode::OK, &user))
}

/// Edits a user by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}/users/{user}", operation_id = "editUser", tag = "Users",
    params(wire::OfUser), request_body(content((wire::EditUser = "application/merge-patch+json"), (wire::EditUser = "application/json"))),
    responses((status = 200, description = "The user as they are now.", body = wire::User)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfUser, Json<wire::EditUser>>) -> Reply {
    let id = ask.path.user_id();
    let version = ask.if_match.version(async { Ok(app.engine().user(&ask.caller, id).await?.version) }).await;
    let mut body = ask.body.0;
    let attributes = body.take_attributes();
    let edit = body.command()?;
    carry_out(
        ask.caller,
        ask.once,
        |user, _, _| answer(StatusCode::OK, user),
        async |caller| match attributes {
            Some(attributes) => merge_attributes(&app, &caller, id, &edit, version, attributes).await,
            None => app.engine().edit_user(&caller, id, edit, version).await,
        },
    )
    .await
}

/// Edits a user together with a merge patch of their attributes. What is merged into is read before the transaction;
/// naming its version makes sure that the edit falls on just that, and where it does not, it is merged anew.
async fn merge_attributes(
    app: &App,
    caller: &Caller,
    id: UserId,
    edit: &EditUser,
    version: Option<u64>,
    patch: serde_json::Map<String, serde_json::Value>,
) -> Result<Written<User>> {
    for _ in 0..TRIES {
        let user = app.engine().user(caller, id).await?;
        let merged = wire::merged(&user.attributes, &patch);
        let edit = EditUser { attributes: Patch::Set(merged), ..edit.clone() };
        match app.engine().edit_user(caller, id, edit, version.or(Some(user.version))).await {
            Err(Error::Stale) if version.is_none() => {}
            outcome => return outcome,
        }
    }
    Err(Error::Unavailable { why: "this user is being edited by too many at once".into(), retry_after: 1 })
}

/// Deletes a user: deactivates them, or with `erase=true` erases the person for good.
#[utoipa::path(delete, path = "/v1/companies/{company}/users/{user}", operation_id = "deleteUser", tag = "Users",
    params(wire::OfUser, wire::Erase), responses(
        (status = 200, description = "The user, deactivated.", body = wire::User),
        (status = 204, description = "The person is erased.")))]
async fn delete(State(app): State<App>, ask: Change<wire::OfUser, NoBody, wire::Erase>) -> Reply {
    let id = ask.path.user_id();
    let version = ask.if_match.version(async { Ok(app.engine().user(&ask.caller, id).await?.version) }).await;
    if ask.query.erase == Some(true) {
        return carry_out(
            ask.caller,
            ask.once,
            |(), _, _| Answer::empty(StatusCode::NO_CONTENT),
            async |caller| app.engine().erase_user(&caller, id, version).await,
        )
        .await;
    }
    let edit = EditUser { status: Patch::Set(UserStatus::Inactive), ..EditUser::default() };
    carry_out(
        ask.caller,
        ask.once,
        |user, _, _| answer(StatusCode::OK, user),
        async |caller| app.engine().edit_user(&caller, id, edit, version).await,
    )
    .await
}

/// Deactivates a user: the reasons of their memberships stay and count for nothing, their keys stop working.
#[utoipa::path(post, path = "/v1/companies/{company}/users/{user}/deactivate", operation_id = "deactivateUser", tag = "Users",
    params(wire::OfUser), responses((status = 200, description = "The user, deactivated.", body = wire::User)))]
async fn deactivate(State(app): State<App>, ask: Change<wire::OfUser, NoBody>) -> Reply {
    let id = ask.path.user_id();
    let version = ask.if_match.version(async { Ok(app.engine().user(&ask.caller, id).await?.version) }).await;
    let edit = EditUser { status: Patch::Set(UserStatus::Inactive), ..EditUser::default() };
    carry_out(
        ask.caller,
        ask.once,
        |user, _, _| answer(StatusCode::OK, user),
        async |caller| app.engine().edit_user(&caller, id, edit, version).await,
    )
    .await
}

/// Reactivates a user; one who is not inactive stays as they are.
#[utoipa::path(post, path = "/v1/companies/{company}/users/{user}/reactivate", operation_id = "reactivateUser", tag = "Users",
    params(wire::OfUser), responses((status = 200, description = "The user as they are now.", body = wire::User)))]
async fn reactivate(State(app): State<App>, ask: Change<wire::OfUser, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.user_id();
    carry_out(
        ask.caller,
        ask.once,
        |user, _, _| answer(StatusCode::OK, user),
        async |caller| app.engine().reactivate_user(&caller, id).await,
    )
    .await
}

/// Lists the groups that a user is directly or, with `effective=true`, also by nesting in, by name. An inactive user
/// is in none.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/groups", operation_id = "listGroupsOfUser", tag = "Users",
    params(wire::OfUser, wire::ListJoined), responses((status = 200, description = "One page of groups.", body = wire::List<wire::JoinedGroup>)))]
async fn groups(State(app): State<App>, read: Read<wire::OfUser, wire::ListJoined>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let effective = read.query.effective.unwrap_or(false);
    if let Some(at) = wire::instant("at", read.query.at.as_deref())? {
        let page = app.engine().as_of(at)?.groups_of(&read.caller, read.path.user_id(), effective, &ask).await?;
        return list(&read.uri, page.map(|(group, direct)| wire::JoinedGroup { group: (&group).into(), direct }));
    }
    let page = app.engine().groups_of(&read.caller, read.path.user_id(), effective, &ask).await?;
    let page = page.try_map(|(group, direct)| Ok::<_, Error>((wire::group(&group)?, direct)))?;
    list_written(&read.uri, &page, |out, (group, direct)| wire::write_joined(out, group, *direct))
}
