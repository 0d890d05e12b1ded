//! What the OpenAPI document says beside its operations: shapes, refusals, the credential.
//!
//! Resources are read and written by the table of attributes (`schema.rs`), leniently; these shapes tell clients what
//! that comes to.
#![expect(dead_code, reason = "told in the document; resources are read and written by the table of attributes")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Built, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};
use uuid::Uuid;

use super::MEDIA_TYPE;

/// The document before any operation is in it.
pub(super) fn document() -> Built {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "SCIM 2.0, answered by Guildhall",
        version = "2.0",
        description = "Users and groups as RFC 7643 and RFC 7644 have them, with the enterprise extension and the cursors \
            of RFC 9865. The same is served below /api/v2/scim. A key that stands for a connection sees that connection's \
            own memberships and gives reasons in its name. What the providers disagree about is settled in numbered \
            quirks, in docs/dialects/scim-v2.md."
    ),
    tags(
        (name = "Users", description = "People"),
        (name = "Groups", description = "Groups of people and who is in them"),
        (name = "Search", description = "Listings asked for in a body"),
        (name = "Bulk", description = "Several operations in one call"),
        (name = "Me", description = "The user that the key acts as"),
        (name = "Discovery", description = "What the server can do")
    ),
    components(schemas(ScimError)),
    security(("key" = [])),
    modifiers(&Bearer)
)]
struct Document;

/// The credential: a bearer token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Built) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The key's token"));
        document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme.build()));
    }
}

/// A refusal (RFC 7644 §3.12).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct ScimError {
    schemas: Vec<String>,
    /// The status of the answer, as a text.
    #[schema(example = "409")]
    status: String,
    /// What kind of mistake it is.
    #[schema(example = "uniqueness")]
    scim_type: Option<String>,
    /// What is wrong, for people.
    detail: String,
}

/// A person. More attributes are told by `/Schemas`; a call that asks for some `attributes` is answered those.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct User {
    schemas: Vec<String>,
    #[schema(read_only)]
    id: Uuid,
    /// The id with the client, unique within its connection.
    external_id: Option<String>,
    /// The sign-in name.
    #[schema(required = false)]
    user_name: String,
    name: Option<Name>,
    display_name: Option<String>,
    /// Does the person count?
    active: Option<bool>,
    emails: Option<Vec<Several>>,
    phone_numbers: Option<Vec<Several>>,
    /// The groups that the person is in; can only be read.
    groups: Option<Vec<Several>>,
    #[schema(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    enterprise: Option<Enterprise>,
    #[schema(required = false, read_only)]
    meta: Meta,
}

/// The parts of a name.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Name {
    formatted: Option<String>,
    family_name: Option<String>,
    given_name: Option<String>,
    middle_name: Option<String>,
    honorific_prefix: Option<String>,
    honorific_suffix: Option<String>,
}

/// One of several values.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Several {
    // Left out where only other parts are asked for.
    #[schema(required = false)]
    value: String,
    display: Option<String>,
    r#type: Option<String>,
    primary: Option<bool>,
}

/// What a company knows of a person.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Enterprise {
    employee_number: Option<String>,
    cost_center: Option<String>,
    organization: Option<String>,
    division: Option<String>,
    department: Option<String>,
    manager: Option<Value>,
}

/// What a resource tells of itself.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Meta {
    resource_type: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_modified: String,
    location: String,
    version: String,
}

/// A group of people. A call that asks for some `attributes` is answered those.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Group {
    schemas: Vec<String>,
    #[schema(read_only)]
    id: Uuid,
    /// The id with the client, unique within its connection.
    external_id: Option<String>,
    /// The name.
    #[schema(required = false)]
    display_name: String,
    /// The direct members; a client that stands for a connection sees its own.
    members: Option<Vec<Member>>,
    #[schema(required = false, read_only)]
    meta: Meta,
}

/// A member of a group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Member {
    /// A user's or group's id.
    #[schema(required = false)]
    value: Uuid,
    #[schema(rename = "$ref")]
    reference: Option<String>,
    display: Option<String>,
    /// User or Group.
    r#type: Option<String>,
}

