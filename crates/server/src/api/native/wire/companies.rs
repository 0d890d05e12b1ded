//! Companies on the wire.

use guildhall_domain::ids::CompanyId;
use guildhall_domain::patch::Patch;
use guildhall_domain::{Result, company as domain};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Id, at, patch};
use crate::http::patch::Field;

/// What a company has chosen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// May no two groups of the company share a name?
    pub(crate) unique_group_names: bool,
    /// Days during which an archived group can be restored.
    pub(crate) restore_days: u32,
    /// Days for which closed rows stay; null keeps them for ever.
    pub(crate) history_days: Option<u32>,
    /// A whole list that would take more members out of a group than this is held.
    pub(crate) brake_members: u32,
    /// So is one that would take more than these percent of them, and at least 10.
    pub(crate) brake_percent: u32,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Company {
    /// The id, unique in the server.
    pub(crate) id: Uuid,
    /// The name.
    pub(crate) name: String,
    /// Where it stands in its life: `loading`, `active`, `archived` or `platform`.
    pub(crate) state: &'static str,
    /// What it has chosen.
    pub(crate) settings: Settings,
    /// The revision of its last event.
    pub(crate) revision: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When this record last changed.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
}

impl From<&domain::Company> for Company {
    fn from(company: &domain::Company) -> Self {
        let domain::Settings { unique_group_names, restore_days, history_days, brake_members, brake_percent } =
            company.settings;
        Self {
            id: company.id.uuid(),
            name: company.name.clone(),
            state: company.state.word(),
            settings: Settings { unique_group_names, restore_days, history_days, brake_members, brake_percent },
            revision: company.revision,
            created_at: at(company.created_at),
            updated_at: at(company.updated_at),
        }
    }
}

/// A company that has just been made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedCompany {
    /// The company.
    #[serde(flatten)]
    pub(crate) company: Company,
    /// The id of its first administrator, where one was asked for.
    pub(crate) admin: Option<Uuid>,
}

/// An edit of settings: a merge patch (RFC 7396), in which null brings a default back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditSettings {
    /// May no two groups of the company share a name? Default false.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    unique_group_names: Field<bool>,
    /// Days during which an archived group can be restored. Default 30.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 3650)]
    restore_days: Field<u32>,
    /// Days for which closed rows stay. Default null: for ever.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    history_days: Field<u32>,
    /// A whole list that would take more members out of a group than this is held. Default 50.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    brake_members: Field<u32>,
    /// So is one that would take more than these percent of them, and at least 10. Default 20.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    brake_percent: Field<u32>,
}

impl EditSettings {
    fn command(self) -> domain::EditSettings {
        domain::EditSettings {
            unique_group_names: patch(self.unique_group_names),
            restore_days: patch(self.restore_days),
            history_days: patch(self.history_days),
            brake_members: patch(self.brake_members),
            brake_percent: patch(self.brake_percent),
        }
    }
}

/// An edit of a company: a merge patch (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditCompany {
    /// The name; cannot be null.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// The settings; null brings every default back.
    #[serde(default)]
    #[schema(value_type = Option<EditSettings>)]
    settings: Field<EditSettings>,
}

impl EditCompany {
    /// The edit that it asks for.
    pub(crate) fn command(self) -> domain::EditCompany {
        let settings = match self.settings {
            Field::Absent => domain::EditSettings::default(),
            Field::Value(settings) => settings.command(),
            Field::Null => domain::EditSettings {
                unique_group_names: Patch::Clear,
                restore_days: Patch::Clear,
                history_days: Patch::Clear,
                brake_members: Patch::Clear,
                brake_percent: Patch::Clear,
            },
        };
        domain::EditCompany { name: patch(self.name), settings }
    }
}

/// The first administrator of a new company.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewAdmin {
    /// The id, where the caller chooses it; one taken anywhere in the server is refused.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The whole name; made of the parts when absent.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// The given name.
    #[schema(max_length = 255)]
    given_name: Option<String>,
    /// The family name.
    #[schema(max_length = 255)]
    family_name: Option<String>,
    /// The e-mail address.
    #[schema(max_length = 254)]
    email: String,
    /// The sign-in name; the e-mail address when absent.
    #[schema(max_length = 255)]
    user_name: Option<String>,
    /// The id elsewhere.
    #[schema(max_length = 255)]
    external_id: Option<String>,
    /// Free attributes.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Map<String, Value>>,
}

/// A company to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewCompany {
    /// The id; made by the server when absent.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The settings; defaults when absent.
    settings: Option<EditSettings>,
    /// The first administrator.
    admin: Option<NewAdmin>,
}

impl NewCompany {
    /// The company that it asks for, with `id` unless it names one.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a setting that is out of range.
    pub(crate) fn command(self, id: Option<CompanyId>) -> Result<guildhall_engine::NewCompany> {
        let mut settings = domain::Settings::default();
        settings.apply(self.settings.unwrap_or_default().command())?;
        let admin = self.admin.map(|admin| guildhall_domain::user::NewUser {
            id: admin.id.map(|id| id.0.into()),
            name: admin.name,
            given_name: admin.given_name,
            family_name: admin.family_name,
            email: admin.email,
            user_name: admin.user_name,
            status: None,
            role: None,
            manager: None,
            external_id: admin.external_id,
            attributes: admin.attributes.map(|map| Value::Object(map).to_string()),
            created_at: None,
            groups: Default::default(),
        });
        let id = self.id.map(|id| id.0.into()).or(id);
        Ok(guildhall_engine::NewCompany { id, name: self.name, settings: Some(settings), admin })
    }
}
