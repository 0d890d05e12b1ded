//! How Guildhall is spoken: HTTP, timers and terminal; no SQL, no decisions.

pub mod config;
pub mod http;
