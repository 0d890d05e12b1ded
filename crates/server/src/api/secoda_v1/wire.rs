//! The dialect's JSON (`reference/secoda-v1.md` §3, §4, §5, §8) and its conversions: pure, no async.

use guildhall_domain::caller::Role;
use guildhall_domain::group::{self as domain, EditGroup, NewGroup};
use guildhall_domain::ids::{CompanyId, GroupId, TeamId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, UserStatus};
use guildhall_domain::{Error, Result, name};
use guildhall_engine::WithGroups;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::{Failure, Names};
use super::fields::{Faults, Sent, brief};

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    id: Uuid,
    #[schema(format = DateTime, example = "2024-03-05T09:41:07.118203Z")]
    created_at: String,
    /// The later of the group's and its membership's last change.
    #[schema(format = DateTime, example = "2024-04-18T16:02:55.900417Z")]
    updated_at: String,
    /// The ids of its direct members who are not deactivated.
    users: Vec<Uuid>,
    #[schema(example = "Finance Readers")]
    name: String,
    /// Usually one emoji.
    #[schema(required = true, example = "📊")]
    icon: Option<String>,
    #[schema(required = true, example = "People who read the finance catalogue.")]
    description: Option<String>,
    workspace_id: Uuid,
    /// Always null.
    #[schema(value_type = Value, required = true)]
    snowflake_role: (),
}

impl Group {
    /// The group and its members as this wire has them.
    pub(super) fn of(company: CompanyId, group: &domain::Group, members: Vec<UserId>) -> Self {
        Self {
            id: group.id.uuid(),
            created_at: group.created_at.rfc3339(6),
            updated_at: group.updated_at.max(group.members_changed_at).rfc3339(6),
            users: members.into_iter().map(UserId::uuid).collect(),
            name: group.name.clone(),
            icon: group.icon.clone(),
            description: group.description.clone(),
            workspace_id: company.uuid(),
            snowflake_role: (),
        }
    }
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    id: Uuid,
    #[schema(example = "Mira")]
    first_name: String,
    #[schema(example = "Holt")]
    last_name: String,
    #[schema(example = "mira.holt@northwind.example")]
    email: String,
    /// `admin`, `editor`, `viewer` or `guest`.
    #[schema(example = "viewer")]
    role: &'static str,
    workspace_id: Uuid,
    /// The same as `workspace_id`.
    workspace: Uuid,
    /// Always null: no pictures are kept (SE-14).
    #[schema(required = true)]
    profile_picture: Option<String>,
    /// Invited, and not signed in yet.
    pending: bool,
    /// The ids of the groups they are directly in: the other side of a group's `users`.
    user_groups: Vec<Uuid>,
    /// Always empty.
    bookmarks: Vec<String>,
    /// Always false.
    is_service_account: bool,
    /// Always false.
    service_account_count_popularity: bool,
    /// Always false.
    new_feature_acknowledged: bool,
    #[schema(required = true, format = DateTime)]
    last_login: Option<String>,
    /// Deactivated.
    disabled: bool,
}

impl User {
    /// The user and their groups as this wire has them.
    pub(super) fn of(company: CompanyId, (user, groups): WithGroups) -> Self {
        let (first_name, last_name) = user.parts();
        Self {
            id: user.id.uuid(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            role: user.role.word(),
            workspace_id: company.uuid(),
            workspace: company.uuid(),
            profile_picture: None,
            pending: user.status == UserStatus::Invited,
            user_groups: groups.into_iter().map(GroupId::uuid).collect(),
            bookmarks: Vec::new(),
            is_service_account: false,
            service_account_count_popularity: false,
            new_feature_acknowledged: false,
            last_login: user.last_login.map(|at| at.rfc3339(6)),
            disabled: !user.counts(),
            email: user.email,
        }
    }
}

/// What the creation of users answers: one user, or a list of them when several addresses were sent (SE-11).
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Created {
    /// The one user.
    One(Box<User>),
    /// The users, in the order of their addresses.
    Several(Vec<User>),
}

/// A group to make.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateGroup {
    /// 1 to 255 characters.
    #[schema(value_type = String, required = true, max_length = 255, example = "Finance Readers")]
    #[serde(default)]
    name: Sent<String>,
    #[schema(value_type = Option<String>, max_length = 255, example = "📊")]
    #[serde(default)]
    icon: Sent<String>,
    #[schema(value_type = Option<String>, max_length = 1000)]
    #[serde(default)]
    description: Sent<String>,
    /// Its first members, by id; one named twice counts once.
    #[schema(value_type = Vec<Uuid>, max_items = 100000)]
    #[serde(default)]
    users: Sent<Vec<Uuid>>,
}

