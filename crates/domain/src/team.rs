//! Teams: the workspace areas that people work in. People join one directly, or through a group that is a member of it.

use crate::caller::words;
use crate::event::Fields;
use crate::group::Owner;
use crate::ids::TeamId;
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// Who sees a team.
    TeamKind {
        /// Everybody in the company.
        Open = "OPEN",
        /// Its members and the administrators.
        Closed = "CLOSED",
    }
}

/// The longest that a team's settings may be, as JSON.
const SETTINGS: usize = 16_384;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The id.
    pub id: TeamId,
    /// The name.
    pub name: String,
    /// Usually one emoji.
    pub icon: Option<String>,
    /// Who sees it.
    pub kind: TeamKind,
    /// The description.
    pub description: Option<String>,
    /// What clients keep with it: a JSON object, as text.
    pub settings: String,
    /// Does everybody but guests belong to it? One team of a company at most.
    pub is_default: bool,
    /// Has it been set up?
    pub onboarded: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or its membership last changed.
    pub updated_at: Timestamp,
    /// When it was archived.
    pub archived_at: Option<Timestamp>,
    /// The revision that last changed its record.
    pub version: u64,
}

/// An edit of a team; of a new one, its members.
#[derive(Clone, Debug, Default)]
pub struct EditTeam {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// The icon.
    pub icon: Patch<String>,
    /// Who sees it; cannot be cleared.
    pub kind: Patch<TeamKind>,
    /// The description.
    pub description: Patch<String>,
    /// What clients keep with it, as the text of a JSON object; cleared, it is empty.
    pub settings: Patch<String>,
    /// Does everybody belong to it?
    pub is_default: Patch<bool>,
    /// Has it been set up?
    pub onboarded: Patch<bool>,
    /// Is it archived?
    pub archived: Patch<bool>,
}

impl Team {
    /// A new team, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong or missing.
    pub fn birth(id: TeamId, new: EditTeam, now: Timestamp, version: u64) -> Result<Self> {
        if !matches!(new.name, Patch::Set(_)) {
            return Err(Error::invalid("name", "is missing"));
        }
        let Patch::Set(kind) = new.kind else { return Err(Error::invalid("type", "is missing")) };
        let mut team = Self {
            id,
            name: String::new(),
            icon: None,
            kind,
            description: None,
            settings: "{}".into(),
            is_default: false,
            onboarded: false,
            created_at: now,
            updated_at: now,
            archived_at: None,
            version,
        };
        team.apply(new, now)?;
        Ok(team)
    }

    /// Applies an edit; the names of the members that changed, as events tell them.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong; [`Error::Conflict`] for a default team that is archived.
    pub fn apply(&mut self, edit: EditTeam, now: Timestamp) -> Result<Vec<&'static str>> {
        let before = self.clone();
        match edit.name {
            Patch::Keep => {}
            Patch::Clear => return Err(Error::invalid("name", "cannot be emptied")),
            Patch::Set(raw) => self.name = name::name("name", &raw)?,
        }
        match edit.kind {
            Patch::Keep => {}
            Patch::Clear => return Err(Error::invalid("type", "cannot be emptied")),
            Patch::Set(kind) => self.kind = kind,
        }
        edit.icon.try_map(|raw| name::short("icon", &raw))?.apply(&mut self.icon);
        edit.description.try_map(|raw| name::description("description", &raw))?.apply(&mut self.description);
        edit.settings.apply_or(&mut self.settings, "{}".into());
        if self.settings.len() > SETTINGS {
            return Err(Error::invalid("sidebar_settings", format!("may have at most {SETTINGS} characters")));
        }
        edit.is_default.apply_or(&mut self.is_default, false);
        edit.onboarded.apply_or(&mut self.onboarded, false);
        match edit.archived {
            Patch::Keep => {}
            Patch::Set(true) => self.archived_at = self.archived_at.or(Some(now)),
            Patch::Clear | Patch::Set(false) => self.archived_at = None,
        }
        if self.is_default && self.archived_at.is_some() {
            return Err(Error::conflict("the default team cannot be archived; make another one the default first"));
        }
        let mut changed = Vec::new();
        for (name, differs) in [
            ("name", before.name != self.name),
            ("icon", before.icon != self.icon),
            ("type", before.kind != self.kind),
            ("description", before.description != self.description),
            ("sidebarSettings", before.settings != self.settings),
            ("default", before.is_default != self.is_default),
            ("onboardingCompleted", before.onboarded != self.onboarded),
            ("archived", before.archived_at.is_some() != self.archived_at.is_some()),
        ] {
            if differs {
                changed.push(name);
            }
        }
        Ok(changed)
    }
}

/// What happened to teams.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line above each variant tells its fields")]
pub enum TeamEvent {
    /// A team came to be.
    Created { team: TeamId, fields: Fields },
    /// Its record changed; the fields hold the new values.
    Updated { team: TeamId, fields: Fields },
    /// People or groups joined it or left it.
    MembersChanged { team: TeamId, added: Vec<Owner>, removed: Vec<Owner> },
}

impl TeamEvent {
    /// The id of the team.
    pub fn subject(&self) -> uuid::Uuid {
        match self {
            Self::Created { team, .. } | Self::Updated { team, .. } | Self::MembersChanged { team, .. } => team.uuid(),
        }
    }
}
