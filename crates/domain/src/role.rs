//! Roles: what a person may do. A group gives its effective members roles, each within a scope that says on what.

use crate::caller::{Role as WorkspaceRole, words};
use crate::ids::{CompanyId, GroupId, RoleId, UserId, parse_uuid};
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// What a role speaks of.
    Permission {
        /// Everything that stands above all companies.
        PlatformManagement = "PLATFORM_MANAGEMENT",
        /// Travel management companies.
        TmcManagement = "TMC_MANAGEMENT",
        /// A company and its settings.
        CompanyManagement = "COMPANY_MANAGEMENT",
        /// The people of a company.
        UserManagement = "USER_MANAGEMENT",
        /// People's profiles.
        UserProfile = "USER_PROFILE",
        /// Events.
        EventManagement = "EVENT_MANAGEMENT",
        /// Reports.
        ReportManagement = "REPORT_MANAGEMENT",
        /// Groups, roles and who has them: Guildhall's own rights.
        AccessManagement = "ACCESS_MANAGEMENT",
        /// Trips.
        TripManagement = "TRIP_MANAGEMENT",
        /// Agents.
        Agent = "AGENT",
        /// Keys and integrations.
        DeveloperPlatformManagement = "DEVELOPER_PLATFORM_MANAGEMENT",
        /// Notices to third parties.
        ThirdPartyNotificationManagement = "THIRD_PARTY_NOTIFICATION_MANAGEMENT",
        /// Contact centers.
        AgentContactCenterManagement = "AGENT_CONTACT_CENTER_MANAGEMENT",
        /// Support in contact centers.
        AgentContactCenterSupportManagement = "AGENT_CONTACT_CENTER_SUPPORT_MANAGEMENT",
        /// Teams of contact centers.
        AgentContactCenterTeamManagement = "AGENT_CONTACT_CENTER_TEAM_MANAGEMENT",
        /// Analytics of contact centers.
        AgentContactCenterAnalyticsManagement = "AGENT_CONTACT_CENTER_ANALYTICS_MANAGEMENT",
        /// Settings of contact centers.
        AgentContactCenterSettingsManagement = "AGENT_CONTACT_CENTER_SETTINGS_MANAGEMENT",
    }
    /// What a permission allows.
    Act {
        /// Everything.
        All = "ALL",
        /// To make.
        Create = "CREATE",
        /// To see.
        Read = "READ",
        /// To change.
        Write = "WRITE",
        /// To delete.
        Delete = "DELETE",
        /// To delete for good.
        Purge = "PURGE",
    }
    /// What a predicate of a scope looks at.
    PredicateType {
        /// Everything on the platform.
        Platform = "PLATFORM",
        /// The company that books.
        BookingTmc = "BOOKING_TMC",
        /// The company under contract.
        ContractingTmc = "CONTRACTING_TMC",
        /// The company.
        Company = "COMPANY",
        /// The template of a trip.
        TripTemplate = "TRIP_TEMPLATE",
        /// How hidden something is.
        StealthType = "STEALTH_TYPE",
    }
}

/// The values that a stealth type has.
pub const STEALTH_TYPES: [&str; 3] = ["STEALTH_TYPE_1", "STEALTH_TYPE_2", "STEALTH_TYPE_3"];
/// The most audiences of a scope, and predicates of an audience.
const PARTS: usize = 100;
/// The most values of a predicate.
const VALUES: usize = 1000;

impl Permission {
    /// May only platform roles hold it?
    pub fn above_companies(self) -> bool {
        matches!(self, Self::PlatformManagement | Self::TmcManagement)
    }
}

/// A permission and what it allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permit {
    /// What it speaks of.
    pub permission: Permission,
    /// What it allows, each once, in order.
    pub actions: Vec<Act>,
}

/// The permits together: each permission once with all its actions, in order.
pub fn union<'p>(permits: impl IntoIterator<Item = &'p Permit>) -> Vec<Permit> {
    let mut all = std::collections::BTreeMap::<Permission, std::collections::BTreeSet<Act>>::new();
    for permit in permits {
        all.entry(permit.permission).or_default().extend(&permit.actions);
    }
    all.into_iter().map(|(permission, acts)| Permit { permission, actions: acts.into_iter().collect() }).collect()
}

/// A role of a company, or of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRole {
    /// The id, unique in the server.
    pub id: RoleId,
    /// The company it belongs to; none for a role of the platform, which every company may give.
    pub company: Option<CompanyId>,
    /// The name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What it allows.
    pub permissions: Vec<Permit>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// Who changed it.
    pub updated_by: Option<UserId>,
    /// The revision that last changed this record: its version.
    pub version: u64,
}

/// What a new role needs.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// The id, where the caller may choose it.
    pub id: Option<RoleId>,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: Vec<Permit>,
}

