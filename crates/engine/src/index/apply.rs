//! Brings a snapshot from one revision to a later one: what the events between touched is read anew from the rows.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use guildhall_domain::access::AppEvent;
use guildhall_domain::event::Event;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{AppId, CompanyId, GroupId, UserId};
use guildhall_domain::{Result, Timestamp};
use uuid::Uuid;

use super::build::node;
use super::members::Standing;
use super::snapshot::{Born, GroupNode, Named, No, Snapshot, UserNode};
use crate::Entry;
use crate::store::nestings::{Nesting, Towards};
use crate::store::{Conn, groups, nestings, reasons, users};

/// What events touched, as far as the index holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub users: BTreeSet<UserId>,
    pub groups: BTreeSet<GroupId>,
    pub members: BTreeMap<GroupId, BTreeSet<UserId>>,
    pub nestings: BTreeSet<Nesting>,
    /// When the membership of a group was last seen to change.
    pub moved: BTreeMap<GroupId, Timestamp>,
    /// Apps whose records changed.
    pub apps: BTreeSet<AppId>,
    /// Who came by an app, or lost it.
    pub accesses: BTreeSet<(AppId, UserId)>,
    /// Did any role change, or what any group gives?
    pub roles: bool,
    /// Did anything happen that a credential may be judged by?
    pub credentials: bool,
    /// When the last of it was recorded.
    pub recorded_at: Option<Timestamp>,
}

impl Touched {
    /// Is all that was touched who is a direct member of what?
    pub(crate) fn is_of_members(&self) -> bool {
        let Self { users, groups, nestings, roles, credentials, .. } = self;
        users.is_empty() && groups.is_empty() && nestings.is_empty() && !roles && !credentials
    }

    /// Adds what `event`, recorded at `now`, touched.
    pub(crate) fn add(&mut self, event: &Event, now: Timestamp) {
        self.recorded_at = self.recorded_at.max(Some(now));
        match event {
            Event::UserCreated { user, .. }
            | Event::UserUpdated { user, .. }
            | Event::UserDeactivated { user }
            | Event::UserReactivated { user }
            | Event::UserErased { user } => {
                self.users.insert(*user);
                self.credentials = true;
            }
            Event::GroupCreated { group, .. }
            | Event::GroupUpdated { group, .. }
            | Event::GroupArchived { group, .. }
            | Event::GroupRestored { group }
            | Event::GroupPurged { group } => drop(self.groups.insert(*group)),
            Event::GroupNested { parent, child } | Event::GroupUnnested { parent, child } => {
                self.nestings.insert(Nesting { parent: *parent, child: *child });
            }
            Event::MembersAdded { group, users, .. }
            | Event::MembersChanged { group, users, .. }
            | Event::MembersStarted { group, users, .. }
            | Event::MembersEnded { group, users, .. }
            | Event::MembersRemoved { group, users } => {
                self.members.entry(*group).or_default().extend(users);
                self.moved.insert(*group, now);
            }
            Event::RolesChanged { group, .. } => {
                self.groups.insert(*group);
                self.roles = true;
            }
            Event::RoleUpdated { .. } | Event::RoleDeleted { .. } => self.roles = true,
            Event::App(AppEvent::Created { app, .. } | AppEvent::Updated { app, .. }) => drop(self.apps.insert(*app)),
            Event::App(AppEvent::Given { app, users, .. } | AppEvent::Ended { app, users }) => {
                self.accesses.extend(users.iter().map(|user| (*app, *user)));
            }
            _ => self.credentials = true,
        }
    }

