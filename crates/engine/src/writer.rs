//! The one write: use cases queue, run together in one transaction, each in its own savepoint, and are answered
//! once the commit is on disk.
//!
//! SQLite has one queue. On PostgreSQL each company has its own, whose transaction opens by locking the company's
//! row. Both are served by one thread, on which a use case awaits nothing but its transaction.

mod tx;

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::{Error, Result};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::index::{Index, Snapshot, Touched};
use crate::news::News;
use crate::notices::Switch;
use crate::store::companies::{self, Head};
use crate::store::{Conn, Db};
use crate::{Clock, authz, conflicts, idempotency, preview, rules};

pub(crate) use tx::{Known, Tx};

/// The most use cases that share a commit.
const TOGETHER: usize = 256;
/// A commit that takes less is not worth a wait: the timer counts in milliseconds.
const QUICK: Duration = Duration::from_millis(1);
/// How long a commit that failed is held to tell how it stands with the next.
const STUCK: Duration = Duration::from_secs(10);
/// The most use cases that may wait; further callers wait for room.
const QUEUE: usize = 4096;

/// An outcome that is on disk, and the company's revision with it.
#[derive(Clone, Debug)]
pub struct Written<T> {
    /// What the use case answers.
    pub value: T,
    /// The company's revision after it.
    pub revision: u64,
}

impl<T> Written<T> {
    /// The same revision with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Written<U> {
        Written { value: f(self.value), revision: self.revision }
    }
}

/// What the writer has done so far.
#[derive(Debug, Default)]
pub struct WriterStats {
    /// Commits.
    pub commits: AtomicU64,
    /// Commits that may have changed what a credential is judged by.
    pub credentials: AtomicU64,
    /// Use cases that took part in one.
    pub cases: AtomicU64,
    /// Use cases waiting or running.
    pub waiting: AtomicU64,
    /// Revisions committed here, of all companies together.
    pub revisions: AtomicU64,
    /// The highest revision of any company committed here.
    pub highest: AtomicU64,
    /// When, and why, the last commit could not be written; none once one was.
    stuck: Mutex<Option<(Instant, String)>>,
}

impl WriterStats {
    /// Why nothing could be written a moment ago. Forgotten after ten seconds: then only another try can tell.
    pub(crate) fn stuck(&self) -> Option<String> {
        let stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        stuck.as_ref().filter(|(at, _)| at.elapsed() < STUCK).map(|(_, why)| why.clone())
    }

    fn tried(&self, fault: Option<&Error>) {
        let why = match fault {
            None => None,
            Some(Error::Unavailable { why, .. }) => Some((Instant::now(), why.clone())),
            // A fault of its own says nothing of the others.
            Some(_) => return,
        };
        *self.stuck.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// One queued use case.
trait Work: Send {
    fn company(&self) -> CompanyId;
    /// Runs it; true when what it wrote is to stay.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> LocalBoxFuture<'t, bool>;
    fn caller(&self) -> &Caller;
    /// Answers the caller, once the commit is on disk or has failed.
    fn answer(self: Box<Self>, fault: Option<&Error>);
    fn fail(&mut self, error: Error);
}

struct Case<F, T> {
    caller: Caller,
    case: Option<F>,
    outcome: Result<Written<T>>,
    reply: oneshot::Sender<Result<Written<T>>>,
}

impl<F, T> Work for Case<F, T>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T> + Send,
    T: Any + Send,
{
    fn company(&self) -> CompanyId {
        self.caller.company
    }
    fn caller(&self) -> &Caller {
        &self.caller
    }
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> LocalBoxFuture<'t, bool> {
        let case = self.case.take();
        Box::pin(async move {
            let outcome = async {
                authz::refresh(tx).await?;
                let case = case.ok_or_else(|| Error::internal("a use case ran twice"))?;
                if tx.caller().preview {
                    let before = preview::now(tx).await?;
                    case(tx).await?;
                    rules::settle(tx).await?;
                    let after = preview::now(tx).await?;
                    let mut told = preview::between(&before, &after, tx.touched(), tx.now());
                    (told.breaches, told.breaches_total) = conflicts::arising(tx).await?;
                    preview::add_events(&mut told, &tx.told);
                    // A refusal like any other: the savepoint goes back, and nothing is left of it.
                    return Err(Error::Preview(Box::new(told)));
                }
                idempotency::ask(tx).await?;
                let value = case(tx).await?;
                rules::settle(tx).await?;
                conflicts::check(tx).await?;
                let revision = tx.head().revision;
                idempotency::keep(tx, &value, revision).await?;
                Ok(Written { value, revision })
            }
            .await;
            self.outcome = outcome;
            self.outcome.is_ok()
        })
    }
    fn answer(self: Box<Self>, fault: Option<&Error>) {
        let outcome = match (fault, self.outcome) {
            (Some(fault), Ok(_)) => Err(copy(fault)),
            (_, outcome) => outcome,
        };
        // A caller that has left misses only its answer.
        let _ = self.reply.send(outcome);
    }
    fn fail(&mut self, error: Error) {
        self.outcome = Err(error);
    }
}

/// A fault of the batch, told to each of those in it.
fn copy(fault: &Error) -> Error {
    match fault {
        Error::Unavailable { why, retry_after } => Error::Unavailable { why: why.clone(), retry_after: *retry_after },
        other => Error::internal(other),
    }
}

/// The queue's entrance.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Work>>,
    pub(crate) stats: Arc<WriterStats>,
}

