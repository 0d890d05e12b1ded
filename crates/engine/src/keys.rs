//! Use cases on keys.

use guildhall_domain::caller::{Access, Caller};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, ConnectionId, KeyId, UserId};
use guildhall_domain::key::Key;
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::{Error, Result, Timestamp, name};

use crate::authz::{self, Action};
use crate::secrets::fresh_secret;
use crate::store::{connections, keys, sessions};
use crate::writer::Tx;
use crate::{Engine, Written, journal, users};

/// What a new key needs.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The user it acts as; none makes a platform key, which only the server's command line may.
    pub user: Option<UserId>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may do at all; fixed for its life.
    pub access: Access,
    /// The identity source it stands for.
    pub connection: Option<ConnectionId>,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key together with its secret, which is shown this once and kept only as a hash.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The key.
    pub key: Key,
    /// The secret: 43 letters of base64url.
    pub secret: String,
}

impl Secret {
    /// `<id>.<secret>`, as a bearer token carries it.
    pub fn token(&self) -> String {
        format!("{}.{}", self.key.id, self.secret)
    }
}

const GONE: Error = Error::NotFound { noun: KeyId::NOUN };

async fn create(tx: &mut Tx, hasher: &Engine, new: NewKey) -> Result<Secret> {
    let (company, now) = (tx.company(), tx.now());
    match new.user {
        Some(user) if company != CompanyId::PLATFORM => {
            users::get(tx, company, user).await.map_err(|_| Error::unknown("user", UserId::NOUN, user.uuid()))?;
        }
        None if company == CompanyId::PLATFORM => {}
        Some(_) => return Err(Error::invalid("user", "does not go with a platform key")),
        None => return Err(Error::invalid("user", "is required")),
    }
    if let Some(connection) = new.connection {
        let found =
            if company == CompanyId::PLATFORM { None } else { connections::get(tx, company, connection).await? };
        found.ok_or_else(|| Error::unknown("connection", ConnectionId::NOUN, connection.uuid()))?;
    }
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("expiresAt", "must be in the future"));
    }
    let key = Key {
        id: tx.clock.id(),
        company,
        user: new.user,
        name: new.name.map(|raw| name::name("name", &raw)).transpose()?,
        access: new.access,
        connection: new.connection,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        previous_until: None,
        revoked_at: None,
    };
    let secret = fresh_secret()?;
    if !keys::insert(tx, &key, &hasher.secrets().hash(&secret)).await? {
        return Err(Error::internal("a fresh key id is taken"));
    }
    let (user, access, connection, expires_at) = (key.user, key.access, key.connection, key.expires_at);
    let event = Event::KeyCreated { key: key.id, user, access, connection, expires_at };
    journal::append(tx, &event).await?;
    Ok(Secret { key, secret })
}

impl Engine {
    /// Makes a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Unknown`] on `user` or `connection`, [`Error::Invalid`].
    pub async fn create_key(&self, caller: &Caller, new: NewKey) -> Result<Written<Secret>> {
        let engine = self.clone();
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::Administer, now).await?;
            create(tx, &engine, new).await
        })
        .await
    }

    /// Makes a key in place of every key of the same name, which end. For the key that `--demo` prints at each start.
    ///
    /// # Errors
    /// As [`Self::create_key`].
    pub async fn replace_key(&self, caller: &Caller, new: NewKey) -> Result<Written<Secret>> {
        let engine = self.clone();
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            for old in keys::named(tx, company, new.name.as_deref().unwrap_or_default()).await? {
                if keys::revoke(tx, company, old, now).await? {
                    journal::append(tx, &Event::KeyRevoked { key: old }).await?;
                }
            }
            create(tx, &engine, new).await
        })
        .await
    }

    /// One key.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn key(&self, caller: &Caller, id: KeyId) -> Result<Key> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        keys::get(&mut conn, caller.company, id).await?.ok_or(GONE)
    }

    /// One page of keys, by id, revoked ones among them.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn keys(&self, caller: &Caller, ask: &Ask<KeyId>) -> Result<Page<Key, KeyId>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::Administer, self.clock().now()).await?;
        keys::list(&mut conn, caller.company, ask).await
    }

    /// Gives a key a new secret; the old one works for `overlap_seconds` more (0 to 30 days).
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Conflict`] when the key is revoked, [`Error::Invalid`].
    pub async fn rotate_key(&self, caller: &Caller, id: KeyId, overlap_seconds: u32) -> Result<Written<Secret>> {
        let engine = self.clone();
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            if overlap_seconds > 30 * 86_400 {
                return Err(Error::invalid("overlapSeconds", "must be 0 to 2,592,000 (30 days)"));
            }
            let mut key = keys::get(tx, company, id).await?.ok_or(GONE)?;
            if key.revoked_at.is_some() {
                return Err(Error::conflict("this key is revoked; make a new one"));
            }
            let until = now.plus_seconds(i64::from(overlap_seconds));
            let secret = fresh_secret()?;
            keys::rotate(tx, company, id, until, &engine.secrets().hash(&secret)).await?;
            // Whoever signed in with the secret before signs in anew.
            sessions::end_of_key(tx, company, id, now).await?;
            journal::append(tx, &Event::KeyRotated { key: id, previous_until: until }).await?;
            key.previous_until = Some(until);
            Ok(Secret { key, secret })
        })
        .await
    }

    /// Ends a key, at once and for good. Ending it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::Administer, now).await?;
            keys::get(tx, company, id).await?.ok_or(GONE)?;
            if keys::revoke(tx, company, id, now).await? {
                journal::append(tx, &Event::KeyRevoked { key: id }).await?;
            }
            Ok(())
        })
        .await
    }
}
