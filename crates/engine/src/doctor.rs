//! Is everything as it should be? One look at each thing that can be wrong with a database.

use std::time::Duration;

use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::company::CompanyState;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::{Error, Result, Timestamp};
use rusqlite::ErrorCode;

use crate::Engine;
use crate::store::{self, Conn, Db, companies};

/// How long a start looks through a large file.
const GLANCE: Duration = Duration::from_millis(50);
/// The bytes of a file that is looked through whole: a hundredth of a second.
const SMALL: u64 = 4 << 20;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What, in a word or two.
    pub name: &'static str,
    /// How it stands: good as it is, or what is wrong and what to do.
    pub outcome: std::result::Result<String, String>,
}

impl Check {
    fn of(name: &'static str, outcome: Result<String>) -> Self {
        Self { name, outcome: outcome.map_err(|error| error.to_string()) }
    }
}

impl Engine {
    /// Looks at everything there is to look at; each check by itself, so that one fault hides no other.
    pub async fn doctor(&self) -> Vec<Check> {
        let (schema, steps) = self.schema();
        let schema = match steps {
            0 => format!("version {schema}"),
            n => format!("version {schema}, after {n} step{} just now", if n == 1 { "" } else { "s" }),
        };
        let mut checks = vec![
            Check::of("database", self.ready().await.map(|()| self.db().kind().into())),
            Check::of("schema", Ok(schema)),
            Check::of("statements", self.prepare_all().await),
        ];
        if let Db::Sqlite(file) = self.db() {
            let path = file.path().to_owned();
            let looked = tokio::task::spawn_blocking(move || integrity(&path)).await;
            checks.push(Check::of("integrity", looked.map_err(Error::internal).and_then(|outcome| outcome)));
        }
        checks.push(Check::of("master key", self.knows_master_key().await));
        checks.push(Check::of("journal", self.chains_hold().await));
        checks.push(Check::of("writing", self.writes().await));
        checks.push(Check::of("clock", self.clock_agrees().await));
        checks.push(Check::of("imports", self.unfinished().await));
        checks
    }

    /// Looks for damage in a SQLite file, through all of a small one and of a large one as much as 50 ms allow: what a
    /// server asks before it starts, for whom a file that is broken in places would answer some calls and fail others.
    ///
    /// # Errors
    /// [`Error::Conflict`], saying what is damaged.
    pub async fn glance(&self) -> Result<()> {
        let Db::Sqlite(file) = self.db() else { return Ok(()) };
        let path = file.path().to_owned();
        let small = std::fs::metadata(&path).is_ok_and(|file| file.len() <= SMALL);
        let longest = (!small).then_some(GLANCE);
        let look = move || match store::sqlite::look(&path, "pragma quick_check(1)", longest)? {
            Some(found) if found != "ok" => {
                Err(Error::conflict(format!("{} is damaged ({found}); restore a backup", path.display())))
            }
            _ => Ok(()),
        };
        tokio::task::spawn_blocking(look).await.map_err(Error::internal)?
    }

    /// Prepares every statement there is on this database.
    async fn prepare_all(&self) -> Result<String> {
        let mut conn = self.db().reader().await?;
        let mut n = 0;
        for statement in store::all() {
            let prepared = match &mut *conn {
                Conn::Sqlite(sqlite) => sqlite.prepare(statement.sqlite).map(drop).map_err(|e| e.to_string()),
                Conn::Postgres(client) => client.prepare(statement.postgres).await.map(drop).map_err(|e| e.to_string()),
            };
            prepared.map_err(|e| {
                Error::conflict(format!(
                    "{} cannot be prepared ({e}); the tables are not those of this schema, restore a backup",
                    statement.name
                ))
            })?;
            n += 1;
        }
        Ok(format!("{n} prepared"))
    }

