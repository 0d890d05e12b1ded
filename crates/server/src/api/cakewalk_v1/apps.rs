//! Work apps with their levels and custom fields: operations 10, 11, 13, 17 and 18.

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::{AppId, FieldId, LevelId};
use guildhall_domain::page::{Ask, From};
use guildhall_engine::{AppFilter, AppKey};
use http::{StatusCode, Uri};

use super::error::{ChangeRefusals, Failure, ListRefusals, ReadRefusals};
use super::extract::{Body, Id, Paged};
use super::members::Changed;
use super::wire::{List, Record};
use super::wire_apps::{PermissionLevel, SetCustomFields, WorkAppCustomField, WorkAppDetailed, WorkAppSimplified};
use crate::app::App;
use crate::http::caller::Auth;
use crate::http::cursor::Cursor;

/// Lists work apps
///
/// Every app of the company, by name (CW-13), 100 a page.
#[utoipa::path(
    get, path = "/api/v1/WorkApps", operation_id = "listWorkApps", tag = "WorkApps",
    params(
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of apps", body = List<WorkAppSimplified>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Paged(ask): Paged<AppKey>,
    uri: Uri,
) -> Result<Json<List<WorkAppSimplified>>, Failure> {
    let page = app.engine().apps(&caller, &AppFilter::default(), &ask).await?;
    Ok(Json(List::of(&uri, page)))
}

/// Reads a work app
#[utoipa::path(
    get, path = "/api/v1/WorkApps/{workAppId}", operation_id = "getWorkApp", tag = "WorkApps",
    params(
        ("workAppId" = Uuid, Path, description = "The app"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The app", body = Record<WorkAppDetailed>), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    uri: Uri,
) -> Result<Json<Record<WorkAppDetailed>>, Failure> {
    let whole = app.engine().app(&caller, id).await?;
    Ok(Json(Record::of(&uri, whole)))
}

/// The part of a list held whole that a page asks for, and where the next one begins.
pub(super) fn cut<T, K: PartialEq + Copy>(items: Vec<T>, ask: &Ask<K>, key: impl Fn(&T) -> K) -> (Vec<T>, Option<K>) {
    let skip = match ask.from {
        From::Start => 0,
        From::After(last) => items.iter().position(|item| key(item) == last).map_or(items.len(), |place| place + 1),
        From::Offset(n) => usize::try_from(n).unwrap_or(usize::MAX),
    };
    let limit = ask.limit as usize;
    let more = items.len().saturating_sub(skip) > limit;
    let page: Vec<T> = items.into_iter().skip(skip).take(limit).collect();
    let next = page.last().map(&key).filter(|_| more);
    (page, next)
}

fn listed<T, K: Cursor>(uri: &Uri, (page, next): (Vec<T>, Option<K>)) -> Json<List<T>> {
    Json(List::spoken(uri, page, next))
}

/// Lists the permission levels of a work app
///
/// In the order given to them.
#[utoipa::path(
    get, path = "/api/v1/WorkApps/{workAppId}/PermissionLevels", operation_id = "listPermissionLevels", tag = "WorkApps",
    params(
        ("workAppId" = Uuid, Path, description = "The app"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of levels", body = List<PermissionLevel>), ReadRefusals)
)]
pub(super) async fn levels(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    Paged(ask): Paged<LevelId>,
    uri: Uri,
) -> Result<Json<List<PermissionLevel>>, Failure> {
    let whole = app.engine().app(&caller, id).await?;
    let (page, next) = cut(whole.shown.app.levels, &ask, |level| level.id);
    Ok(listed(&uri, (page.into_iter().map(PermissionLevel::from).collect(), next)))
}

/// Lists the custom fields of a work app
///
/// In the order given to them.
#[utoipa::path(
    get, path = "/api/v1/WorkApps/{workAppId}/CustomFields", operation_id = "listCustomFields", tag = "WorkApps",
    params(
        ("workAppId" = Uuid, Path, description = "The app"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of custom fields", body = List<WorkAppCustomField>), ReadRefusals)
)]
pub(super) async fn fields(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    Paged(ask): Paged<FieldId>,
    uri: Uri,
) -> Result<Json<List<WorkAppCustomField>>, Failure> {
    let whole = app.engine().app(&caller, id).await?;
    let (page, next) = cut(whole.shown.app.fields, &ask, |field| field.id);
    let page = page.iter().map(|field| WorkAppCustomField::of(field, &whole.people)).collect();
    Ok(listed(&uri, (page, next)))
}

/// Sets values of custom fields of a work app
///
/// All of them or none.
#[utoipa::path(
    patch, path = "/api/v1/WorkApps/{workAppId}/CustomFields", operation_id = "setCustomFields", tag = "WorkApps",
    params(("workAppId" = Uuid, Path, description = "The app")),
    request_body(content = SetCustomFields, content_type = "application/json"),
    responses(
        (status = 204, description = "The values are set",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn set_fields(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    ask: Result<Body<SetCustomFields>, Failure>,
) -> Result<Changed, Failure> {
    let values = match ask {
        Ok(Body(ask)) => ask.into_command(),
        Err(wrong) => {
            // CW-15, 403 goes before 400.
            app.engine().may_change_apps(&caller).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().set_custom_fields(&caller, id, values).await?;
    Ok(Changed(StatusCode::NO_CONTENT, written.revision))
}
