//! Groups: their own records.

use axum::extract::State;
use guildhall_domain::Error;
use guildhall_domain::group::Group;
use guildhall_engine::Shown;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, shown, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(archive))
        .routes(routes!(restore))
}

fn answer(status: StatusCode, group: &Group) -> Answer {
    Answer::json(status, &wire::Group::from(group)).tagged(group.version)
}

/// Lists groups.
#[utoipa::path(get, path = "/v1/companies/{company}/groups", operation_id = "listGroups", tag = "Groups",
    params(wire::OfCompany, wire::ListGroups), responses((status = 200, description = "One page of groups.", body = wire::List<wire::ListedGroup>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListGroups>) -> Reply {
    let (filter, sort, order) = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    if let Some(at) = wire::instant("at", read.query.at.as_deref())? {
        if read.query.counts == Some(true) {
            return Err(Error::invalid("counts", "does not go with `at`").into());
        }
        let page = app.engine().as_of(at)?.groups(&read.caller, &filter, sort, order, &ask).await?;
        return list(&read.uri, page.map(|group| wire::Group::from(&group)));
    }
    let page = app.engine().groups(&read.caller, &filter, sort, order, &ask).await?;
    if read.query.counts != Some(true) {
        return list(&read.uri, page.try_map(|group| wire::group(&group))?);
    }
    let ids: Vec<_> = page.items.iter().map(|group| group.id).collect();
    let mut counts = app.engine().count_each(&read.caller, &ids).await?.into_iter();
    list(
        &read.uri,
        page.map(|group| wire::ListedGroup {
            group: wire::Group::from(&**group),
            members: counts.next().flatten().map(wire::MemberCount::from),
        }),
    )
}

/// Makes a group, with its owners.
#[utoipa::path(post, path = "/v1/companies/{company}/groups", operation_id = "createGroup", tag = "Groups",
    params(wire::OfCompany), request_body = wire::NewGroup, responses((status = 201, description = "The group.", body = wire::Group)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewGroup>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |group: &Group, _: u64, _| {
        answer(StatusCode::CREATED, group)
            .with(&header::LOCATION, format!("/v1/companies/{company}/groups/{}", group.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_group(&caller, new).await).await
}

/// Tells one group, archived ones too.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}", operation_id = "getGroup", tag = "Groups",
    params(wire::OfGroup, wire::At), responses((status = 200, description = "The group.", body = wire::Group)))]
async fn get(State(app): State<App>, read: Read<wire::OfGroup, wire::At>) -> Reply {
    if let Some(at) = read.query.instant()? {
        let group = app.engine().as_of(at)?.group(&read.caller, read.path.group_id(), Shown::Restorable).await?;
        return shown(&read.headers, &group.version.to_string(), || answer(StatusCode::OK, &group));
    }
    let group = app.engine().group(&read.caller, read.path.group_id(), Shown::Restorable).await?;
    let told = wire::group(&group)?;
    shown(&read.headers, &group.version.to_string(), || Answer::json(StatusCode::OK, &told).tagged(group.version))
}

/// Edits a group by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}/groups/{group}", operation_id = "editGroup", tag = "Groups",
    params(wire::OfGroup), request_body(content((wire::EditGroup = "application/merge-patch+json"), (wire::EditGroup = "application/json"))),
    responses((status = 200, description = "The group as it is now.", body = wire::Group)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::EditGroup>>) -> Reply {
    let id = ask.path.group_id();
    let current = async { Ok(app.engine().group(&ask.caller, id, Shown::Live).await?.version) };
    let version = ask.if_match.version(current).await;
    let edit = ask.body.0.command();
    carry_out(
        ask.caller,
        ask.once,
        |group, _, _| answer(StatusCode::OK, group),
        async |caller| app.engine().edit_group(&caller, id, edit, version).await,
    )
    .await
}

/// Archives a group: it gives nothing any more, and can be restored until its purge.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}", operation_id = "deleteGroup", tag = "Groups",
    params(wire::OfGroup), responses((status = 200, description = "The group, archived.", body = wire::Group)))]
async fn delete(State(app): State<App>, ask: Change<wire::OfGroup, NoBody>) -> Reply {
    put_away(&app, ask).await
}

/// Archives a group: it gives nothing any more, and can be restored until its purge.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/archive", operation_id = "archiveGroup", tag = "Groups",
    params(wire::OfGroup), responses((status = 200, description = "The group, archived.", body = wire::Group)))]
async fn archive(State(app): State<App>, ask: Change<wire::OfGroup, NoBody>) -> Reply {
    put_away(&app, ask).await
}

async fn put_away(app: &App, ask: Change<wire::OfGroup, NoBody>) -> Reply {
    let id = ask.path.group_id();
    let current = async { Ok(app.engine().group(&ask.caller, id, Shown::Live).await?.version) };
    let version = ask.if_match.version(current).await;
    carry_out(
        ask.caller,
        ask.once,
        |group, _, _| answer(StatusCode::OK, group),
        async |caller| app.engine().archive_group(&caller, id, version).await,
    )
    .await
}

/// Restores an archived group with the members it had; a live one stays as it is.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/restore", operation_id = "restoreGroup", tag = "Groups",
    params(wire::OfGroup), responses((status = 200, description = "The group, live.", body = wire::Group)))]
async fn restore(State(app): State<App>, ask: Change<wire::OfGroup, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.group_id();
    carry_out(
        ask.caller,
        ask.once,
        |group, _, _| answer(StatusCode::OK, group),
        async |caller| app.engine().restore_group(&caller, id).await,
    )
    .await
}
