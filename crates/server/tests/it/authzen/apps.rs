//! Apps as resources.

use guildhall_testkit::on_both;
use serde_json::{Value, json};

#[tokio::test]
async fn whoever_has_access_may() {
    on_both(async |app| {
        let ledger = json!({"type": "app", "id": app.id("ledger")});
        let user = |name: &str| json!({"type": "user", "id": app.id(name)});
        let ask = async |name: &str, context: Value| {
            let body =
                json!({"subject": user(name), "action": {"name": "access"}, "resource": ledger, "context": context});
            app.bearer().post("/access/v1/evaluation", body).await.is(200).json()
        };
        assert_eq!(ask("vera", json!({})).await["decision"], true);
        assert_eq!(ask("gus", json!({})).await["decision"], false);
        let why = ask("vera", json!({"reasons": true})).await;
        assert_eq!(
            why["context"]["reason_admin"]["en"],
            "access at the level Reader since 2026-11-20T09:00:00.000000Z"
        );
        let why = ask("gus", json!({"reasons": true})).await;
        assert_eq!(why["context"]["reason_admin"]["en"], "never had access");
        // Another action, another company's app, and one that is none.
        for (action, resource) in [
            ("member", ledger.clone()),
            ("access", json!({"type": "app", "id": app.id("vault")})),
            ("access", json!({"type": "app", "id": "x"})),
            ("access", json!({"type": "group", "id": app.id("eng")})),
        ] {
            let body = json!({"subject": user("vera"), "action": {"name": action}, "resource": resource});
            assert_eq!(app.bearer().post("/access/v1/evaluation", body).await.is(200).json()["decision"], false);
        }
        let search = async |what: &str, body: Value| {
            let found = app.bearer().post(format!("/access/v1/search/{what}"), body).await.is(200).json();
            found["results"].clone()
        };
        let action = json!({"name": "access"});
        let subjects = json!({"subject": {"type": "user"}, "action": action, "resource": ledger});
        assert_eq!(search("subject", subjects.clone()).await, json!([user("vera")]));
        let resources = json!({"subject": user("vera"), "action": action, "resource": {"type": "app"}});
        assert_eq!(search("resource", resources).await, json!([ledger]));
        let actions = json!({"subject": user("vera"), "resource": ledger});
        let reader = json!({"name": "access", "properties": {"level": app.id("reader")}});
        assert_eq!(search("action", actions).await, json!([reader]));
        // As it was, and while she is away.
        app.clock.set(app.clock.now().plus_seconds(3600));
        let company = app.id("northwind");
        app.bearer()
            .delete(format!("/v1/companies/{company}/apps/{}/accesses/{}", app.id("ledger"), app.id("vera")))
            .await
            .is(204);
        assert_eq!(ask("vera", json!({})).await["decision"], false);
        assert_eq!(search("subject", subjects).await, json!([]));
        let then = json!({"at": "2026-11-20T09:30:00Z"});
        assert_eq!(ask("vera", then.clone()).await["decision"], true);
        let subjects = json!({"subject": {"type": "user"}, "action": action, "resource": ledger, "context": then});
        assert_eq!(search("subject", subjects).await, json!([user("vera")]));
        let give = json!({"permissionLevel": app.id("reader")});
        app.bearer()
            .put(format!("/v1/companies/{company}/apps/{}/accesses/{}", app.id("ledger"), app.id("vera")), give)
            .await
            .is(204);
        app.bearer()
            .call("POST", format!("/v1/companies/{company}/users/{}/deactivate", app.id("vera")), None)
            .await
            .is(200);
        assert_eq!(ask("vera", json!({})).await["decision"], false);
    })
    .await;
}

#[tokio::test]
async fn a_level_may_be_asked_for() {
    on_both(async |app| {
        let ledger = json!({"type": "app", "id": app.id("ledger")});
        let user = |name: &str| json!({"type": "user", "id": app.id(name)});
        let at = |level: &str| json!({"name": "access", "properties": {"level": level}});
        let (reader, booker) = (app.id("reader").to_string(), app.id("booker").to_string());
        let ask = async |name: &str, action: Value, context: Value| {
            let body = json!({"subject": user(name), "action": action, "resource": ledger, "context": context});
            app.bearer().post("/access/v1/evaluation", body).await.is(200).json()["decision"].clone()
        };
        for (level, has) in [(&*reader, true), ("reader", true), ("READER", true), (&*booker, false), ("x", false)] {
            assert_eq!(ask("vera", at(level), json!({})).await, has, "{level}");
            assert_eq!(ask("gus", at(level), json!({})).await, false, "{level}");
            let search = async |what: &str, body: Value| {
                let found = app.bearer().post(format!("/access/v1/search/{what}"), body).await.is(200).json();
                found["results"].as_array().map(Vec::len)
            };
            let subjects = json!({"subject": {"type": "user"}, "action": at(level), "resource": ledger});
            assert_eq!(search("subject", subjects).await, Some(usize::from(has)), "{level}");
            let resources = json!({"subject": user("vera"), "action": at(level), "resource": {"type": "app"}});
            assert_eq!(search("resource", resources).await, Some(usize::from(has)), "{level}");
        }
        // What is found may be asked: and as it was before she got another level.
        app.clock.set(app.clock.now().plus_seconds(3600));
        let there = format!("/v1/companies/{}/apps/{}/accesses/{}", app.id("northwind"), app.id("ledger"), app.id("vera"));
        app.bearer().put(&there, json!({"permissionLevel": booker})).await.is(204);
        assert_eq!(ask("vera", at(&booker), json!({})).await, true);
        assert_eq!(ask("vera", at(&reader), json!({})).await, false);
        assert_eq!(ask("vera", at(&reader), json!({"at": "2026-11-20T09:30:00Z"})).await, true);
        assert_eq!(ask("vera", at("booker"), json!({"at": "2026-11-20T09:30:00Z"})).await, false);
        let empty = json!({"subject": user("vera"), "action": at(""), "resource": ledger});
        let refused = app.bearer().post("/access/v1/evaluation", empty).await.is(400);
        assert!(refused.body.contains("action.properties.level: must not be empty"), "{refused}");
        let wrong = json!({"subject": user("vera"), "action": {"name": "access", "properties": {"level": 1}}, "resource": ledger});
        app.bearer().post("/access/v1/evaluation", wrong).await.is(400);
    })
    .await;
}
