//! Teams.

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::TeamId;
use guildhall_domain::patch::Patch;
use guildhall_domain::team::EditTeam;
use http::StatusCode;

use super::error::{CreateRefusals, DeleteRefusals, EditRefusals, Failure, ListRefusals, ReadRefusals};
use super::extract::{Asked, Body, Id};
use super::groups::{Changed, Deleted};
use super::page::{Listed, Paged};
use super::wire_teams::{SaveTeam, Team, TeamQuery};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists teams
///
/// Those that the person behind the key sees, by creation: open ones, and closed ones that they belong to.
#[utoipa::path(
    get, path = "/api/v1/auth/teams", operation_id = "listTeams", tag = "Teams",
    params(
        ("include_archived" = Option<bool>, Query, description = "Archived teams too"),
        ("only_joined" = Option<bool>, Query, description = "Only teams that the person belongs to"),
        ("only_write" = Option<bool>, Query, description = "Only teams whose contents the person may change"),
        ("page" = Option<u32>, Query, description = "Which page; the first is 1", minimum = 1),
        ("page_size" = Option<u32>, Query, description = "Items per page, 1 to 100; 50 when absent, anything else is ignored"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of teams", body = Listed<Team>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Asked(query): Asked<TeamQuery>,
    paged: Paged,
) -> Result<Json<Listed<Team>>, Failure> {
    let mut page = app.engine().teams(&caller, query.filter()?, &paged.ask()).await.map_err(Failure::of_team)?;
    let teams = std::mem::take(&mut page.items);
    let teams = teams.into_iter().map(|team| Team::of(caller.company, team)).collect();
    Ok(Json(Listed::of(&paged, &page, teams)?))
}

/// Creates a team
#[utoipa::path(
    post, path = "/api/v1/auth/teams", operation_id = "createTeam", tag = "Teams",
    request_body(content = SaveTeam, content_type = "application/json"),
    responses(
        (status = 201, description = "The team", body = Team,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        CreateRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    ask: Result<Body<SaveTeam>, Failure>,
) -> Result<Changed<Team>, Failure> {
    let new = match ask.and_then(|Body(ask)| ask.into_command(true)) {
        Ok(new) => new,
        Err(wrong) => {
            // 403 goes before 400: whoever may not do it at all is told so, whatever they sent.
            app.engine().may_manage(&caller).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().create_team(&caller, new).await.map_err(Failure::of_team)?;
    Ok(Changed(StatusCode::CREATED, written.revision, Team::of(caller.company, written.value)))
}

/// Reads a team
///
/// Archived ones too.
#[utoipa::path(
    get, path = "/api/v1/auth/teams/{id}", operation_id = "getTeam", tag = "Teams",
    params(
        ("id" = Uuid, Path, description = "The team"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The team", body = Team), ReadRefusals)
)]
pub(super) async fn get(State(app): State<App>, Auth(caller): Auth, Id(id): Id<TeamId>) -> Result<Json<Team>, Failure> {
    Ok(Json(Team::of(caller.company, app.engine().team(&caller, id).await?)))
}

/// Updates a team
///
/// Changes what the body names; `"archived": false` brings it back.
#[utoipa::path(
    patch, path = "/api/v1/auth/teams/{id}", operation_id = "updateTeam", tag = "Teams",
    params(("id" = Uuid, Path, description = "The team")),
    request_body(content = SaveTeam, content_type = "application/json"),
    responses(
        (status = 200, description = "The team", body = Team,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        EditRefusals
    )
)]
pub(super) async fn edit(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<TeamId>,
    ask: Result<Body<SaveTeam>, Failure>,
) -> Result<Changed<Team>, Failure> {
    let edit = match ask.and_then(|Body(ask)| ask.into_command(false)) {
        Ok(edit) => edit,
        Err(wrong) => {
            // 403 and 404 go before what is wrong with the body.
            app.engine().may_manage(&caller).await?;
            app.engine().team(&caller, id).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().edit_team(&caller, id, edit).await.map_err(Failure::of_team)?;
    Ok(Changed(StatusCode::OK, written.revision, Team::of(caller.company, written.value)))
}

/// Deletes a team
///
/// It is archived: lists leave it out unless asked, and an update brings it back.
#[utoipa::path(
    delete, path = "/api/v1/auth/teams/{id}", operation_id = "deleteTeam", tag = "Teams",
    params(("id" = Uuid, Path, description = "The team")),
    responses(
        (status = 204, description = "It is archived",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        DeleteRefusals
    )
)]
pub(super) async fn delete(State(app): State<App>, Auth(caller): Auth, Id(id): Id<TeamId>) -> Result<Deleted, Failure> {
    let edit = EditTeam { archived: Patch::Set(true), ..EditTeam::default() };
    Ok(Deleted(app.engine().edit_team(&caller, id, edit).await.map_err(Failure::of_team)?.revision))
}
