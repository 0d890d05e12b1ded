//! Why a user is in a group, now or at an instant: every way from a reason through nestings to the group; and when
//! they are not, what is missing (`missing.rs`).

mod conflicts;
mod giving;
mod missing;
mod rules;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use guildhall_domain::caller::Caller;
use guildhall_domain::group::{Group, GroupState};
use guildhall_domain::ids::{CompanyId, GroupId, RoleId, UserId};
use guildhall_domain::nesting::Reach;
use guildhall_domain::person::Person;
use guildhall_domain::route::Routes;
use guildhall_domain::{Error, Result, Timestamp};

pub use conflicts::Conflicting;
pub use giving::{HeldAccess, Lacking, Reasons, Thing};
pub use missing::{Absence, Ended, Missing, What};
pub use rules::Judged;

use crate::authz::{self, Action};
use crate::groups::GONE;
use crate::index::Snapshot;
use crate::store::nestings::{Nesting, Towards};
use crate::store::past::{Given, Step};
use crate::store::{Conn, past as rows, roles};
use crate::{Engine, nestings, past, users};

/// The most ways, groups or ends that one explanation lists.
const LISTED: usize = 100;

/// Why a user is in a group, or why not.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The instant that this is true of.
    pub at: Timestamp,
    /// The user.
    pub user: Arc<Person>,
    /// The group's record.
    pub group: Group,
    /// Is the user an effective member?
    pub member: bool,
    /// Is the user a direct member?
    pub direct: bool,
    /// The ways, shortest first, 100 at most.
    pub paths: Vec<Way>,
    /// The number of all ways; beyond `u128::MAX`, that.
    pub total: u128,
    /// What is missing; none when the user is a member.
    pub missing: Option<Missing>,
    /// What the rules say of the user that gave a reason here; when the user is no member, those of the groups that
    /// would give it. The first 20.
    pub rules: Vec<Judged>,
    /// The conflicts that the user is in breach of by being in the group; when no member, those that a membership
    /// would breach. Of the present alone.
    pub conflicts: Vec<Conflicting>,
    /// What the groups named here are called.
    pub group_names: HashMap<GroupId, String>,
    /// The people named here; empty for a caller who may not see the directory.
    pub people: HashMap<UserId, Arc<Person>>,
}

/// One way from a reason to the group.
#[derive(Clone, Debug)]
pub struct Way {
    /// Why the user is in the first group.
    pub reason: Given,
    /// The nestings from there to the group that was asked about, in order.
    pub steps: Vec<Step>,
}

impl Way {
    /// Adds the groups and people that are named here.
    fn named(&self, groups: &mut BTreeSet<GroupId>, people: &mut BTreeSet<UserId>) {
        groups.insert(self.reason.reason.group);
        people.extend(self.reason.reason.giver);
        for Step { nesting, by, .. } in &self.steps {
            groups.extend([nesting.parent, nesting.child]);
            people.extend(*by);
        }
    }
}

/// What one explanation is about.
#[derive(Clone, Copy)]
struct Question<'q> {
    company: CompanyId,
    user: UserId,
    group: GroupId,
    /// None for the present.
    then: Option<Timestamp>,
    /// `then`, or now.
    at: Timestamp,
    /// May the caller see the directory?
    directory: bool,
    view: Option<&'q Snapshot>,
}

impl Question<'_> {
    /// Everything recorded by this instant is known.
    fn known(&self) -> Timestamp {
        self.then.unwrap_or(Timestamp::MAX)
    }
}

/// The nestings around `from`, as far as they lead to the group; from memory where the company is held.
async fn around(conn: &mut Conn, q: &Question<'_>, from: &[GroupId]) -> Result<Reach> {
    let Some(view) = q.view else {
        return nestings::reach(conn, q.company, from, Towards::Parents, q.then).await;
    };
    let mut reach = Reach::default();
    let Some((target, node)) = view.group_no(q.group).and_then(|no| Some((no, view.group(no)?))) else {
        return Ok(reach);
    };
    let leads = |no: u32| no == target || node.below.contains(no);
    let mut open: Vec<u32> = from.iter().filter_map(|id| view.group_no(*id)).filter(|no| leads(*no)).collect();
    while let Some(no) = open.pop() {
        let Some(node) = view.group(no).filter(|node| !reach.knows(node.record.id)) else { continue };
        let parents = node.parents.iter().copied().filter(|parent| no != target && leads(*parent));
        let mut next: Vec<GroupId> = parents.clone().filter_map(|parent| Some(view.group(parent)?.record.id)).collect();
        next.sort_unstable();
        reach.note(node.record.id, next);
        open.extend(parents);
    }
    Ok(reach)
}

/// The ways from these reasons to the group, and the number of all; none when a nesting of memory is in the rows no more.
async fn paths(conn: &mut Conn, q: &Question<'_>, standing: &[Given]) -> Result<Option<(Vec<Way>, u128)>> {
    let from: Vec<GroupId> = standing.iter().map(|given| given.reason.group).collect();
    let around = around(conn, q, &from).await?;
    let routes = Routes::new(&around, from.iter().copied(), q.group);
    let total = from.iter().fold(0_u128, |sum, group| sum.saturating_add(routes.number(*group)));
    let ways = routes.shortest(&from, LISTED);
    let pairs = |way: &[GroupId]| -> Vec<Nesting> {
        way.windows(2).map(|pair| Nesting { child: pair[0], parent: pair[1] }).collect()
    };
    let distinct: BTreeSet<Nesting> = ways.iter().flat_map(|(_, way)| pairs(way)).collect();
    let distinct: Vec<Nesting> = distinct.into_iter().collect();
    let steps = rows::steps(conn, q.company, &distinct, q.then).await?;
    let Some(steps) = steps.into_iter().collect::<Option<Vec<Step>>>() else { return Ok(None) };
    let steps: HashMap<Nesting, Step> = steps.into_iter().map(|step| (step.nesting, step)).collect();
    let path = |(place, way): (usize, Vec<GroupId>)| Way {
        reason: standing[place].clone(),
        steps: pairs(&way).iter().map(|nesting| steps[nesting]).collect(),
    };
    Ok(Some((ways.into_iter().map(path).collect(), total)))
}

