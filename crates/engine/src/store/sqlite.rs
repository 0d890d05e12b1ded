//! SQLite: one file, one writer, a fixed pool of read connections used inline.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use guildhall_domain::{Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::db::away;
use super::{Row, Statement, Value};

/// The longest a statement of a reader may run.
const LONGEST: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the clock: a few milliseconds.
const STEPS: i32 = 100_000;

/// One connection. A statement that reads longer than [`LONGEST`] is cut off.
pub(crate) struct Client {
    conn: Connection,
    until: Arc<Mutex<Instant>>,
}

impl std::ops::Deref for Client {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl Client {
    fn begin(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + LONGEST;
    }
}

/// The file and the connections that read it.
pub(crate) struct File {
    path: PathBuf,
    readers: Mutex<Vec<Client>>,
    most: usize,
    free: Semaphore,
    /// One process per file: held here, so that it outlives the last write that waits.
    _lock: std::fs::File,
}

impl File {
    /// Names the file, which must exist by the first read, how many may read it at once, and the lock that is its own.
    pub(crate) fn new(path: &Path, readers: usize, lock: std::fs::File) -> Self {
        let pool = Mutex::new(Vec::with_capacity(readers));
        Self { path: path.to_owned(), readers: pool, most: readers, free: Semaphore::new(readers), _lock: lock }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A connection for reading, made when none lies ready.
    pub(crate) async fn reader(&self) -> Result<(Client, SemaphorePermit<'_>)> {
        let permit = self.free.acquire().await.map_err(Error::internal)?;
        let ready = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match ready {
            Some(conn) => conn,
            None => open(&self.path, false)?,
        };
        Ok((conn, permit))
    }

    /// Takes a read connection back; a snapshot left open is ended.
    pub(crate) fn give_back(&self, conn: Client) {
        if !conn.is_autocommit() && (conn.execute_batch("rollback").is_err() || mapped(&conn, true).is_err()) {
            return; // it is dropped, and the next reader makes a fresh one
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }

    /// Read connections in use and open, for metrics.
    pub(crate) fn usage(&self) -> (usize, usize) {
        let busy = self.most - self.free.available_permits();
        (busy, busy + self.readers.lock().unwrap_or_else(PoisonError::into_inner).len())
    }

    /// A connection for writing. What its savepoints keep of pages stays in memory: in a file it would cost each use
    /// case a few system calls.
    pub(crate) fn writer(&self) -> Result<Client> {
        let conn = open(&self.path, true)?;
        conn.execute_batch("pragma temp_store = memory").map_err(|e| error(&e))?;
        Ok(conn)
    }
}

/// What the writer keeps of the file in memory, in KiB, and after how many pages the log is moved into it.
const USUAL: &str = "pragma cache_size = -8000; pragma wal_autocheckpoint = 4000;";
/// The same while many rows come in: each batch touches pages all over the largest indexes.
const LOADING: &str = "pragma cache_size = -64000; pragma wal_autocheckpoint = 25000;";

/// How readers look at the file: in place, as far as it goes.
const MAPPED: &str = "pragma mmap_size = 1073741824;";

/// Lets a reader look at the file in place, or not: who reads all of it once would have all of it in memory.
pub(crate) fn mapped(conn: &Client, mapped: bool) -> Result<()> {
    conn.execute_batch(if mapped { MAPPED } else { "pragma mmap_size = 0" }).map_err(|e| error(&e))
}

/// Gives the writer the memory that a load of many rows needs, or takes it back.
pub(crate) fn loading(conn: &Client, begins: bool) -> Result<()> {
    let words = if begins { LOADING } else { USUAL };
    conn.execute_batch(words).map_err(|e| error(&e))?;
    if !begins {
        conn.execute_batch("pragma shrink_memory").map_err(|e| error(&e))?;
    }
    Ok(())
}

/// Makes the file, empty and for its owner's eyes alone, where there is none; SQLite gives those beside it the same rights.
/// What keeps it from being made SQLite will tell.
fn bear(path: &Path) {
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

/// Opens the file with the settings that keep acknowledged writes through a power cut.
pub(crate) fn open(path: &Path, write: bool) -> Result<Client> {
    let mode = if write {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    if write {
        bear(path);
    }
    let mut conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|e| error(&e))?;
    // busy_timeout first: each pragma below may itself have to wait for a lock.
    conn.busy_timeout(Duration::from_secs(5)).map_err(|e| error(&e))?;
    let pragmas = if write {
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;"
    } else {
        "pragma query_only = on; pragma cache_size = -4000;"
    };
    conn.execute_batch(pragmas).map_err(|e| error(&e))?;
    conn.execute_batch(if write { USUAL } else { MAPPED }).map_err(|e| error(&e))?;
    // All of them, and the words that stand alone.
    conn.set_prepared_statement_cache_capacity(super::all().count() + 16);
    // Else SQLite plans a statement anew whenever a value bound to it might suit another plan: at nearly each use.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|e| error(&e))?;
    let until = Arc::new(Mutex::new(Instant::now()));
    if !write {
        let until = Arc::clone(&until);
        let late = move || Instant::now() > *until.lock().unwrap_or_else(PoisonError::into_inner);
        conn.progress_handler(STEPS, Some(late)).map_err(|e| error(&e))?;
    }
    Ok(Client { conn, until })
}

/// What a look through the pages of the file finds, `ok` where all is well; nothing where `longest` was over first.
pub(crate) fn look(path: &Path, pragma: &str, longest: Option<Duration>) -> Result<Option<String>> {
    let Client { mut conn, .. } = open(path, false)?;
    let end = longest.map(|longest| Instant::now() + longest);
    // In place of the limit of a reader's statement, which is for what clients ask.
    let late = move || end.is_some_and(|end| Instant::now() > end);
    conn.progress_handler(STEPS / 100, Some(late)).map_err(|e| error(&e))?;
    match conn.query_row(pragma, [], |row| row.get::<_, String>(0)) {
        Ok(found) => Ok(Some(found.split_whitespace().collect::<Vec<_>>().join(" "))),
        Err(e) => match e.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(None),
            Some(ErrorCode::DatabaseCorrupt) => Ok(Some(e.to_string())),
            _ => Err(error(&e)),
        },
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Bool(b) => ValueRef::Integer(i64::from(*b)),
            Self::Text(s) => ValueRef::Text(s.as_bytes()),
            Self::Bytes(b) => ValueRef::Blob(b),
            Self::Id(id) => ValueRef::Blob(id),
        }))
    }
}

