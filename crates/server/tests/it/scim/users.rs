//! Users.

use guildhall_testkit::{Who, on_both};
use serde_json::{Value, json};

use super::{ENTERPRISE, UNKNOWN, USERS, error, hire, id, patch, user, verify};

fn full() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "x-1",
        "userName": "grace@northwind.example",
        "name": {"givenName": "Grace", "familyName": "Hopper", "honorificPrefix": "Admiral"},
        "displayName": "Grace H.",
        "title": "Admiral",
        "active": true,
        "emails": [
            {"value": "grace@home.example", "type": "home"},
            {"value": "grace.hopper@northwind.example", "type": "work", "primary": true},
        ],
        "phoneNumbers": [{"value": "+1 555", "type": "mobile"}],
        ENTERPRISE: {"department": "Compilers", "employeeNumber": "7"},
        "favouriteColour": "navy",
        "urn:example:unknown:User": {"x": 1},
    })
}

#[tokio::test]
async fn a_user_lives_and_goes() {
    on_both(async |app| {
        let scim = app.bearer();
        let made = scim.post(USERS, full()).await.is(201);
        assert_eq!(made.header("content-type"), "application/scim+json");
        let id = id(&made);
        assert_eq!(made.header("location"), format!("{}{USERS}/{id}", app.url));
        let mut expected = full();
        for unknown in ["favouriteColour", "urn:example:unknown:User"] {
            expected.as_object_mut().unwrap().remove(unknown);
        }
        expected["id"] = id.as_str().into();
        expected["meta"] = json!({
            "resourceType": "User", "created": "2026-11-20T09:00:00.000Z", "lastModified": "2026-11-20T09:00:00.000Z",
            "location": format!("{}{USERS}/{id}", app.url), "version": made.header("etag"),
        });
        assert_eq!(made.json(), expected);
        let path = format!("{USERS}/{id}");
        assert_eq!(scim.get(&path).await.is(200).json(), expected);
        // The other doors know the same person.
        let native = app.bearer().get(format!("/v1/companies/{}/users/{id}", app.id("northwind"))).await.is(200).json();
        assert_eq!(
            [&native["name"], &native["email"], &native["givenName"], &native["attributes"]["department"]],
            [&json!("Grace H."), &json!("grace.hopper@northwind.example"), &json!("Grace"), &json!("Compilers")]
        );
        // A replacement empties what it leaves out; the address stays, and who is active stays so.
        let put = scim.put(&path, json!({"userName": "grace@northwind.example", "id": "other"})).await.is(200).json();
        for gone in ["displayName", "name", "title", "emails", "phoneNumbers", "externalId", ENTERPRISE] {
            assert!(put[gone].is_null(), "{gone}: {put}");
        }
        assert_eq!(put["active"], true);
        // Sending back what is there is no event.
        let before = app.events().await.len();
        let shown = scim.get(&path).await.json();
        scim.put(&path, shown).await.is(200);
        assert_eq!(app.events().await.len(), before);
        scim.delete(&path).await.is(204);
        for gone in [scim.get(&path).await, scim.delete(&path).await, scim.put(&path, full()).await] {
            assert_eq!(error(&gone), "404");
        }
        let native = app.bearer().get(format!("/v1/companies/{}/users/{id}", app.id("northwind"))).await.is(200).json();
        assert_eq!(native["status"], "inactive");
        // Who is deleted by hand comes back under the same id.
        let again = scim.post(USERS, full()).await.is(201);
        assert_eq!((super::id(&again), &again.json()["active"]), (id, &json!(true)));
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_user_without_an_address_has_none() {
    on_both(async |app| {
        let scim = app.bearer();
        let made = scim.post(USERS, json!({"userName": "bob"})).await.is(201);
        assert!(made.json()["emails"].is_null() && made.json()["displayName"].is_null(), "{made}");
        scim.post(USERS, json!({"userName": "bob2", "emails": []})).await.is(201);
        let email = scim.post(USERS, json!({"userName": "eve@northwind.example"})).await.is(201);
        let native = app.bearer().get(format!("/v1/companies/{}/users/{}", app.id("northwind"), id(&email))).await;
        assert_eq!(native.json()["email"], "eve@northwind.example");
    })
    .await;
}

#[tokio::test]
async fn patches_say_what_changes() {
    on_both(async |app| {
        let scim = app.bearer();
        let path = format!("{USERS}/{}", id(&scim.post(USERS, full()).await.is(201)));
        let apply = async |operations: Value| scim.patch(&path, patch(operations)).await;
        // Every form that a provider sends.
        let now = apply(json!([
            {"op": "Replace", "path": "title", "value": "Rear Admiral"},
            {"op": "add", "path": "name.middleName", "value": "Brewster"},
            {"op": "replace", "path": "emails[type eq \"home\"].value", "value": "g@home.example"},
            {"op": "add", "path": "phoneNumbers[type eq \"work\"].value", "value": "+1 777"},
            {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "COBOL"},
            {"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": app.id("ada").to_string()},
        ]))
        .await
        .is(200)
        .json();
        assert_eq!(now["title"], "Rear Admiral");
        assert_eq!(now["name"]["middleName"], "Brewster");
        assert_eq!(now["emails"][0]["value"], "g@home.example");
        assert_eq!(now["phoneNumbers"][1], json!({"type": "work", "value": "+1 777"}));
        assert_eq!(now[ENTERPRISE]["department"], "COBOL");
        assert_eq!(now[ENTERPRISE]["manager"]["value"], app.id("ada").to_string());
        let now = apply(json!([
            {"op": "Add", "value": {"name.familyName": "Murray", "active": "False", "nickName": "Amazing Grace",
                format!("{ENTERPRISE}:costCenter"): "42", "emails[type eq \"work\"].display": "Work"}},
            {"op": "remove", "path": "phoneNumbers[type eq \"mobile\"]"},
            {"op": "remove", "path": "title"},
            {"op": "remove", "path": format!("{ENTERPRISE}:manager")},
        ]))
        .await
        .is(200)
        .json();
        assert_eq!((&now["name"]["familyName"], &now["active"], &now["nickName"]), (&json!("Murray"), &json!(false), &json!("Amazing Grace")));
        assert_eq!((&now[ENTERPRISE]["costCenter"], &now["emails"][1]["display"]), (&json!("42"), &json!("Work")));
        assert_eq!(now["phoneNumbers"].as_array().unwrap().len(), 1);
        assert!(now["title"].is_null() && now[ENTERPRISE]["manager"].is_null());
        // A new primary one takes the place of the old one, and is the address here.
        let now = apply(json!([
            {"op": "add", "path": "emails", "value": [{"value": "new@northwind.example", "type": "other", "primary": true}]},
        ]))
        .await
        .is(200)
        .json();
        assert_eq!((now["emails"].as_array().unwrap().len(), &now["emails"][1]["primary"]), (3, &json!(false)));
        assert_eq!(app.events().await.last().unwrap().kind, "user.updated");
        for (operations, says) in [
            (json!([]), "400 invalidSyntax"),
            (json!([{"op": "move", "path": "title"}]), "400 invalidSyntax"),
            (json!([{"path": "title", "value": "x"}]), "400 invalidSyntax"),
            (json!([{"op": "add", "path": "title"}]), "400 invalidValue"),
            (json!([{"op": "remove"}]), "400 noTarget"),
            (json!([{"op": "add", "value": "x"}]), "400 invalidSyntax"),
            (json!([{"op": "add", "path": "title[", "value": "x"}]), "400 invalidPath"),
            (json!([{"op": "add", "path": "title[type eq \"x\"]", "value": "x"}]), "400 invalidPath"),
            (json!([{"op": "replace", "path": "id", "value": UNKNOWN}]), "400 mutability"),
            (json!([{"op": "replace", "path": "groups", "value": []}]), "400 mutability"),
            (json!([{"op": "replace", "path": "emails[type eq \"pager\"].value", "value": "x@y.example"}]), "400 noTarget"),
            (json!([{"op": "replace", "path": "emails[colour eq \"red\"].value", "value": "x"}]), "400 invalidFilter"),
            (json!([{"op": "replace", "path": "active", "value": "perhaps"}]), "400 invalidValue"),
            (json!([{"op": "replace", "path": "title", "value": {"x": 1}}]), "400 invalidValue"),
            (json!([{"op": "remove", "path": "userName"}]), "400 invalidValue"),
            (json!([{"op": "replace", "path": "userName", "value": "ada.example@northwind.example"}]), "409 uniqueness"),
            (json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": path.rsplit('/').next()}]), "400 invalidValue"),
        ] {
            let before = scim.get(&path).await.body;
            assert_eq!(error(&apply(operations.clone()).await), says, "{operations}");
            assert_eq!(scim.get(&path).await.body, before, "{operations}");
        }
        let many = json!(vec![json!({"op": "replace", "path": "title", "value": "x"}); 1001]);
        assert_eq!(error(&apply(many).await), "400 tooMany");
        // What nobody knows is passed over.
        apply(json!([{"op": "replace", "path": "urn:example:x:2.0:User:tag", "value": "x"}, {"op": "add", "path": "colour", "value": "red"}])).await.is(200);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_user_is_refused() {
    on_both(async |app| {
        let scim = app.bearer();
        hire(&scim, "taken@northwind.example").await;
        for (body, says) in [
            (json!({}), "400 invalidValue"),
            (json!({"userName": ""}), "400 invalidValue"),
            (json!({"userName": ["x"]}), "400 invalidValue"),
            (json!({"userName": "x".repeat(256)}), "400 invalidValue"),
            (json!({"userName": "x\u{0}y"}), "400 invalidValue"),
            (json!({"userName": "x", "displayName": "y".repeat(256)}), "400 invalidValue"),
            (json!({"userName": "x", "externalId": "y".repeat(256)}), "400 invalidValue"),
            (json!({"userName": "x", "nickName": "y".repeat(66_000)}), "400 invalidValue"),
            (json!({"userName": "x", "emails": [{"value": "no address"}]}), "400 invalidValue"),
            (json!({"userName": "x", "emails": [7]}), "400 invalidValue"),
            (json!({"userName": "x", "name": "Grace"}), "400 invalidValue"),
            (json!({"userName": "x", "active": 1}), "400 invalidValue"),
            (json!({"userName": "TAKEN@northwind.example"}), "409 uniqueness"),
            (json!({"userName": "x", "emails": [{"value": "Taken@Northwind.example"}]}), "409 uniqueness"),
            (json!([]), "400 invalidSyntax"),
        ] {
            assert_eq!(error(&scim.post(USERS, body.clone()).await), says, "{body}");
        }
        for path in [format!("{USERS}/{UNKNOWN}"), format!("{USERS}/x"), user(&app, "carl"), user(&app, "eng")] {
            assert_eq!(error(&scim.get(&path).await), "404", "{path}");
            assert_eq!(error(&scim.put(&path, json!({"userName": "x"})).await), "404", "{path}");
            assert_eq!(
                error(&scim.patch(&path, patch(json!([{"op": "add", "path": "title", "value": "x"}]))).await),
                "404"
            );
            assert_eq!(error(&scim.delete(&path).await), "404", "{path}");
        }
        // The last administrator stays.
        assert_eq!(error(&scim.delete(user(&app, "ada")).await), "409");
        for who in [Who::Editor, Who::Viewer, Who::Guest] {
            assert_eq!(error(&scim.clone().by(who).post(USERS, json!({"userName": "x"})).await), "403");
            assert_eq!(error(&scim.clone().by(who).delete(user(&app, "gus")).await), "403");
        }
        assert_eq!(error(&scim.clone().by(Who::AdminReadOnly).delete(user(&app, "gus")).await), "403");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn versions_stop_lost_edits() {
    on_both(async |app| {
        let scim = app.bearer();
        let path = user(&app, "vera");
        let tag = scim.get(&path).await.is(200).header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        scim.clone().with("if-none-match", &tag).get(&path).await.is(304);
        let edit = patch(json!([{"op": "add", "path": "title", "value": "One"}]));
        scim.clone().with("if-match", &tag).patch(&path, edit.clone()).await.is(200);
        let stale = scim.clone().with("if-match", &tag);
        assert_eq!(error(&stale.patch(&path, edit.clone()).await), "412");
        assert_eq!(error(&stale.put(&path, json!({"userName": "vera"})).await), "412");
        assert_eq!(error(&stale.delete(&path).await), "412");
        assert_eq!(error(&scim.clone().with("if-match", "\"x\"").patch(&path, edit.clone()).await), "412");
        scim.clone().with("if-match", "*").patch(&path, edit).await.is(200);
        scim.clone().with("if-none-match", &tag).get(&path).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn me_is_the_user_behind_the_key() {
    on_both(async |app| {
        let scim = app.bearer();
        assert_eq!(scim.get("/scim/v2/Me").await.is(200).json()["id"], app.id("ada").to_string());
        assert_eq!(
            scim.clone().by(Who::Guest).get("/scim/v2/Me").await.is(200).json()["id"],
            app.id("gus").to_string()
        );
        let edit = patch(json!([{"op": "replace", "path": "displayName", "value": "Ada L."}]));
        assert_eq!(scim.patch("/scim/v2/Me", edit.clone()).await.is(200).json()["displayName"], "Ada L.");
        assert_eq!(error(&scim.clone().by(Who::Viewer).patch("/scim/v2/Me", edit).await), "403");
        assert_eq!(error(&scim.clone().by(Who::Platform).get("/scim/v2/Me").await), "404");
        assert_eq!(error(&scim.delete("/scim/v2/Me").await), "405");
    })
    .await;
}

#[tokio::test]
async fn nobody_makes_others_wait_by_many_values() {
    on_both(async |app| {
        let scim = app.bearer();
        let vera = user(&app, "vera");
        let roles = |n: usize, from: usize| -> Vec<Value> {
            (from..from + n).map(|n| json!({"value": n.to_string()})).collect()
        };
        let add = |values: Vec<Value>| json!({"op": "add", "path": "roles", "value": values});
        let long = format!("roles[value eq \"{}\"]", "x".repeat(2000));
        for operations in [
            vec![add(roles(1001, 0))],
            vec![add(roles(600, 0)), add(roles(600, 600))],
            (0..6).map(|_| add(roles(1000, 0))).collect(),
            vec![json!({"op": "add", "path": long, "value": {}}); 100],
        ] {
            assert_eq!(error(&scim.patch(&vera, patch(json!(operations))).await), "400 tooMany");
        }
        let now = scim.patch(&vera, patch(json!([add(roles(600, 0)), add(roles(600, 100))]))).await.is(200).json();
        assert_eq!(now["roles"].as_array().unwrap().len(), 700);
        let put = json!({"userName": "vera.viewer@northwind.example", "roles": roles(1001, 0)});
        assert_eq!(error(&scim.put(&vera, put).await), "400 tooMany");
    })
    .await;
}
