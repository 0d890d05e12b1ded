//! Directories that lie, flood or break off: the run fails in words, in time, and nothing is changed.

use guildhall_testkit::{App, on_both};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{at, connect, run};

const BIND: u8 = 0x60;
const SEARCH: u8 = 0x63;
const EXTENDED: u8 = 0x77;

/// An element of BER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &len, content].concat()
}

fn text(text: &str) -> Vec<u8> {
    element(4, text.as_bytes())
}

fn message(id: u8, op: &[u8]) -> Vec<u8> {
    element(0x30, &[&[2, 1, id], op].concat())
}

/// A result: the end of a bind (0x61), of a search (0x65) or of an extended request (0x78).
fn result(id: u8, tag: u8, code: u8) -> Vec<u8> {
    message(id, &element(tag, &[&[10, 1, code][..], &text(""), &text("")].concat()))
}

/// The end of a page, after which there is another.
fn page(id: u8, cookie: &[u8]) -> Vec<u8> {
    let control = [text("1.2.840.113556.1.4.319"), element(4, cookie)].concat();
    let done = element(0x65, &[&[10, 1, 0][..], &text(""), &text("")].concat());
    message(id, &[done, element(0xa0, &element(0x30, &control))].concat())
}

fn entry(id: u8, dn: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let one = |(name, values): &(&str, &[&str])| {
        let values: Vec<u8> = values.iter().flat_map(|value| text(value)).collect();
        element(0x30, &[text(name), element(0x31, &values)].concat())
    };
    let all: Vec<u8> = attributes.iter().flat_map(one).collect();
    message(id, &element(0x64, &[text(dn), element(0x30, &all)].concat()))
}

/// What is answered to a message of this number and kind, the whole of which is the last; none ends the connection.
type Script = fn(u8, u8, &[u8]) -> Option<Vec<u8>>;

async fn serve(mut stream: TcpStream, script: Script) -> std::io::Result<()> {
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).await?;
        let len = match head[1] {
            len @ 0..=0x7f => usize::from(len),
            many => {
                let mut len = vec![0; usize::from(many & 0x7f)];
                stream.read_exact(&mut len).await?;
                len.iter().fold(0, |all, byte| all << 8 | usize::from(*byte))
            }
        };
        let mut body = vec![0; len];
        stream.read_exact(&mut body).await?;
        // The number has one byte for as long as these tests go on.
        let Some(answer) = script(body[2], body[3], &body) else { return Ok(()) };
        stream.write_all(&answer).await?;
    }
}

/// Runs a connection to a server that answers by `script`; why it failed.
async fn fails(app: &App, script: Script, more: serde_json::Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, script));
        }
    });
    let mut settings =
        json!({"url": url, "bindDn": "cn=reader", "users": {"base": "ou=people"}, "groups": {"base": "ou=groups"}});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (connection, events) = (connect(app, settings, "secret").await, app.events().await.len());
    let done = run(app, &connection, "full", false).await;
    assert_eq!((&done["state"], app.events().await.len()), (&json!("failed"), events), "{done}");
    app.bearer().delete(&connection).await.is(204);
    server.abort();
    done["error"].as_str().unwrap().to_owned()
}

/// Lets whoever asks in, and answers a search by `answer`.
fn search(id: u8, op: u8, answer: impl FnOnce() -> Vec<u8>) -> Option<Vec<u8>> {
    match op {
        BIND => Some(result(id, 0x61, 0)),
        SEARCH => Some(answer()),
        _ => None,
    }
}

#[tokio::test]
async fn a_directory_that_lies_changes_nothing() {
    on_both(async |app| {
        let deep = |id, op, _: &[u8]| {
            search(id, op, || {
                let inner = (0..200_000).fold(Vec::new(), |mut all: Vec<u8>, _| {
                    all.extend([0x30, 0x84, 0, 0x10, 0, 0]);
                    all
                });
                element(0x30, &[&[2, 1, id][..], &inner].concat())
            })
        };
        let scripts: [(Script, &str); 10] = [
            (deep, "the directory's answer cannot be read"),
            (
                |id, op, _| search(id, op, || b"\x30\x84\x7f\xff\xff\xff".to_vec()),
                "the directory sends an answer of more than 64 MiB",
            ),
            (|_, _, _| Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), "the directory's answer cannot be read"),
            (
                |id, op, _| search(id, op, || page(id, b"\x30\x09\x02\x01\x00\x04\x04more")),
                "the directory sends one empty page after another",
            ),
            // A control that holds no cookie at all.
            (|id, op, _| search(id, op, || page(id, b"\x02\x01\x00")), "the directory's answer cannot be read"),
            (
                |id, op, _| search(id, op, || result(id, 0x65, 10)),
                "the directory names another one to ask, which is not followed (10)",
            ),
            (
                |id, op, _| {
                    search(id, op, || entry(id, "uid=a", &[("uid", &["a"])])[..20].to_vec()).filter(|_| op != SEARCH)
                },
                "the connection broke",
            ),
            // No answer has such a number, and the kind of the other is none of a search.
            (|id, op, _| search(id, op, || result(id, 0x6f, 0)), "the connection broke"),
            (
                |id, op, body| search(id, op, || liar(id, body, "member;range=0-1")),
                "the directory broke off the members of cn=crew after 2",
            ),
            (
                |id, op, body| search(id, op, || liar(id, body, "member;range=0-18446744073709551615")),
                "the directory broke off the members of cn=crew after 0",
            ),
        ];
        for (i, (script, says)) in scripts.into_iter().enumerate() {
            let told = fails(&app, script, json!({})).await;
            assert!(told.starts_with(says), "{i}: {told}");
        }
        // The server goes on as if nothing had been.
        app.bearer().get(at(&app, "/groups")).await.is(200);
    })
    .await;
}

/// Tells of one group, whose members come in parts that never end.
fn liar(id: u8, body: &[u8], part: &str) -> Vec<u8> {
    let asked = |name: &str| body.windows(name.len()).any(|window| window == name.as_bytes());
    let crew = entry(id, "cn=crew", &[("entryUUID", &["1"]), ("cn", &["crew"]), (part, &["uid=a", "uid=b"])]);
    let found = if asked("ou=groups") || asked("cn=crew") { crew } else { Vec::new() };
    [found, result(id, 0x65, 0)].concat()
}

#[tokio::test]
async fn nothing_is_said_before_it_is_encrypted() {
    on_both(async |app| {
        let tls = json!({"startTls": true});
        let refuses: Script = |id, op, _| {
            assert_eq!(op, EXTENDED, "nothing else is asked in clear");
            Some(result(id, 0x78, 2))
        };
        assert_eq!(fails(&app, refuses, tls.clone()).await, "the directory does not encrypt (2): startTls");
        // What somebody puts behind the answer is not read as the directory's.
        let injects: Script = |id, _, _| Some([result(id, 0x78, 0), result(2, 0x61, 0)].concat());
        let told = fails(&app, injects, tls.clone()).await;
        assert!(told.starts_with("TLS failed"), "{told}");
        let babbles: Script = |_, _, _| Some(b"\x30\x84\x7f\xff\xff\xff".to_vec());
        assert_eq!(fails(&app, babbles, tls).await, "the directory's answer cannot be read");
    })
    .await;
}
