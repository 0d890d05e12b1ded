//! The shortest story that touches every layer, to tell at a glance whether anything works at all.

use guildhall_domain::ids::GroupId;
use guildhall_engine::{ChangeMembers, MemberRef};
use guildhall_testkit::{on_both, operator};

#[tokio::test]
async fn a_member_comes_and_goes_and_the_journal_tells() {
    on_both(async |app| {
        let eng = GroupId::new(app.id("eng"));
        let hand = operator(&app.engine, app.company());
        let add = ChangeMembers { add: vec![MemberRef::Id(app.id("gus").into())], ..ChangeMembers::of(eng) };
        let added = app.engine.change_members(&hand, add).await.unwrap();
        let ask = guildhall_domain::page::Ask { total: true, ..guildhall_domain::page::Ask::first(10) };
        let page = app.engine.members(&hand, eng, false, &ask).await.unwrap();
        let names: Vec<_> = page.items.iter().map(|m| m.person.name()).collect();
        assert_eq!(names, ["Vera Viewer", "Gus Guest"]);
        assert_eq!(page.total, Some(2));
        let remove = ChangeMembers { remove: vec![MemberRef::Id(app.id("gus").into())], ..ChangeMembers::of(eng) };
        let removed = app.engine.change_members(&hand, remove).await.unwrap();
        assert_eq!(removed.revision, added.revision + 1);
        let last: Vec<String> = app.events().await.into_iter().rev().take(2).map(|e| e.kind).collect();
        assert_eq!(last, ["group.members_removed", "group.members_added"]);
        assert!(app.engine.verify().await.unwrap().iter().all(|v| v.broken.is_none()));
    })
    .await;
}
