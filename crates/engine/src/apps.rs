//! Use cases on apps: their records, levels and custom fields.

use std::collections::HashMap;

use guildhall_domain::access::{AppEvent, GroupApp, Visibility};
use guildhall_domain::app::{App, AppStatus, EditApp};
use guildhall_domain::caller::Caller;
use guildhall_domain::custom::{FieldKind, GivenField};
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AppId, FieldId, GroupId, LevelId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result};

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::store::accesses::Pen;
use crate::store::{self, Conn, accesses, apps, group_apps};
use crate::writer::Tx;
use crate::{AppFilter, AppKey, Engine, Written, app_events, journal};

const GONE: Error = Error::NotFound { noun: AppId::NOUN };

/// An app with what lists show beside its record.
#[derive(Clone, Debug)]
pub struct ShownApp {
    /// The record.
    pub app: App,
    /// Who looks after it.
    pub owner: Option<User>,
    /// How many have it.
    pub accounts: u64,
}

/// An app with what its own page shows beside that.
#[derive(Clone, Debug)]
pub struct WholeApp {
    /// As in lists.
    pub shown: ShownApp,
    /// The live groups whose members get it.
    pub default_groups: Vec<GroupId>,
    /// The live groups whose members do not see it.
    pub hidden_groups: Vec<GroupId>,
    /// The people that custom fields stand for.
    pub people: HashMap<uuid::Uuid, User>,
}

/// The app, if the company has it.
pub(crate) async fn get(conn: &mut Conn, company: guildhall_domain::ids::CompanyId, id: AppId) -> Result<App> {
    apps::get(conn, company, id).await?.ok_or(GONE)
}

/// Apps with owners and numbers of accounts.
pub(crate) async fn shown(
    conn: &mut Conn,
    company: guildhall_domain::ids::CompanyId,
    apps: Vec<App>,
) -> Result<Vec<ShownApp>> {
    let ids: Vec<AppId> = apps.iter().map(|app| app.id).collect();
    let owners: Vec<UserId> = apps.iter().filter_map(|app| app.owner).collect();
    let owners: HashMap<UserId, User> =
        store::users::get_each(conn, company, &owners).await?.into_iter().flatten().map(|u| (u.id, u)).collect();
    let counts = accesses::count_each(conn, company, &ids).await?;
    let show = |(app, accounts): (App, u64)| {
        let owner = app.owner.and_then(|id| owners.get(&id).cloned());
        ShownApp { app, owner, accounts }
    };
    Ok(apps.into_iter().zip(counts).map(show).collect())
}

/// The people that an app's custom fields stand for.
async fn people(
    conn: &mut Conn,
    company: guildhall_domain::ids::CompanyId,
    app: &App,
) -> Result<HashMap<uuid::Uuid, User>> {
    let named = app.fields.iter().filter(|field| field.kind == FieldKind::User);
    let ids: Vec<UserId> = named.filter_map(|field| field.guid.map(UserId::new)).collect();
    let found = store::users::get_each(conn, company, &ids).await?;
    Ok(found.into_iter().flatten().map(|user| (user.id.uuid(), user)).collect())
}

/// Gives each level, field and option that the edit names without an id the one it has by its name, or a new one;
/// and each field that tells no value the one it has.
fn identify(tx: &Tx, before: Option<&App>, edit: &mut EditApp) {
    if let Patch::Set(levels) = &mut edit.levels {
        for level in levels.iter_mut().filter(|level| level.id == LevelId::NIL) {
            let same = before.and_then(|app| app.levels.iter().find(|l| fold(&l.name) == fold(&level.name)));
            level.id = same.map_or_else(|| tx.clock.id(), |same| same.id);
        }
    }
    if let Patch::Set(fields) = &mut edit.fields {
        for given in fields.iter_mut() {
            let same = before.and_then(|app| {
                let named = |id: FieldId, name: &str| match given.id {
                    FieldId::NIL => fold(name) == fold(&given.name),
                    wanted => wanted == id,
                };
                app.fields.iter().find(|field| named(field.id, &field.name))
            });
            if given.id == FieldId::NIL {
                given.id = same.map_or_else(|| tx.clock.id(), |same| same.id);
            }
            for (id, name) in given.options.iter_mut().filter(|(id, _)| id.is_nil()) {
                let known = same.and_then(|field| field.options.iter().find(|(_, n)| fold(n) == fold(name)));
                *id = known.map_or_else(|| tx.clock.id(), |(id, _)| *id);
            }
            if let (Patch::Keep, Some(same)) = (&given.value, same.filter(|same| same.kind == given.kind)) {
                given.value = keep(given, same.raw());
            }
        }
    }
}

