//! Groups and who owns them.

use crate::caller::words;
use crate::ids::{GroupId, UserId};
use crate::patch::Patch;
use crate::time::Window;
use crate::{Error, Result, Timestamp, name};

words! {
    /// Where a group stands in its life.
    GroupState {
        /// In use.
        Live = "live",
        /// Deleted, and can be restored until its purge.
        Archived = "archived",
        /// Beyond restoring; kept only so that the past can be told.
        Purged = "purged",
    }
}

/// Who owns a group: a person, or the members of another group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A person.
    User(UserId),
    /// The members of this group.
    Group(GroupId),
}

/// How long memberships that people give last, in days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// One that is given without an end lasts so long; none makes it last for ever.
    pub default_days: Option<u32>,
    /// None may last longer; none sets no bound.
    pub longest_days: Option<u32>,
}

impl Lifetime {
    /// Checks 1 to 3,650 days, and that the default is not above the longest.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `defaultDays` or `longestDays`.
    pub fn check(self) -> Result<Self> {
        for (field, days) in [("defaultDays", self.default_days), ("longestDays", self.longest_days)] {
            if days.is_some_and(|days| !(1..=3650).contains(&days)) {
                return Err(Error::invalid(field, "must be 1 to 3,650 days"));
            }
        }
        match (self.default_days, self.longest_days) {
            (Some(default), Some(longest)) if default > longest => {
                Err(Error::invalid("defaultDays", format!("is more than longestDays, {longest}")))
            }
            _ => Ok(self),
        }
    }

    /// The window of a membership that is asked for with this one, at `now`: with an end where the group wants one.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `endsAt` when it lies in the past, or beyond the longest lifetime.
    pub fn settle(self, window: Window, now: Timestamp) -> Result<Window> {
        let from = window.starts.unwrap_or(now).max(now);
        let after = |days: u32| from.plus_seconds(i64::from(days) * 86_400);
        let ends = match (window.ends, self.default_days.or(self.longest_days)) {
            (Some(end), _) => Some(end),
            (None, days) => days.map(after),
        };
        if ends.is_some_and(|end| end <= now) {
            return Err(Error::invalid("endsAt", "must lie in the future"));
        }
        if let (Some(end), Some(longest)) = (ends, self.longest_days)
            && end > after(longest)
        {
            return Err(Error::invalid(
                "endsAt",
                format!("is more than {longest} days away, the longest in this group"),
            ));
        }
        Window::new(window.starts, ends)
    }
}

/// A group of a company, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The id, unique in the server.
    pub id: GroupId,
    /// The name, 1 to 255 characters.
    pub name: String,
    /// The description, up to 1,000 characters; none when never set.
    pub description: Option<String>,
    /// Usually one emoji.
    pub icon: Option<String>,
    /// The id that the group has in the system it comes from.
    pub external_id: Option<String>,
    /// The system it comes from; closes the group to hand edits of its members.
    pub source: Option<String>,
    /// The expression that keeps its members; closes the group to hand edits of them.
    pub rule: Option<String>,
    /// Are name, description, roles and scopes frozen?
    pub unmodifiable: bool,
    /// Where it stands in its life.
    pub state: GroupState,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom; none for the platform and the system.
    pub created_by: Option<UserId>,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// By whom; none for the platform and the system.
    pub updated_by: Option<UserId>,
    /// When a membership last changed; the group's birth when none has.
    pub members_changed_at: Timestamp,
    /// How long a membership given by hand or by request lasts.
    pub lifetime: Lifetime,
    /// When it will be purged, once archived.
    pub purge_at: Option<Timestamp>,
    /// The revision that last changed this record: its version. Members do not move it.
    pub version: u64,
}

/// What a new group needs.
#[derive(Clone, Debug, Default)]
pub struct NewGroup {
    /// The id, where the caller may choose it.
    pub id: Option<GroupId>,
    /// The name.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// The icon.
    pub icon: Option<String>,
    /// The id elsewhere.
    pub external_id: Option<String>,
    /// The system it comes from.
    pub source: Option<String>,
    /// The expression that is to keep its members.
    pub rule: Option<String>,
    /// Frozen from birth?
    pub unmodifiable: bool,
    /// Its owners, users or groups, by bare id.
    pub owners: Vec<uuid::Uuid>,
    /// Its first members.
    pub members: Vec<UserId>,
    /// How long memberships given by people last.
    pub lifetime: Lifetime,
    /// When it was made, as an import tells it.
    pub created_at: Option<Timestamp>,
}

