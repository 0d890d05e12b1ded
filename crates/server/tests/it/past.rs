//! Random histories on both databases: what is told of an instant later is what was told at that instant.

use std::collections::BTreeMap;

use guildhall_domain::Timestamp;
use guildhall_domain::group::Group;
use guildhall_engine::{Question, Shown};
use guildhall_testkit::model::Step;
use guildhall_testkit::{Place, standing};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::model::{GROUPS, PEOPLE, Real, Told, step, told_of};

const HISTORIES: usize = 2;
const LENGTH: usize = 30;

/// The records of all groups that there are, without what only the present knows.
async fn records(real: &Real, at: Option<Timestamp>) -> Vec<Group> {
    let mut all = Vec::new();
    for g in 0..GROUPS {
        let found = match at {
            None => {
                real.engine.group(&real.hand, real.group(g), Shown::Restorable).await.map(|group| Group::clone(&group))
            }
            Some(at) => real.engine.as_of(at).unwrap().group(&real.hand, real.group(g), Shown::Restorable).await,
        };
        all.extend(found.map(|group| Group { members_changed_at: Timestamp::MIN, ..group }));
    }
    all
}

/// Explanations agree with the checks, now and then.
async fn explained(real: &Real, told: &Told, at: Option<Timestamp>) {
    let effective = &told.checks[told.checks.len() / 2..];
    let pairs = (0..PEOPLE).flat_map(|u| (0..GROUPS).map(move |g| (u, g)));
    for ((u, g), member) in pairs.zip(effective) {
        let Ok(why) = real.engine.explain(&real.hand, real.user(u), real.group(g), at).await else {
            assert!(!member, "{u} {g}");
            continue;
        };
        assert_eq!(why.member, *member, "{u} in {g} at {at:?}: {why:?}");
        assert_eq!((why.paths.is_empty(), why.total == 0, why.missing.is_some()), (!member, !member, !member));
        if let Some((from, until)) = why.missing.and_then(|missing| missing.last) {
            assert!(from < until && until <= why.at);
            // Just before it ended they were in.
            let before = Timestamp::from_micros(until.micros() - 1);
            let past = real.engine.as_of(before).unwrap();
            let question = Question { user: real.user(u), group: real.group(g), effective: true };
            assert_eq!(past.check(&real.hand, &[question]).await.unwrap(), [true], "{u} in {g} before {until}");
        }
    }
}

#[tokio::test]
async fn what_was_told_then_is_told_of_then() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let clock = standing();
        let engine = place.engine(clock.clone()).await;
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let histories = prop::collection::vec(step(), LENGTH);
        for history in 1..=HISTORIES as u64 {
            let mut steps: Vec<Step> = (0..PEOPLE - 2).map(|u| Step::CreateUser(u, u)).collect();
            steps.extend((0..GROUPS - 1).map(|g| Step::CreateGroup(g, g % 2)));
            steps.extend(histories.new_tree(&mut runner).unwrap().current());
            let real = Real::new(engine.clone(), clock.clone(), history).await;
            let mut kept: BTreeMap<Timestamp, (Told, Vec<Group>)> = BTreeMap::new();
            for (i, step) in steps.iter().enumerate() {
                // Several steps in one instant, close ones, and ones far apart.
                let pause = [0, 1, 700_000, 5_000_000, 90_000_000, 30_000_000_000][i % 6];
                clock.set(Timestamp::from_micros(clock.now().micros() + pause));
                let _refused = real.take(step).await;
                let told = (real.told(&real.engine).await, records(&real, None).await);
                if i % 10 == 0 {
                    explained(&real, &told.0, None).await;
                }
                kept.insert(clock.now(), told);
            }
            clock.set(clock.now().plus_seconds(3_600));
            // Each answer as of an instant takes many statements: every other one will do.
            for (i, (at, (told, groups))) in kept.iter().enumerate().step_by(2) {
                let what = format!("history {history} at {at} on {}: {steps:?}", place.kind());
                assert_eq!(&told_of(&real, *at).await, told, "{what}");
                assert_eq!(&records(&real, Some(*at)).await, groups, "{what}");
                if i % 6 == 0 {
                    explained(&real, told, Some(*at)).await;
                }
            }
        }
    }
}
