//! Tasks: operations 23 to 26.

use axum::Json;
use axum::extract::State;
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::TaskId;
use http::{StatusCode, Uri};

use super::error::{ChangeRefusals, Failure, ListRefusals, ProblemDetails, ReadRefusals};
use super::extract::{Id, MaybeBody, Paged, Queried};
use super::members::Changed;
use super::wire::{List, Record};
use super::wire_requests::{Decide, TaskDetailed, TaskQuery, TaskSimplified};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists the tasks of a user
///
/// Those that are or were in their hands, in the order in which they were opened, 100 a page.
#[utoipa::path(
    get, path = "/api/v1/Tasks", operation_id = "listTasks", tag = "Tasks",
    params(
        ("userId" = Uuid, Query, description = "The user"),
        ("status" = Option<String>, Query, description = "`Open`, `Approved`, `Declined` or `Cancelled`"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of tasks", body = List<TaskSimplified>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Queried(query): Queried<TaskQuery>,
    Paged(ask): Paged<TaskId>,
    uri: Uri,
) -> Result<Json<List<TaskSimplified>>, Failure> {
    let (user, filter) = query.filter()?;
    let page = app.engine().tasks_of(&caller, user, filter, &ask).await.map_err(|error| match error {
        Error::NotFound { .. } => Error::invalid("userId", "names no user of this company"),
        other => other,
    })?;
    Ok(Json(List::filtered(&uri, page)))
}

/// Reads a task
#[utoipa::path(
    get, path = "/api/v1/Tasks/{taskId}", operation_id = "getTask", tag = "Tasks",
    params(
        ("taskId" = Uuid, Path, description = "The task"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The task", body = Record<TaskDetailed>), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(task): Id<TaskId>,
    uri: Uri,
) -> Result<Json<Record<TaskDetailed>>, Failure> {
    let whole = app.engine().task(&caller, task).await?;
    Ok(Json(Record::of(&uri, whole)))
}

/// Approves a task, or carries out what was approved
#[utoipa::path(
    post, path = "/api/v1/Tasks/{taskId}/Approve", operation_id = "approveTask", tag = "Tasks",
    params(("taskId" = Uuid, Path, description = "The task")),
    request_body(content = Decide, content_type = "application/json"),
    responses(
        (status = 204, description = "It is decided",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        (status = 409, description = "It is no longer open", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn approve(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(task): Id<TaskId>,
    MaybeBody(body): MaybeBody<Decide>,
) -> Result<Changed, Failure> {
    decide(&app, &caller, task, body, true).await
}

/// Declines a task, which ends its request
#[utoipa::path(
    post, path = "/api/v1/Tasks/{taskId}/Decline", operation_id = "declineTask", tag = "Tasks",
    params(("taskId" = Uuid, Path, description = "The task")),
    request_body(content = Decide, content_type = "application/json"),
    responses(
        (status = 204, description = "It is decided",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        (status = 409, description = "It is no longer open", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn decline(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(task): Id<TaskId>,
    MaybeBody(body): MaybeBody<Decide>,
) -> Result<Changed, Failure> {
    decide(&app, &caller, task, body, false).await
}

async fn decide(app: &App, caller: &Caller, task: TaskId, body: Decide, approve: bool) -> Result<Changed, Failure> {
    let written = app.engine().decide_task(caller, task, body.into_command(approve)).await?;
    Ok(Changed(StatusCode::NO_CONTENT, written.revision))
}
