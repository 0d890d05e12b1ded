//! Paths: which company, and what in it.

use guildhall_domain::ids::{
    AccessRequestId, AppId, CompanyId, ConflictId, ConnectionId, DelegationId, DeliveryId, GroupId, KeyId, PolicyId,
    ReasonId, ReviewId, ReviewRowId, RoleId, RunId, TaskId, TeamId, UserId, WebhookId,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Id;
use crate::api::native::extract::Place;

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident as $getter:ident: $id:ty),+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(crate) struct $name { $($(#[$fdoc])* #[param(value_type = Uuid)] $field: Id),+ }

        impl $name {
            $($(#[$fdoc])* pub(crate) fn $getter(&self) -> $id { self.$field.0.into() })+
        }
    )+};
}

/// A path above all companies.
#[derive(Debug, Deserialize)]
pub(crate) struct Root {}

places! {
    /// A path in a company.
    OfCompany {
        /// The company's id.
        company as company_id: CompanyId
    }
    /// A path of a user.
    OfUser {
        /// The company's id.
        company as company_id: CompanyId,
        /// The user's id.
        user as user_id: UserId
    }
    /// A path of a group.
    OfGroup {
        /// The company's id.
        company as company_id: CompanyId,
        /// The group's id.
        group as group_id: GroupId
    }
    /// A path of a member of a group.
    OfMember {
        /// The company's id.
        company as company_id: CompanyId,
        /// The group's id.
        group as group_id: GroupId,
        /// The user's id.
        user as user_id: UserId
    }
    /// A path of one reason of a membership.
    OfReason {
        /// The company's id.
        company as company_id: CompanyId,
        /// The group's id.
        group as group_id: GroupId,
        /// The user's id.
        user as user_id: UserId,
        /// The reason's id.
        reason as reason_id: ReasonId
    }
    /// A path of an owner of a group.
    OfOwner {
        /// The company's id.
        company as company_id: CompanyId,
        /// The group's id.
        group as group_id: GroupId,
        /// The owner's id: a user or a group.
        owner as owner_id: Uuid
    }
    /// A path of a group inside another.
    OfChild {
        /// The company's id.
        company as company_id: CompanyId,
        /// The group around.
        group as group_id: GroupId,
        /// The group inside.
        child as child_id: GroupId
    }
    /// A path of a run of a connection.
    OfRun {
        /// The company's id.
        company as company_id: CompanyId,
        /// The connection's id.
        connection as connection_id: ConnectionId,
        /// The run's id.
        run as run_id: RunId
    }
    /// A path of a webhook.
    OfWebhook {
        /// The company's id.
        company as company_id: CompanyId,
        /// The webhook's id.
        webhook as webhook_id: WebhookId
    }
    /// A path of a line of a webhook's log.
    OfDelivery {
        /// The company's id.
        company as company_id: CompanyId,
        /// The webhook's id.
        webhook as webhook_id: WebhookId,
        /// The delivery's id.
        delivery as delivery_id: DeliveryId
    }
    /// A path of an app.
    OfApp {
        /// The company's id.
        company as company_id: CompanyId,
        /// The app's id.
        app as app_id: AppId
    }
    /// A path of somebody's access to an app.
    OfAccess {
        /// The company's id.
        company as company_id: CompanyId,
        /// The app's id.
        app as app_id: AppId,
        /// The user's id.
        user as user_id: UserId
    }
    /// A path of an app that a group holds.
    OfGroupApp {
        /// The company's id.
        company as company_id: CompanyId,
        /// The group's id.
        group as group_id: GroupId,
        /// The app's id.
        app as app_id: AppId
    }
    /// A path of a role.
    OfRole {
        /// The company's id; the nil id for the platform.
        company as company_id: CompanyId,
        /// The role's id.
        role as role_id: RoleId
    }
    /// A path of a policy.
    OfPolicy {
        /// The company's id.
        company as company_id: CompanyId,
        /// The policy's id.
        policy as policy_id: PolicyId
    }
    /// A path of a request.
    OfRequest {
        /// The company's id.
        company as company_id: CompanyId,
        /// The request's id.
        request as request_id: AccessRequestId
    }
    /// A path of a task.
    OfTask {
        /// The company's id.
        company as company_id: CompanyId,
        /// The task's id.
        task as task_id: TaskId
    }
    /// A path of a review.
    OfReview {
        /// The company's id.
        company as company_id: CompanyId,
        /// The review's id.
        review as review_id: ReviewId
    }
    /// A path of a row of a review.
    OfReviewRow {
        /// The company's id.
        company as company_id: CompanyId,
        /// The review's id.
        review as review_id: ReviewId,
        /// The row's id.
        row as row_id: ReviewRowId
    }
    /// A path of a team.
    OfTeam {
        /// The company's id.
        company as company_id: CompanyId,
        /// The team's id.
        team as team_id: TeamId
    }
    /// A path of somebody in a team.
    OfTeamMember {
        /// The company's id.
        company as company_id: CompanyId,
        /// The team's id.
        team as team_id: TeamId,
        /// The member's id: a user or a group.
        member as member_id: Uuid
    }
    /// A path of a delegation.
    OfDelegation {
        /// The company's id.
        company as company_id: CompanyId,
        /// The id of the user in whose place another decides.
        user as user_id: UserId,
        /// The delegation's id.
        delegation as delegation_id: DelegationId
    }
    /// A path of a key.
    OfKey {
        /// The company's id.
        company as company_id: CompanyId,
        /// The key's id.
        key as key_id: KeyId
    }
    /// A path of a connection.
    OfConnection {
        /// The company's id.
        company as company_id: CompanyId,
        /// The connection's id.
        connection as connection_id: ConnectionId
    }
    /// A path of a conflict.
    OfConflict {
        /// The company's id.
        company as company_id: CompanyId,
        /// The conflict's id.
        conflict as conflict_id: ConflictId
    }
    /// A path of a user whom a connection knows.
    OfLinkedUser {
        /// The company's id.
        company as company_id: CompanyId,
        /// The connection's id.
        connection as connection_id: ConnectionId,
        /// The user's id.
        user as user_id: UserId
    }
    /// A path of a group that a connection knows.
    OfLinkedGroup {
        /// The company's id.
        company as company_id: CompanyId,
        /// The connection's id.
        connection as connection_id: ConnectionId,
        /// The group's id.
        group as group_id: GroupId
    }
}

impl Place for Root {
    fn company(&self) -> Option<CompanyId> {
        None
    }
}

macro_rules! in_company {
    ($($name:ident),+) => {$(
        impl Place for $name {
            fn company(&self) -> Option<CompanyId> { Some(self.company_id()) }
        }
    )+};
}
in_company!(
    OfCompany,
    OfUser,
    OfGroup,
    OfMember,
    OfOwner,
    OfChild,
    OfWebhook,
    OfDelivery,
    OfReason,
    OfRole,
    OfKey,
    OfConflict,
    OfConnection,
    OfRun,
    OfLinkedUser,
    OfLinkedGroup,
    OfApp,
    OfAccess,
    OfGroupApp,
    OfPolicy,
    OfRequest,
    OfTask,
    OfReview,
    OfReviewRow,
    OfTeam,
    OfTeamMember,
    OfDelegation
);
