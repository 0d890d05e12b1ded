//! What may happen: one function a use case, one transaction each; the only door to the rows.

mod accesses;
mod app_events;
mod apps;
mod asking;
mod authz;
mod brake;
mod callers;
mod clock;
mod companies;
mod conflicts;
mod connections;
mod difference;
pub mod directory;
mod doctor;
mod explain;
mod grants;
mod group_apps;
mod groups;
mod hands;
mod having;
mod housekeeping;
mod idempotency;
mod identity;
mod index;
mod journal;
mod keys;
mod listed;
mod memberships;
mod names;
mod nestings;
mod news;
mod notices;
mod offboarding;
mod past;
mod platform;
mod policies;
mod preview;
pub mod pull;
mod reading;
mod rendered;
mod request_events;
mod requests;
mod restore;
mod review_close;
mod review_events;
mod review_rows;
mod reviews;
mod roles;
mod rules;
mod secrets;
mod sessions;
pub mod sheets;
mod store;
mod tasks;
mod teams;
mod terms;
mod users;
mod view;
mod webhooks;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::{Error, Result};

pub use accesses::{AccessNames, GiveAccess, HeldApp};
pub use apps::{ShownApp, WholeApp};
pub use asking::{AskAccess, AskNames};
pub use brake::Release;
pub use callers::{Presented, Token};
pub use clock::Clock;
pub use companies::NewCompany;
pub use conflicts::{Breaching, CountedConflict, HeldGroup};
pub use difference::{Change, GroupDifference, PutBack, UserDifference};
pub use doctor::Check;
pub use explain::{
    Absence, Conflicting, Ended, Explanation, HeldAccess, Judged, Lacking, Missing, Reasons, Thing, Way, What,
};
pub use groups::Shown;
pub use having::{Had, LevelRef};
pub use identity::{
    Belonging, Crew, EditCrew, EditMembers, EditPerson, FindCrews, FindPeople, Listed, NewPerson, Person,
};
pub use journal::{Verified, whole_data};
pub use keys::{NewKey, Secret};
pub use listed::{WithGroups, WithMembers};
pub use memberships::{ChangeMembers, ChangedMember, MemberRef};
pub use names::Named;
pub use notices::{Asked, Letter, Told};
pub use past::Past;
pub use policies::ChoiceOf;
pub use reading::{MemberCount, Question};
pub use rendered::{Rendered, Rendering, Rendition, SharedGroup};
pub use restore::{Restored, restore};
pub use review_close::{CloseReview, Closing, Evidence};
pub use review_rows::{DecideRows, DecidedRow, ShownRow};
pub use reviews::{NewReview, ReviewNames, ShownReview};
pub use roles::{ChangeRoles, Source};
pub use rules::{Clause, PreviewedRule, Rule, TriedRule};
pub use secrets::Secrets;
pub use sessions::SignedIn;
pub use store::apps::{AppFilter, AppKey};
pub use store::events::Entry;
pub use store::giving::{Gift, Grant, Held};
pub use store::groups::{GroupFilter, GroupKey, GroupSort};
pub use store::nestings::{Nesting, Towards};
pub use store::past::{Closed, Given, Step};
pub use store::policies::{Choice, PolicyVersion};
pub use store::reasons::Added;
pub use store::refusals::Refusal;
pub use store::requests::RequestFilter;
pub use store::reviews::{ReviewFilter, RowFilter};
pub use store::roles::scope_json;
pub use store::tasks::TaskFilter;
pub use store::users::{UserFilter, UserKey, UserSort};
pub use tasks::{Decision, WholeTask};
pub use teams::TeamFilter;
pub use terms::{EditReason, Ending, EndingKey};
pub use users::{FindUsers, attribute};
pub use webhooks::actionable::ActionTask;
pub use webhooks::courier::{Load, Look, Message};
pub use webhooks::signing::Signer;
pub use webhooks::{SigningKey, WebhookSecret};
pub use writer::{WriterStats, Written};

use store::Db;
use writer::{Tx, Writer};

/// Where and how an engine opens its database.
#[derive(Clone)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The master key as `GUILDHALL_MASTER_KEY` gives it; PostgreSQL requires it, SQLite falls back on its key file.
    pub master_key: Option<String>,
    /// The most reads at once (SQLite) or connections (PostgreSQL).
    pub connections: usize,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Options {
    /// The options for `database`, with everything else as it comes.
    pub fn new(database: impl Into<String>) -> Self {
        let cpus = std::thread::available_parallelism().map_or(4, usize::from);
        Self { database: database.into(), master_key: None, connections: (cpus * 4).max(16), clock: Clock::machine() }
    }
}

/// The use cases. Cheap to clone; all clones share one database, one writer and one clock.
#[derive(Clone)]
pub struct Engine(Arc<Inner>, Reads);

