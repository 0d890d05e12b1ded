//! Keys that stand for a connection: what they see, give, take over and end.

use guildhall_domain::connection::Adopt;
use guildhall_testkit::on_both;
use serde_json::{Value, json};

use super::{GROUPS, USERS, error, found, group, hire, id, members, patch, user, verify};

fn add(id: &str) -> Value {
    patch(json!([{"op": "add", "path": "members", "value": [{"value": id}]}]))
}

fn remove(id: &str) -> Value {
    patch(json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]))
}

#[tokio::test]
async fn a_connection_gives_and_ends_its_own_reasons() {
    on_both(async |app| {
        let (_, token) = app.connect("Entra", false, Adopt::None).await;
        let (entra, hand) = (app.token(&token), app.bearer());
        let vera = app.id("vera").to_string();
        // Vera is in Engineering by hand; the connection sees and gives its own.
        let eng = app.id("eng").to_string();
        assert!(members(&entra, &eng).await.is_empty());
        entra.patch(group(&app, "eng"), add(&vera)).await.is(200);
        assert_eq!(members(&entra, &eng).await, std::slice::from_ref(&vera));
        // Hands cannot end what it gave, and it ends nothing of theirs.
        assert_eq!(error(&hand.patch(group(&app, "eng"), remove(&vera)).await), "409");
        entra.patch(group(&app, "eng"), remove(&vera)).await.is(200);
        entra.patch(group(&app, "eng"), remove(&vera)).await.is(200);
        assert!(members(&entra, &eng).await.is_empty());
        assert_eq!(members(&hand, &eng).await, std::slice::from_ref(&vera));
        // A whole list is a difference against what it is shown.
        let put = json!({"displayName": "Engineering", "members": [{"value": app.id("gus")}]});
        entra.put(group(&app, "eng"), put).await.is(200);
        let mut both = vec![vera.clone(), app.id("gus").to_string()];
        both.sort();
        assert_eq!(members(&hand, &eng).await, both);
        entra.put(group(&app, "eng"), json!({"displayName": "Engineering", "members": []})).await.is(200);
        assert_eq!(members(&hand, &eng).await, [vera]);
        // The record of a group that is not its own it may not edit, nor delete.
        assert_eq!(error(&entra.put(group(&app, "eng"), json!({"displayName": "Mine"})).await), "409");
        assert_eq!(error(&entra.delete(group(&app, "eng")).await), "409");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn people_are_linked_made_adopted_and_let_go() {
    on_both(async |app| {
        let (_, token) = app.connect("Entra", false, Adopt::None).await;
        let (_, other) = app.connect("Okta", false, Adopt::Users).await;
        let (entra, okta, hand) = (app.token(&token), app.token(&other), app.bearer());
        let made = entra.post(USERS, json!({"userName": "new@northwind.example", "externalId": "e-1"})).await.is(201);
        let new = id(&made);
        assert_eq!(made.json()["externalId"], "e-1");
        let path = format!("{USERS}/{new}");
        // Each connection knows them by its own id; each id once.
        let adopted = okta
            .post(USERS, json!({"userName": "NEW@northwind.example", "externalId": "o-1", "title": "Dr."}))
            .await
            .is(201);
        assert_eq!((id(&adopted), &adopted.json()["externalId"]), (new.clone(), &json!("o-1")));
        assert_eq!(entra.get(&path).await.json()["externalId"], "e-1");
        let by =
            |external: &str| format!("{USERS}?filter={}", super::encoded(&format!("externalId eq \"{external}\"")));
        assert_eq!(okta.get(by("o-1")).await.json()["totalResults"], 1);
        assert_eq!(okta.get(by("e-1")).await.json()["totalResults"], 0);
        assert_eq!(
            error(&entra.post(USERS, json!({"userName": "x@y.example", "externalId": "e-1"})).await),
            "409 uniqueness"
        );
        // Who is there and not linked is a conflict where nothing may be adopted.
        let vera = json!({"userName": "vera.viewer@northwind.example"});
        assert_eq!(error(&entra.post(USERS, vera.clone()).await), "409 uniqueness");
        let edit = patch(json!([{"op": "replace", "path": "title", "value": "Mx."}]));
        assert_eq!(error(&entra.patch(user(&app, "vera"), edit.clone()).await), "409");
        assert_eq!(error(&entra.delete(user(&app, "vera")).await), "409");
        okta.patch(user(&app, "vera"), edit).await.is(200);
        // Each keeps its reasons; a deletion ends its own, and the person stays while another knows them.
        for scim in [&entra, &okta] {
            scim.patch(group(&app, "ops"), add(&new)).await.is(200);
        }
        entra.delete(&path).await.is(204);
        assert_eq!(error(&entra.get(&path).await), "404");
        assert_eq!(error(&entra.patch(group(&app, "ops"), add(&new)).await), "400 invalidValue");
        assert_eq!(members(&okta, &app.id("ops").to_string()).await, std::slice::from_ref(&new));
        assert_eq!(hand.get(&path).await.json()["active"], true);
        okta.delete(&path).await.is(204);
        assert!(members(&hand, &app.id("ops").to_string()).await.is_empty());
        // Okta had only taken them over, so it does not put them out.
        assert_eq!(hand.get(&path).await.json()["active"], true);
        // Back again, under the same id.
        let again = entra.post(USERS, json!({"userName": "new@northwind.example", "externalId": "e-1"})).await.is(201);
        assert_eq!(id(&again), new);
        entra.delete(&path).await.is(204);
        assert_eq!(hand.get(&path).await.json()["active"], false);
        okta.delete(user(&app, "vera")).await.is(204);
        assert_eq!(hand.get(user(&app, "vera")).await.json()["active"], true);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_has_the_memberships_again() {
    on_both(async |app| {
        let (_, token) = app.connect("Entra", true, Adopt::None).await;
        let entra = app.token(&token);
        let new = hire(&entra, "new@northwind.example").await;
        let crew = found(&entra, "Crew", &[&new]).await;
        let active = |is: &str| patch(json!([{"op": "Replace", "path": "active", "value": is}]));
        assert_eq!(entra.patch(format!("{USERS}/{new}"), active("False")).await.is(200).json()["active"], false);
        assert!(members(&entra, &crew).await.is_empty());
        // Whoever is not shown is not removed by a list without them.
        entra.put(format!("{GROUPS}/{crew}"), json!({"displayName": "Crew", "members": []})).await.is(200);
        assert_eq!(entra.patch(format!("{USERS}/{new}"), active("True")).await.is(200).json()["active"], true);
        assert_eq!(members(&entra, &crew).await, [new]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn groups_come_from_one_connection_or_none() {
    on_both(async |app| {
        let (_, token) = app.connect("Entra", true, Adopt::None).await;
        let (_, other) = app.connect("Okta", false, Adopt::Groups).await;
        let (entra, okta, hand) = (app.token(&token), app.token(&other), app.bearer());
        // The same name twice within a connection is one too many; beside another's or a hand's it is not.
        let crew = found(&entra, "Crew", &[]).await;
        assert_eq!(error(&entra.post(GROUPS, json!({"displayName": "CREW"})).await), "409 uniqueness");
        let other = found(&entra, "Other", &[]).await;
        assert_eq!(
            error(
                &entra
                    .patch(
                        format!("{GROUPS}/{other}"),
                        patch(json!([{"op": "replace", "value": {"id": other, "displayName": "crew"}}]))
                    )
                    .await
            ),
            "409 uniqueness"
        );
        let theirs = found(&okta, "Crew", &[]).await;
        assert_ne!(theirs, crew);
        // Another's group is out of sight; a hand's is not listed, so that no provider takes it for its own by its name.
        assert_eq!(error(&okta.get(format!("{GROUPS}/{crew}")).await), "404");
        assert_eq!(error(&okta.patch(format!("{GROUPS}/{crew}"), add(&app.id("gus").to_string())).await), "404");
        assert_eq!(super::column(&entra.get(GROUPS).await, "displayName"), ["Crew", "Other"]);
        let named = format!("{GROUPS}?filter={}", super::encoded("displayName eq \"Operations\""));
        assert_eq!(entra.get(&named).await.json()["totalResults"], 0);
        assert_ne!(found(&entra, "Operations", &[]).await, app.id("ops").to_string());
        // Where groups may be adopted, the one of the name that comes from none is.
        assert_eq!(found(&okta, "operations", &[&app.id("gus").to_string()]).await, app.id("ops").to_string());
        assert_eq!(error(&okta.post(GROUPS, json!({"displayName": "Operations"})).await), "409 uniqueness");
        // One-way groups refuse hands in what their members are; two-way ones do not.
        assert_eq!(error(&hand.patch(format!("{GROUPS}/{crew}"), add(&app.id("gus").to_string())).await), "409");
        hand.patch(group(&app, "ops"), add(&app.id("vera").to_string())).await.is(200);
        hand.put(format!("{GROUPS}/{crew}"), json!({"displayName": "Crew", "members": []})).await.is(200);
        // What it made is archived when it deletes it, what it took over stays without what it kept there.
        entra.delete(format!("{GROUPS}/{crew}")).await.is(204);
        assert_eq!(error(&hand.get(format!("{GROUPS}/{crew}")).await), "404");
        okta.delete(group(&app, "ops")).await.is(204);
        assert_eq!(error(&okta.get(group(&app, "ops")).await), "404");
        assert_eq!(members(&hand, &app.id("ops").to_string()).await, [app.id("vera").to_string()]);
        // The name and id are free for another.
        found(&entra, "Crew", &[]).await;
        verify(&app).await;
    })
    .await;
}
