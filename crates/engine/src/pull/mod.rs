//! Runs: a source is read by the server, held here against what its connection has, and what differs is carried out
//! for the connection, each piece in a use case of its own. A run that is cut off is taken up again from its
//! beginning, and finds done what was done.

mod apply;
mod plan;

use futures_util::StreamExt;
use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Connection, Noun};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, ConnectionId, RunId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::patch::Patch;
use guildhall_domain::pull::{Report, Run, RunKind, RunState, Schedule, Source, SourceGroup, SourceUser};
use guildhall_domain::{Error, Result, Timestamp};

use self::plan::{Plan, Step, own_key, plan};
use crate::authz::{self, Action};
use crate::identity::said;
use crate::store::runs::{self, Pull};
use crate::store::{Conn, companies, links};
use crate::writer::Tx;
use crate::{Engine, Secrets, Written, connections, journal};

/// Seconds for which a run belongs to whoever took it up.
const LEASE: i64 = 300;
/// Pieces that are carried out at once: the writer puts them into few commits.
const TOGETHER: usize = 32;
/// Pieces between two words that somebody is at work.
const STRIDE: usize = 1000;
/// The kinds of connections that the server itself reads.
const PULLED: &[&str] = &["ldap"];
/// The most characters of what a run failed of.
const WHY: usize = 1000;
/// The most bytes of a secret.
const SECRET: usize = 4096;

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

/// When the settings of a connection want it to be pulled.
pub(crate) fn schedule(settings: &str) -> Result<Schedule> {
    let stored: serde_json::Value = serde_json::from_str(settings).map_err(Error::internal)?;
    let number = |name: &str| match &stored[name] {
        serde_json::Value::Null => Ok(None),
        value => match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
            Some(n) => Ok(Some(n)),
            None => Err(Error::invalid(format!("settings.{name}"), "must be a whole number")),
        },
    };
    Schedule {
        every_minutes: number("everyMinutes")?,
        full_every_hours: number("fullEveryHours")?,
        drift_every_hours: number("driftEveryHours")?,
    }
    .check()
}

/// When a connection is next to be looked at by itself.
fn next(connection: &Connection, pull: &Pull, last: Timestamp) -> Result<Option<Timestamp>> {
    let schedule = schedule(&connection.settings)?;
    let run = schedule.every_minutes.filter(|_| is_pulled(&connection.kind));
    let run = run.map(|minutes| last.plus_seconds(i64::from(minutes) * 60));
    let drift = schedule
        .drift_every_hours
        .map(|hours| pull.drift_at.map_or(last, |at| at.plus_seconds(i64::from(hours) * 3600)));
    Ok([run, drift].into_iter().flatten().min())
}

/// Has the company looked at when its first run is due.
async fn wake(tx: &mut Tx) -> Result<()> {
    let company = tx.company();
    let mut at = runs::next(tx, company).await?;
    for open in runs::open(tx, company).await? {
        let due = if open.run.state == RunState::Queued { tx.now() } else { open.until };
        at = Some(at.map_or(due, |at| at.min(due)));
    }
    runs::wake(tx, company, at).await
}

/// Follows a connection that was made or edited: its schedule, and its secret where one was given.
pub(crate) async fn follow(tx: &mut Tx, connection: &Connection, secret: Patch<Vec<u8>>, moved: bool) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let mut pull = runs::pull(tx, company, connection.id).await?;
    let told = match &secret {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(_) => Some(Some("set".to_owned())),
    };
    match secret {
        Patch::Set(sealed) => pull.secret = Some(sealed),
        Patch::Clear => pull.secret = None,
        // Whoever may point a connection elsewhere must not have its secret sent there.
        Patch::Keep if moved && pull.secret.is_some() => {
            return Err(Error::invalid("secret", "must be given again where the address changes"));
        }
        Patch::Keep => {}
    }
    if moved {
        pull.mark = None;
    }
    pull.next_at = next(connection, &pull, now)?;
    runs::put(tx, company, connection.id, &pull).await?;
    if let Some(told) = told {
        // That it was set is told, and never what it is.
        let fields = vec![("secret", told)];
        journal::append(tx, &Event::ConnectionUpdated { connection: connection.id, fields }).await?;
    }
    wake(tx).await
}

