//! Searches (§8): whatever an evaluation would permit, in pages.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::{RoleId, UserId};
use guildhall_domain::page::{From, Page};
use guildhall_domain::{Error, Result};
use guildhall_engine::{GroupKey, Question};

use super::error::{Failure, Refusals};
use super::extract::Asked;
use super::question::{GROUP, HOLDER, ON_GROUPS, People, ROLE, USER, effective, group, role};
use super::token::Paging;
use super::wire::{ActionSearch, Found, FoundAction, FoundEntity, ResourceSearch, SubjectSearch};
use crate::app::App;

/// What is not there permits nothing: a group or user that nobody has finds nobody, and is no error.
fn nothing<T, K>(error: Error) -> Result<Page<T, K>> {
    match error {
        Error::NotFound { .. } => Ok(none()),
        other => Err(other),
    }
}

fn none<T, K>() -> Page<T, K> {
    Page { items: Vec::new(), next: None, total: Some(0) }
}

fn found<T>((page, results): (super::wire::PageResponse, Vec<T>)) -> Json<Found<T>> {
    Json(Found { page, results })
}

/// Searches users who would be permitted
#[utoipa::path(
    post, path = "/access/v1/search/subject", operation_id = "searchSubjects", tag = "Search",
    request_body = SubjectSearch,
    responses((status = 200, description = "A page of subjects", body = Found<FoundEntity>), Refusals)
)]
pub(super) async fn subjects(
    State(app): State<App>,
    Asked(caller, ask): Asked<SubjectSearch>,
) -> Result<Json<Found<FoundEntity>>, Failure> {
    let (subject, action) = (ask.subject.0.checked("subject")?, ask.action.0.checked("action")?);
    let resource = ask.resource.0.checked("resource")?;
    let parts = ["subject", &subject.kind, &action.name, &resource.kind, &resource.id];
    let (paging, page) = Paging::read::<UserId>(ask.page.as_ref().map(|page| &page.0), &parts)?;
    let found_there = match (group(resource), effective(action)) {
        (Some(group), Some(effective)) if subject.kind == USER => {
            let members = app.engine().members(&caller, group, effective, &page).await.or_else(nothing)?;
            members.map(|member| member.person.id)
        }
        _ => match role(resource) {
            Some(role) if subject.kind == USER && action.name == HOLDER => {
                app.engine().holders(&caller, role, &page).await?
            }
            _ => none(),
        },
    };
    Ok(found(paging.told(found_there.map(|user| FoundEntity { kind: USER, id: user.uuid() }))))
}

/// Searches resources that the subject would be permitted
#[utoipa::path(
    post, path = "/access/v1/search/resource", operation_id = "searchResources", tag = "Search",
    request_body = ResourceSearch,
    responses((status = 200, description = "A page of resources", body = Found<FoundEntity>), Refusals)
)]
pub(super) async fn resources(
    State(app): State<App>,
    Asked(caller, ask): Asked<ResourceSearch>,
) -> Result<Json<Found<FoundEntity>>, Failure> {
    let (subject, action) = (ask.subject.0.checked("subject")?, ask.action.0.checked("action")?);
    let resource = ask.resource.0.checked("resource")?;
    let parts = ["resource", &subject.kind, &subject.id, &action.name, &resource.kind];
    let people = People::of(&app, &caller, std::iter::once(subject)).await?;
    if resource.kind == ROLE {
        let (paging, page) = Paging::read::<RoleId>(ask.page.as_ref().map(|page| &page.0), &parts)?;
        let mut held = BTreeSet::new();
        if let Some(user) = people.user(subject).filter(|_| action.name == HOLDER) {
            match app.engine().roles_of(&caller, user).await {
                Err(Error::NotFound { .. }) => {}
                sources => held.extend(sources?.iter().map(|source| source.role)),
            }
        }
        let total = held.len() as u64;
        let rows = held.into_iter().filter(|id| !matches!(page.from, From::After(after) if *id <= after));
        let cut = Page::cut(rows.take(page.limit as usize + 1).collect(), page.limit, Some(total), |id| *id);
        return Ok(found(paging.told(cut.map(|role| FoundEntity { kind: ROLE, id: role.uuid() }))));
    }
    let (paging, page) = Paging::read::<GroupKey>(ask.page.as_ref().map(|page| &page.0), &parts)?;
    let found_there = match (people.user(subject), effective(action)) {
        (Some(user), Some(effective)) if resource.kind == GROUP => {
            app.engine().groups_of(&caller, user, effective, &page).await.or_else(nothing)?
        }
        _ => none(),
    };
    Ok(found(paging.told(found_there.map(|(group, _)| FoundEntity { kind: GROUP, id: group.id.uuid() }))))
}

/// Searches actions that the subject would be permitted on the resource
#[utoipa::path(
    post, path = "/access/v1/search/action", operation_id = "searchActions", tag = "Search",
    request_body = ActionSearch,
    responses((status = 200, description = "A page of actions", body = Found<FoundAction>), Refusals)
)]
pub(super) async fn actions(
    State(app): State<App>,
    Asked(caller, ask): Asked<ActionSearch>,
) -> Result<Json<Found<FoundAction>>, Failure> {
    let (subject, resource) = (ask.subject.0.checked("subject")?, ask.resource.0.checked("resource")?);
    let parts = ["action", &subject.kind, &subject.id, &resource.kind, &resource.id];
    // There are few, so a place among them is a number.
    let (paging, page) = Paging::read::<u64>(ask.page.as_ref().map(|page| &page.0), &parts)?;
    let people = People::of(&app, &caller, std::iter::once(subject)).await?;
    let permitted = match (people.user(subject), group(resource)) {
        (Some(user), Some(group)) => {
            let questions = ON_GROUPS.map(|(_, effective)| Question { user, group, effective });
            let answers = app.engine().check(&caller, &questions).await?;
            let named = ON_GROUPS.iter().zip(answers).filter(|(_, permitted)| *permitted);
            named.map(|((name, _), _)| FoundAction { name }).collect()
        }
        (Some(user), None) => match role(resource) {
            Some(role) if app.engine().hold(&caller, &[(user, role)]).await? == [true] => {
                vec![FoundAction { name: HOLDER }]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let (total, skipped) = (permitted.len() as u64, if let From::After(n) = page.from { n } else { 0 });
    let rows = permitted.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect();
    let limit = page.limit;
    let cut = Page::cut(rows, limit, Some(total), |_| skipped + u64::from(limit));
    Ok(found(paging.told(cut)))
}
