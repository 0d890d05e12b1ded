//! Apps, what groups hold of them, accesses and policies: the same steps for a new company and an existing one.

use std::collections::{HashMap, HashSet};

use guildhall_domain::access::Visibility;
use guildhall_domain::app::{App, EditApp};
use guildhall_domain::ids::{AppId, CompanyId, GroupId, LevelId, PolicyId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::policy::{EditPolicy, Policy, RequestKind};
use guildhall_domain::{Error, Result, Timestamp};

use super::Blame;
use super::held::{Held, Place};
use crate::store::{self, Conn, accesses, apps, group_apps};
use crate::writer::Tx;
use crate::{GiveAccess, apps as cases, policies};

/// An app as a record tells it.
#[derive(Clone, Debug)]
pub struct AppRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: AppId,
    /// Every other member; the name is always set.
    pub edit: EditApp,
}

impl AppRecord {
    /// Checks the record by itself.
    pub(super) fn check(&self) -> Result<()> {
        App::birth(self.id, self.edit.clone(), Timestamp::MIN, 0).map(drop)
    }
}

/// What an app is to a group, as a record tells it.
#[derive(Clone, Debug)]
pub struct GroupAppRecord {
    /// The company.
    pub company: CompanyId,
    /// The group.
    pub group: GroupId,
    /// The app.
    pub app: AppId,
    /// Default or hidden.
    pub visibility: Visibility,
    /// The level that members get.
    pub level: Patch<LevelId>,
}

/// An access as a record tells it.
#[derive(Clone, Debug)]
pub struct AccessRecord {
    /// The company.
    pub company: CompanyId,
    /// The user.
    pub user: UserId,
    /// The app.
    pub app: AppId,
    /// The level.
    pub level: Patch<LevelId>,
    /// Do they look after the app?
    pub is_owner: Patch<bool>,
}

/// A policy as a record tells it.
#[derive(Clone, Debug)]
pub struct PolicyRecord {
    /// The company.
    pub company: CompanyId,
    /// The id.
    pub id: PolicyId,
    /// What it decides.
    pub kind: RequestKind,
    /// Every other member; name and steps are always set.
    pub edit: EditPolicy,
}

impl PolicyRecord {
    /// Checks the record by itself.
    pub(super) fn check(&self) -> Result<()> {
        Policy::birth(self.id, self.kind, self.edit.clone(), Timestamp::MIN, 0).map(drop)
    }
}

/// All that a load holds of one company's apps.
#[derive(Default)]
pub(super) struct AppPart {
    pub apps: Vec<Held<AppRecord>>,
    pub links: Vec<Held<GroupAppRecord>>,
    pub accesses: Vec<Held<AccessRecord>>,
    pub policies: Vec<Held<PolicyRecord>>,
}

impl AppPart {
    pub(super) fn len(&self) -> u64 {
        (self.apps.len() + self.links.len() + self.accesses.len() + self.policies.len()) as u64
    }

    pub(super) fn sort(&mut self) {
        self.apps.sort_unstable_by_key(|held| held.record.id);
        self.policies.sort_unstable_by_key(|held| held.record.id);
        self.links.sort_unstable_by_key(|held| (held.record.group, held.record.app, held.at));
        self.accesses.sort_unstable_by_key(|held| (held.record.app, held.record.user, held.at));
    }

    /// Refuses two lines about the same group and app, or the same user and app.
    pub(super) fn once(&self) -> Result<(), (Place, Error)> {
        let twice = |what: &str| Error::Taken { field: what.into(), why: "is on another line already".into() };
        let links = self
            .links
            .windows(2)
            .find(|two| (two[0].record.group, two[0].record.app) == (two[1].record.group, two[1].record.app));
        if let Some(two) = links {
            return Err((two[1].at, twice("groupApp")));
        }
        let accesses = self
            .accesses
            .windows(2)
            .find(|two| (two[0].record.user, two[0].record.app) == (two[1].record.user, two[1].record.app));
        accesses.map_or(Ok(()), |two| Err((two[1].at, twice("access"))))
    }

    /// The same in pieces of at most `size` records: apps first, which the others name.
    pub(super) fn batches(self, size: usize) -> impl Iterator<Item = Self> {
        let (mut apps, mut links) = (self.apps.into_iter(), self.links.into_iter());
        let (mut accesses, mut policies) = (self.accesses.into_iter(), self.policies.into_iter());
        std::iter::from_fn(move || {
            let mut some = Self { apps: apps.by_ref().take(size).collect(), ..Self::default() };
            if some.apps.is_empty() {
                some.links = links.by_ref().take(size).collect();
            }
            if some.len() == 0 {
                some.accesses = accesses.by_ref().take(size).collect();
            }
            if some.len() == 0 {
                some.policies = policies.by_ref().take(size).collect();
            }
            (some.len() > 0).then_some(some)
        })
    }

