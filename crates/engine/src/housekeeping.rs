//! What time brings about: purges, last uses of keys, the chain of refusals, old answers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::company::CompanyState;
use guildhall_domain::event::Event;
use guildhall_domain::group::GroupState;
use guildhall_domain::ids::{CompanyId, ConnectionId, KeyId, SessionId};
use guildhall_domain::{Result, Timestamp};

use crate::store::{self, answers, companies, groups, refusals};
use crate::writer::Tx;
use crate::{Engine, conflicts, idempotency, journal, reviews, tasks};

/// What is counted in memory between two rounds; a crash loses at most one round of it.
#[derive(Default)]
pub(crate) struct Tally {
    uses: Mutex<HashMap<KeyId, Timestamp>>,
    runs: Mutex<HashMap<(CompanyId, ConnectionId), Timestamp>>,
    sessions: Mutex<HashMap<(CompanyId, SessionId), Timestamp>>,
    refusals: Mutex<HashMap<Refused, Times>>,
}

type Refused = (CompanyId, KeyId, Dialect, &'static str);

struct Times {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Tally {
    /// A key was presented.
    pub(crate) fn used(&self, key: KeyId, at: Timestamp) {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(key, at);
    }

    /// A connection was heard of.
    pub(crate) fn ran(&self, company: CompanyId, connection: ConnectionId, at: Timestamp) {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).insert((company, connection), at);
    }

    /// A session of the console was used.
    pub(crate) fn session_used(&self, company: CompanyId, session: SessionId, at: Timestamp) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).insert((company, session), at);
    }

    /// A key was refused.
    pub(crate) fn refused(&self, company: CompanyId, key: KeyId, dialect: Dialect, cause: &'static str, at: Timestamp) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let times = refusals.entry((company, key, dialect, cause)).or_insert(Times { count: 0, first: at, last: at });
        times.count += 1;
        times.last = at;
    }
}

impl Engine {
    /// The server's own hand in a company, for what time brings about.
    pub(crate) fn hand(&self, company: CompanyId) -> Caller {
        Caller::operator(company, Dialect::System, self.clock().id())
    }

    /// One round of housekeeping: safe to run at any time, on any node, as often as one likes.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Unavailable`] when the database does not answer; the next round makes it good.
    pub async fn housekeep(&self) -> Result<()> {
        self.keep_time().await?;
        self.index().let_go(self.clock().now());
        self.flush_uses().await?;
        self.flush_runs().await?;
        self.flush_sessions().await?;
        self.flush_refusals().await?;
        self.spread(&self.hand(CompanyId::PLATFORM)).await?;
        self.settle_due().await
    }

    async fn flush_uses(&self) -> Result<()> {
        let uses: Vec<(KeyId, Timestamp)> =
            self.tally().uses.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        if uses.is_empty() {
            return Ok(());
        }
        self.write(&self.hand(CompanyId::PLATFORM), async move |tx| store::keys::used(tx, &uses).await).await?;
        Ok(())
    }

    async fn flush_runs(&self) -> Result<()> {
        let runs: Vec<((CompanyId, ConnectionId), Timestamp)> =
            self.tally().runs.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        for ((company, connection), at) in runs {
            self.write(&self.hand(company), async move |tx| {
                store::connections::ran(tx, company, connection, at, None).await
            })
            .await?;
        }
        Ok(())
    }

    async fn flush_sessions(&self) -> Result<()> {
        let used: Vec<((CompanyId, SessionId), Timestamp)> =
            self.tally().sessions.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        for ((company, session), at) in used {
            self.write(&self.hand(company), async move |tx| store::sessions::used(tx, company, session, at).await)
                .await?;
        }
        Ok(())
    }

    async fn flush_refusals(&self) -> Result<()> {
        let counted: Vec<(Refused, Times)> =
            self.tally().refusals.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        let mut by_company: HashMap<CompanyId, Vec<(Refused, Times)>> = HashMap::new();
        for line in counted {
            by_company.entry(line.0.0).or_default().push(line);
        }
        for (company, lines) in by_company {
            self.write(&self.hand(company), async move |tx| append_refusals(tx, lines).await).await?;
        }
        Ok(())
    }

    /// Does what is due in every company, and drops answers that are old.
    async fn settle_due(&self) -> Result<()> {
        let now = self.clock().now();
        let due = {
            let mut conn = self.db().reader().await?;
            companies::due(&mut conn, now).await?
        };
        for company in due {
            self.write(&self.hand(company), async |tx| settle(tx).await).await?;
        }
        Ok(())
    }

    /// Drops answers and logs of deliveries, of all companies, that are older than promised.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Unavailable`] when the database does not answer.
    pub async fn prune(&self) -> Result<()> {
        let every = {
            let mut conn = self.db().reader().await?;
            companies::every(&mut conn).await?
        };
        for (company, _, state) in every {
            if state == CompanyState::Active {
                self.write(&self.hand(company), async |tx| {
                    let (company, limit) = (tx.company(), tx.now().plus_seconds(-idempotency::KEPT_SECONDS));
                    let now = tx.now();
                    store::sessions::prune(tx, company, now).await?;
                    answers::prune(tx, company, limit).await
                })
                .await?;
                self.prune_deliveries(company).await?;
            }
        }
        Ok(())
    }
}

async fn append_refusals(tx: &mut Tx, lines: Vec<(Refused, Times)>) -> Result<()> {
    let company = tx.company();
    let Some((mut seq, mut hash)) = companies::refusal_head(tx, company).await? else { return Ok(()) };
    for ((_, key, dialect, cause), times) in lines {
        seq += 1;
        let mut line = refusals::Refusal {
            seq,
            key,
            cause: cause.into(),
            dialect: dialect.word().into(),
            count: times.count,
            first_at: times.first,
            last_at: times.last,
            hash: Vec::new(),
        };
        line.hash = journal::link_refusal(company, &hash, &line).to_vec();
        refusals::append(tx, company, &line).await?;
        hash = line.hash;
    }
    companies::refusal_advance(tx, company, seq, &hash).await
}

/// Purges the archived groups whose time is up and notes when the next one's is.
async fn settle(tx: &mut Tx) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    tx.head_mut().next_due = None;
    for (id, purge_at) in groups::due(tx, company).await? {
        if purge_at > now {
            tx.head_mut().wake_at(purge_at);
            break;
        }
        let Some(mut group) = groups::get(tx, company, id).await? else { continue };
        (group.state, group.purge_at) = (GroupState::Purged, None);
        (group.updated_at, group.updated_by, group.version) = (now, None, tx.revision());
        groups::update(tx, company, &group, now).await?;
        store::owners::drop_owner(tx, company, id.uuid()).await?;
        journal::append(tx, &Event::GroupPurged { group: id }).await?;
        conflicts::lose_group(tx, id).await?;
    }
    crate::terms::settle(tx).await?;
    // More than one round's worth: come back at once.
    if tx.head().next_due.is_none() && !groups::due(tx, company).await?.is_empty() {
        tx.head_mut().wake_at(now);
    }
    for due in [tasks::run_out(tx).await?, reviews::follow(tx).await?].into_iter().flatten() {
        tx.head_mut().wake_at(due);
    }
    Ok(())
}
