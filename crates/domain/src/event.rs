//! What happened: the lines of the journal.

use crate::access::AppEvent;
use crate::caller::Access;
use crate::connection::Noun;
use crate::group::Owner;
use crate::ids::{
    CompanyId, ConflictId, ConnectionId, DeliveryId, GroupId, KeyId, RoleId, SessionId, UserId, WebhookId,
};
use crate::membership::ReasonKind;
use crate::request::{RequestEvent, RequestStatus};
use crate::review::ReviewEvent;
use crate::role::Scope;
use crate::team::TeamEvent;
use crate::{Timestamp, time::Window};
use uuid::Uuid;

/// Members of a record by their native names, as texts; none where the member is empty.
pub type Fields = Vec<(&'static str, Option<String>)>;

/// One change. A bulk change of members is one event per group and call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line above each variant tells its fields")]
pub enum Event {
    /// A company came to be.
    CompanyCreated { company: CompanyId, fields: Fields },
    /// Its record changed; the fields hold the new values.
    CompanyUpdated { company: CompanyId, fields: Fields },
    /// It was deleted.
    CompanyArchived { company: CompanyId },
    /// An import into it is complete.
    CompanyImported { company: CompanyId, users: u64, groups: u64, memberships: u64 },
    /// A user came to be; the fields are personal.
    UserCreated { user: UserId, fields: Fields },
    /// A user's record changed; the fields are personal and hold the new values.
    UserUpdated { user: UserId, fields: Fields },
    /// A user was deactivated: the reasons stay and count for nothing.
    UserDeactivated { user: UserId },
    /// A user was reactivated.
    UserReactivated { user: UserId },
    /// A person was erased: name, addresses and attributes are gone from the rows and from this journal.
    UserErased { user: UserId },
    /// A group came to be.
    GroupCreated { group: GroupId, fields: Fields },
    /// A group's record changed; the fields hold the new values.
    GroupUpdated { group: GroupId, fields: Fields },
    /// A group was deleted; it can be restored until the purge.
    GroupArchived { group: GroupId, purge_at: Timestamp },
    /// A deleted group came back.
    GroupRestored { group: GroupId },
    /// A deleted group is beyond restoring.
    GroupPurged { group: GroupId },
    /// The owners of a group changed.
    OwnersChanged { group: GroupId, added: Vec<Owner>, removed: Vec<Owner> },
    /// A group was put inside another: its effective members are effective members of the parent.
    GroupNested { parent: GroupId, child: GroupId },
    /// A group was taken out of another.
    GroupUnnested { parent: GroupId, child: GroupId },
    /// Reasons of this kind were given to users.
    MembersAdded { group: GroupId, users: Vec<UserId>, kind: ReasonKind, window: Window, note: Option<String> },
    /// Reasons of these users were ended.
    MembersRemoved { group: GroupId, users: Vec<UserId> },
    /// The window or note of these users' reasons of one kind was changed.
    MembersChanged { group: GroupId, users: Vec<UserId>, kind: ReasonKind, window: Window, note: Option<String> },
    /// The windows of these users' reasons began, at the instant this event is true from.
    MembersStarted { group: GroupId, users: Vec<UserId>, at: Timestamp },
    /// The windows of these users' reasons ended, at the instant this event is true from.
    MembersEnded { group: GroupId, users: Vec<UserId>, at: Timestamp },
    /// A webhook came to be; its address is told by its host alone, for the rest may be a secret.
    WebhookCreated { webhook: WebhookId, fields: Fields },
    /// A webhook's record changed; the fields hold the new values.
    WebhookUpdated { webhook: WebhookId, fields: Fields },
    /// A webhook was deleted.
    WebhookDeleted { webhook: WebhookId },
    /// A webhook got a new secret; the old one signs as well until the given time.
    WebhookRotated { webhook: WebhookId, previous_until: Timestamp },
    /// A webhook was paused: what happens waits for it.
    WebhookPaused { webhook: WebhookId },
    /// A webhook goes on: with what waits for it, or with what comes.
    WebhookResumed { webhook: WebhookId, skipped: bool },
    /// A webhook was switched off by the server, because its receiver stayed dead.
    WebhookDisabled { webhook: WebhookId, owner: Option<UserId>, why: String },
    /// A test message was asked for.
    WebhookTested { webhook: WebhookId },
    /// A delivery was asked for once more.
    WebhookRedelivered { webhook: WebhookId, delivery: DeliveryId },
    /// The company got a key that signs Cakewalk webhooks from the given time on.
    SigningKeyCreated { key: KeyId, signs_from: Timestamp },
    /// A role came to be.
    RoleCreated { role: RoleId, fields: Fields },
    /// A role's record changed; the fields hold the new values.
    RoleUpdated { role: RoleId, fields: Fields },
    /// A role was deleted.
    RoleDeleted { role: RoleId },
    /// What roles a group gives, and within which scopes, changed.
    RolesChanged { group: GroupId, added: Vec<(RoleId, Scope)>, removed: Vec<(RoleId, Scope)> },
    /// A key may take so many members out of a group until then, in spite of the brake.
    BrakeReleased { group: GroupId, key: KeyId, removals: u32, until: Timestamp },
    /// A key was made.
    KeyCreated {
        key: KeyId,
        user: Option<UserId>,
        access: Access,
        connection: Option<ConnectionId>,
        expires_at: Option<Timestamp>,
    },
    /// A key got a new secret; the old one works until the given time.
    KeyRotated { key: KeyId, previous_until: Timestamp },
    /// A key was revoked.
    KeyRevoked { key: KeyId },
    /// A person signed in to the console: with a key, or by the company's own sign-in.
    SessionStarted { session: SessionId, user: UserId, key: Option<KeyId>, expires_at: Timestamp },
    /// A person signed out of the console.
    SessionEnded { session: SessionId },
    /// A connection came to be.
    ConnectionCreated { connection: ConnectionId, fields: Fields },
    /// Its record changed; the fields hold the new values.
    ConnectionUpdated { connection: ConnectionId, fields: Fields },
    /// It was taken away, with its links and the reasons it gave.
    ConnectionDeleted { connection: ConnectionId },
    /// A connection knows a person or group from now on, or by another id of its own, which is personal.
    Linked { connection: ConnectionId, noun: Noun, object: Uuid, external_id: Option<String>, made: bool },
    /// A connection knows a person or group no more.
    Unlinked { connection: ConnectionId, noun: Noun, object: Uuid },
    /// A conflict of groups came to be.
    ConflictCreated { conflict: ConflictId, fields: Fields },
    /// Its record changed; the fields hold the new values.
    ConflictUpdated { conflict: ConflictId, fields: Fields },
    /// It was deleted.
    ConflictDeleted { conflict: ConflictId },
    /// Apps, what groups hold of them, and who has access.
    App(AppEvent),
    /// Policies, requests, tasks, delegations and offboardings.
    Request(RequestEvent),
    /// Reviews.
    Review(ReviewEvent),
    /// Teams.
    Team(TeamEvent),
}

/// The kinds of events, as they are stored and sent: noun, dot, verb.
macro_rules! kinds {
    ($($event:pat => $kind:literal,)+) => {
        impl Event {
            /// Every kind there is, in the order of definition: what a webhook may ask for.
            pub const KINDS: &'static [&'static str] = &[$($kind),+];

            /// The kind, as it is stored and sent: noun, dot, verb.
            pub fn kind(&self) -> &'static str {
                match self {
                    $($event => $kind,)+
                }
            }
        }
    };
}

