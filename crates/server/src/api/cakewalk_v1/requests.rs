//! Requests: operations 19 to 22.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::AccessRequestId;
use guildhall_engine::AskAccess;
use http::{StatusCode, Uri};

use super::error::{ChangeRefusals, Failure, ListRefusals, ProblemDetails};
use super::extract::{Body, Paged, Queried};
use super::wire::List;
use super::wire_requests::{ChangePermission, GrantAccess, Raised, RemoveAccess, Request, RequestQuery};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists requests
///
/// In the order in which they were raised, 100 a page.
#[utoipa::path(
    get, path = "/api/v1/Requests", operation_id = "listRequests", tag = "Requests",
    params(
        ("status" = Option<String>, Query, description = "`Open`, `Approved`, `Declined`, `Cancelled` or `Completed`"),
        ("type" = Option<String>, Query, description = "A request type, such as `GrantAccessRequest`"),
        ("updatedSince" = Option<String>, Query, description = "An RFC 3339 time; only requests that changed then or later"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of requests", body = List<Request>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Queried(query): Queried<RequestQuery>,
    Paged(ask): Paged<AccessRequestId>,
    uri: Uri,
) -> Result<Json<List<Request>>, Failure> {
    let page = app.engine().access_requests(&caller, query.filter()?, &ask).await?;
    Ok(Json(List::filtered(&uri, page)))
}

/// Asks for access
#[utoipa::path(
    post, path = "/api/v1/Requests/GrantAccess", operation_id = "requestGrantAccess", tag = "Requests",
    request_body(content = GrantAccess, content_type = "application/json"),
    responses(
        (status = 201, description = "The request", body = Raised),
        (status = 409, description = "They have the app, it is asked for already, or it is not Managed", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn grant(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(ask): Body<GrantAccess>,
) -> Result<Response, Failure> {
    raise(&app, &caller, ask.into(), bad_reference).await
}

/// Asks for another permission level
#[utoipa::path(
    post, path = "/api/v1/Requests/ChangePermission", operation_id = "requestChangePermission", tag = "Requests",
    request_body(content = ChangePermission, content_type = "application/json"),
    responses(
        (status = 201, description = "The request", body = Raised),
        (status = 409, description = "They do not have the app, or not at another level, or it is asked for already", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(ask): Body<ChangePermission>,
) -> Result<Response, Failure> {
    raise(&app, &caller, ask.into(), bad_reference).await
}

/// Asks for the end of an access
#[utoipa::path(
    post, path = "/api/v1/Requests/RemoveAccess", operation_id = "requestRemoveAccess", tag = "Requests",
    request_body(content = RemoveAccess, content_type = "application/json"),
    responses(
        (status = 201, description = "The request", body = Raised),
        (status = 409, description = "It is asked for already, or the app is not Managed", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn remove(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(ask): Body<RemoveAccess>,
) -> Result<Response, Failure> {
    raise(&app, &caller, ask.into(), |error| error).await
}

/// CW-29: operations 20 and 21 know no 404, so an id in the body that leads nowhere is a bad request.
pub(super) fn bad_reference(error: Error) -> Error {
    match error {
        Error::Unknown { field, noun, .. } => Error::invalid(field, format!("names no {noun} of this company")),
        other => other,
    }
}

async fn raise(
    app: &App,
    caller: &Caller,
    ask: AskAccess,
    refuse: impl Fn(Error) -> Error,
) -> Result<Response, Failure> {
    let written = app.engine().ask_access(caller, ask).await.map_err(refuse)?;
    let body = Json(Raised { request_id: written.value.id.uuid() });
    Ok((StatusCode::CREATED, [("guildhall-revision", written.revision.to_string())], body).into_response())
}
