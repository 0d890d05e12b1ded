//! What the databases do to us: lost connections, a read-only side, two nodes at once, races.

use guildhall_domain::Error;
use guildhall_domain::caller::Role;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::page::Ask;
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser};
use guildhall_engine::{ChangeMembers, Engine, MemberRef, Options};
use guildhall_testkit::seed::person;
use guildhall_testkit::{App, MASTER_KEY, Place, Who, on_both, operator, standing};
use uuid::Uuid;

/// Runs words on the test's PostgreSQL database through a connection of its own.
async fn psql(place: &Place, words: &str) {
    let (client, connection) = tokio_postgres::connect(&place.database(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(words).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

const CUT_ALL: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                       where datname = current_database() and pid <> pg_backend_pid()";

fn add(group: GroupId, user: Uuid) -> ChangeMembers {
    ChangeMembers { add: vec![MemberRef::Id(user.into())], ..ChangeMembers::of(group) }
}

#[tokio::test]
async fn lost_connections_are_replaced_before_anyone_notices() {
    let app = App::start(Place::postgres().await).await;
    let members = format!("/api/v1/UsersGroups/{}/Users", app.id("eng"));
    app.cakewalk().get(&members).await.is(200);
    psql(&app.place, CUT_ALL).await;
    app.cakewalk().get(&members).await.is(200);
    psql(&app.place, CUT_ALL).await;
    let body = serde_json::json!({"userIds": [app.id("gus")], "triggeredByUserId": app.id("ada")});
    // The writer keeps its connection between batches: it may notice the loss only by using it, once.
    let first = app.cakewalk().post(&members, body.clone()).await;
    assert!(matches!(first.status, 201 | 503), "{first}");
    app.cakewalk().post(&members, body).await.is(201);
}

#[tokio::test]
async fn a_read_only_side_answers_503_until_it_is_writable_again() {
    let app = App::start(Place::postgres().await).await;
    let name = app.place.database().rsplit('/').next().unwrap().to_owned();
    let eng = GroupId::new(app.id("eng"));
    let hand = operator(&app.engine, app.company());
    psql(&app.place, &format!("alter database \"{name}\" set default_transaction_read_only = on")).await;
    psql(&app.place, CUT_ALL).await;
    for _ in 0..2 {
        let refused = app.engine.change_members(&hand, add(eng, app.id("gus"))).await.unwrap_err();
        assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
    }
    assert!(app.engine.ready().await.is_err());
    // Our own connection is read-only as well by now: it says so first.
    let words = format!("begin read write; alter database \"{name}\" reset default_transaction_read_only; commit");
    psql(&app.place, &words).await;
    psql(&app.place, CUT_ALL).await;
    app.engine.change_members(&hand, add(eng, app.id("gus"))).await.unwrap();
    app.engine.ready().await.unwrap();
}

#[tokio::test]
async fn two_nodes_write_one_journal_without_a_gap() {
    let one = App::start(Place::postgres().await).await;
    let two = one.twin().await;
    let hand = operator(&one.engine, one.company());
    let start = one.engine.revision(one.company()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..40_u32 {
        let engine = if i % 2 == 0 { one.engine.clone() } else { two.engine.clone() };
        let hand = hand.clone();
        tasks.spawn(
            async move { engine.create_user(&hand, person(&format!("Person {i}"), None)).await.unwrap().revision },
        );
    }
    let mut revisions = tasks.join_all().await;
    revisions.sort_unstable();
    assert_eq!(revisions, (start + 1..=start + 40).collect::<Vec<_>>());
    assert!(two.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    // What one node acknowledged the other shows when asked for by revision.
    let fresh = two.cakewalk().with("Guildhall-Min-Revision", (start + 40).to_string());
    fresh.get("/api/v1/Users").await.is(200);
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        for round in 0..5 {
            let other = NewUser { role: Some(Role::Admin), ..person(&format!("Admin {round}"), None) };
            let other = app.engine.create_user(&hand, other).await.unwrap().value.id;
            let ada = UserId::new(app.id("ada"));
            let demote = |id: UserId| {
                let (engine, hand) = (app.engine.clone(), hand.clone());
                let edit = EditUser { role: Patch::Set(Role::Viewer), ..Default::default() };
                tokio::spawn(async move { engine.edit_user(&hand, id, edit, None).await })
            };
            let (a, b) = (demote(ada), demote(other));
            let outcomes = [a.await.unwrap(), b.await.unwrap()];
            assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
            // The one who stayed restores the other for the next round.
            let edit = EditUser { role: Patch::Set(Role::Admin), ..Default::default() };
            app.engine.edit_user(&hand, ada, edit, None).await.unwrap();
            app.engine.deactivate_user(&hand, other).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_revoked_while_a_change_waits_does_not_make_it() {
    on_both(async |app| {
        let key = app.new_key("ada", guildhall_domain::caller::Access::Write).await;
        let bearer = key.token();
        let presented = guildhall_engine::Presented::Bearer(&bearer);
        let request = app.engine.clock().id();
        let dialect = guildhall_domain::caller::Dialect::Native;
        let caller = app.engine.authenticate(presented, dialect, request).await.unwrap();
        app.engine.revoke_key(&operator(&app.engine, app.company()), key.key.id).await.unwrap();
        let before = app.engine.revision(app.company()).await.unwrap();
        let refused = app.engine.change_members(&caller, add(app.id("eng").into(), app.id("gus"))).await.unwrap_err();
        assert!(matches!(refused, Error::Unauthenticated { .. }), "{refused:?}");
        assert_eq!(app.engine.revision(app.company()).await.unwrap(), before);
    })
    .await;
}

#[tokio::test]
async fn eight_writers_of_one_group_lose_nobody() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        let eng = GroupId::new(app.id("eng"));
        let mut users = Vec::new();
        for i in 0..24 {
            users.push(app.engine.create_user(&hand, person(&format!("Person {i}"), None)).await.unwrap().value.id);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for some in users.chunks(3) {
            let (engine, hand, some) = (app.engine.clone(), hand.clone(), some.to_vec());
            tasks.spawn(async move {
                for user in &some {
                    engine.change_members(&hand, add(eng, user.uuid())).await.unwrap();
                }
                let remove = vec![MemberRef::Id(some[0])];
                engine.change_members(&hand, ChangeMembers { remove, ..ChangeMembers::of(eng) }).await.unwrap();
            });
        }
        tasks.join_all().await;
        let page = app.engine.members(&hand, eng, false, &Ask::first(100)).await.unwrap();
        let mut left: Vec<UserId> = page.items.into_iter().map(|m| m.person.id).collect();
        left.retain(|id| users.contains(id));
        let expected: Vec<UserId> = users.chunks(3).flat_map(|some| some[1..].to_vec()).collect();
        left.sort_unstable();
        assert_eq!(left, expected);
    })
    .await;
}

#[tokio::test]
async fn refusals_are_counted_in_a_chain_of_their_own() {
    on_both(async |app| {
        for _ in 0..3 {
            let path = format!("/api/v1/UsersGroups/{}/Users/{}", app.id("eng"), app.id("vera"));
            app.cakewalk().by(Who::AdminReadOnly).delete(&path).await.is(403);
        }
        let before = app.engine.revision(app.company()).await.unwrap();
        app.engine.housekeep().await.unwrap();
        let chains = app.engine.verify().await.unwrap();
        let ours = chains.iter().find(|chain| chain.company == app.company()).unwrap();
        assert_eq!((ours.refusals, &ours.broken), (1, &None), "three refusals of one kind make one line");
        assert_eq!(app.engine.revision(app.company()).await.unwrap(), before, "a refusal moves no revision");
    })
    .await;
}

#[tokio::test]
async fn a_lost_or_foreign_master_key_is_refused_with_the_remedy() {
    for place in [Place::sqlite(), Place::postgres().await] {
        drop(place.engine(standing()).await);
        let other = Options {
            master_key: Some("b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q".into()),
            ..Options::new(place.database())
        };
        // The writer's thread holds the file's lock until it has noticed that its engine is gone.
        let refused = loop {
            match Engine::open(other.clone()).await {
                Err(Error::Conflict { why }) if why.contains("another guildhall") => tokio::task::yield_now().await,
                outcome => break outcome.unwrap_err(),
            }
        };
        assert!(refused.to_string().contains("GUILDHALL_MASTER_KEY"), "{refused}");
        let right = Options { master_key: Some(MASTER_KEY.into()), ..Options::new(place.database()) };
        let engine = Engine::open(right).await.unwrap();
        assert_eq!(engine.revision(CompanyId::PLATFORM).await.unwrap(), 0);
    }
}
