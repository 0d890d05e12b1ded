//! The directory format on both databases: what is read, what is refused, what comes out again.

use std::collections::BTreeSet;

use guildhall_domain::caller::Dialect;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::page::Ask;
use guildhall_engine::Engine;
use guildhall_engine::directory::{Load, Loaded};
use guildhall_server::format::{Reader, write};
use guildhall_testkit as testkit;
use serde_json::{Value, json};

use super::{COMPANY, northwind};

/// Loads a text as a file called `x.jsonl`.
pub(crate) async fn load(engine: &Engine, text: &str, update: bool) -> Result<Loaded, String> {
    load_watched(engine, text, update, &|_, _| true).await
}

async fn load_watched(
    engine: &Engine,
    text: &str,
    update: bool,
    watch: guildhall_engine::directory::Watch<'_>,
) -> Result<Loaded, String> {
    let (mut load, mut reader) = (Load::new(), Reader::new());
    load.file("x.jsonl").expect("a file");
    let read = reader.take(text.as_bytes(), &mut load).and_then(|()| reader.end(&mut load));
    read.map_err(|fault| fault.to_string())?;
    let request = engine.clock().id();
    engine.load(load, update, request, watch).await.map_err(|fault| fault.to_string())
}

pub(super) async fn export(engine: &Engine) -> String {
    let (to, mut pages) = tokio::sync::mpsc::channel(2);
    let told = tokio::spawn({
        let engine = engine.clone();
        async move { engine.export(None, to).await }
    });
    let mut text = Vec::new();
    while let Some(page) = pages.recv().await {
        for record in &page {
            write(&mut text, record).expect("written");
        }
    }
    told.await.expect("ended").expect("exported");
    String::from_utf8(text).expect("UTF-8")
}

pub(super) fn operator(engine: &Engine) -> guildhall_domain::caller::Caller {
    guildhall_domain::caller::Caller::operator(CompanyId::PLATFORM, Dialect::Cli, engine.clock().id())
}

/// No company, not even half of one.
async fn is_empty(engine: &Engine) -> bool {
    let shown = engine.companies(&operator(engine), &Ask::first(10)).await.expect("companies").items;
    let every = engine.verify().await.expect("chains");
    shown.is_empty() && every.len() == 1 // the platform company
}

/// A record with every default filled in, so that two ways of saying the same compare equal.
fn filled(line: &str, now: &str) -> Value {
    let mut record: Value = serde_json::from_str(line).expect("JSON");
    let default = |record: &mut Value, name: &str, value: Value| {
        if record[name].is_null() {
            record[name] = value;
        }
    };
    match record["type"].as_str().expect("a type") {
        "company" => {
            default(&mut record, "settings", json!({}));
            default(&mut record["settings"], "uniqueGroupNames", json!(false));
            default(&mut record["settings"], "brakeMembers", json!(50));
            default(&mut record["settings"], "brakePercent", json!(20));
            default(&mut record["settings"], "restoreDays", json!(30));
        }
        "user" => {
            let email = record["email"].clone();
            default(&mut record, "userName", email);
            default(&mut record, "status", json!("active"));
            default(&mut record, "role", json!("viewer"));
            default(&mut record, "attributes", json!({}));
            default(&mut record, "createdAt", json!(now));
        }
        "group" => {
            default(&mut record, "unmodifiable", json!(false));
            default(&mut record, "state", json!("live"));
            default(&mut record, "createdAt", json!(now));
            default(&mut record, "owners", json!([]));
            record["owners"].as_array_mut().expect("owners").sort_by_key(Value::to_string);
        }
        "app" => {
            default(&mut record, "status", json!("Managed"));
            for level in record["permissionLevels"].as_array_mut().into_iter().flatten() {
                default(level, "isDefault", json!(false));
                default(level, "isPrivileged", json!(false));
            }
            for field in record["customFields"].as_array_mut().into_iter().flatten() {
                default(field, "required", json!(false));
            }
        }
        "groupApp" => {}
        "policy" => {
            default(&mut record, "default", json!(false));
            default(&mut record, "autoprovision", json!(false));
        }
        "access" => default(&mut record, "isOwner", json!(false)),
        _ => {
            default(&mut record, "reason", json!("direct"));
            default(&mut record, "addedAt", json!(now));
        }
    }
    record
}

