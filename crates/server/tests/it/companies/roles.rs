//! Roles, what groups give, and what people may: operations 8, 9 and 11 to 17.

use guildhall_testkit::{Who, on_both};

use super::*;

fn scope(company: Uuid) -> Value {
    json!({"audiences": [{"predicates": [{"type": "COMPANY", "comparator": "IN", "values": [company]}]}]})
}

fn input(name: &str, permission: &str, actions: &[&str]) -> Value {
    let permissions = json!([{"permission": permission, "actions": actions}]);
    json!({"name": name, "description": "", "isPlatformRole": false, "permissions": permissions})
}

/// Makes a role and tells its id.
async fn role(app: &App, name: &str, permission: &str, actions: &[&str]) -> Uuid {
    let made = app.bearer().post("/v3/roles", input(name, permission, actions)).await.is(200).json();
    made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

fn given(app: &App, name: &str) -> String {
    format!("{}/roles", group(app, name))
}

/// Gives a group a role in the whole company.
async fn give(app: &App, name: &str, role: Uuid) -> Reply {
    let add = json!({"rolesToAdd": [{"roleId": role, "scope": scope(app.id("northwind"))}]});
    app.bearer().patch(given(app, name), add).await
}

#[tokio::test]
async fn a_role_is_made_read_and_found() {
    on_both(async |app| {
        let path = format!("/v3/companies/{}/roles", app.id("northwind"));
        let made = app.bearer().post("/v3/roles", input("Travel managers", "TRIP_MANAGEMENT", &["WRITE", "READ", "READ"])).await;
        assert_ne!(made.header("guildhall-revision"), "");
        told!(made, @r#"200 {"id":"<id 1>"}"#);
        let trips = made.json()["id"].as_str().unwrap().to_owned();
        told!(app.bearer().by(Who::Viewer).get(format!("/v3/roles/{trips}")).await, @r#"200 {"id":"<id 1>","name":"Travel managers","description":"","isPlatformRole":false,"companyId":"<northwind>","permissions":[{"permission":"TRIP_MANAGEMENT","actions":["READ","WRITE"]}],"createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<ada>","name":"Ada Example"},"updatedBy":{"id":"<ada>","name":"Ada Example"}}"#);
        let mut platform = input("Auditors", "REPORT_MANAGEMENT", &["READ"]);
        platform["isPlatformRole"] = json!(true);
        told!(app.bearer().post("/v3/roles", platform.clone()).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"a platform role takes a platform key"}]}"#);
        let auditors = app.bearer().by(Who::Platform).post("/v3/roles", platform).await.is(200).json();
        told!(app.bearer().get(format!("/v3/roles/{}", auditors["id"].as_str().unwrap())).await, @r#"200 {"id":"<id 2>","name":"Auditors","description":"","isPlatformRole":true,"permissions":[{"permission":"REPORT_MANAGEMENT","actions":["READ"]}],"createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<id 3>","name":"Guildhall"},"updatedBy":{"id":"<id 3>","name":"Guildhall"}}"#);
        role(&app, "book keepers", "REPORT_MANAGEMENT", &["ALL"]).await;
        let sorted = |order: &str| json!({"pagination": {}, "sortParams": {"sortBy": "NAME", "sortOrder": order}});
        let found = async |search: Value| column(&app.bearer().post(&path, search).await, "roles", "name");
        assert_eq!(found(sorted("ASC")).await, ["Auditors", "book keepers", "Travel managers"]);
        assert_eq!(found(sorted("DESC")).await, ["Travel managers", "book keepers", "Auditors"]);
        assert_eq!(found(json!({"pagination": {}, "searchText": "MANAG"})).await, ["Travel managers"]);
        assert_eq!(found(json!({"pagination": {}, "filters": [{"roleProvidedBy": ["PLATFORM"]}]})).await, ["Auditors"]);
        assert_eq!(found(json!({"pagination": {}, "filters": [{"roleIds": [trips]}, {"roleProvidedBy": ["PLATFORM"]}], "sortParams": {"sortBy": "NAME", "sortOrder": "ASC"}})).await, ["Auditors", "Travel managers"]);
        assert_eq!(found(json!({"pagination": {}, "filters": [{"roleIds": [trips], "roleProvidedBy": ["PLATFORM"]}]})).await, [""; 0]);
        let page = app.bearer().post(&path, json!({"pagination": {"offset": 1, "limit": 1}, "sortParams": {"sortBy": "NAME", "sortOrder": "ASC"}})).await;
        assert_eq!((column(&page, "roles", "name"), total(&page)), (vec!["book keepers".to_owned()], 3));
        // Another company sees the platform's and not ours.
        let foreign = app.bearer().by(Who::Foreign);
        let theirs = foreign.post(format!("/v3/companies/{}/roles", app.id("contoso")), all()).await;
        assert_eq!(column(&theirs, "roles", "name"), ["Auditors"]);
        foreign.get(format!("/v3/roles/{trips}")).await.is(404);
        foreign.post(&path, all()).await.is(404);
        assert_eq!(events(&app).await, ["role.created", "role.created"]);
    })
    .await;
}

#[tokio::test]
async fn a_body_in_which_nothing_must_be_may_be_left_out() {
    on_both(async |app| {
        let client = app.bearer();
        let readers = role(&app, "Readers", "REPORT_MANAGEMENT", &["READ"]).await;
        give(&app, "eng", readers).await.is(200);
        let company = format!("/v3/companies/{}", app.id("northwind"));
        let of_user = format!("/v3/users/{}/user-groups", app.id("ada"));
        for path in [given(&app, "eng"), of_user, format!("{company}/roles/applicable-scopes")] {
            let empty = client.post(&path, json!({})).await.is(200).json();
            assert_eq!(client.send("POST", &path, "", Vec::new()).await.is(200).json(), empty, "{path}");
            client.send("POST", &path, "application/json", b"[".to_vec()).await.is(400);
            client.send("POST", &path, "text/plain", b"{}".to_vec()).await.is(415);
        }
        // Where the reference wants `pagination`, nothing is not enough.
        for path in [format!("{company}/roles"), format!("{company}/user-groups/list")] {
            client.send("POST", &path, "application/json", Vec::new()).await.is(400);
        }
    })
    .await;
}

#[tokio::test]
async fn a_role_that_is_wrong_is_refused() {
    on_both(async |app| {
        let good = input("R", "AGENT", &["ALL"]);
        let with = |member: &str, value: Value| {
            let mut changed = good.clone();
            changed[member] = value;
            changed
        };
        for (body, wanted) in [
            (with("name", Value::Null), "name is missing"),
            (with("description", Value::Null), "description is missing"),
            (with("isPlatformRole", Value::Null), "isPlatformRole is missing"),
            (with("permissions", Value::Null), "permissions is missing"),
            (with("name", json!("")), "name must not be empty"),
            (with("name", json!("x".repeat(256))), "name may have at most 255 characters"),
            (with("description", json!("x".repeat(1001))), "description may have at most 1000 characters"),
            (with("isPlatformRole", json!("no")), "isPlatformRole: expected a boolean, not string \"no\""),
            (
                with("permissions", json!([{"permission": "AGENT", "actions": []}])),
                "permissions[0].actions must name at least one action",
            ),
            (
                with("permissions", json!([{"permission": "PLATFORM_MANAGEMENT", "actions": ["READ"]}])),
                "permissions[0].permission is for roles of the platform only",
            ),
            (
                with("permissions", json!([{"permission": "AGENT", "actions": ["read"]}])),
                "permissions[0].actions[0] must be one of `ALL` `CREATE` `READ` `WRITE` `DELETE` `PURGE`",
            ),
            (with("companyId", json!("x")), "companyId is not a UUID"),
        ] {
            let reply = app.bearer().post("/v3/roles", body).await.is(400).json();
            assert_eq!(reply["errorMessages"][0]["message"], wanted);
        }
        app.bearer()
            .post("/v3/roles", with("permissions", json!([{"permission": "NOTHING", "actions": ["READ"]}])))
            .await
            .is(400);
        app.bearer().post("/v3/roles", with("companyId", json!(app.id("contoso")))).await.is(404);
        app.bearer().post("/v3/roles", with("companyId", json!(app.id("northwind")))).await.is(200);
        for who in [Who::Viewer, Who::Editor, Who::Guest, Who::AdminReadOnly] {
            app.bearer().by(who).post("/v3/roles", good.clone()).await.is(403);
        }
        let many = json!([]);
        app.bearer().post("/v3/roles", with("permissions", many)).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn members_inherit_at_once_through_nesting() {
    on_both(async |app| {
        let trips = role(&app, "Trips", "TRIP_MANAGEMENT", &["READ"]).await;
        let reports = role(&app, "Reports", "REPORT_MANAGEMENT", &["READ", "WRITE"]).await;
        let info = async |user: &str| {
            super::wire(&app.bearer().get(format!("/v3/users/{}/rbac-info", app.id(user))).await)
        };
        let none = r#"200 {"hasOthersTripAccess":false,"permissions":[]}"#;
        assert_eq!(info("vera").await, none);
        let revision = give(&app, "eng", reports).await.is(200).header("guildhall-revision").to_owned();
        assert_eq!(give(&app, "eng", reports).await.is(200).header("guildhall-revision"), revision, "a repeat is no news");
        assert_eq!(info("vera").await, r#"200 {"hasOthersTripAccess":false,"permissions":[{"permission":"REPORT_MANAGEMENT","actions":["READ","WRITE"]}]}"#);
        assert_eq!(info("ivan").await, none, "who is inactive counts for nothing");
        give(&app, "ops", trips).await.is(200);
        assert_eq!(info("vera").await, r#"200 {"hasOthersTripAccess":false,"permissions":[{"permission":"REPORT_MANAGEMENT","actions":["READ","WRITE"]}]}"#);
        let nest = format!("/v1/companies/{}/groups/{}/children/{}", app.id("northwind"), app.id("ops"), app.id("eng"));
        app.bearer().call("PUT", &nest, None).await.is(201);
        let both = r#"200 {"hasOthersTripAccess":true,"permissions":[{"permission":"REPORT_MANAGEMENT","actions":["READ","WRITE"]},{"permission":"TRIP_MANAGEMENT","actions":["READ"]}]}"#;
        assert_eq!(info("vera").await, both);
        let shown = app.bearer().post(given(&app, "eng"), json!({})).await;
        let text = super::wire(&shown);
        assert!(text.contains(r#""name":"Reports""#) && text.contains(r#""scope":{"audiences":[{"predicates":[{"comparator":"IN","type":"COMPANY","values":["<northwind>"]}]}]}"#), "{text}");
        assert_eq!(total(&shown), 1);
        // Archiving takes away what a group gives; restoring brings it back.
        app.bearer().delete(group(&app, "eng")).await.is(200);
        assert_eq!(info("vera").await, none);
        let restore = format!("/v1/companies/{}/groups/{}/restore", app.id("northwind"), app.id("eng"));
        app.bearer().call("POST", restore, None).await.is(200);
        assert_eq!(info("vera").await, both);
        app.bearer().patch(given(&app, "eng"), json!({"rolesToDelete": [reports]})).await.is(200);
        assert_eq!(info("vera").await, r#"200 {"hasOthersTripAccess":true,"permissions":[{"permission":"TRIP_MANAGEMENT","actions":["READ"]}]}"#);
        app.bearer().delete(nest).await.is(204);
        assert_eq!(info("vera").await, none);
        assert_eq!(app.bearer().get(format!("/v3/users/{}/rbac-info", app.id("carl"))).await.status, 404);
        assert_eq!(app.bearer().by(Who::Guest).get(format!("/v3/users/{}/rbac-info", app.id("gus"))).await.status, 200);
        assert_eq!(app.bearer().by(Who::Guest).get(format!("/v3/users/{}/rbac-info", app.id("vera"))).await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn what_a_group_gives_changes_whole_or_not_at_all() {
    on_both(async |app| {
        let (a, b) = (role(&app, "A", "AGENT", &["ALL"]).await, role(&app, "B", "AGENT", &["READ"]).await);
        let (here, there) = (scope(app.id("northwind")), scope(Uuid::from_u128(5)));
        let patch = async |body: Value| app.bearer().patch(given(&app, "eng"), body).await;
        let listed = async || {
            let reply = app.bearer().post(given(&app, "eng"), json!({"pagination": {}})).await;
            column(&reply, "roles", "name")
        };
        let add = |role: Uuid, scope: &Value| json!({"roleId": role, "scope": scope});
        patch(json!({"rolesToAdd": [add(a, &here), add(a, &there), add(b, &here)]})).await.is(200);
        assert_eq!(listed().await, ["A", "A", "B"]);
        // Equal scopes are equal in any order and letter case.
        let wide = json!({"audiences": [{"predicates": [{"type": "COMPANY", "comparator": "IN", "values": [app.id("northwind").to_string().to_uppercase(), app.id("northwind")]}]}]});
        patch(json!({"rolesToAdd": [add(a, &wide)]})).await.is(200);
        assert_eq!(listed().await, ["A", "A", "B"]);
        patch(json!({"rolesToDelete": [{"roleId": a, "scope": there}], "rolesToAdd": []})).await.is(200);
        assert_eq!(listed().await, ["A", "B"]);
        // Taken first, given then: it stays.
        patch(json!({"rolesToDelete": [a], "rolesToAdd": [add(a, &here)]})).await.is(200);
        assert_eq!(listed().await, ["A", "B"]);
        let count = events(&app).await.len();
        let foreign = app.bearer().by(Who::Foreign).post("/v3/roles", input("X", "AGENT", &["ALL"])).await.is(200).json();
        for (body, wanted) in [
            (json!({"rolesToDelete": [b], "rolesToAdd": [add(Uuid::max(), &here)]}), "rolesToAdd names a role that is not in this company"),
            (json!({"rolesToAdd": [{"roleId": foreign["id"], "scope": here}]}), "rolesToAdd names a role that is not in this company"),
            (json!({"rolesToDelete": [Uuid::max()]}), "rolesToDelete names a role that is not in this company"),
            (json!({"rolesToAdd": [{"roleId": a}]}), "rolesToAdd[0].scope is missing"),
            (json!({"rolesToAdd": [{"scope": here}]}), "rolesToAdd[0].roleId is missing"),
            (json!({"rolesToAdd": [add(a, &json!({"audiences": []}))]}), "rolesToAdd[0].scope.audiences must not be empty"),
            (json!({"rolesToAdd": [add(a, &json!({"audiences": [{"predicates": []}]}))]}), "rolesToAdd[0].scope.audiences[0].predicates must not be empty"),
            (json!({"rolesToAdd": [add(a, &json!({"audiences": [{"predicates": [{"type": "COMPANY", "comparator": "IN", "values": ["x"]}]}]}))]}), "rolesToAdd[0].scope.audiences[0].predicates[0].values[0] is not a UUID"),
            (json!({"rolesToAdd": [add(a, &json!({"audiences": [{"predicates": [{"type": "STEALTH_TYPE", "comparator": "IN", "values": ["x"]}]}]}))]}), "rolesToAdd[0].scope.audiences[0].predicates[0].values[0] must be one of `STEALTH_TYPE_1`, `STEALTH_TYPE_2`, `STEALTH_TYPE_3`"),
            (json!({"rolesToAdd": [add(a, &json!({"audiences": [{"predicates": [{"type": "COMPANY", "comparator": "NOT", "values": ["x"]}]}]}))]}), "rolesToAdd[0].scope.audiences[0].predicates[0].comparator must be one of `IN`"),
            (json!({"rolesToAdd": vec![add(a, &here); 1001]}), "rolesToAdd holds more than 1000 in one call"),
        ] {
            let reply = patch(body).await.is(400).json();
            assert_eq!(reply["errorMessages"][0]["message"], wanted);
        }
        patch(json!({"rolesToAdd": {}})).await.is(400);
        patch(json!({"rolesToDelete": ["x"]})).await.is(400);
        assert_eq!(listed().await, ["A", "B"]);
        assert_eq!(events(&app).await.len(), count);
        patch(json!({})).await.is(200);
        for who in [Who::Viewer, Who::Editor, Who::Guest, Who::AdminReadOnly] {
            app.bearer().by(who).patch(given(&app, "eng"), json!({"rolesToDelete": [a]})).await.is(403);
        }
        app.bearer().patch(format!("{}/{}/roles", groups(&app), app.id("secret")), json!({})).await.is(404);
        let fixed = found(&app, NewGroup { name: "Fixed".into(), unmodifiable: true, ..Default::default() }).await;
        let fixed = format!("{}/{fixed}/roles", groups(&app));
        told!(app.bearer().patch(fixed, json!({"rolesToAdd": [add(a, &here)]})).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"this group is unmodifiable; its name and description are frozen, only its members may change"}]}"#);
        // The group's own record tells who changed what it gives, and when.
        at(&app, "2026-11-20T10:00:00Z");
        patch(json!({"rolesToDelete": [b]})).await.is(200);
        assert_eq!(app.bearer().get(group(&app, "eng")).await.json()["updatedAt"]["iso8601"], "2026-11-20T10:00:00Z");
    })
    .await;
}

#[tokio::test]
async fn access_management_gives_rights_here() {
    on_both(async |app| {
        let hire = json!({"name": "New Hand", "email": "new@northwind.example"});
        let list = format!("{}/list", groups(&app));
        let reads = async |who: Who| app.bearer().by(who).post(&list, all()).await.status;
        let writes = async |who: Who| app.bearer().by(who).patch(group(&app, "ops"), json!({"name": "Operations", "description": "x"})).await.status;
        assert_eq!((reads(Who::Guest).await, writes(Who::Guest).await), (403, 403));
        let readers = role(&app, "Readers", "ACCESS_MANAGEMENT", &["READ"]).await;
        let admins = role(&app, "Admins", "ACCESS_MANAGEMENT", &["WRITE"]).await;
        app.bearer().patch(members(&app, "ops"), json!({"userIdsToAdd": [app.id("gus")]})).await.is(200);
        give(&app, "ops", readers).await.is(200);
        assert_eq!((reads(Who::Guest).await, writes(Who::Guest).await), (200, 403));
        // Elsewhere, or on less than the company, it counts for nothing here.
        let narrow = json!({"audiences": [
            {"predicates": [{"type": "COMPANY", "comparator": "IN", "values": [app.id("contoso")]}]},
            {"predicates": [{"type": "COMPANY", "comparator": "IN", "values": [app.id("northwind")]}, {"type": "STEALTH_TYPE", "comparator": "IN", "values": ["STEALTH_TYPE_1"]}]}]});
        app.bearer().patch(given(&app, "ops"), json!({"rolesToAdd": [{"roleId": admins, "scope": narrow}]})).await.is(200);
        assert_eq!(writes(Who::Guest).await, 403);
        give(&app, "ops", admins).await.is(200);
        assert_eq!((reads(Who::Guest).await, writes(Who::Guest).await), (200, 200));
        app.bearer().by(Who::Guest).post("/v2/users", hire).await.is(201);
        // A key that only reads only reads, whatever its user may.
        let key = app.new_key("gus", guildhall_domain::caller::Access::Read).await;
        app.token(&key.token()).patch(group(&app, "ops"), json!({"name": "x", "description": ""})).await.is(403);
        // What is taken away is gone at the next call.
        app.bearer().patch(given(&app, "ops"), json!({"rolesToDelete": [admins, readers]})).await.is(200);
        assert_eq!((reads(Who::Guest).await, writes(Who::Guest).await), (403, 403));
        give(&app, "ops", admins).await.is(200);
        assert_eq!(writes(Who::Guest).await, 200);
        let edit = format!("/v1/companies/{}/roles/{admins}", app.id("northwind"));
        app.bearer().patch(&edit, json!({"permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]})).await.is(200);
        assert_eq!((reads(Who::Guest).await, writes(Who::Guest).await), (200, 403));
        app.bearer().delete(edit).await.is(204);
        assert_eq!(reads(Who::Guest).await, 403);
    })
    .await;
}

#[tokio::test]
async fn nobody_raises_themselves() {
    on_both(async |app| {
        let admins = role(&app, "Admins", "ACCESS_MANAGEMENT", &["ALL"]).await;
        let edda = app.bearer().by(Who::Editor);
        let add = json!({"userIdsToAdd": [app.id("edda")]});
        // edda owns eng, and may say who is in it.
        edda.patch(members(&app, "eng"), json!({"userIdsToAdd": [app.id("gus")]})).await.is(200);
        give(&app, "eng", admins).await.is(200);
        edda.patch(members(&app, "eng"), add.clone()).await.is(403);
        app.bearer().patch(given(&app, "eng"), json!({"rolesToDelete": [admins]})).await.is(200);
        edda.patch(members(&app, "eng"), json!({"userIdsToDelete": [app.id("gus")]})).await.is(200);
        // Nor by a group inside one that gives it.
        give(&app, "ops", admins).await.is(200);
        let nest = format!("/v1/companies/{}/groups/{}/children/{}", app.id("northwind"), app.id("ops"), app.id("eng"));
        edda.call("PUT", &nest, None).await.is(403);
        app.bearer().call("PUT", &nest, None).await.is(201);
        edda.patch(members(&app, "eng"), add).await.is(403);
        edda.patch(given(&app, "eng"), json!({"rolesToAdd": []})).await.is(403);
        // Who is an administrator by a role does not keep the last one of the workspace from being the last.
        app.bearer().by(Who::Viewer).delete(format!("/v2/users/{}", app.id("ada"))).await.is(400);
        // Nor by a group that a rule looks at, be it at one around it.
        app.bearer().call("DELETE", &nest, None).await.is(204);
        edda.patch(members(&app, "eng"), json!({"userIdsToAdd": [app.id("gus")]})).await.is(200);
        let native = format!("/v1/companies/{}/groups", app.id("northwind"));
        let around = app.bearer().post(&native, json!({"name": "Around"})).await.is(201).json();
        let around = around["id"].as_str().expect("an id");
        let nest = format!("{native}/{around}/children/{}", app.id("eng"));
        app.bearer().call("PUT", &nest, None).await.is(201);
        for read in [around, &app.id("eng").to_string()] {
            let ruled =
                json!({"name": "Ruled", "rule": format!("user.role == \"guest\" || user.memberOf(\"{read}\")")});
            let ruled = app.bearer().post(&native, ruled).await.is(201).json();
            let ruled = ruled["id"].as_str().expect("an id");
            let roles = format!("/v3/companies/{}/user-groups/{ruled}/roles", app.id("northwind"));
            let give = json!({"rolesToAdd": [{"roleId": admins, "scope": scope(app.id("northwind"))}]});
            edda.patch(members(&app, "eng"), json!({"userIdsToDelete": [app.id("gus")]})).await.is(200);
            app.bearer().patch(&roles, give).await.is(200);
            edda.patch(members(&app, "eng"), json!({"userIdsToAdd": [app.id("edda")]})).await.is(403);
            edda.get(format!("/v1/companies/{}/keys", app.id("northwind"))).await.is(403);
            app.bearer().patch(roles, json!({"rolesToDelete": [admins]})).await.is(200);
        }
    })
    .await;
}

#[tokio::test]
async fn the_catalogue_and_the_types_of_scopes() {
    on_both(async |app| {
        let all = app.bearer().by(Who::Guest).get("/v3/permissions").await.is(200).json();
        assert_eq!(all["permissions"].as_array().map(Vec::len), Some(17));
        assert_eq!(all["permissions"][1], json!({"name": "TMC_MANAGEMENT", "description": "Travel management companies", "parentName": "PLATFORM_MANAGEMENT"}));
        let path = format!("/v3/companies/{}", app.id("northwind"));
        let own = app.bearer().get(format!("{path}/permissions")).await.is(200).json();
        assert_eq!(own["permissions"].as_array().map(Vec::len), Some(15));
        app.bearer().get(format!("/v3/companies/{}/permissions", app.id("contoso"))).await.is(404);
        let scopes = format!("{path}/roles/applicable-scopes");
        let chosen = json!({"selectedAudience": {"predicates": [{"type": "STEALTH_TYPE", "comparator": "IN", "values": []}, {"type": "TRIP_TEMPLATE", "comparator": "IN", "values": ["t"]}]}});
        told!(app.bearer().by(Who::AdminReadOnly).post(&scopes, chosen).await, @r#"200 {"applicableScopes":[{"predicateType":"BOOKING_TMC"},{"predicateType":"CONTRACTING_TMC"},{"predicateType":"COMPANY","allowedValues":[{"value":"<northwind>","label":"Northwind"}]}]}"#);
        app.bearer().post(&scopes, json!({"roleIds": [Uuid::max()]})).await.is(400);
        app.bearer().post(&scopes, json!({"roleIds": "x"})).await.is(400);
        let trips = role(&app, "Trips", "TRIP_MANAGEMENT", &["READ"]).await;
        let six = app.bearer().post(&scopes, json!({"roleIds": [trips]})).await.is(200).json();
        assert_eq!(six["applicableScopes"].as_array().map(Vec::len), Some(5));
    })
    .await;
}
