//! Which doors there are: TLS, HTTP/2, the Unix-domain socket, and how many may be inside.

use std::os::unix::fs::PermissionsExt;

use guildhall_server::http::tls;
use tokio::net::UnixStream;

use super::*;

fn certificate(dir: &std::path::Path) -> (Arc<rustls::ServerConfig>, reqwest::Certificate) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    assert!(tls::load(&key, &cert).expect_err("the wrong way round").to_string().contains("key.pem"));
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("reads");
    (tls::load(&cert, &key).expect("loads"), trusted)
}

#[tokio::test]
async fn tls_speaks_both_http_versions() {
    logging::Lines::shared();
    let dir = tempfile::tempdir().expect("a directory");
    let (config, trusted) = certificate(dir.path());
    let limits = Limits { head_time: Duration::from_millis(500), ..Limits::default() };
    let bound = listen::tcp("127.0.0.1:0", Some(config), &limits).await.expect("a free port");
    let address = bound.address().expect("an address");
    assert_eq!(bound.url(), format!("https://{address}"));
    let stop = CancellationToken::new();
    let running = tokio::spawn(bound.serve(wrap(routes(Gate::default()), settings(&limits)), stop.clone()));
    for one in [true, false] {
        let client = building().tls_certs_only([trusted.clone()]);
        let client = if one { client.http1_only() } else { client };
        let url = format!("https://localhost:{}/origin", address.port());
        let answer = client.build().expect("a client").get(url).send().await.expect("answers");
        assert_eq!(answer.version() == axum::http::Version::HTTP_2, !one);
        assert_eq!(json(answer).await["scheme"], "https");
    }
    // A handshake that never begins has its deadline.
    assert_eq!(all(&mut TcpStream::connect(address).await.expect("connects")).await, "");
    stop.cancel();
    running.await.expect("ends");
}

#[tokio::test]
async fn http2_without_tls_and_its_refusals() {
    let app = usual().await;
    let client = building().http2_prior_knowledge().build().expect("a client");
    let ask = async |path: &str| client.get(app.at(path)).send().await.expect("answers");
    let answer = ask(&format!("/{}", "a".repeat(9000))).await;
    assert_eq!(answer.status(), 414);
    assert_eq!(json(answer).await["dialect"], "test");
    assert_eq!(ask("/hello").await.text().await.expect("text"), "hello");
    let head = client.head(app.at("/none")).send().await.expect("answers");
    assert_eq!((head.status().as_u16(), head.text().await.expect("text").as_str()), (404, ""));
}

#[tokio::test]
async fn the_socket_is_its_owners_and_goes_away() {
    logging::Lines::shared();
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("g.db.sock");
    let limits = Limits::default();
    drop(listen::unix(&path, &limits).expect("opens")); // leaves its file, as a killed server would
    assert!(path.exists());
    let bound = listen::unix(&path, &limits).expect("opens again");
    assert_eq!(std::fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
    let stop = CancellationToken::new();
    let running = tokio::spawn(bound.serve(wrap(routes(Gate::default()), settings(&limits)), stop.clone()));
    let mut stream = UnixStream::connect(&path).await.expect("connects");
    stream.write_all(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sends");
    assert!(all(&mut stream).await.ends_with("hello"));
    stop.cancel();
    running.await.expect("ends");
    assert!(std::fs::read_dir(dir.path()).expect("reads").next().is_none());
}

#[tokio::test]
async fn a_taken_port_says_what_to_do() {
    let app = usual().await;
    let why = listen::tcp(&app.address.to_string(), None, &Limits::default()).await.err().expect("taken").to_string();
    assert!(why.starts_with("cannot listen on 127.0.0.1:") && why.ends_with("--listen HOST:PORT"), "{why}");
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_their_turn() {
    let app = start(Limits { connections: 1, ..Limits::default() }, |_| ()).await;
    let close = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let begin = async |path: &str| {
        let mut stream = TcpStream::connect(app.address).await.expect("connects");
        stream.write_all(close(path).as_bytes()).await.expect("sends");
        stream
    };
    let mut first = begin("/wait").await;
    app.gate.entered.notified().await;
    let mut second = begin("/hello").await;
    let early = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(early.is_err(), "served beside the first");
    app.gate.go.notify_one();
    assert!(all(&mut first).await.ends_with("done"));
    assert!(all(&mut second).await.ends_with("hello"));
}
