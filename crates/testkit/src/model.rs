//! A model of a directory, so small that one can see it is right: what every database is held against.
//!
//! People and groups are numbers here. [`Model::apply`] says whether a step is taken and, if not, the cause of its
//! refusal as `Error::cause` names it.

mod conflicts;
mod formula;

use std::collections::{BTreeMap, BTreeSet};

pub use formula::Formula;

/// One step of a history.
#[derive(Clone, Debug)]
pub enum Step {
    /// Make user `.0`, with address number `.1`.
    CreateUser(u8, u8),
    /// Give user `.0` address number `.1`.
    Readdress(u8, u8),
    /// Deactivate a user.
    Deactivate(u8),
    /// Reactivate a user.
    Reactivate(u8),
    /// Erase a user.
    Erase(u8),
    /// Make group `.0` with name number `.1`.
    CreateGroup(u8, u8),
    /// Give group `.0` name number `.1`.
    Rename(u8, u8),
    /// Archive a group.
    Archive(u8),
    /// Restore a group.
    Restore(u8),
    /// Add users to a group, all or nothing.
    Add(u8, Vec<u8>),
    /// Add users to a group `.0`, from `.2` days on, for `.3` days.
    Lend(u8, Vec<u8>, u8, u8),
    /// Remove users from a group, all or nothing.
    Remove(u8, Vec<u8>),
    /// Give a group this whole list of members.
    SetMembers(u8, Vec<u8>),
    /// Put group `.1` into group `.0`.
    Nest(u8, u8),
    /// Take group `.1` out of group `.0`.
    Unnest(u8, u8),
    /// Give user `.0` this level, an attribute that rules read, or none.
    Level(u8, Option<u8>),
    /// Let this rule keep the members of a group, or none.
    Rule(u8, Option<Formula>),
    /// Put group `.0` back to what it was `.1` steps ago: as `.2` says its members (1), the groups inside (2), its
    /// name (4).
    PutBack(u8, u8, u8),
    /// Make conflict `.0` of these groups, of which nobody may be in more than `.2`.
    Conflict(u8, Vec<u8>, u8),
    /// End a conflict.
    EndConflict(u8),
    /// Let days pass, and what is due be done.
    Wait(u8),
    /// Let days pass, and nothing be done about it.
    Pass(u8),
}

/// A user of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number of the address.
    pub address: u8,
    /// Does the user count?
    pub active: bool,
    /// The attribute that rules read.
    pub level: Option<u8>,
}

/// A group of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// The number of the name.
    pub name: u8,
    /// The day on which it is purged, once archived.
    pub purge: Option<u32>,
    /// Who has a reason by hand to be in it, active or not; kept while archived, for a restore.
    pub members: BTreeMap<u8, Span>,
    /// The rule that keeps more members.
    pub rule: Option<Formula>,
}

/// The days on which a reason counts: from one, and until another.
pub type Span = (u32, Option<u32>);

/// Counts always.
const ALWAYS: Span = (0, None);

fn holds(span: Span, day: u32) -> bool {
    span.0 <= day && span.1.is_none_or(|until| day < until)
}

/// The whole directory.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Users that are not erased.
    pub people: BTreeMap<u8, Person>,
    /// Groups that are not purged.
    pub crowds: BTreeMap<u8, Crowd>,
    /// Which group is inside which: parent, child.
    pub nestings: BTreeSet<(u8, u8)>,
    /// Groups of which nobody may be in more than so many.
    conflicts: BTreeMap<u8, (BTreeSet<u8>, usize)>,
    /// What archiving a group took apart, kept for a restore.
    kept: BTreeMap<u8, Vec<(u8, u8)>>,
    used: BTreeSet<(char, u8)>,
    day: u32,
    /// What each group was like after each step, as far as it can be put back.
    past: Vec<BTreeMap<u8, Shape>>,
}

/// What a live group was like.
#[derive(Clone, Debug)]
struct Shape {
    name: u8,
    members: Vec<u8>,
    inside: Vec<u8>,
}

/// Why somebody is in a group, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Are they an effective member?
    pub member: bool,
    /// Are they a direct member?
    pub direct: bool,
    /// The number of all ways.
    pub ways: u128,
    /// The nestings of the shortest one.
    pub shortest: Option<usize>,
    /// Of one who is not: the groups that would give it.
    pub groups: Vec<u8>,
    /// Of one who is not: do they count for nothing?
    pub inactive: bool,
    /// Of one who is not: the reasons that would hold, were they active.
    pub idle: usize,
    /// Of one who is not: the reasons by hand that are yet to begin.
    pub scheduled: usize,
}

