//! Use cases on requests: asking for an access or a membership, reading and withdrawing.

use guildhall_domain::access::Visibility;
use guildhall_domain::app::{App, AppStatus};
use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::ids::{AccessRequestId, AppId, GroupId, LevelId, UserId};
use guildhall_domain::page::{Ask, Page};
use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{AccessRequest, RequestStatus};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result, Timestamp, name};

use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::requests::Wanted;
use crate::store::requests::RequestFilter;
use crate::store::{self, accesses, group_apps, reasons, requests as rows};
use crate::writer::Tx;
use crate::{Engine, Written, connections, nestings, offboarding, requests};

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct AskAccess {
    /// What kind of thing.
    pub kind: RequestKind,
    /// Who asks; the caller when absent.
    pub requester: Option<UserId>,
    /// For whom; whoever asks, when absent. Not told for an app alone.
    pub target: Option<UserId>,
    /// The app.
    pub app: Option<AppId>,
    /// The level.
    pub level: Option<LevelId>,
    /// The group to be joined.
    pub group: Option<GroupId>,
    /// Why.
    pub purpose: String,
    /// Until when, for a membership.
    pub ends_at: Option<Timestamp>,
    /// What the request calls its members, for errors.
    pub names: AskNames,
}

/// What the members of a request for access are called in it.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the members of the request")]
pub struct AskNames {
    pub requester: &'static str,
    pub target: &'static str,
    pub app: &'static str,
    pub level: &'static str,
    pub group: &'static str,
    pub purpose: &'static str,
}

/// The active user that a member of the request names.
pub(crate) async fn person(tx: &mut Tx, field: &str, id: UserId) -> Result<User> {
    let company = tx.company();
    let found =
        store::users::get(tx, company, id).await?.ok_or_else(|| Error::unknown(field, UserId::NOUN, id.uuid()))?;
    if !found.counts() {
        return Err(Error::conflict(format!("{} is deactivated", found.name)));
    }
    Ok(found)
}

/// Who asks, and for whom: oneself, or as an administrator in anybody's name; a guest for nobody but themselves.
async fn parties(tx: &mut Tx, ask: &AskAccess) -> Result<(User, Option<User>)> {
    let (caller, now) = (tx.caller().clone(), tx.now());
    let requester = ask.requester.or(caller.user());
    let requester =
        requester.ok_or_else(|| Error::invalid(ask.names.requester, "is required, as this key acts as nobody"))?;
    if caller.user() != Some(requester) {
        authz::may(tx, &caller, Action::ManageDirectory, now).await?;
    }
    let requester = person(tx, ask.names.requester, requester).await?;
    if matches!(ask.kind, RequestKind::ArchiveApp | RequestKind::AddApp) {
        return Ok((requester, None));
    }
    let target = match ask.target {
        Some(target) if target != requester.id => person(tx, ask.names.target, target).await?,
        _ => requester.clone(),
    };
    if target.id != requester.id && requester.role == Role::Guest {
        return Err(Error::forbidden("a guest asks for nobody but themselves"));
    }
    Ok((requester, Some(target)))
}

/// Refuses a second request for what is being decided already.
async fn not_asked_yet(tx: &mut Tx, app: AppId, user: UserId) -> Result<()> {
    let company = tx.company();
    let pending = rows::pending_each(tx, company, app, &[user]).await?.pop().unwrap_or_default();
    match pending.first() {
        Some(other) => Err(Error::conflict(format!("a {} for this user and app is open already", other.kind))),
        None => Ok(()),
    }
}

/// Refuses an app that groups hide from whoever asks for themselves, as if it were not there.
async fn sees(tx: &mut Tx, app: &App, requester: &User, field: &str) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    if requester.role == Role::Admin || app.owner == Some(requester.id) {
        return Ok(());
    }
    let hidden = group_apps::of_app(tx, company, app.id).await?;
    let hidden: Vec<GroupId> =
        hidden.into_iter().filter(|link| link.visibility == Visibility::Hidden).map(|link| link.group).collect();
    if !hidden.is_empty() {
        let theirs = nestings::groups_of(tx, company, requester.id, now).await?;
        if theirs.iter().any(|group| hidden.contains(group)) {
            return Err(Error::unknown(field, AppId::NOUN, app.id.uuid()));
        }
    }
    Ok(())
}

/// Checks that the present state leaves anything to ask for.
async fn check_app(tx: &mut Tx, ask: &AskAccess, requester: &User, target: Option<&User>) -> Result<App> {
    let company = tx.company();
    let id = ask.app.ok_or_else(|| Error::invalid(ask.names.app, "is missing"))?;
    let unknown = || Error::unknown(ask.names.app, AppId::NOUN, id.uuid());
    let app = store::apps::get(tx, company, id).await?.ok_or_else(unknown)?;
    sees(tx, &app, requester, ask.names.app).await?;
    match ask.kind {
        RequestKind::AddApp if app.status == AppStatus::Managed => {
            return Err(Error::conflict("this app is Managed already"));
        }
        RequestKind::ArchiveApp if app.status == AppStatus::Archived => {
            return Err(Error::conflict("this app is Archived already"));
        }
        RequestKind::AddApp | RequestKind::ArchiveApp => return Ok(app),
        _ => app.managed()?,
    }
    let target = target.ok_or_else(|| Error::internal("nobody to ask for"))?;
    let standing = accesses::standing(tx, company, &[(id, target.id)]).await?.pop().flatten();
    match (ask.kind, standing) {
        (RequestKind::Grant, standing) => {
            app.check_level(ask.names.level, ask.level)?;
            if standing.is_some() {
                return Err(Error::conflict(format!("{} has this app already", target.name)));
            }
        }
        (RequestKind::Remove, None) => return Err(Error::NotFound { noun: "access of this user to this app" }),
        (_, None) => return Err(Error::conflict(format!("{} does not have this app", target.name))),
        (RequestKind::Change, Some(access)) => {
            app.check_level(ask.names.level, ask.level)?;
            if access.level == ask.level {
                return Err(Error::conflict(format!("{} has this app at this level already", target.name)));
            }
        }
        _ => {}
    }
    not_asked_yet(tx, id, target.id).await?;
    Ok(app)
}