/// Ends what is kept of a connection that is taken away.
pub(crate) async fn end(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    runs::delete(tx, company, connection).await?;
    for open in runs::open(tx, company).await? {
        if open.run.connection == connection {
            let why = Some("the connection was taken away".into());
            let run = Run { state: RunState::Failed, ended_at: Some(now), error: why, ..open.run };
            runs::update(tx, company, &run, now).await?;
        }
    }
    wake(tx).await
}

/// Seals the secret of a connection: it opens for that connection alone.
pub(crate) fn seal(secrets: &Secrets, company: CompanyId, id: ConnectionId, secret: &str) -> Result<Vec<u8>> {
    if !(1..=SECRET).contains(&secret.len()) {
        return Err(Error::invalid("secret", "must have 1 to 4,096 bytes"));
    }
    secrets.seal(&[b"connection", company.bytes(), id.bytes()], secret.as_bytes())
}

/// Has a connection a secret?
pub(crate) async fn has_secret(conn: &mut Conn, company: CompanyId, id: ConnectionId) -> Result<bool> {
    Ok(runs::pull(conn, company, id).await?.secret.is_some())
}

/// Does another text of settings lead elsewhere, or trust somebody else?
pub(crate) fn moved(before: &str, after: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let (before, after) = (read(before), read(after));
    ["url", "startTls", "caCertificate", "bindDn"].iter().any(|name| before[name] != after[name])
}

