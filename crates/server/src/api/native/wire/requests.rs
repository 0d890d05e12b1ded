//! Requests, tasks and delegations on the wire.

use guildhall_domain::ids::{AppId, GroupId, LevelId, PolicyId, UserId};
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{self as domain, AccessRequest, RequestStatus, TaskStatus};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{AskAccess, AskNames, Decision, RequestFilter, TaskFilter, WholeTask};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::members::MemberUser;
use super::{Id, at};

/// A request for access or membership.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    /// The id.
    id: Uuid,
    /// What it asks for, such as `GrantAccessRequest`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `open`, `approved` (to be carried out), `declined`, `cancelled`, `completed` or `expired`.
    status: &'static str,
    /// Who asked; of one that a group raised, whoever changed its members.
    requester: Option<Uuid>,
    /// For whom; null where it is about an app alone.
    target: Option<Uuid>,
    /// The app.
    app: Option<Uuid>,
    /// The level.
    permission_level: Option<Uuid>,
    /// The group to be joined.
    group: Option<Uuid>,
    /// Why.
    purpose: Option<String>,
    /// Until when, as wished.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// The group or the offboarding that raised it.
    source: Option<Uuid>,
    /// The policy it runs by; null where it was approved at once.
    policy: Option<Uuid>,
    /// The version of that policy.
    policy_version: u32,
    /// The step it is at, counted from 1.
    step: u32,
    /// How many steps there are before it is carried out.
    steps: usize,
    /// When it was raised.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Who withdrew it.
    cancelled_by: Option<Uuid>,
}

impl From<&AccessRequest> for Request {
    fn from(request: &AccessRequest) -> Self {
        Self {
            id: request.id.uuid(),
            kind: request.kind.word(),
            status: request.status.word(),
            requester: request.requester.map(UserId::uuid),
            target: request.target.map(UserId::uuid),
            app: request.app.map(AppId::uuid),
            permission_level: request.level.map(LevelId::uuid),
            group: request.group.map(GroupId::uuid),
            purpose: request.purpose.clone(),
            ends_at: request.ends_at.map(at),
            source: request.source,
            policy: request.policy.map(PolicyId::uuid),
            policy_version: request.policy_number,
            step: request.step + 1,
            steps: request.steps.len(),
            created_at: at(request.created_at),
            updated_at: at(request.updated_at),
            cancelled_by: request.cancelled_by.map(UserId::uuid),
        }
    }
}

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRequest {
    /// `GrantAccessRequest`, `RemoveAccessRequest`, `ChangePermissionLevelRequest`, `ArchiveWorkAppRequest`,
    /// `AddNewManagedWorkAppRequest` or `JoinGroupRequest`.
    #[serde(rename = "type")]
    kind: String,
    /// Who asks; the caller when absent. Only an administrator asks in another's name.
    #[schema(value_type = Option<Uuid>)]
    requester: Option<Id>,
    /// For whom; whoever asks, when absent.
    #[schema(value_type = Option<Uuid>)]
    target: Option<Id>,
    /// The app, for all but `JoinGroupRequest`.
    #[schema(value_type = Option<Uuid>)]
    app: Option<Id>,
    /// The level, to grant and to change.
    #[schema(value_type = Option<Uuid>)]
    permission_level: Option<Id>,
    /// The group, for `JoinGroupRequest`.
    #[schema(value_type = Option<Uuid>)]
    group: Option<Id>,
    /// Why.
    #[schema(min_length = 1, max_length = 1024)]
    purpose: String,
    /// Until when, for `JoinGroupRequest`.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
}

