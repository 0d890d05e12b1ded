//! Sheets: people, groups and members as CSV.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use guildhall_domain::{Error, Result};
use guildhall_engine::Written;
use guildhall_engine::sheets::{Imported, Sheet};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Failure;
use super::extract::{Change, FromBody, Read};
use super::once::{Answer, carry_out};
use super::{Reply, wire};
use crate::app::App;
use crate::config::Limits;
use crate::sheets::{self, Topic, Writer};

/// Pages of the export that wait to be sent.
const AHEAD: usize = 2;
/// The most rows that one call carries out; more take the command line.
const ROWS: usize = 10_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(users, put_users))
        .routes(routes!(groups, put_groups))
        .routes(routes!(members, put_members))
}

/// The calls whose bodies may be large.
pub(crate) fn large(method: &Method, path: &str) -> bool {
    *method == Method::POST && path.starts_with("/v1/companies/") && path.contains("/sheets/")
}

/// A sheet as it came.
pub(super) struct Csv {
    bytes: Vec<u8>,
    charset: Option<String>,
}

impl FromBody for Csv {
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Failure> {
        let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let charset = said.split(';').skip(1).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
        });
        Ok(Self { bytes: bytes.to_vec(), charset })
    }

    fn most(limits: &Limits) -> u64 {
        limits.large_body
    }
}

/// Tells all people of a company as CSV.
#[utoipa::path(get, path = "/v1/companies/{company}/sheets/users", operation_id = "exportUsers", tag = "Sheets",
    params(wire::OfCompany), responses((status = 200, description = "The sheet, in UTF-8.", body = String, content_type = "text/csv")))]
async fn users(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    export(app, read, Topic::Users).await
}

/// Tells all live groups of a company as CSV.
#[utoipa::path(get, path = "/v1/companies/{company}/sheets/groups", operation_id = "exportGroups", tag = "Sheets",
    params(wire::OfCompany), responses((status = 200, description = "The sheet, in UTF-8.", body = String, content_type = "text/csv")))]
async fn groups(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    export(app, read, Topic::Groups).await
}

/// Tells all members of live groups as CSV, a row a reason.
#[utoipa::path(get, path = "/v1/companies/{company}/sheets/members", operation_id = "exportMembers", tag = "Sheets",
    params(wire::OfCompany), responses((status = 200, description = "The sheet, in UTF-8.", body = String, content_type = "text/csv")))]
async fn members(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    export(app, read, Topic::Members).await
}

/// Makes and edits people from CSV, all rows or none; columns are found by their names.
#[utoipa::path(post, path = "/v1/companies/{company}/sheets/users", operation_id = "importUsers", tag = "Sheets",
    params(wire::OfCompany), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What came of it.", body = wire::ImportedSheet)))]
async fn put_users(State(app): State<App>, ask: Change<wire::OfCompany, Csv>) -> Reply {
    import(app, ask, Topic::Users, false).await
}

/// Makes and edits groups from CSV, all rows or none.
#[utoipa::path(post, path = "/v1/companies/{company}/sheets/groups", operation_id = "importGroups", tag = "Sheets",
    params(wire::OfCompany), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What came of it.", body = wire::ImportedSheet)))]
async fn put_groups(State(app): State<App>, ask: Change<wire::OfCompany, Csv>) -> Reply {
    import(app, ask, Topic::Groups, false).await
}

/// Puts people into groups and takes them out from CSV, all rows or none. With `whole=true` each group that is named
/// has just the members of its rows afterwards, unless the brake holds that.
#[utoipa::path(post, path = "/v1/companies/{company}/sheets/members", operation_id = "importMembers", tag = "Sheets",
    params(wire::OfCompany, wire::WholeSheet), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What came of it.", body = wire::ImportedSheet)))]
async fn put_members(State(app): State<App>, ask: Change<wire::OfCompany, Csv, wire::WholeSheet>) -> Reply {
    let whole = ask.query.whole.unwrap_or(false);
    import(app, ask, Topic::Members, whole).await
}

async fn import<Q>(app: App, ask: Change<wire::OfCompany, Csv, Q>, topic: Topic, whole: bool) -> Reply {
    ask.if_match.none_here()?;
    let Csv { bytes, charset } = ask.body;
    let opened = sheets::open(topic, &bytes, charset.as_deref(), whole)?;
    let rows = match &opened.sheet {
        Sheet::Users(rows) => rows.len(),
        Sheet::Groups(rows) => rows.len(),
        Sheet::Members { rows, .. } => rows.len(),
    };
    if rows > ROWS {
        return Err(Error::TooMany { field: "rows".into(), limit: ROWS as u64 }.into());
    }
    let (sheet, encoding, ignored) = (opened.sheet, opened.encoding, opened.ignored);
    let render = move |done: &Imported, revision: u64, _| {
        Answer::json(StatusCode::OK, &wire::ImportedSheet::of(*done, encoding, &ignored, revision))
    };
    let case = async |caller| -> Result<Written<Imported>> { app.engine().import_sheet(&caller, sheet).await };
    carry_out(ask.caller, ask.once, render, case).await
}

async fn export(app: App, read: Read<wire::OfCompany>, topic: Topic) -> Reply {
    app.engine().may_export_sheets(&read.caller).await?;
    let (to, pages) = mpsc::channel(AHEAD);
    let (engine, caller) = (app.engine().clone(), read.caller);
    let told = tokio::spawn(async move { engine.export_sheet(&caller, to).await });
    let writer = Writer::new(topic, app.engine().clock().now());
    let first = writer.header()?;
    let rest = futures_util::stream::unfold(Some((writer, pages, told)), async |state| {
        let (mut writer, mut pages, told) = state?;
        match pages.recv().await {
            Some(page) if writer.over(&page) => None,
            Some(page) => match writer.rows(page) {
                Ok(rows) => Some((Ok(Bytes::from(rows)), Some((writer, pages, told)))),
                Err(error) => Some((Err(std::io::Error::other(error)), None)),
            },
            // A sheet that breaks off must not look like a whole one: the answer breaks off with it.
            None => match told.await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some((Err(std::io::Error::other(error)), None)),
                Err(error) => Some((Err(std::io::Error::other(error)), None)),
            },
        }
    });
    let first = futures_util::stream::once(async { Ok::<_, std::io::Error>(Bytes::from(first)) });
    let mut response: Response = Body::from_stream(futures_util::StreamExt::chain(first, rest)).into_response();
    let name = match topic {
        Topic::Users => "users",
        Topic::Groups => "groups",
        Topic::Members => "members",
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