fn fresh(tx: &Tx, connection: ConnectionId, kind: RunKind, trial: bool, state: RunState) -> Run {
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
async fn alone(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
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
    let secret = match &pull.secret {
        Some(sealed) => {
            let plain = engine.secrets().open(&[b"connection", company.bytes(), connection.id.bytes()], sealed)?;
            Some(String::from_utf8(plain).map_err(Error::internal)?)
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
    if !runs::lease(tx, company, run.id, now).await? {
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

    /// The companies in which a run is due.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn due_runs(&self) -> Result<Vec<CompanyId>> {
        let mut conn = self.db().reader().await?;
        runs::companies(&mut conn, self.clock().now()).await
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

    /// Says that somebody is still at work on a run; false when it was ended meanwhile.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn keep_run(&self, claimed: &Claimed) -> Result<bool> {
        let (id, hand) = (claimed.run.id, self.hand(claimed.company));
        let kept = self.write(&hand, async move |tx| {
            let (company, until) = (tx.company(), tx.now().plus_seconds(LEASE));
            let kept = runs::lease(tx, company, id, until).await?;
            wake(tx).await?;
            Ok(kept)
        });
        Ok(kept.await?.value)
    }

    /// What the source of a connection that pushes said last.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn last_said(&self, claimed: &Claimed) -> Result<Source> {
        let (company, id) = (claimed.company, claimed.connection.id);
        let mut conn = self.db().reader().await?;
        let mut source = Source::default();
        for link in links::all_said(&mut conn, company, id, Noun::User).await? {
            let said = link.said.as_deref().map(said::read_user).transpose()?;
            source.users.push(SourceUser { key: link.external_id.unwrap_or_else(|| own_key(link.object)), said });
        }
        for link in links::all_said(&mut conn, company, id, Noun::Group).await? {
            let said = link.said.as_deref().map(said::read_group).transpose()?;
            source.groups.push(SourceGroup { key: link.external_id.unwrap_or_else(|| own_key(link.object)), said });
        }
        Ok(source)
    }

    /// Holds a source against what we have and, unless it is a trial or the brake holds it, carries out what differs.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Conflict`] when the run was ended meanwhile or the watcher ends it. What was
    /// done stays; the run is for [`Self::fail_run`] to end.
    pub async fn carry_out_run(&self, claimed: &Claimed, mut source: Source, watch: Progress<'_>) -> Result<Run> {
        let Claimed { company, connection, run, .. } = claimed;
        let (company, mark) = (*company, source.mark.take());
        let plan = self.compare(company, connection, run.kind, source).await?;
        let mut run = Run { report: plan.report, ..run.clone() };
        let confirmed = run.confirmation.as_deref() == Some(&plan.confirmation);
        if let Some((removals, members)) = plan.held {
            run.confirmation = Some(plan.confirmation);
            if !(confirmed || run.trial) {
                run.state = RunState::Held;
                run.report.problem(format!("{removals} of {members} would be removed, which the brake holds"));
                return self.finish_run(company, run, None).await;
            }
        }
        run.state = RunState::Done;
        if !run.trial {
            self.carry_out(claimed, plan.steps, &mut run.report, watch).await?;
        }
        self.finish_run(company, run, mark).await
    }

    async fn compare(
        &self,
        company: CompanyId,
        connection: &Connection,
        kind: RunKind,
        source: Source,
    ) -> Result<Plan> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        conn.begin_snapshot().await?;
        let settings = companies::get(&mut conn, company).await?;
        let settings = settings.ok_or(Error::NotFound { noun: CompanyId::NOUN })?.settings;
        let settings = connection.braked_by(&settings);
        let made = plan(&mut conn, company, connection, kind, source, &settings, now).await;
        conn.end_snapshot().await?;
        made
    }

    /// What bringing a source into a connection would change, which need not exist yet. Nothing is written.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Unavailable`].
    pub async fn try_source(&self, caller: &Caller, connection: &Connection, source: Source) -> Result<Report> {
        {
            let mut conn = self.db().reader().await?;
            authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        }
        Ok(self.compare(caller.company, connection, RunKind::Full, source).await?.report)
    }

    async fn carry_out(
        &self,
        claimed: &Claimed,
        steps: Vec<Step>,
        report: &mut Report,
        watch: Progress<'_>,
    ) -> Result<()> {
        let (total, mut done) = (steps.len(), 0);
        let hand = Caller { connection: Some(claimed.connection.id), ..self.hand(claimed.company) };
        let mut phases: Vec<Vec<Step>> = Vec::new();
        for step in steps {
            match phases.last_mut() {
                Some(last) if last.first().is_some_and(|first| first.phase() == step.phase()) => last.push(step),
                _ => phases.push(vec![step]),
            }
        }
        for phase in phases {
            let mut pieces = futures_util::stream::iter(phase.into_iter().map(|step| {
                let (hand, connection, words) = (hand.clone(), claimed.connection.clone(), words(&step));
                async move {
                    let written = self.write(&hand, async move |tx| apply::step(tx, &connection, step).await).await;
                    (words, written)
                }
            }))
            .buffer_unordered(TOGETHER);
            while let Some((words, outcome)) = pieces.next().await {
                done += 1;
                match outcome {
                    Ok(_) => {}
                    Err(error @ (Error::Unavailable { .. } | Error::Internal(_))) => return Err(error),
                    Err(error) => report.problem(format!("{words}: {error}")),
                }
                if done % STRIDE == 0 && !self.keep_run(claimed).await? {
                    return Err(Error::conflict("this run was ended meanwhile"));
                }
                if !watch(done as u64, total as u64) {
                    return Err(Error::conflict("the run was interrupted; what it had done stays"));
                }
            }
        }
        Ok(())
    }

    async fn finish_run(&self, company: CompanyId, run: Run, mark: Option<String>) -> Result<Run> {
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

/// What a piece is about, for the report of one that failed.
fn words(step: &Step) -> String {
    match step {
        Step::Person { key, said } => {
            format!("user {}", said.email.as_deref().or(said.user_name.as_deref()).unwrap_or(key))
        }
        Step::Manager { key, .. } => format!("manager of user {key}"),
        Step::Crew { said, .. } => format!("group {}", said.name),
        Step::Members { key, .. } => format!("members of group {key}"),
        Step::Extra { group, .. } | Step::Disband(group) => format!("group {group}"),
        Step::Nest { parent, child } => format!("group {child} inside {parent}"),
        Step::Unnest { parent, child } => format!("group {child} inside {parent}"),
        Step::Leave(user) => format!("user {user}"),
    }
}
