//! The dialects, mounted side by side, and what tells them apart.
//!
//! A dialect's folder holds its routes, its JSON and its errors, and imports no other dialect.

pub mod authzen;
pub mod cakewalk_v1;
pub mod companies_v3;
mod console;
mod docs;
pub mod native;
mod operations;
pub mod scim_v2;
pub mod secoda_v1;

use std::time::Duration;

use axum::Router;
use axum::response::Response;
use guildhall_domain::caller::Dialect;
use http::{Method, Uri};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::config::Http;
use crate::http::layers::{self, Asked, BodySize, Guard, Plan, Refusal, Settings};

/// One dialect as the rest of the server sees it.
struct Spoken {
    /// Its name in `/openapi/<name>.json`.
    name: &'static str,
    /// Its operations, from which its document is made.
    table: fn() -> OpenApiRouter<App>,
    /// The same behind its door.
    routes: fn(&App) -> Router<App>,
}

/// Every dialect that is spoken.
const SPOKEN: &[Spoken] = &[
    Spoken { name: "native", table: native::table, routes: native::routes },
    Spoken { name: "cakewalk", table: cakewalk_v1::table, routes: cakewalk_v1::routes },
    Spoken { name: "secoda", table: secoda_v1::table, routes: secoda_v1::routes },
    Spoken { name: "companies-v3", table: companies_v3::table, routes: companies_v3::routes },
    Spoken { name: "authzen", table: authzen::table, routes: authzen::routes },
    Spoken { name: "scim", table: scim_v2::table, routes: scim_v2::routes },
];

/// The dialect that a path belongs to; native for paths of none, which it refuses in its own form.
pub fn dialect_of(path: &str) -> Dialect {
    if scim_v2::owns(path) {
        return Dialect::Scim;
    }
    if secoda_v1::owns(path) {
        return Dialect::Secoda;
    }
    if authzen::owns(path) {
        return Dialect::Authzen;
    }
    let lower = path.get(..24).unwrap_or(path).to_ascii_lowercase();
    let below = |root: &str| lower.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/api") {
        Dialect::Cakewalk
    } else if below("/v2") || below("/v3") {
        Dialect::Companies
    } else {
        Dialect::Native
    }
}

/// The whole server as one service: every dialect, the operations' routes and the layers around them.
pub fn service(app: &App, http: &Http) -> Guard<Router> {
    let mut router = operations::routes().merge(docs::routes()).merge(console::routes());
    for spoken in SPOKEN {
        router = router.merge((spoken.routes)(app));
    }
    let settings =
        Settings { manners: Some(manners), metrics: app.metrics().clone(), ..Settings::new(http, refuse, plan) };
    layers::wrap(router.with_state(app.clone()), settings)
}

/// The names of the OpenAPI documents there are.
pub fn documents() -> impl Iterator<Item = &'static str> {
    SPOKEN.iter().map(|spoken| spoken.name)
}

/// The OpenAPI 3.1 document of a dialect, made from its handlers.
pub fn document(name: &str) -> Option<OpenApi> {
    let spoken = SPOKEN.iter().find(|spoken| spoken.name == name)?;
    Some((spoken.table)().into_openapi())
}

fn plan(method: &Method, path: &str) -> Plan {
    let dialect = dialect_of(path);
    // AuthZEN §10.1.3: the client's name for its request is the answer's.
    let usual = Plan { echoes: dialect == Dialect::Authzen, ..Plan::of(dialect.word()) };
    if secoda_v1::large(method, path) || scim_v2::large(method, path) || native::sheets::large(method, path) {
        // A list of a hundred thousand members takes its time, on PostgreSQL most of all.
        return Plan { body: BodySize::Large, deadline: Some(Duration::from_secs(30)), ..usual };
    }
    usual
}

/// The path manners of the dialect, before routing: letter case and trailing slashes.
fn manners(uri: &Uri) -> Option<Uri> {
    match dialect_of(uri.path()) {
        Dialect::Cakewalk => cakewalk_v1::manners(uri),
        Dialect::Secoda => secoda_v1::manners(uri),
        Dialect::Scim => scim_v2::manners(uri),
        _ => None,
    }
}

/// A refusal by HTTP itself, in the form of the dialect that the path belongs to.
fn refuse(asked: &Asked, refusal: Refusal) -> Response {
    match dialect_of(asked.path()) {
        Dialect::Cakewalk => cakewalk_v1::error::refuse(refusal),
        Dialect::Secoda => secoda_v1::error::refuse(&asked.method, refusal),
        Dialect::Companies => companies_v3::error::refuse(refusal),
        Dialect::Authzen => authzen::error::refuse(refusal),
        Dialect::Scim => scim_v2::error::refuse(refusal),
        _ => native::error::refuse(refusal),
    }
}
