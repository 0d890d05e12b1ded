//! Carrying a run out: a source held against what its connection has, and what differs done piece by piece.

use futures_util::StreamExt;
use guildhall_domain::caller::Caller;
use guildhall_domain::connection::{Connection, Noun};
use guildhall_domain::ids::CompanyId;
use guildhall_domain::pull::{Report, Run, RunKind, RunState, Source, SourceGroup, SourceUser};
use guildhall_domain::{Error, Result};

use super::plan::{Plan, Step, own_key, plan};
use super::{Claimed, Progress, apply};
use crate::Engine;
use crate::authz::{self, Action};
use crate::identity::said;
use crate::store::{companies, links};

/// Pieces that are carried out at once: the writer puts them into few commits.
const TOGETHER: usize = 32;
/// Pieces between two words that somebody is at work.
const STRIDE: usize = 1000;

impl Engine {
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
