//! Rows of tasks, of the people in whose hands they are, and of delegations.

use guildhall_domain::ids::{CompanyId, DelegationId, TaskId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::request::{Delegation, Task, TaskKind, TaskStatus};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "t.task_id, t.request_id, t.kind, t.step, t.status, t.created_at, t.updated_at, t.due_at, t.escalations, t.executed_by, t.comment"
    };
}

// In whose hands a task is now: their own, or those of somebody they stand in for at $3.
macro_rules! stands {
    () => {
        "(p.via_id = $4 or exists (select 1 from delegations d where d.company_id = p.company_id and d.delegation_id = p.via_id and d.ended_at is null
          and (d.starts_at is null or d.starts_at <= $3) and (d.ends_at is null or d.ends_at > $3)))"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from tasks t where t.company_id = $1 and t.task_id = $2");
    OF_USER = concat!("select distinct ", columns!(), " from task_people p join tasks t on t.company_id = p.company_id and t.task_id = p.task_id
              where p.company_id = $1 and p.user_id = $2 and p.task_id > $5 and ", stands!(), "
              and (cast($6 as text) = '' or t.status = $6 or (cast($6 as text) = 'ended' and t.status in ('cancelled', 'expired'))) order by t.task_id limit $7 offset $8");
    OF_REQUEST = concat!("select ", columns!(), " from tasks t where t.company_id = $1 and t.request_id = $2 order by t.task_id");
    INSERT = "insert into tasks (company_id, task_id, request_id, kind, step, status, created_at, updated_at, due_at, escalations, executed_by, comment)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    DECIDE = "update tasks set status = $3, executed_by = $4, comment = $5, updated_at = $6 where company_id = $1 and task_id = $2 and status = 'open'";
    CLOSE = "update tasks set status = $3, updated_at = $4 where company_id = $1 and request_id = $2 and status = 'open'";
    ESCALATE = "update tasks set due_at = $3, escalations = $4, updated_at = $5 where company_id = $1 and task_id = $2 and status = 'open'";
    DUE = concat!("select ", columns!(), " from tasks t where t.company_id = $1 and t.status = 'open' and t.due_at is not null order by t.due_at limit 1000");
    PUT = "insert into task_people (company_id, task_id, user_id, via_id) values ($1, $2, $3, $4) on conflict do nothing";
    TAKE = "delete from task_people where company_id = $1 and task_id = $2";
    PEOPLE = concat!("select p.user_id, p.via_id from task_people p where p.company_id = $1 and p.task_id = $2 and ", stands!(), " order by p.user_id, p.via_id");
    OPEN_OF = "select t.task_id from task_people p join tasks t on t.company_id = p.company_id and t.task_id = p.task_id
               where p.company_id = $1 and p.user_id = $2 and p.via_id = $3 and t.status = 'open' order by t.task_id limit 10000";
    DELEGATE = "insert into delegations (company_id, delegation_id, from_id, to_id, starts_at, ends_at, reason, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    UNDELEGATE = "update delegations set ended_at = $4 where company_id = $1 and from_id = $2 and delegation_id = $3 and ended_at is null";
    DELEGATIONS = "select delegation_id, from_id, to_id, starts_at, ends_at, reason, created_at from delegations
                   where company_id = $1 and from_id = $2 and ended_at is null and (ends_at is null or ends_at > $3) order by delegation_id limit 1000";
}

fn read(row: Row<'_>) -> Result<Task> {
    let small = |i| row.int(i).map(|n| u32::try_from(n).unwrap_or(0));
    Ok(Task {
        id: row.id(0)?,
        request: row.id(1)?,
        kind: row.look(2, |w| TaskKind::parse("kind", w).map_err(Error::internal))?,
        step: small(3)?,
        status: row.look(4, |w| TaskStatus::parse("status", w).map_err(Error::internal))?,
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
        due_at: row.opt_time(7)?,
        escalations: small(8)?,
        executed_by: row.opt_id(9)?,
        comment: row.opt_text(10)?,
    })
}

/// Which tasks of a user are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskFilter {
    /// In this status.
    pub status: Option<TaskStatus>,
    /// Ended without a decision, whichever way: a status of some dialects.
    pub ended: bool,
}

/// The task.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: TaskId) -> Result<Option<Task>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// One page of the tasks that are or were in a user's hands, in the order in which they were opened.
pub(crate) async fn of_user(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    filter: TaskFilter,
    now: Timestamp,
    ask: &Ask<TaskId>,
) -> Result<Page<Task, TaskId>> {
    let (after, offset) = match ask.from {
        From::Start => (TaskId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (TaskId::NIL, n),
    };
    let status = if filter.ended { "ended" } else { filter.status.map_or("", TaskStatus::word) };
    let values =
        [val(company), val(user), val(now), val(Uuid::nil()), val(after), val(status), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&OF_USER, &values, read).await?;
    Ok(Page::cut(rows, ask.limit, None, |task| task.id))
}

/// The tasks of a request or an offboarding, in the order in which they were opened.
pub(crate) async fn of_request(conn: &mut Conn, company: CompanyId, request: Uuid) -> Result<Vec<Task>> {
    conn.rows(&OF_REQUEST, &[val(company), val(request)], read).await
}

/// Opens tasks.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, tasks: &[Task]) -> Result<()> {
    let set = |t: &Task| {
        vec![
            val(company),
            val(t.id),
            val(t.request),
            val(t.kind.word()),
            val(t.step),
            val(t.status.word()),
            val(t.created_at),
            val(t.updated_at),
            val(t.due_at),
            val(t.escalations),
            val(t.executed_by),
            val(t.comment.clone()),
        ]
    };
    let sets: Vec<Vec<Value<'_>>> = tasks.iter().map(set).collect();
    conn.run_each(&INSERT, &sets).await.map(drop)
}

