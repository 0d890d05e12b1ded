//! Rows as they were: what was recorded by an instant, and not ended then.
//!
//! A reason that is closed keeps its place in the tree of instants (`reasons.fork`, see the migration). All that stood
//! at an instant is what is still open and was recorded by then, and of what is closed that which has a place on the
//! way to the instant: 35 of them, however long the journal is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use guildhall_domain::group::{Group, GroupState, Lifetime};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::membership::Reason;
use guildhall_domain::person::Person;
use guildhall_domain::spans::Span;
use guildhall_domain::{Error, Result, Timestamp};

use super::groups::{self, GROUP_COLUMNS, group_columns};
use super::nestings::Nesting;
use super::users::listed;
use super::{Conn, Row, Value, reasons, sql, val};

macro_rules! forks {
    ($list:literal) => {
        concat!("r.closed_rev is not null and r.closed_at > $3 and r.fork in (", $list, ")")
    };
}

// Standing at `$3` as known then, of a user who counted then.
macro_rules! standing {
    ($select:literal, $which:expr) => {
        concat!(
            "select ", $select, " from reasons r where r.company_id = $1 and r.group_id = $2 and ", $which,
            " and r.opened_at <= $3 and (r.starts_at is null or r.starts_at <= $3) and (r.ends_at is null or r.ends_at > $3)
             and not exists (select 1 from absences a where a.company_id = r.company_id and a.user_id = r.user_id and a.from_at <= $3
               and (a.until_at is null or a.until_at > $3))"
        )
    };
}

macro_rules! of_user {
    ($which:expr) => {
        concat!(
            "select r.reason_id, r.group_id, r.user_id, r.kind, r.source_id, r.giver_id, r.starts_at, r.ends_at, r.note, r.added_at,
             r.opened_at, r.closed_at, r.closed_rev, r.closed_by from reasons r where r.company_id = $1 and r.user_id = $2 and ",
            $which
        )
    };
}

sql! {
    OPEN_MEMBERS = concat!(standing!("r.user_id, r.added_at", "r.closed_rev is null"), " and r.user_id > $4 order by r.user_id limit $5");
    CLOSED_MEMBERS = concat!(standing!("r.user_id, r.added_at", "r.closed_rev is not null and r.closed_at > $3 and r.fork = $6"), " and r.user_id > $4 order by r.user_id limit $5");
    ALL_OPEN = standing!("r.user_id, r.added_at", "r.closed_rev is null");
    ALL_CLOSED = standing!("r.user_id, r.added_at", forks!("$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38"));
    OPEN_OF_USER = of_user!("r.closed_rev is null and r.opened_at <= $3");
    CLOSED_OF_USER = of_user!(concat!(forks!("$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38"), " and r.opened_at <= $3"));
    ENDED_OF_USER = of_user!("r.closed_rev is not null and r.closed_at <= $3 order by r.closed_at desc, r.reason_id limit $4");
    ABSENCES = "select a.from_at, a.until_at from absences a where a.company_id = $1 and a.user_id = $2 and a.from_at <= $3 order by a.from_at";
    EDGE = "select n.opened_at, n.opened_by from nestings n where n.company_id = $1 and n.parent_id = $2 and n.child_id = $3 and n.closed_rev is null";
    EDGE_THEN = "select n.opened_at, n.opened_by from nestings n where n.company_id = $1 and n.parent_id = $2 and n.child_id = $3
                 and n.opened_at <= $4 and (n.closed_at is null or n.closed_at > $4)";
    PARENTS_EVER = "select n.parent_id, n.opened_at, n.opened_by, n.closed_at, n.closed_rev, n.closed_by from nestings n
                    where n.company_id = $1 and n.child_id = $2 and n.opened_at <= $3 order by n.parent_id, n.opened_rev";
    RECORD = concat!("select ", group_columns!(), ", g.recorded_at from groups g where g.company_id = $1 and g.group_id = $2");
    ALL_RECORDS = concat!("select ", group_columns!(), ", g.recorded_at from groups g where g.company_id = $1 and g.group_id > $2 order by g.group_id limit $3");
    VERSION = "select v.name, v.description, v.icon, v.external_id, v.source, v.unmodifiable, v.state, v.updated_at, v.updated_by, v.purge_at, v.version, v.default_days, v.longest_days, v.rule
               from group_versions v where v.company_id = $1 and v.group_id = $2 and v.since_at <= $3 order by v.since_at desc, v.version desc limit 1";
    PERSON = "select u.user_id, u.name, u.email, u.status, u.role, u.erased_at from users u where u.company_id = $1 and u.user_id = $2";
    BORN = "select e.recorded_at from events e where e.company_id = $1 and e.subject_id = $2 order by e.revision limit 1";
    FOUNDED = "select e.recorded_at from events e where e.company_id = $1 and e.revision > 0 order by e.revision limit 1";
    KIND = "select e.kind from events e where e.company_id = $1 and e.revision = $2";
    DEACTIVATED = "select e.actor from events e where e.company_id = $1 and e.subject_id = $2 and e.kind = 'user.deactivated' and e.recorded_at <= $3 order by e.revision desc limit 1";
}

