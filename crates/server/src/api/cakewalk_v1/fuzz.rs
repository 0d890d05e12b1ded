//! For fuzzing: everything of this dialect that reads what a client wrote.

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_engine::{GroupKey, UserKey};

use super::error::Failure;
use super::extract::{Body, Paged};
use super::wire::AddUsers;
use crate::fuzz::{body, query, settled};

/// Tries bodies and cursors on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    if let Some(Body(ask)) = body::<Body<AddUsers>>("application/json", bytes) {
        settled(ask.into_command(GroupId::NIL).map_err(Failure::from));
    }
    query::<Paged<UserKey>>(bytes);
    query::<Paged<GroupKey>>(bytes);
    query::<Paged<UserId>>(bytes);
}
