//! Builds the snapshot of a company from its rows, in bounded steps.

use std::sync::Arc;

use guildhall_domain::Result;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::name::fold;

use super::members::{Entry, Members, Standing, Timed, entry};
use super::search::Trigrams;
use super::snapshot::{Born, GroupNode, Joined, Named, No, Snapshot, UserNode};
use super::sorted::Sorted;
use crate::store::nestings::Nesting;
use crate::store::{Conn, companies, groups, nestings, reasons, users};

/// Rows read at a time.
const PAGE: u32 = 10_000;

/// The node of a group that has no members and nests nowhere yet.
pub(super) fn node(snapshot: &Snapshot, record: Group) -> GroupNode {
    let name_key = fold(&record.name);
    let search_key = groups::search_key(&name_key, record.description.as_deref());
    GroupNode {
        record: Arc::new(record.into()),
        name_key: name_key.into(),
        search_key: search_key.into(),
        members: Members::default(),
        parents: Vec::new(),
        children: Vec::new(),
        above: Arc::clone(&snapshot.nowhere),
        below: Arc::clone(&snapshot.nowhere),
    }
}

/// The members of one group while its rows are read.
#[derive(Default)]
struct Growing {
    entries: Vec<Entry>,
    timed: Vec<Timed>,
    plain: usize,
}

/// Reads a company in the snapshot that `conn` holds; none when there is no such company in use.
pub(super) async fn build(conn: &mut Conn, company: CompanyId) -> Result<Option<Snapshot>> {
    let Some(revision) = companies::revision(conn, company).await? else { return Ok(None) };
    let recorded_at = companies::recorded_at(conn, company).await?;
    let mut snapshot = Snapshot { revision, recorded_at, ..Snapshot::default() };
    let mut numbers: Vec<(UserId, No)> = Vec::new();
    let mut after = Some(UserId::NIL);
    while let Some(from) = after {
        let page = users::people(conn, company, from, PAGE).await?;
        after = page.last().map(|(person, _)| person.id);
        for (person, _) in page {
            let id = person.id;
            numbers.push((id, snapshot.users.push(Arc::new(UserNode::new(person, Box::default())))));
        }
    }
    let mut joined: Vec<Vec<Joined>> = vec![Vec::new(); numbers.len()];
    read_groups(conn, company, &mut snapshot).await?;
    let mut after = Some(Nesting { parent: GroupId::NIL, child: GroupId::NIL });
    while let Some(from) = after {
        let page = nestings::all_of(conn, company, from, PAGE).await?;
        after = page.last().copied();
        for nesting in page {
            let (Some(parent), Some(child)) = (snapshot.group_no(nesting.parent), snapshot.group_no(nesting.child))
            else {
                continue;
            };
            for (at, other, up) in [(parent, child, false), (child, parent, true)] {
                if let Some(Some(node)) = snapshot.groups.get_mut(at) {
                    let node = Arc::make_mut(node);
                    if up { node.parents.push(other) } else { node.children.push(other) }
                }
            }
        }
    }
    for no in 0..snapshot.groups.len() as No {
        if let Some(Some(node)) = snapshot.groups.get_mut(no)
            && !(node.parents.is_empty() && node.children.is_empty())
        {
            let node = Arc::make_mut(node);
            node.parents.sort_unstable();
            node.children.sort_unstable();
        }
    }
    let no_of = |id: UserId| numbers.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| numbers[at].1);
    read_reasons(conn, company, &mut snapshot, &mut joined, no_of).await?;
    for (no, joined) in (0..).zip(joined).filter(|(_, joined)| !joined.is_empty()) {
        if let Some(node) = snapshot.users.get_mut(no) {
            Arc::make_mut(node).joined = joined.into_boxed_slice();
        }
    }
    snapshot.user_numbers = Sorted::from_sorted(numbers);
    snapshot.settle_all();
    snapshot.giving = Arc::new(super::giving::read(conn, company, &snapshot).await?);
    snapshot.having = super::having::read(conn, company).await?;
    Ok(Some(snapshot))
}