    /// Adds what an entry of the journal, perhaps of another node, touched.
    pub(crate) fn add_entry(&mut self, entry: &Entry) {
        self.recorded_at = self.recorded_at.max(Some(entry.recorded_at));
        let subject = entry.subject;
        let data: serde_json::Value = serde_json::from_str(&entry.data).unwrap_or_default();
        let id = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse::<Uuid>().ok());
        match entry.kind.as_str() {
            "group.nested" | "group.unnested" => {
                let child = id(&data["child"]).map(GroupId::new);
                self.nestings.extend(child.map(|child| Nesting { parent: GroupId::new(subject), child }));
            }
            "group.members_added"
            | "group.members_changed"
            | "group.members_started"
            | "group.members_ended"
            | "group.members_removed" => {
                let named = data["users"].as_array().into_iter().flatten().filter_map(id).map(UserId::new);
                self.members.entry(GroupId::new(subject)).or_default().extend(named);
                self.moved.insert(GroupId::new(subject), entry.recorded_at);
            }
            "group.roles_changed" => {
                self.groups.insert(GroupId::new(subject));
                self.roles = true;
            }
            "role.updated" | "role.deleted" => self.roles = true,
            "app.created" | "app.updated" => drop(self.apps.insert(AppId::new(subject))),
            "app.access_given" | "app.access_ended" => {
                let named = data["users"].as_array().into_iter().flatten().filter_map(id).map(UserId::new);
                self.accesses.extend(named.map(|user| (AppId::new(subject), user)));
            }
            kind if kind.starts_with("user.") => drop(self.users.insert(UserId::new(subject))),
            kind if kind.starts_with("group.") => drop(self.groups.insert(GroupId::new(subject))),
            _ => {}
        }
    }

    /// Adds what other events touched.
    pub(crate) fn merge(&mut self, other: Self) {
        self.users.extend(other.users);
        self.groups.extend(other.groups);
        self.nestings.extend(other.nestings);
        self.moved.extend(other.moved);
        self.apps.extend(other.apps);
        self.accesses.extend(other.accesses);
        self.roles |= other.roles;
        self.credentials |= other.credentials;
        self.recorded_at = self.recorded_at.max(other.recorded_at);
        for (group, users) in other.members {
            self.members.entry(group).or_default().extend(users);
        }
    }
}

/// The snapshot with everything touched as the rows have it now.
pub(super) async fn apply(
    conn: &mut Conn,
    company: CompanyId,
    mut snapshot: Snapshot,
    touched: &Touched,
    revision: u64,
) -> Result<Snapshot> {
    snapshot.recorded_at = snapshot.recorded_at.max(touched.recorded_at);
    let ids: Vec<UserId> = touched.users.iter().copied().collect();
    for (id, found) in ids.iter().zip(users::people_by_id(conn, company, &ids).await?) {
        put_user(&mut snapshot, *id, found);
    }
    let ids: Vec<GroupId> = touched.groups.iter().copied().collect();
    let mut found: BTreeMap<GroupId, Group> =
        groups::get_each(conn, company, &ids).await?.into_iter().map(|group| (group.id, group)).collect();
    let mut fresh = HashSet::new();
    for id in ids {
        match found.remove(&id).filter(|group| group.state == GroupState::Live) {
            Some(group) => {
                if put_group(&mut snapshot, group) {
                    fresh.insert(id);
                }
            }
            None => drop_group(&mut snapshot, id),
        }
    }
    for id in &fresh {
        // Born, or back from the archive with all its members.
        let mut from = Some(UserId::NIL);
        while let Some(after) = from {
            let page = reasons::standings_of_group(conn, company, *id, after, 10_000).await?;
            from = page.last().map(|(user, _)| *user);
            put_members(&mut snapshot, *id, &page);
        }
    }
    for (group, members) in &touched.members {
        if fresh.contains(group) || snapshot.group_no(*group).is_none() {
            continue;
        }
        let ids: Vec<UserId> = members.iter().copied().collect();
        let open = reasons::standings_of_each(conn, company, *group, &ids).await?;
        let of_each: Vec<(UserId, Vec<Standing>)> = ids.into_iter().zip(open).collect();
        put_members(&mut snapshot, *group, &of_each);
    }
    let parents: Vec<GroupId> = touched.nestings.iter().map(|nesting| nesting.parent).collect();
    let children = nestings::next_of_each(conn, company, &parents, Towards::Children, None).await?;
    for (nesting, children) in touched.nestings.iter().zip(children) {
        if let (Some(parent), Some(child)) = (snapshot.group_no(nesting.parent), snapshot.group_no(nesting.child)) {
            snapshot.set_nesting(parent, child, children.contains(&nesting.child));
        }
    }
    for (group, at) in &touched.moved {
        if let Some(no) = snapshot.group_no(*group)
            && let Some(mut node) = snapshot.group(no).cloned()
            && node.record.members_changed_at < *at
        {
            Arc::make_mut(&mut Arc::make_mut(&mut node).record).edit().members_changed_at = *at;
            snapshot.set_group(no, Some(node));
        }
    }
    // A group that came or went has another number, or none.
    if touched.roles || !fresh.is_empty() || (!touched.groups.is_empty() && !snapshot.giving.is_empty()) {
        snapshot.giving = Arc::new(super::giving::read(conn, company, &snapshot).await?);
    }
    if !(touched.apps.is_empty() && touched.accesses.is_empty()) {
        snapshot.having.follow(conn, company, &touched.apps, &touched.accesses).await?;
    }
    snapshot.revision = revision;
    Ok(snapshot)
}

