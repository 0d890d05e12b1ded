//! Reasons of memberships on the wire: their windows and notes.

use guildhall_domain::ids::GroupId;
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::members::Reason;
use super::{Id, patch};
use crate::http::patch::Field;

/// The window that two times make.
///
/// # Errors
/// [`Error::Invalid`] on the one that is wrong.
pub(super) fn window(starts_at: Option<&str>, ends_at: Option<&str>) -> Result<Window> {
    let time = |field: &str, raw: Option<&str>| raw.map(|raw| Timestamp::parse(field, raw)).transpose();
    Window::new(time("startsAt", starts_at)?, time("endsAt", ends_at)?)
}

/// On what terms a membership is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddTerms {
    /// A note to the reason given.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
    /// The first instant at which the membership counts; at once when absent.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// The first instant at which it counts no more; when absent, the group's lifetime settles it.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
}

impl AddTerms {
    /// The window that is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(crate) fn window(&self) -> Result<Window> {
        window(self.starts_at.as_deref(), self.ends_at.as_deref())
    }
}

/// All open reasons of a membership; never cut.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reasons {
    /// Reasons that stand now, and ones that are yet to begin.
    pub(crate) reasons: Vec<Reason>,
}

/// An edit of a reason: a merge patch (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditReason {
    /// The first instant at which it counts; null: at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Field<String>,
    /// The first instant at which it counts no more; null: as the group's lifetime says. An end that has passed is
    /// refused: end the reason instead.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Field<String>,
    /// A note for people.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    note: Field<String>,
}

impl EditReason {
    /// The edit that it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a time that is none.
    pub(crate) fn command(self) -> Result<guildhall_engine::EditReason> {
        Ok(guildhall_engine::EditReason {
            starts_at: patch(self.starts_at).try_map(|raw| Timestamp::parse("startsAt", &raw))?,
            ends_at: patch(self.ends_at).try_map(|raw| Timestamp::parse("endsAt", &raw))?,
            note: patch(self.note),
        })
    }
}

/// Which endings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEndings {
    /// Within how many days from now.
    #[param(minimum = 1, maximum = 3650, default = 30)]
    days: Option<u32>,
    /// Only of this group.
    #[param(value_type = Option<Uuid>)]
    group: Option<Id>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListEndings {
    /// The group that is asked for.
    pub(crate) fn group(&self) -> Option<GroupId> {
        self.group.map(|id| id.0.into())
    }

    /// The first instant that is not asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `days`.
    pub(crate) fn before(&self, now: Timestamp) -> Result<Timestamp> {
        match self.days.unwrap_or(30) {
            days @ 1..=3650 => Ok(now.plus_seconds(i64::from(days) * 86_400)),
            _ => Err(Error::invalid("days", "must be 1 to 3,650")),
        }
    }
}

/// A reason that ends by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ending {
    /// The group.
    group: Uuid,
    /// The user.
    user: Uuid,
    /// The reason; `endsAt` says when.
    reason: Reason,
}

impl From<guildhall_engine::Ending> for Ending {
    fn from(ending: guildhall_engine::Ending) -> Self {
        let reason = ending.reason;
        Self { group: reason.group.uuid(), user: reason.user.uuid(), reason: reason.into() }
    }
}
