//! Sheets: CSV in and out.

use guildhall_testkit::{App, Reply, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem, verify};

async fn put(app: &App, what: &str, text: impl AsRef<[u8]>) -> Reply {
    client(app).send("POST", at(app, &format!("/sheets/{what}")), "text/csv", text.as_ref().to_vec()).await
}

async fn take(app: &App, what: &str) -> String {
    client(app).get(at(app, &format!("/sheets/{what}"))).await.is(200).body
}

/// Added, changed, removed, left.
fn counts(reply: &Reply) -> [u64; 4] {
    assert_eq!(reply.status, 200, "{reply}");
    let json = reply.json();
    ["added", "changed", "removed", "unchanged"].map(|name| json[name].as_u64().unwrap())
}

/// Line, member and words of each wrong cell.
fn wrong(reply: &Reply) -> Vec<String> {
    assert_eq!(problem(reply), "400 rows");
    let json = reply.json();
    let told = |e: &Value| format!("{} {}: {}", e["line"], e["field"].as_str().unwrap(), e["detail"].as_str().unwrap());
    json["errors"].as_array().unwrap().iter().map(told).collect()
}

#[tokio::test]
async fn people_come_and_go_as_they_were() {
    on_both(async |app| {
        // Windows-1252, as an old spreadsheet writes it, with columns in no order and one that means nothing.
        let text = "E-Mail;First Name;Last Name;Shoe size;Manager;attributes.team\r\n\
                    zoe@northwind.example;Zo\u{eb};M\u{fc}ller;38;max@northwind.example;=1+1\r\n\
                    max@northwind.example;Max;Mustermann;44;;\r\n\
                    ada.example@northwind.example;;;;;Core\r\n";
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let done = put(&app, "users", &latin).await;
        assert_eq!(counts(&done), [2, 1, 0, 0]);
        assert_eq!(
            (&done.json()["encoding"], &done.json()["ignored"]),
            (&json!("windows-1252"), &json!(["Shoe size"]))
        );
        let found = client(&app).get(at(&app, "/users?q=zoe@northwind.example")).await.is(200).json();
        let zoe = &found["items"][0];
        assert_eq!((&zoe["name"], &zoe["attributes"]), (&json!("Zoë Müller"), &json!({"team": "=1+1"})));
        let max = zoe["manager"].as_str().expect("a manager").to_owned();
        assert_eq!(client(&app).get(at(&app, &format!("/users/{max}"))).await.json()["name"], "Max Mustermann");
        // Out, defused, and in again: nothing changes, whatever the encoding.
        let before = app.events().await.len();
        client(&app)
            .post(at(&app, "/users"), json!({"name": "@SUM(1)", "email": "sum@northwind.example"}))
            .await
            .is(201);
        let out = take(&app, "users").await;
        assert!(out.starts_with("id,externalId,userName,email,name,"), "{out}");
        assert!(out.contains(",'@SUM(1),") && out.contains("\"{\"\"team\"\":\"\"=1+1\"\"}\""), "{out}");
        let wide: Vec<u8> = [0xfeff].into_iter().chain(out.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let again = put(&app, "users", &wide).await;
        assert_eq!(counts(&again), [0, 0, 0, out.lines().count() as u64 - 1]);
        assert_eq!(again.json()["encoding"], "UTF-16LE");
        assert_eq!(app.events().await.len(), before + 1, "only the one made by hand");
        assert!(!out.contains("carl"), "nobody of another company");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn wrong_rows_are_all_told_and_leave_nothing() {
    on_both(async |app| {
        let (events, out) = (app.events().await.len(), take(&app, "users").await);
        let sheet = format!(
            "id,email,userName,status,role,manager\n\
             ,new@northwind.example,,,,\n\
             ,edda.editor@northwind.example,vera.viewer@northwind.example,,,\n\
             ,broken,,,,\n\
             ,x@northwind.example,,away,,\n\
             no-id,y@northwind.example,,,,\n\
             ,z@northwind.example,,,,nobody@northwind.example\n\
             {},ada.example@northwind.example,,inactive,,\n\
             {},foreign@northwind.example,,,,\n",
            app.id("ada"),
            app.id("carl")
        );
        assert_eq!(
            wrong(&put(&app, "users", &sheet).await),
            [
                "3 email: belongs to another user",
                "4 email: is not an e-mail address",
                "5 status: must be one of `invited` `active` `offboarding` `inactive`",
                "6 id: is not a UUID",
                "7 manager: \"nobody@northwind.example\" names no user of this company",
                "8 row: this is the last administrator of the company, who stays; make another one first",
                "9 id: is not usable",
            ]
        );
        for (what, text, says) in [
            ("users", "", "400 invalid"),
            ("users", "colour\nred\n", "400 invalid"),
            ("members", "group\nEngineering\n", "400 invalid"),
            ("groups", "name,group\na,b\n", "400 invalid"),
        ] {
            assert_eq!(problem(&put(&app, what, text).await), says, "{what} {text}");
        }
        let many = format!("email\n{}", "a@b.example\n".repeat(10_001));
        assert_eq!(problem(&put(&app, "users", many).await), "400 too-many");
        let vast = vec![b'x'; (16 << 20) + 1];
        assert_eq!(put(&app, "users", vast).await.status, 413);
        let path = at(&app, "/sheets/users");
        let latin = client(&app).send("POST", &path, "text/csv; charset=utf-8", b"email\n\xff\n".to_vec()).await;
        assert_eq!(problem(&latin), "400 invalid");
        for (who, says) in [(Who::AdminReadOnly, "403 read-only-key"), (Who::Editor, "403 forbidden")] {
            let refused = client(&app).by(who).send("POST", &path, "text/csv", b"email\na@b.example\n".to_vec()).await;
            assert_eq!(problem(&refused), says);
        }
        assert_eq!(problem(&client(&app).by(Who::Guest).get(&path).await), "403 forbidden");
        assert_eq!(problem(&client(&app).by(Who::Foreign).get(&path).await), "404 not-found");
        assert_eq!((app.events().await.len(), take(&app, "users").await), (events, out), "nothing of it is kept");
    })
    .await;
}

#[tokio::test]
async fn groups_and_members_come_and_go() {
    on_both(async |app| {
        let sheet = format!(
            "name\tdescription\towners\texternalId\nBlue\t-5 °\tada.example@northwind.example {}\tb-1\nengineering\tBuilds\t\t\n",
            app.id("eng")
        );
        assert_eq!(counts(&put(&app, "groups", sheet).await), [1, 1, 0, 0]);
        let out = take(&app, "groups").await;
        assert!(out.contains(",b-1,Blue,'-5 °,,"), "{out}");
        assert!(out.contains(",Engineering,Builds,"), "found in whatever letter case, and not renamed: {out}");
        assert_eq!(counts(&put(&app, "groups", &out).await), [0, 0, 0, 3]);

        let sheet = "Group,Member,Ends at,Note,Action\n\
                     Blue,ada.example@northwind.example,2027-01-01T00:00:00Z,=note,\n\
                     Blue,edda.editor@northwind.example,,,add\n\
                     Blue,edda.editor@northwind.example,,,\n\
                     Engineering,vera.viewer@northwind.example,,,remove\n";
        assert_eq!(counts(&put(&app, "members", sheet).await), [2, 0, 1, 1]);
        let out = take(&app, "members").await;
        assert!(out.contains(",Blue,") && out.contains(",ada.example@northwind.example,") && out.contains(",'=note,"), "{out}");
        assert_eq!(counts(&put(&app, "members", &out).await), [0, 0, 0, out.lines().count() as u64 - 1]);
        let refused = "group,user\nBlue,nobody@northwind.example\nRed,ada.example@northwind.example\nRed,vera.viewer@northwind.example\nBlue,vera.viewer@northwind.example\n";
        assert_eq!(
            wrong(&put(&app, "members", refused).await),
            [
                "2 user: names no user of this company",
                "3 group: names no group of this company",
                "4 group: names no group of this company"
            ]
        );
        // The owner of a group fills it, and no other.
        let path = at(&app, "/sheets/members");
        let by_edda = client(&app).by(Who::Editor);
        let ask = |group: &str| format!("group,user\n{group},gus.guest@northwind.example\n").into_bytes();
        by_edda.send("POST", &path, "text/csv", ask("Engineering")).await.is(200);
        for other in ["Operations", "Red"] {
            assert_eq!(problem(&by_edda.send("POST", &path, "text/csv", ask(other)).await), "403 forbidden");
        }
        // A preview does nothing, and the same request twice does it once.
        let revision = app.events().await.len();
        let told = client(&app).send("POST", format!("{path}?preview=true"), "text/csv", ask("Operations")).await;
        assert_eq!((told.status, &told.json()["gainedTotal"]), (200, &json!(1)), "{told}");
        assert_eq!(app.events().await.len(), revision);
        for _ in 0..2 {
            let once = client(&app).with("idempotency-key", "k");
            let reply = once.send("POST", &path, "text/csv", ask("Operations")).await;
            assert_eq!(counts(&reply), [1, 0, 0, 0]);
        }
        assert_eq!(app.events().await.len(), revision + 1);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn whole_lists_are_held_by_the_brake() {
    on_both(async |app| {
        let crew = |n: std::ops::Range<usize>| {
            n.fold(String::from("email,group\n"), |all, i| all + &format!("crew{i}@northwind.example,Operations\n"))
        };
        put(&app, "users", crew(0..40)).await.is(200);
        let path = at(&app, "/sheets/members?whole=true");
        let whole = async |text: String| client(&app).send("POST", &path, "text/csv", text.into_bytes()).await;
        assert_eq!(counts(&whole(crew(0..40)).await), [40, 0, 0, 0]);
        assert_eq!(counts(&whole(crew(0..36)).await), [0, 0, 4, 36]);
        let held = whole(crew(0..20)).await;
        assert_eq!(problem(&held), "409 braked");
        let confirmation = held.json()["confirmation"].as_str().unwrap().to_owned();
        let sure = client(&app).with("guildhall-confirmation", confirmation);
        let done = sure.send("POST", &path, "text/csv", crew(0..20).into_bytes()).await;
        assert_eq!(counts(&done), [0, 0, 16, 20]);
        let timed = "email,group,action\ncrew1@northwind.example,Operations,remove\n".to_owned();
        assert_eq!(wrong(&whole(timed).await).len(), 1);
    })
    .await;
}
