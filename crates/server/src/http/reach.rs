//! Calls out: a POST to an address of somebody's choosing, which may be hostile (`threat-model.md` rule 13).
//!
//! At every call the name is resolved anew, every address it has is checked, and one of just those is connected to; an
//! open connection is used again only to an address that is still among them. No redirects, no proxies, 10 seconds
//! for all of it, 64 KiB of the answer.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::target::{Target, public};

/// The longest that one call may take.
pub const LONGEST: Duration = Duration::from_secs(10);
/// The most of an answer that is read.
const ANSWER: usize = 64 << 10;
/// The characters of an answer that are kept.
const EXCERPT: usize = 1000;
/// The most addresses of one host that are tried.
const ADDRESSES: usize = 4;

type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
type Resolver = Arc<dyn Fn(String, u16) -> Resolving + Send + Sync>;

/// Which addresses may be called, and how names become addresses.
#[derive(Clone)]
pub struct Reach {
    allowed: Arc<[IpNet]>,
    longest: Duration,
    resolve: Resolver,
    /// The option by which an operator allows more.
    option: &'static str,
    /// Made at the first call over TLS: it reads the system's certificates.
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, where it was in seconds.
    pub retry_after: Option<u32>,
    /// The beginning of the body, made safe to show.
    pub excerpt: String,
}

/// A connection that may be used again.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    peer: SocketAddr,
    /// Scheme, host and port: a line to one is no line to another at the same address.
    whom: String,
}

