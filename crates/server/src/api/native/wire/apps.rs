//! Apps on the wire.

use guildhall_domain::app::{self as domain, AppStatus};
use guildhall_domain::custom::{CustomField as Custom, FieldKind, GivenField};
use guildhall_domain::ids::{AppId, FieldId, LevelId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::{Error, Result};
use guildhall_engine::AppFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Id, at, patch, searched};
use crate::http::patch::Field;

/// One level of access that an app has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Level {
    /// The id.
    pub(crate) id: Uuid,
    /// The name.
    pub(crate) name: String,
    /// The description; may be empty.
    pub(crate) description: String,
    /// Is it the one that is given where nothing else is said?
    pub(crate) is_default: bool,
    /// Does it give more than everyday rights?
    pub(crate) is_privileged: bool,
}

impl From<&domain::Level> for Level {
    fn from(level: &domain::Level) -> Self {
        Self {
            id: level.id.uuid(),
            name: level.name.clone(),
            description: level.description.clone(),
            is_default: level.is_default,
            is_privileged: level.is_privileged,
        }
    }
}

/// What a `select` offers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Choice {
    /// The id.
    id: Uuid,
    /// The name.
    name: String,
}

/// A custom field with its value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomField {
    /// The id.
    id: Uuid,
    /// The name.
    name: String,
    /// `text`, `number`, `boolean`, `date`, `user` or `select`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// May the value not be emptied?
    required: bool,
    /// What a `select` offers.
    options: Vec<Choice>,
    /// The value; of a person or option its id.
    value: Option<String>,
}

impl From<&Custom> for CustomField {
    fn from(field: &Custom) -> Self {
        let choice = |(id, name): &(Uuid, String)| Choice { id: *id, name: name.clone() };
        Self {
            id: field.id.uuid(),
            name: field.name.clone(),
            kind: field.kind.word(),
            required: field.required,
            options: field.options.iter().map(choice).collect(),
            value: field.raw(),
        }
    }
}

/// What is thought of an app's use of artificial intelligence.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AiRisk {
    /// A number that the reviewers of the company have for the level.
    id: i32,
    /// The level in words.
    #[schema(min_length = 1, max_length = 255)]
    level: String,
    /// Why.
    #[schema(max_length = 1000)]
    reasoning: String,
}

/// A work application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    /// The id, unique in the server.
    pub(crate) id: Uuid,
    /// The name.
    pub(crate) name: String,
    /// What it is in a few words.
    pub(crate) tag_line: Option<String>,
    /// The description.
    pub(crate) description: Option<String>,
    /// What kind of app it is.
    pub(crate) category: Option<String>,
    /// Where it is.
    pub(crate) url: Option<String>,
    /// Its picture.
    pub(crate) image_url: Option<String>,
    /// Where it stands; only a `Managed` one can be given by groups and asked for.
    #[schema(value_type = super::AppStatus)]
    pub(crate) status: &'static str,
    /// Who looks after it.
    pub(crate) owner: Option<Uuid>,
    /// Is it several apps under one name?
    pub(crate) is_bundle: bool,
    /// Where its servers are.
    pub(crate) server_locations: Vec<String>,
    /// What it is certified for.
    pub(crate) certifications: Vec<String>,
    /// Its risk in the use of artificial intelligence.
    pub(crate) ai_risk: Option<AiRisk>,
    /// Its levels of access, in order.
    pub(crate) permission_levels: Vec<Level>,
    /// Its custom fields, in order.
    pub(crate) custom_fields: Vec<CustomField>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When the record last changed.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
}

impl From<&domain::App> for App {
    fn from(app: &domain::App) -> Self {
        let risk = |risk: &domain::AiRisk| AiRisk {
            id: risk.id,
            level: risk.level.clone(),
            reasoning: risk.reasoning.clone(),
        };
        Self {
            id: app.id.uuid(),
            name: app.name.clone(),
            tag_line: app.tag_line.clone(),
            description: app.description.clone(),
            category: app.category.clone(),
            url: app.url.clone(),
            image_url: app.image_url.clone(),
            status: app.status.word(),
            owner: app.owner.map(UserId::uuid),
            is_bundle: app.is_bundle,
            server_locations: app.server_locations.clone(),
            certifications: app.certifications.clone(),
            ai_risk: app.ai_risk.as_ref().map(risk),
            permission_levels: app.levels.iter().map(Level::from).collect(),
            custom_fields: app.fields.iter().map(CustomField::from).collect(),
            created_at: at(app.created_at),
            updated_at: at(app.updated_at),
        }
    }
}

