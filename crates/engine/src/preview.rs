//! What a use case does: to memberships and roles by two snapshots held against each other, to apps and requests by its
//! events.

use std::collections::BTreeSet;

use guildhall_domain::access::AppEvent;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{GroupId, RoleId};
use guildhall_domain::preview::{AppEffect, Arising, Effect, Preview, RoleEffect};
use guildhall_domain::request::{RequestEvent, RequestStatus};
use guildhall_domain::{Result, Timestamp};
use roaring::RoaringBitmap;

use crate::index::snapshot::No;
use crate::index::{Snapshot, Touched};
use crate::writer::Tx;

/// The company as the transaction has it at this moment.
pub(crate) async fn now(tx: &mut Tx) -> Result<Snapshot> {
    if !tx.born() {
        return Ok(Snapshot::default());
    }
    let (company, revision) = (tx.company(), tx.head().revision);
    let (index, before, mut touched) = (tx.index(), tx.batch_before(), tx.earlier().clone());
    touched.merge(tx.touched().clone());
    match index.prepare(tx, company, before, revision, &touched).await? {
        Some(snapshot) => Ok(snapshot),
        None => Ok(index.read(tx, company).await?.unwrap_or_default()),
    }
}

/// What came between two snapshots, as far as `touched` says where to look.
pub(crate) fn between(before: &Snapshot, after: &Snapshot, touched: &Touched, now: Timestamp) -> Preview {
    let mut preview = Preview { revision: before.revision, ..Preview::default() };
    let (none, mut moved) = (RoaringBitmap::new(), RoaringBitmap::new());
    for group in groups(before, after, touched) {
        let members = |of: &Snapshot| of.group(group).map(|node| of.effective_members(node, now));
        let (was, is) =
            (members(before).unwrap_or_else(|| none.clone()), members(after).unwrap_or_else(|| none.clone()));
        let (gained, lost) = (&is - &was, &was - &is);
        tell(&mut preview.gained, after, group, &gained, now);
        tell(&mut preview.lost, before, group, &lost, now);
        preview.gained_total += gained.len();
        preview.lost_total += lost.len();
        moved |= gained | lost;
        // What the group itself gives may be what changes.
        if touched.roles && (of_touched(before, touched, group) || of_touched(after, touched, group)) {
            moved |= was | is;
        }
    }
    roles(&mut preview, before, after, &moved, now);
    preview.gained.sort_unstable();
    preview.lost.sort_unstable();
    preview
}

/// Adds which users come to have which roles, and which cease to.
fn roles(preview: &mut Preview, before: &Snapshot, after: &Snapshot, moved: &RoaringBitmap, now: Timestamp) {
    for no in moved {
        let Some(user) = after.user(no).or_else(|| before.user(no)).map(|user| user.person.id) else { continue };
        let of = |snapshot: &Snapshot| -> BTreeSet<RoleId> {
            snapshot.roles_of(no, now).into_iter().map(|source| source.role).collect()
        };
        let (was, is) = (of(before), of(after));
        for role in is.difference(&was) {
            preview.roles_gained_total += 1;
            keep(&mut preview.roles_gained, RoleEffect { user, role: *role });
        }
        for role in was.difference(&is) {
            preview.roles_lost_total += 1;
            keep(&mut preview.roles_lost, RoleEffect { user, role: *role });
        }
    }
}

fn keep<T>(list: &mut Vec<T>, one: T) {
    if list.len() < Preview::SHOWN {
        list.push(one);
    }
}

/// Adds what the events of the use case tell of accesses and requests.
pub(crate) fn add_events(preview: &mut Preview, events: &[Event]) {
    for event in events {
        match event {
            Event::App(AppEvent::Given { app, users, level, .. }) => {
                preview.apps_gained_total += users.len() as u64;
                for user in users {
                    keep(&mut preview.apps_gained, AppEffect { user: *user, app: *app, level: *level });
                }
            }
            Event::App(AppEvent::Ended { app, users }) => {
                preview.apps_lost_total += users.len() as u64;
                for user in users {
                    keep(&mut preview.apps_lost, AppEffect { user: *user, app: *app, level: None });
                }
            }
            Event::Request(RequestEvent::Raised { requests, kind, app, level, group, source, status }) => {
                preview.requests_total += requests.len() as u64;
                for (_, target) in requests {
                    let group = source.or(group.map(GroupId::uuid));
                    let done = *status == RequestStatus::Completed;
                    let (kind, target, app, level) = (*kind, *target, *app, *level);
                    keep(&mut preview.requests, Arising { kind, target, app, level, group, done });
                }
            }
            _ => {}
        }
    }
}

/// Is this group among those whose record or gifts changed?
fn of_touched(of: &Snapshot, touched: &Touched, group: No) -> bool {
    of.group(group).is_some_and(|node| touched.groups.contains(&node.record.id))
}

fn tell(effects: &mut Vec<Effect>, of: &Snapshot, group: No, users: &RoaringBitmap, now: Timestamp) {
    let Some(node) = of.group(group) else { return };
    let room = Preview::SHOWN.saturating_sub(effects.len());
    effects.extend(users.iter().take(room).filter_map(|user| {
        let direct = of.is_direct(user, group, now);
        Some(Effect { group: node.record.id, user: of.user(user)?.person.id, direct })
    }));
}

/// The groups whose effective members may differ.
fn groups(before: &Snapshot, after: &Snapshot, touched: &Touched) -> BTreeSet<No> {
    let mut all = BTreeSet::new();
    for of in [before, after] {
        let mut add = |no: No| {
            all.insert(no);
            all.extend(of.group(no).into_iter().flat_map(|node| node.above.iter()));
        };
        let named = touched.groups.iter().chain(touched.members.keys());
        let nested = touched.nestings.iter().flat_map(|nesting| [&nesting.parent, &nesting.child]);
        named.chain(nested).filter_map(|id| of.group_no(*id)).for_each(&mut add);
        let users = touched.users.iter().filter_map(|id| of.user(of.user_no(*id)?));
        users.flat_map(|user| user.joined.iter().map(|joined| joined.group())).for_each(&mut add);
    }
    all
}
