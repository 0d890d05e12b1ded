//! Reading a directory: people, groups and members, all of them or what changed since the last time.

use std::collections::{HashMap, HashSet};

use guildhall_domain::pull::{SaidGroup, SaidUser, Source, SourceGroup, SourceUser};
use serde_json::{Map, Value};

use super::dn::normal;
use super::entry::Entry;
use super::settings::{Names, Server, Settings};
use super::wire::Wire;
use crate::http::reach::Reach;

/// Problems of one kind that are told one by one.
const TOLD: usize = 20;

/// Reads people, groups and members. With the `mark` of an earlier run only who there is, and of those the records that
/// changed since.
///
/// # Errors
/// Why it cannot be read, in words for who looks after the directory.
pub async fn read(
    settings: &Settings,
    secret: Option<&str>,
    mark: Option<&str>,
    reach: &Reach,
) -> Result<Source, String> {
    let mut wire = Wire::open(settings, secret, reach).await?;
    let names = Names::of(settings);
    let server = server_id(&mut wire, settings.server()).await?;
    // A mark of another server counts other changes.
    let since = mark.and_then(|mark| mark.strip_prefix(&format!("{server}|"))).map(str::to_owned);
    let mut reading = Reading { settings, names, since, newest: None, source: Source::default() };
    let dns = reading.users(&mut wire).await?;
    if settings.groups.is_some() {
        reading.groups(&mut wire, &dns).await?;
    }
    wire.close().await;
    let newest = reading.newest.or(reading.since);
    reading.source.mark = newest.map(|newest| format!("{server}|{newest}"));
    Ok(reading.source)
}

/// What tells one server's count of changes from another's.
async fn server_id(wire: &mut Wire, server: Server) -> Result<String, String> {
    if server != Server::ActiveDirectory {
        return Ok("time".into());
    }
    let root = wire.one("", vec!["dsServiceName".into()]).await?;
    Ok(root.and_then(|root| root.text("dsServiceName")).unwrap_or_default())
}

struct Reading<'a> {
    settings: &'a Settings,
    names: Names,
    since: Option<String>,
    newest: Option<String>,
    source: Source,
}

/// What names of members lead to.
#[derive(Default)]
struct Known {
    by_dn: HashMap<String, String>,
    by_name: HashMap<String, String>,
}

