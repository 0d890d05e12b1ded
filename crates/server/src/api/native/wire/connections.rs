//! Connections and their links on the wire.

use guildhall_domain::Result;
use guildhall_domain::connection::{self as domain, Adopt};
use guildhall_domain::ids::UserId;
use guildhall_domain::patch::Patch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Id, at, patch};
use crate::http::patch::Field;

/// The words of what a connection may take over.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain's own words")]
enum Adoption {
    /// Nothing: a person whose address exists is a conflict, a group of the same name is another group.
    None,
    /// People who have the same e-mail address or sign-in name.
    Users,
    /// Groups of the same name that no connection keeps.
    Groups,
    /// Both.
    All,
}

/// The words of how a connection stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain's own words")]
enum Health {
    /// It has never been heard of.
    New,
    /// Its last run went well.
    Ok,
    /// Its last run failed.
    Failing,
}

/// An identity source that pushes or is pulled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    /// The id, unique in the server.
    pub(crate) id: Uuid,
    /// The name, unique in the company.
    pub(crate) name: String,
    /// How it speaks: `scim`, `ldap` or another word.
    pub(crate) kind: String,
    /// The user who looks after it.
    pub(crate) owner: Option<Uuid>,
    /// Do its groups refuse changes of their members by hand?
    pub(crate) one_way: bool,
    /// What of ours it may take over.
    #[schema(value_type = Adoption)]
    pub(crate) adopt: &'static str,
    /// What its kind needs to know.
    pub(crate) settings: Map<String, Value>,
    /// The brake: a whole list of one of its keys that would take more members out of a group than this is held; null
    /// where the company's setting is in force.
    pub(crate) brake_members: Option<u32>,
    /// The brake: so is one that would take more than these percent of them, and at least 10; null as above.
    pub(crate) brake_percent: Option<u32>,
    /// How it stands.
    #[schema(value_type = Health)]
    pub(crate) health: &'static str,
    /// When it was last heard of, to within a few seconds.
    #[schema(format = DateTime)]
    pub(crate) last_run_at: Option<String>,
    /// When a run last went well.
    #[schema(format = DateTime)]
    pub(crate) last_ok_at: Option<String>,
    /// What the last run failed of.
    pub(crate) last_error: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When the record last changed.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
}

impl From<&domain::Connection> for Connection {
    fn from(connection: &domain::Connection) -> Self {
        Self {
            id: connection.id.uuid(),
            name: connection.name.clone(),
            kind: connection.kind.clone(),
            owner: connection.owner.map(UserId::uuid),
            one_way: connection.one_way,
            adopt: connection.adopt.word(),
            settings: serde_json::from_str(&connection.settings).unwrap_or_default(),
            brake_members: connection.brake_members,
            brake_percent: connection.brake_percent,
            health: connection.health().word(),
            last_run_at: connection.last_run_at.map(at),
            last_ok_at: connection.last_ok_at.map(at),
            last_error: connection.last_error.clone(),
            created_at: at(connection.created_at),
            updated_at: at(connection.updated_at),
        }
    }
}

/// A connection to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewConnection {
    /// The id, where the caller chooses it; one taken anywhere in the server is refused.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// How it speaks: a word of 1 to 64 lower-case letters, digits, `-`, `_` and `.`; fixed for its life.
    #[schema(min_length = 1, max_length = 64)]
    kind: String,
    /// The user who looks after it.
    #[schema(value_type = Option<Uuid>)]
    owner: Option<Id>,
    /// Do its groups refuse changes of their members by hand?
    #[schema(default = false)]
    one_way: Option<bool>,
    /// What of ours it may take over; `none` when absent.
    #[schema(value_type = Option<Adoption>)]
    adopt: Option<String>,
    /// What its kind needs to know, up to 64 KiB.
    settings: Option<Map<String, Value>>,
    /// What opens the source, such as the password of `bindDn`; it is kept sealed and never shown again.
    #[schema(min_length = 1, max_length = 4096, format = Password)]
    secret: Option<String>,
    /// The brake for its keys, 1 to 100,000 members; the company's when absent.
    #[schema(minimum = 1, maximum = 100_000)]
    brake_members: Option<u32>,
    /// The brake for its keys, 1 to 100 percent; the company's when absent.
    #[schema(minimum = 1, maximum = 100)]
    brake_percent: Option<u32>,
}

