//! Members of groups.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{at, client, problem, said, verify};

#[tokio::test]
async fn members_come_and_go() {
    on_both(async |app| {
        let (all, remove) = (at(&app, "/groups/{eng}/members"), at(&app, "/groups/{eng}/members/remove"));
        assert_eq!(
            said(&client(&app).get(&all).await),
            r#"200 {"items":[{"user":{"id":"<vera>","name":"Vera Viewer","email":"vera.viewer@northwind.example","status":"active"},"direct":true,"addedAt":"2026-11-20T09:00:00.000000Z"}],"next":null}"#
        );
        client(&app).patch(at(&app, "/users/{gus}"), json!({"externalId": "g-1"})).await.is(200);
        let body = json!({"note": "sprint", "members": [
            {"email": "EDDA.editor@northwind.example"}, {"externalId": "g-1"}, {"id": app.id("gus")}, {"id": app.id("vera")}]});
        let added = client(&app).by(Who::Editor).post(&all, body).await.is(200);
        let revision = added.header("guildhall-revision").to_owned();
        assert_eq!(
            said(&added).replace(&revision, "N"),
            r#"200 {"results":[{"member":{"email":"EDDA.editor@northwind.example"},"user":"<edda>","outcome":"added"},{"member":{"externalId":"g-1"},"user":"<gus>","outcome":"added"},{"member":{"id":"<gus>"},"user":"<gus>","outcome":"unchanged"},{"member":{"id":"<vera>"},"user":"<vera>","outcome":"unchanged"}],"revision":N}"#
        );
        let one = client(&app).get(format!("{all}/{}", app.id("gus"))).await.is(200);
        assert_eq!(
            said(&one),
            r#"200 {"user":{"id":"<gus>","name":"Gus Guest","email":"gus.guest@northwind.example","status":"invited"},"direct":true,"addedAt":"2026-11-20T09:00:00.000000Z","reasons":[{"id":"<id 1>","kind":"direct","source":null,"giver":"<edda>","startsAt":null,"endsAt":null,"note":"sprint","addedAt":"2026-11-20T09:00:00.000000Z"}]}"#
        );
        let gone = client(&app).post(&remove, json!({"members": [{"id": app.id("gus")}, {"id": app.id("ada")}]})).await;
        let outcomes: Vec<_> = gone.json()["results"].as_array().unwrap().iter().map(|r| r["outcome"].clone()).collect();
        assert_eq!(outcomes, ["removed", "unchanged"]);
        assert_eq!(problem(&client(&app).get(format!("{all}/{}", app.id("gus"))).await), "404 not-found");
        // Two changes of members, two events.
        let kinds: Vec<String> = app.events().await.into_iter().rev().take(2).map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["group.members_removed", "group.members_added"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn one_member_is_put_and_deleted() {
    on_both(async |app| {
        let gus = at(&app, "/groups/{ops}/members/{gus}");
        let put = client(&app).call("PUT", &gus, None).await;
        assert_eq!(said(&put), r#"201 {"member":{"id":"<gus>"},"user":"<gus>","outcome":"added"}"#);
        let again = client(&app).put(&gus, json!({})).await.is(200);
        assert_eq!(again.json()["outcome"], "unchanged");
        assert_eq!(again.header("guildhall-revision"), put.header("guildhall-revision"));
        client(&app).delete(&gus).await.is(204);
        assert_eq!(problem(&client(&app).delete(&gus).await), "404 not-found");
        for (group, user) in [("ops", "carl"), ("ops", "eng"), ("secret", "gus"), ("ada", "gus")] {
            let path = at(&app, &format!("/groups/{{{group}}}/members/{{{user}}}"));
            for method in ["GET", "PUT", "DELETE"] {
                assert_eq!(problem(&client(&app).call(method, &path, None).await), "404 not-found", "{method} {user}");
            }
        }
        let long = client(&app).put(&gus, json!({"note": "x".repeat(1001)})).await;
        assert_eq!(problem(&long), "400 invalid");
        let admin = client(&app);
        let puts = futures_util::future::join_all((0..4).map(|_| admin.put(&gus, json!({}))));
        let mut statuses: Vec<u16> = puts.await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 201]);
        // An inactive user keeps the reason and is no member.
        let ivan = client(&app).get(at(&app, "/groups/{eng}/members/{ivan}")).await;
        assert_eq!(problem(&ivan), "404 not-found");
    })
    .await;
}

#[tokio::test]
async fn a_change_of_members_is_whole_or_tells() {
    on_both(async |app| {
        let (all, remove) = (at(&app, "/groups/{eng}/members"), at(&app, "/groups/{eng}/members/remove"));
        let unknown = "00000000-0000-4000-8000-000000000001";
        let members = json!([{"id": app.id("gus")}, {"id": unknown}, {"id": app.id("carl")}]);
        let before = app.events().await.len();
        let refused = client(&app).post(&all, json!({"members": members})).await;
        assert_eq!(problem(&refused), "422 unknown-reference");
        assert_eq!(
            refused.json()["errors"],
            json!([
                {"field": "members[1].id", "detail": "no user has this id", "id": unknown},
                {"field": "members[2].id", "detail": "no user has this id", "id": app.id("carl")},
            ])
        );
        assert_eq!(app.events().await.len(), before);
        let told = client(&app).post(&all, json!({"members": members, "onError": "skip"})).await.is(200).json();
        let results: Vec<_> =
            told["results"].as_array().unwrap().iter().map(|r| (&r["outcome"], &r["problem"]["type"])).collect();
        assert_eq!(results[0], (&json!("added"), &json!(null)));
        assert_eq!(results[1], (&json!("failed"), &json!("urn:guildhall:error:unknown-reference")));
        assert_eq!(results[1], results[2]);
        let email = json!({"members": [{"email": "nobody@x"}]});
        assert_eq!(problem(&client(&app).post(&all, email.clone()).await), "400 invalid");
        assert_eq!(problem(&client(&app).post(&remove, email).await), "400 invalid");
        let many: Vec<_> = (0..10_001).map(|_| json!({"id": unknown})).collect();
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"members": {}}), "400 invalid"),
            (json!({"members": [{}]}), "400 invalid"),
            (json!({"members": ["x"]}), "400 invalid"),
            (json!({"members": [{"id": "x"}]}), "400 invalid"),
            (json!({"members": [{"id": unknown, "email": "x@y"}]}), "400 invalid"),
            (json!({"members": [{"email": "a\u{0}@b"}]}), "400 invalid"),
            (json!({"members": [{"externalId": "x".repeat(256)}]}), "400 invalid"),
            (json!({"members": [{"name": "x"}]}), "400 invalid"),
            (json!({"members": [], "onError": "x"}), "400 invalid"),
            (json!({"members": [], "note": "x".repeat(1001)}), "400 invalid"),
            (json!({"members": many}), "400 too-many"),
        ] {
            for path in [&all, &remove] {
                let reply = client(&app).post(path, body.clone()).await;
                assert_eq!(problem(&reply), says, "{reply}");
            }
        }
        let none = client(&app).post(&all, json!({"members": []})).await.is(200);
        assert_eq!(none.json()["results"], json!([]));
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_kept_elsewhere_is_closed_and_holds_its_members() {
    use guildhall_domain::group::NewGroup;
    on_both(async |app| {
        let hand = guildhall_testkit::operator(&app.engine, app.company());
        let new = NewGroup { name: "HR".into(), source: Some("hr".into()), ..NewGroup::default() };
        let id = app.engine.create_group(&hand, new).await.unwrap().value.id;
        let path = at(&app, &format!("/groups/{id}/members"));
        let body = json!({"members": [{"id": app.id("gus")}]});
        for reply in [
            client(&app).post(&path, body.clone()).await,
            client(&app).post(format!("{path}/remove"), body).await,
            client(&app).call("PUT", format!("{path}/{}", app.id("gus")), None).await,
        ] {
            assert_eq!(problem(&reply), "409 closed-group");
        }
    })
    .await;
}
