//! Deliveries beside reads: what it costs the readers that ten webhooks hear of every change.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::load::{self, Run};
use crate::ops::{Material, Op};
use crate::table;

/// Webhooks that hear of every change.
const WEBHOOKS: usize = 10;
/// Between two changes: with ten webhooks 10,000 deliveries a minute, and some more.
const BETWEEN: Duration = Duration::from_millis(58);

/// What it came to.
pub(crate) struct Beside {
    /// Deliveries a minute, medians like all else here.
    pub(crate) deliveries: f64,
    /// Reads a second with the changes alone.
    pub(crate) without: f64,
    /// Reads a second with the deliveries as well.
    pub(crate) with: f64,
}

/// Reads by turns beside changes alone and beside changes that are delivered.
pub(crate) async fn beside(
    server: SocketAddr,
    material: &Material,
    read: &Op,
    time: Duration,
    rounds: u32,
) -> Result<Beside> {
    let (receiver, got) = receive().await?;
    let stop = Rc::new(Cell::new(false));
    let changes = tokio::task::spawn_local(change(server, call_of(material), Rc::clone(&stop)));
    let (mut deliveries, mut without, mut with) = (Vec::new(), Vec::new(), Vec::new());
    let run = |seed: u32| load::run(server, Rc::clone(&read.ask), read.wanted, time, seed.into());
    for round in 0..rounds {
        without.push(run(round).await?.rate());
        let ids = plant(server, material, receiver).await?;
        let before = got.get();
        let ran: Run = run(round).await?;
        deliveries.push((got.get() - before) as f64 * 60.0 / ran.took.as_secs_f64());
        with.push(ran.rate());
        let mut server = Line::to(server).await?;
        for id in ids {
            server.call(material, "DELETE", &format!("/webhooks/{id}"), "").await?;
        }
    }
    stop.set(true);
    changes.await.context("the changes panicked")??;
    Ok(Beside { deliveries: table::median(&deliveries), without: table::median(&without), with: table::median(&with) })
}

/// Makes the webhooks; their ids.
async fn plant(server: SocketAddr, material: &Material, receiver: SocketAddr) -> Result<Vec<String>> {
    let mut line = Line::to(server).await?;
    let mut ids = Vec::new();
    for n in 0..WEBHOOKS {
        let body = json!({"url": format!("http://{receiver}/{n}"), "events": ["group.*"]}).to_string();
        let made: serde_json::Value = serde_json::from_str(&line.call(material, "POST", "/webhooks", &body).await?)?;
        ids.push(made["id"].as_str().context("a webhook without an id")?.to_owned());
    }
    Ok(ids)
}

/// The requests that put somebody into a group and take them out again.
fn call_of(material: &Material) -> [String; 2] {
    let set = &material.set;
    let member = (0..).find(|user| !set.pairs.contains(&(0, *user))).unwrap_or(0);
    let (group, user) = (set.groups[0].id, set.users[member as usize]);
    ["PUT", "DELETE"].map(|method| request(material, method, &format!("/groups/{group}/members/{user}"), ""))
}

async fn change(server: SocketAddr, requests: [String; 2], stop: Rc<Cell<bool>>) -> Result<()> {
    let mut line = Line::to(server).await?;
    let mut ticks = tokio::time::interval(BETWEEN);
    for request in requests.iter().cycle() {
        ticks.tick().await;
        if stop.get() {
            break;
        }
        line.send(request).await?;
    }
    Ok(())
}

fn request(material: &Material, method: &str, path: &str, body: &str) -> String {
    let (key, secret) = &material.key;
    let company = material.set.company;
    let head = format!(
        "{method} /v1/companies/{company}{path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}.{secret}\r\n"
    );
    match body {
        "" => format!("{head}\r\n"),
        body => format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
    }
}

/// One connection to the server.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    async fn to(server: SocketAddr) -> Result<Self> {
        Ok(Self { stream: TcpStream::connect(server).await?, buffer: vec![0; 1 << 16] })
    }

    /// Sends a request; the body of its answer, which must be a good one.
    async fn send(&mut self, request: &str) -> Result<String> {
        self.stream.write_all(request.as_bytes()).await?;
        let (status, head, body) = load::answer(&mut self.stream, &mut self.buffer).await?;
        let text = String::from_utf8_lossy(&self.buffer[head..head + body]).into_owned();
        ensure!((200..300).contains(&status), "{request}\nis answered {status}: {text}");
        Ok(text)
    }

    async fn call(&mut self, material: &Material, method: &str, path: &str, body: &str) -> Result<String> {
        self.send(&request(material, method, path, body)).await
    }
}

/// A receiver that accepts everything, and counts.
async fn receive() -> Result<(SocketAddr, Rc<Cell<u64>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, got) = (listener.local_addr()?, Rc::new(Cell::new(0)));
    let counted = Rc::clone(&got);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(accept(stream, Rc::clone(&counted)));
        }
    });
    Ok((address, got))
}

async fn accept(mut stream: TcpStream, got: Rc<Cell<u64>>) {
    let (mut buffer, mut filled) = (vec![0; 1 << 16], 0);
    loop {
        match stream.read(&mut buffer[filled..]).await {
            Ok(0) | Err(_) => return,
            Ok(read) => filled += read,
        }
        while let Some(whole) = whole(&buffer[..filled]) {
            buffer.copy_within(whole..filled, 0);
            filled -= whole;
            got.set(got.get() + 1);
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

/// The size of the request that the bytes begin with, if all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + length.unwrap_or(0)).filter(|size| *size <= bytes.len())
}
