//! Reviews: begun, decided row by row and in bulk, closed, followed by the next, exported.

use guildhall_domain::connection::Adopt;
use guildhall_testkit::{App, Client, Reply, Who, on_both};
use serde_json::{Value, json};

use super::{at, client, names, problem, verify};

const DUE: &str = "2026-12-20T09:00:00Z";

fn of_apps() -> Value {
    json!({"name": "Q4", "of": "apps", "reviewers": "appOwner", "dueAt": DUE})
}

async fn begun(app: &App, body: Value) -> String {
    client(app).post(at(app, "/reviews"), body).await.is(201).header("location").to_owned()
}

/// ada and edda read the ledger, gus books in it, vera reads it: edda owns it.
async fn accesses(app: &App) {
    for (user, level) in [("ada", "reader"), ("edda", "reader"), ("gus", "booker")] {
        let path = at(app, &format!("/apps/{{ledger}}/accesses/{{{user}}}"));
        client(app).put(path, json!({"permissionLevel": app.id(level)})).await.is(204);
    }
}

/// Who has the ledger at what level.
async fn holders(app: &App) -> Vec<(String, String)> {
    let page = client(app).get(at(app, "/apps/{ledger}/accesses")).await.is(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |row: &Value| (text(&row["user"]["name"]), text(&row["permissionLevel"]["name"]));
    page["items"].as_array().unwrap().iter().map(one).collect()
}

async fn rows(client: &Client<'_>, review: &str, query: &str) -> Vec<Value> {
    let page = client.get(format!("{review}/rows{query}")).await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

/// The path of the row about a user.
async fn row(app: &App, review: &str, user: &str) -> String {
    let found = rows(&client(app), review, &format!("?user={}", app.id(user))).await;
    format!("{review}/rows/{}", found[0]["id"].as_str().unwrap())
}

async fn decide(by: &Client<'_>, row: &str, body: Value) -> Reply {
    by.post(format!("{row}/decide"), body).await
}

/// Of each row: user, reviewer, decision, what blocks it, what became of it.
fn told(rows: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let one = |row: &Value| {
        let who = |member: &str| text(&row[member]["name"]).split(' ').next().unwrap_or_default().to_owned();
        let words = ["decision", "blocked", "outcome"].map(|member| text(&row[member]));
        format!("{} by {}: {}", who("user"), who("reviewer"), words.join(" "))
    };
    rows.iter().map(one).collect()
}

#[tokio::test]
async fn accesses_are_looked_through_and_nothing_changes_before_the_end() {
    on_both(async |app| {
        accesses(&app).await;
        let (admin, edda) = (client(&app), client(&app).by(Who::Editor));
        let review = begun(&app, of_apps()).await;
        let shown = admin.get(&review).await.is(200).json();
        assert_eq!(
            (&shown["rows"], &shown["counts"]["undecided"], &shown["light"], &shown["owner"]),
            (&json!(4), &json!(4), &json!("green"), &json!(app.id("ada")))
        );
        assert_eq!(
            told(&rows(&admin, &review, "").await),
            ["Ada by Edda: - - -", "Edda by Ada: - appOwner -", "Vera by Edda: - - -", "Gus by Edda: - - -"]
        );
        let [ada, own, vera, gus] = [
            row(&app, &review, "ada").await,
            row(&app, &review, "edda").await,
            row(&app, &review, "vera").await,
            row(&app, &review, "gus").await,
        ];
        decide(&edda, &ada, json!({"decision": "keep"})).await.is(204);
        decide(&edda, &vera, json!({"decision": "keep"})).await.is(204);
        decide(&edda, &vera, json!({"decision": "remove", "comment": "=left the team"})).await.is(204);
        decide(&edda, &gus, json!({"decision": "change", "permissionLevel": app.id("reader")})).await.is(204);
        // Nobody reviews what is their own; rows in other hands are not theirs; owners of the app keep it.
        assert_eq!(problem(&decide(&edda, &own, json!({"decision": "keep"})).await), "403 forbidden");
        let by_vera = client(&app).by(Who::Viewer);
        assert_eq!(problem(&decide(&by_vera, &gus, json!({"decision": "keep"})).await), "403 forbidden");
        assert_eq!(problem(&decide(&admin, &own, json!({"decision": "remove"})).await), "409 conflict");
        decide(&admin, &own, json!({"decision": "keep"})).await.is(204);
        assert_eq!(holders(&app).await.len(), 4, "nothing before the end");
        let shown = admin.get(format!("{review}/rows?decision=remove")).await.json();
        assert_eq!(shown["items"].as_array().unwrap().len(), 1);
        // Whoever reviews does not close.
        assert_eq!(problem(&edda.call("POST", format!("{review}/close"), None).await), "403 forbidden");
        let closed = admin.call("POST", format!("{review}/close"), None).await.is(200).json();
        assert_eq!(closed["outcomes"], json!({"changed": 1, "kept": 2, "removed": 1}));
        assert_eq!((&closed["status"], &closed["light"]), (&json!("closed"), &json!("green")));
        let pair = |name: &str, level: &str| (name.to_owned(), level.to_owned());
        assert_eq!(
            holders(&app).await,
            [pair("Ada Example", "Reader"), pair("Edda Editor", "Reader"), pair("Gus Guest", "Reader")]
        );
        assert_eq!(problem(&admin.call("POST", format!("{review}/close"), None).await), "409 conflict");
        assert_eq!(problem(&decide(&edda, &gus, json!({"decision": "keep"})).await), "409 conflict");
        let kinds: Vec<String> = app.events().await.into_iter().map(|event| event.kind).collect();
        assert_eq!(
            kinds[kinds.len() - 9..],
            [
                "review.opened",
                "review.decided",
                "review.decided",
                "review.decided",
                "review.decided",
                "review.decided",
                "app.access_ended",
                "app.access_given",
                "review.closed"
            ]
        );
        // What is exported says it all.
        let csv = admin.get(format!("{review}/evidence?format=csv")).await.is(200);
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert!(csv.header("content-disposition").ends_with(".csv\""));
        let lines: Vec<&str> = csv.body.split("\r\n").collect();
        assert_eq!(lines.len(), 6, "{csv}");
        assert!(lines[0].starts_with("row,about,aboutName,user,"));
        assert!(lines[3].contains(",Vera Viewer,vera.viewer@northwind.example,Reader,Edda Editor,"), "{}", lines[3]);
        assert!(lines[3].contains(",\"'=left the team\","), "no formula: {}", lines[3]);
        let json = admin.get(format!("{review}/evidence")).await.is(200).json();
        assert_eq!(json["rows"].as_array().unwrap().len(), 4);
        assert_eq!((&json["company"]["name"], &json["review"]["status"]), (&json!("Northwind"), &json!("closed")));
        assert_eq!(json["revision"], app.engine.revision(app.company()).await.unwrap());
        assert_eq!(json["hash"].as_str().unwrap().len(), 64);
        assert_eq!(json["rows"][3]["newPermissionLevel"]["name"], "Reader");
        assert_eq!(json["rows"][2]["outcome"], "removed");
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn memberships_end_by_the_review_unless_something_else_holds_them() {
    on_both(async |app| {
        let admin = client(&app);
        for user in ["ada", "gus"] {
            admin.call("PUT", at(&app, &format!("/groups/{{eng}}/members/{{{user}}}")), None).await.is(201);
        }
        let (_, token) = app.connect("Directory", false, Adopt::None).await;
        let edda = json!({"members": [{"id": app.id("edda")}]});
        app.token(&token).post(at(&app, "/groups/{eng}/members"), edda).await.is(200);
        let body = json!({"name": "Who is in", "of": "groups", "reviewers": "groupOwner", "ids": [app.id("eng")],
                          "dueAt": DUE, "intervalDays": 90, "note": "as every quarter"});
        let review = begun(&app, body).await;
        let wanted = ["Ada by Edda: - - -", "Edda by Ada: - held -", "Vera by Edda: - - -", "Gus by Edda: - - -"];
        assert_eq!(told(&rows(&admin, &review, "").await), wanted);
        let edda = client(&app).by(Who::Editor);
        let [ada, vera] = [row(&app, &review, "ada").await, row(&app, &review, "vera").await];
        assert_eq!(problem(&decide(&edda, &ada, json!({"decision": "change"})).await), "400 invalid");
        decide(&edda, &ada, json!({"decision": "change", "endsAt": "2027-01-31T00:00:00Z"})).await.is(204);
        decide(&edda, &vera, json!({"decision": "remove"})).await.is(204);
        // What the change would do can be seen before: vera leaves, and gus with her where silence removes.
        let close = format!("{review}/close");
        let preview = admin.post(format!("{close}?preview=true"), json!({"undecided": "remove"})).await.is(200).json();
        assert_eq!(preview["lostTotal"], 2);
        let closed = admin.post(&close, json!({"undecided": "keep"})).await.is(200).json();
        assert_eq!((&closed["outcomes"]["changed"], &closed["outcomes"]["removed"]), (&json!(1), &json!(1)));
        assert_eq!((&closed["light"], &closed["nextAt"]), (&json!("red"), &json!("2027-02-18T09:00:00.000000Z")));
        let stays = admin.get(at(&app, "/groups/{eng}/members/{ada}")).await.is(200).json();
        assert_eq!(stays["reasons"][0]["endsAt"], "2027-01-31T00:00:00.000000Z");
        admin.get(at(&app, "/groups/{eng}/members/{vera}")).await.is(404);
        admin.get(at(&app, "/groups/{eng}/members/{gus}")).await.is(200);
        // The next of the series begins in time, as long as this one was.
        app.clock.set(guildhall_domain::Timestamp::parse("at", "2027-02-18T08:59:59Z").unwrap());
        app.engine.housekeep().await.unwrap();
        let all = admin.get(at(&app, "/reviews")).await.json();
        assert_eq!(names(&all), ["Who is in"]);
        app.clock.set(guildhall_domain::Timestamp::parse("at", "2027-02-18T09:00:00Z").unwrap());
        app.engine.housekeep().await.unwrap();
        app.engine.housekeep().await.unwrap();
        let all = admin.get(at(&app, &format!("/reviews?about={}&status=open", app.id("eng")))).await.json();
        assert_eq!(names(&all), ["Who is in (2027-02-18)"]);
        assert_eq!(all["items"][0]["dueAt"], "2027-03-20T09:00:00.000000Z");
        assert_eq!(
            (&all["items"][0]["note"], &all["items"][0]["intervalDays"]),
            (&json!("as every quarter"), &json!(90))
        );
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn many_at_once_and_whoever_stands_in() {
    on_both(async |app| {
        accesses(&app).await;
        let (admin, vera) = (client(&app), client(&app).by(Who::Viewer));
        let review = begun(&app, of_apps()).await;
        let many = format!("{review}/rows/decide");
        let all: Vec<Value> = rows(&admin, &review, "").await.iter().map(|row| row["id"].clone()).collect();
        // By name it is all or nothing; without names whatever can be done is.
        let body = json!({"rows": all, "decision": "remove"});
        assert_eq!(problem(&admin.post(&many, body.clone()).await), "403 forbidden", "ada's own is among them");
        let body = json!({"rows": [all[1], all[2]], "decision": "remove"});
        assert_eq!(problem(&admin.post(&many, body).await), "409 conflict");
        assert_eq!(rows(&admin, &review, "?decision=undecided").await.len(), 4);
        let done = admin.post(&many, json!({"decision": "remove"})).await.is(200).json();
        let problems: Vec<&Value> =
            done["items"].as_array().unwrap().iter().map(|row| &row["problem"]["type"]).collect();
        assert_eq!(
            problems,
            [&json!("urn:guildhall:error:conflict"), &Value::Null, &Value::Null],
            "edda's, vera's, gus's"
        );
        // vera has nothing to decide, until edda lets her stand in; her own she never decides.
        assert_eq!(vera.post(&many, json!({"decision": "keep"})).await.is(200).json(), json!({"items": []}));
        client(&app)
            .by(Who::Editor)
            .post(at(&app, "/users/{edda}/delegations"), json!({"to": app.id("vera")}))
            .await
            .is(201);
        let done = vera.post(&many, json!({"decision": "keep"})).await.is(200).json();
        assert_eq!(done["items"].as_array().unwrap().len(), 1, "ada's, which was undecided");
        assert_eq!(problem(&vera.post(&many, json!({"rows": [all[2]], "decision": "keep"})).await), "403 forbidden");
        vera.post(&many, json!({"rows": [all[3]], "decision": "keep"})).await.is(200);
        // A request that is open blocks the row, also after it was decided.
        let ask =
            json!({"type": "RemoveAccessRequest", "app": app.id("ledger"), "target": app.id("vera"), "purpose": "x"});
        admin.post(at(&app, "/requests"), ask).await.is(201);
        let reminded = admin.call("POST", format!("{review}/remind"), None).await.is(200).json();
        assert_eq!(reminded["reviewers"], json!([app.id("ada")]), "edda's row is hers");
        let row = row(&app, &review, "edda").await;
        decide(&admin, &row, json!({"decision": "keep"})).await.is(204);
        assert_eq!(problem(&admin.call("POST", format!("{review}/remind"), None).await), "409 conflict");
        // Of two who close at once one does.
        let close = format!("{review}/close");
        let (one, two) = tokio::join!(admin.call("POST", &close, None), admin.call("POST", &close, None));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let told = told(&rows(&admin, &review, "").await);
        assert_eq!(told[2], "Vera by Edda: remove - blocked");
        assert_eq!(holders(&app).await.len(), 4);
        verify(&app).await;
    })
    .await;
}

#[tokio::test]
async fn guests_see_what_is_in_their_hands() {
    on_both(async |app| {
        accesses(&app).await;
        let gus = client(&app).by(Who::Guest);
        let other = begun(&app, of_apps()).await;
        assert_eq!(gus.get(at(&app, "/reviews")).await.is(200).json()["items"], json!([]));
        assert_eq!(problem(&gus.get(&other).await), "403 forbidden");
        assert_eq!(problem(&gus.get(format!("{other}/rows")).await), "403 forbidden");
        client(&app).patch(at(&app, "/users/{vera}"), json!({"manager": app.id("gus")})).await.is(200);
        let body = json!({"name": "By managers", "of": "apps", "reviewers": "manager", "dueAt": DUE});
        let review = begun(&app, body).await;
        assert_eq!(names(&gus.get(at(&app, "/reviews")).await.is(200).json()), ["By managers"]);
        assert_eq!(told(&rows(&gus, &review, "").await), ["Vera by Gus: - - -"]);
        assert_eq!(problem(&gus.get(format!("{review}/evidence")).await), "403 forbidden");
        let hers = row(&app, &review, "vera").await;
        decide(&gus, &hers, json!({"decision": "remove"})).await.is(204);
        // Everybody else's fell to the owner of the review, and the owner's own to the administrators.
        let all = told(&rows(&client(&app), &review, "").await);
        assert_eq!(all[0], "Ada by -: - - -");
        assert_eq!(all[3], "Gus by Ada: - - -");
    })
    .await;
}

#[tokio::test]
async fn what_is_refused() {
    on_both(async |app| {
        let (admin, path) = (client(&app), at(&app, "/reviews"));
        let with = |member: &str, value: Value| {
            let mut body = of_apps();
            body[member] = value;
            body
        };
        for (body, says) in [
            (json!({}), "400 invalid"),
            (with("name", json!("")), "400 invalid"),
            (with("name", json!("x".repeat(256))), "400 invalid"),
            (with("of", json!("things")), "400 invalid"),
            (with("reviewers", json!("boss")), "400 invalid"),
            (with("reviewers", json!("groupOwner")), "400 invalid"),
            (with("dueAt", json!("soon")), "400 invalid"),
            (with("dueAt", json!("2026-11-20T09:00:00Z")), "400 invalid"),
            (with("intervalDays", json!(0)), "400 invalid"),
            (with("intervalDays", json!(3661)), "400 invalid"),
            (with("note", json!("x".repeat(1001))), "400 invalid"),
            (with("nonsense", json!(1)), "400 invalid"),
            (with("ids", json!(["x"])), "400 invalid"),
            (with("ids", json!([app.id("eng")])), "422 unknown-reference"),
            (with("ids", json!([app.id("vault")])), "422 unknown-reference"),
            (with("ids", json!((0..1001_u128).map(uuid::Uuid::from_u128).collect::<Vec<_>>())), "400 too-many"),
            (with("owner", json!(app.id("carl"))), "422 unknown-reference"),
            (with("owner", json!(app.id("ivan"))), "409 conflict"),
        ] {
            assert_eq!(problem(&admin.post(&path, body.clone()).await), says, "{body}");
        }
        for who in [Who::AdminReadOnly, Who::Editor, Who::Viewer, Who::Guest] {
            assert_eq!(client(&app).by(who).post(&path, of_apps()).await.status, 403, "{who:?}");
        }
        // Whoever owns a group reviews its members, and of no other.
        let eng = json!({"name": "Mine", "of": "groups", "reviewers": "owner", "ids": [app.id("eng")], "dueAt": DUE});
        let edda = client(&app).by(Who::Editor);
        let mine = edda.post(&path, eng.clone()).await.is(201).header("location").to_owned();
        assert_eq!(problem(&edda.post(&path, eng).await), "409 taken");
        let ops =
            json!({"name": "Not mine", "of": "groups", "reviewers": "owner", "ids": [app.id("ops")], "dueAt": DUE});
        assert_eq!(problem(&edda.post(&path, ops).await), "403 forbidden");
        let review = begun(&app, of_apps()).await;
        assert_eq!(problem(&admin.post(&path, with("name", json!("q4"))).await), "409 taken", "in any letter case");
        let twice = client(&app).with("idempotency-key", "once");
        let body = with("name", json!("Once"));
        let (one, two) = (twice.post(&path, body.clone()).await.is(201), twice.post(&path, body).await.is(201));
        assert_eq!(one.body, two.body);
        // An edit, its versions, and what a closed one takes.
        let edited = admin
            .patch(&review, json!({"note": "n", "dueAt": "2026-12-24T00:00:00Z", "intervalDays": 7}))
            .await
            .is(200);
        assert_eq!(edited.json()["dueAt"], "2026-12-24T00:00:00.000000Z");
        let stale = client(&app).with("if-match", "\"1\"").patch(&review, json!({"note": null})).await;
        assert_eq!(problem(&stale), "412 stale");
        assert_eq!(problem(&edda.patch(&review, json!({"note": "mine"})).await), "403 forbidden");
        for body in [json!({"dueAt": null}), json!({"dueAt": "2020-01-01T00:00:00Z"}), json!({"name": "x"})] {
            assert_eq!(problem(&admin.patch(&review, body).await), "400 invalid");
        }
        let one = row(&app, &review, "vera").await;
        for (body, says) in [
            (json!({}), "400 invalid"),
            (json!({"decision": "maybe"}), "400 invalid"),
            (json!({"decision": "change"}), "400 invalid"),
            (json!({"decision": "change", "permissionLevel": app.id("cost")}), "422 unknown-reference"),
            (json!({"decision": "keep", "permissionLevel": app.id("reader")}), "400 invalid"),
            (json!({"decision": "keep", "endsAt": "2027-01-01T00:00:00Z"}), "400 invalid"),
            (json!({"decision": "keep", "comment": "x".repeat(1001)}), "400 invalid"),
        ] {
            let told = decide(&admin, &one, body.clone()).await;
            assert!(problem(&told).starts_with(says.split(' ').next().unwrap()), "{body}: {told}");
        }
        let nowhere = format!("{review}/rows/{}", app.id("eng"));
        assert_eq!(problem(&decide(&admin, &nowhere, json!({"decision": "keep"})).await), "404 not-found");
        let many = json!({"rows": [app.id("eng")], "decision": "keep"});
        assert_eq!(problem(&admin.post(format!("{review}/rows/decide"), many).await), "422 unknown-reference");
        let many = json!({"rows": vec![app.id("eng"); 10_001], "decision": "keep"});
        assert_eq!(problem(&admin.post(format!("{review}/rows/decide"), many).await), "400 too-many");
        for query in ["rows?decision=x", "rows?reviewer=x", "rows?cursor=x", "rows?limit=0", "evidence?format=xml"] {
            assert_eq!(problem(&admin.get(format!("{review}/{query}")).await), "400 invalid", "{query}");
        }
        for query in ["status=x", "of=x", "limit=1001", "reviewer=x"] {
            assert_eq!(problem(&admin.get(format!("{path}?{query}")).await), "400 invalid", "{query}");
        }
        assert_eq!(problem(&admin.post(format!("{review}/close"), json!({"undecided": "x"})).await), "400 invalid");
        edda.call("POST", format!("{mine}/close"), None).await.is(200);
        assert_eq!(problem(&edda.patch(&mine, json!({"note": "late"})).await), "409 conflict");
        edda.patch(&mine, json!({"intervalDays": 30})).await.is(200);
        // Cursors walk the whole of it.
        let (mut seen, mut next) = (0, format!("{path}?limit=1"));
        while !next.is_empty() {
            let page = admin.get(&next).await.is(200).json();
            seen += page["items"].as_array().unwrap().len();
            next = page["next"].as_str().map_or_else(String::new, |cursor| format!("{path}?limit=1&cursor={cursor}"));
        }
        assert_eq!(seen, 3);
        verify(&app).await;
    })
    .await;
}
