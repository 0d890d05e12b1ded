//! From records to CSV: for spreadsheets, which run what begins like a formula.

use std::collections::HashMap;

use guildhall_domain::group::{GroupState, Owner};
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::directory::Told;

use super::Topic;

const USERS: &[&str] = &[
    "id",
    "externalId",
    "userName",
    "email",
    "name",
    "givenName",
    "familyName",
    "status",
    "role",
    "manager",
    "attributes",
    "createdAt",
];
const GROUPS: &[&str] = &["id", "externalId", "name", "description", "icon", "owners", "createdAt"];
const MEMBERS: &[&str] =
    &["groupId", "group", "userId", "email", "name", "reason", "startsAt", "endsAt", "note", "addedAt"];

/// Does a spreadsheet take this text for a formula? Some look behind blanks and at full-width signs too.
fn formula(text: &str) -> bool {
    let risky = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠');
    text.starts_with(risky) || text.trim_start().starts_with(risky)
}

/// A text as a cell: what would be a formula gets an apostrophe before it, by which spreadsheets know a text.
fn cell(text: &str) -> String {
    // One more where apostrophes already stand before a formula, so that reading takes off what writing put on.
    if formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell: without the apostrophe that [`cell`] put before it.
pub(super) fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

/// Turns records into the rows of one sheet.
pub struct Writer {
    topic: Topic,
    now: Timestamp,
    groups: HashMap<GroupId, String>,
    users: HashMap<UserId, (String, String)>,
}

impl Writer {
    /// The sheet of a topic at this instant: memberships that have ended are none.
    pub fn new(topic: Topic, now: Timestamp) -> Self {
        Self { topic, now, groups: HashMap::new(), users: HashMap::new() }
    }

    /// The first line.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn header(&self) -> Result<Vec<u8>> {
        let names = match self.topic {
            Topic::Users => USERS,
            Topic::Groups => GROUPS,
            Topic::Members => MEMBERS,
        };
        lines([names.iter().map(|name| (*name).to_owned()).collect()])
    }

    /// The rows that some records make.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn rows(&mut self, records: Vec<Told>) -> Result<Vec<u8>> {
        let rows: Vec<Vec<String>> = records.into_iter().filter_map(|record| self.row(record)).collect();
        lines(rows)
    }

    /// Is everything written that this sheet needs, so that the rest of the records is of no use?
    pub fn over(&self, records: &[Told]) -> bool {
        let late = |record: &Told| match self.topic {
            Topic::Users => !matches!(record, Told::Company(_) | Told::User(..)),
            Topic::Groups => !matches!(record, Told::Company(_) | Told::User(..) | Told::Group(..)),
            Topic::Members => {
                matches!(record, Told::App(..) | Told::GroupApp(..) | Told::Access(..) | Told::Policy(..))
            }
        };
        records.first().is_some_and(late)
    }

    fn row(&mut self, record: Told) -> Option<Vec<String>> {
        let time = |at: Option<Timestamp>| at.map(|at| at.rfc3339(6)).unwrap_or_default();
        match (self.topic, record) {
            (Topic::Users, Told::User(_, user)) => Some(vec![
                user.id.to_string(),
                user.external_id.unwrap_or_default(),
                user.user_name,
                user.email,
                user.name,
                user.given_name.unwrap_or_default(),
                user.family_name.unwrap_or_default(),
                user.status.word().to_owned(),
                user.role.word().to_owned(),
                user.manager.map(|id| id.to_string()).unwrap_or_default(),
                if user.attributes == "{}" { String::new() } else { user.attributes },
                time(Some(user.created_at)),
            ]),
            (Topic::Members, Told::User(_, user)) => {
                self.users.insert(user.id, (user.email, user.name));
                None
            }
            (Topic::Groups, Told::Group(_, group, owners)) if group.state == GroupState::Live => Some(vec![
                group.id.to_string(),
                group.external_id.unwrap_or_default(),
                group.name,
                group.description.unwrap_or_default(),
                group.icon.unwrap_or_default(),
                owners
                    .iter()
                    .map(|owner| match owner {
                        Owner::User(id) => id.to_string(),
                        Owner::Group(id) => id.to_string(),
                    })
                    .collect::<Vec<_>>()
                    .join(" "),
                time(Some(group.created_at)),
            ]),
            (Topic::Members, Told::Group(_, group, _)) if group.state == GroupState::Live => {
                self.groups.insert(group.id, group.name);
                None
            }
            (Topic::Members, Told::Membership(_, reason)) if reason.window.ends.is_none_or(|end| end > self.now) => {
                let group = self.groups.get(&reason.group)?.clone();
                let (email, name) = self.users.get(&reason.user)?.clone();
                Some(vec![
                    reason.group.to_string(),
                    group,
                    reason.user.to_string(),
                    email,
                    name,
                    reason.kind.word().to_owned(),
                    time(reason.window.starts),
                    time(reason.window.ends),
                    reason.note.unwrap_or_default(),
                    time(Some(reason.added_at)),
                ])
            }
            _ => None,
        }
    }
}

fn lines(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    // RFC 4180 ends lines with both characters, and so do the spreadsheets.
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        out.write_record(row.iter().map(|text| cell(text))).map_err(Error::internal)?;
    }
    out.into_inner().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_run_is_defused_and_comes_back_as_it_was() {
        for text in ["=1+1", "+49 30", "-", "@SUM(A1)", "\t=x", "  =x", "'=x", "''=x", "＝x"] {
            assert_eq!(cell(text), format!("'{text}"), "{text}");
            assert_eq!(plain(&cell(text)), text);
        }
        for text in ["", "Ada", "a=b", "'quoted'", "O'Hara", "'"] {
            assert_eq!((cell(text).as_str(), plain(text)), (text, text), "{text}");
        }
    }
}
