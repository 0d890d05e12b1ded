//! Settling: after a change the reasons that rules give are made what the rules say, in the same transaction.
//!
//! What a use case touched is noted from its events. From there only the rules that are touched are evaluated, and of
//! each only for the users that are; what that changes may touch rules that build on it, which come after it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use guildhall_domain::company::CompanyState;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::membership::{Reason, ReasonKind};
use guildhall_domain::nesting::Reach;
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};

use super::Rule;
use super::outcome::{Sources, Spans, Who, evaluate};
use super::prepare::Prepared;
use super::set::RuleSet;
use crate::nestings::reach;
use crate::store::nestings::Towards;
use crate::store::rules::Kept;
use crate::store::{self, Conn, groups, nestings, reasons};
use crate::writer::Tx;
use crate::{grants, journal};

/// What a use case has touched so far that rules may depend on.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    users: BTreeSet<UserId>,
    members: BTreeMap<GroupId, BTreeSet<UserId>>,
    /// Parents and children that were joined or parted.
    nested: Vec<(GroupId, GroupId)>,
    /// Groups that were archived, and the revision that ended their memberships.
    archived: Vec<(GroupId, u64)>,
    restored: BTreeSet<GroupId>,
    /// Groups whose own rule changed.
    rules: BTreeSet<GroupId>,
    everything: bool,
}

impl Touched {
    /// Notes what an event tells; `ruled` says whether the company has rules already.
    pub(crate) fn note(&mut self, event: &Event, revision: u64, ruled: bool) {
        match event {
            Event::GroupCreated { group, fields } | Event::GroupUpdated { group, fields }
                if fields.iter().any(|(name, _)| *name == "rule") =>
            {
                self.rules.insert(*group);
            }
            // Rules that come to be in this very use case are settled for everyone.
            _ if !ruled => {}
            Event::UserCreated { user, .. }
            | Event::UserUpdated { user, .. }
            | Event::UserDeactivated { user }
            | Event::UserReactivated { user } => drop(self.users.insert(*user)),
            Event::MembersAdded { group, users, .. }
            | Event::MembersChanged { group, users, .. }
            | Event::MembersRemoved { group, users } => self.members.entry(*group).or_default().extend(users),
            Event::GroupNested { parent, child } | Event::GroupUnnested { parent, child } => {
                self.nested.push((*parent, *child));
            }
            Event::GroupArchived { group, .. } => self.archived.push((*group, revision)),
            Event::GroupRestored { group } => drop(self.restored.insert(*group)),
            Event::CompanyImported { .. } => self.everything = true,
            _ => {}
        }
    }

    fn is_empty(&self) -> bool {
        let Self { users, members, nested, archived, restored, rules, everything } = self;
        users.is_empty()
            && members.is_empty()
            && nested.is_empty()
            && archived.is_empty()
            && restored.is_empty()
            && rules.is_empty()
            && !everything
    }

    /// Whose membership of which group may have changed, as far as rules that read memberships care.
    async fn moved(&self, conn: &mut Conn, company: CompanyId) -> Result<Vec<(GroupId, BTreeSet<UserId>)>> {
        let mut moved: Vec<(GroupId, BTreeSet<UserId>)> =
            self.members.iter().map(|(group, users)| (*group, users.clone())).collect();
        for (parent, child) in &self.nested {
            moved.push((*parent, below(conn, company, &[*child]).await?));
        }
        for group in &self.restored {
            moved.push((*group, below(conn, company, &[*group]).await?));
        }
        for (group, revision) in &self.archived {
            let mut users: BTreeSet<UserId> =
                reasons::closed_at(conn, company, *group, *revision).await?.into_iter().map(|r| r.user).collect();
            let ended = nestings::closed_at(conn, company, *group, *revision).await?;
            let children: Vec<GroupId> = ended.iter().filter(|n| n.parent == *group).map(|n| n.child).collect();
            users.extend(below(conn, company, &children).await?);
            let parents = ended.iter().filter(|n| n.child == *group).map(|n| n.parent);
            for at in parents.chain([*group]) {
                moved.push((at, users.clone()));
            }
        }
        Ok(moved)
    }
}

/// Everyone with an open reason in one of these groups or in one nested in it.
async fn below(conn: &mut Conn, company: CompanyId, of: &[GroupId]) -> Result<BTreeSet<UserId>> {
    let inside = reach(conn, company, of, Towards::Children, None).await?.groups();
    let standing = store::rules::in_groups(conn, company, &inside, Timestamp::MIN).await?;
    Ok(standing.into_iter().map(|(user, ..)| user).collect())
}

/// The rules that are to be settled, and for whom.
#[derive(Default)]
struct Pending(HashMap<GroupId, Who>);

impl Pending {
    fn all(&mut self, rule: GroupId) {
        self.0.insert(rule, Who::All);
    }