type Outcome = Result<(), &'static str>;

impl Crowd {
    /// A reason that counts now stays as it is; one that does not makes way.
    fn give(&mut self, users: &[u8], span: Span, day: u32) {
        for user in users {
            let place = self.members.entry(*user).or_insert(span);
            if !holds(*place, day) {
                *place = span;
            }
        }
    }
}

impl Model {
    /// Takes a step.
    ///
    /// # Errors
    /// The cause of the refusal; nothing has changed then.
    pub fn apply(&mut self, step: &Step) -> Outcome {
        let before = self.clone();
        let outcome = self.take(step).and_then(|()| if self.circular() { Err("conflict") } else { Ok(()) });
        let outcome = outcome.and_then(|()| self.together(&before));
        if outcome.is_err() {
            *self = before;
        }
        let shape = |id: u8| Shape {
            name: self.crowds[&id].name,
            members: self.members(id),
            inside: self.nestings.iter().filter(|(parent, _)| *parent == id).map(|(_, child)| *child).collect(),
        };
        let shapes = self.listing().into_iter().map(|id| (id, shape(id))).collect();
        self.past.push(shapes);
        outcome
    }

    fn take(&mut self, step: &Step) -> Outcome {
        let day = self.day;
        match step {
            Step::CreateUser(id, address) => {
                if self.people.values().any(|p| p.address == *address) || self.used.contains(&('u', *id)) {
                    return Err("conflict");
                }
                self.used.insert(('u', *id));
                self.people.insert(*id, Person { address: *address, active: true, level: None });
                Ok(())
            }
            Step::Readdress(id, address) => {
                let taken = self.people.iter().any(|(other, p)| other != id && p.address == *address);
                let person = self.people.get_mut(id).ok_or("not_found")?;
                if taken {
                    return Err("conflict");
                }
                person.address = *address;
                Ok(())
            }
            Step::Deactivate(id) => self.people.get_mut(id).map(|p| p.active = false).ok_or("not_found"),
            Step::Reactivate(id) => self.people.get_mut(id).map(|p| p.active = true).ok_or("not_found"),
            Step::Erase(id) => {
                self.people.remove(id).ok_or("not_found")?;
                // An archived group has no open reason to end, and gives the erased none back when it is restored.
                self.crowds.values_mut().for_each(|crowd| {
                    crowd.members.remove(id);
                });
                Ok(())
            }
            Step::CreateGroup(id, name) => {
                if !self.used.insert(('g', *id)) {
                    return Err("conflict");
                }
                self.crowds.insert(*id, Crowd { name: *name, purge: None, members: BTreeMap::new(), rule: None });
                Ok(())
            }
            Step::Rename(id, name) => self.live(*id).map(|crowd| crowd.name = *name),
            Step::Archive(id) => {
                let purge = self.day + 30;
                self.live(*id)?.purge = Some(purge);
                let under = self.nestings.iter().filter(|(parent, _)| parent == id);
                let over = self.nestings.iter().filter(|(_, child)| child == id);
                let torn: Vec<(u8, u8)> = under.chain(over).copied().collect();
                self.nestings.retain(|nesting| !torn.contains(nesting));
                self.kept.insert(*id, torn);
                Ok(())
            }
            Step::Restore(id) => {
                let crowd = self.crowds.get_mut(id).filter(|crowd| crowd.purge.is_none_or(|purge| purge > day));
                crowd.ok_or("not_found")?.purge = None;
                for (parent, child) in self.kept.remove(id).unwrap_or_default() {
                    if self.live(parent).is_ok() && self.live(child).is_ok() && !self.below(child).contains(&parent) {
                        self.nestings.insert((parent, child));
                    }
                }
                Ok(())
            }
            Step::Nest(parent, child) => {
                self.open(*parent)?;
                self.live(*child).map_err(|_| "invalid")?;
                if self.below(*child).contains(parent) {
                    return Err("conflict");
                }
                self.nestings.insert((*parent, *child));
                Ok(())
            }
            Step::Unnest(parent, child) => {
                self.open(*parent)?;
                if self.nestings.remove(&(*parent, *child)) { Ok(()) } else { Err("not_found") }
            }
            Step::Lend(id, users, after, days) => {
                let from = day + u32::from(*after);
                let span = (if *after == 0 { 0 } else { from }, Some(from + u32::from(*days)));
                self.named(*id, users)?.give(users, span, day);
                Ok(())
            }
            Step::Add(id, users) => {
                self.named(*id, users)?.give(users, ALWAYS, day);
                Ok(())
            }
            Step::Remove(id, users) => {
                self.named(*id, users)?.members.retain(|u, _| !users.contains(u));
                Ok(())
            }
            Step::SetMembers(id, users) => {
                self.live(*id)?;
                self.list(*id, users)
            }
            Step::Level(id, level) => self.people.get_mut(id).map(|p| p.level = *level).ok_or("not_found"),
            Step::Rule(id, rule) => {
                self.live(*id)?;
                let mut known = true;
                rule.iter().for_each(|rule| rule.reads(&mut |read| known &= self.crowds.contains_key(&read)));
                if !known {
                    return Err("invalid");
                }
                self.live(*id)?.rule.clone_from(rule);
                Ok(())
            }
            Step::PutBack(id, ago, what) => {
                self.live(*id)?;
                let then = self.past.len().checked_sub(1 + usize::from(*ago)).and_then(|at| self.past[at].get(id));
                let then = then.cloned().ok_or("invalid")?;
                if what & 3 != 0 {
                    self.open(*id)?;
                }
                if what & 4 != 0 {
                    self.live(*id)?.name = then.name;
                }
                if what & 1 != 0 {
                    let there: Vec<u8> =
                        then.members.into_iter().filter(|user| self.people.contains_key(user)).collect();
                    self.list(*id, &there)?;
                }
                if what & 2 != 0 {
                    self.nestings.retain(|(parent, child)| parent != id || then.inside.contains(child));
                    for child in then.inside {
                        if self.live(child).is_ok() && !self.nestings.contains(&(*id, child)) {
                            self.take(&Step::Nest(*id, child))?;
                        }
                    }
                }
                Ok(())
            }
            Step::Conflict(id, groups, most) => self.oppose(*id, groups, usize::from(*most)),
            Step::EndConflict(id) => self.conflicts.remove(id).map(drop).ok_or("not_found"),
            Step::Wait(days) => {
                self.day += u32::from(*days);
                let day = self.day;
                self.crowds.retain(|_, crowd| crowd.purge.is_none_or(|purge| purge > day));
                self.lose_purged();
                self.crowds
                    .values_mut()
                    .for_each(|crowd| crowd.members.retain(|_, span| span.1.is_none_or(|end| end > day)));
                Ok(())
            }
            Step::Pass(days) => {
                self.day += u32::from(*days);
                Ok(())
            }
        }
    }

