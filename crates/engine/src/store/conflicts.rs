//! Rows of conflicts and of the groups that each names, and what somebody's memberships were before a use case.

use std::collections::{BTreeSet, HashMap, HashSet};

use guildhall_domain::conflict::Conflict;
use guildhall_domain::ids::{CompanyId, ConflictId, GroupId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::time::Window;
use guildhall_domain::{Result, Timestamp};

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "c.conflict_id, c.name, c.description, c.at_most, c.created_at, c.updated_at, c.version"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from conflicts c where c.company_id = $1 and c.conflict_id = $2");
    LIST = concat!("select ", columns!(), " from conflicts c where c.company_id = $1 and c.conflict_id > $2
             order by c.conflict_id limit $3 offset $4");
    NAMED = "select c.conflict_id from conflicts c where c.company_id = $1 and c.name_key = $2";
    INSERT = "insert into conflicts (company_id, conflict_id, name, name_key, description, at_most, created_at, updated_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
    UPDATE = "update conflicts set name = $3, name_key = $4, description = $5, at_most = $6, created_at = $7, updated_at = $8, version = $9
              where company_id = $1 and conflict_id = $2";
    DELETE = "delete from conflicts where company_id = $1 and conflict_id = $2";
    FORGET = "delete from conflicts where company_id = $1";
    GROUPS = "select g.group_id from conflict_groups g where g.company_id = $1 and g.conflict_id = $2 order by g.group_id";
    OF_GROUP = "select g.conflict_id from conflict_groups g where g.company_id = $1 and g.group_id = $2 order by g.conflict_id";
    NAME_GROUP = "insert into conflict_groups (company_id, conflict_id, group_id) values ($1, $2, $3)";
    CLEAR_GROUPS = "delete from conflict_groups where company_id = $1 and conflict_id = $2";
    FORGET_GROUPS = "delete from conflict_groups where company_id = $1";
    STILL_OPEN = "select r.user_id, r.group_id, r.starts_at, r.ends_at from reasons r
                  where r.company_id = $1 and r.user_id = $2 and r.closed_rev is null and r.opened_rev <= $3 and (r.ends_at is null or r.ends_at > $4)";
    CLOSED_SINCE = "select r.user_id, r.group_id, r.starts_at, r.ends_at from reasons r
                    where r.company_id = $1 and r.user_id = $2 and r.closed_rev > $3 and r.opened_rev <= $3 and r.closed_at >= $4 and (r.ends_at is null or r.ends_at > $4)";
    RULED_SINCE = "select r.user_id, r.group_id, r.starts_at, r.ends_at from reasons r
                   where r.company_id = $1 and r.user_id = $2 and r.closed_rev is null and r.opened_rev > $3 and r.kind = 'rule' and (r.ends_at is null or r.ends_at > $4)";
    PARENTS_BEFORE = "select distinct n.parent_id from nestings n
                      where n.company_id = $1 and n.child_id = $2 and n.opened_rev <= $3 and (n.closed_rev is null or n.closed_rev > $3) order by n.parent_id";
}

fn read(row: Row<'_>) -> Result<Conflict> {
    Ok(Conflict {
        id: row.id(0)?,
        name: row.text(1)?,
        description: row.opt_text(2)?,
        groups: BTreeSet::new(),
        at_most: u32::try_from(row.count(3)?).unwrap_or(u32::MAX),
        created_at: row.time(4)?,
        updated_at: row.time(5)?,
        version: row.count(6)?,
    })
}

fn written(company: CompanyId, c: &Conflict) -> Vec<Value<'_>> {
    vec![
        val(company),
        val(c.id),
        val(&c.name),
        val(fold(&c.name)),
        val(&c.description),
        val(c.at_most),
        val(c.created_at),
        val(c.updated_at),
        val(c.version),
    ]
}

/// Puts to each of these conflicts the groups that it names.
async fn with_groups(conn: &mut Conn, company: CompanyId, mut all: Vec<Conflict>) -> Result<Vec<Conflict>> {
    let sets: Vec<Vec<Value<'_>>> = all.iter().map(|c| vec![val(company), val(c.id)]).collect();
    let groups = conn.rows_each(&GROUPS, &sets, |row| row.id(0)).await?;
    for (conflict, groups) in all.iter_mut().zip(groups) {
        conflict.groups = groups.into_iter().collect();
    }
    Ok(all)
}

/// Those of these conflicts that there are, in their order.
pub(crate) async fn get_each(conn: &mut Conn, company: CompanyId, ids: &[ConflictId]) -> Result<Vec<Conflict>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    let found = conn.rows_each(&GET, &sets, read).await?.into_iter().flatten().collect();
    with_groups(conn, company, found).await
}

