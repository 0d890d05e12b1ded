//! Rows of rules, and of the reasons that they read and keep.

use guildhall_domain::ids::{CompanyId, GroupId, ReasonId, UserId};
use guildhall_domain::time::Window;
use guildhall_domain::{Result, Timestamp};

use super::{Conn, Row, Value, sql, val};

sql! {
    ALL_OF = "select g.group_id, g.rule from groups g where g.company_id = $1 and g.rule is not null and g.state = 'live' order by g.group_id";
    KEPT = "select r.user_id, r.reason_id, r.starts_at, r.ends_at, r.added_at from reasons r
            where r.company_id = $1 and r.group_id = $2 and r.kind = 'rule' and r.closed_rev is null order by r.user_id";
    KEPT_OF_USER = "select r.user_id, r.reason_id, r.starts_at, r.ends_at, r.added_at from reasons r
                    where r.company_id = $1 and r.group_id = $2 and r.user_id = $3 and r.kind = 'rule' and r.closed_rev is null";
    OF_GROUP = "select r.user_id, r.group_id, r.starts_at, r.ends_at from reasons r
                where r.company_id = $1 and r.group_id = $2 and r.closed_rev is null and (r.ends_at is null or r.ends_at > $3)";
    OF_USER = "select r.user_id, r.group_id, r.starts_at, r.ends_at from reasons r
               where r.company_id = $1 and r.user_id = $2 and r.closed_rev is null and (r.ends_at is null or r.ends_at > $3)";
}

fn window(row: Row<'_>) -> Result<Window> {
    Ok(Window { starts: row.opt_time(2)?, ends: row.opt_time(3)? })
}

/// Every rule of a company's live groups, by group.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId) -> Result<Vec<(GroupId, String)>> {
    conn.rows(&ALL_OF, &[val(company)], |row| Ok((row.id(0)?, row.text(1)?))).await
}

/// An open reason that a group's rule gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub user: UserId,
    pub reason: ReasonId,
    pub window: Window,
    pub added_at: Timestamp,
}

fn read_kept(row: Row<'_>) -> Result<Kept> {
    Ok(Kept { user: row.id(0)?, reason: row.id(1)?, window: window(row)?, added_at: row.time(4)? })
}

/// The open reasons that a group's rule gave: of everyone, or of these users.
pub(crate) async fn kept(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    users: Option<&[UserId]>,
) -> Result<Vec<Kept>> {
    let Some(users) = users else { return conn.rows(&KEPT, &[val(company), val(group)], read_kept).await };
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(group), val(*user)]).collect();
    Ok(conn.rows_each(&KEPT_OF_USER, &sets, read_kept).await?.into_iter().flatten().collect())
}

/// One open reason: who, where, when.
pub(crate) type Standing = (UserId, GroupId, Window);

fn read_standing(row: Row<'_>) -> Result<Standing> {
    Ok((row.id(0)?, row.id(1)?, window(row)?))
}

/// The open reasons in each of these groups that count at `now` or later.
pub(crate) async fn in_groups(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    now: Timestamp,
) -> Result<Vec<Standing>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group), val(now)]).collect();
    Ok(conn.rows_each(&OF_GROUP, &sets, read_standing).await?.into_iter().flatten().collect())
}

/// The open reasons of each of these users that count at `now` or later.
pub(crate) async fn of_users(
    conn: &mut Conn,
    company: CompanyId,
    users: &[UserId],
    now: Timestamp,
) -> Result<Vec<Standing>> {
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(*user), val(now)]).collect();
    Ok(conn.rows_each(&OF_USER, &sets, read_standing).await?.into_iter().flatten().collect())
}