/// Checks that somebody may ask to join a group.
async fn check_group(tx: &mut Tx, ask: &AskAccess, target: &User) -> Result<GroupId> {
    let (company, now) = (tx.company(), tx.now());
    let id = ask.group.ok_or_else(|| Error::invalid(ask.names.group, "is missing"))?;
    let group = groups::get(tx, company, id, Shown::Live).await.map_err(|error| match error {
        Error::NotFound { .. } => Error::unknown(ask.names.group, GroupId::NOUN, id.uuid()),
        fault => fault,
    })?;
    connections::open_to(tx, &group).await?;
    if ask.ends_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("endsAt", "must be in the future"));
    }
    if reasons::membership(tx, company, id, target.id, now).await?.is_some() {
        return Err(Error::conflict(format!("{} is in this group already", target.name)));
    }
    let pending = rows::pending_of(tx, company, target.id).await?;
    if pending.iter().any(|other| other.group == Some(id)) {
        return Err(Error::conflict("a JoinGroupRequest for this user and group is open already"));
    }
    Ok(id)
}

async fn ask(tx: &mut Tx, ask: AskAccess) -> Result<AccessRequest> {
    let purpose = name::purpose(ask.names.purpose, &ask.purpose)?;
    let (requester, target) = parties(tx, &ask).await?;
    let (mut app, mut group) = (None, None);
    match (ask.kind, &target) {
        (RequestKind::JoinGroup, Some(target)) => group = Some(check_group(tx, &ask, target).await?),
        _ => app = Some(check_app(tx, &ask, &requester, target.as_ref()).await?.id),
    }
    let levelled = matches!(ask.kind, RequestKind::Grant | RequestKind::Change);
    let wanted = Wanted {
        kind: ask.kind,
        requester: Some(requester.id),
        app,
        level: ask.level.filter(|_| levelled),
        group,
        purpose: Some(purpose),
        source: None,
        ends_at: ask.ends_at.filter(|_| group.is_some()),
    };
    let raised = requests::raise(tx, &wanted, &[target.map(|user| user.id)], false).await?.pop();
    raised.ok_or_else(|| Error::internal("a request vanished"))
}

impl Engine {
    /// Asks for an access, a change or end of one, an app's adding or archiving, or a membership.
    ///
    /// # Errors
    /// [`Error::Forbidden`] in another's name, unless an administrator asks; [`Error::Unknown`]; [`Error::Invalid`];
    /// [`Error::Conflict`] when it is so already, or asked for already; [`Error::NotFound`] for an access to remove
    /// that does not stand; [`Error::Closed`] for a group that a source keeps.
    pub async fn ask_access(&self, caller: &Caller, wanted: AskAccess) -> Result<Written<AccessRequest>> {
        self.write(caller, async move |tx| ask(tx, wanted).await).await
    }

    /// One page of requests, in the order in which they were raised. A guest sees their own.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn access_requests(
        &self,
        caller: &Caller,
        mut filter: RequestFilter,
        ask: &Ask<AccessRequestId>,
    ) -> Result<Page<AccessRequest, AccessRequestId>> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        match (caller.role, caller.user()) {
            (Some(Role::Guest), Some(user)) if filter.user.is_none_or(|asked| asked == user) => {
                filter.user = Some(user)
            }
            _ => authz::may(&mut conn, caller, Action::ReadDirectory, now).await?,
        }
        rows::list(&mut conn, caller.company, &filter, ask).await
    }

    /// One request. A guest sees their own.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn access_request(&self, caller: &Caller, id: AccessRequestId) -> Result<AccessRequest> {
        let (mut conn, now) = (self.db().reader().await?, self.clock().now());
        let found = rows::get(&mut conn, caller.company, id).await?;
        let user = caller.user();
        let theirs = |r: &AccessRequest| user.is_some() && (r.requester == user || r.target == user);
        match found {
            Some(request) if theirs(&request) => Ok(request),
            found => {
                authz::may(&mut conn, caller, Action::ReadDirectory, now).await?;
                found.ok_or(Error::NotFound { noun: AccessRequestId::NOUN })
            }
        }
    }

    /// Withdraws a request that is not carried out yet: whoever asked, for whom it is, or an administrator may.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Conflict`] when it is no longer open.
    pub async fn withdraw_request(&self, caller: &Caller, id: AccessRequestId) -> Result<Written<AccessRequest>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            let mut request = requests::get(tx, id).await?;
            let user = caller.user();
            if user.is_none() || request.requester != user && request.target != user {
                authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            }
            if !request.status.is_pending() {
                return Err(Error::conflict(format!("this request is {} already", request.status)));
            }
            requests::end(tx, &mut request, RequestStatus::Cancelled).await?;
            offboarding::call_off(tx, &request).await?;
            requests::get(tx, id).await
        })
        .await
    }
}
