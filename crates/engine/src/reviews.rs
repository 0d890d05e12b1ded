//! Use cases on reviews: begun, told, edited, reminded of, and followed by the next of their series.

use std::collections::{HashMap, HashSet};

use guildhall_domain::app::{App, AppStatus};
use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::event::Event;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{AppId, GroupId, LevelId, ReviewId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::review::{
    Counts, EditReview, Light, Review, ReviewEvent, ReviewOf, ReviewRow, ReviewStatus, Reviewers, check_due,
    check_interval,
};
use guildhall_domain::user::UserStatus;
use guildhall_domain::{Error, Result, Timestamp, name};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::groups::{self, Shown};
use crate::store::reviews::{self as rows, ReviewFilter};
use crate::store::{self, Conn, accesses, reasons};
use crate::writer::Tx;
use crate::{Engine, Written, asking, hands, journal, review_events};

pub(crate) const GONE: Error = Error::NotFound { noun: ReviewId::NOUN };
/// The most rows of one review.
const ROWS: usize = 100_000;
/// The most apps or groups that one review names.
const NAMED: usize = 1_000;
/// Rows that are read at a time.
const LOT: u32 = 1_000;

/// A review to begin.
#[derive(Clone, Debug)]
pub struct NewReview {
    /// The name, unique in the company.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// What it looks through.
    pub of: ReviewOf,
    /// In whose hands its rows are.
    pub reviewers: Reviewers,
    /// Whose review it is; the caller when absent.
    pub owner: Option<UserId>,
    /// The apps or groups; empty for all there are.
    pub named: Vec<Uuid>,
    /// By when its rows are to be decided.
    pub due_at: Timestamp,
    /// After how many days the next one of the series begins.
    pub interval_days: Option<u32>,
    /// A note.
    pub note: Option<String>,
    /// What the request calls its members, for errors.
    pub names: ReviewNames,
}

/// What the members of a review are called in a request.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the members of the request")]
pub struct ReviewNames {
    pub owner: &'static str,
    pub named: &'static str,
    pub due_at: &'static str,
}

/// A review with how it stands.
#[derive(Clone, Debug)]
pub struct ShownReview {
    /// Its record.
    pub review: Review,
    /// How its rows stand.
    pub counts: Counts,
    /// How well it goes.
    pub light: Light,
}

/// What a review looks through, loaded.
enum Things {
    Apps(Vec<App>),
    Groups(Vec<Group>),
}

/// The named apps or groups, or all there are: apps that are not archived, groups that are live. Where `strict`, one
/// that is not there is an error.
async fn things(tx: &mut Tx, of: ReviewOf, named: &[Uuid], field: &str, strict: bool) -> Result<Things> {
    let company = tx.company();
    let missing = |noun: &'static str, found: HashSet<Uuid>| {
        let ids: Vec<Uuid> = named.iter().copied().filter(|id| !found.contains(id)).collect();
        if ids.is_empty() || !strict { Ok(()) } else { Err(Error::Unknown { field: field.into(), noun, ids }) }
    };
    if of == ReviewOf::Apps {
        if named.is_empty() {
            let (mut all, mut after) = (Vec::new(), AppId::NIL);
            loop {
                let some = store::apps::all_of(tx, company, after, LOT).await?;
                let Some(last) = some.last() else { break };
                after = last.id;
                all.extend(some);
            }
            all.retain(|app| app.status != AppStatus::Archived);
            return Ok(Things::Apps(all));
        }
        let ids: Vec<AppId> = named.iter().map(|id| AppId::new(*id)).collect();
        let found: Vec<App> = store::apps::get_each(tx, company, &ids).await?.into_iter().flatten().collect();
        missing(AppId::NOUN, found.iter().map(|app| app.id.uuid()).collect())?;
        return Ok(Things::Apps(found));
    }
    let mut all = Vec::new();
    if named.is_empty() {
        let mut after = GroupId::NIL;
        loop {
            let some = store::groups::all_of(tx, company, after, LOT).await?;
            let Some(last) = some.last() else { break };
            after = last.id;
            all.extend(some);
        }
    } else {
        let ids: Vec<GroupId> = named.iter().map(|id| GroupId::new(*id)).collect();
        all = store::groups::get_each(tx, company, &ids).await?;
    }
    all.retain(|group| group.state == GroupState::Live);
    missing(GroupId::NOUN, all.iter().map(|group| group.id.uuid()).collect())?;
    Ok(Things::Groups(all))
}

/// One row to be made: the app or group, the user and their level.
type Found = (Uuid, UserId, Option<LevelId>);

