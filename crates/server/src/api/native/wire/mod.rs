//! This dialect's JSON and its conversions: pure, no async. Names are camelCase, times RFC 3339 with microseconds.

mod accesses;
mod apps;
mod check;
mod companies;
mod conflicts;
mod connections;
mod difference;
mod events;
mod explain;
mod explain_given;
mod groups;
mod keys;
mod me;
mod members;
mod places;
mod policies;
mod preview;
mod reasons;
mod requests;
mod review_rows;
mod reviews;
mod roles;
mod rules;
mod runs;
mod sheets;
mod teams;
mod users;
mod webhooks;
mod words;

use guildhall_domain::patch::Patch;
use guildhall_domain::{Result, Timestamp, name};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::patch::Field;

pub(super) use accesses::{AppAccess, AppGroup, GiveAccess, GroupApp, LinkApp, ListGroupApps, UserAccess};
pub(super) use apps::{App, EditApp, ListApps, NewApp};
pub(super) use check::{Checked, Checks};
pub(super) use companies::{Company, CreatedCompany, EditCompany, NewCompany};
pub(super) use conflicts::{Breach, Breaching, Conflict, EditConflict, NewConflict};
pub(super) use connections::{Connection, EditConnection, Link, ListLinks, NewConnection, SetLink};
pub(super) use difference::{Between, GroupDifference, PutBack, UserDifference};
pub(super) use events::{Event, ListEvents, Verification};
pub(super) use explain::{About, Explain, Explained, Explanation, GivenReason, Named, Path};
pub(super) use explain_given::{HeldApp, WhyHeld};
pub(super) use groups::{
    EditGroup, Group, JoinedGroup, ListGroups, ListNested, ListedGroup, Nested, NewGroup, Owners, SetOwners, group,
    write_joined,
};
pub(super) use keys::{Key, KeySecret, NewKey, Rotation};
pub(super) use me::{Ids, Me, Names};
pub(super) use members::{
    ChangeMembers, ChangedMembers, ListJoined, ListMembers, ListedMember, MemberCount, MemberResult, Membership,
    Reason, Release, ReleaseBrake, write_member,
};
pub(super) use places::{
    OfAccess, OfApp, OfChild, OfCompany, OfConflict, OfConnection, OfDelegation, OfDelivery, OfGroup, OfGroupApp,
    OfKey, OfLinkedGroup, OfLinkedUser, OfMember, OfOwner, OfPolicy, OfReason, OfRequest, OfReview, OfReviewRow,
    OfRole, OfRun, OfTask, OfTeam, OfTeamMember, OfUser, OfWebhook, Root,
};
pub(super) use policies::{
    ChoosePolicy, Chooses, Chosen, EditPolicy, ListPolicies, NewPolicy, OfAppPolicy, OfGroupPolicy, OfLevelPolicy,
    Policy, Version,
};
pub(super) use preview::Preview;
pub(super) use reasons::{AddTerms, EditReason, Ending, ListEndings, Reasons};
pub(super) use requests::{
    Decide, Delegation, ListRequests, ListTasks, NewDelegation, NewRequest, Request, Task, TaskWithPeople,
};
pub(super) use review_rows::{COLUMNS, DecideManyRows, DecideRow, DecidedReviewRows, ListReviewRows, ReviewRow};
pub(super) use reviews::{
    CloseReviewBody, ClosedReview, EditReview, Evidence, EvidenceForm, ListReviews, NewReview, Reminded, Review,
};
pub(super) use roles::{AccessRole, AccessRoles, ChangeGroupRoles, EditRole, GroupRoles, NewRole, Permissions};
pub(super) use rules::{PreviewRule, PreviewedRule, TriedRule, TryRule};
pub(super) use runs::{NewRun, Run};
pub(super) use sheets::{ImportedSheet, WholeSheet};
pub(super) use teams::{EditTeam, ListTeams, Team};
pub(super) use users::{EditUser, Erase, ListUsers, NewUser, User, merged};
pub(super) use webhooks::{
    Delivery, EditWebhook, Hook, ListDeliveries, NewWebhook, Resumption, SigningKeys, Webhook, WebhookRotation,
    WebhookWithSecret,
};
pub(super) use words::{Access, AppStatus, FieldKind, Role, Sort, State, Status, Visibility};

/// An id as requests carry it: the hyphenated form, in either letter case, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Id;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a UUID")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
                guildhall_domain::ids::parse_uuid(text).map(Id).ok_or_else(|| E::custom("is not a UUID"))
            }
        }
        from.deserialize_str(Text)
    }
}

/// One page of a listing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The rows, in order.
    pub(super) items: Vec<T>,
    /// The cursor of the next page; null on the last one. The `Link` header has the whole address.
    pub(super) next: Option<String>,
    /// The number of all rows, when `total=true` asked for it and it is counted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// How much of a listing, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListPlain {
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: Option<u32>,
    /// The `next` of the page before.
    pub(super) cursor: Option<String>,
    /// Count all rows as well?
    #[param(default = false)]
    pub(super) total: Option<bool>,
}

/// As of when a record is told.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    /// Answer as of this instant instead of the present: RFC 3339, not in the future.
    #[param(format = DateTime)]
    at: Option<String>,
}

impl At {
    /// The instant; none for the present.
    pub(super) fn instant(&self) -> Result<Option<Timestamp>> {
        instant("at", self.at.as_deref())
    }
}

/// A time as it is written: RFC 3339, microseconds, `Z`.
fn at(time: Timestamp) -> String {
    time.to_string()
}

/// The instant that a parameter names.
pub(super) fn instant(field: &str, raw: Option<&str>) -> Result<Option<Timestamp>> {
    raw.map(|raw| Timestamp::parse(field, raw)).transpose()
}

/// What a member of an edit says.
fn patch<T>(field: Field<T>) -> Patch<T> {
    match field {
        Field::Absent => Patch::Keep,
        Field::Null => Patch::Clear,
        Field::Value(value) => Patch::Set(value),
    }
}

/// The text that a listing looks for: the databases take no control characters, and none is in a name.
fn searched(q: Option<&str>) -> Result<Option<String>> {
    q.filter(|q| !q.is_empty()).map(|q| name::short("q", q)).transpose()
}

/// Field and order of a `sort` parameter; name, smallest first, when absent.
fn sorted<S>(raw: Option<&str>, by_name: S, by_birth: S) -> Result<(S, guildhall_domain::page::Order)> {
    use guildhall_domain::page::Order::{Ascending, Descending};
    match raw {
        None | Some("name") => Ok((by_name, Ascending)),
        Some("-name") => Ok((by_name, Descending)),
        Some("createdAt") => Ok((by_birth, Ascending)),
        Some("-createdAt") => Ok((by_birth, Descending)),
        Some(_) => {
            Err(guildhall_domain::Error::invalid("sort", "must be one of `name`, `-name`, `createdAt`, `-createdAt`"))
        }
    }
}
