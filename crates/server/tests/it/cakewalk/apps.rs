//! Operations 5, 6, 10, 11, 13, 17 and 18.

use guildhall_domain::access::Visibility;
use guildhall_domain::app::{AiRisk, AppStatus, EditApp};
use guildhall_domain::custom::{FieldKind, GivenField};
use guildhall_domain::ids::{AppId, FieldId, LevelId};
use guildhall_domain::patch::Patch;
use guildhall_testkit::{Who, on_both, operator};
use uuid::Uuid;

use super::*;

/// Makes an app of this name.
async fn app_called(app: &App, name: &str, edit: EditApp) -> AppId {
    let edit = EditApp { name: Patch::Set(name.into()), ..edit };
    app.engine.create_app(&operator(&app.engine, app.company()), None, edit).await.expect("an app").value.id
}

async fn link(app: &App, group: &str, of: AppId, visibility: Visibility) {
    let hand = operator(&app.engine, app.company());
    app.engine.link_app(&hand, app.id(group).into(), of, visibility, None).await.expect("a link");
}

#[tokio::test]
async fn lists_apps_by_name() {
    on_both(async |app| {
        told!(app.cakewalk().get("/api/v1/WorkApps").await, @r#"200 {"data":[{"id":"<ledger>","name":"Ledger","categoryId":5,"categoryName":"CATEGORY_FINANCE","numberOfAccounts":1,"isBundle":false,"owner":{"id":"<edda>","name":"Edda Editor","email":"edda.editor@northwind.example","statusId":1,"statusName":"Active"},"url":"https://ledger.example/","imageUrl":"","statusId":1,"statusName":"Managed"}],"links":{"self":"/api/v1/WorkApps","next":null}}"#);
        told!(app.cakewalk().by(Who::Foreign).get("/api/v1/WorkApps").await.json()["data"][0]["name"], @r#""Vault""#);
        for i in 0..120 {
            app_called(&app, &format!("App {i:03}"), EditApp::default()).await;
        }
        let seen = walk(&app.cakewalk(), "/api/v1/WorkApps", async |page| {
            // Comes and goes between two pages without a row lost or told twice.
            app_called(&app, &format!("AAA {page}"), EditApp::default()).await;
        })
        .await;
        assert!(seen.len() >= 121);
        assert_each_once(&seen, &[app.id("ledger")]);
        let second = app.cakewalk().get(format!("/api/v1/WorkApps?cursor={}", numbered(1, 100))).await.is(200);
        assert_eq!(column(&second, "name").last().map(String::as_str), Some("Ledger"));
    })
    .await;
}

#[tokio::test]
async fn reads_an_app_to_the_last_member() {
    on_both(async |app| {
        told!(app.cakewalk().get(ledger(&app, "")).await, @r#"200 {"data":{"id":"<ledger>","name":"Ledger","categoryId":5,"categoryName":"CATEGORY_FINANCE","numberOfAccounts":1,"isBundle":false,"owner":{"id":"<edda>","name":"Edda Editor","email":"edda.editor@northwind.example","statusId":1,"statusName":"Active"},"url":"https://ledger.example/","imageUrl":"","statusId":1,"statusName":"Managed","tagLine":"Books","description":"","serverLocations":[],"certifications":[],"aiRisk":null,"customFields":{"Cost center":{"id":"<cost>","type":"text","value":"4711"}},"defaultUsersGroups":[],"hiddenUsersGroups":[]},"links":{"self":"/api/v1/WorkApps/<ledger>","next":null}}"#);
        link(&app, "eng", app.id("ledger").into(), Visibility::Default).await;
        link(&app, "ops", app.id("ledger").into(), Visibility::Hidden).await;
        let option = (Uuid::from_u128(5), "High".to_owned());
        let field = |n, name: &str, kind, options, value: &str| GivenField {
            id: FieldId::new(Uuid::from_u128(n)),
            name: name.into(),
            kind,
            required: false,
            options,
            value: Patch::Set(value.into()),
        };
        let edit = EditApp {
            description: Patch::Set("All of it".into()),
            is_bundle: Patch::Set(true),
            server_locations: Patch::Set(vec!["Oslo".into()]),
            certifications: Patch::Set(vec!["ISO 27001".into()]),
            ai_risk: Patch::Set(AiRisk { id: 3, level: "High".into(), reasoning: "Because".into() }),
            image_url: Patch::Set("https://ledger.example/logo.png".into()),
            fields: Patch::Set(vec![
                field(6, "Steward", FieldKind::User, vec![], &app.id("gus").to_string()),
                field(7, "Risk", FieldKind::Select, vec![option], "high"),
            ]),
            ..Default::default()
        };
        let hand = operator(&app.engine, app.company());
        app.engine.edit_app(&hand, app.id("ledger").into(), edit, None).await.unwrap();
        told!(app.cakewalk().get(ledger(&app, "")).await, @r#"200 {"data":{"id":"<ledger>","name":"Ledger","categoryId":5,"categoryName":"CATEGORY_FINANCE","numberOfAccounts":1,"isBundle":true,"owner":{"id":"<edda>","name":"Edda Editor","email":"edda.editor@northwind.example","statusId":1,"statusName":"Active"},"url":"https://ledger.example/","imageUrl":"https://ledger.example/logo.png","statusId":1,"statusName":"Managed","tagLine":"Books","description":"All of it","serverLocations":["Oslo"],"certifications":["ISO 27001"],"aiRisk":{"id":3,"level":"High","reasoning":"Because"},"customFields":{"Risk":{"guidValue":"<id 1>","id":"<id 2>","type":"select","value":"High"},"Steward":{"guidValue":"<gus>","id":"<id 3>","type":"user","value":"Gus Guest"}},"defaultUsersGroups":["<eng>"],"hiddenUsersGroups":["<ops>"]},"links":{"self":"/api/v1/WorkApps/<ledger>","next":null}}"#);
        told!(app.cakewalk().get(ledger(&app, "/CustomFields")).await, @r#"200 {"data":[{"id":"<id 3>","name":"Steward","type":"user","required":false,"value":"Gus Guest","guidValue":"<gus>"},{"id":"<id 2>","name":"Risk","type":"select","required":false,"value":"High","guidValue":"<id 1>"}],"links":{"self":"/api/v1/WorkApps/<ledger>/CustomFields","next":null}}"#);
        // Who is erased is named nowhere any more.
        app.engine.erase_user(&hand, app.id("gus").into(), None).await.unwrap();
        app.engine.erase_user(&hand, app.id("edda").into(), None).await.unwrap();
        let after = app.cakewalk().get(ledger(&app, "")).await.is(200);
        assert!(!after.body.contains(&app.id("gus").to_string()), "{after}");
        assert_eq!(after.json()["data"]["owner"], Value::Null);
        // An archived group gives nothing; an app that is managed no more is held by no group.
        app.engine.archive_group(&hand, app.id("ops").into(), None).await.unwrap();
        let archived = app.cakewalk().get(ledger(&app, "")).await.json();
        assert_eq!(archived["data"]["hiddenUsersGroups"], json!([]));
        app.engine.restore_group(&hand, app.id("ops").into()).await.unwrap();
        let restored = app.cakewalk().get(ledger(&app, "")).await.json();
        assert_eq!(restored["data"]["hiddenUsersGroups"], json!([app.id("ops")]));
        let status = EditApp { status: Patch::Set(AppStatus::Tracked), ..Default::default() };
        app.engine.edit_app(&hand, app.id("ledger").into(), status, None).await.unwrap();
        let tracked = app.cakewalk().get(ledger(&app, "")).await.json();
        assert_eq!(tracked["data"]["hiddenUsersGroups"], json!([]));
        assert_eq!((&tracked["data"]["statusId"], &tracked["data"]["statusName"]), (&json!(3), &json!("Tracked")));
    })
    .await;
}

#[tokio::test]
async fn lists_what_a_group_holds() {
    on_both(async |app| {
        let path = |name: &str, kind: &str| format!("{}/{kind}WorkApps", group(&app, name));
        link(&app, "eng", app.id("ledger").into(), Visibility::Default).await;
        let tools = app_called(&app, "Tools", EditApp::default()).await;
        link(&app, "eng", tools, Visibility::Hidden).await;
        told!(app.cakewalk().get(path("eng", "Default")).await, @r#"200 {"data":[{"id":"<ledger>","name":"Ledger","categoryId":5,"categoryName":"CATEGORY_FINANCE","numberOfAccounts":1,"isBundle":false,"owner":{"id":"<edda>","name":"Edda Editor","email":"edda.editor@northwind.example","statusId":1,"statusName":"Active"},"url":"https://ledger.example/","imageUrl":"","statusId":1,"statusName":"Managed"}],"links":{"self":"/api/v1/UsersGroups/<eng>/DefaultWorkApps","next":null}}"#);
        told!(app.cakewalk().get(path("eng", "Hidden")).await, @r#"200 {"data":[{"id":"<id 1>","name":"Tools","categoryId":0,"categoryName":"CATEGORY_OTHER","numberOfAccounts":0,"isBundle":false,"owner":null,"url":"","imageUrl":"","statusId":1,"statusName":"Managed"}],"links":{"self":"/api/v1/UsersGroups/<eng>/HiddenWorkApps","next":null}}"#);
        told!(app.cakewalk().get(path("ops", "Hidden")).await, @r#"200 {"data":[],"links":{"self":"/api/v1/UsersGroups/<ops>/HiddenWorkApps","next":null}}"#);
        for name in ["secret", "ledger", "ada"] {
            told!(app.cakewalk().get(path(name, "Default")).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No users group has this id."}"#);
        }
        app.cakewalk().get(format!("{}?cursor=x", path("eng", "Hidden"))).await.is(400);
        let last = app.cakewalk().get(format!("{}?cursor={}", path("eng", "Hidden"), numbered(1, 100))).await;
        assert_eq!(last.is(200).json()["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn lists_levels_and_fields() {
    on_both(async |app| {
        told!(app.cakewalk().get(ledger(&app, "/PermissionLevels")).await, @r#"200 {"data":[{"id":"<reader>","name":"Reader","description":"","isDefault":true,"isPrivileged":false},{"id":"<booker>","name":"Booker","description":"","isDefault":false,"isPrivileged":true}],"links":{"self":"/api/v1/WorkApps/<ledger>/PermissionLevels","next":null}}"#);
        told!(app.cakewalk().get(ledger(&app, "/CustomFields")).await, @r#"200 {"data":[{"id":"<cost>","name":"Cost center","type":"text","required":false,"value":"4711","guidValue":null}],"links":{"self":"/api/v1/WorkApps/<ledger>/CustomFields","next":null}}"#);
        for below in ["/PermissionLevels", "/CustomFields"] {
            let first = numbered(0, 1);
            let page = app.cakewalk().get(format!("{}?cursor={first}", ledger(&app, below))).await.is(200);
            assert_eq!(page.json()["data"].as_array().unwrap().len(), 1);
            assert_eq!(page.json()["links"]["next"].is_string(), below == "/PermissionLevels");
            if let Some(next) = page.json()["links"]["next"].as_str() {
                let rest = app.cakewalk().get(next).await.is(200).json();
                assert_eq!((&rest["data"][0]["name"], &rest["links"]["next"]), (&json!("Booker"), &Value::Null));
            }
            let wrong = app.cakewalk().get(format!("{}?cursor=x", ledger(&app, below))).await;
            assert_eq!(wrong.status, 400);
            for id in [Uuid::from_u128(7), app.id("vault"), app.id("eng")] {
                let gone = app.cakewalk().get(format!("/api/v1/WorkApps/{id}{below}")).await;
                told!(gone, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No work app has this id."}"#);
            }
            app.cakewalk().get(format!("/api/v1/WorkApps/7{below}")).await.is(400);
        }
    })
    .await;
}

#[tokio::test]
async fn sets_custom_fields() {
    on_both(async |app| {
        let path = ledger(&app, "/CustomFields");
        let set = |value: Value| json!({"customFields": [{"id": app.id("cost"), "value": value}], "more": 1});
        let first = app.cakewalk().patch(&path, set(json!("0815"))).await;
        told!(first, @"204");
        let again = app.cakewalk().patch(&path, set(json!("0815"))).await.is(204);
        assert_eq!(again.header("guildhall-revision"), first.header("guildhall-revision"));
        let read = async || app.cakewalk().get(&path).await.json()["data"][0]["value"].clone();
        assert_eq!(read().await, "0815");
        app.cakewalk().patch(&path, set(Value::Null)).await.is(204);
        assert_eq!(read().await, Value::Null);
        app.cakewalk().patch(&path, json!({"customFields": []})).await.is(204);
        for wrong in [
            json!({}),
            json!([]),
            json!({"customFields": null}),
            json!({"customFields": {}}),
            json!({"customFields": [{"value": "x"}]}),
            json!({"customFields": [{"id": "x"}]}),
            json!({"customFields": [{"id": app.id("cost"), "value": 7}]}),
        ] {
            app.cakewalk().patch(&path, wrong).await.is(400);
        }
        told!(app.cakewalk().patch(&path, set(json!("x".repeat(1001)))).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"customFields[0].value: may have at most 1000 characters.","errors":{"customFields[0].value":["may have at most 1000 characters"]}}"#);
        // One wrong field and nothing is set.
        let ids = [json!({"id": app.id("cost"), "value": "x"}), json!({"id": Uuid::from_u128(7), "value": "x"})];
        told!(app.cakewalk().patch(&path, json!({"customFields": ids})).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"customFields[1].id: no custom field has the id <id 1>."}"#);
        assert_eq!(read().await, Value::Null);
        let gone = format!("/api/v1/WorkApps/{}/CustomFields", app.id("vault"));
        app.cakewalk().patch(gone, json!({"customFields": []})).await.is(404);
        app.cakewalk().by(Who::Viewer).patch(&path, json!([])).await.is(403);
        app.cakewalk().by(Who::Guest).get(&path).await.is(403);
        assert_eq!(events(&app).await, ["app.updated"; 2]);
    })
    .await;
}

#[tokio::test]
async fn a_level_in_use_stays() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        let one = |name: &str| guildhall_domain::app::Level {
            id: LevelId::NIL,
            name: name.into(),
            description: String::new(),
            is_default: false,
            is_privileged: false,
        };
        let put = async |levels| {
            let edit = EditApp { levels: Patch::Set(levels), ..Default::default() };
            app.engine.edit_app(&hand, app.id("ledger").into(), edit, None).await
        };
        put(vec![one("booker")]).await.expect_err("vera reads");
        let kept = put(vec![one("READER"), one("Third")]).await.expect("nobody books").value;
        assert_eq!(kept.levels[0].id.uuid(), app.id("reader"), "a level without an id is the one of its name");
        assert_eq!(kept.levels.len(), 2);
    })
    .await;
}
