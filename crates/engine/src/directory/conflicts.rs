//! Conflicts, in a new company and in an update alike: they are few, so one use case takes them all.

use guildhall_domain::Result;
use guildhall_domain::conflict::{EditConflict, NewConflict};
use guildhall_domain::ids::{CompanyId, ConflictId};
use guildhall_domain::patch::Patch;

use super::Blame;
use super::held::Held;
use crate::conflicts;
use crate::store;
use crate::writer::Tx;

/// A conflict as a record tells it.
#[derive(Clone, Debug)]
pub struct ConflictRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: ConflictId,
    /// Every other member; name and groups are always set.
    pub edit: EditConflict,
}

impl ConflictRecord {
    /// The record as a new conflict.
    pub(super) fn birth(&self) -> NewConflict {
        fn set<T: Clone>(patch: &Patch<T>) -> Option<T> {
            if let Patch::Set(value) = patch { Some(value.clone()) } else { None }
        }
        let edit = &self.edit;
        NewConflict {
            id: Some(self.id),
            name: set(&edit.name).unwrap_or_default(),
            description: set(&edit.description),
            groups: set(&edit.groups).unwrap_or_default(),
            at_most: set(&edit.at_most),
        }
    }
}

/// Makes or edits the conflicts. They come last: who is in too many of their groups by what the same import says stays
/// so, and is listed.
pub(super) async fn write(tx: &mut Tx, records: Vec<Held<ConflictRecord>>, blame: &Blame) -> Result<u64> {
    let (company, before) = (tx.company(), tx.revision());
    for Held { at, record } in records {
        blame.on(at);
        match store::conflicts::get_each(tx, company, &[record.id]).await?.pop() {
            Some(present) => drop(conflicts::edit(tx, present, record.edit).await?),
            None => drop(conflicts::create(tx, record.birth()).await?),
        }
    }
    blame.nobody();
    // Each is one event.
    Ok(tx.revision() - before)
}
