//! Backup and restore, doctor, audit, and the commands that need no database.

use std::os::unix::fs::PermissionsExt;

use super::{Bench, northwind};

fn filled() -> Bench {
    let bench = Bench::new();
    bench.write("a.jsonl", northwind());
    bench.run(&["import", "a.jsonl"]).good();
    bench
}

#[test]
fn a_database_that_is_not_there_is_not_made_to_look_at_it() {
    let bench = Bench::new();
    let id = "c0000000-0000-4000-8000-000000000009";
    let looking: [&[&str]; 7] = [
        &["export"],
        &["export", "--csv", "users"],
        &["backup", "copy.db"],
        &["doctor"],
        &["audit", "verify"],
        &["key", "list"],
        &["key", "revoke", id],
    ];
    for args in looking {
        let told = bench.run(args).refused();
        assert_eq!(
            told,
            "guildhall.db is not there; name the database with --database, or make it with `guildhall migrate`"
        );
    }
    assert_eq!(std::fs::read_dir(bench.path(".")).expect("a directory").count(), 0);
    bench.run(&["migrate"]).good();
    assert_eq!(bench.run(&["export"]).good(), "");
}

#[test]
fn a_backup_comes_back() {
    let bench = filled();
    let before = bench.run(&["export"]).good();
    let told = bench.run(&["backup", "copy.db"]).good();
    assert!(
        told.lines()
            .nth(1)
            .expect("two lines")
            .starts_with("the master key is not in it: keep a copy of guildhall.db.key apart from it"),
        "{told}"
    );
    let refused = |args: &[&str]| bench.run(args).refused();
    assert!(refused(&["backup", "copy.db"]).ends_with("copy.db exists already; name a new file"));
    assert_eq!(
        refused(&["restore", "copy.db"]),
        "guildhall.db exists already; move it away, or add --force to replace it"
    );
    assert_eq!(
        refused(&["restore", "--force", "a.jsonl"]),
        "a.jsonl is not a backup made by guildhall (file is not a database)"
    );
    assert_eq!(
        refused(&["restore", "--force", "none.db"]),
        "none.db is not there; name a file that `guildhall backup` wrote"
    );
    // What happened since is undone, also where it lies in the log beside the file.
    let more = "{\"type\":\"company\",\"id\":\"c0000000-0000-4000-8000-000000000009\",\"name\":\"Since\"}";
    let server = bench.serve(&[]);
    bench.run_with(&["import", "-"], more).good();
    server.kill();
    assert!(bench.path("guildhall.db-wal").exists());
    let restored = format!("restored guildhall.db (schema {})\n", guildhall_engine::schema());
    assert_eq!(bench.run(&["restore", "--force", "copy.db"]).good(), restored);
    assert!(!bench.path("guildhall.db-wal").exists());
    assert_eq!(bench.run(&["export"]).good(), before);
    // Neither the database, nor its log, nor a copy is anybody else's to read.
    let mode = |file: &str| std::fs::metadata(bench.path(file)).expect(file).permissions().mode() & 0o777;
    let server = bench.serve(&[]);
    bench.run_with(&["import", "-"], more).good();
    for file in ["guildhall.db", "guildhall.db-wal", "guildhall.db.key", "copy.db"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    server.kill();
    bench.run(&["restore", "--force", "copy.db"]).good();
    assert_eq!(mode("guildhall.db"), 0o600);
    // Elsewhere it needs its master key, and knows it.
    let told = bench.run(&["restore", "--database", "sqlite:new.db", "copy.db"]).good();
    assert_eq!(
        told.lines().nth(1),
        Some("the master key is not there yet: before the next start put it to new.db.key or set GUILDHALL_MASTER_KEY")
    );
    assert!(refused(&["export", "--database", "sqlite:new.db"]).starts_with("the master key of this database is lost"));
    std::fs::copy(bench.path("guildhall.db.key"), bench.path("new.db.key")).expect("copied");
    assert_eq!(bench.run(&["export", "--database", "sqlite:new.db"]).good(), before);
    bench.write("third.db.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert!(
        refused(&["restore", "--database", "sqlite:third.db", "copy.db"]).starts_with("this master key is not the one")
    );
    assert!(!bench.path("third.db").exists());
    assert!(refused(&["restore", "--database", "postgres://x", "copy.db"]).contains("psql or pg_restore"));
}

#[test]
fn a_changed_journal_is_found() {
    let bench = filled();
    let told = bench.run(&["audit", "verify"]).good();
    assert_eq!(told.lines().count(), 2);
    assert!(told.lines().all(|line| line.ends_with(": ok")), "{told}");
    let file = rusqlite::Connection::open(bench.path("guildhall.db")).expect("opened");
    file.execute("update events set data = replace(data, 'live', 'dead'), actor = 'nobody' where revision = 5", [])
        .expect("changed");
    drop(file);
    let ran = bench.run(&["audit", "verify"]);
    assert!(ran.out.contains("BROKEN: revision 5 was changed after it was written"), "{}", ran.out);
    assert_eq!(
        ran.refused(),
        "the audit log of 1 of 2 companies is broken; keep this database as it is and compare it with a backup"
    );
    let ran = bench.run(&["doctor"]);
    assert!(ran.out.contains("FAILED journal"), "{}", ran.out);
    assert_eq!(ran.refused(), "1 check failed; the line above says what to do");
}

#[test]
fn doctor_looks_at_everything() {
    let told = filled().run(&["doctor"]).good();
    let names: Vec<&str> = told.lines().filter_map(|line| line.get(7..18)).map(str::trim).collect();
    assert_eq!(
        names,
        ["database", "schema", "statements", "integrity", "master key", "journal", "writing", "clock", "imports"]
    );
    let dropped = filled();
    let file = rusqlite::Connection::open(dropped.path("guildhall.db")).expect("opened");
    file.execute_batch("drop table answers").expect("dropped");
    drop(file);
    let ran = dropped.run(&["doctor"]);
    assert!(
        ran.out.lines().any(|line| line.starts_with("FAILED statements") && line.contains("no such table")),
        "{}",
        ran.out
    );
}

#[test]
fn commands_that_need_no_database() {
    let bench = Bench::new();
    let document = bench.run(&["openapi", "native"]).good();
    assert!(document.starts_with("{\n  \"openapi\": \"3.1.0\""), "{}", &document[..80]);
    bench.run(&["openapi", "cakewalk"]).good();
    assert!(
        bench
            .run(&["openapi", "klingon"])
            .misused()
            .starts_with("`klingon` is not a dialect with a document; there are native")
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(bench.run(&["completions", shell]).good().contains("guildhall"));
    }
    assert_eq!(bench.run(&["--version"]).good(), format!("guildhall {}\n", env!("CARGO_PKG_VERSION")));
    assert!(bench.run(&["--help"]).good().contains("Usage: guildhall"));
    assert!(bench.run(&["serve", "--help"]).good().contains("--listen"));
    assert_eq!(std::fs::read_dir(bench.path(".")).expect("a directory").count(), 0);
}

#[test]
fn wrong_usage_is_one_line_and_exit_2() {
    let bench = Bench::new();
    let misused = |args: &[&str]| bench.run(args).misused();
    assert_eq!(misused(&[]), "name a command, such as `guildhall serve`; `guildhall --help` lists them");
    assert_eq!(misused(&["frobnicate"]), "unrecognized subcommand 'frobnicate'; `guildhall --help` tells more");
    assert_eq!(
        misused(&["import"]),
        "the following required arguments were not provided: <FILE>...; `guildhall import --help` tells more"
    );
    assert!(misused(&["export", "--colour"]).starts_with("unexpected argument '--colour' found"));
    assert!(misused(&["key"]).ends_with("`guildhall key --help` tells more") || !misused(&["key"]).is_empty());
}
