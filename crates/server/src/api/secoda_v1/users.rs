//! People and, with them, which groups they are in.

use axum::Json;
use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::UserId;
use guildhall_domain::page::Order;
use guildhall_engine::{UserFilter, UserKey, UserSort};
use http::StatusCode;

use super::error::{CreateRefusals, DeleteRefusals, EditRefusals, Failure, ListRefusals, ReadRefusals};
use super::extract::{Body, Id};
use super::groups::{Changed, Deleted};
use super::page::{Listed, Paged};
use super::wire::{CreateUser, Created, UpdateUser, User};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists users
///
/// Everybody in the workspace, the deactivated among them, by creation.
#[utoipa::path(
    get, path = "/api/v1/user", operation_id = "listUsers", tag = "Users",
    params(
        ("page" = Option<u32>, Query, description = "Which page; the first is 1", minimum = 1),
        ("page_size" = Option<u32>, Query, description = "Items per page, 1 to 100; 50 when absent, anything else is ignored"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of users", body = Listed<User>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    paged: Paged,
) -> Result<Json<Listed<User>>, Failure> {
    let (filter, ask) = (UserFilter::default(), paged.ask::<UserKey>());
    let mut page = app.engine().users(&caller, &filter, UserSort::Created, Order::Ascending, &ask).await?;
    let users = std::mem::take(&mut page.items);
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let groups = app.engine().group_ids(&caller, &ids).await?;
    let users = users.into_iter().zip(groups).map(|each| User::of(caller.company, each)).collect();
    Ok(Json(Listed::of(&paged, &page, users)?))
}

/// Creates users
///
/// One by `email`, or several by `emails`: then all of them or none. Several are answered as a list.
#[utoipa::path(
    post, path = "/api/v1/user", operation_id = "createUser", tag = "Users",
    request_body(content = CreateUser, content_type = "application/json"),
    responses(
        (status = 201, description = "The user; a list when `emails` named several", body = Created,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        CreateRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    ask: Result<Body<CreateUser>, Failure>,
) -> Result<Changed<Created>, Failure> {
    let new = match ask.and_then(|Body(ask)| ask.into_command()) {
        Ok(new) => new,
        Err(wrong) => {
            // 403 goes before 400: whoever may not do it at all is told so, whatever they sent.
            app.engine().may_manage(&caller).await?;
            return Err(wrong);
        }
    };
    let naming = new.naming;
    let made = app.engine().create_users(&caller, new.users, new.groups, new.teams).await;
    let written = made.map_err(|error| naming.failure(error))?;
    let mut users: Vec<User> = written.value.into_iter().map(|each| User::of(caller.company, each)).collect();
    let created = match users.pop() {
        Some(only) if users.is_empty() => Created::One(Box::new(only)),
        last => Created::Several(users.into_iter().chain(last).collect()),
    };
    Ok(Changed(StatusCode::CREATED, written.revision, created))
}

/// Reads a user
#[utoipa::path(
    get, path = "/api/v1/user/{id}", operation_id = "getUser", tag = "Users",
    params(
        ("id" = Uuid, Path, description = "The user"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The user", body = User), ReadRefusals)
)]
pub(super) async fn get(State(app): State<App>, Auth(caller): Auth, Id(id): Id<UserId>) -> Result<Json<User>, Failure> {
    let user = app.engine().user(&caller, id).await?;
    let groups = app.engine().group_ids(&caller, &[id]).await?.pop().unwrap_or_default();
    Ok(Json(User::of(caller.company, (user, groups))))
}

/// Updates a user
///
/// Changes what the body names. `user_groups` is the whole list of groups: those not in it are left.
#[utoipa::path(
    patch, path = "/api/v1/user/{id}", operation_id = "updateUser", tag = "Users",
    params(("id" = Uuid, Path, description = "The user")),
    request_body(content = UpdateUser, content_type = "application/json"),
    responses(
        (status = 200, description = "The user", body = User,
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        EditRefusals
    )
)]
pub(super) async fn edit(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<UserId>,
    ask: Result<Body<UpdateUser>, Failure>,
) -> Result<Changed<User>, Failure> {
    let (edit, counts) = match ask.and_then(|Body(ask)| ask.into_command()) {
        Ok(edit) => edit,
        Err(wrong) => return Err(first(&app, &caller, id, wrong).await),
    };
    let written =
        app.engine().edit_user_with_groups(&caller, id, edit, counts, None).await.map_err(Failure::of_user)?;
    Ok(Changed(StatusCode::OK, written.revision, User::of(caller.company, written.value)))
}

/// 403 and 404 go before what is wrong with the body.
async fn first(app: &App, caller: &Caller, id: UserId, wrong: Failure) -> Failure {
    let asked = async {
        app.engine().may_manage(caller).await?;
        app.engine().user(caller, id).await
    };
    asked.await.map_or_else(Failure::from, |_| wrong)
}

/// Deletes a user
///
/// Deactivates them: they stay in the list as `disabled` and are in no group meanwhile.
#[utoipa::path(
    delete, path = "/api/v1/user/{id}", operation_id = "deleteUser", tag = "Users",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "The user is deactivated",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        DeleteRefusals
    )
)]
pub(super) async fn delete(State(app): State<App>, Auth(caller): Auth, Id(id): Id<UserId>) -> Result<Deleted, Failure> {
    let written = app.engine().deactivate_user(&caller, id).await.map_err(Failure::of_user)?;
    Ok(Deleted(written.revision))
}