/// An edit of a role.
#[derive(Clone, Debug, Default)]
pub struct EditRole {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// What it is for.
    pub description: Patch<String>,
    /// What it allows; cannot be cleared.
    pub permissions: Patch<Vec<Permit>>,
}

fn checked(permissions: Vec<Permit>, company: Option<CompanyId>) -> Result<Vec<Permit>> {
    for (i, permit) in permissions.iter().enumerate() {
        if permit.actions.is_empty() {
            return Err(Error::invalid(format!("permissions[{i}].actions"), "must name at least one action"));
        }
        if company.is_some() && permit.permission.above_companies() {
            return Err(Error::invalid(format!("permissions[{i}].permission"), "is for roles of the platform only"));
        }
    }
    Ok(union(&permissions))
}

impl AccessRole {
    /// A new role, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn birth(
        id: RoleId,
        company: Option<CompanyId>,
        new: NewRole,
        by: Option<UserId>,
        now: Timestamp,
        version: u64,
    ) -> Result<Self> {
        Ok(Self {
            id,
            company,
            name: name::name("name", &new.name)?,
            description: name::description("description", &new.description)?,
            permissions: checked(new.permissions, company)?,
            created_at: now,
            created_by: by,
            updated_at: now,
            updated_by: by,
            version,
        })
    }

    /// Carries `edit` out; the members that changed, by their native names.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong; [`Error::Conflict`] when the permissions of a platform role
    /// would change: companies have given it as it is.
    pub fn apply(&mut self, edit: EditRole) -> Result<Vec<&'static str>> {
        for (field, cleared) in [("name", edit.name == Patch::Clear), ("permissions", edit.permissions == Patch::Clear)]
        {
            if cleared {
                return Err(Error::invalid(field, "cannot be emptied"));
            }
        }
        let (company, kept) = (self.company, (self.name.clone(), self.permissions.clone()));
        let name = edit.name.try_map(|raw| name::name("name", &raw))?;
        let description = edit.description.try_map(|raw| name::description("description", &raw))?;
        let permissions = edit.permissions.try_map(|permits| checked(permits, company))?;
        let changed = [
            ("name", name.apply_or(&mut self.name, kept.0)),
            ("description", description.apply_or(&mut self.description, String::new())),
            ("permissions", permissions.apply_or(&mut self.permissions, kept.1)),
        ];
        if company.is_none() && changed[2].1 {
            return Err(Error::conflict("what a platform role allows is fixed; make another role"));
        }
        Ok(changed.into_iter().filter_map(|(field, changed)| changed.then_some(field)).collect())
    }

    /// What a group that holds this role within `scope` makes of its effective members in Guildhall itself.
    pub fn power(&self, scope: &Scope, company: CompanyId) -> Power {
        let permit = self.permissions.iter().find(|permit| permit.permission == Permission::AccessManagement);
        match permit {
            Some(_) if !scope.includes(company) => Power::None,
            Some(permit) if permit.actions.iter().any(|act| matches!(act, Act::All | Act::Write)) => Power::Admin,
            Some(permit) if permit.actions.contains(&Act::Read) => Power::Read,
            _ => Power::None,
        }
    }
}

/// What a role gives in Guildhall itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Nothing.
    #[default]
    None,
    /// To read the directory.
    Read,
    /// Everything in the company.
    Admin,
}

impl Power {
    /// The number that is stored.
    pub fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Read => 1,
            Self::Admin => 2,
        }
    }

    /// The power of a stored number.
    pub fn of_number(n: u64) -> Self {
        match n {
            2 => Self::Admin,
            1 => Self::Read,
            _ => Self::None,
        }
    }

    /// The workspace role of whoever has this power beside the one they have.
    pub fn raises(self, role: WorkspaceRole) -> WorkspaceRole {
        match (self, role) {
            (Self::Admin, _) => WorkspaceRole::Admin,
            (Self::Read, WorkspaceRole::Guest) => WorkspaceRole::Viewer,
            _ => role,
        }
    }
}

/// One condition of an audience: any of the values must be met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Predicate {
    /// What it looks at.
    pub kind: PredicateType,
    /// The values, each once, in order.
    pub values: Vec<String>,
}

/// On what a role counts: audiences combine by OR, the predicates of one by AND. Two scopes are equal whatever the
/// order of their parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    audiences: Vec<Vec<Predicate>>,
}

