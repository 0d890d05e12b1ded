//! The JSON of each record, as it is written: one line, members in the order of the format's table.

use guildhall_domain::Timestamp;
use guildhall_domain::company::{Company, Settings};
use guildhall_domain::conflict::Conflict;
use guildhall_domain::connection::{Adopt, Connection, Link, Noun};
use guildhall_domain::group::{Group, GroupState, Owner};
use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::membership::{Reason, ReasonKind};
use guildhall_domain::role::{AccessRole, Grant, Permit};
use guildhall_domain::user::User;
use guildhall_engine::directory::Told;
use guildhall_engine::{Nesting, scope_json};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::{apps, policies};

/// Appends one record and a line break.
///
/// # Errors
/// When stored attributes are not JSON.
pub fn write(out: &mut Vec<u8>, record: &Told) -> serde_json::Result<()> {
    match record {
        Told::Company(company) => serde_json::to_writer(&mut *out, &CompanyLine::of(company))?,
        Told::User(company, user) => serde_json::to_writer(&mut *out, &UserLine::of(*company, user)?)?,
        Told::Group(company, group, owners) => {
            serde_json::to_writer(&mut *out, &GroupLine::of(*company, group, owners))?;
        }
        Told::Nesting(company, nesting) => serde_json::to_writer(&mut *out, &NestingLine::of(*company, *nesting))?,
        Told::Connection(company, connection) => {
            serde_json::to_writer(&mut *out, &ConnectionLine::of(*company, connection)?)?;
        }
        Told::Link(company, link) => serde_json::to_writer(&mut *out, &LinkLine::of(*company, link))?,
        Told::Role(company, role) => serde_json::to_writer(&mut *out, &RoleLine::of(*company, role))?,
        Told::GroupRole(company, grant) => serde_json::to_writer(&mut *out, &GroupRoleLine::of(*company, grant))?,
        Told::Membership(company, reason) => serde_json::to_writer(&mut *out, &MembershipLine::of(*company, reason))?,
        Told::App(company, app) => serde_json::to_writer(&mut *out, &apps::AppLine::of(*company, app))?,
        Told::GroupApp(company, link) => serde_json::to_writer(&mut *out, &apps::GroupAppLine::of(*company, link))?,
        Told::Policy(company, policy) => serde_json::to_writer(&mut *out, &policies::line(*company, policy))?,
        Told::Conflict(company, conflict) => {
            serde_json::to_writer(&mut *out, &ConflictLine::of(*company, conflict))?;
        }
        Told::Access(company, access) => serde_json::to_writer(&mut *out, &apps::AccessLine::of(*company, access))?,
    }
    out.push(b'\n');
    Ok(())
}

/// An instant, with no more fractional digits than it has.
struct At(Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let digits = match self.0.micros() {
            n if n % 1_000_000 == 0 => 0,
            n if n % 1000 == 0 => 3,
            _ => 6,
        };
        to.serialize_str(&self.0.rfc3339(digits))
    }
}

#[derive(Serialize)]
struct CompanyLine<'a> {
    r#type: &'static str,
    id: Uuid,
    name: &'a str,
    settings: SettingsPart,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingsPart {
    unique_group_names: bool,
    restore_days: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    history_days: Option<u32>,
    brake_members: u32,
    brake_percent: u32,
}

