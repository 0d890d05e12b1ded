//! Runs in line: asked for or due, taken up by one node at a time under a lease, ended.

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{CompanyId, ConnectionId};
use guildhall_domain::pull::{Report, Run, RunKind, RunState};
use guildhall_domain::{Error, Result, Timestamp};

use super::settings::{next, schedule};
use super::{Claimed, is_pulled};
use crate::authz::{self, Action};
use crate::store::runs;
use crate::writer::Tx;
use crate::{Engine, connections};

/// Seconds for which a run belongs to whoever took it up.
const LEASE: i64 = 300;
/// The most characters of what a run failed of.
const WHY: usize = 1000;

/// Has the company looked at when its first run is due.
pub(super) async fn wake(tx: &mut Tx) -> Result<()> {
    let company = tx.company();
    let mut at = runs::next(tx, company).await?;
    for open in runs::open(tx, company).await? {
        let due = if open.run.state == RunState::Queued { tx.now() } else { open.until };
        at = Some(at.map_or(due, |at| at.min(due)));
    }
    runs::wake(tx, company, at).await
}

/// A run that begins here.
pub(super) fn fresh(tx: &Tx, connection: ConnectionId, kind: RunKind, trial: bool, state: RunState) -> Run {
    let now = tx.now();
    Run {
        id: tx.clock.id(),
        connection,
        kind,
        trial,
        state,
        asked_by: tx.caller().actor.to_string(),
        confirmation: tx.caller().confirmation.clone(),
        asked_at: now,
        started_at: (state == RunState::Running).then_some(now),
        ended_at: None,
        report: Report::default(),
        error: None,
    }
}

/// Refuses a second run of a connection beside one that is under way.
pub(super) async fn alone(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    let company = tx.company();
    if runs::open(tx, company).await?.iter().any(|open| open.run.connection == connection) {
        return Err(Error::conflict("a run of this connection is under way; wait for its end"));
    }
    Ok(())
}

async fn claim(tx: &mut Tx, engine: &Engine) -> Result<Option<Claimed>> {
    let (company, now) = (tx.company(), tx.now());
    let until = now.plus_seconds(LEASE);
    let open = runs::open(tx, company).await?;
    let busy: Vec<ConnectionId> = open.iter().map(|open| open.run.connection).collect();
    let found = open.into_iter().find(|open| open.run.state == RunState::Queued || open.until <= now);
    let (run, connection, pull) = if let Some(open) = found {
        let run = Run { state: RunState::Running, started_at: Some(now), ..open.run };
        let connection = connections::get(tx, company, run.connection).await?;
        let pull = runs::pull(tx, company, run.connection).await?;
        runs::update(tx, company, &run, until).await?;
        (run, connection, pull)
    } else {
        let due = runs::due(tx, company, now).await?;
        let Some(id) = due.into_iter().find(|id| !busy.contains(id)) else {
            wake(tx).await?;
            return Ok(None);
        };
        let connection = connections::get(tx, company, id).await?;
        let mut pull = runs::pull(tx, company, id).await?;
        let schedule = schedule(&connection.settings)?;
        let passed =
            |last: Option<Timestamp>, hours: u32| last.is_none_or(|at| at.plus_seconds(i64::from(hours) * 3600) <= now);
        let drift = schedule.drift_every_hours.is_some_and(|hours| passed(pull.drift_at, hours));
        let full = passed(pull.whole_at, schedule.full_every_hours.unwrap_or(24)) || pull.mark.is_none();
        let kind = match (drift, full) {
            (true, _) => RunKind::Settle,
            (false, true) => RunKind::Full,
            (false, false) => RunKind::Changes,
        };
        let run = fresh(tx, id, kind, drift, RunState::Running);
        runs::insert(tx, company, &run).await?;
        runs::update(tx, company, &run, until).await?;
        pull.next_at = None;
        runs::put(tx, company, id, &pull).await?;
        (run, connection, pull)
    };
    wake(tx).await?;
    let failed = async |tx: &mut Tx, run: Run, why: &str| {
        finish(tx, Run { state: RunState::Failed, error: Some(why.into()), ..run }, None).await.map(|_| None)
    };
    // What only its caller can read.
    if !is_pulled(&connection.kind) && run.kind != RunKind::Settle {
        return failed(tx, run, "it was cut off; the same command does the rest").await;
    }
    let secret = match &pull.secret {
        Some(sealed) => {
            let opened = engine.secrets().open(&[b"connection", company.bytes(), connection.id.bytes()], sealed);
            match opened.map(String::from_utf8) {
                Ok(Ok(secret)) => Some(secret),
                // One connection must not keep the others from their runs.
                _ => return failed(tx, run, "its secret cannot be opened with this master key; give it again").await,
            }
        }
        None => None,
    };
    let mark = pull.mark.filter(|_| run.kind == RunKind::Changes);
    Ok(Some(Claimed { company, run, connection, secret, mark }))
}

