//! The JSON of work apps, levels, custom fields and accesses (`reference/cakewalk-v1.md` §2.2, §3, §4): pure, no async.

use std::collections::{BTreeMap, HashMap};

use guildhall_domain::access::Holder;
use guildhall_domain::app::{self as domain, App, AppStatus};
use guildhall_domain::custom::{CustomField, FieldKind};
use guildhall_domain::ids::{FieldId, GroupId};
use guildhall_domain::user::User;
use guildhall_engine::{GiveAccess, ShownApp, WholeApp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::{UserDetailed, UserSimplified, WireId};

/// CW-21: the categories that have a number of their own; any other has 0.
const CATEGORIES: &[&str] = &[
    "CATEGORY_OFFICE_SUITE",
    "CATEGORY_COMMUNICATION",
    "CATEGORY_DEVELOPMENT",
    "CATEGORY_DESIGN",
    "CATEGORY_FINANCE",
    "CATEGORY_HUMAN_RESOURCES",
    "CATEGORY_MARKETING",
    "CATEGORY_SALES",
    "CATEGORY_SECURITY",
    "CATEGORY_SUPPORT",
    "CATEGORY_ANALYTICS",
    "CATEGORY_INFRASTRUCTURE",
];

/// CW-21: a category in the vendor's spelling: letters in upper case, everything else an underscore.
fn category(raw: Option<&str>) -> (i32, String) {
    let raw = raw.map(str::trim).filter(|raw| !raw.is_empty()).unwrap_or("Other");
    let spelled = |c: char| if c.is_alphanumeric() { c.to_uppercase().collect() } else { "_".to_owned() };
    let mut name: String = raw.chars().map(spelled).collect();
    if !name.starts_with("CATEGORY_") {
        name.insert_str(0, "CATEGORY_");
    }
    let place = CATEGORIES.iter().position(|known| *known == name);
    (place.and_then(|place| i32::try_from(place + 1).ok()).unwrap_or(0), name)
}

/// CW-22: numbers of app statuses; the names are the domain's words.
fn status(status: AppStatus) -> i32 {
    match status {
        AppStatus::Managed => 1,
        AppStatus::Discovered => 2,
        AppStatus::Tracked => 3,
        AppStatus::Requested => 4,
        AppStatus::Restricted => 5,
        AppStatus::Ignored => 6,
        AppStatus::Archived => 7,
    }
}

/// An app, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkAppSimplified {
    id: Uuid,
    #[schema(example = "Ledger")]
    name: String,
    #[schema(example = 1)]
    category_id: i32,
    #[schema(example = "CATEGORY_OFFICE_SUITE")]
    category_name: String,
    /// How many have access.
    number_of_accounts: i32,
    is_bundle: bool,
    #[schema(required = true)]
    owner: Option<UserSimplified>,
    url: String,
    image_url: String,
    #[schema(example = 1)]
    status_id: i32,
    #[schema(example = "Managed")]
    status_name: &'static str,
}

impl From<ShownApp> for WorkAppSimplified {
    fn from(shown: ShownApp) -> Self {
        let ShownApp { app, owner, accounts } = shown;
        let (category_id, category_name) = category(app.category.as_deref());
        Self {
            id: app.id.uuid(),
            name: app.name,
            category_id,
            category_name,
            number_of_accounts: i32::try_from(accounts).unwrap_or(i32::MAX),
            is_bundle: app.is_bundle,
            owner: owner.map(Into::into),
            url: app.url.unwrap_or_default(),
            image_url: app.image_url.unwrap_or_default(),
            status_id: status(app.status),
            status_name: app.status.word(),
        }
    }
}

/// What is thought of an app's use of artificial intelligence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct AiRisk {
    id: i32,
    level: String,
    reasoning: String,
}

/// An app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkAppDetailed {
    #[serde(flatten)]
    simple: WorkAppSimplified,
    tag_line: String,
    description: String,
    server_locations: Vec<String>,
    certifications: Vec<String>,
    #[schema(required = true)]
    ai_risk: Option<AiRisk>,
    /// By name of the field: its id, type and value.
    custom_fields: BTreeMap<String, BTreeMap<&'static str, String>>,
    /// Groups whose members get the app.
    default_users_groups: Vec<Uuid>,
    /// Groups whose members do not see it.
    hidden_users_groups: Vec<Uuid>,
}

impl From<WholeApp> for WorkAppDetailed {
    fn from(whole: WholeApp) -> Self {
        let WholeApp { shown, default_groups, hidden_groups, people } = whole;
        let app = shown.app.clone();
        let custom_fields = app.fields.iter().map(|field| (field.name.clone(), told(field, &people))).collect();
        let risk = |risk: domain::AiRisk| AiRisk { id: risk.id, level: risk.level, reasoning: risk.reasoning };
        Self {
            simple: shown.into(),
            tag_line: app.tag_line.unwrap_or_default(),
            description: app.description.unwrap_or_default(),
            server_locations: app.server_locations,
            certifications: app.certifications,
            ai_risk: app.ai_risk.map(risk),
            custom_fields,
            default_users_groups: default_groups.into_iter().map(GroupId::uuid).collect(),
            hidden_users_groups: hidden_groups.into_iter().map(GroupId::uuid).collect(),
        }
    }
}

