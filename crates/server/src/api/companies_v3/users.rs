//! People: the list of v3, and the users of v2.

use axum::Json;
use axum::extract::State;
use guildhall_domain::ids::{CompanyId, UserId};
use guildhall_domain::page::{Ask, From};
use guildhall_domain::{Error, Result, name};
use guildhall_engine::FindUsers;
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::error::{ChangeRefusals, Failure, ReadRefusals};
use super::extract::{Body, Id};
use super::wire::directory::{UserItem, UserList, UserSearch};
use super::wire::lists::{MOST, PaginationResponse};
use super::wire::people::{EMPLOYEE, Elements, UserBrief, UserInput, UserWhole};
use super::wire::{Changed, EntityId};
use crate::app::App;
use crate::http::caller::Auth;
use crate::http::query;

/// How often an edit is made anew on a record that others change meanwhile.
const TRIES: usize = 8;

/// Lists the users of a company
#[utoipa::path(
    post, path = "/v3/users/list", operation_id = "listUsers", tag = "Users",
    params(("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")),
    request_body = UserSearch,
    responses((status = 200, description = "A page of users", body = UserList), ReadRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(search): Body<UserSearch>,
) -> Result<Json<UserList>, Failure> {
    let search = search.checked()?;
    let caller = app.engine().within(&caller, search.company).await?;
    let ask = Ask { from: From::Offset(search.slice.offset), limit: search.slice.limit, total: true };
    let page = app.engine().users(&caller, &search.filter, search.sort, search.order, &ask).await?;
    let company = app.engine().company(&caller).await?;
    let users = page.items.iter().map(|user| UserItem::of(user, &company)).collect();
    let pagination = PaginationResponse { total_num_results: page.total.unwrap_or(0) };
    Ok(Json(UserList { users, pagination }))
}

/// The query of the list of v2. An empty parameter is one left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sought {
    company_id: Option<String>,
    email: Option<String>,
    external_id: Option<String>,
    employee_id: Option<String>,
    include_inactive: Option<String>,
}

impl Sought {
    fn checked(self) -> Result<(Option<CompanyId>, FindUsers)> {
        let text = |field: &str, value: Option<String>| {
            value.filter(|text| !text.is_empty()).map(|text| name::short(field, &text)).transpose()
        };
        let company = self.company_id.filter(|id| !id.is_empty());
        let inactive = match self.include_inactive.as_deref() {
            None | Some("" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(Error::invalid("includeInactive", "must be true or false")),
        };
        let find = FindUsers {
            email: text("email", self.email)?,
            external_id: text("externalId", self.external_id)?,
            attribute: text("employeeId", self.employee_id)?.map(|id| (EMPLOYEE, id)),
            inactive,
        };
        Ok((company.map(|id| CompanyId::parse("companyId", &id)).transpose()?, find))
    }
}

/// Finds users
///
/// All parameters that are given must fit. 10,000 at most, the oldest first; `length` counts all (C3-14).
#[utoipa::path(
    get, path = "/v2/users", operation_id = "findUsers", tag = "Users",
    params(
        ("companyId" = Option<Uuid>, Query, description = "The company; the key's own where it is left out"),
        ("email" = Option<String>, Query, description = "The e-mail address, in any letter case"),
        ("externalId" = Option<String>, Query, description = "The id elsewhere"),
        ("employeeId" = Option<String>, Query, description = "The employee id"),
        ("includeInactive" = Option<bool>, Query, description = "Deactivated users as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The users", body = Elements<UserBrief>), ReadRefusals)
)]
pub(super) async fn find(
    State(app): State<App>,
    Auth(caller): Auth,
    uri: Uri,
) -> Result<Json<Elements<UserBrief>>, Failure> {
    let (company, find) = query::query::<Sought>(&uri)?.checked()?;
    let caller = app.engine().within(&caller, company.unwrap_or(caller.company)).await?;
    let (users, length) = app.engine().find_users(&caller, &find, MOST).await?;
    let elements: Vec<UserBrief> = users.iter().map(Into::into).collect();
    let has_more = length > elements.len() as u64;
    Ok(Json(Elements { length, elements, has_more }))
}

/// Creates a user
#[utoipa::path(
    post, path = "/v2/users", operation_id = "createUser", tag = "Users",
    request_body = UserInput,
    responses(
        (status = 201, description = "The user is made", body = EntityId,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(user): Body<UserInput>,
) -> Result<Changed, Failure> {
    let caller = app.engine().within(&caller, user.company().unwrap_or(caller.company)).await?;
    let written = app.engine().create_user(&caller, user.into_new()?).await?;
    Ok(Changed { status: StatusCode::CREATED, revision: written.revision, made: Some(written.value.id.uuid()) })
}

/// Reads a user
#[utoipa::path(
    get, path = "/v2/users/{userId}", operation_id = "getUser", tag = "Users",
    params(
        ("userId" = Uuid, Path, description = "The user"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The user", body = UserWhole), ReadRefusals)
)]
pub(super) async fn get(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(user): Id<UserId>,
) -> Result<Json<UserWhole>, Failure> {
    let user = app.engine().user(&caller, user).await?;
    Ok(Json(UserWhole::of(&user, caller.company)))
}

/// Changes a user
///
/// What is left out stays as it is (C3-15).
#[utoipa::path(
    put, path = "/v2/users/{userId}", operation_id = "updateUser", tag = "Users",
    params(("userId" = Uuid, Path, description = "The user")),
    request_body = UserInput,
    responses(
        (status = 200, description = "The user is so",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn update(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<UserId>,
    Body(input): Body<UserInput>,
) -> Result<Changed, Failure> {
    for _ in 0..TRIES {
        // The edit depends on what stands, so it is made on the version it was made for, or made anew.
        let before = app.engine().user(&caller, id).await?;
        match app.engine().edit_user(&caller, id, input.clone().into_edit(&before)?, Some(before.version)).await {
            Err(Error::Stale) => {}
            outcome => return Ok(Changed::empty(StatusCode::OK, outcome?.revision)),
        }
    }
    Err(Error::Unavailable { why: "others keep changing this user".into(), retry_after: 1 }.into())
}

/// Deactivates a user
///
/// They stay on record, and in their groups for the day they are activated again.
#[utoipa::path(
    delete, path = "/v2/users/{userId}", operation_id = "deleteUser", tag = "Users",
    params(("userId" = Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "The user is deactivated",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(user): Id<UserId>,
) -> Result<Changed, Failure> {
    let written = app.engine().deactivate_user(&caller, user).await?;
    Ok(Changed::empty(StatusCode::NO_CONTENT, written.revision))
}

/// Activates a user
#[utoipa::path(
    post, path = "/v2/users/{userId}/activate", operation_id = "activateUser", tag = "Users",
    params(("userId" = Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "The user is active",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn activate(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(user): Id<UserId>,
) -> Result<Changed, Failure> {
    let written = app.engine().reactivate_user(&caller, user).await?;
    Ok(Changed::empty(StatusCode::OK, written.revision))
}
