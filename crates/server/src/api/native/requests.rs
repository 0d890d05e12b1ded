//! Requests, tasks, delegations and offboarding.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::request::{AccessRequest, Delegation, Task};
use guildhall_domain::user::User;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, raise))
        .routes(routes!(get))
        .routes(routes!(withdraw))
        .routes(routes!(tasks_of_request))
        .routes(routes!(tasks_of_user))
        .routes(routes!(task))
        .routes(routes!(approve))
        .routes(routes!(decline))
        .routes(routes!(delegations, delegate))
        .routes(routes!(undelegate))
        .routes(routes!(offboard, call_off))
}

fn answer(status: StatusCode, request: &AccessRequest) -> Answer {
    Answer::json(status, &wire::Request::from(request))
}

/// Lists requests, in the order in which they were raised. A guest sees their own.
#[utoipa::path(get, path = "/v1/companies/{company}/requests", operation_id = "listRequests", tag = "Requests",
    params(wire::OfCompany, wire::ListRequests), responses((status = 200, description = "One page of requests.", body = wire::List<wire::Request>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListRequests>) -> Reply {
    let filter = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let page = app.engine().access_requests(&read.caller, filter, &ask).await?;
    list(&read.uri, page.map(|request| wire::Request::from(&request)))
}

/// Asks for an access, a change or the end of one, an app's adding or archiving, or a membership.
#[utoipa::path(post, path = "/v1/companies/{company}/requests", operation_id = "createRequest", tag = "Requests",
    params(wire::OfCompany), request_body = wire::NewRequest, responses((status = 201, description = "The request.", body = wire::Request)))]
async fn raise(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewRequest>>) -> Reply {
    ask.if_match.none_here()?;
    let wanted = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |request: &AccessRequest, _: u64, _| {
        let place = format!("/v1/companies/{company}/requests/{}", request.id);
        answer(StatusCode::CREATED, request).with(&header::LOCATION, place)
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().ask_access(&caller, wanted).await).await
}

/// Tells one request.
#[utoipa::path(get, path = "/v1/companies/{company}/requests/{request}", operation_id = "getRequest", tag = "Requests",
    params(wire::OfRequest), responses((status = 200, description = "The request.", body = wire::Request)))]
async fn get(State(app): State<App>, read: Read<wire::OfRequest>) -> Reply {
    let request = app.engine().access_request(&read.caller, read.path.request_id()).await?;
    Ok(answer(StatusCode::OK, &request).into_response())
}

/// Withdraws a request that is not carried out yet.
#[utoipa::path(post, path = "/v1/companies/{company}/requests/{request}/withdraw", operation_id = "withdrawRequest", tag = "Requests",
    params(wire::OfRequest), responses((status = 200, description = "The request, cancelled.", body = wire::Request)))]
async fn withdraw(State(app): State<App>, ask: Change<wire::OfRequest, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.request_id();
    let render = |request: &AccessRequest, _: u64, _| answer(StatusCode::OK, request);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().withdraw_request(&caller, id).await).await
}

/// Lists the tasks of a request, in the order in which they were opened.
#[utoipa::path(get, path = "/v1/companies/{company}/requests/{request}/tasks", operation_id = "listRequestTasks", tag = "Tasks",
    params(wire::OfRequest), responses((status = 200, description = "All of them.", body = wire::List<wire::TaskWithPeople>)))]
async fn tasks_of_request(State(app): State<App>, read: Read<wire::OfRequest>) -> Reply {
    let all = app.engine().tasks_of_request(&read.caller, read.path.request_id()).await?;
    let items: Vec<wire::TaskWithPeople> = all.into_iter().map(Into::into).collect();
    Ok(Answer::json(StatusCode::OK, &wire::List { items, next: None, total: None }).into_response())
}

/// Lists the tasks that are or were in a user's hands, in the order in which they were opened.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/tasks", operation_id = "listTasks", tag = "Tasks",
    params(wire::OfUser, wire::ListTasks), responses((status = 200, description = "One page of tasks.", body = wire::List<wire::Task>)))]
async fn tasks_of_user(State(app): State<App>, read: Read<wire::OfUser, wire::ListTasks>) -> Reply {
    let filter = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let page = app.engine().tasks_of(&read.caller, read.path.user_id(), filter, &ask).await?;
    list(&read.uri, page.map(|(task, _)| wire::Task::from(&task)))
}

/// Tells one task.
#[utoipa::path(get, path = "/v1/companies/{company}/tasks/{task}", operation_id = "getTask", tag = "Tasks",
    params(wire::OfTask), responses((status = 200, description = "The task.", body = wire::TaskWithPeople)))]
async fn task(State(app): State<App>, read: Read<wire::OfTask>) -> Reply {
    let whole = app.engine().task(&read.caller, read.path.task_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::TaskWithPeople::from(whole)).into_response())
}

