//! The files of the console, as a browser asks for them.

use guildhall_testkit::{App, Place, Who};

#[tokio::test]
async fn pages_are_strict_about_what_they_load() {
    let app = App::start(Place::sqlite()).await;
    for path in ["/console", "/console/", "/console/groups/0", "/console/users"] {
        let reply = app.bearer().by(Who::Nobody).get(path).await;
        // Without a built console the same address says how to get one.
        assert!(matches!(reply.status, 200 | 404), "{path}: {reply}");
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8", "{path}");
        let policy = reply.header("content-security-policy");
        for needed in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(needed), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in
            [("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff")]
        {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert!(!reply.body.contains("<script>") && !reply.body.contains("style="), "{}", reply.body);
    }
}

#[tokio::test]
async fn files_that_are_not_there_are_not_pages() {
    let app = App::start(Place::sqlite()).await;
    let client = app.bearer().by(Who::Nobody);
    for path in
        ["/console/assets/none.js", "/console/assets/../../../Cargo.toml", "/console/assets/%2e%2e/x", "/console/x.js"]
    {
        let reply = client.get(path).await;
        assert!(
            matches!(reply.status, 404 | 400) || reply.header("content-type").starts_with("text/html"),
            "{path}: {reply}"
        );
        assert!(!reply.body.contains("[workspace]"), "{path}");
    }
}
