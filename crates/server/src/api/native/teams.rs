//! Teams, and who is in them.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::team::Team;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit))
        .routes(routes!(members))
        .routes(routes!(add, remove))
}

/// Lists the teams that the caller sees, in the order of their creation.
#[utoipa::path(get, path = "/v1/companies/{company}/teams", operation_id = "listTeams", tag = "Teams",
    params(wire::OfCompany, wire::ListTeams), responses((status = 200, description = "One page of teams.", body = wire::List<wire::Team>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListTeams>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let mut page = app.engine().teams(&read.caller, read.query.filter(), &ask).await?;
    page.total = None;
    list(&read.uri, page.map(|team| wire::Team::from(&team)))
}

/// Makes a team.
#[utoipa::path(post, path = "/v1/companies/{company}/teams", operation_id = "createTeam", tag = "Teams",
    params(wire::OfCompany), request_body = wire::EditTeam, responses((status = 201, description = "The team.", body = wire::Team)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::EditTeam>>) -> Reply {
    ask.if_match.none_here()?;
    let (company, new) = (ask.path.company_id(), ask.body.0.command()?);
    let render = move |made: &Team, _: u64, _| {
        let place = format!("/v1/companies/{company}/teams/{}", made.id);
        Answer::json(StatusCode::CREATED, &wire::Team::from(made)).with(&header::LOCATION, place)
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_team(&caller, new).await).await
}

/// Tells one team, archived ones too.
#[utoipa::path(get, path = "/v1/companies/{company}/teams/{team}", operation_id = "getTeam", tag = "Teams",
    params(wire::OfTeam), responses((status = 200, description = "The team.", body = wire::Team)))]
async fn get(State(app): State<App>, read: Read<wire::OfTeam>) -> Reply {
    let team = app.engine().team(&read.caller, read.path.team_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Team::from(&team)).into_response())
}

/// Edits a team by a merge patch (RFC 7396); archives it and brings it back.
#[utoipa::path(patch, path = "/v1/companies/{company}/teams/{team}", operation_id = "editTeam", tag = "Teams",
    params(wire::OfTeam), request_body(content((wire::EditTeam = "application/merge-patch+json"), (wire::EditTeam = "application/json"))),
    responses((status = 200, description = "The team as it is now.", body = wire::Team)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfTeam, Json<wire::EditTeam>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, edit) = (ask.path.team_id(), ask.body.0.command()?);
    let render = |edited: &Team, _: u64, _| Answer::json(StatusCode::OK, &wire::Team::from(edited));
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().edit_team(&caller, id, edit).await).await
}

/// Lists who is in a team: people, and groups whose effective members are in it with them.
#[utoipa::path(get, path = "/v1/companies/{company}/teams/{team}/members", operation_id = "getTeamMembers", tag = "Teams",
    params(wire::OfTeam), responses((status = 200, description = "All of them.", body = wire::Owners)))]
async fn members(State(app): State<App>, read: Read<wire::OfTeam>) -> Reply {
    let all = app.engine().team_members(&read.caller, read.path.team_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Owners::from(&all)).into_response())
}

/// Puts a user or a group into a team.
#[utoipa::path(put, path = "/v1/companies/{company}/teams/{team}/members/{member}", operation_id = "addTeamMember", tag = "Teams",
    params(wire::OfTeamMember), responses((status = 204, description = "They are in it.")))]
async fn add(State(app): State<App>, ask: Change<wire::OfTeamMember, NoBody>) -> Reply {
    set(app, ask, true).await
}

/// Takes a user or a group out of a team.
#[utoipa::path(delete, path = "/v1/companies/{company}/teams/{team}/members/{member}", operation_id = "removeTeamMember", tag = "Teams",
    params(wire::OfTeamMember), responses((status = 204, description = "They are in it no more.")))]
async fn remove(State(app): State<App>, ask: Change<wire::OfTeamMember, NoBody>) -> Reply {
    set(app, ask, false).await
}

async fn set(app: App, ask: Change<wire::OfTeamMember, NoBody>, is_in: bool) -> Reply {
    ask.if_match.none_here()?;
    let (team, member) = (ask.path.team_id(), ask.path.member_id());
    let render = |_: &bool, _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().set_team_member(&caller, team, member, is_in).await
    })
    .await
}
