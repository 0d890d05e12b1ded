//! For fuzzing: everything of this dialect that reads what a client wrote.

use serde::de::DeserializeOwned;

use super::error::Failure;
use super::extract::{Asked, Body};
use super::page::Paged;
use super::wire::{CreateGroup, CreateUser, UpdateGroup, UpdateUser};
use super::wire_teams::{SaveTeam, TeamQuery};
use crate::fuzz::{body, query, settled};

fn json<T: DeserializeOwned, U>(bytes: &[u8], then: impl FnOnce(T) -> Result<U, Failure>) {
    if let Some(Body(body)) = body::<Body<T>>("application/json", bytes) {
        settled(then(body));
    }
}

/// Tries bodies and pages on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    json(bytes, CreateGroup::into_command);
    json(bytes, UpdateGroup::into_command);
    json(bytes, |save: SaveTeam| save.into_command(true));
    json(bytes, CreateUser::into_command);
    json(bytes, UpdateUser::into_command);
    query::<Paged>(bytes);
    if let Some(Asked(asked)) = query::<Asked<TeamQuery>>(bytes) {
        settled(asked.filter());
    }
}
