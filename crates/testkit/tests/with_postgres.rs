//! `with-postgres` from outside: what it hands on, and that nothing of it stays.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use guildhall_testkit::postgres::VARIABLE;

/// The command prints the address, the server's directory (it is below the one given) and waits for its last word.
fn with_postgres(temporary: &std::path::Path, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-postgres"));
    command.args(["sh", "-c", script]).env_remove(VARIABLE).env("TMPDIR", temporary).stdin(Stdio::null());
    command
}

/// PostgreSQL runs as another user when the tests run as root, and must get there.
fn temporary() -> tempfile::TempDir {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

#[test]
fn the_command_gets_an_address_and_its_exit_code_is_ours() {
    let temporary = temporary();
    let output = with_postgres(temporary.path(), "echo $GUILDHALL_TEST_POSTGRES; exit 7").output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("postgres://guildhall:"));
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0, "its directory is removed");
}

#[test]
fn a_signal_ends_the_command_and_the_server() {
    for (sent, code) in [("-TERM", Some(143)), ("-KILL", None)] {
        let temporary = temporary();
        let mut running = with_postgres(temporary.path(), "echo started; exec sleep 20 2>/dev/null")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        let sent = Command::new("sh").args(["-c", "kill \"$@\"", "sh", sent, &running.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert_eq!(running.wait().unwrap().code(), code);
        // After SIGKILL nobody is left to wait for but the keeper.
        let removed = || temporary.path().read_dir().unwrap().flatten().all(|left| !left.path().join("data").exists());
        for _ in 0..200 {
            if removed() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        assert!(removed(), "the server's files are gone");
    }
}
