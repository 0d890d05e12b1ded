//! `guildhall key`: keys, made with the right of whoever owns the database.

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use guildhall_domain::caller::{Access, Caller, Dialect};
use guildhall_domain::ids::{CompanyId, ConnectionId, KeyId, UserId};
use guildhall_domain::key::Key as Shown;
use guildhall_domain::page::{Ask, From};
use guildhall_domain::{Error, Timestamp};
use guildhall_engine::Engine;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::run::{Command, Output};
use super::{Database, Failure, execute};

/// Rows read at a time.
const PAGE: u32 = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Make a key; its secret is printed this once
    Create(Create),
    /// List keys, without their secrets
    List(List),
    /// End a key, at once and for good
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The company it works in
    #[arg(long, env = "GUILDHALL_KEY_COMPANY", value_name = "ID", required_unless_present = "platform")]
    company: Option<Uuid>,
    /// The user it acts as, with that user's rights
    #[arg(long, env = "GUILDHALL_KEY_USER", value_name = "ID", required_unless_present = "platform")]
    user: Option<Uuid>,
    /// What it may do at all; a platform key writes unless told otherwise
    #[arg(long, env = "GUILDHALL_KEY_ACCESS", value_enum, required_unless_present = "platform")]
    access: Option<Level>,
    /// The identity source it stands for
    #[arg(long, env = "GUILDHALL_KEY_CONNECTION", value_name = "ID")]
    connection: Option<Uuid>,
    /// When it stops working by itself, such as 2027-01-31T00:00:00Z
    #[arg(long, env = "GUILDHALL_KEY_EXPIRES", value_name = "TIME")]
    expires: Option<String>,
    /// What you call it
    #[arg(long, env = "GUILDHALL_KEY_NAME", value_name = "NAME")]
    name: Option<String>,
    /// Make a platform key, which manages companies and nothing inside them
    #[arg(long, env = "GUILDHALL_KEY_PLATFORM", conflicts_with_all = ["company", "user", "connection"])]
    platform: bool,
    /// Print {"id","secret","token"} on one line
    #[arg(long, env = "GUILDHALL_KEY_JSON")]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Read,
    Write,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only keys of this company; without it, all, platform keys among them
    #[arg(long, env = "GUILDHALL_KEY_COMPANY", value_name = "ID")]
    company: Option<Uuid>,
    /// Print one JSON object a line
    #[arg(long, env = "GUILDHALL_KEY_JSON")]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The key's id: what stands before the dot of its token
    #[arg(value_name = "ID")]
    id: Uuid,
}

/// A new key, as it travels to the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NewKey {
    /// None for a platform key.
    company: Option<Uuid>,
    user: Option<Uuid>,
    /// Absent from a command line of an older version.
    #[serde(default)]
    connection: Option<Uuid>,
    write: bool,
    expires: Option<String>,
    name: Option<String>,
    json: bool,
}

impl Key {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let command = match self {
            Self::Create(new) => Command::KeyCreate(new.checked()?),
            Self::List(List { company, json }) => Command::KeyList { company, json },
            Self::Revoke(Revoke { id }) => Command::KeyRevoke { id },
        };
        execute(database, command, Vec::new()).await
    }
}

impl Create {
    fn checked(self) -> Result<NewKey, Failure> {
        if let Some(raw) = &self.expires {
            Timestamp::parse("--expires", raw).map_err(|e| Failure::usage(e.to_string()))?;
        }
        Ok(NewKey {
            company: self.company.filter(|_| !self.platform),
            user: self.user.filter(|_| !self.platform),
            connection: self.connection,
            write: !matches!(self.access, Some(Level::Read)),
            expires: self.expires,
            name: self.name,
            json: self.json,
        })
    }
}

fn operator(engine: &Engine, company: CompanyId) -> Caller {
    Caller::operator(company, Dialect::Cli, engine.clock().id())
}

