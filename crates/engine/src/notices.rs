//! Notices: kept in the transaction of what they tell, and sent by whoever has been told how.
//!
//! Nothing is kept while no way to send is configured. A notice is looked at again before it goes: one that has lost
//! its reason is dropped.

use std::sync::atomic::{AtomicBool, Ordering};

use guildhall_domain::event::Event;
use guildhall_domain::ids::{AccessRequestId, CompanyId, GroupId, OffboardingId, ReviewId, TaskId, UserId};
use guildhall_domain::notice::{Notice, nudge_at, remind_at};
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{RequestEvent, RequestStatus, Task, TaskKind};
use guildhall_domain::review::ReviewEvent;
use guildhall_domain::user::{User, UserStatus};
use guildhall_domain::{Error, Result, Timestamp, webhook};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Engine;
use crate::store::notices::{self, Waiting};
use crate::store::{self as rows, Conn, companies, groups, reasons, requests, tasks, users, webhooks};
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
    pub told: Told,
    /// Its id, the same at every try.
    pub id: Uuid,
    lease: Uuid,
    tries: u32,
}

/// What a letter tells, with the names that things have now.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as the notice of the same name tells them")]
pub enum Told {
    MembershipEnding { group: String, ends_at: Timestamp },
    WebhookDisabled { webhook: String, why: String },
    ReviewWaits { review: String, rows: u64, due_at: Timestamp, again: bool },
    TaskWaits { task: Task, asked: Asked, again: bool },
    TaskDecided { task: Task, by: Option<String>, asked: Asked },
    RequestMoved { status: RequestStatus, asked: Asked, comment: Option<String> },
}

/// A request in names. Of an offboarding only the target is told.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What kind; none of an offboarding.
    pub kind: Option<RequestKind>,
    /// Who asked, where that was a person and not a group.
    pub requester: Option<String>,
    /// For whom.
    pub target: Option<String>,
    /// Is it for the reader of the letter?
    pub yours: bool,
    /// The app.
    pub app: Option<String>,
    /// The level.
    pub level: Option<String>,
    /// The group to be joined.
    pub group: Option<String>,
    /// Why, in the words of whoever asked.
    pub purpose: Option<String>,
}

