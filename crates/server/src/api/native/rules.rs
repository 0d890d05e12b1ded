//! Rules: an expression tried on a user, or previewed on everyone, before it is saved. Saving is editing the group.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Inquire, Json};
use super::once::Answer;
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(attempt)).routes(routes!(preview))
}

/// Evaluates an expression for one user: what each of its clauses says, and when it is true. Changes nothing.
#[utoipa::path(post, path = "/v1/companies/{company}/rules/try", operation_id = "tryRule", tag = "Rules",
    params(wire::OfCompany), request_body = wire::TryRule,
    responses((status = 200, description = "What it says of the user.", body = wire::TriedRule)))]
async fn attempt(State(app): State<App>, ask: Inquire<wire::OfCompany, Json<wire::TryRule>>) -> Reply {
    let wire::TryRule { rule, user } = ask.body.0;
    let tried = app.engine().try_rule(&ask.caller, &rule, user.0.into()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::TriedRule::from(tried)).into_response())
}

/// Evaluates an expression for everyone: who would become a member by it, and whose membership by the group's present
/// rule would end. Changes nothing, and needs the right to save it.
#[utoipa::path(post, path = "/v1/companies/{company}/rules/preview", operation_id = "previewRule", tag = "Rules",
    params(wire::OfCompany), request_body = wire::PreviewRule,
    responses((status = 200, description = "What saving it would change.", body = wire::PreviewedRule)))]
async fn preview(State(app): State<App>, ask: Inquire<wire::OfCompany, Json<wire::PreviewRule>>) -> Reply {
    let wire::PreviewRule { rule, group } = ask.body.0;
    let found = app.engine().preview_rule(&ask.caller, &rule, group.map(|id| id.0.into())).await?;
    Ok(Answer::json(StatusCode::OK, &wire::PreviewedRule::from(found)).into_response())
}
