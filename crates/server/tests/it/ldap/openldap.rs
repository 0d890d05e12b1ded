//! What comes in from OpenLDAP.

use guildhall_testkit::ldap::{Directory, PASSWORD, group, person};
use guildhall_testkit::on_both;
use serde_json::{Value, json};

use super::{at, connect, counts, members, run, settings, user};
use crate::native::verify;

async fn filled() -> Directory {
    let mut directory = Directory::start().await;
    directory.person("bo", "Bo Boss", &[]).await;
    directory.person("zoe", "Zoë Müller", &[("departmentNumber", &["Core"]), ("manager", &[&person("bo")])]).await;
    for (uid, name) in [("max", "Max Mayer"), ("ida", "Ida Ito"), ("una", "Una Uhl")] {
        directory.person(uid, name, &[]).await;
    }
    directory
        .add(&group("staff"), &[("objectClass", &["groupOfNames"]), ("member", &[&person("bo"), &group("makers")])])
        .await;
    // Written otherwise than the entry's own name, as people do.
    let odd = "UID=Zo\\65 , OU=People,dc=example, dc=org";
    directory
        .add(&group("makers"), &[("objectClass", &["groupOfUniqueNames"]), ("uniqueMember", &[odd, &person("max")])])
        .await;
    let posix: &[(&str, &[&str])] = &[
        ("objectClass", &["posixGroup"]),
        ("gidNumber", &["1000"]),
        ("memberUid", &["ida", "MAX", "nobody"]),
        ("description", &["By sign-in name"]),
    ];
    directory.add(&group("shell"), posix).await;
    directory
}

