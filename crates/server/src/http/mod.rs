//! What every dialect shares of HTTP: listening, the layers around the routes, reading bodies, limits.
//!
//! The walk of a request: [`listen`] accepts and reads its head, [`layers`] admits, times and logs it, a dialect's
//! handler reads it with [`body`], [`query`] and [`patch`]. Nothing here knows a dialect: refusals go out through the
//! function in [`layers::Settings`].

pub mod body;
pub mod caller;
mod check;
mod connection;
pub mod csv;
pub mod cursor;
mod intake;
pub mod json;
pub mod layers;
pub mod listen;
pub mod log;
pub mod markup;
pub mod patch;
pub mod peer;
pub mod query;
pub mod rate;
pub mod reach;
mod record;
pub mod refusal;
mod stall;
pub mod stop;
mod strict;
mod target;
pub mod tls;
