//! The platform's own roles and groups, which stand in no company: loaded before any company, and told before any.

use std::collections::BTreeSet;

use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::group::GroupState;
use guildhall_domain::ids::{CompanyId, GroupId, RequestId, RoleId};
use guildhall_domain::role::Grant;
use guildhall_domain::{Error, Result};

use super::held::Part;
use super::{Blame, Fault, Loaded, Told, update};
use crate::Engine;
use crate::store::{Conn, groups, roles};
use crate::writer::Tx;

/// Rows read at a time.
const PAGE: u32 = 1000;

impl Engine {
    /// Writes what a load says of the platform. Without `update` it may be there already, but not be different.
    pub(super) async fn load_platform(
        &self,
        files: &[String],
        part: Part,
        update: bool,
        request: RequestId,
    ) -> Result<Loaded, Fault> {
        if !part.is_of_groups_and_roles() {
            let why = "is the platform's, which has roles, groups and what these give, and nothing else";
            return Err(Fault { place: Some(part.first.told(files)), error: Error::invalid("company", why) });
        }
        let blame = Blame::default();
        let theirs = blame.clone();
        let caller = Caller::operator(CompanyId::PLATFORM, Dialect::Cli, request);
        let written = self.write(&caller, async move |tx| {
            let (before, there) = (tx.head().revision, any_there(tx, &part).await?);
            let first = part.first;
            let loaded = update::run(tx, part, &theirs).await?;
            if there && !update && tx.head().revision != before {
                theirs.on(first);
                return Err(Error::conflict(
                    "some of these roles and groups of the platform exist already, and not like this; add --update to change them",
                ));
            }
            Ok(loaded)
        });
        Ok(written.await.map_err(|error| blame.fault(files, error))?.value)
    }
}

async fn any_there(tx: &mut Tx, part: &Part) -> Result<bool> {
    let ids: Vec<GroupId> = part.groups.iter().map(|held| held.record.id).collect();
    if !groups::get_each(tx, CompanyId::PLATFORM, &ids).await?.is_empty() {
        return Ok(true);
    }
    for held in &part.roles {
        if roles::get(tx, CompanyId::PLATFORM, held.record.id).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The platform's roles and groups and what these give, or, for the export of one company, just the platform's roles
/// that its groups give.
pub(super) async fn told(conn: &mut Conn, only: Option<CompanyId>) -> Result<Vec<Told>> {
    let platform = CompanyId::PLATFORM;
    let mut all = roles::all_of(conn, platform, RoleId::NIL, PAGE).await?;
    if let Some(company) = only {
        let given: BTreeSet<RoleId> = roles::grants(conn, company).await?.into_iter().map(|grant| grant.role).collect();
        all.retain(|role| given.contains(&role.id));
        return Ok(all.into_iter().map(|role| Told::Role(platform, role)).collect());
    }
    let mut told: Vec<Told> = all.into_iter().map(|role| Told::Role(platform, role)).collect();
    let (mut after, mut live) = (Some(GroupId::NIL), BTreeSet::new());
    while let Some(from) = after {
        let page = groups::all_of(conn, platform, from, PAGE).await?;
        after = page.last().map(|group| group.id);
        live.extend(page.iter().filter(|group| group.state == GroupState::Live).map(|group| group.id));
        let shown = page.into_iter().filter(|group| group.state != GroupState::Purged);
        told.extend(shown.map(|group| Told::Group(platform, group, Vec::new())));
    }
    let given: Vec<Grant> = roles::grants(conn, platform).await?;
    let given = given.into_iter().filter(|grant| live.contains(&grant.group));
    told.extend(given.map(|grant| Told::GroupRole(platform, grant)));
    Ok(told)
}
