//! Nestings: groups inside groups.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::Error;
use guildhall_domain::membership::Outcome;
use guildhall_engine::Towards;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, NoBody, Read};
use super::once::{Answer, carry_out};
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(children)).routes(routes!(parents)).routes(routes!(nest, unnest))
}

async fn nested(app: &App, read: Read<wire::OfGroup, wire::ListNested>, towards: Towards) -> Reply {
    let (group, all) = (read.path.group_id(), read.query.all.unwrap_or(false));
    let groups = match wire::instant("at", read.query.at.as_deref())? {
        Some(at) => app.engine().as_of(at)?.nested(&read.caller, group, towards, all).await?,
        None => app.engine().nested(&read.caller, group, towards, all).await?,
    };
    let groups = groups.iter().map(wire::Group::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::Nested { groups }).into_response())
}

/// Lists the groups inside a group.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/children", operation_id = "listChildren", tag = "Nesting",
    params(wire::OfGroup, wire::ListNested), responses((status = 200, description = "The groups inside.", body = wire::Nested)))]
async fn children(State(app): State<App>, read: Read<wire::OfGroup, wire::ListNested>) -> Reply {
    nested(&app, read, Towards::Children).await
}

/// Lists the groups that a group is inside of.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/parents", operation_id = "listParents", tag = "Nesting",
    params(wire::OfGroup, wire::ListNested), responses((status = 200, description = "The groups around.", body = wire::Nested)))]
async fn parents(State(app): State<App>, read: Read<wire::OfGroup, wire::ListNested>) -> Reply {
    nested(&app, read, Towards::Parents).await
}

/// Puts a group into another: its effective members become effective members there. One that is inside stays so.
#[utoipa::path(put, path = "/v1/companies/{company}/groups/{group}/children/{child}", operation_id = "nestGroup", tag = "Nesting",
    params(wire::OfChild), responses(
        (status = 201, description = "It is inside now."), (status = 204, description = "It was inside already.")))]
async fn nest(State(app): State<App>, ask: Change<wire::OfChild, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (parent, child) = (ask.path.group_id(), ask.path.child_id());
    let render = |outcome: &Outcome, _: u64, _| match outcome {
        Outcome::Added => Answer::empty(StatusCode::CREATED),
        Outcome::Removed | Outcome::Unchanged => Answer::empty(StatusCode::NO_CONTENT),
    };
    carry_out(ask.caller, ask.once, render, async |caller| {
        // Here the path names the child, so one that is not there is not found.
        app.engine().nest(&caller, parent, child).await.map_err(|error| match error {
            Error::Unknown { noun, .. } => Error::NotFound { noun },
            other => other,
        })
    })
    .await
}

/// Takes a group out of another.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}/children/{child}", operation_id = "unnestGroup", tag = "Nesting",
    params(wire::OfChild), responses((status = 204, description = "It is inside no more.")))]
async fn unnest(State(app): State<App>, ask: Change<wire::OfChild, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (parent, child) = (ask.path.group_id(), ask.path.child_id());
    let render = |_: &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().unnest(&caller, parent, child).await).await
}
