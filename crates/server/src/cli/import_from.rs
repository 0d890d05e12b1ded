//! `guildhall import-from`: people, groups and members from another server, over its API.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Adopt, Connection, NewConnection};
use guildhall_domain::ids::ConnectionId;
use guildhall_domain::page::Ask;
use guildhall_domain::pull::{Report, RunState, Source};
use guildhall_engine::Engine;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{self, Receiver};
use uuid::Uuid;

use super::run::{Command, Out, Output, Piece};
use super::{Database, Failure, execute_fed, why};
use crate::moving::{self, Speaks};

/// Bytes handed on at a time.
const CHUNK: usize = 1 << 18;
/// Changes and problems that are told.
const TOLD: usize = 50;

/// Reads another server and brings its people, groups and members into a connection. Run again it brings over what
/// has changed there.
#[derive(Debug, Args)]
pub(super) struct ImportFrom {
    /// How the other server speaks
    #[arg(value_name = "DIALECT")]
    speaks: Speaks,
    /// The other server's address, such as https://groups.example.com
    #[arg(long, env = "GUILDHALL_FROM_URL", value_name = "URL")]
    url: String,
    /// The id of a key there that may read; without it the secret is a whole token
    #[arg(long, env = "GUILDHALL_FROM_KEY", value_name = "ID")]
    key: Option<String>,
    /// The secret of that key. Better set as GUILDHALL_FROM_SECRET: other users can see a flag
    #[arg(long, env = "GUILDHALL_FROM_SECRET", value_name = "SECRET", hide_env_values = true)]
    secret: String,
    /// The company there, where it has several (companies-v3)
    #[arg(long, env = "GUILDHALL_FROM_COMPANY", value_name = "ID")]
    from_company: Option<String>,
    /// The company here; not needed where there is just one
    #[arg(long, env = "GUILDHALL_IMPORT_FROM_COMPANY", value_name = "ID")]
    company: Option<Uuid>,
    /// The connection to bring it into, by name; it is made when it is not there
    #[arg(long, env = "GUILDHALL_IMPORT_FROM_CONNECTION", value_name = "NAME")]
    connection: Option<String>,
    /// What of ours a new connection may take over: none, users, groups or all
    #[arg(long, env = "GUILDHALL_IMPORT_FROM_ADOPT", value_name = "WHAT", default_value = "none")]
    adopt: String,
    /// Only tell what would change
    #[arg(long, env = "GUILDHALL_IMPORT_FROM_PREVIEW")]
    preview: bool,
    /// What the brake asked for, to remove much all the same
    #[arg(long, env = "GUILDHALL_IMPORT_FROM_CONFIRM", value_name = "TEXT")]
    confirm: Option<String>,
    /// Keep what is read in this file, and go on from it when it is there; it is removed at the end
    #[arg(long, env = "GUILDHALL_IMPORT_FROM_RESUME", value_name = "FILE")]
    resume: Option<PathBuf>,
}

/// What to do with what was read, as it travels to the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Into {
    kind: String,
    company: Option<Uuid>,
    connection: String,
    adopt: String,
    preview: bool,
    confirm: Option<String>,
}

