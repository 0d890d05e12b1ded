//! Conflicting groups: nobody comes into too many of them, by whatever door.

use guildhall_testkit::{App, Client, Place, START, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, problem, said, verify};

/// Makes a group of this name and tells its id.
async fn group(app: &App, name: &str) -> Uuid {
    let made = client(app).post(at(app, "/groups"), json!({"name": name})).await.is(201).json();
    made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// Makes a conflict of these groups and tells its path.
async fn conflict(app: &App, name: &str, groups: &[Uuid], at_most: u32) -> String {
    let body = json!({"name": name, "groups": groups, "atMost": at_most});
    client(app).post(at(app, "/conflicts"), body).await.is(201).header("location").to_owned()
}

/// Of each breach of an answer: who, and the names of the groups.
fn breaches(told: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let names =
        |breach: &Value| breach["groups"].as_array().expect("groups").iter().map(|g| text(&g["name"])).collect();
    told["breaches"].as_array().expect("breaches").iter().map(|breach| (text(&breach["user"]), names(breach))).collect()
}

#[tokio::test]
async fn a_conflict_lives_and_ends() {
    on_both(async |app| {
        let before = app.events().await.len();
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let body = json!({"name": "Four eyes", "description": "Who orders does not pay", "groups": [ops, eng, ops]});
        let made = client(&app).post(at(&app, "/conflicts"), body).await.is(201);
        assert_eq!(
            said(&made),
            r#"201 {"id":"<id 1>","name":"Four eyes","description":"Who orders does not pay","groups":["<eng>","<ops>"],"atMost":1,"breaches":0,"createdAt":"2026-11-20T09:00:00.000000Z","updatedAt":"2026-11-20T09:00:00.000000Z"}"#
        );
        let path = made.header("location").to_owned();
        let shown = client(&app).by(Who::Viewer).get(&path).await.is(200);
        assert_eq!(shown.json(), made.json());
        let tag = shown.header("etag").to_owned();
        let third = group(&app, "Audit").await;
        let edit = json!({"groups": [eng, ops, third], "atMost": 2, "description": null});
        let edited = client(&app).with("if-match", &tag).patch(&path, edit.clone()).await.is(200).json();
        assert_eq!((&edited["atMost"], &edited["description"]), (&json!(2), &json!(null)));
        assert_eq!(edited["groups"].as_array().unwrap().len(), 3);
        assert_eq!(problem(&client(&app).with("if-match", &tag).patch(&path, edit.clone()).await), "412 stale");
        assert_eq!(problem(&client(&app).with("if-match", &tag).delete(&path).await), "412 stale");
        // Nothing new is no event.
        client(&app).patch(&path, edit).await.is(200);
        let second = conflict(&app, "Second", &[eng, ops], 1).await;
        let page = client(&app).get(at(&app, "/conflicts?limit=1")).await.is(200).json();
        assert_eq!(page["items"][0]["name"], "Four eyes");
        let next = format!("/conflicts?cursor={}", page["next"].as_str().unwrap());
        let page = client(&app).get(at(&app, &next)).await.is(200).json();
        assert_eq!((&page["items"][0]["name"], &page["next"]), (&json!("Second"), &json!(null)));
        client(&app).delete(&path).await.is(204);
        assert_eq!(problem(&client(&app).get(&path).await), "404 not-found");
        assert_eq!(problem(&client(&app).delete(&path).await), "404 not-found");
        let kinds: Vec<String> = app.events().await.into_iter().skip(before).map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            ["conflict.created", "group.created", "conflict.updated", "conflict.created", "conflict.deleted"]
        );
        // Its name is free again, and its groups stand in nobody's way.
        client(&app).delete(&second).await.is(204);
        conflict(&app, "FOUR EYES", &[eng, ops], 1).await;
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_conflict_refuses() {
    on_both(async |app| {
        let (eng, ops, conflicts) = (app.id("eng"), app.id("ops"), at(&app, "/conflicts"));
        let path = conflict(&app, "Pay", &[eng, ops], 1).await;
        let with = |name: &str, value: Value| {
            let mut body = json!({"name": "X", "groups": [eng, ops]});
            body[name] = value;
            body
        };
        for (body, says) in [
            (json!({}), "400 invalid"),
            (with("name", json!("")), "400 invalid"),
            (with("name", json!("x".repeat(256))), "400 invalid"),
            (with("name", json!(7)), "400 invalid"),
            (with("description", json!("x".repeat(1001))), "400 invalid"),
            (with("groups", json!([])), "400 invalid"),
            (with("groups", json!([eng])), "400 invalid"),
            (with("groups", json!([eng, eng])), "400 invalid"),
            (with("groups", json!(["x", eng])), "400 invalid"),
            (with("groups", json!(null)), "400 invalid"),
            (with("groups", json!(vec![eng; 101])), "400 too-many"),
            (with("groups", json!([eng, app.id("secret")])), "422 unknown-reference"),
            (with("groups", json!([eng, app.id("vera")])), "422 unknown-reference"),
            (with("atMost", json!(0)), "400 invalid"),
            (with("atMost", json!(2)), "400 invalid"),
            (with("atMost", json!("1")), "400 invalid"),
            (with("colour", json!("red")), "400 invalid"),
            (with("name", json!("pAY")), "409 taken"),
            (with("id", json!(Uuid::nil())), "409 taken"),
            (with("id", json!(path.rsplit('/').next())), "409 taken"),
        ] {
            assert_eq!(problem(&client(&app).post(&conflicts, body.clone()).await), says, "{body}");
        }
        for (body, says) in [
            (json!({"name": null}), "400 invalid"),
            (json!({"groups": null}), "400 invalid"),
            (json!({"groups": [eng]}), "400 invalid"),
            (json!({"atMost": 2}), "400 invalid"),
            (json!({"groups": [eng, Uuid::max()]}), "422 unknown-reference"),
        ] {
            assert_eq!(problem(&client(&app).patch(&path, body.clone()).await), says, "{body}");
        }
        for (who, says) in [
            (Who::Viewer, "403 forbidden"),
            (Who::Editor, "403 forbidden"),
            (Who::Guest, "403 forbidden"),
            (Who::AdminReadOnly, "403 read-only-key"),
            (Who::Foreign, "404 not-found"),
        ] {
            let caller = client(&app).by(who);
            assert_eq!(problem(&caller.post(&conflicts, with("name", json!("Y"))).await), says, "{who:?}");
            assert_eq!(problem(&caller.delete(&path).await), says, "{who:?}");
        }
        assert_eq!(problem(&client(&app).by(Who::Guest).get(format!("{path}/breaches")).await), "403 forbidden");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn every_door_refuses_and_keeps_nothing() {
    on_both(async |app| {
        let (eng, ops, vera, gus) = (app.id("eng"), app.id("ops"), app.id("vera"), app.id("gus"));
        let path = conflict(&app, "Pay", &[eng, ops], 1).await;
        let before = app.events().await.len();
        // One, several, and a whole list; vera is in eng.
        let told = client(&app).call("PUT", at(&app, "/groups/{ops}/members/{vera}"), None).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        let told = told.json();
        assert_eq!(breaches(&told), [(vera.to_string(), vec!["Engineering".to_owned(), "Operations".to_owned()])]);
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(told["breaches"][0]["conflict"], json!({"id": id, "name": "Pay", "atMost": 1}));
        assert_eq!((&told["breaches"][0]["rule"], &told["breaches"][0]["from"]), (&json!(null), &json!(null)));
        assert_eq!(
            told["detail"],
            format!("the user {vera} would be in Engineering, Operations, and the conflict Pay allows 1 of them")
        );
        let both = json!({"members": [{"id": gus}, {"id": vera}]});
        let told = client(&app).post(at(&app, "/groups/{ops}/members"), both).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        let owner = client(&app).by(Who::Editor);
        client(&app).call("PUT", at(&app, "/groups/{ops}/members/{gus}"), None).await.is(201);
        let told = owner.call("PUT", at(&app, "/groups/{eng}/members/{gus}"), None).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        client(&app).delete(at(&app, "/groups/{ops}/members/{gus}")).await.is(204);
        let cakewalk = json!({"userIds": [gus, vera], "triggeredByUserId": app.id("ada")});
        let told = app.cakewalk().post(format!("/api/v1/UsersGroups/{ops}/Users"), cakewalk).await.is(409).json();
        assert!(told["detail"].as_str().unwrap().contains("the conflict Pay allows 1 of them"), "{told}");
        let list = json!({"users": [gus, vera]});
        let told = app.bearer().patch(format!("/api/v1/auth/group/{ops}"), list).await.is(400).json();
        assert!(told["users"][0].as_str().unwrap().contains("the conflict Pay allows 1 of them"), "{told}");
        let add = json!({"userIdsToAdd": [gus, vera]});
        let v3 = format!("/v3/companies/{}/user-groups/{ops}/members", app.id("northwind"));
        let told = app.bearer().patch(v3, add).await.is(400).json();
        let named = json!([{"name": "userId", "value": vera}]);
        assert_eq!(told["errorMessages"][0]["errorParameters"], named, "{told}");
        let scim = format!("/scim/v2/Groups/{ops}");
        let member = json!([{"value": vera}]);
        let put = json!({"displayName": "Operations", "members": member});
        assert_eq!(app.bearer().put(&scim, put).await.is(409).json()["status"], "409");
        let add = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{"op": "add", "path": "members", "value": member}]});
        app.bearer().patch(&scim, add).await.is(409);
        // Everyone in it by a nesting, though that leads around a corner.
        let outer = group(&app, "Outer").await;
        let nest = async |parent: Uuid, child: Uuid| {
            client(&app).call("PUT", at(&app, &format!("/groups/{parent}/children/{child}")), None).await
        };
        nest(ops, outer).await.is(201);
        let told = nest(outer, eng).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        let who: Vec<String> = breaches(&told.json()).into_iter().map(|(user, _)| user).collect();
        assert_eq!(who, [vera.to_string(), app.id("ivan").to_string()], "who is inactive may come back");
        let told = client(&app).call("PUT", at(&app, &format!("/groups/{outer}/members/{{vera}}")), None).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        // What concerns no conflict, or takes somebody away, goes through.
        client(&app).call("PUT", at(&app, &format!("/groups/{outer}/members/{{gus}}")), None).await.is(201);
        client(&app).delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        client(&app).call("PUT", at(&app, &format!("/groups/{outer}/members/{{vera}}")), None).await.is(201);
        let kinds: Vec<String> = app.events().await.into_iter().skip(before).map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            [
                "group.members_added",
                "group.members_removed",
                "group.created",
                "group.nested",
                "group.members_added",
                "group.members_removed",
                "group.members_added"
            ],
            "of what was refused nothing is kept"
        );
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn windows_that_meet_later_are_refused_now() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        conflict(&app, "Pay", &[eng, ops], 1).await;
        let put = async |group: &str, user: &str, window: Value| {
            client(&app).put(at(&app, &format!("/groups/{{{group}}}/members/{{{user}}}")), window).await
        };
        put("eng", "gus", json!({"endsAt": "2026-12-01T00:00:00Z"})).await.is(201);
        let told = put("ops", "gus", json!({"startsAt": "2026-11-30T23:59:59Z"})).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        assert_eq!(told.json()["breaches"][0]["from"], "2026-11-30T23:59:59.000000Z");
        put("ops", "gus", json!({"startsAt": "2026-12-01T00:00:00Z"})).await.is(201);
        // Drawn out, the first would meet the second.
        let reasons = client(&app).get(at(&app, "/groups/{eng}/members/{gus}")).await.is(200).json();
        let reason = reasons["reasons"][0]["id"].as_str().unwrap();
        let edit = async |body: Value| {
            client(&app).patch(at(&app, &format!("/groups/{{eng}}/members/{{gus}}/reasons/{reason}")), body).await
        };
        let told = edit(json!({"endsAt": "2026-12-02T00:00:00Z"})).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        assert_eq!(told.json()["breaches"][0]["from"], "2026-12-01T00:00:00.000000Z");
        edit(json!({"note": "until December"})).await.is(200);
        // An inactive user's reasons count again when they come back, which is then no breach.
        assert_eq!(problem(&put("ops", "ivan", json!({})).await), "409 conflicting-groups");
        client(&app).post(at(&app, "/users/{ivan}/reactivate"), json!({})).await.is(200);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_there_already_stays_and_is_listed() {
    on_both(async |app| {
        let (eng, ops, vera) = (app.id("eng"), app.id("ops"), app.id("vera"));
        let (inner, third) = (group(&app, "Inner").await, group(&app, "Third").await);
        let put = async |path: &str| client(&app).call("PUT", at(&app, path), None).await;
        put(&format!("/groups/{{ops}}/children/{inner}")).await.is(201);
        for user in ["vera", "gus", "edda"] {
            put(&format!("/groups/{inner}/members/{{{user}}}")).await.is(201);
        }
        put("/groups/{eng}/members/{edda}").await.is(201);
        let path = conflict(&app, "Pay", &[eng, ops, third], 1).await;
        assert_eq!(client(&app).get(&path).await.json()["breaches"], 2);
        let listed = format!("{path}/breaches");
        let page = client(&app).by(Who::Viewer).get(format!("{listed}?limit=1&total=true")).await.is(200).json();
        assert_eq!((&page["items"][0]["user"]["id"], &page["total"]), (&json!(app.id("edda")), &json!(2)));
        let page = client(&app).get(format!("{listed}?cursor={}", page["next"].as_str().unwrap())).await.is(200).json();
        let named = |id: Uuid, name: &str| json!({"id": id, "name": name});
        assert_eq!(
            page["items"],
            json!([{"user": {"id": vera, "name": "Vera Viewer", "email": "vera.viewer@northwind.example", "status": "active"}, "groups": [
                {"group": eng, "path": [named(eng, "Engineering")]},
                {"group": ops, "path": [named(inner, "Inner"), named(ops, "Operations")]},
            ]}])
        );
        assert_eq!(page["next"], json!(null));
        for (query, says) in [("limit=0", "400 invalid"), ("cursor=x", "400 invalid"), ("offset=1", "400 invalid")] {
            assert_eq!(problem(&client(&app).get(format!("{listed}?{query}")).await), says, "{query}");
        }
        // Who is in breach is left alone: another way to the same groups is no news, another group is.
        put("/groups/{ops}/members/{vera}").await.is(201);
        let told = put(&format!("/groups/{third}/members/{{vera}}")).await;
        assert_eq!(breaches(&told.json()), [(vera.to_string(), vec!["Engineering".into(), "Operations".into(), "Third".into()])]);
        // Made right, they cannot go back.
        client(&app).delete(at(&app, "/groups/{eng}/members/{vera}")).await.is(204);
        assert_eq!(problem(&put("/groups/{eng}/members/{vera}").await), "409 conflicting-groups");
        assert_eq!(client(&app).get(&path).await.json()["breaches"], 1);
        // Looser, nobody is in breach; the list says so at once.
        let told = client(&app).patch(&path, json!({"atMost": 2})).await.is(200).json();
        assert_eq!(told["breaches"], 0);
        put("/groups/{eng}/members/{vera}").await.is(201);
        assert_eq!(problem(&put(&format!("/groups/{third}/members/{{vera}}")).await), "409 conflicting-groups");
        let told = client(&app).patch(&path, json!({"atMost": null})).await.is(200).json();
        assert_eq!((&told["atMost"], &told["breaches"]), (&json!(1), &json!(2)));
        // The rows alone say the same.
        let hand = guildhall_testkit::operator(&app.engine, app.company());
        let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
        let all = guildhall_domain::page::Ask::first(10);
        let memory = app.engine.breaches(&hand, id.into(), &all).await.unwrap();
        let rows = app.engine.from_rows().breaches(&hand, id.into(), &all).await.unwrap();
        assert_eq!(format!("{:?}", memory.items), format!("{:?}", rows.items));
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn rules_and_restored_groups_are_held_to_it() {
    on_both(async |app| {
        let (eng, ops, vera) = (app.id("eng"), app.id("ops"), app.id("vera"));
        let rule = json!({"name": "Payers", "rule": "user.attributes.pays == true"});
        let made = client(&app).post(at(&app, "/groups"), rule).await.is(201).json();
        let payers: Uuid = made["id"].as_str().unwrap().parse().unwrap();
        conflict(&app, "Pay", &[eng, payers], 1).await;
        // The edit of a user that a rule answers to, and then the rule itself.
        let pays = |pays: bool| json!({"attributes": {"pays": pays}});
        let told = client(&app).patch(at(&app, "/users/{vera}"), pays(true)).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        assert_eq!(told.json()["breaches"][0]["rule"], json!(payers));
        let kept = client(&app).get(at(&app, "/users/{vera}")).await.is(200).json();
        assert_eq!(kept["attributes"], json!({}), "the edit is not kept");
        client(&app).patch(at(&app, "/users/{gus}"), pays(true)).await.is(200);
        let edit = json!({"rule": "user.role == 'viewer'"});
        let told = client(&app).patch(at(&app, &format!("/groups/{payers}")), edit).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        let mut who: Vec<String> = breaches(&told.json()).into_iter().map(|(user, _)| user).collect();
        who.sort();
        assert_eq!(who, [vera.to_string(), app.id("ivan").to_string()]);
        // A group that comes back brings its members with it.
        client(&app).call("PUT", at(&app, "/groups/{ops}/members/{vera}"), None).await.is(201);
        client(&app).delete(at(&app, "/groups/{ops}")).await.is(200);
        let path = conflict(&app, "Run", &[eng, ops], 1).await;
        assert_eq!(client(&app).get(&path).await.json()["breaches"], 0);
        let told = client(&app).post(at(&app, "/groups/{ops}/restore"), json!({})).await;
        assert_eq!(problem(&told), "409 conflicting-groups");
        client(&app).delete(&path).await.is(204);
        client(&app).post(at(&app, "/groups/{ops}/restore"), json!({})).await.is(200);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn previews_and_explanations_tell_of_it() {
    on_both(async |app| {
        let (eng, ops, vera) = (app.id("eng"), app.id("ops"), app.id("vera"));
        let path = conflict(&app, "Pay", &[eng, ops], 1).await;
        let id = path.rsplit('/').next().unwrap();
        let member = at(&app, "/groups/{ops}/members/{vera}");
        let told = client(&app).call("PUT", format!("{member}?preview=true"), None).await.is(200).json();
        assert_eq!((&told["gainedTotal"], &told["breachesTotal"]), (&json!(1), &json!(1)));
        assert_eq!(breaches(&told), [(vera.to_string(), vec!["Engineering".to_owned(), "Operations".to_owned()])]);
        let told = client(&app).call("PUT", at(&app, "/groups/{ops}/members/{gus}?preview=true"), None).await.is(200);
        assert_eq!(told.json()["breaches"], json!([]));
        let why = async |user: &str, group: Uuid| {
            client(&app).get(at(&app, &format!("/users/{{{user}}}/explain?group={group}"))).await.is(200).json()
        };
        let would = json!([{"conflict": {"id": id, "name": "Pay", "atMost": 1},
            "groups": [{"id": eng, "name": "Engineering"}, {"id": ops, "name": "Operations"}]}]);
        let told = why("vera", ops).await;
        assert_eq!((&told["member"], &told["conflicts"]), (&json!(false), &would));
        assert_eq!(why("gus", ops).await["conflicts"], json!([]));
        assert_eq!(why("vera", eng).await["conflicts"], json!([]));
        client(&app).delete(&path).await.is(204);
        client(&app).call("PUT", &member, None).await.is(201);
        let path = conflict(&app, "Pay", &[eng, ops], 1).await;
        let told = why("vera", eng).await;
        assert_eq!((&told["member"], &told["conflicts"][0]["groups"]), (&json!(true), &would[0]["groups"]));
        // What the conflicts were then is not kept.
        let then = at(&app, &format!("/users/{{vera}}/explain?group={eng}&at={START}"));
        assert_eq!(client(&app).get(then).await.is(200).json()["conflicts"], json!([]));
        client(&app).delete(&path).await.is(204);
    })
    .await;
}

/// Puts gus into two groups of a conflict at once.
async fn race(app: &App, one: Client<'_>, two: Client<'_>) {
    conflict(app, "Pay", &[app.id("eng"), app.id("ops")], 1).await;
    let path = |group: &str| at(app, &format!("/groups/{{{group}}}/members/{{gus}}"));
    let (eng, ops) = (path("eng"), path("ops"));
    let (one, two) = tokio::join!(one.call("PUT", eng, None), two.call("PUT", ops, None));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    verify(app).await;
}

#[tokio::test]
async fn of_two_at_once_one_is_refused() {
    on_both(async |app| race(&app, client(&app), client(&app)).await).await;
}

#[tokio::test]
async fn of_two_at_once_on_two_nodes_one_is_refused() {
    let app = App::start(Place::postgres().await).await;
    let twin = app.twin().await;
    race(&app, client(&app), client(&twin)).await;
}

#[tokio::test]
async fn a_group_that_is_gone_for_good_leaves_its_conflicts() {
    on_both(async |app| {
        let (eng, ops, third) = (app.id("eng"), app.id("ops"), group(&app, "Third").await);
        let three = conflict(&app, "Three", &[eng, ops, third], 2).await;
        let two = conflict(&app, "Two", &[eng, ops], 1).await;
        client(&app).delete(at(&app, "/groups/{ops}")).await.is(200);
        app.clock.set(app.clock.now().plus_seconds(31 * 86_400));
        app.engine.housekeep().await.unwrap();
        let told = client(&app).get(&three).await.is(200).json();
        assert_eq!((told["groups"].as_array().unwrap().len(), &told["atMost"]), (2, &json!(1)));
        assert_eq!(problem(&client(&app).get(&two).await), "404 not-found");
        let kinds: Vec<String> = app.events().await.into_iter().rev().take(3).map(|event| event.kind).collect();
        assert_eq!(kinds, ["conflict.deleted", "conflict.updated", "group.purged"]);
        verify(&app).await;
    })
    .await;
}
