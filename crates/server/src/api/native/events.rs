//! The journal: as pages, and as a live stream of server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::page::Page;
use guildhall_domain::{Error, Result};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::error::Failure;
use super::extract::{Read, number};
use super::once::Answer;
use super::{Reply, list, wire};
use crate::app::App;
use crate::http::caller::{Manner, presented};
use crate::http::cursor::Cursor;
use crate::http::stop::{CancellationToken, Stopping};

/// Between two looks at the journal: what other nodes write shows within this.
const LOOK: Duration = Duration::from_secs(1);
/// Between two proofs that the key still works; what is taken away is gone within this.
const PROOF: Duration = Duration::from_secs(5);
/// The longest silence, so that nobody on the way takes the stream for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// Events read at a time.
const CHUNK: u32 = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find)).routes(routes!(verify))
}

/// Lists the events behind a revision, oldest first. With `Accept: text/event-stream` it is a live stream that goes on
/// as things happen: `id` is the revision, `event` the kind and `data` the event as in a page. It begins behind
/// `Last-Event-ID`, `after` or `cursor`, or else with what happens next.
#[utoipa::path(get, path = "/v1/companies/{company}/events", operation_id = "listEvents", tag = "Events",
    params(wire::OfCompany, wire::ListEvents,
        ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that a broken stream brought."),
        ("Accept" = Option<String>, Header, description = "`text/event-stream` for a live stream.")),
    responses((status = 200, description = "One page of events, or the stream.",
        content((wire::List<wire::Event> = "application/json"), (String = "text/event-stream")))))]
async fn find(
    State(app): State<App>,
    stopping: Option<Extension<Stopping>>,
    read: Read<wire::OfCompany, wire::ListEvents>,
) -> Reply {
    let Read { caller, path: _, query, uri, headers } = read;
    let limit = query.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(Error::invalid("limit", "must be 1 to 1,000").into());
    }
    let after = match (query.after, query.cursor.as_deref()) {
        (Some(_), Some(_)) => return Err(Error::invalid("cursor", "does not go with `after`").into()),
        (None, Some(cursor)) => Some(<u64 as Cursor>::parse(cursor)?),
        (after, None) => after,
    };
    if after.is_some_and(|after| i64::try_from(after).is_err()) {
        return Err(Error::invalid("after", "is beyond every revision").into());
    }
    let subject = query.subject.map(|id| id.0);
    if wants_stream(&headers) {
        let after = number(&headers, "Last-Event-ID")?.or(after);
        let stop = stopping.map(|Extension(Stopping(stop))| stop);
        return stream(app, caller, headers, after, subject, stop).await;
    }
    match query.sort.as_deref() {
        None | Some("revision") => {}
        Some("-revision") if query.after.is_some() => {
            return Err(Error::invalid("after", "does not go with the newest first").into());
        }
        Some("-revision") => {
            let before = after.unwrap_or(i64::MAX as u64);
            let mut entries = app.engine().events_before(&caller, before, subject, limit + 1).await?;
            let more = entries.len() > limit as usize;
            entries.truncate(limit as usize);
            let next = entries.last().map(|entry| entry.revision).filter(|_| more);
            let items = entries.iter().map(wire::Event::of).collect::<Result<Vec<_>>>()?;
            return list(&uri, Page { items, next, total: None });
        }
        Some(_) => return Err(Error::invalid("sort", "must be one of `revision`, `-revision`").into()),
    }
    let after = after.unwrap_or(0);
    let mut entries = app.engine().events(&caller, after, subject, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().map(|entry| entry.revision).filter(|_| more);
    let items = entries.iter().map(wire::Event::of).collect::<Result<Vec<_>>>()?;
    // The cursor says all that `after` said.
    list(&uri, Page { items, next, total: None })
}

/// Checks the hash chains of the journal and of the refusals, without trusting anything but the hashes.
#[utoipa::path(get, path = "/v1/companies/{company}/events/verification", operation_id = "verifyEvents", tag = "Events",
    params(wire::OfCompany), responses((status = 200, description = "What was found.", body = wire::Verification)))]
async fn verify(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    let found = app.engine().verify_own(&read.caller).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Verification::from(found)).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kinds = accepted.flat_map(|value| value.split(',')).filter_map(|item| item.split(';').next());
    kinds.map(str::trim).any(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
}

