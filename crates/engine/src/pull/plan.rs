//! What would have to change so that we hold what a source says: a pure comparison after one reading of the rows.

use std::collections::{HashMap, HashSet};

use guildhall_domain::company::Settings;
use guildhall_domain::connection::{Connection, Noun};
use guildhall_domain::group::{EditGroup, Group};
use guildhall_domain::ids::{CompanyId, GroupId, UserId, parse_uuid};
use guildhall_domain::patch::Patch;
use guildhall_domain::pull::{Report, RunKind, SaidGroup, SaidUser, Source};
use guildhall_domain::user::{EditUser, User, UserStatus};
use guildhall_domain::{Result, Timestamp};
use uuid::Uuid;

use crate::identity::people::merged;
use crate::secrets::hash_parts;
use crate::store::nestings::{self, Towards};
use crate::store::{self, Conn, links, reasons};

/// The key of somebody whom the source knows by no id of its own: none that a source could have.
pub(super) fn own_key(object: Uuid) -> String {
    format!("\u{1}{object}")
}

/// The id in a key of [`own_key`].
pub(super) fn of_own_key(key: &str) -> Option<Uuid> {
    parse_uuid(key.strip_prefix('\u{1}')?)
}

/// One thing to do, in a use case of its own.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Make a person, take one over, or edit one.
    Person { key: String, said: SaidUser },
    /// Say who manages a person.
    Manager { key: String, manager: String },
    /// Make a group, take one over, or edit one.
    Crew { key: String, said: SaidGroup },
    /// Put people into a group, and take others out.
    Members { key: String, add: Vec<String>, remove: Vec<UserId> },
    /// End what hands gave in a group.
    Extra { group: GroupId, users: Vec<UserId> },
    /// Put a group inside another.
    Nest { parent: String, child: String },
    /// Take a group out of another.
    Unnest { parent: GroupId, child: GroupId },
    /// A group is not in the source any more.
    Disband(GroupId),
    /// A person is not in the source any more.
    Leave(UserId),
}

impl Step {
    /// Steps of a lower phase come first, and all of them before the next.
    pub(super) fn phase(&self) -> u8 {
        match self {
            Self::Person { .. } => 0,
            Self::Manager { .. } => 1,
            Self::Crew { .. } => 2,
            Self::Unnest { .. } => 3,
            Self::Nest { .. } => 4,
            Self::Members { .. } | Self::Extra { .. } => 5,
            Self::Disband(_) => 6,
            Self::Leave(_) => 7,
        }
    }
}

/// What a run would do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub steps: Vec<Step>,
    pub report: Report,
    /// Whom the brake holds it for: so many of so many would go.
    pub held: Option<(usize, usize)>,
    /// Names just these removals.
    pub confirmation: String,
}

/// What a connection holds at this moment.
struct Held {
    users: HashMap<String, UserId>,
    records: HashMap<UserId, User>,
    groups: HashMap<String, GroupId>,
    crews: HashMap<GroupId, Group>,
}

async fn held(conn: &mut Conn, company: CompanyId, connection: &Connection) -> Result<Held> {
    let mut held =
        Held { users: HashMap::new(), records: HashMap::new(), groups: HashMap::new(), crews: HashMap::new() };
    for link in links::all_said(conn, company, connection.id, Noun::User).await? {
        held.users.insert(link.external_id.unwrap_or_else(|| own_key(link.object)), link.object.into());
    }
    let ids: Vec<UserId> = held.users.values().copied().collect();
    for some in ids.chunks(1000) {
        for user in store::users::get_each(conn, company, some).await?.into_iter().flatten() {
            held.records.insert(user.id, user);
        }
    }
    for link in links::all_said(conn, company, connection.id, Noun::Group).await? {
        held.groups.insert(link.external_id.unwrap_or_else(|| own_key(link.object)), link.object.into());
    }
    let ids: Vec<GroupId> = held.groups.values().copied().collect();
    for some in ids.chunks(1000) {
        for group in store::groups::get_each(conn, company, some).await? {
            held.crews.insert(group.id, group);
        }
    }
    // A group that was archived is not held: the source has it, so it comes again.
    held.groups.retain(|_, id| {
        held.crews.get(id).is_some_and(|group| group.state == guildhall_domain::group::GroupState::Live)
    });
    Ok(held)
}

