//! Conflicting groups (separation of duties): sets of groups of which nobody may be in more than so many.

use std::collections::BTreeSet;

use crate::ids::{ConflictId, GroupId, UserId};
use crate::patch::Patch;
use crate::time::Window;
use crate::{Error, Result, Timestamp, name};

/// The most groups that one conflict may name.
pub const GROUPS: usize = 100;
/// The most conflicts that a company may have.
pub const CONFLICTS: u64 = 1_000;

/// A set of groups of which nobody may effectively be in more than so many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The id, unique in the server.
    pub id: ConflictId,
    /// The name, unique in the company by folded key.
    pub name: String,
    /// What it is for, up to 1,000 characters.
    pub description: Option<String>,
    /// The groups, 2 to [`GROUPS`].
    pub groups: BTreeSet<GroupId>,
    /// In how many of them one may be: at least 1, and fewer than there are.
    pub at_most: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// The revision that last changed this record: its version.
    pub version: u64,
}

/// What a new conflict needs.
#[derive(Clone, Debug)]
pub struct NewConflict {
    /// The id, where the caller may choose it.
    pub id: Option<ConflictId>,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The groups.
    pub groups: Vec<GroupId>,
    /// In how many of them one may be; 1 when absent.
    pub at_most: Option<u32>,
}

/// An edit of a conflict.
#[derive(Clone, Debug, Default)]
pub struct EditConflict {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// What it is for.
    pub description: Patch<String>,
    /// The groups, in place of those before; cannot be cleared.
    pub groups: Patch<Vec<GroupId>>,
    /// Clearing makes it 1.
    pub at_most: Patch<u32>,
}

/// When somebody is effectively in a group: one window for each reason and way.
pub type Stands<'a> = &'a [(GroupId, Window)];

impl Conflict {
    /// A new conflict, checked. That the groups are there is for the caller to see to.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong; [`Error::TooMany`] on `groups`.
    pub fn birth(id: ConflictId, new: NewConflict, now: Timestamp, version: u64) -> Result<Self> {
        let description = new.description.map(|s| name::description("description", &s)).transpose()?;
        let conflict = Self {
            id,
            name: name::name("name", &new.name)?,
            description,
            groups: groups(new.groups)?,
            at_most: new.at_most.unwrap_or(1),
            created_at: now,
            updated_at: now,
            version,
        };
        conflict.bounded()?;
        Ok(conflict)
    }

    /// Carries `edit` out; the members that changed, by their native names.
    ///
    /// # Errors
    /// As [`Self::birth`].
    pub fn apply(&mut self, edit: EditConflict) -> Result<Vec<&'static str>> {
        for (field, cleared) in [("name", edit.name == Patch::Clear), ("groups", edit.groups == Patch::Clear)] {
            if cleared {
                return Err(Error::invalid(field, "cannot be emptied"));
            }
        }
        let (kept_name, kept_groups) = (self.name.clone(), self.groups.clone());
        let name = edit.name.try_map(|raw| name::name("name", &raw))?;
        let description = edit.description.try_map(|raw| name::description("description", &raw))?;
        let groups = edit.groups.try_map(groups)?;
        let changed = [
            ("name", name.apply_or(&mut self.name, kept_name)),
            ("description", description.apply(&mut self.description)),
            ("groups", groups.apply_or(&mut self.groups, kept_groups)),
            ("atMost", edit.at_most.apply_or(&mut self.at_most, 1)),
        ];
        self.bounded()?;
        Ok(changed.into_iter().filter_map(|(field, changed)| changed.then_some(field)).collect())
    }

    /// Drops a group that is gone for good; false when too few are left for a conflict.
    pub fn lose(&mut self, group: GroupId) -> bool {
        self.groups.remove(&group);
        let most = u32::try_from(self.groups.len()).unwrap_or(u32::MAX).saturating_sub(1);
        self.at_most = self.at_most.min(most);
        self.groups.len() > 1
    }

    fn bounded(&self) -> Result<()> {
        let most = self.groups.len() - 1;
        if (1..=most).contains(&(self.at_most as usize)) {
            return Ok(());
        }
        Err(Error::invalid("atMost", format!("must be 1 to {most}: fewer than there are groups")))
    }

    /// The groups of this conflict that somebody would be in, and since when, at the first instant from `now` on at
    /// which `after` puts them into another group than `before` did while they are in more than one may.
    ///
    /// Whoever was in too many before is left alone until they come into yet another.
    pub fn breach(
        &self,
        before: Stands<'_>,
        after: Stands<'_>,
        now: Timestamp,
    ) -> Option<(Timestamp, BTreeSet<GroupId>)> {
        let at = |stands: Stands<'_>, instant: Timestamp| -> BTreeSet<GroupId> {
            let here = stands.iter().filter(|(group, window)| self.groups.contains(group) && window.holds(instant));
            here.map(|(group, _)| *group).collect()
        };
        let turns = before.iter().chain(after).flat_map(|(_, window)| [window.starts, window.ends]);
        let turns: BTreeSet<Timestamp> = turns.flatten().filter(|turn| *turn > now).chain([now]).collect();
        turns.into_iter().find_map(|turn| {
            let held = at(after, turn);
            let many = held.len() > self.at_most as usize;
            (many && !held.is_subset(&at(before, turn))).then_some((turn, held))
        })
    }
}

