//! Explanations on the wire.

use std::collections::HashMap;
use std::sync::Arc;

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::person::Person;
use guildhall_domain::{Error, Result};
use guildhall_engine as engine;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::conflicts::NamedConflict;
use super::explain_given::{Giving, WhyHeld};
use super::rules::Clause;
use super::{Group, Id, Reason, at};

/// What to explain.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explain {
    /// A group's id. One of `group`, `role` and `app` is asked about.
    #[param(value_type = Option<Uuid>)]
    group: Option<Id>,
    /// A role's id.
    #[param(value_type = Option<Uuid>)]
    role: Option<Id>,
    /// An app's id.
    #[param(value_type = Option<Uuid>)]
    app: Option<Id>,
    /// Beside `app`: one of its levels.
    #[serde(rename = "permissionLevel")]
    #[param(value_type = Option<Uuid>)]
    level: Option<Id>,
    /// The instant to explain instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    pub(crate) at: Option<String>,
}

/// What is asked about.
pub(crate) enum About {
    /// A group.
    Group(GroupId),
    /// A role or an app.
    Thing(engine::Thing),
}

impl Explain {
    /// What is asked about.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none, or several.
    pub(crate) fn about(&self) -> Result<About> {
        let level = self.level.map(|id| id.0.into());
        match (self.group, self.role, self.app, level) {
            (Some(group), None, None, None) => Ok(About::Group(group.0.into())),
            (None, Some(role), None, None) => Ok(About::Thing(engine::Thing::Role(role.0.into()))),
            (None, None, Some(app), level) => Ok(About::Thing(engine::Thing::App(app.0.into(), level))),
            (_, _, None, Some(_)) => Err(Error::invalid("permissionLevel", "goes with `app` alone")),
            _ => Err(Error::invalid("group", "must be given, or `role`, or `app`: one of them")),
        }
    }
}

/// A person or group that is named, such as the giver of a reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Named {
    /// The id.
    pub(crate) id: Uuid,
    /// The name; null where the caller may not see it.
    pub(crate) name: Option<String>,
}

/// A reason of a user in a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GivenReason {
    /// The reason.
    #[serde(flatten)]
    pub(crate) reason: Reason,
    /// Who gave it; null for the platform and the system.
    pub(crate) given_by: Option<Named>,
    /// When it was recorded: `addedAt` is what an import says.
    #[schema(format = DateTime)]
    pub(crate) opened_at: String,
    /// The group that it puts the user into.
    pub(crate) group: Named,
}

/// A nesting that carries a membership on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PathStep {
    /// The group around: whoever is in the group before is in this one too.
    pub(crate) group: Named,
    /// Since when the one is inside the other.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// Who put it there; null for the platform and the system.
    pub(crate) by: Option<Named>,
}

/// One way from a reason through nestings to the group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Path {
    /// Why the user is in the first group.
    pub(crate) reason: GivenReason,
    /// The nestings from there to the group that was asked about, in order; empty for a direct member.
    pub(crate) steps: Vec<PathStep>,
}

/// Since when a user is inactive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Inactive {
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// Who deactivated them; null for the platform, the system, and one who came inactive.
    pub(crate) by: Option<Named>,
}

/// A span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Span {
    /// Its first instant.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The first instant after it.
    #[schema(format = DateTime)]
    pub(crate) until: String,
}

/// Something that led to the group and ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ended {
    /// What: a `reason` that was taken away, the `window` of one that ran out, a `nesting` that was taken apart, or a
    /// `grant` of the role or app by a group.
    pub(crate) what: &'static str,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// By whom; null for the platform, the system, and a window that ran out.
    pub(crate) by: Option<Named>,
    /// The kind of the event that ended it, such as `group.members_removed` or `group.archived`.
    pub(crate) event: Option<String>,
    /// That event's revision.
    pub(crate) revision: Option<u64>,
    /// Did the user's membership of the group end with it?
    pub(crate) ended_membership: bool,
    /// The reason; null for a nesting.
    pub(crate) reason: Option<GivenReason>,
    /// The nesting; null for anything else.
    pub(crate) nesting: Option<EndedNesting>,
    /// The grant; null for anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) grant: Option<Giving>,
}

/// A nesting that was taken apart.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedNesting {
    /// The group around.
    pub(crate) parent: Named,
    /// The group inside.
    pub(crate) child: Named,
    /// Since when it had stood.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// Who had put it there; null for the platform and the system.
    pub(crate) by: Option<Named>,
}

/// What it would take for the user to be a member, and what there was before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Missing {
    /// The groups that would give it, were the user a direct member: the group itself, then those inside it, nearest
    /// first, 100 at most.
    pub(crate) groups: Vec<Named>,
    /// The number of all of them.
    pub(crate) total: u64,
    /// Set when the user is inactive, so that nothing counts.
    pub(crate) inactive: Option<Inactive>,
    /// Reasons in those groups that stand and count for nothing, because the user is inactive.
    pub(crate) idle: Vec<GivenReason>,
    /// Reasons in those groups that are yet to begin.
    pub(crate) scheduled: Vec<GivenReason>,
    /// When the user last was an effective member, as far as it is remembered.
    pub(crate) last: Option<Span>,
    /// What led to the group and ended, the last first, 100 at most.
    pub(crate) ended: Vec<Ended>,
}

/// What the rule of a group says of the user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Judged {
    /// The group whose members the rule keeps.
    pub(crate) group: Named,
    /// The rule.
    pub(crate) rule: String,
    /// Is it true of the user? Null where the user's record has changed since the instant that is asked about.
    pub(crate) holds: Option<bool>,
    /// What each of its clauses says of the user, in order; empty where that is not known.
    pub(crate) clauses: Vec<Clause>,
}