/// One page of the conflicts of a company, by id.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    ask: &Ask<ConflictId>,
) -> Result<Page<Conflict, ConflictId>> {
    let (after, offset) = match ask.from {
        From::Start => (ConflictId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (ConflictId::NIL, n),
    };
    let rows = conn.rows(&LIST, &[val(company), val(after), val(ask.limit + 1), val(offset)], read).await?;
    let page = Page::cut(rows, ask.limit, None, |conflict| conflict.id);
    let items = with_groups(conn, company, page.items).await?;
    Ok(Page { items, next: page.next, total: page.total })
}

/// The conflict of this name.
pub(crate) async fn named(conn: &mut Conn, company: CompanyId, name: &str) -> Result<Option<ConflictId>> {
    conn.row(&NAMED, &[val(company), val(fold(name))], |row| row.id(0)).await
}

/// The conflicts that name each of these groups.
pub(crate) async fn of_each_group(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
) -> Result<Vec<Vec<ConflictId>>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group)]).collect();
    conn.rows_each(&OF_GROUP, &sets, |row| row.id(0)).await
}

/// Makes the rows of a conflict; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, conflict: &Conflict) -> Result<bool> {
    if conn.run(&INSERT, &written(company, conflict)).await? == 0 {
        return Ok(false);
    }
    name_groups(conn, company, conflict).await?;
    Ok(true)
}

/// Writes a conflict's record and its groups.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, conflict: &Conflict) -> Result<()> {
    conn.run(&UPDATE, &written(company, conflict)).await?;
    conn.run(&CLEAR_GROUPS, &[val(company), val(conflict.id)]).await?;
    name_groups(conn, company, conflict).await
}

async fn name_groups(conn: &mut Conn, company: CompanyId, conflict: &Conflict) -> Result<()> {
    let set = |group: &GroupId| vec![val(company), val(conflict.id), val(*group)];
    let sets: Vec<Vec<Value<'_>>> = conflict.groups.iter().map(set).collect();
    conn.run_each(&NAME_GROUP, &sets).await.map(drop)
}

/// Removes a conflict; its name is free again.
pub(crate) async fn delete(conn: &mut Conn, company: CompanyId, id: ConflictId) -> Result<()> {
    conn.run(&CLEAR_GROUPS, &[val(company), val(id)]).await?;
    conn.run(&DELETE, &[val(company), val(id)]).await.map(drop)
}

/// Removes the conflicts of a company whose import failed.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<()> {
    conn.run(&FORGET_GROUPS, &[val(company)]).await?;
    conn.run(&FORGET, &[val(company)]).await.map(drop)
}

type Standing = (UserId, GroupId, Window);

fn standing(row: Row<'_>) -> Result<Standing> {
    Ok((row.id(0)?, row.id(1)?, Window { starts: row.opt_time(2)?, ends: row.opt_time(3)? }))
}

/// The reasons of each of these users that counted at `now` or later as of `revision`, before what was written since
/// in this transaction; and, for whom they would hold by nesting then, the groups around, as in [`super::rules`].
pub(crate) async fn stood(
    conn: &mut Conn,
    company: CompanyId,
    users: &[UserId],
    revision: u64,
    now: Timestamp,
) -> Result<HashMap<UserId, Vec<(GroupId, Window)>>> {
    let set = |user: &UserId| vec![val(company), val(*user), val(revision), val(now)];
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(set).collect();
    let mut direct = conn.rows_each(&STILL_OPEN, &sets, standing).await?;
    direct.extend(conn.rows_each(&CLOSED_SINCE, &sets, standing).await?);
    let direct: Vec<Standing> = direct.into_iter().flatten().collect();
    let mut around: HashMap<GroupId, Vec<GroupId>> = HashMap::new();
    let mut open: Vec<GroupId> =
        direct.iter().map(|(_, group, _)| *group).collect::<BTreeSet<_>>().into_iter().collect();
    while !open.is_empty() {
        let set = |group: &GroupId| vec![val(company), val(*group), val(revision)];
        let sets: Vec<Vec<Value<'_>>> = open.iter().map(set).collect();
        let parents: Vec<Vec<GroupId>> = conn.rows_each(&PARENTS_BEFORE, &sets, |row| row.id(0)).await?;
        around.extend(open.into_iter().zip(parents.iter().cloned()));
        let mut seen = HashSet::new();
        open = parents.into_iter().flatten().filter(|p| !around.contains_key(p) && seen.insert(*p)).collect();
    }
    let mut all: HashMap<UserId, Vec<(GroupId, Window)>> = HashMap::new();
    for (user, group, window) in direct {
        let (mut reached, mut open) = (HashSet::from([group]), vec![group]);
        while let Some(at) = open.pop() {
            open.extend(around.get(&at).into_iter().flatten().copied().filter(|parent| reached.insert(*parent)));
        }
        all.entry(user).or_default().extend(reached.into_iter().map(|group| (group, window)));
    }
    Ok(all)
}

/// The groups whose rules have put a user there since `revision`, in this transaction.
pub(crate) async fn ruled_since(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    revision: u64,
    now: Timestamp,
) -> Result<Vec<GroupId>> {
    let values = [val(company), val(user), val(revision), val(now)];
    conn.rows(&RULED_SINCE, &values, |row| row.id(1)).await
}
