//! Opaque cursors: where a listing goes on, as text that clients send back and never read.
//!
//! A cursor names a place in an order and nothing else. It is not signed: every listing looks only inside the
//! caller's company, so a cursor from elsewhere is at worst another place in one's own list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guildhall_domain::ids::{
    AccessRequestId, AppId, CompanyId, ConflictId, ConnectionId, DeliveryId, FieldId, KeyId, LevelId, PolicyId,
    ReviewId, ReviewRowId, RoleId, RunId, TaskId, TeamId, UserId, WebhookId,
};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{AppKey, EndingKey, GroupKey, UserKey};
use uuid::Uuid;

/// The longest cursor that is looked at: a folded name of 255 characters fits several times.
const LONGEST: usize = 8192;

/// A place in a listing, to and from text.
pub trait Cursor: Sized {
    /// The place as text without its wrapping.
    fn plain(&self) -> String;
    /// The place that such a text names.
    fn read(plain: &str) -> Option<Self>;

    /// The place as an opaque text of base64url.
    fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.plain())
    }

    /// The place that a client sent back.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `cursor` when it was not made by [`Self::write`] for such a listing.
    fn parse(text: &str) -> Result<Self> {
        let bytes = (text.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()).flatten();
        let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        plain
            .and_then(|plain| Self::read(&plain))
            .ok_or_else(|| Error::invalid("cursor", "is not one that this listing gave"))
    }
}

macro_rules! by_id {
    ($($id:ident),+) => {$(
        impl Cursor for $id {
            fn plain(&self) -> String { format!("i {self}") }
            fn read(plain: &str) -> Option<Self> {
                guildhall_domain::ids::parse_uuid(plain.strip_prefix("i ")?).map(Self::from)
            }
        }
    )+};
}
by_id!(
    UserId,
    KeyId,
    CompanyId,
    ConflictId,
    ConnectionId,
    RunId,
    WebhookId,
    DeliveryId,
    AppId,
    LevelId,
    FieldId,
    RoleId,
    PolicyId,
    AccessRequestId,
    TaskId,
    ReviewId,
    ReviewRowId,
    TeamId,
    Uuid
);

/// A place in the journal: behind this revision.
impl Cursor for u64 {
    fn plain(&self) -> String {
        format!("r {self}")
    }
    fn read(plain: &str) -> Option<Self> {
        plain.strip_prefix("r ")?.parse().ok()
    }
}

/// A place among endings: the instant, group, user and reason.
impl Cursor for EndingKey {
    fn plain(&self) -> String {
        format!("e {} {} {} {}", self.0.micros(), self.1, self.2, self.3)
    }
    fn read(plain: &str) -> Option<Self> {
        let mut parts = plain.strip_prefix("e ")?.split(' ');
        let at = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let mut id = || guildhall_domain::ids::parse_uuid(parts.next()?);
        let key = (at, id()?.into(), id()?.into(), id()?.into());
        parts.next().is_none().then_some(key)
    }
}

fn ordered(plain: &str) -> Option<(&str, Uuid, &str)> {
    let (kind, rest) = plain.split_once(' ')?;
    let (id, key) = rest.split_once(' ')?;
    Some((kind, guildhall_domain::ids::parse_uuid(id)?, key))
}

macro_rules! by_name_or_birth {
    ($($key:ident),+) => {$(
        impl Cursor for $key {
            fn plain(&self) -> String {
                match self {
                    Self::Name(name, id) => format!("n {id} {name}"),
                    Self::Created(at, id) => format!("c {id} {}", at.micros()),
                }
            }
            fn read(plain: &str) -> Option<Self> {
                match ordered(plain)? {
                    // PostgreSQL holds no NUL in a text, and no folded name has one.
                    ("n", id, name) if !name.contains('\0') => Some(Self::Name(name.to_owned(), id.into())),
                    ("c", id, at) => Some(Self::Created(Timestamp::from_micros(at.parse().ok()?), id.into())),
                    _ => None,
                }
            }
        }
    )+};
}
by_name_or_birth!(UserKey, GroupKey);

impl Cursor for AppKey {
    fn plain(&self) -> String {
        format!("a {} {}", self.1, self.0)
    }
    fn read(plain: &str) -> Option<Self> {
        match ordered(plain)? {
            ("a", id, name) if !name.contains('\0') => Some(Self(name.to_owned(), id.into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        let id = Uuid::from_u128(7).into();
        for key in [GroupKey::Name("åsa 2 x".into(), id), GroupKey::Created(Timestamp::from_micros(-5), id)] {
            assert_eq!(GroupKey::parse(&key.write()).unwrap(), key);
        }
        for wrong in ["", "x", "bm9uZQ", &UserId::NIL.write(), &7_u64.write()] {
            assert!(GroupKey::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(u64::parse(&12_u64.write()).unwrap(), 12);
    }
}
