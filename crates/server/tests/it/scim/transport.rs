//! What HTTP and the door refuse, in the dialect's own form.

use guildhall_testkit::{Who, on_both};
use serde_json::json;

use super::{GROUPS, USERS, error, group, patch};

#[tokio::test]
async fn every_refusal_is_a_scim_error() {
    on_both(async |app| {
        let scim = app.bearer();
        for who in [Who::Nobody, Who::Revoked] {
            let reply = scim.clone().by(who).get(USERS).await;
            assert_eq!((error(&reply).as_str(), reply.header("www-authenticate")), ("401", "Bearer"));
        }
        let pair = app.cakewalk().get(USERS).await;
        assert_eq!(error(&pair), "401");
        assert_eq!(error(&scim.clone().by(Who::Guest).get(USERS).await), "403");
        assert_eq!(error(&scim.clone().by(Who::Guest).get(GROUPS).await), "403");
        assert_eq!(error(&scim.clone().by(Who::Platform).get(USERS).await), "403");
        assert_eq!(error(&scim.clone().by(Who::AdminReadOnly).post(USERS, json!({"userName": "x"})).await), "403");
        assert_eq!(error(&scim.call("PUT", USERS, Some(json!({}))).await), "405");
        assert_eq!(error(&scim.call("GET", "/scim/v2/Bulk", None).await), "405");
        for (content_type, body, says) in [
            ("application/scim+json", &b"{"[..], "400 invalidSyntax"),
            ("application/scim+json", b"", "400 invalidSyntax"),
            ("application/scim+json", b"[]", "400 invalidSyntax"),
            ("application/json", b"{\"userName\": \"\xff\"}", "400 invalidSyntax"),
            ("text/plain", b"{\"userName\": \"x\"}", "415"),
            ("", b"{\"userName\": \"x\"}", "415"),
        ] {
            assert_eq!(error(&scim.send("POST", USERS, content_type, body.to_vec()).await), says, "{content_type}");
        }
        let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        let deep = format!("{{\"userName\": {deep}}}").into_bytes();
        assert_eq!(error(&scim.send("POST", USERS, "application/json", deep).await), "400 invalidSyntax");
        let large = format!("{{\"userName\": \"{}\"}}", "x".repeat(3 << 20)).into_bytes();
        assert_eq!(error(&scim.send("POST", USERS, "application/json", large.clone()).await), "413");
        // Lists of members may be large.
        assert_eq!(error(&scim.send("POST", GROUPS, "application/json", large).await), "400 invalidValue");
        scim.send("POST", USERS, "application/scim+json; charset=utf-8", b"{\"userName\": \"ok@x.example\"}".to_vec())
            .await
            .is(201);
        assert_eq!(error(&scim.clone().with("guildhall-min-revision", "999999").get(USERS).await), "412");
        assert_eq!(error(&scim.clone().with("guildhall-min-revision", "x").get(USERS).await), "400 invalidSyntax");
        assert_eq!(error(&scim.get(format!("{USERS}?filter=%zz")).await), "400 invalidSyntax");
        assert_eq!(error(&scim.get(format!("{USERS}?filter={}", "x".repeat(9000))).await), "414");
        let written = scim
            .patch(group(&app, "ops"), patch(json!([{"op": "replace", "path": "displayName", "value": "Ops"}])))
            .await
            .is(200);
        let revision: u64 = written.header("guildhall-revision").parse().unwrap();
        assert_eq!(revision, app.engine.revision(app.company()).await.unwrap());
    })
    .await;
}
