//! Runs: a source is read by the server, held here against what its connection has, and what differs is carried out
//! for the connection, each piece in a use case of its own. A run that is cut off is taken up again from its
//! beginning, and finds done what was done.

mod apply;
mod plan;
mod queue;
mod settings;
mod work;

use guildhall_domain::caller::Caller;
use guildhall_domain::connection::Connection;
use guildhall_domain::ids::{CompanyId, ConnectionId, RunId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::pull::{Run, RunKind, RunState};
use guildhall_domain::{Error, Result};

use self::queue::{alone, fresh, wake};
pub(crate) use self::settings::{end, follow, has_secret, moved, seal};
use crate::authz::{self, Action};
use crate::store::runs;
use crate::{Engine, Written, connections};

/// The kinds of connections that the server itself reads.
const PULLED: &[&str] = &["ldap"];

/// A run that was taken up, with what is needed to carry it out.
#[derive(Clone)]
pub struct Claimed {
    /// The company.
    pub company: CompanyId,
    /// The run.
    pub run: Run,
    /// The connection as it is at this moment.
    pub connection: Connection,
    /// The secret that opens the source.
    pub secret: Option<String>,
    /// From where to read changes; none when all of it is to be read.
    pub mark: Option<String>,
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claimed").field("run", &self.run).field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Hears how many pieces of how many are done, and answers whether to go on.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Send + Sync);

/// Does the server itself read connections of this kind?
pub fn is_pulled(kind: &str) -> bool {
    PULLED.contains(&kind)
}

impl Engine {
    /// Asks for a run of a connection, which the server takes up by itself. A trial only tells what would change.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`]; [`Error::Conflict`] while another run is under way;
    /// [`Error::Invalid`] for a connection that pushes and has nothing to be read.
    pub async fn ask_run(&self, caller: &Caller, id: ConnectionId, kind: RunKind, trial: bool) -> Result<Written<Run>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let connection = connections::get(tx, company, id).await?;
            if !is_pulled(&connection.kind) && kind != RunKind::Settle {
                return Err(Error::invalid("kind", "must be `settle`: this connection is not read, it pushes"));
            }
            alone(tx, id).await?;
            let run = fresh(tx, id, kind, trial, RunState::Queued);
            runs::insert(tx, company, &run).await?;
            wake(tx).await?;
            Ok(run)
        })
        .await
    }

    /// One run.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn run(&self, caller: &Caller, connection: ConnectionId, id: RunId) -> Result<Run> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        let found = runs::get(&mut conn, caller.company, id).await?.map(|leased| leased.run);
        found.filter(|run| run.connection == connection).ok_or(Error::NotFound { noun: RunId::NOUN })
    }

    /// One page of the runs of a connection, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn runs(&self, caller: &Caller, id: ConnectionId, ask: &Ask<RunId>) -> Result<Page<Run, RunId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        connections::get(&mut conn, caller.company, id).await?;
        runs::list(&mut conn, caller.company, id, ask).await
    }
}
