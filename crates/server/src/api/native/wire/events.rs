//! Lines of the journal on the wire.

use std::fmt::Write as _;

use guildhall_domain::Result;
use guildhall_domain::ids::KeyId;
use guildhall_engine::{Entry, whole_data};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Id, at};

/// One line of a company's journal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The company's revision that it made; gapless from 1.
    pub(crate) revision: u64,
    /// The instant it is true from.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The instant it was written.
    #[schema(format = DateTime)]
    pub(crate) recorded_at: String,
    /// Noun, dot, verb: `group.members_added`.
    pub(crate) kind: String,
    /// The id of what it touched.
    pub(crate) subject: Uuid,
    /// A user's id, `platform` or `system`.
    pub(crate) actor: String,
    /// The real credential.
    pub(crate) key: Option<Uuid>,
    /// The door.
    pub(crate) dialect: String,
    /// The request, as `X-Request-Id` and the log name it.
    pub(crate) request_id: Uuid,
    /// Why, where somebody said so.
    pub(crate) cause: Option<String>,
    /// What changed. Where a person was erased it has `erased: true` instead of what they were called.
    #[schema(value_type = Object)]
    pub(crate) data: Value,
    /// The hash over this line and the one before, in hexadecimal.
    pub(crate) hash: String,
}

impl Event {
    /// An entry as it is told.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Internal`] when what is stored is not JSON.
    pub(crate) fn of(entry: &Entry) -> Result<Self> {
        let mut hash = String::with_capacity(64);
        for byte in &entry.hash {
            // Writing to a text cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Ok(Self {
            revision: entry.revision,
            at: at(entry.at),
            recorded_at: at(entry.recorded_at),
            kind: entry.kind.clone(),
            subject: entry.subject,
            actor: entry.actor.clone(),
            key: entry.key.map(KeyId::uuid),
            dialect: entry.dialect.clone(),
            request_id: entry.request.uuid(),
            cause: entry.cause.clone(),
            data: whole_data(entry)?,
            hash,
        })
    }
}

/// Which lines of the journal.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEvents {
    /// Only events behind this revision.
    pub(crate) after: Option<u64>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The order: `revision` (when absent), or `-revision` for the newest first, which does not go with `after`.
    #[param(pattern = "^-?revision$")]
    pub(crate) sort: Option<String>,
    /// Only events that touched this id.
    #[param(value_type = Option<Uuid>)]
    pub(crate) subject: Option<Id>,
}

/// What checking the chains found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// How many events were checked.
    events: u64,
    /// How many lines of refusals were checked.
    refusals: u64,
    /// What is wrong, where a chain breaks first; null when both are whole.
    broken: Option<String>,
}

impl From<guildhall_engine::Verified> for Verification {
    fn from(found: guildhall_engine::Verified) -> Self {
        Self { events: found.events, refusals: found.refusals, broken: found.broken }
    }
}
