//! Requests for access, and the tasks in which people decide them.

use crate::caller::words;
use crate::event::Fields;
use crate::ids::{AccessRequestId, AppId, DelegationId, GroupId, LevelId, OffboardingId, PolicyId, TaskId, UserId};
use crate::policy::{Approvers, RequestKind, Step};
use crate::{Error, Result, Timestamp, time::Window};

words! {
    /// Where a request stands.
    RequestStatus {
        /// Under review.
        Open = "open",
        /// Approved; somebody has yet to carry it out.
        Approved = "approved",
        /// Refused.
        Declined = "declined",
        /// Withdrawn.
        Cancelled = "cancelled",
        /// Carried out.
        Completed = "completed",
        /// Not decided in time.
        Expired = "expired",
    }
    /// Where a task stands.
    TaskStatus {
        /// To be decided.
        Open = "open",
        /// Approved, or carried out.
        Approved = "approved",
        /// Refused.
        Declined = "declined",
        /// Needed no more.
        Cancelled = "cancelled",
        /// Not decided in time.
        Expired = "expired",
    }
    /// What a task is for.
    TaskKind {
        /// Approve or decline.
        Review = "review",
        /// Carry out what was approved.
        Action = "action",
        /// Look at an offboarding before it begins.
        Offboarding = "offboarding",
    }
}

impl RequestStatus {
    /// Can it still change?
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Open | Self::Approved)
    }
}

/// A wanted access, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    /// The id.
    pub id: AccessRequestId,
    /// What it asks for.
    pub kind: RequestKind,
    /// Where it stands.
    pub status: RequestStatus,
    /// Who asked; of one that a group raised, whoever changed its members; none for the platform and the system.
    pub requester: Option<UserId>,
    /// For whom; none where it is about an app alone.
    pub target: Option<UserId>,
    /// The app.
    pub app: Option<AppId>,
    /// The level.
    pub level: Option<LevelId>,
    /// The group to be joined.
    pub group: Option<GroupId>,
    /// Why, in the words of whoever asked.
    pub purpose: Option<String>,
    /// The policy it runs by; none where it was approved at once.
    pub policy: Option<PolicyId>,
    /// The version of that policy.
    pub policy_number: u32,
    /// The steps of that version.
    pub steps: Vec<Step>,
    /// Is it carried out by itself once approved?
    pub autoprovision: bool,
    /// The step it is at; as many as there are steps once they are done.
    pub step: u32,
    /// What raised it: a group or an offboarding.
    pub source: Option<uuid::Uuid>,
    /// Until when, as wished.
    pub ends_at: Option<Timestamp>,
    /// When it was raised.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who withdrew it.
    pub cancelled_by: Option<UserId>,
}

impl AccessRequest {
    /// Is it this person's own, so that they decide nothing of it? What a group or an offboarding raised is its
    /// target's alone: whoever changed the members asked for nothing.
    pub fn is_of(&self, user: UserId) -> bool {
        self.target == Some(user) || (self.source.is_none() && self.requester == Some(user))
    }
}

/// A decision in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The id.
    pub id: TaskId,
    /// The request, or the offboarding, that it decides.
    pub request: uuid::Uuid,
    /// What it is for.
    pub kind: TaskKind,
    /// The step that it belongs to.
    pub step: u32,
    /// Where it stands.
    pub status: TaskStatus,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it times out.
    pub due_at: Option<Timestamp>,
    /// How often it has gone to somebody above.
    pub escalations: u32,
    /// Who decided it.
    pub executed_by: Option<UserId>,
    /// What they said.
    pub comment: Option<String>,
}

impl Task {
    /// Refuses a task that nobody can decide any more.
    ///
    /// # Errors
    /// [`Error::Conflict`].
    pub fn is_open_at(&self, now: Timestamp) -> Result<()> {
        match self.status {
            TaskStatus::Open if self.due_at.is_some_and(|due| due <= now) => {
                Err(Error::conflict("this task was not decided in time"))
            }
            TaskStatus::Open => Ok(()),
            other => Err(Error::conflict(format!("this task is no longer open: it is {other}"))),
        }
    }
}

