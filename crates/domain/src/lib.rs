//! What is true: companies, users, groups and memberships with their rules, as plain values and functions.
//!
//! Nothing here reads a clock, a file or a socket, and nothing here knows JSON: times and ids come in as
//! arguments, and each dialect owns its own wire form.

pub mod access;
pub mod app;
pub mod caller;
pub mod company;
pub mod conflict;
pub mod connection;
pub mod custom;
pub mod error;
pub mod event;
pub mod group;
pub mod ids;
pub mod key;
pub mod membership;
pub mod name;
pub mod nesting;
pub mod notice;
pub mod page;
pub mod patch;
pub mod person;
pub mod policy;
pub mod preview;
pub mod pull;
pub mod request;
pub mod review;
pub mod role;
pub mod route;
pub mod session;
pub mod spans;
pub mod team;
pub mod time;
pub mod user;
pub mod webhook;

pub use error::{Error, Result};
pub use time::Timestamp;
