//! Keys: the credentials of a company.

use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_engine::Secret;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, For, carry_out};
use super::{Reply, list, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find, create)).routes(routes!(get, revoke)).routes(routes!(rotate))
}

/// A key with its secret, which a kept answer does not hold.
fn answer(status: StatusCode, made: &Secret, goes: For) -> Answer {
    let shown = goes == For::Now;
    let secret = shown.then(|| made.secret.clone());
    let token = shown.then(|| made.token());
    Answer::json(status, &wire::KeySecret { key: (&made.key).into(), secret, token })
}

/// Lists the keys of a company, by id, revoked ones among them.
#[utoipa::path(get, path = "/v1/companies/{company}/keys", operation_id = "listKeys", tag = "Keys",
    params(wire::OfCompany, wire::ListPlain), responses((status = 200, description = "One page of keys.", body = wire::List<wire::Key>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().keys(&read.caller, &ask).await?;
    list(&read.uri, page.map(|key| wire::Key::from(&key)))
}

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/companies/{company}/keys", operation_id = "createKey", tag = "Keys",
    params(wire::OfCompany), request_body = wire::NewKey, responses((status = 201, description = "The key.", body = wire::KeySecret)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewKey>>) -> Reply {
    ask.if_match.none_here()?;
    let new = ask.body.0.command()?;
    let company = ask.path.company_id();
    let render = move |made: &Secret, _: u64, goes| {
        answer(StatusCode::CREATED, made, goes)
            .with(&header::LOCATION, format!("/v1/companies/{company}/keys/{}", made.key.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_key(&caller, new).await).await
}

/// Tells one key.
#[utoipa::path(get, path = "/v1/companies/{company}/keys/{key}", operation_id = "getKey", tag = "Keys",
    params(wire::OfKey), responses((status = 200, description = "The key.", body = wire::Key)))]
async fn get(State(app): State<App>, read: Read<wire::OfKey>) -> Reply {
    let key = app.engine().key(&read.caller, read.path.key_id()).await?;
    Ok(Answer::json(StatusCode::OK, &wire::Key::from(&key)).into_response())
}

/// Ends a key, at once and for good. Ending it again changes nothing.
#[utoipa::path(delete, path = "/v1/companies/{company}/keys/{key}", operation_id = "revokeKey", tag = "Keys",
    params(wire::OfKey), responses((status = 204, description = "It works no more.")))]
async fn revoke(State(app): State<App>, ask: Change<wire::OfKey, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.key_id();
    carry_out(
        ask.caller,
        ask.once,
        |(), _, _| Answer::empty(StatusCode::NO_CONTENT),
        async |caller| app.engine().revoke_key(&caller, id).await,
    )
    .await
}

/// Gives a key a new secret; the old one works for a while more.
#[utoipa::path(post, path = "/v1/companies/{company}/keys/{key}/rotate", operation_id = "rotateKey", tag = "Keys",
    params(wire::OfKey), request_body = Option<wire::Rotation>, responses((status = 200, description = "The key with its new secret.", body = wire::KeySecret)))]
async fn rotate(State(app): State<App>, ask: Change<wire::OfKey, Maybe<wire::Rotation>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, overlap) = (ask.path.key_id(), ask.body.0.overlap());
    let render = |made: &Secret, _: u64, goes| answer(StatusCode::OK, made, goes);
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().rotate_key(&caller, id, overlap).await).await
}
