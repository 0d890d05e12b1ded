//! Operations 15, 16 and 19 to 27, and what operation 8 brings about.

use guildhall_domain::access::Visibility;
use guildhall_domain::patch::Patch;
use guildhall_domain::policy::{Approvers, EditPolicy, RequestKind, Step};
use guildhall_domain::user::EditUser;
use guildhall_testkit::{Who, on_both, operator};
use uuid::Uuid;

use super::*;

async fn managed_by(app: &App, user: &str, manager: &str) {
    let edit = EditUser { manager: Patch::Set(app.id(manager).into()), ..Default::default() };
    app.engine
        .edit_user(&operator(&app.engine, app.company()), app.id(user).into(), edit, None)
        .await
        .expect("an edit");
}

fn grant(app: &App, by: &str, target: &str) -> Value {
    json!({"createdByUserId": app.id(by), "targetUserId": app.id(target), "workAppId": app.id("ledger"),
           "grantAccessPurpose": "month end", "permissionLevelId": app.id("reader")})
}

async fn raised(app: &App, body: Value) -> Uuid {
    let reply = app.cakewalk().post("/api/v1/Requests/GrantAccess", body).await.is(201);
    reply.json()["requestId"].as_str().expect("an id").parse().expect("an id")
}

/// The ids of the open tasks of a user.
async fn open_tasks(app: &App, user: &str) -> Vec<String> {
    let path = format!("/api/v1/Tasks?userId={}&status=Open", app.id(user));
    column(&app.cakewalk().get(path).await.is(200), "id")
}

async fn approve(app: &App, task: &str, by: &str) -> Reply {
    let body = json!({"executedByUserId": app.id(by), "comment": "fine"});
    app.cakewalk().post(format!("/api/v1/Tasks/{task}/Approve"), body).await
}

/// Type and status of every request, in order.
async fn requests(app: &App, query: &str) -> Vec<String> {
    let reply = app.cakewalk().get(format!("/api/v1/Requests{query}")).await.is(200).json();
    let told =
        |row: &Value| format!("{} {}", row["requestType"].as_str().unwrap(), row["requestStatus"].as_str().unwrap());
    reply["data"].as_array().expect("a list").iter().map(told).collect()
}

