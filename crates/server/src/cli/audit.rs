//! `guildhall audit verify`: do the chains of the audit log hold?

use clap::Subcommand;
use guildhall_engine::Engine;

use super::Failure;
use super::run::Output;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Check the hash chains of every company
    Verify,
}

pub(super) async fn run(engine: &Engine, output: &Output) -> Result<(), Failure> {
    let verified = engine.verify().await?;
    for one in &verified {
        let count = |n: u64, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        let (events, refusals) = (count(one.events, "event"), count(one.refusals, "refusal"));
        let told = one.broken.as_ref().map_or_else(|| "ok".to_owned(), |why| format!("BROKEN: {why}"));
        output.line(format!("{} ({}): {events}, {refusals}: {told}", one.name, one.company)).await?;
    }
    match verified.iter().filter(|one| one.broken.is_some()).count() {
        0 => Ok(()),
        n => Err(Failure::new(format!(
            "the audit log of {n} of {} companies is broken; keep this database as it is and compare it with a backup",
            verified.len()
        ))),
    }
}
