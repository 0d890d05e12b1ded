//! Companies: the tenants.

use aws_lc_rs::digest;
use axum::extract::State;
use axum::response::Response;
use guildhall_domain::company::Company;
use guildhall_domain::ids::{CompanyId, KeyId, UserId};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Failure;
use super::extract::{Change, Json, NoBody, Read, ask};
use super::once::{Answer, Fingerprint, carry_out};
use super::{Reply, list, shown, wire};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(find, create)).routes(routes!(get, edit, archive))
}

/// A company tells its revision, which moves with every event: its tag does so too.
fn tag(company: &Company) -> String {
    format!("{}.{}", company.version, company.revision)
}

fn answer(company: &Company) -> Answer {
    Answer::json(StatusCode::OK, &wire::Company::from(company)).tagged(tag(company))
}

/// Lists the companies that the key may see: all for a platform key, else its own.
#[utoipa::path(get, path = "/v1/companies", operation_id = "listCompanies", tag = "Companies",
    params(wire::ListPlain), responses((status = 200, description = "One page of companies, by id.", body = wire::List<wire::Company>)))]
async fn find(State(app): State<App>, read: Read<wire::Root, wire::ListPlain>) -> Reply {
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), read.query.total)?;
    let page = app.engine().companies(&read.caller, &ask).await?;
    list(&read.uri, page.map(|company| wire::Company::from(&company)))
}

/// Makes a company, with its first administrator where one is given. Needs a platform key.
#[utoipa::path(post, path = "/v1/companies", operation_id = "createCompany", tag = "Companies",
    request_body = wire::NewCompany, responses((status = 201, description = "The company.", body = wire::CreatedCompany)))]
async fn create(State(app): State<App>, ask: Change<wire::Root, Json<wire::NewCompany>>) -> Reply {
    ask.if_match.none_here()?;
    // An answer is kept in the company it made, so a repeat must come to the same one.
    let id = ask.once.as_ref().zip(ask.caller.key).map(|(once, key)| repeatable(once, key));
    let new = ask.body.0.command(id)?;
    let render = |(company, admin): &(Company, Option<UserId>), _: u64, _| {
        let body = wire::CreatedCompany { company: company.into(), admin: admin.map(UserId::uuid) };
        Answer::json(StatusCode::CREATED, &body)
            .tagged(tag(company))
            .with(&header::LOCATION, format!("/v1/companies/{}", company.id))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_company(&caller, new).await).await
}

/// The id of a company made under an idempotency key: a UUID of version 8 from the two keys.
fn repeatable(once: &Fingerprint, key: KeyId) -> CompanyId {
    let mut sum = digest::Context::new(&digest::SHA256);
    for part in [&b"company"[..], key.bytes(), once.key.as_bytes()] {
        sum.update(part);
    }
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(sum.finish().as_ref()) {
        *to = *from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
}

/// Tells one company.
#[utoipa::path(get, path = "/v1/companies/{company}", operation_id = "getCompany", tag = "Companies",
    params(wire::OfCompany), responses((status = 200, description = "The company.", body = wire::Company)))]
async fn get(State(app): State<App>, read: Read<wire::OfCompany>) -> Reply {
    let company = app.engine().company(&read.caller).await?;
    shown(&read.headers, &tag(&company), || answer(&company))
}

/// Edits a company by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}", operation_id = "editCompany", tag = "Companies",
    params(wire::OfCompany), request_body(content((wire::EditCompany = "application/merge-patch+json"), (wire::EditCompany = "application/json"))),
    responses((status = 200, description = "The company as it is now.", body = wire::Company)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::EditCompany>>) -> Reply {
    let version = ask.if_match.version(async { Ok(app.engine().company(&ask.caller).await?.version) }).await;
    let edit = ask.body.0.command();
    carry_out(
        ask.caller,
        ask.once,
        |company, _, _| answer(company),
        async |caller| app.engine().edit_company(&caller, edit, version).await,
    )
    .await
}

/// Deletes a company: no door shows it any more and its keys end. Needs a platform key.
#[utoipa::path(delete, path = "/v1/companies/{company}", operation_id = "deleteCompany", tag = "Companies",
    params(wire::OfCompany), responses((status = 204, description = "It is deleted.")))]
async fn archive(State(app): State<App>, ask: Change<wire::OfCompany, NoBody>) -> Result<Response, Failure> {
    let version = ask.if_match.version(async { Ok(app.engine().company(&ask.caller).await?.version) }).await;
    carry_out(
        ask.caller,
        ask.once,
        |(), _, _| Answer::empty(StatusCode::NO_CONTENT),
        async |caller| app.engine().archive_company(&caller, version).await,
    )
    .await
}