/// A level as a request gives it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GiveLevel {
    /// The id; without it, the level of this name or a new one.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name, another for each level of the app.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The description.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// Is it the one that is given where nothing else is said? One at most; else it is the first.
    #[schema(default = false)]
    is_default: Option<bool>,
    /// Does it give more than everyday rights?
    #[schema(default = false)]
    is_privileged: Option<bool>,
}

/// An option as a request gives it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveChoice {
    /// The id; without it, the option of this name or a new one.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
}

/// A custom field as a request gives it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveField {
    /// The id; without it, the field of this name or a new one.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name, another for each field of the app.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// `text` when absent.
    #[serde(rename = "type")]
    #[schema(value_type = Option<super::FieldKind>)]
    kind: Option<String>,
    /// May the value not be emptied?
    #[schema(default = false)]
    required: Option<bool>,
    /// What a `select` offers, 1 to 200.
    options: Option<Vec<GiveChoice>>,
    /// The value; of a person or option its id. Absent keeps what stands.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    value: Field<String>,
}

/// The members of an app that requests may set; in an edit a merge patch (RFC 7396), where lists are replaced whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditApp {
    /// The name; cannot be null.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// What it is in a few words.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    tag_line: Field<String>,
    /// The description.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// What kind of app it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    category: Field<String>,
    /// Where it is: an address of the web.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    url: Field<String>,
    /// Its picture: an address of the web.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    image_url: Field<String>,
    /// Where it stands; null makes it `Managed`.
    #[serde(default)]
    #[schema(value_type = Option<super::AppStatus>)]
    status: Field<String>,
    /// Who looks after it.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    owner: Field<Id>,
    /// Is it several apps under one name?
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_bundle: Field<bool>,
    /// Where its servers are.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    server_locations: Field<Vec<String>>,
    /// What it is certified for.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    certifications: Field<Vec<String>>,
    /// Its risk in the use of artificial intelligence.
    #[serde(default)]
    #[schema(value_type = Option<AiRisk>)]
    ai_risk: Field<AiRisk>,
    /// All its levels; one that somebody has cannot go.
    #[serde(default)]
    #[schema(value_type = Option<Vec<GiveLevel>>, max_items = 100)]
    permission_levels: Field<Vec<GiveLevel>>,
    /// All its custom fields.
    #[serde(default)]
    #[schema(value_type = Option<Vec<GiveField>>, max_items = 100)]
    custom_fields: Field<Vec<GiveField>>,
}

/// An app to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewApp {
    /// The id, where the caller chooses it; one taken anywhere in the server is refused.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it is in a few words.
    #[schema(max_length = 255)]
    tag_line: Option<String>,
    /// The description.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What kind of app it is.
    #[schema(max_length = 255)]
    category: Option<String>,
    /// Where it is: an address of the web.
    #[schema(max_length = 1000)]
    url: Option<String>,
    /// Its picture: an address of the web.
    #[schema(max_length = 1000)]
    image_url: Option<String>,
    /// Where it stands; `Managed` when absent.
    #[schema(value_type = Option<super::AppStatus>)]
    status: Option<String>,
    /// Who looks after it.
    #[schema(value_type = Option<Uuid>)]
    owner: Option<Id>,
    /// Is it several apps under one name?
    #[schema(default = false)]
    is_bundle: Option<bool>,
    /// Where its servers are.
    #[schema(max_items = 100)]
    server_locations: Option<Vec<String>>,
    /// What it is certified for.
    #[schema(max_items = 100)]
    certifications: Option<Vec<String>>,
    /// Its risk in the use of artificial intelligence.
    ai_risk: Option<AiRisk>,
    /// Its levels of access.
    #[schema(max_items = 100)]
    permission_levels: Option<Vec<GiveLevel>>,
    /// Its custom fields.
    #[schema(max_items = 100)]
    custom_fields: Option<Vec<GiveField>>,
}

