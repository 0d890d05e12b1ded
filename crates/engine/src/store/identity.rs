//! People and groups as one connection, or a hand, sees them: with the ids by which it knows them, and without those it
//! has turned away.

use guildhall_domain::group::Group;
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::user::User;
use guildhall_domain::{Result, Timestamp};
use uuid::Uuid;

use super::groups::{self, group_columns};
use super::users::{read_at, user_columns};
use super::{Conn, Row, Value, sql, val};

// `$2` is in whose sight, `$3` is nil: a hand, whom those stay hidden from only while they are inactive.
macro_rules! people {
    ($select:expr) => {
        concat!(
            "select ", $select, " from users u
             left join links l on l.company_id = u.company_id and l.connection_id = $2 and l.noun = 'user' and l.object_id = u.user_id
             where u.company_id = $1 and u.erased_at is null and (l.ended_at is null or ($2 = $3 and u.status <> 'inactive'))"
        )
    };
}

macro_rules! person {
    () => {
        concat!(user_columns!(), ", l.external_id, case when l.ended_at is null then l.linked_at end")
    };
}

sql! {
    PEOPLE = concat!(people!(person!()), " and u.user_id > $4 order by u.user_id limit $5 offset $6");
    COUNT_PEOPLE = people!("count(*)");
    PERSON = concat!(people!(person!()), " and u.user_id = $4");
    NAMED = "select u.user_id from users u where u.company_id = $1 and u.name_key = $2 and u.erased_at is null order by u.user_id";
    GROUPS = concat!("select ", group_columns!(), ", g.external_id from groups g where g.company_id = $1 and g.state = 'live' and g.group_id > $2
              order by g.group_id limit $3 offset $4");
    COUNT_GROUPS = "select count(*) from groups g where g.company_id = $1 and g.state = 'live'";
    OWN_GROUPS = concat!("select ", group_columns!(), ", l.external_id from links l join groups g on g.company_id = l.company_id and g.group_id = l.object_id and g.state = 'live'
                  where l.company_id = $1 and l.connection_id = $2 and l.noun = 'group' and l.ended_at is null and l.object_id > $3
                  order by l.object_id limit $4 offset $5");
    COUNT_OWN_GROUPS = "select count(*) from links l join groups g on g.company_id = l.company_id and g.group_id = l.object_id and g.state = 'live'
                        where l.company_id = $1 and l.connection_id = $2 and l.noun = 'group' and l.ended_at is null";
    GROUPS_NAMED = "select g.group_id from groups g where g.company_id = $1 and g.state = 'live' and g.name_key = $2 order by g.group_id";
    GROUPS_BY_EXTERNAL_ID = "select g.group_id from groups g where g.company_id = $1 and g.external_id = $2 and g.state = 'live' order by g.group_id";
    OWN_MEMBERS = "select r.user_id, u.name from reasons r
                   join users u on u.company_id = r.company_id and u.user_id = r.user_id and u.status <> 'inactive' and u.erased_at is null
                   where r.company_id = $1 and r.source_id = $2 and r.group_id = $3 and r.kind = 'synced' and r.closed_rev is null
                   and (r.starts_at is null or r.starts_at <= $4) and (r.ends_at is null or r.ends_at > $4) order by r.user_id";
    // `$4` is in whose sight: nil sees the groups that the user is in for any reason.
    GROUPS_OF_USER = "select g.group_id, g.name from (select distinct r.group_id from reasons r where r.company_id = $1 and r.user_id = $2 and r.closed_rev is null
                      and (r.starts_at is null or r.starts_at <= $3) and (r.ends_at is null or r.ends_at > $3) and (r.source_id = $4 or $4 = $5)) m
                      join groups g on g.company_id = $1 and g.group_id = m.group_id and g.state = 'live'
                      join users u on u.company_id = $1 and u.user_id = $2 and u.status <> 'inactive' and u.erased_at is null order by g.group_id";
    MORE_THAN = "select 1 from reasons r where r.company_id = $1 and r.group_id = $2 and r.closed_rev is null limit 1 offset $3";
    VERSION = "select max(e.revision) from events e where e.company_id = $1 and e.subject_id = $2";
}

/// A person as somebody sees them: the record, the id by which they are known there, and whether they are linked.
pub(crate) struct SeenUser {
    pub user: User,
    pub external_id: Option<String>,
    pub linked: bool,
}

fn seen(row: Row<'_>) -> Result<SeenUser> {
    Ok(SeenUser { user: read_at(row, 0)?, external_id: row.opt_text(15)?, linked: row.opt_time(16)?.is_some() })
}

fn by(sight: ConnectionId, company: CompanyId) -> [Value<'static>; 3] {
    [val(company), val(sight), val(ConnectionId::NIL)]
}

/// The `limit` people behind `after`, by id, without the first `offset`.
pub(crate) async fn people(
    conn: &mut Conn,
    company: CompanyId,
    sight: ConnectionId,
    after: UserId,
    limit: u32,
    offset: u64,
) -> Result<Vec<SeenUser>> {
    let [company, sight, nil] = by(sight, company);
    conn.rows(&PEOPLE, &[company, sight, nil, val(after), val(limit), val(offset)], seen).await
}

/// The number of all people.
pub(crate) async fn count_people(conn: &mut Conn, company: CompanyId, sight: ConnectionId) -> Result<u64> {
    Ok(conn.row(&COUNT_PEOPLE, &by(sight, company), |row| row.count(0)).await?.unwrap_or(0))
}

/// The person, if they are in sight.
pub(crate) async fn person(
    conn: &mut Conn,
    company: CompanyId,
    sight: ConnectionId,
    id: UserId,
) -> Result<Option<SeenUser>> {
    let [company, sight, nil] = by(sight, company);
    conn.row(&PERSON, &[company, sight, nil, val(id)], seen).await
}

/// Those of `ids` who are in sight, in their order.
pub(crate) async fn people_each(
    conn: &mut Conn,
    company: CompanyId,
    sight: ConnectionId,
    ids: &[UserId],
) -> Result<Vec<SeenUser>> {
    let sets: Vec<Vec<Value<'_>>> = ids
        .iter()
        .map(|id| {
            let [company, sight, nil] = by(sight, company);
            vec![company, sight, nil, val(*id)]
        })
        .collect();
    Ok(conn.rows_each(&PERSON, &sets, seen).await?.into_iter().flatten().collect())
}

/// The users of this name.
pub(crate) async fn named(conn: &mut Conn, company: CompanyId, name: &str) -> Result<Vec<UserId>> {
    conn.rows(&NAMED, &[val(company), val(fold(name))], |row| row.id(0)).await
}

fn seen_group(row: Row<'_>) -> Result<(Group, Option<String>)> {
    Ok((groups::read(row)?, row.opt_text(groups::GROUP_COLUMNS)?))
}

/// The `limit` groups behind `after`, by id, without the first `offset`; of a connection those that come from it.
pub(crate) async fn groups_of(
    conn: &mut Conn,
    company: CompanyId,
    sight: ConnectionId,
    after: GroupId,
    limit: u32,
    offset: u64,
) -> Result<Vec<(Group, Option<String>)>> {
    if sight == ConnectionId::NIL {
        return conn.rows(&GROUPS, &[val(company), val(after), val(limit), val(offset)], seen_group).await;
    }
    conn.rows(&OWN_GROUPS, &[val(company), val(sight), val(after), val(limit), val(offset)], seen_group).await
}

/// The number of all groups; of a connection those that come from it.
pub(crate) async fn count_groups(conn: &mut Conn, company: CompanyId, sight: ConnectionId) -> Result<u64> {
    let count = match sight {
        ConnectionId::NIL => conn.row(&COUNT_GROUPS, &[val(company)], |row| row.count(0)).await?,
        _ => conn.row(&COUNT_OWN_GROUPS, &[val(company), val(sight)], |row| row.count(0)).await?,
    };
    Ok(count.unwrap_or(0))
}

/// The live groups of this name.
pub(crate) async fn groups_named(conn: &mut Conn, company: CompanyId, name: &str) -> Result<Vec<GroupId>> {
    conn.rows(&GROUPS_NAMED, &[val(company), val(fold(name))], |row| row.id(0)).await
}

/// The live groups whose record has this external id.
pub(crate) async fn groups_by_external_id(conn: &mut Conn, company: CompanyId, id: &str) -> Result<Vec<GroupId>> {
    conn.rows(&GROUPS_BY_EXTERNAL_ID, &[val(company), val(id)], |row| row.id(0)).await
}

/// The direct members now whom a connection keeps in a group, with their names.
pub(crate) async fn own_members(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    group: GroupId,
    now: Timestamp,
) -> Result<Vec<(UserId, String)>> {
    let values = [val(company), val(connection), val(group), val(now)];
    conn.rows(&OWN_MEMBERS, &values, |row| Ok((row.id(0)?, row.text(1)?))).await
}

/// The groups that each of many users is directly in, with their names; of a connection those it keeps them in.
pub(crate) async fn groups_of_each(
    conn: &mut Conn,
    company: CompanyId,
    sight: ConnectionId,
    users: &[UserId],
    now: Timestamp,
) -> Result<Vec<Vec<(GroupId, String)>>> {
    let sets: Vec<Vec<Value<'_>>> =
        users.iter().map(|user| vec![val(company), val(*user), val(now), val(sight), val(ConnectionId::NIL)]).collect();
    conn.rows_each(&GROUPS_OF_USER, &sets, |row| Ok((row.id(0)?, row.text(1)?))).await
}

/// Has the group more than `n` reasons? Told without counting them.
pub(crate) async fn more_than(conn: &mut Conn, company: CompanyId, group: GroupId, n: u32) -> Result<bool> {
    Ok(conn.row(&MORE_THAN, &[val(company), val(group), val(n)], |_| Ok(())).await?.is_some())
}

/// The revision of the last event that told of each of many subjects; 0 of one that no event tells of.
pub(crate) async fn versions(conn: &mut Conn, company: CompanyId, subjects: &[Uuid]) -> Result<Vec<u64>> {
    let sets: Vec<Vec<Value<'_>>> = subjects.iter().map(|id| vec![val(company), val(*id)]).collect();
    let rows = conn.rows_each(&VERSION, &sets, |row| row.opt_count(0)).await?;
    Ok(rows.into_iter().map(|mut rows| rows.pop().flatten().unwrap_or(0)).collect())
}
