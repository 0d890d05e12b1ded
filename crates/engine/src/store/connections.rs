//! Rows of connections. One that was taken away keeps its row: reasons of the past name it.

use guildhall_domain::connection::{Adopt, Connection};
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result, Timestamp};

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "c.connection_id, c.name, c.kind, c.owner_id, c.one_way, c.adopt, c.settings, c.brake_members, c.brake_percent, c.last_run_at, c.last_ok_at, c.last_error, c.created_at, c.updated_at, c.version"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from connections c where c.company_id = $1 and c.connection_id = $2 and c.deleted_at is null");
    LIST = concat!("select ", columns!(), " from connections c where c.company_id = $1 and c.deleted_at is null and c.connection_id > $2
             order by c.connection_id limit $3 offset $4");
    NAMED = "select c.connection_id from connections c where c.company_id = $1 and c.name_key = $2 and c.deleted_at is null";
    INSERT = "insert into connections (company_id, connection_id, name, name_key, kind, owner_id, one_way, adopt, settings, brake_members, brake_percent, created_at, updated_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing";
    UPDATE = "update connections set name = $3, name_key = $4, kind = $5, owner_id = $6, one_way = $7, adopt = $8, settings = $9, brake_members = $10, brake_percent = $11, created_at = $12, updated_at = $13, version = $14
              where company_id = $1 and connection_id = $2";
    RAN = "update connections set last_run_at = $3, last_ok_at = coalesce($4, last_ok_at), last_error = $5 where company_id = $1 and connection_id = $2";
    DELETE = "update connections set deleted_at = $3, updated_at = $3, version = $4, owner_id = null where company_id = $1 and connection_id = $2";
    OF_GROUP = concat!("select ", columns!(), " from links l join connections c on c.company_id = l.company_id and c.connection_id = l.connection_id
              where l.company_id = $1 and l.object_id = $2 and l.noun = 'group' and l.ended_at is null");
    FORGET = "delete from connections where company_id = $1";
}

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn read(row: Row<'_>) -> Result<Connection> {
    Ok(Connection {
        id: row.id(0)?,
        name: row.text(1)?,
        kind: row.text(2)?,
        owner: row.opt_id(3)?,
        one_way: row.flag(4)?,
        adopt: row.look(5, |w| Adopt::parse("adopt", w).map_err(Error::internal))?,
        settings: row.text(6)?,
        brake_members: row.opt_count(7)?.map(small),
        brake_percent: row.opt_count(8)?.map(small),
        last_run_at: row.opt_time(9)?,
        last_ok_at: row.opt_time(10)?,
        last_error: row.opt_text(11)?,
        created_at: row.time(12)?,
        updated_at: row.time(13)?,
        version: row.count(14)?,
    })
}

fn written<'a>(company: CompanyId, c: &'a Connection) -> Vec<Value<'a>> {
    vec![
        val(company),
        val(c.id),
        val(&c.name),
        val(fold(&c.name)),
        val(&c.kind),
        val(c.owner),
        val(c.one_way),
        val(c.adopt.word()),
        val(&c.settings),
        val(c.brake_members),
        val(c.brake_percent),
        val(c.created_at),
        val(c.updated_at),
        val(c.version),
    ]
}

/// The connection, unless it was taken away.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: ConnectionId) -> Result<Option<Connection>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// One page of the connections of a company, by id.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    ask: &Ask<ConnectionId>,
) -> Result<Page<Connection, ConnectionId>> {
    let (after, offset) = match ask.from {
        From::Start => (ConnectionId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (ConnectionId::NIL, n),
    };
    let rows = conn.rows(&LIST, &[val(company), val(after), val(ask.limit + 1), val(offset)], read).await?;
    Ok(Page::cut(rows, ask.limit, None, |connection| connection.id))
}

/// The connection of this name.
pub(crate) async fn named(conn: &mut Conn, company: CompanyId, name: &str) -> Result<Option<ConnectionId>> {
    conn.row(&NAMED, &[val(company), val(fold(name))], |row| row.id(0)).await
}

/// Makes the row of a connection; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, connection: &Connection) -> Result<bool> {
    Ok(conn.run(&INSERT, &written(company, connection)).await? == 1)
}

/// Writes a connection's record; how its runs went stays as it is.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, connection: &Connection) -> Result<()> {
    conn.run(&UPDATE, &written(company, connection)).await.map(drop)
}

/// Notes how a run went.
pub(crate) async fn ran(
    conn: &mut Conn,
    company: CompanyId,
    id: ConnectionId,
    at: Timestamp,
    error: Option<&str>,
) -> Result<()> {
    let ok = error.is_none().then_some(at);
    conn.run(&RAN, &[val(company), val(id), val(at), val(ok), val(error)]).await.map(drop)
}

/// Takes a connection away; its name is free again.
pub(crate) async fn delete(
    conn: &mut Conn,
    company: CompanyId,
    id: ConnectionId,
    now: Timestamp,
    version: u64,
) -> Result<()> {
    conn.run(&DELETE, &[val(company), val(id), val(now), val(version)]).await.map(drop)
}

/// The connection that a group comes from.
pub(crate) async fn of_group(conn: &mut Conn, company: CompanyId, group: GroupId) -> Result<Option<Connection>> {
    conn.row(&OF_GROUP, &[val(company), val(group)], read).await
}

/// Removes the connections of a company whose import failed.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<()> {
    conn.run(&FORGET, &[val(company)]).await.map(drop)
}
