//! Rows of roles, and of the groups that give them. A grant is opened once and closed once, never overwritten.

use guildhall_domain::ids::{CompanyId, GroupId, RoleId, UserId};
use guildhall_domain::role::{AccessRole, Act, Grant, Permission, Permit, Power, Predicate, PredicateType, Scope};
use guildhall_domain::{Error, Result, Timestamp};
use serde_json::{Value as Json, json};

use super::{Conn, Row, Value, sql, val};
use crate::secrets::hash_parts;

macro_rules! columns {
    () => {
        "r.role_id, r.name, r.description, r.permissions, r.created_at, r.created_by, r.updated_at, r.updated_by, r.version"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from roles r where r.company_id = $1 and r.role_id = $2 and r.deleted_at is null");
    RECORD = concat!("select ", columns!(), " from roles r where r.company_id = $1 and r.role_id = $2");
    ALL_OF = concat!("select ", columns!(), " from roles r where r.company_id = $1 and r.role_id > $2 and r.deleted_at is null order by r.role_id limit $3");
    INSERT = "insert into roles (company_id, role_id, name, description, permissions, created_at, created_by, updated_at, updated_by, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing";
    UPDATE = "update roles set name = $3, description = $4, permissions = $5, created_at = $6, created_by = $7, updated_at = $8, updated_by = $9, version = $10
              where company_id = $1 and role_id = $2";
    DELETE = "update roles set deleted_at = $3, version = $4 where company_id = $1 and role_id = $2";
    OF_GROUP = "select g.group_id, g.role_id, g.scope from grants g where g.company_id = $1 and g.group_id = $2 and g.closed_rev is null order by g.role_id, g.scope_key";
    OF_ROLE = "select g.group_id, g.role_id, g.scope from grants g where g.company_id = $1 and g.role_id = $2 and g.closed_rev is null order by g.group_id, g.scope_key";
    OF_GROUP_THEN = "select distinct g.role_id from grants g where g.company_id = $1 and g.group_id = $2 and g.opened_at <= $3 and (g.closed_at is null or g.closed_at > $3) order by g.role_id";
    OF_ROLE_THEN = "select distinct g.group_id from grants g where g.company_id = $1 and g.role_id = $2 and g.opened_at <= $3 and (g.closed_at is null or g.closed_at > $3) order by g.group_id";
    GRANTS = "select g.group_id, g.role_id, g.scope, g.scope_key from grants g where g.company_id = $1 and (g.group_id, g.role_id, g.scope_key) > ($2, $3, $4)
              and g.closed_rev is null order by g.group_id, g.role_id, g.scope_key limit $5";
    POWERS = "select g.group_id, g.power from grants g where g.company_id = $1 and g.closed_rev is null and g.power > 0 order by g.group_id";
    OPEN = "insert into grants (company_id, group_id, role_id, scope_key, scope, power, opened_rev, opened_at, opened_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
    CLOSE = "update grants set closed_at = $5, closed_rev = $6, closed_by = $7 where company_id = $1 and group_id = $2 and role_id = $3 and scope_key = $4 and closed_rev is null";
    FORGET_GRANTS = "delete from grants where company_id = $1 and (group_id, role_id, scope_key, opened_rev) in (select g.group_id, g.role_id, g.scope_key, g.opened_rev from grants g
                     where g.company_id = $1 order by g.group_id, g.role_id, g.scope_key, g.opened_rev limit 5000)";
    FORGET = "delete from roles where company_id = $1";
    EMPOWER = "update grants set power = $5 where company_id = $1 and group_id = $2 and role_id = $3 and scope_key = $4 and closed_rev is null";
}

/// A role's permissions as they are stored and told in events.
pub(crate) fn permissions_text(permissions: &[Permit]) -> String {
    let one = |permit: &Permit| {
        let actions: Vec<&str> = permit.actions.iter().map(|act| act.word()).collect();
        json!({"permission": permit.permission.word(), "actions": actions})
    };
    Json::Array(permissions.iter().map(one).collect()).to_string()
}

fn read_permissions(text: &str) -> Result<Vec<Permit>> {
    let all: Vec<Json> = serde_json::from_str(text).map_err(Error::internal)?;
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let one = |value: &Json| {
        let actions = value["actions"].as_array().into_iter().flatten();
        Ok(Permit {
            permission: Permission::parse("permission", &word(&value["permission"])).map_err(Error::internal)?,
            actions: actions
                .map(|act| Act::parse("action", &word(act)).map_err(Error::internal))
                .collect::<Result<_>>()?,
        })
    };
    all.iter().map(one).collect()
}

