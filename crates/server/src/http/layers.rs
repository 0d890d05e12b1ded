//! The layers around every route: admit, name, time, catch, put into the dialect's form, log.
//!
//! One service instead of a stack of them: each refusal ends in the same place, so each has the same form.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use hyper::body::Body as _;
use ipnet::IpNet;
use tokio::time::Instant;
use tower::{Service, ServiceExt};
use uuid::Uuid;

pub use super::record::KeyId;
pub use super::refusal::{Asked, Refusal, Refuse, RequestId, Spoken};
use super::{
    check,
    intake::{self, Fault, Progress, Stage, Terms},
    peer::Origin,
    record::Record,
};
use crate::config::{Http, Limits};
use crate::metrics::Metrics;

/// What the layers need to know of the dialects, and of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The limits.
    pub limits: Limits,
    /// Proxies whose word on the client's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Host names answered to; empty means any.
    pub allowed_hosts: Vec<String>,
    /// Puts a refusal into the form of its dialect.
    pub refuse: Refuse,
    /// Says, before routing, what kind of call this is.
    pub plan: fn(&Method, &str) -> Plan,
    /// A dialect's path manners: another target to route by, where letter case or a trailing slash do not matter to it.
    pub manners: Option<fn(&Uri) -> Option<Uri>>,
    /// Where requests are counted.
    pub metrics: Metrics,
}

impl Settings {
    /// The settings for this configuration.
    pub fn new(http: &Http, refuse: Refuse, plan: fn(&Method, &str) -> Plan) -> Self {
        Self {
            limits: http.limits.clone(),
            trusted_proxies: http.trusted_proxies.clone(),
            allowed_hosts: http.allowed_hosts.clone(),
            refuse,
            plan,
            manners: None,
            metrics: Metrics::default(),
        }
    }
}

/// What is known of a call by its method and path.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The dialect's name, for the log.
    pub dialect: &'static str,
    /// How large a body it may have.
    pub body: BodySize,
    /// How long its answer may take, if not as long as any other's.
    pub deadline: Option<Duration>,
    /// Is the client's own `X-Request-Id` its answer's? Ours then goes as `Guildhall-Request-Id`.
    pub echoes: bool,
}

impl Plan {
    /// An ordinary call of this dialect.
    pub fn of(dialect: &'static str) -> Self {
        Self { dialect, body: BodySize::Usual, deadline: None, echoes: false }
    }
}

/// The size classes of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodySize {
    /// Nearly all.
    Usual,
    /// Group writes in Secoda and SCIM, bulk.
    Large,
    /// Import over HTTP.
    Import,
}

/// Puts the layers around a router. The result is what [`super::listen::Bound::serve`] takes.
pub fn wrap(router: Router, settings: Settings) -> Guard<Router> {
    // Bodies are metered here, so axum's own limit would only be a second opinion.
    let router = router.layer(middleware::from_fn(note_route)).layer(DefaultBodyLimit::disable());
    Guard { inner: router, settings: Arc::new(settings) }
}

/// The route is known only inside the router; its response carries it out to the log.
async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// A service with the layers around it.
#[derive(Debug, Clone)]
pub struct Guard<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // each call asks its own clone of the inner service
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (inner, settings) = (self.inner.clone(), Arc::clone(&self.settings));
        Box::pin(async move { Ok(answer(inner, &settings, request).await) })
    }
}