fn level(given: GiveLevel) -> domain::Level {
    domain::Level {
        id: given.id.map_or(LevelId::NIL, |id| id.0.into()),
        name: given.name,
        description: given.description.unwrap_or_default(),
        is_default: given.is_default.unwrap_or(false),
        is_privileged: given.is_privileged.unwrap_or(false),
    }
}

fn custom(i: usize, given: GiveField) -> Result<GivenField> {
    let kind = given.kind.map(|raw| FieldKind::parse(&format!("customFields[{i}].type"), &raw)).transpose()?;
    let options = given.options.unwrap_or_default().into_iter();
    Ok(GivenField {
        id: given.id.map_or(FieldId::NIL, |id| id.0.into()),
        name: given.name,
        kind: kind.unwrap_or(FieldKind::Text),
        required: given.required.unwrap_or(false),
        options: options.map(|option| (option.id.map_or(Uuid::nil(), |id| id.0), option.name)).collect(),
        value: patch(given.value),
    })
}

fn customs(given: Vec<GiveField>) -> Result<Vec<GivenField>> {
    given.into_iter().enumerate().map(|(i, field)| custom(i, field)).collect()
}

fn risk(given: AiRisk) -> domain::AiRisk {
    domain::AiRisk { id: given.id, level: given.level, reasoning: given.reasoning }
}

impl EditApp {
    /// The edit that it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::EditApp> {
        Ok(domain::EditApp {
            name: patch(self.name),
            tag_line: patch(self.tag_line),
            description: patch(self.description),
            category: patch(self.category),
            url: patch(self.url),
            image_url: patch(self.image_url),
            status: patch(self.status).try_map(|raw| AppStatus::parse("status", &raw))?,
            owner: patch(self.owner.map(|id| id.0.into())),
            is_bundle: patch(self.is_bundle),
            server_locations: patch(self.server_locations),
            certifications: patch(self.certifications),
            ai_risk: patch(self.ai_risk.map(risk)),
            levels: patch(self.permission_levels.map(|list| list.into_iter().map(level).collect())),
            fields: patch(self.custom_fields).try_map(customs)?,
        })
    }
}

impl NewApp {
    /// The app that it asks for, and its id where it is chosen.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<(Option<AppId>, domain::EditApp)> {
        let set = Patch::set_or_keep;
        let edit = domain::EditApp {
            name: Patch::Set(self.name),
            tag_line: set(self.tag_line),
            description: set(self.description),
            category: set(self.category),
            url: set(self.url),
            image_url: set(self.image_url),
            status: Patch::set_or_keep(self.status).try_map(|raw| AppStatus::parse("status", &raw))?,
            owner: Patch::set_or_keep(self.owner.map(|id| id.0.into())),
            is_bundle: Patch::set_or_keep(self.is_bundle),
            server_locations: Patch::set_or_keep(self.server_locations),
            certifications: Patch::set_or_keep(self.certifications),
            ai_risk: Patch::set_or_keep(self.ai_risk.map(risk)),
            levels: Patch::set_or_keep(self.permission_levels.map(|list| list.into_iter().map(level).collect())),
            fields: Patch::set_or_keep(self.custom_fields.map(customs).transpose()?),
        };
        Ok((self.id.map(|id| id.0.into()), edit))
    }
}

/// Which apps.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListApps {
    /// A text that name, tag line or description must hold, in any letter case.
    #[param(max_length = 255)]
    q: Option<String>,
    /// Only apps in this status.
    #[param(value_type = Option<super::AppStatus>, inline)]
    status: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(crate) total: Option<bool>,
}

impl ListApps {
    /// The apps that are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<AppFilter, Error> {
        let status = self.status.as_deref().map(|raw| AppStatus::parse("status", raw)).transpose()?;
        Ok(AppFilter { text: searched(self.q.as_deref())?, status })
    }
}
