//! The postman: sends notices that are due by e-mail.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::mail::Mailer;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(5);

/// Sends notices as they fall due, until `stop`.
pub async fn postman(app: App, mailer: Mailer, stop: CancellationToken) {
    let mut timer = tokio::time::interval(ROUND);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = timer.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(cause) = post(&app, &mailer, &stop).await {
            tracing::warn!(%cause, "notices will be sent later");
        }
    }
}

/// Sends what is due at this moment. What is not sent when `stop` comes is sent by the next postman.
///
/// # Errors
/// [`guildhall_domain::Error::Unavailable`] when the database does not answer; what was sent since is sent again.
pub async fn post(app: &App, mailer: &Mailer, stop: &CancellationToken) -> guildhall_domain::Result<()> {
    for letter in app.engine().take_notices().await? {
        if stop.is_cancelled() {
            break;
        }
        let sent = mailer.send(&letter).await;
        if let Err(why) = &sent {
            tracing::warn!(company = %letter.company, user = %letter.to.id, %why, "a notice is not sent and will be tried again");
        }
        app.engine().settle_notice(&letter, sent.is_ok()).await?;
    }
    Ok(())
}
