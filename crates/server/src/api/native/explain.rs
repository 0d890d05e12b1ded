//! Explanations: why a user is in a group, or why not.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Read;
use super::once::Answer;
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(explain))
}

/// Explains why a user is an effective member of a group, now or at an instant; or why not, and what there was before.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/explain", operation_id = "explainMembership", tag = "Members",
    params(wire::OfUser, wire::Explain), responses((status = 200, description = "Why, or why not.", body = wire::Explanation)))]
async fn explain(State(app): State<App>, read: Read<wire::OfUser, wire::Explain>) -> Reply {
    let at = wire::instant("at", read.query.at.as_deref())?;
    let told = app.engine().explain(&read.caller, read.path.user_id(), read.query.group.0.into(), at).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Explanation::from(told)).into_response())
}
