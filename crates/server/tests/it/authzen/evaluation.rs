//! Decisions, one and many.

use guildhall_testkit::on_both;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{action, decision, evaluate, group, nested, user};

#[tokio::test]
async fn membership_decides() {
    on_both(async |app| {
        nested(&app).await;
        let (vera, eng, ops) = (app.id("vera"), app.id("eng"), app.id("ops"));
        assert!(decision(&app, vera, "member", eng).await);
        assert!(decision(&app, vera, "direct_member", eng).await);
        assert!(decision(&app, vera, "member", ops).await, "by nesting");
        assert!(!decision(&app, vera, "direct_member", ops).await);
        assert!(decision(&app, "VERA.viewer@northwind.example", "member", ops).await, "by e-mail address");
        // Whoever counts for nothing, and what is not there, is denied and no error.
        for (subject, name, resource) in [
            (app.id("ivan").to_string(), "member", eng),
            (app.id("ada").to_string(), "member", eng),
            (vera.to_string(), "owner", eng),
            (vera.to_string(), "Member", eng),
            (vera.to_string(), "member", Uuid::max()),
            (vera.to_string(), "member", app.id("secret")),
            (app.id("carl").to_string(), "member", app.id("secret")),
            ("carl.contoso@northwind.example".into(), "member", app.id("secret")),
            ("nobody@northwind.example".into(), "member", eng),
            ("vera".into(), "member", eng),
        ] {
            assert!(!decision(&app, &subject, name, resource).await, "{subject} {name} {resource}");
        }
        for (subject, resource) in [
            (json!({"type": "group", "id": vera}), group(eng)),
            (user(vera), json!({"type": "document", "id": eng})),
            (user(vera), group("Engineering")),
        ] {
            let ask = json!({"subject": subject, "action": action("member"), "resource": resource});
            assert_eq!(evaluate(&app, ask).await.to_string(), r#"200 {"decision":false}"#);
        }
        // What is taken away is gone at the next call.
        let path = format!("/v1/companies/{}/groups/{eng}/members/{vera}", app.id("northwind"));
        app.bearer().delete(path).await.is(204);
        assert!(!decision(&app, vera, "member", ops).await);
    })
    .await;
}

#[tokio::test]
async fn roles_are_held_through_groups() {
    on_both(async |app| {
        nested(&app).await;
        let at = |path: &str| format!("/v1/companies/{}{path}", app.id("northwind"));
        let made = json!({"name": "Auditors", "permissions": [{"permission": "REPORT_MANAGEMENT", "actions": ["READ"]}]});
        let role = app.bearer().post(at("/roles"), made).await.is(201).json()["id"].as_str().expect("an id").to_owned();
        let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [app.id("northwind")]}]}]});
        let give = json!({"add": [{"role": role, "scope": scope}]});
        app.bearer().post(at(&format!("/groups/{}/roles", app.id("ops"))), give).await.is(204);
        let resource = json!({"type": "role", "id": role});
        let holds = async |user_id: Uuid, name: &str| {
            evaluate(&app, json!({"subject": user(user_id), "action": action(name), "resource": resource})).await.to_string()
        };
        assert_eq!(holds(app.id("vera"), "holder").await, r#"200 {"decision":true}"#);
        for (user_id, name) in [(app.id("vera"), "member"), (app.id("ada"), "holder"), (app.id("carl"), "holder"), (app.id("ivan"), "holder")] {
            assert_eq!(holds(user_id, name).await, r#"200 {"decision":false}"#, "{name}");
        }
        let of_group = json!({"subject": user(app.id("vera")), "action": action("holder"), "resource": group(app.id("ops"))});
        assert_eq!(evaluate(&app, of_group).await.to_string(), r#"200 {"decision":false}"#);
        let search = async |what: &str, body: Value| {
            let reply = app.bearer().post(format!("/access/v1/search/{what}"), body).await.is(200);
            (reply.json()["results"].clone(), reply.json()["page"]["next_token"].clone())
        };
        let (subject, none) = (user(app.id("vera")), json!(""));
        let who = json!({"subject": {"type": "user"}, "action": action("holder"), "resource": resource});
        assert_eq!(search("subject", who).await, (json!([subject]), none.clone()));
        let what = json!({"subject": subject, "action": action("holder"), "resource": {"type": "role"}});
        assert_eq!(search("resource", what).await, (json!([resource]), none.clone()));
        let how = json!({"subject": subject, "resource": resource});
        assert_eq!(search("action", how).await, (json!([{"name": "holder"}]), none.clone()));
        let nobody = json!({"subject": {"type": "user"}, "action": action("holder"), "resource": {"type": "role", "id": Uuid::max()}});
        assert_eq!(search("subject", nobody).await, (json!([]), none));
    })
    .await;
}

