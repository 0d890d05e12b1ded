//! Why a user has a role or an app, now or at an instant: the ways from a reason through nestings to a group that gives
//! it; the access itself, and the request that brought it; and when they have it not, what is missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use guildhall_domain::app::App;
use guildhall_domain::caller::{Caller, Role};
use guildhall_domain::group::GroupState;
use guildhall_domain::ids::{AppId, GroupId, LevelId, RoleId, UserId};
use guildhall_domain::person::Person;
use guildhall_domain::request::{AccessRequest, TaskKind, TaskStatus};
use guildhall_domain::role::AccessRole;
use guildhall_domain::spans::{Span, Spans};
use guildhall_domain::{Error, Result, Timestamp};

use super::missing::{self, Absence, Ended, What};
use super::{LISTED, Question, Way, paths};
use crate::authz::{self, Action};
use crate::store::giving::{self, Gift, Grant, Held};
use crate::store::past::Given;
use crate::store::{self, Conn, past as rows, requests, tasks};
use crate::{Engine, past, users};

/// The most grants of one thing that are looked at.
const GRANTS: u32 = 1_000;
/// The most groups that give something, now or before, whose members' past is looked at.
const GROUPS: usize = 50;
/// The most accesses before that are told.
const BEFORE: u32 = 100;

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A role.
    Role(RoleId),
    /// An app, at this level where one is named.
    App(AppId, Option<LevelId>),
}

/// An access, and the request that brought it.
#[derive(Clone, Debug)]
pub struct HeldAccess {
    /// The access.
    pub held: Held,
    /// The kind of the event that gave it.
    pub event: String,
    /// The request that brought it, and who approved that.
    pub request: Option<(AccessRequest, Vec<UserId>)>,
    /// The kind of the event that ended it, and the request that asked for that.
    pub end: Option<(String, Option<AccessRequest>)>,
}

/// What it would take to have it, and what there was before.
#[derive(Clone, Debug, Default)]
pub struct Lacking {
    /// The grants that would give it, 100 at most; none for a caller who may not see the directory.
    pub grants: Vec<Grant>,
    /// The number of all of them.
    pub total: usize,
    /// The user is inactive, so that nothing counts.
    pub inactive: Option<Absence>,
    /// Reasons in groups that give it which stand and count for nothing, because the user is inactive.
    pub idle: Vec<Given>,
    /// Reasons in groups that give it which are yet to begin.
    pub scheduled: Vec<Given>,
    /// When they last had it, as far as it is remembered.
    pub last: Option<Span>,
    /// What led to it and ended, the last first, 100 at most.
    pub ended: Vec<Ended>,
    /// What is asked for and not decided yet.
    pub pending: Vec<AccessRequest>,
}

/// Why a user has a role or an app, or why not.
#[derive(Clone, Debug)]
pub struct Reasons {
    /// The instant that this is true of.
    pub at: Timestamp,
    /// The user.
    pub user: Arc<Person>,
    /// The role that was asked about.
    pub role: Option<AccessRole>,
    /// The app that was asked about.
    pub app: Option<App>,
    /// Do they have it?
    pub held: bool,
    /// How they have the app: an access stands whatever groups give.
    pub access: Option<HeldAccess>,
    /// Accesses to the app that ended, the last first.
    pub before: Vec<HeldAccess>,
    /// The ways to groups that give it, shortest first, 100 at most.
    pub paths: Vec<(Way, Grant)>,
    /// The number of all ways; beyond `u128::MAX`, that.
    pub total: u128,
    /// What is missing; none when they have it.
    pub missing: Option<Lacking>,
    /// What the groups named here are called.
    pub group_names: HashMap<GroupId, String>,
    /// The people named here; empty for a caller who may not see the directory.
    pub people: HashMap<UserId, Arc<Person>>,
}

/// The state of a user that every question about them begins with.
struct Stand {
    given: Vec<Given>,
    absences: Vec<Span>,
    absent: Option<Span>,
    standing: Vec<Given>,
}

async fn stand(conn: &mut Conn, q: &Question<'_>) -> Result<Stand> {
    let mut given = rows::reasons_of(conn, q.company, q.user, q.then).await?;
    given.sort_by_key(|given| (given.opened_at, given.reason.id));
    let absences = rows::absences(conn, q.company, q.user, q.known()).await?;
    let absent = absences.last().copied().filter(|(_, until)| *until > q.at);
    let standing = match absent {
        None => given.iter().filter(|given| given.reason.window.holds(q.at)).cloned().collect(),
        Some(_) => Vec::new(),
    };
    Ok(Stand { given, absences, absent, standing })
}

