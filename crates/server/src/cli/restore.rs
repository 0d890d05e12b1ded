//! `guildhall restore`: a backup in the place of a SQLite database.

use std::path::PathBuf;

use clap::Args;

use super::{Database, Failure};

/// Only with the server stopped.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a database that exists
    #[arg(long, env = "GUILDHALL_RESTORE_FORCE")]
    force: bool,
}

impl Restore {
    pub(super) fn run(self, database: &Database) -> Result<(), Failure> {
        let key = database.master_key.as_deref().filter(|key| !key.is_empty());
        let restored = guildhall_engine::restore(&database.address, &self.file, self.force, key)?;
        println!("restored {} (schema {})", restored.database.display(), restored.schema);
        if let Some(key) = restored.key_missing {
            println!(
                "the master key is not there yet: before the next start put it to {} or set GUILDHALL_MASTER_KEY",
                key.display()
            );
        }
        Ok(())
    }
}
