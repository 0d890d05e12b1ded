//! Rows of webhooks: their records, and where each stands in the journal.

use guildhall_domain::ids::{CompanyId, DeliveryId, WebhookId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::webhook::{Form, Webhook, WebhookState};
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use super::{Conn, Row, sql, val};

macro_rules! columns {
    () => {
        "webhook_id, name, url, form, events, state, owner_id, public_key, previous_until, cursor, tries, failing_since, next_try_at, disabled_why, created_at, updated_at, version,
         secret, previous_secret, head_id, queued, lease_id, leased_until"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from webhooks where company_id = $1 and webhook_id = $2 and state <> 'deleted'");
    LIST = concat!("select ", columns!(), " from webhooks where company_id = $1 and webhook_id > $2 and state <> 'deleted' order by webhook_id limit $3 offset $4");
    INSERT = "insert into webhooks (company_id, webhook_id, name, url, form, events, state, owner_id, secret, public_key, cursor, tries, queued, leased_until, created_at, updated_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, $12, $12, $13)";
    UPDATE = "update webhooks set name = $3, url = $4, events = $5, state = $6, cursor = $7, tries = $8, failing_since = $9, next_try_at = $10, disabled_why = $11, updated_at = $12, version = $13, head_id = $14, queued = $15
              where company_id = $1 and webhook_id = $2";
    RESEAL = "update webhooks set secret = $3, public_key = $4, previous_secret = $5, previous_until = $6, updated_at = $7, version = $8 where company_id = $1 and webhook_id = $2";
    // The last condition is the claim: of two nodes that ask at once, one changes the row and the other none.
    CLAIM = "update webhooks set lease_id = $3, leased_until = $4 where company_id = $1 and webhook_id = $2 and state <> 'deleted' and leased_until <= $5";
    RENEW = "update webhooks set leased_until = $4 where company_id = $1 and webhook_id = $2 and lease_id = $3";
    BURY = "update webhooks set state = 'deleted', url = '', name = null, secret = $3, previous_secret = null, updated_at = $4 where company_id = $1 and webhook_id = $2";
    OLD = "select webhook_id, state, updated_at from webhooks where company_id = $1 and webhook_id > $2 order by webhook_id";
    REMOVE = "delete from webhooks where company_id = $1 and webhook_id = $2 and state = 'deleted'";
}

/// A webhook with what no door shows: its sealed secrets and where its courier stands.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub record: Webhook,
    pub secret: Vec<u8>,
    pub previous: Option<Vec<u8>>,
    /// The line of the log of the message that is next, once it has failed.
    pub head: Option<DeliveryId>,
    /// Deliveries that were asked for by hand and are not tried yet.
    pub queued: u64,
    pub lease: Option<Uuid>,
    pub leased_until: Timestamp,
}

fn read(row: Row<'_>) -> Result<Kept> {
    let small = |i: usize| row.count(i).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    Ok(Kept {
        record: Webhook {
            id: row.id(0)?,
            name: row.opt_text(1)?,
            url: row.text(2)?,
            form: row.look(3, |w| Form::parse("form", w).map_err(Error::internal))?,
            events: row.look(4, |text| Ok(text.split(' ').map(str::to_owned).collect()))?,
            state: row.look(5, |w| WebhookState::parse("state", w).map_err(Error::internal))?,
            owner: row.opt_id(6)?,
            public_key: row.opt_bytes(7)?,
            previous_until: row.opt_time(8)?,
            cursor: row.count(9)?,
            tries: small(10)?,
            failing_since: row.opt_time(11)?,
            next_try_at: row.opt_time(12)?,
            disabled_why: row.opt_text(13)?,
            created_at: row.time(14)?,
            updated_at: row.time(15)?,
            version: row.count(16)?,
        },
        secret: row.bytes(17)?,
        previous: row.opt_bytes(18)?,
        head: row.opt_id(19)?,
        queued: row.count(20)?,
        lease: row.opt_id(21)?,
        leased_until: row.time(22)?,
    })
}

