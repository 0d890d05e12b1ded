//! The OpenAPI document and the other pages without a credential.

use std::collections::BTreeSet;
use std::fmt::Write;

use guildhall_testkit::{Who, on_both};
use serde_json::Value;

use super::{client, problem};

#[tokio::test]
async fn the_document_is_whole() {
    on_both(async |app| {
        let nobody = client(&app).by(Who::Nobody);
        let reply = nobody.get("/openapi/native.json").await.is(200);
        let document = reply.json();
        assert_eq!(document["openapi"], "3.1.0");
        let (mut ids, mut operations) = (BTreeSet::new(), String::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let what = format!("{method} {path}");
                assert!(ids.insert(operation["operationId"].as_str().expect("an id").to_owned()), "{what}");
                assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{what}");
                assert!(operation["summary"].is_string(), "{what}");
                for status in ["400", "401", "403", "429", "500", "503"] {
                    assert!(operation["responses"][status].is_object(), "{what} {status}");
                }
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                    let found = parameters.iter().filter(|p| p["name"] == name && p["in"] == "path").count();
                    assert_eq!(found, 1, "{what} {name}");
                }
                assert!(parameters.iter().all(|p| p["description"].is_string()), "{what} {parameters:?}");
                // Whatever can be tried first tells what it answers then.
                let usual = operation["responses"]["200"].to_string();
                let tried = parameters.iter().any(|p| p["name"] == "preview");
                assert!(!tried || usual.contains("schemas/Preview\""), "{what} {usual}");
                let told = |list: Vec<&str>| list.join(" ");
                writeln!(
                    operations,
                    "{:<18}{what}\n    {}\n    {}",
                    operation["operationId"].as_str().unwrap(),
                    told(parameters.iter().filter(|p| p["in"] != "path").filter_map(|p| p["name"].as_str()).collect()),
                    told(operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()),
                )
                .unwrap();
                if method == "get" {
                    assert!(operation.get("requestBody").is_none(), "{what}");
                }
            }
        }
        assert!(ids.len() >= 40, "an operation without an id, or two with one: {}", ids.len());
        let mut dangling = Vec::new();
        references(&document, &mut |reference| {
            let path = reference.strip_prefix('#').expect("a local reference");
            if document.pointer(path).is_none() {
                dangling.push(reference.to_owned());
            }
        });
        assert_eq!(dangling, Vec::<String>::new());
        insta::assert_snapshot!("operations", operations);
        let known = nobody.with("if-none-match", reply.header("etag")).get("/openapi/native.json").await;
        assert_eq!((known.status, known.body.as_str()), (304, ""));
    })
    .await;
}

fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                match inner {
                    Value::String(reference) if name == "$ref" => found(reference),
                    inner => references(inner, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    on_both(async |app| {
        let nobody = client(&app).by(Who::Nobody);
        for path in ["/openapi/none.json", "/v1", "/v1/none", "/nowhere"] {
            assert_eq!(problem(&nobody.get(path).await), "404 not-found", "{path}");
        }
        let admin = client(&app);
        let wrong = admin.call("PUT", "/v1/companies", None).await;
        assert_eq!(problem(&wrong), "405 method-not-allowed");
        assert_eq!(wrong.header("allow"), "GET,HEAD,POST");
        let long = admin.get(format!("/v1/companies?cursor={}", "x".repeat(9000))).await;
        assert_eq!(problem(&long), "414 target-too-long");
        let index = nobody.get("/").await.is(200).json();
        assert_eq!(index["openapi"]["native"], "/openapi/native.json");
    })
    .await;
}
