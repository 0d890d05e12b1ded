//! For fuzzing: everything of this dialect that reads what a client wrote.

use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::extract::{Body, Tags};
use super::filter::{self, Related};
use super::query::Query;
use super::schema::Type;
use super::value::Document;
use super::{bulk, group, list, patch, path, project, user};
use crate::fuzz::{body, settled, uri};

const TYPES: [Type; 2] = [Type::User, Type::Group];

/// Somebody with some of everything.
fn known(of: Type) -> Document {
    let document = match of {
        Type::User => json!({
            "schemas": [of.urn()], "id": Uuid::nil().to_string(), "userName": "ada", "displayName": "Ada", "active": true,
            "name": {"givenName": "Ada", "familyName": "Example"},
            "emails": [{"value": "a@x.example", "type": "work", "primary": true}, {"value": "b@x.example", "type": "home"}],
            "addresses": [{"type": "work", "locality": "Oslo"}],
            super::schema::ENTERPRISE: {"department": "Core", "manager": {"value": "boss"}},
            "meta": {"resourceType": "User", "created": "2026-11-20T09:30:00.000Z"},
        }),
        Type::Group => {
            json!({"schemas": [of.urn()], "id": Uuid::nil().to_string(), "displayName": "Crew", "externalId": "7"})
        }
    };
    match document {
        Value::Object(document) => document,
        other => panic!("{other}"),
    }
}

/// Of several values at most one calls itself primary, and nothing is empty.
fn sound(document: &Document) {
    for (name, value) in document {
        if let Value::Array(items) = value {
            let primary = items.iter().filter(|item| item["primary"] == true).count();
            assert!(primary <= 1, "{name}: {value}");
        }
        assert!(!value.is_null() && *value != json!([]) && *value != json!({}), "{name}: {value}");
    }
}

fn filters(text: &str) {
    for of in [&TYPES[..], &TYPES[..1], &TYPES[1..]] {
        let Some(filter) = settled(filter::read(of, text)) else { continue };
        let mut values = Vec::new();
        filter::relations(&filter, &mut values);
        for of in of {
            list::candidates(*of, &filter);
            filter::holds(*of, &filter, &known(*of), Uuid::nil(), &Related::new());
            filter::holds(*of, &filter, &Document::new(), Uuid::nil(), &Related::new());
        }
    }
}

/// Carries a patch out on a person; what came of it is sound, and reads as what it is.
fn patched(operations: &[patch::Operation]) {
    let mut document = known(Type::User);
    for operation in operations {
        let Some(steps) = settled(patch::steps(Type::User, operation)) else { return };
        for step in steps {
            if settled(patch::apply(Type::User, &mut document, &step)).is_none() {
                return;
            }
        }
    }
    sound(&document);
    settled(user::new(&document));
}

fn bodies(body: &Map<String, Value>) {
    if let Some(operations) = settled(patch::operations(body)) {
        patched(&operations);
        settled(group::patch(&operations));
    }
    for of in TYPES {
        if let Some(document) = settled(patch::document(of, body)) {
            sound(&document);
            // What was read once is read as the same again.
            let again = settled(patch::document(of, &document)).expect("a document reads as one");
            assert_eq!(again, document);
            if of == Type::User {
                settled(user::new(&document));
            }
        }
    }
    settled(group::new(body));
    settled(group::replacement(body));
    settled(Query::from_body(body));
    settled(bulk::read(&Value::Object(body.clone())));
}

/// Tries filters, paths, bodies, queries and headers on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    if let Some(Body(object)) = body::<Body>("application/scim+json", bytes) {
        bodies(&object);
    }
    if let Some(query) = uri(bytes).and_then(|uri| settled(Query::from_uri(&uri))) {
        settled(list::read_cursor(&query, query.cursor.as_deref().unwrap_or_default()));
        for of in TYPES {
            let sort = query.sort_by.as_deref().and_then(|raw| list::Sort::read(of, raw));
            sort.and_then(|sort| sort.key(&known(of)));
            query.shown.apply(of, known(of));
        }
    }
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let headers: HeaderMap = [(header::IF_MATCH, value)].into_iter().collect();
        Tags::read(&headers, &header::IF_MATCH).name(7);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    filters(text);
    for of in TYPES {
        settled(path::read(of, text));
        project::Projection::read(Some(text), Some(text)).apply(of, known(of));
    }
    // The first line as a path, the rest as a value: what most patches are.
    let (at, value) = text.split_once('\n').unwrap_or((text, "\"x\""));
    if let Ok(value) = serde_json::from_str::<Value>(value) {
        for op in ["add", "replace", "remove"] {
            let body = json!({"Operations": [{"op": op, "path": at, "value": value}, {"op": "add", "path": at, "value": value}]});
            bodies(body.as_object().expect("an object"));
        }
    }
}
