//! Rows of runs, and of what a connection needs to be pulled.

use guildhall_domain::ids::{CompanyId, ConnectionId, RunId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::pull::{Counts, Report, Run, RunKind, RunState};
use guildhall_domain::{Error, Result, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Conn, Row, sql, val};

macro_rules! columns {
    () => {
        "run_id, connection_id, kind, trial, state, asked_by, confirmation, asked_at, started_at, ended_at, report, error, leased_until"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from runs where company_id = $1 and run_id = $2");
    LIST = concat!("select ", columns!(), " from runs where company_id = $1 and connection_id = $2 and run_id < $3 order by run_id desc limit $4 offset $5");
    OPEN = concat!("select ", columns!(), " from runs where company_id = $1 and ended_at is null order by run_id");
    INSERT = "insert into runs (company_id, run_id, connection_id, kind, trial, state, asked_by, confirmation, asked_at, leased_until, report)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)";
    UPDATE = "update runs set state = $3, confirmation = $4, started_at = $5, ended_at = $6, leased_until = $7, report = $8, error = $9 where company_id = $1 and run_id = $2";
    LEASE = "update runs set leased_until = $4 where company_id = $1 and run_id = $2 and started_at = $3 and ended_at is null";
    PRUNE = "delete from runs where company_id = $1 and run_id in (select r.run_id from runs r where r.company_id = $1 and r.connection_id = $2 and r.ended_at is not null
             order by r.run_id desc limit 1000 offset 100)";
    PULL = "select connection_id, secret, mark, whole_at, drift_at, next_at from pulls where company_id = $1 and connection_id = $2";
    DUE = "select connection_id from pulls where company_id = $1 and next_at <= $2 order by next_at, connection_id";
    NEXT = "select min(next_at) from pulls where company_id = $1 and next_at is not null";
    PUT = "insert into pulls (company_id, connection_id, secret, mark, whole_at, drift_at, next_at) values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (company_id, connection_id) do update set secret = $3, mark = $4, whole_at = $5, drift_at = $6, next_at = $7";
    DELETE = "delete from pulls where company_id = $1 and connection_id = $2";
    FORGET = "delete from pulls where company_id = $1";
    FORGET_RUNS = "delete from runs where company_id = $1";
    WAKE = "update companies set next_pull = $2 where company_id = $1";
    COMPANIES = "select company_id from companies where next_pull <= $1 order by next_pull limit 1000";
}

/// What a connection needs to be pulled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pull {
    /// The secret, sealed.
    pub secret: Option<Vec<u8>>,
    /// From where to read changes, in the source's words.
    pub mark: Option<String>,
    /// When all of it was last read.
    pub whole_at: Option<Timestamp>,
    /// When drift was last looked at.
    pub drift_at: Option<Timestamp>,
    /// When to pull next.
    pub next_at: Option<Timestamp>,
}

/// A run with the time until which somebody is at work on it.
pub(crate) struct Leased {
    pub run: Run,
    pub until: Timestamp,
}

fn report_text(report: &Report) -> String {
    let c = &report.counts;
    json!({
        "users": report.users, "groups": report.groups,
        "counts": [c.users_added, c.users_changed, c.users_removed, c.groups_added, c.groups_changed, c.groups_removed, c.members_added, c.members_removed, c.nested, c.unnested],
        "changes": report.changes, "problems": report.problems, "problemsTotal": report.problems_total,
    })
    .to_string()
}

