//! The directory format (`docs/directory-format.md`): JSON Lines from and into the engine's records.

mod apps;
mod policies;
mod wire;
mod write;

use guildhall_engine::directory::{Fault, Load, Record};
use serde::de::DeserializeOwned;

use crate::config::JSON_DEPTH;

pub use write::write;

/// The longest line read.
pub const LINE: usize = 1 << 20;

/// Cuts what arrives into lines and the lines into records.
#[derive(Default)]
pub struct Reader {
    /// The beginning of a line whose end has not arrived.
    rest: Vec<u8>,
    line: u32,
}

impl Reader {
    /// At the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`Fault`] at the first line that is wrong.
    pub fn take(&mut self, mut bytes: &[u8], load: &mut Load) -> Result<(), Fault> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            if self.rest.is_empty() {
                self.line(&bytes[..end], load)?;
            } else {
                self.rest.extend_from_slice(&bytes[..end]);
                let line = std::mem::take(&mut self.rest);
                self.line(&line, load)?;
            }
            bytes = &bytes[end + 1..];
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LINE {
            return Err(fault(load, self.line + 1, "the line is longer than 1 MiB"));
        }
        Ok(())
    }

    /// The file has ended; its last line needs no line break.
    ///
    /// # Errors
    /// [`Fault`] when that line is wrong.
    pub fn end(mut self, load: &mut Load) -> Result<(), Fault> {
        let line = std::mem::take(&mut self.rest);
        self.line(&line, load)
    }

    fn line(&mut self, bytes: &[u8], load: &mut Load) -> Result<(), Fault> {
        self.line += 1;
        let at = self.line;
        if bytes.len() > LINE {
            return Err(fault(load, at, "the line is longer than 1 MiB"));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|e| fault(load, at, &format!("is not UTF-8 text (byte {} of the line)", e.valid_up_to() + 1)))?;
        // Some editors put a mark before the first line.
        let text = if at == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.trim_matches([' ', '\t', '\r']);
        if text.is_empty() {
            return Ok(());
        }
        let record = parse(text).map_err(|why| fault(load, at, &why))?;
        load.push(at, record)
    }
}

fn fault(load: &Load, line: u32, why: &str) -> Fault {
    Fault { place: Some(load.place(line)), error: guildhall_domain::Error::conflict(why) }
}

fn parse(text: &str) -> Result<Record, String> {
    // serde would read a list in the order of the members.
    if !text.starts_with('{') {
        return Err("is not a JSON object".into());
    }
    let kind = match leading_type(text) {
        Some(kind) => kind.to_owned(),
        None => read::<wire::Typed>(text, "record")?.kind,
    };
    match kind.as_str() {
        "membership" => read::<wire::Membership>(text, &kind)?.record().map(Record::Membership),
        "user" => read::<wire::User>(text, &kind)?.record().map(|user| Record::User(Box::new(user))),
        "group" => read::<wire::Group>(text, &kind)?.record().map(|group| Record::Group(Box::new(group))),
        "connection" => read::<wire::Connection>(text, &kind)?.record().map(Record::Connection),
        "link" => read::<wire::Link>(text, &kind)?.record().map(Record::Link),
        "company" => read::<wire::Company>(text, &kind)?.record().map(Record::Company),
        "nesting" => Ok(Record::Nesting(read::<wire::Nested>(text, &kind)?.record())),
        "app" => read::<apps::App>(text, &kind)?.record().map(|app| Record::App(Box::new(app))),
        "groupApp" => read::<apps::GroupApp>(text, &kind)?.record().map(Record::GroupApp),
        "policy" => read::<policies::Policy>(text, &kind)?.record().map(|policy| Record::Policy(Box::new(policy))),
        "access" => Ok(Record::Access(read::<apps::Access>(text, &kind)?.record())),
        "role" => read::<wire::AccessRole>(text, &kind)?.record().map(Record::Role),
        "groupRole" => read::<wire::GroupRole>(text, &kind)?.record().map(Record::GroupRole),
        "conflict" => Ok(Record::Conflict(read::<wire::Conflict>(text, &kind)?.record())),
        other => Err(format!(
            "`{other}` is not a type of record; there are company, user, group, connection, link, membership, nesting, role, groupRole, app, groupApp, access, policy and conflict"
        )),
    }
}

/// The type, where it is the first member, as the format has it: spares a second reading of each line.
fn leading_type(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('{')?.trim_start().strip_prefix("\"type\"")?.trim_start();
    let (kind, _) = rest.strip_prefix(':')?.trim_start().strip_prefix('"')?.split_once('"')?;
    kind.bytes().all(|byte| byte.is_ascii_alphabetic()).then_some(kind)
}

fn read<T: DeserializeOwned>(text: &str, kind: &str) -> Result<T, String> {
    // Keeping track of the path costs a third of the time; only a line that is wrong pays it.
    serde_json::from_str(text).map_err(|first| {
        let mut from = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, T>(&mut from) {
            Err(e) => explain(&e.path().to_string(), &e.into_inner(), kind),
            Ok(_) => format!("holds more than one JSON object: {}", without_place(&first)),
        }
    })
}

/// What serde says, in the words of the format.
fn explain(path: &str, cause: &serde_json::Error, kind: &str) -> String {
    let why = without_place(cause);
    let ticked = |prefix: &str| why.strip_prefix(prefix)?.split('`').next().map(str::to_owned);
    let inside = path.rsplit_once('.').map_or(String::new(), |(outer, _)| format!("{outer}."));
    if let Some(member) = ticked("unknown field `") {
        return format!("`{inside}{member}` is not a member of a {kind}");
    }
    if let Some(member) = ticked("missing field `") {
        return format!("the {kind} has no `{member}`");
    }
    if let Some(member) = ticked("duplicate field `") {
        return format!("`{member}` stands twice");
    }
    match cause.classify() {
        serde_json::error::Category::Data if path != "." => format!("{path}: {why}"),
        serde_json::error::Category::Data => format!("is not a JSON object: {why}"),
        _ => format!("is not JSON: {why} (column {})", cause.column()),
    }
}

/// The cause without `at line 1 column 7`: the line is ours to tell.
fn without_place(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    text.rsplit_once(" at line ").map_or_else(|| text.clone(), |(why, _)| why.to_owned())
}

/// Refuses attributes that nest deeper than any reader of them stands.
fn shallow(value: &serde_json::Value, left: usize) -> bool {
    match value {
        serde_json::Value::Array(items) => left > 0 && items.iter().all(|item| shallow(item, left - 1)),
        serde_json::Value::Object(members) => left > 0 && members.values().all(|member| shallow(member, left - 1)),
        _ => true,
    }
}

/// The deepest that attributes may nest: inside the record they count one more.
const ATTRIBUTES_DEPTH: usize = JSON_DEPTH - 1;