/// What stands now of these things, and who reviews each of them where it has owners.
async fn standing(
    tx: &mut Tx,
    things: &Things,
    reviewers: Reviewers,
) -> Result<(Vec<Found>, HashMap<Uuid, Vec<UserId>>)> {
    let (company, now) = (tx.company(), tx.now());
    let (mut found, mut owners) = (Vec::new(), HashMap::new());
    let full = |found: &Vec<Found>| match found.len() {
        n if n > ROWS => Err(Error::TooMany { field: "rows".into(), limit: ROWS as u64 }),
        _ => Ok(()),
    };
    match things {
        Things::Apps(apps) => {
            for app in apps {
                let mut ask = Ask::first(LOT);
                loop {
                    let page = accesses::holders(tx, company, app.id, &ask).await?;
                    found.extend(page.items.iter().map(|h| (app.id.uuid(), h.user.id, h.access.level)));
                    full(&found)?;
                    let Some(next) = page.next else { break };
                    ask.from = guildhall_domain::page::From::After(next);
                }
                if reviewers == Reviewers::AppOwner {
                    let mut of: Vec<UserId> = app.owner.into_iter().collect();
                    of.extend(accesses::owners(tx, company, app.id).await?);
                    owners.insert(app.id.uuid(), of);
                }
            }
        }
        Things::Groups(groups) => {
            for group in groups {
                let members = reasons::user_ids(tx, company, group.id, now).await?;
                found.extend(members.into_iter().map(|user| (group.id.uuid(), user, None)));
                full(&found)?;
                if reviewers == Reviewers::GroupOwner {
                    owners.insert(group.id.uuid(), hands::owners_of(tx, group.id).await?);
                }
            }
        }
    }
    Ok((found, owners))
}

/// Puts each row into the hands of the first who may have it: nobody reviews what is their own.
async fn assigned(tx: &mut Tx, review: &Review, things: &Things) -> Result<Vec<ReviewRow>> {
    let company = tx.company();
    let (found, owners) = standing(tx, things, review.reviewers).await?;
    let mut managers: HashMap<UserId, UserId> = HashMap::new();
    if review.reviewers == Reviewers::Manager {
        let mut users: Vec<UserId> = found.iter().map(|(_, user, _)| *user).collect();
        users.sort_unstable();
        users.dedup();
        for lot in users.chunks(LOT as usize) {
            let people = store::users::get_each(tx, company, lot).await?.into_iter().flatten();
            managers.extend(people.filter_map(|user| Some((user.id, user.manager?))));
        }
    }
    let named: Vec<UserId> = {
        let all = owners.values().flatten().copied().chain(managers.values().copied()).chain([review.owner]);
        all.collect::<HashSet<_>>().into_iter().collect()
    };
    let statuses = store::users::statuses(tx, company, &named).await?;
    let able: HashSet<UserId> = named
        .into_iter()
        .zip(statuses)
        .filter(|(_, status)| status.is_some_and(|status| status != UserStatus::Inactive))
        .map(|(user, _)| user)
        .collect();
    let row = |(subject, user, level): Found| {
        let owners = owners.get(&subject).into_iter().flatten().copied();
        let mut fit = owners.chain(managers.get(&user).copied()).chain([review.owner]);
        ReviewRow {
            id: tx.clock.id(),
            subject,
            user,
            level,
            reviewer: fit.find(|other| *other != user && able.contains(other)),
            verdict: None,
            new_level: None,
            new_end: None,
            comment: None,
            decided_by: None,
            decided_at: None,
            outcome: None,
        }
    };
    Ok(found.into_iter().map(row).collect())
}

/// Writes a review with the rows of these things; how many there are.
async fn begin(tx: &mut Tx, review: &Review, things: &Things) -> Result<u64> {
    let company = tx.company();
    if rows::named(tx, company, &review.name).await? || !rows::insert(tx, company, review).await? {
        return Err(Error::Taken { field: "name".into(), why: "is the name of another review".into() });
    }
    let made = assigned(tx, review, things).await?;
    rows::put(tx, company, review.id, &made).await?;
    let mut reviewers: Vec<UserId> = made.iter().filter_map(|row| row.reviewer).collect();
    reviewers.sort_unstable();
    reviewers.dedup();
    let (fields, count) = (review_events::fields(review, None), made.len() as u64);
    let event = ReviewEvent::Opened { review: review.id, fields, rows: count, reviewers };
    journal::append(tx, &Event::Review(event)).await?;
    Ok(count)
}

/// May the caller review these things? Apps only as an administrator, groups also as an owner of each.
async fn may_begin(tx: &mut Tx, new: &NewReview) -> Result<()> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    if new.of == ReviewOf::Apps || new.named.is_empty() {
        return authz::may(tx, &caller, Action::ManageDirectory, now).await;
    }
    for group in &new.named {
        authz::may(tx, &caller, Action::ManageMembers(GroupId::new(*group)), now).await?;
    }
    Ok(())
}

