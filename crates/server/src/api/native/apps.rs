//! Apps: their records, levels and custom fields.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::access::GroupApp;
use guildhall_domain::app::{self as domain, AppStatus, EditApp};
use guildhall_domain::patch::Patch;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, shown, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find, create)).routes(routes!(get, edit, delete)).routes(routes!(groups))
}

fn answer(status: StatusCode, app: &domain::App) -> Answer {
    Answer::json(status, &wire::App::from(app)).tagged(app.version)
}

/// Lists apps, by name.
#[utoipa::path(get, path = "/v1/companies/{company}/apps", operation_id = "listApps", tag = "Apps",
    params(wire::OfCompany, wire::ListApps), responses((status = 200, description = "One page of apps.", body = wire::List<wire::App>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListApps>) -> Reply {
    let filter = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().apps(&read.caller, &filter, &ask).await?;
    list(&read.uri, page.map(|shown| wire::App::from(&shown.app)))
}

/// Makes an app.
#[utoipa::path(post, path = "/v1/companies/{company}/apps", operation_id = "createApp", tag = "Apps",
    params(wire::OfCompany), request_body = wire::NewApp, responses((status = 201, description = "The app.", body = wire::App)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewApp>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, new) = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |made: &domain::App, _: u64, _| {
        answer(StatusCode::CREATED, made).with(&header::LOCATION, format!("/v1/companies/{company}/apps/{}", made.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_app(&caller, id, new).await).await
}

/// Tells one app.
#[utoipa::path(get, path = "/v1/companies/{company}/apps/{app}", operation_id = "getApp", tag = "Apps",
    params(wire::OfApp), responses((status = 200, description = "The app.", body = wire::App)))]
async fn get(State(app): State<App>, read: Read<wire::OfApp>) -> Reply {
    let found = app.engine().app(&read.caller, read.path.app_id()).await?.shown.app;
    shown(&read.headers, &found.version.to_string(), || answer(StatusCode::OK, &found))
}

/// Edits an app by a merge patch (RFC 7396); lists are replaced whole.
#[utoipa::path(patch, path = "/v1/companies/{company}/apps/{app}", operation_id = "editApp", tag = "Apps",
    params(wire::OfApp), request_body(content((wire::EditApp = "application/merge-patch+json"), (wire::EditApp = "application/json"))),
    responses((status = 200, description = "The app as it is now.", body = wire::App)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfApp, Json<wire::EditApp>>) -> Reply {
    let Change { caller, path, body, if_match, once, .. } = ask;
    let id = path.app_id();
    let current = async { Ok(app.engine().app(&caller, id).await?.shown.app.version) };
    let version = if_match.version(current).await;
    let edit = body.0.command()?;
    let render = |edited: &domain::App, _: u64, _| answer(StatusCode::OK, edited);
    carry_out(caller, once, render, async |caller| app.engine().edit_app(&caller, id, edit, version).await).await
}

/// Archives an app: it is kept for audit, and groups give it no more.
#[utoipa::path(delete, path = "/v1/companies/{company}/apps/{app}", operation_id = "deleteApp", tag = "Apps",
    params(wire::OfApp), responses((status = 200, description = "The app, archived.", body = wire::App)))]
async fn delete(State(app): State<App>, ask: Change<wire::OfApp, NoBody>) -> Reply {
    let Change { caller, path, if_match, once, .. } = ask;
    let id = path.app_id();
    let current = async { Ok(app.engine().app(&caller, id).await?.shown.app.version) };
    let version = if_match.version(current).await;
    let edit = EditApp { status: Patch::Set(AppStatus::Archived), ..Default::default() };
    let render = |edited: &domain::App, _: u64, _| answer(StatusCode::OK, edited);
    carry_out(caller, once, render, async |caller| app.engine().edit_app(&caller, id, edit, version).await).await
}

/// Lists the live groups that hold an app, by group id.
#[utoipa::path(get, path = "/v1/companies/{company}/apps/{app}/groups", operation_id = "listAppGroups", tag = "Apps",
    params(wire::OfApp), responses((status = 200, description = "All of them.", body = wire::List<wire::AppGroup>)))]
async fn groups(State(app): State<App>, read: Read<wire::OfApp>) -> Reply {
    let links: Vec<GroupApp> = app.engine().groups_of_app(&read.caller, read.path.app_id()).await?;
    let items = links.iter().map(wire::AppGroup::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::List { items, next: None, total: None }).into_response())
}
