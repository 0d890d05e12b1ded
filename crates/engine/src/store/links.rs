//! Rows of links: which people and groups a connection knows, and under which id of its own.
//!
//! A link that has ended stays as a mark that the connection wants to see the person or group no more.

use guildhall_domain::connection::{Link, Noun};
use guildhall_domain::ids::{CompanyId, ConnectionId, GroupId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result, Timestamp};
use uuid::Uuid;

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "l.connection_id, l.noun, l.object_id, l.external_id, l.made, l.linked_at"
    };
}

sql! {
    GET = concat!("select ", columns!(), ", l.ended_at from links l where l.company_id = $1 and l.connection_id = $2 and l.noun = $3 and l.object_id = $4");
    BY_EXTERNAL_ID = "select l.object_id from links l where l.company_id = $1 and l.connection_id = $2 and l.noun = $3 and l.external_id = $4 and l.ended_at is null";
    OF_OBJECT = concat!("select ", columns!(), " from links l where l.company_id = $1 and l.object_id = $2 and l.ended_at is null order by l.connection_id");
    LIST = concat!("select ", columns!(), " from links l where l.company_id = $1 and l.connection_id = $2 and l.noun = $3 and l.object_id > $4 and l.ended_at is null
             order by l.object_id limit $5 offset $6");
    SAID = "select l.object_id, l.external_id, l.said from links l where l.company_id = $1 and l.connection_id = $2 and l.noun = $3 and l.object_id > $4 and l.ended_at is null
            order by l.object_id limit $5";
    SAID_OF = "select l.said from links l where l.company_id = $1 and l.connection_id = $2 and l.noun = $3 and l.object_id = $4 and l.ended_at is null";
    SAY = "update links set said = $5 where company_id = $1 and connection_id = $2 and noun = $3 and object_id = $4 and ended_at is null";
    PUT = "insert into links (company_id, connection_id, noun, object_id, external_id, made, linked_at) values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (company_id, connection_id, noun, object_id) do update set external_id = $5, made = $6, linked_at = $7, ended_at = null";
    END = "insert into links (company_id, connection_id, noun, object_id, made, linked_at, ended_at) values ($1, $2, $3, $4, $5, $6, $6)
           on conflict (company_id, connection_id, noun, object_id) do update set external_id = null, said = null, ended_at = $6";
    UNMARK = "delete from links where company_id = $1 and connection_id = $2 and noun = $3 and object_id = $4 and ended_at is not null";
    END_USERS = "update links set external_id = null, ended_at = $3 where company_id = $1 and connection_id = $2 and noun = 'user' and ended_at is null";
    END_GROUPS = "update links set external_id = null, ended_at = $3 where company_id = $1 and connection_id = $2 and noun = 'group' and ended_at is null";
    DROP_OBJECT = "delete from links where company_id = $1 and connection_id in (select c.connection_id from connections c where c.company_id = $1)
                   and noun = $3 and object_id = $2";
    // What synced memberships of an import say: their connection knows the user and keeps the group.
    LEARN_USERS = "insert into links (company_id, connection_id, noun, object_id, external_id, made, linked_at)
                   select u.company_id, c.connection_id, 'user', u.user_id, u.external_id, false, $3 from connections c
                   join users u on u.company_id = c.company_id and u.user_id in (
                     select r.user_id from reasons r where r.company_id = $1 and r.source_id = $2 and r.kind = 'synced' and r.closed_rev is null)
                   where c.company_id = $1 and c.connection_id = $2 on conflict do nothing";
    LEARN_GROUPS = "insert into links (company_id, connection_id, noun, object_id, external_id, made, linked_at)
                    select g.company_id, c.connection_id, 'group', g.group_id, g.external_id, false, $3 from connections c
                    join groups g on g.company_id = c.company_id and g.group_id in (
                      select r.group_id from reasons r where r.company_id = $1 and r.source_id = $2 and r.kind = 'synced' and r.closed_rev is null)
                    where c.company_id = $1 and c.connection_id = $2 on conflict do nothing";
    // What a connection keeps: the reasons it has given and not ended.
    GROUPS_KEPT = "select distinct r.group_id from reasons r where r.company_id = $1 and r.source_id = $2 and r.kind = 'synced' and r.closed_rev is null order by r.group_id";
    USERS_KEPT = "select r.user_id from reasons r where r.company_id = $1 and r.source_id = $2 and r.group_id = $3 and r.kind = 'synced' and r.closed_rev is null order by r.user_id";
    GROUPS_KEPT_OF_USER = "select r.group_id from reasons r where r.company_id = $1 and r.user_id = $2 and r.source_id = $3 and r.kind = 'synced' and r.closed_rev is null order by r.group_id";
    FORGET = "delete from links where company_id = $1 and (connection_id, noun, object_id) in (select l.connection_id, l.noun, l.object_id from links l
              where l.company_id = $1 order by l.connection_id, l.noun, l.object_id limit 5000)";
}

