//! This dialect's JSON and its conversions: pure, no async. Names are camelCase, times RFC 3339 with microseconds.

mod accesses;
mod apps;
mod check;
mod companies;
mod conflicts;
mod connections;
mod difference;
mod events;
mod explain;
mod explain_given;
mod groups;
mod keys;
mod me;
mod members;
mod policies;
mod preview;
mod reasons;
mod requests;
mod review_rows;
mod reviews;
mod roles;
mod rules;
mod runs;
mod sheets;
mod teams;
mod users;
mod webhooks;

use guildhall_domain::ids::{
    AccessRequestId, AppId, CompanyId, ConflictId, ConnectionId, DelegationId, DeliveryId, GroupId, KeyId, PolicyId,
    ReasonId, ReviewId, ReviewRowId, RoleId, RunId, TaskId, TeamId, UserId, WebhookId,
};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Result, Timestamp, name};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::extract::Place;
use crate::http::patch::Field;

pub(super) use accesses::{AppAccess, AppGroup, GiveAccess, GroupApp, LinkApp, ListGroupApps, UserAccess};
pub(super) use apps::{App, EditApp, ListApps, NewApp};
pub(super) use check::{Checked, Checks};
pub(super) use companies::{Company, CreatedCompany, EditCompany, NewCompany};
pub(super) use conflicts::{Breach, Breaching, Conflict, EditConflict, NewConflict};
pub(super) use connections::{Connection, EditConnection, Link, ListLinks, NewConnection, SetLink};
pub(super) use difference::{Between, GroupDifference, PutBack, UserDifference};
pub(super) use events::{Event, ListEvents, Verification};
pub(super) use explain::{About, Explain, Explained, Explanation, GivenReason, Named, Path};
pub(super) use explain_given::{HeldApp, WhyHeld};
pub(super) use groups::{
    EditGroup, Group, JoinedGroup, ListGroups, ListNested, ListedGroup, Nested, NewGroup, Owners, SetOwners, group,
    write_joined,
};
pub(super) use keys::{Key, KeySecret, NewKey, Rotation};
pub(super) use me::{Ids, Me, Names};
pub(super) use members::{
    ChangeMembers, ChangedMembers, ListJoined, ListMembers, ListedMember, MemberCount, MemberResult, Membership,
    Reason, Release, ReleaseBrake, write_member,
};
pub(super) use policies::{
    ChoosePolicy, Chooses, Chosen, EditPolicy, ListPolicies, NewPolicy, OfAppPolicy, OfGroupPolicy, OfLevelPolicy,
    Policy, Version,
};
pub(super) use preview::Preview;
pub(super) use reasons::{AddTerms, EditReason, Ending, ListEndings, Reasons};
pub(super) use requests::{
    Decide, Delegation, ListRequests, ListTasks, NewDelegation, NewRequest, Request, Task, TaskWithPeople,
};
pub(super) use review_rows::{COLUMNS, DecideManyRows, DecideRow, DecidedReviewRows, ListReviewRows, ReviewRow};
pub(super) use reviews::{
    CloseReviewBody, ClosedReview, EditReview, Evidence, EvidenceForm, ListReviews, NewReview, Reminded, Review,
};
pub(super) use roles::{AccessRole, AccessRoles, ChangeGroupRoles, EditRole, GroupRoles, NewRole, Permissions};
pub(super) use rules::{PreviewRule, PreviewedRule, TriedRule, TryRule};
pub(super) use runs::{NewRun, Run};
pub(super) use sheets::{ImportedSheet, WholeSheet};
pub(super) use teams::{EditTeam, ListTeams, Team};
pub(super) use users::{EditUser, Erase, ListUsers, NewUser, User, merged};
pub(super) use webhooks::{
    Delivery, EditWebhook, Hook, ListDeliveries, NewWebhook, Resumption, SigningKeys, Webhook, WebhookRotation,
    WebhookWithSecret,
};

/// An id as requests carry it: the hyphenated form, in either letter case, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Id;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a UUID")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
                guildhall_domain::ids::parse_uuid(text).map(Id).ok_or_else(|| E::custom("is not a UUID"))
            }
        }
        from.deserialize_str(Text)
    }
}

