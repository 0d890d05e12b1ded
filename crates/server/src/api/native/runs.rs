//! Runs of connections: a source held against what we have.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::Error;
use guildhall_domain::pull::{Run, RunKind};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Maybe, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find, start)).routes(routes!(get))
}

/// Lists the runs of a connection, newest first; the last hundred are kept.
#[utoipa::path(get, path = "/v1/companies/{company}/connections/{connection}/runs", operation_id = "listRuns", tag = "Connections",
    params(wire::OfConnection, wire::ListPlain), responses((status = 200, description = "One page of runs.", body = wire::List<wire::Run>)))]
async fn find(State(app): State<App>, read: Read<wire::OfConnection, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let page = app.engine().runs(&read.caller, read.path.connection_id(), &ask).await?;
    list(&read.uri, page.map(|run| wire::Run::from(&run)))
}

/// Tells one run.
#[utoipa::path(get, path = "/v1/companies/{company}/connections/{connection}/runs/{run}", operation_id = "getRun", tag = "Connections",
    params(wire::OfRun), responses((status = 200, description = "The run.", body = wire::Run)))]
async fn get(State(app): State<App>, read: Read<wire::OfRun>) -> Reply {
    let run = app.engine().run(&read.caller, read.path.connection_id(), read.path.run_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Run::from(&run)).into_response())
}

/// Asks for a run, which the server takes up by itself. With `preview=true` it is a trial, which changes nothing: its
/// report tells what would. A trial of kind `settle` tells the drift between source and what we have, and the run of that
/// kind puts it right. `Guildhall-Confirmation` confirms what the brake held.
#[utoipa::path(post, path = "/v1/companies/{company}/connections/{connection}/runs", operation_id = "startRun", tag = "Connections",
    params(wire::OfConnection), request_body = Option<wire::NewRun>, responses((status = 202, description = "The run, which waits.", body = wire::Run)))]
async fn start(State(app): State<App>, ask: Change<wire::OfConnection, Maybe<wire::NewRun>>) -> Reply {
    ask.if_match.none_here()?;
    let (company, id) = (ask.path.company_id(), ask.path.connection_id());
    let trial = ask.caller.preview;
    let kind = ask.body.0.kind.map_or(Ok(RunKind::Full), |raw| RunKind::parse("kind", &raw))?;
    if trial && kind == RunKind::Changes {
        return Err(Error::invalid("kind", "of a trial must be `full` or `settle`").into());
    }
    let caller = guildhall_domain::caller::Caller { preview: false, ..ask.caller };
    let render = move |run: &Run, _: u64, _| {
        Answer::json(StatusCode::ACCEPTED, &wire::Run::from(run))
            .with(&header::LOCATION, format!("/v1/companies/{company}/connections/{id}/runs/{}", run.id))
    };
    carry_out(caller, ask.once, render, async |caller| app.engine().ask_run(&caller, id, kind, trial).await).await
}
