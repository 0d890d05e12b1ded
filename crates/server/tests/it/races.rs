//! Races: what is taken away is gone at the next check, two nodes agree, and time is told once, whatever the clock does.

use std::time::{Duration, Instant};

use guildhall_domain::Timestamp;
use guildhall_domain::group::{EditGroup, NewGroup};
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::time::Window;
use guildhall_engine::{ChangeMembers, Engine, MemberRef, Question};
use guildhall_testkit::seed::person;
use guildhall_testkit::{App, Place, Who, on_both, operator};
use serde_json::json;
use uuid::Uuid;

fn at(app: &App, path: &str) -> String {
    format!("/v1/companies/{}{path}", app.id("northwind"))
}

async fn group(app: &App, name: &str) -> GroupId {
    let new = NewGroup { name: name.into(), ..Default::default() };
    app.engine.create_group(&operator(&app.engine, app.company()), new).await.unwrap().value.id
}

async fn user(app: &App, name: &str) -> UserId {
    app.engine.create_user(&operator(&app.engine, app.company()), person(name, None)).await.unwrap().value.id
}

/// Is the user an effective member, as this node tells it in two dialects?
async fn member(app: &App, user: UserId, group: GroupId, min: Option<&str>) -> bool {
    let client = app.bearer().by(Who::AdminReadOnly);
    let client = min.map_or(client.clone(), |revision| client.with("guildhall-min-revision", revision));
    let checks = json!({"checks": [{"user": user.uuid(), "group": group.uuid()}]});
    let native = client.post(at(app, "/check"), checks).await.is(200).json()["results"][0].clone();
    let ask = json!({"subject": {"type": "user", "id": user.uuid()}, "action": {"name": "member"},
        "resource": {"type": "group", "id": group.uuid()}});
    let authzen = client.post("/access/v1/evaluation", ask).await.is(200).json()["decision"].clone();
    // The later of the two answers may know more, never less.
    native == json!(true) || authzen == json!(true)
}

