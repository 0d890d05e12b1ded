//! Random histories with rules against a model so small that one can see it is right: after every step each rule's
//! members are those of whom the rule is true, now and at every hour to come.

use std::collections::{BTreeMap, BTreeSet};

use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::group::{EditGroup, NewGroup};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::patch::Patch;
use guildhall_domain::time::Window;
use guildhall_domain::user::EditUser;
use guildhall_engine::directory::{Load, MembershipRecord, Record};
use guildhall_engine::{ChangeMembers, Clock, Engine, MemberRef, NewCompany};
use guildhall_testkit::model::Formula;
use guildhall_testkit::seed::person;
use guildhall_testkit::{Place, operator, standing};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use uuid::Uuid;

use super::model::formula;

const PEOPLE: u8 = 5;
/// Groups with members given by hand, then groups that rules keep.
const HAND: u8 = 4;
const RULED: u8 = 4;
const HOURS: u64 = 6;
const HISTORIES: u64 = 16;
const LENGTH: usize = 40;

#[derive(Clone, Debug)]
enum Step {
    Level(u8, Option<u8>),
    Active(u8, bool),
    Rule(u8, Option<Formula>),
    Join(u8, u8),
    Leave(u8, u8),
    /// User, group, first hour and hour after the last, from now.
    Between(u8, u8, u64, u64),
    Nest(u8, u8),
    Unnest(u8, u8),
    Archive(u8),
    Restore(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (user, hand, any) = (0..PEOPLE, 0..HAND, 0..HAND + RULED);
    prop_oneof![
        3 => (user.clone(), prop::option::of(0..3_u8)).prop_map(|(u, l)| Step::Level(u, l)),
        1 => (user.clone(), prop::bool::ANY).prop_map(|(u, a)| Step::Active(u, a)),
        6 => (HAND..HAND + RULED, prop::option::weighted(0.9, formula(HAND + RULED))).prop_map(|(g, f)| Step::Rule(g, f)),
        4 => (user.clone(), hand.clone()).prop_map(|(u, g)| Step::Join(u, g)),
        2 => (user.clone(), hand.clone()).prop_map(|(u, g)| Step::Leave(u, g)),
        3 => (user, hand.clone(), 0..3_u64, 1..3_u64).prop_map(|(u, g, f, n)| Step::Between(u, g, f, f + n)),
        3 => (hand.clone(), any.clone()).prop_map(|(p, c)| Step::Nest(p, c)),
        1 => (hand, any.clone()).prop_map(|(p, c)| Step::Unnest(p, c)),
        1 => any.clone().prop_map(Step::Archive),
        2 => any.prop_map(Step::Restore),
        1 => (1..3_u64).prop_map(Step::Wait),
    ]
}

/// What the model knows: reasons by hand with their hours, nestings, rules and levels.
#[derive(Clone, Default)]
struct Model {
    hour: u64,
    levels: BTreeMap<u8, u8>,
    inactive: BTreeSet<u8>,
    rules: BTreeMap<u8, Formula>,
    /// By user and group: from, until.
    reasons: BTreeMap<(u8, u8), (u64, u64)>,
    nestings: BTreeSet<(u8, u8)>,
    archived: BTreeSet<u8>,
}

impl Model {
    /// Has the user a reason to be in the group at this hour, whatever their status?
    fn direct(&self, user: u8, group: u8, hour: u64) -> bool {
        if self.archived.contains(&group) {
            return false;
        }
        let hand = self.reasons.get(&(user, group)).is_some_and(|(from, until)| *from <= hour && hour < *until);
        let level = self.levels.get(&user).copied();
        let rule = self.rules.get(&group);
        hand || rule.is_some_and(|rule| rule.holds(level, &|read| self.effective(user, read, hour)))
    }

    fn effective(&self, user: u8, group: u8, hour: u64) -> bool {
        let inside = |&&(parent, child): &&(u8, u8)| {
            parent == group && !self.archived.contains(&parent) && !self.archived.contains(&child)
        };
        self.direct(user, group, hour)
            || self.nestings.iter().filter(inside).any(|(_, child)| self.effective(user, *child, hour))
    }

    fn members(&self, group: u8) -> Vec<u8> {
        let counts = |user: &u8| !self.inactive.contains(user) && self.direct(*user, group, self.hour);
        (0..PEOPLE).filter(counts).collect()
    }

