//! Who is in what, in memory: a snapshot per company, built when first asked for and kept current by revision.
//!
//! Readers take the snapshot that stands and never wait. The writer makes the next one inside its transaction and
//! puts it in place once the commit is on disk, before anybody is answered. What other nodes commit is read from
//! the journal.

mod apply;
mod build;
mod giving;
mod having;
mod listing;
mod members;
mod nesting;
mod search;
pub(crate) mod snapshot;
mod sorted;
mod table;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use futures_util::FutureExt;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::{Error, Result, Timestamp};

pub(crate) use apply::Touched;
pub(crate) use members::Standing;
pub(crate) use snapshot::Snapshot;

use crate::store::{Conn, Db, companies, events};

/// Entries of the journal that are followed one by one; behind further ones the company is built anew.
const FOLLOWED: u64 = 10_000;
/// Microseconds after which a company that nobody asked for is let go.
const IDLE: i64 = 3600 * 1_000_000;

/// The companies that this node holds in memory.
#[derive(Default)]
pub(crate) struct Index {
    slots: ArcSwap<HashMap<CompanyId, Arc<Slot>>>,
    /// Taken by those who add or remove a company, so that none is lost.
    editing: Mutex<()>,
}

/// One company's place.
#[derive(Default)]
struct Slot {
    snapshot: ArcSwapOption<Snapshot>,
    /// Held while a snapshot is put in place or a build begins or ends.
    publishing: Mutex<Progress>,
    /// The last revision that this node committed.
    committed: AtomicU64,
    /// When somebody last asked, in microseconds since the epoch.
    asked: AtomicI64,
}

#[derive(Default)]
struct Progress {
    building: bool,
}

impl Index {
    fn slot(&self, company: CompanyId) -> Option<Arc<Slot>> {
        self.slots.load().get(&company).map(Arc::clone)
    }

    fn slot_or_new(&self, company: CompanyId) -> Arc<Slot> {
        if let Some(slot) = self.slot(company) {
            return slot;
        }
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = self.slot(company) {
            return slot;
        }
        let mut slots = HashMap::clone(&self.slots.load());
        let slot = Arc::clone(slots.entry(company).or_default());
        self.slots.store(Arc::new(slots));
        slot
    }

    /// The snapshot that stands, if the company is held.
    pub(crate) fn get(&self, company: CompanyId, now: Timestamp) -> Option<Arc<Snapshot>> {
        let slots = self.slots.load();
        let slot = slots.get(&company)?;
        // A look a second is enough to tell what is in use.
        if now.micros() - slot.asked.load(Ordering::Relaxed) > 1_000_000 {
            slot.asked.store(now.micros(), Ordering::Relaxed);
        }
        slot.snapshot.load_full()
    }

    /// Every company that is held, with the revision it is held at.
    pub(crate) fn held(&self) -> Vec<(CompanyId, u64)> {
        let slots = self.slots.load();
        slots.iter().filter_map(|(id, slot)| Some((*id, slot.snapshot.load().as_ref()?.revision))).collect()
    }

    /// Lets companies go that nobody has asked for in an hour.
    pub(crate) fn let_go(&self, now: Timestamp) {
        let idle = |slot: &Slot| now.micros() - slot.asked.load(Ordering::Relaxed) > IDLE;
        if !self.slots.load().values().any(|slot| idle(slot)) {
            return;
        }
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = HashMap::clone(&self.slots.load());
        slots.retain(|_, slot| !idle(slot) || slot.progress().building);
        self.slots.store(Arc::new(slots));
    }

    /// The snapshot of a company after what a batch of the writer touched: `before` and `after` are the revisions at
    /// its ends. None where the company is not held; to be put in place by [`Self::publish`] after the commit.
    pub(crate) async fn prepare(
        &self,
        conn: &mut Conn,
        company: CompanyId,
        before: u64,
        after: u64,
        touched: &Touched,
    ) -> Result<Option<Snapshot>> {
        let Some(slot) = self.slot(company) else { return Ok(None) };
        let Some(base) = slot.snapshot.load_full() else { return Ok(None) };
        let made = async {
            let mut all = touched.clone();
            if base.revision < before && !follow(conn, company, base.revision, before, &mut all).await? {
                return Ok(None);
            }
            apply::apply(conn, company, Snapshot::clone(&base), &all, after).await.map(Some)
        };
        match AssertUnwindSafe(made).catch_unwind().await {
            Ok(Ok(Some(snapshot))) => Ok(Some(snapshot)),
            Ok(Err(fault)) => Err(fault),
            // Too far behind: the commit makes what stands old, and a fresh one is built for the next who asks.
            Ok(Ok(None)) => Ok(None),
            Err(_) => {
                tracing::error!(%company, "the index could not follow a change; it is built anew");
                Ok(None)
            }
        }
    }

    /// Reads a company whole, in the transaction that `conn` is in; none when there is no such company in use.
    pub(crate) async fn read(&self, conn: &mut Conn, company: CompanyId) -> Result<Option<Snapshot>> {
        build::build(conn, company).await
    }