/// All ways to groups that give it, and their number.
async fn ways(conn: &mut Conn, q: &Question<'_>, stand: &Stand, grants: &[Grant]) -> Result<(Vec<(Way, Grant)>, u128)> {
    let mut by_group: BTreeMap<GroupId, Vec<&Grant>> = BTreeMap::new();
    for grant in grants.iter().filter(|grant| grant.closed.is_none()) {
        by_group.entry(grant.group).or_default().push(grant);
    }
    let (mut all, mut total) = (Vec::new(), 0_u128);
    for (group, grants) in by_group {
        let record = past::group(conn, q.company, group, q.then).await?;
        if record.is_none_or(|group| group.state != GroupState::Live) {
            continue;
        }
        let q = Question { group, ..*q };
        let found = match paths(conn, &q, &stand.standing).await? {
            None if q.view.is_some() => paths(conn, &Question { view: None, ..q }, &stand.standing).await?,
            found => found,
        };
        let (found, number) = found.ok_or_else(|| Error::internal("a nesting vanished while it was explained"))?;
        total = total.saturating_add(number.saturating_mul(grants.len() as u128));
        for way in found {
            all.extend(grants.iter().map(|grant| (way.clone(), (*grant).clone())));
        }
    }
    // Stable: of one length, by group.
    all.sort_by_key(|(way, _)| way.steps.len());
    all.truncate(LISTED);
    Ok((all, total))
}

/// When a grant stood, as far as it is known.
fn life(grant: &Grant) -> Span {
    (grant.since, grant.closed.map_or(Timestamp::MAX, |closed| closed.at))
}

/// What it would take, by the groups that give it or gave it.
async fn lacking(conn: &mut Conn, q: &Question<'_>, stand: &Stand, grants: Vec<Grant>) -> Result<Lacking> {
    let standing: Vec<Grant> = grants.iter().filter(|grant| grant.closed.is_none()).cloned().collect();
    let mut told = Lacking { total: standing.len(), ..Lacking::default() };
    let mut groups: Vec<GroupId> = standing.iter().chain(&grants).map(|grant| grant.group).collect();
    let mut seen = BTreeSet::new();
    groups.retain(|group| seen.insert(*group));
    let mut spans = Spans::default();
    for group in groups.into_iter().take(GROUPS) {
        let found = missing::find(conn, &Question { group, ..*q }, &stand.given, &stand.absences, stand.absent).await?;
        let gives_now = standing.iter().any(|grant| grant.group == group);
        told.inactive = found.inactive;
        if gives_now {
            told.idle.extend(found.idle);
            told.scheduled.extend(found.scheduled);
        }
        for grant in grants.iter().filter(|grant| grant.group == group) {
            let was = found.spans.within(life(grant));
            if was.last().is_some() && grant.closed.is_some() {
                told.ended.push(ended(grant));
            }
            spans.add(&was);
        }
        told.ended.extend(found.ended);
    }
    told.last = spans.within((Timestamp::MIN, q.at)).last();
    settle(&mut told, q);
    Ok(told)
}

fn ended(grant: &Grant) -> Ended {
    let closed = grant.closed.as_ref();
    Ended {
        what: What::Grant(grant.clone()),
        at: closed.map_or(Timestamp::MAX, |closed| closed.at),
        by: closed.and_then(|closed| closed.by),
        event: closed.map(|closed| (closed.revision, String::new())),
        ended_membership: false,
    }
}

/// Puts what several groups tell together: each once, the last first, and what the user's having it ended with marked.
fn settle(told: &mut Lacking, q: &Question<'_>) {
    for list in [&mut told.idle, &mut told.scheduled] {
        list.sort_by_key(|given| given.reason.id);
        list.dedup_by_key(|given| given.reason.id);
    }
    let until = told.last.map(|(_, until)| until);
    told.ended.retain(|ended| ended.at <= q.at);
    told.ended.sort_by_key(|ended| (std::cmp::Reverse(ended.at), ended.event.as_ref().map(|(revision, _)| *revision)));
    told.ended.dedup_by(|a, b| (a.at, &a.event) == (b.at, &b.event) && same(&a.what, &b.what));
    for ended in &mut told.ended {
        ended.ended_membership = until == Some(ended.at);
    }
    if !q.directory {
        told.ended.retain(|ended| ended.ended_membership || matches!(ended.what, What::Reason(_) | What::Window(_)));
    }
    told.ended.truncate(LISTED);
}

fn same(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Reason(a) | What::Window(a), What::Reason(b) | What::Window(b)) => a.reason.id == b.reason.id,
        (What::Nesting(a), What::Nesting(b)) => a.nesting == b.nesting,
        (What::Grant(a), What::Grant(b)) => a == b,
        _ => false,
    }
}

