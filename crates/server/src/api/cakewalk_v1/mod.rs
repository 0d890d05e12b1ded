//! Cakewalk Open API v1 (`reference/cakewalk-v1.md`): the route table and the document made from it.
//!
//! Where the reference is silent the choice is a numbered quirk, CW-1 and on, told in `docs/dialects/cakewalk-v1.md`
//! and named where it is made.

mod accesses;
mod apps;
pub mod error;
mod extract;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod groups;
mod keys;
mod members;
mod paths;
mod policies;
mod requests;
mod reviews;
mod speak;
mod tasks;
mod users;
mod wire;
mod wire_apps;
mod wire_requests;
mod wire_reviews;

use axum::Router;
use axum::middleware::from_fn_with_state;
use guildhall_domain::caller::Dialect;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::caller::{Door, Manner, identify};

pub(crate) use keys::hook_body;
pub use paths::manners;

/// Every operation of this dialect.
#[expect(deprecated, reason = "operation 9 is, by its vendor, and is answered all the same")]
pub fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(users::list))
        .routes(routes!(users::get))
        .routes(routes!(groups::list))
        .routes(routes!(groups::get))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::remove))
        .routes(routes!(keys::get))
        .routes(routes!(groups::default_apps))
        .routes(routes!(groups::hidden_apps))
        .routes(routes!(apps::list))
        .routes(routes!(apps::get))
        .routes(routes!(apps::levels))
        .routes(routes!(apps::fields, apps::set_fields))
        .routes(routes!(accesses::list))
        .routes(routes!(accesses::record))
        .routes(routes!(policies::of_app))
        .routes(routes!(policies::of_level))
        .routes(routes!(requests::list))
        .routes(routes!(requests::grant))
        .routes(routes!(requests::change))
        .routes(routes!(requests::remove))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::get))
        .routes(routes!(tasks::approve))
        .routes(routes!(tasks::decline))
        .routes(routes!(policies::list))
        .routes(routes!(reviews::create))
}

/// The operations behind their door.
pub fn routes(app: &App) -> Router<App> {
    let door = Door {
        app: app.clone(),
        dialect: Dialect::Cakewalk,
        manner: Manner::TwoHeaders,
        refuse: error::answer,
        reads: |_, _| false,
    };
    // Last is outermost. Layers of routes take in what the routes refuse, 405 among it, and no path of another dialect.
    Router::from(table())
        .route_layer(from_fn_with_state(app.clone(), extract::fresh))
        .route_layer(from_fn_with_state(door, identify))
        .route_layer(axum::middleware::from_fn(speak::speak))
}

/// What the document says beside its operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cakewalk Open API v1, answered by Guildhall",
        version = "v1",
        description = "Users, users groups, work apps, accesses, requests, tasks and policies, in the wire form of the Cakewalk Open API v1. \
            Where the vendor's documents are silent, see the numbered quirks in docs/dialects/cakewalk-v1.md."
    ),
    tags(
        (name = "Users", description = "People"),
        (name = "UsersGroups", description = "Groups of people and who is in them"),
        (name = "Keys", description = "What the signatures of webhooks are verified with"),
        (name = "WorkApps", description = "Apps, their permission levels and custom fields, and who has access"),
        (name = "Requests", description = "Wanted accesses, and how far they have come"),
        (name = "Tasks", description = "Decisions in somebody's hands"),
        (name = "Policies", description = "How requests are decided"),
        (name = "AccessReviews", description = "Accesses looked through, one by one")
    ),
    components(schemas(error::ProblemDetails)),
    security(("key" = [], "secret" = [])),
    modifiers(&TwoHeaders)
)]
struct Document;

/// The credential: two headers, both on every call.
struct TwoHeaders;

impl Modify for TwoHeaders {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, header, what) in
            [("key", "X-API-KEY", "The public id of the API key"), ("secret", "X-API-SECRET", "Its secret")]
        {
            let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(header, what)));
            components.add_security_scheme(name, scheme);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_asks_for_both_headers_at_once() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        assert_eq!(document["security"], serde_json::json!([{"key": [], "secret": []}]));
        assert_eq!(document["components"]["securitySchemes"]["secret"]["name"], "X-API-SECRET");
    }
}
