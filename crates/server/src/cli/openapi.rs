//! `guildhall openapi`: the OpenAPI document of a dialect, made from its handlers.

use std::io::Write;

use super::Failure;
use crate::api;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// The dialect
    #[arg(value_name = "DIALECT")]
    dialect: String,
}

impl Openapi {
    pub(super) fn run(self) -> Result<(), Failure> {
        let names: Vec<&str> = api::documents().collect();
        if !names.contains(&self.dialect.as_str()) {
            let why = format!("`{}` is not a dialect with a document; there are {}", self.dialect, names.join(", "));
            return Err(Failure::usage(why));
        }
        let document = api::document(&self.dialect).ok_or_else(|| Failure::usage("no such document"))?;
        let text =
            document.to_pretty_json().map_err(|e| Failure::new(format!("the document cannot be written: {e}")))?;
        writeln!(std::io::stdout(), "{text}")
            .map_err(|e| Failure::new(format!("standard output cannot be written: {e}")))
    }
}
