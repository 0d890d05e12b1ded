//! Drift: what the source says now against what we hold, and one step to put it right.

use guildhall_domain::connection::Adopt;
use guildhall_server::jobs::run_due;
use guildhall_testkit::ldap::{Directory, PASSWORD, group, person};
use guildhall_testkit::on_both;
use serde_json::json;

use super::{at, connect, counts, members, run, settings, user};

#[tokio::test]
async fn what_was_changed_by_hand_shows_and_is_put_right() {
    on_both(async |app| {
        let mut directory = Directory::start().await;
        directory.person("zoe", "Zoë Müller", &[]).await;
        let ops: &[(&str, &[&str])] = &[("objectClass", &["groupOfNames"]), ("member", &[&person("zoe")])];
        directory.add(&group("Operations"), ops).await;
        // Somebody was in the group before the directory came.
        let ada = json!({"members": [{"id": app.id("ada")}]});
        app.bearer().post(at(&app, &format!("/groups/{}/members", app.id("ops"))), ada).await.is(200);
        let connection = connect(&app, settings(&directory), PASSWORD).await;
        run(&app, &connection, "full", false).await;
        let zoe = user(&app, "zoe@example.org").await["id"].as_str().unwrap().to_owned();
        app.bearer()
            .patch(at(&app, &format!("/users/{zoe}")), json!({"name": "Z", "status": "inactive"}))
            .await
            .is(200);
        let drift = run(&app, &connection, "settle", true).await;
        assert_eq!(counts(&drift), json!({"usersChanged": 1, "membersRemoved": 1}), "{drift}");
        assert!(drift["changes"].to_string().contains("whom the source does not have"), "{drift}");
        assert_eq!(members(&app, "Operations").await, ["ada.example@northwind.example"]);
        let settled = run(&app, &connection, "settle", false).await;
        assert_eq!((&settled["state"], &settled["problemsTotal"]), (&json!("done"), &json!(0)), "{settled}");
        assert_eq!(members(&app, "Operations").await, ["zoe@example.org"]);
        assert_eq!(user(&app, "zoe@example.org").await["name"], "Zoë Müller");
        assert_eq!(counts(&run(&app, &connection, "settle", true).await), json!({}));
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_pushes_is_held_against_what_it_pushed_last() {
    on_both(async |app| {
        let (id, token) = app.connect("Okta", true, Adopt::All).await;
        let connection = at(&app, &format!("/connections/{id}"));
        let okta = app.token(&token);
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "zoe@example.org",
            "displayName": "Zoë Müller", "emails": [{"value": "zoe@example.org"}], "active": true});
        let zoe = okta.post("/scim/v2/Users", body).await.is(201).json()["id"].as_str().unwrap().to_owned();
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew", "members": [{"value": zoe}]});
        let crew = okta.post("/scim/v2/Groups", body).await.is(201).json()["id"].as_str().unwrap().to_owned();
        assert_eq!(counts(&run(&app, &connection, "settle", true).await), json!({}), "all is as it was pushed");
        app.bearer().patch(at(&app, &format!("/users/{zoe}")), json!({"name": "Somebody"})).await.is(200);
        app.bearer().patch(at(&app, &format!("/groups/{crew}")), json!({"name": "Crowd"})).await.is(200);
        let drift = run(&app, &connection, "settle", true).await;
        assert_eq!(counts(&drift), json!({"usersChanged": 1, "groupsChanged": 1}), "{drift}");
        // What it pushes later counts as said.
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "displayName", "value": "Zoe M"}]});
        okta.patch(format!("/scim/v2/Users/{zoe}"), patch).await.is(200);
        assert_eq!(counts(&run(&app, &connection, "settle", true).await), json!({"groupsChanged": 1}));
        let settled = run(&app, &connection, "settle", false).await;
        assert_eq!((&settled["state"], &settled["problemsTotal"]), (&json!("done"), &json!(0)), "{settled}");
        assert_eq!(members(&app, "Crew").await, ["zoe@example.org"]);
        assert_eq!(user(&app, "zoe@example.org").await["name"], "Zoe M");
        // By schedule as well.
        app.bearer().patch(&connection, json!({"settings": {"driftEveryHours": 1}})).await.is(200);
        app.clock.set(app.clock.now().plus_seconds(3601));
        run_due(app.server()).await.unwrap();
        let last = app.bearer().get(format!("{connection}/runs?limit=1")).await.json()["items"][0].clone();
        assert_eq!((&last["askedBy"], &last["kind"], counts(&last)), (&json!("system"), &json!("settle"), json!({})));
    })
    .await;
}