/// Many at once add and remove themselves over and over: no check behind an acknowledged removal says yes.
async fn revoke_then_check(writes: &App, reads: &App) {
    let (eng, ops) = (GroupId::new(writes.id("eng")), GroupId::new(writes.id("ops")));
    writes.bearer().call("PUT", at(writes, &format!("/groups/{ops}/children/{eng}")), None).await.is(201);
    let mut people = Vec::new();
    for n in 0..6 {
        people.push(user(writes, &format!("Runner {n}")).await);
    }
    let laps = people.into_iter().enumerate().map(async |(n, user)| {
        let path = at(writes, &format!("/groups/{eng}/members/{user}"));
        for lap in 0..12 {
            let added = writes.bearer().put(&path, json!({})).await.is(201);
            let min = added.header("guildhall-revision").to_owned();
            assert!(member(reads, user, ops, Some(&min)).await, "runner {n} lap {lap}");
            let removed = writes.bearer().delete(&path).await.is(204);
            let min = removed.header("guildhall-revision").to_owned();
            let min = (!std::ptr::eq(writes, reads)).then_some(min);
            assert!(!member(reads, user, ops, min.as_deref()).await, "runner {n} lap {lap}");
        }
    });
    futures_util::future::join_all(laps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_taken_away_is_gone_at_the_next_check() {
    on_both(async |app| revoke_then_check(&app, &app).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_another_node_it_is_gone_when_asked_for_by_revision() {
    let one = App::start(Place::postgres().await).await;
    let two = one.twin().await;
    revoke_then_check(&one, &two).await;
    // And by itself soon after: a second is promised; a machine busy with other tests gets ten.
    let (eng, vera) = (GroupId::new(one.id("eng")), UserId::new(one.id("vera")));
    assert!(member(&two, vera, eng, None).await);
    one.bearer().delete(at(&one, &format!("/groups/{eng}/members/{vera}"))).await.is(204);
    let begun = Instant::now();
    while member(&two, vera, eng, None).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "the other node does not hear of it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A deactivation and an archived group take away as well, and an end that passes needs no news at all.
    one.bearer().put(at(&one, &format!("/groups/{eng}/members/{vera}")), json!({})).await.is(201);
    let gone = one.bearer().call("POST", at(&one, &format!("/users/{vera}/deactivate")), None).await.is(200);
    assert!(!member(&two, vera, eng, Some(gone.header("guildhall-revision"))).await);
    let gus = UserId::new(one.id("gus"));
    let ends = one.clock.now().plus_seconds(3600);
    let body = json!({"endsAt": ends.to_string()});
    let lent = one.bearer().put(at(&one, &format!("/groups/{eng}/members/{gus}")), body).await.is(201);
    assert!(member(&two, gus, eng, Some(lent.header("guildhall-revision"))).await);
    one.clock.set(ends);
    assert!(!member(&two, gus, eng, None).await && !member(&one, gus, eng, None).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opposite_nestings_at_once_on_two_nodes_make_no_cycle() {
    let one = App::start(Place::postgres().await).await;
    let two = one.twin().await;
    for round in 0..12 {
        // A chain a > b > c; then both ends are put into the other one at once, at different places.
        let mut chain = Vec::new();
        for name in ["a", "b", "c", "d"] {
            chain.push(group(&one, &format!("{name} {round}")).await);
        }
        let hand = operator(&one.engine, one.company());
        let nest = |engine: &Engine, parent: GroupId, child: GroupId| {
            let (engine, hand) = (engine.clone(), hand.clone());
            tokio::spawn(async move { engine.nest(&hand, parent, child).await })
        };
        nest(&one.engine, chain[0], chain[1]).await.unwrap().unwrap();
        nest(&two.engine, chain[2], chain[3]).await.unwrap().unwrap();
        let (up, down) = (nest(&one.engine, chain[1], chain[2]), nest(&two.engine, chain[3], chain[0]));
        let outcomes = [up.await.unwrap(), down.await.unwrap()];
        let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{outcomes:?}");
        let guildhall_domain::Error::Cycle { groups } = refused[0] else { panic!("{refused:?}") };
        assert_eq!((groups.len(), groups.first()), (5, groups.last()));
    }
    for app in [&one, &two] {
        let last = app.engine.revision(app.company()).await.unwrap().to_string();
        app.bearer().with("guildhall-min-revision", last).get(at(app, "/groups")).await.is(200);
        assert!(app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    }
}

/// What the journal says began and ended by itself: kind, group, instant.
async fn turns(app: &App) -> Vec<(String, Uuid, Timestamp)> {
    let events = app.engine.events(&operator(&app.engine, app.company()), 0, None, 1000).await.unwrap();
    let told =
        events.into_iter().filter(|e| ["group.members_started", "group.members_ended"].contains(&e.kind.as_str()));
    told.map(|e| (e.kind, e.subject, e.at)).collect()
}

/// Lends the user to each group for an hour that begins in an hour.
async fn lend(app: &App, groups: &[GroupId], user: UserId) -> (Timestamp, Timestamp) {
    let (starts, ends) = (app.clock.now().plus_seconds(3600), app.clock.now().plus_seconds(7200));
    for group in groups {
        let window = Window { starts: Some(starts), ends: Some(ends) };
        let ask = ChangeMembers { add: vec![MemberRef::Id(user)], window, ..ChangeMembers::of(*group) };
        app.engine.change_members(&operator(&app.engine, app.company()), ask).await.unwrap();
    }
    (starts, ends)
}

fn wanted(groups: &[GroupId], starts: Timestamp, ends: Timestamp) -> Vec<(String, Uuid, Timestamp)> {
    let turn = |kind: &str, at| groups.iter().map(move |group| (kind.to_owned(), group.uuid(), at)).collect::<Vec<_>>();
    let mut all = [turn("group.members_started", starts), turn("group.members_ended", ends)].concat();
    all.sort_unstable();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_tell_each_start_and_end_once() {
    let one = App::start(Place::postgres().await).await;
    let two = one.twin().await;
    let groups = [group(&one, "First").await, group(&one, "Second").await, group(&one, "Third").await];
    let (starts, ends) = lend(&one, &groups, UserId::new(one.id("vera"))).await;
    for instant in [starts, ends] {
        one.clock.set(instant);
        let rounds = (0..8).map(|n| {
            let engine = if n % 2 == 0 { one.engine.clone() } else { two.engine.clone() };
            tokio::spawn(async move { engine.housekeep().await.unwrap() })
        });
        for round in futures_util::future::join_all(rounds).await {
            round.unwrap();
        }
    }
    let mut told = turns(&one).await;
    told.sort_unstable();
    assert_eq!(told, wanted(&groups, starts, ends));
    assert!(two.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
}

#[tokio::test]
async fn what_began_and_ended_while_the_server_was_down_is_told_with_its_instant() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let app = App::start(place).await;
        let groups = [group(&app, "First").await, group(&app, "Second").await];
        let (starts, ends) = lend(&app, &groups, UserId::new(app.id("vera"))).await;
        let (place, clock, company) = (app.place.clone(), app.clock.clone(), app.company());
        let vera = UserId::new(app.id("vera"));
        drop(app);
        clock.set(ends.plus_seconds(86_400));
        // The writer's thread holds the file until it has noticed that its engine is gone.
        let options = guildhall_engine::Options {
            master_key: Some(guildhall_testkit::MASTER_KEY.into()),
            connections: 8,
            clock: clock.clone(),
            ..guildhall_engine::Options::new(place.database())
        };
        let engine = loop {
            match Engine::open(options.clone()).await {
                Err(guildhall_domain::Error::Conflict { .. }) => tokio::task::yield_now().await,
                outcome => break outcome.unwrap(),
            }
        };
        let hand = operator(&engine, company);
        let question = |group: GroupId| Question { user: vera, group, effective: true };
        let questions: Vec<Question> = groups.into_iter().map(question).collect();
        // Nothing has run yet, and nobody counts them any more; in between they were in.
        assert_eq!(engine.check(&hand, &questions).await.unwrap(), [false, false]);
        let between = engine.as_of(starts.plus_seconds(60)).unwrap();
        assert_eq!(between.check(&hand, &questions).await.unwrap(), [true, true]);
        for _ in 0..3 {
            engine.housekeep().await.unwrap();
        }
        let events = engine.events(&hand, 0, None, 1000).await.unwrap();
        let told = events.iter().filter(|e| e.kind.ends_with("_started") || e.kind.ends_with("_ended"));
        let mut told: Vec<_> = told.map(|e| (e.kind.clone(), e.subject, e.at)).collect();
        told.sort_unstable();
        assert_eq!(told, wanted(&groups, starts, ends));
        assert!(events.is_sorted_by_key(|e| e.recorded_at));
        assert_eq!(between.check(&hand, &questions).await.unwrap(), [true, true], "telling changes no past");
    }
}

#[tokio::test]
async fn a_clock_that_jumps_brings_nothing_back_and_breaks_no_chain() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        let (eng, ops) = (GroupId::new(app.id("eng")), GroupId::new(app.id("ops")));
        let (vera, gus) = (UserId::new(app.id("vera")), UserId::new(app.id("gus")));
        let start = app.clock.now();
        let hours = |n: i64| start.plus_seconds(n * 3600);
        let lent = json!({"endsAt": hours(2).to_string()});
        app.bearer().put(at(&app, &format!("/groups/{ops}/members/{gus}")), lent).await.is(201);
        // Whoever is not in Operations is in a group of its own: an exclusion.
        let others = group(&app, "Others").await;
        let rule = EditGroup { rule: Patch::Set(format!("!user.memberOf('{ops}')")), ..Default::default() };
        app.engine.edit_group(&hand, others, rule, None).await.unwrap();
        let excluded = async || {
            let both = (member(&app, gus, ops, None).await, member(&app, gus, others, None).await);
            assert_ne!(both.0, both.1, "in just one of the two");
            both.0
        };
        assert!(excluded().await);
        // Forwards: what ended is over, and is told; then back before it had ended.
        app.clock.set(hours(3));
        assert!(!excluded().await);
        app.engine.housekeep().await.unwrap();
        app.bearer().delete(at(&app, &format!("/groups/{eng}/members/{vera}"))).await.is(204);
        app.clock.set(hours(1));
        assert!(!excluded().await, "what has ended does not come back");
        assert!(!member(&app, vera, eng, None).await);
        // Changes go on, at no instant before the last one, and count at once.
        app.bearer().put(at(&app, &format!("/groups/{eng}/members/{vera}")), json!({})).await.is(201);
        assert!(member(&app, vera, eng, None).await);
        app.bearer().delete(at(&app, &format!("/groups/{eng}/members/{vera}"))).await.is(204);
        assert!(!member(&app, vera, eng, None).await);
        // A far jump that nothing is written in leaves nothing behind.
        app.bearer()
            .put(at(&app, &format!("/groups/{ops}/members/{vera}")), json!({"endsAt": hours(9).to_string()}))
            .await
            .is(201);
        app.clock.set(hours(24 * 365));
        assert!(!member(&app, vera, ops, None).await);
        app.clock.set(hours(4));
        assert!(member(&app, vera, ops, None).await);
        app.engine.housekeep().await.unwrap();
        let events = app.engine.events(&hand, 0, None, 1000).await.unwrap();
        assert!(events.is_sorted_by_key(|e| e.recorded_at), "the journal never runs backwards");
        assert!(app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    })
    .await;
}
