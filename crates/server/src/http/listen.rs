//! The doors: TCP, with TLS or without, and a Unix-domain socket; accepting until told to stop.

use std::{
    convert::Infallible,
    fs,
    io::{self, ErrorKind},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{extract::Request, response::Response};
use bytes::Bytes;
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use super::{
    connection::{self, Speaks},
    peer::Peer,
};
use crate::config::Limits;

/// Our own commands talk over the socket; a handful at once.
const SOCKET_CONNECTIONS: usize = 64;

/// A door that is open, with nobody let in yet.
pub struct Bound {
    socket: Socket,
    tls: Option<TlsAcceptor>,
    url: String,
    limits: Arc<Limits>,
}

enum Socket {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

enum Stream {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Opens a TCP port; port 0 picks one. Failing, says what to do.
pub async fn tcp(address: &str, tls: Option<Arc<ServerConfig>>, limits: &Limits) -> io::Result<Bound> {
    let listener = TcpListener::bind(address).await.map_err(|why| {
        io::Error::new(why.kind(), format!("cannot listen on {address}: {why}; choose another with --listen HOST:PORT"))
    })?;
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    Ok(Bound {
        socket: Socket::Tcp(listener, address),
        tls: tls.map(TlsAcceptor::from),
        url: format!("{scheme}://{address}"),
        limits: Arc::new(limits.clone()),
    })
}

/// Opens a Unix-domain socket only its owner can connect to. One left behind by a server that was killed is replaced,
/// so the caller must hold the lock that says no other server lives.
pub fn unix(path: &Path, limits: &Limits) -> io::Result<Bound> {
    let explain = |why: io::Error| io::Error::new(why.kind(), format!("cannot listen on {}: {why}", path.display()));
    let listener = bind_private(path).map_err(explain)?;
    Ok(Bound {
        socket: Socket::Unix(listener, path.to_owned()),
        tls: None,
        url: format!("unix:{}", path.display()),
        limits: Arc::new(Limits { connections: SOCKET_CONNECTIONS, ..limits.clone() }),
    })
}

/// Between bind and chmod a socket has the mode the umask left it. So it is born in a directory nobody else can enter
/// and moved into place when it is closed to others. One that stands there is replaced: the caller holds the lock that
/// says no other server lives.
pub fn bind_private(path: &Path) -> io::Result<UnixListener> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let nursery = parent.join(format!(".g{}", std::process::id()));
    let _ = fs::remove_dir_all(&nursery); // of a process that had our number before
    fs::DirBuilder::new().mode(0o700).create(&nursery)?;
    let born = nursery.join("s");
    let bound = UnixListener::bind(&born).and_then(|listener| {
        fs::set_permissions(&born, fs::Permissions::from_mode(0o600))?;
        fs::rename(&born, path)?;
        Ok(listener)
    });
    let _ = fs::remove_dir_all(&nursery); // empty, or of no use to anybody
    bound
}

impl Bound {
    /// Where clients find it: `http://127.0.0.1:8080`, `https://…` or `unix:/…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The TCP address, with the port that was picked.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(_, address) => Some(*address),
            Socket::Unix(..) => None,
        }
    }

    /// Serves until `stop` is cancelled, then lets requests already begun finish, for as long as the limits allow.
    pub async fn serve<S>(self, service: S, stop: CancellationToken)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
    {
        let limits = self.limits;
        let room = Arc::new(Semaphore::new(limits.connections));
        let connections = TaskTracker::new();
        let cut = CancellationToken::new();
        let mut trouble = Trouble::default();
        loop {
            // Waiting for room here leaves newcomers in the system's queue instead of refusing them.
            let next = async {
                let room = Arc::clone(&room).acquire_owned().await;
                (room, self.socket.accept().await)
            };
            let (room, stream) = tokio::select! {
                next = next => next,
                () = stop.cancelled() => break,
            };
            let stream = match stream {
                Ok(stream) => stream,
                Err(why) => {
                    trouble.rest(&why).await;
                    continue;
                }
            };
            let (tls, service) = (self.tls.clone(), service.clone());
            let (limits, stop, cut) = (Arc::clone(&limits), stop.clone(), cut.clone());
            connections.spawn(async move {
                tokio::select! {
                    () = greet(stream, tls, service, &limits, &stop) => {}
                    () = cut.cancelled() => {}
                }
                drop(room);
            });
        }
        self.socket.close();
        connections.close();
        if tokio::time::timeout(limits.stop_time, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "stopping without waiting for the last requests");
            cut.cancel();
            connections.wait().await;
        }
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener, _) => listener.accept().await.map(|(stream, address)| Stream::Tcp(stream, address)),
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }

    fn close(self) {
        if let Self::Unix(listener, path) = self {
            drop(listener);
            let _ = fs::remove_file(path); // its absence is what we want
        }
    }
}

/// Accepting fails when file descriptors or memory run out. That passes: rest, and say so now and then.
#[derive(Default)]
struct Trouble {
    said: Option<Instant>,
}

impl Trouble {
    async fn rest(&mut self, why: &io::Error) {
        // The client's doing, gone with it.
        if matches!(
            why.kind(),
            ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionRefused
                | ErrorKind::Interrupted
        ) {
            return;
        }
        if self.said.is_none_or(|said| said.elapsed() > Duration::from_secs(10)) {
            tracing::error!(%why, "cannot accept connections; trying again");
            self.said = Some(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Gets a connection as far as its first request, within the head's time, and serves it.
async fn greet<S>(stream: Stream, tls: Option<TlsAcceptor>, service: S, limits: &Limits, stop: &CancellationToken)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    match stream {
        Stream::Tcp(mut stream, address) => {
            // An answer is written whole; waiting to fill a packet only delays it.
            let _ = stream.set_nodelay(true);
            let address = Some(address);
            match tls {
                None => {
                    if let Some(first) = begin(limits, stop, connection::sniff(&mut stream)).await {
                        let peer = Peer { address, tls: false };
                        connection::serve(stream, first, peer, service, limits, stop).await;
                    }
                }
                Some(tls) => {
                    if let Some(stream) = begin(limits, stop, tls.accept(stream)).await {
                        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        let speaks = if two { Speaks::Two } else { Speaks::One };
                        let peer = Peer { address, tls: true };
                        connection::serve(stream, (speaks, Bytes::new()), peer, service, limits, stop).await;
                    }
                }
            }
        }
        Stream::Unix(mut stream) => {
            if let Some(first) = begin(limits, stop, connection::sniff(&mut stream)).await {
                let peer = Peer { address: None, tls: false };
                connection::serve(stream, first, peer, service, limits, stop).await;
            }
        }
    }
}

/// What comes before the first request; nothing when it takes too long, fails, or we are stopping.
async fn begin<T>(
    limits: &Limits,
    stop: &CancellationToken,
    opening: impl Future<Output = io::Result<T>>,
) -> Option<T> {
    tokio::select! {
        opened = tokio::time::timeout(limits.head_time, opening) => match opened {
            Ok(Ok(opened)) => Some(opened),
            Ok(Err(why)) => {
                tracing::debug!(%why, "a connection ended before its first request");
                None
            }
            Err(_) => None,
        },
        () = stop.cancelled() => None,
    }
}
