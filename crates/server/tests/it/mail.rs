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