impl Reach {
    /// Reaches public addresses, and what lies in `allowed`.
    pub fn new(allowed: impl Into<Arc<[IpNet]>>) -> Self {
        let resolve: Resolver =
            Arc::new(|host, port| Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }));
        Self { allowed: allowed.into(), longest: LONGEST, resolve, option: "webhook-allow", tls: Arc::default() }
    }

    /// The same reach, whose refusals name this option.
    #[must_use]
    pub fn named(mut self, option: &'static str) -> Self {
        self.option = option;
        self
    }

    /// The same reach with less patience.
    #[must_use]
    pub fn within(mut self, longest: Duration) -> Self {
        self.longest = longest.min(LONGEST);
        self
    }

    /// The same reach with names resolved by `resolve`: for tests of what a lying name server can do.
    #[must_use]
    pub fn resolving<F>(mut self, resolve: impl Fn(String, u16) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        self.resolve = Arc::new(move |host, port| Box::pin(resolve(host, port)));
        self
    }

    /// The same reach that believes the certificates of just these roots.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn believing(mut self, roots: RootCertStore) -> io::Result<Self> {
        self.tls = Arc::new(OnceLock::from(client(roots)?));
        Ok(self)
    }

    /// May this address be called?
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|net| net.contains(&address)) || public(address)
    }

    /// Refuses an address that can never be called, for an early word to who enters it. Names are not resolved here:
    /// what they lead to is looked at whenever they are called.
    ///
    /// # Errors
    /// In words that go on from the address.
    pub fn check(&self, url: &str) -> Result<(), String> {
        let target = Target::parse(url)?;
        match target.literal() {
            Some(address) => self.admit(&target, &[address]),
            None => Ok(()),
        }
    }

    /// Refuses the whole host when any of its addresses may not be called.
    fn admit(&self, target: &Target, addresses: &[IpAddr]) -> Result<(), String> {
        if addresses.is_empty() {
            return Err("the host has no address".into());
        }
        let option = self.option;
        if !addresses.iter().all(|address| self.allows(*address)) {
            return Err(format!("the host has an address that may not be called; an operator can allow it ({option})"));
        }
        let inside = |address: &IpAddr| self.allowed.iter().any(|net| net.contains(&address.to_canonical()));
        if !target.tls && !addresses.iter().all(inside) {
            return Err(format!("without TLS only networks that an operator has allowed ({option}) may be called"));
        }
        Ok(())
    }

    /// Posts JSON. `line` is a connection of an earlier call, and afterwards one for the next, where there is one.
    ///
    /// # Errors
    /// Why there was no answer, in words for who looks after the receiver.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
        line: &mut Option<Line>,
    ) -> Result<Answer, String> {
        let deadline = Instant::now() + self.longest;
        let late = |_| format!("there was no answer within {:?}", self.longest);
        timeout_at(deadline, self.call(url, headers, body, line, deadline)).await.map_err(late)?
    }

    async fn call(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
        line: &mut Option<Line>,
        deadline: Instant,
    ) -> Result<Answer, String> {
        let target = Target::parse(url)?;
        let addresses = self.addresses(&target).await?;
        let whom = format!("{}://{}", if target.tls { "https" } else { "http" }, target.authority);
        let known = line.take().filter(|line| line.whom == whom && addresses.contains(&line.peer));
        if let Some(mut known) = known
            && known.sender.ready().await.is_ok()
        {
            // The receiver may have closed it at this very moment: then a new one is opened. That it came twice is
            // possible, and the message id tells it.
            if let Ok(answer) = ask(&mut known.sender, request(&target, headers, body.clone())?).await {
                return finish(answer, known, line, deadline).await;
            }
        }
        let mut fresh = self.connect(&target, &addresses, whom).await?;
        let answer = ask(&mut fresh.sender, request(&target, headers, body)?).await?;
        finish(answer, fresh, line, deadline).await
    }

    /// Refuses a host that can never be called, as [`Self::check`] does.
    ///
    /// # Errors
    /// In words that go on from the host.
    pub fn check_host(&self, host: &str, port: u16, tls: bool) -> Result<(), String> {
        let target = Target::of_host(host, port, tls);
        match target.literal() {
            Some(address) => self.admit(&target, &[address]),
            None => Ok(()),
        }
    }

    /// Opens a bare connection for another protocol, to an address that was checked just now; `tls` says whether what
    /// goes over it will be encrypted.
    ///
    /// # Errors
    /// Why not, in words for who looks after the other side.
    pub async fn dial(&self, host: &str, port: u16, tls: bool) -> Result<TcpStream, String> {
        let target = Target::of_host(host, port, tls);
        let dialled = async {
            let addresses = self.addresses(&target).await?;
            let mut why = String::new();
            for peer in addresses.iter().take(ADDRESSES) {
                match TcpStream::connect(peer).await {
                    Ok(stream) => {
                        let _ = stream.set_nodelay(true);
                        return Ok(stream);
                    }
                    Err(e) => why = format!("the connection failed: {}", e.kind()),
                }
            }
            Err(why)
        };
        timeout(self.longest, dialled).await.map_err(|_| "the connection was not accepted in time".to_owned())?
    }

    /// What TLS believes: the roots of the system, or just `roots` where they are given.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn tls_of(&self, roots: Option<RootCertStore>) -> io::Result<Arc<ClientConfig>> {
        roots.map_or_else(|| self.tls(), client)
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, String> {
        let addresses = match target.literal() {
            Some(address) => vec![SocketAddr::new(address, target.port)],
            None => (self.resolve)(target.host.clone(), target.port)
                .await
                .map_err(|_| "the host's name cannot be resolved".to_owned())?,
        };
        let bare: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
        self.admit(target, &bare)?;
        Ok(addresses)
    }

    async fn connect(&self, target: &Target, addresses: &[SocketAddr], whom: String) -> Result<Line, String> {
        let mut why = String::new();
        for peer in addresses.iter().take(ADDRESSES) {
            // One address that swallows everything must leave time for the others.
            let patience = self.longest / u32::try_from(addresses.len().clamp(1, ADDRESSES)).unwrap_or(1);
            match timeout(patience, TcpStream::connect(peer)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    let sender = if target.tls {
                        let name = ServerName::try_from(target.host.clone());
                        let name =
                            name.map_err(|_| "the host's name is none that a certificate could have".to_owned())?;
                        let tls = self.tls().map_err(|e| format!("TLS cannot be set up: {e}"))?;
                        let stream = TlsConnector::from(tls).connect(name, stream).await;
                        handshake(stream.map_err(|e| format!("TLS failed: {e}"))?).await?
                    } else {
                        handshake(stream).await?
                    };
                    return Ok(Line { sender, peer: *peer, whom });
                }
                Ok(Err(e)) => why = format!("the connection failed: {}", e.kind()),
                Err(_) => why = "the connection was not accepted in time".into(),
            }
        }
        Err(why)
    }

    fn tls(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(made) = self.tls.get() {
            return Ok(Arc::clone(made));
        }
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for why in &found.errors {
            tracing::warn!(%why, "a certificate of the system cannot be read");
        }
        roots.add_parsable_certificates(found.certs);
        let made = client(roots)?;
        Ok(Arc::clone(self.tls.get_or_init(|| made)))
    }
}