impl Scope {
    /// A scope, checked and put in order. `field` is what it is called in errors.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the part that is wrong; [`Error::TooMany`].
    pub fn new(field: &str, mut audiences: Vec<Vec<Predicate>>) -> Result<Self> {
        let few = |field: &str, n: usize, most: usize| match n {
            0 => Err(Error::invalid(field, "must not be empty")),
            n if n > most => Err(Error::TooMany { field: field.into(), limit: most as u64 }),
            _ => Ok(()),
        };
        few(&format!("{field}.audiences"), audiences.len(), PARTS)?;
        for (i, predicates) in audiences.iter_mut().enumerate() {
            let field = format!("{field}.audiences[{i}].predicates");
            few(&field, predicates.len(), PARTS)?;
            for (j, predicate) in predicates.iter_mut().enumerate() {
                let field = format!("{field}[{j}].values");
                few(&field, predicate.values.len(), VALUES)?;
                for (k, value) in predicate.values.iter_mut().enumerate() {
                    *value = checked_value(&format!("{field}[{k}]"), predicate.kind, value)?;
                }
                predicate.values.sort_unstable();
                predicate.values.dedup();
            }
            predicates.sort_unstable();
            predicates.dedup();
        }
        audiences.sort_unstable();
        audiences.dedup();
        Ok(Self { audiences })
    }

    /// The audiences, in order.
    pub fn audiences(&self) -> &[Vec<Predicate>] {
        &self.audiences
    }

    /// Does the scope take in the whole of this company? What is narrower does not.
    pub fn includes(&self, company: CompanyId) -> bool {
        let id = company.to_string();
        let holds = |predicate: &Predicate| match predicate.kind {
            PredicateType::Platform => true,
            PredicateType::Company => predicate.values.contains(&id),
            _ => false,
        };
        self.audiences.iter().any(|predicates| predicates.iter().all(holds))
    }
}

fn checked_value(field: &str, kind: PredicateType, raw: &str) -> Result<String> {
    match kind {
        PredicateType::Company => match parse_uuid(raw) {
            Some(id) => Ok(id.hyphenated().to_string()),
            None => Err(Error::invalid(field, "is not a UUID")),
        },
        PredicateType::StealthType if !STEALTH_TYPES.contains(&raw) => {
            Err(Error::invalid(field, "must be one of `STEALTH_TYPE_1`, `STEALTH_TYPE_2`, `STEALTH_TYPE_3`"))
        }
        _ if raw.is_empty() => Err(Error::invalid(field, "must not be empty")),
        _ => name::short(field, raw),
    }
}

/// A role that a group gives its effective members, within a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The group.
    pub group: GroupId,
    /// The role.
    pub role: RoleId,
    /// On what it counts.
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn predicate(kind: PredicateType, values: &[&str]) -> Predicate {
        Predicate { kind, values: values.iter().map(|value| (*value).to_owned()).collect() }
    }

    #[test]
    fn equal_scopes_are_equal_in_any_order() {
        let (a, b) = (Uuid::from_u128(1).to_string(), Uuid::from_u128(2).to_string());
        let company = |values: &[&str]| predicate(PredicateType::Company, values);
        let stealth = predicate(PredicateType::StealthType, &["STEALTH_TYPE_1"]);
        let one = Scope::new("scope", vec![vec![company(&[&a, &b]), stealth.clone()], vec![company(&[&a])]]).unwrap();
        let upper = a.to_uppercase();
        let two = Scope::new("scope", vec![vec![company(&[&upper])], vec![stealth, company(&[&b, &a, &b])]]).unwrap();
        assert_eq!(one, two);
        assert!(one.includes(CompanyId::new(Uuid::from_u128(1))) && !one.includes(CompanyId::new(Uuid::from_u128(2))));
        for wrong in [vec![], vec![vec![]], vec![vec![company(&[])]], vec![vec![company(&["x"])]]] {
            assert!(Scope::new("scope", wrong).is_err());
        }
    }

    #[test]
    fn access_management_within_the_company_is_power() {
        let company = CompanyId::new(Uuid::from_u128(1));
        let scope = |id: u128| {
            let here = Uuid::from_u128(id).to_string();
            Scope::new("scope", vec![vec![predicate(PredicateType::Company, &[&here])]]).unwrap()
        };
        let role = |permission, acts: &[Act]| {
            let permissions = vec![Permit { permission, actions: acts.to_vec() }];
            let new = NewRole { id: None, name: "R".into(), description: String::new(), permissions };
            AccessRole::birth(RoleId::NIL, Some(company), new, None, Timestamp::from_micros(0), 1).unwrap()
        };
        let access = |acts: &[Act]| role(Permission::AccessManagement, acts).power(&scope(1), company);
        assert_eq!((access(&[Act::All]), access(&[Act::Read, Act::Write])), (Power::Admin, Power::Admin));
        assert_eq!((access(&[Act::Read]), access(&[Act::Create, Act::Purge])), (Power::Read, Power::None));
        assert_eq!(role(Permission::UserManagement, &[Act::All]).power(&scope(1), company), Power::None);
        assert_eq!(role(Permission::AccessManagement, &[Act::All]).power(&scope(2), company), Power::None);
        assert_eq!(Power::Read.raises(WorkspaceRole::Guest), WorkspaceRole::Viewer);
        assert_eq!(Power::Read.raises(WorkspaceRole::Editor), WorkspaceRole::Editor);
    }
}
