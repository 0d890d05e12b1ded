//! Rows of reasons: why a user is in a group. A row is opened once and closed once, never overwritten.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use guildhall_domain::ids::{CompanyId, GroupId, ReasonId, UserId};
use guildhall_domain::membership::{Member, Reason, ReasonKind};
use guildhall_domain::page::{Ask, From, Order, Page};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};

use super::many::{MANY, repeated};
use super::users::listed;
use super::{Conn, Row, Value, sql, val};
use crate::index::Standing;

macro_rules! columns {
    () => {
        "r.reason_id, r.group_id, r.user_id, r.kind, r.source_id, r.giver_id, r.starts_at, r.ends_at, r.note, r.added_at"
    };
}

// `$3` is now. One row for each standing reason.
macro_rules! each_standing {
    ($select:expr) => {
        concat!(
            "select ", $select, " from reasons r
             join users u on u.company_id = r.company_id and u.user_id = r.user_id and u.status <> 'inactive' and u.erased_at is null
             where r.company_id = $1 and r.group_id = $2 and r.closed_rev is null
             and (r.starts_at is null or r.starts_at <= $3) and (r.ends_at is null or r.ends_at > $3)"
        )
    };
}

// Of several standing reasons of one user the earliest speaks for them all, so that a page needs no grouping and ends
// after its last row.
macro_rules! standing {
    ($select:expr) => {
        concat!(
            each_standing!($select),
            " and not exists (select 1 from reasons e where e.company_id = r.company_id and e.group_id = r.group_id and e.user_id = r.user_id
               and e.closed_rev is null and (e.starts_at is null or e.starts_at <= $3) and (e.ends_at is null or e.ends_at > $3)
               and (e.added_at, e.reason_id) < (r.added_at, r.reason_id))"
        )
    };
}

macro_rules! open {
    ($times:expr) => {
        repeated!(
            $times,
            "insert into reasons (company_id, opened_at, opened_rev, group_id, user_id, reason_id, kind, source_id, giver_id, note, starts_at, ends_at, added_at, started_rev)
             values ",
            "($1, $2, $3, #, #, #, #, #, #, #, #, #, #, #)",
            ", ",
            4,
            " on conflict do nothing returning reason_id"
        )
    };
}

macro_rules! open_of {
    ($times:expr) => {
        repeated!(
            $times,
            "",
            concat!(
                "select ",
                columns!(),
                " from reasons r where r.company_id = $1 and r.group_id = $2 and r.user_id = # and r.closed_rev is null"
            ),
            " union all ",
            3,
            ""
        )
    };
}

