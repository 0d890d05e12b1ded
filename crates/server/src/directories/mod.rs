//! Clients of the systems that people and groups are read from, a folder each.

pub mod ldap;

use guildhall_domain::Result;
use guildhall_domain::pull::Source;
use guildhall_engine::pull::Claimed;

use crate::app::App;
use crate::http::reach::Reach;

/// Refuses settings that a connection of this kind cannot have.
///
/// # Errors
/// [`guildhall_domain::Error::Invalid`] on the member that is wrong.
pub fn check(kind: &str, settings: &str, reach: &Reach) -> Result<()> {
    match kind {
        "ldap" => ldap::Settings::read(settings)?.check(reach),
        _ => Ok(()),
    }
}

/// Reads the source of a run.
///
/// # Errors
/// Why it cannot be read, in words for who looks after it.
pub async fn read(app: &App, claimed: &Claimed) -> Result<Source, String> {
    if !guildhall_engine::pull::is_pulled(&claimed.connection.kind) {
        return app.engine().last_said(claimed).await.map_err(|error| error.to_string());
    }
    let settings = ldap::Settings::read(&claimed.connection.settings).map_err(|error| error.to_string())?;
    let (reach, secret, mark) = (app.directories().clone(), claimed.secret.clone(), claimed.mark.clone());
    // In a task of its own: what a hostile server sends may end it, and nothing else.
    let reading = tokio::spawn(async move { ldap::read(&settings, secret.as_deref(), mark.as_deref(), &reach).await });
    let stopping = StopOnDrop(reading.abort_handle());
    let outcome = match reading.await {
        Ok(outcome) => outcome,
        Err(cause) => {
            tracing::warn!(%cause, connection = %claimed.connection.id, "an answer of a directory could not be read");
            Err("the directory's answer cannot be read".into())
        }
    };
    drop(stopping);
    outcome
}

/// Ends a task with whoever waits for it.
struct StopOnDrop(tokio::task::AbortHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
