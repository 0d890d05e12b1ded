//! People on the wire: a record as a document, and a document as an edit of a record.

use guildhall_domain::ids::parse_uuid;
use guildhall_domain::patch::Patch;
use guildhall_domain::user::{EditUser, NewUser, User};
use guildhall_engine::{Belonging, EditPerson, NewPerson, Person};
use serde_json::{Map, Value, json};

use super::Base;
use super::error::{Failure, Kind};
use super::schema::{ENTERPRISE, Type, USER};
use super::value::Document;

/// Where among the free attributes stands what has no place of its own here.
const OURS: &str = "scim";
/// What an address ends with that stands in for one nobody gave (RFC 2606).
const NO_ADDRESS: &str = "@no-address.invalid";
/// Among what is ours: `active` was taken away when it was this, so it is not told.
const SILENT: &str = "active taken away";
/// Attributes of one text that are free attributes of the same name here.
const TEXTS: &[&str] = &["nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"];
/// Attributes of several values that are free attributes of the same name here.
const LISTS: &[&str] = &["phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates"];
/// Attributes of the extension that are free attributes of the same name here.
const ENTERPRISE_TEXTS: &[&str] = &["employeeNumber", "costCenter", "organization", "division", "department"];
/// Parts of a name that have no place of their own here.
const NAME_PARTS: &[&str] = &["formatted", "middleName", "honorificPrefix", "honorificSuffix"];

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The person as a document, without the groups.
pub(super) fn document(base: &Base, person: &Person) -> Document {
    let user = &person.user;
    let free = object(&user.attributes);
    let ours = free.get(OURS).and_then(Value::as_object);
    let mut out = Document::new();
    out.insert("schemas".into(), json!([USER]));
    out.insert("id".into(), user.id.to_string().into());
    if let Some(id) = &person.external_id {
        out.insert("externalId".into(), id.as_str().into());
    }
    out.insert("userName".into(), user.user_name.as_str().into());
    names(&mut out, user, ours);
    for name in TEXTS {
        if let Some(Value::String(text)) = free.get(*name) {
            out.insert((*name).into(), text.as_str().into());
        }
    }
    // Where somebody took the attribute away it is told again once it is another.
    if ours.is_none_or(|ours| ours.get(SILENT) != Some(&Value::Bool(user.counts()))) {
        out.insert("active".into(), user.counts().into());
    }
    if let Some(emails) = emails(user, ours) {
        out.insert("emails".into(), emails);
    }
    for name in LISTS {
        let Some(found) = Type::User.find(None, name) else { continue };
        // What another door put there under this name need not have this form.
        if let Some(Ok(Some(values))) = free.get(*name).map(|raw| super::value::read(found.attr, raw)) {
            out.insert((*name).into(), values);
        }
    }
    let mut extension = Map::new();
    for name in ENTERPRISE_TEXTS {
        if let Some(Value::String(text)) = free.get(*name) {
            extension.insert((*name).into(), text.as_str().into());
        }
    }
    if let Some(manager) = user.manager {
        let id = manager.to_string();
        extension.insert("manager".into(), json!({"$ref": base.location(Type::User, &id), "value": id}));
    } else if let Some(manager) = ours.and_then(|ours| ours.get("manager")).filter(|manager| manager.is_object()) {
        extension.insert("manager".into(), manager.clone());
    }
    if !extension.is_empty() {
        out["schemas"] = json!([USER, ENTERPRISE]);
        out.insert(ENTERPRISE.into(), extension.into());
    }
    out.insert("meta".into(), base.meta(Type::User, user.id.uuid(), user.created_at, user.updated_at, person.version));
    out
}

fn names(out: &mut Document, user: &User, ours: Option<&Map<String, Value>>) {
    let kept = ours.and_then(|ours| ours.get("name")).and_then(Value::as_object);
    let mut name = Map::new();
    for part in NAME_PARTS {
        if let Some(Value::String(text)) = kept.and_then(|kept| kept.get(*part)) {
            name.insert((*part).into(), text.as_str().into());
        }
    }
    let parts = match ours {
        None => user.parts(),
        Some(_) => (user.given_name.as_deref().unwrap_or(""), user.family_name.as_deref().unwrap_or("")),
    };
    for (part, text) in [("givenName", parts.0), ("familyName", parts.1)] {
        if !text.is_empty() {
            name.insert(part.into(), text.into());
        }
    }
    // A name that nobody gave is not shown; one that another door gave is.
    let stands_in = user.name == user.user_name || user.name == user.email;
    let shown = match ours {
        None => !stands_in,
        Some(ours) => ours.get("displayName") == Some(&Value::Bool(true)) || name.is_empty() && !stands_in,
    };
    if ours.is_none() && !stands_in {
        name.insert("formatted".into(), user.name.as_str().into());
    }
    if shown {
        out.insert("displayName".into(), user.name.as_str().into());
    }
    if !name.is_empty() {
        out.insert("name".into(), name.into());
    }
}

