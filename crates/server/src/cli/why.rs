//! `guildhall why`: why a user is in a group, or has a role or an app; or why not.

mod things;

use std::fmt::Write as _;

use clap::Args;
use guildhall_domain::caller::{Caller, Dialect};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::page::{Ask, From, Order};
use guildhall_domain::{Error, Timestamp, name};
use guildhall_engine::{Engine, Explanation, FindUsers, Given, GroupFilter, GroupSort, Judged, Missing, Thing, What};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::run::{Command, Output};
use super::{Database, Failure, execute};
use crate::api::native::explained;

/// Groups read at a time.
const PAGE: u32 = 1000;

/// Every way from a reason through nestings to the group; and when there is none, what is missing.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// The user, by id or e-mail address
    #[arg(value_name = "USER")]
    user: String,
    /// The group, by id or name
    #[arg(value_name = "GROUP", required_unless_present_any = ["role", "app"], conflicts_with_all = ["role", "app"])]
    group: Option<String>,
    /// Explain this role instead of a group, by id or name
    #[arg(long, env = "GUILDHALL_WHY_ROLE", value_name = "ROLE", conflicts_with = "app")]
    role: Option<String>,
    /// Explain this app instead of a group, by id or name
    #[arg(long, env = "GUILDHALL_WHY_APP", value_name = "APP")]
    app: Option<String>,
    /// Beside --app: one of its permission levels, by id or name
    #[arg(long, env = "GUILDHALL_WHY_LEVEL", value_name = "LEVEL", requires = "app")]
    level: Option<String>,
    /// The company; not needed where there is just one
    #[arg(long, env = "GUILDHALL_WHY_COMPANY", value_name = "ID")]
    company: Option<Uuid>,
    /// Explain this instant instead of the present, such as 2026-11-01T00:00:00Z
    #[arg(long, env = "GUILDHALL_WHY_AT", value_name = "TIME")]
    at: Option<String>,
    /// Print the answer of the API as one line of JSON
    #[arg(long, env = "GUILDHALL_WHY_JSON")]
    json: bool,
}

/// The question, as it travels to the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Question {
    user: String,
    about: About,
    company: Option<Uuid>,
    at: Option<String>,
    json: bool,
}

/// What is asked about.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum About {
    Group(String),
    Role(String),
    App(String, Option<String>),
}

impl Why {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let Self { user, group, role, app, level, company, at, json } = self;
        let about = match (group, role, app) {
            (Some(group), ..) => About::Group(group),
            (None, Some(role), _) => About::Role(role),
            (None, None, Some(app)) => About::App(app, level),
            (None, None, None) => return Err(Failure::usage("say GROUP, --role ROLE or --app APP".to_owned())),
        };
        if let Some(raw) = &at {
            Timestamp::parse("--at", raw).map_err(|e| Failure::usage(e.to_string()))?;
        }
        execute(database, Command::Why(Question { user, about, company, at, json }), Vec::new()).await
    }
}

pub(super) async fn run(engine: &Engine, ask: Question, output: &Output) -> Result<(), Failure> {
    let caller = company(engine, ask.company).await?;
    let at = ask.at.as_deref().map(|raw| Timestamp::parse("--at", raw)).transpose()?;
    let user = user(engine, &caller, &ask.user).await?;
    let named = match &ask.about {
        About::Group(named) => named,
        About::Role(named) => {
            let thing = Thing::Role(things::role(engine, &caller, named).await?);
            return things::run(engine, &caller, (user, thing), at, &ask, output).await;
        }
        About::App(named, level) => {
            let thing = things::app(engine, &caller, named, level.as_deref()).await?;
            return things::run(engine, &caller, (user, thing), at, &ask, output).await;
        }
    };
    let group = group(engine, &caller, named, at).await?;
    let told = engine.explain(&caller, user, group, at).await.map_err(|error| match error {
        Error::NotFound { noun: UserId::NOUN } => Failure::new(format!("no user {} was there", ask.user)),
        Error::NotFound { noun: GroupId::NOUN } => Failure::new(format!("no group {named} was there")),
        Error::Invalid { why, .. } => Failure::new(format!("--at: {why}")),
        other => other.into(),
    })?;
    if ask.json {
        return output.line(explained(told)).await;
    }
    output.text(Words { told: &told }.all()).await
}

