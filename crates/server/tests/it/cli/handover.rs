//! Commands while the server has the database open.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::{Bench, COMPANY, big, northwind};

#[test]
fn every_command_works_while_the_server_runs() {
    let bench = Bench::new();
    bench.write("a.jsonl", northwind());
    let server = bench.serve(&[]);
    let mode = std::fs::metadata(bench.path("guildhall.db.sock")).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let told = bench.run(&["import", "a.jsonl"]).good();
    assert!(told.starts_with("imported 1 company, 24 users, 8 groups, 49 memberships, 25 other records in "), "{told}");
    let all = bench.run(&["export"]).good();
    assert_eq!(all.lines().count(), northwind().lines().count());
    assert_eq!(
        bench.run(&["import", "a.jsonl"]).refused(),
        format!("a.jsonl:1: company {COMPANY} exists already; add --update to change it, or export it first")
    );
    assert_eq!(bench.run_with(&["import", "--update", "-"], "x").refused(), "stdin:1: is not a JSON object");
    let told = bench.run(&["migrate"]).good();
    let wanted = format!("the database has schema {}, brought there in ", guildhall_engine::schema());
    assert!(told.starts_with(&wanted) && told.ends_with(" steps as it was opened\n"), "{told}");
    assert!(bench.run(&["doctor"]).good().lines().all(|line| line.starts_with("ok ")));
    assert_eq!(bench.run(&["audit", "verify"]).good().lines().count(), 2);
    assert!(bench.run(&["backup", "copy.db"]).good().starts_with("wrote "));
    assert!(bench.path("copy.db").exists());
    let told = bench.run(&["restore", "--force", "copy.db"]).refused();
    assert_eq!(told, "another guildhall is using guildhall.db; stop it first, or give this one another --database");
    assert_eq!(server.stop().0, Some(0));
    assert!(!bench.path("guildhall.db.sock").exists());
    assert_eq!(bench.run(&["export"]).good(), all);
}

#[test]
fn an_import_whose_client_leaves_is_undone() {
    let bench = Bench::new();
    let text = big(3000, 100);
    let server = bench.serve(&[]);
    // Leaves in the middle of a file, then when all is sent and the server is at work.
    for (bytes, end) in [(text.len() / 2, false), (text.len(), true)] {
        let mut socket = UnixStream::connect(bench.path("guildhall.db.sock")).expect("a socket");
        let hello = format!(
            "{{\"guildhall\":\"{}\",\"command\":{{\"Import\":{{\"update\":false}}}}}}\n",
            env!("CARGO_PKG_VERSION")
        );
        socket.write_all(hello.as_bytes()).expect("sent");
        let mut put = |kind: u8, bytes: &[u8]| {
            socket.write_all(&[kind]).expect("sent");
            socket.write_all(&u32::try_from(bytes.len()).expect("short").to_be_bytes()).expect("sent");
            socket.write_all(bytes).expect("sent");
        };
        put(b'F', b"big.jsonl");
        for some in text.as_bytes()[..bytes].chunks(100_000) {
            put(b'D', some);
        }
        if end {
            put(b'E', b"");
            let mut first = [0];
            socket.read_exact(&mut first).expect("progress");
            assert_eq!(first, [b'P']);
        }
        drop(socket);
        let begun = Instant::now();
        while bench.run(&["audit", "verify"]).good().lines().count() > 1 {
            assert!(begun.elapsed() < Duration::from_secs(30), "not undone");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(bench.run(&["export"]).good(), "");
    }
    let told = bench.run_with(&["import", "-"], &text).good();
    assert!(told.starts_with("imported 1 company, 3000 users, 100 groups"), "{told}");
    assert!(bench.run(&["doctor"]).good().lines().all(|line| line.starts_with("ok ")));
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn another_version_and_nonsense_are_refused() {
    let bench = Bench::new();
    let server = bench.serve(&[]);
    for (line, why) in [
        ("{\"guildhall\":\"9.9.9\",\"command\":{}}\n", "use the same version, or stop the server first"),
        ("what\n", "the server cannot read the command"),
    ] {
        let mut socket = UnixStream::connect(bench.path("guildhall.db.sock")).expect("a socket");
        socket.write_all(line.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with('X') && answer.contains(why), "{answer}");
    }
    assert_eq!(server.stop().0, Some(0));
}

#[test]
fn a_socket_left_by_a_killed_server_is_replaced() {
    let bench = Bench::new();
    bench.serve(&[]).kill();
    assert!(bench.path("guildhall.db.sock").exists());
    assert_eq!(bench.run(&["export"]).good(), "");
    let server = bench.serve(&[]);
    assert_eq!(bench.run(&["export"]).good(), "");
    assert_eq!(server.stop().0, Some(0));
}