/// The places in the tree of instants where a closed reason that stood at `t` can have been put.
fn places(t: Timestamp) -> [i64; 35] {
    let t = t.micros();
    // On each level the place that halves what is left around `t`, and on the last one its own cell of a second.
    std::array::from_fn(|i| match 53 - i as i64 {
        level @ 20.. => (t >> (level + 1) << (level + 1)) | 1 << level,
        _ => t >> 20 << 20,
    })
}

/// The end of what was recorded: when, in which event, by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// The revision of the event.
    pub revision: u64,
    /// By whom; none for the platform and the system.
    pub by: Option<UserId>,
}

/// A reason, and when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The reason.
    pub reason: Reason,
    /// When it was recorded. `added_at` is what an import says.
    pub opened_at: Timestamp,
    /// Its end, where it is known at the instant that is asked about.
    pub closed: Option<Closed>,
}

/// A nesting, since when it stands, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which group is inside which.
    pub nesting: Nesting,
    /// Since when.
    pub since: Timestamp,
    /// By whom; none for the platform and the system.
    pub by: Option<UserId>,
    /// Its end, where it is known at the instant that is asked about.
    pub closed: Option<Closed>,
}

pub(super) fn closed(row: Row<'_>, from: usize, then: Timestamp) -> Result<Option<Closed>> {
    let Some(at) = row.opt_time(from)?.filter(|at| *at <= then) else { return Ok(None) };
    Ok(Some(Closed { at, revision: row.count(from + 1)?, by: row.opt_id(from + 2)? }))
}

fn given(row: Row<'_>, then: Timestamp) -> Result<Given> {
    Ok(Given { reason: reasons::read(row)?, opened_at: row.time(10)?, closed: closed(row, 11, then)? })
}

fn with_places<'a>(mut values: Vec<Value<'a>>, t: Timestamp) -> Vec<Value<'a>> {
    values.extend(places(t).map(val));
    values
}

fn added(row: Row<'_>) -> Result<(UserId, Timestamp)> {
    Ok((row.id(0)?, row.time(1)?))
}

/// Puts rows together by user: of several reasons the earliest speaks for them all.
fn by_user(rows: impl IntoIterator<Item = (UserId, Timestamp)>) -> BTreeMap<UserId, Timestamp> {
    let mut all: BTreeMap<UserId, Timestamp> = BTreeMap::new();
    for (user, added) in rows {
        all.entry(user).and_modify(|first| *first = added.min(*first)).or_insert(added);
    }
    all
}

