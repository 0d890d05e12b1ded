//! Secoda API v1, groups, teams and users (`reference/secoda-v1.md`): the route table and the document made from it.
//!
//! Where the reference is silent the choice is a numbered quirk, SE-1 and on, told in `docs/dialects/secoda-v1.md`
//! and named where it is made.

pub mod error;
mod extract;
mod fields;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod groups;
mod page;
mod teams;
mod users;
mod wire;
mod wire_teams;

use axum::middleware::from_fn_with_state;
use axum::{Json, Router};
use guildhall_domain::caller::Dialect;
use http::{Method, Uri, uri::PathAndQuery};
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::caller::{Door, Manner, identify};

/// Every operation of this dialect.
pub fn table() -> OpenApiRouter<App> {
    behind().merge(open())
}

/// The operations, all but one behind their door.
pub fn routes(app: &App) -> Router<App> {
    let door = Door {
        app: app.clone(),
        dialect: Dialect::Secoda,
        manner: Manner::Bearer,
        refuse: error::answer,
        reads: |_, _| false,
    };
    // Last is outermost. Layers of routes take in what the routes refuse, 405 among it, and no path of another dialect.
    Router::from(behind())
        .route_layer(from_fn_with_state(app.clone(), extract::fresh))
        .route_layer(from_fn_with_state(door, identify))
        .route_layer(axum::middleware::from_fn(error::log))
        .merge(Router::from(open()))
}

/// What asks for a credential.
fn behind() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::get, groups::edit, groups::delete))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::edit, teams::delete))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::edit, users::delete))
}

/// What asks for none.
fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthcheck))
}

/// That the server lives.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "OK")]
    status: &'static str,
}

/// Tells that the server lives
#[utoipa::path(
    get, path = "/healthcheck", operation_id = "healthcheck", tag = "Health", security(()),
    responses((status = 200, description = "It does", body = Health))
)]
async fn healthcheck() -> Json<Health> {
    Json(Health { status: "OK" })
}

/// Does this path belong to this dialect? Letter case matters: `/api/v1/Users` is another's.
pub fn owns(path: &str) -> bool {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below("/api/v1/auth") || below("/api/v1/user") || matches!(path, "/healthcheck" | "/healthcheck/")
}

/// Can a call of this method and path carry a list of a hundred thousand ids?
pub fn large(method: &Method, path: &str) -> bool {
    owns(path) && path.starts_with("/api/") && !method.is_safe()
}

/// The target to route by, where it is not the one that came: one slash at the end does not matter (SE-1).
pub fn manners(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| owns(path))?;
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

/// What the document says beside its operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Secoda API v1, answered by Guildhall",
        version = "v1",
        description = "Groups, teams and users, in the wire form of the Secoda API v1. Every path is served with and without \
            a slash at its end. Where the vendor's documents are silent, see the numbered quirks in \
            docs/dialects/secoda-v1.md."
    ),
    tags(
        (name = "Groups", description = "Groups of people and who is in them"),
        (name = "Teams", description = "Areas of the workspace that people work in"),
        (name = "Users", description = "People and which groups they are in"),
        (name = "Health", description = "Whether the server lives")
    ),
    components(schemas(error::Detail, error::FieldErrors)),
    security(("key" = [])),
    modifiers(&Bearer)
)]
struct Document;

/// The credential: a bearer token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The API key")).build();
        document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(target: &str) -> String {
        let uri: Uri = target.parse().unwrap();
        manners(&uri).unwrap_or(uri).to_string()
    }

    #[test]
    fn one_slash_at_the_end_does_not_matter_and_letter_case_does() {
        assert_eq!(routed("/api/v1/auth/group/?page=2%2F"), "/api/v1/auth/group?page=2%2F");
        assert_eq!(routed("/api/v1/user/aBc/"), "/api/v1/user/aBc");
        assert_eq!(routed("/healthcheck/"), "/healthcheck");
        for same in ["/api/v1/user//", "/api/v1/Users/", "/api/v1/users/", "/api/v1/Auth/group/", "/", "/api/v1/user"] {
            let kept = routed(same);
            assert!(kept == same || kept == same.strip_suffix('/').unwrap_or(same), "{same} became {kept}");
        }
        assert_eq!(routed("/api/v1/users/"), "/api/v1/users/");
        assert!(owns("/api/v1/user") && owns("/api/v1/user/x") && owns("/api/v1/auth/teams/") && owns("/healthcheck"));
        assert!(large(&Method::PATCH, "/api/v1/auth/group/x") && !large(&Method::GET, "/api/v1/user"));
        assert!(!large(&Method::POST, "/api/v1/usersgroups/x/users"));
        assert!(!owns("/api/v1/users") && !owns("/api/v1/User") && !owns("/api/v1/authx") && !owns("/healthchecks"));
    }

    #[test]
    fn the_document_asks_for_a_bearer_token() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        assert_eq!(document["security"], serde_json::json!([{"key": []}]));
        assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    }
}
