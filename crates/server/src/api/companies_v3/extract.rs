//! Reading a request in this dialect: ids in paths, bodies, and how fresh an answer must be.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{CompanyId, GroupId, RoleId, UserId};
use guildhall_domain::{Error, Result};
use http::Method;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::Failure;
use crate::app::App;
use crate::http::body;

/// An id that stands in a path.
pub(super) trait InPath: Sized {
    /// Its place in the route.
    const NAME: &'static str;
    /// The id, if the text is one.
    fn read(raw: &str) -> Result<Self>;
}

macro_rules! in_path {
    ($($id:ident = $name:literal),+) => {$(
        impl InPath for $id {
            const NAME: &'static str = $name;
            fn read(raw: &str) -> Result<Self> {
                Self::parse(Self::NAME, raw)
            }
        }
    )+};
}
in_path!(CompanyId = "companyId", GroupId = "groupId", UserId = "userId", RoleId = "roleId");

async fn id<T: InPath, S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<T, Failure> {
    let all = RawPathParams::from_request_parts(parts, state).await.map_err(Error::internal)?;
    let raw = all.iter().find(|(name, _)| *name == T::NAME).map(|(_, raw)| raw);
    let raw = raw.ok_or_else(|| Error::internal(format!("the route has no {}", T::NAME)))?;
    Ok(T::read(raw)?)
}

/// The id in the path; one that is not a UUID is refused with 400.
pub(super) struct Id<T>(pub(super) T);

impl<T: InPath, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        id(parts, state).await.map(Self)
    }
}

/// The caller at work in the company that the path names; another's and an unknown one are the same 404.
pub(super) struct Within(pub(super) Caller);

impl FromRequestParts<App> for Within {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let company = id::<CompanyId, _>(parts, app).await?;
        let caller = parts.extensions.get::<Caller>();
        let caller = caller.ok_or_else(|| Error::internal("the route is mounted without its door"))?;
        Ok(Self(app.engine().within(caller, company).await?))
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

/// C3-23: a JSON body that may be left out, where the reference asks for nothing that must be in it.
pub(super) struct MaybeBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        Ok(Self(body::read_or_default(request).await?))
    }
}

/// C3-5: the POSTs that only read, which a read-only key may send.
pub(super) fn reads(method: &Method, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    *method == Method::POST
        && matches!(
            segments[..],
            ["v3", "companies", _, "user-groups", "list"]
                | ["v3", "companies", _, "user-groups", _, "members"]
                | ["v3", "companies", _, "user-groups", _, "roles"]
                | ["v3", "companies", _, "roles"]
                | ["v3", "companies", _, "roles", "applicable-scopes"]
                | ["v3", "users", _, "user-groups"]
                | ["v3", "users", "list"]
        )
}

/// A read that names a revision in `Guildhall-Min-Revision` is answered only once its company has reached it.
pub(super) async fn fresh(State(app): State<App>, params: RawPathParams, request: Request, next: Next) -> Response {
    const HEADER: &str = "Guildhall-Min-Revision";
    if !request.method().is_safe() && !reads(request.method(), request.uri().path()) {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>();
    if let (Some(value), Some(caller)) = (request.headers().get(HEADER), caller) {
        let asked = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok());
        // A platform key reads in the company of the path; a handler says what is wrong with any other id there.
        let named =
            params.iter().find(|(name, _)| *name == CompanyId::NAME).and_then(|(_, raw)| CompanyId::read(raw).ok());
        let company = if caller.is_platform() { named.unwrap_or(caller.company) } else { caller.company };
        let outcome = match asked {
            Some(asked) => app.engine().at_least(company, asked).await,
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
    use super::*;

    #[test]
    fn only_lists_by_post_read() {
        let post = |path| reads(&Method::POST, path);
        for path in [
            "/v3/companies/c/user-groups/list",
            "/v3/companies/c/user-groups/g/members",
            "/v3/users/u/user-groups",
            "/v3/companies/c/user-groups/g/roles",
            "/v3/companies/c/roles",
            "/v3/companies/c/roles/applicable-scopes",
            "/v3/users/list",
        ] {
            assert!(post(path), "{path}");
            assert!(!reads(&Method::PATCH, path), "{path}");
        }
        for path in [
            "/v3/companies/c/user-groups",
            "/v3/roles",
            "/v2/users",
            "/v2/users/u/activate",
            "/v2/companies",
            "/v3/users/list/",
        ] {
            assert!(!post(path), "{path}");
        }
    }
}
