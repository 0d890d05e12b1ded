//! Offboarding: a person leaves, and what they have is asked back (`reference/cakewalk-v1.md` §7.3).

use guildhall_domain::app::AppStatus;
use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AccessRequestId, AppId, OffboardingId, UserId};
use guildhall_domain::page::Ask;
use guildhall_domain::patch::Patch;
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{AccessRequest, RequestEvent, RequestStatus, TaskKind};
use guildhall_domain::user::{EditUser, User, UserStatus};
use guildhall_domain::{Error, Result};

use crate::authz::{self, Action};
use crate::requests::Wanted;
use crate::store::{self, accesses, requests as rows};
use crate::writer::Tx;
use crate::{Engine, Written, hands, journal, requests, users};

/// Why removals of an offboarding are asked for.
const PURPOSE: &str = "Offboarding";

async fn stand(tx: &mut Tx, user: UserId, status: UserStatus) -> Result<User> {
    let company = tx.company();
    let before = users::get(tx, company, user).await?;
    // Boxed, as ending an offboarding may in the end be what an edit of a user leads to.
    let edit = EditUser { status: Patch::Set(status), ..Default::default() };
    Box::pin(users::edit(tx, before, edit)).await
}

/// Asks back every managed app that the person has; with none the offboarding is done.
pub(crate) async fn ask_back(tx: &mut Tx, id: OffboardingId, user: UserId) -> Result<()> {
    let company = tx.company();
    for mut request in rows::pending_of(tx, company, user).await? {
        requests::end(tx, &mut request, RequestStatus::Cancelled).await?;
    }
    let held = accesses::of_user(tx, company, user, &Ask::first(10_000)).await?.items;
    let ids: Vec<AppId> = held.iter().map(|access| access.app).collect();
    let managed = store::apps::get_each(tx, company, &ids).await?.into_iter().flatten();
    let mut asked = false;
    for app in managed.filter(|app| app.status == AppStatus::Managed) {
        let wanted = Wanted {
            kind: RequestKind::Remove,
            requester: tx.caller().user(),
            app: Some(app.id),
            level: None,
            group: None,
            purpose: Some(PURPOSE.into()),
            source: Some(id.uuid()),
            ends_at: None,
        };
        Box::pin(requests::raise(tx, &wanted, &[Some(user)], false)).await?;
        asked = true;
    }
    // The removals may have been carried out already, and the last of them ended it all.
    if !asked { finish(tx, id, user, true).await } else { Ok(()) }
}

async fn finish(tx: &mut Tx, id: OffboardingId, user: UserId, done: bool) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    if rows::end_offboarding(tx, company, id, done, now).await? {
        let event = RequestEvent::OffboardingEnded { offboarding: id, user, done };
        journal::append(tx, &Event::Request(event)).await?;
        stand(tx, user, if done { UserStatus::Inactive } else { UserStatus::Active }).await?;
    }
    Ok(())
}

/// A removal is done: where it was the last of an offboarding, the person is deactivated.
pub(crate) async fn settle(tx: &mut Tx, request: &AccessRequest) -> Result<()> {
    let (Some(source), Some(user), RequestKind::Remove) = (request.source, request.target, request.kind) else {
        return Ok(());
    };
    let (company, id) = (tx.company(), OffboardingId::new(source));
    if rows::offboarding(tx, company, id).await?.is_none() {
        return Ok(());
    }
    let held = accesses::of_user(tx, company, user, &Ask::first(10_000)).await?.items;
    let asked = rows::of_source(tx, company, source, user).await?;
    let open = asked.iter().any(|one| one.status != RequestStatus::Completed);
    // Removals are raised one by one: an app that is still to be asked for keeps the offboarding open.
    let ids: Vec<AppId> = held.iter().map(|access| access.app).collect();
    let managed = store::apps::get_each(tx, company, &ids).await?.into_iter().flatten();
    let more = managed.into_iter().any(|app| app.status == AppStatus::Managed);
    if open || more { Ok(()) } else { finish(tx, id, user, true).await }
}

/// A removal will not be done: the whole offboarding is called off; removals already done stay.
pub(crate) async fn call_off(tx: &mut Tx, request: &AccessRequest) -> Result<()> {
    let (Some(source), Some(user)) = (request.source, request.target) else { return Ok(()) };
    let (company, id) = (tx.company(), OffboardingId::new(source));
    if rows::offboarding(tx, company, id).await?.is_none() {
        return Ok(());
    }
    for mut other in rows::of_source(tx, company, source, user).await? {
        if other.status.is_pending() && other.id != request.id {
            requests::end(tx, &mut other, RequestStatus::Cancelled).await?;
        }
    }
    finish(tx, id, user, false).await
}

/// The decision on whether an offboarding begins at all.
pub(crate) async fn reviewed(tx: &mut Tx, id: OffboardingId, approved: bool) -> Result<()> {
    let company = tx.company();
    let gone = || Error::conflict("this offboarding is over");
    let user = rows::offboarding(tx, company, id).await?.ok_or_else(gone)?;
    if approved { ask_back(tx, id, user).await } else { finish(tx, id, user, false).await }
}

impl Engine {
    /// Offboards a user: every managed app they have is asked back, and once all of that is done they are deactivated.
    /// Started by a connection it waits for a review first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`]; [`Error::Conflict`] when they are offboarding or inactive, and for
    /// the last administrator.
    pub async fn offboard_user(&self, caller: &Caller, user: UserId) -> Result<Written<User>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = users::get(tx, company, user).await?;
            if !before.counts() {
                return Err(Error::conflict("this user is deactivated already"));
            }
            users::keep_an_admin(tx, &before, None).await?;
            let id: OffboardingId = tx.clock.id();
            if !rows::start_offboarding(tx, company, id, user, caller.user(), now).await? {
                return Err(Error::conflict("this user is being offboarded already"));
            }
            let event = RequestEvent::OffboardingStarted { offboarding: id, user };
            journal::append(tx, &Event::Request(event)).await?;
            stand(tx, user, UserStatus::Offboarding).await?;
            if caller.connection.is_some() {
                let people = hands::reviewers_of(tx, &before).await?;
                let own = |other: UserId| other == user;
                let task = hands::one(tx, id.uuid(), TaskKind::Offboarding, 0, None, &people, own).await?;
                let opened = vec![(task.id, id.uuid(), TaskKind::Offboarding, people)];
                requests::tell(tx, id.uuid(), opened).await?;
            } else {
                ask_back(tx, id, user).await?;
            }
            users::get(tx, company, user).await
        })
        .await
    }

    /// Calls an offboarding off; removals already done stay.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the user; [`Error::Conflict`] when they are not being offboarded; [`Error::Forbidden`].
    pub async fn call_offboarding_off(&self, caller: &Caller, user: UserId) -> Result<Written<User>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            users::get(tx, company, user).await?;
            let id = rows::offboarding_of(tx, company, user).await?;
            let id = id.ok_or_else(|| Error::conflict("this user is not being offboarded"))?;
            for mut request in rows::of_source(tx, company, id.uuid(), user).await? {
                if request.status.is_pending() {
                    requests::end(tx, &mut request, RequestStatus::Cancelled).await?;
                }
            }
            let closed = guildhall_domain::request::TaskStatus::Cancelled;
            store::tasks::close(tx, company, AccessRequestId::new(id.uuid()).uuid(), closed, now).await?;
            finish(tx, id, user, false).await?;
            users::get(tx, company, user).await
        })
        .await
    }
}
