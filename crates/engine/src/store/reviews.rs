//! Rows of reviews, and of the accesses and memberships that they look through.

use guildhall_domain::ids::{CompanyId, ReviewId, ReviewRowId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::review::{Counts, Review, ReviewOf, ReviewRow, ReviewStatus, Reviewers, RowOutcome, Verdict};
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "v.review_id, v.name, v.description, v.subject_kind, v.reviewers, v.owner_id, v.named, v.status, v.due_at, v.interval_days, v.next_at, v.series, v.note, v.created_at, v.updated_at, v.closed_at, v.closed_by, v.version"
    };
}

macro_rules! row_columns {
    () => {
        "r.row_id, r.subject_id, r.user_id, r.level_id, r.reviewer_id, r.verdict, r.new_level_id, r.new_end, r.comment, r.decided_by, r.decided_at, r.outcome"
    };
}

// What a list of reviews asks for, from $3 on.
macro_rules! wanted {
    () => {
        "(cast($4 as text) = '' or v.status = $4) and (cast($5 as text) = '' or v.subject_kind = $5) order by v.review_id limit $6 offset $7"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from reviews v where v.company_id = $1 and v.review_id = $2");
    NAMED = "select review_id from reviews where company_id = $1 and name_key = $2";
    LIST = concat!("select ", columns!(), " from reviews v where v.company_id = $1 and v.review_id > $2 and v.review_id <> $3 and ", wanted!());
    LIST_OF_REVIEWER = concat!("select ", columns!(), " from reviews v where v.company_id = $1 and v.review_id > $2
              and exists (select 1 from review_rows r where r.company_id = v.company_id and r.reviewer_id = $3 and r.review_id = v.review_id) and ", wanted!());
    LIST_OF_SUBJECT = concat!("select ", columns!(), " from reviews v where v.company_id = $1 and v.review_id > $2
              and exists (select 1 from review_rows r where r.company_id = v.company_id and r.subject_id = $3 and r.review_id = v.review_id) and ", wanted!());
    INSERT = "insert into reviews (company_id, review_id, name, name_key, description, subject_kind, reviewers, owner_id, named, status, due_at, interval_days, next_at, series, note, created_at, updated_at, closed_at, closed_by, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) on conflict do nothing";
    UPDATE = "update reviews set description = $3, status = $4, due_at = $5, interval_days = $6, next_at = $7, note = $8, updated_at = $9, closed_at = $10, closed_by = $11, version = $12
              where company_id = $1 and review_id = $2";
    DUE = concat!("select ", columns!(), " from reviews v where v.company_id = $1 and v.next_at is not null order by v.next_at limit 100");
    COUNTS = "select verdict, count(*) from review_rows where company_id = $1 and review_id = $2 group by verdict";
    WAITING = "select r.reviewer_id, count(*) from review_rows r where r.company_id = $1 and r.review_id = $2 and r.verdict = '' group by r.reviewer_id order by r.reviewer_id limit 10000";
    ROW = concat!("select ", row_columns!(), " from review_rows r where r.company_id = $1 and r.review_id = $2 and r.row_id = $3");
    ROWS = concat!("select ", row_columns!(), " from review_rows r where r.company_id = $1 and r.review_id = $2 and r.row_id > $3
           and (cast($4 as text) = '' or r.verdict = $4 or (cast($4 as text) = 'undecided' and r.verdict = ''))
           and (r.reviewer_id = $5 or $6) and (r.user_id = $7 or $8) order by r.row_id limit $9 offset $10");
    PUT = "insert into review_rows (company_id, review_id, row_id, subject_id, user_id, level_id, reviewer_id, verdict) values ($1, $2, $3, $4, $5, $6, $7, '')";
    DECIDE = "update review_rows set verdict = $4, new_level_id = $5, new_end = $6, comment = $7, decided_by = $8, decided_at = $9
              where company_id = $1 and review_id = $2 and row_id = $3";
    SETTLE = "update review_rows set outcome = $4 where company_id = $1 and review_id = $2 and row_id = $3";
}

/// Which reviews are asked for.
#[derive(Clone, Debug, Default)]
pub struct ReviewFilter {
    /// In this status.
    pub status: Option<ReviewStatus>,
    /// Of these things.
    pub of: Option<ReviewOf>,
    /// With rows in the hands of this person.
    pub reviewer: Option<UserId>,
    /// With rows about this app or group; counts where no reviewer is asked for.
    pub subject: Option<Uuid>,
}

/// Which rows of a review are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowFilter {
    /// Decided so.
    pub verdict: Option<Verdict>,
    /// Not decided yet.
    pub undecided: bool,
    /// In the hands of this person.
    pub reviewer: Option<UserId>,
    /// About this person.
    pub user: Option<UserId>,
}

fn words<T>(row: Row<'_>, i: usize, parse: impl FnOnce(&str, &str) -> Result<T>) -> Result<T> {
    row.look(i, |word| parse("word", word).map_err(Error::internal))
}

/// Ids as they are stored in one text: with spaces between.
fn read_ids(raw: &str) -> Result<Vec<Uuid>> {
    raw.split_ascii_whitespace().map(|id| Uuid::try_parse(id).map_err(Error::internal)).collect()
}

fn read(row: Row<'_>) -> Result<Review> {
    Ok(Review {
        id: row.id(0)?,
        name: row.text(1)?,
        description: row.opt_text(2)?,
        of: words(row, 3, ReviewOf::parse)?,
        reviewers: words(row, 4, Reviewers::parse)?,
        owner: row.id(5)?,
        named: row.look(6, read_ids)?,
        status: words(row, 7, ReviewStatus::parse)?,
        due_at: row.time(8)?,
        interval_days: row.opt_int(9)?.and_then(|n| u32::try_from(n).ok()),
        next_at: row.opt_time(10)?,
        series: row.opt_text(11)?,
        note: row.opt_text(12)?,
        created_at: row.time(13)?,
        updated_at: row.time(14)?,
        closed_at: row.opt_time(15)?,
        closed_by: row.opt_id(16)?,
        version: row.count(17)?,
    })
}

fn read_row(row: Row<'_>) -> Result<ReviewRow> {
    let verdict = row.look(5, |word| match word {
        "" => Ok(None),
        word => Verdict::parse("verdict", word).map(Some).map_err(Error::internal),
    })?;
    let outcome = row.opt_text(11)?;
    Ok(ReviewRow {
        id: row.id(0)?,
        subject: row.id(1)?,
        user: row.id(2)?,
        level: row.opt_id(3)?,
        reviewer: row.opt_id(4)?,
        verdict,
        new_level: row.opt_id(6)?,
        new_end: row.opt_time(7)?,
        comment: row.opt_text(8)?,
        decided_by: row.opt_id(9)?,
        decided_at: row.opt_time(10)?,
        outcome: outcome.map(|word| RowOutcome::parse("outcome", &word).map_err(Error::internal)).transpose()?,
    })
}

/// The review.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: ReviewId) -> Result<Option<Review>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// Has a review of the company this name?
pub(crate) async fn named(conn: &mut Conn, company: CompanyId, name: &str) -> Result<bool> {
    Ok(conn.row(&NAMED, &[val(company), val(fold(name))], |_| Ok(())).await?.is_some())
}

/// One page of reviews, in the order in which they began.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    filter: &ReviewFilter,
    ask: &Ask<ReviewId>,
) -> Result<Page<Review, ReviewId>> {
    let (after, offset) = match ask.from {
        From::Start => (ReviewId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (ReviewId::NIL, n),
    };
    let (statement, third) = match (filter.reviewer, filter.subject) {
        (Some(reviewer), _) => (&LIST_OF_REVIEWER, val(reviewer)),
        (None, Some(subject)) => (&LIST_OF_SUBJECT, val(subject)),
        (None, None) => (&LIST, val(ReviewId::NIL)),
    };
    let values = [
        val(company),
        val(after),
        third,
        val(filter.status.map_or("", ReviewStatus::word)),
        val(filter.of.map_or("", ReviewOf::word)),
        val(ask.limit + 1),
        val(offset),
    ];
    let rows = conn.rows(statement, &values, read).await?;
    Ok(Page::cut(rows, ask.limit, None, |review| review.id))
}

/// Makes the row of a review; false when its id or name is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, v: &Review) -> Result<bool> {
    let values = [
        val(company),
        val(v.id),
        val(&v.name),
        val(fold(&v.name)),
        val(&v.description),
        val(v.of.word()),
        val(v.reviewers.word()),
        val(v.owner),
        val(v.named.iter().map(Uuid::to_string).collect::<Vec<_>>().join(" ")),
        val(v.status.word()),
        val(v.due_at),
        val(v.interval_days),
        val(v.next_at),
        val(&v.series),
        val(&v.note),
        val(v.created_at),
        val(v.updated_at),
        val(v.closed_at),
        val(v.closed_by),
        val(v.version),
    ];
    Ok(conn.run(&INSERT, &values).await? == 1)
}

/// Writes a review's record.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, v: &Review) -> Result<()> {
    let values = [
        val(company),
        val(v.id),
        val(&v.description),
        val(v.status.word()),
        val(v.due_at),
        val(v.interval_days),
        val(v.next_at),
        val(&v.note),
        val(v.updated_at),
        val(v.closed_at),
        val(v.closed_by),
        val(v.version),
    ];
    conn.run(&UPDATE, &values).await.map(drop)
}

/// Closed reviews that another one follows, the soonest first.
pub(crate) async fn due(conn: &mut Conn, company: CompanyId) -> Result<Vec<Review>> {
    conn.rows(&DUE, &[val(company)], read).await
}

/// How the rows of each review stand, in their order.
pub(crate) async fn counts_each(conn: &mut Conn, company: CompanyId, ids: &[ReviewId]) -> Result<Vec<Counts>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    let read = |row: Row<'_>| Ok((row.text(0)?, row.count(1)?));
    let mut all = Vec::with_capacity(ids.len());
    for rows in conn.rows_each(&COUNTS, &sets, read).await? {
        let of = |word: &str| rows.iter().find(|(verdict, _)| verdict == word).map_or(0, |(_, n)| *n);
        let (keep, change, remove) = (of("keep"), of("change"), of("remove"));
        all.push(Counts { undecided: of(""), keep, change, remove });
    }
    Ok(all)
}