kinds! {
    Self::CompanyCreated { .. } => "company.created",
    Self::CompanyUpdated { .. } => "company.updated",
    Self::CompanyArchived { .. } => "company.archived",
    Self::CompanyImported { .. } => "company.imported",
    Self::UserCreated { .. } => "user.created",
    Self::UserUpdated { .. } => "user.updated",
    Self::UserDeactivated { .. } => "user.deactivated",
    Self::UserReactivated { .. } => "user.reactivated",
    Self::UserErased { .. } => "user.erased",
    Self::GroupCreated { .. } => "group.created",
    Self::GroupUpdated { .. } => "group.updated",
    Self::GroupArchived { .. } => "group.archived",
    Self::GroupRestored { .. } => "group.restored",
    Self::GroupPurged { .. } => "group.purged",
    Self::OwnersChanged { .. } => "group.owners_changed",
    Self::GroupNested { .. } => "group.nested",
    Self::GroupUnnested { .. } => "group.unnested",
    Self::MembersChanged { .. } => "group.members_changed",
    Self::MembersStarted { .. } => "group.members_started",
    Self::MembersEnded { .. } => "group.members_ended",
    Self::MembersAdded { .. } => "group.members_added",
    Self::MembersRemoved { .. } => "group.members_removed",
    Self::RoleCreated { .. } => "role.created",
    Self::RoleUpdated { .. } => "role.updated",
    Self::RoleDeleted { .. } => "role.deleted",
    Self::RolesChanged { .. } => "group.roles_changed",
    Self::WebhookCreated { .. } => "webhook.created",
    Self::WebhookUpdated { .. } => "webhook.updated",
    Self::WebhookDeleted { .. } => "webhook.deleted",
    Self::WebhookRotated { .. } => "webhook.secret_rotated",
    Self::WebhookPaused { .. } => "webhook.paused",
    Self::WebhookResumed { .. } => "webhook.resumed",
    Self::WebhookDisabled { .. } => "webhook.disabled",
    Self::WebhookTested { .. } => "webhook.tested",
    Self::WebhookRedelivered { .. } => "webhook.redelivered",
    Self::SigningKeyCreated { .. } => "signing_key.created",
    Self::BrakeReleased { .. } => "group.brake_released",
    Self::KeyCreated { .. } => "key.created",
    Self::KeyRotated { .. } => "key.rotated",
    Self::KeyRevoked { .. } => "key.revoked",
    Self::SessionStarted { .. } => "session.started",
    Self::SessionEnded { .. } => "session.ended",
    Self::ConnectionCreated { .. } => "connection.created",
    Self::ConnectionUpdated { .. } => "connection.updated",
    Self::ConnectionDeleted { .. } => "connection.deleted",
    Self::ConflictCreated { .. } => "conflict.created",
    Self::ConflictUpdated { .. } => "conflict.updated",
    Self::ConflictDeleted { .. } => "conflict.deleted",
    Self::Linked { noun: Noun::User, .. } => "user.linked",
    Self::Linked { noun: Noun::Group, .. } => "group.linked",
    Self::Unlinked { noun: Noun::User, .. } => "user.unlinked",
    Self::Unlinked { noun: Noun::Group, .. } => "group.unlinked",
    Self::App(AppEvent::Created { .. }) => "app.created",
    Self::App(AppEvent::Updated { .. }) => "app.updated",
    Self::App(AppEvent::Linked { .. }) => "group.app_linked",
    Self::App(AppEvent::Unlinked { .. }) => "group.app_unlinked",
    Self::App(AppEvent::Given { .. }) => "app.access_given",
    Self::App(AppEvent::Ended { .. }) => "app.access_ended",
    Self::Request(RequestEvent::PolicyCreated { .. }) => "policy.created",
    Self::Request(RequestEvent::PolicyUpdated { .. }) => "policy.updated",
    Self::Request(RequestEvent::PolicyArchived { .. }) => "policy.archived",
    Self::Request(RequestEvent::PolicyChosen { .. }) => "policy.chosen",
    Self::Request(RequestEvent::Raised { .. }) => "request.raised",
    Self::Request(RequestEvent::Assigned { .. }) => "task.assigned",
    Self::Request(RequestEvent::Actionable { .. }) => "action_task.actionable",
    Self::Request(RequestEvent::Escalated { .. }) => "task.escalated",
    Self::Request(RequestEvent::Decided { .. }) => "task.decided",
    Self::Request(RequestEvent::Moved { status: RequestStatus::Open, .. }) => "request.opened",
    Self::Request(RequestEvent::Moved { status: RequestStatus::Approved, .. }) => "request.approved",
    Self::Request(RequestEvent::Moved { status: RequestStatus::Declined, .. }) => "request.declined",
    Self::Request(RequestEvent::Moved { status: RequestStatus::Cancelled, .. }) => "request.cancelled",
    Self::Request(RequestEvent::Moved { status: RequestStatus::Completed, .. }) => "request.completed",
    Self::Request(RequestEvent::Moved { status: RequestStatus::Expired, .. }) => "request.expired",
    Self::Request(RequestEvent::Delegated { .. }) => "delegation.created",
    Self::Request(RequestEvent::Undelegated { .. }) => "delegation.ended",
    Self::Request(RequestEvent::OffboardingStarted { .. }) => "offboarding.started",
    Self::Request(RequestEvent::OffboardingEnded { .. }) => "offboarding.ended",
    Self::Review(ReviewEvent::Opened { .. }) => "review.opened",
    Self::Review(ReviewEvent::Updated { .. }) => "review.updated",
    Self::Review(ReviewEvent::Decided { .. }) => "review.decided",
    Self::Review(ReviewEvent::Reminded { .. }) => "review.reminded",
    Self::Review(ReviewEvent::Closed { .. }) => "review.closed",
    Self::Team(TeamEvent::Created { .. }) => "team.created",
    Self::Team(TeamEvent::Updated { .. }) => "team.updated",
    Self::Team(TeamEvent::MembersChanged { .. }) => "team.members_changed",
}

