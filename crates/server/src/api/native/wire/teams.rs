//! Teams on the wire.

use guildhall_domain::Result;
use guildhall_domain::patch::Patch;
use guildhall_domain::team::{self as domain, TeamKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{at, patch};
use crate::http::patch::Field;

/// A team: a workspace area that people work in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Team {
    /// The id.
    id: Uuid,
    /// The name.
    name: String,
    /// Usually one emoji.
    icon: Option<String>,
    /// `OPEN`: everybody sees it. `CLOSED`: its members and administrators.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The description.
    description: Option<String>,
    /// What clients keep with it.
    #[schema(value_type = Object)]
    sidebar_settings: Value,
    /// Does everybody but guests belong to it?
    default: bool,
    /// Has it been set up?
    onboarding_completed: bool,
    /// When it was archived.
    #[schema(format = DateTime)]
    archived_at: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it or its membership last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&domain::Team> for Team {
    fn from(team: &domain::Team) -> Self {
        Self {
            id: team.id.uuid(),
            name: team.name.clone(),
            icon: team.icon.clone(),
            kind: team.kind.word(),
            description: team.description.clone(),
            sidebar_settings: serde_json::from_str(&team.settings).unwrap_or_default(),
            default: team.is_default,
            onboarding_completed: team.onboarded,
            archived_at: team.archived_at.map(at),
            created_at: at(team.created_at),
            updated_at: at(team.updated_at),
        }
    }
}

/// A team to make, or an edit of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditTeam {
    /// The name; needed to make one.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// `OPEN` or `CLOSED`; needed to make one.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<String>)]
    kind: Field<String>,
    /// The icon.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    icon: Field<String>,
    /// The description.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// What clients keep with it, whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    sidebar_settings: Field<Map<String, Value>>,
    /// Does everybody but guests belong to it? One team of a company does that.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    default: Field<bool>,
    /// Has it been set up?
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    onboarding_completed: Field<bool>,
    /// Is it archived?
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    archived: Field<bool>,
}

impl EditTeam {
    /// The edit.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a type that is none.
    pub(crate) fn command(self) -> Result<domain::EditTeam> {
        let kind: Patch<String> = patch(self.kind);
        Ok(domain::EditTeam {
            name: patch(self.name),
            icon: patch(self.icon),
            kind: kind.try_map(|raw| TeamKind::parse("type", &raw))?,
            description: patch(self.description),
            settings: patch(self.sidebar_settings.map(|members| Value::Object(members).to_string())),
            is_default: patch(self.default),
            onboarded: patch(self.onboarding_completed),
            archived: patch(self.archived),
        })
    }
}

/// Which teams.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTeams {
    /// Archived ones too?
    archived: Option<bool>,
    /// Only those that the caller belongs to?
    joined: Option<bool>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListTeams {
    /// The teams that are asked for.
    pub(crate) fn filter(&self) -> guildhall_engine::TeamFilter {
        let (archived, joined) = (self.archived.unwrap_or(false), self.joined.unwrap_or(false));
        guildhall_engine::TeamFilter { archived, joined, writable: false }
    }
}
