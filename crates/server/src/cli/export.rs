//! `guildhall export`: companies in the directory format, on standard output.

use clap::Args;
use guildhall_domain::Error;
use guildhall_domain::ids::CompanyId;
use guildhall_engine::Engine;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::run::{Command, Output};
use super::{Database, Failure, execute};
use crate::format;
use crate::sheets::Topic;

/// Pages of the export that wait to be written.
const AHEAD: usize = 2;

/// All of it is from one state of the database, in an order that is always the same.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Only this company; without it, all
    #[arg(long, env = "GUILDHALL_EXPORT_COMPANY", value_name = "ID")]
    company: Option<Uuid>,
    /// Write a sheet of this kind instead, as CSV (docs/sheets.md)
    #[arg(long, env = "GUILDHALL_EXPORT_CSV", value_name = "KIND")]
    csv: Option<Topic>,
}

impl Export {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let Self { company, csv } = self;
        let command = match csv {
            Some(topic) => Command::ExportSheet { topic, company },
            None => Command::Export { company },
        };
        execute(database, command, Vec::new()).await
    }
}

pub(super) async fn run(engine: &Engine, company: Option<Uuid>, output: &Output) -> Result<(), Failure> {
    let (to, mut pages) = mpsc::channel(AHEAD);
    let engine = engine.clone();
    let told = tokio::spawn(async move { engine.export(company.map(CompanyId::new), to).await });
    while let Some(page) = pages.recv().await {
        let mut text = Vec::with_capacity(page.len() * 300);
        for record in &page {
            format::write(&mut text, record).map_err(|e| Failure::new(format!("a stored record is broken: {e}")))?;
        }
        output.text(text).await?;
    }
    match told.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Error::NotFound { .. })) => {
            Err(Failure::new(format!("no company has the id {}", company.unwrap_or_default())))
        }
        Ok(Err(error)) => Err(error.into()),
        Err(e) => Err(Failure::new(format!("the export broke off: {e}"))),
    }
}
