//! Reasons: windows, lifetimes, renewal, and what begins and ends by itself.

use guildhall_domain::Timestamp;
use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem, verify};

const DAY: i64 = 86_400;

fn day(app: &App, n: i64) -> String {
    app.clock.now().plus_seconds(n * DAY).to_string()
}

async fn pass(app: &App, days: i64) {
    app.clock.set(app.clock.now().plus_seconds(days * DAY));
}

async fn is_member(app: &App, user: &str) -> bool {
    let all = client(app).get(at(app, "/groups/{ops}/members?total=true")).await.is(200).json();
    let ids: Vec<&str> = all["items"].as_array().unwrap().iter().map(|m| m["user"]["id"].as_str().unwrap()).collect();
    let listed = ids.contains(&app.id(user).to_string().as_str());
    assert_eq!(all["total"], ids.len());
    let one = client(app).get(at(app, &format!("/groups/{{ops}}/members/{{{user}}}"))).await.status == 200;
    let rows = app.engine.from_rows();
    let hand = guildhall_testkit::operator(&rows, app.id("northwind").into());
    let found = rows.member(&hand, app.id("ops").into(), app.id(user).into()).await.unwrap();
    assert_eq!((one, found.is_some()), (listed, listed), "every read agrees about {user}");
    listed
}

async fn kinds(app: &App, last: usize) -> Vec<(String, Timestamp)> {
    app.events().await.into_iter().rev().take(last).map(|entry| (entry.kind, entry.at)).collect()
}