async fn create(tx: &mut Tx, new: NewReview) -> Result<ShownReview> {
    let (caller, now, version) = (tx.caller().clone(), tx.now(), tx.revision());
    let NewReview { mut named, names, .. } = new.clone();
    named.sort_unstable();
    named.dedup();
    if named.len() > NAMED {
        return Err(Error::TooMany { field: names.named.into(), limit: NAMED as u64 });
    }
    may_begin(tx, &new).await?;
    let owner = new.owner.or(caller.user());
    let owner = owner.ok_or_else(|| Error::invalid(names.owner, "is required, as this key acts as nobody"))?;
    if caller.user() != Some(owner) {
        authz::may(tx, &caller, Action::ManageDirectory, now).await?;
    }
    asking::person(tx, names.owner, owner).await?;
    if (new.of == ReviewOf::Apps && new.reviewers == Reviewers::GroupOwner)
        || (new.of == ReviewOf::Groups && new.reviewers == Reviewers::AppOwner)
    {
        return Err(Error::invalid("reviewers", format!("cannot be {} for a review of {}", new.reviewers, new.of)));
    }
    let review = Review {
        id: tx.clock.id(),
        name: name::name("name", &new.name)?,
        description: new.description.as_deref().map(|raw| name::description("description", raw)).transpose()?,
        of: new.of,
        reviewers: new.reviewers,
        owner,
        named,
        status: ReviewStatus::Open,
        due_at: check_due(names.due_at, new.due_at, now)?,
        interval_days: check_interval(new.interval_days)?,
        next_at: None,
        series: None,
        note: new.note.as_deref().map(|raw| name::description("note", raw)).transpose()?,
        created_at: now,
        updated_at: now,
        closed_at: None,
        closed_by: None,
        version,
    };
    let things = things(tx, review.of, &review.named, names.named, true).await?;
    let undecided = begin(tx, &review, &things).await?;
    let counts = Counts { undecided, ..Counts::default() };
    Ok(ShownReview { light: review.light(&counts, now), review, counts })
}

/// Begins the reviews whose time has come; when that of the next one comes. Each has the length of the one before it.
pub(crate) async fn follow(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let (company, now) = (tx.company(), tx.now());
    for mut before in rows::due(tx, company).await? {
        match before.next_at {
            Some(due) if due <= now => {}
            due => return Ok(due),
        }
        (before.next_at, before.version) = (None, tx.revision());
        rows::update(tx, company, &before).await?;
        let base = before.series.clone().unwrap_or_else(|| before.name.clone());
        let length = (before.due_at.micros() - before.created_at.micros()) / 1_000_000;
        let day = now.rfc3339(0);
        let series = base.chars().take(200).collect::<String>();
        let mut after = Review {
            id: tx.clock.id(),
            name: format!("{series} ({})", day.split('T').next().unwrap_or_default()),
            series: Some(base),
            status: ReviewStatus::Open,
            due_at: now.plus_seconds(length.max(1)),
            created_at: now,
            updated_at: now,
            closed_at: None,
            closed_by: None,
            version: tx.revision(),
            ..before.clone()
        };
        // Somebody may have given that name to a review of their own.
        if rows::named(tx, company, &after.name).await? {
            after.name = format!("{series} ({day})");
        }
        let things = things(tx, after.of, &after.named, "", false).await?;
        let none = matches!(&things, Things::Apps(apps) if apps.is_empty())
            || matches!(&things, Things::Groups(groups) if groups.is_empty());
        if none {
            continue; // what the series was about is gone, and the series with it
        }
        begin(tx, &after, &things).await?;
    }
    Ok(None)
}

/// Is the caller an administrator, or the one whose review it is?
pub(crate) async fn may_lead(tx: &mut Tx, review: &Review) -> Result<()> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    if caller.user() == Some(review.owner) {
        return Ok(());
    }
    authz::may(tx, &caller, Action::ManageDirectory, now).await
}

/// The review, if the company has it.
pub(crate) async fn get(conn: &mut Conn, company: guildhall_domain::ids::CompanyId, id: ReviewId) -> Result<Review> {
    rows::get(conn, company, id).await?.ok_or(GONE)
}

/// The review with how it stands.
pub(crate) async fn shown(
    conn: &mut Conn,
    company: guildhall_domain::ids::CompanyId,
    review: Review,
    now: Timestamp,
) -> Result<ShownReview> {
    let counts = rows::counts_each(conn, company, &[review.id]).await?.pop().unwrap_or_default();
    Ok(ShownReview { light: review.light(&counts, now), review, counts })
}