/// Refuses a company that no door shows.
async fn known(engine: &Engine, company: Uuid) -> Result<Caller, Failure> {
    let caller = operator(engine, CompanyId::new(company));
    match engine.company(&caller).await {
        Ok(_) => Ok(caller),
        Err(Error::NotFound { .. }) => Err(Failure::new(format!("--company: no company has the id {company}"))),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn create(engine: &Engine, new: NewKey, output: &Output) -> Result<(), Failure> {
    let caller = match new.company {
        Some(company) => known(engine, company).await?,
        None => operator(engine, CompanyId::PLATFORM),
    };
    let ask = guildhall_engine::NewKey {
        user: new.user.map(UserId::new),
        name: new.name,
        access: if new.write { Access::Write } else { Access::Read },
        connection: new.connection.map(ConnectionId::new),
        expires_at: new.expires.map(|raw| Timestamp::parse("--expires", &raw)).transpose()?,
    };
    let made = engine.create_key(&caller, ask).await.map_err(flagged)?.value;
    if new.json {
        let told = json!({"id": made.key.id.to_string(), "secret": made.secret, "token": made.token()});
        return output.line(told).await;
    }
    let whose = match made.key.user {
        Some(user) => format!("acts as {}", engine.user(&caller, user).await?.name),
        None => "manages companies".into(),
    };
    let until = made.key.expires_at.map_or("until it is revoked".into(), |end| format!("until {}", end.rfc3339(0)));
    output
        .text(format!(
            "This key {whose}, may {}, and works {until}. The secret is shown this once.\n\n  id      {}\n  secret  {}\n  token   {}\n",
            if new.write { "read and write" } else { "read" },
            made.key.id,
            made.secret,
            made.token(),
        ))
        .await
}

/// The refusal in the words of the command line: `--user: no user has the id …`.
fn flagged(error: Error) -> Failure {
    match error {
        Error::Unknown { .. } => Failure::new(format!("--{error}")),
        Error::Invalid { field, why } if field == "expiresAt" => Failure::new(format!("--expires: {why}")),
        Error::Invalid { .. } => Failure::new(format!("--{error}")),
        other => other.into(),
    }
}

/// Every company that is in use, after the platform company.
async fn companies(engine: &Engine) -> Result<Vec<CompanyId>, Failure> {
    let mut all = vec![CompanyId::PLATFORM];
    let mut ask = Ask::first(PAGE);
    loop {
        let page = engine.companies(&operator(engine, CompanyId::PLATFORM), &ask).await?;
        all.extend(page.items.iter().map(|company| company.id));
        match page.next {
            Some(next) => ask.from = From::After(next),
            None => return Ok(all),
        }
    }
}

pub(super) async fn list(engine: &Engine, company: Option<Uuid>, json: bool, output: &Output) -> Result<(), Failure> {
    let of = match company {
        Some(company) => vec![known(engine, company).await?.company],
        None => companies(engine).await?,
    };
    let now = engine.clock().now();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["id", "company", "user", "access", "name", "created", "last used", "state"]);
    let mut any = false;
    for company in of {
        let mut ask = Ask::first(PAGE);
        loop {
            let page = engine.keys(&operator(engine, company), &ask).await?;
            for key in &page.items {
                any = true;
                if json {
                    output.line(told(key, now)).await?;
                } else {
                    table.add_row(row(key, now));
                }
            }
            match page.next {
                Some(next) => ask.from = From::After(next),
                None => break,
            }
        }
    }
    match (json, any) {
        (true, _) => Ok(()),
        (false, true) => output.line(table.trim_fmt()).await,
        (false, false) => output.line("no keys yet; `guildhall key create` makes one").await,
    }
}

fn state(key: &Shown, now: Timestamp) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", at.rfc3339(0)),
        (None, Some(end)) if end <= now => format!("expired {}", end.rfc3339(0)),
        (None, Some(end)) => format!("until {}", end.rfc3339(0)),
        (None, None) => "works".into(),
    }
}

fn row(key: &Shown, now: Timestamp) -> [String; 8] {
    let (company, user) = match key.user {
        Some(user) => (key.company.to_string(), user.to_string()),
        None => ("platform".into(), "platform".into()),
    };
    [
        key.id.to_string(),
        company,
        user,
        key.access.to_string(),
        key.name.clone().unwrap_or_default(),
        key.created_at.rfc3339(0),
        key.last_used_at.map_or("never".into(), |at| at.rfc3339(0)),
        state(key, now),
    ]
}

fn told(key: &Shown, now: Timestamp) -> serde_json::Value {
    json!({
        "id": key.id.to_string(),
        "company": key.user.map(|_| key.company.to_string()),
        "user": key.user.map(|id| id.to_string()),
        "connection": key.connection.map(|id| id.to_string()),
        "access": key.access.word(),
        "name": key.name,
        "createdAt": key.created_at.to_string(),
        "expiresAt": key.expires_at.map(|at| at.to_string()),
        "lastUsedAt": key.last_used_at.map(|at| at.to_string()),
        "revokedAt": key.revoked_at.map(|at| at.to_string()),
        "works": key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end),
    })
}

pub(super) async fn revoke(engine: &Engine, id: Uuid, output: &Output) -> Result<(), Failure> {
    let key = KeyId::new(id);
    for company in companies(engine).await? {
        let caller = operator(engine, company);
        match engine.key(&caller, key).await {
            Ok(found) if found.revoked_at.is_some() => {
                return output.line(format!("key {id} was revoked before")).await;
            }
            Ok(_) => {
                engine.revoke_key(&caller, key).await?;
                return output.line(format!("key {id} is revoked")).await;
            }
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(format!("no key has the id {id}; `guildhall key list` shows those there are")))
}