fn operator(engine: &Engine, company: CompanyId) -> Caller {
    Caller::operator(company, Dialect::Cli, engine.clock().id())
}

/// The company that is named, or the only one there is.
pub(super) async fn company(engine: &Engine, named: Option<Uuid>) -> Result<Caller, Failure> {
    if let Some(id) = named {
        let caller = operator(engine, CompanyId::new(id));
        return match engine.company(&caller).await {
            Ok(_) => Ok(caller),
            Err(Error::NotFound { .. }) => Err(Failure::new(format!("--company: no company has the id {id}"))),
            Err(error) => Err(error.into()),
        };
    }
    let page = engine.companies(&operator(engine, CompanyId::PLATFORM), &Ask::first(2)).await?;
    match &page.items[..] {
        [one] => Ok(operator(engine, one.id)),
        [] => Err(Failure::new("there is no company yet; `guildhall import` brings one")),
        _ => Err(Failure::new("there are several companies; say which with --company ID")),
    }
}

async fn user(engine: &Engine, caller: &Caller, named: &str) -> Result<UserId, Failure> {
    if let Ok(id) = UserId::parse("USER", named) {
        return Ok(id);
    }
    let find = FindUsers { email: Some(named.to_owned()), external_id: None, attribute: None, inactive: true };
    let (found, _) = engine.find_users(caller, &find, 1).await?;
    let found = found.first().map(|user| user.id);
    found.ok_or_else(|| Failure::new(format!("no user has the e-mail address {named}; give an address or an id")))
}

async fn group(engine: &Engine, caller: &Caller, named: &str, at: Option<Timestamp>) -> Result<GroupId, Failure> {
    if let Ok(id) = GroupId::parse("GROUP", named) {
        return Ok(id);
    }
    let filter = GroupFilter { text: Some(named.to_owned()), name_only: true, state: None };
    let (mut found, mut ask, key) = (Vec::new(), Ask::first(PAGE), name::fold(named));
    loop {
        let page = engine.groups(caller, &filter, GroupSort::Name, Order::Ascending, &ask).await?;
        found.extend(page.items.iter().filter(|group| name::fold(&group.name) == key).map(|group| group.id));
        let Some(next) = page.next else { break };
        ask.from = From::After(next);
    }
    match &found[..] {
        [one] => Ok(*one),
        [] if at.is_some() => Err(Failure::new(format!(
            "no group is called {named} now; give the id of one that was renamed or deleted since"
        ))),
        [] => Err(Failure::new(format!("no group is called {named}; give a whole name or an id"))),
        many => {
            let ids: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(Failure::new(format!("{} groups are called {named}; give the id: {}", many.len(), ids.join(", "))))
        }
    }
}

/// An explanation in words.
struct Words<'e> {
    told: &'e Explanation,
}

/// An instant as people read it.
fn when(at: Timestamp) -> String {
    at.rfc3339(0)
}

