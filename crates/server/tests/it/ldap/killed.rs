//! A run cut off in the middle: the next one brings in whoever is missing, and lets nobody in who has left meanwhile.

use std::time::{Duration, Instant};

use guildhall_server::directories;
use guildhall_server::jobs::run_due;
use guildhall_testkit::ldap::{Directory, PASSWORD, group, person};
use guildhall_testkit::{App, Place, on_both};
use serde_json::{Value, json};

use super::{connect, members, run, settings};
use crate::kill;

/// A directory of so many people, all of them in one group.
async fn crowd(people: usize) -> (Directory, Vec<String>) {
    let mut directory = Directory::start().await;
    let uids: Vec<String> = (0..people).map(|n| format!("p{n:04}")).collect();
    for uid in &uids {
        directory.person(uid, "Per Son", &[]).await;
    }
    let all: Vec<String> = uids.iter().map(|uid| person(uid)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    directory.add(&group("crew"), &[("objectClass", &["groupOfNames"]), ("member", &all)]).await;
    (directory, uids)
}

/// Takes somebody out of the directory.
async fn leaves(directory: &mut Directory, uids: &mut Vec<String>, at: usize) {
    directory.delete(&person(&uids.remove(at))).await;
    let left: Vec<String> = uids.iter().map(|uid| person(uid)).collect();
    let left: Vec<&str> = left.iter().map(String::as_str).collect();
    directory.set(&group("crew"), "member", &left).await;
}

fn emails(uids: &[String]) -> Vec<String> {
    uids.iter().map(|uid| format!("{uid}@example.org")).collect()
}

#[tokio::test]
async fn what_was_cut_off_is_taken_up_by_another() {
    on_both(async |app| {
        let (mut directory, mut uids) = crowd(12).await;
        let connection = connect(&app, settings(&directory), PASSWORD).await;
        app.bearer().post(format!("{connection}/runs"), json!({})).await.is(202);
        let claimed = app.engine.claim_run(app.company()).await.unwrap().expect("a run");
        let source = directories::read(app.server(), &claimed).await.expect("a source");
        // It dies after some of the people.
        let cut = app.engine.carry_out_run(&claimed, source.clone(), &|done, _| done < 5).await;
        assert!(cut.unwrap_err().to_string().contains("interrupted"));
        leaves(&mut directory, &mut uids, 0).await;
        run_due(app.server()).await.unwrap();
        let groups = app.bearer().get(super::at(&app, "/groups?q=crew")).await.is(200).json();
        assert_eq!(groups["items"], json!([]), "it came no further than people");
        app.clock.set(app.clock.now().plus_seconds(301));
        let again = app.engine.claim_run(app.company()).await.unwrap().expect("the same run");
        assert_eq!(again.run.id, claimed.run.id);
        // Whoever was thought dead is told that the run is another's, at its next word.
        assert!(!app.engine.keep_run(&claimed).await.unwrap());
        assert!(app.engine.fail_run(&claimed, "late").await.is_err());
        assert!(app.engine.keep_run(&again).await.unwrap());
        let now = directories::read(app.server(), &again).await.expect("a source");
        let done = app.engine.carry_out_run(&again, now, &|_, _| true).await.unwrap();
        assert_eq!((done.state.word(), done.report.problems_total), ("done", 0), "{done:?}");
        assert_eq!(members(&app, "crew").await, emails(&uids));
    })
    .await;
}

#[tokio::test]
async fn an_import_that_was_cut_off_is_for_its_command_to_do_again() {
    on_both(async |app| {
        let new = json!({"name": "Move", "kind": "secoda"});
        let made = app.bearer().post(super::at(&app, "/connections"), new).await.is(201);
        let connection = made.header("location").to_owned();
        let caller = guildhall_testkit::operator(&app.engine, app.company());
        let id = guildhall_domain::ids::ConnectionId::parse("id", made.json()["id"].as_str().unwrap()).unwrap();
        app.engine.begin_run(&caller, id, false).await.unwrap();
        assert!(app.engine.begin_run(&caller, id, false).await.is_err(), "one at a time");
        app.clock.set(app.clock.now().plus_seconds(301));
        run_due(app.server()).await.unwrap();
        let last = app.bearer().get(format!("{connection}/runs")).await.json()["items"][0].clone();
        assert_eq!(last["error"], "it was cut off; the same command does the rest", "{last}");
        app.engine.begin_run(&caller, id, false).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn of_two_nodes_one_runs_what_is_due() {
    let one = App::start(Place::postgres().await).await;
    let two = one.twin().await;
    let (directory, uids) = crowd(20).await;
    let mut settings = settings(&directory);
    settings["everyMinutes"] = json!(60);
    let connection = connect(&one, settings, PASSWORD).await;
    for rounds in 1..=4 {
        one.clock.set(one.clock.now().plus_seconds(3601));
        let (a, b) = tokio::join!(run_due(one.server()), run_due(two.server()));
        a.unwrap();
        b.unwrap();
        let runs = one.bearer().get(format!("{connection}/runs")).await.json()["items"].clone();
        let states: Vec<&Value> = runs.as_array().unwrap().iter().map(|run| &run["state"]).collect();
        assert_eq!(states, vec!["done"; rounds], "{runs}");
    }
    assert_eq!(members(&one, "crew").await, emails(&uids));
    assert_eq!(super::counts(&run(&two, &connection, "full", false).await), json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_does_the_rest_when_it_is_back() {
    let place = Place::sqlite();
    let database = place.database();
    let token = kill::filled(&database);
    let (mut directory, mut uids) = crowd(1200).await;
    let server = kill::Server::start(&database);
    let client = reqwest::Client::new();
    let at = |server: &kill::Server, path: &str| format!("{}/v1/companies/{}{path}", server.url, kill::COMPANY);
    let get = async |url: String| -> Value {
        client.get(url).bearer_auth(&token).send().await.unwrap().json().await.unwrap()
    };
    let mut settings = settings(&directory);
    settings["pageSize"] = json!(500);
    let body = json!({"name": "Directory", "kind": "ldap", "oneWay": true, "settings": settings, "secret": PASSWORD});
    let made = client.post(at(&server, "/connections")).bearer_auth(&token).json(&body).send().await.unwrap();
    let id = made.json::<Value>().await.unwrap()["id"].as_str().expect("an id").to_owned();
    let runs = |server: &kill::Server| at(server, &format!("/connections/{id}/runs"));
    let asked = client.post(runs(&server)).bearer_auth(&token).json(&json!({})).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    // The blow falls while people come in.
    let before = get(at(&server, "/users?limit=1&total=true")).await["total"].as_u64().expect("a total");
    let brought = loop {
        let now = get(at(&server, "/users?limit=1&total=true")).await["total"].as_u64().unwrap() - before;
        if now > 100 {
            break now;
        }
    };
    drop(server); // killed
    assert!(brought < 1200, "the blow came too late");
    leaves(&mut directory, &mut uids, 3).await;
    leaves(&mut directory, &mut uids, 700).await;

    let server = kill::Server::start(&database);
    let begun = Instant::now();
    let run = loop {
        let run = get(runs(&server)).await["items"][0].clone();
        if run["state"] != "running" && run["state"] != "queued" {
            break run;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{run}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((&run["state"], &run["problemsTotal"]), (&json!("done"), &json!(0)), "{run}");
    let crew = get(at(&server, "/groups?q=crew")).await["items"][0]["id"].as_str().unwrap().to_owned();
    let (mut there, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(at(&server, &format!("/groups/{crew}/members?limit=1000{cursor}"))).await;
        let email = |member: &Value| member["user"]["email"].as_str().expect("an address").to_owned();
        there.extend(page["items"].as_array().unwrap().iter().map(email));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    there.sort_unstable();
    assert_eq!(there, emails(&uids), "nobody is lost, and nobody is there who has left");
    drop(server);
    kill::verify(&database);
}
