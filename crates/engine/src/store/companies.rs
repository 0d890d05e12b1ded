//! Rows of companies, and the head of each company's journal that stands in the same row.

use guildhall_domain::company::{Company, CompanyState, Settings};
use guildhall_domain::ids::CompanyId;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result, Timestamp};
use serde_json::json;

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "company_id, name, settings, state, revision, version, created_at, updated_at"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from companies where company_id = $1");
    LIST = concat!("select ", columns!(), " from companies where company_id > $1 and state = 'active' order by company_id limit $2 offset $3");
    INSERT = "insert into companies (company_id, name, settings, state, revision, last_hash, recorded_at, refusals, refusal_hash, version, created_at, updated_at)
              values ($1, $2, $3, $4, 0, $5, $6, 0, $5, $7, $6, $8) on conflict do nothing";
    UPDATE = "update companies set name = $2, settings = $3, state = $4, version = $5, updated_at = $6 where company_id = $1";
    // Changes nothing and so locks the row: on PostgreSQL this is what puts the writes of all nodes in order.
    LOCK = "update companies set revision = revision where company_id = $1
            returning state, settings, revision, last_hash, recorded_at, next_due, rules_mark, conflicts";
    ADVANCE = "update companies set revision = $2, last_hash = $3, recorded_at = $4, next_due = $5, rules_mark = $6, conflicts = $7 where company_id = $1";
    REVISION = "select revision from companies where company_id = $1 and state in ('active', 'platform')";
    DUE = "select company_id from companies where next_due <= $1 order by next_due limit 1000";
    REFUSAL_HEAD = "update companies set refusals = refusals where company_id = $1 returning refusals, refusal_hash";
    REFUSAL_ADVANCE = "update companies set refusals = $2, refusal_hash = $3 where company_id = $1";
    CHAINS = "select revision, last_hash, refusals, refusal_hash from companies where company_id = $1";
    HOOKED = "select company_id, revision from companies where company_id >= $1 and webhooks > 0 and state = 'active' order by company_id";
    COUNT_WEBHOOKS = "update companies set webhooks = webhooks + $2 where company_id = $1 returning webhooks";
    BEHIND = "select company_id from companies where platform_mark < $1 and state = 'active' order by platform_mark, company_id limit 1000";
    FOLLOW = "update companies set platform_mark = $2 where company_id = $1";
    EVERY = "select company_id, name, state from companies where company_id >= $1 order by company_id";
    MARK = "update companies set settings = $2 where company_id = $1";
    RECORDED_AT = "select recorded_at from companies where company_id = $1";
    SETTINGS = "select settings from companies where company_id = $1";
    FORGET = "delete from companies where company_id = $1 and state = 'loading'";
}

/// The end of a company's journal.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub state: CompanyState,
    pub settings: Settings,
    pub revision: u64,
    pub hash: Vec<u8>,
    pub recorded_at: Timestamp,
    pub next_due: Option<Timestamp>,
    /// Names the present state of the company's rules; none while it never had any.
    pub rules: Option<uuid::Uuid>,
    /// How many conflicts the company has.
    pub conflicts: u64,
}

impl Head {
    /// The head of a company that does not exist yet.
    pub(crate) fn unborn(state: CompanyState) -> Self {
        Self {
            state,
            settings: Settings::default(),
            revision: 0,
            hash: vec![0; 32],
            recorded_at: Timestamp::MIN,
            next_due: None,
            rules: None,
            conflicts: 0,
        }
    }

    /// Sees to it that somebody looks at this company at `turn` or before.
    pub(crate) fn wake_at(&mut self, turn: Timestamp) {
        self.next_due = Some(self.next_due.map_or(turn, |due| due.min(turn)));
    }
}

fn read_state(word: &str) -> Result<CompanyState> {
    CompanyState::parse("state", word).map_err(Error::internal)
}

/// The settings as the text that is stored: only what the company chose, by native names.
pub(crate) fn settings_text(settings: &Settings) -> String {
    json!({
        "uniqueGroupNames": settings.unique_group_names,
        "restoreDays": settings.restore_days,
        "historyDays": settings.history_days,
        "brakeMembers": settings.brake_members,
        "brakePercent": settings.brake_percent,
    })
    .to_string()
}