/// An edit of a group's own record.
#[derive(Clone, Debug, Default)]
pub struct EditGroup {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// The description.
    pub description: Patch<String>,
    /// The icon.
    pub icon: Patch<String>,
    /// The id elsewhere.
    pub external_id: Patch<String>,
    /// See [`Lifetime::default_days`].
    pub default_days: Patch<u32>,
    /// See [`Lifetime::longest_days`].
    pub longest_days: Patch<u32>,
    /// The expression that keeps its members. Clearing it ends what it gave.
    pub rule: Patch<String>,
    /// The whole list of direct members: a difference against what the caller is shown (`design.md` §2).
    pub members: Option<Vec<UserId>>,
}

impl Group {
    /// A new group, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn birth(id: GroupId, new: NewGroup, by: Option<UserId>, now: Timestamp, version: u64) -> Result<Self> {
        let created_at = new.created_at.unwrap_or(now);
        Ok(Self {
            id,
            name: name::name("name", &new.name)?,
            description: new.description.map(|s| name::description("description", &s)).transpose()?,
            icon: new.icon.map(|s| name::short("icon", &s)).transpose()?,
            external_id: new.external_id.map(|s| name::short("externalId", &s)).transpose()?,
            source: new.source.map(|s| name::name("source", &s)).transpose()?,
            rule: new.rule,
            unmodifiable: new.unmodifiable,
            state: GroupState::Live,
            created_at,
            created_by: by,
            updated_at: created_at,
            updated_by: by,
            members_changed_at: created_at,
            lifetime: new.lifetime.check()?,
            purge_at: None,
            version,
        })
    }

    /// Carries `edit` out on the record (not on its members); the names of the members that changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::Unmodifiable`] when a frozen one would change.
    pub fn apply(&mut self, edit: EditGroup) -> Result<Vec<&'static str>> {
        if edit.name == Patch::Clear {
            return Err(Error::invalid("name", "cannot be emptied"));
        }
        let before = self.clone();
        let kept = self.name.clone();
        edit.name.try_map(|s| name::name("name", &s))?.apply_or(&mut self.name, kept);
        edit.description.try_map(|s| name::description("description", &s))?.apply(&mut self.description);
        edit.icon.try_map(|s| name::short("icon", &s))?.apply(&mut self.icon);
        edit.external_id.try_map(|s| name::short("externalId", &s))?.apply(&mut self.external_id);
        edit.default_days.apply(&mut self.lifetime.default_days);
        edit.longest_days.apply(&mut self.lifetime.longest_days);
        self.lifetime.check()?;
        edit.rule.apply(&mut self.rule);
        let changed: Vec<&'static str> = [
            ("name", self.name != before.name),
            ("description", self.description != before.description),
            ("icon", self.icon != before.icon),
            ("externalId", self.external_id != before.external_id),
            ("defaultDays", self.lifetime.default_days != before.lifetime.default_days),
            ("longestDays", self.lifetime.longest_days != before.lifetime.longest_days),
            ("rule", self.rule != before.rule),
        ]
        .into_iter()
        .filter_map(|(field, changed)| changed.then_some(field))
        .collect();
        // Sending back what stands is no edit: clients repeat the whole record to change one member.
        if self.unmodifiable && changed.iter().any(|field| matches!(*field, "name" | "description")) {
            return Err(Error::Unmodifiable);
        }
        Ok(changed)
    }

    /// Refuses a hand edit of the members of a group that a source or a rule keeps (`design.md` §2, closed groups).
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn open_to_hands(&self) -> Result<()> {
        match (&self.source, &self.rule) {
            (Some(source), _) => Err(Error::Closed { by: format!("its source, {source}") }),
            (None, Some(_)) => Err(Error::Closed { by: "its rule".into() }),
            (None, None) => Ok(()),
        }
    }
}
