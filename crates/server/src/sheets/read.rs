//! From text to rows: columns are found by their names, whatever their order, letter case and punctuation.

use std::collections::HashMap;

use csv::StringRecord;
use guildhall_domain::caller::Role;
use guildhall_domain::ids::{GroupId, UserId, parse_uuid};
use guildhall_domain::time::Window;
use guildhall_domain::user::UserStatus;
use guildhall_domain::{Error, Result, Timestamp};
use guildhall_engine::sheets::{GroupRef, GroupRow, Line, MemberRow, ROWS, Sheet, UserRef, UserRow};

use super::Topic;
use super::write::plain;

/// What a column is called in the world, and what it is here.
const USERS: &[(&str, &[&str])] = &[
    ("id", &["id", "userid", "guildhallid"]),
    ("externalId", &["externalid", "employeeid", "employeenumber", "sourceid"]),
    ("userName", &["username", "login", "signin", "upn", "userprincipalname", "samaccountname"]),
    ("email", &["email", "emailaddress", "mail", "primaryemail", "workemail"]),
    ("name", &["name", "displayname", "fullname"]),
    ("givenName", &["givenname", "firstname"]),
    ("familyName", &["familyname", "lastname", "surname"]),
    ("status", &["status", "state"]),
    ("role", &["role", "workspacerole"]),
    ("manager", &["manager", "managerid", "manageremail"]),
    ("attributes", &["attributes"]),
];
const GROUPS: &[(&str, &[&str])] = &[
    ("id", &["id", "groupid", "guildhallid"]),
    ("externalId", &["externalid", "sourceid"]),
    ("name", &["name", "displayname", "group", "groupname"]),
    ("description", &["description", "notes"]),
    ("icon", &["icon"]),
    ("owners", &["owners", "owner", "managedby"]),
];
const MEMBERS: &[(&str, &[&str])] = &[
    ("groupId", &["groupid"]),
    ("groupExternalId", &["groupexternalid"]),
    ("group", &["group", "groupname"]),
    ("userId", &["userid", "memberid"]),
    ("userExternalId", &["userexternalid", "externalid", "employeeid"]),
    ("userName", &["username", "login", "upn", "userprincipalname"]),
    ("email", &["email", "emailaddress", "mail", "useremail", "memberemail"]),
    ("user", &["user", "member"]),
    ("action", &["action", "change"]),
    ("reason", &["reason"]),
    ("startsAt", &["startsat", "start", "from"]),
    ("endsAt", &["endsat", "end", "until", "expires"]),
    ("note", &["note", "comment"]),
];

/// What sheets tell that are written here, and nobody says by them.
const TOLD: &[&str] = &["createdat", "addedat", "name"];

/// Which column holds what.
struct Columns {
    by_name: HashMap<&'static str, usize>,
    attributes: Vec<(String, usize)>,
    ignored: Vec<String>,
}

impl Columns {
    fn find(header: &StringRecord, known: &'static [(&'static str, &'static [&'static str])]) -> Result<Self> {
        let mut found = Self { by_name: HashMap::new(), attributes: Vec::new(), ignored: Vec::new() };
        let users = std::ptr::eq(known, USERS);
        for (i, raw) in header.iter().enumerate() {
            let raw = raw.trim();
            let attribute = ["attributes.", "attribute:"].iter().find_map(|prefix| raw.strip_prefix(prefix));
            if let Some(name) = attribute.filter(|name| users && !name.is_empty()) {
                found.attributes.push((name.to_owned(), i));
                continue;
            }
            let bare: String = raw.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let Some((name, _)) = known.iter().find(|(_, names)| names.contains(&bare.as_str())) else {
                if !(raw.is_empty() || TOLD.contains(&bare.as_str())) {
                    found.ignored.push(raw.to_owned());
                }
                continue;
            };
            if let Some(other) = found.by_name.insert(name, i) {
                let other = header.get(other).unwrap_or_default().trim().to_owned();
                return Err(Error::invalid("header", format!("{other:?} and {raw:?} would both be {name}")));
            }
        }
        Ok(found)
    }

    /// Refuses a header without any of these.
    fn any_of(&self, names: &[&str]) -> Result<()> {
        if names.iter().any(|name| self.by_name.contains_key(name)) {
            return Ok(());
        }
        Err(Error::invalid("header", format!("needs a column named {}", names.join(", or "))))
    }

    /// The cell of a row, unless it is empty.
    fn cell(&self, row: &StringRecord, name: &str) -> Option<String> {
        text(row.get(*self.by_name.get(name)?)?)
    }
}

