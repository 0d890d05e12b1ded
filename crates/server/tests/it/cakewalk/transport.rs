//! What holds for every operation: paths, credentials, forms of answers, limits, the document.

use guildhall_server::config::Limits;
use guildhall_testkit::{Place, Who, on_both};

use super::*;

#[tokio::test]
async fn letter_case_slash_and_old_segment_do_not_matter() {
    on_both(async |app| {
        let client = app.cakewalk();
        for (method, path, body) in operations(&app) {
            let canonical = client.call(method, &path, body.clone()).await;
            assert!((200..300).contains(&canonical.status), "{method} {path}: {canonical}");
            let old = path.replace("/v1/", "/v1/OpenApiBFF/");
            for other in [path.to_lowercase(), format!("{path}/"), old, path.to_uppercase()] {
                // So that a removal finds what the first one found.
                client.post(members(&app, "eng"), add(&app, &["gus"])).await.is(201);
                let same = client.call(method, &other, body.clone()).await.is(canonical.status);
                // The ids in a path are given back as they came, shouted where they were.
                assert_eq!(same.body.to_lowercase(), canonical.body.to_lowercase(), "{method} {other}");
            }
        }
        let shouted = client.get("/API/V1/USERSGROUPS/?Cursor=x").await;
        assert_eq!(shouted.is(200).json()["links"]["self"], "/api/v1/UsersGroups?Cursor=x");
    })
    .await;
}

