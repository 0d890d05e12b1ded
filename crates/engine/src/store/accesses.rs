//! Rows of accesses: who has which app at which level. A row is opened once and closed once, never overwritten.

use guildhall_domain::access::{AppAccess, Holder};
use guildhall_domain::ids::{AppId, CompanyId, LevelId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Result, Timestamp};

use super::users::{read_at, user_columns};
use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "x.app_id, x.user_id, x.level_id, x.is_owner, x.opened_at"
    };
}

sql! {
    OPEN = "insert into accesses (company_id, app_id, user_id, access_id, level_id, is_owner, giver_id, opened_at, opened_rev)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
    CLOSE = "update accesses set closed_at = $4, closed_rev = $5, closed_by = $6 where company_id = $1 and app_id = $2 and user_id = $3 and closed_rev is null";
    CLOSE_USER = "update accesses set closed_at = $3, closed_rev = $4, closed_by = $5 where company_id = $1 and user_id = $2 and closed_rev is null";
    STANDING = concat!("select ", columns!(), " from accesses x where x.company_id = $1 and x.app_id = $2 and x.user_id = $3 and x.closed_rev is null");
    HOLDERS = concat!("select ", columns!(), ", ", user_columns!(), " from accesses x join users u on u.company_id = x.company_id and u.user_id = x.user_id and u.erased_at is null
                      where x.company_id = $1 and x.app_id = $2 and x.closed_rev is null and x.user_id > $3 order by x.user_id limit $4 offset $5");
    COUNT = "select count(*) from accesses x where x.company_id = $1 and x.app_id = $2 and x.closed_rev is null";
    OWNERS = "select x.user_id from accesses x where x.company_id = $1 and x.app_id = $2 and x.closed_rev is null and x.is_owner order by x.user_id limit 1000";
    OF_LEVEL = "select 1 from accesses x where x.company_id = $1 and x.app_id = $2 and x.level_id = $3 and x.closed_rev is null limit 1";
    OF_USER = concat!("select ", columns!(), " from accesses x where x.company_id = $1 and x.user_id = $2 and x.closed_rev is null and x.app_id > $3 order by x.app_id limit $4 offset $5");
    COUNT_OF_USER = "select count(*) from accesses x where x.company_id = $1 and x.user_id = $2 and x.closed_rev is null";
    ALL_OF = concat!("select ", columns!(), " from accesses x where x.company_id = $1 and (x.app_id, x.user_id) > ($2, $3) and x.closed_rev is null order by x.app_id, x.user_id limit $4");
    FORGET = "delete from accesses where company_id = $1 and (app_id, user_id, access_id) in (select x.app_id, x.user_id, x.access_id from accesses x
              where x.company_id = $1 order by x.app_id, x.user_id, x.access_id limit 5000)";
}

fn read(row: Row<'_>) -> Result<AppAccess> {
    Ok(AppAccess {
        app: row.id(0)?,
        user: row.id(1)?,
        level: row.opt_id(2)?,
        is_owner: row.flag(3)?,
        since: row.time(4)?,
    })
}

/// Who writes accesses, when and in which event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    pub company: CompanyId,
    pub now: Timestamp,
    pub revision: u64,
    pub by: Option<UserId>,
}