fn text(cell: &str) -> Option<String> {
    let cell = plain(cell.trim());
    (!cell.is_empty()).then(|| cell.to_owned())
}

/// What parts the cells: whichever the first line has most of.
fn delimiter(first: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, n)) = counts.iter_mut().find(|(mark, _)| *mark == byte && !quoted) {
            *n += 1;
        }
    }
    // Of equals the first stands: a comma, as the name says.
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(mark, _)| mark)
}

/// Reads the rows of a sheet; and the columns that were passed over.
pub(super) fn sheet(topic: Topic, whole: &str, replaces: bool) -> Result<(Sheet, Vec<String>)> {
    let body = whole.trim_start_matches('\u{feff}');
    // Spreadsheets write what parts the cells into a line of its own, before the header.
    let (told, body, before) = match body.split_once('\n') {
        Some((first, rest)) if first.starts_with("sep=") => (first.as_bytes().get(4).copied(), rest, 1),
        _ => (None, body, 0),
    };
    let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(told.unwrap_or_else(|| delimiter(first)))
        .has_headers(false)
        .flexible(true)
        .from_reader(body.as_bytes());
    let mut records = reader.records();
    let broken = |e: csv::Error| Error::invalid("body", format!("cannot be read as a sheet: {e}"));
    let header = records.next().ok_or_else(|| Error::invalid("body", "has no header"))?.map_err(broken)?;
    let columns = Columns::find(
        &header,
        match topic {
            Topic::Users => USERS,
            Topic::Groups => GROUPS,
            Topic::Members => MEMBERS,
        },
    )?;
    let mut rows: Vec<(u64, Result<StringRecord>)> = Vec::new();
    for record in records {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line) + before;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() >= ROWS {
            return Err(Error::TooMany { field: "rows".into(), limit: ROWS as u64 });
        }
        let beyond = record.iter().skip(header.len()).any(|cell| !cell.trim().is_empty());
        rows.push((
            line,
            if beyond { Err(Error::invalid("row", "has more cells than the header")) } else { Ok(record) },
        ));
    }
    let sheet = match topic {
        Topic::Users => {
            columns.any_of(&["email", "userName", "externalId", "id"])?;
            Sheet::Users(each(rows, |row| user(&columns, row)))
        }
        Topic::Groups => {
            columns.any_of(&["name", "externalId", "id"])?;
            Sheet::Groups(each(rows, |row| group(&columns, row)))
        }
        Topic::Members => {
            columns.any_of(&["group", "groupId", "groupExternalId"])?;
            columns.any_of(&["email", "user", "userId", "userName", "userExternalId"])?;
            Sheet::Members { rows: each(rows, |row| member(&columns, row)), whole: replaces }
        }
    };
    Ok((sheet, columns.ignored))
}

fn each<T>(rows: Vec<(u64, Result<StringRecord>)>, read: impl Fn(&StringRecord) -> Result<T>) -> Vec<Line<T>> {
    rows.into_iter().map(|(line, row)| (line, row.and_then(|row| read(&row)))).collect()
}

fn id(columns: &Columns, row: &StringRecord, name: &str) -> Result<Option<uuid::Uuid>> {
    let parse = |raw: String| parse_uuid(&raw).ok_or_else(|| Error::invalid(name, "is not a UUID"));
    columns.cell(row, name).map(parse).transpose()
}

fn user(columns: &Columns, row: &StringRecord) -> Result<UserRow> {
    let cell = |name| columns.cell(row, name);
    let attributes = match cell("attributes") {
        Some(raw) => {
            Some(serde_json::from_str(&raw).map_err(|_| Error::invalid("attributes", "must be a JSON object"))?)
        }
        None => None,
    };
    let more = columns.attributes.iter().filter_map(|(name, i)| Some((name.clone(), text(row.get(*i)?)?))).collect();
    Ok(UserRow {
        id: id(columns, row, "id")?.map(UserId::new),
        external_id: cell("externalId"),
        user_name: cell("userName"),
        email: cell("email"),
        name: cell("name"),
        given_name: cell("givenName"),
        family_name: cell("familyName"),
        status: cell("status").map(|raw| UserStatus::parse("status", &raw.to_lowercase())).transpose()?,
        role: cell("role").map(|raw| Role::parse("role", &raw.to_lowercase())).transpose()?,
        manager: cell("manager"),
        attributes,
        more,
    })
}

