//! Rules: what they give and end, in what order, for how long, and what is refused.

use guildhall_engine::directory::Load;
use guildhall_server::format::Reader;
use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, names, problem, verify};

/// Makes a group that this rule keeps.
async fn ruled(app: &App, name: &str, rule: &str) -> Uuid {
    let made = client(app).post(at(app, "/groups"), json!({"name": name, "rule": rule})).await.is(201).json();
    assert_eq!(made["rule"], rule);
    made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

async fn group(app: &App, name: &str) -> Uuid {
    let made = client(app).post(at(app, "/groups"), json!({"name": name})).await.is(201).json();
    assert_eq!(made["rule"], Value::Null);
    made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// The first names of the members, in order.
async fn members(app: &App, group: Uuid) -> String {
    let page = client(app).get(at(app, &format!("/groups/{group}/members"))).await.is(200).json();
    let users: Vec<Value> = page["items"].as_array().expect("items").iter().map(|m| m["user"].clone()).collect();
    let mut first: Vec<String> = names(&json!({"items": users}))
        .into_iter()
        .map(|name| name.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    first.sort_unstable();
    first.join(" ")
}

async fn edit(app: &App, user: &str, body: Value) {
    client(app).patch(at(app, &format!("/users/{{{user}}}")), body).await.is(200);
}

async fn join(app: &App, group: Uuid, user: &str) {
    let path = at(app, &format!("/groups/{group}/members/{{{user}}}"));
    client(app).call("PUT", path, None).await.is(201);
}

async fn leave(app: &App, group: Uuid, user: &str) {
    client(app).delete(at(app, &format!("/groups/{group}/members/{{{user}}}"))).await.is(204);
}

/// Imports these lines into the company that stands.
async fn import(app: &App, lines: &[Value]) -> Result<(), String> {
    let (mut load, mut reader) = (Load::new(), Reader::new());
    load.file("lines").expect("a file");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let told = |fault: guildhall_engine::directory::Fault| fault.to_string();
    reader.take(text.as_bytes(), &mut load).map_err(told)?;
    reader.end(&mut load).map_err(told)?;
    app.engine.load(load, true, app.clock.id(), &|_, _| true).await.map(drop).map_err(told)
}

#[tokio::test]
async fn a_rule_keeps_the_members_of_its_group() {
    on_both(async |app| {
        let remote = ruled(&app, "Remote", "user.attributes.site == 'home' || user.role == 'admin'").await;
        assert_eq!(members(&app, remote).await, "Ada");
        edit(&app, "vera", json!({"attributes": {"site": "home"}})).await;
        edit(&app, "gus", json!({"attributes": {"site": "office"}})).await;
        assert_eq!(members(&app, remote).await, "Ada Vera");
        // An inactive user keeps the reason, which counts for nothing meanwhile.
        edit(&app, "vera", json!({"status": "inactive"})).await;
        assert_eq!(members(&app, remote).await, "Ada");
        edit(&app, "vera", json!({"status": "active"})).await;
        let path = at(&app, &format!("/groups/{remote}/members/{{vera}}"));
        let membership = client(&app).get(&path).await.is(200).json();
        let reasons = membership["reasons"].as_array().expect("reasons");
        assert_eq!((reasons.len(), &reasons[0]["kind"]), (1, &json!("rule")), "{membership}");
        // Someone new, and one who goes.
        let new = json!({"name": "Nora New", "email": "nora@new.example", "attributes": {"site": "home"}});
        let nora = client(&app).post(at(&app, "/users"), new).await.is(201).header("location").to_owned();
        assert_eq!(members(&app, remote).await, "Ada Nora Vera");
        client(&app).delete(format!("{nora}?erase=true")).await.is(204);
        edit(&app, "vera", json!({"attributes": {"site": null}})).await;
        assert_eq!(members(&app, remote).await, "Ada");
        // An edit of the rule moves only whom it must.
        let since = client(&app).get(at(&app, &format!("/groups/{remote}/members/{{ada}}"))).await.is(200).json();
        app.clock.set(app.clock.now().plus_seconds(60));
        let other = json!({"rule": "user.attributes.site == 'office' || user.role == 'admin'"});
        client(&app).patch(at(&app, &format!("/groups/{remote}")), other).await.is(200);
        assert_eq!(members(&app, remote).await, "Ada Gus");
        let still = client(&app).get(at(&app, &format!("/groups/{remote}/members/{{ada}}"))).await.is(200).json();
        assert_eq!(still["reasons"], since["reasons"]);
        // Hands are kept off, until there is no rule.
        let put = client(&app).call("PUT", &path, None).await;
        assert_eq!(problem(&put), "409 closed-group");
        assert_eq!(put.json()["detail"], "the members of this group are kept by its rule; change them there");
        assert_eq!(
            problem(&client(&app).delete(at(&app, &format!("/groups/{remote}/members/{{ada}}"))).await),
            "409 closed-group"
        );
        let none = client(&app).patch(at(&app, &format!("/groups/{remote}")), json!({"rule": null})).await.is(200);
        assert_eq!(none.json()["rule"], Value::Null);
        assert_eq!(members(&app, remote).await, "");
        client(&app).call("PUT", &path, None).await.is(201);
        let told: Vec<(String, Value)> = app
            .events()
            .await
            .iter()
            .filter(|e| e.subject == remote)
            .map(|e| (e.kind.clone(), serde_json::from_str::<Value>(&e.data).expect("JSON")["reason"].clone()))
            .collect();
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds[..3], ["group.created", "group.members_added", "group.members_added"]);
        assert_eq!(told[1].1, "rule");
        assert!(kinds.contains(&"group.members_removed"));
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn rules_read_memberships_through_nestings_and_other_rules() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        // Intersection, exclusion, and one that builds on another.
        let both = ruled(&app, "Both", &format!("user.memberOf('{eng}') && user.memberOf('{ops}')")).await;
        let only = ruled(&app, "Only", &format!("user.memberOf('{eng}') && !user.memberOf('{both}')")).await;
        let last = ruled(&app, "Last", &format!("user.memberOf('{only}') || user.role == 'guest'")).await;
        let look = async || {
            format!("{} / {} / {}", members(&app, both).await, members(&app, only).await, members(&app, last).await)
        };
        assert_eq!(look().await, " / Vera / Gus Vera");
        join(&app, ops, "vera").await;
        assert_eq!(look().await, "Vera /  / Gus");
        join(&app, eng, "edda").await;
        assert_eq!(look().await, "Vera / Edda / Edda Gus");
        // Through a group that is put into the one that is read, and taken out again.
        let inner = group(&app, "Inner").await;
        join(&app, inner, "edda").await;
        join(&app, inner, "ada").await;
        let nesting = at(&app, &format!("/groups/{ops}/children/{inner}"));
        client(&app).call("PUT", &nesting, None).await.is(201);
        assert_eq!(look().await, "Edda Vera /  / Gus");
        leave(&app, inner, "edda").await;
        assert_eq!(look().await, "Vera / Edda / Edda Gus");
        join(&app, inner, "edda").await;
        client(&app).delete(&nesting).await.is(204);
        assert_eq!(look().await, "Vera / Edda / Edda Gus");
        client(&app).call("PUT", &nesting, None).await.is(201);
        // A group that is archived has no members; one that is restored has those it had.
        let path = at(&app, &format!("/groups/{inner}"));
        client(&app).delete(&path).await.is(200);
        assert_eq!(look().await, "Vera / Edda / Edda Gus");
        client(&app).call("POST", format!("{path}/restore"), None).await.is(200);
        assert_eq!(look().await, "Edda Vera /  / Gus");
        // So has one with a rule, brought up to date.
        let path = at(&app, &format!("/groups/{both}"));
        client(&app).delete(&path).await.is(200);
        assert_eq!(members(&app, only).await, "Edda Vera");
        leave(&app, ops, "vera").await;
        client(&app).call("POST", format!("{path}/restore"), None).await.is(200);
        assert_eq!(look().await, "Edda / Vera / Gus Vera");
        // Erasing a person leaves nothing behind.
        client(&app).delete(at(&app, "/users/{vera}?erase=true")).await.is(204);
        assert_eq!(look().await, "Edda /  / Gus");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn rules_and_nestings_do_not_build_on_each_other_in_a_circle() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let admin = client(&app);
        let first = ruled(&app, "First", &format!("user.memberOf('{eng}')")).await;
        let second = ruled(&app, "Second", &format!("user.memberOf('{first}')")).await;
        let cycle = async |reply: guildhall_testkit::Reply| {
            assert_eq!(problem(&reply), "409 cycle");
            let json = reply.json();
            let groups = json["cycle"].as_array().expect("groups").clone();
            assert_eq!(groups.first(), groups.last(), "{json}");
            let mut ids: Vec<Uuid> = groups.iter().skip(1).map(|id| id.as_str().unwrap().parse().unwrap()).collect();
            ids.sort_unstable();
            ids
        };
        let sorted = |ids: &[Uuid]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        let rule = |of: Uuid| json!({"rule": format!("user.memberOf('{of}')")});
        let itself = admin.patch(at(&app, &format!("/groups/{first}")), rule(first)).await;
        assert_eq!(cycle(itself).await, [first]);
        let two = admin.patch(at(&app, &format!("/groups/{first}")), rule(second)).await;
        assert_eq!(cycle(two).await, sorted(&[first, second]));
        // A nesting may close the circle as well as a rule.
        let put = admin.call("PUT", at(&app, &format!("/groups/{eng}/children/{second}")), None).await;
        assert_eq!(cycle(put).await, sorted(&[first, second, eng]));
        admin.call("PUT", at(&app, &format!("/groups/{ops}/children/{second}")), None).await.is(201);
        let nested = admin.patch(at(&app, &format!("/groups/{first}")), rule(ops)).await;
        assert_eq!(cycle(nested).await, sorted(&[first, second, ops]));
        // What was refused changed nothing.
        assert_eq!(members(&app, second).await, "Vera");
        let told = admin.get(at(&app, &format!("/groups/{first}"))).await.is(200).json();
        assert_eq!(told["rule"], format!("user.memberOf('{eng}')"));
        // Of two opposite rules at once just one stands.
        let (a, b) = (group(&app, "A").await, group(&app, "B").await);
        let (one, two) = tokio::join!(
            admin.patch(at(&app, &format!("/groups/{a}")), rule(b)),
            admin.patch(at(&app, &format!("/groups/{b}")), rule(a))
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_rule_gives_has_the_windows_of_what_it_reads() {
    on_both(async |app| {
        let (eng, ops, company) = (app.id("eng"), app.id("ops"), app.id("northwind"));
        let hour = |n: i64| app.clock.now().plus_seconds(n * 3600);
        let line = |group: Uuid, user: &str, starts: Option<i64>, ends: Option<i64>| {
            json!({"type": "membership", "company": company, "group": group, "user": app.id(user),
                "startsAt": starts.map(|n| hour(n).to_string()), "endsAt": ends.map(|n| hour(n).to_string())})
        };
        let start = app.clock.now();
        let not = ruled(&app, "Not", &format!("user.memberOf('{eng}') && !user.memberOf('{ops}')")).await;
        let over = ruled(&app, "Over", &format!("user.memberOf('{not}')")).await;
        import(&app, &[line(ops, "vera", Some(1), Some(2)), line(eng, "gus", Some(3), Some(4))]).await.unwrap();
        let tried = json!({"rule": format!("user.memberOf('{eng}') && !user.memberOf('{ops}')"), "user": app.id("vera")});
        let tried = client(&app).post(at(&app, "/rules/try"), tried).await.is(200).json();
        assert_eq!(
            tried["windows"],
            json!([{"startsAt": null, "endsAt": hour(1).to_string()}, {"startsAt": hour(2).to_string(), "endsAt": null}])
        );
        // Nothing runs meanwhile: time alone moves the answers.
        for (n, wanted) in [(0, "Vera"), (1, ""), (2, "Vera"), (3, "Gus Vera"), (4, "Vera")] {
            app.clock.set(start.plus_seconds(n * 3600));
            assert_eq!(members(&app, not).await, wanted, "at {n}");
            assert_eq!(members(&app, over).await, wanted, "at {n}");
        }
        // A span that ran out by itself leaves room for a new one.
        import(&app, &[line(ops, "edda", Some(1), Some(2)), line(eng, "edda", None, Some(3))]).await.unwrap();
        assert_eq!(members(&app, not).await, "Edda Vera");
        let now = app.clock.now();
        for (n, wanted) in [(1, "Vera"), (2, "Edda Vera"), (3, "Vera")] {
            app.clock.set(now.plus_seconds(n * 3600));
            assert_eq!(members(&app, over).await, wanted, "at {n}");
        }
        join(&app, eng, "edda").await;
        assert_eq!(members(&app, over).await, "Edda Vera");
        app.engine.housekeep().await.expect("housekeeping");
        assert_eq!(members(&app, over).await, "Edda Vera");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn rules_come_and_go_by_the_directory_format() {
    on_both(async |app| {
        let company = Uuid::from_u128(0x77);
        let (a, b, u) = (Uuid::from_u128(0x78), Uuid::from_u128(0x79), Uuid::from_u128(0x7a));
        let group = |id: Uuid, rule: &str| json!({"type": "group", "company": company, "id": id, "name": "G", "rule": rule});
        let lines = |rule: &str| {
            vec![
                json!({"type": "company", "id": company, "name": "New"}),
                group(b, &format!("user.memberOf('{a}')")),
                group(a, rule),
                json!({"type": "user", "company": company, "id": u, "name": "U", "email": "u@new.example", "attributes": {"x": 1}}),
            ]
        };
        for (rule, wanted) in [
            ("user.x == 1", "lines:3: rule: is refused at line 1, column 6: a user has no `x`"),
            ("user.memberOf('00000000-0000-0000-0000-000000000001')", "lines:3: rule: no group has the id 00000000-0000-0000-0000-000000000001"),
        ] {
            let refused = import(&app, &lines(rule)).await.unwrap_err();
            assert!(refused.starts_with(wanted), "{refused}");
        }
        let circle = import(&app, &lines(&format!("user.memberOf('{b}')"))).await.unwrap_err();
        assert!(circle.contains("cycle") || circle.contains("circle") || circle.contains("inside"), "{circle}");
        import(&app, &lines("user.attributes.x == 1")).await.unwrap();
        let members = async || {
            let hand = guildhall_testkit::operator(&app.engine, company.into());
            app.engine.member_ids(&hand, &[a.into(), b.into()]).await.unwrap().concat().len()
        };
        assert_eq!(members().await, 2);
        import(&app, &[group(a, "user.attributes.x == 2")]).await.unwrap();
        assert_eq!(members().await, 0);
        import(&app, &[json!({"type": "group", "company": company, "id": a, "name": "G", "rule": "true"})]).await.unwrap();
        assert_eq!(members().await, 2);
        // What is exported tells the rule, and not what it gave.
        let (sink, mut told) = tokio::sync::mpsc::channel(16);
        let (_, lines) = tokio::join!(app.engine.export(Some(company.into()), sink), async {
            let mut lines = String::new();
            while let Some(some) = told.recv().await {
                for one in some {
                    lines.push_str(&format!("{one:?}\n"));
                }
            }
            lines
        });
        assert!(lines.contains("rule: Some(\"true\")"), "{lines}");
        assert!(!lines.contains("kind: Rule"), "{lines}");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_rule_is_tried_and_previewed_before_it_is_saved() {
    on_both(async |app| {
        let eng = app.id("eng");
        let kept = ruled(&app, "Kept", "user.role == 'viewer'").await;
        let before = app.events().await.len();
        let rule = format!("user.memberOf('{eng}') && (user.role == 'admin' || user.attributes.level > 3)");
        let tried = client(&app).by(Who::AdminReadOnly).post(at(&app, "/rules/try"), json!({"rule": rule, "user": app.id("vera")})).await;
        assert_eq!(
            tried.to_string(),
            r#"200 {"holds":false,"clauses":[{"text":"user.memberOf('<eng>')","holds":true,"why":null},{"text":"user.role == 'admin'","holds":false,"why":null},{"text":"user.attributes.level > 3","holds":false,"why":"the user has no `level`"}],"windows":[]}"#
        );
        let preview = json!({"rule": "user.role in ['admin', 'viewer'] && user.status == 'active'", "group": kept});
        let preview = client(&app).post(at(&app, "/rules/preview"), preview).await.is(200);
        assert_eq!(
            preview.to_string(),
            format!(r#"200 {{"revision":{before},"members":2,"gains":{{"count":1,"users":["<ada>"]}},"loses":{{"count":1,"users":["<ivan>"]}}}}"#)
        );
        let alone = client(&app).post(at(&app, "/rules/preview"), json!({"rule": "user.role == 'guest'"})).await.is(200).json();
        assert_eq!(alone["gains"]["count"], 1);
        assert_eq!(app.events().await.len(), before, "nothing was written");
        // Who may: to try, whoever may read the user; to preview, whoever may save.
        let own = json!({"rule": "true", "user": app.id("gus")});
        client(&app).by(Who::Guest).post(at(&app, "/rules/try"), own).await.is(200);
        for (who, path, wanted) in [
            (Who::Guest, "/rules/try", "403 forbidden"),
            (Who::Foreign, "/rules/try", "404 not-found"),
            (Who::Viewer, "/rules/preview", "403 forbidden"),
            (Who::AdminReadOnly, "/rules/preview", "403 read-only-key"),
            (Who::Foreign, "/rules/preview", "404 not-found"),
        ] {
            let mut body = json!({"rule": "true"});
            if path.ends_with("try") {
                body["user"] = json!(app.id("vera"));
            }
            assert_eq!(problem(&client(&app).by(who).post(at(&app, path), body).await), wanted, "{who:?} {path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rule_refuses() {
    on_both(async |app| {
        let (vera, secret) = (app.id("vera"), app.id("secret"));
        let of = |id: Uuid| format!("user.memberOf('{id}')");
        let many = format!("true{}", " && true".repeat(65));
        for (method, path, body, wanted) in [
            ("POST", "/groups", json!({"name": "x", "rule": 3}), "400 invalid"),
            ("POST", "/groups", json!({"name": "x", "rule": ""}), "400 invalid"),
            ("POST", "/groups", json!({"name": "x", "rule": "user.shoe == 1"}), "400 invalid"),
            ("POST", "/groups", json!({"name": "x", "rule": " ".repeat(2049)}), "400 invalid"),
            ("POST", "/groups", json!({"name": "x", "rule": many}), "400 invalid"),
            ("POST", "/groups", json!({"name": "x", "rule": "(".repeat(2000)}), "400 invalid"),
            ("POST", "/groups", json!({"name": "x", "rule": of(Uuid::max())}), "422 unknown-reference"),
            ("POST", "/groups", json!({"name": "x", "rule": of(secret)}), "422 unknown-reference"),
            ("PATCH", "/groups/{eng}", json!({"rule": "user.name"}), "400 invalid"),
            ("PATCH", "/groups/{eng}", json!({"rule": of(secret)}), "422 unknown-reference"),
            ("POST", "/rules/try", json!({"rule": "true"}), "400 invalid"),
            ("POST", "/rules/try", json!({"rule": "true", "user": "x"}), "400 invalid"),
            ("POST", "/rules/try", json!({"rule": "tru", "user": vera}), "400 invalid"),
            ("POST", "/rules/try", json!({"rule": "true", "user": vera, "more": 1}), "400 invalid"),
            ("POST", "/rules/try", json!({"rule": "true", "user": Uuid::max()}), "422 unknown-reference"),
            ("POST", "/rules/try", json!({"rule": "true", "user": app.id("carl")}), "422 unknown-reference"),
            ("POST", "/rules/preview", json!({}), "400 invalid"),
            ("POST", "/rules/preview", json!({"rule": "user.name + 1"}), "400 invalid"),
            ("POST", "/rules/preview", json!({"rule": "true", "group": secret}), "422 unknown-reference"),
        ] {
            let reply = client(&app).call(method, at(&app, path), Some(body.clone())).await;
            assert_eq!(problem(&reply), wanted, "{method} {path} {body} {reply}");
        }
        let told =
            client(&app).post(at(&app, "/groups"), json!({"name": "x", "rule": "true &&\n user.shoe == 1"})).await;
        let why = told.json()["errors"].to_string();
        assert!(why.contains("line 2, column 7: a user has no `shoe`"), "{why}");
        // A right to change members is none to change what keeps them.
        let rule = json!({"rule": "true"});
        assert_eq!(
            problem(&client(&app).by(Who::Editor).patch(at(&app, "/groups/{eng}"), rule).await),
            "403 forbidden"
        );
        assert_eq!(members(&app, app.id("eng")).await, "Vera");
        // Sending back what stands is no edit.
        let kept = ruled(&app, "Kept", "true").await;
        let before = app.events().await.len();
        client(&app).patch(at(&app, &format!("/groups/{kept}")), json!({"rule": "true"})).await.is(200);
        assert_eq!(app.events().await.len(), before);
    })
    .await;
}