impl NewRequest {
    /// What it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word or time that is none.
    pub(crate) fn command(self) -> Result<AskAccess> {
        Ok(AskAccess {
            kind: RequestKind::parse("type", &self.kind)?,
            requester: self.requester.map(|id| id.0.into()),
            target: self.target.map(|id| id.0.into()),
            app: self.app.map(|id| id.0.into()),
            level: self.permission_level.map(|id| id.0.into()),
            group: self.group.map(|id| id.0.into()),
            purpose: self.purpose,
            ends_at: self.ends_at.map(|raw| Timestamp::parse("endsAt", &raw)).transpose()?,
            names: AskNames {
                requester: "requester",
                target: "target",
                app: "app",
                level: "permissionLevel",
                group: "group",
                purpose: "purpose",
            },
        })
    }
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListRequests {
    /// Only those asked by or for this user.
    #[param(value_type = Option<Uuid>)]
    user: Option<Id>,
    /// Only those in this status.
    status: Option<String>,
    /// Only those of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// Only those that changed then or later: an RFC 3339 time.
    updated_since: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListRequests {
    /// The requests that are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<RequestFilter> {
        Ok(RequestFilter {
            user: self.user.map(|id| id.0.into()),
            status: self.status.as_deref().map(|raw| RequestStatus::parse("status", raw)).transpose()?,
            ended: false,
            kind: self.kind.as_deref().map(|raw| RequestKind::parse("type", raw)).transpose()?,
            updated_since: self
                .updated_since
                .as_deref()
                .map(|raw| Timestamp::parse("updatedSince", raw))
                .transpose()?,
        })
    }
}

/// A decision in somebody's hands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    /// The id.
    id: Uuid,
    /// `review`, `action` (carry out what was approved) or `offboarding`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `open`, `approved`, `declined`, `cancelled` or `expired`.
    status: &'static str,
    /// The request, or the offboarding, that it decides.
    request: Uuid,
    /// When it was opened.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it times out.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// How often it has gone to somebody above.
    escalations: u32,
    /// Who decided it.
    decided_by: Option<Uuid>,
    /// What they said.
    comment: Option<String>,
}

impl From<&domain::Task> for Task {
    fn from(task: &domain::Task) -> Self {
        Self {
            id: task.id.uuid(),
            kind: task.kind.word(),
            status: task.status.word(),
            request: task.request,
            created_at: at(task.created_at),
            updated_at: at(task.updated_at),
            due_at: task.due_at.map(at),
            escalations: task.escalations,
            decided_by: task.executed_by.map(UserId::uuid),
            comment: task.comment.clone(),
        }
    }
}

/// A task with its people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskWithPeople {
    #[serde(flatten)]
    task: Task,
    /// In whose hands it is, those who stand in among them.
    people: Vec<MemberUser>,
    /// Is it open and in nobody's hands, because nobody may decide it now?
    waiting: bool,
}

impl From<WholeTask> for TaskWithPeople {
    fn from(whole: WholeTask) -> Self {
        let person = |user: guildhall_domain::user::User| MemberUser {
            id: user.id.uuid(),
            name: user.name,
            email: user.email,
            status: user.status.word(),
        };
        let waiting = whole.task.status == TaskStatus::Open && whole.claimers.is_empty();
        Self { task: Task::from(&whole.task), people: whole.claimers.into_iter().map(person).collect(), waiting }
    }
}

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTasks {
    /// Only those in this status.
    status: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListTasks {
    /// The tasks that are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<TaskFilter> {
        let status = self.status.as_deref().map(|raw| TaskStatus::parse("status", raw)).transpose()?;
        Ok(TaskFilter { status, ended: false })
    }
}

/// The decision on a task.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decide {
    /// Who decides; the caller when absent. Only an administrator names another.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    by: Option<Id>,
    /// What they say.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: Option<String>,
}

impl Decide {
    /// The decision that it tells.
    pub(crate) fn command(self, approve: bool) -> Decision {
        Decision { approve, by: self.by.map(|id| id.0.into()), comment: self.comment, field: "by" }
    }
}

/// Somebody decides in another's place for a while.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delegation {
    /// The id.
    id: Uuid,
    /// Who decides.
    to: Uuid,
    /// The first instant at which they do; null when they do already.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// The first instant at which they do no more; null for until it is ended.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// Why.
    reason: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&domain::Delegation> for Delegation {
    fn from(delegation: &domain::Delegation) -> Self {
        Self {
            id: delegation.id.uuid(),
            to: delegation.to.uuid(),
            starts_at: delegation.window.starts.map(at),
            ends_at: delegation.window.ends.map(at),
            reason: delegation.reason.clone(),
            created_at: at(delegation.created_at),
        }
    }
}

/// A delegation to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDelegation {
    /// Who is to decide.
    #[schema(value_type = Uuid)]
    to: Id,
    /// From when; at once when absent.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// Until when; until it is ended, when absent.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// Why.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

impl NewDelegation {
    /// To whom, when and why.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a time that is none, or an end before the start.
    pub(crate) fn command(self) -> Result<(UserId, Window, Option<String>), Error> {
        let time = |field: &str, raw: Option<String>| raw.map(|raw| Timestamp::parse(field, &raw)).transpose();
        let window = Window::new(time("startsAt", self.starts_at)?, time("endsAt", self.ends_at)?)?;
        Ok((self.to.0.into(), window, self.reason))
    }
}
