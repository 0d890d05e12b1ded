//! From records to the resources that an answer shows: what is not shown is not read either.

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{GroupId, UserId};
use guildhall_engine::{Crew, Person};
use serde_json::Value;

use super::error::Failure;
use super::project::Projection;
use super::schema::Type;
use super::{Base, group, user};
use crate::app::App;

/// Beyond so many members a change of a group is answered without them, unless they are asked for by name.
const FEW: u32 = 100;

/// People as resources, in their order.
pub(super) async fn people(
    app: &App,
    caller: &Caller,
    base: &Base,
    people: &[Person],
    shown: &Projection,
) -> Result<Vec<Value>, Failure> {
    let groups = if shown.wants(Type::User, "groups") {
        let ids: Vec<UserId> = people.iter().map(|person| person.user.id).collect();
        app.engine().belongings(caller, &ids).await?
    } else {
        Vec::new()
    };
    let mut groups = groups.into_iter();
    let one = |person: &Person| {
        let mut document = user::document(base, person);
        if let Some(groups) = groups.next().filter(|groups| !groups.is_empty()) {
            document.insert("groups".into(), user::groups(base, &groups));
        }
        shown.apply(Type::User, document).into()
    };
    Ok(people.iter().map(one).collect())
}

/// Groups as resources, in their order.
pub(super) async fn crews(
    app: &App,
    caller: &Caller,
    base: &Base,
    crews: &[Crew],
    shown: &Projection,
) -> Result<Vec<Value>, Failure> {
    let members = if shown.wants(Type::Group, "members") {
        let ids: Vec<GroupId> = crews.iter().map(|crew| crew.group.id).collect();
        app.engine().crew_members(caller, &ids).await?
    } else {
        Vec::new()
    };
    let display = shown.names_part(Type::Group, "members", "display");
    let mut members = members.into_iter();
    let one = |crew: &Crew| {
        let mut document = group::document(base, crew);
        if let Some(members) = members.next().filter(|members| !members.is_empty()) {
            document.insert("members".into(), group::members(base, &members, display));
        }
        shown.apply(Type::Group, document).into()
    };
    Ok(crews.iter().map(one).collect())
}

/// A group after a patch: adding one member to thousands must not read the thousands.
pub(super) async fn patched(
    app: &App,
    caller: &Caller,
    base: &Base,
    crew: &Crew,
    shown: &Projection,
) -> Result<Value, Failure> {
    let wants = shown.wants(Type::Group, "members") && !shown.names(Type::Group, "members");
    if wants && app.engine().has_more_members(caller, crew.group.id, FEW).await? {
        return Ok(shown.apply(Type::Group, group::document(base, crew)).into());
    }
    let mut all = crews(app, caller, base, std::slice::from_ref(crew), shown).await?;
    Ok(all.pop().unwrap_or_default())
}