fn encode(notice: &Notice) -> (&'static str, Value) {
    match notice {
        Notice::MembershipEnding { group, ends_at } => {
            ("membership_ending", json!({"group": group.to_string(), "endsAt": ends_at.micros()}))
        }
        Notice::WebhookDisabled { webhook, why } => ("webhook_disabled", json!({"webhook": webhook, "why": why})),
        Notice::ReviewWaits { review, again } => {
            ("review_waits", json!({"review": review.to_string(), "again": again}))
        }
        Notice::TaskWaits { task, again } => ("task_waits", json!({"task": task.to_string(), "again": again})),
        Notice::TaskDecided { task } => ("task_decided", json!({"task": task.to_string()})),
        Notice::RequestMoved { request, status } => {
            ("request_moved", json!({"request": request.to_string(), "status": status.word()}))
        }
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
        "review_waits" => Ok(Notice::ReviewWaits {
            review: ReviewId::parse("review", &text("review")).map_err(Error::internal)?,
            again: data["again"] == true,
        }),
        "task_waits" => Ok(Notice::TaskWaits {
            task: TaskId::parse("task", &text("task")).map_err(Error::internal)?,
            again: data["again"] == true,
        }),
        "task_decided" => {
            Ok(Notice::TaskDecided { task: TaskId::parse("task", &text("task")).map_err(Error::internal)? })
        }
        "request_moved" => Ok(Notice::RequestMoved {
            request: AccessRequestId::parse("request", &text("request")).map_err(Error::internal)?,
            status: RequestStatus::parse("status", &text("status")).map_err(Error::internal)?,
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
        Event::Review(ReviewEvent::Opened { review, reviewers, .. }) => {
            let due = rows::reviews::get(tx, company, *review).await?.map(|review| review.due_at);
            for user in reviewers {
                keep(tx, *user, &Notice::ReviewWaits { review: *review, again: false }, now).await?;
                if let Some(at) = due.and_then(|due| nudge_at(Some(due), now)) {
                    keep(tx, *user, &Notice::ReviewWaits { review: *review, again: true }, at).await?;
                }
            }
        }
        Event::Review(ReviewEvent::Reminded { review, reviewers }) => {
            for user in reviewers {
                keep(tx, *user, &Notice::ReviewWaits { review: *review, again: true }, now).await?;
            }
        }
        Event::Request(event) => of_request(tx, event).await?,
        _ => {}
    }
    Ok(())
}

/// The people in whose hands a task is now, those who stand in among them.
async fn holders(conn: &mut Conn, company: CompanyId, task: TaskId, now: Timestamp) -> Result<Vec<UserId>> {
    let held = tasks::people_each(conn, company, &[task], now).await?.pop().unwrap_or_default();
    let mut people: Vec<UserId> = held.into_iter().map(|(user, _)| user).collect();
    people.dedup();
    Ok(people)
}

/// Keeps what something about requests and tasks gives reason to tell.
async fn of_request(tx: &mut Tx, event: &RequestEvent) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let given: Vec<TaskId> = match event {
        RequestEvent::Assigned { tasks, .. } => tasks.iter().map(|(task, ..)| *task).collect(),
        RequestEvent::Escalated { task, .. } => vec![*task],
        _ => Vec::new(),
    };
    for id in given {
        let Some(task) = tasks::get(tx, company, id).await? else { continue };
        let nudge = nudge_at(task.due_at, now);
        for user in holders(tx, company, id, now).await? {
            keep(tx, user, &Notice::TaskWaits { task: id, again: false }, now).await?;
            if let Some(at) = nudge {
                keep(tx, user, &Notice::TaskWaits { task: id, again: true }, at).await?;
            }
        }
    }
    match event {
        RequestEvent::Decided { task, .. } => {
            let by = tx.caller().user();
            for user in holders(tx, company, *task, now).await?.into_iter().filter(|user| Some(*user) != by) {
                keep(tx, user, &Notice::TaskDecided { task: *task }, now).await?;
            }
        }
        RequestEvent::Moved { request, status } if *status != RequestStatus::Open => {
            let Some(found) = requests::get(tx, company, *request).await? else { return Ok(()) };
            // Whoever withdrew it knows, and whoever changed the members of a group asked for nothing.
            let by = found.cancelled_by.filter(|_| *status == RequestStatus::Cancelled);
            let asker = found.requester.filter(|_| found.source.is_none());
            let mut people: Vec<UserId> = asker.into_iter().chain(found.target).collect();
            people.dedup();
            for user in people.into_iter().filter(|user| Some(*user) != by) {
                keep(tx, user, &Notice::RequestMoved { request: *request, status: *status }, now).await?;
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
        match letter(tx, company, &name, &waiting, (lease, now)).await? {
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
    (lease, now): (Uuid, Timestamp),
) -> Result<Option<Letter>> {
    let notice = decode(&waiting.kind, &waiting.data)?;
    let reads = |user: &User| user.status != UserStatus::Inactive;
    let Some(to) = users::get(conn, company, waiting.user).await?.filter(reads) else { return Ok(None) };
    let Some(told) = told(conn, company, waiting.user, notice, now).await? else { return Ok(None) };
    let company_name = company_name.to_owned();
    Ok(Some(Letter { company, company_name, to, told, id: waiting.id, lease, tries: waiting.tries }))
}

/// What a notice tells its reader now; none when it has lost its reason.
async fn told(
    conn: &mut Conn,
    company: CompanyId,
    reader: UserId,
    notice: Notice,
    now: Timestamp,
) -> Result<Option<Told>> {
    Ok(match notice {
        Notice::MembershipEnding { group, ends_at } => {
            let Some(found) = groups::get(conn, company, group).await? else { return Ok(None) };
            // Told only where this very end stands and nothing holds the membership beyond it.
            let open = reasons::open_of(conn, company, group, &[reader]).await?;
            let last = open.iter().flatten().map(|reason| reason.window.ends.unwrap_or(Timestamp::MAX)).max();
            (last == Some(ends_at)).then_some(Told::MembershipEnding { group: found.name, ends_at })
        }
        Notice::WebhookDisabled { webhook, why } => Some(Told::WebhookDisabled { webhook, why }),
        Notice::ReviewWaits { review, again } => {
            let Some(found) = rows::reviews::get(conn, company, review).await? else { return Ok(None) };
            let waiting = rows::reviews::waiting(conn, company, review).await?;
            let theirs = waiting.iter().filter(|(reviewer, _)| reviewer.is_none_or(|other| other == reader));
            let rows = theirs.map(|(_, rows)| rows).sum();
            let waits = found.is_open().is_ok() && rows > 0;
            waits.then_some(Told::ReviewWaits { review: found.name, rows, due_at: found.due_at, again })
        }
        Notice::TaskWaits { task, again } => {
            let Some(task) = tasks::get(conn, company, task).await? else { return Ok(None) };
            if task.is_open_at(now).is_err() || !holders(conn, company, task.id, now).await?.contains(&reader) {
                return Ok(None);
            }
            let asked = asked(conn, company, reader, task.kind, task.request).await?;
            Some(Told::TaskWaits { task, asked, again })
        }
        Notice::TaskDecided { task } => {
            let Some(task) = tasks::get(conn, company, task).await? else { return Ok(None) };
            let by = match task.executed_by {
                Some(by) => users::get(conn, company, by).await?.map(|user| user.name),
                None => None,
            };
            let asked = asked(conn, company, reader, task.kind, task.request).await?;
            Some(Told::TaskDecided { task, by, asked })
        }
        Notice::RequestMoved { request, status } => {
            let found = requests::get(conn, company, request).await?;
            // It has gone on since: a later notice tells where to.
            if found.is_none_or(|found| found.status != status) {
                return Ok(None);
            }
            let all = tasks::of_request(conn, company, request.uuid()).await?;
            let comment = all.into_iter().rev().find_map(|task| task.comment.filter(|said| !said.is_empty()));
            let asked = asked(conn, company, reader, TaskKind::Review, request.uuid()).await?;
            Some(Told::RequestMoved { status, asked, comment })
        }
    })
}

/// What a task is about, in names.
async fn asked(conn: &mut Conn, company: CompanyId, reader: UserId, kind: TaskKind, of: Uuid) -> Result<Asked> {
    if kind == TaskKind::Offboarding {
        let leaving = requests::offboarding(conn, company, OffboardingId::new(of)).await?;
        let target = match leaving {
            Some(user) => users::get(conn, company, user).await?.map(|user| user.name),
            None => None,
        };
        return Ok(Asked { target, yours: leaving == Some(reader), ..Asked::default() });
    }
    let Some(request) = requests::get(conn, company, AccessRequestId::new(of)).await? else {
        return Ok(Asked::default());
    };
    let people: Vec<UserId> = request.requester.into_iter().chain(request.target).collect();
    let found = users::get_each(conn, company, &people).await?;
    let name = |id: Option<UserId>| {
        let place = people.iter().position(|user| Some(*user) == id)?;
        found[place].as_ref().map(|user| user.name.clone())
    };
    let app = match request.app {
        Some(app) => rows::apps::get(conn, company, app).await?,
        None => None,
    };
    let group = match request.group {
        Some(group) => groups::get(conn, company, group).await?.map(|group| group.name),
        None => None,
    };
    Ok(Asked {
        kind: Some(request.kind),
        requester: name(request.requester.filter(|_| request.source.is_none())),
        target: name(request.target),
        yours: request.target == Some(reader),
        level: app.as_ref().and_then(|app| app.level(request.level?)).map(|level| level.name.clone()),
        app: app.map(|app| app.name),
        group,
        purpose: request.purpose,
    })
}