/// Writes how a run ended, and when the next one is due.
async fn finish(tx: &mut Tx, run: Run, mark: Option<String>) -> Result<Run> {
    let (company, now) = (tx.company(), tx.now());
    let run = Run { ended_at: Some(now), ..run };
    if !runs::lease(tx, company, &run, now).await? {
        return Err(Error::conflict("this run was ended meanwhile"));
    }
    runs::update(tx, company, &run, now).await?;
    runs::prune(tx, company, run.connection).await?;
    let connection = connections::get(tx, company, run.connection).await?;
    let mut pull = runs::pull(tx, company, run.connection).await?;
    let good = run.state == RunState::Done;
    if good && !run.trial {
        pull.mark = mark.or(pull.mark);
        if run.kind != RunKind::Changes {
            pull.whole_at = Some(now);
        }
    }
    if run.kind == RunKind::Settle {
        pull.drift_at = Some(now);
    }
    pull.next_at = next(&connection, &pull, now)?;
    runs::put(tx, company, run.connection, &pull).await?;
    let why = match run.state {
        RunState::Held => Some("the brake holds the last run; look at it, and confirm it where it is right"),
        _ => run.error.as_deref(),
    };
    // A trial that went well says nothing of how the connection stands.
    if !(run.trial && good) {
        crate::store::connections::ran(tx, company, run.connection, now, why).await?;
    }
    wake(tx).await?;
    Ok(run)
}

impl Engine {
    /// The companies in which a run is due.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn due_runs(&self) -> Result<Vec<CompanyId>> {
        let mut conn = self.db().reader().await?;
        runs::companies(&mut conn, self.clock().now()).await
    }

    /// Lets go of the runs that a process before this one was at work on, where there can be no other: on SQLite.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; they are then taken up when their time has run out.
    pub async fn release_runs(&self) -> Result<()> {
        if !self.db().is_sqlite() {
            return Ok(());
        }
        let companies = {
            let mut conn = self.db().reader().await?;
            runs::companies(&mut conn, Timestamp::MAX).await?
        };
        for company in companies {
            let hand = self.hand(company);
            let released = self.write(&hand, async |tx| {
                let (company, now) = (tx.company(), tx.now());
                for open in runs::open(tx, company).await? {
                    runs::update(tx, company, &open.run, now).await?;
                }
                wake(tx).await
            });
            released.await?;
        }
        Ok(())
    }

    /// Takes up the next run of a company that is due, so that no other node does: one that was asked for, one that
    /// somebody began and left, or one by schedule.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn claim_run(&self, company: CompanyId) -> Result<Option<Claimed>> {
        let engine = self.clone();
        Ok(self.write(&self.hand(company), async move |tx| claim(tx, &engine).await).await?.value)
    }

    /// Begins a run at once, of what the caller reads by itself.
    ///
    /// # Errors
    /// As [`Self::ask_run`].
    pub async fn begin_run(&self, caller: &Caller, id: ConnectionId, trial: bool) -> Result<Claimed> {
        let begun = self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            let connection = connections::get(tx, company, id).await?;
            alone(tx, id).await?;
            let run = fresh(tx, id, RunKind::Full, trial, RunState::Running);
            runs::insert(tx, company, &run).await?;
            runs::update(tx, company, &run, now.plus_seconds(LEASE)).await?;
            wake(tx).await?;
            Ok(Claimed { company, run, connection, secret: None, mark: None })
        });
        Ok(begun.await?.value)
    }

    /// Says that somebody is still at work on a run; false when it was ended, or taken up by another, meanwhile.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn keep_run(&self, claimed: &Claimed) -> Result<bool> {
        let (run, hand) = (claimed.run.clone(), self.hand(claimed.company));
        let kept = self.write(&hand, async move |tx| {
            let (company, until) = (tx.company(), tx.now().plus_seconds(LEASE));
            let kept = runs::lease(tx, company, &run, until).await?;
            wake(tx).await?;
            Ok(kept)
        });
        Ok(kept.await?.value)
    }

    /// Ends a run.
    pub(super) async fn finish_run(&self, company: CompanyId, run: Run, mark: Option<String>) -> Result<Run> {
        Ok(self.write(&self.hand(company), async move |tx| finish(tx, run, mark).await).await?.value)
    }

    /// Ends a run that could not be carried out.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the run is then taken up again when its time has run out.
    pub async fn fail_run(&self, claimed: &Claimed, why: &str) -> Result<Run> {
        let why: String = why.chars().filter(|c| !c.is_control()).take(WHY).collect();
        let run = Run { state: RunState::Failed, error: Some(why), ..claimed.run.clone() };
        self.finish_run(claimed.company, run, None).await
    }
}
