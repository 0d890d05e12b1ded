//! What the groups of a snapshot give: roles within scopes, and by them power in Guildhall itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use guildhall_domain::ids::{CompanyId, RoleId};
use guildhall_domain::role::{AccessRole, Permit, Power, Scope};
use guildhall_domain::{Result, Timestamp};

use super::snapshot::{No, Snapshot};
use crate::roles::{self, Source};
use crate::store::{self, Conn};

/// A role that a group gives.
#[derive(Clone, Debug)]
struct Given {
    group: No,
    role: RoleId,
    permissions: Arc<[Permit]>,
    scope: Arc<Scope>,
}

/// Everything that the groups of a company give.
#[derive(Clone, Debug, Default)]
pub(crate) struct Giving {
    /// By group.
    all: Vec<Given>,
    /// The groups that give power, which are few and mostly none.
    powers: Vec<(No, Power)>,
}

impl Giving {
    /// Does no group give anything?
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Reads what the groups of a snapshot give.
pub(super) async fn read(conn: &mut Conn, company: CompanyId, snapshot: &Snapshot) -> Result<Giving> {
    let mut known: HashMap<RoleId, Option<AccessRole>> = HashMap::new();
    let mut shared: HashMap<RoleId, Arc<[Permit]>> = HashMap::new();
    let (mut all, mut powers) = (Vec::new(), Vec::new());
    for grant in store::roles::grants(conn, company).await? {
        let Some(group) = snapshot.group_no(grant.group).filter(|no| snapshot.group(*no).is_some()) else { continue };
        let role = match known.entry(grant.role) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => place.insert(roles::find(conn, company, grant.role).await?),
        };
        let Some(role) = role else { continue };
        match role.power(&grant.scope, company) {
            Power::None => {}
            power => powers.push((group, power)),
        }
        let permissions = shared.entry(role.id).or_insert_with(|| role.permissions.clone().into());
        let (permissions, scope) = (Arc::clone(permissions), Arc::new(grant.scope));
        all.push(Given { group, role: grant.role, permissions, scope });
    }
    all.sort_by(|a, b| (a.group, a.role, &a.scope).cmp(&(b.group, b.role, &b.scope)));
    Ok(Giving { all, powers })
}

impl Snapshot {
    /// What a user may do in Guildhall itself by what their groups give at `now`.
    pub(crate) fn power_of(&self, user: No, now: Timestamp) -> Power {
        let held = self.giving.powers.iter().filter(|(group, _)| self.is_effective(user, *group, now));
        held.map(|(_, power)| *power).max().unwrap_or_default()
    }

    /// By which ways a user comes by which roles at `now`, by group and role.
    pub(crate) fn roles_of(&self, user: No, now: Timestamp) -> Vec<Source> {
        let all = &self.giving.all;
        if all.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for group in &self.effective_groups(user, now) {
            let Some(node) = self.group(group) else { continue };
            let from = all.partition_point(|given| given.group < group);
            for given in all[from..].iter().take_while(|given| given.group == group) {
                let (permissions, scope) = (Arc::clone(&given.permissions), Arc::clone(&given.scope));
                found.push(Source { group: node.record.id, role: given.role, permissions, scope });
            }
        }
        found.sort_by(|a, b| (a.group, a.role, &a.scope).cmp(&(b.group, b.role, &b.scope)));
        found
    }
}
