//! Notices: kept in the transaction of what they tell, and sent by whoever has been told how.
//!
//! Nothing is kept while no way to send is configured. A notice is looked at again before it goes: one that has lost
//! its reason is dropped.

use std::sync::atomic::{AtomicBool, Ordering};

use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::notice::{Notice, remind_at};
use guildhall_domain::user::{User, UserStatus};
use guildhall_domain::{Error, Result, Timestamp, webhook};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Engine;
use crate::store::notices::{self, Waiting};
use crate::store::{Conn, companies, groups, reasons, users, webhooks};
use crate::writer::Tx;

/// Seconds for which a postman has a notice.
const LEASE: i64 = 120;
/// Tries after which a notice is given up: about three days.
const TRIES: u32 = 20;
/// The most notices taken at a time.
const BAG: u32 = 50;

/// Is there a way to send? Shared by all clones of an engine and by its writer.
#[derive(Debug, Default)]
pub(crate) struct Switch(AtomicBool);

/// A notice that is due, with all that its text needs.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its company.
    pub company: CompanyId,
    /// The company's name.
    pub company_name: String,
    /// To whom.
    pub to: User,
    /// What it tells.
    pub notice: Notice,
    /// What the group is called, where it is about one.
    pub group_name: Option<String>,
    /// Its id, the same at every try.
    pub id: Uuid,
    lease: Uuid,
    tries: u32,
}

fn encode(notice: &Notice) -> (&'static str, Value) {
    match notice {
        Notice::MembershipEnding { group, ends_at } => {
            ("membership_ending", json!({"group": group.to_string(), "endsAt": ends_at.micros()}))
        }
        Notice::WebhookDisabled { webhook, why } => ("webhook_disabled", json!({"webhook": webhook, "why": why})),
    }
}

fn decode(kind: &str, data: &str) -> Result<Notice> {
    let data: Value = serde_json::from_str(data).map_err(Error::internal)?;
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    match kind {
        "membership_ending" => Ok(Notice::MembershipEnding {
            group: GroupId::parse("group", &text("group")).map_err(Error::internal)?,
            ends_at: Timestamp::from_micros(data["endsAt"].as_i64().unwrap_or(0)),
        }),
        "webhook_disabled" => Ok(Notice::WebhookDisabled { webhook: text("webhook"), why: text("why") }),
        other => Err(Error::internal(format!("a notice of an unknown kind, {other}"))),
    }
}

async fn keep(tx: &mut Tx, user: UserId, notice: &Notice, due_at: Timestamp) -> Result<()> {
    let (kind, data) = encode(notice);
    let (company, now) = (tx.company(), tx.now());
    let waiting = Waiting {
        id: tx.clock.id(),
        user,
        kind: kind.into(),
        data: data.to_string(),
        tries: 0,
        created_at: now,
        due_at: due_at.max(now),
    };
    notices::insert(tx, company, &waiting).await
}