/// Where reads of groups and memberships are answered from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// From memory, as soon as the company is held there.
    Memory,
    /// Always from the rows.
    Rows,
}

struct Inner {
    db: Arc<Db>,
    writer: Writer,
    clock: Clock,
    secrets: Secrets,
    news: Arc<news::News>,
    notices: Arc<notices::Switch>,
    tally: housekeeping::Tally,
    loads: directory::Loads,
    index: Arc<index::Index>,
    remembered: callers::Remembered,
    /// Where the master key lies, when it came from its file.
    key_file: Option<PathBuf>,
    /// Schema steps that opening ran.
    steps: usize,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// The number of the newest schema that this binary knows.
pub fn schema() -> i64 {
    store::migrate::known()
}

/// The file behind a `sqlite:` address.
pub fn sqlite_path(database: &str) -> Option<PathBuf> {
    let path = database.strip_prefix("sqlite:")?;
    Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
}

/// A file that belongs to a SQLite database and is named after it, such as its lock, socket or master key.
pub fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

impl Engine {
    /// Opens the database, brings its schema up to date and starts the writer.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the address is none; [`Error::Conflict`] with the remedy when another process has the
    /// file, the schema is newer than this binary, or the master key is lost or another's; [`Error::Unavailable`]
    /// when the database does not answer.
    pub async fn open(options: Options) -> Result<Self> {
        let Options { database, master_key, connections, clock } = options;
        let key_file = sqlite_path(&database).filter(|_| master_key.is_none()).map(|path| beside(&path, "key"));
        let (db, secrets) = if let Some(path) = sqlite_path(&database) {
            open_sqlite(&path, master_key.as_deref(), connections)?
        } else if database.starts_with("postgres://") || database.starts_with("postgresql://") {
            let key = master_key.ok_or_else(|| {
                Error::conflict("PostgreSQL needs GUILDHALL_MASTER_KEY: set it to 32 bytes in base64, as `openssl rand -base64 32` prints them, the same on every node")
            })?;
            let server = store::postgres::Server::new(&database, connections)?;
            clock.follow(server.measure_offset(|| clock.local()).await?);
            (Db::Postgres(server), Secrets::parse(&key)?)
        } else {
            return Err(Error::invalid("database", "must be sqlite:PATH or postgres://USER@HOST/NAME"));
        };
        let prepared = async {
            let mut conn = db.writer().await?;
            let steps = store::migrate::run(&mut conn).await?;
            companies::platform(&mut conn, &secrets, clock.now()).await?;
            Ok(steps)
        };
        let steps = prepared.await.map_err(|error| doctor::explain(&db, error))?;
        let (db, news, notices) = (Arc::new(db), Arc::new(news::News::default()), Arc::<notices::Switch>::default());
        let index = Arc::new(index::Index::default());
        let told = (Arc::clone(&news), Arc::clone(&notices));
        let writer = Writer::start(Arc::clone(&db), clock.clone(), told, Arc::clone(&index))?;
        let (tally, loads) = (housekeeping::Tally::default(), directory::Loads::default());
        let remembered = callers::Remembered::default();
        let inner =
            Inner { db, writer, clock, secrets, news, notices, tally, loads, index, remembered, key_file, steps };
        let engine = Self(Arc::new(inner), Reads::Memory);
        engine.follow_others();
        Ok(engine)
    }

    /// The same engine, whose reads never come from memory: what memory says can be held against it.
    pub fn from_rows(&self) -> Self {
        Self(Arc::clone(&self.0), Reads::Rows)
    }

    /// The clock that every time comes from.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The schema that this database has now, and how many steps opening it took to get there.
    pub fn schema(&self) -> (i64, usize) {
        (store::migrate::known(), self.0.steps)
    }

    /// The file that holds the master key; none when `GUILDHALL_MASTER_KEY` gave it.
    pub fn key_file(&self) -> Option<&Path> {
        self.0.key_file.as_deref()
    }

    /// What the writer has done so far.
    pub fn writer_stats(&self) -> &WriterStats {
        &self.0.writer.stats
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }
    pub(crate) fn news(&self) -> &news::News {
        &self.0.news
    }
    pub(crate) fn notices(&self) -> &notices::Switch {
        &self.0.notices
    }
    pub(crate) fn index(&self) -> &index::Index {
        &self.0.index
    }
    pub(crate) fn remembered(&self) -> &callers::Remembered {
        &self.0.remembered
    }
    pub(crate) fn loads(&self) -> &directory::Loads {
        &self.0.loads
    }
    pub(crate) fn tally(&self) -> &housekeeping::Tally {
        &self.0.tally
    }

