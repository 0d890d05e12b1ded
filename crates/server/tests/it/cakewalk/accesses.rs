//! Operations 12 and 14.

use guildhall_domain::app::{AppStatus, EditApp};
use guildhall_domain::patch::Patch;
use guildhall_testkit::{Who, on_both, operator};
use uuid::Uuid;

use super::*;

const RECORD: &str = "/api/v1/WorkApps/Accesses";

#[tokio::test]
async fn lists_who_has_an_app() {
    on_both(async |app| {
        told!(app.cakewalk().get(ledger(&app, "/Accesses")).await, @r#"200 {"data":[{"isOwner":false,"user":{"id":"<vera>","name":"Vera Viewer","email":"vera.viewer@northwind.example","statusId":1,"statusName":"Active","roleId":1,"roleName":"User","lastLogin":null,"managerId":null},"permissionLevel":{"id":"<reader>","name":"Reader","description":"","isDefault":true,"isPrivileged":false}}],"links":{"self":"/api/v1/WorkApps/<ledger>/Accesses","next":null}}"#);
        // The owner of the app is one in their own access as well.
        app.cakewalk().post(RECORD, accesses(&app, &["edda", "ivan"], "booker")).await.is(201);
        let listed = app.cakewalk().get(ledger(&app, "/Accesses")).await.json();
        let row = |n: usize| (listed["data"][n]["user"]["name"].as_str().unwrap(), &listed["data"][n]["isOwner"]);
        assert_eq!([row(0), row(1), row(2)], [("Edda Editor", &json!(true)), ("Vera Viewer", &json!(false)), ("Ivan Idle", &json!(false))]);
        assert_eq!(app.cakewalk().get(ledger(&app, "")).await.json()["data"]["numberOfAccounts"], 3);
        for id in [Uuid::from_u128(7), app.id("vault")] {
            app.cakewalk().get(format!("/api/v1/WorkApps/{id}/Accesses")).await.is(404);
        }
        for wrong in ["/api/v1/WorkApps/7/Accesses".to_owned(), format!("{}?cursor=x", ledger(&app, "/Accesses"))] {
            app.cakewalk().get(wrong).await.is(400);
        }
        let second = format!("{}?cursor={}", ledger(&app, "/Accesses"), numbered(1, 2));
        assert_eq!(app.cakewalk().get(second).await.is(200).json()["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn records_accesses_straight_away() {
    on_both(async |app| {
        let first = app.cakewalk().post(RECORD, accesses(&app, &["gus", "ada", "gus"], "reader")).await;
        told!(first, @"201");
        let again = app.cakewalk().post(RECORD, accesses(&app, &["ada", "gus"], "reader")).await.is(201);
        assert_eq!(again.header("guildhall-revision"), first.header("guildhall-revision"));
        app.cakewalk().post(RECORD, accesses(&app, &["gus", "vera"], "booker")).await.is(201);
        let listed = app.cakewalk().get(ledger(&app, "/Accesses")).await.json();
        let rows: Vec<String> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["user"]["name"].as_str().unwrap(),
                    row["permissionLevel"]["name"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(rows, ["Ada Example Reader", "Vera Viewer Booker", "Gus Guest Booker"]);
        assert_eq!(events(&app).await, ["app.access_given"; 2]);
        let last = app.events().await.pop().unwrap();
        assert_eq!(last.subject, app.id("ledger"));
        app.cakewalk().post(RECORD, json!({"data": []})).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn all_or_nothing() {
    on_both(async |app| {
        let post = async |body: Value| app.cakewalk().post(RECORD, body).await;
        let one = |user: Uuid, level: Value| json!({"workAppId": app.id("ledger"), "userId": user, "permissionLevelId": level});
        let good = one(app.id("gus"), json!(app.id("reader")));
        told!(post(json!({})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"data: is missing.","errors":{"data":["is missing"]}}"#);
        told!(post(json!({"data": [good, one(app.id("gus"), Value::Null)]})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"data[1].permissionLevelId: is required, as the app has permission levels.","errors":{"data[1].permissionLevelId":["is required, as the app has permission levels"]}}"#);
        told!(post(json!({"data": [good, one(app.id("carl"), json!(app.id("reader")))]})).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"data[1].userId: no user has the id <carl>."}"#);
        told!(post(json!({"data": [good, one(app.id("ada"), json!(app.id("cost")))]})).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"data[1].permissionLevelId: no permission level has the id <cost>."}"#);
        told!(post(json!({"data": [good, {"workAppId": app.id("vault"), "userId": app.id("gus")}]})).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"data[1].workAppId: no app has the id <vault>."}"#);
        told!(post(json!({"data": [good, one(app.id("gus"), json!(app.id("booker")))]})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"data[1].permissionLevelId: is another one than before for the same user.","errors":{"data[1].permissionLevelId":["is another one than before for the same user"]}}"#);
        told!(post(json!({"data": vec![good.clone(); 10_001]})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"data: more than 10000 in one call.","errors":{"data":["more than 10000 in one call"]}}"#);
        for wrong in [
            json!([]),
            json!({"data": null}),
            json!({"data": {}}),
            json!({"data": [1]}),
            json!({"data": [{"workAppId": app.id("ledger")}]}),
            json!({"data": [{"userId": app.id("gus")}]}),
            json!({"data": [one(app.id("gus"), json!("x"))]}),
            json!({"data": [one(app.id("gus"), json!(7))]}),
        ] {
            post(wrong).await.is(400);
        }
        app.cakewalk().send("POST", RECORD, "text/plain", b"{}".to_vec()).await.is(415);
        let hand = operator(&app.engine, app.company());
        let status = EditApp { status: Patch::Set(AppStatus::Archived), ..Default::default() };
        app.engine.edit_app(&hand, app.id("ledger").into(), status, None).await.unwrap();
        told!(post(json!({"data": [good]})).await, @r#"409 {"type":"https://httpstatuses.io/409","title":"Conflict","status":409,"detail":"The app Ledger is archived, so nobody gets it any more."}"#);
        for who in [Who::Editor, Who::Viewer, Who::Guest] {
            app.cakewalk().by(who).post(RECORD, json!([])).await.is(403);
        }
        assert_eq!(app.cakewalk().get(ledger(&app, "/Accesses")).await.json()["data"].as_array().unwrap().len(), 1);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn two_at_once_leave_one_access() {
    on_both(async |app| {
        let client = app.cakewalk();
        let (read, book) = (accesses(&app, &["gus"], "reader"), accesses(&app, &["gus"], "booker"));
        let many = (0..8).map(|i| client.post(RECORD, if i % 2 == 0 { read.clone() } else { book.clone() }));
        for reply in futures_util::future::join_all(many).await {
            reply.is(201);
        }
        assert_eq!(app.cakewalk().get(ledger(&app, "/Accesses")).await.json()["data"].as_array().unwrap().len(), 2);
    })
    .await;
}