    /// Puts the snapshot of a committed revision in place; without one, what stands is given up as old.
    pub(crate) fn publish(&self, company: CompanyId, revision: u64, snapshot: Option<Snapshot>) {
        let Some(slot) = self.slot(company) else { return };
        let _publishing = slot.progress();
        slot.committed.fetch_max(revision, Ordering::AcqRel);
        match snapshot {
            // It holds what was committed just now, so it is in place or a later one is.
            Some(snapshot) => drop(slot.put(snapshot)),
            None if slot.snapshot.load().as_ref().is_some_and(|held| held.revision < revision) => {
                slot.snapshot.store(None)
            }
            None => {}
        }
    }

    /// Builds the snapshot of a company that is not held, unless somebody is building it; returns when it stands.
    pub(crate) async fn build(&self, db: &Db, company: CompanyId, now: Timestamp) -> Result<()> {
        let slot = self.slot_or_new(company);
        slot.asked.store(now.micros(), Ordering::Relaxed);
        {
            let mut progress = slot.progress();
            if progress.building || slot.snapshot.load().is_some() {
                return Ok(());
            }
            progress.building = true;
        }
        let built = AssertUnwindSafe(slot.build(db, company)).catch_unwind().await;
        slot.progress().building = false;
        built.unwrap_or_else(|_| Err(Error::internal("the index could not be built")))
    }

    /// Brings a held company to the database's present revision.
    pub(crate) async fn catch_up(&self, db: &Db, company: CompanyId) -> Result<()> {
        let Some(slot) = self.slot(company) else { return Ok(()) };
        let Some(base) = slot.snapshot.load_full() else { return Ok(()) };
        let mut conn = db.reader().await?;
        conn.begin_snapshot().await?;
        let next = next(&mut conn, company, &base).await?;
        conn.end_snapshot().await?;
        let _publishing = slot.progress();
        match next {
            Next::Same => {}
            // One that this node has outrun meanwhile is of no use; the next look makes another.
            Next::Later(snapshot) => drop(slot.put(*snapshot)),
            Next::Gone => slot.snapshot.store(None),
        }
        Ok(())
    }
}

/// What the rows make of a company that is held.
enum Next {
    Same,
    Later(Box<Snapshot>),
    Gone,
}

/// The snapshot of the present revision, from an earlier one.
async fn next(conn: &mut Conn, company: CompanyId, base: &Snapshot) -> Result<Next> {
    let Some(revision) = companies::revision(conn, company).await? else { return Ok(Next::Gone) };
    if revision <= base.revision {
        return Ok(Next::Same);
    }
    let mut touched = Touched::default();
    if follow(conn, company, base.revision, revision, &mut touched).await? {
        let snapshot = apply::apply(conn, company, base.clone(), &touched, revision).await?;
        return Ok(Next::Later(Box::new(snapshot)));
    }
    Ok(build::build(conn, company).await?.map_or(Next::Gone, |snapshot| Next::Later(Box::new(snapshot))))
}

/// Adds what the events behind `from` up to `to` touched; false when they are too many to follow.
async fn follow(conn: &mut Conn, company: CompanyId, from: u64, to: u64, touched: &mut Touched) -> Result<bool> {
    if to - from > FOLLOWED {
        return Ok(false);
    }
    let mut at = from;
    while at < to {
        let some = events::after(conn, company, at, None, 1000).await?;
        let Some(last) = some.last().map(|entry| entry.revision) else { break };
        for entry in some.iter().filter(|entry| entry.revision <= to) {
            touched.add_entry(entry);
        }
        at = last;
    }
    Ok(true)
}

impl Slot {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.publishing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a snapshot in place, unless a later one is there or it misses what this node committed; whoever calls
    /// holds `publishing`. False when it misses something.
    fn put(&self, snapshot: Snapshot) -> bool {
        if snapshot.revision < self.committed.load(Ordering::Acquire) {
            return false;
        }
        if self.snapshot.load().as_ref().is_none_or(|held| held.revision < snapshot.revision) {
            self.snapshot.store(Some(Arc::new(snapshot)));
        }
        true
    }

    async fn build(&self, db: &Db, company: CompanyId) -> Result<()> {
        let mut conn = db.reader().await?;
        conn.begin_snapshot().await?;
        let Some(mut snapshot) = build::build(&mut conn, company).await? else { return conn.end_snapshot().await };
        conn.end_snapshot().await?;
        loop {
            {
                let _publishing = self.progress();
                if self.put(snapshot.clone()) {
                    return Ok(());
                }
            }
            // This node wrote meanwhile: what it wrote is read before anybody sees this snapshot.
            conn.begin_snapshot().await?;
            match next(&mut conn, company, &snapshot).await? {
                Next::Same => {}
                Next::Later(later) => snapshot = *later,
                Next::Gone => return conn.end_snapshot().await,
            }
            conn.end_snapshot().await?;
        }
    }
}
