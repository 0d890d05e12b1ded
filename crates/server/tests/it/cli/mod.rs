//! The binary as an operator runs it, and the directory format underneath.

pub(crate) mod directory;
mod handover;
mod import;
mod keys;
mod platform;
mod serve;
mod sheets;
mod statements;
mod update;
mod upkeep;
mod why;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const COMPANY: &str = "c0000000-0000-4000-8000-000000000001";
pub(crate) const ADA: &str = "0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21";
pub(crate) const ENGINEERING: &str = "b0000000-0000-4000-8000-000000000002";

/// The demo company's file.
pub(crate) fn northwind() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/northwind.jsonl");
    std::fs::read_to_string(path).expect("the demo directory")
}

/// A directory to run commands in, with `guildhall.db` in it by default.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Ran {
    /// The output of a command that must have worked, silently.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// The one line of a command that must have failed, without its beginning.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        self.line()
    }

    /// The one line of a command that must have been used wrongly.
    #[track_caller]
    pub(crate) fn misused(self) -> String {
        assert_eq!(self.code, Some(2), "{self:?}");
        self.line()
    }

    #[track_caller]
    fn line(self) -> String {
        let line = self.err.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {self:?}"));
        assert!(!line.contains('\n'), "more than one line: {}", self.err);
        line.strip_prefix("guildhall: ").unwrap_or_else(|| panic!("not ours: {line}")).to_owned()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("written");
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GUILDHALL_") {
                command.env_remove(name);
            }
        }
        command.args(args).current_dir(self.directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let begun = Instant::now();
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("started");
        let mut to = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        // A command that refuses stops reading: then the pipe breaks, and that is no failure of the test.
        let writing = std::thread::spawn(move || to.write_all(input.as_bytes()).is_ok());
        let output = child.wait_with_output().expect("ended");
        let took = begun.elapsed();
        writing.join().expect("written");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr), took }
    }

    /// A server on a free port, listening.
    pub(crate) fn serve(&self, args: &[&str]) -> Serving {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(args);
        let mut child = self.command(&all).spawn().expect("started");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        let url = first.trim_end().strip_prefix("listening on ").map(str::to_owned);
        let Some(url) = url else {
            let mut err = String::new();
            child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
            panic!("no listening line but {first:?}; {err}");
        };
        Serving { child, out, url }
    }
}

/// A server that runs.
pub(crate) struct Serving {
    pub child: Child,
    pub out: BufReader<ChildStdout>,
    pub url: String,
}

impl Serving {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// Stops it as an operator does; its exit code and log.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let mut log = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("text");
        (self.child.wait().expect("ended").code(), log)
    }

    /// Kills it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended already where the test went well
        let _ = self.child.wait();
    }
}

pub(crate) fn client() -> reqwest::Client {
    // The second of two tests in one process finds the provider installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::new()
}

/// A company with this many users and groups, everybody in every tenth group.
pub(crate) fn big(users: usize, groups: usize) -> String {
    use std::fmt::Write;
    let company = "d0000000-0000-4000-8000-000000000001";
    let mut text = format!("{{\"type\":\"company\",\"id\":\"{company}\",\"name\":\"Big\"}}\n");
    for i in 0..users {
        let _ = writeln!(
            text,
            "{{\"type\":\"user\",\"id\":\"d1000000-0000-4000-8000-{i:012x}\",\"company\":\"{company}\",\"name\":\"Person {i}\",\"email\":\"p{i}@big.example\"}}"
        );
    }
    for i in 0..groups {
        let _ = writeln!(
            text,
            "{{\"type\":\"group\",\"id\":\"d2000000-0000-4000-8000-{i:012x}\",\"company\":\"{company}\",\"name\":\"Group {i}\"}}"
        );
    }
    for user in 0..users {
        for group in (user % 10..groups).step_by(10) {
            let _ = writeln!(
                text,
                "{{\"type\":\"membership\",\"company\":\"{company}\",\"group\":\"d2000000-0000-4000-8000-{group:012x}\",\"user\":\"d1000000-0000-4000-8000-{user:012x}\"}}"
            );
        }
    }
    text
}
