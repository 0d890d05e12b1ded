//! The brake: whole lists that would take too many out of a group are held.

use guildhall_domain::connection::Adopt;
use guildhall_testkit::seed::person;
use guildhall_testkit::{App, Who, on_both, operator};
use serde_json::json;
use uuid::Uuid;

use super::{at, client, problem};

async fn hire(app: &App, n: usize) -> Vec<Uuid> {
    let hand = operator(&app.engine, app.id("northwind").into());
    let mut ids = Vec::new();
    for i in 0..n {
        ids.push(app.engine.create_user(&hand, person(&format!("Crew {i}"), None)).await.unwrap().value.id.uuid());
    }
    ids
}

async fn fill(app: &App, n: usize) -> Vec<Uuid> {
    let ids = hire(app, n).await;
    app.bearer().patch(group(app), json!({"users": ids})).await.is(200);
    ids
}

fn group(app: &App) -> String {
    format!("/api/v1/auth/group/{}", app.id("ops"))
}

async fn members(app: &App) -> u64 {
    client(app).get(at(app, "/groups/{ops}/members/count")).await.is(200).json()["direct"].as_u64().unwrap()
}

#[tokio::test]
async fn a_list_that_takes_too_many_out_is_held_until_released() {
    on_both(async |app| {
        let ids = fill(&app, 40).await;
        let events = app.events().await.len();
        // 9 are few, 8 of 40 are not more than a fifth, 10 are a quarter.
        let keep = |n: usize| json!({"users": ids[..n], "name": "Renamed"});
        let held = app.bearer().patch(group(&app), keep(30)).await;
        assert_eq!(held.status, 400, "{held}");
        assert!(held.json()["non_field_errors"][0].as_str().unwrap().contains("remove 10 of 40 members"), "{held}");
        assert_eq!((members(&app).await, app.events().await.len()), (40, events), "nothing of it is kept");
        app.bearer().patch(group(&app), keep(31)).await.is(200);
        assert_eq!(members(&app).await, 31);
        assert_eq!(app.bearer().patch(group(&app), json!({"users": []})).await.status, 400);
        let key = app.key(Who::Admin).key.id;
        let release = at(&app, "/groups/{ops}/release");
        let told = client(&app).post(&release, json!({"key": key.uuid(), "removals": 31})).await.is(200).json();
        assert_eq!((&told["removals"], &told["key"]), (&json!(31), &json!(key.uuid())));
        // It is let to this key alone, for this group.
        let other =
            client(&app).post(&release, json!({"key": app.key(Who::Viewer).key.id.uuid(), "removals": 31})).await;
        other.is(200);
        app.bearer().patch(group(&app), json!({"users": []})).await.is(200);
        assert_eq!(members(&app).await, 0);
        // And is spent with it.
        app.bearer().patch(group(&app), json!({"users": ids})).await.is(200);
        assert_eq!(app.bearer().patch(group(&app), json!({"users": []})).await.status, 400);
        client(&app).post(&release, json!({"key": key.uuid(), "removals": 40})).await.is(200);
        app.clock.set(app.clock.now().plus_seconds(24 * 3600));
        assert_eq!(app.bearer().patch(group(&app), json!({"users": []})).await.status, 400, "a day later it is over");
        client(&app).patch(at(&app, ""), json!({"settings": {"brakePercent": 100}})).await.is(200);
        app.bearer().patch(group(&app), json!({"users": []})).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_connection_has_a_brake_of_its_own() {
    on_both(async |app| {
        let ids = hire(&app, 20).await;
        let (id, token) = app.connect("Entra", false, Adopt::None).await;
        let (other, others) = app.connect("Okta", false, Adopt::None).await;
        let (entra, path) = (app.token(&token), at(&app, &format!("/connections/{id}")));
        let keep = |n: usize| json!({"users": ids[..n]});
        entra.patch(group(&app), keep(20)).await.is(200);
        // Three are few for the company, and too many for this connection.
        let told = client(&app).patch(&path, json!({"brakeMembers": 2})).await.is(200).json();
        assert_eq!((&told["brakeMembers"], &told["brakePercent"]), (&json!(2), &json!(null)));
        let held = entra.patch(group(&app), keep(17)).await;
        assert_eq!(held.status, 400, "{held}");
        assert!(held.json()["non_field_errors"][0].as_str().unwrap().contains("remove 3 of 20 members"), "{held}");
        entra.patch(group(&app), keep(18)).await.is(200);
        // It is nobody else's.
        let second = format!("/api/v1/auth/group/{}", app.id("eng"));
        let okta = app.token(&others);
        okta.patch(&second, keep(20)).await.is(200);
        okta.patch(&second, keep(17)).await.is(200);
        // Cleared, the company's is in force: 12 of 18 are more than a fifth.
        let told = client(&app).patch(&path, json!({"brakeMembers": null})).await.is(200).json();
        assert_eq!(told["brakeMembers"], json!(null));
        assert_eq!(entra.patch(group(&app), keep(6)).await.status, 400);
        client(&app).patch(&path, json!({"brakePercent": 100})).await.is(200);
        entra.patch(group(&app), keep(6)).await.is(200);
        assert_eq!(members(&app).await, 6);
        client(&app).delete(at(&app, &format!("/connections/{other}"))).await.is(204);
        let made = json!({"name": "LDAP", "kind": "scim", "brakeMembers": 7, "brakePercent": 3});
        let made = client(&app).post(at(&app, "/connections"), made).await.is(201).json();
        assert_eq!((&made["brakeMembers"], &made["brakePercent"]), (&json!(7), &json!(3)));
        for wrong in [
            json!({"brakeMembers": 0}),
            json!({"brakeMembers": 100_001}),
            json!({"brakePercent": 0}),
            json!({"brakePercent": 101}),
            json!({"brakePercent": "20"}),
        ] {
            assert_eq!(problem(&client(&app).patch(&path, wrong.clone()).await), "400 invalid", "{wrong}");
        }
        super::verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_release_is_an_administrators() {
    on_both(async |app| {
        let release = at(&app, "/groups/{ops}/release");
        let key = app.key(Who::Viewer).key.id.uuid();
        for (who, wanted) in [
            (Who::Viewer, "403 forbidden"),
            (Who::Editor, "403 forbidden"),
            (Who::AdminReadOnly, "403 read-only-key"),
            (Who::Foreign, "404 not-found"),
        ] {
            let told = client(&app).by(who).post(&release, json!({"key": key, "removals": 5})).await;
            assert_eq!(problem(&told), wanted, "{who:?}");
        }
        for (body, wanted) in [
            (json!({"key": key, "removals": 0}), "400 invalid"),
            (json!({"key": key, "removals": 100_001}), "400 invalid"),
            (json!({"key": "x", "removals": 5}), "400 invalid"),
            (json!({"removals": 5}), "400 invalid"),
            (json!({"key": key, "removals": 5, "for": "ever"}), "400 invalid"),
            (json!({"key": app.key(Who::Foreign).key.id.uuid(), "removals": 5}), "422 unknown-reference"),
            (json!({"key": Uuid::max(), "removals": 5}), "422 unknown-reference"),
        ] {
            assert_eq!(problem(&client(&app).post(&release, body.clone()).await), wanted, "{body}");
        }
        let gone = client(&app).post(at(&app, "/groups/{secret}/release"), json!({"key": key, "removals": 5})).await;
        assert_eq!(problem(&gone), "404 not-found");
    })
    .await;
}
