//! Reasons of a decision, in its `context`: the ways to the group, shortest first, or what is missing.

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{GroupId, RoleId, UserId};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::{Ended, Explanation, Given, Had, Missing, Question, Step, Thing, Way, What};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;

/// The most evaluations of one call that may ask for reasons: each is a walk of its own.
pub(super) const MOST: usize = 100;
/// The most ways and ends that one decision lists.
const LISTED: usize = 100;

/// What a decision says beside yes or no.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Told {
    /// What is wrong with this one evaluation of many, which is denied for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault>,
    /// The reason in one sentence, for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_admin: Option<Words>,
    /// The instant that the reasons are true of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The ways that permit it, shortest first, 100 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<Reason>>,
    /// The exact number of all ways, as a text of digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    /// What it would take, and what there was before; only where it is denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Lacking>,
}

/// What is wrong with one evaluation.
#[derive(Debug, Serialize, ToSchema)]
struct Fault {
    /// By the meaning that HTTP gives it.
    status: u16,
    /// In words, with the place.
    message: String,
}

/// A sentence by its language.
#[derive(Debug, Serialize, ToSchema)]
struct Words {
    /// In English.
    en: String,
}

/// Something or somebody by id and name.
#[derive(Debug, Serialize, ToSchema)]
struct Called {
    /// The id.
    id: Uuid,
    /// The name; null where the caller may not see it.
    name: Option<String>,
}

/// One way from a reason through nestings to the group.
#[derive(Debug, Serialize, ToSchema)]
struct Reason {
    /// The id of the reason.
    id: Uuid,
    /// Its kind: `direct`, `synced`, `rule` or `requested`.
    kind: &'static str,
    /// The connection, rule or request it comes from; null for a direct one.
    source: Option<Uuid>,
    /// Who gave it; null for the platform and the system.
    given_by: Option<Called>,
    /// A note for people.
    note: Option<String>,
    /// Since when it counts.
    #[schema(format = DateTime)]
    since: String,
    /// The first instant at which it counts no more; null when it always will.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The group that it puts the user into.
    group: Called,
    /// The groups around that one, in order, up to the one that was asked about.
    through: Vec<Through>,
}

/// A nesting that carries a membership on.
#[derive(Debug, Serialize, ToSchema)]
struct Through {
    /// The group around.
    group: Called,
    /// Since when the one is inside the other.
    #[schema(format = DateTime)]
    since: String,
    /// Who put it there; null for the platform and the system.
    by: Option<Called>,
}

/// What it would take, and what there was before.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Lacking {
    /// The groups that would give it, nearest first, 100 at most.
    groups: Vec<Called>,
    /// The number of all of them.
    total: u64,
    /// Since when the user is inactive, so that nothing counts.
    #[schema(format = DateTime)]
    inactive_since: Option<String>,
    /// Reasons that are yet to begin.
    scheduled: Vec<Reason>,
    /// When the user last was a member: from, until.
    #[schema(value_type = Option<Vec<String>>)]
    last: Option<[String; 2]>,
    /// What led to the group and ended, the last first, 100 at most.
    ended: Vec<Over>,
}

/// Something that led to the group and ended.
#[derive(Debug, Serialize, ToSchema)]
struct Over {
    /// What: a `reason` that was taken away, the `window` of one that ran out, or a `nesting` that was taken apart.
    what: &'static str,
    /// Of which group: the one the reason was in, or the one inside.
    group: Called,
    /// The group around, of a nesting.
    inside: Option<Called>,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom; null for the platform, the system, and a window that ran out.
    by: Option<Called>,
    /// The kind of the event that ended it.
    event: Option<String>,
    /// That event's revision.
    revision: Option<u64>,
    /// Did the membership end with it?
    ended_membership: bool,
}

fn at(t: Timestamp) -> String {
    t.to_string()
}

/// What is told of one explanation, and what things are called in it.
struct Teller<'e>(&'e Explanation);

