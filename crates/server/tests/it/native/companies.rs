//! Companies.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{at, client, problem, said, verify};

#[tokio::test]
async fn a_company_is_made_edited_and_deleted() {
    on_both(async |app| {
        let platform = client(&app).by(Who::Platform);
        let body = json!({"name": "Fabrikam", "settings": {"restoreDays": 7}, "admin": {"email": "fay@fabrikam.example"}});
        let made = platform.post("/v1/companies", body).await.is(201);
        let path = made.header("location").to_owned();
        assert_eq!(path, format!("/v1/companies/{}", made.json()["id"].as_str().unwrap()));
        assert_eq!(made.header("guildhall-revision"), "2");
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","name":"Fabrikam","state":"active","settings":{"uniqueGroupNames":false,"restoreDays":7,"historyDays":null,"brakeMembers":50,"brakePercent":20},"revision":2,"createdAt":"2026-11-20T09:00:00.000000Z","updatedAt":"2026-11-20T09:00:00.000000Z","admin":"<id 2>"}"#
        );
        let edit = json!({"settings": {"uniqueGroupNames": true, "restoreDays": null, "historyDays": 90}});
        let edited = platform.patch(&path, edit).await.is(200).json();
        assert_eq!(edited["settings"], json!({"uniqueGroupNames": true, "restoreDays": 30, "historyDays": 90, "brakeMembers": 50, "brakePercent": 20}));
        assert_eq!((&edited["name"], &edited["revision"]), (&json!("Fabrikam"), &json!(3)));
        let edited = platform.patch(&path, json!({"name": "Fab", "settings": null})).await.is(200).json();
        assert_eq!(edited["settings"], json!({"uniqueGroupNames": false, "restoreDays": 30, "historyDays": null, "brakeMembers": 50, "brakePercent": 20}));
        // The same again is no event.
        assert_eq!(platform.patch(&path, json!({"name": "Fab"})).await.is(200).header("guildhall-revision"), "4");
        let merge = platform.send("PATCH", &path, "application/merge-patch+json", b"{}".to_vec()).await;
        assert_eq!(merge.status, 200);
        let all = platform.get("/v1/companies").await.is(200).json();
        assert_eq!(super::names(&all), ["Northwind", "Contoso", "Fab"]);
        assert_eq!(platform.delete(&path).await.is(204).body, "");
        assert_eq!(problem(&platform.get(&path).await), "404 not-found");
        assert_eq!(problem(&platform.delete(&path).await), "404 not-found");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_platform_key_has_no_part_in_a_company() {
    on_both(async |app| {
        let (admin, platform) = (client(&app), client(&app).by(Who::Platform));
        let policies = at(&app, "/policies");
        let body = json!({"name": "P", "requestType": "GrantAccessRequest", "steps": [{"approvers": "manager"}]});
        let made = admin.post(&policies, body.clone()).await.is(201).json();
        let policy = format!("{policies}/{}", made["id"].as_str().unwrap());
        for reply in [
            platform.get(&policies).await,
            platform.post(&policies, body).await,
            platform.patch(&policy, json!({"name": "x"})).await,
            platform.delete(&policy).await,
        ] {
            assert_eq!(problem(&reply), "403 forbidden");
        }
        assert_eq!(admin.get(&policy).await.is(200).json(), made);
        let teams = at(&app, "/teams");
        let team = admin.post(&teams, json!({"name": "T", "type": "OPEN"})).await.is(201).json();
        assert_eq!(admin.get(&teams).await.is(200).json()["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(platform.get(&teams).await.is(200).json()["items"], json!([]));
        let team = format!("{teams}/{}", team["id"].as_str().unwrap());
        assert_eq!(problem(&platform.get(&team).await), "404 not-found");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_company_refuses() {
    on_both(async |app| {
        let platform = client(&app).by(Who::Platform);
        for (body, name) in [
            (json!({}), "name: is missing"),
            (json!({"name": ""}), "name: must not be empty"),
            (json!({"name": "x".repeat(256)}), "name: may have at most 255 characters"),
            (json!({"name": "a\u{0}b"}), "name: holds a control character"),
            (json!({"name": 1}), "name: expected a string, not integer `1`"),
            (json!({"id": "x", "name": "x"}), "id: is not a UUID"),
            (json!({"name": "x", "state": "archived"}), "state: is not known here"),
            (json!({"name": "x", "settings": {"restoreDays": 3651}}), "settings.restoreDays: must be 0 to 3,650 days"),
            (json!({"name": "x", "settings": {"historyDays": 0}}), "settings.historyDays: must be 1 to 3,650 days"),
            (json!({"name": "x", "settings": {"x": 0}}), "settings.x: is not known here"),
            (json!({"name": "x", "admin": {}}), "admin.email: is missing"),
            (json!({"name": "x", "admin": {"email": "x"}}), "email: is not an e-mail address"),
            (json!({"name": "x", "admin": {"email": "a@b", "role": "viewer"}}), "admin.role: is not known here"),
        ] {
            let reply = platform.post("/v1/companies", body).await;
            assert_eq!((problem(&reply).as_str(), &reply.json()["detail"]), ("400 invalid", &json!(name)));
            assert_eq!(reply.json()["errors"][0]["field"], name.split(':').next().unwrap());
        }
        for id in ["northwind", "eng"] {
            let taken = platform.post("/v1/companies", json!({"id": app.id(id), "name": "x"})).await;
            // An id of another kind may be used again: ids are unique each in its own table.
            assert_eq!(taken.status, if id == "eng" { 201 } else { 409 }, "{taken}");
        }
        let own = client(&app).get("/v1/companies").await.is(200).json();
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
        assert_eq!(problem(&client(&app).patch(at(&app, ""), json!({"name": null})).await), "400 invalid");
    })
    .await;
}
