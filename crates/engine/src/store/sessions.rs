//! Rows of sessions of the console.

use guildhall_domain::caller::{Access, Role};
use guildhall_domain::company::CompanyState;
use guildhall_domain::ids::{CompanyId, KeyId, SessionId, UserId};
use guildhall_domain::session::{IDLE_SECONDS, Session};
use guildhall_domain::user::UserStatus;
use guildhall_domain::{Error, Result, Timestamp};

use super::{Conn, sql, val};

sql! {
    CREDENTIAL = "select s.user_id, s.key_id, s.secret_hash, s.last_used_at, s.expires_at, s.ended_at, c.state, u.role, u.status, k.access, k.expires_at, k.revoked_at, s.created_at
                  from sessions s
                  join companies c on c.company_id = s.company_id
                  join users u on u.company_id = s.company_id and u.user_id = s.user_id and u.erased_at is null
                  left join keys k on k.key_id = s.key_id
                  where s.company_id = $1 and s.session_id = $2";
    INSERT = "insert into sessions (company_id, session_id, secret_hash, user_id, key_id, created_at, last_used_at, expires_at)
              values ($1, $2, $3, $4, $5, $6, $6, $7)";
    USED = "update sessions set last_used_at = $3 where company_id = $1 and session_id = $2 and last_used_at < $3";
    END = "update sessions set ended_at = $3 where company_id = $1 and session_id = $2 and ended_at is null";
    END_OF_KEY = "update sessions set ended_at = $3 where company_id = $1 and key_id = $2 and ended_at is null";
    PRUNE = "delete from sessions where company_id = $1 and expires_at < $2";
}

/// All that the cookie of a session is judged by.
pub(crate) struct Held {
    pub session: Session,
    pub user: UserId,
    pub secret_hash: Vec<u8>,
    pub last_used_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub company_state: CompanyState,
    pub role: Role,
    pub status: UserStatus,
    pub access: Access,
    pub key_expires_at: Option<Timestamp>,
    pub key_gone: bool,
}

impl Held {
    /// May anybody act in it at `now`? A session outlives neither its person's activity, nor its key, nor its company.
    pub(crate) fn works(&self, now: Timestamp) -> bool {
        let fresh = now < self.session.expires_at && now < self.last_used_at.plus_seconds(IDLE_SECONDS);
        let key_works = !self.key_gone && self.key_expires_at.is_none_or(|end| now < end);
        let company_lives = self.company_state == CompanyState::Active;
        self.ended_at.is_none() && fresh && key_works && company_lives && self.status != UserStatus::Inactive
    }
}

/// What there is behind a session id.
pub(crate) async fn credential(conn: &mut Conn, company: CompanyId, id: SessionId) -> Result<Option<Held>> {
    conn.row(&CREDENTIAL, &[val(company), val(id)], |row| {
        let (user, key): (UserId, Option<KeyId>) = (row.id(0)?, row.opt_id(1)?);
        let access = row.opt_text(9)?.map(|w| Access::parse("access", &w).map_err(Error::internal)).transpose()?;
        Ok(Held {
            session: Session { id, company, user, key, created_at: row.time(12)?, expires_at: row.time(4)? },
            user,
            secret_hash: row.bytes(2)?,
            last_used_at: row.time(3)?,
            ended_at: row.opt_time(5)?,
            company_state: row.look(6, |w| CompanyState::parse("state", w).map_err(Error::internal))?,
            role: row.look(7, |w| Role::parse("role", w).map_err(Error::internal))?,
            status: row.look(8, |w| UserStatus::parse("status", w).map_err(Error::internal))?,
            key_expires_at: row.opt_time(10)?,
            // A row that is gone has no access level.
            key_gone: key.is_some() && (access.is_none() || row.opt_time(11)?.is_some()),
            access: access.unwrap_or(Access::Write),
        })
    })
    .await
}

/// Makes the row of a session.
pub(crate) async fn insert(conn: &mut Conn, session: &Session, secret_hash: &[u8]) -> Result<()> {
    let values = [
        val(session.company),
        val(session.id),
        val(secret_hash),
        val(session.user),
        val(session.key),
        val(session.created_at),
        val(session.expires_at),
    ];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Notes when a session was last used.
pub(crate) async fn used(conn: &mut Conn, company: CompanyId, id: SessionId, at: Timestamp) -> Result<()> {
    conn.run(&USED, &[val(company), val(id), val(at)]).await.map(drop)
}

/// Ends a session; false when it had ended before.
pub(crate) async fn end(conn: &mut Conn, company: CompanyId, id: SessionId, now: Timestamp) -> Result<bool> {
    Ok(conn.run(&END, &[val(company), val(id), val(now)]).await? == 1)
}

/// Ends every session that a key opened.
pub(crate) async fn end_of_key(conn: &mut Conn, company: CompanyId, key: KeyId, now: Timestamp) -> Result<()> {
    conn.run(&END_OF_KEY, &[val(company), val(key), val(now)]).await.map(drop)
}

/// Forgets sessions that expired before `limit`.
pub(crate) async fn prune(conn: &mut Conn, company: CompanyId, limit: Timestamp) -> Result<()> {
    conn.run(&PRUNE, &[val(company), val(limit)]).await.map(drop)
}
