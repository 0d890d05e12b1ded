//! Explanations: why a user is in a group, or why not.

use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Read;
use super::once::Answer;
use super::{Reply, picture, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(explain))
}

/// Explains why a user is an effective member of a group, or has a role or an app, now or at an instant; or why not, and
/// what there was before. Of a group, with `Accept: image/svg+xml`, the answer is a picture of the ways.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/explain", operation_id = "explainMembership", tag = "Members",
    params(wire::OfUser, wire::Explain, ("Accept" = Option<String>, Header, description = "`image/svg+xml` for a picture.")),
    responses((status = 200, description = "Why, or why not.",
        content((wire::Explained = "application/json"), (String = "image/svg+xml")))))]
async fn explain(State(app): State<App>, read: Read<wire::OfUser, wire::Explain>) -> Reply {
    let at = wire::instant("at", read.query.at.as_deref())?;
    let (engine, user) = (app.engine(), read.path.user_id());
    let vary = (header::VARY, HeaderValue::from_static("accept"));
    let group = match read.query.about()? {
        wire::About::Group(group) => group,
        wire::About::Thing(thing) => {
            let told = wire::WhyHeld::from(engine.explain_thing(&read.caller, user, thing, at).await?);
            return Ok(([vary], Answer::json(StatusCode::OK, &told).into_response()).into_response());
        }
    };
    let told = wire::Explanation::from(engine.explain(&read.caller, user, group, at).await?);
    if picture::wanted(&read.headers) {
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
        // Opened by itself it is a document of ours: nothing in it may run.
        let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
        let policy = (header::CONTENT_SECURITY_POLICY, policy);
        return Ok(([vary, kind, policy], picture::draw(&told)).into_response());
    }
    Ok(([vary], Answer::json(StatusCode::OK, &told).into_response()).into_response())
}
