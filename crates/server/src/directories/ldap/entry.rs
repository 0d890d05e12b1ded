//! One entry of a directory, its attributes found in any letter case.

use std::collections::HashMap;

use ldap3::SearchEntry;
use uuid::Uuid;

/// An entry.
pub(super) struct Entry {
    pub dn: String,
    values: HashMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    pub(super) fn of(found: SearchEntry) -> Self {
        let SearchEntry { dn, attrs, bin_attrs } = found;
        let text = attrs.into_iter().map(|(name, all)| (name, all.into_iter().map(String::into_bytes).collect()));
        let mut values: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        for (name, all) in text.chain(bin_attrs) {
            values.entry(name.to_lowercase()).or_insert(all);
        }
        Self { dn, values }
    }

    /// All values of an attribute that are texts.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let all = self.values.get(&name.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(|value| String::from_utf8(value.clone()).ok()).collect()
    }

    /// The first value of an attribute, unless it is blank.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.texts(name).into_iter().map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// The value that names the entry for ever; what is no text is written as the id that it is.
    pub(super) fn key(&self, name: &str) -> Option<String> {
        if let Some(bytes) = self.values.get(&name.to_lowercase()).and_then(|all| all.first())
            && name.eq_ignore_ascii_case("objectGUID")
        {
            // Active Directory keeps the first three parts of an id backwards.
            let bytes: [u8; 16] = bytes.as_slice().try_into().ok()?;
            return Some(Uuid::from_bytes_le(bytes).to_string());
        }
        self.text(name)
    }

    /// The part of an attribute that came, where the server sends many values in parts: from, to (none for the last).
    pub(super) fn range(&self, name: &str) -> Option<(Vec<String>, Option<u64>)> {
        let prefix = format!("{};range=", name.to_lowercase());
        let (found, values) = self.values.iter().find(|(found, _)| found.starts_with(&prefix))?;
        let to = found[prefix.len()..].split_once('-')?.1;
        let texts = values.iter().filter_map(|value| String::from_utf8(value.clone()).ok()).collect();
        Some((texts, if to == "*" { None } else { Some(to.parse().ok()?) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attrs: &[(&str, &[&str])]) -> Entry {
        let attrs = attrs.iter().map(|(name, all)| ((*name).to_owned(), all.iter().map(|v| (*v).to_owned()).collect()));
        Entry::of(SearchEntry { dn: "cn=x".into(), attrs: attrs.collect(), bin_attrs: HashMap::new() })
    }

    #[test]
    fn attributes_are_found_in_any_letter_case_and_in_parts() {
        let found = entry(&[("Mail", &[" ", " a@x.example "]), ("member;Range=0-1", &["cn=a", "cn=b"])]);
        assert_eq!(found.text("mail").as_deref(), Some("a@x.example"));
        assert_eq!(found.range("MEMBER"), Some((vec!["cn=a".into(), "cn=b".into()], Some(1))));
        assert_eq!(entry(&[("member;range=2-*", &["cn=c"])]).range("member"), Some((vec!["cn=c".into()], None)));
        assert_eq!(entry(&[("member", &["cn=c"])]).range("member"), None);
    }

    #[test]
    fn an_object_guid_is_told_as_active_directory_tells_it() {
        let bytes = vec![0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 0xff];
        let bin_attrs = HashMap::from([("objectGUID".to_owned(), vec![bytes])]);
        let found = Entry::of(SearchEntry { dn: "cn=x".into(), attrs: HashMap::new(), bin_attrs });
        assert_eq!(found.key("objectguid").as_deref(), Some("12345678-9abc-def0-0102-0304050607ff"));
    }
}
