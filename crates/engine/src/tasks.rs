//! Use cases on tasks: who decides, once; what time does to them; who stands in for whom.

use guildhall_domain::caller::{Actor, Caller};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AccessRequestId, DelegationId, OffboardingId, TaskId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::policy::Timeout;
use guildhall_domain::request::{AccessRequest, Delegation, RequestEvent, RequestStatus, Task, TaskKind, TaskStatus};
use guildhall_domain::time::Window;
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp, name};

use crate::authz::{self, Action};
use crate::store::tasks::TaskFilter;
use crate::store::{self, Conn, requests as rows, tasks};
use crate::writer::Tx;
use crate::{Engine, Written, hands, journal, offboarding, requests, users};

const GONE: Error = Error::NotFound { noun: TaskId::NOUN };
/// The most delegations of one person that have not ended.
const DELEGATIONS: usize = 100;

/// A task with what its own page shows beside it.
#[derive(Clone, Debug)]
pub struct WholeTask {
    /// The task.
    pub task: Task,
    /// The request that it decides; none where it is about an offboarding.
    pub request: Option<AccessRequest>,
    /// In whose hands it is; nobody's while it waits for somebody who may decide it.
    pub claimers: Vec<User>,
    /// Who decided it.
    pub executed_by: Option<User>,
    /// Whom an offboarding is about.
    pub leaving: Option<User>,
}

/// How a task is decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Approved, or carried out? Else declined.
    pub approve: bool,
    /// Who decides, where the caller names another than themselves.
    pub by: Option<UserId>,
    /// What they say.
    pub comment: Option<String>,
    /// What the request calls the one who decides, for errors.
    pub field: &'static str,
}

/// The person who decides: the one named, whom only an administrator may name, else the caller.
async fn executor(tx: &mut Tx, decision: &Decision) -> Result<UserId> {
    let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
    let wrong = |why: &str| Error::invalid(decision.field, why);
    let by = match decision.by {
        Some(by) if caller.user() == Some(by) => by,
        Some(by) => {
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            by
        }
        None => caller.user().ok_or_else(|| wrong("is required, as this key acts as nobody"))?,
    };
    let found = store::users::get(tx, company, by).await?;
    found.filter(|user| user.counts()).ok_or_else(|| wrong("is not an active user of this company"))?;
    Ok(by)
}

async fn decide(tx: &mut Tx, id: TaskId, decision: Decision) -> Result<Task> {
    let (company, now) = (tx.company(), tx.now());
    let mut task = tasks::get(tx, company, id).await?.ok_or(GONE)?;
    let by = executor(tx, &decision).await?;
    let comment = decision.comment.as_deref().map(|raw| name::description("comment", raw)).transpose()?;
    let request = match task.kind {
        TaskKind::Offboarding => None,
        _ => rows::get(tx, company, AccessRequestId::new(task.request)).await?,
    };
    match &request {
        Some(request) => hands::may_decide(tx, request, &task, by).await?,
        None => may_review(tx, &task, by).await?,
    }
    task.is_open_at(now)?;
    task.status = if decision.approve { TaskStatus::Approved } else { TaskStatus::Declined };
    (task.executed_by, task.comment, task.updated_at) = (Some(by), comment, now);
    // The row is the judge: of two who decide at the same moment one finds it open.
    if !tasks::decide(tx, company, id, task.status, Some(by), task.comment.as_ref(), now).await? {
        return Err(Error::conflict("this task is no longer open"));
    }
    tx.act_as(Actor::User(by));
    let event = RequestEvent::Decided { task: id, request: task.request, approved: decision.approve };
    journal::append(tx, &Event::Request(event)).await?;
    match request {
        Some(request) => after(tx, request, &task).await?,
        None => offboarding::reviewed(tx, OffboardingId::new(task.request), decision.approve).await?,
    }
    Ok(task)
}

async fn may_review(tx: &mut Tx, task: &Task, by: UserId) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let leaving = rows::offboarding(tx, company, OffboardingId::new(task.request)).await?;
    if leaving == Some(by) {
        return Err(Error::forbidden("nobody decides their own offboarding"));
    }
    let held = tasks::people_each(tx, company, &[task.id], now).await?.pop().unwrap_or_default();
    if held.iter().any(|(user, _)| *user == by) || hands::is_admin(tx, by).await? {
        return Ok(());
    }
    Err(Error::forbidden("this task is in other hands"))
}

