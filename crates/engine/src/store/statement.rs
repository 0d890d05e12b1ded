//! A registered SQL text, the values bound to it and the rows it answers.

use std::borrow::Cow;

use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

/// One SQL text in both spellings, which differ in nothing but `$1` and `?1`.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The constant's name, for tests and traces.
    pub name: &'static str,
    /// With `$1`.
    pub postgres: &'static str,
    /// With `?1`.
    pub sqlite: &'static str,
}

/// Writes `?` for each `$`; our texts use `$` for nothing but parameters.
pub(crate) const fn question_marks<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut to = [0; N];
    let mut i = 0;
    while i < N {
        to[i] = if from[i] == b'$' { b'?' } else { from[i] };
        i += 1;
    }
    to
}

/// Defines statements and the list `ALL` of them: `sql! { GET = "select …"; … }`. Texts may be `concat!`ed.
macro_rules! sql {
    ($($name:ident = $text:expr;)+) => {
        $(pub(crate) const $name: $crate::store::Statement = {
            const TEXT: &str = $text;
            const MARKS: [u8; TEXT.len()] = $crate::store::statement::question_marks::<{ TEXT.len() }>(TEXT);
            $crate::store::Statement {
                name: concat!(module_path!(), "::", stringify!($name)),
                postgres: TEXT,
                sqlite: match std::str::from_utf8(&MARKS) { Ok(text) => text, Err(_) => panic!("not UTF-8") },
            }
        };)+
        pub(crate) const ALL: &[&$crate::store::Statement] = &[$(&$name),+];
    };
}
pub(crate) use sql;

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Bool(bool),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// The 16 bytes of an id, which need no allocation.
    Id([u8; 16]),
}

/// Anything that can be bound, as a [`Value`].
pub(crate) fn val<'a>(value: impl Into<Value<'a>>) -> Value<'a> {
    value.into()
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}
impl From<u64> for Value<'_> {
    fn from(n: u64) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}
impl From<u32> for Value<'_> {
    fn from(n: u32) -> Self {
        Self::Int(n.into())
    }
}
impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(s: &'a str) -> Self {
        Self::Text(Cow::Borrowed(s))
    }
}
impl From<String> for Value<'_> {
    fn from(s: String) -> Self {
        Self::Text(Cow::Owned(s))
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(s: &'a String) -> Self {
        Self::Text(Cow::Borrowed(s))
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(b: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(b))
    }
}
impl From<Vec<u8>> for Value<'_> {
    fn from(b: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(b))
    }
}
impl<const N: usize> From<[u8; N]> for Value<'_> {
    fn from(b: [u8; N]) -> Self {
        Self::Bytes(Cow::Owned(b.to_vec()))
    }
}
impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(id.into_bytes())
    }
}
impl From<Timestamp> for Value<'_> {
    fn from(t: Timestamp) -> Self {
        Self::Int(t.micros())
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().into()
    }
}

macro_rules! bind_ids {
    ($($id:ident),+) => {$(
        impl From<guildhall_domain::ids::$id> for Value<'_> {
            fn from(id: guildhall_domain::ids::$id) -> Self {
                Self::Id(*id.bytes())
            }
        }
    )+};
}
bind_ids!(
    CompanyId,
    UserId,
    GroupId,
    RoleId,
    SessionId,
    ReasonId,
    KeyId,
    ConnectionId,
    RunId,
    ConflictId,
    RequestId,
    WebhookId,
    DeliveryId,
    AppId,
    LevelId,
    PolicyId,
    AccessRequestId,
    TaskId,
    DelegationId,
    OffboardingId,
    ReviewId,
    ReviewRowId,
    TeamId
);

/// One row, still in the hands of its database.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

macro_rules! column {
    (never null: $(#[$doc:meta])* $name:ident, $kind:ty, $out:ty, $map:expr) => {
        $(#[$doc])*
        pub(crate) fn $name(&self, i: usize) -> Result<$out> {
            match self {
                Self::Sqlite(row) => row.get::<_, $kind>(i).map($map).map_err(Error::internal),
                Self::Postgres(row) => row.try_get::<_, $kind>(i).map($map).map_err(Error::internal),
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $opt:ident, $kind:ty, $out:ty, $map:expr) => {
        column!(never null: $(#[$doc])* $name, $kind, $out, $map);
        #[doc = concat!("As `", stringify!($name), "`, none where the column is null.")]
        pub(crate) fn $opt(&self, i: usize) -> Result<Option<$out>> {
            match self {
                Self::Sqlite(row) => row.get::<_, Option<$kind>>(i).map(|v| v.map($map)).map_err(Error::internal),
                Self::Postgres(row) => row.try_get::<_, Option<$kind>>(i).map(|v| v.map($map)).map_err(Error::internal),
            }
        }
    };
}

impl Row<'_> {
    column!(
        /// A number.
        int, opt_int, i64, i64, |n| n);
    column!(
        /// A text.
        text, opt_text, String, String, |s| s);
    column!(
        /// Bytes.
        bytes, opt_bytes, Vec<u8>, Vec<u8>, |b| b);
    column!(
        /// An instant.
        time, opt_time, i64, Timestamp, Timestamp::from_micros);
    column!(never null:
        /// Yes or no.
        flag, bool, bool, |b| b);

    /// A counter.
    pub(crate) fn count(&self, i: usize) -> Result<u64> {
        self.int(i).map(|n| u64::try_from(n).unwrap_or(0))
    }

    /// A counter, none where the column is null.
    pub(crate) fn opt_count(&self, i: usize) -> Result<Option<u64>> {
        let read = |n: Option<i64>| n.map(|n| u64::try_from(n).unwrap_or(0));
        match self {
            Self::Sqlite(row) => row.get::<_, Option<i64>>(i).map(read).map_err(Error::internal),
            Self::Postgres(row) => row.try_get::<_, Option<i64>>(i).map(read).map_err(Error::internal),
        }
    }

    /// A text looked at in place, where no copy of it is wanted.
    pub(crate) fn look<T>(&self, i: usize, f: impl FnOnce(&str) -> Result<T>) -> Result<T> {
        match self {
            Self::Sqlite(row) => f(row.get_ref(i).map_err(Error::internal)?.as_str().map_err(Error::internal)?),
            Self::Postgres(row) => f(row.try_get::<_, &str>(i).map_err(Error::internal)?),
        }
    }

    /// An id.
    pub(crate) fn id<T: From<Uuid>>(&self, i: usize) -> Result<T> {
        self.opt_id(i)?.ok_or_else(|| Error::internal("an id is null"))
    }

    /// An id, none where the column is null.
    pub(crate) fn opt_id<T: From<Uuid>>(&self, i: usize) -> Result<Option<T>> {
        let read = |bytes: &[u8]| Uuid::from_slice(bytes).map(T::from).map_err(Error::internal);
        match self {
            Self::Sqlite(row) => {
                let column = row.get_ref(i).map_err(Error::internal)?;
                column.as_blob_or_null().map_err(Error::internal)?.map(read).transpose()
            }
            Self::Postgres(row) => row.try_get::<_, Option<&[u8]>>(i).map_err(Error::internal)?.map(read).transpose(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_text_in_two_spellings() {
        mod probe {
            sql! { GET = "select $1, $12"; }
        }
        assert_eq!(probe::ALL.len(), 1);
        assert_eq!(probe::GET.sqlite, "select ?1, ?12");
        assert_eq!(probe::GET.postgres, "select $1, $12");
    }
}
