//! Groups and their owners.

use guildhall_testkit::{Who, on_both};
use serde_json::{Value, json};

use super::{at, client, names, problem, said, verify};

#[tokio::test]
async fn a_group_is_made_edited_archived_and_restored() {
    on_both(async |app| {
        let body = json!({"name": "Straße", "icon": "🚧", "owners": [app.id("ops"), app.id("edda"), app.id("edda")]});
        let made = client(&app).post(at(&app, "/groups"), body).await.is(201);
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","name":"Straße","description":null,"icon":"🚧","externalId":null,"source":null,"rule":null,"unmodifiable":false,"defaultDays":null,"longestDays":null,"state":"live","createdAt":"2026-11-20T09:00:00.000000Z","createdBy":"<ada>","updatedAt":"2026-11-20T09:00:00.000000Z","updatedBy":"<ada>","purgeAt":null}"#
        );
        let path = made.header("location").to_owned();
        let owners = client(&app).get(format!("{path}/owners")).await.is(200);
        let both = json!([{"type": "group", "id": app.id("ops")}, {"type": "user", "id": app.id("edda")}]);
        let mut listed = owners.json()["items"].as_array().unwrap().clone();
        listed.sort_by_key(|owner| owner["type"].to_string());
        assert_eq!(json!(listed), both);
        let edited = client(&app).patch(&path, json!({"description": "a\nb", "icon": null})).await.is(200).json();
        assert_eq!((&edited["description"], &edited["icon"], &edited["name"]), (&json!("a\nb"), &json!(null), &json!("Straße")));
        let found = async |query: &str| {
            let page = client(&app).get(at(&app, &format!("/groups?{query}"))).await.is(200).json();
            names(&page).join(", ")
        };
        assert_eq!(found("q=STRASSE").await, "Straße");
        assert_eq!(found("sort=-name").await, "Straße, Operations, Engineering");
        assert_eq!(found("state=archived").await, "");

        client(&app).put(format!("{path}/members/{}", app.id("vera")), json!({"note": "hi"})).await.is(201);
        let gone = client(&app).delete(&path).await.is(200).json();
        assert_eq!((&gone["state"], &gone["purgeAt"]), (&json!("archived"), &json!("2026-12-20T09:00:00.000000Z")));
        assert_eq!(client(&app).get(&path).await.is(200).json()["state"], "archived");
        assert_eq!(found("state=archived").await, "Straße");
        assert_eq!(found("q=strasse").await, "");
        for reply in [
            client(&app).delete(&path).await,
            client(&app).call("POST", format!("{path}/archive"), None).await,
            client(&app).patch(&path, json!({"name": "x"})).await,
            client(&app).get(format!("{path}/members")).await,
            client(&app).put(format!("{path}/members/{}", app.id("vera")), json!({})).await,
        ] {
            assert_eq!(problem(&reply), "404 not-found");
        }
        let back = client(&app).call("POST", format!("{path}/restore"), None).await.is(200).json();
        assert_eq!((&back["state"], &back["purgeAt"]), (&json!("live"), &Value::Null));
        let members = client(&app).get(format!("{path}/members")).await.is(200).json();
        assert_eq!(members["items"][0]["user"]["name"], "Vera Viewer");
        let again = client(&app).call("POST", format!("{path}/restore"), None).await.is(200);
        assert_eq!(again.json(), back);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_refuses() {
    on_both(async |app| {
        let (groups, eng) = (at(&app, "/groups"), at(&app, "/groups/{eng}"));
        let unknown = "00000000-0000-4000-8000-000000000001";
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"name": ""}), "400 invalid"),
            (json!({"name": " "}), "400 invalid"),
            (json!({"name": "x".repeat(256)}), "400 invalid"),
            (json!({"name": "x", "description": "x".repeat(1001)}), "400 invalid"),
            (json!({"name": "x", "icon": 1}), "400 invalid"),
            (json!({"name": "x", "members": []}), "400 invalid"),
            (json!({"name": "x", "source": "x"}), "400 invalid"),
            (json!({"name": "x", "owners": ["x"]}), "400 invalid"),
            (json!({"name": "x", "owners": vec![unknown; 1001]}), "400 too-many"),
            (json!({"name": "x", "owners": [unknown]}), "422 unknown-reference"),
            (json!({"name": "x", "owners": [app.id("carl")]}), "422 unknown-reference"),
            (json!({"name": "x", "owners": [app.id("secret")]}), "422 unknown-reference"),
        ] {
            let reply = client(&app).post(&groups, body.clone()).await;
            assert_eq!(problem(&reply), says, "{reply}");
        }
        for (body, says) in [(json!({"name": null}), "400 invalid"), (json!({"state": "archived"}), "400 invalid")] {
            assert_eq!(problem(&client(&app).patch(&eng, body).await), says);
        }
        for id in [unknown.to_owned(), app.id("secret").to_string(), app.id("ada").to_string()] {
            let path = format!("{groups}/{id}");
            let edit = client(&app).patch(&path, json!({"name": "x"})).await;
            for reply in [
                client(&app).get(&path).await,
                edit,
                client(&app).delete(&path).await,
                client(&app).call("POST", format!("{path}/archive"), None).await,
                client(&app).call("POST", format!("{path}/restore"), None).await,
                client(&app).get(format!("{path}/owners")).await,
                client(&app).get(format!("{path}/members")).await,
            ] {
                assert_eq!(said(&reply), r#"404 {"type":"urn:guildhall:error:not-found","title":"Not found","status":404,"detail":"no group has this id"}"#);
            }
        }
        let fixed = client(&app).post(&groups, json!({"name": "Fixed", "unmodifiable": true})).await.is(201);
        let fixed = fixed.header("location").to_owned();
        for reply in [client(&app).patch(&fixed, json!({"name": "x"})).await, client(&app).delete(&fixed).await] {
            assert_eq!(problem(&reply), "409 unmodifiable");
        }
        client(&app).patch(&fixed, json!({"name": "Fixed", "icon": "x"})).await.is(200);
        client(&app).put(format!("{fixed}/members/{}", app.id("gus")), json!({})).await.is(201);

        client(&app).patch(at(&app, ""), json!({"settings": {"uniqueGroupNames": true}})).await.is(200);
        let admin = client(&app);
        let twins = futures_util::future::join_all((0..4).map(|_| admin.post(&groups, json!({"name": "Twin"}))));
        let mut statuses: Vec<u16> = twins.await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
        assert_eq!(problem(&client(&app).patch(&eng, json!({"name": "TWIN"})).await), "409 taken");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn owners_come_and_go() {
    on_both(async |app| {
        let owners = at(&app, "/groups/{ops}/owners");
        assert_eq!(said(&client(&app).get(&owners).await), r#"200 {"items":[],"next":null}"#);
        let one = |name: &str| format!("{owners}/{}", app.id(name));
        let none = json!({});
        let first = client(&app).put(one("vera"), none.clone()).await.is(200);
        assert_eq!(said(&first), r#"200 {"items":[{"type":"user","id":"<vera>"}],"next":null}"#);
        let again = client(&app).call("PUT", one("vera"), None).await.is(200);
        assert_eq!(again.header("guildhall-revision"), first.header("guildhall-revision"));
        // Owning is what lets vera change the members.
        let member = at(&app, "/groups/{ops}/members/{gus}");
        client(&app).by(Who::Viewer).call("PUT", &member, None).await.is(201);
        client(&app).delete(one("vera")).await.is(204);
        assert_eq!(problem(&client(&app).delete(one("vera")).await), "404 not-found");
        assert_eq!(problem(&client(&app).by(Who::Viewer).delete(&member).await), "403 forbidden");
        assert_eq!(problem(&client(&app).put(one("carl"), none.clone()).await), "404 not-found");
        let set = client(&app).put(&owners, json!({"owners": [app.id("ada")]})).await.is(200);
        assert_eq!(set.json()["items"][0]["id"], json!(app.id("ada")));
        assert_eq!(client(&app).put(&owners, json!({"owners": []})).await.is(200).json()["items"], json!([]));
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"owners": "x"}), "400 invalid"),
            (json!({"owners": [app.id("carl")]}), "422 unknown-reference"),
        ] {
            assert_eq!(problem(&client(&app).put(&owners, body).await), says);
        }
    })
    .await;
}