    /// Runs a use case in the one write, for a caller that may write at all.
    pub(crate) async fn write<T, F>(&self, caller: &Caller, case: F) -> Result<Written<T>>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
        T: std::any::Any + Send,
    {
        authz::may_write(caller)?;
        let written = self.0.writer.write(caller.clone(), case).await?;
        if caller.company == CompanyId::PLATFORM
            && let Err(cause) = self.spread(caller).await
        {
            tracing::warn!(%cause, "the platform's groups did not reach every company yet; housekeeping goes on");
        }
        Ok(written)
    }

    /// Refuses a read that asks for a revision the company has not reached.
    ///
    /// # Errors
    /// [`Error::Ahead`]; [`Error::NotFound`] when there is no such company.
    pub async fn at_least(&self, company: CompanyId, asked: u64) -> Result<()> {
        match self.revision(company).await? {
            at if at >= asked => self.index_at_least(company, asked).await,
            at => Err(Error::Ahead { asked, at }),
        }
    }

    /// The revision of a company that is in use.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such company.
    pub async fn revision(&self, company: CompanyId) -> Result<u64> {
        let mut conn = self.db().reader().await?;
        store::companies::revision(&mut conn, company).await?.ok_or(Error::NotFound { noun: CompanyId::NOUN })
    }

    /// Can this node serve at this moment? Reads the database, asks whether the last commit could be written and, on
    /// PostgreSQL, measures its clock.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with what is in the way.
    pub async fn ready(&self) -> Result<()> {
        let away = |why: String| Error::Unavailable { why, retry_after: 2 };
        let offset = self.keep_time().await?;
        if offset.abs() > 100_000 {
            return Err(away(format!("this machine's clock is {} ms off the database's", offset / 1000)));
        }
        let asked = async {
            let mut conn = self.db().reader().await?;
            store::companies::revision(&mut conn, CompanyId::PLATFORM).await
        };
        match tokio::time::timeout(Duration::from_secs(2), asked).await {
            Ok(answer) => answer.map(drop)?,
            Err(_) => return Err(away("the database does not answer".into())),
        }
        // On PostgreSQL what keeps one company from being written may be its own.
        match self.writer_stats().stuck().filter(|_| self.db().is_sqlite()) {
            Some(why) => Err(away(why)),
            None => Ok(()),
        }
    }

    /// Measures how far this machine's clock is behind the database's, in microseconds, and follows that. On SQLite, and
    /// with a clock that stands, there is nothing to follow.
    pub(crate) async fn keep_time(&self) -> Result<i64> {
        let Db::Postgres(server) = self.db() else { return Ok(0) };
        if !self.clock().runs() {
            return Ok(0);
        }
        let offset = server.measure_offset(|| self.clock().local()).await?;
        self.clock().follow(offset);
        Ok(offset)
    }

    /// Connections of the pool in use and open; on SQLite those that read.
    pub fn pool_usage(&self) -> (usize, usize) {
        match self.db() {
            Db::Postgres(server) => server.usage(),
            Db::Sqlite(file) => file.usage(),
        }
    }

    /// Writes a copy of a SQLite database to `file`, in one state, while the server goes on. The master key is not in
    /// it.
    ///
    /// # Errors
    /// [`Error::Conflict`] on PostgreSQL, which has tools of its own, and when `file` exists.
    pub async fn backup(&self, file: PathBuf) -> Result<()> {
        let Db::Sqlite(db) = self.db() else {
            return Err(Error::conflict("back a PostgreSQL database up with pg_dump; this command is for SQLite"));
        };
        let from = db.path().to_owned();
        tokio::task::spawn_blocking(move || store::sqlite::backup(&from, &file)).await.map_err(Error::internal)?
    }
}

fn open_sqlite(path: &Path, master_key: Option<&str>, connections: usize) -> Result<(Db, Secrets)> {
    if rusqlite::version_number() < 3_051_003 {
        return Err(Error::conflict(format!("SQLite {} is linked; 3.51.3 or newer is needed", rusqlite::version())));
    }
    let lock = lock_file(path)?;
    let secrets = match master_key {
        Some(key) => Secrets::parse(key)?,
        // Only a database that does not exist yet may get a fresh key: a new one for old hashes opens nothing.
        None => Secrets::from_file(&beside(path, "key"), !path.exists())?,
    };
    Ok((Db::Sqlite(store::sqlite::File::new(path, connections, lock)), secrets))
}

/// Takes the lock that says one process has this SQLite file; held until the result is dropped.
fn lock_file(path: &Path) -> Result<std::fs::File> {
    let lock_file = beside(path, "lock");
    let opened = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&lock_file);
    let lock = opened.map_err(|e| {
        Error::conflict(format!(
            "{} cannot be written ({e}); choose a directory that this user may write to",
            lock_file.display()
        ))
    })?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(Error::conflict(format!(
                "another guildhall is using {}; stop it first, or give this one another --database",
                path.display()
            )));
        }
        Err(std::fs::TryLockError::Error(e)) => return Err(Error::conflict(format!("{}: {e}", lock_file.display()))),
    }
    Ok(lock)
}
