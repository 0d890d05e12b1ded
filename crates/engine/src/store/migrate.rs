//! Brings a database to the schema this binary knows, and refuses one that is newer.

use guildhall_domain::{Error, Result};

use super::Conn;

/// One step: its number, its name, and its words for SQLite and PostgreSQL.
struct Step(i64, &'static str, &'static str, &'static str);

macro_rules! step {
    ($number:literal, $name:literal) => {
        Step(
            $number,
            $name,
            include_str!(concat!("../../../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../../../migrations/postgres/", $name, ".sql")),
        )
    };
}

const STEPS: &[Step] = &[
    step!(1, "0001_core"),
    step!(2, "0002_reading"),
    step!(3, "0003_membership"),
    step!(4, "0004_connections"),
    step!(5, "0005_apps"),
    step!(6, "0006_roles"),
    step!(7, "0007_webhooks"),
    step!(8, "0008_notices"),
    step!(9, "0009_rules"),
    step!(10, "0010_releases"),
    step!(11, "0011_requests"),
    step!(12, "0012_brakes"),
    step!(13, "0013_conflicts"),
    step!(14, "0014_grants_then"),
    step!(15, "0015_reviews"),
    step!(16, "0016_teams"),
    step!(17, "0017_apps_then"),
    step!(18, "0018_runs"),
    step!(21, "0021_sessions"),
    step!(22, "0022_platform_groups"),
    step!(27, "0027_reasons_open"),
];

/// The schema that this binary knows.
pub(crate) fn known() -> i64 {
    STEPS.last().map_or(0, |step| step.0)
}

/// The refusal of a schema that is newer than [`known`].
pub(crate) fn newer(at: i64) -> Error {
    Error::conflict(format!(
        "the database has schema {at}, which is newer than schema {} of this guildhall; start the newer guildhall that wrote it, or restore a backup made by this one",
        known()
    ))
}

/// Runs the steps that are missing, all in one transaction; how many ran.
///
/// # Errors
/// [`Error::Conflict`] when the schema is newer than this binary.
pub(crate) async fn run(conn: &mut Conn) -> Result<usize> {
    match conn {
        Conn::Sqlite(_) => conn.words("begin immediate").await?,
        // Two nodes that start at once take turns on a table lock, held to the end of the transaction.
        Conn::Postgres(_) => conn.words("begin; set local statement_timeout = 0; set local lock_timeout = 0").await?,
    }
    let outcome = steps(conn).await;
    conn.words(if outcome.is_ok() { "commit" } else { "rollback" }).await?;
    outcome
}

async fn steps(conn: &mut Conn) -> Result<usize> {
    let at = match conn {
        Conn::Sqlite(sqlite) => {
            let fault = |e: rusqlite::Error| super::sqlite::error(&e);
            sqlite.execute_batch("create table if not exists migrations (version integer not null primary key, name text not null) strict").map_err(fault)?;
            sqlite.query_row("select coalesce(max(version), 0) from migrations", [], |row| row.get(0)).map_err(fault)?
        }
        Conn::Postgres(client) => {
            let fault = |e: tokio_postgres::Error| super::postgres::error(&e);
            let there = client.query_one("select to_regclass('migrations') is not null", &[]).await.map_err(fault)?;
            if !there.get::<_, bool>(0) {
                let made = client.batch_execute("savepoint make; create table migrations (version bigint not null primary key, name text not null)").await;
                if made.is_err() {
                    // Another node made it between our question and our answer.
                    client.batch_execute("rollback to savepoint make").await.map_err(fault)?;
                }
            }
            client.batch_execute("lock table migrations in exclusive mode").await.map_err(fault)?;
            client.query_one("select coalesce(max(version), 0) from migrations", &[]).await.map_err(fault)?.get(0)
        }
    };
    if at > known() {
        return Err(newer(at));
    }
    let missing: Vec<&Step> = STEPS.iter().filter(|step| step.0 > at).collect();
    for Step(version, name, sqlite, postgres) in &missing {
        let words = if matches!(conn, Conn::Sqlite(_)) { sqlite } else { postgres };
        conn.words(words).await?;
        // Both texts are ours: a number and a file name of this binary.
        conn.words(&format!("insert into migrations (version, name) values ({version}, '{name}')")).await?;
    }
    Ok(missing.len())
}