impl Words<'_> {
    fn group(&self, id: GroupId) -> String {
        self.told.group_names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn person(&self, id: Option<UserId>) -> String {
        let Some(id) = id else { return "the system".into() };
        self.told.people.get(&id).map_or_else(|| id.to_string(), |person| person.name().to_owned())
    }

    fn reason(&self, given: &Given) -> String {
        let reason = &given.reason;
        let mut line = format!(
            "{} in {}, given {} by {}",
            reason.kind.word(),
            self.group(reason.group),
            when(given.opened_at),
            self.person(reason.giver)
        );
        if let Some(from) = reason.window.starts {
            let _ = write!(line, ", from {}", when(from));
        }
        if let Some(end) = reason.window.ends {
            let _ = write!(line, ", until {}", when(end));
        }
        if let Some(note) = &reason.note {
            let _ = write!(line, ": {note}");
        }
        line
    }

    fn all(&self) -> String {
        let told = self.told;
        let is = match (told.member, told.direct) {
            (true, true) => "is a direct member of",
            (true, false) => "is, by nesting, a member of",
            (false, _) => "is no member of",
        };
        let mut text = format!("{} {is} {} ({}).\n", told.user.name(), told.group.name, when(told.at));
        for path in &told.paths {
            let _ = writeln!(text, "  {}", self.reason(&path.reason));
            for step in &path.steps {
                let (since, by) = (when(step.since), self.person(step.by));
                let _ = writeln!(text, "    inside {} since {since}, by {by}", self.group(step.nesting.parent));
            }
        }
        if told.total > told.paths.len() as u128 {
            let _ = writeln!(text, "  … {} ways in all", told.total);
        }
        if let Some(missing) = &told.missing {
            self.missing(missing, &mut text);
        }
        for found in &told.conflicts {
            let groups: Vec<String> = found.groups.iter().map(|group| self.group(*group)).collect();
            let would = if told.member { "is" } else { "would be" };
            let (name, at_most, groups) = (&found.name, found.at_most, groups.join(", "));
            let _ =
                writeln!(text, "  conflict {name}: at most {at_most} of its groups, and the user {would} in {groups}");
        }
        for judged in &told.rules {
            self.judged(judged, &mut text);
        }
        text
    }

    fn judged(&self, judged: &Judged, text: &mut String) {
        let group = self.group(judged.group);
        let Some((holds, clauses)) = &judged.verdict else {
            let _ = writeln!(text, "  the rule of {group} may have seen another record of the user: {}", judged.rule);
            return;
        };
        let is = |holds: bool| if holds { "true" } else { "false" };
        let _ = writeln!(text, "  the rule of {group} is {} of the user:", is(*holds));
        for clause in clauses {
            let why = clause.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            let _ = writeln!(text, "    {}: {}{why}", is(clause.holds), clause.text);
        }
    }

    fn missing(&self, missing: &Missing, text: &mut String) {
        if let Some(absence) = missing.inactive {
            let since = when(absence.since);
            let _ = writeln!(text, "  inactive since {since}, by {}: nothing counts", self.person(absence.by));
        }
        for given in &missing.idle {
            let _ = writeln!(text, "  counts for nothing meanwhile: {}", self.reason(given));
        }
        for given in &missing.scheduled {
            let _ = writeln!(text, "  yet to begin: {}", self.reason(given));
        }
        if let Some((from, until)) = missing.last {
            let _ = writeln!(text, "  last was a member from {} until {}", when(from), when(until));
        }
        for ended in &missing.ended {
            let mark = if ended.ended_membership { "that ended it" } else { "before" };
            let what = match &ended.what {
                What::Reason(given) => {
                    format!("ended {} by {}: {}", when(ended.at), self.person(ended.by), self.reason(given))
                }
                What::Window(given) => format!("ran out {}: {}", when(ended.at), self.reason(given)),
                What::Grant(grant) => {
                    format!(
                        "ended {} by {}: given by {}",
                        when(ended.at),
                        self.person(ended.by),
                        self.group(grant.group)
                    )
                }
                What::Nesting(step) => format!(
                    "ended {} by {}: {} inside {}",
                    when(ended.at),
                    self.person(ended.by),
                    self.group(step.nesting.child),
                    self.group(step.nesting.parent)
                ),
            };
            let event = ended.event.as_ref().map(|(revision, kind)| format!(" (revision {revision}, {kind})"));
            let _ = writeln!(text, "  {mark}: {what}{}", event.unwrap_or_default());
        }
        let would: Vec<String> = missing.groups.iter().map(|group| self.group(*group)).collect();
        let more = missing.total.saturating_sub(would.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let _ = writeln!(text, "  a direct membership would give it in: {}{more}", would.join(", "));
    }
}
