//! Owners of groups.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::Error;
use guildhall_domain::group::Owner;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read};
use super::once::{Answer, carry_out};
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find, set)).routes(routes!(add, remove))
}

fn answer(owners: &Vec<Owner>) -> Answer {
    Answer::json(StatusCode::OK, &wire::Owners::from(owners))
}

/// Lists the owners of a group.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/owners", operation_id = "listOwners", tag = "Owners",
    params(wire::OfGroup), responses((status = 200, description = "All owners.", body = wire::Owners)))]
async fn find(State(app): State<App>, read: Read<wire::OfGroup>) -> Reply {
    Ok(answer(&app.engine().owners(&read.caller, read.path.group_id()).await?).into_response())
}

/// Puts the owners of a group to just these.
#[utoipa::path(put, path = "/v1/companies/{company}/groups/{group}/owners", operation_id = "setOwners", tag = "Owners",
    params(wire::OfGroup), request_body = wire::SetOwners, responses((status = 200, description = "All owners.", body = wire::Owners)))]
async fn set(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::SetOwners>>) -> Reply {
    ask.if_match.none_here()?;
    let (group, wanted) = (ask.path.group_id(), ask.body.0.command()?);
    carry_out(
        ask.caller,
        ask.once,
        |owners, _, _| answer(owners),
        async |caller| app.engine().set_owners(&caller, group, wanted).await,
    )
    .await
}

/// Makes a user or group an owner; one who is stays so.
#[utoipa::path(put, path = "/v1/companies/{company}/groups/{group}/owners/{owner}", operation_id = "addOwner", tag = "Owners",
    params(wire::OfOwner), responses((status = 200, description = "All owners.", body = wire::Owners)))]
async fn add(State(app): State<App>, ask: Change<wire::OfOwner, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (group, owner) = (ask.path.group_id(), ask.path.owner_id());
    carry_out(
        ask.caller,
        ask.once,
        |owners: &Vec<Owner>, _, _| answer(owners),
        async |caller| {
            let written = app.engine().add_owner(&caller, group, owner).await;
            // Here the path names the owner, so one that is not there is not found.
            let written = written.map_err(|error| match error {
                Error::Unknown { noun, .. } => Error::NotFound { noun },
                other => other,
            });
            Ok(written?.map(|(owners, _)| owners))
        },
    )
    .await
}

/// Ends an ownership.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}/owners/{owner}", operation_id = "removeOwner", tag = "Owners",
    params(wire::OfOwner), responses((status = 204, description = "They own the group no more.")))]
async fn remove(State(app): State<App>, ask: Change<wire::OfOwner, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (group, owner) = (ask.path.group_id(), ask.path.owner_id());
    let render = |_: &Vec<Owner>, _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().remove_owner(&caller, group, owner).await).await
}
