//! Events about apps and accesses as the JSON that the journal holds.

use guildhall_domain::access::AppEvent;
use guildhall_domain::app::App;
use guildhall_domain::event::Fields;
use guildhall_domain::ids::LevelId;
use serde_json::{Value, json};

use crate::journal::{ids, object};
use crate::store::apps::{fields_json, levels_json, risk_json};

/// The members of an app's record by native name, for an event; lists and objects as JSON texts.
pub(crate) fn fields(app: &App, only: Option<&[&'static str]>) -> Fields {
    let list = |items: &[String]| (!items.is_empty()).then(|| Value::from(items).to_string());
    let all = [
        ("name", Some(app.name.clone())),
        ("tagLine", app.tag_line.clone()),
        ("description", app.description.clone()),
        ("category", app.category.clone()),
        ("url", app.url.clone()),
        ("imageUrl", app.image_url.clone()),
        ("status", Some(app.status.word().into())),
        ("owner", app.owner.map(|id| id.to_string())),
        ("isBundle", Some(app.is_bundle.to_string())),
        ("serverLocations", list(&app.server_locations)),
        ("certifications", list(&app.certifications)),
        ("aiRisk", app.ai_risk.as_ref().map(|risk| risk_json(risk).to_string())),
        ("permissionLevels", (!app.levels.is_empty()).then(|| levels_json(&app.levels).to_string())),
        ("customFields", (!app.fields.is_empty()).then(|| fields_json(&app.fields).to_string())),
    ];
    let told = |name: &str, value: &Option<String>| only.map_or(value.is_some(), |only| only.contains(&name));
    all.into_iter().filter(|(name, value)| told(name, value)).collect()
}

/// The event as a JSON object.
pub(crate) fn encode(event: &AppEvent) -> Value {
    let level = |id: &Option<LevelId>| id.map(|id| id.to_string());
    match event {
        AppEvent::Created { app, fields } | AppEvent::Updated { app, fields } => {
            json!({"app": app.to_string(), "fields": object(fields)})
        }
        AppEvent::Linked { group, app, visibility, level: at } => json!({
            "group": group.to_string(), "app": app.to_string(), "visibility": visibility.word(),
            "permissionLevel": level(at),
        }),
        AppEvent::Unlinked { group, app } => json!({"group": group.to_string(), "app": app.to_string()}),
        AppEvent::Given { app, users, level: at, is_owner } => json!({
            "app": app.to_string(), "users": ids(users), "permissionLevel": level(at), "isOwner": is_owner,
        }),
        AppEvent::Ended { app, users } => json!({"app": app.to_string(), "users": ids(users)}),
    }
}
