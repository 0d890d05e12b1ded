//! Rows of keys, and the one question that every call begins with.

use guildhall_domain::caller::{Access, Role};
use guildhall_domain::company::CompanyState;
use guildhall_domain::ids::{CompanyId, ConnectionId, KeyId, UserId};
use guildhall_domain::key::Key;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::user::UserStatus;
use guildhall_domain::{Error, Result, Timestamp};

use super::{Conn, Row, sql, val};

macro_rules! columns {
    () => {
        "key_id, company_id, user_id, name, access, connection_id, created_at, expires_at, last_used_at, previous_until, revoked_at"
    };
}

sql! {
    CREDENTIAL = "select k.company_id, k.user_id, k.access, k.connection_id, k.secret_hash, k.previous_hash, k.previous_until, k.expires_at, k.revoked_at,
                  c.state, u.role, u.status from keys k
                  join companies c on c.company_id = k.company_id
                  left join users u on u.company_id = k.company_id and u.user_id = k.user_id and u.erased_at is null
                  where k.key_id = $1";
    GET = concat!("select ", columns!(), " from keys where key_id = $1 and company_id = $2");
    LIST = concat!("select ", columns!(), " from keys where company_id = $1 and key_id > $2 order by key_id limit $3 offset $4");
    INSERT = "insert into keys (key_id, company_id, user_id, name, access, connection_id, secret_hash, created_at, expires_at)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
    ROTATE = "update keys set previous_hash = secret_hash, previous_until = $3, secret_hash = $4 where key_id = $1 and company_id = $2";
    REVOKE = "update keys set revoked_at = $3 where key_id = $1 and company_id = $2 and revoked_at is null";
    REVOKE_USER = "update keys set revoked_at = $3 where company_id = $1 and user_id = $2 and revoked_at is null";
    OF_CONNECTION = "select key_id from keys where company_id = $1 and connection_id = $2 and revoked_at is null";
    USED = "update keys set last_used_at = $2 where key_id = $1 and (last_used_at is null or last_used_at < $2)";
    NAMED = "select key_id from keys where company_id = $1 and name = $2 and revoked_at is null";
    FORGET = "delete from keys where company_id = $1";
}

/// All that a presented credential is judged by.
pub(crate) struct Credential {
    pub company: CompanyId,
    pub user: Option<UserId>,
    pub access: Access,
    pub connection: Option<ConnectionId>,
    pub secret_hash: Vec<u8>,
    pub previous: Option<(Vec<u8>, Timestamp)>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub company_state: CompanyState,
    pub role: Option<Role>,
    pub status: Option<UserStatus>,
}

impl Credential {
    /// May anybody act with it at `now`? A key outlives neither its user's activity nor its company's.
    pub(crate) fn works(&self, now: Timestamp) -> bool {
        let user_acts = match self.user {
            Some(_) => self.status.is_some_and(|status| status != UserStatus::Inactive),
            None => self.company == CompanyId::PLATFORM,
        };
        let company_lives = matches!(self.company_state, CompanyState::Active | CompanyState::Platform);
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end) && user_acts && company_lives
    }
}

fn read_access(word: &str) -> Result<Access> {
    Access::parse("access", word).map_err(Error::internal)
}

fn read(row: Row<'_>) -> Result<Key> {
    Ok(Key {
        id: row.id(0)?,
        company: row.id(1)?,
        user: row.opt_id(2)?,
        name: row.opt_text(3)?,
        access: row.look(4, read_access)?,
        connection: row.opt_id(5)?,
        created_at: row.time(6)?,
        expires_at: row.opt_time(7)?,
        last_used_at: row.opt_time(8)?,
        previous_until: row.opt_time(9)?,
        revoked_at: row.opt_time(10)?,
    })
}

