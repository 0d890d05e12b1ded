//! Policies: how a wanted access is decided, step by step.

use crate::caller::words;
use crate::ids::{GroupId, PolicyId, UserId};
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// What a request asks for; a policy belongs to one of these.
    RequestKind {
        /// An app, for somebody who lacks it.
        Grant = "GrantAccessRequest",
        /// That somebody has an app no more.
        Remove = "RemoveAccessRequest",
        /// Another level of an app that somebody has.
        Change = "ChangePermissionLevelRequest",
        /// That an app is kept for audit only.
        ArchiveApp = "ArchiveWorkAppRequest",
        /// That an app is managed.
        AddApp = "AddNewManagedWorkAppRequest",
        /// Membership of a group.
        JoinGroup = "JoinGroupRequest",
    }
    /// What becomes of a step that nobody has decided in time.
    Timeout {
        /// The request ends as expired.
        Expire = "expire",
        /// The next manager decides, else an administrator; then it expires.
        Escalate = "escalate",
    }
}

/// Who decides a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approvers {
    /// The manager of the person concerned; with none the step passes by itself.
    Manager,
    /// Whoever looks after the app.
    AppOwner,
    /// Whoever owns the group.
    GroupOwner,
    /// The administrators of the company.
    Admins,
    /// These people.
    Users(Vec<UserId>),
    /// The members of this group.
    Group(GroupId),
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who decides.
    pub approvers: Approvers,
    /// Must all of them approve? Else one is enough.
    pub all: bool,
    /// Hours after which it times out.
    pub timeout_hours: Option<u32>,
    /// What becomes of it then.
    pub on_timeout: Timeout,
}

impl Step {
    /// A step that one of these decides, whenever they like.
    pub fn of(approvers: Approvers) -> Self {
        Self { approvers, all: false, timeout_hours: None, on_timeout: Timeout::Expire }
    }
}

/// A policy in its present version. A version never changes: an edit of the steps makes the next one, and open requests
/// go on by the one they began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The id, unique in the server.
    pub id: PolicyId,
    /// The name.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// What it decides.
    pub kind: RequestKind,
    /// Is it the company's choice where neither level nor app has one? At most one of a kind is.
    pub is_default: bool,
    /// The number of the present version, counted from 1.
    pub number: u32,
    /// Its steps; without any a request is approved at once.
    pub steps: Vec<Step>,
    /// Is the change carried out by itself once approved, instead of by somebody's action task?
    pub autoprovision: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The revision that last changed it: its version as a record. 0 for one that is shipped and was never edited.
    pub version: u64,
}

/// An edit of a policy; of a new one, its members.
#[derive(Clone, Debug, Default)]
pub struct EditPolicy {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// The description.
    pub description: Patch<String>,
    /// Is it the company's choice?
    pub is_default: Patch<bool>,
    /// The steps, all of them: another version.
    pub steps: Patch<Vec<Step>>,
    /// Carried out by itself?
    pub autoprovision: Patch<bool>,
}

/// The most steps of a policy.
const STEPS: usize = 20;
/// The most people that a step may name.
const PEOPLE: usize = 100;
/// The most hours of a timeout: a year.
const HOURS: u32 = 8784;

impl Policy {
    /// A new policy, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::TooMany`].
    pub fn birth(id: PolicyId, kind: RequestKind, new: EditPolicy, now: Timestamp, version: u64) -> Result<Self> {
        if !matches!(new.name, Patch::Set(_)) {
            return Err(Error::invalid("name", "is missing"));
        }
        let mut policy = Self {
            id,
            name: String::new(),
            description: None,
            kind,
            is_default: false,
            number: 0,
            steps: Vec::new(),
            autoprovision: kind == RequestKind::JoinGroup,
            created_at: now,
            updated_at: now,
            version,
        };
        policy.apply(new)?;
        policy.number = 1;
        Ok(policy)
    }

    /// The policy that every company has for requests of this kind until it chooses another
    /// (`reference/cakewalk-v1.md` §7.2).
    pub fn shipped(id: PolicyId, kind: RequestKind) -> Self {
        let (name, approvers): (_, &[Approvers]) = match kind {
            RequestKind::Grant => ("Grant access: manager, then app owner", &[Approvers::Manager, Approvers::AppOwner]),
            RequestKind::Change => {
                ("Change level: manager, then app owner", &[Approvers::Manager, Approvers::AppOwner])
            }
            RequestKind::Remove => ("Remove access: app owner", &[Approvers::AppOwner]),
            RequestKind::AddApp => ("Add app: administrators", &[Approvers::Admins]),
            RequestKind::ArchiveApp => ("Archive app: app owner", &[Approvers::AppOwner]),
            RequestKind::JoinGroup => ("Join group: group owner", &[Approvers::GroupOwner]),
        };
        Self {
            id,
            name: name.into(),
            description: Some("Shipped with Guildhall".into()),
            kind,
            is_default: true,
            number: 1,
            steps: approvers.iter().cloned().map(Step::of).collect(),
            autoprovision: kind == RequestKind::JoinGroup,
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
            version: 0,
        }
    }

