//! Rows of access requests and offboardings.

use guildhall_domain::ids::{AccessRequestId, AppId, CompanyId, OffboardingId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{AccessRequest, RequestStatus};
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use super::policies::{read_kind, read_steps, steps_json};
use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "r.request_id, r.kind, r.status, r.requester_id, r.target_id, r.app_id, r.level_id, r.group_id, r.purpose, r.policy_id, r.policy_number, r.steps, r.autoprovision, r.step, r.source_id, r.ends_at, r.created_at, r.updated_at, r.cancelled_by"
    };
}

macro_rules! fits {
    () => {
        " and (cast($4 as text) = '' or r.status = $4 or (cast($4 as text) = 'ended' and r.status in ('cancelled', 'expired')))
          and (cast($5 as text) = '' or r.kind = $5) and r.updated_at >= $6 order by r.request_id limit $7 offset $8"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from requests r where r.company_id = $1 and r.request_id = $2");
    LIST = concat!("select ", columns!(), " from requests r where r.company_id = $1 and r.request_id > $3 and cast($2 as text) = ''", fits!());
    LIST_OF_USER = concat!("select ", columns!(), " from requests r where r.company_id = $1 and r.request_id in (
                   select q.request_id from requests q where q.company_id = $1 and q.requester_id = $2 and q.request_id > $3
                   union select q.request_id from requests q where q.company_id = $1 and q.target_id = $2 and q.request_id > $3)", fits!());
    INSERT = "insert into requests (company_id, request_id, kind, status, requester_id, target_id, app_id, level_id, group_id, purpose, policy_id, policy_number,
              steps, autoprovision, step, source_id, ends_at, created_at, updated_at, cancelled_by)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    MOVE = "update requests set status = $3, step = $4, updated_at = $5, cancelled_by = $6 where company_id = $1 and request_id = $2 and status in ('open', 'approved')";
    PENDING = concat!("select ", columns!(), " from requests r where r.company_id = $1 and r.target_id = $2 and r.app_id = $3 and r.status in ('open', 'approved')");
    PENDING_OF = concat!("select ", columns!(), " from requests r where r.company_id = $1 and r.target_id = $2 and r.status in ('open', 'approved')");
    OF_SOURCE = concat!("select ", columns!(), " from requests r where r.company_id = $1 and r.source_id = $2 and r.target_id = $3");
    START = "insert into offboardings (company_id, offboarding_id, user_id, status, started_by, created_at, updated_at) values ($1, $2, $3, 'open', $4, $5, $5) on conflict do nothing";
    END = "update offboardings set status = $3, updated_at = $4 where company_id = $1 and offboarding_id = $2 and status = 'open'";
    OFFBOARDING = "select user_id from offboardings where company_id = $1 and offboarding_id = $2 and status = 'open'";
    OFFBOARDING_OF = "select offboarding_id from offboardings where company_id = $1 and user_id = $2 and status = 'open'";
}

/// Which requests are asked for.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Whose: asked by them or for them.
    pub user: Option<UserId>,
    /// In this status.
    pub status: Option<RequestStatus>,
    /// Ended without a decision, whichever way: a status of some dialects.
    pub ended: bool,
    /// Of this kind.
    pub kind: Option<RequestKind>,
    /// Changed at or after this instant.
    pub updated_since: Option<Timestamp>,
}

fn small(row: Row<'_>, i: usize) -> Result<u32> {
    row.int(i).map(|n| u32::try_from(n).unwrap_or(0))
}

fn read(row: Row<'_>) -> Result<AccessRequest> {
    Ok(AccessRequest {
        id: row.id(0)?,
        kind: row.look(1, read_kind)?,
        status: row.look(2, |w| RequestStatus::parse("status", w).map_err(Error::internal))?,
        requester: row.opt_id(3)?,
        target: row.opt_id(4)?,
        app: row.opt_id(5)?,
        level: row.opt_id(6)?,
        group: row.opt_id(7)?,
        purpose: row.opt_text(8)?,
        policy: row.opt_id(9)?,
        policy_number: small(row, 10)?,
        steps: row.look(11, read_steps)?,
        autoprovision: row.flag(12)?,
        step: small(row, 13)?,
        source: row.opt_id(14)?,
        ends_at: row.opt_time(15)?,
        created_at: row.time(16)?,
        updated_at: row.time(17)?,
        cancelled_by: row.opt_id(18)?,
    })
}

