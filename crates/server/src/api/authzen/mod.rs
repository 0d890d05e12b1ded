//! AuthZEN: the OpenID Authorization API 1.0, over groups and who is in them.
//!
//! A client here enforces access and asks whether to grant it: subjects are users, resources are groups, actions say
//! which kind of membership is asked for. `docs/dialects/authzen.md` tells what is ours to choose.

pub mod error;
mod evaluation;
mod extract;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod metadata;
mod question;
mod reasons;
mod search;
mod token;
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

/// Where clients look for [`metadata`].
const WELL_KNOWN: &str = "/.well-known/authzen-configuration";

/// Does this path belong to this dialect?
pub fn owns(path: &str) -> bool {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below("/access") || below(WELL_KNOWN)
}

/// What asks for no credential.
fn outside() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi()).routes(routes!(metadata::tell))
}

fn inside() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(evaluation::one))
        .routes(routes!(evaluation::many))
        .routes(routes!(search::subjects))
        .routes(routes!(search::resources))
        .routes(routes!(search::actions))
}

/// Every operation of this dialect.
pub fn table() -> OpenApiRouter<App> {
    outside().merge(inside())
}

/// The operations behind their door, and the metadata before it.
pub fn routes(app: &App) -> Router<App> {
    let door = Door {
        app: app.clone(),
        dialect: Dialect::Authzen,
        manner: Manner::Bearer,
        refuse: error::answer,
        // Every call asks; none changes anything.
        reads: |_, _| true,
    };
    let inside = Router::from(inside()).route_layer(from_fn_with_state(door, identify));
    Router::from(outside()).merge(inside).route_layer(from_fn(error::log))
}

/// What the document says beside its operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "AuthZEN Authorization API 1.0, answered by Guildhall",
        version = "1.0",
        description = "Decisions about membership: may this subject (a user) act (`member`, `direct_member`) on this \
            resource (a group)? What the specification leaves open is told in docs/dialects/authzen.md."
    ),
    tags(
        (name = "Evaluation", description = "Decisions, one or many in a call"),
        (name = "Search", description = "Which subjects, resources or actions would be permitted"),
        (name = "Metadata", description = "Where everything is")
    ),
    security(("key" = [])),
    modifiers(&Bearer)
)]
struct Document;

/// The credential: a bearer token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("`<key id>.<secret>`, or a token made from client credentials"))
            .build();
        document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}
