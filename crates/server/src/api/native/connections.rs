//! Connections: identity sources, and which people and groups each of them knows.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Connection, Link, Noun};
use guildhall_domain::ids::ConnectionId;
use guildhall_domain::patch::Patch;
use guildhall_engine::Written;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, shown, wire};
use crate::app::App;
use crate::directories;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(links))
        .routes(routes!(link_user, unlink_user))
        .routes(routes!(link_group, unlink_group))
}

fn answer(status: StatusCode, connection: &Connection) -> Answer {
    Answer::json(status, &wire::Connection::from(connection)).tagged(connection.version)
}

/// Lists the connections of a company, by id.
#[utoipa::path(get, path = "/v1/companies/{company}/connections", operation_id = "listConnections", tag = "Connections",
    params(wire::OfCompany, wire::ListPlain), responses((status = 200, description = "One page of connections.", body = wire::List<wire::Connection>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().connections(&read.caller, &ask).await?;
    list(&read.uri, page.map(|connection| wire::Connection::from(&connection)))
}

/// Makes a connection.
#[utoipa::path(post, path = "/v1/companies/{company}/connections", operation_id = "createConnection", tag = "Connections",
    params(wire::OfCompany), request_body = wire::NewConnection, responses((status = 201, description = "The connection.", body = wire::Connection)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewConnection>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command()?;
    directories::check(&new.kind, new.settings.as_deref().unwrap_or("{}"), app.directories())?;
    let company = ask.path.company_id();
    let render = move |connection: &Connection, _: u64, _| {
        answer(StatusCode::CREATED, connection)
            .with(&header::LOCATION, format!("/v1/companies/{company}/connections/{}", connection.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_connection(&caller, new).await).await
}

/// Tells one connection.
#[utoipa::path(get, path = "/v1/companies/{company}/connections/{connection}", operation_id = "getConnection", tag = "Connections",
    params(wire::OfConnection), responses((status = 200, description = "The connection.", body = wire::Connection)))]
async fn get(State(app): State<App>, read: Read<wire::OfConnection>) -> Reply {
    let connection = app.engine().connection(&read.caller, read.path.connection_id()).await?;
    shown(&read.headers, &connection.version.to_string(), || answer(StatusCode::OK, &connection))
}

/// Edits a connection by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}/connections/{connection}", operation_id = "editConnection", tag = "Connections",
    params(wire::OfConnection), request_body(content((wire::EditConnection = "application/merge-patch+json"), (wire::EditConnection = "application/json"))),
    responses((status = 200, description = "The connection as it is now.", body = wire::Connection)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfConnection, Json<wire::EditConnection>>) -> Reply {
    let (id, edit) = (ask.path.connection_id(), ask.body.0.command()?);
    let present = app.engine().connection(&ask.caller, id).await?;
    match &edit.settings {
        Patch::Set(settings) => directories::check(&present.kind, settings, app.directories())?,
        Patch::Clear => directories::check(&present.kind, "{}", app.directories())?,
        Patch::Keep => {}
    }
    let current = async { Ok(present.version) };
    let version = ask.if_match.version(current).await;
    carry_out(
        ask.caller,
        ask.once,
        |connection, _, _| answer(StatusCode::OK, connection),
        async |caller| app.engine().edit_connection(&caller, id, edit, version).await,
    )
    .await
}

/// Takes a connection away: its links, the reasons it gave and its keys end; people and groups stay.
#[utoipa::path(delete, path = "/v1/companies/{company}/connections/{connection}", operation_id = "deleteConnection", tag = "Connections",
    params(wire::OfConnection), responses((status = 204, description = "It is gone.")))]
async fn delete(State(app): State<App>, ask: Change<wire::OfConnection, NoBody>) -> Reply {
    let id = ask.path.connection_id();
    let current = async { Ok(app.engine().connection(&ask.caller, id).await?.version) };
    let version = ask.if_match.version(current).await;
    carry_out(
        ask.caller,
        ask.once,
        |(), _, _| Answer::empty(StatusCode::NO_CONTENT),
        async |caller| app.engine().delete_connection(&caller, id, version).await,
    )
    .await
}

