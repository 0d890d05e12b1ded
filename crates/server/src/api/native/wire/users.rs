//! Users on the wire.

use guildhall_domain::Result;
use guildhall_domain::caller::Role;
use guildhall_domain::ids::UserId;
use guildhall_domain::page::Order;
use guildhall_domain::user::{self as domain, UserStatus};
use guildhall_engine::{UserFilter, UserSort};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Id, at, patch, searched, sorted};
use crate::http::patch::Field;

/// A person in a company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    /// The id, unique in the server.
    pub(crate) id: Uuid,
    /// The whole name.
    pub(crate) name: String,
    /// The given name, where told apart.
    pub(crate) given_name: Option<String>,
    /// The family name, where told apart.
    pub(crate) family_name: Option<String>,
    /// The e-mail address, unique in the company.
    pub(crate) email: String,
    /// The sign-in name, unique in the company.
    pub(crate) user_name: String,
    /// Where the user stands.
    #[schema(value_type = super::Status)]
    pub(crate) status: &'static str,
    /// The workspace role.
    #[schema(value_type = super::Role)]
    pub(crate) role: &'static str,
    /// The manager, a user of the same company.
    pub(crate) manager: Option<Uuid>,
    /// The id that the user has in the system it comes from.
    pub(crate) external_id: Option<String>,
    /// Free attributes.
    #[schema(value_type = Object)]
    pub(crate) attributes: Value,
    /// When the user was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When the record last changed.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
}

impl From<&domain::User> for User {
    fn from(user: &domain::User) -> Self {
        Self {
            id: user.id.uuid(),
            name: user.name.clone(),
            given_name: user.given_name.clone(),
            family_name: user.family_name.clone(),
            email: user.email.clone(),
            user_name: user.user_name.clone(),
            status: user.status.word(),
            role: user.role.word(),
            manager: user.manager.map(UserId::uuid),
            external_id: user.external_id.clone(),
            attributes: serde_json::from_str(&user.attributes).unwrap_or_else(|_| Value::Object(Map::new())),
            created_at: at(user.created_at),
            updated_at: at(user.updated_at),
        }
    }
}

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewUser {
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
    /// Where the user stands; `active` when absent.
    #[schema(value_type = Option<super::Status>)]
    status: Option<String>,
    /// The workspace role; `viewer` when absent.
    #[schema(value_type = Option<super::Role>)]
    role: Option<String>,
    /// The manager, a user of the same company.
    #[schema(value_type = Option<Uuid>)]
    manager: Option<Id>,
    /// The id elsewhere.
    #[schema(max_length = 255)]
    external_id: Option<String>,
    /// Free attributes, 64 KiB at most.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Map<String, Value>>,
}

impl NewUser {
    /// The user that it asks for.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::NewUser> {
        Ok(domain::NewUser {
            id: self.id.map(|id| id.0.into()),
            name: self.name,
            given_name: self.given_name,
            family_name: self.family_name,
            email: self.email,
            user_name: self.user_name,
            status: self.status.map(|word| UserStatus::parse("status", &word)).transpose()?,
            role: self.role.map(|word| Role::parse("role", &word)).transpose()?,
            manager: self.manager.map(|id| id.0.into()),
            external_id: self.external_id,
            attributes: self.attributes.map(|map| Value::Object(map).to_string()),
            created_at: None,
            groups: Default::default(),
        })
    }
}

/// An edit of a user: a merge patch (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditUser {
    /// The whole name; cannot be null. Without parts it is split anew.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// The given name.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    given_name: Field<String>,
    /// The family name.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    family_name: Field<String>,
    /// The e-mail address; cannot be null. A sign-in name equal to the old one follows it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254)]
    email: Field<String>,
    /// The sign-in name; null makes it the e-mail address again.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    user_name: Field<String>,
    /// Where the user stands; cannot be null. `inactive` deactivates.
    #[serde(default)]
    #[schema(value_type = Option<super::Status>)]
    status: Field<String>,
    /// The workspace role; null makes it `viewer`.
    #[serde(default)]
    #[schema(value_type = Option<super::Role>)]
    role: Field<String>,
    /// The manager.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    manager: Field<Id>,
    /// The id elsewhere.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    external_id: Field<String>,
    /// Free attributes, merged into the old ones; null empties them.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    attributes: Field<Map<String, Value>>,
}

impl EditUser {
    /// Takes out the patch of the attributes, where there is one: it is merged into what stands.
    pub(crate) fn take_attributes(&mut self) -> Option<Map<String, Value>> {
        match std::mem::take(&mut self.attributes) {
            Field::Value(attributes) => Some(attributes),
            other => {
                self.attributes = other;
                None
            }
        }
    }

    /// The edit that it asks for.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::EditUser> {
        Ok(domain::EditUser {
            name: patch(self.name),
            given_name: patch(self.given_name),
            family_name: patch(self.family_name),
            email: patch(self.email),
            user_name: patch(self.user_name),
            status: patch(self.status.try_map(|word| UserStatus::parse("status", &word))?),
            role: patch(self.role.try_map(|word| Role::parse("role", &word))?),
            manager: patch(self.manager.map(|id| id.0.into())),
            external_id: patch(self.external_id),
            groups: Default::default(),
            attributes: patch(self.attributes.map(|map| Value::Object(map).to_string())),
        })
    }
}

/// The attributes `present` (the text of one JSON object) after a merge patch (RFC 7396).
pub(crate) fn merged(present: &str, patch: &Map<String, Value>) -> String {
    let mut attributes = serde_json::from_str(present).unwrap_or_default();
    merge(&mut attributes, patch);
    Value::Object(attributes).to_string()
}

/// Recurses as deep as a body may be.
fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(target.remove(name)),
            Value::Object(inner) => {
                let mut present = match target.remove(name) {
                    Some(Value::Object(present)) => present,
                    _ => Map::new(),
                };
                merge(&mut present, inner);
                target.insert(name.clone(), Value::Object(present));
            }
            other => drop(target.insert(name.clone(), other.clone())),
        }
    }
}

/// Which users, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListUsers {
    /// A text that name, e-mail address or sign-in name must hold, in any letter case.
    #[param(max_length = 255)]
    q: Option<String>,
    /// Only users who stand so.
    #[param(value_type = Option<super::Status>, inline)]
    status: Option<String>,
    /// The order; `name` when absent.
    #[param(value_type = Option<super::Sort>, inline)]
    sort: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(crate) total: Option<bool>,
}

impl ListUsers {
    /// The users that are asked for, and their order.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on the parameter that is wrong.
    pub(crate) fn filter(&self) -> Result<(UserFilter, UserSort, Order)> {
        let status = self.status.as_deref().map(|word| UserStatus::parse("status", word)).transpose()?;
        let (sort, order) = sorted(self.sort.as_deref(), UserSort::Name, UserSort::Created)?;
        Ok((UserFilter { text: searched(self.q.as_deref())?, status, ..UserFilter::default() }, sort, order))
    }
}

/// How a user is deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Erase {
    /// Erase the person for good, instead of deactivating them?
    #[param(default = false)]
    pub(crate) erase: Option<bool>,
}
