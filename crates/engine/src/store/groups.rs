//! Rows of groups.

use guildhall_domain::group::{Group, GroupState, Lifetime};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Order, Page};
use guildhall_domain::{Error, Result, Timestamp};

use super::db::like;
use super::{Conn, Row, Value, sql, val};

/// The columns of a group, in the order that [`read`] expects; `g` is the table.
macro_rules! group_columns {
    () => {
        "g.group_id, g.name, g.description, g.icon, g.external_id, g.source, g.unmodifiable, g.state, g.created_at, g.created_by, g.updated_at, g.updated_by, g.members_changed_at, g.purge_at, g.version, g.default_days, g.longest_days, g.rule"
    };
}

pub(crate) use group_columns;

/// How many columns `group_columns` names.
pub(crate) const GROUP_COLUMNS: usize = 18;

macro_rules! list {
    ($key:literal, $than:literal, $order:literal, $searched:literal) => {
        concat!(
            "select ",
            group_columns!(),
            " from groups g where g.company_id = $1 and g.state = $2 and (",
            $key,
            ", g.group_id) ",
            $than,
            " ($3, $4) and ",
            $searched,
            " like $5 escape '\\' order by ",
            $key,
            " ",
            $order,
            ", g.group_id ",
            $order,
            " limit $6 offset $7"
        )
    };
}

// The groups of a user: those of the index on the user's open reasons, each once, that stand at $3.
macro_rules! of_user {
    ($select:literal) => {
        concat!(
            "select ", $select, " from (select distinct r.group_id from reasons r where r.company_id = $1 and r.user_id = $2 and r.closed_rev is null
              and (r.starts_at is null or r.starts_at <= $3) and (r.ends_at is null or r.ends_at > $3)) m
             join groups g on g.company_id = $1 and g.group_id = m.group_id and g.state = 'live'
             join users u on u.company_id = $1 and u.user_id = $2 and u.status <> 'inactive' and u.erased_at is null"
        )
    };
}

sql! {
    GET = concat!("select ", group_columns!(), " from groups g where g.company_id = $1 and g.group_id = $2");
    BY_NAME_UP = list!("g.name_key", ">", "asc", "g.search_key");
    BY_NAME_DOWN = list!("g.name_key", "<", "desc", "g.search_key");
    BY_BIRTH_UP = list!("g.created_at", ">", "asc", "g.search_key");
    BY_BIRTH_DOWN = list!("g.created_at", "<", "desc", "g.search_key");
    CALLED_BY_NAME_UP = list!("g.name_key", ">", "asc", "g.name_key");
    CALLED_BY_NAME_DOWN = list!("g.name_key", "<", "desc", "g.name_key");
    CALLED_BY_BIRTH_UP = list!("g.created_at", ">", "asc", "g.name_key");
    CALLED_BY_BIRTH_DOWN = list!("g.created_at", "<", "desc", "g.name_key");
    COUNT = "select count(*) from groups g where g.company_id = $1 and g.state = $2 and g.search_key like $3 escape '\\'";
    COUNT_CALLED = "select count(*) from groups g where g.company_id = $1 and g.state = $2 and g.name_key like $3 escape '\\'";
    OF_USER = concat!(
        of_user!("g.group_id, g.name, g.description, g.icon, g.external_id, g.source, g.unmodifiable, g.state, g.created_at, g.created_by, g.updated_at, g.updated_by, g.members_changed_at, g.purge_at, g.version, g.default_days, g.longest_days, g.rule"),
        " where (g.name_key, g.group_id) > ($4, $5) order by g.name_key, g.group_id limit $6 offset $7");
    COUNT_OF_USER = of_user!("count(*)");
    IDS_OF_USER = concat!(of_user!("g.group_id"), " order by g.group_id");
    NAMED = "select g.group_id from groups g where g.company_id = $1 and g.state = $2 and g.name_key = $3 and g.group_id <> $4 limit 1";
    INSERT = "insert into groups (company_id, group_id, name, name_key, description, search_key, icon, external_id, source, unmodifiable, state,
              created_at, created_by, updated_at, updated_by, members_changed_at, purge_at, version, default_days, longest_days, recorded_at, rule)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) on conflict do nothing";
    UPDATE = "update groups set name = $3, name_key = $4, description = $5, search_key = $6, icon = $7, external_id = $8, source = $9, unmodifiable = $10,
              state = $11, created_at = $12, created_by = $13, updated_at = $14, updated_by = $15, members_changed_at = $16, purge_at = $17, version = $18, default_days = $19, longest_days = $20, recorded_at = $21, rule = $22
              where company_id = $1 and group_id = $2";
    KEEP = "insert into group_versions (company_id, group_id, since_at, version, updated_at, purge_at, name, description, icon, external_id, source, unmodifiable, state, updated_by, default_days, longest_days, rule)
            select g.company_id, g.group_id, g.recorded_at, g.version, g.updated_at, g.purge_at, g.name, g.description, g.icon, g.external_id, g.source, g.unmodifiable, g.state, g.updated_by, g.default_days, g.longest_days, g.rule
            from groups g where g.company_id = $1 and g.group_id = $2 on conflict do nothing";
    TOUCH = "update groups set members_changed_at = $3 where company_id = $1 and group_id = $2";
    DUE = "select g.group_id, g.purge_at from groups g where g.company_id = $1 and g.purge_at is not null order by g.purge_at limit 1000";
    ALL_OF = concat!("select ", group_columns!(), " from groups g where g.company_id = $1 and g.group_id > $2 order by g.group_id limit $3");
    FORGET = "delete from groups where company_id = $1 and group_id in (select g.group_id from groups g where g.company_id = $1 order by g.group_id limit 5000)";
}