/// The credential behind a key id.
pub(crate) async fn credential(conn: &mut Conn, id: KeyId) -> Result<Option<Credential>> {
    conn.row(&CREDENTIAL, &[val(id)], |row| {
        Ok(Credential {
            company: row.id(0)?,
            user: row.opt_id(1)?,
            access: row.look(2, read_access)?,
            connection: row.opt_id(3)?,
            secret_hash: row.bytes(4)?,
            previous: row.opt_bytes(5)?.zip(row.opt_time(6)?),
            expires_at: row.opt_time(7)?,
            revoked_at: row.opt_time(8)?,
            company_state: row.look(9, |w| CompanyState::parse("state", w).map_err(Error::internal))?,
            role: row.opt_text(10)?.map(|w| Role::parse("role", &w).map_err(Error::internal)).transpose()?,
            status: row.opt_text(11)?.map(|w| UserStatus::parse("status", &w).map_err(Error::internal)).transpose()?,
        })
    })
    .await
}

/// A key of the company.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: KeyId) -> Result<Option<Key>> {
    conn.row(&GET, &[val(id), val(company)], read).await
}

/// One page of the keys of a company, by id, revoked ones among them.
pub(crate) async fn list(conn: &mut Conn, company: CompanyId, ask: &Ask<KeyId>) -> Result<Page<Key, KeyId>> {
    let (after, offset) = match ask.from {
        From::Start => (KeyId::NIL, 0),
        From::After(id) => (id, 0),
        From::Offset(n) => (KeyId::NIL, n),
    };
    let rows = conn.rows(&LIST, &[val(company), val(after), val(ask.limit + 1), val(offset)], read).await?;
    Ok(Page::cut(rows, ask.limit, None, |key| key.id))
}

/// Makes the row of a key; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, key: &Key, secret_hash: &[u8]) -> Result<bool> {
    let values = [
        val(key.id),
        val(key.company),
        val(key.user),
        val(&key.name),
        val(key.access.word()),
        val(key.connection),
        val(secret_hash),
        val(key.created_at),
        val(key.expires_at),
    ];
    Ok(conn.run(&INSERT, &values).await? == 1)
}

/// Gives a key a new secret; the old one works until `previous_until`.
pub(crate) async fn rotate(
    conn: &mut Conn,
    company: CompanyId,
    id: KeyId,
    previous_until: Timestamp,
    secret_hash: &[u8],
) -> Result<()> {
    conn.run(&ROTATE, &[val(id), val(company), val(previous_until), val(secret_hash)]).await.map(drop)
}

/// Ends a key; false when it had ended before.
pub(crate) async fn revoke(conn: &mut Conn, company: CompanyId, id: KeyId, now: Timestamp) -> Result<bool> {
    Ok(conn.run(&REVOKE, &[val(id), val(company), val(now)]).await? == 1)
}

/// Ends every key of a user; how many there were.
pub(crate) async fn revoke_user(conn: &mut Conn, company: CompanyId, user: UserId, now: Timestamp) -> Result<u64> {
    conn.run(&REVOKE_USER, &[val(company), val(user), val(now)]).await
}

/// Notes when keys were last presented.
pub(crate) async fn used(conn: &mut Conn, uses: &[(KeyId, Timestamp)]) -> Result<()> {
    let sets: Vec<_> = uses.iter().map(|(key, at)| vec![val(*key), val(*at)]).collect();
    conn.run_each(&USED, &sets).await.map(drop)
}

/// Keys of the company that bear this name and still work.
pub(crate) async fn named(conn: &mut Conn, company: CompanyId, name: &str) -> Result<Vec<KeyId>> {
    conn.rows(&NAMED, &[val(company), val(name)], |row| row.id(0)).await
}

/// Keys that stand for a connection and still work.
pub(crate) async fn of_connection(conn: &mut Conn, company: CompanyId, id: ConnectionId) -> Result<Vec<KeyId>> {
    conn.rows(&OF_CONNECTION, &[val(company), val(id)], |row| row.id(0)).await
}

/// Removes the keys of a company whose import failed.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<()> {
    conn.run(&FORGET, &[val(company)]).await.map(drop)
}
