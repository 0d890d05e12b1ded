//! What every handler shares: the engine, the limiters and the limits.

use std::sync::{Arc, OnceLock};

use guildhall_engine::Engine;

use crate::config::Limits;
use crate::http::rate::{Rates, WrongCredentials};
use crate::http::reach::Reach;
use crate::metrics::Metrics;
use crate::oidc::Provider;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    engine: Engine,
    limits: Limits,
    cakewalk_calls: Rates,
    calls: Rates,
    wrong: WrongCredentials,
    metrics: Metrics,
    reach: Reach,
    provider: OnceLock<Provider>,
    directories: Reach,
}

impl App {
    /// The state around an engine, with limiters that have counted nothing yet.
    pub fn new(engine: Engine, limits: Limits) -> Self {
        Self::reaching(engine, limits, Reach::new([]))
    }

    /// The same for a server that calls more than the public internet.
    pub fn reaching(engine: Engine, limits: Limits, reach: Reach) -> Self {
        let directories = reach.clone();
        Self::with_directories(engine, limits, reach, directories)
    }

    /// The same for a server that reads directories elsewhere than it calls webhooks.
    pub fn with_directories(engine: Engine, limits: Limits, reach: Reach, directories: Reach) -> Self {
        Self(Arc::new(Inner {
            cakewalk_calls: Rates::new(limits.cakewalk_calls),
            calls: Rates::new(limits.calls),
            wrong: WrongCredentials::new(limits.wrong_credentials),
            metrics: Metrics::default(),
            engine,
            limits,
            reach,
            provider: OnceLock::new(),
            directories: directories.named("directory-allow"),
        }))
    }

    /// The use cases.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }
    /// The limits on what a client may send.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }
    /// Counts calls per key in the Cakewalk dialect.
    pub fn cakewalk_calls(&self) -> &Rates {
        &self.0.cakewalk_calls
    }
    /// Counts calls per key in every other dialect.
    pub fn calls(&self) -> &Rates {
        &self.0.calls
    }
    /// Counts wrong credentials per address.
    pub fn wrong(&self) -> &WrongCredentials {
        &self.0.wrong
    }
    /// The addresses that the server may call by itself.
    pub fn reach(&self) -> &Reach {
        &self.0.reach
    }
    /// The provider that people sign in to the console with, if there is one.
    pub fn provider(&self) -> Option<&Provider> {
        self.0.provider.get()
    }
    /// Lets people sign in to the console with this provider, from now on; the first one stays.
    pub fn sign_in_with(&self, provider: Provider) {
        let _ = self.0.provider.set(provider);
    }
    /// The addresses of directories that the server may read.
    pub fn directories(&self) -> &Reach {
        &self.0.directories
    }
    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
    /// Lets go of what the limiters need no more, and folds what was counted; for a timer.
    pub fn retain_recent(&self) {
        self.0.cakewalk_calls.retain_recent();
        self.0.calls.retain_recent();
        self.0.wrong.retain_recent();
        self.0.metrics.fold();
    }
}
