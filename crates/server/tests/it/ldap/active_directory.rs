//! What comes in from Active Directory.

use guildhall_testkit::active_directory::{ActiveDirectory, PASSWORD};
use guildhall_testkit::on_both;
use serde_json::json;

use super::{connect, counts, members, run, user};

fn person(ad: &ActiveDirectory, n: u8, usn: u32, flags: &str) {
    let (mail, upn, usn) = (format!("p{n}@corp.example"), format!("p{n}@CORP.example"), usn.to_string());
    let class: &[&[u8]] = &[b"top", b"person", b"user"];
    ad.put(
        &dn(n),
        &[
            ("objectClass", class),
            ("objectCategory", &[b"person"]),
            ("objectGUID", &[&[n; 16]]),
            ("userPrincipalName", &[upn.as_bytes()]),
            ("mail", &[mail.as_bytes()]),
            ("displayName", &[format!("Person {n}").as_bytes()]),
            ("userAccountControl", &[flags.as_bytes()]),
            ("uSNChanged", &[usn.as_bytes()]),
        ],
    );
}

fn dn(n: u8) -> String {
    format!("CN=Person {n},OU=Staff,DC=corp,DC=example")
}

fn group(ad: &ActiveDirectory, members: std::ops::Range<u8>, usn: u32) {
    let members: Vec<String> = members.map(dn).collect();
    let members: Vec<&[u8]> = members.iter().map(String::as_bytes).collect();
    ad.put(
        "CN=Everybody,OU=Groups,DC=corp,DC=example",
        &[
            ("objectClass", &[b"group"]),
            ("objectGUID", &[&[200; 16]]),
            ("cn", &[b"Everybody"]),
            ("uSNChanged", &[usn.to_string().as_bytes()]),
            ("member", &members),
        ],
    );
}

#[tokio::test]
async fn members_come_in_parts_and_changes_by_their_numbers() {
    on_both(async |app| {
        let ad = ActiveDirectory::start().await;
        for n in 0..8 {
            person(&ad, n, 100 + u32::from(n), if n == 7 { "514" } else { "512" });
        }
        group(&ad, 0..8, 150);
        let settings = json!({"url": ad.url, "server": "ad", "bindDn": "CN=reader,DC=corp,DC=example", "pageSize": 3,
            "users": {"base": "OU=Staff,DC=corp,DC=example"}, "groups": {"base": "OU=Groups,DC=corp,DC=example"}});
        let connection = connect(&app, settings, PASSWORD).await;
        let full = run(&app, &connection, "full", false).await;
        assert_eq!(counts(&full), json!({"usersAdded": 8, "groupsAdded": 1, "membersAdded": 8}), "{full}");
        assert_eq!(members(&app, "Everybody").await.len(), 7, "the disabled one counts for nothing");
        let links = app.bearer().get(format!("{connection}/links")).await.json();
        assert!(links.to_string().contains("\"03030303-0303-0303-0303-030303030303\""), "{links}");
        let parts = ad.asked().into_iter().filter(|ask| ask.contains("member;range=")).count();
        assert_eq!(parts, 2, "three at a time: {:?}", ad.asked());

        person(&ad, 7, 201, "512");
        group(&ad, 1..8, 202);
        let asked = ad.asked().len();
        let changes = run(&app, &connection, "changes", false).await;
        assert_eq!(counts(&changes), json!({"usersChanged": 1, "membersRemoved": 1}), "{changes}");
        assert!(ad.asked()[asked..].iter().any(|ask| ask.contains("uSNChanged") && ask.contains("150")));
        assert_eq!(members(&app, "Everybody").await.len(), 7);
        assert_eq!(user(&app, "p7@corp.example").await["status"], "active");
    })
    .await;
}
