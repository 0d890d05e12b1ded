//! The directory format as records: loading companies and writing them out.
//!
//! A [`Load`] first collects every record in memory, compactly, and checks each by itself. [`Engine::load`] then
//! checks them across records and writes: a new company in batches under the state `loading`, which no door shows;
//! an existing one in one use case.

mod apps;
mod births;
mod checks;
mod conflicts;
mod export;
mod fresh;
mod giving;
mod held;
mod lots;
mod platform;
mod update;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::company::{CompanyState, EditSettings};
use guildhall_domain::connection::{Adopt, Noun};
use guildhall_domain::group::{EditGroup, GroupState};
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, RequestId, UserId};
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::patch::Patch;
use guildhall_domain::time::Window;
use guildhall_domain::user::EditUser;
use guildhall_domain::{Error, Timestamp};
use uuid::Uuid;

use crate::Engine;
use crate::store::companies;
use crate::store::nestings::Nesting;

pub use apps::{AccessRecord, AppRecord, GroupAppRecord, PolicyRecord};
pub use conflicts::ConflictRecord;
pub use export::Told;
pub use giving::{GrantRecord, RoleRecord};
pub use held::Load;
use held::{Part, Place};

/// One record of the format. What is absent keeps its value in an update, and has its default in a new record.
#[derive(Clone, Debug)]
pub enum Record {
    /// A company.
    Company(CompanyRecord),
    /// A user.
    User(Box<UserRecord>),
    /// A group.
    Group(Box<GroupRecord>),
    /// A membership.
    Membership(MembershipRecord),
    /// A connection.
    Connection(ConnectionRecord),
    /// A person or group that a connection knows.
    Link(LinkRecord),
    /// A group inside another.
    Nesting(NestingRecord),
    /// An app.
    App(Box<AppRecord>),
    /// What an app is to a group.
    GroupApp(GroupAppRecord),
    /// An access.
    Access(AccessRecord),
    /// A role.
    Role(RoleRecord),
    /// A role that a group gives.
    GroupRole(GrantRecord),
    /// A policy.
    Policy(Box<PolicyRecord>),
    /// A conflict.
    Conflict(ConflictRecord),
}

/// A nesting as a record tells it.
#[derive(Clone, Copy, Debug)]
pub struct NestingRecord {
    /// The company.
    pub company: CompanyId,
    /// The groups.
    pub nesting: Nesting,
}

/// A company as a record tells it.
#[derive(Clone, Debug)]
pub struct CompanyRecord {
    /// Its id.
    pub id: CompanyId,
    /// Its name.
    pub name: String,
    /// What it has chosen.
    pub settings: EditSettings,
}

/// A user as a record tells it.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: UserId,
    /// Every other member; name and e-mail address are always set.
    pub edit: EditUser,
    /// When the user was made. Only a new user takes it.
    pub created_at: Option<Timestamp>,
}

/// A group as a record tells it.
#[derive(Clone, Debug)]
pub struct GroupRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: GroupId,
    /// Name, description, icon and external id; the name is always set, the members never.
    pub edit: EditGroup,
    /// The system it comes from.
    pub source: Patch<String>,
    /// Are name and description frozen?
    pub unmodifiable: Patch<bool>,
    /// Its owners, users or groups, by bare id.
    pub owners: Patch<Vec<Uuid>>,
    /// Live or archived.
    pub state: Patch<GroupState>,
    /// When the group was made. Only a new group takes it.
    pub created_at: Option<Timestamp>,
}

/// A membership as a record tells it.
#[derive(Clone, Debug)]
pub struct MembershipRecord {
    /// The company.
    pub company: CompanyId,
    /// The group.
    pub group: GroupId,
    /// The user.
    pub user: UserId,
    /// The kind of reason.
    pub kind: ReasonKind,
    /// The connection that a synced reason comes from.
    pub connection: Option<ConnectionId>,
    /// When it counts.
    pub window: Window,
    /// A note for people.
    pub note: Option<String>,
    /// When it is shown to have begun.
    pub added_at: Option<Timestamp>,
}

