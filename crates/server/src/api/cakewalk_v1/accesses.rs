//! Who has access to work apps: operations 12 and 14.

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::{AppId, UserId};
use guildhall_engine::AccessNames;
use http::{StatusCode, Uri};

use super::error::{ChangeRefusals, Failure, ProblemDetails, ReadRefusals};
use super::extract::{Body, Id, Paged};
use super::members::Changed;
use super::wire::List;
use super::wire_apps::{Access, RecordAccesses};
use crate::app::App;
use crate::http::caller::Auth;

/// What a request to record accesses calls its members.
const NAMES: AccessNames = AccessNames { list: "data", app: "workAppId", user: "userId", level: "permissionLevelId" };

/// Lists the accesses to a work app
///
/// By the id of the user, 100 a page.
#[utoipa::path(
    get, path = "/api/v1/WorkApps/{workAppId}/Accesses", operation_id = "listAccesses", tag = "WorkApps",
    params(
        ("workAppId" = Uuid, Path, description = "The app"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of accesses", body = List<Access>), ReadRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    Paged(ask): Paged<UserId>,
    uri: Uri,
) -> Result<Json<List<Access>>, Failure> {
    let (of, page) = app.engine().accesses(&caller, id, &ask).await?;
    Ok(Json(List::of(&uri, page.map(|holder| Access::of(&of, holder)))))
}

/// Records accesses
///
/// Straight away, without requests: all of them or none. The same user and app again changes the level.
#[utoipa::path(
    post, path = "/api/v1/WorkApps/Accesses", operation_id = "recordAccesses", tag = "WorkApps",
    request_body(content = RecordAccesses, content_type = "application/json"),
    responses(
        (status = 201, description = "All of them stand",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        (status = 409, description = "An app is archived", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn record(
    State(app): State<App>,
    Auth(caller): Auth,
    ask: Result<Body<RecordAccesses>, Failure>,
) -> Result<Changed, Failure> {
    let wanted = match ask {
        Ok(Body(ask)) => ask.into_command(),
        Err(wrong) => {
            // CW-15, 403 goes before 400.
            app.engine().may_change_apps(&caller).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().give_accesses(&caller, wanted, NAMES).await?;
    Ok(Changed(StatusCode::CREATED, written.revision))
}