/// Everybody who was a direct member of each of these groups at an instant, and since when.
pub(crate) async fn all_members_of_each(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    t: Timestamp,
) -> Result<Vec<BTreeMap<UserId, Timestamp>>> {
    let open: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group), val(t)]).collect();
    let closed: Vec<Vec<Value<'_>>> = open.iter().cloned().map(|values| with_places(values, t)).collect();
    let standing = conn.rows_each(&ALL_OPEN, &open, added).await?;
    let ended = conn.rows_each(&ALL_CLOSED, &closed, added).await?;
    Ok(standing.into_iter().zip(ended).map(|(standing, ended)| by_user(standing.into_iter().chain(ended))).collect())
}

/// At least `wanted` of the direct members of a group at an instant behind a user, by id, and since when; fewer when
/// there are no more.
pub(crate) async fn members_after(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    t: Timestamp,
    after: UserId,
    wanted: usize,
) -> Result<Vec<(UserId, Timestamp)>> {
    let (mut found, mut after) = (Vec::new(), after);
    let distinct: BTreeSet<i64> = places(t).into_iter().collect();
    // More than one page may need, so that a user with many reasons cannot fill a list alone.
    let mut limit = wanted + 8;
    while found.len() < wanted {
        let page = vec![val(company), val(group), val(t), val(after), val(limit as u64)];
        let sets: Vec<Vec<Value<'_>>> = distinct
            .iter()
            .map(|place| {
                let mut values = page.clone();
                values.push(val(*place));
                values
            })
            .collect();
        let mut lists = conn.rows_each(&CLOSED_MEMBERS, &sets, added).await?;
        lists.push(conn.rows(&OPEN_MEMBERS, &page, added).await?);
        // A list that its limit cut is known to before its last user only, who may have more reasons behind the cut.
        let known =
            lists.iter().filter(|list| list.len() == limit).filter_map(|list| list.last()).map(|(user, _)| *user);
        let known = known.min();
        let mut users = by_user(lists.into_iter().flatten());
        if let Some(known) = known {
            users.retain(|user, _| *user < known);
        }
        match (users.last_key_value(), known) {
            (Some((last, _)), _) => after = *last,
            (None, Some(_)) => limit *= 2,
            (None, None) => break,
        }
        found.extend(users);
        if known.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The reasons of a user that were open at an instant, or are now.
pub(crate) async fn reasons_of(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    then: Option<Timestamp>,
) -> Result<Vec<Given>> {
    let t = then.unwrap_or(Timestamp::MAX);
    let values = vec![val(company), val(user), val(t)];
    let mut all = conn.rows(&OPEN_OF_USER, &values, |row| given(row, t)).await?;
    if then.is_some() {
        all.extend(conn.rows(&CLOSED_OF_USER, &with_places(values, t), |row| given(row, t)).await?);
    }
    Ok(all)
}

/// The groups that each of these users was directly in at an instant; none while they counted for nothing.
pub(crate) async fn groups_of_each(
    conn: &mut Conn,
    company: CompanyId,
    users: &[UserId],
    t: Timestamp,
) -> Result<Vec<BTreeSet<GroupId>>> {
    let open: Vec<Vec<Value<'_>>> = users.iter().map(|user| vec![val(company), val(*user), val(t)]).collect();
    let closed: Vec<Vec<Value<'_>>> = open.iter().cloned().map(|values| with_places(values, t)).collect();
    let absent = conn.rows_each(&ABSENCES, &open, |row| absence(row, t)).await?;
    let standing = conn.rows_each(&OPEN_OF_USER, &open, |row| given(row, t)).await?;
    let ended = conn.rows_each(&CLOSED_OF_USER, &closed, |row| given(row, t)).await?;
    let groups = |((absent, standing), ended): ((Vec<Span>, Vec<Given>), Vec<Given>)| {
        if absent.last().is_some_and(|(_, until)| *until > t) {
            return BTreeSet::new();
        }
        let all = standing.into_iter().chain(ended).map(|given| given.reason);
        all.filter(|reason| reason.window.holds(t)).map(|reason| reason.group).collect()
    };
    Ok(absent.into_iter().zip(standing).zip(ended).map(groups).collect())
}

/// The last `limit` reasons of a user that had been closed by an instant, the last one first.
pub(crate) async fn ended_of(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    t: Timestamp,
    limit: u32,
) -> Result<Vec<Given>> {
    conn.rows(&ENDED_OF_USER, &[val(company), val(user), val(t), val(limit)], |row| given(row, t)).await
}

/// The spans begun by an instant in which a user counted for nothing; one that lasts ends at the end of time.
pub(crate) async fn absences(conn: &mut Conn, company: CompanyId, user: UserId, t: Timestamp) -> Result<Vec<Span>> {
    conn.rows(&ABSENCES, &[val(company), val(user), val(t)], |row| absence(row, t)).await
}

fn absence(row: Row<'_>, t: Timestamp) -> Result<Span> {
    Ok((row.time(0)?, row.opt_time(1)?.filter(|end| *end <= t).unwrap_or(Timestamp::MAX)))
}

/// Each of these nestings as it stands, or stood at an instant; none for one that did not.
pub(crate) async fn steps(
    conn: &mut Conn,
    company: CompanyId,
    all: &[Nesting],
    then: Option<Timestamp>,
) -> Result<Vec<Option<Step>>> {
    let values = |n: &Nesting| {
        let mut values = vec![val(company), val(n.parent), val(n.child)];
        values.extend(then.map(val));
        values
    };
    let sets: Vec<Vec<Value<'_>>> = all.iter().map(values).collect();
    let statement = if then.is_some() { &EDGE_THEN } else { &EDGE };
    let found = conn.rows_each(statement, &sets, |row| Ok((row.time(0)?, row.opt_id(1)?))).await?;
    let step = |(nesting, rows): (&Nesting, Vec<(Timestamp, Option<UserId>)>)| {
        rows.first().map(|(since, by)| Step { nesting: *nesting, since: *since, by: *by, closed: None })
    };
    Ok(all.iter().zip(found).map(step).collect())
}

/// For each group every nesting of it in another that was recorded by an instant, ended or not.
pub(crate) async fn parents_ever(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    t: Timestamp,
) -> Result<Vec<Step>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group), val(t)]).collect();
    let read = |row: Row<'_>| Ok((row.id(0)?, row.time(1)?, row.opt_id(2)?, closed(row, 3, t)?));
    let found = conn.rows_each(&PARENTS_EVER, &sets, read).await?;
    let steps = groups.iter().zip(found).flat_map(|(child, rows)| {
        rows.into_iter().map(|(parent, since, by, closed)| {
            let nesting = Nesting { parent, child: *child };
            Step { nesting, since, by, closed }
        })
    });
    Ok(steps.collect())
}

