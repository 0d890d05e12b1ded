//! A receiver of webhooks on this machine that behaves as well or as badly as a test wants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What it does with a request once it has read it.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Answers this status with a short body.
    Status(u16),
    /// Answers these bytes and goes on with the connection.
    Bytes(Vec<u8>),
    /// Sends a head that promises much, and then nothing but a byte now and then, for ever.
    Trickle,
    /// Sends a body that does not end.
    Endless,
    /// Closes the connection.
    Close,
    /// Never answers.
    Hang,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Got {
    /// The target.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Got {
    /// A header's value; empty when it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct State {
    /// What to do with the next requests, then with all others.
    script: VecDeque<Manner>,
    seen: Vec<Got>,
    connections: usize,
}

/// A receiver; it ends when it is dropped.
pub struct Receiver {
    /// `http://127.0.0.1:PORT/hook`.
    pub url: String,
    state: Arc<Mutex<State>>,
    came: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// A receiver that does what `always` says.
    pub async fn start(always: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (state, came) = (Arc::new(Mutex::new(State::default())), Arc::new(Notify::new()));
        let task = tokio::spawn({
            let (state, came) = (Arc::clone(&state), Arc::clone(&came));
            async move {
                let mut open = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    lock(&state).connections += 1;
                    open.spawn(serve(stream, Arc::clone(&state), Arc::clone(&came), always.clone()));
                }
            }
        });
        Self { url, state, came, task }
    }

    /// Does this with the next requests, one each, before it goes on as always.
    pub fn next(&self, script: impl IntoIterator<Item = Manner>) {
        lock(&self.state).script.extend(script);
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Got> {
        lock(&self.state).seen.clone()
    }

    /// The `webhook-id` of every request so far.
    pub fn ids(&self) -> Vec<String> {
        self.seen().iter().map(|got| got.header("webhook-id").to_owned()).collect()
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }

    /// Waits until `count` requests have come.
    ///
    /// # Panics
    /// When they have not after a long while.
    pub async fn wait(&self, count: usize) {
        let waiting = async {
            loop {
                let came = self.came.notified();
                if self.seen().len() >= count {
                    return;
                }
                came.await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await;
        assert!(waited.is_ok(), "of {count} requests {} came", self.seen().len());
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, came: Arc<Notify>, always: Manner) {
    let mut buffer = Vec::new();
    while let Some(got) = read(&mut stream, &mut buffer).await {
        let manner = {
            let mut state = lock(&state);
            state.seen.push(got);
            state.script.pop_front().unwrap_or_else(|| always.clone())
        };
        came.notify_waiters();
        let sent = match manner {
            Manner::Status(status) => {
                let body = if status == 204 { "" } else { "content-length: 4\r\n\r\nok\t!" };
                let answer = format!("HTTP/1.1 {status} Said\r\n{body}{}", if body.is_empty() { "\r\n" } else { "" });
                stream.write_all(answer.as_bytes()).await
            }
            Manner::Bytes(bytes) => stream.write_all(&bytes).await,
            Manner::Trickle => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
                let mut timer = tokio::time::interval(std::time::Duration::from_millis(20));
                loop {
                    timer.tick().await;
                    if stream.write_all(b"x").await.is_err() {
                        return;
                    }
                }
            }
            Manner::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                return;
            }
            Manner::Close => return,
            Manner::Hang => std::future::pending().await,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The next request of a connection; none when it is closed.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Got> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let mut lines = head.split("\r\n");
            let path = lines.next()?.split(' ').nth(1)?.to_owned();
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse::<usize>().ok()?;
            let whole = end + 4 + length;
            if buffer.len() >= whole {
                let body = buffer[end + 4..whole].to_vec();
                buffer.drain(..whole);
                return Some(Got { path, headers, body });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
