//! `guildhall serve`: its first line, its end, and the starts it refuses.

use std::io::{BufRead, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use super::{Bench, Ran, client};

/// The one line of a start that was refused within a second, beside what the log says.
#[track_caller]
fn refused(ran: Ran) -> String {
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert!(ran.took < Duration::from_secs(1), "took {:?}", ran.took);
    let line = ran.err.lines().last().expect("a line");
    line.strip_prefix("guildhall: ").unwrap_or_else(|| panic!("not ours: {line}")).to_owned()
}

#[tokio::test]
async fn serves_until_told_to_stop() {
    let bench = Bench::new();
    let server = bench.serve(&[]);
    let answer = client().get(format!("{}/health", server.url)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(bench.path("guildhall.db.key").metadata().expect("a key").permissions().mode() & 0o777, 0o600);
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("serving") && log.contains("stopped"), "{log}");
}

#[test]
fn refused_starts_say_what_to_do() {
    let bench = Bench::new();
    let server = bench.serve(&[]);
    let port = server.url.rsplit(':').next().expect("a port").to_owned();
    let serve = |more: &[&str]| bench.run(&[&["serve", "--listen", "127.0.0.1:0"], more].concat());
    assert_eq!(
        refused(serve(&[])),
        "another guildhall is using guildhall.db; stop it first, or give this one another --database"
    );
    let taken = bench.run(&["serve", "--listen", &format!("127.0.0.1:{port}"), "--database", "sqlite:other.db"]);
    assert_eq!(
        refused(taken),
        format!(
            "cannot listen on 127.0.0.1:{port}: Address already in use (os error 98); choose another with --listen HOST:PORT"
        )
    );
    assert_eq!(server.stop().0, Some(0));
    std::fs::rename(bench.path("guildhall.db.key"), bench.path("moved")).expect("moved");
    let told = refused(serve(&[]));
    assert!(
        told.starts_with("the master key of this database is lost (guildhall.db.key: ")
            && told.ends_with("; put the file back, or set GUILDHALL_MASTER_KEY to what it held"),
        "{told}"
    );
    bench.write("guildhall.db.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(
        refused(serve(&[])),
        "this master key is not the one this database was made with; set GUILDHALL_MASTER_KEY, or put the key file back, as they were"
    );
    std::fs::rename(bench.path("moved"), bench.path("guildhall.db.key")).expect("moved");
    assert!(
        refused(serve(&["--database", "sqlite:no/such/directory.db"]))
            .contains("choose a directory that this user may write to")
    );
    assert_eq!(
        refused(serve(&["--database", "mysql://x"])),
        "database: must be sqlite:PATH or postgres://USER@HOST/NAME"
    );
    bench.write("junk.db", "this is not a database, it is a text that is long enough to be looked at as one".repeat(9));
    let told = refused(serve(&[
        "--database",
        "sqlite:junk.db",
        "--master-key",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ]));
    assert_eq!(told, "junk.db cannot be used (file is not a database); restore a backup, or name another --database");
    // Damaged in places: it can be opened, and some of it be read.
    bench.run(&["migrate", "--database", "sqlite:torn.db"]).good();
    let file = rusqlite::Connection::open(bench.path("torn.db")).expect("opened");
    let page: i64 = file
        .query_row("select rootpage from sqlite_master where name = 'reviews'", [], |row| row.get(0))
        .expect("a table");
    drop(file);
    let mut torn = std::fs::read(bench.path("torn.db")).expect("read");
    let from = (usize::try_from(page).expect("a page") - 1) * 4096;
    torn[from..from + 4096].fill(0xa5);
    std::fs::write(bench.path("torn.db"), torn).expect("written");
    let told = refused(serve(&["--database", "sqlite:torn.db"]));
    assert!(told.starts_with("torn.db is damaged (") && told.ends_with("); restore a backup"), "{told}");
    assert_eq!(bench.run(&["serve", "--tls-cert", "x"]).misused(), "--tls-cert needs --tls-key; give both, or neither");
    assert!(refused(serve(&["--tls-cert", "x", "--tls-key", "y"])).starts_with("x: "));
    assert!(refused(serve(&["--log-level", "a=b=c"])).contains("is not a log level"));
    bench.write("guildhall.toml", "lisen = 'x'");
    assert_eq!(refused(serve(&[])), "guildhall.toml: `lisen` is not a setting; did you mean `listen`?");
}

#[test]
fn a_newer_schema_is_refused() {
    let bench = Bench::new();
    bench.run(&["migrate"]).good();
    let newer = rusqlite::Connection::open(bench.path("guildhall.db")).expect("opened");
    newer.execute("insert into migrations (version, name) values (99, '0099_later')", []).expect("written");
    drop(newer);
    let told = refused(bench.run(&["serve", "--listen", "127.0.0.1:0"]));
    assert_eq!(
        told,
        format!(
            "the database has schema 99, which is newer than schema {} of this guildhall; start the newer guildhall that wrote it, or restore a backup made by this one",
            guildhall_engine::schema()
        )
    );
}

#[test]
fn settings_come_from_flags_variables_and_the_file() {
    let bench = Bench::new();
    bench.write("guildhall.toml", "database = 'sqlite:from-file.db'\n");
    bench.run(&["migrate"]).good();
    assert!(bench.path("from-file.db").exists());
    let ran = bench.command(&["migrate"]).env("GUILDHALL_DATABASE", "sqlite:from-env.db").output().expect("ran");
    assert!(ran.status.success() && bench.path("from-env.db").exists());
    bench.run(&["migrate", "--database", "sqlite:from-flag.db"]).good();
    assert!(bench.path("from-flag.db").exists());
    assert!(!bench.path("guildhall.db").exists());
}

#[tokio::test]
async fn the_demo_prints_calls_that_work() {
    let bench = Bench::new();
    let mut words = String::new();
    for _ in 0..2 {
        let mut server = bench.serve(&["--demo"]);
        words.clear();
        loop {
            let mut line = String::new();
            server.out.read_line(&mut line).expect("a line");
            words.push_str(&line);
            if line.contains("Ctrl-C") {
                break;
            }
        }
        let calls: Vec<&str> = words.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
        assert_eq!(calls.len(), 11, "{words}");
        for call in calls {
            // As it is pasted: the shell reads the line, quotes and all.
            let ran = Command::new("sh").args(["-c", &format!("{call} -sS --fail")]).output().expect("a shell");
            assert!(ran.status.success(), "{call}: {}", String::from_utf8_lossy(&ran.stderr));
            let decided = call.contains("/access/v1/") && ran.stdout == br#"{"decision":true}"#;
            assert!(decided || ran.stdout.len() > 100, "{call}");
        }
        assert_eq!(server.stop().0, Some(0));
    }
    // One key works at a time: each start replaces the last one's.
    let listed = bench.run(&["key", "list", "--json"]).good();
    assert_eq!(listed.lines().count(), 2);
    assert_eq!(listed.lines().filter(|line| line.contains("\"works\":true")).count(), 1);
    let other = "{\"type\":\"company\",\"id\":\"c0000000-0000-4000-8000-000000000009\",\"name\":\"Mine\"}";
    bench.run_with(&["import", "-"], other).good();
    assert_eq!(
        refused(bench.run(&["serve", "--listen", "127.0.0.1:0", "--demo"])),
        "--demo wants a database of its own and this one holds another company; name a new file, such as --database sqlite:demo.db"
    );
}

#[tokio::test]
async fn speaks_tls() {
    let bench = Bench::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
    bench.write("cert.pem", made.cert.pem());
    bench.write("key.pem", made.signing_key.serialize_pem());
    let mut server = bench.serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let port = server.url.rsplit(':').next().expect("a port");
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a root");
    let client = reqwest::Client::builder().tls_certs_only([root]).build().expect("a client");
    let answer = client.get(format!("https://localhost:{port}/health")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    server.signal("-INT");
    // On a thread of its own, so that the client's still open connection hears the farewell.
    let ended = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        server.out.read_to_string(&mut rest).expect("the end");
        (rest, server.child.wait().expect("ended").code())
    });
    assert_eq!(ended.await.expect("waited"), (String::new(), Some(0)));
}
