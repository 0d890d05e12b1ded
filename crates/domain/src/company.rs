//! The tenant and its settings.

use crate::caller::words;
use crate::ids::CompanyId;
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// Where a company stands in its life.
    CompanyState {
        /// Being imported; no door shows it.
        Loading = "loading",
        /// In use.
        Active = "active",
        /// Deleted; no door shows it.
        Archived = "archived",
        /// The platform company: owner of what stands above all tenants.
        Platform = "platform",
    }
}

/// What a company may choose. Every member has a default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// May two groups of the company share a name? When on, folded names are unique. Default off.
    pub unique_group_names: bool,
    /// Days during which an archived group can be restored, 0 to 3,650. Default 30.
    pub restore_days: u32,
    /// Days for which closed rows stay; none keeps them for ever. Default none.
    pub history_days: Option<u32>,
    /// The brake: a whole list that would take more members out of a group than this is held, 1 to 100,000.
    /// Default 50.
    pub brake_members: u32,
    /// The brake: so is one that would take more than these percent of them, 1 to 100, and at least
    /// [`Self::BRAKE_LEAST`]. Default 20.
    pub brake_percent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { unique_group_names: false, restore_days: 30, history_days: None, brake_members: 50, brake_percent: 20 }
    }
}

/// An edit of [`Settings`].
#[derive(Clone, Debug, Default)]
pub struct EditSettings {
    /// See [`Settings::unique_group_names`].
    pub unique_group_names: Patch<bool>,
    /// See [`Settings::restore_days`].
    pub restore_days: Patch<u32>,
    /// See [`Settings::history_days`].
    pub history_days: Patch<u32>,
    /// See [`Settings::brake_members`].
    pub brake_members: Patch<u32>,
    /// See [`Settings::brake_percent`].
    pub brake_percent: Patch<u32>,
}

impl Settings {
    /// Carries `edit` out; true when that changed anything. Clearing a member brings its default back.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a number is out of range.
    pub fn apply(&mut self, edit: EditSettings) -> Result<bool> {
        let default = Self::default();
        let days = |field: &'static str, least: u32| {
            move |n: u32| match n {
                n if (least..=3650).contains(&n) => Ok(n),
                _ => Err(Error::invalid(field, format!("must be {least} to 3,650 days"))),
            }
        };
        let mut changed = edit.unique_group_names.apply_or(&mut self.unique_group_names, default.unique_group_names);
        changed |= edit
            .restore_days
            .try_map(days("settings.restoreDays", 0))?
            .apply_or(&mut self.restore_days, default.restore_days);
        changed |= edit.history_days.try_map(days("settings.historyDays", 1))?.apply(&mut self.history_days);
        changed |= edit
            .brake_members
            .try_map(within("settings.brakeMembers", Self::BRAKE_MEMBERS))?
            .apply_or(&mut self.brake_members, default.brake_members);
        changed |= edit
            .brake_percent
            .try_map(within("settings.brakePercent", Self::BRAKE_PERCENT))?
            .apply_or(&mut self.brake_percent, default.brake_percent);
        Ok(changed)
    }

    /// The most that [`Self::brake_members`] may be.
    pub const BRAKE_MEMBERS: u32 = 100_000;
    /// The most that [`Self::brake_percent`] may be.
    pub const BRAKE_PERCENT: u32 = 100;

    /// Fewer removals than this are never held for their share alone.
    pub const BRAKE_LEAST: usize = 10;

    /// Does the brake hold a whole list that would take `leaving` of `members` out of a group?
    pub fn brakes(&self, leaving: usize, members: usize) -> bool {
        let share = leaving * 100 > members * self.brake_percent as usize;
        leaving > self.brake_members as usize || leaving >= Self::BRAKE_LEAST && share
    }
}

/// Refuses a number that is not 1 to `most`.
pub(crate) fn within(field: &'static str, most: u32) -> impl Fn(u32) -> Result<u32> {
    move |n| match n {
        n if (1..=most).contains(&n) => Ok(n),
        _ => Err(Error::invalid(field, format!("must be 1 to {most}"))),
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id, unique in the server.
    pub id: CompanyId,
    /// Its name, 1 to 255 characters.
    pub name: String,
    /// What it has chosen.
    pub settings: Settings,
    /// Where it stands in its life.
    pub state: CompanyState,
    /// The revision of its last event.
    pub revision: u64,
    /// The revision that last changed this record: its version.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When this record last changed.
    pub updated_at: Timestamp,
}

/// An edit of a company.
#[derive(Clone, Debug, Default)]
pub struct EditCompany {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// The settings.
    pub settings: EditSettings,
}

impl Company {
    /// Carries `edit` out; true when that changed anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn apply(&mut self, edit: EditCompany) -> Result<bool> {
        let name = edit.name.try_map(|raw| name::name("name", &raw))?;
        if name == Patch::Clear {
            return Err(Error::invalid("name", "cannot be emptied"));
        }
        let kept = self.name.clone();
        let renamed = name.apply_or(&mut self.name, kept);
        Ok(self.settings.apply(edit.settings)? | renamed)
    }
}
