//! Runs on the wire.

use guildhall_domain::pull as domain;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::at;

/// The words of how much of a source a run reads.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain's own words")]
enum RunKind {
    /// All of it.
    Full,
    /// Who there is, and of those the records that changed since the last run.
    Changes,
    /// All of it; and where its groups are one-way, whom the source does not have leaves them.
    Settle,
}

/// The words of how far a run has come.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain's own words")]
enum RunState {
    /// It waits to be taken up.
    Queued,
    /// It is at work.
    Running,
    /// It went well.
    Done,
    /// The brake holds it: nothing was changed.
    Held,
    /// It failed. What it had done stays, and the next run does the rest.
    Failed,
}

/// How many changes of each kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunCounts {
    /// People made or taken over.
    users_added: u64,
    /// People whose records changed.
    users_changed: u64,
    /// People who are not in the source any more.
    users_removed: u64,
    /// Groups made or taken over.
    groups_added: u64,
    /// Groups whose records changed.
    groups_changed: u64,
    /// Groups that are not in the source any more.
    groups_removed: u64,
    /// Memberships given.
    members_added: u64,
    /// Memberships ended.
    members_removed: u64,
    /// Groups put inside others.
    nested: u64,
    /// Groups taken out of others.
    unnested: u64,
}

/// A source held against what we have.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// The id.
    id: Uuid,
    /// Of which connection.
    connection: Uuid,
    /// How much of the source it reads.
    #[schema(value_type = RunKind)]
    kind: &'static str,
    /// Does it only tell what would change?
    trial: bool,
    /// How far it has come.
    #[schema(value_type = RunState)]
    state: &'static str,
    /// Who asked for it: a user's id, `platform`, or `system` for the schedule.
    asked_by: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    asked_at: String,
    /// When it was taken up.
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// People that the source told of.
    users: u64,
    /// Groups that the source told of.
    groups: u64,
    /// How much would change, or changed.
    counts: RunCounts,
    /// The first of the changes, in words.
    changes: Vec<String>,
    /// The first of what could not be carried, in words.
    problems: Vec<String>,
    /// How much could not be carried.
    problems_total: u64,
    /// What `Guildhall-Confirmation` has to say for what the brake holds, or would hold, to be done all the same.
    confirmation: Option<String>,
    /// Why it failed.
    error: Option<String>,
}

impl From<&domain::Run> for Run {
    fn from(run: &domain::Run) -> Self {
        let c = &run.report.counts;
        Self {
            id: run.id.uuid(),
            connection: run.connection.uuid(),
            kind: run.kind.word(),
            trial: run.trial,
            state: run.state.word(),
            asked_by: run.asked_by.clone(),
            asked_at: at(run.asked_at),
            started_at: run.started_at.map(at),
            ended_at: run.ended_at.map(at),
            users: run.report.users,
            groups: run.report.groups,
            counts: RunCounts {
                users_added: c.users_added,
                users_changed: c.users_changed,
                users_removed: c.users_removed,
                groups_added: c.groups_added,
                groups_changed: c.groups_changed,
                groups_removed: c.groups_removed,
                members_added: c.members_added,
                members_removed: c.members_removed,
                nested: c.nested,
                unnested: c.unnested,
            },
            changes: run.report.changes.clone(),
            problems: run.report.problems.clone(),
            problems_total: run.report.problems_total,
            confirmation: run.confirmation.clone(),
            error: run.error.clone(),
        }
    }
}

/// A run to be asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRun {
    /// How much of the source it reads; `full` when absent. A connection that pushes has only `settle`.
    #[schema(value_type = Option<RunKind>)]
    pub(crate) kind: Option<String>,
}
