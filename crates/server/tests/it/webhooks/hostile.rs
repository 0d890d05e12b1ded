//! Receivers that hang, lie, redirect, and names that lead where nobody may go.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use guildhall_server::config::Limits;
use guildhall_server::http::reach::Reach;
use guildhall_server::http::stop::CancellationToken;
use guildhall_server::jobs;
use guildhall_testkit::receiver::Manner;
use guildhall_testkit::{App, Place, Receiver, loopback, on_both};
use serde_json::json;

use super::{at, dispatcher, hire, hook, id, log, now};

async fn patient(milliseconds: u64) -> App {
    let reach = loopback().within(Duration::from_millis(milliseconds));
    App::reaching(Place::sqlite(), Limits::default(), reach).await
}

#[tokio::test]
async fn each_bad_answer_is_a_failure_and_told_as_such() {
    let app = patient(700).await;
    let elsewhere = Receiver::start(Manner::Status(200)).await;
    let redirect = format!("HTTP/1.1 307 Away\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let huge_head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1_000_000));
    for (manner, wanted) in [
        (Manner::Status(302), "redirects are not followed"),
        (Manner::Bytes(redirect.into_bytes()), "redirects are not followed"),
        (Manner::Status(404), "404"),
        (Manner::Close, "no whole answer"),
        (Manner::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()), "no whole answer"),
        (Manner::Bytes(huge_head.into_bytes()), "no whole answer"),
        (Manner::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".to_vec()), "no whole answer"),
        (Manner::Hang, "no answer within 700ms"),
    ] {
        let receiver = Receiver::start(manner.clone()).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        hire(&app, &[&format!("For {}", receiver.url)]).await;
        let began = Instant::now();
        dispatcher(&app).round().await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{wanted} took {:?}", began.elapsed());
        let log = log(&app, &made).await;
        assert!(log.len() == 1 && log[0].contains("retrying 1") && log[0].contains(wanted), "{wanted}: {log:?}");
        app.bearer().delete(at(&app, &format!("/{}", id(&made)))).await.is(204);
    }
    assert_eq!(elsewhere.seen().len(), 0, "nobody was sent there");
}

#[tokio::test]
async fn a_body_that_does_not_end_does_not_take_the_status_with_it() {
    let app = patient(700).await;
    for manner in [Manner::Endless, Manner::Trickle] {
        let receiver = Receiver::start(manner.clone()).await;
        let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
        hire(&app, &[&format!("One of {manner:?}"), &format!("Two of {manner:?}")]).await;
        dispatcher(&app).round().await.unwrap();
        assert_eq!(log(&app, &made).await.len(), 2, "{manner:?}");
        assert!(log(&app, &made).await.iter().all(|line| line == "user.created delivered 1 200"), "{manner:?}");
        let page = app.bearer().get(at(&app, &format!("/{}/deliveries", id(&made)))).await.json();
        assert!(page["items"][0]["response"].as_str().unwrap().len() <= 1000);
        app.bearer().delete(at(&app, &format!("/{}", id(&made)))).await.is(204);
    }
}

#[tokio::test]
async fn nobody_listens() {
    let app = patient(700).await;
    let gone = { Receiver::start(Manner::Status(200)).await.url.clone() };
    let made = hook(&app, &gone, "standard", &["user.created"]).await;
    hire(&app, &["One"]).await;
    dispatcher(&app).round().await.unwrap();
    assert_eq!(log(&app, &made).await, ["user.created retrying 1 \"the connection failed: connection refused\""]);
}

#[tokio::test]
async fn a_line_that_the_receiver_has_closed_is_opened_anew() {
    let app = patient(5000).await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let made = hook(&app, &receiver.url, "standard", &["user.created"]).await;
    let closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec();
    receiver.next([Manner::Bytes(closing), Manner::Status(200), Manner::Close, Manner::Status(200)]);
    hire(&app, &["One", "Two", "Three"]).await;
    dispatcher(&app).round().await.unwrap();
    // The third came twice: on the line that was cut, and on a new one.
    assert_eq!(receiver.seen().len(), 4);
    assert_eq!(log(&app, &made).await, ["user.created delivered 1 200"; 3]);
}

#[tokio::test]
async fn addresses_inside_are_never_called() {
    on_both(async |app| {
        for url in [
            "http://10.0.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://192.168.0.1:8443/",
            "http://1.1.1.1/",
        ] {
            let body = json!({"url": url, "events": ["*"]});
            let reply = app.bearer().post(at(&app, ""), body).await.is(400);
            assert_eq!(reply.json()["errors"][0]["field"], "url", "{reply}");
        }
    })
    .await;
}

/// A name server of the test's own: which addresses a name has, asked for the `n`th time.
fn lying(answers: impl Fn(&str, usize) -> Vec<&'static str> + Send + Sync + 'static) -> Reach {
    let asked = Arc::new(AtomicUsize::new(0));
    let answers = Arc::new(answers);
    loopback().within(Duration::from_secs(2)).resolving(move |host, port| {
        let found = answers(&host, asked.fetch_add(1, Ordering::SeqCst));
        async move { Ok(found.into_iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect()) }
    })
}

#[tokio::test]
async fn a_name_is_refused_when_any_of_its_addresses_is_inside() {
    let reach = lying(|host, _| match host {
        "mixed.example" => vec!["127.0.0.1", "10.0.0.1"],
        "inside.example" => vec!["192.168.7.7"],
        "mapped.example" => vec!["::ffff:169.254.169.254"],
        "none.example" => vec![],
        _ => vec!["127.0.0.1"],
    });
    let app = App::reaching(Place::sqlite(), Limits::default(), reach).await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let port = receiver.url.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    for (host, wanted) in [
        ("mixed.example", "may not be called"),
        ("inside.example", "may not be called"),
        ("mapped.example", "may not be called"),
        ("none.example", "has no address"),
        ("good.example", "delivered"),
    ] {
        let made = hook(&app, &format!("http://{host}:{port}/x"), "standard", &["user.created"]).await;
        hire(&app, &[&format!("For {host}")]).await;
        dispatcher(&app).round().await.unwrap();
        let log = log(&app, &made).await;
        assert!(log[0].contains(wanted), "{host}: {log:?}");
        assert!(!log[0].contains("192.168") && !log[0].contains("10.0.0.1"), "our insides are not told: {log:?}");
        app.bearer().delete(at(&app, &format!("/{}", id(&made)))).await.is(204);
    }
    assert_eq!(receiver.seen().len(), 1);
    assert_eq!(receiver.seen()[0].header("host"), format!("good.example:{port}"));
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_asked_at_every_try() {
    // Good while it is looked at, bad once a line is open: the line is not used any more.
    let reach = lying(|_, n| if n < 2 { vec!["127.0.0.1"] } else { vec!["10.0.0.1"] });
    let app = App::reaching(Place::sqlite(), Limits::default(), reach).await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let port = receiver.url.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    let made = hook(&app, &format!("http://turncoat.example:{port}/x"), "standard", &["user.created"]).await;
    hire(&app, &["One", "Two", "Three"]).await;
    dispatcher(&app).round().await.unwrap();
    assert_eq!(receiver.seen().len(), 2);
    assert!(log(&app, &made).await[0].contains("may not be called"));
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody_else() {
    let app = patient(10_000).await;
    let (good, mut bad) = (Receiver::start(Manner::Status(200)).await, Vec::new());
    for _ in 0..8 {
        let receiver = Receiver::start(Manner::Hang).await;
        hook(&app, &receiver.url, "standard", &["user.*"]).await;
        bad.push(receiver);
    }
    let made = hook(&app, &good.url, "standard", &["user.*"]).await;
    let stop = CancellationToken::new();
    let job = tokio::spawn(jobs::webhooks(app.server().clone(), stop.clone()));
    let began = Instant::now();
    hire(&app, &["One", "Two"]).await;
    good.wait(2).await;
    hire(&app, &["Three"]).await;
    good.wait(3).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    for receiver in &bad {
        receiver.wait(1).await;
    }
    assert_eq!(now(&app, &made).await["state"], "active");
    job.abort();
}
