//! Reading a request: path, query, headers, body. Every refusal speaks this dialect.

use aws_lc_rs::digest;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::CompanyId;
use guildhall_domain::page::{self, Ask};
use guildhall_domain::{Error, Result};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;

use super::error::Failure;
use super::etag::IfMatch;
use super::once::{self, Fingerprint};
use crate::app::App;
use crate::config::Limits;
use crate::http::body;
use crate::http::caller::Auth;
use crate::http::cursor::Cursor;
use crate::http::query::query;

/// A path that may name a company.
pub(super) trait Place: DeserializeOwned + Send {
    /// The company it names; none where the path stands above all companies.
    fn company(&self) -> Option<CompanyId>;
}

/// A read: who asks, of what, how.
pub(super) struct Read<P, Q = Nothing> {
    /// The caller, at work in the company that the path names.
    pub(super) caller: Caller,
    /// The ids in the path.
    pub(super) path: P,
    /// The query.
    pub(super) query: Q,
    /// The target, for links to further pages.
    pub(super) uri: Uri,
    /// The headers.
    pub(super) headers: HeaderMap,
}

/// A change: who asks, of what, with what body.
pub(super) struct Change<P, B = NoBody, Q = Nothing> {
    /// The caller, at work in the company that the path names.
    pub(super) caller: Caller,
    /// The ids in the path.
    pub(super) path: P,
    /// The query.
    pub(super) query: Q,
    /// The body.
    pub(super) body: B,
    /// What `If-Match` asks for.
    pub(super) if_match: IfMatch,
    /// The `Idempotency-Key` with the request's fingerprint.
    pub(super) once: Option<Fingerprint>,
}

/// A read whose question stands in a body: who asks, of what.
pub(super) struct Inquire<P, B> {
    /// The caller, at work in the company that the path names.
    pub(super) caller: Caller,
    /// The body.
    pub(super) body: B,
    place: std::marker::PhantomData<fn() -> P>,
}

/// The POSTs that only read, which a read-only key may send.
pub(super) fn reads(method: &Method, path: &str) -> bool {
    let below: Vec<&str> = path.split('/').collect();
    let ["", "v1", "companies", _, rest @ ..] = &below[..] else { return false };
    *method == Method::POST && matches!(rest, ["check" | "names"] | ["rules", "try" | "preview"])
}

/// A query without parameters.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// What a body becomes.
pub(super) trait FromBody: Sized + Send {
    /// Reads it.
    ///
    /// # Errors
    /// Whatever is wrong with it, in this dialect's form.
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Failure>;

    /// The most bytes it may have.
    fn most(limits: &Limits) -> u64 {
        limits.body
    }
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

/// A JSON body that may be left out.
pub(super) struct Maybe<T>(pub(super) T);

/// No body, or an empty object.
pub(super) struct NoBody;

impl<T: DeserializeOwned + Send> FromBody for Json<T> {
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Failure> {
        Ok(Self(body::parse(headers, bytes)?))
    }
}

impl<T: DeserializeOwned + Default + Send> FromBody for Maybe<T> {
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.is_empty() { Ok(Self(T::default())) } else { Ok(Self(body::parse(headers, bytes)?)) }
    }
}

impl FromBody for NoBody {
    fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Failure> {
        if !bytes.is_empty() {
            body::parse::<Nothing>(headers, bytes)?;
        }
        Ok(Self)
    }
}

async fn place<P: Place>(parts: &mut Parts, app: &App) -> Result<(Caller, P), Failure> {
    let Ok(Auth(caller)) = Auth::from_request_parts(parts, app).await else {
        return Err(Error::internal("a route without its door").into());
    };
    let path = match Path::<P>::from_request_parts(parts, app).await {
        Ok(Path(path)) => path,
        Err(refusal) => return Err(wrong_path(refusal).into()),
    };
    let caller = match path.company() {
        Some(company) => app.engine().within(&caller, company).await?,
        None => caller,
    };
    Ok((caller, path))
}

fn wrong_path(refusal: axum::extract::rejection::PathRejection) -> Error {
    use axum::extract::path::ErrorKind;
    use axum::extract::rejection::PathRejection;
    let field = match refusal {
        PathRejection::FailedToDeserializePathParams(failed) => match failed.into_kind() {
            ErrorKind::ParseErrorAtKey { key, .. }
            | ErrorKind::InvalidUtf8InPathParam { key }
            | ErrorKind::DeserializeError { key, .. } => key,
            _ => "path".to_owned(),
        },
        _ => "path".to_owned(),
    };
    Error::invalid(field, "is not a UUID")
}

