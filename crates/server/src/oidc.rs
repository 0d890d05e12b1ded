//! The company's own sign-in, as a relying party of OpenID Connect: metadata, code, ID token.
//!
//! The authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1, RFC 7636). What the provider
//! says is believed only behind its signature; only asymmetric algorithms are.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use guildhall_domain::ids::CompanyId;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The most bytes of an answer of the provider's.
const ANSWER: usize = 256 << 10;
/// How long its metadata and keys are kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How soon keys may be asked for again, when one is named that is not known.
const AGAIN: Duration = Duration::from_secs(30);
/// What may sign: nothing whose key we would share.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How a provider is told to the server.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its issuer: what its metadata and tokens name it by.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// What proves that; none for a public client, which PKCE protects alone.
    pub client_secret: Option<String>,
    /// The company whose people sign in with it.
    pub company: CompanyId,
    /// What the button says.
    pub name: String,
}

/// A provider that people sign in with.
pub struct Provider {
    registration: Registration,
    http: reqwest::Client,
    known: Mutex<Option<(Instant, Arc<Known>)>>,
}

/// What a provider publishes.
struct Known {
    metadata: Metadata,
    keys: JwkSet,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// A sign-in that has begun, as the browser keeps it until the provider sends the person back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Comes back with the person.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves, when the code is exchanged, that it is us who asked for it.
    pub verifier: String,
}

/// Who signed in, as the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The e-mail address.
    pub email: String,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nonce: Option<String>,
    azp: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    email_verified: Option<bool>,
}

fn fresh() -> Result<String, String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| "there is no randomness")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Begun {
    /// A new one: three secrets that nobody can guess.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self, String> {
        Ok(Self { state: fresh()?, nonce: fresh()?, verifier: fresh()? })
    }

    /// As a cookie's value.
    pub fn write(&self) -> String {
        format!("{}.{}.{}", self.state, self.nonce, self.verifier)
    }

    /// From a cookie's value.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::to_owned);
        let begun = Self { state: parts.next()?, nonce: parts.next()?, verifier: parts.next()? };
        (parts.next().is_none() && [&begun.state, &begun.nonce, &begun.verifier].iter().all(|part| part.len() == 43))
            .then_some(begun)
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.verifier.as_bytes()).as_ref())
    }
}

impl Provider {
    /// A provider, not asked anything yet.
    ///
    /// # Errors
    /// When the issuer's address will not do, or TLS cannot be set up.
    pub fn new(registration: Registration) -> Result<Self, String> {
        let issuer: http::Uri = registration.issuer.parse().map_err(|_| "the issuer is not an address".to_owned())?;
        let local = matches!(issuer.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if issuer.scheme_str() != Some("https") && !(local && issuer.scheme_str() == Some("http")) {
            return Err("the issuer must be an https:// address".into());
        }
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { registration, http, known: Mutex::new(None) })
    }

    /// What the button says.
    pub fn name(&self) -> &str {
        &self.registration.name
    }

    /// The company whose people sign in with it.
    pub fn company(&self) -> CompanyId {
        self.registration.company
    }

