//! Pages by place, and by cursor (RFC 9865).

use guildhall_testkit::on_both;

use super::{USERS, column, encoded, error, hire};

#[tokio::test]
async fn pages_by_place() {
    on_both(async |app| {
        let scim = app.bearer();
        let all = column(&scim.get(USERS).await.is(200), "id");
        assert_eq!(all.len(), 5);
        let page = scim.get(format!("{USERS}?startIndex=2&count=2")).await.is(200);
        assert_eq!(column(&page, "id"), all[1..3]);
        let body = page.json();
        assert_eq!([&body["totalResults"], &body["startIndex"], &body["itemsPerPage"]], [5, 2, 2]);
        for (query, hits) in [
            ("startIndex=0", 5),
            ("startIndex=-3&count=1", 1),
            ("startIndex=9", 0),
            ("count=0", 0),
            ("count=-1", 0),
            ("count=5000", 5),
        ] {
            let body = scim.get(format!("{USERS}?{query}")).await.is(200).json();
            assert_eq!(
                (body["Resources"].as_array().unwrap().len(), &body["totalResults"]),
                (hits, &5.into()),
                "{query}"
            );
        }
        for wrong in ["startIndex=x", "count=ten", "startIndex=1.5"] {
            assert_eq!(error(&scim.get(format!("{USERS}?{wrong}")).await), "400 invalidValue", "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_by_cursor_neither_skip_nor_repeat() {
    on_both(async |app| {
        let scim = app.bearer();
        for query in ["", "&sortBy=userName&sortOrder=descending", "&filter=active%20eq%20true&sortBy=meta.created"] {
            let all = column(&scim.get(format!("{USERS}?count=1000{query}")).await.is(200), "id");
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = scim.get(format!("{USERS}?count=2&cursor={}{query}", encoded(&cursor))).await.is(200);
                assert!(page.json()["startIndex"].is_null());
                seen.extend(column(&page, "id"));
                match page.json()["nextCursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, all, "{query}");
        }
        // Rows that come in between shift nothing.
        let first = scim.get(format!("{USERS}?count=2&cursor=")).await.is(200);
        hire(&scim, "between@x.example").await;
        let next = first.json()["nextCursor"].as_str().unwrap().to_owned();
        let second = scim.get(format!("{USERS}?count=2&cursor={next}")).await.is(200);
        assert!(column(&second, "id").iter().all(|id| !column(&first, "id").contains(id)));
        for wrong in ["x", "bm9uZQ", &format!("{next}&sortBy=userName")] {
            assert_eq!(error(&scim.get(format!("{USERS}?cursor={wrong}")).await), "400 invalidCursor", "{wrong}");
        }
    })
    .await;
}
