//! Handing a command to the server that has the SQLite file open, through `<file>.sock`, which only its owner enters.
//!
//! The client sends one line of JSON, a [`Hello`], and then frames: a letter, four bytes of length (big-endian), and
//! as many bytes. `F` begins a file and names it, `D` is data of it, `E` says that all is sent. The server answers
//! with frames: `O` for standard output, `P` for progress (two numbers of eight bytes), and last of all `X`, a JSON
//! text or null: the failure. A client that leaves before its `E`, or before our `X`, has its command ended and undone.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use guildhall_engine::{Engine, beside, sqlite_path};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Failure;
use super::run::{Command, Out, Piece, run};
use crate::http::listen;

/// Commands carried out at once; more wait.
const AT_ONCE: usize = 8;
/// The most bytes of the first line.
const HELLO: u64 = 64 << 10;
/// The most bytes of a frame.
const FRAME: usize = 4 << 20;
/// How long a client may take for its first line.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Hello<C> {
    /// Server and client must be of one version: what is inside a command is nobody's contract.
    guildhall: String,
    command: C,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The server that has this database open, if one has.
pub(super) async fn connect(database: &str) -> Option<UnixStream> {
    let socket = beside(&sqlite_path(database)?, "sock");
    UnixStream::connect(socket).await.ok()
}

