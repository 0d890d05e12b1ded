//! How reads come by the index: at once where a company is held; else it is begun to be built, and the rows answer
//! until it stands.

use std::sync::{Arc, Weak};
use std::time::Duration;

use guildhall_domain::ids::CompanyId;
use guildhall_domain::{Result, Timestamp};

use crate::index::Snapshot;
use crate::store::{Db, companies};
use crate::{Engine, Inner, Reads};

/// How long a read waits for a company to be built: most are there within it, and the rows answer for the others.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often the nodes of one PostgreSQL look for what the others committed.
const LOOK: Duration = Duration::from_millis(250);

impl Engine {
    /// The company in memory; none while it is being built.
    pub(crate) async fn view(&self, company: CompanyId) -> Option<Arc<Snapshot>> {
        if self.1 == Reads::Rows {
            return None;
        }
        let now = self.clock().now();
        if let Some(snapshot) = self.index().get(company, now) {
            return Some(snapshot);
        }
        let (engine, runtime) = (self.clone(), tokio::runtime::Handle::current());
        // Reading a company whole takes its time, and on SQLite it is done on the thread that asks.
        let building = tokio::task::spawn_blocking(move || {
            let built = runtime.block_on(engine.index().build(engine.db(), company, now));
            if let Err(cause) = built {
                tracing::warn!(%cause, %company, "the index could not be built; the rows answer");
            }
        });
        let _later = tokio::time::timeout(PATIENCE, building).await;
        self.index().get(company, now)
    }

    /// The company in memory, and its present: its own clock never runs backwards, whatever this machine's does, so that
    /// reads are at no instant before what they show.
    pub(crate) async fn present(&self, company: CompanyId) -> (Option<Arc<Snapshot>>, Timestamp) {
        let (view, now) = (self.view(company).await, self.clock().now());
        let now = view.as_ref().map_or(now, |view| view.present(now));
        (view, now)
    }

    /// The company in memory, if it is held; never begins to build it.
    pub(crate) fn held(&self, company: CompanyId, now: Timestamp) -> Option<Arc<Snapshot>> {
        if self.1 == Reads::Rows { None } else { self.index().get(company, now) }
    }

    /// Sees to it that a company in memory is not older than `asked`, which its rows have reached.
    pub(crate) async fn index_at_least(&self, company: CompanyId, asked: u64) -> Result<()> {
        match self.index().get(company, self.clock().now()) {
            Some(snapshot) if snapshot.revision < asked => self.index().catch_up(self.db(), company).await,
            _ => Ok(()),
        }
    }

    /// On PostgreSQL, follows what other nodes commit, for as long as the engine lives. SQLite has one node.
    pub(crate) fn follow_others(&self) {
        if self.db().is_sqlite() {
            return;
        }
        let engine = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(engine) = Weak::upgrade(&engine).map(Engine::of) else { return };
                if let Err(cause) = engine.look_at_others().await {
                    tracing::debug!(%cause, "other nodes' changes could not be read; the next look tries again");
                }
            }
        });
    }

    fn of(inner: Arc<Inner>) -> Self {
        Self(inner, Reads::Memory)
    }

    async fn look_at_others(&self) -> Result<()> {
        debug_assert!(matches!(self.db(), Db::Postgres(_)));
        let held = self.index().held();
        if held.is_empty() {
            return Ok(());
        }
        let ids: Vec<CompanyId> = held.iter().map(|(id, _)| *id).collect();
        let revisions = {
            let mut conn = self.db().reader().await?;
            companies::revisions(&mut conn, &ids).await?
        };
        for ((id, at), revision) in held.into_iter().zip(revisions) {
            if revision != Some(at) {
                self.index().catch_up(self.db(), id).await?;
            }
        }
        Ok(())
    }
}
