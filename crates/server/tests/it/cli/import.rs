//! `guildhall import` and `export` as commands.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Bench, COMPANY, big, northwind};

#[test]
fn imports_and_exports() {
    let bench = Bench::new();
    bench.write("a.jsonl", northwind());
    let told = bench.run(&["import", "a.jsonl"]).good();
    assert!(
        told.starts_with("imported 1 company, 24 users, 8 groups, 49 memberships, 25 other records in ")
            && told.ends_with(" s\n"),
        "{told}"
    );
    let all = bench.run(&["export"]).good();
    assert_eq!(all.lines().count(), northwind().lines().count());
    assert_eq!(bench.run(&["export", "--company", COMPANY]).good(), all);
    let other = "c0000000-0000-4000-8000-000000000009";
    assert_eq!(bench.run(&["export", "--company", other]).refused(), format!("no company has the id {other}"));
    // Through a pipe into another database, and out again: the very bytes.
    bench.run_with(&["import", "--database", "sqlite:b.db", "-"], &all).good();
    assert_eq!(bench.run(&["export", "--database", "sqlite:b.db"]).good(), all);
}

#[test]
fn refuses_in_one_line() {
    let bench = Bench::new();
    bench.write("a.jsonl", northwind());
    bench.write("latin.jsonl", b"{\"type\": \"company\"}\n\xff\n");
    bench.write("long.jsonl", vec![b' '; (1 << 20) + 2]);
    let refused = |args: &[&str]| bench.run(args).refused();
    assert_eq!(refused(&["import", "no.jsonl"]), "no.jsonl cannot be read: No such file or directory (os error 2)");
    assert_eq!(refused(&["import", "."]), ". is a directory; name the files in it");
    assert_eq!(refused(&["import", "latin.jsonl"]), "latin.jsonl:1: the company has no `id`");
    assert_eq!(refused(&["import", "long.jsonl"]), "long.jsonl:1: the line is longer than 1 MiB");
    bench.write("latin.jsonl", b"\n\xff\n");
    assert_eq!(refused(&["import", "a.jsonl", "latin.jsonl"]), "latin.jsonl:2: is not UTF-8 text (byte 1 of the line)");
    bench.run(&["import", "a.jsonl"]).good();
    assert_eq!(
        refused(&["import", "a.jsonl"]),
        format!("a.jsonl:1: company {COMPANY} exists already; add --update to change it, or export it first")
    );
    assert!(bench.run(&["import", "--update", "a.jsonl"]).good().starts_with("imported 0 companies, 0 users"));
    let told = bench.run_with(&["import", "--update", "-"], "{\"type\":\"user\"}\n").refused();
    assert_eq!(told, "stdin:1: the user has no `id`");
    let lone = format!(
        "{{\"type\":\"group\",\"id\":\"{COMPANY}\",\"company\":\"b0000000-0000-4000-8000-0000000000aa\",\"name\":\"x\"}}"
    );
    let told = bench.run_with(&["import", "-"], &lone).refused();
    assert_eq!(told, "stdin:1: company: no company has the id b0000000-0000-4000-8000-0000000000aa");
}

#[test]
fn a_killed_import_leaves_nothing() {
    let bench = Bench::new();
    bench.write("big.jsonl", big(4000, 100));
    bench.run(&["migrate"]).good();
    let size = || std::fs::metadata(bench.path("guildhall.db-wal")).map_or(0, |data| data.len());
    let before = size();
    let mut child = bench.command(&["import", "big.jsonl"]).stdout(Stdio::null()).spawn().expect("started");
    let begun = Instant::now();
    while size() < before + (1 << 20) && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("killed");
    assert!(!child.wait().expect("ended").success(), "it was done before it was killed");
    // The next server starts, shows nothing of it, and soon holds nothing of it.
    let server = bench.serve(&[]);
    assert_eq!(bench.run(&["export"]).good(), "");
    let gone = || bench.run(&["audit", "verify"]).good().lines().count() == 1;
    while !gone() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(gone());
    assert_eq!(server.stop().0, Some(0));
    bench.run(&["import", "big.jsonl"]).good();
}

#[test]
fn an_interrupted_import_is_undone_at_once() {
    let bench = Bench::new();
    bench.run(&["migrate"]).good();
    // It waits for more of its input when the interrupt comes.
    let mut child = bench.command(&["import", "-"]).stdin(Stdio::piped()).spawn().expect("started");
    std::thread::sleep(Duration::from_millis(500));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    let input = child.stdin.take();
    let output = child.wait_with_output().expect("ended");
    drop(input);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "guildhall: the import was interrupted; nothing of it was kept\n"
    );
}
