//! Identity sources, and what each of them knows of our people and groups.

use crate::caller::words;
use crate::company::{Settings, within};
use crate::ids::{ConnectionId, UserId};
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

/// The most bytes that a connection's settings may have.
const SETTINGS: usize = 64 * 1024;

words! {
    /// What of ours a connection may take over when its source tells of the same: nothing, unless somebody chose so.
    Adopt {
        /// Nothing: a person whose address exists is a conflict, a group of the same name is another group.
        None = "none",
        /// People who have the same e-mail address or sign-in name.
        Users = "users",
        /// Groups of the same name that no connection keeps.
        Groups = "groups",
        /// Both.
        All = "all",
    }
    /// How a connection stands.
    Health {
        /// It has never been heard of.
        New = "new",
        /// Its last run went well.
        Ok = "ok",
        /// Its last run failed.
        Failing = "failing",
    }
}

impl Adopt {
    /// May it take people over?
    pub fn users(self) -> bool {
        matches!(self, Self::Users | Self::All)
    }
    /// May it take groups over?
    pub fn groups(self) -> bool {
        matches!(self, Self::Groups | Self::All)
    }
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// A person.
    User,
    /// A group.
    Group,
}

impl Noun {
    /// The word that is stored and that the native dialect speaks.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
    /// Reads a word.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `field`.
    pub fn parse(field: &str, raw: &str) -> Result<Self> {
        match raw {
            "user" => Ok(Self::User),
            "group" => Ok(Self::Group),
            _ => Err(Error::invalid(field, "must be one of `user`, `group`")),
        }
    }
}

/// An identity source that pushes or is pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The id, unique in the server.
    pub id: ConnectionId,
    /// The name, unique in the company by folded key.
    pub name: String,
    /// How it speaks: `scim`, `ldap` or another word.
    pub kind: String,
    /// Who looks after it.
    pub owner: Option<UserId>,
    /// Do its groups refuse changes of their members by hand?
    pub one_way: bool,
    /// What of ours it may take over.
    pub adopt: Adopt,
    /// What its kind needs to know: the text of one JSON object.
    pub settings: String,
    /// The brake on what its keys take out of groups: [`Settings::brake_members`] for them; the company's when absent.
    pub brake_members: Option<u32>,
    /// As [`Settings::brake_percent`]; the company's when absent.
    pub brake_percent: Option<u32>,
    /// When it was last heard of.
    pub last_run_at: Option<Timestamp>,
    /// When a run last went well.
    pub last_ok_at: Option<Timestamp>,
    /// What the last run failed of.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the record last changed.
    pub updated_at: Timestamp,
    /// The revision that last changed this record: its version.
    pub version: u64,
}

/// What a new connection needs.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// The id, where the caller may choose it.
    pub id: Option<ConnectionId>,
    /// The name.
    pub name: String,
    /// How it speaks.
    pub kind: String,
    /// Who looks after it.
    pub owner: Option<UserId>,
    /// Do its groups refuse changes of their members by hand? They do not when absent.
    pub one_way: Option<bool>,
    /// What of ours it may take over; nothing when absent.
    pub adopt: Option<Adopt>,
    /// The text of one JSON object; empty when absent.
    pub settings: Option<String>,
    /// What opens the source; never shown again.
    pub secret: Option<String>,
    /// See [`Connection::brake_members`].
    pub brake_members: Option<u32>,
    /// See [`Connection::brake_percent`].
    pub brake_percent: Option<u32>,
}

/// An edit of a connection.
#[derive(Clone, Debug, Default)]
pub struct EditConnection {
    /// The name; cannot be cleared.
    pub name: Patch<String>,
    /// Who looks after it.
    pub owner: Patch<UserId>,
    /// Clearing makes it two-way.
    pub one_way: Patch<bool>,
    /// Clearing makes it adopt nothing.
    pub adopt: Patch<Adopt>,
    /// The text of one JSON object, which replaces the old one.
    pub settings: Patch<String>,
    /// What opens the source; no part of the record, and never shown again.
    pub secret: Patch<String>,
    /// Clearing brings the company's back.
    pub brake_members: Patch<u32>,
    /// Clearing brings the company's back.
    pub brake_percent: Patch<u32>,
}