fn given<T>(patch: Patch<T>) -> Option<T> {
    match patch {
        Patch::Set(value) => Some(value),
        Patch::Keep | Patch::Clear => None,
    }
}

impl CreateGroup {
    /// The group that is asked for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn into_command(self) -> Result<NewGroup, Failure> {
        let mut faults = Faults::default();
        let name = faults.required("name", self.name, name::name);
        let icon = given(faults.nullable("icon", self.icon, name::short));
        let description = given(faults.nullable("description", self.description, name::description));
        let users = faults.plain("users", self.users).unwrap_or_default();
        faults.done()?;
        let (name, members) = (name.unwrap_or_default(), users.into_iter().map(UserId::new).collect());
        Ok(NewGroup { name, icon, description, members, ..NewGroup::default() })
    }
}

/// An edit of a group. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct UpdateGroup {
    /// 1 to 255 characters.
    #[schema(value_type = String, max_length = 255, example = "Finance Readers")]
    #[serde(default)]
    name: Sent<String>,
    /// Null empties it.
    #[schema(value_type = Option<String>, max_length = 255, example = "📊")]
    #[serde(default)]
    icon: Sent<String>,
    /// Null empties it.
    #[schema(value_type = Option<String>, max_length = 1000)]
    #[serde(default)]
    description: Sent<String>,
    /// All its members from now on, by id; one named twice counts once.
    #[schema(value_type = Vec<Uuid>, max_items = 100000)]
    #[serde(default)]
    users: Sent<Vec<Uuid>>,
}

impl UpdateGroup {
    /// The edit that is asked for.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn into_command(self) -> Result<EditGroup, Failure> {
        let mut faults = Faults::default();
        let edit = EditGroup {
            name: Patch::set_or_keep(faults.text("name", self.name, name::name)),
            icon: faults.nullable("icon", self.icon, name::short),
            description: faults.nullable("description", self.description, name::description),
            members: faults.plain("users", self.users).map(|ids| ids.into_iter().map(UserId::new).collect()),
            ..EditGroup::default()
        };
        faults.done()?;
        Ok(edit)
    }
}

/// A part of a name, which may be empty.
fn part(field: &str, raw: &str) -> Result<String> {
    if raw.is_empty() { Ok(String::new()) } else { name::name(field, raw) }
}

/// SE-12: a role is one of the four; custom ones are not known here.
fn role(faults: &mut Faults, sent: Sent<String>) -> Option<Role> {
    let word = faults.plain("role", sent)?;
    let found = Role::parse("role", &word).ok();
    if found.is_none() {
        faults.add(Faults::one("role", format!("\"{}\" is not a valid choice.", brief(&word))));
    }
    found
}

