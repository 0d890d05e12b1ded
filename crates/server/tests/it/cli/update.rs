//! `--update`: records upsert by id, what is absent keeps its value, nothing is removed, all or nothing.

use guildhall_testkit as testkit;
use serde_json::{Value, json};

use super::directory::{export, load};
use super::{ADA, COMPANY, ENGINEERING, northwind};

const EMILE: &str = "a0000000-0000-4000-8000-000000000003";
const MIRA: &str = "5f0c1c1e-7d1b-4a0b-9a51-0f3f6f4b2a10";

fn user(id: &str, name: &str, email: &str, more: Value) -> String {
    let mut record = json!({"type": "user", "id": id, "company": COMPANY, "name": name, "email": email});
    for (member, value) in more.as_object().expect("members") {
        record[member] = value.clone();
    }
    record.to_string()
}

fn find(text: &str, id: &str) -> Value {
    let of = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
    text.lines().map(of).find(|record| record["id"] == id).unwrap_or(Value::Null)
}

#[tokio::test]
async fn absent_members_keep_their_value_and_nulls_empty_it() {
    testkit::on_both_engines(async |engine, _| {
        load(&engine, &northwind(), false).await.expect("loads");
        let before = export(&engine).await;
        let lines = [
            user(EMILE, "Émile Fournier", "emile@northwind.example", json!({"manager": null, "attributes": {"a": 1}})),
            json!({"type": "group", "id": ENGINEERING, "company": COMPANY, "name": "R&D", "icon": null, "owners": [ADA]}).to_string(),
            json!({"type": "company", "id": COMPANY, "name": "Northwind", "settings": {"restoreDays": 5}}).to_string(),
            user("a0000000-0000-4000-8000-000000000099", "New One", "new@northwind.example", json!({"manager": ADA})),
            json!({"type": "membership", "company": COMPANY, "group": ENGINEERING, "user": "a0000000-0000-4000-8000-000000000099"}).to_string(),
            json!({"type": "membership", "company": COMPANY, "group": ENGINEERING, "user": MIRA, "note": "stands already"}).to_string(),
        ];
        let loaded = load(&engine, &lines.join("\n"), true).await.expect("updates");
        assert_eq!((loaded.companies, loaded.users, loaded.groups, loaded.memberships), (1, 2, 1, 1));
        let after = export(&engine).await;
        let emile = find(&after, EMILE);
        assert_eq!((&emile["email"], &emile["manager"]), (&json!("emile@northwind.example"), &Value::Null));
        assert_eq!((&emile["role"], &emile["externalId"]), (&json!("admin"), &json!("NW-1003")));
        assert_eq!((&emile["attributes"], &emile["userName"]), (&json!({"a": 1}), &Value::Null));
        let engineering = find(&after, ENGINEERING);
        assert_eq!((&engineering["name"], &engineering["icon"]), (&json!("R&D"), &Value::Null));
        assert_eq!(engineering["description"], find(&before, ENGINEERING)["description"]);
        assert_eq!(engineering["owners"], json!([ADA]));
        assert_eq!(find(&after, COMPANY)["settings"]["restoreDays"], json!(5));
        assert_eq!(after.lines().count(), before.lines().count() + 2);
        assert!(!after.contains("stands already"));
        assert!(engine.verify().await.expect("chains").iter().all(|one| one.broken.is_none()));
    })
    .await;
}

