//! Explanations: why a user is in a group, or why not.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
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
/// what there was before. With `Accept: image/svg+xml` the answer is a picture of the ways.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/explain", operation_id = "explainMembership", tag = "Members",
    params(wire::OfUser, wire::Explain, ("Accept" = Option<String>, Header, description = "`image/svg+xml` for a picture.")),
    responses((status = 200, description = "Why, or why not.",
        content((wire::Explained = "application/json"), (String = "image/svg+xml")))))]
async fn explain(State(app): State<App>, read: Read<wire::OfUser, wire::Explain>) -> Reply {
    let at = wire::instant("at", read.query.at.as_deref())?;
    let (engine, user) = (app.engine(), read.path.user_id());
    let seen = picture::wanted(&read.headers);
    match read.query.about()? {
        wire::About::Group(group) => {
            let told = wire::Explanation::from(engine.explain(&read.caller, user, group, at).await?);
            Ok(if seen { drawn(picture::of_group(&told)) } else { said(&told) })
        }
        wire::About::Thing(thing) => {
            let told = wire::WhyHeld::from(engine.explain_thing(&read.caller, user, thing, at).await?);
            Ok(if seen { drawn(picture::of_thing(&told)) } else { said(&told) })
        }
    }
}

const VARY: (HeaderName, HeaderValue) = (header::VARY, HeaderValue::from_static("accept"));

/// An explanation in words.
fn said(told: &impl Serialize) -> Response {
    ([VARY], Answer::json(StatusCode::OK, told).into_response()).into_response()
}

/// An explanation as a picture.
fn drawn(picture: String) -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    // Opened by itself it is a document of ours: nothing in it may run.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    ([VARY, kind, (header::CONTENT_SECURITY_POLICY, policy)], picture).into_response()
}