#[tokio::test]
async fn people_groups_and_members_come_in() {
    on_both(async |app| {
        let mut directory = filled().await;
        let connection = connect(&app, settings(&directory), PASSWORD).await;
        let events = app.events().await.len();
        let trial = run(&app, &connection, "full", true).await;
        let found = json!({"usersAdded": 5, "groupsAdded": 3, "membersAdded": 5, "nested": 1});
        assert_eq!((&trial["state"], counts(&trial), &trial["trial"]), (&json!("done"), found.clone(), &json!(true)));
        assert!(trial["changes"].to_string().contains("add user Zoë Müller (zoe@example.org)"), "{trial}");
        assert_eq!(app.events().await.len(), events, "a trial changes nothing");

        let full = run(&app, &connection, "full", false).await;
        assert_eq!((&full["state"], counts(&full), &full["users"]), (&json!("done"), found, &json!(5)), "{full}");
        assert_eq!(full["problems"], json!(["1 members of groups are neither users nor groups of this source"]));
        assert_eq!(members(&app, "staff").await, ["bo@example.org"]);
        assert_eq!(members(&app, "makers").await, ["max@example.org", "zoe@example.org"]);
        assert_eq!(members(&app, "shell").await, ["ida@example.org", "max@example.org"]);
        let (zoe, bo) = (user(&app, "zoe@example.org").await, user(&app, "bo@example.org").await);
        assert_eq!((&zoe["name"], &zoe["userName"], &zoe["manager"]), (&json!("Zoë Müller"), &json!("zoe"), &bo["id"]));
        assert_eq!(zoe["attributes"], json!({"department": "Core"}));
        // The groups inside others give their members on.
        let staff = app.bearer().get(at(&app, "/groups?q=staff")).await.json()["items"][0]["id"].clone();
        let all =
            app.bearer().get(at(&app, &format!("/groups/{}/members?effective=true", staff.as_str().unwrap()))).await;
        assert_eq!(all.json()["items"].as_array().unwrap().len(), 3, "{all}");
        // One-way groups refuse hands.
        let by_hand = json!({"members": [{"id": app.id("ada")}]});
        let path = at(&app, &format!("/groups/{}/members", staff.as_str().unwrap()));
        assert_eq!(app.bearer().post(path, by_hand).await.status, 409);

        // Nothing has changed, so nothing is changed.
        let (again, events) = (run(&app, &connection, "full", false).await, app.events().await.len());
        assert_eq!((counts(&again), app.events().await.len()), (json!({}), events));

        // Only what changed is read whole, and who is gone is seen all the same.
        directory.set(&person("zoe"), "mail", &["zoe.mueller@example.org"]).await;
        directory.set(&group("makers"), "uniqueMember", &[&person("zoe"), &person("ida")]).await;
        directory.set(&group("shell"), "description", &["Renamed"]).await;
        directory.delete(&person("una")).await;
        let changes = run(&app, &connection, "changes", false).await;
        let found =
            json!({"usersChanged": 1, "usersRemoved": 1, "groupsChanged": 1, "membersAdded": 1, "membersRemoved": 1});
        assert_eq!((&changes["state"], counts(&changes)), (&json!("done"), found), "{changes}");
        assert_eq!(members(&app, "makers").await, ["ida@example.org", "zoe.mueller@example.org"]);
        assert_eq!(user(&app, "una@example.org").await["status"], "inactive");
        let shown = app.bearer().get(&connection).await.json();
        assert_eq!((&shown["health"], &shown["lastError"]), (&json!("ok"), &Value::Null));
        let again = run(&app, &connection, "full", false).await;
        assert_eq!(counts(&again), json!({}), "{again}");
        // Somebody who comes back is the same as before.
        directory.person("una", "Una Uhl", &[]).await;
        run(&app, &connection, "full", false).await;
        assert_eq!(user(&app, "una@example.org").await["status"], "active");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn people_and_groups_that_are_there_are_adopted_where_that_was_chosen() {
    on_both(async |app| {
        let mut directory = Directory::start().await;
        directory.person("vera", "Vera Viewer", &[]).await;
        directory.set(&person("vera"), "mail", &["vera.viewer@northwind.example"]).await;
        directory.set(&person("vera"), "uid", &["vera", "vera.viewer@northwind.example"]).await;
        directory
            .add(&group("Operations"), &[("objectClass", &["groupOfNames"]), ("member", &[&person("vera")])])
            .await;
        let connection = connect(&app, settings(&directory), PASSWORD).await;
        app.bearer().patch(&connection, json!({"adopt": "none"})).await.is(200);
        let refused = run(&app, &connection, "full", false).await;
        assert_eq!((&refused["state"], &refused["problemsTotal"]), (&json!("done"), &json!(1)), "{refused}");
        assert!(refused["problems"][0].as_str().unwrap().contains("may not adopt"), "{refused}");
        let groups = app.bearer().get(at(&app, "/groups?q=Operations")).await.json();
        assert_eq!(groups["items"].as_array().unwrap().len(), 2, "another group of the same name: {groups}");
        app.bearer().delete(&connection).await.is(204);
        let made = groups["items"].as_array().unwrap().iter().find(|g| g["id"] != json!(app.id("ops"))).unwrap();
        app.bearer().delete(at(&app, &format!("/groups/{}", made["id"].as_str().unwrap()))).await.is(200);

        let connection = connect(&app, settings(&directory), PASSWORD).await;
        let adopted = run(&app, &connection, "full", false).await;
        assert_eq!(adopted["problemsTotal"], json!(0), "{adopted}");
        assert_eq!(members(&app, "Operations").await, ["vera.viewer@northwind.example"]);
        let links = app.bearer().get(format!("{connection}/links?type=group")).await.json();
        assert_eq!((&links["items"][0]["id"], &links["items"][0]["made"]), (&json!(app.id("ops")), &json!(false)));
        // Whom it did not make it leaves as they were.
        directory.delete(&group("Operations")).await;
        let gone = run(&app, &connection, "full", false).await;
        assert_eq!(gone["counts"]["groupsRemoved"], json!(1), "{gone}");
        assert_eq!(members(&app, "Operations").await, [""; 0]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn encrypted_connections_believe_whom_they_are_told() {
    on_both(async |app| {
        let mut directory = Directory::start().await;
        directory.person("zoe", "Zoë Müller", &[]).await;
        let plain = settings(&directory);
        let with = |more: Value| {
            let mut all = plain.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let connection = connect(&app, plain.clone(), PASSWORD).await;
        let tls = with(json!({"url": directory.tls_url, "caCertificate": directory.certificate}));
        // Nobody may send the secret elsewhere without knowing it.
        let moved = app.bearer().patch(&connection, json!({"settings": tls})).await;
        assert_eq!((moved.status, moved.json()["errors"][0]["field"].as_str()), (400, Some("secret")), "{moved}");
        let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
        for (settings, good) in [
            (tls, true),
            (with(json!({"url": directory.url, "startTls": true, "caCertificate": directory.certificate})), true),
            (with(json!({"url": directory.tls_url, "caCertificate": other})), false),
            (with(json!({"url": directory.tls_url})), false),
        ] {
            app.bearer().patch(&connection, json!({"settings": settings, "secret": PASSWORD})).await.is(200);
            let done = run(&app, &connection, "full", true).await;
            assert_eq!(done["state"], if good { "done" } else { "failed" }, "{settings} {done}");
            assert!(good || done["error"].as_str().unwrap().contains("TLS failed"), "{done}");
        }
        app.bearer().patch(&connection, json!({"settings": plain, "secret": "wrong"})).await.is(200);
        let done = run(&app, &connection, "full", false).await;
        assert!(done["error"].as_str().unwrap().contains("the secret is wrong"), "{done}");
        let shown = app.bearer().get(&connection).await;
        assert_eq!((&shown.json()["health"], &shown.json()["lastError"]), (&json!("failing"), &done["error"]));
        let told = app.bearer().get(at(&app, "/events?limit=1000")).await;
        for (what, text) in [("connection", &shown.body), ("journal", &told.body)] {
            assert!(!text.contains(PASSWORD) && !text.contains("wrong\""), "the secret is shown by the {what}");
        }
    })
    .await;
}
