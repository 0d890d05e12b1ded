//! Keys on the wire.

use guildhall_domain::caller::Access;
use guildhall_domain::ids::{ConnectionId, UserId};
use guildhall_domain::{Result, Timestamp, key as domain};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Id, at};

/// A credential, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    /// Its public id.
    pub(crate) id: Uuid,
    /// The user it acts as.
    pub(crate) user: Option<Uuid>,
    /// What its owner calls it.
    pub(crate) name: Option<String>,
    /// What it may do at all.
    #[schema(value_type = super::Access)]
    pub(crate) access: &'static str,
    /// The identity source it stands for.
    pub(crate) connection: Option<Uuid>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it stops working by itself.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
    /// When it was last presented, to within a few seconds.
    #[schema(format = DateTime)]
    pub(crate) last_used_at: Option<String>,
    /// Until when the secret before the last rotation still works.
    #[schema(format = DateTime)]
    pub(crate) previous_until: Option<String>,
    /// When it was revoked.
    #[schema(format = DateTime)]
    pub(crate) revoked_at: Option<String>,
}

impl From<&domain::Key> for Key {
    fn from(key: &domain::Key) -> Self {
        Self {
            id: key.id.uuid(),
            user: key.user.map(UserId::uuid),
            name: key.name.clone(),
            access: key.access.word(),
            connection: key.connection.map(ConnectionId::uuid),
            created_at: at(key.created_at),
            expires_at: key.expires_at.map(at),
            last_used_at: key.last_used_at.map(at),
            previous_until: key.previous_until.map(at),
            revoked_at: key.revoked_at.map(at),
        }
    }
}

/// A key with its secret, which is shown this once. A repeat of the call shows null in its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySecret {
    /// The key.
    #[serde(flatten)]
    pub(crate) key: Key,
    /// The secret, for `X-API-SECRET`.
    pub(crate) secret: Option<String>,
    /// `<id>.<secret>`, for `Authorization: Bearer`.
    pub(crate) token: Option<String>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewKey {
    /// The user it acts as.
    #[schema(value_type = Uuid)]
    user: Id,
    /// What its owner calls it.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// What it may do at all; fixed for its life.
    #[schema(value_type = super::Access)]
    access: String,
    /// The identity source it stands for: what it adds to groups is then the source's word, not a hand's.
    #[schema(value_type = Option<Uuid>)]
    connection: Option<Id>,
    /// When it stops working by itself: RFC 3339, in the future.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl NewKey {
    /// The key that it asks for.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a word or time that is none.
    pub(crate) fn command(self) -> Result<guildhall_engine::NewKey> {
        Ok(guildhall_engine::NewKey {
            user: Some(self.user.0.into()),
            name: self.name,
            access: Access::parse("access", &self.access)?,
            connection: self.connection.map(|id| id.0.into()),
            expires_at: self.expires_at.map(|raw| Timestamp::parse("expiresAt", &raw)).transpose()?,
        })
    }
}

/// How a key gets a new secret.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Seconds for which the old secret works as well: 0 to 2,592,000 (30 days).
    #[schema(maximum = 2592000, default = 86400)]
    overlap_seconds: Option<u32>,
}

impl Rotation {
    /// Seconds for which the old secret works as well.
    pub(crate) fn overlap(&self) -> u32 {
        self.overlap_seconds.unwrap_or(86_400)
    }
}
