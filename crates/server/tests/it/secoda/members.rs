//! Who is in which group, from both sides: a group's `users` and a user's `user_groups`.

use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::{ConnectionId, GroupId};
use guildhall_engine::{ChangeMembers, MemberRef};
use guildhall_testkit::{Who, on_both};

use super::*;

async fn users(app: &App, name: &str) -> Vec<String> {
    listed(app, &group(app, name), "users").await
}

fn named(app: &App, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| app.id(name).to_string()).collect()
}

/// Puts a user into a group as an identity source would.
async fn sync(app: &App, into: &str, who: &str) {
    let mut hand = operator(&app.engine, app.company());
    hand.connection = Some(ConnectionId::new(Uuid::from_u128(99)));
    let id = GroupId::new(app.id(into));
    let add = ChangeMembers { add: vec![MemberRef::Id(app.id(who).into())], ..ChangeMembers::of(id) };
    app.engine.change_members(&hand, add).await.unwrap();
}

#[tokio::test]
async fn users_is_the_whole_list() {
    on_both(async |app| {
        let eng = group(&app, "eng");
        let set = async |names: &[&str]| app.bearer().patch(&eng, json!({"users": named(&app, names)})).await.is(200);
        assert_eq!(ids(&set(&["gus", "edda", "gus", "edda"]).await.json()["users"]), named(&app, &["edda", "gus"]));
        assert_eq!(events(&app).await, ["group.members_removed", "group.members_added"]);
        assert_both_sides_agree(&app).await;
        // Again, in another order: nothing happens.
        let again = set(&["edda", "gus"]).await;
        assert_eq!(again.header("guildhall-revision"), app.events().await.len().to_string());
        assert_eq!(events(&app).await.len(), 2);
        assert_eq!(ids(&set(&[]).await.json()["users"]), [""; 0]);
        assert_both_sides_agree(&app).await;
        // ivan is deactivated: he was in it all the time and nobody was shown him.
        app.bearer().patch(user(&app, "ivan"), json!({"disabled": false})).await.is(200);
        assert_eq!(users(&app, "eng").await, named(&app, &["ivan"]));
        assert_both_sides_agree(&app).await;
    })
    .await;
}

