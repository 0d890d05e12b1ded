//! What a source last said of a person or group: kept beside the link, so that what was changed by hand since can be
//! told (drift), and put back.

use guildhall_domain::connection::Noun;
use guildhall_domain::group::Group;
use guildhall_domain::ids::ConnectionId;
use guildhall_domain::pull::{SaidGroup, SaidUser};
use guildhall_domain::user::{EditUser, User};
use guildhall_domain::{Error, Result};
use serde_json::{Map, Value, json};

use crate::store::links;
use crate::writer::Tx;

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Keeps what an edit said of a person, over what was said before. Of a person who was just made everything is.
pub(super) async fn keep_user(
    tx: &mut Tx,
    sight: ConnectionId,
    before: Option<&User>,
    after: &User,
    ask: &EditUser,
) -> Result<()> {
    let company = tx.company();
    let kept = links::said(tx, company, sight, Noun::User, after.id.uuid()).await?;
    let mut all = kept.as_deref().map(object).unwrap_or_default();
    let fresh = kept.is_none();
    let fields = [
        ("userName", !ask.user_name.is_keep(), json!(after.user_name)),
        ("email", !ask.email.is_keep(), json!(after.email)),
        ("name", !ask.name.is_keep(), json!(after.name)),
        ("givenName", !ask.given_name.is_keep(), json!(after.given_name)),
        ("familyName", !ask.family_name.is_keep(), json!(after.family_name)),
        ("active", !ask.status.is_keep(), json!(after.counts())),
    ];
    for (name, said, value) in fields {
        if (said || fresh) && !value.is_null() {
            all.insert(name.into(), value);
        } else if said {
            all.remove(name);
        }
    }
    let (was, is) = (before.map(|user| object(&user.attributes)).unwrap_or_default(), object(&after.attributes));
    let mut attributes = all.remove("attributes").and_then(|value| value.as_object().cloned()).unwrap_or_default();
    if fresh {
        attributes = is.clone();
    }
    for (name, value) in &is {
        if was.get(name) != Some(value) {
            attributes.insert(name.clone(), value.clone());
        }
    }
    attributes.retain(|name, _| is.contains_key(name));
    if !attributes.is_empty() {
        all.insert("attributes".into(), Value::Object(attributes));
    }
    let text = Value::Object(all).to_string();
    if kept.as_deref() == Some(&text) {
        return Ok(());
    }
    links::say(tx, company, sight, Noun::User, after.id.uuid(), &text).await
}

/// Keeps what a source said of a group.
pub(crate) async fn keep_group(tx: &mut Tx, sight: ConnectionId, group: &Group) -> Result<()> {
    let company = tx.company();
    let text = json!({"name": group.name, "description": group.description}).to_string();
    links::say(tx, company, sight, Noun::Group, group.id.uuid(), &text).await
}

/// What was said of a person.
pub(crate) fn read_user(text: &str) -> Result<SaidUser> {
    let stored: Value = serde_json::from_str(text).map_err(Error::internal)?;
    let word = |name: &str| stored[name].as_str().map(str::to_owned);
    Ok(SaidUser {
        user_name: word("userName"),
        email: word("email"),
        name: word("name"),
        given_name: word("givenName"),
        family_name: word("familyName"),
        active: stored["active"].as_bool(),
        attributes: stored.get("attributes").map(Value::to_string),
        ..SaidUser::default()
    })
}

/// What was said of a group.
pub(crate) fn read_group(text: &str) -> Result<SaidGroup> {
    let stored: Value = serde_json::from_str(text).map_err(Error::internal)?;
    let word = |name: &str| stored[name].as_str().map(str::to_owned);
    Ok(SaidGroup { name: word("name").unwrap_or_default(), description: word("description"), ..SaidGroup::default() })
}
