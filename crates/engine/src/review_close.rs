//! Closing a review: what was decided of its rows is done, all in one change.

use std::collections::BTreeMap;

use guildhall_domain::caller::Caller;
use guildhall_domain::company::Company;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AppId, CompanyId, GroupId, ReviewId, ReviewRowId, UserId};
use guildhall_domain::membership::Outcome;
use guildhall_domain::page::{Ask, From};
use guildhall_domain::review::{Block, ReviewEvent, ReviewOf, ReviewRow, ReviewStatus, RowOutcome, Verdict};
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::review_rows::blocks;
use crate::reviews::{self, ShownReview};
use crate::store::reviews::{self as rows, RowFilter};
use crate::store::{self, reasons};
use crate::writer::Tx;
use crate::{Engine, GiveAccess, Written, accesses, connections, journal, memberships, terms};

/// Rows that are read at a time.
const LOT: u32 = 10_000;

/// How a review is closed.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloseReview {
    /// Is what nobody decided ended, instead of kept?
    pub remove_undecided: bool,
}

/// A closed review and what became of its rows.
#[derive(Clone, Debug)]
pub struct Closing {
    /// The review.
    pub shown: ShownReview,
    /// How many rows came to what; those of none are left out.
    pub outcomes: Vec<(RowOutcome, u64)>,
}

type Outcomes = Vec<(ReviewRowId, RowOutcome)>;

/// What is to be done with a row.
fn verdict(row: &ReviewRow, how: CloseReview) -> Option<Verdict> {
    row.verdict.or(how.remove_undecided.then_some(Verdict::Remove))
}

/// Ends and changes accesses to one app.
async fn settle_app(tx: &mut Tx, app: AppId, acting: Vec<(ReviewRow, Verdict)>, outcomes: &mut Outcomes) -> Result<()> {
    let company = tx.company();
    let record = store::apps::get(tx, company, app).await?;
    let (mut ending, mut giving) = (Vec::new(), Vec::new());
    for (row, verdict) in acting {
        let level = row.new_level.filter(|level| record.as_ref().is_some_and(|app| app.level(*level).is_some()));
        match (verdict, level) {
            (Verdict::Remove, _) => ending.push(row),
            (Verdict::Change, Some(level)) => {
                giving.push((row.id, GiveAccess { app, user: row.user, level: Some(level), is_owner: None }));
            }
            _ => outcomes.push((row.id, RowOutcome::Blocked)), // the level is gone
        }
    }
    let users: Vec<UserId> = ending.iter().map(|row| row.user).collect();
    let had = accesses::end(tx, app, &users).await?;
    let ended = |had: bool| if had { RowOutcome::Removed } else { RowOutcome::Gone };
    outcomes.extend(ending.iter().zip(had).map(|(row, had)| (row.id, ended(had))));
    let wanted: Vec<GiveAccess> = giving.iter().map(|(_, give)| *give).collect();
    let new = accesses::open(tx, &wanted).await?;
    let changed = |new: bool| if new { RowOutcome::Changed } else { RowOutcome::Kept };
    outcomes.extend(giving.iter().zip(new).map(|((row, _), new)| (*row, changed(new))));
    Ok(())
}

/// Ends and changes memberships of one group.
async fn settle_group(
    tx: &mut Tx,
    group: GroupId,
    acting: Vec<(ReviewRow, Verdict)>,
    outcomes: &mut Outcomes,
) -> Result<()> {
    let (company, now, caller) = (tx.company(), tx.now(), tx.caller().clone());
    let all = |outcome| acting.iter().map(move |(row, _)| (row.id, outcome)).collect::<Vec<_>>();
    let Some(record) = reviews::live(tx, group).await? else {
        outcomes.extend(all(RowOutcome::Gone));
        return Ok(());
    };
    // A group that gives rights is emptied by administrators alone, and a closed one by nobody's hand.
    let may = authz::may(tx, &caller, Action::ManageMembers(group), now).await.is_ok();
    if !may || connections::open_to(tx, &record).await.is_err() {
        outcomes.extend(all(RowOutcome::Blocked));
        return Ok(());
    }
    let (ending, changing): (Vec<_>, Vec<_>) = acting.into_iter().partition(|(_, verdict)| *verdict == Verdict::Remove);
    let users: Vec<UserId> = ending.iter().map(|(row, _)| row.user).collect();
    let taken = memberships::take(tx, group, &users).await?;
    for ((row, _), taken) in ending.into_iter().zip(taken) {
        let outcome = match taken {
            Ok(Outcome::Removed) => RowOutcome::Removed,
            Ok(_) => RowOutcome::Gone,
            Err(Error::HeldMembers { .. }) => RowOutcome::Blocked,
            Err(fault) => return Err(fault),
        };
        outcomes.push((row.id, outcome));
    }
    for (row, _) in changing {
        let open = reasons::open_of(tx, company, group, &[row.user]).await?.pop().unwrap_or_default();
        let end = row.new_end.filter(|end| *end > now);
        let mut outcome = if end.is_some() { RowOutcome::Kept } else { RowOutcome::Blocked };
        for reason in open.into_iter().filter(|r| r.kind.ends_by_hand() && r.window.ends.is_none_or(|at| at > now)) {
            let mut window = reason.window;
            window.ends = end;
            // What begins later than it is to end, or would last longer than the group lets it, stays as it is.
            let fits = end.is_some() && window.starts.is_none_or(|start| Some(start) < end);
            let Some(window) = fits.then(|| record.lifetime.settle(window, now).ok()).flatten() else {
                outcome = RowOutcome::Blocked;
                continue;
            };
            if window != reason.window {
                let note = reason.note.clone();
                terms::replace(tx, &record, reason, window, note).await?;
                outcome = RowOutcome::Changed;
            }
        }
        outcomes.push((row.id, outcome));
    }
    Ok(())
}

