//! Questions about membership on the wire.

use guildhall_domain::{Result, Timestamp};
use guildhall_engine::Question;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Id, instant};

/// Questions about membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Checks {
    /// The questions.
    #[schema(max_items = 1000)]
    checks: Vec<Check>,
    /// The instant that all of them are about instead of the present, where they name none of their own: RFC 3339, not
    /// in the future.
    #[schema(format = DateTime)]
    at: Option<String>,
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
    /// The instant that it is about: RFC 3339, not in the future.
    #[schema(format = DateTime)]
    at: Option<String>,
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
    /// What the engine is asked; `passed` refuses an instant that is yet to come, by the place where it stands.
    pub(in super::super) fn questions(
        &self,
        passed: impl Fn(&str, Timestamp) -> Result<Timestamp>,
    ) -> Result<Vec<(Question, Option<Timestamp>)>> {
        let then = |field: &str, raw: Option<&str>| instant(field, raw)?.map(|at| passed(field, at)).transpose();
        let all = then("at", self.at.as_deref())?;
        let question = |(i, check): (usize, &Check)| {
            let own = match check.at.as_deref() {
                None => None,
                raw => then(&format!("checks[{i}].at"), raw)?,
            };
            let question =
                Question { user: check.user.0.into(), group: check.group.0.into(), effective: check.effective };
            Ok((question, own.or(all)))
        };
        self.checks.iter().enumerate().map(question).collect()
    }
}
