//! The server killed (SIGKILL) under concurrent writes, time and again: what it acknowledged is there afterwards, no
//! change is half there, and the journal is whole.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use guildhall_testkit::{MASTER_KEY, Place};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

/// The company of these tests.
pub(crate) const COMPANY: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_c001);
const ADMIN: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_c002);
const GROUPS: u128 = 3;
const USERS: u128 = 900;
const ROUNDS: usize = 4;

fn user(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + n)
}
fn group(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_a000_0000_0000_0000 + n)
}

/// The binary, on this database.
fn guildhall(database: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
    command.env("GUILDHALL_DATABASE", database).env("GUILDHALL_MASTER_KEY", MASTER_KEY);
    command
}

fn run(mut command: Command) -> String {
    let output = command.output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Server {
    /// Starts one, which may call what listens on this machine.
    pub(crate) fn start(database: &str) -> Self {
        let mut command = guildhall(database);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--directory-allow", "127.0.0.0/8"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut first).expect("a line");
        let url =
            first.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("first line: {first}")).to_owned();
        Self { child, url }
    }

    fn kill(&mut self) {
        // `Child::kill` is SIGKILL on Unix.
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The company, its people and its groups, in the directory format.
fn directory(file: &Path) {
    let mut lines = String::new();
    let mut line = |value: Value| writeln!(lines, "{value}").expect("a string grows");
    line(json!({"type": "company", "id": COMPANY, "name": "Killed"}));
    line(
        json!({"type": "user", "id": ADMIN, "company": COMPANY, "name": "Ada", "email": "ada@x.example", "role": "admin"}),
    );
    for n in 0..USERS {
        let (name, email) = (format!("Person {n}"), format!("p{n}@x.example"));
        line(json!({"type": "user", "id": user(n), "company": COMPANY, "name": name, "email": email}));
    }
    for n in 0..GROUPS {
        line(json!({"type": "group", "id": group(n), "company": COMPANY, "name": format!("Group {n}")}));
    }
    std::fs::write(file, lines).expect("a file");
}

/// Adds pairs of users to all groups, one call a pair and group, until the server is gone. Keeps what was acknowledged
/// (group, user) and what was sent without an answer.
#[derive(Default)]
struct Record {
    acknowledged: BTreeSet<(u128, u128)>,
    sent: BTreeSet<(u128, u128)>,
}

async fn write(url: &str, token: &str, next: &AtomicUsize, enough: usize, record: &Mutex<Record>, acked: &AtomicUsize) {
    let client = reqwest::Client::new();
    loop {
        let n = next.fetch_add(1, Ordering::SeqCst) as u128;
        let (pair, group_no) = (n / GROUPS, n % GROUPS);
        if pair * 2 + 1 >= USERS {
            return;
        }
        let both = [(group_no, pair * 2), (group_no, pair * 2 + 1)];
        record.lock().await.sent.extend(both);
        let body = json!({"members": [{"id": user(pair * 2)}, {"id": user(pair * 2 + 1)}]});
        let path = format!("{url}/v1/companies/{COMPANY}/groups/{}/members", group(group_no));
        let answer = client.post(path).bearer_auth(token).json(&body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => {
                record.lock().await.acknowledged.extend(both);
                acked.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => panic!("refused: {} {}", answer.status(), answer.text().await.unwrap_or_default()),
            // Killed under us, as was meant; nobody is left to answer the rest.
            Err(_) => return,
        }
        if acked.load(Ordering::SeqCst) > enough * 20 {
            return;
        }
    }
}

async fn members(url: &str, token: &str) -> BTreeSet<(u128, u128)> {
    let client = reqwest::Client::new();
    let mut all = BTreeSet::new();
    for g in 0..GROUPS {
        let mut cursor = String::new();
        loop {
            let path = format!("{url}/v1/companies/{COMPANY}/groups/{}/members?limit=1000{cursor}", group(g));
            let page: Value = client.get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap();
            for item in page["items"].as_array().expect("items") {
                let id: Uuid = item["user"]["id"].as_str().expect("an id").parse().unwrap();
                all.insert((g, id.as_u128() - user(0).as_u128()));
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    all
}

/// Fills a database with the company; a token of its administrator.
pub(crate) fn filled(database: &str) -> String {
    let directory_file = tempfile::NamedTempFile::new().unwrap();
    directory(directory_file.path());
    let mut import = guildhall(database);
    import.arg("import").arg(directory_file.path());
    run(import);
    let mut create = guildhall(database);
    let (company, admin) = (COMPANY.to_string(), ADMIN.to_string());
    create.args(["key", "create", "--company", &company, "--user", &admin, "--access", "write", "--json"]);
    let key: Value = serde_json::from_str(&run(create)).unwrap();
    key["token"].as_str().expect("a token").to_owned()
}

/// Is the journal whole?
pub(crate) fn verify(database: &str) {
    let mut verify = guildhall(database);
    verify.args(["audit", "verify"]);
    run(verify);
}

async fn story(place: Place) {
    let database = place.database();
    let token = filled(&database);

    let next = Arc::new(AtomicUsize::new(0));
    let record = Arc::new(Mutex::new(Record::default()));
    for round in 0..ROUNDS {
        let mut server = Server::start(&database);
        let acked = Arc::new(AtomicUsize::new(0));
        // The blow falls after so many answers of this round, wherever the writers are then.
        let enough = 10 + 7 * round;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (url, token) = (server.url.clone(), token.clone());
            let (next, record, acked) = (Arc::clone(&next), Arc::clone(&record), Arc::clone(&acked));
            writers.spawn(async move { write(&url, &token, &next, enough, &record, &acked).await });
        }
        while acked.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
        server.kill();
        writers.join_all().await;

        let server = Server::start(&database);
        let there = members(&server.url, &token).await;
        let record = record.lock().await;
        let lost: Vec<_> = record.acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
        let invented: Vec<_> = there.difference(&record.sent).collect();
        assert!(invented.is_empty(), "round {round}: there, though never sent: {invented:?}");
        for (g, u) in &there {
            assert!(there.contains(&(*g, u ^ 1)), "round {round}: half of a call is there: group {g}, user {u}");
        }
    }
    verify(&database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_sigkill_on_sqlite() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    story(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_sigkill_on_postgres() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    story(Place::postgres().await).await;
}
