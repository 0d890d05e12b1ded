//! Previews on the wire: what a change would do.

use guildhall_domain::ids::{AppId, LevelId, UserId};
use guildhall_domain::preview as domain;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Breach;

/// One membership that would come or go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Effect {
    /// The group.
    group: Uuid,
    /// The user.
    user: Uuid,
    /// Directly, not by nesting alone?
    direct: bool,
}

/// One role that a user would come to have, or cease to, by whatever group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleEffect {
    /// The user.
    user: Uuid,
    /// The role.
    role: Uuid,
}

/// One access that would be given or lost, without anybody deciding.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppEffect {
    /// The user.
    user: Uuid,
    /// The app.
    app: Uuid,
    /// The level that would be given.
    permission_level: Option<Uuid>,
}

/// One request that would arise.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Arising {
    /// Such as `GrantAccessRequest`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// For whom.
    target: Option<Uuid>,
    /// The app.
    app: Option<Uuid>,
    /// The level.
    permission_level: Option<Uuid>,
    /// The group that would raise it, or is to be joined.
    group: Option<Uuid>,
    /// Would it be carried out at once?
    done: bool,
}

/// What a change would do to effective memberships, roles and apps. Nothing of it was done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preview {
    /// The revision on which it would be done.
    revision: u64,
    /// Who would come to be a member of what: the first 1,000 by group and user.
    #[schema(max_items = 1000)]
    gained: Vec<Effect>,
    /// Who would cease to be one: the first 1,000 alike.
    #[schema(max_items = 1000)]
    lost: Vec<Effect>,
    /// How many would be gained in all.
    gained_total: u64,
    /// How many would be lost in all.
    lost_total: u64,
    /// Who would come to be in more groups of a conflict than one may, for which the change would be refused with 409:
    /// the first 100.
    #[schema(max_items = 100)]
    breaches: Vec<Breach>,
    /// How many such breaches there would be in all.
    breaches_total: u64,
    /// Who would come to have which role: the first 1,000 by user, as all that follow are cut.
    #[schema(max_items = 1000)]
    roles_gained: Vec<RoleEffect>,
    /// Who would cease to have which role.
    #[schema(max_items = 1000)]
    roles_lost: Vec<RoleEffect>,
    /// How many in all.
    roles_gained_total: u64,
    /// How many in all.
    roles_lost_total: u64,
    /// Who would be given which app, or another level of it, at once.
    #[schema(max_items = 1000)]
    apps_gained: Vec<AppEffect>,
    /// Who would lose which app at once.
    #[schema(max_items = 1000)]
    apps_lost: Vec<AppEffect>,
    /// How many in all.
    apps_gained_total: u64,
    /// How many in all.
    apps_lost_total: u64,
    /// Which requests would arise.
    #[schema(max_items = 1000)]
    requests: Vec<Arising>,
    /// How many in all.
    requests_total: u64,
}

impl From<domain::Preview> for Preview {
    fn from(told: domain::Preview) -> Self {
        let one = |effect: domain::Effect| Effect {
            group: effect.group.uuid(),
            user: effect.user.uuid(),
            direct: effect.direct,
        };
        let role = |effect: domain::RoleEffect| RoleEffect { user: effect.user.uuid(), role: effect.role.uuid() };
        let app = |effect: domain::AppEffect| AppEffect {
            user: effect.user.uuid(),
            app: effect.app.uuid(),
            permission_level: effect.level.map(LevelId::uuid),
        };
        let request = |arising: domain::Arising| Arising {
            kind: arising.kind.word(),
            target: arising.target.map(UserId::uuid),
            app: arising.app.map(AppId::uuid),
            permission_level: arising.level.map(LevelId::uuid),
            group: arising.group,
            done: arising.done,
        };
        Self {
            revision: told.revision,
            gained: told.gained.into_iter().map(one).collect(),
            lost: told.lost.into_iter().map(one).collect(),
            gained_total: told.gained_total,
            lost_total: told.lost_total,
            breaches: told.breaches.into_iter().map(Breach::from).collect(),
            breaches_total: told.breaches_total,
            roles_gained: told.roles_gained.into_iter().map(role).collect(),
            roles_lost: told.roles_lost.into_iter().map(role).collect(),
            roles_gained_total: told.roles_gained_total,
            roles_lost_total: told.roles_lost_total,
            apps_gained: told.apps_gained.into_iter().map(app).collect(),
            apps_lost: told.apps_lost.into_iter().map(app).collect(),
            apps_gained_total: told.apps_gained_total,
            apps_lost_total: told.apps_lost_total,
            requests: told.requests.into_iter().map(request).collect(),
            requests_total: told.requests_total,
        }
    }
}
