//! What this server can do (RFC 7644 §4).

use axum::extract::{Path, State};
use axum::response::Response;
use guildhall_domain::Error;
use http::Uri;
use serde_json::{Value, json};

use super::document::{Discovered, Refusals};
use super::error::Failure;
use super::extract::Asked;
use super::query::{MOST, USUAL};
use super::schema::{self, ENTERPRISE, Type};
use super::search::spoken;
use super::{Base, bulk};
use crate::app::App;
use crate::http::query;

/// Discovery is told whole: a filter on it is refused, as the RFC wants.
fn unfiltered(uri: &Uri) -> Result<(), Failure> {
    let pairs = query::pairs(uri).map_err(Failure::Body)?;
    if pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(Error::forbidden("what the server can do is told whole, without a filter").into());
    }
    Ok(())
}

fn meta(base: &Base, kind: &str, path: &str) -> Value {
    json!({"resourceType": kind, "location": format!("{}{path}", base.0)})
}

fn whole(resources: Vec<Value>) -> Response {
    spoken(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": resources.len(),
        "itemsPerPage": resources.len(),
        "startIndex": 1,
        "Resources": resources,
    }))
}

/// Tells what the server can do
#[utoipa::path(
    get, path = "/scim/v2/ServiceProviderConfig", operation_id = "serviceProviderConfig", tag = "Discovery",
    responses((status = 200, description = "What it can do", body = Object, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn config(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    unfiltered(&asked.uri)?;
    Ok(spoken(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://datatracker.ietf.org/doc/html/rfc7644",
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": bulk::MOST,
            "maxPayloadSize": app.limits().large_body,
        },
        "filter": {"supported": true, "maxResults": MOST},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": USUAL,
            "maxPageSize": MOST,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "Authorization: Bearer and the key's token",
            "specUri": "https://datatracker.ietf.org/doc/html/rfc6750",
            "primary": true,
        }],
        "meta": meta(&asked.base, "ServiceProviderConfig", "/ServiceProviderConfig"),
    })))
}

fn resource_type(base: &Base, of: Type) -> Value {
    let name = of.name();
    let mut told = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "description": if of == Type::User { "People" } else { "Groups of people" },
        "endpoint": of.endpoint(),
        "schema": of.urn(),
        "meta": meta(base, "ResourceType", &format!("/ResourceTypes/{name}")),
    });
    if of == Type::User {
        told["schemaExtensions"] = json!([{"schema": ENTERPRISE, "required": false}]);
    }
    told
}

/// Lists what kinds of resources there are
#[utoipa::path(
    get, path = "/scim/v2/ResourceTypes", operation_id = "listResourceTypes", tag = "Discovery",
    responses((status = 200, description = "All of them", body = Discovered, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn types(asked: Asked) -> Result<Response, Failure> {
    unfiltered(&asked.uri)?;
    Ok(whole([Type::User, Type::Group].map(|of| resource_type(&asked.base, of)).into()))
}

/// Reads one kind of resource
#[utoipa::path(
    get, path = "/scim/v2/ResourceTypes/{name}", operation_id = "getResourceType", tag = "Discovery",
    params(("name" = String, Path, description = "User or Group")),
    responses((status = 200, description = "The kind", body = Object, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn one_type(asked: Asked, Path(name): Path<String>) -> Result<Response, Failure> {
    unfiltered(&asked.uri)?;
    let found = [Type::User, Type::Group].into_iter().find(|of| of.name() == name);
    let of = found.ok_or(Error::NotFound { noun: "resource type" })?;
    Ok(spoken(resource_type(&asked.base, of)))
}

fn described(base: &Base) -> Vec<(&'static str, Value)> {
    let one = |(id, mut schema): (&'static str, Value)| {
        schema["meta"] = meta(base, "Schema", &format!("/Schemas/{id}"));
        (id, schema)
    };
    schema::all().into_iter().map(one).collect()
}

/// Lists what resources are made of
#[utoipa::path(
    get, path = "/scim/v2/Schemas", operation_id = "listSchemas", tag = "Discovery",
    responses((status = 200, description = "All schemas", body = Discovered, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn schemas(asked: Asked) -> Result<Response, Failure> {
    unfiltered(&asked.uri)?;
    Ok(whole(described(&asked.base).into_iter().map(|(_, schema)| schema).collect()))
}

/// Reads one schema
#[utoipa::path(
    get, path = "/scim/v2/Schemas/{urn}", operation_id = "getSchema", tag = "Discovery",
    params(("urn" = String, Path, description = "The schema's id")),
    responses((status = 200, description = "The schema", body = Object, content_type = "application/scim+json"), Refusals)
)]
pub(super) async fn one_schema(asked: Asked, Path(urn): Path<String>) -> Result<Response, Failure> {
    unfiltered(&asked.uri)?;
    let found = described(&asked.base).into_iter().find(|(id, _)| id.eq_ignore_ascii_case(&urn));
    let (_, schema) = found.ok_or(Error::NotFound { noun: "schema" })?;
    Ok(spoken(schema))
}