/// Approves a task, or carries out what was approved. Of several who decide at once, one does.
#[utoipa::path(post, path = "/v1/companies/{company}/tasks/{task}/approve", operation_id = "approveTask", tag = "Tasks",
    params(wire::OfTask), request_body = Option<wire::Decide>, responses((status = 200, description = "The task.", body = wire::Task)))]
async fn approve(State(app): State<App>, ask: Change<wire::OfTask, Maybe<wire::Decide>>) -> Reply {
    decide(&app, ask, true).await
}

/// Declines a task, which ends its request.
#[utoipa::path(post, path = "/v1/companies/{company}/tasks/{task}/decline", operation_id = "declineTask", tag = "Tasks",
    params(wire::OfTask), request_body = Option<wire::Decide>, responses((status = 200, description = "The task.", body = wire::Task)))]
async fn decline(State(app): State<App>, ask: Change<wire::OfTask, Maybe<wire::Decide>>) -> Reply {
    decide(&app, ask, false).await
}

async fn decide(app: &App, ask: Change<wire::OfTask, Maybe<wire::Decide>>, approve: bool) -> Reply {
    ask.if_match.none_here()?;
    let (id, decision) = (ask.path.task_id(), ask.body.0.command(approve));
    let render = |task: &Task, _: u64, _| Answer::json(StatusCode::OK, &wire::Task::from(task));
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().decide_task(&caller, id, decision).await).await
}

/// Lists the delegations of a user that have not ended.
#[utoipa::path(get, path = "/v1/companies/{company}/users/{user}/delegations", operation_id = "listDelegations", tag = "Tasks",
    params(wire::OfUser), responses((status = 200, description = "All of them.", body = wire::List<wire::Delegation>)))]
async fn delegations(State(app): State<App>, read: Read<wire::OfUser>) -> Reply {
    let all = app.engine().delegations(&read.caller, read.path.user_id()).await?;
    let items: Vec<wire::Delegation> = all.iter().map(wire::Delegation::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::List { items, next: None, total: None }).into_response())
}

/// Lets another decide in a user's place for a while, tasks that are open already among them.
#[utoipa::path(post, path = "/v1/companies/{company}/users/{user}/delegations", operation_id = "createDelegation", tag = "Tasks",
    params(wire::OfUser), request_body = wire::NewDelegation, responses((status = 201, description = "The delegation.", body = wire::Delegation)))]
async fn delegate(State(app): State<App>, ask: Change<wire::OfUser, Json<wire::NewDelegation>>) -> Reply {
    ask.if_match.none_here()?;
    let (company, from) = (ask.path.company_id(), ask.path.user_id());
    let (to, window, reason) = ask.body.0.command()?;
    let render = move |made: &Delegation, _: u64, _| {
        let place = format!("/v1/companies/{company}/users/{from}/delegations/{}", made.id);
        Answer::json(StatusCode::CREATED, &wire::Delegation::from(made)).with(&header::LOCATION, place)
    };
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().delegate(&caller, from, to, window, reason).await
    })
    .await
}

/// Ends a delegation, at once.
#[utoipa::path(delete, path = "/v1/companies/{company}/users/{user}/delegations/{delegation}", operation_id = "endDelegation", tag = "Tasks",
    params(wire::OfDelegation), responses((status = 204, description = "It has ended.")))]
async fn undelegate(State(app): State<App>, ask: Change<wire::OfDelegation, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (from, id) = (ask.path.user_id(), ask.path.delegation_id());
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().undelegate(&caller, from, id).await).await
}

/// Offboards a user: every managed app they have is asked back, and once all of that is done they are deactivated.
#[utoipa::path(post, path = "/v1/companies/{company}/users/{user}/offboarding", operation_id = "offboardUser", tag = "Requests",
    params(wire::OfUser), responses((status = 200, description = "The user as they are now.", body = wire::User)))]
async fn offboard(State(app): State<App>, ask: Change<wire::OfUser, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let user = ask.path.user_id();
    let render = |user: &User, _: u64, _| Answer::json(StatusCode::OK, &wire::User::from(user)).tagged(user.version);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().offboard_user(&caller, user).await).await
}

/// Calls an offboarding off; removals already done stay.
#[utoipa::path(delete, path = "/v1/companies/{company}/users/{user}/offboarding", operation_id = "callOffboardingOff", tag = "Requests",
    params(wire::OfUser), responses((status = 200, description = "The user as they are now.", body = wire::User)))]
async fn call_off(State(app): State<App>, ask: Change<wire::OfUser, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let user = ask.path.user_id();
    let render = |user: &User, _: u64, _| Answer::json(StatusCode::OK, &wire::User::from(user)).tagged(user.version);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().call_offboarding_off(&caller, user).await).await
}
