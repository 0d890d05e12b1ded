//! Policies, requests, tasks, delegations, asking to join a group, offboarding.

use guildhall_domain::Timestamp;
use guildhall_testkit::{App, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, problem, said, verify};

/// Makes the company's policy for grants of these steps.
async fn policy(app: &App, steps: Value) -> Value {
    let body = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "steps": steps});
    client(app).post(at(app, "/policies"), body).await.is(201).json()
}

/// Asks for the ledger in gus's name; the request's path.
async fn asked(app: &App) -> String {
    let body = json!({"type": "GrantAccessRequest", "app": app.id("ledger"), "permissionLevel": app.id("reader"), "purpose": "month end"});
    client(app).by(Who::Guest).post(at(app, "/requests"), body).await.is(201).header("location").to_owned()
}

/// Each task of a request: status, and the names of the people in whose hands it is.
async fn tasks(app: &App, request: &str) -> Vec<String> {
    let all = client(app).get(format!("{request}/tasks")).await.is(200).json();
    let told = |task: &Value| {
        let people = task["people"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap().to_owned());
        format!(
            "{} {} [{}]",
            task["type"].as_str().unwrap(),
            task["status"].as_str().unwrap(),
            people.collect::<Vec<_>>().join(", ")
        )
    };
    all["items"].as_array().unwrap().iter().map(told).collect()
}

/// The path of the n-th task of a request.
async fn task(app: &App, request: &str, n: usize) -> String {
    let all = client(app).get(format!("{request}/tasks")).await.is(200).json();
    at(app, &format!("/tasks/{}", all["items"][n]["id"].as_str().unwrap()))
}

async fn decide(app: &App, task: &str, what: &str, by: &str) -> u16 {
    client(app).post(format!("{task}/{what}"), json!({"by": app.id(by)})).await.status
}

async fn status(app: &App, request: &str) -> String {
    client(app).get(request).await.is(200).json()["status"].as_str().unwrap().to_owned()
}

/// Moves the clock and lets time do its work.
async fn later(app: &App, seconds: i64) {
    let now: Timestamp = app.clock.now();
    app.clock.set(now.plus_seconds(seconds));
    app.engine.housekeep().await.unwrap();
}

