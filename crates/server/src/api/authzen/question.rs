//! From subject, action and resource to what the engine is asked.

use std::collections::HashMap;

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{GroupId, RoleId, UserId, parse_uuid};
use guildhall_domain::{Error, Result};
use guildhall_engine::Question;

use super::wire::{Action, Entity, Evaluation};
use crate::app::App;

/// The type of subjects.
pub(super) const USER: &str = "user";
/// The type of groups as resources.
pub(super) const GROUP: &str = "group";
/// The actions on a group: their names, and whether nesting counts.
pub(super) const ON_GROUPS: [(&str, bool); 2] = [("member", true), ("direct_member", false)];

/// Does nesting count for this action on a group? None when it is no such action.
pub(super) fn effective(action: &Action) -> Option<bool> {
    ON_GROUPS.iter().find(|(name, _)| *name == action.name).map(|(_, effective)| *effective)
}

/// The type of roles as resources.
pub(super) const ROLE: &str = "role";
/// The one action on a role: to have it, by any group and within any scope.
pub(super) const HOLDER: &str = "holder";

/// The role that this resource is, if its type and form allow it to be one.
pub(super) fn role(resource: &Entity) -> Option<RoleId> {
    if resource.kind == ROLE { parse_uuid(&resource.id).map(RoleId::from) } else { None }
}

/// What the engine is asked.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// About membership.
    Member(Question),
    /// About a role.
    Holder(UserId, RoleId),
}

/// The group that this resource is, if its type and form allow it to be one.
pub(super) fn group(resource: &Entity) -> Option<GroupId> {
    if resource.kind == GROUP { parse_uuid(&resource.id).map(GroupId::from) } else { None }
}

/// Who the subjects of one request are. An id is a user's id or, where it is none, their e-mail address.
#[derive(Default)]
pub(super) struct People<'a>(HashMap<&'a str, Option<UserId>>);

impl<'a> People<'a> {
    /// Looks up those that are named by their address, each once.
    pub(super) async fn of(app: &App, caller: &Caller, subjects: impl Iterator<Item = &'a Entity>) -> Result<Self> {
        let mut named: Vec<&str> = subjects
            .filter(|subject| subject.kind == USER && parse_uuid(&subject.id).is_none() && subject.id.contains('@'))
            .map(|subject| subject.id.as_str())
            .collect();
        if named.is_empty() {
            return Ok(Self::default());
        }
        named.sort_unstable();
        named.dedup();
        let found = app.engine().users_by_email(caller, &named).await?;
        Ok(Self(named.into_iter().zip(found).collect()))
    }

    /// The user that this subject is, if any may be.
    pub(super) fn user(&self, subject: &Entity) -> Option<UserId> {
        if subject.kind != USER {
            return None;
        }
        parse_uuid(&subject.id).map(UserId::from).or_else(|| self.0.get(subject.id.as_str()).copied().flatten())
    }
}

/// An evaluation with nothing missing.
pub(super) struct Whole<'a> {
    pub(super) subject: &'a Entity,
    action: &'a Action,
    resource: &'a Entity,
}

fn missing(at: &str, member: &str) -> Error {
    Error::invalid(format!("{at}{member}"), "is missing")
}

impl<'a> Whole<'a> {
    /// The evaluation, filled up from `defaults`; `at` is what stands before its members in messages.
    pub(super) fn of(one: &'a Evaluation, defaults: &'a Evaluation, at: &str) -> Result<Self> {
        let subject = one.subject.as_ref().or(defaults.subject.as_ref()).ok_or_else(|| missing(at, "subject"))?;
        let action = one.action.as_ref().or(defaults.action.as_ref()).ok_or_else(|| missing(at, "action"))?;
        let resource = one.resource.as_ref().or(defaults.resource.as_ref()).ok_or_else(|| missing(at, "resource"))?;
        let place = |member: &str| format!("{at}{member}");
        Ok(Self {
            subject: subject.0.checked(&place("subject"))?,
            action: action.0.checked(&place("action"))?,
            resource: resource.0.checked(&place("resource"))?,
        })
    }

    /// What the engine is asked; none where the answer is no whatever the rows say.
    pub(super) fn question(&self, people: &People<'_>) -> Option<Asked> {
        let user = people.user(self.subject)?;
        if let Some(group) = group(self.resource) {
            return Some(Asked::Member(Question { user, group, effective: effective(self.action)? }));
        }
        (self.action.name == HOLDER).then(|| role(self.resource)).flatten().map(|role| Asked::Holder(user, role))
    }
}
