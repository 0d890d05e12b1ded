//! Permissions: what there are, and what a user has of them (reference §5).

use guildhall_domain::role::{Act, Permission, Permit, PredicateType, union};
use guildhall_domain::{Error, Result};
use guildhall_engine::Source;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::scalars::Text;

/// A word of a closed set of the domain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(super) T);

macro_rules! domain_words {
    ($($kind:ident = $expected:literal),+) => {$(
        impl<'de> Deserialize<'de> for Word<$kind> {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let read = |text: &str| match $kind::parse("", text) {
                    Ok(word) => Ok(Word(word)),
                    Err(Error::Invalid { why, .. }) => Err(why),
                    Err(other) => Err(other.to_string()),
                };
                from.deserialize_str(Text(read, $expected))
            }
        }
        impl Serialize for Word<$kind> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.0.word())
            }
        }
    )+};
}
domain_words!(Permission = "a permission", Act = "an action", PredicateType = "a type of predicate");

/// What a role allows with one permission.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct PermissionItem {
    #[schema(value_type = String, example = "ACCESS_MANAGEMENT")]
    permission: Word<Permission>,
    #[schema(value_type = Vec<String>, example = json!(["READ"]))]
    actions: Vec<Word<Act>>,
}

impl From<&Permit> for PermissionItem {
    fn from(permit: &Permit) -> Self {
        Self { permission: Word(permit.permission), actions: permit.actions.iter().map(|act| Word(*act)).collect() }
    }
}

impl From<PermissionItem> for Permit {
    fn from(item: PermissionItem) -> Self {
        Self { permission: item.permission.0, actions: item.actions.into_iter().map(|act| act.0).collect() }
    }
}

/// A permission that there is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionEntry {
    #[schema(value_type = String)]
    name: Word<Permission>,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parent_name: Option<Word<Permission>>,
}

/// The permissions that there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionCatalogue {
    permissions: Vec<PermissionEntry>,
}

/// C3-19: descriptions and parents are not published.
fn described(permission: Permission) -> (&'static str, Option<Permission>) {
    use Permission as P;
    match permission {
        P::PlatformManagement => ("Everything that stands above all companies", None),
        P::TmcManagement => ("Travel management companies", Some(P::PlatformManagement)),
        P::CompanyManagement => ("A company and its settings", None),
        P::UserManagement => ("The people of a company", Some(P::CompanyManagement)),
        P::UserProfile => ("People's profiles", Some(P::UserManagement)),
        P::EventManagement => ("Events", Some(P::CompanyManagement)),
        P::ReportManagement => ("Reports", Some(P::CompanyManagement)),
        P::AccessManagement => ("Groups, their members and the roles they give", Some(P::CompanyManagement)),
        P::TripManagement => ("Trips of others", Some(P::CompanyManagement)),
        P::Agent => ("To work as an agent", None),
        P::DeveloperPlatformManagement => ("Keys and integrations", Some(P::CompanyManagement)),
        P::ThirdPartyNotificationManagement => ("Notices to third parties", Some(P::CompanyManagement)),
        P::AgentContactCenterManagement => ("Contact centers", Some(P::Agent)),
        P::AgentContactCenterSupportManagement => ("Support in contact centers", Some(P::AgentContactCenterManagement)),
        P::AgentContactCenterTeamManagement => ("Teams of contact centers", Some(P::AgentContactCenterManagement)),
        P::AgentContactCenterAnalyticsManagement => {
            ("Analytics of contact centers", Some(P::AgentContactCenterManagement))
        }
        P::AgentContactCenterSettingsManagement => {
            ("Settings of contact centers", Some(P::AgentContactCenterManagement))
        }
    }
}

impl PermissionCatalogue {
    /// All permissions; for a company those that its own roles may hold.
    pub(crate) fn of(company: bool) -> Self {
        let fits = |permission: &&Permission| !(company && permission.above_companies());
        let entry = |permission: &Permission| {
            let (description, parent) = described(*permission);
            PermissionEntry { name: Word(*permission), description, parent_name: parent.map(Word) }
        };
        Self { permissions: Permission::ALL.iter().filter(fits).map(entry).collect() }
    }
}

/// What a user may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RbacInfo {
    has_others_trip_access: bool,
    permissions: Vec<PermissionItem>,
}

impl From<&[Source]> for RbacInfo {
    /// C3-21: trips of others are whatever `TRIP_MANAGEMENT` allows.
    fn from(sources: &[Source]) -> Self {
        let all = union(sources.iter().flat_map(|source| source.permissions.iter()));
        Self {
            has_others_trip_access: all.iter().any(|permit| permit.permission == Permission::TripManagement),
            permissions: all.iter().map(Into::into).collect(),
        }
    }
}