/// Links read at a time.
const PAGE: u32 = 1000;

fn read(row: Row<'_>) -> Result<Link> {
    Ok(Link {
        connection: row.id(0)?,
        noun: row.look(1, |w| Noun::parse("noun", w).map_err(Error::internal))?,
        object: row.id(2)?,
        external_id: row.opt_text(3)?,
        made: row.flag(4)?,
        linked_at: row.time(5)?,
    })
}

/// How a connection stands to a person or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has never heard of them.
    No,
    /// It knows them.
    Linked(Link),
    /// It has taken them out of its own sight; true where it had made them.
    Ended(bool),
}

/// How a connection stands to a person or group.
pub(crate) async fn known(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    object: Uuid,
) -> Result<Known> {
    let values = [val(company), val(connection), val(noun.word()), val(object)];
    let row = conn.row(&GET, &values, |row| Ok((read(row)?, row.opt_time(6)?))).await?;
    Ok(match row {
        None => Known::No,
        Some((link, None)) => Known::Linked(link),
        Some((link, Some(_))) => Known::Ended(link.made),
    })
}

/// How a connection stands to each of many, in their order.
pub(crate) async fn known_each(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    objects: &[Uuid],
) -> Result<Vec<Known>> {
    let sets: Vec<Vec<Value<'_>>> =
        objects.iter().map(|id| vec![val(company), val(connection), val(noun.word()), val(*id)]).collect();
    let rows = conn.rows_each(&GET, &sets, |row| Ok((read(row)?, row.opt_time(6)?))).await?;
    Ok(rows
        .into_iter()
        .map(|mut rows| match rows.pop() {
            None => Known::No,
            Some((link, None)) => Known::Linked(link),
            Some((link, Some(_))) => Known::Ended(link.made),
        })
        .collect())
}

/// Whom a connection knows by this id of its own.
pub(crate) async fn by_external_id(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    id: &str,
) -> Result<Option<Uuid>> {
    let values = [val(company), val(connection), val(noun.word()), val(id)];
    conn.row(&BY_EXTERNAL_ID, &values, |row| row.id(0)).await
}

/// The connections that know a person or group.
pub(crate) async fn of_object(conn: &mut Conn, company: CompanyId, object: Uuid) -> Result<Vec<Link>> {
    conn.rows(&OF_OBJECT, &[val(company), val(object)], read).await
}