async fn read_groups(conn: &mut Conn, company: CompanyId, snapshot: &mut Snapshot) -> Result<()> {
    let mut numbers: Vec<(GroupId, No)> = Vec::new();
    let mut after = Some(GroupId::NIL);
    while let Some(from) = after {
        let page = groups::all_of(conn, company, from, PAGE).await?;
        after = page.last().map(|group| group.id);
        for group in page.into_iter().filter(|group| group.state == GroupState::Live) {
            let id = group.id;
            let node = Arc::new(node(snapshot, group));
            numbers.push((id, snapshot.groups.push(Some(node))));
        }
    }
    let nodes = || snapshot.groups.iter().zip(0..).filter_map(|(node, no)| Some((node.as_ref()?, no)));
    let mut by_name: Vec<Named> =
        nodes().map(|(node, no)| Named { key: Arc::clone(&node.name_key), id: node.record.id, no }).collect();
    by_name.sort_unstable_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
    let mut by_birth: Vec<Born> =
        nodes().map(|(node, no)| Born { at: node.record.created_at, id: node.record.id, no }).collect();
    by_birth.sort_unstable_by_key(|born| (born.at, born.id));
    let trigrams = Trigrams::of(nodes().map(|(node, no)| (no, &*node.search_key)));
    (snapshot.by_name, snapshot.by_birth) = (Sorted::from_sorted(by_name), Sorted::from_sorted(by_birth));
    snapshot.trigrams = trigrams;
    snapshot.group_numbers = Sorted::from_sorted(numbers);
    Ok(())
}

async fn read_reasons(
    conn: &mut Conn,
    company: CompanyId,
    snapshot: &mut Snapshot,
    joined: &mut [Vec<Joined>],
    no_of: impl Fn(UserId) -> Option<No>,
) -> Result<()> {
    let mut sources = Arc::clone(&snapshot.sources);
    let mut growing: Option<(No, Growing)> = None;
    let mut after = Some((GroupId::NIL, UserId::NIL));
    while let Some(from) = after {
        let mut page = reasons::standings(conn, company, from, PAGE).await?;
        // Reasons of one membership are read together: what the page may have cut is left to the next one.
        let full = page.len() == PAGE as usize;
        if let Some(last) = page.last().map(|(group, user, _)| (*group, *user)).filter(|_| full) {
            let whole = page.partition_point(|(group, user, _)| (*group, *user) < last);
            page.truncate(if whole == 0 { page.len() } else { whole });
        }
        after = page.last().map(|(group, user, _)| (*group, *user)).filter(|_| full);
        for same in page.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (group, user) = (same[0].0, same[0].1);
            let (Some(group), Some(user)) = (snapshot.group_no(group), no_of(user)) else { continue };
            if growing.as_ref().is_none_or(|(at, _)| *at != group) {
                finish(snapshot, growing.replace((group, Growing::default())));
            }
            let Some((_, list)) = &mut growing else { continue };
            let open: Vec<Standing> = same.iter().map(|(.., standing)| *standing).collect();
            let Some((entry, timed)) = entry(user, &open, &mut sources) else { continue };
            list.plain += usize::from(timed.is_none() && snapshot.user(user).is_some_and(|node| node.counts()));
            list.entries.push(entry);
            joined[user as usize].push(Joined::new(group, timed.is_some()));
            list.timed.extend(timed);
        }
    }
    finish(snapshot, growing);
    snapshot.sources = sources;
    Ok(())
}

fn finish(snapshot: &mut Snapshot, grown: Option<(No, Growing)>) {
    if let Some((no, list)) = grown
        && let Some(Some(node)) = snapshot.groups.get_mut(no)
    {
        Arc::make_mut(node).members = Members::new(list.entries, list.timed, list.plain);
    }
}
