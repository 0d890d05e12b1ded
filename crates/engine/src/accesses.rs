//! Use cases on accesses: who has which app at which level.

use std::collections::HashMap;
use std::sync::Arc;

use guildhall_domain::access::{AppAccess, AppEvent, Holder};
use guildhall_domain::app::{App, AppStatus};
use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AppId, LevelId, UserId};
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result};

use crate::apps::{self, pen};
use crate::authz::{self, Action};
use crate::memberships::CHANGES;
use crate::store::{self, accesses};
use crate::writer::Tx;
use crate::{Engine, Written, journal, users};

/// An access to be given.
#[derive(Clone, Copy, Debug)]
pub struct GiveAccess {
    /// The app.
    pub app: AppId,
    /// The user.
    pub user: UserId,
    /// The level; needed where the app has levels.
    pub level: Option<LevelId>,
    /// Do they look after the app beside its owner? None keeps what stands.
    pub is_owner: Option<bool>,
}

/// What a user has, with its app.
#[derive(Clone, Debug)]
pub struct HeldApp {
    /// The access.
    pub access: AppAccess,
    /// The app.
    pub app: Arc<App>,
}

/// What members of a request that give accesses are called in it.
#[derive(Clone, Copy, Debug)]
pub struct AccessNames {
    /// The list, empty where the request gives one access.
    pub list: &'static str,
    /// The app.
    pub app: &'static str,
    /// The user.
    pub user: &'static str,
    /// The level.
    pub level: &'static str,
}

impl AccessNames {
    fn at(&self, i: usize, member: &str) -> String {
        if self.list.is_empty() { member.to_owned() } else { format!("{}[{i}].{member}", self.list) }
    }
}

/// Opens accesses that are checked already, each in place of one that stands; one event per app, level and ownership.
pub(crate) async fn open(tx: &mut Tx, wanted: &[GiveAccess]) -> Result<Vec<bool>> {
    let (company, now) = (tx.company(), tx.now());
    let pairs: Vec<(AppId, UserId)> = wanted.iter().map(|w| (w.app, w.user)).collect();
    let standing = accesses::standing(tx, company, &pairs).await?;
    let mut lots: Vec<(AppId, Option<LevelId>, bool, Vec<UserId>)> = Vec::new();
    let mut new = Vec::with_capacity(wanted.len());
    for (want, stands) in wanted.iter().zip(standing) {
        let is_owner = want.is_owner.unwrap_or_else(|| stands.as_ref().is_some_and(|s| s.is_owner));
        let same = stands.is_some_and(|s| s.level == want.level && s.is_owner == is_owner);
        new.push(!same);
        if same {
            continue;
        }
        match lots.iter_mut().find(|(a, l, o, _)| (*a, *l, *o) == (want.app, want.level, is_owner)) {
            Some((.., users)) => users.push(want.user),
            None => lots.push((want.app, want.level, is_owner, vec![want.user])),
        }
    }
    for (app, level, is_owner, users) in lots {
        let pen = pen(tx);
        accesses::close(tx, pen, app, &users).await?;
        let row = |user: &UserId| {
            let access = AppAccess { app, user: *user, level, is_owner, since: now };
            (tx.clock.id::<uuid::Uuid>(), access)
        };
        let rows: Vec<_> = users.iter().map(row).collect();
        accesses::open(tx, pen, &rows).await?;
        journal::append(tx, &Event::App(AppEvent::Given { app, users, level, is_owner })).await?;
    }
    Ok(new)
}

/// Ends the accesses of these users to an app; those who had none.
pub(crate) async fn end(tx: &mut Tx, app: AppId, users: &[UserId]) -> Result<Vec<bool>> {
    let pen = pen(tx);
    let had = accesses::close(tx, pen, app, users).await?;
    let ended: Vec<UserId> = users.iter().zip(&had).filter(|(_, had)| **had).map(|(user, _)| *user).collect();
    if !ended.is_empty() {
        journal::append(tx, &Event::App(AppEvent::Ended { app, users: ended })).await?;
    }
    Ok(had)
}