/// A webhook of the company that is not deleted.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: WebhookId) -> Result<Option<Kept>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// One page of the webhooks of a company, by id.
pub(crate) async fn list(conn: &mut Conn, company: CompanyId, ask: &Ask<WebhookId>) -> Result<Page<Kept, WebhookId>> {
    let (after, offset) = match ask.from {
        From::Start => (WebhookId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (WebhookId::NIL, n),
    };
    let rows = conn.rows(&LIST, &[val(company), val(after), val(ask.limit + 1), val(offset)], read).await?;
    Ok(Page::cut(rows, ask.limit, None, |kept| kept.record.id))
}

/// Makes the row of a webhook.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, w: &Webhook, secret: &[u8]) -> Result<()> {
    let values = [
        val(company),
        val(w.id),
        val(&w.name),
        val(&w.url),
        val(w.form.word()),
        val(w.events.join(" ")),
        val(w.state.word()),
        val(w.owner),
        val(secret),
        val(w.public_key.as_deref()),
        val(w.cursor),
        val(w.created_at),
        val(w.version),
    ];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Writes a webhook's record and where it stands; not its secrets and not its lease.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, kept: &Kept) -> Result<()> {
    let w = &kept.record;
    let values = [
        val(company),
        val(w.id),
        val(&w.name),
        val(&w.url),
        val(w.events.join(" ")),
        val(w.state.word()),
        val(w.cursor),
        val(w.tries),
        val(w.failing_since),
        val(w.next_try_at),
        val(&w.disabled_why),
        val(w.updated_at),
        val(w.version),
        val(kept.head),
        val(kept.queued),
    ];
    conn.run(&UPDATE, &values).await.map(drop)
}

/// Writes a webhook's secrets.
pub(crate) async fn reseal(conn: &mut Conn, company: CompanyId, kept: &Kept) -> Result<()> {
    let w = &kept.record;
    let values = [
        val(company),
        val(w.id),
        val(&kept.secret[..]),
        val(w.public_key.as_deref()),
        val(kept.previous.as_deref()),
        val(w.previous_until),
        val(w.updated_at),
        val(w.version),
    ];
    conn.run(&RESEAL, &values).await.map(drop)
}

/// Takes the webhook for one courier until `until`; false when another has it.
pub(crate) async fn claim(
    conn: &mut Conn,
    company: CompanyId,
    id: WebhookId,
    lease: Uuid,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    Ok(conn.run(&CLAIM, &[val(company), val(id), val(lease), val(until), val(now)]).await? == 1)
}

/// Keeps the webhook until `until`; false when the courier has it no more.
pub(crate) async fn renew(
    conn: &mut Conn,
    company: CompanyId,
    id: WebhookId,
    lease: Uuid,
    until: Timestamp,
) -> Result<bool> {
    Ok(conn.run(&RENEW, &[val(company), val(id), val(lease), val(until)]).await? == 1)
}

/// Deletes a webhook: its secret is gone at once, its row when its log is pruned.
pub(crate) async fn bury(conn: &mut Conn, company: CompanyId, id: WebhookId, now: Timestamp) -> Result<()> {
    conn.run(&BURY, &[val(company), val(id), val(&[][..]), val(now)]).await.map(drop)
}

/// Every webhook that has rows, deleted ones among them, with the time of its last change.
pub(crate) async fn every(conn: &mut Conn, company: CompanyId) -> Result<Vec<(WebhookId, bool, Timestamp)>> {
    let deleted = |word: &str| Ok(word == WebhookState::Deleted.word());
    conn.rows(&OLD, &[val(company), val(WebhookId::NIL)], |row| Ok((row.id(0)?, row.look(1, deleted)?, row.time(2)?)))
        .await
}

/// Removes the row of a deleted webhook.
pub(crate) async fn remove(conn: &mut Conn, company: CompanyId, id: WebhookId) -> Result<()> {
    conn.run(&REMOVE, &[val(company), val(id)]).await.map(drop)
}
