//! Stopping: what is begun is finished, nothing new is taken, and it does not last for ever.

use super::*;

#[tokio::test]
async fn stopping_finishes_what_is_begun_and_takes_nothing_new() {
    let app = usual().await;
    let mut idle = TcpStream::connect(app.address).await.expect("connects");
    let begun = tokio::spawn(client().get(app.at("/wait")).send());
    app.gate.entered.notified().await;
    app.stop.cancel();
    assert_eq!(all(&mut idle).await, "", "an idle connection is closed");
    // The port closes at once, though a request is still being answered.
    let refused = async {
        while TcpStream::connect(app.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused).await.expect("new connections are refused");
    assert!(!app.running.is_finished());
    app.gate.go.notify_one();
    let answer = begun.await.expect("runs").expect("answers");
    assert_eq!(answer.text().await.expect("text"), "done");
    app.running.await.expect("ends");
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let app = start(Limits { stop_time: Duration::from_millis(100), ..Limits::default() }, |_| ()).await;
    let begun = tokio::spawn(client().get(app.at("/wait")).send());
    app.gate.entered.notified().await;
    app.stop.cancel();
    app.running.await.expect("ends");
    assert!(begun.await.expect("runs").is_err());
}
