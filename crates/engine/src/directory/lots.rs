//! Memberships cut into the events that tell of them, and the events into batches.

use std::collections::VecDeque;
use std::iter::Peekable;

use guildhall_domain::Timestamp;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::membership::{Reason, ReasonKind};

use super::held::{Extra, Part, Place, Slot};
use crate::Clock;

/// The most memberships that one event tells of: as many as one call may change.
const LOT: usize = 10_000;
/// The fewest memberships that make a batch full: half a second's work, in which pages that several of them touch
/// are written once.
const BATCH: usize = 20_000;

/// Memberships of one group with the same kind, window and note: what one event tells of.
pub(super) struct Lot {
    pub group: GroupId,
    pub kind: ReasonKind,
    pub extra: Extra,
    pub users: Vec<(UserId, Option<Timestamp>, Place)>,
}

impl Lot {
    /// The reasons of this lot, with fresh ids in the order of its users.
    pub(super) fn reasons(&self, clock: &Clock, now: Timestamp) -> Vec<Reason> {
        let reason = |(user, added_at, _): &(UserId, Option<Timestamp>, Place)| Reason {
            id: clock.id(),
            group: self.group,
            user: *user,
            kind: self.kind,
            source: self.extra.source,
            giver: None,
            window: self.extra.window,
            note: self.extra.note.as_deref().map(str::to_owned),
            added_at: added_at.unwrap_or(now),
        };
        self.users.iter().map(reason).collect()
    }
}

/// The memberships of a company, batch after batch, in the order of groups.
pub(super) struct Batches<'a, S: Iterator<Item = Slot>> {
    part: &'a Part,
    slots: Peekable<S>,
    ready: VecDeque<Vec<Lot>>,
}

/// Cuts the memberships of a company.
pub(super) fn batches(part: &Part) -> Batches<'_, impl Iterator<Item = Slot>> {
    Batches { part, slots: part.memberships().peekable(), ready: VecDeque::new() }
}

impl<S: Iterator<Item = Slot>> Iterator for Batches<'_, S> {
    type Item = Vec<Lot>;

    fn next(&mut self) -> Option<Vec<Lot>> {
        let (mut batch, mut size): (Vec<Lot>, usize) = (Vec::new(), 0);
        while self.ready.is_empty() && size < BATCH {
            let Some(first) = self.slots.peek().copied() else { break };
            let mut lots: Vec<Lot> = Vec::new();
            while let Some(slot) = self.slots.next_if(|slot| slot.group == first.group) {
                let lot = place(self.part, &mut lots, &slot);
                lots[lot].users.push((slot.user, slot.added_at, slot.at));
                if lots[lot].users.len() == LOT {
                    self.ready.push_back(vec![lots.swap_remove(lot)]);
                }
            }
            size += lots.iter().map(|lot| lot.users.len()).sum::<usize>();
            batch.append(&mut lots);
        }
        if !batch.is_empty() {
            self.ready.push_back(batch);
        }
        self.ready.pop_front()
    }
}

/// The lot that a membership belongs to, made where there is none yet.
fn place(part: &Part, lots: &mut Vec<Lot>, slot: &Slot) -> usize {
    let extra = part.extra(slot);
    // A group with thousands of different notes must not be searched through for each: a few recent lots do.
    let recent = lots.len().saturating_sub(16);
    match lots[recent..].iter().position(|lot| lot.kind == slot.kind && lot.extra == extra) {
        Some(i) => recent + i,
        None => {
            lots.push(Lot { group: slot.group, kind: slot.kind, extra, users: Vec::new() });
            lots.len() - 1
        }
    }
}