fn emails(user: &User, ours: Option<&Map<String, Value>>) -> Option<Value> {
    let given = !user.email.ends_with(NO_ADDRESS);
    let Some(ours) = ours else {
        return given.then(|| json!([{"value": user.email, "type": "work", "primary": true}]));
    };
    let Some(Value::Array(mut emails)) = ours.get("emails").cloned() else { return None };
    let is = |item: &Value, text: &str| item["value"].as_str().is_some_and(|value| same_text(value, text));
    // Another door may have changed the address since.
    if given && !emails.iter().any(|item| is(item, &user.email)) {
        let first = emails.iter().position(|item| item["primary"] == true).unwrap_or(0);
        if let Some(item) = emails.get_mut(first) {
            item["value"] = user.email.as_str().into();
        }
    }
    (!emails.is_empty()).then(|| emails.into())
}

fn same_text(one: &str, other: &str) -> bool {
    guildhall_domain::name::fold(one) == guildhall_domain::name::fold(other)
}

/// The groups of a person, as the document has them.
pub(super) fn groups(base: &Base, belongings: &[Belonging]) -> Value {
    let one = |of: &Belonging| {
        let id = of.group.to_string();
        let kind = if of.direct { "direct" } else { "indirect" };
        json!({"value": id, "$ref": base.location(Type::Group, &id), "display": of.name, "type": kind})
    };
    belongings.iter().map(one).collect()
}

/// What a document says of a record.
struct Said {
    user_name: String,
    whole: Option<String>,
    given: Option<String>,
    family: Option<String>,
    email: Option<String>,
    counts: Option<bool>,
    external_id: Option<String>,
    manager: Option<String>,
    free: String,
}