    /// Where the browser is to go, to come back to `back`.
    ///
    /// # Errors
    /// When the provider does not answer, or not as one.
    pub async fn begin(&self, begun: &Begun, back: &str) -> Result<String, String> {
        let known = self.known(KEPT).await?;
        let at = &known.metadata.authorization_endpoint;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.registration.client_id)
            .append_pair("redirect_uri", back)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &begun.challenge())
            .append_pair("code_challenge_method", "S256")
            .finish();
        Ok(format!("{at}{}{query}", if at.contains('?') { '&' } else { '?' }))
    }

    /// Who it is that came back with this code; `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// Why that is not proved.
    pub async fn finish(&self, begun: &Begun, code: &str, back: &str, now: i64) -> Result<Proved, String> {
        let known = self.known(KEPT).await?;
        let tokens = self.exchange(&known.metadata, begun, code, back).await?;
        let claims = self.verify(&tokens.id_token).await?;
        if now >= claims.exp + 60 {
            return Err("the provider's token has expired".into());
        }
        if claims.nonce.as_deref() != Some(begun.nonce.as_str()) {
            return Err("the provider's token belongs to another sign-in".into());
        }
        if claims.azp.is_some_and(|party| party != self.registration.client_id) {
            return Err("the provider's token is for another application".into());
        }
        let (mut email, mut verified) = (claims.email, claims.email_verified);
        if let (None, Some(at), Some(token)) = (&email, &known.metadata.userinfo_endpoint, tokens.access_token) {
            let info: UserInfo = read(self.http.get(at).bearer_auth(token)).await?;
            if info.sub != claims.sub {
                return Err("the provider tells of somebody else".into());
            }
            (email, verified) = (info.email, info.email_verified);
        }
        match (email, verified) {
            (Some(_), Some(false)) => Err("the provider has not verified the e-mail address".into()),
            (Some(email), _) => Ok(Proved { email }),
            (None, _) => Err("the provider tells no e-mail address".into()),
        }
    }

    /// Exchanges the code for tokens.
    async fn exchange(&self, metadata: &Metadata, begun: &Begun, code: &str, back: &str) -> Result<Tokens, String> {
        read(self.exchanging(metadata, begun, code, back)).await
    }

    /// The request that does so.
    fn exchanging(&self, metadata: &Metadata, begun: &Begun, code: &str, back: &str) -> reqwest::RequestBuilder {
        let Registration { client_id, client_secret, .. } = &self.registration;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", back)
            .append_pair("code_verifier", &begun.verifier);
        let mut request = self.http.post(&metadata.token_endpoint);
        let methods = &metadata.token_endpoint_auth_methods_supported;
        // Basic is what holds where nothing is said.
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        match client_secret {
            Some(secret) if basic => {
                let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)));
                request = request.header(http::header::AUTHORIZATION, format!("Basic {pair}"));
            }
            Some(secret) => {
                form.append_pair("client_id", client_id).append_pair("client_secret", secret);
            }
            None => {
                form.append_pair("client_id", client_id);
            }
        }
        request.header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
    }

    /// The claims of an ID token that the provider has signed for us.
    async fn verify(&self, token: &str) -> Result<Claims, String> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| "the provider's token cannot be read")?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err("the provider's token is signed in a way that proves nothing".into());
        }
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[&self.registration.client_id]);
        validation.set_issuer(&[&self.registration.issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // Held against our own clock by the caller.
        validation.validate_exp = false;
        for age in [KEPT, AGAIN] {
            let known = self.known(age).await?;
            let fits = |jwk: &&jsonwebtoken::jwk::Jwk| match (&header.kid, &jwk.common.key_id) {
                (Some(named), Some(id)) => named == id,
                (Some(_), None) => false,
                (None, _) => true,
            };
            for jwk in known.keys.keys.iter().filter(fits) {
                let Ok(key) = DecodingKey::from_jwk(jwk) else { continue };
                if let Ok(read) = jsonwebtoken::decode::<Claims>(token, &key, &validation) {
                    return Ok(read.claims);
                }
            }
        }
        Err("the provider's token is not signed by it, or not for us".into())
    }

    /// What the provider publishes, no older than that.
    async fn known(&self, age: Duration) -> Result<Arc<Known>, String> {
        let mut held = self.known.lock().await;
        if let Some((at, known)) = &*held
            && at.elapsed() < age
        {
            return Ok(Arc::clone(known));
        }
        let issuer = &self.registration.issuer;
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = read(self.http.get(at)).await?;
        if metadata.issuer != *issuer {
            return Err(format!("the provider calls itself {}, not {issuer}", metadata.issuer));
        }
        let keys: JwkSet = read(self.http.get(&metadata.jwks_uri)).await?;
        let known = Arc::new(Known { metadata, keys });
        *held = Some((Instant::now(), Arc::clone(&known)));
        Ok(known)
    }
}

/// Sends a request and reads the JSON that comes of it.
async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, String> {
    let away = |_| "the provider does not answer".to_owned();
    let mut response = request.header(http::header::ACCEPT, "application/json").send().await.map_err(away)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(away)? {
        if body.len() + part.len() > ANSWER {
            return Err("the provider's answer is too long".into());
        }
        body.extend_from_slice(&part);
    }
    if !status.is_success() {
        return Err(format!("the provider answered {}", status.as_u16()));
    }
    serde_json::from_slice(&body).map_err(|_| "the provider's answer cannot be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_that_has_begun_is_kept_whole_or_not_at_all() {
        let begun = Begun::new().unwrap();
        assert_eq!(Begun::read(&begun.write()), Some(begun.clone()));
        assert_ne!(Begun::new().unwrap(), begun);
        for text in ["", "a.b.c", &format!("{}.x", begun.write()), &begun.write()[1..]] {
            assert_eq!(Begun::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let begun = Begun { state: String::new(), nonce: String::new(), verifier };
        assert_eq!(begun.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_issuer_is_reached_safely_or_is_our_own_machine() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let provider = |issuer: &str| {
            Provider::new(Registration {
                issuer: issuer.into(),
                client_id: "g".into(),
                client_secret: None,
                company: CompanyId::PLATFORM,
                name: "x".into(),
            })
            .is_ok()
        };
        assert!(provider("https://id.example/tenant") && provider("http://localhost:9000"));
        assert!(!provider("http://id.example") && !provider("id.example") && !provider("ftp://id.example"));
    }
}
