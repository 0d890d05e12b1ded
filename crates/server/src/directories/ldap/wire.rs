//! A bound connection to a directory, and its paged searches.

use std::time::Duration;

use ldap3::adapters::EntriesOnly;
use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, StdStream};

use super::entry::Entry;
use super::relay::{self, Encrypt, Why};
use super::settings::Settings;
use crate::http::reach::Reach;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// The most entries that one search may find.
const MOST: usize = 2_000_000;
/// The most pages in a row that hold nothing: a directory sends them where its search takes long.
const EMPTY_PAGES: usize = 100;

/// A connection.
pub(super) struct Wire {
    ldap: Ldap,
    page: i32,
    why: Why,
}

fn told(error: &LdapError) -> String {
    match error {
        LdapError::LdapResult { result } => {
            let words = match result.rc {
                4 => "the directory sends no more than part of the entries: raise its limit for who reads",
                8 => "the directory wants an encrypted connection",
                32 => "the directory has no such base",
                49 => "the directory does not know who reads, or the secret is wrong",
                50 => "whoever reads has no right to",
                10 => "the directory names another one to ask, which is not followed",
                53 => "the directory is not willing",
                _ => "the directory refused",
            };
            let more: String = result.text.chars().filter(|c| !c.is_control()).take(200).collect();
            if more.is_empty() {
                format!("{words} ({})", result.rc)
            } else {
                format!("{words} ({}: {more})", result.rc)
            }
        }
        LdapError::Timeout { .. } => "the directory did not answer in time".into(),
        LdapError::Io { source } => format!("the connection broke: {}", source.kind()),
        other => format!("the connection broke: {other}"),
    }
}

impl Wire {
    /// Connects to an address that was checked just now, encrypts, and says who reads.
    pub(super) async fn open(settings: &Settings, secret: Option<&str>, reach: &Reach) -> Result<Self, String> {
        let place = settings.place().map_err(|error| error.to_string())?;
        let encrypted = place.tls || settings.start_tls;
        let stream = reach.dial(&place.host, place.port, encrypted).await?;
        let encrypt = if encrypted {
            let roots = settings.roots().map_err(|error| error.to_string())?;
            let config = reach.tls_of(roots).map_err(|e| format!("TLS cannot be set up: {e}"))?;
            if place.tls { Encrypt::AtOnce(config) } else { Encrypt::StartTls(config) }
        } else {
            Encrypt::No
        };
        let (stream, why) = relay::open(stream, &place.host, encrypt).await?;
        let stream = stream.into_std().map_err(|e| e.to_string())?;
        let options = LdapConnSettings::new().set_std_stream(StdStream::Unix(stream));
        // The relay is there already: this tells only what kind of stream it is.
        let opened = LdapConnAsync::with_settings(options, "ldapi://relay").await;
        let (connection, ldap) = opened.map_err(|error| told(&error))?;
        tokio::spawn(async move {
            let _ = connection.drive().await; // its end is told to whoever asks
        });
        let page = i32::try_from(settings.page_size.unwrap_or(500)).unwrap_or(500);
        let mut wire = Self { ldap, page, why };
        if let Some(dn) = &settings.bind_dn {
            let bound = wire.ldap.with_timeout(ANSWER).simple_bind(dn, secret.unwrap_or_default()).await;
            bound.and_then(ldap3::LdapResult::success).map_err(|error| wire.told(&error))?;
        }
        Ok(wire)
    }

    /// What went wrong, in words; where the relay broke off, why.
    fn told(&self, error: &LdapError) -> String {
        match self.why.get() {
            Some(why) if !matches!(error, LdapError::LdapResult { .. }) => why.clone(),
            _ => told(error),
        }
    }

    /// All entries below `base` that `filter` fits, with these attributes.
    pub(super) async fn search(&mut self, base: &str, filter: &str, names: &[String]) -> Result<Vec<Entry>, String> {
        let (mut all, mut empty, mut cookie) = (Vec::new(), 0, Vec::new());
        loop {
            let before = all.len();
            let asked = PagedResults { size: self.page, cookie: std::mem::take(&mut cookie) };
            let control = RawControl::from(asked);
            let search = self.ldap.with_timeout(ANSWER).with_controls(control);
            let begun = search.streaming_search_with(EntriesOnly::new(), base, Scope::Subtree, filter, names).await;
            let mut stream = begun.map_err(|error| self.told(&error))?;
            while let Some(found) = stream.next().await.map_err(|error| self.told(&error))? {
                if all.len() >= MOST {
                    return Err(format!("the directory has more than {MOST} entries there; narrow the filter"));
                }
                all.push(Entry::of(SearchEntry::construct(found)));
            }
            // A list that was cut short must not look like a whole one.
            let done = stream.finish().await.success().map_err(|error| self.told(&error))?;
            let paged = done.ctrls.into_iter().find_map(|Control(kind, raw)| match kind {
                Some(ControlType::PagedResults) => Some(raw.parse::<PagedResults>()),
                _ => None,
            });
            cookie = paged.map(|paged| paged.cookie).unwrap_or_default();
            if cookie.is_empty() {
                return Ok(all);
            }
            // Some count pages by one cookie, which they repeat: only what comes tells whether it goes on.
            empty = if all.len() == before { empty + 1 } else { 0 };
            if empty > EMPTY_PAGES {
                return Err("the directory sends one empty page after another".into());
            }
        }
    }

    /// One entry, or nothing.
    pub(super) async fn one(&mut self, dn: &str, names: Vec<String>) -> Result<Option<Entry>, String> {
        let found = self.ldap.with_timeout(ANSWER).search(dn, Scope::Base, "(objectClass=*)", names).await;
        match found.and_then(ldap3::SearchResult::success) {
            Ok((mut entries, _)) => Ok(entries.pop().map(|found| Entry::of(SearchEntry::construct(found)))),
            Err(LdapError::LdapResult { result }) if result.rc == 32 => Ok(None),
            Err(error) => Err(self.told(&error)),
        }
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        let _ = self.ldap.unbind().await; // nothing depends on its being heard
    }
}
