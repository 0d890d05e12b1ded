//! Apps, accesses, and what groups hold of apps.

use guildhall_testkit::{Who, on_both};
use serde_json::{Value, json};

use super::{at, client, names, problem, said, verify};

#[tokio::test]
async fn an_app_is_made_edited_and_archived() {
    on_both(async |app| {
        let body = json!({
            "name": "Straße", "tagLine": "t", "category": "c", "url": "https://a.example", "owner": app.id("ada"),
            "permissionLevels": [{"name": "Read"}, {"name": "Write", "isDefault": true, "isPrivileged": true}],
            "customFields": [
                {"name": "When", "type": "date", "value": "2026-01-31"},
                {"name": "Risk", "type": "select", "options": [{"name": "Low"}, {"name": "High"}], "value": "low"},
            ],
            "aiRisk": {"id": 1, "level": "Low", "reasoning": ""}, "certifications": ["ISO"],
        });
        let made = client(&app).post(at(&app, "/apps"), body).await.is(201);
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","name":"Straße","tagLine":"t","description":null,"category":"c","url":"https://a.example","imageUrl":null,"status":"Managed","owner":"<ada>","isBundle":false,"serverLocations":[],"certifications":["ISO"],"aiRisk":{"id":1,"level":"Low","reasoning":""},"permissionLevels":[{"id":"<id 2>","name":"Read","description":"","isDefault":false,"isPrivileged":false},{"id":"<id 3>","name":"Write","description":"","isDefault":true,"isPrivileged":true}],"customFields":[{"id":"<id 4>","name":"When","type":"date","required":false,"options":[],"value":"2026-01-31"},{"id":"<id 5>","name":"Risk","type":"select","required":false,"options":[{"id":"<id 6>","name":"Low"},{"id":"<id 7>","name":"High"}],"value":"<id 6>"}],"createdAt":"2026-11-20T09:00:00.000000Z","updatedAt":"2026-11-20T09:00:00.000000Z"}"#
        );
        let path = made.header("location").to_owned();
        let tag = made.header("etag").to_owned();
        let known = client(&app).with("if-none-match", tag.clone()).get(&path).await;
        assert_eq!((known.status, known.header("etag")), (304, tag.as_str()));
        // Levels and fields keep their ids by name, and fields their values.
        let fields = json!([{"name": "RISK", "type": "select", "options": [{"name": "low"}, {"name": "Middle"}]}]);
        let edit = json!({"permissionLevels": [{"name": "write"}], "customFields": fields, "tagLine": null});
        let edited = client(&app).with("if-match", tag.clone()).patch(&path, edit.clone()).await.is(200).json();
        let before = made.json();
        assert_eq!(edited["permissionLevels"][0]["id"], before["permissionLevels"][1]["id"]);
        assert_eq!(edited["customFields"][0]["value"], before["customFields"][1]["value"]);
        assert_eq!((&edited["tagLine"], &edited["category"]), (&Value::Null, &json!("c")));
        let again = client(&app).patch(&path, edit.clone()).await.is(200);
        assert_eq!(again.json(), edited);
        assert_eq!(problem(&client(&app).with("if-match", tag).patch(&path, edit).await), "412 stale");
        let found = async |query: &str| {
            let page = client(&app).get(at(&app, &format!("/apps?{query}"))).await.is(200).json();
            names(&page).join(", ")
        };
        assert_eq!(found("").await, "Ledger, Straße");
        assert_eq!(found("q=STRASSE").await, "Straße");
        assert_eq!(found("status=Archived").await, "");
        assert_eq!(client(&app).delete(&path).await.is(200).json()["status"], "Archived");
        assert_eq!(found("status=Archived").await, "Straße");
        client(&app).delete(&path).await.is(200);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn an_app_refuses() {
    on_both(async |app| {
        let unknown = "00000000-0000-4000-8000-000000000001";
        let level = |name: &str| json!({"name": name});
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"name": " "}), "400 invalid"),
            (json!({"name": "x".repeat(256)}), "400 invalid"),
            (json!({"name": "x", "tagLine": "x".repeat(256)}), "400 invalid"),
            (json!({"name": "x", "description": "x".repeat(1001)}), "400 invalid"),
            (json!({"name": "x", "url": "javascript:x"}), "400 invalid"),
            (json!({"name": "x", "status": "managed"}), "400 invalid"),
            (json!({"name": "x", "owner": "x"}), "400 invalid"),
            (json!({"name": "x", "owner": unknown}), "422 unknown-reference"),
            (json!({"name": "x", "owner": app.id("carl")}), "422 unknown-reference"),
            (json!({"name": "x", "permissionLevels": [level("a"), level("A")]}), "400 invalid"),
            (json!({"name": "x", "permissionLevels": vec![level("a"); 101]}), "400 too-many"),
            (json!({"name": "x", "permissionLevels": [{"name": "a", "isDefault": 1}]}), "400 invalid"),
            (json!({"name": "x", "serverLocations": [""]}), "400 invalid"),
            (json!({"name": "x", "certifications": vec!["x"; 101]}), "400 too-many"),
            (json!({"name": "x", "aiRisk": {"id": 1, "level": "", "reasoning": ""}}), "400 invalid"),
            (json!({"name": "x", "customFields": [{"name": "a", "type": "colour"}]}), "400 invalid"),
            (json!({"name": "x", "customFields": [{"name": "a", "type": "select"}]}), "400 invalid"),
            (json!({"name": "x", "customFields": [{"name": "a", "type": "date", "value": "soon"}]}), "400 invalid"),
            (
                json!({"name": "x", "customFields": [{"name": "a", "type": "user", "value": unknown}]}),
                "422 unknown-reference",
            ),
            (json!({"name": "x", "id": app.id("vault")}), "409 taken"),
            (json!({"name": "x", "id": app.id("ledger")}), "409 taken"),
            (json!({"name": "x", "version": 1}), "400 invalid"),
        ] {
            let reply = client(&app).post(at(&app, "/apps"), body.clone()).await;
            assert_eq!(problem(&reply), says, "{body} {reply}");
        }
        for (body, says) in [
            (json!({"name": null}), "400 invalid"),
            (json!({"permissionLevels": [level("Booker")]}), "409 conflict"),
            (json!({"permissionLevels": null}), "409 conflict"),
        ] {
            assert_eq!(problem(&client(&app).patch(at(&app, "/apps/{ledger}"), body).await), says);
        }
        for id in [unknown.to_owned(), app.id("vault").to_string(), app.id("eng").to_string()] {
            let path = at(&app, &format!("/apps/{id}"));
            for reply in [
                client(&app).get(&path).await,
                client(&app).patch(&path, json!({"name": "x"})).await,
                client(&app).delete(&path).await,
                client(&app).get(format!("{path}/groups")).await,
                client(&app).get(format!("{path}/accesses")).await,
                client(&app).put(format!("{path}/accesses/{}", app.id("gus")), json!({})).await,
                client(&app).delete(format!("{path}/accesses/{}", app.id("gus"))).await,
            ] {
                assert_eq!(problem(&reply), "404 not-found");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn accesses_come_and_go() {
    on_both(async |app| {
        let path = at(&app, "/apps/{ledger}/accesses");
        let gus = format!("{path}/{}", app.id("gus"));
        client(&app).put(&gus, json!({"permissionLevel": app.id("reader"), "isOwner": true})).await.is(204);
        // The flag stays where nothing is said of it.
        client(&app).put(&gus, json!({"permissionLevel": app.id("booker")})).await.is(204);
        let of_gus = client(&app).by(Who::Guest).get(at(&app, "/users/{gus}/accesses")).await;
        assert_eq!(
            said(&of_gus),
            r#"200 {"items":[{"app":{"id":"<ledger>","name":"Ledger","status":"Managed"},"permissionLevel":{"id":"<booker>","name":"Booker","description":"","isDefault":false,"isPrivileged":true},"isOwner":true,"since":"2026-11-20T09:00:00.000000Z"}],"next":null}"#
        );
        assert_eq!(problem(&client(&app).by(Who::Guest).get(at(&app, "/users/{vera}/accesses")).await), "403 forbidden");
        let listed = client(&app).get(&path).await.is(200).json();
        assert_eq!(listed["items"][1]["user"]["name"], "Gus Guest");
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"permissionLevel": "x"}), "400 invalid"),
            (json!({"permissionLevel": app.id("cost")}), "422 unknown-reference"),
            (json!({"permissionLevel": app.id("reader"), "isOwner": 1}), "400 invalid"),
        ] {
            assert_eq!(problem(&client(&app).put(&gus, body).await), says);
        }
        let stranger = format!("{path}/{}", app.id("carl"));
        assert_eq!(problem(&client(&app).put(&stranger, json!({"permissionLevel": app.id("reader")})).await), "404 not-found");
        client(&app).delete(&gus).await.is(204);
        assert_eq!(problem(&client(&app).delete(&gus).await), "404 not-found");
        let kinds: Vec<String> = app.events().await.into_iter().filter(|e| e.dialect == "native").map(|e| e.kind).collect();
        assert_eq!(kinds, ["app.access_given", "app.access_given", "app.access_ended"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn groups_hold_apps() {
    on_both(async |app| {
        let path = at(&app, "/groups/{eng}/apps/{ledger}");
        let link = json!({"visibility": "default", "permissionLevel": app.id("booker")});
        let first = client(&app).put(&path, link.clone()).await.is(200);
        assert_eq!(
            said(&first),
            r#"200 {"group":"<eng>","app":"<ledger>","visibility":"default","permissionLevel":"<booker>","since":"2026-11-20T09:00:00.000000Z"}"#
        );
        let again = client(&app).put(&path, link).await.is(200);
        assert_eq!(again.header("guildhall-revision"), first.header("guildhall-revision"));
        let held = async |query: &str| client(&app).get(at(&app, &format!("/groups/{{eng}}/apps{query}"))).await.is(200).json();
        assert_eq!(held("").await["items"][0]["permissionLevel"]["name"], "Booker");
        assert_eq!(held("?visibility=hidden").await["items"], json!([]));
        // Somebody could be given it, so the level stays.
        let only = json!({"permissionLevels": [{"name": "Reader"}]});
        assert_eq!(problem(&client(&app).patch(at(&app, "/apps/{ledger}"), only).await), "409 conflict");
        client(&app).put(&path, json!({"visibility": "hidden"})).await.is(200);
        assert_eq!(held("?visibility=hidden").await["items"][0]["app"]["name"], "Ledger");
        let of_app = client(&app).get(at(&app, "/apps/{ledger}/groups")).await.is(200).json();
        assert_eq!(of_app["items"][0]["group"], json!(app.id("eng")));
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"visibility": "shown"}), "400 invalid"),
            (json!({"visibility": "hidden", "permissionLevel": app.id("reader")}), "400 invalid"),
            (json!({"visibility": "default", "permissionLevel": app.id("cost")}), "422 unknown-reference"),
        ] {
            assert_eq!(problem(&client(&app).put(&path, body).await), says);
        }
        assert_eq!(problem(&client(&app).get(at(&app, "/groups/{eng}/apps?visibility=x")).await), "400 invalid");
        for wrong in ["/groups/{eng}/apps/{vault}", "/groups/{secret}/apps/{ledger}"] {
            let reply = client(&app).put(at(&app, wrong), json!({"visibility": "hidden"})).await;
            assert_eq!(problem(&reply), "404 not-found");
            assert_eq!(problem(&client(&app).delete(at(&app, wrong)).await), "404 not-found");
        }
        client(&app).delete(&path).await.is(204);
        assert_eq!(problem(&client(&app).delete(&path).await), "404 not-found");
        client(&app).patch(at(&app, "/apps/{ledger}"), json!({"status": "Tracked"})).await.is(200);
        let tracked = client(&app).put(&path, json!({"visibility": "default"})).await;
        assert_eq!(problem(&tracked), "409 conflict");
        verify(&app).await;
    })
    .await;
}
