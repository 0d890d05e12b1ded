//! One command carried out on one engine, whether in this process or handed over to the server.

use std::path::PathBuf;

use guildhall_engine::{Engine, sqlite_path};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender};
use uuid::Uuid;

use super::{Failure, audit, backup, doctor, export, import, import_from, key, migrate, sheet, why};
use crate::sheets::Topic;

/// A command on a database, as it travels to the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Command {
    Import { update: bool },
    Export { company: Option<Uuid> },
    ImportSheet(sheet::Import),
    ImportFrom(import_from::Into),
    ExportSheet { topic: Topic, company: Option<Uuid> },
    KeyCreate(key::NewKey),
    KeyList { company: Option<Uuid>, json: bool },
    KeyRevoke { id: Uuid },
    Migrate,
    Backup { file: PathBuf },
    Doctor,
    AuditVerify,
    Why(why::Question),
}

impl Command {
    /// What the log calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Import { .. } => "import",
            Self::Export { .. } => "export",
            Self::ImportSheet(_) => "import --csv",
            Self::ImportFrom(_) => "import-from",
            Self::ExportSheet { .. } => "export --csv",
            Self::KeyCreate(_) => "key create",
            Self::KeyList { .. } => "key list",
            Self::KeyRevoke { .. } => "key revoke",
            Self::Migrate => "migrate",
            Self::Backup { .. } => "backup",
            Self::Doctor => "doctor",
            Self::AuditVerify => "audit verify",
            Self::Why(_) => "why",
        }
    }

    /// Refuses a command that only looks at a database, or takes from it, where there is none: an address mistyped
    /// would otherwise make an empty one, and a backup of nothing would be told as done.
    pub(super) fn wants(&self, address: &str) -> Result<(), Failure> {
        let makes = matches!(
            self,
            Self::Import { .. } | Self::ImportSheet(_) | Self::ImportFrom(_) | Self::KeyCreate(_) | Self::Migrate
        );
        match sqlite_path(address) {
            Some(path) if !makes && !path.exists() => Err(Failure::new(format!(
                "{} is not there; name the database with --database, or make it with `guildhall migrate`",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}

/// What a command reads.
#[derive(Debug)]
pub(super) enum Piece {
    /// The bytes that follow are of the file of this name.
    File(String),
    Data(Vec<u8>),
    /// Everything was read. Without it the one who feeds has left.
    End,
}

/// What a command writes.
#[derive(Debug)]
pub(super) enum Out {
    Text(Vec<u8>),
    /// So much of so much is done.
    Progress(u64, u64),
}

/// The way out of a command.
#[derive(Clone)]
pub(super) struct Output(pub Sender<Out>);

impl Output {
    /// Writes to standard output.
    pub(super) async fn text(&self, text: impl Into<Vec<u8>>) -> Result<(), Failure> {
        self.0.send(Out::Text(text.into())).await.map_err(|_| Failure::new("interrupted"))
    }

    /// Writes a line to standard output.
    pub(super) async fn line(&self, line: impl std::fmt::Display) -> Result<(), Failure> {
        self.text(format!("{line}\n")).await
    }
}

/// Carries `command` out. Whoever reads `output` ends it by reading no more.
pub(super) async fn run(
    engine: &Engine,
    command: Command,
    input: Receiver<Piece>,
    output: Sender<Out>,
) -> Result<(), Failure> {
    let output = Output(output);
    match command {
        Command::Import { update } => import::run(engine, update, input, &output).await,
        Command::Export { company } => export::run(engine, company, &output).await,
        Command::ImportFrom(into) => import_from::run(engine, into, input, &output).await,
        Command::ImportSheet(ask) => sheet::import(engine, ask, input, &output).await,
        Command::ExportSheet { topic, company } => sheet::export(engine, topic, company, &output).await,
        Command::KeyCreate(new) => key::create(engine, new, &output).await,
        Command::KeyList { company, json } => key::list(engine, company, json, &output).await,
        Command::KeyRevoke { id } => key::revoke(engine, id, &output).await,
        Command::Migrate => migrate::run(engine, &output).await,
        Command::Backup { file } => backup::run(engine, file, &output).await,
        Command::Doctor => doctor::run(engine, &output).await,
        Command::AuditVerify => audit::run(engine, &output).await,
        Command::Why(question) => why::run(engine, question, &output).await,
    }
}
