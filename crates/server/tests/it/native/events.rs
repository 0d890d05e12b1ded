//! The journal, as pages and live.

use std::time::Duration;

use futures_util::StreamExt;
use guildhall_testkit::{App, Client, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem};

/// A stream being read.
struct Live {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<bytes::Bytes, reqwest::Error>>>>,
    text: String,
}

async fn live(caller: &Client<'_>, path: &str) -> Live {
    let request = caller.request("GET", path).header("accept", "text/event-stream");
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Live { bytes: Box::pin(response.bytes_stream()), text: String::new() }
}

impl Live {
    /// The next event: id, kind, data; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned);
                if let Some(data) = field("data: ") {
                    let data = serde_json::from_str(&data).expect("json");
                    return Some((field("id: ").expect("an id"), field("event: ").expect("a kind"), data));
                }
            }
            let next = tokio::time::timeout(Duration::from_secs(15), self.bytes.next());
            let chunk = next.await.expect("in time")?.ok()?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}

async fn add_gus(app: &App) {
    client(app).call("PUT", at(app, "/groups/{ops}/members/{gus}"), None).await.is(201);
}

#[tokio::test]
async fn pages_tell_everything_once() {
    on_both(async |app| {
        add_gus(&app).await;
        let all = client(&app).get(at(&app, "/events")).await.is(200).json();
        let items = all["items"].as_array().unwrap();
        let revisions: Vec<u64> = items.iter().map(|event| event["revision"].as_u64().unwrap()).collect();
        assert_eq!(revisions, (1..=items.len() as u64).collect::<Vec<_>>());
        let mut last = items.last().unwrap().clone();
        let hash = last["hash"].take();
        assert_eq!(hash.as_str().unwrap().len(), 64);
        assert!(last["requestId"].take().is_string());
        assert_eq!(
            last,
            json!({"revision": items.len(), "at": "2026-11-20T09:00:00.000000Z", "recordedAt": "2026-11-20T09:00:00.000000Z",
                "kind": "group.members_added", "subject": app.id("ops"), "actor": app.id("ada"),
                "key": app.key(Who::Admin).key.id.to_string(), "dialect": "native", "requestId": null, "cause": null,
                "data": {"group": app.id("ops"), "users": [app.id("gus")], "reason": "direct"}, "hash": null})
        );
        let made = items.iter().find(|event| event["subject"] == json!(app.id("vera"))).unwrap();
        assert_eq!(made["data"]["fields"]["name"], "Vera Viewer");
        let some = client(&app).get(at(&app, &format!("/events?subject={}&limit=1", app.id("ops")))).await.is(200).json();
        assert_eq!(some["items"][0]["kind"], "group.created");
        let after = format!("/events?after={}", items.len() - 1);
        assert_eq!(client(&app).get(at(&app, &after)).await.json()["items"].as_array().unwrap().len(), 1);
        let end = client(&app).get(at(&app, &format!("/events?after={}", items.len()))).await.is(200);
        assert_eq!(end.json(), json!({"items": [], "next": null}));
        for wrong in ["after=-1", "after=x", "after=18446744073709551615", "after=1&cursor=ciAx", "subject=x"] {
            assert_eq!(problem(&client(&app).get(at(&app, &format!("/events?{wrong}"))).await), "400 invalid", "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_brings_what_happens_and_goes_on_where_it_broke() {
    on_both(async |app| {
        let path = at(&app, "/events");
        let mut stream = live(&client(&app), &path).await;
        add_gus(&app).await;
        let (id, kind, data) = stream.next().await.unwrap();
        assert_eq!((kind.as_str(), &data["subject"]), ("group.members_added", &json!(app.id("ops"))));
        assert_eq!(id, data["revision"].to_string());
        let page = client(&app).get(&format!("{path}?after={}", id.parse::<u64>().unwrap() - 1)).await.json();
        assert_eq!(page["items"][0], data);
        drop(stream);

        client(&app).delete(at(&app, "/groups/{ops}/members/{gus}")).await.is(204);
        client(&app).patch(at(&app, "/groups/{eng}"), json!({"icon": "x"})).await.is(200);
        let mut again = live(&client(&app).with("last-event-id", id.clone()), &path).await;
        assert_eq!(again.next().await.unwrap().1, "group.members_removed");
        assert_eq!(again.next().await.unwrap().1, "group.updated");
        let mut one = live(&client(&app), &format!("{path}?after=0&subject={}", app.id("eng"))).await;
        let mut kinds = Vec::new();
        for _ in 0..4 {
            kinds.push(one.next().await.unwrap().1);
        }
        assert_eq!(kinds, ["group.created", "group.owners_changed", "group.members_added", "group.updated"]);
        let wrong = client(&app).with("accept", "text/event-stream").with("last-event-id", "x").get(&path).await;
        assert_eq!(problem(&wrong), "400 invalid");
        for (who, says) in
            [(Who::Viewer, "403 forbidden"), (Who::Platform, "403 forbidden"), (Who::Foreign, "404 not-found")]
        {
            let reply = client(&app).by(who).with("accept", "text/event-stream").get(&path).await;
            assert_eq!(problem(&reply), says);
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_hears_of_other_nodes() {
    let app = App::start(guildhall_testkit::Place::postgres().await).await;
    let other = app.twin().await;
    let mut stream = live(&client(&app), &at(&app, "/events")).await;
    add_gus(&other).await;
    assert_eq!(stream.next().await.unwrap().1, "group.members_added");
}

#[tokio::test]
async fn a_stream_ends_with_its_key_and_with_the_server() {
    on_both(async |app| {
        let path = at(&app, "/events");
        let key = app.new_key("ada", guildhall_domain::caller::Access::Read).await;
        let caller = client(&app).by(Who::Nobody).with("authorization", format!("Bearer {}", key.token()));
        let mut stream = live(&caller, &path).await;
        client(&app).delete(at(&app, &format!("/keys/{}", key.key.id))).await.is(204);
        // The revocation itself may still be told; within seconds the stream is over.
        while let Some((_, kind, _)) = stream.next().await {
            assert_eq!(kind, "key.revoked");
        }
        let mut last = live(&client(&app), &path).await;
        drop(app);
        assert!(last.next().await.is_none());
    })
    .await;
}
