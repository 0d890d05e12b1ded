//! Records held in memory until all of them are read: a million memberships take 40 MB.

use std::collections::{BTreeMap, HashMap};

use guildhall_domain::company::Settings;
use guildhall_domain::conflict::Conflict;
use guildhall_domain::connection::Connection;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, UserId};
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::patch::Patch;
use guildhall_domain::role::AccessRole;
use guildhall_domain::time::Window;
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp, name};
use uuid::Uuid;

use super::apps::AppPart;
use super::giving::{GrantRecord, RoleRecord};
use super::{
    CompanyRecord, ConflictRecord, ConnectionRecord, Fault, GroupRecord, LinkRecord, MembershipRecord, NestingRecord,
    Record, UserRecord,
};
use crate::users::check_attributes;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    file: u16,
    line: u32,
}

impl Place {
    pub(super) fn told(self, files: &[String]) -> String {
        format!("{}:{}", files.get(usize::from(self.file)).map_or("?", String::as_str), self.line)
    }
}

/// A record and where it stands.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub at: Place,
    pub record: T,
}

/// A membership in 40 bytes: ids are numbers into [`Load::ids`], and what most memberships lack lies elsewhere.
#[derive(Clone, Copy)]
struct Slim {
    at: Place,
    company: u32,
    group: u32,
    user: u32,
    kind: ReasonKind,
    /// One more than the place in [`Load::extras`]; 0 for none.
    extra: u32,
    added_at: Option<Timestamp>,
}

/// What few memberships have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    pub window: Window,
    pub note: Option<Box<str>>,
    /// The connection that gave it; nil for none.
    pub source: Uuid,
}

/// A membership as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub at: Place,
    pub group: GroupId,
    pub user: UserId,
    pub kind: ReasonKind,
    pub added_at: Option<Timestamp>,
    extra: u32,
}

/// All that a load holds of one company.
pub(super) struct Part {
    /// The first line that names it.
    pub first: Place,
    pub company: Option<Held<CompanyRecord>>,
    /// By id.
    pub users: Vec<Held<UserRecord>>,
    /// By id.
    pub groups: Vec<Held<GroupRecord>>,
    /// By parent and child.
    pub nestings: Vec<Held<NestingRecord>>,
    /// By id.
    pub connections: Vec<Held<ConnectionRecord>>,
    /// By connection and what they lead to.
    pub links: Vec<Held<LinkRecord>>,
    /// By id.
    pub roles: Vec<Held<RoleRecord>>,
    /// By group and place.
    pub given: Vec<Held<GrantRecord>>,
    /// By id.
    pub conflicts: Vec<Held<ConflictRecord>>,
    /// By group, user and place.
    memberships: Vec<Slim>,
    /// Apps and what goes with them.
    pub apps: AppPart,
    ids: std::sync::Arc<Vec<Uuid>>,
    extras: std::sync::Arc<Vec<Extra>>,
}

impl Part {
    pub(super) fn len(&self) -> u64 {
        let records = usize::from(self.company.is_some()) + self.users.len() + self.groups.len() + self.nestings.len();
        let records = records
            + self.connections.len()
            + self.links.len()
            + self.roles.len()
            + self.given.len()
            + self.conflicts.len();
        (records + self.memberships.len()) as u64 + self.apps.len()
    }

    /// Is there nothing in it but groups, roles and what groups give?
    pub(super) fn is_of_groups_and_roles(&self) -> bool {
        self.len() == (self.groups.len() + self.roles.len() + self.given.len()) as u64
    }

    pub(super) fn memberships(&self) -> impl ExactSizeIterator<Item = Slot> {
        self.memberships.iter().map(|m| Slot {
            at: m.at,
            group: GroupId::new(self.ids[m.group as usize]),
            user: UserId::new(self.ids[m.user as usize]),
            kind: m.kind,
            added_at: m.added_at,
            extra: m.extra,
        })
    }

    pub(super) fn extra(&self, slot: &Slot) -> Extra {
        match slot.extra {
            0 => Extra::default(),
            n => self.extras[n as usize - 1].clone(),
        }
    }

