//! An SMTP server of this machine (RFC 5321) that keeps what it is given, or refuses it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One message that came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Head and body, lines ended by `\n`.
    pub text: String,
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    refusals: usize,
}

/// The server; it ends when it is dropped.
pub struct Mailbox {
    /// `smtp://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mailbox {
    /// A server that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state, task }
    }

    /// Refuses the next `count` messages with a passing error.
    pub fn refuse(&self, count: usize) {
        lock(&self.state).refusals = count;
    }

    /// Every message so far.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.state).mails.clone()
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut from, mut to) = (String::new(), Vec::new());
    stream.write_all(b"220 testkit ESMTP\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let said = line.trim_end();
        let address = || said.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let upper = said.to_ascii_uppercase();
        let answer = if upper.starts_with("EHLO") {
            "250-testkit\r\n250 8BITMIME\r\n"
        } else if upper.starts_with("MAIL FROM:") {
            from = address();
            "250 ok\r\n"
        } else if upper.starts_with("RCPT TO:") {
            to.push(address());
            "250 ok\r\n"
        } else if upper == "DATA" {
            stream.write_all(b"354 go on\r\n").await?;
            let mut text = String::new();
            loop {
                line.clear();
                if stream.read_line(&mut line).await? == 0 {
                    return Ok(());
                }
                let row = line.trim_end_matches(['\r', '\n']);
                if row == "." {
                    break;
                }
                text.push_str(row.strip_prefix('.').unwrap_or(row));
                text.push('\n');
            }
            let mail = Mail { from: std::mem::take(&mut from), to: std::mem::take(&mut to), text };
            let mut state = lock(&state);
            if state.refusals > 0 {
                state.refusals -= 1;
                "451 try again later\r\n"
            } else {
                state.mails.push(mail);
                "250 taken\r\n"
            }
        } else if upper == "QUIT" {
            stream.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "250 ok\r\n"
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
