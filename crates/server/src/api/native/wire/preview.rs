//! Previews on the wire: what a change would do.

use guildhall_domain::preview as domain;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Breach;

/// One membership that would come or go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Effect {
    /// The group.
    group: Uuid,
    /// The user.
    user: Uuid,
    /// Directly, not by nesting alone?
    direct: bool,
}

/// What a change would do to effective memberships. Nothing of it was done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preview {
    /// The revision on which it would be done.
    revision: u64,
    /// Who would come to be a member of what: the first 1,000 by group and user.
    #[schema(max_items = 1000)]
    gained: Vec<Effect>,
    /// Who would cease to be one: the first 1,000 alike.
    #[schema(max_items = 1000)]
    lost: Vec<Effect>,
    /// How many would be gained in all.
    gained_total: u64,
    /// How many would be lost in all.
    lost_total: u64,
    /// Who would come to be in more groups of a conflict than one may, for which the change would be refused with 409:
    /// the first 100.
    #[schema(max_items = 100)]
    breaches: Vec<Breach>,
    /// How many such breaches there would be in all.
    breaches_total: u64,
}

impl From<domain::Preview> for Preview {
    fn from(told: domain::Preview) -> Self {
        let one = |effect: domain::Effect| Effect {
            group: effect.group.uuid(),
            user: effect.user.uuid(),
            direct: effect.direct,
        };
        Self {
            revision: told.revision,
            gained: told.gained.into_iter().map(one).collect(),
            lost: told.lost.into_iter().map(one).collect(),
            gained_total: told.gained_total,
            lost_total: told.lost_total,
            breaches: told.breaches.into_iter().map(Breach::from).collect(),
            breaches_total: told.breaches_total,
        }
    }
}
