//! What runs by the clock, beside the requests.

mod deliver;
mod postman;
mod runs;
mod webhooks;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

pub use postman::{post, postman};
pub use runs::{run_due, runs};
pub use webhooks::{Dispatcher, webhooks};

/// Between two rounds of housekeeping.
const ROUND: Duration = Duration::from_secs(5);
/// Rounds between two prunings of what is kept for a time only.
const PRUNE_EVERY: u32 = 720;

/// Runs housekeeping until `stop`, and once more at the end, so that nothing counted is lost.
pub async fn housekeeping(app: App, stop: CancellationToken) {
    let mut timer = tokio::time::interval(ROUND);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0_u32.. {
        tokio::select! {
            _ = timer.tick() => {}
            () = stop.cancelled() => break,
        }
        app.retain_recent();
        report(app.engine().housekeep().await);
        if round % PRUNE_EVERY == PRUNE_EVERY - 1 {
            report(app.engine().prune().await);
        }
    }
    report(app.engine().housekeep().await);
}

fn report(outcome: guildhall_domain::Result<()>) {
    if let Err(cause) = outcome {
        tracing::warn!(%cause, "housekeeping will try again");
    }
}
