//! Rows of users.

use std::collections::{BTreeSet, HashMap};

use guildhall_domain::caller::Role;
use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Order, Page};
use guildhall_domain::person::Person;
use guildhall_domain::user::{User, UserStatus};
use guildhall_domain::{Error, Result, Timestamp};

use super::db::like;
use super::many::{MANY, repeated};
use super::{Conn, Row, Value, absences, sql, val};

/// The columns of a user, in the order that [`read`] expects; `u` is the table.
macro_rules! user_columns {
    () => {
        "u.user_id, u.name, u.given_name, u.family_name, u.email, u.user_name, u.status, u.role, u.manager_id, u.external_id, u.attributes, u.created_at, u.updated_at, u.last_login, u.version"
    };
}

macro_rules! list {
    ($key:literal, $than:literal, $order:literal) => {
        concat!(
            "select ",
            user_columns!(),
            " from users u where u.company_id = $1 and u.erased_at is null and (",
            $key,
            ", u.user_id) ",
            $than,
            " ($2, $3) and u.search_key like $4 escape '\\' and (cast($5 as text) = '' or u.status = $5 or (cast($5 as text) = 'not inactive' and u.status <> 'inactive'))
             order by ",
            $key,
            " ",
            $order,
            ", u.user_id ",
            $order,
            " limit $6 offset $7"
        )
    };
}

macro_rules! called {
    ($times:expr, $select:literal, $key:literal) => {
        repeated!(
            $times,
            "",
            concat!(
                "select ",
                $select,
                ", u.user_id from users u where u.company_id = $1 and u.",
                $key,
                " = # and u.erased_at is null"
            ),
            " union all ",
            2,
            ""
        )
    };
}
pub(crate) use user_columns;

sql! {
    GET = concat!("select ", user_columns!(), " from users u where u.company_id = $1 and u.user_id = $2 and u.erased_at is null");
    BY_NAME_UP = list!("u.name_key", ">", "asc");
    BY_NAME_DOWN = list!("u.name_key", "<", "desc");
    BY_BIRTH_UP = list!("u.created_at", ">", "asc");
    BY_BIRTH_DOWN = list!("u.created_at", "<", "desc");
    COUNT = "select count(*) from users u where u.company_id = $1 and u.erased_at is null and u.search_key like $2 escape '\\'
             and (cast($3 as text) = '' or u.status = $3 or (cast($3 as text) = 'not inactive' and u.status <> 'inactive'))";
    STATUS = called!(1, "u.status", "user_id");
    STATUS_MANY = called!(MANY, "u.status", "user_id");
    BY_EMAIL = called!(1, "u.email_key", "email_key");
    BY_EMAIL_MANY = called!(MANY, "u.email_key", "email_key");
    BY_USER_NAME = "select u.user_id from users u where u.company_id = $1 and u.user_name_key = $2 and u.erased_at is null";
    BY_EXTERNAL_ID = called!(1, "u.external_id", "external_id");
    BY_EXTERNAL_ID_MANY = called!(MANY, "u.external_id", "external_id");
    ALL_BY_EXTERNAL_ID = concat!("select ", user_columns!(), " from users u where u.company_id = $1 and u.external_id = $2 and u.erased_at is null order by u.user_id limit $3");
    WITH_ATTRIBUTE = concat!("select ", user_columns!(), " from users u where u.company_id = $1 and u.erased_at is null and u.user_id > $2 and u.attributes like $3 escape '\\' order by u.user_id limit $4");
    ADMINS = "select u.user_id from users u where u.company_id = $1 and u.role = 'admin' and u.erased_at is null and u.status <> 'inactive' and u.user_id <> $2 limit 1";
    EVERY_ADMIN = "select u.user_id from users u where u.company_id = $1 and u.role = 'admin' and u.erased_at is null and u.status <> 'inactive' order by u.user_id limit 1000";
    INSERT = "insert into users (company_id, user_id, name, name_key, given_name, family_name, email, email_key, user_name, user_name_key, search_key,
              status, role, manager_id, external_id, attributes, created_at, updated_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) on conflict do nothing";
    UPDATE = "update users set name = $3, name_key = $4, given_name = $5, family_name = $6, email = $7, email_key = $8, user_name = $9, user_name_key = $10,
              search_key = $11, status = $12, role = $13, manager_id = $14, external_id = $15, attributes = $16, created_at = $17, updated_at = $18, version = $19
              where company_id = $1 and user_id = $2";
    ERASE = "update users set name = 'Erased', name_key = '', given_name = null, family_name = null, email = '', email_key = '', user_name = '', user_name_key = '',
             search_key = '', status = 'inactive', external_id = null, attributes = '{}', manager_id = null, updated_at = $3, version = $4, erased_at = $3
             where company_id = $1 and user_id = $2";
    ORPHAN = "update users set manager_id = null, updated_at = $3, version = $4 where company_id = $1 and manager_id = $2";
    ALL_OF = concat!("select ", user_columns!(), " from users u where u.company_id = $1 and u.erased_at is null and u.user_id > $2 order by u.user_id limit $3");
    PEOPLE = "select u.user_id, u.name, u.email, u.status, u.role from users u where u.company_id = $1 and u.erased_at is null and u.user_id > $2 order by u.user_id limit $3";
    PERSON = "select u.user_id, u.name, u.email, u.status, u.role from users u where u.company_id = $1 and u.user_id = $2 and u.erased_at is null";
    FORGET = "delete from users where company_id = $1 and user_id in (select u.user_id from users u where u.company_id = $1 order by u.user_id limit 5000)";
}

