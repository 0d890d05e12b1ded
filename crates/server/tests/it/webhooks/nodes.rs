//! Several nodes on one database: each message is sent by one of them, and by another when that one dies.

use guildhall_testkit::receiver::Manner;
use guildhall_testkit::{App, Place, Receiver, on_both};

use super::{dispatcher, hire, hook, id, names, now, wait};

#[tokio::test]
async fn two_nodes_send_each_message_once_and_in_order() {
    let one = App::start(Place::postgres().await).await;
    let two = one.twin().await;
    let mut receivers = Vec::new();
    for _ in 0..4 {
        let receiver = Receiver::start(Manner::Status(200)).await;
        hook(&one, &receiver.url, "standard", &["user.created"]).await;
        receivers.push(receiver);
    }
    let (mut first, mut second) = (dispatcher(&one), dispatcher(&two));
    let people: Vec<String> = (0..60).map(|i| format!("Person {i}")).collect();
    for some in people.chunks(20) {
        hire(&one, &some.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (a, b) = tokio::join!(first.round(), second.round());
        a.unwrap();
        b.unwrap();
    }
    first.round().await.unwrap();
    for receiver in &receivers {
        assert_eq!(names(receiver), people);
    }
}

#[tokio::test]
async fn a_claim_is_given_to_one_and_runs_out() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        let hook_id = guildhall_domain::ids::WebhookId::parse("id", id(&made)).unwrap();
        let company = app.company();
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let engine = app.engine.clone();
            claims.spawn(async move { engine.claim_webhook(company, hook_id).await.unwrap() });
        }
        let claims = claims.join_all().await;
        assert_eq!(claims.iter().flatten().count(), 1, "{claims:?}");
        // Whoever has it dies. Its messages wait for the end of the lease, and no longer.
        hire(&app, &["One"]).await;
        let mut couriers = dispatcher(&app);
        couriers.round().await.unwrap();
        assert_eq!(receiver.seen().len(), 0);
        wait(&app, 61);
        couriers.round().await.unwrap();
        assert_eq!(names(&receiver), ["One"]);
        // The dead one comes back: what it has to say is not heard.
        let lease = claims.into_iter().flatten().next().unwrap();
        let at = now(&app, &made).await["deliveredRevision"].clone();
        assert!(app.engine.load_webhook(company, hook_id, lease).await.unwrap().is_none());
        let late = app.engine.settle_webhook(company, hook_id, lease, Vec::new(), Some(99), true).await.unwrap();
        assert!(!late);
        assert_eq!(now(&app, &made).await["deliveredRevision"], at);
    })
    .await;
}
