//! What holds for every operation: paths, credentials, forms of answers, limits, the document.

use guildhall_server::config::Limits;
use guildhall_testkit::{Place, Who, on_both};

use super::*;

#[tokio::test]
async fn both_slash_forms_are_the_same_and_letter_case_matters() {
    on_both(async |app| {
        for (method, path, body) in operations(&app) {
            // A foreign key changes nothing here, so that it is answered the same twice.
            let foreign = app.bearer().by(Who::Foreign);
            let slashed = foreign.call(method, format!("{path}/"), body.clone()).await;
            if method == "POST" && path == USERS {
                slashed.is(201);
            } else {
                let bare = foreign.call(method, &path, body).await;
                assert_eq!((bare.status, &bare.body), (slashed.status, &slashed.body), "{method} {path}");
            }
        }
        let slashed = app.bearer().get(format!("{}/", group(&app, "eng"))).await.is(200);
        assert_eq!(slashed.body, app.bearer().get(group(&app, "eng")).await.body);
        app.bearer().patch(format!("{}/", group(&app, "eng")), json!({"name": "Slashed"})).await.is(200);
        for wrong in [
            "/api/v1/Auth/group",
            "/api/v1/auth/Group",
            "/api/v1/User",
            "/api/v1/auth/group//",
            "/api/v1/user//",
            "/api/v1/auth",
            "/api/v1/auth/groups",
            "/api/v1/auth/group/a/b",
            "/healthCheck",
            "/healthcheck//",
        ] {
            app.bearer().get(wrong).await.is(404);
        }
        // Another dialect's, two headers and all.
        app.cakewalk().get("/api/v1/users").await.is(200);
        app.cakewalk().get("/api/v1/user").await.is(401);
    })
    .await;
}

