//! Members of groups.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::Error;
use guildhall_domain::ids::UserId;
use guildhall_domain::membership::Outcome;
use guildhall_engine::{ChangedMember, MemberRef};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Problem;
use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, list_written, wire};
use crate::app::App;
use crate::http::caller::Cause;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, add))
        .routes(routes!(count))
        .routes(routes!(remove))
        .routes(routes!(get, put, end))
}

/// Lists the direct or, with `effective=true`, all members of a group, by user id.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/members", operation_id = "listMembers", tag = "Members",
    params(wire::OfGroup, wire::ListMembers), responses((status = 200, description = "One page of members.", body = wire::List<wire::ListedMember>)))]
async fn find(State(app): State<App>, read: Read<wire::OfGroup, wire::ListMembers>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let effective = read.query.effective.unwrap_or(false);
    let (group, told) = (read.path.group_id(), read.query.reasons.unwrap_or(false));
    let page = match wire::instant("at", read.query.at.as_deref())? {
        Some(_) if told => return Err(Error::invalid("reasons", "does not go with `at`").into()),
        Some(at) => app.engine().as_of(at)?.members(&read.caller, group, effective, &ask).await?,
        None => app.engine().members(&read.caller, group, effective, &ask).await?,
    };
    if !told {
        return list_written(&read.uri, &page, wire::write_member);
    }
    let users: Vec<_> = page.items.iter().map(|member| member.person.id).collect();
    let mut reasons = app.engine().reasons_each(&read.caller, group, &users).await?.into_iter();
    list(
        &read.uri,
        page.map(|member| wire::ListedMember {
            member: member.into(),
            reasons: reasons.next().map(|of| of.into_iter().map(wire::Reason::from).collect()),
        }),
    )
}

/// Counts the direct and the effective members of a group.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/members/count", operation_id = "countMembers", tag = "Members",
    params(wire::OfGroup, wire::At), responses((status = 200, description = "How many.", body = wire::MemberCount)))]
async fn count(State(app): State<App>, read: Read<wire::OfGroup, wire::At>) -> Reply {
    let count = match read.query.instant()? {
        Some(at) => app.engine().as_of(at)?.count_members(&read.caller, read.path.group_id()).await?,
        None => app.engine().count_members(&read.caller, read.path.group_id()).await?,
    };
    Ok(Answer::json(StatusCode::OK, &wire::MemberCount::from(count)).into_response())
}

/// Adds members to a group: all or, with `onError: skip`, those who can be.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/members", operation_id = "addMembers", tag = "Members",
    params(wire::OfGroup), request_body = wire::ChangeMembers,
    responses((status = 200, description = "What became of each.", body = wire::ChangedMembers)))]
async fn add(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::ChangeMembers>>) -> Reply {
    change(&app, ask, false).await
}

/// Removes members from a group: all or, with `onError: skip`, those who can be.
#[utoipa::path(post, path = "/v1/companies/{company}/groups/{group}/members/remove", operation_id = "removeMembers", tag = "Members",
    params(wire::OfGroup), request_body = wire::ChangeMembers,
    responses((status = 200, description = "What became of each.", body = wire::ChangedMembers)))]
async fn remove(State(app): State<App>, ask: Change<wire::OfGroup, Json<wire::ChangeMembers>>) -> Reply {
    change(&app, ask, true).await
}

async fn change(app: &App, ask: Change<wire::OfGroup, Json<wire::ChangeMembers>>, removes: bool) -> Reply {
    ask.if_match.none_here()?;
    let command = ask.body.0.command(ask.path.group_id(), removes)?;
    let named: Vec<MemberRef> = command.add.iter().chain(&command.remove).cloned().collect();
    let render = |changed: &Vec<ChangedMember>, revision: u64, _| {
        let results = changed.iter().map(wire::MemberResult::from).collect();
        Answer::json(StatusCode::OK, &wire::ChangedMembers { results, revision })
    };
    let case = async |caller| app.engine().change_members(&caller, command).await;
    carry_out(ask.caller, ask.once, render, case).await.map_err(|failure| failure.in_list("members", &named))
}

/// Tells a membership with all its reasons.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/members/{user}", operation_id = "getMember", tag = "Members",
    params(wire::OfMember, wire::At), responses((status = 200, description = "The membership.", body = wire::Membership)))]
async fn get(State(app): State<App>, read: Read<wire::OfMember, wire::At>) -> Reply {
    let (group, user) = (read.path.group_id(), read.path.user_id());
    let (member, reasons) = if let Some(at) = read.query.instant()? {
        app.engine().as_of(at)?.member(&read.caller, group, user).await?.ok_or(NOT_A_MEMBER)?
    } else {
        let member = app.engine().member(&read.caller, group, user).await?.ok_or(NOT_A_MEMBER)?;
        (member, app.engine().reasons(&read.caller, group, user).await?)
    };
    let reasons = reasons.into_iter().map(wire::Reason::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::Membership { member: member.into(), reasons }).into_response())
}

const NOT_A_MEMBER: Error = Error::NotFound { noun: "member of this group" };

/// Here the path names the user, so one who is not there is not found.
fn of_path(error: Error) -> Error {
    match error {
        Error::Unknown { .. } => Error::NotFound { noun: UserId::NOUN },
        other => other,
    }
}

/// Makes a user a member; one who is stays so.
#[utoipa::path(put, path = "/v1/companies/{company}/groups/{group}/members/{user}", operation_id = "addMember", tag = "Members",
    params(wire::OfMember), request_body = Option<wire::AddTerms>, responses(
        (status = 200, description = "They were a member already.", body = wire::MemberResult),
        (status = 201, description = "They are a member now.", body = wire::MemberResult)))]
async fn put(State(app): State<App>, ask: Change<wire::OfMember, Maybe<wire::AddTerms>>) -> Reply {
    ask.if_match.none_here()?;
    let add = vec![MemberRef::Id(ask.path.user_id())];
    let command = guildhall_engine::ChangeMembers::of(ask.path.group_id());
    let (window, note) = (ask.body.0.window()?, ask.body.0.note);
    let command = guildhall_engine::ChangeMembers { add, window, note, ..command };
    let render = |changed: &Vec<ChangedMember>, _: u64, _| {
        let new = changed.iter().any(|row| matches!(row.outcome, Ok(Outcome::Added)));
        let status = if new { StatusCode::CREATED } else { StatusCode::OK };
        Answer::json(status, &changed.first().map(wire::MemberResult::from))
    };
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().change_members(&caller, command).await.map_err(of_path)
    })
    .await
}

/// Ends a membership by hand: its direct and requested reasons.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}/members/{user}", operation_id = "removeMember", tag = "Members",
    params(wire::OfMember), responses((status = 204, description = "They are no member any more.")))]
async fn end(State(app): State<App>, ask: Change<wire::OfMember, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let remove = vec![MemberRef::Id(ask.path.user_id())];
    let command = guildhall_engine::ChangeMembers::of(ask.path.group_id());
    let command = guildhall_engine::ChangeMembers { remove, ..command };
    let request = ask.caller.request;
    let render = move |changed: &Vec<ChangedMember>, _: u64, _| {
        if changed.iter().any(|row| matches!(row.outcome, Ok(Outcome::Removed))) {
            Answer::empty(StatusCode::NO_CONTENT)
        } else {
            Problem::of(&NOT_A_MEMBER).answer(request)
        }
    };
    let mut response = carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().change_members(&caller, command).await.map_err(of_path)
    })
    .await?;
    if response.status() == StatusCode::NOT_FOUND {
        response.extensions_mut().insert(Cause(NOT_A_MEMBER.cause()));
    }
    Ok(response)
}
