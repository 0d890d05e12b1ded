//! `guildhall openapi`: the OpenAPI document of a dialect, made from its handlers.

use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;

use clap::Args;
use guildhall_engine::{Engine, Options};

use super::Failure;
use crate::api;
use crate::app::App;
use crate::config::Limits;

#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// The dialect
    #[arg(value_name = "DIALECT")]
    dialect: String,
}

impl Openapi {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let names: Vec<&str> = api::documents().collect();
        if !names.contains(&self.dialect.as_str()) {
            let why = format!("`{}` is not a dialect with a document; there are {}", self.dialect, names.join(", "));
            return Err(Failure::usage(why));
        }
        // The routes are made around an application, so one is made, around a database that nobody else sees.
        let place = std::env::temp_dir().join(format!("guildhall-{}", uuid::Uuid::new_v4()));
        let fault = |e: std::io::Error| Failure::new(format!("{} cannot be used: {e}", place.display()));
        fs::DirBuilder::new().mode(0o700).create(&place).map_err(fault)?;
        let document = document(&place.join("none.db"), &self.dialect).await;
        let _ = fs::remove_dir_all(&place); // the system empties this directory as well
        let text = document?;
        std::io::stdout()
            .write_all(text.as_bytes())
            .map_err(|e| Failure::new(format!("standard output cannot be written: {e}")))
    }
}

async fn document(database: &std::path::Path, dialect: &str) -> Result<String, Failure> {
    let engine = Engine::open(Options::new(format!("sqlite:{}", database.display()))).await?;
    let app = App::new(engine, Limits::default());
    let document = api::document(&app, dialect).ok_or_else(|| Failure::usage("no such document"))?;
    let text = document.to_pretty_json().map_err(|e| Failure::new(format!("the document cannot be written: {e}")))?;
    Ok(text + "\n")
}
