//! People: `/v3/users/list` and `/v2/users`.

use guildhall_domain::patch::Patch;
use guildhall_domain::user::EditUser;
use guildhall_testkit::{Who, on_both};

use super::*;

const LIST: &str = "/v3/users/list";

fn search(app: &App, more: Value) -> Value {
    let mut search = json!({"companyId": {"id": app.id("northwind")}, "pagination": {}});
    if let Value::Object(more) = more {
        search.as_object_mut().expect("an object").extend(more);
    }
    search
}

/// The full names that a search finds, and how many it says there are.
async fn people(app: &App, more: Value) -> (Vec<String>, u64) {
    let reply = app.bearer().post(LIST, search(app, more)).await.is(200);
    let name = |user: &Value| user["personalDetail"]["name"]["full"].as_str().unwrap().to_owned();
    (reply.json()["users"].as_array().unwrap().iter().map(name).collect(), total(&reply))
}

#[tokio::test]
async fn the_list_tells_every_member_of_a_user() {
    on_both(async |app| {
        let edit = EditUser {
            manager: Patch::Set(app.id("ada").into()),
            external_id: Patch::Set("v-1".into()),
            attributes: Patch::Set(r#"{"employeeId":17}"#.into()),
            ..Default::default()
        };
        app.engine.edit_user(&operator(&app.engine, app.company()), app.id("vera").into(), edit, None).await.unwrap();
        told!(app.bearer().post(LIST, search(&app, json!({"searchText": "VERA"}))).await, @r#"200 {"users":[{"userId":{"id":"<vera>"},"organization":{"id":"<northwind>","name":"Northwind"},"persona":"EMPLOYEE","isActive":true,"externalId":"v-1","personalDetail":{"name":{"given":"Vera","family1":"Viewer","full":"Vera Viewer"},"email":"vera.viewer@northwind.example"},"businessDetail":{"email":"vera.viewer@northwind.example","employeeId":"17","manager":{"id":"<ada>"}},"createdAt":{"iso8601":"2026-11-20T09:00:00"},"lastUpdatedAt":{"iso8601":"2026-11-20T09:00:00"}}],"pagination":{"totalNumResults":1}}"#);
        told!(app.bearer().post(LIST, search(&app, json!({"searchText": "gus.guest@"}))).await, @r#"200 {"users":[{"userId":{"id":"<gus>"},"organization":{"id":"<northwind>","name":"Northwind"},"persona":"GUEST","isActive":true,"externalId":"","personalDetail":{"name":{"given":"Gus","family1":"Guest","full":"Gus Guest"},"email":"gus.guest@northwind.example"},"businessDetail":{"email":"gus.guest@northwind.example","employeeId":""},"createdAt":{"iso8601":"2026-11-20T09:00:00"},"lastUpdatedAt":{"iso8601":"2026-11-20T09:00:00"}}],"pagination":{"totalNumResults":1}}"#);
    })
    .await;
}

#[tokio::test]
async fn users_are_searched_sorted_and_paged() {
    on_both(async |app| {
        let active = ["Ada Example", "Edda Editor", "Vera Viewer", "Gus Guest"];
        let names = async |more: Value| people(&app, more).await.0;
        assert_eq!(people(&app, json!({})).await, (active.map(str::to_owned).to_vec(), 4));
        assert_eq!(names(json!({"userStatusFilter": "INACTIVE"})).await, ["Ivan Idle"]);
        assert_eq!(people(&app, json!({"userStatusFilter": "ALL"})).await.1, 5);
        assert_eq!(
            names(json!({"sort": {"sortBy": "NAME", "sortOrder": "DESCENDING"}})).await,
            ["Vera Viewer", "Gus Guest", "Edda Editor", "Ada Example"]
        );
        assert_eq!(
            people(
                &app,
                json!({"sort": {"sortBy": "NAME", "sortOrder": "ASCENDING"}, "pagination": {"offset": 1, "limit": 2}})
            )
            .await,
            (vec!["Edda Editor".into(), "Gus Guest".into()], 4)
        );
        assert_eq!(people(&app, json!({"pagination": {"offset": 4}})).await, (vec![], 4));
        for name in ["Élodie Straße", "İbrahim Ünal"] {
            let email = format!("{}@northwind.example", name.len());
            app.bearer().post("/v2/users", json!({"name": name, "email": email})).await.is(201);
        }
        assert_eq!(names(json!({"searchText": "élodie STRASSE"})).await, ["Élodie Straße"]);
        assert_eq!(names(json!({"searchText": "ibrahim"})).await, ["İbrahim Ünal"]);
        assert_eq!(names(json!({"filters": [], "searchText": "Nobody"})).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_told() {
    on_both(async |app| {
        let post = async |search: Value| app.bearer().post(LIST, search).await;
        let northwind = app.id("northwind");
        told!(post(json!({"pagination": {}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"companyId is missing","errorParameters":[{"name":"field","value":"companyId"}]}]}"#);
        told!(post(json!({"companyId": northwind, "pagination": {}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"companyId: expected an object, not string \"<northwind>\"","errorParameters":[{"name":"field","value":"companyId"}]}]}"#);
        told!(post(json!({"companyId": {"id": "x"}, "pagination": {}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"companyId.id is not a UUID","errorParameters":[{"name":"field","value":"companyId.id"}]}]}"#);
        told!(post(json!({"tmcId": {"id": northwind}, "pagination": {}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"tmcId is not kept here; name a companyId","errorParameters":[{"name":"field","value":"tmcId"}]}]}"#);
        told!(post(json!({"companyId": {"id": northwind}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination is missing","errorParameters":[{"name":"field","value":"pagination"}]}]}"#);
        told!(post(search(&app, json!({"userStatusFilter": "active"}))).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userStatusFilter must be one of `ACTIVE` `INACTIVE` `ALL`","errorParameters":[{"name":"field","value":"userStatusFilter"}]}]}"#);
        told!(post(search(&app, json!({"sort": {"sortBy": "NAME", "sortOrder": "ASC"}}))).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"sort.sortOrder must be one of `ASCENDING` `DESCENDING`","errorParameters":[{"name":"field","value":"sort.sortOrder"}]}]}"#);
        told!(post(search(&app, json!({"filters": [{"name": "x"}]}))).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters is not taken here; use userStatusFilter and searchText","errorParameters":[{"name":"field","value":"filters"}]}]}"#);
        told!(post(json!({"companyId": {"id": app.id("contoso")}, "pagination": {}})).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no company has this id"}]}"#);
        let unknown = json!({"companyId": {"id": Uuid::from_u128(7)}, "pagination": {}});
        post(unknown).await.is(404);
        post(search(&app, json!({"searchText": "\u{0}"}))).await.is(400);
    })
    .await;
}

#[tokio::test]
async fn a_user_is_made_read_changed_deactivated_and_activated() {
    on_both(async |app| {
        let client = app.bearer();
        let body = json!({
            "name": {"given": "Nina", "middle": "B.", "family1": "Ng", "family2": "Ort"}, "email": "nina@northwind.example",
            "externalId": "n-1", "employeeId": "E 7", "persona": "EMPLOYEE", "isActive": true,
            "companyId": {"id": app.id("northwind")}, "role": "admin", "unknown": []
        });
        let made = client.post("/v2/users", body).await;
        assert_eq!(made.header("guildhall-revision"), "20");
        told!(made, @r#"201 {"id":"<id 1>"}"#);
        let path = format!("/v2/users/{}", made.json()["id"].as_str().unwrap());
        let read = client.get(&path).await;
        told!(read, @r#"200 {"id":"<id 1>","email":"nina@northwind.example","externalId":"n-1","persona":"EMPLOYEE","isActive":true,"name":{"given":"Nina B.","family1":"Ng Ort","full":"Nina B. Ng Ort"},"employeeId":"E 7","companyId":"<northwind>"}"#);
        // What was read, sent back, changes nothing.
        assert_eq!(client.put(&path, read.json()).await.is(200).header("guildhall-revision"), "20");
        let changed = client.put(&path, json!({"name": {"given": "Nina", "family1": "Nord"}, "externalId": "", "employeeId": "E 8", "persona": "GUEST"})).await;
        told!(changed, @"200");
        told!(client.get(&path).await, @r#"200 {"id":"<id 1>","email":"nina@northwind.example","externalId":"","persona":"GUEST","isActive":true,"name":{"given":"Nina","family1":"Nord","full":"Nina Nord"},"employeeId":"E 8","companyId":"<northwind>"}"#);
        client.put(&path, json!({"name": "Nina Norden", "employeeId": null, "persona": "EMPLOYEE", "isActive": false})).await.is(200);
        told!(client.get(&path).await, @r#"200 {"id":"<id 1>","email":"nina@northwind.example","externalId":"","persona":"EMPLOYEE","isActive":false,"name":{"given":"Nina","family1":"Norden","full":"Nina Norden"},"employeeId":"","companyId":"<northwind>"}"#);
        told!(client.post(format!("{path}/activate"), json!({})).await, @"200");
        client.post(format!("{path}/activate"), json!({})).await.is(200);
        let gone = client.delete(&path).await;
        told!(gone, @"204");
        client.delete(&path).await.is(204);
        assert_eq!(client.get(&path).await.is(200).json()["isActive"], false);
        client.put(&path, json!({"isActive": true})).await.is(200);
        assert_eq!(client.get(&path).await.json()["isActive"], true);
        assert_eq!(events(&app).await, ["user.created", "user.updated", "user.deactivated", "user.updated", "user.reactivated", "user.deactivated", "user.reactivated"]);
    })
    .await;
}

#[tokio::test]
async fn names_come_in_many_forms() {
    on_both(async |app| {
        for (i, (body, full)) in [
            (json!({"name": "Cher"}), "Cher"),
            (json!({"givenName": "Ana", "familyName": "Bo"}), "Ana Bo"),
            (json!({"given": "Ana", "family": "Bo"}), "Ana Bo"),
            (json!({"name": {"given": "Ana"}}), "Ana"),
            (json!({"name": {"given": "Ana", "family1": "Bo", "full": "Bo, Ana"}}), "Bo, Ana"),
            (json!({"name": {"family": "Bo"}, "givenName": "Ana"}), "Ana Bo"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut body = body;
            body["email"] = json!(format!("{i}@northwind.example"));
            let made = app.bearer().post("/v2/users", body.clone()).await.is(201);
            let user = app.bearer().get(format!("/v2/users/{}", made.json()["id"].as_str().unwrap())).await.json();
            assert_eq!(user["name"]["full"], full, "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_told() {
    on_both(async |app| {
        let post = async |body: Value| app.bearer().post("/v2/users", body).await;
        told!(post(json!({"email": "a@b"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name is missing","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(post(json!({"name": {"given": ""}, "email": "a@b"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name is missing","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(post(json!({"name": ["A"], "email": "a@b"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name: expected an object or a text, not a list","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(post(json!({"name": {"given": 7}, "email": "a@b"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name.given: expected a string, not integer `7`","errorParameters":[{"name":"field","value":"name.given"}]}]}"#);
        told!(post(json!({"name": "A"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"email is missing","errorParameters":[{"name":"field","value":"email"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"email is not an e-mail address","errorParameters":[{"name":"field","value":"email"}]}]}"#);
        told!(post(json!({"name": "A", "email": "ADA.example@northwind.example"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"email belongs to another user","errorParameters":[{"name":"field","value":"email"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a@b", "persona": "RELATIVE"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"persona must be EMPLOYEE or GUEST; others are not kept here","errorParameters":[{"name":"field","value":"persona"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a@b", "persona": "BOSS"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"persona must be one of `UNKNOWN_PERSONA` `EMPLOYEE` `GUEST` `PERSONAL` `RELATIVE` `ADHOC`","errorParameters":[{"name":"field","value":"persona"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a@b", "isActive": "yes"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"isActive: expected a boolean, not string \"yes\"","errorParameters":[{"name":"field","value":"isActive"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a@b", "externalId": "x".repeat(256)})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"externalId may have at most 255 characters","errorParameters":[{"name":"field","value":"externalId"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a@b", "employeeId": "x".repeat(256)})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"employeeId may have at most 255 characters","errorParameters":[{"name":"field","value":"employeeId"}]}]}"#);
        told!(post(json!({"name": "A", "email": "a@b", "companyId": app.id("contoso")})).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no company has this id"}]}"#);
        told!(post(json!([])).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"expected an object, not a list"}]}"#);
        let ada = format!("/v2/users/{}", app.id("ada"));
        // The last administrator stays one.
        told!(app.bearer().delete(&ada).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"this is the last administrator of the company, who stays; make another one first"}]}"#);
        app.bearer().put(&ada, json!({"persona": "GUEST"})).await.is(400);
        app.bearer().put(&ada, json!({"email": "vera.viewer@northwind.example"})).await.is(400);
        app.bearer().put(&ada, json!({"name": ""})).await.is(400);
        for method in ["GET", "PUT", "DELETE"] {
            let body = (method == "PUT").then(|| json!({"name": "x"}));
            for id in [app.id("carl"), Uuid::from_u128(7), app.id("eng")] {
                app.bearer().call(method, format!("/v2/users/{id}"), body.clone()).await.is(404);
            }
            app.bearer().call(method, "/v2/users/x", body).await.is(400);
        }
        app.bearer().post(format!("/v2/users/{}/activate", app.id("carl")), json!({})).await.is(404);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn users_are_found_by_what_they_have_elsewhere() {
    on_both(async |app| {
        for (name, external, employee) in [("One", "x-1", "é\"7"), ("Two", "x-1", "8"), ("Three", "x-2", "8")] {
            let body = json!({"name": name, "email": format!("{name}@northwind.example"), "externalId": external, "employeeId": employee});
            app.bearer().post("/v2/users", body).await.is(201);
        }
        let ivan = EditUser { external_id: Patch::Set("x-1".into()), attributes: Patch::Set(r#"{ "employeeId" : 8, "note": "employeeId" }"#.into()), ..Default::default() };
        app.engine.edit_user(&operator(&app.engine, app.company()), app.id("ivan").into(), ivan, None).await.unwrap();
        told!(app.bearer().get("/v2/users?email=ONE@northwind.example").await, @r#"200 {"length":1,"elements":[{"id":"<id 1>","email":"One@northwind.example","externalId":"x-1","persona":"EMPLOYEE","isActive":true}]}"#);
        told!(app.bearer().get("/v2/users?externalId=nobody&companyId=").await, @r#"200 {"length":0,"elements":[]}"#);
        let find = async |query: &str| {
            let reply = app.bearer().get(format!("/v2/users?{query}")).await.is(200);
            let emails = column(&reply, "elements", "email");
            assert_eq!(reply.json()["length"], emails.len());
            emails.into_iter().map(|email| email.split('@').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(find("externalId=x-1").await, ["One", "Two"]);
        assert_eq!(find("externalId=x-1&includeInactive=true").await, ["ivan.idle", "One", "Two"]);
        assert_eq!(find("externalId=x-1&employeeId=8").await, ["Two"]);
        assert_eq!(find("employeeId=8").await, ["Two", "Three"]);
        assert_eq!(find("employeeId=8&includeInactive=true").await, ["ivan.idle", "Two", "Three"]);
        assert_eq!(find("employeeId=%C3%A9%227").await, ["One"]);
        assert_eq!(find("email=two@northwind.example&externalId=x-2").await, [""; 0]);
        assert_eq!(find("").await, ["ada", "edda.editor", "vera.viewer", "gus.guest", "One", "Two", "Three"].map(|n| if n == "ada" { "ada.example" } else { n }));
        assert_eq!(find(&format!("companyId={}&includeInactive=true&unknown=1", app.id("northwind"))).await.len(), 8);
        for (query, status) in [
            ("companyId=x".to_owned(), 400),
            (format!("companyId={}", app.id("contoso")), 404),
            (format!("companyId={}", Uuid::from_u128(7)), 404),
            ("includeInactive=yes".into(), 400),
            ("email=a&email=b".into(), 400),
            ("email=%00".into(), 400),
            ("email=%ff".into(), 400),
            (format!("employeeId={}", "x".repeat(256)), 400),
        ] {
            app.bearer().get(format!("/v2/users?{query}")).await.is(status);
        }
        app.bearer().by(Who::Guest).get("/v2/users").await.is(403);
        app.bearer().by(Who::Guest).get(format!("/v2/users/{}", app.id("gus"))).await.is(200);
        app.bearer().by(Who::Guest).get(format!("/v2/users/{}", app.id("ada"))).await.is(403);
    })
    .await;
}

#[tokio::test]
async fn two_edits_at_once_lose_nothing() {
    on_both(async |app| {
        let path = format!("/v2/users/{}", app.id("gus"));
        let client = app.bearer();
        let (one, two) =
            tokio::join!(client.put(&path, json!({"employeeId": "7"})), client.put(&path, json!({"externalId": "g"})));
        assert_eq!((one.status, two.status), (200, 200));
        let user = client.get(&path).await.json();
        assert_eq!((&user["employeeId"], &user["externalId"]), (&json!("7"), &json!("g")));
    })
    .await;
}
