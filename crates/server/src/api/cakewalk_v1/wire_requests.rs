//! The JSON of policies, requests and tasks (`reference/cakewalk-v1.md` §2.2, §3, §4): pure, no async.

use guildhall_domain::ids::{AppId, LevelId, PolicyId, UserId};
use guildhall_domain::policy::{self, RequestKind};
use guildhall_domain::request::{AccessRequest, RequestStatus, Task, TaskKind, TaskStatus};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{AskAccess, AskNames, Decision, RequestFilter, TaskFilter, WholeTask};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::{UserSimplified, WireId, time};

/// A policy, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Policy {
    id: Uuid,
    #[schema(example = "Grant access: manager, then app owner")]
    name: String,
    #[schema(required = true)]
    description: Option<String>,
}

impl From<policy::Policy> for Policy {
    fn from(policy: policy::Policy) -> Self {
        Self { id: policy.id.uuid(), name: policy.name, description: policy.description }
    }
}

/// CW-27: `Expired`, which is ours, is told as `Cancelled`.
fn request_status(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Open => "Open",
        RequestStatus::Approved => "Approved",
        RequestStatus::Declined => "Declined",
        RequestStatus::Cancelled | RequestStatus::Expired => "Cancelled",
        RequestStatus::Completed => "Completed",
    }
}

fn task_status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Open => "Open",
        TaskStatus::Approved => "Approved",
        TaskStatus::Declined => "Declined",
        TaskStatus::Cancelled | TaskStatus::Expired => "Cancelled",
    }
}

/// CW-28: the type of a task is its request's with what is to be done in the middle.
fn task_type(task: &Task, request: Option<&AccessRequest>) -> String {
    let of = request.map_or("StandAloneOffboarding", |request| request.kind.word().trim_end_matches("Request"));
    let what = if task.kind == TaskKind::Action { "Action" } else { "Review" };
    format!("{of}{what}Task")
}

/// A request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    id: Uuid,
    #[schema(example = "GrantAccessRequest")]
    request_type: &'static str,
    #[schema(example = "Open")]
    request_status: &'static str,
    #[schema(required = true)]
    requested_by_user_id: Option<Uuid>,
    #[schema(required = true)]
    cancelled_by_user_id: Option<Uuid>,
    #[schema(required = true)]
    work_app_id: Option<Uuid>,
    #[schema(required = true)]
    permission_level_id: Option<Uuid>,
    #[schema(required = true)]
    target_user_id: Option<Uuid>,
    #[schema(required = true)]
    request_purpose: Option<String>,
    /// The users group, or the offboarding, that raised it.
    #[schema(required = true)]
    source_id: Option<Uuid>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<AccessRequest> for Request {
    fn from(request: AccessRequest) -> Self {
        Self {
            id: request.id.uuid(),
            request_type: request.kind.word(),
            request_status: request_status(request.status),
            requested_by_user_id: request.requester.map(UserId::uuid),
            cancelled_by_user_id: request.cancelled_by.map(UserId::uuid),
            work_app_id: request.app.map(AppId::uuid),
            permission_level_id: request.level.map(LevelId::uuid),
            target_user_id: request.target.map(UserId::uuid),
            request_purpose: request.purpose,
            source_id: request.source,
            created_at: time(request.created_at),
            updated_at: time(request.updated_at),
        }
    }
}

/// A task, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskSimplified {
    id: Uuid,
    #[schema(example = "GrantAccessReviewTask")]
    r#type: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(example = "Open")]
    status: &'static str,
    #[schema(format = DateTime)]
    last_updated_at: String,
    /// Is what is approved carried out by itself?
    is_autoprovisioning: bool,
    /// Is this to carry out what is approved?
    #[schema(required = true)]
    is_action_step: Option<bool>,
}

impl TaskSimplified {
    fn of(task: &Task, request: Option<&AccessRequest>) -> Self {
        Self {
            id: task.id.uuid(),
            r#type: task_type(task, request),
            created_at: time(task.created_at),
            status: task_status(task.status),
            last_updated_at: time(task.updated_at),
            is_autoprovisioning: request.is_some_and(|request| request.autoprovision),
            is_action_step: Some(task.kind == TaskKind::Action),
        }
    }
}

