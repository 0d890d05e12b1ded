//! Cakewalk's form: `X-SIGNATURE` over the body, the key at `/api/Keys`, and its rotation.

use guildhall_testkit::receiver::Manner;
use guildhall_testkit::{Receiver, Who, on_both};
use serde_json::json;

use super::signatures::rsa_verified;
use super::{at, dispatcher, hire, hook, id, wait};

/// The keys in an answer of `/api/Keys`, each in PEM.
fn pems(text: &str) -> Vec<String> {
    text.split_inclusive("-----END PUBLIC KEY-----\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn openssl_believes_our_rsa_with_the_key_that_is_published() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        let made = hook(&app, &receiver.url, "cakewalk", &["user.created"]).await;
        let mut couriers = dispatcher(&app);
        app.bearer().call("POST", at(&app, &format!("/{}/test", id(&made))), None).await.is(202);
        couriers.round().await.unwrap();
        let mut test = receiver.seen().pop().unwrap();
        assert_eq!(String::from_utf8_lossy(&test.body), r#"[{"eventType":"test","data":{"message":"Hello, World!"}}]"#);
        let reply = app.cakewalk().by(Who::Viewer).get("/api/keys/").await.is(200);
        assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
        let first = pems(&reply.body);
        assert_eq!(first.len(), 1);
        assert!(rsa_verified(&first[0], test.header("x-signature"), &test.body));
        assert!(test.header("webhook-signature").starts_with("v1,"), "the secret signs as well");
        test.body.push(b' ');
        assert!(!rsa_verified(&first[0], test.header("x-signature"), &test.body));

        // The next key is told before it signs.
        let rotate = format!("/v1/companies/{}/signing-keys/rotate", app.id("northwind"));
        app.bearer().post(&rotate, json!({"overlapSeconds": 3600})).await.is(200);
        let both = pems(&app.cakewalk().get("/api/Keys").await.is(200).body);
        assert!(both.len() == 2 && both[0] == first[0]);
        hire(&app, &["One"]).await;
        couriers.round().await.unwrap();
        let one = receiver.seen().pop().unwrap();
        assert!(rsa_verified(&both[0], one.header("x-signature"), &one.body));
        assert_eq!(one.json()[0]["eventType"], "user.created");
        assert_eq!(one.json()[0]["data"]["change"]["fields"]["name"], "One");
        wait(&app, 3600);
        let second = pems(&app.cakewalk().get("/api/Keys").await.is(200).body);
        assert_eq!(second, both[1..]);
        hire(&app, &["Two"]).await;
        couriers.round().await.unwrap();
        let two = receiver.seen().pop().unwrap();
        assert!(rsa_verified(&second[0], two.header("x-signature"), &two.body));
        assert!(!rsa_verified(&first[0], two.header("x-signature"), &two.body));

        // Without an overlap the new one signs at once and the old one is gone.
        let at_once = app.bearer().post(&rotate, json!({"overlapSeconds": 0})).await.is(200).json();
        assert_eq!(at_once["items"].as_array().unwrap().len(), 1);
        let list = format!("/v1/companies/{}/signing-keys", app.id("northwind"));
        assert_eq!(app.bearer().by(Who::Viewer).get(list).await.is(200).json(), at_once);
        assert_eq!(app.bearer().post(&rotate, json!({"overlapSeconds": 2_592_001})).await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn the_first_question_makes_the_key_and_a_company_has_its_own() {
    on_both(async |app| {
        let (one, two) = tokio::join!(async { app.cakewalk().get("/api/Keys").await.is(200).body }, async {
            app.cakewalk().by(Who::AdminReadOnly).get("/api/Keys").await.is(200).body
        });
        assert_eq!(one, two, "whoever asks first, there is one key");
        assert_ne!(app.cakewalk().by(Who::Foreign).get("/api/Keys").await.is(200).body, one);
        assert_eq!(app.cakewalk().by(Who::Nobody).get("/api/Keys").await.status, 401);
        let json = app.cakewalk().with("accept", "application/json").get("/api/Keys").await.is(200);
        assert_eq!((json.header("content-type"), json.json()), ("application/json", json!(one)));
        let made = app.events().await.into_iter().filter(|entry| entry.kind == "signing_key.created").count();
        assert_eq!(made, 1);
    })
    .await;
}

#[tokio::test]
async fn a_task_to_carry_out_is_told_in_the_words_of_the_reference() {
    on_both(async |app| {
        let receiver = Receiver::start(Manner::Status(200)).await;
        hook(&app, &receiver.url, "cakewalk", &["action_task.actionable"]).await;
        let mut couriers = dispatcher(&app);
        let company = format!("/v1/companies/{}", app.id("northwind"));
        let steps = json!([{"approvers": {"users": [app.id("vera")]}}]);
        let policy = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "steps": steps});
        let policy = app.bearer().post(format!("{company}/policies"), policy).await.is(201).json();
        let ask = json!({"type": "GrantAccessRequest", "app": app.id("ledger"), "permissionLevel": app.id("booker"), "purpose": "x"});
        let asked = app.bearer().by(Who::Guest).post(format!("{company}/requests"), ask).await.is(201);
        couriers.round().await.unwrap();
        assert!(receiver.seen().is_empty(), "it is under review");
        let tasks = app.bearer().get(format!("{}/tasks", asked.header("location"))).await.is(200).json();
        let review = format!("{company}/tasks/{}/approve", tasks["items"][0]["id"].as_str().unwrap());
        app.bearer().by(Who::Viewer).call("POST", review, None).await.is(200);
        couriers.round().await.unwrap();
        let told = receiver.seen().pop().expect("a message");
        let tasks = app.bearer().get(format!("{}/tasks", asked.header("location"))).await.is(200).json();
        let user = |name: &str, full: &str| {
            let email = format!("{}@northwind.example", full.to_lowercase().replace(' ', "."));
            json!({"id": app.id(name), "email": email, "fullName": full})
        };
        assert_eq!(
            told.json(),
            json!([{"eventType": "action_task.actionable", "data": {
                "taskId": tasks["items"][1]["id"],
                "assignedTo": [user("edda", "Edda Editor")],
                "requestMetadata": {
                    "reviewedBy": [user("vera", "Vera Viewer")],
                    "requestType": "GrantAccessRequest",
                    "requestedBy": user("gus", "Gus Guest"),
                    "targetWorkApp": {"id": app.id("ledger"), "name": "Ledger"},
                    "permissionLevel": {"id": app.id("booker"), "name": "Booker"},
                    "targetUser": user("gus", "Gus Guest"),
                    "triggeredByUsersGroup": null,
                },
            }}])
        );
        // Two who join a group at once: one message, an element for each of them.
        let one = format!("{company}/policies/{}", policy["id"].as_str().unwrap());
        app.bearer().patch(one, json!({"steps": []})).await.is(200);
        let link = format!("{company}/groups/{}/apps/{}", app.id("ops"), app.id("ledger"));
        app.bearer().put(link, json!({"visibility": "default"})).await.is(200);
        let members = json!({"members": [{"id": app.id("ada")}, {"id": app.id("edda")}]});
        app.bearer().post(format!("{company}/groups/{}/members", app.id("ops")), members).await.is(200);
        couriers.round().await.unwrap();
        let told = receiver.seen().pop().expect("a message").json();
        assert_eq!(told.as_array().unwrap().len(), 2);
        let metadata = &told[0]["data"]["requestMetadata"];
        assert_eq!(metadata["triggeredByUsersGroup"], json!({"id": app.id("ops"), "name": "Operations"}));
        assert_eq!((&metadata["reviewedBy"], &metadata["targetUser"]), (&json!([]), &user("ada", "Ada Example")));
    })
    .await;
}
