//! Use cases on what groups hold of apps: default and hidden ones.

use guildhall_domain::access::{AppEvent, GroupApp, Visibility};
use guildhall_domain::app::App;
use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AppId, GroupId, LevelId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::{Error, Result};

use crate::apps::{self, ShownApp, pen};
use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::store::group_apps;
use crate::writer::Tx;
use crate::{AppKey, Engine, Written, grants, journal};

/// The most apps that one group may hold.
const APPS: usize = 1000;

/// Puts what an app is to a group, both of which are checked; true when that changed.
pub(crate) async fn link(
    tx: &mut Tx,
    group: GroupId,
    app: &App,
    visibility: Visibility,
    level: Option<LevelId>,
) -> Result<bool> {
    let (company, now) = (tx.company(), tx.now());
    if let Some(id) = level {
        app.level(id).ok_or_else(|| Error::unknown("permissionLevel", LevelId::NOUN, id.uuid()))?;
        if visibility == Visibility::Hidden {
            return Err(Error::invalid("permissionLevel", "belongs to a default app"));
        }
    }
    app.managed()?;
    let held = group_apps::of_group(tx, company, group).await?;
    match held.iter().find(|link| link.app == app.id) {
        Some(link) if (link.visibility, link.level) == (visibility, level) => return Ok(false),
        None if held.len() >= APPS => {
            return Err(Error::conflict(format!("a group holds at most {APPS} apps")));
        }
        _ => {}
    }
    let pen = pen(tx);
    group_apps::close(tx, pen, group, app.id).await?;
    let link = GroupApp { group, app: app.id, visibility, level, since: now };
    let row = (tx.clock.id::<uuid::Uuid>(), link);
    group_apps::open(tx, pen, &[row]).await?;
    journal::append(tx, &Event::App(AppEvent::Linked { group, app: app.id, visibility, level })).await?;
    let was = held.into_iter().find(|link| link.app == app.id && link.visibility == Visibility::Default);
    match (visibility, was) {
        (Visibility::Default, None) => grants::linked(tx, link).await?,
        (Visibility::Hidden, Some(was)) => grants::unlinked(tx, was).await?,
        _ => {}
    }
    Ok(true)
}

impl Engine {
    /// One page of the apps that a group holds, all or those of one visibility, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn group_apps(
        &self,
        caller: &Caller,
        group: GroupId,
        visibility: Option<Visibility>,
        ask: &Ask<AppKey>,
    ) -> Result<Page<(GroupApp, ShownApp), AppKey>> {
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        groups::get(&mut conn, company, group, Shown::Live).await?;
        let Page { items, next, total } = group_apps::apps(&mut conn, company, group, visibility, ask).await?;
        let (links, held): (Vec<GroupApp>, Vec<App>) = items.into_iter().unzip();
        let shown = apps::shown(&mut conn, company, held).await?;
        Ok(Page { items: links.into_iter().zip(shown).collect(), next, total })
    }

    /// What an app is to each live group that holds it, by group id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn groups_of_app(&self, caller: &Caller, app: AppId) -> Result<Vec<GroupApp>> {
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        apps::get(&mut conn, company, app).await?;
        group_apps::of_app(&mut conn, company, app).await
    }

    /// Makes an app a default or hidden one of a group; true when it was not so already.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the group, [`Error::Unknown`] for the app or level, [`Error::Forbidden`],
    /// [`Error::Conflict`] unless the app is managed, [`Error::Invalid`].
    pub async fn link_app(
        &self,
        caller: &Caller,
        group: GroupId,
        app: AppId,
        visibility: Visibility,
        level: Option<LevelId>,
    ) -> Result<Written<(GroupApp, bool)>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            groups::get(tx, company, group, Shown::Live).await?;
            let app = apps::get(tx, company, app).await?;
            let new = link(tx, group, &app, visibility, level).await?;
            let stands = group_apps::standing(tx, company, group, app.id).await?;
            Ok((stands.ok_or_else(|| Error::internal("a link vanished"))?, new))
        })
        .await
    }

    /// Takes an app from a group.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the group or when it does not hold the app; [`Error::Forbidden`].
    pub async fn unlink_app(&self, caller: &Caller, group: GroupId, app: AppId) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            groups::get(tx, company, group, Shown::Live).await?;
            let gone = Error::NotFound { noun: "app of this group" };
            let link = group_apps::standing(tx, company, group, app).await?.ok_or(gone)?;
            let pen = pen(tx);
            group_apps::close(tx, pen, group, app).await?;
            journal::append(tx, &Event::App(AppEvent::Unlinked { group, app })).await?;
            match link.visibility {
                Visibility::Default => grants::unlinked(tx, link).await,
                Visibility::Hidden => Ok(()),
            }
        })
        .await
    }
}