impl Reading<'_> {
    /// Only who there is, with enough to know who is meant: what stands for the rest of those that did not change.
    async fn brief(&mut self, wire: &mut Wire, base: &str, filter: &str, more: &[&str]) -> Result<Vec<Entry>, String> {
        let names: Vec<String> = more.iter().map(|name| (*name).to_owned()).collect();
        wire.search(base, filter, &names).await
    }

    /// Those that changed since the mark.
    fn changed(&self, filter: &str) -> Option<String> {
        let since = self.since.as_ref()?;
        Some(format!("(&{filter}({}>={}))", self.names.changed, ldap3::ldap_escape(since.as_str())))
    }

    /// Notes when an entry changed. Numbers of one length sort as texts do; others by their length first.
    fn note(&mut self, entry: &Entry) {
        if let Some(changed) = entry.text(self.names.changed) {
            let later = |old: &String| (old.len(), old.as_str()) < (changed.len(), changed.as_str());
            if self.newest.as_ref().is_none_or(later) {
                self.newest = Some(changed);
            }
        }
    }

    async fn users(&mut self, wire: &mut Wire) -> Result<Known, String> {
        let n = &self.names;
        let mut wanted = vec![
            n.user_key.clone(),
            n.user_name.clone(),
            n.email.clone(),
            n.name.clone(),
            n.given_name.clone(),
            n.family_name.clone(),
            n.manager.clone(),
            n.changed.to_owned(),
            n.inactive.to_owned(),
            "uid".to_owned(),
        ];
        wanted.extend(self.settings.users.attributes.values().cloned());
        let (base, filter) = (self.settings.users.base.clone(), self.names.user_filter.clone());
        let full = self.changed(&filter);
        let entries = wire.search(&base, full.as_ref().unwrap_or(&filter), &wanted).await?;
        let brief = match full {
            Some(_) => {
                let key = self.names.user_key.clone();
                self.brief(wire, &base, &filter, &[&key, "uid"]).await?
            }
            None => Vec::new(),
        };
        let mut known = Known::default();
        let mut unnamed = 0;
        for entry in brief.iter().chain(&entries) {
            let Some(key) = entry.key(&self.names.user_key) else {
                unnamed += 1;
                continue;
            };
            known.by_dn.insert(normal(&entry.dn), key.clone());
            if let Some(uid) = entry.text("uid") {
                known.by_name.insert(uid.to_lowercase(), key);
            }
        }
        if unnamed > 0 {
            self.source.problems.push(format!("{unnamed} users have no {}", self.names.user_key));
        }
        let mut said: HashMap<String, SaidUser> = HashMap::new();
        let mut order = Vec::new();
        for entry in &entries {
            self.note(entry);
            if let Some(key) = entry.key(&self.names.user_key) {
                let told = self.user(entry, &known);
                said.insert(key.clone(), told);
                order.push(key);
            }
        }
        let mut seen = HashSet::new();
        let keys = order.into_iter().chain(brief.iter().filter_map(|entry| entry.key(&self.names.user_key)));
        for key in keys.filter(|key| seen.insert(key.clone())).collect::<Vec<_>>() {
            let said = said.remove(&key);
            self.source.users.push(SourceUser { key, said });
        }
        Ok(known)
    }

    fn user(&self, entry: &Entry, known: &Known) -> SaidUser {
        let n = &self.names;
        let email = entry.text(&n.email).or_else(|| entry.text(&n.user_name).filter(|name| name.contains('@')));
        let active = match self.settings.server() {
            // The second bit says that the account is disabled.
            Server::ActiveDirectory => entry.number(n.inactive).is_none_or(|flags| flags & 2 == 0),
            _ => !entry.text(n.inactive).is_some_and(|word| word.eq_ignore_ascii_case("true")),
        };
        let mut attributes = Map::new();
        for (name, attribute) in &self.settings.users.attributes {
            let mut all = entry.texts(attribute);
            let value = match all.len() {
                0 => continue,
                1 => Value::String(all.remove(0)),
                _ => Value::from(all),
            };
            attributes.insert(name.clone(), value);
        }
        SaidUser {
            user_name: entry.text(&n.user_name),
            email,
            name: entry.text(&n.name),
            given_name: entry.text(&n.given_name),
            family_name: entry.text(&n.family_name),
            active: Some(active),
            attributes: (!attributes.is_empty()).then(|| Value::Object(attributes).to_string()),
            manager: entry.text(&n.manager).and_then(|dn| known.by_dn.get(&normal(&dn)).cloned()),
            ..SaidUser::default()
        }
    }

    async fn groups(&mut self, wire: &mut Wire, users: &Known) -> Result<(), String> {
        let n = &self.names;
        let mut wanted = vec![n.group_key.clone(), n.group_name.clone(), n.description.clone(), n.changed.to_owned()];
        wanted.extend(n.members.iter().cloned());
        let groups = self.settings.groups();
        let (base, filter) = (groups.base.clone(), self.names.group_filter.clone());
        let full = self.changed(&filter);
        let entries = wire.search(&base, full.as_ref().unwrap_or(&filter), &wanted).await?;
        let brief = match full {
            Some(_) => {
                let key = self.names.group_key.clone();
                self.brief(wire, &base, &filter, &[&key]).await?
            }
            None => Vec::new(),
        };
        let mut dns: HashMap<String, String> = HashMap::new();
        for entry in brief.iter().chain(&entries) {
            match entry.key(&self.names.group_key) {
                Some(key) => drop(dns.insert(normal(&entry.dn), key)),
                None => self.problem(format!("the group {} has no {}", entry.dn, self.names.group_key)),
            }
        }
        let mut seen = HashSet::new();
        for entry in entries {
            self.note(&entry);
            let Some(key) = entry.key(&self.names.group_key).filter(|key| seen.insert(key.clone())) else { continue };
            let Some(name) = entry.text(&self.names.group_name) else {
                self.problem(format!("the group {} has no {}", entry.dn, self.names.group_name));
                continue;
            };
            let (mut members, mut inside) = (Vec::new(), Vec::new());
            for attribute in self.names.members.clone() {
                for member in values(wire, &entry, &attribute).await? {
                    if attribute.eq_ignore_ascii_case("memberUid") {
                        // One that leads nowhere is told of once all are counted.
                        members.push(users.by_name.get(&member.to_lowercase()).cloned().unwrap_or(member));
                        continue;
                    }
                    let dn = normal(&member);
                    if let Some(key) = users.by_dn.get(&dn) {
                        members.push(key.clone());
                    } else if let Some(key) = dns.get(&dn) {
                        inside.push(key.clone());
                    } else if !member.trim().is_empty() {
                        members.push(member);
                    }
                }
            }
            let description = entry.text(&self.names.description);
            let inside = groups.nested.unwrap_or(true).then_some(inside);
            let said = SaidGroup { name, description, members: Some(members), inside, ..SaidGroup::default() };
            self.source.groups.push(SourceGroup { key, said: Some(said) });
        }
        let rest = brief.iter().filter_map(|entry| entry.key(&self.names.group_key));
        for key in rest.filter(|key| seen.insert(key.clone())).collect::<Vec<_>>() {
            self.source.groups.push(SourceGroup { key, said: None });
        }
        Ok(())
    }

    fn problem(&mut self, words: String) {
        if self.source.problems.len() < TOLD {
            self.source.problems.push(words);
        }
    }
}

/// All values of an attribute, also where the server sends them in parts.
async fn values(wire: &mut Wire, entry: &Entry, name: &str) -> Result<Vec<String>, String> {
    let mut all = entry.texts(name);
    let mut part = entry.range(name);
    let mut from = 0;
    while let Some((more, to)) = part {
        let broke = || format!("the directory broke off the members of {} after {}", entry.dn, all.len());
        let last = to.is_none();
        // Each part must lead on, or there would be no end.
        let next = match to {
            Some(to) if to >= from && !more.is_empty() => to.checked_add(1).ok_or_else(broke)?,
            Some(_) => return Err(broke()),
            None => from,
        };
        all.extend(more);
        if last {
            break;
        }
        from = next;
        let found = wire.one(&entry.dn, vec![format!("{name};range={from}-*")]).await?;
        part = found.and_then(|found| found.range(name));
        if part.is_none() {
            return Err(format!("the directory broke off the members of {} after {}", entry.dn, all.len()));
        }
    }
    Ok(all)
}
