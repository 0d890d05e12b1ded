//! Every documented operation × everything an attacker would send it: no fault of ours, and every refusal in the form
//! of the dialect that was spoken.
//!
//! Operations, parameters and bodies come from the OpenAPI documents, so that a new route is swept by itself.

use std::fmt::Write as _;
use std::net::SocketAddr;

use guildhall_server::config::Limits;
use guildhall_testkit::{App, Place, Who};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::routes::{Route, routes};

/// What stands in a path or query where something else belongs, percent-encoded as far as it must be.
const TEXTS: &[&str] = &[
    "",
    "x",
    "-1",
    "1e9",
    "99999999999999999999",
    "00000000-0000-0000-0000-000000000000",
    "%00",
    "%0d%0aX-A:%20b",
    "%ff",
    "%zz",
    "%",
    "%2e%2e%2f%2e%2e%2fetc",
    "';drop%20table%20users;--",
    "%F0%9F%92%A9",
    "%F4%8F%BF%BF",
    "%25%5F%5C",
    "a&a=b&a=c",
    "[]",
    "eyJhIjoxfQ",
];

/// Bodies that no operation takes for what it wants.
fn bodies() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " ",
        "{",
        "}",
        "nul",
        "null",
        "true",
        "1",
        "1e999",
        "-0.0",
        "99999999999999999999999999999999999999",
        "\"x\"",
        "[]",
        "[{}]",
        "[null]",
        "{}",
        "{}{}",
        "{\"\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\\ud800\"}",
        "{\"\\u0000\":\"\\u0000\"}",
        "{\"a\":NaN}",
        "\u{feff}{}",
        "{'a':1}",
        "a=b&a=c",
        "<a/>",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    all.push(b"\xff\xfe{}".to_vec());
    all.push(b"{\"a\":\"\xc3\"}".to_vec());
    all.push("[".repeat(100_000).into_bytes());
    all.push(format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40)).into_bytes());
    all
}

/// What stands in the place of one member of a body.
fn values() -> Vec<Value> {
    let mut deep = json!(1);
    for _ in 0..28 {
        deep = json!({ "a": deep });
    }
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!(u64::MAX),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("x"),
        json!("\u{0}"),
        json!("a\u{7}\r\nb"),
        json!("\u{202e}\u{10ffff}İßÉ"),
        json!("x".repeat(70_000)),
        json!("9999-12-31T23:59:60Z"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!([]),
        json!([null]),
        json!([[[]]]),
        json!(["x", 1]),
        json!(["00000000-0000-0000-0000-000000000000"]),
        json!(vec!["0b8b52f0-5c8e-4a55-8a7c-6f0d3c7b9e21"; 10_001]),
        json!([{}]),
        json!([{"id": 1}]),
        json!({}),
        json!({"id": "x"}),
        json!({"": {"": null}}),
        deep,
    ]
}

/// One request, as bytes.
struct Attack {
    method: String,
    target: String,
    kind: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

impl Attack {
    fn on(route: &Route, target: String) -> Self {
        let (method, kind) = (route.method.clone(), "application/json");
        Self { method, target, kind, headers: Vec::new(), body: Vec::new() }
    }

    fn told(&self) -> String {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(200)]).into_owned();
        format!("{} {} {:?} {} {body:?}", self.method, self.target, self.headers, self.kind)
    }
}