sql! {
    OPEN = open!(1);
    OPEN_MANY = open!(MANY);
    CLOSE = "update reasons set closed_at = $2, closed_rev = $3, closed_by = $4
             where company_id = $1 and group_id = $5 and user_id = $6 and reason_id = $7 and closed_rev is null returning reason_id";
    // To begin a change of this table takes PostgreSQL ten times as long as to change one row: the expression of `fork` is read anew.
    CLOSE_MANY = repeated!(
        MANY,
        "update reasons as r set closed_at = $2, closed_rev = $3, closed_by = $4 from (values ",
        "(cast(# as bytea), cast(# as bytea), cast(# as bytea))",
        ", ",
        5,
        ") as k where r.company_id = $1 and r.group_id = k.column1 and r.user_id = k.column2 and r.reason_id = k.column3 and r.closed_rev is null
         returning reason_id"
    );
    CLOSE_GROUP = "update reasons set closed_at = $3, closed_rev = $4, closed_by = $5 where company_id = $1 and group_id = $2 and closed_rev is null";
    CLOSE_USER = "update reasons set closed_at = $3, closed_rev = $4, closed_by = $5 where company_id = $1 and user_id = $2 and closed_rev is null";
    OPEN_OF = open_of!(1);
    OPEN_OF_MANY = open_of!(MANY);
    CLOSED_AT = concat!("select ", columns!(), " from reasons r where r.company_id = $1 and r.group_id = $2 and r.closed_rev = $3");
    MEMBERS = concat!(standing!("u.user_id, u.name, u.email, u.status, u.role, r.added_at"), " and r.user_id > $4 order by r.user_id limit $5 offset $6");
    MEMBER = concat!(standing!("u.user_id, u.name, u.email, u.status, u.role, r.added_at"), " and r.user_id = $4");
    BY_ADDED_UP = concat!(standing!("r.user_id, r.added_at"), " and r.added_at >= $4 and r.added_at < $5 order by r.added_at, r.user_id limit $6 offset $7");
    BY_ADDED_DOWN = concat!(standing!("r.user_id, r.added_at"), " and r.added_at >= $4 and r.added_at < $5 order by r.added_at desc, r.user_id desc limit $6 offset $7");
    COUNT_BY_ADDED = concat!(standing!("count(*)"), " and r.added_at >= $4 and r.added_at < $5");
    WHEN_ADDED = concat!(standing!("r.user_id, r.added_at"), " order by r.added_at, r.user_id");
    COUNT = standing!("count(*)");
    USER_IDS = concat!(each_standing!("distinct r.user_id"), " order by r.user_id");
    BRIEF = concat!(each_standing!("distinct r.user_id, u.name"), " order by r.user_id");
    GROUPS_OF = "select distinct r.group_id from reasons r where r.company_id = $1 and r.user_id = $2 and r.closed_rev is null order by r.group_id";
    ALL_OF = concat!("select ", columns!(), " from reasons r where r.company_id = $1 and (r.group_id, r.user_id, r.reason_id) > ($2, $3, $4)
             and r.closed_rev is null order by r.group_id, r.user_id, r.reason_id limit $5");
    STANDINGS = "select r.group_id, r.user_id, r.kind, r.source_id, r.starts_at, r.ends_at, r.added_at from reasons r
                 where r.company_id = $1 and (r.group_id, r.user_id) > ($2, $3) and r.closed_rev is null order by r.group_id, r.user_id limit $4";
    STANDINGS_OF_GROUP = "select r.group_id, r.user_id, r.kind, r.source_id, r.starts_at, r.ends_at, r.added_at from reasons r
                 where r.company_id = $1 and r.group_id = $2 and r.user_id > $3 and r.closed_rev is null order by r.user_id limit $4";
    STANDINGS_OF = "select r.group_id, r.user_id, r.kind, r.source_id, r.starts_at, r.ends_at, r.added_at from reasons r
                 where r.company_id = $1 and r.group_id = $2 and r.user_id = $3 and r.closed_rev is null";
    BEGUN = concat!("select ", columns!(), " from reasons r where r.company_id = $1 and r.starts_at is not null and r.starts_at <= $2 and r.started_rev is null and r.closed_rev is null order by r.starts_at limit $3");
    ENDED = concat!("select ", columns!(), " from reasons r where r.company_id = $1 and r.ends_at is not null and r.ends_at <= $2 and r.closed_rev is null order by r.ends_at limit $3");
    MARK_BEGUN = "update reasons set started_rev = $5 where company_id = $1 and group_id = $2 and user_id = $3 and reason_id = $4";
    NEXT_START = "select r.starts_at from reasons r where r.company_id = $1 and r.starts_at is not null and r.started_rev is null and r.closed_rev is null order by r.starts_at limit 1";
    NEXT_END = "select r.ends_at from reasons r where r.company_id = $1 and r.ends_at is not null and r.closed_rev is null order by r.ends_at limit 1";
    ENDING = concat!("select ", columns!(), " from reasons r where r.company_id = $1 and r.ends_at is not null and r.ends_at >= $2 and r.ends_at < $6 and r.closed_rev is null
              and (r.ends_at, r.group_id, r.user_id, r.reason_id) > ($2, $3, $4, $5) order by r.ends_at, r.group_id, r.user_id, r.reason_id limit $7");
    ENDING_IN = concat!("select ", columns!(), " from reasons r where r.company_id = $1 and r.group_id = $8 and r.ends_at is not null and r.ends_at >= $2 and r.ends_at < $6 and r.closed_rev is null
              and (r.ends_at, r.group_id, r.user_id, r.reason_id) > ($2, $3, $4, $5) order by r.ends_at, r.group_id, r.user_id, r.reason_id limit $7");
    FORGET = "delete from reasons where company_id = $1 and (group_id, user_id, reason_id) in (select r.group_id, r.user_id, r.reason_id from reasons r
              where r.company_id = $1 order by r.group_id, r.user_id, r.reason_id limit 10000)";
}

pub(super) fn read(row: Row<'_>) -> Result<Reason> {
    Ok(Reason {
        id: row.id(0)?,
        group: row.id(1)?,
        user: row.id(2)?,
        kind: row.look(3, |w| ReasonKind::parse("kind", w).map_err(Error::internal))?,
        source: row.id(4)?,
        giver: row.opt_id(5)?,
        window: Window { starts: row.opt_time(6)?, ends: row.opt_time(7)? },
        note: row.opt_text(8)?,
        added_at: row.time(9)?,
    })
}

/// Opens reasons, recorded at `now` in the event `revision`. For each, whether it is new: a standing reason of the
/// same group, user, kind and source keeps its place.
pub(crate) async fn open(
    conn: &mut Conn,
    company: CompanyId,
    reasons: &[Reason],
    now: Timestamp,
    revision: u64,
) -> Result<Vec<bool>> {
    let keys: Vec<Vec<Value<'_>>> = reasons
        .iter()
        .map(|r| {
            vec![
                val(r.group),
                val(r.user),
                val(r.id),
                val(r.kind.word()),
                val(r.source),
                val(r.giver),
                val(&r.note),
                val(r.window.starts),
                val(r.window.ends),
                val(r.added_at),
                // A start that lies ahead is told when it comes.
                val(r.window.starts.is_none_or(|start| start <= now).then_some(revision)),
            ]
        })
        .collect();
    let fixed = [val(company), val(now), val(revision)];
    let new = conn.rows_of_many((&OPEN, &OPEN_MANY), &fixed, &keys, |row| row.id::<ReasonId>(0)).await?;
    let new: HashSet<ReasonId> = new.into_iter().collect();
    Ok(reasons.iter().map(|r| new.contains(&r.id)).collect())
}

/// Closes reasons at `now` in the event `revision`.
pub(crate) async fn close(
    conn: &mut Conn,
    company: CompanyId,
    reasons: &[Reason],
    now: Timestamp,
    revision: u64,
    by: Option<UserId>,
) -> Result<()> {
    let keys: Vec<Vec<Value<'_>>> = reasons.iter().map(|r| vec![val(r.group), val(r.user), val(r.id)]).collect();
    let fixed = [val(company), val(now), val(revision), val(by)];
    conn.rows_of_many((&CLOSE, &CLOSE_MANY), &fixed, &keys, |_| Ok(())).await.map(drop)
}

/// Closes every open reason of a group; how many there were.
pub(crate) async fn close_group(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
    revision: u64,
    by: Option<UserId>,
) -> Result<u64> {
    conn.run(&CLOSE_GROUP, &[val(company), val(group), val(now), val(revision), val(by)]).await
}

/// Closes every open reason of a user.
pub(crate) async fn close_user(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    now: Timestamp,
    revision: u64,
    by: Option<UserId>,
) -> Result<u64> {
    conn.run(&CLOSE_USER, &[val(company), val(user), val(now), val(revision), val(by)]).await
}

/// The open reasons of each user in one group, standing or not, in the order of `users`.
pub(crate) async fn open_of(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    users: &[UserId],
) -> Result<Vec<Vec<Reason>>> {
    let keys: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(*user)]).collect();
    let open = conn.rows_of_many((&OPEN_OF, &OPEN_OF_MANY), &[val(company), val(group)], &keys, read).await?;
    let mut of_each: HashMap<UserId, BTreeMap<ReasonId, Reason>> = HashMap::new();
    for reason in open {
        of_each.entry(reason.user).or_default().insert(reason.id, reason);
    }
    Ok(users.iter().map(|user| of_each.get(user).map_or_else(Vec::new, |of| of.values().cloned().collect())).collect())
}

