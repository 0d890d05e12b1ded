//! Policies, and which of them apps, levels and groups have chosen.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::policy::Policy;
use guildhall_engine::{Choice, ChoiceOf};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, NoBody, Place, Read};
use super::once::{Answer, carry_out};
use super::{Reply, shown, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(versions))
        .routes(routes!(of_app))
        .routes(routes!(of_group))
        .routes(routes!(choose_app, unchoose_app))
        .routes(routes!(choose_level, unchoose_level))
        .routes(routes!(choose_group, unchoose_group))
}

fn answer(status: StatusCode, policy: &Policy) -> Answer {
    Answer::json(status, &wire::Policy::from(policy)).tagged(policy.version)
}

/// Lists policies, those that are shipped among them.
#[utoipa::path(get, path = "/v1/companies/{company}/policies", operation_id = "listPolicies", tag = "Policies",
    params(wire::OfCompany, wire::ListPolicies), responses((status = 200, description = "All of them.", body = wire::List<wire::Policy>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListPolicies>) -> Reply {
    let all = app.engine().policies(&read.caller, read.query.kind()?).await?;
    let items: Vec<wire::Policy> = all.iter().map(wire::Policy::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::List { items, next: None, total: None }).into_response())
}

/// Makes a policy.
#[utoipa::path(post, path = "/v1/companies/{company}/policies", operation_id = "createPolicy", tag = "Policies",
    params(wire::OfCompany), request_body = wire::NewPolicy, responses((status = 201, description = "The policy.", body = wire::Policy)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewPolicy>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, kind, new) = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |made: &Policy, _: u64, _| {
        let place = format!("/v1/companies/{company}/policies/{}", made.id);
        answer(StatusCode::CREATED, made).with(&header::LOCATION, place)
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_policy(&caller, id, kind, new).await)
        .await
}

/// Tells one policy.
#[utoipa::path(get, path = "/v1/companies/{company}/policies/{policy}", operation_id = "getPolicy", tag = "Policies",
    params(wire::OfPolicy), responses((status = 200, description = "The policy.", body = wire::Policy)))]
async fn get(State(app): State<App>, read: Read<wire::OfPolicy>) -> Reply {
    let policy = app.engine().policy(&read.caller, read.path.policy_id()).await?;
    shown(&read.headers, &policy.version.to_string(), || answer(StatusCode::OK, &policy))
}

/// Edits a policy by a merge patch (RFC 7396). Other steps are another version, by which later requests run.
#[utoipa::path(patch, path = "/v1/companies/{company}/policies/{policy}", operation_id = "editPolicy", tag = "Policies",
    params(wire::OfPolicy), request_body(content((wire::EditPolicy = "application/merge-patch+json"), (wire::EditPolicy = "application/json"))),
    responses((status = 200, description = "The policy as it is now.", body = wire::Policy)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfPolicy, Json<wire::EditPolicy>>) -> Reply {
    let Change { caller, path, body, if_match, once, .. } = ask;
    let id = path.policy_id();
    let version = if_match.version(async { Ok(app.engine().policy(&caller, id).await?.version) }).await;
    let edit = body.0.command()?;
    let render = |edited: &Policy, _: u64, _| answer(StatusCode::OK, edited);
    carry_out(caller, once, render, async |caller| app.engine().edit_policy(&caller, id, edit, version).await).await
}

/// Archives a policy: what had chosen it goes back to what is chosen above. Requests under way go on by it.
#[utoipa::path(delete, path = "/v1/companies/{company}/policies/{policy}", operation_id = "deletePolicy", tag = "Policies",
    params(wire::OfPolicy), responses((status = 204, description = "It can be chosen no more.")))]
async fn delete(State(app): State<App>, ask: Change<wire::OfPolicy, NoBody>) -> Reply {
    let Change { caller, path, if_match, once, .. } = ask;
    let id = path.policy_id();
    let version = if_match.version(async { Ok(app.engine().policy(&caller, id).await?.version) }).await;
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(caller, once, render, async |caller| app.engine().archive_policy(&caller, id, version).await).await
}

/// Lists the versions of a policy, oldest first.
#[utoipa::path(get, path = "/v1/companies/{company}/policies/{policy}/versions", operation_id = "listPolicyVersions", tag = "Policies",
    params(wire::OfPolicy), responses((status = 200, description = "All of them.", body = wire::List<wire::Version>)))]
async fn versions(State(app): State<App>, read: Read<wire::OfPolicy>) -> Reply {
    let all = app.engine().policy_versions(&read.caller, read.path.policy_id()).await?;
    let items: Vec<wire::Version> = all.iter().map(wire::Version::from).collect();
    Ok(Answer::json(StatusCode::OK, &wire::List { items, next: None, total: None }).into_response())
}

/// Lists what an app and its levels have chosen.
#[utoipa::path(get, path = "/v1/companies/{company}/apps/{app}/policies", operation_id = "listAppPolicies", tag = "Policies",
    params(wire::OfApp), responses((status = 200, description = "All of them.", body = wire::List<wire::Chosen>)))]
