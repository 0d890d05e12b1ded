//! For tests only: both databases by turns, builders, a clock that stands still.

pub mod postgres;