fn group(columns: &Columns, row: &StringRecord) -> Result<GroupRow> {
    let cell = |name| columns.cell(row, name);
    let owners = cell("owners").map(|all| {
        all.split([';', ',', ' ', '\n']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    });
    Ok(GroupRow {
        id: id(columns, row, "id")?.map(GroupId::new),
        external_id: cell("externalId"),
        name: cell("name"),
        description: cell("description"),
        icon: cell("icon"),
        owners,
    })
}

fn member(columns: &Columns, row: &StringRecord) -> Result<MemberRow> {
    let cell = |name: &'static str| columns.cell(row, name);
    let group = match (id(columns, row, "groupId")?, cell("groupExternalId"), cell("group")) {
        (Some(id), ..) => GroupRef::Id(id.into()),
        (None, Some(id), _) => GroupRef::ExternalId(id),
        (None, None, Some(text)) => parse_uuid(&text).map_or(GroupRef::Name(text), |id| GroupRef::Id(id.into())),
        (None, None, None) => return Err(Error::invalid("group", "is missing")),
    };
    let any = |text: String| match parse_uuid(&text) {
        Some(id) => UserRef::Id(id.into()),
        None if text.contains('@') => UserRef::Email(text),
        None => UserRef::UserName(text),
    };
    let user = match id(columns, row, "userId")? {
        Some(id) => UserRef::Id(id.into()),
        None => cell("userExternalId")
            .map(UserRef::ExternalId)
            .or_else(|| cell("email").map(UserRef::Email))
            .or_else(|| cell("userName").map(UserRef::UserName))
            .or_else(|| cell("user").map(any))
            .ok_or_else(|| Error::invalid("user", "is missing"))?,
    };
    let remove = match cell("action").map(|raw| raw.to_lowercase()).as_deref() {
        None | Some("add" | "join") => false,
        Some("remove" | "delete" | "leave") => true,
        Some(_) => return Err(Error::invalid("action", "must be `add` or `remove`")),
    };
    let given = match cell("reason").map(|raw| raw.to_lowercase()).as_deref() {
        None | Some("direct") => false,
        Some("synced" | "requested" | "rule") => true,
        Some(_) => return Err(Error::invalid("reason", "must be one of `direct`, `synced`, `requested`, `rule`")),
    };
    let time = |name: &'static str| cell(name).map(|raw| Timestamp::parse(name, &raw)).transpose();
    let window = Window { starts: time("startsAt")?, ends: time("endsAt")? };
    Ok(MemberRow { group, user, remove, window, note: cell("note"), given })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(text: &str) -> Vec<Line<UserRow>> {
        match sheet(Topic::Users, text, false).expect("a sheet").0 {
            Sheet::Users(rows) => rows,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_are_found_by_name() {
        for text in [
            "First Name,E-Mail,attributes.team\nAda,ada@x.example,Core\n",
            "sep=;\nE-MAIL;shoe size;first_name;attributes.team\r\nada@x.example;38;Ada;Core\r\n",
            "\n\nattributes.team\temail\tGiven Name\n\nCore\tada@x.example\tAda\n\t\t\n",
        ] {
            let rows = users(text);
            assert_eq!(rows.len(), 1, "{text}");
            let row = rows[0].1.as_ref().unwrap();
            assert_eq!(
                (row.given_name.as_deref(), row.email.as_deref()),
                (Some("Ada"), Some("ada@x.example")),
                "{text}"
            );
            assert_eq!(row.more, [("team".to_owned(), "Core".to_owned())], "{text}");
        }
        for (text, why) in [
            ("", "body: has no header"),
            ("colour\nred\n", "header: needs a column named email, or userName, or externalId, or id"),
            ("email,mail\na,b\n", "header: \"email\" and \"mail\" would both be email"),
        ] {
            assert_eq!(sheet(Topic::Users, text, false).unwrap_err().to_string(), why, "{text}");
        }
    }

    #[test]
    fn a_row_knows_its_line_and_what_is_wrong_with_it() {
        let rows = users(
            "email,name,status\na@x.example,\"two\nlines\",active\nb@x.example,B,away\nc@x.example,C,active,more\n",
        );
        let told: Vec<String> = rows
            .iter()
            .map(|(line, row)| format!("{line} {}", row.as_ref().err().map_or(String::new(), ToString::to_string)))
            .collect();
        assert_eq!(
            told,
            [
                "2 ",
                "4 status: must be one of `invited` `active` `offboarding` `inactive`",
                "5 row: has more cells than the header"
            ]
        );
    }
}