fn read_report(text: &str) -> Result<Report> {
    let stored: Json = serde_json::from_str(text).map_err(Error::internal)?;
    let n = |i: usize| stored["counts"][i].as_u64().unwrap_or(0);
    let texts = |name: &str| {
        let all = stored[name].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    Ok(Report {
        users: stored["users"].as_u64().unwrap_or(0),
        groups: stored["groups"].as_u64().unwrap_or(0),
        counts: Counts {
            users_added: n(0),
            users_changed: n(1),
            users_removed: n(2),
            groups_added: n(3),
            groups_changed: n(4),
            groups_removed: n(5),
            members_added: n(6),
            members_removed: n(7),
            nested: n(8),
            unnested: n(9),
        },
        changes: texts("changes"),
        problems: texts("problems"),
        problems_total: stored["problemsTotal"].as_u64().unwrap_or(0),
    })
}

fn read(row: Row<'_>) -> Result<Leased> {
    let run = Run {
        id: row.id(0)?,
        connection: row.id(1)?,
        kind: row.look(2, |w| RunKind::parse("kind", w).map_err(Error::internal))?,
        trial: row.flag(3)?,
        state: row.look(4, |w| RunState::parse("state", w).map_err(Error::internal))?,
        asked_by: row.text(5)?,
        confirmation: row.opt_text(6)?,
        asked_at: row.time(7)?,
        started_at: row.opt_time(8)?,
        ended_at: row.opt_time(9)?,
        report: row.look(10, read_report)?,
        error: row.opt_text(11)?,
    };
    Ok(Leased { run, until: row.time(12)? })
}

/// The run.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: RunId) -> Result<Option<Leased>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// One page of the runs of a connection, newest first.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    ask: &Ask<RunId>,
) -> Result<Page<Run, RunId>> {
    let last = RunId::new(Uuid::max());
    let (before, offset) = match ask.from {
        From::Start => (last, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (last, n),
    };
    let values = [val(company), val(connection), val(before), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&LIST, &values, |row| Ok(read(row)?.run)).await?;
    Ok(Page::cut(rows, ask.limit, None, |run| run.id))
}

/// The runs of a company that have not ended, oldest first.
pub(crate) async fn open(conn: &mut Conn, company: CompanyId) -> Result<Vec<Leased>> {
    conn.rows(&OPEN, &[val(company)], read).await
}

/// Makes a run.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, run: &Run) -> Result<()> {
    let values = [
        val(company),
        val(run.id),
        val(run.connection),
        val(run.kind.word()),
        val(run.trial),
        val(run.state.word()),
        val(&run.asked_by),
        val(&run.confirmation),
        val(run.asked_at),
        val(report_text(&run.report)),
    ];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Writes how far a run has come.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, run: &Run, until: Timestamp) -> Result<()> {
    let values = [
        val(company),
        val(run.id),
        val(run.state.word()),
        val(&run.confirmation),
        val(run.started_at),
        val(run.ended_at),
        val(until),
        val(report_text(&run.report)),
        val(&run.error),
    ];
    conn.run(&UPDATE, &values).await.map(drop)
}

/// Says that whoever took the run up is still at work; false when it has ended, or somebody else took it up since.
pub(crate) async fn lease(conn: &mut Conn, company: CompanyId, run: &Run, until: Timestamp) -> Result<bool> {
    Ok(conn.run(&LEASE, &[val(company), val(run.id), val(run.started_at), val(until)]).await? == 1)
}

/// Drops all but the newest runs of a connection.
pub(crate) async fn prune(conn: &mut Conn, company: CompanyId, connection: ConnectionId) -> Result<()> {
    conn.run(&PRUNE, &[val(company), val(connection)]).await.map(drop)
}

/// What a connection needs to be pulled; nothing of one that never was.
pub(crate) async fn pull(conn: &mut Conn, company: CompanyId, connection: ConnectionId) -> Result<Pull> {
    let read = |row: Row<'_>| {
        Ok(Pull {
            secret: row.opt_bytes(1)?,
            mark: row.opt_text(2)?,
            whole_at: row.opt_time(3)?,
            drift_at: row.opt_time(4)?,
            next_at: row.opt_time(5)?,
        })
    };
    Ok(conn.row(&PULL, &[val(company), val(connection)], read).await?.unwrap_or_default())
}

/// Keeps what a connection needs to be pulled.
pub(crate) async fn put(conn: &mut Conn, company: CompanyId, connection: ConnectionId, pull: &Pull) -> Result<()> {
    let values = [
        val(company),
        val(connection),
        val(pull.secret.clone()),
        val(&pull.mark),
        val(pull.whole_at),
        val(pull.drift_at),
        val(pull.next_at),
    ];
    conn.run(&PUT, &values).await.map(drop)
}

/// Forgets what a connection needed.
pub(crate) async fn delete(conn: &mut Conn, company: CompanyId, connection: ConnectionId) -> Result<()> {
    conn.run(&DELETE, &[val(company), val(connection)]).await.map(drop)
}

/// The connections of a company whose time has come.
pub(crate) async fn due(conn: &mut Conn, company: CompanyId, now: Timestamp) -> Result<Vec<ConnectionId>> {
    conn.rows(&DUE, &[val(company), val(now)], |row| row.id(0)).await
}

/// When the first connection of a company is to be pulled.
pub(crate) async fn next(conn: &mut Conn, company: CompanyId) -> Result<Option<Timestamp>> {
    Ok(conn.row(&NEXT, &[val(company)], |row| row.opt_time(0)).await?.flatten())
}

/// Has somebody look at a company then.
pub(crate) async fn wake(conn: &mut Conn, company: CompanyId, at: Option<Timestamp>) -> Result<()> {
    conn.run(&WAKE, &[val(company), val(at)]).await.map(drop)
}

/// The companies to look at.
pub(crate) async fn companies(conn: &mut Conn, now: Timestamp) -> Result<Vec<CompanyId>> {
    conn.rows(&COMPANIES, &[val(now)], |row| row.id(0)).await
}

/// Removes what an import that failed has left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<()> {
    conn.run(&FORGET, &[val(company)]).await?;
    conn.run(&FORGET_RUNS, &[val(company)]).await.map(drop)
}
