//! The server as its clients see it: every test calls it over HTTP or runs its binary, on both databases.

mod cakewalk;
mod databases;
mod model;
mod native;
mod secoda;
mod story;
