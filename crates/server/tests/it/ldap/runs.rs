//! How runs begin, end, are held, cut off and taken up again.

use guildhall_domain::connection::Adopt;
use guildhall_server::jobs::run_due;
use guildhall_testkit::ldap::{Directory, PASSWORD, group, person};
use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{at, connect, counts, members, run, settings, user};

#[tokio::test]
async fn the_brake_holds_a_run_until_it_is_confirmed() {
    on_both(async |app| {
        let mut directory = Directory::start().await;
        let people: Vec<String> = (0..12).map(|i| format!("crew{i}")).collect();
        for uid in &people {
            directory.person(uid, "Crew Member", &[]).await;
        }
        let all: Vec<String> = people.iter().map(|uid| person(uid)).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        directory.add(&group("crew"), &[("objectClass", &["groupOfNames"]), ("member", &all)]).await;
        let connection = connect(&app, settings(&directory), PASSWORD).await;
        run(&app, &connection, "full", false).await;
        assert_eq!(members(&app, "crew").await.len(), 12);
        for uid in &people[1..] {
            directory.delete(&person(uid)).await;
        }
        let events = app.events().await.len();
        let held = run(&app, &connection, "full", false).await;
        assert_eq!((&held["state"], app.events().await.len()), (&json!("held"), events), "{held}");
        assert_eq!(members(&app, "crew").await.len(), 12, "nothing was changed");
        assert_eq!(app.bearer().get(&connection).await.json()["health"], "failing");
        // Another confirmation than its own does not let it go.
        let sure = |text: &str| app.bearer().with("guildhall-confirmation", text);
        sure("00").post(format!("{connection}/runs"), json!({})).await.is(202);
        run_due(app.server()).await.unwrap();
        assert_eq!(members(&app, "crew").await.len(), 12);
        let confirmation = held["confirmation"].as_str().unwrap();
        let asked = sure(confirmation).post(format!("{connection}/runs"), json!({"kind": "full"})).await.is(202);
        run_due(app.server()).await.unwrap();
        let done = app.bearer().get(asked.header("location")).await.json();
        assert_eq!((&done["state"], counts(&done)["usersRemoved"].clone()), (&json!("done"), json!(11)), "{done}");
        assert_eq!(members(&app, "crew").await, ["crew0@example.org"]);
        // A directory that suddenly has nobody is never believed by itself.
        directory.delete(&group("crew")).await;
        directory.delete(&person("crew0")).await;
        assert_eq!(run(&app, &connection, "full", false).await["state"], "held");
    })
    .await;
}

#[tokio::test]
async fn runs_come_by_schedule_and_are_taken_up_again() {
    on_both(async |app| {
        let mut directory = Directory::start().await;
        directory.person("zoe", "Zoë Müller", &[]).await;
        let mut settings = settings(&directory);
        settings["everyMinutes"] = json!(60);
        settings["driftEveryHours"] = json!(72);
        let connection = connect(&app, settings, PASSWORD).await;
        let kinds = async || {
            let page = app.bearer().get(format!("{connection}/runs")).await.is(200).json();
            let told = |run: &serde_json::Value| {
                format!("{} {} {}", run["kind"].as_str().unwrap(), run["trial"], run["state"].as_str().unwrap())
            };
            page["items"].as_array().unwrap().iter().map(told).collect::<Vec<_>>()
        };
        let pass = |minutes: i64| app.clock.set(app.clock.now().plus_seconds(minutes * 60));
        run_due(app.server()).await.unwrap();
        assert_eq!(kinds().await, ["settle true done"], "drift is looked at first");
        pass(61);
        run_due(app.server()).await.unwrap();
        assert_eq!(kinds().await, ["full false done", "settle true done"]);
        assert_eq!(user(&app, "zoe@example.org").await["name"], "Zoë Müller");
        pass(30);
        run_due(app.server()).await.unwrap();
        assert_eq!(kinds().await.len(), 2, "its time has not come");
        pass(31);
        run_due(app.server()).await.unwrap();
        assert_eq!(kinds().await[0], "changes false done");
        // A node takes a run up and dies.
        app.bearer().post(format!("{connection}/runs"), json!({})).await.is(202);
        let claimed = app.engine.claim_run(app.company()).await.unwrap().expect("a run");
        assert!(app.engine.claim_run(app.company()).await.unwrap().is_none(), "one node has it");
        assert_eq!(app.bearer().post(format!("{connection}/runs"), json!({})).await.status, 409);
        run_due(app.server()).await.unwrap();
        assert_eq!(kinds().await[0], "full false running");
        pass(6);
        run_due(app.server()).await.unwrap();
        assert_eq!(kinds().await[0], "full false done");
        // The dead one comes back and has nothing to say any more.
        assert!(!app.engine.keep_run(&claimed).await.unwrap());
        assert!(app.engine.fail_run(&claimed, "late").await.is_err());
        assert_eq!(kinds().await[0], "full false done");
    })
    .await;
}