#[tokio::test]
async fn a_refused_update_changes_nothing() {
    testkit::on_both_engines(async |engine, _| {
        load(&engine, &northwind(), false).await.expect("loads");
        load(&engine, r#"{"type":"company","id":"e0000000-0000-4000-8000-000000000001","name":"Other"}
{"type":"user","id":"e1000000-0000-4000-8000-000000000001","company":"e0000000-0000-4000-8000-000000000001","name":"O","email":"o@o.example","role":"admin"}"#, false).await.expect("loads");
        let (before, journal) = (export(&engine).await, engine.verify().await.expect("chains"));
        let good = user(EMILE, "Renamed", "emile.fournier@northwind.example", json!({}));
        let member = |group: &str, user: &str| json!({"type": "membership", "company": COMPANY, "group": group, "user": user}).to_string();
        let refused = [
            (user(MIRA, "Mira", "ada.lindqvist@northwind.example", json!({})), "x.jsonl:2: email: belongs to another user"),
            (user("e1000000-0000-4000-8000-000000000001", "Mine", "mine@x.example", json!({})), "x.jsonl:2: id: is not usable"),
            (user(MIRA, "Mira", "m@x.example", json!({"manager": "e1000000-0000-4000-8000-000000000001"})), "x.jsonl:2: manager: no user has the id e1000000-0000-4000-8000-000000000001"),
            (member(ENGINEERING, "e1000000-0000-4000-8000-000000000001"), "x.jsonl:2: user: no user has the id e1000000-0000-4000-8000-000000000001"),
            (member("b0000000-0000-4000-8000-000000000999", ADA), "x.jsonl:2: group: no group has the id b0000000-0000-4000-8000-000000000999"),
            (json!({"type": "group", "id": "b0000000-0000-4000-8000-000000000001", "company": COMPANY, "name": "All"}).to_string(), "x.jsonl:2: this group is unmodifiable; its name and description are frozen, only its members may change"),
            (json!({"type": "company", "id": "c0000000-0000-4000-8000-000000000009", "name": "X", "settings": {"restoreDays": 9999}}).to_string(), "x.jsonl:2: settings.restoreDays: must be 0 to 3,650 days"),
        ];
        for (line, why) in refused {
            assert_eq!(load(&engine, &format!("{good}\n{line}"), true).await.expect_err(&line), why);
            assert_eq!(export(&engine).await, before, "{line}");
        }
        let admins = [ADA, EMILE].map(|id| {
            let now = find(&before, id);
            user(id, now["name"].as_str().expect("a name"), now["email"].as_str().expect("an address"), json!({"role": "viewer"}))
        });
        let told = load(&engine, &admins.join("\n"), true).await.expect_err("the last administrators");
        assert_eq!(told, "after this import nobody would administer the company; keep an active admin");
        assert_eq!((export(&engine).await, engine.verify().await.expect("chains")), (before, journal));
    })
    .await;
}

#[tokio::test]
async fn addresses_can_be_swapped() {
    testkit::on_both_engines(async |engine, _| {
        load(&engine, &northwind(), false).await.expect("loads");
        let swapped = [
            user(EMILE, "Émile Fournier", "mira.holt@northwind.example", json!({})),
            user(MIRA, "Mira Holt", "emile.fournier@northwind.example", json!({})),
        ];
        assert_eq!(load(&engine, &swapped.join("\n"), true).await.expect("updates").users, 2);
        assert_eq!(find(&export(&engine).await, MIRA)["email"], json!("emile.fournier@northwind.example"));
    })
    .await;
}

#[tokio::test]
async fn closed_and_archived_groups_stay_protected() {
    testkit::on_both_engines(async |engine, _| {
        let group = "b0000000-0000-4000-8000-000000000004";
        load(&engine, &northwind(), false).await.expect("loads");
        let close =
            json!({"type": "group", "id": group, "company": COMPANY, "name": "Finance", "source": "Okta"}).to_string();
        load(&engine, &close, true).await.expect("closed");
        let hand = json!({"type": "membership", "company": COMPANY, "group": group, "user": MIRA});
        let told = load(&engine, &hand.to_string(), true).await.expect_err("closed");
        assert!(told.starts_with("x.jsonl:1: ") && told.contains("Okta"), "{told}");
        let mut synced = hand.clone();
        synced["reason"] = json!("synced");
        assert_eq!(load(&engine, &synced.to_string(), true).await.expect("its own").memberships, 1);
        let archive = json!({"type": "group", "id": group, "company": COMPANY, "name": "Finance", "state": "archived"})
            .to_string();
        load(&engine, &archive, true).await.expect("archived");
        assert_eq!(
            load(&engine, &synced.to_string(), true).await.expect_err("archived"),
            "x.jsonl:1: group: is archived, so it has no members"
        );
        assert!(!export(&engine).await.contains("\"reason\":\"synced\""));
        load(&engine, &archive.replace("archived", "live"), true).await.expect("restored");
        assert!(export(&engine).await.contains("\"reason\":\"synced\""));
    })
    .await;
}

#[tokio::test]
async fn a_group_that_is_archived_and_restored_asks_for_its_apps_as_by_hand() {
    // Engineering gives an app; ada has it.
    const APP: &str = "a9900000-0000-4000-8000-000000000002";
    testkit::on_both_engines(async |engine, _| {
        load(&engine, &northwind(), false).await.expect("loads");
        let level = "a9910000-0000-4000-8000-000000000004";
        let access = json!({"type": "access", "company": COMPANY, "user": ADA, "app": APP, "permissionLevel": level});
        let member = json!({"type": "membership", "company": COMPANY, "group": ENGINEERING, "user": ADA});
        let other = json!({"type": "membership", "company": COMPANY, "group": ENGINEERING, "user": EMILE});
        load(&engine, &[access, member, other].map(|line| line.to_string()).join("\n"), true).await.expect("updates");
        let hand = testkit::operator(&engine, COMPANY.parse::<uuid::Uuid>().unwrap().into());
        let raised = async |kind: &str, user: &str| {
            let events = engine.events(&hand, 0, None, 1000).await.expect("events").into_iter();
            let of = |entry: &guildhall_engine::Entry| {
                entry.kind == "request.raised"
                    && entry.data.contains(kind)
                    && entry.data.contains(user)
                    && entry.data.contains(APP)
            };
            events.filter(of).count()
        };
        let asked = raised("GrantAccessRequest", EMILE).await;
        assert_eq!((asked, raised("RemoveAccessRequest", ADA).await), (1, 0));
        let archive =
            json!({"type": "group", "id": ENGINEERING, "company": COMPANY, "name": "Engineering", "state": "archived"})
                .to_string();
        load(&engine, &archive, true).await.expect("archived");
        assert_eq!(raised("RemoveAccessRequest", ADA).await, 1, "asked back from whoever has it");
        load(&engine, &archive.replace("archived", "live"), true).await.expect("restored");
        assert_eq!(raised("GrantAccessRequest", EMILE).await, 2, "asked for again");
        assert_eq!(raised("GrantAccessRequest", ADA).await, 0, "who has it keeps it");
    })
    .await;
}

#[tokio::test]
async fn an_update_is_held_to_conflicts_and_a_new_company_is_taken_as_told() {
    const PAYERS: &str = "a0000000-0000-4000-8000-0000000000f1";
    testkit::on_both_engines(async |engine, _| {
        let line = |value: Value| value.to_string();
        let conflict = |id: &str, groups: Value| {
            line(json!({"type": "conflict", "id": id, "company": COMPANY, "name": id, "groups": groups}))
        };
        let payers = line(json!({"type": "group", "id": PAYERS, "company": COMPANY, "name": "Payers"}));
        let pays = line(json!({"type": "membership", "company": COMPANY, "group": PAYERS, "user": MIRA}));
        let (one, two) = ("a0000000-0000-4000-8000-0000000000c1", "a0000000-0000-4000-8000-0000000000c2");
        // Mira is in Engineering.
        let both = json!([ENGINEERING, PAYERS]);
        let whole = [northwind().trim_end().to_owned(), payers, pays.clone(), conflict(one, both.clone())].join("\n");
        load(&engine, &whole, false).await.expect("loads, with a breach");
        let first = export(&engine).await;
        assert_eq!(find(&first, one)["atMost"], 1);
        let hand = testkit::operator(&engine, COMPANY.parse::<uuid::Uuid>().unwrap().into());
        let told = engine.conflict(&hand, one.parse::<uuid::Uuid>().unwrap().into()).await.expect("a conflict");
        assert_eq!(told.breaches, 1);
        // Who is in breach already may be told again; another is refused, and nothing of the import is kept.
        load(&engine, &pays, true).await.expect("is so already");
        let other = line(json!({"type": "membership", "company": COMPANY, "group": PAYERS, "user": EMILE}));
        let inside = line(json!({"type": "membership", "company": COMPANY, "group": ENGINEERING, "user": EMILE}));
        let refused = load(&engine, &[other.clone(), inside.clone()].join("\n"), true).await.unwrap_err().to_string();
        assert!(refused.contains("allows 1 of them"), "{refused}");
        assert_eq!(export(&engine).await, first);
        // An edit of the conflict in an import, and one that comes with the breach.
        let loose = line(json!({"type": "conflict", "id": one, "company": COMPANY, "name": "Loose", "groups": [PAYERS, ENGINEERING], "description": "d"}));
        assert_eq!(load(&engine, &loose, true).await.expect("updates").more, 1);
        let names = find(&export(&engine).await, one);
        assert_eq!((&names["name"], &names["description"]), (&json!("Loose"), &json!("d")));
        assert!(load(&engine, &conflict(two, json!([ENGINEERING])), true).await.is_err());
        assert_eq!(load(&engine, &conflict(two, both), true).await.expect("updates").more, 1);
    })
    .await;
}

#[tokio::test]
async fn nestings_are_judged_together_with_those_that_stand() {
    testkit::on_both_engines(async |engine, _| {
        load(&engine, &northwind(), false).await.expect("loads");
        let id = |n: usize| format!("b1000000-0000-4000-8000-{n:012}");
        let group = |n: usize| {
            json!({"type": "group", "id": id(n), "company": COMPANY, "name": format!("Rung {n}")}).to_string()
        };
        let nesting = |parent: usize, child: usize| {
            json!({"type": "nesting", "company": COMPANY, "parent": id(parent), "child": id(child)}).to_string()
        };
        // Fifty nestings deep, as deep as they may be; half of it stands before the other half comes, and some come twice.
        let groups: Vec<String> = (0..52).map(group).collect();
        load(&engine, &groups.join("\n"), true).await.expect("groups");
        let half: Vec<String> = (0..25).map(|n| nesting(n, n + 1)).collect();
        assert_eq!(load(&engine, &half.join("\n"), true).await.expect("half").nestings, 25);
        let all: Vec<String> = (0..50).chain(20..40).map(|n| nesting(n, n + 1)).collect();
        assert_eq!(load(&engine, &all.join("\n"), true).await.expect("the rest").nestings, 25);
        let before = export(&engine).await;
        let refused = [
            (
                vec![nesting(40, 51), nesting(49, 51), nesting(50, 51)],
                "x.jsonl:3: groups would be nested deeper than 50",
            ),
            (vec![nesting(51, 0)], "x.jsonl:1: groups would be nested deeper than 50"),
            (vec![nesting(48, 51), nesting(9, 7)], "x.jsonl:2: "),
            (vec![nesting(50, 51), nesting(51, 50)], "x.jsonl:2: "),
            (vec![nesting(3, 3)], "x.jsonl:1: a group cannot be inside itself"),
            (vec![nesting(40, 51), nesting(51, 60)], "x.jsonl:2: child: no group has the id"),
        ];
        for (lines, why) in refused {
            let told = load(&engine, &lines.join("\n"), true).await.expect_err(why);
            assert!(told.starts_with(why), "{told}");
            assert!(!why.ends_with(": ") || told.contains("inside"), "{told} tells of no cycle");
            assert_eq!(export(&engine).await, before, "{told}");
        }
        assert!(engine.verify().await.expect("chains").iter().all(|one| one.broken.is_none()));
    })
    .await;
}
