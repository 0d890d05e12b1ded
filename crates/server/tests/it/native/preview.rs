//! What a change would do, told without doing it.

use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem};

fn effects(told: &Value, list: &str) -> Vec<(String, String, bool)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |e: &Value| (text(&e["group"]), text(&e["user"]), e["direct"].as_bool().unwrap());
    told[list].as_array().unwrap().iter().map(one).collect()
}

fn effect(app: &App, group: &str, user: &str, direct: bool) -> (String, String, bool) {
    (app.id(group).to_string(), app.id(user).to_string(), direct)
}

#[tokio::test]
async fn who_gains_and_loses_what_through_nesting_too() {
    on_both(async |app| {
        let admin = client(&app);
        let before = app.events().await.len();
        // vera is in eng; ivan has a reason there and counts for nothing.
        let nest = at(&app, "/groups/{ops}/children/{eng}");
        let told = admin.call("PUT", format!("{nest}?preview=true"), None).await.is(200).json();
        assert_eq!(effects(&told, "gained"), [effect(&app, "ops", "vera", false)]);
        assert_eq!(
            (effects(&told, "lost"), &told["gainedTotal"], &told["revision"]),
            (vec![], &json!(1), &json!(before))
        );
        assert_eq!(app.events().await.len(), before, "nothing was written");
        assert_eq!(
            admin.get(at(&app, "/groups/{ops}/members/count")).await.json(),
            json!({"direct": 0, "effective": 0})
        );
        admin.call("PUT", format!("{nest}?preview=false"), None).await.is(201);
        let gus = at(&app, "/groups/{eng}/members/{gus}");
        let told = admin.put(format!("{gus}?preview=true"), json!({})).await.is(200).json();
        assert_eq!(effects(&told, "gained"), [effect(&app, "eng", "gus", true), effect(&app, "ops", "gus", false)]);
        let told = admin.post(at(&app, "/users/{ivan}/reactivate?preview=true"), json!({})).await.is(200).json();
        assert_eq!(effects(&told, "gained"), [effect(&app, "eng", "ivan", true), effect(&app, "ops", "ivan", false)]);
        let told = admin.call("DELETE", at(&app, "/groups/{eng}?preview=true"), None).await.is(200).json();
        assert_eq!(effects(&told, "lost"), [effect(&app, "eng", "vera", true), effect(&app, "ops", "vera", false)]);
        let told = admin.call("DELETE", at(&app, "/users/{vera}?erase=true&preview=true"), None).await.is(200).json();
        assert_eq!(effects(&told, "lost"), [effect(&app, "eng", "vera", true), effect(&app, "ops", "vera", false)]);
        // One who is a member by another way as well loses nothing.
        admin.put(at(&app, "/groups/{ops}/members/{vera}"), json!({})).await.is(201);
        let told = admin.call("DELETE", format!("{nest}?preview=true"), None).await.is(200).json();
        assert_eq!((&told["lostTotal"], &told["gainedTotal"]), (&json!(0), &json!(0)));
        let told = admin.patch(at(&app, "/groups/{eng}?preview=true"), json!({"name": "Renamed"})).await.is(200).json();
        assert_eq!((&told["lostTotal"], &told["gainedTotal"]), (&json!(0), &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn a_preview_is_refused_as_the_change_would_be() {
    on_both(async |app| {
        let gus = at(&app, "/groups/{eng}/members/{gus}");
        for (who, wanted) in
            [(Who::Viewer, "403 forbidden"), (Who::AdminReadOnly, "403 read-only-key"), (Who::Foreign, "404 not-found")]
        {
            assert_eq!(problem(&client(&app).by(who).put(format!("{gus}?preview=true"), json!({})).await), wanted);
        }
        for query in ["preview=maybe", "preview", "preview=true&preview=true", "preview=true&x=1"] {
            assert_eq!(problem(&client(&app).put(format!("{gus}?{query}"), json!({})).await), "400 invalid", "{query}");
        }
        let itself = at(&app, "/groups/{eng}/children/{eng}?preview=true");
        assert_eq!(problem(&client(&app).call("PUT", itself, None).await), "409 cycle");
        // Reads have no preview.
        assert_eq!(problem(&client(&app).get(at(&app, "/groups?preview=true")).await), "400 invalid");
        // A preview with an idempotency key keeps no answer.
        let admin = client(&app);
        let told = admin.put(format!("{gus}?preview=true"), json!({})).await.is(200).json();
        assert_eq!(told["gainedTotal"], 1);
        admin.put(&gus, json!({})).await.is(201);
    })
    .await;
}