#[tokio::test]
async fn runs_refuse() {
    on_both(async |app| {
        let directory = Directory::start().await;
        let connection = connect(&app, settings(&directory), PASSWORD).await;
        let runs = format!("{connection}/runs");
        let (scim, _) = app.connect("Okta", true, Adopt::None).await;
        let unknown = "00000000-0000-4000-8000-000000000007";
        let problem = |reply: &guildhall_testkit::Reply| {
            let json = reply.json();
            format!("{} {}", reply.status, json["type"].as_str().unwrap().rsplit(':').next().unwrap())
        };
        for (path, body, says) in [
            (runs.clone(), json!({"kind": "some"}), "400 invalid"),
            (runs.clone(), json!({"kind": 1}), "400 invalid"),
            (runs.clone(), json!({"speed": "high"}), "400 invalid"),
            (format!("{runs}?preview=true"), json!({"kind": "changes"}), "400 invalid"),
            (at(&app, &format!("/connections/{scim}/runs")), json!({}), "400 invalid"),
            (at(&app, &format!("/connections/{unknown}/runs")), json!({}), "404 not-found"),
        ] {
            assert_eq!(problem(&app.bearer().post(&path, body.clone()).await), says, "{path} {body}");
        }
        for (who, says) in [
            (Who::AdminReadOnly, "403 read-only-key"),
            (Who::Editor, "403 forbidden"),
            (Who::Foreign, "404 not-found"),
            (Who::Nobody, "401 unauthenticated"),
        ] {
            assert_eq!(problem(&app.bearer().by(who).post(&runs, json!({})).await), says, "{who:?}");
        }
        let asked = app.bearer().with("idempotency-key", "k").post(&runs, json!({})).await.is(202);
        let again = app.bearer().with("idempotency-key", "k").post(&runs, json!({})).await.is(202);
        assert_eq!((asked.json(), again.header("idempotency-replayed")), (again.json(), "true"));
        assert_eq!(problem(&app.bearer().get(format!("{runs}/{unknown}")).await), "404 not-found");
        let other = at(&app, &format!("/connections/{scim}/runs/{}", asked.json()["id"].as_str().unwrap()));
        assert_eq!(problem(&app.bearer().get(other).await), "404 not-found");
        // What is taken away is not run.
        app.bearer().delete(&connection).await.is(204);
        run_due(app.server()).await.unwrap();
        // Settings that can never work are refused where they are entered.
        for settings in [
            json!({}),
            json!({"url": "ldaps://10.0.0.1", "users": {"base": "dc=x"}}),
            json!({"url": "ldap://127.0.0.1", "users": {"base": "dc=x"}, "everyMinutes": 0}),
            json!({"url": "ldap://127.0.0.1", "users": {"base": "dc=x"}, "colour": "red"}),
        ] {
            let body = json!({"name": "X", "kind": "ldap", "settings": settings});
            assert_eq!(problem(&app.bearer().post(at(&app, "/connections"), body).await), "400 invalid", "{settings}");
        }
    })
    .await;
}