/// The words of a user's status.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum Status {
    /// Asked in, not yet signed in; counts as a member.
    Invited,
    /// In use.
    Active,
    /// Leaving; counts as a member until the end.
    Offboarding,
    /// Deactivated: the reasons stay and count for nothing.
    Inactive,
}

/// The words of a workspace role.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum Role {
    /// Everything in the company.
    Admin,
    /// Reads, and edits the members of groups they own.
    Editor,
    /// Reads.
    Viewer,
    /// Their own memberships only.
    Guest,
}

/// The words of a key's access level.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum Access {
    /// Reads only.
    Read,
    /// Reads and changes.
    Write,
}

/// The words of a group's state.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum State {
    /// In use.
    Live,
    /// Deleted, and can be restored until its purge.
    Archived,
}

/// The words of an app's status.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum AppStatus {
    /// In use and looked after.
    Managed,
    /// Seen, not decided.
    Discovered,
    /// Watched only.
    Tracked,
    /// Asked for.
    Requested,
    /// Against policy.
    Restricted,
    /// Not watched.
    Ignored,
    /// Kept for audit.
    Archived,
}

/// The words of what an app is to a group.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum Visibility {
    /// Every member gets it.
    Default,
    /// Members do not see it.
    Hidden,
}

/// The words of what a custom field holds.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum FieldKind {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A person of the company, by id.
    User,
    /// One of a list of options.
    Select,
}

/// The orders of a listing.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(super) enum Sort {
    /// By name, as folded for comparing.
    #[schema(rename = "name")]
    Name,
    /// By name, last first.
    #[schema(rename = "-name")]
    NameDown,
    /// Oldest first.
    #[schema(rename = "createdAt")]
    Created,
    /// Newest first.
    #[schema(rename = "-createdAt")]
    CreatedDown,
}

/// One page of a listing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The rows, in order.
    pub(super) items: Vec<T>,
    /// The cursor of the next page; null on the last one. The `Link` header has the whole address.
    pub(super) next: Option<String>,
    /// The number of all rows, when `total=true` asked for it and it is counted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// How much of a listing, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPlain {
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: Option<u32>,
    /// The `next` of the page before.
    pub(super) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(super) total: Option<bool>,
}

/// As of when a record is told.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    /// Answer as of this instant instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    at: Option<String>,
}

impl At {
    /// The instant; none for the present.
    pub(super) fn instant(&self) -> Result<Option<Timestamp>> {
        instant("at", self.at.as_deref())
    }
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident as $getter:ident: $id:ty),+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(super) struct $name { $($(#[$fdoc])* #[param(value_type = Uuid)] $field: Id),+ }

        impl $name {
            $($(#[$fdoc])* pub(super) fn $getter(&self) -> $id { self.$field.0.into() })+
        }
    )+};
}

/// A path above all companies.
#[derive(Debug, Deserialize)]
pub(super) struct Root {}

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

/// A time as it is written: RFC 3339, microseconds, `Z`.
fn at(time: Timestamp) -> String {
    time.to_string()
}

/// The instant that a parameter names.
pub(super) fn instant(field: &str, raw: Option<&str>) -> Result<Option<Timestamp>> {
    raw.map(|raw| Timestamp::parse(field, raw)).transpose()
}

/// What a member of an edit says.
fn patch<T>(field: Field<T>) -> Patch<T> {
    match field {
        Field::Absent => Patch::Keep,
        Field::Null => Patch::Clear,
        Field::Value(value) => Patch::Set(value),
    }
}

/// The text that a listing looks for: the databases take no control characters, and none is in a name.
fn searched(q: Option<&str>) -> Result<Option<String>> {
    q.filter(|q| !q.is_empty()).map(|q| name::short("q", q)).transpose()
}

/// Field and order of a `sort` parameter; name, smallest first, when absent.
fn sorted<S>(raw: Option<&str>, by_name: S, by_birth: S) -> Result<(S, guildhall_domain::page::Order)> {
    use guildhall_domain::page::Order::{Ascending, Descending};
    match raw {
        None | Some("name") => Ok((by_name, Ascending)),
        Some("-name") => Ok((by_name, Descending)),
        Some("createdAt") => Ok((by_birth, Ascending)),
        Some("-createdAt") => Ok((by_birth, Descending)),
        Some(_) => {
            Err(guildhall_domain::Error::invalid("sort", "must be one of `name`, `-name`, `createdAt`, `-createdAt`"))
        }
    }
}
