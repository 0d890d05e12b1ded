//! What brings requests about beside joining and leaving by hand: links, windows, rules, archiving, restoring, imports.

use guildhall_testkit::{App, on_both};
use serde_json::{Value, json};

use super::{at, client, verify};
use crate::cli::directory::load;

/// Type, target, raising group and status of every request, in order.
async fn requests(app: &App) -> Vec<String> {
    let page = client(app).get(at(app, "/requests")).await.is(200).json();
    let name = |id: &Value| {
        let known = ["ada", "edda", "vera", "gus", "ivan", "eng", "ops"];
        known.into_iter().find(|name| *id == json!(app.id(name))).unwrap_or("-")
    };
    let short = |row: &Value| row["type"].as_str().unwrap().trim_end_matches("AccessRequest").to_owned();
    let one = |row: &Value| {
        format!(
            "{} {} by {}: {}",
            short(row),
            name(&row["target"]),
            name(&row["source"]),
            row["status"].as_str().unwrap()
        )
    };
    page["items"].as_array().unwrap().iter().map(one).collect()
}

async fn link(app: &App, group: &str, visibility: &str) {
    let path = at(app, &format!("/groups/{{{group}}}/apps/{{ledger}}"));
    client(app).put(path, json!({"visibility": visibility})).await.is(200);
}

async fn later(app: &App, hours: i64) {
    app.clock.set(app.clock.now().plus_seconds(hours * 3600));
    app.engine.housekeep().await.unwrap();
}

