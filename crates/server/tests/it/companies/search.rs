//! Operations 1 and 10: searching groups.

use guildhall_testkit::{Who, on_both};

use super::*;

fn list(app: &App) -> String {
    format!("{}/list", groups(app))
}

fn of(app: &App, user: &str) -> String {
    format!("/v3/users/{}/user-groups", app.id(user))
}

fn sorted(by: &str, order: &str) -> Value {
    json!({"pagination": {}, "sortParams": {"sortBy": by, "sortOrder": order}})
}

#[tokio::test]
async fn groups_are_listed_with_every_member_and_the_total() {
    on_both(async |app| {
        told!(app.bearer().post(list(&app), all()).await, @r#"200 {"userGroups":[{"id":"<eng>","name":"Engineering","description":"","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<id 1>","name":"Guildhall"},"updatedBy":{"id":"<id 1>","name":"Guildhall"},"isUnmodifiable":false},{"id":"<ops>","name":"Operations","description":"","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<id 1>","name":"Guildhall"},"updatedBy":{"id":"<id 1>","name":"Guildhall"},"isUnmodifiable":false}],"pagination":{"totalNumResults":2}}"#);
        told!(app.bearer().post(of(&app, "vera"), json!({})).await, @r#"200 {"userGroups":[{"id":"<eng>","name":"Engineering","description":"","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<id 1>","name":"Guildhall"},"updatedBy":{"id":"<id 1>","name":"Guildhall"},"isUnmodifiable":false}],"pagination":{"totalNumResults":1}}"#);
        assert_eq!(
            names(
                &app.bearer().by(Who::Foreign),
                &format!("/v3/companies/{}/user-groups/list", app.id("contoso")),
                all()
            )
            .await,
            ["Secret"]
        );
        told!(app.bearer().post(of(&app, "ivan"), json!({})).await, @r#"200 {"userGroups":[],"pagination":{"totalNumResults":0}}"#);
        told!(app.bearer().post(of(&app, "carl"), json!({})).await, @r#"404 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"NOT_FOUND","message":"no user has this id"}]}"#);
        app.bearer().post(format!("/v3/users/{}/user-groups", Uuid::from_u128(7)), json!({})).await.is(404);
        app.bearer().post("/v3/users/7/user-groups", json!({})).await.is(400);
    })
    .await;
}

#[tokio::test]
async fn a_guest_sees_their_own_groups_without_the_names_of_others() {
    on_both(async |app| {
        app.bearer().put(group(&app, "eng"), json!({"name": "Engineering", "description": "x"})).await.is(200);
        app.bearer().patch(members(&app, "eng"), json!({"userIdsToAdd": [app.id("gus")]})).await.is(200);
        let guest = app.bearer().by(Who::Guest);
        told!(guest.post(of(&app, "gus"), json!({})).await, @r#"200 {"userGroups":[{"id":"<eng>","name":"Engineering","description":"x","companyId":"<northwind>","createdAt":{"iso8601":"2026-11-20T09:00:00Z"},"updatedAt":{"iso8601":"2026-11-20T09:00:00Z"},"createdBy":{"id":"<id 1>","name":"Guildhall"},"updatedBy":{"id":"<ada>"},"isUnmodifiable":false}],"pagination":{"totalNumResults":1}}"#);
        told!(guest.post(of(&app, "vera"), json!({})).await, @r#"403 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"FORBIDDEN","message":"a guest sees only their own record and groups"}]}"#);
    })
    .await;
}

#[tokio::test]
async fn sorting_and_searching_know_every_letter() {
    on_both(async |app| {
        let people: Vec<UserId> = vec![app.id("vera").into()];
        for (i, name) in ["Éclair", "straße", "İstanbul", "STRASSE", "zebra", "e\u{301}clair", "ECLAIR", "100%_sure"]
            .into_iter()
            .enumerate()
        {
            at(&app, &format!("2026-11-20T09:0{}:00Z", i + 1));
            let new = NewGroup {
                name: name.into(),
                description: Some("holds istanbul".into()),
                members: people.clone(),
                ..Default::default()
            };
            found(&app, new).await;
        }
        let client = app.bearer();
        // The same rows through the database and, of one user, through memory: eng and ops are the only difference.
        for (path, eng, ops) in [(list(&app), true, true), (of(&app, "vera"), true, false)] {
            let with = |rows: &[&str]| -> Vec<String> {
                rows.iter()
                    .filter(|n| (**n != "Engineering" || eng) && (**n != "Operations" || ops))
                    .map(|n| (*n).to_owned())
                    .collect()
            };
            // Decomposed letters are stored composed; equal keys go by id.
            let up = [
                "100%_sure",
                "ECLAIR",
                "Engineering",
                "İstanbul",
                "Operations",
                "straße",
                "STRASSE",
                "zebra",
                "Éclair",
                "éclair",
            ];
            assert_eq!(names(&client, &path, sorted("NAME", "ASC")).await, with(&up));
            let down: Vec<&str> = up.iter().rev().copied().collect();
            assert_eq!(names(&client, &path, sorted("NAME", "DESC")).await, with(&down));
            let born = [
                "Engineering",
                "Operations",
                "Éclair",
                "straße",
                "İstanbul",
                "STRASSE",
                "zebra",
                "éclair",
                "ECLAIR",
                "100%_sure",
            ];
            assert_eq!(names(&client, &path, all()).await, with(&born));
            assert_eq!(names(&client, &path, sorted("CREATED_AT", "ASC")).await, with(&born));
            let newest: Vec<&str> = born.iter().rev().copied().collect();
            assert_eq!(names(&client, &path, sorted("CREATED_AT", "DESC")).await, with(&newest));
            for (text, hits) in [
                ("istanbul", vec!["İstanbul"]),
                ("İSTAN", vec!["İstanbul"]),
                ("SS", vec!["straße", "STRASSE"]),
                ("ß", vec!["straße", "STRASSE"]),
                ("É", vec!["Éclair", "éclair"]),
                ("eclair", vec!["ECLAIR"]),
                ("%", vec!["100%_sure"]),
                ("_", vec!["100%_sure"]),
                ("\\", vec![]),
                ("holds", vec![]),
                ("", born.to_vec()),
            ] {
                let reply = client.post(&path, json!({"pagination": {}, "searchText": text})).await;
                assert_eq!(column(&reply, "userGroups", "name"), with(&hits), "{text} at {path}");
                assert_eq!(total(&reply), with(&hits).len() as u64, "{text} at {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pages_are_cut_after_counting() {
    on_both(async |app| {
        for i in 0..5 {
            let group = called(&app, &format!("Team {i}")).await;
            app.bearer()
                .patch(format!("{}/{group}/members", groups(&app)), json!({"userIdsToAdd": [app.id("vera")]}))
                .await
                .is(200);
        }
        for (path, all) in [(list(&app), 7), (of(&app, "vera"), 6)] {
            let page = async |offset: u64, limit: u64| {
                let search = json!({"pagination": {"offset": offset, "limit": limit}, "searchText": "", "filters": []});
                let reply = app.bearer().post(&path, search).await;
                assert_eq!(total(&reply), all, "{path}");
                column(&reply, "userGroups", "id")
            };
            let whole = page(0, 10_000).await;
            assert_eq!(whole.len() as u64, all);
            for limit in [1, 2, 3] {
                let mut seen = Vec::new();
                for offset in (0..all).step_by(limit as usize) {
                    seen.extend(page(offset, limit).await);
                }
                assert_eq!(seen, whole);
            }
            assert_eq!(page(all, 10).await, [""; 0]);
            assert_eq!(page(u64::MAX, 10).await, [""; 0]);
        }
    })
    .await;
}

#[tokio::test]
async fn any_filter_lets_a_group_pass() {
    on_both(async |app| {
        let team = called(&app, "Team").await;
        for user in ["vera"] {
            for id in [app.id("ops"), team.uuid()] {
                app.bearer().patch(format!("{}/{id}/members", groups(&app)), json!({"userIdsToAdd": [app.id(user)]})).await.is(200);
            }
        }
        for path in [list(&app), of(&app, "vera")] {
            let filtered = async |filters: Value| {
                names(&app.bearer(), &path, json!({"pagination": {}, "filters": filters})).await
            };
            let (eng, ops, secret) = (app.id("eng"), app.id("ops"), app.id("secret"));
            assert_eq!(filtered(json!([{"userGroupIds": [ops]}])).await, ["Operations"]);
            assert_eq!(filtered(json!([{"userGroupIds": [ops, eng, ops]}])).await, ["Engineering", "Operations"]);
            assert_eq!(filtered(json!([{"userGroupIds": [ops]}, {"userGroupIds": [team.uuid()]}])).await, ["Operations", "Team"]);
            assert_eq!(filtered(json!([{"userGroupIds": [secret, Uuid::from_u128(7)]}])).await, [""; 0]);
            let everything = ["Engineering", "Operations", "Team"];
            for none in [json!([]), json!(null), json!([{}]), json!([{"userGroupIds": []}]), json!([{"userGroupIds": [ops]}, {}]), json!([{"unknown": 1}])] {
                assert_eq!(filtered(none.clone()).await, everything, "{none}");
            }
            let both = json!({"pagination": {"limit": 1, "offset": 1}, "searchText": "e", "sortParams": {"sortBy": "NAME", "sortOrder": "DESC"}, "filters": [{"userGroupIds": [eng, ops, team.uuid()]}]});
            let reply = app.bearer().post(&path, both).await;
            assert_eq!((column(&reply, "userGroups", "name"), total(&reply)), (vec!["Operations".to_owned()], 3));
        }
        app.bearer().delete(group(&app, "ops")).await.is(200);
        assert_eq!(names(&app.bearer(), &list(&app), json!({"pagination": {}, "filters": [{"userGroupIds": [app.id("ops")]}]})).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_told() {
    on_both(async |app| {
        let post = async |search: Value| app.bearer().post(list(&app), search).await;
        told!(post(json!({})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination is missing","errorParameters":[{"name":"field","value":"pagination"}]}]}"#);
        told!(post(json!({"pagination": null})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination is missing","errorParameters":[{"name":"field","value":"pagination"}]}]}"#);
        told!(post(json!({"pagination": [0, 10]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination: expected an object, not a list","errorParameters":[{"name":"field","value":"pagination"}]}]}"#);
        told!(post(json!({"pagination": {"limit": 0}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination.limit must be 1 to 10000","errorParameters":[{"name":"field","value":"pagination.limit"}]}]}"#);
        told!(post(json!({"pagination": {"limit": 10001}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination.limit must be 1 to 10000","errorParameters":[{"name":"field","value":"pagination.limit"}]}]}"#);
        told!(post(json!({"pagination": {"limit": "10"}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination.limit: expected a whole number, not string \"10\"","errorParameters":[{"name":"field","value":"pagination.limit"}]}]}"#);
        told!(post(json!({"pagination": {"offset": -1}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination.offset must not be negative","errorParameters":[{"name":"field","value":"pagination.offset"}]}]}"#);
        told!(post(json!({"pagination": {"offset": 1.5}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"pagination.offset: expected a whole number, not floating point `1.5`","errorParameters":[{"name":"field","value":"pagination.offset"}]}]}"#);
        told!(post(json!({"pagination": {}, "sortParams": {"sortBy": "NAME"}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"sortParams.sortOrder is missing","errorParameters":[{"name":"field","value":"sortParams.sortOrder"}]}]}"#);
        told!(post(json!({"pagination": {}, "sortParams": {"sortBy": "ADDED_AT", "sortOrder": "ASC"}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"sortParams.sortBy must be one of `NAME` `CREATED_AT`","errorParameters":[{"name":"field","value":"sortParams.sortBy"}]}]}"#);
        told!(post(json!({"pagination": {}, "sortParams": {"sortBy": "NAME", "sortOrder": "ASCENDING"}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"sortParams.sortOrder must be one of `ASC` `DESC`","errorParameters":[{"name":"field","value":"sortParams.sortOrder"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": {"userGroupIds": []}})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters: expected a list, not an object","errorParameters":[{"name":"field","value":"filters"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [[]]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0]: expected an object, not a list","errorParameters":[{"name":"field","value":"filters[0]"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"userGroupIds": [{"id": app.id("eng")}]}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].userGroupIds[0]: expected a UUID, not an object","errorParameters":[{"name":"field","value":"filters[0].userGroupIds[0]"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"userGroupIds": [app.id("eng"), "x"]}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters[0].userGroupIds[1] is not a UUID","errorParameters":[{"name":"field","value":"filters[0].userGroupIds[1]"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": vec![json!({}); 101]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters holds more than 100 in one call","errorParameters":[{"name":"field","value":"filters"}]}]}"#);
        told!(post(json!({"pagination": {}, "filters": [{"userGroupIds": vec![app.id("eng"); 10_001]}]})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"filters holds more than 10000 in one call","errorParameters":[{"name":"field","value":"filters"}]}]}"#);
        told!(post(json!({"pagination": {}, "searchText": 7})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"searchText: expected a string, not integer `7`","errorParameters":[{"name":"field","value":"searchText"}]}]}"#);
        told!(post(json!({"pagination": {}, "searchText": "x".repeat(256)})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"searchText may have at most 255 characters","errorParameters":[{"name":"field","value":"searchText"}]}]}"#);
        told!(post(json!({"pagination": {}, "searchText": "\u{0}"})).await, @r#"400 {"debugIdentifier":"<request>","errorMessages":[{"errorCode":"API_VALIDATION_FAILED","message":"searchText holds a control character","errorParameters":[{"name":"field","value":"searchText"}]}]}"#);
        app.bearer().post(of(&app, "vera"), json!({"pagination": {"limit": 0}})).await.is(400);
        post(json!({"pagination": {"limit": 10_000, "unknown": []}, "unknown": {"a": 1}})).await.is(200);
    })
    .await;
}