/// The settings that a stored text tells; what it leaves out has its default.
pub(crate) fn read_settings(text: &str) -> Result<Settings> {
    let stored: serde_json::Value = serde_json::from_str(text).map_err(Error::internal)?;
    let number = |name: &str| stored[name].as_u64().and_then(|n| u32::try_from(n).ok());
    let default = Settings::default();
    Ok(Settings {
        unique_group_names: stored["uniqueGroupNames"].as_bool().unwrap_or(default.unique_group_names),
        restore_days: number("restoreDays").unwrap_or(default.restore_days),
        history_days: number("historyDays"),
        brake_members: number("brakeMembers").unwrap_or(default.brake_members),
        brake_percent: number("brakePercent").unwrap_or(default.brake_percent),
    })
}

fn read(row: Row<'_>) -> Result<Company> {
    Ok(Company {
        id: row.id(0)?,
        name: row.text(1)?,
        settings: row.look(2, read_settings)?,
        state: row.look(3, read_state)?,
        revision: row.count(4)?,
        version: row.count(5)?,
        created_at: row.time(6)?,
        updated_at: row.time(7)?,
    })
}

/// The company, in whatever state.
pub(crate) async fn get(conn: &mut Conn, id: CompanyId) -> Result<Option<Company>> {
    conn.row(&GET, &[val(id)], read).await
}

/// Active companies by id.
pub(crate) async fn list(conn: &mut Conn, ask: &Ask<CompanyId>) -> Result<Page<Company, CompanyId>> {
    let (after, offset) = match ask.from {
        From::Start => (CompanyId::PLATFORM, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (CompanyId::PLATFORM, n),
    };
    let rows = conn.rows(&LIST, &[val(after), val(ask.limit + 1), val(offset)], read).await?;
    Ok(Page::cut(rows, ask.limit, None, |company| company.id))
}

/// Makes the row of a company; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, c: &Company, head: &Head, now: Timestamp) -> Result<bool> {
    let values = [
        val(c.id),
        val(&c.name),
        val(settings_text(&c.settings)),
        val(c.state.word()),
        val(&head.hash[..]),
        val(c.created_at),
        val(c.version),
        val(now),
    ];
    Ok(conn.run(&INSERT, &values).await? == 1)
}

/// Writes a company's own members.
pub(crate) async fn update(conn: &mut Conn, c: &Company) -> Result<()> {
    let values = [
        val(c.id),
        val(&c.name),
        val(settings_text(&c.settings)),
        val(c.state.word()),
        val(c.version),
        val(c.updated_at),
    ];
    conn.run(&UPDATE, &values).await.map(drop)
}

/// Locks the company's row to the end of the transaction and reads the head of its journal.
pub(crate) async fn lock(conn: &mut Conn, id: CompanyId) -> Result<Option<Head>> {
    conn.row(&LOCK, &[val(id)], |row| {
        Ok(Head {
            state: row.look(0, read_state)?,
            settings: row.look(1, read_settings)?,
            revision: row.count(2)?,
            hash: row.bytes(3)?,
            recorded_at: row.time(4)?,
            next_due: row.opt_time(5)?,
            rules: row.opt_id(6)?,
            conflicts: row.count(7)?,
        })
    })
    .await
}

/// Moves the head of the journal.
pub(crate) async fn advance(conn: &mut Conn, id: CompanyId, head: &Head) -> Result<()> {
    let values = [
        val(id),
        val(head.revision),
        val(&head.hash[..]),
        val(head.recorded_at),
        val(head.next_due),
        val(head.rules),
        val(head.conflicts),
    ];
    conn.run(&ADVANCE, &values).await.map(drop)
}

/// The revision of each of several companies; none in place of one that is not in use.
pub(crate) async fn revisions(conn: &mut Conn, ids: &[CompanyId]) -> Result<Vec<Option<u64>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(*id)]).collect();
    Ok(conn.rows_each(&REVISION, &sets, |row| row.count(0)).await?.into_iter().map(|mut rows| rows.pop()).collect())
}

