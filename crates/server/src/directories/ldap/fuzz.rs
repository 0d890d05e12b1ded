//! For fuzzing: everything of a directory's answers, and of the settings, that is read.

use std::collections::HashMap;

use ldap3::SearchEntry;

use super::entry::Entry;
use super::{Settings, dn, relay};
use crate::http::reach::Reach;

/// Tries settings, names, entries and messages on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    // What passes is read by the client's own parser, which must find just one message in it.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let message = [&[0x30, 0x84][..], &len, bytes].concat();
    if relay::check(&message).is_ok() {
        let (rest, _) = ldap3::asn1::parse_tag(&message).expect("what was checked can be read");
        assert!(rest.is_empty(), "{rest:?}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // One form of a name is compared with others, whatever it was made of.
    assert!(dn::normal(text).len() <= 3 * text.len());
    if let Ok(settings) = Settings::read(text) {
        drop(settings.check(&Reach::new([])));
    }
    // The first line as the attribute, the others as its values.
    let mut lines = text.lines();
    let name = lines.next().unwrap_or_default().to_owned();
    let attrs = HashMap::from([(name, lines.map(str::to_owned).collect())]);
    let entry = Entry::of(SearchEntry { dn: text.to_owned(), attrs, bin_attrs: HashMap::new() });
    for name in ["member", "objectGUID", "uSNChanged", "range"] {
        drop((entry.range(name), entry.key(name), entry.number(name), entry.texts(name)));
    }
}