/// The request.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: AccessRequestId) -> Result<Option<AccessRequest>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// Each of `ids`, in their order; none in place of one that is not there.
pub(crate) async fn get_each(
    conn: &mut Conn,
    company: CompanyId,
    ids: &[AccessRequestId],
) -> Result<Vec<Option<AccessRequest>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    Ok(conn.rows_each(&GET, &sets, read).await?.into_iter().map(|mut rows| rows.pop()).collect())
}

/// One page of requests, in the order in which they were raised.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    filter: &RequestFilter,
    ask: &Ask<AccessRequestId>,
) -> Result<Page<AccessRequest, AccessRequestId>> {
    let (after, offset) = match ask.from {
        From::Start => (AccessRequestId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (AccessRequestId::NIL, n),
    };
    let status = if filter.ended { "ended" } else { filter.status.map_or("", RequestStatus::word) };
    let rest = [
        val(after),
        val(status),
        val(filter.kind.map_or("", RequestKind::word)),
        val(filter.updated_since.unwrap_or(Timestamp::MIN)),
        val(ask.limit + 1),
        val(offset),
    ];
    let (statement, second) = match filter.user {
        Some(user) => (&LIST_OF_USER, val(user)),
        None => (&LIST, val("")),
    };
    let values: Vec<Value<'_>> = [val(company), second].into_iter().chain(rest).collect();
    let rows = conn.rows(statement, &values, read).await?;
    Ok(Page::cut(rows, ask.limit, None, |request| request.id))
}

/// Makes the row of a request.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, r: &AccessRequest) -> Result<()> {
    let values = [
        val(company),
        val(r.id),
        val(r.kind.word()),
        val(r.status.word()),
        val(r.requester),
        val(r.target),
        val(r.app),
        val(r.level),
        val(r.group),
        val(&r.purpose),
        val(r.policy),
        val(r.policy_number),
        val(steps_json(&r.steps).to_string()),
        val(r.autoprovision),
        val(r.step),
        val(r.source),
        val(r.ends_at),
        val(r.created_at),
        val(r.updated_at),
        val(r.cancelled_by),
    ];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Writes how far a pending request has come; false when it was not pending any more.
pub(crate) async fn advance(conn: &mut Conn, company: CompanyId, r: &AccessRequest) -> Result<bool> {
    let values = [val(company), val(r.id), val(r.status.word()), val(r.step), val(r.updated_at), val(r.cancelled_by)];
    Ok(conn.run(&MOVE, &values).await? == 1)
}

/// The pending requests for each user about an app, in the order of `users`.
pub(crate) async fn pending_each(
    conn: &mut Conn,
    company: CompanyId,
    app: AppId,
    users: &[UserId],
) -> Result<Vec<Vec<AccessRequest>>> {
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(*user), val(app)]).collect();
    conn.rows_each(&PENDING, &sets, read).await
}

/// All pending requests for a user.
pub(crate) async fn pending_of(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<Vec<AccessRequest>> {
    conn.rows(&PENDING_OF, &[val(company), val(user)], read).await
}

/// The requests that a group or an offboarding raised for a user.
pub(crate) async fn of_source(
    conn: &mut Conn,
    company: CompanyId,
    source: Uuid,
    target: UserId,
) -> Result<Vec<AccessRequest>> {
    conn.rows(&OF_SOURCE, &[val(company), val(source), val(target)], read).await
}

/// Starts an offboarding; false when one of this user is under way.
pub(crate) async fn start_offboarding(
    conn: &mut Conn,
    company: CompanyId,
    id: OffboardingId,
    user: UserId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<bool> {
    Ok(conn.run(&START, &[val(company), val(id), val(user), val(by), val(now)]).await? == 1)
}

/// Ends an offboarding; false when it was not under way.
pub(crate) async fn end_offboarding(
    conn: &mut Conn,
    company: CompanyId,
    id: OffboardingId,
    done: bool,
    now: Timestamp,
) -> Result<bool> {
    let status = if done { "done" } else { "cancelled" };
    Ok(conn.run(&END, &[val(company), val(id), val(status), val(now)]).await? == 1)
}

/// Whom an offboarding under way is about.
pub(crate) async fn offboarding(conn: &mut Conn, company: CompanyId, id: OffboardingId) -> Result<Option<UserId>> {
    conn.row(&OFFBOARDING, &[val(company), val(id)], |row| row.id(0)).await
}

/// The offboarding of a user that is under way.
pub(crate) async fn offboarding_of(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<Option<OffboardingId>> {
    conn.row(&OFFBOARDING_OF, &[val(company), val(user)], |row| row.id(0)).await
}
