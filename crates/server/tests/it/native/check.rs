//! Many questions about membership in one call.

use guildhall_testkit::{Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, problem};

#[tokio::test]
async fn each_question_has_its_answer() {
    on_both(async |app| {
        client(&app).call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        let path = at(&app, "/check");
        let asked = [
            (app.id("vera"), app.id("eng"), json!(true), true),
            (app.id("vera"), app.id("ops"), json!(true), true),
            (app.id("vera"), app.id("ops"), json!(false), false),
            (app.id("vera"), app.id("eng"), json!(false), true),
            (app.id("ivan"), app.id("eng"), json!(true), false),
            (app.id("ada"), app.id("eng"), json!(true), false),
            (Uuid::max(), app.id("eng"), json!(true), false),
            (app.id("vera"), Uuid::max(), json!(true), false),
            (app.id("carl"), app.id("secret"), json!(true), false),
        ];
        let mut checks: Vec<Value> = asked
            .iter()
            .map(|(user, group, effective, _)| json!({"user": user, "group": group, "effective": effective}))
            .collect();
        let mut wanted: Vec<bool> = asked.iter().map(|(.., answer)| *answer).collect();
        // Nesting counts unless it is said that it does not.
        checks.push(json!({"user": app.id("vera"), "group": app.id("ops")}));
        wanted.push(true);
        let reply = client(&app).by(Who::AdminReadOnly).post(&path, json!({"checks": checks})).await.is(200);
        assert_eq!(reply.json(), json!({"results": wanted}));
        assert_eq!(reply.header("guildhall-revision"), "", "nothing changed");
        let none = client(&app).post(&path, json!({"checks": []})).await.is(200);
        assert_eq!(none.json(), json!({"results": []}));
        let full = vec![&checks[0]; 1000];
        let full = client(&app).post(&path, json!({"checks": full})).await.is(200).json();
        assert_eq!(full["results"].as_array().map(Vec::len), Some(1000));
        client(&app).delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        let after = client(&app).post(&path, json!({"checks": [checks[1]]})).await.is(200);
        assert_eq!(after.json(), json!({"results": [false]}), "what is taken away is gone at the next call");
    })
    .await;
}

#[tokio::test]
async fn a_question_may_be_about_an_instant() {
    on_both(async |app| {
        let path = at(&app, "/check");
        let before = app.clock.now();
        app.clock.set(before.plus_seconds(60));
        client(&app).call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        client(&app).put(at(&app, "/groups/{ops}/members/{gus}"), json!({})).await.is(201);
        let within = app.clock.now();
        app.clock.set(within.plus_seconds(60));
        client(&app).delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        client(&app).call("DELETE", at(&app, "/groups/{ops}"), None).await.is(200);
        client(&app).call("POST", at(&app, "/users/{gus}/deactivate"), None).await.is(200);
        let asked = [("vera", "eng", true), ("vera", "ops", true), ("vera", "ops", false), ("gus", "ops", false), ("ivan", "eng", true), ("carl", "secret", true)];
        let question = |(user, group, effective): &(&str, &str, bool)| {
            json!({"user": app.id(user), "group": app.id(group), "effective": effective})
        };
        let checks: Vec<Value> = asked.iter().map(question).collect();
        let told = async |body: Value| client(&app).by(Who::AdminReadOnly).post(&path, body).await.is(200).json()["results"].clone();
        for (t, wanted) in [
            (before, [true, false, false, false, false, false]),
            (within, [true, true, false, true, false, false]),
            (app.clock.now(), [false; 6]),
        ] {
            assert_eq!(told(json!({"checks": checks, "at": t.to_string()})).await, json!(wanted), "{t}");
        }
        assert_eq!(told(json!({"checks": checks})).await, json!(vec![false; 6]));
        assert_eq!(told(json!({"checks": checks, "at": "2020-01-01T00:00:00Z"})).await, json!(vec![false; 6]));
        // Each question has an instant of its own, or the one of the call, or the present.
        let mut mixed = [&checks[1], &checks[1], &checks[3], &checks[0]].map(Clone::clone);
        mixed[0]["at"] = json!(within.to_string());
        mixed[2]["at"] = json!("2026-11-20T10:01:00+01:00");
        assert_eq!(told(json!({"checks": mixed})).await, json!([true, false, true, false]));
        assert_eq!(told(json!({"checks": mixed, "at": before.to_string()})).await, json!([true, false, true, true]));
        // A thousand instants in one call.
        let many: Vec<Value> = (0..1000).map(|n| {
            let mut one = checks[1].clone();
            one["at"] = json!(before.plus_seconds(60).to_string().replace(".000000Z", &format!(".{n:06}Z")));
            one
        }).collect();
        assert_eq!(told(json!({"checks": many})).await, json!(vec![true; 1000]));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_told() {
    on_both(async |app| {
        let path = at(&app, "/check");
        let one = json!({"user": app.id("gus"), "group": app.id("eng")});
        let ask = async |body: Value| {
            let reply = client(&app).post(&path, body).await;
            let name = problem(&reply);
            format!("{name} {}", reply.json()["errors"][0]["field"].as_str().unwrap_or_default())
        };
        for (body, wanted) in [
            (json!({}), "400 invalid checks"),
            (json!({"checks": {}}), "400 invalid checks"),
            (json!({"checks": [one, {"user": app.id("gus")}]}), "400 invalid checks[1].group"),
            (json!({"checks": [{"user": "gus", "group": app.id("eng")}]}), "400 invalid checks[0].user"),
            (json!({"checks": [{"user": app.id("gus"), "group": 1}]}), "400 invalid checks[0].group"),
            (json!({"checks": [{"user": app.id("gus"), "group": app.id("eng"), "x": 1}]}), "400 invalid checks[0].x"),
            (
                json!({"checks": [{"user": app.id("gus"), "group": app.id("eng"), "effective": "no"}]}),
                "400 invalid checks[0].effective",
            ),
            (json!({"checks": vec![&one; 1001]}), "400 too-many checks"),
            (json!({"checks": vec![&one; 1001], "at": "2026-11-20T09:00:00Z"}), "400 too-many checks"),
            (json!({"checks": [one], "at": "now"}), "400 invalid at"),
            (json!({"checks": [one], "at": 1}), "400 invalid at"),
            (json!({"checks": [], "at": "2999-01-01T00:00:00Z"}), "400 invalid at"),
            (
                json!({"checks": [one, {"user": app.id("gus"), "group": app.id("eng"), "at": ""}]}),
                "400 invalid checks[1].at",
            ),
            (
                json!({"checks": [one, {"user": app.id("gus"), "group": app.id("eng"), "at": "2999-01-01T00:00:00Z"}]}),
                "400 invalid checks[1].at",
            ),
        ] {
            assert_eq!(ask(body.clone()).await, wanted, "{body}");
        }
        let guest = client(&app).by(Who::Guest);
        assert_eq!(guest.post(&path, json!({"checks": [one]})).await.is(200).json(), json!({"results": [false]}));
        let other = json!({"checks": [one, {"user": app.id("vera"), "group": app.id("eng")}]});
        assert_eq!(problem(&guest.post(&path, other.clone()).await), "403 forbidden");
        let mut then = other;
        then["at"] = json!("2026-11-20T09:00:00Z");
        assert_eq!(problem(&guest.post(&path, then).await), "403 forbidden");
        let ahead = client(&app).with("guildhall-min-revision", "999999").post(&path, json!({"checks": []})).await;
        assert_eq!(problem(&ahead), "412 ahead");
    })
    .await;
}
