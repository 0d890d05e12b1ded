//! What a command reads: files and standard input, on a thread of its own.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::Failure;
use super::run::Piece;

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

/// One file, opened.
pub(super) struct Source {
    name: String,
    from: Box<dyn Read + Send>,
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self { name: "stdin".into(), from: Box::new(io::stdin()) });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| Failure::new(format!("{name} cannot be read: {e}")))?;
        if file.metadata().is_ok_and(|data| data.is_dir()) {
            return Err(Failure::new(format!("{name} is a directory; name the files in it")));
        }
        Ok(Self { name, from: Box::new(file) })
    }

    /// Opens all of them before the first is read, so that a wrong name costs nothing.
    pub(super) fn open_all(paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        paths.iter().map(|path| Self::open(path)).collect()
    }
}

/// Why reading ended early, if it did.
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Reads all of `sources`, as fast as they are taken.
pub(super) fn feed(sources: Vec<Source>) -> (Receiver<Piece>, Trouble) {
    let (to, input) = mpsc::channel(4);
    let trouble = Trouble::default();
    let told = trouble.clone();
    let read = move || {
        for source in sources {
            let name = source.name.clone();
            match pour(source, &to) {
                Ok(true) => {}
                Ok(false) => return,
                Err(e) => {
                    let why = format!("{name} cannot be read: {e}");
                    *told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    return;
                }
            }
        }
        let _ = to.blocking_send(Piece::End); // whoever has left needs no end
    };
    // Not a thread of the runtime, which would wait for it: one that waits for standard input may wait for ever.
    if let Err(e) = std::thread::Builder::new().name("feed".into()).spawn(read) {
        *trouble.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("a thread cannot be started: {e}"));
    }
    (input, trouble)
}

/// False when nobody takes any more.
fn pour(mut source: Source, to: &Sender<Piece>) -> io::Result<bool> {
    if to.blocking_send(Piece::File(source.name)).is_err() {
        return Ok(false);
    }
    loop {
        let mut bytes = vec![0; CHUNK];
        match source.from.read(&mut bytes) {
            Ok(0) => return Ok(true),
            Ok(n) => bytes.truncate(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        }
        if to.blocking_send(Piece::Data(bytes)).is_err() {
            return Ok(false);
        }
    }
}
