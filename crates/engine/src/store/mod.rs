//! The rows: one SQL text for both databases, a file a noun, each statement beside its function.
//!
//! Private to the engine, so that a dialect can only reach rows through a use case.

pub(crate) mod absences;
pub(crate) mod accesses;
pub(crate) mod answers;
pub(crate) mod apps;
pub(crate) mod companies;
pub(crate) mod conflicts;
pub(crate) mod connections;
pub(crate) mod db;
pub(crate) mod deliveries;
pub(crate) mod events;
pub(crate) mod giving;
pub(crate) mod group_apps;
pub(crate) mod groups;
pub(crate) mod identity;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod many;
pub(crate) mod migrate;
pub(crate) mod nestings;
pub(crate) mod notices;
pub(crate) mod owners;
pub(crate) mod past;
pub(crate) mod policies;
pub(crate) mod postgres;
pub(crate) mod reasons;
pub(crate) mod refusals;
pub(crate) mod releases;
pub(crate) mod requests;
pub(crate) mod reviews;
pub(crate) mod roles;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod sqlite;
pub(crate) mod statement;
pub(crate) mod tasks;
pub(crate) mod teams;
pub(crate) mod users;
pub(crate) mod webhooks;

pub(crate) use db::{Conn, Db};
pub(crate) use statement::{Row, Statement, Value, sql, val};

/// Every statement there is, for the tests that prepare and explain each of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Statement> {
    [
        absences::ALL,
        accesses::ALL,
        answers::ALL,
        apps::ALL,
        companies::ALL,
        conflicts::ALL,
        connections::ALL,
        deliveries::ALL,
        events::ALL,
        giving::ALL,
        group_apps::ALL,
        groups::ALL,
        identity::ALL,
        keys::ALL,
        links::ALL,
        nestings::ALL,
        notices::ALL,
        owners::ALL,
        past::ALL,
        policies::ALL,
        reasons::ALL,
        refusals::ALL,
        roles::ALL,
        releases::ALL,
        rules::ALL,
        runs::ALL,
        requests::ALL,
        sessions::ALL,
        reviews::ALL,
        signing_keys::ALL,
        tasks::ALL,
        teams::ALL,
        users::ALL,
        webhooks::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
