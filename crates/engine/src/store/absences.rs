//! Rows of absences: the spans in which a user counted for nothing, so that the past can be told.

use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::{Result, Timestamp};

use super::{Conn, Value, sql, val};

sql! {
    BEGIN = "insert into absences (company_id, user_id, from_at) values ($1, $2, $3) on conflict (company_id, user_id, from_at) do update set until_at = null";
    END = "update absences set until_at = $3 where company_id = $1 and user_id = $2 and until_at is null";
    FORGET = "delete from absences where company_id = $1 and (user_id, from_at) in (select a.user_id, a.from_at from absences a where a.company_id = $1 order by a.user_id, a.from_at limit 5000)";
}

/// From `now` on these users count for nothing.
pub(crate) async fn begin(conn: &mut Conn, company: CompanyId, users: &[UserId], now: Timestamp) -> Result<()> {
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(*user), val(now)]).collect();
    conn.run_each(&BEGIN, &sets).await.map(drop)
}

/// From `now` on the user counts again.
pub(crate) async fn end(conn: &mut Conn, company: CompanyId, user: UserId, now: Timestamp) -> Result<()> {
    conn.run(&END, &[val(company), val(user), val(now)]).await.map(drop)
}

/// Removes some absences of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