    /// Would these rules and nestings build on each other in a circle?
    fn circular(&self) -> bool {
        let mut builds: BTreeSet<(u8, u8)> = BTreeSet::new();
        for (parent, child) in &self.nestings {
            if !self.archived.contains(parent) && !self.archived.contains(child) {
                builds.insert((*child, *parent));
            }
        }
        for (group, rule) in self.rules.iter().filter(|(group, _)| !self.archived.contains(*group)) {
            rule.reads(&mut |read| {
                builds.insert((read, *group));
            });
        }
        // As long as something can be taken away that nothing leads to.
        let mut left: BTreeSet<u8> = (0..HAND + RULED).collect();
        while let Some(free) = left.iter().copied().find(|g| !builds.iter().any(|(a, b)| b == g && left.contains(a))) {
            left.remove(&free);
        }
        !left.is_empty()
    }
}

/// One company on one database.
struct Real {
    engine: Engine,
    clock: Clock,
    hand: Caller,
    company: CompanyId,
}

impl Real {
    fn user(n: u8) -> UserId {
        UserId::new(Uuid::from_u64_pair(0x100, n.into()))
    }
    fn group(n: u8) -> GroupId {
        GroupId::new(Uuid::from_u64_pair(0x200, n.into()))
    }

    async fn new(engine: Engine, clock: Clock) -> Self {
        let company = CompanyId::new(Uuid::from_u128(7));
        let hand = operator(&engine, company);
        let new = NewCompany { id: Some(company), name: "Model".into(), settings: None, admin: None };
        engine.create_company(&hand, new).await.unwrap();
        for n in 0..PEOPLE {
            engine.create_user(&hand, person(&format!("P {n}"), Some(Self::user(n).uuid()))).await.unwrap();
        }
        for n in 0..HAND + RULED {
            let new = NewGroup { id: Some(Self::group(n)), name: format!("G {n}"), ..Default::default() };
            engine.create_group(&hand, new).await.unwrap();
        }
        Self { engine, clock, hand, company }
    }

    async fn take(&self, step: &Step) -> Result<(), Error> {
        let (engine, hand) = (&self.engine, &self.hand);
        match step {
            Step::Level(u, level) => {
                let text = level.map_or("{}".to_owned(), |level| format!("{{\"level\":{level}}}"));
                let edit = EditUser { attributes: Patch::Set(text), ..Default::default() };
                engine.edit_user(hand, Self::user(*u), edit, None).await.map(drop)
            }
            Step::Active(u, true) => engine.reactivate_user(hand, Self::user(*u)).await.map(drop),
            Step::Active(u, false) => engine.deactivate_user(hand, Self::user(*u)).await.map(drop),
            Step::Rule(g, rule) => {
                let rule = rule.as_ref().map_or(Patch::Clear, |rule| Patch::Set(rule.text(&Self::group)));
                let edit = EditGroup { rule, ..Default::default() };
                engine.edit_group(hand, Self::group(*g), edit, None).await.map(drop)
            }
            Step::Join(u, g) | Step::Leave(u, g) => {
                let named = vec![MemberRef::Id(Self::user(*u))];
                let mut ask = ChangeMembers::of(Self::group(*g));
                *(if matches!(step, Step::Join(..)) { &mut ask.add } else { &mut ask.remove }) = named;
                engine.change_members(hand, ask).await.map(drop)
            }
            Step::Between(u, g, from, until) => {
                let at = |hours: u64| Some(self.clock.now().plus_seconds(i64::try_from(hours).unwrap() * 3600));
                let mut load = Load::new();
                load.file("steps").unwrap();
                let record = MembershipRecord {
                    company: self.company,
                    group: Self::group(*g),
                    user: Self::user(*u),
                    kind: ReasonKind::Requested,
                    connection: None,
                    window: Window { starts: at(*from), ends: at(*until) },
                    note: None,
                    added_at: None,
                };
                load.push(1, Record::Membership(record)).unwrap();
                let done = engine.load(load, true, engine.clock().id(), &|_, _| true).await;
                done.map(drop).map_err(|fault| fault.error)
            }
            Step::Nest(p, c) => engine.nest(hand, Self::group(*p), Self::group(*c)).await.map(drop),
            Step::Unnest(p, c) => engine.unnest(hand, Self::group(*p), Self::group(*c)).await.map(drop),
            Step::Archive(g) => engine.archive_group(hand, Self::group(*g), None).await.map(drop),
            Step::Restore(g) => engine.restore_group(hand, Self::group(*g)).await.map(drop),
            Step::Wait(hours) => {
                self.clock.set(self.clock.now().plus_seconds(i64::try_from(*hours).unwrap() * 3600));
                Ok(())
            }
        }
    }