#[tokio::test]
async fn policies_have_versions_and_shipped_ones_stand_in() {
    on_both(async |app| {
        let path = at(&app, "/policies");
        let shipped = client(&app).get(format!("{path}?requestType=JoinGroupRequest")).await.is(200);
        assert_eq!(
            said(&shipped),
            r#"200 {"items":[{"id":"<id 1>","name":"Join group: group owner","description":"Shipped with Guildhall","requestType":"JoinGroupRequest","default":true,"version":1,"steps":[{"approvers":"groupOwner","require":"any","timeoutHours":null,"onTimeout":"expire"}],"autoprovision":true,"updatedAt":"1970-01-01T00:00:00.000000Z"}],"next":null}"#
        );
        assert_eq!(client(&app).get(&path).await.is(200).json()["items"].as_array().unwrap().len(), 6);
        let made = policy(&app, json!([{"approvers": {"users": [app.id("vera")]}, "timeoutHours": 2}])).await;
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        // Another is the default now; an edit of the steps is another version.
        let grants = client(&app).get(format!("{path}?requestType=GrantAccessRequest")).await.is(200).json();
        assert_eq!((&grants["items"][0]["default"], &grants["items"][1]["default"]), (&json!(false), &json!(true)));
        let edited = client(&app).patch(&one, json!({"steps": [{"approvers": "admins", "require": "all"}]})).await.is(200);
        assert_eq!(edited.json()["version"], 2);
        let versions = client(&app).get(format!("{one}/versions")).await.is(200).json();
        assert_eq!(versions["items"][0]["steps"][0]["approvers"], json!({"users": [app.id("vera")]}));
        assert_eq!(versions["items"].as_array().unwrap().len(), 2);
        // An edit gives a shipped one a row of its own; it cannot go.
        let first = format!("{path}/{}", shipped.json()["items"][0]["id"].as_str().unwrap());
        client(&app).patch(&first, json!({"name": "Join"})).await.is(200);
        assert_eq!(client(&app).get(&first).await.is(200).json()["name"], "Join");
        assert_eq!(problem(&client(&app).delete(&first).await), "409 conflict");
        client(&app).delete(&one).await.is(204);
        assert_eq!(problem(&client(&app).get(&one).await), "404 not-found");
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"name": "x", "requestType": "x", "steps": []}), "400 invalid"),
            (json!({"name": "", "requestType": "GrantAccessRequest", "steps": []}), "400 invalid"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": [{"approvers": "boss"}]}), "400 invalid"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": [{"approvers": {"users": []}}]}), "400 invalid"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": [{"approvers": {"users": [app.id("carl")]}}]}), "422 unknown-reference"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": [{"approvers": {"group": app.id("secret")}}]}), "422 unknown-reference"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": [{"approvers": "groupOwner"}]}), "400 invalid"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": [{"approvers": "admins", "timeoutHours": 0}]}), "400 invalid"),
            (json!({"name": "x", "requestType": "GrantAccessRequest", "steps": vec![json!({"approvers": "admins"}); 21]}), "400 too-many"),
        ] {
            assert_eq!(problem(&client(&app).post(&path, body.clone()).await), says, "{body}");
        }
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn all_of_them_and_whoever_stands_in() {
    on_both(async |app| {
        // gus is in eng himself, and decides nothing of his own through it.
        client(&app).call("PUT", at(&app, "/groups/{eng}/members/{gus}"), None).await.is(201);
        client(&app).call("PUT", at(&app, "/groups/{eng}/members/{ada}"), None).await.is(201);
        policy(&app, json!([{"approvers": {"group": app.id("eng")}, "require": "all"}])).await;
        let request = asked(&app).await;
        assert_eq!(tasks(&app, &request).await, ["review open [Ada Example]", "review open [Vera Viewer]"]);
        let (of_ada, of_vera) = (task(&app, &request, 0).await, task(&app, &request, 1).await);
        assert_eq!(decide(&app, &of_ada, "approve", "gus").await, 403);
        assert_eq!(decide(&app, &of_ada, "approve", "vera").await, 403, "each has their own");
        assert_eq!(decide(&app, &of_ada, "approve", "ada").await, 200);
        assert_eq!(status(&app, &request).await, "open");
        // While vera is away edda decides in her place, and only then.
        let body = json!({"to": app.id("edda"), "startsAt": "2026-11-20T10:00:00Z", "endsAt": "2026-11-20T12:00:00Z", "reason": "holiday"});
        let made = client(&app).by(Who::Viewer).post(at(&app, "/users/{vera}/delegations"), body.clone()).await.is(201);
        assert_eq!(decide(&app, &of_vera, "approve", "edda").await, 403);
        later(&app, 3600).await;
        assert_eq!(tasks(&app, &request).await[1], "review open [Edda Editor, Vera Viewer]");
        let hers = client(&app).by(Who::Editor).get(at(&app, "/users/{edda}/tasks?status=open")).await.is(200).json();
        assert_eq!(hers["items"].as_array().unwrap().len(), 1);
        assert_eq!(client(&app).by(Who::Editor).call("POST", format!("{of_vera}/approve"), None).await.status, 200);
        assert_eq!(status(&app, &request).await, "approved");
        client(&app).delete(made.header("location")).await.is(204);
        assert_eq!(problem(&client(&app).delete(made.header("location")).await), "404 not-found");
        assert_eq!(client(&app).get(at(&app, "/users/{vera}/delegations")).await.is(200).json()["items"], json!([]));
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"to": app.id("vera")}), "400 invalid"),
            (json!({"to": app.id("carl")}), "422 unknown-reference"),
            (json!({"to": app.id("edda"), "endsAt": "2020-01-01T00:00:00Z"}), "400 invalid"),
            (json!({"to": app.id("edda"), "startsAt": "soon"}), "400 invalid"),
        ] {
            assert_eq!(problem(&client(&app).post(at(&app, "/users/{vera}/delegations"), body).await), says);
        }
        assert_eq!(problem(&client(&app).by(Who::Editor).post(at(&app, "/users/{vera}/delegations"), body).await), "403 forbidden");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn what_nobody_decides_escalates_and_expires() {
    on_both(async |app| {
        client(&app).patch(at(&app, "/users/{gus}"), json!({"manager": app.id("vera")})).await.is(200);
        client(&app).patch(at(&app, "/users/{vera}"), json!({"manager": app.id("edda")})).await.is(200);
        policy(&app, json!([{"approvers": "manager", "timeoutHours": 1, "onTimeout": "escalate"}])).await;
        let request = asked(&app).await;
        assert_eq!(tasks(&app, &request).await, ["review open [Vera Viewer]"]);
        let path = task(&app, &request, 0).await;
        // At the very instant it is too late, whether or not anything has run since.
        app.clock.set(app.clock.now().plus_seconds(3600));
        assert_eq!(decide(&app, &path, "approve", "vera").await, 409);
        later(&app, 0).await;
        assert_eq!(tasks(&app, &request).await, ["review open [Edda Editor]"]);
        assert_eq!(decide(&app, &path, "approve", "vera").await, 403);
        later(&app, 3600).await;
        assert_eq!(tasks(&app, &request).await, ["review open [Ada Example]"]);
        later(&app, 3600).await;
        assert_eq!(
            (status(&app, &request).await, tasks(&app, &request).await),
            ("expired".into(), vec!["review expired [Ada Example]".into()])
        );
        let kinds: Vec<String> =
            app.events().await.into_iter().filter(|e| e.dialect == "system").map(|e| e.kind).collect();
        assert_eq!(kinds, ["task.escalated", "task.escalated", "request.expired"]);
        // A person who has left decides nothing, and a request that is over takes no withdrawal.
        assert_eq!(
            problem(&client(&app).by(Who::Guest).call("POST", format!("{request}/withdraw"), None).await),
            "409 conflict"
        );
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn with_nobody_to_decide_it_waits_in_sight() {
    on_both(async |app| {
        policy(&app, json!([{"approvers": {"users": [app.id("ada")]}}])).await;
        let body = json!({"type": "GrantAccessRequest", "app": app.id("ledger"), "permissionLevel": app.id("reader"), "purpose": "p"});
        let request = client(&app).post(at(&app, "/requests"), body).await.is(201).header("location").to_owned();
        // ada asks, and is the only administrator.
        let all = client(&app).get(format!("{request}/tasks")).await.is(200).json();
        assert_eq!((&all["items"][0]["waiting"], &all["items"][0]["people"]), (&json!(true), &json!([])));
        let path = task(&app, &request, 0).await;
        assert_eq!(decide(&app, &path, "approve", "ada").await, 403);
        // A second administrator may, as soon as there is one.
        client(&app).patch(at(&app, "/users/{edda}"), json!({"role": "admin"})).await.is(200);
        assert_eq!(decide(&app, &path, "approve", "edda").await, 200);
        let withdrawn = client(&app).call("POST", format!("{request}/withdraw"), None).await.is(200).json();
        assert_eq!((&withdrawn["status"], &withdrawn["cancelledBy"]), (&json!("cancelled"), &json!(app.id("ada"))));
        assert_eq!(problem(&client(&app).by(Who::Viewer).call("POST", format!("{request}/withdraw"), None).await), "403 forbidden");
        assert_eq!(tasks(&app, &request).await[1], "action cancelled [Edda Editor]");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn asking_to_join_a_group() {
    on_both(async |app| {
        let ask = async |who, body: Value| {
            let mut whole = json!({"type": "JoinGroupRequest", "group": app.id("eng"), "purpose": "to help out"});
            for (name, value) in body.as_object().unwrap() {
                whole[name] = value.clone();
            }
            client(&app).by(who).post(at(&app, "/requests"), whole).await
        };
        assert_eq!(problem(&ask(Who::Viewer, json!({})).await), "409 conflict");
        assert_eq!(problem(&ask(Who::Guest, json!({"endsAt": "2020-01-01T00:00:00Z"})).await), "400 invalid");
        assert_eq!(problem(&ask(Who::Guest, json!({"group": app.id("secret")})).await), "422 unknown-reference");
        assert_eq!(problem(&ask(Who::Guest, json!({"group": null})).await), "400 invalid");
        assert_eq!(problem(&ask(Who::Guest, json!({"purpose": " "})).await), "400 invalid");
        assert_eq!(problem(&ask(Who::Guest, json!({"target": app.id("ada")})).await), "403 forbidden");
        let request =
            ask(Who::Guest, json!({"endsAt": "2026-11-20T11:00:00Z"})).await.is(201).header("location").to_owned();
        assert_eq!(problem(&ask(Who::Guest, json!({})).await), "409 conflict");
        assert_eq!(tasks(&app, &request).await, ["review open [Edda Editor]"]);
        let path = task(&app, &request, 0).await;
        client(&app).by(Who::Editor).post(format!("{path}/approve"), json!({"comment": "welcome"})).await.is(200);
        assert_eq!(status(&app, &request).await, "completed");
        let member = at(&app, "/groups/{eng}/members/{gus}");
        let reasons = client(&app).get(&member).await.is(200).json()["reasons"].clone();
        let id = request.rsplit('/').next().unwrap();
        assert_eq!(
            (&reasons[0]["kind"], &reasons[0]["source"], &reasons[0]["note"]),
            (&json!("requested"), &json!(id), &json!("to help out"))
        );
        assert_eq!(reasons[0]["endsAt"], "2026-11-20T11:00:00.000000Z");
        later(&app, 7200).await;
        assert_eq!(problem(&client(&app).get(&member).await), "404 not-found");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn a_group_tells_by_which_policy_people_join() {
    on_both(async |app| {
        let path = at(&app, "/groups/{eng}/policies");
        assert_eq!(client(&app).get(&path).await.is(200).json()["items"], json!([]));
        let steps = json!([{"approvers": {"users": [app.id("ada")]}}]);
        let body = json!({"name": "Ada decides", "requestType": "JoinGroupRequest", "steps": steps});
        let made = client(&app).post(at(&app, "/policies"), body).await.is(201).json();
        let choice = format!("{path}/JoinGroupRequest");
        client(&app).call("PUT", &choice, Some(json!({"policy": made["id"]}))).await.is(204);
        let told = client(&app).by(Who::Viewer).get(&path).await.is(200).json();
        assert_eq!(told["items"][0]["policy"], made["id"]);
        assert_eq!(
            (&told["items"][0]["requestType"], &told["items"][0]["permissionLevel"]),
            (&json!("JoinGroupRequest"), &Value::Null)
        );
        // It is the one that they go by.
        let asked = json!({"type": "JoinGroupRequest", "group": app.id("eng"), "purpose": "to help out"});
        let asked = client(&app).by(Who::Guest).post(at(&app, "/requests"), asked).await.is(201);
        assert_eq!(tasks(&app, asked.header("location")).await, ["review open [Ada Example]"]);
        client(&app).delete(&choice).await.is(204);
        assert_eq!(client(&app).get(&path).await.is(200).json()["items"], json!([]));
        assert_eq!(problem(&client(&app).get(at(&app, "/groups/{secret}/policies")).await), "404 not-found");
        assert_eq!(problem(&client(&app).by(Who::Guest).get(&path).await), "403 forbidden");
    })
    .await;
}

#[tokio::test]
async fn a_person_is_offboarded() {
    on_both(async |app| {
        let path = at(&app, "/users/{vera}/offboarding");
        let user = async || client(&app).get(at(&app, "/users/{vera}")).await.json()["status"].clone();
        assert_eq!(client(&app).call("POST", &path, None).await.is(200).json()["status"], "offboarding");
        assert_eq!(problem(&client(&app).call("POST", &path, None).await), "409 conflict");
        let all = client(&app).get(at(&app, "/requests?user={vera}")).await.is(200).json();
        assert_eq!(
            (&all["items"][0]["type"], all["items"].as_array().unwrap().len()),
            (&json!("RemoveAccessRequest"), 1)
        );
        // One that is cancelled calls all of it off.
        let first = at(&app, &format!("/requests/{}", all["items"][0]["id"].as_str().unwrap()));
        client(&app).call("POST", format!("{first}/withdraw"), None).await.is(200);
        assert_eq!(user().await, "active");
        client(&app).call("POST", &path, None).await.is(200);
        client(&app).delete(&path).await.is(200);
        assert_eq!(user().await, "active");
        assert_eq!(problem(&client(&app).delete(&path).await), "409 conflict");
        // All removals done, the person is deactivated.
        client(&app).call("POST", &path, None).await.is(200);
        let all = client(&app).get(at(&app, "/requests?user={vera}&status=open")).await.is(200).json();
        let last = at(&app, &format!("/requests/{}", all["items"][0]["id"].as_str().unwrap()));
        for n in 0..2 {
            let path = task(&app, &last, n).await;
            assert_eq!(decide(&app, &path, "approve", "edda").await, 200);
        }
        assert_eq!((status(&app, &last).await.as_str(), user().await), ("completed", json!("inactive")));
        assert_eq!(client(&app).get(at(&app, "/users/{vera}/accesses")).await.is(200).json()["items"], json!([]));
        // Without anything to give back it is done at once; the last administrator stays.
        client(&app).call("POST", at(&app, "/users/{gus}/offboarding"), None).await.is(200);
        assert_eq!(client(&app).get(at(&app, "/users/{gus}")).await.json()["status"], "inactive");
        assert_eq!(
            problem(&client(&app).call("POST", at(&app, "/users/{ada}/offboarding"), None).await),
            "409 conflict"
        );
        assert_eq!(problem(&client(&app).by(Who::Editor).call("POST", &path, None).await), "403 forbidden");
        verify(&app).await;
    })
    .await;
}
