//! In whose hands a decision belongs: who may decide a step, who carries out, who stands in for whom.

use std::collections::HashSet;

use guildhall_domain::caller::Role;
use guildhall_domain::group::Owner;
use guildhall_domain::ids::{CompanyId, GroupId, TaskId, UserId};
use guildhall_domain::policy::{Approvers, RequestKind, Step};
use guildhall_domain::request::{AccessRequest, Assigned, Task, TaskKind, TaskStatus};
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use crate::nestings;
use crate::store::nestings::Towards;
use crate::store::{self, Conn, accesses, owners, reasons, tasks};
use crate::writer::Tx;

/// The most people in whose hands one task is put; further ones may decide it all the same.
const PEOPLE: usize = 1000;

/// The effective members of groups at the instant of the transaction, each once, by id.
pub(crate) async fn members(tx: &mut Tx, groups: &[GroupId]) -> Result<Vec<UserId>> {
    let (company, now) = (tx.company(), tx.now());
    let below = nestings::reach(tx, company, groups, Towards::Children, None).await?.groups();
    let mut all: Vec<UserId> =
        reasons::user_ids_of_each(tx, company, &below, now).await?.into_iter().flatten().collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Those of `people` who are active and whose own the request is not, each once, by id.
async fn fit(tx: &mut Tx, request: &AccessRequest, mut people: Vec<UserId>) -> Result<Vec<UserId>> {
    people.retain(|user| !request.is_of(*user));
    people.sort_unstable();
    people.dedup();
    let company = tx.company();
    let found = store::users::get_each(tx, company, &people).await?;
    Ok(found.into_iter().flatten().filter(|user| user.counts()).map(|user| user.id).collect())
}

/// The administrators of the company.
async fn admins(conn: &mut Conn, company: CompanyId) -> Result<Vec<UserId>> {
    store::users::admins(conn, company).await
}

/// Those who look after the request's app.
async fn app_owners(tx: &mut Tx, request: &AccessRequest) -> Result<Vec<UserId>> {
    let company = tx.company();
    let Some(id) = request.app else { return Ok(Vec::new()) };
    let mut found = accesses::owners(tx, company, id).await?;
    found.extend(store::apps::get(tx, company, id).await?.and_then(|app| app.owner));
    Ok(found)
}

/// Those who own the group, in person or as members of a group that does.
pub(crate) async fn owners_of(tx: &mut Tx, id: GroupId) -> Result<Vec<UserId>> {
    let company = tx.company();
    let (mut people, mut groups) = (Vec::new(), Vec::new());
    for owner in owners::of_group(tx, company, id).await? {
        match owner {
            Owner::User(user) => people.push(user),
            Owner::Group(group) => groups.push(group),
        }
    }
    people.extend(members(tx, &groups).await?);
    Ok(people)
}

/// Who may decide a step now; none where it passes by itself. Where nobody is left it falls to the administrators, and
/// with none of them it is in nobody's hands.
pub(crate) async fn deciders(
    tx: &mut Tx,
    request: &AccessRequest,
    approvers: &Approvers,
) -> Result<Option<Vec<UserId>>> {
    let company = tx.company();
    let named = match approvers {
        Approvers::Manager => {
            let Some(person) = request.target.or(request.requester) else { return Ok(None) };
            match store::users::get(tx, company, person).await?.and_then(|user| user.manager) {
                Some(manager) => vec![manager],
                None => return Ok(None),
            }
        }
        Approvers::AppOwner => app_owners(tx, request).await?,
        Approvers::GroupOwner => match request.group {
            Some(group) => owners_of(tx, group).await?,
            None => Vec::new(),
        },
        Approvers::Admins => admins(tx, company).await?,
        Approvers::Users(users) => users.clone(),
        Approvers::Group(group) => members(tx, &[*group]).await?,
    };
    or_admins(tx, request, named).await.map(Some)
}

/// Who carries out now what was approved.
pub(crate) async fn doers(tx: &mut Tx, request: &AccessRequest) -> Result<Vec<UserId>> {
    let named = match request.kind {
        RequestKind::AddApp => Vec::new(),
        _ => app_owners(tx, request).await?,
    };
    or_admins(tx, request, named).await
}

async fn or_admins(tx: &mut Tx, request: &AccessRequest, named: Vec<UserId>) -> Result<Vec<UserId>> {
    let company = tx.company();
    let found = fit(tx, request, named).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let all = admins(tx, company).await?;
    fit(tx, request, all).await
}

/// Opens the tasks of a step, or the one to carry out, and notes them in `opened` for the event.
pub(crate) async fn open(
    tx: &mut Tx,
    request: &AccessRequest,
    step: Option<&Step>,
    people: Vec<UserId>,
    opened: &mut Vec<Assigned>,
) -> Result<()> {
    let lots: Vec<Vec<UserId>> = match step {
        Some(step) if step.all && !people.is_empty() => people.into_iter().map(|one| vec![one]).collect(),
        _ => vec![people],
    };
    let kind = if step.is_some() { TaskKind::Review } else { TaskKind::Action };
    let hours = step.and_then(|step| step.timeout_hours);
    for lot in lots {
        let due_at = hours.map(|hours| tx.now().plus_seconds(i64::from(hours) * 3600));
        let task = one(tx, request.id.uuid(), kind, request.step, due_at, &lot, |user| request.is_of(user)).await?;
        opened.push((task.id, request.id.uuid(), kind, lot));
    }
    Ok(())
}

/// Opens one task in these people's hands, and in those of whoever stands in for them.
pub(crate) async fn one(
    tx: &mut Tx,
    of: Uuid,
    kind: TaskKind,
    step: u32,
    due_at: Option<guildhall_domain::Timestamp>,
    people: &[UserId],
    own: impl Fn(UserId) -> bool,
) -> Result<Task> {
    let (company, now) = (tx.company(), tx.now());
    let task = Task {
        id: tx.clock.id(),
        request: of,
        kind,
        step,
        status: TaskStatus::Open,
        created_at: now,
        updated_at: now,
        due_at,
        escalations: 0,
        executed_by: None,
        comment: None,
    };
    tasks::insert(tx, company, std::slice::from_ref(&task)).await?;
    put(tx, task.id, people, own).await?;
    if let Some(due) = due_at {
        tx.head_mut().wake_at(due);
    }
    Ok(task)
}

/// Puts a task into these people's hands, and into those of whoever stands in for them.
pub(crate) async fn put(tx: &mut Tx, task: TaskId, people: &[UserId], own: impl Fn(UserId) -> bool) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let people = &people[..people.len().min(PEOPLE)];
    let mut hands: Vec<(TaskId, UserId, Uuid)> = people.iter().map(|user| (task, *user, Uuid::nil())).collect();
    for delegation in tasks::delegations_each(tx, company, people, now).await?.into_iter().flatten() {
        if !own(delegation.to) {
            hands.push((task, delegation.to, delegation.id.uuid()));
        }
    }
    tasks::put(tx, company, &hands).await
}

