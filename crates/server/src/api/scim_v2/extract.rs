//! Reading a request in this dialect: ids in paths, bodies, versions, and how fresh an answer must be.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::parse_uuid;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Uri, header};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Base;
use super::error::{Failure, Kind};
use crate::app::App;
use crate::http::body::{self, BodyRefusal};
use crate::http::peer::Origin;

/// Whatever a request says beside its body.
pub(super) struct Asked {
    /// Who asks.
    pub(super) caller: Caller,
    /// Where resources are.
    pub(super) base: Base,
    /// The target.
    pub(super) uri: Uri,
    /// What `If-Match` asks for.
    pub(super) if_match: Tags,
    /// What `If-None-Match` has.
    pub(super) if_none_match: Tags,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Self {
            caller: caller.ok_or_else(|| Error::internal("a route without its door"))?,
            base: Base::of(parts.extensions.get::<Origin>()),
            uri: parts.uri.clone(),
            if_match: Tags::read(&parts.headers, &header::IF_MATCH),
            if_none_match: Tags::read(&parts.headers, &header::IF_NONE_MATCH),
        })
    }
}

/// Versions that a header names, weak or not: all of ours are weak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Tags {
    /// The header was not sent.
    #[default]
    Absent,
    /// `*`.
    Any,
    /// These.
    These(Vec<String>),
}

impl Tags {
    /// From a header.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Self {
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            let text = value.to_str().unwrap_or_default();
            if text.trim() == "*" {
                return Self::Any;
            }
            tags.extend(text.split(',').map(|tag| plain(tag).to_owned()));
        }
        if headers.contains_key(name) { Self::These(tags) } else { Self::Absent }
    }

    /// From the version in an operation of a bulk.
    pub(super) fn of(version: Option<&str>) -> Self {
        version.map_or(Self::Absent, |version| Self::These(vec![plain(version).to_owned()]))
    }

    /// The version to name to the engine, which compares it inside the transaction; of several that which can match.
    pub(super) async fn version(&self, current: impl Future<Output = Option<u64>>) -> Option<u64> {
        let Self::These(tags) = self else { return None };
        let numbers: Vec<u64> = tags.iter().filter_map(|tag| tag.parse().ok()).collect();
        match numbers[..] {
            [] => Some(u64::MAX),
            [one] if tags.len() == 1 => Some(one),
            _ => Some(current.await.filter(|at| numbers.contains(at)).unwrap_or(u64::MAX)),
        }
    }

    /// Is this version among them?
    pub(super) fn name(&self, version: u64) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| *tag == version.to_string()),
        }
    }
}

fn plain(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// The id in the path. One that is not a UUID names nothing, as one that nobody has.
pub(super) struct Id(pub(super) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let gone = || Failure::from(Error::NotFound { noun: "resource" });
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(|_| gone())?;
        let raw = all.iter().find(|(name, _)| *name == "id").map(|(_, raw)| raw);
        raw.and_then(parse_uuid).map(Self).ok_or_else(gone)
    }
}

/// A JSON object.
pub(super) struct Body(pub(super) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        // The layers meter the body against the limit of its route.
        let bytes = body::read(body, u64::MAX).await.map_err(Failure::Body)?;
        match body::parse::<Value>(&head.headers, &bytes).map_err(Failure::Body)? {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(Failure::bad(Kind::InvalidSyntax, "the body must be an object".to_owned())),
        }
    }
}

/// A read that names a revision in `Guildhall-Min-Revision` is answered only once the company has reached it.
pub(super) async fn fresh(State(app): State<App>, request: Request, next: Next) -> Response {
    const HEADER: &str = "Guildhall-Min-Revision";
    let caller = request.extensions().get::<Caller>();
    if let (true, Some(value), Some(caller)) = (request.method().is_safe(), request.headers().get(HEADER), caller) {
        let asked = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok());
        let outcome = match asked {
            Some(asked) => app.engine().at_least(caller.company, asked).await.map_err(Failure::from),
            None => {
                let why = format!("{HEADER} is not a whole number");
                Err(Failure::Body(BodyRefusal::Malformed { why }))
            }
        };
        if let Err(failure) = outcome {
            return failure.into_response();
        }
    }
    next.run(request).await
}
