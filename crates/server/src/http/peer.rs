//! Who is at the other end: the connected address, or what a trusted proxy says of its client.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header, request::Parts, uri::Authority};
use ipnet::IpNet;

/// The connection a request came over. In its extensions, put there by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The connected address; none on a Unix-domain socket.
    pub address: Option<SocketAddr>,
    /// True when the connection is encrypted by us.
    pub tls: bool,
}

/// Where a request came from and what it believed it was asking. In its extensions, put there by the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub client: IpAddr,
    /// `http` or `https`, as the client sees it.
    pub scheme: &'static str,
    /// The host (and port) the client asked for, if it said so.
    pub host: Option<String>,
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

impl Origin {
    /// Works it out. Forwarded headers count only if the connection itself comes from a trusted proxy.
    pub(super) fn of(head: &Parts, trusted: &[IpNet]) -> Self {
        let peer = head.extensions.get::<Peer>();
        let connected = peer.and_then(|peer| peer.address);
        let address = connected.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip().to_canonical());
        let asked = head.uri.authority().map(Authority::as_str).or_else(|| text(&head.headers, &header::HOST));
        let scheme = if peer.is_some_and(|peer| peer.tls) { "https" } else { "http" };
        let mut origin = Self { client: address, scheme, host: asked.map(str::to_owned) };
        if connected.is_some() && is_trusted(address, trusted) {
            origin.client = forwarded_client(&head.headers, address, trusted);
            match last(&head.headers, &FORWARDED_PROTO) {
                Some(proto) if proto.eq_ignore_ascii_case("https") => origin.scheme = "https",
                Some(proto) if proto.eq_ignore_ascii_case("http") => origin.scheme = "http",
                _ => {}
            }
            if let Some(host) = last(&head.headers, &FORWARDED_HOST).filter(|host| host.parse::<Authority>().is_ok()) {
                origin.host = Some(host.to_owned());
            }
        }
        origin
    }

    /// The host without its port, in lower case.
    pub fn host_name(&self) -> Option<String> {
        let authority: Authority = self.host.as_deref()?.parse().ok()?;
        Some(authority.host().to_ascii_lowercase())
    }
}

/// From the right, past our own proxies: each of them appended who it spoke to, and what stands further left was
/// written by that client itself.
fn forwarded_client(headers: &HeaderMap, address: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let mut client = address;
    // A value that is not text reads as one hop that is no address, and ends the walk.
    let values = headers.get_all(FORWARDED_FOR).iter().rev().map(|value| value.to_str().unwrap_or_default());
    for hop in values.flat_map(|value| value.rsplit(',')) {
        let Some(hop) = parse_hop(hop.trim()) else { break };
        client = hop;
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    client
}

fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(address.to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The value nearest to us, which is the one our proxy wrote.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn origin(from: &str, fields: &[(&str, &str)]) -> Origin {
        let mut request = Request::builder().uri("/").header("host", "here:1");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).expect("a request").into_parts();
        let address = SocketAddr::new(from.parse().expect("an address"), 9);
        head.extensions.insert(Peer { address: Some(address), tls: false });
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a net"));
        Origin::of(&head, &trusted)
    }

    #[test]
    fn strangers_cannot_forward() {
        let fields = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil")];
        let seen = origin("192.0.2.1", &fields);
        assert_eq!((seen.client.to_string().as_str(), seen.scheme), ("192.0.2.1", "http"));
        assert_eq!(seen.host_name().as_deref(), Some("here"));
    }

    #[test]
    fn proxies_can_and_only_the_last_stranger_counts() {
        let fields = [
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4:555"),
            ("x-forwarded-for", "10.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil, Groups.example:443"),
        ];
        let seen = origin("::ffff:10.0.0.1", &fields);
        assert_eq!((seen.client.to_string().as_str(), seen.scheme), ("1.2.3.4", "https"));
        assert_eq!(seen.host_name().as_deref(), Some("groups.example"));
        assert_eq!(origin("fd00::1", &[("x-forwarded-for", "[2001:db8::5]")]).client.to_string(), "2001:db8::5");
        assert_eq!(origin("10.0.0.1", &[("x-forwarded-for", "9.9.9.9, nonsense")]).client.to_string(), "10.0.0.1");
    }
}
