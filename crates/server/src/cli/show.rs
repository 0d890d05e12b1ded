//! What a command writes: standard output, and a progress bar where a person watches.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;

use super::run::Out;

/// What shows the output of one command.
pub(super) struct Show {
    bar: Option<ProgressBar>,
}

impl Show {
    /// With a bar for a command that tells its progress, on a terminal only.
    pub(super) fn new(tells_progress: bool) -> Self {
        let watched = tells_progress && io::stderr().is_terminal();
        let bar = watched.then(|| {
            let bar = ProgressBar::new_spinner().with_message("reading");
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar }
    }

    /// Shows what is sent until all senders are gone.
    pub(super) fn start(self) -> (Sender<Out>, JoinHandle<io::Result<()>>) {
        let (to, mut from) = mpsc::channel(16);
        let show = async move {
            let bar = Clear(self.bar);
            while let Some(out) = from.recv().await {
                match out {
                    Out::Text(text) => {
                        if let Some(bar) = &bar.0 {
                            bar.finish_and_clear();
                        }
                        // Writing may wait for a slow reader; the command then waits for room in the channel.
                        tokio::task::spawn_blocking(move || {
                            let mut out = io::stdout().lock();
                            out.write_all(&text).and_then(|()| out.flush())
                        })
                        .await
                        .map_err(io::Error::other)??;
                    }
                    Out::Progress(done, total) => {
                        if let Some(bar) = &bar.0 {
                            if bar.length() != Some(total) {
                                bar.set_length(total);
                                bar.set_style(style());
                                bar.set_message("writing");
                            }
                            bar.set_position(done);
                        }
                    }
                }
            }
            Ok(())
        };
        (to, tokio::spawn(show))
    }
}

/// Leaves no half bar behind, however the command ends.
struct Clear(Option<ProgressBar>);

impl Drop for Clear {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
