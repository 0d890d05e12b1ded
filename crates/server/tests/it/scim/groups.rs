//! Groups and who is in them.

use guildhall_testkit::on_both;
use serde_json::{Value, json};

use super::{GROUPS, UNKNOWN, USERS, error, found, group, hire, members, patch, verify};

#[tokio::test]
async fn a_group_lives_and_goes() {
    on_both(async |app| {
        let scim = app.bearer();
        let gus = app.id("gus").to_string();
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew", "externalId": "g-1",
            "members": [{"value": gus, "display": "ignored", "type": "User"}], "unknown": 1});
        let made = scim.post(GROUPS, body).await.is(201);
        let id = super::id(&made);
        let path = format!("{GROUPS}/{id}");
        assert_eq!(
            made.json(),
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": id, "displayName": "Crew", "externalId": "g-1",
                "members": [{"value": gus, "$ref": format!("{}{USERS}/{gus}", app.url), "type": "User"}],
                "meta": {"resourceType": "Group", "created": "2026-11-20T09:00:00.000Z", "lastModified": "2026-11-20T09:00:00.000Z",
                    "location": format!("{}{path}", app.url), "version": made.header("etag")},
            })
        );
        let person = scim.get(format!("{USERS}/{gus}")).await.json();
        assert_eq!(person["groups"], json!([{"value": id, "$ref": format!("{}{path}", app.url), "display": "Crew", "type": "direct"}]));
        // Without members they stay, with an empty list they go.
        let put = scim.put(&path, json!({"displayName": "Crew 2"})).await.is(200).json();
        assert_eq!((&put["displayName"], put["members"].as_array().unwrap().len()), (&json!("Crew 2"), 1));
        assert!(put["externalId"].is_null());
        let put = scim.put(&path, json!({"displayName": "Crew 2", "members": []})).await.is(200).json();
        assert!(put["members"].is_null());
        // The same at once under Secoda's path.
        let secoda = format!("/api/v2/scim/Groups/{id}/");
        let all = json!({"displayName": "Crew 3", "members": [{"value": gus}, {"value": app.id("vera")}]});
        assert_eq!(scim.put(&secoda, all).await.is(200).json()["members"].as_array().unwrap().len(), 2);
        scim.delete(&path).await.is(204);
        for gone in [scim.get(&path).await, scim.delete(&path).await, scim.put(&path, json!({"displayName": "x"})).await] {
            assert_eq!(error(&gone), "404");
        }
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn members_change_one_by_one() {
    on_both(async |app| {
        let scim = app.bearer();
        let (gus, vera, edda) = (app.id("gus").to_string(), app.id("vera").to_string(), app.id("edda").to_string());
        let crew = found(&scim, "Crew", &[&gus]).await;
        let path = format!("{GROUPS}/{crew}");
        let apply = async |operations: Value| scim.patch(&path, patch(operations)).await;
        for (operations, left) in [
            (json!([{"op": "Add", "path": "members", "value": [{"value": vera}, {"value": gus}]}]), vec![&vera, &gus]),
            (json!([{"op": "add", "path": "members", "value": {"value": edda}}]), vec![&edda, &vera, &gus]),
            (json!([{"op": "Remove", "path": format!("members[value eq \"{vera}\"]")}]), vec![&edda, &gus]),
            (json!([{"op": "Remove", "path": "members", "value": [{"value": edda}]}]), vec![&gus]),
            (json!([{"op": "add", "value": {"members": [{"value": edda}]}}]), vec![&edda, &gus]),
            (json!([{"op": "remove", "path": format!("members[value eq \"{edda}\" or value eq \"{gus}\"]")}]), vec![]),
            (json!([{"op": "replace", "path": "members", "value": [{"value": vera}]}]), vec![&vera]),
            (json!([{"op": "replace", "value": {"id": crew, "displayName": "Renamed", "members": [{"value": gus}]}}]), vec![&gus]),
            (json!([{"op": "remove", "path": "members", "value": [{"value": UNKNOWN}]}]), vec![&gus]),
            (json!([{"op": "remove", "path": "members"}]), vec![]),
            (json!([{"op": "add", "path": "members", "value": []}]), vec![]),
        ] {
            apply(operations.clone()).await.is(200);
            let mut left: Vec<String> = left.into_iter().cloned().collect();
            left.sort();
            assert_eq!(members(&scim, &crew).await, left, "{operations}");
        }
        for (operations, says) in [
            (json!([{"op": "add", "path": "members", "value": [{"value": UNKNOWN}]}]), "400 invalidValue"),
            (json!([{"op": "add", "path": "members", "value": [{"value": "x"}]}]), "400 invalidValue"),
            (json!([{"op": "add", "path": "members", "value": [{"value": app.id("carl")}]}]), "400 invalidValue"),
            (json!([{"op": "add", "path": "members", "value": [{"display": "x"}]}]), "400 invalidValue"),
            (json!([{"op": "add", "path": "members", "value": 7}]), "400 invalidValue"),
            (json!([{"op": "replace", "path": "members[value eq \"x\"]", "value": {"value": gus}}]), "400 mutability"),
            (json!([{"op": "remove", "path": "members[display eq \"x\"]"}]), "400 invalidFilter"),
            (json!([{"op": "remove", "path": "displayName"}]), "400 invalidValue"),
            (json!([{"op": "replace", "path": "displayName", "value": ""}]), "400 invalidValue"),
            (json!([{"op": "add", "path": "members", "value": [{"value": gus}]}, {"op": "replace", "path": "id", "value": "x"}]), "400 mutability"),
            (json!([{"op": "add", "path": "members", "value": vec![json!({"value": gus}); 1].into_iter().chain((0..10_001).map(|i| json!({"value": format!("00000000-0000-4000-8000-{i:012}")}))).collect::<Vec<_>>()}]), "400 tooMany"),
        ] {
            let reply = apply(operations).await;
            let told = error(&reply);
            assert!(told == says || says == "400 tooMany" && told == "400 invalidValue", "{told} {says}");
            assert!(members(&scim, &crew).await.is_empty());
        }
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_is_refused() {
    on_both(async |app| {
        let scim = app.bearer();
        for (body, says) in [
            (json!({}), "400 invalidValue"),
            (json!({"displayName": " "}), "400 invalidValue"),
            (json!({"displayName": "x".repeat(256)}), "400 invalidValue"),
            (json!({"displayName": {"x": 1}}), "400 invalidValue"),
            (json!({"displayName": "x\u{0}y"}), "400 invalidValue"),
            (json!({"displayName": "x", "externalId": "y\u{0}z"}), "400 invalidValue"),
            (json!({"displayName": "x", "members": [{"value": UNKNOWN}]}), "400 invalidValue"),
            (json!({"displayName": "x", "members": "all"}), "400 invalidValue"),
            (json!({"displayName": "x", "externalId": "y".repeat(256)}), "400 invalidValue"),
        ] {
            assert_eq!(error(&scim.post(GROUPS, body.clone()).await), says, "{body}");
        }
        // By hand names may repeat, unless the company says otherwise.
        found(&scim, "Engineering", &[]).await;
        let settings = json!({"settings": {"uniqueGroupNames": true}});
        app.bearer().patch(format!("/v1/companies/{}", app.id("northwind")), settings).await.is(200);
        assert_eq!(error(&scim.post(GROUPS, json!({"displayName": "ENGINEERING"})).await), "409 uniqueness");
        for path in [format!("{GROUPS}/{UNKNOWN}"), group(&app, "secret"), format!("{GROUPS}/{}", app.id("vera"))] {
            assert_eq!(error(&scim.get(&path).await), "404", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn many_members_are_neither_sent_nor_read_unasked() {
    on_both(async |app| {
        let scim = app.bearer();
        let mut ids = Vec::new();
        for i in 0..101 {
            ids.push(hire(&scim, &format!("p{i}@northwind.example")).await);
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let crew = found(&scim, "Crew", &ids).await;
        let path = format!("{GROUPS}/{crew}");
        assert_eq!(members(&scim, &crew).await.len(), 101);
        let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": app.id("gus")}]}]));
        assert!(scim.patch(&path, add.clone()).await.is(200).json()["members"].is_null());
        let asked = scim.patch(format!("{path}?attributes=members"), add).await.is(200).json();
        assert_eq!(asked["members"].as_array().unwrap().len(), 102);
        assert!(asked["displayName"].is_null());
        for excluded in ["members", "MEMBERS,meta", "urn:ietf:params:scim:schemas:core:2.0:Group:members"] {
            let reply = scim.get(format!("{path}?excludedAttributes={excluded}")).await.is(200).json();
            assert!(reply["members"].is_null() && reply["displayName"] == "Crew", "{reply}");
        }
        let put = json!({"displayName": "Crew", "members": [{"value": ids[0]}]});
        assert_eq!(scim.put(&path, put.clone()).await.status, 409, "the brake holds it");
        let loose = json!({"settings": {"brakeMembers": 1000, "brakePercent": 100}});
        app.bearer().patch(format!("/v1/companies/{}", app.id("northwind")), loose).await.is(200);
        assert_eq!(scim.put(&path, put).await.is(200).json()["members"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn groups_are_in_groups() {
    on_both(async |app| {
        let scim = app.bearer();
        let gus = app.id("gus").to_string();
        let inner = found(&scim, "Inner", &[&gus]).await;
        let outer = found(&scim, "Outer", &[]).await;
        let nest = patch(json!([{"op": "add", "path": "members", "value": [{"value": inner, "type": "Group"}]}]));
        let now = scim.patch(format!("{GROUPS}/{outer}"), nest.clone()).await.is(200).json();
        assert_eq!(now["members"][0]["type"], "Group");
        let named = scim.get(format!("{GROUPS}/{outer}?attributes=members.display")).await.is(200).json();
        assert_eq!(named["members"], json!([{"display": "Inner"}]));
        let person = scim.get(format!("{USERS}/{gus}")).await.json();
        let kinds: Vec<(&str, &str)> = person["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| (group["display"].as_str().unwrap(), group["type"].as_str().unwrap()))
            .collect();
        assert_eq!(kinds, [("Inner", "direct"), ("Outer", "indirect")]);
        let filter = |text: &str| super::encoded(text);
        let of = scim.get(format!("{USERS}?filter={}", filter(&format!("groups.value eq \"{outer}\"")))).await.is(200);
        assert_eq!(super::column(&of, "id"), std::slice::from_ref(&gus));
        let of = scim.get(format!("{GROUPS}?filter={}", filter(&format!("members eq \"{inner}\"")))).await.is(200);
        assert_eq!(super::column(&of, "displayName"), ["Outer"]);
        // A circle is refused.
        let back = patch(json!([{"op": "add", "path": "members", "value": [{"value": outer}]}]));
        assert_eq!(error(&scim.patch(format!("{GROUPS}/{inner}"), back).await), "409");
        let put = json!({"displayName": "Outer", "members": [{"value": gus}]});
        let now = scim.put(format!("{GROUPS}/{outer}"), put).await.is(200).json();
        assert_eq!((now["members"].as_array().unwrap().len(), &now["members"][0]["type"]), (1, &json!("User")));
        scim.patch(format!("{GROUPS}/{outer}"), nest).await.is(200);
        let out = patch(json!([{"op": "remove", "path": format!("members[value eq \"{inner}\"]")}]));
        assert_eq!(
            scim.patch(format!("{GROUPS}/{outer}"), out).await.is(200).json()["members"].as_array().unwrap().len(),
            1
        );
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn eight_clients_at_once_lose_nobody() {
    on_both(async |app| {
        let scim = app.bearer();
        let crew = found(&scim, "Crew", &[]).await;
        let mut ids = Vec::new();
        for i in 0..40 {
            ids.push(hire(&scim, &format!("p{i}@northwind.example")).await);
        }
        let path = format!("{GROUPS}/{crew}");
        let clients = ids.chunks(5).map(|mine| {
            let (scim, path) = (scim.clone(), path.clone());
            async move {
                for id in mine {
                    let add = patch(json!([{"op": "Add", "path": "members", "value": [{"value": id}]}]));
                    scim.patch(&path, add).await.is(200);
                }
            }
        });
        futures_join(clients).await;
        assert_eq!(members(&scim, &crew).await.len(), 40);
        verify(&app).await;
    })
    .await;
}

/// Waits for all of them, going on with each in turn.
async fn futures_join<F: Future<Output = ()>>(all: impl Iterator<Item = F>) {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
