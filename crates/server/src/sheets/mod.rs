//! Sheets: people, groups and members as CSV, for spreadsheets (`docs/sheets.md`).

mod read;
mod text;
mod write;

use guildhall_domain::Result;
use guildhall_engine::sheets::{Imported, Sheet};

pub use write::Writer;

/// What a sheet is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// People.
    Users,
    /// Groups.
    Groups,
    /// Members of groups.
    Members,
}

/// What was read.
#[derive(Debug)]
pub struct Opened {
    /// The rows.
    pub sheet: Sheet,
    /// How its letters were encoded.
    pub encoding: &'static str,
    /// The columns that mean nothing here, as they are named.
    pub ignored: Vec<String>,
}

/// Reads a file. `charset` is what its sender says of it.
///
/// # Errors
/// [`guildhall_domain::Error::Invalid`] when it is no sheet of this topic at all: what is wrong with single rows stands
/// in them.
pub fn open(topic: Topic, bytes: &[u8], charset: Option<&str>, whole: bool) -> Result<Opened> {
    let (text, encoding) = text::decode(bytes, charset)?;
    read::sheet(topic, &text, whole).map(|(sheet, ignored)| Opened { sheet, encoding, ignored })
}

/// What came of an import, in one line.
pub fn summary(done: &Imported, opened: &(&'static str, Vec<String>)) -> String {
    let (encoding, ignored) = opened;
    let Imported { added, changed, removed, unchanged } = *done;
    let ignored = match &ignored[..] {
        [] => String::new(),
        names => format!("; not understood: {}", names.join(", ")),
    };
    format!("added {added}, changed {changed}, removed {removed}, left {unchanged} as they were ({encoding}{ignored})")
}