/// One page of what a connection knows, by id.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    ask: &Ask<Uuid>,
) -> Result<Page<Link, Uuid>> {
    let (after, offset) = match ask.from {
        From::Start => (Uuid::nil(), 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (Uuid::nil(), n),
    };
    let values = [val(company), val(connection), val(noun.word()), val(after), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(&LIST, &values, read).await?;
    Ok(Page::cut(rows, ask.limit, None, |link| link.object))
}

/// A link with what the source last said of what it leads to, as stored.
pub(crate) struct Said {
    pub object: Uuid,
    pub external_id: Option<String>,
    pub said: Option<String>,
}

/// All links of a connection to people, or to groups, with what its source last said.
pub(crate) async fn all_said(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
) -> Result<Vec<Said>> {
    let (mut all, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let values = [val(company), val(connection), val(noun.word()), val(after), val(PAGE)];
        let read =
            |row: Row<'_>| Ok(Said { object: row.id(0)?, external_id: row.opt_text(1)?, said: row.opt_text(2)? });
        let page = conn.rows(&SAID, &values, read).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.object;
        all.extend(page);
    }
}

/// What the source of a connection last said of a person or group.
pub(crate) async fn said(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    object: Uuid,
) -> Result<Option<String>> {
    let values = [val(company), val(connection), val(noun.word()), val(object)];
    Ok(conn.row(&SAID_OF, &values, |row| row.opt_text(0)).await?.flatten())
}

/// Keeps what the source of a connection says of a person or group.
pub(crate) async fn say(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    object: Uuid,
    said: &str,
) -> Result<()> {
    let values = [val(company), val(connection), val(noun.word()), val(object), val(said)];
    conn.run(&SAY, &values).await.map(drop)
}

/// Makes a link, or gives the one there is another external id.
pub(crate) async fn put(conn: &mut Conn, company: CompanyId, link: &Link) -> Result<()> {
    let values = [
        val(company),
        val(link.connection),
        val(link.noun.word()),
        val(link.object),
        val(&link.external_id),
        val(link.made),
        val(link.linked_at),
    ];
    conn.run(&PUT, &values).await.map(drop)
}

/// Ends a link, or marks where there was none; `made` is kept for the day it comes back.
pub(crate) async fn end(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    object: Uuid,
    made: bool,
    now: Timestamp,
) -> Result<()> {
    let values = [val(company), val(connection), val(noun.word()), val(object), val(made), val(now)];
    conn.run(&END, &values).await.map(drop)
}

/// Takes the mark of an ended link away.
pub(crate) async fn unmark(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    noun: Noun,
    object: Uuid,
) -> Result<()> {
    conn.run(&UNMARK, &[val(company), val(connection), val(noun.word()), val(object)]).await.map(drop)
}

/// Ends all links of a connection.
pub(crate) async fn end_all(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<()> {
    for statement in [&END_USERS, &END_GROUPS] {
        conn.run(statement, &[val(company), val(connection), val(now)]).await?;
    }
    Ok(())
}

/// Forgets that any connection knew a person or group.
pub(crate) async fn drop_object(conn: &mut Conn, company: CompanyId, noun: Noun, object: Uuid) -> Result<()> {
    conn.run(&DROP_OBJECT, &[val(company), val(object), val(noun.word())]).await.map(drop)
}

/// Links a connection to whom its synced memberships name, where nothing stands in the way.
pub(crate) async fn learn(conn: &mut Conn, company: CompanyId, connection: ConnectionId, now: Timestamp) -> Result<()> {
    for statement in [&LEARN_USERS, &LEARN_GROUPS] {
        conn.run(statement, &[val(company), val(connection), val(now)]).await?;
    }
    Ok(())
}

/// The groups in which a connection keeps anybody.
pub(crate) async fn groups_kept(conn: &mut Conn, company: CompanyId, connection: ConnectionId) -> Result<Vec<GroupId>> {
    conn.rows(&GROUPS_KEPT, &[val(company), val(connection)], |row| row.id(0)).await
}

/// Whom a connection keeps in a group, shown or not.
pub(crate) async fn users_kept(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    group: GroupId,
) -> Result<Vec<UserId>> {
    conn.rows(&USERS_KEPT, &[val(company), val(connection), val(group)], |row| row.id(0)).await
}

/// The groups in which a connection keeps a user.
pub(crate) async fn groups_kept_of_user(
    conn: &mut Conn,
    company: CompanyId,
    connection: ConnectionId,
    user: UserId,
) -> Result<Vec<GroupId>> {
    conn.rows(&GROUPS_KEPT_OF_USER, &[val(company), val(user), val(connection)], |row| row.id(0)).await
}

/// Removes some links of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
