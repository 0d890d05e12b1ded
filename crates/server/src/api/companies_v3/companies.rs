//! Companies, for a platform key and, of its own, for a company's.

use axum::Json;
use axum::extract::State;
use guildhall_domain::company::EditCompany;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::page::{Ask, From};
use guildhall_domain::patch::Patch;
use guildhall_engine::NewCompany;
use http::StatusCode;

use super::error::{ChangeRefusals, Failure, ReadRefusals};
use super::extract::{Body, Within};
use super::wire::lists::MOST;
use super::wire::people::{CompanyAnswer, CompanyInput, Elements, NewCompanyInput, UserInput};
use super::wire::scalars::{Object, missing};
use super::wire::{Changed, EntityId};
use crate::app::App;
use crate::http::caller::Auth;

/// Lists companies
///
/// All of them to a platform key, its own to any other. 10,000 at most, by id (C3-14).
#[utoipa::path(
    get, path = "/v2/companies", operation_id = "listCompanies", tag = "Companies",
    params(("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")),
    responses((status = 200, description = "The companies", body = Elements<CompanyAnswer>), ReadRefusals)
)]
pub(super) async fn list(State(app): State<App>, Auth(caller): Auth) -> Result<Json<Elements<CompanyAnswer>>, Failure> {
    let ask: Ask<CompanyId> = Ask { from: From::Start, limit: MOST, total: false };
    let page = app.engine().companies(&caller, &ask).await?;
    let elements: Vec<CompanyAnswer> = page.items.into_iter().map(Into::into).collect();
    Ok(Json(Elements { length: elements.len() as u64, elements, has_more: page.next.is_some() }))
}

/// Creates a company
#[utoipa::path(
    post, path = "/v2/companies", operation_id = "createCompany", tag = "Companies",
    request_body = NewCompanyInput,
    responses(
        (status = 201, description = "The company is made", body = EntityId,
            headers(("Guildhall-Revision" = u64, description = "The new company's revision"))),
        ChangeRefusals
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Auth(caller): Auth,
    Body(company): Body<NewCompanyInput>,
) -> Result<Changed, Failure> {
    let admin = company.administrator.map(|Object(admin)| UserInput::into_new(admin)).transpose()?;
    let name = company.name.ok_or_else(|| missing("name"))?;
    let written = app.engine().create_company(&caller, NewCompany { id: None, name, settings: None, admin }).await?;
    Ok(Changed { status: StatusCode::CREATED, revision: written.revision, made: Some(written.value.0.id.uuid()) })
}

/// Reads a company
#[utoipa::path(
    get, path = "/v2/companies/{companyId}", operation_id = "getCompany", tag = "Companies",
    params(
        ("companyId" = Uuid, Path, description = "The company"),
        ("Guildhall-Min-Revision" = Option<u64>, Header, description = "The least revision that the answer must show")
    ),
    responses((status = 200, description = "The company", body = CompanyAnswer), ReadRefusals)
)]
pub(super) async fn get(State(app): State<App>, Within(caller): Within) -> Result<Json<CompanyAnswer>, Failure> {
    Ok(Json(app.engine().company(&caller).await?.into()))
}

/// Renames a company
#[utoipa::path(
    put, path = "/v2/companies/{companyId}", operation_id = "updateCompany", tag = "Companies",
    params(("companyId" = Uuid, Path, description = "The company")),
    request_body = CompanyInput,
    responses(
        (status = 204, description = "The company is called so",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn update(
    State(app): State<App>,
    Within(caller): Within,
    Body(company): Body<CompanyInput>,
) -> Result<Changed, Failure> {
    let name = company.name.ok_or_else(|| missing("name"))?;
    let edit = EditCompany { name: Patch::Set(name), ..Default::default() };
    let written = app.engine().edit_company(&caller, edit, None).await?;
    Ok(Changed::empty(StatusCode::NO_CONTENT, written.revision))
}

/// Deletes a company
///
/// No door shows it any more, and its keys end. For a platform key only.
#[utoipa::path(
    delete, path = "/v2/companies/{companyId}", operation_id = "deleteCompany", tag = "Companies",
    params(("companyId" = Uuid, Path, description = "The company")),
    responses(
        (status = 204, description = "The company is gone",
            headers(("Guildhall-Revision" = u64, description = "The company's revision after the change"))),
        ChangeRefusals
    )
)]
pub(super) async fn delete(State(app): State<App>, Within(caller): Within) -> Result<Changed, Failure> {
    let written = app.engine().archive_company(&caller, None).await?;
    Ok(Changed::empty(StatusCode::NO_CONTENT, written.revision))
}
