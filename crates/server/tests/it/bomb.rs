//! Bombs: groups nested as deep and as wide as they may be, which have more ways through them than numbers can count.
//! Every answer and every change ends soon, and stays small. A walk along every way would never end.

use std::time::Duration;

use guildhall_domain::group::NewGroup;
use guildhall_domain::nesting::DEPTH;
use guildhall_engine::directory::Load;
use guildhall_server::format::Reader;
use guildhall_testkit::{App, Reply, on_both, operator};
use serde_json::{Value, json};
use uuid::Uuid;

/// What one call may take at most: far more than it does, far less than anything exponential.
const PATIENCE: Duration = Duration::from_secs(30);

fn at(app: &App, path: &str) -> String {
    format!("/v1/companies/{}{path}", app.id("northwind"))
}

/// Group `n` of a level.
fn id(level: usize, n: usize) -> Uuid {
    Uuid::from_u64_pair(0x0b0b_0000 + level as u64, n as u64)
}

/// One call, in time and with a small answer.
async fn soon(app: &App, method: &str, path: &str, body: Option<Value>) -> Reply {
    let begun = std::time::Instant::now();
    let reply = tokio::time::timeout(PATIENCE, app.bearer().call(method, at(app, path), body)).await;
    let reply = reply.unwrap_or_else(|_| panic!("{method} {path} does not end"));
    if begun.elapsed() > Duration::from_secs(1) {
        eprintln!("{method} {path} took {:?}", begun.elapsed());
    }
    assert!(reply.body.len() < 1 << 20, "{method} {path} answers {} bytes", reply.body.len());
    reply
}

/// Every group of a level inside every group of the one above, by import.
async fn import(app: &App, levels: usize, width: usize) {
    let company = app.id("northwind");
    let (mut load, mut reader) = (Load::new(), Reader::new());
    load.file("bomb").unwrap();
    let mut push = |record: Value| reader.take(format!("{record}\n").as_bytes(), &mut load).unwrap();
    for (level, n) in (0..levels).flat_map(|level| (0..width).map(move |n| (level, n))) {
        push(json!({"type": "group", "id": id(level, n), "company": company, "name": format!("{level}.{n}")}));
        for parent in (0..width).filter(|_| level > 0) {
            push(
                json!({"type": "nesting", "company": company, "parent": id(level - 1, parent), "child": id(level, n)}),
            );
        }
    }
    reader.end(&mut load).unwrap();
    app.engine.load(load, true, app.engine.clock().id(), &|_, _| true).await.unwrap();
}

/// The same by the API, a nesting a call.
async fn build(app: &App, levels: usize, width: usize) {
    let hand = operator(&app.engine, app.company());
    for level in 0..levels {
        for n in 0..width {
            let new = NewGroup { id: Some(id(level, n).into()), name: format!("{level}.{n}"), ..Default::default() };
            app.engine.create_group(&hand, new).await.unwrap();
        }
    }
    for level in 1..levels {
        for (parent, child) in (0..width).flat_map(|a| (0..width).map(move |b| (a, b))) {
            let (parent, child) = (id(level - 1, parent).into(), id(level, child).into());
            app.engine.nest(&hand, parent, child).await.unwrap();
        }
    }
}

