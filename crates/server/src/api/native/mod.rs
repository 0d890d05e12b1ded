//! Guildhall's own dialect, `/v1`: everything the server can do.
//!
//! OpenAPI 3.1 is made from the handlers; problems are RFC 9457, listings have cursors, records have versions
//! (`ETag`), and changes may carry an `Idempotency-Key`. `docs/dialects/native.md` tells it for clients.

mod accesses;
mod apps;
mod check;
mod companies;
mod conflicts;
mod connections;
mod describe;
mod difference;
pub mod error;
mod etag;
mod events;
mod explain;
mod extract;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod groups;
mod keys;
mod me;
mod members;
mod nestings;
mod once;
mod owners;
mod picture;
mod policies;
mod reasons;
mod releases;
mod requests;
mod reviews;
mod roles;
mod rules;
mod runs;
pub(crate) mod sheets;
mod teams;
mod users;
mod webhooks;
mod wire;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::Dialect;
use guildhall_domain::page::Page;
use http::{HeaderMap, StatusCode, Uri, header};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use self::error::Failure;
use self::once::Answer;
use crate::app::App;
use crate::http::caller::{Door, Manner, identify};
use crate::http::cursor::Cursor;
use crate::http::json;

pub(crate) use self::webhooks::hook_body;

/// What every handler answers.
type Reply = Result<Response, Failure>;

/// Every operation of this dialect.
pub fn table() -> OpenApiRouter<App> {
    let mut table = OpenApiRouter::with_openapi(describe::document())
        .merge(companies::routes())
        .merge(me::routes())
        .merge(users::routes())
        .merge(groups::routes())
        .merge(members::routes())
        .merge(reasons::routes())
        .merge(check::routes())
        .merge(releases::routes())
        .merge(nestings::routes())
        .merge(explain::routes())
        .merge(conflicts::routes())
        .merge(difference::routes())
        .merge(owners::routes())
        .merge(roles::routes())
        .merge(rules::routes())
        .merge(keys::routes())
        .merge(connections::routes())
        .merge(runs::routes())
        .merge(webhooks::routes())
        .merge(apps::routes())
        .merge(accesses::routes())
        .merge(policies::routes())
        .merge(requests::routes())
        .merge(sheets::routes())
        .merge(reviews::routes())
        .merge(teams::routes())
        .merge(events::routes());
    describe::complete(table.get_openapi_mut());
    table
}

/// The operations behind their door.
pub fn routes(app: &App) -> Router<App> {
    let door = Door {
        app: app.clone(),
        dialect: Dialect::Native,
        manner: Manner::Console,
        refuse: error::answer,
        reads: extract::reads,
    };
    Router::from(table()).route_layer(from_fn(error::settle)).route_layer(from_fn_with_state(door, identify))
}

/// An explanation in this dialect's JSON, for the command line.
pub fn explained(told: guildhall_engine::Explanation) -> serde_json::Value {
    serde_json::to_value(wire::Explanation::from(told)).unwrap_or_default()
}

/// An explanation of a role or an app in this dialect's JSON, for the command line.
pub fn explained_thing(told: guildhall_engine::Reasons) -> serde_json::Value {
    serde_json::to_value(wire::WhyHeld::from(told)).unwrap_or_default()
}

/// One page as an answer, with a link to the next one.
fn list<T: Serialize, K: Cursor>(uri: &Uri, page: Page<T, K>) -> Reply {
    let Page { items, next, total } = page;
    let next = next.map(|key| key.write());
    let link = link(uri, next.as_deref());
    let answer = Answer::json(StatusCode::OK, &wire::List { items, next, total });
    Ok(link.into_iter().fold(answer, |answer, link| answer.with(&header::LINK, link)).into_response())
}

/// As [`list`], for the rows that are asked for most: `write` writes one.
fn list_written<T, K: Cursor>(uri: &Uri, page: &Page<T, K>, write: impl Fn(&mut json::Text, &T)) -> Reply {
    let next = page.next.as_ref().map(|key| key.write());
    let link = link(uri, next.as_deref());
    let mut body = json::Text::for_rows(page.items.len());
    body.raw(r#"{"items":"#).array(&page.items, write).raw(r#","next":"#).value(&next);
    if let Some(total) = page.total {
        body.raw(r#","total":"#).value(&total);
    }
    body.raw("}");
    let answer = Answer::written(StatusCode::OK, body);
    Ok(link.into_iter().fold(answer, |answer, link| answer.with(&header::LINK, link)).into_response())
}

/// The `Link` header's text that leads to the next page.
fn link(uri: &Uri, next: Option<&str>) -> Option<String> {
    next.map(|cursor| {
        let query = uri.query().unwrap_or_default();
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor" && name != "after");
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", cursor).finish();
        format!("<{}?{query}>; rel=\"next\"", uri.path())
    })
}

/// One record as an answer, or 304 to a client that has it.
fn shown(headers: &HeaderMap, tag: &str, answer: impl FnOnce() -> Answer) -> Reply {
    if etag::not_modified(headers, tag)? {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED).tagged(tag).into_response());
    }
    Ok(answer().into_response())
}
