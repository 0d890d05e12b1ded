//! Who has which app at which level, what groups hold of apps, and what happened to both.

use crate::Timestamp;
use crate::caller::words;
use crate::event::Fields;
use crate::ids::{AppId, GroupId, LevelId, UserId};
use crate::user::User;

words! {
    /// What an app is to a group.
    Visibility {
        /// Every member gets it.
        Default = "default",
        /// Members do not see it.
        Hidden = "hidden",
    }
}

/// A user has an app. At most one stands per user and app; an edit closes it and opens another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppAccess {
    /// The app.
    pub app: AppId,
    /// The user.
    pub user: UserId,
    /// The level; none where the app has none.
    pub level: Option<LevelId>,
    /// Does the user look after the app beside its owner?
    pub is_owner: bool,
    /// Since when.
    pub since: Timestamp,
}

/// An access as a list of an app's accesses shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The user.
    pub user: User,
    /// Their access.
    pub access: AppAccess,
}

/// What an app is to a group, and at which level a default app is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupApp {
    /// The group.
    pub group: GroupId,
    /// The app.
    pub app: AppId,
    /// Default or hidden.
    pub visibility: Visibility,
    /// The level that members get; none for the app's own default.
    pub level: Option<LevelId>,
    /// Since when.
    pub since: Timestamp,
}

/// What happened to apps, to what groups hold of them, or to accesses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line above each variant tells its fields")]
pub enum AppEvent {
    /// An app came to be.
    Created { app: AppId, fields: Fields },
    /// Its record changed; the fields hold the new values.
    Updated { app: AppId, fields: Fields },
    /// A group holds the app now, or holds it in another way.
    Linked { group: GroupId, app: AppId, visibility: Visibility, level: Option<LevelId> },
    /// A group holds the app no more.
    Unlinked { group: GroupId, app: AppId },
    /// Users have the app at this level now.
    Given { app: AppId, users: Vec<UserId>, level: Option<LevelId>, is_owner: bool },
    /// Users have the app no more.
    Ended { app: AppId, users: Vec<UserId> },
}

impl AppEvent {
    /// The id of what it touched.
    pub fn subject(&self) -> uuid::Uuid {
        match self {
            Self::Created { app, .. }
            | Self::Updated { app, .. }
            | Self::Given { app, .. }
            | Self::Ended { app, .. } => app.uuid(),
            Self::Linked { group, .. } | Self::Unlinked { group, .. } => group.uuid(),
        }
    }
}
