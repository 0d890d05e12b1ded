//! The JSON of apps, of what groups hold of them, and of accesses, as it is read and written.

use guildhall_domain::access::{AppAccess, GroupApp as Link, Visibility};
use guildhall_domain::app::{self, AiRisk, AppStatus, EditApp, Level};
use guildhall_domain::custom::{CustomField, FieldKind, GivenField};
use guildhall_domain::ids::{AppId, CompanyId, FieldId, GroupId, LevelId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_engine::directory::{AccessRecord, AppRecord, GroupAppRecord};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::wire::{Id, Outcome, patch, told, word};
use crate::http::patch::Field;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct App {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Id,
    name: String,
    #[serde(default)]
    tag_line: Field<String>,
    #[serde(default)]
    description: Field<String>,
    #[serde(default)]
    category: Field<String>,
    #[serde(default)]
    url: Field<String>,
    #[serde(default)]
    image_url: Field<String>,
    #[serde(default)]
    status: Field<String>,
    #[serde(default)]
    owner: Field<Id>,
    #[serde(default)]
    permission_levels: Field<Vec<LevelPart>>,
    #[serde(default)]
    custom_fields: Field<Vec<FieldPart>>,
    #[serde(default)]
    is_bundle: Field<bool>,
    #[serde(default)]
    server_locations: Field<Vec<String>>,
    #[serde(default)]
    certifications: Field<Vec<String>>,
    #[serde(default)]
    ai_risk: Field<RiskPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LevelPart {
    id: Id,
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    is_default: bool,
    #[serde(default)]
    is_privileged: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldPart {
    id: Id,
    name: String,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    options: Vec<OptionPart>,
    #[serde(default)]
    value: Field<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionPart {
    id: Id,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskPart {
    id: i32,
    level: String,
    reasoning: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct GroupApp {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    company: Id,
    group: Id,
    app: Id,
    visibility: String,
    #[serde(default)]
    permission_level: Field<Id>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Access {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    company: Id,
    user: Id,
    app: Id,
    #[serde(default)]
    permission_level: Field<Id>,
    #[serde(default)]
    is_owner: Field<bool>,
}

/// A list whose items are changed by something that may fail; null and absent stay what they are.
fn list<T, U>(field: Field<Vec<T>>, one: impl Fn(T) -> Outcome<U>) -> Outcome<Patch<Vec<U>>> {
    patch(field).try_map(|items| items.into_iter().map(one).collect())
}

impl App {
    pub(super) fn record(self) -> Outcome<AppRecord> {
        let level = |part: LevelPart| {
            Ok(Level {
                id: LevelId::new(part.id.0),
                name: part.name,
                description: part.description.unwrap_or_default(),
                is_default: part.is_default,
                is_privileged: part.is_privileged,
            })
        };
        let custom = |part: FieldPart| {
            let kind = part.r#type.map_or(Ok(FieldKind::Text), |raw| FieldKind::parse("customFields.type", &raw));
            Ok(GivenField {
                id: FieldId::new(part.id.0),
                name: part.name,
                kind: kind.map_err(told)?,
                required: part.required,
                options: part.options.into_iter().map(|option| (option.id.0, option.name)).collect(),
                value: patch(part.value),
            })
        };
        let risk = |part: RiskPart| AiRisk { id: part.id, level: part.level, reasoning: part.reasoning };
        Ok(AppRecord {
            company: CompanyId::new(self.company.0),
            id: AppId::new(self.id.0),
            edit: EditApp {
                name: Patch::Set(self.name),
                tag_line: patch(self.tag_line),
                description: patch(self.description),
                category: patch(self.category),
                url: patch(self.url),
                image_url: patch(self.image_url),
                status: word(self.status, "status", AppStatus::parse)?,
                owner: patch(self.owner.map(|id| UserId::new(id.0))),
                is_bundle: patch(self.is_bundle),
                server_locations: patch(self.server_locations),
                certifications: patch(self.certifications),
                ai_risk: patch(self.ai_risk.map(risk)),
                levels: list(self.permission_levels, level)?,
                fields: list(self.custom_fields, custom)?,
            },
        })
    }
}

impl GroupApp {
    pub(super) fn record(self) -> Outcome<GroupAppRecord> {
        Ok(GroupAppRecord {
            company: CompanyId::new(self.company.0),
            group: GroupId::new(self.group.0),
            app: AppId::new(self.app.0),
            visibility: Visibility::parse("visibility", &self.visibility).map_err(told)?,
            level: patch(self.permission_level.map(|id| LevelId::new(id.0))),
        })
    }
}

impl Access {
    pub(super) fn record(self) -> AccessRecord {
        AccessRecord {
            company: CompanyId::new(self.company.0),
            user: UserId::new(self.user.0),
            app: AppId::new(self.app.0),
            level: patch(self.permission_level.map(|id| LevelId::new(id.0))),
            is_owner: patch(self.is_owner),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppLine<'a> {
    r#type: &'static str,
    id: Uuid,
    company: Uuid,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag_line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permission_levels: Vec<LevelLine<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_fields: Vec<FieldLine<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_bundle: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    server_locations: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    certifications: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    ai_risk: Option<RiskLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LevelLine<'a> {
    id: Uuid,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    is_default: bool,
    is_privileged: bool,
}

#[derive(Serialize)]
struct FieldLine<'a> {
    id: Uuid,
    name: &'a str,
    r#type: &'static str,
    required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<OptionLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Serialize)]
struct OptionLine<'a> {
    id: Uuid,
    name: &'a str,
}

#[derive(Serialize)]
struct RiskLine<'a> {
    id: i32,
    level: &'a str,
    reasoning: &'a str,
}

impl<'a> AppLine<'a> {
    pub(super) fn of(company: CompanyId, app: &'a app::App) -> Self {
        let level = |level: &'a Level| LevelLine {
            id: level.id.uuid(),
            name: &level.name,
            description: &level.description,
            is_default: level.is_default,
            is_privileged: level.is_privileged,
        };
        let custom = |field: &'a CustomField| FieldLine {
            id: field.id.uuid(),
            name: &field.name,
            r#type: field.kind.word(),
            required: field.required,
            options: field.options.iter().map(|(id, name)| OptionLine { id: *id, name }).collect(),
            value: field.raw(),
        };
        let risk = |risk: &'a AiRisk| RiskLine { id: risk.id, level: &risk.level, reasoning: &risk.reasoning };
        Self {
            r#type: "app",
            id: app.id.uuid(),
            company: company.uuid(),
            name: &app.name,
            tag_line: app.tag_line.as_deref(),
            description: app.description.as_deref(),
            category: app.category.as_deref(),
            url: app.url.as_deref(),
            image_url: app.image_url.as_deref(),
            status: app.status.word(),
            owner: app.owner.map(UserId::uuid),
            permission_levels: app.levels.iter().map(level).collect(),
            custom_fields: app.fields.iter().map(custom).collect(),
            is_bundle: app.is_bundle,
            server_locations: &app.server_locations,
            certifications: &app.certifications,
            ai_risk: app.ai_risk.as_ref().map(risk),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupAppLine {
    r#type: &'static str,
    company: Uuid,
    group: Uuid,
    app: Uuid,
    visibility: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_level: Option<Uuid>,
}

impl GroupAppLine {
    pub(super) fn of(company: CompanyId, link: &Link) -> Self {
        Self {
            r#type: "groupApp",
            company: company.uuid(),
            group: link.group.uuid(),
            app: link.app.uuid(),
            visibility: link.visibility.word(),
            permission_level: link.level.map(LevelId::uuid),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessLine {
    r#type: &'static str,
    company: Uuid,
    user: Uuid,
    app: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission_level: Option<Uuid>,
    is_owner: bool,
}

impl AccessLine {
    pub(super) fn of(company: CompanyId, access: &AppAccess) -> Self {
        Self {
            r#type: "access",
            company: company.uuid(),
            user: access.user.uuid(),
            app: access.app.uuid(),
            permission_level: access.level.map(LevelId::uuid),
            is_owner: access.is_owner,
        }
    }
}
