//! Requests for access: raised, led from step to step, carried out, withdrawn.

use guildhall_domain::app::{AppStatus, EditApp};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AccessRequestId, AppId, GroupId, LevelId, UserId};
use guildhall_domain::membership::{Reason, ReasonKind};
use guildhall_domain::patch::Patch;
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{AccessRequest, Assigned, RequestEvent, RequestStatus, TaskKind, TaskStatus};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::store::{self, reasons, requests, tasks};
use crate::writer::Tx;
use crate::{GiveAccess, accesses, apps, connections, hands, journal, offboarding, policies};

/// What is asked for, the same for everybody it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub kind: RequestKind,
    pub requester: Option<UserId>,
    pub app: Option<AppId>,
    pub level: Option<LevelId>,
    pub group: Option<GroupId>,
    pub purpose: Option<String>,
    pub source: Option<Uuid>,
    pub ends_at: Option<Timestamp>,
}

/// Raises a request for each target, one event for all of them; approved at once where `approve` says so.
pub(crate) async fn raise(
    tx: &mut Tx,
    wanted: &Wanted,
    targets: &[Option<UserId>],
    approve: bool,
) -> Result<Vec<AccessRequest>> {
    let (company, now) = (tx.company(), tx.now());
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let of = wanted.app.map(AppId::uuid).or(wanted.group.map(GroupId::uuid));
    let policy = policies::fitting(tx, company, wanted.kind, of, wanted.level).await?;
    let status = if approve { RequestStatus::Completed } else { RequestStatus::Open };
    let born = |target: &Option<UserId>| AccessRequest {
        id: tx.clock.id(),
        kind: wanted.kind,
        status,
        requester: wanted.requester,
        target: *target,
        app: wanted.app,
        level: wanted.level,
        group: wanted.group,
        purpose: wanted.purpose.clone(),
        policy: (!approve).then_some(policy.id),
        policy_number: if approve { 0 } else { policy.number },
        steps: if approve { Vec::new() } else { policy.steps.clone() },
        autoprovision: policy.autoprovision,
        step: 0,
        source: wanted.source,
        ends_at: wanted.ends_at,
        created_at: now,
        updated_at: now,
        cancelled_by: None,
    };
    let mut raised: Vec<AccessRequest> = targets.iter().map(born).collect();
    for request in &raised {
        requests::insert(tx, company, request).await?;
    }
    let event = RequestEvent::Raised {
        requests: raised.iter().map(|request| (request.id, request.target)).collect(),
        kind: wanted.kind,
        app: wanted.app,
        level: wanted.level,
        group: wanted.group,
        source: wanted.source,
        status,
    };
    let subject = event.subject();
    journal::append(tx, &Event::Request(event)).await?;
    if approve {
        let people: Vec<UserId> = targets.iter().copied().flatten().collect();
        carry_out_for(tx, wanted, &people).await?;
        return Ok(raised);
    }
    let mut opened = Vec::new();
    for request in &mut raised {
        advance(tx, request, &mut opened).await?;
    }
    tell(tx, subject, opened).await?;
    Ok(raised)
}

/// Tells of tasks that were put into hands.
pub(crate) async fn tell(tx: &mut Tx, subject: Uuid, opened: Vec<Assigned>) -> Result<()> {
    if opened.is_empty() {
        return Ok(());
    }
    // What is approved and waits to be carried out is told by itself: receivers may carry it out.
    let tasks: Vec<Assigned> = opened.iter().filter(|(_, _, kind, _)| *kind == TaskKind::Action).cloned().collect();
    let mut events = vec![Event::Request(RequestEvent::Assigned { subject, tasks: opened })];
    if !tasks.is_empty() {
        events.push(Event::Request(RequestEvent::Actionable { subject, tasks }));
    }
    journal::append_all(tx, &events).await
}

/// Gives or takes the same app for many, in one event.
async fn carry_out_for(tx: &mut Tx, wanted: &Wanted, people: &[UserId]) -> Result<()> {
    let Some(app) = wanted.app else { return Ok(()) };
    match wanted.kind {
        RequestKind::Remove => accesses::end(tx, app, people).await.map(drop),
        _ => {
            let give = |user: &UserId| GiveAccess { app, user: *user, level: wanted.level, is_owner: None };
            let all: Vec<GiveAccess> = people.iter().map(give).collect();
            accesses::open(tx, &all).await.map(drop)
        }
    }
}

/// Leads a request on from the step it is at: opens that step's tasks, or carries out what is approved. A step that
/// passes by itself is passed.
pub(crate) async fn advance(tx: &mut Tx, request: &mut AccessRequest, opened: &mut Vec<Assigned>) -> Result<()> {
    while let Some(step) = request.steps.get(request.step as usize).cloned() {
        if let Some(people) = hands::deciders(tx, request, &step.approvers).await? {
            hands::open(tx, request, Some(&step), people, opened).await?;
            return save(tx, request).await;
        }
        request.step += 1;
    }
    if request.autoprovision {
        return complete(tx, request).await;
    }
    request.status = RequestStatus::Approved;
    let people = hands::doers(tx, request).await?;
    hands::open(tx, request, None, people, opened).await?;
    save(tx, request).await?;
    moved(tx, request).await
}

