//! The log: lines to standard error by way of a thread of its own, so that a blocked sink never blocks a request.
//!
//! Lines are gathered for at most [`GATHER`] and dropped, counted, when the sink is that far behind.

use std::{
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// How long a line may wait for others: one wake-up and one write for many.
const GATHER: Duration = Duration::from_millis(50);
/// Most bytes waiting for the sink.
const ROOM: usize = 4 << 20;
/// How long the end waits for the last lines.
const PARTING: Duration = Duration::from_millis(500);

/// Sets up the log of this process. Keep the result to the end: dropping it writes the last lines.
pub fn init(log: &Log) -> Result<Flush, String> {
    let filter = EnvFilter::try_new(&log.log_level)
        .map_err(|why| format!("`{}` is not a log level: {why}; write info, debug, warn or error", log.log_level))?;
    let (sink, flush) = sink(io::stderr());
    let set = match log.log_format {
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(sink);
            tracing_subscriber::registry().with(filter).with(lines).try_init()
        }
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(sink);
            tracing_subscriber::registry().with(filter).with(lines).try_init()
        }
    };
    set.map_err(|why| why.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.payload_as_str().unwrap_or("(no words)");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "guildhall::panic", place, words, "a bug: something panicked");
    }));
    Ok(flush)
}

/// Where events are written to: memory.
#[derive(Clone)]
pub struct Sink(Arc<Shared>);

/// Writes the last lines when dropped.
pub struct Flush(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    over: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    /// The thread is between taking lines and having written them.
    writing: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sink in front of `out`, and the thread between them.
pub fn sink(out: impl Write + Send + 'static) -> (Sink, Flush) {
    let shared = Arc::new(Shared::default());
    let behind = Arc::clone(&shared);
    let started = thread::Builder::new().name("log".to_owned()).spawn(move || carry(&behind, out));
    if started.is_err() {
        // Without the thread lines pile up to ROOM and are then counted; the server runs all the same.
        shared.over.store(true, Ordering::Release);
    }
    (Sink(Arc::clone(&shared)), Flush(shared))
}

fn carry(shared: &Shared, mut out: impl Write) {
    let mut batch = Vec::new();
    loop {
        let mut waiting = shared.lock();
        while waiting.lines.is_empty() && waiting.dropped == 0 {
            waiting.writing = false;
            shared.changed.notify_all();
            waiting = shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.writing = true;
        drop(waiting);
        if !shared.over.load(Ordering::Acquire) {
            thread::sleep(GATHER);
        }
        let mut waiting = shared.lock();
        std::mem::swap(&mut batch, &mut waiting.lines);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        if dropped > 0 {
            batch.extend_from_slice(notice(dropped, &batch).as_bytes());
        }
        // A sink that fails has nowhere to say so.
        let _ = out.write_all(&batch).and_then(|()| out.flush());
        batch.clear();
        batch.shrink_to(ROOM / 16);
    }
}

/// In the form of the lines around it.
fn notice(dropped: u64, lines: &[u8]) -> String {
    let words = "log lines dropped: the sink did not keep up";
    if lines.first() == Some(&b'{') {
        format!("{{\"level\":\"WARN\",\"message\":\"{words}\",\"target\":\"guildhall::log\",\"dropped\":{dropped}}}\n")
    } else {
        format!("WARN guildhall::log: {words} dropped={dropped}\n")
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        let first = waiting.lines.is_empty() && waiting.dropped == 0;
        if waiting.lines.len() + line.len() > ROOM {
            waiting.dropped += 1;
        } else {
            waiting.lines.extend_from_slice(line);
        }
        let wake = first && !waiting.writing;
        drop(waiting);
        if wake {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
        let waiting = self.0.lock();
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty() || waiting.dropped > 0;
        // A blocked sink must not keep the process from ending.
        let _ = self.0.changed.wait_timeout_while(waiting, PARTING, busy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Blocks in each write until told to go on.
    struct Gate(mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Gate {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().expect("whole").extend_from_slice(data);
            Ok(data.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_blocked_sink_costs_lines_not_time() {
        let (open, gate) = mpsc::channel();
        let out = Arc::new(Mutex::new(Vec::new()));
        let (mut sink, flush) = sink(Gate(gate, Arc::clone(&out)));
        let line = [b'x'; 1 << 16];
        for _ in 0..200 {
            sink.write_all(&line).expect("never fails");
        }
        drop(open); // from here on the gate stands open
        drop(flush);
        let out = out.lock().expect("whole");
        let text = String::from_utf8_lossy(&out);
        let kept = text.bytes().filter(|byte| *byte == b'x').count() / line.len();
        assert!((64..200).contains(&kept), "{kept}");
        assert!(text.contains("log lines dropped"), "{}", text.len());
    }
}
