//! `guildhall import --csv` and `guildhall export --csv`: sheets from and for spreadsheets.

use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::preview::Preview;
use guildhall_engine::Engine;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{self, Receiver};
use uuid::Uuid;

use super::Failure;
use super::run::{Output, Piece};
use super::why;
use crate::sheets::{self, Topic, Writer};

/// The most bytes of a sheet.
const LARGEST: usize = 64 << 20;
/// Pages of the export that wait to be written.
const AHEAD: usize = 2;
/// Wrong rows that are told.
const TOLD: usize = 20;

/// What to do with a sheet, as it travels to the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Import {
    pub(super) topic: Topic,
    pub(super) company: Option<Uuid>,
    pub(super) whole: bool,
    pub(super) preview: bool,
    pub(super) confirm: Option<String>,
}

/// Reads a sheet to its end, then carries all of it out, or nothing.
pub(super) async fn import(
    engine: &Engine,
    ask: Import,
    mut input: Receiver<Piece>,
    output: &Output,
) -> Result<(), Failure> {
    let (mut name, mut bytes) = (String::new(), Vec::new());
    loop {
        match input.recv().await {
            Some(Piece::File(file)) => name = file,
            Some(Piece::Data(more)) if bytes.len() + more.len() > LARGEST => {
                return Err(Failure::new(format!("{name} is larger than 64 MiB; cut it into several")));
            }
            Some(Piece::Data(more)) => bytes.extend_from_slice(&more),
            Some(Piece::End) => break,
            None => return Err(Failure::new("the import was interrupted; nothing of it was kept")),
        }
    }
    let caller = why::company(engine, ask.company).await?;
    let opened = sheets::open(ask.topic, &bytes, None, ask.whole).map_err(|e| Failure::new(format!("{name}: {e}")))?;
    drop(bytes);
    let told = (opened.encoding, opened.ignored);
    let caller = Caller { preview: ask.preview, confirmation: ask.confirm, ..caller };
    match engine.import_sheet(&caller, opened.sheet).await {
        Ok(done) => output.line(sheets::summary(&done.value, &told)).await,
        Err(Error::Preview(preview)) => output.line(previewed(&preview)).await,
        Err(Error::Rows { rows, more }) => {
            let n = rows.len() + more;
            let mut text: Vec<String> =
                rows.iter().take(TOLD).map(|(line, error)| format!("{name}:{line}: {error}")).collect();
            if n > TOLD {
                text.push(format!("… and {} more", n - TOLD));
            }
            output.line(text.join("\n")).await?;
            Err(Failure::new(format!("{n} rows are wrong, so nothing was changed; mend them and import again")))
        }
        Err(Error::Braked { removals, members, confirmation }) => Err(Failure::new(format!(
            "this would remove {removals} of {members} members of a group, so nothing was changed; if that is meant, \
             add --confirm {confirmation}"
        ))),
        Err(error) => Err(error.into()),
    }
}

fn previewed(preview: &Preview) -> String {
    let mut lines = vec![format!(
        "nothing was changed: {} memberships would be gained, {} lost",
        preview.gained_total, preview.lost_total
    )];
    for (sign, effects) in [('+', &preview.gained), ('-', &preview.lost)] {
        lines.extend(
            effects.iter().take(TOLD).map(|effect| format!("{sign} user {} group {}", effect.user, effect.group)),
        );
    }
    lines.join("\n")
}

/// Writes a sheet to standard output.
pub(super) async fn export(
    engine: &Engine,
    topic: Topic,
    company: Option<Uuid>,
    output: &Output,
) -> Result<(), Failure> {
    let caller = why::company(engine, company).await?;
    let (to, mut pages) = mpsc::channel(AHEAD);
    let mut writer = Writer::new(topic, engine.clock().now());
    let engine = engine.clone();
    let told = tokio::spawn(async move { engine.export_sheet(&caller, to).await });
    output.text(writer.header()?).await?;
    while let Some(page) = pages.recv().await {
        if writer.over(&page) {
            break;
        }
        output.text(writer.rows(page)?).await?;
    }
    drop(pages);
    match told.await {
        Ok(outcome) => Ok(outcome?),
        Err(e) => Err(Failure::new(format!("the export broke off: {e}"))),
    }
}
