//! People.

use crate::caller::{Role, words};
use crate::ids::UserId;
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// Where a user stands.
    UserStatus {
        /// Asked in, not yet signed in; counts as a member.
        Invited = "invited",
        /// In use.
        Active = "active",
        /// Leaving; counts as a member until the end.
        Offboarding = "offboarding",
        /// Deactivated: the reasons stay and count for nothing.
        Inactive = "inactive",
    }
}

/// A person in a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id, unique in the server.
    pub id: UserId,
    /// The whole name.
    pub name: String,
    /// The given name, where told apart.
    pub given_name: Option<String>,
    /// The family name, where told apart.
    pub family_name: Option<String>,
    /// The e-mail address, unique in the company by folded key.
    pub email: String,
    /// The sign-in name, unique in the company by folded key; the e-mail address unless given.
    pub user_name: String,
    /// Where the user stands.
    pub status: UserStatus,
    /// The workspace role.
    pub role: Role,
    /// The manager, a user of the same company.
    pub manager: Option<UserId>,
    /// The id that the user has in the system it comes from.
    pub external_id: Option<String>,
    /// Free attributes: the text of one JSON object.
    pub attributes: String,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// When the user last signed in.
    pub last_login: Option<Timestamp>,
    /// The revision that last changed this record: its version.
    pub version: u64,
}

/// What a new user needs.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id, where the caller may choose it.
    pub id: Option<UserId>,
    /// The whole name; made of the parts when absent.
    pub name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// The sign-in name; the e-mail address when absent.
    pub user_name: Option<String>,
    /// Where the user stands; active when absent.
    pub status: Option<UserStatus>,
    /// The workspace role; viewer when absent.
    pub role: Option<Role>,
    /// The manager.
    pub manager: Option<UserId>,
    /// The id elsewhere.
    pub external_id: Option<String>,
    /// The text of one JSON object; empty when absent.
    pub attributes: Option<String>,
    /// When the user was made, as an import tells it.
    pub created_at: Option<Timestamp>,
    /// The groups to put the user into.
    pub groups: Vec<crate::ids::GroupId>,
}

/// An edit of a user. Status has its own calls.
#[derive(Clone, Debug, Default)]
pub struct EditUser {
    /// The whole name. Setting it without parts splits it anew.
    pub name: Patch<String>,
    /// The given name.
    pub given_name: Patch<String>,
    /// The family name.
    pub family_name: Patch<String>,
    /// The e-mail address; a sign-in name equal to the old one follows it, and so does a name.
    pub email: Patch<String>,
    /// The sign-in name; clearing makes it the e-mail address again.
    pub user_name: Patch<String>,
    /// Where the user stands; `inactive` deactivates.
    pub status: Patch<UserStatus>,
    /// The workspace role; clearing makes it viewer.
    pub role: Patch<Role>,
    /// The manager.
    pub manager: Patch<UserId>,
    /// The id elsewhere.
    pub external_id: Patch<String>,
    /// The text of one JSON object, which replaces the old one.
    pub attributes: Patch<String>,
    /// The whole list of groups the user is directly in: a difference against what the caller is shown.
    pub groups: Option<Vec<crate::ids::GroupId>>,
}

impl User {
    /// Is the user's membership of anything counted at all?
    pub fn counts(&self) -> bool {
        self.status != UserStatus::Inactive
    }

    /// The given and the family name: the parts where they are told apart, else the name split at its last space. An
    /// address that stands in for a name nobody gave is neither.
    pub fn parts(&self) -> (&str, &str) {
        match (&self.given_name, &self.family_name) {
            (None, None) if self.name == self.email => ("", ""),
            (None, None) => name::split(&self.name),
            (given, family) => (given.as_deref().unwrap_or(""), family.as_deref().unwrap_or("")),
        }
    }