/// Everything that can be asked and done at the ends of it. The ways from a group at the bottom to one at the top are
/// `ways`.
async fn endure(app: &App, levels: usize, width: usize, ways: &str) {
    let (top, bottom) = (id(0, 0), id(levels - 1, 0));
    let (vera, gus) = (app.id("vera"), app.id("gus"));
    let all = levels * width;
    // A membership at the bottom is one of every group above: tried, then done.
    let member = format!("/groups/{bottom}/members/{vera}");
    let preview = soon(app, "PUT", &format!("{member}?preview=true"), Some(json!({}))).await.is(200).json();
    let wanted = (levels - 1) * width + 1;
    assert_eq!(
        (&preview["gainedTotal"], preview["gained"].as_array().map(Vec::len)),
        (&json!(wanted), Some(wanted.min(1000)))
    );
    soon(app, "PUT", &member, Some(json!({}))).await.is(201);
    let between = app.clock.now();
    let count = soon(app, "GET", &format!("/groups/{top}/members/count"), None).await.is(200).json();
    assert_eq!(count, json!({"direct": 0, "effective": 1}));
    let list = soon(app, "GET", &format!("/groups/{top}/members?effective=true"), None).await.is(200).json();
    assert_eq!(list["items"][0]["user"]["id"], json!(vera));
    let joined = soon(app, "GET", &format!("/users/{vera}/groups?effective=true&limit=1000&total=true"), None).await;
    assert_eq!(joined.is(200).json()["total"], json!(wanted + 1), "and Engineering");
    let inside = soon(app, "GET", &format!("/groups/{top}/children?all=true"), None).await.is(200).json();
    assert_eq!(inside["groups"].as_array().map(Vec::len), Some(all - width));
    let check = |user: Uuid| json!({"checks": vec![json!({"user": user, "group": top}); 1000]});
    let yes = soon(app, "POST", "/check", Some(check(vera))).await.is(200).json();
    assert_eq!(yes["results"], json!(vec![true; 1000]));
    // All ways are counted, few are listed, none is walked for that.
    let why = soon(app, "GET", &format!("/users/{vera}/explain?group={top}"), None).await.is(200).json();
    assert_eq!((&why["total"], why["paths"].as_array().map(Vec::len)), (&json!(ways), Some(100)));
    assert_eq!(why["paths"][99]["steps"].as_array().map(Vec::len), Some(levels - 1));
    let not = soon(app, "GET", &format!("/users/{gus}/explain?group={top}"), None).await.is(200).json();
    assert_eq!(
        (&not["missing"]["total"], not["missing"]["groups"].as_array().map(Vec::len)),
        (&json!(all - width + 1), Some(100))
    );
    // The other way round is a cycle, however long; one more level is too deep.
    let cycle = soon(app, "PUT", &format!("/groups/{bottom}/children/{top}"), None).await.is(409).json();
    assert_eq!(cycle["type"], "urn:guildhall:error:cycle");
    let deeper = soon(app, "PUT", &format!("/groups/{bottom}/children/{}", app.id("ops")), None).await;
    if levels == DEPTH + 1 {
        assert_eq!(deeper.is(409).json()["type"], "urn:guildhall:error:conflict");
    }
    // A rule on top of it all, and users that come, change and go below.
    let rule = json!({"rule": format!("user.memberOf('{top}') && user.role == 'viewer'")});
    soon(app, "PATCH", &format!("/groups/{}", app.id("ops")), Some(rule)).await.is(200);
    let ruled = json!({"checks": [{"user": vera, "group": app.id("ops")}, {"user": gus, "group": app.id("ops")}]});
    assert_eq!(soon(app, "POST", "/check", Some(ruled.clone())).await.is(200).json()["results"], json!([true, false]));
    // What there was is found again, in few steps, also of somebody who was in many places at many times.
    for n in 0..width.min(4) {
        for _ in 0..2 {
            app.clock.set(app.clock.now().plus_seconds(60));
            let path = format!("/groups/{}/members/{gus}", id(levels - 1, n));
            soon(app, "PUT", &path, Some(json!({}))).await.is(201);
            app.clock.set(app.clock.now().plus_seconds(60));
            soon(app, "DELETE", &path, None).await.is(204);
        }
    }
    let before = soon(app, "GET", &format!("/users/{gus}/explain?group={top}"), None).await.is(200).json();
    assert_eq!(before["missing"]["last"]["until"], json!(app.clock.now().to_string()));
    app.clock.set(app.clock.now().plus_seconds(60));
    // A nesting in the middle comes and goes; so does a group with all of its nestings.
    let middle = format!("/groups/{}/children/{}", id(levels / 2, 0), id(levels / 2 + 1, 0));
    soon(app, "DELETE", &format!("{middle}?preview=true"), None).await.is(200);
    soon(app, "DELETE", &middle, None).await.is(204);
    soon(app, "PUT", &middle, None).await.is(201);
    let group = format!("/groups/{}", id(levels / 2, 0));
    soon(app, "DELETE", &group, None).await.is(200);
    assert_eq!(soon(app, "POST", "/check", Some(ruled.clone())).await.is(200).json()["results"], json!([true, false]));
    soon(app, "POST", &format!("{group}/restore"), None).await.is(200);
    // Away again at the bottom, and gone everywhere; as of before, still there.
    soon(app, "DELETE", &member, None).await.is(204);
    let no = soon(app, "POST", "/check", Some(check(vera))).await.is(200).json();
    assert_eq!(no["results"], json!(vec![false; 1000]));
    assert_eq!(soon(app, "POST", "/check", Some(ruled)).await.is(200).json()["results"], json!([false, false]));
    let mut then = check(vera);
    then["at"] = json!(between.to_string());
    assert_eq!(soon(app, "POST", "/check", Some(then)).await.is(200).json()["results"], json!(vec![true; 1000]));
    let then = soon(app, "GET", &format!("/users/{vera}/explain?group={top}&at={between}"), None).await.is(200).json();
    assert_eq!(then["total"], json!(ways));
}

#[tokio::test]
async fn one_that_is_imported_is_endured() {
    on_both(async |app| {
        // 408 groups, 3,200 nestings, 8^49 ways: more than are counted.
        import(&app, DEPTH + 1, 8).await;
        endure(&app, DEPTH + 1, 8, &u128::MAX.to_string()).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_is_built_step_by_step_is_endured() {
    on_both(async |app| {
        // 153 groups, 450 nestings, 3^49 ways.
        build(&app, DEPTH + 1, 3).await;
        endure(&app, DEPTH + 1, 3, &3_u128.pow(49).to_string()).await;
        assert!(app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    })
    .await;
}