/// A group's record as it stands, and when it was recorded.
type Recorded = (Group, Timestamp);

fn recorded(row: Row<'_>) -> Result<Recorded> {
    Ok((groups::read(row)?, row.time(GROUP_COLUMNS)?))
}

/// Turns records back to an instant; those that were not there yet are left out.
async fn turn_back(conn: &mut Conn, company: CompanyId, all: Vec<Recorded>, t: Timestamp) -> Result<Vec<Group>> {
    let (mut found, later): (Vec<Recorded>, Vec<Recorded>) = all.into_iter().partition(|(_, at)| *at <= t);
    let sets: Vec<Vec<Value<'_>>> = later.iter().map(|(group, _)| vec![val(company), val(group.id), val(t)]).collect();
    let mut later_groups = later.iter().map(|(group, _)| group);
    let versions = conn.rows_each(&VERSION, &sets, version).await?;
    for (mut rows, now) in versions.into_iter().zip(&mut later_groups) {
        let Some(then) = rows.pop() else { continue };
        found.push((Group { id: now.id, created_at: now.created_at, created_by: now.created_by, ..then }, t));
    }
    Ok(found.into_iter().map(|(group, _)| group).collect())
}

fn version(row: Row<'_>) -> Result<Group> {
    let updated_at = row.time(7)?;
    Ok(Group {
        // What never changes is told by the record as it stands.
        id: GroupId::NIL,
        created_at: updated_at,
        created_by: None,
        name: row.text(0)?,
        description: row.opt_text(1)?,
        icon: row.opt_text(2)?,
        external_id: row.opt_text(3)?,
        source: row.opt_text(4)?,
        unmodifiable: row.flag(5)?,
        state: row.look(6, |w| GroupState::parse("state", w).map_err(Error::internal))?,
        updated_at,
        updated_by: row.opt_id(8)?,
        members_changed_at: updated_at,
        purge_at: row.opt_time(9)?,
        version: row.count(10)?,
        lifetime: Lifetime { default_days: groups::days(row, 11)?, longest_days: groups::days(row, 12)? },
        rule: row.opt_text(13)?,
    })
}

