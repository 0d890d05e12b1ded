//! From subject, action and resource to what the engine is asked.

use std::collections::HashMap;

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, GroupId, RoleId, UserId, parse_uuid};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{Had, LevelRef, Question};

use super::wire::{Act, Context, Entity, Evaluation, Named};
use crate::app::App;
use crate::http::body::Object;

/// The type of subjects.
pub(super) const USER: &str = "user";
/// The type of groups as resources.
pub(super) const GROUP: &str = "group";
/// The actions on a group: their names, and whether nesting counts.
pub(super) const ON_GROUPS: [(&str, bool); 2] = [("member", true), ("direct_member", false)];

/// Does nesting count for this action on a group? None when it is no such action.
pub(super) fn effective(action: &str) -> Option<bool> {
    ON_GROUPS.iter().find(|(name, _)| *name == action).map(|(_, effective)| *effective)
}

/// The type of roles as resources.
pub(super) const ROLE: &str = "role";
/// The one action on a role: to have it, by any group and within any scope.
pub(super) const HOLDER: &str = "holder";

/// The role that this resource is, if its type and form allow it to be one.
pub(super) fn role(resource: Named<'_>) -> Option<RoleId> {
    if resource.kind == ROLE { parse_uuid(resource.id).map(RoleId::from) } else { None }
}

/// The type of apps as resources.
pub(super) const APP: &str = "app";
/// The one action on an app: to have it, at any level or at the one that its properties name.
pub(super) const ACCESS: &str = "access";

/// The app that this resource is, if its type and form allow it to be one.
pub(super) fn work_app(resource: Named<'_>) -> Option<AppId> {
    if resource.kind == APP { parse_uuid(resource.id).map(AppId::from) } else { None }
}

/// The level that the properties of an action name, by id or by name.
pub(super) fn level(named: Option<&str>) -> Option<LevelRef> {
    named.map(|text| parse_uuid(text).map_or_else(|| LevelRef::Name(text.to_owned()), |id| LevelRef::Id(id.into())))
}

/// What the engine is asked.
#[derive(Clone)]
pub(super) enum Asked {
    /// About membership.
    Member(Question),
    /// About a role.
    Holder(UserId, RoleId),
    /// About an app.
    Access(Had),
}

/// The group that this resource is, if its type and form allow it to be one.
pub(super) fn group(resource: Named<'_>) -> Option<GroupId> {
    if resource.kind == GROUP { parse_uuid(resource.id).map(GroupId::from) } else { None }
}

/// Who the subjects of one request are. An id is a user's id or, where it is none, their e-mail address.
#[derive(Default)]
pub(super) struct People<'a>(HashMap<&'a str, Option<UserId>>);

impl<'a> People<'a> {
    /// Looks up those that are named by their address, each once.
    pub(super) async fn of(app: &App, caller: &Caller, subjects: impl Iterator<Item = Named<'a>>) -> Result<Self> {
        let mut named: Vec<&str> = subjects
            .filter(|subject| subject.kind == USER && parse_uuid(subject.id).is_none() && subject.id.contains('@'))
            .map(|subject| subject.id)
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
    pub(super) fn user(&self, subject: Named<'_>) -> Option<UserId> {
        if subject.kind != USER {
            return None;
        }
        parse_uuid(subject.id).map(UserId::from).or_else(|| self.0.get(subject.id).copied().flatten())
    }
}

/// An evaluation with nothing missing.
pub(super) struct Whole<'a> {
    pub(super) subject: Named<'a>,
    action: Act<'a>,
    resource: Named<'a>,
    /// The instant that it is about; none for the present.
    pub(super) at: Option<Timestamp>,
    /// Are reasons wanted?
    pub(super) reasons: bool,
}

/// What an evaluation says itself, and what stands in for what is missing there.
type Pair<'a, T> = (&'a T, Option<&'a T>);

/// The instant that a context names, unless it is yet to come; none for the present. `place` is where it stands.
pub(super) fn instant(context: Option<&Context>, now: Timestamp, place: &str) -> Result<Option<Timestamp>> {
    let at = context.map_or(Ok(None), |context| context.instant(place))?;
    if at.is_some_and(|at| at > now) {
        return Err(Error::invalid(format!("{place}.at"), "is in the future"));
    }
    Ok(at)
}

/// One member of an evaluation and its stand-in; `at` is where it stands.
fn pair<'a, T>(one: Option<&'a Object<T>>, default: Option<&'a Object<T>>, at: &str) -> Result<Pair<'a, T>> {
    let default = default.map(|default| &default.0);
    let found = one.map(|one| &one.0).or(default).ok_or_else(|| Error::invalid(at, "is missing"))?;
    Ok((found, default))
}

impl<'a> Whole<'a> {
    /// The evaluation, filled up from `defaults`; `at` is what stands before its members in messages.
    pub(super) fn of(one: &'a Evaluation, defaults: &'a Evaluation, now: Timestamp, at: &str) -> Result<Self> {
        let place = |member: &str| format!("{at}{member}");
        let named = |one, default, member: &str| {
            let at = place(member);
            let (entity, default): Pair<'a, Entity> = pair(one, default, &at)?;
            entity.filled(default, &at)
        };
        let subject = named(one.subject.as_ref(), defaults.subject.as_ref(), "subject")?;
        let (action, default) = pair(one.action.as_ref(), defaults.action.as_ref(), &place("action"))?;
        let action = action.filled(default, &place("action"))?;
        let resource = named(one.resource.as_ref(), defaults.resource.as_ref(), "resource")?;
        // A context replaces the one at the top whole: it has no member that it must have.
        let context = one.context.as_ref().or(defaults.context.as_ref()).map(|context| &context.0);
        let instant = instant(context, now, &place("context"))?;
        let reasons = context.and_then(|context| context.reasons).unwrap_or(false);
        Ok(Self { subject, action, resource, at: instant, reasons })
    }

    /// What the engine is asked; none where the answer is no whatever the rows say.
    pub(super) fn question(&self, people: &People<'_>) -> Option<Asked> {
        let user = people.user(self.subject)?;
        if let Some(group) = group(self.resource) {
            return Some(Asked::Member(Question { user, group, effective: effective(self.action.name)? }));
        }
        if let Some(app) = work_app(self.resource) {
            let had = || Had { user, app, level: level(self.action.level), at: self.at };
            return (self.action.name == ACCESS).then(|| Asked::Access(had()));
        }
        (self.action.name == HOLDER).then(|| role(self.resource)).flatten().map(|role| Asked::Holder(user, role))
    }
}