impl<'a> CompanyLine<'a> {
    fn of(company: &'a Company) -> Self {
        let Settings { unique_group_names, restore_days, history_days, brake_members, brake_percent } =
            company.settings;
        let settings = SettingsPart { unique_group_names, restore_days, history_days, brake_members, brake_percent };
        Self { r#type: "company", id: company.id.uuid(), name: &company.name, settings }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkLine<'a> {
    r#type: &'static str,
    company: Uuid,
    connection: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    made: bool,
}

impl<'a> LinkLine<'a> {
    fn of(company: CompanyId, link: &'a Link) -> Self {
        Self {
            r#type: "link",
            company: company.uuid(),
            connection: link.connection.uuid(),
            user: Some(link.object).filter(|_| link.noun == Noun::User),
            group: Some(link.object).filter(|_| link.noun == Noun::Group),
            external_id: link.external_id.as_deref(),
            made: link.made,
        }
    }
}

#[derive(Serialize)]
struct NestingLine {
    r#type: &'static str,
    company: Uuid,
    parent: Uuid,
    child: Uuid,
}

impl NestingLine {
    fn of(company: CompanyId, nesting: Nesting) -> Self {
        let (parent, child) = (nesting.parent.uuid(), nesting.child.uuid());
        Self { r#type: "nesting", company: company.uuid(), parent, child }
    }
}

#[derive(Serialize)]
struct RoleLine<'a> {
    r#type: &'static str,
    id: Uuid,
    /// None for a role of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<Uuid>,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    permissions: Vec<PermitPart>,
}

#[derive(Serialize)]
struct PermitPart {
    permission: &'static str,
    actions: Vec<&'static str>,
}

impl<'a> RoleLine<'a> {
    fn of(company: CompanyId, role: &'a AccessRole) -> Self {
        let permit = |permit: &Permit| PermitPart {
            permission: permit.permission.word(),
            actions: permit.actions.iter().map(|act| act.word()).collect(),
        };
        Self {
            r#type: "role",
            id: role.id.uuid(),
            company: (company != CompanyId::PLATFORM).then_some(company.uuid()),
            name: &role.name,
            description: &role.description,
            permissions: role.permissions.iter().map(permit).collect(),
        }
    }
}

#[derive(Serialize)]
struct GroupRoleLine {
    r#type: &'static str,
    company: Uuid,
    group: Uuid,
    role: Uuid,
    scope: serde_json::Value,
}

impl GroupRoleLine {
    fn of(company: CompanyId, grant: &Grant) -> Self {
        let (group, role) = (grant.group.uuid(), grant.role.uuid());
        Self { r#type: "groupRole", company: company.uuid(), group, role, scope: scope_json(&grant.scope) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserLine<'a> {
    r#type: &'static str,
    id: Uuid,
    company: Uuid,
    /// Left out where it is the e-mail address, which it then goes on following.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    email: &'a str,
    status: &'static str,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    attributes: serde_json::Map<String, serde_json::Value>,
    created_at: At,
}

impl<'a> UserLine<'a> {
    fn of(company: CompanyId, user: &'a User) -> serde_json::Result<Self> {
        Ok(Self {
            r#type: "user",
            id: user.id.uuid(),
            company: company.uuid(),
            user_name: Some(user.user_name.as_str()).filter(|name| *name != user.email),
            name: &user.name,
            given_name: user.given_name.as_deref(),
            family_name: user.family_name.as_deref(),
            email: &user.email,
            status: user.status.word(),
            role: user.role.word(),
            manager: user.manager.map(|id| id.uuid()),
            external_id: user.external_id.as_deref(),
            attributes: serde_json::from_str(&user.attributes)?,
            created_at: At(user.created_at),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupLine<'a> {
    r#type: &'static str,
    id: Uuid,
    company: Uuid,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    unmodifiable: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owners: Vec<Uuid>,
    state: &'static str,
    created_at: At,
}

impl<'a> GroupLine<'a> {
    fn of(company: CompanyId, group: &'a Group, owners: &[Owner]) -> Self {
        let id = |owner: &Owner| match owner {
            Owner::User(id) => id.uuid(),
            Owner::Group(id) => id.uuid(),
        };
        Self {
            r#type: "group",
            id: group.id.uuid(),
            company: company.uuid(),
            name: &group.name,
            description: group.description.as_deref(),
            icon: group.icon.as_deref(),
            external_id: group.external_id.as_deref(),
            source: group.source.as_deref(),
            rule: group.rule.as_deref(),
            unmodifiable: group.unmodifiable,
            owners: owners.iter().map(id).collect(),
            state: if group.state == GroupState::Live { "live" } else { "archived" },
            created_at: At(group.created_at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionLine<'a> {
    r#type: &'static str,
    id: Uuid,
    company: Uuid,
    name: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Uuid>,
    one_way: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    adopt: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brake_members: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brake_percent: Option<u32>,
}

impl<'a> ConnectionLine<'a> {
    fn of(company: CompanyId, connection: &'a Connection) -> serde_json::Result<Self> {
        let settings: Value = serde_json::from_str(&connection.settings)?;
        Ok(Self {
            r#type: "connection",
            id: connection.id.uuid(),
            company: company.uuid(),
            name: &connection.name,
            kind: &connection.kind,
            owner: connection.owner.map(UserId::uuid),
            one_way: connection.one_way,
            brake_members: connection.brake_members,
            brake_percent: connection.brake_percent,
            adopt: Some(connection.adopt.word()).filter(|_| connection.adopt != Adopt::None),
            settings: Some(settings).filter(|settings| settings.as_object().is_some_and(|all| !all.is_empty())),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConflictLine<'a> {
    r#type: &'static str,
    id: Uuid,
    company: Uuid,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    groups: Vec<Uuid>,
    at_most: u32,
}

impl<'a> ConflictLine<'a> {
    fn of(company: CompanyId, conflict: &'a Conflict) -> Self {
        Self {
            r#type: "conflict",
            id: conflict.id.uuid(),
            company: company.uuid(),
            name: &conflict.name,
            description: conflict.description.as_deref(),
            groups: conflict.groups.iter().map(|group| group.uuid()).collect(),
            at_most: conflict.at_most,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MembershipLine<'a> {
    r#type: &'static str,
    company: Uuid,
    group: Uuid,
    user: Uuid,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<At>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<At>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    added_at: At,
}

impl<'a> MembershipLine<'a> {
    fn of(company: CompanyId, reason: &'a Reason) -> Self {
        let synced = reason.kind == ReasonKind::Synced && !reason.source.is_nil();
        Self {
            r#type: "membership",
            company: company.uuid(),
            group: reason.group.uuid(),
            user: reason.user.uuid(),
            reason: reason.kind.word(),
            connection: synced.then_some(reason.source),
            starts_at: reason.window.starts.map(At),
            ends_at: reason.window.ends.map(At),
            note: reason.note.as_deref(),
            added_at: At(reason.added_at),
        }
    }
}
