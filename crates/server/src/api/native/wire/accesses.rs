//! Accesses, and what groups hold of apps, on the wire.

use guildhall_domain::access::{AppAccess as Held, GroupApp as Link, Holder, Visibility};
use guildhall_domain::app::App;
use guildhall_domain::ids::LevelId;
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result};
use guildhall_engine::{HeldApp, ShownApp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::apps::Level;
use super::members::MemberUser;
use super::{Id, at, patch};
use crate::http::patch::Field;

/// An app as lists show it beside something else.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppRef {
    /// The id.
    id: Uuid,
    /// The name.
    name: String,
    /// Where it stands.
    #[schema(value_type = super::AppStatus)]
    status: &'static str,
}

impl From<&App> for AppRef {
    fn from(app: &App) -> Self {
        Self { id: app.id.uuid(), name: app.name.clone(), status: app.status.word() }
    }
}

/// Somebody who has an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppAccess {
    /// The user.
    user: MemberUser,
    /// The level; null where it has none.
    permission_level: Option<Level>,
    /// Do they look after the app? Its owner does, whatever the access itself says.
    is_owner: bool,
    /// Since when, at this level.
    #[schema(format = DateTime)]
    since: String,
}

fn level(app: &App, id: Option<LevelId>) -> Option<Level> {
    id.and_then(|id| app.level(id)).map(Level::from)
}

impl AppAccess {
    /// The access of this holder of the app.
    pub(crate) fn of(app: &App, holder: Holder) -> Self {
        let Holder { user, access } = holder;
        Self {
            permission_level: level(app, access.level),
            is_owner: access.is_owner || app.owner == Some(user.id),
            since: at(access.since),
            user: MemberUser { id: user.id.uuid(), name: user.name, email: user.email, status: user.status.word() },
        }
    }
}

/// An app that a user has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserAccess {
    /// The app.
    app: AppRef,
    /// The level; null where it has none.
    permission_level: Option<Level>,
    /// Do they look after the app? Its owner does, whatever the access itself says.
    is_owner: bool,
    /// Since when, at this level.
    #[schema(format = DateTime)]
    since: String,
}

impl From<HeldApp> for UserAccess {
    fn from(held: HeldApp) -> Self {
        let Held { user, level: id, is_owner, since, .. } = held.access;
        Self {
            app: AppRef::from(&*held.app),
            permission_level: level(&held.app, id),
            is_owner: is_owner || held.app.owner == Some(user),
            since: at(since),
        }
    }
}

/// The access that a user is to have.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GiveAccess {
    /// The level; needed where the app has levels.
    #[schema(value_type = Option<Uuid>)]
    permission_level: Option<Id>,
    /// Do they look after the app beside its owner? Absent keeps what stands.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_owner: Field<bool>,
}

impl GiveAccess {
    /// The level, and the flag where it is to change.
    pub(crate) fn command(self) -> (Option<LevelId>, Option<bool>) {
        let flag = match patch(self.is_owner) {
            Patch::Keep => None,
            Patch::Clear => Some(false),
            Patch::Set(is_owner) => Some(is_owner),
        };
        (self.permission_level.map(|id| id.0.into()), flag)
    }
}

/// An app that a group holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupApp {
    /// The app.
    app: AppRef,
    /// `default`: every member gets it; `hidden`: members do not see it.
    #[schema(value_type = super::Visibility)]
    visibility: &'static str,
    /// The level that members get; null for the app's own default.
    permission_level: Option<Level>,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

impl From<(Link, ShownApp)> for GroupApp {
    fn from((link, shown): (Link, ShownApp)) -> Self {
        Self {
            app: AppRef::from(&shown.app),
            visibility: link.visibility.word(),
            permission_level: level(&shown.app, link.level),
            since: at(link.since),
        }
    }
}

/// A group that holds an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppGroup {
    /// The group.
    group: Uuid,
    /// The app.
    app: Uuid,
    /// `default`: every member gets it; `hidden`: members do not see it.
    #[schema(value_type = super::Visibility)]
    visibility: &'static str,
    /// The level that members get; null for the app's own default.
    permission_level: Option<Uuid>,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

impl From<&Link> for AppGroup {
    fn from(link: &Link) -> Self {
        Self {
            group: link.group.uuid(),
            app: link.app.uuid(),
            visibility: link.visibility.word(),
            permission_level: link.level.map(LevelId::uuid),
            since: at(link.since),
        }
    }
}

/// What an app is to be to a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LinkApp {
    /// `default`: every member gets it; `hidden`: members do not see it.
    #[schema(value_type = super::Visibility)]
    visibility: String,
    /// The level that members get; absent for the app's own default.
    #[schema(value_type = Option<Uuid>)]
    permission_level: Option<Id>,
}

impl LinkApp {
    /// Visibility and level.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<(Visibility, Option<LevelId>), Error> {
        Ok((Visibility::parse("visibility", &self.visibility)?, self.permission_level.map(|id| id.0.into())))
    }
}

/// Which of the apps that a group holds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListGroupApps {
    /// Only those that are this to the group.
    #[param(value_type = Option<super::Visibility>, inline)]
    visibility: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(crate) total: Option<bool>,
}

impl ListGroupApps {
    /// The visibility that is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn visibility(&self) -> Result<Option<Visibility>> {
        self.visibility.as_deref().map(|raw| Visibility::parse("visibility", raw)).transpose()
    }
}
