//! What the stack itself costs: a handler that looks one key up in a hash map, and bare SQLite writes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Path as InPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use guildhall_server::config::Limits;
use guildhall_server::http::{listen, stop};
use rusqlite::Connection;
use uuid::Uuid;

use crate::data::Random;

/// Keys in the map; the load asks for `/things/0` to this many, less one.
pub(crate) const THINGS: usize = 2000;

/// Serves the ceiling until it is told to stop: the server's own listener and framework, nothing around the handler.
pub(crate) async fn serve() -> Result<()> {
    let limits = Limits::default();
    let door = listen::tcp("127.0.0.1:0", None, &limits).await?;
    println!("listening on {}", door.url());
    let mut random = Random::new(1);
    let things: HashMap<String, String> = (0..THINGS).map(|n| (n.to_string(), thing(&mut random))).collect();
    let router = Router::new().route("/things/{key}", get(look_up)).with_state(Arc::new(things));
    door.serve(router, stop::on_signals()?).await;
    Ok(())
}

async fn look_up(State(things): State<Arc<HashMap<String, String>>>, InPath(key): InPath<String>) -> Response {
    match things.get(&key) {
        Some(thing) => ([(header::CONTENT_TYPE, "application/json")], thing.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// About 300 bytes.
fn thing(random: &mut Random) -> String {
    let id = Uuid::from_u64_pair(random.next(), random.next());
    serde_json::json!({"id": id, "name": "amber-willow-0001", "description": "x".repeat(210)}).to_string()
}

/// Writes to a SQLite file of its own, one commit per change on one thread; how many there were, and their CPU time.
pub(crate) fn bare_writes(file: &Path, time: Duration) -> Result<(u64, Duration)> {
    let db = Connection::open(file)?;
    db.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table if not exists members (company blob not null, member_group blob not null, member blob not null,
         added_at integer not null, primary key (company, member_group, member)) strict, without rowid;",
    )?;
    let (mut random, company) = (Random::new(2), [7_u8; 16]);
    let groups: Vec<[u8; 16]> = (0..100).map(|_| uuid(&mut random)).collect();
    let mut add = db.prepare("insert into members values (?1, ?2, ?3, ?4)")?;
    let mut remove = db.prepare("delete from members where company = ?1 and member_group = ?2 and member = ?3")?;
    let (start, before, mut writes) = (Instant::now(), crate::process::cpu(std::process::id())?, 0);
    while start.elapsed() < time {
        let (group, user) = (random.one(&groups), uuid(&mut random));
        add.execute((company, group, user, 1_i64)).context("add")?;
        remove.execute((company, group, user)).context("remove")?;
        writes += 2;
    }
    Ok((writes, crate::process::cpu(std::process::id())? - before))
}

fn uuid(random: &mut Random) -> [u8; 16] {
    Uuid::from_u64_pair(random.next(), random.next()).into_bytes()
}