pub(super) fn days(row: Row<'_>, i: usize) -> Result<Option<u32>> {
    Ok(row.opt_int(i)?.and_then(|n| u32::try_from(n).ok()))
}

pub(crate) fn read(row: Row<'_>) -> Result<Group> {
    Ok(Group {
        id: row.id(0)?,
        name: row.text(1)?,
        description: row.opt_text(2)?,
        icon: row.opt_text(3)?,
        external_id: row.opt_text(4)?,
        source: row.opt_text(5)?,
        unmodifiable: row.flag(6)?,
        state: row.look(7, |w| GroupState::parse("state", w).map_err(Error::internal))?,
        created_at: row.time(8)?,
        created_by: row.opt_id(9)?,
        updated_at: row.time(10)?,
        updated_by: row.opt_id(11)?,
        members_changed_at: row.time(12)?,
        purge_at: row.opt_time(13)?,
        version: row.count(14)?,
        lifetime: Lifetime { default_days: days(row, 15)?, longest_days: days(row, 16)? },
        rule: row.opt_text(17)?,
    })
}

/// The text that a search for groups looks through: the folded name and, on a line of its own, the description.
pub(crate) fn search_key(name_key: &str, description: Option<&str>) -> String {
    format!("{name_key}\n{}", description.map(fold).unwrap_or_default())
}

fn written<'a>(company: CompanyId, g: &'a Group, now: Timestamp) -> Vec<Value<'a>> {
    let name_key = fold(&g.name);
    let search_key = search_key(&name_key, g.description.as_deref());
    vec![
        val(company),
        val(g.id),
        val(&g.name),
        val(name_key),
        val(&g.description),
        val(search_key),
        val(&g.icon),
        val(&g.external_id),
        val(&g.source),
        val(g.unmodifiable),
        val(g.state.word()),
        val(g.created_at),
        val(g.created_by),
        val(g.updated_at),
        val(g.updated_by),
        val(g.members_changed_at),
        val(g.purge_at),
        val(g.version),
        val(g.lifetime.default_days),
        val(g.lifetime.longest_days),
        val(now),
        val(&g.rule),
    ]
}

/// By what a listing of groups is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupSort {
    /// By folded name, then id.
    #[default]
    Name,
    /// By creation, then id.
    Created,
}

/// Behind which row a page of groups begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKey {
    /// In a listing by name: the folded name and the id.
    Name(String, GroupId),
    /// In a listing by creation: the instant and the id.
    Created(Timestamp, GroupId),
}

/// Which groups are asked for.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// A text that name or description must hold, in any letter case.
    pub text: Option<String>,
    /// Must the name itself hold the text, and not the description?
    pub name_only: bool,
    /// The state; live when absent.
    pub state: Option<GroupState>,
}