/// A connection as a record tells it.
#[derive(Clone, Debug)]
pub struct ConnectionRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// How it speaks. Only a new connection takes it.
    pub kind: String,
    /// Do its groups refuse changes of their members by hand?
    pub one_way: Patch<bool>,
    /// The brake on what its keys take out of groups.
    pub brake_members: Patch<u32>,
    /// As `brake_members`, in percent.
    pub brake_percent: Patch<u32>,
    /// Who looks after it.
    pub owner: Patch<UserId>,
    /// What of ours it may take over.
    pub adopt: Patch<Adopt>,
    /// What its kind needs to know: the text of one JSON object.
    pub settings: Patch<String>,
}

/// That a connection knows a person or group, as a record tells it.
#[derive(Clone, Debug)]
pub struct LinkRecord {
    /// The company.
    pub company: CompanyId,
    /// The connection.
    pub connection: ConnectionId,
    /// Is it a user or a group?
    pub noun: Noun,
    /// The user's or group's id.
    pub object: Uuid,
    /// The id by which the connection knows them.
    pub external_id: Option<String>,
    /// Did the connection make them?
    pub made: bool,
}

/// Why a load was refused or failed, and at which line.
#[derive(Debug)]
pub struct Fault {
    /// `FILE:LINE`, where one line is to blame.
    pub place: Option<String>,
    /// What is wrong with it.
    pub error: Error,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { place: None, error }
    }
}

/// How many records of each kind a load wrote: all of them in a new company, those that changed in an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Companies.
    pub companies: u64,
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Memberships.
    pub memberships: u64,
    /// Nestings.
    pub nestings: u64,
    /// Apps, what groups hold of them, accesses, policies and conflicts.
    pub more: u64,
}

impl std::ops::AddAssign for Loaded {
    fn add_assign(&mut self, more: Self) {
        self.companies += more.companies;
        self.users += more.users;
        self.groups += more.groups;
        self.memberships += more.memberships;
        self.nestings += more.nestings;
        self.more += more.more;
    }
}

/// Hears after each batch how many records of how many are written, and answers whether to go on. Once it answers
/// false, everything written is removed again.
pub type Watch<'a> = &'a (dyn Fn(u64, u64) -> bool + Send + Sync);

/// The companies that this process is loading, which nobody may take for left-overs.
#[derive(Default)]
pub(crate) struct Loads(Mutex<HashSet<CompanyId>>);

/// One entry in [`Loads`], gone when dropped.
struct Loading<'a>(&'a Loads, CompanyId);

impl Loads {
    fn begin(&self, company: CompanyId) -> Loading<'_> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(company);
        Loading(self, company)
    }

    pub(crate) fn has(&self, company: CompanyId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&company)
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Which line is to blame for the failure of a use case; told beside its error.
#[derive(Clone, Default)]
struct Blame(Arc<Mutex<Option<Place>>>);

impl Blame {
    /// The next failure is this line's.
    fn on(&self, place: Place) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    /// The next failure is no line's.
    fn nobody(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The line that was blamed last, unless the fault is none of the records'.
    fn fault(&self, files: &[String], error: Error) -> Fault {
        let ours = matches!(error, Error::Unavailable { .. } | Error::Internal(_));
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).filter(|_| !ours);
        Fault { place: place.map(|place| place.told(files)), error }
    }
}

impl Engine {
    /// Writes what `load` collected: new companies whole or not at all, and with `update` changes of existing ones,
    /// each in one use case. Removes nothing that a record does not name.
    ///
    /// # Errors
    /// The first record that is wrong, by file and line, or what kept the database from being written.
    pub async fn load(&self, load: Load, update: bool, request: RequestId, watch: Watch<'_>) -> Result<Loaded, Fault> {
        self.remove_unfinished().await?;
        let total = load.len();
        let (files, parts) = load.split()?;
        let (platform, parts): (BTreeMap<_, _>, BTreeMap<_, _>) =
            parts.into_iter().partition(|(id, _)| *id == CompanyId::PLATFORM);
        let (fresh, standing) = self.sort_out(&files, parts, update).await?;
        for part in fresh.values() {
            checks::check(&files, part)?;
        }
        let going = |done: u64| match watch(done, total) {
            true => Ok(()),
            false => Err(Fault::from(Error::conflict("the import was interrupted; nothing of it was kept"))),
        };
        going(0)?;
        let mut loaded = Loaded::default();
        for (_, part) in platform {
            // Before the companies, whose groups may give roles of the platform.
            loaded += self.load_platform(&files, part, update, request).await?;
        }
        let loads: Vec<Loading<'_>> = fresh.keys().map(|id| self.loads().begin(*id)).collect();
        let ids: Vec<CompanyId> = fresh.keys().copied().collect();
        // In a task of its own a caller that is dropped would leave rows behind; here the undo below is reached by
        // every refusal, and what a crash leaves is removed by the next start.
        let outcome = self.write_parts(&files, fresh, standing, request, &going).await;
        if outcome.is_err() {
            for id in ids {
                if let Err(cause) = self.forget(id, request).await {
                    tracing::warn!(%cause, company = %id, "what a failed import wrote could not be removed; the next start tries again");
                }
            }
        }
        drop(loads);
        loaded += outcome?;
        self.spread(&Caller::operator(CompanyId::PLATFORM, Dialect::Cli, request)).await?;
        Ok(loaded)
    }

