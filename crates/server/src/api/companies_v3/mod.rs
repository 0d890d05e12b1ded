//! companies v3 (`reference/companies-v3.md`): the route table and the document made from it.
//!
//! Where the reference is silent the choice is a numbered quirk, C3-1 and on, told in `docs/dialects/companies-v3.md`
//! and named where it is made.

mod companies;
pub mod error;
mod extract;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod groups;
mod members;
mod roles;
mod speak;
mod token;
mod users;
mod wire;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use guildhall_domain::caller::Dialect;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::caller::{Door, Manner, identify};

/// The token endpoint, which comes before any door.
fn outside() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi()).routes(routes!(token::create))
}

/// What a token opens.
fn inside() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(groups::list))
        .routes(routes!(groups::create))
        .routes(routes!(groups::get, groups::update, groups::patch, groups::delete))
        .routes(routes!(members::list, members::change))
        .routes(routes!(groups::of_user))
        .routes(routes!(roles::of_group, roles::change))
        .routes(routes!(roles::list))
        .routes(routes!(roles::create))
        .routes(routes!(roles::get))
        .routes(routes!(roles::permissions))
        .routes(routes!(roles::company_permissions))
        .routes(routes!(roles::applicable_scopes))
        .routes(routes!(roles::rbac_info))
        .routes(routes!(users::list))
        .routes(routes!(users::find, users::create))
        .routes(routes!(users::get, users::update, users::delete))
        .routes(routes!(users::activate))
        .routes(routes!(companies::list, companies::create))
        .routes(routes!(companies::get, companies::update, companies::delete))
}

/// Every operation of this dialect.
pub fn table() -> OpenApiRouter<App> {
    outside().merge(inside())
}

/// The operations: the token endpoint, and the others behind their door.
pub fn routes(app: &App) -> Router<App> {
    let door = Door {
        app: app.clone(),
        dialect: Dialect::Companies,
        manner: Manner::Bearer,
        refuse: error::answer,
        reads: extract::reads,
    };
    // Last is outermost. Layers of routes take in what the routes refuse, 405 among it, and no path of another dialect.
    let inside = Router::from(inside())
        .route_layer(from_fn_with_state(app.clone(), extract::fresh))
        .route_layer(from_fn_with_state(door, identify));
    Router::from(outside()).merge(inside).route_layer(from_fn(speak::speak))
}

/// What the document says beside its operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "companies v3, answered by Guildhall",
        version = "v3",
        description = "User groups, their members, users and companies, in the wire form of the companies v3 API. \
            Where the vendor's documents are silent, see the numbered quirks in docs/dialects/companies-v3.md."
    ),
    tags(
        (name = "Token", description = "Client credentials for a token"),
        (name = "User groups", description = "Groups of people"),
        (name = "Members", description = "Who is in a group"),
        (name = "Roles", description = "What groups give, and what that makes of people"),
        (name = "Users", description = "People"),
        (name = "Companies", description = "Tenants")
    ),
    components(schemas(error::ErrorResponse)),
    security(("token" = [])),
    modifiers(&Bearer)
)]
struct Document;

/// The credential: a token of the token endpoint, or `<key id>.<secret>` itself.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of /v2/auth/oauth2-token, or `<key id>.<secret>` itself"))
            .build();
        document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}
