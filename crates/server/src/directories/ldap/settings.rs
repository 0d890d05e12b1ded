//! What a connection of kind `ldap` needs to know, and what it takes from the kind of server when it is not told.

use std::collections::BTreeMap;

use guildhall_domain::{Error, Result};
use serde::Deserialize;

use crate::http::reach::Reach;

/// The kinds of servers that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Server {
    /// OpenLDAP, and whatever keeps to the standards.
    #[serde(rename = "openldap")]
    OpenLdap,
    /// 389 Directory Server.
    #[serde(rename = "389ds")]
    Ds389,
    /// Active Directory.
    #[serde(rename = "ad")]
    ActiveDirectory,
    /// FreeIPA.
    #[serde(rename = "freeipa")]
    FreeIpa,
}

/// Where people are, and which attribute is what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Users {
    /// Below which entry they are.
    pub base: String,
    /// Which entries they are.
    pub filter: Option<String>,
    /// What names one for ever.
    pub key: Option<String>,
    /// The sign-in name.
    pub user_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The manager's entry.
    pub manager: Option<String>,
    /// Attributes here, each with the attribute there.
    pub attributes: BTreeMap<String, String>,
}

/// Where groups are, and which attribute is what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Groups {
    /// Below which entry they are.
    pub base: String,
    /// Which entries they are.
    pub filter: Option<String>,
    /// What names one for ever.
    pub key: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The attributes that hold members: entries, or sign-in names in `memberUid`.
    pub members: Option<Vec<String>>,
    /// Are groups inside groups nested here too? Else only people are taken.
    pub nested: Option<bool>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// `ldaps://HOST[:PORT]` or `ldap://HOST[:PORT]`.
    pub url: String,
    /// Encrypt an `ldap://` connection before anything is said on it.
    #[serde(default)]
    pub start_tls: bool,
    /// The certificates that are believed, as PEM; those of the system when absent.
    pub ca_certificate: Option<String>,
    /// Who reads; nobody when absent.
    pub bind_dn: Option<String>,
    /// What kind of server it is.
    pub server: Option<Server>,
    /// The people.
    pub users: Users,
    /// The groups; none are read when absent.
    pub groups: Option<Groups>,
    /// Entries asked for at a time.
    pub page_size: Option<u32>,
    /// When it runs; read by the engine.
    #[serde(rename = "everyMinutes")]
    _every_minutes: Option<u32>,
    #[serde(rename = "fullEveryHours")]
    _full_every_hours: Option<u32>,
    #[serde(rename = "driftEveryHours")]
    _drift_every_hours: Option<u32>,
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub host: String,
    pub port: u16,
    /// Is it encrypted from the first byte?
    pub tls: bool,
}

