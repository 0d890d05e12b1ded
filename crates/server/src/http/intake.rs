//! A request's body on its way in: counted, timed, and drained when nobody wants it.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::body::BodyRefusal;

/// How long a client may stay below the least rate.
const WINDOW: Duration = Duration::from_secs(10);
/// How much of an unwanted body is read, and for how long, so that its sender gets to see the answer. Closing at once
/// would reset the connection under an answer still on its way.
const LINGER: (u64, Duration) = (16 << 20, Duration::from_secs(2));

/// What a body is held to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Most bytes.
    pub(super) most: u64,
    /// Least bytes a second.
    pub(super) rate: u64,
    /// When the last byte must be here.
    pub(super) until: Instant,
}

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has been waiting for it since then: not asked for yet, or its last piece is being worked on.
    Ours(Instant),
    /// Somebody is waiting for the client to send more.
    Theirs,
    /// All of it is here, since then.
    Complete(Instant),
    /// It was given up, because of the client.
    Failed(Fault),
}

/// Why a body was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge(u64),
    TooSlow,
    Broken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(most) => write!(f, "the body is larger than {most} bytes"),
            Self::TooSlow => f.write_str("the body came too slowly"),
            Self::Broken => f.write_str("the body was cut off"),
        }
    }
}

impl std::error::Error for Fault {}

/// The stage of one body, shared between the body and the layer that times the request.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<Stage>>);

impl Progress {
    pub(super) fn stage(&self) -> Stage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

/// Puts a body under these terms.
pub(super) fn metered(inner: Body, terms: Terms) -> (Body, Progress) {
    let progress = Progress(Arc::new(Mutex::new(Stage::Ours(Instant::now()))));
    let meter = Meter {
        inner,
        terms,
        progress: progress.clone(),
        seen: 0,
        window: Window::default(),
        waiting_since: None,
        timer: None,
        over: false,
    };
    (Body::new(meter), progress)
}

/// Turns what a body's stream failed with into words for the dialect.
pub(super) fn refusal(error: &axum::Error) -> BodyRefusal {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        match error.downcast_ref::<Fault>() {
            Some(Fault::TooLarge(limit)) => return BodyRefusal::TooLarge { limit: *limit },
            Some(Fault::TooSlow) => return BodyRefusal::TooSlow,
            Some(Fault::Broken) => break,
            None => source = error.source(),
        }
    }
    BodyRefusal::Malformed { why: "the body was cut off".to_owned() }
}

/// Reads on for a moment and throws away.
pub(super) fn linger(mut body: Body) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        let mut seen = 0;
        let drain = async {
            while let Some(Ok(frame)) = body.frame().await {
                seen += frame.data_ref().map_or(0, |data| data.len() as u64);
                if seen > LINGER.0 {
                    break;
                }
            }
        };
        // Either way there is nobody to tell.
        let _ = tokio::time::timeout(LINGER.1, drain).await;
    });
}

/// Bytes over time spent waiting for the client; time in which nobody asked for more does not count against it.
#[derive(Debug, Default)]
struct Window {
    waited: Duration,
    bytes: u64,
}

struct Meter {
    inner: Body,
    terms: Terms,
    progress: Progress,
    seen: u64,
    window: Window,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Meter {
    fn fail(&mut self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        self.over = true;
        self.progress.set(Stage::Failed(fault));
        Poll::Ready(Some(Err(fault)))
    }

    /// Ready when the client has been too slow.
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let since = *self.waiting_since.get_or_insert_with(Instant::now);
            let next = self.terms.until.min(since + WINDOW.saturating_sub(self.window.waited));
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            ready!(timer.as_mut().poll(cx));
            if next >= self.terms.until || self.window.bytes < self.terms.rate * WINDOW.as_secs() {
                return Poll::Ready(());
            }
            self.window = Window::default();
            self.waiting_since = None;
        }
    }
}

impl hyper::body::Body for Meter {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            this.progress.set(Stage::Theirs);
            ready!(this.poll_slow(cx));
            return this.fail(Fault::TooSlow);
        };
        if let Some(since) = this.waiting_since.take() {
            this.window.waited += since.elapsed();
        }
        match frame {
            None => {
                this.over = true;
                this.progress.set(Stage::Complete(Instant::now()));
                Poll::Ready(None)
            }
            Some(Err(_)) => this.fail(Fault::Broken),
            Some(Ok(frame)) => {
                let size = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.seen += size;
                this.window.bytes += size;
                if this.seen > this.terms.most {
                    return this.fail(Fault::TooLarge(this.terms.most));
                }
                if this.inner.is_end_stream() {
                    this.over = true;
                    this.progress.set(Stage::Complete(Instant::now()));
                } else {
                    this.progress.set(Stage::Ours(Instant::now()));
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let slow = matches!(self.progress.stage(), Stage::Failed(Fault::TooSlow | Fault::Broken));
        if !slow && !self.inner.is_end_stream() {
            linger(std::mem::take(&mut self.inner));
        }
    }
}