impl ImportFrom {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        Adopt::parse("--adopt", &self.adopt).map_err(|e| Failure::usage(e.to_string()))?;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default(); // it may be there already
        let host = self.url.split("://").nth(1).unwrap_or(&self.url).split('/').next().unwrap_or_default().to_owned();
        let into = Into {
            kind: self.speaks.word().into(),
            company: self.company,
            connection: self.connection.unwrap_or_else(|| format!("{} at {host}", self.speaks.word())),
            adopt: self.adopt,
            preview: self.preview,
            confirm: self.confirm,
        };
        let from = moving::From {
            speaks: self.speaks,
            url: self.url,
            key: self.key,
            secret: self.secret,
            company: self.from_company,
            resume: self.resume.clone(),
        };
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        let heard = |n: u64| bar.set_message(format!("{n} people and groups read"));
        let fetched = moving::fetch(from, &heard).await;
        bar.finish_and_clear();
        let again = |why: String| match &self.resume {
            Some(_) => Failure::new(format!("{why}; the same command goes on where this one ended")),
            None => Failure::new(why),
        };
        let text = moving::write(fetched.map_err(again)?).map_err(|e| Failure::new(e.to_string()))?;
        execute_fed(database, Command::ImportFrom(into), feed(text)).await?;
        if let Some(path) = self.resume {
            // What it holds is old by now, and would hide what changes.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

fn feed(text: Vec<u8>) -> Receiver<Piece> {
    let (to, input) = mpsc::channel(4);
    tokio::spawn(async move {
        if to.send(Piece::File("source".into())).await.is_err() {
            return;
        }
        for chunk in text.chunks(CHUNK) {
            if to.send(Piece::Data(chunk.to_vec())).await.is_err() {
                return;
            }
        }
        let _ = to.send(Piece::End).await; // whoever has left needs no end
    });
    input
}

/// The connection of this name, made where there is none.
async fn connection(engine: &Engine, caller: &Caller, into: &Into) -> Result<Connection, Failure> {
    let mut ask = Ask::first(1000);
    loop {
        let page = engine.connections(caller, &ask).await?;
        if let Some(found) = page.items.into_iter().find(|found| found.name == into.connection) {
            if found.kind != into.kind {
                return Err(Failure::new(format!("the connection {} is of kind {}", found.name, found.kind)));
            }
            return Ok(found);
        }
        match page.next {
            Some(next) => ask = Ask { from: guildhall_domain::page::From::After(next), ..ask },
            None => break,
        }
    }
    let new = NewConnection {
        id: None,
        name: into.connection.clone(),
        kind: into.kind.clone(),
        owner: None,
        one_way: Some(false),
        adopt: Some(Adopt::parse("--adopt", &into.adopt)?),
        settings: None,
        brake_members: None,
        brake_percent: None,
        secret: None,
    };
    if into.preview {
        // A trial makes nothing, not even this.
        return Ok(Connection::birth(ConnectionId::NIL, new, engine.clock().now(), 0)?);
    }
    Ok(engine.create_connection(caller, new).await?.value)
}

/// Reads what was fetched, and carries it out.
pub(super) async fn run(
    engine: &Engine,
    into: Into,
    mut input: Receiver<Piece>,
    output: &Output,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let (mut source, mut rest) = (Source::default(), Vec::new());
    let broken = |why: String| Failure::new(format!("what was read cannot be understood: {why}"));
    loop {
        match input.recv().await {
            Some(Piece::File(_)) => {}
            Some(Piece::Data(bytes)) => {
                rest.extend_from_slice(&bytes);
                let mut lines = rest.split_inclusive(|byte| *byte == b'\n');
                let mut end = 0;
                while let Some(line) = lines.next().filter(|line| line.ends_with(b"\n")) {
                    moving::read(line, &mut source).map_err(broken)?;
                    end += line.len();
                }
                rest.drain(..end);
            }
            Some(Piece::End) => break,
            None => return Err(Failure::new("the import was interrupted before anything was changed")),
        }
    }
    let caller = why::company(engine, into.company).await?;
    let connection = connection(engine, &caller, &into).await?;
    if into.preview {
        let report = engine.try_source(&caller, &connection, source).await?;
        return tell("would change", true, &report, begun.elapsed().as_secs_f64(), output).await;
    }
    let caller = Caller { confirmation: into.confirm.clone(), ..caller };
    let claimed = engine.begin_run(&caller, connection.id, false).await?;
    let sender = output.0.clone();
    let watch = move |done, total| {
        let _ = sender.try_send(Out::Progress(done, total)); // one step more or less is not missed
        !sender.is_closed()
    };
    match engine.carry_out_run(&claimed, source, &watch).await {
        Ok(run) => {
            let held = run.state == RunState::Held;
            let verb = if held { "is held by the brake" } else { "changed" };
            tell(verb, held, &run.report, begun.elapsed().as_secs_f64(), output).await?;
            match run.confirmation.filter(|_| held) {
                Some(confirmation) => Err(Failure::new(format!(
                    "the brake holds this, so nothing was changed; if it is meant, add --confirm {confirmation}"
                ))),
                None => Ok(()),
            }
        }
        Err(error) => {
            engine.fail_run(&claimed, &error.to_string()).await?;
            Err(match error {
                Error::Conflict { why } => Failure::new(why),
                other => other.into(),
            })
        }
    }
}

async fn tell(verb: &str, all: bool, report: &Report, seconds: f64, output: &Output) -> Result<(), Failure> {
    let c = &report.counts;
    let mut lines = vec![format!(
        "read {} people and {} groups; {verb}: users +{} ~{} -{}, groups +{} ~{} -{}, memberships +{} -{}, nestings +{} -{} in {seconds:.1} s",
        report.users,
        report.groups,
        c.users_added,
        c.users_changed,
        c.users_removed,
        c.groups_added,
        c.groups_changed,
        c.groups_removed,
        c.members_added,
        c.members_removed,
        c.nested,
        c.unnested
    )];
    if all {
        lines.extend(report.changes.iter().take(TOLD).map(|change| format!("  {change}")));
    }
    if report.problems_total > 0 {
        lines.push(format!("not carried ({}):", report.problems_total));
        lines.extend(report.problems.iter().take(TOLD).map(|problem| format!("  {problem}")));
    }
    output.line(lines.join("\n")).await
}
