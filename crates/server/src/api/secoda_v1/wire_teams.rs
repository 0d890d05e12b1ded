//! The JSON of teams (`reference/secoda-v1.md` §8): pure, no async.

use guildhall_domain::ids::CompanyId;
use guildhall_domain::name;
use guildhall_domain::patch::Patch;
use guildhall_domain::team::{self as domain, EditTeam, TeamKind};
use guildhall_engine::TeamFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Failure;
use super::fields::{Faults, Sent, brief};
use crate::http::patch::Field;

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Team {
    id: Uuid,
    #[schema(format = DateTime, example = "2024-03-05T09:41:07.118203Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2024-04-18T16:02:55.900417Z")]
    updated_at: String,
    #[schema(example = "Finance")]
    name: String,
    /// Usually one emoji.
    #[schema(required = true, example = "📊")]
    icon: Option<String>,
    /// `OPEN` or `CLOSED`.
    #[schema(example = "OPEN")]
    r#type: &'static str,
    #[schema(required = true)]
    description: Option<String>,
    /// What clients keep with it.
    #[schema(value_type = Object)]
    sidebar_settings: Value,
    workspace_id: Uuid,
    archived: bool,
    is_default_team: bool,
    onboarding_completed: bool,
}

impl Team {
    /// The team as this wire has it.
    pub(super) fn of(company: CompanyId, team: domain::Team) -> Self {
        Self {
            id: team.id.uuid(),
            created_at: team.created_at.rfc3339(6),
            updated_at: team.updated_at.rfc3339(6),
            name: team.name,
            icon: team.icon,
            r#type: team.kind.word(),
            description: team.description,
            sidebar_settings: serde_json::from_str(&team.settings).unwrap_or_default(),
            workspace_id: company.uuid(),
            archived: team.archived_at.is_some(),
            is_default_team: team.is_default,
            onboarding_completed: team.onboarded,
        }
    }
}

/// A team to make, or an edit of one. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SaveTeam {
    /// 1 to 255 characters; needed to make one.
    #[schema(value_type = String, max_length = 255, example = "Finance")]
    #[serde(default)]
    name: Sent<String>,
    /// `OPEN` or `CLOSED`; needed to make one.
    #[schema(value_type = String, example = "OPEN")]
    #[serde(default)]
    r#type: Sent<String>,
    /// Null empties it.
    #[schema(value_type = Option<String>, max_length = 255, example = "📊")]
    #[serde(default)]
    icon: Sent<String>,
    /// Null empties it.
    #[schema(value_type = Option<String>, max_length = 1000)]
    #[serde(default)]
    description: Sent<String>,
    /// Kept as it is; 16,384 characters at most. Null empties it.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    sidebar_settings: Field<Value>,
    /// Whether it is archived.
    #[schema(value_type = bool)]
    #[serde(default)]
    archived: Sent<bool>,
    /// Whether everybody but guests belongs to it: one team of a workspace.
    #[schema(value_type = bool)]
    #[serde(default)]
    is_default_team: Sent<bool>,
    /// Whether it has been set up.
    #[schema(value_type = bool)]
    #[serde(default)]
    onboarding_completed: Sent<bool>,
}

/// What a value is, in the words of the framework behind the vendor's API.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

impl SaveTeam {
    /// The edit that is asked for; `whole` where it makes a team.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn into_command(self, whole: bool) -> Result<EditTeam, Failure> {
        let mut faults = Faults::default();
        let name = match whole {
            true => faults.required("name", self.name, name::name),
            false => faults.text("name", self.name, name::name),
        };
        if whole && self.r#type == Sent::Absent {
            faults.add(Faults::one("type", "This field is required."));
        }
        let word = faults.plain("type", self.r#type);
        let found = word.as_deref().and_then(|word| TeamKind::parse("type", word).ok());
        if let (Some(word), None) = (&word, found) {
            faults.add(Faults::one("type", format!("\"{}\" is not a valid choice.", brief(word))));
        }
        let settings = match self.sidebar_settings {
            Field::Absent => Patch::Keep,
            Field::Null => Patch::Clear,
            Field::Value(value @ Value::Object(_)) => Patch::Set(value.to_string()),
            Field::Value(other) => {
                let text = format!("Expected a dictionary of items but got type \"{}\".", kind(&other));
                faults.add(Faults::one("sidebar_settings", text));
                Patch::Keep
            }
        };
        let edit = EditTeam {
            name: Patch::set_or_keep(name),
            kind: Patch::set_or_keep(found),
            icon: faults.nullable("icon", self.icon, name::short),
            description: faults.nullable("description", self.description, name::description),
            settings,
            is_default: Patch::set_or_keep(faults.plain("is_default_team", self.is_default_team)),
            onboarded: Patch::set_or_keep(faults.plain("onboarding_completed", self.onboarding_completed)),
            archived: Patch::set_or_keep(faults.plain("archived", self.archived)),
        };
        faults.done()?;
        Ok(edit)
    }
}

/// Which teams.
#[derive(Debug, Deserialize)]
pub(super) struct TeamQuery {
    include_archived: Option<String>,
    only_joined: Option<String>,
    only_write: Option<String>,
}

impl TeamQuery {
    /// The teams that are asked for. SE-22: what says neither yes nor no is wrong.
    ///
    /// # Errors
    /// Every parameter that is wrong.
    pub(super) fn filter(&self) -> Result<TeamFilter, Failure> {
        let mut faults = Faults::default();
        let mut flag = |field: &str, text: Option<&str>| match text.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => {
                faults.add(Faults::one(field, "Must be a valid boolean."));
                false
            }
        };
        let filter = TeamFilter {
            archived: flag("include_archived", self.include_archived.as_deref()),
            joined: flag("only_joined", self.only_joined.as_deref()),
            writable: flag("only_write", self.only_write.as_deref()),
        };
        faults.done()?;
        Ok(filter)
    }
}