/// The value that a field keeps; a choice whose option is gone is emptied.
fn keep(given: &GivenField, raw: Option<String>) -> Patch<String> {
    let offered = |raw: &String| given.options.iter().any(|(id, _)| id.to_string() == *raw);
    Patch::set_or_keep(raw.filter(|raw| given.kind != FieldKind::Select || offered(raw)))
}

/// Refuses an owner or a person in a custom field whom the company has not.
async fn check_people(tx: &mut Tx, app: &App, before: Option<&App>) -> Result<()> {
    let company = tx.company();
    let known = |id: &uuid::Uuid| {
        let of = |app: &App| {
            app.owner.is_some_and(|owner| owner.uuid() == *id) || app.fields.iter().any(|f| f.guid == Some(*id))
        };
        before.is_some_and(of)
    };
    let mut named: Vec<(String, uuid::Uuid)> =
        app.owner.iter().map(|owner| ("owner".to_owned(), owner.uuid())).collect();
    let fields = app.fields.iter().enumerate().filter(|(_, field)| field.kind == FieldKind::User);
    named.extend(fields.filter_map(|(i, field)| Some((format!("customFields[{i}].value"), field.guid?))));
    named.retain(|(_, id)| !known(id));
    let ids: Vec<UserId> = named.iter().map(|(_, id)| UserId::new(*id)).collect();
    let missing = store::users::statuses(tx, company, &ids).await?.iter().position(Option::is_none);
    match missing {
        Some(i) => Err(Error::unknown(named[i].0.as_str(), UserId::NOUN, named[i].1)),
        None => Ok(()),
    }
}

/// Makes an app in the transaction of a caller who may.
pub(crate) async fn create(tx: &mut Tx, id: Option<AppId>, mut new: EditApp) -> Result<App> {
    let (company, now, version) = (tx.company(), tx.now(), tx.revision());
    identify(tx, None, &mut new);
    let id = id.unwrap_or_else(|| tx.clock.id());
    let app = App::birth(id, new, now, version)?;
    check_people(tx, &app, None).await?;
    if !apps::insert(tx, company, &app).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    let event = AppEvent::Created { app: id, fields: app_events::fields(&app, None) };
    journal::append(tx, &Event::App(event)).await?;
    Ok(app)
}

/// Carries an edit out in the transaction of a caller who may.
pub(crate) async fn edit(tx: &mut Tx, before: App, mut edit: EditApp) -> Result<App> {
    let (company, now) = (tx.company(), tx.now());
    identify(tx, Some(&before), &mut edit);
    let mut app = before.clone();
    let changed = app.apply(edit)?;
    if changed.is_empty() {
        return Ok(app);
    }
    check_people(tx, &app, Some(&before)).await?;
    for gone in before.levels.iter().filter(|level| app.level(level.id).is_none()) {
        if accesses::at_level(tx, company, app.id, gone.id).await?
            || group_apps::at_level(tx, company, app.id, gone.id).await?
        {
            return Err(Error::conflict(format!("the permission level {} is in use, so it stays", gone.name)));
        }
    }
    (app.updated_at, app.version) = (now, tx.revision());
    apps::update(tx, company, &app).await?;
    let event = AppEvent::Updated { app: app.id, fields: app_events::fields(&app, Some(&changed)) };
    journal::append(tx, &Event::App(event)).await?;
    if app.status != AppStatus::Managed && before.status == AppStatus::Managed {
        unlink_all(tx, app.id).await?;
    }
    Ok(app)
}

/// Takes an app that is managed no more from every group.
async fn unlink_all(tx: &mut Tx, app: AppId) -> Result<()> {
    let company = tx.company();
    for GroupApp { group, .. } in group_apps::every_of_app(tx, company, app).await? {
        let pen = pen(tx);
        group_apps::close(tx, pen, group, app).await?;
        journal::append(tx, &Event::App(AppEvent::Unlinked { group, app })).await?;
    }
    Ok(())
}

