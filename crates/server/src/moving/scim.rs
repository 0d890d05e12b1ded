//! What a SCIM 2.0 server tells of people, groups and members.

use guildhall_domain::pull::{SaidGroup, SaidUser, Source, SourceGroup, SourceUser};
use serde_json::{Map, Value};

use super::dialects::{key, rows, text};
use super::pages::Pages;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Attributes of one text, which are free attributes here.
const TEXTS: &[&str] = &["nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"];
/// Attributes of several values, which are free attributes here.
const LISTS: &[&str] = &["phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles"];
/// Attributes of the extension, which are free attributes here.
const ENTERPRISE_TEXTS: &[&str] = &["employeeNumber", "costCenter", "organization", "division", "department"];
/// Rows asked for at a time.
const PAGE: usize = 100;

async fn all(pages: &mut Pages<'_>, what: &str) -> Result<Vec<Value>, String> {
    // Some name the root of the service, some the server alone.
    let root = if pages.base().to_lowercase().contains("/scim") { "" } else { "/scim/v2" };
    let mut all: Vec<Value> = Vec::new();
    loop {
        let answer = pages.get(&format!("{root}/{what}?startIndex={}&count={PAGE}", all.len() + 1)).await?;
        let total = answer["totalResults"].as_u64().unwrap_or(0);
        // An empty list may be left out.
        let found = if answer["Resources"].is_null() { &Vec::new() } else { rows(&answer, "Resources")? };
        all.extend(found.iter().cloned());
        if found.is_empty() || all.len() as u64 >= total {
            return Ok(all);
        }
    }
}

fn email(user: &Value) -> Option<String> {
    let all = user["emails"].as_array().map(Vec::as_slice).unwrap_or_default();
    let first = all.iter().find(|email| email["primary"] == true).or_else(|| all.first());
    let named = first.and_then(|email| text(&email["value"]));
    named.or_else(|| text(&user["userName"]).filter(|name| name.contains('@')))
}

fn person(user: &Value) -> SaidUser {
    let (name, extension) = (&user["name"], &user[ENTERPRISE]);
    let mut attributes = Map::new();
    for (from, names) in [(user, TEXTS), (user, LISTS), (extension, ENTERPRISE_TEXTS)] {
        for name in names {
            if let Some(value) = from.get(*name).filter(|value| !value.is_null()) {
                attributes.insert((*name).into(), value.clone());
            }
        }
    }
    SaidUser {
        user_name: text(&user["userName"]),
        email: email(user),
        name: text(&user["displayName"]).or_else(|| text(&name["formatted"])),
        given_name: text(&name["givenName"]),
        family_name: text(&name["familyName"]),
        active: user["active"].as_bool(),
        attributes: (!attributes.is_empty()).then(|| Value::Object(attributes).to_string()),
        manager: text(&extension["manager"]["value"]),
        external_id: text(&user["externalId"]),
        ..SaidUser::default()
    }
}

/// People with the enterprise extension; groups with their members, people and groups.
pub(super) async fn scim(pages: &mut Pages<'_>) -> Result<Source, String> {
    let mut source = Source::default();
    for user in all(pages, "Users").await? {
        source.users.push(SourceUser { key: key(&user["id"])?, said: Some(person(&user)) });
        pages.saw(1);
    }
    let people: std::collections::HashSet<String> = source.users.iter().map(|user| user.key.clone()).collect();
    for group in all(pages, "Groups").await? {
        let (mut members, mut inside) = (Vec::new(), Vec::new());
        let listed = if group["members"].is_null() { &Vec::new() } else { rows(&group, "members")? };
        for member in listed {
            let id = key(&member["value"])?;
            // Not everybody says which is which.
            if member["type"] == "Group" || member["type"].is_null() && !people.contains(&id) {
                inside.push(id);
            } else {
                members.push(id);
            }
        }
        let said = SaidGroup {
            name: text(&group["displayName"]).unwrap_or_default(),
            external_id: text(&group["externalId"]),
            members: Some(members),
            inside: Some(inside),
            ..SaidGroup::default()
        };
        source.groups.push(SourceGroup { key: key(&group["id"])?, said: Some(said) });
        pages.saw(1);
    }
    Ok(source)
}
