//! What ids are called: for callers that were told ids and show names.

use std::collections::HashSet;

use guildhall_domain::caller::Caller;
use guildhall_domain::group::GroupState;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use crate::Engine;
use crate::store::groups;

/// The most ids that one call may ask about.
const IDS: usize = 1_000;

/// What an id is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: Uuid,
    /// `user` or `group`.
    pub noun: &'static str,
    /// The name.
    pub name: String,
}

impl Engine {
    /// What these users and groups are called, archived groups among them. Ids of neither are left out.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::TooMany`].
    pub async fn names(&self, caller: &Caller, ids: &[Uuid]) -> Result<Vec<Named>> {
        if ids.len() > IDS {
            return Err(Error::TooMany { field: "ids".into(), limit: IDS as u64 });
        }
        let users: Vec<UserId> = ids.iter().copied().map(UserId::new).collect();
        let people = self.people(caller, &users).await?;
        let mut named: Vec<Named> = people
            .iter()
            .map(|person| Named { id: person.id.uuid(), noun: UserId::NOUN, name: person.name().to_owned() })
            .collect();
        let known: HashSet<Uuid> = named.iter().map(|one| one.id).collect();
        let rest: Vec<GroupId> = ids.iter().filter(|id| !known.contains(id)).copied().map(GroupId::new).collect();
        if rest.is_empty() {
            return Ok(named);
        }
        let group = |id: GroupId, name: &str| Named { id: id.uuid(), noun: GroupId::NOUN, name: name.to_owned() };
        let live = self.groups_by_id(caller, &rest).await?;
        let found: HashSet<GroupId> = live.iter().map(|group| group.id).collect();
        named.extend(live.iter().map(|one| group(one.id, &one.name)));
        let gone: Vec<GroupId> = rest.into_iter().filter(|id| !found.contains(id)).collect();
        if !gone.is_empty() {
            let rows = groups::get_each(&mut *self.db().reader().await?, caller.company, &gone).await?;
            let archived = rows.iter().filter(|one| one.state == GroupState::Archived);
            named.extend(archived.map(|one| group(one.id, &one.name)));
        }
        Ok(named)
    }
}
