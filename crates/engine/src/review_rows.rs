//! Use cases on the rows of reviews: told, and decided one by one or many at once.

use std::collections::{HashMap, HashSet};

use guildhall_domain::app::App;
use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AppId, CompanyId, GroupId, LevelId, ReviewId, ReviewRowId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::review::{Block, Review, ReviewEvent, ReviewOf, ReviewRow, Verdict};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp, name};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::memberships::CHANGES;
use crate::reviews::{get, may_see};
use crate::store::reviews::{self as rows, RowFilter};
use crate::store::{self, Conn, accesses, reasons, requests, tasks};
use crate::writer::Tx;
use crate::{Engine, Written, journal};

/// A row with what its page shows beside it.
#[derive(Clone, Debug)]
pub struct ShownRow {
    /// The row.
    pub row: ReviewRow,
    /// The user; none when they were erased.
    pub user: Option<User>,
    /// Who reviews it.
    pub reviewer: Option<User>,
    /// Who decided it.
    pub decided_by: Option<User>,
    /// What the app or group is called.
    pub subject_name: String,
    /// What the level is called that they had.
    pub level_name: Option<String>,
    /// What the level is called that they are to have.
    pub new_level_name: Option<String>,
    /// Why it takes no other decision than to keep, while the review is open.
    pub block: Option<Block>,
}

/// A decision on rows.
#[derive(Clone, Debug)]
pub struct DecideRows {
    /// Which rows, all of them or none; absent for every undecided row that the caller may decide, 10,000 at a time.
    pub rows: Option<Vec<ReviewRowId>>,
    /// What of them.
    pub verdict: Verdict,
    /// The level that they are to have, to change accesses.
    pub level: Option<LevelId>,
    /// When they are to end, to change memberships.
    pub ends_at: Option<Timestamp>,
    /// What the reviewer says.
    pub comment: Option<String>,
}

/// What became of a row in a decision.
#[derive(Debug)]
pub struct DecidedRow {
    /// The row.
    pub row: ReviewRowId,
    /// Decided, or why not: only where the call did not name the rows.
    pub outcome: Result<()>,
}

/// Why rows of a review take no other decision than to keep, each in its place.
pub(crate) async fn blocks(
    conn: &mut Conn,
    company: CompanyId,
    of: ReviewOf,
    rows: &[ReviewRow],
    now: Timestamp,
) -> Result<Vec<Option<Block>>> {
    let mut of_each: HashMap<Uuid, Vec<UserId>> = HashMap::new();
    for row in rows {
        of_each.entry(row.subject).or_default().push(row.user);
    }
    let mut why: HashMap<(Uuid, UserId), Block> = HashMap::new();
    for (subject, users) in of_each {
        match of {
            ReviewOf::Apps => {
                let id = AppId::new(subject);
                let owner = store::apps::get(conn, company, id).await?.and_then(|app| app.owner);
                let pairs: Vec<(AppId, UserId)> = users.iter().map(|user| (id, *user)).collect();
                let standing = accesses::standing(conn, company, &pairs).await?;
                let pending = requests::pending_each(conn, company, id, &users).await?;
                for ((user, standing), pending) in users.into_iter().zip(standing).zip(pending) {
                    let block = match standing {
                        None => Some(Block::Gone),
                        Some(access) if access.is_owner || owner == Some(user) => Some(Block::AppOwner),
                        Some(_) if !pending.is_empty() => Some(Block::OpenRequest),
                        Some(_) => None,
                    };
                    why.extend(block.map(|block| ((subject, user), block)));
                }
            }
            ReviewOf::Groups => {
                let open = reasons::open_of(conn, company, GroupId::new(subject), &users).await?;
                for (user, open) in users.into_iter().zip(open) {
                    let mut standing = open.iter().filter(|reason| reason.window.holds(now)).peekable();
                    let block = match standing.peek() {
                        None => Some(Block::Gone),
                        Some(_) => standing.any(|reason| !reason.kind.ends_by_hand()).then_some(Block::Held),
                    };
                    why.extend(block.map(|block| ((subject, user), block)));
                }
            }
        }
    }
    Ok(rows.iter().map(|row| why.get(&(row.subject, row.user)).copied()).collect())
}

