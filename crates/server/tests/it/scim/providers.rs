//! The requests of the providers, as they send them.

use guildhall_domain::connection::Adopt;
use guildhall_testkit::on_both;
use serde_json::{Value, json};

use super::{ENTERPRISE, GROUPS, USERS, encoded, id, members, patch, verify};

#[tokio::test]
async fn entra() {
    on_both(async |app| {
        let (_, token) = app.connect("Entra", true, Adopt::None).await;
        let entra = app.token(&token);
        // It looks before it makes, also to test the connection.
        let probe = format!("{USERS}?filter={}", encoded("userName eq \"mia@northwind.example\""));
        let none = entra.get(&probe).await.is(200).json();
        assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(0), &json!([])));
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "externalId": "mia", "userName": "mia@northwind.example", "active": true, "displayName": "Mia Moss",
            "emails": [{"primary": true, "type": "work", "value": "mia@northwind.example"}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Mia Moss", "familyName": "Moss", "givenName": "Mia"},
            "roles": [], "urn:ietf:params:scim:schemas:extension:custom:2.0:User": {"tag": "x"},
        });
        let mia = id(&entra.post(USERS, body).await.is(201));
        assert_eq!(entra.get(&probe).await.json()["totalResults"], 1);
        let edit = patch(json!([
            {"op": "Replace", "path": "displayName", "value": "Mia Moore"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "mia.moore@northwind.example"},
            {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+49 1"},
            {"op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Gardens"},
            {"op": "Replace", "path": "active", "value": "False"},
        ]));
        let now = entra.patch(format!("{USERS}/{mia}"), edit).await.is(200).json();
        assert_eq!((&now["active"], &now["emails"][0]["value"]), (&json!(false), &json!("mia.moore@northwind.example")));
        let edit = patch(json!([{"op": "Replace", "value": {"active": "True", "name.givenName": "M.", format!("{ENTERPRISE}:manager"): {"value": app.id("ada")}}}]));
        let now = entra.patch(format!("{USERS}/{mia}"), edit).await.is(200).json();
        assert_eq!((&now["active"], &now["name"]["givenName"]), (&json!(true), &json!("M.")));
        // Groups: made empty, then filled and asked for one member at a time.
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "externalId": "g-1", "displayName": "Gardeners", "meta": {"resourceType": "Group"}});
        let crew = id(&entra.post(GROUPS, body).await.is(201));
        let probe = format!("{GROUPS}?excludedAttributes=members&filter={}", encoded("displayName eq \"Gardeners\""));
        assert_eq!(entra.get(&probe).await.json()["Resources"][0]["id"], crew.as_str());
        let member = |op: &str| patch(json!([{"op": op, "path": "members", "value": [{"$ref": null, "value": mia}]}]));
        entra.patch(format!("{GROUPS}/{crew}"), member("Add")).await.is(200);
        let probe = format!("{GROUPS}?filter={}", encoded(&format!("id eq \"{crew}\" and members eq \"{mia}\"")));
        assert_eq!(entra.get(&probe).await.json()["totalResults"], 1);
        entra.patch(format!("{GROUPS}/{crew}"), member("Remove")).await.is(200);
        assert_eq!(entra.get(&probe).await.json()["totalResults"], 0);
        // Soft deletion, and back with the memberships.
        entra.patch(format!("{GROUPS}/{crew}"), member("Add")).await.is(200);
        for active in ["False", "True"] {
            entra.patch(format!("{USERS}/{mia}"), patch(json!([{"op": "Replace", "path": "active", "value": active}]))).await.is(200);
        }
        assert_eq!(members(&entra, &crew).await, std::slice::from_ref(&mia));
        entra.delete(format!("{USERS}/{mia}")).await.is(204);
        entra.delete(format!("{GROUPS}/{crew}")).await.is(204);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn okta() {
    on_both(async |app| {
        let (_, token) = app.connect("Okta", true, Adopt::None).await;
        let okta = app.token(&token);
        let whole = |active: bool| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "noah@northwind.example",
                "name": {"givenName": "Noah", "familyName": "Nunn"}, "displayName": "Noah Nunn", "locale": "en-US", "externalId": "00u1",
                "emails": [{"primary": true, "value": "noah@northwind.example", "type": "work"}], "groups": [], "password": "s3cret!", "active": active,
            })
        };
        let made = okta.post(USERS, whole(true)).await.is(201);
        assert!(!made.body.contains("s3cret"));
        let noah = id(&made);
        // Users are put whole, and put out by a patch without a path.
        let mut put = whole(true);
        put["id"] = noah.as_str().into();
        put["title"] = "Lead".into();
        put["meta"] = json!({"location": "x"});
        assert_eq!(okta.put(format!("{USERS}/{noah}"), put).await.is(200).json()["title"], "Lead");
        let off = patch(json!([{"op": "replace", "value": {"active": false}}]));
        assert_eq!(okta.patch(format!("{USERS}/{noah}"), off).await.is(200).json()["active"], false);
        assert_eq!(okta.put(format!("{USERS}/{noah}"), whole(true)).await.is(200).json()["active"], true);
        // Groups are pushed: renamed by a patch that carries the id, their lists put whole or emptied.
        let crew = id(&okta.post(GROUPS, json!({"displayName": "Pushed", "members": []})).await.is(201));
        let path = format!("{GROUPS}/{crew}");
        let rename = patch(json!([{"op": "replace", "value": {"id": crew, "displayName": "Pushed 2"}}]));
        assert_eq!(okta.patch(&path, rename).await.is(200).json()["displayName"], "Pushed 2");
        let list = |of: Value| patch(json!([{"op": "replace", "path": "members", "value": of}]));
        okta.patch(&path, list(json!([{"value": noah, "display": "noah@northwind.example"}]))).await.is(200);
        assert_eq!(members(&okta, &crew).await, std::slice::from_ref(&noah));
        okta.patch(&path, list(json!([]))).await.is(200);
        assert!(members(&okta, &crew).await.is_empty());
        let both = patch(json!([
            {"op": "remove", "path": format!("members[value eq \"{noah}\"]")},
            {"op": "add", "path": "members", "value": [{"value": noah, "display": "noah"}]},
        ]));
        okta.patch(&path, both).await.is(200);
        assert_eq!(members(&okta, &crew).await, [noah]);
        let page = okta.get(format!("{USERS}?startIndex=1&count=100")).await.is(200).json();
        assert_eq!(page["startIndex"], 1);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn onelogin_jumpcloud_and_ping() {
    on_both(async |app| {
        let (_, token) = app.connect("Others", false, Adopt::Users).await;
        let scim = app.token(&token);
        // OneLogin puts and patches whole lists of emails, and looks by externalId.
        let body = json!({"schemas": ["urn:scim:schemas:core:1.0", "urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "olga@northwind.example",
            "externalId": "42", "name": {"givenName": "Olga", "familyName": "Orr"}, "emails": [{"value": "olga@northwind.example", "primary": true}]});
        let olga = id(&scim.post(USERS, body).await.is(201));
        let by = format!("{USERS}?filter={}", encoded("externalId eq \"42\""));
        assert_eq!(scim.get(&by).await.json()["Resources"][0]["id"], olga.as_str());
        let edit = patch(json!([{"op": "replace", "path": "emails", "value": [{"value": "o@northwind.example", "primary": "true"}]}]));
        assert_eq!(scim.patch(format!("{USERS}/{olga}"), edit).await.is(200).json()["emails"], json!([{"value": "o@northwind.example", "primary": true}]));
        // JumpCloud adds members by a bare object and removes them by a filter.
        let crew = id(&scim.post(GROUPS, json!({"displayName": "Jumpers"})).await.is(201));
        let path = format!("{GROUPS}/{crew}");
        scim.patch(&path, patch(json!([{"op": "add", "path": "members", "value": {"value": olga}}]))).await.is(200);
        assert_eq!(members(&scim, &crew).await, std::slice::from_ref(&olga));
        scim.patch(&path, patch(json!([{"op": "remove", "path": format!("members[value eq \"{olga}\"]")}]))).await.is(200);
        // Ping adopts who is there, by a probe and a replacement.
        let probe = format!("{USERS}?filter={}", encoded("userName eq \"vera.viewer@northwind.example\""));
        let vera = scim.get(&probe).await.json()["Resources"][0].clone();
        let mut put = vera.clone();
        put["externalId"] = "ping-1".into();
        put["title"] = "Viewer".into();
        let path = format!("{USERS}/{}", vera["id"].as_str().unwrap());
        let now = scim.put(&path, put).await.is(200).json();
        assert_eq!((&now["externalId"], &now["title"]), (&json!("ping-1"), &json!("Viewer")));
        // Groups by PUT with and without members.
        let all = json!({"id": crew, "displayName": "Jumpers", "members": [{"value": olga, "type": "User"}, {"value": vera["id"]}]});
        assert_eq!(scim.put(format!("{GROUPS}/{crew}"), all).await.is(200).json()["members"].as_array().unwrap().len(), 2);
        scim.put(format!("{GROUPS}/{crew}"), json!({"displayName": "Jumpers"})).await.is(200);
        assert_eq!(members(&scim, &crew).await.len(), 2);
        verify(&app).await;
    })
    .await;
}