/// The reasons of a group that the event `revision` closed.
pub(crate) async fn closed_at(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    revision: u64,
) -> Result<Vec<Reason>> {
    conn.rows(&CLOSED_AT, &[val(company), val(group), val(revision)], read).await
}

fn member(row: Row<'_>) -> Result<Member> {
    Ok(Member { person: Arc::new(listed(row)?.0), added_at: Some(row.time(5)?) })
}

/// One page of the direct members of a group at `now`, by user id.
pub(crate) async fn members(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
    ask: &Ask<UserId>,
) -> Result<Page<Member, UserId>> {
    let (after, offset) = match ask.from {
        From::Start => (UserId::NIL, 0),
        From::After(user) => (user, 0),
        From::Offset(n) => (UserId::NIL, n),
    };
    let values = [val(company), val(group), val(now), val(after), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&MEMBERS, &values, member).await?;
    let total = if ask.total { Some(count(conn, company, group, now).await?) } else { None };
    Ok(Page::cut(rows, ask.limit, total, |m| m.person.id))
}

/// When members were added: at or after the first instant, before the second.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    /// The first instant that counts.
    pub from: Timestamp,
    /// The first instant that counts no more.
    pub before: Timestamp,
}

impl Default for Added {
    fn default() -> Self {
        Self { from: Timestamp::MIN, before: Timestamp::MAX }
    }
}