/// Sees that the caller may look at a review: a guest only where rows of it are in their hands.
pub(crate) async fn may_see(conn: &mut Conn, caller: &Caller, id: ReviewId, now: Timestamp) -> Result<()> {
    if let (Some(Role::Guest), Some(user)) = (caller.role, caller.user()) {
        let filter = rows::RowFilter { reviewer: Some(user), ..Default::default() };
        if !rows::rows(conn, caller.company, id, filter, &Ask::first(1)).await?.items.is_empty() {
            return Ok(());
        }
    }
    authz::may(conn, caller, Action::ReadDirectory, now).await
}

impl Engine {
    /// Begins a review: a row for each access or membership that stands, in the hands of its reviewer.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Unknown`] for apps, groups or an owner; [`Error::Taken`] for the name;
    /// [`Error::TooMany`] beyond 100,000 rows; [`Error::Invalid`].
    pub async fn create_review(&self, caller: &Caller, new: NewReview) -> Result<Written<ShownReview>> {
        self.write(caller, async move |tx| create(tx, new).await).await
    }

    /// One page of reviews, in the order in which they began. A guest sees those that have rows in their hands.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn reviews(
        &self,
        caller: &Caller,
        mut filter: ReviewFilter,
        ask: &Ask<ReviewId>,
    ) -> Result<Page<ShownReview, ReviewId>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        match (caller.role, caller.user()) {
            (Some(Role::Guest), Some(user)) => filter.reviewer = Some(user),
            _ => authz::may(&mut conn, caller, Action::ReadDirectory, now).await?,
        }
        let page = rows::list(&mut conn, caller.company, &filter, ask).await?;
        let ids: Vec<ReviewId> = page.items.iter().map(|review| review.id).collect();
        let mut counts = rows::counts_each(&mut conn, caller.company, &ids).await?.into_iter();
        Ok(page.map(|review| {
            let counts = counts.next().unwrap_or_default();
            ShownReview { light: review.light(&counts, now), review, counts }
        }))
    }

    /// One review with how it stands.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn review(&self, caller: &Caller, id: ReviewId) -> Result<ShownReview> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        may_see(&mut conn, caller, id, now).await?;
        let review = get(&mut conn, caller.company, id).await?;
        shown(&mut conn, caller.company, review, now).await
    }

    /// Edits an open review; of a closed one only the days to the next.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Conflict`], [`Error::Stale`], [`Error::Invalid`].
    pub async fn edit_review(
        &self,
        caller: &Caller,
        id: ReviewId,
        edit: EditReview,
        version: Option<u64>,
    ) -> Result<Written<ShownReview>> {
        self.write(caller, async move |tx| {
            let (company, now) = (tx.company(), tx.now());
            let mut review = get(tx, company, id).await?;
            may_lead(tx, &review).await?;
            matches(version, review.version)?;
            if !(edit.description.is_keep() && edit.due_at.is_keep() && edit.note.is_keep()) {
                review.is_open()?;
            }
            let changed = review.apply(edit, now)?;
            if changed.is_empty() {
                return shown(tx, company, review, now).await;
            }
            if let Some(closed) = review.closed_at {
                review.next_at = review.next(closed.max(now));
                if let Some(next) = review.next_at {
                    tx.head_mut().wake_at(next);
                }
            }
            (review.updated_at, review.version) = (now, tx.revision());
            rows::update(tx, company, &review).await?;
            let fields = review_events::fields(&review, Some(&changed));
            journal::append(tx, &Event::Review(ReviewEvent::Updated { review: id, fields })).await?;
            shown(tx, company, review, now).await
        })
        .await
    }

    /// Reminds those who have rows to decide; who they are. Rows that are in nobody's hands are the administrators'.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`]; [`Error::Conflict`] when the review is closed or all is decided.
    pub async fn remind_reviewers(&self, caller: &Caller, id: ReviewId) -> Result<Written<Vec<UserId>>> {
        self.write(caller, async move |tx| {
            let company = tx.company();
            let review = get(tx, company, id).await?;
            may_lead(tx, &review).await?;
            review.is_open()?;
            let waiting = rows::waiting(tx, company, id).await?;
            let mut reviewers: Vec<UserId> = waiting.iter().filter_map(|(reviewer, _)| *reviewer).collect();
            if waiting.iter().any(|(reviewer, _)| reviewer.is_none()) {
                reviewers.extend(store::users::admins(tx, company).await?);
            }
            reviewers.sort_unstable();
            reviewers.dedup();
            if reviewers.is_empty() {
                return Err(Error::conflict("every row of this review is decided"));
            }
            let event = ReviewEvent::Reminded { review: id, reviewers: reviewers.clone() };
            journal::append(tx, &Event::Review(event)).await?;
            Ok(reviewers)
        })
        .await
    }
}

/// Live groups among `ids`, and whether each takes changes by hand.
pub(crate) async fn live(tx: &mut Tx, id: GroupId) -> Result<Option<Group>> {
    let company = tx.company();
    match groups::get(tx, company, id, Shown::Live).await {
        Ok(group) => Ok(Some(group)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}