/// One page of a listing.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Listed<T> {
    schemas: Vec<String>,
    /// How many there are in all.
    total_results: u64,
    /// How many are on this page.
    items_per_page: u64,
    /// The place of the first of them, where pages are asked for by place.
    start_index: Option<u64>,
    /// The cursor of the next page, where pages are asked for by cursor; absent on the last one.
    next_cursor: Option<String>,
    #[schema(rename = "Resources")]
    resources: Vec<T>,
}

/// One page of things of several kinds.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Discovered {
    schemas: Vec<String>,
    total_results: u64,
    items_per_page: u64,
    start_index: Option<u64>,
    next_cursor: Option<String>,
    #[schema(rename = "Resources")]
    resources: Vec<Value>,
}

/// Operations to carry out, all or none.
#[derive(ToSchema)]
pub(super) struct Patched {
    schemas: Vec<String>,
    /// At most 1,000.
    #[schema(rename = "Operations")]
    operations: Vec<PatchOperation>,
}

/// One operation.
#[derive(ToSchema)]
struct PatchOperation {
    /// `add`, `remove` or `replace`, in any letter case.
    op: String,
    /// To what; to the resource as a whole where it is absent.
    path: Option<String>,
    /// With what.
    value: Option<Value>,
}

/// What is searched for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Search {
    schemas: Vec<String>,
    attributes: Option<Vec<String>>,
    excluded_attributes: Option<Vec<String>>,
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    cursor: Option<String>,
}

/// Several operations in one call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Bulk {
    schemas: Vec<String>,
    /// After so many errors nothing more is done.
    fail_on_errors: Option<u64>,
    /// At most 1,000.
    #[schema(rename = "Operations")]
    operations: Vec<BulkOperation>,
}

/// One operation of several.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct BulkOperation {
    method: String,
    path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Option<Value>,
}

/// What came of several operations.
#[derive(ToSchema)]
pub(super) struct BulkAnswer {
    schemas: Vec<String>,
    #[schema(rename = "Operations")]
    operations: Vec<BulkOutcome>,
}

/// What came of one operation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct BulkOutcome {
    method: Option<String>,
    bulk_id: Option<String>,
    location: Option<String>,
    version: Option<String>,
    status: String,
    response: Option<ScimError>,
}

/// How much of a listing, and how it is shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct Listing {
    /// Which; 4,096 characters, 20 deep and 100 comparisons at most.
    filter: Option<String>,
    /// In what order; by id when absent.
    sort_by: Option<String>,
    /// `ascending` or `descending`.
    sort_order: Option<String>,
    /// The place of the first one, from 1.
    start_index: Option<i64>,
    /// How many: 1,000 at most, 100 when absent; 0 for the total alone.
    count: Option<i64>,
    /// Empty for the first page, then `nextCursor` of the page before.
    cursor: Option<String>,
    /// What to show and nothing else, with commas.
    attributes: Option<String>,
    /// What not to show, with commas; excluded members are not read.
    excluded_attributes: Option<String>,
}

/// How a resource is shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(super) struct Shown {
    /// What to show and nothing else, with commas.
    attributes: Option<String>,
    /// What not to show, with commas; excluded members are not read.
    excluded_attributes: Option<String>,
}

/// What a call may be refused with.
pub(super) struct Refusals;

const REFUSALS: [(u16, &str); 12] = [
    (400, "Malformed, or invalid; `scimType` says how"),
    (401, "The key is missing, unknown or revoked"),
    (403, "The person behind the key may not do this, or the key may only read"),
    (404, "No such resource in the caller's sight"),
    (408, "The body came too slowly"),
    (409, "A value is taken, or the present state does not allow it"),
    (412, "Another version than `If-Match` names, or the revision is ahead"),
    (413, "The body is too large"),
    (415, "The body is not JSON in UTF-8"),
    (429, "Too many calls; see Retry-After"),
    (500, "A fault of the server; its log has more under X-Request-Id"),
    (503, "Not available just now; see Retry-After"),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::response::Response>> {
        let refusal = |(status, what): (u16, &str)| {
            let content = Content::new(Some(Ref::from_schema_name("ScimError")));
            let response = ResponseBuilder::new().description(what).content(MEDIA_TYPE, content).build();
            (status.to_string(), response.into())
        };
        REFUSALS.into_iter().map(refusal).collect()
    }
}