/// An access with the request that brought it and the one that ended it.
async fn told_access(conn: &mut Conn, q: &Question<'_>, app: AppId, held: Held) -> Result<HeldAccess> {
    let (company, pair) = (q.company, (app, q.user));
    let mut revisions = vec![held.revision];
    revisions.extend(held.closed.map(|closed| closed.revision));
    let mut kinds = rows::kinds(conn, company, &revisions).await?.into_iter().map(Option::unwrap_or_default);
    let event = kinds.next().unwrap_or_default();
    let mut request = None;
    if let Some(id) = giving::request_at(conn, company, pair, held.since).await?
        && let Some(found) = requests::get(conn, company, id).await?
    {
        let reviews = tasks::of_request(conn, company, id.uuid()).await?;
        let approved = reviews.iter().filter(|t| t.kind == TaskKind::Review && t.status == TaskStatus::Approved);
        request = Some((found, approved.filter_map(|task| task.executed_by).collect()));
    }
    let mut end = None;
    if let Some(closed) = held.closed {
        let asked = match giving::request_at(conn, company, pair, closed.at).await? {
            Some(id) => requests::get(conn, company, id).await?,
            None => None,
        };
        end = Some((kinds.next().unwrap_or_default(), asked));
    }
    Ok(HeldAccess { held, event, request, end })
}

async fn explain(conn: &mut Conn, q: Question<'_>, thing: Thing) -> Result<Reasons> {
    let (company, user) = (q.company, q.user);
    let person = rows::person(conn, company, user, q.then).await?.ok_or(users::GONE)?;
    let stand = stand(conn, &q).await?;
    let (mut role, mut app, mut access, mut before) = (None, None, None, Vec::new());
    let grants = match thing {
        Thing::Role(id) => {
            let gone = Error::NotFound { noun: RoleId::NOUN };
            role = Some(store::roles::ever(conn, company, id).await?.ok_or(gone)?);
            giving::of_role(conn, company, id, q.known(), GRANTS).await?
        }
        Thing::App(id, level) => {
            let gone = Error::NotFound { noun: AppId::NOUN };
            let found = store::apps::get(conn, company, id).await?.ok_or(gone)?;
            for held in giving::accesses(conn, company, (id, user), q.known(), BEFORE).await? {
                let open = held.closed.is_none();
                let told = told_access(conn, &q, id, held).await?;
                if open { access = Some(told) } else { before.push(told) }
            }
            let grants = giving::of_app(conn, company, id, q.known(), GRANTS).await?;
            // A group that names no level gives the app's default one.
            let fits = |grant: &Grant| match (&grant.gift, level) {
                (Gift::App(at), Some(level)) => at.or_else(|| found.default_level()) == Some(level),
                _ => true,
            };
            let grants = grants.into_iter().filter(fits).collect();
            app = Some(found);
            grants
        }
    };
    let (paths, total) = ways(conn, &q, &stand, &grants).await?;
    let fits = |told: &HeldAccess| match thing {
        Thing::App(_, Some(level)) => told.held.level == Some(level),
        _ => true,
    };
    // Of whoever is inactive nothing counts, though the access stands.
    let has = access.as_ref().is_some_and(fits) && stand.absent.is_none();
    let held = if app.is_some() { has } else { !paths.is_empty() };
    let mut missing = None;
    if !held {
        let mut told = lacking(conn, &q, &stand, grants).await?;
        if let Thing::App(id, _) = thing {
            // The access is what counts, whatever groups gave: when it last stood, and what is asked for.
            told.last =
                before.iter().filter(|told| fits(told)).find_map(|told| Some((told.held.since, told.held.closed?.at)));
            told.ended.iter_mut().for_each(|ended| ended.ended_membership = false);
            if q.then.is_none() {
                told.pending = requests::pending_each(conn, company, id, &[user]).await?.pop().unwrap_or_default();
            }
        }
        fill(conn, &q, &mut told).await?;
        told.grants = standing_of(conn, &q, thing).await?;
        if !q.directory {
            (told.grants, told.total) = (Vec::new(), 0);
        }
        missing = Some(told);
    }
    let mut told = Reasons {
        at: q.at,
        user: person,
        role,
        app,
        held,
        access,
        before,
        paths,
        total,
        missing,
        group_names: HashMap::new(),
        people: HashMap::new(),
    };
    name(conn, &q, &mut told).await?;
    Ok(told)
}

/// The grants that stand, as many as are told.
async fn standing_of(conn: &mut Conn, q: &Question<'_>, thing: Thing) -> Result<Vec<Grant>> {
    let mut grants = match thing {
        Thing::Role(id) => giving::of_role(conn, q.company, id, q.known(), GRANTS).await?,
        Thing::App(id, _) => giving::of_app(conn, q.company, id, q.known(), GRANTS).await?,
    };
    grants.retain(|grant| grant.closed.is_none());
    grants.truncate(LISTED);
    Ok(grants)
}

