//! Rows of nestings: which group is inside which. A row is opened once and closed once, never overwritten.

use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::{Result, Timestamp};

use super::{Conn, Value, sql, val};

sql! {
    OPEN = "insert into nestings (company_id, parent_id, child_id, opened_rev, opened_at, opened_by) values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    CLOSE = "update nestings set closed_at = $4, closed_rev = $5, closed_by = $6 where company_id = $1 and parent_id = $2 and child_id = $3 and closed_rev is null";
    CLOSE_UNDER = "update nestings set closed_at = $3, closed_rev = $4, closed_by = $5 where company_id = $1 and parent_id = $2 and closed_rev is null";
    CLOSE_OVER = "update nestings set closed_at = $3, closed_rev = $4, closed_by = $5 where company_id = $1 and child_id = $2 and closed_rev is null";
    CHILDREN = "select n.child_id from nestings n where n.company_id = $1 and n.parent_id = $2 and n.closed_rev is null order by n.child_id";
    PARENTS = "select n.parent_id from nestings n where n.company_id = $1 and n.child_id = $2 and n.closed_rev is null order by n.parent_id";
    CHILDREN_THEN = "select distinct n.child_id from nestings n where n.company_id = $1 and n.parent_id = $2 and n.opened_at <= $3 and (n.closed_at is null or n.closed_at > $3) order by n.child_id";
    PARENTS_THEN = "select distinct n.parent_id from nestings n where n.company_id = $1 and n.child_id = $2 and n.opened_at <= $3 and (n.closed_at is null or n.closed_at > $3) order by n.parent_id";
    CLOSED_UNDER = "select n.parent_id, n.child_id from nestings n where n.company_id = $1 and n.parent_id = $2 and n.closed_rev = $3";
    CLOSED_OVER = "select n.parent_id, n.child_id from nestings n where n.company_id = $1 and n.child_id = $2 and n.closed_rev = $3";
    ALL_OF = "select n.parent_id, n.child_id from nestings n where n.company_id = $1 and (n.parent_id, n.child_id) > ($2, $3) and n.closed_rev is null order by n.parent_id, n.child_id limit $4";
    FORGET = "delete from nestings where company_id = $1 and (parent_id, child_id) in (select n.parent_id, n.child_id from nestings n
              where n.company_id = $1 order by n.parent_id, n.child_id limit 5000)";
}

/// Which way nestings are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// From a group to those inside it.
    Children,
    /// From a group to those it is inside of.
    Parents,
}

/// One nesting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nesting {
    /// The group around.
    pub parent: GroupId,
    /// The group inside.
    pub child: GroupId,
}

/// Opens nestings at `now` in the event `revision`; for each, whether it is new.
pub(crate) async fn open(
    conn: &mut Conn,
    company: CompanyId,
    all: &[Nesting],
    now: Timestamp,
    revision: u64,
    by: Option<UserId>,
) -> Result<Vec<bool>> {
    let values = |n: &Nesting| vec![val(company), val(n.parent), val(n.child), val(revision), val(now), val(by)];
    let sets: Vec<Vec<Value<'_>>> = all.iter().map(values).collect();
    Ok(conn.run_each(&OPEN, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Closes a nesting at `now` in the event `revision`; false when there was none.
pub(crate) async fn close(
    conn: &mut Conn,
    company: CompanyId,
    n: Nesting,
    now: Timestamp,
    revision: u64,
    by: Option<UserId>,
) -> Result<bool> {
    let values = [val(company), val(n.parent), val(n.child), val(now), val(revision), val(by)];
    Ok(conn.run(&CLOSE, &values).await? == 1)
}

/// Closes every nesting of a group, in both directions.
pub(crate) async fn close_group(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
    revision: u64,
    by: Option<UserId>,
) -> Result<()> {
    let values = [val(company), val(group), val(now), val(revision), val(by)];
    conn.run(&CLOSE_UNDER, &values).await?;
    conn.run(&CLOSE_OVER, &values).await.map(drop)
}

/// The groups next to each of `groups`, now or, with an instant, then; each list by id.
pub(crate) async fn next_of_each(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    towards: Towards,
    then: Option<Timestamp>,
) -> Result<Vec<Vec<GroupId>>> {
    let values = |group: &GroupId| {
        let mut values = vec![val(company), val(*group)];
        values.extend(then.map(val));
        values
    };
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(values).collect();
    let statement = match (towards, then) {
        (Towards::Children, None) => &CHILDREN,
        (Towards::Parents, None) => &PARENTS,
        (Towards::Children, Some(_)) => &CHILDREN_THEN,
        (Towards::Parents, Some(_)) => &PARENTS_THEN,
    };
    conn.rows_each(statement, &sets, |row| row.id(0)).await
}

/// The nestings of a group, in both directions, that the event `revision` closed.
pub(crate) async fn closed_at(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    revision: u64,
) -> Result<Vec<Nesting>> {
    let values = [val(company), val(group), val(revision)];
    let mut all =
        conn.rows(&CLOSED_UNDER, &values, |row| Ok(Nesting { parent: row.id(0)?, child: row.id(1)? })).await?;
    all.extend(conn.rows(&CLOSED_OVER, &values, |row| Ok(Nesting { parent: row.id(0)?, child: row.id(1)? })).await?);
    Ok(all)
}

/// The `limit` standing nestings behind `after`, by parent and child.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId, after: Nesting, limit: u32) -> Result<Vec<Nesting>> {
    let values = [val(company), val(after.parent), val(after.child), val(limit)];
    conn.rows(&ALL_OF, &values, |row| Ok(Nesting { parent: row.id(0)?, child: row.id(1)? })).await
}

/// Removes some nestings of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