impl<P: Place, Q: DeserializeOwned + Send> FromRequestParts<App> for Read<P, Q> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let (caller, path) = place(parts, app).await?;
        let query = query(&parts.uri)?;
        if let Some(asked) = min_revision(&parts.headers)? {
            app.engine().at_least(caller.company, asked).await?;
        }
        Ok(Self { caller, path, query, uri: parts.uri.clone(), headers: parts.headers.clone() })
    }
}

fn min_revision(headers: &HeaderMap) -> Result<Option<u64>> {
    number(headers, "Guildhall-Min-Revision")
}

/// A whole number in a header.
///
/// # Errors
/// [`Error::Invalid`] when it is none.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Databases count in 63 bits.
    let number = text.parse().ok().filter(|n| digits && i64::try_from(*n).is_ok());
    number.map(Some).ok_or_else(|| Error::invalid(name, "must be a whole number"))
}

impl<P: Place, B: FromBody, Q: DeserializeOwned + Send> FromRequest<App> for Change<P, B, Q> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let (caller, path) = place(&mut parts, app).await?;
        let (uri, preview) = previewed(&parts.uri)?;
        let query = query(&uri)?;
        let confirmation = parts.headers.get("Guildhall-Confirmation").and_then(|value| value.to_str().ok());
        let caller = Caller { preview, confirmation: confirmation.map(str::to_owned), ..caller };
        let if_match = IfMatch::read(&parts.headers)?;
        let key = once::key(&parts.headers)?;
        let bytes = body::read(body, B::most(app.limits())).await?;
        let once = key.map(|key| Fingerprint { key, request: fingerprint(&parts.method, &parts.uri, &bytes) });
        let body = B::read(&parts.headers, &bytes)?;
        Ok(Self { caller, path, query, body, if_match, once })
    }
}

/// The target without its `preview`, and what that said.
///
/// # Errors
/// [`Error::Invalid`] when it is neither `true` nor `false`, or given twice.
fn previewed(uri: &Uri) -> Result<(Uri, bool)> {
    let Some(query) = uri.query().filter(|query| query.contains("preview")) else { return Ok((uri.clone(), false)) };
    let named = |pair: &&str| pair.split('=').next() == Some("preview");
    let said: Vec<&str> = query.split('&').filter(named).collect();
    let preview = match said[..] {
        [] => return Ok((uri.clone(), false)),
        ["preview=true"] => true,
        ["preview=false"] => false,
        _ => return Err(Error::invalid("preview", "must be `true` or `false`, once")),
    };
    let rest: Vec<&str> = query.split('&').filter(|pair| !named(pair)).collect();
    let target = if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), rest.join("&")) };
    Ok((target.parse().map_err(Error::internal)?, preview))
}

impl<P: Place, B: FromBody> FromRequest<App> for Inquire<P, B> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let (caller, _) = place::<P>(&mut parts, app).await?;
        query::<Nothing>(&parts.uri)?;
        if let Some(asked) = min_revision(&parts.headers)? {
            app.engine().at_least(caller.company, asked).await?;
        }
        let bytes = body::read(body, B::most(app.limits())).await?;
        Ok(Self { caller, body: B::read(&parts.headers, &bytes)?, place: std::marker::PhantomData })
    }
}

/// Which request this is, as far as its answer depends on it.
fn fingerprint(method: &Method, uri: &Uri, body: &[u8]) -> [u8; 32] {
    let mut sum = digest::Context::new(&digest::SHA256);
    for part in [method.as_str(), uri.path(), uri.query().unwrap_or_default()] {
        sum.update(&(part.len() as u64).to_be_bytes());
        sum.update(part.as_bytes());
    }
    sum.update(body);
    let mut out = [0; 32];
    out.copy_from_slice(sum.finish().as_ref());
    out
}

/// The page that `limit`, `cursor` and `total` ask for.
///
/// # Errors
/// [`Error::Invalid`] on the parameter that is wrong.
pub(super) fn ask<K: Cursor>(limit: Option<u32>, cursor: Option<&str>, total: Option<bool>) -> Result<Ask<K>> {
    let limit = limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(Error::invalid("limit", "must be 1 to 1,000"));
    }
    let from = cursor.map(K::parse).transpose()?.map_or(page::From::Start, page::From::After);
    Ok(Ask { from, limit, total: total.unwrap_or(false) })
}
