//! Users.

use guildhall_testkit::{Who, on_both};
use serde_json::{Value, json};

use super::{at, client, names, problem, said, verify};

#[tokio::test]
async fn a_user_is_made_edited_and_found() {
    on_both(async |app| {
        let body = json!({"name": "Élise Zola", "email": "Elise@northwind.example", "manager": app.id("ada"),
            "externalId": "e-1", "attributes": {"team": "web", "n": {"a": [1, null]}}});
        let made = client(&app).post(at(&app, "/users"), body).await.is(201);
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","name":"Élise Zola","givenName":null,"familyName":null,"email":"Elise@northwind.example","userName":"Elise@northwind.example","status":"active","role":"viewer","manager":"<ada>","externalId":"e-1","attributes":{"n":{"a":[1,null]},"team":"web"},"createdAt":"2026-11-20T09:00:00.000000Z","updatedAt":"2026-11-20T09:00:00.000000Z"}"#
        );
        let path = made.header("location").to_owned();
        assert_eq!(made.header("etag"), format!("\"{}\"", made.header("guildhall-revision")));
        assert_eq!(client(&app).get(&path).await.is(200).json(), made.json());
        let edit = json!({"givenName": "Elise", "manager": null, "externalId": null, "role": "editor", "attributes": null});
        let edited = client(&app).patch(&path, edit).await.is(200).json();
        let kept = ["name", "familyName", "manager", "externalId", "role", "attributes"].map(|name| edited[name].clone());
        assert_eq!(json!(kept), json!(["Elise Zola", "Zola", null, null, "editor", {}]));
        let found = async |query: &str| {
            let page = client(&app).get(at(&app, &format!("/users?{query}"))).await.is(200).json();
            names(&page).join(", ")
        };
        assert_eq!(found("q=ELISE%20z").await, "Elise Zola");
        assert_eq!(found("q=%25").await, "");
        assert_eq!(found("status=inactive").await, "Ivan Idle");
        assert_eq!(found("sort=-name&limit=2").await, "Vera Viewer, Ivan Idle");
        assert_eq!(found("sort=createdAt&limit=1").await, "Ada Example");
        for wrong in ["q=%00", "status=x", "sort=x", "sort=-createdAt&cursor=biAwMTkw", "email=x"] {
            let reply = client(&app).get(at(&app, &format!("/users?{wrong}"))).await;
            assert_eq!(problem(&reply), "400 invalid", "{wrong}");
        }
        let by_name = client(&app).get(at(&app, "/users?limit=1")).await.json()["next"].as_str().unwrap().to_owned();
        let other = client(&app).get(at(&app, &format!("/users?sort=createdAt&cursor={by_name}"))).await;
        assert_eq!(problem(&other), "400 invalid");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn attributes_are_merged() {
    on_both(async |app| {
        let path = at(&app, "/users/{vera}");
        let edit = async |attributes: Value| {
            client(&app).patch(&path, json!({"attributes": attributes})).await.is(200).json()["attributes"].clone()
        };
        assert_eq!(edit(json!({"a": {"b": 1, "c": 2}, "d": 3})).await, json!({"a": {"b": 1, "c": 2}, "d": 3}));
        assert_eq!(
            edit(json!({"a": {"b": null, "e": {"f": null}}, "d": [1]})).await,
            json!({"a": {"c": 2, "e": {}}, "d": [1]})
        );
        assert_eq!(edit(json!({"a": 1, "d": null})).await, json!({"a": 1}));
        assert_eq!(edit(json!({})).await, json!({"a": 1}));
        // Each member that two clients set at once is there in the end.
        let sets = (0..6).map(|i| edit(json!({format!("k{i}"): i})));
        futures_util::future::join_all(sets).await;
        let all = edit(json!({})).await;
        assert_eq!(all.as_object().unwrap().len(), 7, "{all}");
        assert_eq!(edit(Value::Null).await, json!({}));
        let large = client(&app).patch(&path, json!({"attributes": {"x": "y".repeat(70_000)}})).await;
        assert_eq!(problem(&large), "400 invalid");
    })
    .await;
}

#[tokio::test]
async fn a_user_refuses() {
    on_both(async |app| {
        let (users, vera) = (at(&app, "/users"), at(&app, "/users/{vera}"));
        let unknown = "00000000-0000-4000-8000-000000000001";
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"email": ""}), "400 invalid"),
            (json!({"email": "x"}), "400 invalid"),
            (json!({"email": 1}), "400 invalid"),
            (json!({"email": "x@y", "name": "n".repeat(256)}), "400 invalid"),
            (json!({"email": "x@y", "status": "gone"}), "400 invalid"),
            (json!({"email": "x@y", "role": "root"}), "400 invalid"),
            (json!({"email": "x@y", "attributes": []}), "400 invalid"),
            (json!({"email": "x@y", "manager": "x"}), "400 invalid"),
            (json!({"email": "x@y", "nickname": "x"}), "400 invalid"),
            (json!({"email": "x@y", "id": "x"}), "400 invalid"),
            (json!({"email": "x@y", "id": app.id("vera")}), "409 taken"),
            (json!({"email": "x@y", "id": app.id("carl")}), "409 taken"),
            (json!({"email": "x@y", "manager": unknown}), "422 unknown-reference"),
            (json!({"email": "x@y", "manager": app.id("carl")}), "422 unknown-reference"),
            (json!({"email": "VERA.viewer@northwind.example"}), "409 taken"),
            (json!({"email": "x@y", "userName": "vera.viewer@northwind.example"}), "409 taken"),
        ] {
            assert_eq!(problem(&client(&app).post(&users, body.clone()).await), says, "{body}");
        }
        for (body, says) in [
            (json!({"name": null}), "400 invalid"),
            (json!({"status": null}), "400 invalid"),
            (json!({"createdAt": "2020-01-01T00:00:00Z"}), "400 invalid"),
            (json!({"manager": app.id("vera")}), "400 invalid"),
            (json!({"email": "ada.example@northwind.example"}), "409 taken"),
        ] {
            assert_eq!(problem(&client(&app).patch(&vera, body.clone()).await), says, "{body}");
        }
        for id in [unknown.to_owned(), app.id("carl").to_string(), app.id("eng").to_string()] {
            let path = format!("{users}/{id}");
            let admin = client(&app);
            let edit = admin.patch(&path, json!({"name": "x"})).await;
            for reply in [
                admin.get(&path).await,
                edit,
                admin.delete(&path).await,
                admin.delete(format!("{path}?erase=true")).await,
                admin.get(format!("{path}/groups")).await,
                admin.call("POST", format!("{path}/deactivate"), None).await,
                admin.call("POST", format!("{path}/reactivate"), None).await,
            ] {
                assert_eq!(said(&reply), r#"404 {"type":"urn:guildhall:error:not-found","title":"Not found","status":404,"detail":"no user has this id"}"#);
            }
        }
        let guest = client(&app).by(Who::Guest);
        assert_eq!(guest.get(at(&app, "/users/{gus}")).await.status, 200);
        assert_eq!(problem(&guest.get(&vera).await), "403 forbidden");
        let admin = client(&app);
        let twins = futures_util::future::join_all((0..4).map(|_| admin.post(&users, json!({"email": "t@t"}))));
        let mut statuses: Vec<u16> = twins.await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
    })
    .await;
}

