//! Rows of answers to requests that carried an idempotency key.

use guildhall_domain::ids::{CompanyId, KeyId};
use guildhall_domain::{Result, Timestamp};

use super::{Conn, sql, val};

sql! {
    GET = "select request, answer from answers where company_id = $1 and key_id = $2 and once_key = $3";
    INSERT = "insert into answers (company_id, key_id, once_key, request, answer, created_at) values ($1, $2, $3, $4, $5, $6)";
    PRUNE = "delete from answers where company_id = $1 and created_at < $2";
}

/// The request that an idempotency key was used with, and its answer.
pub(crate) async fn get(
    conn: &mut Conn,
    company: CompanyId,
    key: KeyId,
    once: &str,
) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    conn.row(&GET, &[val(company), val(key), val(once)], |row| Ok((row.bytes(0)?, row.bytes(1)?))).await
}

/// Keeps an answer.
pub(crate) async fn insert(
    conn: &mut Conn,
    company: CompanyId,
    key: KeyId,
    once: &str,
    request: &[u8],
    answer: &[u8],
    now: Timestamp,
) -> Result<()> {
    let values = [val(company), val(key), val(once), val(request), val(answer), val(now)];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Drops answers kept since before `limit`.
pub(crate) async fn prune(conn: &mut Conn, company: CompanyId, limit: Timestamp) -> Result<u64> {
    conn.run(&PRUNE, &[val(company), val(limit)]).await
}
