//! Groups: their record, made, read, edited and deleted.

use guildhall_domain::Timestamp;
use guildhall_domain::group::NewGroup;
use guildhall_testkit::{Who, on_both};

use super::*;

fn wait(app: &App, seconds: i64) {
    app.clock.set(app.clock.now().plus_seconds(seconds));
}

#[tokio::test]
async fn a_group_has_nine_keys_in_order() {
    on_both(async |app| {
        told!(app.bearer().get(group(&app, "eng")).await, @r#"200 {"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":["<vera>"],"name":"Engineering","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        told!(app.bearer().get(GROUPS).await, @r#"200 {"links":{"next":null,"previous":null},"meta":{"page":1,"previous_page":null,"next_page":null},"count":2,"total_pages":1,"results":[{"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":["<vera>"],"name":"Engineering","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null},{"id":"<ops>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":[],"name":"Operations","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}]}"#);
        told!(app.bearer().by(Who::Foreign).get(GROUPS).await, @r#"200 {"links":{"next":null,"previous":null},"meta":{"page":1,"previous_page":null,"next_page":null},"count":1,"total_pages":1,"results":[{"id":"<secret>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":["<carl>"],"name":"Secret","icon":null,"description":null,"workspace_id":"<contoso>","snowflake_role":null}]}"#);
    })
    .await;
}

#[tokio::test]
async fn creates_a_group_with_its_first_members() {
    on_both(async |app| {
        let (gus, vera) = (app.id("gus"), app.id("vera"));
        let body = json!({
            "name": "Finance Readers", "icon": "📊", "description": "Two\nlines", "users": [gus, vera, gus],
            "id": app.id("eng"), "created_at": "1999-01-01T00:00:00Z", "updated_at": 7, "workspace_id": app.id("contoso"),
            "snowflake_role": {"x": []}, "unknown": [null],
        });
        let made = app.bearer().post(GROUPS, body).await;
        told!(made, @r#"201 {"id":"<id 1>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":["<vera>","<gus>"],"name":"Finance Readers","icon":"📊","description":"Two\nlines","workspace_id":"<northwind>","snowflake_role":null}"#);
        assert_eq!(made.header("guildhall-revision"), app.events().await.len().to_string());
        let path = format!("{GROUPS}/{}", made.json()["id"].as_str().unwrap());
        assert_eq!(app.bearer().get(&path).await.body, made.body);
        told!(app.bearer().post(GROUPS, json!({"name": "Bare"})).await, @r#"201 {"id":"<id 2>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":[],"name":"Bare","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        told!(app.bearer().post(GROUPS, json!({"name": "Nulls", "icon": null, "description": null, "users": []})).await, @r#"201 {"id":"<id 3>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":[],"name":"Nulls","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        told!(app.bearer().post(GROUPS, json!({"name": "Empty", "icon": "", "description": ""})).await, @r#"201 {"id":"<id 4>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":[],"name":"Empty","icon":"","description":"","workspace_id":"<northwind>","snowflake_role":null}"#);
        // A name is not unique unless the company wants it so.
        app.bearer().post(GROUPS, json!({"name": "Bare"})).await.is(201);
        assert_both_sides_agree(&app).await;
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_group_is_told_at_once() {
    on_both(async |app| {
        let post = async |body: Value| app.bearer().post(GROUPS, body).await;
        told!(post(json!({})).await, @r#"400 {"name":["This field is required."]}"#);
        told!(post(json!({"name": null, "users": null})).await, @r#"400 {"name":["This field may not be null."],"users":["This field may not be null."]}"#);
        told!(post(json!({"name": " ", "icon": 5, "description": ["x"], "users": "x"})).await, @r#"400 {"name":["This field may not be blank."],"icon":["Not a valid string."],"description":["Not a valid string."],"users":["Expected a list of items but got type \"str\"."]}"#);
        told!(post(json!({"name": true, "icon": {"a": 1}, "users": {"0": "x"}})).await, @r#"400 {"name":["Not a valid string."],"icon":["Not a valid string."],"users":["Expected a list of items but got type \"dict\"."]}"#);
        told!(post(json!({"name": "é".repeat(256), "icon": "i".repeat(256), "description": "d".repeat(1001)})).await, @r#"400 {"name":["Ensure this field has no more than 255 characters."],"icon":["Ensure this field has no more than 255 characters."],"description":["Ensure this field has no more than 1000 characters."]}"#);
        told!(post(json!({"name": "a\u{0}b", "icon": "\n", "description": "\u{7}"})).await, @r#"400 {"name":["This field holds a control character."],"icon":["This field holds a control character."],"description":["This field holds a control character."]}"#);
        told!(post(json!({"name": "x", "users": [app.id("ada"), 5, "nobody", null, ["x"]]})).await, @r#"400 {"users":["Incorrect type. Expected pk value, received int.","“nobody” is not a valid UUID.","Incorrect type. Expected pk value, received NoneType.","Incorrect type. Expected pk value, received list."]}"#);
        told!(post(json!({"name": "x", "users": [UNKNOWN, app.id("ada"), app.id("carl"), app.id("eng")]})).await, @r#"400 {"users":["Invalid pk \"<id 1>\" - object does not exist.","Invalid pk \"<carl>\" - object does not exist.","Invalid pk \"<eng>\" - object does not exist."]}"#);
        // The same of an edit, which needs nothing.
        let eng = group(&app, "eng");
        let patch = async |body: Value| app.bearer().patch(&eng, body).await;
        told!(patch(json!({"name": null, "users": 1.5})).await, @r#"400 {"name":["This field may not be null."],"users":["Expected a list of items but got type \"float\"."]}"#);
        told!(patch(json!({"name": "", "description": false, "users": [app.id("carl")]})).await, @r#"400 {"name":["This field may not be blank."],"description":["Not a valid string."]}"#);
        told!(patch(json!({"name": "New", "users": [app.id("carl")]})).await, @r#"400 {"users":["Invalid pk \"<carl>\" - object does not exist."]}"#);
        told!(patch(json!({"name": "x".repeat(256)})).await, @r#"400 {"name":["Ensure this field has no more than 255 characters."]}"#);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_told_so() {
    on_both(async |app| {
        for (method, path) in [("POST", GROUPS.to_owned()), ("PATCH", group(&app, "eng"))] {
            let send =
                async |kind: &str, bytes: &str| app.bearer().send(method, &path, kind, bytes.as_bytes().to_vec()).await;
            let json = async |bytes: &str| send("application/json", bytes).await;
            told!(json(r#"{"name": "#).await, @r#"400 {"detail":"JSON parse error - EOF while parsing a value, line 1, column 9"}"#);
            told!(json(r#"{"name": "x"} y"#).await, @r#"400 {"detail":"JSON parse error - trailing characters, line 1, column 15"}"#);
            told!(json("").await, @r#"400 {"detail":"JSON parse error - Expecting value: line 1 column 1 (char 0)"}"#);
            // Of the wrong shape and no JSON at all: the latter is told.
            told!(json("[").await, @r#"400 {"detail":"JSON parse error - EOF while parsing a list, line 1, column 1"}"#);
            told!(json("5 y").await, @r#"400 {"detail":"JSON parse error - trailing characters, line 1, column 3"}"#);
            told!(json("[]").await, @r#"400 {"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#);
            told!(json("null").await, @r#"400 {"non_field_errors":["No data provided."]}"#);
            told!(json("\"x\"").await, @r#"400 {"non_field_errors":["Invalid data. Expected a dictionary, but got str."]}"#);
            told!(json("1e1").await, @r#"400 {"non_field_errors":["Invalid data. Expected a dictionary, but got float."]}"#);
            told!(json(&"[".repeat(5000)).await, @r#"400 {"detail":"JSON parse error - the body is nested deeper than 32 levels"}"#);
            told!(json(r#"{"name": "a", "name": "b"}"#).await, @r#"400 {"name":["This field is given twice."]}"#);
            told!(json("{\"name\": \"\\ud800\"}").await, @r#"400 {"detail":"JSON parse error - unexpected end of hex escape, line 1, column 17"}"#);
            told!(send("text/plain", "{}").await, @r#"415 {"detail":"Unsupported media type \"text/plain\" in request."}"#);
            told!(send("", "{}").await, @r#"415 {"detail":"Unsupported media type \"\" in request."}"#);
            told!(send("application/json; charset=latin1", "{}").await, @r#"415 {"detail":"Unsupported media type \"application/json; charset=latin1\" in request."}"#);
        }
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_edit_touches_what_it_names() {
    on_both(async |app| {
        let eng = group(&app, "eng");
        let patch = async |body: Value| app.bearer().patch(&eng, body).await.is(200);
        let before = app.bearer().get(&eng).await;
        wait(&app, 60);
        // Nothing moves when nothing changes, whatever was sent beside it.
        for same in [
            json!({}),
            json!({"name": "Engineering", "users": [app.id("vera")], "icon": null, "description": null}),
            json!({"id": UNKNOWN, "updated_at": "x", "workspace_id": null, "snowflake_role": 1, "unmodifiable": true}),
        ] {
            let reply = patch(same).await;
            assert_eq!(reply.body, before.body);
            assert_eq!(reply.header("guildhall-revision"), app.events().await.len().to_string());
        }
        assert_eq!(events(&app).await, [""; 0]);
        told!(patch(json!({"name": "Platform", "icon": "🛠"})).await, @r#"200 {"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:01:00.000000Z","users":["<vera>"],"name":"Platform","icon":"🛠","description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        wait(&app, 60);
        told!(patch(json!({"description": "Those who build"})).await, @r#"200 {"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:02:00.000000Z","users":["<vera>"],"name":"Platform","icon":"🛠","description":"Those who build","workspace_id":"<northwind>","snowflake_role":null}"#);
        told!(patch(json!({"icon": null, "description": null})).await, @r#"200 {"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:02:00.000000Z","users":["<vera>"],"name":"Platform","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        wait(&app, 60);
        // A change of members moves the time as well, through whichever side.
        told!(patch(json!({"users": [app.id("vera"), app.id("gus")]})).await, @r#"200 {"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:03:00.000000Z","users":["<vera>","<gus>"],"name":"Platform","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        wait(&app, 60);
        app.bearer().patch(user(&app, "gus"), json!({"user_groups": []})).await.is(200);
        told!(app.bearer().get(&eng).await, @r#"200 {"id":"<eng>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:04:00.000000Z","users":["<vera>"],"name":"Platform","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        assert_eq!(
            events(&app).await,
            ["group.updated", "group.updated", "group.updated", "group.members_added", "group.members_removed"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_deleted_group_is_gone_and_leaves_no_orphan() {
    on_both(async |app| {
        let eng = group(&app, "eng");
        let gone = app.bearer().delete(&eng).await;
        told!(gone, @"204");
        assert_eq!(gone.header("content-type"), "");
        assert_eq!(gone.header("guildhall-revision"), app.events().await.len().to_string());
        told!(app.bearer().delete(&eng).await, @r#"404 {"detail":"Not found."}"#);
        app.bearer().get(&eng).await.is(404);
        app.bearer().patch(&eng, json!({"name": "x"})).await.is(404);
        assert_eq!(column(&app.bearer().get(GROUPS).await, "name"), ["Operations"]);
        assert_eq!(listed(&app, &user(&app, "vera"), "user_groups").await, [""; 0]);
        assert_eq!(events(&app).await, ["group.archived"]);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_id_a_foreign_one_and_no_id_are_the_same() {
    on_both(async |app| {
        let secret = app.id("secret").to_string();
        let wrong =
            [UNKNOWN.to_string(), secret, app.id("ada").to_string(), "eng".into(), "%20".into(), "1".repeat(36)];
        for id in &wrong {
            for (method, body) in [("GET", None), ("PATCH", Some(json!({"name": "x"}))), ("DELETE", None)] {
                let reply = app.bearer().call(method, format!("{GROUPS}/{id}"), body).await;
                told!(reply, @r#"404 {"detail":"Not found."}"#);
            }
        }
        // 404 goes before what is wrong with the body.
        app.bearer().patch(format!("{GROUPS}/{UNKNOWN}"), json!({"name": 5})).await.is(404);
        app.bearer().get(format!("{GROUPS}/{}", app.id("eng").to_string().to_uppercase())).await.is(200);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn who_may_do_what_with_groups() {
    on_both(async |app| {
        let mut told = String::new();
        for who in Who::ALL {
            let client = app.bearer().by(who);
            let list = client.get(GROUPS).await.status;
            let one = client.get(group(&app, "eng")).await.status;
            let made = client.post(GROUPS, json!({"name": "x"})).await;
            let wrong = client.post(GROUPS, json!({"name": 5})).await.status;
            let members = client.patch(group(&app, "eng"), json!({"users": [app.id("gus")]})).await.status;
            let other = client.patch(group(&app, "ops"), json!({"users": [app.id("gus")]})).await.status;
            let bad = client.patch(group(&app, "ops"), json!({"users": 1})).await.status;
            let name = client.patch(group(&app, "eng"), json!({"name": format!("By {who:?}"), "users": [app.id("vera")]})).await.status;
            let delete = client.delete(group(&app, "ops")).await.status;
            told += &format!(
                "{who:?}: list {list} get {one} create {} wrong {wrong} users {members} of ops {other} wrong {bad} name {name} delete {delete}\n",
                made.status
            );
            if delete == 204 {
                let hand = operator(&app.engine, app.company());
                app.engine.restore_group(&hand, app.id("ops").into()).await.unwrap();
            }
        }
        told!(told, @r#"
            Admin: list 200 get 200 create 201 wrong 400 users 200 of ops 200 wrong 400 name 200 delete 204
            AdminReadOnly: list 200 get 200 create 403 wrong 403 users 403 of ops 403 wrong 403 name 403 delete 403
            Editor: list 200 get 200 create 403 wrong 403 users 200 of ops 403 wrong 403 name 403 delete 403
            Viewer: list 200 get 200 create 403 wrong 403 users 403 of ops 403 wrong 403 name 403 delete 403
            Guest: list 403 get 403 create 403 wrong 403 users 403 of ops 403 wrong 403 name 403 delete 403
            Foreign: list 200 get 404 create 201 wrong 400 users 404 of ops 404 wrong 404 name 404 delete 404
            Platform: list 403 get 403 create 403 wrong 403 users 403 of ops 403 wrong 403 name 403 delete 403
            Revoked: list 401 get 401 create 401 wrong 401 users 401 of ops 401 wrong 401 name 401 delete 401
            Nobody: list 401 get 401 create 401 wrong 401 users 401 of ops 401 wrong 401 name 401 delete 401
            "#);
        told!(app.bearer().by(Who::Viewer).post(GROUPS, json!({})).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role admin."}"#);
        told!(app.bearer().by(Who::Editor).patch(group(&app, "eng"), json!({"icon": "x"})).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role admin."}"#);
        told!(app.bearer().by(Who::Guest).get(GROUPS).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role viewer or above."}"#);
    })
    .await;
}

#[tokio::test]
async fn an_unmodifiable_group_keeps_its_name_and_not_its_members() {
    on_both(async |app| {
        let new = NewGroup { name: "Frozen".into(), unmodifiable: true, ..NewGroup::default() };
        let hand = operator(&app.engine, app.company());
        let frozen = format!("{GROUPS}/{}", app.engine.create_group(&hand, new).await.unwrap().value.id);
        told!(app.bearer().patch(&frozen, json!({"name": "x", "users": [app.id("gus")]})).await, @r#"400 {"non_field_errors":["This group is unmodifiable; its name and description are frozen, only its members may change."]}"#);
        told!(app.bearer().delete(&frozen).await, @r#"400 {"non_field_errors":["This group is unmodifiable; its name and description are frozen, only its members may change."]}"#);
        told!(app.bearer().patch(&frozen, json!({"name": "Frozen", "users": [app.id("gus")]})).await, @r#"200 {"id":"<id 1>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":["<gus>"],"name":"Frozen","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
    })
    .await;
}

#[tokio::test]
async fn a_company_can_want_its_names_unique() {
    on_both(async |app| {
        use guildhall_domain::company::{EditCompany, EditSettings};
        use guildhall_domain::patch::Patch;
        let settings = EditSettings { unique_group_names: Patch::Set(true), ..EditSettings::default() };
        let edit = EditCompany { settings, ..EditCompany::default() };
        app.engine.edit_company(&operator(&app.engine, app.company()), edit, None).await.unwrap();
        told!(app.bearer().post(GROUPS, json!({"name": "ENGINEERING"})).await, @r#"400 {"name":["A group with this name already exists."]}"#);
        told!(app.bearer().patch(group(&app, "ops"), json!({"name": "engineering"})).await, @r#"400 {"name":["A group with this name already exists."]}"#);
        // Two at once: one of them has it.
        let (client, body) = (app.bearer(), json!({"name": "Only one"}));
        let (a, b) = tokio::join!(client.post(GROUPS, body.clone()), client.post(GROUPS, body));
        let mut both = [a.status, b.status];
        both.sort_unstable();
        assert_eq!(both, [201, 400]);
    })
    .await;
}

#[tokio::test]
async fn times_are_told_to_the_microsecond() {
    on_both(async |app| {
        app.clock.set(Timestamp::parse("at", "2027-01-02T03:04:05.000006Z").unwrap());
        let made = app.bearer().post(GROUPS, json!({"name": "x"})).await.json();
        assert_eq!(made["created_at"], "2027-01-02T03:04:05.000006Z");
        assert_eq!(made["updated_at"], "2027-01-02T03:04:05.000006Z");
    })
    .await;
}