fn groups(ids: Vec<GroupId>) -> Result<BTreeSet<GroupId>> {
    if ids.len() > GROUPS {
        return Err(Error::TooMany { field: "groups".into(), limit: GROUPS as u64 });
    }
    let groups: BTreeSet<GroupId> = ids.into_iter().collect();
    if groups.len() < 2 {
        return Err(Error::invalid("groups", "must name at least two groups"));
    }
    Ok(groups)
}

/// That somebody would come to be in more groups of a conflict than one may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Who.
    pub user: UserId,
    /// The conflict.
    pub conflict: ConflictId,
    /// Its name.
    pub name: String,
    /// In how many of its groups one may be.
    pub at_most: u32,
    /// The groups of it that they would be in, and what these are called.
    pub groups: Vec<(GroupId, String)>,
    /// The group whose rule would put them there, where a rule does.
    pub rule: Option<GroupId>,
    /// From when on, where that is not at once.
    pub from: Option<Timestamp>,
}

impl Breach {
    /// The most breaches that are told one by one.
    pub const SHOWN: usize = 100;
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let groups: Vec<&str> = self.groups.iter().map(|(_, name)| name.as_str()).collect();
        write!(f, "the user {} would be in {}", self.user, groups.join(", "))?;
        if let Some(from) = self.from {
            write!(f, " from {from} on")?;
        }
        if self.rule.is_some() {
            f.write_str(" by a rule")?;
        }
        write!(f, ", and the conflict {} allows {} of them", self.name, self.at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(n: u128) -> GroupId {
        GroupId::new(uuid::Uuid::from_u128(n))
    }

    fn at(n: i64) -> Timestamp {
        Timestamp::from_micros(n)
    }

    fn within(n: u128, starts: Option<i64>, ends: Option<i64>) -> (GroupId, Window) {
        (group(n), Window { starts: starts.map(at), ends: ends.map(at) })
    }

    fn conflict(n: u128, at_most: u32) -> Result<Conflict> {
        let groups = (1..=n).map(group).collect();
        let new = NewConflict { id: None, name: "Pay".into(), description: None, groups, at_most: Some(at_most) };
        Conflict::birth(ConflictId::NIL, new, at(0), 1)
    }

    #[test]
    fn it_is_of_two_groups_at_least_and_allows_fewer_than_it_has() {
        for (n, at_most, fits) in
            [(1, 1, false), (2, 1, true), (2, 2, false), (2, 0, false), (3, 2, true), (101, 1, false)]
        {
            assert_eq!(conflict(n, at_most).is_ok(), fits, "{n} {at_most}");
        }
        let mut three = conflict(3, 2).unwrap();
        assert!(three.lose(group(3)));
        assert_eq!(three.at_most, 1);
        assert!(!three.lose(group(2)));
    }

    #[test]
    fn only_who_comes_into_another_group_breaks_it() {
        let pair = conflict(2, 1).unwrap();
        let breach =
            |before: Stands<'_>, after: Stands<'_>| pair.breach(before, after, at(10)).map(|(turn, _)| turn.micros());
        let (one, two) = (within(1, None, None), within(2, None, None));
        assert_eq!(breach(&[one], &[one, two]), Some(10));
        assert_eq!(breach(&[one, two], &[one, two, two]), None, "they were in both");
        assert_eq!(breach(&[one], &[one, within(3, None, None)]), None, "that group is in no conflict");
        // Windows that meet only later, never, or only in what has passed.
        assert_eq!(breach(&[one], &[one, within(2, Some(20), None)]), Some(20));
        assert_eq!(breach(&[within(1, None, Some(20))], &[within(1, None, Some(20)), within(2, Some(20), None)]), None);
        assert_eq!(breach(&[within(1, None, Some(9))], &[within(1, None, Some(9)), two]), None);
        // A breach that was to end and is drawn out.
        let (ends, goes_on) = (within(1, None, Some(20)), within(1, None, Some(30)));
        assert_eq!(breach(&[ends, two], &[goes_on, two]), Some(20));
        assert_eq!(breach(&[goes_on, two], &[ends, two]), None);
    }
}
