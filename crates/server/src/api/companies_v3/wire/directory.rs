//! The list of people that `POST /v3/users/list` answers (reference §8).

use guildhall_domain::company::Company;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::page::Order;
use guildhall_domain::user::{User, UserStatus};
use guildhall_domain::{Error, Result};
use guildhall_engine::{UserFilter, UserSort, attribute};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::lists::{PaginationRequest, PaginationResponse, Slice};
use super::people::{EMPLOYEE, NameAnswer, Persona};
use super::scalars::{DateTimeLocal, IdObject, Object, missing, search_text, wire_words};

/// A thing by its id.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct IdAnswer {
    id: Uuid,
}

/// The company that somebody belongs to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationAnswer {
    id: Uuid,
    #[schema(example = "Northwind")]
    name: String,
}

/// What somebody is called and reached by.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PersonalDetail {
    name: NameAnswer,
    email: String,
}

/// What somebody is at work.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BusinessDetail {
    email: String,
    employee_id: String,
    /// Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<IdAnswer>,
}

/// A user as the list has them; what there is none of is an empty text (C3-11).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserItem {
    user_id: IdAnswer,
    organization: OrganizationAnswer,
    persona: Persona,
    is_active: bool,
    external_id: String,
    personal_detail: PersonalDetail,
    business_detail: BusinessDetail,
    created_at: DateTimeLocal,
    last_updated_at: DateTimeLocal,
}

impl UserItem {
    /// The user of this company.
    pub(crate) fn of(user: &User, company: &Company) -> Self {
        Self {
            user_id: IdAnswer { id: user.id.uuid() },
            organization: OrganizationAnswer { id: company.id.uuid(), name: company.name.clone() },
            persona: Persona::of(user),
            is_active: user.counts(),
            external_id: user.external_id.clone().unwrap_or_default(),
            personal_detail: PersonalDetail { name: user.into(), email: user.email.clone() },
            business_detail: BusinessDetail {
                email: user.email.clone(),
                employee_id: attribute(&user.attributes, EMPLOYEE).unwrap_or_default(),
                manager: user.manager.map(|id| IdAnswer { id: id.uuid() }),
            },
            created_at: user.created_at.into(),
            last_updated_at: user.updated_at.into(),
        }
    }
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserList {
    pub(crate) users: Vec<UserItem>,
    pub(crate) pagination: PaginationResponse,
}

wire_words! {
    /// Which users are listed.
    UserStatusFilter {
        /// Those who are not deactivated.
        Active = "ACTIVE",
        /// Those who are.
        Inactive = "INACTIVE",
        /// All.
        All = "ALL",
    }
    /// By what users are sorted.
    UserSortBy {
        /// By folded name.
        Name = "NAME",
    }
    /// Smallest or largest first, in the list of users.
    LongSortOrder {
        /// Smallest first.
        Ascending = "ASCENDING",
        /// Largest first.
        Descending = "DESCENDING",
    }
}

/// How users are sorted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserSortInput {
    // There is one choice, and it must be a right one.
    #[allow(dead_code)]
    sort_by: UserSortBy,
    sort_order: LongSortOrder,
}

/// A search for users.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserSearch {
    #[schema(value_type = IdObject)]
    company_id: Option<Object<IdObject>>,
    /// Refused: Guildhall keeps companies only.
    #[serde(default)]
    #[schema(value_type = Option<IdObject>)]
    tmc_id: Option<Value>,
    /// `ACTIVE` where it is left out.
    #[serde(default)]
    user_status_filter: Option<UserStatusFilter>,
    /// What name, e-mail address or sign-in name must hold, in any letter case.
    #[serde(default)]
    search_text: Option<String>,
    #[serde(default)]
    #[schema(value_type = PaginationRequest)]
    pagination: Option<Object<PaginationRequest>>,
    /// Empty, or of empty objects: no filter is published, and one left out would answer another question (C3-16).
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    filters: Option<Vec<Map<String, Value>>>,
    /// Without it: by creation.
    #[serde(default)]
    #[schema(value_type = Option<UserSortInput>)]
    sort: Option<Object<UserSortInput>>,
}

/// A checked search for users.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) company: CompanyId,
    pub(crate) filter: UserFilter,
    pub(crate) sort: UserSort,
    pub(crate) order: Order,
    pub(crate) slice: Slice,
}

impl UserSearch {
    /// The search that is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the member that is wrong.
    pub(crate) fn checked(self) -> Result<Directory> {
        if self.tmc_id.is_some() {
            return Err(Error::invalid("tmcId", "is not kept here; name a companyId"));
        }
        let company = self.company_id.ok_or_else(|| missing("companyId"))?;
        if self.filters.iter().flatten().any(|filter| !filter.is_empty()) {
            return Err(Error::invalid("filters", "is not taken here; use userStatusFilter and searchText"));
        }
        let text = search_text(self.search_text)?;
        let filter = match self.user_status_filter.unwrap_or(UserStatusFilter::Active) {
            UserStatusFilter::Active => UserFilter { text, counting: true, ..Default::default() },
            UserStatusFilter::Inactive => UserFilter { text, status: Some(UserStatus::Inactive), ..Default::default() },
            UserStatusFilter::All => UserFilter { text, ..Default::default() },
        };
        let (sort, order) = match self.sort {
            None => (UserSort::Created, Order::Ascending),
            Some(Object(UserSortInput { sort_order: LongSortOrder::Ascending, .. })) => {
                (UserSort::Name, Order::Ascending)
            }
            Some(Object(UserSortInput { sort_order: LongSortOrder::Descending, .. })) => {
                (UserSort::Name, Order::Descending)
            }
        };
        Ok(Directory { company: company.0.id.0.into(), filter, sort, order, slice: Slice::required(self.pagination)? })
    }
}
