//! `guildhall completions`: a script that completes commands in a shell.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure};

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "guildhall", &mut script);
        std::io::stdout()
            .write_all(&script)
            .map_err(|e| Failure::new(format!("standard output cannot be written: {e}")))
    }
}