/// Those of these groups that were there at an instant, as they were then, in whatever state; in no order.
pub(crate) async fn groups_then(
    conn: &mut Conn,
    company: CompanyId,
    ids: &[GroupId],
    t: Timestamp,
) -> Result<Vec<Group>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    let all = conn.rows_each(&RECORD, &sets, recorded).await?.into_iter().flatten().collect();
    turn_back(conn, company, all, t).await
}

/// Every group that was there at an instant, as it was then, in whatever state; in no order.
pub(crate) async fn all_groups_then(conn: &mut Conn, company: CompanyId, t: Timestamp) -> Result<Vec<Group>> {
    let (mut found, mut after) = (Vec::new(), GroupId::NIL);
    loop {
        let all = conn.rows(&ALL_RECORDS, &[val(company), val(after), val(1000_u64)], recorded).await?;
        let Some((last, _)) = all.last() else { return Ok(found) };
        after = last.id;
        found.extend(turn_back(conn, company, all, t).await?);
    }
}

/// A person who was there at an instant, or is now. Of one who is erased since, only the id is left.
pub(crate) async fn person(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    then: Option<Timestamp>,
) -> Result<Option<Arc<Person>>> {
    let read = |row: Row<'_>| Ok((listed(row)?.0, row.opt_time(5)?));
    let Some((person, erased)) = conn.row(&PERSON, &[val(company), val(user)], read).await? else { return Ok(None) };
    let t = then.unwrap_or(Timestamp::MAX);
    if erased.is_some_and(|at| at <= t) {
        return Ok(None);
    }
    if then.is_some() {
        let mut born = conn.row(&BORN, &[val(company), val(user)], |row| row.time(0)).await?;
        if born.is_none() {
            // People who came with their company have no event of their own.
            born = conn.row(&FOUNDED, &[val(company)], |row| row.time(0)).await?;
        }
        if born.is_some_and(|at| at > t) {
            return Ok(None);
        }
    }
    Ok(Some(Arc::new(person)))
}

/// The people of these ids that there are or were, in their order; of those who are erased only the id is left.
pub(crate) async fn people(conn: &mut Conn, company: CompanyId, ids: &[UserId]) -> Result<Vec<Arc<Person>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    let found = conn.rows_each(&PERSON, &sets, |row| Ok(Arc::new(listed(row)?.0))).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The kind of the event at each revision.
pub(crate) async fn kinds(conn: &mut Conn, company: CompanyId, revisions: &[u64]) -> Result<Vec<Option<String>>> {
    let sets: Vec<Vec<Value<'_>>> = revisions.iter().map(|revision| vec![val(company), val(*revision)]).collect();
    let found = conn.rows_each(&KIND, &sets, |row| row.text(0)).await?;
    Ok(found.into_iter().map(|mut kinds| kinds.pop()).collect())
}

/// Who last deactivated a user by an instant: a user id, `platform` or `system`.
pub(crate) async fn who_deactivated(
    conn: &mut Conn,
    company: CompanyId,
    user: UserId,
    t: Timestamp,
) -> Result<Option<UserId>> {
    let actor = conn.row(&DEACTIVATED, &[val(company), val(user), val(t)], |row| row.text(0)).await?;
    Ok(actor.and_then(|actor| actor.parse().ok()).map(UserId::new))
}
