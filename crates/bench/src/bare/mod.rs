//! The databases without a server: what a change costs bare SQLite, and what PostgreSQL's own pgbench reaches with the
//! statements of a change and of a read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use guildhall_testkit::postgres;
use uuid::Uuid;

use crate::process;

/// What bare PostgreSQL comes to.
pub(crate) struct Postgres {
    /// Changes acknowledged in a second, by 32 clients.
    pub(crate) changes: f64,
    /// The database's CPU time for one read.
    pub(crate) read: Duration,
}

/// Bare SQLite, one commit a change on one thread: changes in a second, and the CPU time of each in microseconds.
pub(crate) fn sqlite(directory: &Path, time: Duration) -> Result<(f64, f64)> {
    let mut command: Command = process::on(process::SERVER, &std::env::current_exe()?);
    command.arg("bare").arg(directory.join("bare.db")).arg(time.as_millis().to_string());
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (writes, micros) = text.trim().split_once(' ').context("bare SQLite told nothing")?;
    let (writes, micros): (f64, f64) = (writes.parse()?, micros.parse()?);
    Ok((writes / time.as_secs_f64(), micros / writes))
}

/// pgbench on the database that has just been measured, with 32 clients; none where it is not installed.
pub(crate) fn postgres(
    server: &postgres::Server,
    directory: &Path,
    (company, key): (Uuid, Uuid),
    (users, groups): (usize, usize),
    time: Duration,
) -> Result<Option<Postgres>> {
    let (Some(pgbench), Some(psql)) = (server.program("pgbench"), server.program("psql")) else { return Ok(None) };
    let company = format!("company={}", company.simple());
    let script = |name: &str, text: &str| -> Result<std::path::PathBuf> {
        let path = directory.join(name);
        fs::write(&path, text)?;
        Ok(path)
    };
    let pick = script("pick.sql", include_str!("pick.sql"))?;
    let mut command = Command::new(psql);
    command.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--set", &company, "--file"]);
    let picked = command.arg(pick).arg(server.url()).output()?;
    ensure!(picked.status.success(), "psql: {}", String::from_utf8_lossy(&picked.stderr));
    let run = |file: &Path| -> Result<f64> {
        let mut command = process::on(process::LOAD, &pgbench);
        command.args(["--no-vacuum", "--protocol=prepared", "--client=32", "--jobs=1"]);
        command.arg(format!("--time={}", time.as_secs().max(1)));
        command.args(["--define", &company]).arg("--define").arg(format!("key={}", key.simple()));
        command.arg(format!("--define=users={users}")).arg(format!("--define=groups={groups}"));
        let output = command.arg("--file").arg(file).arg(server.url()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.with_context(|| format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
    };
    let changes = 2.0 * run(&script("change.sql", include_str!("change.sql"))?)?;
    let (postmaster, read) = (server.process()?, script("read.sql", include_str!("read.sql"))?);
    let before = process::cpu_of_postgres(postmaster)?;
    let reads = run(&read)? * time.as_secs().max(1) as f64;
    let read = (process::cpu_of_postgres(postmaster)? - before).div_f64(reads);
    Ok(Some(Postgres { changes, read }))
}
