//! Asking another server for its pages: patiently, one at a time, and never twice for the same.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{From, Heard, Speaks};

/// Tries of one question before the reading ends.
const TRIES: u32 = 8;
/// The longest wait that another server may ask for.
const LONGEST_WAIT: u64 = 600;
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// The most bytes of one answer.
const LARGEST: usize = 64 << 20;

/// The pages of one server.
pub(super) struct Pages<'a> {
    http: reqwest::Client,
    base: String,
    from: From,
    token: Option<String>,
    kept: HashMap<String, Value>,
    file: Option<File>,
    heard: Heard<'a>,
    seen: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn open(from: From, heard: Heard<'a>) -> Result<Self, String> {
        let base = from.url.trim_end_matches('/').to_owned();
        let uri: http::Uri = base.parse().map_err(|_| "--url is not an address".to_owned())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err("--url must be http://… or https://…".into());
        }
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER)
            .user_agent(concat!("Guildhall/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| format!("no client can be made: {e}"))?;
        let (mut kept, mut file) = (HashMap::new(), None);
        if let Some(path) = &from.resume {
            let told = |e: std::io::Error| format!("{} cannot be used: {e}", path.display());
            let all = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(told)?;
            for line in BufReader::new(all.try_clone().map_err(told)?).lines() {
                // The last line of a reading that was cut off may be half a line.
                let Ok(line) = serde_json::from_str::<Value>(&line.map_err(told)?) else { continue };
                if let Some(asked) = line["asked"].as_str() {
                    kept.insert(asked.to_owned(), line["answer"].clone());
                }
            }
            file = Some(all);
        }
        Ok(Self { http, base, from, token: None, kept, file, heard, seen: 0 })
    }

    /// The company that the command names.
    pub(super) fn company(&self) -> Option<String> {
        self.from.company.clone()
    }

    /// The address that the command names.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// That so many more people or groups have been read.
    pub(super) fn saw(&mut self, n: usize) {
        self.seen += n as u64;
        (self.heard)(self.seen);
    }

    /// The path of a link that the server gave; one that leads elsewhere is not followed with our key.
    pub(super) fn link(&self, link: &str) -> Result<String, String> {
        if link.starts_with('/') && !link.starts_with("//") {
            return Ok(link.to_owned());
        }
        let origin = |text: &str| {
            let uri: http::Uri = text.parse().ok()?;
            Some((uri.scheme_str()?.to_owned(), uri.authority()?.to_string()))
        };
        match (origin(link), origin(&self.base)) {
            (Some(theirs), Some(ours)) if theirs == ours => {
                let uri: http::Uri = link.parse().map_err(|_| "the server gave a link that is none".to_owned())?;
                Ok(uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string))
            }
            _ => Err(format!("the server's next page is elsewhere ({link}), where the key is not sent")),
        }
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Value, String> {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn post(&mut self, path: &str, body: Value) -> Result<Value, String> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let asked = match &body {
            Some(body) => format!("{method} {path} {body}"),
            None => format!("{method} {path}"),
        };
        if let Some(answer) = self.kept.get(&asked) {
            return Ok(answer.clone());
        }
        let answer = self.patiently(method, path, body.as_ref()).await?;
        if let Some(file) = &mut self.file {
            let line = format!("{}\n", json!({"asked": asked, "answer": answer}));
            file.write_all(line.as_bytes()).map_err(|e| format!("what was read cannot be kept: {e}"))?;
        }
        Ok(answer)
    }

    async fn patiently(&mut self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let mut why = String::new();
        for tried in 0..TRIES {
            let mut wait = 1 << tried.min(6);
            match self.once(method.clone(), path, body).await {
                Ok((StatusCode::OK, _, answer)) => return Ok(answer),
                Ok((StatusCode::UNAUTHORIZED, ..)) if self.token.take().is_some() && tried == 0 => continue,
                Ok((status, after, _)) if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                    why = format!("it answered {}", status.as_u16());
                    wait = after.unwrap_or(wait).min(LONGEST_WAIT);
                }
                Ok((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, ..)) => {
                    return Err(format!("{path}: the server refuses the key, or its right to read this"));
                }
                Ok((status, ..)) => return Err(format!("{path}: the server answered {}", status.as_u16())),
                Err(e) => why = e,
            }
            if tried + 1 < TRIES {
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
        }
        Err(format!("{path}: {why}, and went on doing so"))
    }

    async fn once(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Option<u64>, Value), String> {
        let token = self.authorise().await?;
        let mut ask = self.http.request(method, format!("{}{path}", self.base)).header("accept", "application/json");
        ask = match (self.from.speaks, &self.from.key) {
            (Speaks::Cakewalk, Some(key)) => ask.header("x-api-key", key).header("x-api-secret", &self.from.secret),
            _ => ask.bearer_auth(token),
        };
        if let Some(body) = body {
            ask = ask.json(body);
        }
        let answer = ask.send().await.map_err(|e| broken(&e))?;
        let status = answer.status();
        let after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        if status != StatusCode::OK {
            return Ok((status, after, Value::Null));
        }
        Ok((status, after, whole(answer).await?))
    }

    /// The token to present: the one of the command, or one that the server changes the key for.
    async fn authorise(&mut self) -> Result<String, String> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let From { speaks, key, secret, .. } = &self.from;
        let token = match (speaks, key) {
            (Speaks::CompaniesV3, Some(key)) => {
                let form = [("grant_type", "client_credentials"), ("client_id", key), ("client_secret", secret)];
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
                let ask = self.http.post(format!("{}/v2/auth/oauth2-token", self.base));
                let ask = ask.header("content-type", "application/x-www-form-urlencoded").body(form);
                let answer = ask.send().await.map_err(|e| broken(&e))?;
                if answer.status() != StatusCode::OK {
                    return Err(format!("the server gives no token for this key ({})", answer.status().as_u16()));
                }
                let told = whole(answer).await?;
                told["access_token"].as_str().ok_or("the server's token cannot be read")?.to_owned()
            }
            (_, Some(key)) => format!("{key}.{secret}"),
            (_, None) => secret.clone(),
        };
        self.token = Some(token.clone());
        Ok(token)
    }
}

/// An answer, of bounded size, as JSON.
async fn whole(mut answer: reqwest::Response) -> Result<Value, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| broken(&e))? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err("the server's answer is larger than 64 MiB".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|_| "the server's answer is not JSON".into())
}

fn broken(error: &reqwest::Error) -> String {
    match error {
        e if e.is_timeout() => "the server did not answer in time".into(),
        e if e.is_connect() => "the server cannot be reached".into(),
        _ => "the connection broke".into(),
    }
}
