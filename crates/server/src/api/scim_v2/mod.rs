//! SCIM 2.0 (RFC 7643, RFC 7644, cursors of RFC 9865): the route table and the document made from it.
//!
//! What the providers disagree about is settled in numbered quirks, SC-1 and on, told in `docs/dialects/scim-v2.md`.

mod act;
mod bulk;
mod discovery;
mod document;
pub mod error;
mod extract;
mod filter;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod group;
mod groups;
mod list;
mod me;
mod patch;
mod path;
mod plain;
mod project;
mod query;
mod schema;
mod search;
mod show;
mod user;
mod users;
mod value;

use axum::Router;
use axum::middleware::from_fn_with_state;
use guildhall_domain::Timestamp;
use guildhall_domain::caller::Dialect;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Uri};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::schema::Type;
use crate::app::App;
use crate::http::caller::{Door, Manner, identify};
use crate::http::peer::Origin;

/// Every answer's media type, without parameters: some clients compare it as a text.
const MEDIA_TYPE: &str = "application/scim+json";
/// Below it every path is this dialect's.
const ROOT: &str = "/scim/v2";
/// The same, where Secoda has it.
const SECODA_ROOT: &str = "/api/v2/scim";

/// Every operation of this dialect.
pub fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document::document())
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::replace, users::edit, users::delete))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::get, groups::replace, groups::edit, groups::delete))
        .routes(routes!(search::all))
        .routes(routes!(search::users))
        .routes(routes!(search::groups))
        .routes(routes!(bulk::run))
        .routes(routes!(me::get, me::replace, me::edit))
        .routes(routes!(discovery::config))
        .routes(routes!(discovery::types))
        .routes(routes!(discovery::one_type))
        .routes(routes!(discovery::schemas))
        .routes(routes!(discovery::one_schema))
}

/// The operations behind their door.
pub fn routes(app: &App) -> Router<App> {
    let door = Door {
        app: app.clone(),
        dialect: Dialect::Scim,
        manner: Manner::Bearer,
        refuse: error::answer,
        reads: |method, path| method == Method::POST && path.ends_with("/.search"),
    };
    Router::from(table())
        .route_layer(from_fn_with_state(app.clone(), extract::fresh))
        .route_layer(from_fn_with_state(door, identify))
        .route_layer(axum::middleware::from_fn(error::log))
}

fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Does this path belong to this dialect?
pub fn owns(path: &str) -> bool {
    below(path, ROOT).is_some() || below(path, SECODA_ROOT).is_some()
}

/// Can a call of this method and path carry a list of a hundred thousand ids, or a thousand operations?
pub fn large(method: &Method, path: &str) -> bool {
    owns(path) && !method.is_safe() && (path.contains("/Groups") || path.contains("/Bulk"))
}

/// The target to route by, where it is not the one that came: Secoda's root is as good as ours, and one slash at the end
/// does not matter (SC-1).
pub fn manners(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let canonical = match below(path, SECODA_ROOT) {
        Some(rest) => format!("{ROOT}{rest}"),
        None => path.to_owned(),
    };
    let canonical = canonical.strip_suffix('/').map_or(canonical.clone(), str::to_owned);
    if canonical == path {
        return None;
    }
    let target = match uri.query() {
        Some(query) => format!("{canonical}?{query}"),
        None => canonical,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

/// Where resources are, as the client has asked for them.
#[derive(Clone, Debug)]
struct Base(String);

impl Base {
    /// From where the request came to.
    fn of(origin: Option<&Origin>) -> Self {
        let host = origin.and_then(|origin| Some((origin.scheme, origin.host.as_deref()?)));
        // An address that is none is not repeated to the client.
        let host = host.filter(|(_, host)| host.parse::<Authority>().is_ok());
        Self(host.map_or_else(|| ROOT.to_owned(), |(scheme, host)| format!("{scheme}://{host}{ROOT}")))
    }

    /// Nowhere: where only what a document says is looked at.
    fn nowhere() -> Self {
        Self(String::new())
    }

    /// Where a resource is.
    fn location(&self, of: Type, id: &str) -> String {
        format!("{}{}/{id}", self.0, of.endpoint())
    }

    /// What a resource tells of itself.
    fn meta(&self, of: Type, id: Uuid, created: Timestamp, changed: Timestamp, version: u64) -> Value {
        json!({
            "resourceType": of.name(),
            "created": created.rfc3339(3),
            "lastModified": changed.rfc3339(3),
            "location": self.location(of, &id.to_string()),
            "version": tag(version),
        })
    }
}

/// A version as `ETag` and `meta.version` have it.
fn tag(version: u64) -> String {
    format!("W/\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ours_under_two_roots() {
        let routed = |target: &str| {
            let uri: Uri = target.parse().unwrap();
            manners(&uri).unwrap_or(uri).to_string()
        };
        assert_eq!(routed("/api/v2/scim/Groups/x?a=b"), "/scim/v2/Groups/x?a=b");
        assert_eq!(routed("/api/v2/scim/Groups/"), "/scim/v2/Groups");
        assert_eq!(routed("/scim/v2/Users/"), "/scim/v2/Users");
        assert_eq!(routed("/scim/v2/Users"), "/scim/v2/Users");
        assert!(owns("/scim/v2") && owns("/api/v2/scim/Users") && !owns("/scim/v22") && !owns("/api/v2/scimmer"));
        assert!(large(&Method::PATCH, "/scim/v2/Groups/x") && !large(&Method::GET, "/scim/v2/Groups"));
    }
}