    fn some(&mut self, rule: GroupId, users: &BTreeSet<UserId>) {
        if !users.is_empty() {
            self.0.entry(rule).or_insert_with(|| Who::Some(BTreeSet::new())).add(users.iter().copied());
        }
    }
}

/// Settles every rule that the use case has touched.
///
/// # Errors
/// [`Error::Unknown`] when a new rule asks for a group that is not there; [`Error::Cycle`] when rules and nestings
/// would build on each other in a circle.
pub(crate) async fn settle(tx: &mut Tx) -> Result<()> {
    let touched = std::mem::take(&mut tx.unsettled);
    if touched.is_empty() {
        return Ok(());
    }
    let company = tx.company();
    let mut changed = touched.rules.clone();
    for group in touched.archived.iter().map(|(group, _)| group).chain(&touched.restored) {
        if groups::get(tx, company, *group).await?.is_some_and(|group| group.rule.is_some()) {
            changed.insert(*group);
        }
    }
    if !changed.is_empty() {
        tx.head_mut().rules = Some(tx.clock.id());
    }
    // An import settles at its end, when everything is there.
    let Some(mark) = tx.head().rules.filter(|_| tx.head().state != CompanyState::Loading) else { return Ok(()) };
    let shelf = std::sync::Arc::clone(&tx.shelf);
    let set = shelf.get(tx, company, mark).await?;
    for group in &touched.rules {
        check_reads(tx, set.get(*group).map(AsRef::as_ref)).await?;
    }
    let moved = if set.reads_any() { touched.moved(tx, company).await? } else { Vec::new() };
    let mut pending = Pending::default();
    for rule in set.groups() {
        if touched.everything || changed.contains(&rule) {
            pending.all(rule);
        } else {
            pending.some(rule, &touched.users);
        }
    }
    let ended: Vec<GroupId> = touched.rules.iter().copied().filter(|group| set.get(*group).is_none()).collect();
    if pending.0.is_empty() && ended.is_empty() && moved.is_empty() {
        return Ok(());
    }
    let run = Run::new(tx, set, &moved).await?;
    for (group, users) in &moved {
        run.touch(&mut pending, *group, users);
    }
    for group in ended {
        let users = write(tx, group, &Who::All, &Spans::new()).await?;
        run.touch(&mut pending, group, &users);
    }
    run.settle(tx, pending).await
}

/// Refuses a rule that asks for a group which the company does not have.
async fn check_reads(conn: &mut Tx, rule: Option<&Rule>) -> Result<()> {
    let company = conn.company();
    let mut missing = Vec::new();
    for read in rule.into_iter().flat_map(Rule::reads) {
        if crate::groups::get(conn, company, *read, crate::Shown::Restorable).await.is_err() {
            missing.push(read.uuid());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Unknown { field: "rule".into(), noun: GroupId::NOUN, ids: missing })
}

/// One walk over the rules in their order.
struct Run {
    set: std::sync::Arc<RuleSet>,
    above: Reach,
    order: Vec<GroupId>,
}

impl Run {
    async fn new(tx: &mut Tx, set: std::sync::Arc<RuleSet>, moved: &[(GroupId, BTreeSet<UserId>)]) -> Result<Self> {
        if !set.reads_any() {
            let order = set.groups().collect();
            return Ok(Self { set, above: Reach::default(), order });
        }
        let company = tx.company();
        let from: BTreeSet<GroupId> = set.groups().chain(moved.iter().map(|(group, _)| *group)).collect();
        let from: Vec<GroupId> = from.into_iter().collect();
        let above = reach(tx, company, &from, Towards::Parents, None).await?;
        let order = set.order(&above)?;
        Ok(Self { set, above, order })
    }

    /// Notes the rules that ask for memberships of `group`, or of a group that it is inside of.
    fn touch(&self, pending: &mut Pending, group: GroupId, users: &BTreeSet<UserId>) {
        for rule in self.set.readers(&self.above.all_from(group)) {
            pending.some(rule, users);
        }
    }

    async fn settle(&self, tx: &mut Tx, mut pending: Pending) -> Result<()> {
        let (company, now) = (tx.company(), tx.now());
        for group in &self.order {
            let Some(who) = pending.0.remove(group) else { continue };
            let Some(rule) = self.set.get(*group) else { continue };
            let sources = Sources::of(tx, company, rule.reads()).await?;
            let wanted = match Prepared::take(tx, *group, rule, &who, &sources).await? {
                Some(wanted) => wanted,
                None => evaluate(tx, company, rule, &sources, &who, now).await?,
            };
            let users = write(tx, *group, &who, &wanted).await?;
            self.touch(&mut pending, *group, &users);
        }
        Ok(())
    }
}

/// What happens to members of a group when its rule is settled; in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Removed,
    Changed,
    Added,
}