/// How a connection speaks: a word in lower case.
fn kind(raw: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    match raw.len() {
        1..=64 if raw.chars().all(fits) => Ok(raw.to_owned()),
        _ => Err(Error::invalid("kind", "must be a word of 1 to 64 lower-case letters, digits, `-`, `_` and `.`")),
    }
}

fn brake_members(n: u32) -> Result<u32> {
    within("brakeMembers", Settings::BRAKE_MEMBERS)(n)
}

fn brake_percent(n: u32) -> Result<u32> {
    within("brakePercent", Settings::BRAKE_PERCENT)(n)
}

fn bounded(text: String) -> Result<String> {
    if text.len() > SETTINGS {
        return Err(Error::invalid("settings", "may have at most 64 KiB"));
    }
    Ok(text)
}

impl Connection {
    /// A new connection, checked. That the settings are a JSON object is for the caller to see to.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn birth(id: ConnectionId, new: NewConnection, now: Timestamp, version: u64) -> Result<Self> {
        Ok(Self {
            id,
            name: name::name("name", &new.name)?,
            kind: kind(&new.kind)?,
            owner: new.owner,
            one_way: new.one_way.unwrap_or(false),
            adopt: new.adopt.unwrap_or(Adopt::None),
            settings: bounded(new.settings.unwrap_or_else(|| "{}".into()))?,
            brake_members: new.brake_members.map(brake_members).transpose()?,
            brake_percent: new.brake_percent.map(brake_percent).transpose()?,
            last_run_at: None,
            last_ok_at: None,
            last_error: None,
            created_at: now,
            updated_at: now,
            version,
        })
    }

    /// Carries `edit` out; the members that changed, by their native names.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub fn apply(&mut self, edit: EditConnection) -> Result<Vec<&'static str>> {
        if edit.name == Patch::Clear {
            return Err(Error::invalid("name", "cannot be emptied"));
        }
        let kept = self.name.clone();
        let name = edit.name.try_map(|raw| name::name("name", &raw))?;
        let settings = edit.settings.try_map(bounded)?;
        let members = edit.brake_members.try_map(brake_members)?;
        let percent = edit.brake_percent.try_map(brake_percent)?;
        let changed = [
            ("name", name.apply_or(&mut self.name, kept)),
            ("owner", edit.owner.apply(&mut self.owner)),
            ("oneWay", edit.one_way.apply_or(&mut self.one_way, false)),
            ("adopt", edit.adopt.apply_or(&mut self.adopt, Adopt::None)),
            ("settings", settings.apply_or(&mut self.settings, "{}".into())),
            ("brakeMembers", members.apply(&mut self.brake_members)),
            ("brakePercent", percent.apply(&mut self.brake_percent)),
        ];
        Ok(changed.into_iter().filter_map(|(field, changed)| changed.then_some(field)).collect())
    }

    /// What the brake holds of what its keys do: the company's settings, but for what this connection has of its own.
    pub fn braked_by(&self, company: &Settings) -> Settings {
        Settings {
            brake_members: self.brake_members.unwrap_or(company.brake_members),
            brake_percent: self.brake_percent.unwrap_or(company.brake_percent),
            ..company.clone()
        }
    }

    /// How it stands.
    pub fn health(&self) -> Health {
        match (self.last_run_at, &self.last_error) {
            (None, _) => Health::New,
            (Some(_), Some(_)) => Health::Failing,
            (Some(_), None) => Health::Ok,
        }
    }
}

/// That a connection knows a person or group, and by which id of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The connection.
    pub connection: ConnectionId,
    /// What it leads to.
    pub noun: Noun,
    /// The person's or group's id here.
    pub object: uuid::Uuid,
    /// Its id there, unique within the connection.
    pub external_id: Option<String>,
    /// Did the connection make it, rather than take it over?
    pub made: bool,
    /// Since when.
    pub linked_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_one_word() {
        for right in ["scim", "ldap", "companies-v3", "x"] {
            assert!(kind(right).is_ok(), "{right}");
        }
        for wrong in ["", "SCIM", "a b", "é", &"x".repeat(65)] {
            assert!(kind(wrong).is_err(), "{wrong}");
        }
    }
}
