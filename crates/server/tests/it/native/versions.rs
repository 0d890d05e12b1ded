//! `ETag`, `If-None-Match`, `If-Match` and revisions.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{at, client, problem};

#[tokio::test]
async fn tags_stop_lost_edits() {
    on_both(async |app| {
        for (record, edit) in [
            ("", json!({"name": "A"})),
            ("/users/{vera}", json!({"name": "A"})),
            ("/groups/{eng}", json!({"name": "A"})),
        ] {
            let path = at(&app, record);
            let first = client(&app).get(&path).await.is(200);
            let tag = first.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            for known in [tag.clone(), format!("W/{tag}"), "*".into(), format!("\"x\", {tag}")] {
                let reply = client(&app).with("if-none-match", known).get(&path).await.is(304);
                assert_eq!((reply.body.as_str(), reply.header("etag")), ("", tag.as_str()));
            }
            client(&app).with("if-none-match", "\"0\"").get(&path).await.is(200);
            assert_eq!(problem(&client(&app).with("if-none-match", "x").get(&path).await), "400 invalid");
            let with = |tag: &str| client(&app).with("if-match", tag);
            let edited = with(&tag).patch(&path, edit.clone()).await.is(200);
            assert_ne!(edited.header("etag"), tag);
            for stale in [tag.clone(), format!("W/{}", edited.header("etag")), "\"x\"".into(), format!("{tag}, \"x\"")]
            {
                assert_eq!(problem(&with(&stale).patch(&path, json!({"name": "B"})).await), "412 stale", "{stale}");
                // An edit that would change nothing is held to it as well.
                assert_eq!(problem(&with(&stale).patch(&path, edit.clone()).await), "412 stale", "{stale}");
                let deleter = if record.is_empty() { with(&stale).by(Who::Platform) } else { with(&stale) };
                assert_eq!(problem(&deleter.delete(&path).await), "412 stale", "{stale}");
            }
            let list = format!("\"0\", {}", edited.header("etag"));
            with(&list).patch(&path, json!({"name": "C"})).await.is(200);
            with("*").patch(&path, json!({"name": "D"})).await.is(200);
            let now = client(&app).get(&path).await.header("etag").to_owned();
            if !record.is_empty() {
                with(&now).delete(&path).await.is(200);
            }
        }
        // What has no version matches no tag.
        let member = at(&app, "/groups/{ops}/members/{gus}");
        assert_eq!(problem(&client(&app).with("if-match", "\"1\"").call("PUT", &member, None).await), "412 stale");
        client(&app).with("if-match", "*").call("PUT", &member, None).await.is(201);
    })
    .await;
}

#[tokio::test]
async fn of_two_edits_of_one_version_one_is_refused() {
    on_both(async |app| {
        let path = at(&app, "/groups/{eng}");
        let tag = client(&app).get(&path).await.header("etag").to_owned();
        let caller = client(&app).with("if-match", tag);
        let edits = (0..6).map(|i| caller.patch(&path, json!({"name": format!("N{i}")})));
        let mut statuses: Vec<u16> =
            futures_util::future::join_all(edits).await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    })
    .await;
}

#[tokio::test]
async fn a_companys_tag_moves_with_its_revision() {
    on_both(async |app| {
        let path = at(&app, "");
        let before = client(&app).get(&path).await.is(200);
        let change = client(&app).call("PUT", at(&app, "/groups/{ops}/members/{gus}"), None).await.is(201);
        let after = client(&app).with("if-none-match", before.header("etag")).get(&path).await.is(200);
        assert_eq!(after.json()["revision"].to_string(), change.header("guildhall-revision"));
        // And an edit of its record is held to the record alone.
        client(&app).with("if-match", before.header("etag")).patch(&path, json!({"name": "X"})).await.is(200);
        let at_least = client(&app).with("guildhall-min-revision", change.header("guildhall-revision"));
        at_least.get(&path).await.is(200);
    })
    .await;
}