/// Leads the request on from the decision on one of its tasks.
async fn after(tx: &mut Tx, mut request: AccessRequest, task: &Task) -> Result<()> {
    let company = tx.company();
    if task.status == TaskStatus::Declined {
        requests::end(tx, &mut request, RequestStatus::Declined).await?;
        return offboarding::call_off(tx, &request).await;
    }
    if task.kind == TaskKind::Action {
        return requests::complete(tx, &mut request).await;
    }
    let others = tasks::of_request(tx, company, request.id.uuid()).await?;
    if others.iter().any(|other| other.step == task.step && other.status == TaskStatus::Open) {
        return Ok(()); // all must approve, and some have not yet
    }
    request.step = task.step + 1;
    let mut opened = Vec::new();
    requests::advance(tx, &mut request, &mut opened).await?;
    requests::tell(tx, request.id.uuid(), opened).await
}

/// Escalates and expires what nobody decided in time; when the next of it is due.
pub(crate) async fn run_out(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let (company, now) = (tx.company(), tx.now());
    for task in tasks::due(tx, company).await? {
        match task.due_at {
            Some(due) if due <= now => time_out(tx, task, due).await?,
            due => return Ok(due),
        }
    }
    Ok(tasks::due(tx, company).await?.first().and_then(|task| task.due_at))
}

async fn time_out(tx: &mut Tx, mut task: Task, due: Timestamp) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let Some(mut request) = rows::get(tx, company, AccessRequestId::new(task.request)).await? else { return Ok(()) };
    // Another task of the same request may have ended it a moment ago.
    if tasks::get(tx, company, task.id).await?.is_none_or(|task| task.status != TaskStatus::Open) {
        return Ok(());
    }
    let step = request.steps.get(task.step as usize).cloned();
    if let Some(step) = step.filter(|step| step.on_timeout == Timeout::Escalate) {
        let next = hands::above(tx, &request, &task).await?;
        if !next.is_empty() {
            let hours = i64::from(step.timeout_hours.unwrap_or(24));
            let again = due.max(now).plus_seconds(hours * 3600);
            (task.due_at, task.escalations, task.updated_at) = (Some(again), task.escalations + 1, now);
            tasks::escalate(tx, company, &task).await?;
            tasks::take(tx, company, task.id).await?;
            hands::put(tx, task.id, &next, |user| request.is_of(user)).await?;
            let event = RequestEvent::Escalated { task: task.id, request: task.request, users: next };
            return journal::append(tx, &Event::Request(event)).await;
        }
    }
    requests::end(tx, &mut request, RequestStatus::Expired).await?;
    offboarding::call_off(tx, &request).await
}

/// A task with its people and its request.
async fn whole(
    conn: &mut Conn,
    company: guildhall_domain::ids::CompanyId,
    task: Task,
    now: Timestamp,
) -> Result<WholeTask> {
    let hands = tasks::people_each(conn, company, &[task.id], now).await?.pop().unwrap_or_default();
    let mut people: Vec<UserId> = hands.into_iter().map(|(user, _)| user).collect();
    people.dedup();
    let claimers = store::users::get_each(conn, company, &people).await?.into_iter().flatten().collect();
    let executed_by = match task.executed_by {
        Some(user) => store::users::get(conn, company, user).await?,
        None => None,
    };
    let (mut request, mut leaving) = (None, None);
    if task.kind == TaskKind::Offboarding {
        if let Some(user) = rows::offboarding(conn, company, OffboardingId::new(task.request)).await? {
            leaving = store::users::get(conn, company, user).await?;
        }
    } else {
        request = rows::get(conn, company, AccessRequestId::new(task.request)).await?;
    }
    Ok(WholeTask { task, request, claimers, executed_by, leaving })
}

impl Engine {
    /// Decides a task, once: of several who try at the same moment one succeeds.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for one's own request, or a task in other hands; [`Error::Conflict`]
    /// when it is no longer open, or what was approved cannot be carried out; [`Error::Invalid`].
    pub async fn decide_task(&self, caller: &Caller, id: TaskId, decision: Decision) -> Result<Written<Task>> {
        self.write(caller, async move |tx| decide(tx, id, decision).await).await
    }

