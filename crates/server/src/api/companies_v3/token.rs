//! The token endpoint: client credentials in, a token for an hour out (RFC 6749 §4.4).

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guildhall_domain::caller::Dialect;
use guildhall_domain::ids::{KeyId, RequestId};
use guildhall_domain::{Error, Result};
use http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::{Failure, TokenRefusals};
use crate::app::App;
use crate::http::body;
use crate::http::layers::{KeyId as LoggedKey, RequestId as LayersRequestId};
use crate::http::peer::Origin;

/// The most bytes of a token request: its members are a few hundred.
const MOST: u64 = 16 * 1024;

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    access_token: String,
    #[schema(value_type = String, example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 3600)]
    expires_in: i64,
}

/// What a token is asked with. `audience`, `scope` and whatever else is sent are ignored (C3-2).
#[derive(Debug, Default, ToSchema)]
pub(super) struct TokenRequest {
    /// `client_credentials`.
    #[schema(value_type = String, example = "client_credentials")]
    grant_type: Option<String>,
    /// The key's id.
    #[schema(value_type = String)]
    client_id: Option<String>,
    /// The key's secret.
    #[schema(value_type = String)]
    client_secret: Option<String>,
}

/// Exchanges client credentials for a token
///
/// The credentials stand in the form, or in `Authorization: Basic` instead.
#[utoipa::path(
    post, path = "/v2/auth/oauth2-token", operation_id = "createOauth2Token", tag = "Token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A token", body = TokenAnswer), TokenRefusals),
    security(())
)]
pub(super) async fn create(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let id = request.extensions().get::<LayersRequestId>().map_or_else(Uuid::nil, |id| id.0);
    let address = request.extensions().get::<Origin>().map(|origin| origin.client);
    let headers = request.headers().clone();
    let form = TokenRequest::from_request(request, &()).await?;
    let (client, secret) = form.credentials(&headers)?;
    match app.engine().token(&client, &secret, Dialect::Companies, RequestId::new(id)).await {
        Ok(token) => {
            let key = KeyId::parse("client_id", &client)?.uuid();
            app.calls().check(key).map_err(|retry| Error::TooFast { retry_after: retry.0 })?;
            let answer = TokenAnswer { access_token: token.text, token_type: "Bearer", expires_in: token.expires_in };
            let fields = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
            let mut response = (fields, Json(answer)).into_response();
            response.extensions_mut().insert(LoggedKey(key));
            Ok(response)
        }
        Err(Error::Unauthenticated { .. }) => {
            // Counted only once it has proved wrong: a right credential is never held up by others' guesses.
            Err(match address.map(|address| app.wrong().failed(address)) {
                Some(Err(retry)) => Error::TooFast { retry_after: retry.0 }.into(),
                _ => Failure::WrongClient,
            })
        }
        Err(other) => Err(other.into()),
    }
}

impl<S: Sync> FromRequest<S> for TokenRequest {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        if !is_form(&head.headers) {
            return Err(Failure::NotAForm);
        }
        Ok(read(&body::read(body, MOST).await?)?)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else { return false };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The form's members; one given twice is refused (RFC 6749 §3.2), an empty one is left out.
fn read(body: &[u8]) -> Result<TokenRequest> {
    let mut form = TokenRequest::default();
    for (name, value) in form_urlencoded::parse(body) {
        let (field, member) = match &*name {
            "grant_type" => ("grant_type", &mut form.grant_type),
            "client_id" => ("client_id", &mut form.client_id),
            "client_secret" => ("client_secret", &mut form.client_secret),
            _ => continue,
        };
        if member.is_some() {
            return Err(Error::invalid(field, "is given twice"));
        }
        *member = Some(value.into_owned());
    }
    Ok(form)
}

impl TokenRequest {
    /// Client id and secret, from the form or from `Authorization: Basic`, not from both.
    fn credentials(self, headers: &HeaderMap) -> Result<(String, String)> {
        let given = |field: &str, member: Option<String>| {
            member.filter(|text| !text.is_empty()).ok_or_else(|| Error::invalid(field, "is missing"))
        };
        if given("grant_type", self.grant_type)? != "client_credentials" {
            return Err(Error::invalid("grant_type", "must be client_credentials"));
        }
        let Some(basic) = headers.get(header::AUTHORIZATION) else {
            return Ok((given("client_id", self.client_id)?, given("client_secret", self.client_secret)?));
        };
        let (client, secret) = basic.to_str().ok().and_then(of_basic).ok_or_else(|| {
            Error::invalid("Authorization", "must be left out, or hold Basic and the client's credentials in base64")
        })?;
        if self.client_secret.is_some() {
            return Err(Error::invalid("client_secret", "must be left out where Authorization holds it"));
        }
        if self.client_id.is_some_and(|id| id != client) {
            return Err(Error::invalid("client_id", "is not the one in Authorization"));
        }
        Ok((client, secret))
    }
}

fn of_basic(value: &str) -> Option<(String, String)> {
    let (scheme, text) = value.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(text.trim()).ok())??;
    let plain = String::from_utf8(bytes).ok()?;
    plain.split_once(':').map(|(client, secret)| (client.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_from_one_place() {
        let bare = HeaderMap::new();
        let basic = HeaderMap::from_iter([(header::AUTHORIZATION, "Basic YTpiOmM=".parse().unwrap())]);
        let asked = |form: &str, headers: &HeaderMap| read(form.as_bytes()).and_then(|form| form.credentials(headers));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        let form = "grant_type=client_credentials&client_id=a&client_secret=b%2Bc&audience=x&scope=";
        assert_eq!(asked(form, &bare).ok(), pair("a", "b+c"));
        assert_eq!(asked("grant_type=client_credentials", &basic).ok(), pair("a", "b:c"));
        assert_eq!(asked("grant_type=client_credentials&client_id=a", &basic).ok(), pair("a", "b:c"));
        for (wrong, headers) in [
            (form, &basic),
            ("grant_type=client_credentials&client_id=b", &basic),
            ("grant_type=client_credentials&client_id=a&client_id=a&client_secret=b", &bare),
            ("grant_type=client_credentials&client_id=&client_secret=b", &bare),
            ("grant_type=password&client_id=a&client_secret=b", &bare),
            ("client_id=a&client_secret=b", &bare),
        ] {
            assert!(asked(wrong, headers).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, value: String) {
            let _ = read(&bytes);
            let _ = of_basic(&value);
        }
    }
}
