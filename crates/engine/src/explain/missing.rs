//! Why a user is not in a group: what would have given it, what there was before, who ended it and when.

use std::collections::{BTreeSet, HashMap, HashSet};

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::nesting::Reach;
use guildhall_domain::spans::{Span, Spans};
use guildhall_domain::{Result, Timestamp};

use super::{LISTED, Question};
use crate::nestings;
use crate::store::giving::Grant;
use crate::store::nestings::{Nesting, Towards};
use crate::store::past::{Given, Step};
use crate::store::{Conn, past as rows};

/// How many of a user's ended reasons are looked at, the last ones first.
const REMEMBERED: u32 = 1_000;
/// How many groups around those a user was in are looked at.
const VISITED: usize = 5_000;

/// What it would take for a user to be in a group, and what there was before.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// The groups that would give it, were the user a direct member: the group itself, then those inside it, nearest
    /// first, 100 at most; none for a caller who may not see the directory.
    pub groups: Vec<GroupId>,
    /// The number of all of them.
    pub total: usize,
    /// The user is inactive, so that nothing counts.
    pub inactive: Option<Absence>,
    /// Reasons in those groups that stand and count for nothing, because the user is inactive.
    pub idle: Vec<Given>,
    /// Reasons in those groups that are yet to begin.
    pub scheduled: Vec<Given>,
    /// When the user last was an effective member, as far as it is remembered.
    pub last: Option<Span>,
    /// What led to the group and ended, the last first, 100 at most.
    pub ended: Vec<Ended>,
    /// When the user was an effective member, as far as it is remembered.
    pub(super) spans: Spans,
}

/// Since when a user is inactive, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Absence {
    /// Since when.
    pub since: Timestamp,
    /// By whom; none for the platform, the system, and one who came inactive.
    pub by: Option<UserId>,
}

/// Something that led to the group and ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What.
    pub what: What,
    /// When.
    pub at: Timestamp,
    /// By whom; none for the platform, the system, and a window that ran out.
    pub by: Option<UserId>,
    /// The event that ended it: its revision and its kind; none for a window that ran out.
    pub event: Option<(u64, String)>,
    /// Did the user's membership of the group end with it?
    pub ended_membership: bool,
}

/// What ended.
#[derive(Clone, Debug)]
pub enum What {
    /// A reason was taken away.
    Reason(Given),
    /// The window of a reason ran out.
    Window(Given),
    /// A nesting was taken apart.
    Nesting(Step),
    /// A group gives it no more.
    Grant(Grant),
}

impl Ended {
    /// Adds the groups and people that are named here.
    pub(super) fn named(&self, groups: &mut BTreeSet<GroupId>, people: &mut BTreeSet<UserId>) {
        people.extend(self.by);
        match &self.what {
            What::Reason(given) | What::Window(given) => {
                groups.insert(given.reason.group);
                people.extend(given.reason.giver);
            }
            What::Nesting(step) => {
                groups.extend([step.nesting.parent, step.nesting.child]);
                people.extend(step.by);
            }
            What::Grant(grant) => {
                groups.insert(grant.group);
                people.extend(grant.by);
            }
        }
    }
}

impl Missing {
    /// Has the user nothing to do with the group, and never had?
    pub(super) fn tells_nothing(&self) -> bool {
        self.idle.is_empty() && self.scheduled.is_empty() && self.last.is_none()
    }

    /// Adds the groups and people that are named here.
    pub(super) fn named(&self, groups: &mut BTreeSet<GroupId>, people: &mut BTreeSet<UserId>) {
        groups.extend(&self.groups);
        people.extend(self.inactive.and_then(|absence| absence.by));
        for given in self.idle.iter().chain(&self.scheduled) {
            groups.insert(given.reason.group);
            people.extend(given.reason.giver);
        }
        for ended in &self.ended {
            ended.named(groups, people);
        }
    }
}

