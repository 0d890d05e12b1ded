//! Rows of what groups hold of apps: default and hidden ones. A row is opened once and closed once.

use guildhall_domain::access::{GroupApp, Visibility};
use guildhall_domain::app::App;
use guildhall_domain::ids::{AppId, CompanyId, GroupId, LevelId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::{Error, Result};

use super::accesses::Pen;
use super::apps::{AppKey, app_columns, read_at, start};
use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "l.group_id, l.app_id, l.visibility, l.level_id, l.opened_at"
    };
}

sql! {
    OPEN = "insert into group_apps (company_id, group_id, app_id, link_id, visibility, level_id, giver_id, opened_at, opened_rev)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
    CLOSE = "update group_apps set closed_at = $4, closed_rev = $5, closed_by = $6 where company_id = $1 and group_id = $2 and app_id = $3 and closed_rev is null";
    STANDING = concat!("select ", columns!(), " from group_apps l where l.company_id = $1 and l.group_id = $2 and l.app_id = $3 and l.closed_rev is null");
    OF_GROUP = concat!("select ", columns!(), " from group_apps l where l.company_id = $1 and l.group_id = $2 and l.closed_rev is null order by l.app_id");
    OF_APP = concat!("select ", columns!(), " from group_apps l join groups g on g.company_id = l.company_id and g.group_id = l.group_id and g.state = 'live'
                     where l.company_id = $1 and l.app_id = $2 and l.closed_rev is null order by l.group_id");
    EVERY_OF_APP = concat!("select ", columns!(), " from group_apps l where l.company_id = $1 and l.app_id = $2 and l.closed_rev is null order by l.group_id");
    OF_LEVEL = "select 1 from group_apps l where l.company_id = $1 and l.app_id = $2 and l.level_id = $3 and l.closed_rev is null limit 1";
    ANY = "select 1 from group_apps l where l.company_id = $1 limit 1";
    APPS = concat!("select ", columns!(), ", ", app_columns!(), " from group_apps l join apps a on a.company_id = l.company_id and a.app_id = l.app_id
                   where l.company_id = $1 and l.group_id = $2 and l.closed_rev is null and (cast($3 as text) = '' or l.visibility = $3) and (a.name_key, a.app_id) > ($4, $5)
                   order by a.name_key, a.app_id limit $6 offset $7");
    COUNT = "select count(*) from group_apps l where l.company_id = $1 and l.group_id = $2 and l.closed_rev is null and (cast($3 as text) = '' or l.visibility = $3)";
    ALL_OF = concat!("select ", columns!(), " from group_apps l join groups g on g.company_id = l.company_id and g.group_id = l.group_id and g.state <> 'purged'
                     where l.company_id = $1 and (l.group_id, l.app_id) > ($2, $3) and l.closed_rev is null order by l.group_id, l.app_id limit $4");
    FORGET = "delete from group_apps where company_id = $1 and (group_id, app_id, link_id) in (select l.group_id, l.app_id, l.link_id from group_apps l
              where l.company_id = $1 order by l.group_id, l.app_id, l.link_id limit 5000)";
}

fn read(row: Row<'_>) -> Result<GroupApp> {
    Ok(GroupApp {
        group: row.id(0)?,
        app: row.id(1)?,
        visibility: row.look(2, |w| Visibility::parse("visibility", w).map_err(Error::internal))?,
        level: row.opt_id(3)?,
        since: row.time(4)?,
    })
}

/// Has any group of the company ever held an app?
pub(crate) async fn any(conn: &mut Conn, company: CompanyId) -> Result<bool> {
    Ok(conn.row(&ANY, &[val(company)], |_| Ok(())).await?.is_some())
}

/// Opens links, each with its id; for each, whether it is new: a standing one keeps its place.
pub(crate) async fn open(conn: &mut Conn, pen: Pen, rows: &[(uuid::Uuid, GroupApp)]) -> Result<Vec<bool>> {
    let set = |(id, l): &(uuid::Uuid, GroupApp)| {
        vec![
            val(pen.company),
            val(l.group),
            val(l.app),
            val(*id),
            val(l.visibility.word()),
            val(l.level),
            val(pen.by),
            val(l.since),
            val(pen.revision),
        ]
    };
    let sets: Vec<Vec<Value<'_>>> = rows.iter().map(set).collect();
    Ok(conn.run_each(&OPEN, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Closes what stands between a group and an app; false when nothing did.
pub(crate) async fn close(conn: &mut Conn, pen: Pen, group: GroupId, app: AppId) -> Result<bool> {
    let values = [val(pen.company), val(group), val(app), val(pen.now), val(pen.revision), val(pen.by)];
    Ok(conn.run(&CLOSE, &values).await? == 1)
}

/// What the app is to the group now.
pub(crate) async fn standing(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    app: AppId,
) -> Result<Option<GroupApp>> {
    conn.row(&STANDING, &[val(company), val(group), val(app)], read).await
}

/// All that a group holds, by app id.
pub(crate) async fn of_group(conn: &mut Conn, company: CompanyId, group: GroupId) -> Result<Vec<GroupApp>> {
    conn.rows(&OF_GROUP, &[val(company), val(group)], read).await
}

/// What the app is to each live group that holds it, by group id.
pub(crate) async fn of_app(conn: &mut Conn, company: CompanyId, app: AppId) -> Result<Vec<GroupApp>> {
    conn.rows(&OF_APP, &[val(company), val(app)], read).await
}

/// What the app is to each group that holds it, archived ones too.
pub(crate) async fn every_of_app(conn: &mut Conn, company: CompanyId, app: AppId) -> Result<Vec<GroupApp>> {
    conn.rows(&EVERY_OF_APP, &[val(company), val(app)], read).await
}

/// Does any group give the app at this level?
pub(crate) async fn at_level(conn: &mut Conn, company: CompanyId, app: AppId, level: LevelId) -> Result<bool> {
    Ok(conn.row(&OF_LEVEL, &[val(company), val(app), val(level)], |_| Ok(())).await?.is_some())
}

/// One page of the apps that a group holds, all or those of one visibility, by name.
pub(crate) async fn apps(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    visibility: Option<Visibility>,
    ask: &Ask<AppKey>,
) -> Result<Page<(GroupApp, App), AppKey>> {
    let (name, id, offset) = start(ask);
    let word = visibility.map_or("", Visibility::word);
    let values = [val(company), val(group), val(word), val(name), val(id), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&APPS, &values, |row| Ok((read(row)?, read_at(row, 5)?))).await?;
    let total = match ask.total {
        true => conn.row(&COUNT, &values[..3], |row| row.count(0)).await?,
        false => None,
    };
    Ok(Page::cut(rows, ask.limit, total, |(_, app)| AppKey::of(app)))
}

/// The `limit` links behind `after`, by group and app, for an export.
pub(crate) async fn all_of(
    conn: &mut Conn,
    company: CompanyId,
    after: (GroupId, AppId),
    limit: u32,
) -> Result<Vec<GroupApp>> {
    conn.rows(&ALL_OF, &[val(company), val(after.0), val(after.1), val(limit)], read).await
}

/// Removes some links of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
