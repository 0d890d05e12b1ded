//! The console's sources against the native API's document: a change of the API that breaks the console stops here.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

async fn run(console: &Path, script: &str) {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", script]).current_dir(console).kill_on_drop(true);
    let done = npm.stdin(Stdio::null()).output().await.expect("npm runs");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "npm run {script}:\n{out}\n{err}");
}

#[tokio::test]
async fn the_console_calls_the_api_as_it_is() {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console");
    if !console.join("node_modules/typescript").exists() {
        assert!(std::env::var_os("CI").is_none(), "missing: the console's libraries");
        eprintln!("skipped: the console's libraries are not there (npm ci in console/)");
        return;
    }
    let document = guildhall_server::api::document("native").expect("a document").to_json().expect("JSON");
    std::fs::create_dir_all(console.join("../target")).expect("target/");
    std::fs::write(console.join("../target/native.json"), document).expect("the document is written");
    run(&console, "types").await;
    run(&console, "check").await;
}