/// The group and all inside it, nearest first.
async fn inside(conn: &mut Conn, q: &Question<'_>) -> Result<Vec<GroupId>> {
    let reach = match q.view {
        None => nestings::reach(conn, q.company, &[q.group], Towards::Children, q.then).await?,
        Some(view) => {
            let mut reach = Reach::default();
            let node = view.group_by_id(q.group);
            let all = node.into_iter().flat_map(|node| node.below.iter().filter_map(|no| view.group(no)).chain([node]));
            for node in all {
                let mut next: Vec<GroupId> =
                    node.children.iter().filter_map(|no| Some(view.group(*no)?.record.id)).collect();
                next.sort_unstable();
                reach.note(node.record.id, next);
            }
            reach
        }
    };
    let (mut all, mut seen, mut at) = (vec![q.group], HashSet::from([q.group]), 0);
    while let Some(group) = all.get(at).copied() {
        all.extend(reach.next(group).iter().copied().filter(|next| seen.insert(*next)));
        at += 1;
    }
    Ok(all)
}

/// Every nesting there ever was around these groups.
async fn ever_around(conn: &mut Conn, q: &Question<'_>, from: BTreeSet<GroupId>) -> Result<Vec<Step>> {
    let (mut seen, mut steps) = (from.clone(), Vec::new());
    let mut frontier: Vec<GroupId> = from.into_iter().collect();
    while !frontier.is_empty() && seen.len() <= VISITED {
        let found = rows::parents_ever(conn, q.company, &frontier, q.known()).await?;
        frontier = found.iter().map(|step| step.nesting.parent).filter(|parent| seen.insert(*parent)).collect();
        steps.extend(found);
    }
    Ok(steps)
}

/// The groups from which these nestings lead to the group, that one included.
fn leading(steps: &[Step], group: GroupId) -> HashSet<GroupId> {
    let mut children: HashMap<GroupId, Vec<GroupId>> = HashMap::new();
    for Step { nesting, .. } in steps {
        children.entry(nesting.parent).or_default().push(nesting.child);
    }
    let (mut all, mut open) = (HashSet::from([group]), vec![group]);
    while let Some(group) = open.pop() {
        open.extend(children.get(&group).into_iter().flatten().copied().filter(|child| all.insert(*child)));
    }
    all
}

fn span(opened: Timestamp, closed: Option<Timestamp>) -> Span {
    (opened, closed.unwrap_or(Timestamp::MAX))
}

/// When a reason counted, as far as its window and its life go.
fn life(given: &Given) -> Span {
    let (opened, closed) = span(given.opened_at, given.closed.map(|closed| closed.at));
    let window = given.reason.window;
    (window.starts.map_or(opened, |from| from.max(opened)), window.ends.map_or(closed, |end| end.min(closed)))
}

/// When the user was an effective member of the group: their reasons, carried along the nestings while these stood.
fn membership(reasons: &[&Given], steps: &[&Step], absences: &[Span], group: GroupId) -> Spans {
    let mut held: HashMap<GroupId, Spans> = HashMap::new();
    for given in reasons {
        let (from, until) = life(given);
        let counted = absences.iter().fold(Spans::one(from, until), |spans, absence| spans.without(*absence));
        held.entry(given.reason.group).or_default().add(&counted);
    }
    let mut parents: HashMap<GroupId, Vec<&Step>> = HashMap::new();
    for step in steps {
        parents.entry(step.nesting.child).or_default().push(step);
    }
    // Nestings of different times can run in a circle; each round adds time, of which there is an end.
    let mut open: Vec<GroupId> = held.keys().copied().collect();
    while let Some(child) = open.pop() {
        let Some(of_child) = held.get(&child).cloned() else { continue };
        for step in parents.get(&child).into_iter().flatten() {
            let carried = of_child.within(span(step.since, step.closed.map(|closed| closed.at)));
            if held.entry(step.nesting.parent).or_default().add(&carried) {
                open.push(step.nesting.parent);
            }
        }
    }
    held.remove(&group).unwrap_or_default()
}