#[tokio::test]
async fn a_user_goes_and_the_last_admin_stays() {
    on_both(async |app| {
        let (vera, members) = (at(&app, "/users/{vera}"), at(&app, "/groups/{eng}/members"));
        let gone = client(&app).delete(&vera).await.is(200).json();
        assert_eq!(gone["status"], "inactive");
        assert_eq!(problem(&client(&app).by(Who::Viewer).get(&vera).await), "401 unauthenticated");
        assert_eq!(client(&app).get(&members).await.json()["items"], json!([]));
        assert_eq!(client(&app).get(format!("{vera}/groups")).await.json()["items"], json!([]));
        let before = app.events().await.len();
        client(&app).delete(&vera).await.is(200);
        assert_eq!(app.events().await.len(), before);
        let back = client(&app).call("POST", format!("{vera}/reactivate"), None).await.is(200).json();
        assert_eq!(back["status"], "active");
        assert_eq!(client(&app).get(&members).await.json()["items"].as_array().unwrap().len(), 1);

        client(&app).delete(format!("{vera}?erase=false")).await.is(200);
        assert_eq!(client(&app).delete(format!("{vera}?erase=true")).await.is(204).body, "");
        assert_eq!(problem(&client(&app).get(&vera).await), "404 not-found");
        assert_eq!(problem(&client(&app).delete(format!("{vera}?erase=true")).await), "404 not-found");
        let told = client(&app).get(at(&app, &format!("/events?subject={}", app.id("vera")))).await;
        assert!(!told.body.contains("Vera") && told.body.contains("\"erased\":true"), "{told}");
        verify(&app).await;

        let ada = at(&app, "/users/{ada}");
        for reply in [
            client(&app).delete(&ada).await,
            client(&app).delete(format!("{ada}?erase=true")).await,
            client(&app).call("POST", format!("{ada}/deactivate"), None).await,
            client(&app).patch(&ada, json!({"role": "viewer"})).await,
            client(&app).patch(&ada, json!({"status": "inactive"})).await,
        ] {
            assert_eq!(problem(&reply), "409 conflict");
        }
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn whose_manager_is_erased_has_a_new_version() {
    on_both(async |app| {
        let (edda, vera) = (at(&app, "/users/{edda}"), at(&app, "/users/{vera}"));
        let before = client(&app).patch(&vera, json!({"manager": app.id("edda")})).await.is(200);
        client(&app).delete(format!("{edda}?erase=true")).await.is(204);
        let after = client(&app).with("if-none-match", before.header("etag")).get(&vera).await.is(200);
        assert_eq!(after.json()["manager"], Value::Null);
        assert_ne!(after.header("etag"), before.header("etag"));
    })
    .await;
}