/// Reasons to end and to give in one event.
#[derive(Default)]
struct Change {
    users: Vec<UserId>,
    close: Vec<Reason>,
    open: Vec<Reason>,
}

type Changes = BTreeMap<(Step, Option<Timestamp>, Option<Timestamp>), Change>;

/// Makes the reasons that a group's rule gives to `who` those of `wanted`; whose changed.
async fn write(tx: &mut Tx, group: GroupId, who: &Who, wanted: &Spans) -> Result<BTreeSet<UserId>> {
    let (company, now, clock) = (tx.company(), tx.now(), tx.clock.clone());
    let listed = who.listed();
    let mut kept: BTreeMap<UserId, Vec<Kept>> = BTreeMap::new();
    for one in store::rules::kept(tx, company, group, listed.as_deref()).await? {
        kept.entry(one.user).or_default().push(one);
    }
    let everyone: BTreeSet<UserId> = kept.keys().chain(wanted.keys()).copied().collect();
    let (mut changes, mut touched) = (Changes::new(), BTreeSet::new());
    for user in everyone {
        let kept = kept.get(&user).map_or(&[][..], Vec::as_slice);
        let wanted = wanted.get(&user).map_or(&[][..], Vec::as_slice);
        if compare(&mut changes, group, user, kept, wanted, now, || clock.id()) {
            touched.insert(user);
        }
    }
    for ((step, starts, ends), change) in changes {
        let (revision, window) = (tx.revision(), Window { starts, ends });
        reasons::close(tx, company, &change.close, now, revision, None).await?;
        reasons::open(tx, company, &change.open, now, revision).await?;
        for turn in change.open.iter().filter_map(|reason| reason.window.next_turn(now)) {
            tx.head_mut().wake_at(turn);
        }
        let (users, kind, note) = (change.users, ReasonKind::Rule, None);
        // A change that keeps whoever is in brings nothing about.
        let turned: Vec<UserId> = match step {
            Step::Changed => change.close.iter().filter(|r| r.window.holds(now)).map(|r| r.user).collect(),
            Step::Added | Step::Removed => users.clone(),
        };
        let event = match step {
            Step::Removed => Event::MembersRemoved { group, users },
            Step::Changed => Event::MembersChanged { group, users, kind, window, note },
            Step::Added => Event::MembersAdded { group, users, kind, window, note },
        };
        journal::append(tx, &event).await?;
        Box::pin(grants::turned(tx, group, &turned)).await?;
    }
    if !touched.is_empty() {
        groups::touch(tx, company, group, now).await?;
    }
    Ok(touched)
}

/// Notes what is to be ended and given for one user; false when all is as it should be.
fn compare(
    changes: &mut Changes,
    group: GroupId,
    user: UserId,
    kept: &[Kept],
    wanted: &[Window],
    now: Timestamp,
    id: impl Fn() -> guildhall_domain::ids::ReasonId,
) -> bool {
    // A past start makes no difference any more.
    let starts = |window: &Window| window.starts.filter(|from| *from > now);
    let same = |k: &Kept, w: &Window| k.window.ends == w.ends && starts(&k.window) == starts(w);
    let past = |k: &Kept| k.window.ends.is_some_and(|until| until <= now);
    let unwanted: Vec<&Kept> = kept.iter().filter(|k| !wanted.iter().any(|w| same(k, w))).collect();
    let missing: Vec<&Window> = wanted.iter().filter(|w| !kept.iter().any(|k| same(k, w))).collect();
    if missing.is_empty() && unwanted.iter().all(|k| past(k)) {
        return false;
    }
    let since = kept.iter().filter(|k| k.window.holds(now)).map(|k| k.added_at).min();
    let reason = |reason, window: Window, added_at| Reason {
        id: reason,
        group,
        user,
        kind: ReasonKind::Rule,
        source: group.uuid(),
        giver: None,
        window,
        note: None,
        added_at,
    };
    let step = match (kept.iter().all(past), wanted.is_empty()) {
        (true, _) => Step::Added,
        (false, true) => Step::Removed,
        (false, false) => Step::Changed,
    };
    // What only gets shorter is told with what remains.
    let told: Vec<Window> = match (step, missing.is_empty()) {
        (Step::Removed, _) => vec![Window::OPEN],
        (_, true) => wanted.first().copied().into_iter().collect(),
        _ => missing.iter().map(|w| **w).collect(),
    };
    for (i, window) in told.into_iter().enumerate() {
        let change = changes.entry((step, window.starts, window.ends)).or_default();
        change.users.push(user);
        if i == 0 {
            change.close.extend(unwanted.iter().map(|k| reason(k.reason, k.window, k.added_at)));
        }
        if missing.iter().any(|w| **w == window) {
            let began = window.starts.unwrap_or_else(|| since.unwrap_or(now));
            change.open.push(reason(id(), window, began));
        }
    }
    true
}
