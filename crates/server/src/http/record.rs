//! The one log line of a request, and its place in the metrics: what was asked and how it ended, never who said what
//! in it.

use std::time::Instant;

use axum::{extract::MatchedPath, response::Response};
use hyper::body::Body as _;
use uuid::Uuid;

use super::refusal::Asked;
use crate::metrics::Metrics;

/// In the extensions of a response: the key that was presented and proved right, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub Uuid);

/// Written when dropped, so that a request whose client left has its line too.
pub(super) struct Record<'m> {
    pub(super) asked: Asked,
    dialect: &'static str,
    started: Instant,
    /// 499, as others write it, until there is an answer: the client left before.
    status: u16,
    route: Option<MatchedPath>,
    key: Option<KeyId>,
    bytes: Option<u64>,
    metrics: &'m Metrics,
}

impl<'m> Record<'m> {
    pub(super) fn open(asked: Asked, dialect: &'static str, metrics: &'m Metrics) -> Self {
        Self { asked, dialect, started: Instant::now(), status: 499, route: None, key: None, bytes: None, metrics }
    }

    pub(super) fn answered(&mut self, response: &mut Response) {
        self.status = response.status().as_u16();
        self.route = response.extensions_mut().remove();
        self.key = response.extensions_mut().remove();
        // A stream has no size yet; its line is written when it begins.
        self.bytes = response.body().size_hint().exact();
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let route = self.route.as_ref().map(MatchedPath::as_str);
        let took = self.started.elapsed();
        self.metrics.request(self.dialect, &self.asked.method, route, self.status, took);
        // Without a route the path itself, cut and escaped: it is the client's text.
        let path = route.is_none().then(|| self.asked.path().chars().take(200).collect::<String>());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "guildhall::request",
                    method = %self.asked.method,
                    route,
                    path = path.as_ref().map(tracing::field::debug),
                    status = self.status,
                    dialect = self.dialect,
                    key = self.key.map(|key| tracing::field::display(key.0)),
                    micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                    bytes = self.bytes,
                    request_id = %self.asked.request_id,
                    "request"
                )
            };
        }
        if self.status >= 500 { line!(warn) } else { line!(info) }
    }
}
