//! `guildhall why`.

use serde_json::{Value, json};

use super::{Bench, COMPANY, northwind};

/// Somebody of the demo, a group they are in, and one they are not.
fn somebody() -> (String, String, String) {
    let lines: Vec<Value> = northwind().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).cloned().collect::<Vec<_>>();
    let (groups, memberships) = (of("group"), of("membership"));
    let first = &memberships[0];
    let inside = |group: &Value| memberships.iter().any(|m| m["group"] == *group && m["user"] == first["user"]);
    let other = groups.iter().find(|group| !inside(&group["id"])).expect("a group they are not in");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&first["user"]), text(&first["group"]), text(&other["id"]))
}

/// The demo with one group inside another; a user who is in the other by that alone, and the other.
fn bench() -> (Bench, String, String) {
    let (bench, (user, child, parent)) = (Bench::new(), somebody());
    let nesting = json!({"type": "nesting", "company": COMPANY, "parent": parent, "child": child});
    bench.write("northwind.jsonl", format!("{}\n{nesting}\n", northwind().trim_end()));
    bench.run(&["import", "northwind.jsonl"]).good();
    (bench, user, parent)
}

#[tokio::test]
async fn the_ways_are_told_in_words_and_in_json_with_and_without_a_server() {
    let (bench, user, group) = bench();
    let alone = bench.run(&["why", &user, &group]).good();
    assert!(alone.contains(" is, by nesting, a member of "), "{alone}");
    assert!(alone.contains("    inside "), "{alone}");
    let told: Value = serde_json::from_str(&bench.run(&["why", &user, &group, "--json"]).good()).expect("JSON");
    assert_eq!((&told["member"], &told["direct"]), (&Value::Bool(true), &Value::Bool(false)));
    let name = told["group"]["name"].as_str().expect("a name");
    let server = bench.serve(&[]);
    let by_name = bench.run(&["why", &user, name, "--company", COMPANY]).good();
    let without_time = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!(without_time(&by_name), without_time(&alone), "handed over or not, the answer is the same");
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test]
async fn rules_are_told_clause_by_clause() {
    let (bench, user, _) = bench();
    let rule = "user.attributes.level >= 3 || user.status == 'active'";
    let group = json!({"type": "group", "id": "b0000000-0000-4000-8000-0000000000aa", "company": COMPANY, "name": "Ruled", "rule": rule});
    bench.write("ruled.jsonl", format!("{group}\n"));
    bench.run(&["import", "--update", "ruled.jsonl"]).good();
    let told = bench.run(&["why", &user, "Ruled"]).good();
    assert!(told.contains("  the rule of Ruled is true of the user:\n"), "{told}");
    assert!(told.contains("    false: user.attributes.level >= 3 (the user has no `level`)\n"), "{told}");
    assert!(told.contains("    true: user.status == 'active'\n"), "{told}");
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let (bench, user, group) = bench();
    let nobody = "99999999-0000-4000-8000-000000000001";
    let refused = |args: &[&str]| bench.run(args).refused();
    assert_eq!(
        refused(&["why", "no@body.example", &group]),
        "no user has the e-mail address no@body.example; give an address or an id"
    );
    assert_eq!(refused(&["why", &user, "Nothing"]), "no group is called Nothing; give a whole name or an id");
    assert_eq!(refused(&["why", nobody, &group]), format!("no user {nobody} was there"));
    assert_eq!(refused(&["why", &user, nobody]), format!("no group {nobody} was there"));
    assert_eq!(
        refused(&["why", &user, &group, "--company", nobody]),
        format!("--company: no company has the id {nobody}")
    );
    assert_eq!(refused(&["why", &user, &group, "--at", "2999-01-01T00:00:00Z"]), "--at: is in the future");
    assert_eq!(
        bench.run(&["why", &user, &group, "--at", "noon"]).misused(),
        "--at: is not an RFC 3339 time, such as 2026-11-20T09:30:00Z"
    );
}

#[tokio::test]
async fn apps_and_roles_too() {
    let (bench, user, _) = bench();
    let lines: Vec<Value> = northwind().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let app = lines.iter().find(|line| line["type"] == "app").expect("an app");
    let name = app["name"].as_str().expect("a name");
    let told: Value = serde_json::from_str(&bench.run(&["why", &user, "--app", name, "--json"]).good()).expect("JSON");
    assert_eq!(told["app"]["id"], app["id"]);
    let words = bench.run(&["why", &user, "--app", app["id"].as_str().expect("an id")]).good();
    let has = if told["held"] == true { "has" } else { "does not have" };
    assert!(words.contains(&format!(" {has} the app {name} (")), "{words}");
    assert_eq!(
        bench.run(&["why", &user, "--role", "Nothing"]).refused(),
        "no role is called Nothing; give a whole name or an id"
    );
    assert_eq!(
        bench.run(&["why", &user, "--app", name, "--level", "Nothing"]).refused(),
        "no permission level is called Nothing; give a whole name or an id"
    );
    bench.run(&["why", &user, "--app", name, "--role", "x"]).misused();
    bench.run(&["why", &user]).misused();
}