async fn answer<S>(inner: S, settings: &Settings, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let started = Instant::now();
    let request_id = RequestId(Uuid::new_v4());
    let asked = Asked { method: request.method().clone(), uri: request.uri().clone(), request_id };
    let plan = (settings.plan)(&asked.method, asked.path());
    let mut record = Record::open(asked, plan.dialect, &settings.metrics);
    let asked = &record.asked;

    let theirs = plan.echoes.then(|| request.headers().get("x-request-id").cloned()).flatten();

    let mut response = match admit(settings, plan, asked, request) {
        Ok(request) => run(inner, settings, plan, asked, started, request).await,
        Err(refusal) => refusal.answer(asked, settings.refuse),
    };

    let headers = response.headers_mut();
    if let Ok(name) = HeaderValue::from_str(&request_id.to_string()) {
        match theirs {
            Some(theirs) => {
                headers.insert("x-request-id", theirs);
                headers.insert("guildhall-request-id", name);
            }
            None => drop(headers.insert("x-request-id", name)),
        }
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if asked.method == Method::HEAD && !response.body().is_end_stream() {
        if let Some(size) = response.body().size_hint().exact() {
            response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(size.into());
        }
        *response.body_mut() = Body::empty();
    }
    record.answered(&mut response);
    response
}

/// Checks the head and puts what it says into the request's extensions.
fn admit(settings: &Settings, plan: Plan, asked: &Asked, request: Request) -> Result<Request, Refusal> {
    let (mut head, body) = request.into_parts();
    let origin = Origin::of(&head, &settings.trusted_proxies);
    let most = most(&settings.limits, plan.body);
    let refusal = match check::head(&head, &origin, asked, settings) {
        Err(refusal) => Some(refusal),
        Ok(()) if body.size_hint().lower() > most => Some(too_large(asked, most)),
        Ok(()) => None,
    };
    if let Some(refusal) = refusal {
        if !body.is_end_stream() {
            intake::linger(body);
        }
        return Err(refusal);
    }
    head.extensions.insert(asked.request_id);
    head.extensions.insert(origin);
    if let Some(uri) = settings.manners.and_then(|manners| manners(&head.uri)) {
        head.uri = uri;
    }
    Ok(Request::from_parts(head, body))
}

/// Runs the routes, within the deadline.
async fn run<S>(
    inner: S,
    settings: &Settings,
    plan: Plan,
    asked: &Asked,
    started: Instant,
    mut request: Request,
) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let limits = &settings.limits;
    let patience = plan.deadline.unwrap_or(limits.deadline);
    let terms = Terms {
        most: most(limits, plan.body),
        rate: limits.body_rate,
        until: started + limits.request_time.max(patience),
    };
    let progress = if request.body().is_end_stream() {
        None
    } else {
        let (body, progress) = intake::metered(std::mem::take(request.body_mut()), terms);
        *request.body_mut() = body;
        Some(progress)
    };
    let mut work = Box::pin(AssertUnwindSafe(inner.oneshot(request)).catch_unwind());
    let mut until = started + patience;
    let outcome = loop {
        match tokio::time::timeout_at(until, &mut work).await {
            Ok(outcome) => break outcome,
            Err(_) => match progress.as_ref().map(Progress::stage) {
                // The client is still sending: that time is not ours.
                Some(Stage::Theirs) if until < terms.until => until = terms.until,
                Some(Stage::Theirs) => return too_slow(asked).answer(asked, settings.refuse),
                Some(Stage::Complete(since)) if since + patience > until => until = since + patience,
                Some(Stage::Ours(since)) if since + patience > until && until < terms.until => {
                    until = terms.until.min(since + patience);
                }
                _ => {
                    let refusal = Refusal::new(asked, StatusCode::SERVICE_UNAVAILABLE, "the answer took too long");
                    return Refusal { retry_after: Some(1), ..refusal }.answer(asked, settings.refuse);
                }
            },
        }
    };
    let response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        // The panic hook has logged it; the client learns only the request id.
        Err(_panic) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let Some(refusal) = Refusal::of(asked, &response) else { return response };
    // An extractor that knows nothing of the meter calls its refusals something else.
    let refusal = match progress.as_ref().map(Progress::stage) {
        Some(Stage::Failed(Fault::TooLarge(most))) => too_large(asked, most),
        Some(Stage::Failed(Fault::TooSlow)) => too_slow(asked),
        _ => refusal,
    };
    keep(&response, refusal.answer(asked, settings.refuse))
}

/// What the replaced answer said beside its body.
fn keep(from: &Response, mut to: Response) -> Response {
    for value in from.headers().get_all(header::WWW_AUTHENTICATE) {
        to.headers_mut().append(header::WWW_AUTHENTICATE, value.clone());
    }
    if let Some(route) = from.extensions().get::<MatchedPath>() {
        to.extensions_mut().insert(route.clone());
    }
    if let Some(key) = from.extensions().get::<KeyId>() {
        to.extensions_mut().insert(*key);
    }
    to
}

fn most(limits: &Limits, size: BodySize) -> u64 {
    match size {
        BodySize::Usual => limits.body,
        BodySize::Large => limits.large_body,
        BodySize::Import => limits.import_body,
    }
}

fn too_large(asked: &Asked, most: u64) -> Refusal {
    Refusal::new(asked, StatusCode::PAYLOAD_TOO_LARGE, Fault::TooLarge(most).to_string())
}

fn too_slow(asked: &Asked) -> Refusal {
    Refusal::new(asked, StatusCode::REQUEST_TIMEOUT, Fault::TooSlow.to_string())
}
