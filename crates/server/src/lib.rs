//! How Guildhall is spoken: HTTP, timers and terminal; no SQL, no decisions.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod directories;
pub mod format;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod metrics;
pub mod moving;
pub mod oidc;
pub mod sheets;
