//! The programs under load: the server with its database, and the ceiling.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use guildhall_testkit::MASTER_KEY;

use crate::process;

/// A program that listens, and ends with this.
pub(crate) struct Program {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From its start to the line that says so.
    pub(crate) start: Duration,
}

impl Program {
    /// Starts a program on the server's core and waits for `listening on http://…`.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("run {command:?}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let start = began.elapsed();
        let address = line.trim().strip_prefix("listening on http://").and_then(|text| text.parse().ok());
        let address = address.with_context(|| format!("{command:?} said {line:?} instead of where it listens"))?;
        Ok(Self { child, address, start })
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // By its number: it is ours and has not been waited for.
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// The `guildhall` command on one database.
pub(crate) struct Guildhall {
    program: PathBuf,
    database: String,
    directory: PathBuf,
}

impl Guildhall {
    /// The command that was built beside this program.
    pub(crate) fn new(database: String, directory: &Path) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("guildhall");
        ensure!(program.is_file(), "{} is missing: run this by `make bench`", program.display());
        Ok(Self { program, database, directory: directory.to_owned() })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = process::on(process::SERVER, &self.program);
        command.args(words).args(["--database", &self.database]);
        command.env("GUILDHALL_MASTER_KEY", MASTER_KEY).current_dir(&self.directory);
        command
    }

    /// Loads a directory; how long it took and the most memory it had.
    pub(crate) fn import(&self, file: &Path) -> Result<(Duration, u64)> {
        let mut command = self.command(&["import"]);
        command.arg(file).stdout(Stdio::null()).stderr(Stdio::inherit());
        process::watch(command)
    }

    /// Makes a key that may write; its id and secret.
    pub(crate) fn key(&self, company: &str, user: &str) -> Result<(String, String)> {
        let words = ["key", "create", "--company", company, "--user", user, "--access", "write", "--json"];
        let output = self.command(&words).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "no key was made");
        let key: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let part = |name: &str| key[name].as_str().map(str::to_owned).context("not a key");
        Ok((part("id")?, part("secret")?))
    }

    /// Starts the server as it is shipped, but for the limits on calls, which are raised.
    pub(crate) fn serve(&self) -> Result<Program> {
        let most = u32::MAX.to_string();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(["--limit-calls", &most, "--limit-cakewalk-calls", &most, "--webhook-allow", "127.0.0.0/8"]);
        command.stderr(self.log()?);
        Program::start(command)
    }

    fn log(&self) -> Result<File> {
        Ok(OpenOptions::new().create(true).append(true).open(self.directory.join("log"))?)
    }

    /// Empties the log, which grows by megabytes a second.
    pub(crate) fn empty_log(&self) -> Result<()> {
        Ok(self.log()?.set_len(0)?)
    }

    /// The last lines of the log.
    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("guildhall::request")).collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

/// Starts the ceiling: this program in another part.
pub(crate) fn ceiling() -> Result<Program> {
    let mut command = process::on(process::SERVER, &std::env::current_exe()?);
    command.arg("ceiling");
    Program::start(command)
}