/// Carries out what was approved, and notes that it is done.
pub(crate) async fn complete(tx: &mut Tx, request: &mut AccessRequest) -> Result<()> {
    carry_out(tx, request).await?;
    request.status = RequestStatus::Completed;
    save(tx, request).await?;
    moved(tx, request).await?;
    offboarding::settle(tx, request).await
}

/// Ends a request that nobody carries out any more, with its open tasks.
pub(crate) async fn end(tx: &mut Tx, request: &mut AccessRequest, status: RequestStatus) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    request.status = status;
    if status == RequestStatus::Cancelled {
        request.cancelled_by = tx.caller().user();
    }
    save(tx, request).await?;
    let open = if status == RequestStatus::Expired { TaskStatus::Expired } else { TaskStatus::Cancelled };
    tasks::close(tx, company, request.id.uuid(), open, now).await?;
    moved(tx, request).await
}

async fn save(tx: &mut Tx, request: &mut AccessRequest) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    request.updated_at = now;
    if requests::advance(tx, company, request).await? {
        return Ok(());
    }
    Err(Error::conflict("this request is no longer open"))
}

async fn moved(tx: &mut Tx, request: &AccessRequest) -> Result<()> {
    let event = RequestEvent::Moved { request: request.id, status: request.status };
    journal::append(tx, &Event::Request(event)).await
}

/// Does what the request asks for.
async fn carry_out(tx: &mut Tx, request: &AccessRequest) -> Result<()> {
    let company = tx.company();
    let lost = |noun: &str| Error::conflict(format!("the {noun} that this request is about is gone"));
    if let (RequestKind::JoinGroup, Some(group), Some(user)) = (request.kind, request.group, request.target) {
        return join(tx, request, group, user).await;
    }
    let id = request.app.ok_or_else(|| Error::internal("a request without its app"))?;
    let app = store::apps::get(tx, company, id).await?.ok_or_else(|| lost("app"))?;
    if matches!(request.kind, RequestKind::ArchiveApp | RequestKind::AddApp) {
        let archives = request.kind == RequestKind::ArchiveApp;
        let status = if archives { AppStatus::Archived } else { AppStatus::Managed };
        return apps::edit(tx, app, EditApp { status: Patch::Set(status), ..Default::default() }).await.map(drop);
    }
    let user = request.target.ok_or_else(|| Error::internal("a request without its target"))?;
    if request.kind == RequestKind::Remove {
        return accesses::end(tx, id, &[user]).await.map(drop);
    }
    store::users::get(tx, company, user).await?.filter(|user| user.counts()).ok_or_else(|| lost("user"))?;
    app.managed()?;
    if request.level.is_some_and(|level| app.level(level).is_none()) {
        return Err(lost("permission level"));
    }
    if request.kind == RequestKind::Change && store::accesses::standing(tx, company, &[(id, user)]).await?[0].is_none()
    {
        return Err(lost("access"));
    }
    accesses::open(tx, &[GiveAccess { app: id, user, level: request.level, is_owner: None }]).await.map(drop)
}

/// Lets somebody into a group, until the end they wished for.
async fn join(tx: &mut Tx, request: &AccessRequest, group: GroupId, user: UserId) -> Result<()> {
    let (company, now, revision) = (tx.company(), tx.now(), tx.revision());
    let group = groups::get(tx, company, group, Shown::Live).await.map_err(|error| match error {
        Error::NotFound { .. } => Error::conflict("the group that this request is about is gone"),
        fault => fault,
    })?;
    connections::open_to(tx, &group).await?;
    // What only an administrator may fill by hand is not filled by the leave of anybody less.
    if authz::gives_power(tx, company, group.id).await? {
        let caller = tx.caller().clone();
        authz::may(tx, &caller, Action::ManageMembers(group.id), now).await?;
    }
    if request.ends_at.is_some_and(|end| end <= now) {
        return Err(Error::conflict("the wished end has passed"));
    }
    let window = Window { starts: None, ends: request.ends_at };
    let reason = Reason {
        id: tx.clock.id(),
        group: group.id,
        user,
        kind: ReasonKind::Requested,
        source: request.id.uuid(),
        giver: tx.caller().user(),
        window,
        note: request.purpose.clone().filter(|purpose| purpose.chars().count() <= 1000),
        added_at: now,
    };
    let note = reason.note.clone();
    reasons::open(tx, company, &[reason], now, revision).await?;
    crate::memberships::wake_for(tx, window);
    store::groups::touch(tx, company, group.id, now).await?;
    let kind = ReasonKind::Requested;
    let event = Event::MembersAdded { group: group.id, users: vec![user], kind, window, note };
    journal::append(tx, &event).await?;
    // Boxed, as what joining brings about may be a request that is carried out at once.
    Box::pin(crate::grants::joined(tx, group.id, &[user])).await
}

/// The request, if the company has it.
pub(crate) async fn get(tx: &mut Tx, id: AccessRequestId) -> Result<AccessRequest> {
    let company = tx.company();
    requests::get(tx, company, id).await?.ok_or(Error::NotFound { noun: AccessRequestId::NOUN })
}
