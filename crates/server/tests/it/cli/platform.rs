//! Roles and groups of the platform in the directory format.

use guildhall_domain::ids::CompanyId;
use guildhall_testkit as testkit;
use serde_json::{Value, json};

use super::directory::{export, load};
use super::{COMPANY, northwind};

const ROLE: &str = "a0000000-0000-4000-8000-0000000000e1";
const GROUP: &str = "a0000000-0000-4000-8000-0000000000e2";
const PLATFORM: &str = "00000000-0000-0000-0000-000000000000";

fn lines() -> Vec<Value> {
    let scope = json!({"audiences": [{"predicates": [{"type": "PLATFORM", "comparator": "IN", "values": ["ALL"]}]}]});
    vec![
        json!({"type": "role", "id": ROLE, "name": "Arrangers", "permissions": [{"permission": "PLATFORM_MANAGEMENT", "actions": ["READ"]}]}),
        json!({"type": "group", "id": GROUP, "company": PLATFORM, "name": "Arrangers"}),
        json!({"type": "groupRole", "company": PLATFORM, "group": GROUP, "role": ROLE, "scope": scope}),
    ]
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn records(text: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).filter(wanted).collect()
}

#[tokio::test]
async fn it_goes_out_and_comes_in_again() {
    testkit::on_both_engines(async |engine, clock| {
        // In any order within the file, and before the company that has the group by it.
        load(&engine, &format!("{}{}", northwind(), text(&lines())), false).await.expect("loads");
        let told = export(&engine).await;
        let platform = |record: &Value| record["company"] == PLATFORM || record["company"].is_null() && record["type"] == "role";
        assert_eq!(records(&told, platform).len(), 3, "{told}");
        let own = records(&told, |record| record["type"] == "group" && record["company"] == COMPANY && record["name"] == "Arrangers");
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["unmodifiable"], true);
        let given = records(&told, |record| record["type"] == "groupRole" && record["group"] == own[0]["id"]);
        assert_eq!((given.len(), &given[0]["role"]), (1, &json!(ROLE)));
        // Elsewhere it is the same, down to the ids, and nothing is there twice.
        for place in [testkit::Place::sqlite(), testkit::Place::postgres().await] {
            let other = place.engine(clock.clone()).await;
            load(&other, &told, false).await.expect("loads");
            assert_eq!(export(&other).await, told);
        }
        // Said again it is no news; said differently it takes `--update`, and is so in the company at once.
        let company: CompanyId = COMPANY.parse::<uuid::Uuid>().expect("an id").into();
        let before = engine.revision(company).await.unwrap();
        load(&engine, &text(&lines()), false).await.expect("is so already");
        assert_eq!(engine.revision(company).await.unwrap(), before);
        let mut changed = lines();
        changed[1]["name"] = json!("Those who arrange");
        let refused = load(&engine, &text(&changed), false).await.expect_err("is different");
        assert!(refused.starts_with("x.jsonl:1: some of these roles and groups of the platform exist already"), "{refused}");
        load(&engine, &text(&changed), true).await.expect("updates");
        let own = records(&export(&engine).await, |record| record["id"] == own[0]["id"]);
        assert_eq!(own[0]["name"], "Those who arrange");
        // Nobody belongs to it.
        let user = json!({"type": "user", "id": "a0000000-0000-4000-8000-0000000000e3", "company": PLATFORM, "name": "N", "email": "n@x.example"});
        let refused = load(&engine, &user.to_string(), true).await.expect_err("no people");
        assert_eq!(refused, "x.jsonl:1: company: is the platform's, which has roles, groups and what these give, and nothing else");
    })
    .await;
}