/// Opens accesses, each with its id; for each, whether it is new: a standing one keeps its place.
pub(crate) async fn open(conn: &mut Conn, pen: Pen, rows: &[(uuid::Uuid, AppAccess)]) -> Result<Vec<bool>> {
    let set = |(id, a): &(uuid::Uuid, AppAccess)| {
        vec![
            val(pen.company),
            val(a.app),
            val(a.user),
            val(*id),
            val(a.level),
            val(a.is_owner),
            val(pen.by),
            val(a.since),
            val(pen.revision),
        ]
    };
    let sets: Vec<Vec<Value<'_>>> = rows.iter().map(set).collect();
    Ok(conn.run_each(&OPEN, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Closes the standing accesses of these users to an app; for each, whether there was one.
pub(crate) async fn close(conn: &mut Conn, pen: Pen, app: AppId, users: &[UserId]) -> Result<Vec<bool>> {
    let set =
        |user: &UserId| vec![val(pen.company), val(app), val(*user), val(pen.now), val(pen.revision), val(pen.by)];
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(set).collect();
    Ok(conn.run_each(&CLOSE, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Closes every standing access of a user; how many there were.
pub(crate) async fn close_user(conn: &mut Conn, pen: Pen, user: UserId) -> Result<u64> {
    conn.run(&CLOSE_USER, &[val(pen.company), val(user), val(pen.now), val(pen.revision), val(pen.by)]).await
}

/// The standing access of each (app, user), in their order.
pub(crate) async fn standing(
    conn: &mut Conn,
    company: CompanyId,
    of: &[(AppId, UserId)],
) -> Result<Vec<Option<AppAccess>>> {
    let sets: Vec<Vec<Value<'_>>> = of.iter().map(|(app, user)| vec![val(company), val(*app), val(*user)]).collect();
    Ok(conn.rows_each(&STANDING, &sets, read).await?.into_iter().map(|mut rows| rows.pop()).collect())
}

fn by_id<T: Least>(ask: &Ask<T>) -> (T, u64) {
    match ask.from {
        From::Start => (T::LEAST, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (T::LEAST, n),
    }
}

/// An id that a listing may be ordered by.
trait Least: Copy {
    const LEAST: Self;
}
impl Least for UserId {
    const LEAST: Self = Self::NIL;
}
impl Least for AppId {
    const LEAST: Self = Self::NIL;
}

/// One page of those who have an app, by user id.
pub(crate) async fn holders(
    conn: &mut Conn,
    company: CompanyId,
    app: AppId,
    ask: &Ask<UserId>,
) -> Result<Page<Holder, UserId>> {
    let (after, offset) = by_id(ask);
    let values = [val(company), val(app), val(after), val(ask.limit + 1), val(offset)];
    let holder = |row: Row<'_>| Ok(Holder { user: read_at(row, 5)?, access: read(row)? });
    let rows = conn.rows(&HOLDERS, &values, holder).await?;
    let total = if ask.total { Some(count_each(conn, company, &[app]).await?[0]) } else { None };
    Ok(Page::cut(rows, ask.limit, total, |holder| holder.user.id))
}

/// One page of what a user has, by app id.
pub(crate) async fn of_user(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    ask: &Ask<AppId>,
) -> Result<Page<AppAccess, AppId>> {
    let (after, offset) = by_id(ask);
    let values = [val(company), val(user), val(after), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&OF_USER, &values, read).await?;
    let total = match ask.total {
        true => conn.row(&COUNT_OF_USER, &[val(company), val(user)], |row| row.count(0)).await?,
        false => None,
    };
    Ok(Page::cut(rows, ask.limit, total, |access| access.app))
}

/// How many have each app, in the order of `apps`.
pub(crate) async fn count_each(conn: &mut Conn, company: CompanyId, apps: &[AppId]) -> Result<Vec<u64>> {
    let sets: Vec<Vec<Value<'_>>> = apps.iter().map(|app| vec![val(company), val(*app)]).collect();
    let counts = conn.rows_each(&COUNT, &sets, |row| row.count(0)).await?;
    Ok(counts.into_iter().map(|mut rows| rows.pop().unwrap_or(0)).collect())
}

/// Those who look after the app by their access.
pub(crate) async fn owners(conn: &mut Conn, company: CompanyId, app: AppId) -> Result<Vec<UserId>> {
    conn.rows(&OWNERS, &[val(company), val(app)], |row| row.id(0)).await
}

/// Has anybody the app at this level?
pub(crate) async fn at_level(conn: &mut Conn, company: CompanyId, app: AppId, level: LevelId) -> Result<bool> {
    Ok(conn.row(&OF_LEVEL, &[val(company), val(app), val(level)], |_| Ok(())).await?.is_some())
}

/// The `limit` standing accesses behind `after`, by app and user, for an export.
pub(crate) async fn all_of(
    conn: &mut Conn,
    company: CompanyId,
    after: (AppId, UserId),
    limit: u32,
) -> Result<Vec<AppAccess>> {
    conn.rows(&ALL_OF, &[val(company), val(after.0), val(after.1), val(limit)], read).await
}

/// Removes some accesses of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