/// One page of the direct members of a group at `now` that were added in a span, by the instant of their adding, then
/// user id; with the number of all of them.
pub(crate) async fn members_by_added(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
    added: Added,
    order: Order,
    (limit, offset): (u32, u64),
) -> Result<(Vec<(UserId, Timestamp)>, u64)> {
    let statement = if order == Order::Ascending { &BY_ADDED_UP } else { &BY_ADDED_DOWN };
    let values = [val(company), val(group), val(now), val(added.from), val(added.before), val(limit), val(offset)];
    let rows = conn.rows(statement, &values, |row| Ok((row.id(0)?, row.time(1)?))).await?;
    let total = conn.row(&COUNT_BY_ADDED, &values[..5], |row| row.count(0)).await?.unwrap_or(0);
    Ok((rows, total))
}

/// All direct members of a group at `now` with the instant of their adding, by that, then by user id.
pub(crate) async fn when_added(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
) -> Result<Vec<(UserId, Timestamp)>> {
    conn.rows(&WHEN_ADDED, &[val(company), val(group), val(now)], |row| Ok((row.id(0)?, row.time(1)?))).await
}

/// The ids of all direct members at `now` of each of many groups, in their order.
pub(crate) async fn user_ids_of_each(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    now: Timestamp,
) -> Result<Vec<Vec<UserId>>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group), val(now)]).collect();
    conn.rows_each(&USER_IDS, &sets, |row| row.id(0)).await
}