/// The edit that makes a record say what the source says.
pub(super) fn edit_of(user: &User, said: &SaidUser) -> Result<EditUser> {
    let set = |value: &Option<String>| Patch::set_or_keep(value.clone());
    let attributes = match &said.attributes {
        Some(more) => {
            let all = merged(&user.attributes, more)?;
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            if read(&all) == read(&user.attributes) { Patch::Keep } else { Patch::Set(all) }
        }
        None => Patch::Keep,
    };
    Ok(EditUser {
        name: set(&said.name),
        given_name: set(&said.given_name),
        family_name: set(&said.family_name),
        email: set(&said.email),
        user_name: set(&said.user_name),
        status: match said.active {
            _ if said.status.is_some() => set_status(user, said),
            Some(true) if !user.counts() => Patch::Set(UserStatus::Active),
            Some(false) if user.counts() => Patch::Set(UserStatus::Inactive),
            _ => Patch::Keep,
        },
        role: Patch::set_or_keep(said.role),
        external_id: set(&said.external_id),
        attributes,
        ..EditUser::default()
    })
}

fn set_status(user: &User, said: &SaidUser) -> Patch<UserStatus> {
    Patch::set_or_keep(said.status.filter(|status| *status != user.status))
}

/// Holds a source against what the connection has of it.
pub(super) async fn plan(
    conn: &mut Conn,
    company: CompanyId,
    connection: &Connection,
    kind: RunKind,
    source: Source,
    settings: &Settings,
    now: Timestamp,
) -> Result<Plan> {
    let held = held(conn, company, connection).await?;
    let mut plan = Plan::default();
    let report = &mut plan.report;
    (report.users, report.groups) = (source.users.len() as u64, source.groups.len() as u64);
    for problem in source.problems {
        report.problem(problem);
    }
    let mut removals: Vec<Uuid> = Vec::new();
    // A source that suddenly has nobody is a source that is broken.
    let mut brake = |leaving: usize, of: usize, all: bool| {
        if (settings.brakes(leaving, of) || all) && plan.held.is_none() {
            plan.held = Some((leaving, of));
        }
    };

    let keys: HashSet<String> = source.users.iter().map(|user| user.key.clone()).collect();
    let mut there: HashSet<String> = HashSet::with_capacity(source.users.len());
    for user in source.users {
        if !there.insert(user.key.clone()) {
            report.problem(format!("two users of the source have the id {:?}", user.key));
            continue;
        }
        let Some(said) = user.said else { continue };
        let present = held.users.get(&user.key).and_then(|id| held.records.get(id));
        let Some(record) = present else {
            if said.email.is_none() {
                report.problem(format!("the user {} has no e-mail address", told(&said, &user.key)));
                there.remove(&user.key);
                continue;
            }
            report.counts.users_added += 1;
            report.change(|| format!("add user {}", told(&said, &user.key)));
            if let Some(manager) = said.manager.clone() {
                plan.steps.push(Step::Manager { key: user.key.clone(), manager });
            }
            plan.steps.push(Step::Person { key: user.key, said });
            continue;
        };
        let edited = edit_of(record, &said).and_then(|edit| record.clone().apply(edit));
        let mut changed = match edited {
            Ok(changed) => changed,
            Err(error) => {
                report.problem(format!("the user {}: {error}", told(&said, &user.key)));
                continue;
            }
        };
        if let Some(manager) = &said.manager {
            // One who is not among the people is nobody's manager here.
            let differs = match held.users.get(manager) {
                Some(id) => record.manager != Some(*id) && *id != record.id,
                None => keys.contains(manager),
            };
            if differs {
                changed.push("manager");
                plan.steps.push(Step::Manager { key: user.key.clone(), manager: manager.clone() });
            }
        }
        if !changed.is_empty() {
            report.counts.users_changed += 1;
            report.change(|| format!("change user {}: {}", told(&said, &user.key), changed.join(", ")));
            if changed != ["manager"] {
                plan.steps.push(Step::Person { key: user.key, said });
            }
        }
    }
    let gone: Vec<UserId> = held.users.iter().filter(|(key, _)| !there.contains(*key)).map(|(_, id)| *id).collect();
    brake(gone.len(), held.users.len(), there.is_empty() && !gone.is_empty());
    for id in gone {
        report.counts.users_removed += 1;
        report.change(|| match held.records.get(&id) {
            Some(user) => format!("remove user {} ({})", user.name, user.email),
            None => format!("remove user {id}"),
        });
        removals.push(id.uuid());
        plan.steps.push(Step::Leave(id));
    }

    let mut crews: HashSet<String> = HashSet::with_capacity(source.groups.len());
    crews.extend(source.groups.iter().map(|group| group.key.clone()));
    let mut seen = HashSet::new();
    let (mut strangers, by_id): (u64, HashMap<GroupId, &String>) =
        (0, held.groups.iter().map(|(key, id)| (*id, key)).collect());
    for group in source.groups {
        if !seen.insert(group.key.clone()) {
            report.problem(format!("two groups of the source have the id {:?}", group.key));
            continue;
        }
        let Some(mut said) = group.said else { continue };
        let (members, inside) = (said.members.take(), said.inside.take());
        let present = held.groups.get(&group.key).and_then(|id| held.crews.get(id));
        match present {
            None => {
                report.counts.groups_added += 1;
                report.change(|| format!("add group {}", said.name));
                plan.steps.push(Step::Crew { key: group.key.clone(), said: said.clone() });
            }
            Some(record) => {
                let edit = edit_group(&said);
                match record.clone().apply(edit) {
                    Ok(changed) if changed.is_empty() => {}
                    Ok(changed) => {
                        report.counts.groups_changed += 1;
                        report.change(|| format!("change group {}: {}", said.name, changed.join(", ")));
                        plan.steps.push(Step::Crew { key: group.key.clone(), said: said.clone() });
                    }
                    Err(error) => report.problem(format!("the group {}: {error}", said.name)),
                }
            }
        }
        if let Some(members) = members {
            let kept: HashSet<UserId> = match present {
                Some(record) => links::users_kept(conn, company, connection.id, record.id).await?.into_iter().collect(),
                None => HashSet::new(),
            };
            let (mut wanted, mut add, mut once) = (HashSet::new(), Vec::new(), HashSet::new());
            for key in members {
                match held.users.get(&key) {
                    _ if !there.contains(&key) => strangers += 1,
                    Some(id) => {
                        wanted.insert(*id);
                        if !kept.contains(id) && once.insert(key.clone()) {
                            add.push(key);
                        }
                    }
                    None if once.insert(key.clone()) => add.push(key),
                    None => {}
                }
            }
            let mut remove: Vec<UserId> = kept.difference(&wanted).copied().collect();
            remove.sort_unstable();
            brake(remove.len(), kept.len(), false);
            report.counts.members_added += add.len() as u64;
            report.counts.members_removed += remove.len() as u64;
            if !(add.is_empty() && remove.is_empty()) {
                report.change(|| format!("members of {}: {} more, {} fewer", said.name, add.len(), remove.len()));
                if let Some(record) = present.filter(|_| !remove.is_empty()) {
                    removals.push(record.id.uuid());
                    removals.extend(remove.iter().map(|user| user.uuid()));
                }
                plan.steps.push(Step::Members { key: group.key.clone(), add, remove });
            }
        }
        if let Some(inside) = inside {
            let children = match present {
                Some(record) => {
                    let all = nestings::next_of_each(conn, company, &[record.id], Towards::Children, None).await?;
                    all.into_iter().flatten().collect()
                }
                None => Vec::new(),
            };
            let known: HashSet<&String> = children.iter().filter_map(|child| by_id.get(child).copied()).collect();
            let wanted: HashSet<String> = inside.into_iter().collect();
            for child in &wanted {
                if !crews.contains(child) {
                    strangers += 1;
                } else if !known.contains(child) {
                    report.counts.nested += 1;
                    report.change(|| format!("put a group inside {}", said.name));
                    plan.steps.push(Step::Nest { parent: group.key.clone(), child: child.clone() });
                }
            }
            let parent = present.map(|record| record.id);
            for child in children {
                // Only groups of this source: what hands nested stays.
                let Some((parent, key)) = parent.zip(by_id.get(&child)) else { continue };
                if !wanted.contains(*key) {
                    report.counts.unnested += 1;
                    report.change(|| format!("take a group out of {}", said.name));
                    removals.extend([parent.uuid(), child.uuid()]);
                    plan.steps.push(Step::Unnest { parent, child });
                }
            }
        }
    }
    if strangers > 0 {
        report.problem(format!("{strangers} members of groups are neither users nor groups of this source"));
    }
    let gone: Vec<GroupId> = held.groups.iter().filter(|(key, _)| !crews.contains(*key)).map(|(_, id)| *id).collect();
    brake(gone.len(), held.groups.len(), false);
    for id in gone {
        report.counts.groups_removed += 1;
        report.change(|| held.crews.get(&id).map_or_else(String::new, |group| format!("remove group {}", group.name)));
        removals.push(id.uuid());
        plan.steps.push(Step::Disband(id));
    }
    if kind == RunKind::Settle && connection.one_way {
        for (id, group) in held.groups.values().filter_map(|id| Some((*id, held.crews.get(id)?))) {
            let kept: HashSet<UserId> =
                links::users_kept(conn, company, connection.id, id).await?.into_iter().collect();
            let direct = reasons::user_ids(conn, company, id, now).await?;
            let count = direct.len();
            let users: Vec<UserId> = direct.into_iter().filter(|user| !kept.contains(user)).collect();
            if users.is_empty() {
                continue;
            }
            brake(users.len(), count, false);
            report.counts.members_removed += users.len() as u64;
            report.change(|| format!("members of {}: {} whom the source does not have", group.name, users.len()));
            removals.push(id.uuid());
            removals.extend(users.iter().map(|user| user.uuid()));
            plan.steps.push(Step::Extra { group: id, users });
        }
    }
    removals.sort_unstable();
    let parts = [&company.bytes()[..], &connection.id.bytes()[..]].into_iter();
    let parts = parts.chain(removals.iter().map(|id| &id.as_bytes()[..]));
    plan.confirmation = hash_parts(parts).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    plan.steps.sort_by_key(Step::phase);
    Ok(plan)
}

/// The edit that makes a group's record say what the source says.
pub(super) fn edit_group(said: &SaidGroup) -> EditGroup {
    EditGroup {
        name: Patch::Set(said.name.clone()),
        description: Patch::set_or_keep(said.description.clone()),
        icon: Patch::set_or_keep(said.icon.clone()),
        external_id: Patch::set_or_keep(said.external_id.clone()),
        ..EditGroup::default()
    }
}

/// How a person of the source is called.
fn told(said: &SaidUser, key: &str) -> String {
    let name = said.name.as_deref().or(said.user_name.as_deref()).unwrap_or(key);
    match &said.email {
        Some(email) if email != name => format!("{name} ({email})"),
        _ => name.trim_start_matches('\u{1}').to_owned(),
    }
}