/// Keeps what this event gives reason to tell people.
pub(crate) async fn of(tx: &mut Tx, event: &Event) -> Result<()> {
    if !tx.sends_notices() {
        return Ok(());
    }
    let (company, now) = (tx.company(), tx.now());
    match event {
        Event::MembersAdded { group, users, window, .. } | Event::MembersChanged { group, users, window, .. } => {
            let Some((ends_at, due)) = window.ends.and_then(|ends| Some((ends, remind_at(ends, now)?))) else {
                return Ok(());
            };
            for user in users {
                keep(tx, *user, &Notice::MembershipEnding { group: *group, ends_at }, due).await?;
            }
        }
        Event::WebhookDisabled { webhook: id, owner, why } => {
            let found = webhooks::get(tx, company, *id).await?.map(|kept| kept.record);
            let called = found.map_or_else(String::new, |w| w.name.unwrap_or_else(|| webhook::host(&w.url)));
            let notice = Notice::WebhookDisabled { webhook: called, why: why.clone() };
            let owner = match owner {
                Some(owner) => users::get(tx, company, *owner).await?.filter(|user| user.status == UserStatus::Active),
                None => None,
            };
            let to = match owner {
                Some(owner) => vec![owner.id],
                None => notices::admins(tx, company).await?,
            };
            for user in to {
                keep(tx, user, &notice, now).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

impl Switch {
    /// Is there a way to send?
    pub(crate) fn on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Engine {
    /// There is a way to send notices: from now on they are kept until they are sent.
    pub fn send_notices(&self) {
        self.notices().0.store(true, Ordering::Relaxed);
    }

    /// Notices that are due, each claimed for the caller alone for two minutes. Of two that ask at once each gets others.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn take_notices(&self) -> Result<Vec<Letter>> {
        let companies = {
            let mut conn = self.db().reader().await?;
            notices::waiting(&mut conn, self.clock().now()).await?
        };
        let mut letters = Vec::new();
        for company in companies {
            let hand = self.hand(company);
            letters.extend(self.write(&hand, async |tx| take(tx).await).await?.value);
        }
        Ok(letters)
    }

    /// Settles a notice: sent, or to be tried again later. After three days it is given up.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; it is then sent again.
    pub async fn settle_notice(&self, letter: &Letter, sent: bool) -> Result<()> {
        let (company, id, lease) = (letter.company, letter.id, letter.lease);
        let tries = letter.tries;
        let hand = self.hand(company);
        self.write(&hand, async move |tx| {
            let now = tx.now();
            if sent || tries >= TRIES {
                notices::done(tx, company, id, lease).await?;
            } else {
                let due = now.plus_seconds(webhook::pause(tries + 2, id.as_u128(), None));
                notices::again(tx, company, id, lease, due).await?;
            }
            notices::settle(tx, company).await
        })
        .await?;
        Ok(())
    }
}

async fn take(tx: &mut Tx) -> Result<Vec<Letter>> {
    let (company, now) = (tx.company(), tx.now());
    let name = companies::get(tx, company).await?.map_or_else(String::new, |company| company.name);
    let mut letters = Vec::new();
    for waiting in notices::due(tx, company, now, BAG).await? {
        let lease: Uuid = tx.clock.id();
        if !notices::claim(tx, company, &waiting, lease, now.plus_seconds(LEASE)).await? {
            continue;
        }
        match letter(tx, company, &name, &waiting, lease).await? {
            Some(letter) => letters.push(letter),
            None => notices::done(tx, company, waiting.id, lease).await?,
        }
    }
    notices::settle(tx, company).await?;
    Ok(letters)
}

/// The letter that a notice becomes; none when it has lost its reason, or nobody is there to read it.
async fn letter(
    conn: &mut Conn,
    company: CompanyId,
    company_name: &str,
    waiting: &Waiting,
    lease: Uuid,
) -> Result<Option<Letter>> {
    let notice = decode(&waiting.kind, &waiting.data)?;
    let reads = |user: &User| user.status != UserStatus::Inactive;
    let Some(to) = users::get(conn, company, waiting.user).await?.filter(reads) else { return Ok(None) };
    let mut group_name = None;
    if let Notice::MembershipEnding { group, ends_at } = notice {
        let Some(found) = groups::get(conn, company, group).await? else { return Ok(None) };
        group_name = Some(found.name);
        // Told only where this very end stands and nothing holds the membership beyond it.
        let open = reasons::open_of(conn, company, group, &[waiting.user]).await?;
        let last = open.iter().flatten().map(|reason| reason.window.ends.unwrap_or(Timestamp::MAX)).max();
        if last != Some(ends_at) {
            return Ok(None);
        }
    }
    Ok(Some(Letter {
        company,
        company_name: company_name.to_owned(),
        to,
        notice,
        group_name,
        id: waiting.id,
        lease,
        tries: waiting.tries,
    }))
}
