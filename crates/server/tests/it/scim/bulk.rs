//! Several operations in one call.

use guildhall_testkit::{Who, on_both};
use serde_json::{Value, json};

use super::{USERS, error, group, members, patch, user, verify};

const BULK: &str = "/scim/v2/Bulk";

fn bulk(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

/// The status of each operation.
fn statuses(body: &Value) -> Vec<&str> {
    body["Operations"].as_array().expect("operations").iter().map(|row| row["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn operations_refer_to_one_another() {
    on_both(async |app| {
        let scim = app.bearer();
        let reply = scim
            .post(
                BULK,
                bulk(json!([
                    {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a@x.example"}},
                    {"method": "post", "path": "Groups", "bulkId": "g", "data": {"displayName": "Crew", "members": [{"value": "bulkId:a"}]}},
                    {"method": "PATCH", "path": "/Groups/bulkId:g", "data": patch(json!([{"op": "remove", "path": "members[value eq \"bulkId:a\"]"}]))},
                    {"method": "PUT", "path": "/Users/bulkId:a", "data": {"userName": "a@x.example", "title": "Dr."}},
                    {"method": "DELETE", "path": group(&app, "ops").replace("/scim/v2", "")},
                ])),
            )
            .await
            .is(200);
        assert_eq!(reply.header("content-type"), "application/scim+json");
        let body = reply.json();
        assert_eq!(statuses(&body), ["201", "201", "200", "200", "204"], "{body}");
        let rows = &body["Operations"];
        assert_eq!((&rows[0]["bulkId"], &rows[0]["method"]), (&json!("a"), &json!("POST")));
        let path = rows[0]["location"].as_str().unwrap().strip_prefix(&app.url).unwrap();
        let person = scim.get(path).await.is(200);
        assert_eq!((&person.json()["title"], person.header("etag")), (&json!("Dr."), rows[3]["version"].as_str().unwrap()));
        let crew = rows[1]["location"].as_str().unwrap().rsplit('/').next().unwrap();
        assert!(members(&scim, crew).await.is_empty());
        assert_eq!(error(&scim.get(group(&app, "ops")).await), "404");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn operations_come_after_those_they_refer_to() {
    on_both(async |app| {
        let scim = app.bearer();
        let made = |id: &str, name: &str, members: Value| json!({"method": "POST", "path": "/Groups", "bulkId": id, "data": {"displayName": name, "members": members}});
        let reply = scim
            .post(
                BULK,
                bulk(json!([
                    {"method": "PATCH", "path": "/Groups/bulkId:outer", "data": patch(json!([{"op": "add", "path": "members[value eq \"bulkId:a\"]", "value": {}}]))},
                    made("outer", "Outer", json!([{"value": "bulkId:inner", "type": "Group"}])),
                    made("inner", "Inner", json!([{"value": "bulkId:a"}])),
                    {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a@x.example"}},
                    made("one", "One", json!([{"value": "bulkId:two"}])),
                    made("two", "Two", json!([{"value": "bulkId:one"}])),
                    made("self", "Self", json!([{"value": "bulkId:self"}])),
                ])),
            )
            .await
            .is(200)
            .json();
        // Told in the order they were sent in, whatever they were done in; circles are refused.
        assert_eq!(statuses(&reply), ["200", "201", "201", "201", "409", "409", "409"], "{reply}");
        let id = |at: usize| reply["Operations"][at]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let mut both = vec![id(2), id(3)];
        both.sort_unstable();
        let mut outer = members(&scim, &id(1)).await;
        outer.sort_unstable();
        assert_eq!(outer, both);
        assert_eq!(members(&scim, &id(2)).await, [id(3)]);
        let list = scim.get("/scim/v2/Groups?filter=displayName%20eq%20%22One%22").await.is(200).json();
        assert_eq!(list["totalResults"], 0, "nothing of a circle is made");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn each_fails_by_itself() {
    on_both(async |app| {
        let scim = app.bearer();
        let version = scim.get(user(&app, "vera")).await.header("etag").to_owned();
        let vera = user(&app, "vera").replace("/scim/v2", "");
        let edit = |title: &str| patch(json!([{"op": "add", "path": "title", "value": title}]));
        let operations = json!([
            {"method": "POST", "path": "/Users", "bulkId": "1", "data": {"userName": "vera.viewer@northwind.example"}},
            {"method": "POST", "path": "/Users", "data": {"userName": "b@x.example"}},
            {"method": "POST", "path": "/Groups", "bulkId": "2", "data": {"displayName": "x", "members": [{"value": "bulkId:1"}]}},
            {"method": "GET", "path": "/Users"},
            {"method": "PATCH", "path": "/Users/bulkId:9", "data": edit("x")},
            {"method": "PUT", "path": "/Things/1", "data": {}},
            {"method": "PUT", "path": "/Users", "data": {}},
            {"method": "POST", "path": "/Users/1", "bulkId": "3", "data": {}},
            {"method": "PATCH", "path": vera, "data": edit("One"), "version": version},
            {"method": "PATCH", "path": vera, "data": edit("Two"), "version": version},
            {"method": "PATCH", "path": vera},
            7,
        ]);
        let body = scim.post(BULK, bulk(operations.clone())).await.is(200).json();
        assert_eq!(
            statuses(&body),
            ["409", "400", "400", "400", "404", "400", "400", "400", "200", "412", "400", "400"],
            "{body}"
        );
        assert_eq!(body["Operations"][0]["response"]["scimType"], "uniqueness");
        let mut some = bulk(operations);
        some["failOnErrors"] = json!(2);
        assert_eq!(statuses(&scim.post(BULK, some.clone()).await.is(200).json()), ["409", "400"]);
        some["failOnErrors"] = json!(0);
        assert_eq!(error(&scim.post(BULK, some).await), "400 invalidValue");
        assert_eq!(error(&scim.post(BULK, json!({})).await), "400 invalidSyntax");
        assert_eq!(error(&scim.post(BULK, bulk(json!(vec![json!({}); 1001]))).await), "400 tooMany");
        // A right that is missing is told of each.
        let ask = bulk(json!([{"method": "DELETE", "path": vera}]));
        assert_eq!(statuses(&scim.clone().by(Who::Editor).post(BULK, ask.clone()).await.is(200).json()), ["403"]);
        assert_eq!(error(&scim.clone().by(Who::AdminReadOnly).post(BULK, ask).await), "403");
        assert_eq!(scim.get(format!("{USERS}?filter=title%20eq%20%22Two%22")).await.json()["totalResults"], 0);
        verify(&app).await;
    })
    .await;
}
