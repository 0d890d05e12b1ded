//! The dialect's JSON (`reference/cakewalk-v1.md` §1.5, §2.2, §3, §4) and its conversions: pure, no async.

use guildhall_domain::caller::Role;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{GroupId, UserId, parse_uuid};
use guildhall_domain::page::Page;
use guildhall_domain::person::Person;
use guildhall_domain::user::{User, UserStatus};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{ChangeMembers, MemberRef, Rendered, Rendering, Rendition};
use http::Uri;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::cursor::Cursor;
use crate::http::json;

/// Where this page is and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Links {
    /// Path and query of this page.
    #[serde(rename = "self")]
    #[schema(example = "/api/v1/Users")]
    here: String,
    /// Path and query of the next page; null on the last.
    #[schema(required = true)]
    next: Option<String>,
}

impl Links {
    /// CW-8: path and query, no host; the path as the reference spells it, the query as it came.
    fn of(uri: &Uri) -> Self {
        Self { here: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(), next: None }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    data: Vec<T>,
    links: Links,
}

impl<T> List<T> {
    /// The page answered at `uri`.
    pub(super) fn of<D: Into<T>, K: Cursor>(uri: &Uri, page: Page<D, K>) -> Self {
        let next = page.next.map(|key| format!("{}?cursor={}", uri.path(), key.write()));
        Self { data: page.items.into_iter().map(Into::into).collect(), links: Links { next, ..Links::of(uri) } }
    }
}

/// One thing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Record<T> {
    data: T,
    links: Links,
}

impl<T> List<T> {
    /// The page answered at `uri`, whose query chooses rows and goes on into the link to the next page.
    pub(super) fn filtered<D: Into<T>, K: Cursor>(uri: &Uri, page: Page<D, K>) -> Self {
        let next = page.next.map(|key| {
            let query = uri.query().unwrap_or_default();
            let kept = form_urlencoded::parse(query.as_bytes())
                .filter(|(name, _)| !matches!(name.as_ref(), "cursor" | "page[cursor]"));
            let mut next = form_urlencoded::Serializer::new(String::new());
            next.extend_pairs(kept).append_pair("cursor", &key.write());
            format!("{}?{}", uri.path(), next.finish())
        });
        Self { data: page.items.into_iter().map(Into::into).collect(), links: Links { next, ..Links::of(uri) } }
    }