/// The path with a seeded thing in each of its places, as far as there is one.
fn target(app: &App, route: &Route) -> String {
    let fill = |segment: &str| match segment {
        "{company}" | "{companyId}" => app.id("northwind").to_string(),
        "{group}" | "{groupId}" | "{usersGroupId}" => app.id("eng").to_string(),
        "{child}" => app.id("ops").to_string(),
        "{key}" => app.key(Who::Viewer).key.id.to_string(),
        "{id}" if route.path.contains("/group/") => app.id("eng").to_string(),
        segment if segment.starts_with('{') => app.id("vera").to_string(),
        segment => segment.to_owned(),
    };
    route.path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Something that fits a schema, as far as its form goes.
fn fitting(app: &App, document: &Value, at: &Value, depth: usize) -> Value {
    let at = schema(document, at);
    let first = |value: &Value| value.as_array().and_then(|all| all.first().cloned());
    if let Some(given) = first(&at["enum"]).or_else(|| Some(at["example"].clone()).filter(|one| !one.is_null())) {
        return given;
    }
    let kind = at["type"].as_str().map(str::to_owned).or_else(|| first(&at["type"])?.as_str().map(str::to_owned));
    match kind.as_deref() {
        Some("string") if at["format"] == "uuid" => app.id("gus").to_string().into(),
        Some("string") if at["format"] == "date-time" => "2027-01-01T00:00:00Z".into(),
        Some("string") => "x".into(),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => false.into(),
        Some("array") if depth < 4 => vec![fitting(app, document, &at["items"], depth + 1)].into(),
        Some("array") => json!([]),
        _ => {
            let required = at["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required.map(|name| (name.to_owned(), fitting(app, document, &at["properties"][name], depth + 1))).collect()
        }
    }
}

/// Follows `$ref`s to the schema itself.
fn schema<'a>(document: &'a Value, mut at: &'a Value) -> &'a Value {
    while let Some(path) = at["$ref"].as_str() {
        at = document.pointer(path.trim_start_matches('#')).unwrap_or(&Value::Null);
    }
    // An optional body is one of null and the schema.
    match at["oneOf"].as_array().or(at["anyOf"].as_array()) {
        Some(some) => some.iter().find(|one| one["type"] != "null").map_or(at, |one| schema(document, one)),
        None => at,
    }
}

/// The names of the members that the operation's body may have.
fn members(document: &Value, operation: &Value) -> Vec<String> {
    let contents = operation["requestBody"]["content"].as_object();
    let schemas = contents.into_iter().flatten().map(|(_, content)| schema(document, &content["schema"]));
    let names = schemas.filter_map(|schema| schema["properties"].as_object()).flatten().map(|(name, _)| name.clone());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

/// The names of the parameters that stand in `place`.
fn parameters(operation: &Value, place: &str) -> Vec<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|one| one["in"] == place).filter_map(|one| one["name"].as_str()).map(str::to_owned).collect()
}

/// Everything that is sent to one operation.
fn attacks(app: &App, document: &Value, route: &Route) -> Vec<Attack> {
    let right = target(app, route);
    let operation = &document["paths"][&route.path][route.method.to_lowercase()];
    let mut all = Vec::new();
    // Each id in the path.
    for (place, _) in route.path.split('/').enumerate().filter(|(_, segment)| segment.starts_with('{')) {
        for text in TEXTS.iter().chain([&"../.."]) {
            let mut segments: Vec<&str> = right.split('/').collect();
            segments[place] = text;
            all.push(Attack::on(route, segments.join("/")));
        }
    }
    // Each parameter, and some that nobody knows.
    let mut names = parameters(operation, "query");
    names.extend(["cursor", "unknown"].map(str::to_owned));
    for name in names {
        for text in TEXTS {
            all.push(Attack::on(route, format!("{right}?{name}={text}")));
        }
        all.push(Attack::on(route, format!("{right}?{name}={}", "x".repeat(7000))));
    }
    all.push(Attack::on(route, format!("{right}?{}", "a=b&".repeat(1900))));
    // Headers that some operation reads.
    for name in ["if-match", "if-none-match", "idempotency-key", "guildhall-min-revision", "accept", "last-event-id"] {
        for value in ["", "\"", "*", "99999999999999999999", "\u{e9}"] {
            all.push(Attack { headers: vec![(name, value)], ..Attack::on(route, right.clone()) });
        }
    }
    // Methods that no path takes, and some that others take.
    for method in ["TRACE", "OPTIONS", "HEAD", "BREW", "GET", "POST", "PUT", "PATCH"] {
        all.push(Attack { method: method.into(), ..Attack::on(route, right.clone()) });
    }
    // Bodies: none that fits, under every name; then one that fits but for a member.
    for raw in bodies() {
        all.push(Attack { body: raw, ..Attack::on(route, right.clone()) });
    }
    for kind in
        ["", "text/plain", "application/xml", "application/json; charset=latin1", "multipart/form-data", "\u{e9}"]
    {
        all.push(Attack { kind, body: b"{}".to_vec(), ..Attack::on(route, right.clone()) });
    }
    if operation["requestBody"].is_object() {
        let form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"].is_object();
        let json = &operation["requestBody"]["content"]["application/json"]["schema"];
        let fits = fitting(app, document, json, 0);
        for name in members(document, operation) {
            for value in values() {
                let mut changed = fits.clone();
                changed[&name] = value;
                all.push(Attack { body: changed.to_string().into_bytes(), ..Attack::on(route, right.clone()) });
            }
            for text in TEXTS.iter().filter(|_| form) {
                let body = format!("grant_type=client_credentials&{name}={text}").into_bytes();
                let kind = "application/x-www-form-urlencoded";
                all.push(Attack { kind, body, ..Attack::on(route, right.clone()) });
            }
        }
    }
    all
}

/// What came back: status, content type, body.
struct Answer {
    status: u16,
    kind: String,
    body: Vec<u8>,
}

/// Sends a request as it is, which a decent client would not.
async fn send(address: SocketAddr, credential: &str, attack: &Attack) -> std::io::Result<Answer> {
    let mut text = format!("{} {} HTTP/1.1\r\nhost: sweep\r\nconnection: close\r\n", attack.method, attack.target);
    text.push_str(credential);
    for (name, value) in &attack.headers {
        let _ = write!(text, "{name}: {value}\r\n"); // a string grows
    }
    if !attack.kind.is_empty() {
        let _ = write!(text, "content-type: {}\r\n", attack.kind);
    }
    let _ = write!(text, "content-length: {}\r\n\r\n", attack.body.len());
    let mut stream = TcpStream::connect(address).await?;
    let sent = async {
        stream.write_all(text.as_bytes()).await?;
        stream.write_all(&attack.body).await
    };
    let _ = sent.await; // it may have answered, and closed, before it had all
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else { return Err(read.err().unwrap_or_else(|| std::io::Error::other("no answer"))) };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default().to_owned();
    Ok(Answer { status, kind, body: answer[end + 4..].to_vec() })
}

/// Why this is not how the dialect refuses.
fn wrong(dialect: &str, method: &str, answer: &Answer) -> Option<&'static str> {
    match answer.status {
        500.. | 0 => return Some("a fault of ours"),
        ..400 => return None,
        _ if method == "HEAD" => return None,
        _ => {}
    }
    // AuthZEN's errors are a message in plain text (docs/dialects/authzen.md).
    if dialect == "authzen" {
        return (!answer.kind.starts_with("text/plain") || answer.body.is_empty())
            .then_some("a refusal that is no text");
    }
    if !answer.kind.contains("json") {
        return Some("a refusal that is not JSON");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return Some("a refusal that is no JSON") };
    let status = body["status"].as_u64() == Some(answer.status.into());
    let fits = match dialect {
        "native" => status && answer.kind == "application/problem+json" && body["type"].is_string(),
        "cakewalk" => status && body["title"].is_string() && body["detail"].is_string(),
        "secoda" => body.as_object().is_some_and(|fields| !fields.is_empty()),
        "companies-v3" => body["errorMessages"][0]["errorCode"].is_string() && body["debugIdentifier"].is_string(),
        _ => body.is_object(),
    };
    (!fits).then_some("a refusal in another form than the dialect's")
}

