//! What stands between the LDAP client and a directory, which may be hostile: it encrypts, counts what is sent, and lets
//! only whole, well-formed and bounded messages through. The client's own parser nests as deep as a message does and
//! waits for whatever length one claims, so it must not see others.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The most bytes of one message: a group of several hundred thousand members.
const MESSAGE: usize = 64 << 20;
/// The most elements of one message: each takes more memory than it has bytes.
const ELEMENTS: usize = 1_000_000;
/// The most bytes of all messages together.
const TOTAL: u64 = 1 << 30;
/// The deepest that elements nest: LDAP's own nest to five or so.
const DEEPEST: usize = 32;
/// How long encrypting may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The bytes read at a time.
const CHUNK: usize = 64 << 10;
/// Message 1, an extended request of the name 1.3.6.1.4.1.1466.20037 (RFC 4511 §4.14).
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Why the relay broke off, once it has.
pub(super) type Why = Arc<OnceLock<String>>;

/// How a connection is encrypted.
pub(super) enum Encrypt {
    /// Not at all.
    No,
    /// From the first byte.
    AtOnce(Arc<ClientConfig>),
    /// Once the directory has agreed.
    StartTls(Arc<ClientConfig>),
}

/// Puts the relay before a connection to `host`: the client's side of it.
///
/// # Errors
/// Why it cannot be encrypted, in words for who looks after the directory.
pub(super) async fn open(mut stream: TcpStream, host: &str, encrypt: Encrypt) -> Result<(UnixStream, Why), String> {
    let (ours, theirs) = UnixStream::pair().map_err(|e| e.to_string())?;
    let why = Why::default();
    let config = match encrypt {
        Encrypt::No => {
            tokio::spawn(relay(stream, ours, Arc::clone(&why)));
            return Ok((theirs, why));
        }
        Encrypt::AtOnce(config) => config,
        Encrypt::StartTls(config) => {
            timeout(HANDSHAKE, start_tls(&mut stream)).await.map_err(|_| late())??;
            config
        }
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|_| "the host's name is none that a certificate could have")?;
    let made = timeout(HANDSHAKE, TlsConnector::from(config).connect(name, stream)).await.map_err(|_| late())?;
    let stream = made.map_err(|e| match e.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(cause) => format!("TLS failed: {cause}"),
        None => format!("TLS failed: {}", e.kind()),
    })?;
    tokio::spawn(relay(stream, ours, Arc::clone(&why)));
    Ok((theirs, why))
}

fn late() -> String {
    "the directory did not encrypt in time".into()
}

/// Asks for encryption. Just one message is read: whatever came behind it in clear fails the handshake.
async fn start_tls(stream: &mut TcpStream) -> Result<(), String> {
    let broke = |e: std::io::Error| format!("the connection broke: {}", e.kind());
    stream.write_all(START_TLS).await.map_err(broke)?;
    let mut answer = vec![0; 2];
    stream.read_exact(&mut answer).await.map_err(broke)?;
    let more = match answer[1] {
        len @ 0..=0x7f => usize::from(len),
        0x81..=0x84 => {
            let mut len = vec![0; usize::from(answer[1] & 0x7f)];
            stream.read_exact(&mut len).await.map_err(broke)?;
            let read = len.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
            answer.extend(len);
            read
        }
        _ => return Err(malformed()),
    };
    if more > CHUNK {
        return Err(malformed());
    }
    let from = answer.len();
    answer.resize(from + more, 0);
    stream.read_exact(&mut answer[from..]).await.map_err(broke)?;
    check(&answer)?;
    // A message id, and behind it an extended response that begins with its result.
    let body = &answer[from..];
    let response =
        body.get(1).and_then(|len| body.get(2 + usize::from(*len)..)).filter(|rest| rest.first() == Some(&0x78));
    let response = response.and_then(|rest| rest.get(header(rest).ok()??.0..)).ok_or_else(malformed)?;
    match response {
        [0x0a, 1, 0, ..] => Ok(()),
        [0x0a, 1, code, ..] => Err(format!("the directory does not encrypt ({code}): startTls")),
        _ => Err(malformed()),
    }
}

/// Carries bytes both ways until either side ends.
async fn relay<S: AsyncRead + AsyncWrite>(outside: S, inside: UnixStream, why: Why) {
    let (mut from, mut to) = tokio::io::split(outside);
    let (mut inside_from, mut inside_to) = inside.into_split();
    tokio::select! {
        _ = tokio::io::copy(&mut inside_from, &mut to) => {}
        ended = carry(&mut from, &mut inside_to, TOTAL) => {
            if let Err(told) = ended {
                let _ = why.set(told); // only this sets it
            }
        }
    }
    drop((inside_from, inside_to));
    // The last word of the client, which no answer follows.
    let _ = timeout(HANDSHAKE, to.shutdown()).await;
}

