//! Sessions of the console: a person signed in, for a while.

use crate::Timestamp;
use crate::ids::{CompanyId, KeyId, SessionId, UserId};

/// Seconds without a call after which a session ends by itself.
pub const IDLE_SECONDS: i64 = 12 * 3600;
/// Seconds after which a session ends however much it is used.
pub const LONGEST_SECONDS: i64 = 7 * 86_400;

/// A person signed in to the console; never its secret, of which only a hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The company it works in.
    pub company: CompanyId,
    /// The person.
    pub user: UserId,
    /// The key that opened it, and without which it ends.
    pub key: Option<KeyId>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself, however much it is used.
    pub expires_at: Timestamp,
}
