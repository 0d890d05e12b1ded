//! `guildhall doctor`: one line for each thing that can be wrong.

use guildhall_engine::Engine;

use super::Failure;
use super::run::Output;

pub(super) async fn run(engine: &Engine, output: &Output) -> Result<(), Failure> {
    let checks = engine.doctor().await;
    for check in &checks {
        let (sign, told) = match &check.outcome {
            Ok(told) => ("ok    ", told),
            Err(told) => ("FAILED", told),
        };
        output.line(format!("{sign} {:<10}  {told}", check.name)).await?;
    }
    match checks.iter().filter(|check| check.outcome.is_err()).count() {
        0 => Ok(()),
        1 => Err(Failure::new("1 check failed; the line above says what to do")),
        n => Err(Failure::new(format!("{n} checks failed; the lines above say what to do"))),
    }
}