pub(crate) fn rows<T>(
    conn: &Client,
    statement: &Statement,
    values: &[Value<'_>],
    mut read: impl FnMut(Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    conn.begin();
    let mut prepared = conn.prepare_cached(statement.sqlite).map_err(|e| error(&e))?;
    let mut rows = prepared.query(rusqlite::params_from_iter(values)).map_err(|e| error(&e))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(|e| error(&e))? {
        all.push(read(Row::Sqlite(row))?);
    }
    Ok(all)
}

pub(crate) fn row<T>(
    conn: &Client,
    statement: &Statement,
    values: &[Value<'_>],
    read: impl FnOnce(Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    conn.begin();
    let mut prepared = conn.prepare_cached(statement.sqlite).map_err(|e| error(&e))?;
    let mut rows = prepared.query(rusqlite::params_from_iter(values)).map_err(|e| error(&e))?;
    rows.next().map_err(|e| error(&e))?.map(|row| read(Row::Sqlite(row))).transpose()
}

pub(crate) fn run(conn: &Client, statement: &Statement, values: &[Value<'_>]) -> Result<u64> {
    let mut prepared = conn.prepare_cached(statement.sqlite).map_err(|e| error(&e))?;
    prepared.execute(rusqlite::params_from_iter(values)).map(|n| n as u64).map_err(|e| error(&e))
}

/// Runs words; those that stand alone, such as `savepoint one`, stay prepared.
pub(crate) fn words(conn: &Client, words: &str) -> Result<()> {
    if words.contains(';') {
        return conn.execute_batch(words).map_err(|e| error(&e));
    }
    conn.prepare_cached(words).and_then(|mut prepared| prepared.execute([])).map(drop).map_err(|e| error(&e))
}

/// What a fault of SQLite means to the caller.
pub(crate) fn error(e: &rusqlite::Error) -> Error {
    match e.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::OperationInterrupted,
        ) => away(e),
        _ => Error::internal(e),
    }
}

/// Copies the database to a new file, in one state.
pub(crate) fn backup(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(Error::conflict(format!("{} exists already; name a new file", to.display())));
    }
    // Not a reader's connection: a copy may take longer than a read.
    let source = open(from, true)?;
    let fault = |e: rusqlite::Error| Error::conflict(format!("the backup to {} failed: {e}", to.display()));
    // `query_only` would refuse the copy as well; the file itself stays opened for reading alone.
    source.execute_batch("pragma query_only = off").map_err(fault)?;
    bear(to);
    // A copy of its own, without free pages or a log beside it.
    let copied = source.execute("vacuum into ?1", [to.to_string_lossy().as_ref()]).map_err(fault);
    let kept = copied.and_then(|_| std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(Error::internal));
    if kept.is_err() {
        let _ = std::fs::remove_file(to); // half a backup is of no use; its absence is what we want
    }
    kept
}