/// What ended of these by the instant, the last first.
fn endings(reasons: &[&Given], steps: &[&Step], at: Timestamp, last: Option<Timestamp>) -> Vec<Ended> {
    let mut all = Vec::new();
    let mut note = |what: What, at: Timestamp, by, revision: Option<u64>| {
        let event = revision.map(|revision| (revision, String::new()));
        all.push(Ended { what, at, by, event, ended_membership: last == Some(at) });
    };
    for given in reasons {
        let ran_out = given.reason.window.ends.filter(|end| *end <= at);
        match given.closed {
            Some(closed) if ran_out.is_none_or(|end| closed.at < end) => {
                note(What::Reason((*given).clone()), closed.at, closed.by, Some(closed.revision));
            }
            _ => {
                if let Some(end) = ran_out {
                    note(What::Window((*given).clone()), end, None, None);
                }
            }
        }
    }
    let standing: HashSet<Nesting> =
        steps.iter().filter(|step| step.closed.is_none()).map(|step| step.nesting).collect();
    for step in steps.iter().filter(|step| !standing.contains(&step.nesting)) {
        if let Some(closed) = step.closed {
            note(What::Nesting(**step), closed.at, closed.by, Some(closed.revision));
        }
    }
    // Stable: of one instant, reasons before nestings.
    all.sort_by_key(|ended| std::cmp::Reverse(ended.at));
    all.truncate(LISTED);
    all
}

/// What it would take.
pub(super) async fn find(
    conn: &mut Conn,
    q: &Question<'_>,
    given: &[Given],
    absences: &[Span],
    absent: Option<Span>,
) -> Result<Missing> {
    let inside = inside(conn, q).await?;
    let within: HashSet<GroupId> = inside.iter().copied().collect();
    let here = |given: &&Given| within.contains(&given.reason.group);
    let idle = given.iter().filter(here).filter(|given| given.reason.window.holds(q.at)).cloned().collect();
    let later = |given: &&Given| given.reason.window.starts.is_some_and(|from| from > q.at);
    let scheduled = given.iter().filter(here).filter(later).cloned().collect();
    let inactive = match absent {
        Some((since, _)) => {
            Some(Absence { since, by: rows::who_deactivated(conn, q.company, q.user, q.known()).await? })
        }
        None => None,
    };
    let past = rows::ended_of(conn, q.company, q.user, q.known(), REMEMBERED).await?;
    let reasons: Vec<&Given> = given.iter().chain(&past).collect();
    let steps = ever_around(conn, q, reasons.iter().map(|given| given.reason.group).collect()).await?;
    let leading = leading(&steps, q.group);
    let reasons: Vec<&Given> = reasons.into_iter().filter(|given| leading.contains(&given.reason.group)).collect();
    let steps: Vec<&Step> = steps
        .iter()
        .filter(|step| leading.contains(&step.nesting.child) && leading.contains(&step.nesting.parent))
        .collect();
    let spans = membership(&reasons, &steps, absences, q.group);
    let last = spans.within((Timestamp::MIN, q.at)).last();
    let mut ended = endings(&reasons, &steps, q.at, last.map(|(_, until)| until));
    if !q.directory {
        // Which groups are around theirs is told to guests only as far as it was theirs.
        ended.retain(|ended| ended.ended_membership || !matches!(ended.what, What::Nesting(_)));
    }
    let revisions: Vec<u64> =
        ended.iter().filter_map(|ended| ended.event.as_ref().map(|(revision, _)| *revision)).collect();
    let mut kinds = rows::kinds(conn, q.company, &revisions).await?.into_iter();
    for event in ended.iter_mut().filter_map(|ended| ended.event.as_mut()) {
        event.1 = kinds.next().flatten().unwrap_or_default();
    }
    let total = if q.directory { inside.len() } else { 0 };
    let groups = inside.into_iter().take(LISTED.min(total)).collect();
    Ok(Missing { groups, total, inactive, idle, scheduled, last, ended, spans })
}