    /// As [`Self::of`], for the rows that are asked for most: `write` writes one as serde writes `T`.
    pub(super) fn written<D, K: Cursor>(
        uri: &Uri,
        page: &Page<D, K>,
        write: impl Fn(&mut json::Text, &D),
    ) -> json::Text {
        let next = page.next.as_ref().map(|key| format!("{}?cursor={}", uri.path(), key.write()));
        let mut body = json::Text::for_rows(page.items.len());
        body.raw(r#"{"data":"#).array(&page.items, write);
        body.raw(r#","links":"#).value(&Links { next, ..Links::of(uri) }).raw("}");
        body
    }

    /// The page answered at `uri`, of rows that are spoken already; `key` is where the next one begins.
    pub(super) fn spoken<K: Cursor>(uri: &Uri, data: Vec<T>, key: Option<K>) -> Self {
        let next = key.map(|key| format!("{}?cursor={}", uri.path(), key.write()));
        Self { data, links: Links { next, ..Links::of(uri) } }
    }
}

impl<T> Record<T> {
    /// The thing answered at `uri`.
    pub(super) fn of(uri: &Uri, data: impl Into<T>) -> Self {
        Self { data: data.into(), links: Links::of(uri) }
    }
}

/// A person, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserSimplified {
    id: Uuid,
    #[schema(example = "Mira Holt")]
    name: String,
    #[schema(example = "mira.holt@northwind.example")]
    email: String,
    #[schema(example = 1)]
    status_id: i32,
    #[schema(example = "Active")]
    status_name: &'static str,
}

impl From<User> for UserSimplified {
    fn from(user: User) -> Self {
        let (status_id, status_name) = status(user.status);
        Self { id: user.id.uuid(), name: user.name, email: user.email, status_id, status_name }
    }
}

impl UserSimplified {
    /// Writes a person as serde writes this struct made of them.
    pub(super) fn write(out: &mut json::Text, person: &Person) {
        let (status_id, status_name) = status(person.status);
        out.raw(r#"{"id":"#).id(person.id.uuid()).raw(r#","name":"#).string(person.name());
        out.raw(r#","email":"#).string(person.email()).raw(r#","statusId":"#).value(&status_id);
        out.raw(r#","statusName":"#).string(status_name).raw("}");
    }
}

/// A person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserDetailed {
    #[serde(flatten)]
    simple: UserSimplified,
    #[schema(example = 1)]
    role_id: i32,
    #[schema(example = "User")]
    role_name: &'static str,
    #[schema(required = true, format = DateTime)]
    last_login: Option<String>,
    #[schema(required = true)]
    manager_id: Option<Uuid>,
}

impl From<User> for UserDetailed {
    fn from(user: User) -> Self {
        let (role_id, role_name) = role(user.role);
        let (last_login, manager_id) = (user.last_login.map(time), user.manager.map(UserId::uuid));
        Self { role_id, role_name, last_login, manager_id, simple: user.into() }
    }
}

/// A group of people.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsersGroup {
    id: Uuid,
    #[schema(example = "Engineering")]
    name: String,
    /// Its id in the system that it comes from.
    #[schema(required = true)]
    external_id: Option<String>,
    /// The system that it comes from; null for one kept here.
    #[schema(required = true)]
    source: Option<String>,
}

impl UsersGroup {
    /// The group as it goes out, put into words once for as long as it stays as it is.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Internal`].
    pub(super) fn told(group: &Rendered<Group>) -> Result<Rendering> {
        group.render(Rendition::Cakewalk, "", Self::from)
    }
}

impl From<&Group> for UsersGroup {
    fn from(group: &Group) -> Self {
        Self {
            id: group.id.uuid(),
            name: group.name.clone(),
            external_id: group.external_id.clone(),
            source: group.source.clone(),
        }
    }
}

/// CW-9: numbers and names of statuses.
fn status(status: UserStatus) -> (i32, &'static str) {
    match status {
        UserStatus::Active => (1, "Active"),
        UserStatus::Invited => (2, "Invited"),
        UserStatus::Offboarding => (6, "Offboarding"),
        UserStatus::Inactive => (7, "Deactivated"),
    }
}

/// CW-10: only `Admin` and `User` are certain to exist there, so everyone but an administrator is a `User`.
fn role(role: Role) -> (i32, &'static str) {
    match role {
        Role::Admin => (2, "Admin"),
        Role::Editor | Role::Viewer | Role::Guest => (1, "User"),
    }
}

/// CW-11: UTC with milliseconds.
pub(super) fn time(at: Timestamp) -> String {
    at.rfc3339(3)
}

/// CW-14: an id in a body: hyphenated, in either letter case, as in paths.
#[derive(Clone, Copy, Debug)]
pub(super) struct WireId(pub(super) Uuid);

impl<'de> Deserialize<'de> for WireId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = WireId;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a UUID")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WireId, E> {
                parse_uuid(text).map(WireId).ok_or_else(|| E::custom("is not a UUID"))
            }
        }
        from.deserialize_str(Text)
    }
}

/// Whom to add to a group, and in whose name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddUsers {
    /// The users to add, 1 to 10,000; one named twice counts once.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 10000)]
    user_ids: Vec<WireId>,
    /// The administrator in whose name it is done.
    #[schema(value_type = Uuid)]
    triggered_by_user_id: WireId,
    /// True: requests that result are approved at once. False, or absent: they run through their policy.
    // CW-12: null is as good as absent.
    #[serde(default)]
    implicitly_approve_requests: Option<bool>,
}

impl AddUsers {
    /// The change of this group's members that is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] when nobody is named.
    pub(super) fn into_command(self, group: GroupId) -> Result<ChangeMembers> {
        if self.user_ids.is_empty() {
            return Err(Error::invalid("userIds", "must name at least one user"));
        }
        Ok(ChangeMembers {
            add: self.user_ids.into_iter().map(|id| MemberRef::Id(id.0.into())).collect(),
            in_name_of: Some(self.triggered_by_user_id.0.into()),
            approve: self.implicitly_approve_requests.unwrap_or(false),
            fields: ("userIds", "userIds"),
            ..ChangeMembers::of(group)
        })
    }
}

/// The removal of one user from a group.
pub(super) fn removal(group: GroupId, user: UserId) -> ChangeMembers {
    ChangeMembers { remove: vec![MemberRef::Id(user)], fields: ("userIds", "userId"), ..ChangeMembers::of(group) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_written_as_serde_writes_them() {
        for status in [UserStatus::Active, UserStatus::Invited, UserStatus::Offboarding, UserStatus::Inactive] {
            let (status_id, status_name) = super::status(status);
            let mut out = json::Text::default();
            UserSimplified::write(&mut out, &Person::new(UserId::NIL, "A \"b\"", "a@example.org", status));
            let (name, email) = ("A \"b\"".to_owned(), "a@example.org".to_owned());
            let same = UserSimplified { id: Uuid::nil(), name, email, status_id, status_name };
            assert_eq!(out.into_string(), serde_json::to_string(&same).unwrap());
        }
    }
}
