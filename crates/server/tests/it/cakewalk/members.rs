//! Operations 7, 8 and 9.

use guildhall_domain::caller::Caller;
use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::{ConnectionId, GroupId};
use guildhall_domain::user::{NewUser, UserStatus};
use guildhall_engine::{ChangeMembers, MemberRef};
use guildhall_testkit::{Who, on_both, operator};
use uuid::Uuid;

use super::*;

#[tokio::test]
async fn lists_who_is_in_it_now() {
    on_both(async |app| {
        told!(app.cakewalk().get(members(&app, "eng")).await, @r#"200 {"data":[{"id":"<vera>","name":"Vera Viewer","email":"vera.viewer@northwind.example","statusId":1,"statusName":"Active"}],"links":{"self":"/api/v1/UsersGroups/<eng>/Users","next":null}}"#);
        told!(app.cakewalk().get(members(&app, "ops")).await, @r#"200 {"data":[],"links":{"self":"/api/v1/UsersGroups/<ops>/Users","next":null}}"#);
        let unknown = app.cakewalk().get(format!("/api/v1/UsersGroups/{}/Users", Uuid::from_u128(7))).await;
        told!(unknown, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No users group has this id."}"#);
        assert_eq!(app.cakewalk().get(members(&app, "secret")).await.is(404).body, unknown.body);
        told!(app.cakewalk().get("/api/v1/UsersGroups/7/Users").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"usersGroupId: is not a UUID.","errors":{"usersGroupId":["is not a UUID"]}}"#);
        told!(app.cakewalk().get(format!("{}?cursor=x", members(&app, "eng"))).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"cursor: is not one that this listing gave.","errors":{"cursor":["is not one that this listing gave"]}}"#);
    })
    .await;
}

#[tokio::test]
async fn adds_users_in_somebodys_name() {
    on_both(async |app| {
        let before = app.events().await.len();
        let (gus, edda) = (app.id("gus"), app.id("edda"));
        let second = NewUser { role: Some(guildhall_domain::caller::Role::Admin), ..person("Bea Boss", None) };
        let bea = app.engine.create_user(&operator(&app.engine, app.company()), second).await.unwrap().value.id;
        let body = json!({
            "userIds": [gus, edda, gus, app.id("vera")],
            "triggeredByUserId": bea.uuid().to_string().to_uppercase(),
            "implicitlyApproveRequests": true,
            "somethingElse": {"ignored": []},
        });
        let reply = app.cakewalk().post(members(&app, "ops"), body.clone()).await;
        told!(reply, @"201");
        assert_eq!(reply.header("content-type"), "");
        assert_eq!(reply.header("guildhall-revision"), (before + 2).to_string());
        assert_eq!(
            column(&app.cakewalk().get(members(&app, "ops")).await, "name"),
            ["Edda Editor", "Vera Viewer", "Gus Guest"]
        );
        let last = app.events().await.pop().unwrap();
        assert_eq!((last.kind.as_str(), last.actor.as_str()), ("group.members_added", bea.to_string().as_str()));
        assert_eq!(last.key, Some(app.key(Who::Admin).key.id), "the real credential stands apart");
        // Again: no error, no event, the same revision.
        let again = app.cakewalk().post(members(&app, "ops"), body).await;
        assert_eq!((again.status, again.body.as_str()), (201, ""));
        assert_eq!(again.header("guildhall-revision"), reply.header("guildhall-revision"));
        assert_eq!(events(&app).await, ["group.members_added"]);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_wrong_changes_nothing() {
    on_both(async |app| {
        let (ada, gus) = (app.id("ada"), app.id("gus"));
        let post = async |body: Value| app.cakewalk().post(members(&app, "eng"), body).await;
        told!(app.cakewalk().call("POST", members(&app, "eng"), None).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"The body is empty.","errors":{"body":["the body is empty"]}}"#);
        told!(post(json!({})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds: is missing.","errors":{"userIds":["is missing"]}}"#);
        told!(post(json!({"userIds": [gus]})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"triggeredByUserId: is missing.","errors":{"triggeredByUserId":["is missing"]}}"#);
        told!(post(json!({"userIds": [], "triggeredByUserId": ada})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds: must name at least one user.","errors":{"userIds":["must name at least one user"]}}"#);
        told!(post(json!({"userIds": [gus, ada, gus, "x"], "triggeredByUserId": ada})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds[3]: is not a UUID.","errors":{"userIds[3]":["is not a UUID"]}}"#);
        told!(post(json!({"userIds": [7], "triggeredByUserId": ada})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds[0]: expected a UUID, not integer `7`.","errors":{"userIds[0]":["expected a UUID, not integer `7`"]}}"#);
        told!(post(json!({"userIds": gus, "triggeredByUserId": ada})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds: expected a list, not string \"<gus>\".","errors":{"userIds":["expected a list, not string \"<gus>\""]}}"#);
        told!(post(json!({"userIds": [gus], "triggeredByUserId": ada, "implicitlyApproveRequests": "yes"})).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"implicitlyApproveRequests: expected a boolean, not string \"yes\".","errors":{"implicitlyApproveRequests":["expected a boolean, not string \"yes\""]}}"#);
        told!(post(json!([])).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"Expected an object, not a list.","errors":{"body":["expected an object, not a list"]}}"#);
        let raw =
            async |kind: &str, body: &str| app.cakewalk().send("POST", members(&app, "eng"), kind, body.into()).await;
        told!(raw("application/json", "{\"userIds\":[").await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"The body is not JSON: EOF while parsing a list, line 1, column 12.","errors":{"body":["the body is not JSON: EOF while parsing a list, line 1, column 12"]}}"#);
        told!(raw("text/plain", &add(&app, &["gus"]).to_string()).await, @r#"415 {"type":"https://httpstatuses.io/415","title":"Unsupported Media Type","status":415,"detail":"The body must be JSON in UTF-8, with Content-Type: application/json."}"#);
        told!(raw("application/json", &"[".repeat(100)).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"The body is nested deeper than 32 levels.","errors":{"body":["the body is nested deeper than 32 levels"]}}"#);
        for wrong in [
            json!(null),
            json!("x"),
            json!({"userIds": null, "triggeredByUserId": ada}),
            json!({"userIds": {}, "triggeredByUserId": ada}),
            json!({"userIds": [null], "triggeredByUserId": ada}),
            json!({"userIds": [[gus]], "triggeredByUserId": ada}),
            json!({"userIds": [gus.simple().to_string()], "triggeredByUserId": ada}),
            json!({"userIds": [gus], "triggeredByUserId": null}),
            json!({"userIds": [gus], "triggeredByUserId": [ada]}),
            json!({"UserIds": [gus], "TriggeredByUserId": ada}),
        ] {
            post(wrong).await.is(400);
        }
        raw("application/json", "\u{0}").await.is(400);
        raw("", &add(&app, &["gus"]).to_string()).await.is(415);
        assert_eq!(events(&app).await, [""; 0]);
        raw("text/json; charset=utf-8", &add(&app, &["gus"]).to_string()).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn all_users_must_exist_and_nobody_may_be_a_stranger() {
    on_both(async |app| {
        let ask = |users: &[Uuid]| json!({"userIds": users, "triggeredByUserId": app.id("ada")});
        let post = async |body: Value| app.cakewalk().post(members(&app, "ops"), body).await;
        let nobody = Uuid::from_u128(7);
        let unknown = post(ask(&[app.id("gus"), nobody])).await;
        told!(unknown, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"userIds: no user has the id <id 1>."}"#);
        let foreign = post(ask(&[app.id("gus"), app.id("carl")])).await.is(404);
        assert_eq!(foreign.body.replace(&app.id("carl").to_string(), &nobody.to_string()), unknown.body);
        assert_eq!(app.cakewalk().get(members(&app, "ops")).await.json()["data"], json!([]));
        assert_eq!(events(&app).await, [""; 0]);

        let gone = app.cakewalk().post(format!("/api/v1/UsersGroups/{nobody}/Users"), add(&app, &["gus"])).await;
        told!(gone, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No users group has this id."}"#);
        let foreign = app.cakewalk().post(members(&app, "secret"), add(&app, &["gus"])).await;
        assert_eq!(foreign.is(404).body, gone.body);
        told!(app.cakewalk().post("/api/v1/UsersGroups/7/Users", add(&app, &["gus"])).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"usersGroupId: is not a UUID.","errors":{"usersGroupId":["is not a UUID"]}}"#);
    })
    .await;
}

#[tokio::test]
async fn only_an_active_administrator_lends_their_name() {
    on_both(async |app| {
        let old = NewUser {
            role: Some(guildhall_domain::caller::Role::Admin),
            status: Some(UserStatus::Inactive),
            ..person("Old Boss", None)
        };
        let old = app.engine.create_user(&operator(&app.engine, app.company()), old).await.unwrap().value.id.uuid();
        let post = async |by: Uuid| {
            app.cakewalk()
                .post(members(&app, "ops"), json!({"userIds": [app.id("gus")], "triggeredByUserId": by}))
                .await
        };
        let refused = post(app.id("edda")).await;
        told!(refused, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"triggeredByUserId: is not an administrator of this company.","errors":{"triggeredByUserId":["is not an administrator of this company"]}}"#);
        for by in [Uuid::from_u128(7), app.id("carl"), app.id("vera"), app.id("eng"), old] {
            assert_eq!(post(by).await.is(400).body, refused.body);
        }
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_and_no_more() {
    on_both(async |app| {
        let ask = |n: u128| {
            let ids: Vec<Uuid> = (0..n).map(|n| Uuid::from_u128(1 << 64 | n)).collect();
            json!({"userIds": ids, "triggeredByUserId": app.id("ada")})
        };
        told!(app.cakewalk().post(members(&app, "ops"), ask(10_001)).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userIds: more than 10000 in one call.","errors":{"userIds":["more than 10000 in one call"]}}"#);
        app.cakewalk().post(members(&app, "ops"), ask(10_000)).await.is(404);
        let gus = vec![app.id("gus"); 10_000];
        let same = json!({"userIds": gus, "triggeredByUserId": app.id("ada")});
        app.cakewalk().post(members(&app, "ops"), same).await.is(201);
        let reply = app.cakewalk().send("POST", members(&app, "ops"), "application/json", vec![b' '; 3 << 20]).await;
        told!(reply, @r#"413 {"type":"https://httpstatuses.io/413","title":"Payload Too Large","status":413,"detail":"The body is larger than 2097152 bytes."}"#);
    })
    .await;
}

#[tokio::test]
async fn removes_a_member_once() {
    on_both(async |app| {
        let one = |name: &str| format!("{}/{}", members(&app, "eng"), app.id(name));
        let reply = app.cakewalk().delete(one("vera")).await;
        told!(reply, @"204");
        assert_eq!(reply.header("guildhall-revision"), app.events().await.len().to_string());
        assert_eq!(app.cakewalk().get(members(&app, "eng")).await.json()["data"], json!([]));
        told!(app.cakewalk().delete(one("vera")).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No member of this users group has this id."}"#);
        told!(app.cakewalk().delete(one("carl")).await, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"userId: no user has the id <carl>."}"#);
        app.cakewalk().delete(format!("{}/{}", members(&app, "eng"), Uuid::from_u128(7))).await.is(404);
        app.cakewalk().delete(format!("{}/{}", members(&app, "secret"), app.id("carl"))).await.is(404);
        told!(app.cakewalk().delete(format!("{}/7", members(&app, "eng"))).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"userId: is not a UUID.","errors":{"userId":["is not a UUID"]}}"#);
        app.cakewalk().delete(format!("/api/v1/UsersGroups/7/Users/{}", app.id("vera"))).await.is(400);
        assert_eq!(events(&app).await, ["group.members_removed"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_connection_keeps_stays() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        let connection = Caller { connection: Some(ConnectionId::new(Uuid::from_u128(9))), ..hand };
        let synced = NewGroup {
            name: "Synced".into(),
            source: Some("Okta".into()),
            members: vec![app.id("vera").into()],
            ..Default::default()
        };
        let synced = app.engine.create_group(&connection, synced).await.unwrap().value.id;
        let path = format!("/api/v1/UsersGroups/{synced}/Users");
        told!(app.cakewalk().post(&path, add(&app, &["gus"])).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"The members of this group are kept by its source, Okta; change them there."}"#);
        told!(app.cakewalk().delete(format!("{path}/{}", app.id("vera"))).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"The members of this group are kept by its source, Okta; change them there."}"#);

        let ops = GroupId::new(app.id("ops"));
        let ask = ChangeMembers { add: vec![MemberRef::Id(app.id("gus").into())], ..ChangeMembers::of(ops) };
        app.engine.change_members(&connection, ask).await.unwrap();
        app.cakewalk().post(members(&app, "ops"), add(&app, &["gus"])).await.is(201);
        let held = app.cakewalk().delete(format!("{}/{}", members(&app, "ops"), app.id("gus"))).await;
        told!(held, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"1 of these members are held by a connection, which this call cannot end."}"#);
        assert_eq!(column(&app.cakewalk().get(members(&app, "ops")).await, "name"), ["Gus Guest"]);
    })
    .await;
}

#[tokio::test]
async fn who_may_change_members() {
    on_both(async |app| {
        let mut told = String::new();
        for who in Who::ALL {
            let client = app.cakewalk().by(who);
            let (eng, ops) = (members(&app, "eng"), members(&app, "ops"));
            let list = client.get(&eng).await.status;
            let wrong = client.post(&eng, json!({"userIds": 7})).await.status;
            let wrong_ops = client.post(&ops, json!({"userIds": 7})).await.status;
            let add_eng = client.post(&eng, add(&app, &["gus"])).await.status;
            let remove_eng = client.delete(format!("{eng}/{}", app.id("gus"))).await.status;
            let add_ops = client.post(&ops, add(&app, &["gus"])).await.status;
            let remove_ops = client.delete(format!("{ops}/{}", app.id("gus"))).await.status;
            told += &format!(
                "{who:?}: list {list}, eng: malformed {wrong} add {add_eng} remove {remove_eng}, ops: malformed {wrong_ops} add {add_ops} remove {remove_ops}\n"
            );
        }
        told!(told, @r#"
            Admin: list 200, eng: malformed 400 add 201 remove 204, ops: malformed 400 add 201 remove 204
            AdminReadOnly: list 200, eng: malformed 403 add 403 remove 403, ops: malformed 403 add 403 remove 403
            Editor: list 200, eng: malformed 400 add 201 remove 204, ops: malformed 403 add 403 remove 403
            Viewer: list 200, eng: malformed 403 add 403 remove 403, ops: malformed 403 add 403 remove 403
            Guest: list 403, eng: malformed 403 add 403 remove 403, ops: malformed 403 add 403 remove 403
            Foreign: list 404, eng: malformed 400 add 404 remove 404, ops: malformed 400 add 404 remove 404
            Platform: list 403, eng: malformed 403 add 403 remove 403, ops: malformed 403 add 403 remove 403
            Revoked: list 401, eng: malformed 401 add 401 remove 401, ops: malformed 401 add 401 remove 401
            Nobody: list 401, eng: malformed 401 add 401 remove 401, ops: malformed 401 add 401 remove 401
            "#);
        let viewer = app.cakewalk().by(Who::Viewer);
        told!(viewer.post(members(&app, "eng"), add(&app, &["gus"])).await, @r#"403 {"type":"https://httpstatuses.io/403","title":"Forbidden","status":403,"detail":"This needs the workspace role admin, or to own the group."}"#);
        let owner = app.cakewalk().by(Who::Editor);
        assert_eq!(owner.post(members(&app, "ops"), json!({})).await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn two_at_once_are_one_after_the_other() {
    on_both(async |app| {
        let client = app.cakewalk();
        let (path, body) = (members(&app, "ops"), add(&app, &["gus", "edda"]));
        let (one, other) = tokio::join!(client.post(&path, body.clone()), client.post(&path, body));
        assert_eq!((one.status, other.status), (201, 201));
        assert_eq!(events(&app).await, ["group.members_added"]);
        let gus = format!("{path}/{}", app.id("gus"));
        let (one, other) = tokio::join!(client.delete(&gus), client.delete(&gus));
        let mut both = [one.status, other.status];
        both.sort_unstable();
        assert_eq!(both, [204, 404]);
        assert_eq!(events(&app).await, ["group.members_added", "group.members_removed"]);
    })
    .await;
}

#[tokio::test]
async fn pages_of_members_neither_skip_nor_repeat() {
    on_both(async |app| {
        let mut wanted = Vec::new();
        for n in 0..250 {
            wanted.push(hire(&app, &format!("Worker {n}")).await.uuid());
        }
        let put = async |ids: &[Uuid]| {
            let body = json!({"userIds": ids, "triggeredByUserId": app.id("ada")});
            app.cakewalk().post(members(&app, "ops"), body).await.is(201);
        };
        put(&wanted).await;
        let come = async |page: usize| {
            let late = hire(&app, &format!("Late {page}")).await.uuid();
            put(&[app.id(["edda", "vera", "gus"][page % 3]), late]).await;
        };
        let client = app.cakewalk();
        assert_each_once(&walk(&client, &members(&app, "ops"), come).await, &wanted);
        let whole = walk(&client, &members(&app, "ops"), async |_| ()).await;
        let third = format!("{}?cursor={}", members(&app, "ops"), numbered(2, 100));
        assert_eq!(walk(&client, &third, async |_| ()).await, whole[200..]);
    })
    .await;
}