/// A scope as it is stored and told in events, and as companies v3 writes it.
pub fn scope_json(scope: &Scope) -> Json {
    let predicate = |p: &Predicate| json!({"type": p.kind.word(), "comparator": "IN", "values": p.values});
    let audience =
        |predicates: &Vec<Predicate>| json!({"predicates": predicates.iter().map(predicate).collect::<Vec<_>>()});
    json!({"audiences": scope.audiences().iter().map(audience).collect::<Vec<_>>()})
}

pub(super) fn read_scope(text: &str) -> Result<Scope> {
    let json: Json = serde_json::from_str(text).map_err(Error::internal)?;
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let predicate = |value: &Json| {
        Ok(Predicate {
            kind: PredicateType::parse("type", &word(&value["type"])).map_err(Error::internal)?,
            values: value["values"].as_array().into_iter().flatten().map(word).collect(),
        })
    };
    let audience = |value: &Json| value["predicates"].as_array().into_iter().flatten().map(predicate).collect();
    let audiences = json["audiences"].as_array().into_iter().flatten().map(audience).collect::<Result<_>>()?;
    Scope::new("scope", audiences).map_err(Error::internal)
}

/// What two equal scopes share.
fn scope_key(text: &str) -> Vec<u8> {
    hash_parts([text.as_bytes()])[..16].to_vec()
}

fn read(company: CompanyId) -> impl Fn(Row<'_>) -> Result<AccessRole> {
    move |row| {
        Ok(AccessRole {
            id: row.id(0)?,
            company: (company != CompanyId::PLATFORM).then_some(company),
            name: row.text(1)?,
            description: row.text(2)?,
            permissions: row.look(3, read_permissions)?,
            created_at: row.time(4)?,
            created_by: row.opt_id(5)?,
            updated_at: row.time(6)?,
            updated_by: row.opt_id(7)?,
            version: row.count(8)?,
        })
    }
}

fn read_grant(row: Row<'_>) -> Result<Grant> {
    Ok(Grant { group: row.id(0)?, role: row.id(1)?, scope: row.look(2, read_scope)? })
}

fn written(company: CompanyId, role: &AccessRole) -> Vec<Value<'_>> {
    vec![
        val(company),
        val(role.id),
        val(&role.name),
        val(&role.description),
        val(permissions_text(&role.permissions)),
        val(role.created_at),
        val(role.created_by),
        val(role.updated_at),
        val(role.updated_by),
        val(role.version),
    ]
}

/// A role that the company gives or gave, its own or the platform's, also one that was deleted.
pub(crate) async fn ever(conn: &mut Conn, company: CompanyId, id: RoleId) -> Result<Option<AccessRole>> {
    match conn.row(&RECORD, &[val(company), val(id)], read(company)).await? {
        None => conn.row(&RECORD, &[val(CompanyId::PLATFORM), val(id)], read(CompanyId::PLATFORM)).await,
        found => Ok(found),
    }
}

/// A role of this company itself.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: RoleId) -> Result<Option<AccessRole>> {
    conn.row(&GET, &[val(company), val(id)], read(company)).await
}

/// The `limit` roles of this company itself behind `after`, by id.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId, after: RoleId, limit: u32) -> Result<Vec<AccessRole>> {
    conn.rows(&ALL_OF, &[val(company), val(after), val(limit)], read(company)).await
}

/// Makes a role's row; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, role: &AccessRole) -> Result<bool> {
    Ok(conn.run(&INSERT, &written(company, role)).await? == 1)
}

/// Writes a role's row.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, role: &AccessRole) -> Result<()> {
    conn.run(&UPDATE, &written(company, role)).await.map(drop)
}

/// Takes a role away; its row stays for what happened before.
pub(crate) async fn delete(
    conn: &mut Conn,
    company: CompanyId,
    id: RoleId,
    now: Timestamp,
    version: u64,
) -> Result<()> {
    conn.run(&DELETE, &[val(company), val(id), val(now), val(version)]).await.map(drop)
}

/// What a group gives.
pub(crate) async fn of_group(conn: &mut Conn, company: CompanyId, group: GroupId) -> Result<Vec<Grant>> {
    conn.rows(&OF_GROUP, &[val(company), val(group)], read_grant).await
}

