//! `guildhall import`: companies from files in the directory format.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use guildhall_domain::caller::Caller;
use guildhall_domain::caller::Dialect;
use guildhall_domain::ids::CompanyId;
use guildhall_engine::Engine;
use guildhall_engine::directory::{Load, Loaded};
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use super::feed::Source;
use super::run::{Command, Out, Output, Piece};
use super::{Database, Failure, execute, sheet};
use crate::format::Reader;
use crate::sheets::Topic;

/// All or nothing: when one line is wrong, nothing is changed.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Change companies that exist: records replace those of the same id, nothing is removed
    #[arg(long, env = "GUILDHALL_IMPORT_UPDATE")]
    update: bool,
    /// Read a sheet of this kind instead, as CSV (docs/sheets.md)
    #[arg(long, env = "GUILDHALL_IMPORT_CSV", value_name = "KIND", conflicts_with = "update")]
    csv: Option<Topic>,
    /// The company that a sheet is for; not needed where there is just one
    #[arg(long, env = "GUILDHALL_IMPORT_COMPANY", value_name = "ID", requires = "csv")]
    company: Option<Uuid>,
    /// Each group that a sheet of members names has just those members afterwards
    #[arg(long, env = "GUILDHALL_IMPORT_WHOLE", requires = "csv")]
    whole: bool,
    /// Only tell who would gain and lose which groups by a sheet
    #[arg(long, env = "GUILDHALL_IMPORT_PREVIEW", requires = "csv")]
    preview: bool,
    /// What the brake asked for, to take many members out all the same
    #[arg(long, env = "GUILDHALL_IMPORT_CONFIRM", value_name = "TEXT", requires = "csv")]
    confirm: Option<String>,
    /// Files in the directory format (docs/directory-format.md), or sheets; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Import {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let sources = Source::open_all(&self.files)?;
        let Self { update, csv, company, whole, preview, confirm, .. } = self;
        let command = match csv {
            Some(_) if sources.len() > 1 => {
                return Err(Failure::usage("--csv reads one file, all or nothing; import the others after it"));
            }
            Some(topic) => Command::ImportSheet(sheet::Import { topic, company, whole, preview, confirm }),
            None => Command::Import { update },
        };
        execute(database, command, sources).await
    }
}

/// Reads all there is to read, then writes it.
pub(super) async fn run(
    engine: &Engine,
    update: bool,
    mut input: Receiver<Piece>,
    output: &Output,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let left = || Failure::new("the import was interrupted; nothing of it was kept");
    let mut load = Load::new();
    let mut reader: Option<Reader> = None;
    loop {
        let piece = tokio::select! {
            piece = input.recv() => piece.ok_or_else(left)?,
            () = output.0.closed() => return Err(left()),
        };
        if !matches!(piece, Piece::Data(_))
            && let Some(reader) = reader.take()
        {
            reader.end(&mut load).map_err(|fault| Failure::new(fault.to_string()))?;
        }
        match piece {
            Piece::File(name) => {
                load.file(name)?;
                reader = Some(Reader::new());
            }
            Piece::Data(bytes) => {
                let reader = reader.as_mut().ok_or_else(|| Failure::new("bytes of no file"))?;
                reader.take(&bytes, &mut load).map_err(|fault| Failure::new(fault.to_string()))?;
            }
            Piece::End => break,
        }
    }
    let loaded = write(engine, load, update, Some(output)).await?;
    output.line(summary(&loaded, begun.elapsed().as_secs_f64())).await
}

/// Writes what was read.
pub(super) async fn write(
    engine: &Engine,
    load: Load,
    update: bool,
    output: Option<&Output>,
) -> Result<Loaded, Failure> {
    let request = Caller::operator(CompanyId::PLATFORM, Dialect::Cli, engine.clock().id()).request;
    let sender = output.map(|output| output.0.clone());
    let watch = move |done, total| {
        let Some(sender) = &sender else { return true };
        let _ = sender.try_send(Out::Progress(done, total)); // one step more or less is not missed
        !sender.is_closed()
    };
    engine.load(load, update, request, &watch).await.map_err(|fault| Failure::new(fault.to_string()))
}

fn summary(loaded: &Loaded, seconds: f64) -> String {
    let count = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let more = match loaded.more {
        0 => String::new(),
        n => format!(", {}", count(n, "other record", "other records")),
    };
    format!(
        "imported {}, {}, {}, {}{more} in {seconds:.1} s",
        count(loaded.companies, "company", "companies"),
        count(loaded.users, "user", "users"),
        count(loaded.groups, "group", "groups"),
        count(loaded.memberships, "membership", "memberships"),
    )
}
