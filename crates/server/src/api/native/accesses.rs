//! Who has which app, and which apps groups give and hide.

use axum::extract::State;
use guildhall_domain::access::GroupApp;
use guildhall_domain::ids::{AppId, UserId};
use guildhall_domain::{Error, Result};
use guildhall_engine::{AccessNames, GiveAccess};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find))
        .routes(routes!(give, end))
        .routes(routes!(of_user))
        .routes(routes!(of_group))
        .routes(routes!(link, unlink))
}

/// Lists those who have an app, by user id.
#[utoipa::path(get, path = "/v1/companies/{company}/apps/{app}/accesses", operation_id = "listAccesses", tag = "Accesses",
    params(wire::OfApp, wire::ListPlain), responses((status = 200, description = "One page of accesses.", body = wire::List<wire::AppAccess>)))]
async fn find(State(app): State<App>, read: Read<wire::OfApp, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let (of, page) = app.engine().accesses(&read.caller, read.path.app_id(), &ask).await?;
    list(&read.uri, page.map(|holder| wire::AppAccess::of(&of, holder)))
}

/// Here the path names app and user, so one that is not there is not found.
fn of_path(error: Error) -> Error {
    match error {
        Error::Unknown { noun, .. } if noun == AppId::NOUN || noun == UserId::NOUN => Error::NotFound { noun },
        other => other,
    }
}

/// Gives a user access to an app straight away, without a request; an access that stands is changed.
#[utoipa::path(put, path = "/v1/companies/{company}/apps/{app}/accesses/{user}", operation_id = "giveAccess", tag = "Accesses",
    params(wire::OfAccess), request_body = Option<wire::GiveAccess>, responses(
        (status = 204, description = "They have it, at this level.")))]
async fn give(State(app): State<App>, ask: Change<wire::OfAccess, Maybe<wire::GiveAccess>>) -> Reply {
    ask.if_match.none_here()?;
    let names = AccessNames { list: "", app: "app", user: "user", level: "permissionLevel" };
    let (level, is_owner) = ask.body.0.command();
    let wanted = vec![GiveAccess { app: ask.path.app_id(), user: ask.path.user_id(), level, is_owner }];
    let render = |_: &Vec<bool>, _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().give_accesses(&caller, wanted, names).await.map_err(of_path)
    })
    .await
}

/// Ends a user's access to an app straight away, without a request.
#[utoipa::path(delete, path = "/v1/companies/{company}/apps/{app}/accesses/{user}", operation_id = "endAccess", tag = "Accesses",
    params(wire::OfAccess), responses((status = 204, description = "They have it no more.")))]
async fn end(State(app): State<App>, ask: Change<wire::OfAccess, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (of, user) = (ask.path.app_id(), ask.path.user_id());
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().end_access(&caller, of, user).await).await
}

/// Lists the apps that a user has, by app id.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/accesses", operation_id = "listUserAccesses", tag = "Accesses",
    params(wire::OfUser, wire::ListPlain), responses((status = 200, description = "One page of accesses.", body = wire::List<wire::UserAccess>)))]
async fn of_user(State(app): State<App>, read: Read<wire::OfUser, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().accesses_of(&read.caller, read.path.user_id(), &ask).await?;
    list(&read.uri, page.map(wire::UserAccess::from))
}

/// Lists the apps that a group holds, by name.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/apps", operation_id = "listGroupApps", tag = "Accesses",
    params(wire::OfGroup, wire::ListGroupApps), responses((status = 200, description = "One page of apps.", body = wire::List<wire::GroupApp>)))]
async fn of_group(State(app): State<App>, read: Read<wire::OfGroup, wire::ListGroupApps>) -> Reply {
    let visibility = read.query.visibility()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().group_apps(&read.caller, read.path.group_id(), visibility, &ask).await?;
    list(&read.uri, page.map(wire::GroupApp::from))
}

/// Makes an app a default or hidden one of a group.
#[utoipa::path(put, path = "/v1/companies/{company}/groups/{group}/apps/{app}", operation_id = "linkApp", tag = "Accesses",
    params(wire::OfGroupApp), request_body = wire::LinkApp, responses(
        (status = 200, description = "What the app is to the group now.", body = wire::AppGroup)))]
async fn link(State(app): State<App>, ask: Change<wire::OfGroupApp, Json<wire::LinkApp>>) -> Reply {
    ask.if_match.none_here()?;
    let (group, of) = (ask.path.group_id(), ask.path.app_id());
    let (visibility, level) = ask.body.0.command()?;
    let render = |(link, _): &(GroupApp, bool), _: u64, _| Answer::json(StatusCode::OK, &wire::AppGroup::from(link));
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().link_app(&caller, group, of, visibility, level).await
    })
    .await
}

/// Takes an app from a group.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}/apps/{app}", operation_id = "unlinkApp", tag = "Accesses",
    params(wire::OfGroupApp), responses((status = 204, description = "The group holds it no more.")))]
async fn unlink(State(app): State<App>, ask: Change<wire::OfGroupApp, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (group, of) = (ask.path.group_id(), ask.path.app_id());
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| -> Result<_> {
        app.engine().unlink_app(&caller, group, of).await
    })
    .await
}