async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    most: u64,
) -> Result<(), String> {
    let (mut buffer, mut total) = (BytesMut::with_capacity(CHUNK), 0_u64);
    loop {
        while let Some(len) = whole(&buffer)? {
            check(&buffer[..len])?;
            if to.write_all(&buffer[..len]).await.is_err() {
                return Ok(()); // the client has left
            }
            buffer.advance(len);
        }
        buffer.reserve(CHUNK);
        let read = from.read_buf(&mut buffer).await.map_err(|e| format!("the connection broke: {}", e.kind()))?;
        total += read as u64;
        match read {
            0 if buffer.is_empty() => return Ok(()),
            0 => return Err("the directory broke off within an answer".into()),
            _ if total > most => return Err(format!("the directory sends more than {} MiB", most >> 20)),
            _ => {}
        }
    }
}

fn malformed() -> String {
    "the directory's answer cannot be read".into()
}

/// The bytes of a tag and its length, and how many follow; none where they are not all there.
fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, String> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    // LDAP has no tags of several bytes.
    if tag & 0x1f == 0x1f {
        return Err(malformed());
    }
    match first {
        0..=0x7f => Ok(Some((2, usize::from(*first)))),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let Some(len) = rest.get(..count) else { return Ok(None) };
            Ok(Some((2 + count, len.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)))))
        }
        // Nor lengths that are told at the end.
        _ => Err(malformed()),
    }
}

/// The length of the first message, once it is all there.
fn whole(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some((head, len)) = header(bytes)? else { return Ok(None) };
    if bytes[0] != 0x30 {
        return Err(malformed());
    }
    if len > MESSAGE {
        return Err(format!("the directory sends an answer of more than {} MiB", MESSAGE >> 20));
    }
    Ok((bytes.len() >= head + len).then_some(head + len))
}

/// Refuses a message whose elements do not lie within one another, lie too deep, or are too many.
pub(super) fn check(message: &[u8]) -> Result<(), String> {
    let (mut at, mut count, mut ends) = (0, 0_usize, vec![message.len()]);
    while let Some(end) = ends.last().copied() {
        if at == end {
            ends.pop();
            continue;
        }
        count += 1;
        let (head, len) = header(&message[at..end])?.ok_or_else(malformed)?;
        let inner = at + head;
        if len > end - inner {
            return Err(malformed());
        }
        if count > ELEMENTS {
            return Err(format!("the directory sends an answer of more than {ELEMENTS} values"));
        }
        if message[at] & 0x20 == 0 {
            at = inner + len;
            continue;
        }
        if ends.len() >= DEEPEST {
            return Err(malformed());
        }
        at = inner;
        ends.push(inner + len);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element with a length of four bytes.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let len = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84][..], &len, content].concat()
    }

    #[test]
    fn only_whole_and_shallow_messages_pass() {
        let deep = |levels: usize| (0..levels).fold(vec![2, 1, 1], |inner, _| element(0x30, &inner));
        assert_eq!(check(&deep(30)), Ok(()));
        assert_eq!(check(&deep(100_000.min(DEEPEST))), Err(malformed()));
        assert_eq!(check(b"\x30\x05\x02\x01\x01\x04\x7f"), Err(malformed()), "an element leaves the one around it");
        assert_eq!(check(b"\x30\x80\x02\x01\x01\0\0"), Err(malformed()), "no length");
        assert_eq!(check(b"\x30\x03\x1f\x81\x01"), Err(malformed()), "a tag of several bytes");
        let many = element(0x30, &b"\x04\0".repeat(ELEMENTS));
        assert_eq!(check(&many), Err("the directory sends an answer of more than 1000000 values".into()));
        assert_eq!(whole(b"\x30\x84\x7f\xff\xff\xff"), Err("the directory sends an answer of more than 64 MiB".into()));
        assert_eq!(
            (whole(b"\x30"), whole(b"\x30\x82\x01"), whole(b"\x30\x01\0\x30")),
            (Ok(None), Ok(None), Ok(Some(3)))
        );
        assert_eq!(whole(b"GET / HTTP"), Err(malformed()));
    }

    #[tokio::test]
    async fn what_is_sent_is_counted() {
        let message = element(0x30, &[4, 2, 0, 0]);
        let all = message.repeat(CHUNK);
        let mut passed = Vec::new();
        let ended = carry(&mut all.as_slice(), &mut passed, 300_000).await;
        assert_eq!(ended, Err("the directory sends more than 0 MiB".into()));
        assert!(passed.len() < 300_000 && passed.len().is_multiple_of(message.len()), "{}", passed.len());
        let mut passed = Vec::new();
        assert_eq!(carry(&mut all.as_slice(), &mut passed, TOTAL).await, Ok(()));
        assert_eq!(passed, all);
        let cut = carry(&mut &message[..5], &mut Vec::new(), TOTAL).await;
        assert_eq!(cut, Err("the directory broke off within an answer".into()));
    }

    #[test]
    fn the_request_for_encryption_is_a_message() {
        assert_eq!((whole(START_TLS), check(START_TLS)), (Ok(Some(START_TLS.len())), Ok(())));
    }
}