    /// Carries `edit` out; the members that changed, by their native names. Another version begins where the steps or
    /// what follows them changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::TooMany`].
    pub fn apply(&mut self, edit: EditPolicy) -> Result<Vec<&'static str>> {
        if edit.name == Patch::Clear {
            return Err(Error::invalid("name", "cannot be emptied"));
        }
        let before = self.clone();
        let (kept, kind) = (self.name.clone(), self.kind);
        edit.name.try_map(|s| name::name("name", &s))?.apply_or(&mut self.name, kept);
        edit.description.try_map(|s| name::description("description", &s))?.apply(&mut self.description);
        edit.is_default.apply_or(&mut self.is_default, false);
        edit.steps.try_map(|steps| checked(kind, steps))?.apply_or(&mut self.steps, Vec::new());
        edit.autoprovision.apply_or(&mut self.autoprovision, false);
        if kind == RequestKind::JoinGroup && !self.autoprovision {
            return Err(Error::invalid("autoprovision", "is always true where somebody joins a group"));
        }
        let changed: Vec<&'static str> = [
            ("name", self.name != before.name),
            ("description", self.description != before.description),
            ("default", self.is_default != before.is_default),
            ("steps", self.steps != before.steps),
            ("autoprovision", self.autoprovision != before.autoprovision),
        ]
        .into_iter()
        .filter_map(|(field, changed)| changed.then_some(field))
        .collect();
        if changed.iter().any(|field| matches!(*field, "steps" | "autoprovision")) {
            self.number += 1;
        }
        Ok(changed)
    }
}

fn checked(kind: RequestKind, steps: Vec<Step>) -> Result<Vec<Step>> {
    if steps.len() > STEPS {
        return Err(Error::TooMany { field: "steps".into(), limit: STEPS as u64 });
    }
    for (i, step) in steps.iter().enumerate() {
        let at = format!("steps[{i}]");
        let of_group = kind == RequestKind::JoinGroup;
        match &step.approvers {
            Approvers::AppOwner if of_group => {
                return Err(Error::invalid(
                    format!("{at}.approvers"),
                    "cannot be an app's owner where no app is asked for",
                ));
            }
            Approvers::GroupOwner if !of_group => {
                return Err(Error::invalid(
                    format!("{at}.approvers"),
                    "cannot be a group's owner where no group is asked for",
                ));
            }
            Approvers::Users(users) if users.is_empty() => {
                return Err(Error::invalid(format!("{at}.approvers.users"), "must name at least one user"));
            }
            Approvers::Users(users) if users.len() > PEOPLE => {
                return Err(Error::TooMany { field: format!("{at}.approvers.users"), limit: PEOPLE as u64 });
            }
            _ => {}
        }
        if step.timeout_hours.is_some_and(|hours| !(1..=HOURS).contains(&hours)) {
            return Err(Error::invalid(format!("{at}.timeoutHours"), "must be 1 to 8,784 hours"));
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_the_steps_is_another_version() {
        let new = EditPolicy { name: Patch::Set("P".into()), ..Default::default() };
        let mut policy = Policy::birth(PolicyId::NIL, RequestKind::Grant, new, Timestamp::MIN, 1).unwrap();
        assert_eq!(policy.number, 1);
        policy.apply(EditPolicy { name: Patch::Set("Q".into()), ..Default::default() }).unwrap();
        assert_eq!(policy.number, 1);
        let steps = Patch::Set(vec![Step::of(Approvers::Admins)]);
        policy.apply(EditPolicy { steps: steps.clone(), ..Default::default() }).unwrap();
        policy.apply(EditPolicy { steps, ..Default::default() }).unwrap();
        assert_eq!(policy.number, 2);
        for wrong in [
            Step::of(Approvers::GroupOwner),
            Step::of(Approvers::Users(vec![])),
            Step { timeout_hours: Some(0), ..Step::of(Approvers::Manager) },
        ] {
            assert!(policy.apply(EditPolicy { steps: Patch::Set(vec![wrong]), ..Default::default() }).is_err());
        }
    }
}