/// The user as a direct member of the group at `now`, if they are one.
pub(crate) async fn membership(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Member>> {
    conn.row(&MEMBER, &[val(company), val(group), val(now), val(user)], member).await
}

/// The number of direct members of a group at `now`.
pub(crate) async fn count(conn: &mut Conn, company: CompanyId, group: GroupId, now: Timestamp) -> Result<u64> {
    Ok(conn.row(&COUNT, &[val(company), val(group), val(now)], |row| row.count(0)).await?.unwrap_or(0))
}

/// The ids of all direct members of a group at `now`, in order.
pub(crate) async fn user_ids(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
) -> Result<Vec<UserId>> {
    conn.rows(&USER_IDS, &[val(company), val(group), val(now)], |row| row.id(0)).await
}

/// All direct members of a group at `now` with their names, by id.
pub(crate) async fn brief(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    now: Timestamp,
) -> Result<Vec<(UserId, String)>> {
    conn.rows(&BRIEF, &[val(company), val(group), val(now)], |row| Ok((row.id(0)?, row.text(1)?))).await
}

/// The groups in which a user has an open reason, standing or not.
pub(crate) async fn groups_of(conn: &mut Conn, company: CompanyId, user: UserId) -> Result<Vec<GroupId>> {
    conn.rows(&GROUPS_OF, &[val(company), val(user)], |row| row.id(0)).await
}

/// The `limit` open reasons behind `after`, by group, user and id, for an export.
pub(crate) async fn all_of(
    conn: &mut Conn,
    company: CompanyId,
    after: (GroupId, UserId, ReasonId),
    limit: u32,
) -> Result<Vec<Reason>> {
    conn.rows(&ALL_OF, &[val(company), val(after.0), val(after.1), val(after.2), val(limit)], read).await
}

/// Removes some reasons of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}

fn standing(row: Row<'_>) -> Result<(GroupId, UserId, Standing)> {
    let standing = Standing {
        kind: row.look(2, |w| ReasonKind::parse("kind", w).map_err(Error::internal))?,
        source: row.id(3)?,
        window: Window { starts: row.opt_time(4)?, ends: row.opt_time(5)? },
        added_at: row.time(6)?,
    };
    Ok((row.id(0)?, row.id(1)?, standing))
}

/// The `limit` open reasons of the memberships behind `after`, by group and user, as far as the index holds them.
pub(crate) async fn standings(
    conn: &mut Conn,
    company: CompanyId,
    after: (GroupId, UserId),
    limit: u32,
) -> Result<Vec<(GroupId, UserId, Standing)>> {
    conn.rows(&STANDINGS, &[val(company), val(after.0), val(after.1), val(limit)], standing).await
}

/// As [`standings`], of one group alone, each user's together; a user whose reasons the limit cuts is left out.
pub(crate) async fn standings_of_group(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    after: UserId,
    limit: u32,
) -> Result<Vec<(UserId, Vec<Standing>)>> {
    let values = [val(company), val(group), val(after), val(limit)];
    let rows = conn.rows(&STANDINGS_OF_GROUP, &values, standing).await?;
    let full = rows.len() == limit as usize;
    let mut of_each: Vec<(UserId, Vec<Standing>)> = Vec::new();
    for (_, user, standing) in rows {
        match of_each.last_mut() {
            Some((same, all)) if *same == user => all.push(standing),
            _ => of_each.push((user, vec![standing])),
        }
    }
    if full && of_each.len() > 1 {
        of_each.pop();
    }
    Ok(of_each)
}

/// The open reasons of each user in one group, as far as the index holds them, in the order of `users`.
pub(crate) async fn standings_of_each(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    users: &[UserId],
) -> Result<Vec<Vec<Standing>>> {
    let sets: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(group), val(*user)]).collect();
    conn.rows_each(&STANDINGS_OF, &sets, |row| Ok(standing(row)?.2)).await
}

/// Open reasons whose start came by `now` and was not told, earliest first.
pub(crate) async fn begun(conn: &mut Conn, company: CompanyId, now: Timestamp, limit: u32) -> Result<Vec<Reason>> {
    conn.rows(&BEGUN, &[val(company), val(now), val(limit)], read).await
}

/// Open reasons whose end came by `now`, earliest first.
pub(crate) async fn ended(conn: &mut Conn, company: CompanyId, now: Timestamp, limit: u32) -> Result<Vec<Reason>> {
    conn.rows(&ENDED, &[val(company), val(now), val(limit)], read).await
}

/// Marks that the event `revision` told the start of these reasons.
pub(crate) async fn mark_begun(conn: &mut Conn, company: CompanyId, reasons: &[Reason], revision: u64) -> Result<()> {
    let values = |r: &Reason| vec![val(company), val(r.group), val(r.user), val(r.id), val(revision)];
    let sets: Vec<Vec<Value<'_>>> = reasons.iter().map(values).collect();
    conn.run_each(&MARK_BEGUN, &sets).await.map(drop)
}

/// When the next reason begins or ends that was not told yet.
pub(crate) async fn next_turn(conn: &mut Conn, company: CompanyId) -> Result<Option<Timestamp>> {
    let start = conn.row(&NEXT_START, &[val(company)], |row| row.time(0)).await?;
    let end = conn.row(&NEXT_END, &[val(company)], |row| row.time(0)).await?;
    Ok([start, end].into_iter().flatten().min())
}

/// Open reasons that end before `before`, behind a place, soonest first; of one group where given.
pub(crate) async fn ending(
    conn: &mut Conn,
    company: CompanyId,
    group: Option<GroupId>,
    (at, g, u, r): (Timestamp, GroupId, UserId, ReasonId),
    before: Timestamp,
    limit: u32,
) -> Result<Vec<Reason>> {
    let mut values = vec![val(company), val(at), val(g), val(u), val(r), val(before), val(limit)];
    let Some(group) = group else { return conn.rows(&ENDING, &values, read).await };
    values.push(val(group));
    conn.rows(&ENDING_IN, &values, read).await
}
