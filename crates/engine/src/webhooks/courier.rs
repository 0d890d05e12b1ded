//! What the couriers ask of the engine: which webhooks have something to send, what, and how it went.
//!
//! A courier claims a webhook by a lease, so that of several nodes one sends. It takes messages from the journal behind
//! the webhook's cursor, in order, and settles how they went; the cursor moves only over what was accepted. A courier
//! that dies leaves the lease to run out and the cursor where it was: its last messages are sent again.

use std::collections::HashMap;

use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, DeliveryId, WebhookId};
use guildhall_domain::page::Ask;
use guildhall_domain::webhook::{Delivery, DeliveryState, Form, MOST, Try, Webhook, WebhookState, message_id};
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use super::actionable::{self, ActionTask};
use super::signing::Signer;
use crate::store::webhooks::Kept;
use crate::store::{Conn, deliveries, events, signing_keys, webhooks};
use crate::writer::Tx;
use crate::{Engine, Entry, journal};

/// The kind of event that Cakewalk's form tells in the words of its reference.
const ACTIONABLE: &str = "action_task.actionable";
/// Seconds for which a courier has a webhook before it must say that it lives.
const LEASE: i64 = 60;
/// The most messages that are taken at a time.
const LOAD: u32 = 50;
/// Lines of the journal read at a time to find the next message.
const CHUNK: u32 = 1000;
/// The most such readings at a time.
const CHUNKS: usize = 20;
/// Revisions without a message after which the cursor is moved over them.
const STRIDE: u64 = 1000;
/// Seconds for which the log is kept.
const LOG: i64 = 7 * 86_400;

/// What a look at the webhooks of a company found.
#[derive(Debug, Default)]
pub struct Look {
    /// Those with something to send now; whether their last try failed.
    pub ready: Vec<(WebhookId, bool)>,
    /// Revisions up to which nothing is for them.
    pub clean: Vec<(WebhookId, u64)>,
    /// When to look again, though nothing may have happened.
    pub next: Option<Timestamp>,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its own id, the same at every try.
    pub id: String,
    /// The kind of event, or `test`.
    pub kind: String,
    /// The line of the journal that it tells; none for a test.
    pub entry: Option<Entry>,
    /// The tasks that it tells to be carried out, in Cakewalk's form.
    pub actions: Vec<ActionTask>,
    /// The line of the log, where it was asked for by hand.
    queued: Option<Delivery>,
}

impl Message {
    /// Is it one that those after it wait for? What was asked for by hand is not.
    pub fn in_order(&self) -> bool {
        self.queued.is_none()
    }
}

/// What a courier carries at a time.
#[derive(Debug)]
pub struct Load {
    /// Where it goes.
    pub url: String,
    /// How it is written.
    pub form: Form,
    /// How it is signed.
    pub signer: Signer,
    /// The messages, in order.
    pub messages: Vec<Message>,
    /// The revision that the cursor may move to once all of them are accepted; none where they leave it alone.
    pub cursor: Option<u64>,
    /// May there be more behind these?
    pub more: bool,
}

