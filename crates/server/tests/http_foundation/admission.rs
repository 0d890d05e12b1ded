//! Heads, paths, methods, hosts: what is refused before and by the router, and in which form.

use super::*;

#[tokio::test]
async fn an_answer_carries_its_fields() {
    let app = usual().await;
    let answer = app.get("/items/a%2Fb").await;
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(answer.headers()["x-request-id"].to_str().expect("text").parse::<uuid::Uuid>().is_ok());
    assert_eq!(json(answer).await, json!({ "id": "a/b" }));
}

#[tokio::test]
async fn a_slow_head_is_cut_and_so_is_silence() {
    let app = start(Limits { head_time: Duration::from_millis(200), ..Limits::default() }, |_| ()).await;
    for begun in ["", "PRI * HT", "GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let answer = app.raw(begun).await;
        assert!(!answer.contains("200"), "{answer}");
    }
}

#[tokio::test]
async fn heads_are_bounded_in_the_dialects_form() {
    let app = usual().await;
    let get = |path: &str, fields: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
    assert_form(&app.raw(get(&format!("/{}", "a".repeat(9000)), "")).await, 414);
    let fields = |n: usize| (0..n).map(|i| format!("x-{i}: 1\r\n")).collect::<String>();
    assert_form(&app.raw(get("/hello", &fields(63))).await, 431);
    assert!(app.raw(get("/hello", &fields(62))).await.starts_with("HTTP/1.1 200 "));
    // Far beyond, hyper answers before us, without a body.
    assert!(app.raw(get("/hello", &fields(500))).await.starts_with("HTTP/1.1 431 "));
    let huge = app.raw(get("/hello", &format!("x: {}\r\n", "y".repeat(17_000)))).await;
    assert!(huge.starts_with("HTTP/1.1 431 "), "{huge}");
}

#[tokio::test]
async fn unclear_requests_are_400() {
    let app = usual().await;
    for head in [
        "GET /%zz HTTP/1.1\r\nHost: x",
        "GET /%ff HTTP/1.1\r\nHost: x",
        "GET /a%00b HTTP/1.1\r\nHost: x",
        "GET /hello HTTP/1.1",
        "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y",
        "GET /hello HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b",
        "GET /typed/none HTTP/1.1\r\nHost: x",
        "OPTIONS * HTTP/1.1\r\nHost: x",
        "CONNECT x:1 HTTP/1.1\r\nHost: x",
    ] {
        assert_form(&app.raw(format!("{head}\r\nConnection: close\r\n\r\n")).await, 400);
    }
    for path in ["//", "/items//x", "/items/", "/a/../hello", "/hello/"] {
        assert_form(&app.raw(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await, 404);
    }
}

#[tokio::test]
async fn the_routers_refusals_speak_the_dialect() {
    let app = usual().await;
    let answer = app.get("/other/none").await;
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert_eq!(
        json(answer).await,
        json!({ "dialect": "other", "status": 404, "detail": "there is nothing at this path", "request": id })
    );
    let answer = client().delete(app.at("/hello")).send().await.expect("answers");
    assert_eq!((answer.status().as_u16(), answer.headers()["allow"].as_bytes()), (405, &b"GET,HEAD"[..]));
    assert_eq!(json(answer).await["detail"], "this path does not take DELETE");
    let answer = app.get("/busy").await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"7"[..]));
    assert_eq!(json(answer).await["status"], 503);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let app = usual().await;
    for (path, status) in [("/hello", 200), ("/none", 404)] {
        let answer = app.raw(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(answer.contains("content-length: "), "{answer}");
    }
}

#[tokio::test]
async fn hosts_and_proxies_are_as_configured() {
    let app = start(Limits::default(), |settings| {
        settings.allowed_hosts = vec!["groups.example".to_owned()];
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        settings.manners = Some(|uri| uri.path().to_lowercase().parse().ok());
    })
    .await;
    let ask = async |host: &str| {
        let head =
            format!("GET /ORIGIN HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https");
        app.raw(format!("{head}\r\nConnection: close\r\n\r\n")).await
    };
    assert_form(&ask("evil.example").await, 421);
    let answer = ask("Groups.example:8080").await;
    assert!(answer.ends_with(r#"{"client":"192.0.2.7","scheme":"https"}"#), "{answer}");
}

#[tokio::test]
async fn a_panic_is_500_and_the_server_goes_on() {
    let app = usual().await;
    let answer = app.get("/panic").await;
    assert_eq!(answer.status(), 500);
    let body = answer.text().await.expect("text");
    assert!(body.contains("\"dialect\":\"test\"") && !body.contains("purpose"), "{body}");
    assert_eq!(app.get("/hello").await.status(), 200);
}

#[tokio::test]
async fn the_deadline_is_for_the_head_of_the_answer() {
    let app = start(Limits { deadline: Duration::from_millis(200), ..Limits::default() }, |_| ()).await;
    let answer = app.get("/forever").await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"1"[..]));
    assert_eq!(json(answer).await["dialect"], "test");
    assert_eq!(app.get("/stream").await.text().await.expect("to its end"), "tick\n".repeat(4));
}

#[tokio::test]
async fn a_used_up_rate_says_when_to_come_back() {
    let rates = guildhall_server::http::rate::Rates::new(2);
    let key = uuid::Uuid::from_u128(7);
    assert!(rates.check(key).is_ok() && rates.check(key).is_ok());
    let wait = rates.check(key).expect_err("the third").0;
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(rates.check(uuid::Uuid::from_u128(8)).is_ok());
}
