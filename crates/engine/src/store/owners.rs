//! Rows of group owners.

use guildhall_domain::group::Owner;
use guildhall_domain::ids::{CompanyId, GroupId};
use guildhall_domain::{Error, Result};

use super::{Conn, Row, Value, sql, val};

sql! {
    OF_GROUP = "select owner_id, owner_kind from owners where company_id = $1 and group_id = $2 order by owner_id";
    INSERT = "insert into owners (company_id, group_id, owner_id, owner_kind) values ($1, $2, $3, $4) on conflict do nothing";
    DELETE = "delete from owners where company_id = $1 and group_id = $2 and owner_id = $3";
    DROP_OWNER = "delete from owners where company_id = $1 and owner_id = $2";
    FORGET = "delete from owners where company_id = $1 and (group_id, owner_id) in (select o.group_id, o.owner_id from owners o
              where o.company_id = $1 order by o.group_id, o.owner_id limit 5000)";
}

fn read(row: Row<'_>) -> Result<Owner> {
    row.look(1, |kind| match kind {
        "user" => Ok(Owner::User(row.id(0)?)),
        "group" => Ok(Owner::Group(row.id(0)?)),
        other => Err(Error::internal(format!("owner kind {other}"))),
    })
}

fn written(company: CompanyId, group: GroupId, owner: Owner) -> Vec<Value<'static>> {
    let (id, kind) = match owner {
        Owner::User(id) => (id.uuid(), "user"),
        Owner::Group(id) => (id.uuid(), "group"),
    };
    vec![val(company), val(group), val(id), val(kind)]
}

/// The owners of a group.
pub(crate) async fn of_group(conn: &mut Conn, company: CompanyId, group: GroupId) -> Result<Vec<Owner>> {
    conn.rows(&OF_GROUP, &[val(company), val(group)], read).await
}

/// The owners of each of many groups, in their order.
pub(crate) async fn of_groups(conn: &mut Conn, company: CompanyId, groups: &[GroupId]) -> Result<Vec<Vec<Owner>>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group)]).collect();
    conn.rows_each(&OF_GROUP, &sets, read).await
}

/// Adds owners; for each, whether they are new.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, owners: &[(GroupId, Owner)]) -> Result<Vec<bool>> {
    let sets: Vec<_> = owners.iter().map(|(group, owner)| written(company, *group, *owner)).collect();
    Ok(conn.run_each(&INSERT, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Removes owners; for each, whether they were there.
pub(crate) async fn delete(conn: &mut Conn, company: CompanyId, group: GroupId, owners: &[Owner]) -> Result<Vec<bool>> {
    let sets: Vec<_> = owners
        .iter()
        .map(|owner| {
            let mut values = written(company, group, *owner);
            values.truncate(3);
            values
        })
        .collect();
    Ok(conn.run_each(&DELETE, &sets).await?.into_iter().map(|n| n == 1).collect())
}

/// Ends everything that somebody owns.
pub(crate) async fn drop_owner(conn: &mut Conn, company: CompanyId, owner: uuid::Uuid) -> Result<()> {
    conn.run(&DROP_OWNER, &[val(company), val(owner)]).await.map(drop)
}

/// Removes some owners of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}
