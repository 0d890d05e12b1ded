//! Use cases on policies: their records and versions, and which one a request runs by.

use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{AppId, CompanyId, GroupId, LevelId, PolicyId, UserId};
use guildhall_domain::policy::{Approvers, EditPolicy, Policy, RequestKind};
use guildhall_domain::request::RequestEvent;
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::companies::matches;
use crate::groups::{self, Shown};
use crate::secrets::hash_parts;
use crate::store::policies::{Choice, PolicyVersion};
use crate::store::{self, Conn, policies};
use crate::writer::Tx;
use crate::{Engine, Written, apps, journal, request_events};

const GONE: Error = Error::NotFound { noun: PolicyId::NOUN };
/// The most policies of one kind.
const POLICIES: u64 = 500;

/// The id of the policy that is shipped for a kind: the same on every node, another in every company.
fn shipped_id(company: CompanyId, kind: RequestKind) -> PolicyId {
    let hash = hash_parts([b"shipped policy".as_slice(), company.bytes(), kind.word().as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    PolicyId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The policy: a stored one, or one that is shipped and was never edited.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: PolicyId) -> Result<Policy> {
    if let Some(stored) = policies::get(conn, company, id).await? {
        return Ok(stored);
    }
    let shipped = RequestKind::ALL.iter().find(|kind| shipped_id(company, **kind) == id);
    let mut policy = shipped.map(|kind| Policy::shipped(id, *kind)).ok_or(GONE)?;
    policy.is_default = policies::default_of(conn, company, policy.kind).await?.is_none();
    Ok(policy)
}

/// All policies for requests of a kind, the shipped one first unless it was edited.
async fn of_kind(conn: &mut Conn, company: CompanyId, kind: RequestKind) -> Result<Vec<Policy>> {
    let mut all = policies::of_kind(conn, company, kind).await?;
    let id = shipped_id(company, kind);
    if !all.iter().any(|policy| policy.id == id) {
        let shipped = Policy { is_default: !all.iter().any(|policy| policy.is_default), ..Policy::shipped(id, kind) };
        all.insert(0, shipped);
    }
    Ok(all)
}

/// The policy by which a request about this app, level or group runs: the level's, else the app's (or the group's),
/// else the company's.
pub(crate) async fn fitting(
    conn: &mut Conn,
    company: CompanyId,
    kind: RequestKind,
    of: Option<Uuid>,
    level: Option<LevelId>,
) -> Result<Policy> {
    let mut chosen = None;
    if let Some(of) = of {
        if level.is_some() {
            chosen = policies::chosen(conn, company, of, level, kind).await?;
        }
        if chosen.is_none() {
            chosen = policies::chosen(conn, company, of, None, kind).await?;
        }
    }
    if let Some(id) = chosen {
        return get(conn, company, id).await;
    }
    let default = policies::default_of(conn, company, kind).await?;
    Ok(default.unwrap_or_else(|| Policy::shipped(shipped_id(company, kind), kind)))
}

/// Refuses steps that name people or a group whom the company has not.
async fn check_named(tx: &mut Tx, policy: &Policy) -> Result<()> {
    let company = tx.company();
    for (i, step) in policy.steps.iter().enumerate() {
        match &step.approvers {
            Approvers::Users(users) => {
                let statuses = store::users::statuses(tx, company, users).await?;
                let missing = users.iter().zip(statuses).filter(|(_, status)| status.is_none());
                let ids: Vec<Uuid> = missing.map(|(user, _)| user.uuid()).collect();
                if !ids.is_empty() {
                    let field = format!("steps[{i}].approvers.users");
                    return Err(Error::Unknown { field, noun: UserId::NOUN, ids });
                }
            }
            Approvers::Group(group) => {
                groups::get(tx, company, *group, Shown::Live).await.map_err(|error| match error {
                    Error::NotFound { .. } => {
                        Error::unknown(format!("steps[{i}].approvers.group"), GroupId::NOUN, group.uuid())
                    }
                    fault => fault,
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Takes the company's choice from whichever policy has it, so that another can.
async fn make_room(tx: &mut Tx, policy: &Policy) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    if !policy.is_default {
        return Ok(());
    }
    if let Some(mut other) = policies::default_of(tx, company, policy.kind).await?.filter(|p| p.id != policy.id) {
        (other.is_default, other.updated_at, other.version) = (false, now, tx.revision());
        policies::update(tx, company, &other).await?;
        let fields = request_events::fields(&other, Some(&["default"]));
        let event = RequestEvent::PolicyUpdated { policy: other.id, fields };
        journal::append(tx, &Event::Request(event)).await?;
    }
    Ok(())
}

/// Makes a policy in the transaction of a caller who may.
pub(crate) async fn create(tx: &mut Tx, id: Option<PolicyId>, kind: RequestKind, new: EditPolicy) -> Result<Policy> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    if policies::count(tx, company, kind).await? >= POLICIES {
        return Err(Error::conflict(format!("a company has at most {POLICIES} policies of one kind")));
    }
    let id = id.unwrap_or_else(|| tx.clock.id());
    let mut policy = Policy::birth(id, kind, new, now, 0)?;
    check_named(tx, &policy).await?;
    make_room(tx, &policy).await?;
    policy.version = tx.revision();
    if !policies::insert(tx, company, &policy).await? {
        return Err(Error::Taken { field: "id".into(), why: "is not usable".into() });
    }
    policies::keep_version(tx, company, &policy, by).await?;
    let event = RequestEvent::PolicyCreated { policy: id, fields: request_events::fields(&policy, None) };
    journal::append(tx, &Event::Request(event)).await?;
    Ok(policy)
}

/// Carries an edit out in the transaction of a caller who may. A shipped policy gets a row of its own by it.
pub(crate) async fn edit(tx: &mut Tx, before: Policy, ask: EditPolicy) -> Result<Policy> {
    let (company, now, by) = (tx.company(), tx.now(), tx.caller().user());
    let mut policy = before.clone();
    let mut changed = policy.apply(ask)?;
    if changed.is_empty() {
        return Ok(policy);
    }
    check_named(tx, &policy).await?;
    make_room(tx, &policy).await?;
    if policy.number != before.number {
        changed.push("version");
    }
    (policy.updated_at, policy.version) = (now, tx.revision());
    if before.version == 0 {
        policies::keep_version(tx, company, &before, None).await?;
        policies::insert(tx, company, &policy).await?;
    } else {
        policies::update(tx, company, &policy).await?;
    }
    policies::keep_version(tx, company, &policy, by).await?;
    let fields = request_events::fields(&policy, Some(&changed));
    journal::append(tx, &Event::Request(RequestEvent::PolicyUpdated { policy: policy.id, fields })).await?;
    Ok(policy)
}

/// What a choice is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceOf {
    /// An app.
    App(AppId),
    /// One of its levels.
    Level(AppId, LevelId),
    /// A group that people ask to join.
    Group(GroupId),
}

impl ChoiceOf {
    async fn check(self, conn: &mut Conn, company: CompanyId, kind: RequestKind) -> Result<(Uuid, Option<LevelId>)> {
        let unfit = || Error::conflict(format!("a {kind} is not about this"));
        match self {
            Self::App(id) | Self::Level(id, _) => {
                let app = apps::get(conn, company, id).await?;
                let level = if let Self::Level(_, level) = self { Some(level) } else { None };
                if level.is_some_and(|level| app.level(level).is_none()) {
                    return Err(Error::NotFound { noun: LevelId::NOUN });
                }
                let of_level = matches!(kind, RequestKind::Grant | RequestKind::Change | RequestKind::Remove);
                if kind == RequestKind::JoinGroup || level.is_some() && !of_level {
                    return Err(unfit());
                }
                Ok((id.uuid(), level))
            }
            Self::Group(id) => {
                groups::get(conn, company, id, Shown::Live).await?;
                if kind == RequestKind::JoinGroup { Ok((id.uuid(), None)) } else { Err(unfit()) }
            }
        }
    }
}

impl Engine {
    /// All policies for requests of a kind, or of every kind, the shipped ones among them.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn policies(&self, caller: &Caller, kind: Option<RequestKind>) -> Result<Vec<Policy>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let mut all = Vec::new();
        for one in RequestKind::ALL.iter().filter(|one| kind.is_none_or(|kind| kind == **one)) {
            all.extend(of_kind(&mut conn, caller.company, *one).await?);
        }
        Ok(all)
    }

    /// One policy.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn policy(&self, caller: &Caller, id: PolicyId) -> Result<Policy> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        get(&mut conn, caller.company, id).await
    }

    /// Every version of a policy, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn policy_versions(&self, caller: &Caller, id: PolicyId) -> Result<Vec<PolicyVersion>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        let policy = get(&mut conn, caller.company, id).await?;
        let versions = policies::versions(&mut conn, caller.company, id).await?;
        if versions.is_empty() {
            let Policy { number, steps, autoprovision, created_at, .. } = policy;
            return Ok(vec![PolicyVersion { number, steps, autoprovision, created_at, created_by: None }]);
        }
        Ok(versions)
    }

    /// Makes a policy.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Taken`] on `id`; [`Error::Unknown`]; [`Error::Invalid`]; [`Error::TooMany`].
    pub async fn create_policy(
        &self,
        caller: &Caller,
        id: Option<PolicyId>,
        kind: RequestKind,
        new: EditPolicy,
    ) -> Result<Written<Policy>> {
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            create(tx, id, kind, new).await
        })
        .await
    }

    /// Edits a policy; open requests go on by the version they began with.
    ///
    /// # Errors
    /// As [`Self::create_policy`], and [`Error::NotFound`], [`Error::Stale`].
    pub async fn edit_policy(
        &self,
        caller: &Caller,
        id: PolicyId,
        ask: EditPolicy,
        version: Option<u64>,
    ) -> Result<Written<Policy>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let before = get(tx, company, id).await?;
            matches(version, before.version)?;
            edit(tx, before, ask).await
        })
        .await
    }

    /// Archives a policy: whatever had chosen it goes back to what is chosen above. Requests under way go on by it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`]; [`Error::Conflict`] for one that is shipped.
    pub async fn archive_policy(&self, caller: &Caller, id: PolicyId, version: Option<u64>) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let policy = get(tx, company, id).await?;
            matches(version, policy.version)?;
            if shipped_id(company, policy.kind) == id {
                return Err(Error::conflict("this policy is shipped and stays; edit it, or make another the default"));
            }
            policies::archive(tx, company, id, now).await?;
            journal::append(tx, &Event::Request(RequestEvent::PolicyArchived { policy: id })).await
        })
        .await
    }

    /// Chooses a policy for an app, a level or a group, or with none goes back to what is chosen above.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what it is chosen for, [`Error::Unknown`] for the policy, [`Error::Forbidden`],
    /// [`Error::Conflict`] when the policy is for requests of another kind.
    pub async fn choose_policy(
        &self,
        caller: &Caller,
        of: ChoiceOf,
        kind: RequestKind,
        wanted: Option<PolicyId>,
    ) -> Result<Written<()>> {
        self.write(caller, async move |tx| {
            let (caller, now, company) = (tx.caller().clone(), tx.now(), tx.company());
            authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            let (of, level) = of.check(tx, company, kind).await?;
            let present = policies::chosen(tx, company, of, level, kind).await?;
            match wanted {
                Some(id) => {
                    let policy = get(tx, company, id).await.map_err(|error| match error {
                        Error::NotFound { .. } => Error::unknown("policyId", PolicyId::NOUN, id.uuid()),
                        fault => fault,
                    })?;
                    if policy.kind != kind {
                        return Err(Error::conflict(format!("this policy is for a {}, not a {kind}", policy.kind)));
                    }
                    if present == wanted {
                        return Ok(());
                    }
                    policies::choose(tx, company, of, Choice { level, kind, policy: id }).await?;
                }
                None => {
                    if !policies::unchoose(tx, company, of, level, kind).await? {
                        return Err(Error::NotFound { noun: "choice of a policy" });
                    }
                }
            }
            let event = RequestEvent::PolicyChosen { of, level, kind, policy: wanted };
            journal::append(tx, &Event::Request(event)).await
        })
        .await
    }

    /// What an app and its levels have chosen.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn choices_of_app(&self, caller: &Caller, app: AppId) -> Result<Vec<Choice>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        apps::get(&mut conn, caller.company, app).await?;
        policies::choices(&mut conn, caller.company, app.uuid()).await
    }
    /// What a group has chosen: the policy by which people join it, at most.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn choices_of_group(&self, caller: &Caller, group: GroupId) -> Result<Vec<Choice>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await?;
        groups::get(&mut conn, caller.company, group, Shown::Live).await?;
        policies::choices(&mut conn, caller.company, group.uuid()).await
    }
}
