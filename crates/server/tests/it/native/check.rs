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
        ] {
            assert_eq!(ask(body.clone()).await, wanted, "{body}");
        }
        let guest = client(&app).by(Who::Guest);
        assert_eq!(guest.post(&path, json!({"checks": [one]})).await.is(200).json(), json!({"results": [false]}));
        let other = json!({"checks": [one, {"user": app.id("vera"), "group": app.id("eng")}]});
        assert_eq!(problem(&guest.post(&path, other).await), "403 forbidden");
        let ahead = client(&app).with("guildhall-min-revision", "999999").post(&path, json!({"checks": []})).await;
        assert_eq!(problem(&ahead), "412 ahead");
    })
    .await;
}
