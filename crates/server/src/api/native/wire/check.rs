//! Questions about membership on the wire.

use guildhall_engine::Question;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Id;

/// Questions about membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Checks {
    /// The questions.
    #[schema(max_items = 1000)]
    checks: Vec<Check>,
}

/// Is this user in this group?
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Check {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    user: Id,
    /// The group.
    #[schema(value_type = uuid::Uuid)]
    group: Id,
    /// Does membership through nesting count?
    #[serde(default = "yes")]
    #[schema(default = true)]
    effective: bool,
}

fn yes() -> bool {
    true
}

/// The answers.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Checked {
    /// One answer a question, in their order.
    pub(in super::super) results: Vec<bool>,
}

impl Checks {
    /// What the engine is asked.
    pub(in super::super) fn questions(&self) -> Vec<Question> {
        let question = |check: &Check| Question {
            user: check.user.0.into(),
            group: check.group.0.into(),
            effective: check.effective,
        };
        self.checks.iter().map(question).collect()
    }
}