impl Engine {
    /// Companies in use that have webhooks, each with its revision.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn hooked(&self) -> Result<Vec<(CompanyId, u64)>> {
        let mut conn = self.db().reader().await?;
        crate::store::companies::hooked(&mut conn).await
    }

    /// Waits until this node has written something to any journal since this was last asked; for one courier.
    pub async fn stirred(&self) {
        self.news().stirred().await;
    }

    /// Looks which webhooks of a company that is at `revision` have something to send. `clean` is what earlier looks
    /// found to be of no interest.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn look_at_webhooks(
        &self,
        company: CompanyId,
        revision: u64,
        clean: &HashMap<WebhookId, u64>,
    ) -> Result<Look> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let mut look = Look::default();
        let all = webhooks::list(&mut conn, company, &Ask::first(MOST)).await?;
        for kept in all.items {
            let w = &kept.record;
            let clean = clean.get(&w.id).copied().unwrap_or(0);
            let waits = wants(&mut conn, company, &kept, revision, clean, now, &mut look).await?;
            if !waits {
                continue;
            }
            if kept.leased_until > now {
                look.wake_at(kept.leased_until);
            } else {
                look.ready.push((w.id, w.tries > 0));
            }
        }
        Ok(look)
    }

    /// Claims a webhook; none when another courier has it. Of two that ask at once one gets it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn claim_webhook(&self, company: CompanyId, id: WebhookId) -> Result<Option<Uuid>> {
        let hand = self.hand(company);
        let claimed = self.write(&hand, async move |tx| {
            let (now, lease) = (tx.now(), tx.clock.id::<Uuid>());
            let taken = webhooks::claim(tx, company, id, lease, now.plus_seconds(LEASE), now).await?;
            Ok(taken.then_some(lease))
        });
        Ok(claimed.await?.value)
    }

    /// The next messages of a claimed webhook: what was asked for by hand, or else what the journal has for it. None
    /// when the webhook is gone or the lease lost.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn load_webhook(&self, company: CompanyId, id: WebhookId, lease: Uuid) -> Result<Option<Load>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let conn = &mut conn;
        let found = webhooks::get(conn, company, id).await?.filter(|kept| kept.lease == Some(lease));
        let Some(kept) = found else { return Ok(None) };
        let w = &kept.record;
        let (mut messages, from) = (Vec::new(), w.cursor);
        let mut cursor = from;
        if kept.queued > 0 {
            for line in deliveries::queued(conn, company, id, LOAD).await? {
                messages.push(by_hand(conn, company, line).await?);
            }
        }
        // Behind what was asked for by hand the journal has not been looked at.
        let mut more = !messages.is_empty();
        let due = w.state == WebhookState::Active && w.next_try_at.is_none_or(|at| at <= now);
        for _ in 0..CHUNKS {
            if !(messages.is_empty() && due) {
                break;
            }
            let chunk = events::after(conn, company, cursor, None, LOAD).await?;
            more = chunk.len() == LOAD as usize;
            cursor = chunk.last().map_or(cursor, |entry| entry.revision);
            messages.extend(chunk.into_iter().filter(|entry| w.hears(&entry.kind)).map(|entry| Message {
                id: message_id(company, entry.revision),
                kind: entry.kind.clone(),
                entry: Some(entry),
                actions: Vec::new(),
                queued: None,
            }));
            if !more {
                break;
            }
        }
        if w.form == Form::Cakewalk {
            for message in &mut messages {
                if let Some(entry) = message.entry.as_ref().filter(|entry| entry.kind == ACTIONABLE) {
                    message.actions = actionable::of(conn, company, entry).await?;
                }
            }
        }
        let pairs = if w.form == Form::Cakewalk { signing_keys::list(conn, company).await? } else { Vec::new() };
        let signer = Signer::of(self.secrets(), company, &kept, pairs, now)?;
        let cursor = (cursor > from).then_some(cursor);
        Ok(Some(Load { url: w.url.clone(), form: w.form, signer, messages, cursor, more }))
    }

    /// Settles how messages went, in order: the log, the cursor, the next try, and the end of patience. The cursor
    /// moves to `cursor` when nothing failed. False when the lease is lost; then nothing is written.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn settle_webhook(
        &self,
        company: CompanyId,
        id: WebhookId,
        lease: Uuid,
        tried: Vec<(Message, Try)>,
        cursor: Option<u64>,
        release: bool,
    ) -> Result<bool> {
        let hand = self.hand(company);
        let settled = self.write(&hand, async move |tx| {
            let found = webhooks::get(tx, company, id).await?.filter(|kept| kept.lease == Some(lease));
            let Some(mut kept) = found else { return Ok(false) };
            let mut failed = false;
            let mut lines = Vec::with_capacity(tried.len());
            for (message, tried) in tried {
                let accepted = tried.accepted();
                if let Some(line) = settle_one(tx, &mut kept, message, tried).await? {
                    failed |= !accepted && line.state != DeliveryState::Delivered && line.revision.is_some();
                    lines.push(line);
                }
            }
            if let Some(cursor) = cursor.filter(|_| !failed) {
                kept.record.cursor = kept.record.cursor.max(cursor);
            }
            deliveries::put(tx, company, id, &lines).await?;
            webhooks::update(tx, company, &kept).await?;
            let until = if release { Timestamp::from_micros(0) } else { tx.now().plus_seconds(LEASE) };
            webhooks::renew(tx, company, id, lease, until).await
        });
        Ok(settled.await?.value)
    }

    /// Removes what is too old from the logs of a company's webhooks, and the rows of deleted webhooks with it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) async fn prune_deliveries(&self, company: CompanyId) -> Result<()> {
        let limit = self.clock().now().plus_seconds(-LOG);
        // Ids begin with the milliseconds of their birth.
        let before = DeliveryId::new(Uuid::from_u128(u128::from(limit.micros().max(0).unsigned_abs() / 1000) << 80));
        let every = {
            let mut conn = self.db().reader().await?;
            webhooks::every(&mut conn, company).await?
        };
        for (id, deleted, changed_at) in every {
            let hand = self.hand(company);
            while self.write(&hand, async move |tx| deliveries::prune(tx, company, id, before).await).await?.value > 0 {
            }
            if deleted && changed_at < limit {
                self.write(&hand, async move |tx| webhooks::remove(tx, company, id).await).await?;
            }
        }
        Ok(())
    }
}