/// One user to make, by `email`, or several by `emails`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CreateUser {
    /// The address of one user. Either this or `emails`.
    #[schema(value_type = String, max_length = 254, example = "mira.holt@northwind.example")]
    #[serde(default)]
    email: Sent<String>,
    #[schema(value_type = String, max_length = 255, example = "Mira")]
    #[serde(default)]
    first_name: Sent<String>,
    #[schema(value_type = String, max_length = 255, example = "Holt")]
    #[serde(default)]
    last_name: Sent<String>,
    /// `admin`, `editor`, `viewer` or `guest`; `viewer` when left out.
    #[schema(value_type = String, example = "viewer")]
    #[serde(default)]
    role: Sent<String>,
    /// The groups to put the user into; beside `emails`, `groups` says the same.
    #[schema(value_type = Vec<Uuid>, max_items = 10000)]
    #[serde(default)]
    user_groups: Sent<Vec<Uuid>>,
    /// The teams to put the user into.
    #[schema(value_type = Vec<Uuid>, max_items = 1000)]
    #[serde(default)]
    teams: Sent<Vec<Uuid>>,
    /// The addresses of several users: all of them are made or none.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000)]
    #[serde(default)]
    emails: Sent<Vec<String>>,
    /// Beside `emails`: the groups to put all of them into.
    #[schema(value_type = Vec<Uuid>, max_items = 10000)]
    #[serde(default)]
    groups: Sent<Vec<Uuid>>,
}

/// The users to make, and how to tell what is wrong with them.
pub(super) struct NewUsers {
    /// The users.
    pub(super) users: Vec<NewUser>,
    /// The groups to put all of them into.
    pub(super) groups: Vec<GroupId>,
    /// The teams to put all of them into.
    pub(super) teams: Vec<TeamId>,
    /// How the body named them.
    pub(super) naming: Naming,
}

/// How a body named the users to make.
pub(super) struct Naming {
    names: &'static Names,
    /// The addresses, where they came as a list.
    emails: Option<Vec<String>>,
}

impl Naming {
    /// The engine's refusal in terms of the body. The engine names a user among several by place, as `[2].email`.
    pub(super) fn failure(&self, error: Error) -> Failure {
        let apart = |field: String| match field.strip_prefix('[').and_then(|rest| rest.split_once("].")) {
            Some((place, field)) => (place.parse::<usize>().ok(), field.to_owned()),
            None => (None, field),
        };
        let (place, error) = match error {
            Error::Invalid { field, why } => {
                let (place, field) = apart(field);
                (place, Error::Invalid { field, why })
            }
            Error::Taken { field, why } => {
                let (place, field) = apart(field);
                (place, Error::Taken { field, why })
            }
            other => (None, other),
        };
        let failure = Failure::Domain(error, self.names);
        match self.emails.as_ref().zip(place).and_then(|(emails, place)| emails.get(place)) {
            Some(email) => failure.of_value("emails", email),
            None => failure,
        }
    }
}

fn new_user(email: String, role: Option<Role>) -> NewUser {
    NewUser {
        id: None,
        name: None,
        given_name: None,
        family_name: None,
        email,
        user_name: None,
        // SE-10: who is made through this door is invited, and pending until somebody says otherwise.
        status: Some(UserStatus::Invited),
        role,
        manager: None,
        external_id: None,
        attributes: None,
        created_at: None,
        groups: Vec::new(),
    }
}

