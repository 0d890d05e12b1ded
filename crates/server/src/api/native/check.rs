//! Many questions about membership, answered at once.

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
    OpenApiRouter::default().routes(routes!(check))
}

/// Answers up to 1,000 questions about membership, in their order, of the present or as of instants that have passed.
/// About a user or group that is not there the answer is no.
#[utoipa::path(post, path = "/v1/companies/{company}/check", operation_id = "checkMembership", tag = "Members",
    params(wire::OfCompany), request_body = wire::Checks,
    responses((status = 200, description = "An answer a question.", body = wire::Checked)))]
async fn check(State(app): State<App>, ask: Inquire<wire::OfCompany, Json<wire::Checks>>) -> Reply {
    let questions = ask.body.0.questions(|field, at| app.engine().passed(field, at))?;
    let results = app.engine().check_each(&ask.caller, &questions).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Checked { results }).into_response())
}
