//! Notices by e-mail, through a real SMTP server that the test starts.

use guildhall_domain::ids::UserId;
use guildhall_domain::webhook::{Form, NewWebhook, Try};
use guildhall_server::http::stop::CancellationToken;
use guildhall_server::jobs;
use guildhall_server::mail::Mailer;
use guildhall_testkit::{App, Mailbox, on_both, operator};
use serde_json::json;

use crate::cli::directory::load;

fn mailer(mailbox: &Mailbox) -> Mailer {
    Mailer::new(&mailbox.url, "Guildhall <groups@northwind.example>").expect("a mailer")
}

async fn round(app: &App, mailer: &Mailer) {
    jobs::post(app.server(), mailer, &CancellationToken::new()).await.expect("a round");
}

/// Switches a webhook off, which its owner or else the administrators are told.
async fn switch_off(app: &App, owner: Option<&str>) {
    let mut hand = operator(&app.engine, app.company());
    if let Some(owner) = owner {
        hand.actor = guildhall_domain::caller::Actor::User(UserId::new(app.id(owner)));
        hand.role = Some(guildhall_domain::caller::Role::Admin);
    }
    let new = NewWebhook {
        name: Some("Sync <b>of</b> \"groups\"".into()),
        url: "https://hooks.example/in?token=t0ken".into(),
        form: Form::Standard,
        events: vec!["webhook.created".into(), "webhook.tested".into()],
        secret: None,
    };
    let id = app.engine.create_webhook(&hand, new).await.unwrap().value.webhook.id;
    app.engine.test_webhook(&hand, id).await.unwrap();
    let company = app.company();
    let lease = app.engine.claim_webhook(company, id).await.unwrap().expect("a lease");
    // What was asked for by hand goes first; then the journal has its turn.
    for _ in 0..2 {
        let load = app.engine.load_webhook(company, id, lease).await.unwrap().expect("a load");
        let gone = Try { status: Some(410), ..Try::default() };
        let tried = load.messages.into_iter().map(|message| (message, gone.clone())).collect();
        assert!(app.engine.settle_webhook(company, id, lease, tried, None, false).await.unwrap());
    }
}

