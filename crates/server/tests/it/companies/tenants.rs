//! `/v2/companies`.

use guildhall_testkit::{Who, on_both};

use super::*;

#[tokio::test]
async fn a_platform_key_keeps_companies() {
    on_both(async |app| {
        let platform = app.bearer().by(Who::Platform);
        told!(platform.get("/v2/companies").await, @r#"200 {"length":2,"elements":[{"id":"<northwind>","name":"Northwind"},{"id":"<contoso>","name":"Contoso"}]}"#);
        let made = platform
            .post(
                "/v2/companies",
                json!({"name": "Fabrikam", "administrator": {"name": "Fay", "email": "fay@fabrikam.example"}}),
            )
            .await;
        assert_eq!(made.header("guildhall-revision"), "2");
        told!(made, @r#"201 {"id":"<id 1>"}"#);
        let path = format!("/v2/companies/{}", made.json()["id"].as_str().unwrap());
        told!(platform.get(&path).await, @r#"200 {"id":"<id 1>","name":"Fabrikam"}"#);
        let renamed = platform.put(&path, json!({"name": "Fabrikam Ltd"})).await;
        assert_eq!(renamed.header("guildhall-revision"), "3");
        told!(renamed, @"204");
        assert_eq!(
            platform.with("guildhall-min-revision", "3").get(&path).await.is(200).json()["name"],
            "Fabrikam Ltd"
        );
        let platform = app.bearer().by(Who::Platform);
        platform.clone().with("guildhall-min-revision", "4").get(&path).await.is(412);
        told!(platform.delete(&path).await, @"204");
        platform.delete(&path).await.is(404);
        told!(platform.get(&path).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no company has this id"}]}"#);
        // Companies, and nothing in them.
        told!(platform.get(group(&app, "eng")).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"this needs the workspace role viewer or above"}]}"#);
    })
    .await;
}

#[tokio::test]
async fn a_company_s_own_key_sees_and_renames_its_own() {
    on_both(async |app| {
        told!(app.bearer().get("/v2/companies").await, @r#"200 {"length":1,"elements":[{"id":"<northwind>","name":"Northwind"}]}"#);
        let (own, other) =
            (format!("/v2/companies/{}", app.id("northwind")), format!("/v2/companies/{}", app.id("contoso")));
        told!(app.bearer().by(Who::Guest).get(&own).await, @r#"200 {"id":"<northwind>","name":"Northwind"}"#);
        app.bearer().put(&own, json!({"name": "Nordwind"})).await.is(204);
        app.bearer().by(Who::Viewer).put(&own, json!({"name": "Nordwind"})).await.is(403);
        told!(app.bearer().post("/v2/companies", json!({"name": "Mine"})).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"this needs a platform key"}]}"#);
        told!(app.bearer().delete(&own).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"this needs a platform key"}]}"#);
        for (method, body) in [("GET", None), ("PUT", Some(json!({"name": "x"}))), ("DELETE", None)] {
            app.bearer().call(method, &other, body.clone()).await.is(404);
            app.bearer().call(method, format!("/v2/companies/{}", Uuid::nil()), body.clone()).await.is(404);
            app.bearer().call(method, "/v2/companies/x", body).await.is(400);
        }
        assert_eq!(events(&app).await, ["company.updated"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_company_is_told() {
    on_both(async |app| {
        let post = async |body: Value| app.bearer().by(Who::Platform).post("/v2/companies", body).await;
        told!(post(json!({})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name is missing","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(post(json!({"name": ""})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name must not be empty","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(post(json!({"name": "x".repeat(256)})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name may have at most 255 characters","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        told!(post(json!({"name": "A", "administrator": {"name": "A"}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"email is missing","errorParameters":[{"name":"field","value":"email"}]}]}"#);
        told!(post(json!({"name": "A", "administrator": []})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"administrator: expected an object, not a list","errorParameters":[{"name":"field","value":"administrator"}]}]}"#);
        let own = format!("/v2/companies/{}", app.id("northwind"));
        told!(app.bearer().put(&own, json!({})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"name is missing","errorParameters":[{"name":"field","value":"name"}]}]}"#);
        app.bearer().put(&own, json!({"name": null})).await.is(400);
        assert_eq!(app.bearer().by(Who::Platform).get("/v2/companies").await.json()["length"], 2);
    })
    .await;
}