async fn holders(app: &App) -> Vec<String> {
    let reply = app.cakewalk().get(ledger(app, "/Accesses")).await.is(200).json();
    reply["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["user"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn from_the_wish_to_the_access() {
    on_both(async |app| {
        managed_by(&app, "gus", "vera").await;
        let id = raised(&app, grant(&app, "gus", "gus")).await;
        assert_eq!(requests(&app, "").await, ["GrantAccessRequest Open"]);
        let tasks = open_tasks(&app, "vera").await;
        assert_eq!(tasks.len(), 1);
        let reply = app.cakewalk().get(format!("/api/v1/Tasks/{}", tasks[0])).await.is(200);
        told!(reply, @r#"200 {"data":{"id":"<id 1>","type":"GrantAccessReviewTask","createdAt":"2026-11-20T09:00:00.000Z","status":"Open","lastUpdatedAt":"2026-11-20T09:00:00.000Z","isAutoprovisioning":false,"isActionStep":false,"assignedUser":{"id":"<vera>","name":"Vera Viewer","email":"vera.viewer@northwind.example","statusId":1,"statusName":"Active"},"claimers":[{"id":"<vera>","name":"Vera Viewer","email":"vera.viewer@northwind.example","statusId":1,"statusName":"Active"}],"executedByUser":null,"request":{"id":"<id 2>","requestType":"GrantAccessRequest","requestStatus":"Open","requestedByUserId":"<gus>","cancelledByUserId":null,"workAppId":"<ledger>","permissionLevelId":"<reader>","targetUserId":"<gus>","requestPurpose":"month end","sourceId":null,"createdAt":"2026-11-20T09:00:00.000Z","updatedAt":"2026-11-20T09:00:00.000Z"},"snoozedTill":null,"offboardingMetadata":null},"links":{"self":"/api/v1/Tasks/<id 1>","next":null}}"#);
        assert_eq!(reply.json()["data"]["request"]["id"], json!(id));
        // Nobody decides their own request, and nobody a task in other hands.
        assert_eq!(approve(&app, &tasks[0], "gus").await.status, 403);
        assert_eq!(approve(&app, &tasks[0], "edda").await.status, 403);
        assert_eq!(approve(&app, &tasks[0], "vera").await.is(204).body, "");
        assert_eq!(approve(&app, &tasks[0], "vera").await.status, 409);
        // The app's owner reviews, and then carries it out.
        let review = open_tasks(&app, "edda").await;
        approve(&app, &review[0], "edda").await.is(204);
        assert_eq!(requests(&app, "?status=Approved").await, ["GrantAccessRequest Approved"]);
        assert_eq!(holders(&app).await, ["Vera Viewer"]);
        let action = open_tasks(&app, "edda").await;
        let told = app.cakewalk().get(format!("/api/v1/Tasks/{}", action[0])).await.is(200).json();
        assert_eq!((&told["data"]["type"], &told["data"]["isActionStep"]), (&json!("GrantAccessActionTask"), &json!(true)));
        // Without a body the person behind the key decides: an administrator may.
        app.cakewalk().call("POST", format!("/api/v1/Tasks/{}/Approve", action[0]), None).await.is(204);
        assert_eq!(holders(&app).await, ["Vera Viewer", "Gus Guest"]);
        assert_eq!(requests(&app, "?status=Completed&type=GrantAccessRequest").await, ["GrantAccessRequest Completed"]);
        assert_eq!(
            events(&app).await,
            ["request.raised", "task.assigned", "task.decided", "task.assigned", "task.decided", "request.approved",
             "task.assigned", "action_task.actionable", "task.decided", "app.access_given", "request.completed"]
        );
        assert!(app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_for() {
    on_both(async |app| {
        let post = async |path: &str, body: Value| app.cakewalk().post(format!("/api/v1/Requests/{path}"), body).await.status;
        let with = |body: Value, member: &str, value: Value| {
            let mut body = body;
            body[member] = value;
            body
        };
        let good = grant(&app, "gus", "gus");
        for (member, value, status) in [
            ("createdByUserId", Value::Null, 400),
            ("createdByUserId", json!(app.id("carl")), 400),
            ("targetUserId", json!("x"), 400),
            ("targetUserId", json!(app.id("carl")), 400),
            ("targetUserId", json!(app.id("ivan")), 409),
            ("targetUserId", json!(app.id("vera")), 403), // gus is a guest
            ("workAppId", json!(app.id("vault")), 400),
            ("permissionLevelId", Value::Null, 400),
            ("permissionLevelId", json!(app.id("cost")), 400),
            ("grantAccessPurpose", json!(""), 400),
            ("grantAccessPurpose", json!("x".repeat(1025)), 400),
            ("grantAccessPurpose", Value::Null, 400),
        ] {
            assert_eq!(post("GrantAccess", with(good.clone(), member, value.clone())).await, status, "{member} {value}");
        }
        assert_eq!(post("GrantAccess", grant(&app, "ada", "vera")).await, 409, "she has it");
        assert_eq!(post("GrantAccess", good.clone()).await, 201);
        assert_eq!(post("GrantAccess", good.clone()).await, 409, "asked for already");
        let change = |target: &str, level: &str| {
            json!({"createdByUserId": app.id("ada"), "targetUserId": app.id(target), "workAppId": app.id("ledger"),
                   "permissionLevelId": app.id(level), "changePermissionPurpose": "p"})
        };
        assert_eq!(post("ChangePermission", change("edda", "booker")).await, 409, "she does not have it");
        assert_eq!(post("ChangePermission", change("vera", "reader")).await, 409, "at this level already");
        assert_eq!(post("ChangePermission", json!({})).await, 400);
        let remove = |target: &str| {
            json!({"createdByUserId": app.id("ada"), "targetUserId": app.id(target), "workAppId": app.id("ledger"), "removeAccessPurpose": "p"})
        };
        assert_eq!(post("RemoveAccess", remove("edda")).await, 404);
        assert_eq!(post("RemoveAccess", remove("carl")).await, 404);
        assert_eq!(post("ChangePermission", change("vera", "booker")).await, 201);
        assert_eq!(post("RemoveAccess", remove("vera")).await, 409, "a change is open");
        // In another's name only an administrator asks; a guest for themselves.
        let by = async |who, body: Value| app.cakewalk().by(who).post("/api/v1/Requests/GrantAccess", body).await.status;
        assert_eq!(by(Who::Viewer, grant(&app, "edda", "edda")).await, 403);
        assert_eq!(by(Who::Editor, grant(&app, "edda", "edda")).await, 201);
        assert_eq!(by(Who::AdminReadOnly, good).await, 403);
        for wrong in ["?status=open", "?type=x", "?updatedSince=x", "?cursor=x"] {
            app.cakewalk().get(format!("/api/v1/Requests{wrong}")).await.is(400);
        }
        for wrong in ["", "?userId=x", "?userId=00000000-0000-4000-8000-000000000001", "?userId="] {
            app.cakewalk().get(format!("/api/v1/Tasks{wrong}")).await.is(400);
        }
        app.cakewalk().get(format!("/api/v1/Tasks/{}", app.id("ledger"))).await.is(404);
        app.cakewalk().call("POST", format!("/api/v1/Tasks/{}/Decline", app.id("ledger")), None).await.is(404);
        // A guest sees their own.
        let theirs = app.cakewalk().by(Who::Guest).get("/api/v1/Requests").await.is(200).json();
        assert_eq!(theirs["data"].as_array().unwrap().len(), 1);
        assert_eq!(requests(&app, "?updatedSince=2026-11-20T09:00:01Z").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_task_is_decided_once_by_whoever_is_first() {
    on_both(async |app| {
        managed_by(&app, "gus", "vera").await;
        raised(&app, grant(&app, "gus", "gus")).await;
        let task = open_tasks(&app, "vera").await.remove(0);
        let client = app.cakewalk();
        let body = json!({"executedByUserId": app.id("vera")});
        let tries = (0..8).map(|i| {
            let what = if i % 2 == 0 { "Approve" } else { "Decline" };
            client.post(format!("/api/v1/Tasks/{task}/{what}"), body.clone())
        });
        let mut statuses: Vec<u16> = futures_util::future::join_all(tries).await.iter().map(|r| r.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409, 409, 409, 409, 409, 409, 409]);
        assert_eq!(events(&app).await.iter().filter(|kind| *kind == "task.decided").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn joining_and_leaving_a_group_with_default_apps() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        app.engine
            .link_app(&hand, app.id("eng").into(), app.id("ledger").into(), Visibility::Default, None)
            .await
            .expect("a link");
        let post = async |users: &[&str], approve: bool| {
            let mut body = add(&app, users);
            body["implicitlyApproveRequests"] = approve.into();
            app.cakewalk().post(members(&app, "eng"), body).await
        };
        // Who has it already is asked for nothing.
        post(&["gus", "vera"], false).await.is(201);
        let first = app.cakewalk().get("/api/v1/Requests").await.json()["data"].clone();
        assert_eq!(first.as_array().unwrap().len(), 1);
        assert_eq!(
            (
                &first[0]["targetUserId"],
                &first[0]["sourceId"],
                &first[0]["permissionLevelId"],
                &first[0]["requestedByUserId"]
            ),
            (&json!(app.id("gus")), &json!(app.id("eng")), &json!(app.id("reader")), &json!(app.id("ada")))
        );
        post(&["gus"], false).await.is(201);
        assert_eq!(requests(&app, "").await.len(), 1, "a repeat raises nothing");
        // Without a manager the first step passes, and the owner of the app has it.
        let task = open_tasks(&app, "edda").await.remove(0);
        // Leaving while it is asked for calls it off.
        app.cakewalk().delete(format!("{}/{}", members(&app, "eng"), app.id("gus"))).await.is(204);
        assert_eq!(requests(&app, "").await, ["GrantAccessRequest Cancelled"]);
        assert_eq!(approve(&app, &task, "edda").await.status, 409);
        // Approved at once, there is access at once.
        post(&["gus", "ada"], true).await.is(201);
        assert_eq!(holders(&app).await, ["Ada Example", "Vera Viewer", "Gus Guest"]);
        assert_eq!(requests(&app, "?status=Completed").await.len(), 2);
        // Leaving raises a removal for what nothing else gives.
        app.engine
            .link_app(&hand, app.id("ops").into(), app.id("ledger").into(), Visibility::Default, None)
            .await
            .expect("a link");
        app.cakewalk().post(members(&app, "ops"), add(&app, &["ada"])).await.is(201);
        for user in ["gus", "ada"] {
            app.cakewalk().delete(format!("{}/{}", members(&app, "eng"), app.id(user))).await.is(204);
        }
        assert_eq!(requests(&app, "?type=RemoveAccessRequest").await, ["RemoveAccessRequest Open"]);
        // Only an administrator's key approves at once, whoever it names.
        let mut body = add(&app, &["gus"]);
        body["implicitlyApproveRequests"] = true.into();
        app.cakewalk().by(Who::Editor).post(members(&app, "eng"), body).await.is(403);
        // Coming back calls the removal off.
        post(&["gus"], false).await.is(201);
        assert_eq!(requests(&app, "?type=RemoveAccessRequest").await, ["RemoveAccessRequest Cancelled"]);
        assert!(app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    })
    .await;
}

#[tokio::test]
async fn policies_are_chosen_by_level_app_and_company() {
    on_both(async |app| {
        let hand = operator(&app.engine, app.company());
        let list = async |kind: &str| app.cakewalk().get(format!("/api/v1/Policies/CompatiblePolicies/{kind}")).await;
        let shipped = list("GrantAccessRequest").await.is(200);
        told!(shipped, @r#"200 {"data":[{"id":"<id 1>","name":"Grant access: manager, then app owner","description":"Shipped with Guildhall"}],"links":{"self":"/api/v1/Policies/CompatiblePolicies/GrantAccessRequest","next":null}}"#);
        list("grant").await.is(400);
        // Paths ignore letter case, to the last segment.
        assert_eq!(list("grantACCESSrequest").await.is(200).json()["data"], shipped.json()["data"]);
        let make = async |kind, name: &str, steps: Vec<Step>| {
            let new = EditPolicy { name: Patch::Set(name.into()), steps: Patch::Set(steps), ..Default::default() };
            app.engine.create_policy(&hand, None, kind, new).await.expect("a policy").value.id
        };
        let admins = make(RequestKind::Grant, "Admins", vec![Step::of(Approvers::Admins)]).await;
        let vera = make(RequestKind::Grant, "Vera", vec![Step::of(Approvers::Users(vec![app.id("vera").into()]))]).await;
        let removal = make(RequestKind::Remove, "Removal", vec![]).await;
        let app_path = ledger(&app, "/Policies/GrantAccessRequest");
        let level_path = ledger(&app, &format!("/PermissionLevels/{}/Policies/GrantAccessRequest", app.id("booker")));
        let put = async |path: &str, policy: Uuid| app.cakewalk().put(path, json!({"policyId": policy})).await;
        assert_eq!(put(&app_path.to_lowercase(), admins.uuid()).await.is(204).body, "");
        put(&level_path, vera.uuid()).await.is(204);
        put(&app_path, removal.uuid()).await.is(409);
        put(&app_path, app.id("ledger")).await.is(404);
        app.cakewalk().put(&app_path, json!({})).await.is(400);
        put(&ledger(&app, "/Policies/Grant"), admins.uuid()).await.is(400);
        put(&format!("/api/v1/WorkApps/{}/Policies/GrantAccessRequest", app.id("vault")), admins.uuid()).await.is(404);
        put(&ledger(&app, &format!("/PermissionLevels/{}/Policies/GrantAccessRequest", app.id("cost"))), admins.uuid()).await.is(404);
        app.cakewalk().by(Who::Editor).put(&app_path, json!([])).await.is(403);
        // At the level it is vera's, at another level the administrators'.
        raised(&app, json!({"createdByUserId": app.id("gus"), "targetUserId": app.id("gus"), "workAppId": app.id("ledger"),
                            "grantAccessPurpose": "p", "permissionLevelId": app.id("booker")})).await;
        assert_eq!((open_tasks(&app, "vera").await.len(), open_tasks(&app, "ada").await.len()), (1, 0));
        raised(&app, grant(&app, "edda", "edda")).await;
        assert_eq!(open_tasks(&app, "ada").await.len(), 1);
        // A request goes on by the version it began with.
        let edit = EditPolicy { steps: Patch::Set(vec![Step::of(Approvers::AppOwner)]), ..Default::default() };
        app.engine.edit_policy(&hand, vera, edit, None).await.expect("an edit");
        let task = open_tasks(&app, "vera").await.remove(0);
        app.cakewalk().post(format!("/api/v1/Tasks/{task}/Decline"), json!({"executedByUserId": app.id("vera")})).await.is(204);
        assert_eq!(requests(&app, "?status=Declined").await.len(), 1);
    })
    .await;
}
