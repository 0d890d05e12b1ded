//! The tables, in Markdown, so that they can be laid into `docs/benchmarks.md` as they are.

use std::time::Duration;

/// The measurements of one operation, a round each.
#[derive(Default)]
pub(crate) struct Rounds {
    /// CPU time of the ceiling over that of the server.
    pub(crate) ratio: Vec<f64>,
    /// CPU microseconds a request, server and database.
    pub(crate) micros: Vec<f64>,
    /// Requests a second.
    pub(crate) rate: Vec<f64>,
    /// Latencies in microseconds.
    pub p50: Vec<f64>,
    /// Latencies in microseconds.
    pub p99: Vec<f64>,
    /// Bytes of an answer's body.
    pub(crate) bytes: Vec<f64>,
    /// Writes a commit; none for reads.
    pub(crate) together: Vec<f64>,
}

/// The one in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The head of the table of operations.
pub(crate) fn head() -> &'static str {
    "| op | dialect | CPU ratio | CPU µs | requests/s | p50 ms | p99 ms | bytes | writes per commit |\n\
     |---|---|---|---|---|---|---|---|---|"
}

/// A line of the table of operations.
pub(crate) fn line(op: &str, dialect: &str, rounds: &Rounds) -> String {
    let together =
        if rounds.together.is_empty() { "–".to_owned() } else { format!("{:.1}", median(&rounds.together)) };
    format!(
        "| {op} | {dialect} | {:.3} | {:.1} | {:.0} | {:.2} | {:.2} | {:.0} | {together} |",
        median(&rounds.ratio),
        median(&rounds.micros),
        median(&rounds.rate),
        median(&rounds.p50) / 1000.0,
        median(&rounds.p99) / 1000.0,
        median(&rounds.bytes),
    )
}

/// Bytes as megabytes.
pub(crate) fn mb(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// A time with the digits that count.
pub(crate) fn time(time: Duration) -> String {
    if time < Duration::from_secs(2) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
