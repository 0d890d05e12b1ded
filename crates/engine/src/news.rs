//! Tells those who wait for a company's next event that there is one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use guildhall_domain::ids::CompanyId;
use tokio::sync::{Notify, watch};

/// Who waits for which company, and who waits for any.
#[derive(Default)]
pub(crate) struct News {
    waiting: Mutex<HashMap<CompanyId, watch::Sender<u64>>>,
    any: Notify,
}

impl News {
    /// The company has reached `revision`. Costs nothing where nobody waits.
    pub(crate) fn tell(&self, company: CompanyId, revision: u64) {
        self.any.notify_one();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&company) {
            if sender.is_closed() {
                waiting.remove(&company);
            } else {
                sender.send_replace(revision);
            }
        }
    }

    /// Waits until this node has committed something since this was last asked. Meant for one who waits.
    pub(crate) async fn stirred(&self) {
        self.any.notified().await;
    }

    /// A receiver that hears of every revision committed on this node from now on.
    pub(crate) fn listen(&self, company: CompanyId) -> watch::Receiver<u64> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(company).or_insert_with(|| watch::channel(0).0).subscribe()
    }
}