/// Writes the decision on an open task; false when somebody else was first.
pub(crate) async fn decide(
    conn: &mut Conn,
    company: CompanyId,
    id: TaskId,
    status: TaskStatus,
    by: Option<UserId>,
    comment: Option<&String>,
    now: Timestamp,
) -> Result<bool> {
    let values = [val(company), val(id), val(status.word()), val(by), val(comment.cloned()), val(now)];
    Ok(conn.run(&DECIDE, &values).await? == 1)
}

/// Closes every open task of a request.
pub(crate) async fn close(
    conn: &mut Conn,
    company: CompanyId,
    request: Uuid,
    status: TaskStatus,
    now: Timestamp,
) -> Result<()> {
    conn.run(&CLOSE, &[val(company), val(request), val(status.word()), val(now)]).await.map(drop)
}

/// Gives an open task another time.
pub(crate) async fn escalate(conn: &mut Conn, company: CompanyId, task: &Task) -> Result<()> {
    let values = [val(company), val(task.id), val(task.due_at), val(task.escalations), val(task.updated_at)];
    conn.run(&ESCALATE, &values).await.map(drop)
}

/// Open tasks that time out, soonest first, 1,000 at most.
pub(crate) async fn due(conn: &mut Conn, company: CompanyId) -> Result<Vec<Task>> {
    conn.rows(&DUE, &[val(company)], read).await
}

/// Puts tasks into hands: task, user, and the delegation by which they are that user's, or nil.
pub(crate) async fn put(conn: &mut Conn, company: CompanyId, hands: &[(TaskId, UserId, Uuid)]) -> Result<()> {
    let set = |(task, user, via): &(TaskId, UserId, Uuid)| vec![val(company), val(*task), val(*user), val(*via)];
    let sets: Vec<Vec<Value<'_>>> = hands.iter().map(set).collect();
    conn.run_each(&PUT, &sets).await.map(drop)
}

/// Takes a task out of all hands.
pub(crate) async fn take(conn: &mut Conn, company: CompanyId, task: TaskId) -> Result<()> {
    conn.run(&TAKE, &[val(company), val(task)]).await.map(drop)
}

/// In whose hands each task is at `now`: the users, and whether by delegation.
pub(crate) async fn people_each(
    conn: &mut Conn,
    company: CompanyId,
    tasks: &[TaskId],
    now: Timestamp,
) -> Result<Vec<Vec<(UserId, bool)>>> {
    let set = |task: &TaskId| vec![val(company), val(*task), val(now), val(Uuid::nil())];
    let sets: Vec<Vec<Value<'_>>> = tasks.iter().map(set).collect();
    conn.rows_each(&PEOPLE, &sets, |row| Ok((row.id(0)?, !row.id::<Uuid>(1)?.is_nil()))).await
}

/// The open tasks in a user's own hands.
pub(crate) async fn open_of(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<Vec<TaskId>> {
    conn.rows(&OPEN_OF, &[val(company), val(user), val(Uuid::nil())], |row| row.id(0)).await
}

/// Makes a delegation.
pub(crate) async fn delegate(conn: &mut Conn, company: CompanyId, d: &Delegation) -> Result<()> {
    let values = [
        val(company),
        val(d.id),
        val(d.from),
        val(d.to),
        val(d.window.starts),
        val(d.window.ends),
        val(&d.reason),
        val(d.created_at),
    ];
    conn.run(&DELEGATE, &values).await.map(drop)
}

/// Ends a delegation; false when there was none.
pub(crate) async fn undelegate(
    conn: &mut Conn,
    company: CompanyId,
    from: UserId,
    id: DelegationId,
    now: Timestamp,
) -> Result<bool> {
    Ok(conn.run(&UNDELEGATE, &[val(company), val(from), val(id), val(now)]).await? == 1)
}

/// The delegations of each user that have not ended, in the order of `users`.
pub(crate) async fn delegations_each(
    conn: &mut Conn,
    company: CompanyId,
    users: &[UserId],
    now: Timestamp,
) -> Result<Vec<Vec<Delegation>>> {
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(*user), val(now)]).collect();
    let read = |row: Row<'_>| {
        Ok(Delegation {
            id: row.id(0)?,
            from: row.id(1)?,
            to: row.id(2)?,
            window: Window { starts: row.opt_time(3)?, ends: row.opt_time(4)? },
            reason: row.opt_text(5)?,
            created_at: row.time(6)?,
        })
    };
    conn.rows_each(&DELEGATIONS, &sets, read).await
}