impl From<(Task, Option<AccessRequest>)> for TaskSimplified {
    fn from((task, request): (Task, Option<AccessRequest>)) -> Self {
        Self::of(&task, request.as_ref())
    }
}

/// Who is leaving.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OffboardingMetadata {
    target_user: UserSimplified,
    external_integration_app_name: String,
    #[schema(required = true, format = DateTime)]
    termination_date: Option<String>,
}

/// A task.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskDetailed {
    #[serde(flatten)]
    simple: TaskSimplified,
    /// The one person in whose hands it is; null where there are several, or nobody.
    #[schema(required = true)]
    assigned_user: Option<UserSimplified>,
    /// All in whose hands it is.
    claimers: Vec<UserSimplified>,
    #[schema(required = true)]
    executed_by_user: Option<UserSimplified>,
    #[schema(required = true)]
    request: Option<Request>,
    #[schema(required = true, format = DateTime)]
    snoozed_till: Option<String>,
    #[schema(required = true)]
    offboarding_metadata: Option<OffboardingMetadata>,
}

impl From<WholeTask> for TaskDetailed {
    fn from(whole: WholeTask) -> Self {
        let simple = TaskSimplified::of(&whole.task, whole.request.as_ref());
        let claimers: Vec<UserSimplified> = whole.claimers.into_iter().map(Into::into).collect();
        let leaving = |user: guildhall_domain::user::User| OffboardingMetadata {
            target_user: user.into(),
            external_integration_app_name: String::new(),
            termination_date: None,
        };
        Self {
            simple,
            assigned_user: if let [one] = &claimers[..] { Some(one.clone()) } else { None },
            claimers,
            executed_by_user: whole.executed_by.map(Into::into),
            request: whole.request.map(Into::into),
            snoozed_till: None,
            offboarding_metadata: whole.leaving.map(leaving),
        }
    }
}

/// The policy to be chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetPolicy {
    /// The policy, for requests of the type in the path.
    #[schema(value_type = Uuid)]
    policy_id: WireId,
}

impl SetPolicy {
    /// Its id.
    pub(super) fn policy(&self) -> PolicyId {
        self.policy_id.0.into()
    }
}

/// The id of the request that was raised.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Raised {
    pub(super) request_id: Uuid,
}

/// An app asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GrantAccess {
    /// Who asks.
    #[schema(value_type = Uuid)]
    created_by_user_id: WireId,
    /// For whom.
    #[schema(value_type = Uuid)]
    target_user_id: WireId,
    /// The app.
    #[schema(value_type = Uuid)]
    work_app_id: WireId,
    /// Why.
    #[schema(min_length = 1, max_length = 1024)]
    grant_access_purpose: String,
    /// The level; needed when the app has at least one.
    #[schema(value_type = Option<Uuid>)]
    permission_level_id: Option<WireId>,
}

/// Another level asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangePermission {
    /// Who asks.
    #[schema(value_type = Uuid)]
    created_by_user_id: WireId,
    /// For whom.
    #[schema(value_type = Uuid)]
    target_user_id: WireId,
    /// The app.
    #[schema(value_type = Uuid)]
    work_app_id: WireId,
    /// The level.
    #[schema(value_type = Uuid)]
    permission_level_id: WireId,
    /// Why.
    #[schema(min_length = 1, max_length = 1024)]
    change_permission_purpose: String,
}

/// The end of an access asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoveAccess {
    /// Who asks.
    #[schema(value_type = Uuid)]
    created_by_user_id: WireId,
    /// Whose access.
    #[schema(value_type = Uuid)]
    target_user_id: WireId,
    /// The app.
    #[schema(value_type = Uuid)]
    work_app_id: WireId,
    /// Why.
    #[schema(min_length = 1, max_length = 1024)]
    remove_access_purpose: String,
}

