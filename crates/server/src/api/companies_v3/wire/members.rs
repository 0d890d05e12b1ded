//! Members of user groups (reference §4).

use std::collections::HashSet;

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::page::Order;
use guildhall_domain::{Result, Timestamp};
use guildhall_engine::{Added, ChangeMembers, MemberRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::lists::{PaginationRequest, PaginationResponse, Slice, SortOrder, few};
use super::scalars::{DateTimeOffset, DateTimeOffsetInput, Object, WireId, wire_words};
use crate::http::json;

/// A member of a group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserGroupMember {
    user_id: Uuid,
    added_at: DateTimeOffset,
}

/// A page of members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberList {
    pub(crate) members: Vec<UserGroupMember>,
    pub(crate) pagination: PaginationResponse,
}

impl MemberList {
    /// The list as serde writes this struct made of it.
    pub(crate) fn written(members: &[(UserId, Timestamp)], total: u64) -> json::Text {
        let mut body = json::Text::for_rows(members.len());
        body.raw(r#"{"members":"#).array(members, |out, (user, added_at)| {
            out.raw(r#"{"userId":"#).id(user.uuid());
            // C3-1: seconds, never a fraction.
            out.raw(r#","addedAt":{"iso8601":"#).time(*added_at, 0).raw("}}");
        });
        body.raw(r#","pagination":"#).value(&PaginationResponse { total_num_results: total }).raw("}");
        body
    }
}

wire_words! {
    /// By what members are sorted.
    MemberSortBy {
        /// By when they were added.
        AddedAt = "ADDED_AT",
    }
}

/// How members are sorted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberSortParams {
    // There is one choice, and it must be a right one.
    #[allow(dead_code)]
    sort_by: MemberSortBy,
    sort_order: SortOrder,
}

/// Which members are asked for; all that is given must fit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberFilter {
    /// Added at this instant or after it.
    #[serde(default)]
    #[schema(value_type = Option<DateTimeOffsetInput>)]
    added_after: Option<Object<DateTimeOffsetInput>>,
    /// Added before this instant.
    #[serde(default)]
    #[schema(value_type = Option<DateTimeOffsetInput>)]
    added_before: Option<Object<DateTimeOffsetInput>>,
    /// These users only; none named means all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    user_ids: Option<Vec<WireId>>,
}

/// A search for members.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberSearch {
    #[serde(default)]
    #[schema(value_type = PaginationRequest)]
    pagination: Option<Object<PaginationRequest>>,
    /// Without it: by when they were added.
    #[serde(default)]
    #[schema(value_type = Option<MemberSortParams>)]
    sort_params: Option<Object<MemberSortParams>>,
    /// A member passes when any of these lets them pass; an empty list lets all pass. 100 at most, with 10,000 ids.
    #[serde(default)]
    #[schema(value_type = Option<Vec<MemberFilter>>)]
    filters: Option<Vec<Object<MemberFilter>>>,
}

/// One filter, checked.
#[derive(Debug)]
pub(crate) struct Passing {
    added: Added,
    users: Option<HashSet<UserId>>,
}

impl Passing {
    fn lets(&self, user: UserId, at: Timestamp) -> bool {
        self.added.from <= at && at < self.added.before && self.users.as_ref().is_none_or(|users| users.contains(&user))
    }
}

/// Which members a search wants.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// Those added in one span: a question the database answers page by page.
    Span(Added),
    /// Those whom any of these lets pass.
    Any(Vec<Passing>),
}

/// The page of those whom any of the filters lets pass, among all members, who come in the order of their adding; and
/// how many there are.
pub(crate) fn among(
    filters: &[Passing],
    mut members: Vec<(UserId, Timestamp)>,
    order: Order,
    slice: Slice,
) -> (Vec<(UserId, Timestamp)>, u64) {
    members.retain(|(user, at)| filters.iter().any(|filter| filter.lets(*user, *at)));
    if order == Order::Descending {
        members.reverse();
    }
    slice.cut(members)
}

impl MemberSearch {
    /// Page, order and whom.
    ///
    /// # Errors
    /// [`guildhall_domain::Error`] on the member that is wrong.
    pub(crate) fn checked(self) -> Result<(Slice, Order, Wanted)> {
        let slice = Slice::required(self.pagination)?;
        let order = self.sort_params.map_or(Order::Ascending, |Object(sort)| sort.sort_order.into());
        let filters = self.filters.unwrap_or_default();
        let named = |filter: &Object<MemberFilter>| filter.0.user_ids.as_ref().map_or(0, Vec::len);
        few(filters.len(), filters.iter().map(named).sum())?;
        let mut passing: Vec<Passing> = filters.into_iter().map(|Object(filter)| filter.into()).collect();
        let wanted = match (passing.pop(), passing.is_empty()) {
            (None, _) => Wanted::Span(Added::default()),
            (Some(Passing { added, users: None }), true) => Wanted::Span(added),
            (Some(last), _) => {
                passing.push(last);
                Wanted::Any(passing)
            }
        };
        Ok((slice, order, wanted))
    }
}

impl From<MemberFilter> for Passing {
    fn from(filter: MemberFilter) -> Self {
        let all = Added::default();
        let at = |bound: Option<Object<DateTimeOffsetInput>>| bound.map(|Object(bound)| bound.iso8601.0);
        let users = filter.user_ids.filter(|ids| !ids.is_empty());
        Self {
            added: Added {
                from: at(filter.added_after).unwrap_or(all.from),
                before: at(filter.added_before).unwrap_or(all.before),
            },
            users: users.map(|ids| ids.into_iter().map(|id| UserId::new(id.0)).collect()),
        }
    }
}

/// Whom to add to a group and whom to take out of it; 10,000 each at most.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberChange {
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 10000)]
    user_ids_to_add: Option<Vec<WireId>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 10000)]
    user_ids_to_delete: Option<Vec<WireId>>,
    /// Another name for `userIdsToDelete`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 10000)]
    user_ids_to_remove: Option<Vec<WireId>>,
}

impl MemberChange {
    /// The change of this group's members that is asked for.
    pub(crate) fn into_command(self, group: GroupId) -> ChangeMembers {
        let named = |ids: Option<Vec<WireId>>| ids.into_iter().flatten().map(|id| MemberRef::Id(UserId::new(id.0)));
        ChangeMembers {
            add: named(self.user_ids_to_add).collect(),
            // C3-10: two names for one list; a client that sends both means all of them.
            remove: named(self.user_ids_to_delete).chain(named(self.user_ids_to_remove)).collect(),
            fields: ("userIdsToAdd", "userIdsToDelete"),
            ..ChangeMembers::of(group)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_serde_writes_it() {
        let at = Timestamp::from_micros(1_700_000_000_000_001);
        let member = UserGroupMember { user_id: Uuid::nil(), added_at: at.into() };
        let pagination = PaginationResponse { total_num_results: 1 };
        let same = MemberList { members: vec![member], pagination };
        let written = MemberList::written(&[(UserId::NIL, at)], 1).into_string();
        assert_eq!(written, serde_json::to_string(&same).unwrap());
    }
}
