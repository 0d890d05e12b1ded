//! `guildhall why --role` and `--app`.

use std::fmt::Write as _;

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, GroupId, LevelId, RoleId, UserId};
use guildhall_domain::page::{Ask, From};
use guildhall_domain::{Error, Timestamp, name};
use guildhall_engine::{AppFilter, Ended, Engine, Given, HeldAccess, Reasons, Thing, What};

use super::{Failure, Output, PAGE, Question, when};
use crate::api::native::explained_thing;

/// The one of these that is called so.
fn the_one<T: Copy + ToString>(found: &[T], noun: &str, named: &str) -> Result<T, Failure> {
    match found {
        [one] => Ok(*one),
        [] => Err(Failure::new(format!("no {noun} is called {named}; give a whole name or an id"))),
        many => {
            let ids: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(Failure::new(format!("{} {noun}s are called {named}; give the id: {}", many.len(), ids.join(", "))))
        }
    }
}

pub(super) async fn role(engine: &Engine, caller: &Caller, named: &str) -> Result<RoleId, Failure> {
    if let Ok(id) = RoleId::parse("ROLE", named) {
        return Ok(id);
    }
    let (all, key) = (engine.roles(caller).await?, name::fold(named));
    let found: Vec<RoleId> = all.iter().filter(|role| name::fold(&role.name) == key).map(|role| role.id).collect();
    the_one(&found, "role", named)
}

pub(super) async fn app(engine: &Engine, caller: &Caller, named: &str, level: Option<&str>) -> Result<Thing, Failure> {
    let id = match AppId::parse("APP", named) {
        Ok(id) => id,
        Err(_) => {
            let filter = AppFilter { text: Some(named.to_owned()), status: None };
            let (mut found, mut ask, key) = (Vec::new(), Ask::first(PAGE), name::fold(named));
            loop {
                let page = engine.apps(caller, &filter, &ask).await?;
                let called = page.items.iter().filter(|shown| name::fold(&shown.app.name) == key);
                found.extend(called.map(|shown| shown.app.id));
                let Some(next) = page.next else { break };
                ask.from = From::After(next);
            }
            the_one(&found, "app", named)?
        }
    };
    let Some(level) = level else { return Ok(Thing::App(id, None)) };
    if let Ok(level) = LevelId::parse("--level", level) {
        return Ok(Thing::App(id, Some(level)));
    }
    let levels = engine.app(caller, id).await?.shown.app.levels;
    let key = name::fold(level);
    let found: Vec<LevelId> = levels.iter().filter(|one| name::fold(&one.name) == key).map(|one| one.id).collect();
    Ok(Thing::App(id, Some(the_one(&found, "permission level", level)?)))
}

pub(super) async fn run(
    engine: &Engine,
    caller: &Caller,
    (user, thing): (UserId, Thing),
    at: Option<Timestamp>,
    ask: &Question,
    output: &Output,
) -> Result<(), Failure> {
    let told = engine.explain_thing(caller, user, thing, at).await.map_err(|error| match error {
        Error::NotFound { noun } => Failure::new(format!("no such {noun} was there")),
        Error::Invalid { why, .. } => Failure::new(format!("--at: {why}")),
        other => other.into(),
    })?;
    if ask.json {
        return output.line(explained_thing(told)).await;
    }
    output.text(Words { told: &told }.all()).await
}

/// An explanation in words.
struct Words<'e> {
    told: &'e Reasons,
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
        let (group, since) = (self.group(given.reason.group), when(given.opened_at));
        format!("{} in {group}, given {since} by {}", given.reason.kind.word(), self.person(given.reason.giver))
    }

    fn access(&self, access: &HeldAccess) -> String {
        let level = self.told.app.as_ref().and_then(|app| app.level(access.held.level?));
        let level = level.map_or_else(String::new, |level| format!(" at {}", level.name));
        let mut line = format!("access{level} since {}, by {}", when(access.held.since), self.person(access.held.by));
        if let Some((request, approved)) = &access.request {
            let asked = self.person(request.requester);
            let _ = write!(line, ", as {asked} asked");
            if let Some(why) = &request.purpose {
                let _ = write!(line, " ({why})");
            }
            let by: Vec<String> = approved.iter().map(|user| self.person(Some(*user))).collect();
            if !by.is_empty() {
                let _ = write!(line, " and {} approved", by.join(", "));
            }
        }
        if let (Some(closed), Some((kind, _))) = (access.held.closed, &access.end) {
            let (at, by) = (when(closed.at), self.person(closed.by));
            let _ = write!(line, ", ended {at} by {by} (revision {}, {kind})", closed.revision);
        }
        line
    }

    fn ended(&self, ended: &Ended) -> String {
        let mark = if ended.ended_membership { "that ended it" } else { "before" };
        let (at, by) = (when(ended.at), self.person(ended.by));
        let what = match &ended.what {
            What::Reason(given) => format!("ended {at} by {by}: {}", self.reason(given)),
            What::Window(given) => format!("ran out {at}: {}", self.reason(given)),
            What::Grant(grant) => format!("ended {at} by {by}: given by {}", self.group(grant.group)),
            What::Nesting(step) => {
                let (child, parent) = (self.group(step.nesting.child), self.group(step.nesting.parent));
                format!("ended {at} by {by}: {child} inside {parent}")
            }
        };
        let event = ended.event.as_ref().map(|(revision, kind)| format!(" (revision {revision}, {kind})"));
        format!("  {mark}: {what}{}", event.unwrap_or_default())
    }

    fn all(&self) -> String {
        let told = self.told;
        let thing = match (&told.role, &told.app) {
            (Some(role), _) => format!("the role {}", role.name),
            (None, Some(app)) => format!("the app {}", app.name),
            (None, None) => String::new(),
        };
        let has = if told.held { "has" } else { "does not have" };
        let mut text = format!("{} {has} {thing} ({}).\n", told.user.name(), when(told.at));
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        if let Some(access) = &told.access {
            line(format!("  {}", self.access(access)));
        }
        for (way, grant) in &told.paths {
            line(format!("  {}", self.reason(&way.reason)));
            for step in &way.steps {
                let (since, by) = (when(step.since), self.person(step.by));
                line(format!("    inside {} since {since}, by {by}", self.group(step.nesting.parent)));
            }
            let (since, by) = (when(grant.since), self.person(grant.by));
            line(format!("    which gives it since {since}, by {by}"));
        }
        if told.total > told.paths.len() as u128 {
            line(format!("  … {} ways in all", told.total));
        }
        for access in &told.before {
            line(format!("  before: {}", self.access(access)));
        }
        let Some(missing) = &told.missing else { return text };
        if let Some(absence) = missing.inactive {
            let since = when(absence.since);
            line(format!("  inactive since {since}, by {}: nothing counts", self.person(absence.by)));
        }
        for given in &missing.idle {
            line(format!("  counts for nothing meanwhile: {}", self.reason(given)));
        }
        for given in &missing.scheduled {
            line(format!("  yet to begin: {}", self.reason(given)));
        }
        for request in &missing.pending {
            line(format!("  asked for by {}: a {}, {}", self.person(request.requester), request.kind, request.status));
        }
        if let Some((from, until)) = missing.last {
            line(format!("  last had it from {} until {}", when(from), when(until)));
        }
        for ended in &missing.ended {
            line(self.ended(ended));
        }
        let would: Vec<String> = missing.grants.iter().map(|grant| self.group(grant.group)).collect();
        match would.is_empty() {
            true => line("  no group gives it".into()),
            false => line(format!("  a membership would give it in: {}", would.join(", "))),
        }
        text
    }
}
