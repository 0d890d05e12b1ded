//! Where a call goes: the parts of an address that somebody entered, and which addresses are the public internet.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use http::Uri;
use http::uri::Scheme;
use ipnet::IpNet;

/// What is not the public internet (IANA's special-purpose registries), beside what is no unicast address at all.
static INSIDE: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let nets = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        // Of IPv6 only 2000::/3 is in use, and of that not these: they carry other addresses, or none.
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    ];
    nets.into_iter().filter_map(|net| net.parse().ok()).collect()
});

/// Where a call goes.
pub(super) struct Target {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) uri: Uri,
    /// As the `Host` header names it.
    pub(super) authority: String,
}

/// Is it an address of the public internet?
pub(super) fn public(address: IpAddr) -> bool {
    let unicast = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000,
    };
    unicast && !INSIDE.iter().any(|net| net.contains(&address))
}

impl Target {
    /// A host and port that no address names.
    pub(super) fn of_host(host: &str, port: u16, tls: bool) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { tls, authority: format!("{host}:{port}"), host, port, uri: Uri::from_static("/") }
    }

    /// The parts of an address; why it cannot be called, else.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "is not an address that can be called".to_owned())?;
        let (scheme, authority) = (uri.scheme().cloned(), uri.authority().cloned());
        let (Some(scheme), Some(authority)) = (scheme, authority) else {
            return Err("is not an address that can be called".into());
        };
        let tls = scheme == Scheme::HTTPS;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // One that is too large is no port to the parser, and neither is it the default one.
        let place = authority.as_str().rsplit('@').next().unwrap_or_default();
        let named = place.len() > authority.host().len();
        let port = match named.then_some(()) {
            Some(()) => authority.port_u16().filter(|port| *port != 0).ok_or("names a port that does not exist")?,
            None if tls => 443,
            None => 80,
        };
        Ok(Self { tls, host, port, uri, authority: authority.to_string() })
    }

    /// The address, where the host is one and no name.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok().or_else(|| self.host.split('%').next()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6))
    }
}
