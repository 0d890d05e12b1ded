//! What `/metrics` tells after a few calls.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

/// The value of the one sample that bears this name and these labels.
fn sample(text: &str, name: &str) -> f64 {
    let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect();
    assert_eq!(found.len(), 1, "{name} in\n{text}");
    found[0].parse().unwrap()
}

#[tokio::test]
async fn metrics_tell_of_requests_writes_and_refusals_by_route() {
    on_both(async |app| {
        let (eng, gus) = (app.id("eng"), app.id("gus"));
        app.cakewalk().get(format!("/api/v1/UsersGroups/{eng}")).await.is(200);
        app.cakewalk().get(format!("/api/v1/usersgroups/{eng}/")).await.is(200);
        app.cakewalk().get(format!("/api/v1/UsersGroups/{gus}")).await.is(404);
        app.cakewalk().by(Who::Nobody).get("/api/v1/UsersGroups").await.is(401);
        app.cakewalk().get("/nowhere/at/all").await.is(404);
        let before = app.cakewalk().by(Who::Nobody).get("/metrics").await.is(200);
        assert_eq!(before.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        let before = before.body;
        let users = format!("/api/v1/UsersGroups/{eng}/Users");
        app.cakewalk().post(&users, json!({"userIds": [gus], "triggeredByUserId": app.id("ada")})).await.is(201);
        let after = app.cakewalk().get("/metrics").await.is(200).body;

        let group = |status| {
            let route = "/api/v1/UsersGroups/{usersGroupId}";
            format!(r#"guildhall_requests_total{{dialect="cakewalk",method="GET",route="{route}",status="{status}"}}"#)
        };
        assert_eq!((sample(&after, &group(200)), sample(&after, &group(404))), (2.0, 1.0));
        let none = r#"guildhall_requests_total{dialect="native",method="GET",route="none",status="404"}"#;
        assert_eq!(sample(&after, none), 1.0);
        assert!(!after.contains(&eng.to_string()) && !after.contains("/nowhere"), "{after}");
        let time = r#"guildhall_request_seconds_count{dialect="cakewalk",method="GET",route="/api/v1/UsersGroups/{usersGroupId}"}"#;
        assert_eq!(sample(&after, time), 3.0);
        assert_eq!(sample(&after, r#"guildhall_refused_credentials_total{dialect="cakewalk"}"#), 1.0);

        for name in ["guildhall_writes_total", "guildhall_commits_total", "guildhall_revisions_total"] {
            assert_eq!(sample(&after, name) - sample(&before, name), 1.0, "{name}");
        }
        let revision = app.engine.revision(app.company()).await.unwrap();
        assert_eq!(sample(&after, "guildhall_revision_highest"), revision as f64);
        assert_eq!(sample(&after, "guildhall_write_queue"), 0.0);
        assert!(sample(&after, r#"guildhall_pool_connections{state="open"}"#) >= 1.0);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(sample(&after, &format!(r#"guildhall_build_info{{version="{version}"}}"#)), 1.0);
    })
    .await;
}
