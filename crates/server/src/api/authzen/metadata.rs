//! Where everything is (§9): for clients that know nothing but the server's address.

use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::peer::Origin;

/// The policy decision point and its endpoints.
#[derive(Serialize, ToSchema)]
pub(super) struct Metadata {
    /// The server, as the client called it.
    #[schema(example = "https://guildhall.example.com")]
    policy_decision_point: String,
    /// Where one decision is asked for.
    access_evaluation_endpoint: String,
    /// Where many are.
    access_evaluations_endpoint: String,
    /// Where subjects are searched.
    search_subject_endpoint: String,
    /// Where resources are searched.
    search_resource_endpoint: String,
    /// Where actions are searched.
    search_action_endpoint: String,
}

/// Tells where everything is
#[utoipa::path(
    get, path = "/.well-known/authzen-configuration", operation_id = "metadata", tag = "Metadata", security(()),
    responses((status = 200, description = "The server and its endpoints", body = Metadata))
)]
pub(super) async fn tell(Extension(origin): Extension<Origin>) -> Response {
    // The identifier must be what the client put the well-known path behind, so it is told as it was asked.
    let host = origin.host.as_deref().unwrap_or("localhost");
    let point = format!("{}://{host}", origin.scheme);
    let at = |path: &str| format!("{point}/access/v1/{path}");
    let metadata = Metadata {
        access_evaluation_endpoint: at("evaluation"),
        access_evaluations_endpoint: at("evaluations"),
        search_subject_endpoint: at("search/subject"),
        search_resource_endpoint: at("search/resource"),
        search_action_endpoint: at("search/action"),
        policy_decision_point: point,
    };
    ([(header::CACHE_CONTROL, "max-age=300"), (header::VARY, "Host")], Json(metadata)).into_response()
}