fn put_members(snapshot: &mut Snapshot, group: GroupId, of_each: &[(UserId, Vec<Standing>)]) {
    let Some(group) = snapshot.group_no(group) else { return };
    for (user, open) in of_each {
        if let Some(user) = snapshot.user_no(*user) {
            snapshot.put_entry(group, user, open);
        }
    }
}

fn put_user(snapshot: &mut Snapshot, id: UserId, found: Option<users::Listed>) {
    match (snapshot.user_no(id), found) {
        (None, None) => {}
        (None, Some((person, _))) => {
            let no = snapshot.users.push(Arc::new(UserNode::new(person, Box::default())));
            snapshot.user_numbers.put((id, no), |(other, _)| other.cmp(&id));
        }
        (Some(no), Some((person, _))) => {
            let counted = snapshot.user(no).is_some_and(|node| node.counts());
            let counts = person.counts();
            if let Some(node) = snapshot.users.get_mut(no) {
                Arc::make_mut(node).set(person);
            }
            if counted != counts {
                snapshot.count_user(no, counts);
            }
        }
        (Some(no), None) => {
            let joined = snapshot.user(no).map(|node| node.joined.to_vec()).unwrap_or_default();
            for joined in joined {
                snapshot.put_entry(joined.group(), no, &[]);
            }
            snapshot.having.forget(id);
            snapshot.user_numbers.remove(|(other, _)| other.cmp(&id));
        }
    }
}

/// Puts a live group's record; true when the group was not there before.
fn put_group(snapshot: &mut Snapshot, group: Group) -> bool {
    let id = group.id;
    let mut new = node(snapshot, group);
    let (no, old) = match snapshot.group_no(id) {
        Some(no) => (no, snapshot.group(no).cloned()),
        None => (snapshot.groups.push(None), None),
    };
    if let Some(old) = &old {
        let GroupNode { members, parents, children, above, below, .. } = GroupNode::clone(old);
        new = GroupNode { members, parents, children, above, below, ..new };
    }
    list(snapshot, no, old.as_deref(), Some(&new));
    snapshot.set_group(no, Some(Arc::new(new)));
    old.is_none()
}

fn drop_group(snapshot: &mut Snapshot, id: GroupId) {
    let Some(no) = snapshot.group_no(id) else { return };
    let Some(old) = snapshot.group(no).cloned() else { return };
    for entry in old.members.iter() {
        snapshot.leave(entry.user, no);
    }
    for parent in &old.parents {
        snapshot.set_nesting(*parent, no, false);
    }
    for child in &old.children {
        snapshot.set_nesting(no, *child, false);
    }
    list(snapshot, no, Some(&old), None);
    snapshot.set_group(no, None);
}

/// Keeps the listings by name and birth, the search and the numbers in step with a group's record.
fn list(snapshot: &mut Snapshot, no: No, old: Option<&GroupNode>, new: Option<&GroupNode>) {
    let texts = (old.map(|node| &*node.search_key), new.map(|node| &*node.search_key));
    snapshot.trigrams.change(no, texts.0, texts.1);
    let same = matches!((old, new), (Some(a), Some(b)) if a.name_key == b.name_key && a.record.created_at == b.record.created_at);
    if same {
        return;
    }
    if let Some(old) = old {
        let (at, id) = (old.record.created_at, old.record.id);
        snapshot.by_name.remove(|named| (&*named.key, named.id).cmp(&(&*old.name_key, id)));
        snapshot.by_birth.remove(|born| (born.at, born.id).cmp(&(at, id)));
        snapshot.group_numbers.remove(|(other, _)| other.cmp(&id));
    }
    if let Some(new) = new {
        let (at, id) = (new.record.created_at, new.record.id);
        let named = Named { key: Arc::clone(&new.name_key), id, no };
        snapshot.by_name.put(named, |named| (&*named.key, named.id).cmp(&(&*new.name_key, id)));
        snapshot.by_birth.put(Born { at, id, no }, |born| (born.at, born.id).cmp(&(at, id)));
        snapshot.group_numbers.put((id, no), |(other, _)| other.cmp(&id));
    }
}
