//! What every operation shares, told once: how the document begins, credentials, headers and refusals.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, Content, ContentBuilder, InfoBuilder, KnownFormat, LicenseBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::error::Problem;
use super::wire::Preview;

const TAGS: &[(&str, &str)] = &[
    ("Companies", "Tenants and their settings."),
    ("Users", "People in a company."),
    ("Groups", "Groups: their own records."),
    ("Members", "Who is in a group, and why."),
    ("Conflicts", "Groups of which nobody may be in more than so many, and who is."),
    ("Nesting", "Which groups are inside which."),
    ("Rules", "Expressions that keep a group's members, before they are saved."),
    ("Owners", "Who owns a group."),
    ("Roles", "What groups give their members, and what that makes of people."),
    ("Connections", "Identity sources, and which people and groups each of them knows."),
    ("Sheets", "People, groups and members as CSV, in and out."),
    ("Apps", "Work applications, their permission levels and custom fields."),
    ("Accesses", "Who has which app, and which apps groups give and hide."),
    ("Policies", "How requests are decided, step by step."),
    ("Requests", "Wanted accesses and memberships, and how far they have come."),
    ("Tasks", "Decisions in somebody's hands, and who stands in for whom."),
    ("Reviews", "Accesses and memberships looked through, row by row."),
    ("Teams", "Workspace areas that people work in."),
    ("Keys", "Credentials, each acting as a user."),
    ("Webhooks", "Endpoints that events are sent to, and the log of what was sent."),
    ("Events", "The journal: every change, in order, as pages or live."),
];

/// Listings that are never cut into pages.
const WHOLE: &[&str] = &[
    "listOwners",
    "listChildren",
    "listParents",
    "listReasons",
    "listAppGroups",
    "listPolicies",
    "listPolicyVersions",
    "listAppPolicies",
    "listRequestTasks",
    "listDelegations",
    "listRoles",
    "listGroupRoles",
];

/// The refusals: status, name of the component, words.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("400", "Invalid", "The request cannot be read, or a member of it is wrong; `errors` names which."),
    ("401", "Unauthenticated", "No credential, or one that is wrong, expired or revoked."),
    ("403", "Forbidden", "The key may only read, or its user lacks the right."),
    ("404", "NotFound", "What the path names is not in the company."),
    ("408", "TooSlow", "The request came too slowly."),
    (
        "409",
        "Conflict",
        "The present state does not allow it, or a value is taken; `members` names who would stay, `breaches` who would be in groups in conflict.",
    ),
    ("412", "PreconditionFailed", "The record has another version than `If-Match` names, or the revision is ahead."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "MediaType", "The body is not JSON."),
    (
        "422",
        "Unprocessable",
        "A well-formed id in the body leads nowhere, or the `Idempotency-Key` was used with another request.",
    ),
    ("429", "TooFast", "Too many calls in a minute."),
    ("500", "Internal", "A fault of the server; its log has more under the request id."),
    ("503", "Unavailable", "A fault that passes."),
];

/// The document before any operation is in it.
pub(super) fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Guildhall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A self-hosted user-groups server: who is in which group, why, since when and until when. This is its own \
             dialect; times are RFC 3339 in UTC with microseconds, ids are UUIDs, errors are problem details (RFC 9457).",
        ))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()))
        .build();
    let tags = TAGS.iter().map(|(name, words)| TagBuilder::new().name(*name).description(Some(*words)).build());
    OpenApiBuilder::new().info(info).tags(Some(tags.collect::<Vec<_>>())).build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn whole() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
}

/// Adds to every operation what all of its kind share.
pub(super) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    Preview::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.schemas.insert(Preview::name().into_owned(), Preview::schema());
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let api_key = |name: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name)));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("<key id>.<secret>");
    let bearer = bearer.description(Some("The key's id and secret with a dot between, or a token made from them."));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    components.add_security_scheme("keyId", api_key("X-API-KEY"));
    components.add_security_scheme("keySecret", api_key("X-API-SECRET"));
    for (_, name, words) in REFUSALS {
        let schema = Ref::from_schema_name(Problem::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let mut refusal = ResponseBuilder::new().description(*words).content("application/problem+json", content);
        if matches!(*name, "TooFast" | "Unavailable") {
            refusal = refusal.header("Retry-After", header("Seconds to wait.", whole()));
        }
        if *name == "Unauthenticated" {
            refusal = refusal.header("WWW-Authenticate", header("`Bearer`.", text()));
        }
        components.responses.insert((*name).to_owned(), RefOr::T(refusal.build()));
    }
    document.security = Some(vec![
        SecurityRequirement::new("bearer", Vec::<String>::new()),
        SecurityRequirement::new("keyId", Vec::<String>::new()).add("keySecret", Vec::<String>::new()),
    ]);
    for (path, item) in &mut document.paths.paths {
        each(item, |method, operation| share(path, method, operation));
    }
}

fn each(item: &mut PathItem, mut f: impl FnMut(&str, &mut Operation)) {
    let PathItem { get, put, post, patch, delete, .. } = item;
    for (method, operation) in [("get", get), ("put", put), ("post", post), ("patch", patch), ("delete", delete)] {
        if let Some(operation) = operation {
            f(method, operation);
        }
    }
}

