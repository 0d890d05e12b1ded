//! Filters, sorting, and what is shown.

use guildhall_testkit::on_both;
use serde_json::json;

use super::{ENTERPRISE, GROUPS, USERS, column, encoded, error, found, hire};

#[tokio::test]
async fn filters_take_the_whole_grammar() {
    on_both(async |app| {
        let scim = app.bearer();
        let body = json!({"userName": "Zoë@northwind.example", "displayName": "Zoë Straße", "title": "CTO", "externalId": "AbC",
            "emails": [{"value": "zoe@home.example", "type": "home"}, {"value": "zoe@work.example", "type": "work", "primary": true}],
            ENTERPRISE: {"department": "R&D", "manager": {"value": app.id("ada")}}});
        scim.post(USERS, body).await.is(201);
        let ada = app.id("ada");
        for (filter, hits) in [
            (r#"userName eq "zoË@NORTHWIND.example""#.to_owned(), 1),
            (r#"displayName eq "ZOË STRASSE""#.into(), 1),
            (r#"displayName sw "zo" and title pr"#.into(), 1),
            (r#"displayName ew "straße" and not (title eq "CEO")"#.into(), 1),
            (r#"name.familyName co "e" or userName eq "nobody""#.into(), 5),
            (r#"externalId eq "AbC""#.into(), 1),
            (r#"externalId eq "abc""#.into(), 0),
            (format!(r#"id eq "{ada}""#), 1),
            (r#"id eq "x""#.into(), 0),
            (r#"emails.value eq "ZOE@home.example""#.into(), 1),
            (r#"emails co "work.example""#.into(), 1),
            (r#"emails[type eq "work" and value co "home"]"#.into(), 0),
            (r#"emails[type eq "work" and primary eq true].value eq "x""#.into(), -1),
            (r#"emails[not (type eq "work")]"#.into(), 1),
            (r#"active eq false"#.into(), 1),
            (r#"active eq "False""#.into(), 1),
            (r#"active ne true"#.into(), 1),
            (format!(r#"{ENTERPRISE}:department eq "r&d""#), 1),
            (format!(r#"{ENTERPRISE}:manager.value eq "{ada}""#), 1),
            (format!(r#"manager eq "{ada}""#), 1),
            (r#"meta.created ge "2026-11-20T09:00:00Z""#.into(), 6),
            (r#"meta.created gt "2026-11-20T10:00:00+01:00""#.into(), 0),
            (r#"meta.resourceType eq "User""#.into(), 6),
            (r#"title eq null"#.into(), 5),
            (r#"title ne "CTO""#.into(), 5),
            (r#"userName gt "f""#.into(), 4),
            ("userName eq \"a\\u0000b\"".into(), 0),
            ("externalId eq \"a\\u0000b\"".into(), 0),
            ("title co \"a\\u0000b\"".into(), 0),
            (format!(r#"groups eq "{}""#, app.id("eng")), 1),
            (format!(r#"groups[value eq "{}"] and active eq true"#, app.id("eng")), 1),
            (r#"userName eq "a" or userName eq "gus.guest@northwind.example""#.into(), 1),
            (r#"USERNAME EQ "gus.guest@northwind.example""#.into(), 1),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "gus.guest@northwind.example""#.into(), 1),
        ] {
            let reply = scim.get(format!("{USERS}?filter={}", encoded(&filter))).await;
            if hits < 0 {
                assert_eq!(error(&reply), "400 invalidFilter", "{filter}");
            } else {
                assert_eq!(reply.status, 200, "{filter}: {reply}");
                assert_eq!(reply.json()["totalResults"], hits, "{filter}: {reply}");
            }
        }
        let deep = format!("{}title pr{}", "not (".repeat(21), ")".repeat(21));
        let wide = vec!["title pr"; 101].join(" or ");
        let long = format!("title eq \"{}\"", "x".repeat(4096));
        for filter in [
            "", "userName", "userName eq", "userName eq zoe", "colour eq \"red\"", "userName.colour eq \"x\"", "name eq \"x\"",
            "active gt true", "active eq 7", "userName eq true", "meta.created gt \"tomorrow\"", "groups pr", "groups co \"x\"",
            "groups.display eq \"x\"", "emails[colour eq \"red\"]", "userName eq \"x\" and", "password eq \"x\"",
            deep.as_str(), wide.as_str(), long.as_str(),
        ] {
            let reply = scim.get(format!("{USERS}?filter={}", encoded(filter))).await;
            if filter.is_empty() {
                assert_eq!(reply.json()["totalResults"], 6);
            } else {
                assert_eq!(error(&reply), "400 invalidFilter", "{filter}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn groups_are_found_without_their_lists() {
    on_both(async |app| {
        let scim = app.bearer();
        let gus = app.id("gus");
        let crew = found(&scim, "Crew", &[&gus.to_string()]).await;
        for (filter, hits) in [
            (format!("id eq \"{crew}\" and members eq \"{gus}\""), 1),
            (format!("id eq \"{crew}\" and members eq \"{}\"", app.id("vera")), 0),
            (format!("members.value eq \"{gus}\""), 1),
            (format!("members[value eq \"{gus}\"]"), 1),
            (format!("not (members eq \"{gus}\")"), 2),
            ("members eq \"nobody\"".into(), 0),
            ("displayName eq \"CREW\"".into(), 1),
            ("displayName co \"e\"".into(), 3),
        ] {
            let reply =
                scim.get(format!("{GROUPS}?excludedAttributes=members&filter={}", encoded(&filter))).await.is(200);
            assert_eq!(reply.json()["totalResults"], hits, "{filter}");
            assert!(!reply.body.contains("members"));
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_sorted_and_shown_as_asked() {
    on_both(async |app| {
        let scim = app.bearer();
        for (name, title) in [("ä@x.example", "b"), ("b@x.example", "a"), ("A@x.example", "")] {
            scim.post(USERS, json!({"userName": name, "title": title})).await.is(201);
        }
        let filter = encoded("userName ew \"x.example\"");
        let by =
            async |sort: &str| column(&scim.get(format!("{USERS}?filter={filter}&{sort}")).await.is(200), "userName");
        assert_eq!(by("sortBy=userName").await, ["A@x.example", "b@x.example", "ä@x.example"]);
        assert_eq!(by("sortBy=userName&sortOrder=descending").await, ["ä@x.example", "b@x.example", "A@x.example"]);
        // Those without a value come last either way.
        assert_eq!(by("sortBy=title").await, ["b@x.example", "ä@x.example", "A@x.example"]);
        assert_eq!(by("sortBy=title&sortOrder=descending").await, ["ä@x.example", "b@x.example", "A@x.example"]);
        assert_eq!(error(&scim.get(format!("{USERS}?sortBy=userName&sortOrder=up")).await), "400 invalidValue");
        let shown = scim
            .get(format!("{USERS}?filter={filter}&attributes=userName,name.givenName,nonsense"))
            .await
            .is(200)
            .json();
        let mut keys: Vec<&String> = shown["Resources"][0].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["id", "schemas", "userName"]);
        let one = scim
            .get(format!("{}?attributes=emails.value&excludedAttributes=id", super::user(&app, "ada")))
            .await
            .is(200)
            .json();
        assert_eq!(one["emails"], json!([{"value": "ada.example@northwind.example"}]));
        assert!(one["id"].is_string() && one["userName"].is_null());
        let one = scim
            .get(format!("{}?excludedAttributes=emails,name.familyName,groups,meta", super::user(&app, "ada")))
            .await
            .is(200)
            .json();
        assert!(one["emails"].is_null() && one["meta"].is_null() && one["name"]["familyName"].is_null());
        assert_eq!(one["name"]["givenName"], "Ada");
    })
    .await;
}

#[tokio::test]
async fn a_search_is_a_query_in_a_body() {
    on_both(async |app| {
        let scim = app.bearer();
        hire(&scim, "engineering@x.example").await;
        let search = |filter: &str| {
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter, "startIndex": 1, "count": 10,
                "attributes": ["displayName", "userName"]})
        };
        let reply = scim.post(format!("{USERS}/.search"), search("userName sw \"engineering\"")).await.is(200);
        assert_eq!(column(&reply, "userName"), ["engineering@x.example"]);
        let reply = scim.post(format!("{GROUPS}/.search"), search("displayName sw \"engin\"")).await.is(200);
        assert_eq!(column(&reply, "displayName"), ["Engineering"]);
        let both = search("userName sw \"engineering\" or displayName sw \"engin\"");
        assert_eq!(scim.post("/scim/v2/.search", both).await.is(200).json()["totalResults"], 2);
        assert_eq!(scim.post("/scim/v2/.search", json!({})).await.is(200).json()["totalResults"], 8);
        // A key that may only read may search.
        let reader = scim.clone().by(guildhall_testkit::Who::AdminReadOnly);
        reader.post(format!("{USERS}/.search"), search("active eq true")).await.is(200);
        assert_eq!(error(&scim.post(format!("{USERS}/.search"), search("colour eq 1")).await), "400 invalidFilter");
        assert_eq!(error(&scim.post(format!("{USERS}/.search"), json!({"filter": 7})).await), "400 invalidSyntax");
        assert_eq!(error(&scim.post(format!("{USERS}/.search"), json!({"count": "many"})).await), "400 invalidValue");
    })
    .await;
}