/// What each of many groups gives, in their order.
pub(crate) async fn of_groups(conn: &mut Conn, company: CompanyId, groups: &[GroupId]) -> Result<Vec<Vec<Grant>>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group)]).collect();
    conn.rows_each(&OF_GROUP, &sets, read_grant).await
}

/// Which groups give a role.
pub(crate) async fn of_role(conn: &mut Conn, company: CompanyId, role: RoleId) -> Result<Vec<Grant>> {
    conn.rows(&OF_ROLE, &[val(company), val(role)], read_grant).await
}

/// The roles that each of many groups gave at an instant, each once, in their order.
pub(crate) async fn given_then(
    conn: &mut Conn,
    company: CompanyId,
    groups: &[GroupId],
    t: Timestamp,
) -> Result<Vec<Vec<RoleId>>> {
    let sets: Vec<Vec<Value<'_>>> = groups.iter().map(|group| vec![val(company), val(*group), val(t)]).collect();
    conn.rows_each(&OF_GROUP_THEN, &sets, |row| row.id(0)).await
}

/// The groups that gave a role at an instant, each once, by id.
pub(crate) async fn giving_then(
    conn: &mut Conn,
    company: CompanyId,
    role: RoleId,
    t: Timestamp,
) -> Result<Vec<GroupId>> {
    conn.rows(&OF_ROLE_THEN, &[val(company), val(role), val(t)], |row| row.id(0)).await
}

/// Everything that the groups of a company give, by group.
pub(crate) async fn grants(conn: &mut Conn, company: CompanyId) -> Result<Vec<Grant>> {
    const PAGE: u32 = 10_000;
    let (mut all, mut after) = (Vec::new(), Some((GroupId::NIL, RoleId::NIL, Vec::new())));
    while let Some((group, role, key)) = after {
        let values = [val(company), val(group), val(role), val(key), val(PAGE)];
        let page = conn.rows(&GRANTS, &values, |row| Ok((row.bytes(3)?, read_grant(row)?))).await?;
        let full = page.len() == PAGE as usize;
        after = page.last().filter(|_| full).map(|(key, grant)| (grant.group, grant.role, key.clone()));
        all.extend(page.into_iter().map(|(_, grant)| grant));
    }
    Ok(all)
}

/// The groups that give power in Guildhall itself, and how much.
pub(crate) async fn powers(conn: &mut Conn, company: CompanyId) -> Result<Vec<(GroupId, Power)>> {
    conn.rows(&POWERS, &[val(company)], |row| Ok((row.id(0)?, Power::of_number(row.count(1)?)))).await
}

/// Opens a grant in the event `revision`; false when it stands already.
pub(crate) async fn open(
    conn: &mut Conn,
    company: CompanyId,
    grant: &Grant,
    power: Power,
    (now, revision, by): (Timestamp, u64, Option<UserId>),
) -> Result<bool> {
    let text = scope_json(&grant.scope).to_string();
    let values = [
        val(company),
        val(grant.group),
        val(grant.role),
        val(scope_key(&text)),
        val(text),
        val(power.number()),
        val(revision),
        val(now),
        val(by),
    ];
    Ok(conn.run(&OPEN, &values).await? == 1)
}

/// Closes a grant in the event `revision`; false when none stands.
pub(crate) async fn close(
    conn: &mut Conn,
    company: CompanyId,
    grant: &Grant,
    (now, revision, by): (Timestamp, u64, Option<UserId>),
) -> Result<bool> {
    let key = scope_key(&scope_json(&grant.scope).to_string());
    let values = [val(company), val(grant.group), val(grant.role), val(key), val(now), val(revision), val(by)];
    Ok(conn.run(&CLOSE, &values).await? == 1)
}

/// Writes what a standing grant comes to in Guildhall itself.
pub(crate) async fn empower(conn: &mut Conn, company: CompanyId, grant: &Grant, power: Power) -> Result<()> {
    let key = scope_key(&scope_json(&grant.scope).to_string());
    let values = [val(company), val(grant.group), val(grant.role), val(key), val(power.number())];
    conn.run(&EMPOWER, &values).await.map(drop)
}

/// Removes some grants of a company whose import failed, and then its roles; how many grants, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    let gone = conn.run(&FORGET_GRANTS, &[val(company)]).await?;
    if gone == 0 {
        conn.run(&FORGET, &[val(company)]).await?;
    }
    Ok(gone)
}
