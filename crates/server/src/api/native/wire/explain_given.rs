//! Explanations of roles and apps on the wire.

use guildhall_domain::ids::UserId;
use guildhall_domain::request::AccessRequest;
use guildhall_engine as engine;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::at;
use super::explain::{Ended, GivenReason, Inactive, Named, Names, Path, Span};

/// A group gives a role or an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Giving {
    /// The group.
    pub(crate) group: Named,
    /// Of a role: on what.
    #[schema(value_type = Option<Object>)]
    pub(crate) scope: Option<serde_json::Value>,
    /// Of an app: at which level; null for its default one.
    pub(crate) permission_level: Option<Uuid>,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// By whom; null for the platform and the system.
    pub(crate) by: Option<Named>,
}

/// A request that brought or ended an access, or is to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ByRequest {
    /// Its id.
    pub(crate) id: Uuid,
    /// Such as `GrantAccessRequest`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// Where it stands.
    pub(crate) status: &'static str,
    /// Who asked.
    pub(crate) requester: Option<Named>,
    /// Why.
    pub(crate) purpose: Option<String>,
    /// The group that raised it.
    pub(crate) group: Option<Named>,
    /// Who approved it.
    pub(crate) approved_by: Vec<Named>,
}

/// An access to an app, standing or ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldApp {
    /// At which level.
    pub(crate) permission_level: Option<Uuid>,
    /// Do they look after the app?
    pub(crate) is_owner: bool,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// By whom; null for the platform and the system.
    pub(crate) by: Option<Named>,
    /// The kind of the event that gave it.
    pub(crate) event: String,
    /// Its revision.
    pub(crate) revision: u64,
    /// The request that brought it; null where it was given without one.
    pub(crate) request: Option<ByRequest>,
    /// When it ended.
    #[schema(format = DateTime)]
    pub(crate) until: Option<String>,
    /// Who ended it; null for the platform and the system.
    pub(crate) ended_by: Option<Named>,
    /// The kind of the event that ended it.
    pub(crate) ended_event: Option<String>,
    /// Its revision.
    pub(crate) ended_revision: Option<u64>,
    /// The request that asked for its end.
    pub(crate) ended_request: Option<ByRequest>,
}

/// One way from a reason through nestings to a group that gives it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivingPath {
    #[serde(flatten)]
    pub(crate) path: Path,
    /// What the last group gives.
    pub(crate) grant: Giving,
}

/// What it would take to have it, and what there was before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lacking {
    /// The grants that would give it to members of their groups, 100 at most.
    pub(crate) grants: Vec<Giving>,
    /// The number of all of them.
    pub(crate) total: u64,
    /// Set when the user is inactive, so that nothing counts.
    pub(crate) inactive: Option<Inactive>,
    /// Reasons that lead to such a group and count for nothing, because the user is inactive.
    pub(crate) idle: Vec<GivenReason>,
    /// Reasons that lead to such a group and are yet to begin.
    pub(crate) scheduled: Vec<GivenReason>,
    /// When they last had it, as far as it is remembered.
    pub(crate) last: Option<Span>,
    /// What led to it and ended, the last first, 100 at most.
    pub(crate) ended: Vec<Ended>,
    /// Requests for the app that are not decided or carried out yet.
    pub(crate) pending: Vec<ByRequest>,
}

/// Why a user has a role or an app, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyHeld {
    /// The instant that this is true of.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The user.
    pub(crate) user: Named,
    /// The role that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) role: Option<Named>,
    /// The app that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) app: Option<Named>,
    /// Do they have it?
    pub(crate) held: bool,
    /// Of an app: how they have it. An access stands by itself, whatever groups give.
    pub(crate) access: Option<HeldApp>,
    /// Of an app: accesses that ended, the last first, 100 at most.
    pub(crate) before: Vec<HeldApp>,
    /// The ways from a reason through nestings to a group that gives it, shortest first, 100 at most.
    pub(crate) paths: Vec<GivingPath>,
    /// The exact number of all ways, as a text of digits. It ends at 2^128 - 1.
    pub(crate) total: String,
    /// What is missing; null when they have it.
    pub(crate) missing: Option<Lacking>,
}

impl From<engine::Reasons> for WhyHeld {
    fn from(told: engine::Reasons) -> Self {
        let names = Names { groups: told.group_names, people: told.people };
        let path = |(way, grant): (engine::Way, engine::Grant)| GivingPath {
            path: names.path(way),
            grant: names.giving(grant),
        };
        Self {
            at: at(told.at),
            user: Named { id: told.user.id.uuid(), name: Some(told.user.name().to_owned()) },
            role: told.role.map(|role| Named { id: role.id.uuid(), name: Some(role.name) }),
            app: told.app.map(|app| Named { id: app.id.uuid(), name: Some(app.name) }),
            held: told.held,
            access: told.access.map(|access| names.held(access)),
            before: told.before.into_iter().map(|access| names.held(access)).collect(),
            paths: told.paths.into_iter().map(path).collect(),
            total: told.total.to_string(),
            missing: told.missing.map(|missing| names.lacking(missing)),
        }
    }
}

impl Names {
    pub(super) fn giving(&self, grant: engine::Grant) -> Giving {
        let (scope, level) = match grant.gift {
            engine::Gift::Role(scope) => (Some(engine::scope_json(&scope)), None),
            engine::Gift::App(level) => (None, level.map(|level| level.uuid())),
        };
        Giving {
            group: self.group(grant.group),
            scope,
            permission_level: level,
            since: at(grant.since),
            by: grant.by.map(|by| self.person(by)),
        }
    }

    fn request(&self, request: &AccessRequest, approved_by: &[UserId]) -> ByRequest {
        ByRequest {
            id: request.id.uuid(),
            kind: request.kind.word(),
            status: request.status.word(),
            requester: request.requester.map(|user| self.person(user)),
            purpose: request.purpose.clone(),
            group: request.source.map(|source| self.group(source.into())).filter(|group| group.name.is_some()),
            approved_by: approved_by.iter().map(|user| self.person(*user)).collect(),
        }
    }

    fn held(&self, told: engine::HeldAccess) -> HeldApp {
        let engine::HeldAccess { held, event, request, end } = told;
        let (ended_event, ended_request) = end.unzip();
        HeldApp {
            permission_level: held.level.map(|level| level.uuid()),
            is_owner: held.is_owner,
            since: at(held.since),
            by: held.by.map(|by| self.person(by)),
            event,
            revision: held.revision,
            request: request.map(|(request, by)| self.request(&request, &by)),
            until: held.closed.map(|closed| at(closed.at)),
            ended_by: held.closed.and_then(|closed| closed.by).map(|by| self.person(by)),
            ended_event,
            ended_revision: held.closed.map(|closed| closed.revision),
            ended_request: ended_request.flatten().map(|request| self.request(&request, &[])),
        }
    }

    fn lacking(&self, missing: engine::Lacking) -> Lacking {
        Lacking {
            grants: missing.grants.into_iter().map(|grant| self.giving(grant)).collect(),
            total: missing.total as u64,
            inactive: missing
                .inactive
                .map(|absence| Inactive { since: at(absence.since), by: absence.by.map(|by| self.person(by)) }),
            idle: self.all(missing.idle),
            scheduled: self.all(missing.scheduled),
            last: missing.last.map(|(from, until)| Span { from: at(from), until: at(until) }),
            ended: missing.ended.into_iter().map(|ended| self.ended(ended)).collect(),
            pending: missing.pending.iter().map(|request| self.request(request, &[])).collect(),
        }
    }
}
