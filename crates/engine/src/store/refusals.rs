//! Rows of the second chain: authenticated refusals, counted per key and cause.

use guildhall_domain::ids::{CompanyId, KeyId};
use guildhall_domain::{Result, Timestamp};

use super::{Conn, Row, sql, val};

sql! {
    APPEND = "insert into refusals (company_id, seq, key_id, cause, dialect, count, first_at, last_at, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    AFTER = "select seq, key_id, cause, dialect, count, first_at, last_at, hash from refusals where company_id = $1 and seq > $2 order by seq limit $3";
    FORGET = "delete from refusals where company_id = $1";
}

/// How often a key was refused for one cause within a few seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the chain; gapless from 1.
    pub seq: u64,
    /// The key.
    pub key: KeyId,
    /// The cause, as `guildhall_domain::Error::cause` names it.
    pub cause: String,
    /// The door.
    pub dialect: String,
    /// How often.
    pub count: u64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// The hash over this line and the one before.
    pub hash: Vec<u8>,
}

fn read(row: Row<'_>) -> Result<Refusal> {
    Ok(Refusal {
        seq: row.count(0)?,
        key: row.id(1)?,
        cause: row.text(2)?,
        dialect: row.text(3)?,
        count: row.count(4)?,
        first_at: row.time(5)?,
        last_at: row.time(6)?,
        hash: row.bytes(7)?,
    })
}

/// Writes one line.
pub(crate) async fn append(conn: &mut Conn, company: CompanyId, r: &Refusal) -> Result<()> {
    let values = [
        val(company),
        val(r.seq),
        val(r.key),
        val(&r.cause),
        val(&r.dialect),
        val(r.count),
        val(r.first_at),
        val(r.last_at),
        val(&r.hash[..]),
    ];
    conn.run(&APPEND, &values).await.map(drop)
}

/// The `limit` lines behind `seq`.
pub(crate) async fn after(conn: &mut Conn, company: CompanyId, seq: u64, limit: u32) -> Result<Vec<Refusal>> {
    conn.rows(&AFTER, &[val(company), val(seq), val(limit)], read).await
}

/// Removes the chain of a company whose import failed.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<()> {
    conn.run(&FORGET, &[val(company)]).await.map(drop)
}
