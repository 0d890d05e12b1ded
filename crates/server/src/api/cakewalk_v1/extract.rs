//! Reading a request in this dialect: ids in paths, bodies, cursors, and how fresh an answer must be.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{AppId, GroupId, LevelId, TaskId, UserId};
use guildhall_domain::page::{Ask, From};
use guildhall_domain::policy::RequestKind;
use guildhall_domain::{Error, Result};
use http::Uri;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::Failure;
use crate::app::App;
use crate::http::body::{self, BodyRefusal};
use crate::http::cursor::Cursor;
use crate::http::query;

/// How many rows a page holds (reference §1.6); no parameter changes it (CW-6).
const PAGE: u32 = 100;
/// The most rows that a cursor of the observed form may ask for.
const WIDEST: u32 = 1000;

/// An id that stands in a path.
pub(super) trait InPath: Sized {
    /// Its place in the route.
    const NAME: &'static str;
    /// The id, if the text is one.
    fn read(raw: &str) -> Result<Self>;
}

impl InPath for UserId {
    const NAME: &'static str = "userId";
    fn read(raw: &str) -> Result<Self> {
        Self::parse(Self::NAME, raw)
    }
}

impl InPath for GroupId {
    const NAME: &'static str = "usersGroupId";
    fn read(raw: &str) -> Result<Self> {
        Self::parse(Self::NAME, raw)
    }
}

impl InPath for AppId {
    const NAME: &'static str = "workAppId";
    fn read(raw: &str) -> Result<Self> {
        Self::parse(Self::NAME, raw)
    }
}

impl InPath for LevelId {
    const NAME: &'static str = "permissionLevelId";
    fn read(raw: &str) -> Result<Self> {
        Self::parse(Self::NAME, raw)
    }
}

impl InPath for TaskId {
    const NAME: &'static str = "taskId";
    fn read(raw: &str) -> Result<Self> {
        Self::parse(Self::NAME, raw)
    }
}

impl InPath for RequestKind {
    const NAME: &'static str = "requestType";
    /// In either letter case, as the rest of the path (CW-1).
    fn read(raw: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|kind| kind.word().eq_ignore_ascii_case(raw));
        known.copied().map_or_else(|| Self::parse(Self::NAME, raw), Ok)
    }
}

/// CW-14: the id in the path, hyphenated, in either letter case; one that is not a UUID is refused with 400.
pub(super) struct Id<T>(pub(super) T);

impl<T: InPath, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(Error::internal)?;
        let raw = all.iter().find(|(name, _)| *name == T::NAME).map(|(_, raw)| raw);
        let raw = raw.ok_or_else(|| Error::internal(format!("the route has no {}", T::NAME)))?;
        Ok(Self(T::read(raw)?))
    }
}

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        // The layers meter the body against the limit of its route.
        let bytes = body::read(body, u64::MAX).await?;
        Ok(Self(body::parse(&head.headers, &bytes)?))
    }
}

/// A JSON body that may be left out.
pub(super) struct MaybeBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        Ok(Self(body::read_or_default(request).await?))
    }
}

/// What a query asks for beside the page; parameters that nobody knows are ignored.
pub(super) struct Queried<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Queried<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(read_query(&parts.uri)?))
    }
}

fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Failure> {
    query::query(uri).map_err(|why| match why {
        BodyRefusal::Malformed { .. } => Error::invalid("query", "is not percent-encoded UTF-8").into(),
        other => Failure::from(other),
    })
}

#[derive(Deserialize)]
struct Cursors {
    cursor: Option<String>,
    #[serde(rename = "page[cursor]")]
    page_cursor: Option<String>,
}

/// The page asked for, in a listing whose places are `K`.
pub(super) struct Paged<K>(pub(super) Ask<K>);

impl<K: Cursor, S: Sync> FromRequestParts<S> for Paged<K> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(page(&parts.uri)?))
    }
}

