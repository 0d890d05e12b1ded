//! Operations 2 to 5: one group.

use guildhall_domain::company::{EditCompany, EditSettings};
use guildhall_domain::patch::Patch;
use guildhall_testkit::{Who, on_both};

use super::*;

async fn create(app: &App, body: Value) -> Reply {
    app.bearer().post(groups(app), body).await
}

#[tokio::test]
async fn a_group_is_made_read_changed_and_deleted() {
    on_both(async |app| {
        let client = app.bearer();
        let made = create(&app, json!({"name": "Nordic Coordinators", "description": "Plans travel.", "isUnmodifiable": true, "id": app.id("eng")})).await;
        assert_eq!(made.header("guildhall-revision"), "20");
        told!(made, @r#"200 {"id":"<id 1>"}"#);
        let path = format!("{}/{}", groups(&app), made.json()["id"].as_str().unwrap());
        told!(client.get(&path).await, @r#"200 {"id":"<id 1>","name":"Nordic Coordinators","description":"Plans travel.","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<ada>","name":"Ada Example"},"updatedBy":{"id":"<ada>","name":"Ada Example"},"isUnmodifiable":false}"#);
        at(&app, "2026-11-20T09:30:15.999Z");
        let changed = client.put(&path, json!({"name": "Nordic Crew", "description": ""})).await;
        assert_eq!(changed.header("guildhall-revision"), "21");
        told!(changed, @"200");
        told!(client.get(&path).await, @r#"200 {"id":"<id 1>","name":"Nordic Crew","description":"","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:30:15Z"},"createdBy":{"id":"<ada>","name":"Ada Example"},"updatedBy":{"id":"<ada>","name":"Ada Example"},"isUnmodifiable":false}"#);
        // The same again is no news; PATCH is another word for PUT.
        assert_eq!(client.patch(&path, json!({"name": "Nordic Crew", "description": ""})).await.is(200).header("guildhall-revision"), "21");
        let gone = client.delete(&path).await;
        assert_eq!(gone.header("guildhall-revision"), "22");
        told!(gone, @"200");
        told!(client.get(&path).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no user group has this id"}]}"#);
        for (method, body) in [("DELETE", None), ("PUT", Some(json!({"name": "x", "description": "y"})))] {
            client.call(method, &path, body).await.is(404);
        }
        assert_eq!(events(&app).await, ["group.created", "group.updated", "group.archived"]);
    })
    .await;
}

#[tokio::test]
async fn a_group_without_description_reads_as_an_empty_one_and_stays_without() {
    on_both(async |app| {
        told!(app.bearer().get(group(&app, "eng")).await, @r#"200 {"id":"<eng>","name":"Engineering","description":"","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<id 1>","name":"Guildhall"},"updatedBy":{"id":"<id 1>","name":"Guildhall"},"isUnmodifiable":false}"#);
        app.bearer().put(group(&app, "eng"), json!({"name": "Engineering", "description": ""})).await.is(200);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn who_is_no_person_of_the_company_is_called_guildhall() {
    on_both(async |app| {
        let edda = app.id("edda");
        let hand = operator(&app.engine, app.company());
        let admin = guildhall_domain::user::EditUser {
            role: Patch::Set(guildhall_domain::caller::Role::Admin),
            ..Default::default()
        };
        app.engine.edit_user(&hand, edda.into(), admin, None).await.unwrap();
        let made =
            app.bearer().by(Who::Editor).post(groups(&app), json!({"name": "A", "description": "B"})).await.is(200);
        let path = format!("{}/{}", groups(&app), made.json()["id"].as_str().unwrap());
        let by = async |member: &str| {
            app.bearer().get(&path).await.json()[member].to_string().replace(&edda.to_string(), "<edda>")
        };
        assert_eq!(by("createdBy").await, r#"{"id":"<edda>","name":"Edda Editor"}"#);
        app.engine.erase_user(&hand, edda.into(), None).await.unwrap();
        let nobody = r#"{"id":"00000000-0000-0000-0000-000000000000","name":"Guildhall"}"#;
        assert_eq!((by("createdBy").await.as_str(), by("updatedBy").await.as_str()), (nobody, nobody));
        app.bearer().put(&path, json!({"name": "A", "description": "C"})).await.is(200);
        assert_eq!(by("updatedBy").await, format!(r#"{{"id":"{}","name":"Ada Example"}}"#, app.id("ada")));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_group_is_told() {
    on_both(async |app| {
        told!(create(&app, json!({"description": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name is missing","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(create(&app, json!({"name": "A"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"description is missing","errorParameters":[{"name":"field","value":"description"}]}]}"#);
        told!(create(&app, json!({"name": "A", "description": null})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"description is missing","errorParameters":[{"name":"field","value":"description"}]}]}"#);
        told!(create(&app, json!({"name": "", "description": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name must not be empty","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(create(&app, json!({"name": " ", "description": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name must not be blank","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(create(&app, json!({"name": 7, "description": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name: expected a string, not integer `7`","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(create(&app, json!({"name": "é".repeat(256), "description": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name may have at most 255 characters","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(create(&app, json!({"name": "A", "description": "é".repeat(1001)})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"description may have at most 1000 characters","errorParameters":[{"name":"field","value":"description"}]}]}"#);
        told!(create(&app, json!({"name": "A\u{0}", "description": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name holds a control character","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(create(&app, json!([])).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"expected an object, not a list"}]}"#);
        told!(app.bearer().send("POST", groups(&app), "application/json", b"{\"name\":".to_vec()).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body is not JSON: EOF while parsing a value, line 1, column 8"}]}"#);
        told!(app.bearer().send("POST", groups(&app), "text/plain", b"{}".to_vec()).await, @r#"415 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body must be JSON in UTF-8, with Content-Type: application/json"}]}"#);
        told!(app.bearer().send("POST", groups(&app), "application/json", Vec::new()).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body is empty"}]}"#);
        create(&app, json!({"name": "é".repeat(255), "description": "é".repeat(1000)})).await.is(200);
        for (method, path) in [("PUT", group(&app, "eng")), ("PATCH", group(&app, "eng"))] {
            app.bearer().call(method, &path, Some(json!({"name": "A"}))).await.is(400);
            app.bearer().call(method, &path, Some(json!({"name": "", "description": "x"}))).await.is(400);
        }
        assert_eq!(events(&app).await, ["group.created"]);
    })
    .await;
}

#[tokio::test]
async fn unknown_foreign_and_crossed_ids_are_the_same_nothing() {
    on_both(async |app| {
        let client = app.bearer();
        let body = json!({"name": "x", "description": "y"});
        let missing = client.get(format!("{}/{}", groups(&app), Uuid::from_u128(7))).await;
        told!(missing, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no user group has this id"}]}"#);
        let contoso = format!("/v3/companies/{}/user-groups", app.id("contoso"));
        told!(client.get(format!("{contoso}/{}", app.id("secret"))).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no company has this id"}]}"#);
        // A group under another company's path, and another company's group under one's own.
        for path in [
            format!("{}/{}", groups(&app), app.id("secret")),
            format!("{contoso}/{}", app.id("eng")),
            format!("/v3/companies/{}/user-groups/{}", Uuid::from_u128(7), app.id("eng")),
        ] {
            for (method, body) in
                [("GET", None), ("PUT", Some(body.clone())), ("PATCH", Some(body.clone())), ("DELETE", None)]
            {
                client.call(method, &path, body).await.is(404);
            }
            client.post(format!("{path}/members"), all()).await.is(404);
            client.patch(format!("{path}/members"), json!({})).await.is(404);
        }
        client.post(&contoso, body.clone()).await.is(404);
        client.post(format!("{contoso}/list"), all()).await.is(404);
        told!(client.get("/v3/companies/northwind/user-groups/x").await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"companyId is not a UUID","errorParameters":[{"name":"field","value":"companyId"}]}]}"#);
        told!(client.get(format!("{}/x", groups(&app))).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"groupId is not a UUID","errorParameters":[{"name":"field","value":"groupId"}]}]}"#);
        client
            .get(
                group(&app, "eng")
                    .to_uppercase()
                    .replace("/V3/COMPANIES/", "/v3/companies/")
                    .replace("/USER-GROUPS/", "/user-groups/"),
            )
            .await
            .is(200);
        assert_eq!(app.bearer().by(Who::Foreign).get(format!("{contoso}/{}", app.id("secret"))).await.status, 200);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_unmodifiable_group_keeps_all_but_its_members() {
    on_both(async |app| {
        let frozen = found(&app, NewGroup { name: "Platform".into(), unmodifiable: true, ..Default::default() }).await;
        let path = format!("{}/{frozen}", groups(&app));
        told!(app.bearer().put(&path, json!({"name": "Mine", "description": ""})).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"this group is unmodifiable; its name and description are frozen, only its members may change"}]}"#);
        app.bearer().patch(&path, json!({"name": "Platform", "description": "x"})).await.is(403);
        app.bearer().delete(&path).await.is(403);
        app.bearer().put(&path, json!({"name": "Platform", "description": ""})).await.is(200);
        assert_eq!(app.bearer().get(&path).await.json()["isUnmodifiable"], true);
        app.bearer().patch(format!("{path}/members"), json!({"userIdsToAdd": [app.id("gus")]})).await.is(200);
        assert_eq!(events(&app).await, ["group.members_added"]);
    })
    .await;
}

#[tokio::test]
async fn names_repeat_unless_the_company_wants_them_unique() {
    on_both(async |app| {
        let body = json!({"name": "ENGINEERING", "description": ""});
        create(&app, body.clone()).await.is(200);
        let settings = EditSettings { unique_group_names: Patch::Set(true), ..Default::default() };
        let edit = EditCompany { settings, ..Default::default() };
        app.engine.edit_company(&operator(&app.engine, app.company()), edit, None).await.unwrap();
        told!(create(&app, body).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name belongs to another group of this company","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        // Two at once: one is made.
        let body = json!({"name": "Straße", "description": ""});
        let (one, two) =
            tokio::join!(create(&app, body.clone()), create(&app, json!({"name": "STRASSE", "description": ""})));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    })
    .await;
}

#[tokio::test]
async fn two_deletes_at_once_delete_once() {
    on_both(async |app| {
        let path = group(&app, "ops");
        let client = app.bearer();
        let (one, two) = tokio::join!(client.delete(&path), client.delete(&path));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404]);
        assert_eq!(events(&app).await, ["group.archived"]);
    })
    .await;
}