    /// How SQLite would go about each statement: its name and the lines of `explain query plan`. Empty on PostgreSQL.
    ///
    /// # Errors
    /// [`Error::Internal`] when a statement cannot be explained.
    pub async fn plans(&self) -> Result<Vec<(&'static str, Vec<String>)>> {
        let mut conn = self.db().reader().await?;
        let Conn::Sqlite(sqlite) = &mut *conn else { return Ok(Vec::new()) };
        let explain = |statement: &store::Statement| -> rusqlite::Result<Vec<String>> {
            let mut explained = sqlite.prepare(&format!("explain query plan {}", statement.sqlite))?;
            // Unbound: a plan depends on no value.
            let (mut rows, mut lines) = (explained.raw_query(), Vec::new());
            while let Some(row) = rows.next()? {
                lines.push(row.get(3)?);
            }
            Ok(lines)
        };
        store::all().map(|s| Ok((s.name, explain(s).map_err(Error::internal)?))).collect()
    }

    async fn knows_master_key(&self) -> Result<String> {
        let mut conn = self.db().reader().await?;
        let stored = companies::settings(&mut conn, CompanyId::PLATFORM).await?.unwrap_or_default();
        crate::companies::known_by(self.secrets(), &stored)?;
        Ok("is the one this database was made with".into())
    }

    async fn chains_hold(&self) -> Result<String> {
        let verified = self.verify().await?;
        let events: u64 = verified.iter().map(|v| v.events + v.refusals).sum();
        match verified.iter().find_map(|v| Some((v.company, v.broken.as_ref()?))) {
            Some((company, broken)) => Err(Error::conflict(format!(
                "company {company}: {broken}; somebody has changed the file, compare it with a backup"
            ))),
            None => Ok(format!("{events} entries in {} chains hold", 2 * verified.len())),
        }
    }

    async fn writes(&self) -> Result<String> {
        let caller = Caller::operator(CompanyId::PLATFORM, Dialect::System, self.clock().id());
        self.write(&caller, async |_| Ok(())).await?;
        Ok("an empty change was committed".into())
    }

    async fn clock_agrees(&self) -> Result<String> {
        let mut conn = self.db().reader().await?;
        let now = self.clock().now();
        let mut last = Timestamp::MIN;
        for (id, ..) in companies::every(&mut conn).await? {
            last = last.max(companies::recorded_at(&mut conn, id).await?.unwrap_or(last));
        }
        if last > now.plus_seconds(60) {
            return Err(Error::conflict(format!(
                "the last change is from {last}, but it is {now}; set this machine's clock"
            )));
        }
        Ok(now.rfc3339(0))
    }

    async fn unfinished(&self) -> Result<String> {
        let mut conn = self.db().reader().await?;
        let every = companies::every(&mut conn).await?.into_iter();
        match every.filter(|(id, _, state)| *state == CompanyState::Loading && !self.loads().has(*id)).count() {
            0 => Ok("none was cut off".into()),
            n => Ok(format!("{n} cut off; the next start or import removes what is left of them")),
        }
    }
}

/// What keeps a SQLite file from being opened, told to the one who starts us: to callers it is only a fault that passes.
pub(crate) fn explain(db: &Db, error: Error) -> Error {
    let (Db::Sqlite(file), Error::Unavailable { .. }) = (db, &error) else { return error };
    let path = file.path();
    let tried = rusqlite::Connection::open(path).and_then(|conn| {
        conn.busy_timeout(std::time::Duration::from_millis(200))?;
        conn.execute_batch("begin immediate; create table guildhall_probe (n integer) strict; rollback")
    });
    let remedy = |e: &rusqlite::Error| match e.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => "restore a backup, or name another --database",
        Some(ErrorCode::DiskFull) => "make room on its disk",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "end the program that has it open",
        _ => "let this user write to the file and its directory, or name another --database",
    };
    match tried {
        Err(e) => Error::conflict(format!("{} cannot be used ({}); {}", path.display(), plain(&e), remedy(&e))),
        Ok(()) => error,
    }
}

/// The fault in SQLite's own words, without its code.
fn plain(e: &rusqlite::Error) -> String {
    match e {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        other => other.to_string(),
    }
}

fn integrity(path: &std::path::Path) -> Result<String> {
    match store::sqlite::look(path, "pragma integrity_check(1)", None)? {
        Some(found) if found != "ok" => {
            Err(Error::conflict(format!("the file is damaged ({found}); restore a backup")))
        }
        _ => Ok("every page and index is whole".into()),
    }
}