    /// Writes it: what is there is changed, what is not is made, nothing is removed. How many records brought news.
    pub(super) async fn write(self, tx: &mut Tx, blame: &Blame) -> Result<u64> {
        let mut n = 0;
        for Held { at, record } in self.apps {
            blame.on(at);
            let (company, before) = (tx.company(), tx.revision());
            match apps::get(tx, company, record.id).await? {
                None => drop(cases::create(tx, Some(record.id), record.edit).await?),
                Some(app) => drop(cases::edit(tx, app, record.edit).await?),
            }
            n += u64::from(tx.revision() != before);
        }
        n += write_policies(tx, self.policies, blame).await?;
        n += write_links(tx, self.links, blame).await?;
        Ok(n + write_accesses(tx, self.accesses, blame).await?)
    }
}

/// The apps that records name, each read once.
async fn named(tx: &mut Tx, ids: impl Iterator<Item = AppId>) -> Result<HashMap<AppId, App>> {
    let ids: HashSet<AppId> = ids.collect();
    let ids: Vec<AppId> = ids.into_iter().collect();
    let company = tx.company();
    Ok(apps::get_each(tx, company, &ids).await?.into_iter().flatten().map(|app| (app.id, app)).collect())
}

async fn write_policies(tx: &mut Tx, records: Vec<Held<PolicyRecord>>, blame: &Blame) -> Result<u64> {
    let (company, mut n) = (tx.company(), 0);
    for Held { at, record } in records {
        blame.on(at);
        let before = tx.revision();
        match store::policies::get(tx, company, record.id).await? {
            None => drop(policies::create(tx, Some(record.id), record.kind, record.edit).await?),
            Some(policy) if policy.kind != record.kind => {
                return Err(Error::invalid("requestType", "of a policy never changes"));
            }
            Some(policy) => drop(policies::edit(tx, policy, record.edit).await?),
        }
        n += u64::from(tx.revision() != before);
    }
    Ok(n)
}

async fn write_links(tx: &mut Tx, links: Vec<Held<GroupAppRecord>>, blame: &Blame) -> Result<u64> {
    let company = tx.company();
    let apps = named(tx, links.iter().map(|held| held.record.app)).await?;
    let mut n = 0;
    for Held { at, record } in links {
        blame.on(at);
        let group = store::groups::get(tx, company, record.group).await?;
        if group.is_none_or(|group| group.state == guildhall_domain::group::GroupState::Purged) {
            return Err(Error::unknown("group", GroupId::NOUN, record.group.uuid()));
        }
        let app = apps.get(&record.app).ok_or_else(|| Error::unknown("app", AppId::NOUN, record.app.uuid()))?;
        let stands = group_apps::standing(tx, company, record.group, record.app).await?;
        let kept = stands.filter(|link| link.visibility == record.visibility).and_then(|link| link.level);
        let mut level = kept;
        record.level.apply(&mut level);
        n += u64::from(crate::group_apps::link(tx, record.group, app, record.visibility, level).await?);
    }
    Ok(n)
}

async fn write_accesses(tx: &mut Tx, records: Vec<Held<AccessRecord>>, blame: &Blame) -> Result<u64> {
    let company = tx.company();
    let apps = named(tx, records.iter().map(|held| held.record.app)).await?;
    let pairs: Vec<(AppId, UserId)> = records.iter().map(|held| (held.record.app, held.record.user)).collect();
    let users: Vec<UserId> = records.iter().map(|held| held.record.user).collect();
    let statuses = store::users::statuses(tx, company, &users).await?;
    let standing = accesses::standing(tx, company, &pairs).await?;
    let mut wanted = Vec::with_capacity(records.len());
    for ((Held { at, record }, status), stands) in records.into_iter().zip(statuses).zip(standing) {
        blame.on(at);
        let app = apps.get(&record.app).ok_or_else(|| Error::unknown("app", AppId::NOUN, record.app.uuid()))?;
        if status.is_none() {
            return Err(Error::unknown("user", UserId::NOUN, record.user.uuid()));
        }
        let mut level = stands.as_ref().and_then(|access| access.level);
        record.level.apply(&mut level);
        if let Some(id) = level.filter(|id| app.level(*id).is_none()) {
            return Err(Error::unknown("permissionLevel", LevelId::NOUN, id.uuid()));
        }
        let mut is_owner = stands.is_some_and(|access| access.is_owner);
        record.is_owner.apply_or(&mut is_owner, false);
        wanted.push(GiveAccess { app: record.app, user: record.user, level, is_owner: Some(is_owner) });
    }
    blame.nobody();
    let new = crate::accesses::open(tx, &wanted).await?;
    Ok(new.into_iter().filter(|new| *new).count() as u64)
}

/// Removes some of what a failed import wrote of apps; how many rows, 0 when none was left.
pub(super) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    Ok(accesses::forget(conn, company).await?
        + group_apps::forget(conn, company).await?
        + apps::forget(conn, company).await?
        + store::policies::forget(conn, company).await?)
}
