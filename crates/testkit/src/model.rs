//! A model of a directory, so small that one can see it is right: what every database is held against.
//!
//! People and groups are numbers here. [`Model::apply`] says whether a step is taken and, if not, the cause of its
//! refusal as `Error::cause` names it.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Let days pass, and what is due be done.
    Wait(u8),
}

/// A user of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number of the address.
    pub address: u8,
    /// Does the user count?
    pub active: bool,
}

/// A group of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// The number of the name.
    pub name: u8,
    /// The day on which it is purged, once archived.
    pub purge: Option<u32>,
    /// Who has a reason to be in it, active or not; kept while archived, for a restore.
    pub members: BTreeMap<u8, Span>,
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
    /// What archiving a group took apart, kept for a restore.
    kept: BTreeMap<u8, Vec<(u8, u8)>>,
    used: BTreeSet<(char, u8)>,
    day: u32,
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

    /// Whose reason counts on this day.
    fn standing(&self, day: u32) -> Vec<u8> {
        self.members.iter().filter(|(_, span)| holds(**span, day)).map(|(u, _)| *u).collect()
    }
}

impl Model {
    /// Takes a step.
    ///
    /// # Errors
    /// The cause of the refusal; nothing has changed then.
    pub fn apply(&mut self, step: &Step) -> Outcome {
        let day = self.day;
        match step {
            Step::CreateUser(id, address) => {
                if self.people.values().any(|p| p.address == *address) || self.used.contains(&('u', *id)) {
                    return Err("conflict");
                }
                self.used.insert(('u', *id));
                self.people.insert(*id, Person { address: *address, active: true });
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
                self.crowds.insert(*id, Crowd { name: *name, purge: None, members: BTreeMap::new() });
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
                self.crowds.get_mut(id).ok_or("not_found")?.purge = None;
                for (parent, child) in self.kept.remove(id).unwrap_or_default() {
                    if self.live(parent).is_ok() && self.live(child).is_ok() && !self.below(child).contains(&parent) {
                        self.nestings.insert((parent, child));
                    }
                }
                Ok(())
            }
            Step::Nest(parent, child) => {
                self.live(*parent)?;
                self.live(*child).map_err(|_| "invalid")?;
                if self.below(*child).contains(parent) {
                    return Err("conflict");
                }
                self.nestings.insert((*parent, *child));
                Ok(())
            }
            Step::Unnest(parent, child) => {
                self.live(*parent)?;
                if self.nestings.remove(&(*parent, *child)) { Ok(()) } else { Err("not_found") }
            }
            Step::Lend(id, users, after, days) => {
                let known = users.iter().all(|u| self.people.contains_key(u));
                let crowd = self.live(*id)?;
                if !known {
                    return Err("invalid");
                }
                let from = day + u32::from(*after);
                crowd.give(users, (if *after == 0 { 0 } else { from }, Some(from + u32::from(*days))), day);
                Ok(())
            }
            Step::Add(id, users) => {
                let known = users.iter().all(|u| self.people.contains_key(u));
                let crowd = self.live(*id)?;
                if !known {
                    return Err("invalid");
                }
                crowd.give(users, ALWAYS, day);
                Ok(())
            }
            Step::Remove(id, users) => {
                let known = users.iter().all(|u| self.people.contains_key(u));
                let crowd = self.live(*id)?;
                if !known {
                    return Err("invalid");
                }
                crowd.members.retain(|u, _| !users.contains(u));
                Ok(())
            }
            Step::SetMembers(id, users) => {
                let people = self.people.clone();
                let crowd = self.live(*id)?;
                // Who is not shown stays: the list is a difference against what the caller sees.
                let counts = |u: &u8| people.get(u).is_some_and(|p| p.active);
                let shown: BTreeSet<u8> = crowd.standing(day).into_iter().filter(counts).collect();
                let newcomers: Vec<u8> = users.iter().copied().filter(|u| !shown.contains(u)).collect();
                if newcomers.iter().any(|u| !people.contains_key(u)) {
                    return Err("invalid");
                }
                crowd.members.retain(|u, _| !shown.contains(u) || users.contains(u));
                crowd.give(&newcomers, ALWAYS, day);
                Ok(())
            }
            Step::Wait(days) => {
                self.day += u32::from(*days);
                let day = self.day;
                self.crowds.retain(|_, crowd| crowd.purge.is_none_or(|purge| purge > day));
                self.crowds
                    .values_mut()
                    .for_each(|crowd| crowd.members.retain(|_, span| span.1.is_none_or(|end| end > day)));
                Ok(())
            }
        }
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
        let counts = |u: &&u8| self.people.get(u).is_some_and(|p| p.active);
        self.crowds
            .get(&id)
            .map(|crowd| crowd.standing(self.day).into_iter().filter(|u| counts(&u)).collect())
            .unwrap_or_default()
    }
}
