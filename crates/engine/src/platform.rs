//! Groups of the platform: it says what they are called and which roles they give, each company who of its own people
//! is in them (`docs/decisions/0022`). Every company has a group of its own for each, which is settled here.

use std::collections::HashMap;

use guildhall_domain::caller::Caller;
use guildhall_domain::event::Event;
use guildhall_domain::group::{Group, GroupState, NewGroup};
use guildhall_domain::ids::{CompanyId, GroupId, RoleId};
use guildhall_domain::role::Scope;
use guildhall_domain::{Error, Result};

use crate::roles::ChangeRoles;
use crate::secrets::hash_parts;
use crate::store::{self, companies, groups};
use crate::writer::Tx;
use crate::{Engine, journal, roles};

/// Rows read at a time.
const PAGE: u32 = 1000;

/// The id of the group that stands for a platform group in a company. It follows from the two, so that it is the same
/// after an export and an import elsewhere.
pub(crate) fn counterpart(model: GroupId, company: CompanyId) -> GroupId {
    let hash = hash_parts([&b"platform group"[..], model.uuid().as_bytes(), company.uuid().as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    GroupId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Brings the groups of the company at work that stand for the platform's to what those are now.
pub(crate) async fn settle(tx: &mut Tx) -> Result<()> {
    let company = tx.company();
    // Read first: what changes behind it is settled once more.
    let Some(mark) = companies::revision(tx, CompanyId::PLATFORM).await? else { return Ok(()) };
    let (mut models, mut after) = (Vec::<Group>::new(), Some(GroupId::NIL));
    while let Some(from) = after {
        let page = groups::all_of(tx, CompanyId::PLATFORM, from, PAGE).await?;
        after = page.last().map(|group| group.id);
        models.extend(page);
    }
    let mut given: HashMap<GroupId, Vec<(RoleId, Scope)>> = HashMap::new();
    if !models.is_empty() {
        for grant in store::roles::grants(tx, CompanyId::PLATFORM).await? {
            given.entry(grant.group).or_default().push((grant.role, grant.scope));
        }
    }
    let ids: Vec<GroupId> = models.iter().map(|model| counterpart(model.id, company)).collect();
    let held = groups::get_each(tx, company, &ids).await?.into_iter();
    let mut held: HashMap<GroupId, Group> = held.map(|group| (group.id, group)).collect();
    for (id, model) in ids.into_iter().zip(models) {
        let roles = given.remove(&model.id).unwrap_or_default();
        let own = held.remove(&id);
        match (own, model.state) {
            (Some(own), GroupState::Live) if own.state == GroupState::Live => same(tx, own, model, roles).await?,
            (Some(own), GroupState::Live) if own.state == GroupState::Archived => {
                let own = crate::groups::revive(tx, own).await?;
                same(tx, own, model, roles).await?;
                crate::groups::ask_again(tx, id).await?;
            }
            (Some(own), _) if own.state == GroupState::Live => {
                let purge_at = model.purge_at.unwrap_or(tx.now());
                crate::groups::end(tx, own, purge_at).await.map(drop)?;
            }
            (None, GroupState::Live) => {
                let own = make(tx, id, &model).await?;
                same(tx, own, model, roles).await?;
            }
            // What was purged stays so: its id is spent.
            _ => {}
        }
    }
    companies::follow(tx, company, mark).await
}

async fn make(tx: &mut Tx, id: GroupId, model: &Group) -> Result<Group> {
    let (company, now, revision, by) = (tx.company(), tx.now(), tx.revision(), tx.caller().user());
    let new = NewGroup {
        id: Some(id),
        name: model.name.clone(),
        description: model.description.clone(),
        icon: model.icon.clone(),
        unmodifiable: true,
        ..NewGroup::default()
    };
    let group = Group::birth(id, new, by, now, revision)?;
    // A name that a group of the company has already is no obstacle: that is between the company's own groups.
    if !groups::insert(tx, company, &group, now).await? {
        return Err(Error::internal(format!("the id {id} of a platform group in {company} is taken elsewhere")));
    }
    let fields = crate::groups::fields(&group, None);
    journal::append(tx, &Event::GroupCreated { group: id, fields }).await?;
    Ok(group)
}

/// Gives a live group the name, description and roles of its model. Icon and all else are the company's.
async fn same(tx: &mut Tx, mut own: Group, model: Group, roles: Vec<(RoleId, Scope)>) -> Result<()> {
    let company = tx.company();
    let changed: Vec<&'static str> = [
        ("name", own.name != model.name),
        ("description", own.description != model.description),
        ("unmodifiable", !own.unmodifiable),
    ]
    .into_iter()
    .filter_map(|(field, changed)| changed.then_some(field))
    .collect();
    if !changed.is_empty() {
        (own.name, own.description, own.unmodifiable) = (model.name, model.description, true);
        let now = tx.now();
        (own.updated_at, own.updated_by, own.version) = (now, tx.caller().user(), tx.revision());
        groups::update(tx, company, &own, now).await?;
        let fields = crate::groups::fields(&own, Some(&changed));
        journal::append(tx, &Event::GroupUpdated { group: own.id, fields }).await?;
    }
    let standing = store::roles::of_group(tx, company, own.id).await?;
    let remove = standing.into_iter().map(|grant| (grant.role, Some(grant.scope))).collect();
    roles::settle(tx, own, ChangeRoles { add: roles, remove, called: ("role", "role") }).await
}

impl Engine {
    /// Brings the platform's groups into every company that does not have them as they are, in the name of `caller`.
    /// One company that cannot take them keeps no other from having them.
    pub(crate) async fn spread(&self, caller: &Caller) -> Result<()> {
        loop {
            let behind = {
                let mut conn = self.db().reader().await?;
                let Some(mark) = companies::revision(&mut conn, CompanyId::PLATFORM).await? else { return Ok(()) };
                companies::behind(&mut conn, mark).await?
            };
            if behind.is_empty() {
                return Ok(());
            }
            let all = behind.into_iter().map(|company| {
                let caller = Caller { company, once: None, preview: false, confirmation: None, ..caller.clone() };
                self.0.writer.write(caller, async |tx: &mut Tx| settle(tx).await)
            });
            for outcome in futures_util::future::join_all(all).await {
                outcome?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_counterpart_follows_from_group_and_company() {
        let (group, company) = (GroupId::new(Uuid::from_u128(1)), CompanyId::new(Uuid::from_u128(2)));
        let id = counterpart(group, company);
        assert_eq!(id, counterpart(group, company));
        assert_ne!(id, counterpart(group, CompanyId::new(Uuid::from_u128(3))));
        assert_ne!(id, counterpart(GroupId::new(Uuid::from_u128(2)), company));
        assert_eq!(id.uuid().get_version_num(), 8);
    }
}