impl NewConnection {
    /// The connection that it asks for.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::NewConnection> {
        Ok(domain::NewConnection {
            id: self.id.map(|id| id.0.into()),
            name: self.name,
            kind: self.kind,
            owner: self.owner.map(|id| id.0.into()),
            one_way: self.one_way,
            adopt: self.adopt.map(|raw| Adopt::parse("adopt", &raw)).transpose()?,
            settings: self.settings.map(text),
            secret: self.secret,
            brake_members: self.brake_members,
            brake_percent: self.brake_percent,
        })
    }
}

fn text(settings: Map<String, Value>) -> String {
    Value::Object(settings).to_string()
}

/// An edit of a connection: absent members stay, null empties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditConnection {
    /// The name; cannot be emptied.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// The user who looks after it.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    owner: Field<Id>,
    /// Do its groups refuse changes of their members by hand? Null makes it two-way.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    one_way: Field<bool>,
    /// What of ours it may take over; null makes it nothing.
    #[serde(default)]
    #[schema(value_type = Option<Adoption>)]
    adopt: Field<String>,
    /// What its kind needs to know; replaces what was there.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Field<Map<String, Value>>,
    /// What opens the source; it is kept sealed and never shown again. Where the settings lead elsewhere it must be given
    /// again. Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4096, format = Password)]
    secret: Field<String>,
    /// The brake for its keys, 1 to 100,000 members; null brings the company's back.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    brake_members: Field<u32>,
    /// The brake for its keys, 1 to 100 percent; null brings the company's back.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    brake_percent: Field<u32>,
}

impl EditConnection {
    /// The edit that it asks for.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::EditConnection> {
        Ok(domain::EditConnection {
            name: patch(self.name),
            owner: patch(self.owner.map(|id| id.0.into())),
            one_way: patch(self.one_way),
            adopt: patch(self.adopt).try_map(|raw| Adopt::parse("adopt", &raw))?,
            settings: match patch(self.settings) {
                Patch::Set(settings) => Patch::Set(text(settings)),
                Patch::Clear => Patch::Clear,
                Patch::Keep => Patch::Keep,
            },
            secret: patch(self.secret),
            brake_members: patch(self.brake_members),
            brake_percent: patch(self.brake_percent),
        })
    }
}

/// That a connection knows a person or group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    /// `user` or `group`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The user's or group's id here.
    pub(crate) id: Uuid,
    /// Its id there, unique within the connection.
    pub(crate) external_id: Option<String>,
    /// Did the connection make it, rather than take it over?
    pub(crate) made: bool,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) linked_at: String,
}

impl From<&domain::Link> for Link {
    fn from(link: &domain::Link) -> Self {
        Self {
            kind: link.noun.word(),
            id: link.object,
            external_id: link.external_id.clone(),
            made: link.made,
            linked_at: at(link.linked_at),
        }
    }
}

/// How a link is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SetLink {
    /// The id of the person or group there, unique within the connection.
    #[schema(max_length = 255)]
    external_id: Option<String>,
}

impl SetLink {
    /// The external id.
    pub(crate) fn external_id(self) -> Option<String> {
        self.external_id
    }
}

/// Which links, how many, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLinks {
    /// `user` (also when absent) or `group`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListLinks {
    /// What the links lead to.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on another word.
    pub(crate) fn noun(&self) -> Result<domain::Noun> {
        self.kind.as_deref().map_or(Ok(domain::Noun::User), |raw| domain::Noun::parse("type", raw))
    }
}