/// Takes a person who is erased from every app that names them, as owner or in a custom field.
pub(crate) async fn forget_person(tx: &mut Tx, user: UserId) -> Result<()> {
    let (company, now, mut after) = (tx.company(), tx.now(), AppId::NIL);
    loop {
        let page = apps::all_of(tx, company, after, 1000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for mut app in page {
            let mut changed = Vec::new();
            if app.owner == Some(user) {
                app.owner = None;
                changed.push("owner");
            }
            for field in app.fields.iter_mut().filter(|f| f.kind == FieldKind::User && f.guid == Some(user.uuid())) {
                field.guid = None;
                changed.push("customFields");
            }
            if changed.is_empty() {
                continue;
            }
            (app.updated_at, app.version) = (now, tx.revision());
            apps::update(tx, company, &app).await?;
            let event = AppEvent::Updated { app: app.id, fields: app_events::fields(&app, Some(&changed)) };
            journal::append(tx, &Event::App(event)).await?;
        }
    }
}

/// Who writes, when, and in which event.
pub(crate) fn pen(tx: &Tx) -> Pen {
    Pen { company: tx.company(), now: tx.now(), revision: tx.revision(), by: tx.caller().user() }
}

impl Engine {
    /// One page of apps, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn apps(&self, caller: &Caller, filter: &AppFilter, ask: &Ask<AppKey>) -> Result<Page<ShownApp, AppKey>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let Page { items, next, total } = apps::list(&mut conn, caller.company, filter, ask).await?;
        Ok(Page { items: shown(&mut conn, caller.company, items).await?, next, total })
    }

    /// One app, with the groups that hold it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn app(&self, caller: &Caller, id: AppId) -> Result<WholeApp> {
        let (mut conn, company) = (self.db().reader().await?, caller.company);
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let app = get(&mut conn, company, id).await?;
        let people = people(&mut conn, company, &app).await?;
        let links = group_apps::of_app(&mut conn, company, id).await?;
        let of = |kind: Visibility| links.iter().filter(|l| l.visibility == kind).map(|l| l.group).collect();
        let (default_groups, hidden_groups) = (of(Visibility::Default), of(Visibility::Hidden));
        let shown = shown(&mut conn, company, vec![app]).await?.pop().ok_or(GONE)?;
        Ok(WholeApp { shown, default_groups, hidden_groups, people })
    }

    /// Makes an app. The levels, fields and options of nil id get one.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `id`; [`Error::Unknown`]; [`Error::Invalid`]; [`Error::TooMany`].
    pub async fn create_app(&self, caller: &Caller, id: Option<AppId>, new: EditApp) -> Result<Written<App>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            create(tx, id, new).await
        })
        .await
    }

    /// Edits an app. A level or field of nil id is the one of that name, or new; those no longer listed go.
    ///
    /// # Errors
    /// As [`Self::create_app`], and [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] for a level in use.
    pub async fn edit_app(
        &self,
        caller: &Caller,
        id: AppId,
        ask: EditApp,
        version: Option<u64>,
    ) -> Result<Written<App>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            edit(tx, before, ask).await
        })
        .await
    }

    /// Sets and empties values of custom fields, all or none.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the app, [`Error::Unknown`] for a field, [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn set_custom_fields(
        &self,
        caller: &Caller,
        id: AppId,
        values: Vec<(FieldId, Option<String>)>,
    ) -> Result<Written<App>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = get(tx, company, id).await?;
            let mut app = before.clone();
            for (i, (field, value)) in values.iter().enumerate() {
                let at = format!("customFields[{i}]");
                let found = app.field_mut(*field);
                let found = found.ok_or_else(|| Error::unknown(format!("{at}.id"), FieldId::NOUN, field.uuid()))?;
                found.set(&format!("{at}.value"), value.as_deref())?;
            }
            if app.fields == before.fields {
                return Ok(app);
            }
            check_people(tx, &app, Some(&before)).await?;
            (app.updated_at, app.version) = (now, tx.revision());
            apps::update(tx, company, &app).await?;
            let event = AppEvent::Updated { app: id, fields: app_events::fields(&app, Some(&["customFields"])) };
            journal::append(tx, &Event::App(event)).await?;
            Ok(app)
        })
        .await
    }

    /// May this caller change apps and accesses? For doors that tell so before what is wrong with a body.
    ///
    /// # Errors
    /// [`Error::ReadOnlyKey`], [`Error::Forbidden`].
    pub async fn may_change_apps(&self, caller: &Caller) -> Result<()> {
        authz::may_write(caller)?;
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ManageDirectory, self.clock().now()).await
    }
}
