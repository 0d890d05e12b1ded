//! The load: a closed loop of keep-alive connections with one request in flight on each.
//!
//! A client of its own, as small as can be: the server's cost is to be measured, not ours.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::data::Random;

/// Connections at once.
pub(crate) const CONNECTIONS: u32 = 32;

/// Where a request is in the load.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// Its connection.
    pub(crate) connection: u32,
    /// How many went before it on this connection.
    pub(crate) number: u64,
    /// What the writer of the requests keeps from one turn to the next.
    pub(crate) kept: (u32, u32),
    /// Its chance.
    pub(crate) random: Random,
}

/// Writes the next request into a buffer.
pub(crate) type Ask = dyn Fn(&mut Turn, &mut Vec<u8>);

/// What a run has shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// Requests answered.
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) took: Duration,
    /// Bytes of bodies.
    pub(crate) bytes: u64,
    /// Latencies, sorted.
    latencies: Vec<u32>,
}

impl Run {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }

    /// The latency below which this share of the requests was, in microseconds.
    pub(crate) fn latency(&self, share: f64) -> u32 {
        let place = (self.latencies.len() as f64 * share) as usize;
        self.latencies.get(place.min(self.latencies.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

/// Asks for as long as told. Every answer must have one of the statuses wanted.
pub(crate) async fn run(
    address: SocketAddr,
    ask: Rc<Ask>,
    wanted: &'static [u16],
    time: Duration,
    seed: u64,
) -> Result<Run> {
    let mut tasks = Vec::new();
    let start = Instant::now();
    for connection in 0..CONNECTIONS {
        let ask = Rc::clone(&ask);
        let random = Random::new(seed ^ (u64::from(connection) << 32));
        let turn = Turn { connection, number: 0, kept: (0, 0), random };
        tasks.push(tokio::task::spawn_local(one(address, ask, wanted, turn, start + time)));
    }
    // Never asleep: waking another core is dear, and would be billed to whoever answers slowly enough to have to.
    let awake = tokio::task::spawn_local(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut all = Run::default();
    for task in tasks {
        let (bytes, latencies) = task.await.context("a connection of the load panicked")??;
        all.bytes += bytes;
        all.latencies.extend(latencies);
    }
    awake.abort();
    all.took = start.elapsed();
    all.requests = all.latencies.len() as u64;
    all.latencies.sort_unstable();
    Ok(all)
}

async fn one(
    address: SocketAddr,
    ask: Rc<Ask>,
    wanted: &'static [u16],
    mut turn: Turn,
    until: Instant,
) -> Result<(u64, Vec<u32>)> {
    let mut stream = TcpStream::connect(address).await.context("connect to the server")?;
    stream.set_nodelay(true)?;
    let (mut out, mut buffer) = (Vec::with_capacity(1024), vec![0; 1 << 17]);
    let (mut bytes, mut latencies) = (0, Vec::with_capacity(1 << 14));
    loop {
        // An even number of turns, so that what one has added the next has removed.
        let began = Instant::now();
        if began >= until && turn.number.is_multiple_of(2) {
            return Ok((bytes, latencies));
        }
        out.clear();
        ask(&mut turn, &mut out);
        stream.write_all(&out).await?;
        let (status, head, body) = answer(&mut stream, &mut buffer).await?;
        if !wanted.contains(&status) {
            let text = String::from_utf8_lossy(&buffer[..head + body]);
            bail!("the answer to\n{}\nhas the status {status}:\n{text}", String::from_utf8_lossy(&out));
        }
        bytes += body as u64;
        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        turn.number += 1;
    }
}

/// Reads one answer; its status and the sizes of its head and body.
pub(crate) async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(u16, usize, usize)> {
    let mut filled = 0;
    let (head, status, body) = loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        ensure!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(&buffer[..filled]));
        filled += read;
        if let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            let head = std::str::from_utf8(&buffer[..end]).context("a head that is not text")?;
            let status = head.get(9..12).and_then(|digits| digits.parse().ok()).context("a head without a status")?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let length = match (length, status) {
                (Some(length), _) => length,
                (None, 204 | 304) => 0,
                (None, _) => bail!("an answer without a length: {head}"),
            };
            break (end + 4, status, length);
        }
        ensure!(filled < buffer.len(), "an endless head");
    };
    if buffer.len() < head + body {
        buffer.resize(head + body, 0);
    }
    while filled < head + body {
        let read = stream.read(&mut buffer[filled..]).await?;
        ensure!(read > 0, "the server closed the connection inside an answer");
        filled += read;
    }
    Ok((status, head, body))
}
