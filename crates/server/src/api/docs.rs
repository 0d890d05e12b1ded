//! The documentation page: every dialect's OpenAPI document as HTML, made here, without a script.

use std::fmt::{self, Write as _};

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::app::App;
use crate::http::markup::Safe;

const STYLE: &str = include_str!("../../assets/docs.css");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// `/docs`, a page a dialect below it, and their style.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/docs", get(async || Redirect::to("/docs/native")))
        .route("/docs/style.css", get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .route("/docs/{dialect}", get(page))
}

async fn page(Path(dialect): Path<String>) -> Response {
    let document = super::document(&dialect).and_then(|document| serde_json::to_value(document).ok());
    let Some(document) = document else { return StatusCode::NOT_FOUND.into_response() };
    let mut html = String::new();
    if render(&mut html, &dialect, &document).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = Html(html).into_response();
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn text<'a>(value: &'a Value, member: &str) -> Safe<'a> {
    Safe(value[member].as_str().unwrap_or_default())
}

fn render(out: &mut String, dialect: &str, document: &Value) -> fmt::Result {
    let title = text(&document["info"], "title");
    write!(
        out,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title} — Guildhall</title><link rel=stylesheet href=/docs/style.css><header><nav aria-label=Dialects>"
    )?;
    for name in super::documents() {
        let here = if name == dialect { " aria-current=page" } else { "" };
        write!(out, "<a href=\"/docs/{name}\"{here}>{name}</a>")?;
    }
    let (about, dialect) = (text(&document["info"], "description"), Safe(dialect));
    write!(
        out,
        "</nav><h1>{title}</h1><p>{about}</p><p class=dim>The same for machines: \
         <a href=\"/openapi/{dialect}.json\">/openapi/{dialect}.json</a></p></header><main>"
    )?;
    for tag in tags(document) {
        write!(out, "<h2>{}</h2>", Safe(if tag.is_empty() { "Other" } else { &tag }))?;
        for (path, method, operation) in operations(document).filter(|(_, _, o)| tag_of(o) == tag) {
            render_operation(out, document, path, method, operation)?;
        }
    }
    out.push_str("</main>");
    Ok(())
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &'static str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| item.get(method).map(|o| (path.as_str(), method, o)))
    })
}

fn tag_of(operation: &Value) -> &str {
    operation["tags"][0].as_str().unwrap_or_default()
}

/// The tags in the order of their first operation.
fn tags(document: &Value) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for (_, _, operation) in operations(document) {
        if !tags.iter().any(|tag| tag == tag_of(operation)) {
            tags.push(tag_of(operation).to_owned());
        }
    }
    tags
}

fn render_operation(out: &mut String, document: &Value, path: &str, method: &str, o: &Value) -> fmt::Result {
    let old = if o["deprecated"] == true { " class=old" } else { "" };
    write!(
        out,
        "<details><summary><span class=method>{}</span><code{old}>{}</code><span class=dim>{}</span></summary><div>",
        method.to_uppercase(),
        Safe(path),
        text(o, "summary")
    )?;
    if let Some(about) = o["description"].as_str() {
        write!(out, "<p>{}</p>", Safe(about))?;
    }
    if let Some(list) = o["parameters"].as_array().filter(|list| !list.is_empty()) {
        out.push_str("<div class=scroll><table><tr><th>Parameter<th>In<th>What it is</tr>");
        for p in list {
            let star = if p["required"] == true { " *" } else { "" };
            let (name, place, about) = (text(p, "name"), text(p, "in"), text(p, "description"));
            write!(out, "<tr><td><code>{name}</code>{star}<td>{place}<td>{about}</tr>")?;
        }
        out.push_str("</table></div>");
    }
    if let Some(schema) = content(&o["requestBody"]) {
        out.push_str("<p><b>Body</b></p>");
        render_schema(out, document, schema)?;
    }
    out.push_str("<div class=scroll><table><tr><th>Answer<th>When<th>Body</tr>");
    for (status, answer) in o["responses"].as_object().into_iter().flatten() {
        let about = text(answer, "description");
        let body = content(answer).map(kind).unwrap_or_default();
        write!(out, "<tr><td><code>{}</code><td>{about}<td><code>{}</code></tr>", Safe(status), Safe(&body))?;
    }
    out.push_str("</table></div></div></details>");
    Ok(())
}

/// The schema of the first media type.
fn content(carrier: &Value) -> Option<&Value> {
    carrier["content"].as_object()?.values().next()?.get("schema")
}

/// The schema behind a reference, or the schema itself.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|to| document.pointer(to.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// A schema in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(to) = schema["$ref"].as_str() {
        return to.rsplit('/').next().unwrap_or(to).to_owned();
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let words: Vec<&str> = match &schema["type"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let plain = words.join(" or ");
    match (schema["items"].is_object(), schema["format"].as_str()) {
        (true, _) => format!("list of {}", kind(&schema["items"])),
        (false, Some(format)) => format!("{plain} ({format})"),
        _ => plain,
    }
}

fn render_schema(out: &mut String, document: &Value, schema: &Value) -> fmt::Result {
    let schema = resolve(document, schema);
    let Some(members) = schema["properties"].as_object() else {
        return write!(out, "<p><code>{}</code></p>", Safe(&kind(schema)));
    };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    out.push_str("<div class=scroll><table><tr><th>Member<th>Type<th>What it is</tr>");
    for (name, member) in members {
        let star = if required.contains(&name.as_str()) { " *" } else { "" };
        let (of, about) = (kind(member), text(member, "description"));
        write!(out, "<tr><td><code>{}</code>{star}<td>{}<td>{about}</tr>", Safe(name), Safe(&of))?;
    }
    out.push_str("</table></div>");
    Ok(())
}
