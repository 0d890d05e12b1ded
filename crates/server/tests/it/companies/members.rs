//! Operations 6 and 7: members.

use guildhall_domain::ids::ConnectionId;
use guildhall_engine::{ChangeMembers, MemberRef};
use guildhall_testkit::{Who, on_both};

use super::*;

async fn change(app: &App, body: Value) -> Reply {
    app.bearer().patch(members(app, "eng"), body).await
}

/// The members of `eng`, by seeded name.
async fn present(app: &App) -> Vec<&'static str> {
    let reply = app.bearer().post(members(app, "eng"), all()).await;
    let name = |id: String| ["ada", "edda", "vera", "gus", "ivan"].into_iter().find(|n| app.id(n).to_string() == id);
    column(&reply, "members", "userId").into_iter().map(|id| name(id).expect("a seeded user")).collect()
}

#[tokio::test]
async fn members_come_and_go() {
    on_both(async |app| {
        let (ada, gus, vera) = (app.id("ada"), app.id("gus"), app.id("vera"));
        told!(app.bearer().post(members(&app, "eng"), all()).await, @r#"200 {"members":[{"userId":"<vera>","addedAt":{"iso8601":"2026-11-20T09:00:00Z"}}],"pagination":{"totalNumResults":1}}"#);
        let before = app.bearer().get(group(&app, "eng")).await.body;
        at(&app, "2026-11-20T09:30:15.999Z");
        let added = change(&app, json!({"userIdsToAdd": [gus, ada, gus]})).await;
        assert_eq!(added.header("guildhall-revision"), "20");
        told!(added, @"200");
        told!(app.bearer().post(members(&app, "eng"), all()).await, @r#"200 {"members":[{"userId":"<vera>","addedAt":{"iso8601":"2026-11-20T09:00:00Z"}},{"userId":"<ada>","addedAt":{"iso8601":"2026-11-20T09:30:15Z"}},{"userId":"<gus>","addedAt":{"iso8601":"2026-11-20T09:30:15Z"}}],"pagination":{"totalNumResults":3}}"#);
        at(&app, "2026-11-20T10:00:00Z");
        // Present ones and absent ones: no news, and the day of their adding stays.
        assert_eq!(
            change(&app, json!({"userIdsToAdd": [gus], "userIdsToDelete": [app.id("edda")]}))
                .await
                .is(200)
                .header("guildhall-revision"),
            "20"
        );
        assert_eq!(present(&app).await, ["vera", "ada", "gus"]);
        change(&app, json!({"userIdsToDelete": [gus], "userIdsToRemove": [vera], "userIdsToAdd": null})).await.is(200);
        assert_eq!(present(&app).await, ["ada"]);
        for nothing in [json!({}), json!({"userIdsToAdd": [], "userIdsToDelete": []}), json!({"unknown": 1})] {
            assert_eq!(change(&app, nothing).await.is(200).header("guildhall-revision"), "21");
        }
        assert_eq!(app.bearer().get(group(&app, "eng")).await.body, before, "members move no updatedAt");
        assert_eq!(events(&app).await, ["group.members_added", "group.members_removed"]);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_whole_or_not_at_all() {
    on_both(async |app| {
        let (gus, carl) = (app.id("gus"), app.id("carl"));
        let unknown = Uuid::from_u128(7);
        told!(change(&app, json!({"userIdsToAdd": [gus, unknown]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToAdd names a user that is not in this company","errorParameters":[{"name":"field","value":"userIdsToAdd"},{"name":"id","value":"<id 1>"}],"errorDetail":"1 of the ids given are unknown"}]}"#);
        told!(change(&app, json!({"userIdsToAdd": [carl, gus]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToAdd names a user that is not in this company","errorParameters":[{"name":"field","value":"userIdsToAdd"},{"name":"id","value":"<carl>"}],"errorDetail":"1 of the ids given are unknown"}]}"#);
        told!(change(&app, json!({"userIdsToAdd": [gus], "userIdsToRemove": [unknown]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToDelete names a user that is not in this company","errorParameters":[{"name":"field","value":"userIdsToDelete"},{"name":"id","value":"<id 1>"}],"errorDetail":"1 of the ids given are unknown"}]}"#);
        told!(change(&app, json!({"userIdsToAdd": [gus], "userIdsToDelete": [gus]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToDelete: <gus> is in userIdsToAdd as well","errorParameters":[{"name":"field","value":"userIdsToDelete"}]}]}"#);
        told!(change(&app, json!({"userIdsToAdd": [{"id": gus}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToAdd[0]: expected a UUID, not an object","errorParameters":[{"name":"field","value":"userIdsToAdd[0]"}]}]}"#);
        told!(change(&app, json!({"userIdsToAdd": gus})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToAdd: expected a list, not string \"<gus>\"","errorParameters":[{"name":"field","value":"userIdsToAdd"}]}]}"#);
        told!(change(&app, json!({"userIdsToAdd": [gus, "x"]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToAdd[1] is not a UUID","errorParameters":[{"name":"field","value":"userIdsToAdd[1]"}]}]}"#);
        told!(change(&app, json!([gus])).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"expected an object, not a list"}]}"#);
        told!(change(&app, json!({"userIdsToAdd": vec![gus; 10_001]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToAdd holds more than 10000 in one call","errorParameters":[{"name":"field","value":"userIdsToAdd"}]}]}"#);
        told!(change(&app, json!({"userIdsToDelete": vec![gus; 10_001]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"userIdsToDelete holds more than 10000 in one call","errorParameters":[{"name":"field","value":"userIdsToDelete"}]}]}"#);
        assert_eq!(present(&app).await, ["vera"]);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_others_keep_stays() {
    on_both(async |app| {
        let closed = found(&app, NewGroup { name: "Synced".into(), source: Some("Okta".into()), ..Default::default() }).await;
        let path = format!("{}/{closed}/members", groups(&app));
        told!(app.bearer().patch(&path, json!({"userIdsToAdd": [app.id("gus")]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"the members of this group are kept by its source, Okta; change them there"}]}"#);
        app.bearer().patch(&path, json!({})).await.is(200);
        let mut sync = operator(&app.engine, app.company());
        sync.connection = Some(ConnectionId::new(Uuid::from_u128(5)));
        let add = ["gus", "vera"].map(|user| MemberRef::Id(app.id(user).into())).to_vec();
        app.engine.change_members(&sync, ChangeMembers { add, ..ChangeMembers::of(app.id("eng").into()) }).await.unwrap();
        told!(change(&app, json!({"userIdsToAdd": [app.id("ada")], "userIdsToDelete": [app.id("gus"), app.id("vera")]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"2 of these members are held by a connection, which this call cannot end","errorParameters":[{"name":"userId","value":"<gus>"},{"name":"userId","value":"<vera>"}]}]}"#);
        assert_eq!(present(&app).await, ["vera", "gus"]);
        assert_eq!(events(&app).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn owners_edit_the_members_of_their_groups_and_of_no_other() {
    on_both(async |app| {
        let editor = app.bearer().by(Who::Editor);
        let add = json!({"userIdsToAdd": [app.id("gus")]});
        editor.patch(members(&app, "eng"), add.clone()).await.is(200);
        told!(editor.patch(members(&app, "ops"), add.clone()).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"this needs the workspace role admin, or to own the group"}]}"#);
        app.bearer().by(Who::Viewer).patch(members(&app, "eng"), add).await.is(403);
    })
    .await;
}

#[tokio::test]
async fn two_at_once_end_as_one_after_the_other() {
    on_both(async |app| {
        let add = json!({"userIdsToAdd": [app.id("gus")]});
        let (one, two) = tokio::join!(change(&app, add.clone()), change(&app, add));
        assert_eq!((one.status, two.status), (200, 200));
        assert_eq!(present(&app).await, ["vera", "gus"]);
        assert_eq!(events(&app).await, ["group.members_added"]);
    })
    .await;
}

/// Puts twelve people into `ops`, one a minute from 09:01; their ids in that order.
async fn dozen(app: &App) -> Vec<String> {
    let mut ids = Vec::new();
    for i in 1..=12 {
        at(app, &format!("2026-11-20T09:{i:02}:00.500Z"));
        let user = hire(app, &format!("P {i}")).await;
        app.bearer().patch(members(app, "ops"), json!({"userIdsToAdd": [user.uuid()]})).await.is(200);
        ids.push(user.to_string());
    }
    ids
}

#[tokio::test]
async fn members_are_paged_sorted_and_filtered() {
    on_both(async |app| {
        let ids = dozen(&app).await;
        let list = async |search: Value| {
            let reply = app.bearer().post(members(&app, "ops"), search).await;
            (column(&reply, "members", "userId"), total(&reply))
        };
        let rows = |wanted: &[usize]| wanted.iter().map(|i| ids[i - 1].clone()).collect::<Vec<_>>();
        let time = |text: &str| json!({"iso8601": text});
        assert_eq!(list(all()).await, (ids.clone(), 12));
        let down = json!({"sortBy": "ADDED_AT", "sortOrder": "DESC"});
        assert_eq!(
            list(json!({"pagination": {"limit": 2, "offset": 1}, "sortParams": down})).await,
            (rows(&[11, 10]), 12)
        );
        assert_eq!(list(json!({"pagination": {"limit": 5, "offset": 10}})).await, (rows(&[11, 12]), 12));
        assert_eq!(list(json!({"pagination": {"offset": 12}})).await, (vec![], 12));
        for (filters, wanted) in [
            (json!([{"addedAfter": time("2026-11-20T09:11Z")}]), vec![11, 12]),
            (json!([{"addedAfter": time("2026-11-20T09:11:00.500Z")}]), vec![11, 12]),
            (json!([{"addedAfter": time("2026-11-20T09:11:01Z")}]), vec![12]),
            (json!([{"addedBefore": time("2026-11-20T09:02:00.500Z")}]), vec![1]),
            (json!([{"addedBefore": time("2026-11-20T10:03+01:00")}]), vec![1, 2]),
            (json!([{"addedAfter": time("2026-11-20T09:05Z"), "addedBefore": time("2026-11-20T09:07Z")}]), vec![5, 6]),
            (json!([{"addedAfter": time("2026-11-20T09:07Z"), "addedBefore": time("2026-11-20T09:05Z")}]), vec![]),
            (
                json!([{"addedAfter": time("2026-11-20T09:12Z")}, {"addedBefore": time("2026-11-20T09:02Z")}]),
                vec![1, 12],
            ),
            (json!([{"userIds": [ids[6], ids[2], ids[2]]}]), vec![3, 7]),
            (json!([{"userIds": [ids[6], ids[2]], "addedAfter": time("2026-11-20T09:05Z")}]), vec![7]),
            (json!([{"userIds": [ids[6]]}, {"addedBefore": time("2026-11-20T09:02Z")}]), vec![1, 7]),
            (json!([{"userIds": [app.id("vera"), app.id("carl"), Uuid::from_u128(7)]}]), vec![]),
            (json!([{"userIds": [ids[6]]}, {}]), (1..=12).collect()),
            (json!([{"userIds": []}]), (1..=12).collect()),
            (json!([]), (1..=12).collect()),
        ] {
            let found = list(json!({"pagination": {}, "filters": filters})).await;
            assert_eq!(found, (rows(&wanted), wanted.len() as u64), "{filters}");
            let paged =
                list(json!({"pagination": {"offset": 1, "limit": 1}, "sortParams": down, "filters": filters})).await;
            let second: Vec<usize> = wanted.iter().rev().skip(1).take(1).copied().collect();
            assert_eq!(paged, (rows(&second), wanted.len() as u64), "{filters}");
        }
        // Who is deactivated is no member meanwhile, whichever way the list is made.
        app.bearer().delete(format!("/v2/users/{}", ids[6])).await.is(204);
        assert_eq!(list(json!({"pagination": {}, "filters": [{"userIds": [ids[6]]}]})).await, (vec![], 0));
        assert_eq!(list(all()).await.1, 11);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_member_search_is_told() {
    on_both(async |app| {
        let post = async |search: Value| app.bearer().post(members(&app, "eng"), search).await;
        told!(post(json!({})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination is missing","errorParameters":[{"name":"field","value":"pagination"}]}]}"#);
        told!(post(json!({"pagination": {}, "sortParams": {"sortBy": "NAME", "sortOrder": "ASC"}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"sortParams.sortBy must be one of `ADDED_AT`","errorParameters":[{"name":"field","value":"sortParams.sortBy"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"addedAfter": "2026-11-20T09:00Z"}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].addedAfter: expected an object, not string \"2026-11-20T09:00Z\"","errorParameters":[{"name":"field","value":"filters[0].addedAfter"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"addedAfter": {}}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].addedAfter.iso8601 is missing","errorParameters":[{"name":"field","value":"filters[0].addedAfter.iso8601"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"addedAfter": {"iso8601": "2026-11-20"}}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].addedAfter.iso8601 is not a time such as 2025-02-11T08:15Z or 2025-02-11T09:15:30+01:00","errorParameters":[{"name":"field","value":"filters[0].addedAfter.iso8601"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"addedBefore": {"iso8601": 7}}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].addedBefore.iso8601: expected a time such as 2025-02-11T08:15Z, not integer `7`","errorParameters":[{"name":"field","value":"filters[0].addedBefore.iso8601"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"userIds": ["x"]}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].userIds[0] is not a UUID","errorParameters":[{"name":"field","value":"filters[0].userIds[0]"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"userIds": vec![app.id("ada"); 10_001]}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters holds more than 10000 in one call","errorParameters":[{"name":"field","value":"filters"}]}]}"#);
        post(json!({"pagination": {}, "filters": vec![json!({}); 101]})).await.is(400);
    })
    .await;
}
