//! Sheets on the wire.

use guildhall_engine::sheets::Imported;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whether a sheet of members tells all of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WholeSheet {
    /// Has each group that is named just the members of its rows?
    #[param(default = false)]
    pub(crate) whole: Option<bool>,
}

/// What came of a sheet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportedSheet {
    /// Rows that made something, or put somebody into a group.
    added: u64,
    /// Rows that changed something.
    changed: u64,
    /// Members who were taken out.
    removed: u64,
    /// Rows that said what stands.
    unchanged: u64,
    /// The encoding that the sheet was in.
    encoding: &'static str,
    /// The columns that mean nothing here and were passed over.
    ignored: Vec<String>,
    /// The company's revision after it.
    revision: u64,
}

impl ImportedSheet {
    /// What to answer.
    pub(crate) fn of(done: Imported, encoding: &'static str, ignored: &[String], revision: u64) -> Self {
        let Imported { added, changed, removed, unchanged } = done;
        Self { added, changed, removed, unchanged, encoding, ignored: ignored.to_vec(), revision }
    }
}