/// Reads a user from the columns that `user_columns!` names, the first of them at `at`.
pub(crate) fn read_at(row: Row<'_>, at: usize) -> Result<User> {
    Ok(User {
        id: row.id(at)?,
        name: row.text(at + 1)?,
        given_name: row.opt_text(at + 2)?,
        family_name: row.opt_text(at + 3)?,
        email: row.text(at + 4)?,
        user_name: row.text(at + 5)?,
        status: row.look(at + 6, |w| UserStatus::parse("status", w).map_err(Error::internal))?,
        role: row.look(at + 7, |w| Role::parse("role", w).map_err(Error::internal))?,
        manager: row.opt_id(at + 8)?,
        external_id: row.opt_text(at + 9)?,
        attributes: row.text(at + 10)?,
        created_at: row.time(at + 11)?,
        updated_at: row.time(at + 12)?,
        last_login: row.opt_time(at + 13)?,
        version: row.count(at + 14)?,
    })
}

fn read(row: Row<'_>) -> Result<User> {
    read_at(row, 0)
}

fn written<'a>(company: CompanyId, u: &'a User) -> Vec<Value<'a>> {
    let (name_key, email_key, user_name_key) = (fold(&u.name), fold(&u.email), fold(&u.user_name));
    let search_key = format!("{name_key}\n{email_key}\n{user_name_key}");
    vec![
        val(company),
        val(u.id),
        val(&u.name),
        val(name_key),
        val(&u.given_name),
        val(&u.family_name),
        val(&u.email),
        val(email_key),
        val(&u.user_name),
        val(user_name_key),
        val(search_key),
        val(u.status.word()),
        val(u.role.word()),
        val(u.manager),
        val(&u.external_id),
        val(&u.attributes),
        val(u.created_at),
        val(u.updated_at),
        val(u.version),
    ]
}

/// By what a listing of users is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserSort {
    /// By folded name, then id.
    #[default]
    Name,
    /// By creation, then id.
    Created,
}

/// Behind which row a page of users begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserKey {
    /// In a listing by name: the folded name and the id.
    Name(String, UserId),
    /// In a listing by creation: the instant and the id.
    Created(Timestamp, UserId),
}

/// Which users are asked for.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// A text that name, e-mail address or sign-in name must hold, in any letter case.
    pub text: Option<String>,
    /// The status.
    pub status: Option<UserStatus>,
    /// Only users who count: all but inactive ones. Goes before the status.
    pub counting: bool,
}

/// The user, unless erased.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: UserId) -> Result<Option<User>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// Each of `ids` that the company has, in their order; none in place of one it has not.
pub(crate) async fn get_each(conn: &mut Conn, company: CompanyId, ids: &[UserId]) -> Result<Vec<Option<User>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    Ok(conn.rows_each(&GET, &sets, read).await?.into_iter().map(|mut rows| rows.pop()).collect())
}

/// The users with this external id, by id, `limit` at most.
pub(crate) async fn all_by_external_id(conn: &mut Conn, company: CompanyId, id: &str, limit: u32) -> Result<Vec<User>> {
    conn.rows(&ALL_BY_EXTERNAL_ID, &[val(company), val(id), val(limit)], read).await
}

