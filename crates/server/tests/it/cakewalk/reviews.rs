//! Operation 28.

use guildhall_testkit::{Who, on_both};

use super::*;

fn review(app: &App) -> Value {
    json!({"name": "Q4 review", "description": null, "accessReviewType": "WorkAppOwner", "dueDate": "2026-12-20T09:00:00.000Z",
           "workAppIds": [], "createdByUserId": app.id("ada")})
}

#[tokio::test]
async fn a_review_begins() {
    on_both(async |app| {
        let reply = app.cakewalk().post("/api/v1/accessreviews/", review(&app)).await.is(201);
        told!(reply, @r#"201 {"accessReviewId":"<id 1>"}"#);
        assert!(!reply.header("guildhall-revision").is_empty());
        assert_eq!(events(&app).await, ["review.opened"]);
        // The same review, as the native dialect tells it.
        let id = reply.json()["accessReviewId"].as_str().unwrap().to_owned();
        let path = format!("/v1/companies/{}/reviews/{id}", app.id("northwind"));
        let told = app.bearer().get(path).await.is(200).json();
        assert_eq!(
            (&told["reviewers"], &told["rows"], &told["owner"]),
            (&json!("appOwner"), &json!(1), &json!(app.id("ada")))
        );
        let again = app.cakewalk().post("/api/v1/AccessReviews", review(&app)).await.is(409);
        assert_eq!(again.json()["title"], "Conflict");
        for (kind, told) in [("Manager", "manager"), ("CurrentUser", "owner")] {
            let mut body = review(&app);
            (body["accessReviewType"], body["name"]) = (json!(kind), json!(kind));
            body["workAppIds"] = json!([app.id("ledger"), app.id("ledger")]);
            let made = app.cakewalk().post("/api/v1/AccessReviews", body).await.is(201).json();
            let path =
                format!("/v1/companies/{}/reviews/{}", app.id("northwind"), made["accessReviewId"].as_str().unwrap());
            assert_eq!(app.bearer().get(path).await.json()["reviewers"], told);
        }
    })
    .await;
}

#[tokio::test]
async fn what_begins_no_review() {
    on_both(async |app| {
        let post = async |who: Who, body: Value| app.cakewalk().by(who).post("/api/v1/AccessReviews", body).await;
        for (member, value, status) in [
            ("name", Value::Null, 400),
            ("name", json!(""), 400),
            ("name", json!("x".repeat(256)), 400),
            ("description", json!(7), 400),
            ("accessReviewType", json!("Boss"), 400),
            ("accessReviewType", Value::Null, 400),
            ("dueDate", json!("tomorrow"), 400),
            ("dueDate", json!("2026-11-20T09:00:00Z"), 400),
            ("workAppIds", Value::Null, 400),
            ("workAppIds", json!(["x"]), 400),
            ("workAppIds", json!([app.id("vault")]), 400),
            ("createdByUserId", json!(app.id("carl")), 400),
            ("createdByUserId", Value::Null, 400),
            ("createdByUserId", json!(app.id("ivan")), 409),
        ] {
            let mut body = review(&app);
            body[member] = value.clone();
            let reply = post(Who::Admin, body).await;
            assert_eq!(reply.status, status, "{member} {value}: {reply}");
            if status == 400 {
                assert!(
                    reply.json()["errors"].as_object().unwrap().keys().any(|key| key.starts_with(member)),
                    "{reply}"
                );
            }
        }
        for (who, status) in [(Who::AdminReadOnly, 403), (Who::Editor, 403), (Who::Guest, 403), (Who::Nobody, 401)] {
            assert_eq!(post(who, json!({})).await.status, status, "{who:?}");
        }
        assert_eq!(app.cakewalk().get("/api/v1/AccessReviews").await.status, 405);
        assert!(events(&app).await.is_empty());
    })
    .await;
}