impl Teller<'_> {
    fn group(&self, id: GroupId) -> Called {
        Called { id: id.uuid(), name: self.0.group_names.get(&id).cloned() }
    }

    fn name(&self, id: GroupId) -> &str {
        self.0.group_names.get(&id).map_or("a group", String::as_str)
    }

    fn person(&self, id: UserId) -> Called {
        Called { id: id.uuid(), name: self.0.people.get(&id).map(|person| person.name().to_owned()) }
    }

    fn reason(&self, Given { reason, opened_at, .. }: &Given, steps: &[Step]) -> Reason {
        let Window { starts, ends } = reason.window;
        let through = |step: &Step| Through {
            group: self.group(step.nesting.parent),
            since: at(step.since),
            by: step.by.map(|by| self.person(by)),
        };
        Reason {
            id: reason.id.uuid(),
            kind: reason.kind.word(),
            source: Some(reason.source).filter(|source| !source.is_nil()),
            given_by: reason.giver.map(|giver| self.person(giver)),
            note: reason.note.clone(),
            since: at(starts.map_or(*opened_at, |starts| starts.max(*opened_at))),
            until: ends.map(at),
            group: self.group(reason.group),
            through: steps.iter().map(through).collect(),
        }
    }

    fn over(&self, ended: &Ended) -> Over {
        let (what, group, inside) = match &ended.what {
            What::Reason(given) => ("reason", given.reason.group, None),
            What::Window(given) => ("window", given.reason.group, None),
            What::Grant(grant) => ("grant", grant.group, None),
            What::Nesting(step) => ("nesting", step.nesting.child, Some(self.group(step.nesting.parent))),
        };
        Over {
            what,
            group: self.group(group),
            inside,
            at: at(ended.at),
            by: ended.by.map(|by| self.person(by)),
            event: ended.event.as_ref().map(|(_, kind)| kind.clone()),
            revision: ended.event.as_ref().map(|(revision, _)| *revision),
            ended_membership: ended.ended_membership,
        }
    }

    fn missing(&self, missing: &Missing) -> Lacking {
        Lacking {
            groups: missing.groups.iter().map(|group| self.group(*group)).collect(),
            total: missing.total as u64,
            inactive_since: missing.inactive.map(|absence| at(absence.since)),
            scheduled: missing.scheduled.iter().map(|given| self.reason(given, &[])).collect(),
            last: missing.last.map(|(from, until)| [at(from), at(until)]),
            ended: missing.ended.iter().map(|ended| self.over(ended)).collect(),
        }
    }

    fn permitted(&self, way: &Way, total: u128) -> String {
        let mut text = format!("{} in {}", way.reason.reason.kind.word(), self.name(way.reason.reason.group));
        for step in &way.steps {
            text.push_str(", inside ");
            text.push_str(self.name(step.nesting.parent));
        }
        match total {
            0 | 1 => text,
            2 => format!("{text}; and 1 more way"),
            n => format!("{text}; and {} more ways", n - 1),
        }
    }

    fn denied(&self) -> String {
        let Some(missing) = &self.0.missing else { return "a member by nesting alone".into() };
        if let Some(absence) = missing.inactive {
            return format!("inactive since {}", at(absence.since));
        }
        if let Some(starts) = missing.scheduled.iter().filter_map(|given| given.reason.window.starts).min() {
            return format!("not a member before {}", at(starts));
        }
        match missing.last {
            Some((_, until)) => format!("not a member since {}", at(until)),
            None => "never a member".into(),
        }
    }

    fn tell(&self, effective: bool) -> Told {
        let told = self.0;
        // Direct ways are the shortest, so that none of them is behind the cut.
        let ways: Vec<&Way> = told.paths.iter().filter(|way| effective || way.steps.is_empty()).collect();
        let total = if effective { told.total } else { ways.len() as u128 };
        let words = ways.first().map_or_else(|| self.denied(), |way| self.permitted(way, total));
        Told {
            error: None,
            reason_admin: Some(Words { en: words }),
            at: Some(at(told.at)),
            reasons: Some(ways.iter().map(|way| self.reason(&way.reason, &way.steps)).collect()),
            total: Some(total.to_string()),
            missing: told.missing.as_ref().map(|missing| self.missing(missing)),
        }
    }
}

impl Told {
    /// An evaluation that cannot be decided, among others that can.
    pub(super) fn wrong(error: &Error) -> Self {
        Self { error: Some(Fault { status: 400, message: error.to_string() }), ..Self::default() }
    }

    /// What no row can permit.
    pub(super) fn never(why: &str) -> Self {
        let reasons = Some(Vec::new());
        Self { reason_admin: Some(Words { en: why.into() }), reasons, total: Some("0".into()), ..Self::default() }
    }

