//! Credentials, without their secrets.

use crate::Timestamp;
use crate::caller::Access;
use crate::ids::{CompanyId, ConnectionId, KeyId, UserId};

/// A credential as it is shown: never its secret, of which only a hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its public id.
    pub id: KeyId,
    /// The company it works in; the platform company for a platform key.
    pub company: CompanyId,
    /// The user it acts as; none for a platform key.
    pub user: Option<UserId>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may do at all.
    pub access: Access,
    /// The identity source it stands for.
    pub connection: Option<ConnectionId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last presented, to within a few seconds.
    pub last_used_at: Option<Timestamp>,
    /// Until when the secret before the last rotation still works.
    pub previous_until: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
