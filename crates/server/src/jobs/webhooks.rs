//! The dispatcher of couriers: looks which webhooks have something to send and gives each a courier of its own.
//!
//! A webhook has one courier at a time, whoever's node it is on. Couriers are counted: those whose last try failed are
//! kept to a part of the places, so that dead receivers never take them all, and each company to another part.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use guildhall_domain::ids::{CompanyId, WebhookId};
use guildhall_domain::{Result, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::deliver::deliver;
use crate::app::App;

/// Between two looks, when nothing is heard: what other nodes write is sent within this.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks, however much is heard: what comes within it is claimed, sent over one connection and settled together.
/// After a pause the first event is sent at once.
const REST: Duration = Duration::from_millis(250);
/// After this a company is looked at though nothing seems to have changed: a node that died leaves no word.
const ANEW: Duration = Duration::from_secs(30);
/// The most couriers at work.
const COURIERS: usize = 256;
/// The most of them with a webhook whose last try failed.
const WITH_SICK: usize = 64;
/// The most of them for one company.
const OF_COMPANY: usize = 16;

/// What the dispatcher knows of a company.
struct Seen {
    revision: u64,
    next: Option<Timestamp>,
    looked: Instant,
    /// Look at the next opportunity, whatever the rest says.
    again: bool,
    clean: HashMap<WebhookId, u64>,
}

/// Looks for what is to be sent, and has it sent.
pub struct Dispatcher {
    app: App,
    stop: CancellationToken,
    companies: HashMap<CompanyId, Seen>,
    /// Webhooks that have a courier, and whether their last try failed.
    busy: HashMap<(CompanyId, WebhookId), bool>,
    couriers: JoinSet<(CompanyId, WebhookId)>,
}

/// Sends what webhooks hear of until `stop`; what is on its way then is settled first.
pub async fn webhooks(app: App, stop: CancellationToken) {
    let mut dispatcher = Dispatcher::new(app.clone(), stop.clone());
    let mut timer = tokio::time::interval(LOOK);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let looked = Instant::now();
        if let Err(cause) = dispatcher.look().await {
            tracing::warn!(%cause, "webhooks will be looked at again");
        }
        tokio::select! {
            _ = timer.tick() => {}
            () = app.engine().stirred() => {}
            Some(ended) = dispatcher.couriers.join_next() => dispatcher.ended(ended),
            () = stop.cancelled() => break,
        }
        tokio::time::sleep_until(looked + REST).await;
    }
    dispatcher.couriers.join_all().await;
}

impl Dispatcher {
    /// A dispatcher that knows nothing yet.
    pub fn new(app: App, stop: CancellationToken) -> Self {
        let (companies, busy, couriers) = (HashMap::new(), HashMap::new(), JoinSet::new());
        Self { app, stop, companies, busy, couriers }
    }

    /// Sends what can be sent at this moment, and waits for it: a round for tests.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Unavailable`].
    pub async fn round(&mut self) -> Result<()> {
        loop {
            self.look().await?;
            let Some(ended) = self.couriers.join_next().await else { return Ok(()) };
            self.ended(ended);
            while let Some(ended) = self.couriers.join_next().await {
                self.ended(ended);
            }
        }
    }

    fn ended(&mut self, ended: std::result::Result<(CompanyId, WebhookId), tokio::task::JoinError>) {
        match ended {
            Ok((company, id)) => {
                self.busy.remove(&(company, id));
                if let Some(seen) = self.companies.get_mut(&company) {
                    seen.again = true;
                }
            }
            Err(cause) => {
                // Which one it was is not told: all are asked about again, and a lease tells who is really at work.
                tracing::error!(%cause, "a courier was lost");
                self.busy.clear();
            }
        }
    }

    /// Looks once, and starts couriers where there is something to send.
    async fn look(&mut self) -> Result<()> {
        while let Some(ended) = self.couriers.try_join_next() {
            self.ended(ended);
        }
        let engine = self.app.engine().clone();
        let hooked = engine.hooked().await?;
        let known: HashSet<CompanyId> = hooked.iter().map(|(company, _)| *company).collect();
        self.companies.retain(|company, _| known.contains(company));
        for (company, revision) in hooked {
            let now = engine.clock().now();
            let seen = self.companies.entry(company).or_insert_with(|| Seen {
                revision: 0,
                next: None,
                looked: Instant::now(),
                again: true,
                clean: HashMap::new(),
            });
            let due = seen.next.is_some_and(|at| at <= now) || seen.looked.elapsed() >= ANEW;
            if !(seen.again || due || seen.revision != revision) {
                continue;
            }
            let look = engine.look_at_webhooks(company, revision, &seen.clean).await?;
            (seen.revision, seen.next, seen.looked, seen.again) = (revision, look.next, Instant::now(), false);
            seen.clean = look.clean.into_iter().collect();
            for (id, sick) in look.ready {
                // Its end is a reason to look again.
                if self.busy.contains_key(&(company, id)) {
                    continue;
                }
                if !self.room(company, sick) {
                    self.companies.entry(company).and_modify(|seen| seen.again = true);
                    continue;
                }
                self.start(company, id, sick);
            }
        }
        Ok(())
    }

    fn room(&self, company: CompanyId, sick: bool) -> bool {
        let of_company = self.busy.keys().filter(|(of, _)| *of == company).count();
        let with_sick = self.busy.values().filter(|sick| **sick).count();
        self.busy.len() < COURIERS && of_company < OF_COMPANY && (!sick || with_sick < WITH_SICK)
    }

    fn start(&mut self, company: CompanyId, id: WebhookId, sick: bool) {
        self.busy.insert((company, id), sick);
        let (app, stop) = (self.app.clone(), self.stop.clone());
        self.couriers.spawn(async move {
            if let Err(cause) = deliver(&app, company, id, &stop).await {
                tracing::warn!(%company, webhook = %id, %cause, "a delivery is not settled and will be made again");
            }
            (company, id)
        });
    }
}
