//! Processes: started on a core of their own, their CPU time and their memory read from `/proc`.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The core of the server, its database and the ceiling.
pub(crate) const SERVER: &str = "0";
/// The core of the load.
pub(crate) const LOAD: &str = "1";

/// Can processes be kept on a core of their own here?
pub(crate) fn can_pin() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let taskset = Command::new("taskset").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    cores >= 2 && taskset.is_ok_and(|status| status.success())
}

/// A command that runs on `core`, where that can be.
pub(crate) fn on(core: &str, program: &std::path::Path) -> Command {
    if can_pin() {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(program);
        return command;
    }
    Command::new(program)
}

/// Moves this process to `core`, where that can be; what it starts from then on stays there too.
pub(crate) fn move_to(core: &str) -> Result<()> {
    if can_pin() {
        let mut command = Command::new("taskset");
        command.args(["-a", "-c", "-p", core]).arg(std::process::id().to_string());
        command.stdout(Stdio::null()).status().context("run taskset")?;
    }
    Ok(())
}

/// User and system time of a process so far, and of its children where it is a postmaster.
pub(crate) fn cpu(process: u32) -> Result<Duration> {
    let fields = stat(process)?;
    Ok(ticks(&fields, 11..13))
}

/// User and system time of PostgreSQL so far: the postmaster and everything it has started, gone or there.
pub(crate) fn cpu_of_postgres(postmaster: u32) -> Result<Duration> {
    let mut all = ticks(&stat(postmaster)?, 11..15);
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended meanwhile; then the postmaster has its time.
        let Ok(fields) = stat(process) else { continue };
        if fields.get(1).is_some_and(|parent| *parent == postmaster.to_string()) {
            all += ticks(&fields, 11..13);
        }
    }
    Ok(all)
}

/// What stands behind a process's name in its `stat`, from its state on.
fn stat(process: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).context("read the server's CPU time")?;
    let rest = text.rsplit_once(')').context("a stat without a name")?.1;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// The kernel counts in hundredths of a second.
fn ticks(fields: &[String], which: std::ops::Range<usize>) -> Duration {
    let ticks = fields.get(which).unwrap_or_default().iter().filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Resident memory of a process now, and at its most, in bytes.
pub(crate) fn memory(process: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).context("read the server's memory")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    Ok((field("VmRSS"), field("VmHWM")))
}

/// Waits for a command; how long it took and the most memory it had.
pub(crate) fn watch(mut command: Command) -> Result<(Duration, u64)> {
    let start = std::time::Instant::now();
    let mut child = command.spawn().with_context(|| format!("run {:?}", command.get_program()))?;
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        most = memory(child.id()).map_or(most, |(_, peak)| peak.max(most));
        std::thread::sleep(Duration::from_millis(5));
    };
    anyhow::ensure!(status.success(), "{command:?} failed");
    Ok((start.elapsed(), most))
}
