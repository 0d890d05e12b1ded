//! Use cases on webhooks: make, edit, pause, test, and the log of what was sent.

pub(crate) mod actionable;
pub(crate) mod courier;
pub(crate) mod signing;

use guildhall_domain::caller::Caller;
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::ids::{CompanyId, DeliveryId, WebhookId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::webhook::{
    Delivery, DeliveryState, EditWebhook, Form, MOST, NewWebhook, Webhook, WebhookState, host,
};
use guildhall_domain::{Error, Result, Timestamp};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::store::webhooks::Kept;
use crate::store::{Conn, companies, deliveries, signing_keys, webhooks};
use crate::writer::Tx;
use crate::{Engine, Written, journal};
use signing::Secret;

/// The most deliveries of a webhook that may wait after being asked for by hand.
const QUEUE: u64 = 100;
/// The longest for which an old secret signs beside the new one: 30 days.
const OVERLAP: u32 = 30 * 86_400;

const GONE: Error = Error::NotFound { noun: WebhookId::NOUN };

/// A webhook together with its secret, which is shown this once. A webhook that signs with Ed25519 has none to show.
#[derive(Clone, Debug)]
pub struct WebhookSecret {
    /// The webhook.
    pub webhook: Webhook,
    /// `whsec_` and the key in base64.
    pub secret: Option<String>,
}

/// The members of a webhook's record that an event tells.
fn fields(webhook: &Webhook, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", webhook.name.clone()),
        ("url", Some(host(&webhook.url))),
        ("form", Some(webhook.form.word().to_owned())),
        ("events", Some(webhook.events.join(" "))),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

async fn get(conn: &mut Conn, company: CompanyId, id: WebhookId) -> Result<Kept> {
    webhooks::get(conn, company, id).await?.ok_or(GONE)
}

async fn may_administer(tx: &mut Tx) -> Result<()> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    authz::may(tx, &caller, Action::Administer, now).await
}

/// Notes that the record was changed by what follows.
fn touch(tx: &Tx, webhook: &mut Webhook) {
    (webhook.updated_at, webhook.version) = (tx.now(), tx.revision());
}

fn check_overlap(seconds: u32) -> Result<()> {
    if seconds > OVERLAP {
        return Err(Error::invalid("overlapSeconds", "must be 0 to 2,592,000 (30 days)"));
    }
    Ok(())
}

/// Queues one message, to be tried once.
async fn queue(tx: &mut Tx, kept: &mut Kept, message: String, kind: String, revision: Option<u64>) -> Result<Delivery> {
    if kept.queued >= QUEUE {
        return Err(Error::conflict(format!("{QUEUE} deliveries of this webhook wait already; try again later")));
    }
    kept.queued += 1;
    let (company, id) = (tx.company(), tx.clock.id());
    let state = DeliveryState::Queued;
    let line = Delivery { id, message, kind, revision, state, tries: 0, created_at: tx.now(), last: None };
    deliveries::put(tx, company, kept.record.id, std::slice::from_ref(&line)).await?;
    webhooks::update(tx, company, kept).await?;
    Ok(line)
}

impl Engine {
    /// One page of the webhooks of the company, by id.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn webhooks(&self, caller: &Caller, ask: &Ask<WebhookId>) -> Result<Page<Webhook, WebhookId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        Ok(webhooks::list(&mut conn, caller.company, ask).await?.map(|kept| kept.record))
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        Ok(get(&mut conn, caller.company, id).await?.record)
    }

    /// Makes a webhook that hears what happens from now on.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Error::TooMany`]; [`Error::Conflict`] when there are too many.
    pub async fn create_webhook(&self, caller: &Caller, new: NewWebhook) -> Result<Written<WebhookSecret>> {
        authz::may_write(caller)?;
        let pair = if new.form == Form::Cakewalk { self.first_pair(caller.company).await? } else { None };
        let engine = self.clone();
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let (company, id) = (tx.company(), tx.clock.id());
            let secret = Secret::birth(new.form, new.secret.as_deref())?;
            let mut webhook = Webhook::birth(id, new, tx.caller().user(), tx.now(), tx.revision())?;
            webhook.public_key = secret.public();
            if companies::count_webhooks(tx, company, 1).await? > u64::from(MOST) {
                return Err(Error::conflict(format!("a company may have at most {MOST} webhooks; delete one first")));
            }
            let sealed = secret.seal(engine.secrets(), company, id)?;
            webhooks::insert(tx, company, &webhook, &sealed).await?;
            journal::append(tx, &Event::WebhookCreated { webhook: id, fields: fields(&webhook, None) }).await?;
            if let Some(pair) = pair {
                signing::keep_first(tx, &engine, pair).await?;
            }
            // What making it has written is not news to it.
            webhook.cursor = tx.head().revision;
            let kept = get(tx, company, id).await?;
            webhooks::update(tx, company, &Kept { record: webhook.clone(), ..kept }).await?;
            Ok(WebhookSecret { webhook, secret: secret.text() })
        })
        .await
    }

    /// Edits a webhook's record. A new address is tried at once. `version` is what `If-Match` named.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`], [`Error::TooMany`].
    pub async fn edit_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        edit: EditWebhook,
        version: Option<u64>,
    ) -> Result<Written<Webhook>> {
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let company = tx.company();
            let mut kept = get(tx, company, id).await?;
            matches(version, kept.record.version)?;
            let changed = kept.record.apply(edit)?;
            if changed.is_empty() {
                return Ok(kept.record);
            }
            if changed.contains(&"url") && kept.record.state == WebhookState::Active {
                kept.record.recovered();
            }
            touch(tx, &mut kept.record);
            webhooks::update(tx, company, &kept).await?;
            let event = Event::WebhookUpdated { webhook: id, fields: fields(&kept.record, Some(&changed)) };
            journal::append(tx, &event).await?;
            Ok(kept.record)
        })
        .await
    }

    /// Deletes a webhook: nothing is sent any more, and its secret is gone.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Stale`].
    pub async fn delete_webhook(&self, caller: &Caller, id: WebhookId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let (company, now) = (tx.company(), tx.now());
            matches(version, get(tx, company, id).await?.record.version)?;
            webhooks::bury(tx, company, id, now).await?;
            companies::count_webhooks(tx, company, -1).await?;
            journal::append(tx, &Event::WebhookDeleted { webhook: id }).await
        })
        .await
    }

    /// Gives a webhook a new secret; the old one signs as well for `overlap_seconds` more (0 to 30 days).
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`].
    pub async fn rotate_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        secret: Option<String>,
        overlap_seconds: u32,
    ) -> Result<Written<WebhookSecret>> {
        let engine = self.clone();
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            check_overlap(overlap_seconds)?;
            let company = tx.company();
            let mut kept = get(tx, company, id).await?;
            let until = tx.now().plus_seconds(i64::from(overlap_seconds));
            let fresh = Secret::birth(kept.record.form, secret.as_deref())?;
            kept.previous = Some(std::mem::replace(&mut kept.secret, fresh.seal(engine.secrets(), company, id)?));
            (kept.record.previous_until, kept.record.public_key) = (Some(until), fresh.public());
            touch(tx, &mut kept.record);
            webhooks::reseal(tx, company, &kept).await?;
            journal::append(tx, &Event::WebhookRotated { webhook: id, previous_until: until }).await?;
            Ok(WebhookSecret { webhook: kept.record, secret: fresh.text() })
        })
        .await
    }

    /// Pauses a webhook: what happens waits for it. A paused one stays as it is.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn pause_webhook(&self, caller: &Caller, id: WebhookId) -> Result<Written<Webhook>> {
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let company = tx.company();
            let mut kept = get(tx, company, id).await?;
            if kept.record.state == WebhookState::Paused {
                return Ok(kept.record);
            }
            kept.record.state = WebhookState::Paused;
            touch(tx, &mut kept.record);
            webhooks::update(tx, company, &kept).await?;
            journal::append(tx, &Event::WebhookPaused { webhook: id }).await?;
            Ok(kept.record)
        })
        .await
    }

    /// Lets a webhook go on that was paused or switched off: with what waits for it or, where `skip`, with what comes.
    /// An active one tries at once what it waits to try again.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn resume_webhook(&self, caller: &Caller, id: WebhookId, skip: bool) -> Result<Written<Webhook>> {
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let company = tx.company();
            let mut kept = get(tx, company, id).await?;
            if kept.record.state == WebhookState::Active && kept.record.tries == 0 && !skip {
                return Ok(kept.record);
            }
            touch(tx, &mut kept.record);
            kept.record.recovered();
            (kept.record.state, kept.record.disabled_why) = (WebhookState::Active, None);
            journal::append(tx, &Event::WebhookResumed { webhook: id, skipped: skip }).await?;
            if skip {
                kept.record.cursor = tx.head().revision;
                if let Some(head) = kept.head.take()
                    && let Some(mut line) = deliveries::get(tx, company, id, head).await?
                {
                    line.state = DeliveryState::Failed;
                    deliveries::put(tx, company, id, &[line]).await?;
                }
            }
            webhooks::update(tx, company, &kept).await?;
            Ok(kept.record)
        })
        .await
    }

    /// Asks for a test message, tried once and soon, also while the webhook is paused.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`]; [`Error::Conflict`] when too many deliveries wait.
    pub async fn test_webhook(&self, caller: &Caller, id: WebhookId) -> Result<Written<Delivery>> {
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let company = tx.company();
            let mut kept = get(tx, company, id).await?;
            let message = format!("test_{}", tx.clock.id::<uuid::Uuid>().simple());
            let line = queue(tx, &mut kept, message, "test".into(), None).await?;
            journal::append(tx, &Event::WebhookTested { webhook: id }).await?;
            Ok(line)
        })
        .await
    }

    /// Asks for the message of an earlier delivery once more, with the same message id; tried once and soon.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`]; [`Error::Conflict`] while the delivery has not ended, or too many
    /// wait.
    pub async fn redeliver(&self, caller: &Caller, id: WebhookId, delivery: DeliveryId) -> Result<Written<Delivery>> {
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let company = tx.company();
            let mut kept = get(tx, company, id).await?;
            let found = deliveries::get(tx, company, id, delivery).await?;
            let Some(old) = found else { return Err(Error::NotFound { noun: DeliveryId::NOUN }) };
            if matches!(old.state, DeliveryState::Queued | DeliveryState::Retrying) {
                return Err(Error::conflict("this delivery has not ended yet; it will be tried by itself"));
            }
            let line = queue(tx, &mut kept, old.message, old.kind, old.revision).await?;
            journal::append(tx, &Event::WebhookRedelivered { webhook: id, delivery }).await?;
            Ok(line)
        })
        .await
    }

    /// One page of a webhook's log, newest first; where `open`, of what is not delivered only.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: WebhookId,
        open: bool,
        ask: &Ask<DeliveryId>,
    ) -> Result<Page<Delivery, DeliveryId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        get(&mut conn, caller.company, id).await?;
        deliveries::list(&mut conn, caller.company, id, open, ask).await
    }

    /// One line of a webhook's log.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn delivery(&self, caller: &Caller, id: WebhookId, delivery: DeliveryId) -> Result<Delivery> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        get(&mut conn, caller.company, id).await?;
        let found = deliveries::get(&mut conn, caller.company, id, delivery).await?;
        found.ok_or(Error::NotFound { noun: DeliveryId::NOUN })
    }

    /// The keys that sign for Cakewalk receivers: the one that signs now first, then the one that will. The first
    /// question makes the first key.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn signing_keys(&self, caller: &Caller) -> Result<Vec<SigningKey>> {
        let now = self.clock().now();
        {
            let mut conn = self.db().reader().await?;
            authz::may(&mut conn, caller, Action::ReadCompany, now).await?;
        }
        if let Some(pair) = self.first_pair(caller.company).await? {
            let engine = self.clone();
            let hand = self.hand(caller.company);
            self.write(&hand, async move |tx| signing::keep_first(tx, &engine, pair).await).await?;
        }
        let mut conn = self.db().reader().await?;
        let pairs = signing_keys::list(&mut conn, caller.company).await?;
        Ok(signing::published(pairs, now).iter().map(SigningKey::from).collect())
    }

    /// Makes a new key for Cakewalk receivers: published at once, it signs after `overlap_seconds` (0 to 30 days).
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn rotate_signing_key(&self, caller: &Caller, overlap_seconds: u32) -> Result<Written<Vec<SigningKey>>> {
        authz::may_write(caller)?;
        check_overlap(overlap_seconds)?;
        {
            let mut conn = self.db().reader().await?;
            authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        }
        let (pair, engine) = (signing::fresh_pair().await?, self.clone());
        self.write(caller, async move |tx| {
            may_administer(tx).await?;
            let (company, now) = (tx.company(), tx.now());
            let stays = signing::published(signing_keys::list(tx, company).await?, now).into_iter().next();
            let signs_from = if stays.is_some() { now.plus_seconds(i64::from(overlap_seconds)) } else { now };
            // The one that signs now stays until the new one does; any other has had its time, or will never have it.
            let stays = stays.filter(|_| signs_from > now).map(|pair| pair.id);
            for old in signing_keys::list(tx, company).await? {
                if Some(old.id) != stays {
                    signing_keys::delete(tx, company, old.id).await?;
                }
            }
            signing::keep(tx, &engine, pair, signs_from).await?;
            let pairs = signing::published(signing_keys::list(tx, company).await?, now);
            Ok(pairs.iter().map(SigningKey::from).collect())
        })
        .await
    }
}

/// The public half of a key that signs for Cakewalk receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its id.
    pub id: guildhall_domain::ids::KeyId,
    /// The public key in PEM.
    pub pem: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
}