fn all_filled(text: &str) -> BTreeSet<String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| filled(line, testkit::START).to_string()).collect()
}

/// Everything that the format can say and this version can hold.
fn rich() -> String {
    let other = "e0000000-0000-4000-8000-000000000001";
    let lines = [
        json!({"type": "connection", "id": "e4000000-0000-4000-8000-000000000001", "company": other, "name": "Entra", "kind": "scim", "oneWay": true,
               "owner": "e1000000-0000-4000-8000-000000000001", "adopt": "users", "brakeMembers": 9, "brakePercent": 35, "settings": {"driftEveryHours": 24, "deep": {"x": [1, null]}}}),
        json!({"type": "link", "company": other, "connection": "e4000000-0000-4000-8000-000000000001", "user": "e1000000-0000-4000-8000-000000000001", "externalId": "okta-7", "made": true}),
        json!({"type": "link", "company": other, "connection": "e4000000-0000-4000-8000-000000000001", "user": "e1000000-0000-4000-8000-000000000002", "made": false}),
        json!({"type": "link", "company": other, "connection": "e4000000-0000-4000-8000-000000000001", "group": "e2000000-0000-4000-8000-000000000001", "externalId": "g-1", "made": false}),
        json!({"type": "membership", "company": other, "group": "e2000000-0000-4000-8000-000000000001", "user": "e1000000-0000-4000-8000-000000000002",
               "reason": "synced", "connection": "e4000000-0000-4000-8000-000000000001", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2030-01-01T00:00:00.500Z", "note": "von außen\nzweite Zeile", "addedAt": "2019-05-06T07:08:09.123456Z"}),
        json!({"type": "membership", "company": other, "group": "e2000000-0000-4000-8000-000000000001", "user": "e1000000-0000-4000-8000-000000000002"}),
        json!({"type": "membership", "company": other, "group": "e2000000-0000-4000-8000-000000000001", "user": "e1000000-0000-4000-8000-000000000001", "reason": "requested"}),
        json!({"type": "company", "id": other, "name": "Ünïcode & Søn", "settings": {"uniqueGroupNames": true, "restoreDays": 7, "historyDays": 90}}),
        json!({"type": "user", "id": "e1000000-0000-4000-8000-000000000001", "company": other, "userName": "x.y", "name": "X Y Z", "givenName": "X", "familyName": "Y Z", "email": "X@y.example",
               "status": "offboarding", "role": "admin", "manager": "e1000000-0000-4000-8000-000000000002", "externalId": "42", "createdAt": "2001-02-03T04:05:06Z",
               "attributes": {"n": 1, "f": 0.1, "deep": {"list": [1, null, "ü"]}, "big": 12_345_678_901_234_567_u64}}),
        json!({"type": "user", "id": "e1000000-0000-4000-8000-000000000002", "company": other, "name": "Inactive", "email": "i@y.example", "status": "inactive", "role": "guest"}),
        json!({"type": "group", "id": "e2000000-0000-4000-8000-000000000001", "company": other, "name": "Closed", "description": "", "icon": "🔒", "externalId": "g-1", "source": "Okta",
               "unmodifiable": true, "owners": ["e2000000-0000-4000-8000-000000000002", "e1000000-0000-4000-8000-000000000001"], "createdAt": "2001-02-03T04:05:06.789Z"}),
        json!({"type": "group", "id": "e2000000-0000-4000-8000-000000000002", "company": other, "name": "Gone", "state": "archived"}),
        json!({"type": "policy", "id": "e9000000-0000-4000-8000-000000000001", "company": other, "name": "P", "description": "d", "requestType": "GrantAccessRequest", "default": true,
               "steps": [{"approvers": "manager", "timeoutHours": 8, "onTimeout": "escalate"}, {"approvers": {"users": ["e1000000-0000-4000-8000-000000000001"]}, "require": "all"},
                         {"approvers": {"group": "e2000000-0000-4000-8000-000000000001"}}], "autoprovision": true}),
        json!({"type": "access", "company": other, "app": "e3000000-0000-4000-8000-000000000001", "user": "e1000000-0000-4000-8000-000000000002", "permissionLevel": "e4000000-0000-4000-8000-000000000001"}),
        json!({"type": "conflict", "id": "ec000000-0000-4000-8000-000000000001", "company": other, "name": "Pay", "description": "Four eyes", "atMost": 1,
               "groups": ["e2000000-0000-4000-8000-000000000001", "e2000000-0000-4000-8000-000000000002"]}),
        json!({"type": "groupApp", "company": other, "app": "e3000000-0000-4000-8000-000000000001", "group": "e2000000-0000-4000-8000-000000000002", "visibility": "default", "permissionLevel": "e4000000-0000-4000-8000-000000000001"}),
        json!({"type": "app", "id": "e3000000-0000-4000-8000-000000000001", "company": other, "name": "Alles", "tagLine": "", "description": "von\nallem", "category": "CATEGORY_X", "url": "https://x.example/",
               "imageUrl": "http://x.example/i.png", "owner": "e1000000-0000-4000-8000-000000000001", "isBundle": true, "serverLocations": ["A", "B"], "certifications": ["C"],
               "aiRisk": {"id": -1, "level": "low", "reasoning": ""}, "permissionLevels": [{"id": "e4000000-0000-4000-8000-000000000001", "name": "L", "description": "d", "isPrivileged": true}],
               "customFields": [{"id": "e5000000-0000-4000-8000-000000000001", "name": "Who", "type": "user", "value": "e1000000-0000-4000-8000-000000000002", "required": true},
                                {"id": "e5000000-0000-4000-8000-000000000002", "name": "Which", "type": "select", "options": [{"id": "e5000000-0000-4000-8000-000000000003", "name": "One"}]},
                                {"id": "e5000000-0000-4000-8000-000000000004", "name": "When", "type": "date", "value": "2026-01-31"}]}),
        json!({"type": "groupRole", "company": other, "group": "e2000000-0000-4000-8000-000000000001", "role": "e6000000-0000-4000-8000-000000000001",
               "scope": {"audiences": [{"predicates": [{"type": "COMPANY", "comparator": "IN", "values": [other]}, {"type": "STEALTH_TYPE", "comparator": "IN", "values": ["STEALTH_TYPE_1", "STEALTH_TYPE_2"]}]}]}}),
        json!({"type": "role", "id": "e6000000-0000-4000-8000-000000000001", "company": other, "name": "Readers", "description": "See all", "permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]}),
        json!({"type": "role", "id": "e6000000-0000-4000-8000-000000000002", "company": other, "name": "Nothing", "permissions": []}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    // Line ends, empty lines and a byte order mark as editors leave them.
    format!("\u{feff}{}\r\n\r\n  \n{}", text.trim_end().replace('\n', "\r\n"), northwind())
}

#[tokio::test]
async fn what_goes_in_comes_out() {
    testkit::on_both_engines(async |engine, clock| {
        let loaded = load(&engine, &rich(), false).await.expect("loads");
        assert_eq!(loaded, Loaded { companies: 2, users: 26, groups: 10, memberships: 52, nestings: 0, more: 30 });
        let first = export(&engine).await;
        assert_eq!(all_filled(&first), all_filled(rich().trim_start_matches('\u{feff}').replace("\r\n", "\n").trim()));
        let verified = engine.verify().await.expect("chains");
        assert!(verified.iter().all(|one| one.broken.is_none()), "{verified:?}");
        // Into an empty database and out again: the very bytes.
        let place = testkit::Place::sqlite();
        let again = place.engine(clock).await;
        load(&again, &first, false).await.expect("loads");
        assert_eq!(export(&again).await, first);
        // Onto itself: nothing changes, nothing is recorded.
        let before = engine.verify().await.expect("chains");
        assert_eq!(load(&engine, &first, true).await.expect("updates"), Loaded::default());
        assert_eq!(engine.verify().await.expect("chains"), before);
    })
    .await;
}

#[tokio::test]
async fn one_wrong_line_leaves_nothing_behind() {
    let good = northwind();
    let lines: Vec<&str> = good.lines().collect();
    let wrong: &[(&str, &str)] = &[
        ("{", "is not JSON: EOF while parsing an object (column 1)"),
        ("[]", "is not a JSON object"),
        (r#"{"type":"nesting","company":"x"}"#, "company: is not a UUID"),
        (
            r#"{"type":"usr"}"#,
            "`usr` is not a type of record; there are company, user, group, connection, link, membership, nesting, role, groupRole, app, groupApp, access, policy and conflict",
        ),
        (r#"{"type":"user","colour":"red"}"#, "`colour` is not a member of a user"),
        (r#"{"type":"user","id":"7"}"#, "id: is not a UUID"),
        (
            r#"{"type":"user","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N"}"#,
            "the user has no `email`",
        ),
        (
            r#"{"type":"user","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","email":"ADA.lindqvist@northwind.example"}"#,
            "email: ",
        ),
        (
            r#"{"type":"group","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","rule":"user.shoe"}"#,
            "rule: is refused at line 1, column 6: a user has no `shoe`",
        ),
        (
            r#"{"type":"group","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","owners":["a0000000-0000-4000-8000-00000000aaaa"]}"#,
            "owners: no user or group has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"membership","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","user":"a0000000-0000-4000-8000-00000000aaaa"}"#,
            "user: no user has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"membership","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","user":"0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21","connection":"a0000000-0000-4000-8000-00000000aaaa"}"#,
            "connection: goes with the reason `synced` only",
        ),
        (
            r#"{"type":"membership","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","user":"0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21","reason":"synced","connection":"a0000000-0000-4000-8000-00000000aaaa"}"#,
            "connection: no connection has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"membership","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","user":"0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21","startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T00:00:00Z"}"#,
            "endsAt: must be after startsAt",
        ),
        (
            r#"{"type":"membership","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","user":"0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21","reason":"rule"}"#,
            "reason: of a rule is never imported; rules are settled by the server",
        ),
        (
            r#"{"type":"nesting","company":"c0000000-0000-4000-8000-000000000001","parent":"b0000000-0000-4000-8000-000000000002","child":"0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21"}"#,
            "child: no group has the id",
        ),
        (
            r#"{"type":"user","id":"a0000000-0000-4000-8000-000000009999","company":"00000000-0000-0000-0000-000000000000","name":"N","email":"n@n.example"}"#,
            "company: is the platform's",
        ),
        (
            r#"{"type":"role","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","permissions":[{"permission":"x","actions":[]}]}"#,
            "permission: must be one of",
        ),
        (
            r#"{"type":"groupRole","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","role":"a0000000-0000-4000-8000-00000000aaaa","scope":{"audiences":[{"predicates":[{"type":"PLATFORM","values":["x"]}]}]}}"#,
            "role: no role has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"groupRole","company":"c0000000-0000-4000-8000-000000000001","group":"a0000000-0000-4000-8000-00000000aaaa","role":"a0000000-0000-4000-8000-00000000aaaa","scope":{"audiences":[{"predicates":[{"type":"PLATFORM","values":["x"]}]}]}}"#,
            "group: no group has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"groupRole","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","role":"a0000000-0000-4000-8000-00000000aaaa","scope":{"audiences":[]}}"#,
            "scope.audiences: must not be empty",
        ),
        (
            r#"{"type":"nesting","company":"c0000000-0000-4000-8000-000000000001","parent":"b0000000-0000-4000-8000-000000000002","child":"b0000000-0000-4000-8000-000000000002"}"#,
            "a group cannot be inside itself",
        ),
        (
            r#"{"type":"app","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","status":"managed"}"#,
            "status: must be one of `Managed`",
        ),
        (
            r#"{"type":"app","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","owner":"a0000000-0000-4000-8000-00000000aaaa"}"#,
            "owner: no user has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"groupApp","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-000000000002","app":"a9900000-0000-4000-8000-000000000005","visibility":"hidden"}"#,
            "this app is Restricted; only a Managed one can be given or asked for",
        ),
        (
            r#"{"type":"groupApp","company":"c0000000-0000-4000-8000-000000000001","group":"b0000000-0000-4000-8000-00000000aaaa","app":"a9900000-0000-4000-8000-000000000001","visibility":"hidden"}"#,
            "group: no group has the id b0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"access","company":"c0000000-0000-4000-8000-000000000001","user":"0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21","app":"a9900000-0000-4000-8000-000000000002","permissionLevel":"a9910000-0000-4000-8000-000000000001"}"#,
            "permissionLevel: no permission level has the id a9910000-0000-4000-8000-000000000001",
        ),
        (
            r#"{"type":"policy","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","requestType":"GrantAccessRequest","steps":[{"approvers":{"group":"a0000000-0000-4000-8000-00000000aaaa"}}]}"#,
            "steps[0].approvers.group: no group has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
        (
            r#"{"type":"policy","id":"a0000000-0000-4000-8000-000000009999","company":"c0000000-0000-4000-8000-000000000001","name":"N","requestType":"GrantAccessRequest","steps":[{"approvers":"boss"}]}"#,
            "steps.approvers: must be `manager`",
        ),
        (
            r#"{"type":"access","company":"c0000000-0000-4000-8000-000000000001","user":"a0000000-0000-4000-8000-00000000aaaa","app":"a9900000-0000-4000-8000-000000000002"}"#,
            "user: no user has the id a0000000-0000-4000-8000-00000000aaaa",
        ),
    ];
    testkit::on_both_engines(async |engine, _| {
        for (line, why) in wrong {
            for at in [0, 30, lines.len()] {
                let mut broken = lines.clone();
                broken.insert(at, line);
                let told = load(&engine, &broken.join("\n"), false).await.expect_err(line);
                assert!(told.contains(why), "{told}");
                let place = format!("x.jsonl:{}: ", at + 1);
                assert!(told.starts_with(&place) || why == &"email: ", "{told} does not begin with {place}");
                assert!(is_empty(&engine).await, "{line} at {at}");
            }
        }
        let last = lines.iter().rposition(|line| line.contains("\"membership\"")).expect("a membership");
        // A foreign manager, a doubled membership, a doubled id: seen only across records.
        for (line, why) in [
            (
                lines[1]
                    .replace("\"role\": \"admin\"", "\"manager\": \"a0000000-0000-4000-8000-00000000aaaa\"")
                    .as_str(),
                "x.jsonl:2: id: stands for the user on x.jsonl:1 already",
            ),
            (lines[last], &format!("x.jsonl:{}: membership: is on x.jsonl:1 already, with the same reason", last + 2)),
        ] {
            let mut broken = lines.clone();
            broken.insert(0, line);
            if line.contains("aaaa") {
                broken.swap(0, 0);
                broken.truncate(2);
                broken[1] = lines[1];
            }
            assert_eq!(load(&engine, &broken.join("\n"), false).await.expect_err(line), why);
        }
        assert!(is_empty(&engine).await);
        // And the same file without the wrong line is taken afterwards.
        load(&engine, &good, false).await.expect("loads");
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_load_is_undone() {
    testkit::on_both_engines(async |engine, _| {
        let text = super::big(300, 40);
        let total = text.lines().count() as u64;
        for stop in [0, 1, 301, 341] {
            let watch = move |done, of| {
                assert_eq!(of, total);
                done < stop
            };
            let told = load_watched(&engine, &text, false, &watch);
            let told = told.await.expect_err("interrupted");
            assert_eq!(told, "the import was interrupted; nothing of it was kept");
            assert!(is_empty(&engine).await, "stopped at {stop}");
        }
        load(&engine, &text, false).await.expect("loads");
        let line = r#"{"type":"company","id":"d0000000-0000-4000-8000-000000000002","name":"Thief"}
{"type":"user","id":"d1000000-0000-4000-8000-000000000000","company":"d0000000-0000-4000-8000-000000000002","name":"T","email":"t@t.example"}"#;
        assert_eq!(load(&engine, line, false).await.expect_err("taken"), "x.jsonl:2: id: is not usable");
        let shown = engine.companies(&operator(&engine), &Ask::first(10)).await.expect("companies").items;
        assert_eq!(shown.len(), 1);
        assert_eq!(engine.verify().await.expect("chains").len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_load_is_recorded_whole() {
    testkit::on_both_engines(async |engine, _| {
        load(&engine, &northwind(), false).await.expect("loads");
        let company = CompanyId::new(COMPANY.parse().expect("an id"));
        let events = engine.events(&testkit::operator(&engine, company), 0, None, 1000).await.expect("events");
        let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
        assert_eq!(
            (events[0].kind.as_str(), events[events.len() - 1].kind.as_str()),
            ("company.created", "company.imported")
        );
        assert_eq!((count("user.created"), count("group.created"), count("group.owners_changed")), (24, 8, 8));
        assert_eq!(
            events[events.len() - 1].data,
            json!({"company": COMPANY, "users": 24, "groups": 8, "memberships": 49}).to_string()
        );
        assert!(events.iter().all(|event| event.actor == "platform" && event.dialect == "cli"));
    })
    .await;
}
