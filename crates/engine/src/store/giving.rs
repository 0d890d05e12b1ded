//! Rows of what groups give, and of accesses, as far back as they go: for explanations.

use std::collections::BTreeMap;

use guildhall_domain::access::Visibility;
use guildhall_domain::ids::{AccessRequestId, AppId, CompanyId, GroupId, LevelId, RoleId, UserId};
use guildhall_domain::role::Scope;
use guildhall_domain::{Result, Timestamp};

use super::past::{Closed, closed};
use super::roles::read_scope;
use super::{Conn, Row, sql, val};

sql! {
    ROLE = "select g.group_id, g.opened_at, g.opened_by, g.closed_at, g.closed_rev, g.closed_by, g.scope from grants g
            where g.company_id = $1 and g.role_id = $2 and g.opened_at <= $3 order by g.group_id, g.opened_rev limit $4";
    APP = "select l.group_id, l.opened_at, l.giver_id, l.closed_at, l.closed_rev, l.closed_by, l.level_id from group_apps l
           where l.company_id = $1 and l.app_id = $2 and l.opened_at <= $3 and l.visibility = $5 order by l.group_id, l.opened_rev limit $4";
    ACCESSES = "select x.opened_at, x.giver_id, x.closed_at, x.closed_rev, x.closed_by, x.level_id, x.is_owner, x.opened_rev from accesses x
                where x.company_id = $1 and x.app_id = $2 and x.user_id = $3 and x.opened_at <= $4 order by x.opened_rev desc limit $5";
    OPEN_OF_USER = "select x.app_id, x.level_id from accesses x where x.company_id = $1 and x.user_id = $2 and x.closed_rev is null and x.opened_at <= $3";
    CLOSED_OF_USER = "select x.app_id, x.level_id from accesses x where x.company_id = $1 and x.user_id = $2 and x.closed_rev is not null and x.closed_at > $3 and x.opened_at <= $3";
    HOLDERS = "select distinct x.user_id from accesses x where x.company_id = $1 and x.app_id = $2 and x.user_id > $4 and x.opened_at <= $3 and (x.closed_at is null or x.closed_at > $3)
               and ($6 or x.level_id = $7)
               and not exists (select 1 from absences a where a.company_id = x.company_id and a.user_id = x.user_id and a.from_at <= $3 and (a.until_at is null or a.until_at > $3))
               order by x.user_id limit $5";
    // Who asked for what was done at an instant: a request and what it brought about are of one moment.
    REQUEST = "select r.request_id from requests r where r.company_id = $1 and r.target_id = $2 and r.app_id = $3 and r.status = 'completed' and r.updated_at = $4
               order by r.request_id desc limit 1";
}

/// What a group gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gift {
    /// A role, on this.
    Role(Scope),
    /// An app, at this level where it has some.
    App(Option<LevelId>),
}

/// A group gives something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The group.
    pub group: GroupId,
    /// What.
    pub gift: Gift,
    /// Since when.
    pub since: Timestamp,
    /// By whom; none for the platform and the system.
    pub by: Option<UserId>,
    /// Its end, where it is known at the instant that is asked about.
    pub closed: Option<Closed>,
}

/// Somebody has an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The level.
    pub level: Option<LevelId>,
    /// Do they look after the app?
    pub is_owner: bool,
    /// Since when.
    pub since: Timestamp,
    /// By whom; none for the platform and the system.
    pub by: Option<UserId>,
    /// The revision of the event that gave it.
    pub revision: u64,
    /// Its end, where it is known at the instant that is asked about.
    pub closed: Option<Closed>,
}

fn grant(row: Row<'_>, gift: Gift, then: Timestamp) -> Result<Grant> {
    Ok(Grant { group: row.id(0)?, gift, since: row.time(1)?, by: row.opt_id(2)?, closed: closed(row, 3, then)? })
}

/// Every grant of a role that was recorded by an instant, ended or not, `limit` at most.
pub(crate) async fn of_role(
    conn: &mut Conn,
    company: CompanyId,
    role: RoleId,
    t: Timestamp,
    limit: u32,
) -> Result<Vec<Grant>> {
    let values = [val(company), val(role), val(t), val(limit)];
    conn.rows(&ROLE, &values, |row| grant(row, Gift::Role(row.look(6, read_scope)?), t)).await
}

/// Every default app link of an app that was recorded by an instant, ended or not, `limit` at most.
pub(crate) async fn of_app(
    conn: &mut Conn,
    company: CompanyId,
    app: AppId,
    t: Timestamp,
    limit: u32,
) -> Result<Vec<Grant>> {
    let values = [val(company), val(app), val(t), val(limit), val(Visibility::Default.word())];
    conn.rows(&APP, &values, |row| grant(row, Gift::App(row.opt_id(6)?), t)).await
}

/// The last `limit` accesses of a user to an app that were recorded by an instant, the last one first.
pub(crate) async fn accesses(
    conn: &mut Conn,
    company: CompanyId,
    (app, user): (AppId, UserId),
    t: Timestamp,
    limit: u32,
) -> Result<Vec<Held>> {
    conn.rows(&ACCESSES, &[val(company), val(app), val(user), val(t), val(limit)], |row| {
        Ok(Held {
            level: row.opt_id(5)?,
            is_owner: row.flag(6)?,
            since: row.time(0)?,
            by: row.opt_id(1)?,
            revision: row.count(7)?,
            closed: closed(row, 2, t)?,
        })
    })
    .await
}

/// The apps that a user had at an instant, and at which level.
pub(crate) async fn apps_at(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    t: Timestamp,
) -> Result<BTreeMap<AppId, Option<LevelId>>> {
    let values = [val(company), val(user), val(t)];
    let pair = |row: Row<'_>| Ok((row.id(0)?, row.opt_id(1)?));
    let mut all: BTreeMap<_, _> = conn.rows(&OPEN_OF_USER, &values, pair).await?.into_iter().collect();
    all.extend(conn.rows(&CLOSED_OF_USER, &values, pair).await?);
    Ok(all)
}

/// The `limit` users behind `after`, by id, who had an app at an instant, at this level where one is named, and counted
/// then.
pub(crate) async fn holders_at(
    conn: &mut Conn,
    company: CompanyId,
    (app, level): (AppId, Option<LevelId>),
    t: Timestamp,
    after: UserId,
    limit: u32,
) -> Result<Vec<UserId>> {
    let any = level.is_none();
    let values = [val(company), val(app), val(t), val(after), val(limit), val(any), val(level)];
    conn.rows(&HOLDERS, &values, |row| row.id(0)).await
}

/// The request that was carried out for a user and an app at this very instant.
pub(crate) async fn request_at(
    conn: &mut Conn,
    company: CompanyId,
    (app, user): (AppId, UserId),
    at: Timestamp,
) -> Result<Option<AccessRequestId>> {
    conn.row(&REQUEST, &[val(company), val(user), val(app), val(at)], |row| row.id(0)).await
}
