//! `guildhall backup`: a copy of a SQLite database in one state, while the server goes on.

use std::path::PathBuf;

use clap::Args;
use guildhall_engine::Engine;

use super::run::{Command, Output};
use super::{Database, Failure, execute};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        // The server that may carry it out has another working directory.
        let file = std::path::absolute(&self.file)
            .map_err(|e| Failure::new(format!("{} is not a place for a file: {e}", self.file.display())))?;
        execute(database, Command::Backup { file }, Vec::new()).await
    }
}

pub(super) async fn run(engine: &Engine, file: PathBuf, output: &Output) -> Result<(), Failure> {
    engine.backup(file.clone()).await?;
    let size = std::fs::metadata(&file).map_or(0, |data| data.len());
    output.line(format!("wrote {} ({} kB)", file.display(), size.div_ceil(1000))).await?;
    let key = match engine.key_file() {
        Some(key) => key.display().to_string(),
        None => "GUILDHALL_MASTER_KEY".into(),
    };
    output
        .line(format!(
            "the master key is not in it: keep a copy of {key} apart from it, or no key made so far will work after a restore"
        ))
        .await
}