async fn sweep(place: Place) {
    let limits = Limits { calls: u32::MAX, cakewalk_calls: u32::MAX, wrong_credentials: u32::MAX, ..Limits::default() };
    let app = App::with(place, limits).await;
    let address: SocketAddr = app.url.strip_prefix("http://").and_then(|url| url.parse().ok()).expect("an address");
    let mut routes = routes();
    // What deletes goes last, for the others need what it deletes.
    routes.sort_by_key(|route| (route.method == "DELETE", route.dialect));
    let (mut faults, mut sent, mut taken) = (Vec::new(), 0, 0);
    for route in &routes {
        let document = guildhall_server::api::document(route.dialect).expect("a document");
        let document = serde_json::to_value(document).expect("JSON");
        let key = app.key(if route.path.ends_with("/companies") { Who::Platform } else { Who::Admin });
        let credential = match route.dialect {
            "cakewalk" => format!("x-api-key: {}\r\nx-api-secret: {}\r\n", key.key.id, key.secret),
            _ => format!("authorization: Bearer {}\r\n", key.token()),
        };
        for attack in attacks(&app, &document, route) {
            let outcome = tokio::time::timeout(std::time::Duration::from_secs(30), send(address, &credential, &attack));
            let why = match outcome.await {
                Err(_) => Some("no end".to_owned()),
                Ok(Err(e)) => Some(e.to_string()),
                Ok(Ok(answer)) => {
                    taken += u32::from(answer.status < 400);
                    let told = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
                    let dialect = guildhall_server::api::dialect_of(&attack.target).word();
                    let spoken = if route.dialect.starts_with(dialect) { route.dialect } else { "other" };
                    wrong(spoken, &attack.method, &answer).map(|why| format!("{why}: {} {}", answer.status, told()))
                }
            };
            sent += 1;
            faults.extend(why.map(|why| format!("{}\n    {why}", attack.told())));
        }
    }
    eprintln!("{sent} requests to {} operations, {taken} were taken", routes.len());
    let shown = faults.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} of {sent} were answered wrongly\n{shown}", faults.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_sent_breaks_sqlite() {
    sweep(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_sent_breaks_postgres() {
    sweep(Place::postgres().await).await;
}