impl Writer {
    /// Starts the thread that writes, for callers of the present runtime. It ends when the writer is dropped and the queue is empty.
    pub(crate) fn start(db: Arc<Db>, clock: Clock, told: (Arc<News>, Arc<Switch>), index: Arc<Index>) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let stats = Arc::new(WriterStats::default());
        let (news, notices) = told;
        let (stats_here, shelf) = (Arc::clone(&stats), Arc::new(rules::Shelf::default()));
        let desk = Desk { db, clock, news, notices, index, stats: stats_here, shelf, callers: Handle::current() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        std::thread::Builder::new()
            .name("guildhall-writer".into())
            .spawn(move || tokio::task::LocalSet::new().block_on(&runtime, desk.serve(waiting)))
            .map_err(Error::internal)?;
        Ok(Self { queue, stats })
    }

    /// Queues a use case and waits until it is on disk.
    pub(crate) async fn write<T, F>(&self, caller: Caller, case: F) -> Result<Written<T>>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
        T: Any + Send,
    {
        let (reply, answer) = oneshot::channel();
        let work = Case { caller, case: Some(case), outcome: Err(stopped()), reply };
        self.stats.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.send(Box::new(work)).await.is_err() {
            self.stats.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(stopped());
        }
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn stopped() -> Error {
    Error::Unavailable { why: "the server is stopping".into(), retry_after: 5 }
}

type Queues = Rc<RefCell<HashMap<CompanyId, Vec<Box<dyn Work>>>>>;

/// What a use case leaves: the end of its company's journal, and what it touched.
type Stays = (Option<Head>, Touched);

/// What one batch does to one company.
struct Chapter {
    /// Its revision when the batch began.
    before: u64,
    /// The end of its journal so far; none while there is no such company.
    head: Option<Head>,
    touched: Touched,
    known: Known,
    /// What the index will hold after the commit.
    next: Option<Snapshot>,
}

impl Chapter {
    fn open(head: Option<Head>) -> Self {
        let before = head.as_ref().map_or(0, |head| head.revision);
        Self { before, head, touched: Touched::default(), known: Known::default(), next: None }
    }

    /// May it have changed what a credential is judged by? What writes without an event may have.
    fn judges(&self) -> bool {
        self.touched.credentials || self.head.as_ref().is_none_or(|head| head.revision == self.before)
    }
}

/// Waits a moment for callers who were just answered and write again: those who write at the same time share one
/// commit instead of taking turns at two. Never for longer than a quarter of what the last commit took, and not at all
/// for a caller who is alone or where commits are quick.
async fn gather(
    waiting: &mut mpsc::Receiver<Box<dyn Work>>,
    batch: &mut Vec<Box<dyn Work>>,
    expected: usize,
    took: Duration,
) {
    if took < QUICK {
        return;
    }
    let until = Instant::now() + took / 4;
    while batch.len() < expected {
        let room = expected - batch.len();
        match tokio::time::timeout_at(until, waiting.recv_many(batch, room)).await {
            Ok(more) if more > 0 => {}
            _ => return,
        }
    }
}

/// What the writing thread holds.
#[derive(Clone)]
struct Desk {
    db: Arc<Db>,
    clock: Clock,
    news: Arc<News>,
    index: Arc<Index>,
    notices: Arc<Switch>,
    stats: Arc<WriterStats>,
    shelf: Arc<rules::Shelf>,
    /// Where the callers wait for their answers.
    callers: Handle,
}

impl Desk {
    async fn serve(self, mut waiting: mpsc::Receiver<Box<dyn Work>>) {
        if self.db.is_sqlite() {
            self.one_queue(&mut waiting).await;
        } else {
            self.queue_per_company(&mut waiting).await;
        }
    }

    async fn one_queue(&self, waiting: &mut mpsc::Receiver<Box<dyn Work>>) {
        let mut conn = None;
        let mut batch = Vec::with_capacity(TOGETHER);
        let (mut answered, mut took) = (0, Duration::ZERO);
        loop {
            // Whoever waits already is not among those who were answered a moment ago and may be back at once.
            let expected = answered + waiting.len();
            if waiting.recv_many(&mut batch, TOGETHER).await == 0 {
                return;
            }
            gather(waiting, &mut batch, expected.min(TOGETHER), took).await;
            let (begun, size) = (Instant::now(), batch.len());
            conn = self.batch(conn, std::mem::take(&mut batch)).await;
            (answered, took) = (size, begun.elapsed());
        }
    }

    async fn queue_per_company(&self, waiting: &mut mpsc::Receiver<Box<dyn Work>>) {
        let queues = Queues::default();
        let mut companies = tokio::task::JoinSet::new();
        while let Some(work) = waiting.recv().await {
            let company = work.company();
            let mut open = queues.borrow_mut();
            if let Some(queue) = open.get_mut(&company) {
                queue.push(work);
                continue;
            }
            open.insert(company, vec![work]);
            drop(open);
            let (desk, queues) = (self.clone(), Rc::clone(&queues));
            companies.spawn_local(async move { desk.empty(company, &queues).await });
            while companies.try_join_next().is_some() {}
        }
        companies.join_all().await;
    }

    /// Writes what waits for one company, batch by batch, until nothing does.
    async fn empty(&self, company: CompanyId, queues: &Queues) {
        let mut conn = None;
        loop {
            let batch: Vec<_> = {
                let mut open = queues.borrow_mut();
                match open.get_mut(&company) {
                    Some(queue) if !queue.is_empty() => {
                        let some = queue.len().min(TOGETHER);
                        queue.drain(..some).collect()
                    }
                    _ => {
                        open.remove(&company);
                        return;
                    }
                }
            };
            conn = self.batch(conn, batch).await;
        }
    }

    /// Runs a batch and answers it; gives the connection back when it is fit for the next one.
    async fn batch(&self, conn: Option<Conn>, mut batch: Vec<Box<dyn Work>>) -> Option<Conn> {
        let size = batch.len() as u64;
        let conn = match conn {
            Some(conn) => Ok(conn),
            None => self.db.writer().await,
        };
        let (conn, fault) = match conn {
            Err(fault) => (None, Some(fault)),
            Ok(conn) => match self.transaction(conn, &mut batch).await {
                Ok(conn) => (Some(conn), None),
                // The connection goes with the fault: whatever it held is rolled back when it closes.
                Err(fault) => (None, Some(fault)),
            },
        };
        self.stats.waiting.fetch_sub(size, Ordering::Relaxed);
        self.stats.tried(fault.as_ref());
        let answer = move || batch.into_iter().for_each(|work| work.answer(fault.as_ref()));
        if size == 1 {
            answer();
        } else {
            // From the callers' own runtime: from here each answer would wake it up once more.
            self.callers.spawn(async move { answer() });
        }
        conn
    }

    async fn transaction(&self, mut conn: Conn, batch: &mut [Box<dyn Work>]) -> Result<Conn> {
        conn.words(if self.db.is_sqlite() { "begin immediate" } else { "begin" }).await?;
        let alone = batch.len() == 1;
        let mut chapters: HashMap<CompanyId, Chapter> = HashMap::new();
        let mut kept = 0;
        for work in batch.iter_mut() {
            let company = work.company();
            let chapter = match chapters.entry(company) {
                Entry::Occupied(chapter) => chapter.into_mut(),
                Entry::Vacant(place) => place.insert(Chapter::open(companies::lock(&mut conn, company).await?)),
            };
            if !alone {
                conn.words("savepoint one").await?;
            }
            let (back, ran) = self.run(conn, work.as_mut(), chapter).await;
            conn = back;
            match ran {
                Some((head, touched)) => {
                    kept += 1;
                    chapter.head = head;
                    chapter.touched.merge(touched);
                }
                None if !alone => conn.words("rollback to savepoint one").await?,
                None => {}
            }
            if !alone {
                conn.words("release savepoint one").await?;
            }
        }
        if kept == 0 {
            conn.words("rollback").await?;
            return Ok(conn);
        }
        for (company, chapter) in &mut chapters {
            let Some(head) = &chapter.head else { continue };
            companies::advance(&mut conn, *company, head).await?;
            if head.revision > chapter.before {
                let (before, after) = (chapter.before, head.revision);
                chapter.next = self.index.prepare(&mut conn, *company, before, after, &chapter.touched).await?;
            }
        }
        conn.words("commit").await?;
        self.stats.commits.fetch_add(1, Ordering::Relaxed);
        // Counted before anybody is answered: whoever reads a higher number forgets what was read before.
        if chapters.values().any(Chapter::judges) {
            self.stats.credentials.fetch_add(1, Ordering::AcqRel);
        }
        self.stats.cases.fetch_add(kept, Ordering::Relaxed);
        for (company, chapter) in chapters {
            let Some(head) = chapter.head else { continue };
            self.stats.revisions.fetch_add(head.revision.saturating_sub(chapter.before), Ordering::Relaxed);
            self.stats.highest.fetch_max(head.revision, Ordering::Relaxed);
            if head.revision > chapter.before {
                self.index.publish(company, head.revision, chapter.next);
                // What wrote no event is no news.
                self.news.tell(company, head.revision);
            }
        }
        Ok(conn)
    }

    /// Runs one use case; what it leaves, where that is to stay. A panic in it is its own failure and nobody else's.
    async fn run(&self, conn: Conn, work: &mut dyn Work, chapter: &mut Chapter) -> (Conn, Option<Stays>) {
        let head = chapter.head.clone();
        let born = head.is_some();
        let head = head.unwrap_or_else(|| Head::unborn(guildhall_domain::company::CompanyState::Active));
        let now = self.clock.now().max(head.recorded_at);
        let caller = work.caller().clone();
        let (unsettled, shelf) = (rules::Touched::default(), Arc::clone(&self.shelf));
        let mut tx = Tx {
            conn,
            clock: self.clock.clone(),
            company: work.company(),
            began: head.revision,
            joined: conflicts::Touched::default(),
            head,
            born,
            now,
            caller,
            notices: Arc::clone(&self.notices),
            approves: false,
            told: Vec::new(),
            known: std::mem::take(&mut chapter.known),
            touched: Touched::default(),
            index: Arc::clone(&self.index),
            batch_before: chapter.before,
            earlier: std::mem::take(&mut chapter.touched),
            unsettled,
            prepared: None,
            shelf,
        };
        let ran = AssertUnwindSafe(work.run(&mut tx)).catch_unwind().await;
        let stays = ran.unwrap_or_else(|_| {
            work.fail(Error::internal("a use case panicked"));
            false
        });
        chapter.touched = tx.earlier;
        // What was asked by a use case that leaves nothing may have been its own doing.
        if stays && tx.head.revision > tx.began && tx.touched.is_of_members() {
            chapter.known = tx.known;
        }
        let head = tx.born.then_some(tx.head);
        (tx.conn, stays.then_some((head, tx.touched)))
    }
}
