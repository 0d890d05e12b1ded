//! Groups inside groups.

use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{at, client, names, problem, verify};

/// Makes a group of this name and tells its id.
async fn group(app: &App, name: &str) -> Uuid {
    let made = client(app).post(at(app, "/groups"), json!({"name": name})).await.is(201).json();
    made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

fn nesting(app: &App, parent: Uuid, child: Uuid) -> String {
    at(app, &format!("/groups/{parent}/children/{child}"))
}

fn listed(reply: &Value) -> Vec<&str> {
    let mut names = names(&json!({"items": reply["groups"]})).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    names.sort_unstable();
    names.into_iter().map(|name| &*name.leak()).collect()
}

#[tokio::test]
async fn groups_nest_and_both_directions_tell() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let all = group(&app, "All").await;
        let admin = client(&app);
        admin.call("PUT", nesting(&app, all, ops), None).await.is(201);
        let put = admin.call("PUT", nesting(&app, ops, eng), None).await.is(201);
        let again = admin.call("PUT", nesting(&app, ops, eng), None).await.is(204);
        assert_eq!(again.header("guildhall-revision"), put.header("guildhall-revision"), "a repeat is no news");
        let get = async |path: String| admin.get(path).await.is(200).json();
        assert_eq!(listed(&get(at(&app, &format!("/groups/{all}/children"))).await), ["Operations"]);
        assert_eq!(
            listed(&get(at(&app, &format!("/groups/{all}/children?all=true"))).await),
            ["Engineering", "Operations"]
        );
        assert_eq!(listed(&get(at(&app, &format!("/groups/{eng}/parents"))).await), ["Operations"]);
        assert_eq!(listed(&get(at(&app, &format!("/groups/{eng}/parents?all=true"))).await), ["All", "Operations"]);
        // A second way up to the same group counts once.
        admin.call("PUT", nesting(&app, all, eng), None).await.is(201);
        assert_eq!(listed(&get(at(&app, &format!("/groups/{eng}/parents?all=true"))).await), ["All", "Operations"]);
        admin.delete(nesting(&app, all, eng)).await.is(204);
        assert_eq!(problem(&admin.delete(nesting(&app, all, eng)).await), "404 not-found");
        let kinds: Vec<String> = app.events().await.into_iter().rev().take(2).map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["group.unnested", "group.nested"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_cycle_is_refused_and_shown() {
    on_both(async |app| {
        let (a, b, c) = (group(&app, "A").await, group(&app, "B").await, group(&app, "C").await);
        let admin = client(&app);
        admin.call("PUT", nesting(&app, a, b), None).await.is(201);
        admin.call("PUT", nesting(&app, b, c), None).await.is(201);
        let refused = admin.call("PUT", nesting(&app, c, a), None).await;
        assert_eq!(problem(&refused), "409 cycle");
        assert_eq!(refused.json()["cycle"], json!([c, a, b, c]));
        let itself = admin.call("PUT", nesting(&app, a, a), None).await;
        assert_eq!(problem(&itself), "409 cycle");
        assert_eq!(itself.json()["cycle"], json!([a, a]));
        // Of two opposite nestings at once just one stands.
        let (d, e) = (group(&app, "D").await, group(&app, "E").await);
        let (one, two) =
            tokio::join!(admin.call("PUT", nesting(&app, d, e), None), admin.call("PUT", nesting(&app, e, d), None));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    })
    .await;
}

#[tokio::test]
async fn fifty_nestings_deep_and_no_deeper() {
    on_both(async |app| {
        let admin = client(&app);
        let mut chain = vec![group(&app, "0").await];
        for n in 1..=51 {
            chain.push(group(&app, &n.to_string()).await);
        }
        // From both ends, so that depth is counted above and below.
        for n in (0..25).chain((26..50).rev()) {
            admin.call("PUT", nesting(&app, chain[n], chain[n + 1]), None).await.is(201);
        }
        admin.call("PUT", nesting(&app, chain[25], chain[26]), None).await.is(201);
        let deeper = admin.call("PUT", nesting(&app, chain[50], chain[51]), None).await;
        assert_eq!(problem(&deeper), "409 conflict");
        assert_eq!(deeper.json()["detail"], "groups would be nested 51 deep; 50 is the most");
        let top = admin.get(at(&app, &format!("/groups/{}/children?all=true", chain[0]))).await.is(200).json();
        assert_eq!(top["groups"].as_array().map(Vec::len), Some(50));
    })
    .await;
}

#[tokio::test]
async fn nesting_takes_the_right_to_change_the_members_of_the_parent() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let path = nesting(&app, eng, ops);
        for (who, wanted) in [
            (Who::Viewer, "403 forbidden"),
            (Who::Guest, "403 forbidden"),
            (Who::AdminReadOnly, "403 read-only-key"),
            (Who::Foreign, "404 not-found"),
        ] {
            assert_eq!(problem(&client(&app).by(who).call("PUT", &path, None).await), wanted, "{who:?}");
            assert_eq!(problem(&client(&app).by(who).delete(&path).await), wanted, "{who:?}");
        }
        // edda owns the parent.
        client(&app).by(Who::Editor).call("PUT", &path, None).await.is(201);
        assert_eq!(
            problem(&client(&app).by(Who::Editor).call("PUT", nesting(&app, ops, eng), None).await),
            "403 forbidden"
        );
        client(&app).by(Who::Editor).delete(&path).await.is(204);
        for (parent, child) in
            [(eng, app.id("secret")), (app.id("secret"), eng), (eng, Uuid::max()), (eng, app.id("ada"))]
        {
            let refused = client(&app).call("PUT", nesting(&app, parent, child), None).await;
            assert_eq!(problem(&refused), "404 not-found");
        }
        assert_eq!(problem(&client(&app).call("PUT", at(&app, "/groups/{eng}/children/x"), None).await), "400 invalid");
    })
    .await;
}

