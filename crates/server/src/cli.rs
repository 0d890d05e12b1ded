//! The command line (`design.md` §8): a file a command.
//!
//! Commands on a database go through [`execute`]: it hands them to the server that has the database open, or opens it
//! itself, and either way [`run::run`] carries them out.

mod audit;
mod backup;
mod completions;
mod demo;
mod doctor;
mod export;
mod feed;
mod handover;
mod import;
mod import_from;
mod key;
mod migrate;
mod openapi;
mod restore;
mod run;
mod serve;
mod sheet;
mod show;
mod why;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use guildhall_domain::Error;
use guildhall_engine::{Engine, Options};

use crate::config::{ConfigFile, file};
use feed::Source;
use run::{Command, Piece};
use tokio::sync::mpsc::Receiver;

/// A self-hosted server for the user groups of a company
#[derive(Debug, Parser)]
#[command(name = "guildhall", version, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    config: ConfigFile,
    #[command(subcommand)]
    command: Named,
}

/// Where the rows are.
#[derive(Clone, Debug, Args)]
struct Database {
    /// The database: sqlite:PATH or postgres://USER@HOST/NAME
    #[arg(
        long = "database",
        global = true,
        env = "GUILDHALL_DATABASE",
        value_name = "ADDRESS",
        default_value = "sqlite:guildhall.db",
        hide_env_values = true
    )]
    address: String,
    /// The master key: 32 bytes in base64. Better set as GUILDHALL_MASTER_KEY: other users can see a flag
    #[arg(long, global = true, env = "GUILDHALL_MASTER_KEY", value_name = "KEY", hide = true, hide_env_values = true)]
    master_key: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Named {
    /// Run the server
    Serve(Box<serve::Serve>),
    /// Read companies from files in the directory format
    Import(import::Import),
    /// Bring people, groups and members over from another server
    ImportFrom(Box<import_from::ImportFrom>),
    /// Write companies to standard output in the directory format
    Export(export::Export),
    /// Make, list and revoke keys
    #[command(subcommand)]
    Key(key::Key),
    /// Bring the database to the schema of this guildhall
    Migrate,
    /// Copy a SQLite database to a new file, while the server runs
    Backup(backup::Backup),
    /// Put a backup in the place of a SQLite database
    Restore(restore::Restore),
    /// Look whether everything is as it should be
    Doctor,
    /// Check the audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Tell why a user is in a group, or why not
    Why(why::Why),
    /// Print the OpenAPI document of a dialect
    Openapi(openapi::Openapi),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Why a command ends: the exit code, and the line that says what to do.
#[derive(Debug)]
struct Failure {
    code: u8,
    why: String,
}

impl Failure {
    fn new(why: impl Into<String>) -> Self {
        Self { code: 1, why: why.into() }
    }

    fn usage(why: impl Into<String>) -> Self {
        Self { code: 2, why: why.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Runs the command that `args` tell, to its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let outcome = match file::parse::<Cli>(args.clone()) {
        Ok(cli) => start(cli),
        Err(file::Error::File(why)) => Err(Failure::new(why)),
        Err(file::Error::Usage(usage)) if !usage.use_stderr() => {
            let _ = usage.print(); // help and version; a reader that has left wants no more of them
            return ExitCode::SUCCESS;
        }
        Err(file::Error::Usage(usage)) => Err(Failure::usage(one_line(&usage, &args))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, why }) => {
            let why = why.trim_end_matches('.').split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(std::io::stderr(), "guildhall: {why}");
            ExitCode::from(code)
        }
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new(format!("the process cannot start its threads: {e}")))?;
    let outcome = runtime.block_on(Box::pin(dispatch(cli)));
    // A thread that waits for standard input ends with the process, not before.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let database = cli.database;
    match cli.command {
        Named::Serve(args) => args.run(&database).await,
        Named::Import(args) => args.run(&database).await,
        Named::ImportFrom(args) => args.run(&database).await,
        Named::Export(args) => args.run(&database).await,
        Named::Key(args) => args.run(&database).await,
        Named::Migrate => execute(&database, Command::Migrate, Vec::new()).await,
        Named::Backup(args) => args.run(&database).await,
        Named::Restore(args) => args.run(&database),
        Named::Doctor => execute(&database, Command::Doctor, Vec::new()).await,
        Named::Audit(audit::Audit::Verify) => execute(&database, Command::AuditVerify, Vec::new()).await,
        Named::Why(args) => args.run(&database).await,
        Named::Openapi(args) => args.run(),
        Named::Completions(args) => args.run(),
    }
}

/// Opens the database that the command line names.
async fn open(database: &Database) -> Result<Engine, Failure> {
    let master_key = database.master_key.clone().filter(|key| !key.is_empty());
    Ok(Engine::open(Options { master_key, ..Options::new(&database.address) }).await?)
}

/// Carries a command out: in the server that has the database open, else here.
async fn execute(database: &Database, command: Command, sources: Vec<Source>) -> Result<(), Failure> {
    let (input, trouble) = feed::feed(sources);
    let outcome = execute_fed(database, command, input).await;
    match trouble.take() {
        Some(why) => Err(Failure::new(why)),
        None => outcome,
    }
}

/// The same with what it reads made by the command itself.
async fn execute_fed(database: &Database, command: Command, input: Receiver<Piece>) -> Result<(), Failure> {
    let show = show::Show::new(matches!(command, Command::Import { .. } | Command::ImportFrom(_)));
    let (output, shown) = show.start();
    let leaving = tokio::spawn({
        let output = output.downgrade();
        let shown = shown.abort_handle();
        async move {
            // Nobody listening any more is how a command learns that it shall end, and undo what it began.
            if tokio::signal::ctrl_c().await.is_ok() && output.upgrade().is_some() {
                shown.abort();
            }
        }
    });
    // Takes the way out with it: what shows it ends only when nobody can write any more.
    let carried = async move {
        match handover::connect(&database.address).await {
            Some(server) => handover::send(server, &command, input, output).await,
            None => {
                command.wants(&database.address)?;
                run::run(&open(database).await?, command, input, output).await
            }
        }
    };
    let outcome = carried.await;
    leaving.abort();
    let shown = shown.await;
    // A reader that has left ends the command; it is the reason, and the command's own words are not.
    if let Ok(Err(e)) = shown {
        return Err(Failure::new(format!("standard output was closed before all of it was written ({e})")));
    }
    outcome
}

/// A usage error of clap in one line.
fn one_line(usage: &clap::Error, args: &[OsString]) -> String {
    if usage.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "name a command, such as `guildhall serve`; `guildhall --help` lists them".into();
    }
    let whole = usage.to_string();
    let told = whole.split("\n\nUsage:").next().unwrap_or(&whole);
    let told = told.split("\n\nFor more information").next().unwrap_or(told);
    let words: Vec<&str> = told.trim_start_matches("error: ").split_whitespace().collect();
    let whole_command = Cli::command();
    let (mut command, mut name) = (&whole_command, "guildhall".to_owned());
    for word in args.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(sub) = command.find_subcommand(word) {
            (command, name) = (sub, format!("{name} {word}"));
        }
    }
    format!("{}; `{name} --help` tells more", words.join(" "))
}