    /// A new user, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn birth(id: UserId, new: NewUser, now: Timestamp, version: u64) -> Result<Self> {
        let email = name::email("email", &new.email)?;
        let part =
            |field: &str, raw: Option<String>| raw.filter(|s| !s.is_empty()).map(|s| name::name(field, &s)).transpose();
        let given_name = part("givenName", new.given_name)?;
        let family_name = part("familyName", new.family_name)?;
        let joined = || {
            let parts: Vec<&str> = [&given_name, &family_name].into_iter().flatten().map(String::as_str).collect();
            if parts.is_empty() { email.clone() } else { parts.join(" ") }
        };
        let name = name::name("name", &new.name.unwrap_or_else(joined))?;
        let user_name = name::name("userName", new.user_name.as_deref().unwrap_or(&email))?;
        if new.manager == Some(id) {
            return Err(Error::invalid("manager", "cannot be the user"));
        }
        let created_at = new.created_at.unwrap_or(now);
        Ok(Self {
            id,
            name,
            given_name,
            family_name,
            email,
            user_name,
            status: new.status.unwrap_or(UserStatus::Active),
            role: new.role.unwrap_or(Role::Viewer),
            manager: new.manager,
            external_id: new.external_id.map(|s| name::short("externalId", &s)).transpose()?,
            attributes: new.attributes.unwrap_or_else(|| "{}".into()),
            created_at,
            updated_at: created_at,
            last_login: None,
            version,
        })
    }

    /// Carries `edit` out; the members that changed, by their native names.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn apply(&mut self, edit: EditUser) -> Result<Vec<&'static str>> {
        let before = self.clone();
        let never = |field: &'static str, cleared: bool| {
            if cleared { Err(Error::invalid(field, "cannot be emptied")) } else { Ok(()) }
        };
        never("name", edit.name == Patch::Clear)?;
        never("email", edit.email == Patch::Clear)?;
        never("status", edit.status == Patch::Clear)?;
        let part = |p: Patch<String>, field: &str| {
            p.try_map(|s| if s.is_empty() { Ok(None) } else { name::name(field, &s).map(Some) })
        };
        let flatten = |p: Patch<Option<String>>| match p {
            Patch::Set(None) => Patch::Clear,
            Patch::Set(Some(s)) => Patch::Set(s),
            Patch::Clear => Patch::Clear,
            Patch::Keep => Patch::Keep,
        };
        let (given, family) =
            (flatten(part(edit.given_name, "givenName")?), flatten(part(edit.family_name, "familyName")?));
        let name_edited = !edit.name.is_keep();
        // Sending back the parts that a name reads as is no edit, told apart or not.
        let same = |part: &Patch<String>, reads: &str| match part {
            Patch::Keep => true,
            Patch::Clear => reads.is_empty(),
            Patch::Set(part) => part == reads,
        };
        let (given_reads, family_reads) = self.parts();
        let sent_back = same(&given, given_reads) && same(&family, family_reads) && !name_edited;
        let parts_edited = !(sent_back || given.is_keep() && family.is_keep());
        if parts_edited {
            // An edit of one part keeps the other as it reads now, told apart or not.
            let (old_given, old_family) = self.parts();
            let (old_given, old_family) = (old_given.to_owned(), old_family.to_owned());
            self.given_name = Some(old_given).filter(|s| !s.is_empty());
            self.family_name = Some(old_family).filter(|s| !s.is_empty());
            given.apply(&mut self.given_name);
            family.apply(&mut self.family_name);
            if !name_edited {
                let whole: Vec<&str> =
                    [&self.given_name, &self.family_name].into_iter().flatten().map(String::as_str).collect();
                self.name = if whole.is_empty() { self.email.clone() } else { name::name("name", &whole.join(" "))? };
            }
        }
        if let Patch::Set(whole) = edit.name {
            self.name = name::name("name", &whole)?;
            if !parts_edited && self.name != before.name {
                (self.given_name, self.family_name) = (None, None);
            }
        }
        if let Patch::Set(raw) = edit.email {
            let email = name::email("email", &raw)?;
            if self.user_name == self.email {
                self.user_name.clone_from(&email);
            }
            if self.name == self.email {
                self.name.clone_from(&email);
            }
            self.email = email;
        }
        let email = self.email.clone();
        edit.user_name.try_map(|s| name::name("userName", &s))?.apply_or(&mut self.user_name, email);
        edit.status.apply_or(&mut self.status, before.status);
        edit.role.apply_or(&mut self.role, Role::Viewer);
        edit.manager.apply(&mut self.manager);
        if self.manager == Some(self.id) {
            return Err(Error::invalid("manager", "cannot be the user"));
        }
        edit.external_id.try_map(|s| name::short("externalId", &s))?.apply(&mut self.external_id);
        edit.attributes.apply_or(&mut self.attributes, "{}".into());
        Ok(self.differences(&before))
    }

    fn differences(&self, before: &Self) -> Vec<&'static str> {
        [
            ("name", self.name != before.name),
            ("givenName", self.given_name != before.given_name),
            ("familyName", self.family_name != before.family_name),
            ("email", self.email != before.email),
            ("userName", self.user_name != before.user_name),
            ("status", self.status != before.status),
            ("role", self.role != before.role),
            ("manager", self.manager != before.manager),
            ("externalId", self.external_id != before.external_id),
            ("attributes", self.attributes != before.attributes),
        ]
        .into_iter()
        .filter_map(|(field, changed)| changed.then_some(field))
        .collect()
    }
}
