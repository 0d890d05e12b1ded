//! Moving in: another server read over its API, as a picture of people, groups and members (`docs/moving-in.md`).

mod dialects;
mod pages;
mod scim;
mod text;

use std::path::PathBuf;

use guildhall_domain::pull::Source;

pub use text::{Told, read, write};

/// How the other server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Speaks {
    /// Cakewalk v1.
    Cakewalk,
    /// Secoda v1.
    Secoda,
    /// companies v3.
    CompaniesV3,
    /// SCIM 2.0.
    Scim,
}

impl Speaks {
    /// The word, which is also the kind of the connection.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cakewalk => "cakewalk",
            Self::Secoda => "secoda",
            Self::CompaniesV3 => "companies-v3",
            Self::Scim => "scim",
        }
    }
}

/// Where to read, as whom, and how far that has come.
#[derive(Debug)]
pub struct From {
    /// How the other server speaks.
    pub speaks: Speaks,
    /// Its address.
    pub url: String,
    /// The public half of the key there; none where the secret is a whole token.
    pub key: Option<String>,
    /// The secret half, or a whole token.
    pub secret: String,
    /// The company there, where the dialect names one.
    pub company: Option<String>,
    /// A file that keeps what was read, so that a reading that is cut off goes on where it was.
    pub resume: Option<PathBuf>,
}

/// Hears after each answer how many people and groups have been read.
pub type Heard<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// Reads all of it.
///
/// # Errors
/// Why it cannot be read, in words for who runs the command.
pub async fn fetch(from: From, heard: Heard<'_>) -> Result<Source, String> {
    let speaks = from.speaks;
    let mut pages = pages::Pages::open(from, heard)?;
    let source = match speaks {
        Speaks::Cakewalk => dialects::cakewalk(&mut pages).await,
        Speaks::Secoda => dialects::secoda(&mut pages).await,
        Speaks::CompaniesV3 => dialects::companies(&mut pages).await,
        Speaks::Scim => scim::scim(&mut pages).await,
    }?;
    Ok(source)
}
