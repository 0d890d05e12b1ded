//! One connection: which HTTP it speaks, its deadlines, its orderly end.

use std::{
    convert::Infallible,
    future::pending,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, extract::Request, response::Response};
use bytes::{Bytes, BytesMut};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use super::{peer::Peer, stall::Stalling, stop::Stopping};
use crate::config::Limits;

/// What an HTTP/2 connection begins with, TLS or not.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long an HTTP/2 connection may be open with nothing asked. HTTP/1 has the head's own deadline for that.
const IDLE: Duration = Duration::from_secs(60);
/// Streams one HTTP/2 client may have open.
const STREAMS: u32 = 100;

/// The two HTTPs, told apart before hyper sees the connection: its own detection has no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    One,
    Two,
}

/// Finds out which HTTP a client without TLS speaks, reading no more than it takes.
pub(super) async fn sniff<IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<(Speaks, Bytes)> {
    let mut read = BytesMut::with_capacity(1024);
    loop {
        let seen = read.len().min(PREFACE.len());
        if read[..seen] != PREFACE[..seen] {
            return Ok((Speaks::One, read.freeze()));
        }
        if seen == PREFACE.len() {
            return Ok((Speaks::Two, read.freeze()));
        }
        if io.read_buf(&mut read).await? == 0 {
            return Ok((Speaks::One, read.freeze()));
        }
    }
}

/// The requests of one connection: how many are being answered, how many there have been.
#[derive(Default)]
struct Traffic {
    open: AtomicUsize,
    total: AtomicUsize,
}

/// Counts a request as open for as long as it lives, however it ends.
struct Open(Arc<Traffic>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves a connection to its end.
pub(super) async fn serve<IO, S>(
    io: IO,
    (speaks, first): (Speaks, Bytes),
    peer: Peer,
    service: S,
    limits: &Limits,
    stop: &CancellationToken,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let head = usize::try_from(limits.head).unwrap_or(usize::MAX);
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper wants room for at least 8 KiB.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(head.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(limits.head_time);
    let builder = match speaks {
        Speaks::One => builder.http1_only(),
        Speaks::Two => builder.http2_only(),
    };
    let traffic = Arc::new(Traffic::default());
    let counted = Arc::clone(&traffic);
    let stopping = Stopping(Arc::new(stop.clone()));
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        counted.open.fetch_add(1, Ordering::Relaxed);
        counted.total.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(&counted));
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(stopping.clone());
        let answer = service.clone().oneshot(request);
        async move {
            let answer = answer.await;
            drop(open);
            answer
        }
    });
    let io = TokioIo::new(Stalling::new(io, first, limits.request_time));
    let mut connection = pin!(builder.serve_connection(io, answer));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = idle(&traffic, speaks) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(why) = ended {
        // Clients leave and lie all day; that is not ours to shout about.
        tracing::debug!(%why, "a connection ended early");
    }
}

/// Done when an HTTP/2 connection has been of no use for a while.
async fn idle(traffic: &Traffic, speaks: Speaks) {
    if speaks == Speaks::One {
        return pending().await;
    }
    let mut before = 0;
    loop {
        tokio::time::sleep(IDLE).await;
        let total = traffic.total.load(Ordering::Relaxed);
        if total == before && traffic.open.load(Ordering::Relaxed) == 0 {
            return;
        }
        before = total;
    }
}