/// The `limit` users behind `after`, by id, whose attributes speak of `name` somewhere: whether it is a member, and
/// what its value is, is for the caller to see.
pub(crate) async fn with_attribute(
    conn: &mut Conn,
    company: CompanyId,
    name: &str,
    after: UserId,
    limit: u32,
) -> Result<Vec<User>> {
    conn.rows(&WITH_ATTRIBUTE, &[val(company), val(after), val(like(name)), val(limit)], read).await
}

/// One page of users.
pub(crate) async fn list(
    conn: &mut Conn,
    company: CompanyId,
    filter: &UserFilter,
    sort: UserSort,
    order: Order,
    ask: &Ask<UserKey>,
) -> Result<Page<User, UserKey>> {
    let pattern = filter.text.as_deref().map_or_else(|| "%".to_owned(), |text| like(&fold(text)));
    let status = if filter.counting { "not inactive" } else { filter.status.map_or("", UserStatus::word) };
    let offset = if let From::Offset(n) = ask.from { n } else { 0 };
    let (least, most) = (Value::from(uuid::Uuid::nil()), Value::from(uuid::Uuid::max()));
    let (statement, start) = match (sort, order) {
        (UserSort::Name, Order::Ascending) => (&BY_NAME_UP, [val(""), least]),
        (UserSort::Name, Order::Descending) => (&BY_NAME_DOWN, [val("\u{10FFFF}"), most]),
        (UserSort::Created, Order::Ascending) => (&BY_BIRTH_UP, [val(i64::MIN), least]),
        (UserSort::Created, Order::Descending) => (&BY_BIRTH_DOWN, [val(i64::MAX), most]),
    };
    let [first, second] = match (&ask.from, sort) {
        (From::After(UserKey::Name(name, id)), UserSort::Name) => [val(name), val(*id)],
        (From::After(UserKey::Created(at, id)), UserSort::Created) => [val(*at), val(*id)],
        (From::After(_), _) => return Err(Error::invalid("cursor", "belongs to a listing in another order")),
        _ => start,
    };
    let values = [val(company), first, second, val(&pattern), val(status), val(ask.limit + 1), val(offset)];
    let rows = conn.rows(statement, &values, read).await?;
    let total = match ask.total {
        true => conn.row(&COUNT, &[val(company), val(&pattern), val(status)], |row| row.count(0)).await?,
        false => None,
    };
    Ok(Page::cut(rows, ask.limit, total, |u| match sort {
        UserSort::Name => UserKey::Name(fold(&u.name), u.id),
        UserSort::Created => UserKey::Created(u.created_at, u.id),
    }))
}

/// Where each of `ids` stands, in their order; none for an id that is not in the company.
pub(crate) async fn statuses(conn: &mut Conn, company: CompanyId, ids: &[UserId]) -> Result<Vec<Option<UserStatus>>> {
    let keys: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(*id)]).collect();
    let read = |row: Row<'_>| {
        let status = row.look(0, |w| UserStatus::parse("status", w).map_err(Error::internal))?;
        Ok((row.id::<UserId>(1)?, status))
    };
    let found = conn.rows_of_many((&STATUS, &STATUS_MANY), &[val(company)], &keys, read).await?;
    let found: HashMap<UserId, UserStatus> = found.into_iter().collect();
    Ok(ids.iter().map(|id| found.get(id).copied()).collect())
}

/// The user with this e-mail address.
pub(crate) async fn by_email(conn: &mut Conn, company: CompanyId, email: &str) -> Result<Option<UserId>> {
    Ok(by_emails(conn, company, &[email]).await?.pop().flatten())
}

/// The user with each of these e-mail addresses, in their order.
pub(crate) async fn by_emails(conn: &mut Conn, company: CompanyId, emails: &[&str]) -> Result<Vec<Option<UserId>>> {
    let folded: Vec<String> = emails.iter().map(|email| fold(email)).collect();
    let keys: Vec<Vec<Value<'_>>> = folded.iter().map(|key| vec![val(key)]).collect();
    let read = |row: Row<'_>| Ok((row.text(0)?, row.id::<UserId>(1)?));
    let found = conn.rows_of_many((&BY_EMAIL, &BY_EMAIL_MANY), &[val(company)], &keys, read).await?;
    let found: HashMap<String, UserId> = found.into_iter().collect();
    Ok(folded.iter().map(|key| found.get(key).copied()).collect())
}

/// The user with this sign-in name.
pub(crate) async fn by_user_name(conn: &mut Conn, company: CompanyId, user_name: &str) -> Result<Option<UserId>> {
    conn.row(&BY_USER_NAME, &[val(company), val(fold(user_name))], |row| row.id(0)).await
}

