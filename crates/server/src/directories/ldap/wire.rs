//! A bound connection to a directory, and its paged searches.

use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, StdStream};

use super::entry::Entry;
use super::settings::Settings;
use crate::http::reach::Reach;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// The most entries that one search may find.
const MOST: usize = 2_000_000;

/// A connection.
pub(super) struct Wire {
    ldap: Ldap,
    page: i32,
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
        LdapError::Rustls { source } => format!("TLS failed: {source}"),
        LdapError::Io { source } => match source.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
            Some(cause) => format!("TLS failed: {cause}"),
            None => format!("the connection broke: {}", source.kind()),
        },
        other => format!("the connection broke: {other}"),
    }
}

impl Wire {
    /// Connects to an address that was checked just now, encrypts, and says who reads.
    pub(super) async fn open(settings: &Settings, secret: Option<&str>, reach: &Reach) -> Result<Self, String> {
        let place = settings.place().map_err(|error| error.to_string())?;
        let encrypted = place.tls || settings.start_tls;
        let stream = reach.dial(&place.host, place.port, encrypted).await?;
        let stream = stream.into_std().map_err(|e| e.to_string())?;
        let mut options = LdapConnSettings::new()
            .set_conn_timeout(Duration::from_secs(10))
            .set_std_stream(StdStream::Tcp(stream))
            .set_starttls(settings.start_tls);
        if encrypted {
            let roots = settings.roots().map_err(|error| error.to_string())?;
            options = options.set_config(reach.tls_of(roots).map_err(|e| format!("TLS cannot be set up: {e}"))?);
        }
        // The address is in use already: this tells only how to speak, and whose certificate to ask for.
        let url = format!("{}://{}:{}", if place.tls { "ldaps" } else { "ldap" }, place.host, place.port);
        let (connection, mut ldap) = LdapConnAsync::with_settings(options, &url).await.map_err(|error| told(&error))?;
        tokio::spawn(async move {
            let _ = connection.drive().await; // its end is told to whoever asks
        });
        if let Some(dn) = &settings.bind_dn {
            let bound = ldap.with_timeout(ANSWER).simple_bind(dn, secret.unwrap_or_default()).await;
            bound.and_then(ldap3::LdapResult::success).map_err(|error| told(&error))?;
        }
        let page = i32::try_from(settings.page_size.unwrap_or(500)).unwrap_or(500);
        Ok(Self { ldap, page })
    }

    /// All entries below `base` that `filter` fits, with these attributes.
    pub(super) async fn search(&mut self, base: &str, filter: &str, names: &[String]) -> Result<Vec<Entry>, String> {
        let adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(self.page))];
        let search = self.ldap.with_timeout(ANSWER);
        let mut stream = search
            .streaming_search_with(adapters, base, Scope::Subtree, filter, names.to_vec())
            .await
            .map_err(|error| told(&error))?;
        let mut all = Vec::new();
        while let Some(found) = stream.next().await.map_err(|error| told(&error))? {
            if all.len() >= MOST {
                return Err(format!("the directory has more than {MOST} entries there; narrow the filter"));
            }
            all.push(Entry::of(SearchEntry::construct(found)));
        }
        // A list that was cut short must not look like a whole one.
        stream.finish().await.success().map_err(|error| told(&error))?;
        Ok(all)
    }

    /// One entry, or nothing.
    pub(super) async fn one(&mut self, dn: &str, names: Vec<String>) -> Result<Option<Entry>, String> {
        let found = self.ldap.with_timeout(ANSWER).search(dn, Scope::Base, "(objectClass=*)", names).await;
        match found.and_then(ldap3::SearchResult::success) {
            Ok((mut entries, _)) => Ok(entries.pop().map(|found| Entry::of(SearchEntry::construct(found)))),
            Err(LdapError::LdapResult { result }) if result.rc == 32 => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        let _ = self.ldap.unbind().await; // nothing depends on its being heard
    }
}
