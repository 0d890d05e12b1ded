//! Webhooks: who is told of what, tests of them, and the log of what was sent.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::webhook::{Delivery, Webhook};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{Message, SigningKey, WebhookSecret};
use http::{StatusCode, header};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, For, carry_out};
use super::{Reply, list, shown, wire};
use crate::app::App;
use crate::http::patch::Field;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(rotate))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(delivery))
        .routes(routes!(redeliver))
        .routes(routes!(signing_keys))
        .routes(routes!(rotate_signing_key))
}

/// The body of a message in the Standard Webhooks forms. A test is made at `now`.
///
/// # Errors
/// [`Error::Internal`] when what is stored is not JSON.
pub(crate) fn hook_body(message: &Message, now: Timestamp) -> Result<Vec<u8>> {
    let kind = message.kind.clone();
    let body = match &message.entry {
        Some(entry) => {
            let data = wire::Event::of(entry)?;
            serde_json::to_vec(&wire::Hook { kind, timestamp: entry.at.to_string(), data })
        }
        None => {
            let data = json!({"message": "Hello, World!"});
            serde_json::to_vec(&wire::Hook { kind, timestamp: now.to_string(), data })
        }
    };
    body.map_err(Error::internal)
}

fn answer(status: StatusCode, webhook: &Webhook) -> Answer {
    Answer::json(status, &wire::Webhook::from(webhook)).tagged(webhook.version)
}

fn queued(company: guildhall_domain::ids::CompanyId, webhook: uuid::Uuid) -> impl Fn(&Delivery, u64, For) -> Answer {
    move |line, _, _| {
        let place = format!("/v1/companies/{company}/webhooks/{webhook}/deliveries/{}", line.id);
        Answer::json(StatusCode::ACCEPTED, &wire::Delivery::from(line)).with(&header::LOCATION, place)
    }
}

fn check(app: &App, url: &str) -> Result<()> {
    app.reach().check(url).map_err(|why| Error::invalid("url", why))
}

/// Lists the webhooks of a company, by id.
#[utoipa::path(get, path = "/v1/companies/{company}/webhooks", operation_id = "listWebhooks", tag = "Webhooks",
    params(wire::OfCompany, wire::ListPlain), responses((status = 200, description = "One page of webhooks.", body = wire::List<wire::Webhook>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().webhooks(&read.caller, &ask).await?;
    list(&read.uri, page.map(|hook| wire::Webhook::from(&hook)))
}

/// Makes a webhook, which hears what happens from now on. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/companies/{company}/webhooks", operation_id = "createWebhook", tag = "Webhooks",
    params(wire::OfCompany), request_body = wire::NewWebhook, responses((status = 201, description = "The webhook.", body = wire::WebhookWithSecret)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewWebhook>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command()?;
    check(&app, &guildhall_domain::webhook::url(&new.url)?)?;
    let company = ask.path.company_id();
    let render = move |made: &WebhookSecret, _: u64, goes| {
        Answer::json(StatusCode::CREATED, &wire::WebhookWithSecret::of(made, goes == For::Now))
            .tagged(made.webhook.version)
            .with(&header::LOCATION, format!("/v1/companies/{company}/webhooks/{}", made.webhook.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_webhook(&caller, new).await).await
}

/// Tells one webhook.
#[utoipa::path(get, path = "/v1/companies/{company}/webhooks/{webhook}", operation_id = "getWebhook", tag = "Webhooks",
    params(wire::OfWebhook), responses((status = 200, description = "The webhook.", body = wire::Webhook)))]
async fn get(State(app): State<App>, read: Read<wire::OfWebhook>) -> Reply {
    let webhook = app.engine().webhook(&read.caller, read.path.webhook_id()).await?;
    // Deliveries move what is told but not the version: the tag tells both.
    let tag = format!("{}.{}.{}", webhook.version, webhook.cursor, webhook.tries);
    shown(&read.headers, &tag, || answer(StatusCode::OK, &webhook).tagged(&tag))
}

/// Edits a webhook by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}/webhooks/{webhook}", operation_id = "editWebhook", tag = "Webhooks",
    params(wire::OfWebhook), request_body(content((wire::EditWebhook = "application/merge-patch+json"), (wire::EditWebhook = "application/json"))),
    responses((status = 200, description = "The webhook as it is now.", body = wire::Webhook)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfWebhook, Json<wire::EditWebhook>>) -> Reply {
    let id = ask.path.webhook_id();
    if let Field::Value(url) = &ask.body.0.url {
        check(&app, &guildhall_domain::webhook::url(url)?)?;
    }
    let current = async { Ok(app.engine().webhook(&ask.caller, id).await?.version) };
    let version = ask.if_match.version(current).await;
    let edit = ask.body.0.command();
    carry_out(
        ask.caller,
        ask.once,
        |webhook, _, _| answer(StatusCode::OK, webhook),
        async |caller| app.engine().edit_webhook(&caller, id, edit, version).await,
    )
    .await
}

/// Deletes a webhook: nothing is sent any more, and its secret is gone.
#[utoipa::path(delete, path = "/v1/companies/{company}/webhooks/{webhook}", operation_id = "deleteWebhook", tag = "Webhooks",
    params(wire::OfWebhook), responses((status = 204, description = "It is gone.")))]