async fn of_app(State(app): State<App>, read: Read<wire::OfApp>) -> Reply {
    Ok(chosen(&app.engine().choices_of_app(&read.caller, read.path.app_id()).await?))
}

/// Lists what a group has chosen: the policy by which people join it, where it has one of its own.
#[utoipa::path(get, path = "/v1/companies/{company}/groups/{group}/policies", operation_id = "listGroupPolicies", tag = "Policies",
    params(wire::OfGroup), responses((status = 200, description = "All of them.", body = wire::List<wire::Chosen>)))]
async fn of_group(State(app): State<App>, read: Read<wire::OfGroup>) -> Reply {
    Ok(chosen(&app.engine().choices_of_group(&read.caller, read.path.group_id()).await?))
}

fn chosen(all: &[Choice]) -> Response {
    let items: Vec<wire::Chosen> = all.iter().map(wire::Chosen::from).collect();
    Answer::json(StatusCode::OK, &wire::List { items, next: None, total: None }).into_response()
}

/// Here the body calls the policy `policy`.
fn named(error: Error) -> Error {
    match error {
        Error::Unknown { noun, ids, .. } => Error::Unknown { field: "policy".into(), noun, ids },
        other => other,
    }
}

async fn choose<P: Place + wire::Chooses>(app: App, ask: Change<P, Json<wire::ChoosePolicy>>) -> Reply {
    ask.if_match.none_here()?;
    let (of, kind): (ChoiceOf, _) = (ask.path.of(), ask.path.kind()?);
    let policy = Some(ask.body.0.id());
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().choose_policy(&caller, of, kind, policy).await.map_err(named)
    })
    .await
}

async fn unchoose<P: Place + wire::Chooses>(app: App, ask: Change<P, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let (of, kind): (ChoiceOf, _) = (ask.path.of(), ask.path.kind()?);
    let render = |(): &(), _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().choose_policy(&caller, of, kind, None).await)
        .await
}

/// Chooses the policy of an app.
#[utoipa::path(put, path = "/v1/companies/{company}/apps/{app}/policies/{requestType}", operation_id = "chooseAppPolicy", tag = "Policies",
    params(wire::OfAppPolicy), request_body = wire::ChoosePolicy, responses((status = 204, description = "It is chosen.")))]
async fn choose_app(State(app): State<App>, ask: Change<wire::OfAppPolicy, Json<wire::ChoosePolicy>>) -> Reply {
    choose(app, ask).await
}

/// Takes the choice of an app back: the company's counts.
#[utoipa::path(delete, path = "/v1/companies/{company}/apps/{app}/policies/{requestType}", operation_id = "unchooseAppPolicy", tag = "Policies",
    params(wire::OfAppPolicy), responses((status = 204, description = "It is chosen no more.")))]
async fn unchoose_app(State(app): State<App>, ask: Change<wire::OfAppPolicy, NoBody>) -> Reply {
    unchoose(app, ask).await
}

/// Chooses the policy of a permission level.
#[utoipa::path(put, path = "/v1/companies/{company}/apps/{app}/levels/{level}/policies/{requestType}", operation_id = "chooseLevelPolicy", tag = "Policies",
    params(wire::OfLevelPolicy), request_body = wire::ChoosePolicy, responses((status = 204, description = "It is chosen.")))]
async fn choose_level(State(app): State<App>, ask: Change<wire::OfLevelPolicy, Json<wire::ChoosePolicy>>) -> Reply {
    choose(app, ask).await
}

/// Takes the choice of a permission level back: the app's counts.
#[utoipa::path(delete, path = "/v1/companies/{company}/apps/{app}/levels/{level}/policies/{requestType}", operation_id = "unchooseLevelPolicy", tag = "Policies",
    params(wire::OfLevelPolicy), responses((status = 204, description = "It is chosen no more.")))]
async fn unchoose_level(State(app): State<App>, ask: Change<wire::OfLevelPolicy, NoBody>) -> Reply {
    unchoose(app, ask).await
}

/// Chooses the policy by which people join a group.
#[utoipa::path(put, path = "/v1/companies/{company}/groups/{group}/policies/{requestType}", operation_id = "chooseGroupPolicy", tag = "Policies",
    params(wire::OfGroupPolicy), request_body = wire::ChoosePolicy, responses((status = 204, description = "It is chosen.")))]
async fn choose_group(State(app): State<App>, ask: Change<wire::OfGroupPolicy, Json<wire::ChoosePolicy>>) -> Reply {
    choose(app, ask).await
}

/// Takes the choice of a group back: the company's counts.
#[utoipa::path(delete, path = "/v1/companies/{company}/groups/{group}/policies/{requestType}", operation_id = "unchooseGroupPolicy", tag = "Policies",
    params(wire::OfGroupPolicy), responses((status = 204, description = "It is chosen no more.")))]
async fn unchoose_group(State(app): State<App>, ask: Change<wire::OfGroupPolicy, NoBody>) -> Reply {
    unchoose(app, ask).await
}
