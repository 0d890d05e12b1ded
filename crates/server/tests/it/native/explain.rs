//! Why a user is in a group, and why not.

use guildhall_domain::Timestamp;
use guildhall_testkit::{App, START, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, problem};

/// Makes a group of this name and tells its id.
async fn group(app: &App, name: &str) -> Uuid {
    let made = client(app).post(at(app, "/groups"), json!({"name": name})).await.is(201).json();
    made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

async fn nest(app: &App, parent: Uuid, child: Uuid) {
    client(app).call("PUT", at(app, &format!("/groups/{parent}/children/{child}")), None).await.is(201);
}

async fn unnest(app: &App, parent: Uuid, child: Uuid) {
    client(app).delete(at(app, &format!("/groups/{parent}/children/{child}"))).await.is(204);
}

async fn why(app: &App, user: &str, group: Uuid) -> Value {
    let path = at(app, &format!("/users/{{{user}}}/explain?group={group}"));
    client(app).get(path).await.is(200).json()
}

/// Lets the clock go on, and tells the instant before.
fn pass(app: &App, seconds: i64) -> Timestamp {
    let now = app.clock.now();
    app.clock.set(now.plus_seconds(seconds));
    now
}

/// The groups of each path, by name, from the reason on.
fn paths(told: &Value) -> Vec<Vec<String>> {
    let name = |named: &Value| named["name"].as_str().expect("a name").to_owned();
    let path = |path: &Value| {
        let steps = path["steps"].as_array().expect("steps").iter().map(|step| name(&step["group"]));
        std::iter::once(name(&path["reason"]["group"])).chain(steps).collect()
    };
    told["paths"].as_array().expect("paths").iter().map(path).collect()
}

#[tokio::test]
async fn every_way_is_told_shortest_first() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let direct = why(&app, "vera", eng).await;
        assert_eq!((&direct["member"], &direct["direct"], &direct["total"]), (&json!(true), &json!(true), &json!("1")));
        assert_eq!(direct["missing"], Value::Null);
        assert_eq!(direct["at"], "2026-11-20T09:00:00.000000Z");
        let reason = &direct["paths"][0]["reason"];
        assert_eq!((&reason["kind"], &reason["openedAt"]), (&json!("direct"), &json!("2026-11-20T09:00:00.000000Z")));
        let all = group(&app, "All").await;
        pass(&app, 60);
        nest(&app, ops, eng).await;
        pass(&app, 60);
        nest(&app, all, ops).await;
        nest(&app, all, eng).await;
        client(&app).call("PUT", at(&app, &format!("/groups/{all}/members/{{vera}}")), None).await.is(201);
        let told = why(&app, "vera", all).await;
        assert_eq!(paths(&told), [vec!["All"], vec!["Engineering", "All"], vec!["Engineering", "Operations", "All"]]);
        assert_eq!(told["total"], "3");
        let steps = &told["paths"][2]["steps"];
        assert_eq!(steps[0]["since"], "2026-11-20T09:01:00.000000Z");
        assert_eq!(steps[1]["since"], "2026-11-20T09:02:00.000000Z");
        assert_eq!(steps[1]["by"], json!({"id": app.id("ada"), "name": "Ada Example"}));
        assert_eq!(told["paths"][0]["reason"]["givenBy"]["name"], "Ada Example");
        // The rows alone say the same.
        let hand = guildhall_testkit::operator(&app.engine, app.company());
        let (vera, all) = (app.id("vera").into(), all.into());
        let memory = app.engine.explain(&hand, vera, all, None).await.unwrap();
        let rows = app.engine.from_rows().explain(&hand, vera, all, None).await.unwrap();
        assert_eq!(format!("{:?}", memory.paths), format!("{:?}", rows.paths));
        assert_eq!(memory.total, rows.total);
    })
    .await;
}

