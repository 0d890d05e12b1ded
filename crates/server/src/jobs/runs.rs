//! Runs of connections: those that were asked for, and those whose time has come.

use std::time::Duration;

use guildhall_domain::Result;
use guildhall_domain::ids::CompanyId;
use guildhall_engine::pull::Claimed;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::directories;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Between two words that somebody is at work.
const ALIVE: Duration = Duration::from_secs(60);
/// The longest that one run may take.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// The most runs at once.
const AT_ONCE: usize = 4;

/// Takes up what is due until `stop`; a run that is under way then is left, and taken up again later.
pub async fn runs(app: App, stop: CancellationToken) {
    if let Err(cause) = app.engine().release_runs().await {
        tracing::warn!(%cause, "runs that were cut off wait for their time to run out");
    }
    let mut timer = tokio::time::interval(LOOK);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut at_work = JoinSet::new();
    loop {
        tokio::select! {
            _ = timer.tick() => {}
            Some(_) = at_work.join_next() => {}
            () = stop.cancelled() => break,
        }
        while at_work.len() < AT_ONCE {
            match next(&app).await {
                Ok(Some(claimed)) => {
                    let app = app.clone();
                    at_work.spawn(async move { perform(&app, claimed).await });
                }
                Ok(None) => break,
                Err(cause) => {
                    tracing::warn!(%cause, "runs of connections will be looked at again");
                    break;
                }
            }
        }
    }
}

/// Carries out what is due at this moment, one run after another: a round for tests.
///
/// # Errors
/// [`guildhall_domain::Error::Unavailable`].
pub async fn run_due(app: &App) -> Result<()> {
    while let Some(claimed) = next(app).await? {
        perform(app, claimed).await;
    }
    Ok(())
}

async fn next(app: &App) -> Result<Option<Claimed>> {
    let due: Vec<CompanyId> = app.engine().due_runs().await?;
    let mut fault = None;
    for company in due {
        match app.engine().claim_run(company).await {
            Ok(Some(claimed)) => return Ok(Some(claimed)),
            Ok(None) => {}
            // One company must not keep the others from their runs.
            Err(error) => fault = Some(error),
        }
    }
    fault.map_or(Ok(None), Err)
}

/// Reads the source and carries out what differs, saying now and then that somebody is at work.
async fn perform(app: &App, claimed: Claimed) {
    let working = async {
        let source = directories::read(app, &claimed).await?;
        let watch = |_: u64, _: u64| true;
        app.engine().carry_out_run(&claimed, source, &watch).await.map_err(|error| error.to_string())
    };
    let living = async {
        loop {
            tokio::time::sleep(ALIVE).await;
            match app.engine().keep_run(&claimed).await {
                Ok(false) => return,
                Ok(true) => {}
                Err(cause) => tracing::warn!(%cause, "a run could not say that it is at work"),
            }
        }
    };
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(LONGEST, working) => {
            outcome.unwrap_or_else(|_| Err("the run took more than six hours".into()))
        }
        // It was ended, or somebody else has it.
        () = living => return,
    };
    let (connection, run) = (claimed.connection.id, claimed.run.id);
    match outcome {
        Ok(done) => tracing::info!(%connection, %run, state = done.state.word(), "a run has ended"),
        Err(why) => {
            tracing::warn!(%connection, %run, %why, "a run failed");
            if let Err(cause) = app.engine().fail_run(&claimed, &why).await {
                tracing::warn!(%connection, %run, %cause, "and will be taken up again");
            }
        }
    }
}
