//! Reasons of one membership: listed, extended, renewed, ended; and what ends by itself.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::membership::Reason;
use guildhall_domain::page::{From, Page};
use guildhall_engine::EndingKey;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(all))
        .routes(routes!(edit, end))
        .routes(routes!(renew))
        .routes(routes!(endings))
}

fn answer(reason: &Reason, _: u64, _: super::once::For) -> Answer {
    Answer::json(StatusCode::OK, &wire::Reason::from(reason.clone()))
}

/// Lists why a user is in a group: reasons that stand now, and ones that are yet to begin.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/members/{user}/reasons", operation_id = "listReasons", tag = "Members",
    params(wire::OfMember), responses((status = 200, description = "All open reasons.", body = wire::Reasons)))]
async fn all(State(app): State<App>, read: Read<wire::OfMember>) -> Reply {
    let reasons = app.engine().reasons(&read.caller, read.path.group_id(), read.path.user_id()).await?;
    let reasons = reasons.into_iter().map(wire::Reason::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::Reasons { reasons }).into_response())
}

/// Extends a direct or requested reason, ends it early, or changes its note, by a merge patch (RFC 7396). The answer
/// is the reason that stands in its place, with an id of its own.
#[utoipa::path(patch, path = "/v1/companies/{company}/groups/{group}/members/{user}/reasons/{reason}", operation_id = "editReason", tag = "Members",
    params(wire::OfReason), request_body = wire::EditReason, responses((status = 200, description = "The reason.", body = wire::Reason)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfReason, Json<wire::EditReason>>) -> Reply {
    ask.if_match.none_here()?;
    let of = (ask.path.group_id(), ask.path.user_id(), ask.path.reason_id());
    let edit = ask.body.0.command()?;
    carry_out(ask.caller, ask.once, answer, async |caller| app.engine().edit_reason(&caller, of, edit).await).await
}

/// Lets a direct or requested reason last anew for the group's lifetime, from now on.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/members/{user}/reasons/{reason}/renew", operation_id = "renewReason", tag = "Members",
    params(wire::OfReason), responses((status = 200, description = "The reason.", body = wire::Reason)))]
async fn renew(State(app): State<App>, ask: Change<wire::OfReason, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let of = (ask.path.group_id(), ask.path.user_id(), ask.path.reason_id());
    carry_out(ask.caller, ask.once, answer, async |caller| app.engine().renew_reason(&caller, of).await).await
}

/// Ends one reason: a direct or requested one, or, by an administrator, a synced one, which its connection may give
/// again.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}/members/{user}/reasons/{reason}", operation_id = "endReason", tag = "Members",
    params(wire::OfReason), responses((status = 204, description = "It holds the member no more.")))]
async fn end(State(app): State<App>, ask: Change<wire::OfReason, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let of = (ask.path.group_id(), ask.path.user_id(), ask.path.reason_id());
    let render = |_: &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().end_reason(&caller, of).await).await
}

/// Lists the memberships that end by themselves in the next days, soonest first.
#[utoipa::path(get, path = "/v1/companies/{company}/endings", operation_id = "listEndings", tag = "Members",
    params(wire::OfCompany, wire::ListEndings), responses((status = 200, description = "One page of endings.", body = wire::List<wire::Ending>)))]
async fn endings(State(app): State<App>, read: Read<wire::OfCompany, wire::ListEndings>) -> Reply {
    let (engine, query) = (app.engine(), &read.query);
    let ask = ask::<EndingKey>(query.limit, query.cursor.as_deref(), None)?;
    let (before, limit) = (query.before(engine.clock().now())?, ask.limit);
    let after = if let From::After(key) = ask.from { Some(key) } else { None };
    let (items, next) = engine.ending(&read.caller, query.group(), before, after, limit).await?;
    list(&read.uri, Page { items, next, total: None }.map(wire::Ending::from))
}
