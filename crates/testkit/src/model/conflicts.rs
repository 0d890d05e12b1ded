//! Conflicting groups in the model: of which nobody may be in more than so many.

use std::collections::BTreeSet;

use super::{Model, Outcome};

impl Model {
    /// Makes a conflict.
    pub(super) fn oppose(&mut self, id: u8, groups: &[u8], most: usize) -> Outcome {
        let groups: BTreeSet<u8> = groups.iter().copied().collect();
        if groups.len() < 2 || !(1..groups.len()).contains(&most) {
            return Err("invalid");
        }
        if self.conflicts.contains_key(&id) {
            return Err("conflict");
        }
        if !groups.iter().all(|group| self.crowds.contains_key(group)) {
            return Err("invalid");
        }
        self.conflicts.insert(id, (groups, most));
        Ok(())
    }

    /// Groups that are gone for good leave their conflicts; one of fewer than two ends.
    pub(super) fn lose_purged(&mut self) {
        for (groups, most) in self.conflicts.values_mut() {
            groups.retain(|group| self.crowds.contains_key(group));
            *most = (*most).min(groups.len().saturating_sub(1));
        }
        self.conflicts.retain(|_, (groups, _)| groups.len() > 1);
    }

    /// Refuses what has brought anybody, from today on, into another group of a conflict while they are in too many.
    pub(super) fn together(&self, before: &Self) -> Outcome {
        // A day that has come brings nobody anywhere that was not known before.
        if self.day != before.day {
            return Ok(());
        }
        let spans = self.crowds.values().chain(before.crowds.values()).flat_map(|crowd| crowd.members.values());
        let turns: BTreeSet<u32> = spans.flat_map(|(from, until)| [Some(*from), *until]).flatten().collect();
        for day in turns.into_iter().filter(|turn| *turn > self.day).chain([self.day]) {
            let (was, is) = (Self { day, ..before.clone() }, Self { day, ..self.clone() });
            for (groups, most) in self.conflicts.values() {
                for user in self.people.keys() {
                    let held = is.held(*user, groups);
                    if held.len() > *most && !held.is_subset(&was.held(*user, groups)) {
                        return Err("separation_of_duties");
                    }
                }
            }
        }
        Ok(())
    }

    /// Those of the groups that a user is in, or would be, were they active.
    fn held(&self, user: u8, groups: &BTreeSet<u8>) -> BTreeSet<u8> {
        let live = |group: &u8| self.crowds.get(group).is_some_and(|crowd| crowd.purge.is_none());
        let is_in = |group: &u8| self.below(*group).into_iter().any(|below| self.reasons(user, below) > 0);
        groups.iter().copied().filter(|group| live(group) && is_in(group)).collect()
    }
}
