//! Webhooks as this dialect writes them (reference §5), and the key that signs them: operation 29.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::user::User;
use guildhall_domain::{Error, Result};
use guildhall_engine::{ActionTask, Message, whole_data};
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::{Failure, ListRefusals};
use crate::app::App;
use crate::http::caller::Auth;

/// Reads the public key
///
/// The RSA key that verifies `X-SIGNATURE`, in PEM (CW-19). While a rotation is under way the next key follows.
#[utoipa::path(
    get, path = "/api/Keys", operation_id = "getPublicKey", tag = "Keys",
    responses((status = 200, description = "The key in PEM", content((String = "text/plain"), (String = "application/json"))), ListRefusals)
)]
pub(super) async fn get(State(app): State<App>, Auth(caller): Auth, headers: HeaderMap) -> Result<Response, Failure> {
    let keys = app.engine().signing_keys(&caller).await?;
    let pem: String = keys.iter().map(|key| key.pem.as_str()).collect();
    if wants_json(&headers) {
        return Ok(axum::Json(pem).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], pem).into_response())
}

/// CW-19: who names JSON and takes neither anything nor plain text gets the PEM as a JSON text.
fn wants_json(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kinds: Vec<String> = named
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .collect();
    let json = kinds.iter().any(|kind| matches!(kind.as_str(), "application/json" | "text/json"));
    json && !kinds.iter().any(|kind| matches!(kind.as_str(), "*/*" | "text/*" | "text/plain"))
}

/// One event in the body of a message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hook<'a> {
    event_type: &'a str,
    data: Value,
}

/// A person as webhooks tell them (HookUser): `fullName` here, where the API says `name`.
fn hook_user(user: &User) -> Value {
    json!({"id": user.id.uuid(), "email": user.email, "fullName": user.name})
}

/// The data of `action_task.actionable`. What raised it is told where it was a group.
fn actionable(task: &ActionTask) -> Value {
    let users = |all: &[User]| all.iter().map(hook_user).collect::<Vec<_>>();
    let metadata = task.request.as_ref().map(|request| {
        let level = task.app.as_ref().and_then(|app| app.level(request.level?));
        json!({
            "reviewedBy": users(&task.reviewed_by),
            "requestType": request.kind.word(),
            "requestedBy": task.requested_by.as_ref().map(hook_user),
            "targetWorkApp": task.app.as_ref().map(|app| json!({"id": app.id.uuid(), "name": app.name})),
            "permissionLevel": level.map(|level| json!({"id": level.id.uuid(), "name": level.name})),
            "targetUser": task.target.as_ref().map(hook_user),
            "triggeredByUsersGroup": task.group.as_ref().map(|group| json!({"id": group.id.uuid(), "name": group.name})),
        })
    });
    json!({"taskId": task.id.uuid(), "assignedTo": users(&task.assigned), "requestMetadata": metadata})
}

/// The body of a message in this dialect's form: an array of one event. Kinds that the reference does not know tell the
/// line of the journal (CW-20).
///
/// # Errors
/// [`guildhall_domain::Error::Internal`] when what is stored is not JSON.
pub(crate) fn hook_body(message: &Message) -> Result<Vec<u8>> {
    if !message.actions.is_empty() {
        let one = |task: &ActionTask| Hook { event_type: &message.kind, data: actionable(task) };
        return serde_json::to_vec(&message.actions.iter().map(one).collect::<Vec<_>>()).map_err(Error::internal);
    }
    let data = match &message.entry {
        None => json!({"message": "Hello, World!"}),
        Some(entry) => json!({
            "revision": entry.revision,
            "at": entry.at.rfc3339(3),
            "subject": entry.subject,
            "actor": entry.actor,
            "change": whole_data(entry)?,
        }),
    };
    serde_json::to_vec(&[Hook { event_type: &message.kind, data }]).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_who_takes_nothing_else() {
        let wants = |accept: &'static str| {
            wants_json(&HeaderMap::from_iter([(header::ACCEPT, http::HeaderValue::from_static(accept))]))
        };
        assert!(wants("application/json") && wants("text/json, application/xml"));
        assert!(!wants("*/*") && !wants("application/json, text/plain, */*") && !wants("text/plain"));
        assert!(!wants_json(&HeaderMap::new()));
    }
}
