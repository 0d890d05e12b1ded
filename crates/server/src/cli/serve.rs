//! `guildhall serve`: the server, from its first line to its orderly end.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use guildhall_engine::{Engine, sqlite_path};

use super::{Database, Failure, demo, handover, open};
use crate::app::App;
use crate::config::outward::Outward;
use crate::config::sign_in::SignIn;
use crate::config::{Http, Log};
use crate::http::stop::CancellationToken;
use crate::http::{listen, log, stop, tls};
use crate::{api, jobs};

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    http: Http,
    /// Fill an empty database with the demo company, and print calls to try with a key made for this run
    #[arg(long, env = "GUILDHALL_DEMO")]
    demo: bool,
    #[command(flatten)]
    outward: Outward,
    #[command(flatten)]
    sign_in: SignIn,
    #[command(flatten)]
    log: Log,
}

impl Serve {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let _flush = log::init(&self.log).map_err(Failure::new)?;
        let tls = match (&self.http.tls_cert, &self.http.tls_key) {
            (Some(cert), Some(key)) => Some(tls::load(cert, key).map_err(|e| Failure::new(e.to_string()))?),
            (None, None) => None,
            (Some(_), None) => return Err(Failure::usage("--tls-cert needs --tls-key; give both, or neither")),
            (None, Some(_)) => return Err(Failure::usage("--tls-key needs --tls-cert; give both, or neither")),
        };
        let mailer = self.outward.mailer().map_err(|why| Failure::usage(format!("--smtp, --mail-from: {why}")))?;
        let provider = self.sign_in.provider().map_err(Failure::usage)?;
        let engine = open(database).await?;
        engine.glance().await?;
        // Bound before anything is announced, so that whoever reads the line can call at once.
        let door = listen::tcp(&self.http.listen, tls, &self.http.limits).await;
        let door = door.map_err(|e| Failure::new(e.to_string()))?;
        let stop = stop::on_signals().map_err(|e| Failure::new(format!("signals cannot be heard: {e}")))?;
        let demo = if self.demo { Some(demo::prepare(&engine).await?) } else { None };
        let (reach, directories) = (self.outward.reach(), self.outward.directories());
        let app = App::with_directories(engine.clone(), self.http.limits.clone(), reach, directories);
        if let Some(provider) = provider {
            app.sign_in_with(provider);
        }
        let mut aside = tokio::task::JoinSet::new();
        aside.spawn(jobs::housekeeping(app.clone(), stop.clone()));
        aside.spawn(jobs::webhooks(app.clone(), stop.clone()));
        aside.spawn(jobs::runs(app.clone(), stop.clone()));
        if let Some(mailer) = mailer {
            engine.send_notices();
            aside.spawn(jobs::postman(app.clone(), mailer, stop.clone()));
        }
        if let Some(path) = sqlite_path(&database.address) {
            match handover::listen(&path) {
                Ok(listener) => {
                    let (engine, stop) = (engine.clone(), stop.clone());
                    aside.spawn(async move { handover::serve(listener, &path, engine, stop).await });
                }
                // The server does its work without it.
                Err(why) => tracing::warn!(%why, "commands cannot be handed to this server while it runs"),
            }
        }
        aside.spawn(remove_unfinished(engine.clone(), stop.clone()));
        let mut words = format!("listening on {}\n", door.url());
        if let (Some(demo), Some(address)) = (demo, door.address()) {
            words.push_str(&demo.words(door.url(), address));
        }
        // A reader of the line that has left does not stop the server.
        let _ = std::io::stdout().write_all(words.as_bytes()).and_then(|()| std::io::stdout().flush());
        tracing::info!(url = door.url(), version = env!("CARGO_PKG_VERSION"), "serving");
        door.serve(api::service(&app, &self.http), stop).await;
        aside.join_all().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Removes what imports that were cut off have left: at the start, and later what other nodes began.
async fn remove_unfinished(engine: Engine, stop: CancellationToken) {
    let mut timer = tokio::time::interval(Duration::from_secs(600));
    loop {
        tokio::select! {
            _ = timer.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(why) = engine.remove_unfinished().await {
            tracing::warn!(%why, "what a cut-off import has left is not removed yet");
        }
    }
}
