//! Why a user has a role or an app, or why not, now and before.

use guildhall_domain::Timestamp;
use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem};

async fn why(app: &App, user: &str, query: &str) -> Value {
    client(app).get(at(app, &format!("/users/{{{user}}}/explain?{query}"))).await.is(200).json()
}

fn later(app: &App, hours: i64) -> String {
    app.clock.set(app.clock.now().plus_seconds(hours * 3600));
    let now: Timestamp = app.clock.now();
    now.to_string()
}

/// Each way: the reason's group, the groups around, and who gave what at its end.
fn ways(told: &Value) -> Vec<String> {
    let name = |value: &Value| value["name"].as_str().unwrap_or("-").to_owned();
    let one = |path: &Value| {
        let mut all = vec![name(&path["reason"]["group"])];
        all.extend(path["steps"].as_array().unwrap().iter().map(|step| name(&step["group"])));
        assert_eq!(path["grant"]["group"]["name"].as_str(), all.last().map(String::as_str));
        format!("{} by {}", all.join(" > "), name(&path["grant"]["by"]))
    };
    told["paths"].as_array().unwrap().iter().map(one).collect()
}

/// What ended: what, by whom, by which event, and whether it was the end.
fn endings(told: &Value) -> Vec<String> {
    let one = |ended: &Value| {
        let by = ended["by"]["name"].as_str().unwrap_or("-");
        let text = |member: &str| ended[member].as_str().unwrap_or("-").to_owned();
        format!("{} by {by}: {} {}", text("what"), text("event"), ended["endedMembership"])
    };
    told["missing"]["ended"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn roles_by_groups_and_nesting_and_when_they_went() {
    on_both(async |app| {
        let admin = client(&app);
        let role = json!({"name": "Reader", "permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]});
        let made = admin.post(at(&app, "/roles"), role).await.is(201);
        let role = made.json()["id"].as_str().unwrap().to_owned();
        let query = format!("role={role}");
        // Nothing gives it.
        let told = why(&app, "vera", &query).await;
        assert_eq!(
            (&told["held"], &told["missing"]["total"], &told["role"]["name"]),
            (&json!(false), &json!(0), &json!("Reader"))
        );
        let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [app.id("northwind")]}]}]});
        let give = json!({"add": [{"role": role, "scope": scope}]});
        admin.post(at(&app, "/groups/{ops}/roles"), give.clone()).await.is(204);
        let told = why(&app, "vera", &query).await;
        assert_eq!(
            (&told["held"], &told["missing"]["grants"][0]["group"]["name"]),
            (&json!(false), &json!("Operations"))
        );
        later(&app, 1);
        admin.call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        let with = later(&app, 1);
        let told = why(&app, "vera", &query).await;
        assert_eq!(ways(&told), ["Engineering > Operations by Ada Example"]);
        assert_eq!((&told["held"], &told["total"], &told["missing"]), (&json!(true), &json!("1"), &Value::Null));
        let values = &told["paths"][0]["grant"]["scope"]["audiences"][0]["predicates"][0]["values"];
        assert_eq!(*values, json!([app.id("northwind")]));
        later(&app, 1);
        admin.call("PUT", at(&app, "/groups/{ops}/members/{vera}"), None).await.is(201);
        let told = why(&app, "vera", &query).await;
        assert_eq!(
            ways(&told),
            ["Operations by Ada Example", "Engineering > Operations by Ada Example"],
            "the shortest first"
        );
        // The group gives it no more: the others are told as they were.
        later(&app, 1);
        let take = json!({"remove": [{"role": role}]});
        admin.post(at(&app, "/groups/{ops}/roles"), take).await.is(204);
        let told = why(&app, "vera", &query).await;
        assert_eq!(told["held"], false);
        assert_eq!(endings(&told), ["grant by Ada Example: group.roles_changed true"]);
        assert_eq!(told["missing"]["last"]["until"], app.clock.now().to_string());
        let then = why(&app, "vera", &format!("{query}&at={with}")).await;
        assert_eq!((&then["held"], ways(&then).len()), (&json!(true), 1));
        let then = why(&app, "vera", &format!("{query}&at=2026-11-20T09:00:00Z")).await;
        assert_eq!(then["held"], false);
        // Given again, and the nesting and the membership end: why he lost it on Tuesday.
        admin.post(at(&app, "/groups/{ops}/roles"), give).await.is(204);
        later(&app, 1);
        admin.delete(at(&app, "/groups/{ops}/members/{vera}")).await.is(204);
        later(&app, 1);
        admin.delete(at(&app, "/groups/{ops}/children/{eng}")).await.is(204);
        let told = why(&app, "vera", &query).await;
        assert_eq!(
            endings(&told),
            [
                "nesting by Ada Example: group.unnested true",
                "reason by Ada Example: group.members_removed false",
                "grant by Ada Example: group.roles_changed false",
            ]
        );
        assert_eq!(told["missing"]["grants"].as_array().unwrap().len(), 1);
        // The role itself goes: it can still be asked about.
        admin.delete(at(&app, &format!("/roles/{role}"))).await.is(204);
        assert_eq!(why(&app, "vera", &query).await["held"], false);
    })
    .await;
}