/// Checks what is to be given and drops repeats.
async fn check(tx: &mut Tx, wanted: Vec<GiveAccess>, names: AccessNames) -> Result<Vec<GiveAccess>> {
    if wanted.len() > CHANGES {
        return Err(Error::TooMany { field: names.list.into(), limit: CHANGES as u64 });
    }
    let company = tx.company();
    let mut ids: Vec<AppId> = wanted.iter().map(|w| w.app).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = store::apps::get_each(tx, company, &ids).await?;
    let found: HashMap<AppId, App> = found.into_iter().flatten().map(|app| (app.id, app)).collect();
    let users: Vec<UserId> = wanted.iter().map(|w| w.user).collect();
    let statuses = store::users::statuses(tx, company, &users).await?;
    let mut once: HashMap<(AppId, UserId), GiveAccess> = HashMap::new();
    let mut checked = Vec::with_capacity(wanted.len());
    for (i, (want, status)) in wanted.into_iter().zip(statuses).enumerate() {
        let app = found.get(&want.app);
        let app = app.ok_or_else(|| Error::unknown(names.at(i, names.app), AppId::NOUN, want.app.uuid()))?;
        if status.is_none() {
            return Err(Error::unknown(names.at(i, names.user), UserId::NOUN, want.user.uuid()));
        }
        app.check_level(&names.at(i, names.level), want.level)?;
        if app.status == AppStatus::Archived {
            return Err(Error::conflict(format!("the app {} is archived, so nobody gets it any more", app.name)));
        }
        match once.insert((want.app, want.user), want) {
            Some(other) if other.level != want.level => {
                return Err(Error::invalid(names.at(i, names.level), "is another one than before for the same user"));
            }
            Some(_) => {}
            None => checked.push(want),
        }
    }
    Ok(checked)
}

impl Engine {
    /// Gives accesses straight away, without requests, all or none; a standing one changes its level. For each that
    /// is not a repeat, whether it is news.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Unknown`] for an app, user or level; [`Error::Invalid`] without a level where
    /// the app has some; [`Error::Conflict`] for an archived app; [`Error::TooMany`] beyond 10,000.
    pub async fn give_accesses(
        &self,
        caller: &Caller,
        wanted: Vec<GiveAccess>,
        names: AccessNames,
    ) -> Result<Written<Vec<bool>>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let checked = check(tx, wanted, names).await?;
            open(tx, &checked).await
        })
        .await
    }

    /// Ends an access, straight away.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NotFound`] for the app or when there is no such access.
    pub async fn end_access(&self, caller: &Caller, app: AppId, user: UserId) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            apps::get(tx, company, app).await?;
            match end(tx, app, &[user]).await?.first() {
                Some(true) => Ok(()),
                _ => Err(Error::NotFound { noun: "access" }),
            }
        })
        .await
    }

    /// One page of those who have an app, by user id, with the app.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn accesses(
        &self,
        caller: &Caller,
        app: AppId,
        ask: &Ask<UserId>,
    ) -> Result<(App, Page<Holder, UserId>)> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let app = apps::get(&mut conn, caller.company, app).await?;
        let page = accesses::holders(&mut conn, caller.company, app.id, ask).await?;
        Ok((app, page))
    }

    /// One page of the apps that a user has, by app id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such user; [`Error::Forbidden`].
    pub async fn accesses_of(&self, caller: &Caller, user: UserId, ask: &Ask<AppId>) -> Result<Page<HeldApp, AppId>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let company = caller.company;
        if let Some(view) = self.view(company).await {
            view.user_no(user).ok_or(users::GONE)?;
            let (after, skipped) = match ask.from {
                From::Start => (AppId::NIL, 0),
                From::After(app) => (app, 0),
                From::Offset(n) => (AppId::NIL, usize::try_from(n).unwrap_or(usize::MAX)),
            };
            let total = ask.total.then(|| view.having.of_user(user, AppId::NIL).count() as u64);
            let held =
                |(access, app): (&AppAccess, &Arc<App>)| HeldApp { access: access.clone(), app: Arc::clone(app) };
            let rows = view.having.of_user(user, after).skip(skipped).take(ask.limit as usize + 1).map(held).collect();
            return Ok(Page::cut(rows, ask.limit, total, |held: &HeldApp| held.access.app));
        }
        let mut conn = self.db().reader().await?;
        users::get(&mut conn, company, user).await?;
        let page = accesses::of_user(&mut conn, company, user, ask).await?;
        let ids: Vec<AppId> = page.items.iter().map(|access| access.app).collect();
        let found = store::apps::get_each(&mut conn, company, &ids).await?;
        let held = page.items.into_iter().zip(found).filter_map(|(access, app)| {
            let app = Arc::new(app?);
            Some(HeldApp { access, app })
        });
        Ok(Page { items: held.collect(), next: page.next, total: page.total })
    }
}
