//! The JSON of each record, as it is read.

use guildhall_domain::caller::Role;
use guildhall_domain::company::EditSettings;
use guildhall_domain::conflict::EditConflict;
use guildhall_domain::connection::{Adopt, Noun};
use guildhall_domain::group::{EditGroup, GroupState};
use guildhall_domain::ids::{CompanyId, ConflictId, ConnectionId, GroupId, RoleId, UserId, parse_uuid};
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::patch::Patch;
use guildhall_domain::role::{Act, EditRole, Grant, Permission, Permit, Predicate, PredicateType, Scope};
use guildhall_domain::time::Window;
use guildhall_domain::user::{EditUser, UserStatus};
use guildhall_domain::{Result as Checked, Timestamp};
use guildhall_engine::Nesting;
use guildhall_engine::directory::{
    CompanyRecord, ConflictRecord, ConnectionRecord, GrantRecord, GroupRecord, LinkRecord, MembershipRecord,
    NestingRecord, RoleRecord, UserRecord,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::{ATTRIBUTES_DEPTH, shallow};
use crate::http::patch::Field;

pub(super) type Outcome<T> = Result<T, String>;

/// Any record, for its type alone.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Company {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    name: String,
    #[serde(default)]
    settings: Settings,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    unique_group_names: Field<bool>,
    #[serde(default)]
    restore_days: Field<u32>,
    #[serde(default)]
    history_days: Field<u32>,
    #[serde(default)]
    brake_members: Field<u32>,
    #[serde(default)]
    brake_percent: Field<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct User {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Id,
    #[serde(default)]
    user_name: Field<String>,
    name: String,
    #[serde(default)]
    given_name: Field<String>,
    #[serde(default)]
    family_name: Field<String>,
    email: String,
    #[serde(default)]
    status: Field<String>,
    #[serde(default)]
    role: Field<String>,
    #[serde(default)]
    manager: Field<Id>,
    #[serde(default)]
    external_id: Field<String>,
    #[serde(default)]
    attributes: Field<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    created_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Group {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Id,
    name: String,
    #[serde(default)]
    description: Field<String>,
    #[serde(default)]
    icon: Field<String>,
    #[serde(default)]
    external_id: Field<String>,
    #[serde(default)]
    source: Field<String>,
    #[serde(default)]
    rule: Field<String>,
    #[serde(default)]
    unmodifiable: Field<bool>,
    #[serde(default)]
    owners: Field<Vec<Id>>,
    #[serde(default)]
    state: Field<String>,
    #[serde(default)]
    created_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Membership {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    company: Id,
    group: Id,
    user: Id,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    connection: Option<Id>,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    ends_at: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    added_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Connection {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Id,
    name: String,
    kind: String,
    #[serde(default)]
    one_way: Field<bool>,
    #[serde(default)]
    brake_members: Field<u32>,
    #[serde(default)]
    brake_percent: Field<u32>,
    #[serde(default)]
    owner: Field<Id>,
    #[serde(default)]
    adopt: Field<String>,
    #[serde(default)]
    settings: Field<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Link {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    company: Id,
    connection: Id,
    user: Option<Id>,
    group: Option<Id>,
    external_id: Option<String>,
    #[serde(default)]
    made: bool,
}

impl Link {
    pub(super) fn record(self) -> Outcome<LinkRecord> {
        let (noun, object) = match (self.user, self.group) {
            (Some(user), None) => (Noun::User, user.0),
            (None, Some(group)) => (Noun::Group, group.0),
            _ => return Err("the link needs either `user` or `group`".into()),
        };
        Ok(LinkRecord {
            company: CompanyId::new(self.company.0),
            connection: ConnectionId::new(self.connection.0),
            noun,
            object,
            external_id: self.external_id,
            made: self.made,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Conflict {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Id,
    name: String,
    #[serde(default)]
    description: Field<String>,
    groups: Vec<Id>,
    #[serde(default)]
    at_most: Field<u32>,
}

impl Conflict {
    pub(super) fn record(self) -> ConflictRecord {
        let edit = EditConflict {
            name: Patch::Set(self.name),
            description: patch(self.description),
            groups: Patch::Set(self.groups.into_iter().map(|id| GroupId::new(id.0)).collect()),
            at_most: patch(self.at_most),
        };
        ConflictRecord { company: CompanyId::new(self.company.0), id: ConflictId::new(self.id.0), edit }
    }
}

/// An id, read without a detour over an owned text.
pub(super) struct Id(pub(super) Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Id;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a UUID")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
                parse_uuid(text).map(Id).ok_or_else(|| E::custom("is not a UUID"))
            }
        }
        from.deserialize_str(Text)
    }
}

pub(super) fn patch<T>(field: Field<T>) -> Patch<T> {
    match field {
        Field::Absent => Patch::Keep,
        Field::Null => Patch::Clear,
        Field::Value(value) => Patch::Set(value),
    }
}

pub(super) fn word<T>(field: Field<String>, name: &str, read: fn(&str, &str) -> Checked<T>) -> Outcome<Patch<T>> {
    patch(field).try_map(|raw| read(name, &raw)).map_err(told)
}

fn time(field: &str, raw: Option<&String>) -> Outcome<Option<Timestamp>> {
    raw.map(|raw| Timestamp::parse(field, raw)).transpose().map_err(told)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn told(error: guildhall_domain::Error) -> String {
    error.to_string()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nested {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    company: Id,
    parent: Id,
    child: Id,
}

impl Nested {
    pub(super) fn record(self) -> NestingRecord {
        let nesting = Nesting { parent: GroupId::new(self.parent.0), child: GroupId::new(self.child.0) };
        NestingRecord { company: CompanyId::new(self.company.0), nesting }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRole {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Option<Id>,
    name: String,
    #[serde(default)]
    description: Field<String>,
    permissions: Vec<PermitPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermitPart {
    permission: String,
    actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRole {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    company: Id,
    group: Id,
    role: Id,
    scope: ScopePart,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopePart {
    audiences: Vec<AudiencePart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AudiencePart {
    predicates: Vec<PredicatePart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PredicatePart {
    #[serde(rename = "type")]
    kind: String,
    comparator: Option<String>,
    values: Vec<String>,
}

impl AccessRole {
    pub(super) fn record(self) -> Outcome<RoleRecord> {
        let company = self.company.map_or(CompanyId::PLATFORM, |id| CompanyId::new(id.0));
        let permit = |part: PermitPart| {
            let actions = part.actions.iter().map(|raw| Act::parse("actions", raw)).collect::<Checked<_>>()?;
            Ok(Permit { permission: Permission::parse("permission", &part.permission)?, actions })
        };
        let permissions = self.permissions.into_iter().map(permit).collect::<Checked<_>>().map_err(told)?;
        let edit = EditRole {
            name: Patch::Set(self.name),
            description: patch(self.description),
            permissions: Patch::Set(permissions),
        };
        Ok(RoleRecord { company, id: RoleId::new(self.id.0), edit })
    }
}

impl GroupRole {
    pub(super) fn record(self) -> Outcome<GrantRecord> {
        let predicate = |part: PredicatePart| {
            if part.comparator.is_some_and(|comparator| comparator != "IN") {
                return Err("scope: `comparator` must be `IN`".to_owned());
            }
            Ok(Predicate { kind: PredicateType::parse("type", &part.kind).map_err(told)?, values: part.values })
        };
        let audience = |part: AudiencePart| part.predicates.into_iter().map(predicate).collect::<Outcome<Vec<_>>>();
        let audiences = self.scope.audiences.into_iter().map(audience).collect::<Outcome<_>>()?;
        let scope = Scope::new("scope", audiences).map_err(told)?;
        let grant = Grant { group: GroupId::new(self.group.0), role: RoleId::new(self.role.0), scope };
        Ok(GrantRecord { company: CompanyId::new(self.company.0), grant })
    }
}

impl Company {
    pub(super) fn record(self) -> Outcome<CompanyRecord> {
        let settings = EditSettings {
            unique_group_names: patch(self.settings.unique_group_names),
            restore_days: patch(self.settings.restore_days),
            history_days: patch(self.settings.history_days),
            brake_members: patch(self.settings.brake_members),
            brake_percent: patch(self.settings.brake_percent),
        };
        Ok(CompanyRecord { id: CompanyId::new(self.id.0), name: self.name, settings })
    }
}

impl User {
    pub(super) fn record(self) -> Outcome<UserRecord> {
        let status = word(self.status, "status", UserStatus::parse)?;
        let attributes = patch(self.attributes).try_map(|members| {
            let value = serde_json::Value::Object(members);
            if shallow(&value, ATTRIBUTES_DEPTH) {
                Ok(value.to_string())
            } else {
                Err("attributes: nest deeper than 32".to_owned())
            }
        })?;
        Ok(UserRecord {
            company: CompanyId::new(self.company.0),
            id: UserId::new(self.id.0),
            edit: EditUser {
                name: Patch::Set(self.name),
                given_name: patch(self.given_name),
                family_name: patch(self.family_name),
                email: Patch::Set(self.email),
                user_name: patch(self.user_name),
                status: if status == Patch::Clear { Patch::Set(UserStatus::Active) } else { status },
                role: word(self.role, "role", Role::parse)?,
                manager: patch(self.manager.map(|id| UserId::new(id.0))),
                external_id: patch(self.external_id),
                attributes,
                groups: None,
            },
            created_at: time("createdAt", self.created_at.as_ref())?,
        })
    }
}

impl Group {
    pub(super) fn record(self) -> Outcome<GroupRecord> {
        let state = word(self.state, "state", GroupState::parse)?;
        if state == Patch::Set(GroupState::Purged) {
            return Err("state: must be one of `live`, `archived`".into());
        }
        Ok(GroupRecord {
            company: CompanyId::new(self.company.0),
            id: GroupId::new(self.id.0),
            edit: EditGroup {
                name: Patch::Set(self.name),
                description: patch(self.description),
                icon: patch(self.icon),
                external_id: patch(self.external_id),
                rule: patch(self.rule),
                ..EditGroup::default()
            },
            source: patch(self.source),
            unmodifiable: patch(self.unmodifiable),
            owners: patch(self.owners.map(|ids| ids.into_iter().map(|id| id.0).collect())),
            state,
            created_at: time("createdAt", self.created_at.as_ref())?,
        })
    }
}

impl Connection {
    pub(super) fn record(self) -> Outcome<ConnectionRecord> {
        Ok(ConnectionRecord {
            company: CompanyId::new(self.company.0),
            id: ConnectionId::new(self.id.0),
            name: self.name,
            kind: self.kind,
            one_way: patch(self.one_way),
            owner: patch(self.owner.map(|id| UserId::new(id.0))),
            adopt: patch(self.adopt).try_map(|raw| Adopt::parse("adopt", &raw)).map_err(|e| e.to_string())?,
            settings: patch(self.settings).try_map(|all| {
                let all = serde_json::Value::Object(all);
                if shallow(&all, ATTRIBUTES_DEPTH) {
                    Ok(all.to_string())
                } else {
                    Err("settings: nest deeper than 32".to_owned())
                }
            })?,
            brake_members: patch(self.brake_members),
            brake_percent: patch(self.brake_percent),
        })
    }
}

impl Membership {
    pub(super) fn record(self) -> Outcome<MembershipRecord> {
        let starts = time("startsAt", self.starts_at.as_ref())?;
        let ends = time("endsAt", self.ends_at.as_ref())?;
        Ok(MembershipRecord {
            company: CompanyId::new(self.company.0),
            group: GroupId::new(self.group.0),
            user: UserId::new(self.user.0),
            kind: self.reason.map_or(Ok(ReasonKind::Direct), |raw| ReasonKind::parse("reason", &raw)).map_err(told)?,
            connection: self.connection.map(|id| ConnectionId::new(id.0)),
            window: Window { starts, ends },
            note: self.note,
            added_at: time("addedAt", self.added_at.as_ref())?,
        })
    }
}
