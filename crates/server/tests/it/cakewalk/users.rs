//! Operations 1 and 2.

use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, UserStatus};
use guildhall_testkit::{Who, on_both, operator};
use uuid::Uuid;

use super::*;

#[tokio::test]
async fn lists_everybody_by_name() {
    on_both(async |app| {
        told!(app.cakewalk().get("/api/v1/Users").await, @r#"200 {"data":[{"id":"<ada>","name":"Ada Example","email":"ada.example@northwind.example","statusId":1,"statusName":"Active"},{"id":"<edda>","name":"Edda Editor","email":"edda.editor@northwind.example","statusId":1,"statusName":"Active"},{"id":"<gus>","name":"Gus Guest","email":"gus.guest@northwind.example","statusId":2,"statusName":"Invited"},{"id":"<ivan>","name":"Ivan Idle","email":"ivan.idle@northwind.example","statusId":7,"statusName":"Deactivated"},{"id":"<vera>","name":"Vera Viewer","email":"vera.viewer@northwind.example","statusId":1,"statusName":"Active"}],"links":{"self":"/api/v1/Users","next":null}}"#);
        told!(app.cakewalk().by(Who::Foreign).get("/api/v1/Users?x=%20y").await, @r#"200 {"data":[{"id":"<carl>","name":"Carl Contoso","email":"carl.contoso@northwind.example","statusId":1,"statusName":"Active"}],"links":{"self":"/api/v1/Users?x=%20y","next":null}}"#);
    })
    .await;
}

#[tokio::test]
async fn reads_one() {
    on_both(async |app| {
        let edit = EditUser {
            manager: Patch::Set(app.id("ada").into()),
            status: Patch::Set(UserStatus::Offboarding),
            ..Default::default()
        };
        let hand = operator(&app.engine, app.company());
        app.engine.edit_user(&hand, app.id("gus").into(), edit, None).await.unwrap();
        let get = async |name: &str| app.cakewalk().get(format!("/api/v1/Users/{}", app.id(name))).await;
        told!(get("ada").await, @r#"200 {"data":{"id":"<ada>","name":"Ada Example","email":"ada.example@northwind.example","statusId":1,"statusName":"Active","roleId":2,"roleName":"Admin","lastLogin":null,"managerId":null},"links":{"self":"/api/v1/Users/<ada>","next":null}}"#);
        told!(get("edda").await, @r#"200 {"data":{"id":"<edda>","name":"Edda Editor","email":"edda.editor@northwind.example","statusId":1,"statusName":"Active","roleId":1,"roleName":"User","lastLogin":null,"managerId":null},"links":{"self":"/api/v1/Users/<edda>","next":null}}"#);
        told!(get("gus").await, @r#"200 {"data":{"id":"<gus>","name":"Gus Guest","email":"gus.guest@northwind.example","statusId":6,"statusName":"Offboarding","roleId":1,"roleName":"User","lastLogin":null,"managerId":"<ada>"},"links":{"self":"/api/v1/Users/<gus>","next":null}}"#);
        told!(get("ivan").await, @r#"200 {"data":{"id":"<ivan>","name":"Ivan Idle","email":"ivan.idle@northwind.example","statusId":7,"statusName":"Deactivated","roleId":1,"roleName":"User","lastLogin":null,"managerId":null},"links":{"self":"/api/v1/Users/<ivan>","next":null}}"#);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_id_and_a_foreign_one_are_the_same() {
    on_both(async |app| {
        let get = async |id: String| app.cakewalk().get(format!("/api/v1/Users/{id}")).await;
        let unknown = get(Uuid::from_u128(7).to_string()).await;
        told!(unknown, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No user has this id."}"#);
        for id in ["carl", "eng", "northwind"] {
            assert_eq!(get(app.id(id).to_string()).await.is(404).body, unknown.body, "{id}");
        }
        app.engine.erase_user(&operator(&app.engine, app.company()), app.id("gus").into(), None).await.unwrap();
        assert_eq!(get(app.id("gus").to_string()).await.is(404).body, unknown.body);
        assert_eq!(get(app.id("ada").to_string().to_uppercase()).await.is(200).json()["data"]["name"], "Ada Example");
        told!(get("7".into()).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userId: is not a UUID.","errors":{"userId":["is not a UUID"]}}"#);
        for id in ["%20", "é", "nil", &app.id("ada").simple().to_string(), &format!("{{{}}}", app.id("ada"))] {
            get(id.to_owned()).await.is(400);
        }
    })
    .await;
}

#[tokio::test]
async fn who_may_read_users() {
    on_both(async |app| {
        let mut told = String::new();
        for who in Who::ALL {
            let client = app.cakewalk().by(who);
            let list = client.get("/api/v1/Users").await.status;
            let gus = client.get(format!("/api/v1/Users/{}", app.id("gus"))).await.status;
            let vera = client.get(format!("/api/v1/Users/{}", app.id("vera"))).await.status;
            told += &format!("{who:?}: list {list}, gus {gus}, vera {vera}\n");
        }
        told!(told, @r#"
            Admin: list 200, gus 200, vera 200
            AdminReadOnly: list 200, gus 200, vera 200
            Editor: list 200, gus 200, vera 200
            Viewer: list 200, gus 200, vera 200
            Guest: list 403, gus 200, vera 403
            Foreign: list 200, gus 404, vera 404
            Platform: list 403, gus 403, vera 403
            Revoked: list 401, gus 401, vera 401
            Nobody: list 401, gus 401, vera 401
            "#);
        told!(app.cakewalk().by(Who::Guest).get("/api/v1/Users").await, @r#"403 {"type":"https://httpstatuses.io/403","title":"Forbidden","status":403,"detail":"This needs the workspace role viewer or above."}"#);
    })
    .await;
}

#[tokio::test]
async fn two_hundred_and_fifty_are_walked_without_skip_or_repeat_while_others_come() {
    on_both(async |app| {
        let mut wanted = Vec::new();
        for n in 0..250 {
            // Many share a name, so that the order needs the id as well.
            wanted.push(hire_as(&app, "Mo Same", n).await.uuid());
        }
        let come = async |_| {
            for name in ["Aa First", "Mo Same", "Zz Last"] {
                hire_as(&app, name, 250 + app.events().await.len()).await;
            }
        };
        let client = app.cakewalk();
        assert_each_once(&walk(&client, "/api/v1/Users", come).await, &wanted);
        // By number: the same rows, when nobody comes between.
        let whole = walk(&client, "/api/v1/Users", async |_| ()).await;
        let mut by_number = Vec::new();
        for page in 0..6 {
            let reply = client.get(format!("/api/v1/Users?cursor={}", numbered(page, 50))).await.is(200);
            by_number.extend(column(&reply, "id"));
        }
        assert_eq!(by_number, whole);
        assert_eq!(whole.len(), 5 + 250 + 9);
        // From a numbered page on, the links lead to the end.
        let from_second = walk(&client, &format!("/api/v1/Users?page[cursor]={}", numbered(1, 100)), come).await;
        assert_each_once(&from_second, &whole[100..].iter().map(|id| id.parse().unwrap()).collect::<Vec<_>>());
        let beyond = client.get(format!("/api/v1/Users?cursor={}", numbered(9_223_372_036_854_775, 1000))).await;
        assert_eq!(beyond.is(200).json()["data"], serde_json::json!([]));
    })
    .await;
}

async fn hire_as(app: &App, name: &str, n: usize) -> UserId {
    let new = guildhall_domain::user::NewUser {
        email: format!("{}.{n}@northwind.example", name.to_lowercase().replace(' ', ".")),
        ..person(name, None)
    };
    app.engine.create_user(&operator(&app.engine, app.company()), new).await.expect("a user").value.id
}

#[tokio::test]
async fn a_cursor_that_no_listing_gave_is_refused() {
    on_both(async |app| {
        let list = async |query: &str| app.cakewalk().get(format!("/api/v1/Users?{query}")).await;
        told!(list("cursor=nonsense").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"cursor: is not one that this listing gave.","errors":{"cursor":["is not one that this listing gave"]}}"#);
        told!(list("cursor=a&page[cursor]=a").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"cursor: is given twice, once as page[cursor].","errors":{"cursor":["is given twice, once as page[cursor]"]}}"#);
        told!(list("cursor=a&cursor=a").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"cursor: is given twice.","errors":{"cursor":["is given twice"]}}"#);
        told!(list(&format!("cursor={}", numbered(0, 1001))).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"cursor: names no page, or one of more than 1,000 rows.","errors":{"cursor":["names no page, or one of more than 1,000 rows"]}}"#);
        told!(list("cursor=%ff").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"query: is not percent-encoded UTF-8.","errors":{"query":["is not percent-encoded UTF-8"]}}"#);
        for wrong in [
            "cursor=".to_owned(),
            format!("cursor={}", numbered(u64::MAX, 1000)),
            format!("cursor={}", numbered(0, 0)),
            format!("page%5Bcursor%5D={}", "A".repeat(4000)),
            // A place in a listing by creation, and one in a listing by id.
            format!("cursor={}", base64(&format!("c {} 5", app.id("ada")))),
            format!("cursor={}", base64(&format!("i {}", app.id("ada")))),
            format!("cursor={}", base64(&format!("n {} a\0", app.id("ada")))),
        ] {
            list(&wrong).await.is(400);
        }
    })
    .await;
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}
