//! Searches (§8): whatever an evaluation would permit, in pages.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, LevelId, RoleId, UserId};
use guildhall_domain::page::{From, Page};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{GroupKey, Question};

use super::error::{Failure, Refusals};
use super::extract::Asked;
use super::question::{
    ACCESS, APP, GROUP, HOLDER, ON_GROUPS, People, ROLE, USER, effective, group, instant, level, role, work_app,
};
use super::token::Paging;
use super::wire::{
    ActionSearch, Context, Found, FoundAction, FoundEntity, FoundProperties, ResourceSearch, SubjectSearch,
};
use crate::app::App;
use crate::http::body::Object;

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

/// The instant that a search is about; none for the present.
fn then(app: &App, context: Option<&Object<Context>>) -> Result<Option<Timestamp>> {
    instant(context.map(|context| &context.0), app.engine().clock().now(), "context")
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
    let at = then(&app, ask.context.as_ref())?;
    let parts = ["subject", subject, action.name, action.level.unwrap_or_default(), resource.kind, resource.id];
    let (wanted, action) = (level(action.level), action.name);
    let (paging, page) = Paging::read::<UserId>(ask.page.as_ref().map(|page| &page.0), at, &parts)?;
    let engine = app.engine();
    let found_there = match (group(resource), effective(action)) {
        (Some(group), Some(effective)) if subject == USER => {
            let members = match at {
                None => engine.members(&caller, group, effective, &page).await,
                Some(at) => engine.as_of(at)?.members(&caller, group, effective, &page).await,
            };
            members.or_else(nothing)?.map(|member| member.person.id)
        }
        _ => match (role(resource), at) {
            (Some(role), None) if subject == USER && action == HOLDER => engine.holders(&caller, role, &page).await?,
            (Some(role), Some(at)) if subject == USER && action == HOLDER => {
                engine.as_of(at)?.holders(&caller, role, &page).await?
            }
            _ => match work_app(resource) {
                Some(app) if subject == USER && action == ACCESS => {
                    engine.app_holders(&caller, app, wanted.as_ref(), at, &page).await?
                }
                _ => none(),
            },
        },
    };
    Ok(found(paging.told(found_there.map(|user| FoundEntity { kind: USER, id: user.uuid() }))))
}

/// The roles that a user holds, or held at an instant.
async fn roles_of(app: &App, caller: &Caller, user: UserId, at: Option<Timestamp>) -> Result<BTreeSet<RoleId>> {
    if let Some(at) = at {
        return Ok(app.engine().as_of(at)?.roles_of_each(caller, &[user]).await?.pop().unwrap_or_default());
    }
    match app.engine().roles_of(caller, user).await {
        Err(Error::NotFound { .. }) => Ok(BTreeSet::new()),
        sources => Ok(sources?.iter().map(|source| source.role).collect()),
    }
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
    let at = then(&app, ask.context.as_ref())?;
    let parts = ["resource", subject.kind, subject.id, action.name, action.level.unwrap_or_default(), resource];
    let (wanted, action) = (level(action.level), action.name);
    let people = People::of(&app, &caller, std::iter::once(subject)).await?;
    if resource == ROLE {
        let (paging, page) = Paging::read::<RoleId>(ask.page.as_ref().map(|page| &page.0), at, &parts)?;
        let user = people.user(subject).filter(|_| action == HOLDER);
        let held = match user {
            Some(user) => roles_of(&app, &caller, user, at).await?,
            None => BTreeSet::new(),
        };
        let total = held.len() as u64;
        let rows = held.into_iter().filter(|id| !matches!(page.from, From::After(after) if *id <= after));
        let cut = Page::cut(rows.take(page.limit as usize + 1).collect(), page.limit, Some(total), |id| *id);
        return Ok(found(paging.told(cut.map(|role| FoundEntity { kind: ROLE, id: role.uuid() }))));
    }
    if resource == APP {
        let (paging, page) = Paging::read::<AppId>(ask.page.as_ref().map(|page| &page.0), at, &parts)?;
        let user = people.user(subject).filter(|_| action == ACCESS);
        let had = match user {
            Some(user) => app.engine().apps_had(&caller, user, wanted.as_ref(), at).await?.into_keys().collect(),
            None => BTreeSet::new(),
        };
        let total = had.len() as u64;
        let rows = had.into_iter().filter(|id| !matches!(page.from, From::After(after) if *id <= after));
        let cut = Page::cut(rows.take(page.limit as usize + 1).collect(), page.limit, Some(total), |id| *id);
        return Ok(found(paging.told(cut.map(|id| FoundEntity { kind: APP, id: id.uuid() }))));
    }
    let (paging, page) = Paging::read::<GroupKey>(ask.page.as_ref().map(|page| &page.0), at, &parts)?;
    let engine = app.engine();
    let found_there = match (people.user(subject), effective(action)) {
        (Some(user), Some(effective)) if resource == GROUP => match at {
            None => engine.groups_of(&caller, user, effective, &page).await.map(|page| page.map(|(group, _)| group.id)),
            Some(at) => {
                let page = engine.as_of(at)?.groups_of(&caller, user, effective, &page).await;
                page.map(|page| page.map(|(group, _)| group.id))
            }
        }
        .or_else(nothing)?,
        _ => none(),
    };
    Ok(found(paging.told(found_there.map(|group| FoundEntity { kind: GROUP, id: group.uuid() }))))
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
    let at = then(&app, ask.context.as_ref())?;
    let parts = ["action", subject.kind, subject.id, resource.kind, resource.id];
    // There are few, so a place among them is a number.
    let (paging, page) = Paging::read::<u64>(ask.page.as_ref().map(|page| &page.0), at, &parts)?;
    let people = People::of(&app, &caller, std::iter::once(subject)).await?;
    let permitted = match (people.user(subject), group(resource)) {
        (Some(user), Some(group)) => {
            let questions = ON_GROUPS.map(|(_, effective)| (Question { user, group, effective }, at));
            let answers = app.engine().check_each(&caller, &questions).await?;
            let named = ON_GROUPS.iter().zip(answers).filter(|(_, permitted)| *permitted);
            named.map(|((name, _), _)| FoundAction { name, properties: None }).collect()
        }
        (Some(user), None) => match role(resource) {
            Some(role) if app.engine().hold_each(&caller, &[((user, role), at)]).await? == [true] => {
                vec![FoundAction { name: HOLDER, properties: None }]
            }
            _ => match work_app(resource) {
                Some(id) => {
                    let had = app.engine().apps_had(&caller, user, None, at).await?.remove(&id);
                    let properties = |level: LevelId| FoundProperties { level: level.uuid() };
                    let action = |level: Option<_>| FoundAction { name: ACCESS, properties: level.map(properties) };
                    had.map(action).into_iter().collect()
                }
                None => Vec::new(),
            },
        },
        _ => Vec::new(),
    };
    let (total, skipped) = (permitted.len() as u64, if let From::After(n) = page.from { n } else { 0 });
    let rows = permitted.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect();
    let limit = page.limit;
    let cut = Page::cut(rows, limit, Some(total), |_| skipped + u64::from(limit));
    Ok(found(paging.told(cut)))
}
