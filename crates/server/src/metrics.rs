//! What is counted, and how it is told to Prometheus.
//!
//! Requests are counted as they end, through handles looked up by what the labels say; all else is read where it is
//! kept when somebody asks. Names and meanings are listed in `docs/metrics.md`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use guildhall_domain::caller::Dialect;
use guildhall_engine::Engine;
use http::Method;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper bounds of the latency buckets, in seconds.
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const ABOUT: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Everything that this process counts. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// By route; a route has few combinations of the rest, so they are looked through.
    requests: RwLock<HashMap<Box<str>, Vec<Requests>>>,
    state: State,
}

/// The handles of one combination of labels.
struct Requests {
    dialect: &'static str,
    method: &'static str,
    status: u16,
    count: Counter,
    seconds: Histogram,
}

/// What is read when somebody asks.
struct State {
    writes: Counter,
    commits: Counter,
    queue: Gauge,
    revisions: Counter,
    highest: Gauge,
    busy: Gauge,
    open: Gauge,
    memory: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        // Refused only for an empty list of buckets.
        let builder = PrometheusBuilder::new();
        let recorder = builder.set_buckets(SECONDS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        describe(&recorder);
        let counter = |name: &'static str| recorder.register_counter(&Key::from_static_name(name), &ABOUT);
        let gauge = |key: Key| recorder.register_gauge(&key, &ABOUT);
        let named = |name: &'static str| gauge(Key::from_static_name(name));
        let pool = |state| gauge(labelled("guildhall_pool_connections", &[("state", state)]));
        gauge(labelled("guildhall_build_info", &[("version", env!("CARGO_PKG_VERSION"))])).set(1.0);
        let state = State {
            writes: counter("guildhall_writes_total"),
            commits: counter("guildhall_commits_total"),
            queue: named("guildhall_write_queue"),
            revisions: counter("guildhall_revisions_total"),
            highest: named("guildhall_revision_highest"),
            busy: pool("busy"),
            open: pool("open"),
            memory: named("process_resident_memory_bytes"),
        };
        Self(Arc::new(Inner { handle: recorder.handle(), recorder, requests: RwLock::default(), state }))
    }
}

fn describe(to: &PrometheusRecorder) {
    let counters = [
        ("guildhall_requests_total", "Requests by dialect, method, matched route and status"),
        ("guildhall_refused_credentials_total", "Credentials that were missing or wrong, by dialect"),
        ("guildhall_webhook_tries_total", "Tries to deliver a message to a webhook, by outcome"),
        ("guildhall_writes_total", "Changes that this node has committed"),
        (
            "guildhall_commits_total",
            "Transactions that carried them: writes per commit is the quotient of the two rates",
        ),
        ("guildhall_revisions_total", "Revisions that this node has committed, of all companies together"),
    ];
    let gauges = [
        ("guildhall_write_queue", "Changes waiting for the writer or being written"),
        ("guildhall_revision_highest", "The highest revision of any company that this node has committed"),
        ("guildhall_pool_connections", "Database connections for reading (SQLite) or for all (PostgreSQL), by state"),
        ("guildhall_build_info", "Always 1; the label names the version"),
        ("process_resident_memory_bytes", "Resident memory of this process"),
    ];
    for (name, words) in counters {
        to.describe_counter(KeyName::from_const_str(name), None, words.into());
    }
    for (name, words) in gauges {
        to.describe_gauge(KeyName::from_const_str(name), None, words.into());
    }
    let words = "Time from a request's head to its answer's head, by dialect, method and matched route";
    to.describe_histogram(KeyName::from_const_str("guildhall_request_seconds"), Some(Unit::Seconds), words.into());
}

fn labelled(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    Key::from_parts(name, labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect::<Vec<_>>())
}