impl Event {
    /// The instant it is true from, where that is not the one at which it is written.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::MembersStarted { at, .. } | Self::MembersEnded { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// The id of what it touched.
    pub fn subject(&self) -> Uuid {
        match self {
            Self::CompanyCreated { company, .. }
            | Self::CompanyUpdated { company, .. }
            | Self::CompanyArchived { company }
            | Self::CompanyImported { company, .. } => company.uuid(),
            Self::UserCreated { user, .. }
            | Self::UserUpdated { user, .. }
            | Self::UserDeactivated { user }
            | Self::UserReactivated { user }
            | Self::UserErased { user } => user.uuid(),
            Self::GroupCreated { group, .. }
            | Self::GroupUpdated { group, .. }
            | Self::GroupArchived { group, .. }
            | Self::GroupRestored { group }
            | Self::GroupPurged { group }
            | Self::OwnersChanged { group, .. }
            | Self::BrakeReleased { group, .. }
            | Self::GroupNested { parent: group, .. }
            | Self::GroupUnnested { parent: group, .. }
            | Self::MembersChanged { group, .. }
            | Self::MembersStarted { group, .. }
            | Self::MembersEnded { group, .. }
            | Self::MembersAdded { group, .. }
            | Self::MembersRemoved { group, .. }
            | Self::RolesChanged { group, .. } => group.uuid(),
            Self::RoleCreated { role, .. } | Self::RoleUpdated { role, .. } | Self::RoleDeleted { role } => role.uuid(),
            Self::WebhookCreated { webhook, .. }
            | Self::WebhookUpdated { webhook, .. }
            | Self::WebhookDeleted { webhook }
            | Self::WebhookRotated { webhook, .. }
            | Self::WebhookPaused { webhook }
            | Self::WebhookResumed { webhook, .. }
            | Self::WebhookDisabled { webhook, .. }
            | Self::WebhookTested { webhook }
            | Self::WebhookRedelivered { webhook, .. } => webhook.uuid(),
            Self::SigningKeyCreated { key, .. } => key.uuid(),
            Self::KeyCreated { key, .. } | Self::KeyRotated { key, .. } | Self::KeyRevoked { key } => key.uuid(),
            Self::SessionStarted { session, .. } | Self::SessionEnded { session } => session.uuid(),
            Self::ConnectionCreated { connection, .. }
            | Self::ConnectionUpdated { connection, .. }
            | Self::ConnectionDeleted { connection } => connection.uuid(),
            Self::ConflictCreated { conflict, .. }
            | Self::ConflictUpdated { conflict, .. }
            | Self::ConflictDeleted { conflict } => conflict.uuid(),
            Self::Linked { object, .. } | Self::Unlinked { object, .. } => *object,
            Self::App(event) => event.subject(),
            Self::Request(event) => event.subject(),
            Self::Review(event) => event.subject(),
            Self::Team(event) => event.subject(),
        }
    }
}
