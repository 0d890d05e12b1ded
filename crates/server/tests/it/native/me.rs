//! Who calls, what ids are called, and what listings tell beside their rows.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{at, client, problem};

#[tokio::test]
async fn callers_are_told_who_they_are() {
    on_both(async |app| {
        let me = client(&app).get("/v1/me").await.is(200).json();
        assert_eq!(me["user"]["id"], app.id("ada").to_string());
        assert_eq!(me["company"]["id"], app.company().to_string());
        assert_eq!(
            (me["role"].as_str(), me["access"].as_str(), me["session"].as_bool()),
            (Some("admin"), Some("write"), Some(false))
        );
        assert_eq!(me["key"], app.key(Who::Admin).key.id.to_string());
        let guest = client(&app).by(Who::Guest).get("/v1/me").await.is(200).json();
        assert_eq!(
            (guest["role"].as_str(), guest["user"]["id"].as_str()),
            (Some("guest"), Some(&*app.id("gus").to_string()))
        );
        let platform = client(&app).by(Who::Platform).get("/v1/me").await.is(200).json();
        assert!(platform["company"].is_null() && platform["user"].is_null() && platform["role"].is_null());
        assert_eq!(problem(&client(&app).get("/v1/me?x=1").await), "400 invalid");
        assert_eq!(client(&app).by(Who::Nobody).get("/v1/me").await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn names_are_told_within_the_company() {
    on_both(async |app| {
        let names = at(&app, "/names");
        let ids = [app.id("ada"), app.id("eng"), app.id("carl"), uuid::Uuid::nil(), app.id("ops")];
        client(&app).delete(at(&app, &format!("/groups/{}", app.id("ops")))).await.is(200);
        for who in [Who::Admin, Who::AdminReadOnly, Who::Viewer] {
            let told = client(&app).by(who).post(&names, json!({"ids": ids})).await.is(200).json();
            let told = told["names"].as_array().expect("names");
            assert_eq!(told.len(), 3, "{told:?}");
            let name = |id: &str| told.iter().find(|one| one["id"] == app.id(id).to_string()).expect("a name");
            assert_eq!((&name("eng")["name"], &name("eng")["type"]), (&json!("Engineering"), &json!("group")));
            assert_eq!((&name("ops")["name"], &name("ada")["type"]), (&json!("Operations"), &json!("user")));
        }
        assert_eq!(problem(&client(&app).by(Who::Guest).post(&names, json!({"ids": ids})).await), "403 forbidden");
        assert_eq!(problem(&client(&app).by(Who::Foreign).post(&names, json!({"ids": ids})).await), "404 not-found");
        let many: Vec<_> = (0..1001).map(uuid::Uuid::from_u128).collect();
        assert_eq!(problem(&client(&app).post(&names, json!({"ids": many})).await), "400 too-many");
        for body in [json!({}), json!({"ids": "x"}), json!({"ids": ["x"]}), json!({"ids": [], "more": 1})] {
            assert_eq!(problem(&client(&app).post(&names, body).await), "400 invalid");
        }
        assert_eq!(client(&app).post(&names, json!({"ids": []})).await.is(200).body, r#"{"names":[]}"#);
    })
    .await;
}

#[tokio::test]
async fn listings_count_members_and_tell_reasons() {
    on_both(async |app| {
        let (eng, ops) = (app.id("eng"), app.id("ops"));
        client(&app).put(at(&app, &format!("/groups/{ops}/children/{eng}")), json!({})).await.is(201);
        let page = client(&app).get(at(&app, "/groups?counts=true")).await.is(200).json();
        let of = |id: uuid::Uuid| page["items"].as_array().expect("rows").iter().find(|row| row["id"] == id.to_string()).expect("a row")["members"].clone();
        let count = client(&app).get(at(&app, &format!("/groups/{eng}/members/count"))).await.json();
        assert_eq!(of(eng), count);
        assert_eq!((of(ops)["direct"].as_u64(), &of(ops)["effective"]), (Some(0), &count["effective"]));
        let bare = client(&app).get(at(&app, "/groups")).await.json();
        assert!(bare["items"][0].get("members").is_none());
        assert_eq!(problem(&client(&app).get(at(&app, "/groups?counts=true&at=2026-11-20T09:00:00Z")).await), "400 invalid");

        let members = at(&app, &format!("/groups/{ops}/members?effective=true&reasons=true"));
        let rows = client(&app).get(&members).await.is(200).json();
        assert!(rows["items"].as_array().expect("rows").iter().all(|row| row["reasons"] == json!([])), "{rows}");
        let members = at(&app, &format!("/groups/{eng}/members?reasons=true"));
        let rows = client(&app).get(&members).await.is(200).json();
        assert_eq!(rows["items"][0]["reasons"][0]["kind"], "direct", "{rows}");
        assert_eq!(problem(&client(&app).get(format!("{members}&at=2026-11-20T09:00:00Z")).await), "400 invalid");
    })
    .await;
}

#[tokio::test]
async fn the_journal_is_told_newest_first_and_verified() {
    on_both(async |app| {
        for n in 0..5 {
            client(&app).post(at(&app, "/groups"), json!({"name": format!("G{n}")})).await.is(201);
        }
        let up = client(&app).get(at(&app, "/events?limit=1000")).await.is(200).json();
        let mut expected: Vec<u64> =
            up["items"].as_array().expect("rows").iter().filter_map(|row| row["revision"].as_u64()).collect();
        expected.reverse();
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let more = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page =
                client(&app).get(at(&app, &format!("/events?sort=-revision&limit=3{more}"))).await.is(200).json();
            found.extend(page["items"].as_array().expect("rows").iter().filter_map(|row| row["revision"].as_u64()));
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, expected);
        let eng = app.id("eng");
        let of = client(&app).get(at(&app, &format!("/events?sort=-revision&subject={eng}"))).await.is(200).json();
        assert!(of["items"].as_array().expect("rows").iter().all(|row| row["subject"] == eng.to_string()));
        for query in ["sort=x", "sort=-revision&after=3"] {
            assert_eq!(problem(&client(&app).get(at(&app, &format!("/events?{query}"))).await), "400 invalid");
        }
        let found = client(&app).get(at(&app, "/events/verification")).await.is(200).json();
        assert_eq!((found["events"].as_u64(), found["broken"].is_null()), (Some(expected.len() as u64), true));
        for (who, says) in [(Who::Viewer, "403 forbidden"), (Who::Foreign, "404 not-found")] {
            assert_eq!(problem(&client(&app).by(who).get(at(&app, "/events/verification")).await), says);
        }
    })
    .await;
}
