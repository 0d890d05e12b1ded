//! `guildhall key`.

use serde_json::Value;

use super::{ADA, Bench, COMPANY, client, northwind};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("a.jsonl", northwind());
    bench.run(&["import", "a.jsonl"]).good();
    bench
}

fn create<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["key", "create", "--company", COMPANY, "--user", ADA, "--access", "read"], more].concat()
}

#[test]
fn a_key_is_made_listed_and_revoked() {
    let bench = bench();
    assert_eq!(bench.run(&["key", "list"]).good(), "no keys yet; `guildhall key create` makes one\n");
    let made = bench.run(&create(&["--json", "--name", "ci"])).good();
    assert_eq!(made.lines().count(), 1);
    let key: Value = serde_json::from_str(&made).expect("JSON");
    let text = |name: &str| key[name].as_str().expect("a text").to_owned();
    assert_eq!(key.as_object().expect("an object").keys().collect::<Vec<_>>(), ["id", "secret", "token"]);
    assert_eq!(text("token"), format!("{}.{}", text("id"), text("secret")));
    let people = bench.run(&create(&[])).good();
    assert!(people.starts_with("This key acts as Ada Lindqvist, may read, and works until it is revoked."), "{people}");
    let platform = bench.run(&["key", "create", "--platform", "--json"]).good();
    assert!(platform.starts_with("{\"id\":"), "{platform}");
    let listed = bench.run(&["key", "list"]).good();
    assert_eq!(listed.lines().count(), 4, "{listed}");
    assert!(!listed.contains(&text("secret")));
    assert_eq!(bench.run(&["key", "list", "--company", COMPANY, "--json"]).good().lines().count(), 2);
    assert_eq!(bench.run(&["key", "revoke", &text("id")]).good(), format!("key {} is revoked\n", text("id")));
    assert_eq!(bench.run(&["key", "revoke", &text("id")]).good(), format!("key {} was revoked before\n", text("id")));
    let listed: Vec<Value> = bench
        .run(&["key", "list", "--json"])
        .good()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let works: Vec<_> = listed.iter().filter(|key| key["name"] == "ci").map(|key| key["works"].clone()).collect();
    assert_eq!(works, [Value::Bool(false)]);
}

#[test]
fn refusals_name_the_flag() {
    let bench = bench();
    let unknown = "c0000000-0000-4000-8000-000000000099";
    let refused = |args: &[&str]| bench.run(args).refused();
    assert_eq!(
        refused(&["key", "create", "--company", unknown, "--user", ADA, "--access", "read"]),
        format!("--company: no company has the id {unknown}")
    );
    assert_eq!(
        refused(&["key", "create", "--company", COMPANY, "--user", unknown, "--access", "read"]),
        format!("--user: no user has the id {unknown}")
    );
    assert_eq!(
        refused(&create(&["--connection", unknown])),
        format!("--connection: no connection has the id {unknown}")
    );
    assert_eq!(refused(&create(&["--expires", "2020-01-01T00:00:00Z"])), "--expires: must be in the future");
    assert_eq!(
        refused(&["key", "revoke", unknown]),
        format!("no key has the id {unknown}; `guildhall key list` shows those there are")
    );
    let misused = |args: &[&str]| bench.run(args).misused();
    assert_eq!(
        misused(&create(&["--expires", "tomorrow"])),
        "--expires: is not an RFC 3339 time, such as 2026-11-20T09:30:00Z"
    );
    assert_eq!(
        misused(&["key", "create"]),
        "the following required arguments were not provided: --company <ID> --user <ID> --access <ACCESS>; `guildhall key create --help` tells more"
    );
    assert!(misused(&create(&["--platform"])).contains("cannot be used with"));
    assert!(misused(&["key", "create", "--company", "7"]).starts_with("invalid value '7' for '--company <ID>'"));
}

#[tokio::test]
async fn a_key_made_while_the_server_runs_works_at_once() {
    let bench = bench();
    let server = bench.serve(&[]);
    let made = bench.run(&create(&["--json"])).good();
    let key: Value = serde_json::from_str(&made).expect("JSON");
    let groups = async || {
        let call = client().get(format!("{}/v1/companies/{COMPANY}/groups", server.url));
        let sent = call.bearer_auth(key["token"].as_str().expect("a token")).send().await;
        sent.expect("an answer").status().as_u16()
    };
    assert_eq!(groups().await, 200);
    bench.run(&["key", "revoke", key["id"].as_str().expect("an id")]).good();
    assert_eq!(groups().await, 401);
    assert_eq!(server.stop().0, Some(0));
}
