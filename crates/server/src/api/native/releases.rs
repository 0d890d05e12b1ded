//! Releases: what a key may do in spite of the brake.

use axum::extract::State;
use guildhall_engine::Release;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json};
use super::once::{Answer, carry_out};
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(release))
}

/// Lets a key take so many members out of a group by whole lists within 24 hours, in spite of the brake.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/release", operation_id = "releaseBrake", tag = "Members",
    params(wire::OfGroup), request_body = wire::ReleaseBrake, responses((status = 200, description = "What the key may do.", body = wire::Release)))]
async fn release(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::ReleaseBrake>>) -> Reply {
    ask.if_match.none_here()?;
    let (group, key, removals) = (ask.path.group_id(), ask.body.0.key(), ask.body.0.removals);
    let render = |release: &Release, _: u64, _| Answer::json(StatusCode::OK, &wire::Release::from(*release));
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().release(&caller, group, key, removals).await)
        .await
}