/// CW-23: a custom field inside an app: `id` and `type`, and `value` and `guidValue` where it has them.
fn told(field: &CustomField, people: &HashMap<Uuid, User>) -> BTreeMap<&'static str, String> {
    let mut told = BTreeMap::from([("id", field.id.to_string()), ("type", field.kind.word().to_owned())]);
    told.extend(value(field, people).map(|value| ("value", value)));
    told.extend(field.guid.map(|id| ("guidValue", id.to_string())));
    told
}

/// The value of a field as people read it: a person by name.
fn value(field: &CustomField, people: &HashMap<Uuid, User>) -> Option<String> {
    match field.kind {
        FieldKind::User => field.guid.and_then(|id| people.get(&id)).map(|user| user.name.clone()),
        _ => field.value.clone(),
    }
}

/// One level of access that an app has.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionLevel {
    id: Uuid,
    #[schema(example = "Administrator")]
    name: String,
    description: String,
    is_default: bool,
    is_privileged: bool,
}

impl From<domain::Level> for PermissionLevel {
    fn from(level: domain::Level) -> Self {
        Self {
            id: level.id.uuid(),
            name: level.name,
            description: level.description,
            is_default: level.is_default,
            is_privileged: level.is_privileged,
        }
    }
}

/// A user has an app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Access {
    /// Do they look after the app?
    is_owner: bool,
    user: UserDetailed,
    #[schema(required = true)]
    permission_level: Option<PermissionLevel>,
}

impl Access {
    /// The access of this holder of the app. Its owner is one, whatever the access itself says.
    pub(super) fn of(app: &App, holder: Holder) -> Self {
        let level = holder.access.level.and_then(|id| app.level(id)).cloned();
        Self {
            is_owner: holder.access.is_owner || app.owner == Some(holder.user.id),
            user: holder.user.into(),
            permission_level: level.map(Into::into),
        }
    }
}

/// A custom field of an app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkAppCustomField {
    id: Uuid,
    #[schema(example = "Cost center")]
    name: String,
    #[schema(example = "text")]
    r#type: &'static str,
    required: bool,
    #[schema(required = true)]
    value: Option<String>,
    /// The person or option that the value stands for.
    #[schema(required = true)]
    guid_value: Option<Uuid>,
}

impl WorkAppCustomField {
    /// The field, with the people that fields of the app stand for.
    pub(super) fn of(field: &CustomField, people: &HashMap<Uuid, User>) -> Self {
        Self {
            id: field.id.uuid(),
            name: field.name.clone(),
            r#type: field.kind.word(),
            required: field.required,
            value: value(field, people),
            guid_value: field.guid,
        }
    }
}

/// Accesses to record.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RecordAccesses {
    /// All of them or none, 10,000 at most.
    #[schema(max_items = 10000)]
    data: Vec<RecordAccess>,
}

/// An access to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecordAccess {
    /// The app.
    #[schema(value_type = Uuid)]
    work_app_id: WireId,
    /// The user.
    #[schema(value_type = Uuid)]
    user_id: WireId,
    /// The level; needed when the app has at least one.
    #[schema(value_type = Option<Uuid>)]
    permission_level_id: Option<WireId>,
}

impl RecordAccesses {
    /// The accesses that are asked for.
    pub(super) fn into_command(self) -> Vec<GiveAccess> {
        let one = |ask: RecordAccess| GiveAccess {
            app: ask.work_app_id.0.into(),
            user: ask.user_id.0.into(),
            level: ask.permission_level_id.map(|id| id.0.into()),
            is_owner: None,
        };
        self.data.into_iter().map(one).collect()
    }
}

/// Values of custom fields to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetCustomFields {
    custom_fields: Vec<SetCustomField>,
}

/// The value of a custom field.
#[derive(Debug, Deserialize, ToSchema)]
struct SetCustomField {
    /// The field.
    #[schema(value_type = Uuid)]
    id: WireId,
    /// The value: a text, or the id of a person or option; null, or absent, empties it.
    value: Option<String>,
}

impl SetCustomFields {
    /// The values that are asked for.
    pub(super) fn into_command(self) -> Vec<(FieldId, Option<String>)> {
        self.custom_fields.into_iter().map(|set| (set.id.0.into(), set.value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_spelled_the_vendors_way() {
        assert_eq!(category(Some("Office suite")), (1, "CATEGORY_OFFICE_SUITE".to_owned()));
        assert_eq!(category(Some("CATEGORY_OFFICE_SUITE")), (1, "CATEGORY_OFFICE_SUITE".to_owned()));
        assert_eq!(category(Some("Büro & mehr")), (0, "CATEGORY_BÜRO___MEHR".to_owned()));
        assert_eq!(category(None), (0, "CATEGORY_OTHER".to_owned()));
    }
}
