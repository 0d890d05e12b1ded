//! What holds for every operation: credentials, rights, forms of answers, freshness, the document.

use guildhall_server::config::Limits;
use guildhall_testkit::{Place, Who, on_both};

use super::*;

#[tokio::test]
async fn who_may_do_what() {
    on_both(async |app| {
        let mut table = String::new();
        // From the least right to the most, so that nobody finds what another has deleted.
        for who in [
            Who::Nobody,
            Who::Revoked,
            Who::Foreign,
            Who::Guest,
            Who::Viewer,
            Who::Editor,
            Who::AdminReadOnly,
            Who::Admin,
            Who::Platform,
        ] {
            table += &format!("{who:?}:");
            for (method, path, body, success, reads) in operations(&app) {
                let reply = app.bearer().by(who).call(method, &path, body).await;
                if who == Who::AdminReadOnly {
                    assert_eq!(reply.status, if reads { success } else { 403 }, "{method} {path}: {reply}");
                }
                table += &format!(" {}", reply.status);
            }
            table.push('\n');
        }
        insta::allow_duplicates! { insta::assert_snapshot!(table, @r#"
Nobody: 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401
Revoked: 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401 401
Foreign: 404 404 404 404 404 404 404 404 404 404 404 200 200 404 404 404 404 404 200 201 404 404 404 404 200 403 404 404 404
Guest: 403 403 403 403 403 403 403 403 403 403 403 403 200 200 403 200 200 403 403 403 200 403 403 403 200 403 200 403 403
Viewer: 200 403 200 403 403 200 403 403 200 403 200 403 200 200 200 200 200 200 200 403 200 403 403 403 200 403 200 403 403
Editor: 200 403 200 403 403 200 200 403 200 403 200 403 200 200 200 200 200 200 200 403 200 403 403 403 200 403 200 403 403
AdminReadOnly: 200 403 200 403 403 200 403 403 200 403 200 403 200 200 200 200 200 200 200 403 200 403 403 403 200 403 200 403 403
Admin: 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 201 200 200 204 200 200 403 200 204 403
Platform: 403 403 403 403 403 403 403 403 403 403 403 200 200 200 403 403 403 403 403 403 403 403 403 403 200 201 200 204 204
"#) }
    })
    .await;
}

#[tokio::test]
async fn without_a_working_credential_there_is_nothing() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::with(place, Limits { wrong_credentials: 10_000, ..Limits::default() }).await;
        told!(app.bearer().by(Who::Nobody).get(group(&app, "eng")).await, @r#"401 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"USER_NOT_AUTHENTICATED","message":"the token is invalid, expired or missing","errorDetail":"send the key as Authorization: Bearer <key id>.<secret>"}]}"#);
        told!(app.bearer().by(Who::Revoked).get(group(&app, "eng")).await, @r#"401 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"USER_NOT_AUTHENTICATED","message":"the token is invalid, expired or missing","errorDetail":"the key is missing, unknown, expired or revoked, or its secret is wrong"}]}"#);
        let nobody = || app.bearer().by(Who::Nobody);
        for (method, path, body, ..) in operations(&app) {
            for client in [
                nobody(),
                nobody().with("authorization", "Bearer"),
                nobody().with("authorization", "Bearer gh1.a.b.c"),
                nobody().with("authorization", format!("Bearer {}.no", app.key(Who::Admin).key.id)),
                nobody().with("authorization", format!("Basic {}", app.key(Who::Admin).token())),
                app.cakewalk(),
            ] {
                let reply = client.call(method, &path, body.clone()).await.is(401);
                assert_eq!(reply.header("www-authenticate"), "Bearer");
            }
        }
        assert_eq!(events(&app).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_no_path_or_method_takes_is_refused_in_the_same_form() {
    on_both(async |app| {
        let wrong = app.bearer().put(format!("{}/list", groups(&app)), json!({})).await;
        assert_eq!(wrong.header("allow"), "POST");
        told!(wrong, @r#"405 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"this path does not take PUT"}]}"#);
        told!(app.bearer().get("/v3/nothing").await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"there is nothing at this path"}]}"#);
        for path in ["/v2", "/v3", "/v2/", "/v3/companies", "/v3/Users/list", "/v3/users/list/"] {
            told!(app.bearer().get(path).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"there is nothing at this path"}]}"#);
        }
        let head = app.bearer().call("HEAD", group(&app, "eng"), None).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        told!(app.bearer().get(format!("/v3/{}", "a".repeat(9000))).await, @r#"414 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the target is longer than 8192 bytes"}]}"#);
        told!(app.bearer().send("POST", "/v3/users/list", "application/json", vec![b'['; 3 << 20]).await, @r#"413 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body is larger than 2097152 bytes"}]}"#);
        told!(app.bearer().send("POST", "/v3/users/list", "application/json", "[".repeat(99).into_bytes()).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the body is nested deeper than 32 levels"}]}"#);
        // Other dialects keep their own forms.
        assert!(!app.bearer().get("/v22").await.is(404).body.contains("errorMessages"));
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_as_fresh_as_asked() {
    on_both(async |app| {
        let changed = app.bearer().patch(members(&app, "eng"), json!({"userIdsToAdd": [app.id("gus")]})).await;
        let revision: u64 = changed.header("guildhall-revision").parse().unwrap();
        let at_least = |n: String| app.bearer().with("guildhall-min-revision", n);
        for (method, path, body, success, _) in operations(&app).into_iter().filter(|(.., reads)| *reads) {
            at_least(revision.to_string()).call(method, &path, body.clone()).await.is(success);
            at_least((revision + 1).to_string()).call(method, &path, body).await.is(412);
        }
        told!(at_least((revision + 1).to_string()).get(group(&app, "eng")).await, @r#"412 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"PRECONDITION_FAILED","message":"this company is at revision 20; revision 21 does not exist yet"}]}"#);
        told!(at_least("soon".into()).get(group(&app, "eng")).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"Guildhall-Min-Revision is not a whole number","errorParameters":[{"name":"field","value":"Guildhall-Min-Revision"}]}]}"#);
        // A change asks for nothing.
        at_least("999".into()).patch(members(&app, "eng"), json!({})).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn refusals_of_known_callers_are_counted_by_cause() {
    on_both(async |app| {
        for _ in 0..2 {
            app.bearer().get(format!("{}/x", groups(&app))).await.is(400);
            app.bearer().post(members(&app, "eng"), json!({})).await.is(400);
            app.bearer().get(format!("{}/{}", groups(&app), Uuid::nil())).await.is(404);
            app.bearer().by(Who::AdminReadOnly).delete(group(&app, "eng")).await.is(403);
            app.bearer().by(Who::Guest).get(group(&app, "eng")).await.is(403);
            app.bearer().by(Who::Nobody).get(group(&app, "eng")).await.is(401); // to log and metrics only
        }
        app.engine.housekeep().await.unwrap();
        let verified = app.engine.verify().await.unwrap();
        let northwind = verified.iter().find(|v| v.company == app.company()).unwrap();
        assert_eq!((northwind.refusals, &northwind.broken), (4, &None));
    })
    .await;
}

#[tokio::test]
async fn the_document_tells_every_operation_and_its_refusals() {
    let app = App::start(Place::sqlite()).await;
    let document = app.bearer().by(Who::Nobody).get("/openapi/companies-v3.json").await.is(200).json();
    let mut table = String::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses: Vec<&str> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
            let id = operation["operationId"].as_str().unwrap();
            table += &format!("{} {path} {id}: {}\n", method.to_uppercase(), statuses.join(" "));
        }
    }
    insta::assert_snapshot!(table, @r#"
POST /v2/auth/oauth2-token createOauth2Token: 200 400 403 408 413 415 429 500 503
GET /v2/companies listCompanies: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v2/companies createCompany: 201 400 401 403 404 408 413 415 429 500 503
DELETE /v2/companies/{companyId} deleteCompany: 204 400 401 403 404 408 413 415 429 500 503
GET /v2/companies/{companyId} getCompany: 200 400 401 403 404 408 412 413 415 429 500 503
PUT /v2/companies/{companyId} updateCompany: 204 400 401 403 404 408 413 415 429 500 503
GET /v2/users findUsers: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v2/users createUser: 201 400 401 403 404 408 413 415 429 500 503
DELETE /v2/users/{userId} deleteUser: 204 400 401 403 404 408 413 415 429 500 503
GET /v2/users/{userId} getUser: 200 400 401 403 404 408 412 413 415 429 500 503
PUT /v2/users/{userId} updateUser: 200 400 401 403 404 408 413 415 429 500 503
POST /v2/users/{userId}/activate activateUser: 200 400 401 403 404 408 413 415 429 500 503
GET /v3/companies/{companyId}/permissions listCompanyPermissions: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v3/companies/{companyId}/roles listRoles: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v3/companies/{companyId}/roles/applicable-scopes listApplicableScopes: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v3/companies/{companyId}/user-groups createUserGroup: 200 400 401 403 404 408 413 415 429 500 503
POST /v3/companies/{companyId}/user-groups/list listUserGroups: 200 400 401 403 404 408 412 413 415 429 500 503
DELETE /v3/companies/{companyId}/user-groups/{groupId} deleteUserGroup: 200 400 401 403 404 408 413 415 429 500 503
GET /v3/companies/{companyId}/user-groups/{groupId} getUserGroup: 200 400 401 403 404 408 412 413 415 429 500 503
PATCH /v3/companies/{companyId}/user-groups/{groupId} patchUserGroup: 200 400 401 403 404 408 413 415 429 500 503
PUT /v3/companies/{companyId}/user-groups/{groupId} updateUserGroup: 200 400 401 403 404 408 413 415 429 500 503
PATCH /v3/companies/{companyId}/user-groups/{groupId}/members updateUserGroupMembers: 200 400 401 403 404 408 413 415 429 500 503
POST /v3/companies/{companyId}/user-groups/{groupId}/members listUserGroupMembers: 200 400 401 403 404 408 412 413 415 429 500 503
PATCH /v3/companies/{companyId}/user-groups/{groupId}/roles updateUserGroupRoles: 200 400 401 403 404 408 413 415 429 500 503
POST /v3/companies/{companyId}/user-groups/{groupId}/roles listUserGroupRoles: 200 400 401 403 404 408 412 413 415 429 500 503
GET /v3/permissions listPermissions: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v3/roles createRole: 200 400 401 403 404 408 413 415 429 500 503
GET /v3/roles/{roleId} getRole: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v3/users/list listUsers: 200 400 401 403 404 408 412 413 415 429 500 503
GET /v3/users/{userId}/rbac-info getRbacInfo: 200 400 401 403 404 408 412 413 415 429 500 503
POST /v3/users/{userId}/user-groups listUserGroupsOfUser: 200 400 401 403 404 408 412 413 415 429 500 503
"#);
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} is nowhere");
    }
    let schemas = &document["components"]["schemas"];
    insta::assert_snapshot!(schemas["UserGroup"]["required"].to_string(), @r#"["id","name","description","companyId","createdAt","updatedAt","createdBy","updatedBy","isUnmodifiable"]"#);
    insta::assert_snapshot!(schemas["UserGroupInput"].to_string(), @r#"{"description":"What a new group is, or what a group is to become.","properties":{"description":{"description":"Up to 1,000 characters.","example":"Plans travel for the Nordic offices.","maxLength":1000,"type":"string"},"name":{"description":"1 to 255 characters.","example":"Nordic Coordinators","maxLength":255,"minLength":1,"type":"string"}},"required":["name","description"],"type":"object"}"#);
    insta::assert_snapshot!(schemas["MemberFilter"]["properties"].to_string(), @r##"{"addedAfter":{"oneOf":[{"$ref":"#/components/schemas/DateTimeOffsetInput","description":"Added at this instant or after it."},{"type":"null"}]},"addedBefore":{"oneOf":[{"$ref":"#/components/schemas/DateTimeOffsetInput","description":"Added before this instant."},{"type":"null"}]},"userIds":{"description":"These users only; none named means all.","items":{"format":"uuid","type":"string"},"type":["array","null"]}}"##);
    insta::assert_snapshot!(schemas["GroupSortBy"].to_string(), @r#"{"description":"By what groups are sorted.","enum":["NAME","CREATED_AT"],"type":"string"}"#);
    insta::assert_snapshot!(document["paths"]["/v2/auth/oauth2-token"]["post"]["security"].to_string(), @"[{}]");
}
