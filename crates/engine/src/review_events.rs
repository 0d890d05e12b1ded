//! Events about reviews as the JSON that the journal holds. What people wrote (comments) is not in it.

use guildhall_domain::event::Fields;
use guildhall_domain::review::{Review, ReviewEvent};
use serde_json::{Map, Value, json};

use crate::journal::{ids, object};

/// The members of a review by native name, for an event.
pub(crate) fn fields(review: &Review, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", Some(review.name.clone())),
        ("description", review.description.clone()),
        ("of", Some(review.of.word().into())),
        ("reviewers", Some(review.reviewers.word().into())),
        ("owner", Some(review.owner.to_string())),
        ("dueAt", Some(review.due_at.to_string())),
        ("intervalDays", review.interval_days.map(|days| days.to_string())),
        ("note", review.note.clone()),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

/// The event as a JSON object.
pub(crate) fn encode(event: &ReviewEvent) -> Value {
    match event {
        ReviewEvent::Opened { review, fields, rows, reviewers } => json!({
            "review": review.to_string(), "fields": object(fields), "rows": rows, "reviewers": ids(reviewers),
        }),
        ReviewEvent::Updated { review, fields } => json!({"review": review.to_string(), "fields": object(fields)}),
        ReviewEvent::Decided { review, verdict, rows, users } => json!({
            "review": review.to_string(), "decision": verdict.word(), "rows": ids(rows), "users": ids(users),
        }),
        ReviewEvent::Reminded { review, reviewers } => {
            json!({"review": review.to_string(), "reviewers": ids(reviewers)})
        }
        ReviewEvent::Closed { review, outcomes } => {
            let counted: Map<String, Value> =
                outcomes.iter().map(|(outcome, n)| (outcome.word().to_owned(), (*n).into())).collect();
            json!({"review": review.to_string(), "outcomes": counted})
        }
    }
}