impl CreateUser {
    /// The users that are asked for.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) fn into_command(self) -> Result<NewUsers, Failure> {
        if self.emails == Sent::Absent { self.one() } else { self.several() }
    }

    fn one(self) -> Result<NewUsers, Failure> {
        let mut faults = Faults::default();
        let given_name = faults.text("first_name", self.first_name, part);
        let family_name = faults.text("last_name", self.last_name, part);
        let email = faults.required("email", self.email, name::email).unwrap_or_default();
        let role = role(&mut faults, self.role);
        let groups = ids(faults.plain("user_groups", self.user_groups)).unwrap_or_default();
        let teams = teams(&mut faults, self.teams);
        faults.done()?;
        let user = NewUser { given_name, family_name, ..new_user(email, role) };
        Ok(NewUsers { users: vec![user], groups, teams, naming: Naming { names: &Names::USER, emails: None } })
    }

    fn several(self) -> Result<NewUsers, Failure> {
        let mut faults = Faults::default();
        if self.email != Sent::Absent {
            faults.add(Faults::one("email", "Send either email or emails, not both."));
        }
        let mut emails = faults.plain("emails", self.emails);
        if emails.as_ref().is_some_and(Vec::is_empty) {
            faults.add(Faults::one("emails", "This list may not be empty."));
        }
        for email in emails.iter_mut().flatten() {
            match checked(email) {
                Ok(text) => *email = text,
                Err(wrong) => faults.add(wrong),
            }
        }
        let role = role(&mut faults, self.role);
        let (names, field, sent) = match self.groups {
            Sent::Absent => (&Names::USER, "user_groups", self.user_groups),
            groups => (&Names::USERS, "groups", groups),
        };
        let groups = ids(faults.plain(field, sent)).unwrap_or_default();
        let teams = teams(&mut faults, self.teams);
        faults.done()?;
        let emails = emails.unwrap_or_default();
        let users = emails.iter().map(|email| new_user(email.clone(), role)).collect();
        Ok(NewUsers { users, groups, teams, naming: Naming { names, emails: Some(emails) } })
    }
}

/// One address of a list, checked.
fn checked(email: &str) -> Result<String, Faults> {
    let mut faults = Faults::default();
    match faults.text("emails", Sent::Value(email.to_owned()), name::email) {
        Some(text) => Ok(text),
        None => Err(faults.of_value("emails", email)),
    }
}

fn teams(faults: &mut Faults, sent: Sent<Vec<Uuid>>) -> Vec<TeamId> {
    let sent = faults.plain("teams", sent).unwrap_or_default();
    if sent.len() > 1_000 {
        faults.add(Faults::one("teams", "Ensure this field has no more than 1000 elements."));
    }
    sent.into_iter().map(TeamId::new).collect()
}

fn ids(sent: Option<Vec<Uuid>>) -> Option<Vec<GroupId>> {
    sent.map(|ids| ids.into_iter().map(GroupId::new).collect())
}

/// An edit of a user. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct UpdateUser {
    /// The empty text empties it.
    #[schema(value_type = String, max_length = 255, example = "Mira")]
    #[serde(default)]
    first_name: Sent<String>,
    /// The empty text empties it.
    #[schema(value_type = String, max_length = 255, example = "Holt")]
    #[serde(default)]
    last_name: Sent<String>,
    #[schema(value_type = String, max_length = 254, example = "mira.holt@northwind.example")]
    #[serde(default)]
    email: Sent<String>,
    /// `admin`, `editor`, `viewer` or `guest`.
    #[schema(value_type = String, example = "viewer")]
    #[serde(default)]
    role: Sent<String>,
    /// True deactivates the user, false brings them back.
    #[schema(value_type = bool)]
    #[serde(default)]
    disabled: Sent<bool>,
    /// All groups they are directly in from now on.
    #[schema(value_type = Vec<Uuid>, max_items = 10000)]
    #[serde(default)]
    user_groups: Sent<Vec<Uuid>>,
}

impl UpdateUser {
    /// The edit that is asked for, and whether the user is to count from now on.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn into_command(self) -> Result<(EditUser, Option<bool>), Failure> {
        let mut faults = Faults::default();
        let edit = EditUser {
            given_name: Patch::set_or_keep(faults.text("first_name", self.first_name, part)),
            family_name: Patch::set_or_keep(faults.text("last_name", self.last_name, part)),
            email: Patch::set_or_keep(faults.text("email", self.email, name::email)),
            role: Patch::set_or_keep(role(&mut faults, self.role)),
            groups: ids(faults.plain("user_groups", self.user_groups)),
            ..EditUser::default()
        };
        let counts = faults.plain("disabled", self.disabled).map(|disabled| !disabled);
        faults.done()?;
        Ok((edit, counts))
    }
}