#[tokio::test]
async fn without_a_working_key_there_is_nothing() {
    // So many wrong credentials that their limit would be met.
    let limits = Limits { wrong_credentials: 10_000, ..Limits::default() };
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, limits.clone()).await;
        told!(app.cakewalk().by(Who::Nobody).get("/api/v1/Users").await, @r#"401 {"type":"https://httpstatuses.io/401","title":"Unauthorized","status":401,"detail":"Send the key in X-API-KEY and its secret in X-API-SECRET."}"#);
        told!(app.cakewalk().by(Who::Revoked).get("/api/v1/Users").await, @r#"401 {"type":"https://httpstatuses.io/401","title":"Unauthorized","status":401,"detail":"The key is missing, unknown, expired or revoked, or its secret is wrong."}"#);
        let key = app.key(Who::Admin).key.id.to_string();
        for (method, path, body) in operations(&app) {
            for client in [
                app.cakewalk().by(Who::Nobody),
                app.cakewalk().by(Who::Revoked),
                app.bearer(),
                app.cakewalk().by(Who::Nobody).with("x-api-key", key.clone()),
                app.cakewalk().by(Who::Nobody).with("x-api-key", key.clone()).with("x-api-secret", "wrong"),
                app.cakewalk().by(Who::Nobody).with("x-api-key", "no uuid").with("x-api-secret", ""),
            ] {
                let reply = client.call(method, &path, body.clone()).await;
                assert_eq!(reply.status, 401, "{method} {path}: {reply}");
                assert_eq!(reply.header("content-type"), "application/json");
            }
        }
        assert_eq!(events(&app).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_read_only_key_reads_and_changes_nothing() {
    on_both(async |app| {
        let client = app.cakewalk().by(Who::AdminReadOnly);
        for (method, path, body) in operations(&app) {
            let reply = client.call(method, &path, body).await;
            if method == "GET" {
                assert_eq!(reply.status, 200);
            } else {
                assert_eq!(reply.header("content-type"), "application/json");
                told!(reply, @r#"403 {"title":"Forbidden operation","status":403,"detail":"This API key is read-only; it may not change anything."}"#);
            }
        }
        // 403 goes before 400, 404 and 405.
        client.post("/api/v1/UsersGroups/7/Users", json!([])).await.is(403);
        client.post(format!("/api/v1/UsersGroups/{}/Users", Uuid::nil()), json!([])).await.is(403);
        client.put("/api/v1/Users", json!({})).await.is(403);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_no_path_or_method_takes_is_refused_in_the_same_form() {
    on_both(async |app| {
        let client = app.cakewalk();
        let reply = client.put("/api/v1/users", json!({})).await;
        assert_eq!(reply.header("allow"), "GET,HEAD");
        told!(reply, @r#"405 {"type":"https://httpstatuses.io/405","title":"Method Not Allowed","status":405,"detail":"This path does not take PUT."}"#);
        assert_eq!(app.cakewalk().by(Who::Nobody).put("/api/v1/Users", json!({})).await.status, 401);
        let lost = client.get("/api/v1/Nothing").await;
        assert_eq!(lost.header("content-type"), "application/json");
        told!(lost, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"There is nothing at this path."}"#);
        for path in ["/api", "/api/v2/Users", "/api/v1/Users//", "/api/v1//Users", "/api/v1/Users/a/b"] {
            client.get(path).await.is(404);
        }
        let head = client.call("HEAD", "/api/v1/Users", None).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        told!(client.get(format!("/api/v1/Users?x={}", "a".repeat(9000))).await, @r#"414 {"type":"https://httpstatuses.io/414","title":"URI Too Long","status":414,"detail":"The target is longer than 8192 bytes."}"#);
    })
    .await;
}

#[tokio::test]
async fn text_json_is_for_who_asks() {
    on_both(async |app| {
        let kind = async |accept: &str, path: &str| {
            app.cakewalk().with("accept", accept).get(path).await.header("content-type").to_owned()
        };
        assert_eq!(kind("text/json", "/api/v1/Users").await, "text/json");
        assert_eq!(kind("text/json", "/api/v1/Users/7").await, "text/json");
        assert_eq!(kind("text/plain, application/json, text/json", "/api/v1/Users").await, "application/json");
        assert_eq!(kind("*/*", "/api/v1/Users").await, "application/json");
        assert_eq!(kind("image/png", "/api/v1/Users").await, "application/json");
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_as_fresh_as_asked() {
    on_both(async |app| {
        // The first question for it makes the public key, which moves the revision.
        app.cakewalk().get("/api/Keys").await.is(200);
        let added = app.cakewalk().post(members(&app, "ops"), add(&app, &["gus"])).await;
        let revision: u64 = added.header("guildhall-revision").parse().unwrap();
        let at_least = |n: String| app.cakewalk().with("guildhall-min-revision", n);
        for (_, path, _) in operations(&app).into_iter().filter(|(method, ..)| *method == "GET") {
            at_least(revision.to_string()).get(&path).await.is(200);
            at_least((revision + 1).to_string()).get(&path).await.is(412);
        }
        let ahead = at_least((revision + 1).to_string()).get("/api/v1/Users").await;
        assert!(ahead.body.contains("does not exist yet"), "{ahead}");
        told!(at_least("soon".into()).get("/api/v1/Users").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"Guildhall-Min-Revision: is not a whole number.","errors":{"Guildhall-Min-Revision":["is not a whole number"]}}"#);
        at_least("-1".into()).get("/api/v1/Users").await.is(400);
    })
    .await;
}

#[tokio::test]
async fn too_many_calls_wait() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, Limits { cakewalk_calls: 3, ..Limits::default() }).await;
        for _ in 0..3 {
            app.cakewalk().get("/api/v1/Users").await.is(200);
        }
        let reply = app.cakewalk().get("/api/v1/Users").await.is(429);
        let wait: u32 = reply.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait));
        assert_eq!(reply.json()["title"], "Too Many Requests");
        assert_eq!(reply.json()["detail"], format!("Too many calls; try again in {wait} s."));
        app.cakewalk().by(Who::AdminReadOnly).get("/api/v1/Users").await.is(200);
    }
}

#[tokio::test]
async fn refusals_of_known_callers_are_counted_by_cause() {
    on_both(async |app| {
        let client = app.cakewalk();
        for _ in 0..2 {
            client.get("/api/v1/Users/7").await.is(400); // invalid
            client.post(members(&app, "eng"), json!({})).await.is(400); // invalid as well
            client.get(format!("/api/v1/Users/{}", Uuid::nil())).await.is(404); // not_found
            app.cakewalk().by(Who::AdminReadOnly).delete(format!("{}/7", members(&app, "eng"))).await.is(403);
            app.cakewalk().by(Who::Guest).get("/api/v1/Users").await.is(403);
            app.cakewalk().by(Who::Nobody).get("/api/v1/Users").await.is(401); // to log and metrics only
        }
        app.engine.housekeep().await.unwrap();
        let verified = app.engine.verify().await.unwrap();
        let northwind = verified.iter().find(|v| v.company == app.company()).unwrap();
        assert_eq!((northwind.refusals, &northwind.broken), (4, &None));
    })
    .await;
}

#[tokio::test]
async fn every_answer_names_its_request() {
    on_both(async |app| {
        for path in ["/api/v1/Users", "/api/v1/Users/7", "/api/v1/Nothing"] {
            let reply = app.cakewalk().get(path).await;
            assert!(reply.header("x-request-id").parse::<Uuid>().is_ok(), "{path}");
            assert_eq!(reply.header("cache-control"), "no-store");
        }
    })
    .await;
}

#[tokio::test]
async fn the_document_tells_every_operation_and_its_refusals() {
    let app = App::start(Place::sqlite()).await;
    let document = app.cakewalk().by(Who::Nobody).get("/openapi/cakewalk.json").await.is(200).json();
    let mut told = String::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses: Vec<&str> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
            let deprecated = if operation["deprecated"] == true { " deprecated" } else { "" };
            let id = operation["operationId"].as_str().unwrap();
            told += &format!("{} {path} {id}{deprecated}: {}\n", method.to_uppercase(), statuses.join(" "));
        }
    }
    told!(told, @r#"
            GET /api/Keys getPublicKey: 200 400 401 403 412 429 500 503
            POST /api/v1/AccessReviews createAccessReview: 201 400 401 403 404 408 409 413 415 429 500 503
            GET /api/v1/Policies/CompatiblePolicies/{requestType} listCompatiblePolicies: 200 400 401 403 412 429 500 503
            GET /api/v1/Requests listRequests: 200 400 401 403 412 429 500 503
            POST /api/v1/Requests/ChangePermission requestChangePermission: 201 400 401 403 404 408 409 413 415 429 500 503
            POST /api/v1/Requests/GrantAccess requestGrantAccess: 201 400 401 403 404 408 409 413 415 429 500 503
            POST /api/v1/Requests/RemoveAccess requestRemoveAccess: 201 400 401 403 404 408 409 413 415 429 500 503
            GET /api/v1/Tasks listTasks: 200 400 401 403 412 429 500 503
            GET /api/v1/Tasks/{taskId} getTask: 200 400 401 403 404 412 429 500 503
            POST /api/v1/Tasks/{taskId}/Approve approveTask: 204 400 401 403 404 408 409 413 415 429 500 503
            POST /api/v1/Tasks/{taskId}/Decline declineTask: 204 400 401 403 404 408 409 413 415 429 500 503
            GET /api/v1/Users listUsers: 200 400 401 403 412 429 500 503
            GET /api/v1/Users/{userId} getUser: 200 400 401 403 404 412 429 500 503
            GET /api/v1/UsersGroups listUsersGroups: 200 400 401 403 412 429 500 503
            GET /api/v1/UsersGroups/{usersGroupId} getUsersGroup: 200 400 401 403 404 412 429 500 503
            GET /api/v1/UsersGroups/{usersGroupId}/DefaultWorkApps listUsersGroupDefaultWorkApps: 200 400 401 403 404 412 429 500 503
            GET /api/v1/UsersGroups/{usersGroupId}/HiddenWorkApps listUsersGroupHiddenWorkApps: 200 400 401 403 404 412 429 500 503
            GET /api/v1/UsersGroups/{usersGroupId}/Users listUsersGroupUsers: 200 400 401 403 404 412 429 500 503
            POST /api/v1/UsersGroups/{usersGroupId}/Users addUsersToUsersGroup: 201 400 401 403 404 408 413 415 429 500 503
            DELETE /api/v1/UsersGroups/{usersGroupId}/Users/{userId} removeUserFromUsersGroup deprecated: 204 400 401 403 404 408 413 415 429 500 503
            GET /api/v1/WorkApps listWorkApps: 200 400 401 403 412 429 500 503
            POST /api/v1/WorkApps/Accesses recordAccesses: 201 400 401 403 404 408 409 413 415 429 500 503
            GET /api/v1/WorkApps/{workAppId} getWorkApp: 200 400 401 403 404 412 429 500 503
            GET /api/v1/WorkApps/{workAppId}/Accesses listAccesses: 200 400 401 403 404 412 429 500 503
            GET /api/v1/WorkApps/{workAppId}/CustomFields listCustomFields: 200 400 401 403 404 412 429 500 503
            PATCH /api/v1/WorkApps/{workAppId}/CustomFields setCustomFields: 204 400 401 403 404 408 413 415 429 500 503
            GET /api/v1/WorkApps/{workAppId}/PermissionLevels listPermissionLevels: 200 400 401 403 404 412 429 500 503
            PUT /api/v1/WorkApps/{workAppId}/PermissionLevels/{permissionLevelId}/Policies/{requestType} setPermissionLevelPolicy: 204 400 401 403 404 408 409 413 415 429 500 503
            PUT /api/v1/WorkApps/{workAppId}/Policies/{requestType} setWorkAppPolicy: 204 400 401 403 404 408 409 413 415 429 500 503
            "#);
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} is nowhere");
    }
    told!(document["components"]["schemas"]["ProblemDetails"]["properties"].to_string(), @r#"{"detail":{"description":"What is wrong with this very request.","example":"No users group has this id.","type":["string","null"]},"errors":{"additionalProperties":{"items":{"type":"string"},"type":"array"},"description":"On a 400: each wrong field and what is wrong with it.","propertyNames":{"type":"string"},"type":"object"},"instance":{"description":"Never sent: `X-Request-Id` names the request.","type":["string","null"]},"status":{"description":"The status.","example":404,"format":"int32","type":["integer","null"]},"title":{"description":"The status in words.","example":"Not Found","type":["string","null"]},"type":{"description":"A page about the status; not sent on a read-only key's 403.","example":"https://httpstatuses.io/404","type":["string","null"]}}"#);
    told!(document["components"]["schemas"]["UserDetailed"].to_string(), @r##"{"allOf":[{"$ref":"#/components/schemas/UserSimplified"},{"properties":{"lastLogin":{"format":"date-time","type":["string","null"]},"managerId":{"format":"uuid","type":["string","null"]},"roleId":{"example":1,"format":"int32","type":"integer"},"roleName":{"example":"User","type":"string"}},"required":["roleId","roleName","lastLogin","managerId"],"type":"object"}],"description":"A person."}"##);
}
