//! Random histories on SQLite and on PostgreSQL against the model: no difference in any answer, refusal, list, count,
//! explanation, preview, or answer as of an instant.
//!
//! `GUILDHALL_MODEL_HISTORIES=1000` makes a long run of it.

mod real;
mod told;

use guildhall_domain::{Error, Timestamp};
use guildhall_testkit::model::{Formula, Model, Step, Why};
use guildhall_testkit::{Place, standing};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub(crate) use real::Real;
pub(crate) use told::{Told, told_of, why};

pub(crate) const PEOPLE: u8 = 8;
pub(crate) const GROUPS: u8 = 6;
const HISTORIES: usize = 32;
const LENGTH: usize = 60;
/// Every so many steps what takes hundreds of statements is asked as well.
const SELDOM: usize = 16;

/// A rule over levels and these groups.
pub(crate) fn formula(groups: u8) -> impl Strategy<Value = Formula> {
    let leaf = prop_oneof![(0..3_u8).prop_map(Formula::Level), (0..groups).prop_map(Formula::In)];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|f| Formula::Not(Box::new(f))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Formula::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Formula::Or(Box::new(a), Box::new(b))),
        ]
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let user = 0..PEOPLE;
    let group = 0..GROUPS;
    let users = prop::collection::vec(0..PEOPLE, 0..4);
    prop_oneof![
        3 => (user.clone(), user.clone()).prop_map(|(u, a)| Step::CreateUser(u, a)),
        1 => (user.clone(), user.clone()).prop_map(|(u, a)| Step::Readdress(u, a)),
        2 => user.clone().prop_map(Step::Deactivate),
        2 => user.prop_map(Step::Reactivate),
        1 => (0..PEOPLE * 2).prop_map(Step::Erase),
        3 => (group.clone(), group.clone()).prop_map(|(g, n)| Step::CreateGroup(g, n)),
        1 => (group.clone(), group.clone()).prop_map(|(g, n)| Step::Rename(g, n)),
        1 => group.clone().prop_map(Step::Archive),
        2 => group.clone().prop_map(Step::Restore),
        5 => (group.clone(), users.clone()).prop_map(|(g, u)| Step::Add(g, u)),
        3 => (group.clone(), users.clone()).prop_map(|(g, u)| Step::Remove(g, u)),
        4 => (group.clone(), users.clone(), 0..6_u8, 1..20_u8).prop_map(|(g, u, from, days)| Step::Lend(g, u, from, days)),
        3 => (group.clone(), users).prop_map(|(g, u)| Step::SetMembers(g, u)),
        6 => (group.clone(), group.clone()).prop_map(|(p, c)| Step::Nest(p, c)),
        2 => (group.clone(), group).prop_map(|(p, c)| Step::Unnest(p, c)),
        3 => (0..PEOPLE, prop::option::of(0..3_u8)).prop_map(|(u, level)| Step::Level(u, level)),
        3 => (0..GROUPS, prop::option::weighted(0.6, formula(GROUPS))).prop_map(|(g, rule)| Step::Rule(g, rule)),
        3 => (0..GROUPS, 0..12_u8, 1..8_u8).prop_map(|(g, ago, what)| Step::PutBack(g, ago, what)),
        2 => (0..3_u8, prop::collection::vec(0..GROUPS, 1..5), 1..3_u8).prop_map(|(c, g, n)| Step::Conflict(c, g, n)),
        1 => (0..3_u8).prop_map(Step::EndConflict),
        2 => (1..12_u8).prop_map(Step::Wait),
        1 => (12..40_u8).prop_map(Step::Wait),
        2 => (1..20_u8).prop_map(Step::Pass),
    ]
}

/// What was told after a step, to be asked for again later: its instant, all lists, and some explanations.
struct Kept {
    at: Timestamp,
    told: Told,
    whys: Vec<((u8, u8), Option<Why>)>,
}

/// Some users and groups, others at each step.
fn pairs(step: usize) -> impl Iterator<Item = (u8, u8)> {
    let all = usize::from(PEOPLE) * usize::from(GROUPS);
    (0..5)
        .map(move |i| (step * 5 + i * 11) % all)
        .map(|n| ((n % usize::from(PEOPLE)) as u8, (n / usize::from(PEOPLE)) as u8))
}