#[tokio::test]
async fn user_groups_is_the_other_side_of_it() {
    on_both(async |app| {
        let set =
            async |who: &str, groups: Value| app.bearer().patch(user(&app, who), json!({"user_groups": groups})).await;
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        told!(set("vera", json!([ops, ops])).await, @r#"200 {"id":"<vera>","first_name":"Vera","last_name":"Viewer","email":"vera.viewer@northwind.example","role":"viewer","workspace_id":"<northwind>","workspace":"<northwind>","profile_picture":null,"pending":false,"user_groups":["<ops>"],"bookmarks":[],"is_service_account":false,"service_account_count_popularity":false,"new_feature_acknowledged":false,"last_login":null,"disabled":false}"#);
        assert_eq!(events(&app).await, ["group.members_removed", "group.members_added"]);
        assert_eq!(users(&app, "ops").await, named(&app, &["vera"]));
        assert_eq!(users(&app, "eng").await, [""; 0]);
        assert_both_sides_agree(&app).await;
        set("vera", json!([ops])).await.is(200);
        assert_eq!(events(&app).await.len(), 2, "an equal list is no news");
        set("vera", json!([eng, ops])).await.is(200);
        set("gus", json!([eng])).await.is(200);
        assert_both_sides_agree(&app).await;
        told!(set("vera", json!([eng, UNKNOWN])).await, @r#"400 {"user_groups":["Invalid pk \"<id 1>\" - object does not exist."]}"#);
        told!(set("vera", json!([app.id("secret")])).await, @r#"400 {"user_groups":["Invalid pk \"<secret>\" - object does not exist."]}"#);
        told!(set("vera", json!([app.id("gus")])).await, @r#"400 {"user_groups":["Invalid pk \"<gus>\" - object does not exist."]}"#);
        told!(set("vera", json!(["x", 5])).await, @r#"400 {"user_groups":["“x” is not a valid UUID.","Incorrect type. Expected pk value, received int."]}"#);
        told!(set("vera", json!("x")).await, @r#"400 {"user_groups":["Expected a list of items but got type \"str\"."]}"#);
        told!(set("vera", Value::Null).await, @r#"400 {"user_groups":["This field may not be null."]}"#);
        assert_eq!(users(&app, "ops").await, named(&app, &["vera"]), "all or nothing");
        set("vera", json!([])).await.is(200);
        assert_eq!(users(&app, "eng").await, named(&app, &["gus"]));
        assert_both_sides_agree(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_deactivated_user_is_in_no_list_and_comes_back_into_all() {
    on_both(async |app| {
        app.bearer().patch(group(&app, "ops"), json!({"users": [app.id("vera"), app.id("gus")]})).await.is(200);
        app.bearer().delete(user(&app, "vera")).await.is(204);
        assert_eq!(users(&app, "ops").await, named(&app, &["gus"]));
        assert_eq!(listed(&app, &user(&app, "vera"), "user_groups").await, [""; 0]);
        assert_both_sides_agree(&app).await;
        app.bearer().patch(user(&app, "vera"), json!({"disabled": false})).await.is(200);
        assert_eq!(listed(&app, &user(&app, "vera"), "user_groups").await, named(&app, &["eng", "ops"]));
        assert_both_sides_agree(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_kept_by_a_source_takes_no_hand_edits_but_an_equal_list() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        let new = NewGroup { name: "Synced".into(), members: vec![app.id("gus").into()], ..NewGroup::default() };
        let mut kept = NewGroup { source: Some("Okta".into()), ..new };
        kept.members.clear();
        let id = app.engine.create_group(&hand, kept).await.unwrap().value.id;
        let mut feed = hand.clone();
        feed.connection = Some(ConnectionId::new(Uuid::from_u128(99)));
        let add = ChangeMembers { add: vec![MemberRef::Id(app.id("gus").into())], ..ChangeMembers::of(id) };
        app.engine.change_members(&feed, add).await.unwrap();
        let path = format!("{GROUPS}/{id}");
        told!(app.bearer().patch(&path, json!({"name": "Renamed", "users": [app.id("gus")]})).await, @r#"200 {"id":"<id 1>","created_at":"2026-11-20T09:00:00.000000Z","updated_at":"2026-11-20T09:00:00.000000Z","users":["<gus>"],"name":"Renamed","icon":null,"description":null,"workspace_id":"<northwind>","snowflake_role":null}"#);
        told!(app.bearer().patch(&path, json!({"name": "No", "users": []})).await, @r#"400 {"users":["The members of this group are kept by its source, Okta; change them there."]}"#);
        told!(app.bearer().patch(user(&app, "gus"), json!({"user_groups": []})).await, @r#"400 {"user_groups":["The members of this group are kept by its source, Okta; change them there."]}"#);
        told!(app.bearer().patch(user(&app, "vera"), json!({"user_groups": [app.id("eng"), id.uuid()]})).await, @r#"400 {"user_groups":["The members of this group are kept by its source, Okta; change them there."]}"#);
        told!(app.bearer().post(USERS, json!({"email": "n@x.example", "user_groups": [id.uuid()]})).await, @r#"400 {"user_groups":["The members of this group are kept by its source, Okta; change them there."]}"#);
        told!(app.bearer().post(USERS, json!({"emails": ["n@x.example"], "groups": [id.uuid()]})).await, @r#"400 {"groups":["The members of this group are kept by its source, Okta; change them there."]}"#);
        app.bearer()
            .patch(user(&app, "gus"), json!({"last_name": "Renamed", "user_groups": [id.uuid()]}))
            .await
            .is(200);
        assert_eq!(events(&app).await, ["group.updated", "user.updated"]);
    })
    .await;
}

#[tokio::test]
async fn whom_a_connection_holds_stays() {
    on_both(async |app| {
        sync(&app, "eng", "vera").await;
        sync(&app, "eng", "gus").await;
        let eng = group(&app, "eng");
        told!(app.bearer().patch(&eng, json!({"users": [app.id("edda")]})).await, @r#"400 {"users":["\"<vera>\" is held by a connection, which this call cannot end.","\"<gus>\" is held by a connection, which this call cannot end."]}"#);
        told!(app.bearer().patch(user(&app, "vera"), json!({"user_groups": []})).await, @r#"400 {"user_groups":["\"<vera>\" is held by a connection, which this call cannot end."]}"#);
        assert_eq!(users(&app, "eng").await, named(&app, &["vera", "gus"]), "all or nothing");
        assert_eq!(events(&app).await, [""; 0]);
        app.bearer().patch(&eng, json!({"users": [app.id("vera"), app.id("gus"), app.id("edda")]})).await.is(200);
        assert_both_sides_agree(&app).await;
    })
    .await;
}

#[tokio::test]
async fn the_owner_of_a_group_changes_its_members_and_nothing_else() {
    on_both(async |app| {
        let (edda, eng) = (app.bearer().by(Who::Editor), group(&app, "eng"));
        let reply = edda.patch(&eng, json!({"name": "Engineering", "users": [app.id("gus")]})).await.is(200);
        assert_eq!(ids(&reply.json()["users"]), named(&app, &["gus"]));
        told!(edda.patch(&eng, json!({"name": "Mine", "users": []})).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role admin."}"#);
        told!(edda.patch(&eng, json!({"users": [UNKNOWN]})).await, @r#"400 {"users":["Invalid pk \"<id 1>\" - object does not exist."]}"#);
        told!(edda.patch(user(&app, "gus"), json!({"user_groups": [app.id("eng")]})).await, @r#"403 {"detail":"You do not have permission to perform this action: this needs the workspace role admin."}"#);
        assert_eq!(users(&app, "eng").await, named(&app, &["gus"]), "all or nothing");
    })
    .await;
}

#[tokio::test]
async fn two_at_once_end_as_one_after_the_other() {
    on_both(async |app| {
        let (client, eng) = (app.bearer(), group(&app, "eng"));
        for _ in 0..10 {
            let (a, b) = (named(&app, &["ada", "gus"]), named(&app, &["edda", "vera"]));
            let (first, second) =
                tokio::join!(client.patch(&eng, json!({"users": a})), client.patch(&eng, json!({"users": b})));
            // Each is told what it asked for, whoever came last.
            assert_eq!(ids(&first.is(200).json()["users"]), a);
            assert_eq!(ids(&second.is(200).json()["users"]), b);
            let end = users(&app, "eng").await;
            assert!(end == a || end == b, "{end:?}");
            let gus = user(&app, "gus");
            let (left, right) = tokio::join!(
                client.patch(&eng, json!({"users": []})),
                client.patch(&gus, json!({"user_groups": [app.id("eng")]}))
            );
            assert_eq!((left.status, right.status), (200, 200));
            assert_both_sides_agree(&app).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_has_a_hundred_thousand_ids_at_most() {
    on_both(async |app| {
        let eng = group(&app, "eng");
        // Larger than any other call may be: 39 bytes an id.
        let vera = vec![app.id("vera"); 100_000];
        assert_eq!(ids(&app.bearer().patch(&eng, json!({"users": vera})).await.is(200).json()["users"]).len(), 1);
        let strangers: Vec<Uuid> = (0..20_000).map(|n| Uuid::from_u128(1 << 100 | n)).collect();
        let reply = app.bearer().patch(&eng, json!({"users": strangers})).await.is(400);
        let texts = reply.json()["users"].as_array().unwrap().clone();
        assert_eq!((texts.len(), texts[20].as_str()), (21, Some("And 19980 more.")));
        told!(app.bearer().patch(&eng, json!({"users": vec![app.id("vera"); 100_001]})).await, @r#"400 {"users":["Ensure this field has no more than 100000 elements."]}"#);
        told!(app.bearer().post(GROUPS, json!({"name": "x", "users": vec![UNKNOWN; 100_001]})).await, @r#"400 {"users":["Ensure this field has no more than 100000 elements."]}"#);
        let groups: Vec<Uuid> = (0..10_001).map(|n| Uuid::from_u128(1 << 100 | n)).collect();
        told!(app.bearer().patch(user(&app, "gus"), json!({"user_groups": groups})).await, @r#"400 {"user_groups":["Ensure this field has no more than 10000 elements."]}"#);
        let huge = app.bearer().patch(&eng, json!({"name": "x".repeat(17 << 20)})).await;
        told!(huge, @r#"413 {"detail":"The body is larger than 16777216 bytes."}"#);
        assert_eq!(users(&app, "eng").await, named(&app, &["vera"]));
    })
    .await;
}