    async fn write_parts(
        &self,
        files: &[String],
        fresh: BTreeMap<CompanyId, Part>,
        standing: BTreeMap<CompanyId, Part>,
        request: RequestId,
        going: &(dyn Fn(u64) -> Result<(), Fault> + Send + Sync),
    ) -> Result<Loaded, Fault> {
        let (mut loaded, mut done, mut whole) = (Loaded::default(), 0, Vec::new());
        for (id, part) in fresh {
            let caller = Caller::operator(id, Dialect::Cli, request);
            let counts = fresh::write(self, &caller, files, part, &mut done, going).await?;
            whole.push((caller, counts));
            loaded += counts;
        }
        for (id, part) in standing {
            let caller = Caller::operator(id, Dialect::Cli, request);
            let (blame, size) = (Blame::default(), part.len());
            let theirs = blame.clone();
            let written = self.write(&caller, async move |tx| update::run(tx, part, &theirs).await).await;
            loaded += written.map_err(|error| blame.fault(files, error))?.value;
            done += size;
            going(done)?;
        }
        // Last of all, so that a load of several companies shows them together.
        if !whole.is_empty()
            && let Err(cause) = self.db().count().await
        {
            tracing::warn!(%cause, "the database has not counted its rows; it will by itself");
        }
        for (caller, counts) in whole {
            self.write(&caller, async move |tx| fresh::activate(tx, counts).await).await?;
        }
        Ok(loaded)
    }

    /// Tells new companies from those that stand, and refuses what `update` does not allow.
    async fn sort_out(
        &self,
        files: &[String],
        parts: BTreeMap<CompanyId, Part>,
        update: bool,
    ) -> Result<(BTreeMap<CompanyId, Part>, BTreeMap<CompanyId, Part>), Fault> {
        let (mut fresh, mut standing) = (BTreeMap::new(), BTreeMap::new());
        let mut conn = self.db().reader().await?;
        for (id, part) in parts {
            let place = part.first.told(files);
            let refuse = |error| Fault { place: Some(place), error };
            let taken = || Error::Taken { field: "id".into(), why: "is not usable".into() };
            match companies::get(&mut conn, id).await?.map(|company| company.state) {
                None if part.company.is_some() => drop(fresh.insert(id, part)),
                None => return Err(refuse(Error::unknown("company", CompanyId::NOUN, id.uuid()))),
                Some(CompanyState::Active) if update => drop(standing.insert(id, part)),
                Some(CompanyState::Active) => {
                    return Err(refuse(Error::conflict(format!(
                        "company {id} exists already; add --update to change it, or export it first"
                    ))));
                }
                Some(CompanyState::Loading) => {
                    return Err(refuse(Error::conflict(format!(
                        "company {id} is being imported at this moment; try again when that is done"
                    ))));
                }
                Some(_) => return Err(refuse(taken())),
            }
        }
        Ok((fresh, standing))
    }
}

#[cfg(test)]
mod tests {
    /// The server runs a load in a task of its own.
    #[expect(dead_code, reason = "only has to compile")]
    fn a_load_can_move_between_threads(engine: &crate::Engine, load: super::Load) {
        fn moves(_: impl Send) {}
        let watch = |_: u64, _: u64| true;
        moves(engine.load(load, false, super::RequestId::NIL, &watch));
        moves(engine.export(None, tokio::sync::mpsc::channel(1).0));
    }
}