#[tokio::test]
async fn a_window_counts_from_its_start_and_ends_by_itself() {
    on_both(async |app| {
        let admin = client(&app);
        let members = at(&app, "/groups/{ops}/members");
        let body = json!({"members": [{"id": app.id("vera")}], "startsAt": day(&app, 2), "endsAt": day(&app, 5), "note": "cover"});
        admin.post(&members, body).await.is(200);
        assert!(!is_member(&app, "vera").await);
        let reasons = admin.get(at(&app, "/groups/{ops}/members/{vera}/reasons")).await.is(200).json();
        assert_eq!((&reasons["reasons"][0]["startsAt"], &reasons["reasons"][0]["endsAt"]), (&json!(day(&app, 2)), &json!(day(&app, 5))));
        let (start, end) = (app.clock.now().plus_seconds(2 * DAY), app.clock.now().plus_seconds(5 * DAY));
        pass(&app, 2).await;
        assert!(is_member(&app, "vera").await, "whether or not anything has run since");
        app.engine.housekeep().await.unwrap();
        app.engine.housekeep().await.unwrap();
        assert_eq!(kinds(&app, 2).await, [("group.members_started".into(), start), ("group.members_added".into(), kinds(&app, 2).await[1].1)]);
        pass(&app, 3).await;
        assert!(!is_member(&app, "vera").await, "past its end it counts nowhere");
        pass(&app, 30).await;
        app.engine.housekeep().await.unwrap();
        app.engine.housekeep().await.unwrap();
        assert_eq!(kinds(&app, 2).await[0], ("group.members_ended".into(), end), "told once, with the instant it is true from");
        assert_eq!(kinds(&app, 2).await[1].0, "group.members_started");
        assert!(!is_member(&app, "vera").await);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn reasons_are_extended_ended_early_and_detached() {
    on_both(async |app| {
        let admin = client(&app);
        let vera = at(&app, "/groups/{ops}/members/{vera}");
        admin.put(&vera, json!({"endsAt": day(&app, 3)})).await.is(201);
        let first = admin.get(format!("{vera}/reasons")).await.is(200).json()["reasons"][0].clone();
        let path = |reason: &Value| format!("{vera}/reasons/{}", reason["id"].as_str().unwrap());
        let longer = admin.patch(path(&first), json!({"endsAt": day(&app, 10), "note": "longer"})).await.is(200).json();
        assert_eq!((&longer["endsAt"], &longer["note"]), (&json!(day(&app, 10)), &json!("longer")));
        assert_eq!(longer["addedAt"], first["addedAt"], "since when stays as it was");
        assert_eq!(
            problem(&admin.patch(path(&first), json!({"note": "x"})).await),
            "404 not-found",
            "another stands in its place"
        );
        pass(&app, 4).await;
        assert!(is_member(&app, "vera").await);
        for (body, wanted) in [
            (json!({"endsAt": day(&app, -1)}), "400 invalid"),
            (json!({"startsAt": day(&app, 9), "endsAt": day(&app, 8)}), "400 invalid"),
            (json!({"endsAt": "tomorrow"}), "400 invalid"),
            (json!({"note": "x".repeat(1001)}), "400 invalid"),
            (json!({"kind": "rule"}), "400 invalid"),
        ] {
            assert_eq!(problem(&admin.patch(path(&longer), body.clone()).await), wanted, "{body}");
        }
        for (who, wanted) in
            [(Who::Viewer, "403 forbidden"), (Who::AdminReadOnly, "403 read-only-key"), (Who::Foreign, "404 not-found")]
        {
            assert_eq!(problem(&client(&app).by(who).patch(path(&longer), json!({"note": "x"})).await), wanted);
            assert_eq!(problem(&client(&app).by(who).delete(path(&longer)).await), wanted);
        }
        client(&app).delete(path(&longer)).await.is(204);
        assert!(!is_member(&app, "vera").await);
        assert_eq!(problem(&client(&app).delete(path(&longer)).await), "404 not-found");
        let kinds: Vec<String> = kinds(&app, 2).await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["group.members_removed", "group.members_changed"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_says_how_long_memberships_last() {
    on_both(async |app| {
        let admin = client(&app);
        let ops = at(&app, "/groups/{ops}");
        for (body, wanted) in [
            (json!({"defaultDays": 0}), "400 invalid"),
            (json!({"longestDays": 3651}), "400 invalid"),
            (json!({"defaultDays": 30, "longestDays": 7}), "400 invalid"),
        ] {
            assert_eq!(problem(&admin.patch(&ops, body.clone()).await), wanted, "{body}");
        }
        let group = admin.patch(&ops, json!({"defaultDays": 7, "longestDays": 30})).await.is(200).json();
        assert_eq!((&group["defaultDays"], &group["longestDays"]), (&json!(7), &json!(30)));
        admin.put(at(&app, "/groups/{ops}/members/{vera}"), json!({})).await.is(201);
        let one = |reply: &Value| reply["reasons"][0].clone();
        let vera = at(&app, "/groups/{ops}/members/{vera}/reasons");
        let reason = one(&admin.get(&vera).await.is(200).json());
        assert_eq!(reason["endsAt"], json!(day(&app, 7)));
        let long = admin.put(at(&app, "/groups/{ops}/members/{gus}"), json!({"endsAt": day(&app, 31)})).await;
        assert_eq!(problem(&long), "400 invalid");
        // Through every other door the same.
        let cakewalk = json!({"userIds": [app.id("edda")], "triggeredByUserId": app.id("ada")});
        app.cakewalk().post(format!("/api/v1/UsersGroups/{}/Users", app.id("ops")), cakewalk).await.is(201);
        let edda = one(&admin.get(at(&app, "/groups/{ops}/members/{edda}/reasons")).await.is(200).json());
        assert_eq!(edda["endsAt"], json!(day(&app, 7)));
        pass(&app, 5).await;
        let path = format!("{vera}/{}/renew", reason["id"].as_str().unwrap());
        let renewed = admin.post(&path, json!({})).await.is(200).json();
        assert_eq!(renewed["endsAt"], json!(day(&app, 7)));
        let ending = admin.get(at(&app, &format!("/endings?days=3&group={}", app.id("ops")))).await.is(200).json();
        let users: Vec<&Value> = ending["items"].as_array().unwrap().iter().map(|e| &e["user"]).collect();
        assert_eq!(users, [&json!(app.id("edda"))]);
        let first = admin.get(at(&app, "/endings?days=30&limit=1")).await.is(200).json();
        let next =
            admin.get(at(&app, &format!("/endings?days=30&limit=1&cursor={}", first["next"].as_str().unwrap()))).await;
        assert_eq!(next.is(200).json()["items"][0]["user"], json!(app.id("vera")));
        for query in ["days=0", "days=x", "limit=0", "cursor=x", "group=x", "other=1"] {
            assert_eq!(problem(&admin.get(at(&app, &format!("/endings?{query}"))).await), "400 invalid", "{query}");
        }
        // Without a lifetime there is nothing to renew for.
        admin.patch(&ops, json!({"defaultDays": null, "longestDays": null})).await.is(200);
        let path = format!("{vera}/{}/renew", renewed["id"].as_str().unwrap());
        assert_eq!(problem(&admin.post(&path, json!({})).await), "409 conflict");
    })
    .await;
}