fn header(words: &str, schema: ObjectBuilder) -> utoipa::openapi::header::Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(words)).build()
}

fn header_parameter(operation: &mut Operation, name: &str, words: &str, schema: ObjectBuilder) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(words))
        .schema(Some(schema));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
}

/// Adds the preview to what a change answers with 200.
fn preview_answer(operation: &mut Operation) {
    let told = || Ref::from_schema_name(Preview::name());
    let responses = &mut operation.responses.responses;
    let usual = responses.entry("200".into()).or_insert_with(|| {
        let words = "With `preview=true`: what the change would do.";
        RefOr::T(
            ResponseBuilder::new().description(words).content("application/json", Content::new(Some(told()))).build(),
        )
    });
    if let RefOr::T(Response { content, .. }) = usual
        && let Some(RefOr::T(Content { schema: Some(schema), .. })) = content.get_mut("application/json")
        && *schema != RefOr::Ref(told())
    {
        let either = AnyOfBuilder::new().item(schema.clone()).item(told()).build();
        *schema = RefOr::T(Schema::AnyOf(either));
    }
}

fn share(path: &str, method: &str, operation: &mut Operation) {
    let bodiless = method == "get";
    let reads = bodiless || method == "post" && super::extract::reads(&http::Method::POST, path);
    // Records with a version, and what moves them.
    let record = [
        "",
        "/users/{user}",
        "/groups/{group}",
        "/connections/{connection}",
        "/webhooks/{webhook}",
        "/apps/{app}",
        "/roles/{role}",
        "/policies/{policy}",
    ];
    let record = path.strip_prefix("/v1/companies/{company}").is_some_and(|rest| record.contains(&rest));
    let versioned = record || path.ends_with("/archive") || path.ends_with("/deactivate");
    if reads {
        let mut add = |name: &str, words: &str, schema: ObjectBuilder| header_parameter(operation, name, words, schema);
        add("Guildhall-Min-Revision", "The answer must know at least this revision of the company.", whole());
        if record {
            add("If-None-Match", "The tags of what the client has; answered 304 when one is the present one.", text());
        }
    } else {
        let flag = ObjectBuilder::new().schema_type(Type::Boolean);
        let words =
            "With `true` nothing is done; the answer is 200 with a `Preview`: who would gain and lose which groups.";
        let preview = ParameterBuilder::new()
            .name("preview")
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(words))
            .schema(Some(flag));
        operation.parameters.get_or_insert_default().push(RefOr::T(preview.build()));
        let mut add = |name: &str, words: &str, schema: ObjectBuilder| header_parameter(operation, name, words, schema);
        let words = "Makes a repeat of this very request answer the same without doing it again; kept 48 hours.";
        add("Idempotency-Key", words, text().min_length(Some(1)).max_length(Some(255)));
        if versioned {
            add("If-Match", "The tags of the versions that may be changed; others are answered 412.", text());
        }
        preview_answer(operation);
    }
    let ok: Vec<String> = operation.responses.responses.keys().cloned().collect();
    for status in ok {
        let Some(RefOr::T(response)) = operation.responses.responses.get_mut(&status) else { continue };
        let headers = &mut response.headers;
        headers.insert("X-Request-Id".into(), header("The request, as the log names it.", text()).into());
        let list = reads && response.content.contains_key("application/json") && !record;
        if list && operation.operation_id.as_deref().is_some_and(|id| id.starts_with("list") && !WHOLE.contains(&id)) {
            headers.insert("Link".into(), header("`<…>; rel=\"next\"`, unless this is the last page.", text()).into());
        }
        if !reads {
            let words = "The company's revision after the change.";
            headers.insert("Guildhall-Revision".into(), header(words, whole()).into());
            let words = "`true` when this is the answer to an earlier request with this key.";
            headers.insert("Idempotency-Replayed".into(), header(words, text()).into());
        }
        let endings = ["/restore", "/reactivate", "/pause", "/resume"];
        let record_answer = versioned || endings.iter().any(|end| path.ends_with(end));
        let created = status == "201" && method == "post";
        if status != "204" && (record_answer || created && !path.ends_with("/keys")) {
            headers.insert("ETag".into(), header("The record's version.", text()).into());
        }
        if created || status == "202" {
            headers.insert("Location".into(), header("Where the record is.", text()).into());
        }
    }
    if reads && record {
        let unchanged = ResponseBuilder::new().description("The client has it already.");
        let unchanged = unchanged.header("ETag", header("The record's version.", text()));
        operation.responses.responses.insert("304".into(), RefOr::T(unchanged.build()));
    }
    for (status, name, _) in REFUSALS {
        let fits = match *status {
            "408" | "413" | "415" => !bodiless,
            "409" => !reads,
            "422" => !bodiless,
            "404" => path.contains("{company}"),
            _ => true,
        };
        if fits {
            let refusal = RefOr::Ref(Ref::from_response_name(*name));
            operation.responses.responses.entry((*status).to_owned()).or_insert(refusal);
        }
    }
}
