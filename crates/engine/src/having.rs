//! Who has an app, now or at an instant: what AuthZEN asks.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use guildhall_domain::app::App;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, CompanyId, LevelId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Result, Timestamp};

use crate::authz::{self, Action};
use crate::index::Snapshot;
use crate::store::{Conn, apps, giving as rows, past as then};
use crate::{Engine, past};

/// How a question names a level of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelRef {
    /// By id.
    Id(LevelId),
    /// By the name that it has now, in any letter case.
    Name(String),
}

impl LevelRef {
    /// The level of this app that is meant, if it has it.
    fn of(&self, app: &App) -> Option<LevelId> {
        let is = |id: LevelId, name: &str| match self {
            Self::Id(wanted) => *wanted == id,
            Self::Name(wanted) => fold(wanted) == fold(name),
        };
        app.levels.iter().find(|level| is(level.id, &level.name)).map(|level| level.id)
    }
}

/// A question about an app.
#[derive(Clone, Debug)]
pub struct Had {
    /// The user.
    pub user: UserId,
    /// The app.
    pub app: AppId,
    /// Just this level; none for any.
    pub level: Option<LevelRef>,
    /// The instant; none for the present.
    pub at: Option<Timestamp>,
}

/// The apps that somebody has, each with its level where it has some.
type Apps = BTreeMap<AppId, Option<LevelId>>;

/// Is the user there and active?
fn counts(view: &Snapshot, user: UserId) -> bool {
    view.user_no(user).and_then(|no| view.user(no)).is_some_and(|user| user.person.counts())
}

/// What a user has now, by memory; nothing while they are inactive.
fn has(view: &Snapshot, user: UserId) -> Apps {
    if !counts(view, user) {
        return Apps::new();
    }
    view.having.of_user(user, AppId::NIL).map(|(access, _)| (access.app, access.level)).collect()
}

/// What a user had at an instant, by the rows; nothing while they were inactive.
async fn had(conn: &mut Conn, company: CompanyId, user: UserId, t: Timestamp) -> Result<Apps> {
    let absent = then::absences(conn, company, user, t).await?;
    if absent.last().is_some_and(|(_, until)| *until > t) {
        return Ok(Apps::new());
    }
    rows::apps_at(conn, company, user, t).await
}

impl Engine {
    /// Has each of these users each of these apps, now or at an instant? One answer a question, in their order; no for
    /// whoever is inactive, and for what is not there.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Forbidden`] when the caller may not see one of the users;
    /// [`guildhall_domain::Error::Invalid`] on `at` when it is in the future.
    pub async fn have_each(&self, caller: &Caller, asked: &[Had]) -> Result<Vec<bool>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let (view, now) = self.present(caller.company).await;
        let (mut known, mut answers) = (HashMap::<(UserId, Timestamp), Apps>::new(), Vec::with_capacity(asked.len()));
        for Had { user, app, level, at } in asked {
            authz::may_read(caller, Action::ReadUser(*user))?;
            let held = match (&view, at) {
                (Some(view), None) if counts(view, *user) => view.having.get(*user, *app).map(|access| access.level),
                (Some(_), None) => None,
                _ => {
                    let t = at.map_or(Ok(now), |at| past::passed("at", at, now))?;
                    let all = match known.entry((*user, t)) {
                        Entry::Occupied(all) => all.into_mut(),
                        Entry::Vacant(place) => {
                            place.insert(had(&mut *self.db().reader().await?, caller.company, *user, t).await?)
                        }
                    };
                    all.get(app).copied()
                }
            };
            answers.push(match (held, level) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(None), Some(_)) => false,
                (Some(held), Some(wanted)) => held == self.level_of(caller.company, *app, wanted).await?,
            });
        }
        Ok(answers)
    }

    /// The level of an app that is meant; none where it has no such level, or is not there.
    async fn level_of(&self, company: CompanyId, app: AppId, wanted: &LevelRef) -> Result<Option<LevelId>> {
        match self.view(company).await {
            Some(view) => Ok(view.having.app(app).and_then(|app| wanted.of(app))),
            None => Ok(apps::get(&mut *self.db().reader().await?, company, app).await?.and_then(|app| wanted.of(&app))),
        }
    }

    /// The apps that a user has, or had at an instant, at whichever level or at one of this name, and at which; none of
    /// whoever is inactive.
    ///
    /// # Errors
    /// As [`Engine::have_each`].
    pub async fn apps_had(
        &self,
        caller: &Caller,
        user: UserId,
        level: Option<&LevelRef>,
        at: Option<Timestamp>,
    ) -> Result<Apps> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let (view, now) = self.present(caller.company).await;
        let mut all = match (view, at) {
            (Some(view), None) => has(&view, user),
            _ => {
                let t = at.map_or(Ok(now), |at| past::passed("at", at, now))?;
                had(&mut *self.db().reader().await?, caller.company, user, t).await?
            }
        };
        if let Some(wanted) = level {
            let apps: Vec<AppId> = all.keys().copied().collect();
            for app in apps {
                let fits = match all.get(&app) {
                    Some(Some(held)) => self.level_of(caller.company, app, wanted).await? == Some(*held),
                    _ => false,
                };
                if !fits {
                    all.remove(&app);
                }
            }
        }
        Ok(all)
    }

    /// One page of the active users who have an app, or had it at an instant, by id: at any level, or at this one.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Forbidden`]; [`guildhall_domain::Error::Invalid`] as [`Engine::have_each`].
    pub async fn app_holders(
        &self,
        caller: &Caller,
        app: AppId,
        level: Option<&LevelRef>,
        at: Option<Timestamp>,
        ask: &Ask<UserId>,
    ) -> Result<Page<UserId, UserId>> {
        authz::may_read(caller, Action::ReadDirectory)?;
        let now = self.clock().now();
        let t = at.map_or(Ok(now), |at| past::passed("at", at, now))?;
        let level = match level {
            None => None,
            Some(wanted) => match self.level_of(caller.company, app, wanted).await? {
                None => return Ok(Page::cut(Vec::new(), ask.limit, None, |user| *user)),
                found => found,
            },
        };
        let after = if let From::After(user) = ask.from { user } else { UserId::NIL };
        let mut conn = self.db().reader().await?;
        let found = rows::holders_at(&mut conn, caller.company, (app, level), t, after, ask.limit + 1).await?;
        Ok(Page::cut(found, ask.limit, None, |user| *user))
    }
}
