//! Rows of releases: what a key may take out of a group in spite of the brake.

use guildhall_domain::ids::{CompanyId, GroupId, KeyId};
use guildhall_domain::{Result, Timestamp};

use super::{Conn, sql, val};

sql! {
    PUT = "insert into releases (company_id, group_id, key_id, removals, until_at) values ($1, $2, $3, $4, $5)
           on conflict (company_id, group_id, key_id) do update set removals = excluded.removals, until_at = excluded.until_at";
    SPEND = "update releases set removals = removals - $4 where company_id = $1 and group_id = $2 and key_id = $3 and removals >= $4 and until_at > $5";
}

/// Lets a key remove so many members until then, in place of what it was let before.
pub(crate) async fn put(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    key: KeyId,
    removals: u32,
    until: Timestamp,
) -> Result<()> {
    conn.run(&PUT, &[val(company), val(group), val(key), val(removals), val(until)]).await.map(drop)
}

/// Spends removals that a key was let; false when it was not let so many.
pub(crate) async fn spend(
    conn: &mut Conn,
    company: CompanyId,
    group: GroupId,
    key: KeyId,
    removals: u64,
    now: Timestamp,
) -> Result<bool> {
    Ok(conn.run(&SPEND, &[val(company), val(group), val(key), val(removals), val(now)]).await? == 1)
}