/// Refuses somebody who may not decide a task of this request now. Rights are read as they are at this moment: whoever
/// has left the group or lost the app since the task was opened decides nothing.
pub(crate) async fn may_decide(tx: &mut Tx, request: &AccessRequest, task: &Task, user: UserId) -> Result<()> {
    if request.is_of(user) {
        return Err(Error::forbidden("nobody decides their own request"));
    }
    let (company, now) = (tx.company(), tx.now());
    let hands = tasks::people_each(tx, company, &[task.id], now).await?.pop().unwrap_or_default();
    let step = request.steps.get(task.step as usize).filter(|_| task.kind == TaskKind::Review);
    let mut able: HashSet<UserId> = match step {
        Some(step) => deciders(tx, request, &step.approvers).await?.unwrap_or_default().into_iter().collect(),
        None => doers(tx, request).await?.into_iter().collect(),
    };
    let holds: HashSet<UserId> = hands.iter().filter(|(_, via)| !via).map(|(user, _)| *user).collect();
    // What has gone to somebody above is theirs, and no longer of those who let it lie.
    if task.escalations > 0 {
        able.clone_from(&holds);
    }
    // Of a step that all must approve, each has a task of their own.
    if step.is_some_and(|step| step.all) {
        able.retain(|user| holds.contains(user));
    }
    if able.contains(&user) || is_admin(tx, user).await? {
        return Ok(());
    }
    let able: Vec<UserId> = able.into_iter().collect();
    let mut standing = tasks::delegations_each(tx, company, &able, now).await?.into_iter().flatten();
    if standing.any(|delegation| delegation.to == user && delegation.window.holds(now)) {
        return Ok(());
    }
    Err(Error::forbidden("this task is in other hands"))
}

/// Does this person administer the company?
pub(crate) async fn is_admin(tx: &mut Tx, user: UserId) -> Result<bool> {
    let company = tx.company();
    let found = store::users::get(tx, company, user).await?;
    Ok(found.is_some_and(|user| user.role == Role::Admin && user.counts()))
}

/// Who decides a task that nobody decided in time: the managers of those who had it, else the administrators, the first
/// time. Empty when there is nobody further up.
pub(crate) async fn above(tx: &mut Tx, request: &AccessRequest, task: &Task) -> Result<Vec<UserId>> {
    let (company, now) = (tx.company(), tx.now());
    let hands = tasks::people_each(tx, company, &[task.id], now).await?.pop().unwrap_or_default();
    let had: Vec<UserId> = hands.into_iter().filter(|(_, via)| !via).map(|(user, _)| user).collect();
    let step = request.steps.get(task.step as usize);
    if step.is_some_and(|step| step.approvers == Approvers::Manager) {
        let found = store::users::get_each(tx, company, &had).await?;
        let managers: Vec<UserId> = found.into_iter().flatten().filter_map(|user| user.manager).collect();
        let mut next = fit(tx, request, managers).await?;
        next.retain(|user| !had.contains(user));
        if !next.is_empty() {
            return Ok(next);
        }
    }
    let all = admins(tx, company).await?;
    let mut next = fit(tx, request, all).await?;
    next.retain(|user| !had.contains(user));
    Ok(next)
}

/// Who looks at the offboarding of this person: their manager, else the administrators other than them.
pub(crate) async fn reviewers_of(tx: &mut Tx, user: &guildhall_domain::user::User) -> Result<Vec<UserId>> {
    let company = tx.company();
    if let Some(manager) = user.manager.filter(|manager| *manager != user.id)
        && store::users::get(tx, company, manager).await?.is_some_and(|manager| manager.counts())
    {
        return Ok(vec![manager]);
    }
    let mut all = admins(tx, company).await?;
    all.retain(|admin| *admin != user.id);
    Ok(all)
}
