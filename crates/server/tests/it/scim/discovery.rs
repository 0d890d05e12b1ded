//! What the server says that it can do.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{ENTERPRISE, error};

#[tokio::test]
async fn discovery_is_whole() {
    on_both(async |app| {
        let scim = app.bearer();
        let config = scim.get("/scim/v2/ServiceProviderConfig").await.is(200);
        assert_eq!(config.header("content-type"), "application/scim+json");
        let config = config.json();
        for part in ["patch", "bulk", "filter", "sort", "etag"] {
            assert_eq!(config[part]["supported"], true, "{part}");
        }
        assert_eq!((&config["bulk"]["maxOperations"], &config["filter"]["maxResults"]), (&json!(1000), &json!(1000)));
        assert_eq!(
            (&config["pagination"]["cursor"], &config["pagination"]["maxPageSize"]),
            (&json!(true), &json!(1000))
        );
        let types = scim.get("/scim/v2/ResourceTypes").await.is(200).json();
        assert_eq!(types["totalResults"], 2);
        assert_eq!(scim.get("/scim/v2/ResourceTypes/User").await.is(200).json(), types["Resources"][0]);
        assert_eq!(types["Resources"][0]["schemaExtensions"][0]["schema"], ENTERPRISE);
        let schemas = scim.get("/scim/v2/Schemas").await.is(200).json();
        assert_eq!(schemas["totalResults"], 3);
        for schema in schemas["Resources"].as_array().unwrap() {
            let one = scim.get(format!("/scim/v2/Schemas/{}", schema["id"].as_str().unwrap())).await.is(200).json();
            assert_eq!(&one, schema);
            assert_eq!(
                one["meta"]["location"],
                format!("{}/scim/v2/Schemas/{}", app.url, schema["id"].as_str().unwrap())
            );
        }
        for gone in
            ["/scim/v2/Schemas/urn:x", "/scim/v2/ResourceTypes/Thing", "/scim/v2", "/scim/v2/Things", "/api/v2/scim/x"]
        {
            assert_eq!(error(&scim.get(gone).await), "404", "{gone}");
        }
        assert_eq!(error(&scim.get("/scim/v2/Schemas?filter=id%20pr").await), "403");
        for path in ["/scim/v2/ServiceProviderConfig", "/scim/v2/Schemas", "/scim/v2/ResourceTypes"] {
            assert_eq!(error(&scim.post(path, json!({})).await), "405");
            assert_eq!(error(&scim.clone().by(Who::Nobody).get(path).await), "401");
        }
    })
    .await;
}
