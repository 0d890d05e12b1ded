//! Members of groups on the wire.

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::membership::{self as domain, Outcome};
use guildhall_domain::person::Person;
use guildhall_domain::{Error, Result, name};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::error::{ItemProblem, Problem};
use super::{Id, at};
use crate::http::json;

/// A user as a list of members shows them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberUser {
    /// The id.
    pub(crate) id: Uuid,
    /// The whole name.
    pub(crate) name: String,
    /// The e-mail address.
    pub(crate) email: String,
    /// Where the user stands.
    #[schema(value_type = super::Status)]
    pub(crate) status: &'static str,
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    /// The user.
    pub(crate) user: MemberUser,
    /// Is the user a member directly, not by nesting alone?
    pub(crate) direct: bool,
    /// When the direct membership began: the earliest among the reasons that stand now; null for a member by nesting
    /// alone.
    #[schema(format = DateTime)]
    pub(crate) added_at: Option<String>,
}

impl From<&Person> for MemberUser {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id.uuid(),
            name: person.name().to_owned(),
            email: person.email().to_owned(),
            status: person.status.word(),
        }
    }
}

impl From<domain::Member> for Member {
    fn from(member: domain::Member) -> Self {
        let user = MemberUser::from(&*member.person);
        Self { user, direct: member.added_at.is_some(), added_at: member.added_at.map(at) }
    }
}

/// A member as a listing tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedMember {
    /// The member.
    #[serde(flatten)]
    pub(crate) member: Member,
    /// Why the user is in this very group, where `reasons=true` asked for it; empty for a member by nesting alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasons: Option<Vec<Reason>>,
}

/// Writes a member as serde writes the [`Member`] that is made of it.
pub(crate) fn write_member(out: &mut json::Text, member: &domain::Member) {
    let person = &member.person;
    out.raw(r#"{"user":{"id":"#).id(person.id.uuid()).raw(r#","name":"#).string(person.name());
    out.raw(r#","email":"#).string(person.email()).raw(r#","status":"#).string(person.status.word());
    match member.added_at {
        Some(at) => out.raw(r#"},"direct":true,"addedAt":"#).time(at, 6).raw("}"),
        None => out.raw(r#"},"direct":false,"addedAt":null}"#),
    };
}

/// One reason why a user is in a group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reason {
    /// The id.
    pub(crate) id: Uuid,
    /// The kind: `direct`, `synced`, `rule` or `requested`.
    pub(crate) kind: &'static str,
    /// The connection, rule or request it comes from; null for a direct one.
    pub(crate) source: Option<Uuid>,
    /// Who gave it; null for the platform and the system.
    pub(crate) giver: Option<Uuid>,
    /// The first instant at which it counts; null when it always has.
    #[schema(format = DateTime)]
    pub(crate) starts_at: Option<String>,
    /// The first instant at which it counts no more; null when it always will.
    #[schema(format = DateTime)]
    pub(crate) ends_at: Option<String>,
    /// A note for people.
    pub(crate) note: Option<String>,
    /// When it was given.
    #[schema(format = DateTime)]
    pub(crate) added_at: String,
}

impl From<domain::Reason> for Reason {
    fn from(reason: domain::Reason) -> Self {
        Self {
            id: reason.id.uuid(),
            kind: reason.kind.word(),
            source: Some(reason.source).filter(|source| !source.is_nil()),
            giver: reason.giver.map(UserId::uuid),
            starts_at: reason.window.starts.map(at),
            ends_at: reason.window.ends.map(at),
            note: reason.note,
            added_at: at(reason.added_at),
        }
    }
}

/// Which members, how many, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListMembers {
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(crate) total: Option<bool>,
    /// Also what is so by nesting alone?
    #[param(default = false)]
    pub(crate) effective: Option<bool>,
    /// Tell each member's reasons in this group as well? Does not go with `at`.
    #[param(default = false)]
    pub(crate) reasons: Option<bool>,
    /// Answer as of this instant instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    pub(crate) at: Option<String>,
}

/// Which groups of a user, how many, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListJoined {
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(crate) total: Option<bool>,
    /// Also what is so by nesting alone?
    #[param(default = false)]
    pub(crate) effective: Option<bool>,
    /// Answer as of this instant instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    pub(crate) at: Option<String>,
}

/// How many members a group has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberCount {
    /// Direct members.
    pub(crate) direct: u64,
    /// Direct members and members by nesting, each once.
    pub(crate) effective: u64,
}

impl From<guildhall_engine::MemberCount> for MemberCount {
    fn from(count: guildhall_engine::MemberCount) -> Self {
        Self { direct: count.direct, effective: count.effective }
    }
}

/// A membership with all its reasons.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Membership {
    /// The member.
    #[serde(flatten)]
    pub(crate) member: Member,
    /// Why the user is in the group: reasons that stand now, and ones that are yet to begin.
    pub(crate) reasons: Vec<Reason>,
}

/// How a call names a user: by just one of these.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MemberRef {
    /// By id.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// By e-mail address, in any letter case.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// By the id they have elsewhere; refused where two users have it.
    #[schema(max_length = 255)]
    external_id: Option<String>,
}

impl MemberRef {
    fn command(self, i: usize) -> Result<guildhall_engine::MemberRef> {
        use guildhall_engine::MemberRef as Named;
        let at = |member: &str| format!("members[{i}].{member}");
        match (self.id, self.email, self.external_id) {
            (Some(id), None, None) => Ok(Named::Id(id.0.into())),
            (None, Some(email), None) => name::short(&at("email"), &email).map(Named::Email),
            (None, None, Some(id)) => name::short(&at("externalId"), &id).map(Named::ExternalId),
            _ => Err(Error::invalid(format!("members[{i}]"), "needs just one of `id`, `email` and `externalId`")),
        }
    }
}

