//! From what a request presents to who calls.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use guildhall_domain::caller::{Access, Actor, Caller, Dialect};
use guildhall_domain::company::CompanyState;
use guildhall_domain::ids::{CompanyId, KeyId, RequestId};
use guildhall_domain::{Error, Result};

use crate::Engine;
use crate::store::keys::{self, Credential};

/// Seconds for which a token made from client credentials works.
const TOKEN_SECONDS: i64 = 3600;

/// A credential as a request carries it, not yet believed.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// Key id and secret apart: `X-API-KEY` with `X-API-SECRET`, or OAuth2 client id and secret.
    Pair {
        /// The key id.
        id: &'a str,
        /// The secret.
        secret: &'a str,
    },
    /// What follows `Authorization: Bearer`: `<key id>.<secret>` or a token `gh1.<key id>.<expiry>.<HMAC>`.
    Bearer(&'a str),
    /// The cookie of a session of the console: `<company id>.<session id>.<secret>`.
    Session(&'a str),
}

/// A token made from client credentials. It is not stored; its key's row is asked at each call.
pub struct Token {
    /// `gh1.<key id>.<expiry in seconds since the epoch>.<HMAC>`.
    pub text: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

/// The most credentials that are remembered.
const REMEMBERED: usize = 10_000;

/// Credentials as the rows had them, each with the number of commits before it that credentials are judged by. One
/// process writes a SQLite file, so what was read is right until its next such commit; a row is asked again after that.
/// On PostgreSQL other nodes write too, and the row is asked at each call.
#[derive(Default)]
pub(crate) struct Remembered(RwLock<HashMap<KeyId, (u64, Arc<Credential>)>>);

impl Remembered {
    fn get(&self, id: KeyId, commits: u64) -> Option<Arc<Credential>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).filter(|(read, _)| *read == commits).map(|(_, credential)| Arc::clone(credential))
    }

    fn put(&self, id: KeyId, commits: u64, credential: &Arc<Credential>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(id, (commits, Arc::clone(credential)));
    }
}

/// The one answer to every credential that does not work: it tells nobody why.
pub(crate) fn refused() -> Error {
    Error::Unauthenticated { why: "the key is missing, unknown, expired or revoked, or its secret is wrong" }
}

impl Engine {
    /// Finds out who calls. The key, its user and its company are read at each call: what is taken away is gone at
    /// the next one.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], without telling what is wrong.
    pub async fn authenticate(&self, presented: Presented<'_>, dialect: Dialect, request: RequestId) -> Result<Caller> {
        let now = self.clock().now();
        let (id, proof) = match presented {
            Presented::Session(cookie) => return self.session_caller(cookie, dialect, request).await,
            Presented::Pair { id, secret } => (id, Some(secret)),
            Presented::Bearer(text) => match text.strip_prefix("gh1.") {
                Some(token) => (self.token_key(token, now.micros() / 1_000_000).ok_or_else(refused)?, None),
                None => text.split_once('.').map(|(id, secret)| (id, Some(secret))).ok_or_else(refused)?,
            },
        };
        let id = KeyId::parse("key", id).map_err(|_| refused())?;
        let Some(found) = self.credential(id).await? else {
            // As much work as for a known key: an id that exists must not answer later than one that does not.
            let _ = proof.map(|secret| self.secrets().matches(secret, &[0; 32]));
            return Err(refused());
        };
        let proved = proof.is_none_or(|secret| {
            let previous = found.previous.as_ref().filter(|(_, until)| now < *until);
            self.secrets().matches(secret, &found.secret_hash)
                || previous.is_some_and(|(hash, _)| self.secrets().matches(secret, hash))
        });
        if !proved || !found.works(now) {
            return Err(refused());
        }
        self.tally().used(id, now);
        if let Some(connection) = found.connection {
            self.tally().ran(found.company, connection, now);
        }
        let role = match (found.user, found.role) {
            (Some(user), Some(role)) => Some(self.role_now(found.company, user, role, now).await?),
            (_, role) => role,
        };
        Ok(Caller {
            company: found.company,
            actor: found.user.map_or(Actor::Platform, Actor::User),
            role,
            key: Some(id),
            session: None,
            access: found.access,
            connection: found.connection,
            dialect,
            request,
            once: None,
            preview: false,
            confirmation: None,
        })
    }

    /// The credential behind a key id, as it is after the last commit.
    async fn credential(&self, id: KeyId) -> Result<Option<Arc<Credential>>> {
        // Counted before the row is read: what a commit in between changed is then not remembered as new.
        let commits = self.writer_stats().credentials.load(Ordering::Acquire);
        if let Some(known) = self.remembered().get(id, commits) {
            return Ok(Some(known));
        }
        let found = keys::credential(&mut *self.db().reader().await?, id).await?.map(Arc::new);
        if let Some(found) = found.as_ref().filter(|_| self.db().is_sqlite()) {
            self.remembered().put(id, commits, found);
        }
        Ok(found)
    }

    /// Exchanges client credentials for a token (RFC 6749 §4.4).
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when they do not work.
    pub async fn token(&self, id: &str, secret: &str, dialect: Dialect, request: RequestId) -> Result<Token> {
        let caller = self.authenticate(Presented::Pair { id, secret }, dialect, request).await?;
        let key = caller.key.ok_or_else(refused)?;
        let body = format!("gh1.{key}.{}", self.clock().now().micros() / 1_000_000 + TOKEN_SECONDS);
        Ok(Token { text: format!("{body}.{}", self.secrets().sign(&body)), expires_in: TOKEN_SECONDS })
    }

    /// The key id of a token, when its signature is ours and it has not expired.
    fn token_key<'t>(&self, token: &'t str, now_seconds: i64) -> Option<&'t str> {
        let (body, signature) = token.rsplit_once('.')?;
        let (id, expiry) = body.split_once('.')?;
        let alive = expiry.parse::<i64>().is_ok_and(|expiry| now_seconds < expiry);
        (self.secrets().signed(&format!("gh1.{body}"), signature) && alive).then_some(id)
    }

    /// Counts a refusal of an authenticated caller, for the second chain; the cause is `Error::cause`.
    pub fn refused(&self, caller: &Caller, cause: &'static str) {
        if let Some(key) = caller.key {
            self.tally().refused(caller.company, key, caller.dialect, cause, self.clock().now());
        }
    }

    /// The caller at work in `company`, which its path names: their own, or any in use for a platform key.
    ///
    /// # Errors
    /// [`Error::NotFound`] alike for a company that is not theirs and one that does not exist.
    pub async fn within(&self, caller: &Caller, company: CompanyId) -> Result<Caller> {
        if caller.company == company {
            return Ok(caller.clone());
        }
        if caller.is_platform() {
            let mut conn = self.db().reader().await?;
            let found = crate::store::companies::get(&mut conn, company).await?;
            if found.is_some_and(|c| c.state == CompanyState::Active) {
                return Ok(Caller { company, ..caller.clone() });
            }
        }
        Err(Error::NotFound { noun: CompanyId::NOUN })
    }

    /// May this caller change anything at all? For doors that must know before they read a body.
    ///
    /// # Errors
    /// [`Error::ReadOnlyKey`].
    pub fn may_write(&self, caller: &Caller) -> Result<()> {
        if caller.access == Access::Write { Ok(()) } else { Err(Error::ReadOnlyKey) }
    }
}
