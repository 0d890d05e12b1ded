//! The transaction of one use case, and what the use cases of one batch tell each other.

use std::sync::Arc;

use guildhall_domain::Timestamp;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{CompanyId, KeyId};

use crate::index::{Index, Touched};
use crate::notices::Switch;
use crate::store::Conn;
use crate::store::companies::Head;
use crate::store::keys::Credential;
use crate::{Clock, conflicts, rules};

/// What a use case found out that the next of the same batch and company need not ask again: its rows are locked until
/// the commit. Forgotten as soon as one changes more than who is a member.
#[derive(Default)]
pub(crate) struct Known {
    /// The credential asked for last.
    pub credential: Option<(KeyId, Credential)>,
    /// Has any group ever held an app?
    pub apps: Option<bool>,
}

/// The transaction of one use case: its connection, its company's journal, its instant and its caller.
pub(crate) struct Tx {
    pub(super) conn: Conn,
    pub(crate) clock: Clock,
    pub(super) company: CompanyId,
    pub(super) head: Head,
    pub(super) born: bool,
    pub(super) now: Timestamp,
    pub(super) caller: Caller,
    pub(super) touched: Touched,
    pub(super) index: Arc<Index>,
    pub(super) batch_before: u64,
    pub(super) earlier: Touched,
    /// What rules may have to be settled for, from the events so far.
    pub(crate) unsettled: rules::Touched,
    /// Where people may have come to be members, from the events so far.
    pub(crate) joined: conflicts::Touched,
    pub(super) began: u64,
    /// A new rule, evaluated for everyone before.
    pub(crate) prepared: Option<rules::Prepared>,
    pub(crate) shelf: Arc<rules::Shelf>,
    pub(super) notices: Arc<Switch>,
    pub(super) approves: bool,
    /// What earlier use cases of the batch found out.
    pub(super) known: Known,
    /// The events so far, where they are wanted: in a preview.
    pub(crate) told: Vec<guildhall_domain::event::Event>,
}

impl std::ops::Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Tx {
    /// The company that is written to.
    pub(crate) fn company(&self) -> CompanyId {
        self.company
    }
    /// The instant of this use case; never before that of an earlier one of the company.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }
    /// Who calls, with the rights they have at this moment.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }
    /// Is there a way to send notices, so that they are kept?
    pub(crate) fn sends_notices(&self) -> bool {
        self.notices.on()
    }
    /// Lets another person stand behind what follows; the credential stays as it is.
    pub(crate) fn act_as(&mut self, actor: guildhall_domain::caller::Actor) {
        self.caller.actor = actor;
    }
    /// Lets what follows be done for a connection, or by hand; who it stood for before.
    pub(crate) fn stand_for(
        &mut self,
        connection: Option<guildhall_domain::ids::ConnectionId>,
    ) -> Option<guildhall_domain::ids::ConnectionId> {
        std::mem::replace(&mut self.caller.connection, connection)
    }
    /// Are the requests that this use case brings about approved at once?
    pub(crate) fn approves(&self) -> bool {
        self.approves
    }
    /// Approves at once the requests that what follows brings about.
    pub(crate) fn approve_at_once(&mut self) {
        self.approves = true;
    }
    /// Gives the caller the role that their user has at this moment.
    pub(crate) fn set_role(&mut self, role: Option<guildhall_domain::caller::Role>) {
        self.caller.role = role;
    }
    /// The revision that the next event will have: the version of what is written with it.
    pub(crate) fn revision(&self) -> u64 {
        self.head.revision + 1
    }
    /// The company's revision when this use case began.
    pub(crate) fn began(&self) -> u64 {
        self.began
    }
    /// The companies in memory.
    pub(crate) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }
    /// The company's revision when this batch began.
    pub(crate) fn batch_before(&self) -> u64 {
        self.batch_before
    }
    /// What the use cases before this one in the batch touched.
    pub(crate) fn earlier(&self) -> &Touched {
        &self.earlier
    }
    /// What this use case has touched so far.
    pub(crate) fn touched(&self) -> &Touched {
        &self.touched
    }
    /// What this use case has touched so far, to add to it.
    pub(crate) fn touched_mut(&mut self) -> &mut Touched {
        &mut self.touched
    }
    /// The end of the company's journal.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }
    /// The end of the company's journal, to move it.
    pub(crate) fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }
    /// What this batch knows already.
    pub(crate) fn known(&mut self) -> &mut Known {
        &mut self.known
    }
    /// Does the company's row exist?
    pub(crate) fn born(&self) -> bool {
        self.born
    }
    /// Notes that this use case has made the company's row.
    pub(crate) fn bear(&mut self, head: Head) {
        self.head = head;
        self.born = true;
    }
}