fn page<K: Cursor>(uri: &Uri) -> Result<Ask<K>, Failure> {
    let asked: Cursors = read_query(uri)?;
    let text = match (asked.cursor, asked.page_cursor) {
        (Some(_), Some(_)) => return Err(Error::invalid("cursor", "is given twice, once as page[cursor]").into()),
        (one, other) => one.or(other),
    };
    let Some(text) = text else { return Ok(Ask::first(PAGE)) };
    let (from, limit) = match observed(&text) {
        Some(numbered) => numbered?,
        None => (From::After(K::parse(&text)?), PAGE),
    };
    Ok(Ask { from, limit, total: false })
}

/// CW-7: the form of cursor that was seen in the wild, base64 of `pageNumber=<n>&pageSize=<m>`, pages counted from 0.
/// None when `text` is not of that form at all. In either alphabet of base64 such a text reads the same.
fn observed<K>(text: &str) -> Option<Result<(From<K>, u32)>> {
    let bytes = (text.len() <= 128).then(|| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok())??;
    let plain = String::from_utf8(bytes).ok()?;
    let (number, size) = plain.strip_prefix("pageNumber=")?.split_once("&pageSize=")?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let numbered = || {
        let (number, size) = (digits(number)?, digits(size)?);
        let limit = u32::try_from(size).ok().filter(|size| (1..=WIDEST).contains(size))?;
        let rows = number.checked_mul(size).filter(|rows| i64::try_from(*rows).is_ok())?;
        Some((From::Offset(rows), limit))
    };
    let wrong = || Error::invalid("cursor", "names no page, or one of more than 1,000 rows");
    Some(numbered().ok_or_else(wrong))
}

/// A read that names a revision in `Guildhall-Min-Revision` is answered only once the company has reached it.
pub(super) async fn fresh(State(app): State<App>, request: Request, next: Next) -> Response {
    const HEADER: &str = "Guildhall-Min-Revision";
    if !request.method().is_safe() {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>();
    if let (Some(value), Some(caller)) = (request.headers().get(HEADER), caller) {
        let asked = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok());
        let outcome = match asked {
            Some(asked) => app.engine().at_least(caller.company, asked).await,
            None => Err(Error::invalid(HEADER, "is not a whole number")),
        };
        if let Err(error) = outcome {
            return Failure::from(error).into_response();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use guildhall_engine::UserKey;

    use super::*;

    fn read(query: &str) -> Option<(From<UserKey>, u32)> {
        let uri: Uri = format!("/api/v1/Users{query}").parse().unwrap();
        page(&uri).ok().map(|ask| (ask.from, ask.limit))
    }

    #[test]
    fn cursors_of_both_forms_under_both_names() {
        let key = UserKey::Name("åsa".into(), UserId::NIL);
        let numbered = |text: &str| STANDARD.encode(text);
        assert_eq!(read(""), Some((From::Start, 100)));
        assert_eq!(read(&format!("?cursor={}", key.write())), Some((From::After(key.clone()), 100)));
        assert_eq!(read(&format!("?page%5Bcursor%5D={}", key.write())), Some((From::After(key), 100)));
        let third = numbered("pageNumber=2&pageSize=50");
        assert_eq!(read(&format!("?cursor={third}")), Some((From::Offset(100), 50)));
        assert_eq!(read(&format!("?page[cursor]={}", third.trim_end_matches('='))), Some((From::Offset(100), 50)));
        for wrong in ["?cursor=", "?cursor=x", "?cursor=a&page[cursor]=a", "?cursor=a&cursor=a"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for wrong in [
            "pageNumber=0&pageSize=0",
            "pageNumber=0&pageSize=1001",
            "pageNumber=+1&pageSize=10",
            "pageNumber=-1&pageSize=10",
            "pageNumber=&pageSize=",
            "pageNumber=18446744073709551615&pageSize=1000",
            "pageNumber=9223372036854775807&pageSize=2",
            "pageNumber=99999999999999999999999&pageSize=2",
            "pageNumber=1&pageSize=10&x=1",
            "pageSize=10&pageNumber=1",
        ] {
            assert_eq!(read(&format!("?cursor={}", numbered(wrong))), None, "{wrong}");
        }
    }
}