async fn delete(State(app): State<App>, ask: Change<wire::OfWebhook, NoBody>) -> Reply {
    let id = ask.path.webhook_id();
    let current = async { Ok(app.engine().webhook(&ask.caller, id).await?.version) };
    let version = ask.if_match.version(current).await;
    carry_out(
        ask.caller,
        ask.once,
        |(), _, _| Answer::empty(StatusCode::NO_CONTENT),
        async |caller| app.engine().delete_webhook(&caller, id, version).await,
    )
    .await
}

/// Gives a webhook a new secret; the old one signs as well for a while more.
#[utoipa::path(post, path = "/v1/companies/{company}/webhooks/{webhook}/rotate", operation_id = "rotateWebhook", tag = "Webhooks",
    params(wire::OfWebhook), request_body = Option<wire::WebhookRotation>,
    responses((status = 200, description = "The webhook with its new secret.", body = wire::WebhookWithSecret)))]
async fn rotate(State(app): State<App>, ask: Change<wire::OfWebhook, Maybe<wire::WebhookRotation>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, overlap, secret) = (ask.path.webhook_id(), ask.body.0.overlap(), ask.body.0.secret);
    let render = |made: &WebhookSecret, _: u64, goes| {
        Answer::json(StatusCode::OK, &wire::WebhookWithSecret::of(made, goes == For::Now))
    };
    let case = async |caller| app.engine().rotate_webhook(&caller, id, secret, overlap).await;
    carry_out(ask.caller, ask.once, render, case).await
}

/// Pauses a webhook: what happens waits for it.
#[utoipa::path(post, path = "/v1/companies/{company}/webhooks/{webhook}/pause", operation_id = "pauseWebhook", tag = "Webhooks",
    params(wire::OfWebhook), responses((status = 200, description = "The webhook, paused.", body = wire::Webhook)))]
async fn pause(State(app): State<App>, ask: Change<wire::OfWebhook, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.webhook_id();
    carry_out(
        ask.caller,
        ask.once,
        |webhook, _, _| answer(StatusCode::OK, webhook),
        async |caller| app.engine().pause_webhook(&caller, id).await,
    )
    .await
}

/// Lets a webhook go on that was paused or switched off: with what waits for it, or with what comes. One that waits to
/// try again tries at once.
#[utoipa::path(post, path = "/v1/companies/{company}/webhooks/{webhook}/resume", operation_id = "resumeWebhook", tag = "Webhooks",
    params(wire::OfWebhook), request_body = Option<wire::Resumption>,
    responses((status = 200, description = "The webhook, active.", body = wire::Webhook)))]
async fn resume(State(app): State<App>, ask: Change<wire::OfWebhook, Maybe<wire::Resumption>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, skip) = (ask.path.webhook_id(), ask.body.0.skip);
    carry_out(
        ask.caller,
        ask.once,
        |webhook, _, _| answer(StatusCode::OK, webhook),
        async |caller| app.engine().resume_webhook(&caller, id, skip).await,
    )
    .await
}

