//! Order, retries, the end of patience, pause, test and redelivery.

use guildhall_server::http::stop::CancellationToken;
use guildhall_server::jobs;
use guildhall_testkit::receiver::Manner;
use guildhall_testkit::{App, Place, Receiver, on_both};
use serde_json::{Value, json};

use super::{at, dispatcher, hire, hook, id, log, names, now, wait};

#[tokio::test]
async fn what_was_asked_for_comes_in_order_with_one_id_each() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(204)).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created", "group.*"]).await;
        let mut couriers = dispatcher(&app);
        couriers.round().await.unwrap();
        assert_eq!(receiver.seen().len(), 0, "what was before a webhook is not told to it");
        let many: Vec<String> = (0..120).map(|i| format!("Person {i}")).collect();
        hire(&app, &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let groups = format!("/v1/companies/{}/groups", app.id("northwind"));
        app.bearer().patch(format!("{groups}/{}", app.id("eng")), json!({"icon": "x"})).await.is(200);
        let keys = format!("/v1/companies/{}/keys", app.id("northwind"));
        app.bearer().post(keys, json!({"user": app.id("ada"), "access": "read"})).await.is(201);
        couriers.round().await.unwrap();
        let seen = receiver.seen();
        assert_eq!(names(&receiver)[..120], many[..]);
        assert_eq!(seen.len(), 121, "a key is none of its business");
        assert_eq!(receiver.connections(), 1, "one line serves for all of them");
        // The message is the event as the journal tells it.
        let events = app.bearer().get(format!("/v1/companies/{}/events?limit=1000", app.id("northwind"))).await;
        let events = events.is(200).json()["items"].clone();
        for got in &seen {
            let body = got.json();
            let event = events.as_array().unwrap().iter().find(|e| e["revision"] == body["data"]["revision"]).unwrap();
            assert_eq!((&body["data"], &body["type"], &body["timestamp"]), (event, &event["kind"], &event["at"]));
            let wanted = format!("evt_{}_{}", app.id("northwind").simple(), event["revision"]);
            assert_eq!(got.header("webhook-id"), wanted);
            assert_eq!(got.header("content-type"), "application/json");
            assert!(got.header("user-agent").starts_with("Guildhall/"));
        }
        assert_eq!(log(&app, &made).await[0], "group.updated delivered 1 204");
        let revision = app.engine.revision(app.company()).await.unwrap();
        assert!(now(&app, &made).await["deliveredRevision"].as_u64().unwrap() >= revision - 1);
        couriers.round().await.unwrap();
        assert_eq!(receiver.seen().len(), 121, "nothing comes twice");
        super::super::native::verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_failure_holds_what_is_behind_it_and_is_tried_again() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        let mut couriers = dispatcher(&app);
        hire(&app, &["One", "Two", "Three"]).await;
        receiver.next([Manner::Status(200), Manner::Status(500), Manner::Status(503)]);
        couriers.round().await.unwrap();
        assert_eq!(names(&receiver), ["One", "Two"]);
        assert_eq!(log(&app, &made).await, ["user.created retrying 1 500", "user.created delivered 1 200"]);
        let failing = now(&app, &made).await;
        assert_eq!((&failing["tries"], &failing["state"]), (&json!(1), &json!("active")));
        assert!(failing["nextTryAt"].is_string() && failing["failingSince"].is_string());
        couriers.round().await.unwrap();
        assert_eq!(receiver.seen().len(), 2, "not before its time");
        wait(&app, 6);
        couriers.round().await.unwrap();
        assert_eq!(names(&receiver), ["One", "Two", "Two"]);
        wait(&app, 40);
        couriers.round().await.unwrap();
        assert_eq!(names(&receiver), ["One", "Two", "Two", "Two", "Three"]);
        let ids = receiver.ids();
        assert!(ids[1] == ids[2] && ids[2] == ids[3] && ids[3] != ids[4] && ids[0] != ids[1], "{ids:?}");
        let log = log(&app, &made).await;
        assert_eq!(log[..2], ["user.created delivered 1 200", "user.created delivered 3 200"]);
        let well = now(&app, &made).await;
        assert_eq!(
            (&well["tries"], &well["nextTryAt"], &well["failingSince"]),
            (&json!(0), &Value::Null, &Value::Null)
        );
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_stays_dead_is_switched_off_and_nothing_is_lost() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(500)).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created", "webhook.disabled"]).await;
        let mut couriers = dispatcher(&app);
        hire(&app, &["One"]).await;
        let begin = app.clock.now();
        let mut tries = 0;
        while now(&app, &made).await["state"] == "active" {
            couriers.round().await.unwrap();
            tries += 1;
            assert_eq!(receiver.seen().len(), tries);
            wait(&app, 21_600 + 2_200);
        }
        let lasted = (app.clock.now().micros() - begin.micros()) / 3_600_000_000;
        assert!((72..96).contains(&lasted), "{lasted} hours");
        let off = now(&app, &made).await;
        assert_eq!((&off["state"], &off["disabledWhy"]), (&json!("disabled"), &json!("the receiver answered 500")));
        let told = app.events().await.into_iter().rfind(|entry| entry.kind == "webhook.disabled").expect("an event");
        assert!(told.data.contains(&app.id("ada").to_string()) && told.actor == "system", "{}", told.data);
        hire(&app, &["Two"]).await;
        couriers.round().await.unwrap();
        assert_eq!(receiver.seen().len(), tries, "off is off");
        receiver.next([Manner::Status(200), Manner::Status(200), Manner::Status(200)]);
        app.bearer().post(at(&app, &format!("/{}/resume", id(&made))), json!({})).await.is(200);
        couriers.round().await.unwrap();
        assert_eq!(
            names(&receiver)[tries..],
            ["One", "", "Two"],
            "in the order of the journal, its own end among them"
        );
    })
    .await;
}

