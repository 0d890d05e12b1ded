//! The caller, and what ids are called, on the wire.

use guildhall_domain::caller::Caller;
use guildhall_domain::company::Company;
use guildhall_domain::ids::KeyId;
use guildhall_domain::user::User;
use guildhall_engine::Named;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Company as WireCompany, Id, User as WireUser};

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// The company that the caller works in; null for a platform key.
    company: Option<WireCompany>,
    /// The person; null for a platform key.
    user: Option<WireUser>,
    /// The workspace role that counts now, raised by what their groups give; null for a platform key.
    #[schema(value_type = Option<super::Role>)]
    role: Option<&'static str>,
    /// What the credential may do at all.
    #[schema(value_type = super::Access)]
    access: &'static str,
    /// The key; of a session that none opened, the session.
    key: Option<Uuid>,
    /// Does the call come in a session of the console?
    session: bool,
}

impl Me {
    /// What the caller is told.
    pub(crate) fn of(caller: &Caller, company: Option<&Company>, user: Option<&User>) -> Self {
        Self {
            company: company.map(WireCompany::from),
            user: user.map(WireUser::from),
            role: caller.role.map(|role| role.word()),
            access: caller.access.word(),
            key: caller.key.map(KeyId::uuid),
            session: caller.session.is_some(),
        }
    }
}

/// Ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    /// Users and groups.
    #[schema(value_type = Vec<Uuid>, max_items = 1000)]
    ids: Vec<Id>,
}

impl Ids {
    /// The ids.
    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.ids.iter().map(|id| id.0).collect()
    }
}

/// What a user or group is called.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Name {
    /// The id.
    id: Uuid,
    /// `user` or `group`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name.
    name: String,
}

/// What users and groups are called.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Names {
    /// Those that are there.
    names: Vec<Name>,
}

impl From<Vec<Named>> for Names {
    fn from(named: Vec<Named>) -> Self {
        Self { names: named.into_iter().map(|one| Name { id: one.id, kind: one.noun, name: one.name }).collect() }
    }
}