#[tokio::test]
async fn an_owner_is_told_that_a_webhook_was_switched_off() {
    on_both(async |app| {
        let mailbox = Mailbox::start().await;
        let mailer = mailer(&mailbox);
        switch_off(&app, Some("edda")).await;
        round(&app, &mailer).await;
        assert_eq!(mailbox.mails().len(), 0, "nothing is kept before there is a way to send");
        app.engine.send_notices();
        switch_off(&app, Some("edda")).await;
        round(&app, &mailer).await;
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(
            (mails[0].from.as_str(), &mails[0].to[..]),
            ("groups@northwind.example", &["edda.editor@northwind.example".to_owned()][..])
        );
        let text = &mails[0].text;
        for part in [
            "From: Guildhall <groups@northwind.example>",
            "Auto-Submitted: auto-generated",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "Hello Edda,",
            "the receiver answered 410",
            "&lt;b&gt;of&lt;/b&gt;",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("t0ken"), "the address may be a secret");
        round(&app, &mailer).await;
        assert_eq!(mailbox.mails().len(), 1, "told once");
        // Without an owner who is there, those who administer are told.
        switch_off(&app, Some("ivan")).await;
        round(&app, &mailer).await;
        assert_eq!(mailbox.mails()[1].to, ["ada.example@northwind.example"]);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    on_both(async |app| {
        let mailbox = Mailbox::start().await;
        let mailer = mailer(&mailbox);
        app.engine.send_notices();
        switch_off(&app, None).await;
        mailbox.refuse(2);
        for _ in 0..3 {
            round(&app, &mailer).await;
            app.clock.set(app.clock.now().plus_seconds(3600));
        }
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, ["ada.example@northwind.example"]);
        // Two postmen at once send one letter each, not one letter twice.
        for _ in 0..4 {
            switch_off(&app, None).await;
        }
        tokio::join!(round(&app, &mailer), round(&app, &mailer));
        assert_eq!(mailbox.mails().len(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_member_is_told_before_the_membership_ends() {
    on_both(async |app| {
        let mailbox = Mailbox::start().await;
        let mailer = mailer(&mailbox);
        app.engine.send_notices();
        let now = app.clock.now();
        let line = |user: &str, ends: &str| {
            let ids = (app.id("northwind"), app.id("ops"), app.id(user));
            json!({"type": "membership", "company": ids.0, "group": ids.1, "user": ids.2, "endsAt": ends}).to_string()
        };
        let lines = [
            line("vera", "2026-11-30T09:00:00Z"),
            line("edda", "2026-11-30T09:00:00Z"),
            line("gus", "2026-12-20T09:00:00Z"),
        ];
        load(&app.engine, &lines.join("\n"), true).await.expect("an update");
        let hand = operator(&app.engine, app.company());
        round(&app, &mailer).await;
        assert_eq!(mailbox.mails().len(), 0, "not yet");
        // Who has left meanwhile is told nothing.
        let mut remove = guildhall_engine::ChangeMembers::of(app.id("ops").into());
        remove.remove = vec![guildhall_engine::MemberRef::Id(app.id("edda").into())];
        app.engine.change_members(&hand, remove).await.unwrap();
        app.clock.set(now.plus_seconds(3 * 86_400));
        round(&app, &mailer).await;
        let mails = mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, ["vera.viewer@northwind.example"]);
        assert!(mails[0].text.contains("Your membership of Operations ends on 2026-11-30"), "{}", mails[0].text);
        assert!(mails[0].text.contains("09:00 UTC"));
        app.clock.set(now.plus_seconds(24 * 86_400));
        round(&app, &mailer).await;
        assert_eq!(mailbox.mails().len(), 2);
        assert_eq!(mailbox.mails()[1].to, ["gus.guest@northwind.example"]);
    })
    .await;
}

/// The mails since the last look: to whom, and under what subject.
fn told(mailbox: &Mailbox, seen: &mut usize) -> Vec<(String, String)> {
    let mails = mailbox.mails();
    let new: Vec<(String, String)> = mails[*seen..]
        .iter()
        .map(|mail| {
            let subject = mail.text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
            (mail.to.join(" ").split('.').next().unwrap_or_default().to_owned(), subject.trim().to_owned())
        })
        .collect();
    *seen = mails.len();
    let mut new = new;
    new.sort();
    new
}

fn pair(to: &str, subject: &str) -> (String, String) {
    (to.to_owned(), subject.to_owned())
}

#[tokio::test]
async fn whoever_has_a_task_is_told_and_whoever_asked_hears_how_it_went() {
    on_both(async |app| {
        let mailbox = Mailbox::start().await;
        let (mailer, mut seen) = (mailer(&mailbox), 0);
        app.engine.send_notices();
        let company = app.id("northwind");
        let at = |path: &str| format!("/v1/companies/{company}{path}");
        let steps = json!([{"approvers": {"users": [app.id("vera"), app.id("edda")]}, "timeoutHours": 96}]);
        let policy = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "steps": steps});
        app.bearer().post(at("/policies"), policy).await.is(201);
        let ask = json!({"type": "GrantAccessRequest", "app": app.id("ledger"), "permissionLevel": app.id("reader"),
                         "purpose": "month <end> & more"});
        let gus = app.bearer().by(guildhall_testkit::Who::Guest);
        let request = gus.post(at("/requests"), ask.clone()).await.is(201).header("location").to_owned();
        round(&app, &mailer).await;
        let subject = "Access to Ledger (Reader) for Gus Guest";
        assert_eq!(told(&mailbox, &mut seen), [pair("edda", subject), pair("vera", subject)]);
        let text = mailbox.mails()[0].text.replace("=\r\n", "").replace("=\n", "");
        for part in [
            "waits for your decision",
            "Gus Guest asked for it and says",
            "2026-11-24 at 09:00 UTC",
            "month &lt;end&gt; &amp; more",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        // A reminder a day before it is due, once, to those who still have it.
        app.clock.set(app.clock.now().plus_seconds(72 * 3600));
        round(&app, &mailer).await;
        let reminder = format!("Reminder: {subject}");
        assert_eq!(told(&mailbox, &mut seen), [pair("edda", &reminder), pair("vera", &reminder)]);
        let tasks = app.bearer().get(format!("{request}/tasks")).await.is(200).json();
        let task = tasks["items"][0]["id"].as_str().unwrap();
        let said = json!({"comment": "go ahead"});
        app.bearer().by(guildhall_testkit::Who::Viewer).post(at(&format!("/tasks/{task}/approve")), said).await.is(200);
        round(&app, &mailer).await;
        // edda need not decide any more, and has to carry it out, as she owns the app.
        assert_eq!(
            told(&mailbox, &mut seen),
            [
                pair("edda", subject),
                pair("edda", &format!("Done: {subject}")),
                pair("gus", "Approved: Access to Ledger (Reader) for you")
            ]
        );
        // Long lines are cut on their way (quoted-printable).
        let text =
            mailbox.mails().iter().map(|mail| mail.text.replace("=\r\n", "").replace("=\n", "")).collect::<String>();
        assert!(text.contains("was approved and is yours to carry out") && text.contains("What was said: go ahead"));
        let tasks = app.bearer().get(format!("{request}/tasks")).await.is(200).json();
        let action = tasks["items"][1]["id"].as_str().unwrap();
        let edda = app.bearer().by(guildhall_testkit::Who::Editor);
        edda.call("POST", at(&format!("/tasks/{action}/approve")), None).await.is(200);
        round(&app, &mailer).await;
        assert_eq!(told(&mailbox, &mut seen), [pair("gus", "Done: Access to Ledger (Reader) for you")]);
        // What was decided before a notice went out is not told as open; a decline is told to who asked.
        let ask =
            json!({"type": "RemoveAccessRequest", "app": app.id("ledger"), "target": app.id("gus"), "purpose": "x"});
        let request = app.bearer().post(at("/requests"), ask).await.is(201).header("location").to_owned();
        let tasks = app.bearer().get(format!("{request}/tasks")).await.is(200).json();
        let task = tasks["items"][0]["id"].as_str().unwrap();
        edda.call("POST", at(&format!("/tasks/{task}/decline")), None).await.is(200);
        round(&app, &mailer).await;
        assert_eq!(
            told(&mailbox, &mut seen),
            [
                pair("ada", "Declined: Removal of Ledger from Gus Guest"),
                pair("gus", "Declined: Removal of Ledger from you")
            ]
        );
        app.clock.set(app.clock.now().plus_seconds(30 * 86_400));
        round(&app, &mailer).await;
        assert_eq!(told(&mailbox, &mut seen), []);
    })
    .await;
}

#[tokio::test]
async fn reviewers_are_told_and_reminded() {
    on_both(async |app| {
        let mailbox = Mailbox::start().await;
        let (mailer, mut seen) = (mailer(&mailbox), 0);
        app.engine.send_notices();
        let at = format!("/v1/companies/{}/reviews", app.id("northwind"));
        let body = json!({"name": "Q4", "of": "apps", "reviewers": "appOwner", "dueAt": "2026-11-30T09:00:00Z"});
        let review = app.bearer().post(&at, body).await.is(201).header("location").to_owned();
        round(&app, &mailer).await;
        assert_eq!(told(&mailbox, &mut seen), [pair("edda", "1 line of the review Q4 to decide by 2026-11-30")]);
        app.bearer().call("POST", format!("{review}/remind"), None).await.is(200);
        round(&app, &mailer).await;
        let reminder = "Reminder: 1 line of the review Q4 to decide by 2026-11-30";
        assert_eq!(told(&mailbox, &mut seen), [pair("edda", reminder)]);
        app.clock.set(app.clock.now().plus_seconds(9 * 86_400));
        round(&app, &mailer).await;
        assert_eq!(told(&mailbox, &mut seen), [pair("edda", reminder)], "a day before the end, by itself");
        // Whoever has decided all of theirs is reminded of nothing.
        app.bearer().call("POST", format!("{review}/remind"), None).await.is(200);
        let keep = json!({"decision": "keep"});
        app.bearer().by(guildhall_testkit::Who::Editor).post(format!("{review}/rows/decide"), keep).await.is(200);
        round(&app, &mailer).await;
        assert_eq!(told(&mailbox, &mut seen), []);
    })
    .await;
}