impl Settings {
    /// Reads the settings of a connection.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn read(text: &str) -> Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let why = error.inner().to_string();
            let why = why.split(" at line ").next().unwrap_or_default();
            let field = if path == "." { "settings".to_owned() } else { format!("settings.{path}") };
            Error::invalid(field, why)
        })
    }

    /// Refuses what can never work.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn check(&self, reach: &Reach) -> Result<()> {
        let wrong = |field: &str, why: &str| Error::invalid(format!("settings.{field}"), why);
        let place = self.place()?;
        reach.check_host(&place.host, place.port, place.tls || self.start_tls).map_err(|why| wrong("url", &why))?;
        if place.tls && self.start_tls {
            return Err(wrong("startTls", "is for ldap://; ldaps:// is encrypted already"));
        }
        if self.ca_certificate.is_some() && self.roots()?.is_none() {
            return Err(wrong("caCertificate", "holds no certificate in PEM form"));
        }
        if self.page_size.is_some_and(|size| !(1..=10_000).contains(&size)) {
            return Err(wrong("pageSize", "must be 1 to 10,000"));
        }
        let filters = [("users.filter", &self.users.filter), ("groups.filter", &self.groups().filter)];
        for (field, filter) in filters {
            if filter.as_ref().is_some_and(|filter| ldap3::parse_filter(filter).is_err()) {
                return Err(wrong(field, "is no LDAP filter"));
            }
        }
        let words = |name: &String| {
            !name.is_empty()
                && name.len() <= 64
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';'))
        };
        for (field, name) in self.names() {
            if !words(&name) {
                return Err(wrong(field, "must be the name of an attribute"));
            }
        }
        Ok(())
    }

    /// Every attribute that is named, and where.
    fn names(&self) -> Vec<(&'static str, String)> {
        let (users, groups) = (&self.users, self.groups());
        let one = |field, name: &Option<String>| name.clone().map(|name| (field, name));
        let single = [
            one("users.key", &users.key),
            one("users.userName", &users.user_name),
            one("users.email", &users.email),
            one("users.name", &users.name),
            one("users.givenName", &users.given_name),
            one("users.familyName", &users.family_name),
            one("users.manager", &users.manager),
            one("groups.key", &groups.key),
            one("groups.name", &groups.name),
            one("groups.description", &groups.description),
        ];
        let many = users.attributes.values().map(|name| ("users.attributes", name.clone()));
        let members = groups.members.unwrap_or_default().into_iter().map(|name| ("groups.members", name));
        single.into_iter().flatten().chain(many).chain(members).collect()
    }

    /// The groups, or nothing of them.
    pub(super) fn groups(&self) -> Groups {
        self.groups.clone().unwrap_or_default()
    }

    /// The kind of server.
    pub(super) fn server(&self) -> Server {
        self.server.unwrap_or(Server::OpenLdap)
    }

    /// Where the server is.
    pub(super) fn place(&self) -> Result<Place> {
        let wrong = |why: &str| Error::invalid("settings.url", why);
        let form = "must be ldaps://HOST[:PORT] or ldap://HOST[:PORT]";
        let (tls, rest) = match (self.url.strip_prefix("ldaps://"), self.url.strip_prefix("ldap://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(wrong(form)),
        };
        let authority: http::uri::Authority = rest.trim_end_matches('/').parse().map_err(|_| wrong(form))?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong("names who reads; that is bindDn, and the secret"));
        }
        let usual = if tls { 636 } else { 389 };
        let named = authority.as_str().len() > authority.host().len();
        let port = authority.port_u16().or(if named { None } else { Some(usual) }).filter(|port| *port != 0);
        let port = port.ok_or_else(|| wrong("names a port that does not exist"))?;
        Ok(Place { host: authority.host().to_owned(), port, tls })
    }

    /// The certificates that are believed, where some are named.
    pub(super) fn roots(&self) -> Result<Option<rustls::RootCertStore>> {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;
        let Some(text) = &self.ca_certificate else { return Ok(None) };
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let wrong = |_| Error::invalid("settings.caCertificate", "holds what is no certificate in PEM form");
            let certificate = certificate.map_err(wrong)?;
            let bad = |_| Error::invalid("settings.caCertificate", "holds a certificate that cannot be used");
            roots.add(certificate).map_err(bad)?;
        }
        Ok((!roots.is_empty()).then_some(roots))
    }
}

/// Which attribute is what, once everything is settled.
pub(super) struct Names {
    pub user_filter: String,
    pub user_key: String,
    pub user_name: String,
    pub email: String,
    pub name: String,
    pub given_name: String,
    pub family_name: String,
    pub manager: String,
    pub group_filter: String,
    pub group_key: String,
    pub group_name: String,
    pub description: String,
    pub members: Vec<String>,
    /// What tells that an entry has changed.
    pub changed: &'static str,
    /// What tells that a person counts no more.
    pub inactive: &'static str,
}

