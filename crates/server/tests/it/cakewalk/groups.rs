//! Operations 3 and 4.

use guildhall_domain::group::NewGroup;
use guildhall_domain::ids::GroupId;
use guildhall_testkit::{Who, on_both, operator};
use uuid::Uuid;

use super::*;

async fn found(app: &App, new: NewGroup) -> GroupId {
    app.engine.create_group(&operator(&app.engine, app.company()), new).await.expect("a group").value.id
}

#[tokio::test]
async fn lists_and_reads_groups() {
    on_both(async |app| {
        let synced = NewGroup {
            name: "Åse & <b>".into(),
            external_id: Some("okta-7".into()),
            source: Some("Okta".into()),
            ..Default::default()
        };
        found(&app, synced).await;
        told!(app.cakewalk().get("/api/v1/UsersGroups").await, @r#"200 {"data":[{"id":"<eng>","name":"Engineering","externalId":null,"source":null},{"id":"<ops>","name":"Operations","externalId":null,"source":null},{"id":"<id 1>","name":"Åse & <b>","externalId":"okta-7","source":"Okta"}],"links":{"self":"/api/v1/UsersGroups","next":null}}"#);
        told!(app.cakewalk().get(group(&app, "eng")).await, @r#"200 {"data":{"id":"<eng>","name":"Engineering","externalId":null,"source":null},"links":{"self":"/api/v1/UsersGroups/<eng>","next":null}}"#);
        told!(app.cakewalk().by(Who::Foreign).get("/api/v1/UsersGroups").await, @r#"200 {"data":[{"id":"<secret>","name":"Secret","externalId":null,"source":null}],"links":{"self":"/api/v1/UsersGroups","next":null}}"#);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_id_a_foreign_one_and_a_deleted_one_are_the_same() {
    on_both(async |app| {
        let get = async |id: String| app.cakewalk().get(format!("/api/v1/UsersGroups/{id}")).await;
        let unknown = get(Uuid::from_u128(7).to_string()).await;
        told!(unknown, @r#"404 {"type":"https://httpstatuses.io/404","title":"Not Found","status":404,"detail":"No users group has this id."}"#);
        app.engine.archive_group(&operator(&app.engine, app.company()), app.id("ops").into(), None).await.unwrap();
        for id in ["secret", "ada", "ops"] {
            assert_eq!(get(app.id(id).to_string()).await.is(404).body, unknown.body, "{id}");
        }
        assert_eq!(column(&app.cakewalk().get("/api/v1/UsersGroups").await, "name"), ["Engineering"]);
        told!(get("engineering".into()).await, @r#"400 {"type":"https://httpstatuses.io/400","title":"Bad Request","status":400,"detail":"usersGroupId: is not a UUID.","errors":{"usersGroupId":["is not a UUID"]}}"#);
    })
    .await;
}

#[tokio::test]
async fn who_may_read_groups() {
    on_both(async |app| {
        let mut told = String::new();
        for who in Who::ALL {
            let client = app.cakewalk().by(who);
            let list = client.get("/api/v1/UsersGroups").await.status;
            let one = client.get(group(&app, "eng")).await.status;
            told += &format!("{who:?}: list {list}, eng {one}\n");
        }
        told!(told, @r#"
            Admin: list 200, eng 200
            AdminReadOnly: list 200, eng 200
            Editor: list 200, eng 200
            Viewer: list 200, eng 200
            Guest: list 403, eng 403
            Foreign: list 200, eng 404
            Platform: list 403, eng 403
            Revoked: list 401, eng 401
            Nobody: list 401, eng 401
            "#);
    })
    .await;
}

#[tokio::test]
async fn pages_of_groups_neither_skip_nor_repeat() {
    on_both(async |app| {
        let mut wanted = Vec::new();
        for n in 0..250 {
            wanted.push(found(&app, NewGroup { name: format!("Team {}", n % 3), ..Default::default() }).await.uuid());
        }
        let come = async |_| {
            for name in ["Aa", "Team 1", "Zz"] {
                found(&app, NewGroup { name: name.into(), ..Default::default() }).await;
            }
        };
        let client = app.cakewalk();
        assert_each_once(&walk(&client, "/api/v1/UsersGroups", come).await, &wanted);
        let from_second = format!("/api/v1/UsersGroups?cursor={}", numbered(1, 100));
        let whole = walk(&client, "/api/v1/UsersGroups", async |_| ()).await;
        assert_eq!(walk(&client, &from_second, async |_| ()).await, whole[100..]);
        client.get("/api/v1/UsersGroups?cursor=nonsense").await.is(400);
    })
    .await;
}