/// The users with each of these external ids, in their order: none, one, or several where it is not unique.
pub(crate) async fn by_external_ids(conn: &mut Conn, company: CompanyId, ids: &[&str]) -> Result<Vec<Vec<UserId>>> {
    let keys: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(*id)]).collect();
    let read = |row: Row<'_>| Ok((row.text(0)?, row.id::<UserId>(1)?));
    let found = conn.rows_of_many((&BY_EXTERNAL_ID, &BY_EXTERNAL_ID_MANY), &[val(company)], &keys, read).await?;
    let mut users: HashMap<String, BTreeSet<UserId>> = HashMap::new();
    for (id, user) in found {
        users.entry(id).or_default().insert(user);
    }
    Ok(ids.iter().map(|id| users.get(*id).into_iter().flatten().copied().collect()).collect())
}

/// Is there an administrator other than `but` who counts?
pub(crate) async fn has_other_admin(conn: &mut Conn, company: CompanyId, but: UserId) -> Result<bool> {
    Ok(conn.row(&ADMINS, &[val(company), val(but)], |row| row.id::<UserId>(0)).await?.is_some())
}

/// The active administrators of a company, 1,000 at most.
pub(crate) async fn admins(conn: &mut Conn, company: CompanyId) -> Result<Vec<UserId>> {
    conn.rows(&EVERY_ADMIN, &[val(company)], |row| row.id(0)).await
}

/// Makes the row of a user; false when id, e-mail address or sign-in name is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, user: &User) -> Result<bool> {
    Ok(insert_all(conn, company, std::slice::from_ref(user)).await? == [true])
}

/// Makes the rows of many users; for each, whether it was new.
pub(crate) async fn insert_all(conn: &mut Conn, company: CompanyId, users: &[User]) -> Result<Vec<bool>> {
    let sets: Vec<_> = users.iter().map(|user| written(company, user)).collect();
    let new: Vec<bool> = conn.run_each(&INSERT, &sets).await?.into_iter().map(|n| n == 1).collect();
    for (user, new) in users.iter().zip(&new) {
        if *new && !user.counts() {
            absences::begin(conn, company, &[user.id], user.created_at).await?;
        }
    }
    Ok(new)
}

/// Writes a user's row. The caller has seen to it that no other user has its address or sign-in name.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, user: &User) -> Result<()> {
    conn.run(&UPDATE, &written(company, user)).await.map(drop)
}

/// Takes everything personal out of a user's row; nobody is managed by them any more.
pub(crate) async fn erase(conn: &mut Conn, company: CompanyId, id: UserId, now: Timestamp, version: u64) -> Result<()> {
    conn.run(&ERASE, &[val(company), val(id), val(now), val(version)]).await?;
    conn.run(&ORPHAN, &[val(company), val(id), val(now), val(version)]).await.map(drop)
}

/// The `limit` users behind `after`, by id, for an export.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId, after: UserId, limit: u32) -> Result<Vec<User>> {
    conn.rows(&ALL_OF, &[val(company), val(after), val(limit)], read).await
}

/// Removes some users of a company whose import failed; how many, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    conn.run(&FORGET, &[val(company)]).await
}

/// A person as the index lists them, with their workspace role.
pub(crate) type Listed = (Person, Role);

/// Reads a person from the columns `user_id, name, email, status, role`.
pub(crate) fn listed(row: Row<'_>) -> Result<Listed> {
    let status = row.look(3, |w| UserStatus::parse("status", w).map_err(Error::internal))?;
    let role = row.look(4, |w| Role::parse("role", w).map_err(Error::internal))?;
    let person = row.look(1, |name| row.look(2, |email| Ok(Person::new(row.id(0)?, name, email, status))))?;
    Ok((person, role))
}

/// The `limit` people behind `after`, by id.
pub(crate) async fn people(conn: &mut Conn, company: CompanyId, after: UserId, limit: u32) -> Result<Vec<Listed>> {
    conn.rows(&PEOPLE, &[val(company), val(after), val(limit)], listed).await
}

/// Several people, in the order of `ids`; none in place of one who is not there (unknown or erased).
pub(crate) async fn people_by_id(conn: &mut Conn, company: CompanyId, ids: &[UserId]) -> Result<Vec<Option<Listed>>> {
    let sets: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![val(company), val(*id)]).collect();
    Ok(conn.rows_each(&PERSON, &sets, listed).await?.into_iter().map(|mut rows| rows.pop()).collect())
}
