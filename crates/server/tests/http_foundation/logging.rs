//! The one line a request leaves, and what must not be in it.

use std::{
    io::{self, Write},
    sync::{Mutex, OnceLock},
};

use guildhall_server::http::layers::KeyId;

use super::*;

#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(line);
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The process's one log. Set up before the first request of any test: tracing remembers of each of its call sites
    /// whether anybody listened when it was first reached.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Lines> = OnceLock::new();
        SHARED.get_or_init(|| {
            let lines = Self::default();
            let writer = lines.clone();
            let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
            tracing::subscriber::set_global_default(subscriber.finish()).expect("the only one");
            lines
        })
    }

    fn requests(&self, dialect: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().expect("whole").clone()).expect("text");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("json"));
        lines.filter(|line| line["target"] == "guildhall::request" && line["dialect"] == dialect).collect()
    }
}

#[tokio::test]
async fn a_request_leaves_one_line_without_its_query() {
    let lines = Lines::shared();
    let limits = Limits { stop_time: Duration::from_millis(100), ..Limits::default() };
    let bound = listen::tcp("127.0.0.1:0", None, &limits).await.expect("a free port");
    let (url, stop, gate) = (bound.url().to_owned(), CancellationToken::new(), Gate::default());
    let keyed = async || (Extension(KeyId(uuid::Uuid::from_u128(7))), "hello");
    let settings = Settings { plan: |_, _| Plan::of("logged"), ..settings(&limits) };
    let router = routes(gate.clone()).route("/keyed/{id}", get(keyed));
    let running = tokio::spawn(bound.serve(wrap(router, settings), stop.clone()));

    let ask = async |path: &str| {
        client().get(format!("{url}{path}")).header("x-api-secret", "s3cret").send().await.expect("answers")
    };
    assert_eq!(ask("/keyed/5?token=s3cret").await.status(), 200);
    assert_eq!(ask("/none%20?token=s3cret").await.status(), 404);
    let left = tokio::spawn(client().get(format!("{url}/wait")).send());
    gate.entered.notified().await;
    stop.cancel();
    running.await.expect("ends");
    assert!(left.await.expect("runs").is_err());

    let requests = lines.requests("logged");
    assert_eq!(requests.len(), 3);
    let first = &requests[0];
    assert_eq!((&first["route"], &first["status"]), (&json!("/keyed/{id}"), &json!(200)));
    assert_eq!((&first["dialect"], &first["method"], &first["bytes"]), (&json!("logged"), &json!("GET"), &json!(5)));
    assert_eq!(first["key"], "00000000-0000-0000-0000-000000000007");
    assert!(first["micros"].is_u64() && first["request_id"].is_string());
    assert_eq!((&requests[1]["path"], &requests[1]["status"]), (&json!("\"/none%20\""), &json!(404)));
    assert_eq!(requests[2]["status"], 499, "the client was cut off");
    assert!(!format!("{requests:?}").contains("s3cret"));
}
