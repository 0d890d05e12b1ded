//! What the fuzzer calls: everything that reads what a client wrote, tried on the same bytes, a dialect at a time.
//!
//! Built for tests, which replay the seeds, and with the feature `fuzzing`; no other build has it. See `fuzz/`.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use http::{Uri, header};

use crate::format::Reader;
use crate::http::cursor::Cursor;
use crate::http::query::pairs;
use crate::sheets::Topic;
use crate::{api, directories};

/// Reads bytes and must end well whatever they are.
pub type Target = fn(&[u8]);

/// Each reader of foreign bytes by name, which is also that of its target and of the folder of its seeds.
pub const TARGETS: &[(&str, Target)] = &[
    ("authzen", api::authzen::fuzz::read),
    ("cakewalk", api::cakewalk_v1::fuzz::read),
    ("companies", api::companies_v3::fuzz::read),
    ("cursors", cursors),
    ("directory", directory),
    ("ldap", directories::ldap::fuzz::read),
    ("native", api::native::fuzz::read),
    ("paths", paths),
    ("rules", rules),
    ("scim", api::scim_v2::fuzz::read),
    ("secoda", api::secoda_v1::fuzz::read),
    ("sheets", sheets),
];

/// Runs the target of this name.
///
/// # Panics
/// When there is none, or when it finds something.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("no target is called {name}")).1(bytes);
}

/// Rule expressions: taken or refused with a place, whatever they are.
fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match guildhall_engine::Rule::parse("rule", text) {
        Ok(rule) => assert_eq!(rule.text(), text),
        Err(refused) => assert!(refused.to_string().contains("line "), "{refused}"),
    }
}

/// What an extractor makes of the bytes as a body; what it refuses is told as its dialect tells it.
pub(crate) fn body<B: FromRequest<()>>(kind: &'static str, bytes: &[u8]) -> Option<B> {
    let body = Body::from(bytes.to_vec());
    let request = Request::post("/").header(header::CONTENT_TYPE, kind).body(body).expect("a request");
    // All of the body is there, so nothing is waited for.
    settled(B::from_request(request, &()).now_or_never().expect("ready"))
}

/// What an extractor makes of the bytes as a query string.
pub(crate) fn query<Q: FromRequestParts<()>>(bytes: &[u8]) -> Option<Q> {
    let (mut parts, ()) = Request::get(uri(bytes)?).body(()).expect("a request").into_parts();
    settled(Q::from_request_parts(&mut parts, &()).now_or_never().expect("ready"))
}

/// The target with these bytes as its query, where they can be one.
pub(crate) fn uri(bytes: &[u8]) -> Option<Uri> {
    let text = std::str::from_utf8(bytes).ok()?;
    Uri::builder().path_and_query(format!("/x?{text}")).build().ok()
}

/// What was read; a refusal must not be a fault of ours, whatever came.
pub(crate) fn settled<T>(outcome: Result<T, impl IntoResponse>) -> Option<T> {
    outcome.map_err(|refusal| told(refusal)).ok()
}

fn told(response: impl IntoResponse) {
    let status = response.into_response().status();
    assert!(!status.is_server_error(), "answered {status}");
}

/// A cursor that is read is written as one that reads the same.
fn cursors(bytes: &[u8]) {
    fn one<K: Cursor + PartialEq + std::fmt::Debug>(text: &str) {
        if let Ok(place) = K::parse(text) {
            assert_eq!(K::parse(&place.write()).ok(), Some(place));
        }
        if let Some(place) = K::read(text) {
            assert_eq!(K::read(&place.plain()), Some(place));
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    one::<guildhall_engine::GroupKey>(text);
    one::<guildhall_engine::UserKey>(text);
    one::<guildhall_domain::ids::UserId>(text);
    one::<u64>(text);
}

/// A file in the directory format, read in one piece and byte by byte: both end alike.
fn directory(bytes: &[u8]) {
    let read = |size: usize| {
        let mut load = guildhall_engine::directory::Load::new();
        load.file("seed").map_err(|e| e.to_string())?;
        let mut reader = Reader::new();
        for piece in bytes.chunks(size.max(1)) {
            reader.take(piece, &mut load).map_err(|fault| fault.to_string())?;
        }
        reader.end(&mut load).map_err(|fault| fault.to_string())?;
        Ok::<u64, String>(load.len())
    };
    assert_eq!(read(bytes.len()), read(7));
}

/// A sheet of any topic, in the encoding that it looks like and in others: read, or refused for a reason.
fn sheets(bytes: &[u8]) {
    for topic in [Topic::Users, Topic::Groups, Topic::Members] {
        for charset in [None, Some("utf-8"), Some("windows-1252"), Some("utf-16le"), Some("shift_jis")] {
            if let Err(refused) = crate::sheets::open(topic, bytes, charset, true) {
                assert!(!matches!(refused, guildhall_domain::Error::Internal(_)), "{refused}");
            }
        }
    }
}

/// The manners of a dialect settle a path at once: what they made of it they leave as it is.
fn paths(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).ok();
    let Some(uri) = text.and_then(|text| Uri::builder().path_and_query(text).build().ok()) else { return };
    api::dialect_of(uri.path());
    let manners = [api::cakewalk_v1::manners as fn(&Uri) -> Option<Uri>, api::secoda_v1::manners];
    for manners in manners {
        if let Some(routed) = manners(&uri) {
            assert_eq!(routed.query(), uri.query());
        }
    }
    let _ = pairs(&uri); // read or refused
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::TARGETS;

    /// Bytes that tend to matter where they replace another.
    const NASTY: &[u8] = b"\0\"\\{}[],:-09eE.\n\xc3\xff";

    /// The seeds and what was once found, each whole, cut off at every place, and with every byte replaced.
    #[test]
    fn every_seed_is_read_or_refused() {
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
            let seeds = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
            let mut tried = 0;
            for seed in seeds {
                let seed = std::fs::read(seed.expect("an entry").path()).expect("a seed");
                target(&seed);
                for place in 0..seed.len().min(400) {
                    target(&seed[..place]);
                    let mut changed = seed.clone();
                    changed[place] = NASTY[place % NASTY.len()];
                    target(&changed);
                }
                tried += 1;
            }
            assert!(tried > 0, "{name} has no seeds");
        }
    }
}