    /// One page of the tasks that are or were in a user's hands, each with its request, in the order in which they were
    /// opened.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user; [`Error::Forbidden`].
    pub async fn tasks_of(
        &self,
        caller: &Caller,
        user: UserId,
        filter: TaskFilter,
        ask: &Ask<TaskId>,
    ) -> Result<Page<(Task, Option<AccessRequest>), TaskId>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        authz::may(&mut conn, caller, Action::ReadUser(user), now).await?;
        users::get(&mut conn, caller.company, user).await?;
        let page = tasks::of_user(&mut conn, caller.company, user, filter, now, ask).await?;
        let ids: Vec<AccessRequestId> = page.items.iter().map(|task| AccessRequestId::new(task.request)).collect();
        let about = rows::get_each(&mut conn, caller.company, &ids).await?;
        Ok(Page { items: page.items.into_iter().zip(about).collect(), next: page.next, total: page.total })
    }

    /// One task. A guest sees those in their hands and those of their own requests.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn task(&self, caller: &Caller, id: TaskId) -> Result<WholeTask> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let task = tasks::get(&mut conn, caller.company, id).await?;
        let whole = match task {
            Some(task) => Some(whole(&mut conn, caller.company, task, now).await?),
            None => None,
        };
        let theirs = |whole: &WholeTask| {
            caller.user().is_some_and(|user| {
                whole.claimers.iter().any(|claimer| claimer.id == user)
                    || whole.request.as_ref().is_some_and(|r| r.requester == Some(user) || r.target == Some(user))
            })
        };
        match whole {
            Some(whole) if theirs(&whole) => Ok(whole),
            whole => {
                authz::may(&mut conn, caller, Action::ReadDirectory, now).await?;
                whole.ok_or(GONE)
            }
        }
    }

    /// The tasks of a request, in the order in which they were opened.
    ///
    /// # Errors
    /// As [`Engine::access_request`].
    pub async fn tasks_of_request(&self, caller: &Caller, id: AccessRequestId) -> Result<Vec<WholeTask>> {
        let request = self.access_request(caller, id).await?;
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let mut all = Vec::new();
        for task in tasks::of_request(&mut conn, caller.company, request.id.uuid()).await? {
            all.push(whole(&mut conn, caller.company, task, now).await?);
        }
        Ok(all)
    }

    /// Lets another decide in a user's place for a while, tasks that are open already among them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another's tasks, unless an administrator asks; [`Error::NotFound`]; [`Error::Unknown`]
    /// on `to`; [`Error::Invalid`]; [`Error::Conflict`] beyond 100.
    pub async fn delegate(
        &self,
        caller: &Caller,
        from: UserId,
        to: UserId,
        window: Window,
        reason: Option<String>,
    ) -> Result<Written<Delegation>> {
        self.write(caller, async move |tx| {
            let (company, now) = (tx.company(), tx.now());
            may_delegate(tx, from).await?;
            users::get(tx, company, from).await?;
            if from == to {
                return Err(Error::invalid("to", "cannot be the user"));
            }
            let other = store::users::get(tx, company, to).await?;
            other.filter(|user| user.counts()).ok_or_else(|| Error::unknown("to", UserId::NOUN, to.uuid()))?;
            if window.ends.is_some_and(|end| end <= now) {
                return Err(Error::invalid("endsAt", "must be in the future"));
            }
            let reason = reason.as_deref().map(|raw| name::description("reason", raw)).transpose()?;
            let standing = tasks::delegations_each(tx, company, &[from], now).await?.pop().unwrap_or_default();
            if standing.len() >= DELEGATIONS {
                return Err(Error::conflict(format!("a user has at most {DELEGATIONS} delegations at a time")));
            }
            let delegation = Delegation { id: tx.clock.id(), from, to, window, reason, created_at: now };
            tasks::delegate(tx, company, &delegation).await?;
            let mut handed = Vec::new();
            for task in tasks::open_of(tx, company, from).await? {
                let of = tasks::get(tx, company, task).await?.map(|task| AccessRequestId::new(task.request));
                let request = match of {
                    Some(of) => rows::get(tx, company, of).await?,
                    None => None,
                };
                if request.is_none_or(|request| !request.is_of(to)) {
                    handed.push((task, to, delegation.id.uuid()));
                }
            }
            tasks::put(tx, company, &handed).await?;
            let event = RequestEvent::Delegated { delegation: delegation.id, from, to, window };
            journal::append(tx, &Event::Request(event)).await?;
            Ok(delegation)
        })
        .await
    }

    /// Ends a delegation, at once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn undelegate(&self, caller: &Caller, from: UserId, id: DelegationId) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (company, now) = (tx.company(), tx.now());
            may_delegate(tx, from).await?;
            if !tasks::undelegate(tx, company, from, id, now).await? {
                return Err(Error::NotFound { noun: DelegationId::NOUN });
            }
            journal::append(tx, &Event::Request(RequestEvent::Undelegated { delegation: id, from })).await
        })
        .await
    }

    /// The delegations of a user that have not ended.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn delegations(&self, caller: &Caller, from: UserId) -> Result<Vec<Delegation>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        authz::may(&mut conn, caller, Action::ReadUser(from), now).await?;
        users::get(&mut conn, caller.company, from).await?;
        Ok(tasks::delegations_each(&mut conn, caller.company, &[from], now).await?.pop().unwrap_or_default())
    }
}

/// One's own tasks are one's own to delegate, and the administrators' to see to.
async fn may_delegate(tx: &mut Tx, from: UserId) -> Result<()> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    if caller.user() == Some(from) {
        return Ok(());
    }
    authz::may(tx, &caller, Action::ManageDirectory, now).await
}
