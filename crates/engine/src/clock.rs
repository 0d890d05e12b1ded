//! The one clock, which tests can stop, and the ids that sort by it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use guildhall_domain::Timestamp;
use uuid::{ContextV7, Uuid};

/// Where the time comes from.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// On PostgreSQL: how far the database's clock is ahead of this machine's, in microseconds.
    offset: Arc<AtomicI64>,
    ids: Arc<Mutex<ContextV7>>,
}

#[derive(Clone)]
enum Source {
    Machine,
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self::from(Source::Machine)
    }

    /// A clock that stands at `start` until [`Self::set`] moves it.
    pub fn standing(start: Timestamp) -> Self {
        Self::from(Source::Set(Arc::new(AtomicI64::new(start.micros()))))
    }

    fn from(source: Source) -> Self {
        Self { source, offset: Arc::default(), ids: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// Moves a standing clock; the machine's stays as it is.
    pub fn set(&self, to: Timestamp) {
        if let Source::Set(at) = &self.source {
            at.store(to.micros(), Ordering::SeqCst);
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.local().saturating_add(self.offset.load(Ordering::Relaxed)))
    }

    /// This machine's own time, in microseconds since the epoch.
    pub(crate) fn local(&self) -> i64 {
        match &self.source {
            #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
            Source::Machine => jiff::Timestamp::now().as_microsecond(),
            Source::Set(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Follows another clock that is `offset` microseconds ahead of this machine's. A standing clock follows nobody.
    pub(crate) fn follow(&self, offset: i64) {
        if self.runs() {
            self.offset.store(offset, Ordering::Relaxed);
        }
    }

    /// Does it run by itself?
    pub(crate) fn runs(&self) -> bool {
        matches!(self.source, Source::Machine)
    }

    /// A new id (UUID version 7, RFC 9562 §5.7); ids made later sort behind it.
    pub fn id<T: From<Uuid>>(&self) -> T {
        let micros = self.now().micros().max(0);
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        let context = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = uuid::Timestamp::from_unix(&*context, seconds.unsigned_abs(), (rest * 1000) as u32);
        T::from(Uuid::new_v7(stamp))
    }
}
