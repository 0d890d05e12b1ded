//! What a connection needs to be pulled: when, and with which secret.

use guildhall_domain::connection::Connection;
use guildhall_domain::event::Event;
use guildhall_domain::ids::{CompanyId, ConnectionId};
use guildhall_domain::patch::Patch;
use guildhall_domain::pull::{Run, RunState, Schedule};
use guildhall_domain::{Error, Result, Timestamp};

use super::is_pulled;
use super::queue::wake;
use crate::store::Conn;
use crate::store::runs::{self, Pull};
use crate::writer::Tx;
use crate::{Secrets, journal};

/// The most bytes of a secret.
const SECRET: usize = 4096;

/// When the settings of a connection want it to be pulled.
pub(super) fn schedule(settings: &str) -> Result<Schedule> {
    let stored: serde_json::Value = serde_json::from_str(settings).map_err(Error::internal)?;
    let number = |name: &str| match &stored[name] {
        serde_json::Value::Null => Ok(None),
        value => match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
            Some(n) => Ok(Some(n)),
            None => Err(Error::invalid(format!("settings.{name}"), "must be a whole number")),
        },
    };
    Schedule {
        every_minutes: number("everyMinutes")?,
        full_every_hours: number("fullEveryHours")?,
        drift_every_hours: number("driftEveryHours")?,
    }
    .check()
}

/// When a connection is next to be looked at by itself.
pub(super) fn next(connection: &Connection, pull: &Pull, last: Timestamp) -> Result<Option<Timestamp>> {
    let schedule = schedule(&connection.settings)?;
    let run = schedule.every_minutes.filter(|_| is_pulled(&connection.kind));
    let run = run.map(|minutes| last.plus_seconds(i64::from(minutes) * 60));
    let drift = schedule
        .drift_every_hours
        .map(|hours| pull.drift_at.map_or(last, |at| at.plus_seconds(i64::from(hours) * 3600)));
    Ok([run, drift].into_iter().flatten().min())
}

/// Follows a connection that was made or edited: its schedule, and its secret where one was given.
pub(crate) async fn follow(tx: &mut Tx, connection: &Connection, secret: Patch<Vec<u8>>, moved: bool) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    let mut pull = runs::pull(tx, company, connection.id).await?;
    let told = match &secret {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(_) => Some(Some("set".to_owned())),
    };
    match secret {
        Patch::Set(sealed) => pull.secret = Some(sealed),
        Patch::Clear => pull.secret = None,
        // Whoever may point a connection elsewhere must not have its secret sent there.
        Patch::Keep if moved && pull.secret.is_some() => {
            return Err(Error::invalid("secret", "must be given again where the address changes"));
        }
        Patch::Keep => {}
    }
    if moved {
        pull.mark = None;
    }
    pull.next_at = next(connection, &pull, now)?;
    runs::put(tx, company, connection.id, &pull).await?;
    if let Some(told) = told {
        // That it was set is told, and never what it is.
        let fields = vec![("secret", told)];
        journal::append(tx, &Event::ConnectionUpdated { connection: connection.id, fields }).await?;
    }
    wake(tx).await
}

/// Ends what is kept of a connection that is taken away.
pub(crate) async fn end(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    let (company, now) = (tx.company(), tx.now());
    runs::delete(tx, company, connection).await?;
    for open in runs::open(tx, company).await? {
        if open.run.connection == connection {
            let why = Some("the connection was taken away".into());
            let run = Run { state: RunState::Failed, ended_at: Some(now), error: why, ..open.run };
            runs::update(tx, company, &run, now).await?;
        }
    }
    wake(tx).await
}

/// Seals the secret of a connection: it opens for that connection alone.
pub(crate) fn seal(secrets: &Secrets, company: CompanyId, id: ConnectionId, secret: &str) -> Result<Vec<u8>> {
    if !(1..=SECRET).contains(&secret.len()) {
        return Err(Error::invalid("secret", "must have 1 to 4,096 bytes"));
    }
    secrets.seal(&[b"connection", company.bytes(), id.bytes()], secret.as_bytes())
}

/// Has a connection a secret?
pub(crate) async fn has_secret(conn: &mut Conn, company: CompanyId, id: ConnectionId) -> Result<bool> {
    Ok(runs::pull(conn, company, id).await?.secret.is_some())
}

/// Does another text of settings lead elsewhere, or trust somebody else?
pub(crate) fn moved(before: &str, after: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let (before, after) = (read(before), read(after));
    ["url", "startTls", "caCertificate", "bindDn"].iter().any(|name| before[name] != after[name])
}