    /// Why a user has an app, or does not, in a sentence: `…/explain` of the native API tells more.
    pub(super) async fn of_app(app: &App, caller: &Caller, had: &Had) -> Result<Self> {
        let told = match app.engine().explain_thing(caller, had.user, Thing::App(had.app, None), had.at).await {
            Ok(told) => told,
            Err(Error::NotFound { noun }) => return Ok(Self::never(&format!("there is no such {noun}"))),
            Err(fault) => return Err(fault),
        };
        let missing = told.missing.as_ref();
        let words = match (&told.access, missing.and_then(|missing| missing.inactive)) {
            (_, Some(absence)) => format!("inactive since {}", at(absence.since)),
            (Some(access), None) if told.held => {
                let level = told.app.as_ref().and_then(|app| app.level(access.held.level?));
                let level = level.map_or_else(String::new, |level| format!(" at the level {}", level.name));
                let asked = access.request.as_ref().map_or("", |_| ", by a request");
                format!("access{level} since {}{asked}", at(access.held.since))
            }
            _ => match (missing.and_then(|missing| missing.last), missing.map_or(0, |missing| missing.pending.len())) {
                (_, 1..) => "asked for, and not given yet".to_owned(),
                (Some((_, until)), 0) => format!("no access since {}", at(until)),
                (None, 0) => "never had access".to_owned(),
            },
        };
        let last = missing.and_then(|missing| missing.last).map(|(from, until)| [at(from), at(until)]);
        let inactive_since = missing.and_then(|missing| missing.inactive).map(|absence| at(absence.since));
        let missing = missing.map(|_| Lacking { last, inactive_since, ..Lacking::default() });
        let reason_admin = Some(Words { en: words });
        Ok(Self { reason_admin, at: Some(at(told.at)), missing, ..Self::default() })
    }

    /// Why a user holds a role by its groups, or does not.
    pub(super) async fn of_role(
        app: &App,
        caller: &Caller,
        user: UserId,
        role: RoleId,
        then: Option<Timestamp>,
    ) -> Result<Self> {
        let all = match app.engine().explain_role(caller, user, role, then).await {
            Ok(all) => all,
            Err(Error::NotFound { noun }) => return Ok(Self::never(&format!("there is no such {noun}"))),
            Err(fault) => return Err(fault),
        };
        let permitting: Vec<&Explanation> = all.iter().filter(|told| told.member).collect();
        let Some(first) = permitting.iter().min_by_key(|told| told.paths.first().map_or(0, |way| way.steps.len()))
        else {
            return Ok(all.first().map_or_else(|| Self::never("no group gives this role"), |_| Self::no_role(&all)));
        };
        let mut ways: Vec<(&Explanation, &Way)> =
            permitting.iter().flat_map(|told| told.paths.iter().map(move |way| (*told, way))).collect();
        ways.sort_by_key(|(_, way)| way.steps.len());
        ways.truncate(LISTED);
        let total = permitting.iter().fold(0_u128, |sum, told| sum.saturating_add(told.total));
        let words = first.paths.first().map(|way| Teller(first).permitted(way, total)).unwrap_or_default();
        Ok(Self {
            reason_admin: Some(Words { en: words }),
            at: Some(at(first.at)),
            reasons: Some(ways.into_iter().map(|(told, way)| Teller(told).reason(&way.reason, &way.steps)).collect()),
            total: Some(total.to_string()),
            ..Self::default()
        })
    }

    /// What it would take to hold a role that these groups give.
    fn no_role(all: &[Explanation]) -> Self {
        let mut lacking = Lacking { total: all.len() as u64, ..Lacking::default() };
        for told in all {
            let Some(missing) = &told.missing else { continue };
            let of = Teller(told).missing(missing);
            lacking.groups.push(Teller(told).group(told.group.id));
            lacking.inactive_since = of.inactive_since;
            lacking.scheduled.extend(of.scheduled);
            if of.last.as_ref().map(|[_, until]| until) > lacking.last.as_ref().map(|[_, until]| until) {
                lacking.last = of.last;
            }
            lacking.ended.extend(of.ended);
        }
        lacking.ended.sort_by(|a, b| b.at.cmp(&a.at));
        lacking.ended.truncate(LISTED);
        lacking.scheduled.truncate(LISTED);
        let words = match (&lacking.inactive_since, &lacking.last) {
            (Some(since), _) => format!("inactive since {since}"),
            (None, Some([_, until])) => format!("in no group that gives it since {until}"),
            (None, None) => "never in a group that gives it".into(),
        };
        Self {
            reason_admin: Some(Words { en: words }),
            at: all.first().map(|told| at(told.at)),
            reasons: Some(Vec::new()),
            total: Some("0".into()),
            missing: Some(lacking),
            error: None,
        }
    }

    /// Why a membership is there, or is not.
    pub(super) async fn of(app: &App, caller: &Caller, q: &Question, then: Option<Timestamp>) -> Result<Self> {
        match app.engine().explain(caller, q.user, q.group, then).await {
            Ok(told) => Ok(Teller(&told).tell(q.effective)),
            Err(Error::NotFound { noun }) => Ok(Self::never(&format!("there is no such {noun}"))),
            Err(fault) => Err(fault),
        }
    }
}
