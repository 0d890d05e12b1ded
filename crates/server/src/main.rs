//! The `guildhall` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything can speak TLS: two libraries that each chose a provider would otherwise disagree. Only the first
    // choice counts, and this is the first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    guildhall_server::cli::main(std::env::args_os())
}
