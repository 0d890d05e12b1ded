//! Putting a backup in the place of a SQLite database.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use guildhall_domain::ids::CompanyId;
use guildhall_domain::{Error, Result};
use rusqlite::{Connection, OpenFlags};

use crate::store::migrate;
use crate::{Secrets, beside, companies, lock_file, sqlite_path};

/// A backup that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The database.
    pub database: PathBuf,
    /// The schema that the backup has; the next start brings it up to date.
    pub schema: i64,
    /// Where the master key must be put before the next start, when it is not known yet.
    pub key_missing: Option<PathBuf>,
}

/// Puts `backup` in the place of the SQLite database that `database` (`sqlite:PATH`) names, at one stroke. Nobody may
/// be using it. With `force` a database that stands there is replaced.
///
/// # Errors
/// [`Error::Conflict`] with the remedy when the database is in use or stands already, when `backup` is not a backup of
/// ours or has a newer schema, or when the master key at hand is not the one it was made with.
pub fn restore(database: &str, backup: &Path, force: bool, master_key: Option<&str>) -> Result<Restored> {
    let path = sqlite_path(database).ok_or_else(|| {
        Error::conflict("restore a PostgreSQL database with psql or pg_restore; this command is for SQLite")
    })?;
    let _lock = lock_file(&path)?;
    if path.exists() && !force {
        return Err(Error::conflict(format!(
            "{} exists already; move it away, or add --force to replace it",
            path.display()
        )));
    }
    if fs::canonicalize(backup).is_ok_and(|from| fs::canonicalize(&path).is_ok_and(|to| from == to)) {
        return Err(Error::conflict("the backup and the database are the same file; name another --database"));
    }
    let (schema, mark) = look(backup)?;
    let key = beside(&path, "key");
    let secrets = match master_key {
        Some(text) => Some(Secrets::parse(text)?),
        None if key.exists() => Some(Secrets::from_file(&key, false)?),
        None => None,
    };
    if let Some(secrets) = &secrets {
        companies::known_by(secrets, &mark)?;
    }
    let fault = |e: std::io::Error| Error::conflict(format!("{} cannot be restored: {e}", path.display()));
    let arriving = beside(&path, "restoring");
    let copied = fs::copy(backup, &arriving).and_then(|_| {
        fs::set_permissions(&arriving, fs::Permissions::from_mode(0o600))?;
        fs::File::open(&arriving)?.sync_all()
    });
    if let Err(e) = copied {
        let _ = fs::remove_file(&arriving); // half a copy is of no use; its absence is what we want
        return Err(fault(e));
    }
    retire(&path).map_err(fault)?;
    fs::rename(&arriving, &path).map_err(fault)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent).and_then(|directory| directory.sync_all()).map_err(fault)?;
    Ok(Restored { database: path, schema, key_missing: secrets.is_none().then_some(key) })
}

/// The schema of a backup and what its master key is known by.
fn look(backup: &Path) -> Result<(i64, String)> {
    let no = |why: &dyn std::fmt::Display| {
        Error::conflict(format!("{} is not a backup made by guildhall ({why})", backup.display()))
    };
    if !backup.is_file() {
        return Err(Error::conflict(format!(
            "{} is not there; name a file that `guildhall backup` wrote",
            backup.display()
        )));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(backup, flags).map_err(|e| no(&e))?;
    let schema: i64 =
        conn.query_row("select max(version) from migrations", [], |row| row.get(0)).map_err(|e| no(&e))?;
    if schema > migrate::known() {
        return Err(migrate::newer(schema));
    }
    let whole: String = conn.query_row("pragma integrity_check(1)", [], |row| row.get(0)).map_err(|e| no(&e))?;
    if whole != "ok" {
        return Err(Error::conflict(format!(
            "{} is damaged ({}); use another backup",
            backup.display(),
            whole.replace('\n', " ")
        )));
    }
    let platform: &[u8] = CompanyId::PLATFORM.bytes();
    let mark = conn
        .query_row("select settings from companies where company_id = ?1", [platform], |row| row.get(0))
        .map_err(|e| no(&e))?;
    Ok((schema, mark))
}

/// Leaves no log beside the database that is about to go: SQLite would play a left-over one into the new file.
fn retire(path: &Path) -> std::io::Result<()> {
    // Folded into the file first, so that the old database is whole for as long as it stands. One that is too broken
    // for that loses nothing more.
    if path.exists()
        && let Ok(conn) = Connection::open(path)
    {
        let _ = conn.execute_batch("pragma wal_checkpoint(truncate)");
    }
    for ending in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        match fs::remove_file(&name) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}