/// Hands a command over and brings back what it writes.
pub(super) async fn send(
    server: UnixStream,
    command: &Command,
    mut input: Receiver<Piece>,
    output: Sender<Out>,
) -> Result<(), Failure> {
    let gone = |_: io::Error| Failure::new("the server ended before it had answered; its log says why, then try again");
    let (mut from, mut to) = server.into_split();
    let mut hello = serde_json::to_vec(&Hello { guildhall: VERSION.into(), command })
        .map_err(|e| Failure::new(format!("the command cannot be handed over: {e}")))?;
    hello.push(b'\n');
    let feeding = async {
        to.write_all(&hello).await?;
        while let Some(piece) = input.recv().await {
            match piece {
                Piece::File(name) => put(&mut to, b'F', name.as_bytes()).await?,
                Piece::Data(bytes) => put(&mut to, b'D', &bytes).await?,
                Piece::End => {
                    put(&mut to, b'E', &[]).await?;
                    // Held open: leaving is how we say that nobody waits any more.
                    std::future::pending::<()>().await;
                }
            }
        }
        io::Result::Ok(()) // reading failed; we leave without an end
    };
    let receiving = async {
        loop {
            match take(&mut from).await? {
                (b'O', bytes) => {
                    let left = output.send(Out::Text(bytes)).await.is_err();
                    if left {
                        return Ok(None);
                    }
                }
                (b'P', bytes) => {
                    if let Some((done, total)) = numbers(&bytes) {
                        let _ = output.try_send(Out::Progress(done, total)); // one step more or less is not missed
                    }
                }
                (b'X', bytes) => return serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
                _ => {}
            }
        }
    };
    // A server that has its answer stops reading before we stop writing: what it says is still to come, and to be heard
    // to its end.
    let sending = async {
        if feeding.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let ended: Option<Option<String>> = tokio::select! {
        received = receiving => received.map_err(gone)?,
        () = sending => None,
        () = output.closed() => None,
    };
    match ended {
        Some(None) => Ok(()),
        Some(Some(why)) => Err(Failure::new(why)),
        None => Err(Failure::new("interrupted; nothing of it was kept")),
    }
}

async fn put(to: &mut (impl AsyncWrite + Unpin), kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let [a, b, c, d] = length.to_be_bytes();
    to.write_all(&[kind, a, b, c, d]).await?;
    to.write_all(bytes).await
}

async fn take(from: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let kind = from.read_u8().await?;
    let length = from.read_u32().await? as usize;
    if length > FRAME {
        return Err(io::Error::other("a frame is too long"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    Ok((kind, bytes))
}

fn numbers(bytes: &[u8]) -> Option<(u64, u64)> {
    let (done, total) = bytes.split_at_checked(8)?;
    Some((u64::from_be_bytes(done.try_into().ok()?), u64::from_be_bytes(total.try_into().ok()?)))
}

/// Opens the socket beside a SQLite file whose lock this process holds; one that a killed server left is replaced.
pub(super) fn listen(database: &Path) -> io::Result<UnixListener> {
    listen::bind_private(&beside(database, "sock"))
}

/// Carries out what clients hand over, until `stop`; then ends what is under way.
pub(super) async fn serve(listener: UnixListener, database: &Path, engine: Engine, stop: CancellationToken) {
    let (room, tasks) = (Arc::new(Semaphore::new(AT_ONCE)), TaskTracker::new());
    loop {
        let next = async {
            let room = Arc::clone(&room).acquire_owned().await;
            (room, listener.accept().await)
        };
        let (room, client) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => break,
        };
        let client = match client {
            Ok((client, _)) => client,
            Err(why) => {
                tracing::warn!(%why, "a command could not be taken over");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (engine, stop) = (engine.clone(), stop.clone());
        tasks.spawn(async move {
            if let Err(why) = attend(client, &engine, &stop).await {
                tracing::debug!(%why, "a client left before its command had ended");
            }
            drop(room);
        });
    }
    drop(listener);
    let _ = std::fs::remove_file(beside(database, "sock")); // its absence is what we want
    tasks.close();
    tasks.wait().await;
}

/// One client, one command.
async fn attend(client: UnixStream, engine: &Engine, stop: &CancellationToken) -> io::Result<()> {
    let (from, mut to) = client.into_split();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    let mut first = (&mut from).take(HELLO);
    let reading = first.read_until(b'\n', &mut line);
    tokio::time::timeout(PATIENCE, reading).await??;
    let command = match understand(&line) {
        Ok(command) => command,
        Err(why) => return put(&mut to, b'X', &serde_json::to_vec(&Some(why))?).await,
    };
    tracing::info!(command = command.name(), "a command was handed over");
    let (fed, input) = mpsc::channel(4);
    let (output, mut written) = mpsc::channel(16);
    let running = {
        let engine = engine.clone();
        // A task of its own: it must come to its end, and to its undoing, also when the client does not.
        tokio::spawn(async move { run(&engine, command, input, output).await })
    };
    let hearing = async {
        let mut fed = Some(fed);
        loop {
            let piece = match take(&mut from).await {
                Ok((b'F', name)) => Piece::File(String::from_utf8_lossy(&name).into_owned()),
                Ok((b'D', bytes)) => Piece::Data(bytes),
                Ok((b'E', _)) => Piece::End,
                Ok(_) => continue,
                Err(_) => return, // the client has left
            };
            let last = matches!(piece, Piece::End);
            if let Some(to) = &fed {
                let _ = to.send(piece).await; // a command that has failed takes no more; its answer says so
            }
            if last {
                fed = None;
            }
        }
    };
    let telling = async {
        while let Some(out) = written.recv().await {
            match out {
                Out::Text(text) => {
                    for some in text.chunks(FRAME) {
                        put(&mut to, b'O', some).await?;
                    }
                }
                Out::Progress(done, total) => {
                    let numbers = [done.to_be_bytes(), total.to_be_bytes()].concat();
                    put(&mut to, b'P', &numbers).await?;
                }
            }
        }
        io::Result::Ok(())
    };
    let stayed = tokio::select! {
        told = telling => told.is_ok(),
        () = hearing => false,
        () = stop.cancelled() => false,
    };
    drop(written); // a command that nobody listens to ends, and undoes what it began
    let failure = match running.await {
        Ok(Ok(())) => None,
        Ok(Err(failure)) if stayed || !stop.is_cancelled() => Some(failure.why),
        Ok(Err(_)) => Some("the server is stopping; nothing of it was kept, try again".to_owned()),
        Err(_) => Some("the server failed at it; its log says more".to_owned()),
    };
    put(&mut to, b'X', &serde_json::to_vec(&failure)?).await?;
    to.shutdown().await
}

fn understand(line: &[u8]) -> Result<Command, String> {
    let unreadable = |e: serde_json::Error| format!("the server cannot read the command: {e}");
    let hello: Hello<serde_json::Value> = serde_json::from_slice(line).map_err(unreadable)?;
    if hello.guildhall != VERSION {
        return Err(format!(
            "the server that has this database open is guildhall {VERSION} and this is {}; use the same version, or stop the server first",
            hello.guildhall
        ));
    }
    serde_json::from_value(hello.command).map_err(unreadable)
}