/// One client that follows a journal.
struct Follower {
    app: App,
    caller: Caller,
    /// Holds the credential, which is asked about again and again.
    headers: HeaderMap,
    proved: Instant,
    after: u64,
    subject: Option<Uuid>,
    news: watch::Receiver<u64>,
    stop: Option<Arc<CancellationToken>>,
    read: VecDeque<String>,
    spoke: Instant,
}

async fn stream(
    app: App,
    caller: Caller,
    headers: HeaderMap,
    after: Option<u64>,
    subject: Option<Uuid>,
    stop: Option<Arc<CancellationToken>>,
) -> Result<Response, Failure> {
    // Listening comes first: what is written from here on is either read below or heard of.
    let news = app.engine().listen(caller.company);
    // Whether the caller may read at all is asked before anything is sent.
    app.engine().events(&caller, u64::try_from(i64::MAX).unwrap_or(0), subject, 1).await?;
    let at = app.engine().revision(caller.company).await?;
    let after = after.unwrap_or(at);
    let mut keep = HeaderMap::new();
    for name in [header::AUTHORIZATION.as_str(), "x-api-key", "x-api-secret", header::COOKIE.as_str()] {
        if let (Ok(name), Some(value)) = (http::HeaderName::try_from(name), headers.get(name)) {
            keep.insert(name, value.clone());
        }
    }
    let now = Instant::now();
    let read = VecDeque::from([format!(": revision {at}\nretry: 1000\n\n")]);
    let follower = Follower { app, caller, headers: keep, proved: now, after, subject, news, stop, read, spoke: now };
    let chunks = futures_util::stream::unfold(follower, async |mut follower| {
        let text = follower.next().await?;
        Some((Ok::<_, Infallible>(text), follower))
    });
    let mut response = Body::from_stream(chunks).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Follower {
    /// What is to be sent next; none when the stream ends.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.stop.as_ref().is_some_and(|stop| stop.is_cancelled()) {
                return None;
            }
            // What was read is sent only while the key is proved.
            let proved = self.prove().await?;
            if proved {
                if self.read.is_empty() {
                    match self.look().await {
                        Ok(()) | Err(Error::Unavailable { .. }) => {}
                        Err(_) => return None,
                    }
                }
                if let Some(text) = self.read.pop_front() {
                    self.spoke = Instant::now();
                    return Some(text);
                }
            }
            if self.spoke.elapsed() >= SILENCE {
                self.spoke = Instant::now();
                return Some(": still here\n\n".to_owned());
            }
            self.rest().await;
        }
    }

    /// Asks again who calls; false while that cannot be found out, none when the key works no more.
    async fn prove(&mut self) -> Option<bool> {
        if self.proved.elapsed() < PROOF {
            return Some(true);
        }
        let presented = presented(&self.headers, Manner::Console)?;
        let engine = self.app.engine();
        let again = match engine.authenticate(presented, Dialect::Native, self.caller.request).await {
            Ok(caller) => engine.within(&caller, self.caller.company).await,
            Err(error) => Err(error),
        };
        match again {
            Ok(caller) => {
                self.caller = caller;
                self.proved = Instant::now();
                Some(true)
            }
            Err(Error::Unavailable { .. }) => Some(false),
            Err(_) => None,
        }
    }

    /// Reads what has happened since.
    async fn look(&mut self) -> Result<()> {
        let engine = self.app.engine();
        let at = engine.revision(self.caller.company).await?;
        if at <= self.after {
            return Ok(());
        }
        let entries = engine.events(&self.caller, self.after, self.subject, CHUNK).await?;
        let all = entries.len() < CHUNK as usize;
        for entry in &entries {
            self.after = entry.revision;
            let event = wire::Event::of(entry)?;
            let data = serde_json::to_string(&event).map_err(Error::internal)?;
            self.read.push_back(format!("id: {}\nevent: {}\ndata: {data}\n\n", event.revision, event.kind));
        }
        if all {
            // Nothing up to here is of this subject, so it need not be read again.
            self.after = self.after.max(at);
        }
        Ok(())
    }

    /// Waits for news, for a while at most.
    async fn rest(&mut self) {
        let stopped = async {
            match &self.stop {
                Some(stop) => stop.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = self.news.changed() => {
                // No more news can only come of the engine's end; the clock still turns.
                if heard.is_err() {
                    tokio::time::sleep(LOOK).await;
                }
            }
            () = tokio::time::sleep(LOOK) => {}
            () = stopped => {}
        }
    }
}