/// A conflict that the user is in breach of by being in the group, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conflicting {
    /// The conflict.
    pub(crate) conflict: NamedConflict,
    /// The groups of it that the user is in, or would be.
    pub(crate) groups: Vec<Named>,
}

/// Why a user is in a group, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// The instant that this is true of.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The user.
    pub(crate) user: Named,
    /// The group.
    pub(crate) group: Group,
    /// Is the user an effective member?
    pub(crate) member: bool,
    /// Is the user a direct member?
    pub(crate) direct: bool,
    /// The ways from a reason through nestings to the group, shortest first, 100 at most.
    pub(crate) paths: Vec<Path>,
    /// The exact number of all ways, as a text of digits: lattices have more than numbers hold. It ends at 2^128 - 1.
    pub(crate) total: String,
    /// What is missing; null when the user is a member.
    pub(crate) missing: Option<Missing>,
    /// What the rules say of the user that gave a reason here; when the user is no member, those of the groups that
    /// would give it. 20 at most.
    pub(crate) rules: Vec<Judged>,
    /// The conflicts that the user is in breach of by being in the group; when the user is no member, those that a
    /// membership would breach. Empty as of the past.
    pub(crate) conflicts: Vec<Conflicting>,
}

/// What things are called.
pub(super) struct Names {
    pub(super) groups: HashMap<GroupId, String>,
    pub(super) people: HashMap<UserId, Arc<Person>>,
}

impl Names {
    pub(super) fn group(&self, id: GroupId) -> Named {
        Named { id: id.uuid(), name: self.groups.get(&id).cloned() }
    }

    pub(super) fn person(&self, id: UserId) -> Named {
        Named { id: id.uuid(), name: self.people.get(&id).map(|person| person.name().to_owned()) }
    }

    pub(super) fn given(&self, given: engine::Given) -> GivenReason {
        GivenReason {
            given_by: given.reason.giver.map(|giver| self.person(giver)),
            opened_at: at(given.opened_at),
            group: self.group(given.reason.group),
            reason: given.reason.into(),
        }
    }

    pub(super) fn all(&self, given: Vec<engine::Given>) -> Vec<GivenReason> {
        given.into_iter().map(|given| self.given(given)).collect()
    }

    pub(super) fn path(&self, way: engine::Way) -> Path {
        let step = |step: engine::Step| PathStep {
            group: self.group(step.nesting.parent),
            since: at(step.since),
            by: step.by.map(|by| self.person(by)),
        };
        Path { reason: self.given(way.reason), steps: way.steps.into_iter().map(step).collect() }
    }

    pub(super) fn ended(&self, ended: engine::Ended) -> Ended {
        let (what, reason, nesting, grant) = match ended.what {
            engine::What::Reason(given) => ("reason", Some(self.given(given)), None, None),
            engine::What::Window(given) => ("window", Some(self.given(given)), None, None),
            engine::What::Grant(grant) => ("grant", None, None, Some(self.giving(grant))),
            engine::What::Nesting(step) => {
                let nesting = EndedNesting {
                    parent: self.group(step.nesting.parent),
                    child: self.group(step.nesting.child),
                    since: at(step.since),
                    by: step.by.map(|by| self.person(by)),
                };
                ("nesting", None, Some(nesting), None)
            }
        };
        let (revision, event) = ended.event.unzip();
        Ended {
            what,
            at: at(ended.at),
            by: ended.by.map(|by| self.person(by)),
            event,
            revision,
            ended_membership: ended.ended_membership,
            reason,
            nesting,
            grant,
        }
    }

    fn judged(&self, judged: engine::Judged) -> Judged {
        let (holds, clauses) = judged.verdict.unzip();
        let clauses = clauses.unwrap_or_default().into_iter().map(Clause::from).collect();
        Judged { group: self.group(judged.group), rule: judged.rule, holds, clauses }
    }

    fn conflicting(&self, found: engine::Conflicting) -> Conflicting {
        let engine::Conflicting { conflict, name, at_most, groups } = found;
        let groups = groups.into_iter().map(|id| self.group(id)).collect();
        Conflicting { conflict: NamedConflict { id: conflict.uuid(), name, at_most }, groups }
    }

    fn missing(&self, missing: engine::Missing) -> Missing {
        Missing {
            groups: missing.groups.into_iter().map(|id| self.group(id)).collect(),
            total: missing.total as u64,
            inactive: missing
                .inactive
                .map(|absence| Inactive { since: at(absence.since), by: absence.by.map(|by| self.person(by)) }),
            idle: self.all(missing.idle),
            scheduled: self.all(missing.scheduled),
            last: missing.last.map(|(from, until)| Span { from: at(from), until: at(until) }),
            ended: missing.ended.into_iter().map(|ended| self.ended(ended)).collect(),
        }
    }
}

/// An explanation: of a membership, or of a role or an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "told in the document: either is the answer to its own question")]
pub(crate) enum Explained {
    /// Of a membership.
    Group(Box<Explanation>),
    /// Of a role or an app.
    Thing(Box<WhyHeld>),
}

impl From<engine::Explanation> for Explanation {
    fn from(told: engine::Explanation) -> Self {
        let names = Names { groups: told.group_names, people: told.people };
        Self {
            at: at(told.at),
            user: Named { id: told.user.id.uuid(), name: Some(told.user.name().to_owned()) },
            group: Group::from(&told.group),
            member: told.member,
            direct: told.direct,
            paths: told.paths.into_iter().map(|way| names.path(way)).collect(),
            total: told.total.to_string(),
            missing: told.missing.map(|missing| names.missing(missing)),
            conflicts: told.conflicts.into_iter().map(|found| names.conflicting(found)).collect(),
            rules: told.rules.into_iter().map(|judged| names.judged(judged)).collect(),
        }
    }
}
