//! Typed ids: an id of one kind cannot stand in for another.

use std::fmt;

use uuid::Uuid;

use crate::{Error, Result};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $noun:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The noun this id names, in words for an error.
            pub const NOUN: &'static str = $noun;
            /// The smallest id: where a listing by id starts.
            pub const NIL: Self = Self(Uuid::nil());

            /// Wraps an id that is known to be one.
            pub const fn new(id: Uuid) -> Self { Self(id) }
            /// The bare id.
            pub const fn uuid(self) -> Uuid { self.0 }
            /// The 16 bytes that are stored.
            pub const fn bytes(&self) -> &[u8; 16] { self.0.as_bytes() }

            /// Reads the hyphenated form, in either letter case.
            ///
            /// # Errors
            /// [`Error::Invalid`] on `field` when `raw` is anything else.
            pub fn parse(field: &str, raw: &str) -> Result<Self> {
                parse_uuid(raw).map(Self).ok_or_else(|| Error::invalid(field, "is not a UUID"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.hyphenated().fmt(f) }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
    )+};
}

ids! {
    /// A tenant. The nil id is the platform company, which owns what stands above all tenants.
    CompanyId, "company";
    /// A person in a company.
    UserId, "user";
    /// A group in a company.
    GroupId, "group";
    /// One reason why a user is in a group.
    ReasonId, "reason";
    /// A credential; also its public half on the wire.
    KeyId, "key";
    /// A person signed in to the console.
    SessionId, "session";
    /// What a person may do.
    RoleId, "role";
    /// An identity source.
    ConnectionId, "connection";
    /// One holding of a source against what we have.
    RunId, "run";
    /// An endpoint that events are sent to.
    WebhookId, "webhook";
    /// One message to one webhook, with the tries it took.
    DeliveryId, "delivery";
    /// A work application.
    AppId, "app";
    /// One of the levels of access that an app has.
    LevelId, "permission level";
    /// How requests of one kind are decided.
    PolicyId, "policy";
    /// A wanted access or membership.
    AccessRequestId, "request";
    /// A decision in somebody's hands.
    TaskId, "task";
    /// Somebody decides in another's place.
    DelegationId, "delegation";
    /// A person is leaving.
    OffboardingId, "offboarding";
    /// Somebody looks through accesses or memberships.
    ReviewId, "review";
    /// One access or membership under review.
    ReviewRowId, "row";
    /// A workspace area that people work in.
    TeamId, "team";
    /// A custom field of an app.
    FieldId, "custom field";
    /// Groups of which nobody may be in more than so many.
    ConflictId, "conflict";
    /// One request to the server, as told in its answer and its log line.
    RequestId, "request";
}

impl CompanyId {
    /// The company that platform keys, roles and groups belong to.
    pub const PLATFORM: Self = Self::NIL;
}

/// The hyphenated form of 36 characters, in either letter case; nothing else is taken for an id.
pub fn parse_uuid(raw: &str) -> Option<Uuid> {
    (raw.len() == 36).then(|| Uuid::try_parse(raw).ok()).flatten()
}