/// Sends a test message, once and soon, also while the webhook is paused. The delivery tells how it went.
#[utoipa::path(post, path = "/v1/companies/{company}/webhooks/{webhook}/test", operation_id = "testWebhook", tag = "Webhooks",
    params(wire::OfWebhook), responses((status = 202, description = "The delivery, to be looked at.", body = wire::Delivery)))]
async fn test(State(app): State<App>, ask: Change<wire::OfWebhook, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.webhook_id();
    let render = queued(ask.path.company_id(), id.uuid());
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().test_webhook(&caller, id).await).await
}

/// Lists what was sent to a webhook, newest first. Kept for seven days.
#[utoipa::path(get, path = "/v1/companies/{company}/webhooks/{webhook}/deliveries", operation_id = "listDeliveries", tag = "Webhooks",
    params(wire::OfWebhook, wire::ListDeliveries), responses((status = 200, description = "One page of deliveries.", body = wire::List<wire::Delivery>)))]
async fn deliveries(State(app): State<App>, read: Read<wire::OfWebhook, wire::ListDeliveries>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let open = read.query.undelivered.unwrap_or(false);
    let page = app.engine().deliveries(&read.caller, read.path.webhook_id(), open, &ask).await?;
    list(&read.uri, page.map(|line| wire::Delivery::from(&line)))
}

/// Tells one delivery.
#[utoipa::path(get, path = "/v1/companies/{company}/webhooks/{webhook}/deliveries/{delivery}", operation_id = "getDelivery", tag = "Webhooks",
    params(wire::OfDelivery), responses((status = 200, description = "The delivery.", body = wire::Delivery)))]
async fn delivery(State(app): State<App>, read: Read<wire::OfDelivery>) -> Reply {
    let line = app.engine().delivery(&read.caller, read.path.webhook_id(), read.path.delivery_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Delivery::from(&line)).into_response())
}

/// Sends the message of an earlier delivery once more, with the same message id, once and soon.
#[utoipa::path(post, path = "/v1/companies/{company}/webhooks/{webhook}/deliveries/{delivery}/redeliver", operation_id = "redeliver", tag = "Webhooks",
    params(wire::OfDelivery), responses((status = 202, description = "The new delivery, to be looked at.", body = wire::Delivery)))]
async fn redeliver(State(app): State<App>, ask: Change<wire::OfDelivery, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (id, line) = (ask.path.webhook_id(), ask.path.delivery_id());
    let render = queued(ask.path.company_id(), id.uuid());
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().redeliver(&caller, id, line).await).await
}

/// Tells the public keys that sign for Cakewalk receivers: the one that signs now, then the one that will.
#[utoipa::path(get, path = "/v1/companies/{company}/signing-keys", operation_id = "getSigningKeys", tag = "Webhooks",
    params(wire::OfCompany), responses((status = 200, description = "All of them.", body = wire::SigningKeys)))]
async fn signing_keys(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    let keys = app.engine().signing_keys(&read.caller).await?;
    Ok(Answer::json(StatusCode::OK, &wire::SigningKeys::from(&keys)).into_response())
}

/// Makes a new key for Cakewalk receivers: it is told at once, and signs once the overlap is over.
#[utoipa::path(post, path = "/v1/companies/{company}/signing-keys/rotate", operation_id = "rotateSigningKey", tag = "Webhooks",
    params(wire::OfCompany), request_body = Option<wire::Rotation>, responses((status = 200, description = "All of them.", body = wire::SigningKeys)))]
async fn rotate_signing_key(State(app): State<App>, ask: Change<wire::OfCompany, Maybe<wire::Rotation>>) -> Reply {
    ask.if_match.none_here()?;
    let overlap = ask.body.0.overlap();
    carry_out(
        ask.caller,
        ask.once,
        |keys: &Vec<SigningKey>, _, _| Answer::json(StatusCode::OK, &wire::SigningKeys::from(keys)),
        async |caller| app.engine().rotate_signing_key(&caller, overlap).await,
    )
    .await
}
