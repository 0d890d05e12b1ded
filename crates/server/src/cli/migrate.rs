//! `guildhall migrate`: the schema of this binary. Opening a database brings it there; this tells what was done.

use guildhall_engine::Engine;

use super::Failure;
use super::run::Output;

pub(super) async fn run(engine: &Engine, output: &Output) -> Result<(), Failure> {
    let line = match engine.schema() {
        (schema, 0) => format!("the database has schema {schema}; nothing was to be done"),
        (schema, 1) => format!("the database has schema {schema}, brought there in 1 step as it was opened"),
        (schema, n) => format!("the database has schema {schema}, brought there in {n} steps as it was opened"),
    };
    output.line(line).await
}