/// Rows with the names of what they are about.
async fn shown(
    conn: &mut Conn,
    company: CompanyId,
    review: &Review,
    rows: Vec<ReviewRow>,
    now: Timestamp,
) -> Result<Vec<ShownRow>> {
    let people: HashSet<UserId> =
        rows.iter().flat_map(|row| [Some(row.user), row.reviewer, row.decided_by]).flatten().collect();
    let people: Vec<UserId> = people.into_iter().collect();
    let found = store::users::get_each(conn, company, &people).await?;
    let found: HashMap<UserId, User> = found.into_iter().flatten().map(|user| (user.id, user)).collect();
    let subjects: HashSet<Uuid> = rows.iter().map(|row| row.subject).collect();
    let (mut apps, mut groups): (HashMap<Uuid, App>, HashMap<Uuid, String>) = Default::default();
    if review.of == ReviewOf::Apps {
        let ids: Vec<AppId> = subjects.into_iter().map(AppId::new).collect();
        let all = store::apps::get_each(conn, company, &ids).await?;
        apps = all.into_iter().flatten().map(|app| (app.id.uuid(), app)).collect();
    } else {
        let ids: Vec<GroupId> = subjects.into_iter().map(GroupId::new).collect();
        let all = store::groups::get_each(conn, company, &ids).await?;
        groups = all.into_iter().map(|group| (group.id.uuid(), group.name)).collect();
    }
    let blocks = match review.is_open() {
        Ok(()) => blocks(conn, company, review.of, &rows, now).await?,
        Err(_) => vec![None; rows.len()],
    };
    let person = |id: Option<UserId>| id.and_then(|id| found.get(&id).cloned());
    let told = |(row, block): (ReviewRow, Option<Block>)| {
        let app = apps.get(&row.subject);
        let level = |id: Option<LevelId>| Some(app?.level(id?)?.name.clone());
        ShownRow {
            user: person(Some(row.user)),
            reviewer: person(row.reviewer),
            decided_by: person(row.decided_by),
            subject_name: app
                .map(|app| app.name.clone())
                .or_else(|| groups.get(&row.subject).cloned())
                .unwrap_or_default(),
            level_name: level(row.level),
            new_level_name: level(row.new_level),
            block,
            row,
        }
    };
    Ok(rows.into_iter().zip(blocks).map(told).collect())
}

/// Whose rows somebody may decide beside their own: all, or those of the people they stand in for.
enum Reach {
    All,
    Of(HashSet<UserId>),
}

async fn reach(tx: &mut Tx, review: &Review, rows: &[ReviewRow]) -> Result<Reach> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    let Some(user) = caller.user() else {
        authz::may(tx, &caller, Action::ManageDirectory, now).await?;
        return Ok(Reach::All);
    };
    if user == review.owner || authz::may(tx, &caller, Action::ManageDirectory, now).await.is_ok() {
        return Ok(Reach::All);
    }
    let others: HashSet<UserId> = rows.iter().filter_map(|row| row.reviewer).collect();
    let others: Vec<UserId> = others.into_iter().collect();
    let lent = tasks::delegations_each(tx, company, &others, now).await?;
    let stands = |lent: &Vec<guildhall_domain::request::Delegation>| {
        lent.iter().any(|delegation| delegation.to == user && delegation.window.holds(now))
    };
    let of = others.into_iter().zip(lent).filter(|(other, lent)| *other == user || stands(lent));
    Ok(Reach::Of(of.map(|(other, _)| other).collect()))
}

fn may_decide(reach: &Reach, row: &ReviewRow, by: Option<UserId>) -> Result<()> {
    if by == Some(row.user) {
        return Err(Error::forbidden("nobody reviews what is their own"));
    }
    match (reach, row.reviewer) {
        (Reach::All, _) => Ok(()),
        (Reach::Of(some), Some(reviewer)) if some.contains(&reviewer) => Ok(()),
        _ => Err(Error::forbidden("this row is in other hands")),
    }
}

/// Refuses a decision that what stands does not allow.
fn check_block(verdict: Verdict, block: Option<Block>) -> Result<()> {
    match (verdict, block) {
        (Verdict::Keep, _) | (_, None) => Ok(()),
        (_, Some(block)) => Err(Error::conflict(match block {
            Block::AppOwner => "whoever owns the app keeps it; name another owner first",
            Block::OpenRequest => "a request about this user and app is open; it is decided first",
            Block::Held => "a connection or a rule holds this membership; it can only be kept",
            Block::Gone => "there is nothing left to decide about",
        })),
    }
}

/// Checks what a change is to lead to.
async fn check_change(tx: &mut Tx, review: &Review, ask: &DecideRows, rows: &[ReviewRow]) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let changes = ask.verdict == Verdict::Change;
    match review.of {
        ReviewOf::Apps if !changes || ask.ends_at.is_some() => {
            let field = if ask.ends_at.is_some() { "endsAt" } else { "permissionLevel" };
            if ask.ends_at.is_some() || ask.level.is_some() {
                return Err(Error::invalid(field, "does not go with this decision"));
            }
        }
        ReviewOf::Groups if !changes || ask.level.is_some() => {
            let field = if ask.level.is_some() { "permissionLevel" } else { "endsAt" };
            if ask.ends_at.is_some() || ask.level.is_some() {
                return Err(Error::invalid(field, "does not go with this decision"));
            }
        }
        ReviewOf::Groups => {
            if ask.ends_at.ok_or_else(|| Error::invalid("endsAt", "is needed to change a membership"))? <= now {
                return Err(Error::invalid("endsAt", "must be in the future"));
            }
        }
        ReviewOf::Apps => {
            let level = ask.level.ok_or_else(|| Error::invalid("permissionLevel", "is needed to change an access"))?;
            let apps: HashSet<AppId> = rows.iter().map(|row| AppId::new(row.subject)).collect();
            let apps: Vec<AppId> = apps.into_iter().collect();
            for app in store::apps::get_each(tx, company, &apps).await?.into_iter().flatten() {
                app.check_level("permissionLevel", Some(level))?;
            }
        }
    }
    Ok(())
}