/// The group, in whatever state.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: GroupId) -> Result<Option<Group>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// One page of groups.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    filter: &GroupFilter,
    sort: GroupSort,
    order: Order,
    ask: &Ask<GroupKey>,
) -> Result<Page<Group, GroupKey>> {
    let pattern = filter.text.as_deref().map_or_else(|| "%".to_owned(), |text| like(&fold(text)));
    let state = filter.state.unwrap_or(GroupState::Live).word();
    let offset = if let From::Offset(n) = ask.from { n } else { 0 };
    let (least, most) = (Value::from(uuid::Uuid::nil()), Value::from(uuid::Uuid::max()));
    let (whole, named, start) = match (sort, order) {
        (GroupSort::Name, Order::Ascending) => (&BY_NAME_UP, &CALLED_BY_NAME_UP, [val(""), least]),
        (GroupSort::Name, Order::Descending) => (&BY_NAME_DOWN, &CALLED_BY_NAME_DOWN, [val("\u{10FFFF}"), most]),
        (GroupSort::Created, Order::Ascending) => (&BY_BIRTH_UP, &CALLED_BY_BIRTH_UP, [val(i64::MIN), least]),
        (GroupSort::Created, Order::Descending) => (&BY_BIRTH_DOWN, &CALLED_BY_BIRTH_DOWN, [val(i64::MAX), most]),
    };
    let (statement, count) = if filter.name_only { (named, &COUNT_CALLED) } else { (whole, &COUNT) };
    let [first, second] = match (&ask.from, sort) {
        (From::After(GroupKey::Name(name, id)), GroupSort::Name) => [val(name), val(*id)],
        (From::After(GroupKey::Created(at, id)), GroupSort::Created) => [val(*at), val(*id)],
        (From::After(_), _) => return Err(Error::invalid("cursor", "belongs to a listing in another order")),
        _ => start,
    };
    let values = [val(company), val(state), first, second, val(&pattern), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(statement, &values, read).await?;
    let total = match ask.total {
        true => conn.row(count, &[val(company), val(state), val(&pattern)], |row| row.count(0)).await?,
        false => None,
    };
    Ok(Page::cut(rows, ask.limit, total, |g| match sort {
        GroupSort::Name => GroupKey::Name(fold(&g.name), g.id),
        GroupSort::Created => GroupKey::Created(g.created_at, g.id),
    }))
}

/// One page of the live groups that a user is directly in at `now`, by name.
pub(crate) async fn of_user(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    now: Timestamp,
    ask: &Ask<GroupKey>,
) -> Result<Page<Group, GroupKey>> {
    let (name, id, offset) = match &ask.from {
        From::Start => ("", GroupId::NIL, 0),
        From::After(GroupKey::Name(name, id)) => (name.as_str(), *id, 0),
        From::After(GroupKey::Created(..)) => {
            return Err(Error::invalid("cursor", "belongs to a listing in another order"));
        }
        From::Offset(n) => ("", GroupId::NIL, *n),
    };
    let values = [val(company), val(user), val(now), val(name), val(id), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&OF_USER, &values, read).await?;
    let total = match ask.total {
        true => conn.row(&COUNT_OF_USER, &values[..3], |row| row.count(0)).await?,
        false => None,
    };
    Ok(Page::cut(rows, ask.limit, total, |g| GroupKey::Name(fold(&g.name), g.id)))
}

/// The ids of the live groups that each of many users is directly in at `now`, in their order.
pub(crate) async fn ids_of_each_user(
    conn: &mut Conn,
    company: CompanyId,
    users: &[UserId],
    now: Timestamp,
) -> Result<Vec<Vec<GroupId>>> {
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(*user), val(now)]).collect();
    conn.rows_each(&IDS_OF_USER, &sets, |row| row.id(0)).await
}

/// Those of `ids` that the company has, in their order, in whatever state.
pub(crate) async fn get_each(conn: &mut Conn, company: CompanyId, ids: &[GroupId]) -> Result<Vec<Group>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    Ok(conn.rows_each(&GET, &sets, read).await?.into_iter().flatten().collect())
}

/// Another group of the company that has this name and can come to life.
pub(crate) async fn named(conn: &mut Conn, company: CompanyId, name: &str, but: GroupId) -> Result<Option<GroupId>> {
    let key = fold(name);
    for state in [GroupState::Live, GroupState::Archived] {
        let values = [val(company), val(state.word()), val(&key), val(but)];
        if let Some(id) = conn.row(&NAMED, &values, |row| row.id(0)).await? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Makes the row of a group, recorded at `now`; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, group: &Group, now: Timestamp) -> Result<bool> {
    Ok(conn.run(&INSERT, &written(company, group, now)).await? == 1)
}

/// Makes the rows of many groups, recorded at `now`; for each, whether it was new.
pub(crate) async fn insert_all(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[Group],
    now: Timestamp,
) -> Result<Vec<bool>> {
    let sets: Vec<_> = groups.iter().map(|group| written(company, group, now)).collect();
    Ok(conn.run_each(&INSERT, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Writes a group's row at `now`, and keeps what it was.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, group: &Group, now: Timestamp) -> Result<()> {
    conn.run(&KEEP, &[val(company), val(group.id)]).await?;
    conn.run(&UPDATE, &written(company, group, now)).await.map(drop)
}

/// Notes that the membership of a group changed at `now`.
pub(crate) async fn touch(conn: &mut Conn, company: CompanyId, id: GroupId, now: Timestamp) -> Result<()> {
    conn.run(&TOUCH, &[val(company), val(id), val(now)]).await.map(drop)
}

/// Archived groups with the instant of their purge, soonest first, 1,000 at most.
pub(crate) async fn due(conn: &mut Conn, company: CompanyId) -> Result<Vec<(GroupId, Timestamp)>> {
    conn.rows(&DUE, &[val(company)], |row| Ok((row.id(0)?, row.time(1)?))).await
}

/// The `limit` groups behind `after`, by id, in every state, for an export.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId, after: GroupId, limit: u32) -> Result<Vec<Group>> {
    conn.rows(&ALL_OF, &[val(company), val(after), val(limit)], read).await
}

/// Removes some groups of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
