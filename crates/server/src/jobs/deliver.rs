//! One courier: claims a webhook, sends what waits for it in order, and settles how it went.

use std::time::Duration;

use bytes::Bytes;
use guildhall_domain::Result;
use guildhall_domain::ids::{CompanyId, WebhookId};
use guildhall_domain::webhook::{Form, Try};
use guildhall_engine::{Load, Message};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::{cakewalk_v1, native};
use crate::app::App;
use crate::http::reach::Line;

/// The longest between two settlements: what a crash in between sends twice.
const SETTLE: Duration = Duration::from_secs(1);
/// The longest that a courier stays with one webhook while others may wait for their turn.
const SHIFT: Duration = Duration::from_secs(60);

/// Sends what waits for one webhook, if no other courier does.
///
/// # Errors
/// [`guildhall_domain::Error::Unavailable`] when the database does not answer; what was sent since the last settlement is sent again.
pub(super) async fn deliver(app: &App, company: CompanyId, id: WebhookId, stop: &CancellationToken) -> Result<()> {
    let engine = app.engine();
    let Some(lease) = engine.claim_webhook(company, id).await? else { return Ok(()) };
    let (began, mut line) = (Instant::now(), None);
    loop {
        let Some(load) = engine.load_webhook(company, id, lease).await? else { return Ok(()) };
        let (since, mut tried, mut failed) = (Instant::now(), Vec::new(), false);
        for message in &load.messages {
            let outcome = send(app, &load, message, &mut line).await?;
            failed = message.in_order() && !outcome.accepted();
            app.metrics().delivery(outcome.accepted());
            tried.push((message.clone(), outcome));
            if failed || stop.is_cancelled() || since.elapsed() >= SETTLE {
                break;
            }
        }
        let whole = !failed && tried.len() == load.messages.len();
        let cursor = load.cursor.filter(|_| whole);
        let end = failed || whole && !load.more || stop.is_cancelled() || began.elapsed() >= SHIFT;
        if !engine.settle_webhook(company, id, lease, tried, cursor, end).await? || end {
            return Ok(());
        }
    }
}

async fn send(app: &App, load: &Load, message: &Message, line: &mut Option<Line>) -> Result<Try> {
    let clock = app.engine().clock();
    let body = match load.form {
        Form::Standard | Form::StandardEd25519 => native::hook_body(message, clock.now())?,
        Form::Cakewalk => cakewalk_v1::hook_body(message)?,
    };
    // Signed for this very try: the time is its own.
    let headers = load.signer.headers(&message.id, clock.now(), &body)?;
    let began = Instant::now();
    let answer = app.reach().post(&load.url, &headers, Bytes::from(body), line).await;
    let millis = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    let at = Some(clock.now());
    Ok(match answer {
        Ok(answer) => Try {
            at,
            status: Some(answer.status),
            error: (300..400)
                .contains(&answer.status)
                .then(|| format!("the receiver answered {} and redirects are not followed", answer.status)),
            response: Some(answer.excerpt).filter(|text| !text.is_empty()),
            millis,
            retry_after: answer.retry_after,
        },
        Err(why) => Try { at, error: Some(why), millis, ..Try::default() },
    })
}
