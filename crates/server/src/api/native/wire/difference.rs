//! Differences between two instants on the wire, and putting a group back to one.

use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine as engine;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Group, instant};

/// From when, until when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Between {
    /// The first instant: RFC 3339, not in the future.
    #[param(format = DateTime)]
    from: String,
    /// The second instant; now when absent.
    #[param(format = DateTime)]
    to: Option<String>,
}

impl Between {
    pub(crate) fn instants(&self) -> Result<(Timestamp, Option<Timestamp>)> {
        Ok((Timestamp::parse("from", &self.from)?, instant("to", self.to.as_deref())?))
    }
}

/// Who or what came and went, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    /// There at the second instant only.
    pub(crate) joined: Vec<Uuid>,
    /// There at the first instant only.
    pub(crate) left: Vec<Uuid>,
}

fn changed<T>(change: engine::Change<T>, id: impl Fn(T) -> Uuid) -> Changed {
    Changed { joined: change.joined.into_iter().map(&id).collect(), left: change.left.into_iter().map(&id).collect() }
}

/// What became of a group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupDifference {
    /// The record at the first instant; null when it was not there.
    pub(crate) before: Option<Group>,
    /// The record at the second instant; null when it was not there.
    pub(crate) after: Option<Group>,
    /// Direct members: users.
    pub(crate) direct: Changed,
    /// Effective members: users.
    pub(crate) effective: Changed,
    /// Groups inside it, one nesting away.
    pub(crate) children: Changed,
}

impl From<engine::GroupDifference> for GroupDifference {
    fn from(difference: engine::GroupDifference) -> Self {
        Self {
            before: difference.before.as_ref().map(Group::from),
            after: difference.after.as_ref().map(Group::from),
            direct: changed(difference.direct, |user| user.uuid()),
            effective: changed(difference.effective, |user| user.uuid()),
            children: changed(difference.children, |group| group.uuid()),
        }
    }
}

/// What became of a user's groups.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserDifference {
    /// Groups they are directly in.
    pub(crate) direct: Changed,
    /// Groups they are effectively in.
    pub(crate) effective: Changed,
}

impl From<engine::UserDifference> for UserDifference {
    fn from(difference: engine::UserDifference) -> Self {
        Self {
            direct: changed(difference.direct, |group| group.uuid()),
            effective: changed(difference.effective, |group| group.uuid()),
        }
    }
}

/// To when a group is put back, and what of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutBack {
    /// The instant: RFC 3339, not in the future.
    #[schema(format = DateTime)]
    at: String,
    /// Its direct members, as a whole list.
    #[schema(default = true)]
    members: Option<bool>,
    /// The groups inside it.
    #[schema(default = true)]
    children: Option<bool>,
    /// Its name, description and icon.
    #[schema(default = false)]
    record: Option<bool>,
}

impl PutBack {
    pub(crate) fn command(&self) -> Result<engine::PutBack> {
        let command = engine::PutBack {
            at: Timestamp::parse("at", &self.at)?,
            members: self.members.unwrap_or(true),
            children: self.children.unwrap_or(true),
            record: self.record.unwrap_or(false),
        };
        if !(command.members || command.children || command.record) {
            return Err(Error::invalid("members", "one of members, children and record must be put back"));
        }
        Ok(command)
    }
}