#[tokio::test]
async fn apps_with_the_request_that_brought_them() {
    on_both(async |app| {
        let admin = client(&app);
        let ledger = format!("app={}", app.id("ledger"));
        // vera's was given without a request.
        let told = why(&app, "vera", &ledger).await;
        assert_eq!((&told["held"], &told["access"]["permissionLevel"]), (&json!(true), &json!(app.id("reader"))));
        assert_eq!((&told["access"]["request"], &told["access"]["event"]), (&Value::Null, &json!("app.access_given")));
        let booker = format!("{ledger}&permissionLevel={}", app.id("booker"));
        assert_eq!(why(&app, "vera", &booker).await["held"], false, "not at this level");
        // gus asks, edda approves and carries out: why she has write access.
        let told = why(&app, "gus", &ledger).await;
        assert_eq!((&told["held"], &told["missing"]["pending"]), (&json!(false), &json!([])));
        let policy = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "autoprovision": true,
                            "steps": [{"approvers": {"users": [app.id("edda")]}}]});
        admin.post(at(&app, "/policies"), policy).await.is(201);
        let ask = json!({"type": "GrantAccessRequest", "app": app.id("ledger"), "permissionLevel": app.id("booker"), "purpose": "month end"});
        let asked = client(&app).by(Who::Guest).post(at(&app, "/requests"), ask).await.is(201);
        let told = why(&app, "gus", &ledger).await;
        assert_eq!(told["missing"]["pending"][0]["id"], asked.json()["id"]);
        later(&app, 1);
        let tasks = admin.get(format!("{}/tasks", asked.header("location"))).await.json();
        let task = at(&app, &format!("/tasks/{}/approve", tasks["items"][0]["id"].as_str().unwrap()));
        client(&app).by(Who::Editor).call("POST", task, None).await.is(200);
        let had = later(&app, 1);
        let told = why(&app, "gus", &booker).await;
        let request = &told["access"]["request"];
        assert_eq!((&told["held"], &request["purpose"]), (&json!(true), &json!("month end")));
        assert_eq!((&request["requester"]["name"], &request["approvedBy"][0]["name"]), (&json!("Gus Guest"), &json!("Edda Editor")));
        // A guest asks about himself, and is told no names.
        let own = client(&app).by(Who::Guest).get(at(&app, &format!("/users/{{gus}}/explain?{ledger}"))).await.is(200).json();
        assert_eq!((&own["held"], &own["access"]["by"]["name"]), (&json!(true), &Value::Null));
        // It ends: why he lost it.
        later(&app, 1);
        admin.delete(at(&app, "/apps/{ledger}/accesses/{gus}")).await.is(204);
        let told = why(&app, "gus", &ledger).await;
        assert_eq!(told["held"], false);
        let before = &told["before"][0];
        assert_eq!(
            (&before["endedBy"]["name"], &before["endedEvent"], &before["request"]["purpose"]),
            (&json!("Ada Example"), &json!("app.access_ended"), &json!("month end"))
        );
        assert_eq!(told["missing"]["last"]["until"], before["until"]);
        assert_eq!(why(&app, "gus", &format!("{booker}&at={had}")).await["held"], true);
        // Groups that give it, whether or not there is an access.
        admin.put(at(&app, "/groups/{eng}/apps/{ledger}"), json!({"visibility": "default"})).await.is(200);
        let told = why(&app, "gus", &ledger).await;
        assert_eq!(told["missing"]["grants"][0]["group"]["name"], "Engineering");
        let told = why(&app, "vera", &ledger).await;
        assert_eq!(ways(&told), ["Engineering by Ada Example"]);
        admin.put(at(&app, "/groups/{eng}/apps/{ledger}"), json!({"visibility": "hidden"})).await.is(200);
        let told = why(&app, "vera", &ledger).await;
        assert_eq!((ways(&told).len(), &told["held"]), (0, &json!(true)), "hidden is not given, and the access stands");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked() {
    on_both(async |app| {
        let ask = async |who: Who, query: String| {
            problem(&client(&app).by(who).get(at(&app, &format!("/users/{{vera}}/explain{query}"))).await)
        };
        let (role, ledger) = (uuid::Uuid::from_u128(7), app.id("ledger"));
        for (query, says) in [
            (String::new(), "400 invalid"),
            (format!("?role={role}&app={ledger}"), "400 invalid"),
            (format!("?group={}&app={ledger}", app.id("eng")), "400 invalid"),
            (format!("?role={role}&permissionLevel={}", app.id("reader")), "400 invalid"),
            (format!("?permissionLevel={}", app.id("reader")), "400 invalid"),
            ("?role=x".into(), "400 invalid"),
            (format!("?app={ledger}&at=2030-01-01T00:00:00Z"), "400 invalid"),
            (format!("?app={ledger}&nonsense=1"), "400 invalid"),
            (format!("?role={role}"), "404 not-found"),
            (format!("?app={}", app.id("vault")), "404 not-found"),
        ] {
            assert_eq!(ask(Who::Admin, query.clone()).await, says, "{query}");
        }
        assert_eq!(ask(Who::Guest, format!("?app={ledger}")).await, "403 forbidden");
        // To a guest what has nothing to do with them is not there.
        let own = client(&app).by(Who::Guest).get(at(&app, &format!("/users/{{gus}}/explain?app={ledger}"))).await;
        assert_eq!(problem(&own), "404 not-found");
    })
    .await;
}

#[tokio::test]
async fn ways_to_a_role_and_an_app_are_drawn() {
    on_both(async |app| {
        let admin = client(&app);
        let id = |reply: Value| reply["id"].as_str().unwrap().to_owned();
        let role = json!({"name": "Reader", "permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]});
        let role = id(admin.post(at(&app, "/roles"), role).await.is(201).json());
        let ledger = id(admin.post(at(&app, "/apps"), json!({"name": "<Ledger>"})).await.is(201).json());
        let drawn = async |user: &str, query: &str| {
            let path = at(&app, &format!("/users/{{{user}}}/explain?{query}"));
            let picture = client(&app).with("accept", "image/svg+xml").get(path).await.is(200);
            assert_eq!(picture.header("content-type"), "image/svg+xml");
            picture.body
        };
        let (by_role, by_app) = (format!("role={role}"), format!("app={ledger}"));
        let none = drawn("gus", &by_role).await;
        assert!(none.contains("does not have Reader") && none.contains("no group gives it"), "{none}");
        admin.call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [app.id("northwind")]}]}]});
        let give = json!({"add": [{"role": role, "scope": scope}]});
        admin.post(at(&app, "/groups/{ops}/roles"), give).await.is(204);
        let held = drawn("vera", &by_role).await;
        for words in
            ["has Reader</title>", "Engineering</text>", "Operations</text>", "gives it since 2026-11-20 by Ada"]
        {
            assert!(held.contains(words), "{words}: {held}");
        }
        let not = drawn("gus", &by_role).await;
        assert!(not.contains("would give it") && not.contains("role, not held"), "{not}");
        let access = at(&app, &format!("/apps/{ledger}/accesses/{{gus}}"));
        admin.call("PUT", access, Some(json!({}))).await;
        let told = drawn("gus", &by_app).await;
        assert!(told.contains("has &lt;Ledger&gt;</title>") && told.contains("Access, given 2026-11-20"), "{told}");
    })
    .await;
}