    /// The whole list of members that a caller sends: a difference against what they are shown.
    fn list(&mut self, id: u8, users: &[u8]) -> Outcome {
        let (day, shown) = (self.day, self.members(id));
        let newcomers: Vec<u8> = users.iter().copied().filter(|u| !shown.contains(u)).collect();
        if newcomers.is_empty() && shown.iter().all(|u| users.contains(u)) {
            return Ok(());
        }
        self.open(id)?;
        let crowd = self.named(id, &newcomers)?;
        crowd.members.retain(|u, _| !shown.contains(u) || users.contains(u));
        crowd.give(&newcomers, ALWAYS, day);
        Ok(())
    }

    /// A live group whose members a hand may change: no rule keeps them.
    fn open(&mut self, id: u8) -> Result<&mut Crowd, &'static str> {
        let crowd = self.live(id)?;
        if crowd.rule.is_some() { Err("protected") } else { Ok(crowd) }
    }

    /// The group, if a hand may name these users as joining or leaving it.
    fn named(&mut self, id: u8, users: &[u8]) -> Result<&mut Crowd, &'static str> {
        let known = users.iter().all(|u| self.people.contains_key(u));
        self.live(id)?;
        if !known {
            return Err("invalid");
        }
        if users.is_empty() { self.live(id) } else { self.open(id) }
    }

    fn live(&mut self, id: u8) -> Result<&mut Crowd, &'static str> {
        self.crowds.get_mut(&id).filter(|crowd| crowd.purge.is_none()).ok_or("not_found")
    }

    /// The group and every group inside it, at any depth.
    pub fn below(&self, id: u8) -> BTreeSet<u8> {
        let mut all = BTreeSet::from([id]);
        loop {
            let next = self.nestings.iter().filter(|(parent, _)| all.contains(parent)).map(|(_, child)| *child);
            let more: BTreeSet<u8> = next.chain(all.iter().copied()).collect();
            if more == all {
                return all;
            }
            all = more;
        }
    }

    /// The effective members of a live group.
    pub fn effective(&self, id: u8) -> Vec<u8> {
        let all: BTreeSet<u8> = self.below(id).into_iter().flat_map(|group| self.members(group)).collect();
        all.into_iter().collect()
    }

    /// Live groups in the order of their names, then ids.
    pub fn listing(&self) -> Vec<u8> {
        let mut live: Vec<_> = self.crowds.iter().filter(|(_, c)| c.purge.is_none()).collect();
        live.sort_by_key(|(id, crowd)| (crowd.name, **id));
        live.into_iter().map(|(id, _)| *id).collect()
    }

    /// The members that a list of a live group shows.
    pub fn members(&self, id: u8) -> Vec<u8> {
        let shown = |(u, p): (&u8, &Person)| (p.active && self.reasons(*u, id) > 0).then_some(*u);
        self.people.iter().filter_map(shown).collect()
    }

    /// How many reasons hold a user in a live group today, whether they count or not.
    fn reasons(&self, user: u8, id: u8) -> usize {
        let Some(crowd) = self.crowds.get(&id).filter(|crowd| crowd.purge.is_none()) else { return 0 };
        let by_hand = crowd.members.get(&user).is_some_and(|span| holds(*span, self.day));
        let by_rule = crowd.rule.as_ref().is_some_and(|rule| {
            let level = self.people.get(&user).and_then(|person| person.level);
            rule.holds(level, &|group| self.below(group).into_iter().any(|below| self.reasons(user, below) > 0))
        });
        usize::from(by_hand) + usize::from(by_rule)
    }

    /// Do rules and nestings build on each other in a circle?
    fn circular(&self) -> bool {
        let live = |id: &u8| self.crowds.get(id).is_some_and(|crowd| crowd.purge.is_none());
        let mut builds: BTreeSet<(u8, u8)> = self.nestings.iter().map(|(parent, child)| (*child, *parent)).collect();
        for (id, crowd) in self.crowds.iter().filter(|(id, _)| live(id)) {
            let mut note = |read| {
                builds.insert((read, *id));
            };
            crowd.rule.iter().for_each(|rule| rule.reads(&mut note));
        }
        // As long as something can be taken away that nothing leads to.
        let mut left: BTreeSet<u8> = builds.iter().flat_map(|(a, b)| [*a, *b]).collect();
        while let Some(free) = left.iter().copied().find(|g| !builds.iter().any(|(a, b)| b == g && left.contains(a))) {
            left.remove(&free);
        }
        !left.is_empty()
    }

    /// Why a user is in a group, or not; none where there is no such user or group.
    pub fn why(&self, user: u8, id: u8) -> Option<Why> {
        let (person, below) = (self.people.get(&user)?, self.below(id));
        self.crowds.get(&id)?;
        let counts = |group: u8| if person.active { self.reasons(user, group) } else { 0 };
        let ways = below.iter().map(|from| counts(*from) as u128 * self.routes(*from, id)).sum();
        let member = ways > 0;
        let steps = |from: &u8| self.distance(*from, id);
        let hands = below
            .iter()
            .filter_map(|group| self.crowds.get(group).filter(|crowd| crowd.purge.is_none())?.members.get(&user));
        let missing = |n: usize| if member { 0 } else { n };
        Some(Why {
            member,
            direct: counts(id) > 0,
            ways,
            shortest: below.iter().filter(|from| counts(**from) > 0).filter_map(steps).min(),
            groups: if member { Vec::new() } else { below.iter().copied().collect() },
            inactive: !member && !person.active,
            idle: missing(below.iter().map(|group| self.reasons(user, *group)).sum()),
            scheduled: missing(hands.filter(|span| span.0 > self.day).count()),
        })
    }

    /// How many chains of nestings lead from one group to another around it.
    fn routes(&self, from: u8, to: u8) -> u128 {
        let around = self.nestings.iter().filter(|(_, child)| *child == from);
        u128::from(from == to) + around.map(|(parent, _)| self.routes(*parent, to)).sum::<u128>()
    }

    /// The nestings of the shortest of them.
    fn distance(&self, from: u8, to: u8) -> Option<usize> {
        let around = self.nestings.iter().filter(|(_, child)| *child == from);
        let further = around.filter_map(|(parent, _)| Some(self.distance(*parent, to)? + 1)).min();
        if from == to { Some(0) } else { further }
    }
}
