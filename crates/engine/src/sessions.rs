//! Use cases on sessions of the console: signing in, being asked for at each call, signing out.

use guildhall_domain::caller::{Access, Actor, Caller, Dialect};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, KeyId, RequestId, SessionId, UserId};
use guildhall_domain::session::{LONGEST_SECONDS, Session};
use guildhall_domain::{Error, Result};

use crate::callers::{Presented, refused};
use crate::secrets::fresh_secret;
use crate::store::sessions;
use crate::{Engine, journal, users};

/// Seconds within which a use of a session is not noted again.
const NOTED_SECONDS: i64 = 60;

/// A session that has just begun, with the cookie that stands for it. Shown this once.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// `<company id>.<session id>.<secret>`.
    pub cookie: String,
}

impl Engine {
    /// Opens a session for the person whose key this is. It may do what the key may, as long as the key works.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`] for a key of no person, or of a connection.
    pub async fn sign_in(&self, presented: Presented<'_>, request: RequestId) -> Result<SignedIn> {
        let caller = self.authenticate(presented, Dialect::Native, request).await?;
        if caller.session.is_some() {
            return Err(refused());
        }
        let user = caller.user().ok_or_else(|| {
            Error::forbidden("a platform key belongs to no company; sign in with a key of one of its users")
        })?;
        if caller.connection.is_some() {
            return Err(Error::forbidden("this key stands for a connection; sign in with a key of a person"));
        }
        self.open_session(&caller, user, caller.key).await
    }

    /// Opens a session for a person whom somebody trusted has proved: the company's own sign-in.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such person, or they are inactive.
    pub async fn sign_in_as(&self, company: CompanyId, user: UserId, request: RequestId) -> Result<SignedIn> {
        let operator = Caller::operator(company, Dialect::Native, request);
        let found = self.user(&operator, user).await?;
        if !found.counts() {
            return Err(users::GONE);
        }
        self.open_session(&operator, user, None).await
    }

    async fn open_session(&self, caller: &Caller, user: UserId, key: Option<KeyId>) -> Result<SignedIn> {
        // The line in the journal is the person's own, also of one whose key may only read.
        let hand = Caller { actor: Actor::User(user), key: None, access: Access::Write, ..caller.clone() };
        let (secret, company) = (fresh_secret()?, caller.company);
        let hash = self.secrets().hash(&secret);
        let written = self
            .write(&hand, async move |tx| {
                let now = tx.now();
                let expires_at = now.plus_seconds(LONGEST_SECONDS);
                let id: SessionId = tx.clock.id();
                let session = Session { id, company, user, key, created_at: now, expires_at };
                sessions::insert(tx, &session, &hash).await?;
                journal::append(tx, &Event::SessionStarted { session: id, user, key, expires_at }).await?;
                Ok(session)
            })
            .await?;
        let session = written.value;
        Ok(SignedIn { cookie: format!("{}.{}.{secret}", session.company, session.id), session })
    }

    /// Who calls in a session. Its person, key and company are read at each call.
    pub(crate) async fn session_caller(&self, cookie: &str, dialect: Dialect, request: RequestId) -> Result<Caller> {
        let mut parts = cookie.splitn(3, '.');
        let mut part = || parts.next().unwrap_or_default();
        let company = CompanyId::parse("company", part()).map_err(|_| refused())?;
        let id = SessionId::parse("session", part()).map_err(|_| refused())?;
        let (secret, now) = (part(), self.clock().now());
        let held = sessions::credential(&mut *self.db().reader().await?, company, id).await?;
        let Some(held) = held else {
            // As much work as for one that is there.
            let _ = self.secrets().matches(secret, &[0; 32]);
            return Err(refused());
        };
        if !self.secrets().matches(secret, &held.secret_hash) || !held.works(now) {
            return Err(refused());
        }
        if held.last_used_at.plus_seconds(NOTED_SECONDS) <= now {
            self.tally().session_used(company, id, now);
        }
        if let Some(key) = held.session.key {
            self.tally().used(key, now);
        }
        Ok(Caller {
            company,
            actor: Actor::User(held.user),
            role: Some(self.role_now(company, held.user, held.role, now).await?),
            key: Some(held.session.key.unwrap_or(KeyId::new(id.uuid()))),
            session: Some(id),
            access: held.access,
            connection: None,
            dialect,
            request,
            once: None,
            preview: false,
            confirmation: None,
        })
    }

    /// The session that a caller is in.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the call came in none.
    pub async fn session(&self, caller: &Caller) -> Result<Session> {
        let id = caller.session.ok_or_else(refused)?;
        let held = sessions::credential(&mut *self.db().reader().await?, caller.company, id).await?;
        held.map(|held| held.session).ok_or_else(refused)
    }

    /// Ends the session that the call came in, at once and for good.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the call came in none.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let id = caller.session.ok_or_else(refused)?;
        // Signing out is everybody's own, also of one whose key may only read.
        let hand = Caller { session: None, key: None, access: Access::Write, ..caller.clone() };
        self.write(&hand, async move |tx| {
            let (company, now) = (tx.company(), tx.now());
            if sessions::end(tx, company, id, now).await? {
                journal::append(tx, &Event::SessionEnded { session: id }).await?;
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// The text that a page of this session proves itself by at each change, so that no other page can make one.
    pub fn session_proof(&self, session: SessionId) -> String {
        self.secrets().sign(&format!("console.{session}"))
    }

    /// Is this the proof of that session? Takes the same time wherever they differ.
    pub fn proves(&self, session: SessionId, proof: &str) -> bool {
        self.secrets().signed(&format!("console.{session}"), proof)
    }
}