#[tokio::test]
async fn it_is_drawn_for_whoever_asks_for_a_picture() {
    on_both(async |app| {
        let (eng, odd) = (app.id("eng"), group(&app, "<b>&\"'").await);
        nest(&app, odd, eng).await;
        let path = |user: &str| at(&app, &format!("/users/{}/explain?group={odd}", app.id(user)));
        let picture = client(&app).with("accept", "image/svg+xml").get(path("vera")).await.is(200);
        assert_eq!(picture.header("content-type"), "image/svg+xml");
        assert!(picture.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(picture.header("vary"), "accept");
        for words in ["Vera", "Engineering", "By hand", "&lt;b&gt;&amp;&quot;&#39;</text>"] {
            assert!(picture.body.contains(words), "{words}: {}", picture.body);
        }
        assert!(!picture.body.contains("<b>") && !picture.body.contains("<script"));
        let not = client(&app).with("accept", "image/svg+xml,*/*").get(path("gus")).await.is(200);
        assert!(not.body.contains("is not in") && not.body.contains("not a member"), "{}", not.body);
        for accept in ["*/*", "application/json", "application/json,image/svg+xml"] {
            let told = client(&app).with("accept", accept).get(path("vera")).await.is(200);
            assert!(told.header("content-type").starts_with("application/json"), "{accept}");
        }
        let refused = client(&app).with("accept", "image/svg+xml").by(Who::Guest).get(path("vera")).await;
        assert_eq!(problem(&refused), "403 forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_lattice_is_counted_and_cut() {
    on_both(async |app| {
        let mut below = vec![app.id("eng")];
        for level in 0..10 {
            let above = vec![group(&app, &format!("{level} left")).await, group(&app, &format!("{level} right")).await];
            for child in &below {
                nest(&app, above[0], *child).await;
                nest(&app, above[1], *child).await;
            }
            below = above;
        }
        let told = why(&app, "vera", below[0]).await;
        assert_eq!((&told["total"], told["paths"].as_array().unwrap().len()), (&json!("512"), 100));
        assert!(paths(&told).iter().all(|path| path.len() == 11));
    })
    .await;
}

#[tokio::test]
async fn when_the_answer_is_no_the_past_tells_why() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let start = pass(&app, 60);
        nest(&app, ops, eng).await;
        let nested = pass(&app, 60);
        client(&app).delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        let gone = app.clock.now();
        let told = why(&app, "vera", ops).await;
        assert_eq!(
            (&told["member"], &told["total"], told["paths"].as_array().unwrap().len()),
            (&json!(false), &json!("0"), 0)
        );
        let missing = &told["missing"];
        let names: Vec<&str> =
            missing["groups"].as_array().unwrap().iter().map(|g| g["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Operations", "Engineering"]);
        assert_eq!(missing["last"], json!({"from": nested.to_string(), "until": gone.to_string()}));
        let ended = &missing["ended"][0];
        assert_eq!((&ended["what"], &ended["endedMembership"]), (&json!("reason"), &json!(true)));
        assert_eq!((&ended["at"], &ended["event"]), (&json!(gone.to_string()), &json!("group.members_removed")));
        assert_eq!(ended["by"]["name"], "Ada Example");
        // A nesting that was taken apart is told as well.
        client(&app).call("PUT", at(&app, "/groups/{eng}/members/{vera}"), None).await.is(201);
        pass(&app, 60);
        unnest(&app, ops, eng).await;
        let told = why(&app, "vera", ops).await;
        let ended = &told["missing"]["ended"][0];
        assert_eq!(
            (&ended["what"], &ended["endedMembership"], &ended["event"]),
            (&json!("nesting"), &json!(true), &json!("group.unnested"))
        );
        assert_eq!(ended["nesting"]["child"]["name"], "Engineering");
        assert_eq!(told["missing"]["ended"][1]["endedMembership"], false);
        // Then: before, between and after.
        let asked = async |t: Timestamp| {
            let path = at(&app, &format!("/users/{{vera}}/explain?group={ops}&at={t}"));
            client(&app).get(path).await.is(200).json()
        };
        assert_eq!(asked(start).await["member"], false);
        assert_eq!(asked(start).await["missing"]["ended"], json!([]));
        assert_eq!(paths(&asked(nested).await), [["Engineering", "Operations"]]);
        assert_eq!(asked(gone).await["member"], true, "put back in the same instant");
    })
    .await;
}

#[tokio::test]
async fn inactivity_windows_and_archiving_are_told() {
    on_both(async |app| {
        let eng = app.id("eng");
        let told = why(&app, "ivan", eng).await;
        assert_eq!(told["member"], false);
        assert_eq!(told["missing"]["inactive"]["since"], START.replace('Z', ".000000Z"));
        assert_eq!(told["missing"]["idle"][0]["kind"], "direct");
        pass(&app, 60);
        client(&app).post(at(&app, "/users/{vera}/deactivate"), json!({})).await.is(200);
        let told = why(&app, "vera", eng).await;
        assert_eq!(told["missing"]["inactive"]["by"]["name"], "Ada Example");
        assert_eq!(told["missing"]["last"]["until"], "2026-11-20T09:01:00.000000Z");
        client(&app).post(at(&app, "/users/{vera}/reactivate"), json!({})).await.is(200);
        pass(&app, 60);
        client(&app).delete(at(&app, "/groups/{eng}")).await.is(200);
        let told = why(&app, "vera", eng).await;
        assert_eq!(told["group"]["state"], "archived");
        assert_eq!(told["missing"]["ended"][0]["event"], "group.archived");
        // The group as it was then: live.
        let path = at(&app, "/users/{vera}/explain?group={eng}&at=2026-11-20T09:01:30Z");
        let then = client(&app).get(path).await.is(200).json();
        assert_eq!((&then["member"], &then["group"]["state"]), (&json!(true), &json!("live")));
        // A group that was renamed has the name it had.
        client(&app).post(at(&app, "/groups/{eng}/restore"), json!({})).await.is(200);
        pass(&app, 60);
        client(&app).patch(at(&app, "/groups/{eng}"), json!({"name": "Builders"})).await.is(200);
        let path = at(&app, "/users/{vera}/explain?group={eng}&at=2026-11-20T09:02:30Z");
        assert_eq!(client(&app).get(path).await.is(200).json()["group"]["name"], "Engineering");
        assert_eq!(why(&app, "vera", eng).await["group"]["name"], "Builders");
    })
    .await;
}

/// A rule's verdict: whether it holds, and of each clause whether it does and why it has no value.
fn verdict(told: &Value) -> (Value, Vec<(String, bool, Value)>) {
    let judged = &told["rules"][0];
    let clause = |clause: &Value| {
        (clause["text"].as_str().unwrap().to_owned(), clause["holds"].as_bool().unwrap(), clause["why"].clone())
    };
    (judged["holds"].clone(), judged["clauses"].as_array().unwrap().iter().map(clause).collect())
}

#[tokio::test]
async fn rules_are_taken_apart_clause_by_clause() {
    on_both(async |app| {
        let eng = app.id("eng");
        let rule = format!("user.attributes.level >= 3 && user.memberOf(\"{eng}\")");
        let made =
            client(&app).post(at(&app, "/groups"), json!({"name": "Seniors", "rule": rule})).await.is(201).json();
        let seniors: Uuid = made["id"].as_str().unwrap().parse().unwrap();
        let around = group(&app, "Around").await;
        nest(&app, around, seniors).await;
        let level = "user.attributes.level >= 3".to_owned();
        let inside = format!("user.memberOf(\"{eng}\")");
        // No: the attribute is missing, and then too small.
        let told = why(&app, "vera", around).await;
        assert_eq!(told["rules"].as_array().unwrap().len(), 1);
        assert_eq!(told["rules"][0]["group"]["name"], "Seniors");
        let lacks = json!("the user has no `level`");
        assert_eq!(
            verdict(&told),
            (json!(false), vec![(level.clone(), false, lacks), (inside.clone(), true, json!(null))])
        );
        client(&app).patch(at(&app, "/users/{vera}"), json!({"attributes": {"level": 2}})).await.is(200);
        let told = why(&app, "vera", seniors).await;
        assert_eq!(
            verdict(&told),
            (json!(false), vec![(level.clone(), false, json!(null)), (inside.clone(), true, json!(null))])
        );
        // Yes, through a nesting.
        pass(&app, 60);
        client(&app).patch(at(&app, "/users/{vera}"), json!({"attributes": {"level": 3}})).await.is(200);
        let raised = pass(&app, 60);
        let told = why(&app, "vera", around).await;
        assert_eq!((&told["member"], &told["paths"][0]["reason"]["kind"]), (&json!(true), &json!("rule")));
        assert_eq!(
            verdict(&told),
            (json!(true), vec![(level.clone(), true, json!(null)), (inside.clone(), true, json!(null))])
        );
        // Then: known only while the record is the one of then. The groups of then, and not of now, count.
        client(&app).delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        let told = why(&app, "vera", around).await;
        assert_eq!(
            verdict(&told),
            (json!(false), vec![(level.clone(), true, json!(null)), (inside.clone(), false, json!(null))])
        );
        let asked = async |t: Timestamp| {
            let path = at(&app, &format!("/users/{{vera}}/explain?group={around}&at={t}"));
            client(&app).get(path).await.is(200).json()
        };
        assert_eq!(verdict(&asked(raised).await).0, json!(true));
        assert_eq!(verdict(&asked(raised.plus_seconds(-30)).await), (json!(null), vec![]));
        // Of a member by hand alone no rule decides.
        client(&app).call("PUT", at(&app, &format!("/groups/{around}/members/{{vera}}")), None).await.is(201);
        assert_eq!(why(&app, "vera", around).await["rules"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn refusals() {
    on_both(async |app| {
        let (eng, secret) = (app.id("eng"), app.id("secret"));
        let asked = async |path: &str| client(&app).get(at(&app, path)).await;
        for (query, name) in [
            (String::new(), "400 invalid"),
            ("?group=x".into(), "400 invalid"),
            (format!("?group={eng}&group={eng}"), "400 invalid"),
            (format!("?group={eng}&other=1"), "400 invalid"),
            (format!("?group={eng}&at=yesterday"), "400 invalid"),
            (format!("?group={eng}&at="), "400 invalid"),
            (format!("?group={eng}&at=2026-11-20T09:00:00.000001Z"), "400 invalid"),
            (format!("?group={secret}"), "404 not-found"),
            (format!("?group={}", Uuid::nil()), "404 not-found"),
            // Before there was anything.
            (format!("?group={eng}&at=2020-01-01T00:00:00Z"), "404 not-found"),
        ] {
            assert_eq!(problem(&asked(&format!("/users/{{vera}}/explain{query}")).await), name, "{query}");
        }
        assert_eq!(problem(&asked(&format!("/users/{{carl}}/explain?group={eng}")).await), "404 not-found");
        assert_eq!(problem(&asked(&format!("/users/x/explain?group={eng}")).await), "400 invalid");
        // A guest asks about themselves only, and a group that has nothing to do with them is not there.
        let guest = client(&app).by(Who::Guest);
        let vera = guest.get(at(&app, &format!("/users/{{vera}}/explain?group={eng}"))).await;
        assert_eq!(problem(&vera), "403 forbidden");
        let own = at(&app, &format!("/users/{{gus}}/explain?group={eng}"));
        assert_eq!(problem(&guest.get(&own).await), "404 not-found");
        client(&app).call("PUT", at(&app, "/groups/{eng}/members/{gus}"), None).await.is(201);
        let told = guest.get(&own).await.is(200).json();
        assert_eq!(told["paths"][0]["reason"]["givenBy"], json!({"id": app.id("ada"), "name": null}));
        client(&app).by(Who::AdminReadOnly).get(&own).await.is(200);
    })
    .await;
}
