//! Runs a command with a PostgreSQL of its own: `with-postgres cargo test --workspace`.
//!
//! The command finds the server's address in `GUILDHALL_TEST_POSTGRES`. Where that is set already, the server it names
//! is used and none is started. The exit code is the command's; the server is gone and its files with it before we are.

use std::{
    env,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use anyhow::{Context as _, Result};
use guildhall_testkit::postgres::{Server, VARIABLE, exit_code};
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: with-postgres COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(words);
    match run(command).await {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            eprintln!("with-postgres: {why:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut command: Command) -> Result<u8> {
    // Asked for first, so that a signal during the start is kept and heard after it.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;

    let server = if env::var_os(VARIABLE).is_some() { None } else { Some(Server::start()?) };
    if let Some(server) = &server {
        command.env(VARIABLE, server.url());
    }
    let mut child = command.spawn().with_context(|| format!("run {:?}", command.as_std().get_program()))?;
    let (patience, code) = tokio::select! {
        status = child.wait() => return Ok(exit_code(status?)),
        // At a terminal the command has had the same Ctrl-C: let it end in its own way.
        _ = interrupt.recv() => (Duration::from_secs(5), 128 + 2),
        _ = terminate.recv() => (Duration::ZERO, 128 + 15),
        _ = hang_up.recv() => (Duration::ZERO, 128 + 1),
    };
    end(&mut child, patience, &mut interrupt).await?;
    Ok(code)
}

/// Waits, asks, insists. A second Ctrl-C insists at once.
async fn end(child: &mut Child, patience: Duration, interrupt: &mut Signal) -> Result<ExitStatus> {
    if let Ok(status) = timeout(patience, child.wait()).await {
        return Ok(status?);
    }
    if let Some(id) = child.id() {
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &id.to_string()]).status().await?;
    }
    tokio::select! {
        status = child.wait() => return Ok(status?),
        _ = interrupt.recv() => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => {}
    }
    child.start_kill()?;
    Ok(child.wait().await?)
}