impl Look {
    fn wake_at(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

/// Has this webhook something to send at `now`?
async fn wants(
    conn: &mut Conn,
    company: CompanyId,
    kept: &Kept,
    revision: u64,
    clean: u64,
    now: Timestamp,
    look: &mut Look,
) -> Result<bool> {
    let w = &kept.record;
    if kept.queued > 0 {
        return Ok(true);
    }
    if w.state != WebhookState::Active {
        return Ok(false);
    }
    if let Some(at) = w.next_try_at.filter(|at| *at > now) {
        look.wake_at(at);
        return Ok(false);
    }
    let mut from = w.cursor.max(clean);
    for _ in 0..CHUNKS {
        if from >= revision {
            break;
        }
        let kinds = events::kinds_after(conn, company, from, CHUNK).await?;
        let Some(last) = kinds.last().map(|(at, _)| *at) else { break };
        if kinds.iter().any(|(_, kind)| w.hears(kind)) {
            return Ok(true);
        }
        from = last;
    }
    look.clean.push((w.id, from));
    Ok(from >= w.cursor + STRIDE)
}

/// A message that was asked for by hand.
async fn by_hand(conn: &mut Conn, company: CompanyId, line: Delivery) -> Result<Message> {
    let entry = match line.revision {
        Some(revision) => {
            let found = events::after(conn, company, revision.saturating_sub(1), None, 1).await?;
            let found = found.into_iter().next().filter(|entry| entry.revision == revision);
            Some(found.ok_or_else(|| Error::internal("a delivery of an event that is not in the journal"))?)
        }
        None => None,
    };
    Ok(Message { id: line.message.clone(), kind: line.kind.clone(), entry, actions: Vec::new(), queued: Some(line) })
}

/// Settles one message; its line of the log, none when it is of no account any more.
async fn settle_one(tx: &mut Tx, kept: &mut Kept, message: Message, tried: Try) -> Result<Option<Delivery>> {
    let (company, now) = (tx.company(), tx.now());
    let accepted = tried.accepted();
    let ended = if accepted { DeliveryState::Delivered } else { DeliveryState::Failed };
    if let Some(line) = message.queued {
        kept.queued = kept.queued.saturating_sub(1);
        return Ok(Some(Delivery { state: ended, tries: line.tries + 1, last: Some(tried), ..line }));
    }
    let Some(revision) = message.entry.map(|entry| entry.revision) else { return Ok(None) };
    if revision <= kept.record.cursor {
        // Left out by hand while it was on its way.
        return Ok(None);
    }
    let w: &mut Webhook = &mut kept.record;
    let tries = w.tries + 1;
    let id = kept.head.take().unwrap_or_else(|| tx.clock.id());
    let mut state = ended;
    if accepted {
        w.recovered();
        w.cursor = revision;
    } else {
        kept.head = Some(id);
        if w.failed(&tried, now) {
            let (owner, why) = (w.owner, tried.why());
            tracing::warn!(%company, webhook = %w.id, %why, "a webhook is switched off: its receiver stays dead");
            (w.updated_at, w.version) = (now, tx.revision());
            journal::append(tx, &Event::WebhookDisabled { webhook: kept.record.id, owner, why }).await?;
        } else {
            state = DeliveryState::Retrying;
        }
    }
    let (message, kind) = (message.id, message.kind);
    Ok(Some(Delivery { id, message, kind, revision: Some(revision), state, tries, created_at: now, last: Some(tried) }))
}