async fn decide(tx: &mut Tx, id: ReviewId, ask: DecideRows) -> Result<Vec<DecidedRow>> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    let caller = tx.caller().clone();
    may_see(tx, &caller, id, now).await?;
    let review = get(tx, company, id).await?;
    review.is_open()?;
    let comment = ask.comment.as_deref().map(|raw| name::description("comment", raw)).transpose()?;
    let mut chosen = match &ask.rows {
        Some(named) => {
            if named.len() > CHANGES {
                return Err(Error::TooMany { field: "rows".into(), limit: CHANGES as u64 });
            }
            let mut seen = HashSet::new();
            let named: Vec<ReviewRowId> = named.iter().copied().filter(|row| seen.insert(*row)).collect();
            let found = rows::rows_by_id(tx, company, id, &named).await?;
            let missing = named.iter().zip(&found).filter(|(_, row)| row.is_none()).map(|(id, _)| id.uuid());
            let missing: Vec<Uuid> = missing.collect();
            if !missing.is_empty() {
                return Err(Error::Unknown { field: "rows".into(), noun: ReviewRowId::NOUN, ids: missing });
            }
            found.into_iter().flatten().collect()
        }
        None => {
            let filter = RowFilter { undecided: true, ..Default::default() };
            rows::rows(tx, company, id, filter, &Ask::first(CHANGES as u32)).await?.items
        }
    };
    let reach = reach(tx, &review, &chosen).await?;
    if ask.rows.is_none() {
        chosen.retain(|row| may_decide(&reach, row, by).is_ok());
    }
    check_change(tx, &review, &ask, &chosen).await?;
    let blocks = blocks(tx, company, review.of, &chosen, now).await?;
    let (mut told, mut decided) = (Vec::with_capacity(chosen.len()), Vec::new());
    for (mut row, block) in chosen.into_iter().zip(blocks) {
        let outcome = may_decide(&reach, &row, by).and_then(|()| check_block(ask.verdict, block));
        match outcome {
            Ok(()) => {
                let row_id = row.id;
                let before = (row.verdict, row.new_level, row.new_end, row.comment.clone());
                (row.verdict, row.new_level, row.new_end) = (Some(ask.verdict), ask.level, ask.ends_at);
                row.comment.clone_from(&comment);
                // The same once more is no news: who decided it first did.
                if before != (row.verdict, row.new_level, row.new_end, row.comment.clone()) {
                    (row.decided_by, row.decided_at) = (by, Some(now));
                    decided.push(row);
                }
                told.push(DecidedRow { row: row_id, outcome: Ok(()) });
            }
            Err(why) if ask.rows.is_some() => return Err(why),
            Err(why) => told.push(DecidedRow { row: row.id, outcome: Err(why) }),
        }
    }
    if !decided.is_empty() {
        rows::decide(tx, company, id, &decided).await?;
        let (rows, users) = decided.iter().map(|row| (row.id, row.user)).unzip();
        let event = ReviewEvent::Decided { review: id, verdict: ask.verdict, rows, users };
        journal::append(tx, &Event::Review(event)).await?;
    }
    Ok(told)
}

impl Engine {
    /// Decides rows of an open review; what was decided can be decided anew until it is closed. Nothing takes effect
    /// before that.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for rows in other hands and one's own; [`Error::Conflict`] for a
    /// closed review and for rows that can only be kept; [`Error::Unknown`] on `rows`; [`Error::Invalid`].
    pub async fn decide_rows(
        &self,
        caller: &Caller,
        id: ReviewId,
        ask: DecideRows,
    ) -> Result<Written<Vec<DecidedRow>>> {
        self.write(caller, async move |tx| decide(tx, id, ask).await).await
    }

    /// One page of the rows of a review, in the order of apps or groups. A guest sees those in their hands.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn review_rows(
        &self,
        caller: &Caller,
        id: ReviewId,
        mut filter: RowFilter,
        ask: &Ask<ReviewRowId>,
    ) -> Result<Page<ShownRow, ReviewRowId>> {
        let (mut conn, now, company) = (self.db().reader().await?, self.clock().now(), caller.company);
        may_see(&mut conn, caller, id, now).await?;
        if caller.role == Some(Role::Guest) {
            filter.reviewer = caller.user();
        }
        let review = get(&mut conn, company, id).await?;
        let page = rows::rows(&mut conn, company, id, filter, ask).await?;
        let Page { items, next, total } = page;
        Ok(Page { items: shown(&mut conn, company, &review, items, now).await?, next, total })
    }
}
