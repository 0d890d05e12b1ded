//! How Guildhall is spoken: HTTP, timers and terminal; no SQL, no decisions.

pub mod api;
pub mod app;
pub mod config;
pub mod http;
pub mod jobs;
