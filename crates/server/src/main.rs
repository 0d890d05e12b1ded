//! The `guildhall` command.

use std::process::ExitCode;

/// Answers are many small pieces of memory, taken on one thread and given back on another: a fifth of their cost with
/// the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything can speak TLS: two libraries that each chose a provider would otherwise disagree. Only the first
    // choice counts, and this is the first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    guildhall_server::cli::main(std::env::args_os())
}
