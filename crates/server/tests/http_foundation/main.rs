//! The HTTP foundation over real sockets: a small application behind the real listener and layers.

mod admission;
mod doors;
mod ending;
mod intake;
mod logging;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use guildhall_server::{
    config::Limits,
    http::{
        body,
        layers::{Asked, BodySize, Plan, Refusal, Settings, wrap},
        listen,
        peer::Origin,
        stop::CancellationToken,
    },
    metrics::Metrics,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};

/// Lets a test hold a request inside its handler.
#[derive(Clone, Default)]
struct Gate {
    entered: Arc<Notify>,
    go: Arc<Notify>,
}

struct App {
    url: String,
    address: SocketAddr,
    gate: Gate,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn routes(gate: Gate) -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/items/{id}", get(async |Path(id): Path<String>| Json(json!({ "id": id }))))
        .route("/typed/{id}", get(async |Path(_id): Path<uuid::Uuid>| "never"))
        .route("/echo", post(echo))
        .route("/large", post(echo))
        .route("/plain", post(async |bytes: Bytes| bytes.len().to_string()))
        .route("/panic", get(async || -> String { panic!("of set purpose") }))
        .route("/forever", get(async || std::future::pending::<String>().await))
        .route("/busy", get(async || (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "7")])))
        .route("/origin", get(origin))
        .route("/wait", get(wait))
        .route("/stream", get(stream))
        .with_state(gate)
}

async fn origin(Extension(origin): Extension<Origin>) -> Json<Value> {
    Json(json!({ "client": origin.client, "scheme": origin.scheme }))
}

async fn wait(State(gate): State<Gate>) -> &'static str {
    gate.entered.notify_one();
    gate.go.notified().await;
    "done"
}

/// Goes on for longer than the deadline of the test that reads it.
async fn stream() -> Body {
    Body::from_stream(futures_util::stream::unfold(0, async |tick| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (tick < 4).then_some((Ok::<_, std::io::Error>("tick\n"), tick + 1))
    }))
}

async fn echo(headers: HeaderMap, body: Body) -> Result<Json<Value>, Response> {
    let read = async {
        let bytes = body::read(body, u64::MAX).await?;
        body::parse::<Value>(&headers, &bytes)
    };
    read.await.map(Json).map_err(|why| {
        let body = json!({ "dialect": "test", "status": why.status().as_u16(), "detail": why.to_string() });
        (why.status(), Json(body)).into_response()
    })
}

fn refuse(asked: &Asked, refusal: Refusal) -> Response {
    let dialect = if asked.path().starts_with("/other") { "other" } else { "test" };
    let Refusal { status, detail, request_id, .. } = refusal;
    let request = request_id.to_string();
    (status, Json(json!({ "dialect": dialect, "status": status.as_u16(), "detail": detail, "request": request })))
        .into_response()
}

fn plan(_: &Method, path: &str) -> Plan {
    let body = if path == "/large" { BodySize::Large } else { BodySize::Usual };
    Plan { body, ..Plan::of("test") }
}

fn settings(limits: &Limits) -> Settings {
    Settings {
        limits: limits.clone(),
        trusted_proxies: vec![],
        allowed_hosts: vec![],
        refuse,
        plan,
        manners: None,
        metrics: Metrics::default(),
    }
}

async fn start(limits: Limits, change: impl FnOnce(&mut Settings)) -> App {
    logging::Lines::shared();
    let bound = listen::tcp("127.0.0.1:0", None, &limits).await.expect("a free port");
    let (gate, stop) = (Gate::default(), CancellationToken::new());
    let mut settings = settings(&limits);
    change(&mut settings);
    let service = wrap(routes(gate.clone()), settings);
    let (url, address) = (bound.url().to_owned(), bound.address().expect("an address"));
    let running = tokio::spawn(bound.serve(service, stop.clone()));
    App { url, address, gate, stop, running }
}

async fn usual() -> App {
    start(Limits::default(), |_| ()).await
}

fn building() -> reqwest::ClientBuilder {
    // From the second call on there is one already, and it is the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

fn client() -> reqwest::Client {
    building().build().expect("a client")
}

impl App {
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Sends bytes, reads until the server closes.
    async fn raw(&self, text: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        stream.write_all(text.as_ref()).await.expect("sends");
        all(&mut stream).await
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.at(path)).send().await.expect("answers")
    }
}

/// All there is to read, up to the end or a reset.
async fn all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The answer has this status and the dialect's form.
#[track_caller]
fn assert_form(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("\"dialect\":\"test\""), "{answer}");
    assert!(answer.contains("x-request-id: "), "{answer}");
}

async fn json(answer: reqwest::Response) -> Value {
    answer.json().await.expect("json")
}
