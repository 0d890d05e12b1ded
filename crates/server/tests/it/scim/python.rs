//! The published checkers of the Python ecosystem, run against this server with nothing failing.
//!
//! `make test` installs them (`requirements.txt` beside this file) and names their Python in `GUILDHALL_SCIM_PYTHON`.
//! Where it is not named, this test says so and passes: `cargo test` alone needs no Python.

use std::process::Command;

use guildhall_domain::connection::Adopt;
use guildhall_testkit::{Who, on_both};

const CHECK: &str = r#"
import sys
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

url, token = sys.argv[1:3]
results = check_server(SyncSCIMClient(Client(base_url=url, headers={"Authorization": "Bearer " + token}, timeout=60)))
wrong = [r for r in results if r.status not in (Status.SUCCESS, Status.SKIPPED)]
for r in wrong:
    print(r.status.name, r.title, r.resource_type, r.reason)
print(len(results), "checks")
sys.exit(1 if wrong or len(results) < 100 else 0)
"#;

#[tokio::test]
async fn the_published_checkers_find_nothing() {
    let Ok(python) = std::env::var("GUILDHALL_SCIM_PYTHON") else {
        eprintln!("skipped: GUILDHALL_SCIM_PYTHON names no Python with scim2-tester; `make test` sets it");
        return;
    };
    on_both(async |app| {
        let (_, connected) = app.connect("Checker", false, Adopt::None).await;
        for token in [app.key(Who::Admin).token(), connected] {
            let (python, url) = (python.clone(), format!("{}/scim/v2", app.url));
            let check = move || Command::new(python).args(["-c", CHECK, &url, &token]).output().expect("Python runs");
            let output = tokio::task::spawn_blocking(check).await.expect("it ends");
            let told = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        }
    })
    .await;
}
