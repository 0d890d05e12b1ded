//! Differences between two instants, and putting a group back to one.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::group::Group;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, Read};
use super::once::{Answer, carry_out};
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(of_group)).routes(routes!(of_user)).routes(routes!(put_back))
}

/// Tells what became of a group from one instant to another: its record, its members, the groups inside it.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/difference", operation_id = "getGroupDifference", tag = "Groups",
    params(wire::OfGroup, wire::Between), responses((status = 200, description = "What became of it.", body = wire::GroupDifference)))]
async fn of_group(State(app): State<App>, read: Read<wire::OfGroup, wire::Between>) -> Reply {
    let (from, to) = read.query.instants()?;
    let told = app.engine().group_difference(&read.caller, read.path.group_id(), from, to).await?;
    Ok(Answer::json(StatusCode::OK, &wire::GroupDifference::from(told)).into_response())
}

/// Tells which groups a user joined and left from one instant to another.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/difference", operation_id = "getUserDifference", tag = "Users",
    params(wire::OfUser, wire::Between), responses((status = 200, description = "What became of their groups.", body = wire::UserDifference)))]
async fn of_user(State(app): State<App>, read: Read<wire::OfUser, wire::Between>) -> Reply {
    let (from, to) = read.query.instants()?;
    let told = app.engine().user_difference(&read.caller, read.path.user_id(), from, to).await?;
    Ok(Answer::json(StatusCode::OK, &wire::UserDifference::from(told)).into_response())
}

/// Puts a group back to what it was at an instant, as a change of now. Who or what is gone since does not come back.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/put-back", operation_id = "putGroupBack", tag = "Groups",
    params(wire::OfGroup), request_body = wire::PutBack, responses((status = 200, description = "The group as it is now.", body = wire::Group)))]
async fn put_back(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::PutBack>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, command) = (ask.path.group_id(), ask.body.0.command()?);
    let render =
        |group: &Group, _: u64, _| Answer::json(StatusCode::OK, &wire::Group::from(group)).tagged(group.version);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().put_group_back(&caller, id, command).await)
        .await
}
