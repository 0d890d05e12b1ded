//! A client that calls a server as its users do, and replies that can be laid beside a snapshot.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use uuid::Uuid;

use crate::App;
use crate::seed::{Seed, Who};

/// Names for ids in replies: the seeded ones by name, others by the order of their first appearance.
#[derive(Clone, Debug)]
pub(crate) struct Names(Arc<Mutex<Vec<(Uuid, String)>>>);

impl Names {
    pub(crate) fn new(seed: &Seed) -> Self {
        let mut names: Vec<(Uuid, String)> = seed.ids.iter().map(|(name, id)| (*id, (*name).to_owned())).collect();
        names.extend(seed.keys().map(|(who, secret)| (secret.key.id.uuid(), format!("key of {who:?}"))));
        Self(Arc::new(Mutex::new(names)))
    }

    /// The text with a name for each id in it.
    fn tell(&self, text: &str) -> String {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while !rest.is_empty() {
            let id = rest.get(..36).filter(|t| t.as_bytes()[8] == b'-').and_then(|t| Uuid::try_parse(t).ok());
            if let Some(id) = id {
                let fresh = format!("id {}", known.iter().filter(|(_, name)| name.starts_with("id ")).count() + 1);
                let found = known.iter().find(|(k, _)| *k == id).map(|(_, name)| name.clone());
                let name = found.unwrap_or_else(|| {
                    known.push((id, fresh.clone()));
                    fresh
                });
                out.push_str(&format!("<{name}>"));
                rest = &rest[36..];
            } else {
                let end = rest.chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
        }
        out
    }
}

/// How the key is presented.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    TwoHeaders,
    Bearer,
}

/// A caller of one server. Starts out as the administrator.
#[derive(Clone)]
pub struct Client<'a> {
    app: &'a App,
    manner: Manner,
    who: Who,
    headers: Vec<(String, String)>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(app: &'a App, manner: Manner) -> Self {
        Self { app, manner, who: Who::Admin, headers: Vec::new() }
    }

    /// The same client with another's key.
    pub fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    /// The same client with a header on every call.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// GET.
    pub async fn get(&self, path: impl AsRef<str>) -> Reply {
        self.call("GET", path, None).await
    }
    /// DELETE.
    pub async fn delete(&self, path: impl AsRef<str>) -> Reply {
        self.call("DELETE", path, None).await
    }
    /// POST with a JSON body.
    pub async fn post(&self, path: impl AsRef<str>, body: Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }
    /// PUT with a JSON body.
    pub async fn put(&self, path: impl AsRef<str>, body: Value) -> Reply {
        self.call("PUT", path, Some(body)).await
    }
    /// PATCH with a JSON body.
    pub async fn patch(&self, path: impl AsRef<str>, body: Value) -> Reply {
        self.call("PATCH", path, Some(body)).await
    }

    /// Any method, with a JSON body or none.
    pub async fn call(&self, method: &str, path: impl AsRef<str>, body: Option<Value>) -> Reply {
        match body {
            Some(body) => self.send(method, path, "application/json", body.to_string().into_bytes()).await,
            None => self.send(method, path, "", Vec::new()).await,
        }
    }

    /// Any method, with any bytes; an empty content type is not sent.
    pub async fn send(&self, method: &str, path: impl AsRef<str>, content_type: &str, body: Vec<u8>) -> Reply {
        let request = self.request(method, path.as_ref());
        let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
        let request = if body.is_empty() { request } else { request.body(body) };
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = response.text().await.expect("a body");
        Reply { status, headers, body, names: self.app.names.clone() }
    }

    /// The request itself, for what the methods above do not do (streams).
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.app.http().request(method, format!("{}{path}", self.app.url));
        if self.who != Who::Nobody {
            let key = self.app.key(self.who);
            request = match self.manner {
                Manner::TwoHeaders => {
                    request.header("x-api-key", key.key.id.to_string()).header("x-api-secret", &key.secret)
                }
                Manner::Bearer => request.header("authorization", format!("Bearer {}", key.token())),
            };
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: String,
    names: Names,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {} {}", self.status, self.body))
    }

    /// A header's value; empty when it was not sent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The answer, when the status is this one.
    ///
    /// # Panics
    /// When it is another.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }
}

/// `200 {"data":…}`: status and body, ids by name.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.names.tell(&self.body))
    }
}