async fn close(tx: &mut Tx, id: ReviewId, how: CloseReview) -> Result<Closing> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    let mut review = reviews::get(tx, company, id).await?;
    reviews::may_lead(tx, &review).await?;
    review.is_open()?;
    let (mut outcomes, mut acting): (Outcomes, BTreeMap<Uuid, Vec<(ReviewRow, Verdict)>>) = Default::default();
    let mut ask = Ask::first(LOT);
    loop {
        let page = rows::rows(tx, company, id, RowFilter::default(), &ask).await?;
        let blocks = blocks(tx, company, review.of, &page.items, now).await?;
        for (row, block) in page.items.into_iter().zip(blocks) {
            // Nobody ends or changes their own, not even as the one who closes.
            let own = by == Some(row.user) && row.decided_by.is_none_or(|decider| Some(decider) == by);
            match (verdict(&row, how), block) {
                (None, _) => outcomes.push((row.id, RowOutcome::Undecided)),
                (Some(_), Some(Block::Gone)) => outcomes.push((row.id, RowOutcome::Gone)),
                (Some(Verdict::Keep), _) => outcomes.push((row.id, RowOutcome::Kept)),
                (Some(_), Some(_)) => outcomes.push((row.id, RowOutcome::Blocked)),
                (Some(_), None) if own => outcomes.push((row.id, RowOutcome::Blocked)),
                (Some(verdict), None) => acting.entry(row.subject).or_default().push((row, verdict)),
            }
        }
        let Some(next) = page.next else { break };
        ask.from = From::After(next);
    }
    for (subject, acting) in acting {
        match review.of {
            ReviewOf::Apps => settle_app(tx, AppId::new(subject), acting, &mut outcomes).await?,
            ReviewOf::Groups => settle_group(tx, GroupId::new(subject), acting, &mut outcomes).await?,
        }
    }
    rows::settle(tx, company, id, &outcomes).await?;
    (review.status, review.closed_at, review.closed_by) = (ReviewStatus::Closed, Some(now), by);
    (review.updated_at, review.version, review.next_at) = (now, tx.revision(), review.next(now));
    if let Some(next) = review.next_at {
        tx.head_mut().wake_at(next);
    }
    rows::update(tx, company, &review).await?;
    let count = |outcome: &RowOutcome| {
        let n = outcomes.iter().filter(|(_, other)| other == outcome).count() as u64;
        (*outcome, n)
    };
    let counted: Vec<(RowOutcome, u64)> = RowOutcome::ALL.iter().map(count).filter(|(_, n)| *n > 0).collect();
    let event = ReviewEvent::Closed { review: id, outcomes: counted.clone() };
    journal::append(tx, &Event::Review(event)).await?;
    Ok(Closing { shown: reviews::shown(tx, company, review, now).await?, outcomes: counted })
}

/// What a review's evidence begins with; its rows follow.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The company.
    pub company: Company,
    /// The review.
    pub shown: ShownReview,
    /// When it is exported.
    pub at: Timestamp,
    /// The revision of the journal by then.
    pub revision: u64,
    /// The hash of that revision, which vouches for all that led to it.
    pub hash: Vec<u8>,
}

impl Engine {
    /// What the evidence of a review begins with.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn review_evidence(&self, caller: &Caller, id: ReviewId) -> Result<Evidence> {
        let (mut conn, now, company) = (self.db().reader().await?, self.clock().now(), caller.company);
        authz::may(&mut conn, caller, Action::ReadDirectory, now).await?;
        let review = reviews::get(&mut conn, company, id).await?;
        let shown = reviews::shown(&mut conn, company, review, now).await?;
        let gone = Error::NotFound { noun: CompanyId::NOUN };
        let Some((revision, hash, ..)) = store::companies::chains(&mut conn, company).await? else { return Err(gone) };
        let company = store::companies::get(&mut conn, company).await?.ok_or(gone)?;
        Ok(Evidence { company, shown, at: now, revision, hash })
    }

    /// Closes a review, once: what was decided is done. What stands differently by then is told and left alone.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`]; [`Error::Conflict`] when it is closed.
    pub async fn close_review(&self, caller: &Caller, id: ReviewId, how: CloseReview) -> Result<Written<Closing>> {
        self.write(caller, async move |tx| close(tx, id, how).await).await
    }
}
