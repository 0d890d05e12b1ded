//! Folding a directory's people and groups into ours: use cases in the sight of whoever calls.
//!
//! A connection knows people and groups by ids of its own, sees again whom it has not turned away, and keeps its own
//! reasons alone. A hand (a key without a connection) sees the records as they are.

pub(crate) mod crews;
mod find;
pub(crate) mod people;
pub(crate) mod said;

use guildhall_domain::caller::Caller;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User};
use uuid::Uuid;

use crate::writer::Tx;

pub use find::{FindCrews, FindPeople};

/// A person as the caller sees them.
#[derive(Clone, Debug)]
pub struct Person {
    /// The record.
    pub user: User,
    /// The id by which the caller knows them.
    pub external_id: Option<String>,
    /// The revision of the last event that told of them.
    pub version: u64,
}

/// A group as the caller sees it.
#[derive(Clone, Debug)]
pub struct Crew {
    /// The record.
    pub group: Group,
    /// The id by which the caller knows it.
    pub external_id: Option<String>,
    /// The revision of the last event that told of it or of its members.
    pub version: u64,
}

/// What a new person needs.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The record; its external id, status and manager are not looked at.
    pub record: NewUser,
    /// Is the person to count at all?
    pub counts: bool,
    /// The id by which the caller knows them.
    pub external_id: Option<String>,
    /// The manager's id; a text that is nobody's id here is no manager here.
    pub manager: Option<String>,
}

/// An edit of a person.
#[derive(Clone, Debug, Default)]
pub struct EditPerson {
    /// The record; its external id, status, manager and groups are not looked at.
    pub record: EditUser,
    /// Is the person to count at all? True makes an inactive one active and leaves any other status as it is.
    pub counts: Option<bool>,
    /// The id by which the caller knows them.
    pub external_id: Patch<String>,
    /// The manager's id; a text that is nobody's id here is no manager here.
    pub manager: Patch<String>,
}

/// What an edit does to the members of a group, users and groups by bare id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EditMembers {
    /// Nothing.
    #[default]
    Keep,
    /// It names whom to add and whom to remove; nobody is in both.
    Change {
        /// Whom to add.
        add: Vec<Uuid>,
        /// Whom to remove; who is unknown or no member does no harm.
        remove: Vec<Uuid>,
    },
    /// It has the whole list: a difference against what the caller is shown (`design.md` §2).
    Whole(Vec<Uuid>),
}

/// An edit of a group.
#[derive(Clone, Debug, Default)]
pub struct EditCrew {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// The id by which the caller knows it.
    pub external_id: Patch<String>,
    /// Its members.
    pub members: EditMembers,
}

/// A group that somebody is in, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Directly, or through a group inside it?
    pub direct: bool,
}

/// A member of a group: a user, or a group inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// Is it a group?
    pub group: bool,
}

/// In whose sight: a connection's, or a hand's, which is nil.
fn sight(caller: &Caller) -> ConnectionId {
    caller.connection.unwrap_or(ConnectionId::NIL)
}

/// The company and in whose sight it is seen.
fn place(tx: &Tx) -> (CompanyId, ConnectionId) {
    (tx.company(), sight(tx.caller()))
}
