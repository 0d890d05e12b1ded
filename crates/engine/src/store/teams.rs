//! Rows of teams and of who is in them.

use guildhall_domain::group::Owner;
use guildhall_domain::ids::{CompanyId, GroupId, TeamId, UserId};
use guildhall_domain::team::{Team, TeamKind};
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "t.team_id, t.name, t.icon, t.kind, t.description, t.settings, t.is_default, t.onboarded, t.created_at, t.updated_at, t.archived_at, t.version"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from teams t where t.company_id = $1 and t.team_id = $2");
    // By the key, which is in the order of creation.
    LIST = concat!("select ", columns!(), " from teams t where t.company_id = $1 and t.team_id > $2 order by t.team_id limit $3");
    DEFAULT = "select team_id from teams where company_id = $1 and is_default";
    INSERT = "insert into teams (company_id, team_id, name, icon, kind, description, settings, is_default, onboarded, created_at, updated_at, archived_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    UPDATE = "update teams set name = $3, icon = $4, kind = $5, description = $6, settings = $7, is_default = $8, onboarded = $9, updated_at = $10, archived_at = $11, version = $12
              where company_id = $1 and team_id = $2";
    TOUCH = "update teams set updated_at = $3 where company_id = $1 and team_id = $2";
    JOIN = "insert into team_members (company_id, team_id, member_id, is_group, added_at, added_by) values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    LEAVE = "delete from team_members where company_id = $1 and team_id = $2 and member_id = $3";
    MEMBERS = "select m.member_id, m.is_group from team_members m where m.company_id = $1 and m.team_id = $2 order by m.member_id limit 10000";
    OF_MEMBER = "select m.team_id from team_members m where m.company_id = $1 and m.member_id = $2 order by m.team_id";
}

fn read(row: Row<'_>) -> Result<Team> {
    Ok(Team {
        id: row.id(0)?,
        name: row.text(1)?,
        icon: row.opt_text(2)?,
        kind: row.look(3, |w| TeamKind::parse("kind", w).map_err(Error::internal))?,
        description: row.opt_text(4)?,
        settings: row.text(5)?,
        is_default: row.flag(6)?,
        onboarded: row.flag(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
        archived_at: row.opt_time(10)?,
        version: row.count(11)?,
    })
}

/// The team.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: TeamId) -> Result<Option<Team>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// The first `limit` teams of a company, in the order of their creation.
pub(crate) async fn list(conn: &mut Conn, company: CompanyId, limit: u32) -> Result<Vec<Team>> {
    conn.rows(&LIST, &[val(company), val(TeamId::NIL), val(limit)], read).await
}

/// The default team.
pub(crate) async fn default_of(conn: &mut Conn, company: CompanyId) -> Result<Option<TeamId>> {
    conn.row(&DEFAULT, &[val(company)], |row| row.id(0)).await
}

/// Makes the row of a team.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, t: &Team) -> Result<()> {
    let values = [
        val(company),
        val(t.id),
        val(&t.name),
        val(&t.icon),
        val(t.kind.word()),
        val(&t.description),
        val(&t.settings),
        val(t.is_default),
        val(t.onboarded),
        val(t.created_at),
        val(t.updated_at),
        val(t.archived_at),
        val(t.version),
    ];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Writes a team's record.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, t: &Team) -> Result<()> {
    let values = [
        val(company),
        val(t.id),
        val(&t.name),
        val(&t.icon),
        val(t.kind.word()),
        val(&t.description),
        val(&t.settings),
        val(t.is_default),
        val(t.onboarded),
        val(t.updated_at),
        val(t.archived_at),
        val(t.version),
    ];
    conn.run(&UPDATE, &values).await.map(drop)
}

fn member(owner: &Owner) -> (Uuid, bool) {
    match owner {
        Owner::User(user) => (user.uuid(), false),
        Owner::Group(group) => (group.uuid(), true),
    }
}

/// Puts people and groups into a team; for each, whether that is new.
pub(crate) async fn join(
    conn: &mut Conn,
    company: CompanyId,
    team: TeamId,
    members: &[Owner],
    now: Timestamp,
    by: Option<UserId>,
) -> Result<Vec<bool>> {
    let set = |owner: &Owner| {
        let (id, is_group) = member(owner);
        vec![val(company), val(team), val(id), val(is_group), val(now), val(by)]
    };
    let sets: Vec<Vec<Value<'_>>> = members.iter().map(set).collect();
    Ok(conn.run_each(&JOIN, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Takes somebody out of a team; were they in it?
pub(crate) async fn leave(conn: &mut Conn, company: CompanyId, team: TeamId, owner: &Owner) -> Result<bool> {
    Ok(conn.run(&LEAVE, &[val(company), val(team), val(member(owner).0)]).await? == 1)
}

/// Notes that the membership of a team changed.
pub(crate) async fn touch(conn: &mut Conn, company: CompanyId, team: TeamId, now: Timestamp) -> Result<()> {
    conn.run(&TOUCH, &[val(company), val(team), val(now)]).await.map(drop)
}

/// Who is in a team.
pub(crate) async fn members(conn: &mut Conn, company: CompanyId, team: TeamId) -> Result<Vec<Owner>> {
    conn.rows(&MEMBERS, &[val(company), val(team)], |row| {
        let id: Uuid = row.id(0)?;
        Ok(if row.flag(1)? { Owner::Group(GroupId::new(id)) } else { Owner::User(UserId::new(id)) })
    })
    .await
}

/// The teams that each of these people or groups is in.
pub(crate) async fn of_members(conn: &mut Conn, company: CompanyId, members: &[Uuid]) -> Result<Vec<TeamId>> {
    let sets: Vec<Vec<Value<'_>>> = members.iter().map(|id| vec![val(company), val(*id)]).collect();
    Ok(conn.rows_each(&OF_MEMBER, &sets, |row| row.id(0)).await?.into_iter().flatten().collect())
}
