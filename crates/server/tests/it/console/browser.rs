//! The console in a real Chromium: `console/test/browser.mjs` against a server on each database.

use std::path::Path;
use std::process::Stdio;

use guildhall_server::oidc::{Provider, Registration};
use guildhall_testkit::{App, START, Who, on_both, operator};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What is missing for a browser to look at the console; none when all is there.
fn missing(console: &Path) -> Option<&'static str> {
    let browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    if !console.join("node_modules/playwright-core").exists() {
        Some("the console's libraries: npm ci in console/")
    } else if !console.join("dist/index.html").exists() {
        Some("the console itself: make console")
    } else if !browsers.iter().any(|path| Path::new(path).exists()) {
        Some("a Chromium")
    } else {
        None
    }
}

/// A provider of OpenID Connect that sends people back to this server, for as long as it is held.
async fn provider(app: &App, console: &Path) -> Child {
    let mut node = Command::new("node");
    node.arg("test/provider.mjs").arg(&app.url).current_dir(console).kill_on_drop(true);
    let mut child = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("node runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let issuer = lines.next_line().await.expect("a line").expect("an issuer");
    let registration = Registration {
        issuer,
        client_id: "guildhall".into(),
        client_secret: Some("a-secret-with:odd%signs".into()),
        company: app.company(),
        name: "the test provider".into(),
    };
    // What else it says is read as well: a pipe that nobody reads would end it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    app.server().sign_in_with(Provider::new(registration).expect("a provider"));
    child
}

async fn look(app: &App, console: &Path) {
    let _provider = provider(app, console).await;
    let operator = operator(&app.engine, app.company());
    let ada = app.engine.user(&operator, app.id("ada").into()).await.expect("ada");
    let id = |name: &str| app.id(name).to_string();
    let told = json!({
        "url": app.url, "token": app.key(Who::Admin).token(), "company": app.company().to_string(), "now": START,
        "ada": id("ada"), "vera": id("vera"), "gus": id("gus"), "guest": "gus", "eng": id("eng"), "ops": id("ops"),
        "provider": true, "address": ada.email,
        // Wide and light on the one, narrow and dark on the other: the pages are the same on both.
        "dark": app.place.kind() == "postgres",
    });
    let mut node = Command::new("node");
    node.arg("test/browser.mjs").arg(told.to_string()).current_dir(console).kill_on_drop(true);
    let done = node.stdin(Stdio::null()).output().await.expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_works_and_can_be_read_by_all() {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console");
    if let Some(what) = missing(&console) {
        // CI installs all of it, so there it is never left out.
        assert!(std::env::var_os("CI").is_none(), "missing: {what}");
        eprintln!("skipped: {what} is not there");
        return;
    }
    on_both(async |app| look(&app, &console).await).await;
}
