//! When to stop: the signals that ask for it.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
pub use tokio_util::sync::CancellationToken;

/// In a request's extensions: cancelled when the server stops, for answers that would never end by themselves.
#[derive(Clone, Debug)]
pub struct Stopping(pub Arc<CancellationToken>);

/// A token that is cancelled by the first SIGTERM or SIGINT. Streams that would never end by themselves watch it too.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        told.cancel();
    });
    Ok(stop)
}