impl Metrics {
    /// Counts a request that has ended. The route is the pattern that matched; none where none did.
    pub fn request(&self, dialect: &'static str, method: &Method, route: Option<&str>, status: u16, took: Duration) {
        let (method, route) = (word(method), route.unwrap_or("none"));
        let same = |r: &&Requests| r.status == status && r.method == method && r.dialect == dialect;
        let known = self.0.requests.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(route).and_then(|all| all.iter().find(same)) {
            found.count.increment(1);
            found.seconds.record(took);
            return;
        }
        drop(known);
        let labels = [("dialect", dialect), ("method", method), ("route", route)];
        let status_text = status.to_string();
        let all = [&labels[..], &[("status", status_text.as_str())]].concat();
        let recorder = &self.0.recorder;
        let count = recorder.register_counter(&labelled("guildhall_requests_total", &all), &ABOUT);
        let seconds = recorder.register_histogram(&labelled("guildhall_request_seconds", &labels), &ABOUT);
        count.increment(1);
        seconds.record(took);
        // Two that come here at once get handles of the same counter; the second entry is never found and does no harm.
        let mut known = self.0.requests.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(route.into()).or_default().push(Requests { dialect, method, status, count, seconds });
    }

    /// Counts a credential that was missing or wrong.
    pub fn refused_credential(&self, dialect: Dialect) {
        let key = labelled("guildhall_refused_credentials_total", &[("dialect", dialect.word())]);
        self.0.recorder.register_counter(&key, &ABOUT).increment(1);
    }

    /// Counts a try to deliver a message to a webhook.
    pub fn delivery(&self, accepted: bool) {
        let outcome = if accepted { "accepted" } else { "failed" };
        let key = labelled("guildhall_webhook_tries_total", &[("outcome", outcome)]);
        self.0.recorder.register_counter(&key, &ABOUT).increment(1);
    }

    /// Everything counted so far, in the text format of Prometheus.
    pub fn render(&self, engine: &Engine) -> String {
        let (state, stats) = (&self.0.state, engine.writer_stats());
        state.writes.absolute(stats.cases.load(Ordering::Relaxed));
        state.commits.absolute(stats.commits.load(Ordering::Relaxed));
        state.queue.set(stats.waiting.load(Ordering::Relaxed) as f64);
        state.revisions.absolute(stats.revisions.load(Ordering::Relaxed));
        state.highest.set(stats.highest.load(Ordering::Relaxed) as f64);
        let (busy, open) = engine.pool_usage();
        state.busy.set(busy as f64);
        state.open.set(open as f64);
        if let Some(bytes) = resident_bytes() {
            state.memory.set(bytes as f64);
        }
        let mut text = self.0.handle.render();
        // The library's counters are whole numbers, and this one's name and unit are a convention of Prometheus.
        if let Some(seconds) = cpu_seconds() {
            text.push_str("# HELP process_cpu_seconds_total User and system CPU time of this process\n");
            text.push_str("# TYPE process_cpu_seconds_total counter\n");
            text.push_str(&format!("process_cpu_seconds_total {seconds}\n"));
        }
        text
    }

    /// Folds what was recorded into its buckets; for a timer, since samples pile up between two calls.
    pub fn fold(&self) {
        self.0.handle.run_upkeep();
    }
}

/// The usual methods by name; a client may make others up, and each label value is kept for ever.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything: the 12th and 13th field, in hundredths of a second.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((f64::from(user) + f64::from(system)) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_route_and_never_by_what_clients_make_up() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        for status in [200, 200, 404] {
            metrics.request("native", &Method::GET, Some("/v1/things/{id}"), status, took);
        }
        metrics.request("native", &Method::from_bytes(b"BREW").unwrap(), None, 404, took);
        metrics.refused_credential(Dialect::Native);
        let text = metrics.0.handle.render();
        for line in [
            r#"guildhall_requests_total{dialect="native",method="GET",route="/v1/things/{id}",status="200"} 2"#,
            r#"guildhall_requests_total{dialect="native",method="other",route="none",status="404"} 1"#,
            r#"guildhall_request_seconds_bucket{dialect="native",method="GET",route="/v1/things/{id}",le="0.0025"} 0"#,
            r#"guildhall_request_seconds_bucket{dialect="native",method="GET",route="/v1/things/{id}",le="0.005"} 3"#,
            r#"guildhall_refused_credentials_total{dialect="native"} 1"#,
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn the_process_knows_its_own_size() {
        assert!(resident_bytes().is_none_or(|bytes| bytes > 1 << 20));
        assert!(cpu_seconds().is_none_or(|seconds| seconds >= 0.0));
    }
}