/// A preview says what the step then does, or refuses as the step does, and moves nothing.
async fn previewed(
    real: &Real,
    step: &Step,
    expected: Result<(), &'static str>,
    before: &Told,
    after: &Told,
    at: &str,
) {
    if matches!(step, Step::Wait(_) | Step::Pass(_)) {
        return;
    }
    let revision = real.engine.revision(real.hand.company).await.unwrap();
    match (real.preview(step).await, expected) {
        (Err(error), expected) => assert_eq!(Err(error.cause()), expected, "preview: {at}\n{error:?}"),
        (Ok(preview), Err("separation_of_duties")) => assert!(preview.breaches_total > 0, "preview: {at}"),
        (Ok(preview), expected) => {
            assert_eq!((expected, preview.breaches_total), (Ok(()), 0), "preview: {at}");
            let effects = [&preview.gained, &preview.lost].map(|effects| {
                let number = |id| Real::number(id);
                effects.iter().map(|e| (number(e.group.uuid()), number(e.user.uuid()), e.direct)).collect::<Vec<_>>()
            });
            assert_eq!(effects, before.until(after), "preview: {at}");
            let totals = [preview.gained_total, preview.lost_total];
            assert_eq!(effects.map(|effects| effects.len() as u64), totals, "preview: {at}");
            assert_eq!(preview.revision, revision, "preview: {at}");
        }
    }
    assert_eq!(real.engine.revision(real.hand.company).await.unwrap(), revision, "a preview moved the journal: {at}");
    assert_eq!(&real.told(&real.engine).await, before, "after a preview: {at}");
}

#[tokio::test]
async fn random_histories_end_alike_everywhere() {
    let count = std::env::var("GUILDHALL_MODEL_HISTORIES").map_or(HISTORIES, |count| count.parse().expect("a number"));
    let places = [Place::sqlite(), Place::postgres().await];
    let mut engines = Vec::new();
    for place in &places {
        let clock = standing();
        engines.push((place.engine(clock.clone()).await, clock));
    }
    // A fixed seed: a failure is the same failure tomorrow.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let histories = prop::collection::vec(step(), LENGTH);
    let mut taken = 0;
    for history in 1..=count as u64 {
        // Most of the people and groups are there from the beginning: else nearly every step would be refused.
        let mut steps: Vec<Step> = (0..PEOPLE - 2).map(|u| Step::CreateUser(u, u)).collect();
        steps.extend((0..GROUPS - 1).map(|g| Step::CreateGroup(g, g % 2)));
        steps.extend(histories.new_tree(&mut runner).unwrap().current());
        let mut model = Model::default();
        let mut reals = Vec::new();
        for (engine, clock) in &engines {
            reals.push((Real::new(engine.clone(), clock.clone(), history).await, Vec::new()));
        }
        let mut before = Told::of(&model);
        for (i, step) in steps.iter().enumerate() {
            let expected = model.apply(step);
            let told = Told::of(&model);
            for ((real, kept), place) in reals.iter_mut().zip(&places) {
                let at = format!("history {history}, step {i} {step:?} on {}: {:?}", place.kind(), &steps[..=i]);
                // Each step has an instant of its own.
                real.clock.set(Timestamp::from_micros(real.clock.now().micros() + 1));
                if i % 3 == 0 {
                    previewed(real, step, expected, &before, &told, &at).await;
                }
                let revision = real.engine.revision(real.hand.company).await.unwrap();
                let outcome = real.take(step).await;
                assert_eq!(outcome.as_ref().map_err(Error::cause).copied(), expected, "{at}\n{outcome:?}");
                if outcome.is_err() {
                    let after = real.engine.revision(real.hand.company).await.unwrap();
                    assert_eq!(revision, after, "a refusal moved the journal: {at}");
                }
                assert_eq!(real.told(&real.engine).await, told, "memory: {at}");
                let seldom = (i + history as usize).is_multiple_of(SELDOM);
                if seldom || i + 1 == steps.len() {
                    assert_eq!(real.told(&real.engine.from_rows()).await, told, "rows: {at}");
                }
                let mut whys = Vec::new();
                for pair in pairs(i).take(if seldom { 5 } else { 1 }) {
                    let expected = model.why(pair.0, pair.1);
                    assert_eq!(why(real, pair, None).await, expected, "{pair:?} {at}");
                    whys.push((pair, expected));
                }
                if seldom {
                    kept.push(Kept { at: real.clock.now(), told: told.clone(), whys });
                }
            }
            before = told;
            taken += usize::from(expected.is_ok());
        }
        // What was told then is told of then.
        for ((real, kept), place) in reals.iter().zip(&places) {
            real.clock.set(real.clock.now().plus_seconds(3_600));
            for Kept { at, told, whys } in kept {
                let what = format!("history {history} as of {at} on {}: {steps:?}", place.kind());
                assert_eq!(&told_of(real, *at).await, told, "{what}");
                for (pair, expected) in whys {
                    assert_eq!(&why(real, *pair, Some(*at)).await, expected, "{pair:?} {what}");
                }
            }
        }
    }
    assert!(taken > count * LENGTH / 2, "only {taken} steps were taken: the histories say too little");
    for (engine, _) in &engines {
        for chain in engine.verify().await.unwrap() {
            assert_eq!(chain.broken, None, "{}", chain.company);
        }
    }
}