#[tokio::test]
async fn a_group_that_comes_to_give_an_app_asks_for_all_who_lack_it() {
    on_both(async |app| {
        let admin = client(&app);
        // vera has it; gus lacks it and is in eng, which is inside ops.
        admin.call("PUT", at(&app, "/groups/{eng}/members/{gus}"), None).await.is(201);
        admin.call("PUT", at(&app, "/groups/{ops}/children/{eng}"), None).await.is(201);
        let preview = at(&app, "/groups/{ops}/apps/{ledger}?preview=true");
        let told = admin.put(preview, json!({"visibility": "default"})).await.is(200).json();
        assert_eq!((&told["requestsTotal"], &told["requests"][0]["target"]), (&json!(1), &json!(app.id("gus"))));
        assert_eq!(told["requests"][0]["permissionLevel"], json!(app.id("reader")), "the default level");
        assert!(requests(&app).await.is_empty());
        link(&app, "ops", "default").await;
        link(&app, "ops", "default").await;
        assert_eq!(requests(&app).await, ["Grant gus by ops: open"]);
        // Hidden from now on: what was asked for is called off, what vera has is asked back.
        link(&app, "ops", "hidden").await;
        assert_eq!(requests(&app).await, ["Grant gus by ops: cancelled", "Remove vera by ops: open"]);
        // Given again before that is decided: she keeps it.
        link(&app, "ops", "default").await;
        assert_eq!(
            requests(&app).await,
            ["Grant gus by ops: cancelled", "Remove vera by ops: cancelled", "Grant gus by ops: open"]
        );
        // Archived, the group inside ends what the one around gave through it.
        let told = admin.call("DELETE", at(&app, "/groups/{eng}?preview=true"), None).await.is(200).json();
        assert_eq!((&told["requestsTotal"], &told["requests"][0]["type"]), (&json!(1), &json!("RemoveAccessRequest")));
        admin.delete(at(&app, "/groups/{eng}")).await.is(200);
        assert_eq!(requests(&app).await[2..], ["Grant gus by ops: cancelled", "Remove vera by ops: open"]);
        // Restored with its members and its place.
        admin.call("POST", at(&app, "/groups/{eng}/restore"), None).await.is(200);
        assert_eq!(
            requests(&app).await[2..],
            ["Grant gus by ops: cancelled", "Remove vera by ops: cancelled", "Grant gus by ops: open"]
        );
        // Unlinked, it gives nothing any more.
        admin.delete(at(&app, "/groups/{ops}/apps/{ledger}")).await.is(204);
        assert_eq!(requests(&app).await[4..], ["Grant gus by ops: cancelled", "Remove vera by ops: open"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn windows_ask_when_they_begin_and_when_they_end() {
    on_both(async |app| {
        let admin = client(&app);
        link(&app, "ops", "default").await;
        let window = json!({"startsAt": "2026-11-20T10:00:00Z", "endsAt": "2026-11-20T12:00:00Z"});
        let path = at(&app, "/groups/{ops}/members/{gus}");
        admin.put(&path, window).await.is(201);
        assert!(requests(&app).await.is_empty(), "not yet");
        later(&app, 1).await;
        assert_eq!(requests(&app).await, ["Grant gus by ops: open"]);
        later(&app, 2).await;
        assert_eq!(requests(&app).await, ["Grant gus by ops: cancelled"]);
        // A window that is moved: in at once, and out again.
        admin.put(&path, json!({"startsAt": "2026-11-21T10:00:00Z"})).await.is(201);
        let reason = async || {
            let shown = admin.get(at(&app, "/groups/{ops}/members/{gus}/reasons")).await.is(200).json();
            at(
                &app,
                &format!("/groups/{{ops}}/members/{{gus}}/reasons/{}", shown["reasons"][0]["id"].as_str().unwrap()),
            )
        };
        admin.patch(reason().await, json!({"startsAt": null})).await.is(200);
        assert_eq!(requests(&app).await[1..], ["Grant gus by ops: open"]);
        admin.delete(reason().await).await.is(204);
        assert_eq!(requests(&app).await[1..], ["Grant gus by ops: cancelled"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn rules_ask_for_whom_they_bring_in() {
    on_both(async |app| {
        let admin = client(&app);
        link(&app, "ops", "default").await;
        let rule = json!({"rule": "user.attributes.team == 'books'"});
        admin.patch(at(&app, "/groups/{ops}"), rule).await.is(200);
        let gus = at(&app, "/users/{gus}");
        let told =
            admin.patch(format!("{gus}?preview=true"), json!({"attributes": {"team": "books"}})).await.is(200).json();
        assert_eq!((&told["gainedTotal"], &told["requestsTotal"]), (&json!(1), &json!(1)));
        admin.patch(&gus, json!({"attributes": {"team": "books"}})).await.is(200);
        assert_eq!(requests(&app).await, ["Grant gus by ops: open"]);
        admin.patch(&gus, json!({"attributes": {"team": "cooks"}})).await.is(200);
        assert_eq!(requests(&app).await, ["Grant gus by ops: cancelled"]);
        admin.patch(at(&app, "/users/{vera}"), json!({"attributes": {"team": "books"}})).await.is(200);
        assert_eq!(requests(&app).await.len(), 1, "she has it");
        admin.patch(at(&app, "/groups/{ops}"), json!({"rule": null})).await.is(200);
        assert_eq!(requests(&app).await[1..], ["Remove vera by ops: open"]);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn imports_into_a_company_ask_for_what_they_do_not_give() {
    on_both(async |app| {
        link(&app, "ops", "default").await;
        let (company, group, ledger) = (app.id("northwind"), app.id("ops"), app.id("ledger"));
        let member = |user: &str| json!({"type": "membership", "company": company, "group": group, "user": app.id(user)}).to_string();
        let access = json!({"type": "access", "company": company, "app": ledger, "user": app.id("ada"), "permissionLevel": app.id("booker")});
        let lines = [member("ada"), member("gus"), access.to_string()];
        load(&app.engine, &lines.join("\n"), true).await.expect("an update");
        assert_eq!(requests(&app).await, ["Grant gus by ops: open"], "the load itself gives ada hers");
        load(&app.engine, &lines.join("\n"), true).await.expect("the same once more");
        assert_eq!(requests(&app).await.len(), 1);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_preview_tells_roles_and_apps() {
    on_both(async |app| {
        let admin = client(&app);
        let role = json!({"name": "Reader", "permissions": [{"permission": "ACCESS_MANAGEMENT", "actions": ["READ"]}]});
        let role = admin.post(at(&app, "/roles"), role).await.is(201).json()["id"].clone();
        let scope = json!({"audiences": [{"predicates": [{"type": "COMPANY", "values": [app.id("northwind")]}]}]});
        let give = json!({"add": [{"role": role, "scope": scope}]});
        let told = admin.post(at(&app, "/groups/{eng}/roles?preview=true"), give.clone()).await.is(200).json();
        assert_eq!(told["rolesGained"], json!([{"user": app.id("vera"), "role": role}]));
        assert_eq!((&told["gainedTotal"], &told["rolesGainedTotal"]), (&json!(0), &json!(1)));
        admin.post(at(&app, "/groups/{eng}/roles"), give.clone()).await.is(204);
        // By two ways it is one role: leaving one of them loses nothing.
        admin.post(at(&app, "/groups/{ops}/roles"), give).await.is(204);
        let told = admin.call("PUT", at(&app, "/groups/{ops}/members/{vera}?preview=true"), None).await.is(200).json();
        assert_eq!((&told["gainedTotal"], &told["rolesGainedTotal"]), (&json!(1), &json!(0)));
        let told = admin.delete(at(&app, "/groups/{eng}?preview=true")).await.is(200).json();
        assert_eq!(told["rolesLost"], json!([{"user": app.id("vera"), "role": role}]));
        let told = admin.delete(at(&app, "/apps/{ledger}/accesses/{vera}?preview=true")).await.is(200).json();
        assert_eq!(
            told["appsLost"],
            json!([{"user": app.id("vera"), "app": app.id("ledger"), "permissionLevel": null}])
        );
        let put = at(&app, "/apps/{ledger}/accesses/{gus}?preview=true");
        let told = admin.put(put, json!({"permissionLevel": app.id("booker")})).await.is(200).json();
        assert_eq!(told["appsGained"][0]["permissionLevel"], json!(app.id("booker")));
        assert_eq!(told["appsGainedTotal"], 1);
        let accesses = admin.get(at(&app, "/apps/{ledger}/accesses")).await.json();
        assert_eq!(accesses["items"].as_array().unwrap().len(), 1, "nothing was done");
    })
    .await;
}
