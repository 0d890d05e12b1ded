//! Who has an app, now or at an instant: what AuthZEN asks.

use std::collections::{BTreeSet, HashMap};

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Result, Timestamp};

use crate::authz::{self, Action};
use crate::store::{giving as rows, past as then};
use crate::{Engine, past};

impl Engine {
    /// Has each of these users each of these apps, at any level, now or at an instant? One answer a pair, in their order;
    /// no for whoever is inactive, and for what is not there.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Forbidden`] when the caller may not see one of the users;
    /// [`guildhall_domain::Error::Invalid`] on `at` when it is in the future.
    pub async fn have_each(
        &self,
        caller: &Caller,
        asked: &[((UserId, AppId), Option<Timestamp>)],
    ) -> Result<Vec<bool>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let (now, mut known) = (self.clock().now(), HashMap::new());
        let mut conn = self.db().reader().await?;
        let mut answers = Vec::with_capacity(asked.len());
        for ((user, app), at) in asked {
            authz::may_read(caller, Action::ReadUser(*user))?;
            let t = at.map_or(Ok(now), |at| past::passed("at", at, now))?;
            let has = match known.get(&(*user, t)) {
                Some(has) => has,
                None => {
                    let absent = then::absences(&mut conn, caller.company, *user, t).await?;
                    let has = match absent.last().is_some_and(|(_, until)| *until > t) {
                        true => BTreeSet::new(),
                        false => rows::apps_at(&mut conn, caller.company, *user, t).await?,
                    };
                    known.entry((*user, t)).or_insert(has)
                }
            };
            answers.push(has.contains(app));
        }
        Ok(answers)
    }

    /// The apps that a user has, or had at an instant; none of whoever is inactive.
    ///
    /// # Errors
    /// As [`Engine::have_each`].
    pub async fn apps_had(&self, caller: &Caller, user: UserId, at: Option<Timestamp>) -> Result<BTreeSet<AppId>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let now = self.clock().now();
        let t = at.map_or(Ok(now), |at| past::passed("at", at, now))?;
        let mut conn = self.db().reader().await?;
        let absent = then::absences(&mut conn, caller.company, user, t).await?;
        if absent.last().is_some_and(|(_, until)| *until > t) {
            return Ok(BTreeSet::new());
        }
        rows::apps_at(&mut conn, caller.company, user, t).await
    }

    /// One page of the active users who have an app, or had it at an instant, by id.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Forbidden`]; [`guildhall_domain::Error::Invalid`] as [`Engine::have_each`].
    pub async fn app_holders(
        &self,
        caller: &Caller,
        app: AppId,
        at: Option<Timestamp>,
        ask: &Ask<UserId>,
    ) -> Result<Page<UserId, UserId>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let now = self.clock().now();
        let t = at.map_or(Ok(now), |at| past::passed("at", at, now))?;
        let after = if let From::After(user) = ask.from { user } else { UserId::NIL };
        let mut conn = self.db().reader().await?;
        let found = rows::holders_at(&mut conn, caller.company, app, t, after, ask.limit + 1).await?;
        Ok(Page::cut(found, ask.limit, None, |user| *user))
    }
}