#[tokio::test]
async fn gone_is_gone_and_skipping_leaves_out_what_waits() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        let mut couriers = dispatcher(&app);
        receiver.next([Manner::Status(410)]);
        hire(&app, &["One", "Two"]).await;
        couriers.round().await.unwrap();
        assert_eq!(now(&app, &made).await["state"], "disabled");
        assert_eq!(log(&app, &made).await, ["user.created failed 1 410"]);
        let resume = at(&app, &format!("/{}/resume", id(&made)));
        let on = app.bearer().post(&resume, json!({"skip": true})).await.is(200).json();
        assert_eq!((&on["state"], &on["disabledWhy"]), (&json!("active"), &Value::Null));
        hire(&app, &["Three"]).await;
        couriers.round().await.unwrap();
        assert_eq!(names(&receiver), ["One", "Three"]);
        // What was left out can still be had by hand.
        let page = app.bearer().get(at(&app, &format!("/{}/deliveries?undelivered=true", id(&made)))).await.json();
        let line = page["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        let again = at(&app, &format!("/{}/deliveries/{line}/redeliver", id(&made)));
        let queued = app.bearer().call("POST", &again, None).await.is(202);
        let place = queued.header("location").to_owned();
        assert_eq!(app.bearer().get(&place).await.is(200).json()["state"], "queued");
        assert_eq!(app.bearer().call("POST", format!("{place}/redeliver"), None).await.status, 409);
        couriers.round().await.unwrap();
        assert_eq!(names(&receiver), ["One", "Three", "One"]);
        assert_eq!(receiver.ids()[0], receiver.ids()[2], "the same message has the same id");
        assert_eq!(app.bearer().get(&place).await.is(200).json()["state"], "delivered");
        super::super::native::verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_pause_keeps_what_happens_and_a_test_goes_through_it() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let made = hook(&app, &receiver.url, "standard", &["*"]).await;
        let path = |tail: &str| at(&app, &format!("/{}/{tail}", id(&made)));
        assert_eq!(app.bearer().call("POST", path("pause"), None).await.is(200).json()["state"], "paused");
        let before = app.events().await.len();
        app.bearer().call("POST", path("pause"), None).await.is(200);
        assert_eq!(app.events().await.len(), before, "a repeat is no news");
        hire(&app, &["One"]).await;
        receiver.next([Manner::Status(500)]);
        let mut couriers = dispatcher(&app);
        for state in ["failed", "delivered"] {
            let queued = app.bearer().call("POST", path("test"), None).await.is(202);
            couriers.round().await.unwrap();
            let line = app.bearer().get(queued.header("location")).await.is(200).json();
            assert_eq!((&line["state"], &line["tries"], &line["kind"]), (&json!(state), &json!(1), &json!("test")));
            assert_eq!(line["response"], "ok!", "shown without what could harm");
        }
        let seen = receiver.seen();
        assert_eq!(seen.len(), 2, "a test is tried once, and a pause is a pause");
        assert_eq!(seen[0].json()["type"], "test");
        assert_eq!(seen[0].json()["data"], json!({"message": "Hello, World!"}));
        app.bearer().post(path("resume"), json!({})).await.is(200);
        couriers.round().await.unwrap();
        let kinds: Vec<String> =
            receiver.seen()[2..].iter().map(|got| got.json()["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(
            kinds,
            ["webhook.paused", "user.created", "webhook.tested", "webhook.tested", "webhook.resumed"],
            "in order, nothing left out"
        );
        // A deleted one is told nothing more, and shows nothing.
        hire(&app, &["Two"]).await;
        app.bearer().delete(at(&app, &format!("/{}", id(&made)))).await.is(204);
        couriers.round().await.unwrap();
        assert_eq!(receiver.seen().len(), 7);
        assert_eq!(app.bearer().get(path("deliveries")).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_runs_sends_by_itself() {
    let app = App::start(Place::sqlite()).await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    hook(&app, &receiver.url, "standard", &["user.*"]).await;
    let stop = CancellationToken::new();
    let job = tokio::spawn(jobs::webhooks(app.server().clone(), stop.clone()));
    hire(&app, &["One"]).await;
    receiver.wait(1).await;
    hire(&app, &["Two", "Three"]).await;
    receiver.wait(3).await;
    assert_eq!(names(&receiver), ["One", "Two", "Three"]);
    stop.cancel();
    job.await.unwrap();
    let (text, _) = (app.bearer().get("/metrics").await.body, ());
    assert!(text.contains("guildhall_webhook_tries_total{outcome=\"accepted\"} 3"), "{text}");
}

#[tokio::test]
async fn old_lines_and_deleted_webhooks_are_pruned() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let keep = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        let drop = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        let mut couriers = dispatcher(&app);
        hire(&app, &["One"]).await;
        couriers.round().await.unwrap();
        app.bearer().delete(at(&app, &format!("/{}", id(&drop)))).await.is(204);
        wait(&app, 6 * 86_400);
        hire(&app, &["Two"]).await;
        couriers.round().await.unwrap();
        app.engine.prune().await.unwrap();
        assert_eq!(log(&app, &keep).await.len(), 2);
        wait(&app, 2 * 86_400);
        app.engine.prune().await.unwrap();
        assert_eq!(log(&app, &keep).await.len(), 1);
        let page = app.bearer().get(at(&app, "")).await.is(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    })
    .await;
}