#[tokio::test]
async fn health_asks_for_no_credential() {
    on_both(async |app| {
        let nobody = app.bearer().by(Who::Nobody);
        told!(nobody.get("/healthcheck").await, @r#"200 {"status":"OK"}"#);
        told!(nobody.get("/healthcheck/").await, @r#"200 {"status":"OK"}"#);
        let reply = nobody.post("/healthcheck", json!({})).await;
        told!(reply, @r#"405 {"detail":"Method \"POST\" not allowed."}"#);
        assert_eq!(reply.header("allow"), "GET,HEAD");
    })
    .await;
}

#[tokio::test]
async fn without_a_working_key_there_is_nothing() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, Limits { wrong_credentials: 1000, ..Limits::default() }).await;
        told!(app.bearer().by(Who::Nobody).get(GROUPS).await, @r#"401 {"detail":"Send the key as Authorization: Bearer <key id>.<secret>."}"#);
        told!(app.bearer().by(Who::Revoked).get(GROUPS).await, @r#"401 {"detail":"The key is missing, unknown, expired or revoked, or its secret is wrong."}"#);
        let key = app.key(Who::Admin).key.id.to_string();
        let with = |value: String| app.bearer().by(Who::Nobody).with("authorization", value);
        for (method, path, body) in operations(&app) {
            for client in [
                app.bearer().by(Who::Nobody),
                app.bearer().by(Who::Revoked),
                app.cakewalk(),
                with(format!("Bearer {key}")),
                with(format!("Bearer {key}.wrong")),
                with(format!("Basic {}", app.key(Who::Admin).token())),
                with("Bearer".into()),
                with("Bearer .".into()),
            ] {
                let reply = client.call(method, &path, body.clone()).await;
                assert_eq!(reply.status, 401, "{method} {path}: {reply}");
                assert_eq!(reply.header("www-authenticate"), "Bearer");
                assert_eq!(reply.header("content-type"), "application/json");
            }
        }
        assert_eq!(events(&app).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_read_only_key_reads_and_changes_nothing() {
    on_both(async |app| {
        let client = app.bearer().by(Who::AdminReadOnly);
        for (method, path, body) in operations(&app) {
            let reply = client.call(method, &path, body).await;
            if method == "GET" {
                assert_eq!(reply.status, 200);
            } else {
                told!(reply, @r#"403 {"detail":"This key may only read."}"#);
            }
        }
        // 403 goes before 400, 404, 405 and 415.
        client.post(GROUPS, json!([])).await.is(403);
        client.patch(format!("{GROUPS}/7"), json!({})).await.is(403);
        client.put(GROUPS, json!({})).await.is(403);
        client.send("POST", GROUPS, "text/plain", b"x".to_vec()).await.is(403);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_no_path_or_method_takes_is_refused_in_the_same_form() {
    on_both(async |app| {
        let client = app.bearer();
        for (path, allow) in [(GROUPS, "GET,HEAD,POST"), (USERS, "GET,HEAD,POST")] {
            let reply = client.put(path, json!({})).await;
            told!(reply, @r#"405 {"detail":"Method \"PUT\" not allowed."}"#);
            assert_eq!(reply.header("allow"), allow);
        }
        for path in [group(&app, "eng"), user(&app, "gus")] {
            let reply = client.put(format!("{path}/"), json!({})).await.is(405);
            assert_eq!(reply.header("allow"), "GET,HEAD,PATCH,DELETE");
            assert_eq!(reply.header("content-type"), "application/json");
        }
        told!(client.delete(GROUPS).await, @r#"405 {"detail":"Method \"DELETE\" not allowed."}"#);
        app.bearer().by(Who::Nobody).put(GROUPS, json!({})).await.is(401);
        told!(client.get("/api/v1/auth/team/").await, @r#"404 {"detail":"Not found."}"#);
        let head = client.call("HEAD", GROUPS, None).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        told!(client.get(format!("{GROUPS}?x={}", "a".repeat(9000))).await, @r#"414 {"detail":"The target is longer than 8192 bytes."}"#);
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_as_fresh_as_asked() {
    on_both(async |app| {
        let made = app.bearer().post(GROUPS, json!({"name": "x"})).await;
        let revision: u64 = made.header("guildhall-revision").parse().unwrap();
        let at_least = |n: String| app.bearer().with("guildhall-min-revision", n);
        for (_, path, _) in operations(&app).into_iter().filter(|(method, ..)| *method == "GET") {
            at_least(revision.to_string()).get(&path).await.is(200);
            at_least((revision + 1).to_string()).get(&path).await.is(412);
        }
        told!(at_least("soon".into()).get(GROUPS).await, @r#"400 {"detail":"Guildhall-Min-Revision is not a whole number."}"#);
        let ahead = at_least("999999".into()).get(USERS).await;
        assert!(ahead.body.contains("revision 999999 does not exist yet"), "{ahead}");
    })
    .await;
}

#[tokio::test]
async fn too_many_calls_wait() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, Limits { calls: 3, ..Limits::default() }).await;
        for _ in 0..3 {
            app.bearer().get(USERS).await.is(200);
        }
        let reply = app.bearer().get(USERS).await.is(429);
        let wait: u32 = reply.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait));
        assert!(reply.body.starts_with(r#"{"detail":"Request was throttled. Expected available in "#), "{reply}");
        app.bearer().by(Who::Editor).get(USERS).await.is(200);
        app.bearer().get("/healthcheck").await.is(200);
    }
}

#[tokio::test]
async fn every_route_and_every_answer_is_in_the_document() {
    on_both(async |app| {
        let document = app.bearer().by(Who::Nobody).get("/openapi/secoda.json").await.is(200).json();
        let mut told = String::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
                told += &format!("{method} {path} {statuses:?}\n");
            }
        }
        told!(told.replace('"', ""), @r#"
            get /api/v1/auth/group [200, 400, 401, 403, 404, 412, 429, 500, 503]
            post /api/v1/auth/group [201, 400, 401, 403, 408, 413, 415, 429, 500, 503]
            delete /api/v1/auth/group/{id} [204, 400, 401, 403, 404, 429, 500, 503]
            get /api/v1/auth/group/{id} [200, 400, 401, 403, 404, 412, 429, 500, 503]
            patch /api/v1/auth/group/{id} [200, 400, 401, 403, 404, 408, 413, 415, 429, 500, 503]
            get /api/v1/auth/teams [200, 400, 401, 403, 404, 412, 429, 500, 503]
            post /api/v1/auth/teams [201, 400, 401, 403, 408, 413, 415, 429, 500, 503]
            delete /api/v1/auth/teams/{id} [204, 400, 401, 403, 404, 429, 500, 503]
            get /api/v1/auth/teams/{id} [200, 400, 401, 403, 404, 412, 429, 500, 503]
            patch /api/v1/auth/teams/{id} [200, 400, 401, 403, 404, 408, 413, 415, 429, 500, 503]
            get /api/v1/user [200, 400, 401, 403, 404, 412, 429, 500, 503]
            post /api/v1/user [201, 400, 401, 403, 408, 413, 415, 429, 500, 503]
            delete /api/v1/user/{id} [204, 400, 401, 403, 404, 429, 500, 503]
            get /api/v1/user/{id} [200, 400, 401, 403, 404, 412, 429, 500, 503]
            patch /api/v1/user/{id} [200, 400, 401, 403, 404, 408, 413, 415, 429, 500, 503]
            get /healthcheck [200]
            "#);
        // What cannot be read is told as one text, what is wrong in it field by field: the document knows both.
        let wrong = &document["paths"]["/api/v1/auth/group/{id}"]["patch"]["responses"]["400"]["content"];
        let forms = json!([{"$ref": "#/components/schemas/Detail"}, {"$ref": "#/components/schemas/FieldErrors"}]);
        assert_eq!(wrong["application/json"]["schema"]["oneOf"], forms);
        let keys = |schema: &str| {
            let keys = document["components"]["schemas"][schema]["properties"].as_object().unwrap().keys();
            keys.cloned().collect::<Vec<_>>().join(" ")
        };
        told!(keys("Group"), @"created_at description icon id name snowflake_role updated_at users workspace_id");
        told!(keys("User"), @"bookmarks disabled email first_name id is_service_account last_login last_name new_feature_acknowledged pending profile_picture role service_account_count_popularity user_groups workspace workspace_id");
        told!(keys("CreateUser"), @"email emails first_name groups last_name role teams user_groups");
        assert_eq!(document["components"]["schemas"]["CreateGroup"]["required"], json!(["name"]));
    })
    .await;
}