    async fn members(&self) -> Vec<Vec<u8>> {
        let groups: Vec<GroupId> = (0..HAND + RULED).map(Self::group).collect();
        let found = self.engine.member_ids(&self.hand, &groups).await.unwrap();
        found.into_iter().map(|ids| ids.into_iter().map(|id| id.uuid().as_bytes()[15]).collect()).collect()
    }
}

/// What the step makes of the model, when the server takes it.
fn after(model: &Model, step: &Step) -> Model {
    let mut next = model.clone();
    match step {
        Step::Level(u, Some(level)) => drop(next.levels.insert(*u, *level)),
        Step::Level(u, None) => drop(next.levels.remove(u)),
        Step::Active(u, true) => drop(next.inactive.remove(u)),
        Step::Active(u, false) => drop(next.inactive.insert(*u)),
        Step::Rule(g, Some(rule)) => drop(next.rules.insert(*g, rule.clone())),
        Step::Rule(g, None) => drop(next.rules.remove(g)),
        // By hand lasts for good; where a reason stands, another adds nothing.
        Step::Join(u, g) => drop(next.reasons.insert((*u, *g), (0, u64::MAX))),
        Step::Leave(u, g) => drop(next.reasons.remove(&(*u, *g))),
        Step::Between(u, g, from, until) => {
            let (from, until) = (model.hour + from, model.hour + until);
            let stands = model.reasons.get(&(*u, *g)).is_some_and(|(_, until)| *until > model.hour);
            if !stands {
                next.reasons.insert((*u, *g), (from, until));
            }
        }
        Step::Nest(p, c) => drop(next.nestings.insert((*p, *c))),
        Step::Unnest(p, c) => drop(next.nestings.remove(&(*p, *c))),
        Step::Archive(g) => drop(next.archived.insert(*g)),
        Step::Restore(g) => drop(next.archived.remove(g)),
        Step::Wait(hours) => next.hour += hours,
    }
    next
}

/// Steps that would make the model as large as the server (what a restore brings back of several reasons and nestings,
/// say) are left out.
fn sensible(model: &Model, step: &Step) -> bool {
    let live = |g: &u8| !model.archived.contains(g);
    match step {
        Step::Join(u, g) | Step::Between(u, g, ..) => live(g) && !model.reasons.contains_key(&(*u, *g)),
        Step::Leave(u, g) => live(g) && model.reasons.contains_key(&(*u, *g)),
        Step::Nest(p, c) => live(p) && live(c) && !model.nestings.contains(&(*p, *c)),
        Step::Unnest(p, c) => live(p) && live(c) && model.nestings.contains(&(*p, *c)),
        Step::Rule(g, _) | Step::Archive(g) => live(g),
        Step::Restore(g) => !live(g) && model.nestings.iter().all(|(p, c)| live(p) && live(c) || p == g || c == g),
        _ => true,
    }
}

async fn history(place: Place, seed: u64) {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let clock = standing();
    let real = Real::new(place.engine(clock.clone()).await, clock).await;
    let (mut model, mut told, mut taken) = (Model::default(), Vec::new(), 0);
    while taken < LENGTH {
        let step = step().new_tree(&mut runner).unwrap().current();
        if !sensible(&model, &step) {
            continue;
        }
        taken += 1;
        let next = after(&model, &step);
        told.push(format!("{step:?}"));
        let context = || format!("on {} in history {seed}:\n{}", place.kind(), told.join("\n"));
        match real.take(&step).await {
            Ok(()) => {
                assert!(!next.circular(), "a circle was let through {}", context());
                model = next;
            }
            Err(Error::Cycle { groups }) => {
                assert!(next.circular(), "{groups:?} is no circle {}", context());
                assert_eq!(groups.first(), groups.last());
            }
            Err(error) => panic!("{error} {}", context()),
        }
        // Now and, without anything running, at every hour to come.
        let (now, hour) = (real.clock.now(), model.hour);
        for later in 0..HOURS {
            real.clock.set(now.plus_seconds(i64::try_from(later).unwrap() * 3600));
            model.hour = hour + later;
            let wanted: Vec<Vec<u8>> = (0..HAND + RULED)
                .map(|g| if model.archived.contains(&g) { Vec::new() } else { model.members(g) })
                .collect();
            assert_eq!(real.members().await, wanted, "{later} hours later {}", context());
        }
        real.clock.set(now);
        model.hour = hour;
    }
    for company in real.engine.verify().await.unwrap() {
        assert_eq!(company.broken, None);
    }
}

#[tokio::test]
async fn the_members_that_rules_keep_are_those_of_the_model() {
    for seed in 0..HISTORIES {
        history(Place::sqlite(), seed).await;
    }
    for seed in 0..HISTORIES / 4 {
        history(Place::postgres().await, seed).await;
    }
}