fn client(roots: RootCertStore) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth()))
}

fn request(target: &Target, headers: &[(&'static str, String)], body: Bytes) -> Result<Request<Full<Bytes>>, String> {
    let path = target.uri.path_and_query().map_or("/", |path| path.as_str());
    let build = || -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder().method(Method::POST).uri(path).body(Full::new(body))?;
        let all = request.headers_mut();
        all.insert(header::HOST, HeaderValue::from_str(&target.authority)?);
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        all.insert(header::USER_AGENT, HeaderValue::from_static(concat!("Guildhall/", env!("CARGO_PKG_VERSION"))));
        all.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        Ok(request)
    };
    build().map_err(|e| format!("the request cannot be written: {e}"))
}

async fn handshake<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let builder = &mut http1::Builder::new();
    let shaken = builder.max_buf_size(ANSWER).handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|e| e.to_string())?;
    // It ends when the sender is dropped.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<http::Response<hyper::body::Incoming>, String> {
    sender.send_request(request).await.map_err(|e| format!("there was no whole answer: {e}"))
}

/// Reads the rest of the answer, as far as it is wanted. The status stands, whatever the body does.
async fn finish(
    answer: http::Response<hyper::body::Incoming>,
    used: Line,
    line: &mut Option<Line>,
    deadline: Instant,
) -> Result<Answer, String> {
    let (parts, mut body) = answer.into_parts();
    let (mut kept, mut size, mut whole) = (Vec::new(), 0, false);
    // A little before the deadline of the whole call, so that a body that trickles does not take the status with it.
    let until = deadline - Duration::from_millis(50);
    while size < ANSWER {
        match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    size += data.len();
                    let room = (EXCERPT * 4).saturating_sub(kept.len());
                    kept.extend_from_slice(&data[..data.len().min(room)]);
                }
            }
            Ok(None) => {
                whole = true;
                break;
            }
            Ok(Some(Err(_))) | Err(_) => break,
        }
    }
    *line = whole.then_some(used);
    Ok(Answer {
        status: parts.status.as_u16(),
        retry_after: retry_after(&parts.headers),
        excerpt: String::from_utf8_lossy(&kept).chars().filter(|c| !c.is_control()).take(EXCERPT).collect(),
    })
}

fn retry_after(headers: &HeaderMap) -> Option<u32> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allowed: &[&str]) -> Reach {
        Reach::new(allowed.iter().map(|net| net.parse().expect("a network")).collect::<Vec<IpNet>>())
    }

    #[test]
    fn only_the_public_internet_is_reached_by_itself() {
        let closed = reach(&[]);
        for inside in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2001:0:1::1",
        ] {
            assert!(!closed.allows(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(closed.allows(outside.parse().unwrap()), "{outside}");
        }
        let open = reach(&["10.0.0.0/8", "fd00::/8"]);
        assert!(open.allows("10.9.9.9".parse().unwrap()) && open.allows("fd00::1".parse().unwrap()));
        assert!(open.allows("::ffff:10.0.0.1".parse().unwrap()) && !open.allows("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn an_address_that_can_never_be_called_is_refused_when_it_is_entered() {
        let open = reach(&["10.0.0.0/8"]);
        for good in ["https://example.com/x", "https://10.0.0.1", "http://10.0.0.1:8080/x", "http://intranet/"] {
            assert_eq!(open.check(good), Ok(()), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://8.8.8.8/",
            "https://[::1]/",
            "https://[fe80::1]/",
            "https://a:0/",
            "https://a:99999/",
        ] {
            assert!(open.check(bad).is_err(), "{bad}");
        }
    }
}
