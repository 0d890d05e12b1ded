//! Tells those who wait for a company's next event that there is one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use guildhall_domain::ids::CompanyId;
use tokio::sync::watch;

/// Who waits for which company.
#[derive(Default)]
pub(crate) struct News(Mutex<HashMap<CompanyId, watch::Sender<u64>>>);

impl News {
    /// The company has reached `revision`. Costs nothing where nobody waits.
    pub(crate) fn tell(&self, company: CompanyId, revision: u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&company) {
            if sender.is_closed() {
                waiting.remove(&company);
            } else {
                sender.send_replace(revision);
            }
        }
    }

    /// A receiver that hears of every revision committed on this node from now on.
    pub(crate) fn listen(&self, company: CompanyId) -> watch::Receiver<u64> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(company).or_insert_with(|| watch::channel(0).0).subscribe()
    }
}