/// The revision of a company that a door may show.
pub(crate) async fn revision(conn: &mut Conn, id: CompanyId) -> Result<Option<u64>> {
    conn.row(&REVISION, &[val(id)], |row| row.count(0)).await
}

/// Companies that have work due, soonest first.
pub(crate) async fn due(conn: &mut Conn, now: Timestamp) -> Result<Vec<CompanyId>> {
    conn.rows(&DUE, &[val(now)], |row| row.id(0)).await
}

/// Companies in use that have webhooks, each with its revision.
pub(crate) async fn hooked(conn: &mut Conn) -> Result<Vec<(CompanyId, u64)>> {
    conn.rows(&HOOKED, &[val(CompanyId::PLATFORM)], |row| Ok((row.id(0)?, row.count(1)?))).await
}

/// Counts a webhook more or less; how many there are then.
pub(crate) async fn count_webhooks(conn: &mut Conn, id: CompanyId, by: i64) -> Result<u64> {
    Ok(conn.row(&COUNT_WEBHOOKS, &[val(id), val(by)], |row| row.count(0)).await?.unwrap_or(0))
}

/// Companies in use that do not have the groups of the platform as they are at this revision of it.
pub(crate) async fn behind(conn: &mut Conn, mark: u64) -> Result<Vec<CompanyId>> {
    conn.rows(&BEHIND, &[val(mark)], |row| row.id(0)).await
}

/// Notes that the company has the groups of the platform as they are at this revision of it.
pub(crate) async fn follow(conn: &mut Conn, id: CompanyId, mark: u64) -> Result<()> {
    conn.run(&FOLLOW, &[val(id), val(mark)]).await.map(drop)
}

/// Every company with its name and state, the platform company among them.
pub(crate) async fn every(conn: &mut Conn) -> Result<Vec<(CompanyId, String, CompanyState)>> {
    conn.rows(&EVERY, &[val(CompanyId::PLATFORM)], |row| Ok((row.id(0)?, row.text(1)?, row.look(2, read_state)?))).await
}

/// Ends of both chains: revision and hash of the journal, count and hash of the refusals.
pub(crate) async fn chains(conn: &mut Conn, id: CompanyId) -> Result<Option<(u64, Vec<u8>, u64, Vec<u8>)>> {
    conn.row(&CHAINS, &[val(id)], |row| Ok((row.count(0)?, row.bytes(1)?, row.count(2)?, row.bytes(3)?))).await
}

/// Locks the company's row and reads the end of its chain of refusals.
pub(crate) async fn refusal_head(conn: &mut Conn, id: CompanyId) -> Result<Option<(u64, Vec<u8>)>> {
    conn.row(&REFUSAL_HEAD, &[val(id)], |row| Ok((row.count(0)?, row.bytes(1)?))).await
}

/// Moves the end of the chain of refusals.
pub(crate) async fn refusal_advance(conn: &mut Conn, id: CompanyId, seq: u64, hash: &[u8]) -> Result<()> {
    conn.run(&REFUSAL_ADVANCE, &[val(id), val(seq), val(hash)]).await.map(drop)
}

/// When the company was last written to.
pub(crate) async fn recorded_at(conn: &mut Conn, id: CompanyId) -> Result<Option<Timestamp>> {
    conn.row(&RECORDED_AT, &[val(id)], |row| row.time(0)).await
}

/// Removes the row of a company whose import failed.
pub(crate) async fn forget(conn: &mut Conn, id: CompanyId) -> Result<()> {
    conn.run(&FORGET, &[val(id)]).await.map(drop)
}

/// Writes the settings of the platform company, which hold what its master key is known by.
pub(crate) async fn mark(conn: &mut Conn, id: CompanyId, settings: &str) -> Result<()> {
    conn.run(&MARK, &[val(id), val(settings)]).await.map(drop)
}

/// The stored text of a company's settings.
pub(crate) async fn settings(conn: &mut Conn, id: CompanyId) -> Result<Option<String>> {
    conn.row(&SETTINGS, &[val(id)], |row| row.text(0)).await
}