#[tokio::test]
async fn many_in_a_call() {
    on_both(async |app| {
        nested(&app).await;
        let many = async |body: Value| app.bearer().post("/access/v1/evaluations", body).await.is(200).to_string();
        let eng = json!({"resource": group(app.id("eng"))});
        let ops = json!({"resource": group(app.id("ops"))});
        let ask = |name: &str, list: Vec<&Value>, semantic: Option<&str>| {
            let options = semantic.map_or(json!({}), |semantic| json!({"evaluations_semantic": semantic}));
            let (subject, action) = (user(app.id("vera")), action(name));
            json!({"subject": subject, "action": action, "evaluations": list, "options": options, "context": {"time": "now"}})
        };
        let all = r#"200 {"evaluations":[{"decision":true},{"decision":false},{"decision":true}]}"#;
        assert_eq!(many(ask("direct_member", vec![&eng, &ops, &eng], None)).await, all);
        assert_eq!(many(ask("direct_member", vec![&eng, &ops, &eng], Some("execute_all"))).await, all);
        assert_eq!(
            many(ask("direct_member", vec![&eng, &ops, &eng], Some("deny_on_first_deny"))).await,
            r#"200 {"evaluations":[{"decision":true},{"decision":false}]}"#
        );
        assert_eq!(
            many(ask("direct_member", vec![&ops, &eng, &eng], Some("permit_on_first_permit"))).await,
            r#"200 {"evaluations":[{"decision":false},{"decision":true}]}"#
        );
        assert_eq!(
            many(ask("member", vec![&ops, &eng], Some("deny_on_first_deny"))).await,
            r#"200 {"evaluations":[{"decision":true},{"decision":true}]}"#
        );
        // What an evaluation says itself comes before what stands in for it.
        let own = json!({"subject": user("edda.editor@northwind.example"), "action": action("member"), "resource": group(app.id("eng"))});
        assert_eq!(
            many(ask("direct_member", vec![&own, &eng], None)).await,
            r#"200 {"evaluations":[{"decision":false},{"decision":true}]}"#
        );
        // Without a list it is one evaluation.
        let mut one = own.clone();
        one["subject"] = user(app.id("vera"));
        assert_eq!(many(one.clone()).await, r#"200 {"decision":true}"#);
        one["evaluations"] = json!([]);
        assert_eq!(many(one).await, r#"200 {"decision":true}"#);
        let full: Vec<&Value> = vec![&eng; 1000];
        let answer = app.bearer().post("/access/v1/evaluations", ask("member", full, None)).await.is(200).json();
        assert_eq!(answer["evaluations"].as_array().map(Vec::len), Some(1000));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    on_both(async |app| {
        let whole = json!({"subject": user(app.id("vera")), "action": action("member"), "resource": group(app.id("eng"))});
        let with = |member: &str, value: Value| {
            let mut changed = whole.clone();
            changed[member] = value;
            changed
        };
        let without = |member: &str| {
            let mut changed = whole.clone();
            changed.as_object_mut().expect("an object").remove(member);
            changed
        };
        for (body, wanted) in [
            (without("subject"), "subject: is missing"),
            (without("action"), "action: is missing"),
            (without("resource"), "resource: is missing"),
            (with("subject", json!("vera")), "subject: expected an object, not string \"vera\""),
            (with("subject", json!(["user", "x"])), "subject: expected an object, not a list"),
            (with("subject", json!({"type": "user"})), "subject.id: is missing"),
            (with("subject", json!({"id": "x"})), "subject.type: is missing"),
            (with("subject", json!({"type": "user", "id": 7})), "subject.id: expected a string, not integer `7`"),
            (with("subject", json!({"type": "", "id": "x"})), "subject.type: must not be empty"),
            (with("resource", json!({"type": "group", "id": ""})), "resource.id: must not be empty"),
            (with("resource", json!({"type": "group", "id": "x".repeat(1001)})), "resource.id: is longer than 1000 characters"),
            (with("action", json!({"name": "x".repeat(256)})), "action.name: is longer than 255 characters"),
            (with("action", json!({})), "action.name: is missing"),
            (with("action", json!({"name": "member", "properties": []})), "action.properties: expected an object, not a list"),
            (with("context", json!("now")), "context: expected an object, not string \"now\""),
        ] {
            let reply = evaluate(&app, body.clone()).await;
            assert_eq!(reply.to_string(), format!("400 {wanted}"), "{body}");
            let reply = app.bearer().post("/access/v1/evaluations", body.clone()).await;
            assert_eq!(reply.to_string(), format!("400 {wanted}"), "{body}");
        }
        for (body, wanted) in [
            (json!({"evaluations": [{"subject": {"type": "user", "id": []}}]}), "evaluations[0].subject.id: expected a string, not a list"),
            (json!({"evaluations": {}}), "evaluations: expected a list, not an object"),
            (json!({"evaluations": vec![&whole; 1001]}), "evaluations: more than 1000 in one call"),
            (json!({"evaluations": [whole], "options": {"evaluations_semantic": "all"}}), "options.evaluations_semantic: unknown variant `all`, expected one of `execute_all`, `deny_on_first_deny`, `permit_on_first_permit`"),
        ] {
            let reply = app.bearer().post("/access/v1/evaluations", body).await;
            assert_eq!(reply.to_string(), format!("400 {wanted}"));
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_is_wrong_among_many_is_denied_and_told_why() {
    on_both(async |app| {
        let whole = json!({"subject": user(app.id("vera")), "action": action("member"), "resource": group(app.id("eng"))});
        let many = async |body: Value| app.bearer().post("/access/v1/evaluations", body).await.is(200).json();
        let denied = |message: &str| json!({"decision": false, "context": {"error": {"status": 400, "message": message}}});
        let permitted = json!({"decision": true});
        for (one, wanted) in [
            (json!({"subject": user("x")}), "evaluations[1].action: is missing"),
            (json!({}), "evaluations[1].subject: is missing"),
            (json!({"subject": {"id": "x"}, "action": action("member"), "resource": group("x")}), "evaluations[1].subject.type: is missing"),
            (json!({"subject": user("x"), "action": {}, "resource": group("x")}), "evaluations[1].action.name: is missing"),
            (json!({"subject": user("x"), "action": action("member"), "resource": group("")}), "evaluations[1].resource.id: must not be empty"),
            (json!({"subject": user("x".repeat(1001)), "action": action("member"), "resource": group("x")}), "evaluations[1].subject.id: is longer than 1000 characters"),
            (json!({"subject": user("x"), "action": action("member"), "resource": group("x"), "context": {"at": "now"}}), "evaluations[1].context.at: is not an RFC 3339 time, such as 2026-11-20T09:30:00Z"),
        ] {
            let body = json!({"evaluations": [whole, one, whole]});
            assert_eq!(many(body).await, json!({"evaluations": [permitted, denied(wanted), permitted]}));
            let body = json!({"evaluations": [whole, one, whole], "options": {"evaluations_semantic": "deny_on_first_deny"}});
            assert_eq!(many(body).await, json!({"evaluations": [permitted, denied(wanted)]}));
        }
        // What an entity lacks is that of the one at the top.
        let body = json!({
            "subject": {"type": "user"}, "action": action("member"), "resource": {"type": "group", "id": app.id("ops")},
            "evaluations": [
                {"subject": {"id": app.id("vera")}, "resource": {"id": app.id("eng")}},
                {"subject": {"id": app.id("vera")}},
                {"subject": {"id": app.id("vera"), "type": "group"}, "resource": {"id": app.id("eng")}},
            ],
        });
        assert_eq!(many(body).await, json!({"evaluations": [{"decision": true}, {"decision": false}, {"decision": false}]}));
    })
    .await;
}
