//! A source as lines of JSON: how it travels from the command to whoever has the database open.

use guildhall_domain::caller::Role;
use guildhall_domain::pull::{SaidGroup, SaidUser, Source, SourceGroup, SourceUser};
use guildhall_domain::user::UserStatus;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Serialize, Deserialize)]
pub enum Told {
    /// A person.
    User(Box<User>),
    /// A group.
    Group(Group),
    /// What could not be carried.
    Problem(String),
}

/// A person.
#[derive(Debug, Serialize, Deserialize)]
pub struct User {
    key: String,
    user_name: Option<String>,
    email: Option<String>,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    active: Option<bool>,
    status: Option<String>,
    role: Option<String>,
    external_id: Option<String>,
    attributes: Option<String>,
    manager: Option<String>,
}

/// A group.
#[derive(Debug, Serialize, Deserialize)]
pub struct Group {
    key: String,
    name: String,
    description: Option<String>,
    icon: Option<String>,
    external_id: Option<String>,
    members: Option<Vec<String>>,
    inside: Option<Vec<String>>,
}

/// Writes a whole source, a line each.
///
/// # Errors
/// When a text cannot be written.
pub fn write(source: Source) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut line = |told: &Told| {
        serde_json::to_writer(&mut out, told)?;
        out.push(b'\n');
        Ok::<_, serde_json::Error>(())
    };
    for problem in source.problems {
        line(&Told::Problem(problem))?;
    }
    for SourceUser { key, said } in source.users {
        let said = said.unwrap_or_default();
        line(&Told::User(Box::new(User {
            key,
            user_name: said.user_name,
            email: said.email,
            name: said.name,
            given_name: said.given_name,
            family_name: said.family_name,
            active: said.active,
            status: said.status.map(|status| status.word().to_owned()),
            role: said.role.map(|role| role.word().to_owned()),
            external_id: said.external_id,
            attributes: said.attributes,
            manager: said.manager,
        })))?;
    }
    for SourceGroup { key, said } in source.groups {
        let SaidGroup { name, description, icon, external_id, members, inside } = said.unwrap_or_default();
        line(&Told::Group(Group { key, name, description, icon, external_id, members, inside }))?;
    }
    Ok(out)
}

/// Reads one line into a source.
///
/// # Errors
/// When it is none.
pub fn read(line: &[u8], source: &mut Source) -> Result<(), String> {
    let word = |error: guildhall_domain::Error| error.to_string();
    match serde_json::from_slice::<Told>(line).map_err(|e| e.to_string())? {
        Told::Problem(problem) => source.problems.push(problem),
        Told::User(user) => {
            let user = *user;
            let said = SaidUser {
                user_name: user.user_name,
                email: user.email,
                name: user.name,
                given_name: user.given_name,
                family_name: user.family_name,
                active: user.active,
                status: user.status.map(|raw| UserStatus::parse("status", &raw)).transpose().map_err(word)?,
                role: user.role.map(|raw| Role::parse("role", &raw)).transpose().map_err(word)?,
                external_id: user.external_id,
                attributes: user.attributes,
                manager: user.manager,
            };
            source.users.push(SourceUser { key: user.key, said: Some(said) });
        }
        Told::Group(Group { key, name, description, icon, external_id, members, inside }) => {
            let said = SaidGroup { name, description, icon, external_id, members, inside };
            source.groups.push(SourceGroup { key, said: Some(said) });
        }
    }
    Ok(())
}
