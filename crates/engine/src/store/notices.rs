//! Rows of notices that wait to be sent.

use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::{Result, Timestamp};
use uuid::Uuid;

use super::{Conn, sql, val};

sql! {
    INSERT = "insert into notices (company_id, notice_id, user_id, kind, data, due_at, tries, created_at) values ($1, $2, $3, $4, $5, $6, 0, $7)";
    WAKE = "update companies set next_notice = $2 where company_id = $1 and (next_notice is null or next_notice > $2)";
    SETTLE = "update companies set next_notice = (select n.due_at from notices n where n.company_id = $1 and n.due_at > $2 order by n.due_at, n.notice_id limit 1) where company_id = $1";
    WAITING = "select company_id from companies where next_notice <= $1 and state = 'active' order by next_notice limit 1000";
    DUE = "select notice_id, user_id, kind, data, tries, created_at, due_at from notices where company_id = $1 and due_at <= $2 order by due_at, notice_id limit $3";
    // The old due time is the guard: of two nodes that claim at once, one changes the row and the other none.
    CLAIM = "update notices set lease_id = $3, due_at = $4 where company_id = $1 and notice_id = $2 and due_at = $5";
    AGAIN = "update notices set tries = tries + 1, due_at = $4, lease_id = null where company_id = $1 and notice_id = $2 and lease_id = $3";
    DONE = "delete from notices where company_id = $1 and notice_id = $2 and lease_id = $3";
    ADMINS = "select user_id from users where company_id = $1 and role = 'admin' and erased_at is null and status <> 'inactive' limit 20";
}

/// A notice as it waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub id: Uuid,
    pub user: UserId,
    pub kind: String,
    pub data: String,
    pub tries: u32,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
}

/// Keeps a notice until it is due.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, notice: &Waiting) -> Result<()> {
    let values = [
        val(company),
        val(notice.id),
        val(notice.user),
        val(&notice.kind),
        val(&notice.data),
        val(notice.due_at),
        val(notice.created_at),
    ];
    conn.run(&INSERT, &values).await?;
    conn.run(&WAKE, &[val(company), val(notice.due_at)]).await.map(drop)
}

/// Companies with a notice that is due.
pub(crate) async fn waiting(conn: &mut Conn, now: Timestamp) -> Result<Vec<CompanyId>> {
    conn.rows(&WAITING, &[val(now)], |row| row.id(0)).await
}

/// Notices of a company that are due, soonest first.
pub(crate) async fn due(conn: &mut Conn, company: CompanyId, now: Timestamp, limit: u32) -> Result<Vec<Waiting>> {
    conn.rows(&DUE, &[val(company), val(now), val(limit)], |row| {
        Ok(Waiting {
            id: row.id(0)?,
            user: row.id(1)?,
            kind: row.text(2)?,
            data: row.text(3)?,
            tries: row.count(4).map(|n| u32::try_from(n).unwrap_or(u32::MAX))?,
            created_at: row.time(5)?,
            due_at: row.time(6)?,
        })
    })
    .await
}

/// Takes a notice for one postman until `until`; false when another has it.
pub(crate) async fn claim(
    conn: &mut Conn,
    company: CompanyId,
    notice: &Waiting,
    lease: Uuid,
    until: Timestamp,
) -> Result<bool> {
    let values = [val(company), val(notice.id), val(lease), val(until), val(notice.due_at)];
    Ok(conn.run(&CLAIM, &values).await? == 1)
}

/// Puts a notice off that could not be sent.
pub(crate) async fn again(conn: &mut Conn, company: CompanyId, id: Uuid, lease: Uuid, due: Timestamp) -> Result<()> {
    conn.run(&AGAIN, &[val(company), val(id), val(lease), val(due)]).await.map(drop)
}

/// Removes a notice that is sent or has lost its reason.
pub(crate) async fn done(conn: &mut Conn, company: CompanyId, id: Uuid, lease: Uuid) -> Result<()> {
    conn.run(&DONE, &[val(company), val(id), val(lease)]).await.map(drop)
}

/// Notes when the next notice of the company is due.
pub(crate) async fn settle(conn: &mut Conn, company: CompanyId) -> Result<()> {
    conn.run(&SETTLE, &[val(company), val(Timestamp::MIN)]).await.map(drop)
}

/// Those who administer the company by their role, the first twenty.
pub(crate) async fn admins(conn: &mut Conn, company: CompanyId) -> Result<Vec<UserId>> {
    conn.rows(&ADMINS, &[val(company)], |row| row.id(0)).await
}