/// Whom to add to a group, or to remove from it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangeMembers {
    /// The users; the same one twice counts once.
    #[schema(max_items = 10000)]
    members: Vec<MemberRef>,
    /// A note to the reasons given.
    #[schema(max_length = 1000)]
    note: Option<String>,
    /// The first instant at which the membership counts; at once when absent. Only where members are added.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// The first instant at which it counts no more; when absent, the group's lifetime settles it. Only where members
    /// are added.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// At a failure: `refuse` the whole call (default), or `skip` the member and tell.
    #[schema(pattern = "^(refuse|skip)$", default = "refuse")]
    on_error: Option<String>,
}

impl ChangeMembers {
    /// The change that it asks for, as an addition or a removal.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong, [`Error::TooMany`].
    pub(crate) fn command(self, group: GroupId, removes: bool) -> Result<guildhall_engine::ChangeMembers> {
        let skip_failures = match self.on_error.as_deref() {
            None | Some("refuse") => false,
            Some("skip") => true,
            Some(_) => return Err(Error::invalid("onError", "must be one of `refuse`, `skip`")),
        };
        if removes && (self.starts_at.is_some() || self.ends_at.is_some()) {
            let field = if self.starts_at.is_some() { "startsAt" } else { "endsAt" };
            return Err(Error::invalid(field, "has no meaning where members are removed"));
        }
        let window = super::reasons::window(self.starts_at.as_deref(), self.ends_at.as_deref())?;
        let limit = 10_000;
        if self.members.len() > limit {
            return Err(Error::TooMany { field: "members".into(), limit: limit as u64 });
        }
        let members = self.members.into_iter().enumerate().map(|(i, member)| member.command(i));
        let members = members.collect::<Result<Vec<_>>>()?;
        let (add, remove) = if removes { (Vec::new(), members) } else { (members, Vec::new()) };
        let fields = ("members", "members");
        let ask = guildhall_engine::ChangeMembers::of(group);
        Ok(guildhall_engine::ChangeMembers { add, remove, window, note: self.note, skip_failures, fields, ..ask })
    }
}

/// A user as the call named them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NamedMember)]
pub(crate) enum Named {
    /// By id.
    Id(Uuid),
    /// By e-mail address.
    Email(String),
    /// By the id they have elsewhere.
    ExternalId(String),
}

/// What became of one member of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberResult {
    /// The member as the call named them.
    pub(crate) member: Named,
    /// The user, where there is one.
    pub(crate) user: Option<Uuid>,
    /// `added`, `removed`, `unchanged` or `failed`.
    pub(crate) outcome: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ItemProblem>,
}

impl From<&guildhall_engine::ChangedMember> for MemberResult {
    fn from(changed: &guildhall_engine::ChangedMember) -> Self {
        use guildhall_engine::MemberRef;
        Self {
            member: match &changed.named {
                MemberRef::Id(id) => Named::Id(id.uuid()),
                MemberRef::Email(email) => Named::Email(email.clone()),
                MemberRef::ExternalId(id) => Named::ExternalId(id.clone()),
            },
            user: changed.user.map(UserId::uuid),
            outcome: match &changed.outcome {
                Ok(Outcome::Added) => "added",
                Ok(Outcome::Removed) => "removed",
                Ok(Outcome::Unchanged) => "unchanged",
                Err(_) => "failed",
            },
            problem: changed.outcome.as_ref().err().map(Problem::of_item),
        }
    }
}

/// What became of a change of members: a row a name, in the order given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedMembers {
    /// The rows.
    pub(crate) results: Vec<MemberResult>,
    /// The company's revision after it.
    pub(crate) revision: u64,
}

/// Which key may take how many members out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseBrake {
    /// The key whose call was held.
    #[schema(value_type = Uuid)]
    key: Id,
    /// How many members it may take out in all.
    #[schema(minimum = 1, maximum = 100_000)]
    pub(crate) removals: u32,
}

impl ReleaseBrake {
    /// The key.
    pub(crate) fn key(&self) -> guildhall_domain::ids::KeyId {
        self.key.0.into()
    }
}

/// What a key may do in spite of the brake.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Release {
    /// The group.
    group: Uuid,
    /// The key.
    key: Uuid,
    /// How many members it may take out.
    removals: u32,
    /// Until when.
    #[schema(format = DateTime)]
    until: String,
}

impl From<guildhall_engine::Release> for Release {
    fn from(release: guildhall_engine::Release) -> Self {
        let (group, key) = (release.group.uuid(), release.key.uuid());
        Self { group, key, removals: release.removals, until: at(release.until) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guildhall_domain::Timestamp;
    use guildhall_domain::person::Person;
    use guildhall_domain::user::UserStatus;

    use super::*;

    #[test]
    fn a_member_is_written_as_serde_writes_it() {
        for (name, added_at) in [("Mira Holt", Some(Timestamp::from_micros(1_700_000_000_000_001))), ("A \"b\"", None)]
        {
            let person = Arc::new(Person::new(UserId::NIL, name, "mira@example.org", UserStatus::Active));
            let member = domain::Member { person, added_at };
            let mut out = json::Text::default();
            write_member(&mut out, &member);
            assert_eq!(out.into_string(), serde_json::to_string(&Member::from(member)).unwrap());
        }
    }
}
