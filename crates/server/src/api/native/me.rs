//! Who calls: what a key or session is told of itself.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::ids::CompanyId;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Inquire, Json, Nothing, Read};
use super::once::Answer;
use super::{Reply, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(me)).routes(routes!(names))
}

/// Tells who calls: the company, the person, and what the credential may do.
#[utoipa::path(get, path = "/v1/me", operation_id = "getMe", tag = "Companies",
    responses((status = 200, description = "The caller.", body = wire::Me)))]
async fn me(State(app): State<App>, read: Read<wire::Root, Nothing>) -> Reply {
    let (engine, caller) = (app.engine(), &read.caller);
    let company = if caller.company == CompanyId::PLATFORM { None } else { Some(engine.company(caller).await?) };
    let user = match caller.user() {
        Some(user) => Some(engine.user(caller, user).await?),
        None => None,
    };
    Ok(Answer::json(StatusCode::OK, &wire::Me::of(caller, company.as_ref(), user.as_ref())).into_response())
}

/// Tells what up to 1,000 users and groups are called. Ids of neither are left out.
#[utoipa::path(post, path = "/v1/companies/{company}/names", operation_id = "findNames", tag = "Companies",
    params(wire::OfCompany), request_body = wire::Ids,
    responses((status = 200, description = "What they are called, in no order.", body = wire::Names)))]
async fn names(State(app): State<App>, ask: Inquire<wire::OfCompany, Json<wire::Ids>>) -> Reply {
    let named = app.engine().names(&ask.caller, &ask.body.0.ids()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Names::from(named)).into_response())
}