/// Looks up by which events grants ended.
async fn fill(conn: &mut Conn, q: &Question<'_>, told: &mut Lacking) -> Result<()> {
    let open = |ended: &&mut Ended| ended.event.as_ref().is_some_and(|(_, kind)| kind.is_empty());
    let revisions: Vec<u64> =
        told.ended.iter_mut().filter(open).filter_map(|ended| Some(ended.event.as_ref()?.0)).collect();
    let mut kinds = rows::kinds(conn, q.company, &revisions).await?.into_iter();
    for ended in told.ended.iter_mut().filter(open) {
        if let Some(event) = &mut ended.event {
            event.1 = kinds.next().flatten().unwrap_or_default();
        }
    }
    Ok(())
}

/// Looks up what the groups and people of an explanation are called.
async fn name(conn: &mut Conn, q: &Question<'_>, told: &mut Reasons) -> Result<()> {
    let (mut groups, mut people) = (BTreeSet::new(), BTreeSet::new());
    for (way, grant) in &told.paths {
        way.named(&mut groups, &mut people);
        groups.insert(grant.group);
        people.extend(grant.by);
    }
    for access in told.access.iter().chain(&told.before) {
        people.extend(access.held.by);
        people.extend(access.held.closed.and_then(|closed| closed.by));
        if let Some((request, reviewers)) = &access.request {
            people.extend(request.requester);
            people.extend(reviewers);
            groups.extend(request.source.map(GroupId::new));
        }
        if let Some((_, Some(request))) = &access.end {
            people.extend(request.requester);
            groups.extend(request.source.map(GroupId::new));
        }
    }
    if let Some(missing) = &told.missing {
        for grant in &missing.grants {
            groups.insert(grant.group);
            people.extend(grant.by);
        }
        people.extend(missing.inactive.and_then(|absence| absence.by));
        for given in missing.idle.iter().chain(&missing.scheduled) {
            groups.insert(given.reason.group);
            people.extend(given.reason.giver);
        }
        for ended in &missing.ended {
            ended.named(&mut groups, &mut people);
        }
        for request in &missing.pending {
            people.extend(request.requester);
            groups.extend(request.source.map(GroupId::new));
        }
    }
    let groups: Vec<GroupId> = groups.into_iter().collect();
    let records = past::groups(conn, q.company, &groups, q.then).await?;
    told.group_names = records.into_iter().map(|group| (group.id, group.name)).collect();
    if q.directory {
        let people: Vec<UserId> = people.into_iter().collect();
        let people = rows::people(conn, q.company, &people).await?;
        told.people = people.into_iter().map(|person| (person.id, person)).collect();
    }
    Ok(())
}

/// To a guest what groups hide from them, and what has nothing to do with them, is not there.
fn guard(caller: &Caller, told: &Reasons) -> Result<()> {
    if caller.role != Some(Role::Guest) || told.held || !told.before.is_empty() || !told.paths.is_empty() {
        return Ok(());
    }
    let nothing = told.missing.as_ref().is_none_or(|missing| {
        let lists = missing.idle.is_empty() && missing.scheduled.is_empty() && missing.pending.is_empty();
        lists && missing.last.is_none()
    });
    let noun = if told.role.is_some() { RoleId::NOUN } else { AppId::NOUN };
    if nothing { Err(Error::NotFound { noun }) } else { Ok(()) }
}

impl Engine {
    /// Why a user has a role or an app, now or at an instant that has passed; or why not.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is, or was then, no such user, role or app; [`Error::Forbidden`];
    /// [`Error::Invalid`] on `at` when it is in the future.
    pub async fn explain_thing(
        &self,
        caller: &Caller,
        user: UserId,
        thing: Thing,
        at: Option<Timestamp>,
    ) -> Result<Reasons> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let now = self.clock().now();
        let then = at.map(|at| past::passed("at", at, now)).transpose()?;
        let view = if then.is_none() { self.view(caller.company).await } else { None };
        let question = Question {
            company: caller.company,
            user,
            group: GroupId::NIL,
            then,
            at: then.unwrap_or(now),
            directory: authz::may_read(caller, Action::ReadDirectory).is_ok(),
            view: view.as_deref(),
        };
        let mut conn = self.db().reader().await?;
        conn.begin_snapshot().await?;
        let told = explain(&mut conn, question, thing).await?;
        conn.end_snapshot().await?;
        guard(caller, &told)?;
        Ok(told)
    }
}
