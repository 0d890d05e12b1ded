//! The dialect's JSON and its conversions: pure, no async.

pub(super) mod directory;
pub(super) mod groups;
pub(super) mod lists;
pub(super) mod members;
pub(super) mod people;
pub(super) mod permissions;
pub(super) mod roles;
pub(super) mod scalars;
pub(super) mod scopes;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntityId {
    pub(super) id: Uuid,
}

/// An answer to a change: its status, the company's revision after it, and the id of what was made, if anything.
pub(super) struct Changed {
    pub(super) status: StatusCode,
    pub(super) revision: u64,
    pub(super) made: Option<Uuid>,
}

impl Changed {
    /// An answer without a body.
    pub(super) fn empty(status: StatusCode, revision: u64) -> Self {
        Self { status, revision, made: None }
    }
}

impl IntoResponse for Changed {
    fn into_response(self) -> Response {
        let revision = [("guildhall-revision", self.revision.to_string())];
        match self.made {
            Some(id) => (self.status, revision, Json(EntityId { id })).into_response(),
            None => (self.status, revision).into_response(),
        }
    }
}
