//! The JSON of access reviews (`reference/cakewalk-v1.md` §2.2): pure, no async.

use guildhall_domain::review::{ReviewOf, Reviewers};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{NewReview, ReviewNames};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::WireId;

/// An access review to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateAccessReview {
    /// The name, unique among reviews.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The description.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// Who reviews: `WorkAppOwner`, `Manager` or `CurrentUser` (the creator).
    #[schema(example = "WorkAppOwner")]
    access_review_type: String,
    /// By when.
    #[schema(format = DateTime)]
    due_date: String,
    /// The apps; an empty list for all.
    #[schema(value_type = Vec<Uuid>)]
    work_app_ids: Vec<WireId>,
    /// The creator.
    #[schema(value_type = Uuid)]
    created_by_user_id: WireId,
}

impl CreateAccessReview {
    /// The review to begin.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub(super) fn into_command(self) -> Result<NewReview> {
        let reviewers = match self.access_review_type.as_str() {
            "WorkAppOwner" => Reviewers::AppOwner,
            "Manager" => Reviewers::Manager,
            "CurrentUser" => Reviewers::Owner,
            _ => {
                let words = "must be one of `WorkAppOwner`, `Manager`, `CurrentUser`";
                return Err(Error::invalid("accessReviewType", words));
            }
        };
        Ok(NewReview {
            name: self.name,
            description: self.description,
            of: ReviewOf::Apps,
            reviewers,
            owner: Some(self.created_by_user_id.0.into()),
            named: self.work_app_ids.into_iter().map(|id| id.0).collect(),
            due_at: Timestamp::parse("dueDate", &self.due_date)?,
            interval_days: None,
            note: None,
            names: ReviewNames { owner: "createdByUserId", named: "workAppIds", due_at: "dueDate" },
        })
    }
}

/// The access review that has begun.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Begun {
    /// Its id.
    pub(super) access_review_id: Uuid,
}