    /// The membership at `place` that stands for the same group, user and kind as another before it.
    pub(super) fn twice(&self) -> Option<(Place, Place)> {
        let source = |m: &Slim| match m.extra {
            0 => Uuid::nil(),
            n => self.extras[n as usize - 1].source,
        };
        let same =
            |a: &Slim, b: &Slim| a.group == b.group && a.user == b.user && a.kind == b.kind && source(a) == source(b);
        self.memberships.iter().enumerate().find_map(|(i, m)| {
            let run = self.memberships[..i].iter().rev().take_while(|b| b.group == m.group && b.user == m.user);
            run.into_iter().find(|b| same(m, b)).map(|b| (b.at, m.at))
        })
    }
}

/// Records collected for [`crate::Engine::load`].
#[derive(Default)]
pub struct Load {
    files: Vec<String>,
    numbers: HashMap<Uuid, u32>,
    ids: Vec<Uuid>,
    /// What each id stands for and where, once its record was read.
    known: HashMap<u32, (&'static str, Place)>,
    /// Where each company was first named.
    named: BTreeMap<u32, Place>,
    companies: Vec<Held<CompanyRecord>>,
    users: Vec<Held<UserRecord>>,
    groups: Vec<Held<GroupRecord>>,
    nestings: Vec<Held<NestingRecord>>,
    connections: Vec<Held<ConnectionRecord>>,
    links: Vec<Held<LinkRecord>>,
    roles: Vec<Held<RoleRecord>>,
    given: Vec<Held<GrantRecord>>,
    conflicts: Vec<Held<ConflictRecord>>,
    memberships: Vec<Slim>,
    extras: Vec<Extra>,
    apps: BTreeMap<CompanyId, AppPart>,
}

impl Load {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The records that follow stand in the file of this name.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond 65,535 files.
    pub fn file(&mut self, name: impl Into<String>) -> Result<()> {
        if self.files.len() > usize::from(u16::MAX) {
            return Err(Error::TooMany { field: "files".into(), limit: u64::from(u16::MAX) });
        }
        self.files.push(name.into());
        Ok(())
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        let few = self.companies.len() + self.users.len() + self.groups.len() + self.nestings.len();
        let few = few
            + self.connections.len()
            + self.links.len()
            + self.roles.len()
            + self.given.len()
            + self.conflicts.len();
        let many = few + self.memberships.len();
        many as u64 + self.apps.values().map(AppPart::len).sum::<u64>()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `FILE:LINE` of a line in the last file, for an error.
    pub fn place(&self, line: u32) -> String {
        self.here(line).told(&self.files)
    }

    fn here(&self, line: u32) -> Place {
        Place { file: u16::try_from(self.files.len().saturating_sub(1)).unwrap_or(u16::MAX), line }
    }

    /// Takes the record of a line in the last file, checked by itself.
    ///
    /// # Errors
    /// [`Fault`] at this line: a member is wrong, or the id stands for another record already.
    pub fn push(&mut self, line: u32, record: Record) -> Result<(), Fault> {
        let at = self.here(line);
        self.take(at, record).map_err(|error| Fault { place: Some(at.told(&self.files)), error })
    }

    fn take(&mut self, at: Place, record: Record) -> Result<()> {
        match record {
            Record::Company(record) => {
                name::name("name", &record.name)?;
                Settings::default().apply(record.settings.clone())?;
                self.bear(at, record.id.uuid(), "company")?;
                self.name_company(at, record.id);
                self.companies.push(Held { at, record });
            }
            Record::User(record) => {
                if let Patch::Set(text) = &record.edit.attributes {
                    check_attributes(text)?;
                }
                User::birth(record.id, record.birth(), Timestamp::MIN, 0)?;
                self.bear(at, record.id.uuid(), "user")?;
                self.name_company(at, record.company);
                self.users.push(Held { at, record: *record });
            }
            Record::Group(record) => {
                Group::birth(record.id, record.birth(), None, Timestamp::MIN, 0)?;
                self.bear(at, record.id.uuid(), "group")?;
                self.name_company(at, record.company);
                self.groups.push(Held { at, record: *record });
            }
            Record::Connection(record) => {
                Connection::birth(record.id, record.birth(), Timestamp::MIN, 0)?;
                self.bear(at, record.id.uuid(), "connection")?;
                self.name_company(at, record.company);
                self.connections.push(Held { at, record });
            }
            Record::Link(record) => {
                self.name_company(at, record.company);
                self.links.push(Held { at, record });
            }
            Record::Conflict(record) => {
                Conflict::birth(record.id, record.birth(), Timestamp::MIN, 0)?;
                self.bear(at, record.id.uuid(), "conflict")?;
                self.name_company(at, record.company);
                self.conflicts.push(Held { at, record });
            }
            Record::Membership(record) => self.take_membership(at, record)?,
            Record::Nesting(record) => {
                self.name_company(at, record.company);
                self.nestings.push(Held { at, record });
            }
            Record::App(record) => {
                record.check()?;
                self.bear(at, record.id.uuid(), "app")?;
                self.name_company(at, record.company);
                self.apps.entry(record.company).or_default().apps.push(Held { at, record: *record });
            }
            Record::Policy(record) => {
                record.check()?;
                self.bear(at, record.id.uuid(), "policy")?;
                self.name_company(at, record.company);
                self.apps.entry(record.company).or_default().policies.push(Held { at, record: *record });
            }
            Record::GroupApp(record) => {
                self.name_company(at, record.company);
                self.apps.entry(record.company).or_default().links.push(Held { at, record });
            }
            Record::Access(record) => {
                self.name_company(at, record.company);
                self.apps.entry(record.company).or_default().accesses.push(Held { at, record });
            }
            Record::Role(record) => {
                let of = (record.company != CompanyId::PLATFORM).then_some(record.company);
                AccessRole::birth(record.id, of, record.birth(), None, Timestamp::MIN, 0)?;
                self.bear(at, record.id.uuid(), "role")?;
                self.name_company(at, record.company);
                self.roles.push(Held { at, record });
            }
            Record::GroupRole(record) => {
                self.name_company(at, record.company);
                self.given.push(Held { at, record });
            }
        }
        Ok(())
    }

    fn take_membership(&mut self, at: Place, record: MembershipRecord) -> Result<()> {
        if record.connection.is_some() && record.kind != ReasonKind::Synced {
            return Err(Error::invalid("connection", "goes with the reason `synced` only"));
        }
        if record.kind == ReasonKind::Rule {
            return Err(Error::invalid("reason", "of a rule is never imported; rules are settled by the server"));
        }
        let note = record.note.map(|raw| name::description("note", &raw)).transpose()?;
        let window = Window::new(record.window.starts, record.window.ends)?;
        let source = record.connection.map_or(Uuid::nil(), ConnectionId::uuid);
        let extra = Extra { window, note: note.map(String::into_boxed_str), source };
        let extra = match extra {
            none if none == Extra::default() => 0,
            // Lines that follow one another often share their window and note.
            same if self.extras.last() == Some(&same) => self.extras.len() as u32,
            other => {
                self.extras.push(other);
                self.extras.len() as u32
            }
        };
        let company = self.name_company(at, record.company);
        let (group, user) = (self.number(record.group.uuid()), self.number(record.user.uuid()));
        self.memberships.push(Slim { at, company, group, user, kind: record.kind, extra, added_at: record.added_at });
        Ok(())
    }

    fn number(&mut self, id: Uuid) -> u32 {
        let ids = &mut self.ids;
        *self.numbers.entry(id).or_insert_with(|| {
            ids.push(id);
            ids.len() as u32 - 1
        })
    }

    fn name_company(&mut self, at: Place, id: CompanyId) -> u32 {
        let number = self.number(id.uuid());
        self.named.entry(number).or_insert(at);
        number
    }

    fn bear(&mut self, at: Place, id: Uuid, noun: &'static str) -> Result<()> {
        if id.is_nil() {
            return Err(Error::invalid("id", "is not usable"));
        }
        let number = self.number(id);
        match self.known.get(&number) {
            Some((other, place)) => Err(Error::Taken {
                field: "id".into(),
                why: format!("stands for the {other} on {} already", place.told(&self.files)),
            }),
            None => {
                self.known.insert(number, (noun, at));
                Ok(())
            }
        }
    }

    /// The names of the files, and what there is of each company, in order.
    pub(super) fn split(mut self) -> Result<(Vec<String>, BTreeMap<CompanyId, Part>), Fault> {
        let (ids, extras) = (std::sync::Arc::new(std::mem::take(&mut self.ids)), std::sync::Arc::new(self.extras));
        drop((self.numbers, self.known));
        let mut parts = BTreeMap::new();
        for (number, first) in self.named {
            let id = CompanyId::new(ids[number as usize]);
            let (ids, extras) = (ids.clone(), extras.clone());
            let (users, groups, nestings, memberships) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let apps = self.apps.remove(&id).unwrap_or_default();
            let (connections, links, roles, given) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let conflicts = Vec::new();
            let part = Part {
                first,
                company: None,
                users,
                groups,
                nestings,
                connections,
                links,
                roles,
                given,
                conflicts,
                memberships,
                apps,
                ids,
                extras,
            };
            parts.insert(id, part);
        }
        for held in self.companies {
            let id = held.record.id;
            part_of(&mut parts, id)?.company = Some(held);
        }
        deal(&mut parts, self.users, |user| user.company, |part| &mut part.users)?;
        deal(&mut parts, self.groups, |group| group.company, |part| &mut part.groups)?;
        deal(&mut parts, self.nestings, |nesting| nesting.company, |part| &mut part.nestings)?;
        deal(&mut parts, self.connections, |connection| connection.company, |part| &mut part.connections)?;
        deal(&mut parts, self.links, |link| link.company, |part| &mut part.links)?;
        deal(&mut parts, self.roles, |role| role.company, |part| &mut part.roles)?;
        deal(&mut parts, self.given, |grant| grant.company, |part| &mut part.given)?;
        deal(&mut parts, self.conflicts, |conflict| conflict.company, |part| &mut part.conflicts)?;
        if parts.len() == 1
            && let Some(part) = parts.values_mut().next()
        {
            part.memberships = self.memberships; // as they are: the many need no second copy
        } else {
            for m in self.memberships {
                part_of(&mut parts, CompanyId::new(ids[m.company as usize]))?.memberships.push(m);
            }
        }
        for part in parts.values_mut() {
            part.users.sort_unstable_by_key(|held| held.record.id);
            part.groups.sort_unstable_by_key(|held| held.record.id);
            part.nestings.sort_unstable_by_key(|held| (held.record.nesting, held.at));
            part.connections.sort_unstable_by_key(|held| held.record.id);
            part.links.sort_unstable_by_key(|held| (held.record.connection, held.record.object, held.at));
            part.apps.sort();
            part.roles.sort_unstable_by_key(|held| held.record.id);
            part.conflicts.sort_unstable_by_key(|held| held.record.id);
            part.given.sort_unstable_by_key(|held| (held.record.grant.group, held.at));
            part.memberships.sort_unstable_by_key(|m| (ids[m.group as usize], ids[m.user as usize], m.at));
        }
        Ok((self.files, parts))
    }
}

fn part_of(parts: &mut BTreeMap<CompanyId, Part>, id: CompanyId) -> Result<&mut Part, Fault> {
    parts.get_mut(&id).ok_or_else(|| Error::internal("a record without a company").into())
}

/// Puts each record to those of its kind in its company.
fn deal<R>(
    parts: &mut BTreeMap<CompanyId, Part>,
    all: Vec<Held<R>>,
    company: fn(&R) -> CompanyId,
    list: fn(&mut Part) -> &mut Vec<Held<R>>,
) -> Result<(), Fault> {
    for held in all {
        list(part_of(parts, company(&held.record))?).push(held);
    }
    Ok(())
}