fn text(document: &Document, name: &str) -> Option<String> {
    document.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Reads a document over the free attributes that were there before; `silent` is what `active` was that a patch may have
/// taken away.
fn said(document: &Document, before: &str, silent: Option<bool>) -> Result<Said, Failure> {
    let user_name = text(document, "userName")
        .ok_or_else(|| Failure::bad(Kind::InvalidValue, "userName: is required".to_owned()))?;
    let name = document.get("name").and_then(Value::as_object);
    let part = |part: &str| name.and_then(|name| name.get(part)).and_then(Value::as_str).map(str::to_owned);
    let (given, family) = (part("givenName"), part("familyName"));
    let shown = text(document, "displayName");
    let joined = || {
        let parts: Vec<&str> = [&given, &family].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let whole = shown.clone().or_else(|| part("formatted")).or_else(joined);
    let emails = document.get("emails").and_then(Value::as_array);
    let email = emails.and_then(|emails| {
        let primary = emails.iter().find(|item| item["primary"] == true && item["value"].is_string());
        let chosen = primary.or_else(|| emails.iter().find(|item| item["value"].is_string()));
        chosen.and_then(|item| item["value"].as_str()).map(str::to_owned)
    });
    let empty = Map::new();
    let extension = document.get(ENTERPRISE).and_then(Value::as_object).unwrap_or(&empty);
    let manager = extension.get("manager").and_then(|manager| manager["value"].as_str()).map(str::to_owned);

    let mut free = object(before);
    let mut put = |name: &str, value: Option<&Value>| match value {
        Some(value) => drop(free.insert(name.into(), value.clone())),
        None => drop(free.remove(name)),
    };
    for name in TEXTS.iter().chain(LISTS) {
        put(name, document.get(*name));
    }
    for name in ENTERPRISE_TEXTS {
        put(name, extension.get(*name));
    }
    let mut ours = Map::new();
    let kept: Map<String, Value> =
        NAME_PARTS.iter().filter_map(|name| part(name).map(|text| ((*name).to_owned(), text.into()))).collect();
    if !kept.is_empty() {
        ours.insert("name".into(), kept.into());
    }
    if shown.is_some() {
        ours.insert("displayName".into(), true.into());
    }
    if let Some(emails) = emails {
        ours.insert("emails".into(), emails.clone().into());
    }
    if let Some(manager) = extension.get("manager") {
        ours.insert("manager".into(), manager.clone());
    }
    if let Some(counts) = silent.filter(|_| !document.contains_key("active")) {
        ours.insert(SILENT.into(), counts.into());
    }
    free.insert(OURS.into(), ours.into());
    Ok(Said {
        user_name,
        whole,
        given,
        family,
        email,
        counts: document.get("active").and_then(Value::as_bool),
        external_id: text(document, "externalId"),
        manager,
        free: Value::Object(free).to_string(),
    })
}

/// A new person.
///
/// # Errors
/// `invalidValue`.
pub(super) fn new(document: &Document) -> Result<NewPerson, Failure> {
    let said = said(document, "{}", None)?;
    let is_address = |text: &str| guildhall_domain::name::email("email", text).is_ok();
    // Every person has an address here; where none is given one stands in that leads nowhere.
    let email = said.email.or_else(|| Some(said.user_name.clone()).filter(|name| is_address(name)));
    let record = NewUser {
        id: None,
        name: Some(said.whole.unwrap_or_else(|| said.user_name.clone())),
        given_name: said.given,
        family_name: said.family,
        email: email.unwrap_or_else(|| stand_in(&said.user_name)),
        user_name: Some(said.user_name),
        status: None,
        role: None,
        manager: None,
        external_id: None,
        attributes: Some(said.free),
        created_at: None,
        groups: Vec::new(),
    };
    Ok(NewPerson { record, counts: said.counts.unwrap_or(true), external_id: said.external_id, manager: said.manager })
}

/// An address that leads nowhere, as unique as the sign-in name is.
fn stand_in(user_name: &str) -> String {
    let folded = guildhall_domain::name::fold(user_name);
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, folded.as_bytes());
    let sum = sum.as_ref().iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("{}{NO_ADDRESS}", sum.collect::<String>())
}

/// What a document makes of a person who is there. After a patch what it lacks was taken away or never there.
///
/// # Errors
/// `invalidValue`.
pub(super) fn edit(document: &Document, person: &Person, patched: bool) -> Result<EditPerson, Failure> {
    let user = &person.user;
    let said = said(document, &user.attributes, patched.then(|| user.counts()))?;
    // The parts are told apart here once they are given, so an absent one is none.
    let part = |part: Option<String>| part.map_or(Patch::Clear, Patch::Set);
    // Nothing in the document is different: nor is the mark that it was written here.
    let same = unchanged(document, person, patched);
    let record = EditUser {
        name: Patch::Set(said.whole.unwrap_or_else(|| said.user_name.clone())),
        given_name: part(said.given),
        family_name: part(said.family),
        // The last address stays where the document has none.
        email: Patch::set_or_keep(said.email),
        user_name: Patch::Set(said.user_name),
        attributes: Patch::Set(said.free),
        ..EditUser::default()
    };
    let record = if same { EditUser::default() } else { record };
    Ok(EditPerson {
        record,
        counts: said.counts.filter(|counts| *counts != user.counts()),
        external_id: match (said.external_id, &person.external_id) {
            (Some(id), present) if Some(&id) == present.as_ref() => Patch::Keep,
            (Some(id), _) => Patch::Set(id),
            (None, Some(_)) => Patch::Clear,
            (None, None) => Patch::Keep,
        },
        manager: match (said.manager, user.manager) {
            (Some(id), Some(present)) if parse_uuid(&id) == Some(present.uuid()) => Patch::Keep,
            (Some(id), _) => Patch::Set(id),
            (None, Some(_)) => Patch::Clear,
            (None, None) => Patch::Keep,
        },
    })
}

/// Does the document say of the record just what it says already?
fn unchanged(document: &Document, person: &Person, patched: bool) -> bool {
    let strip = |document: &Document| {
        let mut document = document.clone();
        for name in ["schemas", "id", "meta", "groups", "externalId"] {
            document.remove(name);
        }
        // Whether it is there at all matters in a patch alone; its value is looked at elsewhere.
        match patched && document.contains_key("active") {
            true => drop(document.insert("active".into(), true.into())),
            false => drop(document.remove("active")),
        }
        if let Some(Value::Object(extension)) = document.get_mut(ENTERPRISE)
            && let Some(Value::Object(manager)) = extension.get_mut("manager")
        {
            manager.remove("$ref");
        }
        document
    };
    strip(document) == strip(&self::document(&Base::nowhere(), person))
}
