//! Bodies: size, shape and speed.

use super::*;

#[tokio::test]
async fn bodies_are_bounded_by_promise_and_by_count() {
    let app = usual().await;
    let three = "x".repeat(3 << 20);
    let post = |path: &str| client().post(app.at(path)).header("content-type", "application/json");
    for path in ["/echo", "/plain", "/none"] {
        let answer = post(path).body(three.clone()).send().await.expect("answers");
        assert_eq!(answer.status(), 413, "{path}");
        assert_eq!(json(answer).await["detail"], "the body is larger than 2097152 bytes");
    }
    for path in ["/echo", "/plain"] {
        let chunks = futures_util::stream::iter((0..48).map(|_| Ok::<_, std::io::Error>("x".repeat(1 << 16))));
        let answer = post(path).body(reqwest::Body::wrap_stream(chunks)).send().await.expect("answers");
        assert_eq!(answer.status(), 413, "{path}");
        assert_eq!(json(answer).await["dialect"], "test");
    }
    let answer = post("/large").body(format!("\"{three}\"")).send().await.expect("answers");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn an_unread_body_does_not_cost_its_sender_the_answer() {
    let app = usual().await;
    let client = client();
    for _ in 0..20 {
        let answer = client.post(app.at("/hello")).body("x".repeat(1 << 20)).send().await.expect("answers");
        assert_eq!(answer.status(), 405);
    }
}

#[tokio::test]
async fn bodies_that_are_not_what_is_read_are_refused() {
    let app = usual().await;
    let post = |body: String| client().post(app.at("/echo")).header("content-type", "application/json").body(body);
    let deep = post("[".repeat(100_000)).send().await.expect("answers");
    assert_eq!(deep.status(), 400);
    assert_eq!(json(deep).await["detail"], "the body is nested deeper than 32 levels");
    assert_eq!(post("{".to_owned()).send().await.expect("answers").status(), 400);
    let typed = client().post(app.at("/echo")).body("{}").send().await.expect("answers");
    assert_eq!(typed.status(), 415);
}

fn slow(path: &str, length: usize) -> String {
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json");
    format!("{head}\r\nContent-Length: {length}\r\n\r\n{{")
}

#[tokio::test]
async fn a_slow_body_is_408_and_not_our_deadline() {
    let limits =
        Limits { request_time: Duration::from_millis(300), deadline: Duration::from_millis(100), ..Limits::default() };
    let app = start(limits, |_| ()).await;
    for path in ["/echo", "/plain"] {
        assert_form(&app.raw(slow(path, 9)).await, 408);
    }
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_408() {
    let app = start(Limits { request_time: Duration::from_secs(60), ..Limits::default() }, |_| ()).await;
    let begun = std::time::Instant::now();
    assert_form(&app.raw(slow("/echo", 9000)).await, 408);
    assert!((9..20).contains(&begun.elapsed().as_secs()));
}