/// Lists the users, or the groups, that a connection knows, by id.
#[utoipa::path(get, path = "/v1/companies/{company}/connections/{connection}/links", operation_id = "listLinks", tag = "Connections",
    params(wire::OfConnection, wire::ListLinks), responses((status = 200, description = "One page of links.", body = wire::List<wire::Link>)))]
async fn links(State(app): State<App>, read: Read<wire::OfConnection, wire::ListLinks>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let (id, noun) = (read.path.connection_id(), read.query.noun()?);
    let page = app.engine().links(&read.caller, id, noun, &ask).await?;
    list(&read.uri, page.map(|link| wire::Link::from(&link)))
}

type Put<P> = Change<P, Maybe<wire::SetLink>>;

/// Links a user to a connection: it may edit and deactivate them from now on.
#[utoipa::path(put, path = "/v1/companies/{company}/connections/{connection}/users/{user}", operation_id = "linkUser", tag = "Connections",
    params(wire::OfLinkedUser), request_body = Option<wire::SetLink>, responses((status = 200, description = "The link.", body = wire::Link)))]
async fn link_user(State(app): State<App>, ask: Put<wire::OfLinkedUser>) -> Reply {
    let (id, user) = (ask.path.connection_id(), ask.path.user_id().uuid());
    put(app, ask, id, Noun::User, user).await
}

/// Detaches a user from a connection: the reasons that it gave them end, and nothing else.
#[utoipa::path(delete, path = "/v1/companies/{company}/connections/{connection}/users/{user}", operation_id = "unlinkUser", tag = "Connections",
    params(wire::OfLinkedUser), responses((status = 204, description = "It knows them no more.")))]
async fn unlink_user(State(app): State<App>, ask: Change<wire::OfLinkedUser, NoBody>) -> Reply {
    let (id, user) = (ask.path.connection_id(), ask.path.user_id().uuid());
    remove(app, ask, id, Noun::User, user).await
}

/// Lets a group come from a connection: the connection may edit it, and while it is one-way nobody else its members.
#[utoipa::path(put, path = "/v1/companies/{company}/connections/{connection}/groups/{group}", operation_id = "linkGroup", tag = "Connections",
    params(wire::OfLinkedGroup), request_body = Option<wire::SetLink>, responses((status = 200, description = "The link.", body = wire::Link)))]
async fn link_group(State(app): State<App>, ask: Put<wire::OfLinkedGroup>) -> Reply {
    let (id, group) = (ask.path.connection_id(), ask.path.group_id().uuid());
    put(app, ask, id, Noun::Group, group).await
}

/// Detaches a group from a connection: the reasons that it gave in it end, and nothing else.
#[utoipa::path(delete, path = "/v1/companies/{company}/connections/{connection}/groups/{group}", operation_id = "unlinkGroup", tag = "Connections",
    params(wire::OfLinkedGroup), responses((status = 204, description = "It comes from it no more.")))]
async fn unlink_group(State(app): State<App>, ask: Change<wire::OfLinkedGroup, NoBody>) -> Reply {
    let (id, group) = (ask.path.connection_id(), ask.path.group_id().uuid());
    remove(app, ask, id, Noun::Group, group).await
}

async fn put<P>(app: App, ask: Put<P>, id: ConnectionId, noun: Noun, object: Uuid) -> Reply {
    ask.if_match.none_here()?;
    let external_id = ask.body.0.external_id();
    let case = async |caller: Caller| -> guildhall_domain::Result<Written<Link>> {
        app.engine().link(&caller, id, noun, object, external_id).await
    };
    carry_out(ask.caller, ask.once, |link, _, _| Answer::json(StatusCode::OK, &wire::Link::from(link)), case).await
}

async fn remove<P>(app: App, ask: Change<P, NoBody>, id: ConnectionId, noun: Noun, object: Uuid) -> Reply {
    ask.if_match.none_here()?;
    let case = async |caller: Caller| app.engine().unlink(&caller, id, noun, object).await;
    Ok(carry_out(ask.caller, ask.once, |(), _, _| Answer::empty(StatusCode::NO_CONTENT), case).await?.into_response())
}
