//! What the three vendor dialects tell of people, groups and members.

use guildhall_domain::caller::Role;
use guildhall_domain::pull::{SaidGroup, SaidUser, Source, SourceGroup, SourceUser};
use guildhall_domain::user::UserStatus;
use serde_json::{Map, Value, json};

use super::pages::Pages;

/// Rows asked for at a time, where the dialect lets one say so.
const PAGE: usize = 100;

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn rows<'a>(answer: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    answer[name].as_array().ok_or_else(|| format!("the server's answer has no list {name:?}"))
}

pub(super) fn key(value: &Value) -> Result<String, String> {
    text(value).ok_or_else(|| "the server tells of something without an id".into())
}

/// Keys of a list of ids.
pub(super) fn ids<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<Vec<String>, String> {
    values.into_iter().map(key).collect()
}

/// All rows of a list of Cakewalk v1.
async fn listed(pages: &mut Pages<'_>, path: &str) -> Result<Vec<Value>, String> {
    let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let answer = pages.get(&path).await?;
        all.extend(rows(&answer, "data")?.iter().cloned());
        next = match text(&answer["links"]["next"]) {
            Some(link) => Some(pages.link(&link)?).filter(|link| *link != path),
            None => None,
        };
    }
    Ok(all)
}

/// Cakewalk v1: names, addresses, statuses, administrators, managers; groups with their names and members.
pub(super) async fn cakewalk(pages: &mut Pages<'_>) -> Result<Source, String> {
    let mut source = Source::default();
    for brief in listed(pages, "/api/v1/Users").await? {
        let key = key(&brief["id"])?;
        // Role and manager are told of one person at a time.
        let whole = pages.get(&format!("/api/v1/Users/{key}")).await?;
        let user = &whole["data"];
        let status = match user["statusName"].as_str() {
            Some("Invited") => UserStatus::Invited,
            Some("Offboarding") => UserStatus::Offboarding,
            Some("Deactivated") => UserStatus::Inactive,
            _ => UserStatus::Active,
        };
        let said = SaidUser {
            name: text(&user["name"]),
            email: text(&user["email"]),
            status: Some(status),
            role: (user["roleName"] == "Admin").then_some(Role::Admin),
            manager: text(&user["managerId"]),
            ..SaidUser::default()
        };
        source.users.push(SourceUser { key, said: Some(said) });
        pages.saw(1);
    }
    let mut kept = 0;
    for group in listed(pages, "/api/v1/UsersGroups").await? {
        let key = key(&group["id"])?;
        let members = listed(pages, &format!("/api/v1/UsersGroups/{key}/Users")).await?;
        kept += usize::from(text(&group["source"]).is_some());
        let said = SaidGroup {
            name: text(&group["name"]).unwrap_or_default(),
            external_id: text(&group["externalId"]),
            members: Some(ids(members.iter().map(|member| &member["id"]))?),
            ..SaidGroup::default()
        };
        source.groups.push(SourceGroup { key, said: Some(said) });
        pages.saw(1);
    }
    if kept > 0 {
        source.problems.push(format!("{kept} groups come from another source there; here they come from this move"));
    }
    source.problems.push("apps, requests and policies are not carried".into());
    Ok(source)
}

/// All rows of a list of Secoda v1.
async fn numbered(pages: &mut Pages<'_>, path: &str) -> Result<Vec<Value>, String> {
    let (mut all, mut page) = (Vec::new(), 1);
    loop {
        let answer = pages.get(&format!("{path}?page={page}&page_size={PAGE}")).await?;
        let found = rows(&answer, "results")?;
        all.extend(found.iter().cloned());
        let more = !answer["links"]["next"].is_null() || answer["meta"]["next_page"].is_u64();
        if found.is_empty() || !more {
            return Ok(all);
        }
        page += 1;
    }
}

/// Secoda v1: names, addresses, roles, who is invited or deactivated; groups with icons, descriptions and members.
pub(super) async fn secoda(pages: &mut Pages<'_>) -> Result<Source, String> {
    let mut source = Source::default();
    for user in numbered(pages, "/api/v1/user").await? {
        let status = match (user["disabled"] == true, user["pending"] == true) {
            (true, _) => UserStatus::Inactive,
            (false, true) => UserStatus::Invited,
            (false, false) => UserStatus::Active,
        };
        let said = SaidUser {
            given_name: text(&user["first_name"]),
            family_name: text(&user["last_name"]),
            email: text(&user["email"]),
            status: Some(status),
            role: user["role"].as_str().and_then(|word| Role::parse("role", word).ok()),
            ..SaidUser::default()
        };
        source.users.push(SourceUser { key: key(&user["id"])?, said: Some(said) });
        pages.saw(1);
    }
    for group in numbered(pages, "/api/v1/auth/group").await? {
        let said = SaidGroup {
            name: text(&group["name"]).unwrap_or_default(),
            description: text(&group["description"]),
            icon: text(&group["icon"]),
            members: Some(ids(rows(&group, "users")?)?),
            ..SaidGroup::default()
        };
        source.groups.push(SourceGroup { key: key(&group["id"])?, said: Some(said) });
        pages.saw(1);
    }
    Ok(source)
}

