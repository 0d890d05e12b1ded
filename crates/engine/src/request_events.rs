//! Events about policies, requests, tasks and offboardings as the JSON that the journal holds. What people wrote
//! (purposes, comments) is not in it.

use guildhall_domain::event::Fields;
use guildhall_domain::policy::Policy;
use guildhall_domain::request::RequestEvent;
use serde_json::{Value, json};

use crate::journal::{ids, object};
use crate::store::policies::steps_json;

/// The members of a policy by native name, for an event; the steps as a JSON text.
pub(crate) fn fields(policy: &Policy, only: Option<&[&'static str]>) -> Fields {
    let all = [
        ("name", Some(policy.name.clone())),
        ("description", policy.description.clone()),
        ("requestType", Some(policy.kind.word().into())),
        ("default", Some(policy.is_default.to_string())),
        ("version", Some(policy.number.to_string())),
        ("steps", Some(steps_json(&policy.steps).to_string())),
        ("autoprovision", Some(policy.autoprovision.to_string())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// The event as a JSON object.
pub(crate) fn encode(event: &RequestEvent) -> Value {
    match event {
        RequestEvent::PolicyCreated { policy, fields } | RequestEvent::PolicyUpdated { policy, fields } => {
            json!({"policy": policy.to_string(), "fields": object(fields)})
        }
        RequestEvent::PolicyArchived { policy } => json!({"policy": policy.to_string()}),
        RequestEvent::PolicyChosen { of, level, kind, policy } => json!({
            "of": of.to_string(), "permissionLevel": text(level), "requestType": kind.word(), "policy": text(policy),
        }),
        RequestEvent::Raised { requests, kind, app, level, group, source, status } => {
            let one = |(request, target): &(_, Option<_>)| {
                let request: &guildhall_domain::ids::AccessRequestId = request;
                json!({"request": request.to_string(), "target": text::<guildhall_domain::ids::UserId>(target)})
            };
            json!({
                "requestType": kind.word(), "app": text(app), "permissionLevel": text(level), "group": text(group),
                "source": text(source), "status": status.word(), "requests": requests.iter().map(one).collect::<Vec<_>>(),
            })
        }
        RequestEvent::Assigned { tasks, .. } | RequestEvent::Actionable { tasks, .. } => {
            let one = |(task, request, kind, users): &guildhall_domain::request::Assigned| json!({"task": task.to_string(), "request": request.to_string(), "type": kind.word(), "users": ids(users)});
            json!({"tasks": tasks.iter().map(one).collect::<Vec<_>>()})
        }
        RequestEvent::Escalated { task, request, users } => {
            json!({"task": task.to_string(), "request": request.to_string(), "users": ids(users)})
        }
        RequestEvent::Decided { task, request, approved } => {
            json!({"task": task.to_string(), "request": request.to_string(), "approved": approved})
        }
        RequestEvent::Moved { request, status } => json!({"request": request.to_string(), "status": status.word()}),
        RequestEvent::Delegated { delegation, from, to, window } => json!({
            "delegation": delegation.to_string(), "from": from.to_string(), "to": to.to_string(),
            "startsAt": text(&window.starts), "endsAt": text(&window.ends),
        }),
        RequestEvent::Undelegated { delegation, from } => {
            json!({"delegation": delegation.to_string(), "from": from.to_string()})
        }
        RequestEvent::OffboardingStarted { offboarding, user } => {
            json!({"offboarding": offboarding.to_string(), "user": user.to_string()})
        }
        RequestEvent::OffboardingEnded { offboarding, user, done } => {
            json!({"offboarding": offboarding.to_string(), "user": user.to_string(), "done": done})
        }
    }
}
