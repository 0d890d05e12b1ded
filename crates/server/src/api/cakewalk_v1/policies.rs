//! Policies: operations 15, 16 and 27.

use axum::Json;
use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, LevelId, PolicyId};
use guildhall_domain::policy::RequestKind;
use guildhall_engine::ChoiceOf;
use http::{StatusCode, Uri};

use super::apps::cut;
use super::error::{ChangeRefusals, Failure, ListRefusals, ProblemDetails};
use super::extract::{Body, Id, Paged};
use super::members::Changed;
use super::wire::List;
use super::wire_requests::{Policy, SetPolicy};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists the policies for requests of a type
///
/// The shipped one among them, 100 a page.
#[utoipa::path(
    get, path = "/api/v1/Policies/CompatiblePolicies/{requestType}", operation_id = "listCompatiblePolicies", tag = "Policies",
    params(
        ("requestType" = String, Path, description = "Such as `GrantAccessRequest`"),
        ("cursor" = Option<String>, Query, description = "Where the page begins, from `links.next`; `page[cursor]` is taken as well"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "A page of policies", body = List<Policy>), ListRefusals)
)]
pub(super) async fn list(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(kind): Id<RequestKind>,
    Paged(ask): Paged<PolicyId>,
    uri: Uri,
) -> Result<Json<List<Policy>>, Failure> {
    let all = app.engine().policies(&caller, Some(kind)).await?;
    let (page, next) = cut(all, &ask, |policy| policy.id);
    Ok(Json(List::spoken(&uri, page.into_iter().map(Policy::from).collect(), next)))
}

/// Chooses the policy of a work app
#[utoipa::path(
    put, path = "/api/v1/WorkApps/{workAppId}/Policies/{requestType}", operation_id = "setWorkAppPolicy", tag = "WorkApps",
    params(
        ("workAppId" = Uuid, Path, description = "The app"),
        ("requestType" = String, Path, description = "Such as `GrantAccessRequest`")
    ),
    request_body(content = SetPolicy, content_type = "application/json"),
    responses(
        (status = 204, description = "It is chosen",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        (status = 409, description = "The policy is for requests of another type", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn of_app(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    Id(kind): Id<RequestKind>,
    ask: Result<Body<SetPolicy>, Failure>,
) -> Result<Changed, Failure> {
    choose(&app, &caller, ChoiceOf::App(id), kind, ask).await
}

/// Chooses the policy of a permission level
#[utoipa::path(
    put, path = "/api/v1/WorkApps/{workAppId}/PermissionLevels/{permissionLevelId}/Policies/{requestType}",
    operation_id = "setPermissionLevelPolicy", tag = "WorkApps",
    params(
        ("workAppId" = Uuid, Path, description = "The app"),
        ("permissionLevelId" = Uuid, Path, description = "The level"),
        ("requestType" = String, Path, description = "Such as `GrantAccessRequest`")
    ),
    request_body(content = SetPolicy, content_type = "application/json"),
    responses(
        (status = 204, description = "It is chosen",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        (status = 409, description = "The policy is for requests of another type", body = ProblemDetails),
        ChangeRefusals
    )
)]
pub(super) async fn of_level(
    State(app): State<App>,
    Auth(caller): Auth,
    Id(id): Id<AppId>,
    Id(level): Id<LevelId>,
    Id(kind): Id<RequestKind>,
    ask: Result<Body<SetPolicy>, Failure>,
) -> Result<Changed, Failure> {
    choose(&app, &caller, ChoiceOf::Level(id, level), kind, ask).await
}

async fn choose(
    app: &App,
    caller: &Caller,
    of: ChoiceOf,
    kind: RequestKind,
    ask: Result<Body<SetPolicy>, Failure>,
) -> Result<Changed, Failure> {
    let policy = match ask {
        Ok(Body(ask)) => ask.policy(),
        Err(wrong) => {
            // CW-15, 403 goes before 400.
            app.engine().may_change_apps(caller).await?;
            return Err(wrong);
        }
    };
    let written = app.engine().choose_policy(caller, of, kind, Some(policy)).await?;
    Ok(Changed(StatusCode::NO_CONTENT, written.revision))
}
