//! People: their record, made, read, edited and deactivated.

use guildhall_domain::user::{EditUser, NewUser};
use guildhall_testkit::{Who, on_both};

use super::*;

#[tokio::test]
async fn a_user_has_every_key() {
    on_both(async |app| {
        told!(app.bearer().get(user(&app, "vera")).await, @r#"200 {"id":"<vera>","first_name":"Vera","last_name":"Viewer","email":"vera.viewer@northwind.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":["<eng>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        told!(app.bearer().get(user(&app, "gus")).await, @r#"200 {"id":"<gus>","first_name":"Gus","last_name":"Guest","email":"gus.guest@northwind.example","role":"guest","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        told!(app.bearer().get(user(&app, "ivan")).await, @r#"200 {"id":"<ivan>","first_name":"Ivan","last_name":"Idle","email":"ivan.idle@northwind.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":true}"#);
        let list = app.bearer().get(USERS).await.is(200);
        assert_eq!(
            column(&list, "email"),
            ["ada.example", "edda.editor", "vera.viewer", "gus.guest", "ivan.idle"]
                .map(|n| format!("{n}@northwind.example"))
        );
        assert_eq!(
            list.json()["results"][2].to_string(),
            app.bearer().get(user(&app, "vera")).await.json().to_string()
        );
    })
    .await;
}

#[tokio::test]
async fn creates_one_user() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let body = json!({
            "first_name": "Mira", "last_name": "van Holt", "email": "Mira@X.example", "role": "editor",
            "teams": [], "user_groups": [eng, ops, eng], "id": UNKNOWN, "disabled": true, "pending": false,
        });
        let made = app.bearer().post(USERS, body.clone()).await;
        told!(made, @r#"201 {"id":"<id 1>","first_name":"Mira","last_name":"van Holt","email":"Mira@X.example","role":"editor","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":["<eng>","<ops>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        assert_eq!(made.header("guildhall-revision"), app.events().await.len().to_string());
        assert_eq!(events(&app).await, ["user.created", "group.members_added", "group.members_added"]);
        let path = format!("{USERS}/{}", made.json()["id"].as_str().unwrap());
        assert_eq!(app.bearer().get(&path).await.body, made.body);
        told!(app.bearer().post(USERS, body).await, @r#"400 {"email":["A user with this email already exists."]}"#);
        told!(app.bearer().post(USERS, json!({"email": "bare@x.example"})).await, @r#"201 {"id":"<id 2>","first_name":"","last_name":"","email":"bare@x.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        told!(app.bearer().post(USERS, json!({"email": "cher@x.example", "first_name": "Cher", "last_name": ""})).await, @r#"201 {"id":"<id 3>","first_name":"Cher","last_name":"","email":"cher@x.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        assert_both_sides_agree(&app).await;
    })
    .await;
}

#[tokio::test]
async fn creates_several_users_or_none() {
    on_both(async |app| {
        let eng = app.id("eng");
        let post = async |body: Value| app.bearer().post(USERS, body).await;
        let two =
            post(json!({"emails": ["a@x.example", "b@x.example"], "role": "guest", "groups": [eng], "teams": []}))
                .await;
        told!(two, @r#"201 [{"id":"<id 1>","first_name":"","last_name":"","email":"a@x.example","role":"guest","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":["<eng>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false},{"id":"<id 2>","first_name":"","last_name":"","email":"b@x.example","role":"guest","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":["<eng>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}]"#);
        assert_eq!(events(&app).await, ["user.created", "user.created", "group.members_added"], "one event a group");
        told!(post(json!({"emails": ["c@x.example"], "user_groups": [eng], "first_name": "Ignored"})).await, @r#"201 {"id":"<id 3>","first_name":"","last_name":"","email":"c@x.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":true,"user_groups":["<eng>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        assert_both_sides_agree(&app).await;
        let before = app.events().await.len();
        told!(post(json!({"emails": ["d@x.example", "B@X.example"]})).await, @r#"400 {"emails":["B@X.example: A user with this email already exists."]}"#);
        told!(post(json!({"emails": ["d@x.example", "D@x.example"]})).await, @r#"400 {"emails":["D@x.example: A user with this email already exists."]}"#);
        told!(post(json!({"emails": ["d@x.example", "nobody", " ", ""]})).await, @r#"400 {"emails":["nobody: Enter a valid email address."," : This field may not be blank.",": This field may not be blank."]}"#);
        told!(post(json!({"emails": []})).await, @r#"400 {"emails":["This list may not be empty."]}"#);
        told!(post(json!({"emails": null, "role": 5, "groups": "x"})).await, @r#"400 {"emails":["This field may not be null."],"role":["Not a valid string."],"groups":["Expected a list of items but got type \"str\"."]}"#);
        told!(post(json!({"emails": "d@x.example"})).await, @r#"400 {"emails":["Expected a list of items but got type \"str\"."]}"#);
        told!(post(json!({"emails": [5]})).await, @r#"400 {"emails":["Not a valid string."]}"#);
        told!(post(json!({"emails": ["d@x.example"], "email": "d@x.example"})).await, @r#"400 {"email":["Send either email or emails, not both."]}"#);
        told!(post(json!({"emails": ["d@x.example"], "groups": [UNKNOWN, eng, app.id("secret")]})).await, @r#"400 {"groups":["Invalid pk \"<id 4>\" - object does not exist.","Invalid pk \"<secret>\" - object does not exist."]}"#);
        told!(post(json!({"emails": ["d@x.example"], "user_groups": [UNKNOWN]})).await, @r#"400 {"user_groups":["Invalid pk \"<id 4>\" - object does not exist."]}"#);
        let many: Vec<String> = (0..101).map(|n| format!("u{n}@x.example")).collect();
        told!(post(json!({"emails": many})).await, @r#"400 {"emails":["Ensure this field has no more than 100 elements."]}"#);
        let groups: Vec<Uuid> = (0..101).map(|n| Uuid::from_u128(1 << 100 | n)).collect();
        told!(post(json!({"emails": &many[..100], "groups": groups})).await, @r#"400 {"groups":["Ensure this field has no more than 100 elements."]}"#);
        assert_eq!(app.events().await.len(), before, "none of these changed anything");
        let hundred = post(json!({"emails": &many[..100], "groups": [eng]})).await.is(201);
        assert_eq!(hundred.json().as_array().unwrap().len(), 100);
        assert_eq!(app.events().await.len(), before + 101);
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_user_is_told_at_once() {
    on_both(async |app| {
        let post = async |body: Value| app.bearer().post(USERS, body).await;
        told!(post(json!({})).await, @r#"400 {"email":["This field is required."]}"#);
        told!(post(json!({"email": null, "first_name": null, "last_name": null, "role": null, "user_groups": null})).await, @r#"400 {"first_name":["This field may not be null."],"last_name":["This field may not be null."],"email":["This field may not be null."],"role":["This field may not be null."],"user_groups":["This field may not be null."]}"#);
        told!(post(json!({"email": 5, "first_name": [], "last_name": {}, "role": true, "user_groups": 1})).await, @r#"400 {"first_name":["Not a valid string."],"last_name":["Not a valid string."],"email":["Not a valid string."],"role":["Not a valid string."],"user_groups":["Expected a list of items but got type \"int\"."]}"#);
        told!(post(json!({"email": "no-at", "first_name": "x".repeat(256), "last_name": "\u{0}", "role": "owner", "user_groups": ["x"]})).await, @r#"400 {"first_name":["Ensure this field has no more than 255 characters."],"last_name":["This field holds a control character."],"email":["Enter a valid email address."],"role":["\"owner\" is not a valid choice."],"user_groups":["“x” is not a valid UUID."]}"#);
        told!(post(json!({"email": "", "first_name": " ", "role": ""})).await, @r#"400 {"first_name":["This field may not be blank."],"email":["This field may not be blank."],"role":["\"\" is not a valid choice."]}"#);
        told!(post(json!({"email": format!("{}@x", "e".repeat(254)), "role": "Admin"})).await, @r#"400 {"email":["Ensure this field has no more than 254 characters."],"role":["\"Admin\" is not a valid choice."]}"#);
        told!(post(json!({"email": "x@x.example", "first_name": "x".repeat(200), "last_name": "y".repeat(200)})).await, @r#"400 {"non_field_errors":["Ensure this field has no more than 255 characters."]}"#);
        told!(post(json!({"email": "x@x.example", "user_groups": [app.id("secret"), UNKNOWN]})).await, @r#"400 {"user_groups":["Invalid pk \"<secret>\" - object does not exist.","Invalid pk \"<id 1>\" - object does not exist."]}"#);
        told!(post(json!([])).await, @r#"400 {"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#);
        // A sign-in name that is somebody else's address is as taken as the address.
        let hand = operator(&app.engine, app.company());
        let new = NewUser { user_name: Some("sly@x.example".into()), ..person("Sly Signer", None) };
        app.engine.create_user(&hand, new).await.unwrap();
        told!(post(json!({"email": "SLY@x.example"})).await, @r#"400 {"email":["A user with this email already exists."]}"#);
        let gus = user(&app, "gus");
        let patch = async |body: Value| app.bearer().patch(&gus, body).await;
        told!(patch(json!({"email": "VERA.viewer@northwind.example"})).await, @r#"400 {"email":["A user with this email already exists."]}"#);
        told!(patch(json!({"email": "", "disabled": "yes", "role": "custom", "last_name": 1})).await, @r#"400 {"last_name":["Not a valid string."],"email":["This field may not be blank."],"role":["\"custom\" is not a valid choice."],"disabled":["Must be a valid boolean."]}"#);
        told!(patch(json!({"disabled": null, "role": null})).await, @r#"400 {"role":["This field may not be null."],"disabled":["This field may not be null."]}"#);
        told!(patch(json!({"first_name": "x".repeat(200), "last_name": "y".repeat(200)})).await, @r#"400 {"non_field_errors":["Ensure this field has no more than 255 characters."]}"#);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_edit_of_a_user_touches_what_it_names() {
    on_both(async |app| {
        let vera = user(&app, "vera");
        let patch = async |body: Value| app.bearer().patch(&vera, body).await.is(200);
        let before = app.bearer().get(&vera).await;
        for same in [
            json!({}),
            json!({"first_name": "Vera", "role": "viewer", "disabled": false, "user_groups": [app.id("eng")]}),
            json!({"id": UNKNOWN, "workspace_id": null, "pending": true, "last_login": "x", "bookmarks": 1, "groups": 5}),
        ] {
            assert_eq!(patch(same).await.body, before.body);
        }
        assert_eq!(events(&app).await, [""; 0]);
        let name = |reply: Reply| format!("{} / {}", reply.json()["first_name"], reply.json()["last_name"]);
        assert_eq!(name(patch(json!({"first_name": "Vero"})).await), r#""Vero" / "Viewer""#);
        assert_eq!(name(patch(json!({"last_name": "van der Viewer"})).await), r#""Vero" / "van der Viewer""#);
        assert_eq!(name(patch(json!({"first_name": ""})).await), r#""" / "van der Viewer""#);
        assert_eq!(name(patch(json!({"last_name": "", "first_name": "Solo Twice"})).await), r#""Solo Twice" / """#);
        // Without any name the address stands in for it elsewhere, and never shows as one here.
        assert_eq!(name(patch(json!({"first_name": ""})).await), r#""" / """#);
        assert_eq!(name(patch(json!({"email": "v@x.example"})).await), r#""" / """#);
        assert_eq!(name(patch(json!({"last_name": "Last"})).await), r#""" / "Last""#);
        told!(patch(json!({"email": "Vera@X.example", "role": "editor"})).await, @r#"200 {"id":"<vera>","first_name":"","last_name":"Last","email":"Vera@X.example","role":"editor","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":["<eng>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        told!(patch(json!({"disabled": true})).await, @r#"200 {"id":"<vera>","first_name":"","last_name":"Last","email":"Vera@X.example","role":"editor","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":true}"#);
        told!(patch(json!({"disabled": true, "first_name": "Vera"})).await, @r#"200 {"id":"<vera>","first_name":"Vera","last_name":"Last","email":"Vera@X.example","role":"editor","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":true}"#);
        told!(patch(json!({"disabled": false})).await, @r#"200 {"id":"<vera>","first_name":"Vera","last_name":"Last","email":"Vera@X.example","role":"editor","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":["<eng>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        // To bring back one who is not away says nothing of an invitation.
        let gus = app.bearer().patch(user(&app, "gus"), json!({"disabled": false})).await.is(200);
        assert_eq!((&gus.json()["pending"], &gus.json()["disabled"]), (&json!(true), &json!(false)));
        // A name that was never told apart is split where it is read, and its parts are kept.
        let hand = operator(&app.engine, app.company());
        let whole = EditUser { name: guildhall_domain::patch::Patch::Set("Gus van Gast".into()), ..EditUser::default() };
        app.engine.edit_user(&hand, app.id("gus").into(), whole, None).await.unwrap();
        let gus = app.bearer().patch(user(&app, "gus"), json!({"last_name": "Gust"})).await;
        assert_eq!(name(gus), r#""Gus van" / "Gust""#);
    })
    .await;
}

#[tokio::test]
async fn deleting_a_user_deactivates_them() {
    on_both(async |app| {
        let vera = user(&app, "vera");
        let gone = app.bearer().delete(&vera).await;
        told!(gone, @"204");
        assert_eq!(gone.header("guildhall-revision"), app.events().await.len().to_string());
        told!(app.bearer().get(&vera).await, @r#"200 {"id":"<vera>","first_name":"Vera","last_name":"Viewer","email":"vera.viewer@northwind.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":[],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":true}"#);
        app.bearer().delete(&vera).await.is(204);
        assert_eq!(events(&app).await, ["user.deactivated"]);
        assert_eq!(app.bearer().by(Who::Viewer).get(USERS).await.status, 401, "their key is gone with them");
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_stays() {
    on_both(async |app| {
        let ada = user(&app, "ada");
        told!(app.bearer().delete(&ada).await, @r#"400 {"non_field_errors":["This is the last administrator of the company, who stays; make another one first."]}"#);
        told!(app.bearer().patch(&ada, json!({"role": "viewer"})).await, @r#"400 {"non_field_errors":["This is the last administrator of the company, who stays; make another one first."]}"#);
        told!(app.bearer().patch(&ada, json!({"disabled": true, "first_name": "x"})).await, @r#"400 {"non_field_errors":["This is the last administrator of the company, who stays; make another one first."]}"#);
        assert_eq!(events(&app).await, [""; 0]);
        // Two administrators who dismiss each other at once: one stays.
        app.bearer().patch(user(&app, "edda"), json!({"role": "admin"})).await.is(200);
        let (client, edda) = (app.bearer(), user(&app, "edda"));
        let (one, two) = tokio::join!(client.delete(&edda), client.patch(&ada, json!({"role": "guest"})));
        let mut both = [one.status, two.status];
        both.sort_unstable();
        assert!(both[0] < 300 && both[1] >= 400, "{both:?}");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_user_a_foreign_one_and_no_id_are_the_same() {
    on_both(async |app| {
        let wrong = [UNKNOWN.to_string(), app.id("carl").to_string(), app.id("eng").to_string(), "gus".into()];
        for id in &wrong {
            for (method, body) in [("GET", None), ("PATCH", Some(json!({"first_name": "x"}))), ("DELETE", None)] {
                told!(app.bearer().call(method, format!("{USERS}/{id}"), body).await, @r#"404 {"detail":"Not found."}"#);
            }
        }
        app.bearer().patch(format!("{USERS}/{UNKNOWN}"), json!({"first_name": 5})).await.is(404);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn who_may_do_what_with_users() {
    on_both(async |app| {
        let mut told = String::new();
        for who in Who::ALL {
            let client = app.bearer().by(who);
            let list = client.get(USERS).await.status;
            let own = client.get(user(&app, "gus")).await.status;
            let other = client.get(user(&app, "vera")).await.status;
            let made = client.post(USERS, json!({"email": format!("{who:?}@x.example")})).await.status;
            let wrong = client.post(USERS, json!({"email": 5})).await.status;
            let edit = client.patch(user(&app, "gus"), json!({"role": "guest"})).await.status;
            let climb = client.patch(user(&app, "edda"), json!({"role": 5})).await.status;
            let delete = client.delete(user(&app, "ivan")).await.status;
            told += &format!(
                "{who:?}: list {list} gus {own} vera {other} create {made} wrong {wrong} edit {edit} wrong {climb} delete {delete}\n"
            );
        }
        told!(told, @r#"
            Admin: list 200 gus 200 vera 200 create 201 wrong 400 edit 200 wrong 400 delete 204
            AdminReadOnly: list 200 gus 200 vera 200 create 403 wrong 403 edit 403 wrong 403 delete 403
            Editor: list 200 gus 200 vera 200 create 403 wrong 403 edit 403 wrong 403 delete 403
            Viewer: list 200 gus 200 vera 200 create 403 wrong 403 edit 403 wrong 403 delete 403
            Guest: list 403 gus 200 vera 403 create 403 wrong 403 edit 403 wrong 403 delete 403
            Foreign: list 200 gus 404 vera 404 create 201 wrong 400 edit 404 wrong 404 delete 404
            Platform: list 403 gus 403 vera 403 create 403 wrong 403 edit 403 wrong 403 delete 403
            Revoked: list 401 gus 401 vera 401 create 401 wrong 401 edit 401 wrong 401 delete 401
            Nobody: list 401 gus 401 vera 401 create 401 wrong 401 edit 401 wrong 401 delete 401
            "#);
        told!(app.bearer().by(Who::Guest).get(USERS).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role viewer or above."}"#);
        told!(app.bearer().by(Who::Editor).patch(user(&app, "edda"), json!({"role": "admin"})).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role admin."}"#);
    })
    .await;
}

#[tokio::test]
async fn one_address_is_given_once_however_many_ask() {
    on_both(async |app| {
        let (client, body) = (app.bearer(), json!({"email": "once@x.example"}));
        let several = json!({"emails": ["other@x.example", "ONCE@x.example"]});
        let (a, b, c) =
            tokio::join!(client.post(USERS, body.clone()), client.post(USERS, body), client.post(USERS, several));
        let mut all = [a.status, b.status, c.status];
        all.sort_unstable();
        assert_eq!(all, [201, 400, 400]);
    })
    .await;
}
