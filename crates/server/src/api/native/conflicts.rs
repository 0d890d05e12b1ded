//! Conflicts: groups of which nobody may be in more than so many, and who is all the same.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_engine::CountedConflict;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find, create)).routes(routes!(get, edit, delete)).routes(routes!(breaches))
}

fn answer(status: StatusCode, counted: &CountedConflict) -> Answer {
    Answer::json(status, &wire::Conflict::from(counted)).tagged(counted.conflict.version)
}

/// Lists the conflicts of a company, by id.
#[utoipa::path(get, path = "/v1/companies/{company}/conflicts", operation_id = "listConflicts", tag = "Conflicts",
    params(wire::OfCompany, wire::ListPlain), responses((status = 200, description = "One page of conflicts.", body = wire::List<wire::Conflict>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().conflicts(&read.caller, &ask).await?;
    list(&read.uri, page.map(|counted| wire::Conflict::from(&counted)))
}

/// Makes a conflict. Who is in too many of its groups already stays so; `breaches` counts them.
#[utoipa::path(post, path = "/v1/companies/{company}/conflicts", operation_id = "createConflict", tag = "Conflicts",
    params(wire::OfCompany), request_body = wire::NewConflict, responses((status = 201, description = "The conflict.", body = wire::Conflict)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewConflict>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command();
    let company = ask.path.company_id();
    let render = move |made: &CountedConflict, _: u64, _| {
        let place = format!("/v1/companies/{company}/conflicts/{}", made.conflict.id);
        answer(StatusCode::CREATED, made).with(&header::LOCATION, place)
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_conflict(&caller, new).await).await
}

/// Tells one conflict.
#[utoipa::path(get, path = "/v1/companies/{company}/conflicts/{conflict}", operation_id = "getConflict", tag = "Conflicts",
    params(wire::OfConflict), responses((status = 200, description = "The conflict.", body = wire::Conflict)))]
async fn get(State(app): State<App>, read: Read<wire::OfConflict>) -> Reply {
    // Never 304: how many are in breach changes without the record.
    let counted = app.engine().conflict(&read.caller, read.path.conflict_id()).await?;
    Ok(answer(StatusCode::OK, &counted).into_response())
}

/// Edits a conflict by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}/conflicts/{conflict}", operation_id = "editConflict", tag = "Conflicts",
    params(wire::OfConflict), request_body(content((wire::EditConflict = "application/merge-patch+json"), (wire::EditConflict = "application/json"))),
    responses((status = 200, description = "The conflict as it is now.", body = wire::Conflict)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfConflict, Json<wire::EditConflict>>) -> Reply {
    let Change { caller, path, body, if_match, once, .. } = ask;
    let id = path.conflict_id();
    let version = if_match.version(async { Ok(app.engine().conflict(&caller, id).await?.conflict.version) }).await;
    let edit = body.0.command();
    let render = |edited: &CountedConflict, _: u64, _| answer(StatusCode::OK, edited);
    carry_out(caller, once, render, async |caller| app.engine().edit_conflict(&caller, id, edit, version).await).await
}

/// Deletes a conflict: its groups stand in one another's way no more.
#[utoipa::path(delete, path = "/v1/companies/{company}/conflicts/{conflict}", operation_id = "deleteConflict", tag = "Conflicts",
    params(wire::OfConflict), responses((status = 204, description = "It is gone.")))]
async fn delete(State(app): State<App>, ask: Change<wire::OfConflict, NoBody>) -> Reply {
    let Change { caller, path, if_match, once, .. } = ask;
    let id = path.conflict_id();
    let version = if_match.version(async { Ok(app.engine().conflict(&caller, id).await?.conflict.version) }).await;
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(caller, once, render, async |caller| app.engine().delete_conflict(&caller, id, version).await).await
}

/// Lists who is in more groups of a conflict now than one may, by user id, and the shortest way to each group.
#[utoipa::path(get, path = "/v1/companies/{company}/conflicts/{conflict}/breaches", operation_id = "listBreaches", tag = "Conflicts",
    params(wire::OfConflict, wire::ListPlain), responses((status = 200, description = "One page of people.", body = wire::List<wire::Breaching>)))]
async fn breaches(State(app): State<App>, read: Read<wire::OfConflict, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().breaches(&read.caller, read.path.conflict_id(), &ask).await?;
    list(&read.uri, page.map(wire::Breaching::from))
}