/// Somebody decides in another's place for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// The id.
    pub id: DelegationId,
    /// In whose place.
    pub from: UserId,
    /// Who decides.
    pub to: UserId,
    /// When.
    pub window: Window,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The words for who decides a step, for events and answers.
pub fn approvers_word(approvers: &Approvers) -> &'static str {
    match approvers {
        Approvers::Manager => "manager",
        Approvers::AppOwner => "appOwner",
        Approvers::GroupOwner => "groupOwner",
        Approvers::Admins => "admins",
        Approvers::Users(_) => "users",
        Approvers::Group(_) => "group",
    }
}

/// A task as an event tells it.
pub type Assigned = (TaskId, uuid::Uuid, TaskKind, Vec<UserId>);

/// What happened to policies, requests, tasks, delegations or offboardings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line above each variant tells its fields")]
pub enum RequestEvent {
    /// A policy came to be.
    PolicyCreated { policy: PolicyId, fields: Fields },
    /// A policy changed; the fields hold the new values.
    PolicyUpdated { policy: PolicyId, fields: Fields },
    /// A policy can be chosen no more.
    PolicyArchived { policy: PolicyId },
    /// An app, a level or a group has chosen a policy, or gone back to what is chosen above it.
    PolicyChosen { of: uuid::Uuid, level: Option<LevelId>, kind: RequestKind, policy: Option<PolicyId> },
    /// Requests for the same thing were raised, for each its target.
    Raised {
        requests: Vec<(AccessRequestId, Option<UserId>)>,
        kind: RequestKind,
        app: Option<AppId>,
        level: Option<LevelId>,
        group: Option<GroupId>,
        source: Option<uuid::Uuid>,
        /// `completed` where they were approved at once.
        status: RequestStatus,
    },
    /// Tasks were put into hands.
    Assigned { subject: uuid::Uuid, tasks: Vec<Assigned> },
    /// Every review step is done, and these tasks to carry out can be.
    Actionable { subject: uuid::Uuid, tasks: Vec<Assigned> },
    /// A task went to somebody above.
    Escalated { task: TaskId, request: uuid::Uuid, users: Vec<UserId> },
    /// A task was decided, by the actor.
    Decided { task: TaskId, request: uuid::Uuid, approved: bool },
    /// A request stands otherwise now.
    Moved { request: AccessRequestId, status: RequestStatus },
    /// Somebody lets another decide in their place.
    Delegated { delegation: DelegationId, from: UserId, to: UserId, window: Window },
    /// That ended.
    Undelegated { delegation: DelegationId, from: UserId },
    /// A person is leaving.
    OffboardingStarted { offboarding: OffboardingId, user: UserId },
    /// That is done, or was called off.
    OffboardingEnded { offboarding: OffboardingId, user: UserId, done: bool },
}

impl RequestEvent {
    /// The id of what it touched: of several requests the app or group they are about.
    pub fn subject(&self) -> uuid::Uuid {
        match self {
            Self::PolicyCreated { policy, .. }
            | Self::PolicyUpdated { policy, .. }
            | Self::PolicyArchived { policy } => policy.uuid(),
            Self::PolicyChosen { of, .. } => *of,
            Self::Raised { requests, app, group, .. } => match requests[..] {
                [(one, _)] => one.uuid(),
                _ => app.map(AppId::uuid).or(group.map(GroupId::uuid)).unwrap_or_default(),
            },
            Self::Assigned { subject, .. } | Self::Actionable { subject, .. } => *subject,
            Self::Escalated { request, .. } | Self::Decided { request, .. } => *request,
            Self::Moved { request, .. } => request.uuid(),
            Self::Delegated { from, .. } | Self::Undelegated { from, .. } => from.uuid(),
            Self::OffboardingStarted { user, .. } | Self::OffboardingEnded { user, .. } => user.uuid(),
        }
    }
}