impl Names {
    pub(super) fn of(settings: &Settings) -> Self {
        let server = settings.server();
        let (users, groups) = (&settings.users, settings.groups());
        let text = |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
        let (key, user_filter, group_filter, user_name) = match server {
            Server::OpenLdap => (
                "entryUUID",
                "(objectClass=inetOrgPerson)",
                "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
                "uid",
            ),
            Server::Ds389 => (
                "nsUniqueId",
                "(objectClass=inetOrgPerson)",
                "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
                "uid",
            ),
            Server::ActiveDirectory => (
                "objectGUID",
                "(&(objectCategory=person)(objectClass=user))",
                "(objectClass=group)",
                "userPrincipalName",
            ),
            Server::FreeIpa => ("ipaUniqueID", "(objectClass=posixAccount)", "(objectClass=ipaUserGroup)", "uid"),
        };
        let ad = server == Server::ActiveDirectory;
        let members: &[&str] = match server {
            Server::ActiveDirectory | Server::FreeIpa => &["member"],
            Server::OpenLdap | Server::Ds389 => &["member", "uniqueMember", "memberUid"],
        };
        Self {
            user_filter: text(&users.filter, user_filter),
            user_key: text(&users.key, key),
            user_name: text(&users.user_name, user_name),
            email: text(&users.email, "mail"),
            name: text(&users.name, if ad { "displayName" } else { "cn" }),
            given_name: text(&users.given_name, "givenName"),
            family_name: text(&users.family_name, "sn"),
            manager: text(&users.manager, "manager"),
            group_filter: text(&groups.filter, group_filter),
            group_key: text(&groups.key, key),
            group_name: text(&groups.name, "cn"),
            description: text(&groups.description, "description"),
            members: groups.members.clone().unwrap_or_else(|| members.iter().map(|m| (*m).to_owned()).collect()),
            changed: if ad { "uSNChanged" } else { "modifyTimestamp" },
            inactive: if ad { "userAccountControl" } else { "nsAccountLock" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> String {
        let reach = Reach::new(["127.0.0.0/8".parse().expect("a network")]);
        match Settings::read(text).and_then(|settings| settings.check(&reach)) {
            Ok(()) => "good".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn settings_are_checked_where_they_are_entered() {
        for good in [
            r#"{"url":"ldaps://ldap.example.com","users":{"base":"dc=x"}}"#,
            r#"{"url":"ldap://127.0.0.1:3890/","server":"ad","users":{"base":"dc=x","filter":"(mail=*)"},"groups":{"base":"dc=x"},"everyMinutes":60}"#,
            r#"{"url":"ldap://ldap.example.com","startTls":true,"users":{"base":"dc=x"}}"#,
        ] {
            assert_eq!(outcome(good), "good", "{good}");
        }
        for (bad, why) in [
            ("{}", "settings: missing field `url`"),
            (
                r#"{"url":"http://x","users":{"base":"dc=x"}}"#,
                "settings.url: must be ldaps://HOST[:PORT] or ldap://HOST[:PORT]",
            ),
            (
                r#"{"url":"ldaps://10.0.0.1","users":{"base":"dc=x"}}"#,
                "settings.url: the host has an address that may not be called; an operator can allow it (webhook-allow)",
            ),
            (
                r#"{"url":"ldap://1.1.1.1","users":{"base":"dc=x"}}"#,
                "settings.url: without TLS only networks that an operator has allowed (webhook-allow) may be called",
            ),
            (
                r#"{"url":"ldaps://x","users":{"base":"dc=x","filter":"(a=b"}}"#,
                "settings.users.filter: is no LDAP filter",
            ),
            (
                r#"{"url":"ldaps://x","users":{"base":"dc=x","key":"a)(b"}}"#,
                "settings.users.key: must be the name of an attribute",
            ),
            (
                r#"{"url":"ldaps://x","users":{"base":"dc=x","colour":"y"}}"#,
                "settings.users.colour: unknown field `colour`, expected one of `base`, `filter`, `key`, `userName`, `email`, `name`, `givenName`, `familyName`, `manager`, `attributes`",
            ),
            (r#"{"url":"ldaps://x","pageSize":0,"users":{"base":"dc=x"}}"#, "settings.pageSize: must be 1 to 10,000"),
            (
                r#"{"url":"ldaps://x","caCertificate":"x","users":{"base":"dc=x"}}"#,
                "settings.caCertificate: holds no certificate in PEM form",
            ),
            (
                r#"{"url":"ldaps://me:pw@x","users":{"base":"dc=x"}}"#,
                "settings.url: names who reads; that is bindDn, and the secret",
            ),
        ] {
            assert_eq!(outcome(bad), why, "{bad}");
        }
    }
}