async fn explain(conn: &mut Conn, q: Question<'_>) -> Result<Explanation> {
    let Question { company, user, group, then, at, .. } = q;
    let record = past::group(conn, company, group, then).await?;
    let record = record.filter(|group| group.state != GroupState::Purged).ok_or(GONE)?;
    let person = rows::person(conn, company, user, then).await?.ok_or(users::GONE)?;
    let mut given = rows::reasons_of(conn, company, user, then).await?;
    given.sort_by_key(|given| (given.opened_at, given.reason.id));
    let absences = rows::absences(conn, company, user, q.known()).await?;
    let absent = absences.last().copied().filter(|(_, until)| *until > at);
    let standing: Vec<Given> = match absent {
        None => given.iter().filter(|given| given.reason.window.holds(at)).cloned().collect(),
        Some(_) => Vec::new(),
    };
    let found = match paths(conn, &q, &standing).await? {
        // Memory was of another moment than these rows: they alone tell.
        None if q.view.is_some() => paths(conn, &Question { view: None, ..q }, &standing).await?,
        found => found,
    };
    let (paths, total) = found.ok_or_else(|| Error::internal("a nesting vanished while it was explained"))?;
    let direct = paths.first().is_some_and(|path| path.steps.is_empty());
    let mut told = Explanation {
        at,
        user: person,
        group: record,
        member: !paths.is_empty(),
        direct,
        paths,
        total,
        missing: None,
        rules: Vec::new(),
        conflicts: Vec::new(),
        group_names: HashMap::new(),
        people: HashMap::new(),
    };
    if !told.member {
        let missing = missing::find(conn, &q, &given, &absences, absent).await?;
        if !q.directory && missing.tells_nothing() {
            // To a guest a group that has nothing to do with them is not there.
            return Err(GONE);
        }
        told.missing = Some(missing);
    }
    told.conflicts = conflicts::find(conn, &q, told.member, &given).await?;
    name(conn, &q, &mut told, &given).await?;
    Ok(told)
}

/// Looks up what the groups and people of an explanation are called, and what the rules of these groups say.
async fn name(conn: &mut Conn, q: &Question<'_>, told: &mut Explanation, given: &[Given]) -> Result<()> {
    let (mut groups, mut people) = (BTreeSet::from([q.group]), BTreeSet::new());
    for way in &told.paths {
        way.named(&mut groups, &mut people);
    }
    if let Some(missing) = &told.missing {
        missing.named(&mut groups, &mut people);
    }
    groups.extend(told.conflicts.iter().flat_map(|conflict| &conflict.groups));
    let groups: Vec<GroupId> = groups.into_iter().collect();
    let records = past::groups(conn, q.company, &groups, q.then).await?;
    told.rules = rules::judge(conn, q, told, &records, given).await?;
    told.group_names = records.into_iter().map(|group| (group.id, group.name)).collect();
    if q.directory {
        let people: Vec<UserId> = people.into_iter().collect();
        let people = rows::people(conn, q.company, &people).await?;
        told.people = people.into_iter().map(|person| (person.id, person)).collect();
    }
    Ok(())
}

impl Engine {
    /// Why a user holds a role, now or at an instant that has passed, or why not: what [`Self::explain`] says of each
    /// group that gives it, 100 at most, by id. Guests are told of groups that have to do with them.
    ///
    /// # Errors
    /// As [`Self::explain`]; of a role that nothing gives, nothing is said.
    pub async fn explain_role(
        &self,
        caller: &Caller,
        user: UserId,
        role: RoleId,
        at: Option<Timestamp>,
    ) -> Result<Vec<Explanation>> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let then = at.map(|at| self.passed("at", at)).transpose()?;
        let mut conn = self.db().reader().await?;
        let mut groups = roles::giving_then(&mut conn, caller.company, role, then.unwrap_or(Timestamp::MAX)).await?;
        drop(conn);
        groups.truncate(LISTED);
        let mut all = Vec::with_capacity(groups.len());
        for group in groups {
            match self.explain(caller, user, group, then).await {
                Ok(told) => all.push(told),
                Err(Error::NotFound { noun: GroupId::NOUN }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(all)
    }

    /// Why a user is an effective member of a group, now or at an instant that has passed; or why not.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is, or was then, no such user or group; [`Error::Forbidden`];
    /// [`Error::Invalid`] on `at` when it is in the future.
    pub async fn explain(
        &self,
        caller: &Caller,
        user: UserId,
        group: GroupId,
        at: Option<Timestamp>,
    ) -> Result<Explanation> {
        authz::may_read(caller, Action::ReadUser(user))?;
        let then = at.map(|at| self.passed("at", at)).transpose()?;
        let (view, now) = if let Some(then) = then { (None, then) } else { self.present(caller.company).await };
        let question = Question {
            company: caller.company,
            user,
            group,
            then,
            at: now,
            directory: authz::may_read(caller, Action::ReadDirectory).is_ok(),
            view: view.as_deref(),
        };
        let mut conn = self.db().reader().await?;
        conn.begin_snapshot().await?;
        let told = explain(&mut conn, question).await?;
        conn.end_snapshot().await?;
        Ok(told)
    }
}
