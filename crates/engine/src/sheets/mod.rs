//! Sheets: rows of people, groups or members out of a spreadsheet, carried out together or not at all.
//!
//! A row that is wrong ends nothing at once: the rest is tried, so that one answer lists every row that needs mending.

mod groups;
mod members;
mod users;

use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::time::Window;
use guildhall_domain::user::UserStatus;
use guildhall_domain::{Error, Result};
use serde_json::{Map, Value};

use crate::authz::{self, Action};
use crate::directory::Told;
use crate::store::{self, Conn};
use crate::writer::Tx;
use crate::{Engine, Written};

/// The most rows of one sheet.
pub const ROWS: usize = 100_000;
/// The most wrong rows that one refusal lists.
const LISTED: usize = 1_000;

/// A row as it was read, or what is wrong with it, and its line in the file.
pub type Line<T> = (u64, Result<T>);

/// What a sheet holds.
#[derive(Debug)]
pub enum Sheet {
    /// People, each made or edited.
    Users(Vec<Line<UserRow>>),
    /// Groups, each made or edited.
    Groups(Vec<Line<GroupRow>>),
    /// Members, put into groups or taken out.
    Members {
        /// The rows.
        rows: Vec<Line<MemberRow>>,
        /// Has each group that is named just these members?
        whole: bool,
    },
}

/// A person as a row tells them; what is absent keeps its value, or has its default in a new one.
#[derive(Clone, Debug, Default)]
pub struct UserRow {
    /// The id here.
    pub id: Option<UserId>,
    /// The id elsewhere.
    pub external_id: Option<String>,
    /// The sign-in name.
    pub user_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The status.
    pub status: Option<UserStatus>,
    /// The workspace role.
    pub role: Option<Role>,
    /// The manager: an id, an e-mail address or a sign-in name.
    pub manager: Option<String>,
    /// All attributes, in place of those there are.
    pub attributes: Option<Map<String, Value>>,
    /// Single attributes.
    pub more: Vec<(String, String)>,
}

/// A group as a row tells it.
#[derive(Clone, Debug, Default)]
pub struct GroupRow {
    /// The id here.
    pub id: Option<GroupId>,
    /// The id elsewhere.
    pub external_id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its icon.
    pub icon: Option<String>,
    /// All its owners: ids, e-mail addresses or sign-in names.
    pub owners: Option<Vec<String>>,
}

/// How a row names a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupRef {
    /// By id.
    Id(GroupId),
    /// By the id it has elsewhere.
    ExternalId(String),
    /// By name.
    Name(String),
}

/// How a row names a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UserRef {
    /// By id.
    Id(UserId),
    /// By the id they have elsewhere.
    ExternalId(String),
    /// By sign-in name.
    UserName(String),
    /// By e-mail address.
    Email(String),
}

/// A membership as a row tells it.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// The group.
    pub group: GroupRef,
    /// The person.
    pub user: UserRef,
    /// Is the person to be taken out?
    pub remove: bool,
    /// When it counts.
    pub window: Window,
    /// A note for people.
    pub note: Option<String>,
    /// Does the row say that something else gives the membership, so that there is nothing to do?
    pub given: bool,
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that made something, or put somebody into a group.
    pub added: u64,
    /// Rows that changed something.
    pub changed: u64,
    /// Members who were taken out.
    pub removed: u64,
    /// Rows that said what stands.
    pub unchanged: u64,
}

impl Imported {
    /// Counts a row by whether it made something, else by whether it changed anything.
    fn count(&mut self, new: bool, changed: bool) {
        match (new, changed) {
            (true, _) => self.added += 1,
            (false, true) => self.changed += 1,
            (false, false) => self.unchanged += 1,
        }
    }
}

/// The wrong rows so far.
#[derive(Default)]
struct Wrong {
    rows: Vec<(u64, Error)>,
    more: usize,
}

impl Wrong {
    /// Keeps what is wrong with a row; a fault that is not the row's ends everything.
    fn note(&mut self, line: u64, error: Error) -> Result<()> {
        if matches!(
            error,
            Error::Internal(_) | Error::Unavailable { .. } | Error::Forbidden { .. } | Error::Braked { .. }
        ) {
            return Err(error);
        }
        if self.rows.len() < LISTED {
            self.rows.push((line, error));
        } else {
            self.more += 1;
        }
        Ok(())
    }

    /// The outcome of a row, if it had any.
    fn keep<T>(&mut self, line: u64, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.note(line, error).map(|()| None),
        }
    }

    fn end(self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let Self { mut rows, more } = self;
        rows.sort_by_key(|(line, _)| *line);
        Err(Error::Rows { rows, more })
    }
}

/// The user that a text names: by id, e-mail address or sign-in name.
async fn named(conn: &mut Conn, company: CompanyId, field: &str, text: &str) -> Result<UserId> {
    let found = match guildhall_domain::ids::parse_uuid(text) {
        Some(id) => store::users::get(conn, company, UserId::new(id)).await?.map(|user| user.id),
        None => match store::users::by_email(conn, company, text).await? {
            Some(id) => Some(id),
            None => store::users::by_user_name(conn, company, text).await?,
        },
    };
    found.ok_or_else(|| Error::invalid(field, format!("{text:?} names no user of this company")))
}

async fn carry_out(tx: &mut Tx, sheet: Sheet) -> Result<Imported> {
    match sheet {
        Sheet::Users(rows) => users::run(tx, rows).await,
        Sheet::Groups(rows) => groups::run(tx, rows).await,
        Sheet::Members { rows, whole } => members::run(tx, rows, whole).await,
    }
}

impl Engine {
    /// Carries a sheet out, all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Rows`] with every row that is wrong; [`Error::Forbidden`]; [`Error::Braked`] where a whole list would
    /// take too many members out of a group; [`Error::TooMany`] beyond [`ROWS`].
    pub async fn import_sheet(&self, caller: &Caller, sheet: Sheet) -> Result<Written<Imported>> {
        let n = match &sheet {
            Sheet::Users(rows) => rows.len(),
            Sheet::Groups(rows) => rows.len(),
            Sheet::Members { rows, .. } => rows.len(),
        };
        if n > ROWS {
            return Err(Error::TooMany { field: "rows".into(), limit: ROWS as u64 });
        }
        self.write(caller, async move |tx| {
            let (caller, now) = (tx.caller().clone(), tx.now());
            // Owners of groups may fill them; each group is asked about there.
            if !matches!(sheet, Sheet::Members { .. }) {
                authz::may(tx, &caller, Action::ManageDirectory, now).await?;
            }
            carry_out(tx, sheet).await
        })
        .await
    }

    /// Sends the records of a company to `sink`, as [`Engine::export`] does for the command line.
    ///
    /// # Errors
    /// [`Error::Forbidden`] before anything is sent; [`Error::Unavailable`].
    pub async fn export_sheet(&self, caller: &Caller, sink: tokio::sync::mpsc::Sender<Vec<Told>>) -> Result<()> {
        self.may_export_sheets(caller).await?;
        self.export(Some(caller.company), sink).await
    }

    /// May this caller take whole sheets out?
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn may_export_sheets(&self, caller: &Caller) -> Result<()> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadDirectory, self.clock().now()).await
    }
}