/// Who has rows to decide, and how many; none stands for the administrators.
pub(crate) async fn waiting(conn: &mut Conn, company: CompanyId, id: ReviewId) -> Result<Vec<(Option<UserId>, u64)>> {
    conn.rows(&WAITING, &[val(company), val(id)], |row| Ok((row.opt_id(0)?, row.count(1)?))).await
}

/// Each of the rows of a review, in the order of `ids`; none in place of one that it has not.
pub(crate) async fn rows_by_id(
    conn: &mut Conn,
    company: CompanyId,
    review: ReviewId,
    ids: &[ReviewRowId],
) -> Result<Vec<Option<ReviewRow>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(review), val(*id)]).collect();
    Ok(conn.rows_each(&ROW, &sets, read_row).await?.into_iter().map(|mut rows| rows.pop()).collect())
}

/// One page of the rows of a review, in the order in which they were made: by app or group, then user.
pub(crate) async fn rows(
    conn: &mut Conn,
    company: CompanyId,
    review: ReviewId,
    filter: RowFilter,
    ask: &Ask<ReviewRowId>,
) -> Result<Page<ReviewRow, ReviewRowId>> {
    let (after, offset) = match ask.from {
        From::Start => (ReviewRowId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (ReviewRowId::NIL, n),
    };
    let verdict = if filter.undecided { "undecided" } else { filter.verdict.map_or("", Verdict::word) };
    let values = [
        val(company),
        val(review),
        val(after),
        val(verdict),
        val(filter.reviewer.unwrap_or(UserId::NIL)),
        val(filter.reviewer.is_none()),
        val(filter.user.unwrap_or(UserId::NIL)),
        val(filter.user.is_none()),
        val(ask.limit + 1),
        val(offset),
    ];
    let rows = conn.rows(&ROWS, &values, read_row).await?;
    Ok(Page::cut(rows, ask.limit, None, |row| row.id))
}

/// Makes the rows of a review.
pub(crate) async fn put(conn: &mut Conn, company: CompanyId, review: ReviewId, rows: &[ReviewRow]) -> Result<()> {
    let set = |r: &ReviewRow| {
        let (level, reviewer) = (val(r.level), val(r.reviewer));
        vec![val(company), val(review), val(r.id), val(r.subject), val(r.user), level, reviewer]
    };
    let sets: Vec<Vec<Value<'_>>> = rows.iter().map(set).collect();
    conn.run_each(&PUT, &sets).await.map(drop)
}

/// Writes what was decided of rows.
pub(crate) async fn decide(conn: &mut Conn, company: CompanyId, review: ReviewId, rows: &[ReviewRow]) -> Result<()> {
    let set = |r: &ReviewRow| {
        vec![
            val(company),
            val(review),
            val(r.id),
            val(r.verdict.map_or("", Verdict::word).to_owned()),
            val(r.new_level),
            val(r.new_end),
            val(r.comment.clone()),
            val(r.decided_by),
            val(r.decided_at),
        ]
    };
    let sets: Vec<Vec<Value<'_>>> = rows.iter().map(set).collect();
    conn.run_each(&DECIDE, &sets).await.map(drop)
}

/// Writes what became of rows.
pub(crate) async fn settle(
    conn: &mut Conn,
    company: CompanyId,
    review: ReviewId,
    outcomes: &[(ReviewRowId, RowOutcome)],
) -> Result<()> {
    let set =
        |(row, outcome): &(ReviewRowId, RowOutcome)| vec![val(company), val(review), val(*row), val(outcome.word())];
    let sets: Vec<Vec<Value<'_>>> = outcomes.iter().map(set).collect();
    conn.run_each(&SETTLE, &sets).await.map(drop)
}
