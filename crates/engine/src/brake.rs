//! The brake: a whole list that would take too many members out of a group at once is held, and let go on purpose.

use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{GroupId, KeyId, UserId};
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::secrets::hash_parts;
use crate::store::{connections, keys, releases};
use crate::writer::Tx;
use crate::{Engine, Written, journal};

/// Seconds for which a release holds.
const RELEASED: i64 = 24 * 3600;

/// What an administrator let a key do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The group.
    pub group: GroupId,
    /// The key.
    pub key: KeyId,
    /// How many members it may take out of the group by whole lists.
    pub removals: u32,
    /// Until when.
    pub until: Timestamp,
}

/// Refuses a whole list that would take `leaving` out of the `members` of a group, unless that is few, confirmed, or
/// released.
pub(crate) async fn check(tx: &mut Tx, group: &Group, leaving: &[UserId], members: usize) -> Result<()> {
    if leaving.is_empty() {
        return Ok(());
    }
    let (company, stands_for) = (tx.company(), tx.caller().connection);
    let connection = match stands_for {
        Some(id) => connections::get(tx, company, id).await?,
        None => None,
    };
    let settings = &tx.head().settings;
    let settings = connection.map_or_else(|| settings.clone(), |connection| connection.braked_by(settings));
    if !settings.brakes(leaving.len(), members) {
        return Ok(());
    }
    // Names just this removal: a list that would take others out is another question.
    let parts = [&company.bytes()[..], &group.id.bytes()[..]].into_iter().chain(leaving.iter().map(|u| &u.bytes()[..]));
    let confirmation: String = hash_parts(parts).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    if tx.caller().confirmation.as_ref() == Some(&confirmation) {
        return Ok(());
    }
    let (now, removals) = (tx.now(), leaving.len());
    if let Some(key) = tx.caller().key
        && releases::spend(tx, company, group.id, key, removals as u64, now).await?
    {
        return Ok(());
    }
    Err(Error::Braked { removals, members, confirmation })
}

impl Engine {
    /// Lets a key of the company take up to `removals` members out of a group by whole lists within 24 hours.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the group; [`Error::Forbidden`]; [`Error::Unknown`] on `key`; [`Error::Invalid`] on
    /// `removals`.
    pub async fn release(
        &self,
        caller: &Caller,
        group: GroupId,
        key: KeyId,
        removals: u32,
    ) -> Result<Written<Release>> {
        if !(1..=100_000).contains(&removals) {
            return Err(Error::invalid("removals", "must be 1 to 100,000"));
        }
        self.write(caller, async move |tx| {
            let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
            authz::may(tx, &caller, Action::Administer, now).await?;
            groups::get(tx, company, group, Shown::Live).await?;
            if keys::credential(tx, key).await?.is_none_or(|found| found.company != company) {
                return Err(Error::unknown("key", KeyId::NOUN, key.uuid()));
            }
            let until = now.plus_seconds(RELEASED);
            releases::put(tx, company, group, key, removals, until).await?;
            journal::append(tx, &Event::BrakeReleased { group, key, removals, until }).await?;
            Ok(Release { group, key, removals, until })
        })
        .await
    }
}
