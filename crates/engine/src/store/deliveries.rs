//! Rows of the log of deliveries.

use guildhall_domain::ids::{CompanyId, DeliveryId, WebhookId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::webhook::{Delivery, DeliveryState, Try};
use guildhall_domain::{Error, Result};

use super::{Conn, Row, sql, val};

macro_rules! columns {
    () => {
        "delivery_id, message, kind, revision, state, tries, created_at, tried_at, status, error, response, millis"
    };
}

macro_rules! list {
    ($where:literal) => {
        concat!(
            "select ",
            columns!(),
            " from deliveries where company_id = $1 and webhook_id = $2 and delivery_id < $3 ",
            $where,
            " order by delivery_id desc limit $4 offset $5"
        )
    };
}

sql! {
    GET = concat!("select ", columns!(), " from deliveries where company_id = $1 and webhook_id = $2 and delivery_id = $3");
    LIST = list!("");
    LIST_OPEN = list!("and state <> 'delivered'");
    QUEUED = concat!("select ", columns!(), " from deliveries where company_id = $1 and webhook_id = $2 and delivery_id > $3 and state <> 'delivered' and state = 'queued' order by delivery_id limit $4");
    PUT = "insert into deliveries (company_id, webhook_id, delivery_id, message, kind, revision, state, tries, created_at, tried_at, status, error, response, millis)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
           on conflict (company_id, webhook_id, delivery_id) do update set state = excluded.state, tries = excluded.tries, tried_at = excluded.tried_at, status = excluded.status,
           error = excluded.error, response = excluded.response, millis = excluded.millis";
    PRUNE = "delete from deliveries where company_id = $1 and webhook_id = $2 and delivery_id in
             (select d.delivery_id from deliveries d where d.company_id = $1 and d.webhook_id = $2 and d.delivery_id < $3 order by d.delivery_id limit 5000)";
}

/// Behind every id.
const LAST: DeliveryId = DeliveryId::new(uuid::Uuid::max());

fn read(row: Row<'_>) -> Result<Delivery> {
    let number = |i: usize| row.count(i).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let at = row.opt_time(7)?;
    let last = Try {
        at,
        status: row.opt_count(8)?.and_then(|n| u16::try_from(n).ok()),
        error: row.opt_text(9)?,
        response: row.opt_text(10)?,
        millis: number(11)?,
        retry_after: None,
    };
    Ok(Delivery {
        id: row.id(0)?,
        message: row.text(1)?,
        kind: row.text(2)?,
        revision: row.opt_count(3)?,
        state: row.look(4, |w| DeliveryState::parse("state", w).map_err(Error::internal))?,
        tries: number(5)?,
        created_at: row.time(6)?,
        last: at.map(|_| last),
    })
}

/// One line of a webhook's log.
pub(crate) async fn get(
    conn: &mut Conn,
    company: CompanyId,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Option<Delivery>> {
    conn.row(&GET, &[val(company), val(webhook), val(id)], read).await
}

/// One page of a webhook's log, newest first; of what is not delivered only, where `open`.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    webhook: WebhookId,
    open: bool,
    ask: &Ask<DeliveryId>,
) -> Result<Page<Delivery, DeliveryId>> {
    let (before, offset) = match ask.from {
        From::Start => (LAST, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (LAST, n),
    };
    let statement = if open { &LIST_OPEN } else { &LIST };
    let values = [val(company), val(webhook), val(before), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(statement, &values, read).await?;
    Ok(Page::cut(rows, ask.limit, None, |delivery| delivery.id))
}

/// What was asked for by hand and is not tried yet, oldest first.
pub(crate) async fn queued(
    conn: &mut Conn,
    company: CompanyId,
    webhook: WebhookId,
    limit: u32,
) -> Result<Vec<Delivery>> {
    conn.rows(&QUEUED, &[val(company), val(webhook), val(DeliveryId::NIL), val(limit)], read).await
}

/// Writes lines of the log: new ones, and new states of those that are there.
pub(crate) async fn put(conn: &mut Conn, company: CompanyId, webhook: WebhookId, lines: &[Delivery]) -> Result<()> {
    let none = Try::default();
    let sets: Vec<_> = lines
        .iter()
        .map(|line| {
            let last = line.last.as_ref().unwrap_or(&none);
            vec![
                val(company),
                val(webhook),
                val(line.id),
                val(&line.message),
                val(&line.kind),
                val(line.revision),
                val(line.state.word()),
                val(line.tries),
                val(line.created_at),
                val(last.at),
                val(last.status.map(u32::from)),
                val(&last.error),
                val(&last.response),
                val(last.millis),
            ]
        })
        .collect();
    conn.run_each(&PUT, &sets).await.map(drop)
}

/// Removes some lines that are older than `before`; how many, 0 when none is left.
pub(crate) async fn prune(conn: &mut Conn, company: CompanyId, webhook: WebhookId, before: DeliveryId) -> Result<u64> {
    conn.run(&PRUNE, &[val(company), val(webhook), val(before)]).await
}
