//! What must be true of a new company across its records, told before anything is written.

use std::collections::{HashMap, HashSet};

use guildhall_domain::company::Settings;
use guildhall_domain::group::Owner;
use guildhall_domain::ids::{ConnectionId, GroupId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result};

use super::held::{Held, Part, Place};
use super::{Fault, GroupRecord};
use crate::Rule;
use crate::nestings::{Refused, check_all};
use crate::store::nestings::Nesting;

/// Checks a new company across its records.
pub(super) fn check(files: &[String], part: &Part) -> Result<(), Fault> {
    let fault = |at: Place, error| Fault { place: Some(at.told(files)), error };
    let settings = settings(part)?;
    let places: HashMap<UserId, Place> = part.users.iter().map(|u| (u.record.id, u.at)).collect();
    let mut names: HashMap<(&str, String), Place> = HashMap::new();
    let mut alone = |field: &'static str, text: &str, at: Place| match names.insert((field, fold(text)), at) {
        Some(other) => {
            let why = format!("is on {} already", other.min(at).told(files));
            Err(fault(other.max(at), Error::Taken { field: field.into(), why }))
        }
        None => Ok(()),
    };
    for Held { at, record } in &part.users {
        let new = record.birth();
        alone("email", &new.email, *at)?;
        alone("userName", new.user_name.as_ref().unwrap_or(&new.email), *at)?;
        if let Some(manager) = new.manager.filter(|id| !places.contains_key(id)) {
            return Err(fault(*at, Error::unknown("manager", UserId::NOUN, manager.uuid())));
        }
    }
    let states: HashMap<GroupId, bool> = part.groups.iter().map(|g| (g.record.id, g.record.archived())).collect();
    for Held { at, record } in &part.groups {
        if settings.unique_group_names {
            alone("name", &record.birth().name, *at)?;
        }
        if let Patch::Set(text) = &record.edit.rule {
            let rule = Rule::parse("rule", text).map_err(|e| fault(*at, e))?;
            if let Some(read) = rule.reads().iter().find(|read| !states.contains_key(read)) {
                return Err(fault(*at, Error::unknown("rule", GroupId::NOUN, read.uuid())));
            }
        }
        owners_of(record, |id| places.contains_key(&id), |id| states.contains_key(&id)).map_err(|e| fault(*at, e))?;
    }
    let connections: HashSet<ConnectionId> = part.connections.iter().map(|c| c.record.id).collect();
    for Held { at, record } in &part.connections {
        alone("name of a connection", &record.name, *at)?;
    }
    for slot in part.memberships() {
        let source = ConnectionId::new(part.extra(&slot).source);
        if source != ConnectionId::NIL && !connections.contains(&source) {
            return Err(fault(slot.at, Error::unknown("connection", ConnectionId::NOUN, source.uuid())));
        }
        let error = match states.get(&slot.group) {
            None => Error::unknown("group", GroupId::NOUN, slot.group.uuid()),
            Some(true) => Error::invalid("group", "is archived, so it has no members"),
            Some(false) if places.contains_key(&slot.user) => continue,
            Some(false) => Error::unknown("user", UserId::NOUN, slot.user.uuid()),
        };
        return Err(fault(slot.at, error));
    }
    check_nestings(files, part, &states)?;
    part.apps.once().map_err(|(at, error)| fault(at, error))?;
    twice(files, part)
}

/// Checks the nestings of a new company: known live groups, each once, no cycle, not too deep.
fn check_nestings(files: &[String], part: &Part, archived: &HashMap<GroupId, bool>) -> Result<(), Fault> {
    let fault = |at: Place, error| Fault { place: Some(at.told(files)), error };
    for (i, Held { at, record }) in part.nestings.iter().enumerate() {
        let Nesting { parent, child } = record.nesting;
        for (field, group) in [("parent", parent), ("child", child)] {
            match archived.get(&group) {
                None => return Err(fault(*at, Error::unknown(field, GroupId::NOUN, group.uuid()))),
                Some(true) => return Err(fault(*at, Error::invalid(field, "is archived, so it nests nowhere"))),
                Some(false) => {}
            }
        }
        if i > 0 && part.nestings[i - 1].record.nesting == record.nesting {
            let why = format!("is on {} already", part.nestings[i - 1].at.told(files));
            return Err(fault(*at, Error::Taken { field: "nesting".into(), why }));
        }
    }
    let new: Vec<Nesting> = part.nestings.iter().map(|held| held.record.nesting).collect();
    check_all([], &new).map_err(|Refused { error, by }| {
        let last = part.nestings.iter().filter(|held| by.contains(&held.record.nesting)).map(|held| held.at).max();
        Fault { place: last.map(|at| at.told(files)), error }
    })
}

/// Refuses the same membership on two lines.
fn twice(files: &[String], part: &Part) -> Result<(), Fault> {
    match part.twice() {
        Some((first, second)) => {
            let why = format!("is on {} already, with the same reason", first.told(files));
            let error = Error::Taken { field: "membership".into(), why };
            Err(Fault { place: Some(second.told(files)), error })
        }
        None => Ok(()),
    }
}

/// The owners of a group, told apart; each once.
pub(super) fn owners_of(
    record: &GroupRecord,
    is_user: impl Fn(UserId) -> bool,
    is_group: impl Fn(GroupId) -> bool,
) -> Result<Vec<Owner>> {
    let Patch::Set(ids) = &record.owners else { return Ok(Vec::new()) };
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for id in ids {
        let (user, group) = (UserId::new(*id), GroupId::new(*id));
        let owner = match id {
            _ if is_user(user) => Owner::User(user),
            _ if is_group(group) => Owner::Group(group),
            _ => return Err(Error::unknown("owners", "user or group", *id)),
        };
        if seen.insert(*id) {
            found.push(owner);
        }
    }
    Ok(found)
}

/// The settings that the company will have.
pub(super) fn settings(part: &Part) -> Result<Settings> {
    let mut settings = Settings::default();
    if let Some(held) = &part.company {
        settings.apply(held.record.settings.clone())?;
    }
    Ok(settings)
}
