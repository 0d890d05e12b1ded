//! The envelope and its pages.

use guildhall_domain::group::NewGroup;
use guildhall_testkit::on_both;

use super::*;

async fn fill(app: &App, up_to: usize) {
    let hand = operator(&app.engine, app.company());
    for n in 2..up_to {
        let new = NewGroup { name: format!("Group {n}"), ..NewGroup::default() };
        app.clock.set(app.clock.now().plus_seconds(1));
        app.engine.create_group(&hand, new).await.unwrap();
    }
}

/// The envelope without its items.
fn envelope(app: &App, reply: &Reply) -> String {
    let mut json = reply.json();
    json.as_object_mut().unwrap().remove("results");
    json.to_string().replace(app.url.as_str(), "http://HOST")
}

/// Follows `next` from `path` to the end; the ids in order.
async fn walk(app: &App, path: &str) -> Vec<String> {
    let (mut all, mut path, mut before) = (Vec::new(), path.to_owned(), None::<String>);
    loop {
        let reply = app.bearer().get(&path).await.is(200);
        all.extend(column(&reply, "id"));
        let json = reply.json();
        assert_eq!(json["links"]["previous"].as_str().is_some(), before.is_some());
        match json["links"]["next"].as_str() {
            Some(next) => {
                before = Some(path);
                path = next.strip_prefix(&app.url).expect("our own address").to_owned();
            }
            None => {
                assert_eq!(json["count"], all.len());
                return all;
            }
        }
    }
}

#[tokio::test]
async fn groups_come_in_pages_of_fifty() {
    on_both(async |app| {
        fill(&app, 121).await;
        let get = async |query: &str| app.bearer().get(format!("{GROUPS}{query}")).await;
        let page = async |query: &str| envelope(&app, &get(query).await.is(200));
        told!(page("").await, @r#"{"count":121,"links":{"next":"http://HOST/api/v1/auth/group?page=2","previous":null},"meta":{"next_page":2,"page":1,"previous_page":null},"total_pages":3}"#);
        told!(page("?page=2").await, @r#"{"count":121,"links":{"next":"http://HOST/api/v1/auth/group?page=3","previous":"http://HOST/api/v1/auth/group?page=1"},"meta":{"next_page":3,"page":2,"previous_page":1},"total_pages":3}"#);
        told!(page("?page=3").await, @r#"{"count":121,"links":{"next":null,"previous":"http://HOST/api/v1/auth/group?page=2"},"meta":{"next_page":null,"page":3,"previous_page":2},"total_pages":3}"#);
        told!(page("?page=03&page_size=40").await, @r#"{"count":121,"links":{"next":"http://HOST/api/v1/auth/group?page=4&page_size=40","previous":"http://HOST/api/v1/auth/group?page=2&page_size=40"},"meta":{"next_page":4,"page":3,"previous_page":2},"total_pages":4}"#);
        for ignored in ["0", "101", "-1", "x", "", "9999999999999999999999"] {
            assert_eq!(page(&format!("?page_size={ignored}&search=x")).await, page("").await, "{ignored}");
        }
        let all = walk(&app, GROUPS).await;
        assert_eq!(all.len(), 121);
        for size in [1, 7, 60, 100] {
            assert_eq!(walk(&app, &format!("{GROUPS}/?page_size={size}")).await, all, "{size}");
        }
        assert_eq!(all[..2], [app.id("eng").to_string(), app.id("ops").to_string()], "by creation");
        told!(get("?page=4").await, @r#"404 {"detail":"Invalid page."}"#);
        for wrong in ["0", "-1", "1.0", "", "two", "last", "4294967296", "99999999999999999999999", "%2B1", "%D9%A3"] {
            assert_eq!(get(&format!("?page={wrong}")).await.is(404).body, r#"{"detail":"Invalid page."}"#, "{wrong}");
        }
        told!(get("?page=1&page=2").await, @r#"400 {"page":["This field is given twice."]}"#);
        told!(get("?page=%ff").await, @r#"400 {"detail":"The query string is not percent-encoded UTF-8."}"#);
    })
    .await;
}

#[tokio::test]
async fn users_come_in_pages_too() {
    on_both(async |app| {
        for n in 0..60 {
            hire(&app, &format!("User {n}")).await;
        }
        assert_eq!(walk(&app, USERS).await.len(), 65);
        assert_eq!(walk(&app, &format!("{USERS}?page_size=9")).await, walk(&app, USERS).await);
        told!(envelope(&app, &app.bearer().get(format!("{USERS}/?page=2")).await), @r#"{"count":65,"links":{"next":null,"previous":"http://HOST/api/v1/user?page=1"},"meta":{"next_page":null,"page":2,"previous_page":1},"total_pages":2}"#);
        app.bearer().get(format!("{USERS}?page=3")).await.is(404);
    })
    .await;
}

#[tokio::test]
async fn an_empty_list_is_one_page() {
    on_both(async |app| {
        for name in ["eng", "ops"] {
            app.bearer().delete(group(&app, name)).await.is(204);
        }
        told!(app.bearer().get(GROUPS).await, @r#"200 {"links":{"next":null,"previous":null},"meta":{"page":1,"previous_page":null,"next_page":null},"count":0,"total_pages":1,"results":[]}"#);
        told!(app.bearer().get(format!("{GROUPS}?page=2")).await, @r#"404 {"detail":"Invalid page."}"#);
    })
    .await;
}

#[tokio::test]
async fn links_name_the_host_that_was_asked_and_no_forwarded_one() {
    on_both(async |app| {
        let next = async |name: &str, value: &str| {
            let reply = app.bearer().with(name, value).get(format!("{GROUPS}?page_size=1")).await;
            reply.json()["links"]["next"].as_str().unwrap().replace(app.url.as_str(), "http://HOST")
        };
        assert_eq!(
            next("host", "groups.example.test").await,
            format!("http://groups.example.test{GROUPS}?page=2&page_size=1")
        );
        assert_eq!(next("x-forwarded-host", "evil.example").await, format!("http://HOST{GROUPS}?page=2&page_size=1"));
    })
    .await;
}
