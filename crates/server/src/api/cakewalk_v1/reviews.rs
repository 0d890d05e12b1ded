//! Access reviews: operation 28.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::error::{ChangeRefusals, Failure, ProblemDetails};
use super::extract::Body;
use super::requests::bad_reference;
use super::wire_reviews::{Begun, CreateAccessReview};
use crate::app::App;
use crate::http::caller::Auth;

/// Begins an access review
///
/// A row for each access that stands, in the hands of its reviewer. It is decided and closed elsewhere.
#[utoipa::path(
    post, path = "/api/v1/AccessReviews", operation_id = "createAccessReview", tag = "AccessReviews",
    request_body(content = CreateAccessReview, content_type = "application/json"),
    responses(
        (status = 201, description = "The review", body = Begun,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        (status = 409, description = "Another review has this name", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    ask: Result<Body<CreateAccessReview>, Failure>,
) -> Result<Response, Failure> {
    let new = match ask {
        Ok(Body(ask)) => ask.into_command()?,
        Err(wrong) => {
            // CW-15, 403 goes before 400.
            app.engine().may_change_apps(&caller).await?;
            return Err(wrong);
        }
    };
    // CW-32: it knows no 404.
    let written = app.engine().create_review(&caller, new).await.map_err(bad_reference)?;
    let body = Json(Begun { access_review_id: written.value.review.id.uuid() });
    Ok((StatusCode::CREATED, [("guildhall-revision", written.revision.to_string())], body).into_response())
}
