//! The server as its clients see it: every test calls it over HTTP or runs its binary, on both databases.

mod approvals;
mod authzen;
mod bomb;
mod cakewalk;
mod cli;
mod companies;
mod console;
mod databases;
mod doors;
mod kill;
mod ldap;
mod mail;
mod metrics;
mod model;
mod moving;
mod native;
mod past;
mod races;
mod routes;
mod rules;
mod scim;
mod secoda;
mod story;
mod sweep;
mod webhooks;
