//! Rows of the journal.

use guildhall_domain::ids::{CompanyId, KeyId, RequestId, UserId};
use guildhall_domain::{Result, Timestamp};
use uuid::Uuid;

use super::{Conn, Row, sql, val};

macro_rules! columns {
    () => {
        "e.revision, e.at, e.recorded_at, e.kind, e.subject_id, e.actor, e.key_id, e.dialect, e.request_id, e.cause, e.data, e.personal_hash, e.hash, t.salt, t.body"
    };
}

macro_rules! list {
    ($where:literal) => {
        concat!(
            "select ",
            columns!(),
            " from events e left join event_texts t on t.company_id = e.company_id and t.revision = e.revision
             where e.company_id = $1 and e.revision > $2 ",
            $where,
            " order by e.revision limit $3"
        )
    };
}

macro_rules! before {
    ($where:literal) => {
        concat!(
            "select ",
            columns!(),
            " from events e left join event_texts t on t.company_id = e.company_id and t.revision = e.revision
             where e.company_id = $1 and e.revision < $2 ",
            $where,
            " order by e.revision desc limit $3"
        )
    };
}

sql! {
    APPEND = "insert into events (company_id, revision, at, recorded_at, kind, subject_id, actor, key_id, dialect, request_id, cause, data, personal_hash, hash)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    APPEND_TEXT = "insert into event_texts (company_id, revision, subject_id, salt, body) values ($1, $2, $3, $4, $5)";
    AFTER = list!("");
    OF_SUBJECT = list!("and e.subject_id = $4");
    BEFORE = before!("");
    OF_SUBJECT_BEFORE = before!("and e.subject_id = $4");
    KINDS_AFTER = "select revision, kind from events where company_id = $1 and revision > $2 order by revision limit $3";
    ERASE = "delete from event_texts where company_id = $1 and subject_id = $2";
    FORGET = "delete from events where company_id = $1 and revision in (select e.revision from events e where e.company_id = $1 order by e.revision limit 5000)";
    FORGET_TEXTS = "delete from event_texts where company_id = $1 and revision in (select t.revision from event_texts t where t.company_id = $1 order by t.revision limit 5000)";
}

/// One line of the journal, as it is stored and hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The company's revision that this event made; gapless from 1.
    pub revision: u64,
    /// The instant it is true from.
    pub at: Timestamp,
    /// The instant it was written.
    pub recorded_at: Timestamp,
    /// Noun, dot, verb.
    pub kind: String,
    /// The id of what it touched.
    pub subject: Uuid,
    /// A user id, `platform` or `system`.
    pub actor: String,
    /// The real credential.
    pub key: Option<KeyId>,
    /// The door.
    pub dialect: String,
    /// The request.
    pub request: RequestId,
    /// Why, where somebody said so.
    pub cause: Option<String>,
    /// What changed: the text of a JSON object without anything personal.
    pub data: String,
    /// The salted hash of what is personal in it.
    pub personal_hash: Option<Vec<u8>>,
    /// The hash over this entry and the one before.
    pub hash: Vec<u8>,
    /// Salt and text of what is personal in it (a JSON object), until the person is erased.
    pub personal: Option<(Vec<u8>, String)>,
}

fn read(row: Row<'_>) -> Result<Entry> {
    Ok(Entry {
        revision: row.count(0)?,
        at: row.time(1)?,
        recorded_at: row.time(2)?,
        kind: row.text(3)?,
        subject: row.id(4)?,
        actor: row.text(5)?,
        key: row.opt_id(6)?,
        dialect: row.text(7)?,
        request: row.id(8)?,
        cause: row.opt_text(9)?,
        data: row.text(10)?,
        personal_hash: row.opt_bytes(11)?,
        hash: row.bytes(12)?,
        personal: row.opt_bytes(13)?.zip(row.opt_text(14)?),
    })
}

/// Writes lines, in order.
pub(crate) async fn append(conn: &mut Conn, company: CompanyId, entries: &[Entry]) -> Result<()> {
    let (mut lines, mut texts) = (Vec::with_capacity(entries.len()), Vec::new());
    for e in entries {
        lines.push(vec![
            val(company),
            val(e.revision),
            val(e.at),
            val(e.recorded_at),
            val(&e.kind),
            val(e.subject),
            val(&e.actor),
            val(e.key),
            val(&e.dialect),
            val(e.request),
            val(&e.cause),
            val(&e.data),
            val(e.personal_hash.as_deref()),
            val(&e.hash[..]),
        ]);
        if let Some((salt, body)) = &e.personal {
            texts.push(vec![val(company), val(e.revision), val(e.subject), val(&salt[..]), val(body)]);
        }
    }
    conn.run_each(&APPEND, &lines).await?;
    conn.run_each(&APPEND_TEXT, &texts).await.map(drop)
}

/// The `limit` lines behind `revision`, of one subject where given.
pub(crate) async fn after(
    conn: &mut Conn,
    company: CompanyId,
    revision: u64,
    subject: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Entry>> {
    match subject {
        None => conn.rows(&AFTER, &[val(company), val(revision), val(limit)], read).await,
        Some(id) => conn.rows(&OF_SUBJECT, &[val(company), val(revision), val(limit), val(id)], read).await,
    }
}

/// The `limit` lines before `revision`, the newest first, of one subject where given.
pub(crate) async fn before(
    conn: &mut Conn,
    company: CompanyId,
    revision: u64,
    subject: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Entry>> {
    match subject {
        None => conn.rows(&BEFORE, &[val(company), val(revision), val(limit)], read).await,
        Some(id) => conn.rows(&OF_SUBJECT_BEFORE, &[val(company), val(revision), val(limit), val(id)], read).await,
    }
}

/// Revision and kind of the `limit` lines behind `revision`.
pub(crate) async fn kinds_after(
    conn: &mut Conn,
    company: CompanyId,
    revision: u64,
    limit: u32,
) -> Result<Vec<(u64, String)>> {
    conn.rows(&KINDS_AFTER, &[val(company), val(revision), val(limit)], |row| Ok((row.count(0)?, row.text(1)?))).await
}

/// Takes out of the journal what a person was called.
pub(crate) async fn erase(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<()> {
    conn.run(&ERASE, &[val(company), val(user)]).await.map(drop)
}

/// Removes some of the journal of a company whose import failed; how many rows, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    let texts = conn.run(&FORGET_TEXTS, &[val(company)]).await?;
    Ok(texts + conn.run(&FORGET, &[val(company)]).await?)
}