#[tokio::test]
async fn a_member_of_a_group_inside_an_owner_may_what_the_owner_may() {
    on_both(async |app| {
        let admin = client(&app);
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        let owned = group(&app, "Owned").await;
        admin.put(at(&app, &format!("/groups/{owned}/owners")), json!({"owners": [ops]})).await.is(200);
        let add = at(&app, &format!("/groups/{owned}/members/{}", app.id("gus")));
        // vera is in eng, and eng in ops, which owns the group.
        assert_eq!(problem(&admin.by(Who::Viewer).call("PUT", &add, None).await), "403 forbidden");
        client(&app).call("PUT", nesting(&app, ops, eng), None).await.is(201);
        client(&app).by(Who::Viewer).call("PUT", &add, None).await.is(201);
        client(&app).delete(nesting(&app, ops, eng)).await.is(204);
        assert_eq!(problem(&client(&app).by(Who::Viewer).delete(&add).await), "403 forbidden");
    })
    .await;
}

#[tokio::test]
async fn archiving_ends_nestings_and_restoring_brings_them_back() {
    on_both(async |app| {
        let (all, eng, ops) = (group(&app, "All").await, app.id("eng"), app.id("ops"));
        let admin = client(&app);
        admin.call("PUT", nesting(&app, all, ops), None).await.is(201);
        admin.call("PUT", nesting(&app, ops, eng), None).await.is(201);
        admin.delete(at(&app, "/groups/{ops}")).await;
        let none = json!([]);
        assert_eq!(admin.get(at(&app, "/groups/{eng}/parents")).await.is(200).json()["groups"], none);
        // Meanwhile the other way round: the one that would close a cycle stays away.
        admin.call("PUT", nesting(&app, eng, all), None).await.is(201);
        admin.call("POST", at(&app, "/groups/{ops}/restore"), None).await.is(200);
        let up = admin.get(at(&app, "/groups/{ops}/parents?all=true")).await.is(200).json();
        let down = admin.get(at(&app, "/groups/{ops}/children?all=true")).await.is(200).json();
        assert_eq!(listed(&up).len() + listed(&down).len(), 2, "{up} {down}");
        verify(&app).await;
    })
    .await;
}