fn asked(
    kind: RequestKind,
    (by, target, app, level): (WireId, WireId, WireId, Option<WireId>),
    purpose: String,
    named: &'static str,
) -> AskAccess {
    AskAccess {
        kind,
        requester: Some(by.0.into()),
        target: Some(target.0.into()),
        app: Some(app.0.into()),
        level: level.map(|id| id.0.into()),
        group: None,
        purpose,
        ends_at: None,
        names: AskNames {
            requester: "createdByUserId",
            target: "targetUserId",
            app: "workAppId",
            level: "permissionLevelId",
            group: "usersGroupId",
            purpose: named,
        },
    }
}

impl From<GrantAccess> for AskAccess {
    fn from(ask: GrantAccess) -> Self {
        let ids = (ask.created_by_user_id, ask.target_user_id, ask.work_app_id, ask.permission_level_id);
        asked(RequestKind::Grant, ids, ask.grant_access_purpose, "grantAccessPurpose")
    }
}
impl From<ChangePermission> for AskAccess {
    fn from(ask: ChangePermission) -> Self {
        let ids = (ask.created_by_user_id, ask.target_user_id, ask.work_app_id, Some(ask.permission_level_id));
        asked(RequestKind::Change, ids, ask.change_permission_purpose, "changePermissionPurpose")
    }
}
impl From<RemoveAccess> for AskAccess {
    fn from(ask: RemoveAccess) -> Self {
        let ids = (ask.created_by_user_id, ask.target_user_id, ask.work_app_id, None);
        asked(RequestKind::Remove, ids, ask.remove_access_purpose, "removeAccessPurpose")
    }
}

/// The decision on a task.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decide {
    /// Who decides; the person behind the key when absent. Only an administrator's key may name another.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    executed_by_user_id: Option<WireId>,
    /// What they say.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: Option<String>,
}

impl Decide {
    /// The decision that it tells.
    pub(super) fn into_command(self, approve: bool) -> Decision {
        let by = self.executed_by_user_id.map(|id| id.0.into());
        Decision { approve, by, comment: self.comment, field: "executedByUserId" }
    }
}

/// Which requests are asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestQuery {
    status: Option<String>,
    r#type: Option<String>,
    updated_since: Option<String>,
}

impl RequestQuery {
    /// The requests that are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(super) fn filter(self) -> Result<RequestFilter> {
        let wrong =
            || Error::invalid("status", "must be one of `Open`, `Approved`, `Declined`, `Cancelled`, `Completed`");
        let (mut status, mut ended) = (None, false);
        match self.status.as_deref() {
            None => {}
            Some("Open") => status = Some(RequestStatus::Open),
            Some("Approved") => status = Some(RequestStatus::Approved),
            Some("Declined") => status = Some(RequestStatus::Declined),
            Some("Completed") => status = Some(RequestStatus::Completed),
            Some("Cancelled") => ended = true,
            Some(_) => return Err(wrong()),
        }
        Ok(RequestFilter {
            user: None,
            status,
            ended,
            kind: self.r#type.map(|raw| RequestKind::parse("type", &raw)).transpose()?,
            updated_since: self.updated_since.map(|raw| Timestamp::parse("updatedSince", &raw)).transpose()?,
        })
    }
}

/// Whose tasks are asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskQuery {
    user_id: Option<String>,
    status: Option<String>,
}

impl TaskQuery {
    /// The user, and which of their tasks.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(super) fn filter(self) -> Result<(UserId, TaskFilter)> {
        let user = self.user_id.ok_or_else(|| Error::invalid("userId", "is missing"))?;
        let (mut status, mut ended) = (None, false);
        match self.status.as_deref() {
            None => {}
            Some("Open") => status = Some(TaskStatus::Open),
            Some("Approved") => status = Some(TaskStatus::Approved),
            Some("Declined") => status = Some(TaskStatus::Declined),
            Some("Cancelled") => ended = true,
            Some(_) => {
                return Err(Error::invalid("status", "must be one of `Open`, `Approved`, `Declined`, `Cancelled`"));
            }
        }
        Ok((UserId::parse("userId", &user)?, TaskFilter { status, ended }))
    }
}