/// All rows of a list of companies v3.
async fn searched(pages: &mut Pages<'_>, path: &str, name: &str, more: Value) -> Result<Vec<Value>, String> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let mut body = more.clone();
        body["pagination"] = json!({"offset": all.len(), "limit": PAGE});
        let answer = pages.post(path, body).await?;
        let found = rows(&answer, name)?;
        let total = answer["pagination"]["totalNumResults"].as_u64().unwrap_or(0);
        all.extend(found.iter().cloned());
        if found.is_empty() || all.len() as u64 >= total {
            return Ok(all);
        }
    }
}

/// companies v3: names, addresses, external and employee ids, guests, managers; groups with descriptions and members.
pub(super) async fn companies(pages: &mut Pages<'_>) -> Result<Source, String> {
    let company = match pages.company() {
        Some(company) => company,
        None => {
            let answer = pages.get("/v2/companies").await?;
            match &rows(&answer, "elements")?[..] {
                [one] => key(&one["id"])?,
                [] => return Err("the server has no company that this key may read".into()),
                _ => return Err("the server has several companies; name one with --from-company".into()),
            }
        }
    };
    let mut source = Source::default();
    let of = json!({"companyId": {"id": company}, "userStatusFilter": "ALL", "filters": []});
    for user in searched(pages, "/v3/users/list", "users", of).await? {
        let (personal, business) = (&user["personalDetail"], &user["businessDetail"]);
        let mut attributes = Map::new();
        if let Some(id) = text(&business["employeeId"]) {
            attributes.insert("employeeId".into(), id.into());
        }
        let status = if user["isActive"] == false { UserStatus::Inactive } else { UserStatus::Active };
        let said = SaidUser {
            name: text(&personal["name"]["full"]),
            given_name: text(&personal["name"]["given"]),
            family_name: text(&personal["name"]["family1"]),
            email: text(&personal["email"]).or_else(|| text(&business["email"])),
            external_id: text(&user["externalId"]),
            status: Some(status),
            role: (user["persona"] == "GUEST").then_some(Role::Guest),
            attributes: (!attributes.is_empty()).then(|| Value::Object(attributes).to_string()),
            manager: text(&business["manager"]["id"]),
            ..SaidUser::default()
        };
        source.users.push(SourceUser { key: key(&user["userId"]["id"])?, said: Some(said) });
        pages.saw(1);
    }
    let groups = format!("/v3/companies/{company}/user-groups");
    let (mut frozen, mut given) = (0, Vec::new());
    for group in searched(pages, &format!("{groups}/list"), "userGroups", json!({})).await? {
        let key = key(&group["id"])?;
        let members = searched(pages, &format!("{groups}/{key}/members"), "members", json!({})).await?;
        let roles = searched(pages, &format!("{groups}/{key}/roles"), "roles", json!({})).await?;
        frozen += usize::from(group["isUnmodifiable"] == true);
        given.extend(roles.iter().map(|role| gives(&group, role)));
        let said = SaidGroup {
            name: text(&group["name"]).unwrap_or_default(),
            description: text(&group["description"]),
            members: Some(ids(members.iter().map(|member| &member["userId"]))?),
            ..SaidGroup::default()
        };
        source.groups.push(SourceGroup { key, said: Some(said) });
        pages.saw(1);
    }
    if frozen > 0 {
        source.problems.push(format!("{frozen} groups are unmodifiable there; here a move may change them"));
    }
    source.problems.extend(given);
    Ok(source)
}

/// What a group gives, in words: a connection has no place for roles, so they are for hands to give again.
fn gives(group: &Value, role: &Value) -> String {
    let word = |value: &Value| text(value).unwrap_or_else(|| "?".into());
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let permits = list(role, "permissions");
    let permits = permits.iter().map(|permit| {
        let acts: Vec<String> = list(permit, "actions").iter().map(word).collect();
        format!("{} {}", word(&permit["permission"]), acts.join("+"))
    });
    let audiences = list(&role["scope"], "audiences");
    let audiences = audiences.iter().map(|audience| {
        let predicates = list(audience, "predicates");
        let predicates = predicates.iter().map(|predicate| {
            let values: Vec<String> = list(predicate, "values").iter().map(word).collect();
            format!("{} in {}", word(&predicate["type"]), values.join(", "))
        });
        predicates.collect::<Vec<_>>().join(" and ")
    });
    let (permits, audiences): (Vec<String>, Vec<String>) = (permits.collect(), audiences.collect());
    format!(
        "the group {} gives the role {} ({}) where {}: not carried",
        word(&group["name"]),
        word(&role["name"]),
        permits.join(", "),
        audiences.join("; or ")
    )
}
