//! Reading a request: its body, and how fresh the answer must be.

use axum::extract::{FromRequest, Request};
use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use serde::de::DeserializeOwned;

use super::error::Failure;
use crate::app::App;
use crate::http::body;

/// Names the least revision that an answer must show.
const MIN_REVISION: &str = "Guildhall-Min-Revision";

/// Who asks what.
pub(super) struct Asked<T>(pub(super) Caller, pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Asked<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut head, body) = request.into_parts();
        let caller = head.extensions.remove::<Caller>();
        let caller = caller.ok_or_else(|| Error::internal("the route is mounted without its door"))?;
        if let Some(value) = head.headers.get(MIN_REVISION) {
            let asked = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok());
            let asked = asked.filter(|revision| i64::try_from(*revision).is_ok());
            let asked = asked.ok_or_else(|| Error::invalid(MIN_REVISION, "is not a whole number"))?;
            app.engine().at_least(caller.company, asked).await?;
        }
        // The layers meter the body against the limit of its route.
        let bytes = body::read(body, u64::MAX).await?;
        Ok(Self(caller, body::parse(&head.headers, &bytes)?))
    }
}
